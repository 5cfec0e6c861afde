-- credit_memo.lua - a refund in the web shop becomes a credit memo in QuickBooks.
--
-- To the customer and with the tax item of the sale as it stands in the books.  A refund by lines is credited by lines; one of the
-- whole amount without lines mirrors the order; whatever part of the amount no line explains goes to an item of its own.  The money
-- that goes back, or what the credit is set against: refund_card.lua, refund_check.lua, refund_apply.lua.

local books = shared "books"
local refund = shared "refund"

-- The sale in the books: an invoice, or a sales receipt.  It cannot be looked at in the shadow, and there is none where a person
-- decides to post the refund of an order of before the start.
local by_receipt = eq(param "document", "sales_receipt")
local sale_id = first { need "invoice.id", need "receipt.id" }
local no_sale = any { decided "post", eq(sale_id, "(new)") }
local function of_sale(path) return when(by_receipt, need("sold." .. path), need("posted." .. path)) end

local own_customer = any { eq(param "customers", "each"), all { eq(param "customers", "registered_only"), gt(need "order.customer_id", 0) } }

-- ---- what is given back ------------------------------------------------------------------------------------------
local has_lines = any { present(src "line_items"), present(src "shipping_lines"), present(src "fee_lines") }
local is_whole = all { not_(has_lines), eq(src "amount", need "order.total") }
local in_part = not_(is_whole)
-- The rest of a refund by parts, by amount only: how much of it is tax, nobody has said.
local is_rest = all { not_(has_lines), lt(src "amount", need "order.total"), eq(need "order.status", "refunded"), gt(need "order.total_tax", 0) }

local by_quickbooks, by_line = eq(param "tax", "quickbooks"), eq(param "tax", "line")
local exempt = eq(need "order.meta_data[key=is_vat_exempt].value", "yes")
local taxed_rates = filter(need "order.tax_lines", gt(item "rate_percent", 0))
local tax_key = when(exempt, "exempt", first {
  join { taxed_rates, item "rate_code", "+", unique = true, sorted = true },
  join { need "order.tax_lines", item "rate_code", "+", unique = true, sorted = true },
  "none" })
local rates_of_order = sum(need "order.tax_lines", "rate_percent")
-- A row is taxable where tax was given back with it; an order of 0 % keeps taxable goods taxable.
local function code(untaxed)
  return when(by_quickbooks,
    when(ne(item "total_tax", 0), param "tax_code", when(gt(need "order.total_tax", 0), param "non_code",
      when(present(item "taxes"), param "tax_code", untaxed))),
    when(by_line, param "non_code"))
end
local non = when(ne(param "tax", "off"), param "non_code")
local class_here = when(eq(param "class_on", "line"), param "class")
-- The item that the sale has for it, whatever became of the product and its SKU meanwhile.
local function sold_as(what)
  local same = all { present(item "ItemRef"), eq(item "Desc", transliterate(parent "name")) }
  return first { row(need "posted.InvoiceLine", same, item(what)), row(need "sold.SalesReceiptLine", same, item(what)) }
end
local item_code = first { sold_as "SalesTaxCodeRef.name", need "item.SalesTaxCodeRef.name", param "tax_code" }

local fee_is_split = all { by_quickbooks, lt(item "total", 0),
  gt(abs(sub(item "total_tax", mul(item "total", rates_of_order, "0.01"))), "0.02") }
local fee_taxed_part = max(item "total", div(mul(item "total_tax", 100), rates_of_order, 2))

-- Parts of a group item do not come back as the group.
local the_item = first { sold_as "ItemRef",
  when(eq(need "item.ItemType", "ItemGroup"), named(param "refund_item"),
    when(all { one_of(need "item.ItemType", { "ItemInventory", "ItemInventoryAssembly" }), eq(param "inventory", "substitute") }, named(param "substitute_item"),
      ref "item")) }

-- What the lines of the refund explain of its amount: the shop gives them as negative amounts.
local function back(what) return neg(add(sum("line_items", what), sum("shipping_lines", what), sum("fee_lines", what))) end
local tax_back = when(by_line, neg(sum("tax_lines", add(item "tax_total", item "shipping_tax_total"))), back "total_tax")
local not_explained = money(sub(src "amount", add(back "total", tax_back)))
local adjustment = when(all { is_rest, not_(decided "post") }, review { cause = "refund_of_rest",
    why = "refund {id} gives back the rest of order {parent_id} without lines: how much of it is sales tax, the shop does not say; posted, all of it goes to {param.refund_item}",
    options = { "post", "skip" } }, not_explained)

local function tax_as_quickbooks(how)
  return predicted { lines = "CreditMemoLine", amount = "Amount", code = "SalesTaxCodeRef", taxable = { param "tax_code" }, round = how,
    rates = when(present(need "tax_item.ItemSalesTax"), each(need "tax_item.ItemSalesTax", need "tax_part.TaxRate"), list { need "tax_item.TaxRate" }) }
end
local tax = when(all { by_quickbooks, not_(exempt) },
  when(eq(param "tax_rounding", "document"), tax_as_quickbooks "document",
    when(eq(param "tax_rounding", "line"), tax_as_quickbooks "line", tax_as_quickbooks "component")), 0)

return mapping {
  id = "woocommerce.refund->quickbooks_desktop.credit_memo", version = "1.0.0", language = 1,
  title = "Refunds become credit memos",
  from = { connector = "woocommerce", entity = "refund" },
  to   = { connector = "quickbooks_desktop", entity = "CreditMemo" },
  label = text "refund {id} of order {parent_id}",

  params = {
    books.every, books.lines,
    refunds         = books.back.refunds,
    refund_item     = { type = "name", of = "Item", default = "Refund Adjustment", help = "the item for what is given back without saying what for" },
  },

  enabled = param "refunds",

  requires = books.requires,

  money = refund.money,

  accept = {
    refund.something_back,
  },

  identity = src "id",
  order_by = src "date_created_gmt",

  match = {
    { by = "link" },
    { by = { RefNumber = refund.number },
      agree = all { eq(found "CustomerRef", of_sale "CustomerRef"), eq(found "TotalAmount", money(src "amount")), within_days(found "TxnDate", refund.day, param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}R{id}", why = "QuickBooks has a credit memo of this number with another customer, total or date",
        options = { "adopt", "create", "skip" } } },
    on_none = "create",
  },

  needs = {
    order    = refund.order,
    invoice  = ensure { "woocommerce.order->quickbooks_desktop.invoice", of = { entity = "order", id = src "parent_id" }, if_ = all { not_(by_receipt), not_(decided "post") },
                 on_none = review { cause = "refund_without_sale", why = "order {parent_id} has no invoice in QuickBooks that refund {id} could be of", options = { "post", "skip" } } },
    receipt  = ensure { "woocommerce.order->quickbooks_desktop.sales_receipt", of = { entity = "order", id = src "parent_id" }, if_ = all { by_receipt, not_(decided "post") },
                 on_none = review { cause = "refund_without_sale", why = "order {parent_id} has no sales receipt in QuickBooks that refund {id} could be of", options = { "post", "skip" } } },
    posted   = fetch { entity = "Invoice", id = need "invoice.id", if_ = all { not_(by_receipt), not_(no_sale) }, on_none = review("sale_gone", "the invoice of order {parent_id} is not in QuickBooks any more") },
    sold     = fetch { entity = "SalesReceipt", id = need "receipt.id", if_ = all { by_receipt, not_(no_sale) }, on_none = review("sale_gone", "the sales receipt of order {parent_id} is not in QuickBooks any more") },
    customer = ensure { "woocommerce.order->quickbooks_desktop.customer", of = { entity = "order", id = src "parent_id" }, if_ = all { decided "post", own_customer } },
    item     = find { entity = "Item", by = { Name = item "sku" }, fallback = { { FullName = item "name" }, { FullName = param "default_item" } },
                 about = first { item "sku", item "name" } },
    named_tax = find { entity = "Item", by = { FullName = pick(param "tax_items", tax_key) }, if_ = all { by_quickbooks, no_sale }, remember = "tax_item" },
    tax_item = find { entity = "Item", by = { ListID = first { when(not_(no_sale), of_sale "ItemSalesTaxRef.id"), need "named_tax.id" } }, if_ = by_quickbooks },
    tax_part = find { entity = "Item", by = { ListID = item "ItemSalesTaxRef.id" } },
  },

  fields = {
    CustomerRef  = when(decided "post", when(own_customer, ref "customer", named(param "web_customer")), when(no_sale, named(text "the customer of order {parent_id}"), of_sale "CustomerRef")),
    ClassRef     = when(eq(param "class_on", "header"), param "class"),
    ARAccountRef = when(all { not_(no_sale), not_(by_receipt) }, need "posted.ARAccountRef"),
    TxnDate      = refund.books_day,
    RefNumber    = refund.number,
    ItemSalesTaxRef = when(by_quickbooks, ref "tax_item", when(by_line, named(param "zero_tax_item"))),
    Memo         = refund.memo,
    IsToBePrinted = param "to_be_printed",
    IsToBeEmailed = param "to_be_emailed",
    CustomerSalesTaxCodeRef = when(by_quickbooks, when(exempt, param "exempt_code", param "tax_code"), when(by_line, param "non_code")),
    ExchangeRate  = refund.exchange_rate,

    CreditMemoLine = lines {
      -- what the refund lists
      each("line_items", { if_ = any { ne(item "total", 0), ne(item "quantity", 0) }, ItemRef = the_item, Desc = transliterate(item "name"), Quantity = when(ne(item "quantity", 0), abs(item "quantity")),
        ClassRef = class_here, Amount = money(neg(item "total")), SalesTaxCodeRef = code(item_code) }),
      each("shipping_lines", { if_ = ne(item "total", 0), ItemRef = pick(param "shipping_items", item "method_id", param "shipping_item"), Desc = transliterate(item "method_title"),
        ClassRef = class_here, Amount = money(neg(item "total")), SalesTaxCodeRef = code(param "non_code") }),
      each("fee_lines", { if_ = ne(item "total", 0), ItemRef = param "fee_item", Desc = transliterate(item "name"),
        ClassRef = class_here, Amount = money(neg(item "total")), SalesTaxCodeRef = code(param "non_code") }),
      each("tax_lines", { if_ = all { by_line, ne(add(item "tax_total", item "shipping_tax_total"), 0) }, ItemRef = pick(param "tax_line_items", item "rate_code"),
        Desc = transliterate(text "{item.label}"), ClassRef = class_here, Amount = money(neg(add(item "tax_total", item "shipping_tax_total"))), SalesTaxCodeRef = non }),
      -- what no line explains
      one { if_ = all { in_part, gt(abs(not_explained), param "rounding_max") }, ItemRef = param "refund_item", Desc = transliterate(first { src "reason", text "Refund {id}" }),
        ClassRef = class_here, Amount = adjustment, SalesTaxCodeRef = non },
      -- all of it, without lines: the order once more
      each(need "order.line_items", { if_ = is_whole, ItemRef = the_item, Desc = transliterate(item "name"), Quantity = item "quantity",
        ClassRef = class_here, Amount = money(item "total"), SalesTaxCodeRef = code(item_code) }),
      each(need "order.shipping_lines", { if_ = all { is_whole, ne(item "total", 0) }, ItemRef = pick(param "shipping_items", item "method_id", param "shipping_item"),
        Desc = transliterate(item "method_title"), ClassRef = class_here, Amount = money(item "total"), SalesTaxCodeRef = code(param "non_code") }),
      each(need "order.fee_lines", { if_ = all { is_whole, ne(item "total", 0), not_(fee_is_split) }, ItemRef = param "fee_item", Desc = transliterate(item "name"),
        ClassRef = class_here, Amount = money(item "total"), SalesTaxCodeRef = code(param "non_code") }),
      each(need "order.fee_lines", { if_ = all { is_whole, fee_is_split, ne(fee_taxed_part, 0) }, ItemRef = param "fee_item", Desc = transliterate(item "name"),
        ClassRef = class_here, Amount = fee_taxed_part, SalesTaxCodeRef = param "tax_code" }),
      each(need "order.fee_lines", { if_ = all { is_whole, fee_is_split, ne(fee_taxed_part, item "total") }, ItemRef = param "fee_item", Desc = transliterate(item "name"),
        ClassRef = class_here, Amount = money(sub(item "total", fee_taxed_part)), SalesTaxCodeRef = non }),
      each(need "order.tax_lines", { if_ = all { is_whole, by_line, ne(add(item "tax_total", item "shipping_tax_total"), 0) }, ItemRef = pick(param "tax_line_items", item "rate_code"),
        Desc = transliterate(text "{item.label}"), ClassRef = class_here, Amount = money(add(item "tax_total", item "shipping_tax_total")), SalesTaxCodeRef = non }),
    },
  },

  balance = {
    left = add(sum("CreditMemoLine", "Amount"), tax), right = money(src "amount"), within = param "rounding_max",
    fix = { ItemRef = param "rounding_item", Desc = "Rounding", ClassRef = when(eq(param "class_on", "line"), param "class"), SalesTaxCodeRef = non },
    otherwise = hold { cause = "out_of_balance", why = "lines and tax of refund {id} do not come to its amount",
      fix = "is the tax item of the sale the right one? where only part of a line's tax was given back, post it by hand and mlc link it" },
  },
  expect = { { sum = { "Subtotal", "SalesTaxTotal" }, equals = money(src "amount"), cause = "total_differs" } },

  -- A refund is final: it is written once.
  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = {
    else_ = review { cause = "refund_deleted", why = "refund {id} was deleted in the shop, but its credit memo is in the books", options = { "void", "skip" } },
  },

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { sales_tax = "on", multicurrency = "off" } },
      refs = { invoice = "1A-9", receipt = "1D-9", posted = { id = "1A-9", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7" }, ItemSalesTaxRef = { id = "80-92", name = "New York City" } },
        sold = { id = "1D-9", CustomerRef = { id = "80-1", name = "Ada Byron" }, ItemSalesTaxRef = { id = "80-92" } },
        order = { id = "42", number = "42", status = "processing", currency = "USD", date_created = "2026-11-20T19:09:21", date_paid = "2026-11-20T19:09:21", customer_id = 14, total = "163.21", total_tax = "9.39",
          line_items = {
            { id = 78, name = "T-shirt", sku = "TEE-BLK", quantity = 3, total = "53.98", total_tax = "4.79", taxes = { { id = 1, total = "2.16" }, { id = 2, total = "2.43" }, { id = 3, total = "0.20" } } },
            { id = 79, name = "Coffee", sku = "COFFEE", quantity = 2, total = "26.10", total_tax = "0.00", taxes = { { id = 5, total = "0.00" } } },
            { id = 80, name = "Gift card", sku = "COFFEE", quantity = 1, total = "22.50", total_tax = "0.00", taxes = {} },
            { id = 81, name = "Hoodie", sku = "TEE-BLK", quantity = 1, total = "42.29", total_tax = "3.75", taxes = { { id = 1, total = "1.69" }, { id = 2, total = "1.90" }, { id = 3, total = "0.16" } } } },
          tax_lines = { { rate_code = "US-NY-NY STATE-1", rate_id = 1, label = "NY State", tax_total = "3.91", shipping_tax_total = "0.32", rate_percent = "4" },
            { rate_code = "US-NY-NYC-2", rate_id = 2, label = "NYC", tax_total = "4.41", shipping_tax_total = "0.36", rate_percent = "4.5" },
            { rate_code = "US-NY-MCTD-3", rate_id = 3, label = "MCTD", tax_total = "0.36", shipping_tax_total = "0.03", rate_percent = "0.375" },
            { rate_code = "US-NY-NY FOOD EXEMPT-1", rate_id = 5, tax_total = "0.00", shipping_tax_total = "0.00", rate_percent = "0" } },
          shipping_lines = { { method_title = "Flat rate", method_id = "flat_rate", total = "7.95", total_tax = "0.71", taxes = { { id = 1, total = "0.32" } } } },
          fee_lines = { { name = "Gift wrap", total = "3.00", total_tax = "0.27", taxes = { { id = 1, total = "0.12" } } },
            { name = "Loyalty", total = "-2.00", total_tax = "-0.13", taxes = { { id = 1, total = "-0.06" } } } }, meta_data = {} },
        item = { ["TEE-BLK"] = { id = "80-50", ItemType = "ItemInventory", IsActive = true }, COFFEE = { id = "80-51", ItemType = "ItemNonInventory", IsActive = true }, SET = { id = "80-52", ItemType = "ItemGroup" } },
        tax_item = { ["80-92"] = { id = "80-92", ItemSalesTax = { { ItemSalesTaxRef = { id = "80-93" } }, { ItemSalesTaxRef = { id = "80-94" } }, { ItemSalesTaxRef = { id = "80-95" } } } } },
        tax_part = { ["80-93"] = { id = "80-93", TaxRate = "4.0" }, ["80-94"] = { id = "80-94", TaxRate = "4.5" }, ["80-95"] = { id = "80-95", TaxRate = "0.375" } } } },

    { name = "WOO-15 a shirt comes back: its line, its tax, and 2.17 that no line explains",
      given = { id = 52, parent_id = 42, date_created = "2026-11-30T23:50:00", date_created_gmt = "2026-12-01T04:50:00", amount = "21.77", reason = "one shirt back", refunded_payment = false,
        line_items = { { id = 90, name = "T-shirt", sku = "TEE-BLK", quantity = -1, total = "-18.00", total_tax = "-1.60", taxes = { { id = 1, total = "-0.72" }, { id = 2, total = "-0.81" }, { id = 3, total = "-0.07" } } } },
        shipping_lines = {}, fee_lines = {}, tax_lines = { { rate_code = "US-NY-NY STATE-1", rate_id = 1, label = "NY State", tax_total = "-0.72", shipping_tax_total = "0.00" },
          { rate_code = "US-NY-NYC-2", rate_id = 2, label = "NYC", tax_total = "-0.81", shipping_tax_total = "0.00" }, { rate_code = "US-NY-MCTD-3", rate_id = 3, label = "MCTD", tax_total = "-0.07", shipping_tax_total = "0.00" } } },
      expect = { action = "create", CustomerRef = "80-1", ARAccountRef = "80-7", TxnDate = "2026-11-30", RefNumber = "WR52", ItemSalesTaxRef = "80-92", CustomerSalesTaxCodeRef = "Tax",
        Memo = "Refund 52 of web order 42, one shirt back", IsToBePrinted = false, total = "21.77",
        CreditMemoLine = { { ItemRef = "80-50", Quantity = "1", Amount = "18.00", SalesTaxCodeRef = "Tax" }, { ItemRef = "Refund Adjustment", Desc = "one shirt back", Amount = "2.17", SalesTaxCodeRef = "Non" } } } },
    { name = "WOO-15 what was sold as one item comes back as that item, though the shop has deleted the product", like = 1,
      change = { line_items = { { name = "T-shirt", sku = none, product_id = 0, quantity = -1, total = "-18.00", total_tax = "-1.60", taxes = { { id = 1, total = "-1.60" } } } } },
      refs = { invoice = "1A-9", posted = { id = "1A-9", CustomerRef = { id = "80-1" }, ItemSalesTaxRef = { id = "80-92" }, InvoiceLine = { { ItemRef = { id = "80-66", name = "Old shirt" }, Desc = "T-shirt", Amount = "53.98" } } },
        order = { id = "42", number = "42", status = "processing", currency = "USD", date_paid = "2026-11-20T19:09:21", total = "163.21", total_tax = "9.39" }, tax_item = { id = "80-92", TaxRate = "8.875" } },
      expect = { CreditMemoLine = { { ItemRef = "80-66" }, { ItemRef = "Refund Adjustment" } }, total = "21.77" } },
    { name = "WOO-15 by amount only: an item of its own, no tax", like = 1, change = { amount = "5.00", reason = "goodwill", line_items = {}, tax_lines = {} },
      expect = { total = "5.00", CreditMemoLine = { { ItemRef = "Refund Adjustment", Desc = "goodwill", Amount = "5.00", SalesTaxCodeRef = "Non" } } } },
    { name = "WOO-15 shipping and a fee, without their tax", like = 1, change = { amount = "10.95", line_items = {}, tax_lines = {},
        shipping_lines = { { method_title = "Flat rate", method_id = "flat_rate", total = "-7.95", total_tax = "0.00", taxes = {} } }, fee_lines = { { name = "Gift wrap", total = "-3.00", total_tax = "0.00", taxes = {} } } },
      expect = { total = "10.95", CreditMemoLine = { { ItemRef = "Shipping", Amount = "7.95", SalesTaxCodeRef = "Non" }, { ItemRef = "Fee", Amount = "3.00", SalesTaxCodeRef = "Non" } } } },
    { name = "WOO-15 all of it without lines mirrors the order, its tax too", like = 1, change = { amount = "163.21", line_items = {}, tax_lines = {} },
      expect = { total = "163.21", lines = 8, CreditMemoLine = { { Amount = "53.98", Quantity = "3", SalesTaxCodeRef = "Tax" }, { SalesTaxCodeRef = "Non" }, { SalesTaxCodeRef = "Non" }, { SalesTaxCodeRef = "Tax" },
        { ItemRef = "Shipping", SalesTaxCodeRef = "Tax" }, { ItemRef = "Fee", Amount = "3.00" }, { ItemRef = "Fee", Amount = "-1.46", SalesTaxCodeRef = "Tax" }, { ItemRef = "Fee", Amount = "-0.54", SalesTaxCodeRef = "Non" } } } },
    { name = "WOO-15 WOO-29 with tax by lines the refund gives back each agency's part", like = 1, params = { tax = "line", zero_tax_item = "Out of State", tax_line_items = { default = "NY Sales Tax" } },
      expect = { total = "21.77", ItemSalesTaxRef = "Out of State", CustomerSalesTaxCodeRef = "Non", CreditMemoLine = { { Amount = "18.00", SalesTaxCodeRef = "Non" }, { ItemRef = "NY Sales Tax", Amount = "0.72" }, { ItemRef = "NY Sales Tax", Amount = "0.81" },
        { ItemRef = "NY Sales Tax", Amount = "0.07" }, { ItemRef = "Refund Adjustment", Amount = "2.17" } } } },
    { name = "WOO-15 WOO-29 and all of it, all of them", like = "WOO-15 all of it without lines mirrors the order, its tax too", params = { tax = "line", zero_tax_item = "Out of State", tax_line_items = { default = "NY Sales Tax" } },
      expect = { total = "163.21", lines = 10 } },
    { name = "WOO-15 WOO-29 where sales tax is not in use it is not spoken of", like = "WOO-15 by amount only: an item of its own, no tax", facts = { target = { sales_tax = "off", multicurrency = "off" } }, params = { tax = "off" },
      expect = { ItemSalesTaxRef = none, CustomerSalesTaxCodeRef = none, CreditMemoLine = { { SalesTaxCodeRef = none } } } },
    { name = "WOO-15 part of a line's tax only is held", like = 1, change = { amount = "18.50", line_items = { { name = "T-shirt", sku = "TEE-BLK", quantity = -1, total = "-18.00", total_tax = "-0.50", taxes = { { id = 1, total = "-0.50" } } } } },
      expect = { state = "hold", cause = "out_of_balance" } },
    { name = "WOO-15 a sales receipt's refund is credited to its customer", like = 1, params = { document = "sales_receipt" }, expect = { action = "create", CustomerRef = "80-1", ARAccountRef = none } },
    { name = "WOO-15 the rest by amount only, of a taxed order: a person says", like = 1, change = { amount = "141.44", line_items = {}, tax_lines = {} },
      refs = { invoice = "1A-9", posted = { id = "1A-9", CustomerRef = { id = "80-1" }, ItemSalesTaxRef = { id = "80-92" } }, tax_item = { id = "80-92", TaxRate = "8.875" },
        order = { id = "42", number = "42", status = "refunded", currency = "USD", date_paid = "2026-11-20T19:09:21", total = "163.21", total_tax = "9.39", line_items = {}, tax_lines = {} } },
      expect = { state = "review", cause = "refund_of_rest" } },
    { name = "WOO-15 a group item's part comes back on the refund item", like = 1, change = { amount = "19.60", line_items = { { name = "Gift set", sku = "SET", quantity = -1, total = "-18.00", total_tax = "-1.60", taxes = { { id = 1, total = "-1.60" } } } } },
      expect = { CreditMemoLine = { { ItemRef = "Refund Adjustment", Desc = "Gift set", Amount = "18.00", SalesTaxCodeRef = "Tax" } }, total = "19.60" } },
    { name = "WOO-47 stock that does not move on a sale does not move on a refund", like = 1, params = { inventory = "substitute", substitute_item = "Web Sale" }, expect = { CreditMemoLine = { { ItemRef = "Web Sale" }, {} } } },
    { name = "ALL-09 the refund of an order of before the start goes to a person", like = 1, start = "2026-11-25", expect = { state = "review", cause = "before_start", options = { "post", "skip" } } },
    { name = "ALL-09 who may post it all the same, to the order's customer", like = 1, start = "2026-11-25", choice = { choice = "post" }, params = { tax_items = { ["US-NY-MCTD-3+US-NY-NY STATE-1+US-NY-NYC-2"] = "New York City" } },
      refs = { customer = "80-3", named_tax = { ["New York City"] = { id = "80-92" }, ["CA State"] = { id = "80-92" } }, tax_item = { ["80-92"] = { id = "80-92", TaxRate = "8.875" } },
        order = { id = "42", number = "42", status = "processing", currency = "USD", date_paid = "2026-11-20T19:09:21", total = "163.21", total_tax = "9.39", line_items = {}, meta_data = {},
          tax_lines = { { rate_code = "US-NY-NY STATE-1", rate_percent = "4" }, { rate_code = "US-NY-NYC-2", rate_percent = "4.5" }, { rate_code = "US-NY-MCTD-3", rate_percent = "0.375" } } },
        item = { ["TEE-BLK"] = { id = "80-50", ItemType = "ItemNonInventory" } } },
      expect = { action = "create", CustomerRef = "80-3", total = "21.77" } },
    { name = "WOO-15 a refund whose sale is not in the books goes to a person", like = 1, refs = { order = { id = "42", number = "42", currency = "USD", date_paid = "2026-11-20T19:09:21", total = "163.21", total_tax = "9.39" } }, expect = { state = "review", cause = "refund_without_sale" } },
    { name = "ALL-10 a refund in a closed month waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "ALL-10 or goes to the first open day", like = 1, locked_until = "2026-11-30", params = { closed_period = "first_open_day" },
      expect = { TxnDate = "2026-12-01", Memo = "Refund 52 of web order 42, one shirt back, of the closed period, 2026-11-30" } },
    { name = "ALL-08 euros are not given back out of books kept in dollars", like = 1, refs = { invoice = "1A-9", order = { id = "42", number = "42", currency = "EUR", date_paid = "2026-11-20T19:09:21", total = "163.21", total_tax = "9.39" } },
      expect = { state = "hold", cause = "currency" } },
    { name = "ALL-15 in the shadow it shows what it would post", like = 1, refs = { invoice = "(new)", named_tax = { ["New York City"] = { id = "80-92" }, ["CA State"] = { id = "80-92" } }, tax_item = { ["80-92"] = { id = "80-92", TaxRate = "8.875" } }, item = { ["TEE-BLK"] = { id = "80-50" } },
        order = { id = "42", number = "42", status = "processing", currency = "USD", date_paid = "2026-11-20T19:09:21", total = "163.21", total_tax = "9.39", tax_lines = { { rate_code = "US-CA", rate_percent = "8.875" } }, meta_data = {} } },
      params = { tax_items = { ["US-CA"] = "CA State" } }, expect = { action = "create", CustomerRef = "the customer of order 42", total = "21.77" } },
    { name = "WOO-15 a refund that was deleted in the shop goes to a person", like = 1, deleted = true, link = { id = "1C-1" }, current = { id = "1C-1" }, expect = { state = "review", cause = "refund_deleted", options = { "void" } } },
    { name = "WOO-42 a credit memo typed by hand is this one when number, customer and total agree", like = 1,
      candidates = { RefNumber = { { id = "1C-4", CustomerRef = { id = "80-1" }, TotalAmount = "21.77", TxnDate = "2026-12-01" } } }, current = { id = "1C-4" }, expect = { state = "nothing" } },
    { name = "WOO-42 else a person looks", like = 1, candidates = { RefNumber = { { id = "1C-4", CustomerRef = { id = "80-1" }, TotalAmount = "21.78", TxnDate = "2026-12-01" } } },
      expect = { state = "review", cause = "number_taken:WR52" } },
    { name = "a refund is written once", like = 1, link = { id = "1C-1", base = { Memo = "Refund 52 of web order 42, one shirt back" } }, expect = { state = "nothing" } },
  },
}
