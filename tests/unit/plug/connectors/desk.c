/* desk.c - a peer that calls us, in lines of text: what struct mlc_visit makes possible, and no
 * more.
 *
 *   hello PASSWORD           -> "ticket" when there is work, else "none"
 *   ask IDENTITY             -> "set MARK" or "reads", then "PATH BODY" lines; or "nothing", "wait"
 *   gave / back / alone / lost, one line per request taken, with the reply after "gave "
 *                            -> "more" or "done"
 *   bye                      -> "bye", the visit is over
 *   open | steal | twice     what a connector must not do: breaches of the contract
 * Reads have paths that begin with "read"; "once" in one makes it worthless after this visit. */
#include <mlc/connector.h>

#include <stdio.h>
#include <string.h>

#ifndef VERSION
#define VERSION "1.0.0"
#endif

static const struct mlc_field invoice[] = {
	{ "TxnID", MLC_TEXT, MLC_READONLY, 36, NULL },
	{ "Memo", MLC_TEXT, 0, 100, NULL },
	{ "Total", MLC_DECIMAL, 0, 2, NULL },
	{ NULL },
};
static const struct mlc_entity entities[] = { { "Invoice", MLC_CREATE | MLC_RECOVERED, 1, NULL,
	invoice }, { NULL } };
static const char *const invoices[] = { "Invoice", NULL };
static const struct mlc_feed feeds[] = { { "invoices", invoices, 900, 0 },
	{ "once", invoices, 900, 0 }, { NULL } };
static const struct mlc_setting settings[] = {
	{ "identity", MLC_TEXT, 0, false, "the company file" },
	{ "password", MLC_TEXT, MLC_REQUIRED, true, "what the peer types in" },
	{ NULL },
};

struct state {
	bool in;
	unsigned turns;
};

struct write_state {
	bool asked;
};

/* ---- calls ------------------------------------------------------------------------------- */

static enum mlc_step poll(struct mlc_call *c)
{
	const char *from = c->cursor ? c->cursor : "0";

	if (c->reply->kind == MLC_REPLY_HERE) {
		json_t *page = c->host->parse(c, c->reply->body, c->reply->body_len),
			*list = json_object_get(page, "list"), *one;
		size_t i;

		if (!json_is_array(list))
			return c->host->fail(c, MLC_BROKEN, 0, "no list");
		json_array_foreach(list, i, one)
			c->host->emit(c, &(struct mlc_record){ .entity = "Invoice",
				.id = json_string_value(one), .version = "1",
				.data = json_object() });
		c->host->advance(c, json_string_value(json_object_get(page, "next")), 0);
		if (!json_is_true(json_object_get(page, "more")))
			return MLC_DONE;
		from = json_string_value(json_object_get(page, "next"));
	}
	c->request->path = c->host->format(c, "read-%s-%s", c->feed->name, from);
	c->request->repeatable = true;
	c->request->this_visit = !strcmp(c->feed->name, "once");
	return MLC_SEND;
}

static enum mlc_step find(struct mlc_call *c)
{
	if (c->reply->kind == MLC_REPLY_HERE) {
		if (c->reply->body_len > 0)
			c->host->emit(c, &(struct mlc_record){ .entity = "Invoice",
				.id = c->reply->body, .data = json_object() });
		return MLC_DONE;
	}
	c->request->path = "read-find";
	c->request->repeatable = true;
	return MLC_SEND;
}

static enum mlc_step write(struct mlc_call *c)
{
	struct write_state *s = c->state;

	if (c->reply->kind == MLC_REPLY_LOST)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "nobody can tell");
	if (c->reply->kind == MLC_REPLY_HERE) {
		/* After a restart the state is empty, and sent says what was asked. */
		if (!s->asked && (!c->sent || strcmp(c->sent->path, c->writes[0].key) != 0))
			return c->host->fail(c, MLC_BROKEN, 0, "a reply to nothing");
		if (!strncmp(c->reply->body, "ok ", 3))
			c->host->settle(c, 0, &(struct mlc_record){ .entity = "Invoice",
				.id = c->reply->body + 3, .version = "1" });
		else
			c->host->refuse(c, 0, MLC_REFUSED, 0, "%s", c->reply->body);
		return MLC_DONE;
	}
	s->asked = true;
	c->request->path = c->writes[0].key;
	c->request->body = c->host->dump(c, json_incref(c->writes[0].data) /* dump drops it */,
		c->entity, &c->request->body_len);
	return MLC_SEND;
}

static enum mlc_step invite(struct mlc_call *c)
{
	if (!json_object_get(c->facts, "file_id") && !c->host->fact(c, "file_id", c->nonce))
		return c->host->fail(c, MLC_REFUSED, 0, "no file_id");
	const char *id = json_object_get(c->facts,
		"file_id") ? json_string_value(json_object_get(c->facts, "file_id")) : c->nonce;
	c->answer->type = "text/plain";
	c->answer->body = c->host->format(c, "file %s at %s", id,
		c->hook_url ? c->hook_url : "nowhere");
	c->answer->body_len = strlen(c->answer->body);
	return MLC_DONE;
}

/* ---- serve --------------------------------------------------------------------------------- */

static enum mlc_step say(struct mlc_call *c, const char *text)
{
	c->answer->type = "text/plain";
	c->answer->body = text;
	c->answer->body_len = strlen(text);
	return MLC_DONE;
}

static bool is(struct mlc_call *c, const char *word, const char **rest)
{
	size_t n = strlen(word);

	if (strncmp(c->inbound->body, word, n) != 0)
		return false;
	*rest = c->inbound->body + n + (c->inbound->body[n] == ' ');
	return true;
}

static enum mlc_step hello(struct mlc_call *c, const char *password)
{
	struct mlc_visit *v = c->visit;

	if (!c->host->secret_is(c, "password", password))
		return say(c, "nvu");
	if (!v->coming && !v->parked_count && !v->open_mark)
		return say(c, "none");
	((struct state *)c->state)->in = true;
	v->turn = MLC_OPENS;
	return say(c, "ticket " VERSION);
}

static bool is_read(const struct mlc_request *q)
{
	return !strncmp(q->path, "read", 4);
}

static enum mlc_step ask(struct mlc_call *c, const char *identity)
{
	struct mlc_visit *v = c->visit;
	size_t *took, n = 0;
	const char *text = "";
	bool reads = false, one = false;

	if (!((struct state *)c->state)->in)
		return say(c, "who are you");
	if (!c->host->fact(c, "identity", identity))
		return say(c, "wrong company");
	if (v->open_mark) {
		v->mark = v->open_mark;
		return MLC_DONE;
	}
	if (!v->parked_count && v->coming && c->reply->kind != MLC_REPLY_PAUSED)
		return MLC_PAUSE;
	if (!v->parked_count)
		return say(c, v->coming ? "wait" : "nothing");
	took = c->host->alloc(c, v->parked_count * sizeof *took);
	for (size_t i = 0; i < v->parked_count; i++)
		reads = reads || is_read(v->parked[i]);
	for (size_t i = 0; i < v->parked_count; i++)
		if (is_read(v->parked[i]) == reads && !one) {
			if (v->alone[i] && n > 0)
				continue;
			one = v->alone[i];
			took[n++] = i;
			text = c->host->format(c, "%s%s %s\n", text, v->parked[i]->path,
				v->parked[i]->body ? v->parked[i]->body : "-");
		}
	v->took = took;
	v->took_count = n;
	if (!reads)
		v->mark = c->host->format(c, "M%.18s", v->parked[took[0]]->path);
	return say(c, c->host->format(c, "%s%s\n%s", reads ? "reads" : "set ", reads ? "" : v->mark,
		text));
}

static enum mlc_step take_answers(struct mlc_call *c)
{
	const char *line = c->inbound->body;

	if (c->reply->kind == MLC_REPLY_PAUSED)
		return say(c, c->visit->parked_count ||
			c->visit->open_mark ? "more" : c->visit->coming ? "wait" : "done");
	for (size_t i = 0; *line && i < c->visit->taken_count; i++) {
		size_t len = strcspn(line, "\n");

		if (!strncmp(line, "gave ", 5))
			c->host->gave(c, i, 200, line + 5, len - 5);
		else if (!strncmp(line, "back", 4))
			c->host->back(c, i, false);
		else if (!strncmp(line, "alone", 5))
			c->host->back(c, i, true);
		else if (!strncmp(line, "lost", 4))
			c->host->lost(c, i);
		line += len + (line[len] == '\n');
	}
	return MLC_PAUSE;
}

static enum mlc_step misbehave(struct mlc_call *c, const char *how)
{
	static const size_t first[] = { 0, 0 };

	c->visit->took = first;
	c->visit->took_count = !strcmp(how, "twice") ? 2 : 1;
	if (!strcmp(how, "open"))
		c->visit->mark = "another";
	return say(c, "this must not leave");
}

static enum mlc_step serve(struct mlc_call *c)
{
	const char *rest;

	if (!strcmp(c->inbound->method, "GET"))
		return say(c, "a desk stands here");
	((struct state *)c->state)->turns++;
	if (is(c, "hello", &rest))
		return hello(c, rest);
	if (is(c, "ask", &rest))
		return ask(c, rest);
	if (is(c, "bye", &rest)) {
		c->visit->turn = MLC_LEAVES;
		return say(c, "bye");
	}
	if (is(c, "pause", &rest))
		return MLC_PAUSE;
	if (is(c, "auth", &rest))
		return c->host->fail(c, MLC_AUTH, 0, "the peer may not come in");
	if (is(c, "misbehave", &rest))
		return misbehave(c, rest);
	return take_answers(c);
}

const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK, .size = sizeof(struct mlc_connector), .name = "desk", .title = "Desk",
		.version = VERSION,
	.entities = entities, .feeds = feeds, .settings = settings,
	.state_size = sizeof(struct state) + sizeof(struct write_state),
	.poll = poll, .find = find, .write = write, .invite = invite, .serve = serve,
};
