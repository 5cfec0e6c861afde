#!/usr/bin/env python3
"""What Zoho should never send: each has a named outcome, and none stops other records."""
from lib import equal, eventually, holds, promise, run
from lib.crmbooks import CrmBooks

MINUTE = 60000


def begun(**more):
    b = CrmBooks(**more)
    b.customer("Contoso", Phone="555 1")
    b.settle()
    return b


def feed_says(b, feed):
    """The last word of the log about a feed."""
    return [line for line in b.host.said().splitlines() if f"feed {feed}:" in line][-1:]


def patiently(b):
    """What is tried again has its pauses."""
    for _ in range(8):
        b.host.advance(30 * MINUTE)
        b.visit()
        b.rest()
        if not any(f["ready"] or f["waits"] or f["sending"] for f in b.flows().values()):
            return
    raise AssertionError(f"still on its way: {b.flows()}")


@promise("a list that is HTML, half, in a circle, elsewhere or refused: the feed names what came, "
         "keeps its place, other modules go on, and nothing is taken for the end")
def lists():
    b = begun(crm={"seed": "none"})
    account = b.account("Contoso")["id"]
    page = {"data": [{"id": account, "Modified_Time": "2026-11-20T10:00:00Z"}],
            "info": {"more_records": True, "next_page_token": "again"}}
    cases = (
        ({"kind": "html"}, "a web page"),
        ({"kind": "truncate", "bytes": 40, "count": 5}, ""),
        ({"kind": "status", "status": 200, "json": page, "count": 2}, "has just given"),
        ({"kind": "status", "status": 302, "headers": {"Location": "https://evil.example/"}}, "evil.example"),
        ({"kind": "status", "status": 403, "json": {"code": "NO_PERMISSION", "details": {}, "message": "permission denied",
                                                    "status": "error"}}, "permission denied"),
    )
    for n, (fault, words) in enumerate(cases):
        b.crm.control("DELETE", "/faults")
        b.crm.fault(**{"method": "GET", "path": "/crm/v8/Accounts", "count": 1, **fault})
        b.crm.post(f"/records/Accounts/{account}", {"Phone": f"555 {n}", "_silent": True})
        b.edit("Customer", "Web Customer", Fax=str(n))
        b.rest()
        said = feed_says(b, "accounts")
        holds(words in str(said), f"{fault}: {words!r} in {said}")
        b.crm.control("DELETE", "/faults")
        patiently(b)
        equal(b.books.get("/records/Customer/Contoso")["Phone"], f"555 {n}", f"{fault}: read the next time")
        equal(b.account("Web Customer")["Fax"], str(n), f"{fault}: others went on")
    equal(b.waiting("held") + b.waiting("review"), [], "nothing waits")


@promise("429 with and without Retry-After, for the day's credits and for too many at once: "
         "the connection waits as long as it was told, nothing is lost")
def limits():
    for headers, words in (({"Retry-After": "120"}, "crossed the API limit"), ({}, "crossed the API limit"),
                           ({}, "crossed the concurrency limit")):
        b = begun()
        b.crm.fault(kind="status", status=429, path="/crm/v8/*", headers=headers, count=1,
                    json={"code": "TOO_MANY_REQUESTS", "details": {}, "message": f"You have {words}", "status": "error"})
        b.edit("Customer", "Contoso", Fax="1")
        b.visit()
        b.rest()
        for _ in range(4):
            b.host.advance(5 * MINUTE)
            b.settle()
        equal(b.account("Contoso")["Fax"], "1", words)
        equal(b.waiting("held"), [], "nothing waits")


@promise("a record that Zoho refuses is held with its words, and the others go on: a layout's own field, "
         "a value too long, a locked record")
def refusals():
    b = begun()
    b.customer("Refused", Email="no address")
    b.customer("Taken")
    b.settle()
    held = [d for d in b.waiting("held") if d["flow"].endswith(".customer")]
    equal([("Books_Email" in d["why"], d["label"]) for d in held], [(True, "customer Refused")], "held with Zoho's words")
    holds(b.account("Taken") and not b.account("Refused"), "the other is there")
    b.edit("Customer", "Refused", Email="refused@example.com")
    b.settle()
    holds(b.account("Refused"), "mended: it is there")
    b.crm.post(f"/records/Accounts/{b.account('Contoso')['id']}/lock", {"locked": True})
    b.edit("Customer", "Contoso", Fax="7")
    b.edit("Customer", "Taken", Fax="8")
    for _ in range(3):
        b.visit()
        b.rest()
    equal(b.account("Taken")["Fax"], "8", "others go on")
    b.crm.post(f"/records/Accounts/{b.account('Contoso')['id']}/lock", {"locked": False})
    for _ in range(4):
        b.host.advance(10 * MINUTE)
        b.visit()
        b.rest()
    equal(b.account("Contoso")["Fax"], "7", "unlocked: it went by itself")


@promise("tokens that expired, were taken back or are another organisation's: refreshed, "
         "held with the way out, or nothing is given away")
def tokens():
    b = begun()
    b.crm.post("/expire")
    b.edit("Customer", "Contoso", Fax="1")
    b.settle()
    equal(b.account("Contoso")["Fax"], "1", "expired: refreshed")
    state = b.crm.get("/sums")["accounts"]
    b.crm.fault(kind="status", status=200, path="/crm/v8/org", count=0,
                json={"org": [{"zgid": "999", "company_name": "Somebody Else", "license_details": {}}]})
    _, value, said = b.at.run("ping", "acme/crm")
    answer = value["connections"][0]
    holds(not answer["ok"] and "999" in said, said)
    b.edit("Customer", "Contoso", Fax="2")
    b.visit()
    b.rest()
    equal(b.crm.get("/sums")["accounts"], state, "nothing was written to a stranger")
    holds("acme/crm" in eventually(lambda: "999" in b.at.say("status")[1] and b.at.say("status")[1], "told"),
          "and a person is told")


@promise("nothing is inferred from a failed listing of what was deleted")
def failed_deletions():
    b = begun(params='account_deleted = "deactivate"')
    for fault in ({"kind": "html"}, {"kind": "status", "status": 200,
                                     "json": {"data": [{"id": b.account("Contoso")["id"]}],
                                              "info": {"more_records": False}}}):
        b.crm.fault(**{"method": "GET", "path": "/crm/v8/Accounts/deleted", **fault})
        b.settle()
        equal(b.books.get("/records/Customer/Contoso")["IsActive"], "true", "he stays")


run()
