-- item_object.lua - the custom object that holds items: made once, before the first of them.

return mapping {
  id = "quickbooks_online.Item->zendesk.item_object", version = "1.0.0", language = 1,
  title = "A custom object for items",
  from = { connector = "quickbooks_online", entity = "Item" },
  to   = { connector = "zendesk", entity = "custom_object" },
  label = "the custom object qbo_item",
  on_demand = true,

  identity = "qbo_item",
  match = { { by = "link" }, { by = { key = "qbo_item" } }, on_none = "create" },
  fields = { key = "qbo_item", title = "QuickBooks item", title_pluralized = "QuickBooks items", description = "From QuickBooks Online, by ml-connector" },
  on_update = "never",
  on_delete = "nothing",

  tests = {
    { name = "ZEN-18 the object is made with the first of them", given = { Id = "1", Name = "x" }, expect = { action = "create", key = "qbo_item", title = "QuickBooks item" } },
    { name = "ZEN-18 the next one finds it", like = 1, candidates = { key = { { id = "qbo_item", key = "qbo_item" } } },
      current = { id = "qbo_item", key = "qbo_item", title = "QuickBooks item", title_pluralized = "QuickBooks items", description = "From QuickBooks Online, by ml-connector" }, expect = { state = "nothing" } },
  },
}
