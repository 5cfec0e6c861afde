-- tenants/delta/mappings/organizations.lua - only what differs from the mapping as shipped.
return override "quickbooks_online.Customer->zendesk.customer@^1" {
  fields = {
    details = text "Customer {Id} in QuickBooks Online",
    organization_fields = {
      qbo_billing_contact = join(list { text "{GivenName} {FamilyName}", src "Mobile.FreeFormNumber", src "PrimaryPhone.FreeFormNumber" }, item(), ", "),
    },
  },
  owns = { "name", "external_id", "details", "tags.qbo_*", "organization_fields.qbo_*" },

  tests = {
    { name = "Delta writes the customer's number into the details, and calls mobiles first",
      like = "ZEN-01 ZEN-15 ZEN-31 ZEN-35 a new customer becomes an organization with his billing contact and address",
      change = { Mobile = { FreeFormNumber = "555-1" } },
      expect = { details = "Customer 16 in QuickBooks Online", organization_fields = { qbo_billing_contact = "Grace Pariente, 555-1, (415) 555-9933", qbo_role = "customer" } } },
    { name = "and nothing where there is none", like = "ZEN-01 ZEN-15 ZEN-31 ZEN-35 a new customer becomes an organization with his billing contact and address",
      change = { PrimaryPhone = none }, expect = { organization_fields = { qbo_billing_contact = "Grace Pariente" } } },
  },
}
