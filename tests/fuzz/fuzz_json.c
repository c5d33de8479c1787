/* The JSON parser: what it takes is told with places in order, and reads back from its own JSON as the same. */
#include <assert.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "tests/fuzz/doc_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_root(const struct hgt_doc_set *set, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_node_write_json(set->docs[0].root, &json);
	assert(!out->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_buf first = HGT_BUF_INIT, second = HGT_BUF_INIT;
	struct hgt_doc_set set, again;
	int code;

	hgt_doc_set_init(&set);
	hgt_doc_set_init(&again);
	code = hgt_json_parse((const char *)data, size, &hgt_doc_default_limits, &set, NULL);
	assert(code == 0);
	doc_check(&set, (const char *)data, size, &hgt_doc_default_limits);
	assert(set.n_docs <= 1 && (set.n_docs || set.n_problems));
	if (set.n_docs) {
		write_root(&set, &first);
		code = hgt_json_parse(first.data, first.len, &hgt_doc_default_limits, &again, NULL);
		assert(code == 0 && again.n_docs == 1 && again.n_problems == 0);
		write_root(&again, &second);
		assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	}
	hgt_buf_release(&first);
	hgt_buf_release(&second);
	hgt_doc_set_release(&set);
	hgt_doc_set_release(&again);
	return 0;
}
