#!/usr/bin/env python3
"""QuickBooks writes through park and serve(), with the visit broken at every call and by every fault (promises 1 and 2).

After each: 0 lost, 0 doubled, the books balance, and a set whose outcome was not known was asked again with the same bytes."""
from lib import equal, holds, promise, run
from lib.bench import Bench


def between(bench, kill):
    if kill:
        bench.crash()


@promise("promise 2, WOO-33: a visit cut before each of its calls, with and without kill -9 of the host after it")
def cut_at_every_call():
    for kill in (False, True):
        bench, calls = Bench(), 1
        while True:
            mine = bench.two_orders()
            visit = bench.visit(calls=calls)
            between(bench, kill)
            bench.after(mine, f"cut after {calls} calls, killed: {kill}")
            if visit["outcome"] == "done":
                break
            equal(visit["outcome"], "cut")
            calls += 1
        holds(calls > 10, f"only {calls} calls in a visit that writes")
        bench.posted_once(*bench.all)


@promise("promise 2: the host is killed while QuickBooks works, at each exchange, and the answer comes to one that never asked")
def killed_while_it_works():
    bench, exchange = Bench(), 0
    while True:
        mine = bench.two_orders()
        visit = bench.to_answer()
        for _ in range(exchange):
            if "waiting" in visit["outcome"]:
                visit = bench.to_answer(visit)
        if "waiting" not in visit["outcome"]:
            bench.after(mine, "undisturbed")
            break
        bench.crash()
        visit = bench.visit(resume=visit["id"])
        equal(visit["outcome"], "error", "an answer to another host's request")
        bench.after(mine, f"killed at exchange {exchange}")
        exchange += 1
    holds(exchange >= 4, f"only {exchange} exchanges in a visit that writes")
    holds(bench.witness.again >= 2, "sets that were asked again")
    bench.posted_once(*bench.all)


FAULTS = [
    {"kind": "die_before"}, {"kind": "die_after"}, {"kind": "lose_request"}, {"kind": "lose_reply"},
    {"kind": "lose_reply", "again": True}, {"kind": "receive_twice"}, {"kind": "modal"},
    {"kind": "hresult", "ran": False, "hresult": "0x80040402"}, {"kind": "hresult", "ran": True, "hresult": "0x80040402"},
    {"kind": "hresult", "ran": False, "hresult": "0x80040400"}, {"kind": "hresult", "ran": True, "hresult": "0x80040404"},
    {"kind": "cut", "path": "sendRequestXML"}, {"kind": "cut", "path": "receiveResponseXML"},
    {"kind": "cut", "path": "closeConnection"},
    {"kind": "cut", "path": "authenticate"}, {"kind": "file_closed"}, {"kind": "asleep"},
    {"kind": "refuse", "path": "InvoiceAddRq"}, {"kind": "refuse", "path": "CustomerAddRq"},
    {"kind": "refuse", "path": "InvoiceAddRq", "code": 3180}, {"kind": "refuse", "path": "InvoiceAddRq", "code": 1000},
    {"kind": "never_ran"}, {"kind": "not_stored"},
]


def every_fault(kill, **settings):
    bench = Bench(settings=settings)
    for fault in FAULTS:
        for after in range(7 if fault["kind"] not in ("file_closed", "asleep", "never_ran", "not_stored", "refuse") else 2):
            mine = bench.two_orders()
            bench.books.fault(after=after, **fault)
            bench.visit()
            between(bench, kill)
            bench.after(mine, f"{fault} at exchange {after}, killed: {kill}")
    bench.posted_once(*bench.all)
    return bench


@promise("promise 2: every fault of the Web Connector and of QuickBooks, at each exchange")
def faults():
    bench = every_fault(False)
    holds(bench.witness.again >= 8, f"only {bench.witness.again} sets were asked again")


@promise("promise 2: the same, with kill -9 of the host before the next visit")
def faults_and_kills():
    every_fault(True)


@promise("promise 2: the answer of a set is lost twice and three times over: the same bytes each time, "
         "then each record is looked up")
def lost_again_and_again():
    bench = Bench()
    for times in range(1, 7):
        mine = bench.two_orders()
        bench.to_write()
        for _ in range(times):
            bench.books.fault(kind="die_after")
            bench.visit()
        bench.after(mine, f"lost {times} times over")
    bench.posted_once(*bench.all)


@promise("promise 2: QuickBooks did it, could not keep its answer (9005), "
         "and the answer is lost: looked up, never entered again")
def not_kept():
    for kill in (False, True):
        for end in ("die_after", "lose_request", "lose_reply"):
            bench = Bench()
            for _ in range(2):
                mine = bench.two_orders()
                bench.books.fault(kind="not_stored")
                visit = bench.to_write()
                equal(bench.books.get("/faults")[0]["used"], 1, "9005")
                if end != "die_after":
                    bench.books.fault(kind=end)
                    bench.visit(resume=visit["id"])
                between(bench, kill)
                bench.after(mine, f"{end} after 9005, killed: {kill}")


if __name__ == "__main__":
    run()
