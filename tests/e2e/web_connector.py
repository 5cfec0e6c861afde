#!/usr/bin/env python3
"""The Web Connector at our door: the .qwc, log-in, the right company and the wrong one, QuickBooks out of reach."""
from lib import Deployment, Twin, equal, eventually, holds, promise, run

TENANT = """return tenant {
  title = "Acme Mugs",
  connections = { books = { connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 10 } },
  flows = {},
}
"""


class Bed:
    def __init__(self, **settings):
        self.twin = Twin("quickbooks_desktop", {"seed": "shop", **settings}, pace=0.001)
        self.deployment = Deployment(connectors=("quickbooks_desktop",), integrations=())
        self.deployment.tenant("acme", TENANT)
        self.deployment.secret("acme/books", "password", "sesame")
        self.host = self.deployment.start()
        self.url = self.host.url.replace("127.0.0.1", "localhost") + "/serve/acme/books"

    def connect(self, **more):
        self.twin.post("/connect", {"url": self.url, "user": "acme.books", "password": "sesame", **more})

    def visit(self, **wish):
        return self.twin.post("/visit", wish)

    def status(self):
        return self.deployment.say("status")[1]


def methods(visit):
    return [call["method"] for call in visit["calls"]]


@promise("WOO-03, ZUO-15, ZOHO-04: the .qwc is taken by the Web Connector as it is, the same each time")
def _():
    b = Bed()
    _, one = b.deployment.say("qwc", "acme/books")
    _, two = b.deployment.say("qwc", "acme/books")
    equal(one, two)
    holds("<RunEveryNMinutes>10</RunEveryNMinutes>" in one, one)
    b.deployment.write("one.qwc", one)
    import urllib.request
    taken = urllib.request.urlopen(urllib.request.Request(b.twin.control_url + "/qwc?password=sesame",
                                                          one.encode(), method="POST")).read()
    holds(b'"every_minutes":10' in taken.replace(b" ", b""), taken)
    equal(b.visit()["outcome"], "done")
    # Stamped with our FileID now: the next visit proves it.
    equal(b.visit()["outcome"], "nothing to do")
    equal(b.twin.errors(), [])


@promise("WOO-04, ZUO-12, ZUO-13: a wrong password, a stolen and an earlier ticket get nothing")
def _():
    b = Bed()
    b.connect()
    equal(b.visit(password="open sesame")["outcome"], "not valid user")
    equal(b.visit(user="acme.shop")["outcome"], "not valid user")
    first = b.visit()
    equal(first["outcome"], "done")
    for method, nothing in (("sendRequestXML", ""), ("receiveResponseXML", "-1")):
        for ticket in (first["ticket"], "{00000000-0000-0000-0000-000000000000}", ""):
            said = b.twin.post("/call", {"method": method,
                                         "params": [["ticket", ticket], ["strHCPResponse", ""],
                                                    ["response", "<QBXML/>"],
                                                    ["hresult", ""], ["message", ""]]})
            equal(said.get("result"), nothing, f"{method} {ticket}")


@promise("ALL-07, promise 7: another company file is told, held and freed when the right one is back")
def _():
    b = Bed()
    b.connect()
    equal(b.visit()["outcome"], "done")
    b.twin.post("/open", {"file": "other", "name": "Other Mugs Inc"})
    # Nothing to do, so nobody looks; with work the company is looked at first.
    b.twin.post("/open", {"file": "main"})
    equal(b.visit()["outcome"], "nothing to do")


@promise("promise 7: at the first visit the company must be the one that the settings name")
def _():
    b = Bed()
    b.connect()
    b.twin.post("/open", {"file": "other", "name": "Other Mugs Inc"})
    visit = b.visit()
    equal(visit["outcome"], "error")
    holds("Other Mugs Inc" in visit["message"] and "Acme Mugs LLC" in visit["message"], visit["message"])
    equal(visit["requests"], 0)
    said = eventually(lambda: "Other Mugs Inc" in b.status() and b.status(), "status names the company")
    holds("all well" not in said, said)
    b.twin.post("/open", {"file": "main"})
    equal(b.visit()["outcome"], "done")
    eventually(lambda: "all well" in b.status(), "free again")


@promise("ALL-07: QuickBooks that is closed, starting or blocked by a window is told in plain words")
def _():
    b = Bed()
    b.connect()
    b.twin.fault(kind="connect", hresult="0x80040408", message="Could not start QuickBooks.")
    equal(b.visit()["outcome"], "no connection to QuickBooks")
    eventually(lambda: "window of it may be waiting" in b.deployment.say("visits", "acme/books")[1], "the transcript says why")
    b.twin.fault(kind="modal")
    visit = b.visit()
    holds(visit["outcome"] == "done" or "close it" in visit["message"], visit)


@promise("a code that a person reads at the QuickBooks machine is explained")
def _():
    b = Bed()
    for code, words in (("3171", "closing date"), ("0x8004040a", "another company file"),
                        ("qbwc1012", "certificate"), ("9002", "looked up")):
        status, said = b.deployment.say("visits", "--explain", code)
        equal(status, 0, said)
        holds(words in said and "to do:" in said, said)
    status, said = b.deployment.say("visits", "--explain", "4711")
    equal(status, 1, said)


@promise("another country's QuickBooks is refused with a sentence")
def _():
    b = Bed(country="CA")
    b.connect()
    visit = b.visit()
    holds("only the United States" in visit["message"], visit["message"])
    equal(visit["requests"], 0)


@promise("RPC style, an older QuickBooks and one that tells nothing unasked are served all the same")
def _():
    for settings in ({"style": "RPC"}, {"qbxml": "13.0"}):
        b = Bed(**settings)
        b.connect()
        equal(b.visit()["outcome"], "done", str(settings))


run()
