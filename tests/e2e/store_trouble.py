#!/usr/bin/env python3
"""A store that cannot be used is said in a sentence, with the way out, and exit status 1; a disk that is full
while the host runs costs nothing that was accepted."""
import os
import shutil
import sqlite3
import subprocess
import time

from lib import ShopBooks, equal, eventually, exchange, holds, promise, run, skip
from lib.bed import MLC, folder
from lib.shop import Target, at_rest, deployment, order, send


def start(d):
    """(exit status, what it said) of a start that must fail."""
    done = subprocess.run([MLC, "run", "--dir", d.path, "--until-idle"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def refused(d, *words):
    status, said = start(d)
    equal(status, 1, f"exit status; it said {said}")
    for word in words:
        holds(word in said, f"it does not say {word!r}: {said}")
    holds("Assertion" not in said and "ERROR: " not in said, f"that is no sentence: {said}")


def with_store():
    """A deployment whose store holds one delivered order."""
    target = Target()
    d = deployment(target)
    host = d.start()
    equal(send(host.url, order(1001)), 200, "the webhook")
    eventually(lambda: at_rest(d) and d.list("done"), "the order is delivered")
    host.stop()
    return d, target


@promise("a second host on the same deployment is refused, and named is the one that runs")
def locked():
    target = Target()
    d = deployment(target)
    host = d.start()
    refused(d, "state/lock", str(host.process.pid), "stop")
    equal(send(host.url, order(1001)), 200, "the first one goes on")
    target.close()


@promise("another master key than the store's, none, one of another length: refused, and the file is named")
def keys():
    d, target = with_store()
    path = d.file("state", "master.key")
    kept = path + ".kept"
    shutil.copy(path, kept)
    other = os.path.join(folder(), "other")
    d.run("init", other, raw=True)
    os.remove(path)
    shutil.copy(os.path.join(other, "state", "master.key"), path)
    refused(d, "mlc.db", "key file", "put the right")
    os.remove(path)
    refused(d, "master.key")
    with open(path, "w") as f:
        f.write("short\n")
    os.chmod(path, 0o400)
    refused(d, "master.key")
    os.remove(path)
    shutil.copy(kept, path)
    host = d.start()
    equal(len(d.list("done")), 1, "with the right key all is there")
    host.stop()
    target.close()


@promise("a damaged store, one of a newer mlc, a folder that cannot be written: refused, each with its own words")
def damaged():
    d, target = with_store()
    path = d.file("state", "mlc.db")
    kept = path + ".kept"
    shutil.copy(path, kept)
    with open(path, "r+b") as f:
        f.write(b"\0" * 4096)
    refused(d, "mlc.db", "restore")
    shutil.copy(kept, path)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 1000")
    db.close()
    refused(d, "mlc.db", "1000", "restore a backup")
    shutil.copy(kept, path)
    for name in ("mlc.db-wal", "mlc.db-shm"):
        if os.path.exists(d.file("state", name)):
            os.remove(d.file("state", name))
    d.start().stop()
    equal(start(d)[0], 0, "with the right file it starts")
    with open(d.file("mlc.lua")) as f:
        text = f.read()
    d.write("mlc.lua", text.replace("workers = 1", 'workers = 1, store = "/proc/nowhere"'))
    refused(d, "/proc/nowhere")
    target.close()


@promise("ALL-15: modes and pauses that cannot be read at a reload: nothing is sent, status says so, "
         "and another reload goes on as it was")
def notes_unreadable():
    target = Target()
    d = deployment(target)
    host = d.start()
    d.mlc("pause", "acme/shop-books")
    db = sqlite3.connect(d.file("state", "mlc.db"), timeout=30)
    db.execute("ALTER TABLE note RENAME TO note_away")
    d.run("reload")
    equal(send(host.url, order(1001)), 200, "the webhook")
    eventually(lambda: any(f["held_cause"] == "unread" for f in d.mlc("status")["flows"]), "it is held")
    equal(target.asked(), 0, "requests")
    db.execute("ALTER TABLE note_away RENAME TO note")
    db.close()
    d.mlc("reload")
    flows = [f for f in d.mlc("status")["flows"] if f["enabled"]]
    equal({(f["paused"], f["held_cause"]) for f in flows}, {(True, None)}, "as it was")
    d.mlc("resume", "acme/shop-books")
    eventually(lambda: at_rest(d) and d.list("done"), "the order is delivered")
    host.stop()
    target.close()


@promise("ALL-15: go that cannot be written down is an error, and nothing is sent")
def go_unwritable():
    bed = ShopBooks(mode="shadow")
    bed.place(lines=[{"sku": "MUG-RED", "quantity": 1}])
    bed.settle()
    db = sqlite3.connect(bed.at.file("state", "mlc.db"), timeout=30)
    db.execute("ALTER TABLE note RENAME TO note_away")
    code, _, said = bed.at.run("go", "acme/shop-books", "--yes")
    db.execute("ALTER TABLE note_away RENAME TO note")
    db.close()
    equal(code, 1, said)
    bed.visit()
    equal({f["mode"] for f in bed.flows().values()}, {"shadow"}, "after")
    equal(bed.documents("Invoice"), [], "written")


@promise("promise 2: an outcome that the store does not take at once is written down later, "
         "and nothing is written a second time")
def outcome_late():
    d = None

    def away(count, key, document):
        """The store takes no links from here on: the reply comes, and what it says cannot be kept."""
        if count == 1:
            db = sqlite3.connect(d.file("state", "mlc.db"), timeout=30)
            db.execute("ALTER TABLE link RENAME TO link_away")
            db.close()

    target = Target(away)
    d = deployment(target)
    host = d.start()
    equal(send(host.url, order(1001)), 200, "the webhook")
    eventually(lambda: "cannot be written down" in open(host.log.name).read(), "the outcome is not taken")
    db = sqlite3.connect(d.file("state", "mlc.db"), timeout=30)
    db.execute("ALTER TABLE link_away RENAME TO link")
    db.close()

    def settled():
        host.advance(60000)
        return at_rest(d) and d.list("done")

    eventually(settled, "it comes to rest", 60)
    equal(target.effects_of(), {"1001": 1}, "effects")
    equal(target.asked(), 1, "requests")
    equal([link["made"] for link in d.mlc("links", "acme")["links"]], ["created"], "links")
    host.stop()
    target.close()


@promise("a store that fails again and again is asked less and less, and what waited is done once it is well")
def store_fails():
    target = Target()
    d = deployment(target)
    host = d.start()
    db = sqlite3.connect(d.file("state", "mlc.db"), timeout=30)
    db.execute("ALTER TABLE write RENAME TO write_away")
    equal(send(host.url, order(1001)), 200, "the webhook")
    eventually(lambda: "could not be" in open(host.log.name).read(), "it fails")
    time.sleep(2)
    with open(host.log.name) as f:
        lines = [line for line in f if '"error"' in line]
    holds(len(lines) < 10, f"{len(lines)} times: {lines[-1]}")
    db.execute("ALTER TABLE write_away RENAME TO write")
    db.close()

    def settled():
        host.advance(60000)
        return d.list("done")

    eventually(settled, "it is done", 60)
    equal(target.effects_of(), {"1001": 1}, "effects")
    host.stop()
    target.close()


class SmallDisk:
    """A file system of some megabytes over a deployment's state, which can be filled to the last byte."""

    def __init__(self, d, megabytes=8):
        self.path = d.file("state")
        kept = os.path.join(folder(), "state")
        shutil.copytree(self.path, kept)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs",
                               self.path], capture_output=True)
        if done.returncode:
            skip("no file system may be mounted here: " + done.stderr.decode().strip())
        shutil.copytree(kept, self.path, dirs_exist_ok=True)
        self.filler = os.path.join(self.path, "filler")

    def fill(self):
        with open(self.filler, "ab", buffering=0) as f:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        f.write(b"x" * size)
                except OSError:
                    pass

    def free(self):
        os.remove(self.filler)

    def close(self):
        subprocess.run(["umount", "-l", self.path], check=True)


@promise("a disk that is full at the start: refused, with the machine's own words")
def full_at_start():
    target = Target()
    d = deployment(target)
    disk = SmallDisk(d)
    try:
        disk.fill()
        refused(d, "mlc.db", "No space left")
        disk.free()
        equal(start(d)[0], 0, "with room it starts")
    finally:
        disk.close()
        target.close()


@promise("promise 1: a disk that fills up while the host runs: webhooks are refused with 503, "
         "nothing accepted is lost, and with room it goes on")
def full_meanwhile():
    target = Target()
    d = deployment(target)
    disk = SmallDisk(d)
    host = None
    try:
        host = d.start()
        equal(send(host.url, order(1001)), 200, "a webhook while there is room")
        disk.fill()
        statuses = [send(host.url, order(n)) for n in range(2001, 2200)]
        holds(503 in statuses, f"none was refused: {sorted(set(statuses))}")
        equal(set(statuses) - {200, 503}, set(), "other answers")
        equal(exchange(host.url + "/healthz")[0], 503, "healthz while the disk is full")
        accepted = [2001 + i for i, status in enumerate(statuses) if status == 200]
        disk.free()
        eventually(lambda: send(host.url, order(3001)) == 200, "with room it takes webhooks again")
        equal(exchange(host.url + "/healthz")[0], 200, "healthz with room")

        def settled():
            host.advance(60000)
            return at_rest(d)

        eventually(settled, "it comes to rest", 60)
        wanted = {str(n) for n in [1001, 3001, *accepted]}
        equal({row["rid"] for row in d.list("done", limit=1000)}, wanted, "what was accepted is done")
        equal(target.effects_of(), {n: 1 for n in wanted}, "effects")
        equal(d.mlc("audit", "verify")["tenants"]["acme"]["ok"], True, "the audit chain")
    finally:
        if host:
            host.kill()
            host.log.close()
        disk.close()
        target.close()


if __name__ == "__main__":
    run()
