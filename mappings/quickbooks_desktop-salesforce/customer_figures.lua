-- customer_figures.lua - what the books say of a customer, on his account: balance, open and paid invoices, ageing, terms, state.
--
-- The ageing is QuickBooks' own report (payments and credits that are not applied yet, journal entries and all); invoices are
-- counted as they stand.  Looked at again whenever an invoice, payment or credit of his changes, and when the next one falls due.

local params, currencies = shared "params", shared "currencies"
local open_ones = filter("invoices", gt(item "BalanceRemaining", 0))
local paid_ones = filter("invoices", all { eq(item "IsPaid", true), gt(add(item "Subtotal", item "SalesTaxTotal"), 0) })   -- a voided one is 0
-- Where jobs are rolled up, the ageing has a row for each of them.
local rolled = eq(param "jobs", "roll_up")
local whose = when(rolled, text "{ListID}:*", src "ListID")
-- QuickBooks ages in the file's own currency; what a customer who is kept in another one owes is told in his.
local function aged(member) return when(currencies.are_at_home, money(sum("aging", member))) end

return mapping {
  id = "quickbooks_desktop.Customer->salesforce.customer_figures", version = "1.0.0", language = 1,
  title = "What the books say of a customer stands on his account",
  from = { connector = "quickbooks_desktop", entity = "Customer" },
  to   = { connector = "salesforce", entity = "Account" },
  label = text "figures of {FullName}",

  params = { jobs = params.jobs },
  tables = { currencies = currencies.known },

  accept = {
    { any { absent(src "ParentRef"), not_(rolled), present(link "id") }, else_ = skip("job", "{FullName} is a job; jobs are rolled up into their customers") },
  },
  identity = src "ListID",
  order_by = src "TimeModified",

  needs = {
    account  = ensure { "quickbooks_desktop.Customer->salesforce.customer" },
    invoices = query { side = "source", entity = "Invoice", where = { CustomerRef = whose } },
    aging    = query { side = "source", entity = "CustomerAging", where = { CustomerRef = whose } },
  },
  -- What happens to a job that is rolled up is its customer's affair, level by level.
  again_on = { Customer = when(rolled, src "ParentRef.id"), Invoice = src "CustomerRef.id", ReceivePayment = src "CustomerRef.id", CreditMemo = src "CustomerRef.id", CustomerAging = src "CustomerRef.id" },
  again_at = each(open_ones, add_days(first { item "DueDate", item "TxnDate" }, 1)),

  match = { { by = "link" }, { by = { Id = ref "account" } }, on_none = "hold" },

  fields = {
    MLC_FullName__c = src "FullName",
    MLC_IsCustomer__c = true,
    MLC_IsActive__c = first { src "IsActive", true },
    MLC_CustomerType__c = src "CustomerTypeRef.name",
    MLC_Terms__c = src "TermsRef.name",
    MLC_Currency__c = currencies.theirs,
    MLC_Balance__c = money(first { when(rolled, src "TotalBalance", src "Balance"), "0" }),
    MLC_OpenInvoices__c = count(open_ones), MLC_OpenAmount__c = money(sum(open_ones, "BalanceRemaining")),
    MLC_PaidInvoices__c = count(paid_ones), MLC_PaidAmount__c = money(sum("invoices", neg(first { item "AppliedAmount", "0" }))),
    MLC_AgeCurrent__c = aged "Current", MLC_Age30__c = aged "Days1To30", MLC_Age60__c = aged "Days31To60", MLC_Age90__c = aged "Days61To90",
    MLC_AgeOver90__c = aged "Over90",
    MLC_FiguresOf__c = today(),
  },
  on_conflict = "ours",     -- these are the books' figures, whoever types into them
  on_update = { fields = { "MLC_FullName__c", "MLC_IsCustomer__c", "MLC_IsActive__c", "MLC_CustomerType__c", "MLC_Terms__c", "MLC_Currency__c", "MLC_Balance__c",
    "MLC_OpenInvoices__c", "MLC_OpenAmount__c", "MLC_PaidInvoices__c", "MLC_PaidAmount__c", "MLC_AgeCurrent__c", "MLC_Age30__c", "MLC_Age60__c", "MLC_Age90__c",
    "MLC_AgeOver90__c" } },  -- a new day alone is no change
  on_delete = "nothing",    -- customer.lua marks it

  tests = {
    defaults = { today = "2026-11-20", facts = { source = { currency = "USD" } } },
    { name = "SF-34 open, paid and aged figures stand on the account",
      given = { ListID = "80000001-1", FullName = "Contoso", Name = "Contoso", IsActive = true, Balance = "70.00", TotalBalance = "95.00", TermsRef = { name = "Net 30" },
        CustomerTypeRef = { name = "Retail" } },
      refs = { account = "001Ac0000000008IAA" },
      rows = { invoices = { { TxnDate = "2026-10-01", DueDate = "2026-10-31", Subtotal = "100.00", SalesTaxTotal = "8.00", AppliedAmount = "-28.00", BalanceRemaining = "80.00", IsPaid = false },
                            { TxnDate = "2026-09-01", DueDate = "2026-10-01", Subtotal = "50.00", SalesTaxTotal = "0.00", AppliedAmount = "-50.00", BalanceRemaining = "0.00", IsPaid = true },
                            { TxnDate = "2026-11-15", DueDate = "2026-12-15", Subtotal = "15.00", SalesTaxTotal = "0.00", AppliedAmount = "0.00", BalanceRemaining = "15.00", IsPaid = false },
                            { TxnDate = "2026-08-01", Subtotal = "0.00", SalesTaxTotal = "0.00", BalanceRemaining = "0.00", IsPaid = true } },
               aging = { { Current = "-10.00", Days1To30 = "80.00", Days31To60 = "0.00", Days61To90 = "0.00", Over90 = "0.00", Total = "70.00" } } },
      candidates = { Id = { { id = "001Ac0000000008IAA", Name = "Contoso", MLC_IsCustomer__c = false, MLC_IsActive__c = true } } },
      current = { id = "001Ac0000000008IAA", Name = "Contoso", MLC_IsCustomer__c = false, MLC_IsActive__c = true },
      expect = { action = "update 001Ac0000000008IAA", MLC_Balance__c = "70.00", MLC_OpenInvoices__c = "2", MLC_OpenAmount__c = "95.00", MLC_PaidInvoices__c = "1", MLC_PaidAmount__c = "78.00",
        MLC_AgeCurrent__c = "-10.00", MLC_Age30__c = "80.00", MLC_Age60__c = "0.00", MLC_AgeOver90__c = "0.00", MLC_Terms__c = "Net 30", MLC_CustomerType__c = "Retail",
        MLC_Currency__c = "USD", MLC_FullName__c = "Contoso", MLC_IsCustomer__c = true, again_at = "2026-12-16" } },
    { name = "ALL-08 of a customer who is kept in euros the figures are euros; the ageing, which is in the file's own, is not told", like = 1, change = { CurrencyRef = { id = "2", name = "Euro" } },
      expect = { MLC_Currency__c = "EUR", MLC_OpenAmount__c = "95.00", MLC_AgeCurrent__c = none, MLC_Age30__c = none } },
    { name = "SF-34 jobs that are rolled up count in their customer's balance", like = 1, params = { jobs = "roll_up" },
      rows = { invoices = { { TxnDate = "2026-10-01", DueDate = "2026-10-31", Subtotal = "70.00", BalanceRemaining = "70.00" }, { TxnDate = "2026-11-15", DueDate = "2026-12-15", Subtotal = "25.00", BalanceRemaining = "25.00" } },
               aging = { { Current = "0.00", Days1To30 = "70.00", Over90 = "0.00" }, { Current = "25.00", Days1To30 = "0.00", Over90 = "0.00" } } },
      expect = { MLC_Balance__c = "95.00", MLC_OpenInvoices__c = "2", MLC_OpenAmount__c = "95.00", MLC_AgeCurrent__c = "25.00", MLC_Age30__c = "70.00", MLC_AgeOver90__c = "0.00" } },
    { name = "SF-34 and have him looked at when something happens to them", like = 1, params = { jobs = "roll_up" }, entity = "Customer",
      given = { ListID = "80000007-1", ParentRef = { id = "80000001-1" } }, expect = { state = "skip", cause = "job", looks_at = { "80000001-1" } } },
    { name = "who owes nothing has no row in the report", like = 1, rows = { invoices = {}, aging = {} }, expect = { MLC_AgeCurrent__c = "0.00", MLC_OpenInvoices__c = "0" } },
    { name = "SF-34 an invoice, a payment, a credit and a new day in the report have him looked at again", like = 1, entity = "Invoice", given = { CustomerRef = { id = "80000001-1" } },
      expect = { looks_at = { "80000001-1" } } },
    { name = "a credit memo too", like = "SF-34 an invoice, a payment, a credit and a new day in the report have him looked at again", entity = "CreditMemo", expect = { looks_at = { "80000001-1" } } },
    { name = "and the ageing itself", like = "SF-34 an invoice, a payment, a credit and a new day in the report have him looked at again", entity = "CustomerAging", expect = { looks_at = { "80000001-1" } } },
    { name = "a day that changes nothing writes nothing", like = 1,
      link = { id = "001Ac0000000008IAA", made = "adopted", base = { MLC_FullName__c = "Contoso", MLC_IsCustomer__c = true, MLC_IsActive__c = true, MLC_Terms__c = "Net 30", MLC_CustomerType__c = "Retail", MLC_Currency__c = "USD", MLC_Balance__c = "70.00", MLC_OpenInvoices__c = "2",
        MLC_OpenAmount__c = "95.00", MLC_PaidInvoices__c = "1", MLC_PaidAmount__c = "78.00", MLC_AgeCurrent__c = "-10.00", MLC_Age30__c = "80.00", MLC_Age60__c = "0.00", MLC_Age90__c = "0.00",
        MLC_AgeOver90__c = "0.00", MLC_FiguresOf__c = "2026-11-19" } },
      current = { id = "001Ac0000000008IAA", MLC_FullName__c = "Contoso", MLC_IsCustomer__c = true, MLC_IsActive__c = true, MLC_FiguresOf__c = "2026-11-19" }, expect = { state = "nothing" } },
    { name = "SF-23 a customer who is made inactive is marked", like = "a day that changes nothing writes nothing", change = { IsActive = false }, expect = { action = "update 001Ac0000000008IAA", MLC_IsActive__c = false } },
    { name = "ALL-15 in the shadow the account would be made first", like = 1, refs = { account = "(new)" }, candidates = none, current = none,
      expect = { state = "nothing", why = "what it belongs to would be made first" } },
    { name = "SF-23 the end of one is marked elsewhere", like = 1, deleted = true, link = { id = "001Ac0000000008IAA" }, expect = { state = "skip" } },
  },
}
