-- seed.lua - a small sales team's CRM: who was there before the books were joined to it.
local records = require "twin.records"

local seed = {}

local function add(module, fields)
	local entry = records.insert(module, fields, "$")
	if entry.status ~= "success" then error(("the seed's own %s is refused: %s"):format(module, twin.json.encode(entry)), 0) end
	return entry.details.id
end

local function at(id) return { id = id } end

function seed.fill()
	local looms = add("Accounts", { Account_Name = "Byron Looms", Phone = "+1 (775) 555-0142", Website = "https://looms.example",
		Billing_Street = "1 Row", Billing_City = "Reno", Billing_State = "NV", Billing_Code = "89501", Billing_Country = "US" })
	local engines = add("Accounts", { Account_Name = "Babbage Engines Ltd", Phone = "775.555.0199", Billing_City = "Carson City" })
	add("Accounts", { Account_Name = "Difference Partners", Phone = "(775) 555-0100" })
	add("Accounts", { Account_Name = "Analytical Partners", Phone = "775-555-0100" }) -- the switchboard of the same building
	add("Contacts", { First_Name = "Ada", Last_Name = "Byron", Email = "Ada@Looms.example", Phone = "775-555-0142", Account_Name = at(looms) })
	add("Contacts", { First_Name = "Charles", Last_Name = "Babbage", Email = "charles@engines.example", Account_Name = at(engines) })
	add("Contacts", { First_Name = "Ada", Last_Name = "Byron", Email = "ada.byron@engines.example", Account_Name = at(engines) }) -- another one of that name
	add("Products", { Product_Name = "Mug", Product_Code = "MUG", Unit_Price = 12.5 })
	local supplier = add("Vendors", { Vendor_Name = "Clay Supply", Email = "sales@clay.example" })
	add("Products", { Product_Name = "Clay", Product_Code = "CLAY", Unit_Price = 3, Vendor_Name = at(supplier) })
	add("Leads", { First_Name = "Grace", Last_Name = "Hopper", Company = "Harvard", Email = "grace@example.com" })
	add("Deals", { Deal_Name = "Loom maintenance", Stage = "Negotiation/Review", Closing_Date = "2026-12-31", Amount = 4000, Account_Name = at(looms) })
end

return seed
