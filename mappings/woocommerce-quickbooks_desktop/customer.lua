-- customer.lua - who bought in the web shop becomes a customer in QuickBooks.
--
-- Runs when an order is posted that needs its customer.  A buyer is the same for ever by e-mail; guests and
-- people with an account are treated alike.  A customer that stands in the books already is adopted: only his
-- empty fields are filled.  One that we made is kept as his newest order has him; what the bookkeeper changed
-- stays.  Changes in the account of a registered customer: registered_customer.lua.

local books = shared "books"
-- Text as QuickBooks can store and show it.
local function short(path, most)
  return trim { transliterate(src(path)), max = most, on_overflow = "truncate" }
end

local email = lower(src "billing.email")
local full_name = text "{billing.first_name} {billing.last_name}"
local who = when(eq(param "customer_name", "person"),
  first { full_name, src "billing.company", email, text "Web order {number}" },
  first { src "billing.company", full_name, email, text "Web order {number}" })
-- The own country is left away, as people write it.
local function country(path)
  return when(ne(src(path), param "home_country"), src(path))
end

return mapping {
  id = "woocommerce.order->quickbooks_desktop.customer", version = "1.0.0", language = 1,
  title = "Who buys in the web shop becomes a customer",
  from = { connector = "woocommerce", entity = "order" },
  to   = { connector = "quickbooks_desktop", entity = "Customer" },
  label = text "customer {billing.first_name} {billing.last_name} {billing.email}",
  on_demand = true,

  params = { books.customer },

  enabled = ne(param "customers", "one"),

  identity = first { email, text "order {id}" },
  order_by = src "date_modified_gmt",

  match = {
    { by = "link" },
    -- A job is never the buyer: orders go to the customer above it (ALL-11).
    { by = { Email = email }, agree = all { absent(found "ParentRef"), ne(found "IsActive", false) },
      else_ = review("customer_unclear:{billing.email}", "the customer with the e-mail {billing.email} is inactive in QuickBooks, or a job") },
    -- Without an e-mail a name alone is too little to be sure.
    { by = { FullName = who }, if_ = absent(email), confidence = 50 },
    on_none = "create", accept_at = 80,
    on_many = review("same_email:{billing.email}", "several customers in QuickBooks have the e-mail {billing.email}"),
  },

  fields = {
    -- Customers, vendors, employees and other names share one list of names in QuickBooks.
    Name = unique_name { transliterate(who), max = 41, among = { Entity = "FullName" },
      suffixes = { transliterate(src "billing.city"), src "billing.postcode", text "web order {number}" } },
    CompanyName = short("billing.company", 41),
    FirstName   = short("billing.first_name", 25),
    LastName    = short("billing.last_name", 25),
    BillAddress = {
      Addr1 = trim { transliterate(first { src "billing.company", full_name }), max = 41, on_overflow = "truncate" },
      Addr2 = short("billing.address_1", 41), Addr3 = short("billing.address_2", 41),
      City = short("billing.city", 31), State = short("billing.state", 21),
      PostalCode = short("billing.postcode", 13), Country = country "billing.country",
    },
    Phone = short("billing.phone", 21),
    Email = email,
    CustomerTypeRef = param "customer_type",
    -- His first order decides; QuickBooks keeps each customer in one currency for ever.
    CurrencyRef = when(all { eq(fact "target.multicurrency", "on"), present(param "currency_names") }, pick(param "currency_names", src "currency")),
  },

  owns = { "CompanyName", "FirstName", "LastName", "BillAddress", "Phone", "Email", adopted = "only_empty" },
  on_conflict = "theirs",
  on_delete = "nothing",

  tests = {
    { name = "WOO-14 WOO-26 a buyer who is not in the books is created",
      given = { id = 7, number = "1007", status = "processing", customer_id = 3, date_modified_gmt = "2026-11-20T19:09:21",
        billing = { first_name = "Ada", last_name = "Byron", company = "", address_1 = "1 Row", address_2 = "Flat 2", city = "Reno",
          state = "NV", postcode = "89501", country = "US", email = "Ada@Example.com", phone = "(555) 010-0042" } },
      expect = { action = "create", Name = "Ada Byron", CompanyName = none, FirstName = "Ada", LastName = "Byron", Email = "ada@example.com",
        Phone = "(555) 010-0042", BillAddress = { Addr1 = "Ada Byron", Addr2 = "1 Row", Addr3 = "Flat 2", City = "Reno", State = "NV",
          PostalCode = "89501", Country = none }, CustomerTypeRef = none } },
    { name = "ALL-08 where the file keeps several currencies he is made in that of his first order", like = 1, change = { currency = "EUR" }, params = { currency_names = { EUR = "Euro" } },
      facts = { target = { multicurrency = "on" } }, expect = { CurrencyRef = "Euro" } },
    { name = "ALL-08 where it keeps one, none is spoken of", like = 1, change = { currency = "EUR" }, params = { currency_names = { EUR = "Euro" } }, facts = { target = { multicurrency = "off" } }, expect = { CurrencyRef = none } },
    { name = "a company gives its name where there is one", like = 1, change = { ["billing.company"] = "Byron Looms" },
      expect = { Name = "Byron Looms", CompanyName = "Byron Looms", FirstName = "Ada", BillAddress = { Addr1 = "Byron Looms" } } },
    { name = "a tenant may prefer the person's name", like = 1, params = { customer_name = "person" }, change = { ["billing.company"] = "Byron Looms" },
      expect = { Name = "Ada Byron", CompanyName = "Byron Looms" } },
    { name = "WOO-14 a name that a vendor has gets the city behind it", like = 1, taken = { ["Ada Byron"] = "Entity" },
      expect = { Name = "Ada Byron (Reno)" } },
    { name = "WOO-14 a name of which all variants are taken waits for a person", like = 1,
      taken = { ["Ada Byron"] = "Entity", ["Ada Byron (Reno)"] = "Entity", ["Ada Byron (89501)"] = "Entity", ["Ada Byron (web order 1007)"] = "Entity" },
      expect = { state = "review", cause = "name_taken:Ada Byron" } },
    { name = "letters that QuickBooks cannot store become their nearest; a colon is no part of a name", like = 1,
      change = { ["billing.first_name"] = "Łukasz", ["billing.last_name"] = "Żak: Dr" }, expect = { Name = "Lukasz Zak Dr" } },
    { name = "a buyer abroad keeps his country", like = 1, change = { ["billing.country"] = "DE" }, expect = { BillAddress = { Country = "DE" } } },
    { name = "WOO-13 another spelling of the name with the same e-mail is the same customer, and keeps what he has", like = 1,
      candidates = { Email = { { id = "80000001-1", Name = "Lovelace, Ada", IsActive = true } } },
      current = { id = "80000001-1", Name = "Lovelace, Ada", IsActive = true, FirstName = "Augusta", LastName = "Lovelace", Email = "ADA@Example.com",
        Phone = "1", BillAddress = { Addr1 = "Ada Lovelace", Addr2 = "12 St James's Sq", Addr3 = "London", City = "San Tomas", State = "CA", PostalCode = "94000" } },
      expect = { state = "nothing" } },
    { name = "WOO-45 of an adopted customer empty fields are filled, and nothing else", like = 1,
      candidates = { Email = { { id = "80000001-1", Name = "Lovelace, Ada", IsActive = true } } },
      current = { id = "80000001-1", Name = "Lovelace, Ada", IsActive = true, FirstName = "Augusta", Email = "ADA@Example.com",
        BillAddress = { Addr1 = "Ada Lovelace", Addr2 = "12 St James's Sq", Addr3 = "-", City = "London", State = "-", PostalCode = "1" } },
      expect = { action = "update 80000001-1", Phone = "(555) 010-0042", LastName = "Byron", FirstName = none, Name = none, Email = none, BillAddress = none } },
    { name = "WOO-45 a customer whom we made is kept as the newest order has him", like = 1,
      link = { id = "80000009-1", made = "created", base = { FirstName = "Ada", LastName = "Byron", Phone = "(555) 010-0042", Email = "ada@example.com",
        BillAddress = { Addr1 = "Ada Byron", Addr2 = "1 Row", Addr3 = "Flat 2", City = "Reno", State = "NV", PostalCode = "89501" } } },
      current = { id = "80000009-1", Name = "Ada Byron", FirstName = "Ada", LastName = "Byron", Phone = "(555) 010-0042", Email = "ada@example.com",
        BillAddress = { Addr1 = "Ada Byron", Addr2 = "1 Row", Addr3 = "Flat 2", City = "Reno", State = "NV", PostalCode = "89501" } },
      change = { ["billing.address_1"] = "9 Hill" },
      expect = { action = "update 80000009-1", BillAddress = { Addr2 = "9 Hill", City = "Reno" }, Name = none, Phone = none } },
    { name = "WOO-45 what the bookkeeper changed stays, without a question", like = "WOO-45 a customer whom we made is kept as the newest order has him",
      change = { ["billing.address_1"] = "1 Row", ["billing.phone"] = "2" },
      current = { id = "80000009-1", Name = "Byron A.", FirstName = "Ada", LastName = "Byron", Phone = "7", Email = "ada@example.com",
        BillAddress = { Addr1 = "Ada Byron", Addr2 = "1 Row", Addr3 = "Flat 2", City = "Reno", State = "NV", PostalCode = "89501" } },
      expect = { state = "nothing" } },
    { name = "an order that changes nothing of him writes nothing", like = "WOO-45 a customer whom we made is kept as the newest order has him",
      change = { ["billing.address_1"] = "1 Row" }, expect = { state = "nothing" } },
    { name = "ALL-11 jobs with the customer's e-mail are passed over", like = 1,
      candidates = { Email = { { id = "80-1", Name = "Babbage Engines", IsActive = true }, { id = "80-2", Name = "Engine 1", ParentRef = { id = "80-1" }, IsActive = true },
        { id = "80-3", Name = "Engine 2", ParentRef = { id = "80-1" }, IsActive = true } } },
      current = { id = "80-1", Name = "Babbage Engines" },
      expect = { action = "update 80-1", match = "Email" } },
    { name = "ALL-11 an e-mail that only a job has waits for a person", like = 1,
      candidates = { Email = { { id = "80-2", Name = "Engine 1", ParentRef = { id = "80-1" }, IsActive = true } } },
      expect = { state = "review", cause = "customer_unclear:Ada@Example.com", options = { "adopt", "create" } } },
    { name = "an inactive customer waits for a person", like = 1, candidates = { Email = { { id = "80-1", Name = "Old", IsActive = false } } },
      expect = { state = "review", cause = "customer_unclear:Ada@Example.com" } },
    { name = "two customers with one e-mail wait for a person", like = 1,
      candidates = { Email = { { id = "80-1", IsActive = true }, { id = "80-2", IsActive = true } } }, expect = { state = "review", cause = "same_email:Ada@Example.com" } },
    { name = "a person's choice of the customer is kept", like = 1, candidates = { Email = { { id = "80-1", IsActive = true }, { id = "80-2", IsActive = true } } },
      choice = { choice = "adopt", id = "80-2" }, current = { id = "80-2", Name = "Second" }, expect = { action = "update 80-2" } },
    { name = "without an e-mail a customer of that name is only proposed", like = 1, change = { ["billing.email"] = "" },
      candidates = { FullName = { { id = "80-1", IsActive = true } } }, expect = { state = "review", cause = "unsure_match" } },
    { name = "WOO-35 the end of an order is not the end of the customer", like = 1, deleted = true, link = { id = "80-1" }, expect = { state = "skip" } },
  },
}
