/* Answers that are compressed for the clients that take it: Content-Encoding gzip (RFC 9110, the format in RFC 1952). */
#ifndef HEADGATE_DAEMON_GZIP_H
#define HEADGATE_DAEMON_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define GZIP_MIN 1024			/* bytes of an answer that is worth it */
#define GZIP_AT_ONCE_MAX (32 * 1024)	/* that the loop compresses itself, in a fraction of a millisecond; more is a worker's */

/* Whether a client with this Accept-Encoding (NULL: it sent none) takes gzip. */
bool gzip_is_accepted(const char *accept_encoding);

/* Append the compressed bytes. */
int gzip_bytes(const char *data, size_t len, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* A gzip stream by hand: the header, pieces, the end (text.h). */
#define GZIP_HEADER "\x1f\x8b\x08\0\0\0\0\0\0\xff"
#define GZIP_HEADER_SIZE 10

/* Append a piece of a deflate stream that refers to nothing before it and ends at a byte. */
int gzip_piece(const char *data, size_t len, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
