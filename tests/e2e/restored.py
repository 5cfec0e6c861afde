#!/usr/bin/env python3
"""A store that was restored from a backup does not know what was posted since: nothing is written before a person has looked."""
import os
import shutil
from decimal import Decimal

from lib import ShopBooks, equal, holds, promise, run
from lib.bed import folder


def restore(bed, backup):
    """The host is gone, and its store with it; the backup is all there is."""
    bed.at.host.kill()
    state = bed.at.file("state")
    for name in os.listdir(state):
        if name.startswith("mlc.db") or name.startswith("audit"):
            os.remove(os.path.join(state, name))
    bed.at.mlc("restore", backup)
    bed.at.start()


@promise("ALL-14: a backup made while it runs, more posted, the store lost and restored: "
         "nothing is written before go, and nothing is there twice after it")
def from_a_backup():
    bed = ShopBooks()
    before = [bed.place(lines=[{"sku": "MUG-RED", "quantity": n}]) for n in (1, 2)]
    bed.settle()
    backup = os.path.join(folder(), "monday.backup")
    bed.at.mlc("backup", backup)
    equal([(row["who"][:4], row["detail"]["file"]) for row in bed.at.mlc("audit", "--move", "backup")["audit"]], [("cli:", backup)], "who took a copy")
    since = [bed.place(lines=[{"sku": "MUG-BLUE", "quantity": n}], status="processing") for n in (3, 4)]
    bed.settle()
    posted = len(bed.documents())
    restore(bed, backup)
    fresh = bed.place(lines=[{"sku": "TSHIRT", "quantity": 1}])
    bed.settle()
    equal(len(bed.documents()), posted, "documents before go")
    status = bed.at.mlc("status")
    holds("restored" in str(status), f"status does not say why nothing is posted: {status}")
    would = {d["label"] for d in bed.waiting("would") if d["flow"].endswith(".invoice")}
    holds(f"order {fresh['number']}" in would, f"the new order is not shown: {would}")
    bed.at.mlc("go", "acme/shop-books", "--yes")
    bed.settle()
    for order in (*before, *since, fresh):
        invoice = bed.invoice_of(order)  # raises when there are two
        equal(Decimal(invoice["total"]), Decimal(order["total"]), f"order {order['number']}")
        equal(Decimal(invoice["balance"]), 0, f"what is open of order {order['number']}")
    numbers = [d["number"] for d in bed.documents("ReceivePayment")]
    equal(len(numbers), 5, f"payments {numbers}")
    bed.books_are_sound()
    equal(bed.at.mlc("audit", "verify")["tenants"]["acme"]["ok"], True, "the trail")


@promise("restore puts the backup where mlc.lua says that the store and the key are")
def into_its_place():
    bed = ShopBooks(hooks=False)
    backup, other, place = (os.path.join(folder(), name) for name in ("b", "moved", "elsewhere"))
    bed.at.mlc("backup", backup)
    bed.at.run("init", other, raw=True)
    os.mkdir(place)
    os.rename(os.path.join(other, "state", "master.key"), os.path.join(place, "not.this"))
    shutil.copy(bed.at.file("state", "master.key"), os.path.join(place, "the.key"))
    with open(os.path.join(other, "mlc.lua"), "w") as f:
        f.write(f'return {{ store = "{place}", key_file = "{place}/the.key" }}\n')
    code, _, said = bed.at.run("restore", backup, "--dir", other, raw=True)
    equal(code, 0, said)
    holds(os.path.exists(os.path.join(place, "mlc.db")), os.listdir(place))
    holds(not os.path.exists(os.path.join(other, "state", "mlc.db")), "not there where nobody looks")


@promise("restore refuses a deployment that has a store, a file that is no backup, and the wrong master key")
def refused():
    bed = ShopBooks(hooks=False)
    backup = os.path.join(folder(), "b")
    bed.at.mlc("backup", backup)
    code, _, said = bed.at.run("backup", backup)
    equal(code, 1, f"over an older backup: {said}")
    bed.at.host.stop()
    code, _, said = bed.at.run("restore", backup)
    holds(code == 1 and "mlc.db" in said, said)
    other = os.path.join(folder(), "other")
    bed.at.run("init", other, raw=True)
    junk = os.path.join(folder(), "junk")
    with open(junk, "wb") as f:
        f.write(b"no backup" * 1000)
    for file in (junk, junk + ".none"):
        code, _, said = bed.at.run("restore", file, "--dir", other, raw=True)
        holds(code == 1 and file in said, said)
    code, _, said = bed.at.run("restore", backup, "--dir", other, raw=True)
    holds(code == 1 and "key" in said, f"exit status {code} with another master key: {said}")
    shutil.copy(bed.at.file("state", "master.key"), os.path.join(other, "state", "master.key.new"))
    os.replace(os.path.join(other, "state", "master.key.new"), os.path.join(other, "state", "master.key"))
    code, _, said = bed.at.run("restore", backup, "--dir", other, raw=True)
    equal(code, 0, said)


if __name__ == "__main__":
    run()
