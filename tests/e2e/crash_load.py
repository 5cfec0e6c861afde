#!/usr/bin/env python3
"""Promises 1, 2 and 6 (design.md 4): kill -9 at any moment under load, and a target that is away meanwhile."""
import random
import threading
import time

from lib import equal, holds, promise, run
from lib.shop import Target, check_books, deployment, order, send_all, until_at_rest

KILLS = 5


def killer(seed, target, outage):
    """Kills whatever host runs, at moments that have nothing to do with what it does."""
    dice = random.Random(seed)

    def kill(hosts, lock, all_taken):
        for i in range(KILLS):
            time.sleep(dice.uniform(0.02, 0.4))
            if outage and i == 1:
                target.away = True
            if outage and i == 3:
                target.away = False
            with lock:
                hosts[-1].kill()
        target.away = False
        all_taken.wait(60)

    return kill


def under_load(entity, outage, seed):
    dice = random.Random(seed + 1)
    lock = threading.Lock()

    def when(count, key, document):
        if target.away:
            return "refuse"
        with lock:
            return dice.uniform(0, 0.03)

    target = Target(when)
    target.away = False
    d = deployment(target, entity=entity)
    numbers = list(range(3001, 3301))
    host = send_all(d, d.start(), [order(n) for n in numbers], during=killer(seed, target, outage))
    deadline = time.monotonic() + 120
    host = until_at_rest_by_clock(d, host, target, deadline)
    where = f"{entity}{', target away' if outage else ''}, seed {seed}"
    check_books(d, target, numbers, entity == "invoice", where)
    equal(d.mlc("audit", "verify")["tenants"]["acme"]["ok"], True, f"{where}: the audit chain")
    again = target.asked() - len(target.effects)
    holds(outage or again <= KILLS * 64, f"{where}: {again} requests were repeated, more than were in flight at {KILLS} kills")
    target.close()


def until_at_rest_by_clock(d, host, target, deadline):
    """What backs off is due at once: the clock is the host's, and is moved when nothing else goes on."""
    while True:
        asked = target.asked()
        try:
            return until_at_rest(d, host, 1.0)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        host = d.host
        if host.alive() and target.asked() == asked:
            host.advance(60000)


@promise("promises 1, 2: killed five times under load, with an Idempotency-Key: 0 lost, 0 doubled, always the same key")
def keyed():
    under_load("invoice", outage=False, seed=11)


@promise("promises 1, 2, 6: the same without means: none doubled, and exactly what may have happened is in review")
def without_means():
    under_load("slip", outage=False, seed=12)


@promise("promises 1, 2: killed five times while the target is away, with an Idempotency-Key: 0 lost, 0 doubled")
def keyed_outage():
    under_load("invoice", outage=True, seed=13)


@promise("promises 1, 2, 6: the same without means")
def outage_without_means():
    under_load("slip", outage=True, seed=14)


if __name__ == "__main__":
    run()
