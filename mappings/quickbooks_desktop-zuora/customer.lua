-- customer.lua - an account in Zuora becomes a customer in QuickBooks.
--
-- An account that came from QuickBooks names its customer, by QBListID__c or by its number: it is adopted, and nothing of it is
-- changed.  A new one becomes a customer with the next visit (or with its first invoice).  After that QuickBooks is the master:
-- account.lua carries changes the other way.

local function short(value, most)
  return trim { transliterate(value), max = most, on_overflow = "truncate" }
end

local bill = "billToContact."
local email = lower(src(bill .. "workEmail"))
local number_is_list_id = all { eq(param "account_number", "list_id"), matches(src "accountNumber", "????????-*") }
local full_name = join { list { src(bill .. "firstName"), src(bill .. "lastName") }, item(), " " }

return mapping {
  id = "zuora.account->quickbooks_desktop.Customer", version = "1.0.0", language = 1,
  back_of = "quickbooks_desktop.Customer->zuora.account",
  title = "Accounts become customers",
  from = { connector = "zuora", entity = "account" },
  to   = { connector = "quickbooks_desktop", entity = "Customer" },
  label = text "account {accountNumber} {name}",

  params = {
    customers       = { type = "one_of", values = { "both_ways", "to_zuora", "to_quickbooks" }, default = "both_ways", help = "see account.lua" },
    new_customers   = { type = "one_of", values = { "at_once", "when_invoiced" }, default = "at_once",
                        help = "an account that QuickBooks does not know: made with the next visit, or with its first invoice" },
    edits           = { type = "one_of", values = { "to_zuora", "both_ways" }, default = "to_zuora",
                        help = "to_zuora: QuickBooks is the master of names, addresses and phones; both_ways: what people change in Zuora reaches QuickBooks, too" },
    account_number  = { type = "one_of", values = { "list_id", "zuora" }, default = "list_id", help = "see account.lua" },
    list_id_field   = { type = "bool", default = true, help = "see account.lua" },
    customer_type   = { type = "name", of = "CustomerType", help = "the customer type of new customers" },
    terms           = { type = "table", of = "Terms", default = {}, help = "by payment term in Zuora: the terms in QuickBooks of new customers" },
    home_country    = { type = "string", default = "United States", max = 64, help = "see account.lua; not written into addresses" },
    currency_names  = { type = "table", of = "Currency", help = "by currency: what QuickBooks calls it; where the file keeps several" },
  },

  accept = {
    { any { ne(src "status", "Canceled"), present(link "id") }, else_ = skip("canceled", "account {accountNumber} is cancelled") },
    { any { ne(src "status", "Draft"), present(link "id") }, else_ = skip("draft", "account {accountNumber} is a draft") },
    { any { present(link "id"), present(src "QBListID__c"), number_is_list_id, eq(param "customers", "both_ways"), eq(param "customers", "to_quickbooks"), gt(count("documents"), 0) },
      else_ = skip("to_zuora", "customers are made in QuickBooks") },
    { any { present(link "id"), present(src "QBListID__c"), number_is_list_id, ne(param "new_customers", "when_invoiced"), gt(count("documents"), 0) },
      else_ = skip("not_invoiced", "account {accountNumber} has no invoice yet") },
  },

  identity = src "id",
  order_by = src "updatedDate",

  match = {
    { by = "link" },
    { by = { ListID = src "QBListID__c" }, if_ = all { param "list_id_field", present(src "QBListID__c") } },
    { by = { ListID = src "accountNumber" }, if_ = number_is_list_id },
    { by = { AccountNumber = src "accountNumber" }, agree = absent(found "ParentRef") },
    { by = { FullName = transliterate(src "name") },
      agree = all { ne(found "IsActive", false), any { absent(found "Email"), absent(email), eq(lower(found "Email"), email) } },
      else_ = review { cause = "customer_unclear:{accountNumber}", why = "QuickBooks has a customer called {name}, inactive or with another e-mail than account {accountNumber}", options = { "adopt", "create", "skip" } } },
    -- The same e-mail under another name is only a proposal.
    { by = { Email = email }, if_ = present(email), agree = absent(found "ParentRef"), confidence = 50, else_ = review { cause = "customer_unclear:{accountNumber}",
      why = "QuickBooks has the e-mail of account {accountNumber} with a job", options = { "adopt", "create", "skip" } } },
    on_none = "create",
    on_many = review("same_customer:{accountNumber}", "several customers in QuickBooks could be account {accountNumber}"),
    accept_at = 80,
  },

  needs = {
    documents = query { side = "source", entity = "invoice", where = { accountId = src "id" },
      if_ = any { eq(param "new_customers", "when_invoiced"), eq(param "customers", "to_zuora") } },
  },

  fields = {
    Name = unique_name { transliterate(src "name"), max = 41, among = { Entity = "FullName" }, suffixes = { src "accountNumber", transliterate(src(bill .. "city")) } },
    CompanyName = short(src "name", 41),
    FirstName   = short(src(bill .. "firstName"), 25),
    LastName    = short(src(bill .. "lastName"), 25),
    BillAddress = {
      Addr1 = short(src "name", 41), Addr2 = short(src(bill .. "address1"), 41), Addr3 = short(src(bill .. "address2"), 41), City = short(src(bill .. "city"), 31),
      State = short(src(bill .. "state"), 21), PostalCode = short(src(bill .. "zipCode"), 13), Country = when(ne(src(bill .. "country"), param "home_country"), short(src(bill .. "country"), 31)),
    },
    Phone = short(src(bill .. "workPhone"), 21),
    Email = email,
    Contact = short(full_name, 41),
    AccountNumber = when(not_(number_is_list_id), src "accountNumber"),
    CustomerTypeRef = param "customer_type",
    TermsRef = when(present(src "paymentTerm"), pick(param "terms", src "paymentTerm", clear)),
    CurrencyRef = when(all { eq(fact "target.multicurrency", "on"), present(param "currency_names") }, pick(param "currency_names", src "currency")),
  },

  -- QuickBooks says what its customers are called and where they live, unless the tenant wants Zuora's edits, too.
  owns = { "CompanyName", "FirstName", "LastName", "BillAddress", "Phone", "Email", adopted = "none" },
  on_update = {
    fields = { "CompanyName", "FirstName", "LastName", "BillAddress", "Phone", "Email" },
    unless = all { eq(param "edits", "to_zuora"), not_(decided "post") },
    else_  = skip("quickbooks_is_master", "account {accountNumber} was changed in Zuora; QuickBooks is the master of its customers"),
  },
  on_delete = "nothing",

  tests = {
    { name = "ZUO-26 a new account becomes a customer",
      given = { id = "8ad0", accountNumber = "A00000001", name = "Analytical Engines Ltd", currency = "USD", status = "Active", updatedDate = "2026-11-21T00:10:00-08:00",
        billToContact = { firstName = "Ada", lastName = "Byron", address1 = "1 Row", city = "Reno", state = "NV", zipCode = "89501", country = "United States", workEmail = "Ada@Engines.example", workPhone = "555-0100" } },
      expect = { action = "create", Name = "Analytical Engines Ltd", FirstName = "Ada", LastName = "Byron", Email = "ada@engines.example", AccountNumber = "A00000001",
        BillAddress = { Addr1 = "Analytical Engines Ltd", Addr2 = "1 Row", City = "Reno", State = "NV", PostalCode = "89501", Country = none } } },
    { name = "ZUO-26 one that came from QuickBooks is that customer, and nothing of him is changed", like = 1, change = { QBListID__c = "80000042-1" },
      candidates = { ListID = { { id = "80000042-1", Name = "Babbage", IsActive = true } } }, current = { id = "80000042-1", Name = "Babbage" }, expect = { state = "nothing", match = "ListID" } },
    { name = "ZUO-26 or by its number", like = 1, change = { accountNumber = "80000042-1795219800" }, candidates = { ListID = { { id = "80000042-1795219800", Name = "Babbage" } } },
      current = { id = "80000042-1795219800", Name = "Babbage" }, expect = { state = "nothing", match = "ListID" } },
    { name = "ZUO-05 the customer of that name and e-mail is adopted", like = 1, candidates = { FullName = { { id = "80-1", Name = "Analytical Engines Ltd", IsActive = true, Email = "ADA@engines.example" } } },
      current = { id = "80-1", Name = "Analytical Engines Ltd" }, expect = { state = "nothing", match = "FullName" } },
    { name = "ZUO-05 one of that name with another e-mail waits for a person", like = 1, candidates = { FullName = { { id = "80-1", IsActive = true, Email = "other@x.example" } } },
      expect = { state = "review", cause = "customer_unclear:A00000001", options = { "adopt", "create", "skip" } } },
    { name = "ZUO-05 the e-mail alone is only proposed", like = 1, candidates = { Email = { { id = "80-1", IsActive = true, Name = "Somebody Else" } } }, expect = { state = "review", cause = "unsure_match" } },
    { name = "ZUO-05 several customers of one e-mail wait for a person", like = 1, candidates = { Email = { { id = "80-1" }, { id = "80-2" } } }, expect = { state = "review", cause = "same_customer:A00000001" } },
    { name = "ALL-11 a job of that e-mail is not the account", like = 1, candidates = { Email = { { id = "80-2", ParentRef = { id = "80-1" } } } }, expect = { state = "review", cause = "customer_unclear:A00000001" } },
    { name = "with their first invoice, if the tenant wants that", like = 1, params = { new_customers = "when_invoiced" }, rows = { documents = {} }, expect = { state = "skip", cause = "not_invoiced" } },
    { name = "and then they are", like = 1, params = { new_customers = "when_invoiced" }, rows = { documents = { { id = "8ad5" } } }, expect = { action = "create" } },
    { name = "where customers are made in QuickBooks only, an account makes none", like = 1, params = { customers = "to_zuora" }, rows = { documents = {} }, expect = { state = "skip", cause = "to_zuora" } },
    { name = "ZUO-26 what is changed in Zuora stays there: QuickBooks is the master", like = 1, change = { ["billToContact.workPhone"] = "555-0199" },
      link = { id = "80-1", made = "created", base = { CompanyName = "Analytical Engines Ltd", FirstName = "Ada", LastName = "Byron", Phone = "555-0100", Email = "ada@engines.example" } },
      current = { id = "80-1", CompanyName = "Analytical Engines Ltd", Phone = "555-0100" }, expect = { state = "skip", cause = "quickbooks_is_master" } },
    { name = "ZUO-19 or goes over, if the tenant wants that", like = "ZUO-26 what is changed in Zuora stays there: QuickBooks is the master", params = { edits = "both_ways" }, expect = { action = "update 80-1", Phone = "555-0199" } },
    { name = "a cancelled account is not made", like = 1, change = { status = "Canceled" }, expect = { state = "skip", cause = "canceled" } },
    { name = "ALL-08 where the file keeps several currencies, the customer has the account's", like = 1, facts = { target = { multicurrency = "on" } }, params = { currency_names = { EUR = "Euro" } }, change = { currency = "EUR" }, expect = { CurrencyRef = "Euro" } },
  },
}
