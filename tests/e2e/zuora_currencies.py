"""A company file that keeps several currencies, and Zuora: each document in its customer's, on receivables of that currency, or not at all."""
from decimal import Decimal

from lib import equal, holds, promise, run
from lib.billing import Billing, charge

EUROS = """currency_names = { EUR = "Euro", USD = "US Dollar" }, receivables = { EUR = "Euro Receivables", USD = "Accounts Receivable" },
        exchange_rates = { EUR = "1.15", USD = "1" },"""
WIEN = {"name": "Wien Maschinen GmbH", "currency": "EUR", "firstName": "Lise", "lastName": "Meitner", "country": "Austria"}


class Currencies(Billing):
    """The file keeps dollars and euros; the tenant has named the euros' receivables and a rate."""

    def __init__(self, params=EUROS, **more):
        super().__init__(params=params, **more)
        self.books.post("/person/preferences", {"IsMultiCurrencyOn": True})
        self.books.post("/person/add", {"type": "Account",
                                        "set": {"Name": "Euro Receivables",
                                                "AccountType": "AccountsReceivable", "CurrencyRef": "Euro"}})


@promise("ALL-08: an account in euros is a customer in euros; his invoices, payments, "
         "credits and refunds stand on the euros' receivables, at the tenant's rate")
def in_euros():
    bed = Currencies()
    bed.zuora.post("/accounts", WIEN)
    bed.settle()
    account = bed.account(WIEN["name"])
    equal(bed.books.get("/records/Customer/" + WIEN["name"].replace(" ", "%20"))["CurrencyRef"]["FullName"],
          "Euro", "the customer")
    one, two = bed.invoice(account, charge("100.00")), bed.invoice(account, charge("33.33"))
    dollars = bed.invoice(bed.account(), charge("50.00"))
    payment = bed.pay(account, "90.00", (one, "80.00"))
    bed.zuora.post("/credit_memos", {"account": account["id"], "invoice": two["id"],
                                     "lines": [charge("3.33")],
                                     "apply": [{"invoice": two["id"], "amount": "3.33"}]})
    bed.settle()
    bed.both_agree()
    equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")
    equal((bed.document("Invoice", "INV00000001")["balance"],
           bed.document("Invoice", "INV00000002")["balance"]), ("20.00", "30.00"), "in euros")
    equal(bed.account_balance("Accounts Receivable"), Decimal("50.00"), "dollars stand apart")
    equal(bed.account_balance("Euro Receivables"), Decimal("46.00"),
          "40.00 euros, less the payment that is applied nowhere, at 1.15")
    equal(bed.account_balance("Stripe Clearing"), Decimal("103.50"), "what came in, in dollars")
    bed.zuora.post(f"/payments/{payment['id']}/refund", {"amount": "4.00"})
    check = bed.pay(account, "7.00", type="External", method="Check")
    bed.settle()
    bed.zuora.post(f"/payments/{check['id']}/refund", {"amount": "7.00", "method": "Check", "type": "External"})
    bed.settle()
    bed.both_agree()
    equal(bed.waiting("held") + bed.waiting("review"), [], "nobody is asked")
    equal(bed.account_balance("Stripe Clearing"), Decimal("98.90"), "4.00 euros went back")
    holds(dollars, "and dollars are what they were")


@promise("ALL-08: what is in another currency than its customer is kept in is held, money and credits too: 0 written")
def of_another():
    bed = Currencies()
    bed.settle()
    account = bed.account()
    before = len(bed.books.get("/books")["documents"])
    invoice = bed.invoice(account, charge("100.00"), currency="EUR")
    bed.pay(account, "100.00", (invoice, "100.00"), currency="EUR")
    bed.pay(account, "30.00", currency="EUR")
    bed.zuora.post("/credit_memos", {"account": account["id"], "lines": [charge("15.00")], "currency": "EUR"})
    bed.invoice(account, charge("12.00"))
    bed.settle()
    equal([d["total"] for d in bed.documents()[before:]], ["12.00"], "only what is in his own")
    equal(sorted(d["cause"] for d in bed.waiting("held")), ["currency"] * 3 + ["needs:books-zuora.invoice"],
          "each held, the payment of that invoice behind it")


@promise("ALL-08: a customer in euros becomes an account in euros; a currency that nobody has named waits")
def customers_in_euros():
    bed = Currencies()
    bed.books.post("/person/add",
                   {"type": "Customer", "set": {"Name": "Wien Maschinen", "LastName": "Meitner",
                                                "FirstName": "Lise", "CurrencyRef": "Euro"}})
    bed.settle()
    equal((bed.account("Wien Maschinen")["currency"], bed.account("Babbage Engines")["currency"]), ("EUR", "USD"))
    bed.invoice(bed.account("Wien Maschinen"), charge("10.00"))
    bed.zuora.post("/accounts", {"name": "Zagreb Strojevi", "currency": "CHF", "firstName": "Ada",
                                 "lastName": "Horvat", "country": "Croatia"})
    bed.settle()
    bed.both_agree()
    equal([d["cause"] for d in bed.waiting("held")], ["unknown_currency_names:CHF"], "francs are named nowhere")


@promise("ALL-08: without receivables and rates of the tenant QuickBooks takes its own; two receivables are never mixed")
def by_quickbooks():
    bed = Currencies(params='currency_names = { EUR = "Euro" },')
    bed.zuora.post("/accounts", WIEN)
    bed.settle()
    account = bed.account(WIEN["name"])
    invoice = bed.invoice(account, charge("100.00"))
    bed.pay(account, "100.00", (invoice, "100.00"))
    bed.settle()
    bed.both_agree()
    equal(bed.account_balance("Stripe Clearing"), Decimal("125.00"), "at the rate of its list")
    equal(bed.document("Invoice", "INV00000001")["balance"], "0.00")


if __name__ == "__main__":
    run()
