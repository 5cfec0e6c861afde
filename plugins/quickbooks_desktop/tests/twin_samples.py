#!/usr/bin/env python3
"""The twin answers the sample pairs of specs/quickbooks-desktop/samples/authored in the same shape, and the schema agrees."""
import os
import re
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, exchange, holds, promise, run, skip  # noqa: E402
from lib.bed import SPECS  # noqa: E402
from twin_file import SCHEMA, valid  # noqa: E402

SAMPLES = os.path.join(SPECS, "quickbooks-desktop", "samples", "authored")
SDK = os.path.join(SPECS, "quickbooks-desktop", "samples", "sdk")

# In the order in which they were made: later ones speak of what earlier ones wrote.
ORDER = """account-query item-query item-by-kind-query vendor-query bill-query host-company
customer-query-iterator-start customer-query-iterator-continue query-500-some-missing query-1-no-match
customer-add customer-add-3100-duplicate customer-add-job customer-mod customer-mod-3200-edit-sequence field-too-long-3070
message-set-clear-unknown-600 invoice-add invoice-add-resent-after-lost-response message-set-clear invoice-add-3140-bad-reference
invoice-mod invoice-query-modified invoice-query-by-refnumber receive-payment-add receive-payment-add-autoapply
receive-payment-add-3210-too-much credit-memo-add data-ext-add error-3175 error-3180 error-3250 error-3260
txn-del txn-deleted-query list-deleted-query wrong-element-order""".split()

# What QuickBooks tells beyond the samples (which a smaller stub wrote).
MORE = {"ARAccountRef", "BillAddressBlock", "SpecialAccountType", "IsToBePrinted", "IsToBeEmailed", "AccountRef", "ItemDesc",
        "SalesTaxCodeRef", "APAccountRef", "DueDate", "DepositToAccountRef", "CustomerSalesTaxCodeRef", "TaxVendorRef", "OpenAmount"}

FAULTS = {
    "error-3175": (3175, "There was an error adding, modifying or deleting the Customer because it is already in use by another user."),
    "error-3180": (3180, "There was an error when saving a Invoice."),
    "error-3250": (3250, "This feature is not enabled or not available in this version of QuickBooks."),
    "error-3260": (3260, "Insufficient permission level to perform this action."),
}

def read(name):
    with open(os.path.join(SAMPLES, name), encoding="utf-8") as f:
        return f.read()


def translate(text, names):
    return re.sub(r"[0-9A-Fa-f{}-]{6,}", lambda found: names.get(found.group(), found.group()), text)


def learn(theirs, ours, names):
    """The same place in both answers holds the same thing: its id here is that id there."""
    if theirs.tag in ("ListID", "TxnID", "TxnLineID", "EditSequence") and theirs.text and ours.text:
        if theirs.tag != "EditSequence" or theirs.text not in names:
            names[theirs.text] = ours.text
    if theirs.attrib.get("iteratorID"):
        names[theirs.attrib["iteratorID"]] = ours.attrib.get("iteratorID", "")
    used = 0
    mine = list(ours)
    for child in theirs:
        while used < len(mine) and mine[used].tag != child.tag:
            holds(mine[used].tag in MORE, f"{theirs.tag}: unexpected {mine[used].tag} before {child.tag}")
            used += 1
        holds(used < len(mine), f"{theirs.tag} lacks {child.tag}")
        learn(child, mine[used], names)
        used += 1
    for rest in mine[used:]:
        holds(rest.tag in MORE, f"{theirs.tag}: unexpected {rest.tag}")


SAME = ("Name", "FullName", "IsActive", "Sublevel", "CompanyName", "Addr1", "City", "Phone", "Email", "RefNumber", "Subtotal", "SalesTaxTotal",
        "TotalAmount", "Amount", "Quantity", "Rate", "BalanceRemaining", "AppliedAmount", "IsPaid", "CreditRemaining", "UnusedPayment", "Memo",
        "QuantityOnHand", "AccountType", "AccountNumber", "DataExtValue", "Balance", "TotalBalance", "SalesPrice", "Price", "TxnType",
        "SalesTaxPercentage", "AmountDue", "TxnDelType", "ListDelType", "FirstName", "JobStatus")


def values_agree(theirs, ours, but=()):
    def told(e):
        return [(x.tag, x.text) for x in e.iter() if x.tag in SAME and x.tag not in but and (x.text or "").strip()]
    want, got = told(theirs), told(ours)
    extra = list(got)
    for pair in want:
        holds(pair in extra, f"value {pair} is not told (told: {got})")
        extra.remove(pair)


def ask(twin, text, query=""):
    import json
    status, _, reply = exchange(twin.control_url + "/qbxml" + query, "POST", text.encode())
    equal(status, 200, reply[:500])
    return json.loads(reply)


def needs_samples():
    if not os.path.isdir(SAMPLES):
        skip("the sample pairs are not here (MLC_SPECS)")


def sample_twin(schema):
    return Twin("quickbooks_desktop", {"seed": "sample", "customer_defaults": "false", "list_ids": "shared", "schema": schema},
                clock="2026-11-21T00:29:50Z")


def walk_the_samples(schema):
    twin = sample_twin(schema)
    names = {}
    for name in ORDER:
        if name in FAULTS:
            code, message = FAULTS[name]
            twin.fault(kind="refuse", path="CustomerAddRq", code=code, message=message)
        if name == "list-deleted-query":
            twin.post("/person/delete", {"type": "Customer", "name": "Customer 012"})
        twin.post("/clock", {"advance_ms": 1000})
        done = ask(twin, translate(read(name + ".rq.xml"), names))
        if name == "wrong-element-order":
            equal(done["hresult"], "0x80040400", name)
            continue
        holds("response" in done, f"{name}: {done}")
        theirs, ours = ET.fromstring(read(name + ".rs.xml")), ET.fromstring(done["response"])
        for a, b in zip(theirs.iter(), ours.iter()):
            if a.tag.endswith("Rs"):
                for key in ("statusCode", "statusSeverity", "requestID", "messageSetStatusCode", "newMessageSetID", "iteratorRemainingCount"):
                    equal(b.attrib.get(key), a.attrib.get(key), f"{name} {a.tag} {key}")
            break
        try:
            learn(theirs, ours, names)
            # The stub kept no ledger: its accounts stand at 0.00.
            values_agree(theirs, ours, ("Balance", "TotalBalance") if name == "account-query" else ())
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}\n{done['response'][:3000]}") from None
        if os.path.exists(SCHEMA):
            valid(done["response"])
    books = twin.get("/books")
    equal((books["balanced"], books["faults"]), (True, []), "books")
    equal(twin.errors(), [], "errors")


@promise("sample pairs are answered in the same shape, checked by the vendor's schema and by our own")
def samples_with_schema():
    needs_samples()
    walk_the_samples("required")


@promise("sample pairs are answered in the same shape with our own shapes alone")
def samples_without_schema():
    needs_samples()
    walk_the_samples("off")


@promise("the first answer of a session (HCP) has the sample's elements in its order")
def hcp():
    needs_samples()
    twin = sample_twin("off")
    text = ('<?xml version="1.0"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="continueOnError"><HostQueryRq requestID="0"/>'
            '<CompanyQueryRq requestID="1"/><PreferencesQueryRq requestID="2"/></QBXMLMsgsRq></QBXML>')
    done = ask(twin, text)
    theirs, ours = ET.fromstring(read("hcp-response.xml")), ET.fromstring(done["response"])
    equal([e.tag for e in ours[0]], [e.tag for e in theirs[0]], "answers")
    for a, b in zip(theirs[0], ours[0]):
        want, got = [e.tag for e in a.iter()], [e.tag for e in b.iter()]
        holds(all(tag in got for tag in want), f"{a.tag} lacks {set(want) - set(got)}")


@promise("the SDK's own sample requests are understood or refused by name, never by a parse error")
def sdk_requests():
    needs_samples()
    if not os.path.isdir(SDK):
        skip("the SDK samples are not here")
    twin = sample_twin("required")
    for name in sorted(os.listdir(SDK)):
        with open(os.path.join(SDK, name), encoding="utf-8") as f:
            text = f.read()
        version = re.search(r'qbxml version="([\d.]+)"', text)
        done = ask(twin, text)
        if "response" not in done:
            holds(not version, f"{name}: {done}")
            continue
        ET.fromstring(done["response"])
    equal(twin.errors(), [], "errors")


run()
