-- invoice_figures.lua - what QuickBooks says of an invoice goes back to Zuora: number, dates, status and balance.
--
-- Zuora owns its invoices: nothing is made there, and nothing but our own fields (QBTxnID__c and so on) is written.  The way back is the
-- whole number in the memo that invoice.lua wrote.

local plain = replace(src "Memo", "VOID: ", "")
local is_ours = starts(plain, "Zuora invoice ")
local is_void = starts(src "Memo", "VOID:")
local number = when(is_ours, trim { replace(plain, "Zuora invoice ", ""), max = 255, on_overflow = "truncate" })

return mapping {
  id = "quickbooks_desktop.Invoice->zuora.invoice", version = "1.0.0", language = 1,
  title = "Number, status and balance in QuickBooks go back to the invoice",
  from = { connector = "quickbooks_desktop", entity = "Invoice" },
  to   = { connector = "zuora", entity = "invoice" },
  label = text "invoice {RefNumber}",

  params = {
    write_back = { type = "bool", default = true, help = "write number, dates, status and balance of QuickBooks into the fields QB...__c of Zuora's invoices; the tenant has to have them" },
  },

  enabled = param "write_back",
  hears_own = true,

  accept = { { is_ours, else_ = skip("not_from_zuora", "invoice {RefNumber} did not come from Zuora") } },

  identity = src "TxnID",
  order_by = src "EditSequence",

  match = {
    { by = "link" },
    { by = { invoiceNumber = number } },
    on_none = skip("not_in_zuora", "Zuora has no invoice of the number in the memo of {RefNumber}"),
    on_many = review("number_twice:{RefNumber}", "Zuora has several invoices of the number in the memo of {RefNumber}"),
  },

  fields = {
    QBTxnID__c   = src "TxnID",
    QBNumber__c  = src "RefNumber",
    QBDate__c    = src "TxnDate",
    QBDueDate__c = src "DueDate",
    QBStatus__c  = when(is_void, "void", when(eq(src "IsPaid", true), "paid", when(ne(first { src "AppliedAmount", 0 }, 0), "partly paid", "open"))),
    QBBalance__c = money(src "BalanceRemaining"),
  },

  owns = { "QBTxnID__c", "QBNumber__c", "QBDate__c", "QBDueDate__c", "QBStatus__c", "QBBalance__c" },
  on_conflict = "ours",
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-11-21" },
    { name = "ZUO-10 number, dates, status and balance go back to the invoice in Zuora",
      given = { TxnID = "1A-9", EditSequence = "1795219800", RefNumber = "INV00000255", TxnDate = "2026-11-03", DueDate = "2026-12-03", Memo = "Zuora invoice EMEA-INV00000255", Subtotal = "100.00", SalesTaxTotal = "8.25", AppliedAmount = "-50.00", BalanceRemaining = "58.25", IsPaid = false },
      candidates = { invoiceNumber = { { id = "8ad5", invoiceNumber = "EMEA-INV00000255" } } }, current = { id = "8ad5", invoiceNumber = "EMEA-INV00000255" },
      expect = { action = "update 8ad5", QBTxnID__c = "1A-9", QBNumber__c = "INV00000255", QBDate__c = "2026-11-03", QBDueDate__c = "2026-12-03", QBStatus__c = "partly paid", QBBalance__c = "58.25" } },
    { name = "ZUO-10 paid", like = 1, change = { IsPaid = true, BalanceRemaining = "0.00", AppliedAmount = "-108.25" }, expect = { QBStatus__c = "paid", QBBalance__c = "0.00" } },
    { name = "ZUO-10 only what changed is written", like = 1, change = { BalanceRemaining = "8.25" },
      link = { id = "8ad5", made = "adopted", base = { QBTxnID__c = "1A-9", QBNumber__c = "INV00000255", QBDate__c = "2026-11-03", QBDueDate__c = "2026-12-03", QBStatus__c = "partly paid", QBBalance__c = "58.25" } },
      current = { id = "8ad5", QBTxnID__c = "1A-9", QBNumber__c = "INV00000255", QBDate__c = "2026-11-03", QBDueDate__c = "2026-12-03", QBStatus__c = "partly paid", QBBalance__c = "58.25" },
      expect = { action = "update 8ad5", QBBalance__c = "8.25", QBStatus__c = none, QBNumber__c = none } },
    { name = "ZUO-10 voided in QuickBooks", like = 1, change = { Memo = "VOID: Zuora invoice EMEA-INV00000255", BalanceRemaining = "0.00", AppliedAmount = "0" }, expect = { action = "update 8ad5", QBStatus__c = "void" } },
    { name = "ZUO-10 an invoice that QuickBooks' people wrote is none of Zuora's", like = 1, change = { Memo = "March" }, expect = { state = "skip", cause = "not_from_zuora" } },
    { name = "ZUO-10 Zuora's invoices are never made", like = 1, candidates = {}, expect = { state = "skip", cause = "not_in_zuora" } },
  },
}
