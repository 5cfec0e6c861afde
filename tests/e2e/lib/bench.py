"""A desk for many conversations one after the other; what goes over the line is watched."""
from .desk import Desk, order
from .witness import Witness


class Bench(Desk):
    def __init__(self, **more):
        super().__init__(**more)
        self.witness = Witness()
        self.number = 1000
        self.all = []
        self.settle()

    def visit(self, **wish):
        visit = super().visit(**wish)
        self.witness.see(visit)
        return visit

    def two_orders(self):
        self.number += 2
        mine = [order(self.number - 1), order(self.number)]
        self.all += mine
        self.post(*mine)
        return mine

    def after(self, mine, what):
        """Nothing breaks any more: visits until nothing is left, and then all is there once."""
        self.books.control("DELETE", "/faults")
        try:
            self.settle()
            self.posted_once(*mine)
        except AssertionError as wrong:
            raise AssertionError(f"{what}: {wrong}") from wrong
