/* Things in order of their names. */
#include "daemon/name_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void name_list_release(struct name_list *list)
{
	free(list->items);
	*list = (struct name_list){0};
}

/* Where the name is, or would be. */
static size_t place_of(const struct name_list *list, const char *name, bool *there)
{
	size_t low = 0, high = list->n;

	*there = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(list->items[mid].name, name);

		if (!order)
			*there = true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void *name_list_find(const struct name_list *list, const char *name)
{
	bool there;
	size_t at = place_of(list, name, &there);

	return there ? list->items[at].thing : NULL;
}

bool name_list_reserve(struct name_list *list)
{
	size_t cap = list->cap ? list->cap * 2 : 16;
	struct named *items;

	if (list->n < list->cap)
		return true;
	items = reallocarray(list->items, cap, sizeof(*items));
	if (!items)
		return false;
	list->items = items;
	list->cap = cap;
	return true;
}

void name_list_put(struct name_list *list, const char *name, void *thing)
{
	bool there;
	size_t at = place_of(list, name, &there);

	assert(!there && list->n < list->cap);
	memmove(list->items + at + 1, list->items + at, (list->n - at) * sizeof(*list->items));
	list->items[at] = (struct named){name, thing};
	list->n++;
}

void name_list_remove(struct name_list *list, const char *name)
{
	bool there;
	size_t at = place_of(list, name, &there);

	assert(there);
	list->n--;
	memmove(list->items + at, list->items + at + 1, (list->n - at) * sizeof(*list->items));
}
