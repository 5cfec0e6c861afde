#!/usr/bin/env python3
"""The company file behind the twin: what each request posts, what is refused with which status, what queries tell."""
import os
import re
import sys
import xml.etree.ElementTree as ET
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tests", "e2e"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import equal, holds, promise, run  # noqa: E402
from twin_file import File, line, text  # noqa: E402
from twin_host import qbxml  # noqa: E402


def invoice(customer, *lines, tax="San Tomas", head="", tail="", date="2026-10-31"):
    item = f"<ItemSalesTaxRef><FullName>{tax}</FullName></ItemSalesTaxRef>" if tax else ""
    return (f"<CustomerRef><FullName>{customer}</FullName></CustomerRef><TxnDate>{date}</TxnDate>{head}{item}{tail}" + "".join(lines))


def payment(customer, total, applied, deposit="Undeposited Funds", head=""):
    return (f"<CustomerRef><FullName>{customer}</FullName></CustomerRef>{head}<TotalAmount>{total}</TotalAmount>"
            f"<DepositToAccountRef><FullName>{deposit}</FullName></DepositToAccountRef>{applied}")


def apply_to(txn, amount, more=""):
    return f"<AppliedToTxnAdd><TxnID>{txn}</TxnID><PaymentAmount>{amount}</PaymentAmount>{more}</AppliedToTxnAdd>"


@promise("an invoice posts receivables, income, discount, tax per agency, stock and cost")
def invoice_posts():
    f = File()
    ret = f.add("Invoice", invoice("Lovelace, Ada", line("MUG-RED", "<Quantity>2</Quantity><Rate>14.00</Rate>"),
                                   line("Discount", "<Amount>-3.00</Amount>"), line("Shipping", "<Amount>5.99</Amount>", "Non"), tax="New York City"))
    equal(text(ret, "Subtotal"), "30.99", "subtotal")
    # 25.00 at 4 %, 4.5 % and 0.375 %, each rounded: 1.00 + 1.13 + 0.09
    equal((text(ret, "SalesTaxTotal"), text(ret, "SalesTaxPercentage"), text(ret, "BalanceRemaining")), ("2.22", "8.875", "33.21"), "tax")
    books = f.books()
    trial = books["trial_balance"]
    equal({k: trial[k] for k in ("Accounts Receivable", "Sales", "Sales Discounts", "Freight Income", "Sales Tax Payable", "Cost of Goods Sold")},
          {"Accounts Receivable": "33.21", "Sales": "-28.00", "Sales Discounts": "3.00", "Freight Income": "-5.99",
           "Sales Tax Payable": "-2.22", "Cost of Goods Sold": "9.00"}, "trial balance")
    equal(books["stock"]["MUG-RED"], {"quantity": "198", "value": "891.00"}, "stock")
    equal(books["tax"]["NY Dept of Taxation and Finance"]["tax"], "2.22", "agency")
    equal(books["tax"]["NY Dept of Taxation and Finance"]["items"]["NY City"], {"tax": "1.13", "taxable": "25.00", "other": "5.99"}, "tax item")
    equal([c["balance"] for c in books["customers"] if c["name"] == "Lovelace, Ada"], ["33.21"], "customer")
    f.close()


@promise("WOO-29: tax follows header item, line codes and customer code; rounded on the subtotal or by line, by item or by group")
def tax_rules():
    lines = [line("TSHIRT", "<Amount>0.33</Amount>")] * 3
    for settings, want in (({}, "0.07"), ({"tax_rounding": "line"}, "0.06")):  # 0.99 at 7.25 and 0.5 %
        f = File(settings)
        equal(text(f.add("Invoice", invoice("Web Customer", *lines)), "SalesTaxTotal"), want, settings)
        f.close()
    # 15.00: 0.60 + 0.68 + 0.06 by item, 1.33125 as a whole
    for settings, want in (({}, "1.34"), ({"group_rounding": "total"}, "1.33")):
        f = File(settings)
        equal(text(f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>15.00</Amount>"), tax="New York City")), "SalesTaxTotal"), want, settings)
        f.close()
    for settings, want in (({}, "0.53"), ({"group_rounding": "total"}, "0.54")):
        f = File(settings)  # 6.03: 0.24 + 0.27 + 0.02 against 0.535 rounded up
        equal(text(f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>6.03</Amount>"), tax="New York City")), "SalesTaxTotal"), want, settings)
        f.close()
    f = File()
    exempt = "<CustomerSalesTaxCodeRef><FullName>Non</FullName></CustomerSalesTaxCodeRef>"
    ret = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>"), tail=exempt))
    equal(text(ret, "SalesTaxTotal"), "0.00", "a customer who is not taxable")
    f.twin.post("/person/preferences", {"SalesTax": False})
    equal(f.add_code("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>"), tax=None)), 3250, "codes while tax is off")
    ret = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>", None), tax=None))
    equal(ret.find("SalesTaxTotal"), None, "no tax is told")
    f.close()


@promise("rate, quantity and amount: what is missing is worked out, what contradicts is refused")
def line_amounts():
    f = File()
    ret = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Quantity>3</Quantity><Amount>10.00</Amount>"), line("TSHIRT", "<Quantity>1.5</Quantity>"),
                                   line("ENGRAVING", "")))
    equal([(text(x, "Quantity"), text(x, "Rate"), text(x, "Amount")) for x in ret.findall("InvoiceLineRet")],
          [("3", "3.33333", "10.00"), ("1.5", "21.99", "32.99"), (None, "10.00", "10.00")], "lines")
    bad = line("TSHIRT", "<Quantity>3</Quantity><Rate>3.33</Rate><Amount>10.00</Amount>")
    equal(f.add_code("Invoice", invoice("Web Customer", bad)), 3210, "3 x 3.33 is not 10.00")
    equal(f.add_code("Invoice", invoice("Web Customer", line("Discount", "<Amount>-5.00</Amount>"))), 3180, "a total below zero")
    equal(f.add_code("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>12.345</Amount>"))), 3040, "three decimals")
    equal(f.add_code("Invoice", invoice("Web Customer", line("CA State", "<Amount>1.00</Amount>"))), 3140, "a tax item on a line")
    f.close()


@promise("subtotals, discounts on them and item groups add up")
def subtotals_and_groups():
    f = File()
    group = "<InvoiceLineGroupAdd><ItemGroupRef><FullName>GIFT-SET</FullName></ItemGroupRef><Quantity>2</Quantity></InvoiceLineGroupAdd>"
    ret = f.add("Invoice", invoice("Web Customer", group, line("TSHIRT", "<Amount>20.00</Amount>"), line("Subtotal", "", None),
                                   line("Discount", "<RatePercent>-10</RatePercent>")))
    # 4 mugs and 2 engravings: 56.00 + 20.00; with the shirt 96.00; a tenth off
    equal((text(ret, "InvoiceLineGroupRet/TotalAmount"), text(ret, "Subtotal")), ("76.00", "86.40"), "amounts")
    amounts = [text(x, "Amount") for x in ret.findall("InvoiceLineRet")]
    equal(amounts, ["20.00", "96.00", "-9.60"], "lines")
    equal(text(ret, "SalesTaxTotal"), "5.14", "66.40 at 7.25 and 0.5 %, each rounded")
    equal(f.books()["stock"]["MUG-RED"]["quantity"], "196", "stock")
    f.close()
    f = File({"subtotal_discount": "prorate"})
    ret = f.add("Invoice", invoice("Web Customer", group, line("TSHIRT", "<Amount>20.00</Amount>"), line("Subtotal", "", None),
                                   line("Discount", "<RatePercent>-10</RatePercent>")))
    equal(text(ret, "SalesTaxTotal"), "5.30", "68.40 taxable: the discount is shared")
    f.close()


@promise("ZUO-07: a payment is applied, an invoice knows it, too much is refused with 3210")
def payments():
    f = File()
    a = f.add("Invoice", invoice("Lovelace, Ada", line("TSHIRT", "<Amount>100.00</Amount>", "Non")))
    b = f.add("Invoice", invoice("Lovelace, Ada", line("TSHIRT", "<Amount>50.00</Amount>", "Non")))
    before = text(a, "EditSequence")
    equal(f.add_code("ReceivePayment", payment("Lovelace, Ada", "200.00", apply_to(text(a, "TxnID"), "100.01"))), 3210, "over the invoice")
    equal(f.add_code("ReceivePayment", payment("Lovelace, Ada", "10.00", apply_to(text(a, "TxnID"), "10.01"))), 3210, "over the payment")
    equal(f.add_code("ReceivePayment", payment("Web Customer", "10.00", apply_to(text(a, "TxnID"), "10.00"))), 3210, "another customer")
    equal(f.add_code("ReceivePayment", payment("Lovelace, Ada", "10.00", apply_to("FFFF-1", "10.00"))), 3120, "no such invoice")
    paid = f.add("ReceivePayment", payment("Lovelace, Ada", "130.00", apply_to(text(a, "TxnID"), "100.00") + apply_to(text(b, "TxnID"), "20.00"),
                                           "Stripe Clearing"))
    equal((text(paid, "UnusedPayment"), [text(x, "Amount") for x in paid.findall("AppliedToTxnRet")]), ("10.00", ["100.00", "20.00"]), "payment")
    a, b = f.one("Invoice", text(a, "TxnID")), f.one("Invoice", text(b, "TxnID"))
    equal((text(a, "IsPaid"), text(a, "AppliedAmount"), text(a, "BalanceRemaining"), text(b, "BalanceRemaining")),
          ("true", "-100.00", "0.00", "30.00"), "invoices")
    holds(text(a, "EditSequence") != before, "paying modifies the invoice")
    equal((text(a, "LinkedTxn/TxnType"), text(a, "LinkedTxn/Amount"), text(a, "LinkedTxn/TxnID")), ("ReceivePayment", "-100.00", text(paid, "TxnID")), "link")
    books = f.books()
    equal((books["trial_balance"]["Stripe Clearing"], books["trial_balance"]["Accounts Receivable"]), ("130.00", "20.00"), "accounts")
    auto = f.add("ReceivePayment", "<CustomerRef><FullName>Lovelace, Ada</FullName></CustomerRef><TotalAmount>30.00</TotalAmount><IsAutoApply>true</IsAutoApply>")
    equal(text(auto, "AppliedToTxnRet/TxnID"), text(b, "TxnID"), "the invoice of exactly this amount")
    equal(f.query("Invoice", "<PaidStatus>NotPaidOnly</PaidStatus>").attrib["statusCode"], "1", "none is open")
    rs = f.mod("ReceivePayment", paid, f"<AppliedToTxnMod><TxnID>{text(a, 'TxnID')}</TxnID><PaymentAmount>60.00</PaymentAmount></AppliedToTxnMod>")
    equal((rs.attrib["statusCode"], text(rs[0], "UnusedPayment")), ("0", "50.00"), "un-applied in part")
    equal(text(f.one("Invoice", text(a, "TxnID")), "BalanceRemaining"), "40.00", "open again")
    rs = f.mod("ReceivePayment", rs[0], f"<AppliedToTxnMod><TxnID>{text(a, 'TxnID')}</TxnID><PaymentAmount>999.00</PaymentAmount></AppliedToTxnMod>")
    equal(rs.attrib["statusCode"], "3210", "too much")
    equal(text(f.one("Invoice", text(a, "TxnID")), "BalanceRemaining"), "40.00", "nothing changed")
    f.close()


@promise("WOO-15: a credit memo is applied to an open invoice, by SetCredit or by a payment of nothing, or refunded by card or check")
def credits():
    f = File()
    customer = "Lovelace, Ada"

    def memo(amount):
        return f.add("CreditMemo", f"<CustomerRef><FullName>{customer}</FullName></CustomerRef><CreditMemoLineAdd><ItemRef><FullName>TSHIRT</FullName></ItemRef>"
                     f"<Amount>{amount}</Amount><SalesTaxCodeRef><FullName>Non</FullName></SalesTaxCodeRef></CreditMemoLineAdd>")

    def left(txn):
        return text(f.one("CreditMemo", text(txn, "TxnID")), "CreditRemaining")

    bill = f.add("Invoice", invoice(customer, line("TSHIRT", "<Amount>100.00</Amount>", "Non")))
    one, two, three, four = memo("30.00"), memo("25.00"), memo("20.00"), memo("15.00")
    set_credit = f"<SetCredit><CreditTxnID>{text(one, 'TxnID')}</CreditTxnID><AppliedAmount>30.00</AppliedAmount></SetCredit>"
    rs = f.mod("Invoice", bill, set_credit)
    equal((rs.attrib["statusCode"], text(rs[0], "BalanceRemaining")), ("0", "70.00"), "SetCredit in InvoiceMod")
    nothing = payment(customer, "0.00", f"<AppliedToTxnAdd><TxnID>{text(bill, 'TxnID')}</TxnID><SetCredit><CreditTxnID>{text(two, 'TxnID')}</CreditTxnID>"
                      "<AppliedAmount>25.00</AppliedAmount></SetCredit></AppliedToTxnAdd>")
    f.add("ReceivePayment", nothing)
    equal((left(one), left(two), text(f.one("Invoice", text(bill, "TxnID")), "BalanceRemaining")), ("0.00", "0.00", "45.00"), "applied")
    equal(f.add_code("ReceivePayment", nothing), 3210, "a credit is used up once")
    card = ("<CustomerRef><FullName>Lovelace, Ada</FullName></CustomerRef><RefundFromAccountRef><FullName>Stripe Clearing</FullName></RefundFromAccountRef>"
            "<RefundAppliedToTxnAdd><TxnID>{}</TxnID><RefundAmount>{}</RefundAmount></RefundAppliedToTxnAdd>")
    equal(f.add_code("ARRefundCreditCard", card.format(text(three, "TxnID"), "20.01")), 3210, "more than the credit")
    refund = f.add("ARRefundCreditCard", card.format(text(three, "TxnID"), "20.00"))
    equal((text(refund, "TotalAmount"), left(three)), ("20.00", "0.00"), "refund")
    check = f.add("Check", "<AccountRef><FullName>Checking</FullName></AccountRef><PayeeEntityRef><FullName>Lovelace, Ada</FullName></PayeeEntityRef>"
                  f"<ApplyCheckToTxnAdd><TxnID>{text(four, 'TxnID')}</TxnID><Amount>15.00</Amount></ApplyCheckToTxnAdd>"
                  "<ExpenseLineAdd><AccountRef><FullName>Accounts Receivable</FullName></AccountRef><Amount>15.00</Amount>"
                  "<CustomerRef><FullName>Lovelace, Ada</FullName></CustomerRef></ExpenseLineAdd>")
    equal((text(check, "Amount"), left(four)), ("15.00", "0.00"), "check")
    books = f.books()
    equal((books["trial_balance"]["Accounts Receivable"], books["trial_balance"]["Stripe Clearing"], books["trial_balance"]["Checking"]),
          ("45.00", "-20.00", "-15.00"), "accounts")
    f.close()


@promise("what is applied to one another is on one receivables account and one customer's, and stays so")
def one_receivables_account():
    f = File()
    f.add("Account", "<Name>Receivables EUR</Name><AccountType>AccountsReceivable</AccountType>")

    def on(account):
        return f"<ARAccountRef><FullName>{account}</FullName></ARAccountRef>"

    def billed(account):
        return invoice("Lovelace, Ada", line("TSHIRT", "<Amount>10.00</Amount>", "Non")).replace("</CustomerRef>", "</CustomerRef>" + on(account), 1)

    equal(f.add_code("Invoice", billed("Checking")), 3140, "a bank account is none")
    there = f.add("Invoice", billed("Receivables EUR"))
    pays = payment("Lovelace, Ada", "10.00", apply_to(text(there, "TxnID"), "10.00"))
    equal(f.add_code("ReceivePayment", pays), 3210, "the usual account")
    equal(f.add_code("ReceivePayment", pays.replace("</CustomerRef>", "</CustomerRef>" + on("Receivables EUR"), 1)), 0, "its own")
    paid = f.one("Invoice", text(there, "TxnID"))
    equal(f.mod("Invoice", paid, "<CustomerRef><FullName>Web Customer</FullName></CustomerRef>").attrib["statusCode"], "3210", "paid by another customer")
    open_one = f.add("Invoice", billed("Accounts Receivable"))
    equal(f.mod("Invoice", open_one, "<CustomerRef><FullName>Web Customer</FullName></CustomerRef>").attrib["statusCode"], "0", "nothing is applied to it")
    f.close()


@promise("a sales receipt is money in its deposit account and leaves receivables alone")
def sales_receipt():
    f = File()
    ret = f.add("SalesReceipt", "<CustomerRef><FullName>Web Customer</FullName></CustomerRef><TxnDate>2026-10-31</TxnDate><PaymentMethodRef><FullName>Visa</FullName>"
                "</PaymentMethodRef><ItemSalesTaxRef><FullName>San Tomas</FullName></ItemSalesTaxRef><DepositToAccountRef><FullName>PayPal Clearing</FullName>"
                "</DepositToAccountRef><SalesReceiptLineAdd><ItemRef><FullName>TSHIRT</FullName></ItemRef><Quantity>1</Quantity></SalesReceiptLineAdd>")
    equal(text(ret, "TotalAmount"), "23.69", "total: 21.99 with 1.59 and 0.11")
    trial = f.books()["trial_balance"]
    equal((trial["PayPal Clearing"], trial.get("Accounts Receivable")), ("23.69", None), "accounts")
    f.close()


@promise("a Mod replaces listed lines in their order, drops the unlisted, adds -1, and leaves lines alone when it lists none")
def mod_lines():
    f = File()
    ret = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>"), line("ENGRAVING", "<Amount>5.00</Amount>", "Non"),
                                   line("Shipping", "<Amount>7.00</Amount>", "Non")))
    first, second, third = [text(x, "TxnLineID") for x in ret.findall("InvoiceLineRet")]
    rs = f.mod("Invoice", ret, "<Memo>only a memo</Memo>")
    equal((len(rs[0].findall("InvoiceLineRet")), text(rs[0], "Subtotal")), (3, "22.00"), "no lines listed")
    rs = f.mod("Invoice", rs[0], f"<InvoiceLineMod><TxnLineID>{third}</TxnLineID></InvoiceLineMod><InvoiceLineMod><TxnLineID>{first}</TxnLineID></InvoiceLineMod>")
    equal(rs.attrib["statusCode"], "3290", "order")
    ret = f.one("Invoice", text(ret, "TxnID"))
    rs = f.mod("Invoice", ret, f"<InvoiceLineMod><TxnLineID>{first}</TxnLineID><Quantity>2</Quantity><Rate>12.50</Rate></InvoiceLineMod>"
               "<InvoiceLineMod><TxnLineID>-1</TxnLineID><ItemRef><FullName>Fee</FullName></ItemRef><Amount>1.00</Amount></InvoiceLineMod>"
               f"<InvoiceLineMod><TxnLineID>{third}</TxnLineID></InvoiceLineMod>")
    equal((rs.attrib["statusCode"], [text(x, "Amount") for x in rs[0].findall("InvoiceLineRet")]), ("0", ["25.00", "1.00", "7.00"]), "lines")
    equal(text(rs[0], "SalesTaxTotal"), "1.94", "25.00 at 7.25 and 0.5 %, the shop's second line gone")
    equal(f.mod("Invoice", rs[0], "<InvoiceLineMod><TxnLineID>FFFF-1</TxnLineID></InvoiceLineMod>").attrib["statusCode"], "3120", "no such line")
    equal(f.mod("Invoice", ret, "<Memo>late</Memo>").attrib["statusCode"], "3200", "an old EditSequence")
    f.close()


@promise("ALL-10: nothing behind the closing date is added, changed, voided or deleted")
def closing_date():
    f = File()
    old = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>"), date="2026-09-30"))
    new = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>"), date="2026-10-01"))
    f.twin.post("/person/preferences", {"ClosingDate": "2026-09-30"})
    equal(text(f.query("Preferences")[0], "AccountingPreferences/ClosingDate"), "2026-09-30", "told")
    equal(f.add_code("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>1.00</Amount>"), date="2026-09-30")), 3171, "add")
    equal(f.mod("Invoice", old, "<Memo>x</Memo>").attrib["statusCode"], "3171", "mod")
    equal(f.mod("Invoice", new, "<TxnDate>2026-09-01</TxnDate>").attrib["statusCode"], "3171", "moved behind it")
    equal(f.code(f"<TxnVoidRq><TxnVoidType>Invoice</TxnVoidType><TxnID>{text(old, 'TxnID')}</TxnID></TxnVoidRq>"), 3171, "void")
    equal(f.code(f"<TxnDelRq><TxnDelType>Invoice</TxnDelType><TxnID>{text(old, 'TxnID')}</TxnID></TxnDelRq>"), 3171, "delete")
    equal(f.mod("Invoice", new, "<Memo>x</Memo>").attrib["statusCode"], "0", "after it")
    f.close()


@promise("a void keeps the document at zero and frees its payment; a delete takes it away and is told for 90 days")
def void_and_delete():
    f = File()
    a = f.add("Invoice", invoice("Web Customer", line("MUG-BLUE", "<Quantity>2</Quantity>"), head="<RefNumber>77</RefNumber>"))
    p = f.add("ReceivePayment", payment("Web Customer", "10.00", apply_to(text(a, "TxnID"), "10.00")))
    equal(f.code(f"<TxnDelRq><TxnDelType>Invoice</TxnDelType><TxnID>{text(a, 'TxnID')}</TxnID></TxnDelRq>"), 3160, "a paid one is not deleted")
    equal(f.code(f"<TxnVoidRq><TxnVoidType>Invoice</TxnVoidType><TxnID>{text(a, 'TxnID')}</TxnID></TxnVoidRq>"), 0, "void")
    a = f.one("Invoice", text(a, "TxnID"))
    equal((text(a, "Subtotal"), text(a, "SalesTaxTotal"), text(a, "BalanceRemaining"), text(a, "Memo")), ("0.00", "0.00", "0.00", "VOID: "), "voided")
    equal(text(f.one("ReceivePayment", text(p, "TxnID")), "UnusedPayment"), "10.00", "payment is free")
    equal(f.books()["stock"]["MUG-BLUE"], {"quantity": "150", "value": "675.00"}, "stock is back")
    b = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>"), head="<RefNumber>78</RefNumber>"))
    f.code(f"<TxnDelRq><TxnDelType>Invoice</TxnDelType><TxnID>{text(b, 'TxnID')}</TxnID></TxnDelRq>")
    equal(f.code(f"<InvoiceQueryRq><TxnID>{text(b, 'TxnID')}</TxnID></InvoiceQueryRq>"), 500, "gone")
    deleted = "<TxnDeletedQueryRq><TxnDelType>Invoice</TxnDelType></TxnDeletedQueryRq>"
    equal(text(f.ask(deleted)[0], "RefNumber"), "78", "told")
    f.twin.post("/clock", {"advance_ms": 91 * 86400000, "skip": True})
    equal(f.code(deleted), 1, "forgotten after 90 days")
    f.close()


@promise("a deposited payment is out of reach; a deposit moves it to the bank")
def deposits():
    f = File()
    a = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>", "Non")))
    p = f.add("ReceivePayment", payment("Web Customer", "10.00", apply_to(text(a, "TxnID"), "10.00")))
    f.add("Deposit", "<DepositToAccountRef><FullName>Checking</FullName></DepositToAccountRef>"
          f"<DepositLineAdd><PaymentTxnID>{text(p, 'TxnID')}</PaymentTxnID></DepositLineAdd>")
    equal((f.books()["trial_balance"].get("Undeposited Funds"), f.books()["trial_balance"]["Checking"]), (None, "10.00"), "accounts")
    equal(f.code(f"<TxnDelRq><TxnDelType>ReceivePayment</TxnDelType><TxnID>{text(p, 'TxnID')}</TxnID></TxnDelRq>"), 3160, "delete")
    f.close()


@promise("names are unique over customers, vendors and inactive ones, in any case; a job's name only under its parent")
def names():
    f = File()
    for name in ("lovelace, ADA", "Clay &amp; Glaze Supplies", "Grace Hopper", "Old Customer"):
        equal(f.add_code("Customer", f"<Name>{name}</Name>"), 3100, name)
    f.add("Customer", "<Name>Kitchen</Name><ParentRef><FullName>Web Customer</FullName></ParentRef>")
    f.add("Customer", "<Name>Kitchen</Name><ParentRef><FullName>Babbage Engines</FullName></ParentRef>")
    equal(f.add_code("Customer", "<Name>Kitchen</Name><ParentRef><FullName>Babbage Engines</FullName></ParentRef>"), 3100, "twice under one parent")
    equal(f.add_code("Customer", "<Name>A:B</Name>"), 3090, "a colon")
    equal(f.add_code("ItemService", "<Name>Shipping</Name><SalesOrPurchase><AccountRef><FullName>Sales</FullName></AccountRef></SalesOrPurchase>"), 3100, "items share one list")
    parent = f.query("Customer", "<FullName>Babbage Engines</FullName>")[0]
    f.mod("Customer", parent, "<Name>Babbage &amp; Sons</Name>")
    equal(f.code("<CustomerQueryRq><FullName>Babbage &amp; Sons:Kitchen</FullName></CustomerQueryRq>"), 0, "a parent's new name is in its jobs' full names")
    equal(f.code("<CustomerQueryRq><FullName>Babbage Engines:Kitchen</FullName></CustomerQueryRq>"), 500, "the old one is gone")
    f.close()


@promise("lengths and types have their status; what is stored is Windows-1252; raw characters fail the whole set")
def values():
    f = File()
    cases = {3070: f"<Name>{'x' * 42}</Name>", 3010: "<Name>a</Name><IsActive>yes</IsActive>", 3110: "<Name>a</Name><JobStatus>Odd</JobStatus>",
             3040: "<Name>a</Name><CreditLimit>1,000.00</CreditLimit>", 3020: "<Name>a</Name><JobStartDate>2026-02-30</JobStartDate>",
             3140: "<Name>a</Name><TermsRef><FullName>Never</FullName></TermsRef>", 3250: "<Name>a</Name><CurrencyRef><FullName>Euro</FullName></CurrencyRef>"}
    for code, inner in cases.items():
        equal(f.add_code("Customer", inner), code, inner)
    equal(text(f.add("Customer", "<Name>Zo&#235; &#8364; &#128512; &#262;</Name>"), "Name"), "Zo\u00eb \u20ac ? ?", "stored")
    f.add("Customer", f"<Name>{'&#233;' * 41}</Name>")
    done = f.raw(qbxml("<CustomerAddRq><CustomerAdd><Name>Caf\u00e9</Name></CustomerAdd></CustomerAddRq>"))
    equal(done["hresult"], "0x80040400", "raw UTF-8")
    equal(f.code('<CustomerQueryRq requestID="' + "9" * 51 + '"/>'), 1060, "requestID")
    f.close()


@promise("a Mod leaves what it does not name and clears what it names empty")
def clearing():
    f = File()
    ada = f.query("Customer", "<FullName>Lovelace, Ada</FullName>")[0]
    rs = f.mod("Customer", ada, "<Phone></Phone><Mobile>1</Mobile><TermsRef/>")
    equal((text(rs[0], "Phone"), text(rs[0], "Mobile"), rs[0].find("TermsRef"), text(rs[0], "Notes")), (None, "1", None, "Calls before noon"), "fields")
    f.close()


@promise("ZUO-20: iterators page through everything once, die with their session, and only some queries have them")
def iterators():
    f = File()
    f.twin.post("/grow", {"count": 250})
    total = len(f.books()["customers"])
    seen, attributes = [], ' iterator="Start"'
    while True:
        rs = f.query("Customer", "<MaxReturned>100</MaxReturned><ActiveStatus>All</ActiveStatus>", attributes)
        seen += [text(x, "ListID") for x in rs]
        attributes = f' iterator="Continue" iteratorID="{rs.attrib["iteratorID"]}"'
        if rs.attrib["iteratorRemainingCount"] == "0":
            break
    equal((len(seen), len(set(seen))), (total, total), "each once")
    f.raw(qbxml("<HostQueryRq/>"), "?end=1")
    equal(f.code(f"<CustomerQueryRq{attributes}><MaxReturned>100</MaxReturned></CustomerQueryRq>"), 3120, "dead with the session")
    equal(f.raw(qbxml('<AccountQueryRq iterator="Start"><MaxReturned>1</MaxReturned></AccountQueryRq>'))["hresult"], "0x80040400", "accounts have none")
    equal(f.query("Customer", "", ' metaData="MetaDataOnly"').attrib["retCount"], str(total - 1), "count of the active ones")
    f.close()


@promise("ZUO-23: change queries are inclusive, to the second, on the machine's clock, and show the wrong offset in summer")
def change_queries():
    f = File(clock="2026-07-01T19:00:00Z", frozen=True)
    ret = f.add("Customer", "<Name>Summer</Name>")
    equal(text(ret, "TimeCreated"), "2026-07-01T12:00:00-08:00", "wall clock, standard offset")

    def found(low, high):
        rs = f.query("Customer", f"<ActiveStatus>All</ActiveStatus><FromModifiedDate>{low}</FromModifiedDate><ToModifiedDate>{high}</ToModifiedDate>"
                     "<NameFilter><MatchCriterion>StartsWith</MatchCriterion><Name>summ</Name></NameFilter>")
        return rs.attrib["statusCode"] == "0"

    equal(found("2026-07-01T12:00:00", "2026-07-01T12:00:00"), True, "inclusive at both ends")
    equal(found("2026-07-01T12:00:01", "2026-07-01T13:00:00"), False, "a second later")
    equal(found("2026-07-01T12:00:00-08:00", "2026-07-01T12:00:00-08:00"), True, "the wrong offset fed back")
    equal(found("2026-07-01T12:00:00-07:00", "2026-07-01T12:30:00-07:00"), False, "the right offset misses by an hour")
    equal(found("2026-07-01", "2026-07-01"), True, "whole days")
    f.close()
    f = File({"summer_offset": "right"}, clock="2026-07-01T19:00:00Z", frozen=True)
    equal(text(f.add("Customer", "<Name>Summer</Name>"), "TimeCreated"), "2026-07-01T12:00:00-07:00", "switched")
    f.close()


@promise("lists tell the active only unless asked, documents their lines and links only on request, RetElements cut")
def what_is_told():
    f = File()
    ret = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>"), head="<RefNumber>A-1</RefNumber>"))
    names = [text(x, "Name") for x in f.query("Customer")]
    holds("Old Customer" not in names, "inactive ones are not told")
    holds("Old Customer" in [text(x, "Name") for x in f.query("Customer", "<ActiveStatus>All</ActiveStatus>")], "All tells them")
    equal(f.code("<CustomerQueryRq><FullName>Old Customer</FullName></CustomerQueryRq>"), 0, "by name they are found")
    bare = f.query("Invoice", "<RefNumber>a-1</RefNumber>")[0]
    equal((text(bare, "TxnID"), bare.findall("InvoiceLineRet"), bare.findall("LinkedTxn")), (text(ret, "TxnID"), [], []), "no lines, any case")
    equal(f.code("<InvoiceQueryRq><RefNumberCaseSensitive>a-1</RefNumberCaseSensitive></InvoiceQueryRq>"), 1, "case")
    rs = f.query("Invoice", "<RefNumberFilter><MatchCriterion>StartsWith</MatchCriterion><RefNumber>A</RefNumber></RefNumberFilter>"
                 "<IncludeRetElement>TxnID</IncludeRetElement><IncludeRetElement>RefNumber</IncludeRetElement>")
    equal([x.tag for x in rs[0]], ["TxnID", "RefNumber"], "cut")
    equal(f.code("<InvoiceQueryRq><EntityFilter><FullName>Lovelace, Ada</FullName></EntityFilter></InvoiceQueryRq>"), 1, "another customer")
    equal(f.code("<InvoiceQueryRq><TxnID>not an id</TxnID></InvoiceQueryRq>"), 3000, "a malformed id")
    f.close()


@promise("terms give the due date, by days or by a day of the month")
def terms():
    f = File()
    f.add("DateDrivenTerms", "<Name>Tenth</Name><DayOfMonthDue>31</DayOfMonthDue><DueNextMonthDays>5</DueNextMonthDays>")

    def due(name, date):
        head = f"<TermsRef><FullName>{name}</FullName></TermsRef>"
        return text(f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>1.00</Amount>"), head=head, date=date)), "DueDate")

    equal([due("Net 30", "2026-01-15"), due("Tenth", "2026-01-15"), due("Tenth", "2026-01-28"), due("Due on receipt", "2026-12-31")],
          ["2026-02-14", "2026-01-31", "2026-02-28", "2026-12-31"], "due")
    equal(sorted({x.tag for x in f.query("Terms")}), ["DateDrivenTermsRet", "StandardTermsRet"], "both kinds in one query")
    f.close()


@promise("the small lists answer their queries, found or not")
def small_lists():
    f = File()
    for kind in ("CustomerType", "VendorType", "JobType", "SalesRep", "OtherName", "PriceLevel", "ShipMethod", "CustomerMsg", "Class"):
        equal(f.code(f"<{kind}QueryRq/>"), 1, kind)
    equal([f.code("<EmployeeQueryRq/>"), f.code("<TemplateQueryRq/>"), f.code("<CurrencyQueryRq/>")], [0, 0, 3250], "employees, templates, currencies")
    f.add("CustomerType", "<Name>Web</Name>")
    f.add("SalesRep", "<Initial>GH</Initial><SalesRepEntityRef><FullName>Grace Hopper</FullName></SalesRepEntityRef>")
    equal(text(f.query("SalesRep", "<FullName>GH</FullName>")[0], "SalesRepEntityRef/FullName"), "Grace Hopper", "rep")
    ret = f.add("Customer", "<Name>New</Name><CustomerTypeRef><FullName>Web</FullName></CustomerTypeRef><SalesRepRef><FullName>GH</FullName></SalesRepRef>")
    equal((text(ret, "CustomerTypeRef/FullName"), text(ret, "SalesRepRef/FullName")), ("Web", "GH"), "references")
    f.close()


@promise("document numbers run on by themselves and may repeat")
def numbers():
    f = File()
    def one(number=None):
        head = f"<RefNumber>{number}</RefNumber>" if number else ""
        return text(f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>1.00</Amount>"), head=head)), "RefNumber")
    equal([one(), one("41"), one(), one("41")], ["1", "41", "42", "41"], "numbers")
    equal(f.books()["duplicates"]["by_number"], ["Invoice 41"], "duplicates are listed")
    f.close()


@promise("custom fields: only defined ones, told only to who asks for their owner")
def custom_fields():
    f = File()
    ada = f.query("Customer", "<FullName>Lovelace, Ada</FullName>")[0]
    owner = "{57F3B9B1-86F1-4FCC-B1EE-566DE1813D20}"

    def put(verb, name, value):
        return f.code(f"<DataExt{verb}Rq><DataExt{verb}><OwnerID>{owner}</OwnerID><DataExtName>{name}</DataExtName><ListDataExtType>Customer</ListDataExtType>"
                      f"<ListObjRef><ListID>{text(ada, 'ListID')}</ListID></ListObjRef>{value}</DataExt{verb}></DataExt{verb}Rq>")

    equal(put("Add", "Shop ID", "<DataExtValue>7</DataExtValue>"), 3120, "not defined")
    f.ask(f"<DataExtDefAddRq><DataExtDefAdd><OwnerID>{owner}</OwnerID><DataExtName>Shop ID</DataExtName><DataExtType>STR255TYPE</DataExtType>"
          "<AssignToObject>Customer</AssignToObject></DataExtDefAdd></DataExtDefAddRq>")
    equal([put("Add", "Shop ID", "<DataExtValue>7</DataExtValue>"), put("Mod", "Shop ID", "<DataExtValue>8</DataExtValue>")], [0, 0], "set")
    equal(f.query("Customer", "<FullName>Lovelace, Ada</FullName>")[0].find("DataExtRet"), None, "not told unasked")
    told = f.query("Customer", f"<FullName>Lovelace, Ada</FullName><OwnerID>{owner}</OwnerID>")[0]
    equal(text(told, "DataExtRet/DataExtValue"), "8", "told")
    equal(put("Del", "Shop ID", ""), 0, "deleted")
    f.close()


@promise("references: id before name, inactive refused, classes only where tracked, required accounts")
def references():
    f = File()
    web = f.query("Customer", "<FullName>Web Customer</FullName>")[0]
    both = f"<CustomerRef><ListID>{text(web, 'ListID')}</ListID><FullName>Lovelace, Ada</FullName></CustomerRef>"
    ret = f.add("Invoice", both + line("TSHIRT", "<Amount>1.00</Amount>"))
    equal(text(ret, "CustomerRef/FullName"), "Web Customer", "ListID wins")
    equal(f.add_code("Invoice", invoice("Old Customer", line("TSHIRT", "<Amount>1.00</Amount>"))), 3140, "inactive")
    klass = "<CustomerRef><FullName>Web Customer</FullName></CustomerRef><ClassRef><FullName>Web</FullName></ClassRef>" + line("TSHIRT", "<Amount>1.00</Amount>")
    equal(f.add_code("Invoice", klass), 3250, "class tracking is off")
    f.twin.post("/person/preferences", {"IsUsingClassTracking": True})
    equal(f.add_code("Invoice", klass), 3140, "no such class")
    f.add("Class", "<Name>Web</Name>")
    equal(f.add_code("Invoice", klass), 0, "class")
    equal(f.add_code("ItemOtherCharge", "<Name>Loose</Name><SalesOrPurchase><Price>1</Price></SalesOrPurchase>"), 3270, "an account is required")
    equal(f.code("<ListDelRq><ListDelType>Customer</ListDelType><ListID>" + text(web, "ListID") + "</ListID></ListDelRq>"), 3160, "used in documents")
    f.close()
    f = File({"ref_conflict": "name"})
    web = f.query("Customer", "<FullName>Web Customer</FullName>")[0]
    both = f"<CustomerRef><ListID>{text(web, 'ListID')}</ListID><FullName>Lovelace, Ada</FullName></CustomerRef>"
    equal(text(f.add("Invoice", both + line("TSHIRT", "<Amount>1.00</Amount>")), "CustomerRef/FullName"), "Lovelace, Ada", "switched")
    f.close()


@promise("WOO-44: a full list refuses names")
def full_list():
    f = File({"max_names": 11})
    codes = [f.add_code("Customer", f"<Name>Guest {i}</Name>") for i in range(4)]
    equal(codes, [0, 0, 3180, 3180], "eleven names at most")
    meta = f.query("Host", "<IncludeListMetaData><IncludeMaxCapacity>true</IncludeMaxCapacity></IncludeListMetaData>")[0]
    equal(text(meta, "ListMetaData/EntityMetaData/MaxCapacity"), "11", "told")
    f.close()


@promise("ALL-12: after a merge the documents are the survivor's and the other id is a deletion")
def merge():
    f = File()
    f.add("Customer", "<Name>A. Lovelace</Name>")
    ret = f.add("Invoice", invoice("A. Lovelace", line("TSHIRT", "<Amount>10.00</Amount>", "Non")))
    gone = text(f.query("Customer", "<FullName>A. Lovelace</FullName>")[0], "ListID")
    f.twin.post("/person/merge", {"type": "Customer", "from": "A. Lovelace", "to": "Lovelace, Ada"})
    equal(text(f.one("Invoice", text(ret, "TxnID")), "CustomerRef/FullName"), "Lovelace, Ada", "moved")
    equal(f.code(f"<CustomerQueryRq><ListID>{gone}</ListID></CustomerQueryRq>"), 500, "gone")
    equal(text(f.ask("<ListDeletedQueryRq><ListDelType>Customer</ListDelType></ListDeletedQueryRq>")[0], "ListID"), gone, "deleted")
    equal([c["balance"] for c in f.books()["customers"] if c["name"] == "Lovelace, Ada"], ["10.00"], "balance")
    f.close()


@promise("ALL-14: a restored backup has lost what came after it")
def restored():
    f = File()
    f.twin.post("/backup", {"backup": "friday"})
    lost = f.add("Invoice", invoice("Web Customer", line("TSHIRT", "<Amount>10.00</Amount>")))
    f.twin.post("/backup", {"restore": "friday"})
    equal(f.code(f"<InvoiceQueryRq><TxnID>{text(lost, 'TxnID')}</TxnID></InvoiceQueryRq>"), 500, "lost")
    equal(f.books()["trial_balance"].get("Accounts Receivable"), None, "books of then")
    f.close()


@promise("a person's additions, edits and deletions are as good as any, and move the EditSequence")
def by_hand():
    f = File()
    made = f.twin.post("/person/add", {"type": "Invoice", "set": {"CustomerRef": "Web Customer", "RefNumber": "H-1", "lines": [
        {"ItemRef": "TSHIRT", "Quantity": 2, "Rate": "10", "SalesTaxCodeRef": "Non"}]}})
    equal((made["Subtotal"], made["RefNumber"]), ("20.00", "H-1"), "typed in")
    edited = f.twin.post("/person/edit", {"type": "Invoice", "name": "H-1", "set": {"Memo": "by hand"}})
    holds(edited["EditSequence"] != made["EditSequence"] and edited["Memo"] == "by hand", "edited")
    f.twin.post("/person/void", {"type": "Invoice", "name": "H-1"})
    f.twin.post("/person/delete", {"type": "Invoice", "name": "H-1"})
    equal(f.code("<InvoiceQueryRq><RefNumber>H-1</RefNumber></InvoiceQueryRq>"), 1, "gone")
    f.close()


@promise("onError, includeNone and message sets do what reference section 6 says")
def message_sets():
    f = File()
    add = "<CustomerAddRq requestID=\"{0}\"><CustomerAdd><Name>{0}</Name></CustomerAdd></CustomerAddRq>"

    def codes(inner, **attributes):
        done = f.raw(qbxml(inner, **attributes))
        root = ET.fromstring(done["response"])[0]
        return root.attrib.get("messageSetStatusCode"), [rs.attrib["statusCode"] for rs in root]

    equal(codes(add.format("A") + add.format("A") + add.format("B")), (None, ["0", "3100", "3231"]), "stopOnError")
    equal(codes(add.format("A") + add.format("C"), onError="continueOnError"), (None, ["3100", "0"]), "continueOnError")
    equal(codes("", newMessageSetID="m-1"), ("9002", []), "never ran")
    equal(codes(add.format("D"), newMessageSetID="m-1"), ("0", ["0"]), "runs")
    equal(codes("", newMessageSetID="m-1", oldMessageSetID="m-1"), ("0", []), "status without forgetting")
    equal(codes(add.format("D"), newMessageSetID="m-1"), ("0", ["0"]), "replayed")
    equal(codes(add.format("E"), newMessageSetID="m-1"), ("9001", []), "other content")
    equal(codes(add.format("F"), newMessageSetID="m-2", oldMessageSetID="m-1"), ("0", ["0"]), "the next one")
    equal(codes("", oldMessageSetID="m-1"), ("600", []), "m-1 is forgotten")
    equal(codes("", oldMessageSetID="m-2"), ("0", []), "clear")
    equal(codes("", newMessageSetID="m-2"), ("9002", []), "cleared")
    equal(codes(add.format("G"), newMessageSetID="x" * 25), ("9004", []), "too long")
    names = [c["name"] for c in f.books()["customers"]]
    equal([name in names for name in "ABCDEFG"], [True, False, True, True, False, True, False], "who was added")
    rs = f.ask(add.format("H"), responseData="includeNone")
    equal(len(rs), 0, "status only")
    f.twin.fault(kind="not_stored")
    equal(codes(add.format("I"), newMessageSetID="m-3"), ("9005", ["0"]), "done, but not stored")
    f.close()
    f = File({"replay": "recovery", "stored_sets": "several"})
    first = f.raw(qbxml(add.format("A"), newMessageSetID="m-1"))["response"]
    f.raw(qbxml(add.format("B"), newMessageSetID="m-2"))
    again = f.raw(qbxml(add.format("A"), newMessageSetID="m-1"))["response"]
    holds("CustomerRet" in first and "ErrorRecovery" in again and "CustomerRet" not in again, "the remembered answer may hold ids only")
    equal(re.findall("<ListID>.*?</ListID>", first)[0], re.findall("<ListID>.*?</ListID>", again)[0], "the same id")
    f.close()


@promise("what nobody is sure of can be had both ways")
def switches():
    customer = "<CustomerAddRq><CustomerAdd><Name>{}</Name></CustomerAdd></CustomerAddRq>"

    f = File({"unstorable": "drop", "stale_tells_record": "off", "balance_modifies": "on", "deleted_unfiltered": "none", "iterator_survives": "off",
              "sets_live": "session", "status_check": "answer", "none_found": 1, "dead_iterator": 1000, "empty_clears": "off",
              "query_order": "shuffled", "raw_text": "accept"})
    equal(text(f.add("Customer", "<Name>Z&#128512;</Name>"), "Name"), "Z", "unstorable")
    equal(text(f.add("Customer", "<Name>Caf\u00e9</Name>"), "Name"), "Caf\u00e9", "raw_text")
    ada = f.query("Customer", "<FullName>Lovelace, Ada</FullName>")[0]
    bill = f.add("Invoice", invoice("Lovelace, Ada", line("TSHIRT", "<Amount>1.00</Amount>")))
    rs = f.mod("Customer", ada, "<Phone>1</Phone>")
    equal((rs.attrib["statusCode"], len(rs)), ("3200", 0), "balance_modifies, stale_tells_record")
    ada = f.query("Customer", "<FullName>Lovelace, Ada</FullName>")[0]
    equal(text(f.mod("Customer", ada, "<Phone></Phone>")[0], "Phone"), "(555) 010-0042", "empty_clears")
    f.twin.post("/person/delete", {"type": "Invoice", "id": text(bill, "TxnID")})
    equal(f.code("<TxnDeletedQueryRq><TxnDelType>Invoice</TxnDelType></TxnDeletedQueryRq>"), 1, "deleted_unfiltered")
    equal(f.code("<CustomerQueryRq><FullName>Nobody</FullName></CustomerQueryRq>"), 1, "none_found")
    page = f.query("Customer", "<MaxReturned>1</MaxReturned>", ' iterator="Start"')
    f.query("Host")
    again = f"<CustomerQueryRq iterator=\"Continue\" iteratorID=\"{page.attrib['iteratorID']}\"><MaxReturned>1</MaxReturned></CustomerQueryRq>"
    equal(f.code(again), 1000, "iterator_survives, dead_iterator")
    names = [text(x, "Name") for x in f.query("Customer", "<ActiveStatus>All</ActiveStatus>")]
    holds(names[0] != "Web Customer" or names[1] != "Lovelace, Ada", "query_order")
    f.raw(qbxml(customer.format("Set"), newMessageSetID="m-1"))
    holds("CustomerAddRs" in f.raw(qbxml("", newMessageSetID="m-1", oldMessageSetID="m-1"))["response"], "status_check")
    f.twin.post("/open", {"file": None})
    f.twin.post("/open", {"file": "main"})
    holds('"9002"' in f.raw(qbxml("", newMessageSetID="m-1"))["response"], "sets_live")
    f.close()


@promise("a thousand documents leave the books in balance, with random quantities, rates, taxes, payments and credits")
def many():
    import random
    dice = random.Random(7)
    f = File({"customer_defaults": "false"})
    for batch in range(10):
        inner = []
        for _ in range(40):
            lines = [line(dice.choice(["MUG-RED", "MUG-BLUE", "TSHIRT", "ENGRAVING", "Web Sale"]),
                          f"<Quantity>{dice.randint(1, 999) / 100}</Quantity><Rate>{dice.randint(1, 99999) / 1000}</Rate>", dice.choice(["Tax", "Non"]))
                     for _ in range(dice.randint(1, 5))]
            lines.append(line("Shipping", f"<Amount>{dice.randint(0, 2000) / 100:.2f}</Amount>", "Non"))
            tax = dice.choice(["San Tomas", "New York City", "Out of State"])
            inner.append(f"<InvoiceAddRq><InvoiceAdd>{invoice('Web Customer', *lines, tax=tax)}</InvoiceAdd></InvoiceAddRq>")
        root = ET.fromstring(f.raw(qbxml("".join(inner)))["response"])[0]
        more = []
        for rs in root:
            equal(rs.attrib["statusCode"], "0", rs.attrib["statusMessage"])
            total = Decimal(text(rs[0], "Subtotal")) + Decimal(text(rs[0], "SalesTaxTotal"))
            equal(Decimal(text(rs[0], "BalanceRemaining")), total, "balance")
            lines_sum = sum(Decimal(text(x, "Amount")) for x in rs[0].findall("InvoiceLineRet"))
            equal(Decimal(text(rs[0], "Subtotal")), lines_sum, "subtotal")
            if dice.random() < 0.7 and total > 0:
                more.append("<ReceivePaymentAddRq><ReceivePaymentAdd>" + payment("Web Customer", f"{total:.2f}", apply_to(text(rs[0], "TxnID"), f"{total:.2f}"))
                            + "</ReceivePaymentAdd></ReceivePaymentAddRq>")
        for rs in ET.fromstring(f.raw(qbxml("".join(more)))["response"])[0]:
            equal(rs.attrib["statusCode"], "0", rs.attrib["statusMessage"])
    books = f.books()
    owed = sum(Decimal(d["balance"]) for d in books["documents"] if d["type"] == "Invoice")
    equal(Decimal(books["trial_balance"]["Accounts Receivable"]), owed, "receivables are the open invoices")
    tax = sum(Decimal(row["tax"]) for row in books["tax"].values())
    equal(Decimal(books["trial_balance"]["Sales Tax Payable"]), -tax, "tax payable is the agencies'")
    f.close()


run()
