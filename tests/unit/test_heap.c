/* base/heap: the lowest key is at hand, whatever is put in, moved and taken out. */
#include "base/heap.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

enum { ITEMS = 300, STEPS = 20000 };

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static int64_t lowest(const struct hgt_heap_item *items)
{
	int64_t low = INT64_MAX;

	for (size_t i = 0; i < ITEMS; i++)
		if (items[i].place && items[i].key < low)
			low = items[i].key;
	return low;
}

static void the_lowest_is_first(void **state)
{
	static struct hgt_heap_item items[ITEMS];
	struct hgt_heap heap = HGT_HEAP_INIT;
	uint64_t seed = 1;

	(void)state;
	assert_null(hgt_heap_first(&heap));
	for (int i = 0; i < STEPS; i++) {
		struct hgt_heap_item *item = &items[next_random(&seed) % ITEMS];

		if (next_random(&seed) % 3)
			assert_int_equal(hgt_heap_put(&heap, item, (int64_t)(next_random(&seed) % 1000)), 0);
		else
			hgt_heap_remove(&heap, item);
		assert_true(heap.n == 0 || hgt_heap_first(&heap)->key == lowest(items));
	}
	for (int64_t last = -1; heap.n;) {
		struct hgt_heap_item *first = hgt_heap_first(&heap);

		assert_true(first->key >= last);
		last = first->key;
		hgt_heap_remove(&heap, first);
		assert_int_equal(first->place, 0);
	}
	hgt_heap_release(&heap);
}

static void without_memory_nothing_changes(void **state)
{
	struct hgt_heap heap = HGT_HEAP_INIT;
	struct hgt_heap_item one = {0}, two = {0};

	(void)state;
	fail_alloc_at(1);
	assert_int_equal(hgt_heap_put(&heap, &one, 5), HGT_ENOMEM);
	fail_alloc_off();
	assert_int_equal(one.place, 0);
	assert_int_equal(hgt_heap_put(&heap, &one, 5), 0);
	assert_int_equal(hgt_heap_put(&heap, &two, 3), 0);
	assert_ptr_equal(hgt_heap_first(&heap), &two);
	assert_int_equal(hgt_heap_put(&heap, &two, 9), 0);
	assert_ptr_equal(hgt_heap_first(&heap), &one);
	hgt_heap_release(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_lowest_is_first), cmocka_unit_test(without_memory_nothing_changes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
