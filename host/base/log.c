/* log.c - what the host says while it runs: JSON lines on stderr, or lines for people. */
#include "log.h"

#include "json.h"
#include "mem.h"
#include "shown.h"
#include "when.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 16384
#define TEXT_MAX_BYTES 4096

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"
};

/* Set once, before threads start; only read after that. */
static struct {
	enum log_level least;
	bool pretty;
	int64_t (*clock_ms)(void);
} settings = { .least = LOG_INFO };

void log_init(enum log_level least, bool pretty, int64_t (*clock_ms)(void))
{
	settings.least = least;
	settings.pretty = pretty;
	settings.clock_ms = clock_ms;
}

/* One write, so that lines of several threads and processes do not mix. */
static void put(const char *line, size_t len)
{
	while (len > 0) {
		ssize_t done = write(STDERR_FILENO, line, len);

		if (done < 0 && errno != EINTR)
			return; /* nobody is left to tell */
		if (done > 0) {
			line += done;
			len -= (size_t)done;
		}
	}
}

static void json_line(struct buf *b, enum log_level level, const char *area,
	const struct log_field *fields, const char *when, const char *text)
{
	buf_printf(b, "{\"t\":\"%s\",\"level\":\"%s\",\"area\":", when, level_names[level]);
	json_write_string(b, area, strlen(area));
	buf_puts(b, ",\"text\":");
	json_write_string(b, text, strlen(text));
	for (const struct log_field *f = fields; f && f->name; f++) {
		if (!f->value)
			continue;
		size_t before = b->len;
		buf_putc(b, ',');
		json_write_string(b, f->name, strlen(f->name));
		buf_putc(b, ':');
		/* A field too long for the line is left out whole; the line stays JSON. */
		if (!json_write_string(b, f->value, strlen(f->value)) || b->len + 2 > b->max) {
			b->full = false;
			b->len = before;
		}
	}
	b->max += 2; /* the end always has its place */
	buf_puts(b, "}\n");
}

static void put_plain(struct buf *b, const char *text)
{
	size_t before = b->len;

	for (; *text; text++) /* what there is room for */
		buf_putc(b, *text);
	shown_plain(b->data + before, "");
}

static void pretty_line(struct buf *b, enum log_level level, const char *area,
	const struct log_field *fields, const char *when, const char *text)
{
	buf_printf(b, "%.8s %-5s ", when + 11, level_names[level]);
	put_plain(b, area);
	buf_puts(b, ": ");
	put_plain(b, text);
	for (const struct log_field *f = fields; f && f->name; f++) {
		if (!f->value)
			continue;
		buf_printf(b, "  %s=", f->name);
		put_plain(b, f->value);
	}
	b->full = false;
	b->max += 1;
	buf_putc(b, '\n');
}

static void __attribute__((format(printf, 4, 0))) put_line(enum log_level level, const char *area, const struct log_field *fields,
	const char *fmt, va_list args)
{
	char text[TEXT_MAX_BYTES], when[WHEN_SIZE];
	struct buf line;

	vsnprintf(text, sizeof text, fmt, args);
	when_text(settings.clock_ms ? settings.clock_ms() : 0, when);
	buf_init(&line, LINE_MAX_BYTES);
	(settings.pretty ? pretty_line : json_line)(&line, level, area, fields, when, text);
	put(line.data, line.len);
	buf_finish(&line);
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
	va_list args;

	if (level < settings.least)
		return;
	va_start(args, fmt);
	put_line(level, area, NULL, fmt, args);
	va_end(args);
}

void log_fields(enum log_level level, const char *area, const struct log_field *fields, const char *fmt,
	...)
{
	va_list args;

	if (level < settings.least)
		return;
	va_start(args, fmt);
	put_line(level, area, fields, fmt, args);
	va_end(args);
}
