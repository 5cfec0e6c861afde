-- desk.lua - the account: records, the rules they keep, who hears of it (../SOURCES.md 3, 8).
local hooks = require "twin.hooks"

local desk = {}
local null, array = twin.null, twin.array

local FIRST_ID = 35000000000000 -- beyond 32 bits, as the real ones are

function desk.empty()
	return { next_id = FIRST_ID, next_tag = 0, organizations = {}, users = {}, memberships = {}, tickets = {}, comments = {},
		organization_fields = {}, user_fields = {}, ticket_fields = {}, custom_objects = {}, custom_object_records = {},
		webhooks = {}, queue = {}, sent = {}, jobs = {}, clients = {}, tokens = {}, codes = {}, api_tokens = {}, idempotency = {},
		mail = {}, limits = {} }
end

local function now() return twin.now() end

function desk.new_id()
	twin.state.next_id = twin.state.next_id + 17
	return twin.state.next_id
end

function desk.ids(kind)
	local list = {}
	for id in pairs(twin.state[kind]) do list[#list + 1] = id end
	table.sort(list)
	return list
end

-- ---- refusals -----------------------------------------------------------------------------------------

function desk.refuse(status, body) error({ answer = { status = status, json = body } }, 0) end

function desk.not_found() desk.refuse(404, { error = "RecordNotFound", description = "Not found" }) end

-- member = { {description, error}, .. }
function desk.invalid(details)
	for member, list in pairs(details) do details[member] = array(list) end
	desk.refuse(422, { error = "RecordInvalid", description = "Record validation errors", details = details })
end

local function taken(member, label, value)
	desk.invalid { [member] = { { description = ("%s: %s has already been taken"):format(label, value), error = "DuplicateValue" } } }
end

local function blank(member, label)
	desk.invalid { [member] = { { description = label .. ": cannot be blank", error = "BlankValue" } } }
end

local function given(value) return value ~= nil and value ~= null end
local function text_of(value) return given(value) and tostring(value) or nil end
local function trimmed(text) return (text:gsub("^%s+", ""):gsub("%s+$", "")) end

function desk.same(a, b) return a ~= nil and b ~= nil and tostring(a):lower() == tostring(b):lower() end

-- ---- custom fields ------------------------------------------------------------------------------------

local FIELD_TYPES = { checkbox = true, date = true, decimal = true, dropdown = true, integer = true, lookup = true, multiselect = true,
	regexp = true, text = true, textarea = true, tagger = true, partialcreditcard = true }

function desk.field_by_key(kind, key)
	for _, f in pairs(twin.state[kind]) do
		if desk.same(f.key, key) then return f end
	end
end

-- kind: organization_fields, user_fields, ticket_fields
function desk.new_field(kind, what)
	local title = text_of(what.title)
	if not title or trimmed(title) == "" then blank("title", "Title") end
	local type = what.type or (kind ~= "ticket_fields" and "text" or nil)
	if not FIELD_TYPES[type] then
		desk.invalid { type = { { description = ("Type: %s is not valid"):format(tostring(type)), error = "InvalidValue" } } }
	end
	local f = { id = desk.new_id(), type = type, title = title, description = text_of(what.description) or "", active = what.active ~= false,
		position = what.position or 9999, created = now(), updated = now(), tag = text_of(what.tag),
		relationship_target_type = text_of(what.relationship_target_type), relationship_filter = what.relationship_filter,
		regexp_for_validation = text_of(what.regexp_for_validation) }
	if kind ~= "ticket_fields" then
		f.key = text_of(what.key)
		if not f.key or not f.key:match("^[%w_]+$") or f.key:match("^%d+$") then
			desk.invalid { key = { { description = "Key: must only contain letters, digits and underscores", error = "InvalidFormat" } } }
		end
		if desk.field_by_key(kind, f.key) then taken("key", "Key", f.key) end
	end
	if type == "lookup" and not f.relationship_target_type then blank("relationship_target_type", "Relationship target type") end
	if type == "dropdown" or type == "tagger" or type == "multiselect" then desk.set_options(f, what.custom_field_options or {}) end
	twin.state[kind][f.id] = f
	return f
end

function desk.set_options(f, list)
	if #list == 0 then blank("custom_field_options", "Options") end
	local old, seen = {}, {}
	for _, o in ipairs(f.options or {}) do old[o.value] = o.id end
	f.options = {}
	for _, o in ipairs(list) do
		if not given(o.name) or not given(o.value) then blank("custom_field_options", "Option name and value") end
		if seen[o.value] then taken("custom_field_options", "Option", o.value) end
		seen[o.value] = true
		f.options[#f.options + 1] = { id = old[o.value] or desk.new_id(), name = o.name, value = o.value }
	end
end

function desk.edit_field(f, what)
	for _, name in ipairs { "title", "description", "tag", "regexp_for_validation" } do
		if given(what[name]) then f[name] = what[name] end
	end
	if what.active ~= nil then f.active = what.active end
	if given(what.position) then f.position = what.position end
	if given(what.relationship_filter) then f.relationship_filter = what.relationship_filter end
	if given(what.custom_field_options) then desk.set_options(f, what.custom_field_options) end
	f.updated = now()
end

local function option_of(f, value)
	for _, o in ipairs(f.options or {}) do
		if o.value == value then return o end
	end
end

local function wrong_value(f, why)
	desk.invalid { base = { { description = ("%s %s"):format(f.title, why), error = "InvalidValue" } } }
end

-- What is kept of a value; nil: none.
local function value_for(f, value)
	if not given(value) or value == "" then return nil end
	local text = tostring(value)
	if f.type == "decimal" or f.type == "integer" then
		if not text:match(f.type == "integer" and "^%-?%d+$" or "^%-?%d*%.?%d+$") then wrong_value(f, "is invalid: it must be a number") end
		return f.type == "integer" and math.tointeger(tonumber(text)) or tonumber(text) + 0.0
	elseif f.type == "checkbox" then
		return value == true or text == "true" or text == "1"
	elseif f.type == "date" then
		local day = text:match("^%d%d%d%d%-%d%d%-%d%d")
		if not day then wrong_value(f, "is not a valid date") end
		return day .. "T00:00:00+00:00"
	elseif f.type == "dropdown" or f.type == "tagger" then
		if not option_of(f, text) then wrong_value(f, ("'%s' is not a valid option"):format(text)) end
		return text
	elseif f.type == "multiselect" then
		for _, one in ipairs(type(value) == "table" and value or { value }) do
			if not option_of(f, one) then wrong_value(f, ("'%s' is not a valid option"):format(tostring(one))) end
		end
		return type(value) == "table" and value or { value }
	elseif f.type == "lookup" then
		local target = f.relationship_target_type or ""
		local kind = ({ ["zen:organization"] = "organizations", ["zen:user"] = "users", ["zen:ticket"] = "tickets" })[target]
		if kind and not twin.state[kind][math.tointeger(tonumber(text))] then wrong_value(f, "refers to a record that does not exist") end
		return text
	elseif f.type == "regexp" and f.regexp_for_validation then
		return text
	end
	if #text > 65535 then wrong_value(f, "is too long") end
	return text
end

-- Unknown keys are dropped without a word (SOURCES.md 8).  Tags follow dropdowns and checkboxes.
local function set_values(r, kind, values)
	local changed = {}
	if not given(values) then return changed end
	for key, value in pairs(values) do
		local f = desk.field_by_key(kind, key)
		if f and f.active then
			local new, old = value_for(f, value), r.values[f.key]
			if new ~= old then
				changed[#changed + 1] = { field = f, previous = old, current = new }
				r.values[f.key] = new
				local function tag(v) return f.type == "dropdown" and v or f.type == "checkbox" and v and f.tag or nil end
				desk.untag(r, tag(old))
				desk.tag(r, tag(new))
			end
		end
	end
	return changed
end

function desk.tag(r, tag)
	if not tag then return end
	for _, t in ipairs(r.tags) do
		if t == tag then return end
	end
	table.insert(r.tags, tag)
end

function desk.untag(r, tag)
	for i, t in ipairs(r.tags) do
		if t == tag then table.remove(r.tags, i) end
	end
end

-- The whole list is replaced, but for what fields put there.
local function set_tags(r, kind, list)
	local tags = {}
	for _, t in ipairs(list) do tags[#tags + 1] = tostring(t):lower():gsub("%s", "_") end
	r.tags = tags
	for key, value in pairs(r.values or {}) do
		local f = desk.field_by_key(kind, key)
		if f and f.type == "dropdown" then desk.tag(r, value) end
	end
end

-- ---- organizations ------------------------------------------------------------------------------------

function desk.organization_by(member, value)
	for _, id in ipairs(desk.ids("organizations")) do
		local o = twin.state.organizations[id]
		if not o.deleted and desk.same(member == "name" and o.name or o[member], member == "name" and trimmed(tostring(value)) or value) then
			return o
		end
	end
end

local ORGANIZATION_TEXTS = { "details", "notes" }

local function check_organization(o, what)
	if what.name ~= nil then
		local name = text_of(what.name) and trimmed(tostring(what.name)) or ""
		if name == "" then blank("name", "Name") end
		if #name > 255 then desk.invalid { name = { { description = "Name: is too long (maximum is 255 characters)", error = "ValueTooLong" } } } end
		local other = desk.organization_by("name", name)
		if other and other ~= o then taken("name", "Name", name) end
	end
	if given(what.external_id) then
		if type(what.external_id) == "table" then desk.refuse(400, { error = "InvalidValue", description = "external_id must be text" }) end
		local other = desk.organization_by("external_id", what.external_id)
		if other and other ~= o then taken("external_id", "External", tostring(what.external_id)) end
	end
	for _, name in ipairs(ORGANIZATION_TEXTS) do
		if given(what[name]) and #tostring(what[name]) > 65535 then
			desk.invalid { [name] = { { description = name .. ": is too long", error = "ValueTooLong" } } }
		end
	end
end

-- quiet: nothing is told (for imports).
local function fill_organization(o, what, is_new)
	check_organization(o, what)
	local told = {}
	local function tell(event, body) told[#told + 1] = { event, body } end
	if what.name ~= nil then
		local name = trimmed(tostring(what.name))
		if not is_new and name ~= o.name then tell("name_changed", { previous = o.name, current = name }) end
		o.name = name
	end
	if what.external_id ~= nil then
		local id = text_of(what.external_id)
		if not is_new and id ~= o.external_id then
			tell("external_id_changed", { previous = o.external_id or null, current = id or null })
		end
		o.external_id = id
	end
	for _, name in ipairs(ORGANIZATION_TEXTS) do
		if what[name] ~= nil then o[name] = text_of(what[name]) end
	end
	if what.group_id ~= nil then o.group_id = given(what.group_id) and what.group_id or nil end
	for _, name in ipairs { "shared_tickets", "shared_comments" } do
		if what[name] ~= nil then o[name] = what[name] == true end
	end
	if given(what.domain_names) then o.domain_names = twin.copy(type(what.domain_names) == "table" and what.domain_names or { what.domain_names }) end
	if given(what.tags) then
		local before = table.concat(o.tags, " ")
		set_tags(o, "organization_fields", what.tags)
		if not is_new and table.concat(o.tags, " ") ~= before then tell("tags_changed", { added = { tags = array(twin.copy(o.tags)) } }) end
	end
	for _, c in ipairs(set_values(o, "organization_fields", what.organization_fields)) do
		if not is_new then
			tell("custom_field_changed", { field = { id = tostring(c.field.id), title = c.field.title, type = c.field.type },
				previous = c.previous == nil and null or c.previous, current = c.current == nil and null or c.current })
		end
	end
	return told
end

function desk.new_organization(what)
	local o = { id = 0, tags = {}, domain_names = {}, values = {}, shared_tickets = false, shared_comments = false, created = now(), updated = now() }
	if what.name == nil then blank("name", "Name") end
	fill_organization(o, what, true)
	o.id = desk.new_id()
	twin.state.organizations[o.id] = o
	hooks.raise("organization.created", "organization", o.id, {})
	return o
end

function desk.edit_organization(o, what)
	local told = fill_organization(o, what, false)
	o.updated = now()
	for _, t in ipairs(told) do hooks.raise("organization." .. t[1], "organization", o.id, t[2]) end
	return o
end

-- By id or external id only, never by name.
function desk.create_or_update_organization(what)
	local o = given(what.id) and twin.state.organizations[what.id] or nil
	if given(what.id) and (not o or o.deleted) then desk.not_found() end
	if not o and given(what.external_id) then o = desk.organization_by("external_id", what.external_id) end
	if o then return desk.edit_organization(o, what), false end
	return desk.new_organization(what), true
end

function desk.delete_organization(o)
	o.deleted, o.updated = now(), now()
	for _, id in ipairs(desk.ids("memberships")) do
		if twin.state.memberships[id].organization_id == o.id then twin.state.memberships[id] = nil end
	end
	for _, u in pairs(twin.state.users) do
		if u.organization_id == o.id then u.organization_id, u.updated = nil, now() end
	end
	hooks.raise("organization.deleted", "organization", o.id, {})
end

function desk.merge_organization(loser, winner)
	for _, m in pairs(twin.state.memberships) do
		if m.organization_id == loser.id then m.organization_id = winner.id end
	end
	for _, kind in ipairs { "users", "tickets" } do
		for _, r in pairs(twin.state[kind]) do
			if r.organization_id == loser.id then r.organization_id, r.updated = winner.id, now() end
		end
	end
	loser.merged_into = winner.id
	winner.updated = now()
	desk.delete_organization(loser)
end

-- ---- users ---------------------------------------------------------------------------------------------

function desk.user_by_email(email)
	for _, id in ipairs(desk.ids("users")) do
		local u = twin.state.users[id]
		for _, i in ipairs(u.active and u.identities or {}) do
			if i.type == "email" and desk.same(i.value, email) then return u end
		end
	end
end

function desk.user_by_external_id(external_id)
	for _, id in ipairs(desk.ids("users")) do
		local u = twin.state.users[id]
		if u.active and desk.same(u.external_id, external_id) then return u end
	end
end

function desk.email_of(u)
	for _, i in ipairs(u.identities) do
		if i.type == "email" and i.primary then return i.value end
	end
end

local function check_user(u, what)
	if what.name ~= nil and (not text_of(what.name) or trimmed(tostring(what.name)) == "") then blank("name", "Name") end
	if given(what.email) then
		if not tostring(what.email):match("^[^@%s]+@[^@%s]+%.[^@%s]+$") then
			desk.invalid { email = { { description = ("Email: %s is not properly formatted"):format(what.email), error = "InvalidFormat" } } }
		end
		local other = desk.user_by_email(what.email)
		if other and other ~= u then taken("email", "Email", what.email) end
	end
	if given(what.external_id) then
		local other = desk.user_by_external_id(what.external_id)
		if other and other ~= u then taken("external_id", "External", what.external_id) end
	end
	if given(what.organization_id) then
		local o = twin.state.organizations[what.organization_id]
		if not o or o.deleted then
			desk.invalid { organization_id = { { description = "Organization: is invalid", error = "InvalidValue" } } }
		end
	end
	if given(what.role) and not ({ ["end-user"] = 1, agent = 1, admin = 1 })[what.role] then
		desk.invalid { role = { { description = "Role: is invalid", error = "InvalidValue" } } }
	end
end

function desk.add_identity(u, type, value, primary, verified)
	for _, i in ipairs(u.identities) do
		if primary then i.primary = false end
	end
	local i = { id = desk.new_id(), type = type, value = value, primary = primary, verified = verified, created = now(), updated = now() }
	table.insert(u.identities, i)
	return i
end

local function set_default_organization(u, id)
	for _, m in pairs(twin.state.memberships) do
		if m.user_id == u.id then m.default = false end
	end
	u.organization_id = id
	if not id then return end
	for _, m in pairs(twin.state.memberships) do
		if m.user_id == u.id and m.organization_id == id then
			m.default = true
			return
		end
	end
	local m = { id = desk.new_id(), user_id = u.id, organization_id = id, default = true, created = now(), updated = now() }
	twin.state.memberships[m.id] = m
end

local function fill_user(u, what, is_new)
	check_user(u, what)
	local told = {}
	local function set(name, event)
		if what[name] == nil then return end
		local value = given(what[name]) and what[name] or nil
		if not is_new and event and value ~= u[name] then
			told[#told + 1] = { event, { previous = u[name] == nil and null or u[name], current = value == nil and null or value } }
		end
		u[name] = value
	end
	set("name", "name_changed")
	set("external_id", "external_id_changed")
	set("notes", "notes_changed")
	set("details", "details_changed")
	set("role", "role_changed")
	for _, name in ipairs { "phone", "locale", "time_zone" } do set(name) end
	if what.suspended ~= nil then u.suspended = what.suspended == true end
	if given(what.tags) then set_tags(u, "user_fields", what.tags) end
	for _, c in ipairs(set_values(u, "user_fields", what.user_fields)) do
		if not is_new then
			told[#told + 1] = { "custom_field_changed", { field = { id = tostring(c.field.id), title = c.field.title, type = c.field.type },
				previous = c.previous == nil and null or c.previous, current = c.current == nil and null or c.current } }
		end
	end
	if given(what.email) and not desk.same(desk.email_of(u), what.email) then
		local first = desk.email_of(u) == nil or twin.settings.email_update == "primary"
		local there
		for _, i in ipairs(u.identities) do
			if desk.same(i.value, what.email) then there = i end
		end
		if not there then
			desk.add_identity(u, "email", what.email, first, what.verified == true)
			if not what.skip_verify_email and what.verified ~= true then
				table.insert(twin.state.mail, { to = what.email, about = is_new and "welcome" or "verify", at = now() })
			end
		end
	end
	if what.verified ~= nil then u.verified = what.verified == true end
	return told
end

function desk.new_user(what)
	local u = { id = 0, role = "end-user", tags = {}, values = {}, identities = {}, active = true, suspended = false, verified = false, created = now(),
		updated = now(), locale = "en-US", time_zone = "Eastern Time (US & Canada)" }
	if what.name == nil then blank("name", "Name") end
	fill_user(u, what, true)
	u.id = desk.new_id()
	twin.state.users[u.id] = u
	if given(what.organization_id) then set_default_organization(u, what.organization_id) end
	hooks.raise("user.created", "user", u.id, {})
	return u
end

function desk.edit_user(u, what)
	local told = fill_user(u, what, false)
	if what.organization_id ~= nil then
		local id = given(what.organization_id) and what.organization_id or nil
		if id ~= u.organization_id then set_default_organization(u, id) end
	end
	u.updated = now()
	for _, t in ipairs(told) do hooks.raise("user." .. t[1], "user", u.id, t[2]) end
	return u
end

function desk.create_or_update_user(what)
	local by_email = given(what.email) and desk.user_by_email(what.email) or nil
	local by_id = given(what.external_id) and desk.user_by_external_id(what.external_id) or nil
	if by_email and by_id and by_email ~= by_id then taken("email", "Email", what.email) end
	local u = by_email or by_id
	if u then return desk.edit_user(u, what), false end
	return desk.new_user(what), true
end

function desk.make_primary(u, identity)
	for _, i in ipairs(u.identities) do
		if i.type == identity.type then i.primary = i == identity end
	end
	u.updated = now()
end

function desk.delete_user(u)
	u.active, u.updated = false, now()
	for _, id in ipairs(desk.ids("memberships")) do
		if twin.state.memberships[id].user_id == u.id then twin.state.memberships[id] = nil end
	end
	hooks.raise("user.active_changed", "user", u.id, { previous = true, current = false })
end

-- ---- memberships --------------------------------------------------------------------------------------

function desk.new_membership(what)
	local u, o = twin.state.users[what.user_id], twin.state.organizations[what.organization_id]
	if not u or not u.active then desk.invalid { user_id = { { description = "User: is invalid", error = "InvalidValue" } } } end
	if not o or o.deleted then desk.invalid { organization_id = { { description = "Organization: is invalid", error = "InvalidValue" } } } end
	for _, m in pairs(twin.state.memberships) do
		if m.user_id == u.id and m.organization_id == o.id then taken("user_id", "User", tostring(u.id)) end
	end
	local m = { id = desk.new_id(), user_id = u.id, organization_id = o.id, default = what.default == true or u.organization_id == nil, created = now(),
		updated = now() }
	twin.state.memberships[m.id] = m
	if m.default then set_default_organization(u, o.id) end
	u.updated = now()
	hooks.raise("user.organization_membership_created", "user", u.id, { organization = { id = tostring(o.id), name = o.name } })
	return m
end

function desk.delete_membership(m)
	twin.state.memberships[m.id] = nil
	local u = twin.state.users[m.user_id]
	if u and u.organization_id == m.organization_id then
		u.organization_id = nil
		for _, other in pairs(twin.state.memberships) do
			if other.user_id == u.id then set_default_organization(u, other.organization_id) end
		end
	end
end

-- ---- tickets -------------------------------------------------------------------------------------------

local STATUSES = { new = 1, open = 1, pending = 1, hold = 1, solved = 1, closed = 1 }
local PRIORITIES = { urgent = 1, high = 1, normal = 1, low = 1 }
local TYPES = { problem = 1, incident = 1, question = 1, task = 1 }

local function one_of(what, name, allowed)
	if given(what[name]) and not allowed[what[name]] then
		desk.invalid { [name] = { { description = ("%s: %s is not valid"):format(name, tostring(what[name])), error = "InvalidValue" } } }
	end
end

local function check_ticket(what)
	one_of(what, "status", STATUSES)
	one_of(what, "priority", PRIORITIES)
	one_of(what, "type", TYPES)
	for _, name in ipairs { "requester_id", "submitter_id", "assignee_id" } do
		if given(what[name]) and not twin.state.users[what[name]] then
			desk.invalid { [name] = { { description = name .. ": is invalid", error = "InvalidValue" } } }
		end
	end
	if given(what.organization_id) and not twin.state.organizations[what.organization_id] then
		desk.invalid { organization_id = { { description = "Organization: is invalid", error = "InvalidValue" } } }
	end
end

local function fill_ticket(t, what, is_new)
	check_ticket(what)
	local told = {}
	for _, name in ipairs { "subject", "status", "priority", "type", "external_id", "assignee_id", "organization_id", "group_id", "due_at", "requester_id" } do
		if what[name] ~= nil then
			local value = given(what[name]) and what[name] or nil
			if not is_new and t[name] ~= value and (name == "status" or name == "priority" or name == "subject" or name == "organization_id") then
				told[#told + 1] = { (name == "organization_id" and "organization" or name) .. "_changed",
					{ previous = t[name] == nil and null or t[name], current = value == nil and null or value } }
			end
			t[name] = value
		end
	end
	if given(what.tags) then set_tags(t, "ticket_fields", what.tags) end
	for _, c in ipairs(given(what.custom_fields) and what.custom_fields or {}) do
		local f = twin.state.ticket_fields[math.tointeger(tonumber(c.id))]
		if f then
			t.values[tostring(f.id)] = value_for(f, c.value)
			if f.type == "tagger" and given(c.value) then desk.tag(t, c.value) end
			if not is_new then told[#told + 1] = { "custom_field_changed", { field = { id = tostring(f.id) } } } end
		end
	end
	return told
end

function desk.comment(t, what, author)
	local c = { id = desk.new_id(), ticket_id = t.id, author_id = author, body = what.body or what.html_body or "", public = what.public ~= false, created = now() }
	twin.state.comments[c.id] = c
	return c
end

-- by: the user who calls
function desk.new_ticket(what, by)
	local comment = given(what.comment) and what.comment or given(what.description) and { body = what.description } or nil
	if not comment or trimmed(tostring(comment.body or comment.html_body or "")) == "" then
		desk.invalid { base = { { description = "Description: cannot be blank", error = "BlankValue" } } }
	end
	local t = { id = 0, status = "open", tags = {}, values = {}, created = now(), updated = now() }
	if given(what.requester) and not given(what.requester_id) then
		local u = given(what.requester.email) and desk.user_by_email(what.requester.email) or nil
		what.requester_id = (u or desk.new_user { name = what.requester.name or what.requester.email, email = what.requester.email }).id
	end
	what.requester_id = given(what.requester_id) and what.requester_id or by
	if not given(what.organization_id) then what.organization_id = twin.state.users[what.requester_id] and twin.state.users[what.requester_id].organization_id end
	fill_ticket(t, what, true)
	t.submitter_id = given(what.submitter_id) and what.submitter_id or by
	t.id = #desk.ids("tickets") + 1
	t.description = comment.body or comment.html_body
	twin.state.tickets[t.id] = t
	desk.comment(t, comment, t.submitter_id)
	hooks.raise("ticket.created", "ticket", t.id, {})
	return t
end

function desk.edit_ticket(t, what, by)
	if t.status == "closed" then
		desk.invalid { status = { { description = "Status: closed prevents ticket update", error = "InvalidValue" } } }
	end
	if what.safe_update then
		local stamp = text_of(what.updated_stamp)
		if not stamp then desk.refuse(400, { error = "InvalidValue", description = "updated_stamp is needed with safe_update" }) end
		if twin.from_iso(stamp) ~= t.updated // 1000 * 1000 then
			desk.refuse(409, { error = "UpdateConflict", description = "Safe Update prevented the update due to outdated ticket data" })
		end
	end
	local told = fill_ticket(t, what, false)
	if given(what.comment) then desk.comment(t, what.comment, by) end
	t.updated = math.max(now(), t.updated + 1000)
	for _, e in ipairs(told) do hooks.raise("ticket." .. e[1], "ticket", t.id, e[2]) end
	return t
end

function desk.delete_ticket(t)
	t.status, t.updated = "deleted", now()
	hooks.raise("ticket.soft_deleted", "ticket", t.id, {})
end

-- ---- custom objects -------------------------------------------------------------------------------------

function desk.new_object(what)
	for _, name in ipairs { "key", "title", "title_pluralized" } do
		if not text_of(what[name]) then blank(name, name) end
	end
	if not what.key:match("^[a-z0-9_]+$") then desk.invalid { key = { { description = "Key: is invalid", error = "InvalidFormat" } } } end
	if twin.state.custom_objects[what.key] then taken("key", "Key", what.key) end
	local o = { key = what.key, title = what.title, title_pluralized = what.title_pluralized, description = text_of(what.description) or "",
		fields = {}, created = now(), updated = now() }
	twin.state.custom_objects[o.key] = o
	return o
end

function desk.object_record_by(key, external_id)
	for _, r in pairs(twin.state.custom_object_records) do
		if r.key == key and desk.same(r.external_id, external_id) then return r end
	end
end

local function fill_object_record(r, what)
	local object = twin.state.custom_objects[r.key]
	if what.name ~= nil then
		if not text_of(what.name) then blank("name", "Name") end
		r.name = text_of(what.name)
	end
	if given(what.external_id) then
		local other = desk.object_record_by(r.key, what.external_id)
		if other and other ~= r then taken("external_id", "External", what.external_id) end
		r.external_id = text_of(what.external_id)
	end
	for key, value in pairs(given(what.custom_object_fields) and what.custom_object_fields or {}) do
		local f = object.fields[key]
		if not f then desk.invalid { base = { { description = ("'%s' is not a valid field"):format(key), error = "InvalidValue" } } } end
		r.values[key] = value_for(f, value)
	end
	r.updated = now()
end

function desk.new_object_record(key, what)
	local r = { id = "01J" .. twin.hex(twin.random(8)):upper(), key = key, values = {}, created = now(), updated = now() }
	if what.name == nil then blank("name", "Name") end
	fill_object_record(r, what)
	twin.state.custom_object_records[r.id] = r
	return r
end

desk.edit_object_record = fill_object_record

return desk
