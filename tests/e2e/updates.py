"""What happens to an order after it is posted: changes that touch the books, and all those that must not."""
from decimal import Decimal

from lib import ShopBooks, equal, eventually, holds, person, promise, run

MUG = [{"sku": "MUG-RED", "quantity": 1}]
GRACE = person("Grace", "Murray", "grace@example.com")


def change(bed, order, **what):
    bed.shop.post(f"/orders/{order['id']}/edit", what)
    bed.deliver()


def move(bed, order, status):
    bed.shop.post(f"/orders/{order['id']}/status", {"status": status})


def causes(bed, flow="invoice"):
    return sorted(d["cause"] for w in ("held", "review") for d in bed.waiting(w) if d["flow"].endswith("." + flow))


def all_invoices(bed):
    return bed.documents("Invoice", voided=True)


def as_written(bed):
    return {d["id"]: (d["edit_sequence"], d["void"]) for d in bed.documents(voided=True)}


@promise("WOO-34 WOO-18: edited lines and a new address of an unpaid order are on its one invoice after the next visit")
def edited():
    bed = ShopBooks()
    order = bed.place(billing=GRACE, lines=[*MUG, {"sku": "ENGRAVING", "quantity": 1}], payment_method="cod",
                      shipping_total="8.00")
    bed.settle()
    first = bed.invoice_of(order)
    change(bed, order, lines=[{"sku": "MUG-BLUE", "quantity": 3}, {"sku": "TSHIRT", "quantity": 1}],
           billing={"address_1": "9 Hill Road"})
    bed.settle()
    equal(causes(bed), [])
    now, invoice = bed.order(order["id"]), bed.invoice_of(order)
    holds(now["total"] != order["total"], "the order comes to something else now")
    equal((invoice["id"], Decimal(invoice["total"])), (first["id"], Decimal(now["total"])))
    equal([(l["item"], l["quantity"]) for l in invoice["lines"] if l["item"] not in ("Shipping", "Rounding")],
          [("MUG-BLUE", "3"), ("TSHIRT", "1")])
    equal(bed.books.get(f"/records/Invoice/{invoice['id']}")["BillAddress"]["Addr2"], "9 Hill Road")
    bed.books_are_sound()


@promise("WOO-34: an edited order whose invoice a person has paid in part is a question; the invoice stands")
def edited_after_a_payment():
    bed = ShopBooks()
    order = bed.place(billing=GRACE, lines=MUG, payment_method="cod")
    bed.settle()
    invoice = bed.invoice_of(order)
    bed.books.post("/person/add", {"type": "ReceivePayment",
                                   "set": {"CustomerRef": "Grace Murray", "TotalAmount": "5.00",
                                           "PaymentMethodRef": "Cash",
                   "AppliedToTxnAdd": [{"TxnID": invoice["id"], "PaymentAmount": "5.00"}]}})
    change(bed, order, lines=[{"sku": "MUG-RED", "quantity": 4}])
    bed.settle()
    equal(causes(bed), ["posted_changed"])
    equal(bed.invoice_of(order)["total"], invoice["total"])


@promise("WOO-35: an unpaid order that is cancelled is voided; one that we posted as paid is a question, and stands")
def cancelled():
    bed = ShopBooks()
    unpaid, paid = bed.place(lines=MUG, payment_method="cod"), bed.place(lines=MUG)
    bed.settle()
    for order in (unpaid, paid):
        move(bed, order, "cancelled")
    bed.deliver()
    bed.settle()
    void = {d["number"]: d["void"] for d in all_invoices(bed)}
    equal(void, {f"W{unpaid['number']}": True, f"W{paid['number']}": False}, "voided")
    equal(causes(bed), ["called_off_after_post"])
    holds("mlc decide acme --cause called_off_after_post" in bed.at.say("status", "acme")[1], "status says what to type")
    bed.books_are_sound()


@promise("WOO-35: a clean-up plugin trashes 60 old paid orders: 0 voids and one alert")
def clean_up():
    bed = ShopBooks(more='customers = "one",')
    told = bed.shop.post("/orders", {"count": 60, "lines": MUG, "status": "completed", "created": "2026-03-02T12:00:00Z"})
    bed.deliver()
    bed.settle()
    before = as_written(bed)
    for id_ in told["ids"]:
        bed.shop.post(f"/orders/{id_}/trash")
    bed.deliver()
    bed.settle()
    equal(as_written(bed), before, "documents and their versions")
    waiting = [d for w in ("held", "review") for d in bed.waiting(w)]
    equal({d["cause"] for d in waiting}, {"called_off_after_post"}, "what waits, as one cause")
    said = bed.at.say("status", "acme")[1]
    holds(said.startswith("1 thing needs a person\n")
          and "\n  60 review in acme/shop-books.invoice, called_off_after_post" in said, f"one alert: {said}")


@promise("WOO-35: more than max_deletions_per_hour unpaid orders called off hold the flow, and status says so; go lets it on")
def too_many_voids():
    bed = ShopBooks(more='customers = "one",', flow="max_deletions_per_hour = 3,")
    told = bed.shop.post("/orders", {"count": 8, "lines": MUG, "payment_method": "cod"})
    bed.deliver()
    bed.settle()
    for id_ in told["ids"]:
        bed.shop.post(f"/orders/{id_}/trash")
    bed.deliver()
    for _ in range(3):
        bed.rest()
        bed.visit()
    equal(sum(d["void"] for d in all_invoices(bed)), 3, "voided")
    equal(bed.flows()["invoice"]["held_cause"], "mass_deletion")
    holds("max_deletions_per_hour" in bed.at.say("status", "acme")[1], "status says why")
    for _ in range(2):
        bed.at.mlc("go", "acme/shop-books", "--yes")
        for _ in range(2):
            bed.rest()
            bed.visit()
    equal(sum(d["void"] for d in all_invoices(bed)), 8, "voided in the end")


def re_reads(bed):
    return sum("orderby=id" in c["query"] for c in bed.shop.get("/calls")["log"] if c["path"].endswith("/orders"))


@promise("WOO-35: an order deleted for good without a word is found by the nightly re-read: paid it is a question, and stands")
def deleted_for_good():
    bed = ShopBooks()
    bed.place(lines=MUG)  # the oldest of a re-read's 90 days looks as if it had grown too old
    order = bed.place(lines=MUG)
    bed.settle()
    before = re_reads(bed)
    bed.host.advance(26 * 3600 * 1000)  # the night that remembers the order
    eventually(lambda: re_reads(bed) > before, "a re-read")
    bed.settle()
    bed.shop.control("DELETE", f"/orders/{order['id']}")
    bed.host.advance(26 * 3600 * 1000)
    eventually(lambda: any(d["void"] for d in all_invoices(bed)) or causes(bed) or bed.settle(), "the nightly re-read")
    equal([d["void"] for d in all_invoices(bed)], [False, False])
    equal(causes(bed), ["called_off_after_post"])


@promise("ALL-13: an invoice that a person voided is not made again when the order changes: review; "
         "and once, when a person says so")
def voided_by_hand():
    bed = ShopBooks()
    order = bed.place(lines=MUG, payment_method="cod")
    bed.settle()
    bed.books.post("/person/void", {"type": "Invoice", "name": bed.invoice_of(order)["id"]})
    change(bed, order, lines=[{"sku": "MUG-RED", "quantity": 3}])
    bed.settle()
    equal([d["void"] for d in all_invoices(bed)], [True])
    equal(causes(bed), ["gone_in_target"])
    bed.at.mlc("decide", "acme", "--cause", "gone_in_target", "--choice", "again")
    bed.settle()
    equal(Decimal(bed.invoice_of(order)["total"]), Decimal(bed.order(order["id"])["total"]))


@promise("ALL-13: an invoice that a person deleted is not made again either")
def deleted_by_hand():
    bed = ShopBooks()
    order = bed.place(lines=MUG, payment_method="cod")
    bed.settle()
    bed.books.post("/person/delete", {"type": "Invoice", "name": bed.invoice_of(order)["id"]})
    change(bed, order, lines=[{"sku": "MUG-RED", "quantity": 3}])
    bed.settle()
    equal(all_invoices(bed), [])
    equal(causes(bed), ["gone_in_target"])
    bed.at.mlc("decide", "acme", "--cause", "gone_in_target", "--choice", "forget")
    bed.settle()
    equal((all_invoices(bed), causes(bed)), ([], []))


@promise("ALL-10: closed months: an order waits, or goes to the first open day with its own date in the "
         "memo; changes and cancellations behind the date wait for a person")
def closed():
    bed = ShopBooks(mode="shadow")
    old = bed.place(lines=MUG, payment_method="cod", created="2026-10-20T12:00:00Z")
    bed.at.mlc("go", "acme/shop-books", "--yes")
    bed.settle()
    cancelled_ = bed.place(lines=MUG, payment_method="cod", created="2026-10-21T12:00:00Z")
    bed.settle()
    equal(bed.invoice_of(old)["date"], "2026-10-20")
    bed.books.post("/person/preferences", {"ClosingDate": "2026-10-31"})
    bed.settle()
    before = as_written(bed)
    change(bed, old, lines=[{"sku": "MUG-RED", "quantity": 5}])
    move(bed, cancelled_, "cancelled")
    late = bed.place(lines=MUG, payment_method="cod", created="2026-10-22T12:00:00Z")
    bed.settle()
    equal(as_written(bed), before, "nothing is written behind the date")
    equal(len(causes(bed)), 3, f"what waits: {causes(bed)}")
    holds("closed_period" in causes(bed), f"what waits: {causes(bed)}")
    bed.configure(more='closed_period = "first_open_day",')
    bed.at.mlc("reload")
    bed.at.mlc("release", "acme", "--cause", "closed_period")
    bed.settle()
    invoice = bed.invoice_of(late)
    equal(invoice["date"], "2026-11-01")
    holds("2026-10-22" in invoice["memo"], f"its own date in the memo: {invoice['memo']}")


run()
