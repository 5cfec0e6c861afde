-- sale.lua - whose an order is, what was sold, its tax, its addresses and its lines: the same for the invoice and the sales receipt.
--
-- shared "sale" { as = "Invoice", noun = "invoice", article = "an", order = shared "order" }: which document it becomes.

return function(what)
  local document_lines, order = what.as .. "Line", what.order
  local day, books_day = order.day, order.books_day
  local number = trim { text "{param.doc_prefix}{number}", max = 11, on_overflow = param "number_too_long" }
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
    return row(link("base." .. document_lines), all { eq(item "Desc", transliterate(parent "name")), eq(item "Quantity", parent "quantity"), eq(item "Amount", money(when(discounts_apart, parent "subtotal", parent "total"))) },
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

  local function in_lines(list, x) return sum(filter(list, is_group), x) end

  local function short(path, most)
    return trim { transliterate(src(path)), max = most, on_overflow = "truncate" }
  end
  local function country(path) return when(ne(src(path), param "home_country"), src(path)) end

  local function tax_as_quickbooks(how)
    return predicted { lines = document_lines, amount = "Amount", code = "SalesTaxCodeRef", taxable = { param "tax_code" },
      plus = in_lines(src "line_items", group_taxable), round = how,
      rates = when(present(need "tax_item.ItemSalesTax"), each(need "tax_item.ItemSalesTax", need "tax_part.TaxRate"), list { need "tax_item.TaxRate" }) }
  end
  local tax = when(all { by_quickbooks, not_(exempt) },
    when(eq(param "tax_rounding", "document"), tax_as_quickbooks "document",
      when(eq(param "tax_rounding", "line"), tax_as_quickbooks "line", tax_as_quickbooks "component")), 0)

  local function address(of)
    return {
      Addr1 = trim { transliterate(first { src(of .. ".company"), text("{" .. of .. ".first_name} {" .. of .. ".last_name}") }), max = 41, on_overflow = "truncate" },
      Addr2 = short(of .. ".address_1", 41), Addr3 = short(of .. ".address_2", 41),
      City = short(of .. ".city", 31), State = short(of .. ".state", 21), PostalCode = short(of .. ".postcode", 13), Country = country(of .. ".country"),
    }
  end

  local posted = lines {
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
  }

  return {
    money = { amount = src "total", currency = src "currency", date = day, posted = books_day,
      must_be = when(eq(fact "target.multicurrency", "on"),
        when(eq(need "buyer.CurrencyRef.name", pick(param "currency_names", src "currency")), src "currency", need "buyer.CurrencyRef.name"),
        param "currency") },

    -- Of accept.  One typed by hand stays as it was typed; what the order says later is for a person.
    as_typed = { any { absent(need "typed.Subtotal"), eq(add(need "typed.Subtotal", need "typed.SalesTaxTotal"), money(src "total")), order.called_off },
      else_ = review { cause = "adopted_differs", why = "order {number} comes to {total} now; its " .. what.noun .. ", typed by hand, to {need.typed.Subtotal} and {need.typed.SalesTaxTotal} of tax", options = { "skip", "forget" } } },
    tax_is_in_use = { any { ne(param "tax", "off"), eq(src "total_tax", 0) }, else_ = hold { cause = "tax_unexpected", why = "order {number} bears {total_tax} of sales tax, but tax is \"off\"",
      fix = "set the parameter tax to quickbooks or line" } },

    match = {
      { by = "link" },
      { by = { RefNumber = number },
        agree = all { eq(found "CustomerRef", customer), eq(add(found "Subtotal", found "SalesTaxTotal"), money(src "total")), within_days(found "TxnDate", day, param "adopt_within_days") },
        else_ = review { cause = "number_taken:{param.doc_prefix}{number}",
          why = "QuickBooks has " .. what.article .. " " .. what.noun .. " of this number with another customer, total or date", options = { "adopt", "create", "skip" } } },
      on_none = "create",
      on_many = review("number_twice:{param.doc_prefix}{number}", "QuickBooks has several " .. what.noun .. "s of this number that could be order {number}"),
    },

    needs = {
      customer = ensure { "woocommerce.order->quickbooks_desktop.customer", if_ = own_customer, anew = is_new },
      shared   = find { entity = "Customer", by = { FullName = param "web_customer" }, if_ = all { eq(fact "target.multicurrency", "on"), not_(own_customer) } },
      buyer    = fetch { entity = "Customer", id = first { need "customer.id", need "shared.id" }, if_ = eq(fact "target.multicurrency", "on") },
      typed    = fetch { entity = what.as, id = link "id", if_ = eq(link "made", "adopted") },
      item     = find { entity = "Item", by = { Name = item "sku" }, fallback = { { FullName = item "name" }, { FullName = param "default_item" } },
                   about = first { item "sku", item "name" } },
      member   = find { entity = "Item", by = { ListID = item "ItemRef.id" } },
      tax_item = find { entity = "Item", by = { FullName = pick(param "tax_items", tax_key) }, if_ = by_quickbooks },
      tax_part = find { entity = "Item", by = { ListID = item "ItemSalesTaxRef.id" } },
    },

    -- What both documents say of the order, each beside fields of its own.
    fields = {
      CustomerRef  = customer,
      ClassRef     = when(eq(param "class_on", "header"), param "class"),
      TxnDate      = books_day,
      RefNumber    = number,
      BillAddress  = address "billing",
      ShipAddress  = address "shipping",
      ItemSalesTaxRef = when(by_quickbooks, ref "tax_item", when(by_line, named(param "zero_tax_item"))),
      Memo         = transliterate(join { list { text "Web order {number}", src "payment_method_title", src "transaction_id",
                       when(ne(books_day, day), text "of the closed period") , when(ne(books_day, day), day) }, item(), ", " }),
      IsToBePrinted = param "to_be_printed",
      IsToBeEmailed = param "to_be_emailed",
      CustomerSalesTaxCodeRef = when(by_quickbooks, when(exempt, param "exempt_code", param "tax_code"), when(by_line, param "non_code")),
      ExchangeRate = when(all { eq(fact "target.multicurrency", "on"), present(param "exchange_rates") }, pick(param "exchange_rates", src "currency")),
      [document_lines] = posted,
    },
    -- Status moves, notes and whatever else happens to an order touch nothing.
    changing = { "CustomerRef", "BillAddress", "ShipAddress", "ItemSalesTaxRef", "CustomerSalesTaxCodeRef", document_lines },
    owns = { "CustomerRef", "BillAddress", "ShipAddress", "ItemSalesTaxRef", "CustomerSalesTaxCodeRef", "Memo", document_lines, adopted = "none" },

    balance = {
      left = add(sum(document_lines, "Amount"), in_lines(src "line_items", group_amount), tax), right = money(src "total"), within = param "rounding_max",
      fix = { ItemRef = param "rounding_item", Desc = "Rounding", ClassRef = when(eq(param "class_on", "line"), param "class"), SalesTaxCodeRef = non },
      otherwise = hold { cause = "out_of_balance", why = "lines and tax of order {number} do not come to its total",
        fix = "is the tax item for these rates the right one, do its rates equal the shop's? orders with several rates at once need tax = \"line\"" },
    },
    expect = { { sum = { "Subtotal", "SalesTaxTotal" }, equals = money(src "total"), cause = "total_differs" } },
  }
end
