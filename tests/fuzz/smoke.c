/* smoke.c - runs a fuzz target without libFuzzer: smoke-NAME SEEDS MUTATIONS
 *
 * Every file of the folder SEEDS, then so many random mutations of them, the same ones each time. */
#include <dirent.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536
#define SEEDS_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct {
	uint8_t *bytes;
	size_t len;
} seeds[SEEDS_MAX];
static size_t seed_count;

static uint64_t random_state = 88172645463325252u;

static uint32_t any(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16) % below;
}

static void read_seed(const char *dir, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (!f || seed_count == SEEDS_MAX)
		abort();
	seeds[seed_count].bytes = malloc(INPUT_MAX);
	seeds[seed_count].len = fread(seeds[seed_count].bytes, 1, INPUT_MAX, f);
	seed_count++;
	fclose(f);
}

/* A piece of one seed in the place of a piece of another, and a few bytes changed. */
static size_t mutate(uint8_t *out)
{
	size_t one = any((uint32_t)seed_count), two = any((uint32_t)seed_count);
	size_t len = seeds[one].len, at, n;

	memcpy(out, seeds[one].bytes, len);
	if (any(2) && seeds[two].len > 0 && len > 0) {
		size_t from = any((uint32_t)seeds[two].len);

		at = any((uint32_t)len);
		n = any((uint32_t)(seeds[two].len - from) + 1);
		if (at + n > INPUT_MAX)
			n = INPUT_MAX - at;
		memcpy(out + at, seeds[two].bytes + from, n);
		len = at + n > len ? at + n : len;
	}
	for (uint32_t changes = any(6); changes > 0 && len > 0; changes--)
		out[any((uint32_t)len)] = any(3) ? (uint8_t)any(256) : (uint8_t)"\r\n :0;\t,"[any(8)];
	return any(4) ? len : any((uint32_t)len + 1);
}

int main(int argc, char **argv)
{
	uint8_t *input = malloc(INPUT_MAX);
	struct dirent *entry;
	long mutations = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;

	if (!dir || !input)
		return 2;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			read_seed(argv[1], entry->d_name);
	closedir(dir);
	if (!seed_count)
		return 2;
	for (size_t i = 0; i < seed_count; i++)
		LLVMFuzzerTestOneInput(seeds[i].bytes, seeds[i].len);
	for (long i = 0; i < mutations; i++)
		LLVMFuzzerTestOneInput(input, mutate(input));
	printf("%zu seeds, %ld mutations\n", seed_count, mutations);
	for (size_t i = 0; i < seed_count; i++)
		free(seeds[i].bytes);
	free(input);
	return 0;
}
