#!/usr/bin/env python3
"""QuickBooks Online and Zendesk: who is who, what people decide, and what a tenant chooses."""
import datetime

from lib import equal, eventually, holds, promise, run
from lib.booksdesk import SECOND, BooksDesk

AMY, HICKS = "Amy's Bird Sanctuary", "Hicks Hardware"


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


def small(**more):
    return BooksDesk(tenants={"acme": SECOND}, **{"every": 1440, **more})


def person(h, kind, name, email=None, **more):
    return h.person(f"/{kind}",
                    {"DisplayName": name, **({"PrimaryEmailAddr": {"Address": email}} if email else {}),
                     **more}, SECOND)["Id"]


def reviews(h):
    return {(d["flow"].split(".")[1], d["cause"]) for d in h.reviews()}


@promise("ZEN-23 ZEN-24 ZEN-39 ZEN-40 ZEN-42: by e-mail first, by name only without one; "
         "what is unclear waits for a person, and nothing is written for it")
def _():
    h = small()
    h.desk.post("/organizations", {"name": "Twins Ltd"})
    person(h, "customer", "Maple Toy Company", "kim@maple.example")                      # Kim is at Maple Toys
    person(h, "customer", "Harbor Cafe")                                                 # no e-mail: by name
    person(h, "customer", "Nobody Knows")                                                # no e-mail, no such name
    person(h, "customer", "Twins Ltd", "new@twins.example")                              # the name is there, the e-mail is not
    person(h, "customer", "Pair One", CompanyName="Pair")                                # two of one company, no e-mail
    person(h, "customer", "Pair Two", CompanyName="Pair")
    h.sync()
    by = {o["name"]: o for o in h.organizations()}
    realm = SECOND
    maple = h.customer("Maple Toy Company", realm)["Id"]
    equal((by["Maple Toys"]["external_id"], "Maple Toy Company" in by),
          (f"qbo:{realm}:customer:{maple}", False), "by e-mail, and it keeps its name")
    holds("vip" in by["Maple Toys"]["tags"], "and its tags")
    holds((by["Harbor Cafe"]["external_id"] or "").startswith("qbo:")
          and by["Harbor Cafe"]["notes"] == "pays late", "by name, and it keeps its notes")
    holds("Nobody Knows" in by, "a new one")
    equal(reviews(h), {("customer", "name_exists:Twins Ltd"), ("customer", "same_company:Pair")}, "what a person is asked")
    holds(by["Twins Ltd"]["external_id"] is None and not {"Pair One", "Pair Two"} & set(by), "nothing was written for them")
    refused = [c for c in h.desk.get("/calls")["log"] if c["status"] == "422"]
    equal(refused, [], "ZEN-42: Zendesk never had to refuse a name")
    twins = next(d for d in h.reviews() if d["cause"] == "name_exists:Twins Ltd")
    holds(str(by["Twins Ltd"]["id"]) in str(twins), f"with the candidate: {twins}")
    h.at.mlc("decide", "acme", "--cause", "name_exists:Twins Ltd", "--choice", "adopt", "--record", str(by["Twins Ltd"]["id"]))
    eventually(lambda: (h.organization("Twins Ltd")["external_id"] or "").startswith("qbo:"), "adopted by a person")
    eventually(lambda: h.figures("Twins Ltd") == ("paid", 0, 0, "0.00"), "and its figures follow")


@promise("ZEN-02 ZEN-30: a firm that buys and sells is two organizations that say which they are, "
         "and a ticket says which vendor it is about")
def _():
    h = small()
    person(h, "customer", "Both Inc", "sales@both.example", CompanyName="Both")
    person(h, "vendor", "Both Inc (V)", "buy@both.example", CompanyName="Both")
    h.sync()
    by = {o["name"]: o for o in h.organizations()}
    equal((by["Both Inc"]["organization_fields"]["qbo_role"],
           by["Both Inc (V)"]["organization_fields"]["qbo_role"]), ("customer", "vendor"), "roles")
    holds("qbo_customer" in by["Both Inc"]["tags"] and "qbo_vendor" in by["Both Inc (V)"]["tags"], "tags")
    fields = [f for f in h.desk.get("/fields")["ticket_fields"] if f["type"] == "lookup"]
    equal([(f["title"], f["relationship_target_type"]) for f in fields], [("Vendor", "zen:organization")],
          "one look-up for all vendors")
    ticket = h.desk.get("/tickets")[0]
    h.desk.post(f"/tickets/{ticket['id']}/edit", {"custom_fields": [{"id": fields[0]["id"], "value": str(by[HICKS]["id"])}]})
    value = next(f["value"] for f in h.desk.get("/tickets")[0]["custom_fields"] if f["id"] == fields[0]["id"])
    equal(str(value), str(by[HICKS]["id"]), "which vendor it is about")


@promise("ZEN-17 ZEN-25: the figures stand in notes, in fields or in both, as the tenant chooses; "
         "an agent's notes are not overwritten")
def _():
    h = small(params='figures = "both"')
    h.sync()
    notes = h.organization(AMY)["notes"]
    holds(notes.startswith("QuickBooks: open\nBalance 239.00 USD\nOpen invoices: 1 overdue: 0\n"), notes)
    equal(h.figures(AMY), ("open", 1, 0, "239.00"), "in fields, too")
    h.invoice(h.customer(AMY, SECOND)["Id"], "1.00", day(9), realm=SECOND)
    eventually(lambda: "Open invoices: 2" in h.organization(AMY)["notes"], "they are kept current")
    o = h.organization(AMY)
    h.desk.post(f"/organizations/{o['id']}/edit", {"notes": "call before noon"})
    h.invoice(h.customer(AMY, SECOND)["Id"], "1.00", day(9), realm=SECOND)
    eventually(lambda: h.figures(AMY)[1] == 3, "the fields go on")
    eventually(lambda: any(d["flow"].endswith("customer_notes") for d in h.reviews()), "a person is asked about the notes")
    equal(h.organization(AMY)["notes"], "call before noon", "and nobody has overwritten them")


@promise("ZEN-18: items and accounts stand in Zendesk as reference data, where the tenant wants them")
def _():
    h = small(params="reference_data = true")
    h.sync()
    records = h.desk.get("/records")
    names = {r["name"] for r in records}
    holds({"Design", "Rock Fountain"} <= names and "Services, Income" in names, f"{sorted(names)}")
    equal(len(names), len(records), "each once")
    item = next(i for i in h.books.get(f"/companies/{SECOND}/item") if i["Name"] == "Design")
    h.person(f"/item/{item['Id']}", {"Active": False}, SECOND)
    h.until(lambda: "Design (inactive)" in {r["name"] for r in h.desk.get("/records")}, "an inactive one says so")


@promise("ALL-15 ALL-03 ZEN-10: in the shadow nothing is written, and what was shown is what is written "
         "after go; by API token as well")
def _():
    h = small(mode="shadow", auth="basic")
    h.sync()
    would = {(d["flow"], d["label"]) for d in h.at.list("would")}
    equal(h.writes(), 0, "nothing is written")
    code, told, _ = h.at.run("ping", "acme")
    equal((code, [c["ok"] for c in told["connections"]]), (0, [True, True]), "ping")
    h.at.mlc("go", "acme/books-desk", "--yes")
    h.sync()
    done = {(d["flow"], d["label"]) for d in h.at.list("all") if d["state"] == "done" and d["label"]
            and not d["label"].startswith("Invoice")}
    equal(would - done, set(), "what was shown is done")
    equal(h.disagreements(realm=SECOND), [], "in the end")


@promise("ALL-08 ZEN-41: where the books keep several currencies each customer's figures say their own")
def _():
    h = small()
    h.books.post(f"/companies/{SECOND}", {"multi_currency": True})
    wien = person(h, "customer", "Wien Maschinen", "office@wien.example", CurrencyRef={"value": "EUR", "name": "Euro"})
    h.invoice(wien, "100.00", day(10), realm=SECOND)
    h.until(lambda: h.figures("Wien Maschinen") == ("open", 1, 0, "100.00"), "his figures")
    equal([h.organization(n)["organization_fields"]["qbo_currency"] for n in ("Wien Maschinen", AMY)], ["EUR", "USD"])
    equal(h.at.list("held") + h.reviews(), [], "nobody is asked")


@promise("ALL-11: where the tenant wants it each sub-customer is an organization with its own figures, named by its company")
def _():
    h = small(params='jobs = "own_account", name_from = "company"')
    top = person(h, "customer", "Contoso", "books@contoso.example", CompanyName="Contoso Ltd")
    job = person(h, "customer", "Kitchen", None, ParentRef={"value": top}, Job=True)
    h.invoice(job, "50.00", day(10), realm=SECOND)
    h.until(lambda: [h.figures(n) for n in ("Contoso Ltd", "Kitchen")] == [("paid", 0, 0, "0.00"), ("open", 1, 0, "50.00")],
            "each his own")
    equal(h.at.list("held") + h.reviews(), [], "nobody is asked")


@promise("the organization fields that are missing are made where the tenant allows it, and nothing is lost on the way")
def _():
    h = small(made=False)
    h.sync()
    keys = {f["key"] for f in h.desk.get("/fields")["organization_fields"]}
    holds({"qbo_status", "qbo_balance", "qbo_open_invoices", "qbo_billing_email", "qbo_open_bills"} <= keys, f"{sorted(keys)}")
    equal(h.disagreements(realm=SECOND), [], "in the end")
    equal(h.organization(AMY)["organization_fields"]["qbo_billing_email"], "birds@amy.example", "each member")


if __name__ == "__main__":
    run()
