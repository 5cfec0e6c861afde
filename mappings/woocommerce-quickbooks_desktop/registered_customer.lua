-- registered_customer.lua - what people change in their account in the web shop reaches their customer in QuickBooks.
--
-- Customers are made when they buy (customer.lua).  Here only those are kept current that we made; one that was in the books before
-- us is left to the bookkeeper.  A tenant may have every account become a customer, whether it ever bought something or not.
-- Nobody is deleted: an account that is closed in the shop leaves its customer alone.

local books = shared "books"
-- Text as QuickBooks can store and show it.
local function short(value, most)
  return trim { transliterate(value), max = most, on_overflow = "truncate" }
end

local email = lower(first { src "billing.email", src "email" })
local first_name, last_name = first { src "billing.first_name", src "first_name" }, first { src "billing.last_name", src "last_name" }
local full_name = join { list { first_name, last_name }, item(), " " }
local who = when(eq(param "customer_name", "person"), first { full_name, src "billing.company", email }, first { src "billing.company", full_name, email })
-- Who runs the shop, or only reads its letters, has an account as well, and becomes a customer by buying only.
local all_of_them = all { eq(param "registered_customers", "all"), eq(src "role", "customer") }

return mapping {
  id = "woocommerce.customer->quickbooks_desktop.customer", version = "1.0.0", language = 1,
  title = "Accounts in the web shop keep their customers current",
  from = { connector = "woocommerce", entity = "customer" },
  to   = { connector = "quickbooks_desktop", entity = "Customer" },
  label = text "account {email}",

  params = {
    books.customer,
    registered_customers = { type = "one_of", values = { "buyers", "all" }, default = "buyers", help = "buyers: an account becomes a customer with its first order; all: at once" },
  },

  enabled = ne(param "customers", "one"),

  accept = {
    { present(email), else_ = skip("no_email", "account {id} has no e-mail") },
    { any { present(link "id"), all_of_them, present(need "buyer.id") }, else_ = skip("no_order", "{email} has not bought anything yet") },
    { any { present(link "id"), ne(need "buyer.made", "adopted") }, else_ = skip("adopted", "the customer of {email} was in the books before: he is left to the bookkeeper") },
  },

  identity = email,
  order_by = src "date_modified_gmt",

  match = {
    { by = "link" },
    { by = { ListID = need "buyer.id" } },
    { by = { Email = email }, agree = all { absent(found "ParentRef"), ne(found "IsActive", false) },
      else_ = review("customer_unclear:{email}", "the customer with the e-mail {email} is inactive in QuickBooks, or a job") },
    on_none = "create",
    on_many = review("same_email:{email}", "several customers in QuickBooks have the e-mail {email}"),
  },

  needs = {
    buyer = linked { "woocommerce.order->quickbooks_desktop.customer" },
  },

  fields = {
    Name = unique_name { transliterate(who), max = 41, among = { Entity = "FullName" },
      suffixes = { transliterate(src "billing.city"), src "billing.postcode", text "web account {id}" } },
    CompanyName = short(src "billing.company", 41),
    FirstName   = short(first_name, 25),
    LastName    = short(last_name, 25),
    BillAddress = {
      Addr1 = when(present(src "billing.address_1"), short(first { src "billing.company", full_name }, 41)),
      Addr2 = short(src "billing.address_1", 41), Addr3 = short(src "billing.address_2", 41),
      City = short(src "billing.city", 31), State = short(src "billing.state", 21), PostalCode = short(src "billing.postcode", 13),
      Country = when(ne(src "billing.country", param "home_country"), src "billing.country"),
    },
    Phone = short(src "billing.phone", 21),
    Email = email,
    CustomerTypeRef = param "customer_type",
  },

  owns = { "CompanyName", "FirstName", "LastName", "BillAddress", "Phone", "Email" },
  on_conflict = "theirs",
  on_delete = "nothing",

  tests = {
    { name = "WOO-34 a changed address in the account reaches the customer whom an order made",
      given = { id = 14, role = "customer", email = "ada@example.com", first_name = "Ada", last_name = "Byron", date_modified_gmt = "2026-11-21T00:09:15",
        billing = { first_name = "Ada", last_name = "Byron", company = "", address_1 = "9 Hill", address_2 = "", city = "Reno", state = "NV", postcode = "89501", country = "US",
          email = "Ada@Example.com", phone = "1" } },
      refs = { buyer = { id = "80-1", made = "created" } }, candidates = { ListID = { { id = "80-1" } } },
      current = { id = "80-1", Name = "Ada Byron", FirstName = "Ada", LastName = "Byron", Email = "ada@example.com", Phone = "1",
        BillAddress = { Addr1 = "Ada Byron", Addr2 = "1 Row", City = "Reno", State = "NV", PostalCode = "89501" } },
      expect = { action = "update 80-1", BillAddress = { Addr2 = "9 Hill" }, Name = none, Phone = none } },
    { name = "WOO-02 an account that has not bought anything is no customer", like = 1, refs = { buyer = none }, expect = { state = "skip", cause = "no_order" } },
    { name = "WOO-02 unless the tenant wants all of them", like = 1, refs = { buyer = none }, candidates = none, params = { registered_customers = "all" },
      expect = { action = "create", Name = "Ada Byron", Email = "ada@example.com", BillAddress = { Addr1 = "Ada Byron", Addr2 = "9 Hill", Country = none } } },
    { name = "but who has an account for another reason is none", like = 3, change = { role = "shop_manager" }, expect = { state = "skip", cause = "no_order" } },
    { name = "WOO-34 until he buys; then what he changes in it counts like anybody's", like = 1, change = { role = "shop_manager" }, expect = { action = "update 80-1", BillAddress = { Addr2 = "9 Hill" } } },
    { name = "WOO-45 a customer who was in the books before us is left alone", like = 1, refs = { buyer = { id = "80-1", made = "adopted" } }, expect = { state = "skip", cause = "adopted" } },
    { name = "WOO-45 what the bookkeeper has changed meanwhile stays", like = 1,
      link = { id = "80-1", made = "adopted", base = { FirstName = "Ada", LastName = "Byron", Email = "ada@example.com", Phone = "1",
        BillAddress = { Addr1 = "Ada Byron", Addr2 = "9 Hill", City = "Reno", State = "NV", PostalCode = "89501" } } }, change = { ["billing.phone"] = "2" },
      current = { id = "80-1", FirstName = "Ada", LastName = "Byron", Email = "ada@example.com", Phone = "7", BillAddress = { Addr1 = "Ada Byron", Addr2 = "9 Hill" } },
      expect = { state = "nothing" } },
    { name = "an account without an address keeps the order's", like = 1, change = { billing = { email = "ada@example.com" } }, expect = { state = "nothing" } },
    { name = "WOO-35 a closed account leaves its customer alone", like = 1, deleted = true, link = { id = "80-1" }, expect = { state = "skip", cause = "left_alone" } },
  },
}
