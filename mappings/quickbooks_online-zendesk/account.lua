-- account.lua - accounts with their categories of QuickBooks stand in Zendesk as reference data: records of the custom object qbo_account.

local reference = shared "reference" { key = "qbo_account", kind = "account", object = "quickbooks_online.Account->zendesk.account_object",
  name = join(list { first { src "FullyQualifiedName", src "Name" }, src "AccountType" }, item(), ", ") }

return mapping {
  id = "quickbooks_online.Account->zendesk.account", version = "1.0.0", language = 1,
  title = "Accounts with their categories stand in Zendesk as reference data",
  from = { connector = "quickbooks_online", entity = "Account" },
  to   = { connector = "zendesk", entity = "custom_object_record" },
  label = text "account {Name}",

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
    { name = "ZEN-18 accounts with their categories are there to be chosen", given = { Id = "12", Name = "Fuel", FullyQualifiedName = "Car:Fuel", AccountType = "Expense", Active = true }, refs = { object = "qbo_account" },
      expect = { action = "create", custom_object_key = "qbo_account", external_id = "qbo:4620:account:12", name = "Car:Fuel, Expense" } },
    { name = "ZEN-18 one that is made inactive says so", like = 1, change = { Active = false }, link = { id = "qbo_account-01", made = "created", base = { name = "Car:Fuel, Expense", external_id = "qbo:4620:account:12" } },
      current = { id = "qbo_account-01", name = "Car:Fuel, Expense", external_id = "qbo:4620:account:12" }, expect = { action = "update qbo_account-01", name = "Car:Fuel, Expense (inactive)" } },
    { name = "ZEN-18 an inactive one that was never there is left out", like = 1, change = { Active = false }, expect = { state = "skip", cause = "inactive" } },
  },
}
