/*
 * Secrets that are shown once and kept as hashes: of agents and of tokens. One that is replaced holds on until a set time, so
 * that whoever carries it can be given the new one meanwhile.
 */
#ifndef HEADGATE_DAEMON_SECRET_H
#define HEADGATE_DAEMON_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "headgate/protocol.h"

struct event;
struct event_base;
struct hgt_map;

/* A prefix, 43 characters, and the terminator. */
#define SECRET_PREFIX_LEN (sizeof(HGT_TOKEN_PREFIX) - 1)
#define SECRET_MAX (SECRET_PREFIX_LEN + 44)

/* How long a replaced one holds: what is asked for without a word, and at most. */
#define SECRET_OVERLAP_SECONDS (24 * 3600)
#define SECRET_OVERLAP_MAX (90 * 24 * 3600)

/* Each hash is hex in memory of its own, so that maps may be keyed with it; NULL when there is none. */
struct secret {
	char *hash;		/* the one in force */
	char *next;		/* on its way to the disk; holds for nobody yet */
	char *old;		/* the one before */
	int64_t old_until_ms;	/* wall clock */
	unsigned generation;	/* how often it has been replaced since the start */
};

/* A new token with that prefix, and its hash. False when memory runs out. */
bool secret_make(const char *prefix, char token[SECRET_MAX], char hash[HGT_SHA256_HEX]);

/* The hash of what somebody sent; false when it cannot be a token with that prefix. */
bool secret_hash(const char *prefix, const char *token, char hash[HGT_SHA256_HEX]);

/* Whether that hash is the secret's now, compared in constant time. */
bool secret_fits(const struct secret *secret, const char *hash, int64_t now_ms);

/* An owner under its secret in a map: at a start, and the next one while it is replaced. False when memory runs out, with
 * nothing changed. */
bool secret_put(struct secret *secret, const char *hash, void *owner, struct hgt_map *map);
bool secret_put_old(struct secret *secret, const char *hash, int64_t until_ms, void *owner, struct hgt_map *map);
bool secret_put_next(struct secret *secret, const char *hash, void *owner, struct hgt_map *map);

/* The next one is on disk, or will never be. */
void secret_turn(struct secret *secret, int64_t old_until_ms, struct hgt_map *map);
void secret_drop_next(struct secret *secret, struct hgt_map *map);

/* Call back when the old one no longer holds, by an event that is made the first time and is the caller's to free before the
 * base. False when that is so already, or no event can be had. */
bool secret_plan_end(const struct secret *secret, struct event_base *base, void (*cb)(int fd, short what, void *ctx), void *ctx,
	struct event **event);

/* Out of the map, all of them, and their memory. */
void secret_release(struct secret *secret, struct hgt_map *map);

#endif
