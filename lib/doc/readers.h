/*
 * Two readers: where kubectl sees something else in a text than a YAML parser.
 *
 * What is reviewed, and what kustomize, Flux or a linter judge, must be what kubectl applies. hgt_readers_compare reads the text as
 * kubectl does and holds that against the documents that were parsed; hgt_readers_judge_values knows what kubectl makes of
 * single values. Where nothing else differs, a text with line breaks that YAML 1.1 has and YAML 1.2 has not (U+0085, U+2028,
 * U+2029) is held against YAML 1.2's reading as well: an editor and a review show no break there.
 */
#ifndef HEADGATE_DOC_READERS_H
#define HEADGATE_DOC_READERS_H

#include "doc/doc.h"

/* The first place where the two part. */
struct hgt_reader_difference {
	bool found;
	bool objects;			/* kubectl sees a document that is_object takes for one, as far as it was looked at */
	uint32_t line, column;
	uint32_t end_column;		/* 0 when not known */
	struct hgt_buf message, hint;	/* one sentence each, text from outside escaped; the hint may be empty */
};

/* Asked of each document that kubectl sees; text is what doc->offset counts in. */
typedef bool (*hgt_reader_object_cb)(void *ctx, const char *text, const struct hgt_doc *doc);

struct hgt_reader_text {
	const char *text;
	size_t len;
	bool named_json;
	bool thorough;		/* read it again even when it is plain, which must find nothing more: for tests */
	hgt_reader_object_cb is_object;	/* or NULL */
	void *ctx;
};

void hgt_reader_difference_init(struct hgt_reader_difference *difference);
void hgt_reader_difference_release(struct hgt_reader_difference *difference);

/*
 * Compare with what hgt_yaml_parse, or hgt_json_parse (named_json), made of the text. A text that both must read alike, which is
 * nearly every one, costs a look at its lines; any other is parsed again. A text that the set has limits told of, or so many
 * problems that no more were looked for, is not compared. 0 or HGT_ENOMEM; out has been initialised.
 */
int hgt_readers_compare(const struct hgt_reader_text *text, const struct hgt_doc_set *set,
	const struct hgt_doc_limits *limits, struct hgt_reader_difference *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Told of a value that kubectl reads otherwise: where, its pointer in the document, what each does, the way out. */
typedef void (*hgt_reader_value_cb)(void *ctx, const struct hgt_node *where, const char *pointer, const char *message,
	const char *hint);

/* Look at each value that stands in the document; what aliases and merges bring in is looked at where its anchor stands. A
 * pointer that there was no memory for is NULL. */
void hgt_readers_judge_values(const struct hgt_node *root, hgt_reader_value_cb cb, void *ctx);

#endif
