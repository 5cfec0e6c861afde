#!/usr/bin/env python3
"""Two systems that people both edit: each change goes over once, edits do not overwrite each other, and nothing goes to and fro."""
from lib import equal, eventually, holds, promise, run
from lib.pair import Pair

MATCH = 'match = { { by = "link" }, { by = { name = src "name" } }, on_none = "create" },'
FIELDS = 'name = src "name", mail = src "mail", phone = src "phone", city = src "city"'
FORTH = (MATCH, FIELDS)
BACK = ('back_of = "ledger.party->crm.account",' + MATCH, FIELDS)


def both(p, name):
    one = lambda r: r and {k: r.get(k) for k in ("name", "mail", "phone", "city")}
    return one(p.party_of(name)), one(p.account_of(name))


def same(p, name, **want):
    got = both(p, name)
    return got[0] and got[0] == got[1] and all(got[0].get(k) == v for k, v in want.items())


def begun(**more):
    p = Pair(FORTH, BACK, **more)
    party = p.party(name="Ada", mail="ada@example.com", phone="1", city="Reno")
    p.start()
    p.until(lambda: same(p, "Ada", phone="1"), "it is on both sides")
    return p, party, p.account_of("Ada")


def quiet(p):
    """Nothing more is written on either side, however often both are read."""
    p.sync()
    seen = [(r["id"], r["revision"]) for r in p.parties() + p.accounts()]
    for _ in range(3):
        p.host.advance(600_000)
        p.sync()
    equal([(r["id"], r["revision"]) for r in p.parties() + p.accounts()], seen, "nothing goes to and fro")
    equal(len(p.parties()), len(p.accounts()))
    equal(p.ledger.errors() + p.crm.errors(), [])


def reviews(p):
    return p.deployment.list("review")


@promise("ZUO-26, ZOHO-03: what is new on either side is made on the other, once")
def _():
    p, _, _ = begun()
    p.account(name="Ben", mail="ben@example.com")
    p.until(lambda: same(p, "Ben", mail="ben@example.com"), "and one of the other side")
    equal([len(p.parties()), len(p.accounts())], [2, 2])
    quiet(p)
    links = p.deployment.mlc("links", "acme")["links"]
    equal(sorted(x["flow"].split(".")[-1] for x in links), ["back", "forth"], "one link for each pair")


@promise("ZOHO-22: an edit of either side goes over, also of what the other side made")
def _():
    p, party, account = begun()
    p.crm.post("/accounts", {"id": account["id"], "phone": "2"})
    p.until(lambda: same(p, "Ada", phone="2"), "back")
    p.ledger.post("/parties", {"id": party["id"], "phone": "3"})
    p.until(lambda: same(p, "Ada", phone="3"), "forth")
    p.account(name="Ben", phone="7")
    p.until(lambda: same(p, "Ben", phone="7"), "made by the way back")
    p.ledger.post("/parties", {"id": p.party_of("Ben")["id"], "phone": "8"})
    p.until(lambda: same(p, "Ben", phone="8"), "and edited by the way forth")
    quiet(p)


@promise("ZUO-18, ZUO-19: both sides are edited, other fields: both edits are on both sides")
def _():
    p, party, account = begun()
    p.deployment.mlc("pause", "acme")
    p.ledger.post("/parties", {"id": party["id"], "phone": "2"})
    p.crm.post("/accounts", {"id": account["id"], "city": "Elko"})
    p.sync()
    p.deployment.mlc("resume", "acme")
    p.until(lambda: same(p, "Ada", phone="2", city="Elko"), f"merged: {both(p, 'Ada')}")
    equal(reviews(p), [])
    quiet(p)


@promise("an edit that no feed told before our own write stood over it goes over all the same")
def _():
    p, party, account = begun()
    p.crm.post("/accounts", {"id": account["id"], "city": "Elko"})  # and before the crm is read again:
    p.ledger.post("/parties", {"id": party["id"], "phone": "2"})
    p.until(lambda: same(p, "Ada", phone="2", city="Elko"), f"merged: {both(p, 'Ada')}")
    quiet(p)


def conflict(p, party, account):
    p.deployment.mlc("pause", "acme")
    p.ledger.post("/parties", {"id": party["id"], "phone": "2"})
    p.crm.post("/accounts", {"id": account["id"], "phone": "3"})
    p.sync()
    p.deployment.mlc("resume", "acme")
    p.until(lambda: len(reviews(p)) == 2, f"each way asks: {reviews(p)}")
    equal([both(p, "Ada")[0]["phone"], both(p, "Ada")[1]["phone"]], ["2", "3"], "nothing was overwritten")
    equal({r["cause"] for r in reviews(p)}, {"conflict:phone"})


@promise("ZUO-19, ZOHO-31: both sides are edited, the same field: a person decides, sees both values, "
         "and one answer settles both ways")
def _():
    p, party, account = begun()
    conflict(p, party, account)
    forth = next(r for r in reviews(p) if r["flow"].endswith("forth"))
    said = p.deployment.say("list", "review")[1]
    holds("overwrite" in said and "keep" in said, f"the options are shown: {said}")
    holds("ours: 2, theirs: 3, before: 1" in said, f"and the values: {said}")
    p.deployment.mlc("decide", "--id", str(forth["id"]), "--choice", "overwrite", "acme")
    p.until(lambda: same(p, "Ada", phone="2") and not reviews(p), f"the ledger's stands: {both(p, 'Ada')} {reviews(p)}")
    quiet(p)


@promise("ZUO-19: kept, theirs stays and goes back")
def _():
    p, party, account = begun()
    conflict(p, party, account)
    forth = next(r for r in reviews(p) if r["flow"].endswith("forth"))
    p.deployment.mlc("decide", "--id", str(forth["id"]), "--choice", "keep", "acme")
    p.until(lambda: same(p, "Ada", phone="3") and not reviews(p), f"the crm's stands: {both(p, 'Ada')} {reviews(p)}")
    quiet(p)


@promise("both edited the same field: where a side is declared to win, nobody is asked")
def _():
    for forth, back, wins in (("ours", "theirs", "2"), ("theirs", "ours", "3")):
        p = Pair((MATCH + f'both_ways = {{ phone = "{forth}" }},', FIELDS),
                 (BACK[0] + f'both_ways = {{ phone = "{back}" }},', FIELDS))
        party = p.party(name="Ada", phone="1")
        p.start()
        p.until(lambda: same(p, "Ada", phone="1"), "it is on both sides")
        account = p.account_of("Ada")
        p.deployment.mlc("pause", "acme")
        p.ledger.post("/parties", {"id": party["id"], "phone": "2"})
        p.crm.post("/accounts", {"id": account["id"], "phone": "3"})
        p.sync()
        p.deployment.mlc("resume", "acme")
        p.until(lambda: same(p, "Ada", phone=wins), f"{wins} wins: {both(p, 'Ada')} {reviews(p)}")
        equal(reviews(p), [])
        quiet(p)
        from lib import bed
        bed.clear_up()


@promise("ZUO-17, ZUO-18: an edit while our write is on its way is refused there, read again, merged, and both stand")
def _():
    p, party, account = begun()
    p.crm.fault(kind="latency", method="POST", path="/batch", ms=700, count=1)
    p.ledger.post("/parties", {"id": party["id"], "phone": "2"})
    import threading
    reading = threading.Thread(target=p.sync)
    reading.start()
    eventually(lambda: p.crm.get("/calls")["by_route"].get("POST /batch", 0) >= 2, "the write has left")
    p.crm.post("/accounts", {"id": account["id"], "city": "Elko"})
    reading.join()
    p.until(lambda: same(p, "Ada", phone="2", city="Elko"), f"merged: {both(p, 'Ada')}")
    quiet(p)


@promise("a record that changes under every try is not tried for ever: five rounds, then a person is asked")
def _():
    p, party, account = begun()
    before = p.crm.get("/calls")["by_route"].get("POST /batch", 0)
    p.crm.fault(kind="status", method="POST", path="/batch", status=409,
                body='{"code":"stale","message":"changed meanwhile"}', count=100)
    p.ledger.post("/parties", {"id": party["id"], "phone": "2"})
    p.until(lambda: [r["cause"] for r in reviews(p)] == ["stale"], f"a person is asked: {reviews(p)}")
    rounds = p.crm.get("/calls")["by_route"]["POST /batch"] - before
    holds(5 <= rounds <= 6, f"{rounds} rounds")


@promise("the remote rewrites what we wrote: its form comes back once, and there is rest")
def _():
    p = Pair(FORTH, BACK, crm={"upper": "city"})
    party = p.party(name="Ada", city="Reno")
    p.start()
    p.until(lambda: same(p, "Ada", city="RENO"), f"in capitals on both sides: {both(p, 'Ada')}")
    quiet(p)
    p.ledger.post("/parties", {"id": party["id"], "city": "Elko"})
    p.until(lambda: same(p, "Ada", city="ELKO"), "and again")
    quiet(p)


@promise("both remotes rewrite what we write, each its own way: that does not go on for ever, a person is told")
def _():
    p = Pair(FORTH, BACK, crm={"upper": "city"}, ledger={"lower": "city"})
    p.party(name="Ada", city="reno")
    p.start()
    p.until(lambda: [r["cause"] for r in reviews(p)] == ["ping_pong"], f"it is stopped: {reviews(p)}")
    quiet(p)
    holds(len(p.crm.get("/books")["batches"]) < 10, "after few writes")


@promise("kill -9 while pairs are made from both sides: each is there once on each")
def _():
    p = Pair(FORTH, BACK)
    for n in range(12):
        p.party(name=f"P{n}", phone=str(n))
        p.account(name=f"A{n}", phone=str(n))
    for n in range(6):
        host = p.start()
        eventually(lambda: len(p.parties()) + len(p.accounts()) >= min(48, 24 + 4 * (n + 1)), "some are made")
        host.kill()
    p.start()
    p.until(lambda: len(p.parties()) == 24 and len(p.accounts()) == 24, f"{len(p.parties())} and {len(p.accounts())}")
    equal(sorted(x["name"] for x in p.parties()), sorted(x["name"] for x in p.accounts()))
    quiet(p)
    equal(len(p.deployment.mlc("links", "acme")["links"]), 24)


@promise("ZOHO-23: each way has its own policy for what is gone, and a deletion is not made undone by the other way")
def _():
    p = Pair((MATCH + "on_delete = { fields = { active = false } },", FIELDS),
             (BACK[0] + "on_delete = { fields = { closed = true } },", FIELDS))
    ada, ben = p.party(name="Ada"), p.account(name="Ben")
    p.start()
    p.until(lambda: len(p.parties()) == len(p.accounts()) == 2, "both are on both sides")
    p.crm.post("/gone", {"id": p.account_of("Ada")["id"]})
    p.ledger.post("/gone", {"id": p.party_of("Ben")["id"]})
    p.until(lambda: p.party_of("Ada").get("closed") and p.account_of("Ben").get("active") is False,
            "each is closed on the other side")
    for _ in range(3):
        p.host.advance(600_000)
        p.sync()
    equal([[x["name"] for x in p.parties()], [x["name"] for x in p.accounts()]], [["Ada"], ["Ben"]])


@promise("one that another record is linked to already is not taken by a second")
def _():
    p, party, account = begun()
    p.ledger.post("/parties", {"id": party["id"], "name": "Ada Byron"})
    p.until(lambda: p.account_of("Ada Byron"), "renamed on both sides")
    p.crm.post("/accounts", {"id": account["id"], "name": "Ada"})
    p.until(lambda: p.party_of("Ada"), "and back")
    p.deployment.mlc("pause", "acme")
    p.crm.post("/accounts", {"id": account["id"], "name": "Ben"})
    p.party(name="Ben")
    p.sync()
    p.deployment.mlc("resume", "acme")
    p.until(lambda: reviews(p), "a person is asked")
    equal({r["cause"] for r in reviews(p)}, {"linked_elsewhere"})
    equal(len(p.accounts()), 1)


run()
