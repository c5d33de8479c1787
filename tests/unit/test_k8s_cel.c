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
		size_t at;
		const char *wrong;

		if (!hgt_cel_check(cases[i], strlen(cases[i]), NULL, &at, &wrong))
			fail_msg("%s: at %zu: %s", cases[i], at, wrong);
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
		size_t len = strlen(cases[i].text), at = 0;
		/* Without a terminator, so that a sanitizer sees what reads past the end. */
		char *exact = malloc(len ? len : 1);
		const char *wrong = "";

		assert_non_null(exact);
		memcpy(exact, cases[i].text, len);
		if (hgt_cel_check(exact, len, NULL, &at, &wrong))
			fail_msg("%s was read", cases[i].text);
		if (at != cases[i].at || strcmp(wrong, cases[i].wrong) != 0)
			fail_msg("%s: at %zu: %s", cases[i].text, at, wrong);
		free(exact);
	}
}

static void note(void *ctx, const char *owner, size_t owner_len, const char *name, size_t len, size_t at)
{
	hgt_buf_addf(ctx, "%zu:%.*s.%.*s ", at, (int)owner_len, owner, (int)len, name);
}

static void tells_of_members(void **state)
{
	struct hgt_buf told = HGT_BUF_INIT;
	const struct hgt_cel_names names = {note, &told};
	static const char text[] = "a.b + x.a.b + a.?c.a.d + a['e'] + f(a.g) + a.h(b.i) + a().k + a.`l`";
	const char *wrong;
	size_t at;

	(void)state;
	assert_true(hgt_cel_check(text, strlen(text), &names, &at, &wrong));
	assert_string_equal(told.data, "2:a.b 8:x.a 17:a.c 38:a.g 49:b.i ");
	hgt_buf_release(&told);
}

/* Nested as deeply as nobody writes it: passed, and no stack is used up. */
static void gives_up_on_depth(void **state)
{
	enum { DEPTH = 100000 };
	char *text = malloc(DEPTH);
	const char *wrong;
	size_t at;

	(void)state;
	assert_non_null(text);
	memset(text, '(', DEPTH);
	assert_true(hgt_cel_check(text, DEPTH, NULL, &at, &wrong));
	memset(text, '-', DEPTH);
	assert_false(hgt_cel_check(text, DEPTH, NULL, &at, &wrong));
	assert_int_equal(at, DEPTH);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_expressions), cmocka_unit_test(tells_what_is_none), cmocka_unit_test(tells_of_members),
		cmocka_unit_test(gives_up_on_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
