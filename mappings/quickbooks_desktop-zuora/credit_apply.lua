-- credit_apply.lua - what a credit memo in Zuora is set against becomes a payment of 0 in QuickBooks that names both.
--
-- That is how QuickBooks sets a credit against invoices.  Written once: a credit that is moved about later is a question for a person,
-- since the customer's balance is the same either way.

local number = trim { text "{param.doc_prefix}{memoNumber}", max = 20, on_overflow = "last_digits" }
local posting = shared "posting" { day = src "memoDate", amount = src "appliedAmount" }

return mapping {
  id = "zuora.credit_memo->quickbooks_desktop.ReceivePayment", version = "1.0.0", language = 1,
  title = "Credits are set against the invoices that Zuora set them against",
  from = { connector = "zuora", entity = "credit_memo" },
  to   = { connector = "quickbooks_desktop", entity = "ReceivePayment" },
  label = text "credit memo {memoNumber}, applied",

  params = { posting.params, document = { type = "one_of", values = { "invoice", "sales_receipt" }, default = "invoice", help = "see invoice.lua" } },

  -- A sales receipt has nothing open that a credit could be set against.
  enabled = eq(param "document", "invoice"),

  money = posting.money,

  accept = {
    { any { eq(src "status", "Posted"), present(link "id") }, else_ = skip("not_posted", "credit memo {memoNumber} is {status}") },
    { any { gt(count("parts"), 0), present(link "id") }, else_ = skip("not_applied", "credit memo {memoNumber} is applied to nothing") },
  },

  identity = src "id",
  order_by = src "updatedDate",

  match = {
    { by = "link" },
    { by = { RefNumber = number }, agree = all { eq(found "CustomerRef", ref "customer"), eq(found "TotalAmount", 0) } },
    on_none = "create",
  },

  needs = {
    posting.needs,
    customer = ensure { "zuora.account->quickbooks_desktop.Customer", of = { entity = "account", id = src "accountId" } },
    memo    = ensure { "zuora.credit_memo->quickbooks_desktop.CreditMemo" },
    invoice = ensure { "zuora.invoice->quickbooks_desktop.Invoice", of = { entity = "invoice", id = item "invoiceId" } },
    debit   = ensure { "zuora.debit_memo->quickbooks_desktop.Invoice", of = { entity = "debit_memo", id = item "debitMemoId" } },
  },

  fields = {
    CustomerRef  = ref "customer",
    ARAccountRef = posting.receivable,
    TxnDate      = posting.books_day,
    RefNumber    = number,
    TotalAmount  = "0.00",
    ExchangeRate = posting.exchange_rate,
    Memo         = transliterate(text "Zuora credit memo {memoNumber}, applied"),
    AppliedToTxn = lines {
      each("parts", { if_ = present(item "invoiceId"), TxnID = ref "invoice", SetCredit = lines { one { CreditTxnID = ref "memo", AppliedAmount = money(item "amount") } } }),
      each("parts", { if_ = present(item "debitMemoId"), TxnID = ref "debit", SetCredit = lines { one { CreditTxnID = ref "memo", AppliedAmount = money(item "amount") } } }),
    },
  },

  owns = { "AppliedToTxn", adopted = "none" },
  on_conflict = "ours",
  on_update = {
    fields = { "AppliedToTxn" },
    unless = present(link "id"),
    else_  = review { cause = "credit_moved", why = "credit memo {memoNumber} is applied otherwise in Zuora now: set it so in QuickBooks by hand; the customer's balance is right already", options = { "skip" } },
  },
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off" } }, refs = { customer = "80-1", memo = "1C-1", invoice = { ["8ad5"] = "1A-9" }, debit = { ["8ad8"] = "1A-11" } } },
    { name = "ZUO-32 a credit is set against its invoice, and no money moves",
      given = { id = "8ad7", memoNumber = "CM00000013", accountId = "8ad0", status = "Posted", currency = "USD", memoDate = "2026-11-05", totalAmount = "54.13", appliedAmount = "54.13", updatedDate = "2026-11-05T01:42:47-08:00",
        parts = { { id = "x", amount = "54.13", invoiceId = "8ad5" } } },
      expect = { action = "create", TotalAmount = "0.00", DepositToAccountRef = none, AppliedToTxn = { { TxnID = "1A-9", SetCredit = { { CreditTxnID = "1C-1", AppliedAmount = "54.13" } } } } } },
    { name = "ZUO-32 an unused credit stays one", like = 1, change = { parts = {}, appliedAmount = "0" }, expect = { state = "skip", cause = "not_applied" } },
    { name = "ZUO-32 a credit that is moved later is asked about", like = 1, change = { parts = { { id = "x", amount = "20.00", invoiceId = "8ad5" } } }, current = { id = "1B-5" },
      link = { id = "1B-5", base = { AppliedToTxn = { { TxnID = { id = "1A-9" }, SetCredit = { { CreditTxnID = { id = "1C-1" }, AppliedAmount = "54.13" } } } } } }, expect = { state = "review", cause = "credit_moved" } },
    { name = "ALL-10 of a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "ZUO-32 one that is not posted is set against nothing", like = 1, change = { status = "Draft" }, expect = { state = "skip", cause = "not_posted" } },
    { name = "one that stands there already is this one: nothing is set twice", like = 1, candidates = { RefNumber = { { id = "1B-5", CustomerRef = { id = "80-1" }, TotalAmount = "0.00", TxnDate = "2026-11-05" } } }, current = { id = "1B-5" }, expect = { state = "nothing", match = "RefNumber" } },
    { name = "a payment of that number that brought money is not", like = 1, candidates = { RefNumber = { { id = "1B-5", CustomerRef = { id = "80-1" }, TotalAmount = "54.13", TxnDate = "2026-11-05" } } }, expect = { state = "review" } },
    { name = "nor is another customer's", like = 1, candidates = { RefNumber = { { id = "1B-5", CustomerRef = { id = "80-7" }, TotalAmount = "0.00", TxnDate = "2026-11-05" } } }, expect = { state = "review" } },
  },
}
