-- product.lua - items become products, so that invoices can name them and staff see the codes of the books.

local trade = first { src "SalesOrPurchase.Desc", src "SalesAndPurchase.SalesDesc", src "SalesDesc", src "ItemDesc" }

return mapping {
  id = "quickbooks_desktop.Item->salesforce.product", version = "1.0.0", language = 1,
  title = "Items become products",
  from = { connector = "quickbooks_desktop", entity = "Item" },
  to   = { connector = "salesforce", entity = "Product2" },
  label = text "item {FullName}",

  identity = src "ListID",
  order_by = src "TimeModified",
  match = {
    { by = "link" },
    { by = { MLC_ItemId__c = src "ListID" } },
    { by = { ProductCode = first { src "FullName", src "Name" } }, agree = absent(found "MLC_ItemId__c"),
      else_ = review("code_taken:{Name}", "there is a product with the code {Name} in Salesforce, of another item") },
    on_none = "create",
    on_many = review("code_taken:{Name}", "several products in Salesforce have the code {Name}"),
  },

  fields = {
    Name = trim { first { trade, src "FullName", src "Name" }, max = 255, on_overflow = "truncate" },
    ProductCode = first { src "FullName", src "Name" },
    Description = trim { trade, max = 4000, on_overflow = "truncate" },
    IsActive = first { src "IsActive", true },
    MLC_ItemId__c = src "ListID",
    MLC_ItemType__c = src "ItemType",
    MLC_FullName__c = first { src "FullName", src "Name" },
  },
  owns = { "Name", "ProductCode", "Description", "IsActive", "MLC_ItemId__c", "MLC_ItemType__c", "MLC_FullName__c" },
  on_conflict = "theirs",
  on_delete = { fields = { IsActive = false } },

  tests = {
    { name = "SF-22 an item is a product with its code",
      given = { ListID = "70000001-1", TimeModified = "2026-11-20T08:00:00-08:00", ItemType = "ItemService", Name = "Mug", FullName = "Goods:Mug", IsActive = true,
        SalesOrPurchase = { Desc = "A mug, white", Price = "12.50" } },
      expect = { action = "create", Name = "A mug, white", ProductCode = "Goods:Mug", IsActive = true, MLC_ItemId__c = "70000001-1", MLC_ItemType__c = "ItemService" } },
    { name = "SF-22 what has no description is called by its name", like = 1, change = { SalesOrPurchase = none }, expect = { Name = "Goods:Mug", Description = none } },
    { name = "SF-22 a product of that code which is there already is the one", like = 1, candidates = { ProductCode = { { id = "01tAc0000000001AAA", ProductCode = "Goods:Mug" } } },
      current = { id = "01tAc0000000001AAA", ProductCode = "Goods:Mug" }, expect = { action = "update 01tAc0000000001AAA", MLC_ItemId__c = "70000001-1" } },
    { name = "a code that is another item's waits for a person", like = 1,
      candidates = { ProductCode = { { id = "01tAc0000000001AAA", MLC_ItemId__c = "70000009-1" } } }, expect = { state = "review", cause = "code_taken:Mug" } },
    { name = "SF-22 a rename follows", like = 1, change = { Name = "Cup", FullName = "Goods:Cup" },
      link = { id = "01tAc0000000001AAA", base = { ProductCode = "Goods:Mug", Name = "A mug, white" } }, current = { id = "01tAc0000000001AAA", ProductCode = "Goods:Mug", Name = "A mug, white" },
      expect = { action = "update 01tAc0000000001AAA", ProductCode = "Goods:Cup" } },
    { name = "SF-23 an item that is deleted is an inactive product", like = 5, deleted = true, expect = { action = "update 01tAc0000000001AAA", IsActive = false } },
  },
}
