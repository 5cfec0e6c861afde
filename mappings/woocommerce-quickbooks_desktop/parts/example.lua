-- example.lua - a paid order and what the books have for it: for the tests of the invoice and of the sales receipt.

return {
  order = { id = 42, number = "1007", status = "processing", currency = "USD", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00",
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

  refs = { customer = "80-1", tax_item = { ["CA State"] = { id = "80-90", TaxRate = "7.25" }, ["Out of State"] = { id = "80-91", TaxRate = "0.0" },
      ["New York City"] = { id = "80-92", ItemSalesTax = { { ItemSalesTaxRef = { id = "80-93" } }, { ItemSalesTaxRef = { id = "80-94" } }, { ItemSalesTaxRef = { id = "80-95" } } } } },
    tax_part = { ["80-93"] = { id = "80-93", TaxRate = "4.0" }, ["80-94"] = { id = "80-94", TaxRate = "4.5" }, ["80-95"] = { id = "80-95", TaxRate = "0.375" } },
    item = { ["MUG-RED"] = { id = "80-50", ItemType = "ItemInventory", IsActive = true, QuantityOnHand = "200", SalesTaxCodeRef = { id = "80-T", name = "Tax" } },
      ["GIFT-25"] = { id = "80-51", ItemType = "ItemNonInventory", IsActive = true, SalesTaxCodeRef = { id = "80-N", name = "Non" } },
      SET = { id = "80-52", ItemType = "ItemGroup", IsActive = true, ItemGroupLine = { { ItemRef = { id = "80-50" }, Quantity = "2" }, { ItemRef = { id = "80-53" }, Quantity = "1" } } },
      ["Poster, framed"] = { id = "80-54", ItemType = "ItemNonInventory", IsActive = true } },
    member = { ["80-50"] = { id = "80-50", SalesPrice = "14.00", SalesTaxCodeRef = { id = "80-T", name = "Tax" } },
      ["80-53"] = { id = "80-53", SalesOrPurchase = { Price = "10.00" }, SalesTaxCodeRef = { id = "80-N", name = "Non" } } } },
}
