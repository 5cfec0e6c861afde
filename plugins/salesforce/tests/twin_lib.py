"""The Salesforce twin as its callers see it: Python's own HTTP, nothing of ours."""
import json
import os
import subprocess
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import Twin, equal, exchange, folder, holds, promise, run, skip  # noqa: E402,F401
from lib.bed import SPECS  # noqa: E402
from lib.npm import install  # noqa: E402

CLIENT, SECRET = "3MVG9twin.consumer.key", "twin-consumer-secret"
V = "/services/data/v68.0"
SAMPLES = os.path.join(SPECS, "salesforce", "samples")


class Org(Twin):
    def __init__(self, settings=None, **more):
        super().__init__("salesforce", settings, **more)
        self.token = None

    def grant(self, grant_type="client_credentials", client=CLIENT, secret=SECRET):
        form = urllib.parse.urlencode({"grant_type": grant_type, "client_id": client, "client_secret": secret})
        status, _, body = exchange(self.url + "/services/oauth2/token", "POST", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        return status, json.loads(body)

    def raw(self, method, path, value=None, headers=None):
        """(status, headers, text)"""
        if not self.token:
            self.token = self.grant()[1]["access_token"]
        status, got, body = exchange(self.url + (path if path.startswith("/services") else V + path), method,
                                     None if value is None else json.dumps(value).encode(),
                                     {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})})
        return status, got, body.decode()

    def rest(self, method, path, value=None, headers=None):
        status, _, body = self.raw(method, path, value, headers)
        return status, json.loads(body) if body else None

    def code(self, method, path, value=None, headers=None):
        """(status, errorCode)"""
        status, body = self.rest(method, path, value, headers)
        return status, body[0]["errorCode"]

    def query(self, soql, **headers):
        return self.rest("GET", "/query?q=" + urllib.parse.quote(soql), headers=headers)[1]


def judge(*argv, **env):
    place = install(os.path.join(HERE, "npm"))
    done = subprocess.run(["node", os.path.join(place, "judge.mjs"), *argv], capture_output=True, text=True, timeout=120, env={**os.environ, **env})
    holds(done.stderr == "", done.stderr[-2000:])
    return done.returncode, done.stdout.splitlines()
