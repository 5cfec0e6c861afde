/* moves.c - faults to the host's next move, as one table. */
#include "flow/moves.h"

#include <stddef.h>

/* Ten reads of a remote that answers with a web page (at night, while it is serviced) take a quarter of an hour. */
static const struct fault_move moves[] = {
	{ MLC_RETRY,    "retry",    MOVE_AGAIN,      12,  0, "gave_up",   false },
	{ MLC_LIMITED,  "limited",  MOVE_WAIT,        0,  0, "limited",   false },
	{ MLC_STALE,    "stale",    MOVE_REMAP,       5,  0, "stale",     true  },
	{ MLC_AUTH,     "auth",     MOVE_HOLD_LOGIN,  0,  0, "auth",      false },
	{ MLC_REFUSED,  "refused",  MOVE_HOLD,        0,  0, "refused",   false },
	{ MLC_IN_DOUBT, "in_doubt", MOVE_LOOK,        3,  0, "in_doubt",  true  },
	{ MLC_BROKEN,   "broken",   MOVE_REPORT,      0, 10, "broken",    false },
};

const struct fault_move *move_of(enum mlc_fault fault)
{
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
		if (moves[i].fault == fault)
			return &moves[i];
	/* A connector named a fault that does not exist: its author's business. */
	return &moves[sizeof moves / sizeof *moves - 1];
}
