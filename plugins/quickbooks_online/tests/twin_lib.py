"""The QuickBooks Online twin as its callers see it, and the connector's calls on it."""
import datetime
import json
import os
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, eventually, exchange, folder, holds, promise, run, skip  # noqa: E402,F401
from lib.bed import SPECS  # noqa: E402
from lib.pipe import Connector, carried  # noqa: E402

SHOP, SMALL = "4620816365012345670", "9130347596842384"
BASIC = ("ABtwinclientid", "twinclientsecret")
CLOCK = "2026-11-18T18:00:00Z"
PIPE = "plugins/quickbooks_online/tests/quickbooks_online_pipe"


class Company:
    """A twin whose clock stands still, and a log-in to one of its companies."""

    def __init__(self, realm=SHOP, clock=CLOCK, **settings):
        self.twin = Twin("quickbooks_online", {"deliver_after_ms": 3600000, **settings}, clock=clock, frozen=True)
        self.url, self.realm = self.twin.url.rstrip("/"), realm
        self.base = f"{self.url}/v3/company/{realm}"
        self.grant = self.twin.post("/grant", {"realm": realm})
        self.headers = {"Authorization": "Bearer " + self.grant["access_token"], "Accept": "application/json"}

    def now_ms(self):
        return self.twin.get("/clock")["now_ms"]

    def api(self, method, path, value=None, **headers):
        """(status, JSON)"""
        body = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
        given = {**self.headers, **({"Content-Type": "application/json"} if body else {}), **headers}
        status, _, text = exchange(self.base + path, method, body, given)
        return status, json.loads(text)

    def ok(self, method, path, value=None):
        status, reply = self.api(method, path, value)
        equal(status, 200, f"{method} {path}: {reply}")
        return reply

    def refused(self, method, path, value=None):
        """(status, code)"""
        status, reply = self.api(method, path, value)
        fault = reply.get("Fault") or reply.get("fault")
        if not fault:
            return status, None
        return status, (fault.get("Error") or fault["error"])[0]["code"]

    def query(self, text):
        return self.ok("GET", "/query?query=" + urllib.parse.quote(text))["QueryResponse"]

    def person(self, path, value=None):
        return self.twin.post(f"/companies/{self.realm}{path}", value)

    def books(self):
        return self.twin.get(f"/companies/{self.realm}/books")

    def connector(self):
        return Connector(PIPE, carried(self.base, self.headers), token={"realmId": self.realm}, now_ms=self.now_ms())


def ago(days):
    """An instant so long before CLOCK."""
    at = datetime.datetime(2026, 11, 18, 18, tzinfo=datetime.timezone.utc) - datetime.timedelta(days=days)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
