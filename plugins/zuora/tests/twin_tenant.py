#!/usr/bin/env python3
"""The Zuora twin: tokens, lists, keys, limits, refusals and callouts (SOURCES.md)."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from twin_lib import DOCUMENTS, WHOLE, Tenant, equal, exchange, holds, openapi, promise, run  # noqa: E402


@promise("a token lives for expires_in; a wrong client, another form and an address that asks too often get none")
def tokens():
    t = Tenant({"tokens_per_minute": 6}, frozen=True)
    status, _, reply = t.log_in()
    equal((status, reply["token_type"], reply["expires_in"]), (200, "bearer", 3599))
    equal(t.ask("GET", "/object-query/products")[0], 200)
    t.post("/clock", {"advance_ms": 3599000})
    status, _, reply = t.ask("GET", "/object-query/products")
    equal((status, t.category(reply)), (401, 11), "expired")
    equal(t.log_in()[0], 200)
    t.post("/tokens/revoke")
    equal(t.ask("GET", "/object-query/products")[0], 401, "revoked")
    equal(t.log_in(secret="wrong")[0], 401)
    equal(t.log_in(Authorization="Bearer x")[0], 400, "no Authorization there")
    for _ in range(6):
        status, headers, _ = t.log_in()
    equal((status, "retry-after" in headers), (429, True), "a hundred a minute for one address, or as many as are set")
    equal(t.errors(), [])


@promise("object-query: pages by cursor, each record once; filters, sorting, expansion; what it does not know is a 400")
def lists():
    t = Tenant({"seed": "empty"})
    for n in range(25):
        t.post("/accounts", {"name": f"Account {n:02}", "currency": "USD" if n % 2 else "EUR"})
    names = [a["name"] for a in t.pages("/object-query/accounts?pageSize=7&sort[]=name.DESC")]
    equal(names, [f"Account {n:02}" for n in reversed(range(25))])
    equal(len(t.pages("/object-query/accounts?filter[]=currency.EQ:eur&pageSize=5")), 13, "without regard to case")
    equal(len(t.pages("/object-query/accounts?filter[]=name.IN:%5BAccount 01,Account 02%5D".replace(" ", "%20"))), 2)
    equal(len(t.pages("/object-query/accounts?filter[]=name.SW:account%200&filter[]=currency.NE:USD")), 5, "all filters count")
    one = t.ask("GET", "/object-query/accounts?pageSize=1&expand[]=billto")[2]["data"][0]
    equal(one["billTo"]["firstName"], "Grace")
    equal(t.ask("GET", f"/object-query/accounts/{one['accountNumber']}")[2]["id"], one["id"], "by number")
    for bad in ("pageSize=0", "pageSize=100", "filter[]=notes.EQ:x", "filter[]=name.XX:x", "filter[]=name.IN:x", "sort[]=name",
                "sort[]=notes.ASC", "expand[]=nothing", "cursor=abc",
                "filter[]=Other__c.EQ:1"):
        status, _, reply = t.ask("GET", f"/object-query/accounts?{bad}")
        equal((status, reply["success"]), (400, False), bad)
    equal(t.ask("GET", "/object-query/invoice-items")[0], 400, "which demands a filter")
    equal(t.category(t.ask("GET", "/object-query/accounts/nobody")[2]), 40)
    equal(t.errors(), [])


@promise("a list is cut where it is expanded, as Zuora cuts it")
def expanded():
    t = Tenant()
    account = t.get("/accounts")[0]
    t.post("/invoices", {"account": account["id"], "lines": [{"amount": "1.00"}] * 12})
    page = t.ask("GET", "/object-query/invoices?pageSize=5&expand[]=invoiceitems")[2]
    equal(len(page["data"][0]["invoiceItems"]), 5, "no word of the other seven")
    equal(len(t.pages(f"/object-query/invoice-items?pageSize=5&filter[]=invoiceid.EQ:{page['data'][0]['id']}")), 12)


@promise("an idempotency key brings the first answer again for a day, failures too; for another request it is refused, and elsewhere it has no place")
def keys():
    t = Tenant(frozen=True)
    first = t.ask("POST", "/v1/accounts", WHOLE, Idempotency_Key="k1")[2]
    equal(t.ask("POST", "/v1/accounts", {**WHOLE, "name": "Other"}, Idempotency_Key="k1")[2], first, "the same again")
    wrong = t.ask("POST", "/v1/accounts", {**WHOLE, "billCycleDay": 99}, Idempotency_Key="k2")[2]
    equal((wrong["success"], t.ask("POST", "/v1/accounts", WHOLE, Idempotency_Key="k2")[2]), (False, wrong), "a failure, too")
    equal(t.ask("POST", "/v1/action/query", {"queryString": "select Id from Account"}, Idempotency_Key="k1")[0], 422)
    equal(t.ask("PUT", f"/v1/accounts/{first['accountId']}", {"name": "x"}, Idempotency_Key="k3")[0], 400)
    t.post("/clock", {"advance_ms": 86400000, "skip": True})
    t.log_in()
    holds(t.ask("POST", "/v1/accounts", WHOLE, Idempotency_Key="k1")[2]["accountId"] != first["accountId"], "a day later it is forgotten")
    equal(t.errors(), [])


@promise("accounts: rules of numbers, people, countries and states; what is not sent stays; actions answer for each")
def accounts():
    t = Tenant()
    made = t.ask("POST", "/v1/accounts", {**WHOLE, "accountNumber": "80-1", "QBListID__c": "80-1"})[2]
    for change, category in (({"accountNumber": "80-1"}, 30), ({"accountNumber": "A77"}, 30), ({"autoPay": True}, 30),
                             ({"billCycleDay": 32}, 20), ({"nothing": "x"}, 21),
                             ({"Other__c": "x"}, 21), ({"billToContact": {"firstName": "A", "lastName": "B"}}, 22), ({"name": "\U0001f600"}, 20),
                             ({"billToContact": {"firstName": "A", "lastName": "B", "country": "Atlantis"}}, 20),
                             ({"billToContact": {"firstName": "A", "lastName": "B", "country": "United States", "state": "Reno"}}, 20)):
        status, _, reply = t.ask("POST", "/v1/accounts", {**WHOLE, **change})
        equal((status, reply["success"], t.category(reply)), (200, False, category), str(change))
    equal(t.ask("PUT", f"/v1/accounts/{made['accountId']}", {"billToContact": {"city": "Reno"}})[2], {"success": True})
    told = t.ask("GET", "/v1/accounts/80-1")[2]
    equal((told["billToContact"]["city"], told["billToContact"]["firstName"], told["basicInfo"]["QBListID__c"]), ("Reno", "A", "80-1"))
    equal(t.category(t.ask("PUT", f"/v1/accounts/{made['accountId']}", {"currency": "EUR"})[2]), 21, "cannot be changed")
    invoice = t.post("/invoices", {"account": made["accountId"], "lines": [{"amount": "1.00"}]})
    out = t.ask("POST", "/v1/action/update?rejectUnknownFields=true", {"type": "Invoice", "objects": [
        {"Id": invoice["id"], "QBStatus__c": "open"}, {"Id": "nobody"}, {"Id": invoice["id"], "Nothing": "x"}]})[2]
    equal([(o["Success"], o.get("Errors", [{}])[0].get("Code")) for o in out], [(True, None), (False, "INVALID_ID"), (False, "INVALID_FIELD")])
    equal(t.errors(), [])


@promise("ZOQL: select, where, pages by locator; nothing of Invoice Settlement, or of its absence")
def zoql():
    t = Tenant({"zoql_page": "2"})
    reply = t.ask("POST", "/v1/action/query", {"queryString": "select Id, Name from Account"})[2]
    equal((reply["size"], reply["done"], len(reply["records"])), (3, False, 2))
    equal(t.ask("POST", "/v1/action/queryMore", {"queryLocator": reply["queryLocator"]})[2]["done"], True)
    for bad in ("SELECT Id from Account", "select Id from CreditMemo", "select Id from InvoicePayment",
                "select Id from Account where Name like 'x'", "select Id from Account order by Name"):
        status, _, reply = t.ask("POST", "/v1/action/query", {"queryString": bad})
        holds(status == 400 and reply["faultCode"], bad)
    equal(t.ask("POST", "/v1/action/query", {"queryString": "select Id from Account where Name = 'it\\'s'"})[2]["size"], 0)
    equal(t.errors(), [])


@promise("429 over the limit of a minute, with the seconds until it is over; and over what may run at once")
def limits():
    t = Tenant({"per_minute": 5}, frozen=True)
    statuses = [t.ask("GET", "/object-query/products")[0] for _ in range(6)]
    equal(statuses, [200] * 5 + [429])
    status, headers, _ = t.ask("GET", "/object-query/products")
    holds(0 < int(headers["retry-after"]) <= 60 and headers["ratelimit-reset"] == headers["retry-after"], "seconds until then")
    equal(t.get("/limits")["most_in_a_minute"], 7)


class Receiver:
    def __init__(self):
        self.got, self.statuses = [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = outer.statuses.pop(0) if outer.statuses else 200
                self.send_response(status)
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="x"')
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"


@promise("callouts: challenged first, exactly 200 is success, tried again half an hour later with the same notification id; a 401 or a 400 loses it")
def callouts():
    r = Receiver()
    t = Tenant({"callout_url": r.url, "callout_user": "u", "callout_password": "p", "callout_hmac": "s3", "callout_after_ms": 3600000}, frozen=True)
    account = t.get("/accounts")[0]
    t.post("/payments", {"account": account["id"], "amount": "5.00"})
    r.statuses = [401, 503]
    equal(t.post("/deliver"), {"sent": 1, "waiting": 1})
    equal([h.get("authorization") for h, _ in r.got], [None, "Basic " + base64.b64encode(b"u:p").decode()], "without a login, then with it")
    r.statuses = [401, 200]
    equal(t.post("/deliver"), {"sent": 1, "waiting": 0})
    equal(len({h["zuora-notification-id"] for h, _ in r.got}), 1, "the same notification")
    equal(len({h["zuora-request-id"] for h, _ in r.got}), 4, "each a request of its own")
    headers, body = r.got[-1]
    equal(json.loads(body)["PaymentId"], t.get("/payments")[0]["id"])
    equal(headers["x-mlc-signature"], base64.b64encode(hmac.new(b"s3", body, hashlib.sha256).digest()).decode())
    for status in (202, 400, 401):
        t.post("/payments", {"account": account["id"], "amount": "5.00"})
        r.statuses = [401, status]
        equal(t.post("/deliver"), {"sent": 1, "waiting": 0}, f"{status} is no success, and is not tried again")
    t.post("/payments", {"account": account["id"], "amount": "5.00", "type": "External"})
    equal(t.post("/deliver")["sent"], 0, "external payments raise none, unless it is so set")
    history = t.ask("GET", "/v1/notification-history/callout")[2]["calloutHistories"]
    equal([h["responseCode"] for h in history], [202, 400, 401], "what was lost can be read")
    equal(t.errors(), [])


@promise("what is applied adds up: no more than there is, no more than is open; refunds only of what is applied nowhere")
def ledger():
    t = Tenant()
    account = t.get("/accounts")[0]
    invoice = t.post("/invoices", {"account": account["id"], "lines": [{"amount": "100.00"}]})
    payment = t.post("/payments", {"account": account["id"], "amount": "60.00", "invoices": [{"invoice": invoice["id"], "amount": "60.00"}]})
    for path, body in ((f"/payments/{payment['id']}/apply", {"invoices": [{"invoice": invoice["id"], "amount": "1.00"}]}),
                       (f"/payments/{payment['id']}/refund", {"amount": "1.00"}),
                       (f"/payments/{payment['id']}/unapply", {"invoices": [{"invoice": invoice["id"], "amount": "61.00"}]}),
                       (f"/invoices/{invoice['id']}/reverse", {})):
        equal(exchange(t.control_url + path, "POST", json.dumps(body).encode())[0], 400, path)
    t.post(f"/payments/{payment['id']}/unapply", {"invoices": [{"invoice": invoice["id"], "amount": "10.00"}]})
    t.post(f"/payments/{payment['id']}/refund", {"amount": "10.00"})
    t.post(f"/invoices/{invoice['id']}/write_off", {"amount": "20.00"})
    equal(t.get("/books")["accounts"][0]["balance"], "30.00")
    parts = t.ask("GET", f"/v1/payments/{payment['id']}/parts")[2]["parts"]
    equal([(p["amount"], p["invoiceId"]) for p in parts], [(50, invoice["id"])])
    equal(t.errors(), [])


@promise("parts come by pages of 20, of 40 at most, and the next page is a whole address")
def parts_by_pages():
    t = Tenant()
    account = t.get("/accounts")[0]
    invoices = [t.post("/invoices", {"account": account["id"], "lines": [{"amount": "1.00"}]})["id"] for _ in range(45)]
    payment = t.post("/payments", {"account": account["id"], "amount": "45.00", "invoices": [{"invoice": i, "amount": "1.00"} for i in invoices]})
    path = f"/v1/payments/{payment['id']}/parts"
    page = t.ask("GET", path)[2]
    equal((len(page["parts"]), page["nextPage"]), (20, f"{t.url}{path}?page=2&pageSize=20"), "left to itself")
    page = t.ask("GET", path + "?pageSize=100")[2]
    equal((len(page["parts"]), page["nextPage"]), (40, f"{t.url}{path}?page=2&pageSize=40"), "cut without a word")
    page = t.ask("GET", path + "?pageSize=40&page=2")[2]
    equal((len(page["parts"]), "nextPage" in page), (5, False), "the last")
    equal(t.errors(), [])


@promise("without Invoice Settlement a refund takes back what was applied: the invoice is open again, and ZOQL says what it was of")
def refunds_of_applied():
    t = Tenant({"invoice_settlement": "false"})
    account = t.get("/accounts")[0]
    invoice = t.post("/invoices", {"account": account["id"], "lines": [{"amount": "1000.00"}]})
    payment = t.post("/payments", {"account": account["id"], "amount": "800.00", "invoices": [{"invoice": invoice["id"], "amount": "800.00"}]})
    refund = t.post(f"/payments/{payment['id']}/refund", {"amount": "300.00"})
    equal(t.get(f"/invoices/{invoice['id']}")["balance"], 500)

    def zoql(text):
        return t.ask("POST", "/v1/action/query", {"queryString": text})[2]["records"]
    paid = zoql(f"select Id, Amount, RefundAmount from InvoicePayment where PaymentId = '{payment['id']}'")[0]
    equal((paid["Amount"], paid["RefundAmount"]), (800, 300))
    equal(zoql(f"select InvoicePaymentId, RefundAmount from RefundInvoicePayment where RefundId = '{refund['id']}'"),
          [{"InvoicePaymentId": paid["Id"], "RefundAmount": 300}])
    equal(t.ask("GET", f"/object-query/refund-applications?filter[]=refundid.EQ:{refund['id']}")[0], 404, "which only Invoice Settlement has")
    equal(exchange(t.control_url + f"/payments/{payment['id']}/refund", "POST", b'{"amount":"501.00"}')[0], 400, "no more than is left")
    equal(t.errors(), [])


@promise("the twin refuses what Zuora's own documents refuse")
def refusals():
    documents = openapi.documents(*DOCUMENTS)
    t = Tenant()
    wrong = [("POST", "/v1/accounts", {k: v for k, v in WHOLE.items() if k != name}) for name in ("name", "currency", "billToContact")]
    wrong += [("POST", "/v1/accounts", {**WHOLE, name: value}) for name, value in (
        ("nickname", "x"), ("billCycleDay", "one"), ("autoPay", "no"), ("name", 7))]
    wrong += [("POST", "/v1/accounts", {**WHOLE, "customerServiceRepName": "x" * 51}),
              ("POST", "/v1/action/update", {"type": "Invoice"}), ("POST", "/v1/action/update", {"type": "Invoice", "objects": [], "more": 1}),
              ("GET", "/object-query/accounts?pageSize=0", None), ("GET", "/object-query/accounts?pageSize=100", None),
              ("GET", "/object-query/invoice-items", None)]
    exchanges = [{"method": method, "path": path, "type": "application/json" if body else None,
                  "body": json.dumps(body) if body else ""} for method, path, body in wrong]
    for (method, path, body), told in zip(wrong, openapi.check(documents, exchanges)):
        holds(told["request"], f"the documents take {method} {path} {body}")
        status, _, reply = t.ask(method, path, body)
        holds(status >= 400 or reply.get("success") is False, f"the twin takes {method} {path} {body}: {status} {reply}")
    holds(t.ask("POST", "/v1/accounts", WHOLE)[2]["success"], "and takes what is right")
    equal(t.errors(), [])


if __name__ == "__main__":
    run()
