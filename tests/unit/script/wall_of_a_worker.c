/* What a worker that was taken over can still do: die, and nothing to others. */
#include "script/wall.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The signal that ended what was tried behind the wall; 0: it was allowed. */
static int ended_by(void (*attempt)(pid_t other))
{
	pid_t other = getpid(), pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		struct err e = { 0 };

		if (wall_raise(&e) < 0)
			_exit(1);
		attempt(other);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	assert_int_equal(WEXITSTATUS(status), 0);
	return 0;
}

static void signals_another(pid_t other) { syscall(SYS_tgkill, other, other, 0); }
static void kills_another(pid_t other) { syscall(SYS_kill, other, 0); }
static void aborts(pid_t other) { (void)other; abort(); }
static void forks(pid_t other) { (void)other; fork(); }
static void connects(pid_t other) { (void)other; socket(AF_INET, SOCK_STREAM, 0); }
static void nothing(pid_t other) { (void)other; }

static void harms_nobody(void **state)
{
	(void)state;
#if defined(__SANITIZE_ADDRESS__)
	skip(); /* such builds have no wall */
#endif
	assert_int_equal(ended_by(nothing), 0);
	assert_int_equal(ended_by(signals_another), SIGSYS);
	assert_int_equal(ended_by(kills_another), SIGSYS);
	assert_int_equal(ended_by(forks), SIGSYS);
	assert_int_equal(ended_by(connects), SIGSYS);
	assert_int_equal(ended_by(aborts), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(harms_nobody) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
