-- bill.lua - a bill becomes an opportunity that stays off the pipeline: closed, of the record type MLC_Bill, forecast category Omitted.
--
-- Its item lines name the products of the items, its expense lines products that stand for the accounts they are booked on.

local params = shared "params"
local total = money(src "AmountDue")
-- What is open, QuickBooks says itself; where it does not, what is linked was paid or credited (a discount is not in there).  The sign
-- of these amounts is the other side's.
local settled = sum(filter("LinkedTxn", one_of(item "TxnType", { "BillPaymentCheck", "BillPaymentCreditCard", "VendorCredit" })), abs(item "Amount"))
local open = when(eq(src "IsPaid", true), "0.00", money(first { src "OpenAmount", sub(total, settled) }))
local state = when(eq(src "IsPaid", true), "Paid", when(lt(first { src "DueDate", src "TxnDate" }, today()), "Overdue", "Open"))
local many = eq(fact "target.currencies", "many")
local currency = when(present(src "CurrencyRef.name"), pick("currencies", src "CurrencyRef.name"), fact "source.currency")
local amount_here = first { item "Amount", item "TotalAmount" }
-- Salesforce keeps two places of a quantity and wants one that is not zero.
local whole = all { present(item "Quantity"), ne(money(item "Quantity"), "0.00"), eq(money(item "Quantity"), item "Quantity") }
local prices = shared "prices"
local price = prices { as = "price", of = "Item", id = first { item "ItemRef.id", item "ItemGroupRef.id" }, called = "item.ItemRef.name",
  price = "quickbooks_desktop.Item->salesforce.price", product = "quickbooks_desktop.Item->salesforce.product", currency = currency }
local expense = prices { as = "expense", of = "Account", id = item "AccountRef.id", called = "item.AccountRef.name",
  price = "quickbooks_desktop.Account->salesforce.expense_price", product = "quickbooks_desktop.Account->salesforce.expense_product", currency = currency }

return mapping {
  id = "quickbooks_desktop.Bill->salesforce.bill", version = "1.0.0", language = 1,
  title = "Bills become closed opportunities, off the pipeline",
  from = { connector = "quickbooks_desktop", entity = "Bill" },
  to   = { connector = "salesforce", entity = "Opportunity" },
  label = text "bill {RefNumber} of {VendorRef.name}",

  params = {
    record_types = params.record_types,
    bills        = { type = "bool", default = true, help = "whether bills are shown in Salesforce" },
    bill_stage   = { type = "string", default = "Closed Lost", max = 255, help = "the stage of an opportunity that is a bill: closed, and not won" },
  },
  tables = { currencies = shared("currencies").known },
  enabled = eq(param "bills", true),

  money = { amount = total, currency = currency, date = src "TxnDate", must_be = when(not_(many), fact "target.currency") },
  identity = src "TxnID",
  order_by = src "TimeModified",

  needs = {
    account = ensure { "quickbooks_desktop.Vendor->salesforce.vendor", of = { entity = "Vendor", id = src "VendorRef.id" } },
    book    = find { entity = "Pricebook2", by = { IsStandard = true }, about = "standard price book",
                     on_none = hold("no_price_book", "Salesforce shows no standard price book: are products switched on, and may the app's user see them?") },
    price.needs, expense.needs,
    kind_of_record = find { entity = "RecordType", by = { DeveloperName = "MLC_Bill", SobjectType = "Opportunity" }, about = "MLC_Bill", if_ = eq(param "record_types", true),
                     on_none = hold("no_record_type", "Salesforce has no record type MLC_Bill: deploy the package, or set record_types = false") },
  },
  again_on = { BillPaymentCheck = each("AppliedToTxn", item "TxnID.id"), BillPaymentCreditCard = each("AppliedToTxn", item "TxnID.id") },
  again_at = when(one_of(state, { "Open" }), add_days(first { src "DueDate", src "TxnDate" }, 1)),

  match = { { by = "link" }, { by = { MLC_DocumentId__c = src "TxnID" } }, on_none = "create" },

  fields = {
    Name = trim { text "Bill {RefNumber} {VendorRef.name}", max = 120, on_overflow = "truncate" },
    AccountId = ref "account",
    StageName = param "bill_stage", ForecastCategoryName = "Omitted",
    CloseDate = src "TxnDate",
    RecordTypeId = ref "kind_of_record",
    Pricebook2Id = ref "book",
    Description = src "Memo",
    CurrencyIsoCode = when(many, currency),
    MLC_DocumentId__c = src "TxnID", MLC_DocumentNumber__c = src "RefNumber", MLC_DocumentType__c = "Bill", MLC_State__c = state,
    MLC_Total__c = total, MLC_Open__c = open, MLC_DueDate__c = src "DueDate", MLC_DocumentTerms__c = src "TermsRef.name",
    OpportunityLineItems = lines {
      each("ExpenseLine", { if_ = present(item "Amount"), PricebookEntryId = expense.entry, Quantity = "1", TotalPrice = money(item "Amount"),
        Description = trim { first { item "Memo", item "AccountRef.name" }, max = 255, on_overflow = "truncate" }, MLC_Key__c = text "{TxnID}-{item.TxnLineID}" }),
      each("ItemLine", { if_ = all { any { present(item "ItemRef"), present(item "ItemGroupRef") }, present(amount_here) }, PricebookEntryId = price.entry,
        Quantity = when(whole, item "Quantity", "1"), TotalPrice = money(amount_here),
        Description = trim { first { item "Desc", item "ItemRef.name", item "ItemGroupRef.name" }, max = 255, on_overflow = "truncate" }, MLC_Key__c = text "{TxnID}-{item.TxnLineID}" }),
    },
  },
  balance = { left = sum("OpportunityLineItems", "TotalPrice"), right = total,
              otherwise = hold("lines_differ", "the lines of bill {RefNumber} do not add up to its total") },
  expect = { { sum = { "Amount" }, equals = total, cause = "total_differs" } },
  on_conflict = "ours",
  on_delete = { fields = { MLC_State__c = "Deleted", MLC_Open__c = "0.00" } },

  tests = {
    defaults = { today = "2026-11-20", start = "2026-01-01", facts = { source = { currency = "USD" }, target = { currency = "USD", currencies = "one" } } },
    { name = "SF-04 a bill is a closed opportunity off the pipeline, with every line and the vendor's account",
      given = { TxnID = "2A-1", RefNumber = "K-77", VendorRef = { id = "90000001-1", name = "Clay Works" }, TxnDate = "2026-11-05", DueDate = "2026-11-25", AmountDue = "310.00", IsPaid = false, Memo = "clay",
        ExpenseLine = { { TxnLineID = "2B-1", AccountRef = { id = "A0000005-1", name = "Freight" }, Amount = "10.00", Memo = "truck" } },
        ItemLine = { { TxnLineID = "2C-1", ItemRef = { id = "70000001-1", name = "Mug" }, Desc = "Raw mugs", Quantity = "100", Cost = "3.00", Amount = "300.00" } } },
      refs = { account = "001Ac0000000009IAA", book = "01sAc0000000001AAA", price = { ["70000001-1"] = "01uAc0000000001AAA" }, expense = { ["A0000005-1"] = "01uAc0000000007AAA" }, kind_of_record = "012Ac0000000002AAA" },
      expect = { action = "create", Name = "Bill K-77 Clay Works", AccountId = "001Ac0000000009IAA", StageName = "Closed Lost", ForecastCategoryName = "Omitted", RecordTypeId = "012Ac0000000002AAA",
        MLC_DocumentType__c = "Bill", MLC_State__c = "Open", MLC_Total__c = "310.00", MLC_Open__c = "310.00", again_at = "2026-11-26", total = "310.00",
        OpportunityLineItems = { { PricebookEntryId = "01uAc0000000007AAA", Quantity = "1", TotalPrice = "10.00", Description = "truck", MLC_Key__c = "2A-1-2B-1" },
          { PricebookEntryId = "01uAc0000000001AAA", Quantity = "100", TotalPrice = "300.00", Description = "Raw mugs" } } } },
    { name = "SF-34 a part that is paid is not open", like = 1, change = { LinkedTxn = { { TxnType = "BillPaymentCheck", Amount = "-100.00" } } }, expect = { MLC_Open__c = "210.00" } },
    { name = "SF-34 nor is what a discount took off", like = 1, change = { LinkedTxn = { { TxnType = "BillPaymentCheck", Amount = "-100.00" } }, OpenAmount = "200.00" }, expect = { MLC_Open__c = "200.00" } },
    { name = "SF-34 paid", like = 1, change = { IsPaid = true }, expect = { MLC_State__c = "Paid", MLC_Open__c = "0.00", again_at = none } },
    { name = "SF-34 a payment has its bills looked at again", like = 1, entity = "BillPaymentCheck", given = { AppliedToTxn = { { TxnID = { id = "2A-1" } } } }, expect = { looks_at = { "2A-1" } } },
    { name = "SF-23 a deleted bill is marked, not deleted", like = 1, deleted = true, link = { id = "006Ac0000000002AAA", base = { MLC_State__c = "Open", MLC_Open__c = "310.00" } },
      current = { id = "006Ac0000000002AAA", MLC_State__c = "Open", MLC_Open__c = "310.00" }, expect = { action = "update 006Ac0000000002AAA", MLC_State__c = "Deleted", MLC_Open__c = "0.00" } },
    { name = "ALL-08 a bill in euros is not shown as dollars", like = 1, change = { CurrencyRef = { name = "Euro" } }, expect = { state = "hold", cause = "currency" } },
  },
}
