-- refund_check.lua - money that went back to a customer by check, drawn on the account that the tenant has named.

local refund = shared "refund"
local posting = shared "posting" { day = src "refundDate", amount = src "amount" }

return mapping {
  id = "zuora.refund->quickbooks_desktop.Check", version = "1.0.0", language = 1,
  title = "Money that goes back by check",
  from = { connector = "zuora", entity = "refund" },
  to   = { connector = "quickbooks_desktop", entity = "Check" },
  label = text "refund {refundNumber}",

  params = {
    posting.params, refund.params,
    receivable      = { type = "name", of = "Account", default = "Accounts Receivable", help = "the receivables account that checks are booked on, where receivables names none" },
    checks_to_print = { type = "bool", default = false, help = "true: QuickBooks prints the check; false: it was written by hand" },
  },

  enabled = all { eq(param "document", "invoice"), present(param "refund_by") },

  money = posting.money,
  accept = refund.accept "check",

  identity = src "id",
  order_by = src "updatedDate",

  match = { { by = "link" }, refund.by_number(all { eq(found "PayeeEntityRef.id", need "customer.id"), eq(found "Amount", refund.amount) }), on_none = "create" },
  needs = { refund.needs, posting.needs },

  fields = {
    AccountRef     = pick(param "refund_from", src "methodType"),
    PayeeEntityRef = ref "customer",
    RefNumber      = refund.number,
    TxnDate        = posting.books_day,
    Memo           = refund.memo,
    IsToBePrinted  = param "checks_to_print",
    ExchangeRate = posting.exchange_rate,
    ApplyCheckToTxn = refund.applied "Amount",
    ExpenseLine    = lines { one { AccountRef = when(present(param "receivables"), pick(param "receivables", src "currency"), param "receivable"), Amount = refund.amount, CustomerRef = ref "customer" } },
  },

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = refund.on_delete,

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off" } },
      params = { refund_by = { Check = "check" }, refund_from = { Check = "Checking" } }, refs = { customer = "80-1", payment = "1B-1", memo = "1C-1" } },
    { name = "ZUO-33 a check pays the unused part of a payment out, on the customer's receivables",
      given = { id = "8adr", refundNumber = "R-00000001", accountId = "8ad0", status = "Processed", type = "External", sourceType = "Payment", methodType = "Check", currency = "USD", refundDate = "2026-11-12", amount = "20.00",
        updatedDate = "2026-11-12T01:42:47-08:00", refundApplications = { { id = "a", applyAmount = "20.00", paymentId = "8adp" } } },
      expect = { action = "create", AccountRef = "Checking", PayeeEntityRef = "80-1", IsToBePrinted = false, ApplyCheckToTxn = { { TxnID = "1B-1", Amount = "20.00" } }, ExpenseLine = { { AccountRef = "Accounts Receivable", Amount = "20.00", CustomerRef = "80-1" } } } },
    { name = "ZUO-32 or a credit memo", like = 1, change = { sourceType = "CreditMemo", refundApplications = { { id = "a", applyAmount = "20.00", creditMemoId = "8ad7" } } }, expect = { ApplyCheckToTxn = { { TxnID = "1C-1", Amount = "20.00" } } } },
    { name = "ZUO-33 a card's refund is no check", like = 1, change = { methodType = "CreditCard" }, expect = { state = "skip", cause = "other_way" } },
  },
}
