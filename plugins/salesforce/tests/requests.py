#!/usr/bin/env python3
"""Every request of the connector's own tests: queries are SOQL, composites keep the guide's shape, fields are those of the org.

Salesforce publishes no OpenAPI of its REST API; the describe call of an org is its contract.  So the queries go to a parser of SOQL
that others wrote, the bodies to a JSON Schema of the guide, and the members to what the twin describes."""
import functools
import json
import os
import subprocess

from twin_lib import V, Org, equal, folder, holds, judge, promise, run

TESTS = [t for t in os.environ.get("MLC_REQUEST_TESTS", "").split(os.pathsep) if t]


@functools.lru_cache(None)
def described():
    # The connector's tests have an org with three fields of its own.
    org = Org({"currencies": "many", "own_fields": "Account.Region__c:string Account.Credit__c:currency Account.Owner_2__c:string"})
    objects = {}
    for name in ("Account", "Contact", "Opportunity", "OpportunityLineItem", "Order", "OrderItem", "Product2", "PricebookEntry",
                 "MLC_LedgerAccount__c", "Pricebook2", "Organization"):
        objects[name] = [f["name"] for f in org.rest("GET", f"/sobjects/{name}/describe")[1]["fields"]]
    return json.dumps(objects)


def verdict(requests):
    path = os.path.join(folder(), "requests")
    with open(path, "w") as f:
        f.write("".join(json.dumps(r) + "\n" for r in requests))
    return judge("requests", path, OBJECTS=described())


@promise("each request of the connector is one that Salesforce would understand")
def understood():
    path = os.path.join(folder(), "requests")
    for test in TESTS:
        subprocess.run([test], env={**os.environ, "MLC_REQUESTS": path}, capture_output=True, timeout=60)
    with open(path) as f:
        requests = [json.loads(line) for line in f]
    holds(len(requests) > 100, f"only {len(requests)} requests were recorded")
    for word in ("/query?", "/queryAll?", "/composite", "/composite/sobjects?ids=", "/describe", "/updated/", "/deleted/", "/limits"):
        holds(any(word in r["path"] for r in requests), f"no request for {word}")
    equal(verdict(requests), (0, [f"{len(requests)} requests, 0 wrong"]), "verdict")


@promise("one that it would not is told")
def told():
    part = {"method": "POST", "url": f"{V}/sobjects/Account", "referenceId": "a", "body": {"Name": "x"}}
    for bad, word in (({"method": "GET", "path": f"{V}/query?q=SELECT+Id+FORM+Account", "body": ""}, "no SOQL"),
                      ({"method": "GET", "path": f"{V}/query?q=SELECT+Id,Nonsense+FROM+Account", "body": ""}, "Account has no Nonsense"),
                      ({"method": "GET", "path": "/api/accounts", "body": ""}, "no address"),
                      ({"method": "POST", "path": f"{V}/composite",
                        "body": json.dumps({"compositeRequest": [{**part, "referenceId": "a-b"}]})}, "must match pattern"),
                      ({"method": "POST", "path": f"{V}/composite", "body": json.dumps({"compositeRequest": [part, part]})}, "a twice"),
                      ({"method": "POST", "path": f"{V}/composite",
                        "body": json.dumps({"compositeRequest": [{**part, "body": {"Nonsense": 1}}]})}, "Account has no Nonsense"),
                      ({"method": "PATCH", "path": f"{V}/composite/sobjects", "body": json.dumps({"records": [{"Name": "x"}]})}, "attributes")):
        status, lines = verdict([bad])
        equal(status, 1, f"{bad}")
        holds(word in lines[1], lines)


run()
