/* lib/doc/yaml_memory: pieces are whole, apart from each other and used again; large ones and those outside are malloc's. */
#include "doc/yaml_memory.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

enum { PIECES = 3000 };

static const size_t sizes[] = {0, 1, 15, 16, 17, 48, 49, 100, 496, 1008, 1009, 5000, 100000};

static void fill(unsigned char *p, size_t size, size_t i)
{
	memset(p, (int)(i * 7 + size) & 0xff, size);
}

static void check(const unsigned char *p, size_t size, size_t i)
{
	for (size_t k = 0; k < size; k++)
		assert_int_equal(p[k], (i * 7 + size) & 0xff);
}

/* Many at a time: none touches another, each is aligned for anything. */
static void gives_pieces(void **state)
{
	static unsigned char *pieces[PIECES];
	struct hgt_yaml_memory memory;

	(void)state;
	for (int within = 0; within < 2; within++) {
		if (within)
			hgt_yaml_memory_begin(&memory);
		for (size_t i = 0; i < PIECES; i++) {
			pieces[i] = hgt_yaml_malloc(sizes[i % N_OF(sizes)]);
			assert_non_null(pieces[i]);
			assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
			fill(pieces[i], sizes[i % N_OF(sizes)], i);
		}
		for (size_t i = 0; i < PIECES; i += 2) {
			check(pieces[i], sizes[i % N_OF(sizes)], i);
			hgt_yaml_free(pieces[i]);
		}
		for (size_t i = 0; i < PIECES; i += 2) {
			pieces[i] = hgt_yaml_malloc(sizes[i % N_OF(sizes)]);
			assert_non_null(pieces[i]);
			fill(pieces[i], sizes[i % N_OF(sizes)], i);
		}
		for (size_t i = 0; i < PIECES; i++) {
			check(pieces[i], sizes[i % N_OF(sizes)], i);
			hgt_yaml_free(pieces[i]);
		}
		hgt_yaml_free(NULL);
		if (within)
			hgt_yaml_memory_end(&memory);
	}
}

static void grows(void **state)
{
	struct hgt_yaml_memory memory;

	(void)state;
	for (int within = 0; within < 2; within++) {
		char *p, *copy;

		if (within)
			hgt_yaml_memory_begin(&memory);
		p = hgt_yaml_realloc(NULL, 1);
		assert_non_null(p);
		*p = 'x';
		for (size_t size = 2; size < 300000; size = size * 5 / 3 + 1) {
			p = hgt_yaml_realloc(p, size);
			assert_non_null(p);
			assert_int_equal(*p, 'x');
			p[size - 1] = 'y';
			p = hgt_yaml_realloc(p, size + 1);
			assert_non_null(p);
			assert_int_equal(p[size - 1], 'y');
		}
		assert_null(hgt_yaml_realloc(p, SIZE_MAX));
		assert_null(hgt_yaml_malloc(SIZE_MAX));
		hgt_yaml_free(p);
		copy = hgt_yaml_strdup("text");
		assert_string_equal(copy, "text");
		hgt_yaml_free(copy);
		if (within)
			hgt_yaml_memory_end(&memory);
	}
}

/* What was given back comes again, so that reading goes on in the memory of a few pieces. */
static void uses_pieces_again(void **state)
{
	struct hgt_yaml_memory memory;
	long before;

	(void)state;
	hgt_yaml_memory_begin(&memory);
	hgt_yaml_free(hgt_yaml_malloc(16));
	before = fail_alloc_count();
	for (size_t i = 0; i < 100000; i++) {
		void *a = hgt_yaml_malloc(16), *b = hgt_yaml_malloc(600);

		hgt_yaml_free(a);
		hgt_yaml_free(b);
	}
	assert_int_equal(fail_alloc_count(), before);
	hgt_yaml_memory_end(&memory);
}

static void survives_want_of_memory(void **state)
{
	struct hgt_yaml_memory memory;
	char *p;

	(void)state;
	hgt_yaml_memory_begin(&memory);
	fail_alloc_at(1);
	assert_null(hgt_yaml_malloc(16));
	assert_true(fail_alloc_off());
	p = hgt_yaml_malloc(16);
	assert_non_null(p);
	*p = 'x';
	fail_alloc_at(1);
	assert_null(hgt_yaml_realloc(p, 100000));
	assert_true(fail_alloc_off());
	assert_int_equal(*p, 'x');
	hgt_yaml_free(p);
	hgt_yaml_memory_end(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_pieces),
		cmocka_unit_test(grows),
		cmocka_unit_test(uses_pieces_again),
		cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
