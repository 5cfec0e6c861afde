// Judges lines of JSON.  requests: each request of the connector (a query by a SOQL parser, a composite by the guide's shape);
// alike SAMPLE: what the twin answered has the members and kinds of values that the recorded sample has.
import { readFileSync } from "node:fs";
import { isQueryValid, parseQuery } from "@jetstreamapp/soql-parser-js";
import Ajv from "ajv";

const ajv = new Ajv({ allErrors: true });
const part = { type: "object", required: ["method", "url", "referenceId"], additionalProperties: false, properties: {
	method: { enum: ["GET", "POST", "PATCH", "PUT", "DELETE"] }, url: { type: "string", pattern: "^/services/data/v\\d+\\.0/" },
	referenceId: { type: "string", pattern: "^[A-Za-z0-9_]+$" }, httpHeaders: { type: "object" }, body: { type: "object" } } };
const record = { type: "object", required: ["attributes"], properties: { attributes: { type: "object", required: ["type"], properties: { type: { type: "string" } } } } };
const composite = ajv.compile({ type: "object", required: ["compositeRequest"], additionalProperties: false, properties: {
	allOrNone: { type: "boolean" }, collateSubrequests: { type: "boolean" }, compositeRequest: { type: "array", minItems: 1, maxItems: 25, items: part } } });
const collection = ajv.compile({ type: "object", required: ["records"], additionalProperties: false, properties: {
	allOrNone: { type: "boolean" }, records: { type: "array", minItems: 1, maxItems: 200, items: record } } });

const objects = JSON.parse(process.env.OBJECTS ?? "{}"); // name -> its fields, from the describe of the twin
const wrong = [];

function members(where, type, body) {
	for (const name of Object.keys(body))
		if (objects[type] && !["attributes", "id"].includes(name) && !objects[type].includes(name)) wrong.push(`${where}: ${type} has no ${name}`);
}

function soql(where, url) {
	const text = new URL(url, "http://x").searchParams.get("q");
	if (!isQueryValid(text)) { wrong.push(`${where}: no SOQL: ${text}`); return; }
	const query = parseQuery(text);
	for (const f of query.fields)
		if (f.type === "Field" && objects[query.sObject] && !objects[query.sObject].includes(f.field)) wrong.push(`${where}: ${query.sObject} has no ${f.field}`);
}

function one(where, method, url, body) {
	const path = url.split("?")[0];
	if (/\/query(All)?$/.test(path)) soql(where, url);
	if (/\/composite\/sobjects/.test(path) && method !== "DELETE") {
		if (!collection(body)) wrong.push(`${where}: ${ajv.errorsText(collection.errors)}`);
		else for (const r of body.records) members(where, r.attributes.type, r);
	} else if (/\/sobjects\/[A-Za-z0-9_]+(\/\w+)?$/.test(path) && body) {
		members(where, path.match(/\/sobjects\/(\w+)/)[1], body);
	}
}

function requests(lines) {
	lines.forEach((line, i) => {
		const r = JSON.parse(line), body = r.body ? JSON.parse(r.body) : null, where = `request ${i + 1}`;
		if (!/^\/services\/data/.test(r.path)) wrong.push(`${where}: ${r.path} is no address of the API`);
		if (/\/composite$/.test(r.path)) {
			if (!composite(body)) { wrong.push(`${where}: ${ajv.errorsText(composite.errors)}`); return; }
			let heavy = 0;
			const seen = new Set();
			for (const p of body.compositeRequest) {
				if (seen.has(p.referenceId)) wrong.push(`${where}: ${p.referenceId} twice`);
				seen.add(p.referenceId);
				heavy += /\/(query|composite\/sobjects)/.test(p.url);
				one(`${where}, ${p.referenceId}`, p.method, p.url, p.body);
			}
			if (heavy > 5) wrong.push(`${where}: ${heavy} queries and collections`);
		} else {
			one(where, r.method, r.path, body);
		}
	});
	console.log(`${lines.length} requests, ${wrong.length} wrong`);
}

// A schema of what a sample shows: its members are required, with the kinds of values that it has.
function schema(sample, open) {
	if (Array.isArray(sample)) return { type: "array", ...(sample.length ? { items: schema(sample[0], open) } : {}) };
	if (sample === null) return {};
	if (typeof sample !== "object") return { type: typeof sample };
	return { type: "object", required: Object.keys(sample).filter((k) => !open.includes(k)),
		properties: Object.fromEntries(Object.entries(sample).filter(([k]) => !open.includes(k)).map(([k, v]) => [k, schema(v, open)])) };
}

function alike(lines, sample, open) {
	const check = ajv.compile(schema(JSON.parse(readFileSync(sample)), open));
	for (const line of lines) if (!check(JSON.parse(line))) wrong.push(ajv.errorsText(check.errors));
	console.log(`${lines.length} answers, ${wrong.length} wrong`);
}

const [what, file, sample, ...open] = process.argv.slice(2);
const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
if (what === "requests") requests(lines);
else alike(lines, sample, open);
for (const w of wrong.slice(0, 20)) console.log(w);
process.exit(wrong.length ? 1 : 0);
