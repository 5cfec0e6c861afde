-- account_object.lua - the custom object that holds accounts with their categories: made once, before the first of them.

return mapping {
  id = "quickbooks_online.Account->zendesk.account_object", version = "1.0.0", language = 1,
  title = "A custom object for accounts with their categories",
  from = { connector = "quickbooks_online", entity = "Account" },
  to   = { connector = "zendesk", entity = "custom_object" },
  label = "the custom object qbo_account",
  on_demand = true,

  identity = "qbo_account",
  match = { { by = "link" }, { by = { key = "qbo_account" } }, on_none = "create" },
  fields = { key = "qbo_account", title = "QuickBooks account", title_pluralized = "QuickBooks accounts", description = "From QuickBooks Online, by ml-connector" },
  on_update = "never",
  on_delete = "nothing",

  tests = {
    { name = "ZEN-18 the object is made with the first of them", given = { Id = "1", Name = "x" }, expect = { action = "create", key = "qbo_account", title = "QuickBooks account" } },
    { name = "ZEN-18 the next one finds it", like = 1, candidates = { key = { { id = "qbo_account", key = "qbo_account" } } },
      current = { id = "qbo_account", key = "qbo_account", title = "QuickBooks account", title_pluralized = "QuickBooks accounts", description = "From QuickBooks Online, by ml-connector" }, expect = { state = "nothing" } },
  },
}
