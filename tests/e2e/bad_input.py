"""What comes in is garbage, hostile or a slip of a hand: each has its outcome, its words and its way out."""
import json
import os
import re
import signal
import socket
import subprocess
import time
from decimal import Decimal

from lib import Deployment, ShopBooks, equal, eventually, exchange, holds, promise, run
from lib.bed import MLC
from lib.shopbooks import PASSWORD

ORDER = {"lines": [{"sku": "MUG-RED", "quantity": 1}]}
INVOICE = "mappings/woocommerce-quickbooks_desktop/invoice.lua"
ENVELOPE = ('<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            '<{0} xmlns="http://developer.intuit.com/">{1}</{0}></soap:Body></soap:Envelope>')
LAUGHS = ('<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(12)) + ']>')


def soap(url, method, **params):
    """(status, the texts of the answer) of one call as the Web Connector would make it."""
    body = ENVELOPE.format(method, "".join(f"<{k}>{v}</{k}>" for k, v in params.items()))
    status, _, reply = exchange(url, "POST", body.encode(), {"Content-Type": "text/xml; charset=utf-8",
                                                             "SOAPAction": f'"http://developer.intuit.com/{method}"'})
    return status, re.findall(rb">([^<>]*)<", reply)


def raw(port, data, wait=1.0, shut=True):
    """What comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as s:
        s.sendall(data)
        if shut:
            s.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while more := s.recv(65536):
                got += more
        except (TimeoutError, ConnectionResetError):
            pass
        return got


def known(bed):
    return {(d["entity"], d["rid"]) for d in bed.at.list("all", limit=500)}


def hook(bed):
    return next(h for h in bed.shop.get("/webhooks") if h["topic"] == "order.created")


@promise("strangers at the door: an unknown tenant or connection is 404, an unsigned webhook 401, "
         "a body over the ceiling 413; none of it is stored")
def at_the_door():
    bed = ShopBooks()
    bed.settle()
    before, base = known(bed), f"http://127.0.0.1:{bed.port}"
    body = b'{"id":1}'
    for path, want in {"/hooks/nobody/shop": 404, "/hooks/acme/nothing": 404, "/hooks/acme/books": 404,
                       "/hooks/acme": 404, "/serve/nobody/books": 404,
                       "/serve/acme/shop": 404, "/hooks/acme/shop": 401, "/hooks/..%2facme/shop": 404,
                       "/hooks/acme/shop/more": 404,
                       "/hooks/" + "a" * 300 + "/shop": 404, "/api/v1/status": 404, "/metrics": 404, "/": 404}.items():
        equal(exchange(base + path, "POST", body)[0], want, path)
    equal(exchange(base + "/hooks/acme/shop", "GET")[0], 405, "GET")
    head = b"POST /hooks/acme/shop HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    holds(b" 413 " in raw(bed.port, head % (64 << 20)), "a body announced over the ceiling")
    chunked = b"POST /hooks/acme/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"100000\r\n" + b"x" * 0x100000 + b"\r\n") * 5
    try:
        holds(b" 413 " in raw(bed.port, chunked, wait=5, shut=False), "one that grows over it")
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before we had sent it all
    equal(known(bed), before, "records")
    equal(exchange(base + "/healthz")[0], 200, "and it serves on")


@promise("a broken request is refused, a slow one is closed within its deadline, an abandoned one leaves nothing")
def broken_and_slow():
    bed = ShopBooks()
    bed.settle()
    before = known(bed)
    for what, data in {"no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64 + b"\r\n\r\n",
                       "a method of its own": b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
                       "two lengths": b"POST /hooks/acme/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
                       "smuggled": b"POST /hooks/acme/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                       "a head too long": b"POST / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 200000 + b"\r\n\r\n"}.items():
        try:
            said = raw(bed.port, data)
            holds(said == b"" or re.match(rb"HTTP/1\.1 (4|5)\d\d", said), f"{what}: {said[:80]}")
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed in our face
    raw(bed.port, b"POST /hooks/acme/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{\"id\":1")  # abandoned
    started = time.monotonic()
    for start in (b"POST /hooks/acme/shop HTTP/1.1\r\nHost: x\r\n",
                  b"POST /hooks/acme/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", bed.port), timeout=40) as s:
            s.sendall(start)
            said = s.recv(1000)
            holds(b" 408 " in said or said == b"", said[:80])
    holds(time.monotonic() - started < 40, "both within their deadlines")
    equal(known(bed), before, "records")
    holds(bed.host.alive(), "the host")


@promise("a Web Connector's door: broken SOAP, a wrong password, no ticket, "
         "another's ticket and replies that are no XML open nothing and write nothing")
def broken_soap():
    bed = ShopBooks()
    bed.place(**ORDER)
    bed.rest()
    url = f"http://127.0.0.1:{bed.port}/serve/acme/books"
    # An order waits, and only a visit that has logged in may take it.
    for body in (b"", b"<", b"<a/>", b"not xml",
                 ENVELOPE.format("authenticate", "<strUserName>x")[:-60].encode(),
                 LAUGHS.encode() + b"<l>&l;</l>",
                 (LAUGHS + ENVELOPE.format("authenticate", "<strUserName>&l;</strUserName>")[21:]).encode(),
                 b"<a>" * 100000, b"\xff\xfe" * 100, ENVELOPE.format("steal", "").encode()):
        status, _, reply = exchange(url, "POST", body, {"Content-Type": "text/xml"})
        holds(status in (200, 400, 500) and b"QBXML" not in reply, f"{body[:40]}: {status} {reply[:100]}")
        holds(status != 200 or b"Fault" in reply or b"nvu" in reply, f"{body[:40]} is not taken: {status} {reply[:200]}")
    _, said = soap(url, "authenticate", strUserName="acme.books", strPassword="wrong")
    holds(b"nvu" in said, said)
    for ticket in ("", "{00000000-0000-0000-0000-000000000000}", "x" * 5000):
        status, said = soap(url, "sendRequestXML", ticket=ticket, strHCPResponse="", strCompanyFileName="", qbXMLCountry="US",
                            qbXMLMajorVers=13, qbXMLMinorVers=0)
        holds(not any(b"AddRq" in text or b"QBXML" in text for text in said), f"a ticket that nobody gave: {said}")
    # A ticket of a visit that is over.
    _, said = soap(url, "authenticate", strUserName="acme.books", strPassword=PASSWORD)
    ticket = max(said, key=len).decode()
    _, said = soap(url, "receiveResponseXML", ticket=ticket, response="&lt;html&gt;no XML", hresult="", message="")
    soap(url, "closeConnection", ticket=ticket)
    status, said = soap(url, "sendRequestXML", ticket=ticket, strHCPResponse="", strCompanyFileName="",
                        qbXMLCountry="US", qbXMLMajorVers=13, qbXMLMinorVers=0)
    holds(not any(b"AddRq" in text or b"QBXML" in text for text in said), f"a stolen ticket: {said}")
    equal(bed.documents("Invoice"), [], "written so far")
    # Answers that are no qbXML end the visit, and the next one posts it once.
    for answer in ("&lt;html&gt;", "",
                   LAUGHS.replace("&", "&amp;").replace("<", "&lt;") + "&lt;l&gt;&amp;l;&lt;/l&gt;",
                   "&lt;QBXML&gt;&lt;QBXMLMsgsRs&gt;"):
        _, said = soap(url, "authenticate", strUserName="acme.books", strPassword=PASSWORD)
        ticket = max(said, key=len).decode()
        soap(url, "sendRequestXML", ticket=ticket, strHCPResponse="", strCompanyFileName="",
             qbXMLCountry="US", qbXMLMajorVers=13, qbXMLMinorVers=0)
        _, said = soap(url, "receiveResponseXML", ticket=ticket, response=answer, hresult="", message="")
        soap(url, "closeConnection", ticket=ticket)
    equal(bed.documents("Invoice"), [], "written so far")
    bed.visit()
    bed.settle()
    equal(len(bed.documents("Invoice")), 1, "invoices")
    bed.books_are_sound()
    with open(f"/proc/{bed.host.process.pid}/status") as f:
        peak = int(re.search(r"VmHWM:\s*(\d+) kB", f.read()).group(1))
    holds(peak < 400_000, f"memory at its most: {peak} kB")


@promise("a machine that stood still for a while holds no record: what was not mapped in time is mapped again")
def workers_stand_still():
    bed = ShopBooks()
    bed.settle()
    with open(f"/proc/{bed.host.process.pid}/task/{bed.host.process.pid}/children") as f:
        workers = [int(pid) for pid in f.read().split()]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    order = bed.place(**ORDER)
    bed.visit()
    bed.host.advance(60_000)
    bed.settle()
    equal(bed.waiting("held"), [], "what is held")
    holds(bed.invoice_of(order), "posted")


@promise("a 200 full of HTML, half a body, [], {} and nothing at all of the shop never count as 'nothing "
         "changed': what was not told comes later")
def broken_shop():
    bed = ShopBooks()
    bed.settle()
    bed.shop.fault(kind="hook_lost", count=0)
    orders = []
    for fault in ({"kind": "html"}, {"kind": "truncate"}, {"kind": "empty"}, {"kind": "status", "status": 200, "body": "{}"},
                  {"kind": "status", "status": 200, "body": "[]"}, {"kind": "status", "status": 200, "body": '[{"id":"x"}]'},
                  {"kind": "status", "status": 200, "body": "[" * 100000}):
        orders.append(bed.place(**ORDER))
        id_ = bed.shop.fault(path="/wp-json/wc/v3/orders*", count=0, **fault)
        bed.at.run("sync", "acme/shop-books")
        bed.host.advance(301_000)
        eventually(lambda: any(f["id"] == id_ and f.get("used", 1) for f in bed.shop.get("/faults")), f"{fault} is met")
        time.sleep(0.3)
        equal(bed.invoice_of(orders[-1]), None)
        bed.shop.control("DELETE", f"/faults/{id_}")
        bed.host.advance(3_600_000)
        bed.settle()
        holds(bed.invoice_of(orders[-1]), f"after {fault} the order is caught up on: {bed.at.say('status')[1]}")
    equal(len(bed.documents("Invoice")), len(orders), "invoices")
    bed.books_are_sound()


def other_posted(bed, order):
    return any(d["number"] == f"X{order['number']}" for d in bed.documents("Invoice"))


def troubles(bed):
    """What `mlc status` says of acme/shop: why it is held, or what its feed of orders cannot read."""
    _, told, _ = bed.at.run("status", "acme")
    shop = next(c for c in told["connections"] if c["connection"] == "acme/shop")
    return " ".join(str(shop.get(name, "")) for name in ("held", "why", "feeds_in_trouble"))


@promise("whatever one shop gives in place of its orders is named by `mlc status`, "
         "stops no other shop's orders, and what it hid comes later")
def one_bad_shop():
    bed = ShopBooks()
    bed.at.host.stop()
    theirs, _ = bed.another_shop("X")
    bed.start_with_it()
    eventually(lambda: sum(h["status"] == "active" for h in theirs.get("/webhooks")) >= 6, "webhooks of the second shop")
    first = bed.place(**ORDER)
    bed.settle()
    bed.shop.fault(kind="hook_lost", count=0)
    many = {"X-WP-Total": "99", "X-WP-TotalPages": "99"}

    def gives(status, body="", **headers):
        return {"kind": "status", "status": status, "body": body,
                "headers": {name.replace("_", "-"): value for name, value in headers.items()}}

    cases = (
        ({"kind": "html"}, "a web page"), ({"kind": "empty"}, "but nothing"), (gives(200, '[{"id":7,"na'), "not a whole list"),
        ({**gives(200, json.dumps([first])), "headers": many}, "once more"),
        (gives(200, json.dumps([{k: v for k, v in first.items() if k != "id"}])), "none of the records of a page has an id"),
        (gives(200, "[" * 40_000_000), "over 33554432 bytes"),
        (gives(302, Location=f"{theirs.url}/steal"), f"redirects to {theirs.url}/steal"),
        (gives(404, "<html>"), "404"), (gives(409), "409"), (gives(412), "412"), (gives(422), "422"),
        (gives(500, "<html>"), "500"), (gives(503), "503"),
        (gives(429, Retry_After="120"), "429"), (gives(429), "429"), (gives(403, "<html>Access denied"), "firewall"),
        (gives(401, json.dumps({"code": "woocommerce_rest_authentication_error",
                                "message": "Consumer key is invalid.", "data": {"status": 401}})),
         "Consumer key is invalid"))
    for fault, words in cases:
        order = bed.place(**ORDER)
        bed.shop.fault(method="GET", path="/wp-json/wc/v3/orders*", count=0, **fault)
        bed.host.advance(301_000)
        try:
            eventually(lambda: words in troubles(bed), f"{str(fault)[:80]}: {words!r}", 40)
        except AssertionError as e:
            raise AssertionError(f"{e}; it says {troubles(bed)}") from e
        other = theirs.post("/orders", {"lines": [{"sku": "TSHIRT", "quantity": 1}]})
        theirs.post("/deliver")
        eventually(lambda: bed.visit() and other_posted(bed, other), f"{str(fault)[:80]}: the other shop's order is posted")
        equal(bed.invoice_of(order), None, "this one cannot have been seen")
        bed.shop.control("DELETE", "/faults")
        bed.shop.fault(kind="hook_lost", count=0)
        bed.host.advance(3_600_000)
        if "401" in str(fault):
            bed.at.run("ping", "acme/shop")
        bed.settle()
        holds(bed.invoice_of(order), f"after {str(fault)[:80]} it is caught up on: {troubles(bed)}")
    holds("/steal" not in str(theirs.get("/calls")["log"]), "nobody went where the redirect led")
    with open(f"/proc/{bed.host.process.pid}/status") as f:
        peak = int(re.search(r"VmHWM:\s*(\d+) kB", f.read()).group(1))
    holds(peak < 200_000, f"memory at its most: {peak} kB")
    equal(bed.waiting("held") + bed.waiting("review"), [], "nothing waits")
    bed.books_are_sound()


@promise("a record without an id goes before a person once, with its text; "
         "the others of its page are posted, and he may let it go")
def nameless():
    bed = ShopBooks()
    bed.settle()
    bed.shop.fault(kind="hook_lost", count=0)
    order = bed.place(**ORDER)
    page = json.dumps([order, {**{k: v for k, v in order.items() if k != "id"}, "number": "4711"}])
    fault = bed.shop.fault(kind="status", status=200, body=page,
                           headers={"X-WP-Total": "2", "X-WP-TotalPages": "1"}, method="GET",
                           path="/wp-json/wc/v3/orders", count=0)
    for _ in range(3):
        bed.host.advance(301_000)
        bed.settle()
    holds(bed.invoice_of(order), "the other is posted")
    told = bed.waiting("review")
    equal({d["cause"] for d in told}, {"no_id"}, f"in review: {bed.at.list('all', limit=50)} {troubles(bed)}")
    flows = len(told)
    equal(len({d["rid"] for d in told}), 1, "it is one, however often it comes")
    _, said = bed.at.say("status", "acme")
    holds("no_id" in said and "mlc decide" in said, said)
    code, said = bed.at.say("story", "acme/shop", "order", told[0]["rid"])
    holds(code == 0 and "4711" in said, f"its text is there: {said[:500]}")
    bed.shop.control("DELETE", f"/faults/{fault}")
    equal(bed.at.mlc("decide", "acme", "--cause", "no_id", "--choice", "skip")["released"], flows)
    bed.settle()
    equal((bed.waiting("review"), bed.waiting("held"), len(bed.documents("Invoice"))), ([], [], 1),
          "let go, and nothing made of it")


def change(bed, name, old, new):
    with open(bed.at.file(name)) as f:
        text = f.read()
    holds(old in text, f"{old!r} stands in {name}")
    bed.at.write(name, text.replace(old, new, 1))
    return text


@promise("a mapping that does not parse, names what is not there, loops or eats memory is named at reload "
         "and the old one stays in force; at the start it is refused")
def bad_mappings():
    bed = ShopBooks()
    first = bed.place(**ORDER)
    bed.settle()
    for what, (old, new, words) in {
            "does not parse": ("return mapping {", "return mapping {{", ("invoice.lua:",)),
            "a field that is not there": ("TermsRef", "TermRef", ("invoice.lua:", "TermRef", "did you mean", "TermsRef")),
            "a path that is not there": ('src "payment_method"', 'src "payment_metod"',
                                         ("invoice.lua:", "payment_metod", "did you mean")),
            "loops": ("return mapping {", "while true do end\nreturn mapping {", ("invoice.lua",)),
            "eats memory": ("return mapping {",
                            "local t, s = {}, 'x' while true do t[#t+1] = s:rep(1000000) end\nreturn mapping {", ("invoice.lua",)),
            "recurses": ("return mapping {",
                         "local function f(n) return 1 + f(n + 1) end f(1)\nreturn mapping {",
                         ("invoice.lua",)),
            "reaches out": ("return mapping {", 'os.execute("true")\nreturn mapping {', ("invoice.lua:", "os"))}.items():
        good = change(bed, INVOICE, old, new)
        for command in ("check", "reload"):
            started = time.monotonic()
            code, told, said = bed.at.run(command)
            equal(code, 1, f"{what}: mlc {command}: {said[-500:]}")
            holds(told and told.get("cause"), f"{what}: a cause in --json: {said[-500:]}")
            for word in words:
                holds(word in said, f"{what}: mlc {command} says {word}: {said[-800:]}")
            holds(time.monotonic() - started < 30, f"{what}: within its budget")
        bed.at.write(INVOICE, good)
        bed.at.mlc("reload")
    later = bed.place(**ORDER)
    bed.settle()
    holds(bed.invoice_of(first) and bed.invoice_of(later), "the old mapping goes on")
    good = change(bed, INVOICE, "TermsRef", "TermRef")
    bed.host.stop()
    done = subprocess.run([MLC, "run", "--dir", bed.at.path], capture_output=True, text=True, timeout=60)
    equal(done.returncode, 1, f"at the start: {done.stderr[-500:]}")
    holds("TermRef" in done.stderr and "did you mean" in done.stderr, done.stderr[-500:])
    bed.at.write(INVOICE, good)
    bed.at.start()


@promise("a slip in a tenant's file is said with file, line and what was meant, and the old stays in force")
def typo_in_a_tenant():
    bed = ShopBooks()
    name = "tenants/acme/tenant.lua"
    for old, new, words in (('connector = "woocommerce"', 'connector = "woocomerce"',
                             ("woocomerce", "did you mean", "woocommerce")),
                            ("every_minutes", "every_minute", ("every_minute", "it knows", "every_minutes")),
                            ('mode = "live"', 'mode = "life"', ("did you mean", "live")),
                            ("deposit_to", "deposit_too", ("deposit_too", "deposit_to")),
                            ('woocommerce = "shop"', 'woocommerce = "shup"', ("shup", "shop")),
                            ("title =", "title", ("tenant.lua:",)),
                            ('start = "2020-01-01"', 'start = "2020-13-01"', ("start has to be a day",))):
        good = change(bed, name, old, new)
        line = good[:good.index(old)].count("\n") + 1
        for command in ("check", "reload"):
            code, told, said = bed.at.run(command)
            equal(code, 1, f"{new}: mlc {command}: {said}")
            for word in (*words, "tenants/acme/tenant.lua:"):
                holds(word in said, f"{new}: mlc {command} says {word}: {said}")
            at = int(re.search(r"tenants/acme/tenant\.lua:(\d+)", said).group(1))
            holds(0 <= line - at <= 4 or at - line == 1, f"{new}: line {line}, said {at}")  # of a param: where its flow begins
        bed.at.write(name, good)
    order = bed.place(**ORDER)
    bed.settle()
    holds(bed.invoice_of(order), "the old goes on")


@promise("three hundred orders with one unknown SKU are one cause; one answer posts them all, "
         "is remembered, and is said in status")
def three_hundred():
    bed = ShopBooks(shop={"deliver_after_ms": 3_600_000})
    bed.visit()
    ids = bed.shop.post("/orders", {"count": 300, "lines": [{"sku": "MUG-GLITTER", "quantity": 1}]}, timeout=120)["ids"]
    bed.deliver()
    bed.settle()
    told = bed.at.list("review", limit=500)
    equal(len(told), 300, "in review")
    equal({d["cause"] for d in told}, {"unknown_item:MUG-GLITTER"}, "causes")
    _, said = bed.at.say("status", "acme")
    holds(said.startswith("1 thing needs a person\n") and "300 review" in said and "mlc decide" in said,
          f"one thing, how many, what to type: {said}")
    equal(bed.at.mlc("decide", "acme", "--cause", "unknown_item:MUG-GLITTER", "--answer", "MUG-RED",
                     "--remember")["released"], 300)
    bed.settle(visits=40)
    equal(len(bed.documents("Invoice")), 300, "invoices")
    held = bed.books_are_sound()
    equal(sum(Decimal(d["total"]) for d in held["documents"] if d["type"] == "Invoice"),
          sum(Decimal(bed.order(i)["total"]) for i in ids), "their sum")
    bed.place(lines=[{"sku": "MUG-GLITTER", "quantity": 2}])
    bed.settle()
    equal((len(bed.documents("Invoice")), bed.waiting("review")), (301, []), "the next one asks nobody")


@promise("an order in another currency waits with that cause and its own words; the others pass it by")
def another_currency():
    bed = ShopBooks()
    euro, dollar = bed.place(currency="EUR", **ORDER), bed.place(**ORDER)
    bed.settle()
    equal((bed.invoice_of(euro), bool(bed.invoice_of(dollar))), (None, True))
    held = [d for d in bed.waiting("held") if d["rid"] == str(euro["id"]) and d["flow"].endswith(".invoice")]
    equal([d["cause"] for d in held], ["currency"])
    holds("EUR" in held[0]["why"] and "USD" in held[0]["why"], held[0]["why"])


@promise("every command has --help and ends with 0, a slip in the arguments with 2 and usage, "
         "a thing that is wrong with 1 and a cause")
def commands():
    help_ = subprocess.run([MLC, "--help"], capture_output=True, text=True)
    equal(help_.returncode, 0)
    names = [line.split()[0] for line in help_.stdout.splitlines() if re.match(r"  [a-z]", line)]
    holds(len(names) >= 25, names)
    for name in names:
        one = subprocess.run([MLC, name, "--help"], capture_output=True, text=True)
        equal(one.returncode, 0, f"mlc {name} --help")
        holds(one.stdout.startswith(f"usage: mlc {name}") and not one.stderr, one.stdout)
        wrong = subprocess.run([MLC, name, "--no-such-option"], capture_output=True, text=True)
        equal(wrong.returncode, 2, f"mlc {name} --no-such-option")
        holds("--no-such-option" in wrong.stderr and "usage:" in wrong.stderr, wrong.stderr)
    for argv in ([], ["statsu"], ["list"], ["list", "nonsense"], ["story", "acme/shop"], ["go", "a", "b"],
                 ["list", "held", "--limit", "many"], ["release", "acme", "--id", "7x"]):
        equal(subprocess.run([MLC, *argv], capture_output=True).returncode, 2, f"mlc {' '.join(argv)}")
    bed = ShopBooks()
    bed.settle()
    amiss = []
    for argv in (["status", "nobody"], ["ping", "acme/nothing"], ["story", "acme/shop", "order", "4711"],
                 ["qwc", "acme/shop"], ["qwc", "acme/nothing"],
                 ["sync", "acme/nothing"], ["go", "acme/nothing"], ["pause", "nobody"], ["links", "nobody"],
                 ["visits", "acme/nothing"], ["decide", "nobody", "--cause", "no_such", "--choice", "again"],
                 ["decide", "acme", "--cause", "no_such", "--choice", "again"], ["release", "nobody"],
                 ["list", "all", "--tenant", "nobody"], ["list", "all", "--flow", "nothing"], ["replay", "--tenant", "nobody"],
                 ["audit", "--tenant", "nobody"], ["unlink", "acme/shop-books.invoice", "4711"],
                 ["erase", "acme/shop", "order", "4711"],
                 ["visits", "acme/shop"], ["connectors", "--dir", "/nonexistent"],
                 ["reconcile", "acme/nothing", "--month", "2026-10"],
                 ["schema", "nothing"], ["schema", "woocommerce.nothing"],
                 ["map", "nothing", "--record", "/nonexistent"], ["test", "nothing"],
                 ["restore", "/nonexistent"], ["backup", "/nonexistent/x"]):
        code, told, said = bed.at.run(*argv)
        if code != 1 or not isinstance(told, dict) or not told.get("cause"):
            amiss.append(f"mlc {' '.join(argv)} --json: {code} {said}")
        code, said = bed.at.say(*argv)
        if code != 1 or len(said.strip()) < 10:
            amiss.append(f"mlc {' '.join(argv)}: {code} {said}")
    equal(amiss, [], "exit status 1, words, and a cause in --json")
    bed.host.stop()
    for argv in (["status"], ["ping"], ["sync", "acme/shop-books"]):
        code, told, said = bed.at.run(*argv)
        equal((code, bool(told and told.get("cause"))), (1, True), f"without a host: mlc {' '.join(argv)}: {said}")
    code, told, said = Deployment().run("check", "--dir", "/nonexistent")
    equal(code in (1, 2), True, said)


run()
