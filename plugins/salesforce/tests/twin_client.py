#!/usr/bin/env python3
"""jsforce, which others wrote for the real Salesforce, works unmodified against the twin; SF-11, SF-12."""
import json
import os
import subprocess

from twin_lib import CLIENT, HERE, SECRET, Org, equal, holds, install, promise, run


@promise("SF-11 SF-12 jsforce logs in by client credentials, describes, makes, reads, changes, finds and deletes each object, a custom one too")
def client():
    org = Org({"page_size": 3})
    place = install(os.path.join(HERE, "npm"))
    done = subprocess.run(["node", os.path.join(place, "client.mjs"), org.url, CLIENT, SECRET], capture_output=True, text=True, timeout=120)
    holds(done.returncode == 0, f"jsforce: {(done.stdout + done.stderr)[-3000:]}")
    told = json.loads(done.stdout)
    equal((told["token"], told["instance"], told["versions"]), (True, True, "68.0"))
    equal(told["objects"], ["Account", "MLC_LedgerAccount__c", "Order"])
    equal(told["key"], ["MLC_CustomerId__c", "MLC_Key__c", "MLC_VendorId__c"])
    equal(told["crud"], {name: "ENTITY_IS_DELETED" for name in ("Account", "Contact", "Opportunity", "Product2", "MLC_LedgerAccount__c")})
    equal((told["upsert"], told["clash"]), ([True, False, True], "DUPLICATE_VALUE"))
    equal(told["many"], [True, True, True, False, True], "an outcome for each")
    equal(told["rolledBack"], "ALL_OR_NONE_OPERATION_ROLLED_BACK,REQUIRED_FIELD_MISSING")
    equal((told["order"], told["amount"], told["both"]), (13.5, 10, "FIELD_INTEGRITY_EXCEPTION"))
    equal((told["pages"], told["children"], told["parent"]), (True, 1, "Keyed again"))
    equal((told["malformed"], told["column"], told["object"]), ("MALFORMED_QUERY", "INVALID_FIELD", "INVALID_TYPE"))
    equal((told["updated"], told["deleted"], told["all"], told["limit"], told["usage"]), (True, 1, 1, 15000, 15000))
    equal((told["composite"], told["tree"]), ([201, 201, 200, 1], [False, 2]))
    equal(org.errors(), [])


run()
