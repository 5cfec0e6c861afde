#!/usr/bin/env python3
"""Each request that the connector's tests ask for is one that Zoho's own documents know (v8.0)."""
import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import equal, folder, holds, openapi, promise, run  # noqa: E402
from lib.bed import BUILD  # noqa: E402


def documents():
    """Zoho's, mended: two lines are plainly wrong, and nothing real passes them; a channel_id is called an object, and notify_url has to be an
    address of Zoho's own.  record.json knows a module of any name, so what has a document of its own comes first."""
    (whole,) = openapi.documents("zoho-crm/oas-v8")
    mended, out = [], folder()
    for name in sorted(os.listdir(whole), key=lambda n: (n == "record.json", n)):
        with open(os.path.join(whole, name)) as f:
            document = json.load(f)
        if name == "notifications.json":
            notification = document["components"]["schemas"]["Notification"]["properties"]
            notification["channel_id"] = {}
            del notification["notify_url"]["pattern"]
        mended.append(os.path.join(out, name))
        with open(mended[-1], "w") as f:
            json.dump(document, f)
    return mended


@promise("each request of the connector is one that Zoho's own documents know")
def known():
    requests = openapi.recorded(sorted(p for p in glob.glob(os.path.join(BUILD, "plugins", "zoho_crm", "tests", "zoho_crm_*")) if os.path.isfile(p)))
    told = openapi.check(documents(), requests)
    equal([(r["method"], r["path"], t["request"]) for r, t in zip(requests, told) if t["request"] or not t["known"]], [])
    kinds = {(r["method"], r["path"].split("?")[0].split("/")[-1]) for r in requests}
    for kind in (("POST", "upsert"), ("POST", "coql"), ("POST", "watch"), ("PATCH", "watch"), ("PUT", "watch")):
        holds(kind in kinds, f"no request of kind {kind} was recorded")
    holds({r["method"] for r in requests} >= {"GET", "POST", "PUT", "PATCH", "DELETE"} and len(requests) > 200, f"only {len(requests)} requests were recorded")


@promise("a request that they do not allow is told")
def unknown():
    bad = (({"method": "GET", "path": "/crm/v8/Accounts?per_pages=2"}, "per_pages"),
           ({"method": "GET", "path": "/crm/v8/Accounts?per_page=x"}, "must be integer"),
           ({"method": "GET", "path": "/crm/v9/Accounts"}, None),
           ({"method": "POST", "path": "/crm/v8/Accounts/upsert", "body": '{"data":{"id":"1"}}'}, "must be array"),
           ({"method": "POST", "path": "/crm/v8/coql", "body": "{}"}, "select_query"),
           ({"method": "POST", "path": "/crm/v8/actions/watch", "body": '{"watch":[{"events":"x"}]}'}, "must be array"))
    for (request, word), told in zip(bad, openapi.check(documents(), [request for request, _ in bad])):
        if word is None:
            holds(not told["known"], f"{request} is known")
        else:
            holds(any(word in complaint for complaint in told["request"]), f"{request}: {told}")


run()
