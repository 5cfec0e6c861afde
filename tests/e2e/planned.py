#!/usr/bin/env python3
"""mlc plan: what changed mappings would make of the records that there are, before they are in force."""
import json
import os
import threading
import http.server

from lib import Deployment, ShopBooks, Twin, equal, eventually, holds, promise, run

MAPPING = """return mapping {
  id = "ledger.entry->sink.invoice", version = "1.0.%d", language = 1,
  title = "Entries of the ledger become documents of the sink",
  from = { connector = "ledger", entity = "entry" },
  to = { connector = "sink", entity = "invoice" },
  label = text "entry {number}",
  identity = src "id",
  order_by = src "changed",
  match = { { by = "link" }, on_none = "create" },
  on_update = "never",
  accept = %s,
  fields = {
    DocNumber = %s,
    TxnDate = date(src "day"),
    TotalAmt = src "total",
    Line = lines { each("lines", { LineNum = row_number(), Amount = money(item "amount"), Description = item "text" }) },
  },
}
"""

TENANT = """return tenant {{
  title = "Acme",
  connections = {{
    books = {{ connector = "ledger", url = "{ledger}" }},
    out   = {{ connector = "sink", url = "{sink}" }},
  }},
  flows = {{ integration "ledger-sink" {{ ledger = "books", sink = "out", start = "2026-01-01", mode = "{mode}" }} }},
}}
"""


class Sink:
    def __init__(self):
        self.posts = 0
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                sink.posts += 1
                body = json.dumps({"Id": f"D{sink.posts}"}).encode()
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/documents"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Bed:
    def __init__(self, count, mode="shadow"):
        self.sink = Sink()
        self.twin = Twin("tests/connectors/ledger")
        self.deployment = d = Deployment(connectors=("tests/connectors/ledger", "tests/connectors/sink"), integrations=())
        self.mapping()
        d.tenant("acme", TENANT.format(ledger=self.twin.url, sink=self.sink.url, mode=mode))
        d.secret("acme/books", "token", "ledger-token")
        for n in range(count):
            self.twin.post("/entries", {"number": f"{n:04}", "day": "2026-10-31", "total": f"{n}.00",
                                        "lines": [{"account": "4000", "amount": f"{n}.00", "text": "Mugs"}]})
        self.host = d.start()
        done = "would" if mode == "shadow" else "done"
        eventually(lambda: sum(f[done] for f in d.mlc("status")["flows"]) == count, f"{count} records went through", 60)

    def mapping(self, version=0, number='src "number"', accept="gt(src \"total\", \"-1\")"):
        self.deployment.write("mappings/ledger-sink/entry.lua", MAPPING % (version, accept, number))

    def plan(self, *more):
        code, value, said = self.deployment.run("plan", *more)
        holds(value is not None, said)
        return code, value

    def calls(self):
        return sum(self.twin.get("/calls")["by_route"].values()), self.sink.posts


@promise("mlc plan: a change that touches 37 of 300 records lists exactly these, field by field, and calls nobody")
def _():
    b = Bed(300)
    equal(b.plan()[1]["flows"], [], "nothing has changed")
    b.mapping(1, 'when(gt(src "total", "262"), text "X{number}", src "number")')
    before = b.calls()
    code, plan = b.plan()
    equal(code, 0)
    equal(b.calls(), before, "calls of either side")
    equal([(f["state"], f["records"], f["differ"], f["worse"]) for f in plan["flows"]], [("changed", 300, 37, 0)])
    equal(sorted(r["label"] for r in plan["records"]), [f"entry {n:04}" for n in range(263, 300)])
    equal(plan["records"][0]["fields"][0]["name"], "DocNumber")
    holds(all(r["fields"][0]["now"] == "X" + r["fields"][0]["was"] for r in plan["records"]), plan["records"][0])
    said = b.deployment.say("plan", "acme")[1]
    holds("of 300 records of the last 30 days 37 would come out otherwise" in said and '"0263" -> "X0263"' in said, said)
    # It is not in force: the next record comes out as before.
    equal(b.deployment.mlc("status")["flows"][0]["would"], 300)
    equal(b.plan("acme", "--days", "1")[1]["days"], 1)


@promise("mlc plan: what would no longer come out is exit status 1; files that are wrong are said as a reload would")
def _():
    b = Bed(5)
    b.mapping(1, 'hold("no_number", "it has no number")')
    code, plan = b.plan()
    equal((code, plan["flows"][0]["worse"], plan["worse"]), (1, 5, True), plan)
    equal(plan["records"][0]["now"]["cause"], "no_number")
    b.mapping(2, 'src "nummer"')
    code, plan = b.plan()
    equal(code, 1)
    holds("nummer" in plan["error"] and plan["errors"], plan)
    code, plan = b.plan("nobody")
    equal((code, plan["cause"]), (1, "absent"))


@promise("mlc plan: of what is posted already it says what would become of the document")
def _():
    b = Bed(3, "live")
    b.mapping(1, 'text "N{number}"')
    before = b.calls()
    code, plan = b.plan()
    equal((code, b.calls()), (0, before))
    equal([(r["linked"], r["effect"]) for r in plan["records"]], [(True, "nothing")] * 3, "on_update is never")
    equal(plan["flows"][0]["differ"], 3)


@promise("mlc plan: a mapping that leaves, and one that is new")
def _():
    b = Bed(2)
    os.remove(b.deployment.file("mappings/ledger-sink/entry.lua"))
    b.deployment.write("mappings/ledger-sink/slip.lua", (MAPPING % (1, "true", 'src "number"')).replace(
        "ledger.entry->sink.invoice", "ledger.entry->sink.slip").replace('entity = "invoice"', 'entity = "slip"'))
    _, plan = b.plan()
    equal([f["state"] for f in plan["flows"]], ["gone", "new"], plan)


@promise("mlc plan: of orders of a shop whose books only answer during visits, too: by what was looked up there before")
def _():
    bed = ShopBooks(mode="shadow")
    order = bed.place(lines=[{"sku": "MUG-RED", "quantity": 2}])
    bed.settle()
    holds(bed.waiting("would"), bed.flows())
    path = bed.at.file("tenants", "acme", "tenant.lua")
    with open(path) as f:
        text = f.read()
    holds("params = {" in text, text)
    bed.at.write("tenants/acme/tenant.lua", text.replace("params = {", 'params = { doc_prefix = "Z",', 1))
    code, plan, said = bed.at.run("plan", "acme")
    rows = [r for r in plan["records"] if r["flow"].endswith(".invoice")]
    equal([(r["was"]["verdict"], r["now"]["verdict"]) for r in rows], [("write", "write")], said)
    changed = {f["name"]: (f["was"], f["now"]) for f in rows[0]["fields"]}
    equal(changed.get("RefNumber"), (f"W{order['number']}", f"Z{order['number']}"), changed)
    equal(code, 0)


if __name__ == "__main__":
    run()
