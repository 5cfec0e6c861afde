"""Sales tax: what QuickBooks, or the shop, has computed is in the books to the cent, under the agency it belongs to."""
from decimal import Decimal

from lib import CALIFORNIA, NEW_YORK, PARAMS, ShopBooks, equal, holds, person, promise, run

NEW_JERSEY = {"country": "US", "state": "NJ", "city": "Newark", "postcode": "07101"}
QUEBEC = {"country": "CA", "state": "QC", "city": "Montreal", "postcode": "H2X 1Y4"}
GERMANY = {"country": "DE", "state": "", "city": "Berlin", "postcode": "10115"}
CA, NY = "CA Dept of Tax and Fee Administration", "NY Dept of Taxation and Finance"
MONEY = """deposit_to = { default = "Stripe Clearing" }, payment_methods = { default = "Visa" },"""
BY_LINE = MONEY + """ tax = "line", zero_tax_item = "Out of State",
        tax_line_items = { ["US-NY-NY STATE-1"] = "NY Tax", ["US-NY-NYC-2"] = "NY Tax", ["US-NY-MCTD-3"] = "NY Tax", ["US-CA-CA STATE-1"] = "CA Tax",
          ["CA-QC-GST-1"] = "GST", ["CA-QC-QST-2"] = "QST" },"""


def at(where, n=1):
    return person("Buyer", f"Number {n}", f"buyer{n}@example.com", where)


def item(bed, name, account="Sales Tax Payable"):
    bed.books.post("/person/add", {"type": "ItemOtherCharge", "set": {
        "Name": name, "SalesTaxCodeRef": "Non", "SalesOrPurchase": {"Price": "0.00", "AccountRef": account}}})


def shop_tax(orders, of=None):
    return sum((Decimal(t["tax_total"]) + Decimal(t["shipping_tax_total"]) for o in orders for t in o["tax_lines"] if not of or t["label"] in of), Decimal(0))


def is_the_order(bed, order):
    """Subtotal + SalesTaxTotal is the order's total, and no line leaves its tax to QuickBooks; gives the invoice."""
    invoice = bed.invoice_of(order)
    holds(invoice,
          f"order {order['number']} is posted; it waits for {[d['cause'] for w in ('held', 'review') for d in bed.waiting(w)]}")
    equal(Decimal(invoice["subtotal"]) + Decimal(invoice["tax"]), Decimal(order["total"]),
          f"Subtotal + SalesTaxTotal of {order['number']}")
    return invoice


def amounts(invoice, name):
    return sum((Decimal(l["amount"]) for l in invoice["lines"] if l["item"] == name), Decimal(0))


def agency_tax(bed, agency):
    return Decimal(bed.books.get("/books")["tax"].get(agency, {"tax": "0"})["tax"])


@promise("WOO-29 tax = quickbooks: goods, untaxed goods, shipping, fee and coupon come to the order's "
         "total; tax per agency is the shop's")
def by_quickbooks():
    bed = ShopBooks()
    ny = [bed.place(billing=at(NEW_YORK, 1), lines=[{"sku": "MUG-RED", "quantity": 2}]),
          bed.place(billing=at(NEW_YORK, 2), lines=[{"sku": "MUG-BLUE", "quantity": 1}], shipping_total="8.00"),
          bed.place(billing=at(NEW_YORK, 3),
                    lines=[{"sku": "TSHIRT", "quantity": 2}, {"sku": "ENGRAVING", "quantity": 1}],
                    coupon="tenoff")]
    ca = [bed.place(billing=at(CALIFORNIA, 4), lines=[{"sku": "MUG-RED", "quantity": 2}], shipping_total="7.95"),
          bed.place(billing=at(CALIFORNIA, 5), lines=[{"sku": "ENGRAVING", "quantity": 3}, {"sku": "TSHIRT", "quantity": 1}],
                    fees=[{"name": "Wrapping", "total": "4.00"}])]
    bed.settle()
    invoices = {o["number"]: is_the_order(bed, o) for o in ny + ca}
    for order, name in [(o, "New York City") for o in ny] + [(o, "CA State") for o in ca]:
        equal(invoices[order["number"]]["tax_item"], name, "tax item")
    for agency, orders in ((NY, ny), (CA, ca)):
        rounded = sum(amounts(invoices[o["number"]], "Rounding") for o in orders)
        equal(agency_tax(bed, agency) + rounded, shop_tax(orders), f"tax of {agency}")
        holds(abs(rounded) <= Decimal("0.02") * len(orders), f"rounding of {rounded} is but cents")
    coded = {(l["item"], l["tax_code"]) for i in invoices.values() for l in i["lines"]}
    equal({c for i, c in coded if i in ("MUG-RED", "MUG-BLUE", "TSHIRT", "Fee")}, {"Tax"}, "codes of taxed lines")
    equal({c for i, c in coded if i in ("ENGRAVING", "Rounding")}, {"Non"}, "codes of untaxed lines")
    equal(next(l["tax_code"] for l in invoices[ny[1]["number"]]["lines"] if l["item"] == "Shipping"), "Tax",
          "shipping is taxed in New York")
    equal(next(l["tax_code"] for l in invoices[ca[0]["number"]]["lines"] if l["item"] == "Shipping"), "Non",
          "and not in California")
    bed.books_are_sound()


@promise("WOO-29 tax = quickbooks: a set of rates that the table does not name waits, and is never guessed")
def unknown_rates():
    bed = ShopBooks()
    order = bed.place(billing=at(QUEBEC), lines=[{"sku": "MUG-RED", "quantity": 1}])
    bed.settle()
    equal(bed.invoice_of(order), None)
    waits = [d["cause"] for w in ("held", "review") for d in bed.waiting(w) if d["flow"].endswith(".invoice")]
    equal(len(waits), 1, "deliveries that wait")
    holds("CA-QC-GST-1+CA-QC-QST-2" in waits[0], f"the cause names the set: {waits[0]}")


@promise("WOO-29 tax = line: tax is a line of its own per agency as the shop charged it, compound too; QuickBooks adds none")
def by_line():
    bed = ShopBooks(params=BY_LINE, hooks=True, mode="shadow")
    for name in ("NY Tax", "CA Tax", "GST", "QST"):
        item(bed, name)
    bed.at.mlc("go", "acme/shop-books", "--yes")
    ny = bed.place(billing=at(NEW_YORK, 1), lines=[{"sku": "TSHIRT", "quantity": 3}, {"sku": "MUG-RED", "quantity": 1},
                                                   {"sku": "ENGRAVING", "quantity": 1}], shipping_total="7.95", coupon="tenoff")
    ca = bed.place(billing=at(CALIFORNIA, 2), lines=[{"sku": "MUG-RED", "quantity": 3}], shipping_total="7.95")
    qc = bed.place(billing=at(QUEBEC, 3),
                   lines=[{"sku": "TSHIRT", "quantity": 1}, {"sku": "MUG-BLUE", "quantity": 1}],
                   shipping_total="9.99")
    bed.settle()
    for order, per_item in ((ny, {"NY Tax": ("NY State", "NYC", "MCTD")}), (ca, {"CA Tax": ("CA State",)}),
                            (qc, {"GST": ("GST",), "QST": ("QST",)})):
        invoice = is_the_order(bed, order)
        equal((Decimal(invoice["tax"]), invoice["tax_item"]), (0, "Out of State"), "what QuickBooks adds")
        equal({l["tax_code"] for l in invoice["lines"]}, {"Non"}, "codes of all lines")
        equal(amounts(invoice, "Rounding"), 0, "rounding")
        for name, labels in per_item.items():
            equal(amounts(invoice, name), shop_tax([order], labels), f"tax lines of {name}")
    equal(bed.balance_sheet("Sales Tax Payable"), -shop_tax([ny, ca, qc]), "sales tax that is owed")
    bed.books_are_sound()


@promise("WOO-29 tax = line: prices that include tax, and a shop that rounds at the subtotal, come to the cent")
def by_line_inclusive():
    bed = ShopBooks(params=BY_LINE, mode="shadow", shop={"prices_include_tax": "on", "tax_round_at_subtotal": "on"})
    for name in ("NY Tax", "CA Tax", "GST", "QST"):
        item(bed, name)
    bed.at.mlc("go", "acme/shop-books", "--yes")
    orders = [bed.place(billing=at(where, n),
                        lines=[{"sku": "TSHIRT", "quantity": 3}, {"sku": "MUG-RED", "quantity": 1}],
                        coupon="tenoff", shipping_total="7.95")
              for n, where in enumerate((NEW_YORK, CALIFORNIA, QUEBEC), 1)]
    bed.settle()
    for order in orders:
        invoice = is_the_order(bed, order)
        equal(sum(amounts(invoice, n) for n in ("NY Tax", "CA Tax", "GST", "QST")), shop_tax([order]), "tax lines")
    bed.books_are_sound()


@promise("WOO-29 tax = quickbooks: prices that include tax, and a shop that rounds at the subtotal, come to the cent")
def by_quickbooks_inclusive():
    bed = ShopBooks(shop={"prices_include_tax": "on", "tax_round_at_subtotal": "on"})
    orders = [bed.place(billing=at(where, n),
                        lines=[{"sku": "TSHIRT", "quantity": 3}, {"sku": "MUG-RED", "quantity": 1}],
                        coupon="tenoff")
              for n, where in enumerate((NEW_YORK, CALIFORNIA), 1)]
    bed.settle()
    for order in orders:
        invoice = is_the_order(bed, order)
        holds(abs(amounts(invoice, "Rounding")) <= Decimal("0.05"), "within rounding_max")
    bed.books_are_sound()


@promise("WOO-29 tax = off: where sales tax is not in use no reference to it is sent; an order that bears tax is held")
def off():
    bed = ShopBooks(params=MONEY + ' tax = "off",', mode="shadow")
    bed.books.post("/person/preferences", {"SalesTax": False})
    bed.at.mlc("go", "acme/shop-books", "--yes")
    plain = bed.place(billing=at(NEW_JERSEY, 1), lines=[{"sku": "MUG-RED", "quantity": 2}], shipping_total="7.95")
    taxed = bed.place(billing=at(NEW_YORK, 2), lines=[{"sku": "MUG-RED", "quantity": 2}])
    bed.settle()
    invoice = is_the_order(bed, plain)
    equal({l.get("tax_code") for l in invoice["lines"]}, {None}, "codes")
    equal(invoice.get("tax_item"), None, "tax item")
    equal(bed.invoice_of(taxed), None)
    equal({d["cause"] for d in bed.waiting("held") if d["flow"].endswith(".invoice")}, {"tax_unexpected"})
    bed.books_are_sound()


@promise("WOO-29: sales tax that is switched off in QuickBooks while the flow uses it holds everything, and status says why")
def preference_missing():
    bed = ShopBooks(mode="shadow")
    bed.books.post("/person/preferences", {"SalesTax": False})
    bed.at.mlc("go", "acme/shop-books", "--yes")
    order = bed.place(lines=[{"sku": "MUG-RED", "quantity": 1}])
    bed.visit()
    bed.rest()
    bed.visit()
    equal(bed.documents("Invoice"), [])
    holds("sales tax is switched off in QuickBooks" in bed.at.say("status", "acme")[1], "status says why")
    bed.books.post("/person/preferences", {"SalesTax": True})
    bed.settle()  # the next visit that asks anything reads the preferences
    bed.at.mlc("release", "acme", "--cause", "requires:sales_tax")
    bed.settle()
    is_the_order(bed, order)


@promise("WOO-37: out of state, exempt, zero-rated and reverse charge: four orders, "
         "each under the tax item that the tenant named; goods stay taxable")
def no_tax_due():
    params = PARAMS.replace('none = "Out of State"',
                            'none = "Out of State", exempt = "Exempt Sale", ["US-NY-NY FOOD EXEMPT-1"] = "Zero Rated"')
    bed = ShopBooks(params=params, mode="shadow")
    for name in ("Exempt Sale", "Zero Rated"):
        bed.books.post("/person/add", {"type": "ItemSalesTax", "set": {"Name": name, "TaxRate": "0.0", "TaxVendorRef": NY}})
    bed.at.mlc("go", "acme/shop-books", "--yes")
    vat = [{"key": "is_vat_exempt", "value": "yes"}]
    far = bed.place(billing=at(NEW_JERSEY, 1), lines=[{"sku": "MUG-RED", "quantity": 1}])
    exempt = bed.place(billing=at(NEW_YORK, 2), lines=[{"sku": "MUG-BLUE", "quantity": 2}], exempt=True, meta_data=vat)
    zero = bed.place(billing=at(NEW_YORK, 3), lines=[{"sku": "TSHIRT", "quantity": 1, "tax_class": "food"}])
    reverse = bed.place(billing={**at(GERMANY, 4), "company": "Muster GmbH"},
                        lines=[{"sku": "MUG-RED", "quantity": 3}], exempt=True, meta_data=vat)
    bed.settle()
    for order, name in ((far, "Out of State"), (exempt, "Exempt Sale"), (zero, "Zero Rated"), (reverse, "Exempt Sale")):
        invoice = is_the_order(bed, order)
        equal((invoice["tax_item"], Decimal(invoice["tax"])), (name, 0), f"order {order['number']}")
        equal({l["tax_code"] for l in invoice["lines"]}, {"Tax"}, "goods stay taxable")
    record = bed.books.get(f"/records/Invoice/{bed.invoice_of(exempt)['id']}")
    equal(record["CustomerSalesTaxCodeRef"]["FullName"], "Non", "customer tax code of an exempt sale")
    report = bed.books.get("/books")["tax"]
    equal(Decimal(report[NY]["tax"]), 0, "New York")
    equal(Decimal(report[NY]["items"]["Zero Rated"]["taxable"]), Decimal(zero["total"]), "zero-rated sales")
    equal(Decimal(report[NY]["items"]["Exempt Sale"]["other"]),
          Decimal(exempt["total"]) + Decimal(reverse["total"]), "exempt sales")
    equal(Decimal(report[CA]["items"]["Out of State"]["taxable"]), Decimal(far["total"]), "out-of-state sales")


@promise("WOO-38: tax rounded per line against per subtotal leaves a cent: a non-taxable rounding line, "
         "and the total is the order's")
def a_cent():
    bed = ShopBooks()
    order = bed.place(billing=at(CALIFORNIA), lines=[{"sku": "MUG-RED", "quantity": 1, "price": "0.35"},
                                                     {"sku": "MUG-BLUE", "quantity": 1, "price": "0.35"},
                                                     {"sku": "TSHIRT", "quantity": 1, "price": "0.35"}])
    bed.settle()
    invoice = is_the_order(bed, order)
    rounding = [l for l in invoice["lines"] if l["item"] == "Rounding"]
    equal([(Decimal(l["amount"]), l["tax_code"]) for l in rounding],
          [(Decimal(order["total_tax"]) - Decimal(invoice["tax"]), "Non")])
    holds(Decimal(rounding[0]["amount"]) != 0, "the shop and QuickBooks differ")


@promise("WOO-38: a difference above rounding_max is held before anything is written")
def too_much():
    bed = ShopBooks(mode="shadow")
    bed.books.post("/person/edit", {"type": "ItemSalesTax", "name": "CA State", "set": {"TaxRate": "8.0"}})
    bed.at.mlc("go", "acme/shop-books", "--yes")
    order = bed.place(billing=at(CALIFORNIA), lines=[{"sku": "MUG-RED", "quantity": 2}])
    bed.settle()
    equal(bed.invoice_of(order), None)
    equal([d["cause"] for d in bed.waiting("held") if d["flow"].endswith(".invoice")], ["out_of_balance"])


@promise("WOO-38: a rate changed in QuickBooks between plan and write goes to review with both figures, never to done")
def changed_between():
    bed = ShopBooks()
    order = bed.place(billing=at(CALIFORNIA), lines=[{"sku": "MUG-RED", "quantity": 2}])
    bed.books.fault(kind="edit_before", path="InvoiceAddRq",
                    edit={"type": "ItemSalesTax", "name": "CA State", "set": {"TaxRate": "8.0"}})
    bed.settle()
    written = bed.invoice_of(order)
    holds(Decimal(written["total"]) != Decimal(order["total"]), "QuickBooks has computed another tax")
    reviews = [d for d in bed.waiting("review") if d["flow"].endswith(".invoice")]
    equal([d["cause"] for d in reviews], ["total_differs"])
    for figure in (order["total"], written["total"]):
        holds(figure in reviews[0]['why'], f"the review says {figure}: {reviews[0]['why']}")
    equal([d for d in bed.waiting("done") if d["flow"].endswith(".invoice")], [])


run()
