#!/usr/bin/env python3
"""What the host sees to by itself at night, and what it says where it cannot."""
import re
import time

from lib import Deployment, ShopBooks, equal, eventually, exchange, holds, promise, run
from lib.pair import HOUR, MINUTE, Pair
from lib.shopbooks import PASSWORD

ENVELOPE = ('<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            '<{0} xmlns="http://developer.intuit.com/">{1}</{0}></soap:Body></soap:Envelope>')

FIELDS = 'name = src "name", city = src "city"'
MATCH = 'match = { { by = "link" }, on_none = "create" },'
KNOWS = MATCH + """
  accept = { { present(fact "target.identity"), else_ = hold { cause = "not_known_yet", why = "nobody knows yet whose books these are", fix = "nothing" } } },"""
CLOSES = (MATCH + 'on_delete = { when = eq(src "active", false), fields = { closed = true } },', FIELDS)


def pings(p):
    return p.ledger.get("/calls")["by_route"].get("GET /books", 0)


def facts(p, connection="acme/books"):
    return next(c["facts"] for c in p.deployment.mlc("status")["connections"] if c["connection"] == connection)


def alerts(p, kind):
    return [t["why"] for t in p.deployment.mlc("status")["things"] if t.get("alert") == kind]


# ---- what a remote tells of itself -------------------------------------------------------------------------

@promise("ALL-03 ALL-04: a remote is asked who it is before the first record is worked on, "
         "once a day after that, and not at every start")
def _():
    p = Pair(back=(KNOWS, FIELDS))
    p.account(name="Ada", city="Reno")
    p.ledger.fault(kind="latency", method="GET", path="/books", ms=1500, count=1)
    p.start()
    p.until(lambda: p.party_of("Ada"), "it is written, and nobody has pinged")
    equal(p.deployment.mlc("audit", "--tenant", "acme", "--move", "release")["audit"], [], "nothing was held for want of it")
    equal((bool(facts(p)["identity"]), pings(p)), (True, 1), "asked once")
    p.host.stop()
    p.start()
    p.sync()
    equal(pings(p), 1, "a start asks for nothing that is known")
    p.host.advance(25 * HOUR)
    eventually(lambda: pings(p) == 2, "a day later it is asked again", 60)
    p.sync()
    equal(pings(p), 2, "once")


@promise("ALL-03: while it cannot be asked that is said; what waits for it goes on by itself when it answers")
def _():
    p = Pair(back=(KNOWS, FIELDS))
    p.account(name="Ada", city="Reno")
    p.ledger.fault(kind="html", method="GET", path="/books", count=0)
    p.start()
    p.until(lambda: [d["cause"] for d in p.deployment.list("held")] == ["not_known_yet"], "it is held")
    said = eventually(lambda: alerts(p, "no_facts"), "a person is told")[0]
    holds("mlc ping acme/books" in said, said)
    p.ledger.control("DELETE", "/faults")
    p.host.advance(2 * HOUR)
    p.until(lambda: p.party_of("Ada"), "nobody has released it")
    equal((p.deployment.list("held"), alerts(p, "no_facts")), ([], []), "and it is over")


# ---- answers that are none ----------------------------------------------------------------------------------

@promise("promise 6: a web page in place of a record is asked for again, with growing waits, before a person is")
def _():
    p = Pair(forth=(MATCH, FIELDS))
    ada = p.party(name="Ada", city="Reno")
    p.start()
    p.until(lambda: p.account_of("Ada"), "it is there")

    def later():
        p.host.advance(40 * MINUTE)
        p.sync()
    # An update reads the account first.
    p.crm.fault(kind="html", method="GET", path="/accounts/*", count=3)
    p.ledger.post("/parties", {"id": ada["id"], "city": "Elko"})

    def goes_on():
        later()
        return p.account_of("Ada")["city"] == "Elko"
    eventually(goes_on, "it goes on when the remote is itself again")
    equal(p.deployment.list("held"), [], "nobody was asked")
    p.crm.fault(kind="html", method="GET", path="/accounts/*", count=0)
    p.ledger.post("/parties", {"id": ada["id"], "city": "Ely"})
    waits = 0

    def is_held():
        nonlocal waits
        later()
        waits += 1
        return p.deployment.list("held")
    held = eventually(is_held, "in the end a person is", 60)
    equal([d["cause"] for d in held], ["broken"])
    holds(waits >= 5, f"after {waits} waits")
    p.crm.control("DELETE", "/faults")
    p.deployment.mlc("release", "acme", "--cause", "broken")
    p.until(lambda: p.account_of("Ada")["city"] == "Ely", "released")


# ---- brakes ----------------------------------------------------------------------------------------------------

@promise("WOO-35: the brake on mass deletion counts on after a kill: twenty an hour, whoever was started in between")
def _():
    p = Pair(back=CLOSES)
    accounts = [p.account(name=f"A{i:02}", city="Reno") for i in range(30)]
    p.start()
    p.until(lambda: len(p.parties()) == 30, "all are there")

    def closed():
        return sum(1 for x in p.parties() if x.get("closed"))
    for a in accounts[:15]:
        p.crm.post("/accounts", {"id": a["id"], "active": False})
    p.until(lambda: closed() == 15, "fifteen")
    p.host.kill()
    p.start()
    for a in accounts[15:]:
        p.crm.post("/accounts", {"id": a["id"], "active": False})
    p.until(lambda: alerts(p, "flow_held"), "the brake holds the flow")
    equal(closed(), 20)
    p.host.kill()
    p.start()
    p.sync()
    equal(closed(), 20, "and still does")
    p.deployment.mlc("go", "acme/books-sales", "--yes")
    p.until(lambda: closed() == 30, "after a person has looked: the rest")


# ---- commands that must come back -------------------------------------------------------------------------------

@promise("mlc sync --wait comes back while a connection is held in the middle of a visit, and says which and why")
def _():
    bed = ShopBooks()
    bed.settle()
    bed.place(lines=[{"sku": "MUG-RED", "quantity": 1}])
    url = f"http://127.0.0.1:{bed.port}/serve/acme/books"

    def call(method, **params):
        body = ENVELOPE.format(method, "".join(f"<{k}>{v}</{k}>" for k, v in params.items()))
        _, _, reply = exchange(url, "POST", body.encode(),
                               {"Content-Type": "text/xml; charset=utf-8",
                                "SOAPAction": f'"http://developer.intuit.com/{method}"'})
        return re.findall(rb">([^<>]*)<", reply)
    ticket = max(call("authenticate", strUserName="acme.books", strPassword=PASSWORD), key=len).decode()
    # It answers with garbage when it is asked for its company, and never comes back: the visit stays open for half an hour.
    call("sendRequestXML", ticket=ticket, strHCPResponse="", strCompanyFileName="", qbXMLCountry="US",
         qbXMLMajorVers=13, qbXMLMinorVers=0)
    call("receiveResponseXML", ticket=ticket, response="&lt;html&gt;", hresult="", message="")
    books = next(c for c in bed.at.mlc("status")["connections"] if c["connection"] == "acme/books")
    equal((books["cause"], books["in_visit"]), ("auth", True), "held, and in a visit")
    began = time.monotonic()
    waits = bed.at.mlc("sync", "acme/shop-books", "--wait", timeout=60)["waits"]
    holds(time.monotonic() - began < 30, "at once")
    holds(any("acme/books is held: " in w for w in waits), waits)
    code, said = bed.at.say("sync", "acme/shop-books", "--wait")
    holds(code == 0 and "acme/books is held: " in said, said)
    bed.settle()
    equal(len(bed.documents("Invoice")), 1, "the next visit posts it")


@promise("mlc check names what nobody has given yet, with the command that gives it; "
         "mlc decide of a cause that nobody has says so")
def _():
    d = Deployment()
    d.tenant("acme", """return tenant {
  title = "Acme",
  connections = {
    books = { connector = "quickbooks_desktop", company = "Acme Mugs LLC" },
    shop  = { connector = "woocommerce", url = "https://shop.example" },
  },
  flows = { },
}
""")

    def missing():
        code, said = d.say("check")
        equal(code, 0, said)
        told = d.mlc("check")["missing"]
        for one in told:
            holds(one["type"] in said, f"{one['type']} in {said}")
        return sorted(one["type"] for one in told)
    equal(missing(), ["mlc secret set acme/books password", "mlc secret set acme/shop consumer_key",
                      "mlc secret set acme/shop consumer_secret"])
    d.secret("acme/shop", "consumer_key", "ck_" + "1" * 40)
    equal(missing(), ["mlc secret set acme/books password", "mlc secret set acme/shop consumer_secret"], "without a host")
    d.start()
    d.secret("acme/shop", "consumer_secret", "cs_" + "1" * 40)
    equal(missing(), ["mlc secret set acme/books password"], "beside one that runs")
    code, told, said = d.run("decide", "acme", "--cause", "nobody_has_this", "--choice", "post")
    equal((code, told["cause"]), (1, "absent"), said)


if __name__ == "__main__":
    run()
