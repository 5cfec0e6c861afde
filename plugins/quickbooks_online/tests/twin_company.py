#!/usr/bin/env python3
"""The QuickBooks Online twin by itself: tokens, the query language, limits, one list of names, batches, webhooks (SOURCES.md)."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from twin_lib import BASIC, SHOP, SMALL, Company, ago, equal, exchange, holds, promise, run  # noqa: E402

DAY = 86_400_000
LOGIN = "Basic " + base64.b64encode(":".join(BASIC).encode()).decode()


def token(co, login=LOGIN, headers=None, **args):
    status, _, text = exchange(co.url + "/oauth2/v1/tokens/bearer", "POST", urllib.parse.urlencode(args).encode(),
                               {"Authorization": login, "Content-Type": "application/x-www-form-urlencoded", **(headers or {})})
    return status, json.loads(text)


def consent(co, **change):
    args = {"client_id": BASIC[0], "response_type": "code", "scope": "com.intuit.quickbooks.accounting",
            "redirect_uri": "https://mlc.example/cb", "state": "s1", **change}
    status, headers, _ = exchange(co.url + "/connect/oauth2?" + urllib.parse.urlencode({k: v for k, v in args.items() if v}))
    return status, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers.get("location", "")).query))


@promise("consent: the company comes on the redirect and nowhere else; a code is good once, for five minutes, for its address")
def codes():
    co = Company()
    co.twin.post("/pick", {"realm": SMALL})
    status, back = consent(co)
    equal((status, back["state"], back["realmId"]), (302, "s1", SMALL), "redirect")
    good = {"grant_type": "authorization_code", "redirect_uri": "https://mlc.example/cb"}
    equal(token(co, code=back["code"], **{**good, "redirect_uri": "https://other.example"})[1]["error"], "invalid_grant", "another address")
    status, told = token(co, code=back["code"], **good)
    equal((status, told["expires_in"], told["x_refresh_token_expires_in"], "realmId" in told, "x_refresh_token_hard_expires_in" in told),
          (200, 3600, 101 * 86400, False, False), "tokens")
    equal(token(co, code=back["code"], **good)[0], 400, "once")
    late = consent(co)[1]["code"]
    co.twin.post("/clock", {"advance_ms": 301000})
    equal(token(co, code=late, **good)[0], 400, "five minutes")
    equal(token(co, login="Basic eDp5", code=late, **good)[1], {"error": "invalid_client"}, "the keys")
    for change in ({"state": None}, {"client_id": "x"}, {"response_type": "token"}, {"scope": "openid"}):
        equal(consent(co, **change)[0], 400, f"{change}")
    co.twin.fault(kind="consent_denied")
    equal(consent(co)[1]["error"], "access_denied", "somebody says no")


@promise("tokens: access ends after an hour; the refresh value changes once a day, ends after 100 days unused and five years after the consent")
def tokens():
    co = Company()
    first = co.grant["refresh_token"]

    def refresh(value, **headers):
        return token(co, headers=headers, grant_type="refresh_token", refresh_token=value)
    equal(refresh(first)[1]["refresh_token"], first, "the same within the day")
    equal(co.api("GET", "/query?query=select%20*%20from%20Term")[0], 200, "access")
    co.twin.post("/clock", {"advance_ms": 3600000})
    equal(co.refused("GET", "/query?query=select%20*%20from%20Term"), (401, "3200"), "an hour")
    co.twin.post("/clock", {"advance_ms": DAY, "skip": True})
    told = refresh(first, **{"x-include-refresh-token-hard-expires-in": "true"})[1]
    holds(told["refresh_token"] != first and 0 < told["x_refresh_token_hard_expires_in"] < 5 * 365 * 86400, "another the next day, with its last date")
    equal(refresh(first)[1]["error"], "invalid_grant", "the old one is worth nothing")
    second = told["refresh_token"]
    co.twin.post("/clock", {"advance_ms": 101 * DAY, "skip": True})
    equal(refresh(second)[0], 400, "100 days unused")
    again = co.twin.post("/grant", {"realm": SHOP})["refresh_token"]
    for _ in range(19):
        co.twin.post("/clock", {"advance_ms": 95 * DAY, "skip": True})
        again = refresh(again)[1]["refresh_token"]
    co.twin.post("/clock", {"advance_ms": 30 * DAY, "skip": True})
    equal(refresh(again)[0], 400, "five years")
    grace = Company(grace_s=60)
    one = grace.grant["refresh_token"]
    grace.twin.post("/clock", {"advance_ms": DAY, "skip": True})
    equal([token(grace, grant_type="refresh_token", refresh_token=one)[0] for _ in range(2)], [200, 200], "a grace, where one is set")


@promise("the query language: its words, its pages, its limits, and what it does not know")
def queries():
    co = Company()
    equal(len(co.query("select * from Customer")["Customer"]), 6, "all")
    equal(co.query("SELECT COUNT(*) FROM Customer WHERE Active IN (true, false)"), {"totalCount": 6}, "count, capitals")
    equal([c["DisplayName"] for c in co.query("select * from Customer where DisplayName like '%Twin%'")["Customer"]], ["55 Twin Lane"], "like")
    equal([v["DisplayName"] for v in co.query(r"select * from Vendor where DisplayName = 'Diego\'s Road Warrior Bodyshop'")["Vendor"]],
          ["Diego's Road Warrior Bodyshop"], "escaped")
    equal(co.query("select * from Customer where DisplayName = 'nobody'"), {}, "nothing: no key at all")
    page = co.query("select * from Customer orderby DisplayName desc startposition 2 maxresults 2")
    equal(([c["DisplayName"] for c in page["Customer"]], page["startPosition"], page["maxResults"]),
          (["Freeman Sporting Goods", "Diego Rodriguez"], 2, 2), "a page")
    inactive = co.ok("POST", "/customer", {"Id": "17", "SyncToken": "0", "sparse": True, "Active": False})["Customer"]
    equal(inactive["DisplayName"], "Diego Rodriguez (deleted)", "the mark of who is inactive")
    equal((len(co.query("select * from Customer")["Customer"]),
           len(co.query("select * from Customer where Active in (true,false)")["Customer"])), (5, 6), "left out unless asked for")
    for text, code in (("select * from Customer where Id = '1' or Id = '2'", "4000"), ("select * from Customer where (Id = '1')", "4000"),
                       ("select * from Customer where Id != '1'", "4000"),
                       ("delete from Customer", "4000"), ("select * from Customer where Notes = 'x'", "4001"), ("select * from Spaceship", "4001"),
                       ("select * from Customer maxresults 1001", "4001"), ("select * from Customer startposition 0", "4001"), ("", "4000")):
        equal(co.refused("GET", "/query?query=" + urllib.parse.quote(text)), (400, code), text)
    status, _, text = exchange(co.base + "/query", "POST", b"select * from Term", {**co.headers, "Content-Type": "application/text"})
    equal((status, len(json.loads(text)["QueryResponse"]["Term"])), (200, 2), "as a body")
    _, headers, text = exchange(co.base + "/customer/16", headers={"Authorization": co.headers["Authorization"]})
    holds(headers["content-type"].startswith("application/xml") and b"<IntuitResponse" in text, "XML unless told otherwise")


@promise("limits: calls a minute, batches a minute, thirty items, thirty days; other companies are not touched")
def limits():
    co = Company(per_minute=6, batches_per_minute=2)
    other = Company.__new__(Company)
    equal([co.api("GET", "/customer/16")[0] for _ in range(7)], [200] * 6 + [429], "a minute")
    other.__dict__.update(co.__dict__)
    other.realm, other.base = SMALL, f"{co.url}/v3/company/{SMALL}"
    other.headers = {**co.headers, "Authorization": "Bearer " + co.twin.post("/grant", {"realm": SMALL})["access_token"]}
    equal(other.api("GET", "/customer/16")[0], 200, "another company's")
    co.twin.post("/clock", {"advance_ms": 60000})
    one = {"BatchItemRequest": [{"bId": "1", "Query": "select * from Term"}]}
    equal([co.api("POST", "/batch", one)[0] for _ in range(3)], [200, 200, 429], "batches")
    co.twin.post("/clock", {"advance_ms": 60000})
    equal(co.refused("POST", "/batch", {"BatchItemRequest": one["BatchItemRequest"] * 31})[0], 400, "thirty items")
    equal(co.refused("GET", f"/cdc?entities=Customer&changedSince={ago(31)}")[0], 400, "thirty days")
    equal(co.api("GET", f"/cdc?entities=Customer&changedSince={ago(29)}")[0], 200, "and less")
    equal(co.refused("GET", f"/cdc?entities=TaxCode&changedSince={ago(1)}")[0], 400, "not of tax codes")
    status, reply = co.api("GET", "/customer/16", None, Authorization="Bearer nonsense")
    equal((status, reply["fault"]["error"][0]["code"]), (401, "3200"), "the gateway writes in small letters")
    equal(Company(per_minute=500).refused("GET", "/invoice/99999"), (400, "610"), "gone")


@promise("rules: one list of names, versions, closed periods, currencies, what is paid more than owed, what does not balance")
def rules():
    co = Company()
    equal(co.refused("POST", "/vendor", {"DisplayName": "cool CARS"}), (400, "6240"), "one list of names")
    equal(co.refused("POST", "/customer", {"DisplayName": "a:b"}), (400, "2040"), "no colon")
    equal(co.refused("POST", "/customer", {"DisplayName": "x" * 501}), (400, "2050"), "500 characters")
    equal(co.refused("POST", "/customer", {}), (400, "2020"), "no name")
    equal(co.refused("POST", "/customer", {"Id": "16", "SyncToken": "9", "sparse": True, "Notes": "x"}), (400, "5010"), "an old version")
    whole = co.ok("POST", "/customer", {"Id": "16", "SyncToken": "0", "DisplayName": "Cool Cars"})["Customer"]
    holds("PrimaryEmailAddr" not in whole and whole["SyncToken"] == "1", "what a full update leaves out is cleared")
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "12"}}}
    equal(co.refused("POST", "/invoice", {"CustomerRef": {"value": "16"}, "Line": [line], "CurrencyRef": {"value": "EUR"}}), (400, "6000"), "another currency")
    equal(co.refused("POST", "/invoice", {"CustomerRef": {"value": "16"},
                                          "Line": [{**line, "SalesItemLineDetail": {"ItemRef": {"value": "999"}}}]}), (400, "2500"), "no such item")
    co.person("", {"close_date": "2026-06-30"})
    equal(co.refused("POST", "/invoice", {"CustomerRef": {"value": "16"}, "Line": [line], "TxnDate": "2026-06-30"}), (400, "6210"), "closed")
    open_ = co.query("select * from Invoice where Balance > '0' and CustomerRef = '16'")["Invoice"][0]
    pay = {"CustomerRef": {"value": "16"}, "TotalAmt": 9999, "Line": [{"Amount": 9999, "LinkedTxn": [{"TxnId": open_["Id"], "TxnType": "Invoice"}]}]}
    equal(co.refused("POST", "/payment", pay), (400, "6000"), "more than is owed")
    sides = [{"Amount": a, "DetailType": "JournalEntryLineDetail",
              "JournalEntryLineDetail": {"PostingType": p, "AccountRef": {"value": "6"}}} for a, p in ((5, "Debit"), (4, "Credit"))]
    equal(co.refused("POST", "/journalentry", {"Line": sides}), (400, "6000"), "debit and credit")
    co.person("", {"custom_numbers": True})
    co.ok("POST", "/invoice", {"CustomerRef": {"value": "16"}, "Line": [line], "DocNumber": "W1"})
    equal(co.refused("POST", "/invoice", {"CustomerRef": {"value": "16"}, "Line": [line], "DocNumber": "W1"}), (400, "6140"), "a number twice")
    equal(co.twin.errors(), [], "errors")


class Receiver:
    def __init__(self):
        self.got, self.status = [], 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/app/intuit"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@promise("webhooks: signed over the raw body, several companies in one, held back and sent again until they are taken, in both formats")
def hooks():
    co, r = Company(), Receiver()
    co.twin.post("/app", {"url": r.url})
    co.person("/customer/16", {"Notes": "x"})
    co.twin.post(f"/companies/{SMALL}/customer", {"DisplayName": "Other"})
    r.status = 503
    equal(co.twin.post("/deliver"), {"taken": False, "waiting": 2}, "refused: held back")
    r.status = 200
    co.person("/merge", {"kind": "Customer", "from": "17", "to": "18"})
    co.twin.post("/clock", {"advance_ms": 10000})
    headers, body = r.got[-1]
    equal(headers["intuit-signature"], base64.b64encode(hmac.new(b"7f4c1c4a-twin-verifier", body, hashlib.sha256).digest()).decode(), "signature")
    told = [(e["type"], e["intuitaccountid"], e["intuitentityid"]) for e in json.loads(body)]
    equal(told[:2], [("qbo.customer.updated.v1", SHOP, "16"), ("qbo.customer.created.v1", SMALL, json.loads(body)[1]["intuitentityid"])],
          "both companies, in order")
    holds(("qbo.customer.merged.v1", SHOP, "18") in told, "and what came meanwhile")
    co.twin.post("/app", {"format": "classic"})
    co.person("/customer/18", {"Notes": "y"})
    co.twin.post("/deliver")
    told = json.loads(r.got[-1][1])["eventNotifications"]
    equal([(n["realmId"], [(e["name"], e["id"], e["operation"]) for e in n["dataChangeEvent"]["entities"]]) for n in told],
          [(SHOP, [("Customer", "18", "Update")])], "classic")
    equal(co.twin.errors(), [], "errors")


if __name__ == "__main__":
    run()
