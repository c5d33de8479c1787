/*
 * A hash map from byte strings to pointers, keyed with a random seed so that hostile keys cannot make it slow.
 * Keys are borrowed and must outlive their entry; values are the caller's.
 */
#ifndef HEADGATE_BASE_MAP_H
#define HEADGATE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct hgt_map_entry {
	const char *key;	/* NULL in a free slot */
	size_t key_len;
	uint64_t hash;
	void *value;
};

struct hgt_map {
	struct hgt_map_entry *slots;
	size_t cap;	/* a power of two, or 0 */
	size_t len;
};

#define HGT_MAP_INIT {0}

void hgt_map_release(struct hgt_map *map);
void hgt_map_clear(struct hgt_map *map);

/* The value under key, or NULL. */
void *hgt_map_get(const struct hgt_map *map, const char *key, size_t key_len);

/* Put value (not NULL) under key. Returns 0 for a new key, 1 when the key was there: then its value is replaced and
 * the old one left in *old (may be NULL); HGT_ENOMEM when memory runs out, with nothing changed. */
int hgt_map_put(struct hgt_map *map, const char *key, size_t key_len, void *value, void **old) HGT_MUST_CHECK;

/* Take key out; its value, or NULL when it was not there. */
void *hgt_map_remove(struct hgt_map *map, const char *key, size_t key_len);

/* Walk: start with *pos = 0; NULL at the end. The map must not change meanwhile. */
const struct hgt_map_entry *hgt_map_next(const struct hgt_map *map, size_t *pos);

#endif
