"""A shop and a company file, both simulated, with the real host between them: what most promises are proven on."""
import socket
from decimal import Decimal

from . import bed
from .tap import eventually
from .withbooks import PASSWORD, WithBooks

KEY, SECRET = "ck_" + "5" * 40, "cs_" + "6" * 40
NEW_YORK = {"country": "US", "state": "NY", "city": "New York", "postcode": "10001"}
CALIFORNIA = {"country": "US", "state": "CA", "city": "Los Angeles", "postcode": "90001"}
PARAMS = """tax = "quickbooks",
        tax_items = { ["US-NY-MCTD-3+US-NY-NY STATE-1+US-NY-NYC-2"] = "New York City", ["US-CA-CA STATE-1"] = "CA State", none = "Out of State" },
        deposit_to = { stripe = "Stripe Clearing", paypal = "PayPal Clearing", cod = "Undeposited Funds" },
        payment_methods = { stripe = "Visa", paypal = "Visa", cod = "Cash" },"""
PRODUCTS = ({"sku": "MUG-RED", "name": "Red mug", "price": "14.00"}, {"sku": "MUG-BLUE", "name": "Blue mug", "price": "14.00"},
            {"sku": "TSHIRT", "name": "T-shirt", "price": "21.99"},
            {"sku": "ENGRAVING", "name": "Engraving", "price": "10.00", "tax_status": "none"},
            {"sku": "MUG-GLITTER", "name": "Glitter mug", "price": "19.00"})


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def person(first, last, email, where=None):
    return {"first_name": first, "last_name": last, "email": email, "address_1": "1 Main Street", **(where or NEW_YORK)}


class ShopBooks(WithBooks):
    """mode: "live" posts at once; params: lines of the integration's params, instead of PARAMS or (more=) behind them."""

    FLOWS = "acme/shop-books"

    def __init__(self, mode="live", params=None, more="", flow="", start="2020-01-01", shop=None, books=None,
                 hooks=True, host_options=()):
        self.shop = bed.Twin("woocommerce", {"key": KEY, "secret": SECRET, **(shop or {})}, tls=True)
        self.books = bed.Twin("quickbooks_desktop", {"seed": "shop", **(books or {})}, pace=0.02)
        self.port = free_port()
        self.at = bed.Deployment(mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = {self.port}, url = "http://localhost:{self.port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }}, ca_file = "{self.shop.ca}" }},
  workers = 1,
}}
""")
        self.configure(mode, params, more, flow, start)
        self.at.secret("acme/shop", "consumer_key", KEY)
        self.at.secret("acme/shop", "consumer_secret", SECRET)
        self.at.secret("acme/books", "password", PASSWORD)
        for product in PRODUCTS:
            self.shop.post("/products", {**product, "stock": 1000})
        self.at.start(*host_options)
        self.install_qwc()
        if hooks:
            self.hooks_are_made()

    def configure(self, mode="live", params=None, more="", flow="", start="2020-01-01"):
        self.at.tenant("acme", f"""return tenant {{
  title = "Acme Mugs",
  connections = {{
    books = {{ connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 15 }},
    shop  = {{ connector = "woocommerce", url = "{self.shop.url}" }},
  }},
  flows = {{
    integration "woocommerce-quickbooks_desktop" {{ woocommerce = "shop", quickbooks_desktop = "books",
      start = "{start}", mode = "{mode}", {flow} params = {{
        {params if params is not None else PARAMS}
        {more}
      }} }},
  }},
}}
""")

    def hooks_are_made(self):
        eventually(lambda: sum(1 for h in self.shop.get("/webhooks") if h["status"] == "active") >= 6,
                   "six webhooks in the shop")

    def another_shop(self, prefix, into="books"):
        """acme/shop2, in the same tenant file; and, unless it goes into the same books, another company on another PC.  Then start_with_it()."""
        shop = bed.Twin("woocommerce", {"key": KEY, "secret": SECRET, "name": "Other Mugs", "number_prefix": "7"}, tls=True)
        for product in PRODUCTS:
            shop.post("/products", {**product, "stock": 1000})
        with open(self.shop.ca) as a, open(shop.ca) as b:
            both = a.read() + b.read()
        self.at.write("both.pem", both)
        books = bed.Twin("quickbooks_desktop", {"seed": "shop"}, pace=0.02) if into != "books" else self.books
        with open(self.at.file("mlc.lua")) as f:
            config = f.read().replace(self.shop.ca, self.at.file("both.pem"))
        self.at.write("mlc.lua", config)
        other = f'{into} = {{ connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 15 }},' if into != "books" else ""
        with open(self.at.file("tenants", "acme", "tenant.lua")) as f:
            text = f.read()
        text = text.replace("  connections = {",
                            f'  connections = {{ {other}\n    shop2 = {{ connector = "woocommerce", url = "{shop.url}" }},')
        text = text.replace("  flows = {", f"""  flows = {{
    integration "woocommerce-quickbooks_desktop" {{ woocommerce = "shop2", quickbooks_desktop = "{into}", start = "2020-01-01", mode = "live", params = {{
        {PARAMS} doc_prefix = "{prefix}" }} }},""")
        self.at.tenant("acme", text)
        return shop, books

    def start_with_it(self, into=None):
        self.at.secret("acme/shop2", "consumer_key", KEY)
        self.at.secret("acme/shop2", "consumer_secret", SECRET)
        if into:
            self.at.secret(f"acme/{into}", "password", PASSWORD)
        self.at.start()

    # ---- the shop

    def place(self, **order):
        """Places an order and waits until its webhooks are delivered; gives it as the REST API would."""
        placed = self.shop.post("/orders", order)
        placed = placed["orders"][0] if "orders" in placed else placed
        self.deliver()
        return self.order(placed["id"])

    def order(self, id_):
        return self.shop.get(f"/orders/{id_}")

    def deliver(self):
        self.shop.post("/deliver")

    # ---- the books

    def invoice_of(self, order):
        """The one invoice of an order, or None; two are a doubled one and end the test."""
        found = [d for d in self.documents("Invoice") if (d.get("number") or "").endswith(str(order["number"]))]
        assert len(found) <= 1, f"order {order['number']} was posted {len(found)} times"
        return found[0] if found else None

    def balance_sheet(self, account):
        return Decimal(self.books.get("/books")["trial_balance"].get(account, "0"))

    def books_are_sound(self):
        held = self.books.get("/books")
        assert held["balanced"] and not held["faults"], held["faults"]
        assert not held["duplicates"]["by_number"] and not held["duplicates"]["by_guid"], held["duplicates"]
        assert not self.books.errors() and not self.shop.errors(), (self.books.errors(), self.shop.errors())
        return held

