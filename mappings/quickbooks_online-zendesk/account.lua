-- account.lua - accounts with their categories of QuickBooks stand in Zendesk as reference data: records of the custom object qbo_account.

return mapping {
  id = "quickbooks_online.Account->zendesk.account", version = "1.0.0", language = 1,
  title = "Accounts with their categories stand in Zendesk as reference data",
  from = { connector = "quickbooks_online", entity = "Account" },
  to   = { connector = "zendesk", entity = "custom_object_record" },
  label = text "account {Name}",

  params = {
    reference_data = { type = "bool", default = false, help = "items and accounts stand in Zendesk as records of custom objects" },
  },
  enabled = eq(param "reference_data", true),

  accept = { { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{Name} is inactive, and never was in Zendesk") } },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = { object = ensure { "quickbooks_online.Account->zendesk.account_object" } },
  match = { { by = "link" }, { by = { custom_object_key = "qbo_account", external_id = text "qbo:{account}:account:{Id}" } }, on_none = "create" },

  fields = {
    custom_object_key = "qbo_account",
    external_id = text "qbo:{account}:account:{Id}",
    -- An inactive one stays, since tickets may speak of it, and says so.
    name = trim { when(eq(src "Active", false), join(list { join(list { first { src "FullyQualifiedName", src "Name" }, src "AccountType" }, item(), ", "), "(inactive)" }, item(), " "), join(list { first { src "FullyQualifiedName", src "Name" }, src "AccountType" }, item(), ", ")), max = 255, on_overflow = "truncate" },
  },
  owns = { "name", "external_id" },
  on_conflict = "ours",
  on_delete = "nothing",

  tests = {
    defaults = { facts = { source = { identity = "4620" } } },
    { name = "ZEN-18 accounts with their categories are there to be chosen", given = { Id = "12", Name = "Fuel", FullyQualifiedName = "Car:Fuel", AccountType = "Expense", Active = true }, refs = { object = "qbo_account" },
      expect = { action = "create", custom_object_key = "qbo_account", external_id = "qbo:4620:account:12", name = "Car:Fuel, Expense" } },
    { name = "ZEN-18 one that is made inactive says so", like = 1, change = { Active = false }, link = { id = "qbo_account-01", made = "created", base = { name = "Car:Fuel, Expense", external_id = "qbo:4620:account:12" } },
      current = { id = "qbo_account-01", name = "Car:Fuel, Expense", external_id = "qbo:4620:account:12" }, expect = { action = "update qbo_account-01", name = "Car:Fuel, Expense (inactive)" } },
    { name = "ZEN-18 an inactive one that was never there is left out", like = 1, change = { Active = false }, expect = { state = "skip", cause = "inactive" } },
  },
}
