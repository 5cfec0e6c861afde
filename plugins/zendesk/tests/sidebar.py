"""Our app beside a ticket, in a browser: the figures of the ticket's organization, at once."""
import base64
import json
import os
import subprocess

from twin_lib import HERE, LOGIN, TOKEN, Desk, equal, holds, promise, run
from lib import folder
from lib.npm import install

APP = os.path.join(HERE, "..", "app")
SHOTS = os.environ.get("MLC_SHOTS")  # a folder to keep pictures in

FIELDS = [("qbo_role", "text"), ("qbo_active", "checkbox"), ("qbo_status", "text"), ("qbo_currency", "text"), ("qbo_balance", "decimal"),
          ("qbo_open_invoices", "integer"), ("qbo_open_amount", "decimal"), ("qbo_overdue_invoices", "integer"), ("qbo_overdue_amount", "decimal"),
          ("qbo_open_bills", "integer"), ("qbo_overdue_bills", "integer"), ("qbo_billing_contact", "text"), ("qbo_billing_email", "text"),
          ("qbo_billing_address", "textarea"), ("qbo_invoices", "textarea"), ("qbo_bills", "textarea"), ("plan", "text")]
CARS = {"qbo_role": "customer", "qbo_active": True, "qbo_status": "overdue", "qbo_currency": "USD", "qbo_balance": "1262.07", "qbo_open_invoices": 2,
        "qbo_open_amount": "1262.07", "qbo_overdue_invoices": 1, "qbo_overdue_amount": "1175.00", "qbo_billing_contact": "Grace Pariente, (415) 555-9933",
        "qbo_billing_email": "billing@coolcars.example", "qbo_billing_address": "65 Ocean Dr.\nHalf Moon Bay CA 94213",
        "qbo_invoices": "1001: 1175.00 of 1275.00, due 2026-11-10\n1002: 87.07 of 87.07, due 2026-12-15", "plan": "secret plan"}
BESSIE = {"qbo_role": "vendor", "qbo_active": True, "qbo_status": "open", "qbo_currency": "USD", "qbo_balance": "75.50", "qbo_open_bills": 1,
          "qbo_open_amount": "75.50", "qbo_overdue_bills": 0, "qbo_overdue_amount": "0.00", "qbo_bills": "77: 75.50 of 75.50, due 2026-12-01"}


def desk():
    d = Desk(seed="none")
    for key, kind in FIELDS:
        d.post("/fields/organization_fields", {"key": key, "type": kind, "title": key})
    return d


def beside(d, *steps):
    """Opens the app beside each ticket in turn; what it shows."""
    place = install(os.path.join(HERE, "npm"))
    auth = "Basic " + base64.b64encode(f"{LOGIN}:{TOKEN}".encode()).decode()
    done = subprocess.run(["node", os.path.join(place, "sidebar.mjs"), APP, d.url, auth, SHOTS or folder()], input=json.dumps(steps), capture_output=True,
                          text=True, timeout=180)
    holds(done.returncode == 0, done.stderr[-3000:])
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for one in told:
        equal(one["errors"], [])
        holds(not one["scrolls"], "nothing is wider than the sidebar")
    return told


@promise("ZEN-28, ZEN-29, ZEN-31: beside a ticket stand status, open and overdue invoices, balance and billing contact, without a click")
def customer():
    d = desk()
    o = d.post("/organizations", {"name": "Cool Cars", "organization_fields": CARS})
    one, = beside(d, {"ticket": {"organization": o["id"]}, "shot": "overdue"})
    card, = one["cards"]
    equal((card["title"], card["about"], card["status"]), ("Cool Cars", "Customer", "Overdue"))
    equal(card["rows"], {"Open invoices": "2 · 1,262.07 USD", "Overdue invoices": "1 · 1,175.00 USD", "Balance": "1,262.07 USD",
                         "Contact": "Grace Pariente\n(415) 555-9933", "E-mail": "billing@coolcars.example", "Address": "65 Ocean Dr.\nHalf Moon Bay CA 94213"})
    equal(card["late"], ["1 · 1,175.00 USD"])
    holds("secret plan" not in one["text"], "others' fields are not shown")
    holds(one["height"] not in ("", "80px"), "it takes the room it needs")
    equal({c.split("?")[0] for c in one["calls"]}, {f"/api/v2/organizations/{o['id']}.json", "/api/v2/ticket_fields.json"}, "it only reads")


@promise("ZEN-30: the vendor that a ticket is about stands there, too, and follows the ticket")
def vendor():
    d = desk()
    cars = d.post("/organizations", {"name": "Cool Cars", "organization_fields": {**CARS, "qbo_status": "paid", "qbo_open_invoices": 0,
                                                                                  "qbo_open_amount": "0.00",
                                                                                "qbo_overdue_invoices": 0, "qbo_balance": "0.00", "qbo_invoices": None}})
    bessie = d.post("/organizations", {"name": "Books by Bessie", "organization_fields": BESSIE})
    field = d.post("/fields/ticket_fields", {"type": "lookup", "title": "Vendor", "relationship_target_type": "zen:organization"})
    about = {str(field["id"]): str(bessie["id"])}
    one, two, three, four = beside(d, {"ticket": {"organization": cars["id"], "custom_fields": about}, "shot": "vendor"},
                                   {"ticket": {"organization": cars["id"]}},
                                   {"ticket": {"custom_fields": about}}, {"ticket": {"organization": bessie["id"], "custom_fields": about}})
    equal([(c["title"], c["about"], c["status"]) for c in one["cards"]],
          [("Cool Cars", "Customer", "Paid"), ("Books by Bessie", "Vendor that this ticket is about", "Open")])
    equal(one["cards"][1]["rows"], {"Open bills": "1 · 75.50 USD", "Overdue bills": "0", "Balance": "75.50 USD"})
    equal([c["title"] for c in two["cards"]], ["Cool Cars"])
    equal([c["title"] for c in three["cards"]], ["Books by Bessie"])
    equal([(c["title"], c["about"]) for c in four["cards"]], [("Books by Bessie", "Vendor")])


@promise("ZEN-28: without an organization, without figures, with what looks like markup, or when Zendesk does not answer, it says so in words")
def nothing():
    d = desk()
    bare = d.post("/organizations", {"name": "<b>Harbor</b> Cafe"})
    gone = d.post("/organizations", {"name": "Gone Ltd", "organization_fields": {**CARS, "qbo_active": False}})
    one, two, three, four = beside(d, {"ticket": {}, "shot": "none"}, {"ticket": {"organization": bare["id"]}}, {"ticket": {"organization": gone["id"]}},
                                   {"ticket": {"organization": 12}})
    equal(one["text"].strip(), "The requester belongs to no organization.")
    equal(two["cards"][0]["title"], "<b>Harbor</b> Cafe")
    holds("know no such customer" in two["text"], two["text"])
    equal(three["cards"][0]["status"], "Inactive")
    holds("cannot be shown just now (404)" in four["text"], four["text"])


run()
