#!/usr/bin/env python3
"""`mlc erase`: a person's data is gone from every file here, and the trail still proves all that was done."""
import os

from lib import equal, holds, promise, run
from lib.pair import Pair

FORTH = ('match = { { by = "link" }, { by = { name = src "name" } }, on_none = "create" },', 'name = src "name", mail = src "mail"')


@promise("what was read, made, written and told of one person is in no file any more; of others it stays; the chain holds")
def _():
    p = Pair(FORTH)
    ada = p.party(name="Ada Secretive", mail="ada@secretive.example")
    p.party(name="Bob", mail="bob@example.com")
    p.start()
    p.until(lambda: p.account_of("Ada Secretive") and p.account_of("Bob"), "both are there")
    mlc = p.deployment.mlc
    mlc("erase", "acme/books", "party", ada["id"])
    mlc("erase", "acme/sales", "account", p.account_of("Ada Secretive")["id"])
    folder = p.deployment.file("state")
    for name in sorted(os.listdir(folder)):
        if name.startswith(("mlc.db", "audit.db")):
            with open(os.path.join(folder, name), "rb") as f:
                holds(b"secretive" not in f.read().lower(), f"{name} still tells of her")
    proof = mlc("audit", "verify")["tenants"]["acme"]
    holds(proof["ok"] and proof["erased"] > 0, str(proof))
    moves = [a["move"] for a in mlc("audit", "--tenant", "acme")["audit"] if a.get("rid") == ada["id"]]
    holds(moves[:2] == ["accept", "decide"] and "settle" in moves and moves[-1] == "erase", f"that it was done stays: {moves}")
    labels = [a["detail"].get("label") for a in mlc("audit", "--tenant", "acme", "--move", "decide")["audit"] if a.get("detail")]
    holds("party Bob" in labels and len(labels) == labels.count("party Bob"), str(labels))
    p.sync()
    equal(len(p.accounts()), 2, "and nobody is made twice")


run()
