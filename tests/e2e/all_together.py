#!/usr/bin/env python3
"""Three tenants, each with all five integrations, one host: orders, invoices, payments and customers on every side, while requests fail,
visits are cut and the host is killed.  At the end each system's own books are compared, and nothing of one tenant is in another's."""
import json
import os
import random
import urllib.parse
from decimal import Decimal

from lib import Deployment, Twin, equal, exchange, folder, holds, promise, run
from lib import billing, booksales, crmbooks, shopbooks
from lib.booksdesk import CLIENT, FIELDS, SECRET, VERIFIER, BooksDesk

TENANTS = ("acme", "bolt", "crown")
REALM = {"acme": "9130000000000001", "bolt": "9130000000000002", "crown": "9130000000000003"}
SEED = int(os.environ.get("MLC_SEED", "4711"))
ROUNDS = int(os.environ.get("MLC_ROUNDS", "2"))
# What may befall any request of the host, and shall cost nothing but time.
FAULTS = ({"kind": "status", "status": 503, "count": 2}, {"kind": "drop_before"}, {"kind": "drop_after"},
          {"kind": "html"}, {"kind": "truncate"},
          {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}})
VISIT_FAULTS = ({"kind": "die_before"}, {"kind": "die_after"}, {"kind": "lose_reply"})


class Tenant:
    """One tenant's systems, with people at work in each of them."""

    def __init__(self, name, online):
        self.name, self.online, self.realm = name, online, REALM[name]
        self.shop = Twin("woocommerce", {"key": shopbooks.KEY, "secret": shopbooks.SECRET}, tls=True)
        self.books = Twin("quickbooks_desktop", {"seed": "shop"}, pace=0.005)
        self.zuora = Twin("zuora", {"callout_after_ms": 1})
        self.zoho = Twin("zoho_crm", {"deliver_after_ms": 20})
        self.sales = Twin("salesforce")
        self.desk = Twin("zendesk", {"deliver_after_ms": 50})
        for product in shopbooks.PRODUCTS[:3]:
            self.shop.post("/products", {**product, "stock": 1000})
        for item in billing.ITEMS:
            self.books.post("/person/add", {"type": "ItemService", "set": {
                "Name": item, "SalesTaxCodeRef": "Non" if item in ("Bad Debt", "Adjustment") else "Tax",
                "SalesOrPurchase": {"Price": "0.00", "AccountRef": {"FullName": "Sales"}}}})
        online.post("/companies", {"name": f"{name} online", "realm": self.realm, "seed": "small"})
        self.desk.post("/clock", {"advance_ms": 120_000})
        self.orders, self.invoices = [], []

    def remotes(self):
        return {"shop": self.shop, "zuora": self.zuora, "zoho": self.zoho, "sales": self.sales, "desk": self.desk}

    def text(self):
        return f"""return tenant {{
  title = "{self.name}",
  connections = {{
    books  = {{ connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 15 }},
    shop   = {{ connector = "woocommerce", url = "{self.shop.url}" }},
    zuora  = {{ connector = "zuora", url = "{self.zuora.url}", client_id = "{billing.CLIENT_ID}", callout_user = "{billing.CALLOUT_USER}" }},
    zoho   = {{ connector = "zoho_crm", accounts = "{self.zoho.url.rstrip("/")}", client_id = "{crmbooks.CLIENT}", auth = "oauth_client", org = "{crmbooks.ORG}" }},
    sales  = {{ connector = "salesforce", url = "{self.sales.url}", client_id = "{booksales.CLIENT}" }},
    online = {{ connector = "quickbooks_online", app = "intuit", url = "{self.online.url.rstrip("/")}", login_url = "{self.online.url.rstrip("/")}", every_minutes = 5 }},
    desk   = {{ connector = "zendesk", url = "{self.desk.url.rstrip("/")}", auth = "oauth_client", client_id = "mlc", create_fields = "{FIELDS}" }},
  }},
  flows = {{
    integration "woocommerce-quickbooks_desktop" {{ woocommerce = "shop", quickbooks_desktop = "books", start = "2020-01-01", mode = "live", params = {{ {shopbooks.PARAMS} }} }},
    integration "quickbooks_desktop-zuora" {{ quickbooks_desktop = "books", zuora = "zuora", start = "2020-01-01", mode = "live",
      params = {{ {billing.PARAMS} payment_types = {{ "Electronic", "External" }} }} }},
    integration "quickbooks_desktop-zoho_crm" {{ quickbooks_desktop = "books", zoho_crm = "zoho", start = "2020-01-01", mode = "live", params = {{}} }},
    integration "quickbooks_desktop-salesforce" {{ quickbooks_desktop = "books", salesforce = "sales", start = "2020-01-01", mode = "live", params = {{}} }},
    integration "quickbooks_online-zendesk" {{ quickbooks_online = "online", zendesk = "desk", start = "2020-01-01", mode = "live", params = {{}} }},
  }},
}}
"""

    def secrets(self):
        return {"shop consumer_key": shopbooks.KEY, "shop consumer_secret": shopbooks.SECRET,
                "books password": shopbooks.PASSWORD, "zuora client_secret": billing.CLIENT_SECRET,
                "zuora callout_password": billing.CALLOUT_PASSWORD, "zoho client_secret": crmbooks.SECRET,
                "sales client_secret": booksales.SECRET, "desk client_secret": "zd_client_secret_0123456789abcdef"}

    # ---- what people do, each in their own system

    def buy(self, n):
        placed = self.shop.post("/orders", {"lines": [{"sku": shopbooks.PRODUCTS[n % 3]["sku"], "quantity": n % 4 + 1}],
                                            "billing": {**shopbooks.person("Buyer", f"{self.name} {n}", f"buyer{n}@{self.name}.example"),
                                                        "phone": f"212-555-{TENANTS.index(self.name)}{n:03d}"}})
        placed = placed["orders"][0] if "orders" in placed else placed
        self.shop.post("/deliver")
        self.orders.append(placed["id"])

    def bill(self, n):
        account = self.zuora.get("/accounts")[0]
        invoice = self.zuora.post("/invoices", {"account": account["id"], "lines": [billing.charge(f"{100 + n}.00")]})
        self.invoices.append(invoice)
        if n % 2:
            self.zuora.post("/payments", {"account": account["id"], "amount": "50.00",
                                          "invoices": [{"invoice": invoice["id"], "amount": "50.00"}]})

    def sell_by_hand(self, n):
        self.books.post("/person/add", {"type": "Customer",
                                        "set": {"Name": f"{self.name} walk-in {n}",
                                                "Email": f"walkin{n}@{self.name}.example"}})
        self.books.post("/person/add", {"type": "Invoice",
                                        "set": {"CustomerRef": f"{self.name} walk-in {n}",
                                                "RefNumber": f"H{n}",
                                                                  "lines": [{"ItemRef": "ENGRAVING", "Quantity": "1", "Rate": f"{n}.25"}]}})

    def sell_online(self, n):
        at = f"/companies/{self.realm}"
        customer = self.online.post(at + "/customer", {"DisplayName": f"{self.name} online {n}",
                                                       "PrimaryEmailAddr": {"Address": f"online{n}@{self.name}.example"}})
        item = self.online.get(at + "/item")[0]["Id"]
        self.online.post(at + "/invoice", {"CustomerRef": {"value": customer["Id"]}, "DueDate": "2030-01-31", "Line": [
            {"Amount": f"{n}.50", "DetailType": "SalesItemLineDetail",
             "SalesItemLineDetail": {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": f"{n}.50"}}]})

    def visit(self):
        return self.books.post("/visit", {}, timeout=300)


class World:
    def __init__(self):
        self.online = Twin("quickbooks_online",
                           {"client_id": CLIENT, "client_secret": SECRET, "verifier_token": VERIFIER,
                            "deliver_after_ms": 50})
        self.tenants = [Tenant(name, self.online) for name in TENANTS]
        self.port = shopbooks.free_port()
        ca = os.path.join(folder(), "ca.pem")
        with open(ca, "w") as out:
            for t in self.tenants:
                with open(t.shop.ca) as f:
                    out.write(f.read())
        self.at = Deployment(("woocommerce", "quickbooks_desktop", "zuora", "zoho_crm", "salesforce",
                              "quickbooks_online", "zendesk"),
                             ("woocommerce-quickbooks_desktop", "quickbooks_desktop-zuora",
                              "quickbooks_desktop-zoho_crm", "quickbooks_desktop-salesforce",
                              "quickbooks_online-zendesk"), mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = {self.port}, url = "http://localhost:{self.port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }}, ca_file = "{ca}" }},
  apps = {{ intuit = {{ connector = "quickbooks_online", client_id = "{CLIENT}" }} }},
  workers = 2,
}}
""")
        for t in self.tenants:
            self.at.tenant(t.name, t.text())
            for name, value in t.secrets().items():
                connection, secret = name.split()
                self.at.secret(f"{t.name}/{connection}", secret, value)
        self.at.secret("app/intuit", "client_secret", SECRET)
        self.at.secret("app/intuit", "verifier_token", VERIFIER)
        self.at.start()
        self.online.post("/app", {"url": f"http://127.0.0.1:{self.port}/hooks/app/intuit", "format": "cloudevents"})
        for t in self.tenants:
            t.zuora.post("/settings", {"callout_url": f"http://127.0.0.1:{self.port}/hooks/{t.name}/zuora",
                                       "callout_user": billing.CALLOUT_USER,
                                       "callout_password": billing.CALLOUT_PASSWORD})
            self.consent(t)
            code, qwc = self.at.say("qwc", f"{t.name}/books")
            assert code == 0, qwc
            status, _, body = exchange(f"{t.books.control_url}/qwc?password={shopbooks.PASSWORD}", "POST", qwc.encode())
            assert status == 200, body

    def consent(self, t):
        self.online.post("/pick", {"realm": t.realm})
        _, headers, _ = exchange(self.at.mlc("authorize", f"{t.name}/online", "--no-wait")["url"])
        back = urllib.parse.urlsplit(headers["location"])
        status, _, page = exchange(f"http://127.0.0.1:{self.port}{back.path}?{back.query}")
        assert status == 200, page

    def flows(self, tenant=None):
        return {k: f for k, f in self.at.flow_counts().items() if not tenant or k.startswith(tenant + "/")}

    def unfinished(self):
        return {k: {s: f[s] for s in ("ready", "waits", "sending") if f[s]} for k, f in self.flows().items()
                if f["ready"] or f["waits"] or f["sending"]}

    def settle(self, rounds=30):
        """Visits, and time that passes, until a whole round has brought nothing new."""
        before = None
        for _ in range(rounds):
            for t in self.tenants:
                for other in ("zuora", "zoho", "sales"):
                    self.at.mlc("sync", f"{t.name}/books-{other}")
                self.at.mlc("sync", f"{t.name}/shop-books")
                self.at.mlc("sync", f"{t.name}/online-desk", "--wait", timeout=300)
                t.visit()
            self.at.host.advance(120_000)  # what backs off is due
            done = {k: (f["done"], f["skipped"]) for k, f in self.flows().items()}
            if not self.unfinished() and done == before:
                return
            before = done
        raise AssertionError(f"not settled: {self.unfinished()}")

    def waits_for_a_person(self):
        return [(d["flow"], d.get("label") or d["rid"], d["cause"],
                 d.get("why")) for w in ("held", "review") for d in self.at.list(w, limit=500)]


def compare(t):
    """Each order and invoice in the books once and to the cent, and each of the books' in the systems behind them."""
    held = t.books.get("/books")
    holds(held["balanced"] and not held["faults"] and not held["duplicates"]["by_number"],
          f"{t.name}: {held['faults']} {held['duplicates']}")
    invoices = {d["number"]: d for d in held["documents"] if d["type"] == "Invoice" and not d.get("void")}
    for id_ in t.orders:
        order = t.shop.get(f"/orders/{id_}")
        equal(str(Decimal(invoices[f"W{order['number']}"]["total"])), order["total"], f"{t.name}: order {order['number']}")
    for one in t.invoices:
        equal(Decimal(invoices[one["invoiceNumber"]]["total"]), Decimal(one["amount"]),
              f"{t.name}: invoice {one['invoiceNumber']}")
    deals = {d["Books_Number"]: d for d in t.zoho.get("/records/Deals") if d["External_Id"] and d["Stage"] != "Closed Lost"}
    equal({n: Decimal(str(d["Amount"])) for n, d in deals.items()},
          {n: Decimal(d["total"]) for n, d in invoices.items()}, f"{t.name}: deals in Zoho")
    org = t.sales.get("/books")
    equal(org["doubled"], [], f"{t.name}: doubled in Salesforce")
    equal(t.zoho.get("/sums")["external_twice"], [], f"{t.name}: doubled in Zoho")
    return invoices


@promise("promises 1, 2, 3, 7, ALL-01: three tenants with all five integrations, random faults, "
         "cut visits and kill -9: all books agree, none is in another's")
def all_together():
    dice = random.Random(SEED)
    world = World()
    world.settle()
    n = 0
    for round_ in range(ROUNDS):
        for t in world.tenants:
            for name, remote in t.remotes().items():
                if dice.random() < 0.7:
                    remote.fault(**dice.choice(FAULTS))
        world.online.fault(**dice.choice(FAULTS))
        for t in world.tenants:
            for what in dice.sample((t.buy, t.bill, t.sell_by_hand, t.sell_online, t.buy), 5):
                n += 1
                what(n)
            if dice.random() < 0.5:
                t.books.fault(**dice.choice(VISIT_FAULTS))
            t.visit()
            if dice.random() < 0.5:
                world.at.host.kill()
                world.at.start()
    for t in world.tenants:
        for remote in (*t.remotes().values(), t.books):
            remote.control("DELETE", "/faults")
    world.online.control("DELETE", "/faults")
    world.settle()
    held = world.waits_for_a_person()
    equal([w for w in held if w[2] != "broken" and not w[2].startswith("needs:")], [],
          "held for another cause than an answer that was a web page, or half of one")
    if held:  # somebody has looked at what came, and says: again
        for t in world.tenants:
            world.at.mlc("release", t.name)
        world.settle()
    equal(world.waits_for_a_person(), [], "what waits for a person")
    for t in world.tenants:
        invoices = compare(t)
        others = [o.name for o in world.tenants if o is not t]
        everything = json.dumps([t.books.get("/books"), t.zuora.get("/books"),
                                 t.zoho.get("/records/Accounts"), t.sales.get("/books"),
                                 t.desk.get("/organizations")])
        equal([o for o in others if f"{o}.example" in everything or f"{o} " in everything], [],
              f"names of others in what {t.name} holds, {len(invoices)} invoices")
        desk = BooksDesk.__new__(BooksDesk)
        desk.books, desk.desks, desk.tenants = world.online, {t.name: t.desk}, {t.name: t.realm}
        equal(desk.disagreements(t.name, t.realm), [], f"{t.name}: the help desk and QuickBooks Online")
        for name, remote in {**t.remotes(), "books": t.books}.items():
            equal(remote.errors(), [], f"{t.name}: what {name} refused as no request of its own")
    equal({k for k, v in world.at.mlc("audit", "verify")["tenants"].items() if not v["ok"]}, set(), "the trails")


if __name__ == "__main__":
    run()
