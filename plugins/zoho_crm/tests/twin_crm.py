#!/usr/bin/env python3
"""The Zoho CRM twin as its callers see it: Python's own HTTP, nothing of ours."""
import http.client
import http.server
import json
import os
import sys
import threading
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, holds, promise, run  # noqa: E402

CLIENT = {"client_id": "1000.TWINCLIENT", "client_secret": "5ec2e7"}
HOUR = 3600000


class Crm(Twin):
    def __init__(self, settings=None, **more):
        super().__init__("zoho_crm", settings={"deliver_after_ms": 3600000, **(settings or {})}, **more)
        self.port = urllib.parse.urlsplit(self.url).port
        self.refresh = None
        self.access = None

    def raw(self, method, path, body=None, headers=None, host="127.0.0.1"):
        """(status, headers, bytes)"""
        c = http.client.HTTPConnection(host, self.port, timeout=30)
        try:
            c.request(method, path, body=body, headers=headers or {})
            r = c.getresponse()
            return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read()
        finally:
            c.close()

    def token(self, host="127.0.0.1", **args):
        body = urllib.parse.urlencode({**CLIENT, **args})
        status, _, reply = self.raw("POST", "/oauth/v2/token", body, {"Content-Type": "application/x-www-form-urlencoded"}, host)
        equal(status, 200, "a token's reply is a 200, whatever it says")
        return json.loads(reply)

    def log_in(self):
        self.refresh = self.refresh or self.post("/grant")["refresh_token"]
        self.access = self.token(grant_type="refresh_token", refresh_token=self.refresh)["access_token"]

    def api(self, method, path, value=None, headers=None, host="127.0.0.1"):
        if not self.access:
            self.log_in()
        body = None if value is None else json.dumps(value).encode()
        status, _, reply = self.raw(method, "/crm/v8/" + path, body, {"Authorization": "Zoho-oauthtoken " + self.access, **(headers or {})}, host)
        return status, json.loads(reply) if reply else None

    def ok(self, method, path, value=None, **more):
        status, reply = self.api(method, path, value, **more)
        holds(status in (200, 201), f"{method} {path}: {status} {reply}")
        return reply

    def code(self, method, path, value=None, **more):
        status, reply = self.api(method, path, value, **more)
        entry = reply["data"][0] if "data" in reply else reply["watch"][0] if "watch" in reply else reply
        return status, entry["code"]

    def make(self, module, **fields):
        return self.ok("POST", module, {"data": [fields]})["data"][0]["details"]["id"]


class Receiver:
    def __init__(self):
        self.got = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.got.append(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0)))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        got, self.got = self.got, []
        return [(n["module"], n["operation"], n["ids"]) for n in got]


@promise("ZOHO-10: consent gives a code once; it becomes a refresh token that does not rotate, at the host that the redirect named")
def authorization_code():
    t = Crm(settings={"location": "eu", "accounts_host": "localhost"}, frozen=True, clock="2026-11-21T00:00:00Z")
    ask = {"response_type": "code", "client_id": CLIENT["client_id"], "scope": "ZohoCRM.modules.ALL", "redirect_uri": "https://mlc.example/oauth/callback",
           "access_type": "offline", "prompt": "consent", "state": "s 1"}

    def consent(**change):
        status, headers, _ = t.raw("GET", "/oauth/v2/auth?" + urllib.parse.urlencode({**ask, **change}))
        return status, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers.get("location", "")).query))

    status, back = consent()
    equal((status, back["state"], back["location"], back["accounts-server"]), (302, "s 1", "eu", f"http://localhost:{t.port}"), "back")
    args = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": ask["redirect_uri"]}
    equal(t.token(**args), {"error": "invalid_client"}, "another data centre")
    got = t.token("localhost", **args)
    equal((got["expires_in"], got["api_domain"], "refresh_token" in got), (3600, f"http://127.0.0.1:{t.port}", True), "tokens")
    equal(t.token("localhost", **args), {"error": "invalid_code"}, "a code is good once")
    again = t.token("localhost", grant_type="refresh_token", refresh_token=got["refresh_token"])
    holds("refresh_token" not in again and again["access_token"] != got["access_token"], "a refresh tells no refresh token")
    _, back = consent()
    t.post("/clock", {"advance_ms": 181000})
    equal(t.token("localhost", **{**args, "code": back["code"]}), {"error": "invalid_code"}, "a code lives three minutes")
    _, back = consent(access_type="online")
    holds("refresh_token" not in t.token("localhost", **{**args, "code": back["code"]}), "without offline there is none")
    _, back = consent(prompt="")
    holds("refresh_token" not in t.token("localhost", **{**args, "code": back["code"]}), "nor without prompt the second time")
    _, back = consent()
    equal(t.token("localhost", **{**args, "code": back["code"], "redirect_uri": "https://other/"}), {"error": "invalid_redirect_uri"}, "redirect")
    equal(consent(client_id="x")[0], 400, "an unknown client sees a page")
    equal(t.token("localhost", grant_type="refresh_token", refresh_token=got["refresh_token"], client_secret="x"), {"error": "invalid_client_secret"}, "secret")
    t.post("/revoke", {"refresh_token": got["refresh_token"]})
    equal(t.token("localhost", grant_type="refresh_token", refresh_token=got["refresh_token"]), {"error": "invalid_code"}, "revoked")


@promise("ZOHO-11: client credentials need the organisation, and give no refresh token")
def client_credentials():
    t = Crm()
    got = t.token(grant_type="client_credentials", scope="ZohoCRM.modules.ALL", soid="ZohoCRM.60012345678")
    holds("refresh_token" not in got, "none")
    t.access = got["access_token"]
    equal(t.api("GET", "Accounts?fields=Account_Name")[0], 200, "it works")
    equal(t.code("GET", "org"), (401, "OAUTH_SCOPE_MISMATCH"), "and for no more than it was asked for")
    equal(t.token(grant_type="client_credentials", soid="ZohoCRM.1")["error"], "invalid_soid", "another organisation")


@promise("ZOHO-17: an access token lives an hour; ten in ten minutes, fifteen alive")
def token_limits():
    t = Crm(frozen=True, clock="2026-11-21T00:00:00Z")
    t.log_in()
    first = t.access
    for _ in range(9):
        t.log_in()
    got = t.token(grant_type="refresh_token", refresh_token=t.refresh)
    equal((got["error"], got["status"]), ("access_denied", "failure"), "the eleventh in ten minutes")
    t.post("/clock", {"advance_ms": 600001})
    for _ in range(6):
        t.log_in()
    newest, t.access = t.access, first
    equal(t.code("GET", "org"), (401, "INVALID_TOKEN"), "the sixteenth kills the oldest")
    t.access = newest
    equal(t.api("GET", "org")[0], 200, "the newest lives")
    t.post("/clock", {"advance_ms": HOUR})
    equal(t.code("GET", "org"), (401, "INVALID_TOKEN"), "an hour later")
    equal(json.loads(t.raw("GET", "/crm/v8/org")[2])["code"], "AUTHENTICATION_FAILURE", "no token at all")


@promise("ZOHO-19: the API answers at the domain of the token's reply only, and that may move")
def moved():
    t = Crm()
    t.log_in()
    t.post("/move", {"api_host": "localhost"})
    equal(t.code("GET", "org"), (404, "INVALID_URL_PATTERN"), "the old place")
    equal(t.api("GET", "org", host="localhost")[0], 200, "the new one")
    equal(t.token(grant_type="refresh_token", refresh_token=t.refresh)["api_domain"], f"http://localhost:{t.port}", "told by the next token")
    equal(t.get("/move")["wrong_base"], 1, "counted")


@promise("ZOHO-12: each of the ten modules is read and written; envelopes tell entry by entry")
def modules():
    t = Crm()
    account = t.make("Accounts", Account_Name="A", External_Id="a-1")
    product = t.make("Products", Product_Name="P", Unit_Price=2.5)
    vendor = t.make("Vendors", Vendor_Name="V")
    deal = t.make("Deals", Deal_Name="D", Stage="Closed Won", Closing_Date="2026-11-30", Account_Name={"id": account})
    rows = [{"Product_Name": {"id": product}, "Quantity": 3, "List_Price": 2.5, "Discount": 0.5}]
    made = {
        "Contacts": t.make("Contacts", Last_Name="L", Account_Name={"id": account}), "Leads": t.make("Leads", Last_Name="L"),
        "Quotes": t.make("Quotes", Subject="Q", Quoted_Items=rows), "Sales_Orders": t.make("Sales_Orders", Subject="S", Ordered_Items=rows),
        "Purchase_Orders": t.make("Purchase_Orders", Subject="O", Vendor_Name={"id": vendor}, Purchase_Items=rows),
        "Invoices": t.make("Invoices", Subject="I", Account_Name={"id": account}, Invoiced_Items=rows), "Accounts": account, "Products": product,
        "Vendors": vendor, "Deals": deal}
    for module, id_ in made.items():
        equal(t.ok("GET", f"{module}/{id_}")["data"][0]["id"], id_, module)
        equal(t.api("GET", f"{module}?fields=id")[0], 200, f"list of {module}")
    invoice = t.ok("GET", f"Invoices/{made['Invoices']}")["data"][0]
    equal((invoice["Grand_Total"], invoice["Invoiced_Items"][0]["Total"], invoice["Account_Name"]), (7, 7.5, {"name": "A", "id": account}), "it adds up")
    status, reply = t.api("POST", "Accounts", {"data": [{"Account_Name": "B"}, {"Phone": "1"}, {"Account_Name": "C", "External_Id": "A-1"}, {"Account_Name": 7},
                                                       {"Account_Name": "x" * 201}, {"Account_Name": "E", "Parent_Account": {"id": "1"}},
                                                       {"Account_Name": "F", "Books_Balance": "1.50"}]})
    equal((status, [(e["code"], e["details"].get("api_name")) for e in reply["data"]]),
          (207, [("SUCCESS", None), ("MANDATORY_NOT_FOUND", "Account_Name"), ("DUPLICATE_DATA", "External_Id"), ("INVALID_DATA", "Account_Name"),
                 ("INVALID_DATA", "Account_Name"), ("INVALID_DATA", "id"), ("INVALID_DATA", "Books_Balance")]), "entries")
    equal(reply["data"][2]["details"]["duplicate_record"]["id"], account, "whose it is")
    equal(t.code("POST", "Accounts", {"data": [{"Phone": "1"}]}), (400, "MANDATORY_NOT_FOUND"), "all failed")
    equal(t.code("POST", "Accounts", {"data": [{"Account_Name": str(i)} for i in range(101)]}), (400, "INVALID_DATA"), "more than 100")
    equal(t.code("POST", "Deals", {"data": [{"Deal_Name": "D", "Stage": "Nearly", "Closing_Date": "2026-11-30"}]}), (400, "INVALID_DATA"),
          "a stage that is none")
    equal(t.code("POST", "Deals", {"data": [{"Deal_Name": "D", "Stage": "Closed Won"}]}), (400, "MANDATORY_NOT_FOUND"), "the layout's own")
    up = t.ok("POST", "Accounts/upsert", {"data": [{"Account_Name": "New name", "External_Id": "a-1"}, {"Account_Name": "Z", "External_Id": "z"}],
                                         "duplicate_check_fields": ["External_Id"]})["data"]
    equal([(e["action"], e["duplicate_field"]) for e in up], [("update", "External_Id"), ("insert", None)], "upsert")
    equal(t.code("POST", "Accounts/upsert", {"data": [{"Account_Name": "A"}], "duplicate_check_fields": ["Phone"]}), (400, "INVALID_DATA"),
          "Phone is not unique")
    equal(t.api("DELETE", f"Accounts?ids={account},1")[0], 207, "delete")
    equal(t.api("GET", f"Accounts/{account}"), (204, None), "gone")
    equal([d["id"] for d in t.ok("GET", "Accounts/deleted?type=all")["data"]], [account], "in the recycle bin")
    equal(t.errors(), [], "errors")


@promise("rows are kept by id, added without, taken out by _delete; a stale version is a 412")
def updates():
    t = Crm(frozen=True, clock="2026-11-21T00:00:00Z")
    p = t.make("Products", Product_Name="P")
    d = t.make("Deals", Deal_Name="D", Stage="Closed Won", Closing_Date="2026-11-30", Invoice_Lines=[{"Product": {"id": p}, "Amount": 1}, {"Amount": 2}])
    rows = t.ok("GET", f"Deals/{d}")["data"][0]["Invoice_Lines"]
    t.ok("PUT", f"Deals/{d}", {"data": [{"Invoice_Lines": [{"id": rows[0]["id"], "Amount": 5}, {"id": rows[1]["id"], "_delete": None}, {"Amount": 9}]}]})
    now = t.ok("GET", f"Deals/{d}")["data"][0]["Invoice_Lines"]
    equal([(r["id"] == rows[0]["id"], r["Amount"], r["Product"] and r["Product"]["id"]) for r in now], [(True, 5, p), (False, 9, None)], "rows")
    t.post("/clock", {"advance_ms": 5000})
    t.post(f"/records/Deals/{d}", {"Next_Step": "call"})
    since = {"If-Unmodified-Since": "2026-11-21T00:00:01+00:00"}
    equal(t.code("PUT", f"Deals/{d}", {"data": [{"Amount": 3}]}, headers=since), (412, "ALREADY_MODIFIED"), "changed meanwhile")
    equal(t.api("PUT", f"Deals/{d}", {"data": [{"Amount": 3}]}, headers={"If-Unmodified-Since": "2026-11-20T16:00:05-08:00"})[0], 200, "not since")
    t.post(f"/records/Deals/{d}/lock", {"locked": True})
    equal(t.code("PUT", f"Deals/{d}", {"data": [{"Amount": 4}]}), (400, "RECORD_LOCKED"), "locked")


@promise("lists: fields are wanted, 50 at most; pages to 2,000, then tokens that fit their own request for a day; 304 and 204")
def lists():
    t = Crm(settings={"seed": "none"}, frozen=True, clock="2026-11-21T00:00:00Z")
    equal(t.api("GET", "Accounts?fields=Account_Name"), (204, None), "an empty module")
    t.post("/grow", {"module": "Accounts", "count": 450, "spread_ms": 1000})
    equal(t.code("GET", "Accounts"), (400, "REQUIRED_PARAM_MISSING"), "no fields")
    equal(t.code("GET", "Accounts?fields=" + ",".join(f"f{i}" for i in range(51))), (400, "LIMIT_EXCEEDED"), "51 fields")
    equal(t.code("GET", "Accounts?fields=id&per_page=201"), (400, "INVALID_DATA"), "201 a page")
    equal(t.code("GET", "Accounts?fields=id&sort_by=Phone"), (400, "INVALID_DATA"), "sorted by what it is not")
    equal(t.code("GET", "Accounts?fields=id&page=11"), (400, "LIMIT_REACHED"), "beyond 2,000")
    path = "Accounts?fields=Account_Name,Modified_Time&sort_by=Modified_Time&sort_order=asc&per_page=200"
    seen, token = [], None
    while True:
        page = t.ok("GET", path + (f"&page_token={token}" if token else ""))
        seen += [r["id"] for r in page["data"]]
        if not page["info"]["more_records"]:
            break
        token = page["info"]["next_page_token"]
    equal((len(seen), len(set(seen))), (450, 450), "each once")
    equal(t.code("GET", path.replace("200", "100") + f"&page_token={token}"), (400, "INVALID_DATA"), "a token of another request")
    equal(t.code("GET", path + f"&page=1&page_token={token}"), (400, "INVALID_DATA"), "both")
    equal(t.api("GET", "Accounts?fields=id", headers={"If-Modified-Since": "2026-11-21T00:00:01+00:00"}), (304, None), "nothing newer")
    t.post("/clock", {"advance_ms": 25 * HOUR})
    t.log_in()
    equal(t.code("GET", path + f"&page_token={token}"), (400, "INVALID_DATA"), "a day later")
    row = t.ok("GET", "Accounts?fields=Account_Name&per_page=1")["data"][0]
    equal(set(row), {"id", "Account_Name"}, "only what was asked for")


@promise("COQL sees at once what the index of the search sees later")
def finding():
    t = Crm(frozen=True, clock="2026-11-21T00:00:00Z")
    t.post("/clock", {"advance_ms": 60000})
    id_ = t.make("Accounts", Account_Name="O'Neil", Phone="(702) 555-0199")

    def coql(query):
        return t.api("POST", "coql", {"select_query": query})

    equal(t.api("GET", "Accounts/search?word=neil"), (204, None), "not in the index yet")
    status, reply = coql("select id, Account_Name from Accounts where Account_Name = 'o\\'neil' limit 0, 10")
    equal((status, [r["id"] for r in reply["data"]]), (200, [id_]), "COQL")
    t.post("/clock", {"advance_ms": 20000})
    equal(t.api("GET", "Accounts/search?phone=7025550199")[0], 200, "now it is")
    equal(t.ok("GET", "Contacts/search?email=ADA@looms.example")["data"][0]["Last_Name"], "Byron", "e-mail")
    equal(t.ok("GET", "Accounts/search?criteria=" + urllib.parse.quote("((Account_Name:equals:O'Neil)and(Phone:starts_with:\\(702))"))["info"]["count"], 1, "criteria")
    equal(coql("select id from Accounts limit 0, 10")[1]["code"], "SYNTAX_ERROR", "no where")
    equal(coql("select id from Accounts where Colour = 'x'")[1]["code"], "INVALID_QUERY", "no such column")
    equal(coql("select id from Accounts where A = 'x' and B = 'y' and C = 'z'")[1]["code"], "SYNTAX_ERROR", "three without brackets")
    equal(coql("select id from Accounts where id is not null limit 0, 2001")[1]["code"], "LIMIT_EXCEEDED", "too many rows")
    status, reply = coql("select Last_Name, Account_Name.Account_Name from Contacts where (Last_Name = 'Byron' and Account_Name.Account_Name like '%Engines%') order by id desc limit 5 offset 0")
    equal((status, [r["Account_Name.Account_Name"] for r in reply["data"]]), (200, ["Babbage Engines Ltd"]), "through a lookup")
    equal(coql("select id from Accounts where Account_Name in ('x','y')"), (204, None), "none")


@promise("products are linked to a deal once, and unlinked")
def links():
    t = Crm()
    d = t.make("Deals", Deal_Name="D", Stage="Closed Won", Closing_Date="2026-11-30")
    p = [t.make("Products", Product_Name=n) for n in "abc"]
    t.ok("PUT", f"Deals/{d}/Products", {"data": [{"id": p[0]}, {"id": p[1]}, {"id": p[0]}]})
    equal([x["id"] for x in t.ok("GET", f"Deals/{d}/Products?fields=Product_Name")["data"]], p[:2], "linked")
    t.ok("DELETE", f"Deals/{d}/Products?ids={p[0]}")
    equal([x["id"] for x in t.get(f"/records/Deals/{d}")["Products"]], [p[1]], "unlinked")
    equal(t.code("PUT", f"Deals/{d}/Products", {"data": [{"id": "1"}]}), (400, "INVALID_DATA"), "no such product")
    equal(t.code("GET", "Deals/1/Products?fields=Product_Name"), (400, "INVALID_DATA"), "no such deal")
    t.ok("DELETE", f"Products/{p[1]}")
    equal(t.api("GET", f"Deals/{d}/Products?fields=Product_Name"), (204, None), "a deleted product is in no list")


@promise("ZOHO-14: a channel lives a week at most, and silently an hour where more or nothing was asked for; it tells with its token, and lapses")
def channels():
    t, r = Crm(frozen=True, clock="2026-11-21T00:00:00Z"), Receiver()

    def watch(method, **what):
        status, reply = t.api(method, "actions/watch", {"watch": [{"channel_id": "1000000068001", **what}]})
        entry = reply["watch"][0]
        return status, entry["details"]["events"][0]["channel_expiry"] if entry["status"] == "success" else entry["code"]

    base = {"events": ["Accounts.all", "Deals.edit"], "notify_url": r.url, "token": "abc"}
    equal(watch("PATCH", channel_expiry="2026-11-22T00:00:00+00:00"), (400, "NOT_SUBSCRIBED"), "not there yet")
    equal(watch("POST", **base), (201, "2026-11-20T17:00:00-08:00"), "nothing asked for: an hour")
    equal(watch("POST", **base), (202, "INVALID_DATA"), "there already")
    equal(watch("PUT", **base, channel_expiry="2026-11-29T00:00:00+00:00"), (200, "2026-11-20T17:00:00-08:00"), "over a week: an hour")
    equal(watch("PATCH", channel_expiry="2026-11-27T00:00:00+00:00"), (200, "2026-11-26T16:00:00-08:00"), "six days, as asked")
    equal(watch("PUT", **{**base, "token": "x" * 51}), (400, "INVALID_DATA"), "a token of 51")
    equal(watch("PUT", **{**base, "events": ["Accounts.created"]}), (400, "INVALID_DATA"), "no such event")
    a = t.make("Accounts", Account_Name="A")
    d = t.make("Deals", Deal_Name="D", Stage="Closed Won", Closing_Date="2026-11-30")
    t.ok("PUT", f"Deals/{d}", {"data": [{"Amount": 1}]})
    t.ok("DELETE", f"Accounts/{a}")
    equal(t.post("/deliver")["sent"], 3, "sent")
    equal((r.got[0]["token"], r.got[0]["channel_id"], "data" in r.got[0]), ("abc", "1000000068001", False), "the proof, and no record")
    equal(r.take(), [("Accounts", "insert", [a]), ("Deals", "update", [d]), ("Accounts", "delete", [a])], "told")
    for kind, count in (("note_lost", 0), ("note_twice", 2)):
        t.post("/faults", {"kind": kind})
        t.make("Accounts", Account_Name=kind)
        t.post("/deliver")
        equal(len(r.take()), count, kind)
    t.post("/clock", {"set": "2026-11-27T00:00:01Z"})
    t.log_in()
    t.make("Accounts", Account_Name="late")
    equal(t.post("/deliver")["sent"], 0, "lapsed")
    equal(t.api("GET", "actions/watch?channel_id=1000000068001"), (204, None), "and gone")
    equal(watch("PATCH", channel_expiry="2026-11-28T00:00:00+00:00"), (400, "NOT_SUBSCRIBED"), "too late to renew")


@promise("ZOHO-29: an edition has its modules; credits and requests at once have their end")
def editions():
    t = Crm(settings={"edition": "Standard"})
    equal(t.code("GET", "Invoices?fields=Subject"), (400, "INVALID_MODULE"), "no invoices in Standard")
    names = {m["api_name"] for m in t.ok("GET", "settings/modules")["modules"]}
    equal(("Deals" in names, "Invoices" in names, "Sales_Orders" in names), (True, False, False), "modules")
    equal(t.ok("GET", "org")["org"][0]["license_details"]["paid_type"], "standard", "told")
    t = Crm(settings={"credits": 5, "retry_after": 7})
    t.log_in()
    for _ in range(5):
        last = t.raw("GET", "/crm/v8/org", headers={"Authorization": "Zoho-oauthtoken " + t.access})
    equal(last[1].get("x-api-credits-remaining"), "0", "told late in the day")
    status, headers, reply = t.raw("GET", "/crm/v8/org", headers={"Authorization": "Zoho-oauthtoken " + t.access})
    equal((status, headers["retry-after"], json.loads(reply)["code"]), (429, "7", "TOO_MANY_REQUESTS"), "spent")
    t = Crm(settings={"at_once": 2, "work_ms": 300})
    t.log_in()
    got = []
    threads = [threading.Thread(target=lambda: got.append(t.api("GET", "org")[0])) for _ in range(4)]
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    equal(sorted(got), [200, 200, 429, 429], "two at once")


@promise("ALL-12: of two accounts that are merged the survivor has everything, and the other is gone")
def merge():
    t = Crm()
    a, b = t.make("Accounts", Account_Name="A", External_Id="x"), t.make("Accounts", Account_Name="B", Phone="1")
    c = t.make("Contacts", Last_Name="L", Account_Name={"id": b})
    t.post("/merge", {"module": "Accounts", "master": a, "child": b})
    equal(t.api("GET", f"Accounts/{b}"), (204, None), "gone")
    equal(t.ok("GET", f"Accounts/{a}")["data"][0]["Phone"], "1", "filled")
    equal(t.ok("GET", f"Contacts/{c}")["data"][0]["Account_Name"]["id"], a, "moved")


run()
