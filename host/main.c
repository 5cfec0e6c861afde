/* main.c - mlc: the program, its workers and its probes are one executable. */
#include "command/command.h"
#include "plug/registry.h"
#include "script/cage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char program[4096];
	ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);

	if (len < 0) {
		perror("mlc: /proc/self/exe");
		return 1;
	}
	program[len] = 0;
	if (argc == 2 && !strcmp(argv[1], "cage"))
		return cage_main();
	if (argc == 3 && !strcmp(argv[1], "probe"))
		return probe_main(argv[2]);
	return cli_main(program, argc, argv);
}
