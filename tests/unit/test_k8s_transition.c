/* lib/k8s/transition*: what changes the API server refuses, and what nearly is one. */
#include "check/engine.h"

#include "base/buf.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/* One file before and after. */
struct change {
	const char *before, *now;
	const char *expect;	/* as rig_describe() tells it */
	const char *message;	/* of the first finding, NULL: any */
};

static void bring_before(struct hgt_engine *engine, const char *path, const char *text)
{
	size_t len = strlen(text);
	char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, text, len);
	assert_int_equal(hgt_engine_before(engine, path, exact, len, HGT_CLASS_AUTO, NULL), 0);
	free(exact);
}

static void expect_findings(struct hgt_engine *engine, const char *expect, const char *message, const char *what)
{
	const struct hgt_findings *list = hgt_engine_findings(engine);
	struct hgt_buf told = HGT_BUF_INIT;

	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	rig_describe(engine, &told);
	if (strcmp(told.data, expect) != 0)
		fail_msg("%s\nexpected: %s\nfound: %s\n%s", what, expect, told.data, list->n ? list->items[0].message : "");
	if (message)
		assert_string_equal(list->items[0].message, message);
	hgt_buf_release(&told);
}

static void change_table(const char *head, const struct change *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){0});
		struct hgt_buf before = HGT_BUF_INIT, now = HGT_BUF_INIT;

		hgt_buf_addf(&before, "%s%s", head, cases[i].before);
		hgt_buf_addf(&now, "%s%s", head, cases[i].now);
		bring_before(engine, "a.yaml", before.data);
		rig_judge(engine, "a.yaml", now.data, now.len, HGT_CLASS_AUTO);
		expect_findings(engine, cases[i].expect, cases[i].message, now.data);
		hgt_buf_release(&before);
		hgt_buf_release(&now);
		hgt_engine_free(engine);
	}
}

#define HEAD(api, kind) "apiVersion: " api "\nkind: " kind "\nmetadata: {name: x, namespace: n}\n"

static void selectors_are_fixed(void **state)
{
	static const struct change cases[] = {
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: site}}}\n",
			"4:38-42 transition/immutable /spec/selector/matchLabels/app",
			"spec.selector.matchLabels.app: cannot change from \"web\" to \"site\" in an existing Deployment"},
		{"spec: {selector: {matchLabels: {app: web, tier: a}}}\n", "spec: {selector: {matchLabels: {tier: a, app: \"web\"}}}\n", "",
			NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web}}, replicas: 3}\n", "", NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web, tier: a}}}\n",
			"4:49-50 transition/immutable /spec/selector/matchLabels/tier",
			"spec.selector.matchLabels.tier: cannot be added to an existing Deployment; it is \"a\", and was not set"},
		/* a label may be called like a field with a default */
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web, protocol: TCP}}}\n",
			"4:53-56 transition/immutable /spec/selector/matchLabels/protocol", NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web, x: \"\"}}}\n",
			"4:46-48 transition/immutable /spec/selector/matchLabels/x", NULL},
		{"spec: {selector: {matchLabels: {app: web, tier: a}}}\n", "spec: {selector: {matchLabels: {app: web}}}\n",
			"4:32 transition/immutable /spec/selector/matchLabels/tier",
			"spec.selector.matchLabels.tier: cannot be taken out of an existing Deployment; it was \"a\""},
		/* the server compares expressions in their order */
		{"spec: {selector: {matchExpressions: [{key: a, operator: Exists}, {key: b, operator: Exists}]}}\n",
			"spec: {selector: {matchExpressions: [{key: b, operator: Exists}, {key: a, operator: Exists}]}}\n",
			"4:44-45 transition/immutable /spec/selector/matchExpressions/0/key", NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: web}, matchExpressions: []}}\n", "", NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {selector: {matchLabels: {app: \"${APP}\"}}}\n", "", NULL},
		/* neither a patch nor an object that was one has a selector */
		{"spec: {replicas: 1}\n", "spec: {selector: {matchLabels: {app: web}}}\n", "", NULL},
		{"spec: {selector: {matchLabels: {app: web}}}\n", "spec: {replicas: 1}\n", "", NULL},
		/* the text that was is no YAML, or has a key twice: nothing was there */
		{"spec: {selector: {matchLabels: {app: web}}\n", "spec: {selector: {matchLabels: {app: site}}}\n", "", NULL},
		{"spec: {selector: {matchLabels: {app: web, app: web}}}\n", "spec: {selector: {matchLabels: {app: site}}}\n", "", NULL},
	};

	(void)state;
	change_table(HEAD("apps/v1", "Deployment"), cases, N_OF(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selectors_are_fixed),
	};

	return cmocka_run_group_tests_name("k8s_transition", tests, NULL, NULL);
}
