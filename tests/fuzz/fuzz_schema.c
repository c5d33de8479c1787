/* A hostile schema held against a hostile document: the first document of the text against each other one. */
#include <assert.h>
#include <stdint.h>

#include "schema/compile.h"
#include "schema/evaluate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_finding(void *user, const struct hgt_schema_finding *finding)
{
	size_t *n = user;

	++*n;
	assert(finding->node && finding->keyword && *finding->message && *finding->location);
	for (const char *p = finding->message; *p; p++)
		assert((unsigned char)*p >= 0x20);
}

static void evaluate(const struct hgt_buf *data, const struct hgt_doc_set *set)
{
	struct hgt_evaluate_options options = {.formats = true, .findings = 20, .work = 300 * 1000};
	struct hgt_evaluator *e;
	struct hgt_image image;
	struct hgt_error err;
	uint32_t schema;
	int code = hgt_image_open(&image, data->data, data->len, &err);

	assert(code == 0);
	code = hgt_image_check(&image, &err);
	assert(code == 0);
	code = hgt_image_find(&image, "s", &schema, NULL, &err);
	assert(code == 0);
	code = hgt_evaluator_new(&image, &options, &e, &err);
	assert(code == 0);
	for (size_t i = 1; i < set->n_docs; i++) {
		size_t n = 0;
		int told, quiet;

		if (!set->docs[i].root)
			continue;
		told = hgt_evaluate(e, schema, set->docs[i].root, check_finding, &n, &err);
		quiet = hgt_evaluate(e, schema, set->docs[i].root, NULL, NULL, &err);
		assert(told != 0 || n > 0);
		assert(told != 1 || n == 0);
		assert(told < 0 || quiet < 0 || told == quiet);
		assert(told >= 0 || told == HGT_ELIMIT);
	}
	hgt_evaluator_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_buf image = HGT_BUF_INIT;
	struct hgt_compiler *c = NULL;
	struct hgt_doc_set set;
	struct hgt_error err = {0};
	int code;

	hgt_doc_set_init(&set);
	if (!size || hgt_yaml_parse((const char *)data + 1, size - 1, &hgt_doc_default_limits, &set, &err) < 0 || !set.n_docs ||
		!set.docs[0].root)
		goto out;
	code = hgt_compiler_new((enum hgt_draft)(data[0] % (HGT_DRAFT_2020 + 1)), &c, &err);
	assert(code == 0);
	code = hgt_compiler_add(c, "http://example.org/s", set.docs[0].root, &err);
	if (!code)
		code = hgt_compiler_entry(c, "s", "http://example.org/s", 0, &err);
	if (!code)
		code = hgt_compiler_finish(c, &image, &err);
	assert(code == 0 || (code == err.code && *err.message));
	if (!code)
		evaluate(&image, &set);
out:
	hgt_compiler_free(c);
	hgt_buf_release(&image);
	hgt_doc_set_release(&set);
	return 0;
}
