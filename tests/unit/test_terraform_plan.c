/* agent/terraform_plan and terraform_events: what a plan and a run come to. The texts are cut from what terraform 1.11 and tofu 1.10 gave. */
#include "agent/terraform_private.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/* A resource whose change is given. */
#define RESOURCE(address, change) "{\"address\":\"" address "\",\"mode\":\"managed\",\"change\":{" change "}}"
#define PLAN(resources, more) "{\"format_version\":\"1.2\",\"resource_changes\":[" resources "]" more "}"

static int read(const char *text, struct secrets *secrets, struct driver_result *result, struct hgt_error *err)
{
	driver_result_init(result);
	*secrets = (struct secrets)SECRETS_INIT;
	return terraform_read_plan(text, strlen(text), true, secrets, result, err);
}

static void shows_changes(void **state)
{
	static const struct {
		const char *change, *diff, *sync, *message;
		unsigned redacted;
	} cases[] = {
		{"\"actions\":[\"no-op\"],\"before\":{\"a\":1},\"after\":{\"a\":1},\"after_unknown\":{}", "", "Synced", NULL, 0},
		{"\"actions\":[\"create\"],\"before\":null,\"after\":{\"a\":1,\"b\":\"x\\ny\",\"c\":null,\"d\":[true]},\"after_unknown\":{\"id\":true}",
			"--- r.x\n+++ r.x\n@@ would be created @@\n+a = 1\n+b = \"x\\ny\"\n+d[0] = true\n+id = (known after apply)\n", "Missing",
			"would be created", 0},
		{"\"actions\":[\"update\"],\"before\":{\"a\":1,\"b\":{\"c\":[1,2]},\"same\":\"s\"},\"after\":{\"a\":2,\"b\":{\"c\":[1,3,4]},\"same\":\"s\"}",
			"--- r.x\n+++ r.x\n@@ would be updated @@\n-a = 1\n+a = 2\n-b.c[1] = 2\n+b.c[1] = 3\n+b.c[2] = 4\n", "OutOfSync",
			"would be updated", 0},
		{"\"actions\":[\"delete\"],\"before\":{\"a\":1},\"after\":null,\"after_unknown\":{}", "--- r.x\n+++ r.x\n@@ would be destroyed @@\n-a = 1\n",
			"Extra", "would be destroyed", 0},
		{"\"actions\":[\"delete\",\"create\"],\"before\":{\"a\":{\"b\":1}},\"after\":{\"a\":[2]}",
			"--- r.x\n+++ r.x\n@@ would be replaced @@\n-a.b = 1\n+a[0] = 2\n", "OutOfSync", "would be replaced", 0},
		{"\"actions\":[\"read\"],\"before\":null,\"after\":{\"a\":1}", "", "Unknown", "is read when the plan is applied", 0},
		/* Sensitive: one value, one below, all; also where a copy of it stands unmarked. */
		{"\"actions\":[\"update\"],\"before\":{\"p\":\"old-one\",\"q\":\"k\"},\"after\":{\"p\":\"new-one\",\"q\":\"k\"},\"before_sensitive\":{\"p\":true},"
			"\"after_sensitive\":{\"p\":true,\"q\":true}", "--- r.x\n+++ r.x\n@@ would be updated @@\n-p = [redacted]\n+p = [redacted]\n",
			"OutOfSync", "would be updated", 1},
		{"\"actions\":[\"create\"],\"before\":null,\"after\":{\"in\":{\"pw\":\"hunter2\",\"n\":5},\"copy\":\"it is hunter2\"},\"after_sensitive\":"
			"{\"in\":{\"pw\":true}}", "--- r.x\n+++ r.x\n@@ would be created @@\n+in.pw = [redacted]\n+in.n = 5\n+copy = \"it is [redacted]\"\n",
			"Missing", "would be created", 2},
		{"\"actions\":[\"create\"],\"before\":null,\"after\":{\"a\":\"secret-a\"},\"before_sensitive\":false,\"after_sensitive\":true",
			"--- r.x\n+++ r.x\n@@ would be created @@\n+ = [redacted]\n", "Missing", "would be created", 1},
		/* By its name alone. */
		{"\"actions\":[\"create\"],\"before\":null,\"after\":{\"db_password\":\"plain\"}",
			"--- r.x\n+++ r.x\n@@ would be created @@\n+db_password = [redacted 1]\n", "Missing", "would be created", 1},
		/* What was known is not known yet. */
		{"\"actions\":[\"update\"],\"before\":{\"o\":{\"v\":1,\"pw\":\"open-sesame\"}},\"after\":{},\"after_unknown\":{\"o\":true},"
			"\"before_sensitive\":{\"o\":{\"pw\":true}}",
			"--- r.x\n+++ r.x\n@@ would be updated @@\n-o.v = 1\n-o.pw = [redacted]\n+o = (known after apply)\n", "OutOfSync", "would be updated", 1},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf text = HGT_BUF_INIT;
		struct driver_result result;
		struct secrets secrets;
		struct hgt_error err = {0};

		hgt_buf_addf(&text, PLAN(RESOURCE("r.x", "%s"), ""), cases[i].change);
		assert_int_equal(read(text.data, &secrets, &result, &err), 0);
		assert_string_equal(result.diff.data, cases[i].diff);
		assert_int_equal(result.redacted, cases[i].redacted);
		assert_int_equal(result.n_resources, 1);
		assert_string_equal(result.resources[0].name, "r.x");
		assert_string_equal(result.resources[0].sync, cases[i].sync);
		if (cases[i].message)
			assert_string_equal(result.resources[0].message, cases[i].message);
		else
			assert_null(result.resources[0].message);
		assert_int_equal(result.checked + result.unchecked, 1);
		driver_result_release(&result);
		secrets_release(&secrets);
		hgt_buf_release(&text);
	}
}

static void knows_variables_drift_and_checks(void **state)
{
	struct driver_result result;
	struct secrets secrets;
	struct hgt_error err = {0};
	static const char text[] = PLAN(RESOURCE("r.a", "\"actions\":[\"no-op\"],\"before\":{},\"after\":{}") ","
		RESOURCE("r.b", "\"actions\":[\"create\"],\"before\":null,\"after\":{\"t\":\"x swordfish y\"}"),
		",\"resource_drift\":[" RESOURCE("r.a", "\"actions\":[\"update\"]") "," RESOURCE("r.b", "\"actions\":[\"delete\"]") "]"
		",\"variables\":{\"pw\":{\"value\":\"swordfish\"},\"open\":{\"value\":\"y\"}}"
		",\"configuration\":{\"root_module\":{\"variables\":{\"pw\":{\"sensitive\":true},\"open\":{}}}}"
		",\"checks\":[{\"status\":\"pass\"},{\"status\":\"fail\"}],\"deferred_changes\":[{},{}]");

	(void)state;
	assert_int_equal(read(text, &secrets, &result, &err), 0);
	assert_string_equal(result.resources[0].sync, "Synced");
	assert_string_equal(result.resources[0].message, "was changed outside of it, in what the configuration leaves open");
	assert_string_equal(result.resources[1].message, "was changed outside of it, and would be created");
	assert_string_equal(result.health, "Degraded");
	assert_int_equal(result.unchecked, 2);
	assert_non_null(strstr(result.diff.data, "+t = \"x [redacted] y\"\n"));
	driver_result_release(&result);
	secrets_release(&secrets);
}

static void takes_nonsense(void **state)
{
	static const char *const texts[] = {"", "x", "[]", "null", "{\"resource_changes\":7}", "{\"resource_changes\":[7,null,[]]}",
		PLAN("{\"change\":{\"actions\":\"x\",\"before\":[],\"after\":{\"a\":[{}]},\"after_unknown\":[[true]],\"after_sensitive\":[1]}}", ""),
		PLAN(RESOURCE("", "\"actions\":[1]"), ",\"output_changes\":[],\"variables\":1,\"configuration\":{\"root_module\":[]}"),
		PLAN(RESOURCE("a", "\"actions\":[\"update\"],\"before\":{\"a\":[1]},\"after\":{\"a\":{\"b\":2}},\"after_unknown\":{\"a\":{\"c\":[true]}}"), "")};

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		struct driver_result result;
		struct secrets secrets;
		struct hgt_error err = {0};
		int code = read(texts[i], &secrets, &result, &err);

		assert_true(code == 0 || code == HGT_EPARSE);
		assert_int_equal(code == HGT_EPARSE, i < 4);
		driver_result_release(&result);
		secrets_release(&secrets);
	}
}

static void tells_when_memory_ends(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct driver_result result;
		struct secrets secrets;
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = read(PLAN(RESOURCE("r.x", "\"actions\":[\"update\"],\"before\":{\"a\":\"old-one\"},\"after\":{\"a\":\"new-one\"},\"after_sensitive\":{\"a\":true}"),
			""), &secrets, &result, &err);
		/* Without memory for a secret, nothing is shown. */
		if (code == 0 && secrets.failed)
			assert_string_equal(result.diff.data, "");
		assert_null(strstr(result.diff.data, "new-one"));
		if (!fail_alloc_off()) {
			driver_result_release(&result);
			secrets_release(&secrets);
			break;
		}
		assert_true(code == HGT_ENOMEM || secrets.failed);
		driver_result_release(&result);
		secrets_release(&secrets);
	}
}

static void hears_runs(void **state)
{
	static const struct {
		const char *lines[6];
		unsigned planned, added, changed, removed, errors;
		const char *first, *sentence;
	} cases[] = {
		{{"{\"type\":\"planned_change\",\"change\":{\"resource\":{\"addr\":\"r.a\"},\"action\":\"replace\"}}",
			"{\"type\":\"planned_change\",\"change\":{\"resource\":{\"addr\":\"r.b\"},\"action\":\"noop\"}}"}, 1, 0, 0, 0, 0, "r.a", ""},
		{{"{\"type\":\"apply_complete\",\"hook\":{\"action\":\"create\"}}", "{\"type\":\"apply_complete\",\"hook\":{\"action\":\"delete\"}}",
			"{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"warning\",\"summary\":\"w\"}}",
			"{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"Sum.\",\"detail\":\"It is\\nhunter2.\",\"address\":\"r.a\"}}",
			"{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"Other\"}}"}, 0, 1, 0, 1, 2, "",
			"r.a: Sum: It is [redacted], and 1 more errors"},
		{{"{\"type\":\"apply_complete\",\"hook\":{\"action\":\"create\"}}",
			"{\"type\":\"change_summary\",\"changes\":{\"add\":2,\"change\":3,\"remove\":1,\"operation\":\"apply\"}}",
			"{\"type\":\"change_summary\",\"changes\":{\"add\":9,\"change\":9,\"remove\":9,\"operation\":\"plan\"}}"}, 0, 2, 3, 1, 0, "", ""},
		{{"{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"S\",\"detail\":\"\",\"range\":{\"filename\":\"m.tf\","
			"\"start\":{\"line\":4}}}}"}, 0, 0, 0, 0, 1, "", "m.tf:4: S"},
		{{"no json", "{\"type\":", "{\"type\":7}", "{}", ""}, 0, 0, 0, 0, 0, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct secrets secrets = SECRETS_INIT;
		struct hgt_buf sentence = HGT_BUF_INIT;
		struct terraform_run run;
		struct hgt_error err = {0};

		secrets_add(&secrets, "hunter2", 7);
		terraform_run_init(&run);
		for (size_t k = 0; k < N_OF(cases[i].lines) && cases[i].lines[k]; k++)
			assert_int_equal(terraform_line(&run, cases[i].lines[k], strlen(cases[i].lines[k]), &err), 0);
		terraform_sentence(&run, &secrets, &sentence);
		assert_string_equal(sentence.data, cases[i].sentence);
		assert_string_equal(run.first.data, cases[i].first);
		assert_int_equal(run.planned, cases[i].planned);
		assert_int_equal(run.added, cases[i].added);
		assert_int_equal(run.changed, cases[i].changed);
		assert_int_equal(run.removed, cases[i].removed);
		assert_int_equal(run.errors, cases[i].errors);
		/* Where not all secrets are known, no detail. */
		secrets.failed = true;
		hgt_buf_reset(&sentence);
		terraform_sentence(&run, &secrets, &sentence);
		assert_null(strstr(sentence.data, "It is"));
		terraform_run_release(&run);
		secrets_release(&secrets);
		hgt_buf_release(&sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_changes),
		cmocka_unit_test(knows_variables_drift_and_checks),
		cmocka_unit_test(takes_nonsense),
		cmocka_unit_test(tells_when_memory_ends),
		cmocka_unit_test(hears_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
