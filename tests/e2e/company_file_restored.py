#!/usr/bin/env python3
"""ALL-14: a company file that was restored from a backup is noticed before anything is written to it."""
from lib import equal, holds, promise, run
from lib.desk import Desk, order


def held(desk):
    return {c["path"]: c.get("held") for c in desk.at.mlc("status")["connections"]}.get("acme/books")


@promise("ALL-14: linked documents that are gone without a deletion hold the connection before any write, "
         "with a list; resume goes on, 0 doubled")
def restored():
    desk = Desk()
    early = [order(n) for n in (1, 2)]
    desk.post(*early)
    desk.settle()
    desk.books.post("/backup", {"backup": "monday"})
    late = [order(n) for n in (3, 4, 5)]
    desk.post(*late)
    desk.settle()
    desk.posted_once(*early, *late)
    lost = {d["id"] for d in desk.ledger()["documents"] if d.get("number") in ("W3", "W4", "W5")}
    equal(len(lost), 3, "documents that the backup has not")
    desk.books.post("/backup", {"restore": "monday"})
    before = [(d["id"], d["edit_sequence"]) for d in desk.ledger()["documents"]]
    desk.post(order(6), *(order(n, status="completed", total="19.00", date_modified_gmt="2026-11-03T17:00:00") for n in (1, 4)))
    visit = desk.visit()
    equal(visit["writes"], 0, "writes")
    equal([(d["id"], d["edit_sequence"]) for d in desk.ledger()["documents"]], before, "nothing was written")
    status = desk.at.mlc("status")
    said = str(status)
    holds("went_back" in said and "mlc resume acme/books" in said, said)
    holds(all(id_ in said for id_ in lost), f"{lost} are not listed in {said}")
    rows = desk.at.mlc("audit", "--move", "went_back")
    holds(all(id_ in str(rows) for id_ in lost), f"the trail lists them: {rows}")
    desk.crash()
    equal(desk.visit()["outcome"], "nothing to do", "held over a restart")
    equal(len(desk.ledger()["documents"]), len(before), "still nothing")
    desk.at.mlc("resume", "acme/books")
    desk.settle()
    invoices = desk.invoices()
    equal([len(invoices.get(f"W{n}", [])) for n in range(1, 7)], [1, 1, 0, 0, 0, 1],
          "what was lost is not posted again by itself")
    review = {d["label"]: d["cause"] for d in desk.at.list("review")}
    holds("gone_in_target" in review.values(), f"the changed one of those is asked about: {review}")
    desk.sound()


@promise("ALL-14: what a person deletes is no restored backup")
def deleted():
    desk = Desk()
    desk.post(order(1), order(2))
    desk.settle()
    for n in (1, 2):
        desk.books.post("/person/delete", {"type": "Invoice", "name": f"W{n}"})
    desk.post(order(3))
    desk.settle()
    equal(sorted(desk.invoices()), ["W3"], "goes on")


@promise("ALL-14: where it cannot be looked up the visit ends without a write, and the next one goes on")
def not_now():
    desk = Desk()
    desk.post(order(1))
    desk.settle()
    for request in ("InvoiceQueryRq", "CustomerQueryRq"):
        desk.books.fault(kind="refuse", path=request, code=3175, count=3)
    desk.post(order(2))
    visit = desk.visit()
    equal((visit["outcome"], visit["writes"]), ("done", 0), "nothing is written")
    desk.books.control("DELETE", "/faults")
    desk.settle()
    desk.posted_once(order(1), order(2))


run()
