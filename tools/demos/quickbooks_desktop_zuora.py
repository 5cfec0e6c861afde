#!/usr/bin/env python3
"""A Zuora tenant and a QuickBooks company file, both simulated, with the real `mlc` between them.

Customers and accounts in both directions, invoices, payments, credits and refunds, a kill -9 on the way.  At the end the
two systems' own books are compared: 0 lost, 0 doubled, not off by a cent, or the exit status is 1."""
import os
import sys
import time
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "e2e"))
from lib.billing import Billing, charge  # noqa: E402
from terminal import headline, play, say, stay  # noqa: E402


def fill(b):
    """What Zuora's billing people and its payment runs do in a week."""
    ada, hedy, emmy = (b.account(n) for n in ("Analytical Engines Ltd", "Kiesler Radio", "Noether Rings"))
    one = b.invoice(ada, charge("1200.00", "87.00"), charge("-120.00", "-8.70", name="Ten percent off"),
                    date="2026-11-03", due="2026-12-03")
    two = b.invoice(ada, charge("49.99", quantity="3", price="16.67"), date="2026-11-04")
    three = b.invoice(hedy, charge("310.00", "22.48"), charge("75.00", name="Advice", code="Consulting"), date="2026-11-05")
    four = b.invoice(emmy, charge("99.00"), date="2026-11-06")
    five = b.invoice(emmy, charge("18.00", name="Setup", code="Not in QuickBooks"), date="2026-11-06")
    b.pay(ada, "1200.00", (one, "1158.30"), (two, "20.00"))
    hedys = b.pay(hedy, "407.48", (three, "407.48"))
    b.zuora.post("/credit_memos", {"account": emmy["id"], "invoice": four["id"], "lines": [charge("29.00")],
                                   "apply": [{"invoice": four["id"], "amount": "29.00"}]})
    b.zuora.post(f"/payments/{hedys['id']}/unapply", {"invoices": [{"invoice": three["id"], "amount": "75.00"}]})
    b.zuora.post(f"/payments/{hedys['id']}/refund", {"amount": "75.00", "reason": "Advice was not given"})
    b.zuora.post(f"/invoices/{four['id']}/write_off", {"amount": "70.00"})
    return [("a discount, taxed, paid in full", one),
            ("units whose price does not multiply, paid in part", two),
            ("two charges, 75.00 of it refunded", three),
            ("credited in part, the rest written off", four), ("a charge that no item is named for", five)]


def visit_and_kill(b):
    """QuickBooks does a set of writes, and mlc dies before it hears of it."""
    wish = {"until": "receiveResponseXML"}
    while True:
        told = b.books.post("/visit", wish, timeout=120)
        sends = [c for c in told["calls"] if c["method"] == "sendRequestXML"]
        if not told["outcome"].startswith("waiting"):
            raise SystemExit(f"the visit ended before anything was written: {told['outcome']}")
        done = sends[-1].get("done", []) if sends else []
        if any(d["write"] for d in done):
            break
        b.books.post("/visit", {"resume": told["id"], "until": "sendRequestXML"}, timeout=120)
        wish = {"resume": told["id"], "until": "receiveResponseXML"}
    say(f"  QuickBooks has done {sum(1 for d in done if d['write'])} writes; mlc has not heard of them.  kill -9 {b.host.process.pid}")
    b.host.kill()
    b.at.start()
    say(f"  mlc runs again as {b.host.process.pid}")
    b.books.post("/visit", {"resume": told["id"]}, timeout=120)


def compare(b, invoices, waiting):
    """From the twins' own books, never from ours."""
    there = {i["number"]: i for i in b.zuora.get("/books")["invoices"]}
    posted = lost = doubled = wrong = 0
    say(f"  {'invoice':12} {'Zuora':>10} {'QuickBooks':>11} {'open':>9} {'open':>9}  what")
    for what, made in invoices:
        number = made["invoiceNumber"]
        found = [d for d in b.documents("Invoice") if d["number"] == number]
        if not found:
            lost += number not in waiting
            say(f"  {number:12} {there[number]['total']:>10} {'-':>11} {'':>19}  {what}: {'waits in review' if number in waiting else 'LOST'}")
            continue
        posted, doubled = posted + 1, doubled + len(found) - 1
        good = found[0]["total"] == there[number]["total"] and found[0]["balance"] == there[number]["balance"]
        told = there[number]["fields"]
        good = good and (told.get("QBNumber__c"), told.get("QBBalance__c")) == (found[0]["number"], found[0]["balance"])
        wrong += not good
        say(f"  {number:12} {there[number]['total']:>10} {found[0]['total']:>11} {there[number]['balance']:>9} {found[0]['balance']:>9}  {what};"
            f" Zuora knows it as {told.get('QBStatus__c', 'unknown')}{'' if good else ': WRONG'}")
    return posted, lost, doubled, wrong


def balances(b, waiting):
    """What each customer owes; a document that waits for a person stands on one side only."""
    wrong = 0
    open_there = {}
    for i in b.zuora.get("/books")["invoices"]:
        if i["number"] in waiting:
            open_there[i["account"]] = open_there.get(i["account"], Decimal(0)) + Decimal(i["balance"])
    here = b.owed_here()
    for a in b.zuora.get("/books")["accounts"]:
        theirs = Decimal(a["balance"]) - open_there.get(a["id"], Decimal(0))
        ours = here.get(a["name"], Decimal(0))
        wrong += theirs != ours
        if theirs or ours:
            say(f"  {a['name']:26} owes {theirs:>9} in Zuora, {ours:>9} in QuickBooks{'' if theirs == ours else ': WRONG'}")
    return wrong


def main():
    began = time.monotonic()
    headline("A Zuora tenant and a QuickBooks with its Web Connector (both simulated), and mlc")
    b = Billing(mode="shadow")
    say(f"  Zuora {b.zuora.url}   mlc {b.host.url}   QuickBooks' control door {b.books.control_url}")
    said = b.at.mlc("ping", "acme/zuora")["connections"][0]["facts"]
    say(f"  mlc has logged in by OAuth: tenant {said['identity']}; the fields of our own in its accounts and invoices: {said['Account_fields']}, {said['Invoice_fields']}")

    headline("A week in Zuora: five invoices, payments, a credit, a refund, a write-off; callouts tell of them")
    invoices = fill(b)
    told = b.zuora.post("/deliver")
    say(f"  {told['sent']} callouts, each challenged first, then signed in")
    for what, i in invoices:
        say(f"  {i['invoiceNumber']:12} {i['amount']:>8}  {what}")

    headline("In the shadow: what mlc would do")
    for _ in range(3):
        b.rest()
        b.visit()
    b.rest()
    for d in b.at.list("would", limit=500):
        say(f"  {d['flow']:30} {(d['label'] or d['rid']):44} {d['amount'] or '':>9} {d['currency'] or ''}")

    headline("mlc go; and a kill -9 between the visit's taking and giving")
    say("  " + b.at.say("go", "acme/books-zuora", "--yes")[1].strip().replace("\n", "\n  "))
    visit_and_kill(b)
    b.settle()

    headline("New on either side, and changed on both: a customer in QuickBooks, an account in Zuora")
    b.books.post("/person/add", {"type": "Customer", "set": {"Name": "Somerville Stars", "CompanyName": "Somerville Stars",
                                                             "BillAddress": {"City": "Reno", "State": "NV"}}})
    b.zuora.post("/accounts", {"name": "Germain Plates", "firstName": "Sophie", "lastName": "Germain",
                               "workEmail": "sophie@plates.example"})
    b.books.post("/person/edit", {"type": "Customer", "name": "Lovelace, Ada", "set": {"Phone": "775 555 0143"}})
    b.settle()
    names = [a["name"] for a in b.zuora.get("/accounts")]
    phone = next(a for a in b.zuora.get("/accounts") if a["name"] == "Lovelace, Ada")["billToContact"]["workPhone"]
    both = names.count("Somerville Stars") == 1 and sum(1 for n in b.owed_here() if n == "Germain Plates") == 1
    say(f"  each is on the other side, once: {'yes' if both else 'NO'};  the phone number in Zuora: {phone}")

    headline("What waits for a person")
    waiting = set()
    for d in b.waiting("review") + b.waiting("held"):
        waiting.add((d["label"] or "").split()[-1])
        say(f"  {d['flow']}: {d['label']}: {d['why']}  ({d['cause']})")
    say("  " + b.at.say("status", "acme")[1].strip().splitlines()[0])

    headline("The story of INV00000001")
    for line in b.at.say("story", "acme/books", "Invoice", "INV00000001")[1].splitlines()[:40]:
        say("  " + line)

    headline("Both sides' own books")
    posted, lost, doubled, wrong = compare(b, invoices, waiting)
    say()
    wrong += balances(b, waiting)
    takings = Decimal("1200.00") + Decimal("407.48") - Decimal("75.00")
    say(f"  card money less refunds: Zuora {takings}, QuickBooks' clearing account {b.account_balance('Stripe Clearing')}")
    held = b.books.get("/books")
    doubled += bool(held["duplicates"]["by_number"] or held["duplicates"]["by_guid"]) + (len(names) != len(set(names)))
    wrong += (b.account_balance("Stripe Clearing") != takings) + (not held["balanced"]) + bool(held["faults"]) + (phone != "775 555 0143") + (not both)
    wrong += bool(b.zuora.errors()) + bool(b.books.errors())
    calls = b.zuora.get("/calls")
    say(f"  {calls['total']} requests to Zuora, {calls['by_route']['POST /oauth/token']} tokens fetched")
    say(f"\n{posted} invoices agree, {len(waiting)} in review, {lost} lost, {doubled} doubled, {wrong} wrong; {time.monotonic() - began:.1f} s")
    stay(b.at,
         f"mlc {b.host.url}, Zuora {b.zuora.url} (control {b.zuora.control_url}), QuickBooks (control {b.books.control_url})")
    return 0 if posted == 4 and waiting == {"INV00000005"} and not lost and not doubled and not wrong else 1


if __name__ == "__main__":
    play(main)
