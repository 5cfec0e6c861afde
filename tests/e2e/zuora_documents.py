"""What the host and the Zuora twin say to each other, held to Zuora's own documents."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "plugins", "zuora", "tests"))
from twin_lib import DOCUMENTS, disagreements, equal, holds, openapi, promise, run  # noqa: E402
from lib.billing import Billing, charge  # noqa: E402


@promise("each exchange of the host with the twin is one that Zuora's own documents know")
def exchanges():
    openapi.documents(*DOCUMENTS)  # or skip before anything is started
    bed = Billing()
    bed.at.mlc("ping", "acme/zuora")
    bed.settle()
    account = bed.account()
    invoice = bed.invoice(account, charge("100.00", "7.25"))
    payment = bed.pay(account, "60.00", (invoice, "50.00"))
    memo = bed.zuora.post("/credit_memos", {"account": account["id"], "lines": [charge("15.00")],
                                            "apply": [{"invoice": invoice["id"], "amount": "15.00"}]})
    bed.zuora.post(f"/payments/{payment['id']}/refund", {"amount": "10.00"})
    bed.zuora.post("/debit_memos", {"account": account["id"], "lines": [charge("5.00")]})
    bed.books.post("/person/edit", {"type": "Customer", "name": "Lovelace, Ada", "set": {"Phone": "555-0777"}})
    bed.settle()
    calls = openapi.of_calls(bed.zuora.get("/calls?bodies=1")["log"])
    equal(disagreements(calls), [])
    operations = {(c["method"], c["path"].split("?")[0].rstrip("0123456789abcdef")) for c in calls}
    holds(len(operations) > 15,
          f"{len(calls)} exchanges of {len(operations)} operations were looked at, after {memo['memoNumber']}")


if __name__ == "__main__":
    run()
