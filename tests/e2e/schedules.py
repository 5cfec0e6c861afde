"""The Web Connector's rhythm."""
import re

from lib import Deployment, ShopBooks, equal, eventually, holds, promise, run


@promise("WOO-05: the .qwc asks for https, or for http on localhost only; anything else is refused with a sentence")
def https_only():
    for url, well in (("http://localhost:8443", True), ("https://mlc.example.com", True), ("http://mlc.example.com", False)):
        at = Deployment(connectors=("quickbooks_desktop",), integrations=())
        at.write("mlc.lua", f'return {{ public = {{ address = "127.0.0.1", port = 0, url = "{url}" }} }}\n')
        at.tenant("acme",
                  'return tenant { connections = { books = { connector = "quickbooks_desktop", company = "Acme Mugs LLC" } } }\n')
        at.start()
        code, _, said = at.run("qwc", "acme/books")
        equal(code == 0, well, f"{url}: {said}")
        holds(well or "https" in said, "the sentence names https")
        at.host.stop()


@promise("WOO-25 WOO-30 ZUO-15 SF-06: the interval of tenant.lua stands in the .qwc, from a reload on, "
         "0 is refused, and the Web Connector's own schedule brings the orders in, "
         "with nobody's help (WOO-36)")
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


run()
