-- lines.lua - which lines of an invoice count: the same for a deal and for its products.

local total = money(add(src "Subtotal", src "SalesTaxTotal"))
-- A line of a subtotal shows a sum of others.  It is asked which those are where lines do not add up, and of those of 0.00, which add up in any case.
local amount_here = first { item "Amount", item "TotalAmount" }
local adds_up = eq(money(sum("InvoiceLine", first { item "Amount", item "TotalAmount" })), money(src "Subtotal"))

return {
  total = total,
  voided = all { eq(total, "0.00"), starts(src "Memo", "VOID:") },
  amount_here = amount_here,
  counts = all { any { present(item "ItemRef"), present(item "ItemGroupRef") }, present(amount_here), ne(need "kind.ItemType", "ItemSubtotal") },
  needs = {
    kind    = fetch { side = "source", entity = "Item", id = item "ItemRef.id", take = { "ItemType" }, if_ = any { not_(adds_up), eq(money(amount_here), "0.00") } },
    product = ensure { "quickbooks_desktop.Item->zoho_crm.product", of = { entity = "Item", id = first { item "ItemRef.id", item "ItemGroupRef.id" } } },
  },
}
