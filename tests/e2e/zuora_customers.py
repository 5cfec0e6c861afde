"""Customers of QuickBooks and accounts of Zuora: who makes whom, what follows whom, and who is never taken for whom."""
from lib import equal, holds, promise, run
from lib.billing import Billing, charge


def account_of(bed, name):
    found = [a for a in bed.zuora.get("/accounts") if a["name"] == name]
    assert len(found) <= 1, f"{len(found)} accounts are called {name}"
    return found[0] if found else None


def customer_of(bed, name):
    found = [c for c in bed.books.get("/books")["customers"] if c["name"] == name]
    assert len(found) <= 1, f"{len(found)} customers are called {name}"
    return found[0] if found else None


def writes_there(bed):
    return sum(n for route, n in bed.zuora.get("/calls")["by_route"].items()
               if route.startswith(("POST /v1/accounts", "PUT ", "POST /v1/action/update")))


def person(bed, name, **changes):
    return bed.books.post("/person/edit", {"type": "Customer", "name": name, "set": changes})


@promise("ZUO-01, ZUO-03, ZUO-28, ALL-04: a customer added in QuickBooks is an account after one visit, "
         "with nobody's doing and no request outside of visits")
def added():
    bed = Billing()
    bed.settle()
    before = len(bed.books.get("/visits"))
    bed.books.post("/person/add", {"type": "Customer", "set": {"Name": "Noether Rings Ltd", "CompanyName": "Noether Rings Ltd",
                                                               "FirstName": "Emmy", "LastName": "Noether",
        "Email": "emmy@rings-ltd.example", "BillAddress": {"Addr1": "Noether Rings Ltd", "Addr2": "3 Ideal Way", "City": "Reno",
                                                           "State": "NV", "PostalCode": "89501"}}})
    bed.rest()
    equal(account_of(bed, "Noether Rings Ltd"), None, "nobody has asked QuickBooks yet")
    bed.visit()
    bed.rest()
    made = account_of(bed, "Noether Rings Ltd")
    holds(made, "an account after one visit")
    contact = made["billToContact"]
    equal((contact["firstName"], contact["lastName"], contact["address1"], contact["city"], contact["state"],
           contact["workEmail"]),
          ("Emmy", "Noether", "3 Ideal Way", "Reno", "NV", "emmy@rings-ltd.example"), "his person and address")
    equal(made["accountNumber"], made["QBListID__c"], "it bears the ListID")
    equal(len(bed.books.get("/visits")), before + 1, "one visit")
    bed.settle()
    equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")
    bed.books_are_sound()


@promise("ZUO-02, ZUO-23: a changed customer changes his account, only in what changed; without a change nothing is sent")
def changed():
    bed = Billing()
    bed.settle()
    bed.zuora.control("DELETE", "/calls")
    for _ in range(3):
        bed.rest()
        bed.visit()
    bed.rest()
    equal(writes_there(bed), 0, "nothing changed, nothing is sent")
    person(bed, "Lovelace, Ada", Phone="555-0777")
    bed.settle()
    puts = [c for c in bed.zuora.get("/calls?bodies=1")["log"] if c["method"] == "PUT"]
    equal(len(puts), 1, "one change, one request")
    holds("555-0777" in puts[0]["request"], puts[0]["request"])
    holds("paymentTerm" not in puts[0]["request"] and "\"name\"" not in puts[0]["request"],
          f"only what changed: {puts[0]['request']}")
    holds("idempotency-key" not in {k.lower() for k in puts[0].get("headers", {})}, "a PUT carries no idempotency key")
    equal(account_of(bed, "Lovelace, Ada")["billToContact"]["workPhone"], "555-0777")
    bed.books_are_sound()


@promise("ZUO-26, ZUO-23: an account made in Zuora is a customer after the next visit, and comes back as no second account")
def from_zuora():
    bed = Billing()
    bed.settle()
    bed.zuora.post("/accounts", {"name": "Hypatia Instruments", "firstName": "Hypatia", "lastName": "Theon",
                                 "workEmail": "h@instruments.example", "city": "Reno", "state": "Nevada"})
    bed.rest()
    bed.visit()
    bed.rest()
    holds(customer_of(bed, "Hypatia Instruments"), "a customer after the next visit")
    accounts = len(bed.zuora.get("/accounts"))
    for _ in range(3):
        bed.settle()
    equal(len(bed.zuora.get("/accounts")), accounts, "no echo")
    equal(sum(1 for c in bed.books.get("/books")["customers"] if "Hypatia" in c["name"]), 1, "one customer")
    bed.books_are_sound()


@promise("ZUO-05: several customers of one e-mail, or one of the same name with another e-mail, "
         "wait for a person, and no invoice goes to a wrong one")
def ambiguous():
    bed = Billing(params='customers = "to_quickbooks",')
    bed.books.post("/person/add", {"type": "Customer", "set": {"Name": "Kiesler Radio", "Email": "somebody@else.example"}})
    bed.settle()
    account = bed.account("Kiesler Radio")
    bed.invoice(account)
    bed.settle()
    asked = bed.waiting()
    equal([d["cause"] for d in asked], ["customer_unclear:A00000002"], "one question")
    equal(bed.documents("Invoice"), [], "nothing is posted meanwhile")
    there = next(c for c in bed.books.get("/books")["customers"] if c["name"] == "Kiesler Radio")
    bed.at.mlc("decide", "acme", "--cause", "customer_unclear:A00000002", "--choice", "adopt", "--record", there["id"])
    bed.settle()
    invoices = bed.documents("Invoice")
    equal([(d["customer"], d["total"]) for d in invoices], [("Kiesler Radio", "107.25")], "then it goes to whom the person said")
    bed.both_agree()


@promise("ZUO-18, ZUO-19: edits of both sides of different things both stay; "
         "of the same thing a person is asked, and nothing is overwritten meanwhile")
def both_edit():
    bed = Billing()
    bed.settle()
    account = account_of(bed, "Babbage Engines")
    bed.zuora.post(f"/accounts/{account['id']}/edit", {"contact": {"mobilePhone": "555-0001"}})
    person(bed, "Babbage Engines", Phone="555-0002")
    bed.settle()
    contact = account_of(bed, "Babbage Engines")["billToContact"]
    equal((contact.get("mobilePhone"), contact.get("workPhone")), ("555-0001", "555-0002"), "both edits stand")
    bed.zuora.post(f"/accounts/{account['id']}/edit", {"contact": {"workPhone": "555-1111"}})
    person(bed, "Babbage Engines", Phone="555-2222")
    bed.settle()
    equal(account_of(bed, "Babbage Engines")["billToContact"]["workPhone"], "555-1111", "not overwritten")
    holds(bed.waiting(), "a person is asked")
    bed.books_are_sound()


@promise("ALL-12: of two customers that are merged in QuickBooks and both have accounts a person is asked; "
         "nobody is new, and no invoice goes astray meanwhile")
def merged_in_quickbooks():
    bed = Billing()
    bed.settle()
    radio = bed.account("Kiesler Radio")
    bed.invoice(radio, charge("20.00"))
    bed.settle()
    customers, accounts = len(bed.books.get("/books")["customers"]), len(bed.zuora.get("/accounts"))
    bed.books.post("/person/merge", {"type": "Customer", "from": "Kiesler Radio", "to": "Babbage Engines"})
    bed.settle()
    equal([d["cause"] for d in bed.waiting()], ["merged"], "the one account was made here, the other one there")
    bed.invoice(radio, charge("7.00"))
    bed.settle()
    equal([d["cause"] for d in bed.waiting("held")], ["refused"], "the next invoice waits")
    equal((len(bed.books.get("/books")["customers"]), len(bed.zuora.get("/accounts"))),
          (customers - 1, accounts), "nobody is new")
    survivor = customer_of(bed, "Babbage Engines")["id"]
    bed.at.mlc("link", "acme/books-zuora.customer", radio["id"], survivor)
    bed.at.mlc("release", "acme")
    bed.settle()
    equal([(d["number"], d["customer"]) for d in bed.documents("Invoice")],
          [("INV00000001", "Babbage Engines"), ("INV00000002", "Babbage Engines")],
          "the bookkeeper has said whose account it is")


@promise("ALL-12: where accounts make customers, and not the other way round, a merge in QuickBooks takes the link along")
def link_follows():
    bed = Billing(params='customers = "to_quickbooks",')
    bed.settle()
    radio = bed.account("Kiesler Radio")
    bed.invoice(radio, charge("20.00"))
    bed.settle()
    bed.books.post("/person/merge", {"type": "Customer", "from": "Kiesler Radio", "to": "Babbage Engines"})
    bed.settle()
    bed.invoice(radio, charge("7.00"))
    bed.settle()
    equal([(d["number"], d["customer"]) for d in bed.documents("Invoice")],
          [("INV00000001", "Babbage Engines"), ("INV00000002", "Babbage Engines")])
    equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")
    equal(customer_of(bed, "Kiesler Radio"), None)


@promise("ZUO-26, ALL-11: where the tenant wants it a job has an account below its customer's, accounts keep Zuora's own numbers, and what is changed in Zuora reaches QuickBooks")
def choices():
    bed = Billing(params='jobs = "own_account", account_number = "zuora", edits = "both_ways", zero_invoices = "post",')
    bed.settle()
    top, job = account_of(bed, "Babbage Engines"), account_of(bed, "Babbage Engines / Analytical Engine")
    holds(top and job, [a["name"] for a in bed.zuora.get("/accounts")])
    equal(job["parentId"], top["id"], "below it")
    holds(not top["accountNumber"].startswith("8000"), f"Zuora's own number: {top['accountNumber']}")
    bed.invoice(job, charge("10.00"))
    bed.invoice(top, charge("5.00"), charge("-5.00", name="Gift"))
    bed.settle()
    equal([(d["customer"], d["total"]) for d in bed.documents("Invoice")], [("Babbage Engines:Analytical Engine", "10.00"), ("Babbage Engines", "0.00")])
    radio = bed.account("Kiesler Radio")
    bed.zuora.post(f"/accounts/{radio['id']}/edit", {"contact": {"workPhone": "555-0199"}})
    bed.settle()
    equal(bed.books.get("/records/Customer/Kiesler%20Radio")["Phone"], "555-0199", "an edit in Zuora")
    person(bed, "Kiesler Radio", Email="hedy@kiesler.example")
    bed.settle()
    equal(account_of(bed, "Kiesler Radio")["billToContact"]["workEmail"], "hedy@kiesler.example", "and one in QuickBooks")
    equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")


if __name__ == "__main__":
    run()
