/* What a set of documents says, as text to compare with. */
#include "tests/unit/doc_text.h"

#include "base/json_writer.h"
#include "tests/unit/unit.h"

char *doc_text(const struct hgt_doc_set *set)
{
	static const char *const kinds[] = {
		[HGT_PROBLEM_SYNTAX] = "syntax", [HGT_PROBLEM_DUPLICATE_KEY] = "duplicate", [HGT_PROBLEM_DEPTH] = "depth",
		[HGT_PROBLEM_ALIAS_BOMB] = "bomb", [HGT_PROBLEM_LIMIT] = "limit",
	};
	struct hgt_buf out = HGT_BUF_INIT;
	char *text;

	for (size_t i = 0; i < set->n_docs; i++) {
		struct hgt_json json = HGT_JSON_INIT(&out);

		if (set->docs[i].root)
			hgt_node_write_json(set->docs[i].root, &json);
		else
			hgt_buf_addc(&out, '-');
		hgt_buf_addc(&out, '\n');
	}
	for (size_t i = 0; i < set->n_problems; i++) {
		const struct hgt_problem *p = &set->problems[i];

		hgt_buf_addf(&out, "%u:%u %s %s: %s\n", p->line, p->column, kinds[p->kind], p->pointer, p->message);
	}
	text = hgt_buf_take(&out);
	assert_non_null(text);
	return text;
}

typedef int parse_fn(const char *text, size_t len, const struct hgt_doc_limits *limits, struct hgt_doc_set *set,
	struct hgt_error *err);

static char *parse_and_tell(parse_fn *parse, const char *text, size_t len)
{
	struct hgt_doc_set set;
	struct hgt_error err = {0};
	char *exact, *told;

	/* Without a terminator, so that reading past the end is seen. */
	exact = malloc(len ? len : 1);
	assert_non_null(exact);
	memcpy(exact, text, len);
	hgt_doc_set_init(&set);
	assert_int_equal(parse(exact, len, &hgt_doc_default_limits, &set, &err), 0);
	told = doc_text(&set);
	hgt_doc_set_release(&set);
	free(exact);
	return told;
}

char *doc_text_of_yaml(const char *text, size_t len)
{
	return parse_and_tell(hgt_yaml_parse, text, len);
}

char *doc_text_of_json(const char *text, size_t len)
{
	return parse_and_tell(hgt_json_parse, text, len);
}
