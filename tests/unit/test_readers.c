/* lib/doc/readers, lib/doc/yaml_split: what kubectl sees of a text, and where that is not what a YAML parser sees. */
#include "doc/readers.h"

#include "doc/yaml_split.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define BOM "\xef\xbb\xbf"
#define NEL "\xc2\x85"
#define LS "\xe2\x80\xa8"

/* Each piece as "line:start-end", JSON with a "j"; then "stop line:pos". */
static char *split(const char *text)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_yaml_split split;
	struct hgt_yaml_piece piece;
	char *told;

	hgt_yaml_split_init(&split, text, strlen(text));
	while (hgt_yaml_split_next(&split, &piece))
		hgt_buf_addf(&out, "%s%u:%zu-%zu%s", out.len ? " " : "", piece.line, piece.start, piece.end, piece.json ? "j" : "");
	if (split.stopped)
		hgt_buf_addf(&out, "%sstop %u:%zu%s", out.len ? " " : "", split.line, split.pos, split.bad_separator ? "" : "j");
	told = hgt_buf_take(&out);
	assert_non_null(told);
	return told;
}

static void splits(void **state)
{
	static const struct {
		const char *text, *pieces;
	} rows[] = {
		{"", ""},
		{"a: 1", "1:0-4"},
		{"a: 1\n---\nb: 2\n", "1:0-5 3:9-14"},
		/* the first line of "---" is a part of its piece, the next ones are not */
		{"---\na: 1\n", "1:0-9"},
		{"---\n---\na\n", "1:0-4 3:8-10"},
		{"a\n---", "1:0-2"},
		{"a\n--- # c\nb\n", "1:0-2 3:10-12"},
		{"a\n---# c\nb\n", "1:0-2 3:9-11"},
		{"a\n---\xc2\xa0\nb\n", "1:0-2 3:8-10"},
		{"a\n ---\nb\n", "1:0-9"},
		{"a\n...\nb\n", "1:0-8"},
		{"a\r\n---\r\nb", "1:0-3 3:8-9"},
		{"a\r---\rb", "1:0-7"},
		{BOM "---\na\n", "1:0-9"},
		/* what stands before a bad separator is lost with it */
		{"a\n---b\nc\n", "stop 2:2"},
		{"--- {a: b}\n", "stop 1:0"},
		{"----\n", "stop 1:0"},
		{"a\n---\nb\n---\n--- c\n", "1:0-2 3:6-8 stop 5:12"},
		/* JSON */
		{"{\"a\": 1}\n", "1:0-8j"},
		{"\n {\"a\": \"}\\\"\"} {}\n", "1:0-14j 2:14-17j"},
		{"{} [1, {}] \"x]\" 12 null", "1:0-2j 1:2-10j 1:10-15j 1:15-18j 1:18-23j"},
		{"{\"a\": [", "1:0-7j"},
		{"{}01-2.5e+3nulltrue-", "1:0-2j 1:2-3j 1:3-4j 1:4-11j 1:11-15j 1:15-19j 1:19-20j"},
		{"{}1.e2E3", "1:0-2j 1:2-3j 1:3-4j 1:4-5j 1:5-8j"},
		{"[1]", "1:0-3"},
		{"# c\n{}", "1:0-6"},
		{BOM "{}", "1:0-5"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		char *told = split(rows[i].text);

		if (strcmp(told, rows[i].pieces) != 0)
			print_error("%s\n", rows[i].text);
		assert_string_equal(told, rows[i].pieces);
		free(told);
	}
}

/* A piece that is no JSON is read again as YAML, from behind the blanks of its first line. */
static void falls_back_from_json(void **state)
{
	static const struct {
		const char *text;
		unsigned json;		/* so many pieces are JSON */
		const char *then;
	} rows[] = {
		{"{a: 1}\n---\nb\n", 0, "0-7 11-13"},
		{"  {a: 1}\n", 0, "2-9"},
		{" \n  {a: 1}\n", 0, "2-11"},
		{"{}\n---\nb: 1\n", 1, "3-12"},
		{"{}  \n  b: 1\n", 1, "5-12"},
		{"{}{}\n---\nb: 1\n", 2, "stop 2:5"},
		{"{}\n#\n", 1, "stop 2:3"},
		{"{} #\n", 1, "stop 1:3"},
		{"{}\n# c\n", 1, "3-7"},
		{"{}\xef\xbf\xbd and more", 1, "stop 1:2"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_yaml_split split;
		struct hgt_yaml_piece piece;
		unsigned n = 0;

		hgt_yaml_split_init(&split, rows[i].text, strlen(rows[i].text));
		assert_true(split.json);
		while (hgt_yaml_split_next(&split, &piece)) {
			if (piece.json && n++ == rows[i].json)
				hgt_yaml_split_no_json(&split, &piece);
			else if (!piece.json)
				hgt_buf_addf(&out, "%s%zu-%zu", out.len ? " " : "", piece.start, piece.end);
		}
		if (split.stopped)
			hgt_buf_addf(&out, "stop %u:%zu", split.line, split.pos);
		assert_string_equal(out.data, rows[i].then);
		hgt_buf_release(&out);
	}
}

static void plain_texts(void **state)
{
	static const char *const plain[] = {
		"", "a: 1\n", "---\na: 1\n---\nb: 2\n", "--- # c\na\n---\t# c\nb\n---  \nc\n---", "---\n---\n", "# ---x\n",
		" ---\n", " ...\n", "a%b\n",
		"a: 1\r\n---\r\nb\r\n", BOM "a: 1\n", BOM "---\na\n", "[1]\n", "a: \xe2\x80\x9cquoted\xe2\x80\x9d\n",
		"a: \xc2\xa0\n", "- -\n-- x\n",
	};
	static const char *const odd[] = {
		"{\"a\": 1}", " \n{a: 1}", "---a\n", "a\n---#\n", "--- a\n", "a\n...\n", "...", "%YAML 1.1\n---\n", "a\rb\n",
		"a\r", "a: \"" NEL "\"", "a" LS "b",
		"a" BOM "b", BOM BOM "a", "---\xc2\xa0\n", "a\n---\r", BOM "%TAG ! x\n", "\t[1]",
	};

	(void)state;
	for (size_t i = 0; i < N_OF(plain); i++)
		if (!hgt_yaml_split_is_plain(plain[i], strlen(plain[i])))
			fail_msg("%s", plain[i]);
	for (size_t i = 0; i < N_OF(odd); i++)
		if (hgt_yaml_split_is_plain(odd[i], strlen(odd[i])))
			fail_msg("%s", odd[i]);
}

/* "line:column message (hint)", or "" when the two agree. */
static char *compare_text(const char *text, bool json)
{
	struct hgt_reader_difference difference;
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_doc_set set;
	size_t len = strlen(text);
	char *told, *exact = malloc(len ? len : 1);
	const struct hgt_reader_text asked = {.text = exact, .len = len, .named_json = json};

	assert_non_null(exact);
	memcpy(exact, text, len);
	hgt_doc_set_init(&set);
	hgt_reader_difference_init(&difference);
	assert_int_equal((json ? hgt_json_parse : hgt_yaml_parse)(exact, len, &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(hgt_readers_compare(&asked, &set, &hgt_doc_default_limits, &difference, NULL), 0);
	if (difference.found) {
		assert_true(difference.hint.len > 0);
		hgt_buf_addf(&out, "%u:%u %s", difference.line, difference.column, difference.message.data);
	}
	hgt_reader_difference_release(&difference);
	hgt_doc_set_release(&set);
	free(exact);
	told = hgt_buf_take(&out);
	assert_non_null(told);
	return told;
}

struct row {
	const char *text, *told;
};

static void compare_rows(const struct row *rows, size_t n, bool json)
{
	for (size_t i = 0; i < n; i++) {
		char *told = compare_text(rows[i].text, json);

		if (strcmp(told, rows[i].told) != 0)
			print_error("%s\n", rows[i].text);
		assert_string_equal(told, rows[i].told);
		free(told);
	}
}

#define POD(name) "kind: Pod\nmetadata: {name: " name "}\n"

static void differences(void **state)
{
	static const struct row rows[] = {
		/* text on the line of the separator */
		{POD("a") "--- {kind: X}\n", "3:5 kubectl stops with an error, because text follows \"---\" on its line; "
			"a YAML parser sees a X without a name"},
		{"---\t!!map\na: 1\n", "1:5 kubectl stops with an error, because text follows \"---\" on its line; "
			"a YAML parser sees a map with the key \"a\""},
		{"a: \"x\n---y\"\n", "2:4 kubectl stops with an error, because text follows \"---\" on its line; "
			"a YAML parser takes the line for text"},
		{"%YAML 1.1\n# c\n--- {kind: X}\n", "3:5 kubectl stops with an error, because text follows \"---\" on its line; "
			"a YAML parser sees a X without a name"},
		{"a: 1\n...\n%YAML 1.1\n--- b\n", "4:5 kubectl stops with an error, because text follows \"---\" on its line; "
			"a YAML parser sees the text \"b\""},
		{"---\n--- {b: 1}\n", "2:5 kubectl stops with an error, because text follows \"---\" on its line; "
			"a YAML parser sees a map with the key \"b\""},
		{"--- &a\n---\n", "1:5 kubectl stops with an error, because text follows \"---\" on its line; a YAML parser sees null"},
		{"a: 1\n---text\nb: 2\n", "2:4 kubectl stops with an error, because text follows \"---\" on its line; "
			"a YAML parser takes the line for text"},
		/* a separator for kubectl alone */
		{"a: 1\n---#c: 2\n", "2:1 kubectl sees nothing here; a YAML parser sees the text \"---#c\""},
		{"a: \"x\n---# y\"\n", "1:4 kubectl stops with an error (the quote that begins here is never closed), "
			"because it ends the document at line 2; a YAML parser sees a map with the key \"a\""},
		{"x\n---#y\nz\n", "1:1 kubectl sees the text \"x\"; a YAML parser sees the text \"x ---#y z\""},
		{"a: 1\n---# c\nb: 2\n", "2:1 kubectl sees a map with the key \"a\", then a map with the key \"b\"; "
			"a YAML parser stops here with an error"},
		/* what stands behind the end of a document */
		{POD("a") "...\n" POD("b") "---\n- c\n",
			"4:1 kubectl sees Pod \"a\", then a list; a YAML parser stops here with an error"},
		{"[a] b\n", "1:5 kubectl sees a list; a YAML parser stops here with an error"},
		{"&a\n...\nb: 1\n", "3:1 kubectl sees nothing; a YAML parser stops here with an error"},
		{"a: 1\n...\n@\n---\nb: 2\n---\nc: 3\n---\nd: 4\n---\ne: 5\n", "3:1 kubectl sees a map with the key \"a\", "
			"then a map with the key \"b\", then a map with the key \"c\" and more; a YAML parser stops here with an error"},
		/* directives */
		{"# c\n%YAML 1.1\n---\n" POD("a"), "2:1 kubectl cuts this directive off from its document and stops with an error; "
			"a YAML parser sees Pod \"a\""},
		{"%TAG !e! tag:e,1:\n---\n{}\n", "1:1 kubectl cuts this directive off from its document and stops with an error; "
			"a YAML parser sees an empty map"},
		/* line breaks of YAML's own */
		{"a: 1\r---\r" POD("b"), "1:10 kubectl sees nothing of this document; a YAML parser sees Pod \"b\""},
		{"a: 1" NEL "---" NEL "b: 2\n",
			"1:10 kubectl sees nothing of this document; a YAML parser sees a map with the key \"b\""},
		{"a: 1\n--- # c" LS "b: 2\n", "2:9 kubectl sees nothing of this document; a YAML parser sees a map with the key \"b\""},
		{"a: |\n  x\r\r\n  y\n", "1:4 kubectl sees the text \"x\\ny\\n\"; a YAML parser sees the text \"x\\n\\ny\\n\""},
		{"a: 1 # c" NEL "b: 2\n",
			"1:10 kubectl ends the line at an invisible character (U+0085, U+2028 or U+2029) and sees the text \"b\" "
			"here; a YAML 1.2 parser reads the line on"},
		{"a: \"x " LS "  y\"\n",
			"1:4 kubectl ends the line at an invisible character (U+0085, U+2028 or U+2029) and sees the text "
			"\"x\\u{2028}y\" here; a YAML 1.2 parser reads the line on"},
		{"a: 1\n" LS "# c\n", "2:1 kubectl ends the line at an invisible character (U+0085, U+2028 or U+2029); "
			"a YAML 1.2 parser reads the line on and stops with an error"},
		/* JSON */
		{"{\"a\": \"x" NEL "y\"}\n", "1:7 kubectl reads JSON here and sees the text \"x\\u{85}y\"; "
			"a YAML parser sees the text \"x y\""},
		{"{\"a\": [1, 1e400]}\n",
			"1:11 kubectl reads JSON here and sees the number \"1e400\"; a YAML parser sees the text \"1e400\""},
		{"{\"a\": 1}\n#\n",
			"2:1 kubectl takes what follows the JSON for more JSON and stops with an error; a YAML parser reads on"},
		{"{\"a\": 1}\n{\"b\": 2}\n", "2:1 kubectl sees a map with the key \"a\", then a map with the key \"b\"; "
			"a YAML parser stops here with an error"},
		{"{\"a\": \"\\ud83d\\ude00\"}\n", "1:10 kubectl sees a map with the key \"a\"; a YAML parser stops here with an error"},
		{"\xc2\xa0{\"a\": 1}\n", "1:1 kubectl reads JSON here and sees"},
		{"{\"a\": 1}\n...\n", "2:1 kubectl stops with an error (a value cannot begin with '.'); a YAML parser sees the end"},
		/* an escape that go-yaml does not know */
		{"x: 1\na: !!str\n  # \"c\"\n  \"b\\/c\"\n", "2:4 kubectl does not know the escape \\/ in this text and stops with an error; "
			"a YAML parser takes it for \"/\""},
		{"x: 1\na: !!str \"b\\/c\"\n", "2:4 kubectl does not know the escape \\/ in this text and stops with an error; "
			"a YAML parser takes it for \"/\""},
		{"%TAG ! x\n---\na: 1\n", "1:1 kubectl cuts this directive off from its document and stops with an error; "
			"a YAML parser sees a map with the key \"a\""},
		{"{\"a\": 1}\n---\n- [\"x\", \"\\\\\\/\"]\n", "3:9 kubectl does not know the escape \\/ in this text and stops with an "
			"error; a YAML parser takes it for \"/\""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		char *told = compare_text(rows[i].text, false);

		/* how a hard space is shown is the escaper's affair */
		if (strncmp(rows[i].text, "\xc2\xa0", 2) == 0)
			assert_non_null(strstr(told, "a YAML parser sees"));
		else if (strcmp(told, rows[i].told) != 0)
			fail_msg("%s\ngives %s\nnot   %s", rows[i].text, told, rows[i].told);
		free(told);
	}
}

static void agreements(void **state)
{
	static const struct row rows[] = {
		{"---\na: 1\n--- # c\nb: 2\n---\n", ""},
		{"a: 1\n...\n", ""},
		{"a: 1\n...\n---\nb: 2\n...\n...\n# c\n", ""},
		{"a: 1\n...\n%YAML 1.1\n---\nb: 2\n", ""},
		{"a: |\n  x\n...\n---\nb: 2\n", ""},
		{BOM "---\na: 1\n---\nb: 2\n", ""},
		{BOM "--- {a: b}\n", ""},
		{"{\"a\": [1, 2.5, true, null, \"\\u00e9\"], \"b\": {}}\n", ""},
		{"{a: 1, b: [c]}\n---\n{\"d\": 2}\n", ""},
		{"{\"a\": 1}\n---\n{\"b\": 2}\n---\nc: 3\n", ""},
		{"{\"a\": 1} # comment\n", ""},
		{"a: 1\rb: 2\r", ""},
		{"a: \"x" LS "y\"\n", ""},
		{"a: 1 # c" NEL "\n# d " LS "# e\n", ""},
		{"a: \"\\L" LS "\"\n", ""},
		{"a: x" BOM "\n", ""},
		{"a: 'x\\/y'\nb: x\\/y\nc: |\n  \"\\/\"\nd: \"x\\\\/y\"\n", ""},
		{"a: \"x\ty\" # \\/\nb: 1\n", ""},
		{"a: &x \"b\"\nb: *x\nc: '\\/'\n", ""},
		{"a: ! b\"\nb: 1 # \\/\n", ""},
		{"a: ! b'\nb: 1 # \"\\/\"\n", ""},
		{"--- ~\n", "1:5 kubectl stops with an error, because text follows \"---\" on its line; a YAML parser sees null"},
		/* both stop */
		{"a: [\n", ""},
		{"a: 1\n%YAML 1.1\n---\nb: 2\n", ""},
		{"...\na: 1\n", ""},
		{"a: @\n--- text\n", ""},
		{"{\"a\": 1}: b\n", ""},
		/* of what a limit has cut nothing is said */
		{"a: &a [*a]\n--- b\n", ""},
	};

	(void)state;
	compare_rows(rows, N_OF(rows), false);
}

static void json_files(void **state)
{
	static const struct row rows[] = {
		{"{\"a\": \"x\\/y\\ud83d\\ude00\"}\n", ""},
		{"[\"\\/\"]\n", ""},
		{"{\"a\": 1}\n{\"b\": 2}\n", "2:1 kubectl sees a map with the key \"a\", then a map with the key \"b\"; "
			"a JSON parser stops here with an error"},
		{"{\"a\": 1}\n---\nb: 2\n", "2:1 kubectl sees a map with the key \"a\", then a map with the key \"b\"; "
			"a JSON parser stops here with an error"},
		{"a: 1\n", "1:1 kubectl sees a map with the key \"a\"; a JSON parser stops here with an error"},
		{"{\"a\": [}", ""},
	};
	struct hgt_buf text = HGT_BUF_INIT;
	char *told;

	(void)state;
	compare_rows(rows, N_OF(rows), true);
	/* Past 4096 blanks kubectl does not look for JSON any more. */
	for (int i = 0; i < 4096; i++)
		hgt_buf_addc(&text, '\n');
	hgt_buf_adds(&text, "{\"a\": \"\\ud83d\\ude00\"}");
	told = compare_text(text.data, true);
	assert_string_equal(told, "4097:10 kubectl stops with an error (this escape is no Unicode character); "
		"a JSON parser sees a map with the key \"a\"");
	free(told);
	told = compare_text(text.data + 1, true);
	assert_string_equal(told, "");
	free(told);
	hgt_buf_release(&text);
}

static void add_value(void *ctx, const struct hgt_node *where, const char *pointer, const char *message, const char *hint)
{
	assert_non_null(pointer);
	assert_true(strlen(hint) > 0);
	hgt_buf_addf(ctx, "%u:%u %s %.24s\n", where->line, where->column, pointer, message);
}

static void values(void **state)
{
	static const struct row rows[] = {
		{"a: [1, {b: .nan}]\nc: -.inf\nd: .Nan\n", "1:12 /a/1/b kubectl refuses what is \n2:4 /c kubectl refuses what is \n"},
		{"~: 1\n\"~\": 2\n", "1:1 /~0 kubectl refuses a key th\n"},
		{"18446744073709551615: 1\n9223372036854775807: 2\n18446744073709551616: 3\n",
			"1:1 /18446744073709551615 kubectl refuses a key th\n3:1 /18446744073709551616 kubectl reads this key a\n"},
		{"on: 1\na: {y: 2, No: 3}\n", "1:1 /on kubectl reads this key a\n2:5 /a/y kubectl reads this key a\n2:11 /a/No kubectl reads this key a\n"},
		{"\"on\": 1\ntrue: 2\nfalse: 3\non2: 4\n'n': 5\n", ""},
		{"1.50: a\n0x10: b\n1_000: c\n0644: d\n1e3: e\n", "1:1 /1.50 kubectl reads this key a\n2:1 /0x10 kubectl reads this key a\n"
			"3:1 /1_000 kubectl reads this key a\n4:1 /0644 kubectl reads this key a\n5:1 /1e3 kubectl reads this key a\n"},
		{"1: a\n1.5: b\n-3: c\n1.2.3: d\n0: e\n", ""},
		{"b: &b {x: 1}\nc:\n  x: 2\n  <<: *b\n", "3:3 /c/x kubectl takes the value \n"},
		{"b: &b {x: 1}\nc:\n  <<: *b\n  x: 2\nd: {z: 1, <<: *b}\n", ""},
		{"b: &b {1: x}\nc: {<<: *b, \"1\": z}\n", "2:13 /c/1 kubectl takes the value \n"},
		{"b: &b {1: x}\nc: {<<: *b, 0x1: z}\n", "2:13 /c/0x1 kubectl reads this key a\n"},
		{"b: &b {x: 1}\nc: {\"<<\": *b}\nd: {<<: *b}\ne: <<\n", "2:5 /c/<< kubectl takes this \"<<\" \n"},
		{"a: {<<: {b: .inf, ~: 1}}\n", "1:13 /a/b kubectl refuses what is \n1:19 /a/~0 kubectl refuses a key th\n"},
		{"a: &a {b: .inf}\nc: *a\nd: {<<: *a}\n", "1:11 /a/b kubectl refuses what is \n"},
		{"a: !!binary /w==\nb: !!binary aGk=\n", "1:4 /a kubectl puts U+FFFD in t\n"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_doc_set set;

		hgt_doc_set_init(&set);
		assert_int_equal(hgt_yaml_parse(rows[i].text, strlen(rows[i].text), &hgt_doc_default_limits, &set, NULL), 0);
		assert_int_equal(set.n_docs, 1);
		hgt_readers_judge_values(set.docs[0].root, add_value, &out);
		assert_string_equal(out.data, rows[i].told);
		hgt_buf_release(&out);
		hgt_doc_set_release(&set);
	}
	hgt_readers_judge_values(NULL, add_value, NULL);
}

static void out_of_memory(void **state)
{
	static const char text[] = "a: {kind: X}\r\n---\r\nb: 2\r\n...\n" LS "---\nc: \"\\\\\"\n";
	const struct hgt_reader_text asked = {.text = text, .len = sizeof(text) - 1};
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_yaml_parse(text, sizeof(text) - 1, &hgt_doc_default_limits, &set, NULL), 0);
	for (long n = 1;; n++) {
		struct hgt_reader_difference difference;
		struct hgt_error err = {0};
		int code;

		hgt_reader_difference_init(&difference);
		fail_alloc_at(n);
		code = hgt_readers_compare(&asked, &set, &hgt_doc_default_limits, &difference, &err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			assert_true(difference.found);
			hgt_reader_difference_release(&difference);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
		assert_string_equal(err.message, "out of memory");
		hgt_reader_difference_release(&difference);
	}
	hgt_doc_set_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits),
		cmocka_unit_test(falls_back_from_json),
		cmocka_unit_test(plain_texts),
		cmocka_unit_test(differences),
		cmocka_unit_test(agreements),
		cmocka_unit_test(json_files),
		cmocka_unit_test(values),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
