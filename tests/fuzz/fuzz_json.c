/* The JSON parser: what it takes is told with places in order, and can be written and read again. */
#include <assert.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "tests/fuzz/doc_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Write the document as JSON into out and read that into again. */
static void write_and_read(const struct hgt_doc *doc, struct hgt_buf *out, struct hgt_doc_set *again)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	int code;

	hgt_node_write_json(doc->root, &json);
	assert(!out->failed);
	code = hgt_json_parse(out->data, out->len, &hgt_doc_default_limits, again, NULL);
	assert(code == 0 && again->n_docs == 1 && again->n_problems == 0);
}

/* Once written a document keeps its form. (The first time -0.0 becomes the integer -0, which is 0.) */
static void check_written(const struct hgt_doc *doc)
{
	struct hgt_buf text[3] = {HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT};
	struct hgt_doc_set sets[3];

	for (size_t i = 0; i < 3; i++) {
		hgt_doc_set_init(&sets[i]);
		write_and_read(i ? &sets[i - 1].docs[0] : doc, &text[i], &sets[i]);
	}
	assert(text[1].len == text[2].len && memcmp(text[1].data, text[2].data, text[1].len) == 0);
	for (size_t i = 0; i < 3; i++) {
		hgt_doc_set_release(&sets[i]);
		hgt_buf_release(&text[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse((const char *)data, size, &hgt_doc_default_limits, &set, NULL);
	assert(code == 0);
	doc_check(&set, (const char *)data, size, &hgt_doc_default_limits);
	assert(set.n_docs <= 1 && (set.n_docs || set.n_problems));
	if (set.n_docs)
		check_written(&set.docs[0]);
	hgt_doc_set_release(&set);
	return 0;
}
