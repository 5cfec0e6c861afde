"""A shop whose orders become invoices in QuickBooks: the host, the QuickBooks twin, and orders that are posted as signed webhooks."""
import base64
import hashlib
import hmac
import json
import os
import shutil
import socket

from .bed import ROOT, Deployment, Twin, exchange
from .tap import equal, holds

SECRET, PASSWORD = "the-shop-signs-with-this", "sesame"
INTEGRATION = "woocommerce-quickbooks_desktop"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def mlc(port, more=""):
    """mlc.lua with an address that stays over restarts, as the Web Connector needs it."""
    return f"""return {{
  public = {{ address = "127.0.0.1", port = {port}, url = "http://localhost:{port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }} }},
  workers = 1,
{more}}}
"""


def order(number, email=None, total="9.50", name="Buyer", **more):
    """As the shop tells it, less what the test's mapping does not read."""
    who = email or f"buyer{number}@example.com"
    billing = {"first_name": name, "last_name": who.split("@")[0], "email": who, "phone": "",
               "address_1": "1 Main St", "city": "Reno", "state": "NV",
               "postcode": "89501", "country": "US", "company": "", "address_2": ""}
    return {"id": number, "number": str(number), "order_key": f"wc_order_{number}", "version": "9.0.0", "status": "processing",
            "currency": "USD", "total": total, "total_tax": "0.00", "customer_id": 0,
            "date_created": "2026-11-02T09:00:00", "date_created_gmt": "2026-11-02T17:00:00",
            "date_modified": "2026-11-02T09:00:00",
            "date_modified_gmt": "2026-11-02T17:00:00", "billing": billing, "shipping": dict(billing),
            "payment_method": "stripe",
            "line_items": [], "shipping_lines": [], "tax_lines": [], "fee_lines": [], "coupon_lines": [],
            "refunds": [], "meta_data": [], **more}


def webhook(url, connection, record, topic="order.created", secret=SECRET):
    """The shop's signed call; gives the status."""
    body = json.dumps(record).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    resource, event = topic.split(".")
    status, _, said = exchange(f"{url}/hooks/{connection}", "POST", body, {
        "Content-Type": "application/json", "X-WC-Webhook-Signature": signature, "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource, "X-WC-Webhook-Event": event, "X-WC-Webhook-ID": "1",
        "X-WC-Webhook-Source": "https://shop.example/"})
    return status


def tenant(company="Acme Mugs LLC", every_minutes=15, books="", flow="", mode="live"):
    return f"""return tenant {{
  title = "Acme Mugs",
  connections = {{
    books = {{ connector = "quickbooks_desktop", company = "{company}", every_minutes = {every_minutes}{books} }},
    shop = {{ connector = "woocommerce", url = "http://127.0.0.1:9", auth = "oauth1" }},
  }},
  flows = {{
    integration "{INTEGRATION}" {{ woocommerce = "shop", quickbooks_desktop = "books", start = "2026-10-01", mode = "{mode}"{flow} }},
  }},
}}
"""


class Desk:
    """One tenant, one company file."""

    def __init__(self, settings=None, mappings="test", host=True, books="", flow="", every_minutes=15,
                 mode="live", state=None, more="", env=None, seed="shop"):
        self.books = Twin("quickbooks_desktop", {"seed": seed, **(settings or {})}, pace=0.001, state=state)
        self.at = Deployment(integrations=(INTEGRATION,) if mappings == "shipped" else (), mlc=mlc(free_port(), more))
        if mappings == "test":
            shutil.copytree(os.path.join(ROOT, "tests", "e2e", "data", INTEGRATION), self.at.file("mappings", INTEGRATION))
        self.at.tenant("acme", tenant(every_minutes=every_minutes, books=books, flow=flow, mode=mode))
        for connection, name, value in (("acme/shop", "webhook_secret", SECRET), ("acme/shop", "consumer_key", "ck_" + "5" * 40),
                                        ("acme/shop", "consumer_secret", "cs_" + "6" * 40),
                                        ("acme/books", "password", PASSWORD)):
            self.at.secret(connection, name, value)
        if host:
            self.start(env=env)

    # ---- the host ----------------------------------------------------------------------------------

    def start(self, **more):
        self.host = self.at.start(**more)
        self.books.post("/connect",
                        {"url": self.host.url.replace("127.0.0.1", "localhost") + "/serve/acme/books",
                         "user": "acme.books", "password": PASSWORD})
        return self.host

    def crash(self):
        """kill -9, and a new start."""
        self.host.kill()
        return self.start()

    def end(self):
        self.host.end()
        self.books.end()

    def post(self, *orders, topic="order.created"):
        for one in orders:
            equal(webhook(self.host.url, "acme/shop", one, topic), 200, "the webhook")

    def counts(self):
        return self.at.flow_counts()

    def unfinished(self):
        """What the host could still do by itself, at this visit or a later one."""
        return sum(f["ready"] + f["waits"] + f["sending"] for f in self.counts().values())

    def what_of(self, *numbers):
        """Where these orders stand, in short: for a test's last words."""
        rows = [row for state in ("ready", "waits", "sending", "held", "review", "done", "skipped")
                for row in self.host.api("list", {"what": state, "filter": {"newest": True, "limit": 1000}})["deliveries"]]
        return [f"{r['flow'].split('.')[-1]} of {r['rid']}: {r['state']} {r['cause'] or ''} {r['why'] or ''}" for r in rows
                if not numbers and r["state"] not in ("done", "skipped") or r["rid"] in numbers]

    # ---- the books -----------------------------------------------------------------------------------

    def visit(self, **wish):
        return self.books.post("/visit", wish, timeout=300)

    def to_answer(self, visit=None):
        """On to where QuickBooks has worked and its answer is about to be brought; or the visit is over."""
        visit = self.visit(until="receiveResponseXML") if visit is None else self.visit(resume=visit["id"], until="sendRequestXML")
        if visit["outcome"] == "waiting before sendRequestXML":
            visit = self.visit(resume=visit["id"], until="receiveResponseXML")
        return visit

    def to_write(self):
        """The same, where QuickBooks has just written something."""
        visit = self.to_answer()
        while "waiting" in visit["outcome"] and not any(d["write"] for d in visit["calls"][-1].get("done", [])):
            visit = self.to_answer(visit)
        return visit

    def settle(self, most=12):
        """Visits until there is nothing left to do; gives them."""
        visits = []
        while len(visits) < most:
            visits.append(self.visit())
            if visits[-1]["outcome"] in ("done", "nothing to do") and not self.unfinished():
                return visits
            self.host.advance(3600_000)  # what backs off is due
        raise AssertionError(f"not settled after {most} visits; last: {visits[-1].get('message')}; {self.what_of()}")

    def ledger(self):
        return self.books.get("/books")

    def invoices(self):
        """{number: [invoice, ..]}, voided ones left out."""
        found = {}
        for d in self.ledger()["documents"]:
            if d["type"] == "Invoice" and not d["void"]:
                found.setdefault(d["number"], []).append(d)
        return found

    def customers(self, email):
        return [c for c in self.ledger()["customers"] if (c.get("email") or "").lower() == email]

    def sound(self):
        """The twin raised no error, and its books balance."""
        equal(self.books.errors(), [], "errors of the twin")
        ledger = self.ledger()
        holds(ledger["balanced"], ledger["faults"])

    def posted_once(self, *orders, review=()):
        """Each order is one invoice of its amount, each buyer one customer; orders in review may or may not be there, never twice."""
        invoices = self.invoices()
        emails = {c["email"].lower() for c in self.ledger()["customers"] if c.get("email")}
        holds(emails or not orders, "customers")
        for one in orders:
            found = invoices.get(f"W{one['number']}", [])
            if one["number"] in review:
                holds(len(found) <= 1, f"order {one['number']} is there {len(found)} times")
                continue
            equal(len(found), 1, f"invoices of order {one['number']}; {self.what_of(one['number'])}")
            equal(found[0]["total"], one["total"], f"total of order {one['number']}")
            equal(len(self.customers(one["billing"]["email"])), 1, f"customers {one['billing']['email']}")
        equal(self.ledger()["duplicates"]["by_number"], [], "numbers that occur twice")
        self.sound()
