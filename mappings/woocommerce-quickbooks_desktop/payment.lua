-- payment.lua - the money for a web order becomes a payment that is applied to its invoice, and to no other.
--
-- Runs where `document` is invoice_and_payment, as soon as the shop says that the order is paid, whether its invoice was posted
-- that day or weeks before.  The money goes to the account that the tenant has named for the payment method: a clearing account of
-- each gateway, or Undeposited Funds.

local books = shared "books"
local order = shared "order"

local paid_on = date(src "date_paid")
local paid_in_books = when(eq(param "closed_period", "first_open_day"), open_day(paid_on), paid_on)
local number = trim { text "{param.doc_prefix}{number}", max = 20, on_overflow = "last_digits" }

-- In the shadow the invoice is not there yet; then nothing of it can be looked at.
local in_shadow = eq(need "invoice.id", "(new)")
-- What a refund of the unpaid order has taken off the invoice already is not paid any more.
local refunded = neg(sum("refunds", "total"))
local amount = when(all { present(need "posted.BalanceRemaining"), lt(add(need "posted.BalanceRemaining", refunded), money(src "total")), not_(decided "post") },
  review { cause = "already_paid", why = "{need.posted.BalanceRemaining} of {total} is still open on the invoice of order {number}: somebody has paid or credited it in QuickBooks",
    options = { "skip", "adopt", "post" } },
  min(money(src "total"), need "posted.BalanceRemaining"))

return mapping {
  id = "woocommerce.order->quickbooks_desktop.payment", version = "1.0.0", language = 1,
  title = "Money for web orders becomes payments",
  from = { connector = "woocommerce", entity = "order" },
  to   = { connector = "quickbooks_desktop", entity = "ReceivePayment" },
  label = text "payment of order {number}",

  params = { books.every, books.sold, books.money },
  tables = order.tables,

  enabled = eq(param "document", "invoice_and_payment"),

  money = { amount = src "total", currency = src "currency", date = paid_on, posted = paid_in_books,
    must_be = when(ne(fact "target.multicurrency", "on"), param "currency") },

  accept = {
    { present(src "date_paid"), else_ = skip("not_paid", "order {number} is not paid yet") },
    { gt(src "total", 0), else_ = skip("nothing_to_pay", "order {number} cost nothing") },
    { any { order.due, decided "post" }, else_ = skip("not_due", "order {number} is {status}: not sold yet") },
    { any { not_(order.called_off), present(link "id"), decided "post" }, else_ = skip("called_off", "order {number} is {status}; its invoice says what is to be done") },
  },

  identity = src "id",
  order_by = src "date_modified_gmt",

  match = {
    { by = "link" },
    { by = { RefNumber = number },
      agree = all { eq(found "CustomerRef", need "posted.CustomerRef"), eq(found "TotalAmount", money(src "total")),
        within_days(found "TxnDate", paid_on, param "adopt_within_days"),
        gt(count(found "AppliedToTxn", eq(item "TxnID.id", need "invoice.id")), 0) },
      else_ = review { cause = "number_taken:{param.doc_prefix}{number}", why = "QuickBooks has a payment of this number with another customer, amount, date or invoice",
        options = { "adopt", "create", "skip" } } },
    on_none = "create",
  },

  needs = {
    invoice = ensure { "woocommerce.order->quickbooks_desktop.invoice", on_none = skip("no_invoice", "order {number} has no invoice") },
    posted  = fetch { entity = "Invoice", id = need "invoice.id", if_ = not_(in_shadow), on_none = hold("needs_invoice", "the invoice of order {number} is not in QuickBooks any more") },
  },

  fields = {
    CustomerRef      = when(in_shadow, text "the customer of order {number}", need "posted.CustomerRef"),
    ARAccountRef     = when(not_(in_shadow), need "posted.ARAccountRef"),
    TxnDate          = paid_in_books,
    RefNumber        = number,
    TotalAmount      = amount,
    ExchangeRate     = when(all { eq(fact "target.multicurrency", "on"), present(param "exchange_rates") }, pick(param "exchange_rates", src "currency")),
    PaymentMethodRef = pick(param "payment_methods", src "payment_method"),
    Memo             = transliterate(join { list { text "Web order {number}", src "payment_method_title", src "transaction_id",
                         when(ne(paid_in_books, paid_on), text "of the closed period"), when(ne(paid_in_books, paid_on), paid_on) }, item(), ", " }),
    DepositToAccountRef = pick(param "deposit_to", src "payment_method"),
    -- Never left to QuickBooks to pick what is paid.
    AppliedToTxn = lines { one { TxnID = ref "invoice", PaymentAmount = amount } },
  },

  -- Written once.  What changes later about the money of an order is a refund, or a question that its invoice raises.
  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off" } },
      params = { deposit_to = { stripe = "Stripe Clearing", cod = "Undeposited Funds" }, payment_methods = { stripe = "Visa", cod = "Cash" } },
      refs = { invoice = "1A-9", posted = { id = "1A-9", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7", name = "Accounts Receivable" }, BalanceRemaining = "56.03" } } },
    { name = "WOO-39 a paid order's payment is applied to that invoice, whole, on the gateway's account",
      given = { id = 42, number = "1007", status = "processing", currency = "USD", total = "56.03", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00",
        date_modified_gmt = "2026-11-01T03:30:01", payment_method = "stripe", payment_method_title = "Card", transaction_id = "ch_1", refunds = {} },
      expect = { action = "create", CustomerRef = "80-1", ARAccountRef = "80-7", TxnDate = "2026-10-31", RefNumber = "W1007", TotalAmount = "56.03", PaymentMethodRef = "Visa",
        DepositToAccountRef = "Stripe Clearing", Memo = "Web order 1007, Card, ch_1", IsAutoApply = none, AppliedToTxn = { { TxnID = "1A-9", PaymentAmount = "56.03" } } } },
    { name = "WOO-39 a payment method whose account nobody has named is held", like = 1, change = { payment_method = "klarna" }, expect = { state = "hold", cause = "unknown_payment_methods:klarna" } },
    { name = "WOO-39 without its invoice no payment", like = 1, refs = { invoice = none }, expect = { state = "skip", cause = "no_invoice" } },
    { name = "WOO-39 an order that cost nothing needs none", like = 1, change = { total = "0.00" }, expect = { state = "skip", cause = "nothing_to_pay" } },
    { name = "WOO-40 cash on delivery is not paid when it is sent", like = 1, change = { payment_method = "cod", date_paid = none }, expect = { state = "skip", cause = "not_paid" } },
    { name = "WOO-40 and paid of the day it came, on an invoice of long before", like = 1, change = { payment_method = "cod", date_paid = "2026-11-12T09:00:00", status = "completed" },
      expect = { action = "create", TxnDate = "2026-11-12", PaymentMethodRef = "Cash", DepositToAccountRef = "Undeposited Funds" } },
    { name = "WOO-39 what somebody paid by hand is not paid again", like = 1, refs = { invoice = "1A-9", posted = { id = "1A-9", CustomerRef = { id = "80-1" }, BalanceRemaining = "0.00" } },
      expect = { state = "review", cause = "already_paid", options = { "skip", "adopt", "post" } } },
    { name = "WOO-15 after a refund of the unpaid order only the rest is paid", like = 1, change = { refunds = { { id = 52, total = "-6.03" } } },
      refs = { invoice = "1A-9", posted = { id = "1A-9", CustomerRef = { id = "80-1" }, BalanceRemaining = "50.00" } },
      expect = { TotalAmount = "50.00", AppliedToTxn = { { PaymentAmount = "50.00" } } } },
    { name = "WOO-15 paid and refunded before we saw it: all of it came in, and goes out again by the refund", like = 1, change = { status = "refunded", refunds = { { id = 52, total = "-56.03" } } },
      expect = { TotalAmount = "56.03" } },
    { name = "ALL-12 the payment goes to whom the invoice belongs now", like = 1,
      refs = { invoice = "1A-9", posted = { id = "1A-9", CustomerRef = { id = "80-77", name = "The survivor" }, BalanceRemaining = "56.03" } }, expect = { CustomerRef = "80-77" } },
    { name = "ALL-15 in the shadow it shows what it would post", like = 1, refs = { invoice = "(new)" }, expect = { action = "create", CustomerRef = "the customer of order 1007", TotalAmount = "56.03" } },
    { name = "ALL-09 money of before the start is not ours", like = 1, start = "2026-11-01", expect = { state = "skip", cause = "before_start" } },
    { name = "ALL-10 a payment of a closed month waits", like = 1, locked_until = "2026-10-31", expect = { state = "hold", cause = "closed_period" } },
    { name = "ALL-10 or goes to the first open day", like = 1, locked_until = "2026-10-31",
      params = { closed_period = "first_open_day", deposit_to = { default = "Stripe Clearing" }, payment_methods = { default = "Visa" } },
      expect = { TxnDate = "2026-11-01", Memo = "Web order 1007, Card, ch_1, of the closed period, 2026-10-31" } },
    { name = "ALL-08 euros are not paid into books kept in dollars", like = 1, change = { currency = "EUR" }, expect = { state = "hold", cause = "currency" } },
    { name = "WOO-42 a payment typed by hand for this invoice is this one", like = 1,
      candidates = { RefNumber = { { id = "1B-3", CustomerRef = { id = "80-1" }, TotalAmount = "56.03", TxnDate = "2026-11-02", AppliedToTxn = { { TxnID = { id = "1A-9" }, Amount = "56.03" } } } } },
      current = { id = "1B-3", Memo = "Card" }, refs = { invoice = "1A-9", posted = { id = "1A-9", CustomerRef = { id = "80-1" }, BalanceRemaining = "0.00" } },
      expect = { state = "nothing", match = "RefNumber" } },
    { name = "WOO-42 one of that number for another invoice is not", like = 1,
      candidates = { RefNumber = { { id = "1B-3", CustomerRef = { id = "80-1" }, TotalAmount = "56.03", TxnDate = "2026-11-02", AppliedToTxn = { { TxnID = { id = "1A-8" }, Amount = "56.03" } } } } },
      expect = { state = "review", cause = "number_taken:W1007" } },
    { name = "WOO-41 later changes of the order leave the payment alone", like = 1, change = { status = "completed", total = "60.00", payment_method_title = "Card (Stripe)" },
      link = { id = "1B-1", made = "created", base = { Memo = "Web order 1007, Card, ch_1" } }, expect = { state = "nothing" } },
    { name = "money for an order that was called off before we saw it is asked about once, by its invoice", like = 1, change = { status = "cancelled" }, expect = { state = "skip", cause = "called_off" } },
  },
}
