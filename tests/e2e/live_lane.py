#!/usr/bin/env python3
"""ZUO-27: a visit that is held open posts what falls due within seconds, and lets go when it has to."""
from datetime import datetime

from lib import equal, eventually, holds, promise, run
from lib.desk import Desk, order, tenant


def at(row):
    return datetime.fromisoformat(row["at"].replace("Z", "+00:00"))


@promise("ZUO-27: an order that arrives while the visit is held open is an invoice within 10 s, and a reload ends the visit")
def live():
    desk = Desk(books=', live = "always"')
    holds("<RunEveryNSeconds>5</RunEveryNSeconds>" in desk.at.say("qwc", "acme/books")[1],
          "the Web Connector comes every few seconds")
    visit = desk.visit(until="getLastError")
    for _ in range(3):  # nothing is due: it pauses, and comes again
        visit = desk.visit(resume=visit["id"], until="getLastError")
        equal(visit["outcome"], "waiting before getLastError", "held open")
    before = len(visit["calls"])
    desk.post(order(1001))
    while not any(d["request"] == "InvoiceAddRq" for call in visit["calls"] for d in call.get("done", [])):
        visit = desk.visit(resume=visit["id"], until="receiveResponseXML")
        equal(visit["outcome"], "waiting before receiveResponseXML", "still the same visit")
        visit = desk.visit(resume=visit["id"], until="sendRequestXML")
    took = (at(visit["calls"][-1]) - at(visit["calls"][before - 1])).total_seconds()
    holds(took <= 10, f"posted after {took} s of the Web Connector's clock")
    visit = desk.visit(resume=visit["id"], until="getLastError")
    equal(visit["outcome"], "waiting before getLastError", "held open again")
    desk.posted_once(order(1001))
    desk.at.tenant("acme", tenant())
    desk.host.hup()
    eventually(lambda: "visit ends with what it has taken" in desk.host.said(), "the reload")
    visit = desk.visit(resume=visit["id"])
    equal(visit["outcome"], "done", f"let go: {visit.get('message')}")
    equal(desk.visit()["outcome"], "done", "the next one is as ever")
    desk.sound()


run()
