-- aging.lua - QuickBooks' ageing summaries: what each name owes, or is owed, by days past due.
--
-- Source: the schema's ReportRet (read 2026-11); columns and rows as QuickBooks' own summary shows them: a name with others below
-- it has a row "NAME - Other" of its own figures and a subtotal; names that owe nothing have no row.
local values = require "twin.values"
local company = require "twin.company"
local books = require "twin.books"
local currencies = require "twin.currencies"
local refuse = values.refuse
local escape = twin.xml.escape

local aging = {}

local SIDES = {
	ARAgingSummary = { account = "AccountsReceivable", list = "Customer", row = "customer", sign = 1 },
	APAgingSummary = { account = "AccountsPayable", list = "Vendor", row = "vendor", sign = -1 },
}
local TITLES = { "Current", "1 - 30", "31 - 60", "61 - 90", "> 90", "TOTAL" }

local function days_between(from, to)
	local function day(date)
		local y, m, d = date:match("^(%d+)%-(%d+)%-(%d+)$")
		return twin.ms_of(tonumber(y), tonumber(m), tonumber(d)) // 86400000
	end
	return day(to) - day(from)
end

local function bucket(days)
	return days <= 0 and 1 or days <= 30 and 2 or days <= 60 and 3 or days <= 90 and 4 or 5
end

-- What of a document is still open, by name: what it posted, less what it is applied to or was applied to it.
local function open_parts(co, txn, side)
	local parts = {}
	for _, p in ipairs(txn.postings) do
		if p.entity and co.lists.Account[p.account].f.AccountType == side.account then
			parts[p.entity] = (parts[p.entity] or 0) + books.owed_by(p) * side.sign
		end
	end
	local owner = side.list == "Customer" and txn.customer or txn.f.VendorRef or txn.f.PayeeEntityRef
	if owner and parts[owner] then
		for _, link in ipairs(txn.links or {}) do parts[owner] = parts[owner] - link.amount - (link.discount or 0) end
		for _, link in ipairs(txn.links_out or {}) do parts[owner] = parts[owner] + link.amount + (link.discount or 0) end
	end
	return parts
end

-- id -> five sums, of documents up to today.
function aging.figures(co, side)
	local figures, today = {}, company.today()
	local from_due = co.preferences.AgingReportBasis == "AgeFromDueDate"
	for _, id in ipairs(co.txn_order) do
		local txn = co.txns[id]
		for name, amount in pairs(txn.date <= today and open_parts(co, txn, side) or {}) do
			if amount ~= 0 then
				local row = figures[name] or { 0, 0, 0, 0, 0 }
				local at = bucket(days_between(from_due and txn.f.DueDate or txn.date, today))
				row[at], figures[name] = row[at] + currencies.at_home(co, txn, amount), row
			end
		end
	end
	return figures
end

local function sum_into(sum, row)
	for i, amount in ipairs(row) do sum[i] = sum[i] + amount end
	return sum
end

local function put_text(report, label)
	report[#report + 1] = ('<TextRow rowNumber="%d" value="%s"/>'):format(#report + 1, escape(label))
end

-- of: rowType and value; nil in the last row.
local function put_row(report, element, of, label, row)
	local out, total = { ('<%s rowNumber="%d">'):format(element, #report + 1) }, 0
	if of then out[#out + 1] = ('<RowData rowType="%s" value="%s"/>'):format(of[1], escape(of[2])) end
	out[#out + 1] = ('<ColData colID="1" value="%s"/>'):format(escape(label))
	for i, amount in ipairs(row) do
		total = total + amount
		out[#out + 1] = ('<ColData colID="%d" value="%s"/>'):format(i + 1, values.amount(amount))
	end
	out[#out + 1] = ('<ColData colID="7" value="%s"/></%s>'):format(values.amount(total), element)
	report[#report + 1] = table.concat(out)
end

-- The ids that ReportEntityFilter leaves; nil: all.
local function asked_for(co, list, filter)
	if not filter then return nil end
	local set = {}
	for _, id in ipairs(filter.ListID or {}) do set[id] = true end
	for _, name in ipairs(filter.FullName or {}) do set[company.resolve(co, list, { FullName = name }, "report", true).id] = true end
	if filter.EntityTypeFilter then refuse(1030, "The twin does not know this ReportEntityFilter.") end
	local top = filter.ListIDWithChildren and { ListID = filter.ListIDWithChildren } or filter.FullNameWithChildren and { FullName = filter.FullNameWithChildren }
	local children = company.children(co, list)
	local function add(id)
		set[id] = true
		for _, child in ipairs(children[id] or {}) do add(child) end
	end
	if top then add(company.resolve(co, list, top, "report", true).id) end
	return set
end

function aging.report(co, given)
	local side = SIDES[given.AgingReportType]
	if not side then refuse(1030, "The twin does not know the report %s.", given.AgingReportType) end
	if given.ReportPeriod or given.ReportDateMacro and given.ReportDateMacro ~= "Today" or given.ReportAgingAsOf == "ReportEndDate" then
		refuse(1030, "The twin tells the ageing of today only.")
	end
	local figures, wanted = aging.figures(co, side), asked_for(co, side.list, given.ReportEntityFilter)
	local children, report, total = company.children(co, side.list), {}, { 0, 0, 0, 0, 0 }
	local function by_name(ids)
		table.sort(ids, function(a, b) return co.lists[side.list][a].f.Name:lower() < co.lists[side.list][b].f.Name:lower() end)
		return ids
	end
	local function has_rows(id)
		if figures[id] and (not wanted or wanted[id]) then return true end
		for _, child in ipairs(children[id] or {}) do
			if has_rows(child) then return true end
		end
		return false
	end
	local function put_name(id)
		local record = co.lists[side.list][id]
		local full, own, below = company.full_name(co, record), (not wanted or wanted[id]) and figures[id], {}
		for _, child in ipairs(children[id] or {}) do
			if has_rows(child) then below[#below + 1] = child end
		end
		if #below == 0 then
			put_row(report, "DataRow", { side.row, full }, record.f.Name, own)
			return twin.copy(own)
		end
		local sum = { 0, 0, 0, 0, 0 }
		put_text(report, record.f.Name)
		for _, child in ipairs(by_name(below)) do sum_into(sum, put_name(child)) end
		if own then
			put_row(report, "DataRow", { side.row, full }, record.f.Name .. " - Other", own)
			sum_into(sum, own)
		end
		put_row(report, "SubtotalRow", { side.row, full }, "Total " .. record.f.Name, sum)
		return sum
	end
	local tops = {}
	for _, id in ipairs(co.order[side.list]) do
		if not co.lists[side.list][id].parent and has_rows(id) then tops[#tops + 1] = id end
	end
	for _, id in ipairs(by_name(tops)) do sum_into(total, put_name(id)) end
	if #tops > 0 then put_row(report, "TotalRow", nil, "TOTAL", total) end

	local out = { ("<ReportRet><ReportTitle>%s Aging Summary</ReportTitle><ReportSubtitle>As of %s</ReportSubtitle><ReportBasis>Accrual</ReportBasis>"):format(
		side.list == "Customer" and "A/R" or "A/P", company.today()) }
	out[#out + 1] = ("<NumRows>%d</NumRows><NumColumns>7</NumColumns><NumColTitleRows>1</NumColTitleRows>"):format(#report)
	out[#out + 1] = '<ColDesc colID="1" dataType="STRTYPE"><ColTitle titleRow="1"/><ColType>Blank</ColType></ColDesc>'
	for i, title in ipairs(TITLES) do
		out[#out + 1] = ('<ColDesc colID="%d" dataType="AMTTYPE"><ColTitle titleRow="1" value="%s"/><ColType>%s</ColType></ColDesc>'):format(i + 1,
			escape(title), i == 6 and "Total" or "Amount")
	end
	if #report > 0 then out[#out + 1] = "<ReportData>" .. table.concat(report) .. "</ReportData>" end
	return table.concat(out) .. "</ReportRet>"
end

return aging
