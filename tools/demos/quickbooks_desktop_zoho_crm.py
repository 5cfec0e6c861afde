#!/usr/bin/env python3
"""QuickBooks Desktop and Zoho CRM in step: customers as accounts, invoices as deals, changes both ways, a kill -9 in between.

Two simulated systems and the real `mlc`.  At the end their own books are compared: 0 lost, 0 doubled, every deal and each
of its lines equal to the cent, or the exit status is 1."""
import os
import sys
import time
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "e2e"))
from lib import eventually  # noqa: E402
from lib.crmbooks import CrmBooks  # noqa: E402
from terminal import headline, play, say, stay  # noqa: E402

RENO = {"Addr1": "1 Row", "City": "Reno", "State": "NV", "PostalCode": "89501"}


def fill(b):
    """A week of a small company's books."""
    b.customer("Looms", Email="ADA@LOOMS.EXAMPLE", FirstName="Ada", LastName="Byron", BillAddress=RENO)
    b.customer("Contoso", Email="books@contoso.example", Phone="(555) 010-7777", FirstName="Grace",
               LastName="Murray", BillAddress=RENO)
    b.customer("Partner", Phone="(775) 555 0100")
    for n in (1, 2):
        b.add("Customer", Name=f"Kitchen {n}", ParentRef="Contoso", Email="books@contoso.example", Phone="(555) 010-7777")
    b.invoice("Looms", ("MUG-RED", 2, "14.00"), ("TSHIRT", 1, "21.99"), RefNumber="1001", ItemSalesTaxRef="New York City",
              TxnDate="2026-11-10", DueDate="2026-12-10")
    b.invoice("Contoso", ("MUG-BLUE", 12, "13.95"), ("Discount", 1, "-7.40"), RefNumber="1002", ItemSalesTaxRef="CA State",
              TxnDate="2026-11-12", DueDate="2026-11-19")
    b.invoice("Contoso:Kitchen 1", ("ENGRAVING", 3, "10.00"), RefNumber="1003",
              ItemSalesTaxRef="Out of State", TxnDate="2026-11-12", DueDate="2026-12-12")
    b.invoice("Contoso:Kitchen 2", ("MUG-RED", 7, "14.00"), RefNumber="1004", ItemSalesTaxRef="New York City",
              TxnDate="2026-11-13", DueDate="2026-12-13")
    b.invoice("Looms", ("TSHIRT", 5, "21.99"), RefNumber="1005", ItemSalesTaxRef="Out of State",
              TxnDate="2026-11-14", DueDate="2026-12-14")


def compare(b, waiting):
    """From the twins' own books, never from ours."""
    documents = [d for d in b.books.get("/books")["documents"] if d["type"] == "Invoice"]
    deals = {}
    for deal in b.deals():
        deals.setdefault(deal["Books_Number"], []).append(deal)
    lost = doubled = wrong = equal = 0
    say(f"  {'invoice':8} {'QuickBooks':>12} {'deal':>10} {'lines':>10}  {'account':16} {'contact':14} products")
    for d in documents:
        found = deals.pop(d["number"], [])
        if not found:
            lost += d["number"] not in waiting
            say(f"  {d['number']:8} {d['total']:>12} {'-':>10}  {'waits for a person' if d['number'] in waiting else 'LOST'}")
            continue
        doubled += len(found) - 1
        deal = found[0]
        lines = sum(Decimal(str(r["Amount"])) for r in deal["Invoice_Lines"])
        linked = {r["Product"]["id"] for r in deal["Invoice_Lines"] if r["Product"]} == {p["id"] for p in deal["Products"]}
        good = Decimal(str(deal["Amount"])) == lines == Decimal(d["total"]) and linked and (deal["Stage"] == "Closed Lost") == bool(d.get("void"))
        equal += good
        wrong += not good
        say(f"  {d['number']:8} {d['total']:>12} {deal['Amount']:>10.2f} {lines:>10.2f}  {deal['Account_Name']['name']:16} {(deal['Contact_Name'] or {}).get('name', '-'):14} "
            f"{', '.join(p['name'] for p in deal['Products'])}{'' if good else ': WRONG'}")
    for number, found in deals.items():  # of invoices that are gone
        closed = all(f["Stage"] == "Closed Lost" and Decimal(str(f["Books_Balance"])) == 0 for f in found)
        say(f"  {number:8} {'deleted':>12} {found[0]['Amount']:>10.2f} {'':>10}  {found[0]['Stage']}{'' if closed else ': WRONG'}")
        wrong += not closed
        doubled += len(found) - 1
    return equal, lost, doubled, wrong


def balances(b):
    """What each customer owes with his jobs, on both sides; how many differ."""
    owed = {}
    for d in b.books.get("/books")["documents"]:
        if d["type"] == "Invoice" and not d.get("void"):
            top = d["customer"].split(":")[0]
            owed[top] = owed.get(top, Decimal(0)) + Decimal(d["balance"])
    wrong = 0
    for a in sorted((a for a in b.records("Accounts") if a["External_Id"]), key=lambda a: a["Account_Name"]):
        customer = next((c["name"] for c in b.books.get("/books")["customers"] if f"QB-{c['id']}" == a["External_Id"]), None)
        want, have = owed.get(customer, Decimal(0)), Decimal(str(a["Books_Balance"] or 0))
        wrong += want != have
        say(f"  {customer or '(deleted)':18} {a['Account_Name']:18} {a['Books_Status'] or '-':8} owes {want:>8.2f} in QuickBooks, {have:>8.2f} in Zoho{'' if want == have else ': WRONG'}")
    return wrong


def main():
    began = time.monotonic()
    headline("A QuickBooks with its Web Connector and a Zoho CRM (both simulated), and mlc")
    b = CrmBooks(mode="shadow")
    say(f"  Zoho {b.crm.url}   mlc {b.host.url}   QuickBooks' control door {b.books.control_url}")
    eventually(lambda: b.crm.get("/channels")["channels"], "a channel for notifications")
    say(f"  mlc has a token of Zoho's, and a channel for notifications until {b.crm.get('/channels')['channels'][0]['expires']}")
    say("  " + b.at.say("ping", "acme/crm")[1].splitlines()[0])

    headline("A week of the books: three customers, two jobs, five invoices")
    fill(b)
    for d in b.books.get("/books")["documents"]:
        if d["type"] == "Invoice":
            say(f"  {d['number']:8} {d['total']:>10}  {d['customer']}")
    headline("In the shadow: what mlc would write")
    b.settle()
    would = b.at.list("would", limit=500)
    for d in would:
        if d["flow"].endswith((".invoice", ".customer")):
            say(f"  {d['flow']:26} {d['label'] or d['rid']:36} {d['amount'] or '':>10} {d['currency'] or ''}")
    say(f"  {len(would)} in all; accounts with an id of QuickBooks in Zoho so far: {sum(1 for a in b.records('Accounts') if a['External_Id'])}")

    headline("mlc go; two replies of Zoho's are lost after the effect, and then a kill -9")
    b.crm.fault(kind="drop_after", method="POST", path="/crm/v8/Accounts/upsert")
    b.crm.fault(kind="drop_after", method="POST", path="/crm/v8/Deals")
    b.crm.fault(kind="latency", ms=1500, method="POST", path="/crm/v8/Deals", after=1)
    say("  " + b.at.say("go", "acme/books-crm", "--yes")[1].strip().replace("\n", "\n  "))
    b.visit()
    eventually(lambda: len(b.deals()) >= 1, "a deal")
    say(f"  {len(b.deals())} deals are there.  kill -9 {b.host.process.pid}")
    b.host.kill()
    b.at.start()
    say(f"  mlc runs again as {b.host.process.pid}")
    for _ in range(3):  # what is in doubt is tried again after a pause
        b.settle()
        b.host.advance(600000)
    b.settle()

    headline("Both sides change: a phone in Zoho, an invoice, a payment and a deletion in QuickBooks")
    looms = b.account("Byron Looms")
    b.crm.post(f"/records/Accounts/{looms['id']}", {"Fax": "775 555 0143"})
    lines = b.books.get("/records/Invoice/1005")["InvoiceLineRet"]
    lines = lines if isinstance(lines, list) else [lines]
    b.books.post("/person/edit", {"type": "Invoice", "name": "1005",
                                  "set": {"lines": [{"TxnLineID": lines[0]["TxnLineID"], "Quantity": "6"}]}})
    paid = next(d for d in b.books.get("/books")["documents"] if d.get("number") == "1002")
    b.add("ReceivePayment", CustomerRef="Contoso", TotalAmount=paid["total"], PaymentMethodRef="Check",
          AppliedToTxnAdd=[{"TxnID": paid["id"], "PaymentAmount": paid["total"]}])
    b.books.post("/person/delete", {"type": "Invoice", "name": "1003"})
    b.settle()
    fax = b.books.get("/records/Customer/Looms").get("Fax")
    say(f"  the fax number is in QuickBooks: {fax};  1002 is {b.deal('1002')['Books_Status']};  1003 is {b.deal('1003')['Stage']}")

    headline("What waits for a person")
    waiting = set()
    for d in b.waiting("review") + b.waiting("held"):
        waiting.add((d["label"] or "").split()[-1])
        say(f"  {d['flow']}: {d['label']}: {d['why']}  ({d['cause']})")
    say("  " + b.at.say("status", "acme")[1].strip().splitlines()[0])

    headline("The story of invoice 1005")
    for line in b.at.say("story", "acme/books", "Invoice", "1005")[1].splitlines()[:40]:
        say("  " + line)

    headline("Both sides' own books")
    equal, lost, doubled, wrong = compare(b, waiting)
    say()
    wrong += balances(b)
    sums = b.crm.get("/sums")
    doubled += len(sums["external_twice"]) + len(sums["deals_twice"])
    wrong += fax != "775 555 0143" or bool(b.crm.errors()) or bool(b.books.errors()) or not b.books.get("/books")["balanced"]
    tokens = b.crm.get("/tokens")
    say(f"\n{equal} invoices are deals, {len(waiting)} wait for a person, {lost} lost, {doubled} doubled, {wrong} wrong; {tokens['issued']} tokens; {time.monotonic() - began:.1f} s")
    stay(b.at, f"mlc {b.host.url}, Zoho {b.crm.url} (control {b.crm.control_url}), QuickBooks (control {b.books.control_url})")
    return 0 if equal == 4 and waiting == {"Partner"} and not lost and not doubled and not wrong else 1


if __name__ == "__main__":
    play(main)
