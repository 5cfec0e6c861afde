-- params.lua - what a tenant says once, for customers, contacts, invoices and bills alike.

return {
  jobs         = { type = "one_of", values = { "own_account", "roll_up" }, default = "own_account",
                 help = "own_account: each job is an account below its customer's; roll_up: jobs have none, what they owe is the customer's" },
  document     = { type = "one_of", values = { "opportunity", "order" }, default = "opportunity",
                 help = "where an invoice's lines stand: on the opportunity, or in an order below it" },
  send_when    = { type = "one_of", values = { "sent", "always" }, default = "sent",
                 help = "sent: when it is neither to be printed nor to be e-mailed any more, or a payment has come; always: as soon as it is no draft" },
  record_types = { type = "bool", default = true, help = "whether documents get the record types MLC_Invoice and MLC_Bill of the package" },
}
