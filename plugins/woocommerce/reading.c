/* reading.c - addresses, replies and records of a WooCommerce shop; ping, fetch, find. */
#include "woocommerce.h"

#include <stdlib.h>

#define LIMITED_MS  60000u  /* where the shop does not say how long */
#define FIREWALL_MS 600000u /* something in front of it has had enough of us */
#define FIND_PAGES  50

/* ---- addresses ----------------------------------------------------------------------- */

/* What stands before "orders" in each form of permalinks.  WooCommerce looks at keys only where
 * REQUEST_URI holds "wp-json/wc/" literally, hence the odd parameter (SOURCES.md 1). */
static const struct form {
	const char *name, *index, *api;
	bool query; /* the path is inside a query already */
} forms[] = {
	{ "pretty", "/wp-json/", "/wp-json/wc/v3/", false },
	{ "index", "/index.php/wp-json/", "/index.php/wp-json/wc/v3/", false },
	{ "plain", "/?rest_route=/", "/?mlc=wp-json/wc/&rest_route=/wc/v3/", true },
};
#define FORMS (sizeof forms / sizeof *forms)

static int form_named(const char *name)
{
	for (size_t i = 0; name && i < FORMS; i++)
		if (strcmp(forms[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* As the settings say, else as the last ping found, else pretty. */
static int form_of(struct mlc_call *c)
{
	int form = form_named(mlc_known(c->settings, "permalinks"));

	if (form < 0)
		form = form_named(mlc_known(c->facts, "permalinks"));
	return form < 0 ? 0 : form;
}

static const char *path_in(struct mlc_call *c, int form, const char *tail)
{
	const char *query = strchr(tail, '?');

	if (!forms[form].query || !query)
		return c->host->format(c, "%s%s", forms[form].api, tail);
	return c->host->format(c, "%s%.*s&%s", forms[form].api, (int)(query - tail), tail, query + 1);
}

const char *woo_path(struct mlc_call *c, const char *tail)
{
	return path_in(c, form_of(c), tail);
}

const char *woo_index_path(int form)
{
	return forms[form].index;
}

/* ---- replies that are no success -------------------------------------------------------- */

static json_t *error_body(struct mlc_call *c)
{
	json_t *body = c->reply->body_len < 65536 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;

	return json_is_object(body) && mlc_text(body, "code") ? body : NULL;
}

const char *woo_code(struct mlc_call *c)
{
	return mlc_text_or(error_body(c), "code", "");
}

bool woo_is_gone(struct mlc_call *c)
{
	const char *code = woo_code(c);

	/* woocommerce_rest_shop_order_invalid_id, wc_user_invalid_id, ..._invalid_order_refund_id, ... */
	return c->reply->status == 404 && strstr(code, "invalid") && mlc_ends_with(code, "id");
}

/* Why a key that may be right is not taken.  401: not known, or not for this; 403: its user (SOURCES.md 2). */
static enum mlc_step unknown_key(struct mlc_call *c, const char *doing, const char *words)
{
	const char *url = mlc_known(c->settings, "url"), *auth = mlc_known(c->settings, "auth");
	const char *advice = "";

	if (strcmp(woo_code(c), "woocommerce_rest_cannot_view") == 0) {
		if (auth && strcmp(auth, "oauth1") == 0)
			advice = "; is the consumer key of this shop?";
		else if (url && strncmp(url, "https:", 6) != 0)
			advice = "; over plain http a shop ignores such a login: use https, or auth = \"oauth1\"";
		else
			advice = "; is the consumer key of this shop? If it is: a proxy in front of the shop may hide https or"
				 " take the Authorization header away, then auth = \"oauth1\" helps";
	}
	return c->host->fail(c, MLC_AUTH, 0, "%s: the shop does not accept the key: %s%s", doing, words, advice);
}

static enum mlc_fault fault_of(struct mlc_call *c, bool ours)
{
	int status = c->reply->status;

	if (status == 429)
		return MLC_LIMITED;
	if (status == 503)
		return c->host->header(c, "Retry-After") ? MLC_LIMITED : MLC_RETRY;
	if (status == 408 || status == 425)
		return MLC_RETRY;
	if (status >= 500) {
		/* A refusal that comes as a 500 for ever: {"code":"woocommerce_rest_...","data":500} (SOURCES.md 7). */
		bool refusal = ours && (status == 501 || (json_is_integer(mlc_at(error_body(c), "data"))
			&& strncmp(woo_code(c), "woocommerce_rest_", 17) == 0));

		return refusal ? MLC_REFUSED : MLC_RETRY;
	}
	if (status == 404 && !ours)
		return MLC_BROKEN;
	return status >= 400 ? MLC_REFUSED : MLC_BROKEN;
}

enum mlc_step woo_failed(struct mlc_call *c, const char *doing)
{
	json_t *body = error_body(c);
	int status = c->reply->status;
	const char *words = body ? mlc_unescape(c, mlc_text_or(body, "message", mlc_text(body, "code"))) : NULL;
	const char *params = NULL, *name;
	json_t *why;

	json_object_foreach(mlc_at(body, "data.params"), name, why)
		if (json_is_string(why))
			params = mlc_unescape(c, json_string_value(why));
	if (params)
		words = c->host->format(c, "%s: %s", words, params);

	if (status >= 300 && status < 400) {
		const char *to = c->host->header(c, "Location");

		return c->host->fail(c, MLC_REFUSED, 0, "%s: the shop redirects to %s; write that address as its url", doing,
			to ? to : "somewhere else");
	}
	if (status == 401 && body)
		return unknown_key(c, doing, words);
	if (status == 403 && body)
		return c->host->fail(c, MLC_AUTH, 0,
			"%s: the user of the key may not do that: %s; make the key for an administrator or shop manager", doing, words);
	if ((status == 401 || status == 403) && !body)
		return c->host->fail(c, MLC_LIMITED, mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, FIREWALL_MS),
			"%s: something in front of the shop refuses us (%d, and not in WooCommerce's words): a firewall or a"
			" password on the site; allow this machine there", doing, status);
	if (status == 404 && body && strcmp(woo_code(c), "rest_no_route") == 0)
		return c->host->fail(c, MLC_BROKEN, 0, "%s: the shop has no such route: is WooCommerce switched on there?", doing);

	enum mlc_fault fault = fault_of(c, body != NULL);
	uint32_t after = fault == MLC_LIMITED ? mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, LIMITED_MS) : 0;
	if (status == 404 && !body)
		words = "no WordPress answers at that address: is the url right? If it is, a ping finds out the form of its permalinks";
	return c->host->fail(c, fault, after, "%s: %d%s%s", doing, status, words ? ": " : "", words ? words : "");
}

enum mlc_step woo_garbage(struct mlc_call *c, const char *due)
{
	const char *body = c->reply->body;
	const char *looks = "";

	body += strspn(body, " \t\r\n\xef\xbb\xbf");
	if (!*body)
		looks = ", but nothing";
	else if (strncmp(body, "<br />", 6) == 0 || strncmp(body, "<b>", 3) == 0 || strstr(body, "Notice</b>")
		|| strstr(body, "Warning</b>"))
		looks = ", but a PHP notice: switch WP_DEBUG_DISPLAY off there";
	else if (*body == '<')
		looks = ", but a web page";
	return c->host->fail(c, MLC_BROKEN, 0, "the shop answered 200 with something that is not %s%s", due, looks);
}

/* ---- lists ------------------------------------------------------------------------------ */

bool woo_list(struct mlc_call *c, struct mlc_scan *s, enum mlc_step *failed)
{
	if (c->reply->status != 200) {
		*failed = woo_failed(c, "reading a list");
		return false;
	}
	if (!mlc_scan_init(s, c->reply->body, c->reply->body_len, false)) {
		*failed = woo_garbage(c, "a list");
		return false;
	}
	return true;
}

int woo_list_next(struct mlc_call *c, struct mlc_scan *s, struct seen *out)
{
	struct mlc_span none, value;
	int more = mlc_scan_next(s, &none, &value);

	if (more < 0 || (more > 0 && (!woo_look(value, out) || (out->id <= 0 && !c->feed)))) {
		woo_garbage(c, more < 0 ? "a whole list" : "a list of records");
		return -1;
	}
	return more;
}

static int64_t header_int(struct mlc_call *c, const char *name)
{
	const char *text = c->host->header(c, name);
	int64_t value;

	return text && mlc_span_int((struct mlc_span){ text, strlen(text) }, &value) ? value : -1;
}

bool woo_more(struct mlc_call *c, size_t count, unsigned page, unsigned per_page)
{
	/* Plugins drop records from a page, so a short one need not be the last, nor an empty one. */
	return count >= per_page || header_int(c, "X-WP-TotalPages") > (int64_t)page;
}

bool woo_hollow(struct mlc_call *c, size_t count, unsigned page)
{
	return count == 0 && page == 1 && header_int(c, "X-WP-Total") != 0 && header_int(c, "X-WP-TotalPages") <= 1;
}

/* ---- records ----------------------------------------------------------------------------- */

static int64_t span_instant(struct mlc_span value)
{
	char text[40];
	int64_t ms;

	return mlc_span_text(value, text, sizeof text) && mlc_instant(text, &ms) ? ms : 0;
}

/* 42, or "42", as some plugins make of it; 0: neither. */
static int64_t span_id(struct mlc_span value)
{
	char text[20];
	int64_t id;

	if (mlc_span_text(value, text, sizeof text))
		value = (struct mlc_span){ text, strlen(text) };
	return mlc_span_int(value, &id) && id > 0 ? id : 0;
}

bool woo_look(struct mlc_span whole, struct seen *out)
{
	struct mlc_scan s;
	struct mlc_span name, value;
	bool has_lines = false, has_key = false, has_role = false, has_billing = false, has_visibility = false;
	int more;

	memset(out, 0, sizeof *out);
	out->whole = whole;
	if (!mlc_scan_init(&s, whole.text, whole.len, true))
		return false;
	while ((more = mlc_scan_next(&s, &name, &value)) > 0) {
		if (mlc_span_is(name, "id")) {
			out->id = span_id(value);
		} else if (mlc_span_is(name, "parent_id")) {
			out->parent_id = span_id(value);
		} else if (mlc_span_is(name, "date_modified_gmt")) {
			out->modified_ms = span_instant(value);
		} else if (mlc_span_is(name, "date_created_gmt")) {
			out->created_ms = span_instant(value);
		} else if (mlc_span_is(name, "status")) {
			mlc_span_text(value, out->status, sizeof out->status);
		} else if (mlc_span_is(name, "type")) {
			mlc_span_text(value, out->type, sizeof out->type);
		} else if (mlc_span_is(name, "refunds")) {
			out->refunds = value;
		} else if (mlc_span_is(name, "variations")) {
			out->variations = value;
		}
		has_lines |= mlc_span_is(name, "line_items");
		has_key |= mlc_span_is(name, "order_key");
		has_role |= mlc_span_is(name, "role");
		has_billing |= mlc_span_is(name, "billing");
		has_visibility |= mlc_span_is(name, "catalog_visibility");
	}
	out->is_order = has_lines && has_key;
	out->is_customer = has_role && has_billing && !has_lines;
	out->is_product = has_visibility;
	return more == 0;
}

bool woo_is_draft(const struct seen *r)
{
	return strcmp(r->status, "checkout-draft") == 0 || strcmp(r->status, "auto-draft") == 0;
}

const char *woo_id(struct mlc_call *c, int64_t id)
{
	return c->host->format(c, "%lld", (long long)id);
}

const char *woo_part_id(struct mlc_call *c, int64_t parent, int64_t id)
{
	return c->host->format(c, "%lld-%lld", (long long)parent, (long long)id);
}

bool woo_split_id(const char *text, int64_t *parent, int64_t *id)
{
	const char *dash = strchr(text, '-');

	return dash && mlc_span_int((struct mlc_span){ text, (size_t)(dash - text) }, parent)
		&& mlc_span_int((struct mlc_span){ dash + 1, strlen(dash + 1) }, id) && *parent > 0 && *id > 0;
}

size_t woo_ids_in(struct mlc_call *c, struct mlc_span list, int64_t **ids)
{
	struct mlc_scan s;
	struct mlc_span none, value;
	size_t count = 0;

	*ids = NULL;
	if (!list.text || !mlc_scan_init(&s, list.text, list.len, false))
		return 0;
	/* "1," is the shortest. */
	*ids = (int64_t *)c->host->alloc(c, (list.len / 2 + 1) * sizeof **ids);
	while (*ids && mlc_scan_next(&s, &none, &value) > 0) {
		struct seen r;

		if (mlc_span_int(value, &(*ids)[count]))
			count++;
		else if (woo_look(value, &r) && r.id > 0)
			(*ids)[count++] = r.id;
	}
	return count;
}

/* What differs each time it is read, or is our own address there, and never news. */
static void tidy(json_t *record)
{
	static const char *const volatile_members[] = { "_links", "avatar_url", "related_ids", "price_html", "total_sales",
		"average_rating", "rating_count" };

	for (size_t i = 0; i < sizeof volatile_members / sizeof *volatile_members; i++)
		json_object_del(record, volatile_members[i]);
}

/* A customer's own names come HTML-encoded, his billing names do not (SOURCES.md 3). */
static void decode_names(struct mlc_call *c, json_t *customer)
{
	static const char *const names[] = { "first_name", "last_name" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *text = mlc_text(customer, names[i]);

		if (text)
			json_object_set_new(customer, names[i], json_string(mlc_unescape(c, text)));
	}
}

/* Orders and refunds are money and many: their text goes on as it came.  The rest is changed a little. */
void woo_emit(struct mlc_call *c, int entity, const struct seen *r, int64_t parent)
{
	struct mlc_record out = { .entity = woo_entities[entity].name, .id = r->id ? woo_id(c, r->id) : NULL,
		.changed_ms = r->modified_ms ? r->modified_ms : r->created_ms };

	if (parent && r->id)
		out.id = woo_part_id(c, parent, r->id);
	if (!r->id) { /* perhaps not even an object */
		out.text = r->whole.text;
		out.text_len = r->whole.len;
	} else if (entity == ORDER || entity == REFUND) {
		out.text = r->whole.text;
		out.text_len = r->whole.len;
		if (parent && !r->parent_id) {
			out.text = c->host->format(c, "{\"parent_id\":%lld,%.*s", (long long)parent, (int)r->whole.len - 1,
				r->whole.text + 1);
			out.text_len = strlen(out.text);
		}
	} else {
		json_t *record = c->host->parse(c, r->whole.text, r->whole.len);

		if (record) {
			tidy(record);
			if (entity == CUSTOMER)
				decode_names(c, record);
			if (parent && !r->parent_id)
				json_object_set_new(record, "parent_id", json_integer(parent));
			out.data = json_incref(record); /* parse() keeps its own hold on it */
		} else { /* doubled names, broken UTF-8: it must not stop the others, nor be dropped */
			out.text = r->whole.text;
			out.text_len = r->whole.len;
		}
	}
	c->host->emit(c, &out);
}

void woo_emit_deleted(struct mlc_call *c, int entity, const char *id, int64_t changed_ms)
{
	const struct mlc_record out = { .entity = woo_entities[entity].name, .id = id, .changed_ms = changed_ms,
		.deleted = true };

	c->host->emit(c, &out);
}

void woo_emit_hint(struct mlc_call *c, int entity, const char *id, int64_t changed_ms)
{
	const struct mlc_record out = { .entity = woo_entities[entity].name, .id = id, .changed_ms = changed_ms,
		.hint = true };

	c->host->emit(c, &out);
}

static int entity_of(const struct mlc_call *c)
{
	return (int)(c->entity - woo_entities);
}

/* ---- fetch ------------------------------------------------------------------------------- */

enum fetch_phase { FETCH_RECORD, FETCH_REFUNDS };

static const char *record_path(struct mlc_call *c, int entity, const char *id)
{
	int64_t parent, own;

	switch (entity) {
	case ORDER:
		return woo_path(c, c->host->format(c, "orders/%s", id));
	case CUSTOMER:
		return woo_path(c, c->host->format(c, "customers/%s", id));
	case PRODUCT:
		return woo_path(c, c->host->format(c, "products/%s", id));
	case TAX:
		return woo_path(c, c->host->format(c, "taxes/%s", id));
	case REFUND:
		return woo_split_id(id, &parent, &own)
			? woo_path(c, c->host->format(c, "orders/%lld/refunds/%lld", (long long)parent, (long long)own)) : NULL;
	case VARIATION:
		return woo_split_id(id, &parent, &own)
			? woo_path(c, c->host->format(c, "products/%lld/variations/%lld", (long long)parent, (long long)own)) : NULL;
	}
	return NULL;
}

static bool is_whole_number(const char *id)
{
	int64_t value;

	return mlc_span_int((struct mlc_span){ id, strlen(id) }, &value) && value > 0;
}

static enum mlc_step next_fetch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *id = c->ids[s->at];
	int entity = entity_of(c);
	bool part = entity == REFUND || entity == VARIATION;
	const char *path;

	if (!id)
		return MLC_DONE;
	path = part || is_whole_number(id) ? record_path(c, entity, id) : NULL;
	if (!path)
		return c->host->fail(c, MLC_REFUSED, 0, "'%s' is no id of a WooCommerce %s%s", id, c->entity->name,
			part ? ": those are like 42-52, 42 being what it belongs to" : "");
	s->phase = FETCH_RECORD;
	return mlc_get(c, path);
}

static enum mlc_step digest_refunds(struct mlc_call *c, int64_t parent)
{
	struct mlc_scan s;
	struct seen r;
	enum mlc_step failed;
	int more;

	if (!woo_list(c, &s, &failed))
		return failed;
	while ((more = woo_list_next(c, &s, &r)) > 0)
		woo_emit(c, REFUND, &r, parent);
	return more < 0 ? MLC_FAIL : MLC_DONE;
}

enum mlc_step woo_fetch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = entity_of(c);
	int64_t parent = 0, own, *refunds;
	struct seen r;

	if (c->reply->kind != MLC_REPLY_HERE)
		return next_fetch(c);

	if (s->phase == FETCH_REFUNDS) {
		/* Trashed meanwhile, with its refunds: the order itself has been told. */
		if (!woo_is_gone(c) && digest_refunds(c, s->parent) == MLC_FAIL)
			return MLC_FAIL;
		s->at++;
		return next_fetch(c);
	}
	if (woo_is_gone(c)) {
		woo_emit_deleted(c, entity, c->ids[s->at], 0);
		s->at++;
		return next_fetch(c);
	}
	if (c->reply->status != 200)
		return woo_failed(c, c->host->format(c, "reading %s %s", c->entity->name, c->ids[s->at]));
	if (!woo_look((struct mlc_span){ c->reply->body, c->reply->body_len }, &r) || r.id <= 0)
		return woo_garbage(c, "the record that was asked for");
	woo_split_id(c->ids[s->at], &parent, &own);
	if (strcmp(parent ? woo_part_id(c, parent, r.id) : woo_id(c, r.id), c->ids[s->at]) != 0)
		return woo_garbage(c, "the record that was asked for");

	if (entity == ORDER && strcmp(r.status, "trash") == 0) {
		woo_emit_deleted(c, ORDER, c->ids[s->at], r.modified_ms);
	} else {
		woo_emit(c, entity, &r, parent);
		if (entity == ORDER && woo_ids_in(c, r.refunds, &refunds) > 0) {
			s->phase = FETCH_REFUNDS;
			s->parent = r.id;
			return mlc_get(c, woo_path(c, c->host->format(c, "orders/%lld/refunds?per_page=%d", (long long)r.id, PER_PAGE)));
		}
	}
	s->at++;
	return next_fetch(c);
}

/* ---- find -------------------------------------------------------------------------------- */

/* text of an integer or text member; NULL: neither. */
static const char *plain_text(struct mlc_call *c, json_t *value)
{
	if (json_is_integer(value))
		return c->host->format(c, "%lld", (long long)json_integer_value(value));
	return json_string_value(value);
}

static bool same_text(const char *a, const char *b, bool any_case)
{
	for (; *a && *b; a++, b++) {
		char x = *a, y = *b;

		if (any_case && x >= 'A' && x <= 'Z')
			x = (char)(x | 32);
		if (any_case && y >= 'A' && y <= 'Z')
			y = (char)(y | 32);
		if (x != y)
			return false;
	}
	return *a == *b;
}

/* The shop's own filters are wider (search), or not there at all: each criterion is looked at again. */
static bool fits(struct mlc_call *c, const struct seen *r)
{
	json_t *record = c->host->parse(c, r->whole.text, r->whole.len), *wanted;
	const char *name;

	json_object_foreach(c->data, name, wanted) {
		const char *has = plain_text(c, json_object_get(record, name)), *wants = plain_text(c, wanted);

		/* A refund's list leaves its order out where it is asked for by it. */
		if (!has && strcmp(name, "parent_id") == 0)
			continue;
		if (!has || !wants || !same_text(has, wants, strcmp(name, "email") == 0))
			return false;
	}
	return true;
}

static const char *find_path(struct mlc_call *c, unsigned page)
{
	const char *id = plain_text(c, json_object_get(c->data, "id"));
	const char *parent = plain_text(c, json_object_get(c->data, "parent_id"));
	const char *pages = c->host->format(c, "%u", page), *most = c->host->format(c, "%d", PER_PAGE);
	struct mlc_param params[] = { { "per_page", most }, { "page", pages }, { NULL, NULL }, { NULL, NULL }, { NULL, NULL } };

	if (id && is_whole_number(id) && c->entity->fields[0].flags & MLC_FINDABLE)
		params[2] = (struct mlc_param){ "include", id };
	switch (entity_of(c)) {
	case ORDER:
		params[3] = (struct mlc_param){ "status", "any" };
		if (!params[2].name)
			params[2] = (struct mlc_param){ "search", mlc_text(c->data, "number") };
		return params[2].value ? mlc_query(c, woo_path(c, "orders"), params) : NULL;
	case CUSTOMER:
		params[3] = (struct mlc_param){ "role", "all" };
		if (!params[2].name)
			params[2] = (struct mlc_param){ "email", mlc_text(c->data, "email") };
		return params[2].value ? mlc_query(c, woo_path(c, "customers"), params) : NULL;
	case PRODUCT:
	case VARIATION:
		/* By SKU the shop gives products and variations alike (SOURCES.md 9). */
		if (!params[2].name)
			params[2] = (struct mlc_param){ "sku", mlc_text(c->data, "sku") };
		return params[2].value ? mlc_query(c, woo_path(c, "products"), params) : NULL;
	case REFUND:
		return parent && is_whole_number(parent) ? mlc_query(c, woo_path(c, c->host->format(c, "orders/%s/refunds", parent)), params) : NULL;
	case TAX:
		params[2].name = NULL; /* few, and no filter for them */
		return mlc_query(c, woo_path(c, "taxes"), params);
	}
	return NULL;
}

static bool right_type(int entity, const struct seen *r)
{
	if (entity == PRODUCT)
		return strcmp(r->type, "variation") != 0;
	if (entity == VARIATION)
		return strcmp(r->type, "variation") == 0 && r->parent_id > 0;
	return true;
}

enum mlc_step woo_find(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = entity_of(c), more = 1;
	int64_t parent = 0;
	struct mlc_scan scan;
	struct seen r;
	enum mlc_step failed;
	size_t count = 0;

	if (c->reply->kind == MLC_REPLY_HERE) {
		if (woo_is_gone(c)) /* the order whose refunds were asked for */
			return MLC_DONE;
		if (!woo_list(c, &scan, &failed))
			return failed;
		if (entity == REFUND)
			parent = strtoll(plain_text(c, json_object_get(c->data, "parent_id")), NULL, 10);
		while ((more = woo_list_next(c, &scan, &r)) > 0) {
			count++;
			if (right_type(entity, &r) && fits(c, &r))
				woo_emit(c, entity, &r, entity == VARIATION ? r.parent_id : parent);
		}
		if (more < 0)
			return MLC_FAIL;
		if (woo_hollow(c, count, s->page))
			return woo_garbage(c, "a list that says how long it is");
		if (!woo_more(c, count, s->page, PER_PAGE))
			return MLC_DONE;
		if (s->page == FIND_PAGES) /* nobody has proven that there is none */
			return c->host->fail(c, MLC_REFUSED, 0, "what was looked for is not among the first %d pages of %ss", FIND_PAGES, c->entity->name);
	}
	const char *path = find_path(c, ++s->page);
	if (!path)
		return c->host->fail(c, MLC_REFUSED, 0, "WooCommerce cannot look a %s up by what was given", c->entity->name);
	return mlc_get(c, path);
}

/* ---- ping -------------------------------------------------------------------------------- */

enum ping_phase { PING_INDEX, PING_STATUS, PING_ORDERS, PING_HOOKS };

static enum mlc_step ask_index(struct mlc_call *c, int form)
{
	struct state *s = (struct state *)c->state;

	s->phase = PING_INDEX;
	s->page = (unsigned)form;
	return mlc_get(c, woo_index_path(form));
}

/* "https://Shop.example/sub/" is the shop "shop.example/sub", with or without TLS. */
static const char *identity_of(struct mlc_call *c, const char *url)
{
	const char *from = strstr(url, "://");
	size_t len;
	char *out;

	from = from ? from + 3 : url;
	len = strlen(from);
	while (len > 0 && from[len - 1] == '/')
		len--;
	out = (char *)c->host->alloc(c, len + 1);
	if (!out)
		return "";
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] | 32 : from[i]);
	return out;
}

static void tell(struct mlc_call *c, const char *name, json_t *value)
{
	const char *text = plain_text(c, value);

	if (json_is_boolean(value))
		text = json_is_true(value) ? "yes" : "no";
	if (text)
		c->host->fact(c, name, mlc_unescape(c, text));
}

static bool speaks_v3(json_t *index)
{
	size_t i;
	json_t *name;

	json_array_foreach(json_object_get(index, "namespaces"), i, name)
		if (json_is_string(name) && strcmp(json_string_value(name), "wc/v3") == 0)
			return true;
	return false;
}

static enum mlc_step digest_index(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *index = c->reply->status == 200 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;
	const char *home = mlc_text(index, "home");

	if (!json_is_array(json_object_get(index, "namespaces")) || !home) {
		bool elsewhere = c->reply->status == 200 || c->reply->status == 404;

		if (elsewhere && !mlc_known(c->settings, "permalinks") && s->page + 1 < FORMS)
			return ask_index(c, (int)s->page + 1);
		if (c->reply->status != 200)
			return woo_failed(c, "looking for WordPress");
		return c->host->fail(c, MLC_BROKEN, 0, "no WordPress answers at that url, in any form of permalinks");
	}
	if (!speaks_v3(index))
		return c->host->fail(c, MLC_REFUSED, 0, "WordPress answers there, but without WooCommerce (no wc/v3): switch it on, 3.5"
			" or newer");
	if (!c->host->fact(c, "identity", identity_of(c, home)))
		return c->host->fail(c, MLC_REFUSED, 0, "this is another shop than before: %s", home);
	tell(c, "company", json_object_get(index, "name"));
	tell(c, "home", json_object_get(index, "home"));
	tell(c, "gmt_offset", json_object_get(index, "gmt_offset"));
	tell(c, "timezone", json_object_get(index, "timezone_string"));
	c->host->fact(c, "permalinks", forms[s->page].name);
	s->phase = PING_STATUS;
	return mlc_get(c, path_in(c, (int)s->page, "system_status?_fields=environment,settings"));
}

static enum mlc_step digest_status(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *status;

	/* Reading orders needs less than that: what is missing here is no reason to stop. */
	if (c->reply->status != 200 && c->reply->status != 403)
		return woo_failed(c, "reading the shop's status");
	status = c->reply->status == 200 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;
	if (c->reply->status == 200 && !json_is_object(json_object_get(status, "settings")))
		return woo_garbage(c, "the shop's status");
	tell(c, "version", mlc_at(status, "environment.version"));
	tell(c, "wordpress", mlc_at(status, "environment.wp_version"));
	tell(c, "currency", mlc_at(status, "settings.currency"));
	tell(c, "decimals", mlc_at(status, "settings.number_of_decimals"));
	tell(c, "hpos", mlc_at(status, "settings.HPOS_enabled"));
	s->phase = PING_ORDERS;
	return mlc_get(c, path_in(c, (int)s->page, "orders?per_page=1"));
}

static enum mlc_step digest_sample(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	struct mlc_scan scan;
	struct seen r;
	enum mlc_step failed;
	size_t count = 0;
	int more;

	if (c->reply->status != 200)
		return woo_failed(c, "reading orders");
	if (!woo_list(c, &scan, &failed))
		return failed;
	while ((more = woo_list_next(c, &scan, &r)) > 0) {
		count++;
		woo_emit(c, ORDER, &r, 0);
	}
	if (more < 0)
		return MLC_FAIL;
	if (woo_hollow(c, count, 1))
		return woo_garbage(c, "a list that says how long it is");
	c->host->fact(c, "orders", c->host->format(c, "%lld", (long long)header_int(c, "X-WP-Total")));
	s->phase = PING_HOOKS;
	return mlc_get(c, path_in(c, (int)s->page, "webhooks?per_page=100"));
}

/* Whether the key may write cannot be asked without writing; whether it has, can. */
static enum mlc_step digest_hooks(struct mlc_call *c)
{
	json_t *list = c->reply->status == 200 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL, *hook;
	const char *ours = c->host->format(c, "ml-connector %s ", c->connection ? c->connection : "");
	size_t i, active = 0, idle = 0;

	if (c->reply->status == 401 || c->reply->status == 403) {
		c->host->fact(c, "webhooks", "not allowed: changes come by polling only");
		return MLC_DONE;
	}
	if (c->reply->status != 200)
		return woo_failed(c, "reading webhooks");
	if (!json_is_array(list))
		return woo_garbage(c, "a list of webhooks");
	json_array_foreach(list, i, hook) {
		if (strncmp(mlc_text_or(hook, "name", ""), ours, strlen(ours)) != 0)
			continue;
		if (strcmp(mlc_text_or(hook, "status", ""), "active") == 0)
			active++;
		else
			idle++;
	}
	c->host->fact(c, "webhooks", active + idle == 0 ? "none yet"
		: c->host->format(c, "%zu active%s", active, idle ? c->host->format(c, ", %zu switched off", idle) : ""));
	return MLC_DONE;
}

enum mlc_step woo_ping(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (c->reply->kind != MLC_REPLY_HERE)
		return ask_index(c, mlc_known(c->settings, "permalinks") ? form_of(c) : 0);
	switch ((enum ping_phase)s->phase) {
	case PING_INDEX:
		return digest_index(c);
	case PING_STATUS:
		return digest_status(c);
	case PING_ORDERS:
		return digest_sample(c);
	case PING_HOOKS:
		return digest_hooks(c);
	}
	return MLC_FAIL;
}
