"""A shop that sends signed orders, and a target that takes their documents: both as bare as can be, so that
what a crash does to the host is told from what it does to them."""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import shutil
import socket
import threading
import time

from .bed import BUILD, ROOT, Deployment
from .tap import equal, eventually, holds

SECRET = "the-shop-signs-with-this"
KEY, KEY_SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"


def order(number, status="processing", modified="2026-03-04T10:00:00", name="Ada"):
    """An order as the shop's REST interface gives it, less what no mapping reads."""
    who = {"first_name": name, "last_name": "Byron", "company": "", "address_1": "1 Mill Lane", "address_2": "",
           "city": "Ely", "postcode": "CB7", "state": "", "country": "GB"}
    return {"id": number, "number": str(number), "status": status, "currency": "USD", "version": "9.0.0",
            "date_created": "2026-03-04T09:00:00", "date_created_gmt": "2026-03-04T09:00:00", "date_modified": modified,
            "date_modified_gmt": modified, "order_key": f"wc_order_{number}", "total": "30.50",
            "total_tax": "1.50", "payment_method": "stripe",
            "payment_method_title": "Card", "transaction_id": f"ch_{number}", "customer_note": "", "customer_id": 0,
            "billing": {**who, "email": f"buyer{number}@example.com", "phone": ""}, "shipping": who, "refunds": [],
            "line_items": [
                {"id": 1, "name": "Mug", "sku": "MUG", "quantity": 2, "price": 10, "total": "20.00", "total_tax": "1.50"},
                {"id": 2, "name": "Pin", "sku": "PIN", "quantity": 1, "price": 5, "total": "5.00", "total_tax": "0.00"}],
            "shipping_lines": [{"id": 3, "method_title": "Post", "total": "4.00"}], "tax_lines": [], "fee_lines": [],
            "coupon_lines": []}


def signed(body, topic="order.created", secret=SECRET):
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return {"Content-Type": "application/json", "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": signature,
            "X-WC-Webhook-Source": "https://shop.example/", "Connection": "close"}


def send(url, value, topic="order.created", path="/hooks/acme/shop", secret=SECRET, timeout=30):
    """One webhook: the answer's status, or 0 when none came (the shop would send it again)."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    connection = http.client.HTTPConnection(url.split("://")[1], timeout=timeout)
    try:
        connection.request("POST", path, body, signed(body, topic, secret))
        reply = connection.getresponse()
        reply.read()
        return reply.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # a peer that was killed


class _Listener:
    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def give(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply = answer(self.command, self.path, self.headers, body)
                if reply is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, text = reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = give

            def log_message(self, *_):
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Target:
    """Takes documents.  One with an Idempotency-Key takes effect once for its key; one without, each time.

    when(number, key, document) is asked before each request's effect and says what goes wrong with it: None (nothing),
    "refuse" (503, no effect), "cut before" the effect, "cut after" it, or seconds to wait before the effect."""

    def __init__(self, when=None):
        self.when = when or (lambda number, key, document: None)
        self.lock = threading.Lock()
        self.requests = []   # (document's number, key)
        self.effects = []    # (document's number, key): what stands in the target's books
        self.by_key = {}
        self.documents = []  # by id, from 1
        self.listener = _Listener(self._answer)
        self.url = self.listener.url + "/invoices"

    def _answer(self, method, path, headers, body):
        if method == "GET":
            return self._read(path.rsplit("/", 1)[-1])
        document = json.loads(body)
        number, key = document["DocNumber"], headers.get("Idempotency-Key")
        with self.lock:
            self.requests.append((number, key))
            count = len(self.requests)
        wrong = self.when(count, key, document)
        if isinstance(wrong, (int, float)):
            time.sleep(wrong)
        if wrong == "refuse":
            return 503, {}, b"{}"
        if wrong == "cut before":
            return None
        with self.lock:
            if not key or key not in self.by_key:
                self.effects.append((number, key))
                self.documents.append(document)
                if key:
                    self.by_key[key] = str(len(self.effects))
            id_ = self.by_key[key] if key else str(len(self.effects))
        if wrong == "cut after":
            return None
        return 200, {"Content-Type": "application/json"}, json.dumps({"Id": id_}).encode()

    def _read(self, id_):
        with self.lock:
            found = self.documents[int(id_) - 1] if id_.isdigit() and 0 < int(id_) <= len(self.documents) else None
        kind = {"Content-Type": "application/json"}
        return (200, kind, json.dumps({"Id": id_, **found}).encode()) if found else (404, kind, b"{}")

    def effects_of(self):
        """How often each document took effect: {number: times}."""
        with self.lock:
            times = {}
            for number, _ in self.effects:
                times[number] = times.get(number, 0) + 1
            return times

    def keys_of(self):
        """The keys each document was asked for with: {number: {keys}}."""
        with self.lock:
            keys = {}
            for number, key in self.requests:
                keys.setdefault(number, set()).add(key)
            return keys

    def asked(self):
        with self.lock:
            return len(self.requests)

    def close(self):
        self.listener.close()


class Shop:
    """Answers what the host asks a shop for: orders one by one (.orders), lists of orders (.listed), nothing else."""

    def __init__(self):
        self.orders = {}
        self.listed = []
        self.asked = []
        self.listener = _Listener(self._answer)
        self.url = self.listener.url

    def _answer(self, method, path, headers, body):
        where = path.split("?")[0]
        self.asked.append((method, where))
        kind = {"Content-Type": "application/json", "X-WP-Total": "0", "X-WP-TotalPages": "0"}
        if "/webhooks" in where:
            return 403, kind, b'{"code":"woocommerce_rest_cannot_view","message":"no","data":{"status":403}}'
        if where.endswith("/orders") and "status=trash" not in path and self.listed:
            kind.update({"X-WP-Total": str(len(self.listed)), "X-WP-TotalPages": "1"})
            return 200, kind, json.dumps(self.listed if "page=1" in path.split("?")[1].split("&") else []).encode()
        number = where.rsplit("/orders/", 1)[-1]
        if number.isdigit():
            found = self.orders.get(int(number))
            if found is None:
                return 404, kind, b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}'
            return 200, kind, json.dumps(found).encode()
        return 200, kind, b"[]"

    def close(self):
        self.listener.close()


def deployment(target, shop_url="http://127.0.0.1:9", entity="invoice", more=None, mlc=None):
    """acme's shop to the target, by the mapping that the benchmark uses; entity "slip" has no means against doubles."""
    d = Deployment(connectors=("woocommerce",), integrations=(), mlc=mlc)
    shutil.copy(os.path.join(BUILD, "tests", "connectors", "sink", "sink.so"), d.file("plugins"))
    with open(os.path.join(ROOT, "tests", "connectors", "sink", "orders.lua")) as f:
        mapping = f.read()
    d.write("mappings/woocommerce-sink/orders.lua", mapping.replace("sink.invoice", f"sink.{entity}")
            .replace('entity = "invoice"', f'entity = "{entity}"'))
    d.tenant("acme", tenant_text(target, shop_url, more))
    for name, value in (("webhook_secret", SECRET), ("consumer_key", KEY), ("consumer_secret", KEY_SECRET)):
        d.secret("acme/shop", name, value)
    return d


def tenant_text(target, shop_url="http://127.0.0.1:9", more=None):
    return f"""return tenant {{
  title = "Acme",
  connections = {{
    shop = {{ connector = "woocommerce", url = "{shop_url}", auth = "oauth1" }},
    books = {{ connector = "sink", url = "{target.url}" }},
  }},
  flows = {{
    integration "woocommerce-sink" {{ woocommerce = "shop", sink = "books", start = "2026-01-01", mode = "live"{more or ""} }},
  }},
}}
"""


# ---- many orders, and a host that may die ---------------------------------------------------------------------


def at_rest(d):
    """Nothing is left that the host could do by itself; false, too, when it dies under the question."""
    try:
        flow = d.mlc("status")["flows"][0]
    except AssertionError:
        return False
    return not (flow["ready"] or flow["waits"] or flow["sending"])


def until_at_rest(d, host, seconds=60.0):
    """Starts the host again if it died, and waits until it has come to rest."""
    eventually(lambda: not host.alive() or at_rest(d), "the host dies, or comes to rest", seconds)
    if not host.alive():
        host = d.start()
    eventually(lambda: at_rest(d), "the host comes to rest", seconds)
    return host


def send_all(d, host, orders, senders=8, during=None):
    """Sends each until it is taken, as a shop does; a host that has died is started again.  The one that runs."""
    hosts, lock, wrong, going = [host], threading.Lock(), [], threading.Event()

    def take(value):
        if send(hosts[-1].url, value) == 200:
            return True
        with lock:
            if not hosts[-1].alive():
                hosts.append(d.start())
        return False

    def sender(mine):
        try:
            for value in mine:
                eventually(lambda v=value: take(v), f"order {value['id']} is taken", 60)
        except BaseException as error:  # told to the test, which waits
            wrong.append(error)

    threads = [threading.Thread(target=sender, args=(orders[i::senders],)) for i in range(senders)]
    if during:
        threads.append(threading.Thread(target=during, args=(hosts, lock, going)))
    for t in threads:
        t.start()
    for t in threads[:senders]:
        t.join()
    going.set()  # all are taken: whoever kills may stop
    for t in threads[senders:]:
        t.join()
    if wrong:
        raise wrong[0]
    return hosts[-1]


def check_books(d, target, numbers, keyed, where):
    """Each order is done and once in the books, or in review because it may be there; none is anything else."""
    done = {row["rid"] for row in d.list("done", limit=1000)}
    review = {row["rid"] for row in d.list("review", limit=1000)}
    effects = target.effects_of()
    others = {row["rid"]: (row["state"], row["cause"]) for row in d.list("all", limit=1000)}
    equal({str(n): others.get(str(n)) for n in numbers if str(n) not in done | review}, {}, f"{where}: not dealt with")
    equal({n: times for n, times in effects.items() if times > 1}, {}, f"{where}: doubled in the books")
    equal(sorted(n for n in done if effects.get(n) != 1), [], f"{where}: done, and not in the books")
    equal({n: keys for n, keys in target.keys_of().items() if len(keys) > 1}, {}, f"{where}: asked with different keys")
    equal(review, set() if keyed else in_doubt(d), f"{where}: in review")
    holds(all(row["cause"] == "in_doubt" for row in d.list("review", limit=1000)), f"{where}: in review for another cause")


def in_doubt(d):
    """By the trail: marked as sent, and never told as done."""
    rid = {row["id"]: row["rid"] for what in ("done", "review") for row in d.list(what, limit=1000)}
    marked, settled, after = set(), set(), 0
    while True:
        rows = d.mlc("audit", "--limit", "1000", "--after", str(after))["audit"]
        for row in rows:
            if row["move"] == "mark":
                marked.add(row["delivery"])
            if row["move"] == "settle" and row["detail"]["state"] == "done":
                settled.add(row["delivery"])
        if not rows:
            return {rid[delivery] for delivery in marked - settled}
        after = rows[-1]["number"]
