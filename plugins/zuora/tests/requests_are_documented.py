"""Each request that the connector's tests ask for is one that Zuora's own documents know."""
import glob
import os

from twin_lib import disagreements, equal, holds, openapi, promise, run

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("MLC_BUILD_DIR", os.path.join(HERE, "..", "..", "..", "build"))


@promise("each request of the connector is one that Zuora's own documents know")
def _():
    requests = openapi.recorded(sorted(p for p in glob.glob(os.path.join(BUILD, "plugins", "zuora", "tests", "zuora_*")) if os.path.isfile(p)))
    equal(disagreements(requests), [])
    holds(len({(r["method"], r["path"].split("?")[0]) for r in requests}) > 15, f"only {len(requests)} requests were recorded")


run()
