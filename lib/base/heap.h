/*
 * A binary heap of items that lie in structs of the caller's: the one with the lowest key is at hand, any can be moved or taken out. Eight
 * bytes an item beside the item itself.
 */
#ifndef HEADGATE_BASE_HEAP_H
#define HEADGATE_BASE_HEAP_H

#include <stdint.h>

#include "base/error.h"

struct hgt_heap_item {
	int64_t key;
	size_t place;	/* from 1 on; 0: in no heap. Zeroed memory is such an item */
};

struct hgt_heap {
	struct hgt_heap_item **items;
	size_t n, room;
};

#define HGT_HEAP_INIT {NULL, 0, 0}

/* The items are left alone. */
void hgt_heap_release(struct hgt_heap *heap);

/* NULL when there is none. */
struct hgt_heap_item *hgt_heap_first(const struct hgt_heap *heap);

/* Put it in under the key, or give it another one. HGT_ENOMEM only for one that was not in; nothing has changed then. */
int hgt_heap_put(struct hgt_heap *heap, struct hgt_heap_item *item, int64_t key) HGT_MUST_CHECK;

/* One that is not in is fine. */
void hgt_heap_remove(struct hgt_heap *heap, struct hgt_heap_item *item);

#endif
