-- price.lua - each product's price in the standard price book: what lines of opportunities and orders refer to.
--
-- The price is the item's; what an invoice charged stands in its own lines.

-- An org of one currency has no such field.
local currency = when(eq(fact "target.currencies", "many"), fact "source.currency")

return mapping {
  id = "quickbooks_desktop.Item->salesforce.price", version = "1.0.0", language = 1,
  title = "Items have a price in the standard price book",
  from = { connector = "quickbooks_desktop", entity = "Item" },
  to   = { connector = "salesforce", entity = "PricebookEntry" },
  label = text "price of {FullName}",

  identity = src "ListID",
  order_by = src "TimeModified",
  needs = {
    product = ensure { "quickbooks_desktop.Item->salesforce.product" },
    book    = find { entity = "Pricebook2", by = { IsStandard = true }, take = { "Name" }, about = "standard price book",
                     on_none = hold("no_price_book", "Salesforce shows no standard price book: are products switched on, and may the app's user see them?") },
  },
  match = { { by = "link" }, { by = { Product2Id = ref "product", Pricebook2Id = ref "book", CurrencyIsoCode = currency } },
    { by = { Product2Id = ref "product", Pricebook2Id = ref "book" }, if_ = absent(currency) }, on_none = "create" },

  fields = {
    Pricebook2Id = ref "book",
    Product2Id = ref "product",
    UnitPrice = money(first { src "SalesOrPurchase.Price", src "SalesAndPurchase.SalesPrice", src "SalesPrice", "0" }),
    CurrencyIsoCode = currency,
    IsActive = true,    -- also of an inactive product: its old invoices need it
  },
  on_conflict = "theirs",
  on_delete = "nothing",

  tests = {
    { name = "SF-22 a product has the item's price, to the cent",
      given = { ListID = "70000001-1", ItemType = "ItemService", Name = "Mug", FullName = "Mug", SalesOrPurchase = { Price = "12.345" } },
      refs = { product = "01tAc0000000001AAA", book = "01sAc0000000001AAA" },
      expect = { action = "create", Pricebook2Id = "01sAc0000000001AAA", Product2Id = "01tAc0000000001AAA", UnitPrice = "12.35", IsActive = true } },
    { name = "what has no price costs nothing", like = 1, change = { SalesOrPurchase = none }, expect = { UnitPrice = "0.00" } },
    { name = "SF-35 a price that is there already is taken", like = 1, candidates = { ["Product2Id + Pricebook2Id"] = { { id = "01uAc0000000001AAA", UnitPrice = "9.00" } } },
      current = { id = "01uAc0000000001AAA", UnitPrice = "9.00", IsActive = true, Product2Id = { id = "01tAc0000000001AAA" }, Pricebook2Id = { id = "01sAc0000000001AAA" } },
      expect = { action = "update 01uAc0000000001AAA", UnitPrice = "12.35" } },
  },
}
