/* lib/base/map against a plain array that does the same slowly. */
#include "base/map.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

enum { KEYS = 400 };

static void empty_map(void **state)
{
	struct hgt_map map = HGT_MAP_INIT;
	size_t pos = 0;

	(void)state;
	assert_null(hgt_map_get(&map, "a", 1));
	assert_null(hgt_map_remove(&map, "a", 1));
	assert_null(hgt_map_next(&map, &pos));
	hgt_map_clear(&map);
	hgt_map_release(&map);
}

static void puts_replaces_removes(void **state)
{
	struct hgt_map map = HGT_MAP_INIT;
	int a, b;
	void *old = NULL;

	(void)state;
	assert_int_equal(hgt_map_put(&map, "key", 3, &a, &old), 0);
	assert_null(old);
	assert_int_equal(hgt_map_put(&map, "key", 3, &b, &old), 1);
	assert_ptr_equal(old, &a);
	assert_int_equal(hgt_map_put(&map, "key", 3, &a, NULL), 1);
	assert_int_equal(map.len, 1);
	assert_ptr_equal(hgt_map_get(&map, "key", 3), &a);
	assert_ptr_equal(hgt_map_remove(&map, "key", 3), &a);
	assert_null(hgt_map_get(&map, "key", 3));
	assert_int_equal(map.len, 0);
	hgt_map_release(&map);
}

static void keys_are_bytes(void **state)
{
	static const struct {
		const char *key;
		size_t len;
	} keys[] = {{"", 0}, {"\0", 1}, {"\0\0", 2}, {"a", 1}, {"a\0", 2}, {"a\0b", 3}, {"abcdefgh", 8}, {"abcdefghi", 9}};
	struct hgt_map map = HGT_MAP_INIT;

	(void)state;
	for (size_t i = 0; i < N_OF(keys); i++)
		assert_int_equal(hgt_map_put(&map, keys[i].key, keys[i].len, (void *)&keys[i], NULL), 0);
	for (size_t i = 0; i < N_OF(keys); i++)
		assert_ptr_equal(hgt_map_get(&map, keys[i].key, keys[i].len), &keys[i]);
	hgt_map_clear(&map);
	assert_int_equal(map.len, 0);
	assert_null(hgt_map_get(&map, "a", 1));
	hgt_map_release(&map);
}

/* A long random series of the three operations; wrap-around and shifting back happen many times. */
static void agrees_with_an_array(void **state)
{
	static char names[KEYS][16];
	static char values[KEYS];
	bool there[KEYS] = {false};
	struct hgt_map map = HGT_MAP_INIT;
	unsigned random = 1;
	size_t len = 0;

	(void)state;
	for (int i = 0; i < KEYS; i++)
		snprintf(names[i], sizeof(names[i]), "key-%d", i);
	for (int round = 0; round < 50000; round++) {
		unsigned k, op;

		random = random * 1103515245 + 12345;
		k = random >> 8 & 0xffff;
		op = k % 3;
		k = k / 3 % KEYS;
		if (op == 0) {
			assert_int_equal(hgt_map_put(&map, names[k], strlen(names[k]), &values[k], NULL), there[k]);
			len += !there[k];
			there[k] = true;
		} else if (op == 1) {
			assert_ptr_equal(hgt_map_remove(&map, names[k], strlen(names[k])), there[k] ? &values[k] : NULL);
			len -= there[k];
			there[k] = false;
		} else {
			assert_ptr_equal(hgt_map_get(&map, names[k], strlen(names[k])), there[k] ? &values[k] : NULL);
		}
		assert_int_equal(map.len, len);
	}
	for (int k = 0; k < KEYS; k++)
		assert_ptr_equal(hgt_map_get(&map, names[k], strlen(names[k])), there[k] ? &values[k] : NULL);
	hgt_map_release(&map);
}

static void walks_all_once(void **state)
{
	static char names[KEYS][16];
	int seen[KEYS] = {0};
	struct hgt_map map = HGT_MAP_INIT;
	const struct hgt_map_entry *e;
	size_t pos = 0, n = 0;

	(void)state;
	for (int i = 0; i < KEYS; i++) {
		snprintf(names[i], sizeof(names[i]), "%d", i);
		assert_int_equal(hgt_map_put(&map, names[i], strlen(names[i]), &seen[i], NULL), 0);
	}
	for (; (e = hgt_map_next(&map, &pos)); n++)
		++*(int *)e->value;
	assert_int_equal(n, KEYS);
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(seen[i], 1);
	hgt_map_release(&map);
}

static void survives_failing_allocations(void **state)
{
	static char names[100][16];
	long n;

	(void)state;
	for (int i = 0; i < 100; i++)
		snprintf(names[i], sizeof(names[i]), "%d", i);
	for (n = 1;; n++) {
		struct hgt_map map = HGT_MAP_INIT;
		size_t put = 0;
		bool failed;

		fail_alloc_at(n);
		while (put < 100 && hgt_map_put(&map, names[put], strlen(names[put]), names[put], NULL) == 0)
			put++;
		failed = fail_alloc_off();
		assert_int_equal(put < 100, failed);
		assert_int_equal(map.len, put);
		for (size_t i = 0; i < put; i++)
			assert_ptr_equal(hgt_map_get(&map, names[i], strlen(names[i])), names[i]);
		hgt_map_release(&map);
		if (!failed)
			break;
	}
	assert_true(n > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_map), cmocka_unit_test(puts_replaces_removes), cmocka_unit_test(keys_are_bytes),
		cmocka_unit_test(agrees_with_an_array), cmocka_unit_test(walks_all_once),
		cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
