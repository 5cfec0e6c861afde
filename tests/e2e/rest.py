#!/usr/bin/env python3
"""`sync --wait` answers when there is rest, and not a moment before: whatever is slow, the disk or the other side."""
import sqlite3
import threading

from lib import equal, eventually, holds, promise, run
from lib.pair import Pair

MATCH = 'match = { { by = "link" }, { by = { name = src "name" } }, on_none = "create" },'
FIELDS = 'name = src "name", phone = src "phone"'
FORTH, BACK = (MATCH, FIELDS), ('back_of = "ledger.party->crm.account",' + MATCH, FIELDS)


def cycles(p):
    return len(p.deployment.mlc("audit", "--tenant", "acme", "--move", "cycle")["audit"])


def waiting(p):
    """A `sync --wait` in the background: when it is over, done is set."""
    done = threading.Event()

    def wait():
        p.sync()
        done.set()
    threading.Thread(target=wait, daemon=True).start()
    return done


@promise("a record that was fetched and is being written down on a slow disk is at work, though nobody is asked for anything")
def _():
    p = Pair(FORTH)
    party = p.party(name="Ada", phone="1")
    p.start()
    p.until(lambda: p.account_of("Ada"), "it is there")
    p.ledger.fault(kind="latency", method="GET", path="/parties/*", ms=1500, count=1)
    before = cycles(p)
    p.ledger.post("/parties", {"id": party["id"], "phone": "2"})  # told by a webhook, as a hint: it is fetched
    done = waiting(p)
    eventually(lambda: cycles(p) > before, "its feed was read")
    disk = sqlite3.connect(p.deployment.file("state", "mlc.db"), isolation_level=None)
    disk.execute("BEGIN IMMEDIATE")  # nothing can be written
    early = done.wait(4.5)  # the host has the record after 1.5 s, and gives up writing down how it came by it 2 s later
    disk.execute("ROLLBACK")
    disk.close()
    holds(not early, "it said that there is rest")
    holds(done.wait(20), "there is rest at last")
    equal(p.account_of("Ada")["phone"], "2", "and by then it was carried over")


@promise("what is tried again within a moment is waited for: a remote that is busy once is no rest")
def _():
    p = Pair(FORTH)
    party = p.party(name="Ada", phone="1")
    p.start()
    p.until(lambda: p.account_of("Ada"), "it is there")
    for phone in ("2", "3", "4"):
        p.crm.fault(kind="status", method="POST", path="/batch", status=503, body='{"code":"busy","message":"later"}', count=1)
        p.ledger.post("/parties", {"id": party["id"], "phone": phone})
        p.sync()
        equal(p.account_of("Ada")["phone"], phone, "one wait is enough")


@promise("what another flow may be making just now is looked at again before there is rest")
def _():
    p = Pair(FORTH, BACK)
    p.start()
    p.sync()
    p.crm.fault(kind="latency", method="POST", path="/batch", ms=400, count=0)
    for n in range(5):
        p.party(name=f"P{n}")
        p.account(name=f"A{n}")
        p.sync()
        equal([len(p.parties()), len(p.accounts())], [2 * n + 2, 2 * n + 2], "both are on both sides")


run()
