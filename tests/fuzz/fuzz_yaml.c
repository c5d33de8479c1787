/*
 * The YAML parser: what holds of every set of documents; what it takes and writes as JSON is JSON; and JSON that both parsers take
 * means the same to both. Then kubectl's splitter: pieces in order, within the text; and a text that is called plain holds nothing
 * that a second look would find.
 */
#include <assert.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "doc/readers.h"
#include "doc/yaml_split.h"
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

	/* Line breaks that JSON does not have. */
	if (memmem(text, len, "\xc2\x85", 2) || memmem(text, len, "\xe2\x80\xa8", 3) || memmem(text, len, "\xe2\x80\xa9", 3))
		return;
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

static uint32_t line_of(const char *text, size_t offset)
{
	uint32_t line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

/* The values of JSON that are taken for such before one is refused. */
static void check_split(const char *text, size_t len, unsigned values)
{
	struct hgt_yaml_split split;
	struct hgt_yaml_piece piece;
	size_t end = 0;

	hgt_yaml_split_init(&split, text, len);
	for (unsigned n = 0; n < 100 && hgt_yaml_split_next(&split, &piece); n++) {
		assert(piece.start >= end && piece.start < piece.end && piece.end <= len);
		assert(piece.line == line_of(text, piece.start));
		if (piece.json && n == values) {
			hgt_yaml_split_no_json(&split, &piece);
			assert(!split.json && split.pos >= piece.start);
			piece.end = split.pos;
		}
		end = piece.end;
		assert(split.pos <= len && split.line == line_of(text, split.pos));
	}
	if (split.stopped)
		assert(split.pos <= len && split.line == line_of(text, split.pos));
}

static void look_at_value(void *ctx, const struct hgt_node *where, const char *pointer, const char *message, const char *hint)
{
	(void)ctx;
	assert(where->line && pointer);
	doc_check_text(message);
	doc_check_text(hint);
}

static void check_readers(const char *text, size_t len, const struct hgt_doc_set *set)
{
	struct hgt_reader_text asked = {.text = text, .len = len};
	struct hgt_reader_difference quick, thorough;

	hgt_reader_difference_init(&quick);
	hgt_reader_difference_init(&thorough);
	assert(hgt_readers_compare(&asked, set, &limits, &quick, NULL) == 0);
	asked.thorough = true;
	assert(hgt_readers_compare(&asked, set, &limits, &thorough, NULL) == 0);
	assert(quick.found == thorough.found);
	if (quick.found) {
		assert(quick.line == thorough.line && quick.line >= 1 && quick.line <= line_of(text, len) && quick.column >= 1);
		assert(strcmp(quick.message.data, thorough.message.data) == 0);
		doc_check_text(quick.message.data);
		doc_check_text(quick.hint.data);
	}
	hgt_reader_difference_release(&quick);
	hgt_reader_difference_release(&thorough);
	for (size_t i = 0; i < set->n_docs; i++)
		hgt_readers_judge_values(set->docs[i].root, look_at_value, NULL);
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
		for (unsigned values = 0; values < 3; values++)
			check_split((const char *)data, size, values);
		check_readers((const char *)data, size, &set);
	}
	hgt_doc_set_release(&set);
	return 0;
}
