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

#include <stddef.h>

#include "base/error.h"

struct hgt_arena_chunk;

struct hgt_arena {
	struct hgt_arena_chunk *head;
	size_t used;	/* bytes handed out */
	size_t limit;	/* the most to hand out; 0 for no limit */
};

#define HGT_ARENA_INIT {0}

/* Zeroed memory, aligned for any object; NULL when memory runs out or the limit is reached. */
void *hgt_arena_alloc(struct hgt_arena *arena, size_t size) HGT_MUST_CHECK;

/* Zeroed memory for n objects of `size` bytes, checked for overflow. */
void *hgt_arena_array(struct hgt_arena *arena, size_t n, size_t size) HGT_MUST_CHECK;

/* A terminated copy of len bytes (which may contain NUL). */
char *hgt_arena_strndup(struct hgt_arena *arena, const char *s, size_t len) HGT_MUST_CHECK;

/* Forget everything but keep the largest chunk for the next use. */
void hgt_arena_reset(struct hgt_arena *arena);

void hgt_arena_release(struct hgt_arena *arena);

#endif
