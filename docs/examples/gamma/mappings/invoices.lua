-- Gamma's own: what comes next of an open invoice, Swiss francs, and large invoices looked at by a person first.
return override "quickbooks_desktop.Invoice->salesforce.invoice@^1" {
  tables = { currencies = { ["Swiss Franc"] = "CHF" } },
  fields = {
    NextStep    = when(gt(src "BalanceRemaining", 0), text "collect until {DueDate}"),
    Description = text "{Memo} {PONumber}",
  },
  accept = {
    { ne(src "IsPending", true), else_ = skip("draft", "invoice {RefNumber} is pending: a draft") },
    { any { lt(src "Subtotal", 100000), decided "post" }, else_ = review { cause = "large:{RefNumber}", why = "invoice {RefNumber} is over 100,000", options = { "post", "skip" } } },
  },
  tests = {
    { name = "Gamma: an open invoice says what comes next", like = "SF-03 SF-04 SF-21 an invoice is a won opportunity with every line, its account and its total",
      params = { invoice_stage = "Invoiced" }, change = { PONumber = "PO-9" }, expect = { NextStep = "collect until 2026-12-10", Description = "PO-9", StageName = "Invoiced" } },
    { name = "Gamma: a large one waits for a person", like = "SF-03 SF-04 SF-21 an invoice is a won opportunity with every line, its account and its total",
      change = { Subtotal = "100000.00" }, expect = { state = "review", cause = "large:1007" } },
  },
}
