-- auth.lua - who is calling: Basic, keys in the query, OAuth 1.0a; as WC_REST_Authentication does (../SOURCES.md 2).
local auth = {}

local WINDOW_MS = 15 * 60000

local function refused(text, code)
	return nil, { status = 401, code = code or "woocommerce_rest_authentication_error", message = text }
end

-- What PHP thinks: behind a proxy that ends TLS it does not know.
function auth.is_ssl(req) return req.scheme == "https" and not twin.settings.behind_proxy end

local function by_basic(req)
	local key, secret = req.args.consumer_key, req.args.consumer_secret
	if not (key and secret) then
		local given = (req.headers.authorization or ""):match("^[Bb]asic%s+(.+)$")
		local text = given and twin.unbase64(given)
		if text then key, secret = text:match("^([^:]*):(.*)$") end
	end
	local known = key and twin.state.keys[key]
	if not known then return nil end
	if known.secret ~= secret then return refused("Consumer secret is invalid.") end
	return known
end

-- Parameters named oauth_*, from the header or the query; the query's own besides.
local function oauth_parameters(req)
	local all, oauth = {}, {}
	for _, pair in ipairs(req.arg_list) do all[#all + 1] = { pair[1], pair[2] } end
	local header = (req.headers.authorization or ""):match("^[Oo][Aa]uth%s+(.+)$")
	for part in (header or ""):gmatch("[^,]+") do
		local name, value = part:match('^%s*([%w_]+)="?([^"]*)"?%s*$')
		if name and name ~= "realm" then all[#all + 1] = { name, twin.url_decode(value) } end
	end
	for _, pair in ipairs(all) do
		if pair[1]:match("^oauth_") then oauth[pair[1]] = pair[2] end
	end
	return oauth, all
end

-- PHP knows a[]=x as a[0]=x: what was sent with [] never verifies.
local function as_php(all)
	local list, next_index = {}, {}
	for _, pair in ipairs(all) do
		local base = pair[1]:match("^(.*)%[%]$")
		if base then
			next_index[base] = (next_index[base] or -1) + 1
			list[#list + 1] = { ("%s[%d]"):format(base, next_index[base]), pair[2] }
		else
			list[#list + 1] = pair
		end
	end
	return list
end

function auth.base_string(method, url, all)
	local parts = {}
	local list = {}
	for _, pair in ipairs(as_php(all)) do
		if pair[1] ~= "oauth_signature" then list[#list + 1] = pair end
	end
	table.sort(list, function(a, b) return a[1] < b[1] end)
	for _, pair in ipairs(list) do parts[#parts + 1] = twin.url_encode(pair[1]) .. "=" .. twin.url_encode(pair[2]) end
	return ("%s&%s&%s"):format(method, twin.url_encode(url), twin.url_encode(table.concat(parts, "&")))
end

local NEEDED = { "oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method" }
local HASHES = { ["HMAC-SHA256"] = "sha256", ["HMAC-SHA1"] = "sha1" }

local function by_oauth(req)
	local oauth, all = oauth_parameters(req)
	if not next(oauth) then return nil end
	for _, name in ipairs(NEEDED) do
		if not oauth[name] then return refused("Missing OAuth parameter " .. name, "woocommerce_rest_authentication_missing_parameter") end
	end
	local known = twin.state.keys[oauth.oauth_consumer_key]
	if not known then return refused("Consumer key is invalid.") end
	local hash = HASHES[oauth.oauth_signature_method]
	if not hash then return refused("Invalid signature - signature method is invalid.") end
	-- The address as the site believes it is, not as the caller wrote it.
	local home = twin.settings.home ~= "" and twin.settings.home or twin.url()
	local url = (home:gsub("^https?://", auth.is_ssl(req) and "https://" or "http://")) .. req.raw_path
	local base = auth.base_string(req.method, url, all)
	if twin.base64(twin.hmac(hash, known.secret .. "&", base)) ~= oauth.oauth_signature:gsub(" ", "+") then
		return refused("Invalid signature - provided signature does not match.")
	end
	local at = (tonumber(oauth.oauth_timestamp) or 0) * 1000
	if math.abs(twin.now() - at) > WINDOW_MS then return refused("Invalid timestamp.") end
	local seen = oauth.oauth_consumer_key .. " " .. oauth.oauth_nonce
	if (twin.state.nonces[seen] or 0) >= twin.now() - WINDOW_MS then
		return refused("Invalid nonce - nonce has already been used.")
	end
	twin.state.nonces[seen] = at
	return known
end

-- The key that calls; nil: nobody; nil, error: somebody who must not.
function auth.caller(req)
	if not req.target:find("wp-json/wc/", 1, true) and not req.target:find("wp-json/wc-", 1, true) then return nil end
	local key, why
	if auth.is_ssl(req) then key, why = by_basic(req) end
	if not key and not why then key, why = by_oauth(req) end
	if why then return nil, why end
	if not key then return nil end
	local reads = req.method == "GET" or req.method == "HEAD"
	if reads and key.permission == "write" then return refused("The API key provided does not have read permissions.") end
	if not reads and req.method ~= "OPTIONS" and key.permission == "read" then
		return refused("The API key provided does not have write permissions.")
	end
	return key
end

function auth.may(key) return key ~= nil and (key.role == "administrator" or key.role == "shop_manager") end

return auth
