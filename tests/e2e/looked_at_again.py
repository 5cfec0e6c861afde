#!/usr/bin/env python3
"""Records that change though nothing of them does: figures over others, and what only time brings."""
import datetime
import decimal

from lib import equal, eventually, holds, promise, run
from lib.pair import DAY, HOUR, Pair

FIGURES = ("""
  match = { { by = "link" }, on_none = "create" },
  needs = { entries = query { side = "source", entity = "entry", where = { party = src "id" } } },
  again_on = { entry = src "party.id" },
  again_at = each(filter("entries", gt(item "open", 0)), add_days(item "due", 1)),
""", """
  name = src "name", open = count("entries", gt(item "open", 0)), balance = sum("entries", "open"),
  overdue = count("entries", all { gt(item "open", 0), lt(item "due", today()) }),
""")


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


def figures(p, name):
    a = p.account_of(name)
    return a and (a.get("open"), f"{decimal.Decimal(a.get('balance', 0)):.2f}", a.get("overdue"))


@promise("ZEN-06, ZEN-28: a new, a paid, a moved and a deleted entry each change the figures of the party that they name")
def _():
    p = Pair(FIGURES)
    ada, ben = p.party(name="Ada"), p.party(name="Ben")
    p.start()
    p.until(lambda: p.account_of("Ada") and p.account_of("Ben"), "both are there")
    one = p.entry(ada, day(10), "40.00")
    two = p.entry(ada, day(20), "2.50", number="2")
    p.until(lambda: figures(p, "Ada") == (2, "42.50", 0), f"two are open, there is {figures(p, 'Ada')}")
    p.ledger.post("/entries", {"id": one["id"], "open": "0.00"})
    p.until(lambda: figures(p, "Ada") == (1, "2.50", 0), "one is paid")
    p.ledger.post("/entries", {"id": two["id"], "party": {"id": ben["id"]}})
    p.until(lambda: figures(p, "Ben") == (1, "2.50", 0) and figures(p, "Ada") == (0, "0.00", 0),
            "it is Ben's now, and Ada's no more")
    p.ledger.post("/gone", {"id": two["id"]})
    p.until(lambda: figures(p, "Ben") == (0, "0.00", 0), "it is gone")
    equal(p.ledger.errors() + p.crm.errors(), [])


@promise("a hundred entries of one party are few looks at it")
def _():
    p = Pair(FIGURES, ledger={"per_page": 200})
    ada = p.party(name="Ada")
    for n in range(100):
        p.entry(ada, day(10), "1.00", number=str(n))
    p.start()
    p.until(lambda: figures(p, "Ada") == (100, "100.00", 0), "all are counted")
    looks = p.ledger.get("/calls")["by_route"]["GET /:folder/:id"]
    holds(looks <= 20, f"{looks} looks at the party")


@promise("ZEN-29: an entry turns overdue at midnight, without any event, and across a restart")
def _():
    p = Pair(FIGURES)
    ada = p.party(name="Ada")
    p.entry(ada, day(1), "40.00")
    p.entry(ada, day(3), "2.50", number="2")
    host = p.start()
    p.until(lambda: figures(p, "Ada") == (2, "42.50", 0), "none is overdue")
    host.kill()
    host = p.start()
    equal(figures(p, "Ada"), (2, "42.50", 0))
    host.advance(2 * DAY)
    eventually(lambda: figures(p, "Ada") == (2, "42.50", 1), "the first is overdue")
    written = len(p.crm.get("/books")["batches"])
    host.advance(12 * HOUR)
    p.sync()
    equal(len(p.crm.get("/books")["batches"]), written, "nothing is written in between")
    host.advance(2 * DAY)
    eventually(lambda: figures(p, "Ada") == (2, "42.50", 2), "and the second")
    equal(p.ledger.errors() + p.crm.errors(), [])


@promise("ZEN-29: a day begins at the midnight of the tenant's own clock, wherever the machine stands")
def _():
    from zoneinfo import ZoneInfo
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 14 hours ahead of UTC, and 11 behind
        there = datetime.datetime.now(ZoneInfo(name))
        p = Pair(FIGURES, zone=name)
        ada = p.party(name="Ada")
        p.entry(ada, there.date().isoformat(), "40.00")
        host = p.start()
        p.until(lambda: figures(p, "Ada") == (1, "40.00", 0), f"due today there, not overdue: {figures(p, 'Ada')}")
        midnight = datetime.datetime.combine(there.date() + datetime.timedelta(days=1), datetime.time(), ZoneInfo(name))
        left = int((midnight - datetime.datetime.now(ZoneInfo(name))).total_seconds() * 1000)
        if left > 120_000:
            host.advance(left - 60_000)
            p.sync()
            equal(figures(p, "Ada"), (1, "40.00", 0), "a minute before midnight")
            host.advance(60_000)
        eventually(lambda: figures(p, "Ada") == (1, "40.00", 1), "overdue at midnight there")
        from lib import bed
        bed.clear_up()


@promise("in the shadow it is looked at again, too, and nothing is written")
def _():
    p = Pair(FIGURES, mode="shadow")
    ada = p.party(name="Ada")
    p.entry(ada, day(1), "40.00")
    host = p.start()
    p.sync()
    equal(len(p.deployment.list("would")), 1)
    before = p.deployment.list("would")[0]
    host.advance(2 * DAY)
    eventually(lambda: any(d["moved_ms"] > before["moved_ms"] for d in p.deployment.list("would")), "it is shown anew")
    equal(p.accounts(), [])


run()
