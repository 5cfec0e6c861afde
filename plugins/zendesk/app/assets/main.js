// main.js - what the ticket's organization owes, and the vendor that the ticket is about, beside the ticket.
//
// The figures are organization fields that ml-connector keeps; nothing is computed here, nothing is written.
(function () {
  "use strict";

  const client = window.ZAFClient && window.ZAFClient.init();
  const cards = document.getElementById("cards");
  let prefix = "qbo_", vendorTitle = "Vendor", field, turn = 0;

  function element(name, className, text) {
    const e = document.createElement(name);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  }

  function amount(value, currency) {
    const number = Number(value);
    if (value === null || value === undefined || value === "" || Number.isNaN(number)) return null;
    const text = number.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    return currency ? `${text} ${currency}` : text;
  }

  // "3 · 262.07 USD"; null where the account has no such field, or nothing stands in it.
  function countOf(fields, count, sum, currency) {
    if (fields[count] === null || fields[count] === undefined) return null;
    const total = amount(fields[sum], currency);
    return total && Number(fields[count]) > 0 ? `${fields[count]} · ${total}` : String(fields[count]);
  }

  function row(list, label, value, className) {
    if (value === null || value === undefined || value === "") return;
    list.append(element("dt", "", label));
    const dd = element("dd", className || "");
    if (value instanceof Node) dd.append(value);
    else dd.textContent = value;
    list.append(dd);
  }

  function mailTo(address) {
    if (!address) return null;
    const a = element("a", "", address);
    a.href = `mailto:${encodeURIComponent(address).replace("%40", "@")}`;
    return a;
  }

  function lines(title, text) {
    const details = element("details"), list = element("ul"), all = String(text).split("\n").filter(Boolean);
    details.append(element("summary", "", `${title} (${all.length})`), list);
    for (const line of all) list.append(element("li", "", line));
    details.addEventListener("toggle", resize);
    return details;
  }

  // The account's fields without their prefix: what is not ours is not shown.
  function figuresOf(organization) {
    const figures = {};
    for (const [key, value] of Object.entries(organization.organization_fields || {})) {
      if (key.startsWith(prefix)) figures[key.slice(prefix.length)] = value;
    }
    return figures;
  }

  function card(organization, about) {
    const f = figuresOf(organization), article = element("article", "card"), header = element("header"), head = element("div"), money = element("dl"), who = element("dl");
    head.append(element("h2", "", organization.name), element("p", "role", about));
    header.append(head);
    article.append(header);
    article.dataset.organization = organization.id;
    if (!f.role && !f.status) {
      article.append(element("dl"));
      article.lastChild.append(element("dt", "", "The books know no such customer or vendor."));
      return article;
    }
    const status = f.active === false ? "inactive" : f.status;
    if (status) header.append(element("span", `status ${["paid", "open", "overdue", "inactive"].includes(status) ? status : "inactive"}`, status));
    row(money, "Open invoices", countOf(f, "open_invoices", f.role === "vendor" ? "" : "open_amount", f.currency));
    row(money, "Overdue invoices", countOf(f, "overdue_invoices", "overdue_amount", f.currency), Number(f.overdue_invoices) > 0 ? "late" : "");
    row(money, "Open bills", countOf(f, "open_bills", "open_amount", f.currency));
    row(money, "Overdue bills", countOf(f, "overdue_bills", "overdue_amount", f.currency), Number(f.overdue_bills) > 0 ? "late" : "");
    row(money, "Balance", amount(f.balance, f.currency));
    if (money.children.length) article.append(money);
    row(who, "Contact", f.billing_contact && String(f.billing_contact).replace(", ", "\n"), "text"); // name, then number
    row(who, "E-mail", mailTo(f.billing_email), "text");
    row(who, "Address", f.billing_address, "text");
    if (who.children.length) article.append(who);
    if (f.invoices) article.append(lines("Invoices", f.invoices));
    if (f.bills) article.append(lines("Bills", f.bills));
    return article;
  }

  function resize() {
    const height = Math.min(Math.max(document.body.scrollHeight, 60), 800);
    client.invoke("resize", { width: "100%", height: `${height}px` });
  }

  function show(...parts) {
    cards.replaceChildren(...parts);
    resize();
  }

  async function organizationOf(id) {
    return (await client.request({ url: `/api/v2/organizations/${encodeURIComponent(id)}.json` })).organization;
  }

  async function vendorField() {
    const { ticket_fields: fields } = await client.request({ url: "/api/v2/ticket_fields.json" });
    return fields.find((f) => f.type === "lookup" && f.title === vendorTitle && f.active !== false) || null;
  }

  async function vendorId() {
    if (field === undefined) field = await vendorField();
    if (!field) return null;
    const name = `ticket.customField:custom_field_${field.id}`;
    return (await client.get(name))[name] || null;
  }

  async function look() {
    const mine = ++turn;
    try {
      const found = (await client.get("ticket.organization"))["ticket.organization"];
      const [own, vendor] = await Promise.all([found && found.id ? organizationOf(found.id) : null, vendorId()]);
      const other = vendor && (!own || String(own.id) !== String(vendor)) ? await organizationOf(vendor) : null;
      if (mine !== turn) return; // a newer look is under way
      const parts = [];
      if (own) parts.push(card(own, figuresOf(own).role === "vendor" ? "Vendor" : "Customer"));
      if (other) parts.push(card(other, "Vendor that this ticket is about"));
      show(...(parts.length ? parts : [element("p", "quiet", "The requester belongs to no organization.")]));
    } catch (error) {
      if (mine === turn) show(element("p", "quiet", `The books cannot be shown just now (${error.status || error.message || "no answer"}).`));
    }
  }

  if (!client) {
    cards.replaceChildren(element("p", "quiet", "This page belongs beside a ticket in Zendesk."));
    return;
  }
  client.on("app.registered", (data) => {
    const settings = (data && data.metadata && data.metadata.settings) || {};
    prefix = settings.prefix || prefix;
    vendorTitle = settings.vendor_field || vendorTitle;
    look();
  });
  for (const event of ["app.activated", "ticket.organization.changed", "ticket.requester.id.changed", "*.changed"]) client.on(event, look);
})();
