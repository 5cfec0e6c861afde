-- contact.lua - the person whom a customer names in QuickBooks becomes a contact of his account.

local params = shared "params"

return mapping {
  id = "quickbooks_desktop.Customer->zoho_crm.contact", version = "1.0.0", language = 1,
  title = "The person whom a customer names becomes a contact",
  from = { connector = "quickbooks_desktop", entity = "Customer" },
  to   = { connector = "zoho_crm", entity = "Contacts" },
  label = text "contact {FirstName} {LastName} of {FullName}",

  params = { books = params.books, contacts = params.contacts },
  enabled = eq(param "contacts", true),

  accept = {
    { present(src "LastName"), else_ = skip("no_person", "{FullName} names no person") },
    { absent(src "ParentRef"), else_ = skip("job", "{FullName} is a job: its person is the customer's") },
  },
  identity = src "ListID",
  order_by = src "TimeModified",
  needs = { account = ensure { "quickbooks_desktop.Customer->zoho_crm.customer" } },
  -- Two people of one name are two people: only within the account a name counts.
  match = {
    { by = "link" },
    { by = { External_Id = text "{param.books}-{ListID}" } },
    { by = { Account_Name = ref "account", Email = lower(src "Email") }, agree = eq(lower(found "Last_Name"), lower(src "LastName")),
      else_ = review("same_email:{Email}", "another contact of that account has the e-mail {Email}") },
    { by = { Account_Name = ref "account", Last_Name = src "LastName", First_Name = src "FirstName" } },
    on_none = "create", on_many = review("same_person:{LastName}", "several contacts of that account are called {FirstName} {LastName}"),
  },

  fields = {
    Account_Name = ref "account",
    First_Name = src "FirstName", Last_Name = src "LastName", Title = src "JobTitle",
    Email = lower(src "Email"), Phone = first { src "AltPhone", src "Phone" }, Mobile = src "Mobile",
    External_Id = text "{param.books}-{ListID}",
  },
  owns = { "Account_Name", "First_Name", "Last_Name", "Title", "Email", "Phone", "Mobile", "External_Id", adopted = "only_empty" },
  on_conflict = "theirs",
  on_delete = "nothing",

  tests = {
    { name = "ZOHO-21 the person of a customer is a contact of his account",
      given = { ListID = "80000001-1", FullName = "Contoso", FirstName = "Ada", LastName = "Byron", JobTitle = "Owner", Email = "Ada@Contoso.example", Phone = "1" },
      refs = { account = "500001" },
      expect = { action = "create", Account_Name = "500001", First_Name = "Ada", Last_Name = "Byron", Title = "Owner", Email = "ada@contoso.example", Phone = "1", External_Id = "QB-80000001-1" } },
    { name = "ZOHO-21 one of that name in another account is another person", like = 1, candidates = { Last_Name = { { id = "600009", Last_Name = "Byron" } } }, expect = { action = "create" } },
    { name = "who is there already is adopted", like = 1, candidates = { ["Account_Name + Email"] = { { id = "600001", Last_Name = "BYRON" } } },
      current = { id = "600001", Last_Name = "BYRON", First_Name = "Ada", Phone = "2", Email = "ada@contoso.example" },
      expect = { action = "update 600001", Phone = none, Title = "Owner", Account_Name = "500001" } },
    { name = "a shared mailbox is nobody's proof", like = 1, candidates = { ["Account_Name + Email"] = { { id = "600001", Last_Name = "Babbage" } } }, expect = { state = "review", cause = "same_email:Ada@Contoso.example" } },
    { name = "a company without a person has none", like = 1, change = { LastName = none }, expect = { state = "skip", cause = "no_person" } },
    { name = "ALL-11 a job makes no second contact", like = 1, change = { ParentRef = { id = "80000000-1" } }, expect = { state = "skip", cause = "job" } },
  },
}
