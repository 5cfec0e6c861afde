#!/usr/bin/env python3
"""A company file that keeps several currencies: documents are their customer's, the ledger is in the file's own."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from twin_file import File, line, ref, text  # noqa: E402
from lib import equal, holds, promise, run  # noqa: E402

MISMATCH = "The currency of the account must be either in home currency or the transaction currency."


def file_of_currencies():
    f = File(checked=True)
    f.twin.post("/person/preferences", {"IsMultiCurrencyOn": True})
    return f


def invoice(f, customer, amount, more=""):
    return f.add("Invoice", ref("CustomerRef", customer) + more + ref("ItemSalesTaxRef", "Out of State") + line("ENGRAVING", f"<Amount>{amount}</Amount>", "Non"))


@promise("a document is in its customer's currency, his balance too; the ledger has it in the file's own, at the document's rate or the list's")
def in_their_own():
    f = file_of_currencies()
    customer = f.add("Customer", "<Name>Wien Maschinen</Name>" + ref("CurrencyRef", "Euro"))
    equal(text(customer, "CurrencyRef/FullName"), "Euro")
    equal(text(f.ask("<PreferencesQueryRq/>")[0], "MultiCurrencyPreferences/HomeCurrencyRef/FullName"), "US Dollar")
    listed = invoice(f, "Wien Maschinen", "100.00")
    equal((text(listed, "CurrencyRef/FullName"), text(listed, "ExchangeRate"), text(listed, "BalanceRemaining"), text(listed, "ARAccountRef/FullName")),
          ("Euro", "1.25", "100.00", "Accounts Receivable - EUR"), "at the list's rate, on receivables of its own")
    equal(text(f.add("Invoice", ref("CustomerRef", "Wien Maschinen") + ref("ItemSalesTaxRef", "Out of State") + "<ExchangeRate>1.111</ExchangeRate>"
                     + line("ENGRAVING", "<Amount>0.33</Amount>", "Non")), "ExchangeRate"), "1.111", "at its own")
    equal(text(invoice(f, "Babbage Engines", "10.00"), "CurrencyRef/FullName"), "US Dollar", "a customer who names none is the file's own")
    books = f.books()
    equal({k: v for k, v in books["trial_balance"].items() if "Receivable" in k or k == "Sales"},
          {"Accounts Receivable": "10.00", "Accounts Receivable - EUR": "125.37", "Sales": "-135.37"}, "in dollars")
    equal(next(c["balance"] for c in books["customers"] if c["name"] == "Wien Maschinen"), "100.33", "in euros")
    holds(books["balanced"], books["faults"])
    f.close()


@promise("a payment and a credit of a foreign customer are applied in his currency")
def applied():
    f = file_of_currencies()
    f.add("Customer", "<Name>Wien Maschinen</Name>" + ref("CurrencyRef", "Euro"))
    owed = invoice(f, "Wien Maschinen", "100.00")
    paid = f.add("ReceivePayment", ref("CustomerRef", "Wien Maschinen") + "<TotalAmount>60.00</TotalAmount>" + ref("DepositToAccountRef", "Checking")
                 + f"<AppliedToTxnAdd><TxnID>{text(owed, 'TxnID')}</TxnID><PaymentAmount>60.00</PaymentAmount></AppliedToTxnAdd>")
    equal((text(paid, "CurrencyRef/FullName"), text(paid, "ARAccountRef/FullName")), ("Euro", "Accounts Receivable - EUR"))
    equal(text(f.one("Invoice", text(owed, "TxnID")), "BalanceRemaining"), "40.00")
    books = f.books()
    equal((books["trial_balance"]["Checking"], books["trial_balance"]["Accounts Receivable - EUR"]), ("75.00", "50.00"), "in dollars")
    holds(books["balanced"], books["faults"])
    f.close()


@promise("receivables of another currency, a bank account of a third one, a customer who changes his currency: refused")
def refused():
    f = file_of_currencies()
    f.add("Customer", "<Name>Wien Maschinen</Name>" + ref("CurrencyRef", "Euro"))
    f.add("Account", "<Name>Toronto Bank</Name><AccountType>Bank</AccountType>" + ref("CurrencyRef", "Canadian Dollar"))
    one = line("ENGRAVING", "<Amount>1.00</Amount>", "Non")
    rs = f.ask("<InvoiceAddRq><InvoiceAdd>" + ref("CustomerRef", "Wien Maschinen") + ref("ARAccountRef", "Accounts Receivable") + one + "</InvoiceAdd></InvoiceAddRq>")
    equal(rs.attrib["statusCode"], "3140")
    holds(MISMATCH in rs.attrib["statusMessage"], rs.attrib["statusMessage"])
    equal(f.add_code("ReceivePayment", ref("CustomerRef", "Wien Maschinen") + "<TotalAmount>1.00</TotalAmount>" + ref("DepositToAccountRef", "Toronto Bank")
                     + "<IsAutoApply>false</IsAutoApply>"), 3140)
    invoice(f, "Wien Maschinen", "1.00")
    told = f.ask("<CustomerQueryRq><FullName>Wien Maschinen</FullName></CustomerQueryRq>")[0]
    equal(f.mod("Customer", told, ref("CurrencyRef", "US Dollar")).attrib["statusCode"], "3210", "he has had documents")
    f.close()


@promise("without several currencies neither names nor documents may speak of them")
def switched_off():
    f = File(checked=True)
    equal(f.add_code("Customer", "<Name>Wien Maschinen</Name>" + ref("CurrencyRef", "Euro")), 3250)
    equal(f.code("<CurrencyQueryRq/>"), 3250)
    f.close()


run()
