-- product.lua - what is sold becomes a product, so that deals can name it.

local params = shared "params"
local trade = first { src "SalesOrPurchase.Desc", src "SalesAndPurchase.SalesDesc", src "SalesDesc", src "ItemDesc" }
local price = first { src "SalesOrPurchase.Price", src "SalesAndPurchase.SalesPrice", src "SalesPrice" }
local key = text "{param.books}-{ListID}"

return mapping {
  id = "quickbooks_desktop.Item->zoho_crm.product", version = "1.0.0", language = 1,
  title = "Items become products",
  from = { connector = "quickbooks_desktop", entity = "Item" },
  to   = { connector = "zoho_crm", entity = "Products" },
  label = text "item {FullName}",

  params = { books = params.books },

  accept = { { not_(one_of(src "ItemType", { "ItemSalesTax", "ItemSalesTaxGroup", "ItemPayment", "ItemSubtotal" })),
               else_ = skip("no_product", "{Name} is nothing that is sold") } },
  identity = src "ListID",
  order_by = src "TimeModified",
  match = {
    { by = "link" },
    { by = { External_Id = key } },
    { by = { Product_Code = first { src "FullName", src "Name" } }, agree = any { absent(found "External_Id"), eq(found "External_Id", key) },
      else_ = review("code_taken:{Name}", "there is a product with the code {Name} in Zoho, of another item") },
    on_none = "create",
    on_many = review("code_taken:{Name}", "several products in Zoho have the code {Name}"),
  },

  fields = {
    Product_Name = trim { first { src "FullName", src "Name" }, max = 200, on_overflow = "truncate" },
    Product_Code = first { src "FullName", src "Name" },
    Unit_Price = money(price),
    Description = trim { trade, max = 4000, on_overflow = "truncate" },
    Product_Active = first { src "IsActive", true },
    External_Id = key,
  },
  owns = { "Product_Name", "Product_Code", "Unit_Price", "Description", "Product_Active", "External_Id", adopted = "only_empty" },
  on_conflict = "theirs",
  on_delete = { fields = { Product_Active = false } },

  tests = {
    { name = "ZOHO-35 an item is a product with code and price",
      given = { ListID = "70000001-1", TimeModified = "2026-11-20T08:00:00-08:00", ItemType = "ItemService", Name = "Mug", FullName = "Goods:Mug", IsActive = true,
        SalesOrPurchase = { Desc = "A mug, white", Price = "12.5" } },
      expect = { action = "create", Product_Name = "Goods:Mug", Product_Code = "Goods:Mug", Unit_Price = "12.50", Description = "A mug, white", Product_Active = true, External_Id = "QB-70000001-1" } },
    { name = "a product of that code which is there already is the one", like = 1, candidates = { Product_Code = { { id = "700001" } } }, current = { id = "700001", Product_Name = "White mug", Unit_Price = "13.00" },
      expect = { action = "update 700001", Product_Name = none, Unit_Price = none, External_Id = "QB-70000001-1" } },
    { name = "a code that is another item's waits for a person", like = 1, candidates = { Product_Code = { { id = "700001", External_Id = "QB-70000009-1" } } }, expect = { state = "review", cause = "code_taken:Mug" } },
    { name = "taxes and subtotals are no products", like = 1, change = { ItemType = "ItemSalesTax" }, expect = { state = "skip", cause = "no_product" } },
    { name = "an item that is made inactive is an inactive product", like = 1, change = { IsActive = false },
      link = { id = "700001", base = { Product_Name = "Goods:Mug", Product_Code = "Goods:Mug", Unit_Price = "12.50", Description = "A mug, white", Product_Active = true, External_Id = "QB-70000001-1" } },
      current = { id = "700001", Product_Name = "Goods:Mug", Product_Code = "Goods:Mug", Unit_Price = "12.50", Description = "A mug, white", Product_Active = true, External_Id = "QB-70000001-1" },
      expect = { action = "update 700001", Product_Active = false } },
    { name = "ZOHO-23 one that is deleted, too", like = 5, deleted = true, expect = { action = "update 700001", Product_Active = false } },
    { name = "a code that is its own is its own", like = 1, candidates = { Product_Code = { { id = "700001", External_Id = "QB-70000001-1" } } }, current = { id = "700001", Product_Name = "Goods:Mug" }, expect = { action = "update 700001" } },
  },
}
