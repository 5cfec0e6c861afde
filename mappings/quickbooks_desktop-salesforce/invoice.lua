-- invoice.lua - an invoice becomes an opportunity that is won, with its lines.
--
-- What is a draft stays out; what was sent (or paid) is there with every line, sales tax as a line of its own, so that the
-- opportunity's amount is the invoice's total to the cent.  Where `document` is order, the lines stand in an order below the
-- opportunity instead: invoice_order.lua.

local params = shared "params"
local sale = shared "sale"
local total, state, many, currency, amount_here, whole = sale.total, sale.state, sale.many, sale.currency, sale.amount_here, sale.whole
local prices = shared "prices"
local price = prices { as = "price", of = "Item", id = first { item "ItemRef.id", item "ItemGroupRef.id" }, called = "item.ItemRef.name",
  price = "quickbooks_desktop.Item->salesforce.price", product = "quickbooks_desktop.Item->salesforce.product", currency = currency }
local tax = prices { as = "tax", of = "Item", id = src "ItemSalesTaxRef.id", called = "ItemSalesTaxRef.name", if_ = all { eq(param "document", "opportunity"), ne(money(src "SalesTaxTotal"), "0.00") },
  price = "quickbooks_desktop.Item->salesforce.price", product = "quickbooks_desktop.Item->salesforce.product", currency = currency }

return mapping {
  id = "quickbooks_desktop.Invoice->salesforce.invoice", version = "1.0.0", language = 1,
  title = "Invoices become opportunities",
  from = { connector = "quickbooks_desktop", entity = "Invoice" },
  to   = { connector = "salesforce", entity = "Opportunity" },
  label = text "invoice {RefNumber}",

  params = {
    document = params.document, send_when = params.send_when, jobs = params.jobs, record_types = params.record_types,
    invoice_stage = { type = "string", default = "Closed Won", max = 255, help = "the stage of an opportunity that is an invoice" },
    void_stage    = { type = "string", default = "Closed Lost", max = 255, help = "the stage of one that was voided or deleted in the books" },
  },
  tables = { currencies = shared("currencies").known },

  money = sale.money,
  accept = sale.accept,
  identity = src "TxnID",
  order_by = src "TimeModified",

  needs = {
    sale.needs, price.needs, tax.needs,
    book    = find { entity = "Pricebook2", by = { IsStandard = true }, about = "standard price book", if_ = eq(param "document", "opportunity"),
                     on_none = hold("no_price_book", "Salesforce shows no standard price book: are products switched on, and may the app's user see them?") },
    kind_of_record = find { entity = "RecordType", by = { DeveloperName = "MLC_Invoice", SobjectType = "Opportunity" }, about = "MLC_Invoice", if_ = eq(param "record_types", true),
                     on_none = hold("no_record_type", "Salesforce has no record type MLC_Invoice: deploy the package, or set record_types = false") },
  },
  again_on = sale.again_on,
  again_at = sale.again_at,

  match = { { by = "link" }, { by = { MLC_DocumentId__c = src "TxnID" } }, on_none = "create" },

  fields = {
    Name = trim { text "Invoice {RefNumber} {CustomerRef.name}", max = 120, on_overflow = "truncate" },
    AccountId = ref "account",
    Amount = when(eq(param "document", "order"), total),
    StageName = when(sale.voided, param "void_stage", param "invoice_stage"),
    CloseDate = src "TxnDate",
    RecordTypeId = ref "kind_of_record",
    Pricebook2Id = ref "book",
    Description = src "Memo",
    CurrencyIsoCode = when(many, currency),
    MLC_DocumentId__c = src "TxnID", MLC_DocumentNumber__c = src "RefNumber", MLC_DocumentType__c = "Invoice", MLC_State__c = state,
    MLC_Total__c = total, MLC_Open__c = money(first { src "BalanceRemaining", "0" }), MLC_DueDate__c = src "DueDate", MLC_DocumentTerms__c = src "TermsRef.name",
    OpportunityLineItems = when(eq(param "document", "opportunity"), lines {
      each("InvoiceLine", { if_ = sale.counts, PricebookEntryId = price.entry,
        Quantity = when(whole, item "Quantity", "1"), TotalPrice = money(amount_here),
        Description = trim { first { item "Desc", item "ItemRef.name", item "ItemGroupRef.name" }, max = 255, on_overflow = "truncate" },
        MLC_Key__c = text "{TxnID}-{item.TxnLineID}" }),
      one { if_ = ne(money(src "SalesTaxTotal"), "0.00"), PricebookEntryId = tax.entry, Quantity = "1", TotalPrice = money(src "SalesTaxTotal"),
        Description = text "Sales tax {ItemSalesTaxRef.name}", MLC_Key__c = text "{TxnID}-tax" },
    }),
  },
  balance = { left = when(eq(param "document", "opportunity"), sum("OpportunityLineItems", "TotalPrice"), total), right = total,
              otherwise = hold("lines_differ", "the lines of invoice {RefNumber} do not add up to its total") },
  expect = { { sum = { "Amount" }, equals = total, cause = "total_differs" } },
  on_conflict = "ours",
  on_delete = { fields = { StageName = param "void_stage", MLC_State__c = "Deleted", MLC_Open__c = "0.00" } },

  tests = {
    defaults = { today = "2026-11-20", start = "2026-01-01", facts = { source = { currency = "USD" }, target = { currency = "USD", currencies = "one" } } },
    { name = "SF-03 SF-04 SF-21 an invoice is a won opportunity with every line, its account and its total",
      given = { TxnID = "1A-1", TimeModified = "2026-11-20T08:00:00-08:00", RefNumber = "1007", CustomerRef = { id = "80000001-1", name = "Contoso" }, TxnDate = "2026-11-10", DueDate = "2026-12-10",
        TermsRef = { name = "Net 30" }, Subtotal = "47.00", SalesTaxTotal = "3.41", AppliedAmount = "0.00", BalanceRemaining = "50.41", IsPaid = false, IsToBeEmailed = false, IsToBePrinted = false,
        ItemSalesTaxRef = { id = "70000009-1", name = "CA State" },
        InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1", name = "Mug" }, Desc = "Mugs, white", Quantity = "4", Rate = "12.50", Amount = "50.00" },
                        { TxnLineID = "1C-1", Desc = "Thank you" },
                        { TxnLineID = "1D-1", ItemRef = { id = "70000002-1", name = "Discount" }, Amount = "-3.00" } } },
      refs = { account = "001Ac0000000008IAA", book = "01sAc0000000001AAA", price = { ["70000001-1"] = "01uAc0000000001AAA", ["70000002-1"] = "01uAc0000000002AAA" }, tax = "01uAc0000000003AAA",
        kind_of_record = "012Ac0000000001AAA" },
      expect = { action = "create", Name = "Invoice 1007 Contoso", AccountId = "001Ac0000000008IAA", StageName = "Closed Won", CloseDate = "2026-11-10", Pricebook2Id = "01sAc0000000001AAA", Amount = none,
        RecordTypeId = "012Ac0000000001AAA", MLC_DocumentId__c = "1A-1", MLC_DocumentNumber__c = "1007", MLC_DocumentType__c = "Invoice", MLC_State__c = "Open", MLC_Total__c = "50.41", MLC_Open__c = "50.41",
        MLC_DueDate__c = "2026-12-10", MLC_DocumentTerms__c = "Net 30", again_at = "2026-12-11", total = "50.41",
        OpportunityLineItems = { { PricebookEntryId = "01uAc0000000001AAA", Quantity = "4", TotalPrice = "50.00", Description = "Mugs, white", MLC_Key__c = "1A-1-1B-1" },
          { PricebookEntryId = "01uAc0000000002AAA", Quantity = "1", TotalPrice = "-3.00", Description = "Discount", MLC_Key__c = "1A-1-1D-1" },
          { PricebookEntryId = "01uAc0000000003AAA", Quantity = "1", TotalPrice = "3.41", Description = "Sales tax CA State", MLC_Key__c = "1A-1-tax" } } } },
    { name = "SF-20 one that is still to be sent stays out", like = 1, change = { IsToBeEmailed = true }, expect = { state = "skip", cause = "not_sent" } },
    { name = "SF-20 a payment says that it was received", like = 1, change = { IsToBeEmailed = true, AppliedAmount = "-10.00" }, expect = { action = "create" } },
    { name = "SF-20 a tenant may want all of them at once", like = 2, params = { send_when = "always" }, expect = { action = "create" } },
    { name = "SF-20 a draft stays out in any case", like = 4, change = { IsPending = true }, expect = { state = "skip", cause = "draft" } },
    { name = "SF-34 what is past due is overdue, and what is paid is paid", like = 1, today = "2026-12-11", expect = { MLC_State__c = "Overdue", again_at = none } },
    { name = "paid", like = 1, change = { IsPaid = true, AppliedAmount = "-50.41", BalanceRemaining = "0.00" }, expect = { MLC_State__c = "Paid", MLC_Open__c = "0.00" } },
    { name = "SF-21 in the form of an order the opportunity has the amount, and no lines", like = 1, params = { document = "order" },
      expect = { Amount = "50.41", OpportunityLineItems = none, Pricebook2Id = none } },
    { name = "a subtotal shows a sum of others and is no line", like = 1,
      change = { InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1" }, Quantity = "4", Amount = "47.00" }, { TxnLineID = "1E-1", ItemRef = { id = "70000005-1" }, Amount = "47.00" } } },
      refs = { account = "001Ac0000000008IAA", book = "01sAc0000000001AAA", price = { ["70000001-1"] = "01uAc0000000001AAA", ["70000005-1"] = "01uAc0000000005AAA" }, tax = "01uAc0000000003AAA",
        kind_of_record = "012Ac0000000001AAA", kind = { ["70000001-1"] = { id = "70000001-1", ItemType = "ItemService" }, ["70000005-1"] = { id = "70000005-1", ItemType = "ItemSubtotal" } } },
      expect = { lines = 2, total = "50.41" } },
    { name = "lines that do not add up are not shown as if they did", like = 1, change = { Subtotal = "48.00" },
      refs = { account = "001Ac0000000008IAA", book = "01sAc0000000001AAA", price = { ["70000001-1"] = "01uAc0000000001AAA", ["70000002-1"] = "01uAc0000000002AAA" }, tax = "01uAc0000000003AAA",
        kind_of_record = "012Ac0000000001AAA", kind = { ["70000001-1"] = { id = "70000001-1", ItemType = "ItemService" }, ["70000002-1"] = { id = "70000002-1", ItemType = "ItemDiscount" } } },
      expect = { state = "hold", cause = "lines_differ" } },
    { name = "a quantity that Salesforce cannot keep is one, and the amount stays", like = 1,
      change = { InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1" }, Quantity = "1.12345", Amount = "47.00" } } },
      expect = { OpportunityLineItems = { { Quantity = "1", TotalPrice = "47.00" }, { TotalPrice = "3.41" } } } },
    { name = "ALL-11 rolled up, a job's invoice is its customer's", like = 1, params = { jobs = "roll_up" }, change = { CustomerRef = { id = "80000002-1", name = "Contoso:Kitchen:Sink" } },
      refs = { top = "80000001-1", account = "001Ac0000000008IAA", book = "01sAc0000000001AAA", price = { ["70000001-1"] = "01uAc0000000001AAA", ["70000002-1"] = "01uAc0000000002AAA" },
        tax = "01uAc0000000003AAA", kind_of_record = "012Ac0000000001AAA" }, expect = { AccountId = "001Ac0000000008IAA" } },
    { name = "ALL-08 an invoice in euros is not shown as dollars", like = 1, change = { CurrencyRef = { name = "Euro" } }, expect = { state = "hold", cause = "currency" } },
    { name = "ALL-09 older ones are left alone", like = 1, change = { TxnDate = "2025-12-31" }, expect = { state = "skip", cause = "before_start" } },
    { name = "SF-23 a deleted invoice is closed, not deleted", like = 1, deleted = true, link = { id = "006Ac0000000001AAA", base = { StageName = "Closed Won", MLC_State__c = "Open", MLC_Open__c = "50.41" } },
      current = { id = "006Ac0000000001AAA", StageName = "Closed Won", MLC_State__c = "Open", MLC_Open__c = "50.41" },
      expect = { action = "update 006Ac0000000001AAA", StageName = "Closed Lost", MLC_State__c = "Deleted", MLC_Open__c = "0.00" } },
    { name = "SF-23 a voided one, too, with its subtotal of nothing", like = 1,
      change = { Memo = "VOID: mistake", Subtotal = "0.00", SalesTaxTotal = "0.00", BalanceRemaining = "0.00", IsPaid = true, InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1" }, Quantity = "0", Amount = "0.00" }, { TxnLineID = "1E-1", ItemRef = { id = "70000005-1" }, Amount = "0.00" } } },
      refs = { account = "001Ac0000000008IAA", book = "01sAc0000000001AAA", price = { ["70000001-1"] = "01uAc0000000001AAA" }, kind_of_record = "012Ac0000000001AAA",
        kind = { ["70000001-1"] = { id = "70000001-1", ItemType = "ItemService" }, ["70000005-1"] = { id = "70000005-1", ItemType = "ItemSubtotal" } } },
      link = { id = "006Ac0000000001AAA", base = { StageName = "Closed Won" } }, current = { id = "006Ac0000000001AAA", StageName = "Closed Won" },
      expect = { action = "update 006Ac0000000001AAA", StageName = "Closed Lost", MLC_State__c = "Void", MLC_Total__c = "0.00" } },
    { name = "SF-34 a payment has its invoices looked at again", like = 1, entity = "ReceivePayment", given = { AppliedToTxn = { { TxnID = { id = "1A-1" } }, { TxnID = { id = "1F-1" } } } },
      expect = { looks_at = { "1A-1", "1F-1" } } },
    { name = "an invoice of nothing that nobody voided is not void", like = 1, change = { Subtotal = "0.00", SalesTaxTotal = "0.00", BalanceRemaining = "0.00", InvoiceLine = {} }, expect = { MLC_State__c = "Open" } },
    { name = "nor is one of which only the memo says so", like = 1, change = { Memo = "VOID: not this one" }, expect = { MLC_State__c = "Open", StageName = "Closed Won" } },
    { name = "SF-34 without a due date it falls due on its own day", like = 1, change = { DueDate = none }, expect = { MLC_State__c = "Overdue" } },
    { name = "SF-20 QuickBooks' own word that it is paid says so, too", like = 2, change = { IsPaid = true }, expect = { action = "create" } },
    { name = "SF-20 what is still to be printed stays out, too", like = 1, change = { IsToBePrinted = true }, expect = { state = "skip", cause = "not_sent" } },
  },
}
