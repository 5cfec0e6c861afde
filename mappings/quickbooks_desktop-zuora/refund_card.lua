-- refund_card.lua - money that went back to a customer leaves the account that it had come to.
--
-- Out of the unused part of its payment, or out of a credit memo.  Zuora un-applies before it refunds, and so do the books: the
-- payment is looked at anew first.  Refunds by check: refund_check.lua.

local refund = shared "refund"
local posting = shared "posting" { day = src "refundDate", amount = src "amount" }

return mapping {
  id = "zuora.refund->quickbooks_desktop.ARRefundCreditCard", version = "1.0.0", language = 1,
  title = "Money that goes back leaves the account that it had come to",
  from = { connector = "zuora", entity = "refund" },
  to   = { connector = "quickbooks_desktop", entity = "ARRefundCreditCard" },
  label = text "refund {refundNumber}",

  params = {
    posting.params, refund.params,
    deposit_to      = { type = "table", of = "Account", required = eq(param "document", "invoice"), help = "see payment.lua" },
    payment_methods = { type = "table", of = "PaymentMethod", required = eq(param "document", "invoice"), help = "see payment.lua" },
  },

  enabled = eq(param "document", "invoice"),

  money = posting.money,
  accept = refund.accept "card",

  identity = src "id",
  order_by = src "updatedDate",

  match = { { by = "link" }, refund.by_number(all { eq(found "CustomerRef", ref "customer"), eq(found "TotalAmount", refund.amount) }), on_none = "create" },
  needs = { refund.needs, posting.needs },

  fields = {
    CustomerRef  = ref "customer",
    RefundFromAccountRef = pick(param "refund_from", src "methodType", pick(param "deposit_to", src "methodType")),
    ARAccountRef = posting.receivable,
    TxnDate      = posting.books_day,
    RefNumber    = refund.number,
    PaymentMethodRef = pick(param "payment_methods", src "methodType"),
    Memo         = refund.memo,
    ExchangeRate = posting.exchange_rate,
    RefundAppliedToTxn = refund.applied "RefundAmount",
  },

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = refund.on_delete,

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off" } },
      params = { deposit_to = { CreditCard = "Stripe Clearing" }, payment_methods = { CreditCard = "Visa" } }, refs = { customer = "80-1", payment = "1B-1", memo = "1C-1" } },
    { name = "ZUO-33 what is refunded of a payment leaves its clearing account, out of its unused part",
      given = { id = "8adr", refundNumber = "R-00000001", accountId = "8ad0", status = "Processed", type = "Electronic", sourceType = "Payment", methodType = "CreditCard", currency = "USD", refundDate = "2026-11-12", amount = "20.00",
        updatedDate = "2026-11-12T01:42:47-08:00", refundApplications = { { id = "a", applyAmount = "20.00", paymentId = "8adp" } } },
      expect = { action = "create", CustomerRef = "80-1", RefundFromAccountRef = "Stripe Clearing", PaymentMethodRef = "Visa", RefNumber = "R-00000001", TxnDate = "2026-11-12", RefundAppliedToTxn = { { TxnID = "1B-1", RefundAmount = "20.00" } } } },
    { name = "ZUO-32 what is refunded of a credit memo is paid out of that", like = 1, change = { sourceType = "CreditMemo", refundApplications = { { id = "a", applyAmount = "20.00", creditMemoId = "8ad7" } } },
      expect = { RefundAppliedToTxn = { { TxnID = "1C-1", RefundAmount = "20.00" } } } },
    { name = "ZUO-33 a payment that goes back out of two invoices is one refund", like = 1, change = { refundApplications = { { id = "a", applyAmount = "15.00", paymentId = "8adp" }, { id = "b", applyAmount = "5.00", paymentId = "8adp" } } },
      expect = { action = "create", RefundAppliedToTxn = { { TxnID = "1B-1", RefundAmount = "20.00" } } } },
    { name = "ZUO-33 of two payments a person enters it", like = 1, change = { refundApplications = { { id = "a", applyAmount = "15.00", paymentId = "8adp" }, { id = "b", applyAmount = "5.00", paymentId = "8adq" } } },
      expect = { state = "review", cause = "refund_of_several" } },
    { name = "ZUO-34 a number that is too long is held", like = 1, change = { refundNumber = "EMEA-R-00000001" }, expect = { state = "hold" } },
    { name = "ZUO-33 a chargeback is one, with its reason in the memo", like = 1, change = { reasonCode = "Chargeback" }, expect = { action = "create", Memo = "Zuora refund R-00000001, Chargeback" } },
    { name = "ZUO-33 by check it goes another way", like = 1, params = { refund_by = { CreditCard = "check" }, deposit_to = { CreditCard = "Stripe Clearing" }, payment_methods = { CreditCard = "Visa" } }, expect = { state = "skip", cause = "other_way" } },
    { name = "ZUO-33 without its payment nothing", like = 1, refs = { customer = "80-1" }, expect = { state = "skip", cause = "no_payment" } },
    { name = "ZUO-33 a refund that is not processed is no money", like = 1, change = { status = "Processing" }, expect = { state = "skip", cause = "not_processed" } },
    { name = "ZUO-33 one that failed after all is voided", like = 1, change = { status = "Canceled" }, link = { id = "1E-1", base = {} }, current = { id = "1E-1", TxnDate = "2026-11-12" }, expect = { action = "void 1E-1" } },
    { name = "written once", like = 1, link = { id = "1E-1", base = { Memo = "Zuora refund R-00000001" } }, expect = { state = "nothing" } },
    { name = "ALL-10 of a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
  },
}
