"""node-zendesk, which others wrote for the real Zendesk, works unmodified against the twin."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, exchange, holds, promise, run  # noqa: E402
from lib.npm import install  # noqa: E402

LOGIN, TOKEN = "ada@acme.example/token", "zd_api_token_0123456789abcdefghijklmnop"


def try_out(desk, *login):
    place = install(os.path.join(HERE, "npm"))
    done = subprocess.run(["node", os.path.join(place, "client.mjs"), desk.url, *login], capture_output=True, text=True, timeout=120)
    holds(done.returncode == 0, f"node-zendesk: {(done.stdout + done.stderr)[-3000:]}")
    return json.loads(done.stdout)


def all_of_it(told):
    equal(told["me"], "ada@acme.example")
    equal(told["again"], told["made"], "one organization for one external id")
    equal(told["shown"]["details"], "1 Elm St")
    equal(told["taken"], 422)
    equal(told["updated"], "pays")
    equal((told["listed"], told["found"]), (3, 1))
    equal(told["incremental"], 2, "what is older than a minute")
    equal(told["byOrganization"], ["bo@birch.example"])
    equal((told["memberships"], told["identities"]), (1, ["bo@birch.example"]))
    equal((told["ticketOrganization"], told["ticketUpdated"], told["comments"]), (told["made"], "pending", 1))
    equal(told["incrementalTickets"], 1)
    equal(told["job"]["status"], "completed")
    equal(told["job"]["results"][0]["success"], True)
    equal(told["job"]["results"][1]["error"], "RecordNotFound", "a completed job holds a failure")
    equal(told["balance"], 12.3)
    equal(told["search"], 0, "the index lags")
    equal(told["gone"], 404)


def old_desk(**settings):
    desk = Twin("zendesk", settings=settings)
    desk.post("/clock", {"advance_ms": 120000})
    return desk


@promise("node-zendesk works with an API token")
def _():
    desk = old_desk()
    all_of_it(try_out(desk, LOGIN.removesuffix("/token"), TOKEN))
    equal(desk.errors(), [])


@promise("node-zendesk works with an OAuth token")
def _():
    desk = old_desk()
    _, _, reply = exchange(desk.url + "/oauth/tokens", "POST", json.dumps({
        "grant_type": "client_credentials", "client_id": "mlc", "client_secret": "zd_client_secret_0123456789abcdef", "scope": "read write"}))
    all_of_it(try_out(desk, "", json.loads(reply)["access_token"], "oauth"))
    equal(desk.errors(), [])


run()
