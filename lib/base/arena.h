/*
 * A region of memory that is freed at once: a parsed document and all its strings live in one.
 *
 *	struct hgt_arena a = HGT_ARENA_INIT;
 *	a.limit = 64 << 20;
 *	char *s = hgt_arena_strndup(&a, text, len);	(NULL when memory or the limit runs out)
 *	hgt_arena_release(&a);
 */
#ifndef HEADGATE_BASE_ARENA_H
#define HEADGATE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct hgt_arena_chunk;

struct hgt_arena {
	struct hgt_arena_chunk *head;
	char *front, *back;	/* what the head has left: objects are taken from the front, bytes from the back, unpadded */
	size_t used;	/* bytes handed out */
	size_t limit;	/* the most to hand out; 0 for no limit */
};

#define HGT_ARENA_INIT {0}

/* Begin a chunk with room for size bytes; false when memory runs out. */
bool hgt_arena_grow(struct hgt_arena *arena, size_t size) HGT_MUST_CHECK;

HGT_MUST_CHECK static inline bool hgt_arena_has_room(struct hgt_arena *arena, size_t size)
{
	if (arena->limit && (size > arena->limit || arena->used > arena->limit - size))
		return false;
	return (arena->front && size <= (size_t)(arena->back - arena->front)) || hgt_arena_grow(arena, size);
}

/* Zeroed memory, aligned for whatever takes up to 64 bits; NULL when memory runs out or the limit is reached. */
HGT_MUST_CHECK static inline void *hgt_arena_alloc(struct hgt_arena *arena, size_t size)
{
	const size_t align = _Alignof(uint64_t);
	void *p;

	if (size > PTRDIFF_MAX - align)
		return NULL;
	size = (size + align - 1) & ~(align - 1);
	if (!hgt_arena_has_room(arena, size))
		return NULL;
	p = arena->front;
	arena->front += size;
	arena->used += size;
	return memset(p, 0, size);
}

/* Room for len bytes, neither aligned nor zeroed; NULL as above. */
HGT_MUST_CHECK static inline char *hgt_arena_bytes(struct hgt_arena *arena, size_t len)
{
	if (!hgt_arena_has_room(arena, len))
		return NULL;
	arena->back -= len;
	arena->used += len;
	return arena->back;
}

/* Zeroed memory for n objects of `size` bytes, checked for overflow. */
void *hgt_arena_array(struct hgt_arena *arena, size_t n, size_t size) HGT_MUST_CHECK;

/* A terminated copy of len bytes (which may contain NUL). */
char *hgt_arena_strndup(struct hgt_arena *arena, const char *s, size_t len) HGT_MUST_CHECK;

/* Forget everything but keep the largest chunk for the next use. */
void hgt_arena_reset(struct hgt_arena *arena);

void hgt_arena_release(struct hgt_arena *arena);

#endif
