#!/usr/bin/env python3
"""A flow between two systems that no shipped integration pairs is made of files only: ledger to sink."""
import http.server
import json
import threading

from lib import Deployment, Twin, equal, eventually, holds, promise, run

MAPPING = """return mapping {
  id = "ledger.entry->sink.invoice", version = "1.0.0", language = 1,
  title = "Entries of the ledger become documents of the sink",
  from = { connector = "ledger", entity = "entry" },
  to = { connector = "sink", entity = "invoice" },
  label = text "entry {number}",
  identity = src "id",
  order_by = src "changed",
  match = { { by = "link" }, on_none = "create" },
  on_update = "never",
  fields = {
    DocNumber = src "number",
    TxnDate = date(src "day"),
    TotalAmt = src "total",
    Line = lines { each("lines", { LineNum = row_number(), Amount = money(item "amount"), Description = item "text" }) },
  },
  tests = {
    { name = "an entry of one line", given = { id = "e1", number = "7", day = "2026-10-31", total = "12.30",
        lines = { { account = "4000", amount = "12.30", text = "Mugs" } } }, expect = { DocNumber = "7", TotalAmt = "12.30" } },
  },
}
"""

TENANT = """return tenant {{
  title = "Acme",
  connections = {{
    books = {{ connector = "ledger", url = "{ledger}" }},
    out   = {{ connector = "sink", url = "{sink}" }},
  }},
  flows = {{ integration "ledger-sink" {{ ledger = "books", sink = "out", start = "2026-01-01", mode = "live" }} }},
}}
"""


class Sink:
    """Takes documents; the same Idempotency-Key twice is one document."""

    def __init__(self):
        self.documents, self.posts, self.lose = {}, 0, 0
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.headers["Idempotency-Key"]
                sink.posts += 1
                sink.documents.setdefault(key, document)
                if sink.lose:
                    sink.lose -= 1
                    self.close_connection = True
                    self.connection.close()
                    return
                body = json.dumps({"Id": f"D{list(sink.documents).index(key) + 1}"}).encode()
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a reply that is lost on purpose

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/documents"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def numbers(self):
        return sorted(d["DocNumber"] for d in self.documents.values())


class Bed:
    def __init__(self, **settings):
        self.sink = Sink()
        self.twin = Twin("tests/connectors/ledger", settings)
        self.deployment = d = Deployment(connectors=("tests/connectors/ledger", "tests/connectors/sink"), integrations=())
        d.write("mappings/ledger-sink/entry.lua", MAPPING)
        d.tenant("acme", TENANT.format(ledger=self.twin.url, sink=self.sink.url))
        d.secret("acme/books", "token", "ledger-token")

    def entry(self, number, total="12.30"):
        return self.twin.post("/entries", {"number": number, "day": "2026-10-31", "total": total,
                                           "lines": [{"account": "4000", "amount": total, "text": "Mugs"}]})

    def news_agreed(self):
        eventually(lambda: self.twin.get("/calls")["by_route"].get("PUT /news"), "the ledger is told where to send news")

    def wait(self, *numbers):
        eventually(lambda: self.sink.numbers() == sorted(numbers), f"documents {numbers}, there are {self.sink.numbers()}")


@promise("ALL-01: a flow between two systems that nobody paired is made of files only")
def _():
    b = Bed()
    b.entry("1001")
    b.entry("1002", "0.10")
    b.deployment.start()
    b.wait("1001", "1002")
    document = next(d for d in b.sink.documents.values() if d["DocNumber"] == "1002")
    equal(document["TotalAmt"], 0.10)
    equal(b.twin.errors(), [])


@promise("ALL-01: its webhooks are signed with a secret agreed by the two, and news arrive without a poll")
def _():
    b = Bed()
    b.deployment.start()
    b.news_agreed()
    b.entry("2001")
    b.wait("2001")
    route = b.twin.get("/calls")["by_route"]
    holds(route.get("GET /:folder/:id", 0) >= 1, f"the hint was fetched: {route}")


@promise("a lost reply is repeated with the same key, and there is one document")
def _():
    b = Bed()
    b.sink.lose = 2
    b.entry("3001")
    b.deployment.start()
    b.wait("3001")
    eventually(lambda: b.sink.posts == 3, "three tries")
    equal(len(b.sink.documents), 1)


@promise("kill -9 with a write on the wire: one document after the restart")
def _():
    b = Bed()
    b.sink.lose = 1
    b.entry("4001")
    host = b.deployment.start()
    eventually(lambda: b.sink.posts, "the first try")
    host.kill()
    b.deployment.start()
    b.wait("4001")
    eventually(lambda: sum(f["done"] for f in b.deployment.mlc("status")["flows"]) == 1, "the delivery is done: "
               + str(b.deployment.mlc("list", "all")))
    equal(len(b.sink.documents), 1)


@promise("a connector's file is replaced while the host runs, and its work goes on")
def _():
    b = Bed()
    host = b.deployment.start()
    b.news_agreed()
    b.entry("5001")
    b.wait("5001")
    so = b.deployment.file("plugins", "sink.so")
    with open(so, "r+b") as f:
        f.truncate(100)  # in place: the host must not feel it
    b.entry("5002")
    b.wait("5001", "5002")
    code, _, said = b.deployment.run("reload")
    holds("sink.so" in said, f"the broken file is named: {said}")
    b.entry("5003")
    b.wait("5001", "5002", "5003")
    holds(host.alive(), "the host lives")


run()
