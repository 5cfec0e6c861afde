#!/usr/bin/env python3
"""Writes that leave together: as many as the target takes at once, each with an outcome of its own."""
from lib import equal, eventually, holds, promise, run
from lib.pair import Pair

FORTH = ('match = { { by = "link" }, { by = { name = src "name" } }, on_none = "create" },',
         'name = src "name", note = src "note", phone = src "phone"')


def batches(p):
    return p.crm.get("/books")["batches"]


@promise("ZUO-21: many records are few calls, each full, and each record is there once")
def _():
    p = Pair(FORTH)
    for n in range(50):
        p.party(name=f"P{n:02}")
    p.start()
    p.until(lambda: len(p.accounts()) == 50, "all are there")
    equal(sorted(a["name"] for a in p.accounts()), [f"P{n:02}" for n in range(50)])
    holds(len(batches(p)) <= 15, f"few calls: {batches(p)}")
    holds(max(batches(p)) == 5, f"no more than the entity takes: {batches(p)}")
    equal(p.crm.errors(), [])


@promise("one record that is refused, and one of which nobody knows, harm none of those that went along")
def _():
    p = Pair(FORTH)
    for n in range(10):
        p.party(name=f"P{n}", note={3: "refuse me", 7: "doubt me"}.get(n, "fine"))
    p.start()
    p.until(lambda: len(p.accounts()) == 9, f"all but one are there: {len(p.accounts())}")
    p.until(lambda: sum(f["done"] for f in p.deployment.flow_counts().values()) == 9, str(p.deployment.flow_counts()))
    held = p.deployment.list("held")
    equal([(d["label"], d["cause"]) for d in held], [("party P3", "refused")])
    equal(len([a for a in p.accounts() if a["name"] == "P7"]), 1, "in doubt, it was asked again with its key")
    equal(len([x for x in p.deployment.mlc("links", "acme")["links"] if x["target_id"]]), 9)


@promise("a call that is refused as a whole is made again one by one: only the one that is meant is held")
def _():
    p = Pair(FORTH)
    p.crm.fault(kind="status", method="POST", path="/batch", status=422,
                body='{"code":"invalid","message":"one of these"}', count=1)
    for n in range(5):
        p.party(name=f"P{n}", note="refuse me" if n == 2 else "fine")
    p.start()
    p.until(lambda: len(p.accounts()) == 4, f"all but one are there: {len(p.accounts())} {p.deployment.mlc('list', 'all')}")
    p.until(lambda: [d["label"] for d in p.deployment.list("held")] == ["party P2"], str(p.deployment.list("held")))


@promise("stale ones of a batch are read again, merged and written; the others were written the first time")
def _():
    p = Pair(FORTH)
    parties = [p.party(name=f"P{n}", phone="1") for n in range(5)]
    p.start()
    p.until(lambda: len(p.accounts()) == 5, "all are there")
    p.crm.fault(kind="latency", method="POST", path="/batch", ms=700, count=1)
    p.deployment.mlc("pause", "acme")
    for x in parties:
        p.ledger.post("/parties", {"id": x["id"], "phone": "2"})
    p.sync()
    before = p.crm.get("/calls")["by_route"]["POST /batch"]
    p.deployment.mlc("resume", "acme")
    eventually(lambda: p.crm.get("/calls")["by_route"]["POST /batch"] > before, "the batch has left")
    p.crm.post("/accounts", {"id": p.account_of("P3")["id"], "note": "hers"})
    p.until(lambda: all(a["phone"] == "2" for a in p.accounts()), "all are written")
    equal(p.account_of("P3")["note"], "hers")


@promise("kill -9 with batches on the wire, their replies lost: each record is there once, each linked")
def _():
    p = Pair(FORTH)
    for n in range(40):
        p.party(name=f"P{n:02}")
    for n in range(5):
        p.crm.fault(kind="drop_after", method="POST", path="/batch", count=1)
        host = p.start()
        made = len(p.accounts())
        eventually(lambda: len(p.accounts()) > made or made == 40, "something arrived")
        host.kill()
    p.start()
    p.until(lambda: len(p.deployment.mlc("links", "acme")["links"]) == 40, "each is linked")
    equal(sorted(a["name"] for a in p.accounts()), [f"P{n:02}" for n in range(40)])
    equal(p.deployment.mlc("audit", "verify")["tenants"]["acme"]["ok"], True)


run()
