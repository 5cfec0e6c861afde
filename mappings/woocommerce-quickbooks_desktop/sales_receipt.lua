-- sales_receipt.lua - a paid web order becomes a sales receipt: sale and money in one document.
--
-- Runs in place of invoice.lua and payment.lua where `document` is sales_receipt.  Only what is paid is posted: a sales receipt is money
-- received.  The parts between the marks "the same in ..." are the same as in invoice.lua, word for word.

local number = trim { text "{param.doc_prefix}{number}", max = 11, on_overflow = param "number_too_long" }

-- >>> the same in invoice.lua, sales_receipt.lua, payment.lua: which orders, and of which day
local called_off = one_of(src "status", { "cancelled", "failed", "trash" })
local post_when = pick(param "post_when", src "payment_method", pick("usual_post_when", src "payment_method"))
local due = any {
  all { eq(post_when, "paid"),      present(src "date_paid") },
  all { eq(post_when, "status"),    one_of(src "status", param "statuses") },
  all { eq(post_when, "completed"), any { eq(src "status", "completed"), present(src "date_completed") } },
}
-- The shop's local calendar day, never the UTC day.
local day = date(first {
  when(eq(param "date_from", "paid"), src "date_paid"),
  when(eq(param "date_from", "completed"), src "date_completed"),
  when(ne(param "date_from", "created"), src "date_paid"),
  src "date_created" })
local books_day = when(eq(param "closed_period", "first_open_day"), open_day(day), day)
-- <<<

-- >>> the same in invoice.lua, sales_receipt.lua: customer, items, tax, lines
-- A customer of one's own, or the one that many share.
local own_customer = any { eq(param "customers", "each"), all { eq(param "customers", "registered_only"), gt(src "customer_id", 0) } }
local customer = when(own_customer, ref "customer", named(param "web_customer"))

local by_quickbooks, by_line = eq(param "tax", "quickbooks"), eq(param "tax", "line")
local exempt = eq(src "meta_data[key=is_vat_exempt].value", "yes")
-- The order's tax is known by the set of its rates: codes in alphabetical order, joined by +.  Rates of 0 % are left
-- away where there are others; no rate at all is "none", an order that the shop marked as exempt is "exempt".
local taxed_rates = filter("tax_lines", gt(item "rate_percent", 0))
local tax_key = when(exempt, "exempt", first {
  join { taxed_rates, item "rate_code", "+", unique = true, sorted = true },
  join { "tax_lines", item "rate_code", "+", unique = true, sorted = true },
  "none" })
local rates_of_order = sum("tax_lines", "rate_percent")

-- Of a row at hand: did the shop charge it at a rate above 0 %?
local taxed_here = gt(count(item "taxes", all { present(item "total"),
  gt(row("tax_lines", eq(item "rate_id", parent "id"), item "rate_percent"), 0) }), 0)
-- Its code.  A 0 % order keeps taxable goods taxable (its tax item has 0 %); what the shop did not tax beside taxed things is
-- not taxable; where the shop has no rates at all, goods go by the code of their item.
local function code(untaxed)
  return when(by_quickbooks,
    when(taxed_here, param "tax_code", when(gt(count(taxed_rates), 0), param "non_code",
      when(present(item "taxes"), param "tax_code", untaxed))),
    when(by_line, param "non_code"))
end
local non = when(ne(param "tax", "off"), param "non_code")
local class_here = when(eq(param "class_on", "line"), param "class")

-- Line totals of WooCommerce are net of tax and of coupons.  discounts = line shows goods before coupons, and the coupons apart.
local discounts_apart = eq(param "discounts", "line")
local goods_amount = money(when(discounts_apart, item "subtotal", item "total"))
local off_here = money(sub(item "total", item "subtotal"))

-- A fee that takes off (a loyalty plugin) may reach over taxed and untaxed goods; then the shop took less tax off than all of it
-- bears.  The part on which it did is taxable, the rest is not.
local fee_is_split = all { by_quickbooks, lt(item "total", 0),
  gt(abs(sub(item "total_tax", mul(item "total", rates_of_order, "0.01"))), "0.02") }
local fee_taxed_part = max(item "total", div(mul(item "total_tax", 100), rates_of_order, 2))

-- Items: by SKU, then by name, then the tenant's own item for all the rest; answers of people come before.  A line that was posted
-- and is the same now keeps its item: shops forget the SKU when a product is deleted, and books rename items.
local function posted_here(what)
  return row(link "base.SalesReceiptLine", all { eq(item "Desc", transliterate(parent "name")), eq(item "Quantity", parent "quantity"), eq(item "Amount", money(when(discounts_apart, parent "subtotal", parent "total"))) },
    item(what))
end
local item_code = first { posted_here "SalesTaxCodeRef.name", need "item.SalesTaxCodeRef.name", param "tax_code" }
local is_group = all { absent(posted_here "ItemRef"), eq(need "item.ItemType", "ItemGroup") }
local is_stock = any { eq(need "item.ItemType", "ItemInventory"), eq(need "item.ItemType", "ItemInventoryAssembly") }
local is_new = absent(link "id")
-- What the members of a group item come to at their prices in QuickBooks.
local group_amount = money(mul(item "quantity", sum(need "item.ItemGroupLine", mul(item "Quantity",
  first { need "member.SalesPrice", need "member.SalesOrPurchase.Price", need "member.SalesAndPurchase.SalesPrice", 0 }))))
local group_taxable = money(mul(item "quantity", sum(filter(need "item.ItemGroupLine", eq(need "member.SalesTaxCodeRef.name", param "tax_code")),
  mul(item "Quantity", first { need "member.SalesPrice", need "member.SalesOrPurchase.Price", need "member.SalesAndPurchase.SalesPrice", 0 }))))
local the_item = when(present(posted_here "ItemRef"), posted_here "ItemRef", when(all { is_new, eq(need "item.IsActive", false), not_(decided "post") },
  review { cause = "inactive_item:{item.sku}", why = "the item for {item.name} (SKU {item.sku}) is inactive in QuickBooks",
    fix = "make it active, or write a line item,{item.sku},OTHER ITEM into answers.csv; then decide: post", options = { "post", "skip" } },
  when(all { is_stock, eq(param "inventory", "substitute") }, named(param "substitute_item"),
    when(all { is_stock, is_new, eq(param "inventory", "hold"), lt(need "item.QuantityOnHand", item "quantity") },
      hold { cause = "shortage:{item.sku}", why = "QuickBooks has {need.item.QuantityOnHand} of {item.name} on hand, {item.quantity} were sold",
        fix = "receive the goods in QuickBooks, or set inventory = \"allow\"" },
      ref "item"))))
local the_group = when(ne(goods_amount, group_amount),
  hold { cause = "group_price:{item.sku}", why = "the group item for {item.name} does not come to what the order says, at the prices of its members",
    fix = "mend the prices in QuickBooks, or map the SKU to an item that is no group" },
  ref "item")
-- <<<

local function in_lines(list, x) return sum(filter(list, is_group), x) end

local function short(path, most)
  return trim { transliterate(src(path)), max = most, on_overflow = "truncate" }
end
local function country(path) return when(ne(src(path), param "home_country"), src(path)) end

local function tax_as_quickbooks(how)
  return predicted { lines = "SalesReceiptLine", amount = "Amount", code = "SalesTaxCodeRef", taxable = { param "tax_code" },
    plus = in_lines(src "line_items", group_taxable), round = how,
    rates = when(present(need "tax_item.ItemSalesTax"), each(need "tax_item.ItemSalesTax", need "tax_part.TaxRate"), list { need "tax_item.TaxRate" }) }
end
local tax = when(all { by_quickbooks, not_(exempt) },
  when(eq(param "tax_rounding", "document"), tax_as_quickbooks "document",
    when(eq(param "tax_rounding", "line"), tax_as_quickbooks "line", tax_as_quickbooks "component")), 0)

return mapping {
  id = "woocommerce.order->quickbooks_desktop.sales_receipt", version = "1.0.0", language = 1,
  title = "Paid web orders become sales receipts",
  from = { connector = "woocommerce", entity = "order" },
  to   = { connector = "quickbooks_desktop", entity = "SalesReceipt" },
  label = text "order {number}",

  params = {
    document        = { type = "one_of", values = { "invoice_and_payment", "invoice", "sales_receipt" }, default = "invoice_and_payment", help = "see invoice.lua" },
    doc_prefix      = { type = "string", default = "W", max = 4, unique = true, help = "stands before the order's number; no two shops of one company may share it" },
    number_too_long = { type = "one_of", values = { "hold", "last_digits" }, default = "hold",
                        help = "QuickBooks takes 11 characters: hold the order, or keep the last 11; the whole number is in the memo in any case" },
    adopt_within_days = { type = "int", default = 30, min = 0, max = 366, help = "a sales receipt typed by hand is taken as this order's when number, customer and total agree and its date is so near" },

    post_when       = { type = "table", help = "by payment method, when an order counts as sold: paid, status (one of statuses) or completed" },
    statuses        = { type = "list", default = { "processing", "completed", "refunded" }, help = "for post_when = status" },
    date_from       = { type = "one_of", values = { "paid", "created", "completed" }, default = "paid", help = "which day of the order is the sales receipt's" },
    closed_period   = { type = "one_of", values = { "hold", "first_open_day" }, default = "hold", help = "an order of a closed month waits, or goes to the first open day" },

    customers       = { type = "one_of", values = { "each", "registered_only", "one" }, default = "each", help = "see customer.lua" },
    web_customer    = { type = "name", of = "Customer", default = "Web Customer", help = "the customer that many share" },
    home_country    = { type = "string", default = "US", max = 2, help = "not written into addresses" },

    tax             = { type = "one_of", values = { "quickbooks", "line", "off" }, default = "quickbooks",
                        help = "quickbooks: it computes the tax from its tax items; line: tax as lines of its own, as the shop charged it; off: sales tax is not in use" },
    tax_items       = { type = "table", of = "Item", default = {}, help = "by the set of rate codes of an order: the tax item or group in QuickBooks" },
    tax_rounding    = { type = "one_of", values = { "component", "document", "line" }, default = "component", help = "how QuickBooks rounds a tax group" },
    tax_code        = { type = "name", of = "SalesTaxCode", default = "Tax" },
    non_code        = { type = "name", of = "SalesTaxCode", default = "Non" },
    exempt_code     = { type = "name", of = "SalesTaxCode", default = "Non", help = "the customer tax code of exempt and reverse-charge orders" },
    zero_tax_item   = { type = "name", of = "Item", required = eq(param "tax", "line"), help = "for tax = line: a sales tax item of 0 %" },
    tax_line_items  = { type = "table", of = "Item", required = eq(param "tax", "line"), help = "for tax = line: by rate code, the item whose account is that agency's" },

    shipping_item   = { type = "name", of = "Item", default = "Shipping" },
    shipping_items  = { type = "table", of = "Item", help = "by the shop's shipping method, where one item is not enough" },
    fee_item        = { type = "name", of = "Item", default = "Fee" },
    discounts       = { type = "one_of", values = { "net", "line" }, default = "net", help = "net: goods at what was paid for them; line: at their price, and coupons as lines of their own" },
    discount_item   = { type = "name", of = "Item", default = "Discount" },
    rounding_item   = { type = "name", of = "Item", default = "Rounding" },
    rounding_max    = { type = "money", default = "0.05", min = "0", max = "1", help = "up to here a difference becomes a line of its own, above it the order is held" },
    default_item    = { type = "name", of = "Item", help = "the item for everything that has none of its own; without it, such orders wait for a person" },
    inventory       = { type = "one_of", values = { "allow", "hold", "substitute" }, default = "allow",
                        help = "sales of inventory items move stock and cost: allow, hold when there is too little, or post substitute_item instead" },
    substitute_item = { type = "name", of = "Item", required = eq(param "inventory", "substitute") },

    deposit_to      = { type = "table", of = "Account", required = true, help = "see payment.lua" },
    payment_methods = { type = "table", of = "PaymentMethod", required = true, help = "see payment.lua" },
    class           = { type = "name", of = "Class" },
    class_on        = { type = "one_of", values = { "header", "line" }, default = "header" },
    to_be_printed   = { type = "bool", default = false },
    to_be_emailed   = { type = "bool", default = false },

    currency        = { type = "string", default = "USD", max = 3, help = "of the company file, where it keeps one only" },
    currency_names  = { type = "table", default = { USD = "US Dollar", CAD = "Canadian Dollar", EUR = "Euro", GBP = "British Pound Sterling", AUD = "Australian Dollar" },
                        help = "what QuickBooks calls each currency; where it keeps several" },
    exchange_rates  = { type = "table", help = "by currency: one unit of it in the file's own; without it, QuickBooks takes its list's" },
  },

  tables = {
    -- Cash on delivery is sold when it leaves the shop; all else when the money has come.
    usual_post_when = { cod = "status", default = "paid" },
  },

  enabled = eq(param "document", "sales_receipt"),

  requires = {
    { fact = "target.sales_tax", is = "on", if_ = ne(param "tax", "off"), why = "sales tax is switched off in QuickBooks, but tax is not \"off\"",
      fix = "Edit, Preferences, Sales Tax in QuickBooks, or set the parameter tax to off" },
    { fact = "target.sales_tax", is = "off", if_ = eq(param "tax", "off"), why = "sales tax is switched on in QuickBooks, which would tax orders by itself",
      fix = "set the parameter tax to line or quickbooks" },
    { fact = "target.class_tracking", is = "on", if_ = present(param "class"), why = "a class is set, but class tracking is switched off in QuickBooks",
      fix = "Edit, Preferences, Accounting in QuickBooks, or take class out" },
  },

  money = { amount = src "total", currency = src "currency", date = day, posted = books_day,
    must_be = when(eq(fact "target.multicurrency", "on"),
      when(eq(need "buyer.CurrencyRef.name", pick(param "currency_names", src "currency")), src "currency", need "buyer.CurrencyRef.name"),
      param "currency") },

  accept = {
    { not_(one_of(src "status", { "checkout-draft", "auto-draft" })), else_ = skip("draft", "a cart that nobody has bought yet") },
    { any { not_(called_off), present(link "id"), decided "post" }, else_ = review { cause = "paid_but_called_off",
        why = "order {number} was paid and then {status}, and is not in the books", options = { "post", "skip" } } },
    { one_of(post_when, { "paid", "status", "completed" }), else_ = hold { cause = "post_when:{payment_method}",
        why = "post_when of {payment_method} is none of paid, status, completed", fix = "mend the parameter post_when" } },
    { any { present(src "date_paid"), present(link "id") }, else_ = skip("not_paid", "order {number} is not paid yet") },
    { any { due, present(link "id"), decided "post" }, else_ = skip("not_due", "order {number} is {status}, paid by {payment_method_title}: not sold yet") },
    -- One typed by hand stays as it was typed; what the order says later is for a person.
    { any { absent(need "typed.Subtotal"), eq(add(need "typed.Subtotal", need "typed.SalesTaxTotal"), money(src "total")), called_off },
      else_ = review { cause = "adopted_differs", why = "order {number} comes to {total} now; its sales receipt, typed by hand, to {need.typed.Subtotal} and {need.typed.SalesTaxTotal} of tax", options = { "skip", "forget" } } },
    { any { ne(param "tax", "off"), eq(src "total_tax", 0) }, else_ = hold { cause = "tax_unexpected", why = "order {number} bears {total_tax} of sales tax, but tax is \"off\"",
        fix = "set the parameter tax to quickbooks or line" } },
  },

  identity = src "id",
  order_by = src "date_modified_gmt",

  match = {
    { by = "link" },
    { by = { RefNumber = number },
      agree = all { eq(found "CustomerRef", customer), eq(add(found "Subtotal", found "SalesTaxTotal"), money(src "total")),
        within_days(found "TxnDate", day, param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}{number}",
        why = "QuickBooks has a sales receipt of this number with another customer, total or date", options = { "adopt", "create", "skip" } } },
    on_none = "create",
    on_many = review("number_twice:{param.doc_prefix}{number}", "QuickBooks has several sales receipts of this number that could be order {number}"),
  },

  needs = {
    customer = ensure { "woocommerce.order->quickbooks_desktop.customer", if_ = own_customer, anew = is_new },
    shared   = find { entity = "Customer", by = { FullName = param "web_customer" }, if_ = all { eq(fact "target.multicurrency", "on"), not_(own_customer) } },
    buyer    = fetch { entity = "Customer", id = first { need "customer.id", need "shared.id" }, if_ = eq(fact "target.multicurrency", "on") },
    typed    = fetch { entity = "SalesReceipt", id = link "id", if_ = eq(link "made", "adopted") },
    item     = find { entity = "Item", by = { Name = item "sku" }, fallback = { { FullName = item "name" }, { FullName = param "default_item" } },
                 about = first { item "sku", item "name" } },
    member   = find { entity = "Item", by = { ListID = item "ItemRef.id" } },
    tax_item = find { entity = "Item", by = { FullName = pick(param "tax_items", tax_key) }, if_ = by_quickbooks },
    tax_part = find { entity = "Item", by = { ListID = item "ItemSalesTaxRef.id" } },
  },

  fields = {
    CustomerRef  = customer,
    ClassRef     = when(eq(param "class_on", "header"), param "class"),
    TxnDate      = books_day,
    RefNumber    = number,
    BillAddress = {
      Addr1 = trim { transliterate(first { src "billing.company", text "{billing.first_name} {billing.last_name}" }), max = 41, on_overflow = "truncate" },
      Addr2 = short("billing.address_1", 41), Addr3 = short("billing.address_2", 41),
      City = short("billing.city", 31), State = short("billing.state", 21), PostalCode = short("billing.postcode", 13), Country = country "billing.country",
    },
    ShipAddress = {
      Addr1 = trim { transliterate(first { src "shipping.company", text "{shipping.first_name} {shipping.last_name}" }), max = 41, on_overflow = "truncate" },
      Addr2 = short("shipping.address_1", 41), Addr3 = short("shipping.address_2", 41),
      City = short("shipping.city", 31), State = short("shipping.state", 21), PostalCode = short("shipping.postcode", 13), Country = country "shipping.country",
    },
    PaymentMethodRef = pick(param "payment_methods", src "payment_method"),
    ItemSalesTaxRef = when(by_quickbooks, ref "tax_item", when(by_line, named(param "zero_tax_item"))),
    Memo            = transliterate(join { list { text "Web order {number}", src "payment_method_title", src "transaction_id",
                        when(ne(books_day, day), text "of the closed period") , when(ne(books_day, day), day) }, item(), ", " }),
    IsToBePrinted   = param "to_be_printed",
    IsToBeEmailed   = param "to_be_emailed",
    CustomerSalesTaxCodeRef = when(by_quickbooks, when(exempt, param "exempt_code", param "tax_code"), when(by_line, param "non_code")),
    DepositToAccountRef = pick(param "deposit_to", src "payment_method"),
    ExchangeRate    = when(all { eq(fact "target.multicurrency", "on"), present(param "exchange_rates") }, pick(param "exchange_rates", src "currency")),

    -- >>> the same in invoice.lua, sales_receipt.lua: the lines
    SalesReceiptLine = lines {
      each("line_items", { if_ = not_(is_group),
        ItemRef = the_item, Desc = transliterate(item "name"), Quantity = item "quantity", ClassRef = class_here,
        Amount = goods_amount, SalesTaxCodeRef = code(item_code) }),
      each("line_items", { if_ = is_group, ItemGroupRef = the_group, Quantity = item "quantity" }),
      each("shipping_lines", { if_ = ne(item "total", 0),
        ItemRef = pick(param "shipping_items", item "method_id", param "shipping_item"), Desc = transliterate(item "method_title"), ClassRef = class_here,
        Amount = money(item "total"), SalesTaxCodeRef = code(param "non_code") }),
      each("fee_lines", { if_ = all { ne(item "total", 0), not_(fee_is_split) },
        ItemRef = param "fee_item", Desc = transliterate(item "name"), ClassRef = class_here,
        Amount = money(item "total"), SalesTaxCodeRef = code(param "non_code") }),
      each("fee_lines", { if_ = all { fee_is_split, ne(fee_taxed_part, 0) },
        ItemRef = param "fee_item", Desc = transliterate(item "name"), ClassRef = class_here, Amount = fee_taxed_part, SalesTaxCodeRef = param "tax_code" }),
      each("fee_lines", { if_ = all { fee_is_split, ne(fee_taxed_part, item "total") },
        ItemRef = param "fee_item", Desc = transliterate(item "name"), ClassRef = class_here, Amount = money(sub(item "total", fee_taxed_part)), SalesTaxCodeRef = non }),
      each("line_items", { if_ = all { discounts_apart, ne(off_here, 0) },
        ItemRef = param "discount_item", Desc = text "Discount on {item.name}", ClassRef = class_here,
        Amount = off_here, SalesTaxCodeRef = code(item_code) }),
      each("tax_lines", { if_ = all { by_line, ne(add(item "tax_total", item "shipping_tax_total"), 0) },
        ItemRef = pick(param "tax_line_items", item "rate_code"), Desc = transliterate(text "{item.label} {item.rate_percent} %"), ClassRef = class_here,
        Amount = money(add(item "tax_total", item "shipping_tax_total")), SalesTaxCodeRef = non }),
    },
    -- <<<
  },

  balance = {
    left = add(sum("SalesReceiptLine", "Amount"), in_lines(src "line_items", group_amount), tax), right = money(src "total"), within = param "rounding_max",
    fix = { ItemRef = param "rounding_item", Desc = "Rounding", ClassRef = when(eq(param "class_on", "line"), param "class"), SalesTaxCodeRef = non },
    otherwise = hold { cause = "out_of_balance", why = "lines and tax of order {number} do not come to its total",
      fix = "is the tax item for these rates the right one, do its rates equal the shop's? orders with several rates at once need tax = \"line\"" },
  },
  expect = { { sum = { "Subtotal", "SalesTaxTotal" }, equals = money(src "total"), cause = "total_differs" } },

  owns = { "CustomerRef", "BillAddress", "ShipAddress", "ItemSalesTaxRef", "CustomerSalesTaxCodeRef", "Memo", "SalesReceiptLine", adopted = "none" },
  on_update = {
    -- Status moves, notes and whatever else happens to an order touch nothing.
    fields = { "CustomerRef", "BillAddress", "ShipAddress", "ItemSalesTaxRef", "CustomerSalesTaxCodeRef", "SalesReceiptLine" },
    -- It is money received: what changes later goes to a person.
    unless = any { ne(money(src "total"), add(current "Subtotal", current "SalesTaxTotal")),
      all { eq(param "closed_period", "first_open_day"), le(current "TxnDate", lock_date()) } },
    else_ = review { cause = "posted_changed", why = "order {number} comes to another sum than its sales receipt, or that is of a closed month", options = { "post", "skip" } },
    gone = all { eq(current "Subtotal", 0), starts(current "Memo", "VOID:") },
  },
  on_delete = {
    when = all { called_off, any { present(link "id"), absent(src "date_paid") } },
    else_ = review { cause = "called_off_after_post", why = "order {number} was {status}, but its sales receipt says that the money came", options = { "void", "skip" } },
    limit_per_hour = 20,
  },

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { sales_tax = "on", multicurrency = "off", class_tracking = "off" } },
      params = { deposit_to = { stripe = "Stripe Clearing", paypal = "PayPal Clearing" }, payment_methods = { stripe = "Visa" }, tax_items = { ["US-CA-CA STATE-1"] = "CA State", ["US-NY-MCTD-3+US-NY-NY STATE-1+US-NY-NYC-2"] = "New York City", none = "Out of State", exempt = "Out of State" } },
      refs = { customer = "80-1", tax_item = { ["CA State"] = { id = "80-90", TaxRate = "7.25" }, ["Out of State"] = { id = "80-91", TaxRate = "0.0" },
          ["New York City"] = { id = "80-92", ItemSalesTax = { { ItemSalesTaxRef = { id = "80-93" } }, { ItemSalesTaxRef = { id = "80-94" } }, { ItemSalesTaxRef = { id = "80-95" } } } } },
        tax_part = { ["80-93"] = { id = "80-93", TaxRate = "4.0" }, ["80-94"] = { id = "80-94", TaxRate = "4.5" }, ["80-95"] = { id = "80-95", TaxRate = "0.375" } },
        item = { ["MUG-RED"] = { id = "80-50", ItemType = "ItemInventory", IsActive = true, QuantityOnHand = "200", SalesTaxCodeRef = { id = "80-T", name = "Tax" } },
          ["GIFT-25"] = { id = "80-51", ItemType = "ItemNonInventory", IsActive = true, SalesTaxCodeRef = { id = "80-N", name = "Non" } },
          SET = { id = "80-52", ItemType = "ItemGroup", IsActive = true, ItemGroupLine = { { ItemRef = { id = "80-50" }, Quantity = "2" }, { ItemRef = { id = "80-53" }, Quantity = "1" } } },
          ["Poster, framed"] = { id = "80-54", ItemType = "ItemNonInventory", IsActive = true } },
        member = { ["80-50"] = { id = "80-50", SalesPrice = "14.00", SalesTaxCodeRef = { id = "80-T", name = "Tax" } },
          ["80-53"] = { id = "80-53", SalesOrPurchase = { Price = "10.00" }, SalesTaxCodeRef = { id = "80-N", name = "Non" } } } } },

    { name = "WOO-39 a paid order becomes a sales receipt, money and all: goods, untaxed goods, shipping, coupon, tax",
      given = { id = 42, number = "1007", status = "processing", currency = "USD", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00",
        date_paid_gmt = "2026-11-01T03:30:00", date_modified_gmt = "2026-11-01T03:30:01", customer_id = 14, payment_method = "stripe", payment_method_title = "Card", transaction_id = "ch_1",
        billing = { first_name = "Ada", last_name = "Byron", company = "", address_1 = "1 Row", address_2 = "", city = "San Tomas", state = "CA", postcode = "94000", country = "US",
          email = "ada@example.com", phone = "" },
        shipping = { first_name = "Ada", last_name = "Byron", company = "", address_1 = "2 Dock", address_2 = "", city = "Reno", state = "NV", postcode = "89501", country = "US" },
        discount_total = "5.30", shipping_total = "6.50", total_tax = "1.83", total = "56.03", refunds = {},
        line_items = {
          { id = 1, name = "Red mug", sku = "MUG-RED", quantity = 2, subtotal = "28.00", subtotal_tax = "2.03", total = "25.20", total_tax = "1.83", taxes = { { id = 4, total = "1.83", subtotal = "2.03" } } },
          { id = 2, name = "Gift card", sku = "GIFT-25", quantity = 1, subtotal = "25.00", subtotal_tax = "0.00", total = "22.50", total_tax = "0.00", taxes = {} } },
        tax_lines = { { rate_code = "US-CA-CA STATE-1", rate_id = 4, label = "CA State", compound = false, tax_total = "1.83", shipping_tax_total = "0.00", rate_percent = "7.25" } },
        shipping_lines = { { id = 3, method_title = "Flat rate", method_id = "flat_rate", total = "6.50", total_tax = "0.00", taxes = {} } },
        fee_lines = {}, coupon_lines = { { code = "SPRING", discount = "5.3" } }, meta_data = {} },
      expect = { action = "create", CustomerRef = "80-1", RefNumber = "W1007", TxnDate = "2026-10-31", ItemSalesTaxRef = "80-90", CustomerSalesTaxCodeRef = "Tax",
        Memo = "Web order 1007, Card, ch_1", IsToBePrinted = false, IsToBeEmailed = false, ClassRef = none, PaymentMethodRef = "Visa", DepositToAccountRef = "Stripe Clearing", ExchangeRate = none,
        BillAddress = { Addr1 = "Ada Byron", Addr2 = "1 Row", Country = none }, ShipAddress = { City = "Reno" },
        SalesReceiptLine = {
          { ItemRef = "80-50", Desc = "Red mug", Quantity = "2", Amount = "25.20", SalesTaxCodeRef = "Tax" },
          { ItemRef = "80-51", Desc = "Gift card", Quantity = "1", Amount = "22.50", SalesTaxCodeRef = "Non" },
          { ItemRef = "Shipping", Desc = "Flat rate", Amount = "6.50", SalesTaxCodeRef = "Non" } },
        total = "56.03" } },

    { name = "WOO-43 half past eleven at night in the shop is still that day, whatever UTC says", like = 1, expect = { TxnDate = "2026-10-31" } },
    { name = "WOO-40 an order that waits for its bank transfer is not sold", like = 1, change = { date_paid = none, status = "on-hold", payment_method = "bacs" },
      expect = { state = "skip", cause = "not_paid" } },
    { name = "ALL-09 an order of before the start is skipped with that reason", like = 1, start = "2026-11-01", expect = { state = "skip", cause = "before_start" } },
    { name = "ALL-10 a closed month holds", like = 1, locked_until = "2026-10-31", expect = { state = "hold", cause = "closed_period" } },
    { name = "ALL-10 a closed month may give to the first open day; the memo keeps the true one", like = 1, locked_until = "2026-10-31",
      params = { deposit_to = { stripe = "Stripe Clearing", paypal = "PayPal Clearing" }, payment_methods = { stripe = "Visa" }, closed_period = "first_open_day", tax_items = { default = "CA State" } },
      expect = { TxnDate = "2026-11-01", Memo = "Web order 1007, Card, ch_1, of the closed period, 2026-10-31" } },
    { name = "ALL-08 euros do not go into books kept in dollars", like = 1, change = { currency = "EUR" }, expect = { state = "hold", cause = "currency" } },
    { name = "WOO-44 one customer for all", like = 1, params = { deposit_to = { stripe = "Stripe Clearing", paypal = "PayPal Clearing" }, payment_methods = { stripe = "Visa" }, customers = "one", tax_items = { default = "CA State" } }, expect = { CustomerRef = "Web Customer" } },
    { name = "WOO-42 a sales receipt typed by hand is this order's when number, customer, total and day agree", like = 1,
      candidates = { RefNumber = { { id = "1A-1", CustomerRef = { id = "80-1", name = "Ada Byron" }, Subtotal = "54.20", SalesTaxTotal = "1.83", TxnDate = "2026-11-05" } } },
      current = { id = "1A-1", CustomerRef = { id = "80-1" }, Subtotal = "54.20", SalesTaxTotal = "1.83" }, expect = { state = "nothing", match = "RefNumber" } },
    { name = "WOO-42 it stays as it was typed, and what the order says later goes to a person", like = 1, change = { total = "60.00" }, link = { id = "1A-1", made = "adopted" },
      current = { id = "1A-1", Subtotal = "54.20" }, refs = { customer = "80-1", typed = { id = "1A-1", Subtotal = "54.20", SalesTaxTotal = "1.83" } }, expect = { state = "review", cause = "adopted_differs" } },
    { name = "WOO-42 a number that another customer's invoice has goes to a person, never used twice", like = 1,
      candidates = { RefNumber = { { id = "1A-1", CustomerRef = { id = "80-2" }, Subtotal = "54.20", SalesTaxTotal = "1.83", TxnDate = "2026-11-05" } } },
      expect = { state = "review", cause = "number_taken:W1007", options = { "adopt", "create", "skip" } } },
    { name = "WOO-28 an item that nobody knows waits for a person", like = 1, change = { line_items = { { name = "Glitter mug", sku = "MUG-GLITTER", quantity = 2, subtotal = "47.70", total = "47.70", total_tax = "1.83", taxes = { { id = 4, total = "1.83" } } } } },
      expect = { state = "review", cause = "unknown_item:MUG-GLITTER", options = { "answer" } } },
    { name = "WOO-47 a group item is a group line when its members' prices give what was paid", like = 1,
      change = { line_items = { { name = "Gift set", sku = "SET", quantity = 2, subtotal = "76.00", total = "76.00", total_tax = "4.06", taxes = { { id = 4, total = "4.06" } } } }, total = "86.56", total_tax = "4.06" },
      expect = { SalesReceiptLine = { { ItemGroupRef = "80-52", ItemRef = none, Quantity = "2", Amount = none }, { ItemRef = "Shipping" } }, total = "86.56" } },
    { name = "WOO-47 else it waits", like = "WOO-47 a group item is a group line when its members' prices give what was paid",
      change = { line_items = { { name = "Gift set", sku = "SET", quantity = 2, subtotal = "76.00", total = "70.00", total_tax = "4.06", taxes = { { id = 4, total = "4.06" } } } } },
      expect = { state = "hold", cause = "group_price:SET" } },

    { name = "WOO-29 a set of rates that the table does not know is held, never guessed", like = 1, params = { deposit_to = { stripe = "Stripe Clearing", paypal = "PayPal Clearing" }, payment_methods = { stripe = "Visa" }, tax_items = { none = "Out of State" } },
      expect = { state = "hold", cause = "unknown_tax_items:US-CA-CA STATE-1" } },
    { name = "WOO-29 three rates of one place are a tax group, whatever their order; a fee that takes off counts where tax was taken off", like = 1,
      change = { total = "163.21", total_tax = "9.39",
        line_items = {
          { name = "T-shirt", sku = "MUG-RED", quantity = 3, subtotal = "59.97", total = "53.98", total_tax = "4.79", taxes = { { id = 1, total = "2.16" }, { id = 2, total = "2.43" }, { id = 3, total = "0.20" } } },
          { name = "Coffee", sku = "GIFT-25", quantity = 2, subtotal = "29.00", total = "26.10", total_tax = "0.00", taxes = { { id = 5, total = "0.00" } } },
          { name = "Gift card", sku = "GIFT-25", quantity = 1, subtotal = "25.00", total = "22.50", total_tax = "0.00", taxes = {} },
          { name = "Hoodie", sku = "MUG-RED", quantity = 1, subtotal = "47.00", total = "42.29", total_tax = "3.75", taxes = { { id = 1, total = "1.69" }, { id = 2, total = "1.90" }, { id = 3, total = "0.16" } } } },
        tax_lines = { { rate_code = "US-NY-NY STATE-1", rate_id = 1, tax_total = "3.91", shipping_tax_total = "0.32", rate_percent = "4" },
          { rate_code = "US-NY-NYC-2", rate_id = 2, tax_total = "4.41", shipping_tax_total = "0.36", rate_percent = "4.5" },
          { rate_code = "US-NY-MCTD-3", rate_id = 3, tax_total = "0.36", shipping_tax_total = "0.03", rate_percent = "0.375" },
          { rate_code = "US-NY-NY FOOD EXEMPT-1", rate_id = 5, tax_total = "0.00", shipping_tax_total = "0.00", rate_percent = "0" } },
        shipping_lines = { { method_title = "Flat rate", method_id = "flat_rate", total = "7.95", total_tax = "0.71", taxes = { { id = 1, total = "0.32" }, { id = 2, total = "0.36" }, { id = 3, total = "0.03" } } } },
        fee_lines = { { name = "Gift wrap", total = "3.00", total_tax = "0.27", taxes = { { id = 1, total = "0.12" }, { id = 2, total = "0.14" }, { id = 3, total = "0.01" } } },
          { name = "Loyalty", total = "-2.00", total_tax = "-0.13", taxes = { { id = 1, total = "-0.06" }, { id = 2, total = "-0.06" }, { id = 3, total = "-0.01" }, { id = 5, total = "0.00" } } } } },
      expect = { ItemSalesTaxRef = "80-92", total = "163.21", SalesReceiptLine = {
        { Amount = "53.98", SalesTaxCodeRef = "Tax" }, { Amount = "26.10", SalesTaxCodeRef = "Non" }, { Amount = "22.50", SalesTaxCodeRef = "Non" },
        { Amount = "42.29", SalesTaxCodeRef = "Tax" }, { ItemRef = "Shipping", Amount = "7.95", SalesTaxCodeRef = "Tax" }, { ItemRef = "Fee", Amount = "3.00", SalesTaxCodeRef = "Tax" },
        { ItemRef = "Fee", Desc = "Loyalty", Amount = "-1.46", SalesTaxCodeRef = "Tax" }, { ItemRef = "Fee", Desc = "Loyalty", Amount = "-0.54", SalesTaxCodeRef = "Non" } } } },
    { name = "WOO-29 tax as the shop charged it: a line for each rate, on its agency's item, every other line not taxable",
      like = "WOO-29 three rates of one place are a tax group, whatever their order; a fee that takes off counts where tax was taken off",
      params = { deposit_to = { stripe = "Stripe Clearing", paypal = "PayPal Clearing" }, payment_methods = { stripe = "Visa" }, tax = "line", zero_tax_item = "Out of State", tax_line_items = { default = "NY Sales Tax", ["US-NY-MCTD-3"] = "MCTD Tax" } },
      expect = { ItemSalesTaxRef = "Out of State", CustomerSalesTaxCodeRef = "Non", total = "163.21", lines = 10, SalesReceiptLine = {
        { SalesTaxCodeRef = "Non" }, { SalesTaxCodeRef = "Non" }, { SalesTaxCodeRef = "Non" }, { SalesTaxCodeRef = "Non" }, { SalesTaxCodeRef = "Non" }, { SalesTaxCodeRef = "Non" },
        { Desc = "Loyalty", Amount = "-2.00", SalesTaxCodeRef = "Non" },
        { ItemRef = "NY Sales Tax", Amount = "4.23", SalesTaxCodeRef = "Non" }, { ItemRef = "NY Sales Tax", Amount = "4.77", SalesTaxCodeRef = "Non" }, { ItemRef = "MCTD Tax", Amount = "0.39", SalesTaxCodeRef = "Non" } } } },
    { name = "WOO-29 where sales tax is not in use no line and no header speaks of it", like = 1,
      facts = { target = { sales_tax = "off", multicurrency = "off" } }, params = { deposit_to = { stripe = "Stripe Clearing", paypal = "PayPal Clearing" }, payment_methods = { stripe = "Visa" }, tax = "off" },
      change = { total = "54.20", total_tax = "0.00", tax_lines = {}, line_items = { { name = "Red mug", sku = "MUG-RED", quantity = 2, subtotal = "28.00", total = "25.20", total_tax = "0.00", taxes = {} },
        { name = "Gift card", sku = "GIFT-25", quantity = 1, subtotal = "25.00", total = "22.50", total_tax = "0.00", taxes = {} } } },
      expect = { ItemSalesTaxRef = none, CustomerSalesTaxCodeRef = none, total = "54.20", SalesReceiptLine = { { SalesTaxCodeRef = none }, { SalesTaxCodeRef = none }, { SalesTaxCodeRef = none } } } },
    { name = "WOO-37 an order from another state without any rate: the tenant's own tax item, goods by their item's code", like = 1,
      change = { total = "54.20", total_tax = "0.00", tax_lines = {}, line_items = { { name = "Red mug", sku = "MUG-RED", quantity = 2, subtotal = "28.00", total = "25.20", total_tax = "0.00", taxes = {} },
        { name = "Gift card", sku = "GIFT-25", quantity = 1, subtotal = "25.00", total = "22.50", total_tax = "0.00", taxes = {} } } },
      expect = { ItemSalesTaxRef = "80-91", CustomerSalesTaxCodeRef = "Tax", total = "54.20", SalesReceiptLine = { { SalesTaxCodeRef = "Tax" }, { SalesTaxCodeRef = "Non" }, { SalesTaxCodeRef = "Non" } } } },
    { name = "WOO-38 a cent that QuickBooks will round differently becomes a rounding line, not taxable", like = 1, change = { total = "56.02", total_tax = "1.82" },
      expect = { total = "56.02", SalesReceiptLine = { {}, {}, {}, { ItemRef = "Rounding", Desc = "Rounding", Amount = "-0.01", SalesTaxCodeRef = "Non" } } } },
    { name = "WOO-38 more than rounding_max is never posted", like = 1, change = { total = "56.09", total_tax = "1.89" }, expect = { state = "hold", cause = "out_of_balance" } },
    { name = "goods at their price and each coupon's share apart come to the same", like = 1, params = { deposit_to = { stripe = "Stripe Clearing", paypal = "PayPal Clearing" }, payment_methods = { stripe = "Visa" }, discounts = "line", tax_items = { default = "CA State" } },
      expect = { total = "56.03", SalesReceiptLine = { { Amount = "28.00", SalesTaxCodeRef = "Tax" }, { Amount = "25.00", SalesTaxCodeRef = "Non" }, { ItemRef = "Shipping" },
        { ItemRef = "Discount", Desc = "Discount on Red mug", Amount = "-2.80", SalesTaxCodeRef = "Tax" }, { ItemRef = "Discount", Amount = "-2.50", SalesTaxCodeRef = "Non" } } } },
    { name = "WOO-48 or on every line", like = 1, params = { deposit_to = { stripe = "Stripe Clearing", paypal = "PayPal Clearing" }, payment_methods = { stripe = "Visa" }, class = "Online", class_on = "line", tax_items = { default = "CA State" } },
      facts = { target = { sales_tax = "on", multicurrency = "off", class_tracking = "on" } },
      expect = { ClassRef = none, SalesReceiptLine = { { ClassRef = "Online" }, { ClassRef = "Online" }, { ClassRef = "Online" } } } },
    { name = "WOO-41 from processing to completed nothing is written", like = 1, change = { status = "completed", date_completed = "2026-11-04T10:00:00", customer_note = "thanks" },
      link = { id = "1A-9", made = "created", base = { CustomerRef = { id = "80-1" }, ItemSalesTaxRef = { id = "80-90" }, CustomerSalesTaxCodeRef = { name = "Tax" }, Memo = "Web order 1007, Card, ch_1",
          BillAddress = { Addr1 = "Ada Byron", Addr2 = "1 Row", City = "San Tomas", State = "CA", PostalCode = "94000" },
          ShipAddress = { Addr1 = "Ada Byron", Addr2 = "2 Dock", City = "Reno", State = "NV", PostalCode = "89501" },
          SalesReceiptLine = { { ItemRef = { id = "80-50" }, Desc = "Red mug", Quantity = "2", Amount = "25.20", SalesTaxCodeRef = { name = "Tax" } },
            { ItemRef = { id = "80-51" }, Desc = "Gift card", Quantity = "1", Amount = "22.50", SalesTaxCodeRef = { name = "Non" } },
            { ItemRef = { name = "Shipping" }, Desc = "Flat rate", Amount = "6.50", SalesTaxCodeRef = { name = "Non" } } } } },
      current = { id = "1A-9", CustomerRef = { id = "80-1", name = "Ada Byron" }, ItemSalesTaxRef = { id = "80-90", name = "CA State" }, CustomerSalesTaxCodeRef = { id = "80-T", name = "Tax" },
        Memo = "Web order 1007, Card, ch_1", TxnDate = "2026-10-31", Subtotal = "54.20", SalesTaxTotal = "1.83",
        BillAddress = { Addr1 = "Ada Byron", Addr2 = "1 Row", City = "San Tomas", State = "CA", PostalCode = "94000" },
        ShipAddress = { Addr1 = "Ada Byron", Addr2 = "2 Dock", City = "Reno", State = "NV", PostalCode = "89501" },
        SalesReceiptLine = { { TxnLineID = "1", ItemRef = { id = "80-50", name = "MUG-RED" }, Desc = "Red mug", Quantity = "2", Rate = "12.6", Amount = "25.20", SalesTaxCodeRef = { id = "80-T", name = "Tax" } },
          { TxnLineID = "2", ItemRef = { id = "80-51", name = "GIFT" }, Desc = "Gift card", Quantity = "1", Rate = "22.5", Amount = "22.50", SalesTaxCodeRef = { id = "80-N", name = "Non" } },
          { TxnLineID = "3", ItemRef = { id = "80-60", name = "Shipping" }, Desc = "Flat rate", Amount = "6.50", SalesTaxCodeRef = { id = "80-N", name = "Non" } } } },
      expect = { state = "nothing" } },
    { name = "WOO-34 a changed address changes the sales receipt, and only that", like = "WOO-41 from processing to completed nothing is written", change = { ["billing.address_1"] = "9 Hill" },
      expect = { action = "update 1A-9", BillAddress = { Addr2 = "9 Hill" }, SalesReceiptLine = none, CustomerRef = none, TxnDate = none } },
    { name = "ALL-13 a sales receipt that somebody deleted is not made again by itself", like = "WOO-34 a changed address changes the sales receipt, and only that", current = none,
      expect = { state = "review", cause = "gone_in_target", options = { "again", "forget", "adopt" } } },
    { name = "ALL-13 nor one that somebody voided", like = "WOO-34 a changed address changes the sales receipt, and only that",
      current = { id = "1A-9", Subtotal = "0.00", Memo = "VOID: Web order 1007", TxnDate = "2026-10-31" }, expect = { state = "review", cause = "gone_in_target" } },
    { name = "money was taken for an order that was cancelled before we saw it: a person is told", like = 1, change = { status = "cancelled" },
      expect = { state = "review", cause = "paid_but_called_off", options = { "post", "skip" } } },
    { name = "and may post it", like = 1, change = { status = "cancelled" }, choice = { choice = "post" }, expect = { action = "create" } },
    { name = "WOO-39 a payment method whose account nobody has named is held", like = 1, change = { payment_method = "klarna" }, expect = { state = "hold", cause = "unknown_payment_methods:klarna" } },
    { name = "WOO-40 cash on delivery is posted when it is paid", like = 1, change = { payment_method = "cod", date_paid = none }, expect = { state = "skip", cause = "not_paid" } },
    { name = "WOO-41 another sum than the receipt's goes to a person", like = "WOO-41 from processing to completed nothing is written",
      change = { total = "33.53", total_tax = "1.83", line_items = { { name = "Red mug", sku = "MUG-RED", quantity = 2, subtotal = "28.00", total = "25.20", total_tax = "1.83", taxes = { { id = 4, total = "1.83" } } } } },
      expect = { state = "review", cause = "posted_changed" } },
    { name = "WOO-35 a cancelled order whose money came is left to a person", like = "WOO-41 from processing to completed nothing is written", change = { status = "cancelled" },
      expect = { state = "review", cause = "called_off_after_post", options = { "void" } } },
  },
}
