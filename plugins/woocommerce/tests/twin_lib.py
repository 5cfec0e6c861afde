"""The WooCommerce twin as its callers see it: Python's own HTTP, TLS and HMAC, nothing of ours."""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import ssl
import sys
import threading
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import Twin, eventually, equal, folder, holds, promise, run, skip  # noqa: E402,F401
from lib.bed import SPECS  # noqa: E402

KEY = "ck_0123456789abcdef0123456789abcdef01234567"
SECRET = "cs_76543210fedcba9876543210fedcba9876543210"
SAMPLES = os.path.join(SPECS, "woocommerce", "samples")


class Shop(Twin):
    def __init__(self, tls=True, settings=None, **more):
        super().__init__("woocommerce", settings={"deliver_after_ms": 3600000, **(settings or {})}, tls=tls, **more)
        self.scheme, rest = self.url.split("://")
        self.host = rest.rstrip("/")

    def raw(self, method, path, body=None, headers=None):
        """(status, headers, bytes)"""
        if self.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca)
            connection = http.client.HTTPSConnection(self.host, context=context, timeout=30)
        else:
            connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            reply = connection.getresponse()
            return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
        finally:
            connection.close()

    def rest(self, method, path, value=None, key=KEY, secret=SECRET):
        """As Basic: (status, headers, JSON)"""
        login = base64.b64encode(f"{key}:{secret}".encode()).decode()
        body = None if value is None else json.dumps(value).encode()
        status, headers, reply = self.raw(method, "/wp-json/wc/v3/" + path, body,
                                          {"Authorization": "Basic " + login, "Content-Type": "application/json"})
        return status, headers, json.loads(reply)

    def ok(self, method, path, value=None):
        status, _, reply = self.rest(method, path, value)
        holds(status in (200, 201), f"{method} {path}: {status} {reply}")
        return reply

    def refused(self, method, path, value=None, **key):
        status, _, reply = self.rest(method, path, value, **key)
        return status, reply["code"]

    def place(self, **what):
        return self.post("/orders", what)["id"]

    def order(self, id_):
        return self.ok("GET", f"orders/{id_}")


def signed(method, url, args=(), key=KEY, secret=SECRET, timestamp=None, nonce="n1", how="HMAC-SHA256", **change):
    """OAuth 1.0a in the query, as RFC 5849 says: the path with its query."""
    import time
    oauth = {"oauth_consumer_key": key, "oauth_nonce": nonce, "oauth_signature_method": how,
             "oauth_timestamp": str(timestamp or int(time.time()))}

    def enc(text):
        return urllib.parse.quote(text, safe="-._~")

    pairs = sorted([*args, *oauth.items()])
    text = "&".join(f"{enc(k)}={enc(v)}" for k, v in pairs)
    base = "&".join((method, enc(url), enc(text)))
    digest = hmac.new((secret + "&").encode(), base.encode(), hashlib.sha256 if how == "HMAC-SHA256" else hashlib.sha1).digest()
    all_ = [*pairs, ("oauth_signature", base64.b64encode(digest).decode())]
    all_ = [(k, change.get(k, v)) for k, v in all_]
    path = "/" + url.split("://")[1].split("/", 1)[1]
    return path + "?" + "&".join(f"{enc(k)}={enc(v)}" for k, v in all_)


class Receiver:
    """Takes webhooks; status is what it answers."""

    def __init__(self):
        self.got, self.status, self.delay = [], 200, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        got, self.got = self.got, []
        return got

    def topics(self):
        return [(h.get("x-wc-webhook-topic"), json.loads(b).get("id")) for _, h, b in self.take()]


def dec(text):
    """Cents of "12.30"."""
    whole, _, fraction = str(text).partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole or 0)) * 100 + int((fraction + "00")[:2]))
