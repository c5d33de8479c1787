/* URI references (RFC 3986), as far as schemas name each other by them. Private to lib/schema. */
#ifndef HEADGATE_SCHEMA_URI_H
#define HEADGATE_SCHEMA_URI_H

#include "base/buf.h"

struct hgt_span {
	const char *text;	/* NULL when the part is not there */
	size_t len;
};

/* The five parts, without their delimiters; they point into the text. Path is always there. */
struct hgt_uri {
	struct hgt_span scheme, authority, path, query, fragment;
};

void hgt_uri_split(const char *text, size_t len, struct hgt_uri *uri);

/* What reference stands for seen from base (section 5.2.2), without its fragment, added to out. */
void hgt_uri_resolve(const char *base, const char *reference, size_t len, struct hgt_buf *out);

/* The text with each %XX decoded, added to out. */
void hgt_uri_decode(const char *text, size_t len, struct hgt_buf *out);

#endif
