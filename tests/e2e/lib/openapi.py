"""Exchanges held to the vendor's own OpenAPI documents, by openapi-backend and ajv (tests/openapi)."""
import json
import os
import subprocess

from .bed import ROOT, SPECS, folder
from .npm import install
from .tap import skip

HERE = os.path.join(ROOT, "tests", "openapi")


def documents(*names):
    """Paths of specifications in MLC_SPECS; without them the promise is skipped, in words."""
    paths = [os.path.join(SPECS, name) for name in names]
    for path in paths:
        if not os.path.exists(path):
            skip(f"{path} is not there (MLC_SPECS)")
    return paths


def check(paths, exchanges):
    """For each exchange what check.mjs prints: {"known", "operation", "request": [complaint], "reply": [complaint]}."""
    install(HERE)
    done = subprocess.run(["node", os.path.join(HERE, "check.mjs"), *paths],
                          input="".join(json.dumps(e) + "\n" for e in exchanges),
                          capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"check.mjs: {done.stderr[-2000:]}")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(exchanges), f"{len(told)} of {len(exchanges)} exchanges were looked at"
    return told


def recorded(programs):
    """Runs tests of a connector; gives each request that their calls asked for (drive.h writes them to MLC_REQUESTS)."""
    path = os.path.join(folder(), "requests")
    for program in programs:
        done = subprocess.run([program], env={**os.environ, "MLC_REQUESTS": path,
                                              "CMOCKA_MESSAGE_OUTPUT": "TAP"}, capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == 0, f"{program}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    with open(path) as f:
        return [json.loads(line) for line in f]


def of_calls(calls):
    """The same of a twin's GET /calls?bodies=1."""
    return [{"method": c["method"], "path": c["path"] + (f"?{c['query']}" if c.get("query") else ""),
             "body": c.get("request") or "",
             "type": c["headers"].get("content-type"), "status": int(c["status"]), "reply": c.get("reply") or ""}
            for c in calls if c["status"].isdigit() and not c.get("fault")]
