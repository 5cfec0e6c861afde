-- adjustment.lua - an adjustment of an invoice as a document of its own: the same for what is added and what is taken off.

-- Zuora's own numbers have 12 characters.
local number = trim { text "{param.doc_prefix}{AdjustmentNumber}", max = 11, on_overflow = "last_digits" }

return {
  params = {
    adjustment_item = { type = "name", of = "Item", default = "Adjustment", help = "the item for adjustments of invoices" },
    tax             = { type = "one_of", values = { "quickbooks", "line", "off" }, default = "quickbooks", help = "see invoice.lua" },
    non_code        = { type = "name", of = "SalesTaxCode", default = "Non" },
  },
  -- Of accept.
  is_charge = { eq(src "Type", "Charge"), else_ = skip("other_type", "adjustment {AdjustmentNumber} takes off its invoice") },
  is_credit = { eq(src "Type", "Credit"), else_ = skip("other_type", "adjustment {AdjustmentNumber} adds to its invoice") },
  processed = { any { eq(src "Status", "Processed"), present(link "id") }, else_ = skip("not_processed", "adjustment {AdjustmentNumber} is {Status}") },

  -- total: what a candidate comes to.
  match = function(total)
    return { { by = "link" },
      { by = { RefNumber = number }, agree = all { eq(found "CustomerRef", ref "customer"), eq(total, money(src "Amount")), within_days(found "TxnDate", src "AdjustmentDate", param "adopt_within_days") },
        else_ = review { cause = "number_taken:{param.doc_prefix}{AdjustmentNumber}", why = "QuickBooks has a document of this number with another customer, total or date", options = { "adopt", "create", "skip" } } },
      on_none = "create" }
  end,
  needs = {
    customer = ensure { "zuora.account->quickbooks_desktop.Customer", of = { entity = "account", id = src "AccountId" } },
    original = fetch { side = "source", entity = "invoice", id = src "InvoiceId", on_none = review("invoice_gone", "the invoice {InvoiceNumber} of this adjustment is not in Zuora any more") },
  },

  number = number,
  memo = transliterate(join { list { text "Zuora adjustment {AdjustmentNumber} of {InvoiceNumber}", src "ReasonCode", src "Comment" }, item(), ", " }),
  lines = lines { one { ItemRef = param "adjustment_item", Desc = transliterate(text "Adjustment of {InvoiceNumber}"), Amount = money(src "Amount"), SalesTaxCodeRef = when(ne(param "tax", "off"), param "non_code") } },
  on_delete = {
    when = all { present(link "id"), eq(src "Status", "Canceled") },
    void_if = all { eq(count(current "LinkedTxn"), 0), not_(le(current "TxnDate", lock_date())) },
    else_ = review("deleted_after_post", "adjustment {AdjustmentNumber} was cancelled in Zuora; in QuickBooks it is used, or of a closed month"),
  },
}
