#!/usr/bin/env python3
"""The connector's requests against the twin's QuickBooks: what it writes is in the books, what it reads is what is there."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, exchange, holds, promise, run  # noqa: E402
from lib.pipe import Connector  # noqa: E402

CLOCK = "2026-11-18T18:00:00Z"
NOW_MS = 1795024800000
keys = iter(range(1, 10 ** 6))


class Books:
    """A twin, and the connector's calls on it."""

    def __init__(self, **settings):
        self.twin = Twin("quickbooks_desktop", {"seed": "shop", **settings}, clock=CLOCK)
        self.pipe = Connector("plugins/quickbooks_desktop/tests/qbd_pipe", self.answer, now_ms=NOW_MS + 86400000)
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

    def answer(self, request):
        told = self.ask(request["body"])
        return told["status"], {}, told["body"]

    @property
    def requests(self):
        """Of the last call."""
        return [r["body"] for r in self.pipe.requests]

    def call(self, order):
        return self.pipe.call(**order)

    def write(self, verb, entity, data=None, record=None):
        one = {"verb": verb, "data": data or {}, "key": f"key-{next(keys)}"}
        if record:
            one.update(id=record["id"], version=record["version"])
        done = self.call({"op": "write", "entity": entity, "writes": [one]})
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

    def fetch(self, entity, *ids):
        done = self.call({"op": "fetch", "entity": entity, "ids": list(ids)})
        equal(done["step"], "done", f"fetch {entity}: {done.get('text')}")
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


@promise("ZUO-20, ZUO-23, WOO-06, ZOHO-32, SF-29: feeds read all in pages of 100, then only what changed, inactive and deleted ones too")
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


def side(which, account, amount, **more):
    return {"JournalLineType": which, "AccountRef": name(account), "Amount": amount, **more}


@promise("ZOHO-06, SF-08: vendors, bills, purchase orders, invoices, payments, accounts, customers, items, employees and journal entries are "
         "polled, found and fetched, with their lines and links")
def _():
    b = Books()
    made = {"Customer": b.make("Customer", Name="Ada Byron", IsActive=True), "Vendor": b.make("Vendor", Name="Mug Works", TermsRef=name("Net 30"))}
    made["Employee"] = b.make("Employee", FirstName="Mary", LastName="Jackson", Email="mary@example.com", EmployeeAddress={"City": "Reno"},
                              HiredDate="2026-01-02")
    equal(made["Employee"]["data"]["Name"], "Mary Jackson")
    made["Bill"] = b.make("Bill", VendorRef=ref(made["Vendor"]), TxnDate="2026-11-01", RefNumber="B-17", Memo="clay",
                          ExpenseLine=[{"AccountRef": name("Office Supplies"), "Amount": "12.5", "Memo": "tape"}],
                          ItemLine=[{"ItemRef": name("MUG-RED"), "Quantity": "10", "Cost": "4.25"}, {"ItemGroupRef": name("GIFT-SET"), "Quantity": "1"}])
    equal((made["Bill"]["data"]["IsPaid"], made["Bill"]["data"]["DueDate"]), (False, "2026-12-01"))
    made["PurchaseOrder"] = b.make("PurchaseOrder", VendorRef=ref(made["Vendor"]), PurchaseOrderLine=[
        {"ItemRef": name("MUG-BLUE"), "Quantity": "50", "Rate": "4.1"}, {"ItemGroupRef": name("GIFT-SET"), "Quantity": "2"}])
    made["JournalEntry"] = b.make("JournalEntry", TxnDate="2026-11-02", RefNumber="J-1", Memo="rent", JournalLine=[
        side("Debit", "Accounts Receivable", "64", EntityRef=ref(made["Customer"])), side("Credit", "Sales", "64.00")])
    made["Invoice"] = b.make("Invoice", CustomerRef=ref(made["Customer"]), RefNumber="W1", InvoiceLine=LINES)
    made["ReceivePayment"] = b.make("ReceivePayment", CustomerRef=ref(made["Customer"]), RefNumber="P1", TotalAmount="1.00",
                                    AppliedToTxn=[{"TxnID": ref(made["Invoice"]), "PaymentAmount": "1.00"}])
    made["Account"] = b.make("Account", Name="Rent", AccountType="Expense")
    made["ItemService"] = b.make("ItemService", Name="Firing", SalesOrPurchase={"Desc": "x", "Price": "1", "AccountRef": name("Sales")})
    feeds = {"Customer": "customers", "Vendor": "vendors", "Employee": "employees", "Account": "accounts", "ItemService": "items", "Invoice": "invoices",
             "Bill": "bills", "PurchaseOrder": "purchaseorders", "JournalEntry": "journalentries", "ReceivePayment": "payments"}
    told = {}
    for kind, feed in feeds.items():
        entity = "Item" if kind == "ItemService" else kind
        told[kind] = next(r for r in b.poll(feed)[0] if r["id"] == made[kind]["id"])
        equal(told[kind]["entity"], entity, feed)
        equal([r["id"] for r in b.fetch(entity, made[kind]["id"])], [made[kind]["id"]], f"{kind} fetched")
        key = "ListID" if "ListID" in told[kind]["data"] else "TxnID"
        equal([r["id"] for r in b.find(entity, **{key: made[kind]["id"]})], [made[kind]["id"]], f"{kind} found")
    bill, order, entry = (told[k]["data"] for k in ("Bill", "PurchaseOrder", "JournalEntry"))
    equal(([x["Amount"] for x in bill["ExpenseLine"]], [x.get("Cost") for x in bill["ItemLine"]]), (["12.50"], ["4.25", None]))
    equal([x["ItemRef"]["name"] for x in bill["ItemLine"][1]["GroupLine"]], ["MUG-RED", "ENGRAVING"], "lines of a group")
    equal((order["TotalAmount"], len(order["PurchaseOrderLine"]), order["PurchaseOrderLine"][1]["GroupLine"][0]["Quantity"]), ("205.00", 2, "4"))
    equal([(x["JournalLineType"], x["Amount"]) for x in entry["JournalLine"]], [("Debit", "64.00"), ("Credit", "64.00")])
    equal(entry["JournalLine"][0]["EntityRef"]["name"], "Ada Byron")
    invoice = b.fetch("Invoice", made["Invoice"]["id"])[0]["data"]
    equal([(x["TxnType"], x["TxnID"], x["Amount"]) for x in invoice["LinkedTxn"]], [("ReceivePayment", made["ReceivePayment"]["id"], "-1.00")], "linked")
    equal([r["id"] for r in b.find("Bill", VendorRef=ref(made["Vendor"]))], [made["Bill"]["id"]], "by vendor")
    equal(b.find("JournalEntry", RefNumber="J-1")[0]["id"], made["JournalEntry"]["id"])
    for kind in "Bill", "PurchaseOrder", "JournalEntry":
        b.write("delete", kind, record=made[kind])
    equal({r["entity"] for r in b.poll("deleted_txns")[0]}, {"Bill", "PurchaseOrder", "JournalEntry"}, "deletions")
    b.write("delete", "Employee", record=made["Employee"])
    equal([r["entity"] for r in b.poll("deleted_lists")[0]], ["Employee"])
    equal(b.fetch("Bill", made["Bill"]["id"])[0]["deleted"], True)
    equal(b.twin.errors(), [])


@promise("Mods of bills, orders and journal entries keep the lines that stay, and a deactivated name is only that")
def _():
    b = Books()
    vendor = b.make("Vendor", Name="Mug Works")
    bill = b.make("Bill", VendorRef=ref(vendor), ExpenseLine=[{"AccountRef": name("Office Supplies"), "Amount": "1"},
                                                              {"AccountRef": name("Sales"), "Amount": "2"}],
                  ItemLine=[{"ItemRef": name("MUG-RED"), "Quantity": "1", "Cost": "4"}])
    ids = [x["TxnLineID"] for x in bill["data"]["ExpenseLine"]]
    changed = b.change(bill, ExpenseLine=[{"AccountRef": name("Office Supplies"), "Amount": "3"}, {"AccountRef": name("Merchant Fees"), "Amount": "5"}])
    lines = changed["data"]["ExpenseLine"]
    equal(([x["TxnLineID"] == i for x, i in zip(lines, ids)], changed["data"]["AmountDue"]), ([True, False], "12.00"), "one kept, one new")
    equal(changed["data"]["ItemLine"], bill["data"]["ItemLine"], "item lines are another list")
    changed = b.change(changed, ExpenseLine=[], Memo="no expenses")
    equal(("ExpenseLine" in changed["data"], changed["data"]["AmountDue"], changed["data"]["OpenAmount"]), (False, "4.00", "4.00"), "cleared")
    order = b.make("PurchaseOrder", VendorRef=ref(vendor), PurchaseOrderLine=[{"ItemRef": name("MUG-RED"), "Quantity": "1", "Rate": "4"}])
    changed = b.change(order, PurchaseOrderLine=[{"ItemRef": name("MUG-RED"), "Quantity": "2", "Rate": "4"},
                                                 {"ItemRef": name("TSHIRT"), "Quantity": "1", "Rate": "1"}])
    equal(changed["data"]["PurchaseOrderLine"][0]["TxnLineID"], order["data"]["PurchaseOrderLine"][0]["TxnLineID"])
    entry = b.make("JournalEntry", JournalLine=[side("Debit", "Office Supplies", "1"), side("Credit", "Checking", "1")])
    changed = b.change(entry, JournalLine=[side("Debit", "Office Supplies", "2"), side("Credit", "Checking", "1"), side("Credit", "Stripe Clearing", "1")])
    equal([x["TxnLineID"] for x in changed["data"]["JournalLine"]][:2], [x["TxnLineID"] for x in entry["data"]["JournalLine"]])
    equal(changed["data"]["JournalLine"][2]["JournalLineType"], "Credit")
    equal(b.change(vendor, IsActive=False)["data"]["IsActive"], False)
    equal(b.write("update", "Bill", {"Memo": "stale"}, bill)["refused"], "stale", "3200")
    equal(b.twin.errors(), [])


@promise("ZUO-07, ZUO-33: a payment is partial, of several invoices, moved, taken back; what is not used stays unused")
def _():
    for how in "listed", "all":
        b = Books(payment_mod=how)
        customer = b.make("Customer", Name="Ada Byron")
        one, two = (b.make("Invoice", CustomerRef=ref(customer), RefNumber=n, InvoiceLine=[{"ItemRef": name("ENGRAVING"), "Amount": "10.00"}]) for n in "12")

        def balances():
            return [b.fetch("Invoice", i["id"])[0]["data"]["BalanceRemaining"] for i in (one, two)]

        payment = b.make("ReceivePayment", CustomerRef=ref(customer), TotalAmount="15", AppliedToTxn=[
            {"TxnID": ref(one), "PaymentAmount": "4"}, {"TxnID": ref(two), "PaymentAmount": "10"}])
        equal((payment["data"]["UnusedPayment"], balances()), ("1.00", ["6.00", "0.00"]), how)
        payment = b.change(payment, AppliedToTxn=[{"TxnID": ref(one), "PaymentAmount": "5"}])
        equal((payment["data"]["UnusedPayment"], balances()), ("10.00", ["5.00", "10.00"]), f"{how}: moved")
        payment = b.change(payment, AppliedToTxn=[])
        equal((payment["data"]["UnusedPayment"], balances()), ("15.00", ["10.00", "10.00"]), f"{how}: taken back")
        payment = b.change(payment, AppliedToTxn=[], Memo="nothing to take back")
        payment = b.change(payment, TotalAmount="20", AppliedToTxn=[{"TxnID": ref(i), "PaymentAmount": "10"} for i in (one, two)])
        equal((payment["data"]["UnusedPayment"], balances()), ("0.00", ["0.00", "0.00"]), f"{how}: applied later")
        equal(b.write("update", "ReceivePayment", {"AppliedToTxn": [{"TxnID": ref(one), "PaymentAmount": "11"}]}, payment)["refused"], "refused", "3210")
        payment = b.change(payment, Memo="kept")
        equal(balances(), ["0.00", "0.00"], "what it pays is left alone")
        b.twin.post("/person/edit", {"type": "ReceivePayment", "id": payment["id"], "set": {"Memo": "by hand"}})
        equal(b.write("update", "ReceivePayment", {"AppliedToTxn": []}, payment)["refused"], "stale", "a person was faster")
        b.write("delete", "ReceivePayment", record=payment)
        equal(balances(), ["10.00", "10.00"], f"{how}: deleted")
        equal(b.twin.get("/books")["balanced"], True)
        equal(b.twin.errors(), [])


@promise("SF-34: the ageing of each customer and vendor is told as QuickBooks' own report has it, and told once more when nothing is owed")
def _():
    b = Books(query_order="shuffled")
    ada, inc = b.make("Customer", Name="Ada Byron"), b.make("Customer", Name="Byron & Co")
    job = b.make("Customer", Name="Job 1", ParentRef=ref(inc))
    made = {}
    for who, due, amount in ((ada, "2026-12-01", "1"), (ada, "2026-11-01", "2"), (ada, "2026-10-01", "4"), (ada, "2026-09-01", "8"), (ada, "2026-06-01", "16"),
                             (job, "2026-11-17", "32")):
        made[amount] = b.make("Invoice", CustomerRef=ref(who), TxnDate="2026-05-01", DueDate=due,
                              InvoiceLine=[{"ItemRef": name("ENGRAVING"), "Amount": amount}])
    b.make("ReceivePayment", CustomerRef=ref(inc), TxnDate="2026-11-01", TotalAmount="3")
    b.make("Bill", VendorRef=name("Clay & Glaze Supplies"), TxnDate="2026-11-01", DueDate="2026-11-10",
           ExpenseLine=[{"AccountRef": name("Sales"), "Amount": "7"}])
    records, cursor = b.poll("customeraging")
    told = {r["id"]: r["data"] for r in records}
    members = ["Current", "Days1To30", "Days31To60", "Days61To90", "Over90", "Total"]
    equal([told[ada["id"]][m] for m in members], ["1.00", "2.00", "4.00", "8.00", "16.00", "31.00"])
    equal((told[job["id"]]["Days1To30"], told[job["id"]]["CustomerRef"]["name"]), ("32.00", "Byron & Co:Job 1"), "a job by itself")
    equal([told[inc["id"]][m] for m in members], ["0.00", "-3.00", "0.00", "0.00", "0.00", "-3.00"], "an unused payment")
    equal(len(told), 3, "nobody else owes")
    equal([(r["data"]["VendorRef"]["name"], r["data"]["Days1To30"]) for r in b.poll("vendoraging")[0]], [("Clay & Glaze Supplies", "7.00")])
    equal([r["data"]["Total"] for r in b.find("CustomerAging", CustomerRef=ref(ada))], ["31.00"], "one, by id")
    equal([r["data"]["Total"] for r in b.find("CustomerAging", CustomerRef={"name": "Ada Byron"})], ["31.00"], "by name")
    web = b.find("Customer", Name="Web Customer")[0]
    equal({r["id"]: r["deleted"] or r["data"]["Total"] for r in b.fetch("CustomerAging", job["id"], web["id"], "80000FFF-1")},
          {job["id"]: "32.00", web["id"]: "0.00", "80000FFF-1": True}, "fetched")
    b.make("ReceivePayment", CustomerRef=ref(job), TotalAmount="32", AppliedToTxn=[{"TxnID": ref(made["32"]), "PaymentAmount": "32"}])
    again, later = b.poll("customeraging", cursor)
    equal({r["id"]: r["data"]["Total"] for r in again}, {ada["id"]: "31.00", inc["id"]: "-3.00", job["id"]: "0.00"}, "paid: told with nothing")
    equal([r["version"] == s["version"] for r in records for s in again if r["id"] == s["id"] == ada["id"]], [True], "what has not moved is no news")
    equal({r["id"] for r in b.poll("customeraging", later)[0]}, {ada["id"], inc["id"]}, "and only once")
    equal(b.twin.errors(), [])


@promise("ALL-12: a merge of customers, vendors or accounts is told as one, whatever it touches; what was only deleted is that")
def _():
    for touches in "all", "survivor", "documents", "none":
        b = Books(merge_touches=touches)
        records, cursor = b.poll("deleted_lists")
        equal((records, bool(cursor)), ([], True), "nothing was deleted yet: from here on each is news")
        b.twin.post("/clock", {"advance_ms": 3600000})
        ada, other = b.make("Customer", Name="Ada Byron"), b.make("Customer", Name="A. Byron")
        unused = b.make("Customer", Name="Unused")
        b.make("Invoice", CustomerRef=ref(other), InvoiceLine=LINES)
        works, more = b.make("Vendor", Name="Mug Works"), b.make("Vendor", Name="Mugworks")
        b.twin.post("/clock", {"advance_ms": 3600000})
        b.twin.post("/person/merge", {"type": "Customer", "from": other["id"], "to": ada["id"]})
        b.twin.post("/clock", {"advance_ms": 60000})
        b.twin.post("/person/merge", {"type": "Vendor", "from": more["id"], "to": works["id"]})
        b.twin.post("/clock", {"advance_ms": 60000})
        b.write("delete", "Customer", record=unused)
        asked_for = {r["id"]: (r["deleted"], r.get("merged_into")) for r in b.fetch("Customer", ada["id"], other["id"], unused["id"])}
        equal(asked_for, {ada["id"]: (False, None), other["id"]: (True, None if touches == "none" else ada["id"]), unused["id"]: (True, None)},
              f"{touches}: who is asked for before the feed tells of it")
        records, later = b.poll("deleted_lists", cursor)
        told = {r["id"]: r.get("merged_into") for r in records}
        knows = touches in ("all", "survivor")
        equal(told[other["id"]], None if touches == "none" else ada["id"], f"{touches}: the customer")
        equal(told[more["id"]], works["id"] if knows else None, f"{touches}: the vendor")
        equal((unused["id"] in told, told.get(unused["id"])), (True, None), f"{touches}: only deleted")
        asked = len(b.requests)
        b.poll("deleted_lists", later)
        holds(asked > 1 and len(b.requests) == 1, "what was told is not looked into again")
        equal(b.twin.errors(), [])


@promise("ALL-12: a name that goes in the moment in which documents go, too, was deleted: one who clears up edits what stands beside it")
def _():
    for goes_with_it in True, False:
        b = Books()
        cursor = b.poll("deleted_lists")[1]
        gone, edited = b.make("Customer", Name="Gone"), b.find("Customer", Name="Web Customer")[0]
        invoice = b.make("Invoice", CustomerRef=ref(edited), InvoiceLine=LINES)
        b.twin.post("/clock", {"advance_ms": 3600000})
        if goes_with_it:
            b.write("delete", "Invoice", record=invoice)
        b.write("delete", "Customer", record=gone)
        b.twin.post("/person/edit", {"type": "Customer", "id": edited["id"], "set": {"Phone": "555-0199"}})
        records, _ = b.poll("deleted_lists", cursor)
        equal([(r["id"], r.get("merged_into")) for r in records], [(gone["id"], None if goes_with_it else edited["id"])], f"with a document: {goes_with_it}")


@promise("ALL-12: several that go in one moment are deletions: who survived whom could not be told")
def _():
    b = Books()
    cursor = b.poll("deleted_lists")[1]
    b.twin.post("/clock", {"advance_ms": 3600000})
    made = [b.make("Customer", Name=f"Unused {i}") for i in range(2)]
    edited = b.find("Customer", Name="Web Customer")[0]
    b.twin.post("/clock", {"advance_ms": 3600000})
    for one in made:
        b.write("delete", "Customer", record=one)
    b.twin.post("/person/edit", {"type": "Customer", "id": edited["id"], "set": {"Phone": "555-0199"}})
    records, _ = b.poll("deleted_lists", cursor)
    equal([r.get("merged_into") for r in records if r["id"] in [m["id"] for m in made]], [None, None])


@promise("an iteration that its session does not survive begins afresh")
def _():
    b = Books()
    b.twin.post("/grow", {"count": 250})
    given = []

    def answer(request):
        given.append(request)
        if len(given) == 3:
            equal(request["this_visit"], True)
            b.end_session()
        return b.answer(request)

    b.pipe.answer = answer
    said = b.call({"op": "poll", "feed": "customers"})
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
