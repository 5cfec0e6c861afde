"""A QuickBooks company file and a Zoho CRM organisation, both simulated, with the real host between them."""
from decimal import Decimal

from . import bed
from .shopbooks import free_port
from .withbooks import PASSWORD, WithBooks

CLIENT, SECRET, ORG = "1000.TWINCLIENT", "5ec2e7", "60012345678"
INTEGRATION = "quickbooks_desktop-zoho_crm"


class CrmBooks(WithBooks):
    """mode: "live" writes at once; params: lines of the integration's params; connection: lines of the connection crm's."""

    FLOWS = "acme/books-crm"

    def __init__(self, mode="live", params="", flow="", start="2020-01-01", books=None, crm=None,
                 connection=None, clock=None, host_options=(), qwc=True):
        self.books = bed.Twin("quickbooks_desktop", {"seed": "shop", **(books or {})}, pace=0.02, clock=clock)
        self.crm = bed.Twin("zoho_crm", {"deliver_after_ms": 20, **(crm or {})}, clock=clock)
        self.port = free_port()
        self.at = bed.Deployment(("quickbooks_desktop", "zoho_crm"), (INTEGRATION,), mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = {self.port}, url = "http://127.0.0.1:{self.port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }} }},
  workers = 1,
}}
""".replace("http://127.0.0.1", "http://localhost"))
        self.connection = connection if connection is not None else f'auth = "oauth_client", org = "{ORG}",'
        self.configure(mode, params, flow, start)
        self.at.secret("acme/crm", "client_secret", SECRET)
        self.at.secret("acme/books", "password", PASSWORD)
        self.at.start(*host_options)
        if qwc:
            self.install_qwc()

    def configure(self, mode="live", params="", flow="", start="2020-01-01"):
        self.at.tenant("acme", f"""return tenant {{
  title = "Acme Mugs",
  connections = {{
    books = {{ connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 15 }},
    crm   = {{ connector = "zoho_crm", accounts = "{self.crm.url.rstrip("/")}", accounts_servers = "{self.crm.url.rstrip("/").replace("127.0.0.1", "localhost")}", client_id = "{CLIENT}", {self.connection} }},
  }},
  flows = {{
    integration "{INTEGRATION}" {{ quickbooks_desktop = "books", zoho_crm = "crm",
      start = "{start}", mode = "{mode}", {flow} params = {{ {params} }} }},
  }},
}}
""")

    # ---- the books

    def add(self, type_, **set_):
        return self.books.post("/person/add", {"type": type_, "set": set_})

    def edit(self, type_, name, **set_):
        return self.books.post("/person/edit", {"type": type_, "name": name, "set": set_})

    def customer(self, name, **set_):
        return self.add("Customer", Name=name, **set_)

    def invoice(self, customer, *lines, **set_):
        """lines: (item, quantity, rate)"""
        return self.add("Invoice", CustomerRef=customer,
                        lines=[{"ItemRef": i, "Quantity": str(q), "Rate": r} for i, q, r in lines]
                        or None, **set_)

    # ---- the organisation

    def records(self, module):
        return self.crm.get(f"/records/{module}")

    def account(self, name):
        found = [a for a in self.records("Accounts") if a["Account_Name"] == name]
        assert len(found) <= 1, f"{name} is {len(found)} accounts"
        return found[0] if found else None

    def deal(self, number):
        found = [d for d in self.records("Deals") if d["Books_Number"] == number]
        assert len(found) <= 1, f"invoice {number} is {len(found)} deals"
        return found[0] if found else None

    def deals(self):
        return [d for d in self.records("Deals") if d["External_Id"]]

    def same_to_the_cent(self):
        """Every invoice that is not void is one deal of its total, and no deal is without its invoice."""
        invoices = {d["number"]: d for d in self.books.get("/books")["documents"] if d["type"] == "Invoice"
                    and not d.get("void")}
        deals = {d["Books_Number"]: d for d in self.deals() if d["Stage"] != "Closed Lost"}
        assert sorted(invoices) == sorted(deals), f"invoices {sorted(invoices)}, deals {sorted(deals)}"
        for number, invoice in invoices.items():
            assert Decimal(str(deals[number]["Amount"])) == Decimal(invoice["total"]), f"{number}: {invoice['total']} became {deals[number]['Amount']}"
            rows = sum(Decimal(str(r["Amount"])) for r in deals[number]["Invoice_Lines"])
            assert rows == Decimal(invoice["total"]), f"{number}: its lines come to {rows}"
        return len(invoices)

    def sound(self):
        sums = self.crm.get("/sums")
        assert not sums["external_twice"], sums
        assert not self.crm.errors() and not self.books.errors(), (self.crm.errors(), self.books.errors())
        return sums


