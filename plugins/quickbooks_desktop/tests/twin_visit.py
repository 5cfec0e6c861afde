#!/usr/bin/env python3
"""The twin visits as the Web Connector does: order, headers, each answer's meaning, each way a visit can break."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tests", "e2e"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import Twin, equal, eventually, exchange, folder, holds, promise, run, skip  # noqa: E402
from lib.bed import SPECS  # noqa: E402
from twin_host import Service, qbxml  # noqa: E402

CUSTOMERS = qbxml('<CustomerQueryRq requestID="1"/>')
VENDORS = qbxml('<VendorQueryRq requestID="2"/>')


def add_customer(name, **attributes):
    return qbxml(f'<CustomerAddRq requestID="a"><CustomerAdd><Name>{name}</Name></CustomerAdd></CustomerAddRq>', **attributes)


def begin(give=(), settings=None, **more):
    service = Service(give)
    twin = Twin("quickbooks_desktop", settings, pace=0.001, **more)
    twin.post("/connect", {"url": service.url, "user": "mlc", "password": "secret",
                           "owner_id": "{57F3B9B1-86F1-4FCC-B1EE-566DE1813D20}", "file_id": "{90A44FB5-33D9-4815-AC85-BC87A7E7D1EB}"})
    return twin, service


def end(twin, service):
    equal(twin.errors(), [], "errors of the twin")
    equal(twin.get("/books")["faults"], [], "books")
    service.close()


def customers(twin):
    return [c["name"] for c in twin.get("/books")["customers"]]


@promise("a visit calls in the Web Connector's order, and only the first request carries the company's facts")
def order_of_calls():
    twin, service = begin([CUSTOMERS, VENDORS])
    visit = twin.post("/visit")
    equal((visit["outcome"], visit.get("message"), visit["closing"]), ("done", None, "OK"), visit)
    equal(service.methods(), ["serverVersion", "clientVersion", "authenticate", "sendRequestXML", "receiveResponseXML", "sendRequestXML",
                              "receiveResponseXML", "closeConnection"], "calls")
    first, second = [sent for method, sent in service.calls if method == "sendRequestXML"]
    for word in ("HostQueryRs", "CompanyQueryRs", "PreferencesQueryRs", "{90A44FB5-33D9-4815-AC85-BC87A7E7D1EB}"):
        holds(word in first["strHCPResponse"], f"no {word} in the first request")
    equal(second["strHCPResponse"], "", "second strHCPResponse")
    equal((first["ticket"], first["qbXMLCountry"], first["qbXMLMajorVers"], first["qbXMLMinorVers"]), ("ticket-1", "US", "16", "0"), "facts")
    holds(first["strCompanyFileName"].endswith(".qbw"), "company file")
    equal(service.statuses(), [[("CustomerQuery", "0")], [("VendorQuery", "0")]], "answers")
    end(twin, service)


@promise("its requests look like the .NET proxy's: SOAPAction, Expect, User-Agent, keep-alive, empty elements")
def wire():
    twin, service = begin([CUSTOMERS])
    twin.post("/visit")
    for headers in service.headers:
        equal(headers["Content-Type"], "text/xml; charset=utf-8", "type")
        equal(headers["Expect"], "100-continue", "Expect")
        holds("MS Web Services Client Protocol 4.0" in headers["User-Agent"], headers["User-Agent"])
    equal(service.headers[2]["SOAPAction"], '"http://developer.intuit.com/authenticate"', "SOAPAction")
    equal(len(service.connections), 1, "connections")
    end(twin, service)


@promise("WOO-03: each call validates against the types of the vendor's WSDL")
def against_the_wsdl():
    wsdl = os.path.join(SPECS, "quickbooks-desktop", "wsdl", "QBWebConnectorSvc.full.wsdl")
    if not os.path.exists(wsdl):
        skip("the WSDL is not here (MLC_SPECS)")
    with open(wsdl, encoding="utf-8") as f:
        types = re.search(r"<s:schema .*?</s:schema>", f.read(), re.S).group(0)
    types = types.replace("<s:schema ", '<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:tns="http://developer.intuit.com/" ', 1)
    schema = os.path.join(folder(), "types.xsd")
    with open(schema, "w", encoding="utf-8") as f:
        f.write(types)
    twin, service = begin([CUSTOMERS, add_customer("A &amp; B")])
    twin.fault(kind="connect", after=1)
    equal(twin.post("/visit")["outcome"], "done", "visit")
    service.taken = 0
    equal(twin.post("/visit")["outcome"], "no connection to QuickBooks", "a second visit")
    service.say["sendRequestXML"] = ""
    twin.post("/visit")
    equal(set(service.methods()), {"serverVersion", "clientVersion", "authenticate", "sendRequestXML", "receiveResponseXML", "connectionError",
                                   "getLastError", "closeConnection"}, "all eight")
    for body in service.bodies:
        done = subprocess.run(["xmllint", "--noout", "--schema", schema, "-"], input=body, capture_output=True)
        equal(done.returncode, 0, done.stderr.decode()[:500])
    end(twin, service)


@promise("RPC style has prefixed methods and bare children")
def rpc():
    twin, service = begin([CUSTOMERS], {"style": "RPC"})
    equal(twin.post("/visit")["outcome"], "done", "visit")
    end(twin, service)


@promise("authenticate: nvu, none, busy, postponed and a path each lead where the guide says")
def authenticate():
    twin, service = begin([CUSTOMERS])
    for word, outcome in (("nvu", "not valid user"), ("NONE", "nothing to do"), ("busy", "busy")):
        service.say["authenticate"], service.calls = ["t", word], []
        equal(twin.post("/visit")["outcome"], outcome, word)
        equal(service.methods(), ["serverVersion", "clientVersion", "authenticate", "closeConnection"], word)
    service.say["authenticate"] = ["t", "", "60", "0"]
    visit = twin.post("/visit")
    equal((visit["outcome"], visit["postponed_ms"]), ("postponed", 60000), "postponed")
    service.say["authenticate"], service.calls = ["t", "C:\\nowhere.qbw"], []
    visit = twin.post("/visit")
    equal(visit["outcome"], "no connection to QuickBooks", "wrong path")
    equal([sent["hresult"] for method, sent in service.calls if method == "connectionError"], ["0x8004040A"], "hresult")
    equal(twin.post("/visit", {"password": "wrong"})["calls"][2]["result"], ["t", "C:\\nowhere.qbw"], "the service decides")
    del service.say["authenticate"]
    equal(twin.post("/visit", {"password": "wrong"})["outcome"], "not valid user", "wrong password")
    end(twin, service)


@promise("clientVersion: warnings pass, E: and O: stop, anything else is QBWC1046; a fault there is passed over")
def client_version():
    twin, service = begin([CUSTOMERS])
    service.say["clientVersion"] = "W:old"
    equal(twin.post("/visit")["outcome"], "done", "W:")
    for text, outcome in (("E:too old", "refused"), ("O:2.4", "refused"), ("fine", "error")):
        service.say["clientVersion"] = text
        equal(twin.post("/visit")["outcome"], outcome, text)
    service.say["clientVersion"] = service.say["serverVersion"] = (500, "text/xml", b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
                                                                   b"<s:Body><s:Fault><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>")
    service.taken = 0
    equal(twin.post("/visit")["outcome"], "done", "fault")
    end(twin, service)


@promise("an empty request leads to getLastError: NoOp pauses, any other text ends the visit with an error")
def noop():
    twin, service = begin([CUSTOMERS])
    turns = iter(["", "NoOp", CUSTOMERS])
    service.say["sendRequestXML"] = lambda _: next(turns)
    service.say["getLastError"] = "NoOp"
    service.say["receiveResponseXML"] = 100
    before = twin.get("/clock")["now_ms"]
    visit = twin.post("/visit")
    equal((visit["outcome"], visit["pauses"]), ("done", 2), "visit")
    holds(twin.get("/clock")["now_ms"] - before >= 10000, "two pauses of 5 s each on the twin's clock")
    service.say["sendRequestXML"], service.say["getLastError"] = "", "out of order"
    visit = twin.post("/visit")
    equal((visit["outcome"], visit["message"]), ("error", "out of order"), "error text")
    equal(service.methods()[-2:], ["getLastError", "closeConnection"], "end")
    end(twin, service)


@promise("a negative percentage asks for the error and ends; what is no whole number breaks the visit")
def percentages():
    twin, service = begin([CUSTOMERS])
    service.say["receiveResponseXML"] = -1
    visit = twin.post("/visit")
    equal((visit["outcome"], visit["message"]), ("error", "something went wrong"), "negative")
    service.taken, service.say["receiveResponseXML"] = 0, "99.5"
    equal(twin.post("/visit")["outcome"], "error", "fraction")
    end(twin, service)


@promise("a reply in another content type or namespace is not understood")
def strict_proxy():
    twin, service = begin([CUSTOMERS])
    service.say["authenticate"] = (200, "text/html", b"<html/>")
    holds("expected 'text/xml'" in twin.post("/visit")["message"], "type")
    service.say["authenticate"] = (200, "text/xml", b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
                                   b"<authenticateResponse><authenticateResult><string>t</string><string/></authenticateResult>"
                                   b"</authenticateResponse></s:Body></s:Envelope>")
    equal(twin.post("/visit")["outcome"], "error", "namespace")
    end(twin, service)


@promise("ALL-07: a closed file, a modal dialog and a sleeping PC look as they do")
def away():
    twin, service = begin([CUSTOMERS])
    twin.fault(kind="file_closed")
    equal(twin.post("/visit")["outcome"], "no connection to QuickBooks", "closed")
    equal(service.calls[-2][1]["hresult"], "0x80040416", "hresult")
    twin.fault(kind="modal")
    equal(twin.post("/visit")["outcome"], "done", "modal")
    equal(service.results[-1][:2], ("", "0x80040414"), "modal")
    twin.fault(kind="asleep")
    equal(twin.post("/visit")["outcome"], "asleep", "asleep")
    end(twin, service)


@promise("another company file has another name, path and FileID")
def other_file():
    twin, service = begin([CUSTOMERS])
    twin.post("/open", {"file": "other", "name": "Other Inc"})
    twin.post("/visit")
    hcp = next(sent for method, sent in service.calls if method == "sendRequestXML")["strHCPResponse"]
    holds("Other Inc" in hcp and "FileID" not in hcp, "the other company is told")
    twin.post("/open", {"file": None})
    equal(twin.post("/visit")["outcome"], "no connection to QuickBooks", "no file is open")
    equal(twin.control("GET", "/errors"), [], "errors")
    twin.post("/open", {"file": "main"})
    end(twin, service)


@promise("the line may be cut before the effect, after it, and after the reply was received")
def cuts():
    twin, service = begin()
    for kind, name, done, received in (("die_before", "A", False, 0), ("die_after", "B", True, 0), ("lose_request", "C", True, 0),
                                       ("lose_reply", "D", True, 1), ("receive_twice", "E", True, 2)):
        service.give, service.taken, service.results, service.calls = [add_customer(name)], 0, [], []
        twin.fault(kind=kind)
        visit = twin.post("/visit")
        equal(name in customers(twin), done, kind)
        equal(len(service.results), received, kind)
        equal("closeConnection" in service.methods(), kind == "receive_twice", kind)
        holds(visit["outcome"] == {"die_before": "died", "die_after": "died", "receive_twice": "done"}.get(kind, "error"), visit)
    end(twin, service)


@promise("a service that never comes to an end is left")
def endless():
    twin, service = begin([CUSTOMERS], {"max_calls": 50})
    service.say["sendRequestXML"], service.say["receiveResponseXML"] = CUSTOMERS, 99
    equal(twin.post("/visit")["outcome"], "endless", "outcome")
    end(twin, service)


@promise("a visit can be cut at any call, stopped before any state, resumed, and run beside another one")
def step_by_step():
    twin, service = begin([add_customer("One"), add_customer("Two")])
    equal(twin.post("/visit", {"calls": 3})["outcome"], "cut", "cut")
    open_visit = twin.post("/visit", {"until": "receiveResponseXML"})
    equal(open_visit["outcome"], "waiting before receiveResponseXML", "open")
    holds("One" in customers(twin), "it was done")
    other = twin.post("/visit", {"until": "receiveResponseXML"})
    equal(other["outcome"], "waiting before receiveResponseXML", "the other")
    equal(twin.post("/visit", {"resume": open_visit["id"]})["outcome"], "done", "resumed")
    equal(twin.post("/visit", {"resume": other["id"]})["outcome"], "done", "the other resumed")
    twin.fault(kind="cut", path="closeConnection")
    service.taken, service.give = 0, [CUSTOMERS]
    equal(twin.post("/visit")["outcome"], "cut", "cut before closeConnection")
    end(twin, service)


@promise("a message set that ran is answered from memory, byte for byte, also after QuickBooks was restarted")
def replay():
    state = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"twin-state-{os.getpid()}")
    first = add_customer("Once", newMessageSetID="mlc-1")
    twin, service = begin([first], state=state)
    twin.fault(kind="lose_reply")
    twin.post("/visit")
    once = service.results[0][0]
    twin.kill()
    twin = Twin("quickbooks_desktop", state=state, pace=0.001)
    service.taken, service.results = 0, []
    equal(twin.post("/visit")["outcome"], "done", "second visit")
    equal(service.results[0][0], once, "the same answer")
    equal(customers(twin).count("Once"), 1, "customers named Once")
    service.give, service.taken, service.results = [add_customer("Twice", newMessageSetID="mlc-1")], 0, []
    twin.post("/visit")
    holds('messageSetStatusCode="9001"' in service.results[0][0], "another content")
    holds("Twice" not in customers(twin), "it did not run")
    os.unlink(state)
    end(twin, service)


@promise("hresult leaves the outcome unknown: it ran or it did not, as the fault says")
def hresults():
    twin, service = begin([add_customer("Ran"), add_customer("Did not")])
    twin.fault(kind="hresult", ran=True, hresult="0x80040402")
    twin.fault(kind="hresult", ran=False, hresult="0x80040408")
    twin.post("/visit")
    equal([hresult for _, hresult, _ in service.results], ["0x80040402", "0x80040408"], "hresults")
    equal(("Ran" in customers(twin), "Did not" in customers(twin)), (True, False), "effects")
    end(twin, service)


@promise("ZUO-18: a person edits between query and Mod, and the Mod is out of date with the current record in the answer")
def edit_between():
    twin, service = begin()
    ada = next(c for c in twin.get("/books")["customers"] if c["name"] == "Lovelace, Ada")
    service.give = [qbxml(f'<CustomerModRq><CustomerMod><ListID>{ada["id"]}</ListID><EditSequence>{ada["edit_sequence"]}</EditSequence>'
                          "<Phone>1</Phone></CustomerMod></CustomerModRq>")]
    twin.fault(kind="edit_before", path="CustomerModRq", edit={"type": "Customer", "name": "Lovelace, Ada", "set": {"Notes": "by hand"}})
    twin.post("/visit")
    equal(service.statuses(), [[("CustomerMod", "3200")]], "status")
    holds("<Notes>by hand</Notes>" in service.results[0][0], "the current record is told")
    end(twin, service)


@promise("a record in use is refused with 3175, and only it")
def in_use():
    twin, service = begin([add_customer("Busy"), add_customer("Free")])
    twin.fault(kind="refuse", path="CustomerAddRq", contains="Busy")
    twin.post("/visit")
    equal(service.statuses(), [[("CustomerAdd", "3175")], [("CustomerAdd", "0")]], "statuses")
    end(twin, service)


@promise("visits come by the schedule, later when postponed, seldom when told a minimum, not when asleep")
def schedule():
    twin, service = begin(clock="2026-10-31T12:00:00Z")
    twin.post("/clock", {"frozen": True})
    twin.post("/connect", {"every_minutes": 15})
    twin.post("/clock", {"advance_ms": 3600000})
    equal(len(twin.get("/visits")), 4, "visits in an hour")
    twin.fault(kind="asleep", count=2)
    twin.post("/clock", {"advance_ms": 3600000})
    equal(len(twin.get("/visits")), 6, "two slept through")
    service.say["authenticate"] = ["t", "none", "", "3600"]
    twin.post("/clock", {"advance_ms": 4 * 3600000})
    holds(len(twin.get("/visits")) <= 6 + 5, "once an hour at most")
    end(twin, service)


@promise("WOO-04: a foreign ticket can be tried by hand")
def by_hand():
    twin, service = begin([CUSTOMERS])
    service.say["sendRequestXML"] = lambda sent: "" if sent["ticket"] != "ticket-1" else CUSTOMERS
    equal(twin.post("/call", {"method": "sendRequestXML", "params": [["ticket", "stolen"], ["strHCPResponse", ""]]}), {"result": ""}, "stolen")
    equal(twin.post("/call", {"method": "authenticate", "params": [["strUserName", "mlc"], ["strPassword", "secret"]]}),
          {"result": ["ticket-1", ""]}, "log-in")
    end(twin, service)


@promise("WOO-03: a .qwc is read as the Web Connector reads it: rules of the addresses, checks by GET, FileID written once")
def qwc():
    twin, service = begin(settings={"strict_urls": "true"})
    local = service.url.replace("127.0.0.1", "localhost")
    support = local.split("/serve")[0] + "/support"

    def add(url=local, sup=support, file_id="{90A44FB5-33D9-4815-AC85-BC87A7E7D1EB}", password="secret"):
        text = (f"<QBWCXML><AppName>x</AppName><AppID></AppID><AppURL>{url}</AppURL><AppDescription>d</AppDescription><AppSupport>{sup}</AppSupport>"
                "<UserName>mlc</UserName><OwnerID>{57F3B9B1-86F1-4FCC-B1EE-566DE1813D20}</OwnerID>"
                f"<FileID>{file_id}</FileID><QBType>QBFS</QBType><Scheduler><RunEveryNMinutes>15</RunEveryNMinutes></Scheduler></QBWCXML>")
        status, _, reply = exchange(f"{twin.control_url}/qwc?password={password}", "POST", text.encode())
        return json.loads(reply).get("error", "")[:8] if status != 200 else json.loads(reply)["every_minutes"]

    equal(add(), 15, "well")
    equal(add(url=service.url), "QBWC1001", "an IP address")
    equal(add(sup=service.url), "QBWC1002", "an IP address for support")
    equal(add(sup="http://elsewhere.example/"), "QBWC1000", "another domain")
    equal(add(url="http://shop.example/", sup="http://shop.example/"), "QBWC1010", "http beyond localhost")
    equal(add(file_id="{00000000-33D9-4815-AC85-BC87A7E7D1EB}"), "QBWC1026", "another FileID")
    service.give = [CUSTOMERS]
    equal(twin.post("/visit")["outcome"], "done", "visit")
    eventually(lambda: service.results, "an answer")
    end(twin, service)


run()
