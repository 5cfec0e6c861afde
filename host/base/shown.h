/* shown.h - texts that strangers wrote, on their way to a person's terminal or into a line for her shell. */
#ifndef BASE_SHOWN_H
#define BASE_SHOWN_H

#include <jansson.h>

/* In place: control characters, those of U+0080 to U+009F too, become blanks, but for those in keep
 * ("\n\t"; may be ""): they could draw on a terminal, or forge a second line. */
void shown_plain(char *text, const char *keep);
/* A copy in which all texts and names of members are so, lines and tabs kept. */
json_t *shown_json(const json_t *);

/* text as a shell takes it for one word, in quotes where it needs them; free() it. */
char *shown_word(const char *text);

#endif
