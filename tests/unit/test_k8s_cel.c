/* lib/k8s/cel: what is an expression, and where what is none goes wrong. */
#include "k8s/cel.h"

#include "base/buf.h"
#include "tests/unit/unit.h"

static void reads_expressions(void **state)
{
	static const char *const cases[] = {
		"true", "self", "1", "0x1F", "12u", "1.5", "1e9", "2.5E-3", ".5", "null", "'a'", "\"a\"", "r'a\\d'", "b'a'", "rb\"\\x\"", "'''a\n'b'''",
		"'\\n\\x41\\u00e4\\U0001F600\\101\\''", "r'\\''",
		"self.replicas <= 5", "a && b || !c", "!!a", "--1", "a ? b : c ? d : e", "a in [1, 2, 3]", "a == b && c != d", "1 + 2 * 3 % 4 - 5 / 6",
		"f()", "f(a, b)", "a.b.c", "a.b(c).d", "a[0]", "a['b'].c", "{}", "[]", "[1, 2,]", "{'a': 1, 'b': 2,}", "{'a': [1], ?'b': x}", "[?a, b]",
		"a.?b.orValue('')", "a[?'b']", "has(self.a)", "self.all(x, x.startsWith('a'))", ".a.b", "Type{a: 1}", "a.b.Type{a: 1}", "a.`b-c`",
		"Object{spec: Object.spec{replicas: 3}}", "(a)", "((a))", "a // a remark\n&& b", "  a  \n", "a.for", "a.b in c", "a\t==\r\nb",
		"[JSONPatch{op: \"add\", path: \"/a\", value: {\"b\": 1}}]", "cel.bind(x, 1, x + 1)", "a.namespace == 'b'", "a<b", "-a.b", "1-1",
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_cel cel;

		if (!hgt_cel_check(cases[i], strlen(cases[i]), NULL, &cel))
			fail_msg("%s: at %zu: %s", cases[i], cel.at, cel.wrong);
	}
}

static void tells_what_is_none(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *wrong;
	} cases[] = {
		{"", 0, "it ends too early"}, {"a <=", 4, "it ends too early"}, {"a.", 2, "it ends too early"}, {"a[", 2, "it ends too early"},
		{"f(a", 3, "it ends too early"}, {"(a", 2, "it ends too early"}, {"{'a'", 4, "it ends too early"}, {"a ? b", 5, "it ends too early"},
		{"a b", 2, "an operator is missing before this"}, {"a)", 1, "an operator is missing before this"},
		{"a = b", 2, "a character that expressions do not have"}, {"a & b", 2, "a character that expressions do not have"},
		{"a # b", 2, "a character that expressions do not have"}, {"a; b", 1, "a character that expressions do not have"},
		{"a && ", 5, "it ends too early"}, {"&& a", 0, "a value is missing before this"}, {"a == == b", 5, "a value is missing before this"},
		{"f(a,)", 4, "something is missing behind the comma"}, {"[a b]", 3, "a comma or a bracket is missing"}, {"{'a' 1}", 5, "a colon is missing"},
		{"a ? b ; c", 6, "a character that expressions do not have"}, {"a ? b c", 6, "a colon is missing"},
		{"'a", 0, "a string does not end"}, {"\"a\nb\"", 0, "a string does not end"}, {"'''a''", 0, "a string does not end"},
		{"'\\q'", 2, "a string has a backslash with something that means nothing behind it"},
		{"'\\x4g'", 4, "a string has a backslash with something that means nothing behind it"},
		{"for", 0, "this word has a meaning of its own and cannot stand here"}, {"a + while", 4, "this word has a meaning of its own and cannot stand here"},
		{"a.in", 2, "a name is missing behind the dot"}, {"a.1", 1, "an operator is missing before this"}, {"a.'b'", 2, "a name is missing behind the dot"},
		{"`a", 0, "a name in backquotes does not end"}, {"a[0", 3, "it ends too early"}, {"a[0)", 3, "a closing bracket is missing"},
		{"(a]", 2, "a closing bracket is missing"}, {"a \xc3\xa4", 2, "a character that expressions do not have"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		size_t len = strlen(cases[i].text);
		/* Without a terminator, so that a sanitizer sees what reads past the end. */
		char *exact = malloc(len ? len : 1);
		struct hgt_cel cel;

		assert_non_null(exact);
		memcpy(exact, cases[i].text, len);
		if (hgt_cel_check(exact, len, NULL, &cel))
			fail_msg("%s was read", cases[i].text);
		if (cel.at != cases[i].at || strcmp(cel.wrong, cases[i].wrong) != 0)
			fail_msg("%s: at %zu: %s", cases[i].text, cel.at, cel.wrong);
		free(exact);
	}
}

static void note_member(void *ctx, const char *owner, size_t owner_len, const char *name, size_t len, size_t at)
{
	hgt_buf_addf(ctx, "%zu:%.*s.%.*s ", at, (int)owner_len, owner, (int)len, name);
}

static void note_name(void *ctx, const char *name, size_t len, size_t at)
{
	hgt_buf_addf(ctx, "%zu:%.*s ", at, (int)len, name);
}

static void tells_of_names(void **state)
{
	static const char text[] = "a.b + x.a.b + a.?c.a.d + a['e'] + f(a.g) + a.h(b.i) + a().k + a.`l`";
	static const char macros[] = "a.all(x, x.b) && b.exists(x, y, x == y) && c.f(z, z) && cel.bind(v, d, v) && x && T{e: `g`} && true";
	struct hgt_buf told = HGT_BUF_INIT;
	struct hgt_cel cel;

	(void)state;
	assert_true(hgt_cel_check(text, strlen(text), &(struct hgt_cel_names){.member = note_member, .ctx = &told}, &cel));
	assert_string_equal(told.data, "2:a.b 8:x.a 17:a.c 38:a.g 49:b.i ");
	hgt_buf_reset(&told);
	assert_true(hgt_cel_check(text, strlen(text), &(struct hgt_cel_names){.function = note_name, .ctx = &told}, &cel));
	assert_string_equal(told.data, "34:f 45:h 54:a ");
	hgt_buf_reset(&told);
	assert_true(hgt_cel_check(macros, strlen(macros), &(struct hgt_cel_names){.root = note_name, .ctx = &told}, &cel));
	assert_string_equal(told.data, "0:a 17:b 43:c 47:z 50:z 56:cel 82:T ");
	hgt_buf_release(&told);
}

/* A program that brings in more names than are remembered is asked about none. */
static void forgets_names(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT, told = HGT_BUF_INIT;
	struct hgt_cel cel;

	(void)state;
	for (int n = 0; n < 2; n++) {
		hgt_buf_reset(&text);
		hgt_buf_reset(&told);
		for (int i = 0; i < 64 + n; i++)
			hgt_buf_addf(&text, "[].all(x%d, x%d) && ", i, i);
		hgt_buf_adds(&text, "y");
		assert_true(hgt_cel_check(text.data, text.len, &(struct hgt_cel_names){.root = note_name, .ctx = &told}, &cel));
		assert_int_equal(told.len > 0, n == 0);
	}
	hgt_buf_release(&text);
	hgt_buf_release(&told);
}

static void knows_what_it_comes_to(void **state)
{
	static const struct {
		enum hgt_cel_kind kind;
		const char *texts[16];
	} cases[] = {
		{HGT_CEL_BOOL, {"true", "!a", "!!a", "a == b", "a + 1 > b", "a && b", "a || 'b'", "a in b", "has(a.b)", "a.contains('b')", "(a == b)",
			"a ? b == c : d != e", "a.all(x, x)", "bool(a)", "sets.contains(a, b)"}},
		{HGT_CEL_NUMBER, {"1", "1.5", "-1", "1 + a", "a * 2", "size(a)", "a.size() - b", "int(a)", "a ? 1 : 2", "(1)", "a[1] - 1"}},
		{HGT_CEL_STRING, {"'a'", "r'a'", "'a' + b", "a + 'b'", "string(a)", "a.trim()", "a ? 'b' : string(c)", "'%s'.format([a])"}},
		{HGT_CEL_LIST, {"[]", "[a]", "[a] + b", "a.map(x, x)", "a.split(',')"}},
		{HGT_CEL_OBJECT, {"{}", "{'a': true}", "A{b: c}", "A.b{c: d}"}},
		{HGT_CEL_NULL, {"null"}},
		{HGT_CEL_SUM, {"a + b", "-a", "a - b", "a % b", "timestamp(a) - duration(b)"}},
		{HGT_CEL_PATH, {"a", "a.b", "a.b['c'].d", "(a.b)", " a . b ", "a[b == c]", "a['b'].c"}},
		{HGT_CEL_ANY, {"a.f()", "a().b", "a ? b : c", "a ? 'b' : c", "a.?b", "a[?'b']", "'a'[0]", "b'a'", "rb'a'", "dyn(a)", "a.?b.orValue(true)",
			"{'a': true}['a']", "[a].all(x, x) ? 1 : b", "cel.bind(x, 1, x)"}},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		for (size_t j = 0; j < 16 && cases[i].texts[j]; j++) {
			struct hgt_cel cel;

			assert_true(hgt_cel_check(cases[i].texts[j], strlen(cases[i].texts[j]), NULL, &cel));
			if (cel.kind != cases[i].kind)
				fail_msg("%s comes to %d, not to %d", cases[i].texts[j], (int)cel.kind, (int)cases[i].kind);
		}
}

static void knows_functions(void **state)
{
	enum hgt_cel_kind kind;

	(void)state;
	assert_true(hgt_cel_function("startsWith", 10, &kind));
	assert_int_equal(kind, HGT_CEL_BOOL);
	assert_true(hgt_cel_function("orValue", 7, &kind));
	assert_int_equal(kind, HGT_CEL_ANY);
	assert_false(hgt_cel_function("startWith", 9, &kind));
	assert_false(hgt_cel_function("startsWith", 9, &kind));
	assert_false(hgt_cel_function("", 0, &kind));
	assert_string_equal(hgt_cel_nearest_function("startWith"), "startsWith");
	assert_null(hgt_cel_nearest_function("launch"));
}

/* Nested as deeply as nobody writes it: passed, and no stack is used up. */
static void gives_up_on_depth(void **state)
{
	enum { DEPTH = 100000 };
	char *text = malloc(DEPTH);
	struct hgt_cel cel;

	(void)state;
	assert_non_null(text);
	memset(text, '(', DEPTH);
	assert_true(hgt_cel_check(text, DEPTH, NULL, &cel));
	assert_int_equal(cel.kind, HGT_CEL_ANY);
	memset(text, '-', DEPTH);
	assert_false(hgt_cel_check(text, DEPTH, NULL, &cel));
	assert_int_equal(cel.at, DEPTH);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_expressions), cmocka_unit_test(tells_what_is_none), cmocka_unit_test(tells_of_names),
		cmocka_unit_test(forgets_names), cmocka_unit_test(knows_what_it_comes_to), cmocka_unit_test(knows_functions),
		cmocka_unit_test(gives_up_on_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
