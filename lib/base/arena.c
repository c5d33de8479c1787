/* A region of memory that is freed at once. */
#include "base/arena.h"

#include <stdint.h>

struct hgt_arena_chunk {
	struct hgt_arena_chunk *next;
	size_t size;	/* of data */
	size_t used;
	_Alignas(max_align_t) char data[];
};

enum { FIRST_CHUNK = 4096, LARGEST_CHUNK = 256 * 1024 };

static struct hgt_arena_chunk *grow(struct hgt_arena *arena, size_t need)
{
	size_t size = arena->head ? arena->head->size * 2 : FIRST_CHUNK;
	struct hgt_arena_chunk *chunk;

	if (size > LARGEST_CHUNK)
		size = LARGEST_CHUNK;
	if (size < need)
		size = need;
	if (size > PTRDIFF_MAX - sizeof(*chunk))
		return NULL;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->size = size;
	chunk->used = 0;
	chunk->next = arena->head;
	arena->head = chunk;
	return chunk;
}

void *hgt_arena_alloc(struct hgt_arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct hgt_arena_chunk *chunk = arena->head;
	void *p;

	if (size > SIZE_MAX - align)
		return NULL;
	size = (size + align - 1) & ~(align - 1);
	if (arena->limit && (size > arena->limit || arena->used > arena->limit - size))
		return NULL;
	if (!chunk || chunk->size - chunk->used < size) {
		chunk = grow(arena, size);
		if (!chunk)
			return NULL;
	}
	p = chunk->data + chunk->used;
	chunk->used += size;
	arena->used += size;
	memset(p, 0, size);
	return p;
}

void *hgt_arena_array(struct hgt_arena *arena, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		return NULL;
	return hgt_arena_alloc(arena, n * size);
}

char *hgt_arena_strndup(struct hgt_arena *arena, const char *s, size_t len)
{
	char *p;

	if (len == SIZE_MAX)
		return NULL;
	p = hgt_arena_alloc(arena, len + 1);
	if (p && len)
		memcpy(p, s, len);
	return p;
}

/* Free all chunks but `keep` (NULL: all). */
static void drop(struct hgt_arena *arena, struct hgt_arena_chunk *keep)
{
	for (struct hgt_arena_chunk *c = arena->head; c;) {
		struct hgt_arena_chunk *next = c->next;

		if (c != keep)
			free(c);
		c = next;
	}
	if (keep) {
		keep->next = NULL;
		keep->used = 0;
	}
	arena->head = keep;
	arena->used = 0;
}

void hgt_arena_reset(struct hgt_arena *arena)
{
	struct hgt_arena_chunk *largest = arena->head;

	for (struct hgt_arena_chunk *c = arena->head; c; c = c->next)
		if (c->size > largest->size)
			largest = c;
	drop(arena, largest);
}

void hgt_arena_release(struct hgt_arena *arena)
{
	drop(arena, NULL);
}
