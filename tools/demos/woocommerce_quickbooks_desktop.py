#!/usr/bin/env python3
"""Orders of a WooCommerce shop become invoices in QuickBooks Desktop, while the host is killed in between.

Two simulated systems and the real `mlc`.  At the end their own books are compared: 0 lost, 0 doubled, every total
equal, or the exit status is 1."""
import os
import socket
import sys
import time
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "e2e"))
from lib import Deployment, Twin, eventually  # noqa: E402
from lib import bed  # noqa: E402
from terminal import headline, play, say, stay  # noqa: E402

KEY, SECRET, PASSWORD = "ck_" + "5" * 40, "cs_" + "6" * 40, "a-long-password-for-the-web-connector"
NEW_YORK = {"country": "US", "state": "NY", "city": "New York", "postcode": "10001"}
CALIFORNIA = {"country": "US", "state": "CA", "city": "Los Angeles", "postcode": "90001"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def person(first, last, email, where):
    return {"first_name": first, "last_name": last, "email": email, "address_1": "1 Main Street", **where}


def place(shop, **order):
    placed = shop.post("/orders", order)
    return placed["orders"][0] if "orders" in placed else placed


def fill(shop):
    """Six orders as a shop sees them, and a partial refund."""
    for product in ({"sku": "MUG-RED", "name": "Red mug", "price": "14.00"},
                    {"sku": "MUG-BLUE", "name": "Blue mug", "price": "14.00"},
                    {"sku": "TSHIRT", "name": "T-shirt", "price": "21.99"},
                    {"sku": "MUG-GLITTER", "name": "Glitter mug", "price": "19.00"}):
        shop.post("/products", {**product, "stock": 100})
    orders = [
        ("a registered customer, three taxes, shipping", place(
            shop, customer={"email": "grace@example.com", "first_name": "Grace", "last_name": "Murray"},
            billing=person("Grace", "Murray", "grace@example.com", NEW_YORK), shipping_total="7.95",
            lines=[{"sku": "MUG-RED", "quantity": 2}, {"sku": "TSHIRT", "quantity": 1}])),
        ("a guest, a coupon", place(
            shop, billing=person("Alan", "Mathison", "alan@example.com", NEW_YORK), coupon="tenoff", shipping_total="7.95",
            lines=[{"sku": "MUG-BLUE", "quantity": 3}])),
        ("another state's tax, a fee", place(
            shop, billing=person("Hedy", "Kiesler", "hedy@example.com", CALIFORNIA),
            fees=[{"name": "Gift wrapping", "total": "4.50"}],
            lines=[{"sku": "TSHIRT", "quantity": 2}], payment_method="paypal")),
        ("cash on delivery, not paid yet", place(
            shop, billing=person("Emmy", "Noether", "emmy@example.com", NEW_YORK), payment_method="cod",
            lines=[{"sku": "MUG-RED", "quantity": 1}])),
        ("Ada is in QuickBooks as \"Lovelace, Ada\", with the same e-mail", place(
            shop, billing=person("Ada", "Byron King", "ada@example.com", CALIFORNIA),
            lines=[{"sku": "MUG-BLUE", "quantity": 1}])),
        ("an item that QuickBooks does not know", place(
            shop, billing=person("Mary", "Jackson", "mary@example.com", NEW_YORK),
            lines=[{"sku": "MUG-GLITTER", "quantity": 1}])),
    ]
    first = shop.get(f"/orders/{orders[0][1]['id']}")
    shop.post(f"/orders/{first['id']}/refund", {"lines": [{"id": first["line_items"][0]["id"], "quantity": 1}],
                                                "reason": "one arrived broken", "paid_back": True})
    return orders


def deploy(shop, port):
    at = Deployment(mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = {port}, url = "http://localhost:{port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }}, ca_file = "{shop.ca}" }},
}}
""")
    at.tenant("acme", f"""return tenant {{
  title = "Acme Mugs",
  connections = {{
    books = {{ connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 15 }},
    shop  = {{ connector = "woocommerce", url = "{shop.url}" }},
  }},
  flows = {{
    integration "woocommerce-quickbooks_desktop" {{ woocommerce = "shop", quickbooks_desktop = "books",
      start = "2020-01-01", mode = "shadow", params = {{
        tax = "quickbooks",
        tax_items = {{ ["US-NY-MCTD-3+US-NY-NY STATE-1+US-NY-NYC-2"] = "New York City", ["US-CA-CA STATE-1"] = "CA State", none = "Out of State" }},
        deposit_to = {{ stripe = "Stripe Clearing", paypal = "PayPal Clearing", cod = "Undeposited Funds" }},
        payment_methods = {{ stripe = "Visa", paypal = "MasterCard", cod = "Cash" }},
      }} }},
  }},
}}
""")
    at.secret("acme/shop", "consumer_key", KEY)
    at.secret("acme/shop", "consumer_secret", SECRET)
    at.secret("acme/books", "password", PASSWORD)
    return at


def visit(books):
    told = books.post("/visit", timeout=120)
    say(f"  visit: {told.get('requests', 0)} requests, {told.get('writes', 0)} of them writes; {told.get('outcome')}")
    return told


def visit_and_kill(books, at):
    """The Web Connector takes a set of writes, QuickBooks does them, and mlc dies before it hears of it."""
    wish = {"until": "receiveResponseXML"}
    while True:
        told = books.post("/visit", wish, timeout=120)
        calls = [c for c in told["calls"] if c["method"] == "sendRequestXML"]
        if not told["outcome"].startswith("waiting"):
            raise SystemExit(f"the visit ended before anything was written: {told['outcome']}")
        done = calls[-1].get("done", []) if calls else []
        if any(d["write"] for d in done):
            break
        books.post("/visit", {"resume": told["id"], "until": "sendRequestXML"}, timeout=120)  # that one was only a question
        wish = {"resume": told["id"], "until": "receiveResponseXML"}
    say(f"  QuickBooks has done {sum(1 for d in done if d['write'])} writes; mlc has not heard of them.  kill -9 {at.host.process.pid}")
    at.host.kill()
    at.start()
    say(f"  mlc runs again as {at.host.process.pid}")
    books.post("/visit", {"resume": told["id"]}, timeout=120)  # the answer comes to a host that never asked


def settle(books, at, visits=8):
    for _ in range(visits):
        at.mlc("sync", "acme/shop-books", "--wait")
        visit(books)
        open_ = [f for f in at.flow_counts().values() if f["ready"] or f["waits"] or f["sending"]]
        if not open_:
            return
    raise SystemExit("something is still on its way after eight visits")


def compare(shop, books, orders, waiting):
    """From the twins' own books, never from ours."""
    held = books.get("/books")
    invoices = {}
    for d in held["documents"]:
        if d["type"] == "Invoice" and not d.get("void"):
            invoices.setdefault(d["number"], []).append(d)
    lost = doubled = wrong = posted = 0
    say(f"  {'order':8} {'shop':>10} {'QuickBooks':>12}  {'invoice':10} {'open':>8}  what")
    for what, placed in orders:
        order = shop.get(f"/orders/{placed['id']}")
        number = order["number"]
        found = [d for n, list_ in invoices.items() for d in list_ if n and n.endswith(number)]
        if not found:
            mark = "waits in review" if number in waiting else "LOST"
            lost += number not in waiting
            say(f"  {number:8} {order['total']:>10} {'-':>12}  {'-':10} {'':>8}  {what}: {mark}")
            continue
        posted += 1
        doubled += len(found) - 1
        invoice = found[0]
        paid = order["date_paid"] is not None
        good = Decimal(invoice["total"]) == Decimal(order["total"]) and (Decimal(invoice["balance"]) == 0) == paid
        wrong += not good
        say(f"  {number:8} {order['total']:>10} {invoice['total']:>12}  {invoice['number']:10} {invoice['balance']:>8}  {what}{'' if good else ': WRONG'}")
    if held["duplicates"]["by_number"] or held["duplicates"]["by_guid"]:
        doubled += 1
    return held, posted, lost, doubled, wrong


AGENCIES = {"NY State": "NY", "NYC": "NY", "MCTD": "NY", "CA State": "CA"}


def shop_sums(shop, orders, waiting):
    """Tax by agency, and what the payment services have taken for us, as the shop knows them; refunds taken off."""
    tax, takings = {"NY": Decimal(0), "CA": Decimal(0)}, Decimal(0)
    for _, placed in orders:
        order = shop.get(f"/orders/{placed['id']}")
        if order["number"] in waiting:
            continue
        for line in order["tax_lines"]:
            tax[AGENCIES[line["label"]]] += Decimal(line["tax_total"]) + Decimal(line["shipping_tax_total"])
        if order["date_paid"] and order["payment_method"] != "cod":
            takings += Decimal(order["total"])
        for refund in order["refunds"]:
            takings += Decimal(refund["total"])
            tax[AGENCIES[order["tax_lines"][0]["label"]]] += Decimal(refund["total_tax"])
    return tax, takings


def books_sums(held):
    tax = {"NY": Decimal(0), "CA": Decimal(0)}
    for agency, told in held["tax"].items():
        if agency[:2] in tax:
            tax[agency[:2]] += Decimal(told["tax"])
    # QuickBooks taxes the subtotal, the shop each line: where that is a cent apart, the document has a rounding line.
    rounding = {"NY": Decimal(0), "CA": Decimal(0)}
    for d in held["documents"]:
        for line in d.get("lines", []) if not d.get("void") else []:
            if line["item"] == "Rounding":
                sign = -1 if d["type"] == "CreditMemo" else 1
                rounding["NY" if d["tax_item"].startswith("New York") else "CA"] += sign * Decimal(line["amount"])
    return tax, rounding, sum(Decimal(held["trial_balance"].get(a, "0")) for a in ("Stripe Clearing", "PayPal Clearing"))


def main():
    began = time.monotonic()
    headline("A shop and a QuickBooks with its Web Connector (both simulated), and mlc")
    shop = Twin("woocommerce", {"key": KEY, "secret": SECRET, "strict_delivery": "off"}, tls=True)
    books = Twin("quickbooks_desktop", {"seed": "shop"}, pace=0.02)
    at = deploy(shop, free_port())
    at.start()
    say(f"  shop {shop.url}   mlc {at.host.url}   QuickBooks' control door {books.control_url}")
    code, qwc = at.say("qwc", "acme/books")
    bed.exchange(f"{books.control_url}/qwc?password={PASSWORD}", "POST", qwc.encode())
    eventually(lambda: sum(1 for h in shop.get("/webhooks") if h["status"] == "active") >= 6, "six webhooks in the shop")
    say("  mlc has made its six webhooks in the shop")

    headline("Six orders and a partial refund arrive by webhook")
    orders = fill(shop)
    shop.post("/deliver")
    eventually(lambda: len(at.list("all", limit=500)) >= 6, "the orders to arrive")
    for what, order in orders:
        say(f"  {order['number']:8} {order['total']:>10}  {what}")

    headline("In the shadow: what mlc would post")
    settle(books, at)
    for d in at.list("would", limit=500):
        say(f"  {d['flow']:26} {d['label'] or d['rid']:24} {d['amount'] or '':>10} {d['currency'] or ''}")

    headline("mlc go; and a kill -9 between the visit's taking and giving")
    say("  " + at.say("go", "acme/shop-books", "--yes")[1].strip().replace("\n", "\n  "))
    visit_and_kill(books, at)
    settle(books, at)

    headline("What waits for a person")
    waiting = set()
    for d in at.list("review") + at.list("held"):
        waiting.add((d["label"] or "").split()[-1])
        say(f"  {d['flow']}: {d['label']}: {d['why']}  ({d['cause']})")
    say("  " + at.say("status", "acme")[1].strip().replace("\n", "\n  "))

    headline(f"The story of order {orders[1][1]['number']}")
    story = at.say("story", "acme/shop", "order", orders[1][1]["number"])[1].splitlines()
    for line in story[:60]:
        say("  " + line)

    headline("Both sides' own books")
    held, posted, lost, doubled, wrong = compare(shop, books, orders, waiting)
    refunded = [d for d in held["documents"] if d["type"] in ("CreditMemo", "ARRefundCreditCard") and not d.get("void")]
    for d in refunded:
        say(f"  {d['type']} {d.get('number') or ''}: {d['total']}")
    (shop_tax, takings), (books_tax, rounding, clearing) = shop_sums(shop, orders, waiting), books_sums(held)
    for name in shop_tax:
        say(f"  sales tax of {name}: the shop {shop_tax[name]}, QuickBooks {books_tax[name]} and {rounding[name]} on rounding lines")
    say(f"  card and PayPal money less refunds: the shop {takings}, QuickBooks' clearing accounts {clearing}")
    wrong += sum(shop_tax[name] != books_tax[name] + rounding[name] for name in shop_tax) + (clearing != takings)
    lost += not any(d["type"] == "CreditMemo" for d in refunded)
    wrong += not held["balanced"] or bool(held["faults"])
    say(f"\n{posted} posted, {len(waiting)} in review, {lost} lost, {doubled} doubled, {wrong} totals wrong; {time.monotonic() - began:.1f} s")
    stay(at, f"mlc {at.host.url}, shop {shop.url} (control {shop.control_url}), QuickBooks (control {books.control_url})")
    return 0 if not lost and not doubled and not wrong and posted == 5 else 1


if __name__ == "__main__":
    play(main)
