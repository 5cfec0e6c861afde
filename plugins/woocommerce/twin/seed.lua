-- seed.lua - what is in the shop when it opens: products of every kind, tax of three countries, coupons, a few customers.
local shop = require "twin.shop"

local seed = {}

local PRODUCTS = {
	{ sku = "MUG", name = "Mug", price = "12.50", stock = 1000 },
	{ sku = "TEE-BLK", name = "T-Shirt, black", price = "19.99", stock = 1000 },
	{ sku = "COFFEE-1KG", name = "Coffee beans 1 kg", price = "14.50", tax_class = "food", stock = 1000 },
	{ sku = "GIFT-25", name = "Gift card", price = "25.00", tax_status = "none" },
	{ sku = "SCREW", name = "Screw M3", price = "0.03" },
	{ sku = "\u{dc}BER-1", name = "\u{dc}bergr\u{f6}\u{df}e", price = "33.33" },
	{ sku = "", name = "Thing without a number", price = "5.00" },
}

local RATES = { -- percent in 1/10000
	{ country = "US", state = "NY", rate = 40000, name = "NY State", priority = 1 },
	{ country = "US", state = "NY", rate = 45000, name = "NYC", priority = 2 },
	{ country = "US", state = "NY", rate = 3750, name = "MCTD", priority = 3 },
	{ country = "US", state = "CA", rate = 72500, name = "CA State", shipping = false },
	{ country = "US", state = "NY", rate = 0, name = "NY Food exempt", class = "food" },
	{ country = "US", state = "CA", rate = 20000, name = "CA Food", class = "food", shipping = false },
	{ country = "CA", state = "QC", rate = 50000, name = "GST", priority = 1 },
	{ country = "CA", state = "QC", rate = 99750, name = "QST", priority = 2, compound = true },
	{ country = "DE", rate = 190000, name = "MwSt." },
	{ country = "DE", rate = 70000, name = "MwSt. erm.", class = "food" },
}

function seed.fill()
	for _, r in ipairs(RATES) do shop.new_rate(r) end
	for _, p in ipairs(PRODUCTS) do assert(shop.new_product(p)) end
	local hoodie = assert(shop.new_product { sku = "HOODIE", name = "Hoodie", type = "variable" })
	for _, v in ipairs { { "M", "45.00" }, { "L", "47.00" } } do
		assert(shop.new_product { sku = "HOODIE-" .. v[1], name = "Hoodie - " .. v[1], price = v[2], type = "variation", parent_id = hoodie.id,
			attribute = v[1] })
	end
	twin.state.coupons.tenoff = { kind = "percent", amount = 10 }
	twin.state.coupons.five = { kind = "fixed_cart", amount = shop.cents("5", "coupon") }
	assert(shop.new_customer { email = "ada@example.com", first_name = "Ada", last_name = "Byron" })
	assert(shop.new_customer { email = "jose@example.com", first_name = "Jos\u{e9}", last_name = "O'Neil & S\u{f6}hne",
		billing = { company = "ACME <Trading> & Sons", email = "jose@example.com" } })
	assert(shop.new_customer { email = "boss@example.com", first_name = "The", last_name = "Boss", role = "administrator" })
end

local SHAPES = {
	{ lines = { { sku = "MUG", quantity = 2 } }, shipping_total = "7.95" },
	{ lines = { { sku = "TEE-BLK", quantity = 3 }, { sku = "COFFEE-1KG", quantity = 1 } }, coupon = "tenoff" },
	{ lines = { { sku = "HOODIE-L" }, { sku = "GIFT-25" } }, shipping_total = "7.95", billing = { state = "CA", city = "Los Angeles", postcode = "90001" } },
	{ lines = { { sku = "SCREW", quantity = 7 } }, payment_method = "cod", fees = { { name = "Cash fee", total = "2.00" } } },
	{ lines = { { sku = "MUG", quantity = 1 } }, billing = { country = "CA", state = "QC", city = "Montreal", postcode = "H2X 1Y4" } },
}

-- Orders of the past, evenly over the days, without a word to anybody.
function seed.import(count, days)
	local hooks = twin.state.webhooks
	twin.state.webhooks = {}
	local now, step = twin.now(), days * 86400000 // math.max(count, 1)
	for i = 1, count do
		local what = twin.copy(SHAPES[(i - 1) % #SHAPES + 1])
		what.created = twin.iso((now - (count - i + 1) * step) // 1000 * 1000)
		assert(shop.place(what))
	end
	twin.state.webhooks = hooks
	return count
end

return seed
