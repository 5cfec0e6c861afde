#!/usr/bin/env python3
"""ALL-15: what is at work when a flow is paused, and what it would only link while it is in the shadow."""
from lib import equal, eventually, promise, run
from lib.pair import Pair

FORTH = ('match = { { by = "link" }, { by = { name = src "name" } }, on_none = "create" },',
         'name = src "name", note = src "note", phone = src "phone"')


@promise("ALL-15: what is being looked up when the flow is paused is not written when the answer comes; resumed, it is, once")
def _():
    p = Pair(FORTH)
    p.crm.fault(kind="latency", method="GET", path="/accounts*", ms=2000, count=1)
    p.party(name="Ada")
    p.start()
    eventually(lambda: p.crm.get("/faults")[0]["used"], "it is looked up")
    p.deployment.mlc("pause", "acme/books-sales")
    equal(p.accounts(), [])
    eventually(lambda: p.crm.get("/calls")["by_route"].get("GET /accounts"), "the answer has come")
    p.sync()
    equal(p.accounts(), [])
    p.deployment.mlc("resume", "acme/books-sales")
    p.until(lambda: [a["name"] for a in p.accounts()] == ["Ada"], "and goes on")


@promise("ALL-15: in the shadow nothing is linked either, also where nothing would be written; after go it is, and still nothing is written")
def _():
    p = Pair(FORTH, mode="shadow")
    p.account(name="Ada")
    p.party(name="Ada")
    p.start()
    p.until(lambda: p.deployment.flow_counts()["acme/books-sales.forth"]["would"] == 1, "it is shown")
    equal(p.deployment.mlc("links", "acme")["links"], [])
    p.deployment.mlc("go", "acme/books-sales", "--yes")
    p.until(lambda: p.deployment.flow_counts()["acme/books-sales.forth"]["done"] == 1, "it is done")
    equal([(link["target_id"], link["made"]) for link in p.deployment.mlc("links", "acme")["links"]], [(p.account_of("Ada")["id"], "adopted")])
    equal(p.crm.get("/calls")["by_route"].get("POST /batch"), None, "writes")


run()
