#!/usr/bin/env python3
"""The Salesforce twin does what the guides say: sessions, versions, limits, rows, collections, composites, pages, merges, faults."""
import json
import os
import time
import urllib.parse

from twin_lib import CLIENT, SAMPLES, SECRET, V, Org, equal, exchange, folder, holds, judge, promise, run, skip

MINUTE = 60 * 1000


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms / 1000))


def window(org, what, start, end):
    return org.rest("GET", f"/sobjects/Account/{what}/?start={stamp(start)}&end={stamp(end)}")


@promise("SF-12 SF-13 a token is given on My Domain to the right client with a user to run as; no expiry is told, no refresh token")
def tokens():
    org = Org()
    status, token = org.grant()
    equal((status, sorted(token)), (200, sorted(["access_token", "signature", "token_format", "scope", "instance_url", "id", "token_type", "issued_at"])))
    holds(isinstance(token["issued_at"], str) and token["instance_url"] == org.url and "/id/00D" in token["id"], token)
    equal([org.grant(**bad)[1]["error"] for bad in ({"grant_type": "password"}, {"client": "x"}, {"secret": "x"})],
          ["unsupported_grant_type", "invalid_client_id", "invalid_client"])
    equal(Org({"shared_host": "true"}).grant()[1]["error_description"], "request not supported on this domain")
    equal(Org({"run_as": "none"}).grant()[1]["error_description"], "no client credentials user enabled")
    form = urllib.parse.urlencode({"token": token["access_token"], "client_id": CLIENT, "client_secret": SECRET}).encode()
    equal(json.loads(exchange(org.url + "/services/oauth2/introspect", "POST", form)[2])["active"], True)
    exchange(org.url + "/services/oauth2/revoke", "POST", form)
    equal(json.loads(exchange(org.url + "/services/oauth2/introspect", "POST", form)[2]), {"active": False})


@promise("SF-14 a session lives two hours after its last call, and each call starts it anew")
def sliding():
    org = Org()
    org.rest("GET", "/limits")
    for _ in range(3):
        org.post("/clock", {"advance_ms": 119 * MINUTE})
        equal(org.rest("GET", "/limits")[0], 200)
    org.post("/clock", {"advance_ms": 121 * MINUTE})
    equal(org.code("GET", "/limits"), (401, "INVALID_SESSION_ID"))


@promise("SF-17 versions, the day's calls and editions are kept to, and the header tells")
def limits():
    org = Org({"daily_calls": 5})
    equal(org.raw("GET", "/limits")[1]["sforce-limit-info"], "api-usage=1/5")
    equal(org.code("GET", "/services/data/v30.0/limits"), (410, "UNSUPPORTED_API_VERSION"))
    equal(org.code("GET", "/services/data/v99.0/limits"), (404, "NOT_FOUND"))
    for _ in range(4):
        org.rest("GET", "/limits")
    equal(org.code("GET", "/limits"), (403, "REQUEST_LIMIT_EXCEEDED"))
    org.post("/clock", {"advance_ms": 25 * 60 * MINUTE})
    org.token = None
    equal(org.rest("GET", "/limits")[0], 200)
    equal(Org({"edition": "Professional Edition"}).code("GET", "/limits"), (403, "API_DISABLED_FOR_ORG"))


@promise("rows: required, too long, not there, picklists, kinds of values, references, unique, duplicates by rule, locks, conditions, several for one key")
def rows():
    org = Org({"duplicate_rule": "allow"})

    def refused(**body):
        return org.code("POST", "/sobjects/Account", body)[1]
    equal(refused(Phone="1"), "REQUIRED_FIELD_MISSING")
    equal(refused(Name="x" * 256), "STRING_TOO_LONG")
    equal(refused(Name="x", Nonsense="1"), "INVALID_FIELD")
    equal(refused(Name="x", MLC_Balance__c="12.30"), "JSON_PARSER_ERROR")
    equal(refused(Name="x", ParentId="7"), "MALFORMED_ID")
    equal(refused(Name="x", ParentId="001Ac00000000zzAAA"), "MALFORMED_ID")
    equal(refused(Name="x", CreatedDate="2026-01-01"), "INVALID_FIELD_FOR_INSERT_UPDATE")
    equal(refused(Name="contoso ltd"), "DUPLICATES_DETECTED")
    equal(org.rest("POST", "/sobjects/Account", {"Name": "contoso ltd"}, {"Sforce-Duplicate-Rule-Header": "allowSave=true"})[0], 201)
    equal(org.code("POST", "/sobjects/Opportunity", {"Name": "x", "StageName": "Closed Won", "CloseDate": "2026-11-20",
                                                     "MLC_State__c": "Maybe"})[1], "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    equal(org.code("POST", "/sobjects/Contact", {"LastName": "x", "Email": "nobody"})[1], "INVALID_EMAIL_ADDRESS")
    one = org.rest("POST", "/sobjects/Account", {"Name": "One", "MLC_CustomerId__c": "8-1", "MLC_FullName__c": "Same"})[1]["id"]
    equal(org.code("POST", "/sobjects/Account", {"Name": "Two", "MLC_CustomerId__c": "8-1"}), (400, "DUPLICATE_VALUE"))
    org.rest("POST", "/sobjects/Account", {"Name": "Three", "MLC_FullName__c": "Same"})
    equal(org.rest("PATCH", "/sobjects/Account/MLC_FullName__c/Same", {"Phone": "1"})[0], 300)
    equal(org.rest("PATCH", "/sobjects/Account/MLC_CustomerId__c/8-1", {"Phone": "1"}), (200, {"id": one, "success": True, "errors": [], "created": False}))
    equal(org.code("PATCH", "/sobjects/Account/MLC_CustomerId__c/8-1", {"MLC_CustomerId__c": "8-1"})[1], "INVALID_FIELD")
    equal(org.raw("PATCH", f"/sobjects/Account/{one}", {"Phone": None})[:1] + org.raw("PATCH", f"/sobjects/Account/{one}", {"Fax": "1"})[2:], (204, ""))
    equal(org.rest("GET", f"/sobjects/Account/{one[:15]}?fields=Phone,Name")[1]["Phone"], None)
    equal(org.code("PATCH", f"/sobjects/Account/{one}", {"Phone": "3"}, {"If-Unmodified-Since": "Tue, 01 Jan 2019 00:00:00 GMT"})[0], 412)
    org.fault(kind="lock", path="Account")
    equal(org.code("PATCH", f"/sobjects/Account/{one}", {"Phone": "2"})[1], "UNABLE_TO_LOCK_ROW")
    org.rest("POST", "/sobjects/Account", {"Name": "Child", "Parent": {"MLC_CustomerId__c": "8-1"}})
    equal(org.query("SELECT Parent.Name FROM Account WHERE Name = 'Child'")["records"][0]["Parent"]["Name"], "One")
    org.raw("DELETE", f"/sobjects/Account/{one}")
    equal(org.code("GET", f"/sobjects/Account/{one}"), (404, "ENTITY_IS_DELETED"))
    equal(org.errors(), [])


@promise("SF-22 prices: a standard one first, one for each product and book; lines only from the document's own book, and its total is theirs")
def prices():
    org = Org()
    book = org.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")["records"][0]["Id"]
    own = org.rest("POST", "/sobjects/Pricebook2", {"Name": "Own", "IsActive": True})[1]["id"]
    mug = org.rest("POST", "/sobjects/Product2", {"Name": "Mug", "IsActive": True})[1]["id"]

    def price(of, amount=5.0):
        return org.rest("POST", "/sobjects/PricebookEntry", {"Pricebook2Id": of, "Product2Id": mug, "UnitPrice": amount, "IsActive": True})
    equal(price(own)[1][0]["errorCode"], "STANDARD_PRICE_NOT_DEFINED")
    standard = price(book)[1]["id"]
    equal(price(book)[1][0]["errorCode"], "DUPLICATE_VALUE")
    other = price(own)[1]["id"]
    deal = org.rest("POST", "/sobjects/Opportunity", {"Name": "x", "StageName": "Closed Lost", "CloseDate": "2026-11-20", "Pricebook2Id": book})[1]["id"]

    def line(entry, **more):
        return org.rest("POST", "/sobjects/OpportunityLineItem", {"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 3, **more})
    equal(line(other, TotalPrice=1)[1][0]["errorCode"], "FIELD_INTEGRITY_EXCEPTION")
    equal(line(standard, TotalPrice=1, UnitPrice=1)[1][0]["errorCode"], "FIELD_INTEGRITY_EXCEPTION")
    equal(line(standard, Quantity=0, TotalPrice=1)[1][0]["errorCode"], "FIELD_INTEGRITY_EXCEPTION")
    first = line(standard, TotalPrice=10)[1]["id"]
    line(standard, UnitPrice=0.1)
    shown = org.rest("GET", f"/sobjects/Opportunity/{deal}")[1]
    equal((shown["Amount"], shown["ForecastCategoryName"], shown["IsClosed"], shown["IsWon"]), (10.3, "Omitted", True, False))
    equal(org.code("PATCH", f"/sobjects/Opportunity/{deal}", {"Pricebook2Id": own})[1], "FIELD_INTEGRITY_EXCEPTION")
    equal(org.code("PATCH", f"/sobjects/OpportunityLineItem/{first}", {"PricebookEntryId": standard})[1], "INVALID_FIELD_FOR_INSERT_UPDATE")
    org.raw("DELETE", f"/sobjects/OpportunityLineItem/{first}")
    equal(org.rest("GET", f"/sobjects/Opportunity/{deal}")[1]["Amount"], 0.3)


@promise("collections: 200 at most, each with its outcome, or all undone; a composite's allOrNone reaches into them")
def collections():
    org = Org()

    def records(*names):
        return [{"attributes": {"type": "Account"}, **({"Name": n} if n else {})} for n in names]
    status, out = org.rest("POST", "/composite/sobjects", {"allOrNone": False, "records": records("A", None, "B")})
    equal((status, [r["success"] for r in out], out[1]["errors"][0]["statusCode"]), (200, [True, False, True], "REQUIRED_FIELD_MISSING"))
    equal(org.code("POST", "/composite/sobjects", {"records": records(*["x"] * 201)}), (400, "EXCEEDED_MAX_SIZE_REQUEST"))
    before = org.query("SELECT COUNT() FROM Account")["totalSize"]
    out = org.rest("POST", "/composite/sobjects", {"allOrNone": True, "records": records("C", None)})[1]
    equal([r["errors"][0]["statusCode"] for r in out], ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"])
    out = org.rest("POST", "/composite", {"allOrNone": True, "compositeRequest": [
        {"method": "POST", "url": f"{V}/sobjects/Account", "referenceId": "a", "body": {"Name": "D"}},
        {"method": "POST", "url": f"{V}/composite/sobjects", "referenceId": "b",
         "body": {"allOrNone": False, "records": records("E", None)}}]})[1]["compositeResponse"]
    equal((out[0]["httpStatusCode"], out[0]["body"][0]["errorCode"]), (400, "PROCESSING_HALTED"))
    equal(org.query("SELECT COUNT() FROM Account")["totalSize"], before, "accounts")
    part = {"method": "GET", "url": f"{V}/query?q=SELECT+Id+FROM+Account", "referenceId": "q"}
    equal(org.code("POST", "/composite", {"compositeRequest": [{**part, "referenceId": f"q{i}"} for i in range(6)]})[0], 400, "six queries")
    equal(org.code("POST", "/composite", {"compositeRequest": [{**part, "method": "PUT", "referenceId": f"q{i}"} for i in range(26)]})[0], 400, "26 parts")


@promise("SF-16 pages: by 200 to 2000, from the recycle bin, by locators that die after two days; getUpdated and getDeleted as windows")
def pages():
    org = Org()
    org.post("/grow", {"type": "Account", "count": 450})
    first = org.query("SELECT Id FROM Account WHERE Name LIKE 'Grown %' ORDER BY Name", **{"Sforce-Query-Options": "batchSize=200"})
    equal((first["totalSize"], first["done"], len(first["records"])), (450, False, 200))
    second = org.rest("GET", first["nextRecordsUrl"])[1]
    third = org.rest("GET", second["nextRecordsUrl"])[1]
    equal((len(third["records"]), third["done"], third.get("nextRecordsUrl")), (50, True, None))
    equal(len({r["Id"] for p in (first, second, third) for r in p["records"]}), 450)
    org.post("/clock", {"advance_ms": 49 * 60 * MINUTE})
    org.token = None
    equal(org.code("GET", first["nextRecordsUrl"]), (400, "INVALID_QUERY_LOCATOR"))
    gone = first["records"][0]["Id"]
    org.raw("DELETE", f"/sobjects/Account/{gone}")
    equal(org.query(f"SELECT Id FROM Account WHERE Id = '{gone}'")["totalSize"], 0)
    equal(org.rest("GET", "/queryAll?q=" + urllib.parse.quote(f"SELECT IsDeleted FROM Account WHERE Id = '{gone}'"))[1]["records"][0]["IsDeleted"], True)
    now = org.get("/clock")["now_ms"]
    status, told = window(org, "deleted", now - 5 * MINUTE, now + MINUTE)
    equal((status, [r["id"] for r in told["deletedRecords"]]), (200, [gone]))
    equal(window(org, "updated", now - 5 * MINUTE, now + MINUTE)[1]["ids"], [])
    equal(window(org, "updated", now - 31 * 24 * 60 * MINUTE, now)[1][0]["errorCode"], "INVALID_REPLICATION_DATE")
    equal(window(org, "updated", now, now)[1][0]["errorCode"], "INVALID_REPLICATION_DATE")
    equal([org.code("GET", "/query?q=" + urllib.parse.quote(q))[1] for q in ("SELECT Id FORM Account", "SELECT X FROM Account",
                                                                             "SELECT Id FROM X", "SELECT Id FROM Account WHERE Id = '7'",
                                                                      "SELECT Id FROM Account WHERE IsDeleted = 'x'",
                                                                      "SELECT Id FROM Account WHERE Name = 'x")],
          ["MALFORMED_QUERY", "INVALID_FIELD", "INVALID_TYPE", "INVALID_QUERY_FILTER_OPERATOR", "INVALID_FIELD", "MALFORMED_QUERY"])


@promise("ALL-12 a merge leaves the loser in the bin with MasterRecordId, and moves what belonged to it")
def merges():
    org = Org()
    a, b = (org.rest("POST", "/sobjects/Account", {"Name": n})[1]["id"] for n in ("A", "B"))
    child = org.rest("POST", "/sobjects/Contact", {"LastName": "x", "AccountId": b})[1]["id"]
    org.post("/person/merge", {"type": "Account", "winner": a, "losers": [b]})
    equal(org.rest("GET", "/queryAll?q=" + urllib.parse.quote(f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{b}'"))[1]["records"][0]["MasterRecordId"], a)
    equal(org.rest("GET", f"/sobjects/Contact/{child}")[1]["AccountId"], a)
    equal(org.code("POST", "/sobjects/Contact", {"LastName": "y", "AccountId": b})[1], "ENTITY_IS_DELETED")


@promise("what it answers is made as the recorded samples are")
def samples():
    if not os.path.isdir(SAMPLES):
        skip("the samples are not here (MLC_SPECS)")
    org = Org()
    one = org.rest("POST", "/sobjects/Account", {"Name": "One", "MLC_CustomerId__c": "8-1"})[1]
    queried = org.query("SELECT Id, Name FROM Account")
    now = org.get("/clock")["now_ms"]
    answers = {
        "create_success_response.json": ([one], []),
        "written/token-client-credentials.json": ([org.grant()[1]], ["api_instance_url"]),  # of some orgs
        "written/collections-response.json": ([org.rest("POST", "/composite/sobjects",
                                                        {"records": [{"attributes": {"type": "Account"}, "Name": "Two"}]})[1]], []),
        "written/composite-response.json": ([org.rest("POST", "/composite", {"compositeRequest": [
            {"method": "PATCH", "url": f"{V}/sobjects/Account/MLC_CustomerId__c/8-1", "referenceId": "a", "body": {"Phone": "1"}}]})[1]], ["httpHeaders"]),
        "written/limits.json": ([org.rest("GET", "/limits")[1]], ["DailyBulkV2QueryJobs", "DailyApiRequests.x",
                                                                  "HourlyPublishedPlatformEvents", "DailyDeliveredPlatformEvents"]),
        "query_success_response.json": ([queried], ["Checkbox_Label", "Text_Label", "Date_Label", "DateTime_Label",
                                                    "Picklist_Multiselect_Label", "ParentWhizbang__r", "Whizbangs__r"]),
        "get_updated_success_response.json": ([window(org, "updated", now - 3 * MINUTE, now + 2 * MINUTE)[1]], []),
        "get_deleted_success_response.json": ([window(org, "deleted", now - 3 * MINUTE, now + 2 * MINUTE)[1]], []),
        "query_error_response.json": ([org.rest("GET", "/query?q=x")[1]], []),
        "expired_session_response.json": ([json.loads(exchange(org.url + V + "/limits", "GET", None, {"Authorization": "Bearer dead"})[2])], []),
        "write_error_response.json": ([org.rest("POST", "/sobjects/Account", {"Name": "x", "Phone": "1" * 50})[1]], []),
        "services_data_success_response.json": ([json.loads(exchange(org.url + "/services/data", "GET")[2])], []),
    }
    for name, (values, open_) in answers.items():
        path = os.path.join(folder(), "answers")
        with open(path, "w") as f:
            f.write("".join(json.dumps(v) + "\n" for v in values))
        equal(judge("alike", path, os.path.join(SAMPLES, name), *open_), (0, [f"{len(values)} answers, 0 wrong"]), name)
    # A field of a describe has all that Salesforce's has, as far as a client looks at it.
    with open(os.path.join(SAMPLES, "sobject_describe_success_response.json")) as f:
        theirs = json.load(f)
    ours = org.rest("GET", "/sobjects/Account/describe")[1]
    kinds = {f["name"]: f for f in ours["fields"]}
    for name in ("name", "label", "type", "length", "precision", "scale", "nillable", "createable", "updateable", "custom", "externalId",
                 "idLookup", "unique", "filterable", "sortable",
                 "picklistValues", "referenceTo", "relationshipName", "restrictedPicklist", "nameField", "soapType", "defaultedOnCreate", "caseSensitive"):
        holds(name in theirs["fields"][0] and name in kinds["Id"], f"{name} of a field")
        equal(type(kinds["Id"][name]), type(theirs["fields"][0][name]), name)
    equal(org.errors(), [])


run()
