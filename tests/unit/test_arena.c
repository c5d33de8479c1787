/* lib/base/arena: zeroed and aligned memory, the limit, overflow, reset, every failing allocation. */
#include "base/arena.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void gives_zeroed_aligned_memory(void **state)
{
	struct hgt_arena arena = HGT_ARENA_INIT;
	static const size_t sizes[] = {0, 1, 7, 15, 16, 17, 4000, 5000, 300000, 3};

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < N_OF(sizes); i++) {
			unsigned char *p = hgt_arena_alloc(&arena, sizes[i]);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % _Alignof(uint64_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(p[k], 0);
			memset(p, 0xa5, sizes[i]);
		}
		hgt_arena_reset(&arena);
		assert_int_equal(arena.used, 0);
	}
	hgt_arena_release(&arena);
}

static void pieces_do_not_overlap(void **state)
{
	struct hgt_arena arena = HGT_ARENA_INIT;
	unsigned char *pieces[500];

	(void)state;
	for (size_t i = 0; i < N_OF(pieces); i++) {
		pieces[i] = i % 3 ? hgt_arena_alloc(&arena, i + 1) : (unsigned char *)hgt_arena_bytes(&arena, i + 1);
		assert_non_null(pieces[i]);
		memset(pieces[i], (int)(i & 0xff), i + 1);
	}
	for (size_t i = 0; i < N_OF(pieces); i++)
		for (size_t k = 0; k <= i; k++)
			assert_int_equal(pieces[i][k], i & 0xff);
	hgt_arena_release(&arena);
}

static void copies_strings(void **state)
{
	struct hgt_arena arena = HGT_ARENA_INIT;
	char *s = hgt_arena_strndup(&arena, "a\0b", 3);
	char *empty = hgt_arena_strndup(&arena, NULL, 0);

	(void)state;
	assert_non_null(s);
	assert_memory_equal(s, "a\0b", 4);
	assert_non_null(empty);
	assert_string_equal(empty, "");
	hgt_arena_release(&arena);
}

static void keeps_to_its_limit(void **state)
{
	struct hgt_arena arena = HGT_ARENA_INIT;

	(void)state;
	arena.limit = 64;
	assert_null(hgt_arena_alloc(&arena, 65));
	assert_non_null(hgt_arena_alloc(&arena, 33));	/* 40 with its padding */
	assert_null(hgt_arena_alloc(&arena, 25));
	assert_non_null(hgt_arena_bytes(&arena, 9));
	assert_null(hgt_arena_bytes(&arena, 16));
	assert_null(hgt_arena_alloc(&arena, 9));
	assert_non_null(hgt_arena_alloc(&arena, 8));
	assert_non_null(hgt_arena_bytes(&arena, 7));
	assert_null(hgt_arena_bytes(&arena, 1));
	assert_int_equal(arena.used, 64);
	hgt_arena_reset(&arena);
	assert_non_null(hgt_arena_alloc(&arena, 64));
	hgt_arena_release(&arena);
}

static void refuses_overflow(void **state)
{
	struct hgt_arena arena = HGT_ARENA_INIT;

	(void)state;
	assert_null(hgt_arena_alloc(&arena, SIZE_MAX));
	assert_null(hgt_arena_alloc(&arena, SIZE_MAX - 64));
	assert_null(hgt_arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(hgt_arena_strndup(&arena, "", SIZE_MAX));
	assert_null(hgt_arena_bytes(&arena, SIZE_MAX));
	assert_non_null(hgt_arena_array(&arena, SIZE_MAX, 0));
	hgt_arena_release(&arena);
}

static void reset_keeps_the_largest_chunk(void **state)
{
	struct hgt_arena arena = HGT_ARENA_INIT;
	long before;

	(void)state;
	assert_non_null(hgt_arena_alloc(&arena, 1000000));
	assert_non_null(hgt_arena_alloc(&arena, 10));
	hgt_arena_reset(&arena);
	before = fail_alloc_count();
	assert_non_null(hgt_arena_alloc(&arena, 1000000));
	assert_int_equal(fail_alloc_count(), before);
	hgt_arena_release(&arena);
	hgt_arena_reset(&arena);	/* of an empty one */
	hgt_arena_release(&arena);
}

static void survives_failing_allocations(void **state)
{
	long n;

	(void)state;
	for (n = 1;; n++) {
		struct hgt_arena arena = HGT_ARENA_INIT;
		unsigned got = 0;
		bool failed;

		fail_alloc_at(n);
		for (unsigned i = 0; i < 100; i++)
			got += hgt_arena_alloc(&arena, 1000) != NULL;
		failed = fail_alloc_off();
		assert_int_equal(got, failed ? 99 : 100);
		hgt_arena_release(&arena);
		if (!failed)
			break;
	}
	assert_true(n > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_memory), cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(copies_strings), cmocka_unit_test(keeps_to_its_limit),
		cmocka_unit_test(refuses_overflow), cmocka_unit_test(reset_keeps_the_largest_chunk),
		cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
