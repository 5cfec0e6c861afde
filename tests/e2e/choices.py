"""What a tenant chooses: numbers, days, customers, stock, classes; and two shops beside each other."""
from decimal import Decimal

from lib import ShopBooks, equal, eventually, exchange, holds, person, promise, run
from lib.shopbooks import PASSWORD

MUG = [{"sku": "MUG-RED", "quantity": 1}]
ADA = person("Ada", "Byron", "ada@example.com")


def causes(bed, flow="invoice"):
    return sorted(d["cause"] for w in ("held", "review") for d in bed.waiting(w) if d["flow"].endswith("." + flow))


def type_in(bed, number, customer="Lovelace, Ada", amount="14.00", date=None):
    """An invoice typed by hand: one mug."""
    return bed.books.post("/person/add", {"type": "Invoice",
                                          "set": {"CustomerRef": customer, "RefNumber": number,
                                                  **({"TxnDate": date} if date else {}),
                          "ItemSalesTaxRef": "New York City",
                                                  "lines": [{"ItemRef": "MUG-RED", "Quantity": "1", "Amount": amount}]}})


@promise("WOO-42: an invoice typed by hand is adopted only if number, customer, total and date agree; "
         "else its number is a question and is used no second time")
def typed_by_hand():
    bed = ShopBooks(mode="shadow")
    orders = {what: bed.place(billing=ADA, lines=MUG, payment_method="cod") for what in ("agrees", "customer", "total", "date")}
    number = {what: f"W{o['number']}" for what, o in orders.items()}
    type_in(bed, number["agrees"])
    type_in(bed, number["customer"], customer="Babbage Engines")
    type_in(bed, number["total"], amount="15.00")
    type_in(bed, number["date"], date="2026-01-15")
    before = {d["number"]: (d["edit_sequence"], d["total"]) for d in bed.documents("Invoice")}
    bed.at.mlc("go", "acme/shop-books", "--yes")
    bed.settle()
    equal({d["number"]: (d["edit_sequence"], d["total"]) for d in bed.documents("Invoice")}, before,
          "invoices, as they were typed")
    equal(causes(bed), sorted(f"number_taken:{number[w]}" for w in ("customer", "total", "date")))


@promise("WOO-42: a number of more than 11 characters is held, or keeps its last digits by the tenant's "
         "rule; the whole number stands in the memo")
def long_numbers():
    for rule, number in (("hold", None), ("last_digits", "6/INV-001234"[-11:])):
        bed = ShopBooks(more=f'number_too_long = "{rule}",')
        bed.place(lines=MUG, number="2026/INV-001234")
        bed.settle()
        invoices = bed.documents("Invoice")
        equal([i["number"] for i in invoices], [number] if number else [], rule)
        if number:
            holds("2026/INV-001234" in invoices[0]["memo"], f"the memo: {invoices[0]['memo']}")
        else:
            equal(len(causes(bed)), 1, f"what waits: {causes(bed)}")


@promise("WOO-43: an order at 23:30 local time on 31 October is of 31 October, not of the UTC day")
def local_day():
    bed = ShopBooks()
    order = bed.place(lines=MUG, created="2026-11-01T03:30:00Z")
    equal(order["date_created"], "2026-10-31T23:30:00")
    bed.settle()
    equal({d["type"]: d["date"] for d in bed.documents() if d["type"] in ("Invoice", "ReceivePayment")},
          {"Invoice": "2026-10-31", "ReceivePayment": "2026-10-31"})


@promise("WOO-44 customers = one | registered_only: a flood of guests adds no name; "
         "a registered buyer is a customer of his own, or not, as chosen")
def who_is_a_customer():
    for choice, own in (("one", 0), ("registered_only", 1)):
        bed = ShopBooks(more=f'customers = "{choice}",')
        names = len(bed.books.get("/books")["customers"])
        bed.shop.post("/orders", {"count": 20, "lines": MUG})
        known = bed.place(customer={"email": "grace@example.com", "first_name": "Grace", "last_name": "Murray"}, lines=MUG)
        bed.settle()
        equal(len(bed.documents("Invoice")), 21, choice)
        equal(len(bed.books.get("/books")["customers"]) - names, own, f"{choice}: new names")
        equal(bed.invoice_of(known)["customer"], "Grace Murray" if own else "Web Customer", choice)
        equal(bed.balance_sheet("Accounts Receivable"), 0, "receivables")
        bed.books_are_sound()


@promise("WOO-47: stock moves with what is sold; on shortage the order waits, or a substitute is sold, as chosen")
def stock():
    left = lambda bed: Decimal(bed.books.get("/books")["stock"]["MUG-RED"]["quantity"])
    for choice, quantity, item in (("allow", 2, "MUG-RED"), ("hold", 2, "MUG-RED"), ("hold", 900, None),
                                   ("substitute", 2, "Web Sale")):
        bed = ShopBooks(more=f'inventory = "{choice}", substitute_item = "Web Sale",')
        before = left(bed)
        order = bed.place(lines=[{"sku": "MUG-RED", "quantity": quantity}])
        bed.settle()
        invoice = bed.invoice_of(order)
        equal(invoice and invoice["lines"][0]["item"], item, f"{choice}, {quantity}")
        equal(before - left(bed), quantity if item == "MUG-RED" else 0, f"{choice}, {quantity}: stock")
        equal(causes(bed), [] if item else ["shortage:MUG-RED"], f"{choice}, {quantity}")


@promise("WOO-47: an inactive item is a question; once it is active again the order is posted")
def inactive():
    bed = ShopBooks(mode="shadow")
    bed.books.post("/person/edit", {"type": "ItemNonInventory", "name": "TSHIRT", "set": {"IsActive": "false"}})
    bed.at.mlc("go", "acme/shop-books", "--yes")
    order = bed.place(lines=[{"sku": "TSHIRT", "quantity": 1}])
    bed.settle()
    equal((bed.invoice_of(order), causes(bed)), (None, ["inactive_item:TSHIRT"]))
    bed.books.post("/person/edit", {"type": "ItemNonInventory", "name": "TSHIRT", "set": {"IsActive": "true"}})
    bed.at.mlc("decide", "acme", "--cause", "inactive_item:TSHIRT", "--choice", "post")
    bed.settle()
    equal(Decimal(bed.invoice_of(order)["total"]), Decimal(order["total"]))


@promise("WOO-48: a class stands on the header or on every line as chosen, "
         "nothing is marked for printing or e-mail; with class tracking off nothing is written and status "
         "says why")
def classes():
    for on in ("header", "line"):
        bed = ShopBooks(mode="shadow", more=f'class = "Web", class_on = "{on}",')
        bed.books.post("/person/add", {"type": "Class", "set": {"Name": "Web"}})
        bed.at.mlc("go", "acme/shop-books", "--yes")
        order = bed.place(lines=MUG, shipping_total="8.00")
        bed.settle()
        equal(bed.documents("Invoice"), [], "written while class tracking is off")
        holds("class tracking is switched off" in bed.at.say("status", "acme")[1], "status says why")
        bed.books.post("/person/preferences", {"IsUsingClassTracking": True})
        bed.settle()
        bed.at.mlc("release", "acme", "--cause", "requires:class_tracking")
        bed.settle()
        record = bed.books.get(f"/records/Invoice/{bed.invoice_of(order)['id']}")
        equal("ClassRef" in record, on == "header", "class on the header")
        lines = record["InvoiceLineRet"]
        equal({("ClassRef" in l) for l in lines}, {on == "line"}, "class on the lines")
        equal((record["IsToBePrinted"], record["IsToBeEmailed"]), ("false", "false"))


@promise("ALL-11: a customer whose job has the same e-mail: invoice and payment go to the customer, "
         "never to the job, and nobody is added")
def jobs():
    bed = ShopBooks()
    names = len(bed.books.get("/books")["customers"])
    bed.place(billing={**person("Charles", "Babbage", "office@babbage.example"), "company": "Babbage Engines"}, lines=MUG)
    bed.settle()
    equal((causes(bed), causes(bed, "customer")), ([], []))
    equal({d["customer"] for d in bed.documents() if d["type"] in ("Invoice", "ReceivePayment")}, {"Babbage Engines"})
    equal(len(bed.books.get("/books")["customers"]), names, "names in the file")


@promise("WOO-13: a buyer whose e-mail only an inactive customer has waits for a person, and nothing is written for him")
def inactive_customer():
    bed = ShopBooks()
    order = bed.place(billing=person("Olga", "Old", "old@example.com"), lines=MUG)
    bed.settle()
    equal((bed.invoice_of(order), causes(bed, "customer")), (None, ["customer_unclear:old@example.com"]))


@promise("WOO-42 WOO-10: two shops into one company: one prefix for both is an error at load; "
         "with two, equal numbers do not meet")
def two_into_one():
    bed = ShopBooks()
    shop, _ = bed.another_shop("W")
    code, _, said = bed.at.run("check")
    equal(code, 1, said)
    holds("doc_prefix" in said, f"check names the parameter: {said[-600:]}")
    bed.at.host.stop()
    with open(bed.at.file("tenants", "acme", "tenant.lua")) as f:
        bed.at.tenant("acme", f.read().replace('doc_prefix = "W"', 'doc_prefix = "X"'))
    bed.start_with_it()
    mine = bed.place(lines=MUG)
    theirs = shop.post("/orders", {"lines": [{"sku": "TSHIRT", "quantity": 1}], "number": mine["number"]})
    for _ in range(4):
        bed.at.mlc("sync", "acme", "--wait")
        bed.visit()
    equal({d["number"]: Decimal(d["total"]) for d in bed.documents("Invoice")},
          {f"W{mine['number']}": Decimal(mine["total"]), f"X{mine['number']}": Decimal(theirs["total"])})
    bed.books_are_sound()


@promise("WOO-31 WOO-10: two shops into two companies: each order is in its own books and nowhere else")
def two_into_two():
    bed = ShopBooks()
    bed.at.host.stop()
    shop, books = bed.another_shop("W", into="books2")
    bed.start_with_it("books2")
    code, qwc = bed.at.say("qwc", "acme/books2")
    equal(code, 0, qwc)
    equal(exchange(f"{books.control_url}/qwc?password={PASSWORD}", "POST", qwc.encode())[0], 200)
    eventually(lambda: sum(h["status"] == "active" for h in shop.get("/webhooks")) >= 6, "webhooks of the second shop")
    mine = [bed.place(lines=[{"sku": "MUG-RED", "quantity": n}]) for n in (1, 2)]
    theirs = [shop.post("/orders", {"lines": [{"sku": "TSHIRT", "quantity": n}]}) for n in (1, 2, 3)]
    shop.post("/deliver")
    for _ in range(4):
        bed.at.mlc("sync", "acme", "--wait")
        bed.visit()
        books.post("/visit", {})
    for twin, orders in ((bed.books, mine), (books, theirs)):
        held = twin.get("/books")
        equal({d["number"]: Decimal(d["total"]) for d in held["documents"] if d["type"] == "Invoice"},
              {f"W{o['number']}": Decimal(o["total"]) for o in orders})
        holds(held["balanced"], held["faults"])


run()
