-- reference.lua - reference data: records of a custom object, which is made before the first of them.
--
-- shared "reference" { key = "qbo_item", kind = "item", name = src "Name", object = "quickbooks_online.Item->zendesk.item_object" }

return function(of)
  return {
    params = { reference_data = { type = "bool", default = false, help = "items and accounts stand in Zendesk as records of custom objects" } },
    enabled = eq(param "reference_data", true),
    accept = { { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{Name} is inactive, and never was in Zendesk") } },
    needs = { object = ensure { of.object } },
    match = { { by = "link" }, { by = { custom_object_key = of.key, external_id = text("qbo:{account}:" .. of.kind .. ":{Id}") } }, on_none = "create" },
    fields = {
      custom_object_key = of.key,
      external_id = text("qbo:{account}:" .. of.kind .. ":{Id}"),
      -- An inactive one stays, since tickets may speak of it, and says so.
      name = trim { when(eq(src "Active", false), join(list { of.name, "(inactive)" }, item(), " "), of.name), max = 255, on_overflow = "truncate" },
    },
    owns = { "name", "external_id" },
  }
end
