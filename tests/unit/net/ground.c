/* ground.c - what tests of a carry stand on. */
#include "ground.h"

#include <unistd.h>

struct loop *loop;
struct carry *carry;
int listening, port;

int ground_start(void **state)
{
	(void)state;
	loop = loop_create(NULL);
	carry = fetch_carry(loop, NULL);
	listening = peer_listen(&port);
	return 0;
}

int ground_stop(void **state)
{
	(void)state;
	carry_destroy(carry);
	turn_idle(loop);
	loop_destroy(loop);
	close(listening);
	return 0;
}
