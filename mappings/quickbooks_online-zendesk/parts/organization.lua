-- organization.lua - which organization is whose, and what it says of him: the same for customers and vendors.
--
-- shared "organization" { role = "customer", other = "vendor", entity = "Customer", is_another = ..., take = ... }: is_another says of a
-- customer of the same company without an e-mail that he is one to be told apart, take which members that looks at.

return function(who)
  local email = lower(src "PrimaryEmailAddr.Address")
  -- QuickBooks writes " (deleted)" behind the name of who is made inactive; that is no other name.
  local display = replace(src "DisplayName", " (deleted)", "")
  local name = when(eq(param "name_from", "company"), first { src "CompanyName", display }, display)
  local ours, theirs = text("qbo:{account}:" .. who.role .. ":{Id}"), text("qbo:{account}:" .. who.other .. ":")
  -- An organization of that name which is the other's of the same books is no hit, and not in the way.
  local others = row("named", starts(item "external_id", theirs), item "id")
  local home = row("people", present(item "organization_id"), item "organization_id.id")
  -- An organization that people have made keeps the name they gave it.
  local keeps_its_name = any { ne(first { link "made", "created" }, "created"),
    all { absent(link "id"), not_(decided "create"), any { present(home), decided "adopt", present(row("named", absent(item "external_id"), item "id")) } } }
  local alone = le(count("namesakes", who.is_another), 1)

  return {
    params = {
      name_from = { type = "one_of", values = { "display_name", "company" }, default = "display_name",
                    help = "what new organizations are called: by the display name, which is unique in QuickBooks, or by the company's name where there is one" },
    },

    -- Of accept.
    active = { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{DisplayName} is inactive, and never was in Zendesk") },
    told_apart = { any { present(email), present(link "id"), decided "adopt", decided "create", alone },
      else_ = review("same_company:{CompanyName}", "several " .. who.role .. "s of the company {CompanyName} have no e-mail to tell them apart") },

    needs = {
      people      = query { entity = "user", where = { email = email }, take = { "id", "organization_id" }, if_ = present(email) },
      memberships = query { entity = "organization_membership", where = { user_id = row("people", present(item "id"), item "id") }, if_ = present(email) },
      named       = query { entity = "organization", where = { name = name }, take = { "id", "external_id" } },
      namesakes   = query { side = "source", entity = who.entity, where = { CompanyName = src "CompanyName" }, take = who.take,
                            if_ = all { absent(email), absent(link "id") } },
    },

    match = {
      { by = "link" },
      { by = { external_id = ours } },
      { by = { id = when(gt(count("memberships"), 1),
          review("many_organizations:{PrimaryEmailAddr.Address}", "{PrimaryEmailAddr.Address} belongs to several organizations in Zendesk"), home) },
        agree = absent(found "external_id"), confidence = 90,
        else_ = review("other_role:{PrimaryEmailAddr.Address}", "{PrimaryEmailAddr.Address} is at an organization that is another " .. who.role .. "'s, or a " .. who.other .. "'s") },
      { by = { name = name }, if_ = all { absent(email), absent(others) }, agree = absent(found "external_id"), confidence = 80,
        else_ = review("name_taken:{DisplayName}", "the organization called like {DisplayName} is another " .. who.role .. "'s") },
      -- Zendesk has each name once: a new one of that name would be refused for ever.
      { by = { name = name }, if_ = all { present(email), absent(others) }, agree = absent(src "Id"),
        else_ = review("name_exists:{DisplayName}", "nobody with the e-mail {PrimaryEmailAddr.Address} is known in Zendesk, but there is an organization called like {DisplayName}") },
      on_none = "create", on_many = review("many_organizations:{DisplayName}", "several organizations in Zendesk could be {DisplayName}"), accept_at = 80,
    },

    fields = {
      -- One company that buys and sells is two organizations, told apart.
      name = trim { when(not_(keeps_its_name), when(present(others), join(list { name, "(" .. who.role .. ")" }, item(), " "), name)), max = 255, on_overflow = "truncate" },
      external_id = ours,
      tags = list { "qbo_" .. who.role, when(eq(src "Active", false), "qbo_inactive") },
      organization_fields = {
        qbo_role = who.role,
        qbo_active = ne(src "Active", false),
        qbo_billing_contact = join(list { text "{GivenName} {FamilyName}", src "PrimaryPhone.FreeFormNumber" }, item(), ", "),
        qbo_billing_email = email,
        qbo_billing_address = join(list { src "BillAddr.Line1", src "BillAddr.Line2", src "BillAddr.Line3", src "BillAddr.Line4", src "BillAddr.Line5",
          text "{BillAddr.City} {BillAddr.CountrySubDivisionCode} {BillAddr.PostalCode}", src "BillAddr.Country" }, item(), "\n"),
      },
    },
    owns = { "name", "external_id", "tags.qbo_*", "organization_fields.qbo_*" },
    both_ways = { name = "theirs", external_id = "ours", ["organization_fields.qbo_role"] = "ours" },
    on_delete = { fields = { organization_fields = { qbo_active = false } } },
  }
end
