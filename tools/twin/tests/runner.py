#!/usr/bin/env python3
"""The twin runner: its doors, faults, clock, state and the Lua interface, as README.md tells."""
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "e2e"))
from lib import equal, exchange, folder, holds, promise, run  # noqa: E402
from lib.bed import TWIN, _alive  # noqa: E402


class Echo:
    def __init__(self, *options):
        self.process = subprocess.Popen([TWIN, os.path.join(HERE, "echo.lua"), "--with-parent", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        _alive.append(self)
        line = self.process.stdout.readline()
        self.ready = json.loads(line) if line else None
        if self.ready:
            self.url, self.door = self.ready["url"], self.ready["control"]

    def control(self, method, path, value=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode() if value is not None else None
        status, _, reply = exchange(self.door + path, method, body)
        return status, json.loads(reply)

    def lua(self, text):
        status, told = self.control("POST", "/lua", text.encode())
        equal(status, 200, told)
        return told.get("value")

    def get(self, path, **headers):
        return exchange(self.url + path, headers=headers)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


@promise("an answer has the order, escapes and headers that the twin asked for")
def answers():
    t = Echo("--seed", "7")
    status, headers, body = t.get("/things/1")
    equal((status, headers["content-type"], headers["x-two"]), (200, "application/json; charset=utf-8", "2"), "head")
    equal(body, rb'{"id":1,"name":"Zo\u00eb \/ \"x\"","price":17.993333333333332}', "body")
    status, _, body = exchange(t.url + "/things", "POST", b'{"x":[1,2.5,null,{},[]],"y":[]}')
    equal((status, body), (201, b'{"id":2,"thing":{"x":[1,2.5,null,{},[]],"y":[]},"bare":12.30}'), "what came in goes out")
    equal(exchange(t.url + "/things", "POST", b"{")[0], 400, "no JSON")
    equal(t.get("/things/1", **{"X-Key": "wrong"})[0], 401, "before")
    equal(t.get("/nowhere")[0], 404, "no route")
    equal(exchange(t.url + "/things/1", "HEAD")[0::2], (200, b""), "HEAD")
    told = json.loads(exchange(t.url + "/echo/a%2Fb/c?x=1&x=2&e=%C3%A9+%26", "PUT", b"k=v&w=1+1")[2])
    equal((told["method"], told["rest"], told["raw"], told["args"], told["form"]),
          ("PUT", "a/b/c", "/echo/a%2Fb/c", {"x": "2", "e": "\u00e9 &"}, {"k": "v", "w": "1 1"}), "request")
    equal(told["list"][:2], [["x", "1"], ["x", "2"]], "list of arguments")


@promise("each fault looks to the caller as the table in README.md says, as often as asked, and only where it fits")
def faults():
    t = Echo()

    def fault(**f):
        equal(t.control("POST", "/faults", f)[0], 200, "fault")

    def seen():
        try:
            status, _, body = t.get("/things/1")
            return status, body
        except (http.client.HTTPException, OSError) as error:
            return type(error).__name__

    whole = seen()
    for kind, want in (("drop_before", "RemoteDisconnected"), ("drop_after", "RemoteDisconnected"),
                       ("reset", "ConnectionResetError"), ("truncate", "IncompleteRead")):
        fault(kind=kind, path="/things/*", bytes=10)
        equal(seen(), want, kind)
        equal(seen(), whole, "once")
    fault(kind="status", status=429, json={"a": 1}, headers={"Retry-After": "3"}, count=2)
    equal([seen(), seen(), seen()], [(429, b'{"a":1}')] * 2 + [whole], "status twice")
    fault(kind="html")
    holds(b"<html>" in seen()[1], "html")
    fault(kind="empty", after=1)
    equal([seen(), seen(), seen()], [whole, (200, b""), whole], "after one")
    fault(kind="drip", bytes=20, ms=1)
    equal(seen(), whole, "drip")
    fault(kind="grumpy")
    equal([seen(), seen()], [(418, b"no"), whole], "the twin's own")
    fault(kind="status_after", status=502, method="POST")
    equal(exchange(t.url + "/things", "POST", b"{}")[0], 502, "after the effect")
    equal(t.lua("#twin.state.things"), 2, "it was done")
    fault(kind="drop_before", contains="needle")
    equal(seen(), whole, "no needle")
    fault(kind="latency", ms=300)
    started, late = time.monotonic(), []
    waiter = threading.Thread(target=lambda: late.append((seen(), time.monotonic() - started)))
    waiter.start()
    while not any(f["kind"] == "latency" and f["used"] for f in t.control("GET", "/faults")[1]):
        time.sleep(0.005)
    equal(seen(), whole, "others are not held up")
    holds(time.monotonic() - started < 0.3, "at once")
    waiter.join()
    holds(late[0][0] == whole and late[0][1] >= 0.3, "late")
    equal(t.control("POST", "/faults", {"kind": "odd"})[0], 400, "an unknown kind")
    equal(t.control("DELETE", "/faults")[0], 200, "delete")
    equal(t.control("GET", "/faults")[1], [], "none left")


@promise("calls are counted by route and status")
def calls():
    t = Echo()
    t.get("/things/1")
    t.get("/things/9")
    exchange(t.url + "/things", "POST", b"{}")
    told = t.control("GET", "/calls?bodies=1")[1]
    equal((told["total"], told["by_route"], told["by_status"]),
          (3, {"GET /things/:id": 2, "POST /things": 1}, {"200": 1, "201": 1, "404": 1}), "counts")
    equal(told["log"][2]["request"], "{}", "bodies")
    t.control("DELETE", "/calls")
    equal(t.control("GET", "/calls")[1]["total"], 0, "from 0")


@promise("the clock moves when told, and each timer runs at its time")
def clock():
    t = Echo("--clock", "2026-10-31T23:30:00Z", "--frozen")
    equal(t.control("GET", "/clock")[1]["now"], "2026-10-31T23:30:00Z", "start")
    t.control("POST", "/clock", {"advance_ms": 3600000})
    equal((t.lua("twin.state.ticks"), t.lua("twin.state.last_tick")), (60, "2026-11-01T00:30:00Z"), "sixty minutes")
    t.control("POST", "/clock", {"advance_ms": 3600000, "skip": True})
    holds(t.lua("twin.state.ticks") <= 61, "skipped rounds are not made up for")
    equal(t.control("POST", "/clock", {"set": "2026-01-01T00:00:00Z"})[0], 400, "never back")
    equal(t.control("POST", "/clock", {"set": "2027-01-01T00:00:00Z", "skip": True})[1]["now"], "2027-01-01T00:00:00Z", "set")
    t = Echo("--pace", "0.001")
    before = t.control("GET", "/clock")[1]["now_ms"]
    started = time.monotonic()
    t.lua("twin.wait(5000)")
    holds(time.monotonic() - started < 2, "hurried")
    holds(t.control("GET", "/clock")[1]["now_ms"] - before >= 5000, "five seconds of its own time")


@promise("what was answered is in the state file after kill -9")
def state():
    path = os.path.join(folder(), "state")
    t = Echo("--state", path)
    exchange(t.url + "/things", "POST", b'{"a":[],"b":null,"c":1.5}')
    t.process.send_signal(signal.SIGKILL)
    t.process.wait()
    t = Echo("--state", path)
    equal(t.get("/things/2")[2], b'{"a":[],"b":null,"c":1.5}', "still there")
    t.control("POST", "/reset")
    equal(t.get("/things/2")[0], 404, "reset")
    whole = exchange(t.door + "/state")[2]
    equal(t.control("PUT", "/state", whole)[0], 200, "out and in")
    equal(t.control("PUT", "/state", b"os.exit(1)")[0], 400, "no program")


@promise("TLS with a certificate of its own authority")
def tls():
    where = folder()
    t = Echo("--tls-self", where)
    context = ssl.create_default_context(cafile=t.ready["ca"])
    connection = http.client.HTTPSConnection("localhost", int(t.url.rsplit(":", 1)[1]), context=context)
    connection.request("GET", "/echo/x")
    equal(json.loads(connection.getresponse().read())["scheme"], "https", "scheme")
    connection.close()
    equal(t.control("POST", "/call", {"url": t.url + "/things/1", "ca_file": t.ready["ca"]})[1]["status"],
          200, "its own client trusts it")
    equal(t.control("POST", "/call", {"url": t.url + "/things/1"})[1]["kind"], "tls", "not without the authority")
    first = open(os.path.join(where, "cert.pem")).read()
    Echo("--tls-self", where)
    equal(open(os.path.join(where, "cert.pem")).read(), first, "made once")


@promise("HTTP out tells a reply from a lost one, and gives the lock up while it waits")
def http_out():
    t = Echo()
    told = t.control("POST", "/call", {"url": t.url + "/things", "method": "POST", "body": "{}",
                                       "headers": {"Expect": "100-continue"}})[1]
    equal((told["status"], told["headers"]["content-type"]), (201, "application/json; charset=utf-8"), "it calls its own door")
    equal(t.control("POST", "/call", {"url": t.url + "/things/1"})[1]["headers"]["x-two"], "1, 2", "repeated headers")
    t.control("POST", "/faults", {"kind": "drop_after"})
    equal(t.control("POST", "/call", {"url": t.url + "/things/1"})[1]["kind"], "lost", "lost")
    equal(t.control("POST", "/call", {"url": t.url + "/things/1", "give_up_after": 3})[1]["kind"], "lost", "given up")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        equal(t.control("POST", "/call", {"url": f"http://127.0.0.1:{free.getsockname()[1]}/"})[1]["kind"],
              "connect", "nobody there")
    equal(t.control("POST", "/call", {"url": "file:///etc/passwd"})[1]["kind"], "other", "no other protocol")


@promise("the library: digests, encodings, XML, decimals, chance")
def library():
    t = Echo("--seed", "7")
    equal(t.lua('twin.hex(twin.hmac("sha256", "key", "text"))'),
          __import__("hmac").new(b"key", b"text", "sha256").hexdigest(), "hmac")
    equal(t.lua('twin.hex(twin.digest("sha1", "x"))'), __import__("hashlib").sha1(b"x").hexdigest(), "sha1")
    equal(t.lua('twin.base64("a\\0b") .. twin.unbase64("YQ==") .. twin.url_encode("a b/é")'),
          "YQBia" + "a%20b%2F%C3%A9", "encodings")
    equal(t.lua("twin.xml.write(twin.xml.parse('<a x=\"1\"><b>&lt;é</b><c/></a>'))"),
          '<a x="1"><b>&lt;\u00e9</b><c/></a>', "xml")
    holds("document type" in t.lua("(select(2, twin.xml.parse('<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>')))"), "no DTD")
    equal(t.lua('(function(d) return d.text(d.times(d.parse("2.5", 5), d.parse("12.345", 5), 8), 2) end)(require("decimal"))'), "30.86", "2.5 x 12.345")
    equal(t.lua('require("decimal").divide(-25, 10)'), -3, "half away from zero")
    equal(t.lua('tostring(require("decimal").parse("1.005", 2))'), "nil", "too many places")
    equal(t.lua('twin.iso(twin.from_iso("2026-10-31T23:30:00-07:00"), -480)'), "2026-10-31T22:30:00-08:00", "time")
    equal(t.lua("twin.uuid()"), Echo("--seed", "7").lua("twin.uuid()"), "the same seed, the same chance")
    holds(Echo().lua("twin.uuid()") != Echo().lua("twin.uuid()"), "no seed, another chance")


@promise("an error in a handler is a 500, is kept, and harms nothing else")
def errors():
    t = Echo()
    equal(t.get("/boom")[0], 500, "500")
    told = t.control("GET", "/errors")[1]
    holds(len(told) == 1 and "boom" in told[0]["error"], told)
    equal(t.get("/things/1")[0], 200, "the next one")


@promise("settings are converted and checked; usage errors are 2, a broken twin is 1")
def options():
    t = Echo("--set", "n=5", "--set", "on=off", "--set", "key=b")
    settings = t.control("GET", "/")[1]["settings"]
    equal(settings, {"key": "b", "n": 5, "on": False, "pace": 1.5}, "settings")
    for args, code, word in ((["--set", "odd=1"], 1, "no such setting"), (["--set", "n=x"], 1, "a number"),
                             (["--port", "99999"], 2, "usage"), (["--what"], 2, "usage")):
        t = Echo(*args)
        said = t.process.stderr.read().decode()
        equal(t.process.wait(), code, args)
        holds(word in said, said)


@promise("many callers at once")
def many():
    t = Echo()
    wrong = []

    def work():
        for _ in range(50):
            if t.get("/things/1")[0] != 200:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal((wrong, t.control("GET", "/calls")[1]["by_status"]), ([], {"200": 400}), "all")


run()
