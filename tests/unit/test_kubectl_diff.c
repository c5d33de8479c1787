/* agent/kubectl_diff, kubectl_judge, kubectl_rules: what counts of what kubectl diff prints, and what of it is shown. */
#include "agent/kubectl_diff.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define HEAD "diff -a -N -U9999999 /tmp/LIVE-1/x /tmp/MERGED-2/x\n--- /tmp/LIVE-1/x\t2026-11-26 00:04:22.6 +0000\n" \
	"+++ /tmp/MERGED-2/x\t2026-11-26 00:04:22.6 +0000\n"

/* A Deployment whose replicas and image were changed; the server counts its generation on. */
#define DEPLOYMENT HEAD "@@ -1,20 +1,20 @@\n" \
	" apiVersion: apps/v1\n kind: Deployment\n metadata:\n-  generation: 2\n+  generation: 3\n   name: d\n   namespace: shop\n" \
	" spec:\n   minReadySeconds: 1\n   paused: false\n   progressDeadlineSeconds: 600\n-  replicas: 5\n+  replicas: 2\n" \
	"   revisionHistoryLimit: 10\n   template:\n     spec:\n       containers:\n-      - image: x:2\n+      - image: x:1\n" \
	"         name: c\n         tty: true\n       dnsPolicy: ClusterFirst\n status: {}\n"

#define SECRET HEAD "@@ -1,14 +1,12 @@\n" \
	" apiVersion: v1\n data:\n-  a: live-secret-1\n-  b: |\n-    live-secret-2\n-    live-secret-3\n+  a: '*** (after)'\n+  b: \"wanted-secret\"\n" \
	"   c: kept-secret\n kind: Secret\n metadata:\n   annotations:\n" \
	"     kubectl.kubernetes.io/last-applied-configuration: kept-secret\n   name: s\n   namespace: shop\n type: Opaque\n"

struct seen {
	struct kubectl_rules rules;
	struct kubectl_verdict verdict;
	char object[200];
	bool missing;
	unsigned n;
};

static int on_change(void *ctx, const struct kubectl_change *change, struct hgt_error *err)
{
	struct seen *seen = ctx;
	struct hgt_buf name = HGT_BUF_INIT;
	int code = kubectl_diff_judge(change, &seen->rules, &seen->verdict, err);

	kubectl_object_write(&change->object, &name);
	if (name.failed && code == 0)
		code = hgt_error_nomem(err);
	snprintf(seen->object, sizeof(seen->object), "%s", name.data);
	seen->missing = !change->live;
	seen->n++;
	hgt_buf_release(&name);
	return code;
}

static int judge(const struct hgt_agent_target *target, const char *text, struct seen *seen, struct hgt_error *err)
{
	int code;

	*seen = (struct seen){0};
	kubectl_verdict_init(&seen->verdict);
	code = kubectl_rules_init(&seen->rules, target, err);
	return code < 0 ? code : kubectl_diff_parse(text, strlen(text), on_change, seen, err);
}

static void release(struct seen *seen)
{
	kubectl_rules_release(&seen->rules);
	kubectl_verdict_release(&seen->verdict);
}

static void tells_what_differs(void **state)
{
	static const struct hgt_agent_target target;
	struct seen seen;

	(void)state;
	assert_int_equal(judge(&target, DEPLOYMENT, &seen, NULL), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.object, "apps/v1/Deployment shop/d");
	assert_false(seen.missing);
	assert_int_equal(seen.verdict.places, 2);
	assert_string_equal(seen.verdict.first.data, "/spec/replicas");
	assert_string_equal(seen.verdict.diff.data, "--- apps/v1/Deployment shop/d (live)\n+++ apps/v1/Deployment shop/d (wanted)\n"
		"@@ -8,12 +8,12 @@\n   minReadySeconds: 1\n   paused: false\n   progressDeadlineSeconds: 600\n-  replicas: 5\n+  replicas: 2\n"
		"   revisionHistoryLimit: 10\n   template:\n     spec:\n       containers:\n-      - image: x:2\n+      - image: x:1\n"
		"         name: c\n         tty: true\n       dnsPolicy: ClusterFirst\n");
	assert_int_equal(seen.verdict.redacted, 0);
	release(&seen);
}

static void two_objects_and_one_that_is_missing(void **state)
{
	static const char *const texts[] = {
		HEAD "@@ -0,0 +1,6 @@\n+apiVersion: v1\n+kind: ConfigMap\n+metadata:\n+  name: a\n+  uid: u\n+  creationTimestamp: t\n",
		HEAD "@@ -1 +1,6 @@\n-null\n+apiVersion: v1\n+kind: ConfigMap\n+metadata:\n+  name: a\n+  uid: u\n+  creationTimestamp: t\n"};
	static const struct hgt_agent_target target;
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		char both[4000];

		snprintf(both, sizeof(both), "%s%s", DEPLOYMENT, texts[i]);
		assert_int_equal(judge(&target, both, &seen, NULL), 0);
		assert_int_equal(seen.n, 2);
		assert_true(seen.missing);
		assert_string_equal(seen.object, "v1/ConfigMap a");
		assert_true(seen.verdict.places > 0);
		assert_string_equal(seen.verdict.diff.data, "--- v1/ConfigMap a (live)\n+++ v1/ConfigMap a (wanted)\n@@ -0,0 +1,4 @@\n"
			"+apiVersion: v1\n+kind: ConfigMap\n+metadata:\n+  name: a\n");
		release(&seen);
	}
}

static void rules_leave_places_out(void **state)
{
	static const struct {
		const char *kind, *namespace, *pointers[2];
		uint64_t places, hits;
	} cases[] = {
		{"Deployment", "*", {"/spec/replicas"}, 1, 1},
		{"Deployment", "shop", {"/spec/replicas", "/spec/template/spec/containers/*/image"}, 0, 2},
		{"D*", "s?op", {"/spec"}, 0, 1},
		{"*", "*", {"/spec/*"}, 0, 2},
		{"*", "*", {"/spec/template"}, 1, 1},
		{"Deployment", "*", {"/spec/replica"}, 2, 0},
		{"Deployment", "*", {"/spec/replicas/x"}, 2, 0},
		{"Deployment", "other", {"/spec/replicas"}, 2, 0},
		{"StatefulSet", "*", {"/spec/replicas"}, 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char *pointers[2] = {(char *)(uintptr_t)cases[i].pointers[0], (char *)(uintptr_t)cases[i].pointers[1]};
		struct hgt_kubectl_rule rule = {"*", cases[i].kind, cases[i].namespace, "*", {pointers, cases[i].pointers[1] ? 2 : 1}};
		const struct hgt_agent_target target = {.kubectl = {.ignore = &rule, .n_ignore = 1}};
		struct seen seen;

		assert_int_equal(judge(&target, DEPLOYMENT, &seen, NULL), 0);
		assert_int_equal(seen.verdict.places, cases[i].places);
		assert_int_equal(seen.rules.hits[0], cases[i].hits);
		assert_true((seen.verdict.diff.len == 0) == (cases[i].places == 0));
		assert_true(cases[i].places == 2 || !strstr(seen.verdict.diff.data, "+  replicas: 2") ||
			!strstr(seen.verdict.diff.data, "image: x:1"));
		release(&seen);
	}
}

static void what_an_apply_changes_by_itself_does_not_count(void **state)
{
	static const struct hgt_agent_target target;
	struct seen seen;

	(void)state;
	assert_int_equal(judge(&target, HEAD "@@ -1,6 +1,6 @@\n apiVersion: v1\n kind: ConfigMap\n metadata:\n   name: a\n-  generation: 1\n"
		"-  resourceVersion: \"7\"\n+  generation: 2\n+  resourceVersion: \"8\"\n", &seen, NULL), 0);
	assert_int_equal(seen.verdict.places, 0);
	assert_string_equal(seen.verdict.diff.data, "");
	release(&seen);
}

/* A map that goes with the one key in it that a rule is about has nothing else to it; with another it has. */
static void a_rule_reaches_what_is_on_one_side_alone(void **state)
{
	static const char *const texts[] = {
		HEAD "@@ -1,6 +1,4 @@\n apiVersion: v1\n kind: ConfigMap\n metadata:\n-  annotations:\n-    a/b: x\n   name: a\n",
		HEAD "@@ -1,7 +1,4 @@\n apiVersion: v1\n kind: ConfigMap\n metadata:\n-  annotations:\n-    a/b: x\n-    c: y\n   name: a\n"};
	char *pointers[] = {(char *)(uintptr_t)"/metadata/annotations/a~1b"};
	struct hgt_kubectl_rule rule = {"", "*", "*", "*", {pointers, 1}};
	const struct hgt_agent_target target = {.kubectl = {.ignore = &rule, .n_ignore = 1}};

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		struct seen seen;

		assert_int_equal(judge(&target, texts[i], &seen, NULL), 0);
		assert_int_equal(seen.verdict.places, i);
		assert_int_equal(seen.rules.hits[0], 1);
		assert_string_equal(seen.verdict.first.data, i ? "/metadata/annotations/c" : "");
		release(&seen);
	}
}

static void secrets_are_not_shown(void **state)
{
	static const struct hgt_agent_target target;
	struct seen seen;

	(void)state;
	assert_int_equal(judge(&target, SECRET, &seen, NULL), 0);
	assert_int_equal(seen.verdict.places, 2);
	assert_string_equal(seen.verdict.first.data, "/data/a");
	assert_null(strstr(seen.verdict.diff.data, "secret"));
	assert_non_null(strstr(seen.verdict.diff.data, "-  a: (redacted)\n-  b: (redacted)\n+  a: (redacted)\n+  b: (redacted)\n   c: (redacted)\n"));
	assert_int_equal(seen.verdict.redacted, 5);
	release(&seen);
}

static void a_rule_takes_values_out(void **state)
{
	char *pointers[] = {(char *)(uintptr_t)"/spec/template/spec/containers/*"};
	struct hgt_kubectl_rule rule = {"apps", "Deployment", "*", "*", {pointers, 1}};
	const struct hgt_agent_target target = {.kubectl = {.redact = &rule, .n_redact = 1}};
	struct seen seen;

	(void)state;
	assert_int_equal(judge(&target, DEPLOYMENT, &seen, NULL), 0);
	assert_non_null(strstr(seen.verdict.diff.data, "-      - image: (redacted)\n+      - image: (redacted)\n         name: (redacted)\n"));
	assert_non_null(strstr(seen.verdict.diff.data, "-  replicas: 5\n"));
	assert_int_equal(seen.verdict.redacted, 4);
	release(&seen);
}

static void refuses_what_is_no_diff(void **state)
{
	static const char *const texts[] = {
		"Error from server\n",
		"Only in /tmp/LIVE-1: x\n",
		"--- a\n",
		"--- a\n+++ b\n",
		"--- a\n+++ b\n@@ -1 +1 @\n a\n",
		"--- a\n+++ b\n@@ -2 +2 @@\n a\n",	/* not from the first line on */
		"--- a\n+++ b\n@@ -1,2 +1,2 @@\n apiVersion: v1\n",
		"--- a\n+++ b\n@@ -1,2 +1,2 @@\n apiVersion: v1\n*x\n",
		"--- a\n+++ b\n@@ -99999999999999999999 +1 @@\n",
		"--- a\n+++ b\n@@ -1 +1 @@\n a: [\n",
		"--- a\n+++ b\n@@ -1 +1 @@\n just a text\n",
		"--- a\n+++ b\n@@ -1,3 +1,3 @@\n apiVersion: v1\n kind: X\n metadata: {}\n",	/* it has no name */
		"--- a\n+++ b\n@@ -0,0 +0,0 @@\n",
		DEPLOYMENT "@@ -1 +1 @@\n a\n",
	};
	static const struct hgt_agent_target target;

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		struct hgt_error err = {0};
		struct seen seen;

		assert_int_equal(judge(&target, texts[i], &seen, &err), HGT_EPARSE);
		assert_int_not_equal(err.message[0], '\0');
		release(&seen);
	}
}

static void every_allocation_may_fail(void **state)
{
	char *pointers[] = {(char *)(uintptr_t)"/spec/replicas"};
	struct hgt_kubectl_rule rule = {"*", "*", "*", "*", {pointers, 1}};
	const struct hgt_agent_target target = {.kubectl = {.ignore = &rule, .n_ignore = 1, .redact = &rule, .n_redact = 1}};

	(void)state;
	for (long n = 1;; n++) {
		struct seen seen;
		int code;

		fail_alloc_at(n);
		code = judge(&target, DEPLOYMENT SECRET, &seen, NULL);
		release(&seen);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
}

static void names_a_rule(void **state)
{
	char *pointers[] = {(char *)(uintptr_t)"/a", (char *)(uintptr_t)"/b"};
	const struct hgt_kubectl_rule rules[] = {{"*", "Deployment", "*", "*", {pointers, 1}}, {"apps", "D*", "shop", "web*", {pointers,
		2}},
		{"", "Secret", "*", "s", {pointers, 1}}};
	static const char *const texts[] = {"Deployment: /a", "apps/D* shop/web*: /a, /b", "/Secret s: /a"};

	(void)state;
	for (size_t i = 0; i < N_OF(rules); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		kubectl_rule_write(&rules[i], &out);
		assert_string_equal(out.data, texts[i]);
		hgt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_differs),
		cmocka_unit_test(two_objects_and_one_that_is_missing),
		cmocka_unit_test(rules_leave_places_out),
		cmocka_unit_test(what_an_apply_changes_by_itself_does_not_count),
		cmocka_unit_test(a_rule_reaches_what_is_on_one_side_alone),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(a_rule_takes_values_out),
		cmocka_unit_test(refuses_what_is_no_diff),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(names_a_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
