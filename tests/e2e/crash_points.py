#!/usr/bin/env python3
"""Promises 1, 2 and 6 (design.md 4): kill -9 at each point of one record's way, and what is there afterwards.

The host ends itself at exact commits (MLC_DIE_AT, host/store/inner.h), as SIGKILL does: right before a
transaction is committed, and right after, before anybody has heard of it.  What lies between the first byte
of a request and its reply is the target's to time: it kills the host then."""
from lib import equal, eventually, holds, promise, run
from lib.shop import Shop, Target, at_rest, check_books, deployment, order, send, send_all, until_at_rest

COMMITS = [(when, move) for move in ("accept", "decide", "mark", "settle") for when in ("before", "after")]
DOUBTFUL = {("after", "mark"), ("before", "settle")}  # it may have left, and nobody has written down what came of it


def insist(d, number, host):
    """A shop sends again until it is told 2xx; where the host dies meanwhile it is started again."""
    for _ in range(3):
        if send(host.url, order(number)) == 200:
            return host
        eventually(lambda: not host.alive(), "the host dies, since it does not take a webhook")
        host = d.start()
    raise AssertionError("three hosts did not take a webhook")


def in_review(d):
    return [(row["label"], row["cause"]) for row in d.list("review")]


def one_death(entity, die_at, shop=None, come_in=None):
    """One order; the host dies once at that point and is started again.  (deployment, target)"""
    target = Target()
    d = deployment(target, entity=entity, shop_url=shop.url if shop else "http://127.0.0.1:9")
    first = d.start(env={"MLC_DIE_AT": die_at})
    host = (come_in or (lambda: insist(d, 1001, first)))()
    eventually(lambda: not first.alive(), f"the host dies {die_at}")
    equal(first.process.returncode, -9, "how it ended")
    if host is first:
        host = d.start()
    eventually(lambda: at_rest(d) and sum(map(len, (d.list("done"), d.list("review")))), "what came in is dealt with")
    equal(d.mlc("audit", "verify")["tenants"]["acme"]["ok"], True, "the audit chain")
    target.close()
    return d, target


@promise("promises 1, 2: a death at any commit, with an Idempotency-Key: 0 lost, 0 doubled, always the same key")
def keyed():
    for when, move in COMMITS:
        d, target = one_death("invoice", f"{when}:{move}:1")
        equal(target.effects_of(), {"1001": 1}, f"effects after a death {when} {move}")
        equal(len(target.keys_of()["1001"]), 1, f"different keys after a death {when} {move}")
        equal(len(d.list("done")), 1, f"done after a death {when} {move}")


@promise("promises 1, 2: a death at any commit, without means: what may have happened goes to review, all else is done once")
def without_means():
    for when, move in COMMITS:
        d, target = one_death("slip", f"{when}:{move}:1")
        if (when, move) in DOUBTFUL:
            equal(in_review(d), [("order 1001", "in_doubt")], f"in review after a death {when} {move}")
            holds(target.effects_of().get("1001", 0) <= 1, f"it took effect twice after a death {when} {move}")
        else:
            equal(in_review(d), [], f"in review after a death {when} {move}")
            equal(target.effects_of(), {"1001": 1}, f"effects after a death {when} {move}")


def die_on_the_wire(entity, what_then):
    """The target kills the host when the request is there: before its effect, or after it and before the reply."""
    hosts = []

    def when(count, key, document):
        if count == 1:
            hosts[0].kill()
            return what_then
        return None

    target = Target(when)
    d = deployment(target, entity=entity)
    hosts.append(d.start())
    equal(send(hosts[0].url, order(1001)), 200, "the webhook")
    eventually(lambda: not hosts[0].alive(), "the target kills the host")
    d.start()
    eventually(lambda: at_rest(d) and sum(map(len, (d.list("done"), d.list("review")))), "what came in is dealt with")
    return d, target


@promise("promise 2: a death between the first byte and the reply, before and after the remote's effect, with a key")
def keyed_on_the_wire():
    for what_then in ("cut before", "cut after"):
        d, target = die_on_the_wire("invoice", what_then)
        equal(target.effects_of(), {"1001": 1}, f"effects, {what_then} its effect")
        equal(len(target.requests), 2, "requests")
        equal(len(target.keys_of()["1001"]), 1, "different keys")
        equal(len(d.list("done")), 1, "done")
        target.close()


@promise("promise 2: the same without means: never sent again, a person is asked, and the answer counts")
def no_means_on_the_wire():
    for what_then, answer in (("cut before", ["--choice", "again"]), ("cut after", ["--choice", "adopt", "--record", "1"])):
        d, target = die_on_the_wire("slip", what_then)
        equal(in_review(d), [("order 1001", "in_doubt")], f"in review, {what_then} its effect")
        equal(len(target.requests), 1, "requests")
        _, said = d.say("status")
        holds("1 thing needs a person" in said and "mlc decide" in said, f"status does not say what to type: {said}")
        d.mlc("decide", "acme", "--cause", "in_doubt", *answer)
        eventually(lambda: at_rest(d) and d.list("done"), "the answer is followed")
        equal(target.effects_of(), {"1001": 1}, f"effects, {what_then} its effect and answered {answer}")
        equal(in_review(d), [], "in review after the answer")
        target.close()


@promise("promise 2: two orders of one identity, the first in doubt: the second waits for the answer, and is not written again")
def one_identity():
    hosts = []
    target = Target(lambda count, key, document: hosts[0].kill() or "cut after" if count == 1 else None)
    d = deployment(target, entity="slip")
    path = d.file("mappings", "woocommerce-sink", "orders.lua")
    with open(path) as f:
        text = f.read()
    d.write("mappings/woocommerce-sink/orders.lua", text.replace('identity = src "id"', 'identity = src "currency"'))
    hosts.append(d.start())
    equal(send(hosts[0].url, order(1001)), 200, "the first order")
    eventually(lambda: not hosts[0].alive(), "the target kills the host")
    host = d.start()
    equal(send(host.url, order(1002)), 200, "the second order")
    eventually(lambda: at_rest(d) and d.list("held"), "the second order is held")
    equal([(row["label"], row["cause"]) for row in d.list("held")], [("order 1002", "needs:shop-books.orders")], "held")
    equal(in_review(d), [("order 1001", "in_doubt")], "in review")
    d.mlc("decide", "acme", "--cause", "in_doubt", "--choice", "adopt", "--record", "1")
    eventually(lambda: at_rest(d) and len(d.list("done")) + len(d.list("skipped")) == 2, "the answer is followed for both")
    equal(len(target.effects), 1, "effects")
    target.close()


@promise("promise 2: replies lost again and again, and the order edited meanwhile: the same request with the same key")
def edited_in_doubt():
    lost = 7  # more than one call's tries, so that the host backs off with the doubt on disk
    target = Target(lambda count, key, document: "cut after" if count <= lost else None)
    d = deployment(target)
    host = d.start()
    equal(send(host.url, order(1001)), 200, "the webhook")
    eventually(lambda: target.asked() >= 3, "the host asks again by itself")
    equal(send(host.url, order(1001, modified="2026-03-04T11:00:00", name="Augusta"), topic="order.updated"), 200, "the edit")

    def settled():
        host.advance(60000)
        return at_rest(d) and d.list("done")

    eventually(settled, "the target's answer comes through")
    equal(target.effects_of(), {"1001": 1}, "effects")
    equal(len(target.keys_of()["1001"]), 1, "different keys")
    holds(target.asked() > lost, "the host gave up before the target answered")
    equal(in_review(d), [], "in review")
    target.close()


@promise("promise 1: a death when a record is fetched that a webhook only hinted at")
def fetched():
    for when in ("before", "after"):
        shop = Shop()
        shop.orders[1001] = order(1001)
        target = Target()
        d = deployment(target, shop_url=shop.url)
        first = d.start(env={"MLC_DIE_AT": f"{when}:fetch:1"})
        equal(send(first.url, order(1001, status="trash"), topic="order.updated"), 200, "the webhook")
        eventually(lambda: not first.alive(), "the host dies")
        d.start()
        eventually(lambda: at_rest(d) and d.list("done"), "what came in is dealt with")
        equal(target.effects_of(), {"1001": 1}, f"effects after a death {when} the fetch is kept")
        shop.close()
        target.close()


@promise("promise 1: a death when a page of a feed is kept: records and cursor together, or neither")
def fed():
    for when in ("before", "after"):
        shop = Shop()
        shop.listed = [order(n) for n in range(1001, 1011)]
        target = Target()
        d = deployment(target, shop_url=shop.url)
        first = d.start(env={"MLC_DIE_AT": f"{when}:emit:1"})
        eventually(lambda: not first.alive(), "the host dies")
        d.start()
        eventually(lambda: at_rest(d) and len(d.list("done")) == 10, "what came in is dealt with")
        equal(target.effects_of(), {str(n): 1 for n in range(1001, 1011)}, f"effects after a death {when} the page is kept")
        shop.close()
        target.close()


@promise("promises 1, 2, 6: deaths in the middle of many: each is done once, or in review if it may have happened")
def in_the_middle():
    numbers = list(range(2001, 2041))
    for entity in ("invoice", "slip"):
        for when, move in COMMITS:
            target = Target()
            d = deployment(target, entity=entity)
            first = d.start(env={"MLC_DIE_AT": f"{when}:{move}:7"})
            host = send_all(d, first, [order(n) for n in numbers])
            where = f"{entity}, a death {when} {move}"
            until_at_rest(d, host)
            equal(first.process.returncode, -9, f"{where}: how it ended")
            check_books(d, target, numbers, entity == "invoice", where)
            equal(d.mlc("audit", "verify")["tenants"]["acme"]["ok"], True, f"{where}: the audit chain")
            target.close()


if __name__ == "__main__":
    run()
