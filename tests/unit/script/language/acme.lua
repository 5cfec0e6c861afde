return override "woocommerce.order->quickbooks_desktop.invoice@^1" {
  params = { doc_prefix = "AC", shipping_item = "Freight Out" },
  tables = { terms = { stripe = "Card on file" } },
  fields = {
    Memo     = text "{number} / {billing.first_name}",
    PONumber = drop,
    ClassRef = "Online",
  },
  tests = {
    { name = "ACME's own wording", like = "two lines, shipping, coupon and tax balance to the cent",
      expect = { RefNumber = "AC1007", Memo = "1007 / Ada", TermsRef = "Card on file", PONumber = none,
                 ClassRef = "Online", lines = 5, total = "30.86" } },
  },
}
