/* probe.c - stands in for `mlc probe FILE` in tests of this floor. */
#include "plug/registry.h"

#include <string.h>

int main(int argc, char **argv)
{
	return argc == 3 && !strcmp(argv[1], "probe") ? probe_main(argv[2]) : 2;
}
