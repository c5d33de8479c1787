/*
 * Path patterns, as in .gitignore and GitHub rule sets.
 *
 *	*	any run of bytes without '/'		?	one byte that is not '/'
 *	**	any run of bytes, '/' included		[a-z]	one byte of a class, [!a-z] one not of it; never '/'
 *	**<slash>	any number of whole folders, none too	\x	the byte x itself
 *
 * A pattern is anchored at both ends. Matching takes time proportional to pattern length times path length, whatever the two
 * contain.
 */
#ifndef HEADGATE_BASE_GLOB_H
#define HEADGATE_BASE_GLOB_H

#include <stdbool.h>

#include "base/error.h"

/* The longest pattern, in bytes. */
#define HGT_GLOB_MAX 512

/* 0, or HGT_EPARSE / HGT_ELIMIT with a message that says what is wrong with the pattern. */
int hgt_glob_check(const char *pattern, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether path matches; a pattern that hgt_glob_check refuses matches nothing. */
bool hgt_glob_match(const char *pattern, const char *path);

/*
 * Patterns joined into one text that hgt_glob_match takes: any of several, or both of two that may be joined themselves. So who
 * is handed one pattern may be handed all that decide. hgt_glob_check knows nothing of this: check each before. The separators
 * are control bytes, which no pattern of a config or a request may hold.
 */
struct hgt_buf;
void hgt_glob_join_any(char *const *patterns, size_t n, struct hgt_buf *out);
void hgt_glob_join_both(const char *a, const char *b, struct hgt_buf *out);

/* Whether any of the n patterns matches. */
bool hgt_glob_match_any(char *const *patterns, size_t n, const char *path);

#endif
