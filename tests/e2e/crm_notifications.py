#!/usr/bin/env python3
"""Zoho's notifications: a channel that never lapses, news that only hint, strangers that are turned away, and polls behind it all."""
import json

from lib import equal, eventually, exchange, holds, promise, run
from lib.crmbooks import CrmBooks

HOUR = 3600000
START = "2026-11-20T08:00:00Z"


def begun(**more):
    """A customer that is an account, a live channel, and both clocks at one time."""
    b = CrmBooks(**more)
    b.customer("Contoso", Phone="555 1")
    b.settle()
    eventually(lambda: alive(b), "a channel is made")
    return b


def alive(b):
    return [c for c in b.crm.get("/channels")["channels"] if c["alive"]]


def hours(b, n):
    b.crm.post("/clock", {"advance_ms": n * HOUR, "skip": True})
    b.host.advance(n * HOUR)


def note(b, **change):
    c = b.crm.get("/channels")["channels"][0]
    body = {"module": "Accounts", "ids": [b.account("Contoso")["id"]], "operation": "update",
            "channel_id": c["channel_id"], "token": c["token"], **change}
    return exchange(f"http://127.0.0.1:{b.port}/hooks/acme/crm", "POST", json.dumps(body).encode(),
                    {"Content-Type": "application/json"})[0]


@promise("ZOHO-14 ZOHO-15: over 144 hours the channel is renewed by PATCH ahead of the expiry that Zoho told, and never lapses")
def never_lapses():
    b = begun()
    for _ in range(24):
        hours(b, 6)
        eventually(lambda: alive(b), "the channel lives")
        b.rest()
    written = [w["method"] for w in b.crm.get("/channels")["written"]]
    equal((written[0], set(written[1:])), ("POST", {"PATCH"}), f"made once, renewed: {written}")
    equal(len(b.crm.get("/channels")["channels"]), 1, "one channel")


@promise("ZOHO-14 ZOHO-15: a renewal that fails is told; after a lapse a new channel is made, and what was missed is read")
def lapse():
    b = begun()
    b.crm.fault(kind="status", method="PATCH", path="/crm/v8/actions/watch", status=500, count=0)
    b.crm.fault(kind="status", method="POST", path="/crm/v8/actions/watch", status=500, count=0)
    for _ in range(26):
        hours(b, 6)
        b.rest()
    said = eventually(lambda: "no channel for notifications" in b.at.say("status")[1] and b.at.say("status")[1], "status tells")
    holds("acme/crm" in said, said)
    equal(alive(b), [], "it has lapsed")
    b.crm.post(f"/records/Accounts/{b.account('Contoso')['id']}", {"Phone": "555 2"})
    b.crm.control("DELETE", "/faults")
    for _ in range(4):
        hours(b, 1)
        b.rest()
    eventually(lambda: alive(b), "a new channel")
    b.settle()
    equal(b.books.get("/records/Customer/Contoso")["Phone"], "555 2", "what was missed")
    eventually(lambda: "no channel for notifications" not in b.at.say("status")[1], "all well again")


@promise("ZOHO-13: a wrong token and a wrong channel are rejected, change nothing and stand in the trail; "
         "the right ones are taken")
def strangers():
    b = begun()
    before = b.crm.get("/calls")["total"]
    equal([note(b, token="x"), note(b, token=""), note(b, channel_id="1"), note(b, channel_id=None)], [401] * 4, "strangers")
    equal(exchange(f"http://127.0.0.1:{b.port}/hooks/acme/crm", "POST", b"not json")[0], 401, "nor garbage")
    equal(b.crm.get("/calls")["total"], before, "nothing was looked up")
    trail = b.at.mlc("audit", "--tenant", "acme", "--move", "webhook_refused")["audit"]
    holds(trail and trail[0]["connection"] == "crm" and "401" in json.dumps(trail[0]), f"audited: {trail}")
    equal(note(b), 200, "ours")


@promise("ZOHO-16: a notification is believed its ids only: the record is fetched, whatever else the body says")
def only_hints():
    b = begun()
    account = b.account("Contoso")
    b.crm.post(f"/records/Accounts/{account['id']}", {"Phone": "555 2", "_silent": True})
    equal(note(b, data=[{"id": account["id"], "Phone": "999"}], affected_fields=[{account["id"]: ["Phone"]}]), 200, "taken")
    eventually(lambda: b.crm.get("/calls")["by_route"].get("GET /crm/v8/:module/:id"), "the record is fetched")
    b.settle()
    equal(b.books.get("/records/Customer/Contoso")["Phone"], "555 2", "as it stands in Zoho")
    equal(note(b, ids=["1"], operation="delete"), 200, "a deletion of what is not ours")
    b.settle()
    equal(b.books.get("/records/Customer/Contoso")["IsActive"], "true", "says nothing")


@promise("notifications that are lost, doubled, late or reversed: the end is the same, since polls are the truth")
def unreliable():
    b = begun()
    account = b.account("Contoso")["id"]
    for n, kind in enumerate(("note_lost", "note_twice", "note_late", "note_reversed")):
        b.crm.fault(kind=kind)
        b.crm.post(f"/records/Accounts/{account}", {"Phone": f"555 {n}0"})
        b.crm.post(f"/records/Accounts/{account}", {"Phone": f"555 {n}1"})
        b.crm.post("/deliver")
        b.settle()
        equal(b.books.get("/records/Customer/Contoso")["Phone"], f"555 {n}1", kind)


run()
