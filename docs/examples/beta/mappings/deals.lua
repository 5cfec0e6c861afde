-- tenants/beta/mappings/deals.lua - only what differs from the mapping as shipped.
return override "quickbooks_desktop.Invoice->zoho_crm.invoice@^1" {
  tables = {
    stages = { Open = "Negotiation/Review", Overdue = "Negotiation/Review" },  -- won only when it is paid
  },

  fields = {
    Deal_Name = trim { text "{CustomerRef.name} / {RefNumber}", max = 120, on_overflow = "truncate" },
    Next_Step = when(eq(src "IsPaid", false), text "due {DueDate}", clear),
  },

  tests = {
    { name = "Beta's own names and stages", like = "ZOHO-02 ZOHO-21 ZOHO-28 ZOHO-35 an invoice is a won deal with account, contact, and every line with quantity, price and total",
      expect = { Deal_Name = "Contoso / 1007", Stage = "Negotiation/Review", Next_Step = "due 2026-12-10", Amount = "50.41" } },
    { name = "what is paid is won", like = "ZOHO-39 what is paid is paid", expect = { Stage = "Closed Won" } },
  },
}
