/*
 * The YAML parser: what holds of every set of documents; what it takes and writes as JSON is JSON; and JSON that both parsers take
 * means the same to both.
 */
#include <assert.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "tests/fuzz/doc_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small, so that they are met. */
static const struct hgt_doc_limits limits = {
	.bytes = 64 << 10, .depth = 20, .documents = 20, .nodes = 10000, .problems = 20, .memory = 4 << 20,
};

static void write_root(const struct hgt_doc *doc, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_node_write_json(doc->root, &json);
	assert(!out->failed);
}

static void compare_with_json(const char *text, size_t len, const struct hgt_doc_set *yaml)
{
	struct hgt_buf by_yaml = HGT_BUF_INIT, by_json = HGT_BUF_INIT;
	struct hgt_doc_set json;

	hgt_doc_set_init(&json);
	assert(hgt_json_parse(text, len, &limits, &json, NULL) == 0);
	if (json.n_docs == 1 && yaml->n_docs == 1 && yaml->docs[0].root && !json.n_problems && !yaml->n_problems) {
		write_root(&json.docs[0], &by_json);
		write_root(&yaml->docs[0], &by_yaml);
		assert(strcmp(by_json.data, by_yaml.data) == 0);
	}
	hgt_buf_release(&by_json);
	hgt_buf_release(&by_yaml);
	hgt_doc_set_release(&json);
}

static void read_back(const struct hgt_doc *doc)
{
	struct hgt_doc_limits wide = limits;
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_doc_set json;

	/* Aliases unfold. */
	wide.bytes = wide.memory = 512 << 20;
	wide.nodes = 2000000;
	hgt_doc_set_init(&json);
	write_root(doc, &out);
	assert(hgt_json_parse(out.data, out.len, &wide, &json, NULL) == 0);
	assert(json.n_docs == 1);
	hgt_buf_release(&out);
	hgt_doc_set_release(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_yaml_parse((const char *)data, size, &limits, &set, NULL);
	assert(code == 0);
	doc_check(&set, (const char *)data, size, &limits);
	if (size < 4096) {
		for (size_t i = 0; i < set.n_docs; i++)
			if (set.docs[i].root)
				read_back(&set.docs[i]);
		compare_with_json((const char *)data, size, &set);
	}
	hgt_doc_set_release(&set);
	return 0;
}
