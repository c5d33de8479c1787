/* The known word that a mistyped one was meant to be: for hints. */
#ifndef HEADGATE_CHECK_NEAREST_H
#define HEADGATE_CHECK_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `word` is likely `name` mistyped: other case, or a few letters wrong, missing, doubled or swapped
 * (one in short words, two in longer ones). Not when they are equal. */
bool hgt_is_near(const char *word, const char *name);

/* The likeliest of n names, or NULL. */
const char *hgt_nearest(const char *word, const char *const *names, size_t n);

#endif
