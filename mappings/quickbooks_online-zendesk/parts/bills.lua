-- bills.lua - what we owe a vendor.

return {
  needs = { bills = query { side = "source", entity = "Bill", where = { VendorRef = src "Id", Balance = "> 0" }, take = { "DocNumber", "TxnDate", "DueDate", "Balance", "TotalAmt" } } },
  again_on = { Bill = src "VendorRef.id" },
}
