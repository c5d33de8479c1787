/* A binary heap of items that lie in structs of the caller's. */
#include "base/heap.h"

#include <stdlib.h>

void hgt_heap_release(struct hgt_heap *heap)
{
	free(heap->items);
	*heap = (struct hgt_heap)HGT_HEAP_INIT;
}

struct hgt_heap_item *hgt_heap_first(const struct hgt_heap *heap)
{
	return heap->n ? heap->items[0] : NULL;
}

static void set(struct hgt_heap *heap, size_t at, struct hgt_heap_item *item)
{
	heap->items[at] = item;
	item->place = at + 1;
}

/* Let the item, for which there is room at `at`, rise or sink to where it belongs. */
static void settle(struct hgt_heap *heap, size_t at, struct hgt_heap_item *item)
{
	while (at && heap->items[(at - 1) / 2]->key > item->key) {
		set(heap, at, heap->items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < heap->n && heap->items[child + 1]->key < heap->items[child]->key)
			child++;
		if (child >= heap->n || heap->items[child]->key >= item->key)
			break;
		set(heap, at, heap->items[child]);
		at = child;
	}
	set(heap, at, item);
}

int hgt_heap_put(struct hgt_heap *heap, struct hgt_heap_item *item, int64_t key)
{
	if (!item->place && heap->n == heap->room) {
		size_t room = heap->room ? heap->room * 2 : 16;
		struct hgt_heap_item **items = realloc(heap->items, room * sizeof(*items));

		if (!items)
			return HGT_ENOMEM;
		heap->items = items;
		heap->room = room;
	}
	item->key = key;
	if (!item->place)
		set(heap, heap->n++, item);
	settle(heap, item->place - 1, item);
	return 0;
}

void hgt_heap_remove(struct hgt_heap *heap, struct hgt_heap_item *item)
{
	struct hgt_heap_item *last;
	size_t at = item->place - 1;

	if (!item->place)
		return;
	last = heap->items[--heap->n];
	item->place = 0;
	if (last != item)
		settle(heap, at, last);
}
