/* lib/base/glob: the pattern language, what is refused, agreement with a slow matcher, cost that stays bounded. */
#include "base/glob.h"

#include "base/timing.h"
#include "tests/unit/unit.h"

static void matches(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool expected;
	} cases[] = {
		{"a", "a", true}, {"a", "b", false}, {"a", "aa", false}, {"a", "", false},
		{"refs/heads/main", "refs/heads/main", true}, {"refs/heads/main", "refs/heads/main2", false},
		{"*", "", true}, {"*", "abc", true}, {"*", "a/b", false}, {"*.yaml", "a.yaml", true},
		{"*.yaml", "d/a.yaml", false}, {"a*c", "ac", true}, {"a*c", "abbbc", true}, {"a*c", "a/c", false},
		{"?", "a", true}, {"?", "/", false}, {"?", "", false}, {"??", "ab", true},
		{"**", "", true}, {"**", "a/b/c", true}, {"a**", "a/b", true}, {"a**b", "a/x/b", true},
		{"a/**", "a/b", true}, {"a/**", "a/b/c", true}, {"a/**", "a", false}, {"a/**", "ab/c", false},
		{"**/a", "a", true}, {"**/a", "x/a", true}, {"**/a", "x/y/a", true}, {"**/a", "xa", false},
		{"**/a", "x/ya", false}, {"a/**/b", "a/b", true}, {"a/**/b", "a/x/b", true},
		{"a/**/b", "a/x/y/b", true}, {"a/**/b", "a/xb", false}, {"a/**/b", "ab", false},
		{"**/a/**", "a/b", true}, {"**/a/**", "x/a/b", true}, {"**/a/**", "x/ab/c", false},
		{"**/*.yaml", "a.yaml", true}, {"**/*.yaml", "x/y/a.yaml", true}, {"**/*.yaml", "x/y/a.yml", false},
		{"**/**/a", "a", true}, {"***", "a/b", true},
		{"[ab]", "a", true}, {"[ab]", "c", false}, {"[a-c]x", "bx", true}, {"[!a-c]x", "bx", false},
		{"[!a-c]x", "dx", true}, {"[^a]", "b", true}, {"[]a]", "]", true}, {"[!]a]", "]", false},
		{"[a-]", "-", true}, {"[!a]", "/", false}, {"[.-9]", "/", false}, {"[z-a]", "m", false},
		{"\\*", "*", true}, {"\\*", "a", false}, {"a\\/b", "a/b", true}, {"\\\\", "\\", true},
		{"\xc3\xa9*", "\xc3\xa9t\xc3\xa9", true}, {"??", "\xc3\xa9", true},
		{"[\xff]", "\xff", true}, {"[\x80-\xff]", "\xc3", true},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (hgt_glob_match(cases[i].pattern, cases[i].path) != cases[i].expected)
			fail_msg("pattern %s, path %s: expected %d", cases[i].pattern, cases[i].path, cases[i].expected);
}

static void refuses_malformed(void **state)
{
	char longest[HGT_GLOB_MAX + 2];
	static const struct {
		const char *pattern;
		int code;
	} cases[] = {
		{"", HGT_EPARSE}, {"\\", HGT_EPARSE}, {"a\\", HGT_EPARSE}, {"[", HGT_EPARSE}, {"[a", HGT_EPARSE},
		{"[]", HGT_EPARSE}, {"[!]", HGT_EPARSE}, {"a[b", HGT_EPARSE}, {"a", 0}, {"**", 0}, {"]", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_error err = {0};

		assert_int_equal(hgt_glob_check(cases[i].pattern, &err), cases[i].code);
		if (cases[i].code) {
			assert_true(err.message[0] != '\0');
			assert_false(hgt_glob_match(cases[i].pattern, cases[i].pattern));
		}
	}
	memset(longest, '*', sizeof(longest));
	longest[HGT_GLOB_MAX + 1] = '\0';
	assert_int_equal(hgt_glob_check(longest, NULL), HGT_ELIMIT);
	assert_false(hgt_glob_match(longest, "a"));
	longest[HGT_GLOB_MAX] = '\0';
	assert_int_equal(hgt_glob_check(longest, NULL), 0);
	assert_true(hgt_glob_match(longest, "a/b"));
}

/* The definition, word for word, by backtracking. */
static bool slow(const char *pattern, const char *p, const char *s)
{
	if (!*p)
		return !*s;
	if (p[0] == '*' && p[1] == '*' && p[2] == '/' && (p == pattern || p[-1] == '/')) {
		if (slow(pattern, p + 3, s))
			return true;
		for (; *s; s++)
			if (*s == '/' && slow(pattern, p + 3, s + 1))
				return true;
		return false;
	}
	if (p[0] == '*' && p[1] == '*') {
		for (;; s++) {
			if (slow(pattern, p + 2, s))
				return true;
			if (!*s)
				return false;
		}
	}
	if (*p == '*') {
		for (;; s++) {
			if (slow(pattern, p + 1, s))
				return true;
			if (!*s || *s == '/')
				return false;
		}
	}
	return *s && (*p == *s || (*p == '?' && *s != '/')) && slow(pattern, p + 1, s + 1);
}

/* Every pattern of up to five of "a / * ?" against every path of up to five of "a b /". */
static void agrees_with_the_definition(void **state)
{
	static const char pattern_bytes[] = "a/*?", path_bytes[] = "ab/";

	(void)state;
	for (int np = 1, patterns = 4; np <= 5; np++, patterns *= 4) {
		for (int i = 0; i < patterns; i++) {
			char pattern[6] = {0};

			for (int k = 0, rest = i; k < np; k++, rest /= 4)
				pattern[k] = pattern_bytes[rest % 4];
			for (int ns = 0, paths = 1; ns <= 5; ns++, paths *= 3) {
				for (int j = 0; j < paths; j++) {
					char path[6] = {0};

					for (int k = 0, rest = j; k < ns; k++, rest /= 3)
						path[k] = path_bytes[rest % 3];
					if (hgt_glob_match(pattern, path) != slow(pattern, pattern, path))
						fail_msg("pattern %s, path %s", pattern, path);
				}
			}
		}
	}
}

/* A backtracking matcher would not come back from this one. */
static void hostile_pattern_is_cheap(void **state)
{
	char pattern[HGT_GLOB_MAX + 1] = {0}, path[4097];
	int64_t start = hgt_time_mono_ms();

	(void)state;
	for (size_t i = 0; i + 2 <= HGT_GLOB_MAX; i += 2)
		memcpy(pattern + i, "*a", 2);
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 2] = 'b';
	path[sizeof(path) - 1] = '\0';
	assert_false(hgt_glob_match(pattern, path));
	assert_true(hgt_time_mono_ms() - start < 10000);
}

static void matches_any(void **state)
{
	char one[] = "a", two[] = "b/**";
	char *patterns[] = {one, two};

	(void)state;
	assert_true(hgt_glob_match_any(patterns, 2, "b/c"));
	assert_false(hgt_glob_match_any(patterns, 2, "c"));
	assert_false(hgt_glob_match_any(NULL, 0, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches), cmocka_unit_test(refuses_malformed), cmocka_unit_test(agrees_with_the_definition),
		cmocka_unit_test(hostile_pattern_is_cheap), cmocka_unit_test(matches_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
