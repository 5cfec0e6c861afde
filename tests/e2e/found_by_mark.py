#!/usr/bin/env python3
"""Promise 2, where a target keeps our key on the record (MARKED): what may have happened is looked up by it before it is sent again.

The mapping has no rule of its own to find an entry by: without the mark the second try would make a second one."""
from lib import equal, eventually, holds, promise, run
from lib.pair import Pair

ENTRY = """return mapping {
  id = "crm.account->ledger.entry", version = "1.0.0", language = 1,
  title = "Accounts become entries of the ledger",
  from = { connector = "crm", entity = "account" },
  to = { connector = "ledger", entity = "entry" },
  label = text "account {name}",
  identity = src "id",
  order_by = src "changed",
  match = { { by = "link" }, on_none = "create" },
  on_update = "never",
  fields = { number = src "name", day = "2026-11-20", total = "12.30" },
}
"""


def pair(*faults):
    p = Pair()
    p.deployment.write("mappings/ledger-crm/entry.lua", ENTRY)
    for fault in faults:
        p.ledger.fault(method="POST", path="/entries", **fault)
    return p


def entries(p):
    return [e for e in p.ledger.get("/books")["entries"] if not e.get("deleted")]


def done(p, cause=None):
    """The one delivery is done; its link names the one entry."""
    p.until(lambda: p.deployment.flow_counts()["acme/books-sales.entry"]["done"] == 1, "it is done")
    (entry,) = entries(p)
    (link,) = p.deployment.mlc("links", "acme")["links"]
    equal(link["target_id"], entry["id"])
    holds(entry.get("reference"), f"it bears our key: {entry}")
    if cause:
        equal([d["cause"] for d in p.deployment.list("all")], [cause])


@promise("a reply that was lost: the entry is found by our mark and linked, and none is made beside it")
def _():
    p = pair({"kind": "drop_after", "count": 1})
    p.account(name="1001")
    p.start()
    done(p, "found")
    equal(p.ledger.get("/calls")["by_route"]["POST /:folder"], 1)


@promise("a request that never arrived: it is not there by our mark, and is made, once, with that mark")
def _():
    p = pair({"kind": "status", "status": 500, "body": "{}", "count": 2})
    p.account(name="1002")
    p.start()
    done(p)


@promise("kill -9 between the entry and its reply: the next start looks by the mark first")
def _():
    p = pair({"kind": "latency", "ms": 4000, "count": 1})
    p.account(name="1003")
    host = p.start()
    eventually(lambda: p.ledger.get("/faults")[0]["used"], "it is on the wire")
    host.kill()
    eventually(lambda: len(entries(p)) == 1, "it has arrived all the same")
    p.start()
    done(p, "found")


@promise("a mark that cannot be looked up now is looked up later: nothing is sent meanwhile")
def _():
    p = pair({"kind": "drop_after", "count": 1})
    p.ledger.fault(kind="status", method="GET", path="/entries", status=503, body="{}", count=1)
    p.account(name="1004")
    p.start()
    done(p, "found")
    equal(len(entries(p)), 1)


run()
