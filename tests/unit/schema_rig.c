/* Schemas and documents of a few lines each, for the tests of lib/schema. */
#include "tests/unit/schema_rig.h"

#include "tests/unit/unit.h"

static void read_yaml(const char *text, struct hgt_doc_set *set)
{
	hgt_doc_set_init(set);
	assert_int_equal(hgt_yaml_parse(text, strlen(text), &hgt_doc_default_limits, set, NULL), 0);
	assert_int_equal(set->n_docs, 1);
	assert_int_equal(set->n_problems, 0);
}

int schema_compile(const char *text, enum hgt_draft draft, struct hgt_buf *image, struct hgt_error *err)
{
	struct hgt_compiler *c = NULL;
	struct hgt_doc_set set;
	int code;

	read_yaml(text, &set);
	code = hgt_compiler_new(draft, &c, err);
	if (!code)
		code = hgt_compiler_add(c, "test:s", set.docs[0].root, err);
	if (!code)
		code = hgt_compiler_entry(c, "s", "test:s", 0, err);
	if (!code)
		code = hgt_compiler_finish(c, image, err);
	hgt_compiler_free(c);
	hgt_doc_set_release(&set);
	return code;
}

static void note(void *user, const struct hgt_schema_finding *finding)
{
	hgt_buf_addf(user, "%s %s %s\n", finding->pointer, finding->keyword, finding->message);
}

int schema_judge(const struct hgt_buf *data, const struct hgt_evaluate_options *options, const char *document,
	char **told)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_evaluator *e = NULL;
	struct hgt_error err = {0};
	struct hgt_image image;
	struct hgt_doc_set set;
	uint32_t schema = 0;
	int code;

	read_yaml(document, &set);
	code = hgt_image_open(&image, data->data, data->len, &err);
	if (!code)
		code = hgt_image_find(&image, "s", &schema, NULL, &err);
	if (!code)
		code = hgt_evaluator_new(&image, options, &e, &err);
	if (!code)
		code = hgt_evaluate(e, schema, set.docs[0].root, note, &text, &err);
	if (code < 0)
		hgt_buf_adds(&text, err.message);
	hgt_evaluator_free(e);
	hgt_doc_set_release(&set);
	*told = hgt_buf_take(&text);
	if (!*told)
		return HGT_ENOMEM;
	return code;
}
