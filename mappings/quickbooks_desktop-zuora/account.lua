-- account.lua - a customer in QuickBooks becomes an account in Zuora.
--
-- QuickBooks is the master of names, addresses and terms.  The account bears the customer's ListID, as its number
-- or in the field QBListID__c, so that nobody ever has to guess by name which is which.  Jobs are part of the
-- customer above them, unless the tenant wants an account for each.  The way back: customer.lua.

local function short(value, most)
  return trim { value, max = most, on_overflow = "truncate" }
end

local is_job = present(src "ParentRef")
local by_list_id = eq(param "account_number", "list_id")
local person = join { list { src "FirstName", src "LastName" }, item(), " " }
local who = when(is_job, first { replace(src "FullName", ":", " / "), src "Name" }, first { src "CompanyName", src "Name" })
-- QuickBooks repeats the name as the first line of an address.
local is_named = one_of(src "BillAddress.Addr1", list { src "Name", src "CompanyName", src "PrintAs", person, join { list { src "Salutation", src "FirstName", src "LastName" }, item(), " " } })
local street = when(is_named, src "BillAddress.Addr2", src "BillAddress.Addr1")
local street2 = when(is_named, join { list { src "BillAddress.Addr3", src "BillAddress.Addr4", src "BillAddress.Addr5" }, item(), ", " },
  join { list { src "BillAddress.Addr2", src "BillAddress.Addr3", src "BillAddress.Addr4", src "BillAddress.Addr5" }, item(), ", " })

return mapping {
  id = "quickbooks_desktop.Customer->zuora.account", version = "1.0.0", language = 1,
  title = "Customers become accounts",
  from = { connector = "quickbooks_desktop", entity = "Customer" },
  to   = { connector = "zuora", entity = "account" },
  label = text "customer {FullName}",

  params = {
    customers       = { type = "one_of", values = { "both_ways", "to_zuora", "to_quickbooks" }, default = "both_ways",
                        help = "who makes whom: customers become accounts and accounts customers, or one way only" },
    jobs            = { type = "one_of", values = { "roll_up", "own_account" }, default = "roll_up", help = "roll_up: a job is part of its customer's account; own_account: it has one, below its customer's" },
    account_number  = { type = "one_of", values = { "list_id", "zuora" }, default = "list_id", help = "list_id: new accounts bear the customer's ListID as their number; zuora: Zuora's own numbers" },
    list_id_field   = { type = "bool", default = true, help = "write the ListID into QBListID__c, too; the tenant has to have that field, indexed" },
    currency        = { type = "string", default = "USD", max = 3, help = "of the company file, where it keeps one only" },
    currency_codes  = { type = "table", default = { ["US Dollar"] = "USD", ["Canadian Dollar"] = "CAD", Euro = "EUR", ["British Pound Sterling"] = "GBP", ["Australian Dollar"] = "AUD" },
                        help = "by QuickBooks' name of a currency: its code; where the file keeps several" },
    payment_terms   = { type = "table", default = { ["Due on receipt"] = "Due Upon Receipt", ["Net 15"] = "Net 15", ["Net 30"] = "Net 30", ["Net 60"] = "Net 60" },
                        help = "by the name of the terms in QuickBooks: the payment term in Zuora" },
    default_term    = { type = "string", default = "Due Upon Receipt", max = 100, help = "for terms that payment_terms does not name, and for none" },
    bill_cycle_day  = { type = "int", default = 1, min = 0, max = 31, help = "of new accounts; 0: the day of the first charge" },
    batch           = { type = "string", max = 20, help = "the billing batch of new accounts" },
    home_country    = { type = "string", default = "United States", max = 64, help = "the country of addresses that name none" },
    contact_first   = { type = "string", default = "Accounts", max = 100, help = "Zuora demands a person: the first name where QuickBooks has none" },
    contact_last    = { type = "string", default = "Payable", max = 100, help = "and the last name" },
  },

  enabled = ne(param "customers", "to_quickbooks"),

  accept = {
    { any { not_(is_job), eq(param "jobs", "own_account"), present(link "id") }, else_ = skip("job", "{FullName} is a job: part of its customer's account") },
    { any { ne(src "IsActive", false), present(link "id") }, else_ = skip("inactive", "customer {FullName} is inactive") },
  },

  identity = src "ListID",
  order_by = src "EditSequence",

  match = {
    { by = "link" },
    { by = { accountNumber = src "ListID" }, if_ = by_list_id },
    { by = { QBListID__c = src "ListID" }, if_ = param "list_id_field" },
    -- A customer whom an account made bears its number.
    { by = { accountNumber = src "AccountNumber" }, if_ = present(src "AccountNumber"), agree = any { absent(found "QBListID__c"), eq(found "QBListID__c", src "ListID") },
      else_ = review { cause = "account_unclear:{FullName}", why = "the account {AccountNumber} that customer {FullName} names belongs to another customer", options = { "adopt", "create", "skip" } } },
    { by = { name = who }, agree = all { any { absent(found "QBListID__c"), eq(found "QBListID__c", src "ListID") }, ne(found "status", "Canceled") },
      else_ = review { cause = "account_unclear:{FullName}", why = "Zuora has an account of the name of customer {FullName} that is cancelled, or belongs to another customer", options = { "adopt", "create", "skip" } } },
    on_none = "create",
    on_many = review("same_name:{FullName}", "Zuora has several accounts of the name of customer {FullName}"),
  },

  needs = {
    parent = ensure { "quickbooks_desktop.Customer->zuora.account", of = { entity = "Customer", id = src "ParentRef.id" }, if_ = all { is_job, eq(param "jobs", "own_account") } },
  },

  fields = {
    name          = short(who, 255),
    accountNumber = when(by_list_id, src "ListID"),
    currency      = when(present(src "CurrencyRef.name"), pick(param "currency_codes", src "CurrencyRef.name"), param "currency"),
    parentId      = when(all { is_job, eq(param "jobs", "own_account") }, ref "parent"),
    batch         = param "batch",
    billCycleDay  = param "bill_cycle_day",
    autoPay       = false,
    paymentTerm   = when(present(src "TermsRef.name"), pick(param "payment_terms", src "TermsRef.name", param "default_term"), param "default_term"),
    notes         = src "Notes",
    billToContact = {
      firstName = first { src "FirstName", when(absent(src "LastName"), param "contact_first", "-") },
      lastName  = first { src "LastName", when(absent(src "FirstName"), param "contact_last", "-") },
      address1  = street, address2 = street2, city = src "BillAddress.City", state = src "BillAddress.State", zipCode = src "BillAddress.PostalCode",
      country   = first { src "BillAddress.Country", param "home_country" },
      workEmail = short(src "Email", 80), workPhone = src "Phone", mobilePhone = src "Mobile", fax = src "Fax",
    },
    QBListID__c   = when(param "list_id_field", src "ListID"),
  },

  -- What Zuora's people keep there, batch and cycle among it, stays theirs.
  owns = { "name", "paymentTerm", "notes", "billToContact", "QBListID__c", adopted = "only_empty" },
  on_delete = "nothing",

  tests = {
    { name = "ZUO-01 a new customer becomes an account that bears his ListID",
      given = { ListID = "80000042-1", EditSequence = "1795219800", Name = "Babbage Engines", FullName = "Babbage Engines", IsActive = true, CompanyName = "Babbage Engines Ltd", FirstName = "Charles", LastName = "Babbage",
        BillAddress = { Addr1 = "Babbage Engines", Addr2 = "1 Row", Addr3 = "Flat 2", City = "Reno", State = "NV", PostalCode = "89501" }, Phone = "555-0100", Email = "cb@engines.example", TermsRef = { id = "1", name = "Net 30" } },
      expect = { action = "create", name = "Babbage Engines Ltd", accountNumber = "80000042-1", QBListID__c = "80000042-1", currency = "USD", billCycleDay = 1, autoPay = false, paymentTerm = "Net 30",
        billToContact = { firstName = "Charles", lastName = "Babbage", address1 = "1 Row", address2 = "Flat 2", city = "Reno", state = "NV", zipCode = "89501", country = "United States", workEmail = "cb@engines.example", workPhone = "555-0100" } } },
    { name = "ZUO-01 a customer without a person gets one, which Zuora demands", like = 1, change = { FirstName = none, LastName = none, CompanyName = none },
      expect = { name = "Babbage Engines", billToContact = { firstName = "Accounts", lastName = "Payable" } } },
    { name = "ZUO-01 Zuora's own numbers, if the tenant wants them", like = 1, params = { account_number = "zuora" }, expect = { accountNumber = none, QBListID__c = "80000042-1" } },
    { name = "ZUO-01 without the field of our own nothing is written into it", like = 1, params = { list_id_field = false }, expect = { accountNumber = "80000042-1", QBListID__c = none } },
    { name = "terms that nobody has named become the usual ones", like = 1, change = { TermsRef = { id = "9", name = "2% 10 Net 45" } }, expect = { paymentTerm = "Due Upon Receipt" } },
    { name = "ALL-08 a customer's own currency is the account's", like = 1, change = { CurrencyRef = { id = "5", name = "Euro" } }, expect = { currency = "EUR" } },
    { name = "ALL-08 a currency that nobody has named waits", like = 1, change = { CurrencyRef = { id = "5", name = "Swiss Franc" } }, expect = { state = "hold", cause = "unknown_currency_codes:Swiss Franc" } },
    { name = "ZUO-02 only what changed is sent", like = 1, change = { Phone = "555-0199", TermsRef = { id = "2", name = "Net 15" } },
      link = { id = "8ad0", made = "created", base = { name = "Babbage Engines Ltd", paymentTerm = "Net 30", QBListID__c = "80000042-1", billToContact = { firstName = "Charles", lastName = "Babbage", address1 = "1 Row", address2 = "Flat 2",
        city = "Reno", state = "NV", zipCode = "89501", country = "United States", workEmail = "cb@engines.example", workPhone = "555-0100" } } },
      current = { id = "8ad0", name = "Babbage Engines Ltd", paymentTerm = "Net 30", QBListID__c = "80000042-1", billToContact = { firstName = "Charles", lastName = "Babbage", address1 = "1 Row", address2 = "Flat 2",
        city = "Reno", state = "NV", zipCode = "89501", country = "United States", workEmail = "cb@engines.example", workPhone = "555-0100" } },
      expect = { action = "update 8ad0", paymentTerm = "Net 15", billToContact = { workPhone = "555-0199" }, name = none, notes = none } },
    { name = "ZUO-19 both sides changed the same thing: a person decides", like = "ZUO-02 only what changed is sent", change = { Phone = "555-0100", CompanyName = "Babbage and Sons" },
      current = { id = "8ad0", name = "Babbage Holdings", paymentTerm = "Net 15", QBListID__c = "80000042-1", billToContact = { firstName = "Charles", lastName = "Babbage", address1 = "1 Row", address2 = "Flat 2",
        city = "Reno", state = "NV", zipCode = "89501", country = "United States", workEmail = "cb@engines.example", workPhone = "555-0100" } },
      expect = { state = "review" } },
    { name = "ZUO-19 each side changed another thing: both stay", like = "ZUO-02 only what changed is sent", change = { TermsRef = { id = "1", name = "Net 30" } },
      current = { id = "8ad0", name = "Babbage Holdings", paymentTerm = "Net 30", QBListID__c = "80000042-1", billToContact = { firstName = "Charles", lastName = "Babbage", address1 = "1 Row", address2 = "Flat 2",
        city = "Reno", state = "NV", zipCode = "89501", country = "United States", workEmail = "cb@engines.example", workPhone = "555-0100" } },
      expect = { action = "update 8ad0", billToContact = { workPhone = "555-0199" }, name = none } },
    { name = "ZUO-26 an account that bears the ListID is his, whatever it is called", like = 1, candidates = { accountNumber = {}, QBListID__c = { { id = "8ad1", name = "Babbage", QBListID__c = "80000042-1" } } },
      current = { id = "8ad1", name = "Babbage", accountNumber = "A00000007", QBListID__c = "80000042-1", paymentTerm = "Net 60", billToContact = { firstName = "C.", lastName = "B." } },
      expect = { action = "update 8ad1", name = none, paymentTerm = none } },
    { name = "ZUO-26 a customer whom an account made is that account's, whatever he is called now", like = 1, change = { AccountNumber = "A00000007", CompanyName = "Babbage and Sons" },
      candidates = { accountNumber = { { id = "8ad1", name = "Babbage", accountNumber = "A00000007" } } }, current = { id = "8ad1", name = "Babbage", accountNumber = "A00000007", paymentTerm = "Net 60", billToContact = { firstName = "C.", lastName = "B." } },
      expect = { action = "update 8ad1", QBListID__c = "80000042-1" } },
    { name = "ZUO-05 an account of the same name that belongs to another customer is not taken", like = 1, candidates = { name = { { id = "8ad1", name = "Babbage Engines Ltd", QBListID__c = "80000001-1", status = "Active" } } },
      expect = { state = "review", cause = "account_unclear:Babbage Engines" } },
    { name = "ZUO-05 several accounts of the same name wait for a person", like = 1, candidates = { name = { { id = "8ad1", status = "Active" }, { id = "8ad2", status = "Active" } } }, expect = { state = "review", cause = "same_name:Babbage Engines" } },
    { name = "ALL-11 a job is part of its customer's account", like = 1, change = { ParentRef = { id = "80000001-1", name = "Parent" }, FullName = "Parent:Babbage Engines" }, expect = { state = "skip", cause = "job" } },
    { name = "ALL-11 or has one of its own below it", like = 1, change = { ParentRef = { id = "80000001-1", name = "Parent" }, FullName = "Parent:Babbage Engines" }, params = { jobs = "own_account" }, refs = { parent = "8ad9" },
      expect = { action = "create", name = "Parent / Babbage Engines", parentId = "8ad9" } },
    { name = "an inactive customer is not made", like = 1, change = { IsActive = false }, expect = { state = "skip", cause = "inactive" } },
    { name = "a customer who is deleted leaves his account alone", like = 1, deleted = true, link = { id = "8ad0" }, expect = { state = "skip" } },
  },
}
