// sdk.mjs - Zoho's own SDK, unmodified, at work on a twin.  node sdk.mjs API_DOMAIN TOKEN_URL REFRESH_TOKEN FOLDER; told
// on stdout as one line of JSON.
import "@zohocrm/nodejs-sdk-8.0"; // first: its parts import each other in a circle
import { DataCenter } from "@zohocrm/nodejs-sdk-8.0/lib/routes/dc/data_center.js";
import { OAuthBuilder } from "@zohocrm/nodejs-sdk-8.0/lib/models/authenticator/oauth_builder.js";
import { FileStore } from "@zohocrm/nodejs-sdk-8.0/lib/models/authenticator/store/file_store.js";
import { InitializeBuilder } from "@zohocrm/nodejs-sdk-8.0/lib/routes/initialize_builder.js";
import { SDKConfigBuilder } from "@zohocrm/nodejs-sdk-8.0/lib/routes/sdk_config_builder.js";
import { LogBuilder } from "@zohocrm/nodejs-sdk-8.0/lib/routes/logger/log_builder.js";
import { Levels } from "@zohocrm/nodejs-sdk-8.0/lib/routes/logger/logger.js";
import { ParameterMap } from "@zohocrm/nodejs-sdk-8.0/lib/routes/parameter_map.js";
import { HeaderMap } from "@zohocrm/nodejs-sdk-8.0/lib/routes/header_map.js";

const core = "@zohocrm/nodejs-sdk-8.0/lib/core/com/zoho/crm/api/";
const { RecordOperations, GetRecordsParam, SearchRecordsParam } = await import(core + "record/record_operations.js");
const { BodyWrapper } = await import(core + "record/body_wrapper.js");
const { Record } = await import(core + "record/record.js");
const { Choice } = await import("@zohocrm/nodejs-sdk-8.0/lib/utils/util/choice.js");
const { CoqlOperations } = await import(core + "coql/coql_operations.js");
const { BodyWrapper: CoqlBody } = await import(core + "coql/body_wrapper.js");
const { OrgOperations } = await import(core + "org/org_operations.js");
const { RelatedRecordsOperations, GetRelatedRecordsParam } = await import(core + "related_records/related_records_operations.js");

const [domain, tokenUrl, refresh, folder] = process.argv.slice(2);
const told = {};

await (await new InitializeBuilder())
	.environment(DataCenter.setEnvironment(domain, tokenUrl, domain))
	.token(new OAuthBuilder().clientId("1000.TWINCLIENT").clientSecret("5ec2e7").refreshToken(refresh).findUser(false).build())
	.store(new FileStore(folder + "/tokens.txt"))
	.SDKConfig(new SDKConfigBuilder().autoRefreshFields(false).pickListValidation(false).build())
	.resourcePath(folder + "/")
	.logger(new LogBuilder().level(Levels.ERROR).filePath(folder + "/sdk.log").build())
	.initialize();

const data = async (promise) => {
	const response = await promise;
	const object = response.getObject();
	if (object === null || object === undefined)
		return { status: response.getStatusCode(), list: [] };
	return { status: response.getStatusCode(), list: object.getData ? object.getData() : object.getOrg ? object.getOrg() : [object] };
};
const entry = (e) => [e.getStatus().getValue(), e.getCode().getValue()];

const org = await data(new OrgOperations().getOrganization());
told.org = [org.status, org.list[0].getCompanyName(), org.list[0].getLicenseDetails().getPaidType()];

const records = (module) => new RecordOperations(module);
const made = new Record();
made.addKeyValue("Account_Name", "Made by the SDK");
made.addKeyValue("Phone", "775-555-0111");
made.addKeyValue("External_Id", "sdk-1");
const body = new BodyWrapper();
body.setData([made]);
const created = await data(records("Accounts").createRecords(body));
told.created = [created.status, ...entry(created.list[0])];
const id = BigInt(created.list[0].getDetails().get("id"));

const again = new BodyWrapper();
again.setData([made]);
again.setDuplicateCheckFields(["External_Id"]);
const upserted = await data(records("Accounts").upsertRecords(again));
told.upserted = [upserted.status, ...entry(upserted.list[0]), upserted.list[0].getAction().getValue()];

const bad = new BodyWrapper();
bad.setData([new Record()]);
const refused = await data(records("Accounts").createRecords(bad));
told.refused = [refused.status, ...entry(refused.list[0])];

const fields = new ParameterMap();
await fields.add(GetRecordsParam.FIELDS, "Account_Name,Phone");
await fields.add(GetRecordsParam.PER_PAGE, 3);
const listed = await data(records("Accounts").getRecords(fields, new HeaderMap()));
told.listed = [listed.status, listed.list.length];

const read = await data(records("Accounts").getRecord(id, new ParameterMap(), new HeaderMap()));
told.read = [read.status, read.list[0].getKeyValue("Account_Name"), read.list[0].getKeyValue("Phone")];

const query = new CoqlBody();
query.setSelectQuery("select Account_Name from Accounts where External_Id = 'sdk-1' limit 0, 10");
const found = await data(new CoqlOperations().getRecords(query));
told.found = [found.status, found.list.length, found.list[0].getKeyValue("Account_Name")];

const word = new ParameterMap();
await word.add(SearchRecordsParam.WORD, "Made by the SDK");
told.searched = (await data(records("Accounts").searchRecords(word, new HeaderMap()))).status; // the index lags behind

const deal = new Record();
deal.addKeyValue("Deal_Name", "SDK deal");
deal.addKeyValue("Amount", 12.5);
deal.addKeyValue("Closing_Date", new Date("2026-12-31"));
deal.addKeyValue("Stage", new Choice("Closed Won"));
const parent = new Record();
parent.setId(id);
deal.addKeyValue("Account_Name", parent);
const deals = new BodyWrapper();
deals.setData([deal]);
const dealt = await data(records("Deals").createRecords(deals));
told.deal = [dealt.status, ...entry(dealt.list[0])];
const deal_id = BigInt(dealt.list[0].getDetails().get("id"));
const seen = await data(records("Deals").getRecord(deal_id, new ParameterMap(), new HeaderMap()));
told.deal_read = [String(seen.list[0].getKeyValue("Amount")), seen.list[0].getKeyValue("Account_Name").getId() === id];

const gone = await data(records("Accounts").deleteRecord(id, new ParameterMap(), new HeaderMap()));
told.deleted = [gone.status, ...entry(gone.list[0])];
told.after = (await data(records("Accounts").getRecord(id, new ParameterMap(), new HeaderMap()))).status;
const links = new ParameterMap();
await links.add(GetRelatedRecordsParam.FIELDS, "Product_Name");
told.related = (await data(new RelatedRecordsOperations("Products", "Deals").getRelatedRecords(deal_id, links, new HeaderMap()))).status;

console.log(JSON.stringify(told));
