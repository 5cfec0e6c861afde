-- currencies.lua - a company file that keeps several currencies: who has which, at what rate, and what that is in its own.
-- Source: Intuit, "Using the multicurrency feature with the SDK"; the refusals: reference sections 7 and 8.  Gains and losses by a
-- rate that moved between an invoice and its payment are not posted.
local decimal = require "decimal"
local values = require "twin.values"
local company = require "twin.company"
local refuse = values.refuse

local currencies = {}

-- Name, code, what one of it is worth in US dollars.
local LIST = { { "US Dollar", "USD", "1" }, { "Euro", "EUR", "1.25" }, { "Canadian Dollar", "CAD", "0.75" } }

-- A person switches it on in the preferences, once and for ever.
function currencies.switch_on(co)
	if company.keeps_currencies(co) then return end
	co.preferences.IsMultiCurrencyOn = "true"
	for _, row in ipairs(LIST) do
		local currency = company.insert(co, "Currency", { Name = row[1], CurrencyCode = row[2], IsActive = "true",
			IsUserDefinedCurrency = "false", ExchangeRate = row[3], AsOfDate = company.today() })
		if row[2] == "USD" then co.preferences.HomeCurrencyRef = currency.id end
	end
end

-- The id of a name's or an account's currency.
local function of_record(co, record) return record and record.f.CurrencyRef or co.preferences.HomeCurrencyRef end

local function name_in(co, id)
	for _, list in ipairs { "Customer", "Vendor", "Employee", "OtherName" } do
		if id and co.lists[list][id] then return co.lists[list][id] end
	end
end

-- A document's currency is its name's; one without a name has that of the account it is drawn on.
function currencies.of(co, txn)
	if not company.keeps_currencies(co) then return nil end
	local name = name_in(co, txn.type ~= "Check" and txn.customer or txn.f.PayeeEntityRef or txn.f.VendorRef)
	return of_record(co, name or co.lists.Account[txn.f.AccountRef or txn.f.BankAccountRef or ""])
end

local function is_foreign(co, txn)
	local currency = currencies.of(co, txn)
	return currency and currency ~= co.preferences.HomeCurrencyRef
end

-- One unit in the file's own currency, five places.
function currencies.rate(co, txn)
	if not is_foreign(co, txn) then return 100000 end
	return txn.rate or values.five(co.lists.Currency[currencies.of(co, txn)].f.ExchangeRate)
end

function currencies.at_home(co, txn, amount)
	return is_foreign(co, txn) and decimal.divide(amount * currencies.rate(co, txn), 100000) or amount
end

-- The receivables account of a currency; QuickBooks makes one with the first document.
local function receivable(co, currency)
	for _, id in ipairs(co.order.Account) do
		local account = co.lists.Account[id]
		if account.f.AccountType == "AccountsReceivable" and of_record(co, account) == currency then return id end
	end
	return company.insert(co, "Account", { Name = "Accounts Receivable - " .. co.lists.Currency[currency].f.CurrencyCode,
		AccountType = "AccountsReceivable", CurrencyRef = currency }).id
end

local ACCOUNTS = { ARAccountRef = "AR Account", DepositToAccountRef = "Account", RefundFromAccountRef = "Account", AccountRef = "Account" }
local RECEIVED = { Invoice = true, CreditMemo = true, ReceivePayment = true, ARRefundCreditCard = true }

-- What a request says of rate and accounts must fit the document's currency.
function currencies.check(co, txn, given)
	if not company.keeps_currencies(co) then
		if given.ExchangeRate and given.ExchangeRate ~= "" then company.feature_off() end
		return
	end
	local currency = currencies.of(co, txn)
	if given.ExchangeRate and given.ExchangeRate ~= "" then txn.rate = values.five(given.ExchangeRate) end
	if RECEIVED[txn.type] and not txn.f.ARAccountRef and is_foreign(co, txn) then txn.f.ARAccountRef = receivable(co, currency) end
	for field, called in pairs(ACCOUNTS) do
		local account = co.lists.Account[txn.f[field] or ""]
		local its = account and of_record(co, account)
		if its and its ~= currency and (field == "ARAccountRef" or its ~= co.preferences.HomeCurrencyRef) then
			refuse(3140, 'There is an invalid reference to QuickBooks %s "%s" in the %s.  QuickBooks error message: The currency of the account must be either in home currency or the transaction currency.',
				called, account.f.Name, txn.type)
		end
	end
end

-- The postings of a document in the file's own currency; what they were stays with them.  The first one takes the cent that is over.
function currencies.convert(co, txn)
	if not is_foreign(co, txn) then return end
	local sum, counter = 0, nil
	for _, p in ipairs(txn.postings) do
		if not p.foreign and not p.at_home then
			p.foreign, p.amount = p.amount, currencies.at_home(co, txn, p.amount)
			counter = counter or p
		end
		sum = sum + p.amount
	end
	if counter then counter.amount = counter.amount - sum end
end

-- Who has had documents in one currency never gets another one.
function currencies.check_name(co, record, given, used)
	if not given.CurrencyRef or not company.keeps_currencies(co) then return end
	if company.resolve(co, "Currency", given.CurrencyRef, record.object).id ~= of_record(co, record) and used then
		refuse(3210, 'The "CurrencyRef" field has an invalid value.  QuickBooks error message: The currency of a name with transactions cannot be changed.')
	end
end

function currencies.told(co, record)
	return company.keeps_currencies(co) and of_record(co, record) or nil
end

return currencies
