#!/usr/bin/env python3
"""What grows with a business: a day's orders at once, a year's notes, a company file full of names.  MLC_SCALE=full: the promised numbers."""
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from lib import Deployment, ShopBooks, Twin, equal, eventually, exchange, holds, person, promise, run
from lib.scale import many
from lib.shopbooks import PARAMS, PASSWORD, PRODUCTS, free_port

MUG = [{"sku": "MUG-RED", "quantity": 1}]
HOUR = 3600 * 1000


def place(bed, count):
    ids = []
    while len(ids) < count:
        ids += bed.shop.post("/orders", {"count": min(100, count - len(ids)), "lines": MUG}, timeout=120)["ids"]
        bed.deliver()
    return ids


def as_written(bed):
    return {d["id"]: (d["edit_sequence"], d["void"]) for d in bed.documents(voided=True)}


def rows(bed, query):
    store = sqlite3.connect(f"file:{bed.at.file('state', 'mlc.db')}?mode=ro", uri=True)
    try:
        return store.execute(query).fetchall()
    finally:
        store.close()


@promise(f"WOO-41: {many(100, 1000)} posted orders move from processing to completed, with notes: 0 writes, 0 reviews")
def status_moves():
    count = many(100, 1000)
    bed = ShopBooks(more='customers = "one",')
    ids = place(bed, count)
    bed.settle(visits=count // 10)
    before = as_written(bed)
    equal(len(bed.documents("Invoice")), count)
    for id_ in ids:
        bed.shop.post(f"/orders/{id_}/edit", {"customer_note": "at the door"})
        bed.shop.post(f"/orders/{id_}/status", {"status": "completed"})
    bed.deliver()
    bed.rest()
    equal(bed.visit().get("writes", 0), 0, "writes")
    bed.settle()
    equal(as_written(bed), before, "documents and their versions")
    equal((bed.waiting("review"), bed.waiting("held")), ([], []))


@promise(f"WOO-21 WOO-32: QuickBooks was away for a day and {many(100, 1000)} orders came meanwhile: the next cycles post each once")
def after_an_outage():
    count = many(100, 1000)
    bed = ShopBooks()
    bed.books.fault(kind="file_closed", count=3)
    place(bed, count)
    for _ in range(3):
        bed.visit()
    equal(bed.documents("Invoice"), [], "posted while the file was closed")
    bed.settle(visits=count // 5)
    numbers = sorted(d["number"] for d in bed.documents("Invoice"))
    equal(len(numbers), count)
    equal(len(set(numbers)), count, "each once")
    equal(bed.waiting("review") + bed.waiting("held"), [])
    bed.books_are_sound()


@promise(f"ZUO-20 WOO-06: {many(1000, 200000)} customers are read in pages far below the Web Connector's limits; a visit that is cut costs a window, and none comes twice")
def full_of_names():
    count = many(1000, 200000)
    bed = ShopBooks(books={"max_names": 1_000_000, "max_calls": 100_000})  # the edition for large businesses
    bed.settle()
    bed.at.mlc("pause", "acme/shop-books")
    before = rows(bed, "SELECT count(*) FROM record WHERE entity = 'Customer'")[0][0]
    for first in range(0, count, 2000):  # as a business makes them: not all in one second
        bed.books.post("/grow", {"count": min(2000, count - first), "prefix": f"Buyer {first:06d} "}, timeout=600)
        bed.books.post("/clock", {"advance_ms": 120_000, "skip": True})
    largest = 0
    for _ in range(100):
        bed.host.advance(HOUR)
        # Each ends in the middle of a window, but for the last.
        visit = bed.books.post("/visit", {"brief": True, "calls": many(37, 1037)}, timeout=1000)
        largest = max([largest, *(c.get("response_bytes", 0) for c in visit["calls"])])
        if visit["outcome"] in ("done", "nothing to do") and len(visit["calls"]) < 30:  # nothing was left but to look
            break
    equal(rows(bed, "SELECT count(*) FROM record WHERE entity = 'Customer' AND deleted = 0")[0][0],
          before + count, "customers known")
    equal(rows(bed, "SELECT count(*) FROM mirror WHERE entity = 'Customer'")[0][0], before + count,
          "that can be found by e-mail")
    twice = rows(bed,
                 "SELECT rid, count(*) FROM audit WHERE move = 'accept' AND entity = 'Customer' GROUP BY rid HAVING count(*) > 1")
    equal(twice, [], "accepted twice")
    holds(0 < largest < 500_000, f"the largest answer has {largest} bytes")


@promise(f"WOO-10 WOO-31: {many(4, 50)} stores, each with its own address, keys and company file, whose Web Connectors come at the same time: no order in another's books")
def stores_never_meet():
    count, port = many(4, 50), free_port()
    shops = [Twin("woocommerce", {"key": f"ck_{n:040x}", "secret": f"cs_{n:040x}", "number_prefix": f"{n}-"},
                  tls=True) for n in range(count)]
    books = [Twin("quickbooks_desktop", {"seed": "shop"}, pace=0.02) for _ in range(count)]
    at = Deployment()
    with open(at.file("ca.pem"), "w") as out:
        out.write("".join(open(s.ca).read() for s in shops))
    at.write("mlc.lua", f"""return {{ public = {{ address = "127.0.0.1", port = {port}, url = "http://localhost:{port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8" }}, ca_file = "ca.pem" }}, workers = 1 }}""")
    for n, shop in enumerate(shops):
        at.tenant(f"store{n}", f"""return tenant {{ connections = {{
    books = {{ connector = "quickbooks_desktop", company = "Acme Mugs LLC" }}, shop = {{ connector = "woocommerce", url = "{shop.url}" }} }},
  flows = {{ integration "woocommerce-quickbooks_desktop" {{ woocommerce = "shop", quickbooks_desktop = "books", start = "2020-01-01", mode = "live", params = {{ {PARAMS} }} }} }} }}""")
        at.secret(f"store{n}/shop", "consumer_key", f"ck_{n:040x}")
        at.secret(f"store{n}/shop", "consumer_secret", f"cs_{n:040x}")
        at.secret(f"store{n}/books", "password", f"{PASSWORD}-{n}")
        for product in PRODUCTS:
            shop.post("/products", {**product, "stock": 1000})
    at.start()
    for n, company in enumerate(books):
        qwc = at.say("qwc", f"store{n}/books")[1]
        equal(exchange(f"{company.control_url}/qwc?password={PASSWORD}-{n}", "POST", qwc.encode())[0], 200)
    for shop in shops:
        eventually(lambda: sum(h["status"] == "active" for h in shop.get("/webhooks")) >= 6, "six webhooks")
    # The same buyer, the same order ids, everywhere.
    for n, shop in enumerate(shops):
        shop.post("/orders", {"count": n % 4 + 1, "billing": person("Grace", "Murray", "grace@example.com"),
                              "lines": [{"sku": "MUG-RED", "quantity": n % 4 + 1}]})
        shop.post("/deliver")
    for _ in range(4):
        for n in range(count):
            at.mlc("sync", f"store{n}/shop-books", "--wait")
        with ThreadPoolExecutor(count) as at_once:
            list(at_once.map(lambda company: company.post("/visit", timeout=300), books))
    for n, company in enumerate(books):
        invoices = [d for d in company.get("/books")["documents"] if d["type"] == "Invoice"]
        equal(len(invoices), n % 4 + 1, f"invoices of store {n}")
        holds(all(d["number"].startswith(f"W{n}-") for d in invoices), f"all of its own: {[d['number'] for d in invoices]}")
        equal({Decimal(d["total"]) for d in invoices}, {Decimal(shops[n].get("/orders")[0]["total"])})


if __name__ == "__main__":
    run()
