#!/usr/bin/env python3
"""ALL-09: no more money in a day than the tenant has said, whatever comes in."""
from lib import equal, holds, promise, run
from lib.pair import DAY, Pair

POSTED = """return mapping {
  id = "ledger.entry->crm.account", version = "1.0.0", language = 1,
  title = "Entries of the ledger become documents",
  from = { connector = "ledger", entity = "entry" },
  to = { connector = "crm", entity = "account" },
  label = text "entry {number}",
  identity = src "id",
  order_by = src "changed",
  money = { amount = src "total", currency = "USD", date = src "day" },
  match = { { by = "link" }, on_none = "create" },
  fields = { name = src "number", note = src "total" },
}
"""


def pair(*totals):
    p = Pair(more=', max_amount_per_day = "100.00"')
    p.deployment.write("mappings/ledger-crm/entry.lua", POSTED)
    party = p.party(name="Acme")
    for n, total in enumerate(totals):
        p.entry(party, "2026-12-31", total, number=f"N{n}")
    return p


def posted(p):
    return sum(int(a["note"].replace(".", "")) for a in p.accounts())


def flow(p):
    return p.deployment.flow_counts()["acme/books-sales.entry"]


@promise("ALL-09: the document that would pass max_amount_per_day holds the flow; "
         "what comes to just that is posted; a restart is no way around it")
def _():
    p = pair("60.00", "40.00", "0.01", "0.01")
    host = p.start()
    p.until(lambda: flow(p)["held_cause"] == "max_amount", f"it is held: {flow(p)}")
    equal(posted(p), 10000)
    code, said = p.deployment.say("status", "acme")
    holds("max_amount_per_day" in said, said)
    host.kill()
    p.start()
    p.sync()
    equal((posted(p), flow(p)["held_cause"]), (10000, "max_amount"))
    p.deployment.mlc("go", "acme/books-sales", "--yes")
    p.until(lambda: len(p.accounts()) == 4, "a person has let it on")
    equal(posted(p), 10002)


@promise("ALL-09: what was spent before a restart counts after it, and the next day begins at nothing")
def _():
    p = pair("99.99")
    host = p.start()
    p.until(lambda: len(p.accounts()) == 1, "the first is posted")
    host.kill()
    host = p.start()
    p.entry(p.parties()[0], "2026-12-31", "0.02", number="N1")
    p.until(lambda: flow(p)["held_cause"] == "max_amount", f"it is held: {flow(p)}")
    equal(posted(p), 9999)
    p.deployment.mlc("go", "acme/books-sales", "--yes")
    p.until(lambda: len(p.accounts()) == 2, "it goes on")
    p.entry(p.parties()[0], "2026-12-31", "90.00", number="N2")
    p.until(lambda: len(p.accounts()) == 3, "within the day's amount, counted from where a person looked")
    host.advance(DAY)
    p.entry(p.parties()[0], "2026-12-31", "95.00", number="N3")
    p.until(lambda: len(p.accounts()) == 4, f"the next day begins at nothing: {flow(p)}")


@promise("ALL-09: what the target turned away was not spent: put off, refused, and posted in the end it counts once")
def _():
    p = pair("60.00")
    p.crm.fault(kind="status", status=429, method="POST", path="/batch", headers={"Retry-After": "1"})
    p.crm.fault(kind="status", status=422, method="POST", path="/batch", json={"code": "invalid", "message": "not today"})
    p.start()
    p.until(lambda: p.deployment.list("held"), "put off once, then refused")
    p.deployment.mlc("release", "acme", "--cause", p.deployment.list("held")[0]["cause"])
    p.until(lambda: len(p.accounts()) == 1, "posted when it is released")
    p.entry(p.parties()[0], "2026-12-31", "40.00", number="N1")
    p.until(lambda: len(p.accounts()) == 2, "there was room for just that")
    equal((posted(p), flow(p)["held_cause"]), (10000, None))
    p.entry(p.parties()[0], "2026-12-31", "0.01", number="N2")
    p.until(lambda: flow(p)["held_cause"] == "max_amount", "and for no cent more")


@promise("ALL-09: changes of what is posted are no new money")
def _():
    p = pair("100.00")
    p.start()
    p.until(lambda: len(p.accounts()) == 1, "it is posted")
    entry = p.ledger.get("/books")["entries"][0]
    p.ledger.post("/entries", {**entry, "number": "renamed"})
    p.until(lambda: p.account_of("renamed"), f"the change follows: {flow(p)}")
    equal(flow(p)["held_cause"], None)


run()
