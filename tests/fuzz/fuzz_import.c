/* A hostile schema of whatever form: the first byte chooses its name, the rest is its text. What comes of it is a sound image. */
#include <assert.h>
#include <stdint.h>

#include "pack/import.h"
#include "schema/describe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	for (const char *p = text; *p; p++)
		assert((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void warned(void *user, const char *where, const char *message)
{
	size_t *n = user;

	++*n;
	assert(*where && *message);
}

static void look(const struct hgt_image *image)
{
	struct hgt_describer *d;
	struct hgt_buf text = HGT_BUF_INIT;
	int code = hgt_describer_new(image, &d, NULL);

	assert(code == 0);
	for (uint32_t i = 0; i < image->n_schemas && i < 200; i++) {
		struct hgt_json json = HGT_JSON_INIT(&text);
		struct hgt_description it;

		code = hgt_describe(d, i, &it, NULL);
		assert(code == 0 || code == HGT_ELIMIT);
		if (code)
			continue;
		hgt_buf_reset(&text);
		for (size_t k = 0; k < it.n_facts; k++)
			hgt_fact_text(d, &it.facts[k], &text);
		check_text(text.data);
		hgt_buf_reset(&text);
		hgt_json_begin_object(&json);
		for (size_t k = 0; k < it.n_facts; k++)
			hgt_fact_json(d, &it.facts[k], &json);
		hgt_json_end_object(&json);
		hgt_description_release(&it);
	}
	hgt_buf_release(&text);
	hgt_describer_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"a.yaml", "a.json", "crds/example.org/gate_v1.json", "v1.30.0-standalone/gate-v1.json"};
	size_t n = 0;
	struct hgt_import_options options = {.warn = warned, .user = &n};
	struct hgt_buf image = HGT_BUF_INIT;
	struct hgt_importer *importer;
	struct hgt_error err = {0};
	struct hgt_image opened;
	int code;

	if (!size)
		return 0;
	code = hgt_importer_new(&options, &importer, &err);
	assert(code == 0);
	code = hgt_importer_add_text(importer, names[data[0] % 4], (const char *)data + 1, size - 1, &err);
	assert(code == 0 || code == 1 || (code == err.code && *err.message));
	if (code >= 0) {
		code = hgt_importer_finish(importer, &image, &err);
		assert(code == 0 || (code == err.code && *err.message));
		if (code == 0) {
			code = hgt_image_open(&opened, image.data, image.len, &err);
			assert(code == 0 && opened.n_entries > 0);
			code = hgt_image_check(&opened, &err);
			assert(code == 0);
			look(&opened);
		}
	}
	hgt_importer_free(importer);
	hgt_buf_release(&image);
	return 0;
}
