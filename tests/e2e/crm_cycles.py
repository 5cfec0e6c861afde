#!/usr/bin/env python3
"""The Web Connector's cycles beside Zoho CRM: its address and interval, its tickets, what is asked in a visit, and the trail of each."""
import re

from lib import Twin, equal, eventually, holds, promise, run
from lib.crmbooks import CrmBooks

MINUTE = 60000


@promise("ZOHO-04 ZOHO-24: the .qwc names the address and the interval of the settings; "
         "another interval counts from the reload on; none below a minute")
def address():
    b = CrmBooks(qwc=False)
    said = b.at.say("qwc", "acme/books")[1]
    holds(f"<AppURL>http://localhost:{b.port}/serve/acme/books</AppURL>" in said
          and "<RunEveryNMinutes>15</RunEveryNMinutes>" in said, said)
    text = open(b.at.file("tenants/acme/tenant.lua")).read()
    b.at.tenant("acme", text.replace("every_minutes = 15", "every_minutes = 10"))
    b.at.mlc("reload")
    holds("<RunEveryNMinutes>10</RunEveryNMinutes>" in b.at.say("qwc", "acme/books")[1], "ten")
    mlc = open(b.at.file("mlc.lua")).read()
    b.at.write("mlc.lua", mlc.replace("http://localhost", "https://books.acme.example"))
    b.host.stop()
    b.at.start()
    holds(f"<AppURL>https://books.acme.example:{b.port}/serve/acme/books</AppURL>" in b.at.say("qwc", "acme/books")[1], "another host")
    b.at.tenant("acme", text.replace("every_minutes = 15", "every_minutes = 0"))
    code, _, said = b.at.run("check")
    equal(code, 1, "no interval of nothing")
    holds("every_minutes" in said, said)


@promise("ZOHO-05 ZOHO-25: user and password in, a GUID out that serves every call of that cycle and no "
         "other; it asks with ModifiedDateRangeFilter")
def tickets():
    b = CrmBooks()
    b.customer("Contoso")
    b.invoice("Contoso", ("MUG-RED", 1, "14.00"), RefNumber="1", ItemSalesTaxRef="Out of State")
    b.settle()
    seen = []
    for n in range(3):
        b.edit("Customer", "Contoso", Fax=str(n))
        b.rest()
        seen.append(b.visit())
    tickets = [v["ticket"] for v in seen]
    holds(all(re.fullmatch(r"\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}",
                           t) for t in tickets), f"GUIDs: {tickets}")
    equal(len(set(tickets)), 3, "each its own")
    said = b.books.post("/call", {"method": "sendRequestXML", "params": [["ticket", tickets[0]], ["strHCPResponse", ""]]})
    equal(said.get("result"), "", "an earlier one gets nothing")
    equal(b.visit(password="guess")["outcome"], "not valid user", "nor does a wrong password")
    text = str(b.books.get(f"/visits/{seen[-1]['id']}"))
    holds("ModifiedDateRangeFilter" in text and "InvoiceQueryRq" in text, "what is asked with it")


@promise("ZOHO-07: changes by modified date, and deletions by a query of their own: both in the trace, "
         "and the deletion is found")
def deletions():
    b = CrmBooks()
    b.customer("Contoso")
    b.invoice("Contoso", ("MUG-RED", 1, "14.00"), RefNumber="1", ItemSalesTaxRef="Out of State")
    b.settle()
    b.books.post("/person/delete", {"type": "Invoice", "name": "1"})
    b.rest()
    text = str(b.books.get(f"/visits/{b.visit()['id']}"))
    holds("TxnDeletedQueryRq" in text and "ListDeletedQueryRq" in text and "FromModifiedDate" in text, "the trace")
    b.settle()
    equal(b.deal("1")["Stage"], "Closed Lost", "found")


@promise("ZOHO-08: three companies, each with a registration of its own: one owner, "
         "a file and a user of their own, and nothing of one in another's")
def companies():
    b = CrmBooks(crm={"seed": "none"}, qwc=False)
    text = open(b.at.file("tenants/acme/tenant.lua")).read()
    one = 'books = { connector = "quickbooks_desktop", company = "Acme Mugs LLC", every_minutes = 15 },'
    more = "".join(f'\n    book{n} = {{ connector = "quickbooks_desktop", company = "Acme {n} LLC", every_minutes = 15 }},' for n in (2, 3))
    flows = "".join(f'\n    integration "quickbooks_desktop-zoho_crm" {{ quickbooks_desktop = "book{n}", zoho_crm = "crm", start = "2020-01-01", mode = "live", params = {{ books = "B{n}" }} }},'
                    for n in (2, 3))
    b.at.tenant("acme", text.replace(one, one + more).replace("  flows = {", "  flows = {" + flows))
    b.at.mlc("reload")
    for n in (2, 3):
        b.at.secret(f"acme/book{n}", "password", f"secret-{n}")
    files = {}
    for name, password in (("books", "a-long-password-for-the-web-connector"), ("book2", "secret-2"), ("book3", "secret-3")):
        said = b.at.say("qwc", f"acme/{name}")[1]
        files[name] = {tag: re.search(f"<{tag}>(.*?)</{tag}>", said)[1] for tag in ("OwnerID", "FileID", "UserName", "AppURL")}
        twin = b.books if name == "books" else Twin("quickbooks_desktop", {"seed": "bare"}, pace=0.02)
        if name != "books":
            twin.post("/open", {"file": "own", "seed": "bare", "name": f"Acme {name[-1]} LLC"})
        twin.post("/connect", {"url": files[name]["AppURL"], "user": files[name]["UserName"], "password": password,
                               "owner_id": files[name]["OwnerID"], "file_id": files[name]["FileID"]})
        twin.post("/person/add", {"type": "Customer", "set": {"Name": f"Only in {name}", "Email": f"{name}@example.com"}})
        for _ in range(3):
            b.at.mlc("sync", f"acme/{name}-crm", "--wait")
            twin.post("/visit", {}, timeout=300)
        b.at.mlc("sync", f"acme/{name}-crm", "--wait")
    equal(len({f["OwnerID"] for f in files.values()}), 1, "one owner")
    equal([len({f[tag] for f in files.values()}) for tag in ("FileID", "UserName", "AppURL")], [3, 3, 3],
          "files, users, addresses")
    found = {a["Account_Name"]: a["External_Id"][:3] for a in b.records("Accounts") if a["Account_Name"].startswith("Only")}
    equal(found, {"Only in books": "QB-", "Only in book2": "B2-", "Only in book3": "B3-"}, "each once, under its own file")


@promise("ZOHO-32: hundreds of customers come page by page, and each is one account")
def pages():
    b = CrmBooks(crm={"seed": "none"})
    b.books.post("/grow", {"count": 350})
    b.settle(30)
    names = [a["Account_Name"] for a in b.records("Accounts")]
    holds(len(names) >= 350 and len(set(names)) == len(names), f"{len(names)} accounts")
    text = str([b.books.get(f"/visits/{v['id']}") for v in b.books.get("/visits")])
    holds("iteratorID" in text, "asked in pages")
    b.sound()


@promise("ZOHO-37: every cycle stands in the trail, also one in which nothing changed; the trail is whole")
def trail():
    b = CrmBooks()
    b.settle()

    def rows(move):
        return b.at.mlc("audit", "--tenant", "acme", "--move", move)["audit"]

    cycles, visits = len(rows("cycle")), len(rows("visit"))
    b.rest()
    b.visit()
    b.rest()
    holds(len(rows("visit")) > visits, "the visit")
    holds(len(rows("cycle")) > cycles, "the readings, though nothing changed")
    equal(b.at.run("audit", "verify")[0], 0, "whole")


@promise("ZOHO-38: QuickBooks that is closed, asleep or open with another company is recognised and told")
def constraint():
    b = CrmBooks()
    b.settle()
    b.edit("Customer", "Web Customer", Fax="1")
    b.rest()
    b.books.fault(kind="connect", hresult="0x80040408", message="Could not start QuickBooks.")
    equal(b.visit()["outcome"], "no connection to QuickBooks", "closed")
    eventually(lambda: "window of it may be waiting" in b.at.say("visits", "acme/books")[1], "in plain words")  # once it is kept
    b.books.post("/open", {"file": "other", "name": "Other Mugs Inc"})
    b.rest()
    holds("Other Mugs Inc" in b.visit().get("message", ""), "another company")
    b.books.post("/open", {"file": "main"})
    b.settle()
    equal(b.account("Web Customer")["Fax"], "1", "caught up")
    b.host.advance(60 * MINUTE)
    eventually(lambda: "has not called since" in b.at.say("status")[1], "asleep")


@promise("ZOHO-40: the Web Connector's own schedule and our setting are compared: a mismatch is told, "
         "and no more when they agree")
def cadence():
    b = CrmBooks()
    for minutes, told in ((15, False), (60, True), (15, False)):
        for n in range(6):
            b.edit("Customer", "Web Customer", Fax=f"{minutes}{n}")
            b.host.advance(minutes * MINUTE)
            b.rest()
            b.visit()
        said = b.at.say("status")[1]
        equal("calls every 60 minutes, our settings say 15" in said, told, f"every {minutes} minutes: {said}")


run()
