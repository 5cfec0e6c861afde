#!/usr/bin/env python3
"""node-quickbooks, unmodified, at work on the twin."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from twin_lib import BASIC, HERE, SHOP, Twin, equal, promise, run  # noqa: E402
from lib.npm import install  # noqa: E402


@promise("a client library from the field reads, writes, pages, batches and refreshes")
def client():
    twin = Twin("quickbooks_online")
    grant = twin.post("/grant", {"realm": SHOP})
    folder = install(os.path.join(HERE, "npm"))
    done = subprocess.run(["node", os.path.join(folder, "client.js"), twin.url.rstrip("/"), SHOP, grant["access_token"], grant["refresh_token"], *BASIC],
                          capture_output=True, text=True, timeout=120)
    equal((done.returncode, done.stderr), (0, ""), "the client: " + done.stdout[-2000:])
    said = {line["step"]: line.get("value") for line in map(json.loads, done.stdout.splitlines())}
    id_ = said["created"]["id"]
    equal(said["created"]["token"], "0", "created")
    equal(said["again"], {"fault": "6240"}, "one name for customers and vendors")
    equal(said["read"], "Node Client", "read")
    equal(said["updated"], {"token": "1", "name": "Node Client", "notes": "by a client"}, "sparse")
    equal(said["stale"], {"fault": "5010"}, "stale")
    equal(said["found"], [id_], "like")
    equal((said["all"], len(said["paged"]), said["counted"]), (5, 2, 4), "pages and counts")
    equal(said["invoiced"], {"total": 10.1, "once": True}, "requestid")
    equal((said["voided"], said["deleted"], said["gone"]), (0, "Deleted", {"fault": "610"}), "voided, deleted")
    equal(said["batch"], [["a", "well"], ["b", "well"], ["c", "6240"]], "batch")
    equal(said["captured"], ["Customer", "Invoice"], "changes")
    equal(said["company"], "Craig's Design and Landscaping Services", "company")
    equal((said["refreshed"], said["after"]), (3600, "by a client"), "refreshed")
    equal(twin.errors(), [], "errors")


if __name__ == "__main__":
    run()
