/* every_fault_has_a_move.c - faults to moves, as the design's table says. */
#include "flow/moves.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void each_fault_names_the_next_move(void **state)
{
	static const struct { enum mlc_fault fault; enum move move; } want[] = {
		{ MLC_RETRY, MOVE_AGAIN }, { MLC_LIMITED, MOVE_WAIT }, { MLC_STALE, MOVE_REMAP }, { MLC_AUTH, MOVE_HOLD_LOGIN },
		{ MLC_REFUSED, MOVE_HOLD }, { MLC_IN_DOUBT, MOVE_LOOK }, { MLC_BROKEN, MOVE_REPORT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		assert_int_equal(move_of(want[i].fault)->fault, want[i].fault);
		assert_int_equal(move_of(want[i].fault)->move, want[i].move);
	}
}

static void only_what_time_heals_gives_up_by_itself(void **state)
{
	(void)state;
	assert_int_equal(move_of(MLC_LIMITED)->tries, 0);
	assert_int_equal(move_of(MLC_AUTH)->tries, 0);
	assert_true(move_of(MLC_RETRY)->tries > 0);
	assert_int_equal(move_of(MLC_STALE)->tries, 5);
}

static void a_doubt_that_cannot_be_settled_is_asked_of_a_person(void **state)
{
	(void)state;
	assert_true(move_of(MLC_IN_DOUBT)->review);
	assert_true(move_of(MLC_STALE)->review);
	assert_false(move_of(MLC_RETRY)->review);
}

/* A read has changed nothing: a web page with status 200, or half an answer, is asked for again before a person is. */
static void an_answer_that_is_none_is_read_again_before_it_is_reported(void **state)
{
	(void)state;
	assert_true(move_of(MLC_BROKEN)->read_tries > 0);
	assert_int_equal(move_of(MLC_BROKEN)->tries, 0); /* a write of which nobody knows is not sent again */
	assert_int_equal(move_of(MLC_REFUSED)->read_tries, 0);
}

static void a_fault_that_does_not_exist_is_the_connectors_bug(void **state)
{
	(void)state;
	assert_int_equal(move_of((enum mlc_fault)99)->move, MOVE_REPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_names_the_next_move),
		cmocka_unit_test(only_what_time_heals_gives_up_by_itself),
		cmocka_unit_test(a_doubt_that_cannot_be_settled_is_asked_of_a_person),
		cmocka_unit_test(an_answer_that_is_none_is_read_again_before_it_is_reported),
		cmocka_unit_test(a_fault_that_does_not_exist_is_the_connectors_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
