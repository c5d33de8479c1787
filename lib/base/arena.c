/* A region of memory that is freed at once. */
#include "base/arena.h"

#include <sys/mman.h>

struct hgt_arena_chunk {
	struct hgt_arena_chunk *next;
	size_t size;	/* of data */
	_Alignas(max_align_t) char data[];
};

/* The first is of a size that malloc keeps at hand. */
enum { FIRST_CHUNK = 992, LARGEST_CHUNK = 4 << 20, HUGE_PAGE = 2 << 20 };

/* All of the chunk is free again. */
static void begin(struct hgt_arena *arena, struct hgt_arena_chunk *chunk)
{
	arena->head = chunk;
	arena->front = chunk ? chunk->data : NULL;
	arena->back = chunk ? chunk->data + chunk->size : NULL;
}

/* Large chunks are of huge pages where the system has them: a fault for every 4 KiB would cost as much as half of what is done there. */
static void *take_memory(size_t *size)
{
	void *p;

	if (*size < HUGE_PAGE)
		return malloc(*size);
	*size = (*size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	p = aligned_alloc(HUGE_PAGE, *size);
	if (p)
		(void)madvise(p, *size, MADV_HUGEPAGE);
	return p;
}

bool hgt_arena_grow(struct hgt_arena *arena, size_t need)
{
	size_t size = arena->head ? arena->head->size * 2 : FIRST_CHUNK;
	struct hgt_arena_chunk *chunk;

	if (size > LARGEST_CHUNK)
		size = LARGEST_CHUNK;
	if (size < need)
		size = need;
	if (size > PTRDIFF_MAX - sizeof(*chunk) - HUGE_PAGE)
		return false;
	size += sizeof(*chunk);
	chunk = take_memory(&size);
	if (!chunk)
		return false;
	chunk->size = size - sizeof(*chunk);
	chunk->next = arena->head;
	begin(arena, chunk);
	return true;
}

void *hgt_arena_array(struct hgt_arena *arena, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		return NULL;
	return hgt_arena_alloc(arena, n * size);
}

char *hgt_arena_strndup(struct hgt_arena *arena, const char *s, size_t len)
{
	char *p = len < SIZE_MAX ? hgt_arena_bytes(arena, len + 1) : NULL;

	if (!p)
		return NULL;
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
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
	if (keep)
		keep->next = NULL;
	begin(arena, keep);
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
