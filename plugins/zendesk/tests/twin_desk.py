"""The twin of Zendesk keeps the rules that the vendor's documents tell."""
import base64
import hashlib
import hmac
import json
import urllib.parse

from twin_lib import DOCUMENTS, Desk, Receiver, disagreements, equal, exchange, holds, openapi, promise, run


def new_organization(desk, **what):
    return desk.ok("POST", "/organizations", {"organization": what})["organization"]


@promise("names and external ids are unique, blanks and case apart; a refusal says which")
def _():
    desk = Desk()
    one = new_organization(desk, name="Acme", external_id="qbo:1:7")
    for body, member in (({"name": " ACME "}, "name"), ({"name": "Other", "external_id": "QBO:1:7"}, "external_id")):
        status, _, reply = desk.rest("POST", "/organizations", {"organization": body})
        equal(status, 422)
        equal(reply["details"][member][0]["error"], "DuplicateValue")
    equal(desk.status("POST", "/organizations", {"organization": {"details": "no name"}}), 422)
    equal(desk.ok("GET", "/organizations/search?name=acme")["organizations"][0]["id"], one["id"])
    equal(desk.ok("GET", "/organizations/search?external_id=QBO%3A1%3A7")["count"], 1)
    equal(desk.status("GET", "/organizations/search?name=a&external_id=b"), 400)
    equal(desk.ok("GET", "/organizations/search.json?name=nobody"), {"organizations": [], "count": 0, "next_page": None, "previous_page": None})


@promise("create_or_update goes by id or external id, never by name")
def _():
    desk = Desk()
    status, headers, reply = desk.rest("POST", "/organizations/create_or_update", {"organization": {"name": "Acme", "external_id": "x1"}})
    equal(status, 201)
    holds(headers["location"].endswith(f"/organizations/{reply['organization']['id']}.json"), headers)
    status, _, again = desk.rest("POST", "/organizations/create_or_update", {"organization": {"external_id": "X1", "notes": "n"}})
    equal((status, again["organization"]["id"], again["organization"]["name"]), (200, reply["organization"]["id"], "Acme"))
    equal(desk.status("POST", "/organizations/create_or_update", {"organization": {"name": "Acme", "external_id": "x2"}}), 422)
    equal(desk.status("POST", "/organizations/create_or_update", {"organization": {"name": "Acme"}}), 422)


@promise("a field that nobody made is dropped without a word; known ones keep their types")
def _():
    desk = Desk()
    o = new_organization(desk, name="Acme", organization_fields={"qbo_balance": "12.30"})
    equal(o["organization_fields"], {})
    for field in ({"key": "qbo_balance", "type": "decimal", "title": "Balance"}, {"key": "qbo_count", "type": "integer", "title": "Count"},
                  {"key": "qbo_vip", "type": "checkbox", "title": "VIP", "tag": "vip_tag"}, {"key": "qbo_due", "type": "date", "title": "Due"},
                  {"key": "qbo_status", "type": "dropdown", "title": "Status", "custom_field_options": [{"name": "Paid", "value": "paid"}]}):
        desk.ok("POST", "/organization_fields", {"organization_field": field})
    equal(desk.status("POST", "/organization_fields", {"organization_field": {"key": "QBO_BALANCE", "type": "decimal", "title": "B"}}), 422)
    equal(desk.status("POST", "/organization_fields", {"organization_field": {"key": "x", "type": "dropdown", "title": "B"}}), 422)

    def put(**values):
        return desk.rest("PUT", f"/organizations/{o['id']}", {"organization": {"organization_fields": values}})
    _, _, reply = put(qbo_balance="12.30", qbo_count=3, qbo_vip=True, qbo_due="2026-11-30", qbo_status="paid")
    equal(reply["organization"]["organization_fields"], {"qbo_balance": 12.3, "qbo_count": 3, "qbo_vip": True, "qbo_due": "2026-11-30T00:00:00+00:00",
                                                         "qbo_status": "paid"})
    equal(sorted(reply["organization"]["tags"]), ["paid", "vip_tag"])
    for wrong in ({"qbo_balance": "much"}, {"qbo_count": "1.5"}, {"qbo_status": "open"}, {"qbo_due": "soon"}):
        equal(put(**wrong)[0], 422, wrong)
    equal(put(qbo_balance=None, qbo_status=None)[2]["organization"]["tags"], ["vip_tag"])


@promise("people: by e-mail or external id; a new address stands behind the first; mail only where nobody said not to")
def _():
    desk = Desk()
    o = new_organization(desk, name="Acme")
    status, _, reply = desk.rest("POST", "/users/create_or_update", {"user": {"name": "Lee", "email": "lee@x.example", "organization_id": o["id"],
                                                                             "skip_verify_email": True}})
    lee = reply["user"]
    equal((status, lee["role"], lee["organization_id"]), (201, "end-user", o["id"]))
    equal(desk.get("/mail"), [])
    equal(desk.rest("POST", "/users/create_or_update", {"user": {"name": "Lee", "email": "LEE@x.example", "external_id": "c7"}})[0], 200)
    equal(desk.status("POST", "/users", {"user": {"name": "Lee", "email": "lee@x.example"}}), 422)
    equal(desk.status("POST", "/users", {"user": {"name": "Lee", "email": "lee"}}), 422)
    other = desk.ok("POST", "/users", {"user": {"name": "Max", "email": "max@x.example"}})["user"]
    equal([m["to"] for m in desk.get("/mail")], ["max@x.example"])
    equal(desk.status("POST", "/users/create_or_update", {"user": {"email": "max@x.example", "external_id": "c7"}}), 422)
    changed = desk.ok("PUT", f"/users/{lee['id']}", {"user": {"email": "lee2@x.example", "skip_verify_email": True}})["user"]
    equal(changed["email"], "lee@x.example")
    identities = desk.ok("GET", f"/users/{lee['id']}/identities")["identities"]
    desk.ok("PUT", f"/users/{lee['id']}/identities/{identities[1]['id']}/make_primary")
    equal(desk.ok("GET", f"/users/{lee['id']}")["user"]["email"], "lee2@x.example")
    membership = {"organization_membership": {"user_id": lee["id"], "organization_id": o["id"]}}
    equal(desk.status("POST", "/organization_memberships", membership), 422)
    membership["organization_membership"]["user_id"] = other["id"]
    equal(desk.status("POST", "/organization_memberships", membership), 201)
    equal(len(desk.ok("GET", f"/organizations/{o['id']}/organization_memberships")["organization_memberships"]), 2)
    equal(desk.ok("DELETE", f"/users/{lee['id']}")["user"]["active"], False)
    equal(desk.status("POST", "/users/create_or_update_many", {"users": []}), 403)


@promise("tickets: safe_update, idempotency keys, closed ones, look-up fields")
def _():
    desk = Desk()
    body = {"ticket": {"subject": "S", "comment": {"body": "B"}}}
    status, headers, made = desk.rest("POST", "/tickets", body, headers={"Idempotency-Key": "k1"})
    equal((status, headers["x-idempotency-lookup"]), (201, "miss"))
    status, headers, again = desk.rest("POST", "/tickets", body, headers={"Idempotency-Key": "k1"})
    equal((status, headers["x-idempotency-lookup"], again["ticket"]["id"]), (201, "hit", made["ticket"]["id"]))
    equal(desk.status("POST", "/tickets", {"ticket": {"comment": {"body": "C"}}}, headers={"Idempotency-Key": "k1"}), 400)
    path, stamp = f"/tickets/{made['ticket']['id']}", made["ticket"]["updated_at"]
    desk.later(2)
    equal(desk.status("PUT", path, {"ticket": {"priority": "high", "safe_update": True, "updated_stamp": stamp}}), 200)
    equal(desk.status("PUT", path, {"ticket": {"priority": "low", "safe_update": True, "updated_stamp": stamp}}), 409)
    equal(desk.status("PUT", path, {"ticket": {"status": "nonsense"}}), 422)
    o = new_organization(desk, name="Vendor Inc")
    field = desk.ok("POST", "/ticket_fields", {"ticket_field": {"type": "lookup", "title": "Vendor", "relationship_target_type": "zen:organization"}})
    field_id = field["ticket_field"]["id"]
    value = {"ticket": {"custom_fields": [{"id": field_id, "value": str(o["id"])}]}}
    holds({"id": field_id, "value": str(o["id"])} in desk.ok("PUT", path, value)["ticket"]["custom_fields"], "the look-up holds")
    value["ticket"]["custom_fields"][0]["value"] = "12"
    equal(desk.status("PUT", path, value), 422)
    desk.ok("PUT", path, {"ticket": {"status": "closed"}})
    equal(desk.status("PUT", path, {"ticket": {"priority": "low"}}), 422)


@promise("exports hold the last minute back, page by whole seconds, and tell what was deleted; search lags")
def _():
    desk = Desk(export_page=2, seed="none", exports_per_minute=0)
    ids = []
    for i in range(5):
        ids.append(new_organization(desk, name=f"O{i}")["id"])
        if i % 2:
            desk.later(1)
    equal(desk.ok("GET", "/incremental/organizations?start_time=1")["organizations"], [])
    equal(desk.ok("GET", "/search?query=type%3Aorganization")["count"], 0)
    desk.later(61)
    page = desk.ok("GET", "/incremental/organizations?start_time=1")
    equal(([o["id"] for o in page["organizations"]], page["end_of_stream"]), (ids[:2], False))
    page = desk.ok("GET", f"/incremental/organizations?start_time={page['end_time']}")
    equal([o["id"] for o in page["organizations"]], ids[:2], "the border repeats")
    page = desk.ok("GET", f"/incremental/organizations?start_time={page['end_time'] + 1}")
    equal([o["id"] for o in page["organizations"]], ids[2:4])
    desk.ok("DELETE", f"/organizations/{ids[0]}")
    desk.later(61)
    last = desk.ok("GET", f"/incremental/organizations?start_time={page['end_time'] + 1}")
    equal([(o["id"], bool(o.get("deleted_at"))) for o in last["organizations"]], [(ids[4], False), (ids[0], True)])
    holds(last["end_of_stream"], "the end is told")
    equal(desk.ok("GET", "/search?query=type%3Aorganization+o1")["results"][0]["result_type"], "organization")
    now = desk.get("/clock")["now_ms"] // 1000
    equal(desk.status("GET", f"/incremental/organizations?start_time={now - 10}"), 422)
    seen, path = [], "/incremental/users/cursor?start_time=1"
    for i in range(3):
        desk.ok("POST", "/users", {"user": {"name": f"U{i}", "skip_verify_email": True}})
    desk.later(61)
    while True:
        page = desk.ok("GET", path)
        seen += [u["name"] for u in page["users"]]
        path = "/incremental/users/cursor?cursor=" + urllib.parse.quote(page["after_cursor"])
        if page["end_of_stream"]:
            break
    equal(sorted(seen), ["Ada Admin", "U0", "U1", "U2"])
    desk.post("/users/role", {"email": "ada@acme.example", "role": "agent"})
    equal(desk.status("GET", "/incremental/organizations?start_time=1"), 403)


@promise("a job that is completed may hold records that failed; thirty at a time; a hundred records each")
def _():
    desk = Desk(job_ms=1000, per_minute=0)
    taken = new_organization(desk, name="Taken")
    job = desk.ok("POST", "/organizations/create_many", {"organizations": [{"name": "New"}, {"name": "taken"}]})["job_status"]
    equal((job["status"], job["results"]), ("queued", None))
    desk.later(2)
    job = desk.ok("GET", f"/job_statuses/{job['id']}")["job_status"]
    equal(job["status"], "completed")
    equal([r.get("success") for r in job["results"]], [True, None])
    equal((job["results"][1]["index"], job["results"][1]["error"]), (1, "RecordInvalid"))
    equal(desk.status("PUT", "/organizations/update_many", {"organizations": [{"id": 1}] * 101}), 400)
    for _ in range(30):
        desk.ok("PUT", f"/organizations/update_many?ids={taken['id']}", {"organization": {"notes": "n"}})
    equal(desk.status("PUT", f"/organizations/update_many?ids={taken['id']}", {"organization": {"notes": "n"}}), 429)


@promise("OAuth: eternal and expiring tokens; a refresh ends the old pair at once; API tokens end on their day")
def _():
    desk = Desk()
    status, first = desk.grant(grant_type="client_credentials", scope="read write")
    equal((status, first["expires_in"], "refresh_token" in first), (200, 1800, False))
    equal(desk.grant(grant_type="client_credentials", client_secret="wrong")[0], 401)
    equal(desk.grant(grant_type="client_credentials", expires_in=100)[0], 400)
    equal(desk.status("GET", "/organizations", bearer=first["access_token"]), 200)
    desk.later(1801)
    status, _, reply = desk.rest("GET", "/organizations", bearer=first["access_token"])
    equal((status, reply["error"]), (401, "invalid_token"))

    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = urllib.parse.urlencode({"response_type": "code", "client_id": "mlc", "redirect_uri": "https://mlc.example/oauth/callback", "scope": "read",
                                    "state": "s1", "code_challenge": challenge, "code_challenge_method": "S256"})
    status, headers, _ = exchange(desk.url + "/oauth/authorizations/new?" + query)
    equal(status, 302)
    back = urllib.parse.parse_qs(urllib.parse.urlparse(headers["location"]).query)
    equal(back["state"], ["s1"])
    what = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": "https://mlc.example/oauth/callback"}
    equal(desk.grant(**what, code_verifier="w" * 43)[0], 400)
    _, headers, _ = exchange(desk.url + "/oauth/authorizations/new?" + query)
    what["code"] = urllib.parse.parse_qs(urllib.parse.urlparse(headers["location"]).query)["code"][0]
    status, pair = desk.grant(**what, code_verifier=verifier)
    equal((status, pair["scope"], pair["refresh_token_expires_in"]), (200, "read", 2592000))
    equal(desk.grant(**what, code_verifier=verifier)[0], 400, "a code counts once")
    equal(desk.status("POST", "/organizations", {"organization": {"name": "X"}}, bearer=pair["access_token"]), 403)
    status, new = desk.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    equal(status, 200)
    equal(desk.status("GET", "/organizations", bearer=pair["access_token"]), 401)
    equal(desk.grant(grant_type="refresh_token", refresh_token=pair["refresh_token"])[0], 400)
    equal(desk.status("GET", "/organizations", bearer=new["access_token"]), 200)

    old = Desk(token_life_s=0)
    _, eternal = old.grant(grant_type="client_credentials")
    equal(eternal["expires_in"], None)
    old.later(400 * 86400)
    equal(old.status("GET", "/organizations", bearer=eternal["access_token"]), 200)
    equal(old.status("GET", "/organizations"), 401, "no API token lives on")
    equal(desk.status("GET", "/organizations", token="wrong"), 401)
    status, _, reply = exchange(desk.url + "/api/v2/users/me.json")
    equal((status, json.loads(reply)["user"]["id"]), (200, None))


@promise("limits: so many a minute, ten exports; 429 says how long")
def _():
    desk = Desk(per_minute=5)
    for _ in range(5):
        status, headers, _ = desk.rest("GET", "/organizations")
    equal((status, headers["x-rate-limit"], headers["x-rate-limit-remaining"]), (200, "5", "0"))
    status, headers, _ = desk.rest("GET", "/organizations")
    equal((status, headers["retry-after"]), (429, "60"))
    desk.later(60)
    equal(desk.status("GET", "/organizations"), 200)
    exports = Desk(exports_per_minute=1)
    equal([exports.status("GET", "/incremental/organizations?start_time=1") for _ in range(2)], [200, 429])


@promise("webhooks: signed over time and body; some answers are tried again, others not")
def _():
    desk, ear = Desk(), Receiver()

    def hook(**change):
        return desk.rest("POST", "/webhooks", {"webhook": {"name": "h", "status": "active", "endpoint": ear.url, "http_method": "POST",
                                                           "request_format": "json", "subscriptions": ["zen:event-type:organization.created"], **change}})
    equal(hook(subscriptions=["zen:event-type:organization.exploded"])[0], 400)
    equal(hook(subscriptions=["conditional_ticket_events", "zen:event-type:user.created"])[0], 400)
    status, _, made = hook()
    equal(status, 201)
    secret = desk.ok("GET", f"/webhooks/{made['webhook']['id']}/signing_secret")["signing_secret"]["secret"]
    o = new_organization(desk, name="Acme")
    desk.post("/deliver")
    (headers, body), = ear.take()
    at = headers["x-zendesk-webhook-signature-timestamp"]
    equal(headers["x-zendesk-webhook-signature"], base64.b64encode(hmac.new(secret.encode(), at.encode() + body, hashlib.sha256).digest()).decode())
    told = json.loads(body)
    equal((told["type"], told["subject"], told["detail"]["id"]), ("zen:event-type:organization.created", f"zen:organization:{o['id']}", str(o["id"])))

    for status, headers, tries in ((409, {}, 3), (500, {}, 1), (404, {}, 1), (503, {"Retry-After": "30"}, 5), (503, {"Retry-After": "60"}, 1), (429, {}, 1)):
        ear.status, ear.headers = status, headers
        new_organization(desk, name=f"Try {status} {headers}")
        for _ in range(8):
            desk.post("/deliver")
            desk.later(31)
        equal(len(ear.take()), tries, f"{status} {headers}")


@promise("what the twin answers is what Zendesk's own documents say")
def _():
    openapi.documents(*DOCUMENTS)
    desk = Desk()
    desk.ok("POST", "/organization_fields", {"organization_field": {"key": "qbo_balance", "type": "decimal", "title": "Balance"}})
    o = new_organization(desk, name="Acme", external_id="x", organization_fields={"qbo_balance": "1.5"})
    u = desk.ok("POST", "/users/create_or_update", {"user": {"name": "Kim", "email": "kim@x.example", "organization_id": o["id"]}})["user"]
    desk.ok("POST", "/tickets", {"ticket": {"subject": "S", "comment": {"body": "B"}, "requester_id": u["id"]}})
    desk.ok("POST", "/ticket_fields", {"ticket_field": {"type": "lookup", "title": "Vendor", "relationship_target_type": "zen:organization"}})
    desk.ok("POST", "/custom_objects", {"custom_object": {"key": "qbo_item", "title": "Item", "title_pluralized": "Items"}})
    desk.ok("PATCH", "/custom_objects/qbo_item/records?external_id=1", {"custom_object_record": {"name": "Mug"}})
    job = desk.ok("PUT", f"/organizations/update_many?ids={o['id']}", {"organization": {"notes": "n"}})["job_status"]["id"]
    desk.later(61)
    for path in ("/users/me", "/organizations", f"/organizations/{o['id']}", "/organizations?page%5Bsize%5D=1", "/organizations/search?name=Acme",
                 f"/organizations/show_many?ids={o['id']}", "/organizations/count", "/incremental/organizations?start_time=1",
                 "/incremental/users/cursor?start_time=1", "/incremental/tickets/cursor?start_time=1", "/users", f"/users/{u['id']}",
                 f"/users/{u['id']}/identities", "/users/search?query=kim", "/organization_memberships", f"/users/{u['id']}/organization_memberships",
                 "/tickets", "/tickets/1", "/tickets/1/comments", "/search?query=type%3Aorganization", "/search/count?query=acme",
                 "/search/export?query=acme&filter%5Btype%5D=organization", f"/job_statuses/{job}", "/organization_fields", "/ticket_fields", "/user_fields",
                 "/custom_objects", "/custom_objects/qbo_item", "/custom_objects/qbo_item/records"):
        desk.ok("GET", path)
    desk.ok("PUT", f"/organizations/{o['id']}", {"organization": {"notes": "n"}})
    desk.ok("DELETE", f"/organizations/{o['id']}")
    exchanges = openapi.of_calls(desk.get("/calls?bodies=1")["log"])
    equal(disagreements(exchanges), [])
    holds(len(exchanges) > 35, len(exchanges))
    equal(desk.errors(), [])


run()
