/* remote.h - a remote made of a connector's description of it: pages of a list that are well, or not as they should be.
 *
 * A description is a JSON file ("shapes"); sdk/GUIDE.md says what stands in it. */
#ifndef CONFORM_REMOTE_H
#define CONFORM_REMOTE_H

#include "sample.h"

/* A page of a list.  Rows are numbered from 1 through all pages of a story, and their ids are made of that. */
struct page {
	size_t from, count; /* rows; count 0: none */
	unsigned name;      /* what the page before names it by; 0: its place in the story */
	bool more;          /* another one follows */
	bool turned;        /* numbers stand as text, and texts as numbers */
	size_t nameless;    /* the row that has no id; SIZE_MAX: all; 0: none */
	/* In its place; 0: the page.  body NULL: half of the page */
	int status;
	const char *body;
	const char *const *headers; /* name, value, ..., NULL */
};

/* Pages in the order in which they are given; behind the last one it goes on with page back. */
struct story {
	const struct page *pages;
	size_t count, back;
};

/* What came of it. */
struct reading {
	enum mlc_step end;
	enum mlc_fault fault; /* of MLC_FAIL */
	uint32_t after_ms;
	char why[400], unknown[200]; /* unknown: a request that the description does not answer; "" */
	unsigned asked;       /* pages */
	json_t *records;      /* what was committed: id -> the record, true: a hint, false: deleted */
	size_t nameless;
	bool stray;           /* it asked another host than its own */
};

/* The rows that a full page holds, and the id of a row; text of at least 64 bytes. */
size_t rows_of(const json_t *poll);
void id_of_row(const json_t *poll, size_t row, char *text, size_t size);

/* Reads poll's feed, or looks for its entity by its data, at the remote that tells this story.  reading_finish() it. */
void remote_read(const struct kit *, const json_t *poll, const struct story *, struct reading *);
void reading_finish(struct reading *);

/* A ping; identity: what the host says to the identity that it tells. *told: it told one; *after: it went on asking
 * after that. */
enum mlc_step remote_ping(const struct kit *, bool identity, bool *told, bool *after, char *why, size_t size);

#endif
