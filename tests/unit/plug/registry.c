/* registry.c - a connector's file is replaced, truncated, broken, and the host goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "plug/call.h"
#include "plug/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
	char dir[64];
	struct registry *registry;
};

static void put_file(struct place *p, const char *name, const char *from)
{
	char path[128], source[512], *bytes;
	struct err e = { 0 };
	size_t len;

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	snprintf(source, sizeof source, "%s/%s", CONNECTORS, from);
	if (file_read(source, 64u << 20, &bytes, &len, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(file_write(path, bytes, len, 0644, &e), 0);
	free(bytes);
}

static void put_text(struct place *p, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	assert_int_equal(file_write(path, text, strlen(text), 0644, NULL), 0);
}

static json_t *scan(struct place *p)
{
	struct err e = { 0 };
	json_t *refused = NULL;

	if (registry_scan(p->registry, &refused, &e) < 0)
		fail_msg("%s", e.text);
	return refused;
}

/* Scans; exactly one file must be refused, and the sentence must hold all of these. */
static void assert_refused(struct place *p, const char *file, const char *word)
{
	json_t *refused = scan(p);
	const char *why = json_text_at(refused, "0.why");

	assert_int_equal(json_array_size(refused), 1);
	assert_non_null(strstr(why, p->dir));
	assert_non_null(strstr(why, file));
	if (!strstr(why, word))
		fail_msg("'%s' does not say '%s'", why, word);
	json_decref(refused);
}

static void assert_all_good(struct place *p)
{
	json_t *refused = scan(p);

	if (json_array_size(refused) > 0)
		fail_msg("%s", json_text_at(refused, "0.why"));
	json_decref(refused);
}

static int setup(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);
	struct registry_conf conf = { .plugins_dir = p->dir, .private_dir = "", .program = PROBE };
	struct err e = { 0 };

	assert_int_equal(crypto_init(&e), 0);
	strcpy(p->dir, "/tmp/mlc-registry-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->registry = registry_create(&conf, &e);
	if (!p->registry)
		fail_msg("%s", e.text);
	*state = p;
	return 0;
}

static int forget_file(void *ctx, const char *name)
{
	char path[160];

	snprintf(path, sizeof path, "%s/%s", (const char *)ctx, name);
	return unlink(path);
}

static int teardown(void **state)
{
	struct place *p = *state;

	registry_destroy(p->registry);
	dir_each(p->dir, "", forget_file, p->dir, NULL);
	rmdir(p->dir);
	free(p);
	return 0;
}

/* Runs its code, not only its tables. */
static void assert_says_version(struct plugin *plugin, const char *version)
{
	struct call_site site = { .connector = plugin_connector(plugin) };
	struct call_input in = { .op = OP_PING, .now_ms = 1 };
	struct call *c = call_create(&site, &in);

	assert_int_equal(call_step(c, NULL, 1), MLC_DONE);
	assert_string_equal(json_text_at(call_facts(c), "version"), version);
	call_destroy(c);
}

static void a_new_file_is_found_and_an_unchanged_one_kept(void **state)
{
	struct place *p = *state;

	put_file(p, "echo.so", "echo_1.so");
	assert_all_good(p);
	struct plugin *first = registry_find(p->registry, "echo");
	assert_non_null(first);
	assert_says_version(first, "1.0.0");
	assert_all_good(p);
	assert_ptr_equal(registry_find(p->registry, "echo"), first);
	assert_int_equal(registry_mapped(p->registry), 1);
}

static void a_replaced_file_is_a_generation_and_the_old_one_lives_while_it_is_used(void **state)
{
	struct place *p = *state;

	put_file(p, "echo.so", "echo_1.so");
	assert_all_good(p);
	struct plugin *old = plugin_ref(registry_find(p->registry, "echo"));
	put_file(p, "echo.so", "echo_2.so");
	assert_all_good(p);
	assert_int_equal(registry_mapped(p->registry), 2);
	assert_says_version(registry_find(p->registry, "echo"), "2.0.0");
	assert_says_version(old, "1.0.0");
	plugin_unref(old);
	assert_int_equal(registry_mapped(p->registry), 1);
}

static unsigned mappings_of(const char *word)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[1024];
	unsigned n = 0;

	while (fgets(line, sizeof line, f))
		n += strstr(line, word) != NULL;
	fclose(f);
	return n;
}

static void a_hundred_reloads_leave_one_mapping_behind(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < 100; i++) {
		put_file(p, "echo.so", i % 2 ? "echo_2.so" : "echo_1.so");
		assert_all_good(p);
		assert_says_version(registry_find(p->registry, "echo"), i % 2 ? "2.0.0" : "1.0.0");
		assert_int_equal(registry_mapped(p->registry), 1);
	}
	/* One .so has four or five segments. */
	assert_in_range(mappings_of("/echo-"), 1, 6);
}

static void truncating_the_file_in_place_harms_nobody(void **state)
{
	struct place *p = *state;
	char path[128];

	put_file(p, "echo.so", "echo_1.so");
	assert_all_good(p);
	snprintf(path, sizeof path, "%s/echo.so", p->dir);
	assert_int_equal(truncate(path, 10), 0);
	assert_says_version(registry_find(p->registry, "echo"), "1.0.0");
	assert_refused(p, "echo.so", "file too short");
	assert_says_version(registry_find(p->registry, "echo"), "1.0.0");
}

static void a_removed_file_is_no_connector_any_more(void **state)
{
	struct place *p = *state;
	char path[128];

	put_file(p, "echo.so", "echo_1.so");
	assert_all_good(p);
	snprintf(path, sizeof path, "%s/echo.so", p->dir);
	unlink(path);
	assert_all_good(p);
	assert_null(registry_find(p->registry, "echo"));
	assert_int_equal(registry_mapped(p->registry), 0);
}

static void a_file_may_be_renamed(void **state)
{
	struct place *p = *state;
	char path[128];

	put_file(p, "echo.so", "echo_1.so");
	assert_all_good(p);
	snprintf(path, sizeof path, "%s/echo.so", p->dir);
	unlink(path);
	put_file(p, "a_better_name.so", "echo_1.so");
	assert_all_good(p);
	assert_non_null(registry_find(p->registry, "echo"));
	assert_int_equal(registry_mapped(p->registry), 1);
}

static void garbage_is_refused_by_name(void **state)
{
	struct place *p = *state;

	put_text(p, "notes.so",
		"these are not the bytes of a connector, but somebody's notes; they go on for longer\n"
		"than the head of an ELF file does, so that only their content can be held against them\n");
	assert_refused(p, "notes.so", "invalid ELF header");
}

static void a_library_without_our_symbol_is_refused(void **state)
{
	put_file(*state, "other.so", "no_symbol.so");
	assert_refused(*state, "other.so", "exports no mlc_connector_v1");
}

static void a_newer_sdk_is_refused_with_the_way_out(void **state)
{
	put_file(*state, "newer.so", "newer.so");
	assert_refused(*state, "newer.so", "sdk 99");
	assert_refused(*state, "newer.so", "update the host");
}

static void a_crashing_constructor_costs_a_child(void **state)
{
	put_file(*state, "crash.so", "crash.so");
	assert_refused(*state, "crash.so", "crashes when it is loaded");
}

static void an_endless_constructor_is_given_two_seconds(void **state)
{
	put_file(*state, "endless.so", "endless.so");
	json_t *refused = scan(*state);
	assert_int_equal(json_array_size(refused), 1);
	json_decref(refused);
	assert_int_equal(registry_mapped(((struct place *)*state)->registry), 0);
}

static void an_undefined_symbol_is_named(void **state)
{
	put_file(*state, "undefined.so", "undefined.so");
	assert_refused(*state, "undefined.so", "somewhere_else");
}

static void a_flaw_of_the_descriptor_is_named(void **state)
{
	put_file(*state, "flawed.so", "flawed.so");
	assert_refused(*state, "flawed.so", "field thing.name stands twice");
}

static void two_files_of_one_connector_are_not_both_taken(void **state)
{
	struct place *p = *state;

	put_file(p, "echo.so", "echo_1.so");
	put_file(p, "more.so", "echo_2.so");
	assert_refused(p, "more.so", "connector 'echo' is already there");
	assert_says_version(registry_find(p->registry, "echo"), "1.0.0");
}

static void one_bad_file_does_not_hold_up_the_others(void **state)
{
	struct place *p = *state;

	put_text(p, "a.so", "rubbish");
	put_file(p, "b.so", "crash.so");
	put_file(p, "echo.so", "echo_1.so");
	json_t *refused = scan(p);
	assert_int_equal(json_array_size(refused), 2);
	json_decref(refused);
	assert_non_null(registry_find(p->registry, "echo"));
}

static void a_plugin_outlives_the_registry(void **state)
{
	struct place *p = *state;
	struct registry_conf conf = { .plugins_dir = p->dir, .private_dir = "", .program = PROBE };
	struct place other = { .registry = registry_create(&conf, NULL) };

	put_file(p, "echo.so", "echo_1.so");
	assert_all_good(&other);
	struct plugin *held = plugin_ref(registry_find(other.registry, "echo"));
	registry_destroy(other.registry);
	assert_says_version(held, "1.0.0");
	plugin_unref(held);
}

static void the_schema_tells_entities_fields_and_flags(void **state)
{
	struct place *p = *state;

	put_file(p, "echo.so", "echo_1.so");
	assert_all_good(p);
	json_t *schema = connector_schema(plugin_connector(registry_find(p->registry, "echo")));
	assert_string_equal(json_text_at(schema, "entities.thing.fields.1.name"), "name");
	assert_string_equal(json_text_at(schema, "entities.thing.fields.1.flags.0"), "required");
	assert_string_equal(json_text_at(schema, "entities.thing.fields.2.type"), "decimal");
	assert_string_equal(json_text_at(schema, "can.0"), "ping");
	json_decref(schema);
}

/* Anybody may put one into /dev/shm, by the name of a host that is gone. */
static void a_link_in_the_place_of_an_orphan_is_not_followed(void **state)
{
	struct place *p = *state;
	struct registry_conf conf = { .plugins_dir = p->dir, .private_dir = "", .program = PROBE };
	struct err e = { 0 };
	char *link, path[128];
	pid_t gone = fork();

	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	put_text(p, "kept.so", "in use");
	link = xformat("/dev/shm/mlc-plugins-%ld-abcdef", (long)gone);
	assert_int_equal(symlink(p->dir, link), 0);
	struct registry *other = registry_create(&conf, &e);
	assert_non_null(other);
	registry_destroy(other);
	unlink(link);
	free(link);
	snprintf(path, sizeof path, "%s/kept.so", p->dir);
	assert_true(file_exists(path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_new_file_is_found_and_an_unchanged_one_kept),
		T(a_replaced_file_is_a_generation_and_the_old_one_lives_while_it_is_used),
		T(a_hundred_reloads_leave_one_mapping_behind),
		T(truncating_the_file_in_place_harms_nobody),
		T(a_removed_file_is_no_connector_any_more),
		T(a_file_may_be_renamed),
		T(garbage_is_refused_by_name),
		T(a_library_without_our_symbol_is_refused),
		T(a_newer_sdk_is_refused_with_the_way_out),
		T(a_crashing_constructor_costs_a_child),
		T(an_endless_constructor_is_given_two_seconds),
		T(an_undefined_symbol_is_named),
		T(a_flaw_of_the_descriptor_is_named),
		T(two_files_of_one_connector_are_not_both_taken),
		T(one_bad_file_does_not_hold_up_the_others),
		T(a_plugin_outlives_the_registry),
		T(a_link_in_the_place_of_an_orphan_is_not_followed),
		T(the_schema_tells_entities_fields_and_flags),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
