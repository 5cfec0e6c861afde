-- vendor.lua - a vendor in QuickBooks becomes an account in Salesforce.
--
-- A company that is customer and vendor is one account: the customer of the same company name goes first, and the vendor joins
-- his account when an e-mail, a phone or a postal code agrees.  QuickBooks itself never gives both the same name.

local email = lower(src "Email")
-- The customer who is the same company.
local twin = filter("namesakes", all { absent(item "ParentRef"), any {
  all { present(src "Email"), eq(lower(item "Email"), email) },
  all { present(src "Phone"), eq(phone(item "Phone"), phone(src "Phone")) },
  all { present(src "VendorAddress.PostalCode"), eq(item "BillAddress.PostalCode", src "VendorAddress.PostalCode") } } })
local is_both = eq(count(twin), 1)

local street = shared "street"

return mapping {
  id = "quickbooks_desktop.Vendor->salesforce.vendor", version = "1.0.0", language = 1,
  title = "Vendors become accounts",
  from = { connector = "quickbooks_desktop", entity = "Vendor" },
  to   = { connector = "salesforce", entity = "Account" },
  label = text "vendor {Name}",

  params = {
    both_roles = { type = "one_of", values = { "one_account", "two_accounts" }, default = "one_account",
                   help = "a company that is customer and vendor: one account with both roles, or one for each" },
  },

  identity = src "ListID",
  order_by = src "TimeModified",

  needs = {
    namesakes = query { side = "source", entity = "Customer", where = { CompanyName = src "CompanyName" }, if_ = eq(param "both_roles", "one_account") },
    customer  = ensure { "quickbooks_desktop.Customer->salesforce.customer", of = { entity = "Customer", id = row(twin, true, item "ListID") }, if_ = is_both },
  },

  match = {
    { by = "link" },
    { by = { MLC_VendorId__c = src "ListID" } },
    { by = { Id = ref "customer" } },
    { by = { Name = src "Name" }, agree = all { absent(found "MLC_VendorId__c"), absent(found "MLC_CustomerId__c"),
        any { absent(found "BillingCity"), absent(src "VendorAddress.City"), eq(lower(found "BillingCity"), lower(src "VendorAddress.City")),
              eq(phone(found "Phone"), phone(src "Phone")) } },
      else_ = review("same_name:{Name}", "there is an account '{Name}' in Salesforce, of another company or in another town") },
    on_none = "create",
    on_many = review("many_accounts:{Name}", "several accounts in Salesforce could be {Name}"),
  },

  fields = {
    Name = src "Name",
    AccountNumber = trim { src "AccountNumber", max = 40, on_overflow = "truncate" },
    Phone = src "Phone", Fax = src "Fax",
    BillingStreet = street "VendorAddress", BillingCity = src "VendorAddress.City", BillingState = src "VendorAddress.State",
    BillingPostalCode = src "VendorAddress.PostalCode", BillingCountry = src "VendorAddress.Country",
    ShippingStreet = street "ShipAddress", ShippingCity = src "ShipAddress.City", ShippingState = src "ShipAddress.State",
    ShippingPostalCode = src "ShipAddress.PostalCode", ShippingCountry = src "ShipAddress.Country",
    MLC_VendorId__c = src "ListID",
    MLC_Email__c = trim { email, max = 80, on_overflow = "hold" },
  },

  owns = { "Name", "AccountNumber", "Phone", "Fax", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry",
    "ShippingStreet", "ShippingCity", "ShippingState", "ShippingPostalCode", "ShippingCountry", "MLC_VendorId__c", "MLC_Email__c", adopted = "only_empty" },
  on_conflict = "theirs",
  -- Marked, never deleted.  Here and not in vendor_figures.lua: that one also looks at him because an invoice of his went to somebody else,
  -- and a merged vendor is no deleted one.
  on_delete = { fields = { MLC_IsActiveVendor__c = false } },

  tests = {
    { name = "SF-01 SF-36 a new vendor becomes an account with his address",
      given = { ListID = "90000001-1", TimeModified = "2026-11-20T08:00:00-08:00", Name = "Clay Works", CompanyName = "Clay Works Inc", IsActive = true, Email = "ap@clay.example",
        Phone = "555 0199", VendorAddress = { Addr1 = "Clay Works Inc", Addr2 = "9 Kiln St", City = "Austin", State = "TX", PostalCode = "73301" } },
      expect = { action = "create", Name = "Clay Works", BillingStreet = "Clay Works Inc\n9 Kiln St", BillingCity = "Austin", BillingPostalCode = "73301", Phone = "555 0199",
        MLC_VendorId__c = "90000001-1", MLC_Email__c = "ap@clay.example" } },
    { name = "SF-01 a company that is a customer, too, is one account with both roles", like = 1,
      rows = { namesakes = { { ListID = "80000001-1", CompanyName = "Clay Works Inc", Phone = "(555) 0199" } } }, refs = { customer = "001Ac0000000008IAA" },
      candidates = { Id = { { id = "001Ac0000000008IAA", Name = "Clay Works (C)", MLC_CustomerId__c = "80000001-1", Phone = "(555) 0199" } } },
      current = { id = "001Ac0000000008IAA", Name = "Clay Works (C)", MLC_CustomerId__c = "80000001-1", Phone = "(555) 0199" },
      expect = { action = "update 001Ac0000000008IAA", MLC_VendorId__c = "90000001-1", Name = none, Phone = none, BillingCity = "Austin" } },
    { name = "SF-01 of the same name alone it is another company", like = 1,
      rows = { namesakes = { { ListID = "80000001-1", CompanyName = "Clay Works Inc", Phone = "1", Email = "x@other.example" } } }, expect = { action = "create" } },
    { name = "SF-01 ALL-11 a job of that company is not the company", like = 1,
      rows = { namesakes = { { ListID = "80000002-1", CompanyName = "Clay Works Inc", Phone = "555 0199", ParentRef = { id = "80000001-1" } } } }, expect = { action = "create" } },
    { name = "SF-01 a tenant may want two accounts", like = 1, params = { both_roles = "two_accounts" }, expect = { action = "create" } },
    { name = "SF-35 an account of his name without a role is his", like = 1, candidates = { Name = { { id = "001Ac0000000009IAA", Name = "Clay Works" } } },
      current = { id = "001Ac0000000009IAA", Name = "Clay Works" }, expect = { action = "update 001Ac0000000009IAA", MLC_VendorId__c = "90000001-1" } },
    { name = "SF-35 an account of another in another town waits for a person", like = 1, candidates = { Name = { { id = "001Ac0000000009IAA", Name = "Clay Works", BillingCity = "Reno", Phone = "1" } } },
      expect = { state = "review", cause = "same_name:Clay Works" } },
    { name = "SF-23 one who is deleted is marked inactive, and nothing is deleted", like = 1, deleted = true, link = { id = "001Ac0000000008IAA", made = "adopted" },
      current = { id = "001Ac0000000008IAA", MLC_IsActiveVendor__c = true }, expect = { action = "update 001Ac0000000008IAA", MLC_IsActiveVendor__c = false } },
    { name = "SF-35 an account that is another vendor's is not taken", like = 1, candidates = { Name = { { id = "001Ac0000000009IAA", Name = "Clay Works", MLC_VendorId__c = "90000009-1" } } }, expect = { state = "review", cause = "same_name:Clay Works" } },
    { name = "SF-35 nor one that is a customer's of whom nobody says that he is the same", like = 1, candidates = { Name = { { id = "001Ac0000000009IAA", Name = "Clay Works", MLC_CustomerId__c = "80000009-1" } } }, expect = { state = "review", cause = "same_name:Clay Works" } },
    { name = "SF-35 in another town with the same phone it is he", like = 1, candidates = { Name = { { id = "001Ac0000000009IAA", Name = "Clay Works", BillingCity = "Reno", Phone = "5550199" } } },
      current = { id = "001Ac0000000009IAA", Name = "Clay Works", BillingCity = "Reno", Phone = "5550199" }, expect = { action = "update 001Ac0000000009IAA" } },
    { name = "ALL-14 an account that bears his id is his, whatever it is called", like = 1, candidates = { MLC_VendorId__c = { { id = "001Ac0000000009IAA", Name = "Renamed" } } }, current = { id = "001Ac0000000009IAA", Name = "Renamed" },
      expect = { action = "update 001Ac0000000009IAA" } },
    { name = "SF-01 by its e-mail it is the same company, however that is written", like = 1, rows = { namesakes = { { ListID = "80000001-1", CompanyName = "Clay Works Inc", Email = "AP@clay.example" } } }, refs = { customer = "001Ac0000000008IAA" },
      candidates = { Id = { { id = "001Ac0000000008IAA", Name = "Clay Works (C)" } } }, current = { id = "001Ac0000000008IAA", Name = "Clay Works (C)" }, expect = { action = "update 001Ac0000000008IAA" } },
    { name = "SF-01 two companies that could be the same are none", like = 1, rows = { namesakes = { { ListID = "80000001-1", Phone = "555 0199" }, { ListID = "80000002-1", Phone = "555 0199" } } }, expect = { action = "create" } },
  },
}
