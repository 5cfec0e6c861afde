"""What every deployment with a company file has: the Web Connector is installed, visits, and all comes to rest."""
from . import bed

PASSWORD = "a-long-password-for-the-web-connector"


class WithBooks:
    """self.at: the deployment; self.books: the company file behind the connection acme/books; FLOWS: the flows that lead there and back."""

    FLOWS = None

    @property
    def host(self):
        return self.at.host

    def install_qwc(self):
        """What a person does at the PC with the file that `mlc qwc` gives."""
        code, qwc = self.at.say("qwc", "acme/books")
        assert code == 0, qwc
        status, _, body = bed.exchange(f"{self.books.control_url}/qwc?password={PASSWORD}", "POST", qwc.encode())
        assert status == 200, body

    def visit(self, **wish):
        return self.books.post("/visit", wish, timeout=300)

    def rest(self):
        """Until all that needs no visit is done."""
        self.at.mlc("sync", self.FLOWS, "--wait")

    def flows(self):
        return {name.split(".")[-1]: f for name, f in self.at.flow_counts().items()}

    def moves(self):
        """Is anything on its way?  What waits for a person is not."""
        return any(f["ready"] or f["waits"] or f["sending"] for f in self.flows().values())

    def settle(self, visits=10):
        """Visits until nothing is on its way; what waits for a person stays."""
        for _ in range(visits):
            self.rest()
            self.visit()
            self.rest()
            if not self.moves():
                return
        raise AssertionError(f"still on its way after {visits} visits: {self.flows()}")

    def waiting(self, what="review"):
        return self.at.list(what, limit=500)

    def documents(self, type_=None, voided=False):
        """Of the company file."""
        return [d for d in self.books.get("/books")["documents"] if (type_ is None or d["type"] == type_)
                and (voided or not d.get("void"))]
