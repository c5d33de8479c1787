/* lib/doc/yaml: YAML as Kubernetes reads it, and what is told of what it does not. */
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
		char *told = doc_text_of_yaml(rows[i].text, rows[i].len);

		if (strcmp(told, rows[i].told) != 0)
			print_error("%s\n", rows[i].text);
		assert_string_equal(told, rows[i].told);
		free(told);
	}
}

static struct hgt_doc_set parse(const char *text)
{
	struct hgt_doc_set set;

	hgt_doc_set_init(&set);
	assert_int_equal(hgt_yaml_parse(text, strlen(text), &hgt_doc_default_limits, &set, NULL), 0);
	return set;
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

/* As sigs.k8s.io/yaml 1.4 reads them. */
static void scalars(void **state)
{
	static const struct {
		const char *yaml, *json;
	} rows[] = {
		{"y", "true"}, {"Y", "true"}, {"yes", "true"}, {"Yes", "true"}, {"YES", "true"}, {"yEs", "\"yEs\""},
		{"on", "true"}, {"On", "true"}, {"ON", "true"}, {"true", "true"}, {"True", "true"}, {"TRUE", "true"},
		{"n", "false"}, {"N", "false"}, {"no", "false"}, {"No", "false"}, {"NO", "false"}, {"off", "false"},
		{"Off", "false"}, {"OFF", "false"}, {"false", "false"}, {"False", "false"}, {"FALSE", "false"},
		{"", "null"}, {"~", "null"}, {"null", "null"}, {"Null", "null"}, {"NULL", "null"}, {"nULL", "\"nULL\""},
		{"0", "0"}, {"-0", "0"}, {"+1", "1"}, {"-12", "-12"}, {"1_000", "1000"}, {"1_", "1"}, {"_1", "\"_1\""},
		{"0777", "511"}, {"-010", "-8"}, {"0o17", "15"}, {"0O17", "15"}, {"0x1F", "31"}, {"-0xff", "-255"},
		{"0b101", "5"}, {"0B1", "1"}, {"0b-1", "-1"}, {"0b+1", "1"}, {"-0b1", "-1"}, {"08", "8"}, {"0o8", "\"0o8\""},
		{"0x", "\"0x\""}, {"0b", "\"0b\""}, {"-", "[null]"}, {"+", "\"+\""}, {"--1", "\"--1\""},
		{"9223372036854775807", "9223372036854775807"}, {"9223372036854775808", "9223372036854775808"},
		{"18446744073709551615", "18446744073709551615"}, {"18446744073709551616", "18446744073709552000"},
		{"-9223372036854775808", "-9223372036854775808"}, {"-9223372036854775809", "-9223372036854776000"},
		{"+9223372036854775808", "9223372036854776000"}, {"0xFFFFFFFFFFFFFFFF", "18446744073709551615"},
		{"0x10000000000000000", "\"0x10000000000000000\""},
		{"1.5", "1.5"}, {"1.", "1"}, {".5", "0.5"}, {"-.5", "-0.5"}, {"1e3", "1000"}, {"1E-2", "0.01"},
		{"1_0.5", "10.5"}, {".1_2", "0.12"}, {".1__2", "\".1__2\""}, {"._1", "\"._1\""}, {"1e400", "\"1e400\""},
		{"1.2.3", "\"1.2.3\""}, {"1:30", "\"1:30\""}, {"0x1p4", "\"0x1p4\""}, {"1e", "\"1e\""}, {".", "\".\""},
		{".inf", "null"}, {"-.Inf", "null"}, {"+.INF", "null"}, {".NaN", "null"}, {".Nan", "\".Nan\""},
		{"2001-01-01", "\"2001-01-01\""}, {"2001-12-14t21:59:43.10-05:00", "\"2001-12-14t21:59:43.10-05:00\""},
		{"\"yes\"", "\"yes\""}, {"'12'", "\"12\""}, {"\"\"", "\"\""}, {"|\n  12", "\"12\\n\""}, {">-\n  yes\n  no", "\"yes no\""},
		{"=", "\"=\""}, {"<<", "\"<<\""}, {"a b", "\"a b\""}, {"http://x:80/", "\"http://x:80/\""},
		{"!!str 12", "\"12\""}, {"!!str", "\"\""}, {"!!int \"12\"", "12"}, {"!!int 0x1F", "31"}, {"!!float 1", "1"},
		{"!!float 1.5", "1.5"}, {"!!bool \"yes\"", "true"}, {"!!null \"\"", "null"}, {"!!null ~", "null"},
		{"!!binary aGVs\\\n", NULL}, {"!!binary aGVsbG8=", "\"hello\""}, {"!!binary |\n  aGVs\n  bG8=", "\"hello\""},
		{"!!timestamp 2001-1-2", "\"2001-1-2\""}, {"!!timestamp 2004-02-29", "\"2004-02-29\""},
		{"!!timestamp 2001-1-2t3:4:5.6-07:00", "\"2001-1-2t3:4:5.6-07:00\""}, {"!!timestamp 2001-1-2  3:4:5", "\"2001-1-2  3:4:5\""},
		{"!!timestamp 2001-2-29", NULL}, {"!!timestamp 2001-1-2T3:4:5", NULL}, {"!!timestamp 2001-1-2 3:4:5Z", NULL},
		{"!!timestamp 2001-1-2T24:00:00Z", NULL}, {"!!timestamp 2001-1-2T3:4:5+7:00", NULL}, {"!!timestamp 2001-001-2", NULL},
		{"!!timestamp 2001-1-2x", NULL}, {"! 12", "\"12\""}, {"!vault 12", "\"12\""}, {"!Ref yes", "\"yes\""},
		{"!!int 1.5", NULL}, {"!!int x", NULL}, {"!!bool 1", NULL}, {"!!null x", NULL}, {"!!float x", NULL},
		{"!!float 18446744073709551615", NULL}, {"!!timestamp x", NULL}, {"!!binary a", NULL}, {"!!binary \"a=b=\"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct hgt_buf text = HGT_BUF_INIT, wanted = HGT_BUF_INIT;
		char *told;

		hgt_buf_addf(&text, "- %s\n", rows[i].yaml);
		told = doc_text_of_yaml(text.data, text.len);
		if (rows[i].json)
			hgt_buf_addf(&wanted, "[%s]\n", rows[i].json);
		else
			hgt_buf_addf(&wanted, "1:3 syntax /0: ");
		if (rows[i].json ? strcmp(told, wanted.data) != 0 : strncmp(told, wanted.data, wanted.len) != 0)
			fail_msg("%s gives %s", rows[i].yaml, told);
		free(told);
		hgt_buf_release(&text);
		hgt_buf_release(&wanted);
	}
}

static void documents(void **state)
{
	static const struct row rows[] = {
		ROW("", ""),
		ROW("\n\n# nothing\n", ""),
		ROW("---\n", "-\n"),
		ROW("---\n# a\n---\n# b\n", "-\n-\n"),
		ROW("a: 1\n---\nb: 2\n...\n---\nc: 3\n", "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"),
		ROW("--- ~\n--- !!str\n---\n''\n", "null\n\"\"\n\"\"\n"),
		ROW("\xef\xbb\xbf" "a: 1\nb: 2\n", "{\"a\":1,\"b\":2}\n"),
		ROW("a: 1\r\nb: |\r\n  x\r\n  y\r\n", "{\"a\":1,\"b\":\"x\\ny\\n\"}\n"),
		ROW("%YAML 1.1\n---\na: 1\n", "{\"a\":1}\n"),
		ROW("{\"a\": [1, {\"b\": null}], 'c': d}", "{\"a\":[1,{\"b\":null}],\"c\":\"d\"}\n"),
		ROW("? a\n: 1\n? b\n", "{\"a\":1,\"b\":null}\n"),
		ROW("1: a\ntrue: b\n~: c\n1.5: d\n", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\",\"1.5\":\"d\"}\n"),
		ROW("a:\n- 1\n-\n  - 2\n- b: 3\n  c: 4\n", "{\"a\":[1,[2],{\"b\":3,\"c\":4}]}\n"),
		ROW("a: \"\\0\\x41\\u00e9\\U0001F600\"\n", "{\"a\":\"\\u0000A\xc3\xa9\xf0\x9f\x98\x80\"}\n"),
		ROW("a: plain\n  text # c\nb: x#y\n", "{\"a\":\"plain text\",\"b\":\"x#y\"}\n"),
		ROW("\xc3\xa9: \xe2\x82\xac\n", "{\"\xc3\xa9\":\"\xe2\x82\xac\"}\n"),
	};

	(void)state;
	compare(rows, N_OF(rows));
}

static void document_places(void **state)
{
	static const char text[] = "# \xc3\xa9\na: 1\n---\n\nb: \xc3\xa9\n---\nc: [\n--- \nd: 1\n";
	struct hgt_doc_set set = parse(text);

	(void)state;
	assert_int_equal(set.n_docs, 3);
	assert_int_equal(set.n_problems, 1);
	assert_int_equal(set.docs[0].line, 2);
	assert_int_equal(set.docs[0].offset, 5);
	assert_int_equal(set.docs[0].length, 5);
	assert_int_equal(set.docs[1].line, 3);
	assert_int_equal(set.docs[1].offset, 10);
	assert_int_equal(set.docs[1].length, 11);
	assert_int_equal(set.docs[2].line, 8);
	assert_int_equal(set.docs[2].offset, 30);
	assert_int_equal(set.docs[2].length, strlen(text) - 30);
	assert_int_equal(set.docs[2].root->line, 9);
	hgt_doc_set_release(&set);
}

/* line, column, end line, end column */
struct place {
	uint32_t at[4];
};

static void assert_place(const struct hgt_node *node, struct place p)
{
	assert_non_null(node);
	assert_int_equal(node->line, p.at[0]);
	assert_int_equal(node->column, p.at[1]);
	assert_int_equal(node->end_line, p.at[2]);
	assert_int_equal(node->end_column, p.at[3]);
}

static void places(void **state)
{
	struct hgt_doc_set set = parse(
		"map:\n"
		"  \xc3\xa9\xf0\x9f\x98\x80: \"\xc3\xa9\xc3\xa9\"  # c\n"
		"  list: [a, {b: c}]\n"
		"\n"
		"empty:\n"
		"block: |\n"
		"  x\n"
		"  y\n"
		"anchor: &a {k: v}\n"
		"alias: *a\n"
		"items:\n"
		"- one\n"
		"- two\n"
		"  lines\n");
	const struct hgt_node *root = set.docs[0].root, *map, *list, *alias;

	(void)state;
	assert_int_equal(set.n_problems, 0);
	assert_place(root, (struct place){{1, 1, 14, 8}});
	map = hgt_node_get(root, "map");
	assert_place(hgt_node_pair(root, "map")->key, (struct place){{1, 1, 1, 4}});
	assert_place(map, (struct place){{2, 3, 3, 20}});
	assert_place(map->v.map.pairs[0].key, (struct place){{2, 3, 2, 5}});
	assert_place(map->v.map.pairs[0].value, (struct place){{2, 7, 2, 11}});
	list = hgt_node_get(map, "list");
	assert_place(list, (struct place){{3, 9, 3, 20}});
	assert_place(list->v.seq.items[0], (struct place){{3, 10, 3, 11}});
	assert_place(list->v.seq.items[1], (struct place){{3, 13, 3, 19}});
	assert_place(hgt_node_get(root, "empty"), (struct place){{5, 7, 5, 7}});
	assert_place(hgt_node_get(root, "block"), (struct place){{6, 8, 9, 1}});
	assert_true(hgt_node_get(root, "block")->quoted);
	assert_place(hgt_node_get(root, "anchor"), (struct place){{9, 9, 9, 18}});
	assert_false(hgt_node_get(root, "anchor")->aliased);
	alias = hgt_node_get(root, "alias");
	assert_place(alias, (struct place){{10, 8, 10, 10}});
	assert_true(alias->aliased);
	assert_place(hgt_node_get(alias, "k"), (struct place){{9, 16, 9, 17}});
	assert_place(hgt_node_get(root, "items")->v.seq.items[1], (struct place){{13, 3, 14, 8}});
	hgt_doc_set_release(&set);
}

/* YAML 1.1 breaks lines at CR, U+0085, U+2028 and U+2029 too; a place counts lines as everybody else does. */
static void places_with_odd_breaks(void **state)
{
	struct hgt_doc_set set = parse("a: \"x\xe2\x80\xa8y\"\nb: 1\rc: 2\xc2\x85" "d: 3\ne: 4\n---\nf: 5\n");
	const struct hgt_node *root;

	(void)state;
	assert_int_equal(set.n_problems, 0);
	assert_int_equal(set.n_docs, 2);
	root = set.docs[0].root;
	assert_place(hgt_node_get(root, "a"), (struct place){{1, 4, 1, 9}});
	assert_place(hgt_node_get(root, "b"), (struct place){{2, 4, 2, 5}});
	assert_place(hgt_node_get(root, "c"), (struct place){{2, 9, 2, 10}});
	assert_place(hgt_node_get(root, "d"), (struct place){{2, 14, 2, 15}});
	assert_place(hgt_node_get(root, "e"), (struct place){{3, 4, 3, 5}});
	assert_int_equal(set.docs[1].line, 4);
	assert_place(hgt_node_get(set.docs[1].root, "f"), (struct place){{5, 4, 5, 5}});
	hgt_doc_set_release(&set);

	/* Nor does a text without a line break at its end have one line more. */
	set = parse("k:");
	assert_place(hgt_node_get(set.docs[0].root, "k"), (struct place){{1, 3, 1, 3}});
	hgt_doc_set_release(&set);
	set = parse("? \xc3\xa9");
	assert_place(hgt_node_get(set.docs[0].root, "\xc3\xa9"), (struct place){{1, 4, 1, 4}});
	hgt_doc_set_release(&set);
}

static void anchors(void **state)
{
	static const struct row rows[] = {
		ROW("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "{\"a\":1,\"b\":1,\"c\":2,\"d\":2}\n"),
		ROW("- &k key\n- *k : 1\n", "[\"key\",{\"key\":1}]\n"),
		ROW("- &l [1, &m {a: b}]\n- *l\n- *m\n", "[[1,{\"a\":\"b\"}],[1,{\"a\":\"b\"}],{\"a\":\"b\"}]\n"),
		ROW("a: &x\nb: *x\n", "{\"a\":null,\"b\":null}\n"),
		ROW("a: &x 1\n---\nb: *x\n", "{\"a\":1}\n3:4 syntax /b: there is no anchor \"x\"\n"),
		ROW("a: *x\nb: &x 1\n", "1:4 syntax /a: there is no anchor \"x\"\n"),
		ROW("a: &x [1, *x]\n", "1:11 bomb /a/1: the alias stands within its own anchor \"x\"\n"),
		ROW("a: &x 1\nb: &x {c: {d: *x}}\n---\ng: 1\n",
			"{\"g\":1}\n2:15 bomb /b/c/d: the alias stands within its own anchor \"x\"\n"),
		ROW("a: &x [1]\n? *x\n: 2\n", "2:3 syntax : a key must be a string, this one is a list\n"),
		ROW("b:\n  ? [1]\n  : 2\n", "2:5 syntax /b: a key must be a string, this one is a list\n"),
		ROW("{{a: b}: c}", "1:2 syntax : a key must be a string, this one is a map\n"),
	};

	(void)state;
	compare(rows, N_OF(rows));
}

static void merges(void **state)
{
	static const struct row rows[] = {
		ROW("a: &a {x: 1, k: 2}\nb:\n  <<: *a\n  k: 3\n", "{\"a\":{\"x\":1,\"k\":2},\"b\":{\"k\":3,\"x\":1}}\n"),
		ROW("<<: {x: 1}\nz: 2\n", "{\"z\":2,\"x\":1}\n"),
		ROW("- &a {x: 1, k: 1}\n- &b {x: 2, z: 2}\n- {<<: [*a, *b, {w: 4}]}\n",
			"[{\"x\":1,\"k\":1},{\"x\":2,\"z\":2},{\"x\":1,\"k\":1,\"z\":2,\"w\":4}]\n"),
		ROW("- &a {x: 1}\n- &b {<<: *a, k: 2}\n- {<<: *b}\n", "[{\"x\":1},{\"k\":2,\"x\":1},{\"k\":2,\"x\":1}]\n"),
		ROW("<<: []\na: 1\n", "{\"a\":1}\n"),
		ROW("\"<<\": {x: 1}\n", "{\"<<\":{\"x\":1}}\n"),
		ROW("!!str <<: {x: 1}\n", "{\"<<\":{\"x\":1}}\n"),
		ROW("!!merge <<: {x: 1}\n", "{\"x\":1}\n"),
		ROW("[<<]", "[\"<<\"]\n"),
		ROW("<<: 3\n", "1:5 syntax /<<: what \"<<\" brings in must be a map or a list of maps, not integer\n"),
		ROW("<<:\n", "1:4 syntax /<<: what \"<<\" brings in must be a map or a list of maps, not null\n"),
		ROW("a: {<<: [{x: 1}, w]}\n",
			"1:18 syntax /a/<<: what \"<<\" brings in must be a map or a list of maps, not string\n"),
		ROW("a: &a [{x: 1}]\nb: {<<: *a}\n",
			"2:9 syntax /b/<<: what \"<<\" brings in must be a map or a list of maps, not array\n"),
		ROW("<<: {x: 1}\n<<: {k: 1}\n", "{\"x\":1,\"k\":1}\n2:1 duplicate /<<: duplicate key \"<<\"\n"),
	};
	struct hgt_doc_set set = parse("a: &a {x: 1, k: 2}\nb:\n  x: 3\n  <<: *a\n  k: 4\n");
	const struct hgt_node *b = hgt_node_get(set.docs[0].root, "b");

	(void)state;
	compare(rows, N_OF(rows));
	/* go-yaml lets `<<` replace what stands before it. */
	assert_true(hgt_node_pair(b, "x")->disputed);
	assert_false(hgt_node_pair(b, "k")->disputed);
	assert_int_equal(b->v.map.n, 2);
	hgt_doc_set_release(&set);
}

static void duplicates(void **state)
{
	static const struct row rows[] = {
		ROW("a: 1\nb: 2\na: 3\n", "{\"b\":2,\"a\":3}\n3:1 duplicate /a: duplicate key \"a\"\n"),
		ROW("x:\n- z: {k: 1, k: 2}\n", "{\"x\":[{\"z\":{\"k\":2}}]}\n2:13 duplicate /x/0/z/k: duplicate key \"k\"\n"),
		ROW("a: 1\n\"a\": 2\n", "{\"a\":2}\n2:1 duplicate /a: duplicate key \"a\"\n"),
		ROW("yes: 1\ntrue: 2\n", "{\"true\":2}\n2:1 duplicate /true: duplicate key \"true\"\n"),
		ROW("8: 1\n010: 2\n\"8\": 3\n",
			"{\"8\":3}\n2:1 duplicate /010: duplicate key \"010\"\n3:1 duplicate /8: duplicate key \"8\"\n"),
		ROW("a: {b: 1, b: 2}\na: 1\n",
			"{\"a\":1}\n1:11 duplicate /a/b: duplicate key \"b\"\n2:1 duplicate /a: duplicate key \"a\"\n"),
		ROW("\"\\e[2J\": 1\n\"\\e[2J\": 2\n", "{\"\\u001b[2J\":2}\n2:1 duplicate /\x1b[2J: duplicate key \"\\e[2J\"\n"),
	};
	struct hgt_doc_set set = parse("a: 1\nb: 2\nkey: 3\n\nkey: 4\n");

	(void)state;
	compare(rows, N_OF(rows));
	assert_int_equal(set.n_problems, 1);
	assert_int_equal(set.problems[0].end_column, 4);
	assert_string_equal(set.problems[0].hint, "remove one of the two; the first is on line 3");
	assert_true(set.docs[0].root->v.map.pairs[2].overridden);
	assert_int_equal(set.docs[0].root->v.map.n, 4);
	hgt_doc_set_release(&set);
}

/* What is wrong, said in our words, at the place of the real culprit. */
static void complaints(void **state)
{
	static const struct row rows[] = {
		ROW("a: b: c", "1:5 syntax : a second ': ' on one line makes no sense here\n"),
		ROW("cmd: echo a: b", "1:12 syntax : a second ': ' on one line makes no sense here\n"),
		ROW("a: 1\n b: 2", "2:2 syntax : this key is indented as a part of the value on line 1\n"),
		ROW("a: 1\n\n\n b: 2", "4:2 syntax : this key is indented as a part of the value on line 1\n"),
		ROW("a:b\nc: d", "1:1 syntax : \"a:b\" is a string, not a key with a value\n"),
		ROW("a: 1\nb:c\nd: 1", "2:1 syntax : \"b:c\" is a string, not a key with a value\n"),
		ROW("--- a: 1", "1:6 syntax : a map cannot begin on the line of \"---\"\n"),
		ROW("a: 1\nfoo bar\nb: 2", "2:1 syntax : \"foo bar\" is not followed by ':'\n"),
		ROW("a: 1\nfoo", "2:1 syntax : \"foo\" is not followed by ':'\n"),
		ROW("a:\n- b\n-c\n- d", "3:1 syntax : \"-c\" is no item of a list\n"),
		ROW("a:\n  b: 1\n c: 2", "3:2 syntax : the indentation fits no map: the one of line 1 begins in column 1\n"),
		ROW("a: 1\n- b", "2:1 syntax : a list item where a key of the map of line 1 has to come\n"),
		ROW("- a: 1\n b: 2", "2:2 syntax : this line belongs neither to the list of line 1 nor to the item above\n"),
		ROW("a: - b", "1:4 syntax : a list cannot begin on the line of its key\n"),
		ROW("a: \"x\" y", "1:8 syntax : there is text after the closing quote\n"),
		ROW("a: 'it's'", "1:8 syntax : there is text after the closing quote\n"),
		ROW("a: [x] y", "1:8 syntax : there is text after the closing ']'\n"),
		ROW("a: 1\n}\nb: 2", "2:1 syntax : this '}' closes nothing\n"),
		ROW("x: 1\na: \"x\nb: 2\n", "2:4 syntax : the quote that begins here is never closed\n"),
		ROW("a: 'x", "1:4 syntax : the quote that begins here is never closed\n"),
		ROW("a: [1, 2\nb: 3", "1:4 syntax : the '[' that begins here is not closed\n"),
		ROW("a: [1, 2", "1:4 syntax : the '[' that begins here is not closed\n"),
		ROW("a: [", "1:4 syntax : the bracket that begins here is not closed\n"),
		ROW("a: {x: 1\nb: 3", "1:4 syntax : the '{' that begins here is not closed\n"),
		ROW("a: [1, 2}", "1:9 syntax : '}' cannot close the '['\n"),
		ROW("a: {x: 1 y: 2}", "1:11 syntax : a ',' is missing here, or the '{' is not closed\n"),
		ROW("a: ]", "1:4 syntax : a value cannot begin with ']'\n"),
		ROW("a: @x", "1:4 syntax : a value cannot begin with '@'\n"),
		ROW("a: `x`", "1:4 syntax : a value cannot begin with '`'\n"),
		ROW("a: %x", "1:4 syntax : a value cannot begin with '%'\n"),
		ROW("a:\n\tb: 1", "2:1 syntax : a tab cannot indent YAML\n"),
		ROW("a: 1\n\tb: 2", "2:1 syntax : a tab cannot indent YAML\n"),
		ROW("a: |\n\tx", "2:1 syntax : a tab cannot indent YAML\n"),
		ROW("a: \"\\q\"", "1:5 syntax : a backslash does not go with this character\n"),
		ROW("a: \"\\ud800\"", "1:7 syntax : this escape is no Unicode character\n"),
		ROW("a: &\n", "1:5 syntax : '&' begins an anchor and '*' an alias: "
			"a name of letters, digits, '-' and '_' has to follow\n"),
		ROW("a: !x!y z", "1:4 syntax : the tag's prefix is not declared\n"),
		ROW("a: b\n...\nc: d\n", "{\"a\":\"b\"}\n3:1 syntax : the document ends before this line\n"),
		ROW("a: 1\n<<<<<<< HEAD\nb: 1\n=======\n", "2:1 syntax : a merge conflict marker is left in the file\n"),
		ROW("<<<<<<< HEAD\nb: 1\n", "1:1 syntax : a merge conflict marker is left in the file\n"),
		ROW("%YAML 3.0\n---\na: 1\n", "{\"a\":1}\n1:1 syntax : this version of YAML is not known\n"),
		ROW("a: {x?: 1}", "1:5 syntax /a: unquoted text within brackets cannot have a '?'\n"),
		ROW("a: [!x, y]", "1:5 syntax /a/0: a ',' follows the tag\n"),
		ROW("a: !!int x", "1:4 syntax /a: \"x\" cannot be read as !!int\n"),
		ROW("a: !<x\n", "1:7 syntax : while scanning a tag, libyaml did not find the expected '>'\n"),
	};

	(void)state;
	compare(rows, N_OF(rows));
}

static void hints(void **state)
{
	static const struct {
		const char *text, *hint;
	} rows[] = {
		{"a: {{ .Values.x }}\n", "this looks like a template"},
		{"{{- if .x }}\na: 1\n{{- end }}\n", "this looks like a template"},
		{"a: b: {% x %}\n", "this looks like a template"},
		{"a: [1, 2}\n", "the '[' stands on line 1, column 4"},
		{"a: 'x\n", "add the closing '"},
		{"a: *x\n", "an alias *name comes after its anchor"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct hgt_doc_set set = parse(rows[i].text);

		assert_true(set.n_problems >= 1);
		assert_non_null(set.problems[0].hint);
		if (!strstr(set.problems[0].hint, rows[i].hint))
			fail_msg("%s: %s", rows[i].text, set.problems[0].hint);
		hgt_doc_set_release(&set);
	}
}

/* After trouble the next document is read, with the right lines. */
static void going_on(void **state)
{
	static const struct row rows[] = {
		ROW("a: [\n---\nb: 1\n---\nc: @\n---\nd: 2\n", "{\"b\":1}\n{\"d\":2}\n"
			"1:4 syntax : the bracket that begins here is not closed\n5:4 syntax : a value cannot begin with '@'\n"),
		ROW("a: \"\n---\nb: *x\n---\n\nc: {d: 1, d: 2}\n", "{\"c\":{\"d\":2}}\n"
			"1:4 syntax : the quote that begins here is never closed\n3:4 syntax /b: there is no anchor \"x\"\n"
			"6:11 duplicate /c/d: duplicate key \"d\"\n"),
		ROW("a: 1\n---\nb: \xff\n---\nc: 3\n",
			"{\"a\":1}\n{\"c\":3}\n3:4 syntax : the byte 0xff is not valid UTF-8 here\n"),
		ROW("a: \xc3\xa9\xc3\n---\nb: \x01\n---\nc: @\n", "1:5 syntax : the byte 0xc3 is not valid UTF-8 here\n"
			"3:4 syntax : the control character U+0001 is not allowed\n5:4 syntax : a value cannot begin with '@'\n"),
		ROW("a: [\n---x\n---\nb: 1\n", "{\"b\":1}\n1:4 syntax : the '[' that begins here is not closed\n"),
		ROW("--- @\n--- @\n---\nx: 1\n", "{\"x\":1}\n1:5 syntax : a value cannot begin with '@'\n"
			"2:5 syntax : a value cannot begin with '@'\n"),
		ROW("a: \xc3\xa9 @\nb: @\n---\nc: 1\n", "{\"c\":1}\n2:4 syntax : a value cannot begin with '@'\n"),
	};

	(void)state;
	compare(rows, N_OF(rows));
}

static void bad_bytes(void **state)
{
	static const struct row rows[] = {
		ROW("a: \x80", "1:4 syntax : the byte 0x80 is not valid UTF-8 here\n"),
		ROW("a: \xed\xa0\x80", "1:4 syntax : the byte 0xed is not valid UTF-8 here\n"),
		ROW("a: \xf0\x9f", "1:4 syntax : the byte 0xf0 is not valid UTF-8 here\n"),
		ROW("a: x\0y", "1:5 syntax : a NUL byte: this is no text\n"),
		ROW("a: \x1b[31m", "1:4 syntax : the control character U+001B is not allowed\n"),
		ROW("a: \x7f", "1:4 syntax : the control character U+007F is not allowed\n"),
		ROW("a: \xc2\x9b", "1:4 syntax : the control character U+009B is not allowed\n"),
		ROW("a: \xef\xbf\xbf", "1:4 syntax : the control character U+FFFF is not allowed\n"),
		ROW("\xff\xfe" "a\0:\0", "1:1 syntax : the text is UTF-16, not UTF-8\n"),
		ROW("\xfe\xff\0a\0:", "1:1 syntax : the text is UTF-16, not UTF-8\n"),
		ROW("a\0:\0", "1:2 syntax : a NUL byte: this is no text\n"),
		ROW("a: 1\n\xef\xbb\xbf" "b: 2\n", "2:1 syntax : an invisible byte order mark (U+FEFF) begins the line; "
			"kubectl takes it for text, a YAML parser skips it\n"),
		ROW("a: x\xef\xbb\xbf\n", "{\"a\":\"x\xef\xbb\xbf\"}\n"),
	};

	(void)state;
	compare(rows, N_OF(rows));
}

static void depth(void **state)
{
	static const char *const pieces[] = {"[", "{a: ", "- ", "[\n", "? "};
	struct hgt_doc_limits small = hgt_doc_default_limits;
	struct hgt_doc_set set;

	(void)state;
	for (size_t i = 0; i < N_OF(pieces); i++) {
		char *text = repeat(pieces[i], 64000);

		set = parse(text);
		assert_int_equal(set.n_docs, 0);
		assert_int_equal(set.n_problems, 1);
		assert_int_equal(set.problems[0].kind, pieces[i][0] == '?' ? HGT_PROBLEM_SYNTAX : HGT_PROBLEM_DEPTH);
		hgt_doc_set_release(&set);
		free(text);
	}
	/* With aliases followed: four deep where the text is two. */
	small.depth = 3;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_yaml_parse("- &a [[1]]\n- *a\n", 16, &small, &set, NULL), 0);
	assert_int_equal(set.n_problems, 0);
	assert_int_equal(hgt_yaml_parse("- &a [[1]]\n- [*a]\n", 18, &small, &set, NULL), 0);
	assert_int_equal(set.n_problems, 1);
	assert_int_equal(set.problems[0].kind, HGT_PROBLEM_DEPTH);
	assert_int_equal(set.problems[0].line, 2);
	assert_int_equal(set.problems[0].column, 4);
	assert_string_equal(set.problems[0].pointer, "/1/0");
	hgt_doc_set_release(&set);
}

static char *bomb(unsigned levels, unsigned width)
{
	struct hgt_buf out = HGT_BUF_INIT;
	char *text;

	hgt_buf_adds(&out, "a0: &a0 [x]\n");
	for (unsigned i = 1; i <= levels; i++) {
		hgt_buf_addf(&out, "a%u: &a%u [", i, i);
		for (unsigned j = 0; j < width; j++)
			hgt_buf_addf(&out, "%s*a%u", j ? "," : "", i - 1);
		hgt_buf_adds(&out, "]\n");
	}
	text = hgt_buf_take(&out);
	assert_non_null(text);
	return text;
}

static void alias_bombs(void **state)
{
	struct hgt_buf merges = HGT_BUF_INIT;
	struct hgt_doc_set set;
	char *text;

	(void)state;
	/* The billion laughs. */
	text = bomb(9, 9);
	set = parse(text);
	assert_int_equal(set.n_docs, 0);
	assert_int_equal(set.n_problems, 1);
	assert_int_equal(set.problems[0].kind, HGT_PROBLEM_ALIAS_BOMB);
	hgt_doc_set_release(&set);
	free(text);

	/* So deep in numbers that counting would overflow. */
	text = bomb(90, 9);
	set = parse(text);
	assert_int_equal(set.problems[0].kind, HGT_PROBLEM_ALIAS_BOMB);
	hgt_doc_set_release(&set);
	free(text);

	/* A few thousand values through aliases are nobody's harm. */
	text = bomb(3, 9);
	set = parse(text);
	assert_int_equal(set.n_docs, 1);
	assert_int_equal(set.n_problems, 0);
	hgt_doc_set_release(&set);
	free(text);

	/* The same through merge keys. */
	hgt_buf_adds(&merges, "- &m0 {k0: {x: y}}\n");
	for (int i = 1; i <= 40; i++)
		hgt_buf_addf(&merges, "- &m%d {<<: [*m%d, *m%d, *m%d], k%d: *m%d}\n", i, i - 1, i - 1, i - 1, i, i - 1);
	set = parse(merges.data);
	assert_int_equal(set.n_docs, 0);
	assert_int_equal(set.problems[0].kind, HGT_PROBLEM_ALIAS_BOMB);
	hgt_doc_set_release(&set);
	hgt_buf_release(&merges);
}

static void limits(void **state)
{
	static const struct {
		const char *text, *told;
		struct hgt_doc_limits limits;
	} rows[] = {
		{"a: 1\n", "1:1 limit : the text has 5 bytes, the limit is 4\n", {4, 9, 9, 9, 9, 9999}},
		{"a: 1\n", "{\"a\":1}\n", {5, 9, 9, 9, 9, 9999}},
		{"---\na\n---\nb\n---\nc\n", "\"a\"\n\"b\"\n5:1 limit : the text has more than 2 documents\n",
			{99, 9, 2, 9, 9, 9999}},
		{"[1, 2]", "[1,2]\n", {99, 9, 9, 3, 9, 9999}},
		{"[1, 2, 3]", "1:8 limit : the text has more than 3 values\n", {99, 9, 9, 3, 9, 9999}},
		{"- &a 1\n- *a\n- *a\n", "3:3 limit : the text has more than 3 values\n", {99, 9, 9, 3, 9, 9999}},
		{"@\n---\n@\n---\n@\n", "1:1 syntax : a value cannot begin with '@'\n3:1 syntax : a value cannot begin with '@'\n",
			{99, 9, 9, 9, 2, 9999}},
		{"[1, 2, 3, 4, 5]", "1:1 limit : the document takes more than 300 bytes of memory\n", {99, 9, 9, 99, 9, 300}},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(rows); i++) {
		struct hgt_doc_set set;
		char *told;

		hgt_doc_set_init(&set);
		assert_int_equal(hgt_yaml_parse(rows[i].text, strlen(rows[i].text), &rows[i].limits, &set, NULL), 0);
		told = doc_text(&set);
		assert_string_equal(told, rows[i].told);
		free(told);
		hgt_doc_set_release(&set);
	}
}

/* Long keys are cut in messages, and their pointers are not told. */
static void long_keys(void **state)
{
	char *key = repeat("k\xc3\xa9", 4000);
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_doc_set set;

	(void)state;
	hgt_buf_addf(&text, "{? \"%s\" : 1, ? \"%s\" : 2}", key, key);
	set = parse(text.data);
	assert_int_equal(set.n_problems, 1);
	assert_true(strlen(set.problems[0].message) < 120);
	assert_non_null(strstr(set.problems[0].message, "k\xc3\xa9k...\""));
	assert_string_equal(set.problems[0].pointer, "");
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
	free(key);
}

static void set_is_reused(void **state)
{
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(hgt_yaml_parse("a: 1\n---\n@", 10, &hgt_doc_default_limits, &set, NULL), 0);
		assert_int_equal(set.n_docs, 1);
		assert_int_equal(set.n_problems, 1);
	}
	hgt_doc_set_release(&set);
	hgt_doc_set_release(&set);
}

static void out_of_memory(void **state)
{
	static const char text[] = "a: &a {x: 1, y: [2]}\nb: {<<: *a, 1: z}\nc: *a\nc: 1\n---\nd: @\n---\n"
		"{k1: 1, k2: 2, k3: 3, k4: 4, k5: 5, k6: 6, k7: 7, k8: 8, k9: 9, k10: 10, k11: 1, k12: 1, k13: 1, k1: 1}\n";
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	for (long n = 1;; n++) {
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = hgt_yaml_parse(text, sizeof(text) - 1, &hgt_doc_default_limits, &set, &err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
		assert_string_equal(err.message, "out of memory");
		assert_int_equal(set.n_docs + set.n_problems, 0);
		hgt_doc_set_release(&set);
	}
	assert_int_equal(set.n_docs, 2);
	assert_int_equal(set.n_problems, 3);
	hgt_doc_set_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars),
		cmocka_unit_test(documents),
		cmocka_unit_test(document_places),
		cmocka_unit_test(places),
		cmocka_unit_test(places_with_odd_breaks),
		cmocka_unit_test(anchors),
		cmocka_unit_test(merges),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(complaints),
		cmocka_unit_test(hints),
		cmocka_unit_test(going_on),
		cmocka_unit_test(bad_bytes),
		cmocka_unit_test(depth),
		cmocka_unit_test(alias_bombs),
		cmocka_unit_test(limits),
		cmocka_unit_test(long_keys),
		cmocka_unit_test(set_is_reused),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
