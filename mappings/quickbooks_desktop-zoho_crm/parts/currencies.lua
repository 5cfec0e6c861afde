-- currencies.lua - QuickBooks' names of currencies, and their codes.

local function names(default)
  return { ["US Dollar"] = "USD", ["Canadian Dollar"] = "CAD", ["Euro"] = "EUR", ["British Pound Sterling"] = "GBP", ["Australian Dollar"] = "AUD", ["Mexican Peso"] = "MXN", default = default }
end

return {
  known = names(hold("unknown_currency:{CurrencyRef.name}", "which currency is {CurrencyRef.name}? Add it to the table currencies")),
  any = names(),
}
