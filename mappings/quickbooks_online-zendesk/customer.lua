-- customer.lua - a customer in QuickBooks Online becomes an organization in Zendesk.
--
-- Who he is: name, billing address, contact, whether he is still active.  Somebody whose e-mail Zendesk knows already belongs
-- to an organization: that one is it.  Only a customer without an e-mail is looked for by name.  What he owes:
-- customer_figures.lua and customer_notes.lua; who gets the bills, as a person: customer_contact.lua.

local job = present(src "ParentRef")
local email = lower(src "PrimaryEmailAddr.Address")
-- QuickBooks writes " (deleted)" behind the name of who is made inactive; that is no other name.
local display = replace(src "DisplayName", " (deleted)", "")
local name = when(eq(param "name_from", "company"), first { src "CompanyName", display }, display)
local ours = text "qbo:{account}:customer:{Id}"
local theirs = text "qbo:{account}:vendor:"
-- An organization of that name which is a vendor's of the same books is no hit, and not in the way.
local vendors = row("named", starts(item "external_id", theirs), item "id")
local home = row("people", present(item "organization_id"), item "organization_id.id")
-- An organization that people have made keeps the name they gave it.
local keeps_its_name = any { ne(first { link "made", "created" }, "created"),
  all { absent(link "id"), not_(decided "create"), any { present(home), decided "adopt", present(row("named", absent(item "external_id"), item "id")) } } }
local alone = le(count("namesakes", all { absent(item "ParentRef"), ne(item "Active", false) }), 1)

return mapping {
  id = "quickbooks_online.Customer->zendesk.customer", version = "1.0.0", language = 1,
  title = "Customers become organizations",
  from = { connector = "quickbooks_online", entity = "Customer" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "customer {DisplayName}",

  params = {
    jobs      = { type = "one_of", values = { "roll_up", "own_account" }, default = "roll_up",
                  help = "roll_up: sub-customers have no organization, what they owe is the top customer's; own_account: each is an organization" },
    name_from = { type = "one_of", values = { "display_name", "company" }, default = "display_name",
                  help = "what new organizations are called: by the display name, which is unique in QuickBooks, or by the company's name where there is one" },
  },

  accept = {
    { any { not_(job), eq(param "jobs", "own_account") }, else_ = skip("job", "{DisplayName} is a sub-customer; what it owes is its top customer's") },
    { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{DisplayName} is inactive, and never was in Zendesk") },
    { any { present(email), present(link "id"), decided "adopt", decided "create", alone },
      else_ = review("same_company:{CompanyName}", "several customers of the company {CompanyName} have no e-mail to tell them apart") },
  },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = {
    people      = query { entity = "user", where = { email = email }, take = { "id", "organization_id" }, if_ = present(email) },
    memberships = query { entity = "organization_membership", where = { user_id = row("people", present(item "id"), item "id") }, if_ = present(email) },
    named       = query { entity = "organization", where = { name = name }, take = { "id", "external_id" } },
    namesakes   = query { side = "source", entity = "Customer", where = { CompanyName = src "CompanyName" }, take = { "ParentRef", "Active" },
                          if_ = all { absent(email), absent(link "id") } },
  },

  match = {
    { by = "link" },
    { by = { external_id = ours } },
    { by = { id = when(gt(count("memberships"), 1),
        review("many_organizations:{PrimaryEmailAddr.Address}", "{PrimaryEmailAddr.Address} belongs to several organizations in Zendesk"), home) },
      agree = absent(found "external_id"), confidence = 90,
      else_ = review("other_role:{PrimaryEmailAddr.Address}", "{PrimaryEmailAddr.Address} is at an organization that is another customer's, or a vendor's") },
    { by = { name = name }, if_ = all { absent(email), absent(vendors) }, agree = absent(found "external_id"), confidence = 80,
      else_ = review("name_taken:{DisplayName}", "the organization called like {DisplayName} is another customer's") },
    -- Zendesk has each name once: a new one of that name would be refused for ever.
    { by = { name = name }, if_ = all { present(email), absent(vendors) }, agree = absent(src "Id"),
      else_ = review("name_exists:{DisplayName}", "nobody with the e-mail {PrimaryEmailAddr.Address} is known in Zendesk, but there is an organization called like {DisplayName}") },
    on_none = "create", on_many = review("many_organizations:{DisplayName}", "several organizations in Zendesk could be {DisplayName}"), accept_at = 80,
  },

  fields = {
    -- One company that buys and sells is two organizations, told apart.
    name = trim { when(not_(keeps_its_name), when(present(vendors), join(list { name, "(customer)" }, item(), " "), name)), max = 255, on_overflow = "truncate" },
    external_id = ours,
    tags = list { "qbo_customer", when(eq(src "Active", false), "qbo_inactive") },
    organization_fields = {
      qbo_role = "customer",
      qbo_active = ne(src "Active", false),
      qbo_billing_contact = join(list { text "{GivenName} {FamilyName}", src "PrimaryPhone.FreeFormNumber" }, item(), ", "),
      qbo_billing_email = email,
      qbo_billing_address = join(list { src "BillAddr.Line1", src "BillAddr.Line2", src "BillAddr.Line3", src "BillAddr.Line4", src "BillAddr.Line5",
        text "{BillAddr.City} {BillAddr.CountrySubDivisionCode} {BillAddr.PostalCode}", src "BillAddr.Country" }, item(), "\n"),
    },
  },

  owns = { "name", "external_id", "tags.qbo_*", "organization_fields.qbo_*" },
  both_ways = { name = "theirs", external_id = "ours", ["organization_fields.qbo_role"] = "ours" },
  on_conflict = "ours",
  on_delete = { fields = { organization_fields = { qbo_active = false } } },

  tests = {
    defaults = { today = "2026-11-20", facts = { source = { identity = "4620", currency = "USD" } } },
    { name = "ZEN-01 ZEN-15 ZEN-31 ZEN-35 a new customer becomes an organization with his billing contact and address",
      given = { Id = "16", SyncToken = "0", DisplayName = "Cool Cars", CompanyName = "Cool Cars Ltd", GivenName = "Grace", FamilyName = "Pariente", Active = true,
        PrimaryEmailAddr = { Address = "Billing@CoolCars.example" }, PrimaryPhone = { FreeFormNumber = "(415) 555-9933" },
        BillAddr = { Line1 = "65 Ocean Dr.", City = "Half Moon Bay", CountrySubDivisionCode = "CA", PostalCode = "94213" } },
      expect = { action = "create", name = "Cool Cars", external_id = "qbo:4620:customer:16", tags = { "qbo_customer" },
        organization_fields = { qbo_role = "customer", qbo_active = true, qbo_billing_contact = "Grace Pariente, (415) 555-9933",
          qbo_billing_email = "billing@coolcars.example", qbo_billing_address = "65 Ocean Dr.\nHalf Moon Bay CA 94213" } } },
    { name = "a tenant may prefer the company's name", like = 1, params = { name_from = "company" }, expect = { name = "Cool Cars Ltd" } },
    { name = "ZEN-23 the e-mail leads to the organization of whom Zendesk knows by it, which keeps its name", like = 1,
      rows = { people = { { id = 71, organization_id = { id = "900" } } }, memberships = { { organization_id = { id = "900" } } } },
      candidates = { id = { { id = "900", name = "CoolCars (VIP)" } } },
      current = { id = "900", name = "CoolCars (VIP)", tags = { "vip" }, organization_fields = {} },
      expect = { action = "update 900", name = none, external_id = "qbo:4620:customer:16", tags = { "vip", "qbo_customer" } } },
    { name = "ZEN-23 several organizations of one e-mail wait for a person", like = 1,
      rows = { people = { { id = 71, organization_id = { id = "900" } } }, memberships = { { organization_id = { id = "900" } }, { organization_id = { id = "901" } } } },
      expect = { state = "review", cause = "many_organizations:Billing@CoolCars.example" } },
    { name = "ZEN-02 ZEN-23 an organization that is another's already is not taken", like = 1,
      rows = { people = { { id = 71, organization_id = { id = "900" } } }, memberships = { { organization_id = { id = "900" } } } },
      candidates = { id = { { id = "900", name = "Cool", external_id = "qbo:4620:vendor:9" } } },
      expect = { state = "review", cause = "other_role:Billing@CoolCars.example" } },
    { name = "ZEN-42 an e-mail that nobody has, but the name is there: a person is asked, nothing is refused for ever", like = 1,
      rows = { named = { { id = 900, name = "Cool Cars" } } }, candidates = { name = { { id = "900", name = "Cool Cars" } } },
      expect = { state = "review", cause = "name_exists:Cool Cars" } },
    { name = "ZEN-42 whom the person chooses is adopted", like = 6, choice = { choice = "adopt", id = "900" }, current = { id = "900", name = "Cool Cars", tags = {} },
      expect = { action = "update 900", name = none, external_id = "qbo:4620:customer:16" } },
    { name = "ZEN-24 ZEN-39 without an e-mail the name leads to the organization", like = 1, change = { PrimaryEmailAddr = none },
      rows = { named = { { id = 900, name = "Cool Cars" } }, namesakes = { {} } }, candidates = { name = { { id = "900", name = "Cool Cars" } } }, current = { id = "900", name = "Cool Cars" },
      expect = { action = "update 900", external_id = "qbo:4620:customer:16", organization_fields = { qbo_billing_email = none } } },
    { name = "ZEN-39 without e-mail and without an organization of that name one is made", like = 1, change = { PrimaryEmailAddr = none }, rows = { namesakes = { {} } },
      expect = { action = "create", name = "Cool Cars" } },
    { name = "ZEN-40 several customers of one company without an e-mail wait for a person, and nothing is written", like = 1, change = { PrimaryEmailAddr = none },
      rows = { namesakes = { { Active = true }, { Active = true } } }, expect = { state = "review", cause = "same_company:Cool Cars Ltd" } },
    { name = "ZEN-40 sub-customers and inactive ones of that company are no others", like = 1, change = { PrimaryEmailAddr = none },
      rows = { namesakes = { { Active = true }, { Active = true, ParentRef = { id = "16" } }, { Active = false } } }, expect = { action = "create" } },
    { name = "ZEN-40 an organization of that name that is another customer's waits for a person", like = 1, change = { PrimaryEmailAddr = none },
      rows = { named = { { id = 900, external_id = "qbo:4620:customer:99" } }, namesakes = { {} } }, candidates = { name = { { id = "900", external_id = "qbo:4620:customer:99" } } },
      expect = { state = "review", cause = "name_taken:Cool Cars" } },
    { name = "ZEN-02 a vendor of the same name is told apart", like = 1, rows = { named = { { id = 900, external_id = "qbo:4620:vendor:30" } } },
      expect = { action = "create", name = "Cool Cars (customer)" } },
    { name = "ALL-14 ZEN-22 an organization that bears our id is it, whatever it is called", like = 1,
      candidates = { external_id = { { id = "900", name = "Old", external_id = "qbo:4620:customer:16" } } }, current = { id = "900", name = "Old", external_id = "qbo:4620:customer:16" },
      expect = { action = "update 900", name = "Cool Cars" } },
    { name = "ZEN-31 ZEN-32 a new billing contact follows, and only what changed is sent", like = 1, change = { GivenName = "Gus", DisplayName = "Cool Cars" },
      link = { id = "900", made = "created", base = { name = "Cool Cars", external_id = "qbo:4620:customer:16", tags = { "qbo_customer" },
        organization_fields = { qbo_role = "customer", qbo_active = true, qbo_billing_contact = "Grace Pariente, (415) 555-9933", qbo_billing_email = "billing@coolcars.example",
          qbo_billing_address = "65 Ocean Dr.\nHalf Moon Bay CA 94213" } } },
      current = { id = "900", name = "Cool Cars", external_id = "qbo:4620:customer:16", tags = { "qbo_customer", "gold" },
        organization_fields = { qbo_role = "customer", qbo_active = true, qbo_billing_contact = "Grace Pariente, (415) 555-9933", qbo_billing_email = "billing@coolcars.example",
          qbo_billing_address = "65 Ocean Dr.\nHalf Moon Bay CA 94213" } },
      expect = { action = "update 900", name = none, tags = none, organization_fields = { qbo_billing_contact = "Gus Pariente, (415) 555-9933" } } },
    { name = "ZEN-22 the same record again writes nothing", like = 15, change = { GivenName = "Grace" }, expect = { state = "nothing" } },
    { name = "ZEN-32 a rename follows where the organization is ours", like = 15, change = { GivenName = "Grace", DisplayName = "Cooler Cars" }, expect = { action = "update 900", name = "Cooler Cars" } },
    { name = "what an agent renamed stays", like = 17, current = { id = "900", name = "CC", external_id = "qbo:4620:customer:16", tags = { "qbo_customer" },
        organization_fields = { qbo_role = "customer", qbo_active = true, qbo_billing_contact = "Grace Pariente, (415) 555-9933", qbo_billing_email = "billing@coolcars.example",
          qbo_billing_address = "65 Ocean Dr.\nHalf Moon Bay CA 94213" } }, expect = { state = "nothing" } },
    { name = "ZEN-09 ZEN-32 who is made inactive is marked, and keeps his name", like = 15, change = { GivenName = "Grace", Active = false, DisplayName = "Cool Cars (deleted)" },
      expect = { action = "update 900", name = none, tags = { "qbo_customer", "gold", "qbo_inactive" }, organization_fields = { qbo_active = false } } },
    { name = "ZEN-09 one who is inactive and unknown is left out", like = 1, change = { Active = false }, expect = { state = "skip", cause = "inactive" } },
    { name = "ALL-12 ZEN-09 one that is gone is marked, too, and nothing is deleted", like = 15, deleted = true, expect = { action = "update 900", organization_fields = { qbo_active = false } } },
    { name = "ALL-11 ZEN-41 a sub-customer has no organization of its own", like = 1, change = { ParentRef = { id = "19" } }, expect = { state = "skip", cause = "job" } },
    { name = "ALL-11 unless the tenant wants it", like = 1, change = { ParentRef = { id = "19" } }, params = { jobs = "own_account" }, expect = { action = "create" } },
  },
}
