-- sales_receipt.lua - a paid invoice in Zuora becomes a sales receipt in QuickBooks, where the tenant wants receipts.
--
-- Stands in for invoice.lua and payment.lua when `document` is sales_receipt: posted once, when nothing of the invoice is open any
-- more, into the account that the tenant has named.  What a credit or an adjustment settled is no money there: a person is asked; so is
-- one whose money went back.

local document = shared "document" { of = "invoice", as = "SalesReceipt" }
local posting = shared "posting" { day = document.day, amount = document.total }

return mapping {
  id = "zuora.invoice->quickbooks_desktop.SalesReceipt", version = "1.0.0", language = 1,
  title = "Paid invoices become sales receipts",
  from = { connector = "zuora", entity = "invoice" },
  to   = { connector = "quickbooks_desktop", entity = "SalesReceipt" },
  label = text "paid invoice {invoiceNumber}",

  params = {
    posting.params, document.params,
    document        = { type = "one_of", values = { "invoice", "sales_receipt" }, default = "invoice", help = "see invoice.lua" },
    receipt_deposit_to = { type = "name", of = "Account", required = eq(param "document", "sales_receipt"), help = "the account that the money of sales receipts goes to" },
    receipt_method  = { type = "name", of = "PaymentMethod", help = "the payment method of sales receipts" },
  },

  enabled = eq(param "document", "sales_receipt"),

  requires = document.requires,
  money = posting.money,

  accept = {
    { any { eq(src "status", "Posted"), present(link "id") }, else_ = skip("not_posted", "invoice {invoiceNumber} is {status}") },
    { any { gt(src "amount", 0), present(link "id") }, else_ = skip("nothing_sold", "invoice {invoiceNumber} comes to {amount}") },
    { any { eq(src "balance", 0), present(link "id") }, else_ = skip("not_paid", "of invoice {invoiceNumber} {balance} are open") },
    { any { all { eq(first { src "creditMemoAmount", 0 }, 0), eq(first { src "adjustmentAmount", 0 }, 0) }, present(link "id") }, else_ = review { cause = "paid_by_credit",
      why = "invoice {invoiceNumber} is not paid by money alone: credit memos {creditMemoAmount}, adjustments {adjustmentAmount}; enter it in QuickBooks by hand", options = { "skip" } } },
    document.tax_is_in_use,
  },

  identity = src "id",
  order_by = src "updatedDate",

  match = { { by = "link" }, document.by_number, on_none = "create" },
  needs = { document.needs, posting.needs },

  fields = {
    CustomerRef  = ref "customer",
    ClassRef     = param "class",
    TxnDate      = posting.books_day,
    RefNumber    = document.number,
    PaymentMethodRef = param "receipt_method",
    ItemSalesTaxRef = document.tax_item,
    Memo         = transliterate(text "Zuora invoice {invoiceNumber}"),
    CustomerSalesTaxCodeRef = document.customer_tax_code,
    DepositToAccountRef = param "receipt_deposit_to",
    ExchangeRate = posting.exchange_rate,
    SalesReceiptLine = document.lines,
  },

  balance = document.balance,
  expect = document.expect,

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = {
    when = all { present(link "id"), any { one_of(src "status", { "Canceled", "Draft", "Error" }), ne(src "balance", 0) } },
    void_if = all { one_of(src "status", { "Canceled", "Draft", "Error" }), not_(le(current "TxnDate", lock_date())) },
    else_ = review("paid_no_more", "invoice {invoiceNumber} is {status} in Zuora and {balance} of it are open; in QuickBooks it is a sales receipt: take its money back by hand there"),
    limit_per_hour = 20,
  },

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off", sales_tax = "on" } },
      params = { document = "sales_receipt", receipt_deposit_to = "Checking", tax_items = { CA = "CA State", none = "Out of State" } },
      refs = { customer = "80-1", item = { ["Monthly fee"] = { id = "50-1", SalesTaxCodeRef = { name = "Tax" } } }, tax_item = { ["CA State"] = { id = "60-1", TaxRate = "8.25" }, ["Out of State"] = { id = "60-2", TaxRate = "0" } } } },
    { name = "ZUO-04 an invoice that is paid becomes a sales receipt, where the tenant wants that",
      given = { id = "8ad5", invoiceNumber = "INV00000255", accountId = "8ad0", status = "Posted", currency = "USD", invoiceDate = "2026-11-03", amount = "108.25", taxAmount = "8.25", balance = "0", updatedDate = "2026-11-03T01:42:47-08:00",
        invoiceItems = { { id = "1", chargeName = "Monthly fee", chargeAmount = "100.00", quantity = "1", taxAmount = "8.25", taxationItems = { { taxCode = "CA" } } } } },
      expect = { action = "create", CustomerRef = "80-1", DepositToAccountRef = "Checking", RefNumber = "INV00000255", total = "108.25", lines = 1 } },
    { name = "ZUO-04 not before it is paid", like = 1, change = { balance = "8.25" }, expect = { state = "skip", cause = "not_paid" } },
    { name = "ALL-10 of a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "what a credit memo paid is no money", like = 1, change = { creditMemoAmount = "8.25", paymentAmount = "100.00" }, expect = { state = "review", cause = "paid_by_credit" } },
    { name = "nor what an adjustment took off", like = 1, change = { creditMemoAmount = "0", adjustmentAmount = "8.25" }, expect = { state = "review", cause = "paid_by_credit" } },
    { name = "ZUO-33 one whose money went back is asked about", like = 1, change = { balance = "3.00" }, link = { id = "1F-1", base = { Memo = "Zuora invoice INV00000255" } }, current = { id = "1F-1", TxnDate = "2026-11-03" },
      expect = { state = "review", cause = "paid_no_more" } },
    { name = "cancelled after all, it is voided", like = 1, change = { status = "Canceled" }, link = { id = "1F-1", base = {} }, current = { id = "1F-1", TxnDate = "2026-11-03" }, expect = { action = "void 1F-1" } },
    { name = "written once", like = 1, change = { comments = "thank you" }, link = { id = "1F-1", base = { Memo = "Zuora invoice INV00000255" } }, expect = { state = "nothing" } },
  },
}
