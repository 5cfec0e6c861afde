/* object.h - what a connector's file says about itself before any of its code has run. */
#ifndef CONFORM_OBJECT_H
#define CONFORM_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

/* Calls flaw() with a sentence for each promise that the file breaks: more than one exported
 * symbol, writable data, constructors, imports that a connector has no use for, libraries it may
 * not bring along. False: the bytes are no shared object of this machine (told to flaw(), too). */
bool object_check(const char *bytes, size_t len, void (*flaw)(void *arg, const char *sentence),
	void *arg);
/* It was built with a sanitizer, whose own data and calls are in it: object_check() would complain
 * of those. */
bool object_is_instrumented(const char *bytes, size_t len);

#endif
