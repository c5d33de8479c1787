/* What a scalar means: YAML's as go-yaml v2 resolves them, and the numbers of both languages. Private to lib/doc. */
#ifndef HEADGATE_DOC_SCALAR_H
#define HEADGATE_DOC_SCALAR_H

#include "doc/doc.h"

/* Set type and value of node from a plain scalar's text; the text itself is left to the caller. */
void hgt_scalar_resolve(struct hgt_node *node, const char *text, size_t len);

/* The same for a scalar with the explicit tag; false when the text cannot be read as the tag says. A !!binary is a string to be
 * decoded by the caller. */
bool hgt_scalar_resolve_tagged(struct hgt_node *node, const char *tag, const char *text, size_t len);

/* The number that a terminated text of digits (0-9a-f in either case) stands for; false when it is none, or takes over 64 bits. */
bool hgt_scalar_parse_digits(const char *digits, unsigned base, uint64_t *out);

/* Make node the INT; false when it is below INT64_MIN. */
bool hgt_scalar_set_integer(struct hgt_node *node, bool negative, uint64_t value);

/* Whether tag is `!!<name>`. */
bool hgt_tag_is(const char *tag, const char *name);

/* Decode standard base64 (line breaks are skipped) into out, which has room for len bytes; false when it is none. */
bool hgt_scalar_decode_base64(const char *text, size_t len, char *out, size_t *out_len);

/* Shortest text that reads back as the same number, in the form of Go's encoding/json: out has room for 32 bytes. */
void hgt_scalar_format_double(double value, char *out);

/* What Kubernetes makes of a number that is a key: the shortest text that reads back as the same `float`, in Go's %g; .inf and
 * .nan. out has room for 32 bytes. */
void hgt_scalar_format_float_key(double value, char *out);

#endif
