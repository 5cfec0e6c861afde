// check.mjs - holds exchanges to a vendor's OpenAPI documents (3.x, or Swagger 2.0).
//
//   node check.mjs DOCUMENT... < exchanges        each line {"method","path" (with its query),"headers":["Name: value"],"body","status","reply"}
//
// Prints one line of JSON for each exchange, {"known": false, ..} where no document has such an address, else
// {"known": true, "request": [complaint], "reply": [complaint]}; the reply is looked at where "status" is given.
import fs from "node:fs";
import readline from "node:readline";
import yaml from "js-yaml";
import { OpenAPIBackend } from "openapi-backend";
import swagger from "swagger2openapi";

const AJV = { strict: false, allErrors: true, logger: false, allowUnionTypes: true };

// What a document refers to elsewhere is not at hand: anything goes there.
function withoutStrangers(value) {
  if (Array.isArray(value)) return value.map(withoutStrangers);
  if (!value || typeof value !== "object") return value;
  if (typeof value.$ref === "string" && !value.$ref.startsWith("#")) return {};
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutStrangers(one)]));
}

// 3.0's "nullable" beside a $ref or an enum, which ajv would not see.
function withNulls(value) {
  if (Array.isArray(value)) return value.map(withNulls);
  if (!value || typeof value !== "object") return value;
  const out = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withNulls(one)]));
  if (out.nullable === true && Array.isArray(out.enum) && !out.enum.includes(null)) out.enum = [...out.enum, null];
  return out;
}

async function load(path) {
  let document = yaml.load(fs.readFileSync(path, "utf8"), { json: true });
  if (document.swagger) document = (await swagger.convertObj(document, { patch: true, warnOnly: true, resolve: false })).openapi;
  document = withNulls(withoutStrangers(document));
  delete document.servers;
  const api = new OpenAPIBackend({ definition: document, quick: true, strict: false, ajvOpts: AJV });
  await api.init();
  return api;
}

const words = (errors) => (errors ?? []).map((e) => `${e.instancePath || "/"} ${e.message}${e.params?.additionalProperty ? ` '${e.params.additionalProperty}'` : ""}`);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

// Documents seldom say what may be null: such a member counts as not there.
function withoutNulls(value) {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null).map(([name, one]) => [name, withoutNulls(one)]));
}

function headersOf(list) {
  return Object.fromEntries((list ?? []).map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
}

// openapi-backend takes the brackets off names; where a document has them in its own (Zuora's "filter[]"), they stay.
function withBrackets(request, operation) {
  const named = Object.fromEntries((operation.parameters ?? []).filter((p) => p.in === "query" && p.name.endsWith("[]")).map((p) => [p.name, true]));
  if (!Object.keys(named).length) return request;
  const [path, text] = request.path.split("?");
  const query = {};
  for (const [name, value] of new URLSearchParams(text ?? "")) {
    if (named[name]) query[name] = [...(query[name] ?? []), value];
    else query[name] = value;
  }
  return { ...request, path, query };
}

function check(apis, exchange) {
  const request = { method: exchange.method, path: exchange.path, headers: headersOf(exchange.headers), body: exchange.body ? parsed(exchange.body) : undefined };
  if (exchange.type) request.headers["content-type"] = exchange.type;
  for (const api of apis) {
    const operation = api.matchOperation(request);
    if (!operation?.operationId) continue;
    const told = { known: true, operation: operation.operationId, request: words(api.validateRequest(withBrackets(request, operation), operation).errors), reply: [] };
    if (exchange.status) {
      const at = operation.responses?.[exchange.status];
      if (!at && !operation.responses?.default) told.reply = [`status ${exchange.status} is none of ${Object.keys(operation.responses ?? {}).join(", ")}`];
      else if (exchange.reply) told.reply = words(api.validateResponse(withoutNulls(parsed(exchange.reply)), operation, exchange.status).errors);
    }
    return told;
  }
  return { known: false, request: [], reply: [] };
}

const apis = await Promise.all(process.argv.slice(2).map(load));
for await (const line of readline.createInterface({ input: process.stdin })) {
  if (line.trim()) console.log(JSON.stringify(check(apis, JSON.parse(line))));
}
