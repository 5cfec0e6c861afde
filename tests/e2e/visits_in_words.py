#!/usr/bin/env python3
"""What a visit did, as a person at two in the morning wants to read it."""
import re

from lib import equal, eventually, holds, promise, run
from lib.desk import Desk, order


@promise("mlc visits tells what was asked, what was written as which record, and what QuickBooks declined, in its own words")
def words():
    desk = Desk()
    desk.post(order(1001))
    desk.settle()
    said = desk.at.say("visits", "acme/books")[1]
    holds("what is new in customers" in said, said)
    customer, invoice = (re.search(rf"create {kind}: done, ([0-9A-F]+-\d+)", said) for kind in ("Customer", "Invoice"))
    holds(customer and invoice, said)
    equal([d["id"] for d in desk.ledger()["documents"] if d["type"] == "Invoice"], [invoice.group(1)],
          "the invoice that it names")
    holds(not re.search(r'[{}"\[\]]', said), f"no JSON: {said}")
    holds(all(re.match(r"visit that ended |  \d\d:\d\d:\d\d  \S", line) for line in said.strip().splitlines()), said)
    desk.books.post("/faults", {"kind": "refuse", "path": "CustomerAddRq", "code": 3180,
                                "message": "The disk of the office is full."})
    desk.post(order(1002))
    desk.visit()

    def was_declined():
        said = desk.at.say("visits", "acme/books")[1]
        return "create Customer: not done" in said and "3180: The disk of the office is full." in said
    eventually(was_declined, "what QuickBooks declined is told")
    desk.settle()
    desk.sound()


run()
