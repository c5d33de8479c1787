/* Tables of objects of one kind. */
#include "tests/unit/kind_rig.h"

#include "tests/unit/engine_rig.h"
#include "tests/unit/unit.h"

static bool is_among(const char *rule, const char *const *rules)
{
	for (; *rules; rules++)
		if (strcmp(rule, *rules) == 0)
			return true;
	return false;
}

static void judge(const char *text, const char *const *rules, const struct kind_case *one)
{
	/* What has had its time is told of any kind, and has tests of its own. */
	static const struct hgt_rule_setting settings[] = {
		{"k8s/deprecated-api", HGT_SEVERITY_OFF}, {"k8s/deprecated-field", HGT_SEVERITY_OFF}, {"k8s/removed-api", HGT_SEVERITY_OFF},
	};
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){.kubernetes = one->kubernetes, .settings = settings,
		.n_settings = N_OF(settings)});
	const struct hgt_findings *list = hgt_engine_findings(engine);
	struct hgt_buf told = HGT_BUF_INIT;

	rig_judge(engine, "a.yaml", text, strlen(text), HGT_CLASS_KUBERNETES);
	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	for (size_t i = 0; i < list->n; i++) {
		const struct hgt_finding *f = &list->items[i];

		hgt_buf_addf(&told, "%s%s", i ? "\n" : "", f->message);
		if (!is_among(f->rule, rules))
			fail_msg("%s\ntold by %s: %s", text, f->rule, f->message);
		if (!f->line || !f->column || !f->pointer)
			fail_msg("%s\ntold of no place: %s", text, f->message);
	}
	if (strcmp(told.data, one->expect) != 0)
		fail_msg("%s\nexpected:\n%s\nfound:\n%s", text, one->expect, told.data);
	hgt_buf_release(&told);
	hgt_engine_free(engine);
}

void kind_table(const char *head, const char *const *rules, const struct kind_case *cases, size_t n)
{
	struct hgt_buf text = HGT_BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		hgt_buf_reset(&text);
		hgt_buf_addf(&text, "%s%s", head, cases[i].body);
		assert_false(text.failed);
		judge(text.data, rules, &cases[i]);
	}
	hgt_buf_release(&text);
}
