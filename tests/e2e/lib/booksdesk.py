"""QuickBooks Online and Zendesk, both simulated, with the real host between them, its app and its consents."""
import urllib.parse
from decimal import Decimal

from . import bed
from .shopbooks import free_port
from .tap import eventually

COMPANY, SECOND = "4620816365012345670", "9130347596842384"
VERIFIER, CLIENT, SECRET = "7f4c1c4a-twin-verifier", "ABtwinclientid", "twinclientsecret"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
FIELDS = ("qbo_role dropdown(customer|vendor) Role in QuickBooks; qbo_active checkbox Active in QuickBooks; qbo_status dropdown(paid|open|overdue) Payment status; "
          "qbo_open_invoices integer Open invoices; qbo_overdue_invoices integer Overdue invoices; qbo_open_bills integer Open bills; qbo_overdue_bills integer Overdue bills; "
          "qbo_open_amount decimal Open; qbo_overdue_amount decimal Overdue; qbo_balance decimal Balance; qbo_currency text Currency; qbo_invoices textarea Invoices; "
          "qbo_bills textarea Bills; qbo_billing_contact text Billing contact; qbo_billing_email text Billing e-mail; qbo_billing_address textarea Billing address")


class BooksDesk:
    """tenants: name -> realm, one company of the books each; desk: one account for each tenant.  hooks: where Intuit's webhooks go
    to the app's address, in that format; False: nowhere.  every: minutes between two polls.  made: an administrator has made the
    organization fields before; else they are made when they are first written."""

    def __init__(self, tenants=None, mode="live", params="", flow="", books=None, desk=None,
                 hooks="cloudevents", every=5, auth="oauth", authorize=True,
                 made=True, connections="", host_options=()):
        self.books = bed.Twin("quickbooks_online", {"client_id": CLIENT, "client_secret": SECRET, "verifier_token": VERIFIER,
                                                    "deliver_after_ms": 50, **(books or {})})
        self.tenants = tenants or {"acme": COMPANY}
        self.desks = {name: bed.Twin("zendesk", {"deliver_after_ms": 50, **(desk or {})}) for name in self.tenants}
        for twin in self.desks.values() if made else ():
            for field in FIELDS.split("; "):
                key, type_, title = field.split(" ", 2)
                options = [{"name": o, "value": o} for o in type_[9:-1].split("|")] if "(" in type_ else None
                twin.post("/fields/organization_fields", {"key": key, "type": type_.split("(")[0], "title": title,
                                                          **({"custom_field_options": options} if options else {})})
        for twin in self.desks.values():
            twin.post("/clock", {"advance_ms": 2 * MINUTE})  # whom the help desk knows, its search has found by now
        self.port = free_port()
        self.at = bed.Deployment(connectors=("quickbooks_online", "zendesk"), integrations=("quickbooks_online-zendesk",), mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = {self.port}, url = "http://localhost:{self.port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }} }},
  apps = {{ intuit = {{ connector = "quickbooks_online", client_id = "{CLIENT}" }} }},
  workers = 1,
}}
""")
        self.every, self.auth = every, auth
        for name in self.tenants:
            self.configure(name, mode, params, flow, connections)
        self.at.secret("app/intuit", "client_secret", SECRET)
        self.at.secret("app/intuit", "verifier_token", VERIFIER)
        for name in self.tenants:
            if auth == "oauth":
                self.at.secret(f"{name}/desk", "client_secret", "zd_client_secret_0123456789abcdef")
            else:
                self.at.secret(f"{name}/desk", "api_token", "zd_api_token_0123456789abcdefghijklmnop")
        self.at.start(*host_options)
        if hooks:
            self.books.post("/app", {"url": f"http://127.0.0.1:{self.port}/hooks/app/intuit", "format": hooks})
        if authorize:
            for name, realm in self.tenants.items():
                self.authorize(name, realm)

    def configure(self, tenant, mode="live", params="", flow="", connections=""):
        url, desk = self.books.url.rstrip("/"), self.desks[tenant].url.rstrip("/")
        login = 'auth = "oauth_client", client_id = "mlc"' if self.auth == "oauth" else 'auth = "basic", login = "ada@acme.example/token"'
        self.at.tenant(tenant, f"""return tenant {{
  title = "{tenant}",
  connections = {{
    books = {{ connector = "quickbooks_online", app = "intuit", url = "{url}", login_url = "{url}", every_minutes = {self.every} }},
    desk  = {{ connector = "zendesk", url = "{desk}", {login}, create_fields = "{FIELDS}" }},
    {connections}
  }},
  flows = {{
    integration "quickbooks_online-zendesk" {{ quickbooks_online = "books", zendesk = "desk", start = "2020-01-01", mode = "{mode}", {flow}
      params = {{ {params} }} }},
  }},
}}
""")

    @property
    def host(self):
        return self.at.host

    @property
    def desk(self):
        return self.desks[next(iter(self.desks))]

    def authorize(self, tenant="acme", realm=COMPANY):
        """What a person does with the address of `mlc authorize`: opens it, picks the company, agrees."""
        self.books.post("/pick", {"realm": realm})
        address = self.at.mlc("authorize", f"{tenant}/books", "--no-wait")["url"]
        status, headers, _ = bed.exchange(address)
        assert status == 302, f"the consent page: {status}"
        back = urllib.parse.urlsplit(headers["location"])
        status, _, page = bed.exchange(f"http://127.0.0.1:{self.port}{back.path}?{back.query}")
        assert status == 200, f"/oauth/callback: {status} {page.decode(errors='replace')}"

    def advance(self, ms):
        """Everybody's clock moves on."""
        for twin in (self.books, *self.desks.values()):
            twin.post("/clock", {"advance_ms": ms, "skip": True})
        self.host.advance(ms)

    def sync(self, tenant="acme"):
        self.at.mlc("sync", f"{tenant}/books-desk", "--wait", timeout=300)

    def until(self, question, what, tenant="acme", seconds=30):
        def look():
            self.sync(tenant)
            return question()
        return eventually(look, what, seconds)

    def person(self, path, value=None, realm=COMPANY):
        """What somebody does in QuickBooks."""
        return self.books.post(f"/companies/{realm}{path}", value)

    def ledger(self, realm=COMPANY):
        return self.books.get(f"/companies/{realm}/books")

    def customer(self, name, realm=COMPANY):
        return next((c for c in self.ledger(realm)["customers"] if c["DisplayName"].replace(" (deleted)", "") == name), None)

    def vendor(self, name, realm=COMPANY):
        return next((c for c in self.ledger(realm)["vendors"] if c["DisplayName"].replace(" (deleted)", "") == name), None)

    def item(self, realm=COMPANY):
        return self.books.get(f"/companies/{realm}/item")[0]["Id"]

    def invoice(self, customer, amount, due, dated=None, realm=COMPANY):
        body = {"CustomerRef": {"value": customer}, "DueDate": due, "Line": [
            {"Amount": amount, "DetailType": "SalesItemLineDetail",
             "SalesItemLineDetail": {"ItemRef": {"value": self.item(realm)}, "Qty": 1, "UnitPrice": amount}}]}
        if dated:
            body["TxnDate"] = dated
        return self.person("/invoice", body, realm)

    def pay(self, invoice, amount, realm=COMPANY):
        return self.person("/payment", {"CustomerRef": {"value": invoice["CustomerRef"]["value"]}, "TotalAmt": amount,
                                        "Line": [{"Amount": amount,
                                                  "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}]}, realm)

    def organizations(self, tenant="acme"):
        return self.desks[tenant].get("/organizations")

    def organization(self, name, tenant="acme"):
        return next((o for o in self.organizations(tenant) if o["name"] == name), None)

    def figures(self, name, tenant="acme"):
        """(status, open, overdue, balance) as an agent sees them."""
        o = self.organization(name, tenant)
        f = o["organization_fields"] if o else {}
        balance = f.get("qbo_balance")
        return (f.get("qbo_status"), f.get("qbo_open_invoices"), f.get("qbo_overdue_invoices"),
                None if balance is None else f"{Decimal(str(balance)):.2f}")

    def writes(self, tenant="acme"):
        """How many requests have changed something in the help desk."""
        calls = self.desks[tenant].get("/calls")
        changing = ("POST", "PUT", "PATCH", "DELETE")
        return sum(n for route, n in calls["by_route"].items() if route.split()[0] in changing
                   and "oauth" not in route and "webhooks" not in route)

    def reviews(self, **filter_):
        return self.at.list("review", **filter_)

    def disagreements(self, tenant="acme", realm=COMPANY, waiting=()):
        """Where the help desk differs from the books, those who wait for a person (by their names) apart: what every run ends with.
        []: nothing lost, doubled, or off by a cent."""
        wrong, books = [], self.ledger(realm)
        today = self.books.get("/clock")["now"][:10]
        by = {}
        for o in self.organizations(tenant):
            if (o.get("external_id") or "").startswith("qbo:"):
                by.setdefault(o["external_id"], []).append(o)
        for key, several in by.items():
            if len(several) > 1:
                wrong.append(f"{key} is there {len(several)} times")
        tops = {c["Id"]: c for c in books["customers"]}

        def top(id_):
            above = (tops[id_].get("ParentRef") or {}).get("value")
            return top(above) if above else id_
        for c in books["customers"]:
            if c.get("ParentRef") or not c["Active"] or c["DisplayName"] in waiting:
                continue
            key = f"qbo:{realm}:customer:{c['Id']}"
            o = by.get(key, [None])[0]
            if not o:
                wrong.append(f"{c['DisplayName']} has no organization")
                continue
            open_ = [i for i in books["invoices"] if top(i["CustomerRef"]["value"]) == c["Id"]
                     and Decimal(str(i["Balance"])) > 0]
            f = o["organization_fields"]
            due = (len(open_), sum((Decimal(str(i["Balance"])) for i in open_), Decimal(0)), Decimal(str(c["BalanceWithJobs"])),
                   sum(1 for i in open_ if (i.get("DueDate") or i["TxnDate"]) < today))
            have = (f.get("qbo_open_invoices"), Decimal(str(f.get("qbo_open_amount") or 0)),
                    Decimal(str(f.get("qbo_balance") or 0)), f.get("qbo_overdue_invoices"))
            if due != have:
                wrong.append(f"{c['DisplayName']}: books {due}, help desk {have}")
        return wrong

