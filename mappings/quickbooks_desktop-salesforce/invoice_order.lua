-- invoice_order.lua - where `document` is order: an invoice's lines stand in an order below its opportunity.
--
-- An order item has a price of two places and no amount of its own: where quantity times price would miss the line's amount by
-- a cent, the item is one piece at that amount, and its text says how many there were.

local params = shared "params"
local sale = shared "sale"
local total, state, many, currency, amount_here, whole = sale.total, sale.state, sale.many, sale.currency, sale.amount_here, sale.whole
local each_price = money(div(amount_here, item "Quantity", 2))
local exact = all { whole, eq(money(mul(item "Quantity", each_price)), money(amount_here)) }
local prices = shared "prices"
local price = prices { as = "price", of = "Item", id = first { item "ItemRef.id", item "ItemGroupRef.id" }, called = "item.ItemRef.name",
  price = "quickbooks_desktop.Item->salesforce.price", product = "quickbooks_desktop.Item->salesforce.product", currency = currency }
local tax = prices { as = "tax", of = "Item", id = src "ItemSalesTaxRef.id", called = "ItemSalesTaxRef.name", if_ = ne(money(src "SalesTaxTotal"), "0.00"),
  price = "quickbooks_desktop.Item->salesforce.price", product = "quickbooks_desktop.Item->salesforce.product", currency = currency }

return mapping {
  id = "quickbooks_desktop.Invoice->salesforce.invoice_order", version = "1.0.0", language = 1,
  title = "Invoices become orders below their opportunities",
  from = { connector = "quickbooks_desktop", entity = "Invoice" },
  to   = { connector = "salesforce", entity = "Order" },
  label = text "order of invoice {RefNumber}",

  params = { document = params.document, send_when = params.send_when, jobs = params.jobs },
  tables = { currencies = shared("currencies").known },
  enabled = eq(param "document", "order"),

  money = sale.money,
  accept = sale.accept,
  identity = src "TxnID",
  order_by = src "TimeModified",

  needs = {
    sale.needs, price.needs, tax.needs,
    opportunity = ensure { "quickbooks_desktop.Invoice->salesforce.invoice" },
    book        = find { entity = "Pricebook2", by = { IsStandard = true }, about = "standard price book",
                         on_none = hold("no_price_book", "Salesforce shows no standard price book: are products switched on, and may the app's user see them?") },
  },
  again_on = sale.again_on,
  again_at = sale.again_at,

  match = { { by = "link" }, { by = { MLC_DocumentId__c = src "TxnID" } }, on_none = "create" },

  fields = {
    AccountId = ref "account", OpportunityId = ref "opportunity",
    EffectiveDate = src "TxnDate", Status = "Draft",    -- an active order's items cannot be changed
    Name = trim { text "Invoice {RefNumber}", max = 80, on_overflow = "truncate" },
    OrderReferenceNumber = src "RefNumber", PoNumber = src "PONumber",
    Pricebook2Id = ref "book",
    Description = src "Memo",
    BillingStreet = shared "street" "BillAddress",
    BillingCity = src "BillAddress.City", BillingState = src "BillAddress.State", BillingPostalCode = src "BillAddress.PostalCode", BillingCountry = src "BillAddress.Country",
    CurrencyIsoCode = when(many, currency),
    MLC_DocumentId__c = src "TxnID", MLC_DocumentNumber__c = src "RefNumber", MLC_DocumentType__c = "Invoice", MLC_State__c = state,
    MLC_Total__c = total, MLC_Open__c = money(first { src "BalanceRemaining", "0" }), MLC_DueDate__c = src "DueDate", MLC_DocumentTerms__c = src "TermsRef.name",
    OrderItems = lines {
      each("InvoiceLine", { if_ = sale.counts, PricebookEntryId = price.entry,
        Quantity = when(exact, item "Quantity", "1"), UnitPrice = when(exact, each_price, money(amount_here)),
        Description = trim { when(exact, item "Desc", text "{item.Desc} ({item.Quantity})"), max = 255, on_overflow = "truncate" },
        MLC_Key__c = text "{TxnID}-{item.TxnLineID}-o" }),
      one { if_ = ne(money(src "SalesTaxTotal"), "0.00"), PricebookEntryId = tax.entry, Quantity = "1", UnitPrice = money(src "SalesTaxTotal"),
        Description = text "Sales tax {ItemSalesTaxRef.name}", MLC_Key__c = text "{TxnID}-tax-o" },
    },
  },
  expect = { { sum = { "TotalAmount" }, equals = total, cause = "total_differs" } },
  on_conflict = "ours",
  on_delete = { fields = { MLC_State__c = "Deleted", MLC_Open__c = "0.00" } },

  tests = {
    defaults = { today = "2026-11-20", start = "2026-01-01", params = { document = "order" }, facts = { source = { currency = "USD" }, target = { currency = "USD", currencies = "one" } } },
    { name = "SF-21 an invoice is an order with its items below the opportunity",
      given = { TxnID = "1A-1", RefNumber = "1007", CustomerRef = { id = "80000001-1", name = "Contoso" }, TxnDate = "2026-11-10", DueDate = "2026-12-10", Subtotal = "60.00", SalesTaxTotal = "3.41",
        BalanceRemaining = "63.41", IsPaid = false, IsToBeEmailed = false, IsToBePrinted = false, ItemSalesTaxRef = { id = "70000009-1", name = "CA State" },
        InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1" }, Desc = "Mugs, white", Quantity = "4", Rate = "12.50", Amount = "50.00" },
                        { TxnLineID = "1C-1", ItemRef = { id = "70000001-1" }, Desc = "Pins", Quantity = "3", Amount = "10.00" } } },
      refs = { account = "001Ac0000000008IAA", opportunity = "006Ac0000000001AAA", book = "01sAc0000000001AAA", price = { ["70000001-1"] = "01uAc0000000001AAA" }, tax = "01uAc0000000003AAA" },
      expect = { action = "create", AccountId = "001Ac0000000008IAA", OpportunityId = "006Ac0000000001AAA", EffectiveDate = "2026-11-10", Status = "Draft", OrderReferenceNumber = "1007",
        OrderItems = { { PricebookEntryId = "01uAc0000000001AAA", Quantity = "4", UnitPrice = "12.50", Description = "Mugs, white", MLC_Key__c = "1A-1-1B-1-o" },
          { Quantity = "1", UnitPrice = "10.00", Description = "Pins (3)" }, { Quantity = "1", UnitPrice = "3.41", Description = "Sales tax CA State" } } } },
    { name = "SF-23 a deleted invoice's order is marked, not deleted", like = 1, deleted = true, link = { id = "801Ac0000000001AAA", base = { MLC_State__c = "Open", MLC_Open__c = "63.41" } },
      current = { id = "801Ac0000000001AAA", MLC_State__c = "Open", MLC_Open__c = "63.41" }, expect = { action = "update 801Ac0000000001AAA", MLC_State__c = "Deleted", MLC_Open__c = "0.00" } },
  },
}
