/* outline.h - where each member of a configuration stands in its text. */
#ifndef SCRIPT_OUTLINE_H
#define SCRIPT_OUTLINE_H

#include <jansson.h>
#include <stddef.h>

/* An object of dotted paths to lines, of the table that the text returns: "public.port": 3; lists count
 * from 1: "flows.1.start".  Only what is written out there is found; the text need not be right. */
json_t *outline_of(const char *text, size_t len);

/* The line of path, or of the nearest table around it; 0: not known. */
int outline_line(const json_t *outline, const char *path);

#endif
