#!/usr/bin/env python3
"""What customers and vendors of QuickBooks Online owe and are owed stands beside their tickets in Zendesk, while the host is killed in between.

Two simulated systems and the real `mlc`.  At the end their own books are compared: nobody lost, nobody doubled, no figure off by
a cent, or the exit status is 1."""
import datetime
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "e2e"))
from lib import eventually  # noqa: E402
from lib.booksdesk import DAY, SECOND, BooksDesk  # noqa: E402
from terminal import headline, play, say, stay  # noqa: E402


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


def person(h, kind, name, email=None, **more):
    return h.person(f"/{kind}",
                    {"DisplayName": name, **({"PrimaryEmailAddr": {"Address": email}} if email else {}),
                     **more}, SECOND)["Id"]


def fill(h):
    """Clients as a bookkeeper has them; two of them the help desk knows already, and one it knows by name only."""
    maple = person(h, "customer", "Maple Toy Company", "kim@maple.example", GivenName="Kim", FamilyName="Maple")
    harbor = person(h, "customer", "Harbor Cafe")
    person(h, "customer", "Ann's Desk", "ann@elsewhere.example")
    job = person(h, "customer", "North Wing", ParentRef={"value": maple})
    h.invoice(maple, "120.10", day(12), realm=SECOND)
    h.invoice(harbor, "80.00", day(-5), dated=day(-35), realm=SECOND)
    h.invoice(job, "59.95", day(1), realm=SECOND)
    vendor = h.vendor("Hicks Hardware", SECOND)["Id"]
    account = next(a["Id"] for a in h.books.get(f"/companies/{SECOND}/account") if a["Name"] == "Office Expenses")
    h.person("/bill", {"VendorRef": {"value": vendor}, "DocNumber": "H-7", "DueDate": day(9), "Line": [
        {"Amount": "33.40", "DetailType": "AccountBasedExpenseLineDetail",
         "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}}}]}, SECOND)
    return maple


def table(h):
    say(f"  {'organization':24} {'role':9} {'status':8} {'open':>5} {'overdue':>8} {'balance':>10}  contact")
    for o in h.organizations():
        f = o["organization_fields"]
        if not o["external_id"]:
            continue
        vendor = f["qbo_role"] == "vendor"
        say(f"  {o['name']:24} {f['qbo_role']:9} {f['qbo_status'] or '':8} {f['qbo_open_bills' if vendor else 'qbo_open_invoices']:>5} "
            f"{f['qbo_overdue_bills' if vendor else 'qbo_overdue_invoices']:>8} {f['qbo_balance']:>10}  {f['qbo_billing_contact'] or ''}")


def beside_a_ticket(h):
    """What an agent sees in the panel beside an open ticket."""
    ticket = h.desk.get("/tickets")[0]
    user = next(u for u in h.desk.get("/users") if u["id"] == ticket["requester_id"])
    o = next(o for o in h.organizations() if o["id"] == user["organization_id"])
    say(f"  ticket: \"{ticket['subject']}\" of {user['name']}, {o['name']}")
    for key, value in sorted(o["organization_fields"].items()):
        if value not in (None, "") and key not in ("qbo_role", "qbo_active"):
            say(f"    {key:22} {str(value).splitlines()[0]}" + ("".join(f"\n    {'':22} {line}" for line in str(value).splitlines()[1:])))


def main():
    began = time.monotonic()
    headline("A company in QuickBooks Online, a help desk in Zendesk (both simulated), and mlc")
    h = BooksDesk(tenants={"acme": SECOND}, mode="shadow", authorize=False, every=1440)
    say(f"  mlc {h.host.url}   QuickBooks' control door {h.books.control_url}   Zendesk's control door {h.desk.control_url}")
    h.desk.post("/organizations", {"name": "Ann's Desk"})  # by name only: whose is it?
    maple = fill(h)
    held = h.at.say("status")[1].strip().splitlines()
    say("  before anybody has agreed: " + (held[0] if held else ""))
    h.authorize("acme", SECOND)
    say("  mlc authorize acme/books: a person has opened the address, picked the company and agreed")

    headline("In the shadow: what mlc would write")
    h.sync()
    for d in h.at.list("would", limit=500):
        say(f"  {d['flow']:30} {d['label'] or d['rid']}")

    headline("mlc go")
    say("  " + h.at.say("go", "acme/books-desk", "--yes")[1].strip().replace("\n", "\n  "))
    h.sync()
    table(h)

    headline("Two invoices, a payment and a new client by webhook; kill -9 as soon as they are taken")
    invoice = h.invoice(maple, "240.05", day(20), realm=SECOND)
    h.pay(invoice, "40.05", SECOND)
    fresh = person(h, "customer", "Fresh Client", "billing@fresh.example", GivenName="Flo", FamilyName="Fresh")
    h.invoice(fresh, "10.00", day(30), realm=SECOND)
    eventually(lambda: h.books.post("/deliver")["waiting"] == 0, "Intuit's webhooks to be taken")
    say(f"  taken by {h.host.process.pid}; kill -9")
    h.host.kill()
    h.at.start()
    say(f"  mlc runs again as {h.host.process.pid}")
    eventually(lambda: h.disagreements(realm=SECOND, waiting=waiting_names(h)) == [], "the help desk to catch up", 30)
    table(h)

    headline("Two nights later, without any event")
    h.advance(2 * DAY)
    eventually(lambda: (h.organization("Maple Toys")
                        or {}).get("organization_fields", {}).get("qbo_status") == "overdue",
               "what is overdue to be seen", 30)
    beside_a_ticket(h)

    headline("What waits for a person")
    for d in h.reviews() + h.at.list("held"):
        say(f"  {d['flow']}: {d['label']}: {d['why']}  ({d['cause']})")
    say("  " + h.at.say("status", "acme")[1].strip().replace("\n", "\n  "))

    headline("The story of Maple Toy Company")
    for line in h.at.say("story", "acme/books", "Customer", maple)[1].splitlines()[:24]:
        say("  " + line)

    headline("Both sides' own books")
    waiting = waiting_names(h)
    wrong = h.disagreements(realm=SECOND, waiting=waiting)
    for line in wrong:
        say("  " + line)
    customers = [c for c in h.ledger(SECOND)["customers"] if not c.get("ParentRef")]
    reads = h.books.get("/reads")["reads"]
    say(f"  {len(customers)} customers, {len(h.ledger(SECOND)['invoices'])} invoices in QuickBooks; {reads} metered reads, {h.writes()} writes to Zendesk")
    errors = h.books.errors() + h.desk.errors()
    say(f"\n{len(customers) - len(waiting)} in the help desk, {len(waiting)} in review, {len(wrong)} lost, doubled or off; {time.monotonic() - began:.1f} s")
    stay(h.at,
         f"mlc {h.host.url}, QuickBooks (control {h.books.control_url}), Zendesk {h.desk.url} (control {h.desk.control_url})")
    return 0 if not wrong and not errors and waiting == {"Ann's Desk"} else 1


def waiting_names(h):
    return {(d["label"] or "").removeprefix("customer ") for d in h.reviews() if d["flow"].endswith(".customer")}


if __name__ == "__main__":
    play(main)
