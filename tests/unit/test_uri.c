/* lib/schema/uri: the examples of RFC 3986 section 5.4, and what schemas use besides. */
#include "schema/uri.h"

#include "tests/unit/unit.h"

static void test_resolve(void **state)
{
	static const struct {
		const char *reference, *result;
	} cases[] = {
		{"g:h", "g:h"}, {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"}, {"g/", "http://a/b/c/g/"}, {"/g", "http://a/g"},
		{"//g", "http://g"}, {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"}, {";x", "http://a/b/c/;x"},
		{"g;x?y", "http://a/b/c/g;x?y"}, {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"},
		{"..", "http://a/b/"}, {"../", "http://a/b/"}, {"../g", "http://a/b/g"}, {"../..", "http://a/"},
		{"../../", "http://a/"}, {"../../g", "http://a/g"}, {"../../../g", "http://a/g"}, {"/./g", "http://a/g"},
		{"/../g", "http://a/g"}, {"g.", "http://a/b/c/g."}, {"..g", "http://a/b/c/..g"}, {"./../g", "http://a/b/g"},
		{"g/./h", "http://a/b/c/g/h"}, {"g/../h", "http://a/b/c/h"}, {"g;x=1/../y", "http://a/b/c/y"},
		{"g?y/../x", "http://a/b/c/g?y/../x"}, {"g#s", "http://a/b/c/g"},
	};
	static const struct {
		const char *base, *reference, *result;
	} others[] = {
		{"http://a", "b", "http://a/b"}, {"urn:uuid:1", "", "urn:uuid:1"}, {"urn:uuid:1", "urn:x:../y", "urn:x:../y"},
		{"", "a/b", "a/b"}, {"", "http://x/../y", "http://x/y"}, {"tag:a,b", "c", "tag:c"},
	};
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		hgt_buf_reset(&out);
		hgt_uri_resolve("http://a/b/c/d;p?q", cases[i].reference, strlen(cases[i].reference), &out);
		assert_string_equal(out.data, cases[i].result);
	}
	for (size_t i = 0; i < N_OF(others); i++) {
		hgt_buf_reset(&out);
		hgt_uri_resolve(others[i].base, others[i].reference, strlen(others[i].reference), &out);
		assert_string_equal(out.data, others[i].result);
	}
	hgt_buf_release(&out);
}

static void test_decode(void **state)
{
	static const char text[] = "a%20b%2Fc%2fd%zz%4%";
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	hgt_uri_decode(text, sizeof(text) - 1, &out);
	assert_string_equal(out.data, "a b/c/d%zz%4%");
	hgt_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
