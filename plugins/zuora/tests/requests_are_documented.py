"""Each request that the connector's tests ask for, and each exchange with the twin, is one that Zuora's own documents know."""
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import equal, holds, openapi, promise, run  # noqa: E402

BUILD = os.environ.get("MLC_BUILD_DIR", os.path.join(HERE, "..", "..", "..", "build"))
DOCUMENTS = ("zuora/zuora-v1-2026-01.derived.openapi.yaml", "zuora/zuora-v1-2023-12-15.subset.swagger.yaml")
# In Zuora's reference, but in none of the two documents at hand (SOURCES.md, R).
ELSEWHERE = ("/object-query/credit-memo-items", "/object-query/debit-memos", "/object-query/debit-memo-items", "/object-query/refunds",
             "/object-query/refund-applications", "/object-query/products", "/object-query/credit-memos/", "/object-query/invoice-items/")


def disagreements(exchanges):
    told = openapi.check(openapi.documents(*DOCUMENTS), exchanges)
    return [(e["method"], e["path"], t.get("operation"), t["request"] or t["reply"] or "no such address")
            for e, t in zip(exchanges, told) if (t["request"] or t["reply"] or not t["known"]) and not e["path"].startswith(ELSEWHERE)]


@promise("each request of the connector is one that Zuora's own documents know")
def _():
    requests = openapi.recorded(sorted(p for p in glob.glob(os.path.join(BUILD, "plugins", "zuora", "tests", "zuora_*")) if os.path.isfile(p)))
    equal(disagreements(requests), [])
    holds(len({(r["method"], r["path"].split("?")[0]) for r in requests}) > 15, f"only {len(requests)} requests were recorded")


if __name__ == "__main__":
    run()
