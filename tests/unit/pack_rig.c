/* Schemas imported out of texts and held against documents, for the tests of lib/pack. */
#include "tests/unit/pack_rig.h"

#include "schema/evaluate.h"
#include "tests/unit/unit.h"

void pack_rig_warn(void *user, const char *where, const char *message)
{
	hgt_buf_addf(user, "%s: %s\n", where, message);
}

int pack_rig_import(const struct hgt_import_options *options, const char *const texts[][2], size_t n, struct hgt_buf *image,
	struct hgt_error *err)
{
	struct hgt_importer *importer = NULL;
	int code = hgt_importer_new(options, &importer, err);

	for (size_t i = 0; i < n && code >= 0; i++)
		code = hgt_importer_add_text(importer, texts[i][0], texts[i][1], strlen(texts[i][1]), err);
	if (code >= 0)
		code = hgt_importer_finish(importer, image, err);
	hgt_importer_free(importer);
	return code;
}

static char *take(struct hgt_buf *text)
{
	char *taken = hgt_buf_take(text);

	assert_non_null(taken);
	return taken;
}

char *pack_rig_entries(const struct hgt_buf *data)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_image image;

	assert_int_equal(hgt_image_open(&image, data->data, data->len, NULL), 0);
	assert_int_equal(hgt_image_check(&image, NULL), 0);
	for (uint32_t i = 0; i < image.n_entries; i++) {
		const char *name = hgt_image_entry(&image, i);
		uint32_t schema, flags;

		assert_int_equal(hgt_image_find(&image, name, &schema, &flags, NULL), 0);
		hgt_buf_addf(&text, "%s %u\n", name, (unsigned)flags);
	}
	return take(&text);
}

static void note(void *user, const struct hgt_schema_finding *finding)
{
	hgt_buf_addf(user, "%s %s\n", finding->pointer, finding->keyword);
}

char *pack_rig_judge(const struct hgt_buf *data, const char *entry, const char *document)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_evaluator *e = NULL;
	struct hgt_error err = {0};
	struct hgt_image image;
	struct hgt_doc_set set;
	uint32_t schema;
	int code;

	hgt_doc_set_init(&set);
	assert_int_equal(hgt_yaml_parse(document, strlen(document), &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(set.n_docs, 1);
	assert_int_equal(set.n_problems, 0);
	code = hgt_image_open(&image, data->data, data->len, &err);
	if (code == 0)
		code = hgt_image_find(&image, entry, &schema, NULL, &err);
	if (code == 0)
		code = hgt_evaluator_new(&image, &hgt_evaluate_default_options, &e, &err);
	if (code == 0)
		code = hgt_evaluate(e, schema, set.docs[0].root, note, &text, &err);
	if (code < 0)
		hgt_buf_adds(&text, err.message);
	hgt_evaluator_free(e);
	hgt_doc_set_release(&set);
	return take(&text);
}
