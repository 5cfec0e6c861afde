"""The shop's webhooks at a door that stands open to the world: who may knock, what counts as news, what an outage costs."""
import base64
import hashlib
import hmac
import json
from decimal import Decimal

from lib import Deployment, ShopBooks, Twin, equal, eventually, exchange, holds, person, promise, run
from lib.shopbooks import KEY, SECRET

ORDER = {"lines": [{"sku": "MUG-RED", "quantity": 1}]}
MUG_SHOP_ONLY = """return tenant {{
  title = "A shop",
  connections = {{ shop = {{ connector = "woocommerce", url = "{url}"{more} }} }},
  flows = {{}},
}}
"""


class ShopAlone:
    """One shop and the host, without books: what a log-in is allowed to be."""

    def __init__(self, tls=True, allow=True, path="", settings=None, more=""):
        self.shop = Twin("woocommerce", {"key": KEY, "secret": SECRET, **(settings or {})}, tls=tls)
        ca = f'ca_file = "{self.shop.ca}",' if tls else ""
        nets = 'allow_private = { "127.0.0.0/8", "::1/128" },' if allow else ""
        self.at = Deployment(connectors=("woocommerce",), integrations=(), mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = 0 }}, outbound = {{ {nets} {ca} }}, workers = 1,
}}
""")
        self.at.tenant("acme", MUG_SHOP_ONLY.format(url=self.shop.url.rstrip("/") + path, more=more))
        self.at.secret("acme/shop", "consumer_key", KEY)
        self.at.secret("acme/shop", "consumer_secret", SECRET)
        self.at.start()

    def ping(self):
        code, told, said = self.at.run("ping", "acme/shop")
        return code, told["connections"][0] if told and "connections" in told else {}, said

    def calls(self):
        return self.shop.get("/calls?bodies=1")["log"]


def post(url, body, secret=None, topic="order.created", signature=None):
    headers = {"Content-Type": "application/json", "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Resource": topic.split(".")[0]}
    if secret:
        signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    if signature is not None:
        headers["X-WC-Webhook-Signature"] = signature
    return exchange(url, "POST", body, headers)[0]


def hooks_of(bed):
    return sorted(bed.shop.get("/webhooks"), key=lambda h: h["topic"])


def known(bed):
    """What the host knows of the shop's records; what was refused at the door is not among it."""
    return {(d["entity"], d["rid"]) for d in bed.at.list("all", limit=500)}


@promise("WOO-07: an order of a shop in a folder, or with plain or index permalinks, becomes an invoice, "
         "by webhook and by polling")
def addresses():
    for settings, path in (({"folder": "/store"}, "/store"), ({"permalinks": "plain"}, ""), ({"permalinks": "index"}, "")):
        at = ShopAlone(settings=settings, path=path)
        code, told, said = at.ping()
        equal((code, told.get("ok")), (0, True), f"{settings}: {said}")
        equal([c for c in at.calls() if c["status"] not in ("200", "201", "404")], [], f"{settings}: what the shop refused")
        equal(at.shop.errors(), [], "the twin's errors")
        at.at.host.stop()
    bed = ShopBooks(shop={"permalinks": "plain"}, hooks=False)
    bed.hooks_are_made()  # the host pings by itself, and finds out which kind of permalinks the shop has
    hooked = bed.place(**ORDER)
    bed.rest()
    bed.shop.fault(kind="hook_lost", count=0)
    polled = bed.place(**ORDER)
    bed.settle()
    holds(bed.invoice_of(hooked) and bed.invoice_of(polled), "both are posted")


@promise("WOO-08: a log-in by Basic leaves over https only; whoever sets it for plain http is told so, and no key leaves")
def basic_needs_tls():
    at = ShopAlone(tls=False, more=', auth = "basic"')
    code, told, said = at.ping()
    equal(code, 1, said)
    holds("http" in said, f"the words name plain http: {said}")
    equal([c["path"] for c in at.calls() if "authorization" in c["headers"]], [], "requests that carried a log-in")


@promise("WOO-08: OAuth 1.0a over plain http only to addresses that the operator has allowed; the secret itself never travels")
def oauth_needs_leave():
    at = ShopAlone(tls=False, allow=False, more=', auth = "oauth1"')
    code, _, said = at.ping()
    equal(code, 1, said)
    holds("allow" in said, f"the words say the way out: {said}")
    equal(at.calls(), [], "requests that left")
    at.at.host.stop()
    at = ShopAlone(tls=False, more=', auth = "oauth1"')
    code, _, said = at.ping()
    equal(code, 0, said)
    sent = json.dumps(at.calls())
    holds(KEY in sent and SECRET not in sent, "the key stands in the log-in, the secret nowhere")


@promise("WOO-09: a webhook with a wrong signature, none, or that of another connection is 401, and nothing of it is stored")
def strangers():
    bed = ShopBooks()
    hooks = hooks_of(bed)
    equal([h["topic"] for h in hooks],
          sorted(f"{r}.{e}" for r in ("order", "customer") for e in ("created", "updated", "deleted")))
    real = bed.place(**ORDER)
    bed.settle()
    before = known(bed)
    url, secret = hooks[0]["delivery_url"], hooks[0]["secret"]
    forged = json.dumps({**real, "id": 9999, "number": "9999", "total": "1.00"}).encode()
    right = base64.b64encode(hmac.new(secret.encode(), forged, hashlib.sha256).digest()).decode()
    for what, given in {"none": {}, "empty": {"signature": ""}, "wrong": {"signature": "AAAA" * 10 + "AAA="},
                        "no base64": {"signature": "!" * 44},
                        "another secret": {"secret": "0" * 64}, "the consumer secret": {"secret": SECRET},
                        "cut short": {"signature": right[:-4]}, "longer": {"signature": right + "AAAA"},
                        "in hex": {"signature": hmac.new(secret.encode(), forged,
                                                         "sha256").hexdigest()}}.items():
        for topic in [h["topic"] for h in hooks]:
            equal(post(url, forged, topic=topic, **given), 401, f"{what}, {topic}")
    equal(post(url, forged.replace(b"1.00", b"0.01"), signature=right), 401, "signed, then altered")
    bed.settle()
    equal(known(bed), before, "records")
    equal(len(bed.documents("Invoice")), 1, "invoices")
    equal([e for e in (bed.at.run("story", "acme/shop", "order", "9999")[1] or {}).get("events", [])], [], "the story of 9999")
    holds("refused" in bed.host.said() and secret not in bed.host.said(), "the log tells of it, without the secret")


@promise("WOO-09: the ping of a new webhook is answered 200 without a signature; "
         "a signed error object is taken, and neither is news")
def no_news():
    bed = ShopBooks()
    hook = hooks_of(bed)[0]
    before = known(bed)
    equal(post(hook["delivery_url"], b"webhook_id=%d" % hook["id"]), 200, "the ping")
    for body in (b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}', b"{}", b"[]",
                 b'{"code":"rest_forbidden","message":"Sorry","data":{"status":403}}'):
        equal(post(hook["delivery_url"], body, secret=hook["secret"]), 200, body.decode())
        equal(post(hook["delivery_url"], body), 401, f"unsigned: {body.decode()}")
    bed.rest()
    equal(known(bed), before, "records")
    for state in ("held", "review"):
        equal(bed.waiting(state), [], state)


@promise("WOO-09: a cart that nobody has bought yet is no order, neither by webhook nor by polling")
def drafts():
    bed = ShopBooks()
    hook = hooks_of(bed)[0]
    cart = bed.place(status="checkout-draft", paid=False, **ORDER)
    for status in ("checkout-draft", "auto-draft"):
        body = json.dumps({**bed.order(cart["id"]), "status": status}).encode()
        equal(post(hook["delivery_url"], body, secret=hook["secret"]), 200, status)
    bed.settle()
    equal([d for d in bed.waiting("all") if d["rid"] == str(cart["id"])], [], "deliveries of the cart")
    bed.shop.post(f"/orders/{cart['id']}/status", {"status": "processing"})
    bed.deliver()
    bed.settle()
    holds(bed.invoice_of(bed.order(cart["id"])), "once it is bought it is posted")


@promise("WOO-10: two shops of two tenants have addresses, keys and secrets of their own; "
         "one's signature opens nothing of the other")
def two_shops():
    bed = ShopBooks()
    other = Twin("woocommerce", {"key": "ck_" + "8" * 40, "secret": "cs_" + "9" * 40, "name": "Bolt Bikes",
                                 "number_prefix": "B"}, tls=True)
    bed.at.tenant("bolt", MUG_SHOP_ONLY.format(url=other.url, more=f', ca_file = "{other.ca}"'))
    bed.at.mlc("reload")  # the new tenant's log-in is missing yet: said, and mended by giving it
    _, _, said = bed.at.run("ping", "bolt/shop")
    holds("consumer_key" in said and "mlc secret set" in said, f"ping names the missing secret: {said}")
    bed.at.secret("bolt/shop", "consumer_key", "ck_" + "8" * 40)
    bed.at.secret("bolt/shop", "consumer_secret", "cs_" + "9" * 40)
    equal(bed.at.run("ping", "bolt/shop")[0], 0, "ping")  # what failed for want of it is tried again at once
    eventually(lambda: len([h for h in other.get("/webhooks") if h["status"] == "active"]) == 6,
               "six webhooks in the other shop")
    ours, theirs = hooks_of(bed)[0], other.get("/webhooks")[0]
    holds(ours["delivery_url"] != theirs["delivery_url"], "addresses")
    holds(ours["secret"] != theirs["secret"], "secrets")
    holds("/acme/" in ours["delivery_url"] and "/bolt/" in theirs["delivery_url"], "each names its tenant")
    body = json.dumps({**bed.place(**ORDER), "id": 9999, "number": "9999"}).encode()
    equal(post(ours["delivery_url"], body, secret=theirs["secret"]), 401, "their secret at our door")
    equal(post(theirs["delivery_url"], body, secret=ours["secret"]), 401, "our secret at their door")
    for twin, foreign in ((bed.shop, "8" * 40), (other, "5" * 40)):
        sent = json.dumps([c["headers"].get("authorization", "") for c in twin.get("/calls")["log"]])
        holds(base64.b64encode(f"ck_{foreign}:".encode()).decode()[:40] not in sent, "a foreign key")


@promise("WOO-11: while the host is down the shop switches webhooks off; "
         "they are made anew, what was missed is polled, each order is posted once")
def switched_off():
    bed = ShopBooks()
    orders = [bed.place(**ORDER)]
    bed.settle()
    bed.host.kill()
    orders += [bed.place(lines=[{"sku": "TSHIRT", "quantity": n}]) for n in range(1, 10)]
    off = [h["topic"] for h in hooks_of(bed) if h["status"] == "disabled"]
    holds("order.created" in off, f"switched off: {off}")
    bed.at.start()
    bed.rest()
    bed.host.advance(601_000)  # how often the host looks at its webhooks
    bed.hooks_are_made()
    equal([(h["status"], h["failures"]) for h in hooks_of(bed)], [("active", 0)] * 6, "the webhooks")
    bed.settle()
    for order in orders:
        equal(Decimal(bed.invoice_of(order)["total"]), Decimal(order["total"]), f"order {order['number']}")
    before = len(bed.documents("Invoice"))
    equal(before, len(orders), "invoices")
    late = bed.place(**ORDER)
    eventually(lambda: [d for d in bed.at.list("all") if d["rid"] == str(late["id"])
                        and d["origin"] == "webhook"], "it came by webhook")
    bed.settle()
    holds(bed.invoice_of(late), "the next one is posted too")
    bed.books_are_sound()


@promise("WOO-34 WOO-45: a changed account keeps the customer current whom we made; "
         "what the bookkeeper wrote stays; one that we adopted is left to him")
def customers_current():
    bed = ShopBooks()
    made = bed.shop.post("/customers", {"email": "grace@example.com", "first_name": "Grace", "last_name": "Murray",
                                        "billing": person("Grace", "Murray", "grace@example.com")})["id"]
    bed.place(customer_id=made, billing=person("Grace", "Murray", "grace@example.com"), **ORDER)
    adopted = next(c["id"] for c in bed.shop.get("/customers") if c["email"] == "ada@example.com")
    bed.place(customer_id=adopted, billing=person("Ada", "Byron King", "ada@example.com"), **ORDER)
    bed.settle()
    ada = bed.books.get("/records/Customer/Lovelace,%20Ada")
    bed.books.post("/person/edit", {"type": "Customer", "name": "Grace Murray",
                                    "set": {"Notes": "pays late", "TermsRef": "Net 15"}})
    bed.shop.post(f"/customers/{made}/edit", {"billing": {"address_1": "9 Hill Street", "phone": "555-0199"}})
    bed.shop.post(f"/customers/{adopted}/edit", {"billing": {"address_1": "9 Hill Street", "phone": "555-0198"}})
    bed.deliver()
    bed.settle()
    grace = bed.books.get("/records/Customer/Grace%20Murray")
    equal(grace["BillAddress"]["Addr2"], "9 Hill Street", "her new street")
    equal(grace["Phone"], "555-0199", "her new number")
    equal(grace["Notes"], "pays late", "what the bookkeeper wrote")
    equal((grace.get("TermsRef") or {}).get("FullName"), "Net 15", "the terms that he gave her")
    after = bed.books.get("/records/Customer/Lovelace,%20Ada")
    for field in ("Name", "BillAddress", "Phone", "EditSequence"):
        equal(after.get(field), ada.get(field), f"the adopted one's {field}")


run()
