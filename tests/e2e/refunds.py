"""Refunds become credit memos, and their money leaves the account that it had come to."""
from decimal import Decimal

from lib import CALIFORNIA, ShopBooks, equal, eventually, person, promise, run

MUGS = [{"sku": "MUG-RED", "quantity": 2}]


def owed(bed):
    return sum((Decimal(c["balance"]) for c in bed.books.get("/books")["customers"]), Decimal(0))


def refund(bed, order, **how):
    told = bed.shop.post(f"/orders/{order['id']}/refund", how)
    bed.deliver()
    return told


def memos(bed):
    return bed.documents("CreditMemo")


def causes(bed, flow=None):
    return sorted(d["cause"] for w in ("held", "review") for d in bed.waiting(w) if not flow or d["flow"].endswith("." + flow))


def tax_is_the_shops(bed, agency, *rows):
    """Tax per agency is what the shop charged, less what it gave back; a cent that QuickBooks rounds otherwise stands in rounding lines."""
    want = sum((Decimal(o["total_tax"]) for o in rows), Decimal(0)) + sum(
        (Decimal(r["total_tax"]) for o in rows for r in bed.order(o["id"])["refunds"]), Decimal(0))
    rounding = sum((Decimal(l["amount"]) * (-1 if d["type"] == "CreditMemo"
                                            else 1) for d in bed.documents() for l in d.get("lines", [])
                    if l["item"] == "Rounding"), Decimal(0))
    got = Decimal(bed.books.get("/books")["tax"].get(agency, {"tax": "0"})["tax"])
    equal(got + rounding, want, f"tax of {agency}")


def nothing_left(bed, takings):
    equal(owed(bed), 0, "what customers owe")
    equal(bed.balance_sheet("Accounts Receivable"), 0, "receivables")
    equal(bed.balance_sheet("Stripe Clearing"), takings, "clearing account")
    equal([m["unused"] for m in memos(bed) if Decimal(m["unused"])], [], "unused credits")
    bed.books_are_sound()


@promise("WOO-15: full, partial, shipping-only refunds and one of an amount alone: a memo each, "
         "to the cent, tax reversed, money out of the clearing account")
def every_kind():
    bed = ShopBooks()
    full, part, ship, amount = [bed.place(lines=MUGS, shipping_total="8.00") for _ in range(4)]
    bed.settle()
    refund(bed, full, paid_back=True)
    refund(bed, part, lines=[{"sku": "MUG-RED", "quantity": 1}], paid_back=True, reason="one arrived broken")
    refund(bed, ship, shipping=True, paid_back=True)
    refund(bed, amount, amount="5.00", paid_back=True, reason="a small sorry")
    bed.settle()
    equal(causes(bed), [], "what waits")
    orders = [bed.order(o["id"]) for o in (full, part, ship, amount)]
    back = {str(r["id"]): -Decimal(r["total"]) for o in orders for r in o["refunds"]}
    by_number = {m["number"][2:]: m for m in memos(bed)}
    equal({n: Decimal(m["subtotal"]) + Decimal(m["tax"]) for n, m in by_number.items()}, back, "memos by refund")
    of = {name: by_number[str(o["refunds"][0]["id"])] for name, o in zip(("full", "part", "ship", "amount"), orders)}
    equal({l["item"] for l in of["full"]["lines"]} - {"Rounding"}, {"MUG-RED", "Shipping"})
    equal([(l["item"], l["quantity"]) for l in of["part"]["lines"] if l["item"] != "Rounding"], [("MUG-RED", "1")])
    equal({l["item"] for l in of["ship"]["lines"]} - {"Rounding"}, {"Shipping"})
    equal([(l["item"], Decimal(l["amount"]), l["tax_code"]) for l in of["amount"]["lines"]],
          [("Refund Adjustment", Decimal("5.00"), "Non")])
    equal(sum((Decimal(d["total"]) for d in bed.documents("ARRefundCreditCard")), Decimal(0)), sum(back.values()), "money out")
    nothing_left(bed, sum(Decimal(o["total"]) for o in orders) - sum(back.values()))


@promise("WOO-15: the tax of a refund leaves the agency that it was charged for")
def tax_is_reversed():
    bed = ShopBooks()
    order = bed.place(billing=person("Hedy", "Kiesler", "hedy@example.com", CALIFORNIA),
                      lines=[{"sku": "MUG-RED", "quantity": 4}], shipping_total="8.00")
    bed.settle()
    tax_is_the_shops(bed, "CA Dept of Tax and Fee Administration", order)
    refund(bed, order, lines=[{"sku": "MUG-RED", "quantity": 1}], paid_back=True)
    bed.settle()
    tax_is_the_shops(bed, "CA Dept of Tax and Fee Administration", order)
    refund(bed, order, lines=[{"sku": "MUG-RED", "quantity": 2}], shipping=True, paid_back=True)
    bed.settle()
    equal(causes(bed), [])
    tax_is_the_shops(bed, "CA Dept of Tax and Fee Administration", order)
    equal(len(memos(bed)), 2, "several refunds of one order: a memo each")
    nothing_left(bed, Decimal(order["total"]) + sum(Decimal(r["total"]) for r in bed.order(order["id"])["refunds"]))


@promise("WOO-15: paid and fully refunded before we saw it: sold and refunded, invoice and memo each once, one reversal only")
def sold_and_refunded():
    bed = ShopBooks()
    bed.at.mlc("pause", "acme/shop-books")
    order = bed.place(lines=MUGS)
    refund(bed, order, lines="all", paid_back=True)
    equal(bed.order(order["id"])["status"], "refunded")
    bed.at.mlc("resume", "acme/shop-books")
    bed.settle()
    equal(Decimal(bed.invoice_of(order)["total"]), Decimal(order["total"]))
    equal([Decimal(m["total"]) for m in memos(bed)], [Decimal(order["total"])])
    equal(len(bed.documents("ReceivePayment")), 1, "payments")
    nothing_left(bed, Decimal(0))


@promise("WOO-15: the memo of an unpaid order is applied to its invoice, and no money moves")
def unpaid():
    bed = ShopBooks()
    order = bed.place(lines=MUGS, payment_method="cod")
    bed.settle()
    refund(bed, order, lines=[{"sku": "MUG-RED", "quantity": 1}])
    bed.settle()
    equal(causes(bed), [])
    memo, = memos(bed)
    equal(Decimal(memo["unused"]), 0, "left of the credit")
    equal(Decimal(bed.invoice_of(order)["balance"]), Decimal(order["total"]) - Decimal(memo["total"]), "open on the invoice")
    equal(owed(bed), Decimal(order["total"]) - Decimal(memo["total"]), "what the customer owes")
    equal(bed.documents("ARRefundCreditCard") + bed.documents("Check"), [], "money out")
    bed.shop.post(f"/orders/{order['id']}/pay")
    bed.deliver()
    bed.settle()
    equal(Decimal(bed.invoice_of(order)["balance"]), 0, "open once the rest is paid")
    equal(bed.balance_sheet("Undeposited Funds"), Decimal(order["total"]) - Decimal(memo["total"]), "what came in")
    bed.books_are_sound()


@promise("WOO-15 refund_manual: the gateway did not pay back: asked about, left open, or posted, as the tenant says")
def by_hand():
    for manual, out, waits in (("review", 0, ["paid_back_by_hand"]), ("leave_open", 0, []), ("post", 1, [])):
        bed = ShopBooks(more=f'refund_manual = "{manual}",')
        order = bed.place(lines=MUGS)
        bed.settle()
        refund(bed, order, lines="all", paid_back=False)
        bed.settle()
        equal(len(memos(bed)), 1, f"{manual}: memos")
        equal(len(bed.documents("ARRefundCreditCard")), out, f"{manual}: money out")
        equal(causes(bed), waits, f"{manual}: what waits")
        if manual == "review":
            bed.at.mlc("decide", "acme", "--cause", "paid_back_by_hand", "--choice", "post")
            bed.settle()
            out = 1
        equal(owed(bed), 0 if out else -Decimal(order["total"]), f"{manual}: what the customer has open")
        equal(bed.balance_sheet("Stripe Clearing"), 0 if out else Decimal(order["total"]), f"{manual}: clearing account")
        bed.books_are_sound()


@promise("WOO-15 refund_by = check: money goes back by a check out of the named account, applied to the memo")
def by_check():
    bed = ShopBooks(more='refund_by = { cod = "check" }, refund_from = { cod = "Checking" },')
    order = bed.place(lines=MUGS, payment_method="cod", paid=True)
    bed.settle()
    refund(bed, order, lines="all", paid_back=True)
    bed.settle()
    equal(causes(bed), [])
    check, = bed.documents("Check")
    equal((check["account"], Decimal(check["total"])), ("Checking", Decimal(order["total"])))
    equal(bed.documents("ARRefundCreditCard"), [])
    equal(Decimal(memos(bed)[0]["unused"]), 0, "left of the credit")
    equal(owed(bed), 0)
    bed.books_are_sound()


@promise("WOO-15 document = sales_receipt: a refund is a memo whose money leaves the clearing account")
def of_a_receipt():
    bed = ShopBooks(more='document = "sales_receipt",')
    order = bed.place(lines=MUGS, shipping_total="8.00")
    bed.settle()
    told = refund(bed, order, lines=[{"sku": "MUG-RED", "quantity": 1}], paid_back=True)
    bed.settle()
    equal(causes(bed), [])
    equal([Decimal(m["total"]) for m in memos(bed)], [Decimal(told["amount"])])
    nothing_left(bed, Decimal(order["total"]) - Decimal(told["amount"]))


@promise("WOO-15 ALL-09: the refund of an order of before the start goes to review, and posts nothing")
def before_start():
    bed = ShopBooks(start="2026-01-01")
    order = bed.place(created="2025-12-30T12:00:00Z", lines=MUGS)
    bed.settle()
    refund(bed, order, lines="all", paid_back=True)
    bed.settle()
    equal([d for d in bed.documents() if d["type"] != "InventoryAdjustment"], [])
    equal(len(causes(bed, "credit_memo")), 1, f"refunds in review: {causes(bed)}")


@promise("WOO-15: a refund that was deleted in the shop is found by the nightly re-read, and asked about; the memo stands")
def deleted():
    bed = ShopBooks()
    order = bed.place(lines=MUGS)
    bed.settle()
    told = refund(bed, order, lines=[{"sku": "MUG-RED", "quantity": 1}], paid_back=True)
    bed.settle()
    bed.shop.control("DELETE", f"/refunds/{told['id']}")
    bed.host.advance(26 * 3600 * 1000)
    eventually(lambda: causes(bed, "credit_memo") or bed.settle(), "the memo's refund is asked about")
    equal(len(memos(bed)), 1, "memos")


run()
