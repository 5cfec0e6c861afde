-- item.lua - items of QuickBooks stand in Zendesk as reference data: records of the custom object qbo_item.

local reference = shared "reference" { key = "qbo_item", kind = "item", object = "quickbooks_online.Item->zendesk.item_object", name = first { src "FullyQualifiedName", src "Name" } }

return mapping {
  id = "quickbooks_online.Item->zendesk.item", version = "1.0.0", language = 1,
  title = "Items stand in Zendesk as reference data",
  from = { connector = "quickbooks_online", entity = "Item" },
  to   = { connector = "zendesk", entity = "custom_object_record" },
  label = text "item {Name}",

  params = reference.params,
  enabled = reference.enabled,
  accept = reference.accept,
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = reference.needs,
  match = reference.match,
  fields = reference.fields,
  owns = reference.owns,
  on_conflict = "ours",
  on_delete = "nothing",

  tests = {
    defaults = { facts = { source = { identity = "4620" } } },
    { name = "ZEN-18 items are there to be chosen", given = { Id = "12", Name = "Design", FullyQualifiedName = "Services:Design", Active = true }, refs = { object = "qbo_item" },
      expect = { action = "create", custom_object_key = "qbo_item", external_id = "qbo:4620:item:12", name = "Services:Design" } },
    { name = "ZEN-18 one that is made inactive says so", like = 1, change = { Active = false }, link = { id = "qbo_item-01", made = "created", base = { name = "Services:Design", external_id = "qbo:4620:item:12" } },
      current = { id = "qbo_item-01", name = "Services:Design", external_id = "qbo:4620:item:12" }, expect = { action = "update qbo_item-01", name = "Services:Design (inactive)" } },
    { name = "ZEN-18 an inactive one that was never there is left out", like = 1, change = { Active = false }, expect = { state = "skip", cause = "inactive" } },
  },
}
