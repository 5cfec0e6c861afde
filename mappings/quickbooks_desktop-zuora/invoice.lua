-- invoice.lua - a posted invoice in Zuora becomes an invoice in QuickBooks.
--
-- The charges' own amounts are posted, never quantity times price; discounts are negative lines.  A total below zero
-- becomes a credit memo (invoice_credit.lua).  What is balanced to the cent before it is sent is compared with QuickBooks' own sum
-- afterwards.  Payments: payment.lua; what QuickBooks says about it goes back by invoice_figures.lua.

local document = shared "document" { of = "invoice", as = "Invoice" }
local posting = shared "posting" { day = document.day, amount = document.total }

return mapping {
  id = "zuora.invoice->quickbooks_desktop.Invoice", version = "1.0.0", language = 1,
  title = "Invoices become invoices",
  from = { connector = "zuora", entity = "invoice" },
  to   = { connector = "quickbooks_desktop", entity = "Invoice" },
  label = text "invoice {invoiceNumber}",

  params = {
    posting.params, document.params,
    document        = { type = "one_of", values = { "invoice", "sales_receipt" }, default = "invoice", help = "what an invoice becomes: an invoice with its payments, or a sales receipt when it is paid" },
    zero_invoices   = { type = "one_of", values = { "skip", "post" }, default = "skip", help = "invoices that come to nothing" },
    terms           = { type = "table", of = "Terms", default = {}, help = "by payment term in Zuora: the terms in QuickBooks; the due date is Zuora's in any case" },
    to_be_printed   = { type = "bool", default = false },
    to_be_emailed   = { type = "bool", default = false },
  },

  enabled = eq(param "document", "invoice"),

  requires = document.requires,
  money = posting.money,

  accept = {
    { any { eq(src "status", "Posted"), present(link "id") }, else_ = skip("not_posted", "invoice {invoiceNumber} is {status}") },
    { any { ge(src "amount", 0), present(link "id") }, else_ = skip("negative", "invoice {invoiceNumber} comes to {amount}: a credit memo") },
    { any { ne(src "amount", 0), eq(param "zero_invoices", "post"), present(link "id") }, else_ = skip("zero", "invoice {invoiceNumber} comes to nothing") },
    document.tax_is_in_use,
  },

  identity = src "id",
  order_by = src "updatedDate",

  match = {
    { by = "link" },
    document.by_number,
    on_none = "create",
    on_many = review("number_twice:{param.doc_prefix}{invoiceNumber}", "QuickBooks has several invoices of this number that could be invoice {invoiceNumber}"),
  },

  needs = { document.needs, posting.needs },

  fields = {
    CustomerRef  = ref "customer",
    ClassRef     = param "class",
    ARAccountRef = posting.receivable,
    TxnDate      = posting.books_day,
    RefNumber    = document.number,
    TermsRef     = when(present(src "paymentTerm"), pick(param "terms", src "paymentTerm", clear)),
    DueDate      = src "dueDate",
    ItemSalesTaxRef = document.tax_item,
    -- The whole number, by which invoice_figures.lua finds the way back.
    Memo         = transliterate(text "Zuora invoice {invoiceNumber}"),
    IsToBePrinted = param "to_be_printed",
    IsToBeEmailed = param "to_be_emailed",
    CustomerSalesTaxCodeRef = document.customer_tax_code,
    ExchangeRate = posting.exchange_rate,
    InvoiceLine = document.lines,
  },

  balance = document.balance,
  expect = document.expect,

  owns = { "CustomerRef", "Memo", "DueDate", "InvoiceLine", "ItemSalesTaxRef", adopted = "none" },
  on_update = {
    -- Payments, credits and our own figures move an invoice in Zuora and touch nothing here.
    fields = { "CustomerRef", "InvoiceLine", "ItemSalesTaxRef", "DueDate" },
    unless = any { gt(count(current "LinkedTxn"), 0), le(current "TxnDate", lock_date()) },
    else_  = review("posted_changed", "invoice {invoiceNumber} changed after it was posted and paid, credited, or closed in QuickBooks"),
    gone   = all { eq(current "Subtotal", "0"), starts(current "Memo", "VOID:") },
  },
  -- A reversed invoice stays: its credit memo takes it back (credit_memo.lua).
  on_delete = {
    when = all { present(link "id"), one_of(src "status", { "Canceled", "Draft", "Error" }) },
    void_if = all { eq(current "AppliedAmount", 0), eq(count(current "LinkedTxn"), 0), not_(le(current "TxnDate", lock_date())) },
    else_ = review("deleted_after_post", "invoice {invoiceNumber} is {status} in Zuora; in QuickBooks it is paid, credited or closed"),
    limit_per_hour = 20,
  },

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off", sales_tax = "on" } },
      params = { tax_items = { CA = "CA State", none = "Out of State" }, items = { ["Subscription Revenue"] = "Subscription" } },
      refs = { customer = "80-1", item = { Subscription = { id = "50-1", SalesTaxCodeRef = { name = "Tax" } }, ["SKU-9"] = { id = "50-2", SalesTaxCodeRef = { name = "Non" } } }, tax_item = { ["CA State"] = { id = "60-1", TaxRate = "8.25" }, ["Out of State"] = { id = "60-2", TaxRate = "0" } } } },
    { name = "ZUO-04 ZUO-31 a posted invoice becomes one, with the charges' own amounts and the tax as QuickBooks computes it",
      given = { id = "8ad5", invoiceNumber = "INV00000255", accountId = "8ad0", status = "Posted", currency = "USD", invoiceDate = "2026-11-03", dueDate = "2026-12-03", amount = "107.25", taxAmount = "8.25", updatedDate = "2026-11-03T01:42:47-08:00",
        invoiceItems = {
          { id = "1", chargeName = "Monthly fee", accountingCode = "Subscription Revenue", chargeAmount = "100.00", quantity = "3", unitPrice = "33.35", taxAmount = "8.25", serviceStartDate = "2026-11-01", serviceEndDate = "2026-11-30", taxationItems = { { taxCode = "CA", taxAmount = "8.25" } } },
          { id = "2", chargeName = "Goodwill", sKU = "SKU-9", chargeAmount = "-1.00", quantity = "0", taxAmount = "0", taxationItems = {} } } },
      expect = { action = "create", CustomerRef = "80-1", TxnDate = "2026-11-03", DueDate = "2026-12-03", RefNumber = "INV00000255", Memo = "Zuora invoice INV00000255", ItemSalesTaxRef = "60-1", total = "107.25", lines = 2,
        InvoiceLine = { { ItemRef = "50-1", Amount = "100.00", Quantity = "3", SalesTaxCodeRef = "Tax", Desc = "Monthly fee, 2026-11-01 to 2026-11-30" }, { ItemRef = "50-2", Amount = "-1.00", Quantity = none, SalesTaxCodeRef = "Non" } } } },
    { name = "ZUO-31 a draft is none yet", like = 1, change = { status = "Draft" }, expect = { state = "skip", cause = "not_posted" } },
    { name = "ZUO-31 a total below zero is a credit memo", like = 1, change = { amount = "-5.00" }, expect = { state = "skip", cause = "negative" } },
    { name = "ZUO-31 nothing at all is left out", like = 1, change = { amount = "0", taxAmount = "0", ["invoiceItems"] = {} }, expect = { state = "skip", cause = "zero" } },
    { name = "ZUO-31 a charge without an item of its own waits for a person", like = 1, refs = { customer = "80-1", item = { ["SKU-9"] = "50-2" }, tax_item = { ["CA State"] = { id = "60-1", TaxRate = "8.25" } } },
      expect = { state = "review", cause = "unknown_item:Subscription Revenue" } },
    { name = "ZUO-31 tax as lines of its own, as Zuora charged it", like = 1, params = { tax = "line", items = { ["Subscription Revenue"] = "Subscription" }, zero_tax_item = "Zero", tax_line_items = { CA = "CA Tax Payable" } },
      expect = { ItemSalesTaxRef = "Zero", lines = 3, total = "107.25", InvoiceLine = { { SalesTaxCodeRef = "Non" }, { SalesTaxCodeRef = "Non" }, { ItemRef = "CA Tax Payable", Amount = "8.25", SalesTaxCodeRef = "Non" } } } },
    { name = "ZUO-31 tax codes that nobody has named wait", like = 1, params = { tax_items = { none = "Out of State" } }, expect = { state = "hold", cause = "unknown_tax_items:CA" } },
    { name = "ZUO-31 tax that QuickBooks would compute otherwise is held", like = 1, refs = { customer = "80-1", item = { Subscription = "50-1", ["SKU-9"] = "50-2" }, tax_item = { ["CA State"] = { id = "60-1", TaxRate = "9" } } },
      expect = { state = "hold", cause = "out_of_balance" } },
    { name = "ZUO-31 a cent is a line of its own", like = 1, change = { amount = "107.26" }, expect = { lines = 3, total = "107.26", InvoiceLine = { {}, {}, { ItemRef = "Rounding", Amount = "0.01" } } } },
    { name = "ZUO-34 a number that is too long is held", like = 1, change = { invoiceNumber = "EMEA-INV00000255" }, expect = { state = "hold" } },
    { name = "ZUO-34 or keeps its last digits, the whole in the memo", like = 1, change = { invoiceNumber = "EMEA-INV00000255" }, params = { number_too_long = "last_digits", items = { ["Subscription Revenue"] = "Subscription" }, tax_items = { CA = "CA State" } },
      expect = { RefNumber = "INV00000255", Memo = "Zuora invoice EMEA-INV00000255" } },
    { name = "ZUO-05 without its customer nothing is posted", like = 1, refs = { item = { Subscription = "50-1", ["SKU-9"] = "50-2" }, tax_item = { ["CA State"] = { id = "60-1", TaxRate = "8.25" } } }, expect = { state = "hold", cause = "needs_customer" } },
    { name = "an invoice typed by hand is this one when number, customer, total and date agree", like = 1, candidates = { RefNumber = { { id = "1A-1", CustomerRef = { id = "80-1" }, Subtotal = "99.00", SalesTaxTotal = "8.25", TxnDate = "2026-11-04" } } },
      current = { id = "1A-1", Memo = "typed" }, expect = { state = "nothing", match = "RefNumber" } },
    { name = "a number that another document has is never used twice", like = 1, candidates = { RefNumber = { { id = "1A-1", CustomerRef = { id = "80-7" }, Subtotal = "99.00", SalesTaxTotal = "8.25", TxnDate = "2026-11-04" } } },
      expect = { state = "review", cause = "number_taken:INV00000255" } },
    { name = "ALL-08 a currency that does not match is held before anything is written", like = 1, change = { currency = "EUR" }, expect = { state = "hold", cause = "currency" } },
    { name = "ALL-08 nor is it written for a customer who is kept in dollars", like = 1, change = { currency = "EUR" }, facts = { target = { multicurrency = "on", sales_tax = "on" } },
      refs = { customer = "80-1", item = { Subscription = { id = "50-1", SalesTaxCodeRef = { name = "Tax" } }, ["SKU-9"] = { id = "50-2", SalesTaxCodeRef = { name = "Non" } } },
        tax_item = { ["CA State"] = { id = "60-1", TaxRate = "8.25" } }, buyer = { id = "80-1", CurrencyRef = { id = "1", name = "US Dollar" } } }, expect = { state = "hold", cause = "currency" } },
    { name = "ALL-08 for one who is kept in euros it goes on the euros' receivables, at the tenant's rate", like = 1, change = { currency = "EUR" }, facts = { target = { multicurrency = "on", sales_tax = "on" } },
      params = { tax_items = { CA = "CA State" }, items = { ["Subscription Revenue"] = "Subscription" }, receivables = { EUR = "Accounts Receivable - EUR" }, exchange_rates = { EUR = "1.15" } }, refs = { customer = "80-1", item = { Subscription = { id = "50-1", SalesTaxCodeRef = { name = "Tax" } }, ["SKU-9"] = { id = "50-2", SalesTaxCodeRef = { name = "Non" } } },
        tax_item = { ["CA State"] = { id = "60-1", TaxRate = "8.25" } }, buyer = { id = "80-1", CurrencyRef = { id = "2", name = "Euro" } } },
      expect = { action = "create", ARAccountRef = "Accounts Receivable - EUR", ExchangeRate = "1.15" } },
    { name = "ALL-09 an invoice of before the start is not ours", like = 1, start = "2026-11-04", expect = { state = "skip", cause = "before_start" } },
    { name = "ALL-10 an invoice of a closed month waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "ZUO-10 its payment and our own figures touch nothing", like = 1, change = { updatedDate = "2026-11-09T01:42:47-08:00", balance = "0", QBStatus__c = "paid" },
      link = { id = "1A-9", made = "created", base = { CustomerRef = { id = "80-1" }, Memo = "Zuora invoice INV00000255", DueDate = "2026-12-03", ItemSalesTaxRef = { id = "60-1" }, InvoiceLine = {
        { ItemRef = { id = "50-1" }, Desc = "Monthly fee, 2026-11-01 to 2026-11-30", Quantity = "3", Amount = "100.00", SalesTaxCodeRef = { name = "Tax" } },
        { ItemRef = { id = "50-2" }, Desc = "Goodwill", Amount = "-1.00", SalesTaxCodeRef = { name = "Non" } } } } },
      expect = { state = "nothing" } },
    { name = "ZUO-32 an invoice that was cancelled after all is voided while it is open", like = 1, change = { status = "Canceled" }, link = { id = "1A-9", base = {} }, current = { id = "1A-9", AppliedAmount = "0", LinkedTxn = {}, TxnDate = "2026-11-03" },
      expect = { action = "void 1A-9" } },
    { name = "ZUO-32 and asked about when money lies on it", like = 1, change = { status = "Canceled" }, link = { id = "1A-9", base = {} }, current = { id = "1A-9", AppliedAmount = "-5.00", LinkedTxn = { { TxnID = "1B-1" } }, TxnDate = "2026-11-03" },
      expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ALL-13 one that somebody voided in QuickBooks is not posted again", like = 1, change = { dueDate = "2026-12-24" }, link = { id = "1A-9", made = "created", base = { DueDate = "2026-12-03" } },
      current = { id = "1A-9", Subtotal = "0", Memo = "VOID: Zuora invoice INV00000255" }, expect = { state = "review", cause = "gone_in_target" } },
    { name = "ZUO-32 a cancelled invoice is asked about when something is applied to it", like = 1, change = { status = "Canceled" }, link = { id = "1A-9", base = {} }, current = { id = "1A-9", AppliedAmount = "-5.00", LinkedTxn = {}, TxnDate = "2026-11-03" },
      expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ZUO-32 or when only something in QuickBooks names it", like = 1, change = { status = "Canceled" }, link = { id = "1A-9", base = {} }, current = { id = "1A-9", AppliedAmount = "0", LinkedTxn = { { TxnID = "1B-1" } }, TxnDate = "2026-11-03" },
      expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ALL-10 nor is a cancelled invoice voided behind the lock date", like = 1, change = { status = "Canceled" }, locked_until = "2026-11-30", link = { id = "1A-9", base = {} }, current = { id = "1A-9", AppliedAmount = "0", LinkedTxn = {}, TxnDate = "2026-11-03" },
      expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ZUO-31 a due date that moves is written while the invoice is open", like = 1, change = { dueDate = "2026-12-24" }, link = { id = "1A-9", made = "created", base = { DueDate = "2026-12-03" } },
      current = { id = "1A-9", Subtotal = "99.00", DueDate = "2026-12-03", LinkedTxn = {}, TxnDate = "2026-11-03", Memo = "Zuora invoice INV00000255" }, expect = { action = "update 1A-9", DueDate = "2026-12-24" } },
    { name = "ZUO-31 and asked about when something is paid on it", like = 1, change = { dueDate = "2026-12-24" }, link = { id = "1A-9", made = "created", base = { DueDate = "2026-12-03" } },
      current = { id = "1A-9", Subtotal = "99.00", DueDate = "2026-12-03", LinkedTxn = { { TxnID = "1B-1" } }, TxnDate = "2026-11-03" }, expect = { state = "review", cause = "posted_changed" } },
    { name = "ALL-10 and when it is of a closed month", like = 1, change = { dueDate = "2026-12-24" }, locked_until = "2026-11-30", link = { id = "1A-9", made = "created", base = { DueDate = "2026-12-03" } },
      current = { id = "1A-9", Subtotal = "99.00", DueDate = "2026-12-03", LinkedTxn = {}, TxnDate = "2026-11-03" }, expect = { state = "review", cause = "posted_changed" } },
    { name = "a number that an invoice of another total has is taken", like = 1, candidates = { RefNumber = { { id = "1A-1", CustomerRef = { id = "80-1" }, Subtotal = "98.00", SalesTaxTotal = "8.25", TxnDate = "2026-11-04" } } },
      expect = { state = "review", cause = "number_taken:INV00000255" } },
    { name = "a number that an invoice of another year has is taken", like = 1, candidates = { RefNumber = { { id = "1A-1", CustomerRef = { id = "80-1" }, Subtotal = "99.00", SalesTaxTotal = "8.25", TxnDate = "2025-11-04" } } },
      expect = { state = "review", cause = "number_taken:INV00000255" } },
    { name = "ZUO-31 where sales tax is not in use, tax is not dropped but held", like = 1, params = { tax = "off", items = { ["Subscription Revenue"] = "Subscription" } }, facts = { target = { multicurrency = "off", sales_tax = "off" } }, expect = { state = "hold", cause = "tax_unexpected" } },
  },
}
