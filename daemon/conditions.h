/*
 * Conditional requests and ranges (RFC 9110, sections 13 and 14): what their headers say about a representation with a strong entity
 * tag. A header that makes no sense says nothing: the answer is the one without it.
 */
#ifndef HEADGATE_DAEMON_CONDITIONS_H
#define HEADGATE_DAEMON_CONDITIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the list of entity tags `value` (NULL: there is no header) names `etag`, which has its quotes: a star names all. `weak`: also
 * by a weak tag, as If-None-Match compares; If-Match does not. */
bool condition_names(const char *value, const char *etag, bool weak);

/* A part of a representation. */
struct byte_range {
	uint64_t first, length;
};

enum range_result {
	RANGE_WHOLE,		/* no range that is served: none, several, another unit, or If-Range names another representation */
	RANGE_PART,
	RANGE_UNSATISFIABLE,	/* nothing of the representation is in it: 416 */
};

/* What Range (NULL: none) and If-Range (NULL: none) ask for of `size` bytes; *out is set for RANGE_PART. */
enum range_result condition_range(const char *range, const char *if_range, const char *etag, uint64_t size, struct byte_range *out);

#endif
