-- rest.lua - REST API v3 as a shop speaks it: addresses, arguments, lists, errors, and how records look (../SOURCES.md 1-4).
local auth = require "twin.auth"
local hooks = require "twin.hooks"
local shop = require "twin.shop"

local rest = {}
local null, object, array = twin.null, twin.object, twin.array
local PHP = { ascii = true, slashes = true }

local function home() return (twin.settings.home ~= "" and twin.settings.home or twin.url()) .. twin.settings.folder end
local function is_old() return tonumber(twin.settings.version:match("^%d+")) < 9 end

-- ---- answers --------------------------------------------------------------------------------------

local function send(status, value, headers)
	headers = headers or {}
	headers["Content-Type"] = "application/json; charset=UTF-8"
	headers["X-Robots-Tag"] = "noindex"
	return { status = status, headers = headers, body = twin.json.encode(value, PHP) }
end

local function escaped(text) return (text:gsub("&", "&amp;"):gsub('"', "&quot;"):gsub("<", "&lt;"):gsub(">", "&gt;")) end

local function err(status, code, message, more)
	local data = object { { "status", status } }
	for k, v in pairs(more or {}) do data[k] = v end
	return { failed = true, status = status, body = object { { "code", code }, { "message", message }, { "data", data } } }
end

local function bad_params(params, details)
	local names = {}
	for name in pairs(params) do names[#names + 1] = name end
	table.sort(names)
	return err(400, "rest_invalid_param", "Invalid parameter(s): " .. table.concat(names, ", "), { params = params, details = details })
end

local function links(...)
	local list = object {}
	for _, l in ipairs { ... } do list[l[1]] = array { object { { "href", home() .. "/wp-json/wc/v3/" .. l[2] } } } end
	return list
end

-- ---- records ---------------------------------------------------------------------------------------

local dp -- decimals of the answer under way

local function money(n) return shop.text(n, dp) end

-- A tax in millionths: rounded to the shop's decimals, or shown with as many as were asked for.
local function tax_text(tax)
	local decimals = twin.settings.decimals
	if dp <= decimals then return money(shop.rounded(tax)) end
	local decimal = require "decimal"
	return decimal.text(decimal.scale(tax, decimals + 6, dp), dp)
end

local function date(ms) return ms and shop.local_time(ms) or null end
local function date_gmt(ms) return ms and shop.utc(ms) or null end

local function address(a, with_email)
	local o = object {}
	for _, name in ipairs(shop.ADDRESS) do
		if name ~= "email" or with_email then o[name] = a[name] end
	end
	return setmetatable(o, { order = shop.ADDRESS })
end

local function meta(list)
	local out = array {}
	for _, m in ipairs(list) do
		out[#out + 1] = object { { "id", m.id }, { "key", m.key }, { "value", m.value } }
	end
	return out
end

local function line_meta(key, value, id)
	return object { { "id", id }, { "key", key }, { "value", value }, { "display_key", key }, { "display_value", value } }
end

local function taxes_of(taxes, subtotals)
	local out = array {}
	for i, t in ipairs(taxes) do
		out[i] = object { { "id", t.rate }, { "total", tax_text(t.tax) },
			{ "subtotal", subtotals and tax_text(subtotals[i] and subtotals[i].tax or t.tax) or "" } }
	end
	return out
end

local function line_item(l)
	local m = array {}
	if l.of then m[1] = line_meta("_refunded_item_id", tostring(l.of), l.id * 7) end
	if l.attribute then m[#m + 1] = object { { "id", l.id * 7 + 1 }, { "key", "size" }, { "value", l.attribute }, { "display_key", "Size" }, { "display_value", l.attribute } } end
	local quantity = l.quantity ~= 0 and l.quantity or 1
	local unit = l.total / quantity / 10 ^ twin.settings.decimals
	return object {
		{ "id", l.id }, { "name", l.name }, { "product_id", l.product_id }, { "variation_id", l.variation_id }, { "quantity", l.quantity },
		{ "tax_class", l.tax_class }, { "subtotal", money(l.subtotal) }, { "subtotal_tax", money(shop.sum_rounded(l.subtotal_taxes)) },
		{ "total", money(l.total) }, { "total_tax", money(shop.sum_rounded(l.taxes)) }, { "taxes", taxes_of(l.taxes, l.subtotal_taxes) },
		{ "meta_data", m }, { "sku", l.sku }, { "price", math.tointeger(unit) or unit },
		{ "image", object { { "id", "" }, { "src", "" } } }, { "parent_name", l.parent_name or null },
	}
end

local function of_meta(item)
	return item.of and array { line_meta("_refunded_item_id", tostring(item.of), item.id * 7) } or array {}
end

local function shipping_line(s)
	return object { { "id", s.id }, { "method_title", s.title }, { "method_id", s.method }, { "instance_id", "" }, { "total", money(s.total) },
		{ "total_tax", money(shop.sum_rounded(s.taxes)) }, { "taxes", taxes_of(s.taxes) }, { "tax_status", s.tax_status }, { "meta_data", of_meta(s) } }
end

local function fee_line(f)
	return object { { "id", f.id }, { "name", f.name }, { "tax_class", f.tax_class }, { "tax_status", f.tax_status }, { "amount", "" },
		{ "total", money(f.total) }, { "total_tax", money(shop.sum_rounded(f.taxes)) }, { "taxes", taxes_of(f.taxes) }, { "meta_data", of_meta(f) } }
end

local function rate_code(r)
	return ("%s-%s-%s-%d"):format(r.country, r.state, r.name:upper(), r.priority)
end

local function tax_lines(t, id)
	local out = array {}
	for i, rate in ipairs(t.rates) do
		local r = twin.state.rates[rate] or { country = "", state = "", name = "Tax", priority = 1, rate = 0 }
		local percent = r.rate / 10000
		out[i] = object { { "id", id * 100 + i }, { "rate_code", rate_code(r) }, { "rate_id", rate }, { "label", r.name }, { "compound", r.compound or false },
			{ "tax_total", money(shop.rounded(t.by_rate[rate].cart)) }, { "shipping_tax_total", money(shop.rounded(t.by_rate[rate].shipping)) },
			{ "rate_percent", math.tointeger(percent) or percent }, { "meta_data", array {} } }
	end
	return out
end

local function mapped(list, fn)
	local out = array {}
	for i, item in ipairs(list) do out[i] = fn(item) end
	return out
end

local function unpadded(n)
	local text = money(n)
	return text:find("%.") and (text:gsub("0+$", ""):gsub("%.$", "")) or text
end

local function coupon_line(c)
	return object { { "id", c.id }, { "code", c.code }, { "discount", unpadded(c.discount) }, { "discount_tax", "0" }, { "meta_data", array {} },
		{ "discount_type", c.kind }, { "nominal_amount", c.kind == "percent" and c.amount or c.amount / 10 ^ twin.settings.decimals },
		{ "free_shipping", false } }
end

local function refund_sums(r)
	local o = { lines = r.lines, fees = r.fees, shippings = r.shippings }
	return shop.totals(o)
end

local function refund_brief(id)
	local r = twin.state.refunds[id]
	local brief = object { { "id", id }, { "reason", r.reason }, { "total", "-" .. money(r.amount) } }
	if not is_old() then brief.total_tax = money(refund_sums(r).tax) end
	return brief
end

function rest.order(o, places)
	dp = places or twin.settings.decimals
	local t = shop.totals(o)
	local paid_needed = (o.status == "pending" or o.status == "failed") and t.total > 0
	local order = object {
		{ "id", o.id }, { "parent_id", 0 }, { "status", o.status }, { "currency", o.currency }, { "version", twin.settings.version },
		{ "prices_include_tax", o.inclusive }, { "date_created", date(o.created) }, { "date_modified", date(o.modified) },
		{ "discount_total", money(t.discount) }, { "discount_tax", money(t.discount_tax) }, { "shipping_total", money(t.shipping) },
		{ "shipping_tax", money(t.shipping_tax) }, { "cart_tax", money(t.cart_tax) }, { "total", money(t.total) }, { "total_tax", money(t.tax) },
		{ "customer_id", o.customer_id }, { "order_key", o.key }, { "billing", address(o.billing, true) }, { "shipping", address(o.shipping) },
		{ "payment_method", o.payment_method }, { "payment_method_title", o.payment_title }, { "transaction_id", o.transaction_id },
		{ "customer_ip_address", "" }, { "customer_user_agent", "" }, { "created_via", o.via }, { "customer_note", o.note },
		{ "date_completed", date(o.completed) }, { "date_paid", date(o.paid) }, { "cart_hash", "" }, { "number", tostring(o.number) },
		{ "meta_data", meta(o.meta) }, { "line_items", mapped(o.lines, line_item) }, { "tax_lines", tax_lines(t, o.id) },
		{ "shipping_lines", mapped(o.shippings, shipping_line) }, { "fee_lines", mapped(o.fees, fee_line) },
		{ "coupon_lines", mapped(o.coupons, coupon_line) }, { "refunds", mapped(o.refunds, refund_brief) },
		{ "payment_url", ("%s/checkout/order-pay/%d/?pay_for_order=true&key=%s"):format(home(), o.id, o.key) },
		{ "is_editable", o.status == "pending" or o.status == "on-hold" or o.status == "auto-draft" }, { "needs_payment", paid_needed },
		{ "needs_processing", true }, { "date_created_gmt", date_gmt(o.created) }, { "date_modified_gmt", date_gmt(o.modified) },
		{ "date_completed_gmt", date_gmt(o.completed) }, { "date_paid_gmt", date_gmt(o.paid) }, { "currency_symbol", o.currency == "USD" and "$" or "" },
	}
	order._links = o.customer_id ~= 0 and links({ "self", "orders/" .. o.id }, { "collection", "orders" }, { "customer", "customers/" .. o.customer_id })
		or links({ "self", "orders/" .. o.id }, { "collection", "orders" })
	return order
end

function rest.refund(r, with_parent, places)
	dp = places or twin.settings.decimals
	local sums = refund_sums(r)
	local out = object { { "id", r.id } }
	if with_parent then out.parent_id = r.order_id end
	local members = {
		{ "date_created", date(r.created) }, { "date_created_gmt", date_gmt(r.created) }, { "amount", money(r.amount) }, { "reason", r.reason },
		{ "refunded_by", r.by }, { "refunded_payment", r.paid_back }, { "meta_data", array {} }, { "line_items", mapped(r.lines, line_item) },
		{ "shipping_lines", mapped(r.shippings, shipping_line) }, { "tax_lines", tax_lines(sums, r.id) }, { "fee_lines", mapped(r.fees, fee_line) },
	}
	local path = ("orders/%d/refunds"):format(r.order_id)
	local order = { "id", "parent_id" }
	for _, m in ipairs(members) do
		out[m[1]] = m[2]
		order[#order + 1] = m[1]
	end
	out._links = links({ "self", path .. "/" .. r.id }, { "collection", path }, { "up", "orders/" .. r.order_id })
	order[#order + 1] = "_links"
	return setmetatable(out, { order = order })
end

function rest.customer(c)
	return object {
		{ "id", c.id }, { "date_created", date(c.created) }, { "date_created_gmt", date_gmt(c.created) }, { "date_modified", date(c.modified) },
		{ "date_modified_gmt", date_gmt(c.modified) }, { "email", c.email }, { "first_name", escaped(c.first_name) }, { "last_name", escaped(c.last_name) },
		{ "role", c.role }, { "username", c.username }, { "billing", address(c.billing, true) }, { "shipping", address(c.shipping) },
		{ "is_paying_customer", c.paying }, { "avatar_url", "https://secure.gravatar.com/avatar/" .. twin.hex(twin.digest("md5", c.email)) },
		{ "meta_data", meta(c.meta) }, { "_links", links({ "self", "customers/" .. c.id }, { "collection", "customers" }) },
	}
end

local function price(n) return n and shop.text(n) or "" end

local function children(p)
	local list = array {}
	for _, id in ipairs(shop.ids("products")) do
		if twin.state.products[id].parent_id == p.id then list[#list + 1] = id end
	end
	return list
end

function rest.product(p)
	local slug = (p.sku ~= "" and p.sku or p.name):lower():gsub("[^%w]+", "-")
	return object {
		{ "id", p.id }, { "name", p.name }, { "slug", slug }, { "permalink", home() .. "/product/" .. slug .. "/" }, { "date_created", date(p.created) },
		{ "date_created_gmt", date_gmt(p.created) }, { "date_modified", date(p.modified) }, { "date_modified_gmt", date_gmt(p.modified) },
		{ "type", p.type }, { "status", p.status }, { "featured", false }, { "catalog_visibility", "visible" }, { "description", "" },
		{ "short_description", "" }, { "sku", p.sku }, { "price", price(p.price) }, { "regular_price", price(p.price) }, { "sale_price", "" },
		{ "on_sale", false }, { "virtual", false }, { "downloadable", false }, { "tax_status", p.tax_status }, { "tax_class", p.tax_class },
		{ "manage_stock", p.stock ~= nil }, { "stock_quantity", p.stock or null }, { "stock_status", "instock" }, { "weight", "" },
		{ "shipping_class", "" }, { "parent_id", p.parent_id or 0 }, { "categories", array { object { { "id", 15 }, { "name", "Uncategorized" }, { "slug", "uncategorized" } } } },
		{ "attributes", p.type == "variation" and array { object { { "id", 0 }, { "name", "Size" }, { "slug", "size" }, { "option", p.attribute or "" } } } or array {} },
		{ "variations", children(p) }, { "price_html", "" }, { "related_ids", array {} }, { "meta_data", array {} },
		{ "_links", links({ "self", "products/" .. p.id }, { "collection", "products" }) },
	}
end

local function variation(v)
	local out = rest.product(v)
	for _, name in ipairs { "slug", "featured", "catalog_visibility", "short_description", "categories", "variations", "price_html", "related_ids" } do out[name] = nil end
	if is_old() then out.parent_id, out.type, out.name = nil, nil, nil else out.name = v.attribute or "" end
	local path = ("products/%d/variations"):format(v.parent_id)
	out._links = links({ "self", path .. "/" .. v.id }, { "collection", path }, { "up", "products/" .. v.parent_id })
	return out
end

function rest.rate(r)
	return object {
		{ "id", r.id }, { "country", r.country }, { "state", r.state }, { "postcode", "" }, { "city", "" }, { "rate", ("%d.%04d"):format(r.rate // 10000, r.rate % 10000) },
		{ "name", r.name }, { "priority", r.priority }, { "compound", r.compound }, { "shipping", r.shipping }, { "order", r.id - 1 },
		{ "class", r.class == "" and "standard" or r.class }, { "postcodes", array {} }, { "cities", array {} },
		{ "_links", links({ "self", "taxes/" .. r.id }, { "collection", "taxes" }) },
	}
end

local function webhook(h)
	local resource, event = h.topic:match("^([%w_]+)%.([%w_]+)$")
	return object {
		{ "id", h.id }, { "name", h.name }, { "status", h.status }, { "topic", h.topic }, { "resource", resource }, { "event", event }, { "hooks", array {} },
		{ "delivery_url", h.delivery_url }, { "date_created", date(h.created) }, { "date_created_gmt", date_gmt(h.created) },
		{ "date_modified", date(h.modified) }, { "date_modified_gmt", date_gmt(h.modified) },
		{ "_links", links({ "self", "webhooks/" .. h.id }, { "collection", "webhooks" }) },
	}
end

-- A webhook's body: the resource as it is now, or the error that a reader would get.
hooks.bodies(function(resource, event, id)
	dp = twin.settings.decimals
	if event == "deleted" then return twin.json.encode({ id = id }, PHP) end
	local value
	if resource == "order" then
		local o = twin.state.orders[id]
		value = o and rest.order(o) or err(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.").body
	elseif resource == "customer" then
		local c = twin.state.customers[id]
		value = c and rest.customer(c) or err(404, "wc_user_invalid_id", "Invalid user ID.").body
	else
		local p = twin.state.products[id]
		value = p and rest.product(p) or err(404, "woocommerce_rest_product_invalid_id", "Invalid ID.").body
	end
	return twin.json.encode(value, PHP)
end)

-- ---- arguments ---------------------------------------------------------------------------------------

-- status=a,b, status[]=a, status[0]=a: a list; nil: not given.
local function list_arg(req, name)
	local out = {}
	local given = false
	for _, pair in ipairs(req.arg_list) do
		if pair[1] == name or pair[1]:match("^" .. name .. "%[%d*%]$") then
			given = true
			for part in pair[2]:gmatch("[^,]+") do out[#out + 1] = part end
		end
	end
	return given and out or nil
end

local function as_set(list)
	local set = {}
	for _, x in ipairs(list) do set[tostring(x)] = true end
	return set
end

-- RFC 3339, as rest_parse_date takes it: a day alone is none.
local function parse_date(text, gmt)
	local day, time, zone = text:match("^(%d%d%d%d%-%d%d%-%d%d)[T ](%d%d:%d%d:%d%d)%.?%d*(.*)$")
	if not day or not (zone == "" or zone == "Z" or zone:match("^[+-]%d%d:?%d%d$")) then return nil end
	if zone == "" and not gmt then
		local ms = twin.from_iso(day .. "T" .. time .. "Z")
		return ms and ms - math.floor(shop.offset(ms) * 3600000)
	end
	return twin.from_iso(day .. "T" .. time .. (zone == "" and "Z" or zone))
end

local TRUE = { ["true"] = true, ["1"] = true }
local STATUSES = { "any", "trash", "auto-draft", "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft" }
local HIDDEN = { trash = true, ["auto-draft"] = true, ["checkout-draft"] = true }

-- What all lists know: {page, per_page, offset, order, orderby}, or an error.
local function paging(req, orderbys, default, bad, details)
	local function whole(name, fallback, low, high)
		local text = req.args[name]
		if not text then return fallback end
		local n = math.tointeger(tonumber(text))
		local why = not n and ("%s is not of type integer."):format(name)
			or (n < low or (high and n > high)) and (high and ("%s must be between %d (inclusive) and %d (inclusive)"):format(name, low, high)
				or ("%s must be greater than or equal to %d"):format(name, low))
		if why then
			bad[name] = why
			details[name] = object { { "code", n and "rest_out_of_bounds" or "rest_invalid_type" }, { "message", why }, { "data", null } }
			return fallback
		end
		return n
	end
	local function one_of(name, fallback, allowed)
		local text = req.args[name]
		if not text then return fallback end
		for _, word in ipairs(allowed) do
			if word == text then return text end
		end
		bad[name] = ("%s is not one of %s, and %s."):format(name, table.concat(allowed, ", ", 1, #allowed - 1), allowed[#allowed])
		return fallback
	end
	local p = { page = whole("page", 1, 1), per_page = whole("per_page", 10, 1, 100), offset = whole("offset", nil, 0),
		order = one_of("order", (default == "name" or default == "order") and "asc" or "desc", { "asc", "desc" }), orderby = one_of("orderby", default, orderbys),
		dp = whole("dp", twin.settings.decimals, 0) }
	return p
end

local function date_filters(req, bad, details)
	local gmt = TRUE[req.args.dates_are_gmt or ""] or false
	local found = {}
	for _, name in ipairs { "after", "before", "modified_after", "modified_before" } do
		if req.args[name] then
			found[name] = parse_date(req.args[name], gmt)
			if not found[name] then
				bad[name] = "Invalid date."
				details[name] = object { { "code", "rest_invalid_date" }, { "message", "Invalid date." }, { "data", null } }
			end
		end
	end
	return found
end

-- Exclusive, with a grain of a second.
local function within(r, dates)
	local created, modified = r.created // 1000 * 1000, (r.modified or r.created) // 1000 * 1000
	return not (dates.after and created <= dates.after // 1000 * 1000) and not (dates.before and created >= dates.before // 1000 * 1000)
		and not (dates.modified_after and modified <= dates.modified_after // 1000 * 1000)
		and not (dates.modified_before and modified >= dates.modified_before // 1000 * 1000)
end

-- ---- lists -------------------------------------------------------------------------------------------

local function page_link(req, page, rel)
	local args = {}
	for _, pair in ipairs(req.arg_list) do
		if pair[1] ~= "page" and not pair[1]:match("^oauth_") then args[#args + 1] = twin.url_encode(pair[1]) .. "=" .. twin.url_encode(pair[2]) end
	end
	args[#args + 1] = "page=" .. page
	return ('<%s%s?%s>; rel="%s"'):format(home(), req.raw_path, table.concat(args, "&"), rel)
end

local function trimmed(req, value)
	local fields = req.args._fields
	if not fields then return value end
	local out = object {}
	for path in fields:gmatch("[^,]+") do
		local name = path:match("^[^.]+")
		if value[name] ~= nil then out[name] = value[name] end
	end
	out._links = value._links
	return out
end

-- sorted: all ids in the order of the key, lowest first; keep: which; show: how one looks.
local function send_list(req, p, sorted, keep, show)
	local found = {}
	for i = 1, #sorted do
		local id = sorted[p.order == "asc" and i or #sorted + 1 - i]
		if keep(id) then found[#found + 1] = id end
	end
	local from = p.offset or (p.page - 1) * p.per_page
	local total, pages = #found, math.ceil(#found / p.per_page)
	local out = array {}
	for i = from + 1, math.min(from + p.per_page, total) do out[#out + 1] = trimmed(req, show(found[i])) end
	local list = {}
	if p.page > 1 then list[#list + 1] = page_link(req, math.min(p.page - 1, pages), "prev") end
	if p.page < pages then list[#list + 1] = page_link(req, p.page + 1, "next") end
	-- HPOS loses count of what is past the end.
	local past = #out == 0 and p.page > 1 and twin.settings.storage == "hpos"
	return send(200, out, { ["X-WP-Total"] = past and 0 or total, ["X-WP-TotalPages"] = past and 0 or pages,
		Link = #list > 0 and table.concat(list, ", ") or nil })
end

local function failed_args(bad, details) return next(bad) and bad_params(bad, details) end

local function list_orders(req)
	local bad, details = {}, {}
	local p = paging(req, { "date", "id", "include", "title", "slug", "modified" }, "date", bad, details)
	local dates = date_filters(req, bad, details)
	local statuses = list_arg(req, "status") or { "any" }
	local known = as_set(STATUSES)
	for i, s in ipairs(statuses) do
		if not known[s] then
			bad.status = ("status[%d] is not one of %s, and %s."):format(i - 1, table.concat(STATUSES, ", ", 1, #STATUSES - 1), STATUSES[#STATUSES])
			details.status = object { { "code", "rest_not_in_enum" }, { "message", bad.status }, { "data", null } }
		end
	end
	local wrong = failed_args(bad, details)
	if wrong then return wrong end

	local wanted, include, exclude = as_set(statuses), list_arg(req, "include"), as_set(list_arg(req, "exclude") or {})
	include = include and as_set(include)
	local search, customer = req.args.search and req.args.search:lower(), tonumber(req.args.customer)
	local sorted = shop.ids("orders", p.orderby == "modified" and "modified" or p.orderby ~= "id" and "created" or nil)
	return send_list(req, p, sorted, function(id)
		local o = twin.state.orders[id]
		if not wanted[o.status] and not (wanted.any and not HIDDEN[o.status]) then return false end
		if include and not include[tostring(id)] or exclude[tostring(id)] then return false end
		if customer and o.customer_id ~= customer then return false end
		if req.args.created_via and o.via ~= req.args.created_via then return false end
		if search then
			local b = o.billing
			local text = table.concat({ o.id, o.number, b.email, b.first_name, b.last_name, b.company, b.phone }, " "):lower()
			if not text:find(search, 1, true) then return false end
		end
		return within(o, dates)
	end, function(id) return rest.order(twin.state.orders[id], p.dp) end)
end

local function list_customers(req)
	local bad, details = {}, {}
	local p = paging(req, { "id", "include", "name", "registered_date" }, "name", bad, details)
	local wrong = failed_args(bad, details)
	if wrong then return wrong end
	-- modified_after is not known here, and ignored without a word.
	local role, email, include = req.args.role or "customer", req.args.email, list_arg(req, "include")
	include = include and as_set(include)
	local sorted = shop.ids("customers", p.orderby == "name" and "username" or p.orderby == "registered_date" and "created" or nil)
	return send_list(req, p, sorted, function(id)
		local c = twin.state.customers[id]
		if role ~= "all" and c.role ~= role then return false end
		if email and c.email:lower() ~= email:lower() then return false end
		return not include or include[tostring(id)]
	end, function(id) return rest.customer(twin.state.customers[id]) end)
end

local function list_products(req)
	local bad, details = {}, {}
	local p = paging(req, { "date", "id", "include", "title", "slug", "modified", "price", "popularity", "rating" }, "date", bad, details)
	local dates = date_filters(req, bad, details)
	if req.args.type == "variation" then bad.type = "type is not one of simple, grouped, external, and variable." end
	local wrong = failed_args(bad, details)
	if wrong then return wrong end
	local skus, include = list_arg(req, "sku"), list_arg(req, "include")
	skus, include = skus and as_set(skus), include and as_set(include)
	local sorted = shop.ids("products", p.orderby == "modified" and "modified" or p.orderby ~= "id" and "created" or nil)
	return send_list(req, p, sorted, function(id)
		local one = twin.state.products[id]
		-- By SKU, and only so, variations are found here, too.
		if skus then return skus[one.sku] and one.sku ~= "" and within(one, dates) end
		if one.parent_id or include and not include[tostring(id)] then return false end
		return within(one, dates)
	end, function(id) return rest.product(twin.state.products[id]) end)
end

local function simple_list(req, kind, orderbys, keep, show)
	local bad, details = {}, {}
	local p = paging(req, orderbys, orderbys[1], bad, details)
	local dates = date_filters(req, bad, details)
	local wrong = failed_args(bad, details)
	if wrong then return wrong end
	return send_list(req, p, shop.ids(kind), function(id)
		local one = twin.state[kind][id]
		return keep(one) and (not one.created or within(one, dates))
	end, function(id) return show(twin.state[kind][id], p.dp) end)
end

-- ---- single records ------------------------------------------------------------------------------------

local function places(req) return tonumber(req.args.dp) or twin.settings.decimals end

local function order_at(req) return twin.state.orders[tonumber(req.params.id)] end
local INVALID_ORDER = function() return err(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.") end

local function body(req)
	if req.body == "" then return {} end
	local value = req:json()
	if type(value) ~= "table" then
		return nil, err(400, "rest_invalid_json", "Invalid JSON body passed.", { json_error_code = 4, json_error_message = "Syntax error" })
	end
	return value
end

-- A 201 with the address of what was made.
local function made(path, value) return send(201, value, { Location = home() .. "/wp-json/wc/v3/" .. path }) end

local function create_order(req)
	local want, wrong = body(req)
	if not want then return wrong end
	if want.line_items and not twin.is_array(want.line_items) then
		return bad_params({ line_items = "line_items[0] is not of type object." }, {})
	end
	local lines = {}
	for _, l in ipairs(want.line_items or {}) do
		if not l.product_id and not l.sku then return err(400, "woocommerce_rest_required_product_reference", "Product ID or SKU is required.") end
		lines[#lines + 1] = { sku = l.sku, product_id = l.product_id, variation_id = l.variation_id, quantity = l.quantity, subtotal = l.subtotal, total = l.total,
			name = l.name or (l.sku and "") }
	end
	local spec = { lines = lines, billing = want.billing, shipping = want.shipping, customer_id = want.customer_id, payment_method = want.payment_method or "",
		payment_method_title = want.payment_method_title, currency = want.currency, note = want.customer_note, via = "rest-api", meta_data = want.meta_data,
		transaction_id = want.transaction_id, shipping_lines = want.shipping_lines, fees = want.fee_lines, coupons = {},
		status = want.status or "pending", paid = want.set_paid or want.status == "processing" or want.status == "completed" }
	for _, c in ipairs(want.coupon_lines or {}) do
		if not twin.state.coupons[c.code] then
			spec.status, spec.paid = "checkout-draft", false
			local draft = shop.place(spec)
			return err(400, "woocommerce_rest_invalid_coupon", ("Coupon &quot;%s&quot; cannot be applied because it does not exist."):format(c.code),
				{ new_draft_order_id = draft and draft.id })
		end
		spec.coupons[#spec.coupons + 1] = c.code
	end
	if want.set_paid and not want.status then spec.status = "processing" end
	local o, why = shop.place(spec)
	if not o then return err(400, "woocommerce_rest_invalid_order", why) end
	twin.changed()
	return made("orders/" .. o.id, rest.order(o))
end

local function update_order(req)
	local o = order_at(req)
	if not o then return INVALID_ORDER() end
	local want, wrong = body(req)
	if not want then return wrong end
	if want.status and o.status == "trash" then
		shop.restore(o, want.status)
	elseif want.status then
		if not as_set(STATUSES)[want.status] then return bad_params({ status = "status is not one of the order statuses." }, {}) end
		shop.set_status(o, want.status)
	end
	if want.set_paid then shop.pay(o) end
	local edit = { billing = want.billing, shipping = want.shipping, transaction_id = want.transaction_id, customer_note = want.customer_note,
		meta_data = want.meta_data, customer_id = want.customer_id, payment_method = want.payment_method }
	if next(edit) or not want.status then shop.edit(o, edit) end
	twin.changed()
	return send(200, rest.order(o))
end

local function delete_order(req)
	local o = order_at(req)
	if not o then return INVALID_ORDER() end
	local before = rest.order(o)
	if TRUE[req.args.force or ""] then
		shop.delete_order(o)
	elseif o.status == "trash" then
		return err(410, "woocommerce_rest_already_trashed", "The order has already been deleted.")
	else
		shop.trash(o)
	end
	twin.changed()
	return send(200, before)
end

local function refund_at(req)
	local r = twin.state.refunds[tonumber(req.params.rid)]
	if not order_at(req) then return nil, err(404, "woocommerce_rest_invalid_order_id", "Invalid order ID.") end
	if not r or r.order_id ~= tonumber(req.params.id) then return nil, err(404, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.") end
	return r
end

local function create_refund(req)
	local o = order_at(req)
	if not o then return err(404, "woocommerce_rest_invalid_order_id", "Invalid order ID.") end
	local want, wrong = body(req)
	if not want then return wrong end
	local function lasting(text)
		return { failed = true, status = 500, body = object { { "code", "woocommerce_rest_cannot_create_order_refund" }, { "message", text }, { "data", 500 } } }
	end
	if want.api_refund ~= false then return lasting("The payment gateway for this order does not support automatic refunds.") end
	local lines
	for _, l in ipairs(want.line_items or {}) do
		lines = lines or {}
		lines[#lines + 1] = { id = l.id, quantity = l.quantity, total = l.refund_total }
	end
	local r, why = shop.refund(o, { amount = want.amount, reason = want.reason, lines = lines, restock = want.api_restock })
	if not r then return lasting(why) end
	twin.changed()
	return made(("orders/%d/refunds/%d"):format(o.id, r.id), rest.refund(r))
end

-- ---- webhooks --------------------------------------------------------------------------------------------

local function wrong_topic() return err(400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic is required and must be valid.") end
local function wrong_url() return err(400, "woocommerce_rest_shop_webhook_invalid_delivery_url", "Webhook delivery URL must be a valid URL starting with http:// or https://.") end

local function is_topic(text)
	return type(text) == "string" and (hooks.TOPICS[text] or text:match("^action%.[%w_]+$") ~= nil)
end

local function is_url(text) return type(text) == "string" and text:match("^https?://[^%s/]+") ~= nil end

local function create_webhook(req)
	local want, wrong = body(req)
	if not want then return wrong end
	if not is_topic(want.topic) then return wrong_topic() end
	if not is_url(want.delivery_url) then return wrong_url() end
	local id = twin.state.next_hook
	twin.state.next_hook = id + 1
	-- status is not looked at here: a new one is active.
	local h = { id = id, name = want.name or "Webhook created on " .. twin.iso(twin.now()), topic = want.topic, delivery_url = want.delivery_url,
		secret = want.secret and want.secret ~= "" and want.secret or twin.hex(twin.random(25)), status = "active", failures = 0, sent = 0,
		created = twin.now(), modified = twin.now() }
	twin.state.webhooks[id] = h
	shop.forget_indices()
	twin.changed()
	hooks.ping(h)
	return made("webhooks/" .. id, webhook(h))
end

local function webhook_at(req)
	local h = twin.state.webhooks[tonumber(req.params.id)]
	if not h then return nil, err(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.") end
	return h
end

local function update_webhook(req)
	local h, gone = webhook_at(req)
	if not h then return gone end
	local want, wrong = body(req)
	if not want then return wrong end
	if want.topic ~= nil and not is_topic(want.topic) then return wrong_topic() end
	if want.delivery_url ~= nil and not is_url(want.delivery_url) then return wrong_url() end
	if want.status ~= nil and want.status ~= "active" and want.status ~= "paused" and want.status ~= "disabled" then
		return bad_params({ status = "status is not one of active, paused, and disabled." }, {})
	end
	local moved = want.delivery_url and want.delivery_url ~= h.delivery_url
	for _, name in ipairs { "name", "topic", "delivery_url", "secret", "status" } do
		if want[name] ~= nil then h[name] = want[name] end -- and the failures keep their count
	end
	h.modified = twin.now()
	twin.changed()
	if moved then hooks.ping(h) end
	return send(200, webhook(h))
end

local function delete_webhook(req)
	local h, gone = webhook_at(req)
	if not h then return gone end
	if not TRUE[req.args.force or ""] then return err(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.") end
	twin.state.webhooks[h.id] = nil
	shop.forget_indices()
	twin.changed()
	return send(200, webhook(h))
end

-- ---- the index, the status ----------------------------------------------------------------------------------

local function index()
	local namespaces = array { "oembed/1.0", "wc/v3", "wc/v1", "wc/v2", "wp/v2" }
	return send(200, object {
		{ "name", escaped(twin.settings.name) }, { "description", "" }, { "url", home() }, { "home", home() }, { "gmt_offset", shop.offset(twin.now()) },
		{ "timezone_string", twin.settings.timezone }, { "namespaces", namespaces }, { "authentication", object {} },
		{ "routes", object { { "/wc/v3/orders", object { { "namespace", "wc/v3" }, { "methods", array { "GET", "POST" } } } } } },
	})
end

local function system_status(req)
	return send(200, trimmed(req, object {
		{ "environment", object { { "home_url", home() }, { "site_url", home() }, { "version", twin.settings.version }, { "wp_version", twin.settings.wordpress } } },
		{ "settings", object { { "currency", twin.settings.currency }, { "currency_symbol", "&#36;" }, { "number_of_decimals", twin.settings.decimals },
			{ "HPOS_enabled", twin.settings.storage == "hpos" } } },
	}))
end

-- ---- routes ---------------------------------------------------------------------------------------------------

local function one(kind, code, message, show)
	return function(req)
		local record = twin.state[kind][tonumber(req.params.id)]
		if not record then return err(404, code, message) end
		return send(200, trimmed(req, show(record, places(req))))
	end
end

local function refunds_of(req)
	local o = order_at(req)
	if not o then return err(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.") end
	return simple_list(req, "refunds", { "date", "id", "modified" }, function(r) return r.order_id == o.id end,
		function(r, d) return rest.refund(r, false, d) end)
end

local function variations_of(req)
	local p = twin.state.products[tonumber(req.params.id)]
	if not p then return err(404, "woocommerce_rest_product_invalid_id", "Invalid ID.") end
	return simple_list(req, "products", { "date", "id", "modified", "menu_order" }, function(v) return v.parent_id == p.id end, variation)
end

-- method, address, what it needs ("list", "view", "create", "edit", "delete"), function.
local ROUTES = {
	{ "GET", "/orders", "list", list_orders },
	{ "POST", "/orders", "create", create_order },
	{ "GET", "/orders/statuses", "list", function()
		if is_old() then return err(404, "rest_no_route", "No route was found matching the URL and request method.") end
		local list = array {}
		for _, s in ipairs(STATUSES) do
			if s ~= "any" and not HIDDEN[s] then list[#list + 1] = object { { "slug", s }, { "name", s } } end
		end
		return send(200, list)
	end },
	{ "GET", "/orders/:id", "view", one("orders", "woocommerce_rest_shop_order_invalid_id", "Invalid ID.", rest.order) },
	{ "PUT", "/orders/:id", "edit", update_order },
	{ "POST", "/orders/:id", "edit", update_order },
	{ "PATCH", "/orders/:id", "edit", update_order },
	{ "DELETE", "/orders/:id", "delete", delete_order },
	{ "GET", "/orders/:id/refunds", "list", refunds_of },
	{ "POST", "/orders/:id/refunds", "create", create_refund },
	{ "GET", "/orders/:id/refunds/:rid", "view", function(req)
		local r, wrong = refund_at(req)
		return r and send(200, rest.refund(r, false, places(req))) or wrong
	end },
	{ "DELETE", "/orders/:id/refunds/:rid", "delete", function(req)
		local r, wrong = refund_at(req)
		if not r then return wrong end
		local told = rest.refund(r)
		shop.delete_refund(r.id)
		twin.changed()
		return send(200, told)
	end },
	{ "GET", "/refunds", "list", function(req)
		if is_old() then return err(404, "rest_no_route", "No route was found matching the URL and request method.") end
		return simple_list(req, "refunds", { "date", "id", "modified" }, function() return true end, function(r, d) return rest.refund(r, true, d) end)
	end },
	{ "GET", "/customers", "list", list_customers },
	{ "GET", "/customers/:id", "view", one("customers", "wc_user_invalid_id", "Invalid user ID.", rest.customer) },
	{ "DELETE", "/customers/:id", "delete", function(req)
		local c = twin.state.customers[tonumber(req.params.id)]
		if not c then return err(404, "wc_user_invalid_id", "Invalid user ID.") end
		if not TRUE[req.args.force or ""] then return err(501, "woocommerce_rest_trash_not_supported", "Customers do not support trashing.") end
		local told = rest.customer(c)
		shop.delete_customer(c)
		twin.changed()
		return send(200, told)
	end },
	{ "GET", "/products", "list", list_products },
	{ "GET", "/products/:id", "view", one("products", "woocommerce_rest_product_invalid_id", "Invalid ID.", rest.product) },
	{ "GET", "/products/:id/variations", "list", variations_of },
	{ "GET", "/products/:id/variations/:vid", "view", function(req)
		local v = twin.state.products[tonumber(req.params.vid)]
		if not v or v.parent_id ~= tonumber(req.params.id) then return err(404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.") end
		return send(200, variation(v))
	end },
	{ "GET", "/taxes", "list", function(req) return simple_list(req, "rates", { "order", "id", "priority" }, function() return true end, rest.rate) end },
	{ "GET", "/taxes/:id", "view", one("rates", "woocommerce_rest_invalid_id", "Invalid resource ID.", rest.rate) },
	{ "GET", "/webhooks", "list", function(req) return simple_list(req, "webhooks", { "date", "id", "title" }, function() return true end, webhook) end },
	{ "POST", "/webhooks", "create", create_webhook },
	{ "GET", "/webhooks/:id", "view", function(req)
		local h, gone = webhook_at(req)
		return h and send(200, webhook(h)) or gone
	end },
	{ "PUT", "/webhooks/:id", "edit", update_webhook },
	{ "POST", "/webhooks/:id", "edit", update_webhook },
	{ "PATCH", "/webhooks/:id", "edit", update_webhook },
	{ "DELETE", "/webhooks/:id", "delete", delete_webhook },
	{ "GET", "/system_status", "list", system_status },
}

local REFUSALS = {
	list = { "woocommerce_rest_cannot_view", "Sorry, you cannot list resources." },
	view = { "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource." },
	create = { "woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources." },
	edit = { "woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource." },
	delete = { "woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource." },
}

local function answered(value) return value.failed and send(value.status, value.body) or value end

-- Who may: after the key was looked at, and before the record is.
local function guarded(needs, fn)
	return function(req)
		local key, wrong = auth.caller(req)
		if wrong then return send(wrong.status, object { { "code", wrong.code }, { "message", wrong.message }, { "data", object { { "status", wrong.status } } } }) end
		if not auth.may(key) then
			local r = REFUSALS[needs]
			return answered(err(key and 403 or 401, r[1], r[2]))
		end
		return answered(fn(req))
	end
end

local PAGE = "<!DOCTYPE html>\n<html><head><title>Page not found</title></head><body><h1>Oops! That page can't be found.</h1></body></html>\n"

local function no_route() return answered(err(404, "rest_no_route", "No route was found matching the URL and request method.")) end

local function match(pattern, path)
	local params, names = {}, {}
	local p = pattern:gsub(":(%w+)", function(name)
		names[#names + 1] = name
		return "([^/]+)"
	end)
	local found = table.pack(path:match("^" .. p .. "$"))
	if not found[1] then return nil end
	for i, name in ipairs(names) do params[name] = found[i] end
	return params
end

-- /?rest_route=/wc/v3/orders
local function by_query(req)
	local path = req.args.rest_route
	if not path then return { status = 200, html = "<!DOCTYPE html>\n<html><body><h1>" .. escaped(twin.settings.name) .. "</h1></body></html>\n" } end
	if path == "/" then return index() end
	local tail = path:match("^/wc/v3(/.*)$")
	for _, r in ipairs(tail and ROUTES or {}) do
		local params = (r[1] == req.method or req.method == "HEAD" and r[1] == "GET") and match(r[2], tail)
		if params then
			req.params = params
			return guarded(r[3], r[4])(req)
		end
	end
	return no_route()
end

function rest.serve()
	local folder = twin.settings.folder
	-- With plain permalinks nothing is rewritten: index.php gets what follows the question mark, and nothing else.
	if twin.settings.permalinks ~= "plain" then
		for _, prefix in ipairs(twin.settings.permalinks == "pretty" and { "/wp-json", "/index.php/wp-json" } or { "/index.php/wp-json" }) do
			twin.route("GET", folder .. prefix, index)
			for _, r in ipairs(ROUTES) do
				twin.route(r[1], folder .. prefix .. "/wc/v3" .. r[2], guarded(r[3], r[4]))
			end
			-- Real orders are not in the old tables any more (HPOS): a 200, and nothing.
			twin.route("GET", folder .. prefix .. "/wc/v1/orders", function() return send(200, array {}) end)
			twin.route("*", folder .. prefix .. "/*rest", no_route)
		end
	end
	twin.route("*", folder == "" and "/" or folder, by_query)
	twin.otherwise(function() return { status = 404, html = PAGE } end)
end

return rest
