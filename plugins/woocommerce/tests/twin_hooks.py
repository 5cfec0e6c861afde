#!/usr/bin/env python3
"""The WooCommerce twin's webhooks: queued, signed, sent once, counted, switched off (SOURCES.md 10)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from twin_lib import Receiver, Shop, equal, eventually, folder, holds, promise, run  # noqa: E402
import base64  # noqa: E402
import hashlib  # noqa: E402
import hmac  # noqa: E402
import json  # noqa: E402

SIX = ["order.created", "order.updated", "order.deleted", "customer.created", "customer.updated", "customer.deleted"]


def opened(topics=SIX, **more):
    s, r = Shop(**more), Receiver()
    ids = {t: s.ok("POST", "webhooks", {"name": t, "topic": t, "delivery_url": r.url, "secret": "5ec2e7"})["id"] for t in topics}
    equal([(h["content-type"], b) for _, h, b in r.take()],
          [("application/x-www-form-urlencoded", f"webhook_id={i}".encode()) for i in ids.values()], "unsigned pings")
    return s, r, ids


@promise("WOO-09: a webhook is validated when it is made, changed and deleted")
def validated():
    s, r = Shop(), Receiver()
    equal(s.refused("POST", "webhooks", {"delivery_url": r.url}), (400, "woocommerce_rest_shop_webhook_invalid_topic"), "no topic")
    equal(s.refused("POST", "webhooks", {"topic": "customer.restored", "delivery_url": r.url}),
          (400, "woocommerce_rest_shop_webhook_invalid_topic"), "no such pair")
    equal(s.refused("POST", "webhooks", {"topic": "order.created", "delivery_url": "ftp://x"}),
          (400, "woocommerce_rest_shop_webhook_invalid_delivery_url"), "url")
    status, headers, made = s.rest("POST", "webhooks", {"topic": "order.created", "delivery_url": r.url, "status": "paused", "secret": "x"})
    equal((status, made["status"], [m for m in ("secret", "failure_count", "api_version") if m in made]), (201, "active", []), "made")
    id_ = made["id"]
    equal(s.ok("PUT", f"webhooks/{id_}", {"status": "paused"})["status"], "paused", "paused")
    s.place()
    equal(s.post("/deliver")["sent"], 0, "paused: nothing is queued")
    r.take()
    s.ok("PUT", f"webhooks/{id_}", {"status": "active"})
    equal(r.take(), [], "no ping")
    s.ok("PUT", f"webhooks/{id_}", {"delivery_url": r.url + "2"})
    equal([(p, b) for p, _, b in r.take()], [("/hook2", f"webhook_id={id_}".encode())], "a ping to the new address")
    equal(s.refused("PUT", f"webhooks/{id_}", {"status": "odd"}), (400, "rest_invalid_param"), "status")
    equal(s.refused("DELETE", f"webhooks/{id_}"), (501, "woocommerce_rest_trash_not_supported"), "without force")
    equal(s.rest("DELETE", f"webhooks/{id_}?force=true")[0], 200, "deleted")
    equal(s.refused("GET", f"webhooks/{id_}"), (404, "woocommerce_rest_shop_webhook_invalid_id"), "gone")
    r.status = 500
    equal(s.rest("POST", "webhooks", {"topic": "order.created", "delivery_url": r.url})[0], 201, "a ping's outcome means nothing")
    equal(s.rest("POST", "webhooks", {"topic": "order.created", "delivery_url": "http://127.0.0.1:9/"})[0], 201, "nor does nobody there")
    equal(s.errors(), [], "errors")


@promise("WOO-09: deliveries are signed over the raw body, and the body is the record as it is now")
def deliveries():
    s, r, ids = opened()
    id_ = s.place()
    s.post(f"/orders/{id_}/edit", {"note": "Zo\u00eb / \"x\""})
    equal(r.got, [], "nothing before the queue runs")
    equal(s.post("/deliver")["sent"], 2, "created and updated, once each")
    seen = r.take()
    equal([h["x-wc-webhook-topic"] for _, h, _ in seen], ["order.created", "order.updated"], "topics")
    for _, h, body in seen:
        equal(h["x-wc-webhook-signature"], base64.b64encode(hmac.new(b"5ec2e7", body, hashlib.sha256).digest()).decode(), "signature")
        equal((h["content-type"], h["x-wc-webhook-source"], h["x-wc-webhook-resource"], h["connection"]),
              ("application/json", s.url.rstrip("/") + "/", "order", "close"), "headers")
        equal(json.loads(body)["customer_note"], "Zo\u00eb / \"x\"", "as it is now")
        holds(b"Zo\\u00eb \\/" in body, "escaped as PHP does")
        equal(json.loads(body), s.order(id_), "what a reader would get")
    holds(seen[0][1]["x-wc-webhook-id"] == str(ids["order.created"]), "whose")
    s.post(f"/orders/{id_}/refund", {"amount": "1.00"})
    s.post(f"/orders/{id_}/trash")
    s.post("/deliver")
    got = r.take()
    equal([(h["x-wc-webhook-topic"]) for _, h, _ in got], ["order.updated", "order.deleted"], "refund, trash")
    equal(json.loads(got[1][2]), {"id": id_}, "trashed")
    for what in (("DELETE", f"/orders/{id_}"),):
        s.control(*what)
    gone = s.place()
    s.control("DELETE", f"/orders/{gone}")
    s.post("/deliver")
    got = r.take()
    equal([(h["x-wc-webhook-topic"], json.loads(b).get("code")) for _, h, b in got],
          [("order.created", "woocommerce_rest_shop_order_invalid_id"), ("order.updated", "woocommerce_rest_shop_order_invalid_id")],
          "force delete says nothing; what was queued is a signed error")
    mine = s.place(customer_id=14)
    s.control("DELETE", "/customers/14")
    s.post("/customers", {"email": "c@example.com"})
    s.post("/deliver")
    equal([t for t, _ in r.topics()], ["order.created", "order.updated", "customer.deleted", "customer.created", "customer.updated"],
          "customers; no order.updated for his orders")
    refund = s.post(f"/orders/{mine}/refund", {"amount": "1.00"})["id"]
    s.post("/deliver")
    r.take()
    s.control("DELETE", f"/refunds/{refund}")
    equal(s.post("/deliver")["sent"], 0, "a refund that is deleted says nothing")
    equal(s.errors(), [], "errors")


@promise("delivery ids are no ids: many of one second are the same")
def delivery_ids():
    s, r, _ = opened(["order.created"], clock="2026-11-21T00:00:00Z", frozen=True)
    s.post("/orders", {"count": 5})
    s.post("/deliver")
    equal(len({h["x-wc-webhook-delivery-id"] for _, h, _ in r.take()}), 1, "ids")


@promise("WOO-11: the seventh failure in a row switches a webhook off; switched on, it keeps its count; nothing is ever sent again")
def failures():
    s, r, ids = opened(["order.created"])
    id_ = ids["order.created"]

    def one(status):
        r.status = status
        s.place()
        sent = s.post("/deliver")["sent"]
        hook = s.get("/webhooks")[0]
        return sent, hook["status"], hook["failures"]

    for status, want in ((500, 1), (404, 2), (303, 3), (200, 0), (204, 0), (301, 0), (302, 0), (500, 1), (200, 0)):
        equal(one(status), (1, "active", want), f"answered {status}")
    equal([one(500) for _ in range(8)], [(1, "active", n) for n in range(1, 7)] + [(1, "disabled", 6), (0, "disabled", 6)], "seven failures")
    equal(s.ok("GET", f"webhooks/{id_}")["status"], "disabled", "told")
    r.take()
    s.ok("PUT", f"webhooks/{id_}", {"status": "active"})
    equal(s.get("/webhooks")[0]["failures"], 6, "the count stays")
    equal(one(500), (1, "disabled", 6), "one more")
    s.ok("PUT", f"webhooks/{id_}", {"status": "active"})
    r.take()
    equal(one(200), (1, "active", 0), "one success")
    equal(len(r.take()), 1, "what was missed is not sent later")
    equal(s.errors(), [], "errors")


@promise("WOO-12: webhooks come late, twice, not at all, or last first, when a test says so")
def faults():
    s, r, _ = opened(["order.created"])
    for kind, want in (("hook_lost", 0), ("hook_twice", 2)):
        s.fault(kind=kind)
        s.place()
        s.post("/deliver")
        equal(len(r.take()), want, kind)
    ids = []
    s.fault(kind="hook_reversed")
    for _ in range(3):
        ids.append(s.place())
    s.post("/deliver")
    equal([i for _, i in r.topics()], ids[::-1], "last first")
    s.fault(kind="hook_late", ms=60000)
    late = s.place()
    s.post("/deliver")
    equal(r.take(), [], "late")
    s.post("/clock", {"advance_ms": 60000})
    s.post("/deliver")
    equal(r.topics(), [("order.created", late)], "and then it comes")
    strict = Shop(settings={"strict_delivery": "true"})
    strict.ok("POST", "webhooks", {"topic": "order.created", "delivery_url": r.url})
    strict.place()
    strict.post("/deliver")
    equal((r.take(), strict.get("/webhooks")[0]["failures"]), ([], 1), "a real shop sends nothing to a private address")
    equal(s.errors() + strict.errors(), [], "errors")


@promise("webhooks leave by themselves; a shop that was killed keeps its orders, webhooks and queue")
def by_itself():
    home = folder()
    state = home + "/state.lua"
    s, r = Shop(state=state, folder_=home, settings={"deliver_after_ms": 20}), Receiver()
    s.ok("POST", "webhooks", {"topic": "order.created", "delivery_url": r.url, "secret": "x"})
    r.take()
    first = s.place()
    eventually(lambda: r.got, "a delivery")
    equal(r.topics(), [("order.created", first)], "by itself")
    slow = Shop(state=home + "/slow.lua", folder_=home)
    slow.ok("POST", "webhooks", {"topic": "order.created", "delivery_url": r.url, "secret": "x"})
    r.take()
    waits = slow.place()
    slow.kill()
    again = Shop(state=home + "/slow.lua", folder_=home)
    equal([o["id"] for o in again.get("/orders")], [waits], "the order")
    again.post("/deliver")
    equal(r.topics(), [("order.created", waits)], "the queue")
    equal(s.errors() + again.errors(), [], "errors")


run()
