/* lib/base/json_writer: commas, escapes, numbers. */
#include "base/json_writer.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void write_all_kinds(struct hgt_buf *out)
{
	struct hgt_json j = HGT_JSON_INIT(out);

	hgt_json_begin_object(&j);
	hgt_json_key_string(&j, "s", "text");
	hgt_json_key_string(&j, "none", NULL);
	hgt_json_key_int(&j, "least", INT64_MIN);
	hgt_json_key_uint(&j, "most", UINT64_MAX);
	hgt_json_key_bool(&j, "yes", true);
	hgt_json_key_bool(&j, "no", false);
	hgt_json_key(&j, "list");
	hgt_json_begin_array(&j);
	hgt_json_int(&j, 1);
	hgt_json_begin_object(&j);
	hgt_json_end_object(&j);
	hgt_json_begin_array(&j);
	hgt_json_end_array(&j);
	hgt_json_null(&j);
	hgt_json_bool(&j, true);
	hgt_json_uint(&j, 2);
	hgt_json_raw(&j, "{\"a\":1}", 7);
	hgt_json_string_len(&j, "a\0b", 3);
	hgt_json_end_array(&j);
	hgt_json_key(&j, "k\"\n");
	hgt_json_null(&j);
	hgt_json_end_object(&j);
}

static const char all_kinds[] =
	"{\"s\":\"text\",\"none\":null,\"least\":-9223372036854775808,\"most\":18446744073709551615,\"yes\":true,"
	"\"no\":false,\"list\":[1,{},[],null,true,2,{\"a\":1},\"a\\u0000b\"],\"k\\\"\\n\":null}";

static void writes_all_kinds(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	write_all_kinds(&out);
	assert_string_equal(out.data, all_kinds);
	hgt_buf_release(&out);
}

static void escapes(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} cases[] = {
		{"", 0, "\"\""}, {"\"\\/", 3, "\"\\\"\\\\/\""}, {"\n\r\t\b\f\x1b", 6, "\"\\n\\r\\t\\u0008\\u000c\\u001b\""},
		{"\x7f", 1, "\"\\u007f\""}, {"\xc2\x9b\xc2\xa0", 4, "\"\\u009b\xc2\xa0\""}, {"\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\""},
		{"a\xff\xfe" "b", 4, "\"a\xef\xbf\xbd\xef\xbf\xbd" "b\""}, {"\xc3", 1, "\"\xef\xbf\xbd\""},
		{"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_json j = HGT_JSON_INIT(&out);

		hgt_json_string_len(&j, cases[i].in, cases[i].len);
		assert_string_equal(out.data, cases[i].out);
		hgt_buf_release(&out);
	}
}

static void survives_failing_allocations(void **state)
{
	bool failed = true;

	(void)state;
	for (long n = 1; failed; n++) {
		struct hgt_buf out = HGT_BUF_INIT;

		fail_alloc_at(n);
		write_all_kinds(&out);
		failed = fail_alloc_off();
		assert_int_equal(out.failed, failed);
		if (!failed)
			assert_string_equal(out.data, all_kinds);
		hgt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_all_kinds), cmocka_unit_test(escapes), cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
