// openapi.mjs - requests against Zoho's own OpenAPI documents.  node openapi.mjs SPECS_FOLDER REQUESTS_FILE; the file has
// a line of JSON for each.  Prints what is wrong, and how many were looked at; status 1 if any is.
import Ajv from "ajv";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const [folder, file] = process.argv.slice(2);
const REMOTE = /https:\/\/raw\.githubusercontent\.com\/[^"#]*\/v8\.0\/(\w+\.json)(#[^"]*)/g;
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
const operations = [];

// Two lines of the documents are plainly wrong, and nothing real passes them: a channel_id is called an object, and
// notify_url has to be an address of Zoho's own.
function mend(name, document) {
	if (name !== "notifications.json")
		return document;
	const notification = document.components.schemas.Notification.properties;
	notification.channel_id = {};
	delete notification.notify_url.pattern;
	return document;
}

const names = readdirSync(folder).filter((n) => n.endsWith(".json"));
const known = new Set(names);
for (const name of names) {
	const text = readFileSync(join(folder, name), "utf8").replace(REMOTE, (all, other, at) => known.has(other) ? `mlc:/${other}${at}` : "mlc:/none.json");
	const document = mend(name, JSON.parse(text));
	document.$id = `mlc:/${name}`;
	ajv.addSchema(document);
	for (const [path, methods] of Object.entries(document.paths ?? {}))
		for (const [method, operation] of Object.entries(methods))
			operations.push({ name, path, method: method.toUpperCase(), operation });
}
// Documents that are not at hand (tags, territories) say nothing.
ajv.addSchema({ $id: "mlc:/none.json" });

function resolve(name, value) {
	while (value?.$ref) {
		const [, other, pointer] = value.$ref.match(/^(?:mlc:\/(\w+\.json))?#\/(.*)$/);
		name = other ?? name;
		value = pointer.split("/").reduce((o, key) => o?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], ajv.getSchema(`mlc:/${name}`)?.schema ?? {});
	}
	return [name, value];
}

// A literal segment beats a parameter.
function match(path, method) {
	let best = null, score = -1;
	const parts = path.split("/");
	for (const o of operations) {
		const want = o.path.split("/");
		if (o.method !== method || want.length !== parts.length || !want.every((w, i) => w === parts[i] || /^\{.*\}$/.test(w)))
			continue;
		const literal = want.filter((w) => !w.startsWith("{")).length + (o.name === "record.json" ? 0.1 : 0) + (o.path.includes("external") ? -0.2 : 0);
		if (literal > score)
			[best, score] = [o, literal];
	}
	return best;
}

const whole = /^\d+$/;
let count = 0, wrong = 0;
function complain(request, why) {
	wrong++;
	console.log(`${request.method} ${request.path}: ${why}`);
}

for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
	const request = JSON.parse(line), url = new URL(request.path, "https://www.zohoapis.com"), o = match(url.pathname, request.method);
	count++;
	if (!o) {
		complain(request, "no such operation");
		continue;
	}
	const parameters = (o.operation.parameters ?? []).map((p) => resolve(o.name, p)[1]).filter(Boolean);
	const allowed = new Map(parameters.filter((p) => p.in === "query").map((p) => [p.name, p]));
	for (const [name, value] of url.searchParams) {
		const p = allowed.get(name);
		if (!p)
			complain(request, `no parameter ${name}`);
		else if (p.schema?.type === "integer" && !whole.test(value))
			complain(request, `${name} is no whole number`);
	}
	for (const p of parameters)
		if (p.required && p.in === "query" && !url.searchParams.has(p.name))
			complain(request, `parameter ${p.name} is missing`);
	if (!o.operation.requestBody) {
		if (request.body)
			complain(request, "takes no body");
		continue;
	}
	let body;
	try {
		body = JSON.parse(request.body);
	} catch {
		complain(request, "the body is no JSON");
		continue;
	}
	const [where, bodySchema] = resolve(o.name, o.operation.requestBody);
	const schema = bodySchema?.content?.["application/json"]?.schema;
	const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#', `"$ref":"mlc:/${where}#`)));
	if (!validate(body))
		complain(request, validate.errors.map((e) => `${e.instancePath} ${e.message}`).join("; "));
}
console.log(`${count} requests, ${wrong} wrong`);
process.exit(wrong || !count ? 1 : 0);
