"""A ledger (tests/connectors) and a Zendesk account, with the host between them: the help desk's half, whatever stands on the other side."""
import re
import subprocess
import threading
import urllib.parse

from .bed import MLC, Deployment, Twin, exchange
from .shopbooks import free_port
from .tap import eventually

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
TOKEN, SECRET = "zd_api_token_0123456789abcdefghijklmnop", "zd_client_secret_0123456789abcdef"
LOGINS = {
    "basic": 'auth = "basic", login = "ada@acme.example/token"',
    "oauth_client": 'client_id = "mlc"',
    "oauth_code": 'auth = "oauth_code", client_id = "mlc"',
}

FORTH = """return mapping {{
  id = "ledger.party->zendesk.organization", version = "1.0.0", language = 1,
  title = "Parties become organizations",
  from = {{ connector = "ledger", entity = "party" }},
  to = {{ connector = "zendesk", entity = "organization" }},
  label = text "party {{name}}",
  identity = src "id",
  order_by = src "changed",
  match = {{ {{ by = "link" }}, {match} on_none = "create" }},
  {more}
  fields = {{ name = src "name", external_id = text "ledger:{{id}}", notes = src "note", {fields} }},
}}
"""

BACK = """return mapping {
  id = "zendesk.organization->ledger.party", version = "1.0.0", language = 1,
  title = "Organizations become parties",
  from = { connector = "zendesk", entity = "organization" },
  to = { connector = "ledger", entity = "party" },
  label = text "organization {name}",
  identity = src "id",
  match = { { by = "link" }, { by = { name = src "name" } }, on_none = "create" },
  fields = { name = src "name" },
}
"""


class HelpDesk:
    """forth: parts of FORTH; back: with the way back, too, or ("only") without the way forth."""

    def __init__(self, login="oauth_client", desk=None, ledger=None, forth=None, back=False, connection="",
                 clock=None, mlc="", mode="live"):
        self.ledger = Twin("tests/connectors/ledger", ledger)
        self.desk = Twin("zendesk", {"seed": "none", **(desk or {})}, clock=clock)
        self.port = free_port()
        self.at = Deployment(connectors=("tests/connectors/ledger", "zendesk"), integrations=(), mlc=f"""return {{
  public = {{ address = "127.0.0.1", port = {self.port}, url = "http://127.0.0.1:{self.port}" }},
  outbound = {{ allow_private = {{ "127.0.0.0/8", "::1/128" }} }},
  workers = 1, {mlc}
}}
""")
        if back != "only":
            self.at.write("mappings/ledger-zendesk/forth.lua",
                          FORTH.format(**{"match": '{ by = { external_id = text "ledger:{id}" } },',
                                          "more": "", "fields": "", **(forth or {})}))
        if back:
            self.at.write("mappings/ledger-zendesk/back.lua", BACK)
        self.at.tenant("acme", f"""return tenant {{
  title = "Acme",
  connections = {{
    books = {{ connector = "ledger", url = "{self.ledger.url}" }},
    desk  = {{ connector = "zendesk", url = "{self.desk.url}", {LOGINS[login]}, {connection} }},
  }},
  flows = {{ integration "ledger-zendesk" {{ ledger = "books", zendesk = "desk", start = "2026-01-01", mode = "{mode}" }} }},
}}
""")
        self.at.secret("acme/books", "token", "ledger-token")
        if login == "basic":
            self.at.secret("acme/desk", "api_token", TOKEN)
        else:
            self.at.secret("acme/desk", "client_secret", SECRET)

    def start(self, *options):
        return self.at.start(*options)

    @property
    def host(self):
        return self.at.host

    def later(self, ms):
        """Time goes on for all of them."""
        for twin in (self.desk, self.ledger):
            twin.post("/clock", {"advance_ms": ms})
        self.host.advance(ms)

    def party(self, **fields):
        return self.ledger.post("/parties", fields)

    def sync(self):
        self.at.mlc("sync", "acme/books-desk", "--wait")

    def organizations(self):
        return [o for o in self.desk.get("/organizations") if not o.get("deleted_at")]

    def organization(self, name):
        return next((o for o in self.organizations() if o["name"] == name), None)

    def until(self, question, what, seconds=30):
        def look():
            self.sync()
            return question()
        return eventually(look, what, seconds)

    def calls(self, route=None):
        by = self.desk.get("/calls")["by_route"]
        return by.get(route, 0) if route else by

    def authorize(self):
        """`mlc authorize`, and a person who opens the address that it prints and agrees; gives what it said."""
        program = subprocess.Popen([MLC, "authorize", "--dir", self.at.path, "acme/desk"],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []

        def read():
            said.extend(iter(program.stdout.readline, ""))
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        address = eventually(lambda: re.search(r"http://127\.0\.0\.1\S+", "".join(said)),
                             "mlc authorize prints an address").group(0)
        self.agree(address)
        code = program.wait(60)
        reader.join(10)
        return code, "".join(said)

    def agree(self, address):
        status, headers, body = exchange(address)
        assert status == 302, (status, body)
        back = urllib.parse.urlparse(headers["location"])
        status, _, page = exchange(f"http://127.0.0.1:{self.port}{back.path}?{back.query}")
        return status, page.decode()
