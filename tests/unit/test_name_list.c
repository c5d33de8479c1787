/* daemon/name_list: things in order of their names. */
#include "daemon/name_list.h"

#include "tests/unit/unit.h"

static void is_in_order(void **state)
{
	static const char *const names[] = {"m", "a", "z", "b", "aa", "y"};
	struct name_list list = {0};

	(void)state;
	assert_null(name_list_find(&list, "a"));
	for (size_t i = 0; i < N_OF(names); i++) {
		assert_true(name_list_reserve(&list));
		name_list_put(&list, names[i], (void *)(uintptr_t)names[i]);
	}
	for (size_t i = 1; i < list.n; i++)
		assert_true(strcmp(list.items[i - 1].name, list.items[i].name) < 0);
	for (size_t i = 0; i < N_OF(names); i++)
		assert_ptr_equal(name_list_find(&list, names[i]), names[i]);
	assert_null(name_list_find(&list, ""));
	assert_null(name_list_find(&list, "zz"));
	name_list_remove(&list, "a");
	name_list_remove(&list, "z");
	assert_null(name_list_find(&list, "a"));
	assert_ptr_equal(name_list_find(&list, "aa"), names[4]);
	assert_int_equal(list.n, N_OF(names) - 2);
	name_list_release(&list);
	assert_int_equal(list.n, 0);
}

static void grows(void **state)
{
	struct name_list list = {0};
	char names[100][4];

	(void)state;
	for (size_t i = 0; i < N_OF(names); i++) {
		snprintf(names[i], sizeof(names[i]), "%02zu", N_OF(names) - 1 - i);
		assert_true(name_list_reserve(&list));
		name_list_put(&list, names[i], names[i]);
	}
	assert_string_equal(list.items[0].name, "00");
	assert_string_equal(list.items[99].name, "99");
	name_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(is_in_order), cmocka_unit_test(grows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
