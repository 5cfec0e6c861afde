/* testing.h - the tests that a mapping carries, run as the host would run its records. */
#ifndef SCRIPT_TESTING_H
#define SCRIPT_TESTING_H

#include "script/mapping.h"

#include <jansson.h>
#include <stddef.h>

size_t testing_count(const struct mapping *);
/* Appends { mapping, file, line, name, ok, why } for each; of an override its own tests only. */
void testing_run(const struct mapping *, struct arena *, json_t *results);

#endif
