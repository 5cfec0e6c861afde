-- contact.lua - whom to write to becomes a user in Zendesk: the same for customers and vendors.
--
-- A person is his e-mail.  Somebody whom Zendesk knows already keeps his name and his own organization; only what is empty is
-- filled.  Agents and administrators are left alone: what they are called is the help desk's affair.
--
-- shared "contact" { tag = "qbo_billing_contact", organization = "quickbooks_online.Customer->zendesk.customer", who = "billing contacts" }

return function(is)
  local email = lower(src "PrimaryEmailAddr.Address")

  return {
    params = { contacts = { type = "bool", default = true, help = is.who .. " become users, in their organizations" } },
    enabled = eq(param "contacts", true),

    -- Of accept.
    has_email = { present(email), else_ = skip("no_email", "{DisplayName} has no e-mail, and nobody to write to") },
    active = { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{DisplayName} is inactive, and never was in Zendesk") },

    needs = { organization = ensure { is.organization, on_none = skip("no_organization", "{DisplayName} has no organization in Zendesk") } },
    match = {
      { by = "link" },
      { by = { email = email }, agree = any { absent(found "role"), eq(found "role", "end-user") },
        else_ = skip("agent", "{PrimaryEmailAddr.Address} works for the help desk, and is left as he is") },
      on_none = "create", on_many = "review",
    },
    fields = {
      name = trim { first { text "{GivenName} {FamilyName}", replace(src "DisplayName", " (deleted)", "") }, max = 255, on_overflow = "truncate" },
      email = email,
      phone = src "PrimaryPhone.FreeFormNumber",
      organization_id = ref "organization",
      tags = list { is.tag },
    },
    owns = { "name", "email", "phone", "organization_id", "tags.qbo_*", adopted = "only_empty" },
  }
end
