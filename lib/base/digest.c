/* SHA-256, base64 and comparison in constant time, over nettle. */
#include "base/digest.h"

#include <nettle/base64.h>
#include <nettle/memops.h>

void hgt_sha256_init(struct hgt_sha256 *sha)
{
	sha256_init(&sha->ctx);
}

void hgt_sha256_update(struct hgt_sha256 *sha, const void *data, size_t len)
{
	sha256_update(&sha->ctx, len, data);
}

void hgt_sha256_final(struct hgt_sha256 *sha, unsigned char out[HGT_SHA256_SIZE])
{
	sha256_digest(&sha->ctx, HGT_SHA256_SIZE, out);
}

void hgt_sha256(const void *data, size_t len, unsigned char out[HGT_SHA256_SIZE])
{
	struct hgt_sha256 sha;

	hgt_sha256_init(&sha);
	hgt_sha256_update(&sha, data, len);
	hgt_sha256_final(&sha, out);
}

void hgt_base64(struct hgt_buf *out, const void *data, size_t len)
{
	size_t need = BASE64_ENCODE_RAW_LENGTH(len);
	char *p = hgt_buf_reserve(out, need);

	if (!p)
		return;
	base64_encode_raw(p, len, data);
	hgt_buf_grown(out, need);
}

void hgt_base64_url(struct hgt_buf *out, const void *data, size_t len)
{
	size_t start = out->len;

	hgt_base64(out, data, len);
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] == '+')
			out->data[i] = '-';
		else if (out->data[i] == '/')
			out->data[i] = '_';
		else if (out->data[i] == '=')
			hgt_buf_truncate(out, i);
	}
}

void hgt_digest_field(struct hgt_buf *out, const unsigned char digest[HGT_SHA256_SIZE])
{
	hgt_buf_adds(out, "sha-256=:");
	hgt_base64(out, digest, HGT_SHA256_SIZE);
	hgt_buf_addc(out, ':');
}

bool hgt_equal_secret(const void *a, const void *b, size_t len)
{
	return memeql_sec(a, b, len);
}
