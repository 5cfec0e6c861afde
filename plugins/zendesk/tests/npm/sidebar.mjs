// sidebar.mjs - our app in a browser, beside a ticket: Zendesk's own app SDK in its frame, and around it a page that does what
// Zendesk's does for an app (its messages, its requests with the agent's session), before the twin.
//
//   node sidebar.mjs APP TWIN AUTHORIZATION FOLDER < steps      [{"ticket": {"organization": id, "custom_fields": {id: value}},
//                                                                "settings": {..}, "shot": "name"}]
//
// Prints for each step {"text", "cards": [{organization, title, status, text}], "height", "errors", "calls"}.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { chromium } from "playwright-core";

const [app, twin, authorization, folder] = process.argv.slice(2);
const here = path.dirname(new URL(import.meta.url).pathname);
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".png": "image/png", ".json": "application/json" };

// The SDK's modules as one script, as its own build makes them.
function sdk() {
  const root = path.join(here, "node_modules/zendesk_app_framework_sdk/lib");
  const files = { "./index": "index.js", "./client": "client.js", "./utils": "utils.js", "./vendor/native-promise-only": "vendor/native-promise-only.js" };
  const modules = Object.entries(files).map(([name, file]) =>
    `${JSON.stringify(name)}: function (module, exports, require) {${fs.readFileSync(path.join(root, file), "utf8")}\n}`);
  return `(function () { const modules = {${modules.join(",")}}, made = {};
    function require(name) { if (!made[name]) { made[name] = { exports: {} }; modules[name](made[name], made[name].exports, require); } return made[name].exports; }
    window.ZAFClient = require("./index"); })();`;
}

const FRAME = `<!DOCTYPE html><meta charset="utf-8"><title>Ticket</title>
<style>body { margin: 0; font: 14px sans-serif; display: grid; grid-template-columns: 1fr 340px; height: 100vh; background: #f8f9f9 }
section { padding: 24px } aside { background: #fff; border-left: 1px solid #d8dcde; padding: 12px } iframe { border: 0; width: 100%; height: 80px }
h1 { font-size: 20px } .said { background: #fff; border: 1px solid #d8dcde; border-radius: 4px; padding: 16px; max-width: 520px }</style>
<section><h1>Where is my invoice?</h1><p class="said">I cannot find it.</p></section><aside><iframe></iframe></aside>
<script>
const frame = document.querySelector("iframe"), guid = "guid-1";
window.ticket = {}; window.settings = {}; window.calls = []; window.invoked = [];
const say = (message) => frame.contentWindow.postMessage(JSON.stringify(message), "*");
window.tell = (key, message) => say({ key: "zaf." + key, message, appGuid: guid });
function value(path) {
  if (path === "ticket.organization") return window.ticket.organization ? { id: window.ticket.organization, name: "?" } : null;
  const field = /^ticket\\.customField:custom_field_(\\d+)$/.exec(path);
  return field ? (window.ticket.custom_fields || {})[field[1]] || null : null;
}
async function carry(key, options) {
  window.calls.push(options.url);
  const reply = await fetch(options.url, { method: options.type || "GET" });
  if (reply.ok) window.tell(key + ".done", { responseArgs: [await reply.json()] });
  else window.tell(key + ".fail", { responseArgs: [{ status: reply.status }] });
}
window.addEventListener("message", (event) => {
  const m = JSON.parse(event.data);
  if (m.key === "iframe.handshake") window.tell("app.registered", { metadata: { settings: window.settings }, context: { location: "ticket_sidebar" } });
  else if (m.request === "get") say({ id: m.id, result: Object.fromEntries([["errors", {}], ...m.params.map((p) => [p, value(p)])]) });
  else if (m.request === "invoke") {
    window.invoked.push(m.params);
    const [size] = m.params.resize || [];
    if (size) frame.style.height = size.height;
    say({ id: m.id, result: { errors: {} } });
  } else if (/^request:/.test(m.key || "")) carry(m.key, m.message);
});
window.open_app = () => { frame.src = "/app/assets/iframe.html?origin=" + encodeURIComponent(location.origin) + "&app_guid=" + guid; };
</script>`;

const server = http.createServer((request, reply) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname.startsWith("/api/")) {
    const onward = http.request(twin + request.url, { method: request.method, headers: { authorization } }, (answer) => {
      reply.writeHead(answer.statusCode, answer.headers);
      answer.pipe(reply);
    });
    onward.on("error", () => { reply.writeHead(502).end(); });
    request.pipe(onward);
  } else if (url.pathname.startsWith("/app/")) {
    const file = path.join(app, path.normalize(url.pathname.slice(5)));
    if (!fs.existsSync(file)) return reply.writeHead(404).end();
    reply.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "application/octet-stream" }).end(fs.readFileSync(file));
  } else {
    reply.writeHead(200, { "content-type": TYPES[".html"] }).end(FRAME);
  }
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const origin = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const steps = JSON.parse(fs.readFileSync(0, "utf8"));
let page, errors;
for (const step of steps) {
  if (step.settings || !page) {
    page = await browser.newPage({ viewport: { width: 1100, height: 640 } });
    errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.route("https://static.zdassets.com/**", (route) => route.fulfill({ contentType: "text/javascript", body: sdk() }));
    await page.goto(origin);
    await page.evaluate(([ticket, settings]) => { window.ticket = ticket; window.settings = settings; window.open_app(); }, [step.ticket, step.settings ?? {}]);
  } else {
    await page.evaluate((ticket) => { window.ticket = ticket; window.calls = []; window.invoked = []; window.tell("ticket.organization.changed", {}); }, step.ticket);
  }
  await page.waitForFunction(() => window.invoked.length > 0, null, { timeout: 20000 });
  await page.waitForTimeout(100);
  const frame = page.frames()[1];
  const told = await frame.evaluate(() => ({
    text: document.body.innerText,
    cards: [...document.querySelectorAll(".card")].map((c) => ({ organization: c.dataset.organization, title: c.querySelector("h2").innerText,
      about: c.querySelector(".role").innerText, status: c.querySelector(".status")?.innerText ?? null,
      rows: Object.fromEntries([...c.querySelectorAll("dt")].map((dt) => [dt.innerText, dt.nextElementSibling?.innerText ?? null])),
      late: [...c.querySelectorAll(".late")].map((e) => e.innerText) })),
    scrolls: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  }));
  told.height = await page.evaluate(() => document.querySelector("iframe").style.height);
  told.calls = await page.evaluate(() => window.calls);
  told.errors = errors;
  if (step.shot) await page.screenshot({ path: path.join(folder, `${step.shot}.png`) });
  console.log(JSON.stringify(told));
}
await browser.close();
server.close();
