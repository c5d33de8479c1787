/* A hostile image: whatever is in it, evaluating stays inside and comes to an end. */
#include <assert.h>
#include <stdint.h>

#include "schema/evaluate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char documents[] =
	"{\"a\": 1, \"b\": \"text\", \"c\": [1, 2.5, [1], {\"a\": null}], \"name\": {\"a\": {\"a\": [true, false, 1e3]}}, "
	"\"replicas\": 3, \"kind\": \"Deployment\"}\n--- [1, 1, a, {a: b}, [[]]]\n--- text\n--- 12345678901234567890123\n--- null\n";

static void ignore(void *user, const struct hgt_schema_finding *finding)
{
	size_t len, total = 0;
	uint32_t pos = 0;
	const char *name;

	while ((name = hgt_schema_next_name(user, finding->schema, &pos, &len)) && total < 1000)
		total += strlen(name) == len ? 1 : 2;
}

static void evaluate(const struct hgt_image *image, const struct hgt_doc_set *set)
{
	struct hgt_evaluate_options options = {.formats = true, .findings = 20, .work = 100 * 1000};
	struct hgt_evaluator *e;
	int code = hgt_evaluator_new(image, &options, &e, NULL);

	assert(code == 0);
	for (uint32_t schema = 0; schema < image->n_schemas && schema < 8; schema++)
		for (size_t i = 0; i < set->n_docs; i++) {
			struct hgt_error err;

			code = hgt_evaluate(e, schema, set->docs[i].root, ignore, (void *)image, &err);
			assert(code >= 0 || code == HGT_ELIMIT || code == HGT_ECORRUPT);
		}
	hgt_evaluator_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of the very size, so that a byte beyond it is noticed; its beginning made to fit, so that the rest is looked at. */
	unsigned char *copy = malloc(size ? size : 1);
	uint32_t words[2] = {htole32(HGT_IMG_VERSION), htole32((uint32_t)size)}, schema;
	struct hgt_doc_set set;
	struct hgt_image image;
	int code;

	assert(copy);
	memcpy(copy, data, size);
	hgt_doc_set_init(&set);
	if (size >= HGT_IMG_HEADER) {
		memcpy(copy, HGT_IMG_MAGIC, 8);
		memcpy(copy + 8, words, sizeof(words));
	}
	code = hgt_image_open(&image, copy, size, NULL);
	if (!code) {
		code = hgt_yaml_parse(documents, sizeof(documents) - 1, &hgt_doc_default_limits, &set, NULL);
		assert(code == 0 && set.n_docs == 5 && !set.n_problems);
		code = hgt_image_find(&image, "s", &schema, NULL, NULL);
		assert(code || schema < image.n_schemas);
		code = hgt_image_check(&image, NULL);
		assert(code == 0 || code == HGT_ECORRUPT);
		evaluate(&image, &set);
	}
	hgt_doc_set_release(&set);
	free(copy);
	return 0;
}
