#!/usr/bin/env python3
"""Two records become one in their system: what was linked to the one that is gone follows, nothing is closed, nothing made."""
from lib import equal, eventually, promise, run
from lib.pair import Pair

BACK = ('match = { { by = "link" }, on_none = "create" }, on_delete = { fields = { closed = true } },',
        'name = src "name", city = src "city"')
FORTH = ('match = { { by = "link" }, on_none = "create" }, on_delete = { fields = { active = false } },',
         'name = src "name", city = src "city"')


def review(p):
    return [(d["cause"], d["label"]) for d in p.deployment.list("review")]


@promise("ALL-12: a merge in the source moves the link to the survivor, with audit; nothing is closed and nothing new")
def _():
    p = Pair(back=BACK)
    gone = p.account(name="Ada", city="Reno")
    p.start()
    p.until(lambda: p.party_of("Ada"), "it is written")
    party = p.party_of("Ada")
    p.deployment.mlc("pause", "acme/sales")  # the survivor is not written before the merge is told
    survivor = p.account(name="Ada Byron", city="Elko")
    p.crm.post("/merge", {"from": gone["id"], "into": survivor["id"]})
    p.deployment.mlc("resume", "acme/sales")
    p.until(lambda: p.party_of("Ada Byron"), "the survivor's name is the party's")
    equal([(x["id"], x["name"], x.get("closed")) for x in p.parties()], [(party["id"], "Ada Byron", None)])
    links = p.deployment.mlc("links", "acme", "--flow", "books-sales.back")["links"]
    equal([(x["source_id"], x["target_id"]) for x in links], [(survivor["id"], party["id"])])
    moved = p.deployment.mlc("audit", "--tenant", "acme", "--move", "link_moved")["audit"]
    equal(len(moved), 1)


@promise("ALL-12: when both were written a person is asked, and nothing is closed")
def _():
    p = Pair(back=BACK)
    gone, survivor = p.account(name="Ada"), p.account(name="Ada Byron")
    p.start()
    p.until(lambda: len(p.parties()) == 2, "both are written")
    p.crm.post("/merge", {"from": gone["id"], "into": survivor["id"]})
    p.until(lambda: len(review(p)) == 1, "a person is asked")
    equal(review(p)[0][0], "merged")
    equal([x.get("closed") for x in p.parties()], [None, None])
    p.deployment.mlc("decide", "--cause", "merged", "--choice", "forget", "acme")
    eventually(lambda: len(p.deployment.mlc("links", "acme", "--flow", "books-sales.back")["links"]) == 1,
               "the first is forgotten")
    equal(review(p), [], "it is settled")
    equal(len(p.parties()), 2)


@promise("ALL-12: a merge in the target is followed when the next change finds it")
def _():
    p = Pair(forth=FORTH)
    ada = p.party(name="Ada", city="Reno")
    p.start()
    p.until(lambda: p.account_of("Ada"), "it is written")
    old = p.account_of("Ada")
    survivor = p.account(name="Ada of the crm", city="Reno")
    p.crm.post("/merge", {"from": old["id"], "into": survivor["id"]})
    p.ledger.post("/parties", {"id": ada["id"], "city": "Elko"})
    p.until(lambda: (p.crm.get("/books")
                     and any(a["id"] == survivor["id"] and a.get("city") == "Elko" for a in p.accounts())),
            "the survivor is written")
    equal(len(p.accounts()), 1)
    equal(review(p), [])


KEPT = ('match = { { by = "link" }, on_none = "create" },', 'name = src "name", city = src "city"')
KEPT_BACK = ('back_of = "ledger.party->crm.account", match = { { by = "link" }, on_none = "create" },',
             'name = src "name", city = src "city"')


def pair_of_each():
    """Kept in step both ways: Ada was made in the crm, Ben in the ledger."""
    p = Pair(forth=KEPT, back=KEPT_BACK)
    ada, ben = p.account(name="Ada"), p.party(name="Ben")
    p.start()
    p.until(lambda: p.party_of("Ada") and p.account_of("Ben"), "each is on both sides")
    return p, ada, ben


@promise("ALL-12: of two that are kept in step both ways, each made on another side, "
         "a person is asked when either is merged into the other; no link moves, nothing is closed")
def _():
    for first in ("Ada", "Ben"):
        p, ada, ben = pair_of_each()
        survivor = "Ben" if first == "Ada" else "Ada"
        p.crm.post("/merge", {"from": p.account_of(first)["id"], "into": p.account_of(survivor)["id"]})
        p.until(lambda: len(review(p)) == 1, f"a person is asked about {first}")
        equal(review(p)[0][0], "merged")
        equal(len(p.parties()), 2)
        equal(len(p.deployment.mlc("links", "acme")["links"]), 2, "both links are as they were")
        equal(p.deployment.mlc("audit", "--tenant", "acme", "--move", "link_moved")["audit"], [], "none was moved")
        p.deployment.mlc("decide", "--cause", "merged", "--choice", "forget", "acme")
        eventually(lambda: len(p.deployment.mlc("links", "acme")["links"]) == 1, "the first is forgotten")


@promise("ALL-12: of one that is kept in step both ways the link goes to a survivor that had none, whoever made the pair")
def _():
    for first in ("Ada", "Ben"):
        p, ada, ben = pair_of_each()
        p.deployment.mlc("pause", "acme/sales")  # the survivor is not written before the merge is told
        survivor = p.account(name="Cleo", city="Elko")
        p.crm.post("/merge", {"from": p.account_of(first)["id"], "into": survivor["id"]})
        p.deployment.mlc("resume", "acme/sales")
        p.until(lambda: p.party_of("Cleo"), "its party is the survivor's")
        equal(sorted(x["name"] for x in p.parties()), sorted({"Ada", "Ben", "Cleo"} - {first}))
        equal(review(p), [])
        equal(len(p.deployment.mlc("audit", "--tenant", "acme", "--move", "link_moved")["audit"]), 1, "with audit")


run()
