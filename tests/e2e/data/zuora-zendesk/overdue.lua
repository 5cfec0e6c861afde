-- overdue.lua - an invoice that is overdue becomes a ticket at the organization of its account.
return mapping {
  id = "zuora.invoice->zendesk.ticket", version = "1.0.0", language = 1,
  title = "Overdue invoices become tickets",
  from = { connector = "zuora", entity = "invoice" },
  to   = { connector = "zendesk", entity = "ticket" },
  label = text "invoice {invoiceNumber}",

  accept = {
    { eq(src "status", "Posted"), else_ = skip("not_posted", "invoice {invoiceNumber} is {status}") },
    { gt(src "balance", 0), else_ = skip("paid", "invoice {invoiceNumber} is paid") },
    { lt(src "dueDate", today()), else_ = skip("not_due", "invoice {invoiceNumber} is due on {dueDate}") },
  },
  identity = src "id",
  order_by = src "updatedDate",
  again_at = list { add_days(src "dueDate", 1) },
  needs = { organization = ensure { "zuora.account->zendesk.organization", of = { entity = "account", id = src "accountId" } } },
  match = { { by = "link" }, on_none = "create" },
  on_update = "never",

  fields = {
    subject = text "Invoice {invoiceNumber} is overdue",
    comment = { body = text "{balance} {currency} are open since {dueDate}.", public = false },
    priority = "high",
    tags = list { "zuora_overdue" },
  },

  tests = {
    defaults = { today = "2026-11-21" },
    { name = "an overdue invoice", given = { id = "i1", invoiceNumber = "INV-7", accountId = "a1", status = "Posted", balance = "10.50", currency = "USD", dueDate = "2026-11-20" },
      refs = { organization = "900" }, expect = { action = "create", subject = "Invoice INV-7 is overdue", comment = { body = "10.50 USD are open since 2026-11-20." } } },
    { name = "one that is due today is not", like = 1, today = "2026-11-20", expect = { state = "skip", cause = "not_due" } },
    { name = "nor one that is paid", like = 1, change = { balance = "0.00" }, expect = { state = "skip", cause = "paid" } },
  },
}
