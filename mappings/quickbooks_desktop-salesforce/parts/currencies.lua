-- currencies.lua - QuickBooks' names of currencies, and their codes; whose figures are in the file's own.

local function names(default)
  return { ["US Dollar"] = "USD", ["Canadian Dollar"] = "CAD", ["Euro"] = "EUR", ["British Pound Sterling"] = "GBP", ["Australian Dollar"] = "AUD", ["Mexican Peso"] = "MXN", default = default }
end
local theirs = when(present(src "CurrencyRef.name"), pick("currencies", src "CurrencyRef.name", src "CurrencyRef.name"), fact "source.currency")

return {
  known = names(hold("unknown_currency:{CurrencyRef.name}", "which currency is {CurrencyRef.name}? Add it to the table currencies")),
  any = names(),
  theirs = theirs,
  are_at_home = eq(theirs, fact "source.currency"),
}
