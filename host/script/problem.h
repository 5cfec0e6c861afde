/* problem.h - what is wrong with a file, gathered: { file, line, text, hint } of docs/design/worker.md. */
#ifndef SCRIPT_PROBLEM_H
#define SCRIPT_PROBLEM_H

#include <jansson.h>
#include <stddef.h>

#define PROBLEMS_MAX 200 /* more help nobody */

/* Adds one, unless the very same is there or the list is full.  hint may be NULL. */
void problem_add(json_t *problems, const char *file, unsigned line, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The word that was probably meant, among those offered one by one; they must outlive the hint. */
#define LIKELY_MAX 512
struct likely {
	const char *meant, *words[LIKELY_MAX];
	size_t count;
};
void likely_init(struct likely *, const char *meant);
void likely_offer(struct likely *, const char *word);
/* "did you mean 'TermsRef'?" in out, or NULL when nothing is near. */
const char *likely_hint(const struct likely *, char out[], size_t size);

#endif
