/* vault.h - the secrets of one connection, in memory while they are used: an unchanging, counted
 * snapshot, so that a step on another thread reads what it began with. */
#ifndef PLUG_VAULT_H
#define PLUG_VAULT_H

#include "base/crypto.h"

#include <stdbool.h>
#include <stddef.h>

struct vault {
	unsigned refs; /* loop thread only */
	struct vault_row { char *name; struct secret *now, *before; } *rows;
	size_t count;
};

struct vault *vault_create(void);
struct vault *vault_ref(struct vault *);
void vault_unref(struct vault *); /* NULL is well */
/* Takes the secrets over; either may be NULL. */
void vault_put(struct vault *, const char *name, struct secret *now, struct secret *before);

/* The secret's text, or NULL. */
const char *vault_text(const struct vault *, const char *name, size_t *len);
const char *vault_before(const struct vault *, const char *name, size_t *len);
/* Constant time in text; before: the one before it will do, too. */
bool vault_is(const struct vault *, const char *name, const char *text, bool before);

#endif
