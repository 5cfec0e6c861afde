"""The money of orders: paid, open, given back, cancelled.  Balances and accounts are the twins' own, never ours."""
from decimal import Decimal

from lib import CALIFORNIA, PARAMS, ShopBooks, equal, holds, person, promise, run

BUYER = person("Grace", "Murray", "grace@example.com")
MUGS = [{"sku": "MUG-RED", "quantity": 2}, {"sku": "TSHIRT", "quantity": 1}]
BY_LINE = PARAMS.replace('tax = "quickbooks"',
                         'tax = "line", zero_tax_item = "Out of State", tax_line_items = { default = "Web Tax" }')


def balance_of(bed, email):
    """What a customer owes, all of it: invoices, credits, payments."""
    found = [c for c in bed.books.get("/books")["customers"] if (c.get("email") or "").lower() == email]
    equal(len(found), 1, f"customers with {email}")
    return Decimal(found[0]["total_balance"])


def pay_back(bed, order, **what):
    bed.shop.post(f"/orders/{order['id']}/refund", what)
    bed.deliver()
    bed.settle()


def total(documents):
    return sum((Decimal(d["total"]) for d in documents), Decimal(0))


@promise("WOO-39: paid orders leave nothing open, and each clearing account holds what its gateway took")
def receivables_are_zero():
    bed = ShopBooks()
    stripe = [bed.place(billing=BUYER, lines=MUGS, shipping_total="7.95") for _ in range(3)]
    paypal = bed.place(billing=person("Hedy", "Kiesler", "hedy@example.com", CALIFORNIA), lines=MUGS, payment_method="paypal")
    bed.settle()
    equal(bed.balance_sheet("Accounts Receivable"), 0, "receivables")
    equal(bed.balance_sheet("Stripe Clearing"), sum(Decimal(o["total"]) for o in stripe))
    equal(bed.balance_sheet("PayPal Clearing"), Decimal(paypal["total"]))
    equal(len(bed.documents("ReceivePayment")), 4, "payments")
    for payment in bed.documents("ReceivePayment"):
        equal(Decimal(payment["unused"]), 0, "unused of a payment")
        equal(len(payment["applied"]), 1, "invoices that a payment is applied to")
    bed.books_are_sound()


@promise("WOO-40: cash on delivery is an open invoice when it is sent, and paid when the money has come; "
         "a bank transfer waits for its money")
def cash_on_delivery():
    bed = ShopBooks()
    cod = bed.place(billing=BUYER, lines=MUGS, payment_method="cod")
    bacs = bed.place(billing=BUYER, lines=MUGS, payment_method="bacs", status="on-hold")
    bed.settle()
    equal(Decimal(bed.invoice_of(cod)["balance"]), Decimal(cod["total"]), "open")
    equal(bed.invoice_of(bacs), None)
    bed.shop.post(f"/orders/{cod['id']}/pay", {})
    bed.deliver()
    bed.settle()
    equal(Decimal(bed.invoice_of(cod)["balance"]), 0, "open after it was paid")
    equal(bed.balance_sheet("Undeposited Funds"), Decimal(cod["total"]))
    equal(bed.balance_sheet("Accounts Receivable"), 0)


@promise("WOO-15: refunds of a paid order, by line, of shipping, by amount: credit memos, "
         "money out of the clearing account, nothing left open")
def refunds_of_a_paid_order():
    bed = ShopBooks()
    order = bed.place(billing=BUYER, lines=MUGS, shipping_total="7.95")
    bed.settle()
    pay_back(bed, order, lines=[{"index": 1, "quantity": 1}], paid_back=True, reason="one arrived broken")
    pay_back(bed, order, shipping=True, paid_back=True)
    pay_back(bed, order, amount="3.00", paid_back=True, reason="goodwill")
    refunds = bed.order(order["id"])["refunds"]
    equal(len(refunds), 3, "refunds in the shop")
    given_back = -sum(Decimal(r["total"]) for r in refunds)
    memos, money = bed.documents("CreditMemo"), bed.documents("ARRefundCreditCard")
    equal((len(memos), len(money)), (3, 3), "credit memos and refunds")
    equal((total(memos), total(money)), (given_back, given_back))
    equal(balance_of(bed, "grace@example.com"), 0, "what she owes")
    equal(bed.balance_sheet("Stripe Clearing"), Decimal(order["total"]) - given_back)
    bed.books_are_sound()


@promise("WOO-15: an order that is refunded in full, without lines, is mirrored: income, tax, "
         "receivables and clearing are back at zero")
def refunded_in_full():
    bed = ShopBooks()
    order = bed.place(billing=BUYER, lines=MUGS, shipping_total="7.95", fees=[{"name": "Gift wrap", "total": "3.00"}])
    bed.settle()
    pay_back(bed, order, amount=order["total"], paid_back=True)
    equal(bed.order(order["id"])["status"], "refunded")
    for account in ("Accounts Receivable", "Stripe Clearing", "Sales Tax Payable", "Sales", "Freight Income"):
        equal(bed.balance_sheet(account), 0, account)
    bed.books_are_sound()


@promise("WOO-15: paid and refunded before we ever saw it: invoice, payment, memo and money back, each once")
def refunded_before_we_came():
    bed = ShopBooks()
    order = bed.place(billing=BUYER, lines=MUGS)
    bed.shop.post(f"/orders/{order['id']}/refund", {"amount": order["total"], "paid_back": True})
    bed.deliver()
    bed.settle()
    equal([len(bed.documents(t)) for t in ("Invoice", "ReceivePayment", "CreditMemo", "ARRefundCreditCard")], [1, 1, 1, 1])
    equal(bed.balance_sheet("Accounts Receivable"), 0)
    equal(bed.balance_sheet("Stripe Clearing"), 0)
    equal(bed.waiting("review"), [])


@promise("WOO-15: the memo of an order that was never paid is set against its invoice, and later only the rest is paid")
def refund_of_an_unpaid_order():
    bed = ShopBooks()
    order = bed.place(billing=BUYER, lines=MUGS, payment_method="cod")
    bed.settle()
    pay_back(bed, order, lines=[{"index": 1, "quantity": 1}])
    back = -Decimal(bed.order(order["id"])["refunds"][0]["total"])
    rest = Decimal(order["total"]) - back
    equal(bed.documents("ARRefundCreditCard") + bed.documents("Check"), [], "money that went out")
    equal(Decimal(bed.invoice_of(order)["balance"]), rest, "open after the refund")
    equal(Decimal(bed.documents("CreditMemo")[0]["unused"]), 0, "of the credit")
    bed.shop.post(f"/orders/{order['id']}/pay", {})
    bed.deliver()
    bed.settle()
    equal(bed.balance_sheet("Accounts Receivable"), 0)
    equal(bed.balance_sheet("Undeposited Funds"), rest)
    equal(bed.waiting("review"), [])


@promise("WOO-15: what the gateway did not pay back is asked about; by check where the tenant says so")
def refunds_by_hand():
    bed = ShopBooks(more='refund_by = { stripe = "check" }, refund_from = { stripe = "Checking" },')
    order = bed.place(billing=BUYER, lines=MUGS)
    bed.settle()
    pay_back(bed, order, amount="5.00")
    equal([d["cause"] for d in bed.waiting("review")], ["paid_back_by_hand"])
    bed.at.mlc("decide", "acme", "--cause", "paid_back_by_hand", "--choice", "post")
    bed.settle()
    checks = bed.documents("Check")
    equal([Decimal(c["total"]) for c in checks], [Decimal("5.00")])
    equal(bed.balance_sheet("Checking"), Decimal("-5.00"))
    equal(balance_of(bed, "grace@example.com"), 0)
    bed.books_are_sound()


@promise("WOO-29: tax as lines equals the shop's to the cent, per order and in sum, refunds too")
def tax_by_lines():
    bed = ShopBooks(params=BY_LINE)
    orders = [bed.place(billing=BUYER, lines=MUGS, shipping_total="7.95"),
              bed.place(billing=person("Hedy", "Kiesler", "hedy@example.com", CALIFORNIA),
                        lines=MUGS + [{"sku": "ENGRAVING", "quantity": 1}]),
              bed.place(billing=BUYER, lines=[{"sku": "TSHIRT", "quantity": 7}], coupon="tenoff")]
    bed.settle()
    for order in orders:
        equal(Decimal(bed.invoice_of(order)["total"]), Decimal(order["total"]))
    equal(-bed.balance_sheet("Sales Tax Payable"), sum(Decimal(o["total_tax"]) for o in orders), "sales tax payable")
    pay_back(bed, orders[0], lines=[{"index": 2, "quantity": 1}], paid_back=True)
    back = -Decimal(bed.order(orders[0]["id"])["refunds"][0]["total_tax"])
    equal(-bed.balance_sheet("Sales Tax Payable"), sum(Decimal(o["total_tax"]) for o in orders) - back, "after the refund")
    equal({d["tax_item"] for d in bed.documents("Invoice")}, {"Out of State"})
    bed.books_are_sound()


@promise("WOO-39: as a sales receipt, sale and money are one document; its refund leaves the clearing account")
def as_sales_receipts():
    bed = ShopBooks(more='document = "sales_receipt",')
    order = bed.place(billing=BUYER, lines=MUGS, shipping_total="7.95")
    bed.settle()
    receipts = bed.documents("SalesReceipt")
    equal([(Decimal(r["total"]), r["deposit_to"], r["payment_method"]) for r in receipts],
          [(Decimal(order["total"]), "Stripe Clearing", "Visa")])
    equal(bed.documents("Invoice") + bed.documents("ReceivePayment"), [])
    pay_back(bed, order, lines=[{"index": 1, "quantity": 2}], paid_back=True)
    back = -Decimal(bed.order(order["id"])["refunds"][0]["total"])
    equal(bed.balance_sheet("Stripe Clearing"), Decimal(order["total"]) - back)
    equal(bed.balance_sheet("Accounts Receivable"), 0)
    bed.books_are_sound()


@promise("WOO-41: status moves and notes of posted orders write nothing and ask nothing, "
         "even when a product of theirs was deleted")
def status_moves():
    bed = ShopBooks()
    orders = [bed.place(billing=BUYER, lines=MUGS) for _ in range(10)]
    bed.settle()
    before = {d["id"]: d["edit_sequence"] for d in bed.documents()}
    for product in bed.shop.get("/products"):
        if product["sku"] == "TSHIRT":
            bed.shop.control("DELETE", f"/products/{product['id']}")
    equal(bed.order(orders[0]["id"])["line_items"][1]["sku"], None, "the SKU of a deleted product")
    for order in orders:
        bed.shop.post(f"/orders/{order['id']}/status", {"status": "completed"})
        bed.shop.post(f"/orders/{order['id']}/edit", {"customer_note": "thank you"})
    bed.deliver()
    bed.settle()
    equal({d["id"]: d["edit_sequence"] for d in bed.documents()}, before, "documents and their versions")
    equal(bed.waiting("review") + bed.waiting("held"), [])


@promise("WOO-34 WOO-18: changed lines and addresses of an unpaid order reach its invoice; "
         "WOO-41: a paid one takes a new address, but other money is a question")
def changed_orders():
    bed = ShopBooks()
    cod = bed.place(billing=BUYER, lines=MUGS, payment_method="cod")
    paid = bed.place(billing=BUYER, lines=MUGS)
    bed.settle()
    bed.shop.post(f"/orders/{cod['id']}/edit", {"lines": [{"sku": "MUG-RED", "quantity": 5}]})
    bed.shop.post(f"/orders/{paid['id']}/edit", {"billing": {"address_1": "9 Hill Street"}})
    bed.deliver()
    bed.settle()
    equal(Decimal(bed.invoice_of(cod)["total"]), Decimal(bed.order(cod["id"])["total"]), "the new total")
    equal(len(bed.invoice_of(cod)["lines"]), 1, "lines")
    invoice = bed.books.get(f"/records/Invoice/{bed.invoice_of(paid)['id']}")
    equal(invoice["BillAddress"]["Addr2"], "9 Hill Street")
    equal(bed.waiting("review"), [])
    bed.shop.post(f"/orders/{paid['id']}/edit", {"lines": [{"sku": "MUG-RED", "quantity": 1}]})
    bed.deliver()
    bed.settle()
    equal([d["cause"] for d in bed.waiting("review")], ["posted_changed"])
    equal(Decimal(bed.invoice_of(paid)["total"]), Decimal(paid["total"]), "the invoice stands as it was")
    bed.books_are_sound()


@promise("WOO-45 WOO-34: a buyer whom we made is kept as the newest order and the account have him; "
         "one of the books keeps what he has")
def customers_are_kept_current():
    bed = ShopBooks()
    bed.place(billing=BUYER, lines=MUGS)
    bed.settle()
    bed.place(billing={**BUYER, "address_1": "9 Hill Street", "city": "Albany", "postcode": "12207"}, lines=MUGS)
    bed.place(billing=person("Ada", "Byron King", "ada@example.com", CALIFORNIA), lines=MUGS)
    bed.settle()
    grace = bed.books.get("/records/Customer/Grace%20Murray")
    equal((grace["BillAddress"]["Addr2"], grace["BillAddress"]["City"]), ("9 Hill Street", "Albany"))
    ada = bed.books.get("/records/Customer/Lovelace,%20Ada")
    equal(ada["BillAddress"]["Addr2"], "12 St James's Sq")
    bed.books.post("/person/edit", {"type": "Customer", "name": "Grace Murray", "set": {"Phone": "555-0100"}})
    bed.place(billing={**BUYER, "address_1": "1 New Road", "city": "Albany", "postcode": "12207"}, lines=MUGS)
    bed.settle()
    grace = bed.books.get("/records/Customer/Grace%20Murray")
    equal((grace["BillAddress"]["Addr2"], grace["Phone"]), ("1 New Road", "555-0100"),
          "address from the shop, phone from the bookkeeper")
    equal(bed.waiting("review"), [])


@promise("WOO-35: a cancelled order that nobody paid is voided; a paid one is a question; "
         "ALL-13: what a person voided is not made again")
def cancelled_orders():
    bed = ShopBooks()
    cod, paid, by_hand = (bed.place(billing=BUYER, lines=MUGS, payment_method=m) for m in ("cod", "stripe", "cod"))
    bed.settle()
    bed.books.post("/person/void", {"type": "Invoice", "id": bed.invoice_of(by_hand)["id"]})
    bed.shop.post(f"/orders/{cod['id']}/status", {"status": "cancelled"})
    bed.shop.post(f"/orders/{paid['id']}/status", {"status": "cancelled"})
    bed.shop.post(f"/orders/{by_hand['id']}/edit", {"lines": [{"sku": "MUG-RED", "quantity": 5}]})
    bed.deliver()
    bed.settle()
    equal(bed.invoice_of(cod), None, "an invoice that is not voided")
    equal(len([d for d in bed.documents("Invoice", voided=True) if d["void"]]), 2, "voided invoices")
    equal(sorted(d["cause"] for d in bed.waiting("review")), ["called_off_after_post", "gone_in_target"])
    holds(bed.invoice_of(paid), "the paid one stands")
    bed.books_are_sound()


@promise("WOO-42: an invoice typed by hand for this order is linked and left as it is; "
         "a number of somebody else's is a question")
def typed_by_hand():
    bed = ShopBooks()
    bed.place(billing=BUYER, lines=MUGS)
    bed.settle()
    first = bed.documents("Invoice")[0]
    numbers = [int(first["number"][1:]) + n for n in (1, 2)]
    for number, customer in zip(numbers, ("Grace Murray", "Babbage Engines")):
        bed.books.post("/person/add", {"type": "Invoice",
                                       "set": {"CustomerRef": {"FullName": customer},
                                               "RefNumber": f"W{number}", "TxnDate": first["date"],
            "ItemSalesTaxRef": {"FullName": "New York City"}, "lines": [{"ItemRef": {"FullName": line["item"]},
                                                                         "Quantity": line.get("quantity"), "Amount": line["amount"],
                "SalesTaxCodeRef": {"FullName": line["tax_code"]}} for line in first["lines"]]}})
    orders = [bed.place(billing=BUYER, lines=MUGS) for _ in numbers]
    equal([int(o["number"]) for o in orders], numbers)
    bed.settle()
    equal(len(bed.documents("Invoice")), 3, "invoices")
    equal([d["cause"] for d in bed.waiting("review")], [f"number_taken:W{numbers[1]}"])
    bed.books_are_sound()


@promise("WOO-44: registered customers only: guests share one, and the list of names does not grow with them")
def guests_share_one():
    bed = ShopBooks(more='customers = "registered_only",')
    guest = bed.place(billing=person("Alan", "Mathison", "alan@example.com"), lines=MUGS)
    known = bed.place(customer={"email": "grace@example.com", "first_name": "Grace", "last_name": "Murray"},
                      billing=BUYER, lines=MUGS)
    bed.settle()
    equal((bed.invoice_of(guest)["customer"], bed.invoice_of(known)["customer"]), ("Web Customer", "Grace Murray"))


@promise("WOO-47: inventory goes down by what was sold; a group item becomes a group line when its prices agree, else it waits")
def stock_and_groups():
    bed = ShopBooks()
    bed.shop.post("/products", {"sku": "GIFT-SET", "name": "Gift set", "price": "38.00", "stock": 10, "tax_status": "none"})
    stock = Decimal(bed.books.get("/books")["stock"]["MUG-RED"]["quantity"])
    bed.place(billing=BUYER, lines=[{"sku": "MUG-RED", "quantity": 3}])
    cheap = bed.place(billing=BUYER, lines=[{"sku": "GIFT-SET", "quantity": 1, "price": "30.00"}])
    oregon = {"country": "US", "state": "OR", "city": "Salem", "postcode": "97301"}
    whole = bed.place(billing=person("Mary", "Shelley", "mary@example.com", oregon), lines=[{"sku": "GIFT-SET", "quantity": 1}])
    bed.settle()
    equal(Decimal(bed.books.get("/books")["stock"]["MUG-RED"]["quantity"]), stock - 3 - 2)
    equal([(line["item"], Decimal(line["amount"])) for line in bed.invoice_of(whole)["lines"]],
          [("MUG-RED", Decimal("28.00")), ("ENGRAVING", Decimal("10.00"))])
    equal(bed.invoice_of(cheap), None)
    equal([d["cause"] for d in bed.waiting("held") if d["flow"].endswith("invoice")], ["group_price:GIFT-SET"])


@promise("ALL-08: an order in euros is not written into books kept in dollars")
def euros():
    bed = ShopBooks()
    bed.place(billing=BUYER, lines=MUGS, currency="EUR")
    bed.settle()
    equal(bed.documents("Invoice"), [])
    holds("currency" in {d["cause"] for d in bed.waiting("held")}, "held, cause currency")


@promise("ALL-08: where the books keep several currencies an order in euros is its buyer's, "
         "on the euros' receivables at the tenant's rate; for a buyer kept in dollars it is held")
def several_currencies():
    bed = ShopBooks(more='receivables = { EUR = "Euro Receivables", USD = "Accounts Receivable" }, exchange_rates = { EUR = "1.15", USD = "1" }, '
                         'currency_names = { EUR = "Euro", USD = "US Dollar" },')
    bed.books.post("/person/preferences", {"IsMultiCurrencyOn": True})
    bed.books.post("/person/add",
                   {"type": "Account", "set": {"Name": "Euro Receivables",
                                               "AccountType": "AccountsReceivable", "CurrencyRef": "Euro"}})
    bed.books.post("/person/add", {"type": "Customer", "set": {"Name": "Mary Shelley", "Email": "mary@example.com"}})
    wien = {"country": "AT", "city": "Wien", "postcode": "1010"}
    euros = bed.place(billing=person("Lise", "Meitner", "lise@example.at", wien),
                      lines=[{"sku": "MUG-RED", "quantity": 2}], currency="EUR", paid=True)
    dollars = bed.place(billing=BUYER, lines=MUGS, paid=True)
    mixed = bed.place(billing=person("Mary", "Shelley", "mary@example.com"), lines=MUGS, currency="EUR", paid=True)
    bed.settle()
    held = bed.books_are_sound()
    equal((bed.invoice_of(euros)["total"], bed.invoice_of(euros)["balance"]), (euros["total"], "0.00"), "posted and paid")
    equal({c["name"]: c["balance"] for c in held["customers"]
           if c["name"] in ("Lise Meitner", "Mary Shelley")},
          {"Lise Meitner": "0.00", "Mary Shelley": "0.00"})
    equal(bed.books.get("/records/Customer/Lise%20Meitner")["CurrencyRef"]["FullName"], "Euro", "he is kept in euros")
    takings = (Decimal(euros["total"]) * Decimal("1.15")).quantize(Decimal("0.01")) + Decimal(dollars["total"])
    equal(bed.balance_sheet("Stripe Clearing"), takings, "in dollars")
    equal(bed.invoice_of(mixed), None, "a buyer in dollars has no invoice in euros")
    equal({d["cause"] for d in bed.waiting("held") if d["flow"].endswith("invoice")}, {"currency"})
    bed.books.post("/person/edit", {"type": "Customer", "name": "Mary Shelley", "set": {"CurrencyRef": "Euro"}})
    bed.visit()
    bed.at.mlc("release", "acme")
    bed.settle()
    equal(bed.invoice_of(mixed)["total"], mixed["total"], "the bookkeeper has made her one in euros")


run()
