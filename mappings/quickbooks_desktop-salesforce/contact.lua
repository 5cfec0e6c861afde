-- contact.lua - the person whom a customer names in QuickBooks becomes a contact of his account.

local params = shared "params"

return mapping {
  id = "quickbooks_desktop.Customer->salesforce.contact", version = "1.0.0", language = 1,
  title = "The person whom a customer names becomes a contact",
  from = { connector = "quickbooks_desktop", entity = "Customer" },
  to   = { connector = "salesforce", entity = "Contact" },
  label = text "contact {FirstName} {LastName} of {FullName}",

  params = {
    jobs = params.jobs,
    contacts = { type = "bool", default = true, help = "whether the person whom a customer names becomes a contact of his account" },
  },
  enabled = eq(param "contacts", true),

  accept = {
    { present(src "LastName"), else_ = skip("no_person", "{FullName} names no person") },
    -- A job repeats its customer's person.
    { absent(src "ParentRef"), else_ = skip("job", "{FullName} is a job: its person is the customer's") },
  },
  identity = src "ListID",
  order_by = src "TimeModified",
  needs = { account = ensure { "quickbooks_desktop.Customer->salesforce.customer" } },
  match = {
    { by = "link" },
    { by = { AccountId = ref "account", LastName = src "LastName", FirstName = src "FirstName" } },
    { by = { AccountId = ref "account", Email = lower(src "Email") }, agree = eq(lower(found "LastName"), lower(src "LastName")),
      else_ = review("same_email:{Email}", "another contact of that account has the e-mail {Email}") },
    on_none = "create", on_many = review("same_person:{LastName}", "several contacts of that account are called {FirstName} {LastName}"),
  },

  fields = {
    AccountId = ref "account",
    Salutation = src "Salutation", FirstName = src "FirstName", LastName = src "LastName", Title = src "JobTitle",
    Email = lower(src "Email"), Phone = first { src "AltPhone", src "Phone" }, MobilePhone = src "Mobile", Fax = src "Fax",
  },
  owns = { "AccountId", "Salutation", "FirstName", "LastName", "Title", "Email", "Phone", "MobilePhone", "Fax", adopted = "only_empty" },
  on_conflict = "theirs",
  on_delete = "nothing",

  tests = {
    { name = "SF-11 the person of a customer is a contact of his account",
      given = { ListID = "80000001-1", FullName = "Contoso", FirstName = "Ada", LastName = "Byron", JobTitle = "Owner", Email = "Ada@Contoso.example", Phone = "1" },
      refs = { account = "001Ac0000000008IAA" },
      expect = { action = "create", AccountId = "001Ac0000000008IAA", FirstName = "Ada", LastName = "Byron", Title = "Owner", Email = "ada@contoso.example", Phone = "1" } },
    { name = "who is there already is adopted", like = 1, candidates = { ["AccountId + LastName + FirstName"] = { { id = "003Ac0000000001AAA", LastName = "Byron" } } },
      current = { id = "003Ac0000000001AAA", LastName = "Byron", FirstName = "Ada", Phone = "2", AccountId = { id = "001Ac0000000008IAA" } }, expect = { action = "update 003Ac0000000001AAA", Phone = none, Title = "Owner" } },
    { name = "a company without a person has none", like = 1, change = { LastName = none }, expect = { state = "skip", cause = "no_person" } },
    { name = "ALL-11 a job makes no second contact", like = 1, change = { ParentRef = { id = "80000000-1" } }, expect = { state = "skip", cause = "job" } },
  },
}
