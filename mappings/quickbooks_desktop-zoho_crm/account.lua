-- account.lua - the way back: what sales people change on an account goes to its customer in QuickBooks.
--
-- Only accounts that are customers: not everybody in a CRM buys.  A tenant may have new accounts become customers
-- (`new_customers`).  An account that is deleted in Zoho asks a person, unless `account_deleted` says otherwise; a
-- customer who owes anything is never made inactive, and an invoice is never touched from here.

local params = shared "params"
local by_company = eq(param "account_name", "company")
local job = present(src "Parent_Account.id")

-- The nth line of a street; QuickBooks has five of 41 characters.
local function line(of, n)
  return trim { transliterate(compute { inputs = { street = src(of) }, result = "string", fn = n == 1 and function(v) return (v.street or ""):match("^([^\n]*)") end
      or n == 2 and function(v) return (v.street or ""):match("^[^\n]*\n([^\n]*)") end
      or n == 3 and function(v) return (v.street or ""):match("^[^\n]*\n[^\n]*\n([^\n]*)") end
      or n == 4 and function(v) return (v.street or ""):match("^[^\n]*\n[^\n]*\n[^\n]*\n([^\n]*)") end
      or function(v) return (v.street or ""):match("^[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*\n(.*)$") end }), max = 41, on_overflow = "truncate" }
end
local function short(path, most) return trim { transliterate(src(path)), max = most, on_overflow = "truncate" } end

return mapping {
  id = "zoho_crm.Accounts->quickbooks_desktop.customer", version = "1.0.0", language = 1,
  back_of = "quickbooks_desktop.Customer->zoho_crm.customer",
  title = "What changes on an account goes to its customer",
  from = { connector = "zoho_crm", entity = "Accounts" },
  to   = { connector = "quickbooks_desktop", entity = "Customer" },
  label = text "account {Account_Name}",

  params = {
    account_name = params.account_name,
    new_customers   = { type = "one_of", values = { "never", "all" }, default = "never", help = "never: an account that is no customer is left alone; all: every new account becomes a customer" },
    account_deleted = { type = "one_of", values = { "review", "deactivate" }, default = "review",
                        help = "an account that is deleted in Zoho: review asks; deactivate makes its customer inactive where his balance is 0. Zoho does not tell a merge from a deletion" },
  },

  accept = { { any { present(link "id"), eq(param "new_customers", "all") }, else_ = skip("no_customer", "{Account_Name} is no customer in QuickBooks") } },
  identity = src "id",
  order_by = src "Modified_Time",

  match = {
    { by = "link" },
    { by = { Email = lower(src "Books_Email") }, agree = all { absent(found "ParentRef"), ne(found "IsActive", false) },
      else_ = review("customer_unclear:{Books_Email}", "the customer with the e-mail {Books_Email} is inactive in QuickBooks, or a job") },
    { by = { FullName = src "Account_Name" }, confidence = 50 },
    on_none = "create", accept_at = 80,
    on_many = review("same_email:{Books_Email}", "several customers in QuickBooks have the e-mail {Books_Email}"),
  },

  fields = {
    -- Customers, vendors, employees and other names share one list of names in QuickBooks; a job's name is its path's last part.
    Name = when(absent(link "id"), unique_name { transliterate(src "Account_Name"), max = 41, among = { Entity = "FullName" }, suffixes = { src "Billing_City", src "id" } },
      when(not_(any { by_company, job }), trim { clean_name(transliterate(src "Account_Name")), max = 41, on_overflow = "truncate" })),
    CompanyName = when(any { by_company, absent(link "id") }, short("Account_Name", 41)),
    BillAddress = { Addr1 = line("Billing_Street", 1), Addr2 = line("Billing_Street", 2), Addr3 = line("Billing_Street", 3), Addr4 = line("Billing_Street", 4), Addr5 = line("Billing_Street", 5),
      City = short("Billing_City", 31), State = short("Billing_State", 21), PostalCode = short("Billing_Code", 13), Country = short("Billing_Country", 31) },
    Phone = short("Phone", 21), Fax = short("Fax", 21),
    Email = src "Books_Email",
  },
  owns = { "Name", "CompanyName", "BillAddress", "Phone", "Fax", "Email", adopted = "only_empty" },
  both_ways = { "Name", "CompanyName", "BillAddress", "Phone", "Fax", "Email" },
  on_conflict = "review",
  on_delete = { fields = {
    IsActive = when(all { eq(param "account_deleted", "deactivate"), eq(money(current "TotalBalance"), "0.00") }, false,
      review { cause = "account_deleted", why = "its account was deleted in Zoho (or merged into another one); the customer stays as he is", options = { "skip" } }),
  } },

  tests = {
    { name = "ZOHO-03 ZOHO-22 a phone that sales changed goes to the customer, and nothing else does",
      given = { id = "500001", Account_Name = "Contoso", Phone = "555 2", Billing_Street = "Contoso Ltd\n1 Row", Billing_City = "Reno", Books_Email = "books@contoso.example", Modified_Time = "2026-11-20T10:00:00Z" },
      link = { id = "80000001-1", base = { Name = "Contoso", Phone = "555 1", BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "1 Row", City = "Reno" }, Email = "books@contoso.example" } },
      current = { id = "80000001-1", Name = "Contoso", Phone = "555 1", BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "1 Row", City = "Reno" }, Email = "books@contoso.example" },
      expect = { action = "update 80000001-1", Phone = "555 2", Name = none, BillAddress = none, Email = none } },
    { name = "ZOHO-22 a street with three lines", like = 1, change = { Phone = "555 1", Billing_Street = "Contoso Ltd\n2 Row\nRear" },
      expect = { action = "update 80000001-1", BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "2 Row", Addr3 = "Rear", City = "Reno" }, Phone = none } },
    { name = "ZOHO-22 a rename", like = 1, change = { Phone = "555 1", Account_Name = "Contoso West" }, expect = { action = "update 80000001-1", Name = "Contoso West" } },
    { name = "ALL-11 a job keeps its name", like = 3, change = { Parent_Account = { id = "500009" } },
      link = { id = "80000001-1", base = { Phone = "555 1", BillAddress = { Addr1 = "Contoso Ltd", Addr2 = "1 Row", City = "Reno" }, Email = "books@contoso.example" } }, expect = { state = "nothing" } },
    { name = "an account that is no customer is left alone", given = { id = "500002", Account_Name = "Prospect" }, expect = { state = "skip", cause = "no_customer" } },
    { name = "unless a tenant wants it", like = 5, params = { new_customers = "all" }, expect = { action = "create", Name = "Prospect", CompanyName = "Prospect" } },
    { name = "a customer with that e-mail is the one", like = 6, change = { Books_Email = "p@example.com", Phone = "1" }, candidates = { Email = { { id = "80000007-1", Name = "P", IsActive = true } } },
      current = { id = "80000007-1", Name = "P", IsActive = true, Email = "P@example.com" }, expect = { action = "update 80000007-1", Phone = "1", Name = none } },
    { name = "ZOHO-23 ALL-12 an account that is deleted or merged asks a person", like = 1, deleted = true, current = { id = "80000001-1", TotalBalance = "0.00" }, expect = { state = "review", cause = "account_deleted" } },
    { name = "ZOHO-23 or makes a customer who owes nothing inactive, where that is allowed", like = 8, params = { account_deleted = "deactivate" }, expect = { action = "update 80000001-1", IsActive = false } },
    { name = "ZOHO-23 one who owes something is never made inactive", like = 9, current = { id = "80000001-1", TotalBalance = "12.00" }, expect = { state = "review", cause = "account_deleted" } },
    { name = "ALL-11 a job with the e-mail of an account is not its customer", like = 6, change = { Books_Email = "p@example.com" }, candidates = { Email = { { id = "80000007-1", Name = "P", IsActive = true, ParentRef = { id = "80000001-1" } } } }, expect = { state = "review", cause = "customer_unclear:p@example.com" } },
    { name = "nor is one who is inactive", like = 6, change = { Books_Email = "p@example.com" }, candidates = { Email = { { id = "80000007-1", Name = "P", IsActive = false } } }, expect = { state = "review", cause = "customer_unclear:p@example.com" } },
  },
}
