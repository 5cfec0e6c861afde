"""The Zendesk twin as its callers see it: Python's own HTTP, JSON and HMAC, nothing of ours."""
import base64
import http.server
import json
import os
import re
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, eventually, exchange, holds, promise, run, skip  # noqa: E402,F401
from lib import openapi  # noqa: E402,F401

LOGIN, TOKEN = "ada@acme.example/token", "zd_api_token_0123456789abcdefghijklmnop"
CLIENT = {"client_id": "mlc", "client_secret": "zd_client_secret_0123456789abcdef"}
DOCUMENTS = ("zendesk/zendesk-support.subset.with-bodies.openapi.yaml", "zendesk/zendesk-support-2024-09.swagger.json")

# What Zendesk's pages tell and its documents leave out: pages' parameters stand in the prose on pagination, the lists of one
# record's own in that of the list itself, webhooks in a file apart; start_time is needed in an export's first request only.
UNWRITTEN = re.compile(r"^/api/v2/(webhooks|oauth/tokens|users/\d+/organization_memberships|organizations/\d+/(users|organization_memberships))\b")
LOOSE = {f"/query must NOT have additional properties '{name}'" for name in ("page", "per_page", "filter")}


def disagreements(exchanges):
    """Where these and Zendesk's own documents differ, in words."""
    wrong = []
    for e, told in zip(exchanges, openapi.check(openapi.documents(*DOCUMENTS), exchanges)):
        said = [w for w in told["request"] + told["reply"] if w not in LOOSE]
        if "/cursor?cursor=" in e["path"]:
            said = [w for w in said if w != "/query must have required property 'start_time'"]
        if not told["known"] and not UNWRITTEN.match(e["path"]):
            said.append("no document knows that address")
        if said:
            wrong.append(f"{e['method']} {e['path']}: {said}")
    return wrong


class Desk(Twin):
    def __init__(self, clock="2026-11-20T10:00:00Z", frozen=True, **settings):
        super().__init__("zendesk", settings={"deliver_after_ms": 3600000, **settings}, clock=clock, frozen=frozen)

    def rest(self, method, path, value=None, login=LOGIN, token=TOKEN, bearer=None, headers=None):
        """(status, headers, JSON or None)"""
        how = f"Bearer {bearer}" if bearer else "Basic " + base64.b64encode(f"{login}:{token}".encode()).decode()
        body = None if value is None else json.dumps(value).encode()
        status, got, reply = exchange(self.url + "/api/v2" + path, method, body,
                                      {"Authorization": how, "Content-Type": "application/json", **(headers or {})})
        return status, got, json.loads(reply) if reply else None

    def ok(self, method, path, value=None, **more):
        status, _, reply = self.rest(method, path, value, **more)
        holds(status in (200, 201, 204), f"{method} {path}: {status} {reply}")
        return reply

    def status(self, *args, **more):
        return self.rest(*args, **more)[0]

    def grant(self, **what):
        status, _, reply = exchange(self.url + "/oauth/tokens", "POST", json.dumps({**CLIENT, **what}).encode(),
                                    {"Content-Type": "application/json"})
        return status, json.loads(reply)

    def later(self, seconds):
        self.post("/clock", {"advance_ms": int(seconds * 1000)})


class Receiver:
    """Takes webhooks; status and headers are what it answers."""

    def __init__(self):
        self.got, self.status, self.headers = [], 200, {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
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
