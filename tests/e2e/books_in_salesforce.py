#!/usr/bin/env python3
"""QuickBooks Desktop to Salesforce: who, what they owe, each document with its lines, on the accounts that sales people see."""
import json
import os
import time
from decimal import Decimal

from lib import BooksSales, equal, eventually, holds, promise, run
from lib.booksales import CALLS, SECRET

HOUR = 3600 * 1000
RENO = {"Addr1": "Contoso Ltd", "Addr2": "1 Row", "City": "Reno", "State": "NV", "PostalCode": "89501"}


def add(bed, type_, **set_):
    return bed.books.post("/person/add", {"type": type_, "set": set_})


def edit(bed, type_, name, **set_):
    return bed.books.post("/person/edit", {"type": type_, "name": name, "set": set_})


def contoso(bed, **more):
    return add(bed, "Customer", **{**dict(Name="Contoso", CompanyName="Contoso Ltd",
                                          Email="Books@contoso.example", Phone="555 0142",
                                          FirstName="Ada", LastName="Byron",
                                          TermsRef="Net 30", BillAddress=RENO), **more})


def invoice(bed, customer, number, lines=None, **more):
    return add(bed, "Invoice", **{**dict(CustomerRef=customer, RefNumber=number, IsToBePrinted=False, IsToBeEmailed=False,
                                         lines=lines or [{"ItemRef": "ENGRAVING", "Quantity": "1", "Rate": "10.00"}]), **more})


def bill(bed, vendor, number, amount="12.50", **more):
    return add(bed, "Bill",
               **{**dict(VendorRef=vendor, RefNumber=number,
                         ExpenseLineAdd=[{"AccountRef": "Office Supplies", "Amount": amount}]), **more})


def pay(bed, customer, document, amount):
    return add(bed, "ReceivePayment", CustomerRef=customer, TotalAmount=amount, PaymentMethodRef="Cash",
               AppliedToTxnAdd=[{"TxnID": document["TxnID"], "PaymentAmount": amount}])


def quiet(bed):
    equal([(d["flow"], d["label"], d["cause"],
            d.get("why")) for w in ("held", "review") for d in bed.waiting(w)], [], "what waits for a person")


def said(transcript):
    return json.dumps(transcript)


# ---- who ------------------------------------------------------------------------------------------------

@promise("SF-01 SF-02 SF-18 SF-19 SF-25 SF-36 ALL-04 ALL-11: customers, jobs and vendors become accounts, and their changes follow")
def accounts():
    bed = BooksSales()
    contoso(bed)
    for job in ("Kitchen", "Bath", "Hall"):
        add(bed, "Customer", Name=job, ParentRef="Contoso", Email="Books@contoso.example", Phone="555 0142")
    for kind in ("Supplies", "Subcontractors"):
        add(bed, "VendorType", Name=kind)
    add(bed, "Vendor", Name="Clay Works", CompanyName="Clay Works Inc", Phone="555 0199", TermsRef="Net 15", VendorTypeRef="Supplies",
        VendorAddress={"Addr1": "Clay Works", "City": "Austin", "State": "TX", "PostalCode": "73301"})
    bed.settle()
    quiet(bed)
    top = bed.account("Contoso")
    for job in ("Kitchen", "Bath", "Hall"):
        found = bed.record("Account", Name=f"Contoso:{job}")
        equal((found["MLC_FullName__c"], found["ParentId"]), (f"Contoso:{job}", top["id"]), "a job")
    vendor = bed.record("Account", Name="Clay%20Works")
    equal((vendor["BillingCity"], vendor["BillingPostalCode"], vendor["MLC_VendorTerms__c"], vendor["MLC_VendorType__c"], vendor["MLC_IsVendor__c"]),
          ("Austin", "73301", "Net 15", "Supplies", True), "a vendor")
    person = bed.record("Contact", LastName="Byron")
    equal((person["FirstName"], person["AccountId"], person["Email"]),
          ("Ada", top["id"], "books@contoso.example"), "the contact")

    edit(bed, "Customer", "Contoso:Kitchen", Phone="555 7777")
    edit(bed, "Vendor", "Clay Works", TermsRef="Net 30", VendorTypeRef="Subcontractors", Name="Clay Works West")
    bed.settle()
    equal(bed.record("Account", Name="Contoso:Kitchen")["Phone"], "555 7777", "the job's phone")
    renamed = bed.record("Account", Name="Clay%20Works%20West")
    equal((renamed["Id"], renamed["MLC_VendorTerms__c"], renamed["MLC_VendorType__c"]), (vendor["Id"], "Net 30", "Subcontractors"), "the vendor's new name, terms and kind")
    bed.org_is_sound()


@promise("SF-01 SF-04: a company that is customer and vendor is one account with both roles, in whatever order they come")
def both():
    bed = BooksSales()
    add(bed, "Vendor", Name="Contoso Supplies", CompanyName="Contoso Ltd", Phone="(555) 0142", TermsRef="Net 15")
    contoso(bed)
    bill(bed, "Contoso Supplies", "K-7")
    invoice(bed, "Contoso", "1007")
    bed.settle()
    quiet(bed)
    one = [a for a in bed.org()["accounts"] if a.get("VendorId") or a.get("CustomerId")]
    both_ = [a for a in one if a.get("VendorId") and a.get("CustomerId")]
    equal([(a["IsCustomer"], a["IsVendor"], a["Terms"], a["VendorTerms"]) for a in both_],
          [(True, True, "Net 30", "Net 15")], "the account of both")
    equal({d["account"] for d in bed.documents()}, {both_[0]["id"]}, "whose documents")
    bed.org_is_sound()


@promise("SF-04 ALL-11: where the tenant wants it jobs are rolled up into their customer, and a company that buys and sells is two accounts")
def choices():
    bed = BooksSales(params='jobs = "roll_up", both_roles = "two_accounts", send_when = "always", account_name = "company",')
    contoso(bed)
    add(bed, "Customer", Name="Kitchen", ParentRef="Contoso")
    add(bed, "Vendor", Name="Contoso Supplies", CompanyName="Contoso Ltd", Email="Books@contoso.example", Phone="555 0142", VendorAddress=RENO)
    invoice(bed, "Contoso:Kitchen", "1007")
    bill(bed, "Contoso Supplies", "B-1")
    bed.settle()
    quiet(bed)
    customer, vendor = bed.record("Account", MLC_FullName__c="Contoso"), bed.record("Account", MLC_IsVendor__c="true", BillingCity="Reno")
    holds(customer["Id"] != vendor["Id"], "two accounts")
    equal((customer["Name"], customer["MLC_OpenInvoices__c"], Decimal(str(customer["MLC_Balance__c"]))), ("Contoso Ltd", 1, Decimal(10)), "the job's are his")
    equal([a["name"] for a in bed.org()["accounts"] if "Kitchen" in a["name"]], [], "the job has none")
    equal({d["number"]: d["account"] for d in bed.documents()}, {"1007": customer["Id"], "B-1": vendor["Id"]})
    bed.org_is_sound()


@promise("SF-35: a prospect of the sales people is adopted, keeps what they typed, "
         "and shows the books' figures; nothing is doubled")
def adopted():
    bed = BooksSales()
    before = bed.record("Account", Name="Contoso%20Ltd")
    contoso(bed)
    invoice(bed, "Contoso", "1007")
    bed.settle()
    now = bed.record("Account", Id=before["Id"])
    equal((now["Name"], now["Type"], now["BillingCity"]), ("Contoso Ltd", "Prospect", "Reno"), "what sales typed")
    equal((now["Phone"], now["MLC_OpenAmount__c"], now["MLC_IsCustomer__c"]), ("555 0142", 10.0, True), "what the books add")
    equal([a["name"] for a in bed.org()["accounts"] if "Contoso" in a["name"]], ["Contoso Ltd"], "accounts of that name")
    bed.org_is_sound()


@promise("SF-35: an account of the same name elsewhere, and two of them, wait for a person, who decides; "
         "nothing is written meanwhile")
def unclear():
    bed = BooksSales()
    bed.sales.post("/person/add", {"type": "Account", "set": {"Name": "Fabrikam", "BillingCity": "Austin"}})
    add(bed, "Customer", Name="Fabrikam", CompanyName="Fabrikam", BillAddress={"Addr1": "Fabrikam", "City": "Oslo"}, Phone="1")
    invoice(bed, "Fabrikam", "1009")
    bed.settle()
    waits = bed.waiting("review")
    equal([(d["flow"], d["cause"]) for d in waits], [("books-crm.customer", "same_name:Fabrikam")], "what waits")
    equal(bed.documents("Invoice"), [], "documents meanwhile")
    bed.at.mlc("decide", "acme", "--cause", "same_name:Fabrikam", "--choice", "create")
    bed.settle()
    equal(len([a for a in bed.org()["accounts"] if a["name"] == "Fabrikam"]), 2, "accounts after the decision")
    equal([d["number"] for d in bed.documents("Invoice")], ["1009"], "the invoice")
    quiet(bed)


@promise("SF-11: fields that only this org has are found by themselves, checked, written as numbers, and kept current")
def own_fields():
    bed = BooksSales(sales={"own_fields": "Account.Region__c:string Account.Credit__c:currency"}, own="""
return override "quickbooks_desktop.Customer->salesforce.customer_figures@^1" {
  fields = { Region__c = src "BillAddress.State", Credit__c = money(src "CreditLimit") },
}
""")
    eventually(lambda: "reload asked for by discover" in bed.host.said()
               and "generation 2" in bed.host.said(), "what only this org has is known")
    contoso(bed, CreditLimit="2500.00")
    bed.settle()
    quiet(bed)
    found = bed.record("Account", Name="Contoso%20Ltd")
    equal((found["Region__c"], found["Credit__c"]), ("NV", 2500.0), "the org's own fields")
    edit(bed, "Customer", "Contoso", CreditLimit="3000.50")
    bed.settle()
    quiet(bed)
    equal(bed.record("Account", Id=found["Id"])["Credit__c"], 3000.5, "after a change")


@promise("SF-11 SF-09: as long as nobody can tell which fields an org has, the flow that names them waits, "
         "and holds no visit open")
def not_known_yet():
    bed = BooksSales(own="""
return override "quickbooks_desktop.Customer->salesforce.customer_figures@^1" { fields = { Region__c = src "BillAddress.State" } }
""", before=lambda sales: sales.fault(kind="status", path=f"{CALLS}/sobjects/*/describe", status=503, count=0))
    contoso(bed)
    for _ in range(3):
        told = bed.books.control("POST", "/visit", {}, timeout=30)
        equal(told["outcome"], "done", "a visit")
        bed.rest()
    holds(bed.account("Contoso") or bed.record("Account", Name="Contoso%20Ltd"), "other flows go on")
    holds(bed.flows()["customer_figures"]["ready"] > 0, "that one waits")


# ---- what --------------------------------------------------------------------------------------------------

@promise("SF-03 SF-04 SF-21: invoices and bills become opportunities with every line, "
         "their accounts and totals; the forecast knows no bills")
def documents():
    bed = BooksSales()
    contoso(bed)
    add(bed, "Vendor", Name="Clay Works")

    def forecast():
        return sum((Decimal(d["amount"] or "0") for d in bed.org()["documents"]
                    if d["object"] == "Opportunity" and d["forecast"] not in ("Omitted", "Closed")),
                   Decimal(0))
    before = forecast()
    invoice(bed, "Contoso", "1007", TxnDate="2026-10-01", ItemSalesTaxRef="CA State", Memo="for the fair", lines=[
        {"ItemRef": "MUG-RED", "Quantity": "4", "Desc": "Mugs"},
        {"ItemRef": "ENGRAVING", "Quantity": "3", "Rate": "3.33"}, {"Desc": "thank you"}])
    bill(bed, "Clay Works", "K-77", lines=[{"ItemRef": "MUG-RED", "Quantity": "10", "Cost": "3.00"}], TermsRef="Net 15")
    bed.settle()
    quiet(bed)
    sold, owed = bed.documents("Invoice")[0], bed.documents("Bill")[0]
    account = bed.account("Contoso")
    equal((sold["amount"], sold["total"], sold["open"], sold["account"], sold["stage"], sold["state"], sold["date"]),
          ("70.05", "70.05", "70.05", account["id"], "Closed Won", "Overdue", "2026-10-01"), "the invoice")
    equal([(x["product"], x["quantity"], x["total"], x["description"]) for x in sold["lines"]],
          [("MUG-RED", 4, "56.00", "Mugs"), ("ENGRAVING", 3, "9.99", "Engraving"),
           ("CA State", 1, "4.06", "Sales tax CA State")], "its lines")
    equal((owed["amount"], owed["stage"], owed["forecast"], owed["account"]),
          ("42.50", "Closed Lost", "Omitted", bed.account("Clay Works")["id"]), "the bill")
    equal([(x["product"], x["total"]) for x in owed["lines"]],
          [("Account Office Supplies", "12.50"), ("MUG-RED", "30.00")], "its lines")
    kinds = {r["Id"]: r["DeveloperName"] for r in bed.sales.get("/records/RecordType")}
    equal({kinds[r["RecordTypeId"]] for r in bed.sales.get("/records/Opportunity")
           if r["MLC_DocumentType__c"]}, {"MLC_Invoice", "MLC_Bill"}, "record types")
    equal(forecast(), before, "the forecast")

    # Lines come, change and go; what stays keeps its id.
    first = bed.books.get("/records/Invoice/1007")["InvoiceLineRet"][0]["TxnLineID"]
    ids = {x["product"]: x["id"] for x in sold["lines"]}
    bed.books.post("/person/edit", {"type": "Invoice", "name": "1007", "set": {"lines": [
        {"TxnLineID": first, "ItemRef": "MUG-RED", "Quantity": "5", "Rate": "14.00"}, {"ItemRef": "TSHIRT", "Quantity": "1"}]}})
    bed.settle()
    quiet(bed)
    now = bed.documents("Invoice")[0]
    lines = {x["product"]: x for x in now["lines"]}
    equal(sorted(lines), ["CA State", "MUG-RED", "TSHIRT"], "lines after the change")
    equal((lines["MUG-RED"]["id"], lines["MUG-RED"]["quantity"]), (ids["MUG-RED"], 5), "the line that stays")
    equal(Decimal(now["amount"]), sum((Decimal(x["total"]) for x in now["lines"]), Decimal(0)), "amount and lines")
    equal(now["amount"], now["total"], "amount and total")
    bed.org_is_sound()


@promise("SF-21: where the tenant wants orders, an invoice is an opportunity with an order and its items below, to the cent")
def orders():
    bed = BooksSales(params='document = "order"')
    contoso(bed)
    invoice(bed, "Contoso", "1007", ItemSalesTaxRef="CA State", lines=[
        {"ItemRef": "MUG-RED", "Quantity": "4"}, {"ItemRef": "ENGRAVING", "Quantity": "3", "Amount": "10.00", "Desc": "Pins"}])
    bed.settle()
    quiet(bed)
    opportunity, order = bed.documents("Invoice")[0], bed.documents("Invoice", "Order")[0]
    equal((opportunity["amount"], opportunity["lines"]), ("70.06", []), "the opportunity")
    equal((order["amount"], order["total"], order["account"]), ("70.06", "70.06", opportunity["account"]), "the order")
    equal([(x["quantity"], x["unit_price"], x["description"]) for x in order["lines"]],
          [(4, "14.00", "Red mug"), (1, "10.00", "Pins (3)"), (1, "4.06", "Sales tax CA State")], "its items")
    equal(bed.record("Order", Id=order["id"])["OpportunityId"], opportunity["id"], "below the opportunity")
    bed.org_is_sound()


@promise("SF-05 SF-22: the chart of accounts and the items stand in Salesforce; renames follow")
def reference():
    bed = BooksSales()
    bed.settle()
    quiet(bed)
    chart = {r["MLC_FullName__c"]: r for r in bed.sales.get("/records/MLC_LedgerAccount__c")}
    equal(set(bed.books.get("/books")["trial_balance"]) - set(chart), set(), "accounts that are missing")
    equal((chart["Checking"]["MLC_Type__c"], chart["Checking"]["MLC_Number__c"]), ("Bank", "10100"), "an account")
    mug = bed.record("Product2", ProductCode="MUG-RED")
    equal((mug["Name"], mug["IsActive"], mug["MLC_ItemType__c"]), ("Red mug", True, "ItemInventory"), "an item")
    equal([p["UnitPrice"] for p in bed.sales.get(f"/records/PricebookEntry?Product2Id={mug['Id']}")], [14.0], "its price")
    edit(bed, "Account", "Checking", Name="Main checking")
    edit(bed, "ItemInventory", "MUG-RED", Name="MUG-CRIMSON")
    bed.settle()
    equal(bed.record("MLC_LedgerAccount__c", Id=chart["Checking"]["Id"])["Name"], "Main checking", "the account's new name")
    equal(bed.record("Product2", Id=mug["Id"])["ProductCode"], "MUG-CRIMSON", "the item's new code")
    bed.org_is_sound()


@promise("SF-20: drafts and what is still to be sent stay out; sending it, or a payment, brings it")
def sent():
    bed = BooksSales()
    contoso(bed)
    invoice(bed, "Contoso", "1001", IsPending=True)
    mailed = invoice(bed, "Contoso", "1002", IsToBeEmailed=True)
    paid = invoice(bed, "Contoso", "1003", IsToBePrinted=True)
    bed.settle()
    equal(bed.documents("Invoice"), [], "before")
    edit(bed, "Invoice", "1002", IsToBeEmailed=False)
    pay(bed, "Contoso", paid, "4.00")
    bed.settle()
    equal(sorted(d["number"] for d in bed.documents("Invoice")), ["1002", "1003"], "after")
    holds(mailed, "an invoice")
    quiet(bed)


# ---- figures -------------------------------------------------------------------------------------------------

@promise("SF-34: open, paid and aged figures are QuickBooks' own, through payments, credits, a new day, and for jobs")
def figures():
    bed = BooksSales()
    contoso(bed)
    add(bed, "Customer", Name="Kitchen", ParentRef="Contoso")
    clock = bed.books.get("/clock")["now"][:10]
    year, month, day = (int(x) for x in clock.split("-"))

    def ago(days):
        return time.strftime("%Y-%m-%d", time.gmtime(time.mktime((year, month, day, 12, 0, 0, 0, 0, 0)) - days * 86400))
    oldest = invoice(bed, "Contoso", "1", TxnDate=ago(130), DueDate=ago(100))
    invoice(bed, "Contoso", "2", TxnDate=ago(80), DueDate=ago(70),
            lines=[{"ItemRef": "ENGRAVING", "Quantity": "2", "Rate": "10.00"}])
    invoice(bed, "Contoso", "3", TxnDate=ago(50), DueDate=ago(40),
            lines=[{"ItemRef": "ENGRAVING", "Quantity": "3", "Rate": "10.00"}])
    invoice(bed, "Contoso", "4", TxnDate=ago(20), DueDate=ago(10),
            lines=[{"ItemRef": "ENGRAVING", "Quantity": "4", "Rate": "10.00"}])
    invoice(bed, "Contoso", "5", TxnDate=ago(2), DueDate=ago(-28),
            lines=[{"ItemRef": "ENGRAVING", "Quantity": "5", "Rate": "10.00"}])
    # The file's own day may be the one before, by its zone: today is due there, and not overdue.
    invoice(bed, "Contoso:Kitchen", "6", TxnDate=ago(2), DueDate=ago(0),
            lines=[{"ItemRef": "ENGRAVING", "Quantity": "6", "Rate": "10.00"}])
    bed.settle()
    quiet(bed)

    def aged(name):
        a = bed.account(name)
        return tuple(a[k] for k in ("AgeCurrent", "Age30", "Age60", "Age90",
                                    "AgeOver90")), a["OpenInvoices"], a["OpenAmount"], a["Balance"], a["PaidAmount"]
    equal(aged("Contoso"), (("50.00", "40.00", "30.00", "20.00", "10.00"), "5.00", "150.00", "150.00", "0.00"), "at first")
    equal(aged("Contoso:Kitchen")[0], ("60.00", "0.00", "0.00", "0.00", "0.00"), "the job's own")

    pay(bed, "Contoso", oldest, "10.00")
    add(bed, "CreditMemo", CustomerRef="Contoso", RefNumber="C-1", IsToBePrinted=False,
        lines=[{"ItemRef": "ENGRAVING", "Quantity": "1", "Rate": "5.00"}])
    bed.settle()
    now = aged("Contoso")
    equal((now[1], now[2], now[3], now[4]), ("4.00", "140.00", "135.00", "10.00"), "after a payment and a credit")
    equal(sum(Decimal(x) for x in now[0]), Decimal("135.00"), "the ageing is the balance, credits and all")
    equal(bed.account("Contoso")["PaidInvoices"], "1.00", "paid invoices")

    # Three days on, nothing having happened: the job's invoice is overdue.  Two are too few while QuickBooks' day is not yet UTC's.
    for _ in range(3):
        bed.books.post("/clock", {"advance_ms": 24 * HOUR})
        bed.host.advance(24 * HOUR)
    bed.settle()
    equal(aged("Contoso:Kitchen")[0], ("0.00", "60.00", "0.00", "0.00", "0.00"), "the job's, three days later")
    equal({d["number"]: d["state"] for d in bed.documents("Invoice")}["6"], "Overdue", "its invoice")
    bed.org_is_sound()


# ---- the end of things ---------------------------------------------------------------------------------------------

@promise("SF-23: what is deleted, voided or made inactive in QuickBooks is marked in Salesforce; no DELETE is ever sent")
def ends():
    bed = BooksSales()
    contoso(bed)
    add(bed, "Customer", Name="Gone")
    add(bed, "Vendor", Name="Clay Works")
    invoice(bed, "Contoso", "1007")
    invoice(bed, "Contoso", "1008")
    bill(bed, "Clay Works", "K-1")
    bed.settle()
    quiet(bed)
    bed.books.post("/person/delete", {"type": "Invoice", "name": "1007"})
    bed.books.post("/person/void", {"type": "Invoice", "name": "1008"})
    bed.books.post("/person/delete", {"type": "Bill", "name": "K-1"})
    bed.books.post("/person/delete", {"type": "Customer", "name": "Gone"})
    edit(bed, "Customer", "Contoso", IsActive=False)
    edit(bed, "Vendor", "Clay Works", IsActive=False)
    bed.settle()
    quiet(bed)
    equal({d["number"]: (d["state"], d["stage"], d["open"]) for d in bed.documents()},
          {"1007": ("Deleted", "Closed Lost", "0.00"), "1008": ("Void", "Closed Lost", "0.00"),
           "K-1": ("Deleted", "Closed Lost", "0.00")}, "documents")
    equal((bed.account("Contoso")["IsActive"], bed.account("Gone")["IsActive"],
           bed.account("Clay Works")["IsActiveVendor"]), (False, False, False), "accounts")
    bed.org_is_sound()


@promise("ALL-12: accounts merged in Salesforce, customers merged in QuickBooks (the first of all merges "
         "there): the link goes to the survivor, nobody is closed, nobody is new")
def merged():
    bed = BooksSales()
    contoso(bed)
    add(bed, "Customer", Name="Fabrikam", Phone="1")
    bed.settle()
    count = len(bed.org()["accounts"])
    fabrikam, winner = bed.account("Fabrikam"), bed.record("Account", Name="Northwind%20Traders")
    bed.sales.post("/person/merge", {"type": "Account", "winner": winner["Id"], "losers": [fabrikam["id"]]})
    edit(bed, "Customer", "Fabrikam", Phone="2", BillAddress={"Addr1": "F", "City": "Oslo"})
    invoice(bed, "Fabrikam", "1010")
    bed.settle()
    quiet(bed)
    after = bed.org()["accounts"]
    equal(len(after), count - 1, "accounts")
    equal([d["account"] for d in bed.documents("Invoice")], [winner["Id"]], "whose invoice")
    equal([a["IsActive"] for a in after if a["id"] == winner["Id"]], [True], "the survivor is active")

    time.sleep(4)  # stamps are whole seconds: a merge is told by a moment of its own
    bed.books.post("/person/merge", {"type": "Customer", "from": "Fabrikam", "to": "Contoso"})
    bed.settle()
    equal({d["cause"] for d in bed.waiting("review")}, {"merged"}, "both stand in Salesforce: a person merges them there")
    equal(len(bed.org()["accounts"]), count - 1, "accounts after the merge in QuickBooks")
    equal([a["name"] for a in bed.org()["accounts"] if not a["IsActive"]], ["Old Customer"], "who is inactive (from the start)")
    bed.org_is_sound()


@promise("ALL-13: an opportunity that a person deleted is not made again by the next change: a person is asked")
def deleted_there():
    bed = BooksSales()
    contoso(bed)
    made = invoice(bed, "Contoso", "1007")
    bed.settle()
    bed.sales.post("/person/delete", {"type": "Opportunity", "id": bed.documents("Invoice")[0]["id"]})
    pay(bed, "Contoso", made, "3.00")
    bed.settle()
    equal([(d["flow"], d["cause"]) for d in bed.waiting("review")], [("books-crm.invoice", "gone_in_target")], "what waits")
    equal(bed.documents("Invoice"), [], "invoices in Salesforce")


# ---- when things go wrong -------------------------------------------------------------------------------------------

@promise("SF-35 SF-28: replies lost after the effect, locks, 429 and trouble in a row: each account, product and document once")
def storm():
    bed = BooksSales()
    contoso(bed)
    invoice(bed, "Contoso", "1007")
    for kind, more in (("drop_after", {}), ("status", {"status": 429, "headers": {"Retry-After": "1"}, "json": []}),
                       ("status_after", {"status": 503, "body": "<html>busy</html>"}),
                       ("drop_after", {}), ("status",
                        {"status": 500, "json": [{"errorCode": "UNKNOWN_EXCEPTION", "message": "no"}]}),
                       ("drop_before", {}), ("truncate", {})):
        for after in (0, 2, 5, 9, 14, 20):
            bed.sales.fault(kind=kind, method="POST", path=f"{CALLS}/composite", after=after, **more)
    for name in ("Account", "Product2", "Opportunity"):
        bed.sales.fault(kind="lock", path=name, count=2)

    def quiet_enough():
        bed.host.advance(10 * 60 * 1000)
        try:
            bed.settle(3)
        except AssertionError:
            return False
        if bed.waiting("held"):  # whoever had more than his share of it
            bed.at.mlc("release", "acme")
            return False
        return bed.documents("Invoice")
    eventually(quiet_enough, "all is there", 300)
    equal([d["number"] for d in bed.documents("Invoice")], ["1007"], "invoices")
    equal(len([a for a in bed.org()["accounts"] if a.get("CustomerId")]), 6, "accounts of customers")
    bed.org_is_sound()


@promise("SF-30 SF-31 SF-32 ALL-06: an outage of six hours: nothing is lost, all catches up in order; "
         "a refused record is held with its words, and replays")
def outage():
    bed = BooksSales()
    contoso(bed)
    bed.settle()
    down = bed.sales.fault(kind="status", path=f"{CALLS}/*", status=503, body="<html>maintenance</html>", count=0)
    for phone in ("1", "2", "3"):
        edit(bed, "Customer", "Contoso", Fax=phone)
        bed.visit()
        bed.host.advance(2 * HOUR)
    invoice(bed, "Contoso", "1007")
    bed.visit()
    equal(bed.record("Account", Name="Contoso%20Ltd")["Fax"], None, "meanwhile")
    bed.sales.control("DELETE", f"/faults/{down}")
    bed.host.advance(HOUR)
    bed.settle()
    bed.host.advance(HOUR)
    bed.settle()
    equal(bed.record("Account", Name="Contoso%20Ltd")["Fax"], "3", "the newest wins")
    equal([d["number"] for d in bed.documents("Invoice")], ["1007"], "the invoice")

    bed.sales.fault(kind="refuse", path="Account", contains="Tailspin",
                    code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="a website is required")
    add(bed, "Customer", Name="Tailspin")
    add(bed, "Customer", Name="Wingtip")
    bed.settle()
    held = [d for d in bed.waiting("held") if d["flow"].endswith(".customer")]
    equal([d["label"] for d in held], ["customer Tailspin"], "held")
    holds("a website is required" in held[0]["why"], held[0]["why"])
    holds(bed.account("Wingtip"), "the others go on")
    bed.at.mlc("release", "acme", "--cause", held[0]["cause"])
    bed.settle()
    holds(bed.account("Tailspin"), "released")
    trail = bed.at.mlc("audit", "--limit", "500")
    holds("Tailspin" in said(trail), "the trail knows it")
    equal(bed.at.run("audit", "verify")[0], 0, "the trail is whole")
    bed.org_is_sound()


@promise("SF-14: sessions end in the middle of it, sliding or revoked: no business call fails, "
         "and a token is asked for once each time")
def sessions():
    bed = BooksSales(sales={"session_minutes": 30})
    contoso(bed)
    bed.settle()
    tokens = bed.sales.get("/sessions")["tokens"]
    bed.sales.post("/clock", {"advance_ms": 31 * 60 * 1000})
    for number in range(3):
        invoice(bed, "Contoso", f"10{number}")
    bed.sales.fault(kind="session", path=f"{CALLS}/composite", after=1)
    bed.settle()
    quiet(bed)
    equal(len(bed.documents("Invoice")), 3, "invoices")
    told = bed.sales.get("/sessions")["tokens"] - tokens
    holds(1 <= told <= 3, f"{told} tokens for two ended sessions")
    bed.sales.control("DELETE", "/sessions")
    invoice(bed, "Contoso", "109")
    bed.settle()
    equal(len(bed.documents("Invoice")), 4, "invoices after an administrator ended all sessions")
    bed.org_is_sound()


@promise("SF-12 SF-13 ALL-03: My Domain only: the shared host, a wrong secret, no user, "
         "an edition without API, another org: each said in its own words")
def logins():
    bed = BooksSales()
    equal(bed.at.run("ping", "acme/crm")[0], 0, "a healthy one")
    said_ = {}
    for name, settings in {"shared": {"shared_host": "true"}, "user": {"run_as": "none"}, "secret": {"client_secret": "other"},
                           "edition": {"edition": "Professional Edition"}}.items():
        bad = BooksSales(sales=settings)
        code, answer, text = bad.at.run("ping", "acme/crm")
        holds(code == 1, f"{name}: {text}")
        said_[name] = text
    holds("not supported on this domain" in said_["shared"] or "My Domain" in said_["shared"], said_["shared"])
    holds("no client credentials user" in said_["user"], said_["user"])
    holds("API_DISABLED_FOR_ORG" in said_["edition"], said_["edition"])
    equal(len(set(said_.values())), 4, "different words")


@promise("ALL-05: neither the consumer secret nor any token stands on disk, in the log or in the trail in clear")
def secrets():
    bed = BooksSales()
    contoso(bed)
    bed.settle()
    tokens = [x["token"] for x in bed.sales.get("/sessions")["sessions"]]
    holds(tokens, "no token was given")
    places = [p for folder, _, names in os.walk(bed.at.path) for p in (os.path.join(folder, name) for name in names) if os.path.isfile(p)]
    holds(any(p.endswith("host.log") for p in places) and len(places) > 10, places)
    for place in places:
        with open(place, "rb") as f:
            text = f.read()
        for secret in (SECRET, *tokens):
            holds(secret.encode() not in text, f"a secret stands in {place}")
    holds(not any(t in said(bed.at.mlc("audit", "--limit", "500")) for t in (SECRET, *tokens)), "a secret stands in the trail")


@promise("SF-17 SF-28: the org's calls of the day run short: everything stands still and goes on by itself; "
         "few calls are spent per record")
def allowance():
    bed = BooksSales(sales={"daily_calls": 3000}, connection="api_share = 80")
    contoso(bed)
    bed.settle()
    used = bed.sales.get("/calls")["total"]
    bed.sales.post("/spend", {"calls": 3000 - used - 20})
    for n in range(20):
        add(bed, "Customer", Name=f"Customer {n}")
    bed.visit()
    bed.rest()
    waits = [f for f in bed.flows().values() if f["ready"] or f["held"]]
    holds(waits, "something waits for the allowance")
    bed.sales.post("/clock", {"advance_ms": 25 * HOUR})
    for _ in range(3):
        bed.host.advance(HOUR)
        bed.settle()
    equal(len([a for a in bed.org()["accounts"] if a["name"].startswith("Customer ")]), 20, "customers in the end")
    quiet(bed)
    bed.org_is_sound()


@promise("SF-27 SF-26: written back where the tenant wants it: read anew with its EditSequence before each "
         "Mod, no edit of either side lost, no echo")
def written_back():
    bed = BooksSales(params="write_back = true")
    bed.sales.post("/clock",
                   {"frozen": True})  # times are whole seconds there: what sales people do falls into the one of our last write
    contoso(bed)
    bed.settle()
    account = bed.record("Account", Name="Contoso%20Ltd")["Id"]
    bed.sales.post("/person/edit", {"type": "Account", "id": account, "set": {"Phone": "555 9999", "BillingCity": "Sparks"}})
    bed.sales.post("/clock", {"frozen": False})
    edit(bed, "Customer", "Contoso", Fax="7", Notes="pays late")     # the bookkeeper, meanwhile, elsewhere
    bed.rest()
    transcript = said(bed.visit())
    bed.settle()
    quiet(bed)
    now = bed.books.get("/records/Customer/Contoso")
    equal((now["Phone"], now["BillAddress"]["City"], now["Fax"], now["Notes"], now["TermsRef"]["FullName"]),
          ("555 9999", "Sparks", "7", "pays late", "Net 30"), "both edits")
    equal(bed.record("Account", Id=account)["Fax"], "7", "the bookkeeper's, in Salesforce")
    mods = [t for t in [transcript] if "CustomerModRq" in t]
    holds(mods and mods[0].rindex("CustomerQueryRq", 0, mods[0].index("CustomerModRq")) >= 0, "a query before the Mod")
    sequence = now["EditSequence"]
    stamp = bed.record("Account", Id=account)["SystemModstamp"]
    bed.settle()
    bed.settle()
    equal((bed.books.get("/records/Customer/Contoso")["EditSequence"],
           bed.record("Account", Id=account)["SystemModstamp"]), (sequence, stamp), "no echo")

    # The same field on both sides: a person decides, and nothing is overwritten, whichever side is heard first.
    add(bed, "Customer", Name="Fabrikam", Fax="0")
    bed.settle()
    for name, field, first in (("Contoso", "Phone", bed.rest), ("Fabrikam", "Fax", bed.visit)):
        there = bed.account(name)["id"]
        bed.sales.post("/person/edit", {"type": "Account", "id": there, "set": {field: "1"}})
        edit(bed, "Customer", name, **{field: "2"})
        first()
        bed.settle()
        equal((bed.books.get(f"/records/Customer/{name}")[field], bed.record("Account", Id=there)[field]),
              ("2", "1"), f"both stand: {name}")
    equal({d["cause"] for d in bed.waiting("review")}, {"conflict:Phone", "conflict:Fax"}, "what waits")


@promise("SF-27 SF-23: without write_back nothing of Salesforce reaches QuickBooks")
def not_written_back():
    bed = BooksSales()
    contoso(bed)
    bed.settle()
    account = bed.record("Account", Name="Contoso%20Ltd")["Id"]
    bed.sales.post("/person/edit", {"type": "Account", "id": account, "set": {"Phone": "555 9999"}})
    bed.sales.post("/person/delete", {"type": "Account", "id": bed.record("Account", Name="Old%20Customer")["Id"]})
    transcript = said([bed.rest(), bed.visit(), bed.rest(), bed.visit()])
    for word in ("AddRq", "ModRq", "DelRq", "VoidRq"):
        holds(word not in transcript, f"a {word} went to QuickBooks")
    equal(bed.books.get("/records/Customer/Contoso")["Phone"], "555 0142", "the phone there")


# ---- the QuickBooks side ---------------------------------------------------------------------------------------------

@promise("SF-06 SF-07 SF-08 SF-10 SF-24 SF-29: each list and document is asked for by time of change and in "
         "pages, deletions too, in visits that log in")
def questions():
    bed = BooksSales()
    contoso(bed)
    invoice(bed, "Contoso", "1007")
    bed.settle()
    edit(bed, "Customer", "Contoso", Fax="1")
    transcript = said(bed.visit())
    bed.rest()
    for what in ("CustomerQueryRq", "VendorQueryRq", "InvoiceQueryRq", "BillQueryRq", "AccountQueryRq", "TxnDeletedQueryRq",
                 "ListDeletedQueryRq", "AgingReportQueryRq"):
        holds(what in transcript, f"no {what}")
    for what in ("ModifiedDateRangeFilter", "iterator=", "authenticate", "closeConnection"):
        holds(what in transcript, f"no {what}")


@promise("SF-09 ALL-07: QuickBooks closed, the PC asleep: said, nothing hangs, and it goes on after")
def closed():
    bed = BooksSales()
    contoso(bed)
    bed.books.fault(kind="file_closed", count=1)
    bed.visit()
    equal([a for a in bed.org()["accounts"] if a.get("CustomerId")], [], "nothing came")
    bed.settle()
    holds(bed.account("Contoso"), "and then it did")


@promise("SF-26 SF-30: the EditSequence of each customer and vendor is kept with its link and moves with each cycle")
def versions():
    bed = BooksSales()
    contoso(bed)
    bed.settle()

    def kept():
        return {row["source_id"]: row["source_version"] for row in bed.at.mlc("links", "acme", "--flow", "books-crm.customer")["links"]}
    mine = bed.record("Account", Name="Contoso%20Ltd")["MLC_CustomerId__c"]
    before = kept()[mine]
    equal(before, bed.books.get("/records/Customer/Contoso")["EditSequence"], "as QuickBooks has it")
    edit(bed, "Customer", "Contoso", Fax="7")
    bed.settle()
    equal(kept()[mine], bed.books.get("/records/Customer/Contoso")["EditSequence"], "after a change")
    holds(kept()[mine] != before, "it moved")


@promise("SF-33: a new vendor is an account one visit later, well within the interval")
def soon():
    bed = BooksSales()
    bed.settle()
    add(bed, "Vendor", Name="Clay Works")
    begun = time.monotonic()
    bed.visit()
    eventually(lambda: bed.account("Clay Works"), "the account", 60)
    holds(time.monotonic() - begun < 60, "in less than a minute after the visit began")


def several_currencies(bed):
    bed.books.post("/person/preferences", {"IsMultiCurrencyOn": True})
    contoso(bed)
    add(bed, "Customer", Name="Wien Maschinen", CurrencyRef="Euro")
    invoice(bed, "Contoso", "1007", ItemSalesTaxRef="Out of State")
    invoice(bed, "Wien Maschinen", "1008", ItemSalesTaxRef="Out of State",
            lines=[{"ItemRef": "ENGRAVING", "Quantity": "2", "Rate": "50.00"}])
    bed.settle()


@promise("ALL-08: where the books keep several currencies and the org one, a customer's figures say theirs, "
         "and an invoice in euros is held")
def one_currency():
    bed = BooksSales()
    several_currencies(bed)
    wien, dollars = (bed.record("Account", MLC_FullName__c=n) for n in ("Wien%20Maschinen", "Contoso"))
    equal((wien["MLC_Currency__c"], wien["MLC_OpenInvoices__c"], Decimal(str(wien["MLC_Balance__c"])),
           wien["MLC_AgeCurrent__c"]), ("EUR", 1, Decimal(100), None), "euros")
    equal((dollars["MLC_Currency__c"], Decimal(str(dollars["MLC_AgeCurrent__c"]))), ("USD", Decimal(10)), "dollars, aged")
    equal([d["number"] for d in bed.documents("Invoice")], ["1007"])
    equal([d["cause"] for d in bed.waiting("held")], ["currency"])
    bed.org_is_sound()


@promise("ALL-08: where both keep several currencies each invoice is an opportunity in its own; "
         "a price in another than the books' is asked for, made by a person, and used")
def many_currencies():
    bed = BooksSales(sales={"currencies": "many"})
    several_currencies(bed)
    equal([d["number"] for d in bed.documents("Invoice")], ["1007"])
    waiting = bed.waiting("held")
    equal([d["cause"] for d in waiting], ["no_price_in_currency"])
    holds("ENGRAVING" in waiting[0]["why"] and "Euro" in waiting[0]["why"], waiting[0]["why"])
    product = bed.record("Product2", ProductCode="ENGRAVING")
    made = bed.record("PricebookEntry", Product2Id=product["Id"])
    equal(made["CurrencyIsoCode"], "USD", "our own price is the books'")
    bed.sales.post("/person/add", {"type": "PricebookEntry",
                                   "set": {"Product2Id": product["Id"], "Pricebook2Id": made["Pricebook2Id"],
                                           "UnitPrice": 0, "IsActive": True, "CurrencyIsoCode": "EUR"}})
    bed.at.mlc("release", "acme")
    bed.settle()
    quiet(bed)
    equal([(n,
            bed.record("Opportunity", MLC_DocumentNumber__c=n)["CurrencyIsoCode"]) for n in ("1007", "1008")],
          [("1007", "USD"), ("1008", "EUR")])
    equal([(d["number"], Decimal(d["amount"])) for d in bed.documents("Invoice")],
          [("1007", Decimal(10)), ("1008", Decimal(100))])
    bed.org_is_sound()


@promise("ALL-15 ALL-09: in the shadow nothing is written, and go writes what was shown; older documents stay out")
def shadow():
    bed = BooksSales(mode="shadow", start="2026-06-01")
    contoso(bed)
    invoice(bed, "Contoso", "1007")
    invoice(bed, "Contoso", "0900", TxnDate="2026-05-31")
    bed.settle()
    equal([a for a in bed.org()["accounts"] if a.get("CustomerId")], [], "written in the shadow")
    posts = [r for r in bed.sales.get("/calls")["log"] if r["method"] not in ("GET",) and "oauth2" not in r["path"]]
    equal(posts, [], "what changes something")
    bed.at.mlc("go", "acme/books-crm", "--yes")
    bed.settle()
    equal([d["number"] for d in bed.documents("Invoice")], ["1007"], "after go")
    bed.org_is_sound()


if __name__ == "__main__":
    run()
