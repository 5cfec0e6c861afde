/* cage.c - one frame in, one frame out; what a frame asks is up to the language. */
#include "script/cage.h"

#include "base/crypto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "script/arena.h"
#include "script/frame.h"
#include "script/language.h"
#include "script/wall.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE (256u << 10)
#define REPLY_MAX (FRAME_MAX + 64)
#define TOO_LONG "{\"errors\":[{\"text\":\"the answer is longer than a frame may be\"}]}"
#define REPLY_KEEP (1u << 20) /* of memory, from one reply to the next */

struct loaded {
	struct loaded *next;
	int64_t number;
	struct generation *generation;
};

struct cage {
	struct loaded *loaded;
	struct frame_reader in;
	struct buf text, origins, out;
};

static struct generation *find(const struct cage *c, int64_t number)
{
	for (const struct loaded *l = c->loaded; l; l = l->next)
		if (l->number == number)
			return l->generation;
	return NULL;
}

static void forget(struct cage *c, int64_t number)
{
	for (struct loaded **at = &c->loaded; *at; at = &(*at)->next)
		if ((*at)->number == number) {
			struct loaded *gone = *at;

			*at = gone->next;
			generation_destroy(gone->generation);
			free(gone);
			return;
		}
}

static void keep(struct cage *c, int64_t number, struct generation *g)
{
	struct loaded *l = xcalloc(1, sizeof *l);

	forget(c, number);
	*l = (struct loaded) { c->loaded, number, g };
	c->loaded = l;
}

/* { errors: [ { text } ] }: what we were sent is not what the protocol says. */
static json_t *misunderstood(const char *text)
{
	return json_pack("{s:[{s:s}]}", "errors", "text", text);
}

/* What MAP answers when there is nothing to map with. */
static json_t *held(const char *cause, const char *why)
{
	return json_pack("{s:s,s:s,s:s}", "verdict", "hold", "cause", cause, "why", why);
}

static json_t *answer_load(struct cage *c, const json_t *load)
{
	json_t *reply = NULL;
	struct generation *g = generation_load(load, &reply);

	if (g)
		keep(c, json_int_or(load, "generation", 0), g);
	return reply ? reply : misunderstood("nothing was loaded");
}

static json_t *answer_map(const struct cage *c, const struct frame *f, const json_t *header)
{
	struct generation *g = find(c, json_int_or(header, "generation", 0));

	if (!g)
		return held("no_generation", "the worker does not have these mappings");
	return generation_map(g, header, f->parts[1].bytes, f->parts[1].len);
}

static json_t *answer_test(const struct cage *c, const json_t *header)
{
	struct generation *g = find(c, json_int_or(header, "generation", 0));

	return g ? generation_test(g, json_text_at(header, "mapping"))
		: misunderstood("the worker does not have these mappings");
}

static size_t parts_wanted(enum cage_word word)
{
	switch (word) {
	case CAGE_READ: return 3;
	case CAGE_MAP: return 2;
	case CAGE_LOAD:
	case CAGE_FORGET:
	case CAGE_TEST: return 1;
	}
	return 0;
}

static json_t *answer(struct cage *c, const struct frame *f)
{
	json_t *header, *reply = NULL;
	struct err e = { 0 };

	if (f->part_count != parts_wanted(f->word))
		return misunderstood("a frame with the wrong number of parts");
	if (f->word == CAGE_READ)
		return settings_read(f->parts[0].bytes, f->parts[1].bytes, f->parts[2].bytes, f->parts[2].len);
	header = json_read(f->parts[0].bytes, f->parts[0].len, &e);
	if (!header)
		return f->word == CAGE_MAP ? held("bad_request", e.text) : misunderstood(e.text);
	switch (f->word) {
	case CAGE_LOAD: reply = answer_load(c, header); break;
	case CAGE_MAP: reply = answer_map(c, f, header); break;
	case CAGE_TEST: reply = answer_test(c, header); break;
	case CAGE_FORGET:
		forget(c, json_int_or(header, "generation", 0));
		reply = json_object();
		break;
	case CAGE_READ: break; /* answered above */
	}
	json_decref(header);
	return reply;
}

static int write_all(const struct buf *b)
{
	for (size_t at = 0; at < b->len;) {
		ssize_t n = write(1, b->data + at, b->len - at);

		if (n < 0 && errno != EINTR)
			return -1;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static void shrink(struct buf *b)
{
	if (b->cap > REPLY_KEEP) {
		buf_finish(b);
		buf_init(b, REPLY_MAX);
	}
}

/* Only a MAP's trees die with it; what the others make may be kept.  Where each member came from is for the trail
 * alone: it goes as a part of its own, which the host need not read. */
static int serve(struct cage *c, const struct frame *f)
{
	static const struct cage_part too_long = { TOO_LONG, sizeof TOO_LONG - 1 };
	struct cage_part parts[2];
	json_t *reply, *origins;

	buf_clear(&c->text);
	buf_clear(&c->origins);
	buf_clear(&c->out);
	if (f->word == CAGE_MAP)
		json_arena_begin();
	reply = answer(c, f);
	if (f->word == CAGE_MAP && (origins = json_object_get(reply, "origins"))) {
		json_write(&c->origins, origins);
		json_object_del(reply, "origins");
	}
	json_write(&c->text, reply);
	json_decref(reply);
	if (f->word == CAGE_MAP)
		json_arena_end();
	parts[0] = (struct cage_part) { c->text.data, c->text.len };
	parts[1] = (struct cage_part) { c->origins.data, c->origins.len };
	if (c->text.full || c->origins.full || !frame_write(&c->out, f->word, f->id, parts, c->origins.len ? 2 : 1))
		frame_write(&c->out, f->word, f->id, &too_long, 1);
	if (write_all(&c->out) < 0)
		return -1;
	shrink(&c->text);
	shrink(&c->origins);
	shrink(&c->out);
	return 0;
}

/* 0 when the host hung up. */
static int serve_all(struct cage *c, struct err *e)
{
	static char bytes[READ_SIZE];
	struct frame f;

	for (;;) {
		ssize_t n = read(0, bytes, sizeof bytes);
		int got;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) /* a reset: the host went away before it read everything */
			return n == 0 || errno == ECONNRESET ? 0 : err_set(e, ERR_SYSTEM, "read: %s", strerror(errno));
		if (frame_feed(&c->in, bytes, (size_t)n, e) < 0)
			return e->code;
		while ((got = frame_next(&c->in, &f, e)) > 0)
			if (serve(c, &f) < 0)
				return err_set(e, ERR_SYSTEM, "write: %s", strerror(errno));
		if (got < 0)
			return got;
	}
}

int cage_main(void)
{
	struct cage c = { .loaded = NULL };
	struct err e = { 0 };

	json_object_seed(0); /* jansson would do it lazily, by calls that are forbidden soon */
	json_arena_install();
	frame_reader_init(&c.in);
	buf_init(&c.text, REPLY_MAX);
	buf_init(&c.origins, REPLY_MAX);
	buf_init(&c.out, REPLY_MAX);
	if (crypto_init(&e) == 0 && wall_raise(&e) == 0)
		serve_all(&c, &e);
	while (c.loaded)
		forget(&c, c.loaded->number);
	frame_reader_finish(&c.in);
	buf_finish(&c.text);
	buf_finish(&c.origins);
	buf_finish(&c.out);
	if (e.code)
		fprintf(stderr, "mlc cage: %s\n", e.text);
	return e.code ? 1 : 0;
}
