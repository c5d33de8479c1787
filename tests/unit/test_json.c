/* lib/doc/json: RFC 8259 and nothing more, with places. */
#include "doc/doc.h"
#include "tests/unit/doc_text.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

struct row {
	const char *text;
	size_t len;
	const char *told;
};

#define ROW(text, told) {(text), sizeof(text) - 1, (told)}

static void compare(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *told = doc_text_of_json(rows[i].text, rows[i].len);

		if (strcmp(told, rows[i].told) != 0)
			print_error("%s\n", rows[i].text);
		assert_string_equal(told, rows[i].told);
		free(told);
	}
}

static void good(void **state)
{
	static const struct row rows[] = {
		ROW("null", "null\n"),
		ROW(" \t\r\n true ", "true\n"),
		ROW("false", "false\n"),
		ROW("\"\"", "\"\"\n"),
		ROW("{}", "{}\n"),
		ROW("[]", "[]\n"),
		ROW("[1,-2 , 0,-0]", "[1,-2,0,0]\n"),
		ROW("[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]\n"),
		ROW("[9223372036854775808,18446744073709551615]", "[9223372036854775808,18446744073709551615]\n"),
		ROW("[18446744073709551616,-9223372036854775809]", "[18446744073709552000,-9223372036854776000]\n"),
		ROW("[1.5,1e3,1E+2,2.5e-3,1.0]", "[1.5,1000,100,0.0025,1]\n"),
		ROW("[1e-400,1e21,1e-7,123456.789]", "[0,1e+21,1e-7,123456.789]\n"),
		ROW("\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "\"a\\\"\\\\/\\u0008\\u000c\\n\\r\\tz\"\n"),
		ROW("\"\\u00e9\\u20AC\\ud83d\\ude00\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"\n"),
		ROW("\"\xc3\xa9\x7f\"", "\"\xc3\xa9\\u007f\"\n"),
		ROW("\"a\\u0000b\"", "\"a\\u0000b\"\n"),
		ROW("{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":\"e\"}", "{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":\"e\"}\n"),
		ROW("{\"<<\":{\"a\":1}}", "{\"<<\":{\"a\":1}}\n"),
		ROW("{\"a\\u0000\":1,\"a\":2}", "{\"a\\u0000\":1,\"a\":2}\n"),
	};

	(void)state;
	compare(rows, N_OF(rows));
}

static void bad(void **state)
{
	static const struct row rows[] = {
		ROW("", "1:1 syntax : the text ends where a value has to come\n"),
		ROW(" \n ", "2:2 syntax : the text ends where a value has to come\n"),
		ROW("[", "1:2 syntax : the text ends where a value has to come\n"),
		ROW("[1", "1:3 syntax : the text ends where ',' or ']' has to come\n"),
		ROW("[1,", "1:4 syntax : the text ends where a value has to come\n"),
		ROW("[1,]", "1:4 syntax : a value has to come after ','\n"),
		ROW("{\"a\":1,}", "1:8 syntax : a value has to come after ','\n"),
		ROW("[1 2]", "1:4 syntax : ',' or ']' has to come here, not '2'\n"),
		ROW("[1}", "1:3 syntax : ',' or ']' has to come here, not '}'\n"),
		ROW("]", "1:1 syntax : a value has to come here, not ']'\n"),
		ROW("{a:1}", "1:2 syntax : a key in double quotes has to come here, not 'a'\n"),
		ROW("{'a':1}", "1:2 syntax : a key in double quotes has to come here, not '''\n"),
		ROW("{\"a\"}", "1:5 syntax : ':' has to come here, not '}'\n"),
		ROW("{\"a\" \"b\"}", "1:6 syntax : ':' has to come here, not a string\n"),
		ROW("{\"a\":}", "1:6 syntax : a value has to come here, not '}'\n"),
		ROW("{1:2}", "1:2 syntax : a key in double quotes has to come here, not '1'\n"),
		ROW("[1]\n x", "2:2 syntax : the end of the text has to come here, not 'x'\n"),
		ROW("[1] // c", "1:5 syntax : the end of the text has to come here, not '/'\n"),
		ROW("1 2", "1:3 syntax : the end of the text has to come here, not '2'\n"),
		ROW("nul", "1:1 syntax : a value has to come here, not 'n'\n"),
		ROW("True", "1:1 syntax : a value has to come here, not 'T'\n"),
		ROW("[\"\xc3\xa9\xc3\xa9\", \xe2\x82\xac]", "1:8 syntax : a value has to come here, not '\xe2\x82\xac'\n"),
		ROW("\x1b[", "1:1 syntax : a value has to come here, not '\\e'\n"),
		ROW("01", "1:1 syntax : this is no number\n"),
		ROW("-", "1:1 syntax : this is no number\n"),
		ROW("1.", "1:1 syntax : this is no number\n"),
		ROW("1e", "1:1 syntax : this is no number\n"),
		ROW("+1", "1:1 syntax : a value has to come here, not '+'\n"),
		ROW(".5", "1:1 syntax : a value has to come here, not '.'\n"),
		ROW("[1e400]", "[null]\n1:2 syntax : the number is too large for a double\n"),
		ROW("\"abc", "1:1 syntax : the string that begins here is never closed\n"),
		ROW("\"abc\\", "1:1 syntax : the string that begins here is never closed\n"),
		ROW("[\n \"a\n\"]", "2:2 syntax : the string that begins here is not closed on its line\n"),
		ROW("\"a\tb\"", "1:3 syntax : control character \\u0009 within a string\n"),
		ROW("\"a\0b\"", "1:3 syntax : control character \\u0000 within a string\n"),
		ROW("\"a\\xb\"", "1:3 syntax : a backslash does not go with this character\n"),
		ROW("\"\\u12g4\"", "1:2 syntax : four hexadecimal digits have to follow \\u\n"),
		ROW("\"\\u12", "1:1 syntax : the string that begins here is never closed\n"),
		ROW("\"\\ud800\"", "1:2 syntax : half of a surrogate pair stands alone\n"),
		ROW("\"\\ud800\\ud800\"", "1:2 syntax : half of a surrogate pair stands alone\n"),
		ROW("\"x\\udc00\"", "1:3 syntax : half of a surrogate pair stands alone\n"),
		ROW("[\"a\",\n\"\xff\"]", "2:2 syntax : the text is not valid UTF-8 here\n"),
		ROW("\"\xed\xa0\x80\"", "1:2 syntax : the text is not valid UTF-8 here\n"),
		ROW("\xef\xbb\xbf{}", "1:1 syntax : the text begins with a byte order mark\n"),
	};

	(void)state;
	compare(rows, N_OF(rows));
}

static void duplicates(void **state)
{
	static const struct row rows[] = {
		ROW("{\"a\":1,\n\"a\":2}", "{\"a\":2}\n2:1 duplicate /a: duplicate key \"a\"\n"),
		ROW("{\"a\":1,\"\\u0061\":2}", "{\"a\":2}\n1:8 duplicate /a: duplicate key \"a\"\n"),
		ROW("[{\"x\":{\"a/b~c\":1,\"a/b~c\":2}}]",
			"[{\"x\":{\"a/b~c\":2}}]\n1:18 duplicate /0/x/a~1b~0c: duplicate key \"a/b~c\"\n"),
		ROW("{\"a\":1,\"a\":2,\"a\":3}",
			"{\"a\":3}\n1:8 duplicate /a: duplicate key \"a\"\n1:14 duplicate /a: duplicate key \"a\"\n"),
		ROW("{\"\\u001b[31m\":1,\"\\u001b[31m\":2}",
			"{\"\\u001b[31m\":2}\n1:17 duplicate /\x1b[31m: duplicate key \"\\e[31m\"\n"),
	};

	(void)state;
	compare(rows, N_OF(rows));
}

/* A map large enough to be hashed finds the same. */
static void duplicate_in_large_map(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_doc_set set;
	int64_t value;

	(void)state;
	hgt_buf_adds(&text, "{");
	for (int i = 0; i < 1000; i++)
		hgt_buf_addf(&text, "\"key-%d\":%d,\n", i % 999, i);
	hgt_buf_adds(&text, "\"last\":0}");
	assert_false(text.failed);
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse(text.data, text.len, &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(set.n_problems, 1);
	assert_int_equal(set.problems[0].kind, HGT_PROBLEM_DUPLICATE_KEY);
	assert_int_equal(set.problems[0].line, 1000);
	assert_int_equal(set.problems[0].end_column, 8);
	assert_string_equal(set.problems[0].hint, "remove one of the two; the first is on line 1");
	assert_true(hgt_node_get_int(set.docs[0].root, "key-0", &value));
	assert_int_equal(value, 999);
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
}

static void places(void **state)
{
	static const char text[] = "{\n  \"k\xc3\xa9y\": [10, \"\xf0\x9f\x98\x80\", null],\n\t\"o\": {\"p\": true}\n}";
	const struct hgt_node *root, *list, *item;
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse(text, sizeof(text) - 1, &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(set.n_docs, 1);
	assert_int_equal(set.docs[0].length, sizeof(text) - 1);
	root = set.docs[0].root;
	assert_int_equal(root->line, 1);
	assert_int_equal(root->column, 1);
	assert_int_equal(root->end_line, 4);
	assert_int_equal(root->end_column, 2);
	assert_int_equal(root->v.map.pairs[0].key->line, 2);
	assert_int_equal(root->v.map.pairs[0].key->column, 3);
	assert_int_equal(root->v.map.pairs[0].key->end_column, 8);
	list = root->v.map.pairs[0].value;
	assert_int_equal(list->column, 10);
	assert_int_equal(list->v.seq.items[0]->column, 11);
	assert_int_equal(list->v.seq.items[0]->end_column, 13);
	item = list->v.seq.items[1];
	assert_int_equal(item->column, 15);
	assert_int_equal(item->end_column, 18);
	assert_int_equal(list->v.seq.items[2]->column, 20);
	assert_int_equal(list->v.seq.items[2]->end_column, 24);
	assert_int_equal(hgt_node_pair(root, "o")->key->column, 2);
	assert_int_equal(hgt_node_get(hgt_node_get(root, "o"), "p")->column, 13);
	hgt_doc_set_release(&set);
}

static char *repeat(const char *piece, size_t n)
{
	struct hgt_buf out = HGT_BUF_INIT;
	char *text;

	for (size_t i = 0; i < n; i++)
		hgt_buf_adds(&out, piece);
	text = hgt_buf_take(&out);
	assert_non_null(text);
	return text;
}

static void limits(void **state)
{
	struct hgt_doc_limits small = hgt_doc_default_limits;
	struct hgt_doc_set set;
	char *deep = repeat("[", 64000);

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse(deep, 64000, &small, &set, NULL), 0);
	assert_int_equal(set.n_docs, 0);
	assert_int_equal(set.n_problems, 1);
	assert_int_equal(set.problems[0].kind, HGT_PROBLEM_DEPTH);
	assert_int_equal(set.problems[0].column, 101);
	free(deep);

	small.depth = 2;
	assert_int_equal(hgt_json_parse("[[]]", 4, &small, &set, NULL), 0);
	assert_int_equal(set.n_docs, 1);
	assert_int_equal(set.n_problems, 0);
	assert_int_equal(hgt_json_parse("[[[]]]", 6, &small, &set, NULL), 0);
	assert_int_equal(set.n_problems, 1);
	assert_string_equal(set.problems[0].pointer, "/0/0");

	small.nodes = 3;
	assert_int_equal(hgt_json_parse("[1,2]", 5, &small, &set, NULL), 0);
	assert_int_equal(set.n_docs, 1);
	assert_int_equal(hgt_json_parse("[1,2,3]", 7, &small, &set, NULL), 0);
	assert_int_equal(set.n_docs, 0);
	assert_int_equal(set.problems[0].kind, HGT_PROBLEM_LIMIT);

	small = hgt_doc_default_limits;
	small.bytes = 4;
	assert_int_equal(hgt_json_parse("[1,2]", 5, &small, &set, NULL), 0);
	assert_int_equal(set.problems[0].kind, HGT_PROBLEM_LIMIT);
	assert_string_equal(set.problems[0].message, "the text has 5 bytes, the limit is 4");

	small = hgt_doc_default_limits;
	small.memory = 1000;
	assert_int_equal(hgt_json_parse("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", 42, &small, &set, NULL), 0);
	assert_int_equal(set.n_docs, 0);
	assert_int_equal(set.problems[0].kind, HGT_PROBLEM_LIMIT);

	small = hgt_doc_default_limits;
	small.problems = 2;
	assert_int_equal(hgt_json_parse("{\"a\":1,\"a\":1,\"a\":1,\"a\":1}", 25, &small, &set, NULL), 0);
	assert_int_equal(set.n_problems, 2);
	hgt_doc_set_release(&set);
}

static void messages(void **state)
{
	struct hgt_doc_set set;
	struct hgt_error err = {0};

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message("{\"ok\":true}\n", 12, &set, &err), 0);
	assert_int_equal(hgt_node_get(set.docs[0].root, "ok")->type, HGT_NODE_BOOL);
	assert_int_equal(hgt_json_parse_message("{\"ok\":}", 7, &set, &err), HGT_EPARSE);
	assert_string_equal(err.message, "line 1, column 7: a value has to come here, not '}'");
	assert_int_equal(set.n_docs, 0);
	/* Two readers of one message must see the same: a key that comes twice is refused. */
	assert_int_equal(hgt_json_parse_message("{\"a\":1,\"a\":2}", 13, &set, &err), HGT_EPARSE);
	assert_int_equal(hgt_json_parse_message("", 0, &set, &err), HGT_EPARSE);
	hgt_doc_set_release(&set);
}

static void out_of_memory(void **state)
{
	static const char text[] = "{\"a\":[1,2.5,\"x\\n\",{}],\"a\":null,"
		"\"b\":{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":9,\"10\":0,\"11\":1,\"12\":2,\"13\":3,\"14\":4}}";
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	for (long n = 1;; n++) {
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = hgt_json_parse(text, sizeof(text) - 1, &hgt_doc_default_limits, &set, &err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
		assert_string_equal(err.message, "out of memory");
		assert_int_equal(set.n_docs + set.n_problems, 0);
		hgt_doc_set_release(&set);
	}
	assert_int_equal(set.n_docs, 1);
	assert_int_equal(set.n_problems, 1);
	hgt_doc_set_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(duplicate_in_large_map),
		cmocka_unit_test(places),
		cmocka_unit_test(limits),
		cmocka_unit_test(messages),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
