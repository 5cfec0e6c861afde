/* vault.c - the secrets of one connection, in memory while they are used. */
#include "plug/vault.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct vault *vault_create(void)
{
	struct vault *v = xcalloc(1, sizeof *v);

	v->refs = 1;
	return v;
}

struct vault *vault_ref(struct vault *v)
{
	v->refs++;
	return v;
}

void vault_unref(struct vault *v)
{
	if (!v || --v->refs > 0)
		return;
	for (size_t i = 0; i < v->count; i++) {
		free(v->rows[i].name);
		secret_destroy(v->rows[i].now);
		secret_destroy(v->rows[i].before);
	}
	free(v->rows);
	free(v);
}

void vault_put(struct vault *v, const char *name, struct secret *now, struct secret *before)
{
	v->rows = xrealloc(v->rows, (v->count + 1) * sizeof *v->rows);
	v->rows[v->count++] = (struct vault_row){ xstrdup(name), now, before };
}

static const struct vault_row *row_of(const struct vault *v, const char *name)
{
	for (size_t i = 0; v && i < v->count; i++)
		if (!strcmp(v->rows[i].name, name))
			return &v->rows[i];
	return NULL;
}

const char *vault_text(const struct vault *v, const char *name, size_t *len)
{
	const struct vault_row *row = row_of(v, name);

	return row && row->now ? secret_bytes(row->now, len) : NULL;
}

const char *vault_before(const struct vault *v, const char *name, size_t *len)
{
	const struct vault_row *row = row_of(v, name);

	return row && row->before ? secret_bytes(row->before, len) : NULL;
}

static bool is(const char *secret, size_t len, const char *text)
{
	/* Against nothing it takes the same time, and is never right. */
	bool same = same_bytes(secret ? secret : "", secret ? len : 0, text, strlen(text));

	return same && secret && len > 0;
}

bool vault_is(const struct vault *v, const char *name, const char *text, bool before)
{
	size_t now_len = 0, before_len = 0;
	const char *now = vault_text(v, name, &now_len);
	const char *old = vault_before(v, name, &before_len);
	bool is_now = is(now, now_len, text), is_old = is(old, before_len, text);

	return is_now || (before && is_old);
}
