// client.js - what node-quickbooks does against an address: each step's result as a line of JSON on stdout.
"use strict";
const QuickBooks = require("node-quickbooks");
const [base, realm, token, refresh, clientId, secret] = process.argv.slice(2);

QuickBooks.setOauthVersion("1.0"); // its 2.0 asks Intuit's own hosts for addresses that are given here
QuickBooks.V3_ENDPOINT_BASE_URL = base + "/v3/company/";
QuickBooks.TOKEN_URL = base + "/oauth2/v1/tokens/bearer";
QuickBooks.REVOKE_URL = base + "/v2/oauth2/tokens/revoke";

const books = new QuickBooks(clientId, secret, token, false, realm, false, false, 75, "2.0", refresh);
const said = (step, value) => console.log(JSON.stringify({ step, value }));
const ask = (name, ...args) => new Promise((done, fail) => books[name](...args, (err, value) => {
	const fault = err && (err.Fault || (err.response && err.response.data && err.response.data.Fault));
	return fault ? done({ fault: fault.Error[0].code }) : err ? fail(err) : done(value);
}));

(async () => {
	const made = await ask("createCustomer", { DisplayName: "Node Client", PrimaryEmailAddr: { Address: "n@node.example" } });
	said("created", { id: made.Id, token: made.SyncToken });
	said("again", await ask("createVendor", { DisplayName: "Node Client" }));
	said("read", (await ask("getCustomer", made.Id)).DisplayName);
	const changed = await ask("updateCustomer", { Id: made.Id, SyncToken: made.SyncToken, Notes: "by a client" });
	said("updated", { token: changed.SyncToken, name: changed.DisplayName, notes: changed.Notes });
	said("stale", await ask("updateCustomer", { Id: made.Id, SyncToken: "0", Notes: "late" }));
	said("found", (await ask("findCustomers", [{ field: "DisplayName", value: "Node%", operator: "LIKE" }])).QueryResponse.Customer.map(c => c.Id));
	said("all", (await ask("findInvoices", { fetchAll: true })).QueryResponse.Invoice.length);
	said("paged", (await ask("findCustomers", { limit: 2, offset: 2, asc: "DisplayName" })).QueryResponse.Customer.map(c => c.DisplayName));
	said("counted", (await ask("findInvoices", [{ field: "Balance", value: "0", operator: ">" }, { count: true }])).QueryResponse.totalCount);
	const item = (await ask("findItems", { Name: "Design" })).QueryResponse.Item[0];
	const invoice = await ask("createInvoice", { CustomerRef: { value: made.Id }, Line: [{ Amount: 10.1, DetailType: "SalesItemLineDetail",
		SalesItemLineDetail: { ItemRef: { value: item.Id } } }], requestId: "once" });
	const twice = await ask("createInvoice", { CustomerRef: { value: made.Id }, Line: [{ Amount: 10.1, DetailType: "SalesItemLineDetail",
		SalesItemLineDetail: { ItemRef: { value: item.Id } } }], requestId: "once" });
	said("invoiced", { total: invoice.TotalAmt, once: invoice.Id === twice.Id });
	said("voided", (await ask("voidInvoice", invoice.Id)).Invoice.Balance);
	said("deleted", (await ask("deleteInvoice", invoice.Id)).Invoice.status);
	said("gone", await ask("getInvoice", invoice.Id));
	said("batch", (await ask("batch", [{ bId: "a", operation: "create", Customer: { DisplayName: "Batch" } }, { bId: "b", Query: "select * from Term" },
		{ bId: "c", operation: "create", Customer: { DisplayName: "Node Client" } }])).BatchItemResponse.map(r => [r.bId, r.Fault ? r.Fault.Error[0].code : "well"]));
	const cdc = await ask("changeDataCapture", ["Customer", "Invoice"], new Date(Date.now() - 3600000));
	said("captured", cdc.CDCResponse[0].QueryResponse.map(q => Object.keys(q)[0]));
	said("company", (await ask("getCompanyInfo", realm)).CompanyName);
	said("refreshed", (await ask("refreshAccessToken")).expires_in);
	said("after", (await ask("getCustomer", made.Id)).Notes);
})().catch(err => {
	console.error(err.stack || err);
	process.exit(1);
});
