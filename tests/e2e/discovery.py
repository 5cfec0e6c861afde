#!/usr/bin/env python3
"""Fields that only an account has: known from the remote, part of what mappings are checked against, and watched."""
from lib import equal, eventually, holds, promise, run
from lib.pair import DAY, Pair

FORTH = ('match = { { by = "link" }, on_none = "create" },', 'name = src "name", city = src "city"')
BACK = ('back_of = "ledger.party->crm.account", match = { { by = "link" }, on_none = "create" },', 'name = src "name"')
OVERRIDE = """return override "ledger.party->crm.account@^1" {{
  fields = {{ {field} = src "city" }},
  tests = {{ {{ name = "region", given = {{ id = "p1", name = "Ada", city = "Reno" }}, expect = {{ {field} = "Reno" }} }} }},
}}
"""


def begun(field="x_region", fields=None):
    p = Pair(FORTH, BACK)
    p.deployment.write("tenants/acme/mappings/region.lua", OVERRIDE.format(field=field))
    if fields is not None:
        p.crm.post("/fields", fields)
    p.party(name="Ada", city="Reno")
    p.start()
    return p


def alerts(p):
    code, value, said = p.deployment.run("status")
    return said


@promise("a tenant's mapping may use a field that only its account has, from the first start on")
def _():
    p = begun()
    p.until(lambda: p.account_of("Ada") and p.account_of("Ada").get("x_region") == "Reno", "it is written")
    equal(p.crm.errors(), [])
    p.host.kill()
    p.start()
    p.party(name="Ben", city="Elko")
    p.until(lambda: p.account_of("Ben") and p.account_of("Ben").get("x_region") == "Elko", "and after a restart")


@promise("a field that the account has not: nothing is written with it, and the sentence names file, line and what was meant")
def _():
    p = begun("x_regoin")
    eventually(lambda: "x_regoin" in alerts(p), f"it is said: {alerts(p)}")
    holds("did you mean 'x_region'" in alerts(p), alerts(p))
    equal([a.get("x_regoin") for a in p.accounts()], [])


@promise("a longer text than the field takes is held, as with fields that the connector itself knows")
def _():
    p = begun(fields=[{"name": "x_region", "type": "text", "limit": 4}])
    p.party(name="Ben", city="Sacramento")
    p.until(lambda: [d["cause"] for d in p.deployment.list("held")] == ["too_long:x_region"], str(p.deployment.list("held")))


@promise("the field is gone: only the flow that touches it is held, with the cure; the other one goes on; "
         "put back and go: it goes on")
def _():
    p = begun()
    p.until(lambda: p.account_of("Ada"), "it is written")
    p.crm.post("/fields", [{"name": "x_other", "type": "text", "limit": 5}])
    p.host.advance(DAY + 60_000)
    eventually(lambda: "x_region" in alerts(p) and "is gone" in alerts(p), f"it is said: {alerts(p)}")
    holds("mlc go acme/books-sales.forth" in alerts(p), alerts(p))
    p.party(name="Ben", city="Elko")
    p.account(name="Cyd")
    p.until(lambda: p.party_of("Cyd"), "the other way goes on")
    equal(p.account_of("Ben"), None)
    p.crm.post("/fields", [{"name": "x_region", "type": "text", "limit": 20}])
    p.deployment.mlc("ping", "acme")
    p.deployment.mlc("go", "acme/books-sales.forth", "--yes")
    p.until(lambda: p.account_of("Ben") and p.account_of("Ben").get("x_region") == "Elko", "it goes on")


@promise("a change that no mapping minds holds nothing: a new field, more room")
def _():
    p = begun()
    p.until(lambda: p.account_of("Ada"), "it is written")
    p.crm.post("/fields", [{"name": "x_region", "type": "text", "limit": 40}, {"name": "x_other", "type": "bool"}])
    p.host.advance(DAY + 60_000)
    eventually(lambda: [a for a in p.deployment.mlc("audit", "--tenant", "acme", "--move",
                                                    "discover")["audit"] if a["detail"].get("changed")],
               "it was seen")
    p.party(name="Ben", city="Elko")
    p.until(lambda: p.account_of("Ben"), "and nothing is held")


run()
