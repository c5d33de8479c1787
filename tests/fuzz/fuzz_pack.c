/* A hostile pack: opened, verified, looked through and shown; with its header made to fit, so that the rest is reached. */
#include <assert.h>
#include <endian.h>
#include <stdint.h>

#include "pack/catalog.h"
#include "schema/describe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAME = 80, SOURCE = 82, IMAGE = 128 };

static void put_word(unsigned char *at, size_t word)
{
	uint32_t le = htole32((uint32_t)word);

	memcpy(at, &le, sizeof(le));
}

/* The header of a pack of this size, around an image that says the same of itself. */
static void mend(unsigned char *bytes, size_t size)
{
	memcpy(bytes, "hgtpack", 8);
	put_word(bytes + 8, 1);
	put_word(bytes + 12, size);
	put_word(bytes + 48, IMAGE);
	put_word(bytes + 52, size - IMAGE);
	put_word(bytes + 56, NAME);
	put_word(bytes + 60, 1);
	put_word(bytes + 64, SOURCE);
	put_word(bytes + 68, 1);
	put_word(bytes + 72, hgt_image_language());
	memcpy(bytes + NAME, "a\0b", 4);
	memcpy(bytes + IMAGE, HGT_IMG_MAGIC, 8);
	put_word(bytes + IMAGE + 8, HGT_IMG_VERSION);
	put_word(bytes + IMAGE + 12, size - IMAGE);
}

static void look(struct hgt_pack *pack)
{
	struct hgt_catalog_pos pos = {0};
	struct hgt_catalog_kind kind;
	struct hgt_catalog_hit hit;
	struct hgt_catalog *catalog;
	struct hgt_describer *d;
	struct hgt_buf text = HGT_BUF_INIT;
	int code = hgt_pack_verify(pack, NULL);

	assert(code == 0 || code == HGT_ECORRUPT);
	code = hgt_describer_new(&pack->image, &d, NULL);
	assert(code == 0);
	for (uint32_t i = 0; i < pack->image.n_schemas && i < 50; i++) {
		struct hgt_description it;

		code = hgt_describe(d, i, &it, NULL);
		assert(code == 0 || code == HGT_ELIMIT || code == HGT_ECORRUPT);
		if (code)
			continue;
		hgt_description_types(&it, &text);
		for (size_t k = 0; k < it.n_facts; k++)
			hgt_fact_text(d, &it.facts[k], &text);
		hgt_description_release(&it);
	}
	hgt_describer_free(d);
	code = hgt_catalog_new(&catalog, NULL);
	assert(code == 0);
	code = hgt_catalog_add(catalog, pack, NULL);
	assert(code == 0);
	for (int i = 0; i < 1000 && hgt_catalog_next(catalog, &pos, &kind); i++)
		assert(kind.group_len <= kind.api_version_len && kind.name[kind.api_version_len] == '/');
	code = hgt_catalog_find(catalog, "example.org/v1", "Gate", &hit, NULL);
	assert(code == 0 || code == HGT_ENOENT || code == HGT_ECORRUPT);
	code = hgt_catalog_served(catalog, "example.org/v1", "Gate", 5, &text, NULL);
	assert(code >= 0);
	hgt_catalog_free(catalog);
	hgt_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy = malloc(size + 1);
	struct hgt_pack *pack;
	struct hgt_error err = {0};
	int code;

	assert(copy);
	memcpy(copy, data, size);
	code = hgt_pack_open_memory("x", copy, size, &pack, &err);
	assert(code == 0 || (code == err.code && *err.message));
	if (code == 0)
		look(pack);
	if (size >= IMAGE + HGT_IMG_HEADER) {
		mend(copy, size);
		if (hgt_pack_open_memory("x", copy, size, &pack, &err) == 0)
			look(pack);
	}
	free(copy);
	return 0;
}
