-- seed.lua - a small tenant: three accounts, a product, nothing owed yet.
local ledger = require "twin.ledger"

local seed = {}

local ACCOUNTS = {
	{ name = "Analytical Engines Ltd", firstName = "Ada", lastName = "Byron", workEmail = "ada@engines.example", city = "New York", state = "New York" },
	{ name = "Kiesler Radio", firstName = "Hedy", lastName = "Kiesler", workEmail = "hedy@radio.example", city = "Los Angeles", state = "California" },
	{ name = "Noether Rings", firstName = "Emmy", lastName = "Noether", workEmail = "emmy@rings.example", city = "Reno", state = "Nevada" },
}

function seed.fill()
	ledger.add_product { name = "Cloud Service", sku = "SKU-001", category = "Base Products" }
	for _, a in ipairs(ACCOUNTS) do
		ledger.add_account { name = a.name, currency = "USD", billCycleDay = 1, autoPay = false, batch = "Batch1", paymentTerm = "Net 30",
			billToContact = { firstName = a.firstName, lastName = a.lastName, workEmail = a.workEmail, address1 = "1 Main Street", city = a.city, state = a.state,
				zipCode = "10001", country = "United States" } }
	end
end

return seed
