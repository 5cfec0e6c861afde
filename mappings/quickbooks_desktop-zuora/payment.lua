-- payment.lua - money in Zuora becomes a payment in QuickBooks, applied to its invoices and to no others.
--
-- What Zuora has applied nowhere stays unused here, too; applying, un-applying and applying elsewhere follow.  An invoice that is not
-- there yet goes first; QuickBooks is never left to pick what is paid.  A payment that was none after all is deleted while nobody has
-- deposited it, else a person says what happens: QuickBooks cannot void one.

local method = first { src "paymentMethod.type", "Other" }
local number = trim { text "{param.doc_prefix}{paymentNumber}", max = 20, on_overflow = "last_digits" }
-- Without Invoice Settlement a part names all that was paid, and what of it went back.
local applied = sub(item "amount", item "refundAmount")
local posting = shared "posting" { day = src "effectiveDate", amount = src "amount" }

return mapping {
  id = "zuora.payment->quickbooks_desktop.ReceivePayment", version = "1.0.0", language = 1,
  title = "Payments become payments, applied as Zuora applied them",
  from = { connector = "zuora", entity = "payment" },
  to   = { connector = "quickbooks_desktop", entity = "ReceivePayment" },
  label = text "payment {paymentNumber}",

  params = {
    posting.params,
    document        = { type = "one_of", values = { "invoice", "sales_receipt" }, default = "invoice", help = "see invoice.lua" },
    payment_types   = { type = "list", default = { "Electronic" }, help = "which payments count: Electronic, and External where people type them into Zuora" },
    deposit_to      = { type = "table", of = "Account", required = eq(param "document", "invoice"), help = "by type of payment method in Zuora (CreditCard, ACH, Check, ...): the account that its money goes to" },
    payment_methods = { type = "table", of = "PaymentMethod", required = eq(param "document", "invoice"), help = "by type of payment method in Zuora: the one of QuickBooks" },
    undeposited     = { type = "name", of = "Account", default = "Undeposited Funds", help = "money there has not been deposited: such a payment may be deleted when it was none" },
  },

  enabled = eq(param "document", "invoice"),

  money = posting.money,

  accept = {
    { any { eq(src "status", "Processed"), present(link "id") }, else_ = skip("not_processed", "payment {paymentNumber} is {status}: no money") },
    { any { one_of(src "type", param "payment_types"), present(link "id") }, else_ = skip("other_type", "payment {paymentNumber} is {type}; payment_types does not name that") },
    { any { gt(src "amount", 0), present(link "id") }, else_ = skip("zero", "payment {paymentNumber} comes to nothing") },
  },

  identity = src "id",
  order_by = src "updatedDate",

  match = {
    { by = "link" },
    { by = { RefNumber = number },
      agree = all { eq(found "CustomerRef", ref "customer"), eq(found "TotalAmount", money(src "amount")), within_days(found "TxnDate", src "effectiveDate", param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}{paymentNumber}", why = "QuickBooks has a payment of this number with another customer, amount or date", options = { "adopt", "create", "skip" } } },
    on_none = "create",
  },

  needs = {
    posting.needs,
    customer = ensure { "zuora.account->quickbooks_desktop.Customer", of = { entity = "account", id = src "accountId" } },
    invoice  = ensure { "zuora.invoice->quickbooks_desktop.Invoice", of = { entity = "invoice", id = item "invoiceId" } },
    debit    = ensure { "zuora.debit_memo->quickbooks_desktop.Invoice", of = { entity = "debit_memo", id = item "debitMemoId" } },
  },

  fields = {
    CustomerRef      = ref "customer",
    ARAccountRef = posting.receivable,
    TxnDate          = posting.books_day,
    RefNumber        = number,
    TotalAmount      = money(src "amount"),
    ExchangeRate = posting.exchange_rate,
    PaymentMethodRef = pick(param "payment_methods", method),
    Memo             = transliterate(join { list { text "Zuora payment {paymentNumber}", src "referenceId", src "comment" }, item(), ", " }),
    DepositToAccountRef = pick(param "deposit_to", method),
    AppliedToTxn = lines {
      each("parts", { if_ = all { present(item "invoiceId"), gt(applied, 0) }, TxnID = ref "invoice", PaymentAmount = money(applied) }),
      each("parts", { if_ = all { present(item "debitMemoId"), gt(applied, 0) }, TxnID = ref "debit", PaymentAmount = money(applied) }),
    },
  },

  owns = { "CustomerRef", "AppliedToTxn", adopted = "none" },
  -- Zuora says what is applied where; in a closed month, and when it was transferred to another account there, a person does.
  on_conflict = "ours",
  on_update = {
    fields = { "CustomerRef", "AppliedToTxn" },
    unless = any { le(current "TxnDate", lock_date()), ne(current "CustomerRef", doc "CustomerRef") },
    else_  = review("posted_changed", "payment {paymentNumber} was applied elsewhere in Zuora, but is of a closed month or of another customer in QuickBooks"),
  },
  on_delete = {
    when = all { present(link "id"), one_of(src "status", { "Voided", "Canceled", "Error", "Reversed" }) },
    delete_if = all { eq(current "DepositToAccountRef.name", param "undeposited"), not_(le(current "TxnDate", lock_date())) },
    else_ = review("reversed_after_post", "payment {paymentNumber} is {status} in Zuora; in QuickBooks its money is deposited, or of a closed month: take it back by hand there"),
    limit_per_hour = 20,
  },

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off" } },
      params = { deposit_to = { CreditCard = "Stripe Clearing", Check = "Undeposited Funds" }, payment_methods = { CreditCard = "Visa", Check = "Check" } },
      refs = { customer = "80-1", invoice = { ["8ad5"] = "1A-9", ["8ad6"] = "1A-10" }, debit = { ["8ad8"] = "1A-11" } } },
    { name = "ZUO-07 a payment is applied to its invoices, each with its part, and to no others",
      given = { id = "8adp", paymentNumber = "P-00000026", accountId = "8ad0", status = "Processed", type = "Electronic", currency = "USD", effectiveDate = "2026-11-09", amount = "150.00", appliedAmount = "150.00", referenceId = "ch_1",
        updatedDate = "2026-11-09T01:42:47-08:00", paymentMethod = { type = "CreditCard" }, parts = { { id = "x", amount = "100.00", invoiceId = "8ad5" }, { id = "y", amount = "50.00", invoiceId = "8ad6" } } },
      expect = { action = "create", CustomerRef = "80-1", TxnDate = "2026-11-09", RefNumber = "P-00000026", TotalAmount = "150.00", PaymentMethodRef = "Visa", DepositToAccountRef = "Stripe Clearing", IsAutoApply = none,
        Memo = "Zuora payment P-00000026, ch_1", AppliedToTxn = { { TxnID = "1A-9", PaymentAmount = "100.00" }, { TxnID = "1A-10", PaymentAmount = "50.00" } } } },
    { name = "ZUO-07 in part: the rest stays unused", like = 1, change = { parts = { { id = "x", amount = "100.00", invoiceId = "8ad5" } } }, expect = { TotalAmount = "150.00", AppliedToTxn = { { TxnID = "1A-9", PaymentAmount = "100.00" } } } },
    { name = "ZUO-33 applied nowhere it is all unused, and QuickBooks applies nothing by itself", like = 1, change = { parts = {} }, expect = { action = "create", TotalAmount = "150.00", IsAutoApply = none, AppliedToTxn = {} } },
    { name = "ZUO-07 a debit memo is paid, too", like = 1, change = { parts = { { id = "x", amount = "10.00", debitMemoId = "8ad8" } } }, expect = { AppliedToTxn = { { TxnID = "1A-11", PaymentAmount = "10.00" } } } },
    { name = "ZUO-33 without its invoice it is held, never applied to another", like = 1, refs = { customer = "80-1", invoice = { ["8ad5"] = "1A-9" } }, expect = { state = "hold", cause = "needs_invoice" } },
    { name = "ZUO-08 an external payment does not count by default", like = 1, change = { type = "External" }, expect = { state = "skip", cause = "other_type" } },
    { name = "ZUO-08 and does where the tenant says so", like = 1, change = { type = "External", ["paymentMethod.type"] = "Check" }, params = { payment_types = { "Electronic", "External" }, deposit_to = { Check = "Undeposited Funds" }, payment_methods = { Check = "Check" } },
      expect = { action = "create", PaymentMethodRef = "Check", DepositToAccountRef = "Undeposited Funds" } },
    { name = "ZUO-33 what is not processed is no money", like = 1, change = { status = "Processing" }, expect = { state = "skip", cause = "not_processed" } },
    { name = "a payment method whose account nobody has named waits", like = 1, change = { ["paymentMethod.type"] = "PayPal" }, expect = { state = "hold", cause = "unknown_payment_methods:PayPal" } },
    { name = "ZUO-33 un-applied in part, the payment follows", like = 1, change = { parts = { { id = "x", amount = "60.00", invoiceId = "8ad5" } } },
      link = { id = "1B-1", made = "created", base = { CustomerRef = { id = "80-1" }, AppliedToTxn = { { TxnID = { id = "1A-9" }, PaymentAmount = "100.00" }, { TxnID = { id = "1A-10" }, PaymentAmount = "50.00" } } } },
      current = { id = "1B-1", CustomerRef = { id = "80-1" }, TxnDate = "2026-11-09", AppliedToTxn = { { TxnID = { id = "1A-9" }, Amount = "100.00" }, { TxnID = { id = "1A-10" }, Amount = "50.00" } } },
      expect = { action = "update 1B-1", AppliedToTxn = { { TxnID = "1A-9", PaymentAmount = "60.00" } } } },
    { name = "ZUO-33 what of a part went back is not applied any more", like = 1, change = { parts = { { id = "x", amount = "100.00", refundAmount = "100.00", invoiceId = "8ad5" }, { id = "y", amount = "50.00", refundAmount = "20.00", invoiceId = "8ad6" } } },
      expect = { TotalAmount = "150.00", AppliedToTxn = { { TxnID = "1A-10", PaymentAmount = "30.00" } } } },
    { name = "ZUO-33 applied later, the payment follows", like = 1, link = { id = "1B-1", made = "created", base = { CustomerRef = { id = "80-1" }, AppliedToTxn = {} } }, current = { id = "1B-1", CustomerRef = { id = "80-1" }, TxnDate = "2026-11-09", UnusedPayment = "150.00" },
      expect = { action = "update 1B-1", AppliedToTxn = { { TxnID = "1A-9", PaymentAmount = "100.00" }, { TxnID = "1A-10", PaymentAmount = "50.00" } } } },
    { name = "ZUO-33 transferred to another account, it is asked about", like = 1, change = { accountId = "8ad9", parts = {} }, refs = { customer = "80-2" },
      link = { id = "1B-1", made = "created", base = { CustomerRef = { id = "80-1" }, AppliedToTxn = {} } }, current = { id = "1B-1", CustomerRef = { id = "80-1" }, TxnDate = "2026-11-09", UnusedPayment = "150.00" },
      expect = { state = "review", cause = "posted_changed" } },
    { name = "a change that applies nothing otherwise writes nothing", like = 1, change = { comment = "thank you", refundAmount = "0" },
      link = { id = "1B-1", made = "created", base = { CustomerRef = { id = "80-1" }, AppliedToTxn = { { TxnID = { id = "1A-9" }, PaymentAmount = "100.00" }, { TxnID = { id = "1A-10" }, PaymentAmount = "50.00" } } } }, expect = { state = "nothing" } },
    { name = "ZUO-33 a payment that was none is deleted while its money is not deposited", like = 1, change = { status = "Voided", parts = {} }, link = { id = "1B-1", base = {} },
      current = { id = "1B-1", TxnDate = "2026-11-09", DepositToAccountRef = { name = "Undeposited Funds" } }, expect = { action = "delete 1B-1" } },
    { name = "ZUO-33 and asked about when it is", like = 1, change = { status = "Voided", parts = {} }, link = { id = "1B-1", base = {} },
      current = { id = "1B-1", TxnDate = "2026-11-09", DepositToAccountRef = { name = "Stripe Clearing" } }, expect = { state = "review", cause = "reversed_after_post" } },
    { name = "ALL-09 money of before the start is not ours", like = 1, start = "2026-11-10", expect = { state = "skip", cause = "before_start" } },
    { name = "ALL-10 a payment of a closed month waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "ALL-08 euros are not paid into books kept in dollars", like = 1, change = { currency = "EUR" }, expect = { state = "hold", cause = "currency" } },
    { name = "ALL-08 nor taken from a customer who is kept in dollars", like = 1, change = { currency = "EUR" }, facts = { target = { multicurrency = "on" } },
      refs = { customer = "80-1", invoice = { ["8ad5"] = "1A-9", ["8ad6"] = "1A-10" }, buyer = { id = "80-1", CurrencyRef = { id = "1", name = "US Dollar" } } }, expect = { state = "hold", cause = "currency" } },
    { name = "ALL-10 a payment that was none is not deleted behind the lock date", like = 1, change = { status = "Voided", parts = {} }, locked_until = "2026-11-30", link = { id = "1B-1", base = {} },
      current = { id = "1B-1", TxnDate = "2026-11-09", DepositToAccountRef = { name = "Undeposited Funds" } }, expect = { state = "review", cause = "reversed_after_post" } },
    { name = "ALL-10 nor applied otherwise there", like = 1, change = { parts = { { id = "x", amount = "60.00", invoiceId = "8ad5" } } }, locked_until = "2026-11-30",
      link = { id = "1B-1", made = "created", base = { CustomerRef = { id = "80-1" }, AppliedToTxn = { { TxnID = { id = "1A-9" }, PaymentAmount = "100.00" }, { TxnID = { id = "1A-10" }, PaymentAmount = "50.00" } } } },
      current = { id = "1B-1", CustomerRef = { id = "80-1" }, TxnDate = "2026-11-09", AppliedToTxn = { { TxnID = { id = "1A-9" }, Amount = "100.00" }, { TxnID = { id = "1A-10" }, Amount = "50.00" } } }, expect = { state = "review", cause = "posted_changed" } },
    { name = "a payment of nothing is left out", like = 1, change = { amount = "0", appliedAmount = "0", parts = {} }, expect = { state = "skip", cause = "zero" } },
    { name = "ZUO-33 what of a debit memo went back whole is not applied", like = 1, change = { parts = { { id = "x", amount = "10.00", refundAmount = "10.00", debitMemoId = "8ad8" } } }, expect = { TotalAmount = "150.00", AppliedToTxn = {} } },
    { name = "a payment typed by hand is this one when number, customer, amount and date agree", like = 1, candidates = { RefNumber = { { id = "1B-7", CustomerRef = { id = "80-1" }, TotalAmount = "150.00", TxnDate = "2026-11-10" } } },
      current = { id = "1B-7" }, expect = { state = "nothing", match = "RefNumber" } },
    { name = "another customer's is not", like = 1, candidates = { RefNumber = { { id = "1B-7", CustomerRef = { id = "80-7" }, TotalAmount = "150.00", TxnDate = "2026-11-10" } } }, expect = { state = "review", cause = "number_taken:P-00000026" } },
    { name = "one of another amount is not", like = 1, candidates = { RefNumber = { { id = "1B-7", CustomerRef = { id = "80-1" }, TotalAmount = "15.00", TxnDate = "2026-11-10" } } }, expect = { state = "review", cause = "number_taken:P-00000026" } },
    { name = "one of another year is not", like = 1, candidates = { RefNumber = { { id = "1B-7", CustomerRef = { id = "80-1" }, TotalAmount = "150.00", TxnDate = "2025-11-10" } } }, expect = { state = "review", cause = "number_taken:P-00000026" } },
  },
}
