#!/usr/bin/env python3
"""QuickBooks Online and Zendesk in trouble: tokens, limits, outages, long absence, several companies at one address."""
import datetime
import os
import re
import urllib.parse

from lib import equal, eventually, exchange, holds, promise, run
from lib.booksdesk import COMPANY, DAY, HOUR, MINUTE, SECOND, SECRET, VERIFIER, BooksDesk

AMY, HICKS = "Amy's Bird Sanctuary", "Hicks Hardware"


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


def small(**more):
    return BooksDesk(tenants={"acme": SECOND}, **{"every": 1440, **more})


def birds(h):
    return h.customer(AMY, SECOND)["Id"]


def refreshes(h):
    return h.books.get("/calls")["by_route"].get("POST /oauth2/v1/tokens/bearer", 0)


@promise("ZEN-04 ZEN-21 ZEN-38 ALL-05: ten simulated days of rotating tokens, "
         "with kill -9 in between: the newest is kept, sealed, and no call fails for it")
def _():
    # A reply that dies with the host before it is on disk is survived where the vendor lets the value before serve on for a while.
    h = small(books={"rotate": "daily", "grace_s": 7200})
    h.sync()
    values, before = set(), refreshes(h)
    for n in range(10):
        for _ in range(96 if n == 0 else 1):  # the first day by the quarter of an hour
            h.advance(DAY // 96 if n == 0 else DAY)
        if n == 0:
            eventually(lambda: refreshes(h) - before >= 12,
                       f"access of an hour is renewed again and again: {refreshes(h) - before}")
            equal([c["path"] for c in h.books.get("/calls")["log"] if c["status"] == "401"], [],
                  "ahead of its end: no call was refused")
        h.invoice(birds(h), "1.00", day(40), realm=SECOND)
        eventually(lambda: h.figures(AMY)[1] == 2 + n, f"day {n}: {h.figures(AMY)}")
        values.update(g["value"] for g in grants(h))
        if n in (3, 6, 8):
            h.host.kill()
            h.at.start()
            h.host.advance((n + 1) * DAY)  # a new process begins with the real time
    holds(len(values) >= 9, f"the value has changed each day: {len(values)}")
    found = [path for path in files(h.at.path)
             if any(v.encode() in open(path, "rb").read() for v in values | {SECRET, VERIFIER})]
    equal(found, [], "no token and no secret stands anywhere on disk")


def grants(h):
    """The refresh tokens that Intuit knows."""
    status, _, text = exchange(h.books.control_url + "/state")
    equal(status, 200, "state")
    return [{"value": v} for v in re.findall(r'\["value"\]="(AB11\w+)"', text.decode())]


def files(root):
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                yield path


@promise("ZEN-33: access that ends in the middle of a burst is renewed once, and nothing is lost or doubled")
def _():
    h = small()
    h.sync()
    before = refreshes(h)
    for n in range(6):
        if n == 2:
            h.books.post("/expire")
        h.invoice(birds(h), "1.00", day(40), realm=SECOND)
    eventually(lambda: h.figures(AMY)[1] == 7, "all six")
    equal(refreshes(h) - before, 1, "renewed once")
    h.sync()
    equal(h.disagreements(realm=SECOND), [], "in the end")


@promise("ZEN-37: a grant that was revoked holds that connection, says so within a minute with the address "
         "to open, and goes on once somebody has agreed again")
def _():
    h = small()
    h.sync()
    h.books.post("/disconnect", {"realm": SECOND})
    h.invoice(birds(h), "1.00", day(40), realm=SECOND)
    eventually(lambda: any(t.get("connection") == "acme/books"
                           or "acme/books" in str(t) for t in h.at.run("status")[1]["things"]),
               "a person is told")
    said = h.at.say("status", "acme")[1]
    holds("/connect/oauth2?" in said or "/connect/oauth2?" in h.host.said(), f"with the address: {said}")
    holds("grant_dead" in h.host.said(), "and the alert went out")
    equal(h.figures(AMY)[1], 1, "what waits is parked")
    h.authorize("acme", SECOND)
    eventually(lambda: h.figures(AMY)[1] == 2, "and goes on by itself")
    equal(h.at.list("held"), [], "nothing was held for it")


@promise("ALL-03 ALL-07: who agrees for another company than before is not let in: the connection is held before a single write")
def _():
    h = small()
    h.sync()
    writes = h.writes()
    h.authorize("acme", COMPANY)
    eventually(lambda: any("acme/books" in str(t) for t in h.at.run("status")[1]["things"]), "held")
    h.advance(HOUR)
    code, told, _ = h.at.run("ping", "acme/books")
    holds(code == 1, "ping says so")
    equal(h.writes(), writes, "nothing was written")
    holds(h.organization("Cool Cars") is None, "nobody of the other company came over")


@promise("ZEN-27 ZEN-14: limits of either side are waited for; all arrives, once")
def _():
    h = small(params="", desk={"per_minute": 700})
    h.sync()
    h.books.fault(kind="status", path="/v3/*", status=429, count=2,
                  json={"Fault": {"Error": [{"Message": "message=ThrottleExceeded; errorCode=003001; statusCode=429", "Detail": "slow",
                                             "code": "3001"}], "type": "SERVICE"}})
    h.desk.fault(kind="status", path="/api/v2/organizations/*", method="PUT", status=429, count=2,
                 headers={"Retry-After": "2"}, body="")
    h.invoice(birds(h), "1.00", day(40), realm=SECOND)
    def later():
        h.host.advance(MINUTE)
        return h.figures(AMY)[1] == 2
    eventually(later, "it arrives", 30)
    used = [f["used"] for f in h.books.get("/faults") + h.desk.get("/faults")]
    holds(used[0] and used[1], f"both sides have said 429: {used}")
    equal(h.disagreements(realm=SECOND), [], "in the end")


@promise("ZEN-26 ZEN-36 ALL-06: what Zendesk refuses is held with its words, and replayed without a double; "
         "the trail tells both sides")
def _():
    h = small()
    h.sync()
    h.desk.fault(kind="status", path="/api/v2/organizations/*", method="PUT", status=422, count=1,
                 json={"error": "RecordInvalid", "description": "Record validation errors",
                       "details": {"base": [{"description": "the desk is being painted"}]}})
    h.invoice(birds(h), "1.00", day(40), realm=SECOND)
    held = eventually(lambda: h.at.list("held"), "it is held")
    holds("the desk is being painted" in held[0]["why"], f"in Zendesk's words: {held[0]['why']}")
    h.at.mlc("release", "acme")
    eventually(lambda: h.figures(AMY)[1] == 2, "and then done")
    equal(h.at.list("held"), [], "nothing is left")
    story = h.at.say("story", "acme/books", "Customer", birds(h))[1]
    holds("the desk is being painted" in story and "organization_fields.qbo_open_invoices 2" in story,
          "the story tells of the refusal and of the outcome")
    equal(h.at.run("audit", "verify")[0], 0, "the trail is whole")


@promise("promises 1 and 2: replies lost, 5xx, half bodies, pages of HTML and an outage on either side: "
         "nothing lost, nothing doubled")
def _():
    h = small()
    h.sync()
    for kind in ("drop_after", "drop_before", "truncate", "html", "empty"):
        h.desk.fault(kind=kind, method="PUT", count=1)
        h.books.fault(kind=kind, path="/v3/*", count=1)
        h.person("/customer", {"DisplayName": f"Client {kind}", "PrimaryEmailAddr": {"Address": f"{kind}@x.example"}}, SECOND)
        h.invoice(birds(h), "1.00", day(40), realm=SECOND)
    for _ in range(8):
        h.host.advance(10 * MINUTE)
        h.sync()
    for d in h.at.list("held"):
        h.at.mlc("release", "acme", "--cause", d["cause"])
    h.until(lambda: h.disagreements(realm=SECOND) == [],
            f"as if nothing had happened: {h.disagreements(realm=SECOND)} {h.at.list('held')}")
    names = [o["name"] for o in h.organizations()]
    equal(len(names), len(set(names)), "nobody twice")


@promise("ZEN-07: away for 29 days, what changed is captured; away for 31 days, all is compared, "
         "and what was deleted meanwhile counts no more")
def _():
    for days, whole in ((29, False), (31, True)):
        h = small(hooks=False)
        extra = h.invoice(birds(h), "5.00", day(90), realm=SECOND)
        h.sync()
        equal(h.figures(AMY)[1], 2, "before")
        h.host.kill()
        h.person(f"/invoice/{extra['Id']}/delete", realm=SECOND)
        h.invoice(birds(h), "7.00", day(90), realm=SECOND)
        h.books.post("/clock", {"advance_ms": days * DAY, "skip": True})
        h.desk.post("/clock", {"advance_ms": days * DAY, "skip": True})
        h.books.control("DELETE", "/calls")
        h.at.start()
        h.host.advance(days * DAY)
        h.until(lambda: h.figures(AMY)[1] == 2 and h.disagreements(realm=SECOND) == [],
                f"{days} days: {h.figures(AMY)} {h.disagreements(realm=SECOND)}", seconds=40)
        asked = h.books.get("/calls")["by_route"]
        holds(asked.get("GET /v3/company/:realm/cdc", 0) >= (0 if whole else 1), f"{days} days: {asked}")
        wholes = sum(1 for c in h.books.get("/calls")["log"] if "LastUpdatedTime%20%3E%3D" in c["query"])
        equal(wholes > 0, whole, f"{days} days: read by query")


@promise("ZEN-07: more than 1,000 invoices change at once, and one is deleted among them: all is compared, "
         "and its customer's figures lose it")
def _():
    h = small(hooks=False)
    bulk = h.person("/customer", {"DisplayName": "Bulk Buyer", "PrimaryEmailAddr": {"Address": "bulk@buyer.example"}}, SECOND)
    extra = h.invoice(birds(h), "5.00", day(90), realm=SECOND)
    h.sync()
    equal(h.figures(AMY)[1], 2, "before")
    h.advance(HOUR)
    h.person(f"/invoice/{extra['Id']}/delete", realm=SECOND)
    h.person("/grow", {"kind": "Invoice", "count": 1050, "customer": bulk["Id"], "amount": "0.00"}, SECOND)
    h.until(lambda: h.figures(AMY)[1] == 1 and h.disagreements(realm=SECOND) == [],
            f"{h.figures(AMY)} {h.disagreements(realm=SECOND)}", seconds=60)
    told = h.at.mlc("audit", "--move", "lapsed")["audit"]
    holds("more of Invoice has changed" in str(told), f"why all was compared stands in the trail: {told}")


@promise("promise 7: two tenants, one app, one address: a delivery for both goes to each his own, and nothing crosses")
def _():
    h = BooksDesk(tenants={"acme": SECOND, "zenith": COMPANY}, every=1440)
    for tenant in h.tenants:
        h.sync(tenant)
    before = {t: {o["name"] for o in h.organizations(t)} for t in h.tenants}
    holds(not ({n for n in before["acme"]} & {"Cool Cars", "Red Rock Diner"}), "acme has none of zenith's")
    h.books.post("/app", {"url": ""})
    h.books.post("/app", {"url": f"http://127.0.0.1:{h.port}/hooks/app/intuit"})
    h.invoice(birds(h), "1.00", day(40), realm=SECOND)
    h.invoice(h.customer("Red Rock Diner")["Id"], "2.00", day(40))
    eventually(lambda: h.figures(AMY, "acme")[1] == 2 and h.figures("Red Rock Diner", "zenith")[1] == 1, "each his own")
    equal({t: {o["name"] for o in h.organizations(t)} for t in h.tenants}, before, "nobody new anywhere")
    equal((h.disagreements("acme", SECOND), h.disagreements("zenith", COMPANY)), ([], []), "in the end")
    h.books.post("/disconnect", {"realm": SECOND})
    h.invoice(h.customer("Red Rock Diner")["Id"], "3.00", day(40))
    eventually(lambda: h.figures("Red Rock Diner", "zenith")[1] == 2, "one tenant's dead grant is nobody else's")


@promise("ZEN-20: a connection that leaves the files gives its grant back to Intuit; "
         "where another one uses the company, it stays")
def _():
    def revoked():
        return h.books.get("/calls")["by_route"].get("POST /v2/oauth2/tokens/revoke", 0)

    def leaves(tenant):
        h.at.tenant(tenant, 'return tenant { title = "Left", connections = { }, flows = { } }')
        h.at.mlc("reload")
    h = BooksDesk(tenants={"acme": SECOND, "zenith": SECOND}, every=1440)
    h.sync("acme")
    leaves("zenith")
    eventually(lambda: "its grant stays: acme/books is connected to the same account" in h.host.said(), "zenith's stays")
    equal(revoked(), 0)
    h.invoice(birds(h), "1.00", day(40), realm=SECOND)
    eventually(lambda: h.figures(AMY)[1] == 2, "acme goes on")
    leaves("acme")
    eventually(lambda: "its grant was given back" in h.host.said(), "acme's is given back")
    equal(revoked(), 1)
    equal([e["connection"] for e in h.at.mlc("audit", "--tenant", "acme", "--move", "revoke")["audit"]],
          ["books"], "in the trail")
    equal(h.books.errors(), [])


def by_ids(h):
    """The queries that asked for customers by their ids: of each, these ids."""
    queries = [urllib.parse.unquote(c["query"]) for c in h.books.get("/calls")["log"]]
    asked = [q.split("Id in (")[1].split(")")[0].split(",") for q in queries if "from Customer where Id in (" in q]
    return [[id_.strip("'") for id_ in ids] for ids in asked]


@promise("ZEN-27: reads are metered: news of many customers at once are read together, and one who cannot be read harms no other")
def _():
    h = small(hooks="cloudevents", books={"deliver_after_ms": HOUR})
    h.sync()
    names = [f"Client {n:02}" for n in range(24)]
    ids = [h.person("/customer", {"DisplayName": name}, SECOND)["Id"] for name in names]
    h.books.control("DELETE", "/calls")
    h.books.post("/deliver")
    eventually(lambda: all(h.organization(name) for name in names), "all are there")
    queries = by_ids(h)
    equal(set(sum(queries, [])), set(ids), "customers read")
    holds(len(queries) <= 5, f"in a few queries: {queries}")
    h.books.fault(kind="status", status=400, contains=f"%27{ids[7]}%27", count=0)
    for n, id_ in enumerate(ids):
        h.person(f"/customer/{id_}", {"PrimaryEmailAddr": {"Address": f"{n}@clients.example"}}, SECOND)
    h.books.control("DELETE", "/calls")
    h.books.post("/deliver")

    def addresses():
        return [h.organization(name)["organization_fields"].get("qbo_billing_email") for name in names]
    eventually(lambda: addresses() == [None if n == 7 else f"{n}@clients.example" for n in range(24)], "all but one follow", 60)
    held = h.at.list("held")
    equal({d["rid"] for d in held}, {ids[7]}, "held")
    holds(len(by_ids(h)) < 36, f"three flows read them, and not each for itself: {by_ids(h)}")
    h.books.control("DELETE", "/faults")
    h.at.mlc("release", "acme", "--cause", held[0]["cause"])
    eventually(lambda: addresses()[7] == "7@clients.example", "it follows when it can be read")
    equal(h.books.errors() + h.desk.errors(), [], "errors")


if __name__ == "__main__":
    run()
