/* lib/doc/node: looking into trees, writing them as JSON, pointers. */
#include "base/json_writer.h"
#include "doc/doc.h"
#include "tests/unit/unit.h"

static const char text[] =
	"base: &base {a: 1, b: text}\n"
	"s: text\n"
	"i: 7\n"
	"neg: -9223372036854775808\n"
	"big: 18446744073709551615\n"
	"f: 1.5\n"
	"t: yes\n"
	"n: ~\n"
	"list: [1]\n"
	"derived:\n"
	"  <<: *base\n"
	"  a: 2\n"
	"twice: 1\n"
	"twice: 2\n";

static int set_up(void **state)
{
	static struct hgt_doc_set set;

	hgt_doc_set_init(&set);
	*state = &set;
	return hgt_yaml_parse(text, sizeof(text) - 1, &hgt_doc_default_limits, &set, NULL) || set.n_docs != 1;
}

static int tear_down(void **state)
{
	hgt_doc_set_release(*state);
	return 0;
}

static void lookups(void **state)
{
	const struct hgt_doc_set *set = *state;
	const struct hgt_node *root = set->docs[0].root;
	const struct hgt_pair *pair;
	int64_t integer = 99;
	bool boolean = false;

	assert_string_equal(hgt_node_get_string(root, "s"), "text");
	assert_null(hgt_node_get_string(root, "i"));
	assert_null(hgt_node_get_string(root, "missing"));
	assert_null(hgt_node_get(root, "missing"));
	assert_null(hgt_node_get(NULL, "s"));
	assert_null(hgt_node_get(hgt_node_get(root, "s"), "s"));
	assert_null(hgt_node_get(hgt_node_get(root, "list"), "0"));
	assert_null(hgt_node_pair(NULL, "s"));

	assert_false(hgt_node_get_int(root, "s", &integer));
	assert_false(hgt_node_get_int(root, "big", &integer));
	assert_false(hgt_node_get_int(root, "f", &integer));
	assert_int_equal(integer, 99);
	assert_true(hgt_node_get_int(root, "neg", &integer));
	assert_true(integer == INT64_MIN);
	assert_true(hgt_node_get_int(root, "twice", &integer));
	assert_int_equal(integer, 2);

	assert_false(hgt_node_get_bool(root, "i", &boolean));
	assert_true(hgt_node_get_bool(root, "t", &boolean));
	assert_true(boolean);

	pair = hgt_node_pair(hgt_node_get(root, "derived"), "a");
	assert_false(pair->merged);
	assert_int_equal(pair->value->v.integer, 2);
	pair = hgt_node_pair(hgt_node_get(root, "derived"), "b");
	assert_true(pair->merged);
	assert_string_equal(pair->value->text, "text");
	assert_null(hgt_node_pair(hgt_node_get(root, "derived"), "<<"));
}

static void type_names(void **state)
{
	const struct hgt_doc_set *set = *state;
	const struct hgt_node *root = set->docs[0].root;
	static const struct {
		const char *key, *name;
	} rows[] = {
		{"s", "string"}, {"i", "integer"}, {"big", "integer"}, {"f", "number"}, {"t", "boolean"}, {"n", "null"},
		{"list", "array"}, {"base", "object"},
	};

	for (size_t i = 0; i < N_OF(rows); i++)
		assert_string_equal(hgt_node_type_name(hgt_node_get(root, rows[i].key)->type), rows[i].name);
}

static void as_json(void **state)
{
	const struct hgt_doc_set *set = *state;
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);

	hgt_node_write_json(set->docs[0].root, &json);
	assert_string_equal(out.data, "{\"base\":{\"a\":1,\"b\":\"text\"},\"s\":\"text\",\"i\":7,\"neg\":-9223372036854775808,"
		"\"big\":18446744073709551615,\"f\":1.5,\"t\":true,\"false\":null,\"list\":[1],\"derived\":{\"a\":2,\"b\":\"text\"},"
		"\"twice\":2}");
	hgt_buf_release(&out);
}

/* Numbers take the form of Go's encoding/json, keys that of sigs.k8s.io/yaml. */
static void numbers_as_json(void **state)
{
	static const struct {
		const char *yaml, *json;
	} rows[] = {
		{"0.1", "0.1"}, {"1.0", "1"}, {"-0.0", "-0"}, {"0.30000000000000004", "0.30000000000000004"},
		{"100000000000000000000.0", "100000000000000000000"}, {"1e21", "1e+21"}, {"-1.5e300", "-1.5e+300"},
		{"0.000001", "0.000001"}, {"0.0000001", "1e-7"}, {"123.456e-10", "1.23456e-8"},
		{"5e-324", "5e-324"}, {"1.7976931348623157e308", "1.7976931348623157e+308"},
		{"28258623536797277029100.0", "2.8258623536797275e+22"}, {"33924591977254127.0", "33924591977254130"},
		{".inf", "null"}, {"-.inf", "null"}, {".nan", "null"},
		{"{yes: 1, 0x10: 2, 1.10: 3, 1e7: 4, 0.00001: 5, -.inf: 6, .nan: 7, ~: 8}",
			"{\"true\":1,\"16\":2,\"1.1\":3,\"1e+07\":4,\"1e-05\":5,\"-.inf\":6,\".nan\":7,\"~\":8}"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct hgt_doc_set set;
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_json json = HGT_JSON_INIT(&out);

		hgt_doc_set_init(&set);
		assert_int_equal(hgt_yaml_parse(rows[i].yaml, strlen(rows[i].yaml), &hgt_doc_default_limits, &set, NULL), 0);
		assert_int_equal(set.n_docs, 1);
		hgt_node_write_json(set.docs[0].root, &json);
		assert_string_equal(out.data, rows[i].json);
		hgt_buf_release(&out);
		hgt_doc_set_release(&set);
	}
}

static void pointers(void **state)
{
	struct hgt_buf pointer = HGT_BUF_INIT;

	(void)state;
	hgt_pointer_add(&pointer, "a/b~c", 5);
	hgt_pointer_add_index(&pointer, 12);
	hgt_pointer_add(&pointer, "", 0);
	hgt_pointer_add(&pointer, "~1", 2);
	assert_string_equal(pointer.data, "/a~1b~0c/12//~01");
	hgt_buf_release(&pointer);
}

static void plain_strings(void **state)
{
	static const char *const strings[] = {"a", "yEs", "1.2.3", "-", "+", "1e400", "0x", "12:30", "2001-01-01", "nULL", "1_a", "_1",
		".", "e5", "<<", "0b2", "inf", "1e", "--1"};
	static const char *const others[] = {"", "~", "null", "yes", "n", "On", "TRUE", "1", "-1", "0777", "08", "0o7", "0b1", "0b-1",
		"0xfF", "1_000", "1.", ".5", "1e3", ".inf", "-.INF", ".NaN", "18446744073709551616"};

	(void)state;
	for (size_t i = 0; i < N_OF(strings); i++)
		if (!hgt_yaml_plain_is_string(strings[i], strlen(strings[i])))
			fail_msg("%s is a string", strings[i]);
	for (size_t i = 0; i < N_OF(others); i++)
		if (hgt_yaml_plain_is_string(others[i], strlen(others[i])))
			fail_msg("%s is no string", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lookups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(type_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(as_json, set_up, tear_down),
		cmocka_unit_test(numbers_as_json),
		cmocka_unit_test(pointers),
		cmocka_unit_test(plain_strings),
	};

	return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
