/* daemon/messages: every field of what clients send. */
#include "daemon/messages.h"
#include "daemon/report.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define ID "0123456789012345678901234567890123456789"
#define SPEC(name, kind, allow) "{\"name\":" name ",\"kind\":" kind ",\"allow\":" allow "}"
#define TARGET(name, repo, ref, path) \
	"{\"name\":" name ",\"repo\":" repo ",\"ref\":" ref ",\"path\":" path ",\"driver\":\"files\",\"sync\":\"auto\",\"compare_every\":90}"
#define SAID(targets) "{\"version\":\"0.1.0\",\"host\":\"web1.example.org\",\"instance\":\"i1\",\"new\":[1],\"targets\":[" targets "]}"
#define GOOD_TARGET TARGET("\"web\"", "\"infra/prod\"", "\"refs/heads/main\"", "\"hosts/web\"")
#define REPORT(more) "{\"target\":\"web\",\"sync\":\"Synced\",\"health\":\"Healthy\",\"operation\":\"Succeeded\"" more "}"

struct bad {
	const char *text, *says;
	int code;
};

typedef int (*parse_fn)(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err);

static int parse_spec(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct agent_spec spec;

	return message_agent_spec(text, len, set, &spec, err);
}

static int parse_said(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct announcement said;

	return message_announcement(text, len, set, &said, err);
}

static int parse_report(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct report report;

	return report_parse(text, len, set, &report, err);
}

static void refused(parse_fn parse, const struct bad *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hgt_error err = {0};
		struct hgt_doc_set set;
		int code;

		hgt_doc_set_init(&set);
		code = parse(cases[i].text, strlen(cases[i].text), &set, &err);
		if (code != cases[i].code || !strstr(err.message, cases[i].says))
			fail_msg("%s: code %d, \"%s\"", cases[i].text, code, err.message);
		hgt_doc_set_release(&set);
	}
}

static int parse_command(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct command_spec spec;

	return message_command(text, len, set, &spec, err);
}

static int parse_receipt(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct hgt_cursor id;

	(void)set;
	return message_acknowledgement(text, len, &id, err);
}

static void test_command(void **state)
{
	static const struct bad bad[] = {
		{"", "", HGT_EPARSE},
		{"[]", "a JSON object", HGT_EPARSE},
		{"{}", "field \"action\" is missing", HGT_EPARSE},
		{"{\"action\":\"apply\"}", "field \"action\" cannot be \"apply\"", HGT_EPARSE},
		{"{\"action\":1}", "field \"action\" is to be a string", HGT_EPARSE},
		{"{\"action\":\"sync\",\"target\":\"\"}", "field \"target\" is no name", HGT_EPARSE},
		{"{\"action\":\"sync\",\"target\":\"../x\"}", "field \"target\" is no name", HGT_EPARSE},
		{"{\"action\":\"sync\",\"revision\":\"\"}", "field \"revision\"", HGT_EPARSE},
		{"{\"action\":\"sync\",\"revision\":\":/word\"}", "field \"revision\"", HGT_EPARSE},
		{"{\"action\":\"sync\",\"revision\":\"main:a/b\"}", "field \"revision\"", HGT_EPARSE},
		{"{\"action\":\"sync\",\"revision\":\"main@{1}\"}", "field \"revision\"", HGT_EPARSE},
		{"{\"action\":\"sync\",\"revision\":\"main^{/x}\"}", "field \"revision\"", HGT_EPARSE},
		{"{\"action\":\"sync\",\"revision\":\"--all\"}", "field \"revision\"", HGT_EPARSE},
		{"{\"action\":\"sync\",\"revision\":\"a b\"}", "field \"revision\"", HGT_EPARSE},
		{"{\"action\":\"sync\",\"revision\":\"a\\u0000\"}", "NUL", HGT_EPARSE},
		{"{\"action\":\"suspend\",\"revision\":\"main\"}", "a revision goes with sync, not with suspend", HGT_ECONFLICT},
		{"{\"action\":\"sync\",\"actor\":\"\"}", "field \"actor\" is empty", HGT_EPARSE},
	};
	static const struct bad receipts[] = {
		{"{}", "field \"id\" is missing", HGT_EPARSE},
		{"{\"id\":\"0\"}", "field \"id\" is no id of a command", HGT_EPARSE},
		{"{\"id\":\"x.1\"}", "field \"id\" is no id of a command", HGT_EPARSE},
		{"{\"id\":\"0123456789abcdef.-1\"}", "field \"id\" is no id of a command", HGT_EPARSE},
		{"{\"id\":7}", "field \"id\" is to be a string", HGT_EPARSE},
	};
	static const char whole[] = "{\"target\":\"web\",\"action\":\"sync\",\"revision\":\"release/1.2~3\",\"actor\":\"alice\",\"more\":1}";
	static const char receipt[] = "{\"id\":\"0123456789abcdef.42\"}";
	struct command_spec spec;
	struct hgt_cursor id;
	struct hgt_doc_set set;

	(void)state;
	refused(parse_command, bad, N_OF(bad));
	refused(parse_receipt, receipts, N_OF(receipts));
	hgt_doc_set_init(&set);
	assert_int_equal(message_command(whole, strlen(whole), &set, &spec, NULL), 0);
	assert_string_equal(spec.target, "web");
	assert_string_equal(spec.action, "sync");
	assert_string_equal(spec.revision, "release/1.2~3");
	assert_string_equal(spec.actor, "alice");
	hgt_doc_set_release(&set);
	hgt_doc_set_init(&set);
	assert_int_equal(message_command("{\"action\":\"resume\",\"target\":null}", 33, &set, &spec, NULL), 0);
	assert_null(spec.target);
	assert_null(spec.revision);
	assert_null(spec.actor);
	hgt_doc_set_release(&set);
	assert_int_equal(message_acknowledgement(receipt, strlen(receipt), &id, NULL), 0);
	assert_string_equal(id.journal, "0123456789abcdef");
	assert_int_equal(id.seq, 42);
}

static void test_spec(void **state)
{
	static const struct bad bad[] = {
		{"", "", HGT_EPARSE},
		{"[]", "JSON object", HGT_EPARSE},
		{"{", "", HGT_EPARSE},
		{"{\"kind\":\"host\",\"allow\":[\"**\"]}", "\"name\" is missing", HGT_EPARSE},
		{SPEC("7", "\"host\"", "[\"**\"]"), "\"name\" is to be a string, not integer", HGT_EPARSE},
		{SPEC("\"-x\"", "\"host\"", "[\"**\"]"), "\"name\" is no name", HGT_EPARSE},
		{SPEC("\"a\\u0000b\"", "\"host\"", "[\"**\"]"), "NUL", HGT_EPARSE},
		{SPEC("\"self\"", "\"host\"", "[\"**\"]"), "cannot be \"self\"", HGT_EPARSE},
		{SPEC("\"a\"", "\"pod\"", "[\"**\"]"), "\"kind\" cannot be \"pod\"", HGT_EPARSE},
		{SPEC("\"a\"", "\"host\"", "\"**\""), "\"allow\" is to be an array", HGT_EPARSE},
		{SPEC("\"a\"", "\"host\"", "[]"), "\"allow\" is empty", HGT_EPARSE},
		{SPEC("\"a\"", "\"host\"", "[1]"), "\"allow\" is to hold strings", HGT_EPARSE},
		{SPEC("\"a\"", "\"host\"", "[\"[\"]"), "\"allow\"", HGT_EPARSE},
	};
	static const char good[] = SPEC("\"web-1\"", "\"cluster\"", "[\"infra/**\",\"x\"]");
	struct hgt_doc_set set;
	struct agent_spec spec;

	(void)state;
	refused(parse_spec, bad, N_OF(bad));
	hgt_doc_set_init(&set);
	assert_int_equal(message_agent_spec(good, strlen(good), &set, &spec, NULL), 0);
	assert_string_equal(spec.name, "web-1");
	assert_string_equal(spec.kind, "cluster");
	assert_int_equal(spec.allow.n, 2);
	assert_string_equal(spec.allow.items[1], "x");
	hgt_doc_set_release(&set);
}

static void test_announcement(void **state)
{
	static const struct bad bad[] = {
		{"{\"targets\":[]}", "\"instance\" is missing", HGT_EPARSE},
		{"{\"instance\":\"\",\"targets\":[]}", "\"instance\" is empty", HGT_EPARSE},
		{"{\"instance\":\"i\"}", "\"targets\" is missing", HGT_EPARSE},
		{"{\"instance\":\"i\",\"targets\":{}}", "\"targets\" is to be an array, not object", HGT_EPARSE},
		{"{\"instance\":\"i\",\"version\":1,\"targets\":[]}", "\"version\" is to be a string", HGT_EPARSE},
		{SAID("1"), "\"targets\" is to hold objects", HGT_EPARSE},
		{SAID(GOOD_TARGET "," GOOD_TARGET), "target web is given twice", HGT_EPARSE},
		{SAID(TARGET("\"UP\"", "\"r\"", "\"refs/heads/main\"", "\"\"")), "\"name\" is no name", HGT_EPARSE},
		{SAID(TARGET("\"t\"", "\"../r\"", "\"refs/heads/main\"", "\"\"")), "\"repo\" is no name", HGT_EPARSE},
		{SAID(TARGET("\"t\"", "\"\"", "\"refs/heads/main\"", "\"\"")), "\"repo\" is no name", HGT_EPARSE},
		{SAID(TARGET("\"t\"", "\"r\"", "\"main\"", "\"\"")), "\"ref\" is no full ref name", HGT_EPARSE},
		{SAID(TARGET("\"t\"", "\"r\"", "\"refs/heads/a..b\"", "\"\"")), "\"ref\" is no full ref name", HGT_EPARSE},
		{SAID(TARGET("\"t\"", "\"r\"", "\"refs/heads/main\"", "\"../etc\"")), "\"path\" is to be a relative path", HGT_EPARSE},
		{SAID(TARGET("\"t\"", "\"r\"", "\"refs/heads/main\"", "\"/etc\"")), "\"path\" is to be a relative path", HGT_EPARSE},
		{SAID(TARGET("\"t\"", "\"r\"", "\"refs/heads/main\"", "7")), "\"path\" is to be a string", HGT_EPARSE},
		{SAID("{\"name\":\"t\",\"repo\":\"r\",\"ref\":\"refs/heads/main\",\"driver\":\"files\",\"compare_every\":-1}"), "is below 0",
			HGT_EPARSE},
		{SAID("{\"name\":\"t\",\"repo\":\"r\",\"ref\":\"refs/heads/main\",\"driver\":\"files\",\"compare_every\":86401}"),
			"is to be 86400 seconds at the most", HGT_EPARSE},
	};
	static const char good[] = SAID(GOOD_TARGET);
	struct hgt_buf stored = HGT_BUF_INIT, again = HGT_BUF_INIT;
	struct announcement said;
	struct hgt_doc_set set;

	(void)state;
	refused(parse_said, bad, N_OF(bad));
	hgt_doc_set_init(&set);
	assert_int_equal(message_announcement(good, strlen(good), &set, &said, NULL), 0);
	assert_string_equal(said.instance, "i1");
	assert_int_equal(said.n_targets, 1);
	assert_string_equal(said.targets[0].path, "hosts/web");
	assert_int_equal(said.targets[0].compare_every, 90);
	message_announcement_write(&said, &stored);
	hgt_doc_set_release(&set);
	/* What is kept reads back as itself; so does what was there before the first announcement. */
	hgt_doc_set_init(&set);
	assert_int_equal(message_announcement_stored(stored.data, stored.len, &set, &said, NULL), 0);
	message_announcement_write(&said, &again);
	assert_string_equal(again.data, stored.data);
	hgt_doc_set_release(&set);
	hgt_doc_set_init(&set);
	assert_int_equal(message_announcement_stored("{}", 2, &set, &said, NULL), 0);
	assert_int_equal(said.n_targets, 0);
	hgt_doc_set_release(&set);
	hgt_buf_release(&stored);
	hgt_buf_release(&again);
}

static void test_too_many_targets(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct bad bad = {NULL, "\"targets\" has more than 256 items", HGT_ELIMIT};

	(void)state;
	hgt_buf_adds(&text, "{\"instance\":\"i\",\"targets\":[0");
	for (int i = 0; i < MESSAGE_TARGETS_MAX; i++)
		hgt_buf_adds(&text, ",0");
	hgt_buf_adds(&text, "]}");
	bad.text = text.data;
	refused(parse_said, &bad, 1);
	hgt_buf_release(&text);
}

static void test_report(void **state)
{
	static const struct bad bad[] = {
		{"{\"sync\":\"Synced\",\"health\":\"Healthy\",\"operation\":\"Failed\"}", "\"target\" is missing", HGT_EPARSE},
		{"{\"target\":\"t\",\"health\":\"Healthy\",\"operation\":\"Failed\"}", "\"sync\" is missing", HGT_EPARSE},
		{"{\"target\":\"t\",\"sync\":\"synced\"}", "\"sync\" cannot be \"synced\"", HGT_EPARSE},
		{"{\"target\":\"t\",\"sync\":\"Synced\",\"health\":\"Fine\"}", "\"health\" cannot be", HGT_EPARSE},
		{"{\"target\":\"t\",\"sync\":\"Synced\",\"health\":\"Healthy\",\"operation\":3}", "\"operation\" is to be", HGT_EPARSE},
		{REPORT(",\"desired\":\"main\""), "\"desired\" is no commit id", HGT_EPARSE},
		{REPORT(",\"applied\":[]"), "\"applied\" is to be a string, not array", HGT_EPARSE},
		{REPORT(",\"observed\":\"0\""), "\"observed\" is no commit id", HGT_EPARSE},
		{REPORT(",\"cause\":\"weather\""), "\"cause\" cannot be", HGT_EPARSE},
		{REPORT(",\"message\":{}"), "\"message\" is to be a string, not object", HGT_EPARSE},
		{REPORT(",\"exit_status\":\"1\""), "\"exit_status\" is to be an integer", HGT_EPARSE},
		{REPORT(",\"started\":\"yesterday\""), "\"started\" is no time", HGT_EPARSE},
		{REPORT(",\"changes\":[]"), "\"changes\" is to be an object", HGT_EPARSE},
		{REPORT(",\"changes\":{\"added\":-1}"), "\"added\" is below 0", HGT_EPARSE},
		{REPORT(",\"changes\":{\"removed\":1.5}"), "\"removed\" is to be an integer", HGT_EPARSE},
		{REPORT(",\"coverage\":3"), "\"coverage\" is to be an object", HGT_EPARSE},
		{REPORT(",\"coverage\":{\"checked\":1}"), "needs \"checked\" and \"unchecked\"", HGT_EPARSE},
		{REPORT(",\"diff\":1"), "\"diff\" is to be a string", HGT_EPARSE},
		{REPORT(",\"ignored\":[1]"), "\"ignored\" is to hold objects", HGT_EPARSE},
		{REPORT(",\"ignored\":[{}]"), "\"rule\" is missing", HGT_EPARSE},
		{REPORT(",\"resources\":{}"), "\"resources\" is to be an array", HGT_EPARSE},
		{REPORT(",\"resources\":[{\"name\":\"a\",\"sync\":\"Lost\"}]"), "\"sync\" cannot be", HGT_EPARSE},
		{REPORT(",\"suspended\":1"), "\"suspended\" is to be true or false", HGT_EPARSE},
		{REPORT(",\"pinned\":true"), "\"pinned\" is to be a string", HGT_EPARSE},
		{REPORT(",\"pinned\":\"v1.0\""), "\"pinned\" is no", HGT_EPARSE},
		{REPORT(",\"next\":\"soon\""), "\"next\" is no time", HGT_EPARSE},
		{REPORT(",\"truncated\":1"), "\"truncated\" is to be true or false", HGT_EPARSE},
	};
	static const char good[] = REPORT(",\"desired\":\"" ID "\",\"applied\":\"" ID "\",\"observed\":null,\"cause\":\"drift\","
		"\"message\":\"line\\none\",\"tool\":\"files\",\"version\":\"0.1.0\",\"exit_status\":3,"
		"\"started\":\"2026-01-02T03:04:05.678Z\",\"finished\":null,"
		"\"changes\":{\"added\":1,\"modified\":2,\"removed\":3},\"coverage\":{\"checked\":5,\"unchecked\":1},"
		"\"diff\":\"-a\\n+b\\n\",\"redacted\":2,\"ignored\":[{\"rule\":\"/spec/replicas\",\"hits\":4}],"
		"\"resources\":[{\"name\":\"v1/ConfigMap a\",\"sync\":\"Extra\",\"health\":null,\"message\":\"m\"}],"
		"\"resources_total\":7,\"request\":\"j.1\",\"suspended\":true,\"pinned\":\"" ID "\",\"next\":\"2026-01-02T03:04:05.678Z\",\"truncated\":true");
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_doc_set set;
	struct report report;

	(void)state;
	refused(parse_report, bad, N_OF(bad));
	hgt_doc_set_init(&set);
	assert_int_equal(report_parse(good, strlen(good), &set, &report, NULL), 0);
	report_write(&report, NULL, &text);
	assert_string_equal(text.data, good);
	hgt_buf_reset(&text);
	report_write(&report, "web1", &text);
	assert_non_null(strstr(text.data, "{\"agent\":\"web1\",\"target\":\"web\","));
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
}

static void test_report_too_long(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct bad bad = {NULL, "longer than 65536 bytes", HGT_ELIMIT};

	(void)state;
	hgt_buf_adds(&text, REPORT(",\"message\":\""));
	hgt_buf_truncate(&text, text.len - 1);
	while (text.len < REPORT_MAX)
		hgt_buf_addc(&text, 'x');
	hgt_buf_adds(&text, "\"}");
	bad.text = text.data;
	refused(parse_report, &bad, 1);
	hgt_buf_release(&text);
}

static void test_paths_and_refs(void **state)
{
	static const struct {
		const char *text;
		bool path, ref;
	} cases[] = {
		{"", true, false}, {"a", true, false}, {"a/b", true, false}, {"a/", false, false}, {"/a", false, false},
		{"a//b", false, false}, {".", false, false}, {"..", false, false}, {"a/..", false, false}, {"a/.b", true, false},
		{"...", true, false}, {"refs/heads/main", true, true}, {"refs/", false, false}, {"refs/a b", true, false},
		{"refs/a:b", true, false}, {"refs/a@{0}", true, false}, {"refs/heads/.x", true, false}, {"refs/x.", true, false},
		{"refs/tags/v1.0", true, true}, {"refs/heads/c++", true, true}, {"refs/heads/a\tb", true, false},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (message_path_is_valid(cases[i].text) != cases[i].path || message_ref_is_valid(cases[i].text) != cases[i].ref)
			fail_msg("\"%s\"", cases[i].text);
}

static void test_no_memory(void **state)
{
	static const struct {
		parse_fn parse;
		const char *text;
	} cases[] = {
		{parse_spec, SPEC("\"web-1\"", "\"cluster\"", "[\"infra/**\",\"x\"]")},
		{parse_said, SAID(GOOD_TARGET)},
		{parse_report, REPORT("")},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		for (long n = 1;; n++) {
			struct hgt_error err = {0};
			struct hgt_doc_set set;
			int code;

			hgt_doc_set_init(&set);
			fail_alloc_at(n);
			code = cases[i].parse(cases[i].text, strlen(cases[i].text), &set, &err);
			if (!fail_alloc_off()) {
				assert_int_equal(code, 0);
				hgt_doc_set_release(&set);
				break;
			}
			assert_int_equal(code, HGT_ENOMEM);
			hgt_doc_set_release(&set);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_announcement),
		cmocka_unit_test(test_too_many_targets),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_report_too_long),
		cmocka_unit_test(test_paths_and_refs),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
