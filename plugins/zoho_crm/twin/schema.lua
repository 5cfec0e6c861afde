-- schema.lua - the modules, their fields, and what each edition has (../SOURCES.md 3, 5).
local schema = {}

local STAGES = { "Qualification", "Needs Analysis", "Value Proposition", "Identify Decision Makers", "Proposal/Price Quote",
	"Negotiation/Review", "Closed Won", "Closed Lost", "Closed Lost to Competition" }

-- "text 120 must", "lookup Accounts", "currency ro": type, then length or module, then what else holds.
local function field(name, words, more)
	local f = { name = name, custom = more and more.custom }
	for word in words:gmatch("%S+") do
		if not f.type then f.type = word
		elseif tonumber(word) then f.length = math.tointeger(tonumber(word))
		elseif word == "must" or word == "ro" or word == "unique" or word == "system" then f[word] = true
		else f.of = word end
	end
	if more and more.values then f.values = more.values end
	return f
end

local ADDRESS = { { "Street", "text 250" }, { "City", "text 100" }, { "State", "text 100" }, { "Code", "text 30" }, { "Country", "text 100" } }
local function address(kind)
	local list = {}
	for _, a in ipairs(ADDRESS) do list[#list + 1] = { kind .. "_" .. a[1], a[2] } end
	return list
end

local LINE = { { "Product_Name", "lookup Products must" }, { "Description", "textarea 2000" }, { "Quantity", "double" }, { "List_Price", "currency" },
	{ "Discount", "currency" }, { "Line_Tax", "json" } }

local MONEY_FORM = { { "Adjustment", "currency" }, { "Sub_Total", "currency ro" }, { "Discount", "currency ro" }, { "Tax", "currency ro" },
	{ "Grand_Total", "currency ro" }, { "Terms_and_Conditions", "textarea 32000" } }

local CUSTOM_EXTERNAL = { "External_Id", "text 100 unique", { custom = true } }

-- Members of each module in Zoho's order; lists are spliced in.
local TABLES = {
	Accounts = { name = "Account_Name", singular = "Account",
		{ "Account_Name", "text 200 must system" }, { "Phone", "phone 30" }, { "Fax", "text 30" }, { "Website", "website 450" },
		{ "Account_Number", "text 40" }, { "Parent_Account", "lookup Accounts" }, { "Account_Type", "picklist 120" }, { "Industry", "picklist 120" },
		address "Billing", address "Shipping", { "Description", "textarea 32000" }, { "Currency", "picklist 3" }, CUSTOM_EXTERNAL,
		{ "Books_Email", "email 100", { custom = true } }, { "Books_Status", "picklist 120", { custom = true } },
		{ "Books_Balance", "currency", { custom = true } }, { "Books_Overdue", "currency", { custom = true } },
		{ "Books_Open_Invoices", "integer", { custom = true } }, { "Books_Last_Invoice", "date", { custom = true } } },
	Contacts = { name = "Full_Name", singular = "Contact",
		{ "First_Name", "text 40" }, { "Last_Name", "text 80 must system" }, { "Email", "email 100 system" }, { "Phone", "phone 50" },
		{ "Mobile", "phone 30" }, { "Account_Name", "lookup Accounts" }, { "Title", "text 100" }, { "Mailing_Street", "text 250" },
		{ "Mailing_City", "text 100" }, { "Mailing_State", "text 100" }, { "Mailing_Zip", "text 30" }, { "Mailing_Country", "text 100" },
		{ "Description", "textarea 32000" }, CUSTOM_EXTERNAL },
	Deals = { name = "Deal_Name", singular = "Deal",
		{ "Deal_Name", "text 120 must system" }, { "Stage", "picklist 120 must", { values = STAGES } }, { "Pipeline", "picklist 120" },
		{ "Closing_Date", "date" }, { "Amount", "currency" }, { "Account_Name", "lookup Accounts" }, { "Contact_Name", "lookup Contacts" },
		{ "Type", "picklist 120" }, { "Next_Step", "text 100" }, { "Description", "textarea 32000" }, { "Currency", "picklist 3" },
		{ "Exchange_Rate", "double" }, CUSTOM_EXTERNAL, { "Books_Status", "picklist 120", { custom = true } },
		{ "Books_Balance", "currency", { custom = true } }, { "Books_Number", "text 50", { custom = true } },
		{ "Invoice_Lines", "subform Invoice_Line", { custom = true } } },
	Products = { name = "Product_Name", singular = "Product",
		{ "Product_Name", "text 200 must system" }, { "Product_Code", "text 200" }, { "Product_Active", "boolean" }, { "Unit_Price", "currency" },
		{ "Taxable", "boolean" }, { "Vendor_Name", "lookup Vendors" }, { "Product_Category", "picklist 120" }, { "Description", "textarea 32000" },
		CUSTOM_EXTERNAL },
	Vendors = { name = "Vendor_Name", singular = "Vendor",
		{ "Vendor_Name", "text 100 must system" }, { "Email", "email 100" }, { "Phone", "phone 30" }, { "Website", "website 450" },
		{ "Category", "text 250" }, { "Street", "text 250" }, { "City", "text 100" }, { "State", "text 100" }, { "Zip_Code", "text 30" },
		{ "Country", "text 100" }, { "Description", "textarea 32000" }, CUSTOM_EXTERNAL },
	Leads = { name = "Full_Name", singular = "Lead",
		{ "First_Name", "text 40" }, { "Last_Name", "text 80 must" }, { "Company", "text 200" }, { "Email", "email 100 system" },
		{ "Phone", "phone 30" }, { "Mobile", "phone 30" }, { "Website", "website 255" }, { "Lead_Source", "picklist 120" },
		{ "Lead_Status", "picklist 120" }, { "Street", "text 250" }, { "City", "text 100" }, { "State", "text 100" }, { "Zip_Code", "text 30" },
		{ "Country", "text 100" }, { "Description", "textarea 32000" }, CUSTOM_EXTERNAL },
	Quotes = { name = "Subject", singular = "Quote",
		{ "Subject", "text 255 must system" }, { "Quote_Stage", "picklist 120" }, { "Valid_Till", "date" }, { "Deal_Name", "lookup Deals" },
		{ "Account_Name", "lookup Accounts" }, { "Contact_Name", "lookup Contacts" }, MONEY_FORM, address "Billing", address "Shipping",
		{ "Description", "textarea 32000" }, { "Quoted_Items", "subform Line_Item must" }, CUSTOM_EXTERNAL },
	Sales_Orders = { name = "Subject", singular = "Sales Order",
		{ "Subject", "text 255 must system" }, { "Status", "picklist 120" }, { "Due_Date", "date" }, { "Purchase_Order", "text 100" },
		{ "Quote_Name", "lookup Quotes" }, { "Deal_Name", "lookup Deals" }, { "Account_Name", "lookup Accounts" },
		{ "Contact_Name", "lookup Contacts" }, MONEY_FORM, address "Billing", address "Shipping", { "Description", "textarea 32000" },
		{ "Ordered_Items", "subform Line_Item must" }, CUSTOM_EXTERNAL },
	Purchase_Orders = { name = "Subject", singular = "Purchase Order",
		{ "Subject", "text 255 must system" }, { "Vendor_Name", "lookup Vendors must" }, { "PO_Number", "text 50" }, { "PO_Date", "date" },
		{ "Due_Date", "date" }, { "Status", "picklist 120" }, { "Contact_Name", "lookup Contacts" }, MONEY_FORM, address "Billing",
		address "Shipping", { "Description", "textarea 32000" }, { "Purchase_Items", "subform Line_Item must" }, CUSTOM_EXTERNAL },
	Invoices = { name = "Subject", singular = "Invoice",
		{ "Subject", "text 255 must system" }, { "Invoice_Number", "autonumber ro" }, { "Invoice_Date", "date" }, { "Due_Date", "date" },
		{ "Status", "picklist 120" }, { "Purchase_Order", "text 100" }, { "Account_Name", "lookup Accounts must" },
		{ "Contact_Name", "lookup Contacts" }, { "Deal_Name", "lookup Deals" }, { "Sales_Order", "lookup Sales_Orders" }, MONEY_FORM,
		address "Billing", address "Shipping", { "Description", "textarea 32000" }, { "Invoiced_Items", "subform Line_Item must" }, CUSTOM_EXTERNAL },
}

schema.ORDER = { "Leads", "Accounts", "Contacts", "Deals", "Products", "Vendors", "Quotes", "Sales_Orders", "Purchase_Orders", "Invoices" }

schema.ROWS = {
	Line_Item = {},
	Invoice_Line = {},
}
for _, f in ipairs(LINE) do table.insert(schema.ROWS.Line_Item, field(f[1], f[2])) end
for _, f in ipairs { { "Product", "lookup Products" }, { "Line_Description", "textarea 2000" }, { "Quantity", "double" }, { "Rate", "double" },
	{ "Amount", "currency" } } do
	table.insert(schema.ROWS.Invoice_Line, field(f[1], f[2]))
end

local modules = {}
for name, t in pairs(TABLES) do
	local m = { api_name = name, name_field = t.name, singular = t.singular, list = {}, by_name = {} }
	local function add(f)
		if type(f[1]) == "table" then
			for _, inner in ipairs(f) do add(inner) end
			return
		end
		local made = field(f[1], f[2], f[3])
		m.list[#m.list + 1] = made
		m.by_name[made.name] = made
	end
	for _, f in ipairs(t) do add(f) end
	modules[name] = m
end

local LACKS = {
	Free = { Quotes = true, Sales_Orders = true, Purchase_Orders = true, Invoices = true },
	Standard = { Sales_Orders = true, Purchase_Orders = true, Invoices = true },
}

-- The module, or nil: there is none, or this edition lacks it.
function schema.module(name)
	local lacks = LACKS[twin.settings.edition]
	if lacks and lacks[name] then return nil end
	return modules[name]
end

-- A field of it that this organisation has; nil: Zoho passes over it without a word.
function schema.field(m, name)
	local f = m.by_name[name]
	if f and f.custom and not schema.has_custom(m, f) then return nil end
	return f
end

function schema.has_custom(m, f)
	if twin.settings.custom_fields == "none" then return false end
	local dropped = twin.state.dropped_fields or {}
	return not dropped[m.api_name .. "." .. f.name]
end

function schema.fields(m)
	local list = {}
	for _, f in ipairs(m.list) do
		if schema.field(m, f.name) then list[#list + 1] = f end
	end
	return list
end

-- Names that lists, COQL and search know beside the fields.
schema.SYSTEM = { id = "bigint", Created_Time = "datetime", Modified_Time = "datetime" }

function schema.is_mandatory(m, f)
	if f.must then return true end
	if m.api_name ~= "Deals" then return false end
	return (f.name == "Closing_Date" and twin.settings.closing_date == "mandatory") or (f.name == "Pipeline" and twin.settings.pipelines)
end

-- The field that tells two records of a module apart when nothing else was named.
function schema.system_field(m)
	for _, f in ipairs(m.list) do
		if f.system then return f end
	end
end

return schema
