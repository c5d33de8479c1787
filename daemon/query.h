/*
 * The query of a URL: `a=1&b=two%20words`, bounded and decoded. Percent-encoding alone (RFC 3986): `+` is a plus.
 */
#ifndef HEADGATE_DAEMON_QUERY_H
#define HEADGATE_DAEMON_QUERY_H

#include <stddef.h>

#include "base/error.h"

#define QUERY_BYTES_MAX 8192	/* of the text */
#define QUERY_ITEMS_MAX 16

struct query {
	char *text;	/* holds the names and values */
	struct {
		const char *name, *value;
	} items[QUERY_ITEMS_MAX];
	size_t n;
};

/* text may be NULL: no query. HGT_EPARSE names what is wrong: a bad escape, a control byte, a name given twice; HGT_ELIMIT: too
 * long, too many. Release out when done with it, after a failure too. */
int query_parse(const char *text, struct query *out, struct hgt_error *err) HGT_MUST_CHECK;
void query_release(struct query *query);

/* The value of a parameter, or NULL when it was not given. */
const char *query_get(const struct query *query, const char *name);

/* The first parameter that is not among `known` (ends with NULL), or NULL. */
const char *query_unknown(const struct query *query, const char *const *known);

/* Decode len bytes of percent-encoded text into out (room for len + 1). HGT_EPARSE: a bad escape or a control byte. */
int query_decode(const char *text, size_t len, char *out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
