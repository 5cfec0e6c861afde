/* aging.c - what each customer owes, and each vendor is owed, by days past due: QuickBooks' own summary.
 *
 * The report names its rows by full name and says nothing of ids, so the names are looked up after it.  A
 * name that owes nothing has no row: the feed keeps who had one in its cursor, and tells them once more with
 * nothing.  A version is the figures themselves, so that what has not moved is no news.
 *
 * Source: QBUqbxml130.xsd (AgingReportQuery, ReportRet); columns are told apart by their titles' numbers,
 * rows by their kind: a DataRow is a name's own figures, subtotals are others' (SOURCES.md). */
#include "qbd.h"

#include <stdlib.h>

enum { BUCKETS = 5, COLUMNS = 24, NAMES_AT_ONCE = 50, ROWS_MOST = 50000, CURSOR_BYTES = 1 << 20 };
enum { AGING_REPORT = 0, AGING_NAMES };

static const char *const members[BUCKETS] = { "Current", "Days1To30", "Days31To60", "Days61To90", "Over90" };

struct figures {
	const char *name, *id;
	int64_t cents[BUCKETS];
};

static struct aging_state *state_of(struct mlc_call *c)
{
	return &((union qbd_state *)c->state)->aging;
}

static bool is_vendors(const struct mlc_entity *e)
{
	return !strcmp(e->name, "VendorAging");
}

static const char *list_of(const struct mlc_entity *e)
{
	return is_vendors(e) ? "Vendor" : "Customer";
}

static const struct mlc_entity *entity_of(const struct mlc_call *c)
{
	return c->entity ? c->entity : qbd_entity(c->feed->entities[0]);
}

/* ---- asking ----------------------------------------------------------------------------------------- */

static const json_t *wanted(const struct mlc_call *c)
{
	return json_object_get(c->data, is_vendors(entity_of(c)) ? "VendorRef" : "CustomerRef");
}

/* One name and all below it: which these are, the report says. */
static const char *tree_of(struct mlc_call *c)
{
	return qbd_wanted_tree(c, qbd_wanted_id(wanted(c)));
}

static enum mlc_step ask_report(struct mlc_call *c)
{
	struct mlc_xml x = { .call = c };
	const char *id = qbd_wanted_id(wanted(c)), *tree = tree_of(c);
	const char *name = json_string_value(json_object_get(wanted(c), "name"));

	mlc_xml_put(&x, "AgingReportType", is_vendors(entity_of(c)) ? "APAgingSummary" : "ARAgingSummary");
	mlc_xml_put(&x, "ReportDateMacro", "Today");
	if (c->ids || id || name) {
		mlc_xml_open(&x, "ReportEntityFilter");
		for (size_t i = 0; c->ids && c->ids[i]; i++)
			mlc_xml_put(&x, "ListID", c->ids[i]);
		if (!c->ids)
			mlc_xml_put(&x, tree ? "ListIDWithChildren" : id ? "ListID" : "FullName",
				tree ? tree : id ? id : qbd_clean(c, name, false));
		mlc_xml_close(&x, "ReportEntityFilter");
	} else if (!c->feed) {
		return c->host->fail(c, MLC_REFUSED, 0, "QuickBooks' ageing is told by %s: give it",
			is_vendors(entity_of(c)) ? "VendorRef" : "CustomerRef");
	}
	mlc_xml_put(&x, "ReportAgingAsOf", "Today");
	return qbd_ask(c, c->host->format(c, "r-%.16s-0", c->nonce), "AgingReportQuery", "", &x, false);
}

/* Ids of the names in the report, some at a time; a call that names ids or a reference asks for those. */
static enum mlc_step ask_names(struct mlc_call *c)
{
	struct aging_state *g = state_of(c);
	struct mlc_xml x = { .call = c };
	const char *id = qbd_wanted_id(wanted(c));

	g->phase = AGING_NAMES;
	if (c->ids) {
		for (size_t i = 0; c->ids[i]; i++)
			mlc_xml_put(&x, "ListID", c->ids[i]);
	} else if (c->data && !tree_of(c)) {
		mlc_xml_put(&x, id ? "ListID" : "FullName",
			id ? id : qbd_clean(c, json_string_value(json_object_get(wanted(c), "name")), false));
	} else {
		for (size_t i = g->asked; i < g->count && i < g->asked + NAMES_AT_ONCE; i++)
			mlc_xml_put(&x, "FullName", g->rows[i].name);
	}
	mlc_xml_put(&x, "IncludeRetElement", "ListID");
	mlc_xml_put(&x, "IncludeRetElement", is_vendors(entity_of(c)) ? "Name" : "FullName");
	return qbd_ask(c, c->host->format(c, "r-%.16s-%u", c->nonce, ++g->page),
		c->host->format(c, "%sQuery", list_of(entity_of(c))), "", &x, false);
}

/* ---- the report --------------------------------------------------------------------------------------- */

/* Amounts as QuickBooks writes them; false: none. */
static bool cents_of(const char *text, int64_t *cents)
{
	bool minus = *text == '-';
	char *end;
	long long whole;

	text += minus;
	if (strspn(text, "0123456789") == 0 || strspn(text, "0123456789") > 13)
		return false;
	whole = strtoll(text, &end, 10);
	*cents = whole * 100;
	if (*end == '.' && strspn(end + 1, "0123456789") == 2 && !end[3])
		*cents += (end[1] - '0') * 10 + (end[2] - '0');
	else if (*end)
		return false;
	*cents = minus ? -*cents : *cents;
	return true;
}

/* Which bucket a column is of: by the first number in its title ("31 - 60", "> 90"); -1: none of ours. */
static int bucket_of(const char *title, bool first)
{
	const char *digits = title + strcspn(title, "0123456789");
	unsigned long from = strtoul(digits, NULL, 10);
	const char *to = digits + strspn(digits, "0123456789");

	if (!*digits)
		return first ? 0 : -1;
	to += strcspn(to, "0123456789");
	if (!*to)
		return from >= 90 ? BUCKETS - 1 : -1;
	return from <= 30 && strtoul(to, NULL, 10) <= 30 ? 1 : from > 30 && strtoul(to, NULL, 10) <= 60 ? 2
		: from > 60 && strtoul(to, NULL, 10) <= 90 ? 3 : from > 90 ? BUCKETS - 1 : -1;
}

struct columns {
	char id[COLUMNS][8];
	int bucket[COLUMNS];
	size_t count;
};

static bool read_columns(struct columns *out, const xmlNode *report)
{
	bool first = true;

	out->count = 0;
	for (const xmlNode *n = mlc_xml_first(report); n; n = mlc_xml_next(n)) {
		const char *title = mlc_xml_attribute(mlc_xml_child(n, "ColTitle"), "value");

		if (!mlc_xml_is(n, "ColDesc") || strcmp(mlc_xml_attribute(n, "dataType"), "AMTTYPE") ||
			out->count == COLUMNS)
			continue;
		mlc_copy(out->id[out->count], sizeof *out->id, mlc_xml_attribute(n, "colID"));
		out->bucket[out->count] = bucket_of(title, first);
		first = false;
		out->count++;
	}
	/* The last one is the total; each before it has to be one that we can place. */
	for (size_t i = 0; i + 1 < out->count; i++)
		if (out->bucket[i] < 0)
			return false;
	return out->count >= 2;
}

static bool read_row(const struct columns *columns, const xmlNode *row, struct figures *out)
{
	for (const xmlNode *n = mlc_xml_first(row); n; n = mlc_xml_next(n)) {
		const char *value = mlc_xml_attribute(n, "value");
		int64_t cents;

		for (size_t i = 0; mlc_xml_is(n, "ColData") && *value && i + 1 < columns->count; i++) {
			if (strcmp(columns->id[i], mlc_xml_attribute(n, "colID")))
				continue;
			if (!cents_of(value, &cents))
				return false;
			out->cents[columns->bucket[i]] += cents;
		}
	}
	return true;
}

/* NULL, or what is wrong. */
static const char *read_report(struct mlc_call *c, const xmlNode *rs)
{
	struct aging_state *g = state_of(c);
	const xmlNode *report = mlc_xml_child(rs, "ReportRet"), *data = mlc_xml_child(report, "ReportData");
	const char *kind = is_vendors(entity_of(c)) ? "vendor" : "customer";
	struct columns columns;
	size_t most = 0;

	if (!report)
		return "the answer holds no report";
	if (!read_columns(&columns, report))
		return "QuickBooks' ageing report has other columns than Current, 1 - 30, 31 - 60, "
			"61 - 90, > 90 and a total";
	for (const xmlNode *n = mlc_xml_first(data); n; n = mlc_xml_next(n))
		most += mlc_xml_is(n, "DataRow");
	if (most > ROWS_MOST)
		return "the ageing report has too many rows";
	g->rows = c->host->alloc(c, (most + 1) * sizeof *g->rows);
	if (!g->rows)
		return "no memory left for the ageing report";
	for (const xmlNode *n = mlc_xml_first(data); n; n = mlc_xml_next(n)) {
		const xmlNode *of = mlc_xml_child(n, "RowData");

		if (!mlc_xml_is(n, "DataRow") || strcmp(mlc_xml_attribute(of, "rowType"), kind))
			continue;
		g->rows[g->count].name = c->host->format(c, "%s", mlc_xml_attribute(of, "value"));
		if (!read_row(&columns, n, &g->rows[g->count++]))
			return "the ageing report holds an amount that is none";
	}
	return NULL;
}

/* ---- telling ------------------------------------------------------------------------------------------ */

static const char *money(struct mlc_call *c, int64_t cents)
{
	uint64_t whole = (uint64_t)(cents < 0 ? -cents : cents);

	return c->host->format(c, "%s%llu.%02u", cents < 0 ? "-" : "", (unsigned long long)(whole / 100),
		(unsigned)(whole % 100));
}

static void emit(struct mlc_call *c, const char *id, const char *name, const int64_t cents[BUCKETS])
{
	const struct mlc_entity *e = entity_of(c);
	struct mlc_record r = { .entity = e->name, .id = id, .data = json_object() };
	const char *version = "";
	int64_t total = 0;

	json_object_set_new(r.data, is_vendors(e) ? "VendorRef" : "CustomerRef",
		*name ? json_pack("{s:s, s:s}", "id", id, "name", name) : json_pack("{s:s}", "id", id));
	for (size_t i = 0; i < BUCKETS; i++) {
		json_object_set_new(r.data, members[i], json_string(money(c, cents[i])));
		version = c->host->format(c, "%s%s%s", version, i ? "|" : "", money(c, cents[i]));
		total += cents[i];
	}
	json_object_set_new(r.data, "Total", json_string(money(c, total)));
	r.version = version;
	c->host->emit(c, &r);
}

static const struct figures *row_of(const struct aging_state *g, const char *name)
{
	for (size_t i = 0; i < g->count; i++)
		if (qbd_same(g->rows[i].name, name))
			return &g->rows[i];
	return NULL;
}

static const char *name_in(struct mlc_call *c, const xmlNode *record)
{
	const char *full = mlc_xml_child_text(c, record, "FullName");

	return *full ? full : mlc_xml_child_text(c, record, "Name");
}

/* fetch, find: those that were asked for, with nothing where the report has no row. */
static enum mlc_step tell_asked(struct mlc_call *c, const struct answer *a)
{
	static const int64_t nothing[BUCKETS];
	const struct aging_state *g = state_of(c);
	const struct mlc_entity *list = qbd_entity(list_of(entity_of(c)));

	for (const xmlNode *n = mlc_xml_first(a->rs); n; n = mlc_xml_next(n)) {
		const char *id = mlc_xml_child_text(c, n, "ListID");
		const struct figures *row = row_of(g, name_in(c, n));

		if (qbd_is_record(n, list) && *id)
			emit(c, id, name_in(c, n), row ? row->cents : nothing);
	}
	for (size_t i = 0; c->ids && c->ids[i]; i++) {
		struct mlc_record gone = { .entity = entity_of(c)->name, .id = c->ids[i], .deleted = true };
		const xmlNode *n = mlc_xml_first(a->rs);

		while (n && strcmp(mlc_xml_child_text(c, n, "ListID"), c->ids[i]))
			n = mlc_xml_next(n);
		if (!n)
			c->host->emit(c, &gone);
	}
	return MLC_DONE;
}

static enum mlc_step tell_tree(struct mlc_call *c)
{
	const struct aging_state *g = state_of(c);

	for (size_t i = 0; i < g->count; i++)
		if (g->rows[i].id)
			emit(c, g->rows[i].id, g->rows[i].name, g->rows[i].cents);
	return MLC_DONE;
}

static bool has_id(const struct aging_state *g, const char *id, size_t len)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->rows[i].id && strlen(g->rows[i].id) == len && !strncmp(g->rows[i].id, id, len))
			return true;
	return false;
}

/* The feed: all rows, and who had one last time and has none now. */
static enum mlc_step tell_all(struct mlc_call *c)
{
	static const int64_t nothing[BUCKETS];
	const struct aging_state *g = state_of(c);
	struct mlc_xml cursor = { .call = c };
	const char *last = c->cursor && *c->cursor != '@' ? c->cursor : "";

	for (size_t i = 0; i < g->count; i++) {
		if (!g->rows[i].id)
			continue; /* renamed between the two questions: the next reading has it */
		emit(c, g->rows[i].id, g->rows[i].name, g->rows[i].cents);
		mlc_xml_raw(&cursor, cursor.len ? " " : "");
		mlc_xml_raw(&cursor, g->rows[i].id);
	}
	while (*last) {
		size_t len = strcspn(last, " ");

		if (len && !has_id(g, last, len))
			emit(c, c->host->format(c, "%.*s", (int)len, last), "", nothing);
		last += len + (last[len] == ' ');
	}
	if (cursor.failed || cursor.len > CURSOR_BYTES)
		return c->host->fail(c, MLC_REFUSED, 0, "more names owe something than can be kept in mind");
	c->host->advance(c, cursor.len ? c->host->format(c, "%s", cursor.text) : " ", 0);
	return MLC_DONE;
}

static enum mlc_step names_came(struct mlc_call *c, const struct answer *a)
{
	struct aging_state *g = state_of(c);

	if (!c->feed && !tree_of(c))
		return tell_asked(c, a);
	for (const xmlNode *n = mlc_xml_first(a->rs); n; n = mlc_xml_next(n)) {
		const char *id = mlc_xml_child_text(c, n, "ListID"), *name = name_in(c, n);

		for (size_t i = g->asked; *id && i < g->count && i < g->asked + NAMES_AT_ONCE; i++)
			if (qbd_same(g->rows[i].name, name))
				g->rows[i].id = c->host->format(c, "%s", id);
	}
	g->asked += NAMES_AT_ONCE;
	if (g->asked < g->count)
		return ask_names(c);
	return c->feed ? tell_all(c) : tell_tree(c);
}

static enum mlc_step report_came(struct mlc_call *c, const struct answer *a)
{
	const char *wrong = read_report(c, a->rs);

	if (wrong)
		return c->host->fail(c, MLC_BROKEN, 0, "%s", wrong);
	if (!state_of(c)->count && (c->feed || tree_of(c)))
		return c->feed ? tell_all(c) : MLC_DONE;
	return ask_names(c);
}

bool qbd_is_aging(const struct mlc_entity *e)
{
	return !strcmp(e->name, "CustomerAging") || !strcmp(e->name, "VendorAging");
}

enum mlc_step qbd_aging(struct mlc_call *c)
{
	struct answer a;
	enum mlc_step step;

	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_report(c);
	/* 1, 500: names that are no longer there. */
	if (!answer_open(c, &a) || (!answer_is_well(&a) && a.code != 1))
		step = qbd_question_failed(c, &a);
	else
		step = state_of(c)->phase == AGING_REPORT ? report_came(c, &a) : names_came(c, &a);
	answer_close(&a);
	return step;
}
