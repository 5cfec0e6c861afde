"""A Zuora tenant and a company file, both simulated, with the real host between them."""
from decimal import Decimal

from . import bed
from .shopbooks import free_port
from .withbooks import PASSWORD, WithBooks

CLIENT_ID, CLIENT_SECRET = "5f8a6f6e-1c0b-4a52-9d6e-0c5c7b1a2d3e", "kJ8=2vQwTnR0sZp5LxYb7HcD1fGmA4eU9iOtV6"
CALLOUT_USER, CALLOUT_PASSWORD = "zuora-callouts", "the-callouts-sign-in-with-this"
INTEGRATION = "quickbooks_desktop-zuora"
PARAMS = """tax = "quickbooks", tax_items = { CA = "CA State", none = "Out of State" }, items = { ["Subscription Revenue"] = "Subscription", Consulting = "Consulting" },
        write_off_item = "Bad Debt",
        deposit_to = { CreditCard = "Stripe Clearing", Check = "Undeposited Funds" }, payment_methods = { CreditCard = "Visa", Check = "Check" },
        refund_by = { Check = "check" }, refund_from = { Check = "Checking" },"""
ITEMS = ("Subscription", "Consulting", "Bad Debt", "Adjustment")


def charge(amount, tax="0.00", name="Monthly fee", code="Subscription Revenue", **more):
    """A charge of an invoice; tax: California's, of 7.25 %."""
    line = {"name": name, "amount": amount, "tax": tax, "accountingCode": code, **more}
    if Decimal(tax):
        line["taxes"] = [{"name": "California", "code": "CA", "rate": "0.0725", "amount": tax}]
    return line


class Billing(WithBooks):
    """mode: "live" posts at once; params: lines of the integration's params behind PARAMS; external: such payments count, too."""

    FLOWS = "acme/books-zuora"

    def __init__(self, mode="live", params="", zuora=None, books=None, start="2020-01-01", flow="", connection="", callouts=True,
                 external=True, host_options=(), file_seed="shop", clock=None):
        self.zuora = bed.Twin("zuora", {"callout_after_ms": 1, **(zuora or {})}, clock=clock)
        self.books = bed.Twin("quickbooks_desktop", {"seed": file_seed, **(books or {})}, pace=0.02, clock=clock)
        for item in ITEMS:
            self.books.post("/person/add", {"type": "ItemService", "set": {
                "Name": item, "SalesTaxCodeRef": "Non" if item in ("Bad Debt", "Adjustment") else "Tax",
                "SalesOrPurchase": {"Price": "0.00", "AccountRef": {"FullName": "Sales"}}}})
        self.port = free_port()
        self.at = bed.Deployment(("zuora", "quickbooks_desktop"), (INTEGRATION,), mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = {self.port}, url = "http://localhost:{self.port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }} }},
  workers = 1,
}}
""")
        self.external = external
        self.configure(mode, params, start, flow, connection)
        self.at.secret("acme/zuora", "client_secret", CLIENT_SECRET)
        self.at.secret("acme/zuora", "callout_password", CALLOUT_PASSWORD)
        self.at.secret("acme/books", "password", PASSWORD)
        if callouts:
            self.zuora.post("/settings", {"callout_url": f"http://127.0.0.1:{self.port}/hooks/acme/zuora",
                                          "callout_user": CALLOUT_USER, "callout_password": CALLOUT_PASSWORD})
        self.at.start(*host_options)
        self.install_qwc()

    def configure(self, mode="live", params="", start="2020-01-01", flow="", connection=""):
        self.at.tenant("acme", f"""return tenant {{
  title = "Acme Mugs",
  connections = {{
    books = {{ connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 15 }},
    zuora = {{ connector = "zuora", url = "{self.zuora.url}", client_id = "{CLIENT_ID}", callout_user = "{CALLOUT_USER}"{connection} }},
  }},
  flows = {{
    integration "{INTEGRATION}" {{ zuora = "zuora", quickbooks_desktop = "books", start = "{start}", mode = "{mode}", {flow} params = {{
        {PARAMS} {'payment_types = { "Electronic", "External" },' if self.external else ""}
        {params}
      }} }},
  }},
}}
""")

    # ---- the tenant in Zuora

    def account(self, name="Analytical Engines Ltd"):
        return next(a for a in self.zuora.get("/accounts") if a["name"] == name)

    def invoice(self, account, *charges, **more):
        return self.zuora.post("/invoices", {"account": account["id"],
                                             "lines": list(charges) or [charge("100.00", "7.25")], **more})

    def pay(self, account, amount, *invoices, **more):
        """invoices: (invoice, amount)"""
        return self.zuora.post("/payments", {"account": account["id"], "amount": amount,
                                             "invoices": [{"invoice": i["id"], "amount": a} for i, a in invoices], **more})

    def owed_there(self):
        """What each customer owes, by the account's name."""
        return {a["name"]: Decimal(a["balance"]) for a in self.zuora.get("/books")["accounts"]}

    # ---- the books

    def settle(self, visits=12):
        """Visits until nothing is on its way and a whole round has brought nothing; what waits for a person stays."""
        quiet = None
        for _ in range(visits):
            self.rest()
            self.visit()
            self.rest()
            flows = self.flows()
            if any(f["ready"] or f["waits"] or f["sending"] for f in flows.values()):
                quiet = None
                continue
            counts = {name: f["done"] for name, f in flows.items()}
            if counts == quiet:
                return
            quiet = counts
        raise AssertionError(f"still on its way after {visits} visits: {self.flows()}")

    def document(self, type_, number):
        found = [d for d in self.documents(type_) if d.get("number") == number]
        assert len(found) <= 1, f"{type_} {number} was posted {len(found)} times"
        return found[0] if found else None

    def owed_here(self):
        return {c["name"]: Decimal(c["balance"]) for c in self.books.get("/books")["customers"]}

    def account_balance(self, account):
        return Decimal(self.books.get("/books")["trial_balance"].get(account, "0"))

    def books_are_sound(self):
        held = self.books.get("/books")
        assert held["balanced"] and not held["faults"], held["faults"]
        assert not held["duplicates"]["by_number"] and not held["duplicates"]["by_guid"], held["duplicates"]
        assert not self.books.errors() and not self.zuora.errors(), (self.books.errors(), self.zuora.errors())
        return held

    def both_agree(self):
        """What each customer owes is the same on both sides, and both books are in order."""
        self.books_are_sound()
        there, here = self.owed_there(), self.owed_here()
        for name, balance in there.items():
            assert here.get(name, Decimal(0)) == balance, f"{name}: Zuora says {balance}, QuickBooks {here.get(name)}"

