/* Signatures of webhooks. */
#include "webhook/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <nettle/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"

static int check_file(int fd, const char *path, struct hgt_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return hgt_error_set_errno(err, "cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		return hgt_error_set(err, HGT_EINVAL, "%s is no file", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return hgt_error_set(err, HGT_EPERM, "%s belongs to another user; make root or the daemon's own user its owner", path);
	if (st.st_mode & (S_IWGRP | S_IRWXO))
		return hgt_error_set(err, HGT_EPERM, "%s is open to others; chmod 0600 or 0640 it", path);
	return 0;
}

void hgt_secret_release(struct hgt_secret *secret)
{
	if (secret->data)
		explicit_bzero(secret->data, secret->len);
	free(secret->data);
	*secret = (struct hgt_secret){0};
}

int hgt_secret_read(const char *path, struct hgt_secret *out, struct hgt_error *err)
{
	/* One buffer of its full size, so that no copy is left behind by growing. */
	struct hgt_secret secret = {0};
	char *text = malloc(HGT_SECRET_MAX + 2);
	int fd = -1, code = 0;
	ssize_t n = 0;

	if (!text)
		return hgt_error_nomem(err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		code = hgt_error_set_errno(err, "cannot open %s", path);
	if (code == 0)
		code = check_file(fd, path, err);
	while (code == 0 && secret.len <= HGT_SECRET_MAX && (n = read(fd, text + secret.len, HGT_SECRET_MAX + 1 - secret.len)) != 0) {
		if (n > 0)
			secret.len += (size_t)n;
		else if (errno != EINTR)
			code = hgt_error_set_errno(err, "cannot read %s", path);
	}
	if (code == 0 && secret.len > HGT_SECRET_MAX)
		code = hgt_error_set(err, HGT_ELIMIT, "%s is longer than the %d bytes that a secret may have", path, HGT_SECRET_MAX);
	while (code == 0 && secret.len && (text[secret.len - 1] == '\n' || text[secret.len - 1] == '\r'))
		secret.len--;
	if (code == 0 && !secret.len)
		code = hgt_error_set(err, HGT_EINVAL, "%s is empty", path);
	if (code == 0 && memchr(text, '\0', secret.len))
		code = hgt_error_set(err, HGT_EINVAL, "%s has a NUL byte in it", path);
	if (code == 0) {
		text[secret.len] = '\0';
		secret.data = text;
		hgt_secret_release(out);
		*out = secret;
	} else {
		explicit_bzero(text, HGT_SECRET_MAX + 2);
		free(text);
	}
	if (fd >= 0)
		close(fd);
	return code;
}

static void hmac_sha256(const struct hgt_secret *secret, const char *const *parts, const size_t *lens, size_t n,
	unsigned char out[SHA256_DIGEST_SIZE])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, secret->len, (const uint8_t *)secret->data);
	for (size_t i = 0; i < n; i++)
		hmac_sha256_update(&ctx, lens[i], (const uint8_t *)parts[i]);
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, out);
	explicit_bzero(&ctx, sizeof(ctx));
}

void hgt_hmac_sha256_hex(const struct hgt_secret *secret, const char *body, size_t len, struct hgt_buf *out)
{
	unsigned char digest[SHA256_DIGEST_SIZE];
	char hex[2 * SHA256_DIGEST_SIZE + 1];

	hmac_sha256(secret, &body, &len, 1, digest);
	hgt_hex(digest, sizeof(digest), hex);
	hgt_buf_adds(out, hex);
}

void hgt_hmac_sha1_hex(const struct hgt_secret *secret, const char *body, size_t len, struct hgt_buf *out)
{
	unsigned char digest[SHA1_DIGEST_SIZE];
	char hex[2 * SHA1_DIGEST_SIZE + 1];
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, secret->len, (const uint8_t *)secret->data);
	hmac_sha1_update(&ctx, len, (const uint8_t *)body);
	hmac_sha1_digest(&ctx, sizeof(digest), digest);
	explicit_bzero(&ctx, sizeof(ctx));
	hgt_hex(digest, sizeof(digest), hex);
	hgt_buf_adds(out, hex);
}

void hgt_standard_signature(const struct hgt_secret *secret, const char *id, int64_t seconds, const char *body, size_t len,
	struct hgt_buf *out)
{
	unsigned char digest[SHA256_DIGEST_SIZE];
	char time[32];
	int n = snprintf(time, sizeof(time), ".%" PRId64 ".", seconds);
	const char *parts[] = {id, time, body};
	const size_t lens[] = {strlen(id), (size_t)n, len};

	hmac_sha256(secret, parts, lens, 3, digest);
	hgt_buf_adds(out, "v1,");
	hgt_base64(out, digest, sizeof(digest));
}

bool hgt_hmac_sha256_verify(const struct hgt_secret *secret, const char *body, size_t len, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[SHA256_DIGEST_SIZE], given[SHA256_DIGEST_SIZE] = {0};

	if (!secret->data || strlen(hex) != 2 * sizeof(given))
		return false;
	for (size_t i = 0; i < 2 * sizeof(given); i++) {
		char c = hex[i] >= 'A' && hex[i] <= 'F' ? (char)(hex[i] | 0x20) : hex[i];
		const char *at = strchr(digits, c);

		if (!at)
			return false;
		given[i / 2] = (unsigned char)(given[i / 2] << 4 | (at - digits));
	}
	hmac_sha256(secret, &body, &len, 1, digest);
	return hgt_equal_secret(digest, given, sizeof(digest));
}

bool hgt_secret_equals(const struct hgt_secret *secret, const char *token)
{
	unsigned char a[HGT_SHA256_SIZE], b[HGT_SHA256_SIZE];

	if (!secret->data)
		return false;
	hgt_sha256(secret->data, secret->len, a);
	hgt_sha256(token, strlen(token), b);
	return hgt_equal_secret(a, b, sizeof(a));
}
