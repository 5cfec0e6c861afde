"""The Web Connector's rhythm, outages caught up with, and stores that never meet."""
import re
from decimal import Decimal

from lib import Deployment, ShopBooks, Twin, equal, eventually, exchange, holds, person, promise, run
from lib.scale import many
from lib.shopbooks import PARAMS, PASSWORD, PRODUCTS, free_port


@promise("WOO-05: the .qwc asks for https, or for http on localhost only; anything else is refused with a sentence")
def https_only():
    for url, well in (("http://localhost:8443", True), ("https://mlc.example.com", True), ("http://mlc.example.com", False)):
        at = Deployment(connectors=("quickbooks_desktop",), integrations=())
        at.write("mlc.lua", f'return {{ public = {{ address = "127.0.0.1", port = 0, url = "{url}" }} }}\n')
        at.tenant("acme", 'return tenant { connections = { books = { connector = "quickbooks_desktop", company = "Acme Mugs LLC" } } }\n')
        at.start()
        code, _, said = at.run("qwc", "acme/books")
        equal(code == 0, well, f"{url}: {said}")
        holds(well or "https" in said, "the sentence names https")
        at.host.stop()


@promise("WOO-25 WOO-30 ZUO-15 SF-06: the interval of tenant.lua stands in the .qwc, from a reload on, 0 is refused, and the Web Connector's own schedule brings the orders in, with nobody's help (WOO-36)")
def on_schedule():
    bed = ShopBooks()
    code, qwc = bed.at.say("qwc", "acme/books")
    equal(re.search(r"<RunEveryNMinutes>(\d+)</RunEveryNMinutes>", qwc).group(1), "15")
    order = bed.place(lines=[{"sku": "MUG-RED", "quantity": 1}])
    bed.books.post("/clock", {"advance_ms": 14 * 60 * 1000})
    equal(bed.invoice_of(order), None, "before the interval is over")
    bed.books.post("/clock", {"advance_ms": 2 * 60 * 1000})
    eventually(lambda: bed.invoice_of(order), "the order's invoice after the next scheduled visit")
    bed.at.tenant("acme", open(bed.at.file("tenants/acme/tenant.lua")).read().replace("every_minutes = 15", "every_minutes = 5"))
    bed.at.mlc("reload")
    equal(re.search(r"<RunEveryNMinutes>(\d+)</RunEveryNMinutes>", bed.at.say("qwc", "acme/books")[1]).group(1), "5")
    bed.at.tenant("acme", open(bed.at.file("tenants/acme/tenant.lua")).read().replace("every_minutes = 5", "every_minutes = 0"))
    code, _, said = bed.at.run("reload")
    equal(code, 1, "0 minutes are refused")
    holds("every_minutes" in said, said)


@promise(f"WOO-10 WOO-31: {many(4, 50)} stores, each with its own address, keys and company file: no order in another's books")
def stores_never_meet():
    count, port = many(4, 50), free_port()
    shops = [Twin("woocommerce", {"key": f"ck_{n:040x}", "secret": f"cs_{n:040x}", "number_prefix": f"{n}-"}, tls=True) for n in range(count)]
    books = [Twin("quickbooks_desktop", {"seed": "shop"}, pace=0.02) for _ in range(count)]
    at = Deployment()
    with open(at.file("ca.pem"), "w") as out:
        out.write("".join(open(s.ca).read() for s in shops))
    at.write("mlc.lua", f"""return {{ public = {{ address = "127.0.0.1", port = {port}, url = "http://localhost:{port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8" }}, ca_file = "ca.pem" }}, workers = 1 }}""")
    for n, shop in enumerate(shops):
        at.tenant(f"store{n}", f"""return tenant {{ connections = {{
    books = {{ connector = "quickbooks_desktop", company = "Acme Mugs LLC" }}, shop = {{ connector = "woocommerce", url = "{shop.url}" }} }},
  flows = {{ integration "woocommerce-quickbooks_desktop" {{ woocommerce = "shop", quickbooks_desktop = "books", start = "2020-01-01", mode = "live", params = {{ {PARAMS} }} }} }} }}""")
        at.secret(f"store{n}/shop", "consumer_key", f"ck_{n:040x}")
        at.secret(f"store{n}/shop", "consumer_secret", f"cs_{n:040x}")
        at.secret(f"store{n}/books", "password", f"{PASSWORD}-{n}")
        for product in PRODUCTS:
            shop.post("/products", {**product, "stock": 1000})
    at.start()
    for n, company in enumerate(books):
        qwc = at.say("qwc", f"store{n}/books")[1]
        equal(exchange(f"{company.control_url}/qwc?password={PASSWORD}-{n}", "POST", qwc.encode())[0], 200)
    for shop in shops:
        eventually(lambda: sum(h["status"] == "active" for h in shop.get("/webhooks")) >= 6, "six webhooks")
    # The same buyer, the same order ids, everywhere.
    for n, shop in enumerate(shops):
        shop.post("/orders", {"count": n + 1, "billing": person("Grace", "Murray", "grace@example.com"), "lines": [{"sku": "MUG-RED", "quantity": n + 1}]})
        shop.post("/deliver")
    for _ in range(4):
        for n, company in enumerate(books):
            at.mlc("sync", f"store{n}/shop-books", "--wait")
            company.post("/visit", timeout=120)
    for n, company in enumerate(books):
        invoices = [d for d in company.get("/books")["documents"] if d["type"] == "Invoice"]
        equal(len(invoices), n + 1, f"invoices of store {n}")
        holds(all(d["number"].startswith(f"W{n}-") for d in invoices), f"all of its own: {[d['number'] for d in invoices]}")
        equal({Decimal(d["total"]) for d in invoices}, {Decimal(shops[n].get("/orders")[0]["total"])})


run()
