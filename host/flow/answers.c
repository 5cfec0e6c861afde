/* answers.c - answers.csv of a tenant: what people answered once and want remembered. */
#include "flow/answers.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX (16u << 20)

static const char header[] = "kind,given,answer\n";

/* One cell of RFC 4180 into b; returns what follows it, or NULL where a quote never ends. */
static const char *cell(const char *at, struct buf *b)
{
	buf_clear(b);
	if (*at != '"') {
		size_t len = strcspn(at, ",\r\n");

		buf_add(b, at, len);
		return at + len;
	}
	for (at++; *at; at++) {
		if (*at == '"' && at[1] != '"')
			return at + 1;
		if (*at == '"')
			at++;
		buf_putc(b, *at);
	}
	return NULL;
}

static const char *row(const char *at, struct buf cells[3], size_t *count)
{
	*count = 0;
	for (;;) {
		if (*count < 3 && !(at = cell(at, &cells[*count])))
			return NULL;
		(*count)++;
		if (*at != ',')
			break;
		at++;
		if (*count == 3)
			at += strcspn(at, "\r\n");
	}
	if (*at == '\r')
		at++;
	if (*at == '\n')
		at++;
	else if (*at)
		return NULL;
	return at;
}

static json_t *rows_of(const char *text, struct err *e)
{
	json_t *list = json_array();
	struct buf cells[3];
	int line = 0;

	for (int i = 0; i < 3; i++)
		buf_init(&cells[i], 4096);
	if (!strncmp(text, "\xef\xbb\xbf", 3)) /* Excel begins its files so */
		text += 3;
	while (text && *text) {
		size_t count;

		line++;
		text = row(text, cells, &count);
		if (!text || cells[0].full || cells[1].full || cells[2].full) {
			err_set(e, ERR_INPUT, "line %d: a quote never ends, or a cell is over 4096 characters", line);
			break;
		}
		if (line == 1 && !strcmp(cells[0].data, "kind"))
			continue;
		if (count == 1 && !cells[0].len)
			continue;
		if (count != 3 || !cells[0].len || !cells[1].len) {
			err_set(e, ERR_INPUT, "line %d: three cells are wanted: kind, given, answer", line);
			break;
		}
		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:i}", "kind", cells[0].data, "given", cells[1].data,
			"answer", cells[2].data, "line", line));
	}
	for (int i = 0; i < 3; i++)
		buf_finish(&cells[i]);
	if (e && e->code) {
		json_decref(list);
		return NULL;
	}
	return list;
}

json_t *answers_read(const char *path, struct err *e)
{
	struct err own = { 0 };
	json_t *list;
	char *text;
	size_t len;

	if (file_read(path, ANSWERS_MAX, &text, &len, &own) < 0) {
		if (own.code == ERR_ABSENT)
			return json_array();
		err_set(e, own.code, "%s", own.text);
		return NULL;
	}
	list = rows_of(text, &own);
	free(text);
	if (!list)
		err_set(e, own.code, "%s: %s", path, own.text);
	return list;
}

static void put_cell(struct buf *b, const char *text, char after)
{
	bool quoted = strpbrk(text, ",\"\r\n") != NULL;

	if (quoted)
		buf_putc(b, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_putc(b, '"');
		buf_putc(b, *text);
	}
	if (quoted)
		buf_putc(b, '"');
	buf_putc(b, after);
}

static void put_row(struct buf *b, const char *kind, const char *given, const char *answer)
{
	put_cell(b, kind, ',');
	put_cell(b, given, ',');
	put_cell(b, answer, '\n');
}

int answers_remember(const char *path, const char *kind, const char *given, const char *answer, struct err *e)
{
	json_t *list = answers_read(path, e), *one;
	bool known = false;
	struct buf b;
	size_t i;
	int code;

	if (!list)
		return e->code;
	buf_init(&b, ANSWERS_MAX);
	buf_puts(&b, header);
	json_array_foreach(list, i, one) {
		const char *k = json_text_at(one, "kind"), *g = json_text_at(one, "given");
		bool same = !strcmp(k, kind) && !strcmp(g, given);

		known = known || same;
		put_row(&b, k, g, same ? answer : json_text_at(one, "answer"));
	}
	if (!known)
		put_row(&b, kind, given, answer);
	json_decref(list);
	code = b.full ? err_set(e, ERR_LIMIT, "%s would be over %u bytes", path, ANSWERS_MAX) :
		file_write(path, b.data, b.len, 0644, e);
	buf_finish(&b);
	return code;
}
