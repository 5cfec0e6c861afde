#!/usr/bin/env python3
"""What the connector sends and what the twin answers, held to Intuit's schema; what the schema refuses, the twin does."""
import copy
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from finance_xsd import Finance  # noqa: E402
from twin_lib import Company, equal, holds, promise, run  # noqa: E402

LINE = {"Amount": "10.50", "DetailType": "SalesItemLineDetail", "Description": "Zo\u00eb & Co",
        "SalesItemLineDetail": {"ItemRef": {"id": "12"}, "Qty": "1", "UnitPrice": "10.50", "TaxCodeRef": {"id": "NON"}}}
COST = {"Amount": "7.00", "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"id": "6"}}}
PARTS = {"Amount": "7.00", "DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": {"ItemRef": {"id": "14"}, "Qty": "2", "UnitPrice": "3.5"}}
SIDES = [{"Amount": "5.00", "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"id": account}}}
         for side, account in (("Debit", "6"), ("Credit", "7"))]
PERSON = {"GivenName": "Ada", "FamilyName": "Byron", "CompanyName": "Ada & Co", "PrimaryEmailAddr": {"Address": "ada@byron.example"},
          "PrimaryPhone": {"FreeFormNumber": "555"}, "BillAddr": {"Line1": "1 Main", "City": "Reno", "CountrySubDivisionCode": "NV", "PostalCode": "89501"},
          "WebAddr": {"URI": "https://byron.example"}}
NEW = [
    ("Customer", {**PERSON, "DisplayName": "Schema Customer", "Notes": "n", "SalesTermRef": {"id": "8"}, "CurrencyRef": {"value": "USD"}}),
    ("Vendor", {**PERSON, "DisplayName": "Schema Vendor", "AcctNum": "7", "TermRef": {"id": "8"}, "Vendor1099": False}),
    ("Employee", {"DisplayName": "Schema Employee", "GivenName": "E", "FamilyName": "F", "PrimaryAddr": {"Line1": "2 Main"}, "HiredDate": "2026-01-01"}),
    ("Account", {"Name": "Schema Account", "AccountType": "Expense", "AccountSubType": "OfficeGeneralAdministrativeExpenses"}),
    ("Item", {"Name": "Schema Item", "Type": "Service", "UnitPrice": "3.25", "IncomeAccountRef": {"id": "1"}}),
    ("Term", {"Name": "Schema Term", "DueDays": 14}), ("Class", {"Name": "Schema Class"}), ("Department", {"Name": "Schema Place"}),
    ("PaymentMethod", {"Name": "Schema Card", "Type": "CREDIT_CARD"}),
    ("Invoice", {"CustomerRef": {"id": "16"}, "TxnDate": "2026-11-18", "DueDate": "2026-12-18", "Line": [LINE], "PrivateNote": "p",
                 "CustomerMemo": {"value": "thanks"}, "BillEmail": {"Address": "a@b.example"}, "PrintStatus": "NeedToPrint"}),
    ("CreditMemo", {"CustomerRef": {"id": "16"}, "Line": [LINE]}),
    ("Bill", {"VendorRef": {"id": "22"}, "DocNumber": "B1", "DueDate": "2026-12-01", "Line": [COST]}),
    ("PurchaseOrder", {"VendorRef": {"id": "22"}, "APAccountRef": {"id": "4"}, "Line": [PARTS]}),
    ("JournalEntry", {"TxnDate": "2026-11-18", "Line": SIDES}),
    ("Payment", {"CustomerRef": {"id": "16"}, "TotalAmt": "10.50", "PaymentRefNum": "c1"}),
]


def bodies(c):
    """(element, value) of each body that the last call has sent."""
    for r in c.requests:
        if r["body"]:
            body = json.loads(r["body"])
            yield ("IntuitBatchRequest", body) if "BatchItemRequest" in body else (None, body)


@promise("requests: each record made, changed and erased, alone and in batches, is valid by Intuit's schema")
def requests():
    schema, co = Finance(), Company()
    c = co.connector()
    made = []
    for n, (entity, data) in enumerate(NEW):
        done = c.call("write", entity=entity, writes=[{"verb": "create", "key": f"n{n}", "data": data}])
        holds("settled" in done["writes"][0], f"{entity}: {done}")
        made.append((entity, done["writes"][0]["settled"]))
        for _, body in bodies(c):
            equal(schema.faults(entity, body), "", f"create {entity}")
    customer, invoice = made[0][1], made[9][1]
    for entity, record, data in (("Customer", customer, {"Notes": "other"}),
                                 ("Invoice", invoice, {"PrivateNote": None, "BillEmail": {"Address": "c@d.example"}})):
        done = c.call("write", entity=entity, writes=[{"verb": "update", "id": record["id"], "version": record["version"],
                                                       "key": "u" + record["id"], "data": data}])
        holds("settled" in done["writes"][0], f"update {entity}: {done}")
        for _, body in bodies(c):
            equal(schema.faults(entity, body), "", f"update {entity}")
    people = [r for _, r in made[1:3]]
    done = c.call("write", entity="Vendor", writes=[{"verb": "update", "id": r["id"], "version": r["version"], "key": f"b{i}", "data": {"Suffix": "Jr"}}
                                                    for i, r in enumerate([people[0], people[0]])])
    equal(len(done["writes"]), 2, "a batch")
    for name, body in bodies(c):
        equal((name, schema.faults(name, body)), ("IntuitBatchRequest", ""), "a batch")
    holds(schema.count > 15, "there was something to judge")


@promise("answers: every kind of record that the twin tells is valid by Intuit's schema, faults too")
def answers():
    schema, co = Finance(), Company()
    for kind in ("Customer", "Vendor", "Employee", "Account", "Item", "Term", "Class", "PaymentMethod", "Invoice", "Payment", "Bill",
                 "PurchaseOrder", "JournalEntry"):
        records = co.query(f"select * from {kind}").get(kind, [])[:3]
        holds(records, f"the twin has no {kind}: nothing was judged")
        for record in records:
            equal(schema.faults(kind, record), "", kind)
    status, reply = co.api("POST", "/customer", {"Nope": 1})
    equal((status, schema.faults("IntuitResponse", reply)), (400, ""), "a fault")


WRONG = [ # a member, its wrong value
    ("Customer", "Nope", "x"), ("Customer", "Active", "maybe"), ("Customer", "BillAddr", {"Street": "1 Main"}), ("Customer", "Balanced", 1),
    ("Invoice", "TxnDate", "31.10.2026"), ("Invoice", "PrintStatus", "Perhaps"), ("Invoice", "EmailStatus", "Gone"), ("Invoice", "DueDate", "soon"),
    ("Invoice", "Deposit", "much"), ("Invoice", "Tip", 1), ("Item", "UnitPrice", "cheap"), ("Item", "Type", "Thing"), ("Term", "DueDays", "ten"),
    ("Account", "AccountType", "Purse"), ("Bill", "TxnDate", True),
]
WRONG_LINES = [{"Amount": "x"}, {"DetailType": "NoSuchDetail"}, {"SalesItemLineDetail": {"ItemRef": {"value": "12"}, "Colour": "red"}}]


@promise("what Intuit's schema refuses, the twin refuses")
def refusals():
    schema, co = Finance(), Company()
    base = {entity: data for entity, data in NEW}

    def as_sent(value):
        if isinstance(value, dict):
            return {"value": value["id"]} if set(value) == {"id"} else {k: as_sent(v) for k, v in value.items()}
        return [as_sent(v) for v in value] if isinstance(value, list) else value

    tried = 0
    for entity, member, value in WRONG + [("Invoice", "Line", [{**as_sent(LINE), **wrong}]) for wrong in WRONG_LINES]:
        body = as_sent(copy.deepcopy(base[entity]))
        equal(schema.faults(entity, body), "", f"{entity} before")
        body[member] = value
        holds(schema.faults(entity, body), f"the schema takes {entity}.{member} = {value!r}: this row proves nothing")
        status, code = co.refused("POST", "/" + entity.lower(), body)
        equal(status, 400, f"{entity}.{member} = {value!r}: {code}")
        tried += 1
    equal(tried, len(WRONG) + len(WRONG_LINES), "all rows")
    equal(co.twin.errors(), [], "errors")


if __name__ == "__main__":
    run()
