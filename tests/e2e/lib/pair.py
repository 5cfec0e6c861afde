"""A ledger and a crm (tests/connectors) that are kept in step, with the host between them."""
from .bed import Deployment, Twin
from .tap import eventually

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

TENANT = """return tenant {{
  title = "Acme",{zone}
  connections = {{
    books = {{ connector = "ledger", url = "{ledger}" }},
    sales = {{ connector = "crm", url = "{crm}" }},
  }},
  flows = {{ integration "ledger-crm" {{ ledger = "books", crm = "sales", start = "2026-01-01", mode = "{mode}"{more} }} }},
}}
"""

FORTH = """return mapping {{
  id = "ledger.party->crm.account", version = "1.0.0", language = 1,
  title = "Parties of the ledger become accounts",
  from = {{ connector = "ledger", entity = "party" }},
  to = {{ connector = "crm", entity = "account" }},
  label = text "party {{name}}",
  identity = src "id",
  order_by = src "changed",
  {sections}
  fields = {{ {fields} }},
}}
"""

BACK = """return mapping {{
  id = "crm.account->ledger.party", version = "1.0.0", language = 1,
  title = "Accounts become parties of the ledger",
  from = {{ connector = "crm", entity = "account" }},
  to = {{ connector = "ledger", entity = "party" }},
  label = text "account {{name}}",
  identity = src "id",
  order_by = src "changed",
  {sections}
  fields = {{ {fields} }},
}}
"""


class Pair:
    """forth, back: the sections and the fields of a mapping, or None."""

    def __init__(self, forth=None, back=None, mode="live", more="", ledger=None, crm=None, zone=None):
        self.ledger = Twin("tests/connectors/ledger", ledger)
        self.crm = Twin("tests/connectors/crm", crm)
        self.deployment = d = Deployment(connectors=("tests/connectors/ledger", "tests/connectors/crm"), integrations=())
        self.mappings(forth, back)
        d.tenant("acme", TENANT.format(ledger=self.ledger.url, crm=self.crm.url, mode=mode, more=more,
                                          zone=f' zone = "{zone}",' if zone else ""))
        d.secret("acme/books", "token", "ledger-token")
        self.host = None

    def mappings(self, forth=None, back=None):
        if forth:
            self.deployment.write("mappings/ledger-crm/forth.lua", FORTH.format(sections=forth[0], fields=forth[1]))
        if back:
            self.deployment.write("mappings/ledger-crm/back.lua", BACK.format(sections=back[0], fields=back[1]))

    def start(self, **more):
        self.host = self.deployment.start(**more)
        return self.host

    def sync(self):
        """Everything that either side has to tell is read, and worked on until there is rest."""
        for flow in ("acme/books-sales",):
            self.deployment.mlc("sync", flow, "--wait")

    def party(self, **fields):
        return self.ledger.post("/parties", fields)

    def entry(self, party, due, open_, number="1", **fields):
        return self.ledger.post("/entries", {"number": number, "day": "2026-01-02", "due": due, "open": open_, "total": open_,
                                             "party": {"id": party["id"]}, **fields})

    def account(self, **fields):
        return self.crm.post("/accounts", fields)

    def parties(self):
        return [p for p in self.ledger.get("/books")["parties"] if not p.get("deleted")]

    def accounts(self):
        return [a for a in self.crm.get("/books")["accounts"] if not a.get("deleted") and not a.get("merged_into")]

    def account_of(self, name):
        return next((a for a in self.accounts() if a["name"] == name), None)

    def party_of(self, name):
        return next((p for p in self.parties() if p["name"] == name), None)

    def until(self, question, what):
        """Syncs and looks, until it is so."""
        def look():
            self.sync()
            return question()
        eventually(look, what)
