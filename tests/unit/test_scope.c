/* daemon/scope: what is within, what a filter becomes, what an event keeps. */
#include "daemon/scope.h"

#include "base/glob.h"
#include "doc/doc.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static struct scope *parse(const char *json)
{
	struct scope *scope = NULL;
	struct hgt_error err = {0};
	struct hgt_doc_set set;

	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(json, strlen(json), &set, &err), 0);
	if (scope_parse(set.docs[0].root, NULL, &scope, &err) < 0)
		print_message("%s: %s\n", json, err.message);
	hgt_doc_set_release(&set);
	return scope;
}

static void test_all(void **state)
{
	struct scope *scope = parse("{\"name\":\"x\",\"refs\":null}");

	(void)state;
	assert_non_null(scope);
	assert_string_equal(scope->text, "{\"repos\":[],\"refs\":[],\"paths\":[]}");
	assert_true(scope_is_all(scope));
	assert_true(scope_is_all(NULL));
	assert_true(scope_has_target(scope, "a/b", "refs/heads/x", ""));
	assert_true(scope_has_target(NULL, "a/b", "refs/heads/x", ""));
	assert_true(scope_has_every_ref(scope));
	assert_false(scope_cuts_events(scope));
	assert_false(scope_cuts_events(NULL));
	scope_unref(scope);
	scope_unref(NULL);
}

static void test_parts(void **state)
{
	struct scope *scope = parse("{\"repos\":[\"infra/*\",\"web\"],\"refs\":[\"refs/heads/main\",\"refs/tags/v*\"],\"paths\":[\"hosts/web\",\"common\"]}");
	static const struct {
		const char *repo, *ref, *path;
		bool in;
	} cases[] = {
		{"infra/a", "refs/heads/main", "hosts/web", true},
		{"infra/a", "refs/heads/main", "hosts/web/etc", true},
		{"web", "refs/tags/v1", "common", true},
		{"infra/a/b", "refs/heads/main", "common", false},
		{"other", "refs/heads/main", "common", false},
		{"web", "refs/heads/mai", "common", false},
		{"web", "refs/heads/main", "hosts/webb", false},
		{"web", "refs/heads/main", "hosts", false},
		{"web", "refs/heads/main", "", false},
	};

	(void)state;
	assert_non_null(scope);
	assert_false(scope_is_all(scope));
	assert_false(scope_has_every_ref(scope));
	assert_true(scope_cuts_events(scope));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(scope_has_target(scope, cases[i].repo, cases[i].ref, cases[i].path), cases[i].in);
	scope_unref(scope);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"{\"repos\":\"a\"}", "{\"repos\":[1]}", "{\"repos\":[\"\"]}", "{\"repos\":[\"a[\"]}", "{\"refs\":[\"a\\u001eb\"]}",
		"{\"repos\":[\"a\\u001fb\"]}", "{\"paths\":[\"\"]}", "{\"paths\":[\"/a\"]}", "{\"paths\":[\"a/../b\"]}", "{\"paths\":[\"a/\"]}",
		"{\"refs\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_null(parse(bad[i]));
}

/* The wants that a filter becomes, as "repo-matches ref-matches path" for one name each. */
static size_t narrow(const struct scope *scope, const char *repo, const char *ref, const char *path, struct hgt_arena *room,
	struct hgt_filter **out)
{
	const struct hgt_filter filter = {.repo = repo, .ref = ref, .path = path, .type = ""};
	size_t n;

	assert_int_equal(scope_narrow(scope, &filter, room, out, &n, NULL), 0);
	return n;
}

static void test_narrow(void **state)
{
	struct scope *scope = parse("{\"repos\":[\"infra/**\",\"web\"],\"refs\":[\"refs/heads/*\"],\"paths\":[\"hosts/a\",\"hosts/b\",\"common\"]}");
	struct hgt_arena room = HGT_ARENA_INIT;
	struct hgt_filter *wants;

	(void)state;
	assert_int_equal(narrow(NULL, "x", "", "p", &room, &wants), 1);
	assert_string_equal(wants[0].repo, "x");
	assert_string_equal(wants[0].path, "p");
	/* What was not asked for in parts is the whole scope. */
	assert_int_equal(narrow(scope, "", "", "", &room, &wants), 3);
	assert_string_equal(wants[0].path, "hosts/a");
	assert_string_equal(wants[2].path, "common");
	assert_true(hgt_glob_match(wants[0].repo, "infra/x/y"));
	assert_true(hgt_glob_match(wants[0].repo, "web"));
	assert_false(hgt_glob_match(wants[0].repo, "other"));
	assert_false(hgt_glob_match(wants[0].repo, ""));
	assert_true(hgt_glob_match(wants[0].ref, "refs/heads/main"));
	assert_false(hgt_glob_match(wants[0].ref, "refs/tags/main"));
	/* Patterns meet. */
	assert_int_equal(narrow(scope, "*/prod", "refs/*/main", "hosts", &room, &wants), 2);
	assert_true(hgt_glob_match(wants[0].repo, "infra/prod"));
	assert_false(hgt_glob_match(wants[0].repo, "other/prod"));
	assert_false(hgt_glob_match(wants[0].repo, "infra/test"));
	assert_true(hgt_glob_match(wants[0].ref, "refs/heads/main"));
	assert_false(hgt_glob_match(wants[0].ref, "refs/tags/main"));
	assert_false(hgt_glob_match(wants[0].ref, "refs/heads/x"));
	/* A folder within is what was asked for; one beside is nothing. */
	assert_int_equal(narrow(scope, "web", "", "hosts/a/etc", &room, &wants), 1);
	assert_string_equal(wants[0].path, "hosts/a/etc");
	assert_int_equal(narrow(scope, "web", "", "hosts/c", &room, &wants), 0);
	hgt_arena_release(&room);
	scope_unref(scope);
}

/* A scope of all repositories by pattern is no scope of what names none. */
static void test_nameless(void **state)
{
	struct scope *scope = parse("{\"repos\":[\"**\"]}");
	struct hgt_arena room = HGT_ARENA_INIT;
	struct hgt_filter *wants;

	(void)state;
	assert_int_equal(narrow(scope, "**", "", "", &room, &wants), 1);
	assert_false(hgt_glob_match(wants[0].repo, ""));
	assert_true(hgt_glob_match(wants[0].repo, "a/b"));
	hgt_arena_release(&room);
	scope_unref(scope);
}

static void test_event(void **state)
{
	static const char body[] = "{\"id\":\"j.1\",\"data\":{\"repo\":\"r\",\"actor\":\"\\\"paths\\\":[\",\"paths\":[{\"path\":\"hosts/a/x\",\"status\":\"M\"},"
		"{\"path\":\"secret/y\",\"status\":\"A\"},{\"path\":\"hosts/ab\",\"status\":\"D\"}],\"paths_truncated\":false}}";
	struct scope *scope = parse("{\"paths\":[\"hosts/a\"]}");
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	assert_int_equal(scope_narrow_event(scope, body, strlen(body), &out, NULL), 0);
	assert_string_equal(out.data,
		"{\"id\":\"j.1\",\"data\":{\"repo\":\"r\",\"actor\":\"\\\"paths\\\":[\",\"paths\":[{\"path\":\"hosts/a/x\","
		"\"status\":\"M\"}],\"paths_truncated\":false}}");
	hgt_buf_reset(&out);
	assert_int_not_equal(scope_narrow_event(scope, "[]", 2, &out, NULL), 0);
	assert_int_not_equal(scope_narrow_event(scope, "{", 1, &out, NULL), 0);
	hgt_buf_release(&out);
	scope_unref(scope);
}

static void test_out_of_memory(void **state)
{
	static const char json[] = "{\"repos\":[\"a\"],\"refs\":[\"b\"],\"paths\":[\"c\",\"d\"]}";
	struct scope *scope;
	struct hgt_doc_set set;

	(void)state;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(json, strlen(json), &set, NULL), 0);
	for (long n = 1;; n++) {
		int code;

		fail_alloc_at(n);
		code = scope_parse(set.docs[0].root, NULL, &scope, NULL);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			scope_unref(scope);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
	hgt_doc_set_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all), cmocka_unit_test(test_parts), cmocka_unit_test(test_refused), cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_nameless), cmocka_unit_test(test_event),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
