#!/usr/bin/env python3
"""Zoho's own SDK from npm, unmodified, works on the twin: tokens by multipart, fields, records, COQL, related lists."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, folder, holds, promise, run  # noqa: E402
from lib.npm import install  # noqa: E402


@promise("Zoho's SDK logs in, reads its fields, writes, reads, finds and deletes")
def sdk():
    twin = Twin("zoho_crm")
    refresh = twin.post("/grant")["refresh_token"]
    base = twin.url.rstrip("/")
    done = subprocess.run(["node", os.path.join(install(os.path.join(HERE, "npm")), "sdk.mjs"), base, base + "/oauth/v2/token", refresh, folder()],
                          capture_output=True, text=True, timeout=120)
    holds(done.returncode == 0, done.stderr[-2000:])
    equal(json.loads(done.stdout), {
        "org": [200, "Acme Mugs", "professional"],
        "created": [201, "success", "SUCCESS"],
        "upserted": [200, "success", "SUCCESS", "update"],
        "refused": [400, "error", "MANDATORY_NOT_FOUND"],
        "listed": [200, 3],
        "read": [200, "Made by the SDK", "775-555-0111"],
        "found": [200, 1, "Made by the SDK"],
        "searched": 204,
        "deal": [201, "success", "SUCCESS"],
        "deal_read": ["12.5", True],
        "deleted": [200, "success", "SUCCESS"],
        "after": 204,
        "related": 204,
    }, "what the SDK told")
    equal(twin.get("/tokens")["issued"], 1, "one token for all of it")
    equal(twin.errors(), [], "errors")


run()
