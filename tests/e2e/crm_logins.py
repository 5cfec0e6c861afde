#!/usr/bin/env python3
"""Zoho's log-ins: both grants, every region, tokens of an hour, a domain that moves, editions, and a network that fails."""
import json
import urllib.parse

from lib import equal, eventually, exchange, holds, promise, run
from lib.crmbooks import CrmBooks

HOUR = 3600000


def browse(b, address):
    """What a browser does: Zoho's page, then the way back to us."""
    status, headers, _ = exchange(address)
    equal(status, 302, "Zoho's page")
    back = urllib.parse.urlsplit(headers["location"])
    return exchange(f"{b.host.url}{back.path}?{back.query}"), dict(urllib.parse.parse_qsl(back.query))


def ping(b):
    _, value, said = b.at.run("ping", "acme/crm")
    return value["connections"][0], said


@promise("ZOHO-10 ZOHO-09: a person's consent at the settings' host brings a refresh token at the host of "
         "his own data centre, which is then the only one asked")
def consent():
    b = CrmBooks(connection='auth = "oauth_code",',
                 crm={"location": "eu", "accounts_host": "localhost", "api_host": "localhost"}, qwc=False)
    address = b.at.mlc("authorize", "acme/crm", "--no-wait")["url"]
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    equal((query["access_type"], query["prompt"], query["response_type"]), ("offline", "consent", "code"), "an offline grant")
    holds("," in query["scope"] and "ZohoCRM.modules.ALL" in query["scope"], "scopes are parted by commas")
    (status, _, page), back = browse(b, address)
    equal((status, back["accounts-server"].split("//")[1].split(":")[0]), (200, "localhost"), page.decode())
    eventually(lambda: ping(b)[0]["ok"], "it works")
    tokens = b.crm.get("/tokens")
    equal((tokens["refresh"], b.crm.get("/move")["wrong_base"]), (1, 0), "one grant, and nothing was asked elsewhere")
    hosts = {c["headers"]["host"].split(":")[0] for c in b.crm.get("/calls")["log"]
             if c["path"].startswith(("/crm/", "/oauth/v2/token"))}
    equal(hosts, {"localhost"}, "tokens and API of that data centre")


@promise("ZOHO-09: each region has its own accounts host in the settings, and the API's comes with the token")
def regions():
    b = CrmBooks(connection='auth = "oauth_code",', qwc=False)
    for host in ("accounts.zoho.com", "accounts.zoho.eu", "accounts.zoho.in", "accounts.zoho.com.au", "accounts.zoho.jp",
                 "accounts.zoho.com.cn", "accounts.zoho.sa",
                 "accounts.zohocloud.ca"):
        b.at.tenant("acme", f"""return tenant {{ title = "Acme", connections = {{ crm = {{ connector = "zoho_crm", accounts = "https://{host}", auth = "oauth_code",
  client_id = "x" }} }} }}""")
        b.at.mlc("reload")
        address = b.at.mlc("authorize", "acme/crm", "--no-wait")["url"]
        holds(address.startswith(f"https://{host}/oauth/v2/auth?"), address)


@promise("ZOHO-11: client credentials, headless: no person, and the organisation named")
def headless():
    b = CrmBooks(qwc=False)
    answer, said = ping(b)
    holds(answer["ok"], said)
    equal(answer["facts"]["company"], "Acme Mugs", "whose it is")
    form = [c["request"] for c in b.crm.get("/calls?bodies=1")["log"] if c["path"] == "/oauth/v2/token"]
    holds("soid=ZohoCRM.60012345678" in form[0] and "client_credentials" in form[0], form[0])


@promise("ZOHO-17: thirty hours with an hour's tokens: one at a time, ahead of their end, "
         "never ten in ten minutes, and no call fails")
def thirty_hours():
    b = CrmBooks(clock="2026-11-20T08:00:00Z")
    b.customer("Contoso")
    b.settle()
    first = b.crm.get("/tokens")["issued"]
    for _ in range(30):
        b.crm.post("/clock", {"advance_ms": HOUR, "skip": True})
        b.books.post("/clock", {"advance_ms": HOUR, "skip": True})
        b.host.advance(HOUR)
        b.rest()
    issued = b.crm.get("/tokens")["issued"] - first
    holds(25 <= issued <= 65, f"{issued} tokens in 30 hours")
    b.edit("Customer", "Contoso", Fax="1")
    b.settle()
    equal(b.account("Contoso")["Fax"], "1", "and it still works")
    equal(b.waiting("held") + b.waiting("review"), [], "nothing waits")


@promise("ZOHO-18: tokens that die in the middle of a batch: refreshed, then once more; nothing is lost, nothing doubled")
def forced_401():
    b = CrmBooks()
    for i in range(8):
        b.customer(f"Customer {i}", Email=f"c{i}@example.com")
    b.crm.fault(kind="expire_tokens", method="POST", path="/crm/v8/Accounts/upsert", after=2)
    b.crm.fault(kind="expire_tokens", method="POST", path="/crm/v8/coql", after=5)
    b.settle()
    names = [a["Account_Name"] for a in b.records("Accounts")]
    equal(sorted(n for n in names if n.startswith("Customer ")), [f"Customer {i}" for i in range(8)], "each once")
    holds(b.crm.get("/calls")["by_status"].get("401"), "tokens were refused")
    equal(b.waiting("held"), [], "nothing waits")
    b.sound()


@promise("ZOHO-19: the API moves to another domain: the next token says so, and the old place is not called again")
def moved():
    b = CrmBooks()
    b.customer("Contoso")
    b.settle()
    b.crm.post("/move", {"api_host": "localhost"})
    b.crm.post("/expire")
    before = b.crm.get("/move")["wrong_base"]
    b.host.advance(HOUR)  # the token's time is over: the next one tells
    b.edit("Customer", "Contoso", Fax="1")
    b.settle()
    equal(b.account("Contoso")["Fax"], "1", "it goes on at the new place")
    equal(b.crm.get("/move")["wrong_base"], before, "wrong base never called")


@promise("a grant that is taken back holds the connection with the address to open; "
         "everything else goes on, and nothing is lost")
def revoked():
    b = CrmBooks(connection='auth = "oauth_code",')
    browse(b, b.at.mlc("authorize", "acme/crm", "--no-wait")["url"])
    b.customer("Contoso")
    b.settle()
    b.crm.post("/revoke")
    b.edit("Customer", "Contoso", Fax="1")
    b.visit()
    b.rest()
    said = eventually(lambda: "/oauth/v2/auth?" in b.at.say("status")[1] and b.at.say("status")[1], "status shows the address")
    holds("acme/crm" in said, said)
    browse(b, b.at.mlc("authorize", "acme/crm", "--no-wait")["url"])
    b.settle()
    equal(b.account("Contoso")["Fax"], "1", "caught up")


@promise("ZOHO-36 ZOHO-18: replies that are lost before and after the effect, resets, "
         "outages and 5xx: tried again, nothing lost, nothing doubled")
def network():
    b = CrmBooks(crm={"seed": "none"})
    for i in range(12):
        b.customer(f"Customer {i}", Email=f"c{i}@example.com", FirstName="A", LastName=f"Person {i}")
        b.invoice(f"Customer {i}", ("MUG-RED", i + 1, "14.00"), RefNumber=str(100 + i),
                  ItemSalesTaxRef="Out of State", TxnDate="2026-11-10")
    for n, kind in enumerate(("drop_before", "drop_after", "reset", "status", "status_after", "truncate", "html", "empty")):
        b.crm.fault(kind=kind, method="POST", path="/crm/v8/Deals", after=n * 2,
                    **({"status": 503} if kind.startswith("status") else {}))
        b.crm.fault(kind=kind, method="POST", path="/crm/v8/*/upsert", after=n * 3, count=2,
                    **({"status": 503} if kind.startswith("status") else {}))
        b.crm.fault(kind=kind, method="GET", path="/crm/v8/*", after=n * 5,
                    **({"status": 502} if kind.startswith("status") else {}))
        b.crm.fault(kind=kind, method="PUT", path="/crm/v8/*", after=n * 4,
                    **({"status": 500} if kind.startswith("status") else {}))
    for _ in range(60):
        b.visit()
        b.host.advance(1800000)  # what is tried again has its pauses
        b.rest()
        for flow in {d["flow"] for d in b.waiting("held")}:  # what nobody understood is kept with its exchange, until a person says: again
            b.at.mlc("release", "acme", "--flow", flow)
        if len(b.deals()) == 12 and not any(f["ready"] or f["waits"] or f["sending"] or f["held"] for f in b.flows().values()):
            break
    equal(b.waiting("held") + b.waiting("review"), [], "nothing waits")
    equal(b.same_to_the_cent(), 12, "deals")
    equal([sorted(p["name"] for p in d["Products"]) for d in b.deals()], [["MUG-RED"]] * 12, "products linked")
    b.sound()


@promise("ZOHO-29: an edition without invoices and orders is told with its modules; deals still work")
def editions():
    b = CrmBooks(crm={"edition": "Standard"})
    answer, said = ping(b)
    equal((answer["facts"]["edition"], answer["facts"]["has_Invoices"], answer["facts"]["has_Deals"]),
          ("standard", "false", "true"), said)
    holds("Sales_Orders, Purchase_Orders, Invoices" in answer["facts"]["lacks_modules"], said)
    b.customer("Contoso")
    b.invoice("Contoso", ("MUG-RED", 1, "14.00"), RefNumber="1", ItemSalesTaxRef="Out of State", TxnDate="2026-11-10")
    b.settle()
    equal(b.same_to_the_cent(), 1, "deals work")


@promise("ALL-03: a ping tells by its cause what is wrong, and writes nothing: fields to be made, scopes, "
         "a user who may not, the wrong organisation")
def pings():
    b = CrmBooks(crm={"custom_fields": "none"}, qwc=False)
    answer, said = ping(b)
    for field in ("Accounts.External_Id", "Deals.Invoice_Lines", "Accounts.Books_Status"):
        holds(field in answer["facts"]["missing_fields"], said)
    b.crm.post("/permission", {"module": "Accounts", "allowed": False})
    answer, said = ping(b)
    holds(not answer["ok"] and "permission denied" in json.dumps(answer), said)
    equal([r for r in b.crm.get("/calls")["by_route"] if r.split()[0] in ("PUT", "DELETE", "PATCH")
           or r.endswith("upsert")], [], "nothing is written")


run()
