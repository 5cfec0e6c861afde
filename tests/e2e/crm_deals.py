#!/usr/bin/env python3
"""QuickBooks and Zoho CRM in step: customers as accounts, invoices as deals, changes both ways, and what ends is closed."""
import datetime
from decimal import Decimal

from lib import bed, equal, holds, promise, run
from lib.crmbooks import CrmBooks

RENO = {"Addr1": "1 Row", "City": "Reno", "State": "NV", "PostalCode": "89501"}
TAX = {"ItemSalesTaxRef": "Out of State", "TxnDate": "2026-11-10", "DueDate": "2026-12-10"}


def contoso(b, **more):
    return b.customer("Contoso", **{"Email": "books@contoso.example", "Phone": "(555) 010-7777",
                                    "FirstName": "Ada", "LastName": "Byron", "BillAddress": RENO, **more})


def begun(**more):
    """A customer and an invoice of his, as account and deal."""
    b = CrmBooks(**more)
    contoso(b)
    b.invoice("Contoso", ("MUG-RED", 2, "14.00"), ("TSHIRT", 1, "21.99"), RefNumber="1001", **TAX)
    b.settle()
    equal(b.waiting("review") + b.waiting("held"), [], "nothing waits")
    return b


def rows(deal):
    return [(r["Product"] and r["Product"]["name"], Decimal(str(r["Quantity"])), Decimal(str(r["Rate"])),
             Decimal(str(r["Amount"]))) for r in deal["Invoice_Lines"]]


def pay(b, invoice, amount):
    return b.add("ReceivePayment", CustomerRef="Contoso", TotalAmount=amount, PaymentMethodRef="Check",
                 AppliedToTxnAdd=[{"TxnID": invoice, "PaymentAmount": amount}])


def invoice_id(b, number):
    return next(d["id"] for d in b.books.get("/books")["documents"] if d["type"] == "Invoice" and d["number"] == number)


@promise("ZOHO-01 ZOHO-02 ZOHO-21 ZOHO-28 ZOHO-33 ZOHO-35: customer, person, items and invoice are account, contact, products and deal, "
         "linked, with quantities, prices and totals equal")
def whole():
    b = begun(crm={"seed": "none"})
    b.invoice("Contoso", ("MUG-RED", 3, "14.00"), RefNumber="1002", ItemSalesTaxRef="New York City",
              TxnDate="2026-11-12", DueDate="2026-12-12")
    b.settle()
    account, deal = b.account("Contoso"), b.deal("1001")
    equal((account["Billing_Street"], account["Billing_City"], account["Billing_State"],
           account["Billing_Code"], account["Phone"], account["Books_Email"]),
          ("1 Row", "Reno", "NV", "89501", "(555) 010-7777", "books@contoso.example"), "address and contact information")
    equal((deal["Deal_Name"], deal["Stage"], deal["Closing_Date"], deal["Account_Name"]["id"]),
          ("Invoice 1001 Contoso", "Closed Won", "2026-11-10", account["id"]), "the deal")
    contact = next(c for c in b.records("Contacts") if c["id"] == deal["Contact_Name"]["id"])
    equal((contact["First_Name"], contact["Last_Name"], contact["Account_Name"]["id"]),
          ("Ada", "Byron", account["id"]), "its contact")
    equal(rows(deal), [("MUG-RED", 2, 14, 28), ("TSHIRT", 1, Decimal("21.99"), Decimal("21.99"))], "its lines")
    equal(sorted(p["name"] for p in deal["Products"]), ["MUG-RED", "TSHIRT"], "its products")
    equal(rows(b.deal("1002"))[-1], (None, 1, Decimal("3.73"), Decimal("3.73")), "sales tax is a line")
    equal(b.same_to_the_cent(), 2, "deals")
    b.sound()


@promise("ZOHO-20: a visit asks for customers modified since the last one, invoices with their lines, "
         "and deletions; accounts and deals follow")
def sequence():
    b = begun()
    b.edit("Customer", "Contoso", Fax="1")
    b.rest()
    text = str(b.books.get(f"/visits/{b.visit()['id']}"))
    for word in ("CustomerQueryRq", "InvoiceQueryRq", "TxnDeletedQueryRq", "ListDeletedQueryRq",
                 "FromModifiedDate", "IncludeLineItems"):
        holds(word in text, f"{word} is asked for in a visit")
    b.settle()
    equal(b.account("Contoso")["Fax"], "1", "and the account follows")


@promise("ZOHO-26 ZOHO-27: accounts are found by e-mail in any case, by their contacts' and by phone in any "
         "form; a switchboard of several goes to review; else one new one")
def matching():
    b = CrmBooks()
    b.customer("Looms", Email="ADA@LOOMS.EXAMPLE")                 # of a contact of Byron Looms
    b.customer("Babbage & Co", Phone="1-775-555-0199")             # of Babbage Engines Ltd, 775.555.0199
    b.customer("Partner", Phone="(775) 555 0100")                  # of two accounts
    b.customer("Nobody", Email="nobody@example.com", Phone="1")
    b.settle()
    for name, customer in (("Byron Looms", "Looms"), ("Babbage Engines Ltd", "Babbage & Co")):
        account = b.account(name)
        holds(account["External_Id"], f"{name} is {customer}'s")
        equal(b.account(customer), None, f"{customer} is no second account")
    equal(b.account("Byron Looms")["Phone"], "+1 (775) 555-0142", "what sales had typed stays")
    equal([d["cause"] for d in b.waiting() if d["flow"].endswith(".customer")], ["many_accounts:Partner"], "the switchboard")
    equal(b.account("Partner"), None, "no guess")
    holds(b.account("Nobody"), "one new one")
    b.settle()
    equal(len([a for a in b.records("Accounts") if a["Account_Name"] == "Nobody"]), 1, "and no other")
    b.sound()


@promise("ZOHO-21: of two contacts of one name the deal has the one of its account")
def same_names():
    b = CrmBooks()
    b.customer("Looms", Email="ada@looms.example", FirstName="Ada", LastName="Byron")
    b.invoice("Looms", ("MUG-RED", 1, "14.00"), RefNumber="1", **TAX)
    b.settle()
    looms = b.account("Byron Looms")
    adas = [c for c in b.records("Contacts") if c["Last_Name"] == "Byron"]
    equal(len(adas), 2, "no third")
    mine = next(c for c in adas if c["Account_Name"]["id"] == looms["id"])
    equal((b.deal("1")["Contact_Name"]["id"], b.deal("1")["Account_Name"]["id"]), (mine["id"], looms["id"]), "hers")


@promise("ZOHO-22 ZOHO-34: a customer's name, his address, an invoice's amount: "
         "each change goes over by itself, and touches nothing else")
def changes():
    b = begun()
    account, deal = b.account("Contoso"), b.deal("1001")
    b.edit("Customer", "Contoso", Name="Contoso West")
    b.settle()
    equal(b.account("Contoso West")["id"], account["id"], "renamed")
    b.edit("Customer", "Contoso West", BillAddress={**RENO, "City": "Sparks"})
    b.settle()
    now = b.account("Contoso West")
    equal((now["Billing_City"], now["Billing_Street"], now["Phone"]), ("Sparks", "1 Row", account["Phone"]), "moved")
    lines = b.books.get("/records/Invoice/1001")["InvoiceLineRet"]
    b.books.post("/person/edit", {"type": "Invoice", "name": "1001", "set": {"lines": [{"TxnLineID": lines[0]["TxnLineID"],
                                                                                        "Quantity": "5"}, {"TxnLineID": lines[1]["TxnLineID"]}]}})
    b.settle()
    now = b.deal("1001")
    equal((now["id"], Decimal(str(now["Amount"])), [r["id"] for r in now["Invoice_Lines"]]),
          (deal["id"], Decimal("91.99"), [r["id"] for r in deal["Invoice_Lines"]]), "the amount")
    b.same_to_the_cent()
    equal(b.waiting(), [], "nothing waits")


@promise("ZOHO-30: the same (TxnID, EditSequence) twice is one effect; a new EditSequence is an update")
def once():
    b = begun()
    before = b.crm.get("/calls")["by_route"].get("PUT /crm/v8/:module/:id", 0)
    for _ in range(3):
        b.settle()
    equal(b.crm.get("/calls")["by_route"].get("PUT /crm/v8/:module/:id", 0), before, "nothing is written again")
    b.at.mlc("sync", "acme/books-crm", "--since", "2020-01-01", "--wait")
    b.settle()
    equal((len(b.deals()), len([a for a in b.records("Accounts") if a["Account_Name"] == "Contoso"])), (1, 1),
          "read again from the beginning: one of each")
    b.edit("Invoice", "1001", Memo="as agreed")
    b.settle()
    equal(b.deal("1001")["Description"], "as agreed", "a new EditSequence")


@promise("ZOHO-03: edits of both sides go over; of the same field on both a person decides, and is shown both")
def both_ways():
    b = begun()
    account = b.account("Contoso")
    b.crm.post(f"/records/Accounts/{account['id']}", {"Phone": "555 8888", "Billing_Street": "2 Row"})
    b.settle()
    customer = b.books.get("/records/Customer/Contoso")
    equal((customer["Phone"], customer["BillAddress"]["Addr1"], customer["BillAddress"]["City"]),
          ("555 8888", "2 Row", "Reno"), "from Zoho to QuickBooks")
    b.edit("Customer", "Contoso", Phone="555 9999")
    b.settle()
    equal(b.account("Contoso")["Phone"], "555 9999", "and back")
    b.at.mlc("pause", "acme")
    b.crm.post(f"/records/Accounts/{account['id']}", {"Phone": "555 1111"})
    b.edit("Customer", "Contoso", Phone="555 2222")
    b.visit()
    b.rest()
    b.at.mlc("resume", "acme")
    b.settle()
    equal((b.account("Contoso")["Phone"], b.books.get("/records/Customer/Contoso")["Phone"]),
          ("555 1111", "555 2222"), "neither is overwritten")
    holds([d for d in b.waiting() if d["cause"].startswith("conflict:")], f"a person is asked: {b.waiting()}")
    prospect = b.account("Byron Looms")
    b.crm.post(f"/records/Accounts/{prospect['id']}", {"Phone": "555 3333"})
    b.settle()
    equal([c["name"] for c in b.books.get("/books")["customers"] if c["name"] == "Byron Looms"], [],
          "an account that is no customer is left alone")


@promise("ZOHO-03 ZOHO-02: an invoice is the books': what somebody types into its deal does not change it")
def books_own_invoices():
    b = begun()
    deal = b.deal("1001")
    b.crm.post(f"/records/Deals/{deal['id']}", {"Amount": 1, "Next_Step": "call"})
    b.settle()
    equal(b.books.get("/records/Invoice/1001")["Subtotal"], "49.99", "the invoice stays")
    b.edit("Invoice", "1001", Memo="x")
    b.settle()
    now = b.deal("1001")
    equal((now["Next_Step"], now["Description"]), ("call", "x"), "and what is not ours stays, too")


@promise("ZOHO-31: a salesperson is faster between our look and our write: it is read again, and both edits stand")
def race():
    b = begun()
    account = b.account("Contoso")
    b.crm.fault(kind="edit_before", method="PUT", path="/crm/v8/Accounts/*", module="Accounts", record=account["id"],
                set={"Website": "https://contoso.example"})
    b.crm.post("/clock", {"advance_ms": 2000})  # a version has a grain of one second
    b.edit("Customer", "Contoso", Fax="555 1")
    b.settle()
    now = b.account("Contoso")
    equal((now["Fax"], now["Website"]), ("555 1", "https://contoso.example"), "both")
    holds(b.crm.get("/calls")["by_status"].get("412"), "refused once as stale")
    equal(b.waiting(), [], "nobody was asked")


@promise("ZOHO-23: a customer made inactive or deleted and a deleted or voided invoice are closed in Zoho; "
         "nothing is deleted there")
def ends():
    b = begun()
    b.customer("Short Lived")
    b.invoice("Contoso", ("MUG-RED", 1, "14.00"), RefNumber="1002", **TAX)
    b.settle()
    b.edit("Customer", "Contoso", IsActive="false")
    b.books.post("/person/delete", {"type": "Customer", "name": "Short Lived"})
    b.books.post("/person/delete", {"type": "Invoice", "name": "1001"})
    b.books.post("/person/void", {"type": "Invoice", "name": "1002"})
    b.settle()
    equal((b.account("Contoso")["Books_Status"], b.account("Short Lived")["Books_Status"]), ("Closed", "Closed"), "accounts")
    equal([(b.deal(n)["Stage"], b.deal(n)["Books_Status"], Decimal(str(b.deal(n)["Books_Balance"]))) for n in ("1001", "1002")],
          [("Closed Lost", "Deleted", 0), ("Closed Lost", "Void", 0)], "deals")
    holds(not [r for r in b.crm.get("/calls")["by_route"] if r.startswith("DELETE ")], "nothing is deleted")
    b.same_to_the_cent()


@promise("ZOHO-28 ZOHO-23: a subtotal is no line of a deal, nor is one of nothing; "
         "and an invoice that has one is closed when it is voided")
def subtotals():
    b = CrmBooks()
    contoso(b)
    gift = [{"ItemRef": "ENGRAVING", "Quantity": "1", "Rate": "10.00"},
            {"ItemRef": "Discount", "Rate": "-10.00"}, {"ItemRef": "Subtotal"},
            {"ItemRef": "MUG-RED", "Quantity": "1", "Rate": "14.00"}]
    b.add("Invoice", CustomerRef="Contoso", RefNumber="1", lines=gift, **TAX)
    b.add("Invoice", CustomerRef="Contoso", RefNumber="2", lines=[gift[0], gift[2], gift[3]], **TAX)
    b.settle()
    equal([(d["Books_Number"],
            [Decimal(str(r["Amount"])) for r in d["Invoice_Lines"]]) for d in sorted(b.deals(), key=lambda d: d["Books_Number"])],
          [("1", [10, -10, 14]), ("2", [10, 14])])
    b.same_to_the_cent()
    for number in ("1", "2"):
        b.books.post("/person/void", {"type": "Invoice", "name": number})
    b.settle()
    equal([(b.deal(n)["Stage"], b.deal(n)["Books_Status"]) for n in ("1", "2")], [("Closed Lost", "Void")] * 2)
    equal(b.waiting("held") + b.waiting("review"), [], "nobody is asked")


@promise("ZOHO-23: an account deleted in Zoho asks a person; where it is allowed, "
         "a customer who owes nothing is made inactive; an invoice is never touched")
def deleted_in_zoho():
    b = begun(params='account_deleted = "deactivate"')
    b.customer("Quiet", Email="quiet@example.com")
    b.settle()
    for name in ("Contoso", "Quiet"):
        b.crm.control("DELETE", f"/records/Accounts/{b.account(name)['id']}")
    b.settle()
    equal(b.books.get("/records/Customer/Quiet")["IsActive"], "false", "who owes nothing")
    equal(b.books.get("/records/Customer/Contoso")["IsActive"], "true", "who owes something")
    equal([d["cause"] for d in b.waiting() if d["entity"] == "Accounts"], ["account_deleted"], "a person is asked")
    equal(b.books.get("/records/Invoice/1001")["Subtotal"], "49.99", "the invoice")


@promise("ALL-13 ZOHO-23: a deal that a person deleted is not made again by the invoice's next change: review")
def deleted_deal():
    b = begun()
    b.crm.control("DELETE", f"/records/Deals/{b.deal('1001')['id']}")
    b.edit("Invoice", "1001", Memo="changed")
    b.settle()
    equal(b.deals(), [], "not made again")
    holds("gone_in_target" in [d["cause"] for d in b.waiting()], f"asked: {b.waiting()}")


@promise("ALL-12: two accounts that are merged in Zoho: no customer is closed, none is made, a person is asked")
def merged():
    b = begun()
    b.crm.post("/clock", {"advance_ms": 5000})
    b.crm.post("/merge", {"module": "Accounts", "master": b.account("Byron Looms")["id"], "child": b.account("Contoso")["id"]})
    b.settle()
    equal(b.books.get("/records/Customer/Contoso")["IsActive"], "true", "the customer stays")
    equal(b.account("Contoso"), None, "no new account")
    holds("account_deleted" in [d["cause"] for d in b.waiting()], f"asked: {b.waiting()}")


@promise("ALL-12: two customers that are merged in QuickBooks: the link moves, no account is closed and none is made")
def merged_customers():
    b = begun()
    b.customer("Contoso Inc", Email="inc@contoso.example")
    b.settle()
    count = len(b.records("Accounts"))
    b.books.post("/clock", {"advance_ms": 3600000})
    b.books.post("/person/merge", {"type": "Customer", "from": "Contoso", "to": "Contoso Inc"})
    b.settle()
    equal(len(b.records("Accounts")), count, "accounts")
    equal([a["Account_Name"] for a in b.records("Accounts")
           if a["Books_Status"] == "Closed" and a["Account_Name"] != "Old Customer"], [], "none is closed")
    holds("merged" in [d["cause"] for d in b.waiting()], f"both had accounts: a person merges these: {b.waiting()}")


@promise("ALL-11: a parent with three jobs of one e-mail is one account; their invoices are its deals, what they owe is on it")
def jobs():
    b = CrmBooks(crm={"seed": "none"})
    contoso(b)
    for n in (1, 2, 3):
        b.add("Customer", Name=f"Job {n}", ParentRef="Contoso", Email="books@contoso.example", Phone="(555) 010-7777")
        b.invoice(f"Contoso:Job {n}", ("MUG-RED", n, "14.00"), RefNumber=f"20{n}", **TAX)
    b.settle()
    account = b.account("Contoso")
    equal([a["Account_Name"] for a in b.records("Accounts") if "Job" in a["Account_Name"]], [], "no account of their own")
    equal({d["Account_Name"]["id"] for d in b.deals()}, {account["id"]}, "all of the one account")

    def told():
        a = b.account("Contoso")
        return a["Books_Status"], Decimal(str(a["Books_Balance"])), a["Books_Open_Invoices"], Decimal(str(a["Books_Overdue"]))

    equal(told(), ("Open", Decimal("84.00"), 3, Decimal(0)), "what they owe")
    b.same_to_the_cent()
    # A payment of a job, which modifies neither the job nor the customer above it.
    b.add("ReceivePayment", CustomerRef="Contoso:Job 1", TotalAmount="14.00",
          AppliedToTxnAdd=[{"TxnID": invoice_id(b, "201"), "PaymentAmount": "14.00"}])
    b.settle()
    equal(told(), ("Open", Decimal("70.00"), 2, Decimal(0)), "after a payment of one of them")


@promise("ALL-11 ZOHO-03: where the tenant wants it each job is an account below its customer's, with its own figures and deals, "
         "and an account of the sales people becomes a customer")
def choices():
    b = CrmBooks(params='jobs = "own_account", new_customers = "all"', crm={"seed": "none"})
    contoso(b)
    b.add("Customer", Name="Kitchen", ParentRef="Contoso", Email="books@contoso.example", Phone="(555) 010-7777")
    b.invoice("Contoso:Kitchen", ("MUG-RED", 1, "14.00"), RefNumber="1", **TAX)
    b.settle()
    top, job = b.account("Contoso"), next(a for a in b.records("Accounts") if a["Account_Name"].endswith("Kitchen"))
    equal(job["Parent_Account"]["id"], top["id"], "below it")
    equal([(Decimal(str(a["Books_Balance"])), a["Books_Open_Invoices"]) for a in (top, job)], [(Decimal(0), 0), (Decimal("14.00"), 1)], "each his own")
    equal(b.deal("1")["Account_Name"]["id"], job["id"], "the deal is the job's")
    b.crm.post("/records/Accounts", {"Account_Name": "Fabrikam: Nord & Süd", "Phone": "(555) 010-8888", "Billing_City": "Reno"})
    b.settle()
    made = [c for c in b.books.get("/books")["customers"] if c["name"].startswith("Fabrikam")]
    equal([c["name"] for c in made], ["Fabrikam Nord & Süd"], "a customer, once, by a name that QuickBooks takes")
    equal(len([a for a in b.records("Accounts") if a["Account_Name"].startswith("Fabrikam")]), 1, "and no second account")
    equal(b.waiting("held") + b.waiting("review"), [], "nobody is asked")
    b.sound()


@promise("ALL-11: a customer who becomes a job of another one keeps his account, and its figures stay true; "
         "the customer above has them among his")
def becomes_a_job():
    b = CrmBooks()
    contoso(b)
    b.customer("Fabrikam", Email="info@fabrikam.example")
    b.invoice("Fabrikam", ("MUG-RED", 2, "14.00"), RefNumber="301", **TAX)
    b.settle()

    def told(name):
        a = b.account(name)
        return Decimal(str(a["Books_Balance"])), a["Books_Open_Invoices"]
    equal((told("Contoso"), told("Fabrikam")), ((Decimal(0), 0), (Decimal("28.00"), 1)), "each his own")
    b.edit("Customer", "Fabrikam", ParentRef="Contoso")
    b.settle()
    equal(told("Contoso"), (Decimal("28.00"), 1), "it is among his now")
    b.add("ReceivePayment", CustomerRef="Contoso:Fabrikam", TotalAmount="18.00",
          AppliedToTxnAdd=[{"TxnID": invoice_id(b, "301"), "PaymentAmount": "18.00"}])
    b.settle()
    own = next(a for a in b.records("Accounts") if a["Account_Name"].endswith("Fabrikam"))
    equal((told("Contoso"), told(own["Account_Name"])), ((Decimal("10.00"), 1), (Decimal("10.00"), 1)),
          "neither shows what is no more so")
    equal(b.waiting("held") + b.waiting("review"), [], "nobody is asked")


@promise("ZOHO-39: state and open invoices stand on the account after an invoice and after payments, "
         "which do not modify the customer")
def current_figures():
    b = CrmBooks(clock="2026-11-20T18:00:00Z", host_options=())
    contoso(b)
    b.invoice("Contoso", ("MUG-RED", 2, "14.00"), RefNumber="1001", ItemSalesTaxRef="Out of State",
              TxnDate="2026-11-10", DueDate="2026-11-30")
    b.settle()

    def told():
        a = b.account("Contoso")
        return a["Books_Status"], Decimal(str(a["Books_Balance"])), a["Books_Open_Invoices"], a["Books_Last_Invoice"]

    equal(told(), ("Open", Decimal("28.00"), 1, "2026-11-10"), "after the invoice")
    pay(b, invoice_id(b, "1001"), "10.00")
    b.settle()
    equal(told(), ("Open", Decimal("18.00"), 1, "2026-11-10"), "after a payment, which does not modify the customer")
    pay(b, invoice_id(b, "1001"), "18.00")
    b.settle()
    equal((told(), b.deal("1001")["Books_Status"]), (("Active", Decimal("0.00"), 0, "2026-11-10"), "Paid"), "after the last one")


@promise("ZOHO-39: the morning after the due date the account and the deal are overdue, though nothing has happened")
def overdue():
    b = CrmBooks()
    contoso(b)
    today = datetime.date.today()
    b.invoice("Contoso", ("MUG-RED", 2, "14.00"), RefNumber="1001", ItemSalesTaxRef="Out of State", TxnDate=str(today),
              DueDate=str(today + datetime.timedelta(days=9)))
    b.settle()
    equal((b.account("Contoso")["Books_Status"], b.deal("1001")["Books_Status"]), ("Open", "Open"), "not due yet")
    b.host.advance(9 * 86400000)
    b.settle()
    equal((b.account("Contoso")["Books_Status"], b.deal("1001")["Books_Status"]), ("Open", "Open"), "on the day itself")
    b.host.advance(2 * 86400000)
    b.settle()
    equal((b.account("Contoso")["Books_Status"], Decimal(str(b.account("Contoso")["Books_Overdue"])),
           b.deal("1001")["Books_Status"]),
          ("Overdue", Decimal("28.00"), "Overdue"), "the day after")


@promise("ZOHO-39: a day begins at midnight of the company's own clock, which QuickBooks tells, wherever the host stands")
def midnight_there():
    for hours in (-11, 13):
        b = CrmBooks(books={"utc_offset": str(hours), "summer_time": "none"})
        contoso(b)
        there = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=hours)))
        b.invoice("Contoso", ("MUG-RED", 2, "14.00"), RefNumber="1001", ItemSalesTaxRef="Out of State",
                  TxnDate=str(there.date()), DueDate=str(there.date()))
        b.settle()
        equal((b.account("Contoso")["Books_Status"], b.deal("1001")["Books_Status"]), ("Open", "Open"),
              f"due today there, {hours} hours ahead")
        midnight = datetime.datetime.combine(there.date() + datetime.timedelta(days=1), datetime.time(), there.tzinfo)
        b.host.advance(int((midnight - datetime.datetime.now(there.tzinfo)).total_seconds() * 1000) + 60_000)
        b.settle()
        equal((b.account("Contoso")["Books_Status"], b.deal("1001")["Books_Status"]), ("Overdue", "Overdue"),
              "a minute after midnight there")
        bed.clear_up()


@promise("ALL-08: an invoice in another currency than the organisation's is held, and no deal is written")
def currency():
    b = CrmBooks(crm={"currency": "EUR"})
    contoso(b)
    b.invoice("Contoso", ("MUG-RED", 1, "14.00"), RefNumber="1", **TAX)
    b.settle()
    equal(b.deals(), [], "0 written")
    equal([d["cause"] for d in b.waiting("held") if d["entity"] == "Invoice"
           and d["flow"].endswith(".invoice")], ["currency"], "held")


@promise("ALL-08: where the books keep several currencies a customer in euros is an account; "
         "neither what he owes nor his invoices are shown as dollars")
def several_currencies():
    b = CrmBooks()
    b.books.post("/person/preferences", {"IsMultiCurrencyOn": True})
    b.customer("Wien Maschinen", Email="office@wien.example", CurrencyRef="Euro")
    contoso(b)
    b.invoice("Wien Maschinen", ("ENGRAVING", 2, "50.00"), RefNumber="1", ItemSalesTaxRef="Out of State")
    b.invoice("Contoso", ("ENGRAVING", 1, "50.00"), RefNumber="2", ItemSalesTaxRef="Out of State")
    b.settle()
    wien, dollars = b.account("Wien Maschinen"), b.account("Contoso")
    equal((wien["Books_Status"], wien["Books_Open_Invoices"], wien["Books_Balance"]), ("Open", 1, None),
          "that something is open, and not 100 dollars")
    equal((Decimal(str(dollars["Books_Balance"])), dollars["Books_Open_Invoices"]), (Decimal("50.00"), 1), "the file's own are")
    equal([d["Books_Number"] for d in b.deals()], ["2"])
    equal([d["cause"] for d in b.waiting("held") if d["entity"] == "Invoice"
           and d["flow"].endswith(".invoice")], ["currency"], "held")


run()
