-- refund_check.lua - money that went back to a customer by check, drawn on the account that the tenant has named.

-- >>> the same in every file that posts: of which day
local day = src "refundDate"
local books_day = when(eq(param "closed_period", "first_open_day"), open_day(day), day)
-- <<<
local number = trim { text "{param.doc_prefix}{refundNumber}", max = 11, on_overflow = "last_digits" }
local of_payment = eq(src "sourceType", "Payment")
local way = pick(param "refund_by", src "methodType", "card")
local amount = money(src "amount")
local what_of = when(of_payment, src "refundApplications[1].paymentId", src "refundApplications[1].creditMemoId")

return mapping {
  id = "zuora.refund->quickbooks_desktop.Check", version = "1.0.0", language = 1,
  title = "Money that goes back by check",
  from = { connector = "zuora", entity = "refund" },
  to   = { connector = "quickbooks_desktop", entity = "Check" },
  label = text "refund {refundNumber}",

  params = {
    document        = { type = "one_of", values = { "invoice", "sales_receipt" }, default = "invoice", help = "see invoice.lua" },
    payment_types   = { type = "list", default = { "Electronic" }, help = "see payment.lua" },
    refund_by       = { type = "table", help = "by method of a refund in Zuora (CreditCard, ACH, Check, ...): card (out of the account that the money had come to) or check; card where it is not named" },
    refund_from     = { type = "table", of = "Account", help = "by method: the account that money goes back from, where it is another than deposit_to names; the bank account of checks" },
    receivable      = { type = "name", of = "Account", default = "Accounts Receivable", help = "the receivables account that checks are booked on, where receivables names none" },
    checks_to_print = { type = "bool", default = false, help = "true: QuickBooks prints the check; false: it was written by hand" },
    doc_prefix      = { type = "string", default = "", max = 4, unique = true, help = "see invoice.lua" },
    number_too_long = { type = "one_of", values = { "hold", "last_digits" }, default = "hold", help = "see invoice.lua" },
    adopt_within_days = { type = "int", default = 30, min = 0, max = 366, help = "see invoice.lua" },
    closed_period   = { type = "one_of", values = { "hold", "first_open_day" }, default = "hold", help = "see invoice.lua" },
    currency        = { type = "string", default = "USD", max = 3, help = "see invoice.lua" },
    receivables     = { type = "table", of = "Account", help = "see invoice.lua" },
    exchange_rates  = { type = "table", help = "see invoice.lua" },
  },

  enabled = all { eq(param "document", "invoice"), present(param "refund_by") },

  money = { amount = src "amount", currency = src "currency", date = day, posted = books_day,
    must_be = when(ne(fact "target.multicurrency", "on"), param "currency") },

  accept = {
    { any { eq(src "status", "Processed"), present(link "id") }, else_ = skip("not_processed", "refund {refundNumber} is {status}: no money") },
    { eq(way, "check"), else_ = skip("other_way", "refund {refundNumber} goes back another way") },
    { eq(count("refundApplications"), 1), else_ = review { cause = "refund_of_several", why = "refund {refundNumber} is of several payments or memos: enter it in QuickBooks by hand", options = { "skip" } } },
  },

  identity = src "id",
  order_by = src "updatedDate",

  match = {
    { by = "link" },
    { by = { RefNumber = number }, agree = all { eq(found "PayeeEntityRef.id", need "customer.id"), eq(found "Amount", amount), within_days(found "TxnDate", day, param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}{refundNumber}", why = "QuickBooks has a refund of this number with another customer, amount or date", options = { "adopt", "create", "skip" } } },
    on_none = "create",
  },

  needs = {
    customer = ensure { "zuora.account->quickbooks_desktop.Customer", of = { entity = "account", id = src "accountId" } },
    -- Un-applied before it was refunded: that goes first.
    payment = ensure { "zuora.payment->quickbooks_desktop.ReceivePayment", of = { entity = "payment", id = src "refundApplications[1].paymentId" }, if_ = of_payment, anew = absent(link "id"),
                on_none = skip("no_payment", "the payment of refund {refundNumber} is not in the books") },
    memo    = ensure { "zuora.credit_memo->quickbooks_desktop.CreditMemo", of = { entity = "credit_memo", id = src "refundApplications[1].creditMemoId" }, if_ = not_(of_payment),
                on_none = skip("no_credit_memo", "the credit memo of refund {refundNumber} is not in the books") },
  },

  fields = {
    AccountRef     = pick(param "refund_from", src "methodType"),
    PayeeEntityRef = ref "customer",
    RefNumber      = number,
    TxnDate        = books_day,
    Memo           = transliterate(join { list { text "Zuora refund {refundNumber}", src "reasonCode", src "comment" }, item(), ", " }),
    IsToBePrinted  = param "checks_to_print",
    ExchangeRate = when(all { eq(fact "target.multicurrency", "on"), present(param "exchange_rates") }, pick(param "exchange_rates", src "currency")),
    ApplyCheckToTxn = lines {
      one { if_ = of_payment, TxnID = ref "payment", Amount = amount },
      one { if_ = not_(of_payment), TxnID = ref "memo", Amount = amount },
    },
    ExpenseLine    = lines { one { AccountRef = when(present(param "receivables"), pick(param "receivables", src "currency"), param "receivable"), Amount = amount, CustomerRef = ref "customer" } },
  },

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = {
    when = all { present(link "id"), one_of(src "status", { "Canceled", "Error" }) },
    void_if = not_(le(current "TxnDate", lock_date())),
    else_ = review("deleted_after_post", "refund {refundNumber} is {status} in Zuora; in QuickBooks it is of a closed month"),
  },

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
