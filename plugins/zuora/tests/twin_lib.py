"""The Zuora twin as its callers see it, and Zuora's own documents."""
import json
import os
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, eventually, exchange, holds, openapi, promise, run  # noqa: E402,F401
from lib.billing import CLIENT_ID, CLIENT_SECRET  # noqa: E402

DOCUMENTS = ("zuora/zuora-v1-2026-01.derived.openapi.yaml", "zuora/zuora-v1-2023-12-15.subset.swagger.yaml")
# In Zuora's reference, but in none of the two documents at hand (SOURCES.md, R).
ELSEWHERE = ("/object-query/credit-memo-items", "/object-query/debit-memos", "/object-query/debit-memo-items", "/object-query/refunds",
             "/object-query/refund-applications", "/object-query/products", "/object-query/credit-memos/", "/object-query/invoice-items/")
WHOLE = {"name": "Acme", "currency": "USD", "billCycleDay": 1, "billToContact": {"firstName": "A", "lastName": "B", "country": "United States"}}


def disagreements(exchanges):
    told = openapi.check(openapi.documents(*DOCUMENTS), exchanges)
    return [(e["method"], e["path"], t.get("operation"), t["request"] or t["reply"] or "no such address")
            for e, t in zip(exchanges, told) if (t["request"] or t["reply"] or not t["known"]) and not e["path"].startswith(ELSEWHERE)]


class Tenant(Twin):
    def __init__(self, settings=None, **more):
        super().__init__("zuora", settings=settings, **more)
        self.token = None

    def log_in(self, client_id=CLIENT_ID, secret=CLIENT_SECRET, **headers):
        form = {"client_id": client_id, "client_secret": secret, "grant_type": "client_credentials"}
        status, headers, reply = exchange(self.url + "/oauth/token", "POST", urllib.parse.urlencode(form).encode(),
                                          {"Content-Type": "application/x-www-form-urlencoded", **headers})
        value = json.loads(reply)
        self.token = value.get("access_token", self.token)
        return status, headers, value

    def ask(self, method, path, value=None, **headers):
        """(status, headers, JSON)"""
        if not self.token:
            self.log_in()
        body = None if value is None else json.dumps(value).encode()
        status, told, reply = exchange(self.url + path, method, body, {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
                                                                      **{k.replace("_", "-"): v for k, v in headers.items()}})
        return status, told, json.loads(reply) if reply.startswith((b"{", b"[")) else reply

    def pages(self, path):
        """All records of a list, by its cursors."""
        out, cursor = [], ""
        while True:
            _, _, page = self.ask("GET", path + cursor)
            out += page["data"]
            if "nextPage" not in page:
                return out
            cursor = "&cursor=" + urllib.parse.quote(page["nextPage"])

    def category(self, reply):
        return reply["reasons"][0]["code"] % 100
