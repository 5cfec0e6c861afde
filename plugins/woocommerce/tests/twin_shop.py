#!/usr/bin/env python3
"""The WooCommerce twin is honest: logins, lists, errors and orders as recorded of real shops (SOURCES.md)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from twin_lib import KEY, SAMPLES, SECRET, Shop, dec, equal, holds, promise, run, signed, skip  # noqa: E402
import glob  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
import time  # noqa: E402

VIEW = "woocommerce_rest_cannot_view"
AUTH = "woocommerce_rest_authentication_error"


@promise("WOO-08: Basic counts under TLS only, each wrong key has its own refusal")
def basic():
    plain = Shop(tls=False)
    equal(plain.refused("GET", "orders"), (401, VIEW), "Basic over plain http is ignored")
    s = Shop()
    equal(s.rest("GET", "orders")[0], 200, "Basic over TLS")
    equal(s.refused("GET", "orders", key="ck_unknown"), (401, VIEW), "unknown key")
    status, headers, reply = s.rest("GET", "orders", secret="cs_wrong")
    equal((status, reply["code"], reply["message"]), (401, AUTH, "Consumer secret is invalid."), "wrong secret")
    holds("www-authenticate" not in headers, "no challenge")
    equal(s.raw("GET", "/wp-json/wc/v3/orders")[0], 401, "no key")
    equal(s.raw("GET", f"/wp-json/wc/v3/orders?consumer_key={KEY}&consumer_secret={SECRET}")[0], 200, "keys in the query")
    for permission, method, message in (("read", "POST", "write"), ("write", "GET", "read")):
        s.post("/keys", {"key": "ck_p", "secret": "cs_p", "permission": permission})
        status, _, reply = s.rest(method, "webhooks", {} if method == "POST" else None, key="ck_p", secret="cs_p")
        equal((status, reply["message"]), (401, f"The API key provided does not have {message} permissions."), permission)
    s.post("/keys", {"key": "ck_c", "secret": "cs_c", "role": "customer"})
    equal(s.refused("GET", "orders", key="ck_c", secret="cs_c"), (403, VIEW), "a user without rights")
    equal(s.refused("POST", "orders", {}, key="ck_c", secret="cs_c"), (403, "woocommerce_rest_cannot_create"), "the same, writing")
    hidden = Shop(settings={"behind_proxy": "true"})
    equal(hidden.refused("GET", "orders"), (401, VIEW), "TLS that ends at a proxy is not seen")
    equal(s.errors(), [], "errors")


@promise("WOO-08: OAuth 1.0a is verified: signature, time, nonce, and no array parameter ever")
def oauth():
    s = Shop(tls=False)
    url = s.url.rstrip("/") + "/wp-json/wc/v3/orders"

    def tried(path):
        status, _, body = s.raw("GET", path)
        reply = json.loads(body)
        return status if status == 200 else (status, reply["message"])

    equal(tried(signed("GET", url)), 200, "HMAC-SHA256")
    equal(tried(signed("GET", url)), (401, "Invalid nonce - nonce has already been used."), "the same nonce")
    equal(tried(signed("GET", url, how="HMAC-SHA1", nonce="n2")), 200, "HMAC-SHA1")
    equal(tried(signed("GET", url, [("per_page", "2"), ("status", "processing,on-hold"), ("modified_after", "2026-01-01T00:00:00Z")], nonce="n3")),
          200, "with arguments")
    equal(tried(signed("GET", url, secret="cs_wrong", nonce="n4")), (401, "Invalid signature - provided signature does not match."), "wrong secret")
    equal(tried(signed("GET", url, key="ck_no", nonce="n5")), (401, "Consumer key is invalid."), "unknown key")
    equal(tried(signed("GET", url, nonce="n6", timestamp=int(time.time()) - 16 * 60)), (401, "Invalid timestamp."), "16 minutes old")
    equal(tried(signed("GET", url, [("include[]", "1")], nonce="n7"))[0], 401, "a[] is signed as a[], and read as a[0]")
    equal(tried(signed("GET", url, [("include[0]", "1")], nonce="n8")), 200, "a[0]")
    equal(tried(signed("GET", url, nonce="n9", oauth_signature_method="PLAINTEXT"))[0], 401, "another method")
    https = Shop()
    equal(https.raw("GET", signed("GET", https.url.rstrip("/") + "/wp-json/wc/v3/orders"))[0], 200, "over TLS, too")
    path = signed("GET", https.url.rstrip("/").replace("https:", "http:") + "/wp-json/wc/v3/orders", nonce="n2")
    equal(https.raw("GET", path)[0], 401, "signed for another scheme")
    equal(s.errors(), [], "errors")


@promise("WOO-07: pretty, index.php and plain permalinks, and a folder")
def permalinks():
    s = Shop()
    login = {"Authorization": "Basic " + __import__("base64").b64encode(f"{KEY}:{SECRET}".encode()).decode()}
    equal(s.raw("GET", "/index.php/wp-json/wc/v3/orders", headers=login)[0], 200, "index.php")
    equal(s.raw("GET", "/?rest_route=/wc/v3/orders", headers=login)[0], 401, "routed, but the key is not looked at")
    equal(s.raw("GET", "/?rest_route=/wc/v3/orders&x=wp-json/wc/", headers=login)[0], 200, "unless the address says wp-json/wc/")
    equal(s.raw("GET", "/wp-json/wc/v1/orders", headers=login)[2], b"[]", "v1 knows no orders")
    equal(s.refused("GET", "nonsense"), (404, "rest_no_route"), "no route")
    plain = Shop(settings={"permalinks": "plain"})
    status, headers, body = plain.raw("GET", "/wp-json/")
    holds(status == 404 and body.startswith(b"<!DOCTYPE"), "a web page")
    equal(json.loads(plain.raw("GET", "/?rest_route=/")[2])["namespaces"][1], "wc/v3", "index")
    sub = Shop(settings={"folder": "/shop"})
    equal(sub.raw("GET", "/shop/wp-json/wc/v3/orders", headers=login)[0], 200, "in a folder")
    equal(json.loads(sub.raw("GET", "/shop/wp-json")[2])["home"], sub.url.rstrip("/") + "/shop", "home")
    equal(s.errors() + plain.errors() + sub.errors(), [], "errors")


@promise("lists: pages, headers, exclusive windows in UTC or the shop's time, and what is ignored")
def lists():
    s = Shop(clock="2026-11-21T00:00:00Z", frozen=True)
    ids = []
    for _ in range(12):
        ids.append(s.place())
        s.post("/clock", {"advance_ms": 1000})
    status, headers, page = s.rest("GET", "orders?per_page=5")
    equal(([o["id"] for o in page], headers["x-wp-total"], headers["x-wp-totalpages"]), (ids[:6:-1], "12", "3"), "newest first")
    holds('rel="next"' in headers["link"] and "rel=\"prev\"" not in headers["link"], "link")
    equal([o["id"] for o in s.ok("GET", "orders?per_page=5&page=3&order=asc&orderby=id")], ids[10:], "last page")
    status, headers, page = s.rest("GET", "orders?page=99")
    equal((status, page, headers["x-wp-total"]), (200, [], "0"), "past the end")
    old = Shop(settings={"storage": "posts", "version": "7.8.0"})
    old.place()
    equal(old.rest("GET", "orders?page=99")[1]["x-wp-total"], "1", "past the end, in posts")
    for bad in ("per_page=0", "per_page=101", "per_page=x", "page=0", "orderby=date_modified", "order=up", "status=nonsense", "modified_after=yesterday",
                "modified_after=2026-11-21"):
        equal(s.refused("GET", "orders?" + bad), (400, "rest_invalid_param"), bad)
    equal(len(s.ok("GET", "orders?per_page=100&modified_aftr=2030-01-01T00:00:00Z")), 12, "a misspelt argument is ignored")

    def after(text, more=""):
        return len(s.ok("GET", f"orders?per_page=100&modified_after={text}{more}"))

    equal(after("2026-11-21T00:00:05Z", "&dates_are_gmt=true"), 6, "exclusive")
    equal(after("2026-11-21T00:00:04Z", "&dates_are_gmt=true"), 7, "a second before")
    equal(after("2026-11-21T00:00:05", "&dates_are_gmt=true"), 6, "UTC by word")
    equal(after("2026-11-21T00:00:05"), 0, "the shop's time: five hours later")
    equal(after("2026-11-20T19:00:05"), 6, "the shop's time")
    equal(after("2026-11-21T00:00:05.000Z"), 6, "thousandths")
    equal(after("2026-11-21T00:00:05%2B00:00"), 6, "offset")
    equal([o["id"] for o in s.ok("GET", "orders?per_page=3&orderby=modified&order=asc&modified_after=2026-11-21T00:00:02Z&dates_are_gmt=true")], ids[3:6], "window")
    equal([c["id"] for c in s.ok("GET", "customers?modified_after=2030-01-01T00:00:00Z")], [14, 15], "customers ignore it")
    equal(s.refused("GET", "customers?orderby=modified"), (400, "rest_invalid_param"), "and have no such order")
    equal(len(s.ok("GET", "customers?role=all")), 3, "all roles")
    equal([c["id"] for c in s.ok("GET", "customers?email=ADA@example.com")], [14], "by address")
    equal([(p["sku"], p["type"]) for p in s.ok("GET", "products?sku=HOODIE-M,MUG&orderby=id&order=asc")],
          [("MUG", "simple"), ("HOODIE-M", "variation")], "by SKU")
    equal(s.refused("GET", "products?type=variation"), (400, "rest_invalid_param"), "type")
    equal(old.refused("GET", "refunds"), (404, "rest_no_route"), "7.8.0 has no list of all refunds")
    equal(s.errors() + old.errors(), [], "errors")


def check_identity(o):
    def total(name, member="total"):
        return sum(dec(x[member]) for x in o[name])

    equal(dec(o["total"]), total("line_items") + total("shipping_lines") + total("fee_lines") + dec(o["total_tax"]), f"total of {o['id']}")
    equal(dec(o["total_tax"]), dec(o["cart_tax"]) + dec(o["shipping_tax"]), "tax")
    equal(dec(o["cart_tax"]), total("tax_lines", "tax_total"), "cart tax")
    equal(dec(o["shipping_tax"]), total("tax_lines", "shipping_tax_total"), "shipping tax")
    equal(dec(o["discount_total"]), total("line_items", "subtotal") - total("line_items"), "discount")


@promise("amounts: the recorded order to the cent, and the identity of 300 others, with tax in the prices or not")
def amounts():
    s = Shop()
    o = s.order(s.place(lines=[{"sku": "TEE-BLK", "quantity": 3}, {"sku": "COFFEE-1KG", "quantity": 2}, {"sku": "GIFT-25"}, {"sku": "HOODIE-L"}],
                        coupon="tenoff", shipping_total="7.95",
                        fees=[{"name": "Gift wrap", "total": "3.00"}, {"name": "Loyalty", "total": "-2.00", "tax_status": "none"}]))
    want = {"total": "163.21", "total_tax": "9.39", "cart_tax": "8.68", "shipping_tax": "0.71", "discount_total": "16.10", "discount_tax": "0.95",
            "shipping_total": "7.95"}
    equal({name: o[name] for name in want}, want, "as the real shop worked it out")
    equal([l["price"] for l in o["line_items"]], [17.993333333333332, 13.05, 22.5, 42.29], "prices")
    equal([t["tax_total"] for t in o["tax_lines"]], ["3.91", "4.41", "0.36", "0.00"], "by rate")
    equal([(f["total"], f["total_tax"]) for f in o["fee_lines"]], [("3.00", "0.27"), ("-2.00", "-0.13")], "fees")
    canada = s.order(s.place(lines=[{"sku": "MUG", "price": "100.00"}], billing={"country": "CA", "state": "QC"}))
    equal([t["tax_total"] for t in canada["tax_lines"]], ["5.00", "10.47"], "QST is on top of GST")
    chance = random.Random(7)
    skus = ["MUG", "TEE-BLK", "COFFEE-1KG", "GIFT-25", "SCREW", "HOODIE-M"]
    for inclusive in ("false", "true"):
        shop = Shop(settings={"prices_include_tax": inclusive})
        for _ in range(150):
            what = {"lines": [{"sku": chance.choice(skus), "quantity": chance.randint(1, 9)} for _ in range(chance.randint(1, 5))],
                    "billing": chance.choice([{}, {"country": "US", "state": "CA"}, {"country": "CA", "state": "QC"},
                                              {"country": "DE", "state": ""}, {"country": "FR", "state": ""}])}
            if chance.random() < 0.4:
                what["coupon"] = chance.choice(["tenoff", "five"])
            if chance.random() < 0.6:
                what["shipping_total"] = f"{chance.randint(1, 20)}.{chance.randint(0, 99):02}"
            if chance.random() < 0.4:
                what["fees"] = [{"total": chance.choice(["2.00", "-1.50", "-3.33"])}]
            check_identity(shop.order(shop.place(**what)))
        equal(shop.errors(), [], "errors")
    equal(s.errors(), [], "errors")


@promise("amounts: rounded at the subtotal, the rates' sum may miss the order's tax by a cent")
def rounding():
    s = Shop(settings={"tax_round_at_subtotal": "true"})
    off = 0
    for n in range(1, 60):
        o = s.order(s.place(lines=[{"sku": "TEE-BLK", "quantity": n % 7 + 1}, {"sku": "MUG", "quantity": n % 5 + 1}], shipping_total=f"{n}.95"))
        equal(dec(o["total_tax"]), dec(o["cart_tax"]) + dec(o["shipping_tax"]), "tax")
        miss = dec(o["cart_tax"]) - sum(dec(t["tax_total"]) for t in o["tax_lines"])
        holds(abs(miss) <= 2, f"off by {miss}")
        off += miss != 0
    holds(off > 0, "never off")
    equal(s.errors(), [], "errors")


@promise("WOO-40: who has paid: cards at once, COD when it is completed, a transfer when somebody says so")
def paying():
    s = Shop(clock="2026-11-01T03:30:00Z")
    card = s.order(s.place(payment_method="stripe"))
    equal((card["status"], card["date_paid"] is None), ("processing", False), "card")
    equal(card["date_paid"][:13], "2026-10-31T23", "the shop's own day, before summer time ends")
    cod = s.place(payment_method="cod")
    o = s.order(cod)
    equal((o["status"], o["date_paid"], o["date_paid_gmt"]), ("processing", None, None), "COD")
    s.post(f"/orders/{cod}/status", {"status": "completed"})
    holds(s.order(cod)["date_paid"], "COD completed")
    bacs = s.place(payment_method="bacs")
    equal((s.order(bacs)["status"], s.order(bacs)["date_paid"]), ("on-hold", None), "transfer")
    s.post(f"/orders/{bacs}/pay")
    o = s.order(bacs)
    holds(o["status"] == "processing" and o["date_paid"], "the money came")
    guest, known = s.order(s.place()), s.order(s.place(customer={"email": "new@example.com", "first_name": "N"}))
    equal(guest["customer_id"], 0, "guest")
    holds(known["customer_id"] > 0 and s.ok("GET", f"customers/{known['customer_id']}")["is_paying_customer"], "registered")
    gone = s.order(s.place(lines=[{"name": "Old thing", "price": "3.00", "unknown": True}]))["line_items"][0]
    equal((gone["product_id"], gone["sku"]), (0, None), "a product that is gone")
    equal(s.order(s.place(number="2026/INV-001234"))["number"], "2026/INV-001234", "a plugin's number")
    equal(s.errors(), [], "errors")


@promise("WOO-15: refunds of all kinds, and what each moves")
def refunds():
    s = Shop(clock="2026-11-21T00:00:00Z")
    id_ = s.place(lines=[{"sku": "TEE-BLK", "quantity": 3}], shipping_total="7.95", fees=[{"name": "Wrap", "total": "3.00"}])
    before = s.order(id_)
    s.post("/clock", {"advance_ms": 60000})
    s.post(f"/orders/{id_}/refund", {"lines": [{"index": 1, "quantity": 1}], "reason": "one back"})
    o = s.order(id_)
    holds(o["date_modified_gmt"] > before["date_modified_gmt"], "the date moves")
    equal((o["status"], o["total"]), ("processing", before["total"]), "partial: status and total stay")
    r = s.ok("GET", f"orders/{id_}/refunds")[0]
    holds("parent_id" not in r, "no parent here")
    line = r["line_items"][0]
    equal((line["quantity"], line["total"], line["total_tax"], line["price"]), (-1, "-19.99", "-1.77", 19.99), "line")
    equal(r["amount"], "21.76", "amount")
    equal(o["refunds"], [{"id": r["id"], "reason": "one back", "total": "-21.76", "total_tax": "-1.77"}], "brief")
    equal(line["meta_data"][0], {**line["meta_data"][0], "key": "_refunded_item_id", "value": str(before["line_items"][0]["id"])}, "whose")
    s.post(f"/orders/{id_}/refund", {"shipping": True, "amount": "5.00"})
    equal(s.ok("GET", f"orders/{id_}/refunds?order=desc")[0]["amount"], "5.00", "amount beside lines of another sum")
    s.post(f"/orders/{id_}/refund", {})
    o = s.order(id_)
    equal((o["status"], sum(dec(x["total"]) for x in o["refunds"])), ("refunded", -dec(o["total"])), "the rest, by amount alone")
    equal(s.ok("GET", "refunds?per_page=1")[0]["parent_id"], id_, "store-wide")
    moved = o["date_modified_gmt"]
    s.post("/clock", {"advance_ms": 60000})
    s.control("DELETE", f"/refunds/{o['refunds'][0]['id']}")
    o = s.order(id_)
    equal((len(o["refunds"]), o["date_modified_gmt"]), (2, moved), "deleted: no date moves")
    equal(s.refused("GET", f"orders/{id_}/refunds/{r['id']}"), (404, "woocommerce_rest_invalid_order_refund_id"), "gone")
    by_hand = s.place()
    s.post(f"/orders/{by_hand}/status", {"status": "refunded"})
    only = s.ok("GET", f"orders/{by_hand}/refunds")[0]
    equal((only["reason"], only["line_items"], only["amount"]), ("Order fully refunded.", [], s.order(by_hand)["total"]), "by status")
    other = s.place()
    status, _, reply = s.rest("POST", f"orders/{other}/refunds", {"amount": "9999.00", "api_refund": False})
    equal((status, reply["code"], reply["data"]), (500, "woocommerce_rest_cannot_create_order_refund", 500), "too much")
    equal(s.rest("POST", f"orders/{other}/refunds", {"amount": "1.00"})[0], 500, "the gateway cannot")
    equal(s.rest("POST", f"orders/{other}/refunds", {"amount": "1.00", "api_refund": False})[0], 201, "recorded")
    equal(s.errors(), [], "errors")


@promise("WOO-34, WOO-35: edits, trash and deletion, and whether anybody could see them by date")
def edits():
    for storage in ("hpos", "posts"):
        s = Shop(clock="2026-11-21T00:00:00Z", settings={"storage": storage})
        id_ = s.place()
        moves = {}
        for name, what in (("status", {"status": "completed"}), ("note", {"note": "x"}), ("billing", {"billing": {"city": "Reno"}}),
                           ("lines", {"lines": [{"sku": "MUG", "quantity": 5}]}), ("meta", {"meta_data": [{"key": "a", "value": "b"}]})):
            before = s.order(id_)["date_modified_gmt"]
            s.post("/clock", {"advance_ms": 5000})
            s.post(f"/orders/{id_}/{'status' if name == 'status' else 'edit'}", what)
            moves[name] = s.order(id_)["date_modified_gmt"] > before
        equal(moves, {"status": True, "note": True, "billing": storage == "hpos", "lines": storage == "hpos", "meta": storage == "hpos"}, storage)
        equal(s.order(id_)["line_items"][0]["quantity"], 5, "edited")
        status, _, told = s.rest("DELETE", f"orders/{id_}")
        equal((status, told["status"]), (200, "completed"), "the answer shows the old status")
        equal(s.order(id_)["status"], "trash", "trashed")
        equal((s.ok("GET", "orders"), len(s.ok("GET", "orders?status=trash"))), ([], 1), "only seen when asked for")
        equal(s.refused("DELETE", f"orders/{id_}"), (410, "woocommerce_rest_already_trashed"), "twice")
        equal(s.ok("PUT", f"orders/{id_}", {"status": "processing"})["status"], "processing", "restored")
        equal(s.rest("DELETE", f"orders/{id_}?force=true")[0], 200, "for good")
        equal(s.refused("GET", f"orders/{id_}"), (404, "woocommerce_rest_shop_order_invalid_id"), "no trace")
        equal(s.refused("DELETE", "customers/14"), (501, "woocommerce_rest_trash_not_supported"), "customers")
        mine = s.place(customer_id=14)
        equal(s.rest("DELETE", "customers/14?force=true")[0], 200, "customer")
        equal((s.order(mine)["customer_id"], s.refused("GET", "customers/14")), (0, (404, "wc_user_invalid_id")), "his orders are a guest's")
        equal(s.errors(), [], "errors")


def shape(value, where=""):
    """Names and kinds of all members, lists by their first element."""
    kinds = {}
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "_links":
                continue
            kinds[f"{where}.{name}"] = "n" if isinstance(inner, (int, float)) and not isinstance(inner, bool) else type(inner).__name__
            kinds.update(shape(inner, f"{where}.{name}"))
    elif isinstance(value, list) and value and "meta_data" not in where:
        kinds.update(shape(value[0], where + "[]"))
    return kinds


@promise("records have the recorded shops' members, of the same kinds and in the same order")
def shapes():
    if not os.path.isdir(SAMPLES):
        skip("the recorded documents are not there: set MLC_SPECS")
    s = Shop()
    id_ = s.place(lines=[{"sku": "TEE-BLK", "quantity": 3}, {"sku": "HOODIE-L"}], coupon="tenoff", shipping_total="7.95", fees=[{"total": "3.00"}],
                  customer_id=14)
    s.post(f"/orders/{id_}/refund", {"lines": [{"index": 1, "quantity": 1}], "shipping": True, "fees": True})
    rid = s.order(id_)["refunds"][0]["id"]
    mug = next(p["id"] for p in s.get("/products") if p["sku"] == "MUG")
    # Newer members, and those that nobody reads.
    absent = {".line_items[].global_unique_id", ".billing", ".shipping"}
    for name, ours in (("order-processing-3taxes-shipping-fees-coupon-variation.json", s.order(id_)),
                       ("refund-partial-line.json", s.ok("GET", f"orders/{id_}/refunds/{rid}")),
                       ("customer.json", s.ok("GET", "customers/15")), ("taxes.json", s.ok("GET", "taxes")), ("webhooks-list.json", None)):
        with open(os.path.join(SAMPLES, name)) as f:
            real = json.load(f)
        if ours is None:
            s.ok("POST", "webhooks", {"topic": "order.created", "delivery_url": "http://127.0.0.1:9/"})
            ours = s.ok("GET", "webhooks")
        real, ours = shape(real), shape(ours)
        for member, kind in real.items():
            if member in absent or member.endswith(".image.id") or "shipping_lines" in member and name.startswith("refund") or "fee_lines" in member and name.startswith("refund"):
                continue
            holds(member in ours, f"{name}: {member} is missing")
            holds(ours[member] == kind or "NoneType" in (ours[member], kind), f"{name}: {member} is {ours[member]}, not {kind}")
    with open(os.path.join(SAMPLES, "order-processing-3taxes-shipping-fees-coupon-variation.json")) as f:
        real = list(json.load(f))
    mine = list(s.order(id_))
    equal([m for m in mine if m in real], [m for m in real if m in mine], "order of an order's members")
    product, real = s.ok("GET", f"products/{mug}"), json.load(open(os.path.join(SAMPLES, "product-simple.json")))
    equal([m for m in product if m not in real], [], "members of a product that no real one has")
    equal(s.errors(), [], "errors")


@promise("refusals have the recorded statuses, codes and words")
def refusals():
    if not os.path.isdir(SAMPLES):
        skip("the recorded documents are not there: set MLC_SPECS")
    s = Shop()
    s.post("/keys", {"key": "ck_r", "secret": "cs_r", "permission": "read"})
    s.post("/keys", {"key": "ck_w", "secret": "cs_w", "permission": "write"})
    s.post("/keys", {"key": "ck_c", "secret": "cs_c", "role": "customer"})
    id_ = s.place()
    gone = s.place()
    s.control("DELETE", f"/orders/{gone}")
    hook = {"topic": "order.exploded", "delivery_url": "http://127.0.0.1:9/"}
    asked = {
        "400-per-page": ("GET", "orders?per_page=101", None, {}), "400-bad-date": ("GET", "orders?modified_after=yesterday", None, {}),
        "400-bad-status": ("GET", "orders?status=nonsense", None, {}), "400-webhook-topic": ("POST", "webhooks", hook, {}),
        "400-bad-coupon": ("POST", "orders", {"coupon_lines": [{"code": "nope"}]}, {}),
        "400-line-without-product": ("POST", "orders", {"line_items": [{"name": "x", "total": "1.00"}]}, {}),
        "400-refund-too-much": ("POST", f"orders/{id_}/refunds", {"amount": "9999", "api_refund": False}, {}),
        "401-unknown-key": ("GET", "orders", None, {"key": "ck_none"}), "401-wrong-secret": ("GET", "orders", None, {"secret": "x"}),
        "401-read-key-writes": ("POST", "orders", {}, {"key": "ck_r", "secret": "cs_r"}),
        "401-write-key-reads": ("GET", "orders", None, {"key": "ck_w", "secret": "cs_w"}),
        "403-key-of-user-without-rights": ("GET", "orders", None, {"key": "ck_c", "secret": "cs_c"}),
        "403-post-user-without-rights": ("POST", "orders", {}, {"key": "ck_c", "secret": "cs_c"}),
        "403-webhooks-user-without-rights": ("GET", "webhooks", None, {"key": "ck_c", "secret": "cs_c"}),
        "404-customer": ("GET", "customers/999999", None, {}), "404-order": ("GET", "orders/999999", None, {}),
        "404-deleted-order": ("GET", f"orders/{gone}", None, {}), "404-no-route": ("GET", "nonsense", None, {}),
        "501-customer-delete-no-force": ("DELETE", "customers/14", None, {}),
    }
    for name, (method, path, value, key) in asked.items():
        with open(os.path.join(SAMPLES, "errors", name + ".json")) as f:
            real = json.load(f)
        status, _, reply = s.rest(method, path, value, **key)
        equal((status, reply["code"], reply["message"]), (real["status"], real["body"]["code"], real["body"]["message"]), name)
        equal(type(reply["data"]), type(real["body"]["data"]), f"data of {name}")
    holds(len(glob.glob(os.path.join(SAMPLES, "errors", "*.json"))) >= len(asked), "samples")
    equal(s.errors(), [], "errors")


@promise("WOO-27: the books of a month, in the shop's own days")
def books():
    s = Shop(clock="2026-10-31T23:30:00Z")
    first = s.place(shipping_total="7.95")                         # 19:30 there
    s.post("/clock", {"set": "2026-11-01T03:45:00Z"})
    second = s.place(payment_method="bacs")                        # 23:45 there, on hold
    third = s.place(created="2026-11-01T03:59:00Z")
    s.post("/clock", {"set": "2026-11-01T04:30:00Z"})
    fourth = s.place()                                             # 00:30 on the 1st
    s.post(f"/orders/{first}/refund", {"amount": "5.00"})
    october, november = s.get("/books?month=2026-10"), s.get("/books?month=2026-11")
    equal((october["orders"], [o["id"] for o in october["list"]]), (2, [first, second, third]), "October")
    equal(october["by_status"], {"processing": 2, "on-hold": 1}, "by status")
    equal(dec(october["total"]), dec(s.order(first)["total"]) + dec(s.order(third)["total"]), "sum")
    equal((november["orders"], [o["id"] for o in november["list"]]), (1, [fourth]), "November")
    equal((october["refunds"], november["refunds"], november["refunded"]), (0, 1, "5.00"), "refunds by their own day")
    s.post("/import", {"count": 50, "days": 90})
    holds(len(s.get("/orders")) == 54, "imported")
    equal(s.errors(), [], "errors")


run()
