"""Every order and refund that was recorded from real shops goes through the mappings: each adds up to the cent.

The records become tests of a tenant's override, run by `mlc test`; what their lines must be is worked out here, in decimals."""
import glob
import json
import os
from decimal import Decimal, ROUND_HALF_UP

from lib import Deployment, equal, holds, promise, run, skip
from lib.bed import SPECS

SAMPLES = os.path.join(SPECS, "woocommerce", "samples")
FACTS = 'facts = { target = { sales_tax = "on", multicurrency = "off" } }'


def read(name):
    with open(os.path.join(SAMPLES, name)) as f:
        return json.load(f)


def records_in(told, members):
    """Those among a recording, however it is wrapped: a list, an answer with its headers, the raw body of a webhook."""
    if isinstance(told, str) and told.startswith("{") and '"line_items"' in told:
        told = json.loads(told)
    if isinstance(told, dict) and all(m in told for m in members):
        yield told
    elif isinstance(told, (dict, list)):
        for inner in told.values() if isinstance(told, dict) else told:
            yield from records_in(inner, members)


def recorded(members):
    """(file, record) of all samples that hold such records."""
    if not os.path.isdir(SAMPLES):
        skip("the recorded samples are not there (MLC_SPECS)")
    found = []
    for path in sorted(glob.glob(os.path.join(SAMPLES, "**", "*.json"), recursive=True)):
        if "schema" not in path:
            name = os.path.relpath(path, SAMPLES)
            found += [(name, record) for record in records_in(read(name), members)]
    return found


def lua(value):
    """JSON as the constants of a mapping file; a number with a fraction is text there, as it is on the way of a record."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"[{json.dumps(k)}] = {lua(v)}" for k, v in value.items() if v is not None
                                and k not in ("_links", "image")) + " }"
    if isinstance(value, list):
        return "{ " + ", ".join(lua(v) for v in value) + " }"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return json.dumps(str(value))
    if isinstance(value, str):
        return '"' + "".join(f"\\{b:03d}" if b < 32 or b > 126 or chr(b) in '"\\' else chr(b) for b in value.encode()) + '"'
    return json.dumps(value)


def cents(text):
    return Decimal(text or "0").quantize(Decimal("0.01"), ROUND_HALF_UP)


def components(order):
    """What a bookkeeper enters in QuickBooks for the order's rates: a compound one is of the sum below it."""
    parts, below = [], Decimal(0)
    for line in order["tax_lines"]:
        rate = Decimal(str(line["rate_percent"]))
        if rate:
            parts.append((rate * (1 + below / 100) if line["compound"] else rate).quantize(Decimal("0.00001")))
            below += rate
    return parts


def two_rates(order):
    """Goods at one rate and goods at another: no tax item of QuickBooks can say that; tax = "line" can."""
    above = {line["rate_id"] for line in order["tax_lines"] if line["rate_percent"]}
    sets = {frozenset(t["id"] for t in line["taxes"] if t["id"] in above
                      and t["total"]) for line in order["line_items"]} - {frozenset()}
    return len(sets) > 1


def refs(order):
    items = {line["sku"] or line["name"]: {"id": f"80-{n}", "ItemType": "ItemNonInventory", "IsActive": True}
             for n, line in enumerate(order["line_items"])}
    parts = components(order)
    group = {"id": "80-900", "ItemSalesTax": [{"ItemSalesTaxRef": {"id": f"80-{901 + n}"}} for n in range(len(parts))]}
    none = {"id": "80-900", "TaxRate": "0"}
    return {"customer": "80-1", "item": items,
            "tax_item": {"Tax of it": group if parts else none, "80-900": group if parts else none},
            "tax_part": {f"80-{901 + n}": {"id": f"80-{901 + n}", "TaxRate": str(p)} for n, p in enumerate(parts)}}


def test_of(name, record, expect, params, more):
    return f"""    {{ name = {lua(name)}, {FACTS}, start = "2000-01-01", today = "2026-12-31",
      given = {lua(record)},
      params = {{ {params} }}, {more}
      expect = {{ {expect} }} }},
"""


def run_tests(mapping, tests):
    at = Deployment()
    at.tenant("specs", "return tenant { title = \"Recorded\" }\n")
    at.write("tenants/specs/mappings/recorded.lua",
             f'return override "{mapping}@^1" {{\n  tests = {{\n{"".join(tests)}  }},\n}}\n')
    code, told, said = at.run("test", "recorded")
    holds(told and told["results"], said)
    failed = [f"{r['name']}: {r['why']}" for r in told["results"] if not r["ok"]]
    equal(failed, [], "tests that failed")
    equal(len(told["results"]), len(tests), "tests that ran")


def orders():
    return recorded(("line_items", "tax_lines", "status", "billing", "payment_method"))


def as_paid(order):
    """The same order as if it had been paid in dollars, whatever became of it in the recording."""
    return {**order, "status": "processing", "currency": "USD", "payment_method": "stripe",
            "date_paid": order["date_paid"] or order["date_created"]}


def amounts(order):
    rows = [line["total"] for line in order["line_items"]]
    rows += [line["total"] for kind in ("shipping_lines", "fee_lines") for line in order[kind] if cents(line["total"])]
    return [cents(row) for row in rows]


INVOICE = "woocommerce.order->quickbooks_desktop.invoice"
MEMO = "woocommerce.refund->quickbooks_desktop.credit_memo"
LINE = 'tax = "line", zero_tax_item = "Out of State", tax_line_items = { default = "Web Tax" }'


@promise("WOO-29: every recorded order, with tax as the shop charged it: its lines and its tax lines come to its total")
def tax_as_lines():
    tests = []
    for name, order in orders():
        lines = amounts(order)
        lines += [cents(t["tax_total"]) + cents(t["shipping_tax_total"]) for t in order["tax_lines"]
                  if cents(t["tax_total"]) + cents(t["shipping_tax_total"])]
        off = cents(order["total"]) - sum(lines)
        if off:
            holds(abs(off) <= Decimal("0.05"), f"{name} is off by {off}")
            lines.append(off)
        equal(sum(lines), cents(order["total"]), name)
        wanted = ", ".join(f'{{ Amount = "{a}", SalesTaxCodeRef = "Non" }}' for a in lines)
        tests.append(test_of(f"{name} {order['id']}", as_paid(order),
                             f'action = "create", total = "{order["total"]}", InvoiceLine = {{ {wanted} }}',
                             LINE, f"refs = {lua(refs(order))},"))
    holds(len(tests) >= 20, f"only {len(tests)} orders were found")
    run_tests(INVOICE, tests)


@promise("WOO-29 WOO-38: every recorded order, with QuickBooks' own tax: it is foretold to the cent, or the order is held")
def tax_by_quickbooks():
    tests, held = [], 0
    for name, order in orders():
        expect = f'action = "create", total = "{order["total"]}"'
        if two_rates(order):
            expect, held = 'state = "hold", cause = "out_of_balance"', held + 1
        tests.append(test_of(f"{name} {order['id']}", as_paid(order), expect,
                             'tax_items = { default = "Tax of it" }', f"refs = {lua(refs(order))},"))
    holds(held, "the order with two rates was there")
    run_tests(INVOICE, tests)


@promise("every recorded order with goods at their price and the coupons apart: the same total")
def discounts_apart():
    tests = [test_of(f"{name} {order['id']}", as_paid(order), f'action = "create", total = "{order["total"]}"',
                     LINE + ', discounts = "line"', f"refs = {lua(refs(order))},")
             for name, order in orders()]
    run_tests(INVOICE, tests)


@promise("WOO-40 ALL-08: every recorded order as it stood: sold ones are posted, "
         "the others wait with their reason, euros are held")
def as_they_stood():
    tests = []
    for name, order in orders():
        paid, status = order["date_paid"] is not None, order["status"]
        if status in ("checkout-draft", "auto-draft"):
            expect = 'state = "skip", cause = "draft"'
        elif status in ("cancelled", "failed", "trash"):
            expect = 'state = "review", cause = "paid_but_called_off"' if paid else 'state = "skip", cause = "cancelled"'
        elif not paid and order["payment_method"] != "cod":
            expect = 'state = "skip", cause = "not_due"'
        elif not paid and status not in ("processing", "completed", "refunded"):
            expect = 'state = "skip", cause = "not_due"'
        elif order["currency"] != "USD":
            expect = 'state = "hold", cause = "currency"'
        else:
            expect = f'action = "create", total = "{order["total"]}"'
        tests.append(test_of(f"{name} {order['id']}", order, expect, LINE, f"refs = {lua(refs(order))},"))
    run_tests(INVOICE, tests)


@promise("WOO-15: every recorded refund becomes a credit memo of its amount, whether tax is QuickBooks' or ours")
def refunds():
    sold = {order["id"]: order for _, order in orders()}
    # Each refund was recorded beside its order: the parent is told, or is the one that lists it.
    parent = {brief["id"]: order["id"] for _, order in orders() for brief in order["refunds"]}
    tests = []
    for name, refund in recorded(("amount", "line_items", "refunded_by")):
        order = sold.get(refund.get("parent_id") or parent.get(refund["id"]))
        if not order:
            continue
        brought = {**refs(order), "order": {**as_paid(order), "id": str(order["id"])}, "invoice": "1A-1",
                   "posted": {"id": "1A-1", "CustomerRef": {"id": "80-1"}, "ItemSalesTaxRef": {"id": "80-900"}}}
        for line in refund["line_items"]:
            brought["item"].setdefault(line["sku"] or line["name"], {"id": "80-77"})
        for params in (LINE, 'tax_items = { default = "Tax of it" }'):
            tests.append(test_of(f"{name} {refund['id']}", {**refund, "parent_id": order["id"]},
                                 f'action = "create", total = "{refund["amount"]}"', params,
                                 f"refs = {lua(brought)},"))
    holds(len(tests) >= 8, f"only {len(tests)} refunds were found")
    run_tests(MEMO, tests)


run()
