/* moves.h - faults to the host's next move, as one table. */
#ifndef FLOW_MOVES_H
#define FLOW_MOVES_H

#include <mlc/connector.h>
#include <stdbool.h>

enum move {
	MOVE_AGAIN = 1,     /* back off, then afresh */
	MOVE_WAIT,          /* the connection is held for as long as it was told, then afresh */
	MOVE_REMAP,         /* at once afresh: fetch, merge or match again */
	MOVE_HOLD_LOGIN,    /* the connection is held until a person mends it; the delivery stays ready */
	MOVE_HOLD,          /* the delivery is held with the remote's words */
	MOVE_LOOK,          /* it may have happened: look before writing again */
	MOVE_REPORT         /* held, and the connector's author is wanted; a read not before its read_tries */
};

struct fault_move {
	enum mlc_fault fault;
	const char *word;  /* "retry", for audit and people */
	enum move move;
	unsigned tries;    /* after so many the delivery is given up; 0: never by itself */
	unsigned read_tries; /* a read has changed nothing: so often it is asked again, with growing waits, before its move;
	                      * 0: its move at once */
	const char *cause; /* then, and for held ones */
	bool review;       /* given up means: a person is asked (else: held) */
};

const struct fault_move *move_of(enum mlc_fault);

#endif
