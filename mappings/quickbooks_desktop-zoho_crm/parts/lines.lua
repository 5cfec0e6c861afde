-- lines.lua - which lines of an invoice count: the same for a deal and for its products.

local total = money(add(src "Subtotal", src "SalesTaxTotal"))
-- A line of a subtotal shows a sum of others.  Only where lines do not add up it is asked which those are.
local amount_here = first { item "Amount", item "TotalAmount" }
local adds_up = eq(money(sum("InvoiceLine", first { item "Amount", item "TotalAmount" })), money(src "Subtotal"))

return {
  total = total,
  voided = all { eq(total, "0.00"), starts(src "Memo", "VOID:") },
  amount_here = amount_here,
  counts = all { any { present(item "ItemRef"), present(item "ItemGroupRef") }, present(amount_here), ne(need "kind.ItemType", "ItemSubtotal") },
  needs = {
    kind    = fetch { side = "source", entity = "Item", id = item "ItemRef.id", take = { "ItemType" }, if_ = not_(adds_up) },
    product = ensure { "quickbooks_desktop.Item->zoho_crm.product", of = { entity = "Item", id = first { item "ItemRef.id", item "ItemGroupRef.id" } } },
  },
}
