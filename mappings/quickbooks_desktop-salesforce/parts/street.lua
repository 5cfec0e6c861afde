-- street.lua - the lines of an address in QuickBooks, below each other, as Salesforce's one field for a street has them.

return function(of)
  return join(filter(list { src(of .. ".Addr1"), src(of .. ".Addr2"), src(of .. ".Addr3"), src(of .. ".Addr4"), src(of .. ".Addr5") }, present(item())), item(), "\n")
end
