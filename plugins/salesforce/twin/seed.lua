-- seed.lua - what an org holds at the start: its user, price books, record types; and a few prospects of the sales people.
local org = require "twin.org"
local schema = require "twin.schema"

local seed = {}

local function add(name, body)
	local object = schema.object(name)
	local row = { Id = org.new_id(object.prefix), IsDeleted = false, CreatedDate = org.now(), LastModifiedDate = org.now(), SystemModstamp = org.now(),
		CreatedById = twin.state.user, LastModifiedById = twin.state.user }
	for k, v in pairs(body) do row[k] = v end
	for _, f in ipairs(object.fields) do
		if f.default ~= nil and row[f.name] == nil then row[f.name] = f.default end
	end
	if schema.field(object, "CurrencyIsoCode") and not row.CurrencyIsoCode then row.CurrencyIsoCode = twin.settings.currency end
	org.rows(object)[row.Id] = row
	return row
end

function seed.org()
	local user = add("User", { Name = "Integration User", Username = twin.settings.user, Email = twin.settings.user })
	twin.state.user = user.Id
	twin.state.person = add("User", { Name = "Sam Sales", Username = "sam@acme.example", Email = "sam@acme.example" }).Id
	twin.state.org = add("Organization", { Name = twin.settings.name, OrganizationType = twin.settings.edition, TimeZoneSidKey = "America/Los_Angeles", LanguageLocaleKey = "en_US" }).Id
	add("Pricebook2", { Name = "Standard Price Book", IsActive = true, IsStandard = true })
	for _, r in ipairs(schema.record_types) do
		r.id = add("RecordType", { Name = r.label, DeveloperName = r.name, SobjectType = r.object }).Id
	end
	org.forget_indices()
end

-- Sales has known two of the books' customers for a while, one of them under another spelling.
function seed.sales()
	local how = { user = twin.state.person }
	org.insert(schema.object "Account", { Name = "Northwind Traders", Type = "Prospect", Phone = "(555) 010-0100", BillingCity = "Seattle", Website = "https://northwind.example" }, how)
	local a = org.insert(schema.object "Account", { Name = "Contoso Ltd", Type = "Prospect", BillingCity = "Reno" }, how)
	org.insert(schema.object "Opportunity", { Name = "Contoso: 500 mugs", AccountId = a.Id, StageName = "Negotiation/Review", CloseDate = "2026-12-31", Amount = 4200.0 }, how)
end

return seed
