#!/usr/bin/env python3
"""A shop at the host's door, for real: log-ins, ping, webhooks, polling, outages; documents end in a plain sink."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import shutil
import threading

from lib import Deployment, Twin, equal, eventually, exchange, holds, promise, run
from lib.bed import BUILD

KEY, SECRET = "ck_" + "5" * 40, "cs_" + "6" * 40


def mapping(entity, target, number, more=""):
    return f"""return mapping {{
  id = "woocommerce.{entity}->sink.{target}", version = "1.0.0", language = 1,
  from = {{ connector = "woocommerce", entity = "{entity}" }}, to = {{ connector = "sink", entity = "{target}" }},
  identity = src "id", match = {{ {{ by = "link" }}, on_none = "create" }}, on_update = "never",
  fields = {{ DocNumber = text "{number}" {more} }},
}}
"""


class Sink:
    """Takes each document once for each key."""

    def __init__(self):
        self.documents, self.keys, self.lock, outer = [], {}, threading.Lock(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.lock:
                    key = self.headers.get("Idempotency-Key") or str(len(outer.documents))
                    if key not in outer.keys:
                        outer.keys[key] = str(len(outer.keys) + 1)
                        outer.documents.append(document)
                body = json.dumps({"Id": outer.keys[key]}).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the caller has gone; it has its key

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/documents"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def numbers(self, kinds="WR"):
        return sorted(d["DocNumber"] for d in self.documents if d["DocNumber"][0] in kinds)


class Bed:
    def __init__(self, tls=True, auth=None, settings=None, url="", flows=True, start=True, every=None, key=KEY, secret=SECRET):
        self.shop = Twin("woocommerce", {"key": KEY, "secret": SECRET, "deliver_after_ms": 20, **(settings or {})}, tls=tls)
        self.sink = Sink()
        self.at = Deployment(connectors=("woocommerce",), integrations=(), mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = 0 }}, workers = 1,
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }}{f', ca_file = "{self.shop.ca}"' if tls else ''} }},
}}
""")
        shutil.copy(os.path.join(BUILD, "tests", "connectors", "sink", "sink.so"), self.at.file("plugins"))
        self.at.write("mappings/woocommerce-sink/order.lua",
                      mapping("order", "invoice", "W{number}", ', TotalAmt = money(src "total")'))
        self.at.write("mappings/woocommerce-sink/refund.lua",
                      mapping("refund", "slip", "R{id} of {parent_id}", ', TotalAmt = money(src "amount")'))
        self.at.write("mappings/woocommerce-sink/customer.lua", mapping("customer", "slip", "C{id} {first_name} {last_name}"))
        flow = 'integration "woocommerce-sink" { woocommerce = "shop", sink = "out", start = "2020-01-01", mode = "live" }' if flows else ""
        extra = (f', auth = "{auth}"' if auth else "") + (f", every_minutes = {every}" if every else "")
        self.at.tenant("acme", f"""return tenant {{
  title = "Acme",
  connections = {{
    shop = {{ connector = "woocommerce", url = "{self.shop.url.rstrip("/")}{url}"{extra} }},
    out = {{ connector = "sink", url = "{self.sink.url}" }},
  }},
  flows = {{ {flow} }},
}}
""")
        self.at.secret("acme/shop", "consumer_key", key)
        self.at.secret("acme/shop", "consumer_secret", secret)
        if start:
            self.at.start()

    def subscribed(self):
        return eventually(lambda: (hooks := [h for h in self.shop.get("/webhooks")
                                             if h["status"] == "active"]) and len(hooks) == 6 and hooks,
                          "six webhooks")

    def place(self, **what):
        return self.shop.post("/orders", what)

    def written(self, *numbers, kinds="WR"):
        try:
            eventually(lambda: self.sink.numbers(kinds) == sorted(numbers), "written")
        except AssertionError:
            equal(self.sink.numbers(kinds), sorted(numbers), "documents")
            raise

    def rest(self):
        def idle():
            status = self.at.mlc("status")
            return status["at_work"] == 0 and all(c["calls"] == 0 for c in status["connections"])

        eventually(idle, "nothing under way")

    def advance(self, ms):
        """The host's clock jumps while nothing is under way: else it would jump over the deadlines of what is."""
        self.rest()
        self.at.host.advance(ms)

    def ping(self):
        code, value, said = self.at.run("ping", "acme/shop")
        return code, said

    def clean(self):
        equal(self.shop.errors(), [], "the twin's errors")


@promise("WOO-08: Basic over TLS; the secret is in no address and no log")
def basic():
    b = Bed(flows=False)
    code, said = b.ping()
    equal(code, 0, said)
    for call in b.shop.get("/calls")["log"]:
        holds(SECRET not in call["query"] and KEY not in call["query"], call["query"])
        equal(call["headers"].get("authorization"), "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode(), "login")
    holds(SECRET not in b.at.host.said() and SECRET not in said, "the secret is told")
    b.clean()


@promise("WOO-08: OAuth 1.0a over plain http, each request with a nonce of its own")
def oauth():
    b = Bed(tls=False, auth="oauth1", flows=False)
    code, said = b.ping()
    equal(code, 0, said)
    b.subscribed()
    calls = [c for c in b.shop.get("/calls")["log"] if "wc/v3" in c["path"]]
    holds(len(calls) >= 3 and all(c["status"] in ("200", "201") for c in calls), calls and calls[-1]["status"])
    holds(SECRET not in json.dumps(b.shop.get("/calls?bodies=1")["log"]), "the secret travels")
    b.clean()


@promise("WOO-07: a shop in a folder, with plain permalinks, or with index.php in its addresses")
def permalinks():
    for settings, url in (({"folder": "/shop"}, "/shop"), ({"permalinks": "plain"}, ""), ({"permalinks": "index"}, "")):
        b = Bed(settings=settings, url=url, flows=False)
        code, said = b.ping()
        equal(code, 0, said)
        b.clean()
    # With OAuth the signature covers what such an address turns into; and what ping has found is used from then on.
    b = Bed(tls=False, auth="oauth1", settings={"permalinks": "plain"}, flows=False)
    code, said = b.ping()
    equal(code, 0, said)
    b.advance(121_000)
    b.subscribed()
    b.clean()


@promise("ALL-03: ping writes nothing, and each cause has words of its own")
def ping():
    b = Bed(flows=False, start=False)
    b.at.run("ping", "acme/shop")
    said = {}
    b.at.start()
    b.subscribed()
    equal(b.ping()[0], 0, "well")
    writes = [c for c in b.shop.get("/calls")["log"] if c["method"] != "GET"]
    b.shop.control("DELETE", "/calls")
    b.ping()
    equal([c["method"] for c in b.shop.get("/calls")["log"] if c["method"] != "GET"], [], "ping writes")
    equal(len(writes), 6, "what was written are the webhooks")
    for name, fault in {"web page": {"kind": "html"},
                        "404": {"kind": "status", "status": 404, "body": "<html>"},
                        "500": {"kind": "status", "status": 500},
                        "maintenance": {"kind": "status", "status": 503, "body": "<html>"},
                        "moved": {"kind": "status", "status": 301, "headers": {"Location": "https://www.example/"}}}.items():
        b.shop.fault(count=0, **fault)
        code, said[name] = b.ping()
        equal(code, 1, name)
        b.shop.control("DELETE", "/faults")
    b.shop.control("DELETE", "/keys/" + KEY)
    code, said["unknown key"] = b.ping()
    equal(code, 1, "unknown key")
    for name, fault in {"firewall": {"status": 403, "body": "<html>"},
                        "slow down": {"status": 429, "headers": {"Retry-After": "500"}}}.items():
        other = Bed(flows=False)
        other.subscribed()
        other.shop.fault(kind="status", count=0, **fault)
        code, said[name] = other.ping()
        equal(code, 1, name)
        code, said["again after " + name] = other.ping()
        holds(code == 1 and "wait until" in said["again after " + name], f"nobody waits for an answer: {said}")
    equal(len(set(said.values())), len(said), f"each its own words: {said}")
    for name, word in (("moved", "https://www.example/"), ("firewall", "firewall"), ("unknown key", "consumer key")):
        holds(word in said[name], f"{name}: {said[name]}")
    b.clean()


@promise("WOO-09: six webhooks; a right signature is taken, a wrong one, none, and a stranger's are not")
def signatures():
    b = Bed()
    hooks = b.subscribed()
    equal(sorted(h["topic"] for h in hooks),
          sorted(f"{r}.{e}" for r in ("order", "customer") for e in ("created", "updated", "deleted")),
          "topics")
    equal(len({h["secret"] for h in hooks}), 1, "one secret")
    url, secret = hooks[0]["delivery_url"], hooks[0]["secret"]
    placed = b.place()
    b.written("W" + placed["number"])
    body = json.dumps({**b.shop.get(f"/orders/{placed['id']}"), "id": 9999, "number": "9999"}).encode()

    def post(body, key):
        headers = {"Content-Type": "application/json", "X-WC-Webhook-Topic": "order.created"}
        if key:
            headers["X-WC-Webhook-Signature"] = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
        return exchange(url, "POST", body, headers)[0]

    equal(post(body, "wrong"), 401, "a wrong signature")
    equal(post(body, None), 401, "none")
    equal(post(b"webhook_id=7", None), 200, "the ping")
    equal(post(b"webhook_id=7&x=1", None), 401, "no ping")
    equal(post(body, secret), 200, "signed")
    b.written("W" + placed["number"], "W9999")
    equal(post(body, secret), 200, "twice")
    equal(post(b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}', secret), 200, "the shop's own error")
    equal(b.sink.numbers(), sorted(["W" + placed["number"], "W9999"]), "nothing doubled")
    equal([h["failures"] for h in b.shop.get("/webhooks")], [0] * 6, "no delivery failed")
    b.clean()


@promise("WOO-12: by webhook alone, by polling alone, and by both: one document")
def both_ways():
    b = Bed(settings={"deliver_after_ms": 0})
    b.subscribed()
    first = b.place()
    b.written("W" + first["number"])
    b.shop.fault(kind="hook_lost", count=0)
    second = b.place()
    b.advance(301_000)
    b.written("W" + first["number"], "W" + second["number"])
    b.shop.control("DELETE", "/faults")
    b.shop.fault(kind="hook_twice", count=0)
    third = b.place()
    b.advance(301_000)
    b.written(*("W" + o["number"] for o in (first, second, third)))
    for _ in range(2):
        b.advance(301_000)
    equal(len(b.sink.numbers()), 3, "one each")
    b.clean()


@promise("WOO-11: webhooks that were switched off are made anew, and what was missed comes by polling")
def switched_off():
    b = Bed(settings={"deliver_after_ms": 0})
    b.subscribed()
    orders = [b.place()]
    b.written("W" + orders[0]["number"])
    b.at.host.kill()
    orders += [b.place() for _ in range(8)]
    b.shop.post("/deliver")
    eventually(lambda: [h["status"] for h in b.shop.get("/webhooks")].count("disabled") >= 2,
               "order.created and order.updated switched off")
    b.at.start()
    b.written(*("W" + o["number"] for o in orders))
    b.advance(601_000)
    hooks = b.subscribed()
    equal([h["failures"] for h in hooks], [0] * 6, "counts")
    orders.append(b.place())
    b.written(*("W" + o["number"] for o in orders))
    b.clean()


@promise("WOO-15: refunds come whole by webhook and by polling, each once, with the order they belong to")
def refunds():
    b = Bed(settings={"deliver_after_ms": 0})
    b.subscribed()
    o = b.place(lines=[{"sku": "MUG", "quantity": 3}])
    one = b.shop.post(f"/orders/{o['id']}/refund", {"lines": [{"index": 1, "quantity": 1}]})["id"]
    b.written("W" + o["number"], f"R{one} of {o['id']}")
    b.shop.fault(kind="hook_lost", count=0)
    two = b.shop.post(f"/orders/{o['id']}/refund", {})["id"]
    b.advance(301_000)
    b.written("W" + o["number"], f"R{one} of {o['id']}", f"R{two} of {o['id']}")
    b.clean()


@promise("WOO-15, WOO-35: a deleted refund and an order deleted for good are found by the nightly re-read")
def nightly():
    b = Bed(settings={"deliver_after_ms": 0})
    b.subscribed()
    o, doomed = b.place(), b.place()
    refund = b.shop.post(f"/orders/{o['id']}/refund", {"amount": "1.00"})["id"]
    b.written("W" + o["number"], "W" + doomed["number"], f"R{refund} of {o['id']}")

    def nights():
        return sum("orderby=id" in c["query"] for c in b.shop.get("/calls")["log"] if c["path"].endswith("/orders"))

    before = nights()
    b.advance(86_401_000)  # the first night remembers
    eventually(lambda: nights() > before, "a re-read")
    b.shop.control("DELETE", f"/refunds/{refund}")
    b.shop.control("DELETE", f"/orders/{doomed['id']}")
    b.shop.control("DELETE", "/calls")
    b.advance(86_401_000)

    def asked(path):
        return [c["status"] for c in b.shop.get("/calls")["log"] if c["path"] == "/wp-json/wc/v3/" + path]

    eventually(lambda: asked(f"orders/{doomed['id']}") == ["404"], "the order is looked for")
    eventually(lambda: asked(f"orders/{o['id']}/refunds/{refund}") == ["404"], "the refund is looked for")
    for entity, id_ in (("order", str(doomed["id"])), ("refund", f"{o['id']}-{refund}")):
        eventually(lambda: "delete" in json.dumps(b.at.run("story", "acme/shop", entity, id_)[1] or {}),
                   f"{entity} {id_} is told as deleted")
    b.clean()


@promise("WOO-02, WOO-34: customers come when they are made and changed, and by the nightly reading")
def customers():
    b = Bed(settings={"deliver_after_ms": 0})
    b.subscribed()
    b.written("C14 Ada Byron", "C15 Jos\u00e9 O'Neil & S\u00f6hne", "C16 The Boss",
              kinds="C")  # those that were there, of every role
    b.shop.post("/customers", {"email": "new@example.com", "first_name": "New", "last_name": "A & B"})
    b.written("C14 Ada Byron", "C15 Jos\u00e9 O'Neil & S\u00f6hne", "C16 The Boss", "C17 New A & B", kinds="C")
    b.clean()


@promise("a shop that breaks in any way costs nothing: what it could not tell comes when it can")
def faults():
    b = Bed(settings={"deliver_after_ms": 3600000})
    b.subscribed()
    placed = []

    def polled(least):
        """The next poll has asked at least so often, and what it brought is written."""
        b.shop.control("DELETE", "/calls")
        b.advance(1_801_000)
        eventually(lambda: sum(c["path"].endswith("/orders") for c in b.shop.get("/calls")["log"]) >= least, "a poll")
        b.rest()

    for fault in ({"kind": "html"}, {"kind": "empty"}, {"kind": "truncate"},
                  {"kind": "status", "status": 500}, {"kind": "drop_after"},
                  {"kind": "status", "status": 429, "headers": {"Retry-After": "2"}},
                  {"kind": "status", "status": 503, "body": "<html>"}):
        placed.append(b.place())
        fault_ = b.shop.fault(path="/wp-json/wc/v3/orders", count=0, **fault)
        polled(1)
        holds("W" + placed[-1]["number"] not in b.sink.numbers(), f"{fault} told an order")
        b.shop.control("DELETE", f"/faults/{fault_}")
        polled(1)
        b.written(*("W" + o["number"] for o in placed))
    b.clean()


run()
