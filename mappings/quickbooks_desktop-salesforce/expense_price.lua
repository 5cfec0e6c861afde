-- expense_price.lua - the price of a product that stands for an account: nothing; what was booked stands in the bill's line.

-- An org of one currency has no such field.
local currency = when(eq(fact "target.currencies", "many"), fact "source.currency")

return mapping {
  id = "quickbooks_desktop.Account->salesforce.expense_price", version = "1.0.0", language = 1,
  title = "Products that stand for accounts have a place in the standard price book",
  from = { connector = "quickbooks_desktop", entity = "Account" },
  to   = { connector = "salesforce", entity = "PricebookEntry" },
  label = text "account {FullName} in the price book",
  on_demand = true,

  identity = src "ListID",
  order_by = src "TimeModified",
  needs = {
    product = ensure { "quickbooks_desktop.Account->salesforce.expense_product" },
    book    = find { entity = "Pricebook2", by = { IsStandard = true }, about = "standard price book",
                     on_none = hold("no_price_book", "Salesforce shows no standard price book: are products switched on, and may the app's user see them?") },
  },
  match = { { by = "link" }, { by = { Product2Id = ref "product", Pricebook2Id = ref "book", CurrencyIsoCode = currency } },
    { by = { Product2Id = ref "product", Pricebook2Id = ref "book" }, if_ = absent(currency) }, on_none = "create" },
  fields = { Pricebook2Id = ref "book", Product2Id = ref "product", UnitPrice = "0.00", CurrencyIsoCode = currency, IsActive = true },
  on_update = "never",

  tests = {
    { name = "SF-04 an account that bills are booked on has a place in the price book",
      given = { ListID = "A0000005-1", Name = "Freight", FullName = "Costs:Freight" }, refs = { product = "01tAc0000000001AAA", book = "01sAc0000000001AAA" },
      expect = { action = "create", Product2Id = "01tAc0000000001AAA", Pricebook2Id = "01sAc0000000001AAA", UnitPrice = "0.00" } },
  },
}
