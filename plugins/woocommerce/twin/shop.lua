-- shop.lua - what a shop does: products, tax, orders, refunds, customers.  Amounts are whole numbers of the smallest unit.
--
-- Facts: ../SOURCES.md and the recorded orders.  Tax is rounded per line and rate, unless tax_round_at_subtotal; amounts in
-- an order are net, whether prices were typed with tax or not.
local decimal = require "decimal"
local hooks = require "twin.hooks"

local shop = {}

local UNIT = 1000000 -- a tax, unrounded, is in millionths of the smallest unit; a rate in 1/10000 percent

function shop.text(n, places) return decimal.text(decimal.scale(n, twin.settings.decimals, places or twin.settings.decimals), places or twin.settings.decimals) end

local function cents(text, what)
	local n = decimal.parse(tostring(text), twin.settings.decimals)
	if not n then twin.plain(what .. ": not an amount: " .. tostring(text)) end
	return n
end
shop.cents = cents

function shop.empty()
	return { next_id = 41, next_item = 77, orders = {}, refunds = {}, customers = {}, products = {}, rates = {}, coupons = {}, webhooks = {},
		queue = {}, keys = {}, nonces = {}, next_customer = 14, next_hook = 1, next_rate = 1, next_meta = 600 }
end

local function new_id()
	twin.state.next_id = twin.state.next_id + 1
	return twin.state.next_id
end

local function new_item()
	twin.state.next_item = twin.state.next_item + 1
	return twin.state.next_item
end

-- Times have a grain of a second.
local function now() return twin.now() // 1000 * 1000 end

-- ---- lists in order, made anew after each change ---------------------------------------------------

local indices = {}

function shop.forget_indices() indices = {} end

local function touched(kind) indices[kind] = nil end

-- Ids of a kind ("orders"), sorted by a key (ids alone: ascending).  The result is shared: do not change it.
function shop.ids(kind, by)
	indices[kind] = indices[kind] or {}
	local name = by or "id"
	local list = indices[kind][name]
	if list then return list end
	list = {}
	local all = twin.state[kind]
	for id in pairs(all) do list[#list + 1] = id end
	if by then
		table.sort(list, function(a, b)
			local x, y = all[a][by], all[b][by]
			if x == y then return a < b end
			return x < y
		end)
	else
		table.sort(list)
	end
	indices[kind][name] = list
	return list
end

-- ---- tax -----------------------------------------------------------------------------------------------

function shop.new_rate(r)
	local id = twin.state.next_rate
	twin.state.next_rate = id + 1
	twin.state.rates[id] = { id = id, country = r.country or "", state = r.state or "", rate = r.rate, name = r.name or "Tax",
		priority = r.priority or 1, compound = r.compound or false, shipping = r.shipping ~= false, class = r.class or "" }
	touched("rates")
	return twin.state.rates[id]
end

-- The rates that hold there for a class: one for each priority, the first that fits.
local function rates_for(address, class)
	local found, taken = {}, {}
	for _, id in ipairs(shop.ids("rates")) do
		local r = twin.state.rates[id]
		if r.class == class and (r.country == "" or r.country == address.country) and (r.state == "" or r.state == address.state)
			and not taken[r.priority] then
			taken[r.priority] = true
			found[#found + 1] = r
		end
	end
	table.sort(found, function(a, b) return a.priority < b.priority end)
	return found
end

-- Tax on a net amount, by rate, unrounded.
local function tax_on(net, rates)
	local list, simple = {}, 0
	for _, r in ipairs(rates) do
		if not r.compound then
			list[#list + 1] = { rate = r.id, tax = net * r.rate }
			simple = simple + net * r.rate
		end
	end
	local base = net * UNIT + simple
	for _, r in ipairs(rates) do
		if r.compound then
			local tax = decimal.divide(base // 100 * r.rate, UNIT // 100)
			list[#list + 1] = { rate = r.id, tax = tax }
			base = base + tax
		end
	end
	return list
end

local function rounded(tax) return decimal.divide(tax, UNIT) end

local function sum_rounded(taxes)
	local sum, exact = 0, 0
	for _, t in ipairs(taxes) do
		sum = sum + rounded(t.tax)
		exact = exact + t.tax
	end
	return twin.settings.tax_round_at_subtotal and rounded(exact) or sum
end
shop.rounded, shop.sum_rounded = rounded, sum_rounded

-- The net of a price that was typed with its tax.
local function net_of(gross, rates)
	if #rates == 0 then return gross end
	local simple, factor = 0, 1.0
	for _, r in ipairs(rates) do
		if not r.compound then simple = simple + r.rate end
	end
	factor = 1 + simple / UNIT
	for _, r in ipairs(rates) do
		if r.compound then factor = factor * (1 + r.rate / UNIT) end
	end
	-- The net whose rounded tax makes the gross again; near it, one unit at most.
	local guess = math.floor(gross / factor + 0.5)
	for _, n in ipairs { guess, guess - 1, guess + 1 } do
		if n + sum_rounded(tax_on(n, rates)) == gross then return n end
	end
	return guess
end

-- ---- products and customers --------------------------------------------------------------------------------

function shop.new_product(p)
	local price = p.price and cents(p.price, "price")
	local made = { id = new_id(), name = p.name or p.sku or "Thing", sku = p.sku or "", price = price, type = p.type or "simple",
		tax_status = p.tax_status or "taxable", tax_class = p.tax_class or "", stock = p.stock, parent_id = p.parent_id, attribute = p.attribute,
		status = "publish", created = now(), modified = now() }
	for _, id in ipairs(shop.ids("products")) do
		if made.sku ~= "" and twin.state.products[id].sku == made.sku then return nil, "sku " .. made.sku .. " is another product's" end
	end
	twin.state.products[made.id] = made
	touched("products")
	return made
end

local function product_changed(p)
	p.modified = now()
	touched("products")
	hooks.raise("product.updated", p.parent_id or p.id)
end

function shop.edit_product(p, what)
	for _, name in ipairs { "name", "sku", "tax_class", "tax_status", "stock" } do
		if what[name] ~= nil then p[name] = what[name] end
	end
	if what.price then p.price = cents(what.price, "price") end
	product_changed(p)
end

-- For good.  Orders keep the name and the amounts, and nothing that points at it.
function shop.delete_product(p)
	twin.state.products[p.id] = nil
	touched("products")
	for _, o in pairs(twin.state.orders) do
		for _, l in ipairs(o.lines) do
			if l.product_id == p.id or l.variation_id == p.id then l.product_id, l.variation_id, l.sku = 0, 0, twin.null end
		end
	end
	hooks.raise("product.deleted", p.id)
end

local ADDRESS = { "first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country", "email", "phone" }
shop.ADDRESS = ADDRESS

local function address(...)
	local made = {}
	for _, name in ipairs(ADDRESS) do
		made[name] = ""
		for _, from in ipairs { ... } do
			if from[name] ~= nil and from[name] ~= twin.null then
				made[name] = tostring(from[name])
				break
			end
		end
	end
	return made
end

local HOME = { first_name = "Ada", last_name = "Byron", address_1 = "1 Main St", city = "New York", state = "NY", postcode = "10001", country = "US",
	phone = "212-555-0100" }

function shop.new_customer(c)
	local billing = address(c.billing or {}, c, HOME)
	for _, id in ipairs(shop.ids("customers")) do
		local other = twin.state.customers[id]
		if c.email and other.email:lower() == c.email:lower() then return nil, "an account is already registered with " .. c.email end
	end
	local id = twin.state.next_customer
	twin.state.next_customer = id + 1
	local email = c.email or ("customer%d@example.com"):format(id)
	if billing.email == "" then billing.email = email end
	local made = { id = id, email = email, first_name = c.first_name or billing.first_name, last_name = c.last_name or billing.last_name,
		role = c.role or "customer", username = email:match("^[^@]*"), billing = billing, shipping = address(c.shipping or {}, billing),
		paying = false, created = now(), modified = now(), meta = {} }
	twin.state.customers[id] = made
	touched("customers")
	hooks.raise("customer.created", id)
	hooks.raise("customer.updated", id)
	return made
end

function shop.edit_customer(c, what)
	for _, name in ipairs { "email", "first_name", "last_name", "role" } do
		if what[name] then c[name] = what[name] end
	end
	if what.billing then c.billing = address(what.billing, c.billing) end
	if what.shipping then c.shipping = address(what.shipping, c.shipping) end
	c.modified = now()
	touched("customers")
	if not what.silent then hooks.raise("customer.updated", c.id) end
end

-- His orders stay, as a guest's; nobody is told of that (HPOS moves their date).
function shop.delete_customer(c)
	twin.state.customers[c.id] = nil
	touched("customers")
	for _, o in pairs(twin.state.orders) do
		if o.customer_id == c.id then
			o.customer_id = 0
			if twin.settings.storage == "hpos" then o.modified = now() end
		end
	end
	touched("orders")
	hooks.raise("customer.deleted", c.id)
end

-- ---- orders --------------------------------------------------------------------------------------------------

-- Sums of an order, as it shows them.
function shop.totals(o)
	local t = { lines = 0, subtotal = 0, shipping = 0, fees = 0, discount = 0, by_rate = {}, rates = {} }
	local cart, freight, discount_tax = 0, 0, 0
	local function add(taxes, where)
		for _, x in ipairs(taxes) do
			local row = t.by_rate[x.rate]
			if not row then
				row = { cart = 0, shipping = 0 }
				t.by_rate[x.rate] = row
				t.rates[#t.rates + 1] = x.rate
			end
			row[where] = row[where] + (twin.settings.tax_round_at_subtotal and x.tax or rounded(x.tax) * UNIT)
		end
	end
	for _, l in ipairs(o.lines) do
		t.lines, t.subtotal = t.lines + l.total, t.subtotal + l.subtotal
		t.discount = t.discount + l.subtotal - l.total
		for _, x in ipairs(l.subtotal_taxes) do discount_tax = discount_tax + x.tax end
		for _, x in ipairs(l.taxes) do discount_tax = discount_tax - x.tax end
		add(l.taxes, "cart")
	end
	for _, f in ipairs(o.fees) do
		t.fees = t.fees + f.total
		add(f.taxes, "cart")
	end
	for _, s in ipairs(o.shippings) do
		t.shipping = t.shipping + s.total
		add(s.taxes, "shipping")
	end
	for _, row in pairs(t.by_rate) do cart, freight = cart + row.cart, freight + row.shipping end
	t.cart_tax, t.shipping_tax, t.discount_tax = rounded(cart), rounded(freight), rounded(discount_tax)
	t.tax = t.cart_tax + t.shipping_tax
	t.total = t.lines + t.shipping + t.fees + t.tax
	return t
end

function shop.refunded(o)
	local sum = 0
	for _, id in ipairs(o.refunds) do sum = sum + twin.state.refunds[id].amount end
	return sum
end

local function changed(o, moves_on_posts)
	if twin.settings.storage == "hpos" or moves_on_posts then
		o.modified = now()
		touched("orders")
	end
	hooks.raise("order.updated", o.id)
end

local function product_by(l)
	for _, id in ipairs(shop.ids("products")) do
		local p = twin.state.products[id]
		if (l.sku and p.sku == l.sku) or (l.product_id and id == (l.variation_id and l.variation_id ~= 0 and l.variation_id or l.product_id)) then return p end
	end
end

local function make_line(l, where)
	local p = not l.unknown and product_by(l)
	if not p and not l.unknown and not l.name then return nil, "no product " .. tostring(l.sku or l.product_id) end
	local quantity = l.quantity or 1
	local price = l.price and cents(l.price, "price") or p and p.price or 0
	local class = l.tax_class or p and p.tax_class or ""
	local taxable = (l.tax_status or p and p.tax_status or "taxable") == "taxable"
	local rates = taxable and not where.exempt and rates_for(where, class) or {}
	local gross = math.tointeger(price * quantity) or math.floor(price * quantity + 0.5)
	local net = twin.settings.prices_include_tax and net_of(gross, rates) or gross
	if l.subtotal then net = cents(l.subtotal, "subtotal") end
	local parent = p and p.parent_id
	return { id = new_item(), name = l.name or p.name, product_id = parent or p and p.id or 0, variation_id = parent and p.id or 0, quantity = quantity,
		tax_class = class, taxable = taxable, subtotal = net, total = l.total and cents(l.total, "total") or net, rates = rates, attribute = p and p.attribute,
		parent_name = parent and twin.state.products[parent] and twin.state.products[parent].name,
		sku = p and (p.sku ~= "" and p.sku or parent and twin.state.products[parent].sku or "") or twin.null }
end

local function tax_line(l)
	l.subtotal_taxes = tax_on(l.subtotal, l.rates)
	l.taxes = tax_on(l.total, l.rates)
	l.rates = nil
end

-- Percent or fixed, over the lines: each gets its share rounded down, the last the rest.
local function apply_coupon(o, code)
	local c = twin.state.coupons[code]
	if not c then return nil, ('Coupon "%s" cannot be applied because it does not exist.'):format(code) end
	local sum = 0
	for _, l in ipairs(o.lines) do sum = sum + l.total end
	local whole = c.kind == "percent" and decimal.divide(sum * c.amount, 100) or math.min(c.amount, sum)
	local left = whole
	for i, l in ipairs(o.lines) do
		local part = i == #o.lines and left or (sum == 0 and 0 or whole * l.total // sum)
		l.total = l.total - part
		left = left - part
	end
	o.coupons[#o.coupons + 1] = { id = new_item(), code = code, discount = whole, kind = c.kind, amount = c.amount }
	return true
end

-- A negative fee is a discount: its tax is spread over what else is taxed, whatever its own status says.
local function fee_taxes(o, total, class, taxable, where)
	if total >= 0 then return taxable and tax_on(total, rates_for(where, class)) or {} end
	local all, by_class, classes = 0, {}, {}
	local function add(amount, of, counts)
		all = all + amount
		if not counts then return end
		if not by_class[of] then
			by_class[of] = 0
			classes[#classes + 1] = of
		end
		by_class[of] = by_class[of] + amount
	end
	for _, l in ipairs(o.lines) do add(l.total, l.tax_class, l.taxable) end
	for _, f in ipairs(o.fees) do
		if f.total > 0 then add(f.total, f.tax_class, f.tax_status == "taxable") end
	end
	for _, s in ipairs(o.shippings) do add(s.total, "", s.tax_status == "taxable") end
	local taxes = {}
	for _, of in ipairs(classes) do
		for _, r in ipairs(all > 0 and rates_for(where, of) or {}) do
			taxes[#taxes + 1] = { rate = r.id, tax = decimal.divide(total * by_class[of] * r.rate, all) }
		end
	end
	return taxes
end

local METHODS = {
	stripe = { title = "Credit card", paid = true }, paypal = { title = "PayPal", paid = true },
	cod = { title = "Cash on delivery", status = "processing" }, bacs = { title = "Direct bank transfer", status = "on-hold" },
	cheque = { title = "Check payments", status = "on-hold" },
}

local function mark_paid(o, id)
	if o.paid then return end
	o.paid = now()
	if id then o.transaction_id = id elseif METHODS[o.payment_method] and METHODS[o.payment_method].paid then
		o.transaction_id = "ch_" .. twin.hex(twin.random(8))
	end
	local c = twin.state.customers[o.customer_id]
	if c then c.paying = true end
	for _, l in ipairs(o.lines) do
		local p = twin.state.products[l.variation_id ~= 0 and l.variation_id or l.product_id]
		if p and p.stock then
			p.stock = p.stock - l.quantity
			product_changed(p)
		end
	end
end

local function move_to(o, status)
	o.status = status
	if (status == "processing" or status == "completed") and not o.paid and o.payment_method ~= "cod" then mark_paid(o) end
	if status == "completed" then
		o.completed = o.completed or now()
		if o.payment_method == "cod" then mark_paid(o) end
	end
end

local function buyer(what)
	if type(what.customer) == "table" then
		for _, id in ipairs(shop.ids("customers")) do
			local c = twin.state.customers[id]
			if what.customer.email and c.email:lower() == what.customer.email:lower() then return c end
		end
		return shop.new_customer(what.customer)
	end
	if what.customer_id and what.customer_id ~= 0 then
		local c = twin.state.customers[what.customer_id]
		if not c then return nil, "no customer " .. tostring(what.customer_id) end
		return c
	end
	return false
end

local function guest(n)
	return { first_name = "Guest", last_name = "Number " .. n, email = ("guest%d@example.com"):format(n) }
end

--[[ Places an order, all of it optional:
  customer_id, or customer {email, first_name, last_name, billing}: registered (made when there is none); neither: a guest
  billing, shipping {first_name, .., country, state}: where it goes decides the tax
  lines {{sku or product_id, quantity, price, name, tax_class, tax_status, subtotal, total, unknown}}; unknown: a product nobody knows
  coupon or coupons, shipping_total "7.95" or shipping_lines {{title, total, tax_status}}, fees {{name, total, tax_status, tax_class}}
  payment_method stripe, paypal, cod, bacs, cheque, or any; paid true/false; status; currency; number; note; meta_data {{key, value}}
  created "2026-10-31T23:30:00Z"; exempt true: no tax at all; count ]]
function shop.place(what)
	local c, why = buyer(what)
	if c == nil then return nil, why end
	local id = new_id()
	local place = address(what.billing or {}, c and c.billing or guest(id), HOME)
	local method = METHODS[what.payment_method or "stripe"] or {}
	local at = what.created and twin.from_iso(what.created) or now()
	local o = { id = id, number = what.number or twin.settings.number_prefix .. id, status = "pending", currency = what.currency or twin.settings.currency,
		created = at, modified = at, customer_id = c and c.id or 0, billing = place, shipping = address(what.shipping or {}, place),
		key = "wc_order_" .. twin.hex(twin.random(7)), via = what.via or "checkout", payment_method = what.payment_method or "stripe",
		payment_title = what.payment_method_title or method.title or "", transaction_id = what.transaction_id or "", note = what.note or "",
		lines = {}, shippings = {}, fees = {}, coupons = {}, refunds = {}, meta = {}, inclusive = twin.settings.prices_include_tax }
	local where = { country = o.shipping.country, state = o.shipping.state, exempt = what.exempt }

	for _, l in ipairs(what.lines or { { sku = "MUG", quantity = 2 } }) do
		local made, wrong = make_line(l, where)
		if not made then return nil, wrong end
		o.lines[#o.lines + 1] = made
	end
	for _, code in ipairs(what.coupons or what.coupon and { what.coupon } or {}) do
		local well, wrong = apply_coupon(o, code)
		if not well then return nil, wrong end
	end
	for _, l in ipairs(o.lines) do tax_line(l) end
	for _, s in ipairs(what.shipping_lines or what.shipping_total and { { total = what.shipping_total } } or {}) do
		local total, taxed = cents(s.total, "shipping"), {}
		for _, r in ipairs(s.tax_status ~= "none" and not where.exempt and rates_for(where, "") or {}) do
			if r.shipping then taxed[#taxed + 1] = r end
		end
		o.shippings[#o.shippings + 1] = { id = new_item(), title = s.title or s.method_title or "Flat rate", method = s.method_id or "flat_rate", total = total,
			tax_status = s.tax_status or "taxable", taxes = tax_on(total, taxed) }
	end
	for _, f in ipairs(what.fees or {}) do
		local total = cents(f.total, "fee")
		o.fees[#o.fees + 1] = { id = new_item(), name = f.name or "Fee", total = total, tax_status = f.tax_status or "taxable", tax_class = f.tax_class or "",
			taxes = where.exempt and {} or fee_taxes(o, total, f.tax_class or "", f.tax_status ~= "none", where) }
	end
	for _, m in ipairs(what.meta_data or {}) do shop.set_meta(o, m.key, m.value) end

	twin.state.orders[id] = o
	local status = what.status or method.paid and "processing" or method.status or "pending"
	local paid = what.paid
	if paid == nil then paid = method.paid and status ~= "pending" and status ~= "failed" and status ~= "cancelled" and status ~= "on-hold" end
	if paid then mark_paid(o) end
	o.status = status
	if status == "completed" then o.completed = now() end
	if what.created then
		o.modified = at
		o.paid = o.paid and at
		o.completed = o.completed and at
	end
	touched("orders")
	hooks.raise("order.created", id)
	hooks.raise("order.updated", id)
	return o
end

function shop.set_meta(o, key, value)
	for _, m in ipairs(o.meta) do
		if m.key == key then
			m.value = value
			return
		end
	end
	twin.state.next_meta = twin.state.next_meta + 1
	o.meta[#o.meta + 1] = { id = twin.state.next_meta, key = key, value = value }
end

local function fully_refunded_by_hand(o)
	local rest = shop.totals(o).total - shop.refunded(o)
	if rest <= 0 then return end
	local r = { id = new_id(), order_id = o.id, created = now(), amount = rest, reason = "Order fully refunded.", by = 1, paid_back = false,
		lines = {}, shippings = {}, fees = {} }
	twin.state.refunds[r.id] = r
	table.insert(o.refunds, r.id)
	touched("refunds")
end

function shop.set_status(o, status)
	if status == o.status then return end
	move_to(o, status)
	if status == "refunded" then fully_refunded_by_hand(o) end
	changed(o, true)
end

function shop.pay(o, transaction_id)
	mark_paid(o, transaction_id)
	if o.status == "pending" or o.status == "on-hold" or o.status == "failed" then o.status = "processing" end
	changed(o, true)
end

function shop.edit(o, what)
	local where = { country = o.shipping.country, state = o.shipping.state }
	if what.billing then o.billing = address(what.billing, o.billing) end
	if what.shipping then o.shipping = address(what.shipping, o.shipping) end
	if what.transaction_id then o.transaction_id = what.transaction_id end
	if what.payment_method then o.payment_method = what.payment_method end
	if what.customer_id then o.customer_id = what.customer_id end
	for _, m in ipairs(what.meta_data or {}) do shop.set_meta(o, m.key, m.value) end
	if what.lines then
		local lines = {}
		for _, l in ipairs(what.lines) do
			local made, wrong = make_line(l, where)
			if not made then return nil, wrong end
			tax_line(made)
			lines[#lines + 1] = made
		end
		o.lines = lines
	end
	local note = what.customer_note or what.note
	if note then o.note = note end
	if what.silent then return true end -- bulk SQL: no hook, no date
	changed(o, note ~= nil)
	return true
end

-- ---- refunds ---------------------------------------------------------------------------------------------------

local function part_of(taxes, part, whole)
	local list = {}
	for _, t in ipairs(taxes) do
		list[#list + 1] = { rate = t.rate, tax = -decimal.divide(rounded(t.tax) * part, whole) * UNIT }
	end
	return list
end

local function find_item(list, want, i)
	for n, item in ipairs(list) do
		if want.id == item.id or (want.index or (not want.id and not want.sku and i)) == n or (want.sku and want.sku == item.sku) then return item end
	end
end

-- Lines of what is refunded; nil, why.
local function refund_lines(from, wanted)
	local made = {}
	for i, want in ipairs(wanted) do
		local item = find_item(from, want, i)
		if not item then return nil, "no such line to refund" end
		local quantity = want.quantity or (want.total and 0 or item.quantity or 1)
		local whole = item.quantity or 1
		local share = want.total and cents(want.total, "total") or decimal.divide(item.total * quantity, whole)
		local taxes = want.no_tax and {} or want.total and (item.total ~= 0 and part_of(item.taxes, share, item.total) or {})
			or part_of(item.taxes, quantity, whole)
		local line = twin.copy(item)
		line.id, line.of, line.quantity, line.total, line.subtotal = new_item(), item.id, -quantity, -share, -share
		line.taxes, line.subtotal_taxes = taxes, taxes
		made[#made + 1] = line
	end
	return made
end

local function all_of(list)
	local wanted = {}
	for i, item in ipairs(list) do wanted[i] = { id = item.id, quantity = item.quantity } end
	return wanted
end

local function sum_of(list)
	local sum = 0
	for _, l in ipairs(list) do sum = sum - l.total - sum_rounded(l.taxes) end
	return sum
end

-- lines, shipping, fees: {{index or id or sku, quantity, total, no_tax}}, or "all" (true).  {}: the rest of it, by amount alone, as most full refunds are.  amount: alone, or beside lines that may sum to something else.
function shop.refund(o, what)
	local left = shop.totals(o).total - shop.refunded(o)
	local r = { order_id = o.id, created = now(), reason = what.reason or "", by = 1, paid_back = what.paid_back or false, lines = {}, shippings = {},
		fees = {} }
	local why
	if what.lines then
		r.lines, why = refund_lines(o.lines, what.lines == "all" and all_of(o.lines) or what.lines)
		if not r.lines then return nil, why end
	end
	if what.shipping then
		r.shippings, why = refund_lines(o.shippings, type(what.shipping) == "table" and what.shipping or all_of(o.shippings))
		if not r.shippings then return nil, why end
	end
	if what.fees then
		r.fees, why = refund_lines(o.fees, type(what.fees) == "table" and what.fees or all_of(o.fees))
		if not r.fees then return nil, why end
	end
	local sum = sum_of(r.lines) + sum_of(r.shippings) + sum_of(r.fees)
	r.amount = what.amount and cents(what.amount, "amount") or sum > 0 and sum or left
	if r.amount <= 0 or r.amount > left then return nil, "Invalid refund amount." end
	r.id = new_id()
	twin.state.refunds[r.id] = r
	table.insert(o.refunds, r.id)
	touched("refunds")
	if what.restock ~= false then
		for _, l in ipairs(r.lines) do
			local p = twin.state.products[l.variation_id ~= 0 and l.variation_id or l.product_id]
			if p and p.stock and l.quantity ~= 0 then
				p.stock = p.stock - l.quantity
				product_changed(p)
			end
		end
	end
	if shop.refunded(o) >= shop.totals(o).total then o.status = "refunded" end
	changed(o, true)
	return r
end

-- Nobody is told, and no date moves (woocommerce#26532).
function shop.delete_refund(id)
	local r = twin.state.refunds[id]
	if not r then return false end
	twin.state.refunds[id] = nil
	touched("refunds")
	local o = twin.state.orders[r.order_id]
	for i, other in ipairs(o and o.refunds or {}) do
		if other == id then table.remove(o.refunds, i) end
	end
	return true
end

-- ---- trash -------------------------------------------------------------------------------------------------------

function shop.trash(o)
	o.was, o.status, o.modified = o.status, "trash", now()
	touched("orders")
	hooks.raise("order.deleted", o.id)
end

function shop.restore(o, status)
	o.status, o.was, o.modified = status or o.was or "pending", nil, now()
	touched("orders")
	hooks.raise("order.restored", o.id)
end

-- For good: no webhook, from the trash or straight.
function shop.delete_order(o)
	for _, id in ipairs(o.refunds) do twin.state.refunds[id] = nil end
	twin.state.orders[o.id] = nil
	touched("orders")
	touched("refunds")
end

-- ---- the shop's own time -------------------------------------------------------------------------------------------

-- Hours to add to UTC at that time: US summer time from the second Sunday of March to the first of November, at 2.
function shop.offset(ms)
	local base = twin.settings.gmt_offset
	if twin.settings.summer_time ~= "us" then return base end
	local year = twin.civil(ms)
	local function sunday(month, nth)
		local _, _, _, _, _, _, weekday = twin.civil(twin.ms_of(year, month, 1))
		return 1 + (7 - weekday) % 7 + (nth - 1) * 7
	end
	local from = twin.ms_of(year, 3, sunday(3, 2), 2) - math.floor(base * 3600000)
	local to = twin.ms_of(year, 11, sunday(11, 1), 1) - math.floor(base * 3600000)
	return ms >= from and ms < to and base + 1 or base
end

function shop.local_time(ms) return twin.iso(ms + math.floor(shop.offset(ms) * 3600000)):sub(1, 19) end
function shop.utc(ms) return twin.iso(ms):sub(1, 19) end

return shop
