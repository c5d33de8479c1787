/* A hash map from byte strings to pointers: open addressing, SipHash-1-3, deletion by shifting back. */
#include "base/map.h"

#include <pthread.h>

#include "base/io.h"

static uint64_t seed[2];
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
	hgt_random_bytes(seed, sizeof(seed));
}

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

#define ROUND(v0, v1, v2, v3) \
	do { \
		v0 += v1; v1 = rotl(v1, 13); v1 ^= v0; v0 = rotl(v0, 32); \
		v2 += v3; v3 = rotl(v3, 16); v3 ^= v2; \
		v0 += v3; v3 = rotl(v3, 21); v3 ^= v0; \
		v2 += v1; v1 = rotl(v1, 17); v1 ^= v2; v2 = rotl(v2, 32); \
	} while (0)

/* SipHash-1-3: Aumasson and Bernstein, "SipHash: a fast short-input PRF", with one and three rounds. */
static uint64_t hash_bytes(const char *key, size_t len)
{
	uint64_t v0, v1, v2, v3, m;
	size_t i;

	pthread_once(&seeded, make_seed);
	v0 = seed[0] ^ 0x736f6d6570736575ULL;
	v1 = seed[1] ^ 0x646f72616e646f6dULL;
	v2 = seed[0] ^ 0x6c7967656e657261ULL;
	v3 = seed[1] ^ 0x7465646279746573ULL;
	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&m, key + i, 8);
		v3 ^= m;
		ROUND(v0, v1, v2, v3);
		v0 ^= m;
	}
	m = 0;
	if (len > i)
		memcpy(&m, key + i, len - i);
	m |= (uint64_t)len << 56;
	v3 ^= m;
	ROUND(v0, v1, v2, v3);
	v0 ^= m;
	v2 ^= 0xff;
	ROUND(v0, v1, v2, v3);
	ROUND(v0, v1, v2, v3);
	ROUND(v0, v1, v2, v3);
	return v0 ^ v1 ^ v2 ^ v3;
}

/* The slot that holds key, or the free slot where it would go. cap must not be 0 and one slot at least is free. */
static size_t find(const struct hgt_map *map, const char *key, size_t key_len, uint64_t hash)
{
	size_t i = hash & (map->cap - 1);

	while (map->slots[i].key) {
		const struct hgt_map_entry *e = &map->slots[i];

		if (e->hash == hash && e->key_len == key_len && (!key_len || memcmp(e->key, key, key_len) == 0))
			break;
		i = (i + 1) & (map->cap - 1);
	}
	return i;
}

static int grow(struct hgt_map *map)
{
	struct hgt_map bigger = {.cap = map->cap ? map->cap * 2 : 16, .len = map->len};

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return HGT_ENOMEM;
	for (size_t i = 0; i < map->cap; i++) {
		const struct hgt_map_entry *e = &map->slots[i];

		if (e->key)
			bigger.slots[find(&bigger, e->key, e->key_len, e->hash)] = *e;
	}
	free(map->slots);
	*map = bigger;
	return 0;
}

void hgt_map_release(struct hgt_map *map)
{
	free(map->slots);
	*map = (struct hgt_map)HGT_MAP_INIT;
}

void hgt_map_clear(struct hgt_map *map)
{
	if (map->cap)
		memset(map->slots, 0, map->cap * sizeof(*map->slots));
	map->len = 0;
}

void *hgt_map_get(const struct hgt_map *map, const char *key, size_t key_len)
{
	const struct hgt_map_entry *e;

	if (!map->len)
		return NULL;
	e = &map->slots[find(map, key, key_len, hash_bytes(key, key_len))];
	return e->key ? e->value : NULL;
}

int hgt_map_put(struct hgt_map *map, const char *key, size_t key_len, void *value, void **old)
{
	uint64_t hash = hash_bytes(key, key_len);
	struct hgt_map_entry *e;

	if (map->len >= map->cap / 4 * 3 && grow(map) < 0)
		return HGT_ENOMEM;
	e = &map->slots[find(map, key, key_len, hash)];
	if (e->key) {
		if (old)
			*old = e->value;
		e->value = value;
		return 1;
	}
	*e = (struct hgt_map_entry){.key = key, .key_len = key_len, .hash = hash, .value = value};
	map->len++;
	return 0;
}

void *hgt_map_remove(struct hgt_map *map, const char *key, size_t key_len)
{
	size_t mask = map->cap - 1;
	size_t hole, i;
	void *value;

	if (!map->len)
		return NULL;
	hole = find(map, key, key_len, hash_bytes(key, key_len));
	if (!map->slots[hole].key)
		return NULL;
	value = map->slots[hole].value;
	for (i = (hole + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
		size_t home = map->slots[i].hash & mask;

		/* Move the entry back when the hole lies between its home and where it stands. */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}
	map->slots[hole] = (struct hgt_map_entry){0};
	map->len--;
	return value;
}

const struct hgt_map_entry *hgt_map_next(const struct hgt_map *map, size_t *pos)
{
	while (*pos < map->cap) {
		const struct hgt_map_entry *e = &map->slots[(*pos)++];

		if (e->key)
			return e;
	}
	return NULL;
}
