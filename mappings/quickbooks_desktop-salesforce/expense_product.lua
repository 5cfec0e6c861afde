-- expense_product.lua - an account that a bill's line is booked on stands as a product, since every line of an opportunity names one.

return mapping {
  id = "quickbooks_desktop.Account->salesforce.expense_product", version = "1.0.0", language = 1,
  title = "Accounts that bills are booked on stand as products",
  from = { connector = "quickbooks_desktop", entity = "Account" },
  to   = { connector = "salesforce", entity = "Product2" },
  label = text "account {FullName} as a product",
  on_demand = true,

  identity = src "ListID",
  order_by = src "TimeModified",
  match = { { by = "link" }, { by = { MLC_ItemId__c = text "account {ListID}" } }, on_none = "create" },

  fields = {
    Name = src "FullName",
    ProductCode = text "Account {FullName}",
    IsActive = true,
    MLC_ItemId__c = text "account {ListID}",
    MLC_ItemType__c = src "AccountType",
  },
  on_conflict = "theirs",
  on_delete = { fields = { IsActive = false } },

  tests = {
    { name = "SF-04 an account is a product, told apart from items",
      given = { ListID = "A0000005-1", Name = "Freight", FullName = "Costs:Freight", AccountType = "Expense" },
      expect = { action = "create", Name = "Costs:Freight", ProductCode = "Account Costs:Freight", MLC_ItemId__c = "account A0000005-1", MLC_ItemType__c = "Expense" } },
    { name = "one that bears its id is the one", like = 1, candidates = { MLC_ItemId__c = { { id = "01tAc0000000001AAA" } } }, current = { id = "01tAc0000000001AAA", Name = "Costs:Freight" },
      expect = { action = "update 01tAc0000000001AAA" } },
  },
}
