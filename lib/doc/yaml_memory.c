/* Memory for libyaml. */
#include "doc/yaml_memory.h"

#include <assert.h>
#include <stdint.h>

#include "base/banned.h"

enum { BLOCK = 16 * 1024, SMALLEST = 32, MALLOC = HGT_YAML_SIZES };

struct hgt_yaml_block {
	struct hgt_yaml_block *next;
	_Alignas(max_align_t) char data[BLOCK];
};

/* Before each piece: which of the sizes it has, MALLOC when it is malloc's. */
struct piece {
	_Alignas(max_align_t) size_t size;
};

static _Thread_local struct hgt_yaml_memory *current;

void hgt_yaml_memory_begin(struct hgt_yaml_memory *memory)
{
	assert(!current);
	*memory = (struct hgt_yaml_memory){0};
	current = memory;
}

void hgt_yaml_memory_end(struct hgt_yaml_memory *memory)
{
	while (memory->blocks) {
		struct hgt_yaml_block *next = memory->blocks->next;

		free(memory->blocks);
		memory->blocks = next;
	}
	current = NULL;
}

/* The bytes of a piece of that size, its head included. */
static size_t bytes_of(size_t size)
{
	return (size_t)SMALLEST << size;
}

static void *from_malloc(size_t size)
{
	struct piece *piece = size <= SIZE_MAX - sizeof(*piece) ? malloc(sizeof(*piece) + size) : NULL;

	if (!piece)
		return NULL;
	piece->size = MALLOC;
	return piece + 1;
}

static struct piece *from_block(struct hgt_yaml_memory *m, size_t size)
{
	struct piece *piece;

	if ((size_t)(m->back - m->front) < bytes_of(size)) {
		struct hgt_yaml_block *block = malloc(sizeof(*block));

		if (!block)
			return NULL;
		block->next = m->blocks;
		m->blocks = block;
		m->front = block->data;
		m->back = block->data + BLOCK;
	}
	piece = (struct piece *)(void *)m->front;
	piece->size = size;
	m->front += bytes_of(size);
	return piece;
}

void *hgt_yaml_malloc(size_t wanted)
{
	struct hgt_yaml_memory *m = current;
	struct piece *piece;
	size_t size = 0;

	if (!m || wanted > bytes_of(HGT_YAML_SIZES - 1) - sizeof(*piece))
		return from_malloc(wanted);
	while (bytes_of(size) - sizeof(*piece) < wanted)
		size++;
	if (m->given_back[size]) {
		void *p = m->given_back[size];

		memcpy(&m->given_back[size], p, sizeof(void *));
		return p;
	}
	piece = from_block(m, size);
	return piece ? piece + 1 : NULL;
}

void hgt_yaml_free(void *p)
{
	struct piece *piece = p ? (struct piece *)p - 1 : NULL;

	if (!piece)
		return;
	if (piece->size == MALLOC) {
		free(piece);
		return;
	}
	memcpy(p, &current->given_back[piece->size], sizeof(void *));
	current->given_back[piece->size] = p;
}

void *hgt_yaml_realloc(void *p, size_t wanted)
{
	struct piece *piece = p ? (struct piece *)p - 1 : NULL;
	size_t has;
	void *grown;

	if (!piece)
		return hgt_yaml_malloc(wanted);
	if (piece->size == MALLOC) {
		piece = wanted <= SIZE_MAX - sizeof(*piece) ? realloc(piece, sizeof(*piece) + wanted) : NULL;
		return piece ? piece + 1 : NULL;
	}
	has = bytes_of(piece->size) - sizeof(*piece);
	if (wanted <= has)
		return p;
	grown = hgt_yaml_malloc(wanted);
	if (!grown)
		return NULL;
	memcpy(grown, p, has);
	hgt_yaml_free(p);
	return grown;
}

char *hgt_yaml_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = hgt_yaml_malloc(size);

	return copy ? memcpy(copy, s, size) : NULL;
}
