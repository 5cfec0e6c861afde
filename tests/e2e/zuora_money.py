"""The money between Zuora and QuickBooks: after each kind of document what every customer owes is the same on both sides."""
from decimal import Decimal

from lib import equal, holds, promise, run
from lib.billing import Billing, charge


@promise("ZUO-04, ZUO-09, ZUO-10: a posted invoice is one in receivables; "
         "its payment lowers what the customer owes; number, dates, status and balance come back")
def invoice_and_payment():
    bed = Billing()
    bed.settle()
    before = bed.account_balance("Accounts Receivable")
    account = bed.account()
    invoice = bed.invoice(account, charge("100.00", "7.25"),
                          charge("40.00", name="Advice", code="Consulting", tax="2.90"), date="2026-11-03",
                          due="2026-12-03")
    bed.settle()
    posted = bed.document("Invoice", "INV00000001")
    equal((posted["total"], posted["date"]), ("150.15", "2026-11-03"), "posted once, with its tax, of its day")
    equal(bed.account_balance("Accounts Receivable") - before, Decimal("150.15"), "receivables rise by it")
    bed.pay(account, "50.15", (invoice, "50.15"))
    bed.settle()
    equal(bed.document("Invoice", "INV00000001")["balance"], "100.00", "the payment lowers it")
    equal(bed.account_balance("Stripe Clearing"), Decimal("50.15"), "and lies on its clearing account")
    bed.settle()
    told = next(i for i in bed.zuora.get("/invoices") if i["invoiceNumber"] == "INV00000001")
    equal((told["QBNumber__c"], told["QBDate__c"], told["QBDueDate__c"], told["QBStatus__c"], told["QBBalance__c"]),
          ("INV00000001", "2026-11-03", "2026-12-03", "partly paid", "100.00"), "what QuickBooks says of it")
    holds(told["QBTxnID__c"] == posted["id"], "and which it is")
    bed.both_agree()


@promise("ZUO-07, ZUO-33: one payment of several invoices, one in part; the unapplied rest stays unused; "
         "applying and un-applying later follow")
def applied_and_unapplied():
    bed = Billing()
    bed.settle()
    account = bed.account()
    one, two = bed.invoice(account, charge("100.00")), bed.invoice(account, charge("60.00"))
    payment = bed.pay(account, "150.00", (one, "100.00"), (two, "20.00"))
    bed.settle()
    bed.both_agree()
    paid = bed.document("ReceivePayment", "P-00000001")
    equal((paid["total"], paid["unused"]), ("150.00", "30.00"), "30.00 of it are applied nowhere")
    equal((bed.document("Invoice", "INV00000001")["balance"],
           bed.document("Invoice", "INV00000002")["balance"]), ("0.00", "40.00"))
    bed.zuora.post(f"/payments/{payment['id']}/unapply", {"invoices": [{"invoice": one["id"], "amount": "25.00"}]})
    bed.settle()
    equal(bed.document("Invoice", "INV00000001")["balance"], "25.00", "un-applied here, too")
    equal(bed.document("ReceivePayment", "P-00000001")["unused"], "55.00")
    bed.zuora.post(f"/payments/{payment['id']}/apply", {"invoices": [{"invoice": two["id"], "amount": "40.00"}]})
    bed.settle()
    equal((bed.document("Invoice", "INV00000002")["balance"],
           bed.document("ReceivePayment", "P-00000001")["unused"]), ("0.00", "15.00"), "applied elsewhere")
    equal(len(bed.documents("ReceivePayment")), 1, "still one payment")
    bed.both_agree()


@promise("ZUO-08: external payments count only where the tenant says so")
def external():
    bed = Billing(external=False)
    bed.settle()
    account = bed.account()
    invoice = bed.invoice(account, charge("100.00"))
    bed.pay(account, "30.00", (invoice, "30.00"), type="External", method="Check")
    bed.pay(account, "20.00", (invoice, "20.00"))
    bed.settle()
    equal([d["total"] for d in bed.documents("ReceivePayment")], ["20.00"], "the electronic one only")


@promise("ZUO-31: drafts wait, negative charges are lines, a total below zero is a credit memo, "
         "nothing at all is left out, and the charge's amount counts")
def kinds_of_invoices():
    bed = Billing()
    bed.settle()
    account = bed.account()
    draft = bed.invoice(account, charge("10.00"), status="Draft")
    bed.invoice(account, charge("33.33", quantity="3", price="11.10"), charge("-3.33", name="Discount"))
    bed.invoice(account, charge("-20.00", name="Credit back"))
    bed.invoice(account, charge("5.00"), charge("-5.00", name="Gift"))
    bed.settle()
    equal([(d["number"], d["total"]) for d in bed.documents("Invoice")], [("INV00000002", "30.00")], "invoices")
    equal([(d["number"], d["total"]) for d in bed.documents("CreditMemo")], [("INV00000003", "20.00")], "credit memos")
    lines = [line["amount"] for line in bed.document("Invoice", "INV00000002")["lines"]]
    equal(lines, ["33.33", "-3.33"], "each charge at its own amount")
    bed.both_agree()
    bed.zuora.post(f"/invoices/{draft['id']}/post")
    bed.settle()
    holds(bed.document("Invoice", "INV00000001"), "the draft, when it is posted")
    bed.both_agree()


@promise("ZUO-31: tax as QuickBooks computes it, as lines of each agency's, or not in use: the total is Zuora's to the cent, and so is what each agency gets")
def taxes():
    county = {"name": "County", "code": "CO", "rate": "0.005", "amount": "0.50"}
    for tax in ("quickbooks", "line", "off"):
        bed = Billing(params={"quickbooks": 'tax_items = { CA = "CA State", ["CA+CO"] = "San Tomas", none = "Out of State" },',
                              "line": 'tax = "line", zero_tax_item = "Out of State", tax_line_items = { CA = "Web Tax", ["CA+CO"] = "Web Tax" },', "off": 'tax = "off",'}[tax])
        if tax == "off":
            bed.books.post("/person/preferences", {"SalesTax": False})
        bed.settle()
        account = bed.account()
        both = charge("100.00", "7.25")
        both.update(tax="7.75", taxes=both["taxes"] + [county])
        bed.invoice(account, both)
        bed.invoice(account, charge("33.33", "2.42"), charge("-3.33", "-0.24", name="Discount"))   # 7.25 % of 30.00 is 2.175
        bed.invoice(account, charge("9.99"))
        memo = bed.zuora.post("/credit_memos", {"account": account["id"], "lines": [charge("10.00", "0.73")]})
        bed.settle()
        bed.books_are_sound()
        posted = {d["number"]: d["total"] for d in bed.documents("Invoice") + bed.documents("CreditMemo")}
        if tax == "off":
            equal(posted, {"INV00000003": "9.99"}, "what bears no tax")
            equal([d["cause"] for d in bed.waiting("held")], ["tax_unexpected"] * 3, "the others are held, nobody's tax is lost")
            continue
        equal(posted, {"INV00000001": "107.75", "INV00000002": "32.18", "INV00000003": "9.99", "CM00000001": "10.73"}, tax)
        equal(bed.account_balance("Sales Tax Payable"), Decimal("-7.75") - Decimal("2.18") + Decimal("0.73"), f"owed to the agencies, {tax}")
        bed.both_agree()
        equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")
        holds(memo, "and the credit")


@promise("ALL-10: what is of a closed month waits, goes to the first open day where the tenant says so, and is neither changed nor voided nor paid behind the lock")
def closed_months():
    bed = Billing()
    bed.settle()
    account = bed.account()
    old = bed.invoice(account, charge("100.00"), date="2026-09-20", due="2026-10-20")
    bed.settle()
    bed.books.post("/person/preferences", {"ClosingDate": "2026-09-30"})
    bed.settle()
    bed.invoice(account, charge("10.00"), date="2026-09-30")
    bed.invoice(account, charge("20.00"), date="2026-10-01")
    bed.pay(account, "30.00", (old, "30.00"), date="2026-09-29")
    bed.zuora.post(f"/invoices/{old['id']}/write_off", {"amount": "5.00"})
    bed.settle()
    equal([(d["number"], d["date"]) for d in bed.documents("Invoice")], [("INV00000001", "2026-09-20"), ("INV00000003", "2026-10-01")], "the day after is open")
    equal(bed.documents("ReceivePayment", voided=True)[1:], [], "no money behind the lock")
    equal(sorted(d["cause"] for d in bed.waiting("held")), ["closed_period", "closed_period"], "held")
    equal(bed.document("Invoice", "INV00000001")["balance"], "95.00", "a credit of today may be set against it")
    bed.configure(params='closed_period = "first_open_day",')
    bed.at.mlc("reload")
    bed.at.mlc("release", "acme")
    bed.settle()
    equal((bed.document("Invoice", "INV00000002")["date"], bed.document("ReceivePayment", "P-00000001")["date"]), ("2026-10-01", "2026-10-01"), "the first open day")
    bed.both_agree()
    equal(bed.waiting("held") + bed.waiting("review"), [], "nothing waits")


@promise("ZUO-32: credit memos, debit memos, write-offs, a reversed and a cancelled invoice: "
         "what each customer owes is the same after each")
def memos():
    bed = Billing()
    bed.settle()
    account = bed.account()
    one, two, three = (bed.invoice(account, charge(a)) for a in ("100.00", "80.00", "12.00"))
    bed.settle()
    bed.both_agree()
    memo = bed.zuora.post("/credit_memos", {"account": account["id"], "invoice": one["id"],
                                            "lines": [charge("30.00")], "reason": "Customer Satisfaction",
                                            "apply": [{"invoice": one["id"], "amount": "30.00"}]})
    bed.settle()
    bed.both_agree()
    equal(bed.document("Invoice", "INV00000001")["balance"], "70.00", "set against its invoice")
    bed.zuora.post("/debit_memos", {"account": account["id"], "lines": [charge("9.00", name="Late fee")]})
    bed.settle()
    bed.both_agree()
    holds(bed.document("Invoice", "DM00000001"), "a debit memo is an invoice")
    bed.zuora.post(f"/invoices/{one['id']}/write_off", {"amount": "70.00"})
    bed.settle()
    bed.both_agree()
    equal(bed.document("Invoice", "INV00000001")["balance"], "0.00", "written off")
    equal([line["item"] for line in bed.document("CreditMemo", "CM00000002")["lines"]], ["Bad Debt"], "by its own item")
    bed.zuora.post(f"/invoices/{two['id']}/reverse")
    bed.settle()
    bed.both_agree()
    equal(bed.document("Invoice", "INV00000002")["balance"], "0.00", "reversed")
    holds(memo, "one credit memo")
    equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")
    holds(three, "and one that stays open")


@promise("ZUO-33: refunds of a payment and of a credit memo, by card and by check, "
         "and a chargeback leave the right account and the right balance")
def refunds():
    bed = Billing()
    bed.settle()
    account = bed.account()
    invoice = bed.invoice(account, charge("100.00"))
    card = bed.pay(account, "100.00", (invoice, "100.00"))
    check = bed.pay(account, "40.00", type="External", method="Check")
    memo = bed.zuora.post("/credit_memos", {"account": account["id"], "lines": [charge("15.00")]})
    bed.settle()
    bed.both_agree()
    equal(bed.account_balance("Stripe Clearing"), Decimal("100.00"))
    bed.zuora.post(f"/payments/{card['id']}/unapply", {"invoices": [{"invoice": invoice["id"], "amount": "60.00"}]})
    bed.zuora.post(f"/payments/{card['id']}/refund", {"amount": "60.00", "reason": "Chargeback"})
    bed.settle()
    bed.both_agree()
    equal(bed.account_balance("Stripe Clearing"), Decimal("40.00"), "the chargeback left the clearing account")
    equal(bed.document("Invoice", "INV00000001")["balance"], "60.00", "and its invoice is open again")
    bed.zuora.post(f"/payments/{check['id']}/refund", {"amount": "25.00", "method": "Check", "type": "External"})
    before = bed.account_balance("Checking")
    bed.settle()
    bed.both_agree()
    equal(bed.account_balance("Checking") - before, Decimal("-25.00"), "a check")
    bed.zuora.post(f"/credit_memos/{memo['id']}/refund", {"amount": "15.00"})
    bed.settle()
    bed.both_agree()
    equal(bed.account_balance("Stripe Clearing"), Decimal("25.00"), "what the credit memo paid out")
    equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")


@promise("ZUO-33: a payment that was none is deleted while its money is not deposited; "
         "else a person says what happens; unprocessed ones are no money")
def void_payments():
    bed = Billing()
    bed.settle()
    account = bed.account()
    invoice = bed.invoice(account, charge("100.00"))
    check = bed.pay(account, "30.00", (invoice, "30.00"), type="External", method="Check")
    card = bed.pay(account, "20.00", (invoice, "20.00"))
    waiting = bed.pay(account, "10.00", status="Processing")
    bed.settle()
    equal(sorted(d["total"] for d in bed.documents("ReceivePayment")), ["20.00", "30.00"], "money only when it is processed")
    bed.zuora.post(f"/payments/{check['id']}/void")
    bed.settle()
    bed.both_agree()
    equal([d["total"] for d in bed.documents("ReceivePayment")], ["20.00"], "deleted")
    equal(bed.document("Invoice", "INV00000001")["balance"], "80.00")
    bed.zuora.post(f"/payments/{card['id']}/void")
    bed.settle()
    equal([d["cause"] for d in bed.waiting()], ["reversed_after_post"], "its money stands on a bank account: a person is asked")
    equal([d["total"] for d in bed.documents("ReceivePayment")], ["20.00"], "and nothing is done")
    bed.zuora.post(f"/payments/{waiting['id']}/process")
    bed.settle()
    equal(sorted(d["total"] for d in bed.documents("ReceivePayment")), ["10.00", "20.00"])


@promise("ZUO-33: a payment that Zuora transfers to another account is asked about; "
         "another customer's money is never moved by itself")
def transferred():
    bed = Billing()
    bed.settle()
    account, other = bed.account(), bed.account("Kiesler Radio")
    invoice = bed.invoice(other, charge("40.00"))
    payment = bed.pay(account, "40.00")
    bed.settle()
    bed.both_agree()
    bed.zuora.post(f"/payments/{payment['id']}/transfer", {"account": other["id"]})
    bed.zuora.post(f"/payments/{payment['id']}/apply", {"invoices": [{"invoice": invoice["id"], "amount": "40.00"}]})
    bed.settle()
    equal([d["cause"] for d in bed.waiting()], ["posted_changed"], "a person is asked")
    equal((bed.document("Invoice", "INV00000001")["balance"],
           bed.document("ReceivePayment", "P-00000001")["unused"]), ("40.00", "40.00"),
          "and nothing is done")


@promise("ZUO-34: numbers over 11 characters are held, or keep their last digits with the whole in the memo")
def long_numbers():
    bed = Billing()
    bed.settle()
    account = bed.account()
    bed.invoice(account, charge("10.00"), number="EMEA-INV00000255")
    bed.settle()
    equal(bed.documents("Invoice"), [], "held")
    equal(len(bed.waiting("held")), 1)
    bed.configure(params='number_too_long = "last_digits",')
    bed.at.mlc("reload")
    bed.at.mlc("release", "acme")
    bed.settle()
    posted = bed.document("Invoice", "INV00000255")
    bed.settle()
    holds("EMEA-INV00000255" in posted["memo"], posted["memo"])
    told = next(i for i in bed.zuora.get("/invoices") if i["invoiceNumber"] == "EMEA-INV00000255")
    equal((told["QBNumber__c"], told["QBStatus__c"]), ("INV00000255", "open"), "and QuickBooks' number comes back")
    bed.both_agree()


if __name__ == "__main__":
    run()
