#!/usr/bin/env python3
"""Our own shapes of qbXML and the vendor's schema say the same of every request, right and wrong in every way we can make."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, holds, promise, run, skip  # noqa: E402
from lib.bed import SPECS  # noqa: E402

SCHEMA = os.path.join(SPECS, "quickbooks-desktop", "xsd", "QBUqbxmlops160.xsd")

VALUES = {"text": "1", "bool": "true", "amt": "1.00", "price": "1", "quan": "1", "pct": "1", "date": "2026-10-31", "time": "2026-10-31T10:00:00",
          "int": "1", "float": "1", "guid": "{57F3B9B1-86F1-4FCC-B1EE-566DE1813D20}", "id": "1-1"}

# Values that the schema wants from a list that our shapes leave open.
LISTED = {"TxnDelType": "Invoice", "TxnVoidType": "Invoice", "ListDelType": "Customer", "ListDataExtType": "Customer", "TxnDataExtType": "Invoice",
          "AssignToObject": "Customer", "DataExtType": "STR255TYPE", "AccountType": "Bank", "PaymentMethodType": "Visa", "DateMacro": "All"}


def write(e):
    if e["kind"] == "nested":
        inner = content(e["body"], {}, {})
    elif e["kind"] == "ref":
        inner = "<FullName>x</FullName>"
    elif e["kind"] == "enum":
        inner = sorted(e["values"])[0]
    else:
        inner = LISTED.get(e["name"], VALUES[e["kind"]])
    return f"<{e['name']}>{inner}</{e['name']}>"


def chosen(elements, choices, alternatives):
    """Those elements that can stand together: of each choice and of the alternatives the one asked for, else the first."""
    used, alternative, kept = {}, alternatives.get("which"), []
    for e in elements:
        if e.get("alternative"):
            alternative = alternative or e["alternative"]
            if e["alternative"] != alternative:
                continue
        if e.get("choice"):
            want = choices.get(e["choice"])
            if (want and want != e["name"]) or used.setdefault(e["choice"], e["name"]) != e["name"]:
                continue
        kept.append(e)
    return kept


def content(elements, choices, alternatives):
    return "".join(write(e) for e in chosen(elements, choices, alternatives))


def document(name, inner, attributes=""):
    return ('<?xml version="1.0"?><?qbxml version="16.0"?><QBXML><QBXMLMsgsRq onError="stopOnError">'
            f"<{name}Rq{attributes}>{inner}</{name}Rq></QBXMLMsgsRq></QBXML>")


def selections(elements):
    """All ways to fill the choices and the alternatives, one at a time."""
    yield {}, {}
    for e in elements:
        if e.get("choice"):
            yield {e["choice"]: e["name"]}, {}
        if e.get("alternative"):
            yield {}, {"which": e["alternative"]}


def variants(elements):
    """(what, inner) for one level: whole, each left out, each doubled, each pair turned, a stranger."""
    for choices, alternatives in selections(elements):
        kept = chosen(elements, choices, alternatives)
        parts = [write(e) for e in kept]
        yield "whole", "".join(parts)
        for i, e in enumerate(kept):
            yield f"without {e['name']}", "".join(parts[:i] + parts[i + 1:])
            yield f"twice {e['name']}", "".join(parts[:i + 1] + parts[i:])
            if i:
                yield f"{e['name']} before {kept[i - 1]['name']}", "".join(parts[:i - 1] + [parts[i], parts[i - 1]] + parts[i + 1:])
        yield "with a stranger", "".join(parts) + "<Stranger>1</Stranger>"
    for e in elements:
        yield f"only {e['name']}", write(e)
    for choice in {e["choice"] for e in elements if e.get("choice")}:
        yield f"all of {choice}", "".join(write(e) for e in elements if not e.get("alternative"))
    yield "empty", ""


def levels(name, elements):
    """(what, whole inner text) for a request: its own level, then each nested one inside an otherwise whole request."""
    for what, inner in variants(elements):
        yield what, inner
    for e in elements:
        if e["kind"] == "nested":
            for what, inner in levels(f"{name}/{e['name']}", e["body"]):
                others = [write(o) if o is not e else f"<{e['name']}>{inner}</{e['name']}>"
                          for o in chosen(elements, {e["choice"]: e["name"]} if e.get("choice") else {},
                                          {"which": e["alternative"]} if e.get("alternative") else {})]
                yield f"{e['name']}: {what}", "".join(others)


@promise("each request the twin knows is judged by our shapes as by the schema, in each variant")
def same_verdict():
    if not os.path.exists(SCHEMA):
        skip("the schema is not here (MLC_SPECS)")
    twin = Twin("quickbooks_desktop", {"schema": "required", "seed": "bare"})
    shapes = twin.get("/shapes")
    tried, wrong = 0, []
    for name, elements in shapes.items():
        cases = list(dict.fromkeys((what, document(name, inner)) for what, inner in levels(name, elements)))
        verdicts = twin.post("/check", {"texts": [text for _, text in cases]}, timeout=120)
        for (what, text), verdict in zip(cases, verdicts):
            tried += 1
            if (verdict["own"] == "") != (verdict["schema"] == ""):
                wrong.append(f"{name} {what}: ours '{verdict['own']}', schema '{verdict['schema']}'")
    print(f"# {tried} documents of {len(shapes)} requests")
    holds(tried > 5000, "enough was tried")
    equal(len(wrong), 0, "\n".join(wrong[:60]))


@promise("what is wrong around the requests is refused whole: version, onError, attributes, raw characters, a DTD")
def around():
    twin = Twin("quickbooks_desktop", {"schema": "off", "seed": "bare"})
    good = document("CustomerQuery", "")
    bad = {
        "no qbxml version": good.replace('<?qbxml version="16.0"?>', ""),
        "a newer version": good.replace('"16.0"', '"17.0"'),
        "no onError": good.replace(' onError="stopOnError"', ""),
        "rollbackOnError": good.replace("stopOnError", "rollbackOnError"),
        "an attribute": document("CustomerQuery", "", ' colour="red"'),
        "an iterator where there is none": document("AccountQuery", "", ' iterator="Start"'),
        "raw UTF-8": document("CustomerAdd", "<CustomerAdd><Name>Caf\u00e9</Name></CustomerAdd>"),
        "a DTD": good.replace("<QBXML>", "<!DOCTYPE QBXML><QBXML>"),
        "an unknown request": document("FrobQuery", ""),
        "half a document": good[:-20],
        "a request outside": good.replace("</QBXMLMsgsRq>", "</QBXMLMsgsRq><HostQueryRq/>"),
    }
    verdicts = twin.post("/check", {"texts": [good] + list(bad.values())})
    equal(verdicts[0]["own"], "", "a good one")
    for what, verdict in zip(bad, verdicts[1:]):
        holds(verdict["own"] != "", f"{what} passes")


run()
