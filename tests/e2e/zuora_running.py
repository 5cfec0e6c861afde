"""Zuora day and night: log-ins, limits, callouts, faults, the trail and the month's end."""
import json
import os
from decimal import Decimal

from lib import equal, eventually, exchange, holds, promise, run
from lib.billing import CALLOUT_PASSWORD, CALLOUT_USER, CLIENT_SECRET, Billing, charge

HOUR = 3600 * 1000


def calls(bed, route):
    return bed.zuora.get("/calls")["by_route"].get(route, 0)


def pass_time(bed, ms):
    """On all three clocks."""
    bed.zuora.post("/clock", {"advance_ms": ms, "skip": True})
    bed.books.post("/clock", {"advance_ms": ms, "skip": True})
    bed.host.advance(ms)


@promise("ZUO-14, ZUO-30: thirty days without an operator: tokens expire every hour, "
         "one is fetched for all requests of its hour, no business call is refused")
def thirty_days():
    bed = Billing()
    bed.settle()
    account = bed.account()
    for day in range(30):
        pass_time(bed, 24 * HOUR)
        if day % 6 == 0:
            bed.invoice(account, charge("10.00"))
        bed.rest()
        bed.visit()
    bed.settle()
    status = bed.zuora.get("/calls")["by_status"]
    equal(sum(n for code, n in status.items() if code not in ("200", "401")), 0, f"nothing but successes: {status}")
    tokens = calls(bed, "POST /oauth/token")
    holds(20 <= tokens <= 120, f"{tokens} tokens in thirty days")
    equal(len(bed.documents("Invoice")), 5, "what was invoiced in those days")
    bed.both_agree()


@promise("ZUO-14, ZUO-25: tokens revoked in the middle of it: a new one is fetched, nothing is lost, nothing doubled")
def revoked():
    bed = Billing()
    bed.settle()
    account = bed.account()
    for n in range(3):
        bed.invoice(account, charge("10.00"))
        bed.zuora.post("/tokens/revoke")
        bed.rest()
        bed.visit()
    bed.settle()
    equal(len(bed.documents("Invoice")), 3)
    holds(bed.zuora.get("/calls")["by_status"].get("401", 0) >= 1, "it was refused once")
    bed.both_agree()


@promise("ZUO-30, ALL-03: a client that Zuora no longer knows holds the connection with its cause, "
         "nothing is lost, and the new secret frees it")
def wrong_secret():
    bed = Billing()
    bed.settle()
    bed.invoice(bed.account(), charge("10.00"))
    bed.zuora.post("/settings", {"client_secret": "another"})
    bed.zuora.post("/tokens/revoke")
    bed.at.run("sync", "acme/books-zuora", "--wait")
    code, told, said = bed.at.run("ping", "acme/zuora")
    equal(code, 1)
    equal(told["connections"][0].get("cause"), "auth", said)
    bed.zuora.post("/settings", {"client_secret": CLIENT_SECRET})
    bed.at.secret("acme/zuora", "client_secret", CLIENT_SECRET)
    bed.at.mlc("resume", "acme/zuora")
    bed.settle()
    equal(len(bed.documents("Invoice")), 1, "posted once it may be")
    bed.both_agree()


@promise("ZUO-06, ZUO-16, ZUO-27: a callout is challenged, signs in, is on disk before its 200, "
         "and its payment is ready within seconds; the next visit posts it, once, however often it comes")
def callouts():
    bed = Billing()
    bed.settle()
    account = bed.account()
    invoice = bed.invoice(account, charge("100.00"))
    bed.settle()
    bed.zuora.fault(kind="callout_twice", path="Payment Processed")
    bed.pay(account, "40.00", (invoice, "40.00"))
    bed.zuora.post("/deliver")
    eventually(lambda: bed.flows()["payment"]["ready"] + bed.flows()["payment"]["waits"] + bed.flows()["payment"]["done"] >= 1,
               "the payment is at work without a poll", seconds=10)
    sent = bed.zuora.get("/callouts")["sent"]
    equal({s["status"] for s in sent}, {200}, "exactly 200")
    bed.visit()
    paid = [d["total"] for d in bed.documents("ReceivePayment")]
    equal(paid, ["40.00"], "posted in the next visit, without a poll of Zuora")
    bed.settle()
    equal(len(bed.documents("ReceivePayment")), 1, "once")
    status, headers, _ = exchange(f"{bed.host.url}/hooks/acme/zuora", "POST", b"{}", {"Content-Type": "application/json"})
    equal((status, headers.get("www-authenticate")), (401, 'Basic realm="ml-connector"'), "who brings no login is asked for one")
    bed.zuora.post("/settings", {"callout_password": "wrong", "callout_tries": 3})
    bed.pay(account, "10.00", (invoice, "10.00"))
    equal(bed.zuora.post("/deliver")["waiting"], 1, "a wrong login is refused so that it comes again")
    bed.zuora.post("/settings", {"callout_password": CALLOUT_PASSWORD})
    equal(bed.zuora.post("/deliver")["waiting"], 0)
    bed.settle()
    bed.both_agree()


@promise("ZUO-06: a lost callout and the external payments that raise none come with the next poll; "
         "a body without an id loses nothing")
def without_callouts():
    bed = Billing(zuora={"callout_body": "nothing"})
    bed.settle()
    account = bed.account()
    invoice = bed.invoice(account, charge("100.00"))
    bed.zuora.fault(kind="callout_lost", count=0)
    bed.pay(account, "30.00", (invoice, "30.00"))
    bed.zuora.control("DELETE", "/faults")
    bed.pay(account, "20.00", (invoice, "20.00"), type="External", method="Check")
    bed.pay(account, "10.00", (invoice, "10.00"))
    bed.zuora.post("/deliver")
    bed.settle()
    equal(sorted(d["total"] for d in bed.documents("ReceivePayment")), ["10.00", "20.00", "30.00"])
    bed.both_agree()


@promise("ZUO-22, ZUO-21: over the limit Zuora's Retry-After is kept to, nothing is lost, "
         "and its own count never goes on growing meanwhile; figures go back in batches")
def limits():
    bed = Billing()
    bed.settle()
    account = bed.account()
    for _ in range(12):
        bed.invoice(account, charge("10.00"))
    bed.zuora.fault(kind="status", status=429, headers={"Retry-After": "20"}, count=3)
    refused = bed.zuora.get("/calls")["by_status"].get("429", 0)
    bed.at.run("sync", "acme/books-zuora")
    eventually(lambda: bed.zuora.get("/calls")["by_status"].get("429", 0) > refused, "refused")
    total = bed.zuora.get("/calls")["total"]
    bed.visit()
    holds(bed.zuora.get("/calls")["total"] <= total + 25, "it waits")
    for _ in range(4):
        bed.host.advance(21000)
        bed.rest()
    bed.settle()
    equal(len(bed.documents("Invoice")), 12)
    updates = [json.loads(c["request"])["objects"] for c in bed.zuora.get("/calls?bodies=1&route=POST /v1/action/update".replace(" ", "%20"))["log"] if c.get("request")]
    equal(sum(len(u) for u in updates), 12, "each invoice's figures, once")
    holds(len(updates) <= 6, f"in {len(updates)} requests")
    holds(bed.zuora.get("/limits")["most_in_a_minute"] < 50000, "never above")
    bed.both_agree()


@promise("ZUO-24, ZUO-25: every step of a record is in the trail with who, when, "
         "its versions and its mapping; one that failed is replayed, with one effect")
def trail():
    bed = Billing()
    bed.settle()
    account = bed.account()
    bed.books.fault(kind="refuse", path="InvoiceAddRq", code=3140,
                    message="There is an invalid reference to QuickBooks Item in the Invoice.")
    bed.invoice(account, charge("10.00"))
    bed.settle()
    equal([d["cause"] for d in bed.waiting("held")], ["refused"], "QuickBooks said no")
    bed.at.mlc("release", "acme")
    bed.settle()
    equal(len(bed.documents("Invoice")), 1, "one effect")
    bed.invoice(account, charge("10.00", code="Nobody Knows"))
    bed.settle()
    equal([d["cause"] for d in bed.waiting()], ["unknown_item:Nobody Knows"])
    bed.at.mlc("decide", "acme", "--cause", "unknown_item:Nobody Knows", "--answer", "Consulting", "--remember")
    bed.settle()
    equal([line["item"] for line in bed.document("Invoice", "INV00000002")["lines"]], ["Consulting"])
    invoice = next(i for i in bed.zuora.get("/invoices") if i["invoiceNumber"] == "INV00000001")
    events = bed.at.mlc("story", "acme/zuora", "invoice", invoice["id"])["events"]
    moves = [e["move"] for e in events]
    for move in ("accept", "decide", "settle", "release"):
        holds(move in moves, f"the story holds {move}: {moves}")
    holds(all(e["at_ms"] > 0 and e["who"] for e in events), "each with when and who")
    taken = [e["detail"] for e in events if e["move"] == "accept" and e["entity"] == "invoice"]
    holds(any(d.get("version") or d.get("blake2b") for d in taken),
          f"which version of it, by its number or its content: {taken}")
    done = next(e for e in events if e["move"] == "settle" and e["detail"].get("state") == "done"
                and e["flow"] == "books-zuora.invoice")["detail"]
    holds(done["mapping"] == "zuora.invoice->quickbooks_desktop.Invoice" and len(done["mapping_hash"]) == 64 and done["version"],
          f"by which mapping, and what it became: {done}")
    talks = [e for e in bed.at.mlc("audit", "--tenant", "acme", "--move", "exchange", "--payload", "--limit",
                                   "1000")["audit"] if e["detail"].get("key") == done["key"]]
    equal([(e["entity"], e["rid"]) for e in talks], [("Invoice", done["id"])], "the exchange that made it")
    holds("<InvoiceAddRq" in talks[0]["payload"] and "<InvoiceAddRs" in talks[0]["payload"], "with request and reply")
    equal(bed.at.run("audit", "verify")[0], 0, "the chain holds")
    bed.both_agree()


@promise("ZUO-29: a month's register of Zuora against the books: it agrees to the cent, "
         "and the report stands in the trail; a missing, a voided and a doubled document are each named")
def month_end():
    bed = Billing()
    bed.settle()
    account = bed.account()
    for n in range(4):
        bed.invoice(account, charge("10.00"), date=f"2026-10-0{n + 1}")
    bed.settle()
    code, told, said = bed.at.run("reconcile", "acme/books-zuora.invoice", "--month", "2026-10")
    equal(code, 0, said)
    flow = told["flows"][0]
    equal((flow["source"]["count"], flow["source"]["sums"], flow["gaps"]), (4, flow["target"]["sums"], []), "agrees")
    equal(flow["source"]["sums"], {"USD": "40.00"})
    report = eventually(lambda: bed.at.mlc("audit", "--tenant", "acme", "--move", "reconcile")["audit"],
                        "the report in the trail")[-1]
    equal((report["detail"]["agrees"], report["detail"]["month"], report["detail"]["source"], report["who"][:4]),
          (True, "2026-10", flow["source"], "cli:"), "as it was told")
    equal(bed.at.run("audit", "verify")[0], 0, "sealed by the chain")
    voided = bed.document("Invoice", "INV00000002")
    bed.books.post("/person/void", {"type": "Invoice", "name": voided["id"]})
    bed.invoice(account, charge("10.00", name="Unheard of", code="Nobody Knows"), date="2026-10-09", currency="EUR")
    twin = bed.document("Invoice", "INV00000003")
    bed.books.post("/person/add",
                   {"type": "Invoice", "set": {"CustomerRef": twin["customer"], "TxnDate": "2026-10-03",
                                               "RefNumber": "INV00000003"},
                    "lines": [{"ItemRef": twin["lines"][0]["item"], "Quantity": "1", "Rate": "10.00"}]})
    bed.settle()
    code, told, said = bed.at.run("reconcile", "acme/books-zuora.invoice", "--month", "2026-10")
    equal(code, 1, said)
    gaps = {g["label"]: g["kind"] for g in told["flows"][0]["gaps"]}
    equal(gaps, {"invoice INV00000002": "differs", "invoice INV00000005": "missing", "INV00000003": "doubled"}, "gaps")


@promise("ZUO-11, ALL-05: neither side's secrets stand anywhere on disk in the clear")
def secrets():
    bed = Billing()
    bed.settle()
    bed.pay(bed.account(), "10.00")
    bed.settle()
    bed.host.stop()
    for folder, _, files in os.walk(bed.at.path):
        for name in files:
            with open(os.path.join(folder, name), "rb") as f:
                text = f.read()
            for secret in (CLIENT_SECRET, CALLOUT_PASSWORD):
                holds(secret.encode() not in text, f"{name} holds a secret")
    holds(CALLOUT_USER, "the user name is no secret")


@promise("ZUO-33, ALL-06: replies lost before and after the effect, locks, "
         "500s and dropped lines: each account once, each document once, to the cent")
def faults():
    bed = Billing()
    bed.settle()
    for name in ("Somerville Stars", "Germain Plates", "Agnesi Curves", "Kovalevskaya Tops"):
        bed.books.post("/person/add", {"type": "Customer",
                                       "set": {"Name": name, "BillAddress": {"City": "Reno", "State": "NV"}}})
    bed.zuora.fault(kind="drop_after", method="POST", path="/v1/accounts")
    bed.zuora.fault(kind="drop_before", method="POST", path="/v1/accounts", after=1)
    bed.zuora.fault(kind="status_after", status=502, method="POST", path="/v1/accounts", after=2)
    bed.zuora.fault(kind="status", status=500, method="GET", path="/object-query/invoices")
    bed.zuora.fault(kind="html", method="GET", path="/object-query/payments")
    bed.zuora.fault(kind="truncate", method="GET", path="/object-query/accounts")
    account = bed.account()
    invoice = bed.invoice(account, charge("10.00"))
    bed.pay(account, "4.00", (invoice, "4.00"))
    for _ in range(8):
        bed.at.run("sync", "acme/books-zuora", "--wait")
        bed.visit()
        bed.host.advance(5 * 60 * 1000)
    for _ in range(4):
        bed.at.run("release", "acme")
        bed.host.advance(HOUR)
        bed.at.run("sync", "acme/books-zuora", "--wait")
        bed.visit()
    bed.settle()
    bed.books.post("/person/add", {"type": "Customer", "set": {"Name": "Lamarr Hoppers"}})
    bed.zuora.fault(kind="lock", method="POST", path="/v1/accounts")  # kept under its key for a day: another try needs another
    for _ in range(3):
        bed.at.run("sync", "acme/books-zuora", "--wait")
        bed.visit()
        bed.host.advance(HOUR)
    bed.settle()
    names = [a["name"] for a in bed.zuora.get("/accounts")]
    for name in ("Lamarr Hoppers", "Somerville Stars", "Germain Plates", "Agnesi Curves", "Kovalevskaya Tops"):
        equal(names.count(name), 1, f"accounts called {name}")
    equal((len(bed.documents("Invoice")), len(bed.documents("ReceivePayment"))), (1, 1))
    equal(Decimal(bed.document("Invoice", "INV00000001")["balance"]), Decimal("6.00"))
    bed.both_agree()


if __name__ == "__main__":
    run()
