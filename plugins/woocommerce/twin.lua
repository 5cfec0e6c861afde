-- twin.lua - a WooCommerce shop: REST API v3, its webhooks and its books.  Run by tools/twin.
--
-- The protocol door is the shop's; --tls-self makes it https, without which Basic is ignored as a real shop does.
-- The control door is where its buyers and its owner sit.  All bodies are JSON objects; ids stand in the address.
--
--   POST   /orders              places one order, or `count` of them; see shop.place for what it may say
--   GET    /orders, /orders/:id a line for each; one as the REST API gives it
--   POST   /orders/:id/status   {status}                      moves it as the owner would
--   POST   /orders/:id/pay      {transaction_id}              the money has come (COD, bank transfer)
--   POST   /orders/:id/edit     {billing, shipping, customer_note, meta_data, transaction_id, lines, silent}
--   POST   /orders/:id/refund   {amount, lines, shipping, fees, reason, paid_back, restock}; {}: all that is left
--   DELETE /refunds/:id         no webhook, no date moves
--   POST   /orders/:id/trash, /restore;  DELETE /orders/:id   the last one: for good, no webhook
--   POST   /customers, /customers/:id/edit;  DELETE /customers/:id
--   POST   /products, /products/:id/edit;    DELETE /products/:id
--   GET    /products, /customers, /rates
--   GET    /books?month=2026-10 what was sold and given back, per month and per order, in the shop's own days
--   GET    /webhooks, /queue;  POST /deliver                  with secrets and failure counts; sends what waits, now
--   POST   /keys {key, secret, permission, role};  DELETE /keys/:key
--   POST   /import {count, days}                              old orders without webhooks, for backfills
--
-- Faults of its own, for webhooks on their way: hook_lost, hook_twice, hook_late {ms}, hook_reversed (all that wait, last first).
twin.describe {
	title = "a WooCommerce shop",
	settings = {
		name = "Acme Mugs", home = "", folder = "", permalinks = "pretty",
		version = "11.0.1", wordpress = "7.1", storage = "hpos", -- or posts: fewer changes move an order's date
		key = "ck_0123456789abcdef0123456789abcdef01234567", secret = "cs_76543210fedcba9876543210fedcba9876543210",
		permission = "read_write", role = "administrator", behind_proxy = false,
		currency = "USD", decimals = 2, prices_include_tax = false, tax_round_at_subtotal = false,
		gmt_offset = -5, summer_time = "us", timezone = "America/New_York",
		seed = "shop", number_prefix = "", deliver_after_ms = 100,
		hook_ca_file = "", hook_verify = true, strict_delivery = false, -- strict: as a real shop, no private address, ports 80, 443, 8080
	},
}

twin.fault_kinds { "hook_lost", "hook_twice", "hook_late", "hook_reversed" }

local shop = require "twin.shop"
local hooks = require "twin.hooks"
local rest = require "twin.rest"
local books = require "twin.books"
local seed = require "twin.seed"

twin.on_reset(function()
	twin.state = shop.empty()
	twin.state.keys[twin.settings.key] = { secret = twin.settings.secret, permission = twin.settings.permission,
		role = twin.settings.role }
	if twin.settings.seed == "shop" then seed.fill() end
end)

twin.on_load(function()
	shop.forget_indices()
	hooks.wake()
end)

rest.serve()

-- ---- the control door ------------------------------------------------------------------------------

local plain, wish = twin.plain, twin.wish

local function order_of(req)
	return twin.state.orders[tonumber(req.params.id)] or plain("no order " .. req.params.id)
end

local function line_of(o)
	return { id = o.id, number = o.number, status = o.status, total = shop.text(shop.totals(o).total), currency = o.currency,
		customer_id = o.customer_id, modified = twin.iso(o.modified), paid = o.paid and twin.iso(o.paid) or twin.null,
		refunds = twin.array(twin.copy(o.refunds)) }
end

local function done(value)
	twin.changed()
	return value
end

twin.control("POST", "/orders", function(req)
	local what = wish(req)
	local count = what.count or 1
	local first
	local ids = twin.array {}
	for _ = 1, count do
		local o, why = shop.place(what)
		if not o then return nil, why end
		first = first or o
		ids[#ids + 1] = o.id
	end
	if not first then return nil, "count: at least 1" end
	local told = line_of(first)
	told.ids = ids
	return done(told)
end)

twin.control("GET", "/orders", function()
	local list = twin.array {}
	for _, id in ipairs(shop.ids("orders")) do list[#list + 1] = line_of(twin.state.orders[id]) end
	return list
end)

twin.control("GET", "/orders/:id", function(req) return rest.order(order_of(req)) end)

twin.control("POST", "/orders/:id/status", function(req)
	local o = order_of(req)
	shop.set_status(o, wish(req).status or plain("status: a word"))
	return done(line_of(o))
end)

twin.control("POST", "/orders/:id/pay", function(req)
	local o = order_of(req)
	shop.pay(o, wish(req).transaction_id)
	return done(line_of(o))
end)

twin.control("POST", "/orders/:id/edit", function(req)
	local o = order_of(req)
	local well, why = shop.edit(o, wish(req))
	if not well then return nil, why end
	return done(line_of(o))
end)

twin.control("POST", "/orders/:id/refund", function(req)
	local o = order_of(req)
	local r, why = shop.refund(o, wish(req))
	if not r then return nil, why end
	return done({ id = r.id, order = line_of(o), amount = shop.text(r.amount) })
end)

twin.control("DELETE", "/refunds/:id", function(req)
	if not shop.delete_refund(tonumber(req.params.id)) then return nil, "no refund " .. req.params.id end
	return done {}
end)

twin.control("POST", "/orders/:id/trash", function(req)
	local o = order_of(req)
	if o.status == "trash" then return nil, "it is in the trash already" end
	shop.trash(o)
	return done(line_of(o))
end)

twin.control("POST", "/orders/:id/restore", function(req)
	local o = order_of(req)
	if o.status ~= "trash" then return nil, "it is not in the trash" end
	shop.restore(o)
	return done(line_of(o))
end)

twin.control("DELETE", "/orders/:id", function(req)
	shop.delete_order(order_of(req))
	return done {}
end)

twin.control("POST", "/customers", function(req)
	local c, why = shop.new_customer(wish(req))
	if not c then return nil, why end
	return done({ id = c.id })
end)

twin.control("GET", "/customers", function()
	local list = twin.array {}
	for _, id in ipairs(shop.ids("customers")) do list[#list + 1] = rest.customer(twin.state.customers[id]) end
	return list
end)

twin.control("POST", "/customers/:id/edit", function(req)
	local c = twin.state.customers[tonumber(req.params.id)] or plain("no customer " .. req.params.id)
	shop.edit_customer(c, wish(req))
	return done({ id = c.id })
end)

twin.control("DELETE", "/customers/:id", function(req)
	local c = twin.state.customers[tonumber(req.params.id)] or plain("no customer " .. req.params.id)
	shop.delete_customer(c)
	return done {}
end)

twin.control("POST", "/products", function(req)
	local p, why = shop.new_product(wish(req))
	if not p then return nil, why end
	return done({ id = p.id, sku = p.sku })
end)

twin.control("GET", "/products", function()
	local list = twin.array {}
	for _, id in ipairs(shop.ids("products")) do
		local p = twin.state.products[id]
		list[#list + 1] = { id = id, sku = p.sku, name = p.name, price = p.price and shop.text(p.price) or "", parent_id = p.parent_id or 0,
			type = p.type }
	end
	return list
end)

twin.control("POST", "/products/:id/edit", function(req)
	local p = twin.state.products[tonumber(req.params.id)] or plain("no product " .. req.params.id)
	shop.edit_product(p, wish(req))
	return done({ id = p.id })
end)

twin.control("DELETE", "/products/:id", function(req)
	local p = twin.state.products[tonumber(req.params.id)] or plain("no product " .. req.params.id)
	shop.delete_product(p)
	return done {}
end)

twin.control("GET", "/rates", function()
	local list = twin.array {}
	for _, id in ipairs(shop.ids("rates")) do list[#list + 1] = rest.rate(twin.state.rates[id]) end
	return list
end)

twin.control("GET", "/books", function(req) return books.of(req.args.month) end)

twin.control("POST", "/import", function(req)
	local what = wish(req)
	return done({ count = seed.import(what.count or 100, what.days or 90) })
end)

twin.control("GET", "/webhooks", hooks.told)
twin.control("GET", "/queue", function() return twin.array(twin.copy(twin.state.queue)) end)
twin.control("POST", "/deliver", function() return hooks.deliver_all() end)

twin.control("POST", "/keys", function(req)
	local what = wish(req)
	if type(what.key) ~= "string" then return nil, "key: ck_..." end
	twin.state.keys[what.key] = { secret = what.secret or "", permission = what.permission or "read_write",
		role = what.role or "administrator" }
	return done {}
end)

twin.control("DELETE", "/keys/:key", function(req)
	twin.state.keys[req.params.key] = nil
	return done {}
end)
