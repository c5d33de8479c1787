/* SHA-256, base64 and comparison in constant time, over nettle. */
#ifndef HEADGATE_BASE_DIGEST_H
#define HEADGATE_BASE_DIGEST_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define HGT_SHA256_SIZE 32
#define HGT_SHA256_HEX 65	/* with its terminator */

struct hgt_sha256 {
	struct sha256_ctx ctx;
};

void hgt_sha256_init(struct hgt_sha256 *sha);
void hgt_sha256_update(struct hgt_sha256 *sha, const void *data, size_t len);
void hgt_sha256_final(struct hgt_sha256 *sha, unsigned char out[HGT_SHA256_SIZE]);

/* All in one. */
void hgt_sha256(const void *data, size_t len, unsigned char out[HGT_SHA256_SIZE]);

/* Standard base64 with padding (RFC 4648 section 4); the URL form (section 5) has none. */
void hgt_base64(struct hgt_buf *out, const void *data, size_t len);
void hgt_base64_url(struct hgt_buf *out, const void *data, size_t len);

/* "sha-256=:<base64>:" as RFC 9530 (Repr-Digest) writes it. */
void hgt_digest_field(struct hgt_buf *out, const unsigned char digest[HGT_SHA256_SIZE]);

/* Whether two secrets of one length are equal, in time that does not depend on where they differ. */
bool hgt_equal_secret(const void *a, const void *b, size_t len);

#endif
