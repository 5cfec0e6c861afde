-- customer.lua - a customer or job in QuickBooks becomes an account in Salesforce.
--
-- Who he is: name, address, phone, under whom he stands.  An account that sales people have made before is adopted, and
-- only its empty fields are filled.  What the books say of him (balance, terms, ageing): customer_figures.lua.

local params = shared "params"
local job = present(src "ParentRef")
local email = lower(src "Email")

local function short(path, most) return trim { src(path), max = most, on_overflow = "truncate" } end
local street = shared "street"
-- An account that no other customer has, unless its town or phone says otherwise.
local nobodys_and_near = all { absent(found "MLC_CustomerId__c"),
  any { absent(found "BillingCity"), absent(src "BillAddress.City"), eq(lower(found "BillingCity"), lower(src "BillAddress.City")), eq(phone(found "Phone"), phone(src "Phone")) } }

return mapping {
  id = "quickbooks_desktop.Customer->salesforce.customer", version = "1.0.0", language = 1,
  title = "Customers and jobs become accounts",
  from = { connector = "quickbooks_desktop", entity = "Customer" },
  to   = { connector = "salesforce", entity = "Account" },
  label = text "customer {FullName}",

  params = {
    jobs = params.jobs,
    account_name = { type = "one_of", values = { "full_name", "company" }, default = "full_name",
                     help = "what new accounts are called: as the name stands in QuickBooks (Customer:Job), or by the company's name where there is one" },
  },

  accept = {
    -- One that had an account before it became a job keeps it.
    { any { not_(job), eq(param "jobs", "own_account"), present(link "id") }, else_ = skip("job", "{FullName} is a job; jobs are rolled up into their customers") },
  },
  identity = src "ListID",
  order_by = src "TimeModified",

  needs = {
    parent = ensure { "quickbooks_desktop.Customer->salesforce.customer", of = { entity = "Customer", id = src "ParentRef.id" }, if_ = all { job, eq(param "jobs", "own_account") } },
  },

  match = {
    { by = "link" },
    { by = { MLC_CustomerId__c = src "ListID" } },
    -- An account of that very name: the same company.
    { by = { Name = src "FullName" }, agree = nobodys_and_near,
      else_ = review("same_name:{FullName}", "there is an account '{FullName}' in Salesforce, of another customer or in another town") },
    { by = { Name = src "CompanyName" }, if_ = all { not_(job), ne(src "CompanyName", src "FullName") }, confidence = 90, agree = nobodys_and_near,
      else_ = review("same_name:{CompanyName}", "there is an account '{CompanyName}' in Salesforce, of another customer or in another town") },
    -- Parents and jobs share e-mails and phones: only the customer above them is looked for by one, and then a person is asked.
    { by = { MLC_Email__c = email }, if_ = not_(job), agree = absent(found "MLC_CustomerId__c"), confidence = 50,
      else_ = review("same_email:{Email}", "an account in Salesforce has the e-mail {Email}, and is another customer's") },
    on_none = "create", accept_at = 80,
    on_many = review("many_accounts:{FullName}", "several accounts in Salesforce could be {FullName}"),
  },

  fields = {
    Name = trim { when(all { eq(param "account_name", "company"), not_(job) }, first { src "CompanyName", src "FullName" }, src "FullName"), max = 255, on_overflow = "truncate" },
    ParentId = ref "parent",
    AccountNumber = short("AccountNumber", 40),
    Phone = src "Phone", Fax = src "Fax",
    BillingStreet = street "BillAddress", BillingCity = src "BillAddress.City", BillingState = src "BillAddress.State",
    BillingPostalCode = src "BillAddress.PostalCode", BillingCountry = src "BillAddress.Country",
    ShippingStreet = street "ShipAddress", ShippingCity = src "ShipAddress.City", ShippingState = src "ShipAddress.State",
    ShippingPostalCode = src "ShipAddress.PostalCode", ShippingCountry = src "ShipAddress.Country",
    MLC_CustomerId__c = src "ListID",
    MLC_Email__c = trim { email, max = 80, on_overflow = "hold" },
  },

  owns = { "Name", "ParentId", "AccountNumber", "Phone", "Fax", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry",
    "ShippingStreet", "ShippingCity", "ShippingState", "ShippingPostalCode", "ShippingCountry", "MLC_CustomerId__c", "MLC_Email__c", adopted = "only_empty" },
  -- What account.lua carries back, where a tenant wants that: there a person decides.
  both_ways = { "Phone", "Fax", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry", "MLC_Email__c" },
  on_conflict = "theirs",   -- what sales people changed stays
  -- Marked, never deleted.  Here and not in customer_figures.lua: that one also looks at him because an invoice of his went to somebody else,
  -- and a merged customer is no deleted one.
  on_delete = { fields = { MLC_IsActive__c = false } },

  tests = {
    { name = "SF-02 SF-18 SF-36 a new customer becomes an account with his address",
      given = { ListID = "80000001-1", TimeModified = "2026-11-20T08:00:00-08:00", Name = "Contoso", FullName = "Contoso", CompanyName = "Contoso Ltd", IsActive = true,
        Email = "Books@Contoso.example", Phone = "(555) 010-0042", AccountNumber = "C-7",
        BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "1 Row", City = "Reno", State = "NV", PostalCode = "89501" } },
      expect = { action = "create", Name = "Contoso", ParentId = none, Phone = "(555) 010-0042", BillingStreet = "Contoso Ltd\n1 Row", BillingCity = "Reno", BillingState = "NV",
        BillingPostalCode = "89501", BillingCountry = none, ShippingStreet = none, MLC_CustomerId__c = "80000001-1", MLC_Email__c = "books@contoso.example", AccountNumber = "C-7" } },
    { name = "a tenant may have accounts called by their companies", like = 1, params = { account_name = "company" }, expect = { Name = "Contoso Ltd" } },
    { name = "SF-18 ALL-11 a job is an account of its own, with its full name, below its customer's", like = 1,
      change = { ListID = "80000002-1", Name = "Kitchen", FullName = "Contoso:Kitchen", ParentRef = { id = "80000001-1", name = "Contoso" } }, refs = { parent = "001Ac0000000001IAA" },
      candidates = { MLC_Email__c = { { id = "001Ac0000000001IAA", MLC_CustomerId__c = "80000001-1" } } },
      expect = { action = "create", Name = "Contoso:Kitchen", ParentId = "001Ac0000000001IAA", MLC_CustomerId__c = "80000002-1" } },
    { name = "ALL-11 jobs may be rolled up instead", like = 3, params = { jobs = "roll_up" }, expect = { state = "skip", cause = "job" } },
    { name = "SF-35 the company that sales knows already is adopted, and only empty fields are filled", like = 1,
      candidates = { Name = { { id = "001Ac0000000008IAA", Name = "Contoso Ltd", BillingCity = "Reno" } } },
      current = { id = "001Ac0000000008IAA", Name = "Contoso Ltd", BillingCity = "Reno", BillingStreet = "Row 1", Phone = "555 0" },
      expect = { action = "update 001Ac0000000008IAA", MLC_CustomerId__c = "80000001-1", Phone = none, BillingStreet = none, Name = none, MLC_Email__c = "books@contoso.example" } },
    { name = "SF-35 an account of that name in another town waits for a person", like = 1,
      candidates = { Name = { { id = "001Ac0000000008IAA", Name = "Contoso", BillingCity = "Austin", Phone = "1" } } }, expect = { state = "review", cause = "same_name:Contoso" } },
    { name = "SF-35 an account that is another customer's is not taken", like = 1,
      candidates = { Name = { { id = "001Ac0000000008IAA", Name = "Contoso", MLC_CustomerId__c = "80000009-1" } } }, expect = { state = "review", cause = "same_name:Contoso" } },
    { name = "SF-35 two accounts of that name wait for a person", like = 1,
      candidates = { Name = { { id = "001Ac0000000008IAA", Name = "Contoso" }, { id = "001Ac0000000009IAA", Name = "Contoso" } } }, expect = { state = "review", cause = "many_accounts:Contoso" } },
    { name = "ALL-14 an account that bears his id is his, whatever it is called", like = 1,
      candidates = { MLC_CustomerId__c = { { id = "001Ac0000000008IAA", Name = "Renamed" } } },
      current = { id = "001Ac0000000008IAA", Name = "Renamed", Phone = "(555) 010-0042" }, expect = { action = "update 001Ac0000000008IAA" } },
    { name = "an e-mail alone is only proposed", like = 1, candidates = { MLC_Email__c = { { id = "001Ac0000000008IAA", Name = "Someone" } } },
      expect = { state = "review", cause = "unsure_match" } },
    { name = "SF-22 a rename follows", like = 1,
      link = { id = "001Ac0000000008IAA", made = "created", base = { Name = "Old", MLC_CustomerId__c = "80000001-1" } },
      current = { id = "001Ac0000000008IAA", Name = "Old", MLC_CustomerId__c = "80000001-1" }, expect = { action = "update 001Ac0000000008IAA", Name = "Contoso" } },
    { name = "what a sales person changed stays", like = 11, current = { id = "001Ac0000000008IAA", Name = "Contoso (Reno)", MLC_CustomerId__c = "80000001-1" }, expect = { Name = none } },
    { name = "SF-23 one who is deleted is marked inactive, and nothing is deleted", like = 1, deleted = true, link = { id = "001Ac0000000008IAA", made = "adopted" },
      current = { id = "001Ac0000000008IAA", MLC_IsActive__c = true }, expect = { action = "update 001Ac0000000008IAA", MLC_IsActive__c = false } },
    { name = "SF-35 however it is called, in another town it waits for a person", like = 1, candidates = { Name = { { id = "001Ac0000000008IAA", Name = "Contoso Ltd", BillingCity = "Austin", Phone = "1" } } },
      expect = { state = "review", cause = "same_name:Contoso" } },
    { name = "SF-35 in another town with the same phone it is the company", like = 1, candidates = { Name = { { id = "001Ac0000000008IAA", Name = "Contoso Ltd", BillingCity = "Austin", Phone = "555 010 0042" } } },
      current = { id = "001Ac0000000008IAA", Name = "Contoso Ltd", BillingCity = "Austin", Phone = "555 010 0042" }, expect = { action = "update 001Ac0000000008IAA", MLC_CustomerId__c = "80000001-1" } },
    { name = "SF-35 the company's account that is another customer's is not taken", like = 1, candidates = { Name = { { id = "001Ac0000000008IAA", Name = "Contoso Ltd", BillingCity = "Reno", MLC_CustomerId__c = "80000009-1" } } },
      expect = { state = "review", cause = "same_name:Contoso" } },
    { name = "an account of that very name and town is his, however the town is written", like = 1, candidates = { Name = { { id = "001Ac0000000008IAA", Name = "Contoso", BillingCity = "RENO" } } },
      current = { id = "001Ac0000000008IAA", Name = "Contoso", BillingCity = "RENO" }, expect = { action = "update 001Ac0000000008IAA" } },
    { name = "and in another town with the same phone", like = 1, candidates = { Name = { { id = "001Ac0000000008IAA", Name = "Contoso", BillingCity = "Austin", Phone = "555-010-0042" } } },
      current = { id = "001Ac0000000008IAA", Name = "Contoso", BillingCity = "Austin", Phone = "555-010-0042" }, expect = { action = "update 001Ac0000000008IAA" } },
  },
}
