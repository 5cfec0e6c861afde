/* die.c - for crash tests: the process ends at an exact commit, as by kill -9. */
#include "inner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void die_read(struct die *d)
{
	const char *text = getenv("MLC_DIE_AT");
	char when[8];

	if (text && sscanf(text, "%7[^:]:%15[^:]:%u", when, d->move, &d->left) == 3)
		d->after = !strcmp(when, "after");
}

/* The five transactions by their names, and the two other ways by which records come in. */
static const char *move_of(const struct op *op)
{
	if (op->kind == OP_AUDIT)
		return op->audit.move;
	if (op->kind != OP_ACCEPT)
		return "";
	if (!strcmp(op->accept.row.origin, "webhook"))
		return "accept";
	return !strcmp(op->accept.row.origin, "fetch") ? "fetch" : "emit";
}

static bool moves(const struct txn *t, const char *move)
{
	for (const struct op *op = t->first; op; op = op->next)
		if (!strcmp(move_of(op), move))
			return true;
	return false;
}

bool die_is_near(struct die *d, const struct txn *group)
{
	for (const struct txn *t = group; t && d->left; t = t->next)
		if (moves(t, d->move) && --d->left == 0)
			return true;
	return false;
}

void die_now(void)
{
	kill(getpid(), SIGKILL);
}
