#!/usr/bin/env python3
"""WOO-44: a company file takes so many names and no more; a flood of guests is told of before it is full."""
from lib import equal, eventually, holds, promise, run
from lib.desk import Desk, order


def attention(desk):
    return [t for t in desk.at.mlc("status")["things"] if "names are in the company file" in str(t)]


@promise("WOO-44: names are counted once a day; from 80 % of what the file holds on it is an alert that "
         "offers one customer for all, until there is room")
def watched():
    desk = Desk(settings={"max_names": 200})
    desk.post(order(1))
    desk.settle()
    equal(attention(desk), [], "plenty of room")
    desk.books.post("/grow", {"count": 150, "prefix": "Guest "})
    desk.post(order(2))
    desk.settle()
    equal(attention(desk), [], "counted today already")
    desk.host.advance(86400_000)
    desk.post(order(3))
    desk.settle()
    said = eventually(lambda: attention(desk), "the alert")
    holds("of at most 200 names" in str(said) and 'customers = "one"' in str(said), said)
    for i in range(1, 41):
        desk.books.post("/person/delete", {"type": "Customer", "name": f"Guest {i:06d}"})
    desk.host.advance(86400_000)
    desk.post(order(4))
    desk.settle()
    eventually(lambda: not attention(desk), "room again")
    desk.posted_once(*(order(n) for n in (1, 2, 3, 4)))


run()
