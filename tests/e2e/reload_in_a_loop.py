#!/usr/bin/env python3
"""Reloading in a loop, under load, with a visit open and connectors replaced on disk: nothing is refused, lost or done twice, and what is old
is unmapped.  In a sanitizer build, too: MLC_BUILD_DIR=build-asan python3 tests/e2e/reload_in_a_loop.py"""
import itertools
import os
import re
import threading

from lib import equal, eventually, holds, promise, run
from lib.desk import Desk, order, webhook

RELOADS = int(os.environ.get("MLC_RELOADS", "20"))
SENDERS = 2


def mapped(host):
    """The private copies of connectors that the host has in memory: {connector: how many}."""
    with open(f"/proc/{host.process.pid}/maps") as f:
        copies = set(re.findall(r"/(\w+)-[0-9a-f]{12}-(\d+)\.so", f.read()))
    found = {}
    for name, _ in copies:
        found[name] = found.get(name, 0) + 1
    return found


class Senders:
    """Orders that come in all the time, slower than a visit takes them: else it would not end.  Each answer is kept."""

    def __init__(self, desk):
        self.desk, self.numbers, self.statuses, self.orders = desk, itertools.count(2001), [], []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.send) for _ in range(SENDERS)]
        for t in self.threads:
            t.start()

    def send(self):
        while not self.over.wait(0.1):
            one = order(next(self.numbers))
            try:
                status = webhook(self.desk.host.url, "acme/shop", one)
            except OSError as wrong:
                status = repr(wrong)
            self.statuses.append(status)
            self.orders.append(one)

    def end(self):
        self.over.set()
        for t in self.threads:
            t.join()


class Plugins:
    """The .so files of the deployment, replaced in each way a person may."""

    def __init__(self, desk):
        self.at = {name: desk.at.file("plugins", f"{name}.so") for name in ("woocommerce", "quickbooks_desktop")}
        self.bytes = {name: open(path, "rb").read() for name, path in self.at.items()}
        self.turn = 0

    def replace(self):
        """The same code in another file: what stands behind an ELF image is not read."""
        self.turn += 1
        for name, path in self.at.items():
            bytes_ = self.bytes[name] + self.turn.to_bytes(4, "little")
            if self.turn % 2:
                with open(path, "wb") as f:  # in place: truncated, then written
                    f.write(bytes_)
            else:
                with open(path + ".new", "wb") as f:
                    f.write(bytes_)
                os.replace(path + ".new", path)

    def spoil(self):
        with open(self.at["quickbooks_desktop"], "wb") as f:
            f.write(self.bytes["quickbooks_desktop"][:5000])


@promise("reload in a loop under load, a visit open, connectors replaced: 0 requests refused, 0 lost, "
         "0 doubled, old ones unmapped")
def in_a_loop():
    desk = Desk()
    desk.settle()
    plugins, senders = Plugins(desk), Senders(desk)
    most = {}
    try:
        for turn in range(RELOADS):
            visit = desk.to_answer()  # open, and a request of it is with QuickBooks
            plugins.replace()
            if turn % 2:
                desk.host.hup()
            else:
                answer = desk.at.mlc("reload")
                equal((answer["errors"], answer["refused"]), ([], []), "the reload")
            for name, count in mapped(desk.host).items():
                most[name] = max(most.get(name, 0), count)
            if "waiting" in visit["outcome"]:
                visit = desk.visit(resume=visit["id"])
            holds(visit["outcome"] in ("done", "error"), f"{visit['outcome']}: {visit.get('message')}")
    finally:
        senders.end()
    equal({s for s in senders.statuses}, {200}, "answers to webhooks")
    holds(len(senders.statuses) > RELOADS, f"only {len(senders.statuses)} webhooks")
    holds(most["quickbooks_desktop"] >= 2, "an old generation was never in use beside a new one: that is what this is about")
    desk.settle(most=40)
    desk.posted_once(*senders.orders)
    desk.at.mlc("reload")
    eventually(lambda: mapped(desk.host) == {"woocommerce": 1, "quickbooks_desktop": 1}, "old generations are unmapped")
    equal(desk.host.stop(), 0, "how the host ended")
    holds("Sanitizer" not in desk.host.said() and "runtime error" not in desk.host.said(), desk.host.said()[-4000:])


@promise("a visit that is open at a reload finishes what it took, then ends; the next one goes on under the new configuration")
def an_open_visit():
    desk = Desk()
    desk.settle()
    mine = [order(n) for n in range(1, 4)]
    desk.post(*mine)
    visit = desk.to_write()
    Plugins(desk).replace()
    desk.at.mlc("reload")
    visit = desk.visit(resume=visit["id"])
    equal(visit["outcome"], "done")
    writes = [d for c in visit["calls"] for d in c.get("done", []) if d["write"]]
    equal({d["request"] for d in writes}, {"CustomerAddRq"}, "what it wrote: the set it had taken, and no other")
    desk.settle()
    desk.posted_once(*mine)


@promise("a connector that is spoiled on disk is refused by name, and the one in use serves on")
def spoiled():
    desk = Desk()
    desk.settle()
    plugins = Plugins(desk)
    plugins.spoil()
    code, answer, said = desk.at.run("reload")
    equal((code, answer["refused"][0]["used"]), (1, "acme/books"), said)
    holds("quickbooks_desktop.so" in answer["refused"][0]["file"], answer)
    mine = order(1)
    desk.post(mine)
    desk.settle()
    desk.posted_once(mine)
    plugins.replace()
    equal(desk.at.mlc("reload")["refused"], [])
    eventually(lambda: mapped(desk.host)["quickbooks_desktop"] == 1, "one generation")


@promise("a reload with anything wrong says it with file and line, and changes nothing")
def wrong():
    desk = Desk()
    desk.settle()
    good = open(desk.at.file("tenants/acme/tenant.lua")).read()
    desk.at.tenant("acme", good.replace("every_minutes = 15", "every_minutes = 15, compnay = 1"))
    code, answer, said = desk.at.run("reload")
    equal(code, 1)
    holds("tenant.lua" in said and "compnay" in said, said)
    mine = order(1)
    desk.post(mine)
    desk.settle()
    desk.posted_once(mine)
    desk.at.tenant("acme", good)
    desk.at.mlc("reload")


if __name__ == "__main__":
    run()
