"""The main job: an order of the shop becomes an invoice in QuickBooks, to the cent, for the right customer, once."""
from decimal import Decimal

from lib import CALIFORNIA, ShopBooks, equal, holds, person, promise, run


@promise("WOO-01 WOO-02 WOO-14 WOO-17 WOO-26 ALL-04: a new order becomes an invoice and its buyer a "
         "customer, in one visit, with nobody's help")
def a_new_order():
    bed = ShopBooks()
    order = bed.place(billing=person("Grace", "Murray", "grace@example.com"),
                      lines=[{"sku": "MUG-RED", "quantity": 2}], shipping_total="7.95")
    bed.settle(visits=2)
    invoice = bed.invoice_of(order)
    holds(invoice, "the order has an invoice")
    equal(Decimal(invoice["total"]), Decimal(order["total"]), "Subtotal + SalesTaxTotal")
    customer = [c for c in bed.books.get("/books")["customers"] if c.get("email") == "grace@example.com"]
    equal(len(customer), 1, "customers of that e-mail")
    equal(customer[0]["name"], "Grace Murray")
    equal(Decimal(customer[0]["balance"]), 0, "what she owes")
    bed.books_are_sound()


@promise("WOO-13 WOO-45: a customer who is in QuickBooks under another spelling but with the same e-mail is "
         "adopted, and keeps what the bookkeeper wrote")
def an_adopted_customer():
    bed = ShopBooks()
    before = bed.books.get("/records/Customer/Lovelace,%20Ada")
    order = bed.place(billing=person("Ada", "Byron King", "ada@example.com", CALIFORNIA),
                      lines=[{"sku": "MUG-BLUE", "quantity": 1}])
    bed.settle()
    after = bed.books.get("/records/Customer/Lovelace,%20Ada")
    equal(bed.invoice_of(order)["customer"], "Lovelace, Ada")
    equal(sum((c.get("email")
               or "").lower() == "ada@example.com" for c in bed.books.get("/books")["customers"]), 1,
          "customers of that e-mail")
    for field in ("Name", "TermsRef", "Notes", "Phone", "BillAddress"):
        equal(after.get(field), before.get(field), field)


@promise("WOO-12: webhook and polling together make one invoice; each alone makes it too")
def by_webhook_and_by_poll():
    bed = ShopBooks()
    both = bed.place(lines=[{"sku": "TSHIRT", "quantity": 1}])
    bed.rest()
    bed.shop.fault(kind="hook_lost", count=0)
    polled = bed.place(lines=[{"sku": "TSHIRT", "quantity": 2}])
    bed.settle()
    for order in (both, polled):
        equal(Decimal(bed.invoice_of(order)["total"]), Decimal(order["total"]))
    equal(len(bed.documents("Invoice")), 2)


@promise("WOO-28 ALL-06: an unknown item waits as one cause; one remembered answer posts all that wait for "
         "it, and all later ones")
def an_unknown_item():
    bed = ShopBooks()
    orders = [bed.place(lines=[{"sku": "MUG-GLITTER", "quantity": n}]) for n in (1, 2, 3)]
    bed.settle()
    causes = {d["cause"] for d in bed.waiting("review")}
    equal(causes, {"unknown_item:MUG-GLITTER"}, "causes in review")
    equal(len(bed.documents("Invoice")), 0)
    answer = bed.at.mlc("decide", "acme", "--cause", "unknown_item:MUG-GLITTER", "--answer", "MUG-RED", "--remember")
    equal(answer["released"], 3)
    later = bed.place(lines=[{"sku": "MUG-GLITTER", "quantity": 4}])
    bed.settle()
    for order in (*orders, later):
        equal(Decimal(bed.invoice_of(order)["total"]), Decimal(order["total"]))
    equal(bed.waiting("review"), [])
    with open(bed.at.file("tenants", "acme", "answers.csv")) as f:
        holds("item,MUG-GLITTER,MUG-RED" in f.read(), "the answer stands in answers.csv")


@promise("WOO-16: nothing is written to the shop but its webhooks")
def one_direction():
    bed = ShopBooks()
    bed.shop.control("DELETE", "/calls")
    bed.place(lines=[{"sku": "MUG-RED", "quantity": 1}])
    bed.settle()
    invoice = bed.documents("Invoice")[0]
    bed.books.post("/person/edit", {"type": "Invoice", "name": invoice["id"], "set": {"Memo": "seen by the bookkeeper"}})
    bed.settle()
    writes = {route: n for route, n in bed.shop.get("/calls")["by_route"].items()
              if not route.startswith(("GET ", "HEAD ")) and "webhooks" not in route}
    equal(writes, {}, "writes to the shop")


@promise("WOO-33: the same webhook ten times and out of order is one invoice")
def webhooks_again_and_again():
    bed = ShopBooks()
    bed.shop.fault(kind="hook_twice", count=10)
    bed.shop.fault(kind="hook_reversed", count=3)
    order = bed.place(lines=[{"sku": "MUG-RED", "quantity": 1}])
    bed.shop.post(f"/orders/{order['id']}/edit", {"customer_note": "leave it at the door"})
    bed.deliver()
    bed.settle()
    holds(bed.invoice_of(order), "posted")
    equal(len(bed.documents("Invoice")), 1)
    bed.books_are_sound()


run()
