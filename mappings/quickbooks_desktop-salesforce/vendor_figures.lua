-- vendor_figures.lua - what the books say of a vendor, on his account: what we owe him, his kind, terms and state.

local currencies = shared "currencies"

return mapping {
  id = "quickbooks_desktop.Vendor->salesforce.vendor_figures", version = "1.0.0", language = 1,
  title = "What the books say of a vendor stands on his account",
  from = { connector = "quickbooks_desktop", entity = "Vendor" },
  to   = { connector = "salesforce", entity = "Account" },
  label = text "figures of vendor {Name}",

  tables = { currencies = currencies.any },
  identity = src "ListID",
  order_by = src "TimeModified",
  needs = { account = ensure { "quickbooks_desktop.Vendor->salesforce.vendor" } },
  again_on = { Bill = src "VendorRef.id", BillPaymentCheck = src "PayeeEntityRef.id", BillPaymentCreditCard = src "PayeeEntityRef.id", VendorAging = src "VendorRef.id" },
  match = { { by = "link" }, { by = { Id = ref "account" } }, on_none = "hold" },

  fields = {
    MLC_IsVendor__c = true,
    MLC_IsActiveVendor__c = first { src "IsActive", true },
    MLC_VendorType__c = src "VendorTypeRef.name",
    MLC_VendorTerms__c = src "TermsRef.name",
    MLC_VendorBalance__c = when(currencies.are_at_home, money(first { src "Balance", "0" })),   -- no field says in which currency
  },
  on_conflict = "ours",
  on_delete = "nothing",    -- vendor.lua marks it

  tests = {
    defaults = { facts = { source = { currency = "USD" } } },
    { name = "SF-19 SF-36 kind, terms and what we owe stand on the account",
      given = { ListID = "90000001-1", Name = "Clay Works", IsActive = true, VendorTypeRef = { name = "Supplies" }, TermsRef = { name = "Net 15" }, Balance = "310.00" },
      refs = { account = "001Ac0000000009IAA" }, candidates = { Id = { { id = "001Ac0000000009IAA" } } }, current = { id = "001Ac0000000009IAA", MLC_IsVendor__c = false },
      expect = { action = "update 001Ac0000000009IAA", MLC_IsVendor__c = true, MLC_VendorType__c = "Supplies", MLC_VendorTerms__c = "Net 15", MLC_VendorBalance__c = "310.00" } },
    { name = "ALL-08 what we owe in euros is not shown as dollars", like = 1, change = { CurrencyRef = { id = "2", name = "Euro" } }, expect = { MLC_VendorBalance__c = none } },
    { name = "SF-34 a bill and its payment have him looked at again", like = 1, entity = "Bill", given = { VendorRef = { id = "90000001-1" } }, expect = { looks_at = { "90000001-1" } } },
    { name = "a payment of a bill, too", like = 1, entity = "BillPaymentCheck", given = { PayeeEntityRef = { id = "90000001-1" } }, expect = { looks_at = { "90000001-1" } } },
    { name = "SF-23 the end of one is marked elsewhere", like = 1, deleted = true, link = { id = "001Ac0000000008IAA" }, expect = { state = "skip" } },
  },
}
