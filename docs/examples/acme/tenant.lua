-- tenants/acme/tenant.lua - a mug shop: one WooCommerce, one QuickBooks company file.
--
-- Copy the folder to tenants/acme, change the names, then `mlc check`.  What each parameter means for the books:
-- docs/mapping-woocommerce-quickbooks_desktop.md.
return tenant {
  title = "Acme Mugs",

  connections = {
    books = { connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 15 },
    shop  = { connector = "woocommerce", url = "https://shop.acme.example" },
  },

  flows = {
    integration "woocommerce-quickbooks_desktop" { woocommerce = "shop", quickbooks_desktop = "books",
      start = "2026-10-01",         -- older orders stay where they were entered by hand
      mode = "shadow",              -- shows what it would post; `mlc go acme/shop-books` lets it
      max_documents_per_visit = 500, max_amount_per_day = "50000.00",

      params = {
        document   = "invoice_and_payment",
        doc_prefix = "AC",

        -- where each payment method's money goes, and what QuickBooks calls the method
        deposit_to      = { stripe = "Stripe Clearing", paypal = "PayPal Clearing", bacs = "Checking", cod = "Undeposited Funds" },
        payment_methods = { stripe = "Visa", paypal = "PayPal", bacs = "Check", cod = "Cash" },
        refund_by       = { cod = "check", bacs = "check" },
        refund_from     = { cod = "Checking", bacs = "Checking" },
        terms           = { bacs = "Net 15", default = "Due on receipt" },

        -- the set of tax rates of an order, and the tax item or group that it is in QuickBooks
        tax       = "quickbooks",
        tax_items = {
          ["US-CA-CA STATE-1"] = "CA State",
          ["US-NY-MCTD-3+US-NY-NY STATE-1+US-NY-NYC-2"] = "New York City",
          none   = "Out of State",
          exempt = "Out of State",
        },

        shipping_items = { local_pickup = "Handling" },
      } },
  },
}
