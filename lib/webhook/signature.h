/*
 * Signatures of webhooks: HMAC over the body, as the receivers of each format read it, and the comparison of those that come in.
 * Keys are the secret's bytes as they are.
 */
#ifndef HEADGATE_WEBHOOK_SIGNATURE_H
#define HEADGATE_WEBHOOK_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* A secret: bytes that are wiped when released. */
struct hgt_secret {
	char *data;	/* terminated; NULL: there is none */
	size_t len;
};

#define HGT_SECRET_MAX 4096

/*
 * Read a secret from its file, without line ends at its end. The file belongs to root or to us, is no folder or device, is not
 * empty, and nobody but its owner and group can read it, nobody but its owner write: else HGT_EPERM or HGT_EINVAL with a message
 * that says what to do. What *out had is released.
 */
int hgt_secret_read(const char *path, struct hgt_secret *out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_secret_release(struct hgt_secret *secret);

/* Add the HMAC of the body in lower-case hex. */
void hgt_hmac_sha256_hex(const struct hgt_secret *secret, const char *body, size_t len, struct hgt_buf *out);
void hgt_hmac_sha1_hex(const struct hgt_secret *secret, const char *body, size_t len, struct hgt_buf *out);

/* Add "v1,<base64>" over "<id>.<seconds>.<body>": Standard Webhooks 1.0.0. */
void hgt_standard_signature(const struct hgt_secret *secret, const char *id, int64_t seconds, const char *body, size_t len,
	struct hgt_buf *out);

/* Whether hex, 64 digits of either case, is the HMAC-SHA256 of the body. The time does not tell where they differ. */
bool hgt_hmac_sha256_verify(const struct hgt_secret *secret, const char *body, size_t len, const char *hex);

/* Whether a token is the secret; the time tells no more than the lengths. */
bool hgt_secret_equals(const struct hgt_secret *secret, const char *token);

#endif
