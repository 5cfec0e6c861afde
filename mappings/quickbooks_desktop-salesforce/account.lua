-- account.lua - the way back, where a tenant wants it (`write_back`): what sales people change of an account's phone, fax, e-mail
-- and billing address goes to its customer in QuickBooks.
--
-- Only accounts that are customers already: nobody becomes a customer by being an account, and names, terms and all that is
-- money stay the bookkeeper's.  The customer is read anew, with his EditSequence, right before he is changed.

-- The nth line of the street; QuickBooks has five of 41 characters.
local function line(n)
  return trim { transliterate(compute { inputs = { street = src "BillingStreet" }, result = "string",
      fn = n == 1 and function(v) return (v.street or ""):match("^([^\n]*)") end
        or n == 2 and function(v) return (v.street or ""):match("^[^\n]*\n([^\n]*)") end
        or n == 3 and function(v) return (v.street or ""):match("^[^\n]*\n[^\n]*\n([^\n]*)") end
        or n == 4 and function(v) return (v.street or ""):match("^[^\n]*\n[^\n]*\n[^\n]*\n([^\n]*)") end
        or function(v) return (v.street or ""):match("^[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*\n(.*)$") end }), max = 41, on_overflow = "truncate" }
end
local function short(path, most) return trim { transliterate(src(path)), max = most, on_overflow = "truncate" } end

return mapping {
  id = "salesforce.Account->quickbooks_desktop.customer", version = "1.0.0", language = 1,
  back_of = "quickbooks_desktop.Customer->salesforce.customer",
  title = "What sales people change of an account goes to its customer",
  from = { connector = "salesforce", entity = "Account" },
  to   = { connector = "quickbooks_desktop", entity = "Customer" },
  label = text "account {Name}",

  params = {
    write_back = { type = "bool", default = false, help = "whether phone, fax, e-mail and billing address that sales people change go to QuickBooks" },
  },
  enabled = eq(param "write_back", true),

  accept = { { present(link "id"), else_ = skip("no_customer", "{Name} is no customer in QuickBooks") } },
  identity = src "Id",
  order_by = src "SystemModstamp",
  match = { { by = "link" }, on_none = skip("no_customer", "{Name} is no customer in QuickBooks") },

  fields = {
    BillAddress = { Addr1 = line(1), Addr2 = line(2), Addr3 = line(3), Addr4 = line(4), Addr5 = line(5),
      City = short("BillingCity", 31), State = short("BillingState", 21), PostalCode = short("BillingPostalCode", 13), Country = short("BillingCountry", 31) },
    Phone = short("Phone", 21), Fax = short("Fax", 21),
    Email = src "MLC_Email__c",
  },
  owns = { "BillAddress", "Phone", "Fax", "Email" },
  both_ways = { "BillAddress", "Phone", "Fax", "Email" },
  on_conflict = "review",
  on_delete = "nothing",    -- the books do not end because an account does

  tests = {
    { name = "SF-27 a phone that sales changed goes to the customer, and nothing else does",
      given = { Id = "001Ac0000000008IAA", Name = "Contoso", Phone = "555 2", BillingStreet = "Contoso Ltd\n1 Row", BillingCity = "Reno", MLC_Email__c = "books@contoso.example" },
      link = { id = "80000001-1", base = { Phone = "555 1", BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "1 Row", City = "Reno" }, Email = "books@contoso.example" } },
      current = { id = "80000001-1", Name = "Contoso", Phone = "555 1", BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "1 Row", City = "Reno" }, Email = "books@contoso.example" },
      params = { write_back = true }, expect = { action = "update 80000001-1", Phone = "555 2", BillAddress = none, Email = none } },
    { name = "SF-27 a field that both have changed waits for a person", like = 1, current = { id = "80000001-1", Phone = "555 9", BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "1 Row", City = "Reno" }, Email = "books@contoso.example" },
      expect = { state = "review", cause = "conflict:Phone" } },
    { name = "SF-27 what the bookkeeper changed beside it stays", like = 1, current = { id = "80000001-1", Phone = "555 1", Fax = "7", BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "2 Row", City = "Reno" }, Email = "books@contoso.example" },
      expect = { action = "update 80000001-1", Phone = "555 2", Fax = none, BillAddress = none } },
    { name = "an account that is no customer is left alone", given = { Id = "001Ac0000000009IAA", Name = "Prospect" }, params = { write_back = true }, expect = { state = "skip", cause = "no_customer" } },
    { name = "an account that is deleted ends nothing in the books", like = 1, deleted = true, expect = { state = "skip" } },
  },
}
