// jsforce, as others use it against the real Salesforce: logs in by client credentials and works with the twin.
import jsforce from "jsforce";

const [url, clientId, clientSecret] = process.argv.slice(2);
const told = {};
const code = async (work) => { try { await work; return "no error"; } catch (e) { return e.errorCode ?? e.name; } };

const conn = new jsforce.Connection({ instanceUrl: url, loginUrl: url, version: "68.0", oauth2: { clientId, clientSecret, loginUrl: url } });
await conn.authorize({ grant_type: "client_credentials" });
told.token = conn.accessToken.includes("!");
told.instance = conn.instanceUrl === url;

told.versions = (await conn.request("/services/data")).at(-1).version;
told.objects = (await conn.describeGlobal()).sobjects.map((o) => o.name).filter((n) => ["Account", "Order", "MLC_LedgerAccount__c"].includes(n)).sort();
const account = await conn.sobject("Account").describe();
told.key = account.fields.filter((f) => f.externalId && f.unique).map((f) => f.name).sort();

// each object of SF-11: made, read, changed, found, deleted
const objects = {
	Account: [{ Name: "One" }, { Phone: "1" }],
	Contact: [{ LastName: "Byron" }, { Email: "ada@one.example" }],
	Opportunity: [{ Name: "Deal", StageName: "Prospecting", CloseDate: "2026-12-01", Amount: 12.5 }, { StageName: "Closed Won" }],
	Product2: [{ Name: "Mug", IsActive: true }, { ProductCode: "MUG" }],
	MLC_LedgerAccount__c: [{ Name: "Checking" }, { MLC_Balance__c: 7.25 }],
};
told.crud = {};
for (const [name, [body, change]] of Object.entries(objects)) {
	const made = await conn.sobject(name).create(body);
	await conn.sobject(name).update({ Id: made.id, ...change });
	const read = await conn.sobject(name).retrieve(made.id);
	const found = await conn.sobject(name).find({ Id: made.id }, ["Id"]);
	const changed = Object.entries(change).every(([k, v]) => read[k] === v);
	await conn.sobject(name).destroy(made.id);
	told.crud[name] = made.success && changed && found.length === 1 && await code(conn.sobject(name).retrieve(made.id));
}

// upsert by external id, one and many, and the keys that clash
const first = await conn.sobject("Account").upsert({ Name: "Keyed", MLC_CustomerId__c: "8-1" }, "MLC_CustomerId__c");
const second = await conn.sobject("Account").upsert({ Name: "Keyed again", MLC_CustomerId__c: "8-1" }, "MLC_CustomerId__c");
told.upsert = [first.created, second.created, first.id === second.id];
told.clash = await code(conn.sobject("Account").create({ Name: "Other", MLC_CustomerId__c: "8-1" }));
const many = await conn.sobject("Account").create(Array.from({ length: 5 }, (_, i) => (i === 3 ? { Phone: "x" } : { Name: `Many ${i}` })), { allOrNone: false });
told.many = many.map((r) => r.success);
told.rolledBack = await code(conn.sobject("Account").create([{ Name: "Never" }, { Phone: "x" }], { allOrNone: true }).then((list) => {
	if (list.some((r) => !r.success)) throw Object.assign(new Error(), { errorCode: list.map((r) => r.errors?.[0]?.statusCode ?? "ok").join() });
}));

// an order with an item, lines of an opportunity
const book = await conn.sobject("Pricebook2").findOne({ IsStandard: true }, ["Id"]);
const mug = await conn.sobject("Product2").create({ Name: "Mug", IsActive: true });
const price = await conn.sobject("PricebookEntry").create({ Pricebook2Id: book.Id, Product2Id: mug.id, UnitPrice: 5, IsActive: true });
const order = await conn.sobject("Order").create({ AccountId: first.id, EffectiveDate: "2026-11-20", Status: "Draft", Pricebook2Id: book.Id });
await conn.sobject("OrderItem").create({ OrderId: order.id, PricebookEntryId: price.id, Quantity: 3, UnitPrice: 4.5 });
told.order = (await conn.sobject("Order").retrieve(order.id)).TotalAmount;
const deal = await conn.sobject("Opportunity").create({ Name: "Lines", StageName: "Prospecting", CloseDate: "2026-12-01" });
await conn.sobject("OpportunityLineItem").create({ OpportunityId: deal.id, PricebookEntryId: price.id, Quantity: 3, TotalPrice: 10 });
told.amount = (await conn.sobject("Opportunity").retrieve(deal.id)).Amount;
told.both = await code(conn.sobject("OpportunityLineItem").create({ OpportunityId: deal.id, PricebookEntryId: price.id, Quantity: 3, TotalPrice: 10, UnitPrice: 3 }));

// pages: query, queryMore, autoFetch, children and parents
let page = await conn.query("SELECT Id, Name FROM Account ORDER BY Name");
let rows = page.records.length;
while (!page.done) {
	page = await conn.queryMore(page.nextRecordsUrl);
	rows += page.records.length;
}
told.pages = rows === page.totalSize && rows > 5;
told.children = (await conn.query("SELECT Name, (SELECT OrderNumber FROM Orders) FROM Account WHERE Id = '" + first.id + "'")).records[0].Orders.totalSize;
told.parent = (await conn.query("SELECT Order.Account.Name FROM OrderItem")).records[0].Order.Account.Name;
told.malformed = await code(conn.query("SELECT Id FORM Account"));
told.column = await code(conn.query("SELECT Nonsense__c FROM Account"));
told.object = await code(conn.query("SELECT Id FROM Nonsense__c"));

// getUpdated, getDeleted, queryAll, limits, composite, tree
const soon = new Date(Date.now() + 120000), past = new Date(Date.now() - 600000);
told.updated = (await conn.sobject("Account").updated(past, soon)).ids.includes(first.id);
told.deleted = (await conn.sobject("Account").deleted(past, soon)).deletedRecords.length;
told.all = (await conn.query("SELECT Id FROM Account WHERE IsDeleted = true", { scanAll: true })).totalSize;
told.limit = (await conn.request("/services/data/v68.0/limits")).DailyApiRequests.Max;
told.usage = conn.limitInfo?.apiUsage?.limit;
const composite = await conn.requestPost("/services/data/v68.0/composite", { allOrNone: true, compositeRequest: [
	{ method: "POST", url: "/services/data/v68.0/sobjects/Account", referenceId: "a", body: { Name: "Composed" } },
	{ method: "POST", url: "/services/data/v68.0/sobjects/Contact", referenceId: "c", body: { LastName: "Part", AccountId: "@{a.id}" } },
	{ method: "GET", url: "/services/data/v68.0/query?q=SELECT+Name+FROM+Contact+WHERE+AccountId='@{a.id}'", referenceId: "q" }] });
told.composite = composite.compositeResponse.map((p) => p.httpStatusCode).concat(composite.compositeResponse[2].body.records.length);
const tree = await conn.requestPost("/services/data/v68.0/composite/tree/Account", { records: [
	{ attributes: { type: "Account", referenceId: "r1" }, Name: "Tree", Contacts: { records: [{ attributes: { type: "Contact", referenceId: "r2" }, LastName: "Leaf" }] } }] });
told.tree = [tree.hasErrors, tree.results.length];
console.log(JSON.stringify(told));
