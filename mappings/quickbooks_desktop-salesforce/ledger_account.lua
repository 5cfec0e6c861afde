-- ledger_account.lua - the chart of accounts, for sales and support to look at.

return mapping {
  id = "quickbooks_desktop.Account->salesforce.ledger_account", version = "1.0.0", language = 1,
  title = "The chart of accounts stands in Salesforce",
  from = { connector = "quickbooks_desktop", entity = "Account" },
  to   = { connector = "salesforce", entity = "MLC_LedgerAccount__c" },
  label = text "account {FullName}",

  params = {
    chart_balances = { type = "bool", default = true, help = "whether the accounts' balances are shown, too" },
  },

  identity = src "ListID",
  order_by = src "TimeModified",
  needs = {
    parent = ensure { "quickbooks_desktop.Account->salesforce.ledger_account", of = { entity = "Account", id = src "ParentRef.id" }, if_ = present(src "ParentRef") },
  },
  match = { { by = "link" }, { by = { MLC_AccountId__c = src "ListID" } }, on_none = "create" },

  fields = {
    Name = src "Name",
    MLC_AccountId__c = src "ListID",
    MLC_FullName__c = src "FullName",
    MLC_Number__c = src "AccountNumber",
    MLC_Type__c = src "AccountType",
    MLC_Description__c = src "Desc",
    MLC_Balance__c = when(param "chart_balances", money(src "Balance")),
    MLC_IsActive__c = first { src "IsActive", true },
    MLC_Parent__c = ref "parent",
  },
  on_conflict = "ours",
  on_delete = { fields = { MLC_IsActive__c = false } },

  tests = {
    { name = "SF-05 an account of the chart is a record with number, kind and balance",
      given = { ListID = "A0000001-1", TimeModified = "2026-11-20T08:00:00-08:00", Name = "Checking", FullName = "Bank:Checking", IsActive = true, AccountType = "Bank", AccountNumber = "1010",
        Desc = "Main", Balance = "1200.50", ParentRef = { id = "A0000000-1" } },
      refs = { parent = "a01Ac0000000001AAA" },
      expect = { action = "create", Name = "Checking", MLC_AccountId__c = "A0000001-1", MLC_FullName__c = "Bank:Checking", MLC_Number__c = "1010", MLC_Type__c = "Bank", MLC_Balance__c = "1200.50",
        MLC_IsActive__c = true, MLC_Parent__c = "a01Ac0000000001AAA" } },
    { name = "SF-05 balances may stay where they are", like = 1, params = { chart_balances = false }, expect = { MLC_Balance__c = none } },
    { name = "SF-22 a rename follows", like = 1, change = { Name = "Main checking", FullName = "Bank:Main checking" },
      link = { id = "a01Ac0000000002AAA", base = { Name = "Checking", MLC_FullName__c = "Bank:Checking" } }, current = { id = "a01Ac0000000002AAA", Name = "Checking", MLC_FullName__c = "Bank:Checking" },
      expect = { action = "update a01Ac0000000002AAA", Name = "Main checking" } },
    { name = "SF-23 an account that is deleted is marked inactive", like = 3, deleted = true, expect = { action = "update a01Ac0000000002AAA", MLC_IsActive__c = false } },
  },
}
