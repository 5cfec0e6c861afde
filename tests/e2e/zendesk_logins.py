#!/usr/bin/env python3
"""Zendesk's log-ins: API tokens that end, OAuth tokens that live for ever or half an hour, grants that die."""
import os
import re
import time

from lib import equal, eventually, exchange, folder, holds, promise, run
from lib.helpdesk import DAY, HOUR, MINUTE, SECRET, TOKEN, HelpDesk


def ping(d):
    _, told, _ = d.at.run("ping", "acme/desk")
    return told["connections"][0]


def status_of(d):
    return next(c for c in d.at.mlc("status")["connections"] if c["connection"] == "acme/desk")


@promise("ZEN-10: organizations are written with an API token, as an OAuth client, "
         "and by a person's consent; ping tells who we are")
def each_login():
    for login in ("basic", "oauth_client", "oauth_code"):
        d = HelpDesk(login)
        d.party(name="Maple Toys", note="hello")
        d.start()
        if login == "oauth_code":
            equal(ping(d)["cause"], "auth")
            code, said = d.authorize()
            equal(code, 0, said)
        d.until(lambda: d.organization("Maple Toys"), f"{login}: the organization is there")
        told = ping(d)
        equal((told["ok"], told["facts"]["user"], told["facts"]["role"]), (True, "ada@acme.example", "admin"))
        equal(told["facts"].get("login_ends"), "2027-04-30" if login == "basic" else None)
        equal(d.desk.errors(), [])
        d.host.end()


@promise("ZEN-10: after their last day API tokens do nothing, and the host says what to do")
def tokens_end():
    d = HelpDesk("basic", clock="2027-04-29T23:00:00Z")
    d.party(name="Maple Toys")
    d.start()
    d.until(lambda: d.organization("Maple Toys"), "the last day still counts")
    d.desk.post("/clock", {"advance_ms": 2 * HOUR})
    d.party(name="Harbor Cafe")
    d.until(lambda: status_of(d)["cause"] == "auth", "the connection is held")
    holds("mlc authorize" in status_of(d)["why"], status_of(d)["why"])
    equal(d.at.list("held"), [], "the record waits, it did not fail")


@promise("ZEN-11: a token without an end is asked for once, one of half an hour is renewed in time, both for thirty days")
def eternal_and_expiring():
    for life, tokens in ((0, (1, 1)), (1800, (2, 80))):
        d = HelpDesk("oauth_client", desk={"token_life_s": life})
        d.party(name="Day 0")
        d.start()
        d.until(lambda: d.organization("Day 0"), "the first one is there")
        for day in range(1, 31):
            d.later(DAY)
            d.party(name=f"Day {day}")
            d.until(lambda day=day: d.organization(f"Day {day}"), f"day {day} is there")
        asked = d.calls("POST /oauth/tokens")
        holds(tokens[0] <= asked <= tokens[1], f"life {life}: {asked} tokens")
        equal(d.desk.get("/calls")["by_status"].get("401", 0), 0, "no call was turned away")
        equal(d.desk.errors(), [])
        d.host.end()


@promise("ZEN-21, ZEN-38: a person's grant is renewed ahead of its end, without anybody asking for anything")
def ahead():
    d = HelpDesk("oauth_code")
    d.party(name="Maple Toys")
    d.start()
    equal(d.authorize()[0], 0)
    d.until(lambda: d.organization("Maple Toys"), "it is there")
    for n in range(1, 5):
        d.later(26 * MINUTE)
        eventually(lambda n=n: d.calls("POST /oauth/tokens") > n, f"renewal {n}")
        equal(ping(d)["ok"], True)
    equal(d.desk.get("/calls")["by_status"].get("401", 0), 0)
    equal(len(d.desk.get("/tokens")), 1, "the old pair is gone, the new one counts")


@promise("ZEN-33: tokens that end in the middle of a burst lose nothing and double nothing")
def burst():
    d = HelpDesk("oauth_client")
    d.party(name="First")
    d.start()
    d.until(lambda: d.organization("First"), "it goes")
    for n in range(60):
        d.party(name=f"Customer {n:02d}")
    d.at.mlc("sync", "acme/books-desk")
    for _ in range(4):
        before = len(d.organizations())
        eventually(lambda before=before: len(d.organizations()) > before + 5 or len(d.organizations()) == 61, "it goes on")
        d.desk.post("/tokens/revoke")
    d.until(lambda: len(d.organizations()) == 61, "all are there")
    equal(sorted({o["external_id"] for o in d.organizations()}),
          sorted(o["external_id"] for o in d.organizations()), "none twice")
    equal((d.at.list("held"), d.at.list("review")), ([], []))
    holds(d.desk.get("/calls")["by_status"].get("401", 0) >= 1, "one was turned away")


@promise("ZEN-37: a grant that is dead is told within a minute with the address to open; what waits goes on after it")
def dead():
    told = os.path.join(folder(), "told")
    d = HelpDesk("oauth_code", mlc=f"""alerts = {{ command = {{ "/bin/sh", "-c", "echo $* >> {told}", "alert" }} }},""")
    d.party(name="Maple Toys")
    d.start()
    equal(d.authorize()[0], 0)
    d.until(lambda: d.organization("Maple Toys"), "it is there")
    d.desk.post("/tokens/revoke")
    for n in range(5):
        d.party(name=f"Later {n}")
    since = time.monotonic()
    d.at.mlc("sync", "acme/books-desk")
    eventually(lambda: status_of(d)["cause"] == "auth", "the connection is held", 60)
    holds(time.monotonic() - since < 60, "within a minute")
    address = eventually(lambda: re.search(r"http://127\.0\.0\.1\S+/oauth/authorizations/new\S+", d.at.say("status")[1]),
                         "the address")
    said = eventually(lambda: os.path.exists(told) and open(told).read(), "and whoever is to be told is")
    holds("grant_dead acme/desk" in said and "/oauth/authorizations/new" in said, said)
    equal((d.at.list("held"), d.at.list("review")), ([], []), "they wait, they did not fail")
    equal(len(d.organizations()), 1)
    status, page = d.agree(address.group(0).rstrip(",."))
    equal(status, 200, page)
    d.until(lambda: len(d.organizations()) == 6, "what waited is written")


@promise("ZEN-20: neither client secret nor tokens nor the webhook's secret stand on disk or in a log")
def sealed():
    d = HelpDesk("oauth_code", back=True)
    d.party(name="Maple Toys")
    d.start("--record", d.at.file("exchanges"))
    equal(d.authorize()[0], 0)
    d.until(lambda: d.organization("Maple Toys"), "it is there")
    d.desk.post("/tokens/expire")
    d.party(name="Harbor Cafe")
    d.until(lambda: d.organization("Harbor Cafe"), "with the second pair")
    eventually(lambda: any(h["status"] == "active" for h in d.desk.get("/webhooks")), "the webhook is there")
    holds(any("-subscribe-" in name for name in os.listdir(d.at.file("exchanges"))), "how it was made is recorded, too")
    _, _, state = exchange(d.desk.control_url + "/state")
    secrets = set(re.findall(rb"\b[0-9a-f]{64}\b", state)) | {SECRET.encode(), TOKEN.encode()}
    secrets |= {h["secret"].encode() for h in d.desk.get("/webhooks")}
    holds(len(secrets) >= 5, f"{len(secrets)} secrets are known")
    for place, _, files in os.walk(d.at.path):
        for name in files:
            if not os.path.isfile(os.path.join(place, name)):
                continue  # the admin socket
            with open(os.path.join(place, name), "rb") as f:
                text = f.read()
            for secret in secrets:
                holds(secret not in text, f"{secret[:6]}... stands in {name}")


run()
