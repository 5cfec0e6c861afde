-- customer.lua - a customer in QuickBooks becomes an account in Zoho CRM.
--
-- Who he is: name, address, phone.  An account that sales people have made before is found by e-mail (its own, or that of
-- its contacts) or by phone, adopted, and only its empty fields are filled.  What the books say of him (balance, state,
-- overdue): customer_figures.lua.  What sales people change flows back: account.lua.

local params = shared "params"
local key = text "{param.books}-{ListID}"
local email = lower(src "Email")
-- The last ten digits: how a number is typed, and whether the country stands before it, says nothing.
local digits = trim { replace(phone(first { src "Phone", src "AltPhone", src "Mobile" }), "+", ""), max = 10, on_overflow = "last_digits" }
local name = when(eq(param "account_name", "company"), first { src "CompanyName", src "FullName" }, src "FullName")
-- Accounts have no e-mail of their own in Zoho: their contacts have.
local by_contact = join { rows "contacts", item "Account_Name.id", " ", unique = true }

local function street(of)
  return trim { join(filter(list { src(of .. ".Addr1"), src(of .. ".Addr2"), src(of .. ".Addr3"), src(of .. ".Addr4"), src(of .. ".Addr5") }, present(item())), item(), "\n"),
    max = 250, on_overflow = "truncate" }
end

-- An account that is another customer's already is never taken.
local free = any { absent(found "External_Id"), eq(found "External_Id", key) }

return mapping {
  id = "quickbooks_desktop.Customer->zoho_crm.customer", version = "1.0.0", language = 1,
  title = "Customers become accounts",
  from = { connector = "quickbooks_desktop", entity = "Customer" },
  to   = { connector = "zoho_crm", entity = "Accounts" },
  label = text "customer {FullName}",

  params = { books = params.books, jobs = params.jobs, account_name = params.account_name },

  accept = {
    -- One that had an account before it became a job keeps it.
    { any { absent(src "ParentRef"), eq(param "jobs", "own_account"), present(link "id") }, else_ = skip("job", "{FullName} is a job; jobs are rolled up into their customers") },
    { any { present(link "id"), not_(matches(by_contact, "* *")), decided "adopt", decided "create" },
      else_ = review { cause = "many_accounts:{Email}", why = "contacts of several accounts in Zoho have the e-mail {Email}", options = { "adopt", "create", "skip" } } },
  },
  identity = src "ListID",
  order_by = src "TimeModified",

  needs = {
    parent   = ensure { "quickbooks_desktop.Customer->zoho_crm.customer", of = { entity = "Customer", id = src "ParentRef.id" }, if_ = all { present(src "ParentRef"), eq(param "jobs", "own_account") } },
    contacts = query { entity = "Contacts", where = { Email = email }, take = { "Account_Name" }, if_ = all { present(email), absent(src "ParentRef") } },
  },

  match = {
    { by = "link" },
    { by = { External_Id = key } },
    -- Parents and jobs share e-mails and phones: a job is never looked for by one.
    { by = { Books_Email = email }, if_ = absent(src "ParentRef"), agree = free,
      else_ = review("same_email:{Email}", "an account in Zoho has the e-mail {Email}, and is another customer's") },
    { by = { id = by_contact }, if_ = all { absent(src "ParentRef"), not_(matches(by_contact, "* *")) }, agree = free,
      else_ = review("same_email:{Email}", "a contact with the e-mail {Email} belongs to an account that is another customer's") },
    { by = { Phone_Digits = digits }, if_ = absent(src "ParentRef"), agree = free,
      else_ = review("same_phone:{Phone}", "an account in Zoho has the phone {Phone}, and is another customer's: a switchboard?") },
    -- A name alone is too little to be sure.
    { by = { Account_Name = name }, if_ = absent(src "ParentRef"), agree = free, confidence = 50,
      else_ = review("same_name:{FullName}", "there is an account '{FullName}' in Zoho, of another customer") },
    on_none = "create", accept_at = 80,
    on_many = review("many_accounts:{FullName}", "several accounts in Zoho could be {FullName}: the same e-mail, phone or name"),
  },

  fields = {
    Account_Name = trim { name, max = 200, on_overflow = "truncate" },
    Parent_Account = ref "parent",
    Account_Number = trim { src "AccountNumber", max = 40, on_overflow = "truncate" },
    Phone = first { src "Phone", src "AltPhone", src "Mobile" }, Fax = src "Fax",
    Billing_Street = street "BillAddress", Billing_City = src "BillAddress.City", Billing_State = src "BillAddress.State",
    Billing_Code = src "BillAddress.PostalCode", Billing_Country = src "BillAddress.Country",
    Shipping_Street = street "ShipAddress", Shipping_City = src "ShipAddress.City", Shipping_State = src "ShipAddress.State",
    Shipping_Code = src "ShipAddress.PostalCode", Shipping_Country = src "ShipAddress.Country",
    External_Id = key,
    Books_Email = trim { email, max = 100, on_overflow = "hold" },
  },

  owns = { "Account_Name", "Parent_Account", "Account_Number", "Phone", "Fax", "Billing_Street", "Billing_City", "Billing_State", "Billing_Code", "Billing_Country",
    "Shipping_Street", "Shipping_City", "Shipping_State", "Shipping_Code", "Shipping_Country", "External_Id", "Books_Email", adopted = "only_empty" },
  -- account.lua carries these back; changed on both sides, a person decides.
  both_ways = { "Account_Name", "Phone", "Fax", "Billing_Street", "Billing_City", "Billing_State", "Billing_Code", "Billing_Country", "Books_Email" },
  on_conflict = "review",
  on_delete = "nothing",    -- customer_figures.lua closes it

  tests = {
    { name = "ZOHO-01 ZOHO-27 ZOHO-33 a new customer becomes one new account with address and contact information",
      given = { ListID = "80000001-1", TimeModified = "2026-11-20T08:00:00-08:00", Name = "Contoso", FullName = "Contoso", CompanyName = "Contoso Ltd", IsActive = true,
        Email = "Books@Contoso.example", Phone = "(555) 010-0042", Fax = "555 010 0043", AccountNumber = "C-7",
        BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "1 Row", City = "Reno", State = "NV", PostalCode = "89501" }, ShipAddress = { Addr1 = "Dock 3", City = "Sparks" } },
      expect = { action = "create", Account_Name = "Contoso", Parent_Account = none, Phone = "(555) 010-0042", Fax = "555 010 0043", Account_Number = "C-7",
        Billing_Street = "Contoso Ltd\n1 Row", Billing_City = "Reno", Billing_State = "NV", Billing_Code = "89501", Billing_Country = none, Shipping_Street = "Dock 3",
        Shipping_City = "Sparks", External_Id = "QB-80000001-1", Books_Email = "books@contoso.example" } },
    { name = "a tenant may have accounts called by their companies", like = 1, params = { account_name = "company" }, expect = { Account_Name = "Contoso Ltd" } },
    { name = "two company files of one Zoho have ids of their own", like = 1, params = { books = "WEST" }, expect = { External_Id = "WEST-80000001-1" } },
    { name = "ZOHO-26 an account is found by the e-mail of its contact, in capitals or not", like = 1, rows = { contacts = { { Account_Name = { id = "500001" } } } },
      candidates = { id = { { id = "500001", Account_Name = "Contoso Inc", Phone = "1" } } }, current = { id = "500001", Account_Name = "Contoso Inc", Phone = "1" },
      expect = { action = "update 500001", match = "id", Account_Name = none, Phone = none, Billing_City = "Reno", External_Id = "QB-80000001-1" } },
    { name = "ZOHO-26 or by an e-mail of its own", like = 1, candidates = { Books_Email = { { id = "500001" } } }, current = { id = "500001", Account_Name = "Contoso Inc" },
      expect = { action = "update 500001", match = "Books_Email" } },
    { name = "ZOHO-26 or by phone, however it is typed", like = 1, change = { Phone = "+1 555.010.0042" }, candidates = { Phone_Digits = { { id = "500001", Phone_Digits = "5550100042" } } },
      current = { id = "500001", Account_Name = "Contoso Inc", Phone = "(555) 010-0042" }, expect = { action = "update 500001", match = "Phone_Digits", Phone = none } },
    { name = "ZOHO-27 a switchboard that several accounts share waits for a person", like = 1, candidates = { Phone_Digits = { { id = "500001" }, { id = "500002" } } },
      expect = { state = "review", cause = "many_accounts:Contoso" } },
    { name = "ZOHO-27 contacts of two accounts with one e-mail wait for a person", like = 1, rows = { contacts = { { Account_Name = { id = "500001" } }, { Account_Name = { id = "500002" } } } },
      expect = { state = "review", cause = "many_accounts:Books@Contoso.example" } },
    { name = "two contacts of one account are one account", like = 1, rows = { contacts = { { Account_Name = { id = "500001" } }, { Account_Name = { id = "500001" } } } },
      candidates = { id = { { id = "500001" } } }, current = { id = "500001" }, expect = { action = "update 500001" } },
    { name = "a contact without an account says nothing", like = 1, rows = { contacts = { { First_Name = "Ada" } } }, expect = { action = "create" } },
    { name = "an account that is another customer's is not taken", like = 1, candidates = { Phone_Digits = { { id = "500001", External_Id = "QB-80000009-1" } } },
      expect = { state = "review", cause = "same_phone:(555) 010-0042" } },
    { name = "an account of that name alone is only proposed", like = 1, candidates = { Account_Name = { { id = "500001" } } }, expect = { state = "review", cause = "unsure_match" } },
    { name = "ALL-14 an account that bears his id is his, whatever it is called", like = 1, candidates = { External_Id = { { id = "500001", External_Id = "QB-80000001-1" } } },
      current = { id = "500001", Account_Name = "Renamed", External_Id = "QB-80000001-1" }, expect = { action = "update 500001", Account_Name = none } },
    { name = "ALL-11 jobs are rolled up into their customer", like = 1, change = { ListID = "80000002-1", FullName = "Contoso:Kitchen", ParentRef = { id = "80000001-1" } }, expect = { state = "skip", cause = "job" } },
    { name = "ALL-11 a job of its own stands below its customer, and shares no account with it", like = 14, params = { jobs = "own_account" }, refs = { parent = "500001" },
      candidates = { Books_Email = { { id = "500001", External_Id = "QB-80000001-1" } }, Phone_Digits = { { id = "500001" } } },
      expect = { action = "create", Account_Name = "Contoso:Kitchen", Parent_Account = "500001", External_Id = "QB-80000002-1" } },
    { name = "ZOHO-22 a new name, a new address: each by itself", like = 1, change = { ["BillAddress.City"] = "Sparks" },
      link = { id = "500001", made = "created", base = { Account_Name = "Contoso", Phone = "(555) 010-0042", Fax = "555 010 0043", Account_Number = "C-7", Billing_Street = "Contoso Ltd\n1 Row",
        Billing_City = "Reno", Billing_State = "NV", Billing_Code = "89501", Shipping_Street = "Dock 3", Shipping_City = "Sparks", External_Id = "QB-80000001-1", Books_Email = "books@contoso.example" } },
      current = { id = "500001", Account_Name = "Contoso", Phone = "(555) 010-0042", Fax = "555 010 0043", Account_Number = "C-7", Billing_Street = "Contoso Ltd\n1 Row",
        Billing_City = "Reno", Billing_State = "NV", Billing_Code = "89501", Shipping_Street = "Dock 3", Shipping_City = "Sparks", External_Id = "QB-80000001-1", Books_Email = "books@contoso.example" },
      expect = { action = "update 500001", Billing_City = "Sparks", Account_Name = none, Phone = none } },
    { name = "ZOHO-22 a rename", like = 16, change = { FullName = "Contoso West", ["BillAddress.City"] = "Reno" }, expect = { action = "update 500001", Account_Name = "Contoso West", Billing_City = none } },
    { name = "a change that is none writes nothing", like = 16, change = { ["BillAddress.City"] = "Reno", TimeModified = "2026-11-21T08:00:00-08:00" }, expect = { state = "nothing" } },
    { name = "ZOHO-03 both sides changed the city to different ones: a person decides", like = 16,
      current = { id = "500001", Account_Name = "Contoso", Phone = "(555) 010-0042", Fax = "555 010 0043", Account_Number = "C-7", Billing_Street = "Contoso Ltd\n1 Row",
        Billing_City = "Elko", Billing_State = "NV", Billing_Code = "89501", Shipping_Street = "Dock 3", Shipping_City = "Sparks", External_Id = "QB-80000001-1", Books_Email = "books@contoso.example" },
      expect = { state = "review", cause = "conflict:Billing_City" } },
    { name = "the end of a customer is told by customer_figures.lua", like = 1, deleted = true, link = { id = "500001" }, expect = { state = "skip" } },
    { name = "an account that is another customer's is not taken by its e-mail", like = 1, candidates = { Books_Email = { { id = "500001", External_Id = "QB-80000009-1" } } }, expect = { state = "review", cause = "same_email:Books@Contoso.example" } },
    { name = "nor by its contact's", like = 1, rows = { contacts = { { Account_Name = { id = "500001" } } } }, candidates = { id = { { id = "500001", External_Id = "QB-80000009-1" } } }, expect = { state = "review", cause = "same_email:Books@Contoso.example" } },
    { name = "nor by its name", like = 1, candidates = { Account_Name = { { id = "500001", External_Id = "QB-80000009-1" } } }, expect = { state = "review", cause = "same_name:Contoso" } },
    { name = "one that bears his own id is his, by whatever it is found", like = 1, candidates = { Books_Email = { { id = "500001", External_Id = "QB-80000001-1" } } }, current = { id = "500001", Account_Name = "Contoso" }, expect = { action = "update 500001" } },
    { name = "ZOHO-27 who is linked is not asked about again because of contacts", like = 1, rows = { contacts = { { Account_Name = { id = "500001" } }, { Account_Name = { id = "500002" } } } }, link = { id = "500001", made = "created", base = { Account_Name = "Contoso" } },
      current = { id = "500001", Account_Name = "Contoso" }, expect = { action = "update 500001" } },
  },
}
