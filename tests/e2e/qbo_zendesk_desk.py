#!/usr/bin/env python3
"""The help desk's side of QuickBooks Online with Zendesk: who is whom there, reference data, the ticket's vendor, notes, the trail."""

from lib import equal, holds, promise, run
from lib.booksdesk import SECOND, BooksDesk


def small(**more):
    return BooksDesk(tenants={"acme": SECOND}, every=1440, **more)


def bird(h):
    return h.organization("Amy's Bird Sanctuary")


def ours(h):
    return sorted(o["name"] for o in h.organizations() if (o["external_id"] or "").startswith("qbo:"))


@promise("ZEN-02: a customer and a vendor of one name are two organizations, each with its own role and figures")
def both():
    h = small(params='name_from = "company"')
    h.person("/vendor", {"DisplayName": "Birdseed Wholesale", "PrimaryEmailAddr": {"Address": "v@seed.example"}}, SECOND)
    h.person("/customer", {"DisplayName": "Birdseed Wholesale (shop)", "CompanyName": "Birdseed Wholesale",
                           "PrimaryEmailAddr": {"Address": "c@seed.example"}}, SECOND)
    h.until(lambda: len([n for n in ours(h) if n.startswith("Birdseed")]) == 2,
            f"two of them: {ours(h)} {[r['cause'] for r in h.reviews()]}")
    roles = {o["organization_fields"]["qbo_role"]: o for o in h.organizations() if o["name"].startswith("Birdseed")}
    equal(sorted(roles), ["customer", "vendor"])
    holds(roles["customer"]["external_id"] != roles["vendor"]["external_id"], roles)
    equal(("qbo_customer" in roles["customer"]["tags"], "qbo_vendor" in roles["vendor"]["tags"]), (True, True))


@promise("ZEN-23, ZEN-13: the e-mail leads to the organization of whom Zendesk knows by it; people keep their names")
def by_mail():
    h = BooksDesk(tenants={"acme": SECOND}, every=1440, authorize=False)
    sanctuary = h.desk.post("/organizations", {"name": "The bird people", "tags": ["vip"], "notes": "call before ten"})
    amy = h.desk.post("/users", {"name": "Amy L.", "email": "birds@amy.example", "organization_id": sanctuary["id"]})
    h.desk.post("/clock", {"advance_ms": 120000})  # Zendesk's search knows nobody younger than a minute
    h.authorize("acme", SECOND)
    h.until(lambda: h.figures("The bird people") == ("open", 1, 0, "239.00"), "that one has the figures")
    found = h.organization("The bird people")
    equal((found["id"], found["notes"], "vip" in found["tags"], bird(h)), (sanctuary["id"], "call before ten", True, None))
    user, = [u for u in h.desk.get("/users") if u["email"] == "birds@amy.example"]
    equal((user["id"], user["name"]), (amy["id"], "Amy L."))


@promise("ZEN-24, ZEN-39: without an e-mail the name leads to the organization, and makes one where there is none")
def by_name():
    h = BooksDesk(tenants={"acme": SECOND}, every=1440, authorize=False)
    there = h.desk.post("/organizations", {"name": "Oak Toys"})
    for name in ("Oak Toys", "Red Rock Diner"):
        h.person("/customer", {"DisplayName": name, "CompanyName": name}, SECOND)
    h.authorize("acme", SECOND)
    h.until(lambda: h.organization("Red Rock Diner") and h.organization("Oak Toys")["external_id"], "both are linked")
    equal(h.organization("Oak Toys")["id"], there["id"], "the one that was there")
    equal([u for u in h.desk.get("/users") if u["organization_id"] == h.organization("Red Rock Diner")["id"]],
          [], "nobody is made up")


@promise("ZEN-40: several customers of one company without an e-mail wait for a person, with no write; "
         "ZEN-42: so does a name that is there already")
def reviews():
    h = BooksDesk(tenants={"acme": SECOND}, every=1440, authorize=False)
    taken = h.desk.post("/organizations", {"name": "Harbor Light"})
    h.person("/customer", {"DisplayName": "Harbor Light", "PrimaryEmailAddr": {"Address": "x@harbor.example"}}, SECOND)
    for name in ("Twin North", "Twin South"):
        h.person("/customer", {"DisplayName": name, "CompanyName": "Twin Ltd"}, SECOND)
    h.authorize("acme", SECOND)
    h.until(lambda: {"same_company:Twin Ltd", "name_exists:Harbor Light"} <= {r["cause"] for r in h.reviews()}, "three wait")
    h.sync()
    equal([o["external_id"] for o in h.organizations()
           if o["name"] in ("Harbor Light", "Twin North", "Twin South")], [None], "nothing was written")
    equal(h.desk.get("/calls")["by_status"].get("422", 0), 0, "nothing was tried in vain")
    holds(bird(h), "the others are there")
    h.at.mlc("decide", "acme", "--cause", "name_exists:Harbor Light", "--choice", "adopt", "--record", str(taken["id"]))
    h.until(lambda: h.organization("Harbor Light")["external_id"], "whom the person chose is adopted")
    equal(h.organization("Harbor Light")["id"], taken["id"])


@promise("ZEN-30: tickets have a field that leads to the vendor's organization, made once; it takes vendors")
def vendor_field():
    h = small()
    h.until(lambda: h.organization("Hicks Hardware"), "the vendor is there")
    h.person("/vendor", {"DisplayName": "Second Vendor", "PrimaryEmailAddr": {"Address": "s@v.example"}}, SECOND)
    h.until(lambda: h.organization("Second Vendor"), "the second one, too")
    field, = [f for f in h.desk.get("/fields")["ticket_fields"] if f["type"] == "lookup"]
    equal((field["title"], field["relationship_target_type"]), ("Vendor", "zen:organization"))
    equal(field["relationship_filter"]["all"][0]["value"], "qbo_vendor")
    holds("qbo_vendor" in h.organization("Hicks Hardware")["tags"], "the filter finds it")
    ticket = h.desk.post("/tickets", {"subject": "Broken hammer", "comment": {"body": "?"}})
    chosen = str(h.organization("Hicks Hardware")["id"])
    ticket = h.desk.post(f"/tickets/{ticket['id']}/edit", {"custom_fields": [{"id": field["id"], "value": chosen}]})
    holds({"id": field["id"], "value": chosen} in ticket["custom_fields"], "and the ticket says so")


@promise("ZEN-18: items and accounts stand in Zendesk as reference data, where a tenant wants them; a new name follows")
def reference():
    h = small(params="reference_data = true")
    h.until(lambda: len(h.desk.get("/records")) >= 6, "they are there")
    records = h.desk.get("/records")
    equal({r["custom_object_key"] for r in records}, {"qbo_item", "qbo_account"})
    holds("Design" in {r["name"] for r in records}, [r["name"] for r in records])
    equal(len({(r["custom_object_key"], r["external_id"]) for r in records}), len(records), "each once")
    item = next(i for i in h.books.get(f"/companies/{SECOND}/item") if i["Name"] == "Design")
    h.person(f"/item/{item['Id']}", {"Name": "Garden design"}, SECOND)
    h.until(lambda: "Garden design" in {r["name"] for r in h.desk.get("/records")}, "the new name is there")


@promise("ZEN-17, ZEN-25, ZEN-35: the same figures as notes, where a tenant wants them there; "
         "what an agent wrote is not overwritten")
def notes():
    h = small(params='figures = "notes"')
    h.until(lambda: bird(h) and "239.00" in (bird(h)["notes"] or ""), "the notes say it")
    equal(bird(h)["organization_fields"].get("qbo_open_invoices"), None, "the fields do not")
    h.desk.post(f"/organizations/{bird(h)['id']}/edit", {"notes": "An agent's own words"})
    h.invoice(h.customer("Amy's Bird Sanctuary", SECOND)["Id"], "1.00", "2030-01-01", realm=SECOND)
    h.until(lambda: h.reviews(), "a person is asked")
    equal(bird(h)["notes"], "An agent's own words")


@promise("ZEN-26, ZEN-36: who wrote what, from which change, by which mapping, "
         "with which answer: in the trail; what failed is replayed once it is mended")
def trail():
    h = small()
    h.until(lambda: bird(h), "it is there")
    customer = h.customer("Amy's Bird Sanctuary", SECOND)["Id"]
    rows = h.at.mlc("audit", "--tenant", "acme")["audit"]
    settled = [r for r in rows if r["move"] == "settle" and r["entity"] == "Customer" and r["rid"] == customer]
    holds(settled, f"{len(rows)} rows")
    exchanges = [r for r in rows if r["move"] == "exchange" and r["entity"] == "organization"]
    holds(exchanges, "and what was said to Zendesk, and back")
    equal(h.at.run("audit", "verify")[0], 0)
    h.desk.fault(kind="status", method="PUT", path="/api/v2/organizations/*", count=0, status=422,
                 json={"error": "RecordInvalid", "details": {"base": [{"description": "Mend me", "error": "InvalidValue"}]}})
    h.person(f"/customer/{customer}", {"PrimaryEmailAddr": {"Address": "later@amy.example"}}, SECOND)
    held = h.until(lambda: h.at.list("held"), "Zendesk refuses it")
    holds(all("Mend me" in x["why"] for x in held), held)
    h.desk.control("DELETE", "/faults")
    h.at.mlc("release", "acme")
    h.until(lambda: bird(h)["organization_fields"]["qbo_billing_email"] == "later@amy.example", "released, it is written")
    equal((h.at.list("held"), h.reviews()), ([], []))
    equal(h.disagreements(realm=SECOND), [])
    equal(len([u for u in h.desk.get("/users") if u["email"] == "later@amy.example"]), 1, "and nothing twice")


run()
