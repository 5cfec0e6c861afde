/* ground.h - what tests of a carry stand on: a loop, a carry that may call 127.0.0.0/8, and a socket for it to call. */
#ifndef TEST_GROUND_H
#define TEST_GROUND_H

#include "fetch.h"

extern struct loop *loop;
extern struct carry *carry;
extern int listening, port;

int ground_start(void **state);
int ground_stop(void **state);

#endif
