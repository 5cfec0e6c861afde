/* text.c - texts, numbers and stamps as QuickBooks takes them.
 *
 * QuickBooks stores Windows-1252; what lies outside is lost there, or fails the request (SOURCES.md).
 * So letters lose their marks here, other scripts that have a usual Latin spelling get it, and what
 * is left becomes a question mark: one emoji must never block a queue. */
#include "qbd.h"


/* The part of Windows-1252 that is not Latin-1, by code point. */
static const uint16_t beyond_latin1[] = {
	0x152, 0x153, 0x160, 0x161, 0x178, 0x17D, 0x17E, 0x192, 0x2C6, 0x2DC, 0x2013, 0x2014, 0x2018,
	0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0x2020, 0x2021, 0x2022, 0x2026, 0x2030, 0x2039, 0x203A,
	0x20AC, 0x2122
};

/* Runs of characters and the one character for each; '?' where there is none. */
static const struct {
	uint16_t first, last;
	const char *near;
} runs[] = {
	{ 0x100, 0x17F,
		"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOo??Rr"
		"RrRrSsSsSs??TtTtTtUuUuUuUuUuUuWwYy?ZzZz??s" },
	{ 0x1CD, 0x1DC, "AaIiOoUuUuUuUuUu" },
	{ 0x1E4, 0x1F0, "GgGgKkOoOo??j" },
	{ 0x218, 0x21B, "SsTt" },
	{ 0x386, 0x390, "A?EII?O?YOi" },
	{ 0x3AA, 0x3B0, "IYaeiiy" },
	{ 0x3CA, 0x3CE, "iyoyo" },
	{ 0x1E00, 0x1EFF,
		"AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMmMmMmNnNnNnNnOoOoOoOoPp"
		"PpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVvWwWwWwWwWwXxXxYyZzZzZzhtwyas????AaAaAaAaAaAa"
		"AaAaAaAaAaAaEeEeEeEeEeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy??????" },
	{ 0x2010, 0x2015, "------" },
	{ 0x2032, 0x2033, "'\"" },
	{ 0xFF01, 0xFF5E,
		"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrst"
		"uvwxyz{|}~" }
};

/* U+0410 to U+042F, and in lower case from U+0430 on. */
static const char *const cyrillic[32] = {
	"A", "B", "V", "G", "D", "E", "Zh", "Z", "I", "Y", "K", "L", "M", "N", "O", "P", "R", "S", "T",
	"U", "F", "Kh", "Ts", "Ch", "Sh", "Shch", "", "Y", "", "E", "Yu", "Ya"
};
/* U+0391 to U+03A9, and in lower case from U+03B1 on. */
static const char *const greek[25] = {
	"A", "V", "G", "D", "E", "Z", "I", "Th", "I", "K", "L", "M", "N", "X", "O", "P", "R", "S", "S",
	"T", "Y", "F", "Ch", "Ps", "O"
};

static bool in_windows_1252(uint32_t c)
{
	if ((c >= 0x20 && c < 0x7F) || (c >= 0xA0 && c < 0x100))
		return true;
	for (size_t i = 0; i < sizeof beyond_latin1 / sizeof *beyond_latin1; i++)
		if (beyond_latin1[i] == c)
			return true;
	return false;
}

static bool is_mark(uint32_t c) /* joins with the letter before it, or only steers the display */
{
	return (c >= 0x300 && c < 0x370) || (c >= 0x200B && c <= 0x200F) || c == 0x2060 ||
		(c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || c == 0xAD ||
		(c >= 0x1F3FB && c <= 0x1F3FF) || (c >= 0x202A && c <= 0x202E);
}

static size_t put_lower(char *out, const char *text)
{
	size_t len = 0;

	for (; text[len]; len++)
		out[len] = text[len] >= 'A' && text[len] <= 'Z' ? (char)(text[len] + 32) : text[len];
	return len;
}

static size_t put_text(char *out, const char *text)
{
	memcpy(out, text, strlen(text));
	return strlen(text);
}

/* At most 4 bytes. */
static size_t put_near(char *out, uint32_t c)
{
	if (c >= 0x410 && c < 0x430)
		return put_text(out, cyrillic[c - 0x410]);
	if (c >= 0x430 && c < 0x450)
		return put_lower(out, cyrillic[c - 0x430]);
	if (c == 0x401 || c == 0x451)
		return put_text(out, c == 0x401 ? "E" : "e");
	if (c >= 0x391 && c <= 0x3A9)
		return put_text(out, greek[c - 0x391]);
	if (c >= 0x3B1 && c <= 0x3C9)
		return put_lower(out, greek[c - 0x3B1]);
	if ((c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000)
		return put_text(out, " ");
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		if (c >= runs[i].first && c <= runs[i].last)
			return out[0] = runs[i].near[c - runs[i].first], 1;
	return put_text(out, "?");
}

const char *qbd_clean(struct mlc_call *c, const char *text, bool lines)
{
	size_t len = strlen(text), used = 0;
	const char *end = text + len;
	/* Two bytes of UTF-8 become at most four of Latin spelling. */
	char *out = c->host->alloc(c, 2 * len + 1);

	if (!out)
		return NULL;
	while (text < end) {
		uint32_t ch = mlc_utf8_next(&text, end);

		if (ch == '\n' && lines)
			out[used++] = '\n';
		else if (ch == '\t' || ch == '\n' || ch == 0xA0 || ch == 0x2028 || ch == 0x2029)
			out[used++] = ' ';
		else if (ch < 0x20 || (ch >= 0x7F && ch < 0xA0) || is_mark(ch))
			continue;
		else if (in_windows_1252(ch))
			used += mlc_utf8(out + used, ch);
		else
			used += put_near(out + used, ch);
	}
	while (used && (out[used - 1] == ' ' || out[used - 1] == '\n'))
		used--;
	out[used] = 0;
	while (*out == ' ' || *out == '\n')
		out++;
	return out;
}

size_t qbd_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += (*text & 0xC0) != 0x80;
	return count;
}

bool qbd_same(const char *a, const char *b)
{
	for (;; a++, b++) {
		char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
		char y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;

		if (x != y)
			return false;
		if (!x)
			return true;
	}
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

const char *qbd_decimal(struct mlc_call *c, const char *text, unsigned places)
{
	bool minus = *text == '-';
	const char *whole = text + (*text == '-' || *text == '+'), *part = "";
	size_t whole_len = digits(whole), part_len = 0;

	if (whole[whole_len] == '.') {
		part = whole + whole_len + 1;
		part_len = digits(part);
	}
	if (whole_len + part_len == 0 || (part_len ? part[part_len] : whole[whole_len]) != 0)
		return "";
	while (part_len && part[part_len - 1] == '0')
		part_len--;
	while (whole_len > 1 && *whole == '0')
		whole++, whole_len--;
	/* AMTTYPE 13 digits and two or no decimals; the others 10 and up to five (qbxmltypes130.xsd). */
	if (part_len > places || whole_len > (places == 2 ? 13u : 10u))
		return "";
	minus = minus && !(part_len == 0 && whole_len <= 1 && *whole == '0');
	return c->host->format(c, "%s%.*s%s%.*s%.*s", minus ? "-" : "", whole_len ? (int)whole_len : 1,
		whole_len ? whole : "0", part_len || places == 2 ? "." : "", (int)part_len, part,
		places == 2 ? 2 - (int)part_len : 0, "00");
}

/* ---- days and stamps --------------------------------------------------------------------- */

bool qbd_is_day(const char *text)
{
	int64_t ms;

	return strlen(text) == 10 && mlc_instant(text, &ms);
}

void qbd_stamp(struct mlc_call *c, int64_t ms, char out[QBD_STAMP_SIZE])
{
	mlc_copy(out, QBD_STAMP_SIZE, mlc_instant_text(c, ms));
}

bool qbd_stamp_move(struct mlc_call *c, const char *text, int64_t seconds, char out[QBD_STAMP_SIZE])
{
	int64_t ms;

	if (strlen(text) < 19 || !mlc_instant(c->host->format(c, "%.19s", text), &ms) ||
		ms + seconds * 1000 < 0)
		return false;
	qbd_stamp(c, ms + seconds * 1000, out);
	return true;
}
