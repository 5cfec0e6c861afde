/* feeds.c - what has changed in a shop: windows over date_modified, whole lists, the nightly re-read. */
#include "woocommerce.h"

#include <stdlib.h>

#define OVERLAP_MS   INT64_C(600000)   /* read again: what was being written while we looked */
#define SECOND_MS    INT64_C(1000)     /* modified_after is exclusive, with a grain of a second */
#define DAY_MS       INT64_C(86400000)
#define RECHECK_DAYS 90
#define SMALL_PAGE   20                /* for a shop that has failed to give a big one */
#define PART_PAGES   50                /* of the refunds of an order or the variations of a product */

/* Refunds come with the orders they belong to: making one moves its order's date (SOURCES.md 5). */
static const char *const orders_and_refunds[] = { "order", "refund", NULL };
static const char *const orders[] = { "order", NULL };
static const char *const customers[] = { "customer", NULL };
static const char *const products[] = { "product", "variation", NULL };
static const char *const taxes[] = { "tax", NULL };

const struct mlc_feed woo_feeds[] = {
	{ "orders", orders_and_refunds, 300, 0 },
	{ "trash", orders, 900, 30 * 86400 },           /* WordPress empties it after 30 days */
	{ "recheck", orders_and_refunds, 86400, 0 },    /* what moves no date, and what is gone */
	{ "customers", customers, 86400, 0 },           /* whole: the shop ignores modified_after there */
	{ "products", products, 3600, 0 },
	{ "taxes", taxes, 86400, 0 },
	{ NULL },
};

enum kind { WINDOW, WHOLE, RECHECK };

static const struct listing {
	const char *feed;
	int entity;
	const char *path;
	enum kind kind;
	const char *status, *orderby;
} listings[] = {
	{ "orders", ORDER, "orders", WINDOW, "any", "modified" }, /* any: neither trash nor drafts */
	{ "trash", ORDER, "orders", WINDOW, "trash", "modified" },
	{ "recheck", ORDER, "orders", RECHECK, "any", "id" },
	{ "customers", CUSTOMER, "customers", WHOLE, NULL, "registered_date" },
	{ "products", PRODUCT, "products", WINDOW, NULL, "modified" },
	{ "taxes", TAX, "taxes", WHOLE, NULL, "id" },
};

static const struct listing *listing_of(const struct mlc_call *c)
{
	for (size_t i = 0; i < sizeof listings / sizeof *listings; i++)
		if (strcmp(listings[i].feed, c->feed->name) == 0)
			return &listings[i];
	return NULL;
}

static unsigned per_page(const struct mlc_call *c)
{
	return c->attempt >= 2 ? SMALL_PAGE : PER_PAGE;
}

/* ---- the recheck's memory -------------------------------------------------------------------- */

/* The recheck reads every order of the last days again, lowest id first, and its cursor says what was
 * there the last time.  What was and is not any more becomes a hint: fetch() then finds out whether it
 * is really gone, so a listing that came back short harms nobody.
 *
 *   cursor = [ "from " instant " page " n " left " known " have " ] known
 *   known  = id of an order less the one before it, ":" and each of its refunds, "," ...
 *
 * The first part only while a reading is under way, so that it goes on after a restart. */
struct known {
	int64_t id;
	int64_t *refunds;
	size_t refund_count;
};

struct known_list {
	struct known *list;
	size_t count;
};

static size_t count_of(const char *text, size_t len, char what)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == what;
	return count;
}

static int64_t read_number(const char **at, const char *end)
{
	int64_t value = 0;

	while (*at < end && **at >= '0' && **at <= '9' && value < INT64_C(100000000000000000))
		value = value * 10 + (*(*at)++ - '0');
	return value;
}

/* A cursor is our own text; what cannot be read in it counts as not known. */
static struct known_list read_known(struct mlc_call *c, const char *text, size_t len)
{
	struct known_list out = { NULL, 0 };
	const char *at = text, *end = text + len;
	int64_t *refunds = (int64_t *)c->host->alloc(c, (count_of(text, len, ':') + 1) * sizeof *refunds);
	int64_t id = 0;

	out.list = (struct known *)c->host->alloc(c, (count_of(text, len, ',') + 1) * sizeof *out.list);
	if (!refunds || !out.list)
		return out;
	while (at < end) {
		struct known *k = &out.list[out.count];
		int64_t step = read_number(&at, end);

		if (step <= 0)
			break;
		id += step;
		k->id = id;
		k->refunds = refunds;
		while (at < end && *at == ':') {
			at++;
			*refunds++ = read_number(&at, end);
			k->refund_count++;
		}
		out.count++;
		if (at < end && *at++ != ',')
			break;
	}
	return out;
}

static size_t known_text_size(struct known_list k)
{
	size_t size = 1;

	for (size_t i = 0; i < k.count; i++)
		size += 20 + k.list[i].refund_count * 20;
	return size;
}

static char *put_number(char *at, int64_t value)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

static const char *write_known(struct mlc_call *c, struct known_list k)
{
	char *text = (char *)c->host->alloc(c, known_text_size(k)), *at = text;
	int64_t before = 0;

	if (!text)
		return "";
	for (size_t i = 0; i < k.count; i++) {
		if (i > 0)
			*at++ = ',';
		at = put_number(at, k.list[i].id - before);
		before = k.list[i].id;
		for (size_t r = 0; r < k.list[i].refund_count; r++) {
			*at++ = ':';
			at = put_number(at, k.list[i].refunds[r]);
		}
	}
	*at = 0;
	return text;
}

struct recheck {
	const char *from; /* instant, 20 characters */
	unsigned page;
	struct known_list left, have;
	bool first; /* nothing was known: nothing can be missing */
};

static bool skip_word(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

/* Where the reading stands: a new one, or one that goes on. */
static struct recheck recheck_of(struct mlc_call *c)
{
	int64_t days = mlc_known_int_or(c->settings, "recheck_days", RECHECK_DAYS);
	const char *text = c->cursor ? c->cursor : "", *at = text, *left, *have;
	struct recheck r = { .page = 1 };
	int64_t from_ms = c->now_ms - (days > 0 ? days : RECHECK_DAYS) * DAY_MS;

	if (*at == '@') {
		mlc_instant(at + 1, &from_ms);
		r.first = true;
	} else if (skip_word(&at, "from ") && strlen(at) > 20 && (left = strstr(at, " left ")) != NULL
		&& (have = strstr(left, " have ")) != NULL) {
		r.from = c->host->format(c, "%.20s", at);
		at += 20;
		if (skip_word(&at, " page "))
			r.page = (unsigned)read_number(&at, left);
		left += strlen(" left ");
		r.first = *left == '!'; /* the very first reading leaves nothing */
		r.left = read_known(c, left, (size_t)(have - left));
		have += strlen(" have ");
		r.have = read_known(c, have, strlen(have));
		return r;
	} else {
		r.left = read_known(c, text, strlen(text));
		r.first = *text == 0;
	}
	r.from = mlc_instant_text(c, from_ms);
	return r;
}

static bool holds(const int64_t *ids, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Refunds that are there on one side only: fetch() finds out about each. */
static void hint_refunds(struct mlc_call *c, int64_t order, const int64_t *a, size_t a_count, const int64_t *b,
	size_t b_count)
{
	for (size_t i = 0; i < a_count; i++)
		if (!holds(b, b_count, a[i]))
			woo_emit_hint(c, REFUND, woo_part_id(c, order, a[i]), 0);
}

/* Else it would be read for ever. */
static enum mlc_step woo_repeats(struct mlc_call *c, unsigned page)
{
	return c->host->fail(c, MLC_BROKEN, 0,
		"page %u is the one before it once more: does a cache or a plugin before the shop drop the address' parameters?", page);
}

static enum mlc_step digest_recheck(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	struct recheck r = recheck_of(c);
	struct known *have = (struct known *)c->host->alloc(c, (r.have.count + PER_PAGE + 1) * sizeof *have);
	struct mlc_scan scan;
	struct seen seen;
	enum mlc_step failed;
	size_t count = 0, at = 0, known = r.have.count;
	int64_t last = known ? r.have.list[known - 1].id : 0;
	int more;

	if (!woo_list(c, &scan, &failed))
		return failed;
	if (!have)
		return MLC_FAIL;
	if (known)
		memcpy(have, r.have.list, known * sizeof *have);
	while ((more = woo_list_next(c, &scan, &seen)) > 0) {
		struct known now = { .id = seen.id };

		if (count++ == PER_PAGE)
			return woo_garbage(c, "a page as long as was asked for");
		if (!seen.id)
			woo_emit(c, ORDER, &seen, 0);
		if (seen.id <= last) /* pages shift while they are read */
			continue;
		last = seen.id;
		for (; at < r.left.count && r.left.list[at].id < seen.id; at++)
			/* Below the first one it may only be too old by now, or gone: it is looked at a last time. */
			woo_emit_hint(c, ORDER, woo_id(c, r.left.list[at].id), 0);
		now.refund_count = woo_ids_in(c, seen.refunds, &now.refunds);
		if (at < r.left.count && r.left.list[at].id == seen.id) {
			const struct known *then = &r.left.list[at++];

			hint_refunds(c, seen.id, then->refunds, then->refund_count, now.refunds, now.refund_count);
			hint_refunds(c, seen.id, now.refunds, now.refund_count, then->refunds, then->refund_count);
		} else if (!r.first) {
			hint_refunds(c, seen.id, now.refunds, now.refund_count, NULL, 0);
		}
		if (!woo_is_draft(&seen))
			woo_emit(c, ORDER, &seen, 0);
		have[known++] = now;
	}
	if (more < 0)
		return MLC_FAIL;
	if (woo_hollow(c, count, r.page))
		return woo_garbage(c, "a list that says how long it is");
	if (r.page > 1 && count > 0 && known == r.have.count)
		return woo_repeats(c, r.page);

	s->more = woo_more(c, count, r.page, per_page(c));
	if (!s->more)
		for (; at < r.left.count && known > 0; at++)
			woo_emit_hint(c, ORDER, woo_id(c, r.left.list[at].id), 0);
	r.left.list += at;
	r.left.count -= at;
	r.have = (struct known_list){ have, known };
	const char *all = write_known(c, r.have);
	if (s->more)
		all = c->host->format(c, "from %s page %u left %s have %s", r.from, r.page + 1,
			r.first ? "!" : write_known(c, r.left), all);
	c->host->advance(c, all, 0);
	return MLC_DONE;
}

/* ---- what is inside of others: refunds of orders, variations of products ------------------------- */

static enum mlc_step ask_parts(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	bool of_order = listing_of(c)->entity == ORDER;

	s->parent = s->parents[s->parent_at];
	return mlc_get(c, woo_path(c, c->host->format(c, "%s/%lld/%s?per_page=%d%s", of_order ? "orders" : "products", (long long)s->parent,
		of_order ? "refunds" : "variations", PER_PAGE, s->part_page ? c->host->format(c, "&page=%u", s->part_page + 1) : "")));
}

static enum mlc_step digest_parts(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = listing_of(c)->entity == ORDER ? REFUND : VARIATION;
	struct mlc_scan scan;
	struct seen r;
	enum mlc_step failed;
	size_t count = 0;
	int more;

	if (!woo_is_gone(c)) { /* deleted meanwhile: the next reading tells */
		if (!woo_list(c, &scan, &failed))
			return failed;
		for (; (more = woo_list_next(c, &scan, &r)) > 0; count++)
			woo_emit(c, entity, &r, s->parent);
		if (more < 0)
			return MLC_FAIL;
	}
	if (woo_more(c, count, s->part_page + 1, PER_PAGE)) {
		if (++s->part_page == PART_PAGES)
			return c->host->fail(c, MLC_BROKEN, 0, "the shop gives one page after another of what belongs to %s %lld",
				woo_entities[listing_of(c)->entity].name, (long long)s->parent);
	} else {
		s->part_page = 0;
		s->parent_at++;
	}
	return MLC_DONE;
}

/* ---- windows and whole lists ---------------------------------------------------------------------- */

/* Where the reading begins.  No cursor: with the very first record. */
static void begin(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int64_t ms;

	s->page = 1;
	if (listing_of(c)->kind == WINDOW && c->cursor && mlc_instant(c->cursor + (*c->cursor == '@'), &ms))
		s->after_ms = ms - (*c->cursor == '@' ? SECOND_MS : OVERLAP_MS);
	s->greatest_ms = 0;
}

static enum mlc_step ask_page(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct listing *l = listing_of(c);
	const char *after = s->after_ms ? mlc_instant_text(c, s->after_ms) : NULL, *from = NULL, *page;

	if (l->kind == RECHECK) {
		struct recheck r = recheck_of(c);

		from = r.from;
		s->page = r.page;
	}
	page = c->host->format(c, "%u", s->page);
	/* role: without it only those of the role customer are told, and a shop manager or subscriber may buy, too
	 * (SOURCES.md 4).  dates_are_gmt: without it some versions read a time as the shop's own (SOURCES.md 4). */
	const struct mlc_param params[] = {
		{ "status", l->status }, { "role", l->entity == CUSTOMER ? "all" : NULL }, { "modified_after", after }, { "after", from },
		{ "dates_are_gmt", after || from ? "true" : NULL }, { "orderby", l->orderby }, { "order", "asc" },
		{ "per_page", c->host->format(c, "%u", per_page(c)) }, { "page", page }, { NULL, NULL },
	};
	return mlc_get(c, mlc_query(c, woo_path(c, l->path), params));
}

static void digest_record(struct mlc_call *c, const struct listing *l, const struct seen *r)
{
	struct state *s = (struct state *)c->state;
	int64_t *parts;

	if (l->entity == ORDER && strcmp(r->status, "trash") == 0) {
		woo_emit_deleted(c, ORDER, woo_id(c, r->id), r->modified_ms);
		return;
	}
	if (l->entity == ORDER && woo_is_draft(r))
		return;
	woo_emit(c, l->entity, r, 0);
	if (woo_ids_in(c, l->entity == ORDER ? r->refunds : r->variations, &parts) > 0)
		s->parents[s->parent_count++] = r->id;
}

/* The next page begins where this one ends: numbered pages over a list that changes skip records. */
static void move_window(struct state *s, int64_t last_ms)
{
	if (!s->unsorted && last_ms - SECOND_MS > s->after_ms) {
		s->after_ms = last_ms - SECOND_MS;
		s->page = 1;
	} else {
		s->page++; /* a whole page of one second, or a shop without order */
	}
}

static enum mlc_step digest_page(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct listing *l = listing_of(c);
	struct mlc_scan scan;
	struct seen r;
	enum mlc_step failed;
	int64_t last_ms = 0, first_id = 0, last_id = 0;
	size_t count = 0;
	int more;

	if (!woo_list(c, &scan, &failed))
		return failed;
	s->parents = (int64_t *)c->host->alloc(c, (PER_PAGE + 1) * sizeof *s->parents);
	s->parent_count = s->parent_at = 0;
	if (!s->parents)
		return MLC_FAIL;
	while ((more = woo_list_next(c, &scan, &r)) > 0) {
		if (count++ == PER_PAGE)
			return woo_garbage(c, "a page as long as was asked for");
		if (!r.id) {
			woo_emit(c, l->entity, &r, 0);
			continue;
		}
		if (l->kind == WINDOW) {
			if (!r.modified_ms)
				return woo_garbage(c, "a list of records with their times");
			if (r.modified_ms <= s->after_ms)
				return c->host->fail(c, MLC_BROKEN, 0,
					"the shop ignores modified_after: WooCommerce 5.8 or newer is needed");
			s->unsorted |= r.modified_ms < last_ms;
			last_ms = r.modified_ms;
			if (r.modified_ms > s->greatest_ms)
				s->greatest_ms = r.modified_ms;
		}
		first_id = first_id ? first_id : r.id;
		last_id = r.id;
		digest_record(c, l, &r);
	}
	if (more < 0)
		return MLC_FAIL;
	if (s->page > 1 && count > 0 && first_id == s->first_id && last_id == s->last_id)
		return woo_repeats(c, s->page);
	s->first_id = first_id;
	s->last_id = last_id;
	if (woo_hollow(c, count, s->page))
		return woo_garbage(c, "a list that says how long it is");

	s->more = woo_more(c, count, s->page, per_page(c));
	/* Without order, what comes later may be older: nothing is safe before the end. */
	s->cursor = l->kind == WINDOW && s->greatest_ms && (!s->unsorted || !s->more)
		? mlc_instant_text(c, s->greatest_ms) : NULL;
	if (l->kind == WINDOW)
		move_window(s, last_ms);
	else
		s->page++;
	return MLC_DONE;
}

enum phase { PAGE, PARTS };

/* This page is whole: commit it, and ask for the next, if there is one. */
static enum mlc_step turn_page(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (s->parent_at < s->parent_count) {
		s->phase = PARTS;
		return ask_parts(c);
	}
	c->host->advance(c, s->cursor, 0);
	s->phase = PAGE;
	s->parents = NULL;
	s->parent_count = s->parent_at = 0;
	s->cursor = NULL;
	return s->more ? ask_page(c) : MLC_DONE;
}

enum mlc_step woo_poll(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct listing *l = listing_of(c);

	if (c->reply->kind != MLC_REPLY_HERE) {
		begin(c);
		return ask_page(c);
	}
	if (l->kind == RECHECK) {
		if (digest_recheck(c) == MLC_FAIL)
			return MLC_FAIL;
		if (!s->more)
			return MLC_DONE;
		return MLC_PAUSE; /* the cursor that was just committed says what to ask for */
	}
	if (s->phase == PARTS)
		return digest_parts(c) == MLC_FAIL ? MLC_FAIL : turn_page(c);
	return digest_page(c) == MLC_FAIL ? MLC_FAIL : turn_page(c);
}
