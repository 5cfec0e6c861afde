#!/usr/bin/env python3
"""What is gone on one side: closed, left or asked about on the other, as the mapping says; never concluded from a list, never by the hundred."""
import sqlite3

from lib import equal, holds, promise, run
from lib.pair import DAY, Pair

MATCH = 'match = { { by = "link" }, on_none = "create" },'
FIELDS = 'name = src "name", city = src "city"'
CLOSES = (MATCH + "on_delete = { when = eq(src \"active\", false), fields = { closed = true } },", FIELDS)
ASKS = (MATCH + "on_delete = { else_ = review(\"gone\", \"account {name} is gone\") },", FIELDS)
LEAVES = (MATCH, FIELDS)


def begun(n=1, back=CLOSES, **more):
    p = Pair(back=back, **more)
    accounts = [p.account(name=f"A{i:02}", city="Reno") for i in range(n)]
    p.start()
    p.until(lambda: len(p.parties()) == n, "all are there")
    return p, accounts


def closed(p):
    return sorted(x["name"] for x in p.parties() if x.get("closed"))


def trail(p, move):
    return [a["detail"] for a in p.deployment.mlc("audit", "--tenant", "acme", "--move", move)["audit"]]


@promise("ZOHO-23, ZEN-09: deleted, and only set inactive: both are closed there, as the mapping says")
def _():
    p, a = begun(3)
    p.crm.post("/gone", {"id": a[0]["id"]})
    p.crm.post("/accounts", {"id": a[1]["id"], "active": False})
    p.until(lambda: closed(p) == ["A00", "A01"], f"both are closed: {closed(p)}")
    equal(len(p.parties()), 3)


@promise("ZOHO-23: a mapping that asks, asks; one that says nothing leaves what was written, and says so")
def _():
    p, a = begun(1, back=ASKS)
    p.crm.post("/gone", {"id": a[0]["id"]})
    p.until(lambda: [d["cause"] for d in p.deployment.list("review")] == ["gone"], "a person is asked")
    equal(closed(p), [])
    from lib import bed
    bed.clear_up()
    p, a = begun(1, back=LEAVES)
    p.crm.post("/gone", {"id": a[0]["id"]})
    p.until(lambda: [d["cause"] for d in p.deployment.list("skipped")] == ["left_alone"], "it is left, and counted")
    equal(len(p.parties()), 1)


@promise("WOO-35: thirty closed at once: the flow is held after twenty, an alert stands, "
         "a reload does not lift it, and a person does")
def _():
    p, a = begun(30)
    for one in a:
        p.crm.post("/gone", {"id": one["id"]})
    p.until(lambda: len(closed(p)) == 20, f"twenty: {len(closed(p))}")
    p.deployment.mlc("reload")
    p.sync()
    equal(len(closed(p)), 20)
    code, _, said = p.deployment.run("status")
    holds("mass_deletion" in said or "max_deletions_per_hour" in said, said)
    p.deployment.mlc("go", "acme/books-sales", "--yes")
    p.until(lambda: len(closed(p)) == 30, "the rest")


@promise("ZEN-07: away for longer than the remote remembers: all ids are compared, "
         "what is missing is asked for one by one, and the trail says so")
def _():
    p, a = begun(6)
    p.crm.post("/gone", {"id": a[2]["id"], "silent": True})
    p.crm.post("/accounts", {"id": a[4]["id"], "city": "Elko"})
    p.host.advance(89 * DAY)
    p.until(lambda: p.party_of("A04")["city"] == "Elko", "within its memory nothing is compared")
    equal([trail(p, "lapsed"), closed(p)], [[], []])
    p.host.advance(91 * DAY)
    p.until(lambda: closed(p) == ["A02"], f"the one that is gone: {closed(p)}")
    lapsed, compared = trail(p, "lapsed"), trail(p, "compared")
    equal([x["feed"] for x in lapsed], ["accounts"])
    holds(lapsed[0]["days"] >= 90 and lapsed[0]["remembers_days"] == 90, str(lapsed))
    equal([x["missing"] for x in compared], [1])
    p.sync()
    equal(len(trail(p, "compared")), 1, "once")


@promise("nothing is concluded from a list that fails, nor from one that comes back short")
def _():
    p, a = begun(6)
    p.crm.fault(kind="status", method="GET", path="/accounts", status=500, count=3)
    p.host.advance(91 * DAY)
    p.until(lambda: trail(p, "compared"), "it is compared when the list is there")
    equal(closed(p), [])
    from lib import bed
    bed.clear_up()
    p, a = begun(6, crm={"short": 2})
    p.host.advance(91 * DAY)
    p.until(lambda: trail(p, "compared"), "it is compared")
    p.sync()
    equal([closed(p), trail(p, "compared")[0]["missing"]], [[], 4])
    holds(p.crm.get("/calls")["by_route"].get("GET /accounts/:id", 0) >= 4, "each was asked for by itself")


@promise("kill -9 while it is compared: it is compared all the same")
def _():
    p, a = begun(6)
    p.crm.post("/gone", {"id": a[2]["id"], "silent": True})
    p.crm.fault(kind="latency", method="GET", path="/accounts", ms=1500, count=1)
    store = sqlite3.connect(f"file:{p.deployment.file('state', 'mlc.db')}?mode=ro", uri=True)
    p.host.advance(91 * DAY)
    for _ in range(1_000_000):  # killed as soon as it is on the disk that it began
        if store.execute("SELECT 1 FROM audit WHERE move = 'lapsed'").fetchone():
            break
    p.host.kill()
    equal(store.execute("SELECT name FROM note WHERE kind = 'full'").fetchall(), [("accounts",)],
          "with it stands what is to be compared")
    store.close()
    p.start()
    p.until(lambda: closed(p) == ["A02"], f"the one that is gone: {closed(p)}")


@promise("ALL-13: what a person deleted in the target is not made again by the next change: post again, "
         "forget, or link to another")
def _():
    for choice in ("again", "forget"):
        p = Pair(forth=(MATCH, FIELDS))
        party = p.party(name="Ada", city="Reno")
        p.start()
        p.until(lambda: p.account_of("Ada"), "it is there")
        p.crm.post("/gone", {"id": p.account_of("Ada")["id"]})
        p.ledger.post("/parties", {"id": party["id"], "city": "Elko"})
        p.until(lambda: [d["cause"] for d in p.deployment.list("review")] == ["gone_in_target"], "a person is asked")
        equal(p.accounts(), [])
        p.deployment.mlc("decide", "--cause", "gone_in_target", "--choice", choice, "acme")
        p.until(lambda: not p.deployment.list("review"), "it is settled")
        p.sync()
        equal([x["city"] for x in p.accounts()], ["Elko"] if choice == "again" else [])
        from lib import bed
        bed.clear_up()


run()
