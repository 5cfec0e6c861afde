"""A QuickBooks company file and a Salesforce org, both simulated, with the real host between them."""
from . import bed
from .shopbooks import free_port
from .withbooks import PASSWORD, WithBooks

CLIENT, SECRET = "3MVG9twin.consumer.key", "twin-consumer-secret"
CALLS = "/services/data/v68.0"


class BooksSales(WithBooks):
    """mode: "live" writes at once; params: lines of the integration's params; own: the tenant's own mappings; before(org): ahead of the start."""

    FLOWS = "acme/books-crm"

    def __init__(self, mode="live", params="", flow="", start="2020-01-01", books=None, sales=None,
                 connection="", own="", before=None, host_options=()):
        self.books = bed.Twin("quickbooks_desktop", {"seed": "shop", **(books or {})}, pace=0.02)
        self.sales = bed.Twin("salesforce", sales)
        self.port = free_port()
        self.at = bed.Deployment(("quickbooks_desktop", "salesforce"), ("quickbooks_desktop-salesforce",), mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = {self.port}, url = "http://localhost:{self.port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }} }},
  workers = 1,
}}
""")
        self.connection = connection
        self.configure(mode, params, flow, start)
        if own:
            self.at.write("tenants/acme/mappings/own.lua", own)
        self.at.secret("acme/crm", "client_secret", SECRET)
        self.at.secret("acme/books", "password", PASSWORD)
        if before:
            before(self.sales)
        self.at.start(*host_options)
        self.install_qwc()

    def configure(self, mode="live", params="", flow="", start="2020-01-01"):
        self.at.tenant("acme", f"""return tenant {{
  title = "Acme Mugs",
  connections = {{
    books = {{ connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 15 }},
    crm   = {{ connector = "salesforce", url = "{self.sales.url}", client_id = "{CLIENT}", {self.connection} }},
  }},
  flows = {{
    integration "quickbooks_desktop-salesforce" {{ quickbooks_desktop = "books", salesforce = "crm",
      start = "{start}", mode = "{mode}", {flow} params = {{ {params} }} }},
  }},
}}
""")

    # ---- the org

    def org(self):
        return self.sales.get("/books")

    def account(self, name):
        found = [a for a in self.org()["accounts"] if name in (a["name"], a.get("FullName"))]
        assert len(found) <= 1, f"{name} is {len(found)} accounts"
        return found[0] if found else None

    def documents(self, kind=None, object_="Opportunity"):
        return [d for d in self.org()["documents"] if d["object"] == object_ and d.get("kind") and kind in (None, d["kind"])]

    def record(self, object_, **where):
        found = self.sales.get(f"/records/{object_}?" + "&".join(f"{k}={v}" for k, v in where.items()))
        assert len(found) <= 1, f"{object_} {where}: {len(found)} records"
        return found[0] if found else None

    def org_is_sound(self):
        held = self.org()
        assert not held["doubled"], held["doubled"]
        assert not self.sales.errors() and not self.books.errors(), (self.sales.errors(), self.books.errors())
        assert not [r for r in self.sales.get("/calls")["by_route"] if r.startswith("DELETE ")], "something was deleted"
        return held
