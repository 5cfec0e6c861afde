#!/usr/bin/env python3
"""What grows with a business: a day's orders at once, a year's notes, a company file full of names.  MLC_SCALE=full: the promised numbers."""
import sqlite3

from lib import ShopBooks, equal, holds, promise, run
from lib.scale import many

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
    bed = ShopBooks(books={"max_names": 1_000_000})  # the edition for large businesses
    bed.settle()
    bed.at.mlc("pause", "acme/shop-books")
    before = rows(bed, "SELECT count(*) FROM record WHERE entity = 'Customer'")[0][0]
    for first in range(0, count, 2000):  # as a business makes them: not all in one second
        bed.books.post("/grow", {"count": min(2000, count - first), "prefix": f"Buyer {first:06d} "}, timeout=600)
        bed.books.post("/clock", {"advance_ms": 120_000, "skip": True})
    largest = 0
    bed.books.fault(kind="die_after", after=7)  # the first visit ends in the middle of a window
    for _ in range(20):
        bed.host.advance(HOUR)
        visit = bed.books.post("/visit", {"brief": True}, timeout=3000)
        largest = max([largest, *(c.get("response_bytes", 0) for c in visit["calls"])])
        if visit["outcome"] == "nothing to do":
            break
    equal(rows(bed, "SELECT count(*) FROM record WHERE entity = 'Customer' AND deleted = 0")[0][0], before + count, "customers known")
    equal(rows(bed, "SELECT count(*) FROM mirror WHERE entity = 'Customer'")[0][0], before + count, "that can be found by e-mail")
    twice = rows(bed, "SELECT rid, count(*) FROM audit WHERE move = 'accept' AND entity = 'Customer' GROUP BY rid HAVING count(*) > 1")
    equal(twice, [], "accepted twice")
    holds(0 < largest < 500_000, f"the largest answer has {largest} bytes")


if __name__ == "__main__":
    run()
