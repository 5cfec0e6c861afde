-- posting.lua - of which day and in which currency something is posted: the same for documents, payments and refunds.
--
-- shared "posting" { day = src "memoDate", amount = src "totalAmount" }; currency = ... where it stands in another record.

return function(of)
  local books_day = when(eq(param "closed_period", "first_open_day"), open_day(of.day), of.day)
  local currency = of.currency or src "currency"
  local has_one = ne(fact "target.multicurrency", "on")
  -- Where the file keeps several, a document is in its customer's, whatever it says itself.
  local his = need "buyer.CurrencyRef.name"

  return {
    params = {
      doc_prefix      = { type = "string", default = "", max = 4, unique = true, help = "stands before Zuora's numbers; no two tenants of one company may share it" },
      number_too_long = { type = "one_of", values = { "hold", "last_digits" }, default = "hold",
                          help = "QuickBooks takes 11 characters: hold the document, or keep the last 11; the whole number is in the memo in any case" },
      adopt_within_days = { type = "int", default = 30, min = 0, max = 366, help = "a document typed by hand is taken as this one when number, customer and total agree and its date is so near" },
      closed_period   = { type = "one_of", values = { "hold", "first_open_day" }, default = "hold", help = "a document of a closed month waits, or goes to the first open day" },
      currency        = { type = "string", default = "USD", max = 3, help = "of the company file, where it keeps one only" },
      currency_names  = { type = "table", default = { USD = "US Dollar", CAD = "Canadian Dollar", EUR = "Euro", GBP = "British Pound Sterling", AUD = "Australian Dollar" },
                          help = "by currency: what QuickBooks calls it; where the file keeps several" },
      receivables     = { type = "table", of = "Account", help = "by currency: the accounts receivable account" },
      exchange_rates  = { type = "table", help = "by currency: one unit of it in the file's own; without it, QuickBooks takes its list's" },
    },
    books_day = books_day,
    -- What stands in another record is not there before that was fetched.
    money = { amount = of.amount, currency = currency, date = of.day, posted = books_day,
      must_be = when(has_one, of.currency and when(present(currency), param "currency") or param "currency",
        when(present(his), when(eq(his, pick(param "currency_names", currency)), currency, his))) },
    needs = { buyer = fetch { entity = "Customer", id = need "customer.id", take = { "CurrencyRef" }, if_ = not_(has_one) } },
    receivable = when(present(param "receivables"), pick(param "receivables", currency)),
    exchange_rate = when(all { eq(fact "target.multicurrency", "on"), present(param "exchange_rates") }, pick(param "exchange_rates", currency)),
  }
end
