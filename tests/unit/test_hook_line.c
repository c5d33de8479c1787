/* daemon/hook_line: what is taken for an announcement and what is not, each refusal with its reason. */
#include "daemon/hook_line.h"

#include "headgate/protocol.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define Z "0000000000000000000000000000000000000000"
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A64 A "aaaaaaaaaaaaaaaaaaaaaaaa"
#define PUSH "0123456789abcdef0123456789abcdef"
#define UPDATE "{\"old\":\"" Z "\",\"new\":\"" A "\",\"ref\":\"refs/heads/main\"}"
#define LINE_OF(v, type, repo, push, actor, updates, more) \
	"{\"v\":" v ",\"type\":\"" type "\",\"repo\":\"" repo "\",\"push\":\"" push "\",\"actor\":" actor ",\"time\":\"t\"," \
	"\"options\":[],\"updates\":" updates more "}\n"
#define ACTOR "{\"name\":\"alice\",\"id\":null,\"remote\":\"192.0.2.7\"}"
#define LINE(updates) LINE_OF("1", "received", "/r.git", PUSH, ACTOR, updates, "")
#define REFUSAL(more) LINE_OF("1", "refused", "/r.git", PUSH, ACTOR, "[" UPDATE "]", more)

static void reads_announcements(void **state)
{
	struct hook_line *line = NULL;
	struct hgt_error err = {0};

	(void)state;
	if (hook_line_parse(LINE("[" UPDATE "]"), strlen(LINE("[" UPDATE "]")), &line, &err) < 0)
		fail_msg("%s", err.message);
	assert_false(line->refused);
	assert_string_equal(line->repo, "/r.git");
	assert_string_equal(line->push, PUSH);
	assert_string_equal(line->actor, "alice");
	assert_string_equal(line->remote, "192.0.2.7");
	assert_int_equal(line->n_updates, 1);
	assert_string_equal(line->updates[0].old_id, Z);
	assert_string_equal(line->updates[0].new_id, A);
	assert_string_equal(line->updates[0].ref, "refs/heads/main");
	hook_line_free(line);
	hook_line_free(NULL);
}

static void reads_refusals(void **state)
{
	static const char text[] = REFUSAL(",\"errors\":2,\"warnings\":1,\"findings\":[{},{}]");
	struct hook_line *line = NULL;

	(void)state;
	assert_int_equal(hook_line_parse(text, strlen(text), &line, NULL), 0);
	assert_true(line->refused);
	assert_int_equal(line->errors, 2);
	assert_int_equal(line->warnings, 1);
	assert_int_equal(line->findings->v.seq.n, 2);
	hook_line_free(line);
}

static void reads_waits(void **state)
{
	static const char text[] = LINE_OF("1", "wait", "/r.git", PUSH, ACTOR, "[" UPDATE "]", ",\"seconds\":60");
	struct hook_line *line = NULL;

	(void)state;
	assert_int_equal(hook_line_parse(text, strlen(text), &line, NULL), 0);
	assert_true(line->wait);
	assert_false(line->refused);
	assert_int_equal(line->seconds, 60);
	assert_int_equal(line->n_updates, 1);
	hook_line_free(line);
}

static void refuses_the_rest(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *message;
	} cases[] = {
		{"", HGT_EPARSE, ""},
		{"\n", HGT_EPARSE, ""},
		{"[]", HGT_EPARSE, "no JSON object"},
		{"{\"v\":1", HGT_EPARSE, ""},
		{"{}", HGT_EPARSE, "version is missing"},
		{LINE_OF("2", "received", "/r", PUSH, ACTOR, "[" UPDATE "]", ""), HGT_EUNSUPPORTED, "version 2"},
		{LINE_OF("\"1\"", "received", "/r", PUSH, ACTOR, "[" UPDATE "]", ""), HGT_EPARSE, "version"},
		{LINE_OF("1", "other", "/r", PUSH, ACTOR, "[" UPDATE "]", ""), HGT_EPARSE, "type"},
		{LINE_OF("1", "wait", "/r", PUSH, ACTOR, "[" UPDATE "]", ""), HGT_EPARSE, "seconds to wait"},
		{LINE_OF("1", "wait", "/r", PUSH, ACTOR, "[" UPDATE "]", ",\"seconds\":0"), HGT_EPARSE, "seconds to wait"},
		{LINE_OF("1", "wait", "/r", PUSH, ACTOR, "[" UPDATE "]", ",\"seconds\":1.5"), HGT_EPARSE, "seconds to wait"},
		{LINE_OF("1", "wait", "/r", PUSH, ACTOR, "[]", ",\"seconds\":5"), HGT_EPARSE, "updates"},
		{LINE_OF("1", "received", "r.git", PUSH, ACTOR, "[" UPDATE "]", ""), HGT_EPARSE, "absolute path"},
		{LINE_OF("1", "received", "/r\\u0000", PUSH, ACTOR, "[" UPDATE "]", ""), HGT_EPARSE, "absolute path"},
		{LINE_OF("1", "received", "/r", "01", ACTOR, "[" UPDATE "]", ""), HGT_EPARSE, "push"},
		{LINE_OF("1", "received", "/r", "0123456789ABCDEF0123456789ABCDEF", ACTOR, "[" UPDATE "]", ""), HGT_EPARSE, "push"},
		{LINE_OF("1", "received", "/r", PUSH, "null", "[" UPDATE "]", ""), HGT_EPARSE, "actor"},
		{LINE_OF("1", "received", "/r", PUSH, "{\"name\":\"\"}", "[" UPDATE "]", ""), HGT_EPARSE, "actor"},
		{LINE("{}"), HGT_EPARSE, "updates"},
		{LINE("[]"), HGT_EPARSE, "updates"},
		{LINE("[1]"), HGT_EPARSE, "object ids"},
		{LINE("[" UPDATE "," UPDATE "]"), HGT_EPARSE, "twice"},
		{LINE("[{\"old\":\"" Z "\",\"new\":\"" A64 "\",\"ref\":\"refs/heads/x\"}]"), HGT_EPARSE, "object ids"},
		{LINE("[{\"old\":\"" A64 "\",\"new\":\"" A64 "\",\"ref\":\"refs/heads/x\"}]"), HGT_EUNSUPPORTED, "SHA-256"},
		{LINE("[{\"old\":\"" Z "\",\"new\":\"" A "\",\"ref\":\"HEAD\"}]"), HGT_EPARSE, "no ref"},
		{LINE("[{\"old\":\"" Z "\",\"new\":\"" A "\",\"ref\":\"refs/heads/a b\"}]"), HGT_EPARSE, "no ref"},
		{LINE("[{\"old\":\"" Z "\",\"new\":\"" A "\",\"ref\":\"refs/heads/\\u001b[31m\"}]"), HGT_EPARSE, "no ref"},
		{LINE("[{\"old\":\"" Z "\",\"new\":\"" A "\",\"ref\":\"refs/heads/a\\u0000b\"}]"), HGT_EPARSE, "no ref"},
		{REFUSAL(""), HGT_EPARSE, "numbers"},
		{REFUSAL(",\"errors\":-1,\"warnings\":1"), HGT_EPARSE, "numbers"},
		{REFUSAL(",\"errors\":1,\"warnings\":1,\"findings\":{}"), HGT_EPARSE, "findings"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hook_line *line = NULL;
		struct hgt_error err = {0};
		int code = hook_line_parse(cases[i].text, strlen(cases[i].text), &line, &err);

		if (code != cases[i].code || !err.message[0] || !strstr(err.message, cases[i].message))
			fail_msg("%s: %d %s", cases[i].text, code, err.message);
		assert_null(line);
	}
}

static void limits(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hook_line *line = NULL;

	(void)state;
	hgt_buf_adds(&text, "{\"v\":1,\"type\":\"received\",\"repo\":\"/r\",\"push\":\"" PUSH "\",\"actor\":{\"name\":\"a\"},\"updates\":[");
	for (int i = 0; i <= HGT_HOOK_UPDATES_MAX; i++) {
		if (i == HGT_HOOK_UPDATES_MAX) {
			size_t whole = text.len;

			hgt_buf_adds(&text, "]}");
			assert_int_equal(hook_line_parse(text.data, text.len, &line, NULL), 0);
			assert_int_equal(line->n_updates, HGT_HOOK_UPDATES_MAX);
			hook_line_free(line);
			line = NULL;
			hgt_buf_truncate(&text, whole);
		}
		hgt_buf_addf(&text, "%s{\"old\":\"" Z "\",\"new\":\"" A "\",\"ref\":\"refs/tags/%d\"}", i ? "," : "", i);
	}
	hgt_buf_adds(&text, "]}");
	assert_int_equal(hook_line_parse(text.data, text.len, &line, NULL), HGT_ELIMIT);
	assert_int_equal(hook_line_parse(text.data, HGT_HOOK_LINE_MAX + 1, &line, NULL), HGT_ELIMIT);
	hgt_buf_release(&text);
}

static void allocations_fail(void **state)
{
	static const char text[] = REFUSAL(",\"errors\":2,\"warnings\":1,\"findings\":[{\"a\":[1,\"b\"]}]");
	bool armed = true;

	(void)state;
	for (long n = 1; armed; n++) {
		struct hook_line *line = NULL;
		int code;

		fail_alloc_at(n);
		code = hook_line_parse(text, strlen(text), &line, NULL);
		armed = fail_alloc_off();
		assert_int_equal(code, armed ? HGT_ENOMEM : 0);
		hook_line_free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_announcements), cmocka_unit_test(reads_refusals), cmocka_unit_test(reads_waits), cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(limits), cmocka_unit_test(allocations_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
