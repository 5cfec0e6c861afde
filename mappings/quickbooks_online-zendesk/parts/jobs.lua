-- jobs.lua - what a customer owes with his sub-customers: each invoice counts once, at the top customer's where jobs roll up.

local rolls_up = eq(param "jobs", "roll_up")

return {
  params = {
    jobs = { type = "one_of", values = { "roll_up", "own_account" }, default = "roll_up",
             help = "roll_up: sub-customers have no organization, what they owe is the top customer's; own_account: each is an organization" },
  },
  -- Of accept.  One that had an organization before it became a sub-customer keeps it, with its own figures.
  is_top = { any { absent(src "ParentRef"), not_(rolls_up), present(link "id") }, else_ = skip("job", "{DisplayName} is a sub-customer; its figures are its top customer's") },
  needs = {
    jobs     = query { side = "source", entity = "Customer", where = { FullyQualifiedName = text "{FullyQualifiedName}:%" }, take = { "Id" }, if_ = rolls_up },
    invoices = query { side = "source", entity = "Invoice", where = { CustomerRef = join(concat(list { src "Id" }, each("jobs", item "Id")), item(), ","), Balance = "> 0" },
                       take = { "DocNumber", "TxnDate", "DueDate", "Balance", "TotalAmt" } },
  },
  -- What happens to a sub-customer, an invoice of its among it, is its top customer's affair, level by level.
  again_on = { Customer = when(rolls_up, src "ParentRef.id"), Invoice = src "CustomerRef.id", Payment = src "CustomerRef.id", CreditMemo = src "CustomerRef.id" },
  balance = first { when(rolls_up, src "BalanceWithJobs", src "Balance"), src "Balance" },
}
