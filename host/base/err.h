/* err.h - what went wrong, for the code that called and for the person who reads it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_TEXT_MAX 768

/* Codes are negative; each names what the caller may do about it. */
enum {
	ERR_INPUT = -1,    /* what we were given is wrong: say so to whoever gave it */
	ERR_ABSENT = -2,   /* there is no such thing */
	ERR_LIMIT = -3,    /* over a ceiling or a deadline */
	ERR_SYSTEM = -4,   /* the machine said no: disk, memory, socket */
	ERR_LOCKED = -5,   /* another has it; trying later may help */
	ERR_DAMAGED = -6,  /* stored bytes are not what was stored */
	ERR_REFUSED = -7,  /* understood and declined */
	ERR_CONFLICT = -8  /* it changed meanwhile */
};

/* text: lower case, no full stop, names the thing and, where there is one, the way out. */
struct err {
	int code; /* 0: no error yet */
	char text[ERR_TEXT_MAX];
};

/* Sets *e (which may be NULL) unless it already holds an error: the first one wins.
 * Always returns code, so that `return err_set(...)` reads well. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The code as one word for machines ("absent"), and back; ERR_SYSTEM where it is none. */
const char *err_word(int code);
int err_of_word(const char *word);

/* Puts "prefix: " before the text, as the error travels outwards ("tenants/acme/tenant.lua: "). */
void err_within(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Our own bug: says where, and stops.  Queues are durable, restarting is safe.  Input never
 * reaches a must(). */
#define must(x) ((x) ? (void)0 : must_failed(#x, __FILE__, __LINE__))
void must_failed(const char *what, const char *file, int line) __attribute__((noreturn));

#endif
