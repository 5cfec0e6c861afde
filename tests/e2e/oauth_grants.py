#!/usr/bin/env python3
"""Log-ins by OAuth 2 with the real process: a person's consent, renewal, kill -9 at the worst moment, dead grants."""
import hashlib
import hmac
import base64
import json
import os
import random
import subprocess
import threading
import time
import urllib.parse

from lib import Deployment, equal, eventually, exchange, holds, promise, run
from lib.bed import MLC
from lib.office import Office

HOUR = 3600 * 1000

MLC_LUA = """return {{
  public = {{ address = "127.0.0.1", port = 0 }},
  outbound = {{ {allow} }},
  workers = 1,
  alerts = {{ command = {{ "/bin/sh", "-c", "printf '%s|%s|%s\\n' \\"$1\\" \\"$2\\" \\"$3\\" >> {said}", "alert" }} }},
  apps = {{ bureau = {{ connector = "office", client_id = "me" }} }},
}}
"""

TENANT = """return tenant {{
  title = "Acme",
  connections = {{ crm = {{ connector = "office", url = "{url}", {more} }} }},
}}
"""


class Bed:
    def __init__(self, rotate="never", more='client_id = "me"', allow='allow_private = { "127.0.0.0/8" }', start=True):
        self.office = Office(rotate)
        self.deployment = d = Deployment(connectors=("tests/connectors/office",), integrations=())
        self.said = d.file("state", "alerts.txt")
        d.write("mlc.lua", MLC_LUA.format(said=self.said, allow=allow))
        d.tenant("acme", TENANT.format(url=self.office.url, more=more))
        if "app" not in more:
            d.secret("acme/crm", "client_secret", "s3cret")
        self.host = d.start() if start else None

    def address(self):
        return self.deployment.mlc("authorize", "acme/crm", "--no-wait")["url"]

    def browse(self, address):
        """What a browser does: the vendor's page, then the way back to us.  (status, page, where)"""
        status, headers, _ = exchange(address)
        equal(status, 302, "the vendor's page")
        back = headers["location"]
        where = urllib.parse.urlsplit(back)
        status, _, page = exchange(f"{self.host.url}{where.path}?{where.query}")
        return status, page.decode(), back

    def grant(self):
        status, page, _ = self.browse(self.address())
        equal(status, 200, page)
        self.well()

    def ping(self):
        _, value, said = self.deployment.run("ping", "acme/crm")
        return value["connections"][0], said

    def well(self):
        def is_well():
            answer, _ = self.ping()
            return answer["ok"]
        eventually(is_well, f"the remote answers: {self.host.said()[-1500:]}")

    def alerts(self):
        if not os.path.exists(self.said):
            return []
        with open(self.said) as f:
            return [line.rstrip("\n").split("|", 2) for line in f]

    def things(self):
        _, value, _ = self.deployment.run("status")
        return value["things"]

    def again(self, **more):
        self.host = self.deployment.start(**more)
        return self.host


@promise("ZOHO-10, ZEN-20: mlc authorize prints an address, waits, and ends when somebody has agreed")
def _():
    b = Bed()
    alert = eventually(lambda: b.alerts(), "who never granted it is told")[0]
    holds(alert[0] == "grant_dead" and "nobody has authorized it yet; to authorize it, open http" in alert[2], alert)
    process = subprocess.Popen([MLC, "authorize", "--dir", b.deployment.path, "acme/crm"], stdout=subprocess.PIPE, text=True)
    address = eventually(lambda: next((w for w in iter(process.stdout.readline, "") if "/authorize?" in w), None),
                         "an address is printed").strip()
    holds(process.poll() is None, "it waits")
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    holds(len(query["state"]) > 64 and query["code_challenge_method"] == "S256", f"state and PKCE in {query}")
    status, page, _ = b.browse(address)
    equal(status, 200, page)
    holds("acme/crm is connected" in page, page)
    equal(process.wait(20), 0, "exit status")
    b.well()
    answer, _ = b.ping()
    equal(answer["facts"]["identity"], "77", "what the redirect named")
    equal(b.things(), [], "all well")


@promise("a used, unknown or denied state is one plain page, and changes nothing")
def _():
    b = Bed()
    b.grant()
    used = b.address()
    b.office.denies = True
    status, page, back = b.browse(used)
    equal(status, 403, page)
    holds("access_denied" in page, page)
    where = urllib.parse.urlsplit(back)
    for query in (where.query, where.query.replace("error=access_denied", "code=x"), "",
                  "state=acme.crm.00&code=x", "state=%00"):
        status, _, page = exchange(f"{b.host.url}/oauth/callback?{query}")
        equal(status, 400, query)
        holds(b"unknown, was used already or has expired" in page, page)
    code, value, said = b.deployment.run("authorize", "acme/nobody", "--no-wait")
    equal((code, value["cause"]), (1, "absent"), said)
    b.well()


@promise("ALL-05, ZEN-20: no token and no client secret is readable in anything on disk")
def _():
    b = Bed("strict")
    b.grant()
    b.office.expire()
    b.well()
    b.host.advance(2 * HOUR)
    b.well()
    secrets = [s.encode() for s in b.office.secrets()]
    holds(len(secrets) >= 5, "there were tokens")
    b.host.stop()
    for folder, _, names in os.walk(b.deployment.path):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                text = f.read()
            for secret in secrets:
                holds(secret not in text, f"{name} holds {secret}")


def killed_while_refreshing(remote, moment):
    b = Bed(remote)
    b.grant()
    for hours in (2, 4, 6):  # each start has the real clock again
        b.host.kill()
        host = b.again(env={"MLC_DIE_AT": moment})
        host.advance(hours * HOUR)
        b.deployment.run("ping", "acme/crm")
        eventually(lambda: not host.alive(), "the host dies")
        b.again().advance(hours * HOUR + 60000)
        b.well()
    equal([a for a in b.alerts() if "invalid_grant" in a[2]], [], "nobody was locked out")


@promise("ZEN-04: killed after the new pair is on disk and before it is used: it counts, however strict the remote")
def _():
    killed_while_refreshing("strict", "after:token:1")


@promise("ZEN-04: killed between the reply and the disk: the remote that keeps the old one until the new one is used lets us in")
def _():
    killed_while_refreshing("lenient", "before:token:1")


@promise("ZEN-04: killed at any moment of a refresh, ten times over, a remote that is lenient never locks us out")
def _():
    b = Bed("lenient")
    b.grant()
    dice = random.Random(7)
    for n in range(10):
        b.host.advance((n + 1) * 2 * HOUR)
        ping = subprocess.Popen([MLC, "ping", "--dir", b.deployment.path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.random() * 0.06)
        b.host.kill()
        ping.wait(20)
        b.again()
    b.host.advance(30 * HOUR)
    b.well()
    equal([a for a in b.alerts() if "invalid_grant" in a[2]], [], "nobody was locked out")
    holds(len([1 for form, _ in b.office.asked if form["grant_type"] == "refresh_token"]) >= 8, "there were refreshes")


@promise("ZEN-04: told to stop while a new pair is on its way, the host takes it first")
def _():
    b = Bed("strict")
    b.grant()
    on_the_way = threading.Event()

    def slow(_):
        on_the_way.set()
        time.sleep(1)
    b.office.on_token = slow
    b.host.advance(2 * HOUR)
    holds(on_the_way.wait(20), "a refresh is under way")
    equal(b.host.stop(), 0, "exit status")
    b.office.on_token = None
    b.again().advance(2 * HOUR + 60000)
    b.well()


@promise("ZEN-37: where the remote does not, a person is told within seconds, with the address that mends it")
def _():
    b = Bed("strict")
    b.grant()
    b.host.kill()
    host = b.again(env={"MLC_DIE_AT": "before:token:1"})
    host.advance(2 * HOUR)
    b.deployment.run("ping", "acme/crm")
    eventually(lambda: not host.alive(), "the host dies")
    b.again().advance(2 * HOUR + 60000)
    alert = eventually(lambda: next((a for a in b.alerts() if a[0] == "grant_dead" and "invalid_grant" in a[2]), None),
                       "the alert", 60)
    equal(alert[1], "acme/crm")
    address = alert[2].rpartition("open ")[2]
    holds(any("open http" in thing["why"] for thing in b.things()), "status shows the address too")
    status, page, _ = b.browse(address)
    equal(status, 200, page)
    b.well()
    equal(b.things(), [], "all well again")


@promise("ZEN-37: a refresh that fails is told within 60 s, and calls wait; it clears by itself")
def _():
    b = Bed()
    b.grant()
    b.office.fail = [(503, b"<html>busy</html>")] * 3
    b.host.advance(2 * HOUR)
    eventually(lambda: any(a[0] == "token_trouble" for a in b.alerts()), "the alert", 60)
    answer, _ = b.ping()
    equal(answer["cause"], "limited", answer)

    def mended():
        b.host.advance(30000)
        return b.ping()[0]["ok"]
    eventually(mended, "it works again")
    equal(b.things(), [], "nothing is left")


@promise("ZEN-37: a hold and its address survive a restart")
def _():
    b = Bed()
    b.grant()
    b.office.revoke()
    b.host.advance(2 * HOUR)
    eventually(lambda: b.things(), "it is held")
    b.host.kill()
    b.again()
    thing = eventually(lambda: next((t for t in b.things() if "open http" in t["why"]), None), "the address is told again")
    status, page, _ = b.browse(thing["why"].rpartition("open ")[2])
    equal(status, 200, page)
    b.well()


@promise("ZOHO-18, ZEN-33: access tokens that die before their time cost no call; each costs one refresh")
def _():
    b = Bed("strict")
    b.grant()
    for _ in range(4):
        before = len(b.office.asked)
        b.office.expire()
        b.well()
        equal(len(b.office.asked) - before, 1, "refreshes")


@promise("ZOHO-11: as a client; the client and its secret may be the operator's app")
def _():
    b = Bed(more='app = "bureau", auth = "oauth_client"', start=False)
    b.deployment.secret("app/bureau", "client_secret", "wrong")  # no host runs
    b.again()
    answer, _ = b.ping()
    equal((answer["cause"], "invalid_client" in answer["text"]), ("auth", True), answer)
    b.deployment.secret("app/bureau", "client_secret", "s3cret")
    b.well()
    code, _, said = b.deployment.run("authorize", "acme/crm", "--no-wait")
    equal(code, 1, said)
    holds("needs no person" in said, said)
    code, _, said = b.deployment.run("secret", "set", "app/nobody", "client_secret", stdin="x")
    equal(code, 1, said)


@promise("one webhook of an app speaks for several tenants; who is nobody's is counted, not refused")
def _():
    b = Bed(more='app = "bureau", auth = "oauth_client"', start=False)
    b.deployment.secret("app/bureau", "client_secret", "s3cret")
    b.deployment.secret("app/bureau", "verifier", "v3rify")
    b.again()
    b.well()
    body = json.dumps([{"id": "1", "company": "77"}, {"id": "2", "company": "99"}]).encode()
    sign = base64.b64encode(hmac.new(b"v3rify", body, hashlib.sha256).digest()).decode()
    status, _, _ = exchange(f"{b.host.url}/hooks/app/bureau", "POST", body, {"X-Sig": sign})
    equal(status, 200)
    status, _, _ = exchange(f"{b.host.url}/hooks/app/bureau", "POST", body, {"X-Sig": "AAAA"})
    equal(status, 401)
    app = b.deployment.run("status")[1]["apps"][0]
    equal((app["connection"], app["received"], app["received_unknown"]), ("app/bureau", 2, 1))
    rows = b.deployment.mlc("audit", "--tenant", "app", "--move", "unknown_account")["audit"]
    equal(len(rows), 1, "in the app's own trail")


@promise("ZEN-37: what ends is told 30, 7 and 1 days ahead, once at each, and no more once it is renewed")
def _():
    b = Bed()
    b.grant()
    calendar = {(row["about"], row["what"]): row for row in b.deployment.run("status")[1]["calendar"]}
    now = b.deployment.run("status")[1]["now_ms"]
    left = (calendar["acme/crm", "refresh token"]["ends_ms"] - now) / (24 * HOUR)
    holds(99 < left <= 100, f"{left} days")
    told = []
    for days in (71, 22, 6):
        b.office.fail = [(503, b"")] * 1000  # it is not renewed meanwhile
        b.host.advance(days * 24 * HOUR)
        told.append(eventually(lambda: [a for a in b.alerts() if a[0] == "ends_soon"][len(told):], f"{days} days later")[0])
    holds(all(a[1] == "acme/crm refresh token" and "mlc authorize acme/crm" in a[2] for a in told), told)
    b.host.advance(60000)
    equal(len([a for a in b.alerts() if a[0] == "ends_soon"]), 3, "told")
    holds("ends on" in b.deployment.say("status")[1], "status says it")
    b.office.fail = []
    b.browse(b.address())
    b.host.advance(60000)
    eventually(lambda: not [t for t in b.things() if t["alert"] == "ends_soon"], "it is renewed")


@promise("the walls of the carrier hold for token addresses: no private one that is not listed")
def _():
    b = Bed(more='client_id = "me", auth = "oauth_client"', allow="")
    answer, _ = b.ping()
    holds(not answer["ok"] and "127.0.0.1" in answer["text"], answer)
    equal(b.office.asked, [], "nothing has left")


@promise("what is wrong with apps is said with file and way out")
def _():
    b = Bed(start=False)
    d = b.deployment
    for more, words in (('app = "bureu"', "mlc.lua has no such app"),
                        ('app = "bureau", auth = "oauth_code", x = 1', "no setting 'x'")):
        d.tenant("acme", TENANT.format(url=b.office.url, more=more))
        code, _, said = d.run("check")
        equal(code, 1, said)
        holds(words in said and "tenants/acme/tenant.lua" in said, said)
    d.tenant("app", TENANT.format(url=b.office.url, more='client_id = "me"'))
    code, _, said = d.run("check")
    holds(code == 1 and "is no name for a tenant" in said, said)


@promise("the alert command runs four times at once at most, and for a minute at most: "
         "of twelve connections that nobody authorized each is told of")
def told_in_turn():
    b = Bed(start=False)
    d = b.deployment
    begun, go = d.file("state", "begun"), d.file("state", "go")
    d.write("mlc.lua", f"""return {{
  public = {{ address = "127.0.0.1", port = 0 }}, workers = 1,
  alerts = {{ command = {{ "/bin/sh", "-c", "echo $2 >> {begun}; while ! test -e {go}; do sleep 0.05; done", "alert" }} }},
}}
""")
    d.tenant("acme", "return tenant { title = 'Acme', connections = { " +
             "".join(f"c{i} = {{ connector = 'office', url = '{b.office.url}', client_id = 'me' }}, " for i in range(12)) + "} }")
    host = d.start()

    def told():
        with open(begun) as f:
            return f.read().split()
    eventually(lambda: sum(t.get("alert") == "grant_dead" for t in d.mlc("status")["things"]) == 12, "all stand")
    eventually(lambda: os.path.exists(begun) and len(told()) == 4, "four are told")
    host.advance(61_000)
    eventually(lambda: len(told()) == 8, f"those that take too long make room: {told()}")
    open(go, "w").close()
    eventually(lambda: len(told()) == 12, f"all are told: {told()}")
    equal(sorted(told()), sorted(f"acme/c{i}" for i in range(12)), "each once")


if __name__ == "__main__":
    run()
