"""A Zuora tenant without Invoice Settlement, and one whose books hold sales receipts: after each document both sides say the same."""
from decimal import Decimal

from lib import equal, holds, promise, run
from lib.billing import Billing, charge


def classic(**more):
    return Billing(zuora={"invoice_settlement": "false"}, connection=", invoice_settlement = false", **more)


@promise("ZUO-32: an adjustment takes off its invoice or adds to it, and what the customer owes is the same after each")
def adjustments():
    bed = classic()
    bed.settle()
    account = bed.account()
    invoice = bed.invoice(account, charge("100.00", "7.25"))
    bed.settle()
    bed.both_agree()
    bed.zuora.post(f"/invoices/{invoice['id']}/adjust", {"amount": "12.00", "type": "Credit", "comment": "Goodwill"})
    bed.settle()
    bed.both_agree()
    equal(bed.document("Invoice", "INV00000001")["balance"], "95.25", "set against its invoice")
    equal([(d["number"], d["total"]) for d in bed.documents("CreditMemo")], [("IA-00000001", "12.00")], "as a credit memo")
    bed.zuora.post(f"/invoices/{invoice['id']}/adjust", {"amount": "5.00", "type": "Charge"})
    bed.settle()
    bed.both_agree()
    equal(bed.document("Invoice", "IA-00000002")["total"], "5.00", "what is added stands by itself")
    equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")


@promise("ZUO-33: without Invoice Settlement money goes back out of what it had paid; its invoices are open again here, too")
def refunded_of_what_was_paid():
    bed = classic()
    bed.settle()
    account = bed.account()
    one, two = bed.invoice(account, charge("100.00")), bed.invoice(account, charge("60.00"))
    payment = bed.pay(account, "160.00", (one, "100.00"), (two, "60.00"))
    bed.settle()
    bed.both_agree()
    equal((bed.document("Invoice", "INV00000001")["balance"],
           bed.document("Invoice", "INV00000002")["balance"]), ("0.00", "0.00"))
    bed.zuora.post(f"/payments/{payment['id']}/refund", {"amount": "110.00"})
    bed.settle()
    bed.both_agree()
    equal((bed.document("Invoice", "INV00000001")["balance"],
           bed.document("Invoice", "INV00000002")["balance"]), ("100.00", "10.00"), "open again")
    equal([d["total"] for d in bed.documents("ARRefundCreditCard")], ["110.00"], "one refund out of two invoices")
    equal(bed.account_balance("Stripe Clearing"), Decimal("50.00"), "what is left of the payment")
    equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")


@promise("ZUO-04: a sales receipt is money: what a credit memo has paid in part is asked about, "
         "and so is a receipt whose money went back")
def receipts_are_money():
    bed = Billing(params='document = "sales_receipt", receipt_deposit_to = "Checking",')
    bed.settle()
    before = bed.account_balance("Checking")
    account = bed.account()
    one, two = bed.invoice(account, charge("100.00")), bed.invoice(account, charge("60.00"))
    bed.zuora.post("/credit_memos", {"account": account["id"], "invoice": one["id"], "lines": [charge("30.00")],
                                     "apply": [{"invoice": one["id"], "amount": "30.00"}]})
    bed.pay(account, "70.00", (one, "70.00"))
    paid = bed.pay(account, "60.00", (two, "60.00"))
    bed.settle()
    equal([(d["number"], d["total"]) for d in bed.documents("SalesReceipt")], [("INV00000002", "60.00")],
          "the one that money paid")
    equal(bed.account_balance("Checking") - before, Decimal("60.00"))
    equal([d["cause"] for d in bed.waiting()], ["paid_by_credit"], "the other is asked about")
    bed.zuora.post(f"/payments/{paid['id']}/unapply", {"invoices": [{"invoice": two["id"], "amount": "60.00"}]})
    bed.settle()
    equal(sorted(d["cause"] for d in bed.waiting()), ["paid_by_credit", "paid_no_more"], "and that whose money went back")
    holds(bed.books_are_sound(), "the books are in order")


if __name__ == "__main__":
    run()
