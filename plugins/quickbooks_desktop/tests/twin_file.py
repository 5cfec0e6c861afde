"""A twin's company file, asked directly: what the tests of its books share."""
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, exchange, holds  # noqa: E402
from lib.bed import SPECS  # noqa: E402
from twin_host import qbxml  # noqa: E402


SCHEMA = os.path.join(SPECS, "quickbooks-desktop", "xsd", "QBUqbxmlops160.xsd")


def valid(text):
    done = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, "-"], input=text.encode(), capture_output=True)
    holds(done.returncode == 0, f"the schema refuses the answer: {done.stderr.decode()[:500]}\n{text[:1500]}")


class File:
    """A twin's company file, asked directly; checked: each answer is held to the vendor's schema, where that is at hand."""

    def __init__(self, settings=None, checked=False, **more):
        more.setdefault("clock", "2026-10-31T18:00:00Z")
        self.checked = checked and os.path.exists(SCHEMA)
        self.twin = Twin("quickbooks_desktop", settings, **more)

    def raw(self, text, query=""):
        status, _, reply = exchange(self.twin.control_url + "/qbxml" + query, "POST", text.encode())
        equal(status, 200, reply[:500])
        done = json.loads(reply)
        if self.checked and "response" in done:
            valid(done["response"])
        return done

    def ask(self, inner, **attributes):
        """The first Rs of the answer."""
        done = self.raw(qbxml(inner, **attributes))
        holds("response" in done, f"{done} to {inner}")
        return ET.fromstring(done["response"])[0][0]

    def code(self, inner):
        return int(self.ask(inner).attrib["statusCode"])

    def add(self, kind, inner):
        rs = self.ask(f"<{kind}AddRq><{kind}Add>{inner}</{kind}Add></{kind}AddRq>")
        equal(rs.attrib["statusCode"], "0", rs.attrib.get("statusMessage"))
        return rs[0]

    def add_code(self, kind, inner):
        return self.code(f"<{kind}AddRq><{kind}Add>{inner}</{kind}Add></{kind}AddRq>")

    def mod(self, kind, ret, inner, head=None):
        key = "TxnID" if ret.find("TxnID") is not None else "ListID"
        head = head or f"<{key}>{ret.find(key).text}</{key}><EditSequence>{ret.find('EditSequence').text}</EditSequence>"
        return self.ask(f"<{kind}ModRq><{kind}Mod>{head}{inner}</{kind}Mod></{kind}ModRq>")

    def query(self, kind, inner="", attributes=""):
        return self.ask(f"<{kind}QueryRq{attributes}>{inner}</{kind}QueryRq>")

    def one(self, kind, txn_id):
        return self.query(kind, f"<TxnID>{txn_id}</TxnID><IncludeLineItems>true</IncludeLineItems>"
                          + ("<IncludeLinkedTxns>true</IncludeLinkedTxns>" if kind != "ReceivePayment" else ""))[0]

    def books(self):
        books = self.twin.get("/books")
        equal(books["faults"], [], "the books agree with the documents")
        equal(sum(Decimal(v) for v in books["trial_balance"].values()), Decimal(0), "trial balance")
        return books

    def close(self):
        self.books()
        equal(self.twin.errors(), [], "errors of the twin")


def text(e, path):
    found = e.find(path)
    return None if found is None else found.text


def line(item, rest, code="Tax"):
    """One line of an invoice; rest: Quantity, Rate, Amount in order."""
    end = f"<SalesTaxCodeRef><FullName>{code}</FullName></SalesTaxCodeRef>" if code else ""
    return f"<InvoiceLineAdd><ItemRef><FullName>{item}</FullName></ItemRef>{rest}{end}</InvoiceLineAdd>"


def ref(name, full_name):
    return f"<{name}><FullName>{full_name}</FullName></{name}>"
