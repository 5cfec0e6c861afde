#!/usr/bin/env python3
"""Bills, what pays them, purchase orders, journal entries, employees and the ageing reports of the company file behind the twin."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from twin_file import File, line, ref, text  # noqa: E402
from lib import equal, holds, promise, run  # noqa: E402

VENDOR = "Clay &amp; Glaze Supplies"


def expense(account, amount, more=""):
    return f"<ExpenseLineAdd>{ref('AccountRef', account)}<Amount>{amount}</Amount>{more}</ExpenseLineAdd>"


def bought(item, inner):
    return f"<ItemLineAdd>{ref('ItemRef', item)}{inner}</ItemLineAdd>"


def side(which, account, amount, entity=None):
    return (f"<Journal{which}Line>{ref('AccountRef', account)}<Amount>{amount}</Amount>"
            + (ref("EntityRef", entity) if entity else "") + f"</Journal{which}Line>")


@promise("a bill debits accounts and stock, credits what is payable, and is paid by a check of the same vendor")
def bills():
    f = File(checked=True)
    bill = f.add("Bill", ref("VendorRef", VENDOR) + "<RefNumber>B-17</RefNumber>" + ref("TermsRef", "Net 30") + expense("Office Supplies", "12.50")
                 + bought("MUG-RED", "<Quantity>10</Quantity><Cost>4.25</Cost>"))
    equal((text(bill, "AmountDue"), text(bill, "OpenAmount"), text(bill, "IsPaid"), text(bill, "DueDate")), ("55.00", "55.00", "false", "2026-11-30"), "owed")
    books = f.books()
    equal([books["trial_balance"][a] for a in ("Accounts Payable", "Office Supplies")], ["-55.00", "12.50"], "posted")
    equal(books["stock"]["MUG-RED"]["quantity"], "210", "stock came in")
    equal(books["stock"]["MUG-RED"]["value"], "942.50", "at its cost")
    equal(f.add_code("BillPaymentCheck", ref("PayeeEntityRef", "CA Dept of Tax and Fee Administration") + ref("BankAccountRef", "Checking")
                     + f"<RefNumber>900</RefNumber><AppliedToTxnAdd><TxnID>{text(bill, 'TxnID')}</TxnID><PaymentAmount>5.00</PaymentAmount></AppliedToTxnAdd>"),
          3210, "another vendor's")
    payment = f.add("BillPaymentCheck", ref("PayeeEntityRef", VENDOR) + ref("BankAccountRef", "Checking")
                    + f"<RefNumber>901</RefNumber><AppliedToTxnAdd><TxnID>{text(bill, 'TxnID')}</TxnID><PaymentAmount>55.00</PaymentAmount></AppliedToTxnAdd>")
    equal(text(payment, "Amount"), "55.00", "its amount is what it pays")
    told = f.one("Bill", text(bill, "TxnID"))
    equal((text(told, "IsPaid"), text(told, "OpenAmount"), text(told, "LinkedTxn/TxnType"), text(told, "LinkedTxn/Amount")),
          ("true", "0.00", "BillPaymentCheck", "-55.00"), "paid")
    holds(text(told, "EditSequence") != text(bill, "EditSequence"), "paying changes the bill")
    equal(f.books()["trial_balance"].get("Accounts Payable"), None, "nothing payable")
    equal(f.mod("Bill", told, "<ClearExpenseLines>true</ClearExpenseLines>").attrib["statusCode"], "3210", "less than what is paid")
    equal(f.code(f"<TxnDelRq><TxnDelType>Bill</TxnDelType><TxnID>{text(bill, 'TxnID')}</TxnID></TxnDelRq>"), 3160, "paid ones stay")
    f.close()


@promise("a bill's Mod keeps the lines it lists, of each kind by itself, and clears what it is told to")
def bill_lines():
    f = File(checked=True)
    bill = f.add("Bill", ref("VendorRef", VENDOR) + expense("Office Supplies", "12.50") + expense("Merchant Fees", "2.00")
                 + bought("MUG-RED", "<Quantity>2</Quantity><Cost>4.00</Cost>"))
    first, mug = text(bill, "ExpenseLineRet/TxnLineID"), text(bill, "ItemLineRet/TxnLineID")
    rs = f.mod("Bill", bill, f"<ExpenseLineMod><TxnLineID>{first}</TxnLineID><Amount>20.00</Amount></ExpenseLineMod>")
    equal(rs.attrib["statusCode"], "0", rs.attrib["statusMessage"])
    equal((len(rs[0].findall("ExpenseLineRet")), text(rs[0], "ItemLineRet/TxnLineID"), text(rs[0], "AmountDue")), (1, mug, "28.00"), "one of two stays")
    rs = f.mod("Bill", rs[0], "<ClearExpenseLines>true</ClearExpenseLines>"
               f"<ItemLineMod><TxnLineID>{mug}</TxnLineID><Quantity>3</Quantity></ItemLineMod>")
    equal((len(rs[0].findall("ExpenseLineRet")), text(rs[0], "AmountDue")), (0, "12.00"), "cleared, and three mugs")
    equal(f.books()["stock"]["MUG-RED"]["quantity"], "203", "stock follows")
    f.close()


@promise("a purchase order posts nothing and keeps its lines")
def orders():
    f = File(checked=True)
    before = f.books()["trial_balance"]
    order = f.add("PurchaseOrder", ref("VendorRef", VENDOR) + "<PurchaseOrderLineAdd>" + ref("ItemRef", "MUG-RED")
                  + "<Quantity>50</Quantity><Rate>4.10</Rate></PurchaseOrderLineAdd>")
    equal((text(order, "TotalAmount"), text(order, "RefNumber"), text(order, "IsManuallyClosed")), ("205.00", "1", "false"), "ordered")
    rs = f.mod("PurchaseOrder", order, "<IsManuallyClosed>true</IsManuallyClosed>")
    equal((text(rs[0], "IsManuallyClosed"), text(rs[0], "PurchaseOrderLineRet/Quantity")), ("true", "50"), "closed, its line untouched")
    equal(f.books()["trial_balance"], before, "nothing is posted")
    equal(text(f.query("PurchaseOrder", "<RefNumber>1</RefNumber>")[0], "TxnID"), text(order, "TxnID"), "found")
    f.close()


@promise("a journal entry balances or is refused, and needs a customer on receivables")
def journal():
    f = File(checked=True)
    equal(f.add_code("JournalEntry", side("Debit", "Office Supplies", "10.00") + side("Credit", "Checking", "9.00")), 3210, "out of balance")
    equal(f.add_code("JournalEntry", side("Debit", "Accounts Receivable", "10.00") + side("Credit", "Sales", "10.00")), 3210, "whose?")
    entry = f.add("JournalEntry", "<RefNumber>J-1</RefNumber>" + side("Debit", "Accounts Receivable", "10.00",
                                                                      "Web Customer") + side("Credit", "Sales", "10.00"))
    equal([c.tag for c in entry if c.tag.startswith("Journal")], ["JournalDebitLine", "JournalCreditLine"], "sides")
    row = next(c for c in f.books()["customers"] if c["name"] == "Web Customer")
    equal(row["balance"], "10.00", "the customer owes it")
    debit, credit = text(entry, "JournalDebitLine/TxnLineID"), text(entry, "JournalCreditLine/TxnLineID")
    rs = f.mod("JournalEntry", entry, "".join(f"<JournalLineMod><TxnLineID>{i}</TxnLineID><Amount>11.00</Amount></JournalLineMod>" for i in (debit, credit)))
    equal((text(rs[0], "JournalDebitLine/Amount"), text(rs[0], "JournalCreditLine/TxnLineID")), ("11.00", credit), "both sides changed")
    f.close()


@promise("an employee's name is put together from its parts and shares the list of names")
def employees():
    f = File(checked=True)
    who = f.add("Employee", "<FirstName>Mary</FirstName><LastName>Jackson</LastName><Email>mary@example.com</Email>")
    equal(text(who, "Name"), "Mary Jackson", "its name")
    equal(f.add_code("Customer", "<Name>Mary Jackson</Name>"), 3100, "one list of names")
    rs = f.mod("Employee", who, "<IsActive>false</IsActive><LastName>Cooper</LastName>")
    equal((text(rs[0], "Name"), text(rs[0], "IsActive")), ("Mary Cooper", "false"), "follows, and deactivated")
    f.close()


def rows_of(report):
    rows = {}
    for row in report.iter("DataRow"):
        rows[row.find("RowData").attrib["value"]] = [c.attrib["value"] for c in row.findall("ColData")[1:]]
    return rows


def ageing(f, kind="ARAgingSummary", more=""):
    rs = f.ask(f"<AgingReportQueryRq><AgingReportType>{kind}</AgingReportType>{more}<ReportAgingAsOf>Today</ReportAgingAsOf></AgingReportQueryRq>")
    equal(rs.attrib["statusCode"], "0", rs.attrib["statusMessage"])
    return rs[0]


@promise("SF-34: the ageing summary tells each name's open amounts by days past due, with payments, credits and journal entries")
def aged():
    f = File(checked=True)
    for date, due, amount, who in (("2026-10-30", "2026-11-29", "1.00", "Lovelace, Ada"), ("2026-09-01", "2026-10-01", "2.00", "Lovelace, Ada"),
                                   ("2026-08-01", "2026-08-31", "4.00", "Lovelace, Ada"), ("2026-07-01", "2026-07-31", "8.00", "Lovelace, Ada"),
                                   ("2026-05-01", "2026-05-31", "16.00", "Lovelace, Ada"),
                                   ("2026-10-31", "2026-10-31", "32.00", "Babbage Engines:Analytical Engine")):
        f.add("Invoice", ref("CustomerRef", who) + f"<TxnDate>{date}</TxnDate><DueDate>{due}</DueDate>"
              + line("ENGRAVING", f"<Amount>{amount}</Amount>"))
    equal(rows_of(ageing(f))["Lovelace, Ada"], ["1.00", "2.00", "0.00", "4.00", "24.00", "31.00"], "by days past due")
    f.add("ReceivePayment", ref("CustomerRef", "Babbage Engines") + "<TxnDate>2026-10-31</TxnDate><TotalAmount>5.00</TotalAmount><IsAutoApply>false</IsAutoApply>")
    f.add("JournalEntry", "<TxnDate>2026-09-20</TxnDate>" + side("Debit", "Accounts Receivable", "64.00", "Lovelace, Ada") + side("Credit", "Sales", "64.00"))
    report = ageing(f)
    equal(rows_of(report)["Lovelace, Ada"][2], "64.00", "a journal entry ages by its date")
    equal(rows_of(report)["Babbage Engines"], ["-5.00", "0.00", "0.00", "0.00", "0.00", "-5.00"], "an unused payment stands against it")
    equal([r.findall("ColData")[-1].attrib["value"] for r in report.iter("SubtotalRow")], ["27.00"], "a parent and its job")
    equal(report.find("ReportData/TotalRow").findall("ColData")[-1].attrib["value"], "122.00", "all of it")
    one = ageing(f, more=f"<ReportEntityFilter>{'<FullName>Babbage Engines</FullName>'}</ReportEntityFilter>")
    equal(list(rows_of(one)), ["Babbage Engines"], "filtered")
    tree = ageing(f, more="<ReportEntityFilter><FullNameWithChildren>Babbage Engines</FullNameWithChildren></ReportEntityFilter>")
    equal(sorted(rows_of(tree)), ["Babbage Engines", "Babbage Engines:Analytical Engine"], "with all below it")
    f.add("Bill", ref("VendorRef", VENDOR) + "<TxnDate>2026-09-01</TxnDate><DueDate>2026-09-30</DueDate>" + expense("Office Supplies", "9.00"))
    equal(rows_of(ageing(f, "APAgingSummary"))["Clay & Glaze Supplies"], ["0.00", "0.00", "9.00", "0.00", "0.00", "9.00"], "payables")
    f.twin.post("/person/preferences", {"AgingReportBasis": "AgeFromTransactionDate"})
    equal(rows_of(ageing(f))["Lovelace, Ada"][:2], ["0.00", "1.00"], "from the transaction's date")
    f.close()


run()
