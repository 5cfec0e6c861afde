-- refund.lua - what is refunded of a payment or a credit memo, and by which way: the same for cards and checks.

local number = trim { text "{param.doc_prefix}{refundNumber}", max = 11, on_overflow = param "number_too_long" }
local of_payment = eq(src "sourceType", "Payment")
local way = pick(param "refund_by", src "methodType", "card")
local amount = money(src "amount")
-- Without Invoice Settlement one payment goes back in as many rows as it had paid invoices.
local sources = join { "refundApplications", first { item "paymentId", item "creditMemoId" }, "+", unique = true }

return {
  params = {
    document        = { type = "one_of", values = { "invoice", "sales_receipt" }, default = "invoice", help = "see invoice.lua" },
    refund_by       = { type = "table", help = "by method of a refund in Zuora (CreditCard, ACH, Check, ...): card (out of the account that the money had come to) or check; card where it is not named" },
    refund_from     = { type = "table", of = "Account", help = "by method: the account that money goes back from, where it is another than deposit_to names; the bank account of checks" },
  },
  accept = function(by)
    return {
      { any { eq(src "status", "Processed"), present(link "id") }, else_ = skip("not_processed", "refund {refundNumber} is {status}: no money") },
      { eq(way, by), else_ = skip("other_way", "refund {refundNumber} goes back another way") },
      { all { present(sources), not_(matches(sources, "*+*")) }, else_ = review { cause = "refund_of_several", why = "refund {refundNumber} is of several payments or memos: enter it in QuickBooks by hand", options = { "skip" } } },
    }
  end,
  by_number = function(is_his)
    return { by = { RefNumber = number }, agree = all { is_his, within_days(found "TxnDate", src "refundDate", param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}{refundNumber}", why = "QuickBooks has a refund of this number with another customer, amount or date", options = { "adopt", "create", "skip" } } }
  end,
  needs = {
    customer = ensure { "zuora.account->quickbooks_desktop.Customer", of = { entity = "account", id = src "accountId" } },
    -- Un-applied before it was refunded: that goes first.
    payment = ensure { "zuora.payment->quickbooks_desktop.ReceivePayment", of = { entity = "payment", id = src "refundApplications[1].paymentId" }, if_ = of_payment, anew = absent(link "id"),
                on_none = skip("no_payment", "the payment of refund {refundNumber} is not in the books") },
    memo    = ensure { "zuora.credit_memo->quickbooks_desktop.CreditMemo", of = { entity = "credit_memo", id = src "refundApplications[1].creditMemoId" }, if_ = not_(of_payment),
                on_none = skip("no_credit_memo", "the credit memo of refund {refundNumber} is not in the books") },
  },

  number = number,
  amount = amount,
  memo = transliterate(join { list { text "Zuora refund {refundNumber}", src "reasonCode", src "comment" }, item(), ", " }),
  -- What it is set against; how the list calls the amount differs.
  applied = function(amount_name)
    return lines {
      one { if_ = of_payment, TxnID = ref "payment", [amount_name] = amount },
      one { if_ = not_(of_payment), TxnID = ref "memo", [amount_name] = amount },
    }
  end,
  on_delete = {
    when = all { present(link "id"), one_of(src "status", { "Canceled", "Error" }) },
    void_if = not_(le(current "TxnDate", lock_date())),
    else_ = review("deleted_after_post", "refund {refundNumber} is {status} in Zuora; in QuickBooks it is of a closed month"),
  },
}
