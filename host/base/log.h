/* log.h - what the host says while it runs: JSON lines on stderr, or lines for people. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG = 1, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char *name, *value; /* value NULL: left out; a list ends with a NULL name */
};

/* Once, before the first line; clock_ms gives UTC (loop.c owns the clock). */
void log_init(enum log_level least, bool pretty, int64_t (*clock_ms)(void));

/* area: "store", "net", "acme/books".  One line, whatever the text holds; thread-safe.
 * A struct secret cannot be passed: it has no printer. */
void log_line(enum log_level, const char *area, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void log_fields(enum log_level, const char *area, const struct log_field *fields, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
