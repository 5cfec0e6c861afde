-- invoice.lua - an invoice becomes a deal that is won, with its account, its contact and its lines.
--
-- A product that is linked to a deal carries neither quantity nor price in Zoho: the lines stand in the subform Invoice_Lines
-- of the deal (sales tax as a line of its own, so that they add up to the total), and the products are linked besides by
-- invoice_products.lua.

local params = shared "params"
local invoice = shared "lines"
local total, amount_here = invoice.total, invoice.amount_here
local state = when(invoice.voided, "Void", when(eq(src "IsPaid", true), "Paid", when(lt(first { src "DueDate", src "TxnDate" }, today()), "Overdue", "Open")))
local currency = when(present(src "CurrencyRef.name"), pick("currencies", src "CurrencyRef.name"), fact "source.currency")
-- Whose account: the customer's or job's own, or that of the customer at the top.
local rolled = eq(param "jobs", "roll_up")
local top_name = compute { inputs = { full = src "CustomerRef.name" }, result = "string", fn = function(v) return (v.full or ""):match("^[^:]*") end }
local whose = when(rolled, need "top.id", src "CustomerRef.id")

return mapping {
  id = "quickbooks_desktop.Invoice->zoho_crm.invoice", version = "1.0.0", language = 1,
  title = "Invoices become deals",
  from = { connector = "quickbooks_desktop", entity = "Invoice" },
  to   = { connector = "zoho_crm", entity = "Deals" },
  label = text "invoice {RefNumber}",

  params = {
    books = params.books, jobs = params.jobs, contacts = params.contacts,
    lines    = { type = "one_of", values = { "subform", "none" }, default = "subform", help = "subform: each line with quantity and price in the deal's subform Invoice_Lines; none: products are linked only" },
    pipeline = { type = "string", max = 120, help = "the pipeline of deals that are invoices, where Zoho has several" },
  },
  tables = {
    stages = { Open = "Closed Won", Overdue = "Closed Won", Paid = "Closed Won", Void = "Closed Lost", Deleted = "Closed Lost" },
    currencies = shared("currencies").known,
  },

  money = { amount = total, currency = currency, date = src "TxnDate", must_be = fact "target.currency" },
  accept = {
    { ne(src "IsPending", true), else_ = skip("draft", "invoice {RefNumber} is pending: a draft") },
    { present(fact "target.currency"), else_ = hold { cause = "not_known_yet", why = "in which currency Zoho keeps its deals is not known yet", fix = "nothing: it goes on when Zoho has told it; mlc ping shows what it answers" } },
  },
  identity = src "TxnID",
  order_by = src "TimeModified",

  needs = {
    invoice.needs,
    top      = find { side = "source", entity = "Customer", by = { FullName = top_name }, if_ = rolled },
    customer = fetch { side = "source", entity = "Customer", id = whose, take = { "LastName" }, if_ = eq(param "contacts", true) },
    account  = ensure { "quickbooks_desktop.Customer->zoho_crm.customer", of = { entity = "Customer", id = whose } },
    contact  = ensure { "quickbooks_desktop.Customer->zoho_crm.contact", of = { entity = "Customer", id = whose }, if_ = all { eq(param "contacts", true), rolled, present(need "customer.LastName") } },
  },
  -- A payment or a credit need not touch the invoice itself.
  again_on = { ReceivePayment = each("AppliedToTxn", item "TxnID.id"), CreditMemo = each("LinkedTxn", item "TxnID") },
  again_at = when(eq(state, "Open"), add_days(first { src "DueDate", src "TxnDate" }, 1)),

  match = { { by = "link" }, { by = { External_Id = text "{param.books}-{TxnID}" } }, on_none = "create" },

  fields = {
    Deal_Name = trim { text "Invoice {RefNumber} {CustomerRef.name}", max = 120, on_overflow = "truncate" },
    Stage = pick("stages", state),
    Pipeline = param "pipeline",
    Closing_Date = src "TxnDate",
    Amount = total,
    Account_Name = ref "account",
    Contact_Name = ref "contact",
    Description = trim { src "Memo", max = 32000, on_overflow = "truncate" },
    External_Id = text "{param.books}-{TxnID}",
    Books_Number = src "RefNumber", Books_Status = state, Books_Balance = money(first { src "BalanceRemaining", "0" }),
    Invoice_Lines = when(eq(param "lines", "subform"), lines {
      each("InvoiceLine", { if_ = invoice.counts, Product = ref "product",
        Line_Description = trim { first { item "Desc", item "ItemRef.name", item "ItemGroupRef.name" }, max = 2000, on_overflow = "truncate" },
        Quantity = first { item "Quantity", "1" }, Rate = first { item "Rate", money(amount_here) }, Amount = money(amount_here) }),
      one { if_ = ne(money(src "SalesTaxTotal"), "0.00"), Line_Description = text "Sales tax {ItemSalesTaxRef.name}", Quantity = "1",
        Rate = money(src "SalesTaxTotal"), Amount = money(src "SalesTaxTotal") },
    }),
  },
  balance = { left = when(eq(param "lines", "subform"), sum("Invoice_Lines", "Amount"), total), right = total,
              otherwise = hold("lines_differ", "the lines of invoice {RefNumber} do not add up to its total") },
  -- An invoice is the books': a deal that says otherwise is set right, and an invoice is never changed from the CRM.
  on_conflict = "ours",
  on_delete = { fields = { Stage = pick("stages", "Deleted"), Books_Status = "Deleted", Books_Balance = "0.00" } },

  tests = {
    defaults = { today = "2026-11-20", start = "2026-01-01", facts = { source = { currency = "USD" }, target = { currency = "USD" } } },
    { name = "ZOHO-02 ZOHO-21 ZOHO-28 ZOHO-35 an invoice is a won deal with account, contact, and every line with quantity, price and total",
      given = { TxnID = "1A-1", EditSequence = "1", TimeModified = "2026-11-20T08:00:00-08:00", RefNumber = "1007", CustomerRef = { id = "80000001-1", name = "Contoso" }, TxnDate = "2026-11-10",
        DueDate = "2026-12-10", Subtotal = "47.00", SalesTaxTotal = "3.41", AppliedAmount = "0.00", BalanceRemaining = "50.41", IsPaid = false, Memo = "Thanks",
        ItemSalesTaxRef = { id = "70000009-1", name = "CA State" },
        InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1", name = "Mug" }, Desc = "Mugs, white", Quantity = "4", Rate = "12.50", Amount = "50.00" },
                        { TxnLineID = "1C-1", Desc = "Thank you" },
                        { TxnLineID = "1D-1", ItemRef = { id = "70000002-1", name = "Discount" }, Amount = "-3.00" } } },
      refs = { top = "80000001-1", customer = { id = "80000001-1", LastName = "Byron" }, account = "500001", contact = "600001", product = { ["70000001-1"] = "700001", ["70000002-1"] = "700002" } },
      expect = { action = "create", Deal_Name = "Invoice 1007 Contoso", Stage = "Closed Won", Closing_Date = "2026-11-10", Amount = "50.41", Account_Name = "500001", Contact_Name = "600001",
        External_Id = "QB-1A-1", Books_Number = "1007", Books_Status = "Open", Books_Balance = "50.41", Description = "Thanks", Pipeline = none, total = "50.41", again_at = "2026-12-11",
        Invoice_Lines = { { Product = "700001", Line_Description = "Mugs, white", Quantity = "4", Rate = "12.50", Amount = "50.00" },
          { Product = "700002", Line_Description = "Discount", Quantity = "1", Rate = "-3.00", Amount = "-3.00" },
          { Product = none, Line_Description = "Sales tax CA State", Quantity = "1", Rate = "3.41", Amount = "3.41" } } } },
    { name = "ZOHO-21 a customer who names no person has a deal without a contact", like = 1,
      refs = { top = "80000001-1", customer = "80000001-1", account = "500001", product = { ["70000001-1"] = "700001", ["70000002-1"] = "700002" } }, expect = { action = "create", Contact_Name = none } },
    { name = "a tenant without contacts has deals without them", like = 1, params = { contacts = false }, expect = { action = "create", Contact_Name = none } },
    { name = "ALL-11 an invoice of a job is its customer's", like = 1, change = { CustomerRef = { id = "80000002-1", name = "Contoso:Kitchen:Sink" } }, expect = { Account_Name = "500001", Contact_Name = "600001" } },
    { name = "ZOHO-28 without a subform products are linked only", like = 1, params = { lines = "none" }, expect = { Invoice_Lines = none, Amount = "50.41" } },
    { name = "ZOHO-39 what is past due is overdue", like = 1, today = "2026-12-11", expect = { Books_Status = "Overdue", again_at = none } },
    { name = "ZOHO-39 what is paid is paid", like = 1, change = { IsPaid = true, AppliedAmount = "-50.41", BalanceRemaining = "0.00" }, expect = { Books_Status = "Paid", Books_Balance = "0.00", Stage = "Closed Won" } },
    { name = "ZOHO-39 a payment has its invoices looked at again", like = 1, entity = "ReceivePayment", given = { AppliedToTxn = { { TxnID = { id = "1A-1" } } } }, expect = { looks_at = { "1A-1" } } },
    { name = "a tenant has stages of its own", like = 1, params = { pipeline = "Invoices" }, expect = { Pipeline = "Invoices" } },
    { name = "a draft stays out", like = 1, change = { IsPending = true }, expect = { state = "skip", cause = "draft" } },
    { name = "ALL-08 an invoice in euros is not shown as dollars", like = 1, change = { CurrencyRef = { name = "Euro" } }, expect = { state = "hold", cause = "currency" } },
    { name = "ALL-08 nor is one in a currency that nobody has named", like = 1, change = { CurrencyRef = { name = "Zloty" } }, expect = { state = "hold", cause = "currency" } },
    { name = "ALL-08 nor is anything before the organisation's own currency is known", like = 1, facts = { source = { currency = "USD" }, target = {} }, expect = { state = "hold", cause = "not_known_yet" } },
    { name = "ALL-09 older ones are left alone", like = 1, change = { TxnDate = "2025-12-31" }, expect = { state = "skip", cause = "before_start" } },
    { name = "a subtotal shows a sum of others and is no line", like = 1,
      change = { InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1" }, Quantity = "4", Amount = "47.00" }, { TxnLineID = "1E-1", ItemRef = { id = "70000005-1" }, Amount = "47.00" } } },
      refs = { top = "80000001-1", customer = "80000001-1", account = "500001", product = { ["70000001-1"] = "700001" },
        kind = { ["70000001-1"] = { id = "70000001-1", ItemType = "ItemService" }, ["70000005-1"] = { id = "70000005-1", ItemType = "ItemSubtotal" } } },
      expect = { lines = 2, total = "50.41" } },
    { name = "lines that do not add up are not shown as if they did", like = 1, change = { Subtotal = "48.00" },
      refs = { top = "80000001-1", customer = "80000001-1", account = "500001", product = { ["70000001-1"] = "700001", ["70000002-1"] = "700002" },
        kind = { ["70000001-1"] = { id = "70000001-1", ItemType = "ItemService" }, ["70000002-1"] = { id = "70000002-1", ItemType = "ItemDiscount" } } },
      expect = { state = "hold", cause = "lines_differ" } },
    { name = "ZOHO-34 ZOHO-30 ZOHO-22 a changed amount changes the deal that is there", like = 1, change = { EditSequence = "2", Subtotal = "60.00", BalanceRemaining = "63.41",
        InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1" }, Quantity = "4", Amount = "60.00" } } },
      link = { id = "800001", base = { Deal_Name = "Invoice 1007 Contoso", Stage = "Closed Won", Amount = "50.41", Books_Balance = "50.41" } },
      current = { id = "800001", Deal_Name = "Invoice 1007 Contoso", Stage = "Closed Won", Amount = "50.41", Books_Balance = "50.41" },
      expect = { action = "update 800001", Amount = "63.41", Books_Balance = "63.41", Stage = none, total = "63.41" } },
    { name = "ALL-14 a deal that bears its id is this invoice's", like = 1, candidates = { External_Id = { { id = "800001" } } }, current = { id = "800001", Deal_Name = "Renamed" }, expect = { action = "update 800001" } },
    { name = "ZOHO-23 a deleted invoice is closed, not deleted", like = 1, deleted = true, link = { id = "800001", base = { Stage = "Closed Won", Books_Status = "Open", Books_Balance = "50.41" } },
      current = { id = "800001", Stage = "Closed Won", Books_Status = "Open", Books_Balance = "50.41" },
      expect = { action = "update 800001", Stage = "Closed Lost", Books_Status = "Deleted", Books_Balance = "0.00" } },
    { name = "ZOHO-23 a voided one, too, with its subtotal of nothing", like = 1,
      change = { Memo = "VOID: mistake", Subtotal = "0.00", SalesTaxTotal = "0.00", BalanceRemaining = "0.00", IsPaid = true, InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1" }, Quantity = "0", Amount = "0.00" }, { TxnLineID = "1E-1", ItemRef = { id = "70000005-1" }, Amount = "0.00" } } },
      refs = { top = "80000001-1", customer = "80000001-1", account = "500001", product = { ["70000001-1"] = "700001" },
        kind = { ["70000001-1"] = { id = "70000001-1", ItemType = "ItemService" }, ["70000005-1"] = { id = "70000005-1", ItemType = "ItemSubtotal" } } },
      link = { id = "800001", base = { Stage = "Closed Won" } }, current = { id = "800001", Stage = "Closed Won" },
      expect = { action = "update 800001", Stage = "Closed Lost", Books_Status = "Void", Amount = "0.00" } },
    { name = "ALL-13 a deal that a person deleted is not made again by the next change", like = "ZOHO-34 ZOHO-30 ZOHO-22 a changed amount changes the deal that is there", current = none, expect = { state = "review", cause = "gone_in_target" } },
  },
}
