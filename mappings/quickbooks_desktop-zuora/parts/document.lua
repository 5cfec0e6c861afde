-- document.lua - a document of Zuora: its number, its lines, their tax, and what has to add up; the same whatever becomes of it.
--
-- shared "document" { of = "invoice", as = "CreditMemo", sign = neg }: which document it is in Zuora and in QuickBooks; sign turns its
-- amounts round.  write_off: when that is true, all of it goes to the item of bad debts.

local memo_amount, memo_says = first { item "amountWithoutTax", item "amount" }, list { item "chargeName", item "description" }
-- What Zuora calls the same things in each of them.
local kinds = {
  invoice     = { name = "invoice", number = "invoiceNumber", day = src "invoiceDate", total = src "amount", lines = "invoiceItems", taxes = "taxationItems", sku = "sKU", amount = item "chargeAmount",
    says = list { item "chargeName", item "description", when(present(item "serviceStartDate"), text "{item.serviceStartDate} to {item.serviceEndDate}") } },
  credit_memo = { name = "credit memo", number = "memoNumber", day = src "memoDate", total = src "totalAmount", lines = "creditMemoItems", taxes = "creditTaxationItems", sku = "sku", amount = memo_amount, says = memo_says },
  debit_memo  = { name = "debit memo", number = "memoNumber", day = src "memoDate", total = src "totalAmount", lines = "debitMemoItems", taxes = "creditTaxationItems", sku = "sku", amount = memo_amount, says = memo_says },
}
local nouns = { Invoice = "an invoice", SalesReceipt = "a sales receipt", CreditMemo = "a credit memo" }

local by_quickbooks, by_line = eq(param "tax", "quickbooks"), eq(param "tax", "line")
local non = when(ne(param "tax", "off"), param "non_code")

return function(what)
  local kind, their_lines = kinds[what.of], what.as .. "Line"
  local sign = what.sign or function(amount) return amount end
  local total = money(sign(kind.total))
  local number = trim { text("{param.doc_prefix}{" .. kind.number .. "}"), max = 11, on_overflow = param "number_too_long" }
  -- QuickBooks says an invoice's total in two parts.
  local is_invoice = what.as == "Invoice"
  local found_total = is_invoice and add(found "Subtotal", found "SalesTaxTotal") or found "TotalAmount"

  local taxes_here = join { item(kind.taxes), first { item "taxCode", item "name" }, "+", unique = true, sorted = true }
  local tax_key = first { join { each(kind.lines, taxes_here), item(), "+", unique = true, sorted = true }, "none" }
  -- Of a line: what Zuora taxed, and what it would tax at a rate above 0 %, is taxable; a 0 % document keeps taxable goods taxable.
  local code = when(by_quickbooks,
    when(ne(item "taxAmount", 0), param "tax_code", when(present(item(kind.taxes)), param "tax_code", when(ne(src "taxAmount", 0), param "non_code",
      first { need "item.SalesTaxCodeRef.name", param "tax_code" }))), non)
  local function tax_as_quickbooks(how)
    return predicted { lines = their_lines, amount = "Amount", code = "SalesTaxCodeRef", taxable = { param "tax_code" }, round = how,
      rates = when(present(need "tax_item.ItemSalesTax"), each(need "tax_item.ItemSalesTax", need "tax_part.TaxRate"), list { need "tax_item.TaxRate" }) }
  end
  local tax = when(by_quickbooks, when(eq(param "tax_rounding", "document"), tax_as_quickbooks "document",
    when(eq(param "tax_rounding", "line"), tax_as_quickbooks "line", tax_as_quickbooks "component")), 0)

  -- The item of that name, or the one that the tenant's table has for it.
  local function item_for(name) return { FullName = when(present(item(name)), pick(param "items", item(name), item(name))) } end

  return {
    params = {
      items           = { type = "table", of = "Item", default = {}, help = "by accounting code, SKU or charge name in Zuora: the item in QuickBooks; one that is not named bears the same name there" },
      default_item    = { type = "name", of = "Item", help = "the item for charges that have none of their own; without it, such documents wait for a person" },
      tax             = { type = "one_of", values = { "quickbooks", "line", "off" }, default = "quickbooks",
                          help = "quickbooks: it computes the tax from its tax items; line: tax as lines of its own, as Zuora charged it; off: sales tax is not in use" },
      tax_items       = { type = "table", of = "Item", default = {}, help = "by the set of tax codes of a document, joined by + (none: no tax): the tax item or group in QuickBooks" },
      tax_rounding    = { type = "one_of", values = { "component", "document", "line" }, default = "component", help = "how QuickBooks rounds a tax group" },
      tax_code        = { type = "name", of = "SalesTaxCode", default = "Tax" },
      non_code        = { type = "name", of = "SalesTaxCode", default = "Non" },
      zero_tax_item   = { type = "name", of = "Item", required = eq(param "tax", "line"), help = "for tax = line: a sales tax item of 0 %" },
      tax_line_items  = { type = "table", of = "Item", required = eq(param "tax", "line"), help = "for tax = line: by tax code, the item whose account is that agency's" },
      rounding_item   = { type = "name", of = "Item", default = "Rounding" },
      rounding_max    = { type = "money", default = "0.05", min = "0", max = "1", help = "up to here a difference becomes a line of its own, above it the document is held" },
      class           = { type = "name", of = "Class" },
    },

    requires = {
      { fact = "target.sales_tax", is = "on", if_ = ne(param "tax", "off"), why = "sales tax is switched off in QuickBooks, but tax is not \"off\"",
        fix = "Edit, Preferences, Sales Tax in QuickBooks, or set the parameter tax to off" },
      { fact = "target.sales_tax", is = "off", if_ = eq(param "tax", "off"), why = "sales tax is switched on in QuickBooks, which would tax documents by itself",
        fix = "set the parameter tax to line or quickbooks" },
      { fact = "target.class_tracking", is = "on", if_ = present(param "class"), why = "a class is set, but class tracking is switched off in QuickBooks",
        fix = "Edit, Preferences, Accounting in QuickBooks, or take class out" },
    },
    -- Of accept: what is taxed where nothing may be.
    tax_is_in_use = { any { ne(param "tax", "off"), eq(first { src "taxAmount", 0 }, 0) }, else_ = hold { cause = "tax_unexpected",
      why = kind.name .. " {" .. kind.number .. "} bears {taxAmount} of sales tax, but tax is \"off\"", fix = "set the parameter tax to quickbooks or line" } },

    by_number = { by = { RefNumber = number },
      agree = all { eq(found "CustomerRef", ref "customer"), eq(found_total, total), within_days(found "TxnDate", kind.day, param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}{" .. kind.number .. "}", why = "QuickBooks has " .. nouns[what.as] .. " of this number with another customer, total or date",
        options = { "adopt", "create", "skip" } } },

    needs = {
      customer = ensure { "zuora.account->quickbooks_desktop.Customer", of = { entity = "account", id = src "accountId" } },
      item     = find { entity = "Item", by = item_for "accountingCode", fallback = { item_for(kind.sku), item_for "chargeName", { FullName = param "default_item" } },
                   about = first { item "accountingCode", item(kind.sku), item "chargeName" }, if_ = what.write_off and not_(what.write_off) },
      tax_item = find { entity = "Item", by = { FullName = pick(param "tax_items", tax_key) }, if_ = by_quickbooks },
      tax_part = find { entity = "Item", by = { ListID = item "ItemSalesTaxRef.id" } },
    },

    number = number,
    day = kind.day,
    total = sign(kind.total),
    tax_item = when(by_quickbooks, ref "tax_item", when(by_line, named(param "zero_tax_item"))),
    customer_tax_code = when(by_quickbooks, param "tax_code", when(by_line, param "non_code")),
    lines = lines {
      each(kind.lines, { ItemRef = what.write_off and when(what.write_off, named(param "write_off_item"), ref "item") or ref "item", Desc = transliterate(join { kind.says, item(), ", " }),
        Quantity = when(gt(item "quantity", 0), item "quantity"), Amount = money(sign(kind.amount)), SalesTaxCodeRef = what.write_off and when(what.write_off, non, code) or code }),
      each(kind.lines, { if_ = all { by_line, ne(item "taxAmount", 0) }, ItemRef = pick(param "tax_line_items", first { taxes_here, "none" }),
        Desc = transliterate(text "Tax on {item.chargeName}"), Amount = money(sign(item "taxAmount")), SalesTaxCodeRef = non }),
    },

    balance = {
      left = add(sum(their_lines, "Amount"), tax), right = total, within = param "rounding_max",
      fix = { ItemRef = param "rounding_item", Desc = "Rounding", SalesTaxCodeRef = non },
      otherwise = hold { cause = "out_of_balance", why = "lines and tax of " .. kind.name .. " {" .. kind.number .. "} do not come to its total",
        fix = "is the tax item for these tax codes the right one, do its rates equal Zuora's? documents with several rates at once need tax = \"line\"" },
    },
    expect = { { sum = is_invoice and { "Subtotal", "SalesTaxTotal" } or { "TotalAmount" }, equals = total, cause = "total_differs" } },
  }
end
