-- customer_figures.lua - what the books say of a customer, on his account: state, balance, what is open and overdue.
--
-- Looked at again whenever an invoice, payment or credit of his changes (a new balance does not modify the customer), and
-- at midnight of the company's time zone when something falls due.  Where jobs are rolled up, theirs are among his.  A
-- customer who is made inactive or deleted is Closed.

local params = shared "params"
local open_ones = filter("invoices", gt(item "BalanceRemaining", 0))
local overdue_ones = filter("invoices", all { gt(item "BalanceRemaining", 0), lt(first { item "DueDate", item "TxnDate" }, today()) })
local rolled = eq(param "jobs", "roll_up")
local balance = money(first { when(rolled, src "TotalBalance", src "Balance"), "0" })
-- Zoho shows amounts in the organisation's currency; what a customer owes in another one is not told as if it were in it.
local theirs = when(present(src "CurrencyRef.name"), pick("currencies", src "CurrencyRef.name", src "CurrencyRef.name"), fact "source.currency")
local function shown(amount) return when(any { absent(fact "target.currency"), eq(theirs, fact "target.currency") }, amount) end

return mapping {
  id = "quickbooks_desktop.Customer->zoho_crm.customer_figures", version = "1.0.0", language = 1,
  title = "What the books say of a customer stands on his account",
  from = { connector = "quickbooks_desktop", entity = "Customer" },
  to   = { connector = "zoho_crm", entity = "Accounts" },
  label = text "figures of {FullName}",

  params = { jobs = params.jobs },
  tables = {
    currencies = shared("currencies").any,
    states = { Inactive = "Closed", Deleted = "Closed", Overdue = "Overdue", Open = "Open", Clear = "Active" },
  },

  accept = {
    { any { absent(src "ParentRef"), not_(rolled), present(link "id") }, else_ = skip("job", "{FullName} is a job; jobs are rolled up into their customers") },
  },
  identity = src "ListID",
  order_by = src "TimeModified",

  needs = {
    account  = ensure { "quickbooks_desktop.Customer->zoho_crm.customer" },
    invoices = query { side = "source", entity = "Invoice", where = { CustomerRef = when(rolled, text "{ListID}:*", src "ListID") } },
  },
  -- What happens to a job, an invoice of its among it, is its customer's affair, level by level.
  again_on = { Customer = when(rolled, src "ParentRef.id"), Invoice = src "CustomerRef.id", ReceivePayment = src "CustomerRef.id", CreditMemo = src "CustomerRef.id" },
  again_at = each(open_ones, add_days(first { item "DueDate", item "TxnDate" }, 1)),

  match = { { by = "link" }, { by = { id = ref "account" } }, on_none = "hold" },

  fields = {
    Books_Status = pick("states", when(eq(src "IsActive", false), "Inactive", when(gt(count(overdue_ones), 0), "Overdue", when(gt(balance, 0), "Open", "Clear")))),
    Books_Balance = shown(balance),
    Books_Open_Invoices = count(open_ones),
    Books_Overdue = shown(money(sum(overdue_ones, "BalanceRemaining"))),
    Books_Last_Invoice = compute { inputs = { days = each("invoices", item "TxnDate") }, result = "date",
      fn = function(v) local last for _, day in ipairs(v.days or {}) do if not last or day > last then last = day end end return last end },
  },
  on_conflict = "ours",     -- these are the books' figures, whoever types into them
  on_delete = { fields = { Books_Status = pick("states", "Deleted") } },

  tests = {
    defaults = { today = "2026-11-20", facts = { source = { currency = "USD" }, target = { currency = "USD" } } },
    { name = "ZOHO-39 state, balance, open and overdue invoices stand on the account",
      given = { ListID = "80000001-1", FullName = "Contoso", Name = "Contoso", IsActive = true, Balance = "95.00", TotalBalance = "95.00" },
      refs = { account = "500001" },
      rows = { invoices = { { TxnDate = "2026-10-01", DueDate = "2026-10-31", BalanceRemaining = "80.00" }, { TxnDate = "2026-09-01", DueDate = "2026-10-01", BalanceRemaining = "0.00" },
                            { TxnDate = "2026-11-15", DueDate = "2026-12-15", BalanceRemaining = "15.00" } } },
      candidates = { id = { { id = "500001", Account_Name = "Contoso" } } }, current = { id = "500001", Account_Name = "Contoso" },
      expect = { action = "update 500001", Books_Status = "Overdue", Books_Balance = "95.00", Books_Open_Invoices = "2", Books_Overdue = "80.00", Books_Last_Invoice = "2026-11-15", again_at = "2026-12-16" } },
    { name = "ZOHO-39 an invoice, a payment and a credit have him looked at again", like = 1, entity = "Invoice", given = { CustomerRef = { id = "80000001-1" } }, expect = { looks_at = { "80000001-1" } } },
    { name = "a payment", like = 2, entity = "ReceivePayment", expect = { looks_at = { "80000001-1" } } },
    { name = "a credit", like = 2, entity = "CreditMemo", expect = { looks_at = { "80000001-1" } } },
    { name = "who owes nothing is active", like = 1, change = { Balance = "0.00", TotalBalance = "0.00" }, rows = { invoices = {} },
      expect = { Books_Status = "Active", Books_Balance = "0.00", Books_Open_Invoices = "0", Books_Overdue = "0.00", again_at = none } },
    { name = "ALL-11 what jobs owe is their customer's: an invoice of a job that is late makes him late", like = 1, change = { Balance = "0.00", TotalBalance = "120.00" },
      rows = { invoices = { { TxnDate = "2026-10-01", DueDate = "2026-10-31", BalanceRemaining = "120.00" } } },
      expect = { Books_Status = "Overdue", Books_Balance = "120.00", Books_Open_Invoices = "1", Books_Overdue = "120.00" } },
    { name = "ALL-11 who stands above a job is looked at when it changes", like = 1, entity = "Customer",
      given = { ListID = "80000007-1", ParentRef = { id = "80000001-1" } }, expect = { state = "skip", cause = "job", looks_at = { "80000001-1" } } },
    { name = "ALL-11 but not where each job has an account of its own", like = "ALL-11 who stands above a job is looked at when it changes", params = { jobs = "own_account" },
      expect = { looks_at = {} } },
    { name = "ZOHO-23 a customer who is made inactive is closed", like = 1, change = { IsActive = false },
      link = { id = "500001", made = "adopted", base = { Books_Status = "Overdue", Books_Balance = "95.00", Books_Open_Invoices = 2, Books_Overdue = "80.00", Books_Last_Invoice = "2026-11-15" } },
      current = { id = "500001", Books_Status = "Overdue", Books_Balance = "95.00", Books_Open_Invoices = 2, Books_Overdue = "80.00", Books_Last_Invoice = "2026-11-15" },
      expect = { action = "update 500001", Books_Status = "Closed", Books_Balance = none } },
    { name = "ZOHO-23 one who is deleted is closed, too, and nothing is deleted", like = "ZOHO-23 a customer who is made inactive is closed", deleted = true, expect = { action = "update 500001", Books_Status = "Closed" } },
    { name = "a day that changes nothing writes nothing", like = "ZOHO-23 a customer who is made inactive is closed", change = { IsActive = true }, expect = { state = "nothing" } },
    { name = "ALL-08 what is owed in euros is not shown as dollars", like = 1, change = { CurrencyRef = { id = "2", name = "Euro" } },
      expect = { Books_Status = "Overdue", Books_Open_Invoices = "2", Books_Balance = none, Books_Overdue = none } },
  },
}
