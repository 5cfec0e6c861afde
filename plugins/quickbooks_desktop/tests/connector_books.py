#!/usr/bin/env python3
"""The connector's requests against the twin's QuickBooks: what it writes is in the books, what it reads is what is there."""
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, exchange, holds, promise, run  # noqa: E402
from lib.bed import BUILD  # noqa: E402

DRIVE = os.path.join(BUILD, "plugins", "quickbooks_desktop", "tests", "qbd_drive")
CLOCK = "2026-11-18T18:00:00Z"
NOW_MS = 1795024800000
keys = iter(range(1, 10 ** 6))


class Books:
    """A twin, and the connector's calls on it."""

    def __init__(self, **settings):
        self.twin = Twin("quickbooks_desktop", {"seed": "shop", **settings}, clock=CLOCK)
        self.drive = subprocess.Popen([DRIVE, str(NOW_MS + 86400000)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.requests = []
        self.session = "mlc"

    def end_session(self):
        self.ask("<HostQueryRq/>", "&end=1")

    def ask(self, request, more=""):
        text = ('<?xml version="1.0" encoding="utf-8"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="continueOnError">'
                f"{request}</QBXMLMsgsRq></QBXML>")
        _, _, body = exchange(f"{self.twin.control_url}/qbxml?app=mlc{more}", "POST", text.encode())
        told = json.loads(body)
        if told.get("hresult"):
            return {"status": 400, "body": f"{told['hresult']}: {told['message']} ({told.get('why')})"}
        return {"status": 200, "body": re.search(r"<QBXMLMsgsRs[^>]*>(.*)</QBXMLMsgsRs>", told["response"], re.S).group(1).strip()}

    def call(self, order):
        self.drive.stdin.write(json.dumps(order) + "\n")
        self.drive.stdin.flush()
        self.requests = []
        while True:
            said = json.loads(self.drive.stdout.readline())
            if said["step"] != "send":
                return said
            self.requests.append(said["request"])
            self.drive.stdin.write(json.dumps(self.ask(said["request"])) + "\n")
            self.drive.stdin.flush()

    def write(self, verb, entity, data=None, record=None):
        order = {"op": "write", "verb": verb, "entity": entity, "data": data or {}, "key": f"key-{next(keys)}"}
        if record:
            order.update(id=record["id"], version=record["version"])
        done = self.call(order)
        equal(done["step"], "done", f"{verb} {entity}: {done.get('text')}")
        return done["writes"][0]

    def make(self, entity, **data):
        done = self.write("create", entity, data)
        holds("settled" in done, f"{entity}: {done}")
        return done["settled"]

    def change(self, record, **data):
        done = self.write("update", record["entity"], data, record)
        holds("settled" in done, f"{record['entity']}: {done}")
        return done["settled"]

    def find(self, entity, **criteria):
        done = self.call({"op": "find", "entity": entity, "data": criteria})
        equal(done["step"], "done", f"find {entity}: {done.get('text')}")
        return done["records"]

    def poll(self, feed, cursor=None):
        done = self.call({"op": "poll", "feed": feed, **({"cursor": cursor} if cursor else {})})
        equal(done["step"], "done", f"poll {feed}: {done.get('text')}")
        return done["records"], done["cursor"]


def name(text):
    return {"name": text}


def ref(record):
    return {"id": record["id"]}


LINES = [
    {"ItemRef": name("MUG-RED"), "Desc": "Red mug", "Quantity": "2", "Amount": "28.00", "SalesTaxCodeRef": name("Tax")},
    {"ItemRef": name("Shipping"), "Desc": "UPS – Ground", "Amount": "6.5", "SalesTaxCodeRef": name("Non")},
]


@promise("each kind of record is made, and comes back as it was given")
def _():
    b = Books()
    made = {}
    customer = b.make("Customer", Name="Zoë Łukasz 😀", CompanyName="Café", FirstName="Zoë", Phone="555-0100", Email="zoe@example.com",
                      BillAddress={"Addr1": "1 Main St", "City": "Reno", "State": "NV", "PostalCode": "89501", "Country": "USA"},
                      TermsRef=name("Net 30"), SalesTaxCodeRef=name("Tax"), IsActive=True)
    equal(customer["data"]["Name"], "Zoë Lukasz ?")
    equal(customer["data"]["BillAddress"]["City"], "Reno")
    equal(customer["data"]["TermsRef"]["name"], "Net 30")
    equal(customer["data"]["IsActive"], True)
    b.make("Customer", Name="Job 1", ParentRef=ref(customer))
    vendor = b.make("Vendor", Name="Mug Works", VendorAddress={"Addr1": "2 Kiln Rd"}, TermsRef=name("Net 15"))
    equal(vendor["data"]["VendorAddress"]["Addr1"], "2 Kiln Rd")
    account = b.make("Account", Name="Web Clearing", AccountType="Bank", AccountNumber="10999", Desc="takings")
    price = {"Desc": "x", "Price": "12.34567", "AccountRef": name("Sales")}
    for kind in "ItemService", "ItemNonInventory", "ItemOtherCharge":
        made[kind] = b.make(kind, Name=f"New {kind}", SalesTaxCodeRef=name("Non"), SalesOrPurchase=price)
        equal(made[kind]["data"]["SalesOrPurchase"]["Price"], "12.34567")
    b.make("ItemInventory", Name="New stock", IncomeAccountRef=name("Sales"), COGSAccountRef=name("Cost of Goods Sold"),
           AssetAccountRef=name("Inventory Asset"), SalesPrice="3.00")
    b.make("ItemDiscount", Name="New discount", AccountRef=name("Sales Discounts"), DiscountRatePercent="5")
    tax = b.make("ItemSalesTax", Name="New tax", TaxRate="8.5", TaxVendorRef=name("NY Dept of Taxation and Finance"))
    b.make("ItemSalesTaxGroup", Name="New taxes", ItemSalesTax=[{"ItemSalesTaxRef": ref(tax)}, {"ItemSalesTaxRef": name("NY City")}])
    b.make("ItemGroup", Name="New set", ItemGroupLine=[{"ItemRef": name("MUG-RED"), "Quantity": "2"}, {"ItemRef": name("TSHIRT"), "Quantity": 1}])
    b.make("StandardTerms", Name="Net 7", StdDueDays=7)
    b.make("PaymentMethod", Name="Stripe", PaymentMethodType="OtherCreditCard")
    b.make("SalesTaxCode", Name="OOS", IsTaxable=False, Desc="Out of state")
    b.make("Class", Name="Web")
    equal([r["data"]["FullName"] for r in b.find("Customer", Name="Job 1")], ["Zoë Lukasz ?:Job 1"])
    equal([r["id"] for r in b.find("Account", FullName="Web Clearing")], [account["id"]])
    for kind, found in made.items():
        equal([(r["id"], r["data"]["ItemType"]) for r in b.find("Item", Name=f"new {kind.lower()}")], [(found["id"], kind)])
    equal(b.find("Item", FullName="New taxes")[0]["data"]["ItemSalesTax"][1]["ItemSalesTaxRef"]["name"], "NY City")
    equal(b.find("Item", FullName="New set")[0]["data"]["ItemGroupLine"][1]["ItemRef"]["name"], "TSHIRT")
    equal([r["data"]["EntityType"] for r in b.find("Entity", FullName="Mug Works")], ["Vendor"])
    equal([r["data"]["StdDueDays"] for r in b.find("Terms", Name="Net 7")], [7])
    equal(len(b.find("SalesTaxCode", Name="oos")), 1)
    equal(len(b.find("PaymentMethod", Name="Stripe")), 1)
    equal(len(b.find("Class", Name="Web")), 1)
    equal(b.twin.errors(), [])


@promise("WOO-39, WOO-15: invoice, payment, credit memo and refund leave receivables at zero and the clearing account right")
def _():
    b = Books()
    customer = b.make("Customer", Name="Ada Byron")
    invoice = b.make("Invoice", CustomerRef=ref(customer), TxnDate="2026-11-01", RefNumber="W1007", ItemSalesTaxRef=name("San Tomas"),
                     InvoiceLine=LINES, IsToBePrinted=False, Memo="Web order 1007")
    equal((invoice["data"]["Subtotal"], invoice["data"]["SalesTaxTotal"]), ("34.50", "2.17"))
    equal([line["ItemRef"]["name"] for line in invoice["data"]["InvoiceLine"]], ["MUG-RED", "Shipping"])
    payment = b.make("ReceivePayment", CustomerRef=ref(customer), TxnDate="2026-11-01", RefNumber="ch_1", TotalAmount="36.67",
                     PaymentMethodRef=name("Visa"), DepositToAccountRef=name("Stripe Clearing"),
                     AppliedToTxn=[{"TxnID": ref(invoice), "PaymentAmount": "36.67"}])
    equal(payment["data"]["AppliedToTxn"][0]["TxnID"], {"id": invoice["id"]})
    paid = b.call({"op": "fetch", "entity": "Invoice", "ids": [invoice["id"]]})["records"][0]
    equal((paid["data"]["IsPaid"], paid["data"]["BalanceRemaining"]), (True, "0.00"))
    equal(paid["data"]["LinkedTxn"][0]["TxnType"], "ReceivePayment")
    memo = b.make("CreditMemo", CustomerRef=ref(customer), TxnDate="2026-11-05", RefNumber="W1007R", ItemSalesTaxRef=name("San Tomas"),
                  CreditMemoLine=[{"ItemRef": name("MUG-RED"), "Quantity": "1", "Amount": "14.00", "SalesTaxCodeRef": name("Tax")}])
    total = memo["data"]["TotalAmount"]
    refund = b.make("ARRefundCreditCard", CustomerRef=ref(customer), RefundFromAccountRef=name("Stripe Clearing"), TxnDate="2026-11-05",
                    RefundAppliedToTxn=[{"TxnID": ref(memo), "RefundAmount": total}])
    equal(refund["data"]["RefundAppliedToTxn"][0]["RefundAmount"], total)
    books = b.twin.get("/books")
    holds(books["balanced"], books["faults"])
    equal(books["trial_balance"].get("Accounts Receivable", "0.00"), "0.00")
    equal(books["trial_balance"]["Stripe Clearing"], f"{36.67 - float(total):.2f}")
    equal([c["balance"] for c in books["customers"] if c["name"] == "Ada Byron"], ["0.00"])


@promise("a refund by cheque is applied to its credit memo")
def _():
    b = Books()
    customer = b.make("Customer", Name="Ada Byron")
    memo = b.make("CreditMemo", CustomerRef=ref(customer), CreditMemoLine=[{"ItemRef": name("ENGRAVING"), "Amount": "10"}])
    b.make("Check", AccountRef=name("Checking"), PayeeEntityRef=ref(customer), RefNumber="77",
           ApplyCheckToTxn=[{"TxnID": ref(memo), "Amount": "10.00"}],
           ExpenseLine=[{"AccountRef": name("Accounts Receivable"), "Amount": "10.00", "CustomerRef": ref(customer)}])
    equal([c["balance"] for c in b.twin.get("/books")["customers"] if c["name"] == "Ada Byron"], ["0.00"])
    equal(len(b.find("Check", RefNumber="77")), 1)


@promise("a sales receipt is found by number, day and customer, and voided without leaving anything behind")
def _():
    b = Books()
    customer = b.make("Customer", Name="Ada Byron")
    receipt = b.make("SalesReceipt", CustomerRef=ref(customer), TxnDate="2026-11-01", RefNumber="W2", ItemSalesTaxRef=name("Out of State"),
                     DepositToAccountRef=name("Stripe Clearing"), PaymentMethodRef=name("Visa"), SalesReceiptLine=LINES)
    for criteria in ({"RefNumber": "w2"}, {"CustomerRef": ref(customer)}, {"CustomerRef": name("ada byron"), "TxnDate": "2026-11-01"},
                     {"RefNumber": "W2", "CustomerRef": ref(customer)}, {"TxnID": receipt["id"]}):
        equal([r["id"] for r in b.find("SalesReceipt", **criteria)], [receipt["id"]], str(criteria))
    equal(b.find("SalesReceipt", RefNumber="W2", CustomerRef={"id": "80000001-1"}), [])
    equal(b.find("SalesReceipt", TxnDate="2026-11-02"), [])
    holds("settled" in b.write("void", "SalesReceipt", record=receipt), "voided")
    equal(b.find("SalesReceipt", RefNumber="W2")[0]["data"]["TotalAmount"], "0.00")
    holds("settled" in b.write("delete", "SalesReceipt", record=receipt), "deleted")
    equal(b.find("SalesReceipt", RefNumber="W2"), [])


@promise("WOO-34, ZUO-17: changed lines keep their ids, the rest of the document is not touched")
def _():
    b = Books()
    customer = b.make("Customer", Name="Ada Byron")
    invoice = b.make("Invoice", CustomerRef=ref(customer), RefNumber="W3", ItemSalesTaxRef=name("Out of State"), Memo="typed by hand",
                     InvoiceLine=[*LINES, {"ItemGroupRef": name("Gift Set")}] if b.find("Item", Name="Gift Set") else LINES)
    ids = [line["TxnLineID"] for line in invoice["data"]["InvoiceLine"]]
    more = [{**LINES[0], "Quantity": "3", "Amount": "42.00"}, {"ItemRef": name("TSHIRT"), "Amount": "21.99", "SalesTaxCodeRef": name("Tax")}, LINES[1]]
    changed = b.change(invoice, InvoiceLine=more, PONumber="PO 7")
    equal(len(b.requests), 2)
    lines = changed["data"]["InvoiceLine"]
    equal([line["ItemRef"]["name"] for line in lines[:3]], ["MUG-RED", "TSHIRT", "Shipping"])
    equal((lines[0]["TxnLineID"], lines[2]["TxnLineID"]), (ids[0], ids[1]))
    equal((changed["data"]["Memo"], changed["data"]["PONumber"]), ("typed by hand", "PO 7"))
    equal(lines[0]["Amount"], "42.00")
    # Without lines: no look before, no line touched; null erases.
    again = b.change(changed, PONumber=None, Memo="ours")
    equal(len(b.requests), 1)
    equal((again["data"].get("PONumber", ""), again["data"]["Memo"]), ("", "ours"))
    equal([line["TxnLineID"] for line in again["data"]["InvoiceLine"]], [line["TxnLineID"] for line in lines])


@promise("ZUO-18, ZUO-19: what a person changed meanwhile is never overwritten")
def _():
    b = Books()
    customer = b.make("Customer", Name="Ada Byron", Phone="1")
    b.twin.post("/person/edit", {"type": "Customer", "name": "Ada Byron", "set": {"Phone": "2"}})
    done = b.write("update", "Customer", {"Fax": "3"}, customer)
    equal(done["refused"], "stale")
    now = b.find("Customer", FullName="Ada Byron")[0]
    equal(now["data"]["Phone"], "2")
    equal(b.change(now, Fax="3")["data"]["Phone"], "2")
    invoice = b.make("Invoice", CustomerRef=ref(customer), RefNumber="W4", InvoiceLine=LINES)
    b.twin.post("/person/edit", {"type": "Invoice", "name": "W4", "set": {"Memo": "mine"}})
    equal(b.write("update", "Invoice", {"InvoiceLine": LINES[:1]}, invoice)["refused"], "stale")


@promise("refusals of the books name the host's next move")
def _():
    b = Books()
    customer = b.make("Customer", Name="Ada Byron")
    equal(b.write("create", "Customer", {"Name": "ada byron"})["refused"], "stale")
    equal(b.write("create", "Vendor", {"Name": "Ada Byron"})["refused"], "stale")
    equal(b.write("create", "Invoice", {"CustomerRef": name("Nobody"), "InvoiceLine": LINES})["refused"], "refused")
    equal(b.write("create", "Invoice", {"CustomerRef": ref(customer), "InvoiceLine": [{"ItemRef": name("No such item")}]})["refused"], "refused")
    b.twin.post("/person/preferences", {"ClosingDate": "2026-10-31"})
    done = b.write("create", "Invoice", {"CustomerRef": ref(customer), "TxnDate": "2026-10-31", "InvoiceLine": LINES})
    equal(done["refused"], "refused")
    holds("closed period" in done["text"], done["text"])
    gone = b.make("Customer", Name="Gone")
    b.twin.post("/person/delete", {"type": "Customer", "name": "Gone"})
    equal(b.write("update", "Customer", {"Phone": "1"}, gone)["refused"], "stale")
    for code, move in ((3175, "retry"), (3180, "retry"), (3260, "refused")):
        b.twin.fault(kind="refuse", path="CustomerAddRq", code=code, message="x")
        equal(b.write("create", "Customer", {"Name": "Next"})["refused"], move)


@promise("ZUO-20, ZUO-23: feeds read all, then only what changed, inactive and deleted ones too")
def _():
    b = Books()
    b.twin.post("/grow", {"count": 250})
    records, cursor = b.poll("customers")
    names = {r["data"]["Name"] for r in records}
    holds(len(records) == len(names) >= 250, f"{len(records)} records, {len(names)} names")
    equal(len(b.requests), 1 + (len(records) + 99) // 100)
    holds(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", cursor), cursor)
    b.twin.post("/clock", {"advance_ms": 900000})
    records, same = b.poll("customers", cursor)
    equal(same, None)
    b.twin.post("/clock", {"advance_ms": 900000})
    b.twin.post("/person/edit", {"type": "Customer", "name": "Customer 000007", "set": {"IsActive": "false"}})
    records, later = b.poll("customers", cursor)
    holds(any(r["data"]["Name"] == "Customer 000007" and r["data"]["IsActive"] is False for r in records), "the inactive one is told")
    holds(later > cursor, f"{later} after {cursor}")
    b.twin.post("/person/delete", {"type": "Customer", "name": "Customer 000008"})
    records, _ = b.poll("deleted_lists")
    holds(any(r["entity"] == "Customer" and r["deleted"] for r in records), "the deletion is told")


@promise("every feed of a shop's books is read")
def _():
    b = Books()
    customer = b.make("Customer", Name="Ada Byron")
    invoice = b.make("Invoice", CustomerRef=ref(customer), RefNumber="W1", InvoiceLine=LINES)
    b.make("ReceivePayment", CustomerRef=ref(customer), TotalAmount="1.00", AppliedToTxn=[{"TxnID": ref(invoice), "PaymentAmount": "1.00"}])
    memo = b.make("CreditMemo", CustomerRef=ref(customer), CreditMemoLine=LINES[:1])
    b.make("SalesReceipt", CustomerRef=ref(customer), SalesReceiptLine=LINES[:1])
    b.make("ARRefundCreditCard", CustomerRef=ref(customer), RefundFromAccountRef=name("Stripe Clearing"),
           RefundAppliedToTxn=[{"TxnID": ref(memo), "RefundAmount": "1.00"}])
    for feed, entity in (("vendors", "Vendor"), ("items", "Item"), ("accounts", "Account"), ("terms", "Terms"), ("salestaxcodes", "SalesTaxCode"),
                         ("paymentmethods", "PaymentMethod"), ("invoices", "Invoice"), ("payments", "ReceivePayment"), ("creditmemos", "CreditMemo"),
                         ("salesreceipts", "SalesReceipt"), ("refunds", "ARRefundCreditCard"), ("customers", "Customer")):
        records, cursor = b.poll(feed)
        holds(records and cursor, f"{feed}: {len(records)} records, cursor {cursor}")
        equal({r["entity"] for r in records}, {entity})
        holds(all(r["version"] for r in records), f"{feed}: each has a version")
    holds(len({r["data"]["ItemType"] for r in b.poll("items")[0]}) >= 5, "items of all kinds")
    equal([r["entity"] for r in b.poll("company")[0]], ["Company", "Preferences"])
    equal(b.poll("classes")[0], [])
    b.write("delete", "Invoice", record=b.make("Invoice", CustomerRef=ref(customer), RefNumber="W9", InvoiceLine=LINES))
    holds(any(r["entity"] == "Invoice" for r in b.poll("deleted_txns")[0]), "the deletion is told")
    equal(b.twin.errors(), [])


@promise("an iteration that its session does not survive begins afresh")
def _():
    b = Books()
    b.twin.post("/grow", {"count": 250})
    b.drive.stdin.write(json.dumps({"op": "poll", "feed": "customers"}) + "\n")
    b.drive.stdin.flush()
    for i in range(4):
        said = json.loads(b.drive.stdout.readline())
        if said["step"] != "send":
            break
        if i == 2:
            equal(said["this_visit"], True)
            b.end_session()
        b.drive.stdin.write(json.dumps(b.ask(said["request"])) + "\n")
        b.drive.stdin.flush()
    equal((said["step"], said["fault"]), ("fail", "retry"))


@promise("what nobody is sure of about QuickBooks makes no difference")
def _():
    for doubt in ({"none_found": "1"}, {"query_order": "shuffled"}, {"list_ids": "shared"}, {"ref_conflict": "name"}, {"inactive_refs": "accept"},
                  {"dead_iterator": "1"}, {"amount_mismatch": "accept"}, {"payment_mod": "all"}, {"summer_offset": "right"}, {"customer_defaults": "false"},
                  {"print_by_default": "false"}, {"schema": "off"}):
        b = Books(**doubt)
        b.twin.post("/grow", {"count": 120})
        records, cursor = b.poll("customers")
        holds(len({r["id"] for r in records}) == len(records) >= 120 and cursor, f"{doubt}: {len(records)} records")
        equal(b.find("Customer", Name="Nobody at all"), [], str(doubt))
        equal(b.find("Invoice", RefNumber="none"), [], str(doubt))
        customer = b.find("Customer", Name="customer 000007")[0]
        gone = b.call({"op": "fetch", "entity": "Customer", "ids": [customer["id"], "80FFFFFF-1"]})["records"]
        equal([r["deleted"] for r in gone], [False, True], str(doubt))
        invoice = b.make("Invoice", CustomerRef=ref(customer), RefNumber="W1", InvoiceLine=LINES)
        b.make("ReceivePayment", CustomerRef=ref(customer), TotalAmount="34.50", AppliedToTxn=[{"TxnID": ref(invoice), "PaymentAmount": "34.50"}])
        now = b.find("Invoice", RefNumber="W1")[0]
        equal(now["data"]["IsPaid"], True, str(doubt))
        equal(b.change(now, Memo="changed")["data"]["Memo"], "changed", str(doubt))
        holds(b.twin.get("/books")["balanced"], str(doubt))
        b.twin.end()


@promise("summer time with its wrong offset, and the hour that comes twice, lose no change")
def _():
    for offset in "wrong", "right":
        for begin in "2026-11-01T07:00:10Z", "2026-03-08T08:00:10Z", "2026-07-01T00:00:10Z":
            b = Books(summer_offset=offset)
            b.twin.end()
            b.twin = Twin("quickbooks_desktop", {"seed": "shop", "summer_offset": offset}, clock=begin, frozen=True)
            cursor = None
            for step in range(1, 16):
                b.twin.post("/clock", {"advance_ms": 20 * 60000})
                who = b.make("Customer", Name=f"Step {step}")["id"]
                records, next_ = b.poll("customers", cursor)
                holds(who in {r["id"] for r in records}, f"{offset} {begin}: change {step} was missed at cursor {cursor}")
                cursor = next_ or cursor
            b.twin.end()


run()
