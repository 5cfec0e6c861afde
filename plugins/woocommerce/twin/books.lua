-- books.lua - what a month's sales come to, counted apart from anything the REST API says.
local shop = require "twin.shop"

local books = {}

local SOLD = { processing = true, completed = true, refunded = true, ["on-hold"] = false }

local function day_of(ms) return shop.local_time(ms):sub(1, 10) end

-- Per order; and sums of those that were sold (processing, completed, refunded) on days of that month (nil: all), by the day
-- of payment, else of creation; refunds by their own day.
function books.of(month)
	local told = { month = month, orders = 0, total = 0, tax = 0, shipping = 0, discount = 0, fees = 0, refunds = 0, refunded = 0, by_status = {},
		by_rate = {}, list = twin.array {}, refund_list = twin.array {} }
	local function within(day) return not month or day:sub(1, #month) == month end
	for _, id in ipairs(shop.ids("orders")) do
		local o = twin.state.orders[id]
		local t = shop.totals(o)
		local day = day_of(o.paid or o.created)
		if within(day) then
			told.by_status[o.status] = (told.by_status[o.status] or 0) + 1
			if SOLD[o.status] then
				told.orders = told.orders + 1
				told.total, told.tax, told.shipping = told.total + t.total, told.tax + t.tax, told.shipping + t.shipping
				told.discount, told.fees = told.discount + t.discount, told.fees + t.fees
				for _, rate in ipairs(t.rates) do
					local name = twin.state.rates[rate] and twin.state.rates[rate].name or tostring(rate)
					told.by_rate[name] = (told.by_rate[name] or 0) + shop.rounded(t.by_rate[rate].cart) + shop.rounded(t.by_rate[rate].shipping)
				end
			end
			told.list[#told.list + 1] = { id = id, number = o.number, status = o.status, day = day, total = shop.text(t.total), tax = shop.text(t.tax),
				shipping = shop.text(t.shipping), discount = shop.text(t.discount), refunded = shop.text(shop.refunded(o)), currency = o.currency,
				paid = o.paid and twin.iso(o.paid) or twin.null, customer_id = o.customer_id, email = o.billing.email }
		end
	end
	for _, id in ipairs(shop.ids("refunds")) do
		local r = twin.state.refunds[id]
		local day = day_of(r.created)
		if within(day) then
			told.refunds, told.refunded = told.refunds + 1, told.refunded + r.amount
			told.refund_list[#told.refund_list + 1] = { id = id, order_id = r.order_id, day = day, amount = shop.text(r.amount), lines = #r.lines,
				paid_back = r.paid_back }
		end
	end
	for _, name in ipairs { "total", "tax", "shipping", "discount", "fees", "refunded" } do told[name] = shop.text(told[name]) end
	for name, n in pairs(told.by_rate) do told.by_rate[name] = shop.text(n) end
	return told
end

return books
