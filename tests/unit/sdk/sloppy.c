/* sloppy.c - a small connector into which faults are planted, one at a time, for the kit to
 * find. */
#include <mlc/connector.h>
#include <mlc/help.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct mlc_field fields[] = { { "id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, 0, 20, NULL }, { NULL } };
#ifdef REPEAT
#define FLAGS MLC_CREATE
#else
#define FLAGS (MLC_CREATE | MLC_KEYED)
#endif
static const struct mlc_entity entities[] = { { "thing", FLAGS, 1, NULL, fields }, { NULL } };
static const char *const things[] = { "thing", NULL };
static const struct mlc_feed feeds[] = { { "things", things, 60, 0 }, { NULL } };
#ifndef SERVE
static const struct mlc_endpoint endpoints[] = { { "api", "https://sloppy.example" }, { NULL } };
#endif

#if defined STATIC || defined IMPURE
static char remembered[100];
#endif
#ifdef EXPORTS
int mlc_helper(int);
__attribute__((visibility("default"))) int mlc_helper(int n)
{
	return n + 1;
}
#endif
#ifdef CONSTRUCTOR
static volatile int begun;
__attribute__((constructor)) static void begin(void)
{
	begun = 1;
}
#endif

static enum mlc_step failed(struct mlc_call *c, enum mlc_fault when_it_fell)
{
	int status = c->reply->status;
	const char *to = c->host->header(c, "Location");
	enum mlc_fault fault = status == 429 ? MLC_LIMITED : status == 401 || status == 403 ? MLC_AUTH :
		mlc_may_be_done(status) ? when_it_fell : status == 200 || status == 404 ? MLC_BROKEN : MLC_REFUSED;

#ifdef MOVE
	if (fault == MLC_AUTH)
		fault = MLC_RETRY;
#endif
#ifdef WAIT
	return c->host->fail(c, fault, 1000, "status %d", status);
#endif
	return c->host->fail(c, fault, status == 429 ? mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, 60000) : 0,
		"status %d%s%s", status, to ? ": it redirects to " : "", to ? to : "");
}

static enum mlc_step ping(struct mlc_call *c)
{
	const char *account;

	if (c->reply->kind == MLC_REPLY_NONE)
		return mlc_get(c, "/me");
	if (c->reply->status != 200)
		return failed(c, MLC_RETRY);
	account = mlc_text(c->host->parse(c, c->reply->body, c->reply->body_len), "account");
	if (!account)
		return c->host->fail(c, MLC_BROKEN, 0, "the reply names no account");
#ifdef SWAP
	c->host->fact(c, "identity", account);
#else
	if (!c->host->fact(c, "identity", account))
		return c->host->fail(c, MLC_REFUSED, 0, "this is another account");
#endif
	return MLC_DONE;
}

static const char *id_of(struct mlc_call *c, json_t *one)
{
#ifdef TYPES
	(void)c;
	return mlc_text(one, "id");
#else
	return mlc_word(c, one, "id");
#endif
}

static enum mlc_step poll(struct mlc_call *c)
{
	json_t *page, *list, *one;
	size_t i;

	if (c->reply->kind == MLC_REPLY_NONE) {
#ifdef IO
		FILE *f = fopen("/etc/hostname", "r");
		if (f)
			fclose(f);
#endif
#ifdef CLOCK
		return mlc_get(c, time(NULL) & 1 ? "/odd" : "/even");
#endif
#ifdef STATIC
		snprintf(remembered, sizeof remembered, "%s", c->nonce);
#endif
#ifdef IMPURE
		const char *path = c->host->format(c, "/things?before=%zu", strlen(remembered));
		snprintf(remembered, sizeof remembered, "%s.", path);
		return mlc_get(c, path);
#endif
#ifdef UNCHECKED
		char *path = c->host->alloc(c, 100);
		memcpy(path, "/things", 8);
		return mlc_get(c, path);
#endif
		return mlc_get(c, "/things");
	}
#ifndef STATUS
	if (c->reply->status != 200)
		return failed(c, MLC_RETRY);
#endif
	page = c->host->parse(c, c->reply->body, c->reply->body_len);
	list = json_object_get(page, "things");
#ifdef CRASH
	if (json_is_array(json_object_get(page, "items")))
		return *(volatile enum mlc_step *)(uintptr_t)json_array_size(json_object_get(page,
			"none"));
#endif
#if !defined TRUST && !defined STATUS
	if (!json_is_array(list))
		return c->host->fail(c, MLC_BROKEN, 0, "no things");
#endif
	json_array_foreach(list, i, one) {
#ifdef DROP
		if (!id_of(c, one))
			continue;
#endif
#ifdef STUMBLE
		if (!id_of(c, one))
			return c->host->fail(c, MLC_BROKEN, 0, "a thing without an id");
#endif
		c->host->emit(c, &(struct mlc_record){ .entity = "thing", .id = id_of(c, one), .data = json_incref(one) });
	}
	c->host->advance(c, NULL, 0);
#ifdef EMPTY
	if (i == 0)
		return MLC_DONE;
#endif
	return mlc_text(page, "next") ? mlc_get(c, c->host->format(c, "/things?from=%s", mlc_text(page, "next"))) : MLC_DONE;
}

static enum mlc_step write(struct mlc_call *c)
{
#ifdef LOST
	if (c->reply->kind != MLC_REPLY_NONE) {
#else
	if (c->reply->kind == MLC_REPLY_LOST)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "no reply");
	if (c->reply->kind == MLC_REPLY_HERE) {
		json_t *made = c->host->parse(c, c->reply->body, c->reply->body_len);

		if (c->reply->status != 201 || !mlc_text(made, "id"))
#ifdef AGAIN
			return failed(c, MLC_RETRY);
#else
			return failed(c, MLC_IN_DOUBT);
#endif
#endif
		c->host->settle(c, 0, &(struct mlc_record){ .entity = "thing", .id = "1" });
		return MLC_DONE;
	}
	c->request->method = "POST";
	c->request->path = "/things";
#ifdef REPEAT
	c->request->repeatable = true;
#endif
	return MLC_SEND;
}

#ifdef SERVE
static enum mlc_step serve(struct mlc_call *c)
{
	c->visit->turn = MLC_OPENS; /* whoever it is */
	return MLC_DONE;
}
#endif

const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK, .size = sizeof(struct mlc_connector), .name = "sloppy", .title = "Sloppy",
		.version = "1", .entities = entities,
	.feeds = feeds, .ping = ping, .poll = poll, .write = write,
#ifdef SERVE
	.serve = serve,
#else
	.endpoints = endpoints,
#endif
};
