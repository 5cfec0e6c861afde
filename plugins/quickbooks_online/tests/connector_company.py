#!/usr/bin/env python3
"""The connector's calls against the twin's companies: what it writes is in the books, what it reads is what is there."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from twin_lib import Company, Connector, PIPE, SMALL, ago, carried, equal, holds, promise, run  # noqa: E402

TEN = ["Customer", "Vendor", "Employee", "Item", "Account", "Invoice", "Bill", "PurchaseOrder", "JournalEntry", "Payment"]
keys = iter(range(1, 10 ** 6))


def write(c, verb, entity, data=None, record=None):
    one = {"verb": verb, "data": data, "key": f"key-{next(keys)}"}
    if record:
        one.update(id=record["id"], version=record["version"])
    done = c.call("write", entity=entity, writes=[one])
    equal(done["step"], "done", f"{verb} {entity}: {done['text']}")
    return done["writes"][0]


def made(c, entity, data):
    outcome = write(c, "create", entity, data)
    holds("settled" in outcome, f"create {entity}: {outcome}")
    return outcome["settled"]


@promise("ZEN-03: customers, vendors, employees, items, accounts, invoices, bills, orders, journal entries and payments are read")
def the_ten():
    co = Company()
    c = co.connector()
    done = c.call("poll", feed="changes")
    equal(done["step"], "done", done["text"])
    by = {}
    for r in done["records"]:
        by.setdefault(r["entity"], []).append(r)
    for entity in TEN:
        holds(by.get(entity), f"no {entity} in the first reading")
        one = by[entity][0]
        again = c.call("fetch", entity=entity, ids=[one["id"]])["records"]
        equal([(r["id"], r["data"]) for r in again], [(one["id"], one["data"])], entity)
    bill = by["Bill"][0]["data"]
    equal((bill["VendorRef"]["name"], bill["TotalAmt"], bill["Balance"]), ("Books by Bessie", "75.50", "75.50"), "a bill")
    equal(co.twin.errors(), [], "errors")


@promise("ZEN-05, ZEN-07: what changes comes by change data capture, in one call, deletions too; after 31 days all is compared")
def captured():
    co = Company()
    c = co.connector()
    cursor = c.call("poll", feed="changes")["cursor"]
    co.twin.post("/clock", {"advance_ms": 600000})
    c.now_ms = co.now_ms()
    cursor = c.call("poll", feed="changes", cursor=cursor)["cursor"] # the minute before the first reading again
    done = c.call("poll", feed="changes", cursor=cursor)
    equal((done["step"], done["records"], len(c.requests)), ("done", [], 1), "nothing new")
    books = co.books()
    co.person(f"/customer/{books['customers'][0]['Id']}", {"Notes": "new"})
    co.person(f"/invoice/{books['invoices'][1]['Id']}/delete")
    done = c.call("poll", feed="changes", cursor=done["cursor"])
    equal([(r["entity"], r["id"], r["deleted"]) for r in done["records"]],
          [("Customer", books["customers"][0]["Id"], False), ("Invoice", books["invoices"][1]["Id"], True)], "both")
    co.twin.post("/clock", {"advance_ms": 29 * 86400000, "skip": True})
    co.grant = co.twin.post("/grant")
    c.answer = carried(co.base, {**co.headers, "Authorization": "Bearer " + co.grant["access_token"]})
    c.now_ms = co.now_ms()
    c.call("poll", feed="changes", cursor=done["cursor"])
    equal([r["path"].split("?")[0] for r in c.requests], ["/cdc"], "29 days: captured")
    co.twin.post("/clock", {"advance_ms": 1000})
    c.call("poll", feed="changes", cursor=ago(2))
    holds(len(c.requests) == 15 and all(r["path"].startswith("/query") for r in c.requests), "31 days: compared kind by kind")


@promise("ZEN-07: more than a thousand changes are not taken for all of them")
def many():
    for whose in ("sum", "list"):
        co = Company(SMALL, cdc_limit=whose, per_minute=5000)
        c = co.connector()
        cursor = c.call("poll", feed="changes")["cursor"]
        co.twin.post("/clock", {"advance_ms": 120000})
        co.person("/grow", {"kind": "Customer", "count": 1300})
        c.now_ms = co.now_ms()
        done = c.call("poll", feed="changes", cursor=cursor)
        equal((done["step"], done["fault"]), ("fail", "stale"), f"{done['text']}: the host is told that only a comparison helps")
        done = c.call("poll", feed="changes")
        equal(done["step"], "done", done["text"])
        ids = {r["id"] for r in done["records"] if r["entity"] == "Customer"}
        equal(len(ids), 1301, f"the limit is of the {whose}")


@promise("the first reading of 2,500 customers of one second loses and doubles none")
def one_second():
    co = Company(SMALL)
    co.person("/grow", {"kind": "Customer", "count": 2500})
    c = co.connector()
    done = c.call("poll", feed="changes")
    ids = [r["id"] for r in done["records"] if r["entity"] == "Customer"]
    equal(len(set(ids)), 2501, "all of them")


@promise("a create that is repeated after a lost reply is made once, and answered the same")
def repeated():
    co = Company()
    c = co.connector()
    carry = c.answer
    c.answer = lambda request: (carry(request), carry(request))[1]  # the first reply is lost on the way
    customer = made(c, "Customer", {"DisplayName": "Twice Inc", "PrimaryEmailAddr": {"Address": "t@twice.example"}})
    c.answer = carry
    found = c.call("find", entity="Customer", data={"DisplayName": "Twice Inc"})["records"]
    equal([r["id"] for r in found], [customer["id"]], "once")


@promise("ZEN-08: an update with an old SyncToken is refused as stale; what others wrote stays")
def stale():
    co = Company()
    c = co.connector()
    customer = made(c, "Customer", {"DisplayName": "Stale Inc", "Notes": "ours"})
    co.person(f"/customer/{customer['id']}", {"CompanyName": "theirs"})
    equal(write(c, "update", "Customer", {"Notes": "new"}, customer)["refused"], "stale", "old token")
    now = c.call("fetch", entity="Customer", ids=[customer["id"]])["records"][0]
    done = write(c, "update", "Customer", {"Notes": "new"}, now)["settled"]["data"]
    equal((done["Notes"], done["CompanyName"]), ("new", "theirs"), "both edits")
    cleared = write(c, "update", "Customer", {"CompanyName": None}, c.call("fetch", entity="Customer", ids=[customer["id"]])["records"][0])
    holds("CompanyName" not in cleared["settled"]["data"] and cleared["settled"]["data"]["Notes"] == "new", "erased alone")


@promise("documents are made, paid, changed in batches, voided and deleted; balances move to the cent")
def documents():
    co = Company()
    c = co.connector()
    customer = made(c, "Customer", {"DisplayName": "Paper Inc"})
    item = c.call("find", entity="Item", data={"Name": "Design"})["records"][0]
    line = {"Amount": "1173.41", "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"id": item["id"]}, "Qty": "1", "UnitPrice": "1173.41"}}
    bills = [made(c, "Invoice", {"CustomerRef": {"id": customer["id"]}, "Line": [line]}) for _ in range(3)]
    equal(bills[0]["data"]["TotalAmt"], "1173.41", "to the cent")
    made(c, "Payment", {"CustomerRef": {"id": customer["id"]}, "TotalAmt": "100.01",
                        "Line": [{"Amount": "100.01", "LinkedTxn": [{"TxnId": bills[0]["id"], "TxnType": "Invoice"}]}]})
    found = c.call("find", entity="Invoice", data={"CustomerRef": customer["id"]})["records"]
    equal([r["data"]["Balance"] for r in found], ["1073.40", "1173.41", "1173.41"], "what is open")
    done = c.call("write", entity="Invoice", writes=[
        {"verb": "void", "id": r["id"], "version": r["version"], "key": f"key-{next(keys)}"} for r in found[1:]])
    equal([w["settled"]["data"]["Balance"] for w in done["writes"]], ["0.00", "0.00"], "voided in one batch")
    equal(len(c.requests), 1, "one request")
    equal(write(c, "delete", "Invoice", None, found[0])["settled"]["deleted"], True, "deleted")
    equal(write(c, "delete", "Invoice", None, found[0])["settled"]["deleted"], True, "gone already")
    equal(write(c, "create", "Invoice", {"CustomerRef": {"id": "99999"}, "Line": [line]})["refused"], "refused", "no such customer")
    equal(write(c, "create", "Vendor", {"DisplayName": "Paper Inc"})["refused"], "stale", "a customer has that name")
    equal(co.twin.errors(), [], "errors")


@promise("ZEN-09: an inactive customer is read with his mark, not as deleted; a merged one leads to its documents")
def inactive():
    co = Company()
    c = co.connector()
    cars, diego = co.books()["customers"][:2]
    cursor = c.call("poll", feed="changes")["cursor"]
    co.twin.post("/clock", {"advance_ms": 120000})
    c.now_ms = co.now_ms()
    co.person(f"/customer/{cars['Id']}", {"Active": False})
    r = next(r for r in c.call("poll", feed="changes", cursor=cursor)["records"] if r["id"] == cars["Id"])
    equal((r["deleted"], r["data"]["Active"], r["data"]["DisplayName"]), (False, False, "Cool Cars (deleted)"), "inactive")
    co.person(f"/customer/{cars['Id']}", {"Active": True})
    co.person("/merge", {"kind": "Customer", "from": diego["Id"], "to": cars["Id"]})
    merged = c.call("fetch", entity="Customer", ids=[diego["Id"], cars["Id"]])["records"]
    holds(not any(r["deleted"] for r in merged), "neither is told as deleted")
    equal(sum(1 for i in co.books()["invoices"] if i["CustomerRef"]["value"] == cars["Id"]), 3, "its documents have moved")


@promise("ALL-03: ping tells the company, and each trouble by its own words")
def pings():
    co = Company()
    c = co.connector()
    done = c.call("ping")
    equal((done["step"], done["facts"]["company"], done["facts"]["currency"], done["facts"]["identity"]),
          ("done", "Craig's Design and Landscaping Services", "USD", co.realm), "facts")
    holds(all(r["method"] == "GET" for r in c.requests), "writes nothing")
    wrong = Connector(PIPE, carried(f"{co.url}/v3/company/{SMALL}", co.headers), token={"realmId": SMALL}, now_ms=co.now_ms())
    equal(wrong.call("ping")["fault"], "auth", "another company than was granted")
    co.person("", {"lapsed": True})
    equal((c.call("ping")["fault"], c.call("ping")["after_ms"]), ("limited", 3600000), "the subscription has ended")
    co.person("", {"lapsed": False})
    co.twin.post("/expire")
    equal(c.call("ping")["fault"], "auth", "expired")
    co.twin.fault(kind="html", count=1)
    equal(c.call("ping")["fault"], "broken", "a web page with status 200")


@promise("ZEN-27: over the limit the connection rests for a minute")
def limits():
    co = Company(per_minute=5)
    c = co.connector()
    said = [c.call("fetch", entity="Customer", ids=["16"]) for _ in range(6)]
    equal([s["step"] for s in said], ["done"] * 5 + ["fail"], "five in a minute")
    equal((said[5]["fault"], said[5]["after_ms"]), ("limited", 60000), "a minute")
    co.twin.post("/clock", {"advance_ms": 61000})
    equal(c.call("fetch", entity="Customer", ids=["16"])["step"], "done", "and on")
    spent = Company(reads_per_month=2).connector()
    equal([spent.call("fetch", entity="Customer", ids=["16"])["fault"] for _ in range(3)], ["", "", "limited"], "the month's reads are spent")


if __name__ == "__main__":
    run()
