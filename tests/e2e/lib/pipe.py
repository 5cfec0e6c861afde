"""A connector's calls without a host: over a pipe (tests/unit/pipe.c) to whatever answers for the remote."""
import json
import os
import subprocess

from .bed import BUILD, exchange


class Connector:
    """program: below the build folder.  call() runs one call to its end; each request goes to `answer`, which gives
    (status, headers, text) or None for a reply that is lost.  .requests are those of the last call."""

    def __init__(self, program, answer, settings=None, token=None, now_ms=0):
        self.process = subprocess.Popen([os.path.join(BUILD, program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer, self.settings, self.token, self.now_ms = answer, settings or {}, token or {}, now_ms
        self.requests = []

    def _say(self, value):
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def call(self, op, **order):
        self._say({"op": op, "settings": self.settings, "token": self.token, "now_ms": self.now_ms, **order})
        self.requests = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"the connector ended in the middle of {op}: {self.process.wait()}")
            said = json.loads(line)
            if said["step"] != "send":
                return said
            self.requests.append(said)
            reply = self.answer(said)
            self._say({"lost": True} if reply is None else {"status": reply[0], "headers": reply[1], "body": reply[2]})

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


def carried(base, headers=()):
    """An `answer` that carries each request to base, with these headers added."""
    def answer(request):
        given = dict(headers)
        for line in request["headers"]:
            name, _, value = line.partition(":")
            given[name] = value.strip()
        if request["type"]:
            given["Content-Type"] = request["type"]
        body = None if request["body"] is None else request["body"].encode()
        status, told, text = exchange(base + request["path"], request["method"], body, given)
        return status, told, text.decode()
    return answer
