/* many_at_once.c - organizations that are written together: a job, and what its "completed" is worth. */
#include "drive.h"

#define COUNT 7

static struct mlc_write writes[COUNT];
static char names[COUNT][16], keys[COUNT][16], ids[COUNT][16];

static void write_many_of(struct drive *d, const char *entity, enum mlc_verb verb)
{
	d->data = json_array();
	for (int i = 0; i < COUNT; i++) {
		json_t *data = json_object();

		snprintf(names[i], sizeof *names, "Org %d", i);
		snprintf(keys[i], sizeof *keys, "k-%d", i);
		snprintf(ids[i], sizeof *ids, "%d", 100 + i);
		json_object_set_new(data, "name", json_string(names[i]));
		json_array_append_new(d->data, data);
		writes[i] = (struct mlc_write){ .verb = verb, .id = verb == MLC_DO_CREATE ? NULL : ids[i], .key = keys[i], .data = data };
	}
	write_all(d, entity, writes, COUNT);
}

static void write_many(struct drive *d, enum mlc_verb verb)
{
	write_many_of(d, "organization", verb);
}

static const char *asked(const struct drive *d)
{
	return call_inside(d->call)->request->body;
}

/* A look at the job: the pause is over, and Zendesk answers. */
static void look(struct drive *d, const char *status, const char *results)
{
	struct call_reply over = { .reply = { MLC_REPLY_PAUSED, 0, "", 0 } };
	char body[2048];

	assert_int_equal(d->step, MLC_PAUSE);
	assert_true(call_inside(d->call)->pause_ms >= 1000 && call_inside(d->call)->pause_ms <= 5000);
	step(d, &over);
	asks(d, "GET", "/api/v2/job_statuses/J1");
	snprintf(body, sizeof body, "{\"job_status\":{\"id\":\"J1\",\"status\":\"%s\",\"results\":%s}}", status, results);
	answer(d, 200, body);
}

#define JOB_BEGUN "{\"job_status\":{\"id\":\"J1\",\"status\":\"queued\",\"results\":null}}"
#define MADE(i, id) "{\"index\":" #i ",\"id\":" #id ",\"action\":\"create\",\"status\":\"Created\",\"success\":true}"
#define ORG(i, id) ORGANIZATION(#id, "Org " #i, "2026-11-20T10:00:00Z", "")

static enum write_end end_of(const struct drive *d, size_t i)
{
	const struct call_write *all;

	assert_int_equal(call_writes(d->call, &all), COUNT);
	return all[i].end;
}

static void completed_is_not_well(void **state)
{
	struct drive *d = *state;
	const struct call_write *all;

	write_many(d, MLC_DO_CREATE);
	asks(d, "POST", "/api/v2/organizations/create_many");
	assert_non_null(strstr(asked(d), "{\"name\":\"Org 0\",\"external_id\":\"k-0\"}"));
	answer(d, 200, JOB_BEGUN);
	look(d, "working", "null");
	look(d, "completed", "[" MADE(0, 100) "," MADE(1, 101) ",{\"index\":2,\"error\":\"RecordInvalid\",\"details\":\"Name: Org 2 has already been taken\"},"
		MADE(3, 103) "," MADE(4, 104) "," MADE(5, 105) "," MADE(6, 106) "]");
	asks(d, "GET", "/api/v2/organizations/show_many?ids=100,101,103,104,105,106");
	answer(d, 200, "{\"organizations\":[" ORG(0, 100) "," ORG(1, 101) "," ORG(3, 103) "," ORG(4, 104) "," ORG(5, 105) "," ORG(6, 106) "]}");
	asks_with(d, "POST", "/api/v2/organizations/create_or_update", "{\"organization\":{\"name\":\"Org 2\",\"external_id\":\"k-2\"}}");
	answer(d, 422, TAKEN("name", "Name: Org 2 has already been taken"));
	assert_int_equal(d->step, MLC_DONE);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(end_of(d, i), i == 2 ? WRITE_END_REFUSED : WRITE_END_SETTLED);
	call_writes(d->call, &all);
	assert_int_equal(all[2].fault, MLC_STALE);
	assert_non_null(strstr(all[2].text, "has already been taken"));
	assert_string_equal(all[3].record.id, "103");
}

/* A job that failed as a whole, or that is not for us: each by itself, and none twice, since each has its external id. */
static void without_a_job_each_is_written_by_itself(void **state)
{
	struct drive *d = *state;
	char body[256];

	for (int round = 0; round < 2; round++) {
		write_many(d, MLC_DO_UPDATE);
		asks(d, "PUT", "/api/v2/organizations/update_many");
		assert_non_null(strstr(asked(d), "{\"name\":\"Org 3\",\"id\":103}"));
		if (round == 0) {
			answer(d, 200, JOB_BEGUN);
			look(d, "failed", "null");
		} else {
			answer(d, 400, "{\"error\":\"TooManyValues\"}");
		}
		for (int i = 0; i < COUNT; i++) {
			snprintf(body, sizeof body, "/api/v2/organizations/%d", 100 + i);
			asks(d, "PUT", body);
			snprintf(body, sizeof body, "{\"organization\":{\"id\":%d,\"name\":\"Org %d\"}}", 100 + i, i);
			answer(d, 200, body);
		}
		assert_int_equal(d->step, MLC_DONE);
		assert_int_equal(end_of(d, 6), WRITE_END_SETTLED);
		drive_end(d);
	}
}

static void a_field_that_a_job_has_dropped_is_noticed(void **state)
{
	struct drive *d = *state;

	write_many(d, MLC_DO_UPDATE);
	drive_end(d);
	d->data = json_array();
	for (int i = 0; i < COUNT; i++) {
		json_t *data = json_pack("{s:{s:s}}", "organization_fields", "qbo_balance", "1.50");

		json_array_append_new(d->data, data);
		writes[i].data = data;
	}
	d->input.entity = "organization";
	d->input.writes = writes;
	d->input.write_count = COUNT;
	json_object_set_new(d->settings, "create_fields", json_string("qbo_balance decimal"));
	begin(d, OP_WRITE);
	answer(d, 200, JOB_BEGUN);
	look(d, "completed", "[" MADE(0, 100) "]");
	answer(d, 200, "{\"organizations\":[" ORG(0, 100) "]}");
	asks(d, "PUT", "/api/v2/organizations/100");
	answer(d, 200, "{\"organization\":" ORG(0, 100) "}");
	asks(d, "POST", "/api/v2/organization_fields");
}

static void what_holds_the_log_in_holds_all_that_follow(void **state)
{
	struct drive *d = *state;
	const struct call_write *all;

	write_many(d, MLC_DO_CREATE);
	answer(d, 200, JOB_BEGUN);
	look(d, "failed", "null");
	answer(d, 200, "{\"organization\":" ORG(0, 100) "}");
	answer_headers(d, 429, "{}", (const char *const[]){ "Retry-After", "20", NULL });
	assert_int_equal(d->step, MLC_DONE);
	assert_int_equal(call_writes(d->call, &all), COUNT);
	assert_int_equal(all[0].end, WRITE_END_SETTLED);
	for (size_t i = 1; i < COUNT; i++) {
		assert_int_equal(all[i].fault, MLC_LIMITED);
		assert_int_equal(all[i].after_ms, 20000);
	}
	drive_end(d);

	write_many(d, MLC_DO_CREATE);
	answer_headers(d, 429, "{\"error\":\"TooManyJobs\"}", (const char *const[]){ "Retry-After", "20", NULL });
	fails(d, MLC_LIMITED);
	drive_end(d);

	write_many(d, MLC_DO_CREATE);
	answer_headers(d, 503, "", (const char *const[]){ "Retry-After", "20", NULL });
	fails(d, MLC_IN_DOUBT);
	drive_end(d);

	write_many(d, MLC_DO_CREATE);
	lost(d);
	fails(d, MLC_IN_DOUBT);
	drive_end(d);

	/* A job that may have begun is not done over. */
	write_many(d, MLC_DO_CREATE);
	answer(d, 500, "");
	fails(d, MLC_IN_DOUBT);
	drive_end(d);
	write_many(d, MLC_DO_CREATE);
	answer(d, 200, "{}");
	fails(d, MLC_IN_DOUBT);
	drive_end(d);
	write_many(d, MLC_DO_CREATE);
	answer(d, 401, "{\"error\":\"Couldn't authenticate you\"}");
	fails(d, MLC_AUTH);
}

/* A job makes and changes organizations: it is nothing for what is deleted, nor for people. */
static void only_organizations_that_stay_are_written_together(void **state)
{
	struct drive *d = *state;

	write_many(d, MLC_DO_DELETE);
	asks(d, "DELETE", "/api/v2/organizations/100");
	answer(d, 204, "");
	asks(d, "DELETE", "/api/v2/organizations/101");
	drive_end(d);
	write_many_of(d, "user", MLC_DO_UPDATE);
	asks(d, "PUT", "/api/v2/users/100");
}

/* What a job tells of others than ours is nothing that we know. */
static void a_job_that_tells_of_others_settles_none_of_ours(void **state)
{
	struct drive *d = *state;

	write_many(d, MLC_DO_CREATE);
	answer(d, 200, JOB_BEGUN);
	look(d, "completed", "[" MADE(7, 107) "," MADE(-1, 99) ",{\"index\":0}," MADE(1, 101) "]");
	asks(d, "GET", "/api/v2/organizations/show_many?ids=101");
	answer(d, 200, "{\"organizations\":[" ORG(9, 555) "," ORG(1, 101) "," ORG(1, 101) "]}");
	asks_with(d, "POST", "/api/v2/organizations/create_or_update", "{\"organization\":{\"name\":\"Org 0\",\"external_id\":\"k-0\"}}");
	answer(d, 201, "{\"organization\":" ORG(0, 100) "}");
	asks_with(d, "POST", "/api/v2/organizations/create_or_update", "{\"organization\":{\"name\":\"Org 2\",\"external_id\":\"k-2\"}}");
}

static void a_job_that_was_killed_or_never_ends_is_not_waited_for_for_ever(void **state)
{
	struct drive *d = *state;
	int looks = 0;

	write_many(d, MLC_DO_CREATE);
	answer(d, 200, JOB_BEGUN);
	look(d, "killed", "null");
	asks(d, "POST", "/api/v2/organizations/create_or_update");
	drive_end(d);
	write_many(d, MLC_DO_CREATE);
	answer(d, 200, JOB_BEGUN);
	for (; looks < 200 && d->step == MLC_PAUSE; looks++)
		look(d, "working", "null");
	assert_in_range(looks, 100, 150);
	asks(d, "POST", "/api/v2/organizations/create_or_update");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(completed_is_not_well),
		drive_test(without_a_job_each_is_written_by_itself),
		drive_test(a_field_that_a_job_has_dropped_is_noticed),
		drive_test(what_holds_the_log_in_holds_all_that_follow),
		drive_test(only_organizations_that_stay_are_written_together),
		drive_test(a_job_that_tells_of_others_settles_none_of_ours),
		drive_test(a_job_that_was_killed_or_never_ends_is_not_waited_for_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
