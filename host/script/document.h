/* document.h - the record to be written: its members made, checked and balanced. */
#ifndef SCRIPT_DOCUMENT_H
#define SCRIPT_DOCUMENT_H

#include "script/eval.h"

struct origins { /* where each member came from; NULL: nobody asks */
	json_t *list; /* path -> { file, line, layer, from } */
};

/* A new object.  What cannot be made is left out, and said as failure or ask.
 * owned_only: for an update, members that owns leaves out are not worked out. */
json_t *document_make(struct eval *, const struct fields *, bool owned_only, struct origins *);
/* Adds the rounding line where one is due, or says why the document does not balance.  What left
 * comes to, with the line, is put into total (for tests). */
void document_balance(struct eval *, json_t *doc, struct value *total);
/* Required members are there? */
void document_complete(struct eval *, const json_t *doc);

/* Does owns cover the member at path ("BillAddress.City")? */
bool document_owns(const struct mapping *, const char *path);

#endif
