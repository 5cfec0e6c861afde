-- vendor_field.lua - the field on tickets that says which vendor a ticket is about: made once, with the first vendor.
--
-- A look-up to organizations that offers vendors only.  Where an administrator has made one of that title, it is that one.

return mapping {
  id = "quickbooks_online.Vendor->zendesk.vendor_field", version = "1.0.0", language = 1,
  title = "Tickets say which vendor they are about",
  from = { connector = "quickbooks_online", entity = "Vendor" },
  to   = { connector = "zendesk", entity = "ticket_field" },
  label = "the tickets' field for vendors",
  on_demand = true,

  params = {
    vendor_field = { type = "string", default = "Vendor", max = 100, help = "what the field is called" },
  },

  identity = "vendor",
  match = { { by = "link" }, { by = { title = param "vendor_field" }, agree = eq(found "type", "lookup"),
      else_ = review("field_taken:{param.vendor_field}", "there is a ticket field '{param.vendor_field}' of another type: name ours differently") }, on_none = "create", on_many = "review" },
  fields = {
    type = "lookup", title = param "vendor_field", relationship_target_type = "zen:organization",
    relationship_filter = { all = lines { one { field = "tags", operator = "includes", value = "qbo_vendor" } } },
  },
  on_update = "never",
  on_delete = "nothing",

  tests = {
    { name = "ZEN-30 the field is made with the first vendor", given = { Id = "22", DisplayName = "Books by Bessie" },
      expect = { action = "create", type = "lookup", title = "Vendor", relationship_target_type = "zen:organization" } },
    { name = "ZEN-30 the second vendor finds it", like = 1, candidates = { title = { { id = "31", type = "lookup", title = "Vendor" } } }, current = { id = "31", type = "lookup", title = "Vendor",
        relationship_filter = { all = { { field = "tags", operator = "includes", value = "qbo_vendor" } } } }, expect = { state = "nothing" } },
    { name = "ZEN-30 a field of that title that is none waits for a person", like = 1, candidates = { title = { { id = "31", type = "text", title = "Vendor" } } },
      expect = { state = "review", cause = "field_taken:Vendor" } },
  },
}
