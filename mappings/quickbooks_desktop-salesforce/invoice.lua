-- invoice.lua - an invoice becomes an opportunity that is won, with its lines.
--
-- What is a draft stays out; what was sent (or paid) is there with every line, sales tax as a line of its own, so that the
-- opportunity's amount is the invoice's total to the cent.  Where `document` is order, the lines stand in an order below the
-- opportunity instead: invoice_order.lua.  The parts between the marks "the same in ..." are the same there, word for word.

-- >>> the same in invoice.lua, invoice_order.lua
local total = money(add(src "Subtotal", src "SalesTaxTotal"))
local sent = all { ne(src "IsToBeEmailed", true), ne(src "IsToBePrinted", true) }
local paid_on = ne(money(first { src "AppliedAmount", "0" }), "0.00")
local voided = all { eq(total, "0.00"), starts(src "Memo", "VOID:") }
local state = when(voided, "Void", when(eq(src "IsPaid", true), "Paid",
  when(lt(first { src "DueDate", src "TxnDate" }, today()), "Overdue", "Open")))
local many = eq(fact "target.currencies", "many")
local currency = when(present(src "CurrencyRef.name"), pick("currencies", src "CurrencyRef.name"), fact "source.currency")
-- Whose account: the customer's or job's own, or that of the customer at the top.
local rolled = eq(param "jobs", "roll_up")
local top_name = compute { inputs = { full = src "CustomerRef.name" }, result = "string", fn = function(v) return (v.full or ""):match("^[^:]*") end }
local whose = when(rolled, need "top.id", src "CustomerRef.id")
-- A line of a subtotal shows a sum of others.  Only where lines do not add up it is asked which those are.
local amount_here = first { item "Amount", item "TotalAmount" }
local adds_up = eq(money(sum("InvoiceLine", first { item "Amount", item "TotalAmount" })), money(src "Subtotal"))
local counts = all { any { present(item "ItemRef"), present(item "ItemGroupRef") }, present(amount_here), ne(need "kind.ItemType", "ItemSubtotal") }
-- Salesforce keeps two places of a quantity and wants one that is not zero.
local whole = all { present(item "Quantity"), ne(money(item "Quantity"), "0.00"), eq(money(item "Quantity"), item "Quantity") }
-- <<<

return mapping {
  id = "quickbooks_desktop.Invoice->salesforce.invoice", version = "1.0.0", language = 1,
  title = "Invoices become opportunities",
  from = { connector = "quickbooks_desktop", entity = "Invoice" },
  to   = { connector = "salesforce", entity = "Opportunity" },
  label = text "invoice {RefNumber}",

  params = {
    document      = { type = "one_of", values = { "opportunity", "order" }, default = "opportunity",
                      help = "where an invoice's lines stand: on the opportunity, or in an order below it" },
    send_when     = { type = "one_of", values = { "sent", "always" }, default = "sent",
                      help = "sent: when it is neither to be printed nor to be e-mailed any more, or a payment has come; always: as soon as it is no draft" },
    jobs          = { type = "one_of", values = { "own_account", "roll_up" }, default = "own_account",
                      help = "own_account: each job is an account below its customer's; roll_up: jobs have none, what they owe is the customer's" },
    invoice_stage = { type = "string", default = "Closed Won", max = 255, help = "the stage of an opportunity that is an invoice" },
    void_stage    = { type = "string", default = "Closed Lost", max = 255, help = "the stage of one that was voided or deleted in the books" },
    record_types  = { type = "bool", default = true, help = "whether documents get the record types MLC_Invoice and MLC_Bill of the package" },
  },
  -- >>> the same in invoice.lua, invoice_order.lua, bill.lua
  tables = {
    currencies = { ["US Dollar"] = "USD", ["Canadian Dollar"] = "CAD", ["Euro"] = "EUR", ["British Pound Sterling"] = "GBP", ["Australian Dollar"] = "AUD", ["Mexican Peso"] = "MXN",
                   default = hold("unknown_currency:{CurrencyRef.name}", "which currency is {CurrencyRef.name}? Add it to the table currencies") },
  },
  -- <<<

  money = { amount = total, currency = currency, date = src "TxnDate", must_be = when(not_(many), fact "target.currency") },
  accept = {
    { ne(src "IsPending", true), else_ = skip("draft", "invoice {RefNumber} is pending: a draft") },
    { any { eq(param "send_when", "always"), sent, paid_on, eq(src "IsPaid", true), present(link "id") }, else_ = skip("not_sent", "invoice {RefNumber} is still to be sent") },
  },
  identity = src "TxnID",
  order_by = src "TimeModified",

  needs = {
    top     = find { side = "source", entity = "Customer", by = { FullName = top_name }, if_ = rolled },
    account = ensure { "quickbooks_desktop.Customer->salesforce.customer", of = { entity = "Customer", id = whose } },
    book    = find { entity = "Pricebook2", by = { IsStandard = true }, about = "standard price book", if_ = eq(param "document", "opportunity"),
                     on_none = hold("no_price_book", "Salesforce shows no standard price book: are products switched on, and may the app's user see them?") },
    kind    = fetch { side = "source", entity = "Item", id = item "ItemRef.id", take = { "ItemType" }, if_ = not_(adds_up) },
    price   = ensure { "quickbooks_desktop.Item->salesforce.price", of = { entity = "Item", id = first { item "ItemRef.id", item "ItemGroupRef.id" } } },
    tax     = ensure { "quickbooks_desktop.Item->salesforce.price", of = { entity = "Item", id = src "ItemSalesTaxRef.id" }, if_ = all { eq(param "document", "opportunity"), ne(money(src "SalesTaxTotal"), "0.00") } },
    kind_of_record = find { entity = "RecordType", by = { DeveloperName = "MLC_Invoice", SobjectType = "Opportunity" }, about = "MLC_Invoice", if_ = eq(param "record_types", true),
                     on_none = hold("no_record_type", "Salesforce has no record type MLC_Invoice: deploy the package, or set record_types = false") },
  },
  -- A payment or a credit need not touch the invoice itself.
  again_on = { ReceivePayment = each("AppliedToTxn", item "TxnID.id"), CreditMemo = each("LinkedTxn", item "TxnID") },
  again_at = when(one_of(state, { "Open" }), add_days(first { src "DueDate", src "TxnDate" }, 1)),

  match = { { by = "link" }, { by = { MLC_DocumentId__c = src "TxnID" } }, on_none = "create" },

  fields = {
    Name = trim { text "Invoice {RefNumber} {CustomerRef.name}", max = 120, on_overflow = "truncate" },
    AccountId = ref "account",
    Amount = when(eq(param "document", "order"), total),
    StageName = when(voided, param "void_stage", param "invoice_stage"),
    CloseDate = src "TxnDate",
    RecordTypeId = ref "kind_of_record",
    Pricebook2Id = ref "book",
    Description = src "Memo",
    CurrencyIsoCode = when(many, currency),
    MLC_DocumentId__c = src "TxnID", MLC_DocumentNumber__c = src "RefNumber", MLC_DocumentType__c = "Invoice", MLC_State__c = state,
    MLC_Total__c = total, MLC_Open__c = money(first { src "BalanceRemaining", "0" }), MLC_DueDate__c = src "DueDate", MLC_DocumentTerms__c = src "TermsRef.name",
    OpportunityLineItems = when(eq(param "document", "opportunity"), lines {
      each("InvoiceLine", { if_ = counts, PricebookEntryId = ref "price",
        Quantity = when(whole, item "Quantity", "1"), TotalPrice = money(amount_here),
        Description = trim { first { item "Desc", item "ItemRef.name", item "ItemGroupRef.name" }, max = 255, on_overflow = "truncate" },
        MLC_Key__c = text "{TxnID}-{item.TxnLineID}" }),
      one { if_ = ne(money(src "SalesTaxTotal"), "0.00"), PricebookEntryId = ref "tax", Quantity = "1", TotalPrice = money(src "SalesTaxTotal"),
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
    { name = "SF-23 a voided one, too", like = 1,
      change = { Memo = "VOID: mistake", Subtotal = "0.00", SalesTaxTotal = "0.00", BalanceRemaining = "0.00", IsPaid = true, InvoiceLine = { { TxnLineID = "1B-1", ItemRef = { id = "70000001-1" }, Quantity = "0", Amount = "0.00" } } },
      link = { id = "006Ac0000000001AAA", base = { StageName = "Closed Won" } }, current = { id = "006Ac0000000001AAA", StageName = "Closed Won" },
      expect = { action = "update 006Ac0000000001AAA", StageName = "Closed Lost", MLC_State__c = "Void", MLC_Total__c = "0.00" } },
    { name = "SF-34 a payment has its invoices looked at again", like = 1, entity = "ReceivePayment", given = { AppliedToTxn = { { TxnID = { id = "1A-1" } }, { TxnID = { id = "1F-1" } } } },
      expect = { looks_at = { "1A-1", "1F-1" } } },
  },
}
