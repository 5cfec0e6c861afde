// client.mjs - node-zendesk, as it is, against the twin: URL, then a login.  Prints what it got as JSON.
import zendesk from "node-zendesk";

const [url, login, token, oauth] = process.argv.slice(2);
const client = zendesk.createClient({ endpointUri: `${url}/api/v2`, username: login, token, useOAuth: oauth === "oauth", throttle: false });
const told = {};
const one = (reply) => reply.result?.organization ?? reply.result?.user ?? reply.result?.ticket ?? reply.result;

async function refusal(promise) {
  try {
    await promise;
    return "it was taken";
  } catch (error) {
    return Number(/\((\d{3})\)/.exec(error.message)?.[1]) || error.message;
  }
}

const me = await client.users.me();
told.me = one(me).email;

const made = one(await client.organizations.create({ organization: { name: "Birch Books", external_id: "qbo:1:9", tags: ["a"] } }));
told.made = made.id;
told.again = one(await client.organizations.createOrUpdate({ organization: { external_id: "QBO:1:9", details: "1 Elm St" } })).id;
told.shown = one(await client.organizations.show(made.id));
told.taken = await refusal(client.organizations.create({ organization: { name: "birch books" } }));
told.updated = one(await client.organizations.update(made.id, { organization: { notes: "pays" } })).notes;
told.listed = (await client.organizations.list()).length;
told.found = (await client.organizations.search("qbo:1:9")).length;
told.incremental = (await client.organizations.incremental(1)).length;

told.user = one(await client.users.create({ user: { name: "Bo Birch", email: "bo@birch.example", organization_id: made.id, skip_verify_email: true } })).id;
told.byOrganization = (await client.users.listByOrganization(made.id)).map((u) => u.email);
told.memberships = (await client.organizationmemberships.listByUser(told.user)).length;
told.identities = (await client.useridentities.list(told.user)).map((i) => i.value);

const ticket = one(await client.tickets.create({ ticket: { subject: "Late", comment: { body: "where is it?" }, requester_id: told.user } }));
told.ticketOrganization = ticket.organization_id;
told.ticketUpdated = one(await client.tickets.update(ticket.id, { ticket: { status: "pending" } })).status;
told.comments = (await client.tickets.getComments(ticket.id)).length;
told.incrementalTickets = (await client.tickets.incremental(1)).length;

told.field = (await client.organizationfields.create({ organization_field: { key: "qbo_balance", type: "decimal", title: "Balance" } })).result.organization_field?.key
  ?? (await client.organizationfields.list())[0].key;
const job = (await client.organizations.updateMany({ organizations: [{ id: made.id, organization_fields: { qbo_balance: "12.30" } }, { id: 1 }] }));
const jobId = (job.result?.job_status ?? job.result ?? job.job_status ?? job).id;
const done = await client.jobstatuses.watch(jobId, 50, 100);
told.job = done.job_status ?? done;
told.balance = one(await client.organizations.show(made.id)).organization_fields.qbo_balance;
told.search = (await client.search.queryAll("type:organization birch")).length;
await client.organizations.delete(made.id);
told.gone = await refusal(client.organizations.show(made.id));
console.log(JSON.stringify(told));
