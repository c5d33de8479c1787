/* Secrets that are shown once and kept as hashes. */
#include "daemon/secret.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/map.h"
#include "base/timing.h"

bool secret_make(const char *prefix, char token[SECRET_MAX], char hash[HGT_SHA256_HEX])
{
	struct hgt_buf text = HGT_BUF_INIT;
	unsigned char secret[32];
	bool made;

	hgt_random_bytes(secret, sizeof(secret));
	hgt_buf_adds(&text, prefix);
	hgt_base64_url(&text, secret, sizeof(secret));
	explicit_bzero(secret, sizeof(secret));
	made = !text.failed && text.len == SECRET_MAX - 1;
	if (made) {
		memcpy(token, text.data, SECRET_MAX);
		explicit_bzero(text.data, text.len);
		made = secret_hash(prefix, token, hash);
	}
	hgt_buf_release(&text);
	return made;
}

bool secret_hash(const char *prefix, const char *token, char hash[HGT_SHA256_HEX])
{
	unsigned char digest[HGT_SHA256_SIZE];

	if (strlen(token) != SECRET_MAX - 1 || strncmp(token, prefix, strlen(prefix)) != 0)
		return false;
	hgt_sha256(token, SECRET_MAX - 1, digest);
	hgt_hex(digest, sizeof(digest), hash);
	return true;
}

bool secret_fits(const struct secret *secret, const char *hash, int64_t now_ms)
{
	bool now = secret->hash && hgt_equal_secret(secret->hash, hash, HGT_SHA256_HEX - 1);
	bool before = secret->old && hgt_equal_secret(secret->old, hash, HGT_SHA256_HEX - 1);

	return now || (before && now_ms < secret->old_until_ms);
}

static bool put(char **slot, const char *hash, void *owner, struct hgt_map *map)
{
	char *own = strdup(hash);

	if (!own || hgt_map_put(map, own, strlen(own), owner, NULL) < 0) {
		free(own);
		return false;
	}
	*slot = own;
	return true;
}

static void drop(char **slot, struct hgt_map *map)
{
	if (*slot && map)
		hgt_map_remove(map, *slot, strlen(*slot));
	free(*slot);
	*slot = NULL;
}

bool secret_put(struct secret *secret, const char *hash, void *owner, struct hgt_map *map)
{
	return put(&secret->hash, hash, owner, map);
}

bool secret_put_old(struct secret *secret, const char *hash, int64_t until_ms, void *owner, struct hgt_map *map)
{
	secret->old_until_ms = until_ms;
	return put(&secret->old, hash, owner, map);
}

bool secret_put_next(struct secret *secret, const char *hash, void *owner, struct hgt_map *map)
{
	return put(&secret->next, hash, owner, map);
}

void secret_turn(struct secret *secret, int64_t old_until_ms, struct hgt_map *map)
{
	drop(&secret->old, map);
	secret->old = secret->hash;
	secret->old_until_ms = old_until_ms;
	secret->hash = secret->next;
	secret->next = NULL;
	secret->generation++;
}

bool secret_plan_end(const struct secret *secret, struct event_base *base, void (*cb)(int fd, short what, void *ctx), void *ctx,
	struct event **event)
{
	int64_t in_ms = secret->old_until_ms - hgt_time_now_ms();
	const struct timeval tv = {.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};

	if (in_ms <= 0)
		return false;
	if (!*event)
		*event = event_new(base, -1, 0, cb, ctx);
	return *event && event_add(*event, &tv) == 0;
}

void secret_drop_next(struct secret *secret, struct hgt_map *map)
{
	drop(&secret->next, map);
}

void secret_release(struct secret *secret, struct hgt_map *map)
{
	drop(&secret->hash, map);
	drop(&secret->next, map);
	drop(&secret->old, map);
}
