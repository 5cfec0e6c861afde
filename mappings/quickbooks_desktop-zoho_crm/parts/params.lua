-- params.lua - what a tenant says once, for customers, contacts, invoices and products alike.

return {
  books    = { type = "string", default = "QB", max = 8, unique = true, help = "stands before the ids of QuickBooks in External_Id; no two company files of one Zoho may share it" },
  jobs     = { type = "one_of", values = { "roll_up", "own_account" }, default = "roll_up",
               help = "roll_up: jobs have no account, what is invoiced to them is the customer's; own_account: each job is an account below its customer's" },
  contacts = { type = "bool", default = true, help = "whether the person whom a customer names becomes a contact of his account" },
  account_name = { type = "one_of", values = { "full_name", "company" }, default = "full_name",
               help = "what new accounts are called: as the name stands in QuickBooks, or by the company's name where there is one" },
}
