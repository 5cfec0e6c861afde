"""The money: a paid order leaves nothing open, and what a gateway took stands in its clearing account."""
from decimal import Decimal

from lib import ShopBooks, equal, holds, person, promise, run

TAXES = """tax = "quickbooks",
        tax_items = { ["US-NY-MCTD-3+US-NY-NY STATE-1+US-NY-NYC-2"] = "New York City", none = "Out of State" },"""
MUG = [{"sku": "MUG-RED", "quantity": 1}]


def total(orders):
    return sum((Decimal(o["total"]) for o in orders), Decimal(0))


def owed(bed):
    return sum((Decimal(c["balance"]) for c in bed.books.get("/books")["customers"]), Decimal(0))


@promise("WOO-39: paid orders leave nothing open; each gateway's clearing account equals its takings; "
         "method and account are always sent")
def nothing_open():
    bed = ShopBooks()
    cards = [bed.place(lines=[{"sku": "MUG-RED", "quantity": n}], shipping_total="7.95") for n in (1, 2)]
    paypal = [bed.place(lines=[{"sku": "TSHIRT", "quantity": 1}], payment_method="paypal")]
    bed.settle()
    equal(bed.balance_sheet("Accounts Receivable"), 0, "receivables")
    equal(owed(bed), 0, "what customers owe")
    equal(bed.balance_sheet("Stripe Clearing"), total(cards), "Stripe's takings")
    equal(bed.balance_sheet("PayPal Clearing"), total(paypal), "PayPal's takings")
    invoices = {bed.invoice_of(o)["id"]: o for o in cards + paypal}
    payments = bed.documents("ReceivePayment")
    equal(len(payments), 3)
    for payment in payments:
        equal(len(payment["applied"]), 1, "invoices that a payment is applied to")
        order = invoices[payment["applied"][0]["to"]]
        equal((Decimal(payment["applied"][0]["amount"]), Decimal(payment["unused"])),
              (Decimal(order["total"]), 0), "applied, unused")
        equal(payment["payment_method"], "Visa")
    bed.books_are_sound()


@promise("WOO-39: an older open invoice of the same customer is not paid by a new order's money")
def never_auto_applied():
    bed = ShopBooks()
    bed.books.post("/person/add", {"type": "Invoice", "set": {"CustomerRef": "Lovelace, Ada", "RefNumber": "OLD-1", "lines": [
        {"ItemRef": "ENGRAVING", "Quantity": "1", "Amount": "10.00"}]}})
    order = bed.place(billing=person("Ada", "Byron", "ada@example.com"), lines=MUG)
    bed.settle()
    old = next(d for d in bed.documents("Invoice") if d["number"] == "OLD-1")
    holds(Decimal(old["balance"]) > 0, "the old invoice stays open")
    equal(old["balance"], old["total"])
    equal(Decimal(bed.invoice_of(order)["balance"]), 0, "open of the order's")


def killed_at(bed, kind):
    """Visits, and kills the host when QuickBooks has done a write of that kind and the host has not heard of it."""
    told = bed.visit(until="receiveResponseXML")
    while True:
        holds(told["outcome"].startswith("waiting"), f"the visit ended before a {kind}: {told['outcome']}")
        done = [d["request"] for c in told["calls"][-1:] for d in c.get("done") or []]
        if kind in done:
            break
        bed.visit(resume=told["id"], until="sendRequestXML")
        told = bed.visit(resume=told["id"], until="receiveResponseXML")
    bed.host.kill()
    bed.at.start()
    bed.visit(resume=told["id"])


@promise("WOO-39 WOO-33: kill -9 after the invoice and before the payment, and after the payment: one of each, nothing open")
def crash_between():
    for kind in ("InvoiceAddRq", "ReceivePaymentAddRq"):
        bed = ShopBooks()
        order = bed.place(lines=MUG)
        bed.rest()
        killed_at(bed, kind)
        bed.settle()
        equal(Decimal(bed.invoice_of(order)["balance"]), 0, f"open after a crash at {kind}")
        equal([Decimal(p["total"]) for p in bed.documents("ReceivePayment")], [Decimal(order["total"])],
              f"payments after a crash at {kind}")
        equal(bed.balance_sheet("Stripe Clearing"), Decimal(order["total"]), "takings")
        bed.books_are_sound()


@promise("WOO-39 document = sales_receipt: sale and money in one document, into the clearing account; no invoice, no payment")
def sales_receipt():
    bed = ShopBooks(more='document = "sales_receipt",')
    orders = [bed.place(lines=[{"sku": "MUG-RED", "quantity": n}], shipping_total="7.95") for n in (1, 2)]
    bed.settle()
    receipts = bed.documents("SalesReceipt")
    equal(sorted(Decimal(r["total"]) for r in receipts), sorted(Decimal(o["total"]) for o in orders))
    equal({(r["deposit_to"], r["payment_method"]) for r in receipts}, {("Stripe Clearing", "Visa")})
    equal(bed.documents("Invoice") + bed.documents("ReceivePayment"), [])
    equal(bed.balance_sheet("Stripe Clearing"), total(orders), "takings")
    equal(bed.balance_sheet("Accounts Receivable"), 0, "receivables")
    bed.books_are_sound()


@promise("WOO-39 document = invoice: an invoice on the terms of its payment method stays open, "
         "and no payment is posted; no account is asked for")
def invoice_only():
    bed = ShopBooks(params=TAXES + ' document = "invoice", terms = { stripe = "Net 30" },')
    order = bed.place(lines=MUG)
    bed.settle()
    invoice = bed.invoice_of(order)
    equal(invoice["balance"], order["total"], "open")
    equal(bed.documents("ReceivePayment"), [])
    equal(bed.books.get(f"/records/Invoice/{invoice['id']}")["TermsRef"]["FullName"], "Net 30")
    bed.books_are_sound()


@promise("WOO-39: check refuses while deposit_to names no account, and says which parameter")
def no_default_account():
    bed = ShopBooks()
    bed.configure(params=TAXES)
    code, _, said = bed.at.run("check")
    equal(code, 1, said)
    holds("wants its param deposit_to" in said and "Stripe Clearing" in said, f"check says what to write: {said[-900:]}")


@promise("WOO-39: a payment method without an account of its own waits, and is never put somewhere")
def unnamed_method():
    bed = ShopBooks()
    order = bed.place(lines=MUG, payment_method="klarna", status="processing", paid=True)
    bed.settle()
    equal(bed.documents("ReceivePayment"), [])
    waits = [d["cause"] for w in ("held", "review") for d in bed.waiting(w) if d["flow"].endswith(".payment")]
    equal(len(waits), 1, "payments that wait")
    holds("klarna" in waits[0], f"the cause names it: {waits[0]}")
    equal(bed.invoice_of(order)["balance"], order["total"], "its invoice is posted, and open")


@promise("WOO-40: cash on delivery is neither missed nor posted as paid; "
         "when the money comes one payment follows, and completing changes nothing more")
def cash_on_delivery():
    bed = ShopBooks()
    order = bed.place(lines=MUG, payment_method="cod")
    equal((order["status"], order["date_paid"]), ("processing", None))
    bed.settle()
    equal(bed.invoice_of(order)["balance"], order["total"], "open before it is paid")
    equal(bed.documents("ReceivePayment"), [])
    bed.shop.post(f"/orders/{order['id']}/pay")
    bed.deliver()
    bed.settle()
    equal(Decimal(bed.invoice_of(order)["balance"]), 0, "open once paid")
    bed.shop.post(f"/orders/{order['id']}/status", {"status": "completed"})
    bed.deliver()
    bed.settle()
    equal([(p["deposit_to"], p["payment_method"], Decimal(p["total"])) for p in bed.documents("ReceivePayment")],
          [("Undeposited Funds", "Cash", Decimal(order["total"]))])
    bed.books_are_sound()


@promise("WOO-40: a bank transfer that is on hold is not sold; post_when = status with on-hold posts its "
         "invoice first and the payment when it comes")
def bank_transfer():
    money = TAXES + 'deposit_to = { default = "Checking" }, payment_methods = { default = "Check" },'
    bed = ShopBooks(params=money)
    order = bed.place(lines=MUG, payment_method="bacs")
    bed.settle()
    equal(bed.invoice_of(order), None, "on hold, by default")
    bed.shop.post(f"/orders/{order['id']}/pay")
    bed.deliver()
    bed.settle()
    equal(Decimal(bed.invoice_of(order)["balance"]), 0, "paid and posted")
    bed.configure(params=money + ' post_when = { bacs = "status", default = "paid" }, statuses = { "on-hold", "processing", "completed" },')
    bed.at.mlc("reload")
    early = bed.place(lines=MUG, payment_method="bacs")
    bed.settle()
    equal(bed.invoice_of(early)["balance"], early["total"], "the invoice comes first")
    bed.shop.post(f"/orders/{early['id']}/pay")
    bed.deliver()
    bed.settle()
    equal(Decimal(bed.invoice_of(early)["balance"]), 0, "then its payment")
    equal(len(bed.documents("ReceivePayment")), 2)
    bed.books_are_sound()


run()
