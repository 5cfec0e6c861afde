-- currencies.lua - QuickBooks' names of currencies, and their codes.

return {
  ["US Dollar"] = "USD", ["Canadian Dollar"] = "CAD", ["Euro"] = "EUR", ["British Pound Sterling"] = "GBP", ["Australian Dollar"] = "AUD", ["Mexican Peso"] = "MXN",
  default = hold("unknown_currency:{CurrencyRef.name}", "which currency is {CurrencyRef.name}? Add it to the table currencies") }
