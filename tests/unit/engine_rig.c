/* Tables of texts and their findings. */
#include "tests/unit/engine_rig.h"

#include "tests/unit/unit.h"

struct hgt_engine *rig_engine(const struct hgt_engine_options *options)
{
	struct hgt_engine *engine;

	assert_int_equal(hgt_engine_new(options, &engine, NULL), 0);
	return engine;
}

void rig_judge(struct hgt_engine *engine, const char *path, const char *text, size_t len, enum hgt_class cls)
{
	char *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, text, len);
	assert_int_equal(hgt_engine_file(engine, path, exact, len, cls, NULL), 0);
	free(exact);
}

void rig_describe(const struct hgt_engine *engine, struct hgt_buf *out)
{
	const struct hgt_findings *list = hgt_engine_findings(engine);

	for (size_t i = 0; i < list->n; i++) {
		const struct hgt_finding *f = &list->items[i];

		hgt_buf_addf(out, "%s%u:%u", out->len ? "\n" : "", f->line, f->column);
		if (f->end_column)
			hgt_buf_addf(out, "-%u", f->end_column);
		hgt_buf_addf(out, " %s%s%s", f->rule, *f->pointer ? " " : "", f->pointer);
	}
	assert_false(out->failed);
}

void judge_table(const struct judged *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){0});
		const struct hgt_findings *list = hgt_engine_findings(engine);
		struct hgt_buf told = HGT_BUF_INIT;

		rig_judge(engine, cases[i].path ? cases[i].path : "a.yaml", cases[i].text, strlen(cases[i].text), cases[i].cls);
		assert_int_equal(hgt_engine_finish(engine, NULL), 0);
		rig_describe(engine, &told);
		if (strcmp(told.data, cases[i].expect) != 0)
			fail_msg("%s\nexpected: %s\nfound: %s\n%s", cases[i].text, cases[i].expect, told.data,
				list->n ? list->items[0].message : "");
		if (cases[i].message)
			assert_string_equal(list->items[0].message, cases[i].message);
		hgt_buf_release(&told);
		hgt_engine_free(engine);
	}
}
