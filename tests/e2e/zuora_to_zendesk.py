#!/usr/bin/env python3
"""Two shipped connectors that no shipped integration pairs: Zuora to Zendesk, made of two mappings and a tenant's file."""
import datetime
import os
import shutil

from lib import Deployment, Twin, equal, eventually, holds, promise, run
from lib.bed import ROOT
from lib.billing import CLIENT_ID, CLIENT_SECRET, charge
from lib.helpdesk import DAY, SECRET

TENANT = """return tenant {{
  title = "Acme",
  connections = {{
    billing = {{ connector = "zuora", url = "{zuora}", client_id = "{client}" }},
    desk    = {{ connector = "zendesk", url = "{desk}", client_id = "mlc",
                create_fields = "zuora_balance decimal; zuora_currency text; zuora_open_invoices integer; zuora_overdue_invoices integer" }},
  }},
  flows = {{ integration "zuora-zendesk" {{ zuora = "billing", zendesk = "desk", start = "2026-01-01", mode = "{mode}" }} }},
}}
"""


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


class Made:
    def __init__(self, mode="live"):
        self.zuora, self.desk = Twin("zuora", {"seed": "none"}), Twin("zendesk", {"seed": "none"})
        self.at = Deployment(connectors=("zuora", "zendesk"), integrations=())
        shutil.copytree(os.path.join(ROOT, "tests", "e2e", "data", "zuora-zendesk"), self.at.file("mappings", "zuora-zendesk"))
        self.at.tenant("acme", TENANT.format(zuora=self.zuora.url, desk=self.desk.url, client=CLIENT_ID, mode=mode))
        self.at.secret("acme/billing", "client_secret", CLIENT_SECRET)
        self.at.secret("acme/desk", "client_secret", SECRET)
        self.maple = self.zuora.post("/accounts",
                                     {"name": "Maple Toys", "currency": "USD", "firstName": "Kim",
                                      "lastName": "Maple", "country": "United States"})
        self.host = self.at.start()

    def invoice(self, amount, due):
        return self.zuora.post("/invoices", {"account": self.maple["id"], "lines": [charge(amount)],
                                             "date": day(-30), "due": due})

    def until(self, question, what):
        def look():
            self.at.mlc("sync", "acme/billing-desk", "--wait")
            return question()
        return eventually(look, what)

    def figures(self):
        o = next((o for o in self.desk.get("/organizations") if o["name"] == "Maple Toys"), None)
        f = o and o["organization_fields"]
        return f and (f.get("zuora_balance"), f.get("zuora_open_invoices"), f.get("zuora_overdue_invoices"),
                      f.get("zuora_currency"))

    def subjects(self):
        return sorted(t["subject"] for t in self.desk.get("/tickets"))


@promise("ALL-01: Zuora to Zendesk is configuration: accounts are organizations with their figures, "
         "overdue invoices tickets, once each")
def configuration():
    d = Made()
    late, soon = d.invoice("40.00", day(-1)), d.invoice("2.50", day(2))
    d.until(lambda: d.figures() == (42.5, 2, 1, "USD"), f"the figures are there: {d.figures()}")
    d.until(lambda: d.subjects() == [f"Invoice {late['invoiceNumber']} is overdue"], f"one ticket: {d.subjects()}")
    for twin in (d.zuora, d.desk):
        twin.post("/clock", {"advance_ms": 4 * DAY})
    d.host.advance(4 * DAY)
    d.until(lambda: len(d.subjects()) == 2 and d.figures() == (42.5, 2, 2, "USD"), "the other one is late by itself")
    d.zuora.post("/payments", {"account": d.maple["id"], "amount": "40.00", "type": "External", "method": "Check",
                               "invoices": [{"invoice": late["id"], "amount": "40.00"}]})
    d.until(lambda: d.figures() == (2.5, 1, 1, "USD"), "a payment moves the figures")
    equal(len(d.subjects()), 2, "and makes no ticket")
    holds(soon["invoiceNumber"] in " ".join(d.subjects()), d.subjects())
    equal((d.at.list("held"), d.at.list("review"), d.zuora.errors(), d.desk.errors()), ([], [], [], []))


@promise("ALL-01, ALL-15: and begins in the shadow like any other: what it shows is what it writes")
def shadow():
    d = Made(mode="shadow")
    d.invoice("40.00", day(-1))
    d.until(lambda: len(d.at.list("would")) >= 1, "it is shown")
    equal(([o for o in d.desk.get("/organizations")], d.desk.get("/tickets")), ([], []), "and not written")
    d.at.mlc("go", "acme/billing-desk", "--yes")
    d.until(lambda: d.figures() == (40.0, 1, 1, "USD") and len(d.subjects()) == 1, "then it is")


run()
