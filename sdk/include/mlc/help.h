/* help.h - what most connectors need beside connector.h: asking, reading JSON, times, texts.
 *
 * Static inline, no I/O, no state, no memory of its own; C11 and C++17.  Take what you use. */
#ifndef MLC_HELP_H
#define MLC_HELP_H

#include <mlc/connector.h>

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- asking ----------------------------------------------------------------------- */

/* Asks for path; sending it twice is harmless. */
static inline enum mlc_step mlc_get(struct mlc_call *c, const char *path)
{
	c->request->method = "GET";
	c->request->path = path;
	c->request->repeatable = true;
	return MLC_SEND;
}

/* Sends body, JSON text in call memory (what dump() gave); NULL: none.  Not repeatable. */
static inline enum mlc_step mlc_send_json(struct mlc_call *c, const char *method, const char *path, const char *body,
	size_t body_len)
{
	c->request->method = method;
	c->request->path = path;
	c->request->type = body ? "application/json" : NULL;
	c->request->body = body;
	c->request->body_len = body_len;
	return MLC_SEND;
}

static inline bool mlc_is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'
		|| c == '_' || c == '~';
}

/* text percent-encoded (RFC 3986: all but letters, digits and "-._~"), in call memory; "" when the
 * budget is spent. */
static inline const char *mlc_percent(struct mlc_call *c, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t len = strlen(text);
	char *out = (char *)c->host->alloc(c, len * 3 + 1), *at = out;

	if (!out)
		return "";
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (mlc_is_unreserved(*text)) {
			*at++ = *text;
		} else {
			*at++ = '%';
			*at++ = hex[byte >> 4];
			*at++ = hex[byte & 15];
		}
	}
	*at = 0;
	return out;
}

struct mlc_param { /* of a query; value NULL: left out; a list ends with a NULL name */
	const char *name, *value;
};

/* path with the parameters behind it, values encoded, in call memory; path may hold a query. */
static inline const char *mlc_query(struct mlc_call *c, const char *path, const struct mlc_param *params)
{
	char mark = strchr(path, '?') ? '&' : '?';

	for (; params->name; params++) {
		if (!params->value)
			continue;
		path = c->host->format(c, "%s%c%s=%s", path, mark, params->name, mlc_percent(c, params->value));
		mark = '&';
	}
	return path;
}

/* text between single quotes, with a backslash before each ' and \ in it: a literal of SQL's relatives (ZOQL, COQL, Intuit's
 * queries).  In call memory; "''" when the budget is spent. */
static inline const char *mlc_quoted(struct mlc_call *c, const char *text)
{
	char *out = (char *)c->host->alloc(c, strlen(text) * 2 + 3), *at = out;

	if (!out)
		return "''";
	*at++ = '\'';
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at++ = '\'';
	*at = 0;
	return out;
}

/* ---- faults ------------------------------------------------------------------------ */

/* A remote's own codes and what the host does about each; the last row has a NULL code and holds
 * for all others. */
struct mlc_fault_code {
	const char *code;
	enum mlc_fault fault;
};

static inline enum mlc_fault mlc_fault_of(const struct mlc_fault_code *table, const char *code)
{
	while (table->code && (!code || strcmp(table->code, code) != 0))
		table++;
	return table->fault;
}

/* After such a status nobody knows whether a write was done: something broke down over it, or gave up waiting.  That is
 * MLC_IN_DOUBT, also where it has a key: only then the same key goes again. */
static inline bool mlc_may_be_done(int status)
{
	return status == 408 || status == 425 || status >= 500;
}

/* Always MLC_FAIL: who answered well, but with something that is not what is due ("a list of orders"). */
static inline enum mlc_step mlc_garbage(struct mlc_call *c, const char *who, const char *due)
{
	const char *body = c->reply->body + strspn(c->reply->body, " \t\r\n\xef\xbb\xbf");

	/* In brackets: cmocka has a macro of that name. */
	return (c->host->fail)(c, MLC_BROKEN, 0, "%s answered %d with something that is not %s%s", who, c->reply->status, due,
		!*body ? ", but nothing" : *body == '<' ? ", but a web page" : "");
}

/* ---- values that parse() gave --------------------------------------------------------- */

/* The value at "a.b.0.c", borrowed; NULL when absent. */
static inline json_t *mlc_at(json_t *value, const char *path)
{
	while (value && *path) {
		size_t len = strcspn(path, ".");

		if (json_is_array(value)) {
			size_t index = 0;

			for (size_t i = 0; i < len; i++) {
				if (path[i] < '0' || path[i] > '9' || index > 1000000)
					return NULL;
				index = index * 10 + (size_t)(path[i] - '0');
			}
			value = len ? json_array_get(value, index) : NULL;
		} else {
			value = json_object_getn(value, path, len);
		}
		path += len;
		path += *path == '.';
	}
	return value;
}

/* The text at path; NULL when absent, null or no text. */
static inline const char *mlc_text(json_t *value, const char *path)
{
	return json_string_value(mlc_at(value, path));
}

static inline const char *mlc_text_or(json_t *value, const char *path, const char *fallback)
{
	const char *text = mlc_text(value, path);

	return text ? text : fallback;
}

/* The same of an id or a version, which some remotes write as a number one day and as text the next: 7 and "7" are
 * "7", in call memory; NULL when it is neither, or empty. */
static inline const char *mlc_word(struct mlc_call *c, json_t *value, const char *path)
{
	json_t *at = mlc_at(value, path);

	if (json_is_integer(at))
		return c->host->format(c, "%" JSON_INTEGER_FORMAT, json_integer_value(at));
	return json_is_string(at) && *json_string_value(at) ? json_string_value(at) : NULL;
}

static inline int64_t mlc_int_or(json_t *value, const char *path, int64_t fallback)
{
	json_t *at = mlc_at(value, path);

	return json_is_integer(at) ? (int64_t)json_integer_value(at) : fallback;
}

/* The same for what the host lends: settings, facts, token. */
static inline const char *mlc_known(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static inline int64_t mlc_known_int_or(const json_t *object, const char *name, int64_t fallback)
{
	json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

/* ---- times -------------------------------------------------------------------------- */

static inline bool mlc_digits(const char **at, int count, int *out)
{
	for (*out = 0; count > 0; count--, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*out = *out * 10 + (**at - '0');
	}
	return true;
}

/* Days from 1970-01-01 to the first of March of year, and on: years that begin in March. */
static inline int64_t mlc_days(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t from_march = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (from_march * 306 + 5) / 10 + day - 1 - 719468;
}

/* UTC milliseconds of "2026-11-21T00:09:21", with or without fraction, seconds and offset; without
 * an offset it is taken as UTC; a day alone is its midnight.  False: no such text. */
static inline bool mlc_instant(const char *text, int64_t *ms)
{
	static const signed char days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day, hour = 0, minute = 0, second = 0, thousandths = 0, off_hour = 0, off_minute = 0;
	int sign = 1;

	if (!text || !mlc_digits(&text, 4, &year) || *text++ != '-' || !mlc_digits(&text, 2, &month) || *text++ != '-'
		|| !mlc_digits(&text, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days[month - 1]
		|| (month == 2 && day == 29 && (year % 4 || (year % 100 == 0 && year % 400))))
		return false;
	if (*text) {
		if (*text != 'T' && *text != ' ')
			return false;
		text++;
		if (!mlc_digits(&text, 2, &hour) || *text++ != ':' || !mlc_digits(&text, 2, &minute))
			return false;
		if (*text == ':') {
			text++;
			if (!mlc_digits(&text, 2, &second))
				return false;
		}
		if (*text == '.') {
			int unit = 100;

			for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
				thousandths += (*text - '0') * unit;
		}
		if (*text == '+' || *text == '-') {
			sign = *text++ == '-' ? -1 : 1;
			if (!mlc_digits(&text, 2, &off_hour))
				return false;
			text += *text == ':';
			if (!mlc_digits(&text, 2, &off_minute))
				return false;
		} else if (*text == 'Z') {
			text++;
		}
		if (*text || hour > 23 || minute > 59 || second > 60 || off_hour > 18 || off_minute > 59)
			return false;
	}
	*ms = (mlc_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
		- sign * (off_hour * 3600 + off_minute * 60)) * 1000 + thousandths;
	return true;
}

/* "2026-11-21T00:09:21Z" of ms (years 1970 to 9999), in call memory. */
static inline const char *mlc_instant_text(struct mlc_call *c, int64_t ms)
{
	int64_t seconds = ms / 1000, days = seconds / 86400, rest = seconds % 86400;
	int year = 1970 + (int)(days / 366), month = 1;

	while (mlc_days(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && mlc_days(year, month + 1, 1) <= days)
		month++;
	return c->host->format(c, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month,
		(int)(days - mlc_days(year, month, 1)) + 1, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

/* FNV-1a over text, going on from hash: MLC_HASH to begin with.  To tell texts apart, not to keep secrets. */
#define MLC_HASH UINT64_C(14695981039346656037)

static inline uint64_t mlc_hash(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

/* "2026-11-21T00:09:21Z~9c1e...": a version for a remote whose time of change has a grain of a second, in which our own
 * write and a person's edit may both fall.  The rest is made of what record shows of fields, lists apart: the same for
 * the same content, however it was read.  In call memory; borrows record. */
static inline const char *mlc_version_of(struct mlc_call *c, const char *stamp, const struct mlc_field *fields, const json_t *record)
{
	json_t *shown = json_object();
	const char *text;

	for (const struct mlc_field *f = fields; f->name; f++) {
		json_t *value = json_object_get(record, f->name);

		if (f->type == MLC_REF) /* a name beside it is not shown by every list */
			value = json_object_get(value, "id");
		if (value && f->type != MLC_LIST && !json_is_null(value))
			json_object_set_new(shown, f->name, json_deep_copy(value));
	}
	text = c->host->dump(c, shown, NULL, NULL); /* which it takes over */
	return c->host->format(c, "%s~%016llx", stamp, (unsigned long long)mlc_hash(MLC_HASH, text ? text : ""));
}

/* The stamp of such a version, in call memory; NULL of NULL. */
static inline const char *mlc_stamp_of(struct mlc_call *c, const char *version)
{
	const char *mark = version ? strchr(version, '~') : NULL;

	return mark ? c->host->format(c, "%.*s", (int)(mark - version), version) : version;
}

/* UTC milliseconds of an HTTP date ("Sat, 21 Nov 2026 00:09:21 GMT", RFC 9110, 5.6.7); false: no such text. */
static inline bool mlc_http_date(const char *text, int64_t *ms)
{
	static const char *const months[] = { "Jan ", "Feb ", "Mar ", "Apr ", "May ", "Jun ", "Jul ", "Aug ", "Sep ", "Oct ", "Nov ", "Dec " };
	int day, year, hour, minute, second, month = 0;

	if (!text || strlen(text) != 29 || memcmp(text + 3, ", ", 2) != 0)
		return false;
	text += 5;
	if (!mlc_digits(&text, 2, &day) || *text++ != ' ')
		return false;
	while (month < 12 && strncmp(text, months[month], 4) != 0)
		month++;
	text += 4;
	if (month == 12 || !mlc_digits(&text, 4, &year) || *text++ != ' ' || !mlc_digits(&text, 2, &hour) || *text++ != ':'
		|| !mlc_digits(&text, 2, &minute) || *text++ != ':' || !mlc_digits(&text, 2, &second) || strcmp(text, " GMT") != 0)
		return false;
	*ms = (mlc_days(year, month + 1, day) * 86400 + hour * 3600 + minute * 60 + second) * 1000;
	return true;
}

/* How long a Retry-After header asks to wait, in ms: seconds, or an HTTP date (RFC 9110, 10.2.3);
 * fallback where there is none or it says nothing sensible; at most a day. */
static inline uint32_t mlc_retry_after(const char *text, int64_t now_ms, uint32_t fallback)
{
	const int64_t most = INT64_C(86400000);
	int64_t wait = 0;

	if (!text || !*text)
		return fallback;
	if (*text >= '0' && *text <= '9') {
		for (; *text >= '0' && *text <= '9'; text++)
			if (wait < most)
				wait = wait * 10 + (*text - '0') * 1000;
		if (*text)
			return fallback;
	} else {
		if (!mlc_http_date(text, &wait))
			return fallback;
		wait -= now_ms;
		if (wait < 0)
			wait = 0;
	}
	return (uint32_t)(wait < most ? wait : most);
}

/* ---- texts --------------------------------------------------------------------------- */

/* Adds text to what a state keeps in out; what does not fit is cut, never inside of a character, and false says so. */
static inline bool mlc_append(char *out, size_t size, const char *text)
{
	size_t len = strlen(out), more = strlen(text), fits = more < size - len ? more : size - len - 1;

	while (fits && fits < more && ((unsigned char)text[fits] & 0xc0) == 0x80)
		fits--;
	memcpy(out + len, text, fits);
	out[len + fits] = 0;
	return fits == more;
}

/* The same in place of what stood there. */
static inline bool mlc_copy(char *out, size_t size, const char *text)
{
	*out = 0;
	return mlc_append(out, size, text);
}

static inline bool mlc_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static inline size_t mlc_utf8(char *out, uint32_t point)
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xc0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xe0 | point >> 12);
		out[1] = (char)(0x80 | (point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

/* One character reference at text ("&amp;", "&#38;", "&#x26;") as UTF-8 into out (4 bytes at least);
 * its length in text, 0 when none stands there that we know. */
static inline size_t mlc_entity_at(const char *text, char *out, size_t *out_len)
{
	static const struct {
		const char *name;
		uint32_t point;
	} known[] = {
		{ "amp;", '&' }, { "lt;", '<' }, { "gt;", '>' }, { "quot;", '"' }, { "apos;", '\'' }, { "nbsp;", 0xa0 },
		{ "ndash;", 0x2013 }, { "mdash;", 0x2014 }, { "lsquo;", 0x2018 }, { "rsquo;", 0x2019 }, { "ldquo;", 0x201c },
		{ "rdquo;", 0x201d }, { "hellip;", 0x2026 }, { "euro;", 0x20ac }, { "pound;", 0xa3 },
	};
	uint32_t point = 0;
	size_t i;

	if (*text != '&')
		return 0;
	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (strncmp(text + 1, known[i].name, strlen(known[i].name)) == 0) {
			*out_len = mlc_utf8(out, known[i].point);
			return strlen(known[i].name) + 1;
		}
	if (text[1] != '#')
		return 0;
	bool hex = text[2] == 'x' || text[2] == 'X';
	for (i = hex ? 3 : 2; text[i] && text[i] != ';' && point < 0x110000; i++) {
		char d = text[i];

		if (d >= '0' && d <= '9')
			point = point * (hex ? 16u : 10u) + (uint32_t)(d - '0');
		else if (hex && ((d >= 'a' && d <= 'f') || (d >= 'A' && d <= 'F')))
			point = point * 16 + (uint32_t)((d | 32) - 'a' + 10);
		else
			return 0;
	}
	if (text[i] != ';' || point == 0 || point >= 0x110000 || (point >= 0xd800 && point < 0xe000))
		return 0;
	*out_len = mlc_utf8(out, point);
	return i + 1;
}

/* text with HTML character references decoded once, in call memory; unknown ones stay. */
static inline const char *mlc_unescape(struct mlc_call *c, const char *text)
{
	char *out, *at;

	if (!strchr(text, '&'))
		return text;
	out = at = (char *)c->host->alloc(c, strlen(text) + 1);
	if (!out)
		return "";
	while (*text) {
		size_t put, len = mlc_entity_at(text, at, &put);

		/* No reference is shorter than what it stands for. */
		if (len) {
			text += len;
			at += put;
		} else {
			*at++ = *text++;
		}
	}
	*at = 0;
	return out;
}

/* ---- JSON as it stands: what need not become a tree -------------------------------------- */

#define MLC_SCAN_DEPTH 64

/* A piece of somebody's JSON text: a whole value, or what stands between a name's quotes. */
struct mlc_span {
	const char *text;
	size_t len;
};

/* Walks the members of an object or the elements of an array, checking everything on its way: a text
 * that has been walked to its end is whole and well-formed (names may repeat, UTF-8 is not looked at). */
struct mlc_scan {
	const char *at, *end;
	bool object, begun;
};

static inline void mlc_scan_blank(struct mlc_scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

static inline bool mlc_scan_string(struct mlc_scan *s)
{
	if (s->at == s->end || *s->at != '"')
		return false;
	for (s->at++; s->at < s->end && *s->at != '"'; s->at++) {
		if ((unsigned char)*s->at < 0x20)
			return false;
		if (*s->at != '\\')
			continue;
		if (++s->at == s->end || !*s->at || !strchr("\"\\/bfnrtu", *s->at))
			return false;
		if (*s->at == 'u')
			for (int i = 0; i < 4; i++) {
				if (++s->at == s->end || !*s->at || !strchr("0123456789abcdefABCDEF", *s->at))
					return false;
			}
	}
	if (s->at == s->end)
		return false;
	s->at++;
	return true;
}

static inline bool mlc_scan_digits(struct mlc_scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > from;
}

/* What is neither text, object nor array. */
static inline bool mlc_scan_word(struct mlc_scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	const char *from;

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(s->end - s->at) >= len && memcmp(s->at, words[i], len) == 0) {
			s->at += len;
			return true;
		}
	}
	if (s->at < s->end && *s->at == '-')
		s->at++;
	from = s->at;
	if (!mlc_scan_digits(s) || (*from == '0' && s->at > from + 1))
		return false;
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (!mlc_scan_digits(s))
			return false;
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		return mlc_scan_digits(s);
	}
	return true;
}

/* `"name" :`, and blanks. */
static inline bool mlc_scan_name(struct mlc_scan *s)
{
	if (!mlc_scan_string(s))
		return false;
	mlc_scan_blank(s);
	if (s->at == s->end || *s->at != ':')
		return false;
	s->at++;
	mlc_scan_blank(s);
	return true;
}

/* Moves behind one whole value. */
static inline bool mlc_scan_value(struct mlc_scan *s)
{
	uint64_t objects = 0; /* a bit for each level: 1 an object */
	unsigned depth = 0;

	for (;;) {
		if (s->at == s->end)
			return false;
		if (*s->at == '{' || *s->at == '[') {
			char close = *s->at == '{' ? '}' : ']';

			if (++depth > MLC_SCAN_DEPTH)
				return false;
			objects = objects << 1 | (close == '}');
			s->at++;
			mlc_scan_blank(s);
			if (s->at == s->end)
				return false;
			if (*s->at != close) {
				if (close == '}' && !mlc_scan_name(s))
					return false;
				continue;
			}
		} else if (*s->at == '"' ? !mlc_scan_string(s) : !mlc_scan_word(s)) {
			return false;
		}
		/* A value has ended: close what ends with it, or go on to the next. */
		for (;;) {
			if (depth == 0)
				return true;
			mlc_scan_blank(s);
			if (s->at == s->end)
				return false;
			if (*s->at == (objects & 1 ? '}' : ']')) {
				s->at++;
				objects >>= 1;
				depth--;
				continue;
			}
			if (*s->at != ',')
				return false;
			s->at++;
			mlc_scan_blank(s);
			if (objects & 1 && !mlc_scan_name(s))
				return false;
			break;
		}
	}
}

/* False: text does not begin with '{' or '[' (object: which of them). */
static inline bool mlc_scan_init(struct mlc_scan *s, const char *text, size_t len, bool object)
{
	s->at = text;
	s->end = text + len;
	s->object = object;
	s->begun = false;
	mlc_scan_blank(s);
	if (s->at == s->end || *s->at != (object ? '{' : '['))
		return false;
	s->at++;
	return true;
}

/* 1: a member (name: NULL for an array) or element; 0: the end, and nothing but blanks after it;
 * -1: this is not JSON. */
static inline int mlc_scan_next(struct mlc_scan *s, struct mlc_span *name, struct mlc_span *value)
{
	mlc_scan_blank(s);
	if (s->at < s->end && *s->at == (s->object ? '}' : ']')) {
		s->at++;
		mlc_scan_blank(s);
		return s->at == s->end ? 0 : -1;
	}
	if (s->begun) {
		if (s->at == s->end || *s->at != ',')
			return -1;
		s->at++;
		mlc_scan_blank(s);
	}
	s->begun = true;
	if (s->object) {
		const char *from = s->at;

		if (!mlc_scan_string(s))
			return -1;
		name->text = from + 1;
		name->len = (size_t)(s->at - from) - 2;
		s->at = from;
		if (!mlc_scan_name(s))
			return -1;
	}
	value->text = s->at;
	if (!mlc_scan_value(s))
		return -1;
	value->len = (size_t)(s->at - value->text);
	return 1;
}

static inline bool mlc_span_is(struct mlc_span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

/* The whole number that span is; false when it is none, or beyond 18 digits. */
static inline bool mlc_span_int(struct mlc_span span, int64_t *out)
{
	bool negative = span.len > 0 && span.text[0] == '-';
	size_t i = negative;

	if (span.len == i || span.len > 18)
		return false;
	for (*out = 0; i < span.len; i++) {
		if (span.text[i] < '0' || span.text[i] > '9')
			return false;
		*out = *out * 10 + (span.text[i] - '0');
	}
	if (negative)
		*out = -*out;
	return true;
}

/* What stands between the quotes of a text without escapes, copied into out; false: it is no text,
 * holds escapes, or is longer than out. */
static inline bool mlc_span_text(struct mlc_span span, char *out, size_t size)
{
	if (span.len < 2 || span.text[0] != '"' || span.len - 1 > size || memchr(span.text, '\\', span.len))
		return false;
	memcpy(out, span.text + 1, span.len - 2);
	out[span.len - 2] = 0;
	return true;
}

#ifdef __cplusplus
}
#endif
#endif
