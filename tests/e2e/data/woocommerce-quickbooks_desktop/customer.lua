-- Small on purpose: who a test's order is for.  The shipped mapping is mappings/woocommerce-quickbooks_desktop/customer.lua.
local email = lower(src "billing.email")

return mapping {
  id = "woocommerce.order->quickbooks_desktop.customer", version = "1.0.0", language = 1,
  title = "Who buys becomes a customer",
  from = { connector = "woocommerce", entity = "order" },
  to = { connector = "quickbooks_desktop", entity = "Customer" },
  label = text "customer {billing.email}",
  on_demand = true,
  identity = { email },
  match = {
    { by = "link" },
    { by = { Email = email } },
    on_none = "create", on_many = "review",
  },
  fields = {
    Name = unique_name { text "{billing.first_name} {billing.last_name}", max = 41, among = { Entity = "FullName" }, suffixes = { src "id" } },
    Email = email,
    Phone = src "billing.phone",
    BillAddress = { Addr1 = src "billing.address_1", City = src "billing.city" },
  },
  owns = { "Phone", "BillAddress", adopted = "only_empty" },
  tests = {
    { name = "a new one", given = { id = 7, billing = { first_name = "Ada", last_name = "Byron", email = "Ada@Example.com", city = "Reno" } },
      expect = { action = "create", Name = "Ada Byron", Email = "ada@example.com" } },
  },
}
