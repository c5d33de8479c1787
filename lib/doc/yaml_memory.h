/*
 * Memory for libyaml, private to lib/doc. libyaml asks for four small pieces for a scalar and gives three back at once; to get them
 * from malloc takes an eighth of all that reading YAML does. Where libyaml is linked as an archive, the Makefile gives its malloc,
 * realloc, strdup and free the names below. Between begin and end the pieces that a thread asks for come out of blocks of its
 * own, and those given back are handed out again first; without, and for large ones, it is malloc as ever.
 */
#ifndef HEADGATE_DOC_YAML_MEMORY_H
#define HEADGATE_DOC_YAML_MEMORY_H

#include <stddef.h>

/* Pieces of up to 1 KiB, by size. */
enum { HGT_YAML_SIZES = 6 };

struct hgt_yaml_memory {
	struct hgt_yaml_block *blocks;
	char *front, *back;			/* what the last block has left */
	void *given_back[HGT_YAML_SIZES];	/* lists of pieces of 32, 64, ... 1,024 bytes */
};

/* Everything that libyaml was given between these is gone at the end, so the parser has to be gone first. One at a time a thread. */
void hgt_yaml_memory_begin(struct hgt_yaml_memory *memory);
void hgt_yaml_memory_end(struct hgt_yaml_memory *memory);

/* What libyaml calls. */
void *hgt_yaml_malloc(size_t size);
void *hgt_yaml_realloc(void *p, size_t size);
char *hgt_yaml_strdup(const char *s);
void hgt_yaml_free(void *p);

#endif
