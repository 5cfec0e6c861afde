-- schema.lua - what the objects of the org hold: standard fields as the object reference lists them, custom ones as the
-- package in setup/ defines them (as if an administrator had deployed it).
local schema = {}

local function field(name, type, more)
	local f = { name = name, type = type, label = name, createable = true, updateable = true, nillable = true, filterable = true }
	for k, v in pairs(more or {}) do f[k] = v end
	return f
end
local function with(f, more)
	for k, v in pairs(more or {}) do f[k] = v end
	return f
end
local function text(name, length, more) return with(field(name, "string", { length = length }), more) end
local function ref(name, to, relation, more) return with(field(name, "reference", { to = to, relation = relation, length = 18 }), more) end
local function money(name, more) return with(field(name, "currency", { precision = 18, scale = 2 }), more) end
local function number(name, scale, more) return with(field(name, "double", { precision = 18, scale = scale }), more) end
local function bool(name, default, more) return with(field(name, "boolean", { default = default or false, nillable = false }), more) end
local function date(name, more) return with(field(name, "date"), more) end
local function pick(name, values, more) return with(field(name, "picklist", { length = 255, values = values }), more) end
local function area(name, length) return with(field(name, "textarea", { length = length }), { filterable = length <= 255 }) end
local ONLY = { createable = false, updateable = false }
local REQUIRED, ONCE = { nillable = false }, { updateable = false }
local function both(...)
	local out = {}
	for _, t in ipairs { ... } do with(out, t) end
	return out
end

local function address(of)
	return { with(area(of .. "Street", 255), {}), text(of .. "City", 40), text(of .. "State", 80), text(of .. "PostalCode", 20), text(of .. "Country", 80) }
end

local function stamps()
	return { field("CreatedDate", "datetime", ONLY), ref("CreatedById", "User", "CreatedBy", ONLY), field("LastModifiedDate", "datetime", ONLY),
		ref("LastModifiedById", "User", "LastModifiedBy", ONLY), field("SystemModstamp", "datetime", ONLY), bool("IsDeleted", false, ONLY) }
end

-- Stages with their kind: open, won or lost, and the forecast category that goes with each.
schema.STAGES = { { "Prospecting", "open", "Pipeline" }, { "Qualification", "open", "Pipeline" }, { "Proposal/Price Quote", "open", "Best Case" },
	{ "Negotiation/Review", "open", "Commit" }, { "Closed Won", "won", "Closed" }, { "Closed Lost", "lost", "Omitted" } }
local stage_names = {}
for i, s in ipairs(schema.STAGES) do stage_names[i] = s[1] end
schema.STAGE_NAMES = stage_names

-- "Name" of an OpportunityLineItem, of a PricebookEntry: read only, from the product.
local STANDARD = {
	Account = { prefix = "001", plural = "Accounts", text("Name", 255, REQUIRED), text("AccountNumber", 40), pick("Type", { "Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller", "Other" }),
		ref("ParentId", "Account", "Parent"), field("Phone", "phone", { length = 40 }), field("Fax", "phone", { length = 40 }), field("Website", "url", { length = 255 }),
		pick("Industry", { "Agriculture", "Banking", "Retail", "Other" }), address "Billing", address "Shipping", area("Description", 32000),
		ref("OwnerId", "User", "Owner"), ref("MasterRecordId", "Account", "MasterRecord", ONLY), stamps() },
	Contact = { prefix = "003", ref("AccountId", "Account", "Account"), text("FirstName", 40), text("LastName", 80, REQUIRED), text("Name", 121, ONLY), pick("Salutation", { "Mr.", "Ms.", "Dr." }),
		text("Title", 128), field("Email", "email", { length = 80, idLookup = true }), field("Phone", "phone", { length = 40 }), field("Fax", "phone", { length = 40 }),
		field("MobilePhone", "phone", { length = 40 }), address "Mailing", ref("OwnerId", "User", "Owner"), ref("MasterRecordId", "Contact", "MasterRecord", ONLY), stamps() },
	Opportunity = { prefix = "006", text("Name", 120, REQUIRED), ref("AccountId", "Account", "Account"), money("Amount"), pick("StageName", stage_names, REQUIRED), date("CloseDate", REQUIRED),
		pick("Type", { "Existing Business", "New Business" }), pick("ForecastCategoryName", { "Omitted", "Pipeline", "Best Case", "Commit", "Closed" }, { restricted = true }),
		ref("RecordTypeId", "RecordType", "RecordType"), ref("Pricebook2Id", "Pricebook2", "Pricebook2"), area("Description", 32000), text("NextStep", 255),
		number("Probability", 0), bool("IsClosed", false, ONLY), bool("IsWon", false, ONLY), bool("HasOpportunityLineItem", false, ONLY), ref("OwnerId", "User", "Owner"), stamps() },
	OpportunityLineItem = { prefix = "00k", parent = "OpportunityId", ref("OpportunityId", "Opportunity", "Opportunity", both(REQUIRED, ONCE)),
		ref("PricebookEntryId", "PricebookEntry", "PricebookEntry", both(REQUIRED, ONCE)), ref("Product2Id", "Product2", "Product2", ONLY), text("ProductCode", 255, ONLY), text("Name", 376, ONLY),
		number("Quantity", 2, REQUIRED), money("UnitPrice"), money("TotalPrice"), money("ListPrice", ONLY), date("ServiceDate"), text("Description", 255), number("SortOrder", 0, ONLY), stamps() },
	Order = { prefix = "801", ref("AccountId", "Account", "Account", REQUIRED), ref("OpportunityId", "Opportunity", "Opportunity"), date("EffectiveDate", REQUIRED), pick("Status", { "Draft", "Activated" }, both(REQUIRED, { restricted = true })),
		text("Name", 80), text("OrderNumber", 30, ONLY), text("OrderReferenceNumber", 80), text("PoNumber", 80), money("TotalAmount", ONLY), ref("Pricebook2Id", "Pricebook2", "Pricebook2"),
		pick("Type", { "Invoice", "Bill" }), area("Description", 32000), address "Billing", address "Shipping", ref("OwnerId", "User", "Owner"), stamps() },
	OrderItem = { prefix = "802", parent = "OrderId", ref("OrderId", "Order", "Order", both(REQUIRED, ONCE)), ref("PricebookEntryId", "PricebookEntry", "PricebookEntry", both(REQUIRED, ONCE)),
		ref("Product2Id", "Product2", "Product2", ONLY), number("Quantity", 2, REQUIRED), money("UnitPrice"), money("TotalPrice", ONLY), money("ListPrice", ONLY), date("ServiceDate"), text("Description", 255), stamps() },
	Product2 = { prefix = "01t", text("Name", 255, REQUIRED), text("ProductCode", 255), area("Description", 4000), bool("IsActive"), pick("Family", { "None" }), stamps() },
	Pricebook2 = { prefix = "01s", text("Name", 255, REQUIRED), bool("IsActive"), bool("IsStandard", false, ONLY), text("Description", 255), stamps() },
	PricebookEntry = { prefix = "01u", text("Name", 255, ONLY), ref("Pricebook2Id", "Pricebook2", "Pricebook2", both(REQUIRED, ONCE)), ref("Product2Id", "Product2", "Product2", both(REQUIRED, ONCE)),
		money("UnitPrice", REQUIRED), bool("IsActive"), bool("UseStandardPrice"), text("ProductCode", 255, ONLY), stamps() },
	RecordType = { prefix = "012", text("Name", 80, REQUIRED), text("DeveloperName", 80, REQUIRED), text("SobjectType", 40, REQUIRED), bool("IsActive", true), stamps() },
	User = { prefix = "005", text("Name", 121, ONLY), text("Username", 80, REQUIRED), field("Email", "email", { length = 128 }), bool("IsActive", true), stamps() },
	Organization = { prefix = "00D", text("Name", 80, REQUIRED), text("OrganizationType", 40), bool("IsSandbox", false, ONLY), text("TimeZoneSidKey", 40), text("LanguageLocaleKey", 40), stamps() },
}

-- Lists of children, by the names that subqueries and describes use.
local CHILDREN = {
	Account = { Contacts = { "Contact", "AccountId" }, Opportunities = { "Opportunity", "AccountId" }, Orders = { "Order", "AccountId" }, ChildAccounts = { "Account", "ParentId" } },
	Opportunity = { OpportunityLineItems = { "OpportunityLineItem", "OpportunityId" }, Orders = { "Order", "OpportunityId" } },
	Order = { OrderItems = { "OrderItem", "OrderId" } },
	Product2 = { PricebookEntries = { "PricebookEntry", "Product2Id" } },
}
local MANY_CURRENCIES = { "Account", "Contact", "Opportunity", "OpportunityLineItem", "Order", "OrderItem", "Product2", "PricebookEntry" }

local KINDS = { Text = "string", Currency = "currency", Number = "double", Date = "date", Checkbox = "boolean", Email = "email", Picklist = "picklist", Lookup = "reference" }

local function here() return (debug.getinfo(1, "S").source:match("^@(.*)/twin/schema%.lua$")) or "." end

local function of(e, name) return twin.xml.child(e, name) and twin.xml.text(twin.xml.child(e, name)) end

local function custom_field(e)
	local kind = of(e, "type")
	local f = field(of(e, "fullName"), KINDS[kind] or error("setup/: a field of the kind " .. tostring(kind)), { label = of(e, "label"), custom = true })
	f.length = tonumber(of(e, "length") or (kind == "Email" and 80) or (kind == "Picklist" and 255) or nil)
	f.scale, f.precision = tonumber(of(e, "scale")), tonumber(of(e, "precision"))
	f.unique, f.externalId = of(e, "unique") == "true", of(e, "externalId") == "true"
	f.idLookup = f.externalId
	if kind == "Checkbox" then f.nillable, f.default = false, of(e, "defaultValue") == "true" end
	if kind == "Lookup" then f.to, f.relation, f.length = of(e, "referenceTo"), (f.name:gsub("__c$", "__r")), 18 end
	if kind == "Picklist" then
		f.values, f.restricted = {}, true
		for _, v in ipairs(twin.xml.children(twin.xml.child(twin.xml.child(e, "valueSet"), "valueSetDefinition"), "value")) do
			f.values[#f.values + 1] = of(v, "fullName")
		end
	end
	return f
end

local function read_object(name)
	local file = io.open(("%s/setup/objects/%s.object"):format(here(), name))
	if not file then return nil end
	local e = assert(twin.xml.parse(file:read("a")))
	file:close()
	return e
end

local function add(object, list)
	for _, f in ipairs(list) do
		if f.name then
			object.fields[#object.fields + 1] = f
			object.by_name[f.name:lower()] = f
		else
			add(object, f)
		end
	end
end

local function new_object(name, def)
	local object = { name = name, prefix = def.prefix, parent = def.parent, custom = name:find("__c$") ~= nil, fields = {}, by_name = {}, children = CHILDREN[name] or {} }
	add(object, { field("Id", "id", { createable = false, updateable = false, nillable = false, length = 18, idLookup = true }) })
	add(object, def)
	schema.objects[name:lower()] = object
	return object
end

local function currency_code() return pick("CurrencyIsoCode", { "USD", "EUR", "GBP" }, { restricted = true, length = 3 }) end

-- As the settings want the org: with or without the package, with one currency or many.
function schema.build()
	schema.objects, schema.record_types = {}, {}
	for name, def in pairs(STANDARD) do new_object(name, def) end
	if twin.settings.currencies == "many" then
		for _, name in ipairs(MANY_CURRENCIES) do
			add(schema.objects[name:lower()], { currency_code() })
		end
	end
	-- "Account.Region__c:string Account.Credit__c:currency": what an administrator has added for himself
	for name, own, kind in twin.settings.own_fields:gmatch("(%w+)%.([%w_]+):(%w+)") do
		add(schema.objects[name:lower()], { field(own, kind, { custom = true, length = 80, scale = 2, precision = 18 }) })
	end
	if not twin.settings.package then return end
	new_object("MLC_LedgerAccount__c", { prefix = "a01", text("Name", 80, both(REQUIRED, { idLookup = true })), ref("OwnerId", "User", "Owner"), stamps() })
	if twin.settings.currencies == "many" then add(schema.objects["mlc_ledgeraccount__c"], { currency_code() }) end
	for _, object in pairs(schema.objects) do
		local e = read_object(object.name)
		for _, f in ipairs(e and twin.xml.children(e, "fields") or {}) do add(object, { custom_field(f) }) end
		for _, r in ipairs(e and twin.xml.children(e, "recordTypes") or {}) do
			schema.record_types[#schema.record_types + 1] = { object = object.name, name = of(r, "fullName"), label = of(r, "label") }
		end
	end
	table.sort(schema.record_types, function(a, b) return a.name < b.name end)
end

function schema.object(name) return schema.objects[tostring(name):lower()] end
function schema.field(object, name) return object.by_name[tostring(name):lower()] end

function schema.by_relation(object, relation)
	for _, f in ipairs(object.fields) do
		if f.relation and f.relation:lower() == relation:lower() then return f end
	end
end

-- The list of children of that name: object, and the field by which they point here.
function schema.children(object, name)
	for relation, def in pairs(object.children) do
		if relation:lower() == name:lower() then return schema.object(def[1]), def[2], relation end
	end
end

local SOAP = { string = "xsd:string", boolean = "xsd:boolean", currency = "xsd:double", double = "xsd:double", date = "xsd:date", datetime = "xsd:dateTime", id = "tns:ID", reference = "tns:ID" }

local function described_field(f)
	local values = twin.array {}
	for i, v in ipairs(f.values or {}) do values[i] = { active = true, defaultValue = false, label = v, validFor = twin.null, value = v } end
	return twin.object {
		{ "name", f.name }, { "label", f.label }, { "type", f.type }, { "soapType", SOAP[f.type] or "xsd:string" }, { "length", f.length or 0 }, { "precision", f.precision or 0 },
		{ "scale", f.scale or 0 }, { "nillable", f.nillable }, { "createable", f.createable }, { "updateable", f.updateable }, { "custom", f.custom or false },
		{ "externalId", f.externalId or false }, { "idLookup", f.idLookup or false }, { "unique", f.unique or false }, { "filterable", f.filterable }, { "sortable", f.type ~= "textarea" },
		{ "defaultedOnCreate", f.default ~= nil }, { "restrictedPicklist", f.restricted or false }, { "picklistValues", values },
		{ "referenceTo", twin.array(f.to and { f.to } or {}) }, { "relationshipName", f.relation or twin.null }, { "nameField", f.name == "Name" }, { "caseSensitive", false },
	}
end

function schema.brief(object)
	local base = "/services/data/v" .. (schema.version or "68.0") .. "/sobjects/" .. object.name
	return twin.object { { "name", object.name }, { "label", object.name:gsub("^MLC_", ""):gsub("__c$", "") }, { "labelPlural", object.name .. "s" }, { "keyPrefix", object.prefix }, { "custom", object.custom },
		{ "createable", true }, { "updateable", true }, { "deletable", true }, { "undeletable", true }, { "queryable", true }, { "retrieveable", true }, { "searchable", true }, { "replicateable", true },
		{ "mergeable", object.name == "Account" or object.name == "Contact" },
		{ "urls", { sobject = base, describe = base .. "/describe", rowTemplate = base .. "/{ID}" } } }
end

function schema.described(object)
	local out, fields, children = schema.brief(object), twin.array {}, twin.array {}
	for i, f in ipairs(object.fields) do fields[i] = described_field(f) end
	for relation, def in pairs(object.children) do
		children[#children + 1] = { childSObject = def[1], field = def[2], relationshipName = relation, cascadeDelete = schema.object(def[1]).parent == def[2], deprecatedAndHidden = false }
	end
	table.sort(children, function(a, b) return a.relationshipName < b.relationshipName end)
	out.fields, out.childRelationships, out.recordTypeInfos = fields, children, twin.array {}
	for _, r in ipairs(schema.record_types) do
		if r.object == object.name then
			out.recordTypeInfos[#out.recordTypeInfos + 1] = { active = true, available = true, developerName = r.name, name = r.label, recordTypeId = r.id, master = false }
		end
	end
	return out
end

return schema
