-- books.lua - what a tenant says of its books, once for all mappings that ask it, and what the books have to have for it.

local customers = { type = "one_of", values = { "each", "registered_only", "one" }, default = "each",
  help = "each: everybody who buys; registered_only: people with an account in the shop, guests share one; one: all share one" }
local home_country = { type = "string", default = "US", max = 2, help = "not written into addresses" }

return {
  -- Params of every document.
  every = {
    document        = { type = "one_of", values = { "invoice_and_payment", "invoice", "sales_receipt" }, default = "invoice_and_payment",
                      help = "what an order becomes: invoice and payment, an invoice that is paid later, or a sales receipt" },
    doc_prefix      = { type = "string", default = "W", max = 4, unique = true, help = "stands before the order's number; no two shops of one company may share it; refund 52 becomes WR52" },
    number_too_long = { type = "one_of", values = { "hold", "last_digits" }, default = "hold",
                      help = "QuickBooks takes 11 characters: hold the order, or keep the last 11; the whole number is in the memo in any case" },
    adopt_within_days = { type = "int", default = 30, min = 0, max = 366, help = "a document typed by hand is taken as this one when number, customer and total agree and its date is so near" },
    date_from       = { type = "one_of", values = { "paid", "created", "completed" }, default = "paid", help = "which day of the order is the document's; a payment is of the day it was paid" },
    closed_period   = { type = "one_of", values = { "hold", "first_open_day" }, default = "hold", help = "an order of a closed month waits, or goes to the first open day" },
    currency        = { type = "string", default = "USD", max = 3, help = "of the company file, where it keeps one only" },
    exchange_rates  = { type = "table", help = "by currency: one unit of it in the file's own; without it, QuickBooks takes its list's" },
  },
  -- Params that say when an order counts as sold.
  sold = {
    post_when       = { type = "table", help = "by payment method, when an order counts as sold: paid, status (one of statuses) or completed" },
    statuses        = { type = "list", default = { "processing", "completed", "refunded" }, help = "for post_when = status" },
  },
  -- Params of what has lines and tax.
  lines = {
    customers       = customers,
    web_customer    = { type = "name", of = "Customer", default = "Web Customer", help = "the customer that many share" },
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
    rounding_item   = { type = "name", of = "Item", default = "Rounding" },
    rounding_max    = { type = "money", default = "0.05", min = "0", max = "1", help = "up to here a difference becomes a line of its own, above it the order is held" },
    default_item    = { type = "name", of = "Item", help = "the item for everything that has none of its own; without it, such orders wait for a person" },
    inventory       = { type = "one_of", values = { "allow", "hold", "substitute" }, default = "allow",
                      help = "sales of inventory items move stock and cost: allow, hold when there is too little, or post substitute_item instead" },
    substitute_item = { type = "name", of = "Item", required = eq(param "inventory", "substitute") },
    class           = { type = "name", of = "Class" },
    class_on        = { type = "one_of", values = { "header", "line" }, default = "header" },
    to_be_printed   = { type = "bool", default = false },
    to_be_emailed   = { type = "bool", default = false },
  },
  -- Params of a sale.
  sale = {
    home_country    = home_country,
    discounts       = { type = "one_of", values = { "net", "line" }, default = "net", help = "net: goods at what was paid for them; line: at their price, and coupons as lines of their own" },
    discount_item   = { type = "name", of = "Item", default = "Discount" },
    currency_names  = { type = "table", default = { USD = "US Dollar", CAD = "Canadian Dollar", EUR = "Euro", GBP = "British Pound Sterling", AUD = "Australian Dollar" },
                      help = "what QuickBooks calls each currency; where it keeps several" },
  },
  -- Params of customers.
  customer = {
    customers       = customers,
    customer_name   = { type = "one_of", values = { "company", "person" }, default = "company",
                      help = "what new customers are called: by their company where they gave one, or always by their own name" },
    customer_type   = { type = "name", of = "CustomerType", help = "the customer type of new customers" },
    home_country    = home_country,
    -- Without the tenant's own table there is none here: what it names is looked for in the books.
    currency_names  = { type = "table", of = "Currency", help = "what QuickBooks calls each currency; where it keeps several, new customers are made in that of their first order" },
  },
  -- Params that say where money comes to.
  money = {
    deposit_to      = { type = "table", of = "Account", required = true,
                      help = "by payment method: the account that its money goes to, deposit_to = { stripe = \"Stripe Clearing\", cod = \"Undeposited Funds\" }" },
    payment_methods = { type = "table", of = "PaymentMethod", required = true,
                      help = "by payment method of the shop: the one of QuickBooks, payment_methods = { stripe = \"Visa\", cod = \"Cash\" }" },
  },
  -- Params that say how money goes back.
  back = {
    refunds         = { type = "bool", default = true, help = "false: refunds are left to people" },
    refund_by       = { type = "table", help = "by payment method, how money goes back: card (out of the clearing account), check, or nothing (left to people); card where it is not named" },
    refund_manual   = { type = "one_of", values = { "post", "leave_open", "review" }, default = "review",
                      help = "a refund that the gateway did not pay back itself: its money went back all the same (post), the credit stays open, or a person says" },
  },

  requires = {
    { fact = "target.sales_tax", is = "on", if_ = ne(param "tax", "off"), why = "sales tax is switched off in QuickBooks, but tax is not \"off\"",
      fix = "Edit, Preferences, Sales Tax in QuickBooks, or set the parameter tax to off" },
    { fact = "target.sales_tax", is = "off", if_ = eq(param "tax", "off"), why = "sales tax is switched on in QuickBooks, which would tax documents by itself",
      fix = "set the parameter tax to line or quickbooks" },
    { fact = "target.class_tracking", is = "on", if_ = present(param "class"), why = "a class is set, but class tracking is switched off in QuickBooks",
      fix = "Edit, Preferences, Accounting in QuickBooks, or take class out" },
  },
}
