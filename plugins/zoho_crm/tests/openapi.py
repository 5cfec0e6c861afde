#!/usr/bin/env python3
"""Every request of the connector's own tests is one that Zoho's OpenAPI documents allow (v8.0)."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import equal, folder, holds, promise, run, skip  # noqa: E402
from lib.bed import SPECS  # noqa: E402
from lib.npm import install  # noqa: E402

DOCUMENTS = os.path.join(SPECS, "zoho-crm", "oas-v8")
NPM = os.path.join(HERE, "npm")
TESTS = [t for t in os.environ.get("MLC_REQUEST_TESTS", "").split(os.pathsep) if t]


def judge(requests):
    path = os.path.join(folder(), "requests")
    with open(path, "w") as f:
        f.write("".join(json.dumps(r) + "\n" for r in requests))
    install(NPM)
    done = subprocess.run(["node", os.path.join(NPM, "openapi.mjs"), DOCUMENTS, path], capture_output=True, text=True, timeout=120)
    holds(done.stderr == "", done.stderr)
    return done.returncode, done.stdout.splitlines()


def documents():
    if not os.path.isdir(DOCUMENTS):
        skip("the vendor's documents are not here (MLC_SPECS)")


@promise("each request of the connector is one that Zoho's documents allow")
def allowed():
    documents()
    path = os.path.join(folder(), "requests")
    for test in TESTS:
        subprocess.run([test], env={**os.environ, "MLC_REQUESTS": path}, capture_output=True, timeout=60)
    with open(path) as f:
        requests = [json.loads(line) for line in f]
    holds(len(requests) > 200, f"only {len(requests)} requests were recorded")
    kinds = {(r["method"], r["path"].split("?")[0].split("/")[-1] if "upsert" in r["path"] or "watch" in r["path"] or "coql" in r["path"] else "") for r in requests}
    for kind in (("POST", "upsert"), ("POST", "coql"), ("POST", "watch"), ("PATCH", "watch"), ("PUT", "watch"), ("PUT", ""), ("DELETE", ""), ("GET", "")):
        holds(kind in kinds, f"no request of kind {kind} was recorded")
    status, lines = judge(requests)
    equal((status, lines), (0, [f"{len(requests)} requests, 0 wrong"]), "verdict")


@promise("a request that they do not allow is told")
def told():
    documents()
    for bad, word in (({"method": "GET", "path": "/crm/v8/Accounts?per_pages=2", "body": ""}, "no parameter per_pages"),
                      ({"method": "GET", "path": "/crm/v8/Accounts?per_page=x", "body": ""}, "no whole number"),
                      ({"method": "GET", "path": "/crm/v9/Accounts", "body": ""}, "no such operation"),
                      ({"method": "POST", "path": "/crm/v8/Accounts/upsert", "body": '{"data":{"id":"1"}}'}, "must be array"),
                      ({"method": "POST", "path": "/crm/v8/coql", "body": "{}"}, "select_query"),
                      ({"method": "POST", "path": "/crm/v8/actions/watch", "body": '{"watch":[{"events":"x"}]}'}, "must be array")):
        status, lines = judge([bad])
        equal(status, 1, f"{bad}")
        holds(word in lines[0], lines[0])


run()
