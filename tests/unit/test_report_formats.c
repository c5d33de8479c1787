/* lib/check/report_sarif, report_junit, report_github: what they write, letter for letter. */
#include "check/report.h"
#include "doc/doc.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/* An engine that was told `findings`, finished. */
static struct hgt_engine *engine_with(const struct hgt_finding *findings, size_t n)
{
	struct hgt_engine *engine;

	assert_int_equal(hgt_engine_new(&(struct hgt_engine_options){.findings_limit = 4}, &engine, NULL), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(hgt_engine_add(engine, &findings[i], NULL), 0);
	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	return engine;
}

static const struct hgt_finding duplicate = {.severity = HGT_SEVERITY_ERROR, .rule = "yaml/duplicate-key", .path = "apps/a b.yaml",
	.line = 14, .column = 9, .end_column = 14, .pointer = "/spec/image", .message = "duplicate key \"image\"", .hint = "remove one"};

/* A rule that the table does not have keeps the severity that it came with. */
static const struct hgt_finding odd = {.severity = HGT_SEVERITY_WARNING, .rule = "x/odd", .path = "apps/a b.yaml", .line = 2,
	.message = "<&>"};

/* What the SARIF of one finding has to have in it. */
static void expect_sarif(const struct hgt_finding *f, const char *part)
{
	struct hgt_engine *engine = engine_with(f, 1);
	struct hgt_buf out = HGT_BUF_INIT;

	hgt_report_sarif(engine, true, &out);
	assert_int_equal(out.failed, false);
	if (!strstr(out.data, part))
		fail_msg("%s\nis not in\n%s", part, out.data);
	hgt_buf_release(&out);
	hgt_engine_free(engine);
}

static void writes_sarif(void **state)
{
	const struct hgt_finding findings[] = {duplicate, odd};
	struct hgt_engine *engine = engine_with(findings, 2);
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_doc_set set;
	const struct hgt_node *run, *rules;

	(void)state;
	hgt_report_sarif(engine, false, &out);
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(out.data, out.len, &set, NULL), 0);
	assert_string_equal(hgt_node_get_string(set.docs[0].root, "version"), "2.1.0");
	run = hgt_node_get(set.docs[0].root, "runs")->v.seq.items[0];
	rules = hgt_node_get(hgt_node_get(hgt_node_get(run, "tool"), "driver"), "rules");
	assert_int_equal(rules->v.seq.n, 1);
	assert_string_equal(hgt_node_get_string(rules->v.seq.items[0], "id"), "yaml/duplicate-key");
	assert_string_equal(hgt_node_get_string(hgt_node_get(rules->v.seq.items[0], "shortDescription"), "text"),
		hgt_rule_find("yaml/duplicate-key")->title);
	assert_string_equal(hgt_node_get_string(hgt_node_get(rules->v.seq.items[0], "help"), "text"),
		hgt_rule_find("yaml/duplicate-key")->why);
	assert_null(strchr(hgt_node_get_string(hgt_node_get(rules->v.seq.items[0], "fullDescription"), "text"), '\n'));
	assert_non_null(strstr(out.data, "\"invocations\":[{\"executionSuccessful\":false}],\"columnKind\":\"unicodeCodePoints\","
		"\"results\":[{\"ruleId\":\"x/odd\",\"level\":\"warning\",\"message\":{\"text\":\"<&>\"},\"locations\":[{\"physicalLocation\":"
		"{\"artifactLocation\":{\"uri\":\"apps/a%20b.yaml\",\"uriBaseId\":\"%SRCROOT%\"},\"region\":{\"startLine\":2}}}]},"
		"{\"ruleId\":\"yaml/duplicate-key\",\"ruleIndex\":0,\"level\":\"error\",\"message\":{\"text\":"
		"\"duplicate key \\\"image\\\". Hint: remove one\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":"
		"\"apps/a%20b.yaml\",\"uriBaseId\":\"%SRCROOT%\"},\"region\":{\"startLine\":14,\"startColumn\":9,\"endColumn\":14}},"
		"\"logicalLocations\":[{\"fullyQualifiedName\":\"/spec/image\"}]}]}]}]}\n"));
	hgt_doc_set_release(&set);
	hgt_buf_release(&out);
	hgt_engine_free(engine);
}

static void writes_sarif_of_nothing(void **state)
{
	struct hgt_engine *engine = engine_with(NULL, 0);
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	hgt_report_sarif(engine, true, &out);
	assert_non_null(strstr(out.data, "\"rules\":[]"));
	assert_non_null(strstr(out.data, "\"invocations\":[{\"executionSuccessful\":true}],\"columnKind\":\"unicodeCodePoints\","
		"\"results\":[]}]}\n"));
	hgt_buf_release(&out);
	hgt_engine_free(engine);
}

/* Paths become URIs that mean the same file. */
static void writes_sarif_uris(void **state)
{
	static const struct {
		const char *path, *part;
	} cases[] = {
		{"a/b.yaml", "{\"uri\":\"a/b.yaml\",\"uriBaseId\":\"%SRCROOT%\"}"},
		{"./a//b.yaml", "{\"uri\":\"a//b.yaml\",\"uriBaseId\":\"%SRCROOT%\"}"},
		{"../a.yaml", "{\"uri\":\"../a.yaml\",\"uriBaseId\":\"%SRCROOT%\"}"},
		{"/etc/a b.yaml", "{\"uri\":\"file:///etc/a%20b.yaml\"}"},
		{"a:b%41?#\xff\x1b\xc3\xbc.yaml", "{\"uri\":\"a%3Ab%2541%3F%23%FF%1B%C3%BC.yaml\",\"uriBaseId\":\"%SRCROOT%\"}"},
		{"", "\"locations\":[]"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		expect_sarif(&(struct hgt_finding){.rule = "yaml/syntax", .path = cases[i].path, .message = "m"}, cases[i].part);
}

static void writes_sarif_places_and_texts(void **state)
{
	struct hgt_finding f = duplicate;

	(void)state;
	f.end_column = 0;
	expect_sarif(&f, "\"region\":{\"startLine\":14,\"startColumn\":9,\"endColumn\":10}");
	f.column = UINT32_MAX;
	expect_sarif(&f, "\"region\":{\"startLine\":14,\"startColumn\":4294967295,\"endColumn\":4294967296}");
	f.line = 0;
	expect_sarif(&f, "\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"apps/a%20b.yaml\",\"uriBaseId\":\"%SRCROOT%\"}},");
	f.message = "{{ .Values.x }} or {0}";
	f.hint = NULL;
	expect_sarif(&f, "\"message\":{\"text\":\"{{{{ .Values.x }}}} or {{0}}\"}");
	f.rule = "x/odd";
	f.severity = HGT_SEVERITY_INFO;
	expect_sarif(&f, "\"ruleId\":\"x/odd\",\"level\":\"note\"");
}

static void expect_junit(const struct hgt_finding *findings, size_t n, const char *expect)
{
	struct hgt_engine *engine = engine_with(findings, n);
	struct hgt_buf out = HGT_BUF_INIT;

	hgt_report_junit(engine, &out);
	assert_string_equal(out.data, expect);
	hgt_buf_release(&out);
	hgt_engine_free(engine);
}

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"headgate\" "
#define TAIL "  </testsuite>\n</testsuites>\n"

static void writes_junit(void **state)
{
	struct hgt_finding findings[] = {duplicate, odd, odd, duplicate};

	(void)state;
	findings[0].excerpt = "  image: <b>";
	findings[0].excerpt_len = strlen(findings[0].excerpt);
	findings[2].path = "\x1b]]>\n.yaml";
	findings[3].line = 20;
	findings[3].hint = NULL;
	expect_junit(findings, 4, HEAD "tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\">\n"
		"    <testcase name=\"\\e]]&gt;\\n.yaml\" classname=\"headgate\" file=\"\xef\xbf\xbd]]&gt;&#10;.yaml\">\n"
		"      <system-out>&quot;\\e]]&gt;\\n.yaml&quot;:2:0: warning: &lt;&amp;&gt; [x/odd]\n</system-out>\n    </testcase>\n"
		"    <testcase name=\"apps/a b.yaml\" classname=\"headgate\" file=\"apps/a b.yaml\">\n"
		"      <failure message=\"14:9: duplicate key &quot;image&quot;, and 1 more error\" type=\"yaml/duplicate-key\">"
		"apps/a b.yaml:2:0: warning: &lt;&amp;&gt; [x/odd]\n"
		"apps/a b.yaml:14:9: error: duplicate key &quot;image&quot; [yaml/duplicate-key]\n"
		"    14 |   image: &lt;b&gt;\n                 ^~~~\n  hint: remove one\n"
		"apps/a b.yaml:20:9: error: duplicate key &quot;image&quot; [yaml/duplicate-key]\n"
		"</failure>\n    </testcase>\n" TAIL);
}

/* Without a case Jenkins would take the report for a mistake. */
static void writes_junit_of_nothing(void **state)
{
	(void)state;
	expect_junit(NULL, 0, HEAD "tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">\n"
		"    <testcase name=\"no findings\" classname=\"headgate\"/>\n" TAIL);
}

static void writes_github(void **state)
{
	static const struct {
		struct hgt_finding finding;
		const char *line;
	} cases[] = {
		{{.rule = "yaml/syntax", .path = "a/b.yaml", .line = 14, .column = 9, .message = "50% of:,\n", .hint = "50%\r"},
			"::error file=a/b.yaml,line=14,col=9,title=yaml/syntax::50%25 of:,%0A%0Ahint: 50%25%0D\n"},
		{{.rule = "x/odd", .severity = HGT_SEVERITY_WARNING, .path = "a,b:c%\n\x1b.yaml", .line = 3, .message = "m"},
			"::warning file=a%2Cb%3Ac%25\\n\\e.yaml,line=3,title=x/odd::m\n"},
		{{.rule = "x/odd", .severity = HGT_SEVERITY_INFO, .path = "", .message = "::error::m"},
			"::notice title=x/odd::::error::m\n"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_engine *engine = engine_with(&cases[i].finding, 1);
		struct hgt_buf out = HGT_BUF_INIT;

		hgt_report_github(engine, &out);
		assert_string_equal(out.data, cases[i].line);
		hgt_buf_release(&out);
		hgt_engine_free(engine);
	}
}

/* Without memory the buffer says so, whichever allocation it was. */
static void says_that_memory_ran_out(void **state)
{
	const struct hgt_finding findings[] = {duplicate, odd};
	struct hgt_engine *engine = engine_with(findings, 2);
	long n;

	(void)state;
	for (n = 1;; n++) {
		struct hgt_buf out = HGT_BUF_INIT;
		bool failed;

		fail_alloc_at(n);
		hgt_report_sarif(engine, true, &out);
		hgt_report_junit(engine, &out);
		hgt_report_github(engine, &out);
		failed = fail_alloc_off();
		assert_int_equal(out.failed, failed);
		hgt_buf_release(&out);
		if (!failed)
			break;
	}
	assert_true(n > 10);
	hgt_engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_sarif), cmocka_unit_test(writes_sarif_of_nothing), cmocka_unit_test(writes_sarif_uris),
		cmocka_unit_test(writes_sarif_places_and_texts), cmocka_unit_test(writes_junit), cmocka_unit_test(writes_junit_of_nothing),
		cmocka_unit_test(writes_github), cmocka_unit_test(says_that_memory_ran_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
