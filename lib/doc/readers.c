/* kubectl's reading of a text beside a YAML parser's. */
#include "doc/readers.h"

#include "doc/reader_nodes.h"
#include "doc/yaml_split.h"

/* Documents of kubectl's that are named when a YAML parser sees none. */
enum { NAMED = 3 };

struct comparison {
	const struct hgt_reader_text *asked;
	const char *text;
	size_t len;
	const struct hgt_doc_set *ours;
	const struct hgt_problem *wrong;	/* the first that keeps a YAML parser from reading on, or NULL */
	const struct hgt_doc_limits *limits;
	struct hgt_error *err;
	struct hgt_yaml_split split;
	size_t next;			/* of ours to be held against kubectl's */
	size_t seen;			/* of kubectl's */
	struct hgt_buf names;		/* of the first of them */
	struct hgt_reader_difference *out;
};

void hgt_reader_difference_init(struct hgt_reader_difference *difference)
{
	*difference = (struct hgt_reader_difference){.message = HGT_BUF_INIT, .hint = HGT_BUF_INIT};
}

void hgt_reader_difference_release(struct hgt_reader_difference *difference)
{
	hgt_buf_release(&difference->message);
	hgt_buf_release(&difference->hint);
	hgt_reader_difference_init(difference);
}

static bool is_empty(const struct hgt_node *root)
{
	return !root || root->type == HGT_NODE_NULL;
}

/* What the other reader reads. */
static const char *named(const struct comparison *c)
{
	return c->asked->named_json ? "JSON" : "YAML";
}

static void tell(struct comparison *c, struct hgt_place where, const char *hint)
{
	c->out->found = true;
	c->out->line = where.line;
	c->out->column = where.column;
	hgt_buf_adds(&c->out->hint, hint);
}

/* What kubectl makes of one piece. */
struct look {
	const char *text;			/* where the set's offsets count: in the text itself or in `lines` */
	struct hgt_buf lines;
	struct hgt_doc_set set;
	const struct hgt_node *root;		/* NULL or a null: kubectl goes on without a word */
	const struct hgt_problem *wrong;	/* kubectl stops */
	struct hgt_place escape;		/* here is an escape that kubectl does not know; line 0: nowhere */
};

static void tell_slash_escape(struct comparison *c, struct hgt_place where)
{
	hgt_buf_adds(&c->out->message, "kubectl does not know the escape \\/ in this text and stops with an error; "
		"a YAML parser takes it for \"/\"");
	tell(c, where, "write the \"/\" without a backslash");
}

static bool is_fatal(const struct hgt_problem *problem)
{
	return problem->kind != HGT_PROBLEM_DUPLICATE_KEY;
}

static const struct hgt_problem *first_fatal(const struct hgt_doc_set *set)
{
	for (size_t i = 0; i < set->n_problems; i++)
		if (is_fatal(&set->problems[i]))
			return &set->problems[i];
	return NULL;
}

/* Lines as kubectl takes them: a CR before the LF is dropped, and only one. */
static int copy_lines(const char *text, size_t len, struct hgt_buf *out, struct hgt_error *err)
{
	const char *p = text, *end = text + len;

	while (p < end) {
		const char *cr = memmem(p, (size_t)(end - p), "\r\n", 2);
		const char *stop = cr ? cr : end;

		hgt_buf_add(out, p, (size_t)(stop - p));
		p = cr ? cr + 1 : end;
	}
	return hgt_buf_check(out, err);
}

/* Read the piece. *no_json: it was to be JSON and is none. */
static int look_at(struct comparison *c, const struct hgt_yaml_piece *piece, struct look *look, bool *no_json)
{
	size_t len = piece->end - piece->start;
	int code = 0;

	*no_json = false;
	look->text = c->text + piece->start;
	if (!piece->json && memchr(look->text, '\r', len)) {
		code = copy_lines(look->text, len, &look->lines, c->err);
		look->text = look->lines.data;
		len = look->lines.len;
	}
	if (!code)
		code = (piece->json ? hgt_json_parse : hgt_yaml_parse)(look->text, len, c->limits, &look->set, c->err);
	if (code < 0)
		return code;
	if (!piece->json)
		look->escape = hgt_find_slash_escape(look->text, len, &look->set, look->set.n_docs ? 1 : 0);
	look->wrong = first_fatal(&look->set);
	look->root = look->set.n_docs ? look->set.docs[0].root : NULL;
	*no_json = piece->json && !look->set.n_docs;
	/* go-yaml reads one document; what is wrong behind it nobody sees. */
	if (look->wrong && look->set.n_docs && look->wrong->line >= look->set.docs[0].line)
		look->wrong = NULL;
	return 0;
}

static const struct hgt_doc *next_of_ours(struct comparison *c)
{
	while (c->next < c->ours->n_docs && is_empty(c->ours->docs[c->next].root))
		c->next++;
	return c->next < c->ours->n_docs ? &c->ours->docs[c->next++] : NULL;
}

/* The line of a directive that the piece holds, 0 when it has none. */
static uint32_t directive_in(const struct comparison *c, const struct hgt_yaml_piece *piece)
{
	uint32_t line = piece->line;

	for (size_t i = piece->start; i < piece->end; line++) {
		const char *newline = memchr(c->text + i, '\n', piece->end - i);

		if (c->text[i] == '%')
			return line;
		i = newline ? (size_t)(newline - c->text) + 1 : piece->end;
	}
	return 0;
}

/* kubectl cannot read the piece, and a YAML parser reads the text. */
static void tell_bad_piece(struct comparison *c, const struct hgt_yaml_piece *piece, const struct hgt_problem *wrong)
{
	struct hgt_buf *out = &c->out->message;
	const struct hgt_doc *doc = next_of_ours(c);
	uint32_t directive = directive_in(c, piece);
	struct hgt_place where = {wrong->line + piece->line - 1, wrong->column};

	if (directive) {
		hgt_buf_adds(out, "kubectl cuts this directive off from its document and stops with an error");
		where = (struct hgt_place){directive, 1};
	} else {
		hgt_buf_addf(out, "kubectl stops with an error (%s)", wrong->message);
		if (piece->end < c->len)
			hgt_buf_addf(out, ", because it ends the document at line %u", c->split.line - 1);
	}
	hgt_buf_addf(out, "; a %s parser sees ", named(c));
	if (doc)
		hgt_node_describe(out, doc->root);
	else
		hgt_buf_adds(out, "the end");
	tell(c, where, directive ? "leave the line out"
		: "separate documents by lines of \"---\" alone, and indent a \"---\" that is text");
}

/* Both read on, and see different documents. */
static void tell_other_document(struct comparison *c, const struct hgt_yaml_piece *piece, const struct hgt_node *kubectl,
	const struct hgt_node *ours)
{
	struct hgt_buf *out = &c->out->message, theirs = HGT_BUF_INIT, parsed = HGT_BUF_INIT;
	struct hgt_parting at = {kubectl, ours, false};
	struct hgt_place where = {piece->line, 1};

	hgt_node_describe(&theirs, kubectl);
	hgt_node_describe(&parsed, ours);
	if (kubectl && ours && strcmp(theirs.data, parsed.data) == 0) {
		hgt_nodes_are_same(kubectl, ours, &at);
		hgt_buf_reset(&theirs);
		hgt_buf_reset(&parsed);
		hgt_node_describe(&theirs, at.kubectl);
		hgt_node_describe(&parsed, at.other);
	}
	if (at.other)
		where = (struct hgt_place){at.other->line, at.other->column};
	else if (at.kubectl)
		where = (struct hgt_place){at.kubectl->line + piece->line - 1, at.kubectl->column};
	hgt_buf_addf(out, "kubectl %ssees %s%s; a %s parser sees %s", piece->json ? "reads JSON here and " : "", theirs.data,
		at.kubectl ? "" : kubectl ? " here" : " of this document", named(c), parsed.data);
	out->failed |= theirs.failed || parsed.failed;
	hgt_buf_release(&theirs);
	hgt_buf_release(&parsed);
	tell(c, where, piece->json ? "begin the text with a line \"---\", or write what JSON and YAML both have"
		: "begin each document with a line \"---\" alone, and end each line with a line feed");
}

/* The document that a line begins: with it, or with directives before it. */
static const struct hgt_doc *begun_at(const struct hgt_doc_set *set, uint32_t line)
{
	const struct hgt_doc *found = NULL;

	for (size_t i = 0; i < set->n_docs; i++) {
		const struct hgt_doc *doc = &set->docs[i];

		if (doc->line == line)
			return doc;
		if (doc->line < line && doc->root && doc->root->line >= line)
			found = doc;
	}
	return found;
}

static void tell_stop_at_separator(struct comparison *c)
{
	struct hgt_buf *out = &c->out->message;
	const char *line = c->text + c->split.pos, *newline = memchr(line, '\n', c->len - c->split.pos);
	const struct hgt_doc *doc = begun_at(c->ours, c->split.line);
	struct hgt_place where = {c->split.line, 4};

	for (size_t i = 3; line + i < c->text + c->len && (line[i] == ' ' || line[i] == '\t') && line + i != newline; i++)
		where.column++;
	hgt_buf_adds(out, "kubectl stops with an error, because text follows \"---\" on its line; a YAML parser ");
	if (doc) {
		hgt_buf_adds(out, "sees ");
		hgt_node_describe(out, doc->root);
	} else {
		hgt_buf_adds(out, "takes the line for text");
	}
	tell(c, where, doc ? "put it on the next line" : "write \"---\" alone on its line, and indent it when it is text");
}

/* kubectl has reached the end, or given up. */
static void judge_end(struct comparison *c)
{
	struct hgt_buf *out = &c->out->message;
	const struct hgt_yaml_piece rest = {.start = c->len, .end = c->len, .line = c->split.line};
	const struct hgt_doc *doc;

	if (c->split.bad_separator) {
		if (!c->wrong || c->wrong->line >= c->split.line)
			tell_stop_at_separator(c);
	} else if (c->split.stopped && !c->wrong) {
		hgt_buf_adds(out, "kubectl takes what follows the JSON for more JSON and stops with an error; a YAML parser reads on");
		tell(c, (struct hgt_place){c->split.line, 1}, "begin the text with a line \"---\"");
	} else if (!c->split.stopped && c->wrong) {
		hgt_buf_addf(out, "kubectl sees %s; a %s parser stops here with an error",
			c->seen ? c->names.data : "nothing", named(c));
		tell(c, (struct hgt_place){c->wrong->line, c->wrong->column}, "begin each document with a line \"---\" alone");
	} else if (!c->split.stopped && !c->wrong) {
		doc = next_of_ours(c);
		if (doc)
			tell_other_document(c, &rest, NULL, doc->root);
	}
}

static void note(struct comparison *c, const struct look *look)
{
	if (c->asked->is_object && !c->out->objects)
		c->out->objects = c->asked->is_object(c->asked->ctx, look->text, &look->set.docs[0]);
	if (c->seen++ < NAMED) {
		hgt_buf_adds(&c->names, c->seen > 1 ? ", then " : "");
		hgt_node_describe(&c->names, look->root);
	} else if (c->seen == NAMED + 1) {
		hgt_buf_adds(&c->names, " and more");
	}
}

/* Hold one piece against what is next of ours. 1: the comparison is over. */
static int compare_piece(struct comparison *c, const struct hgt_yaml_piece *piece)
{
	struct look look = {.lines = HGT_BUF_INIT};
	struct hgt_parting at = {.masked = false};
	const struct hgt_doc *doc;
	bool no_json;
	int code;

	hgt_doc_set_init(&look.set);
	code = look_at(c, piece, &look, &no_json);
	if (code < 0)
		goto out;
	if (no_json) {
		hgt_yaml_split_no_json(&c->split, piece);
	} else if (look.wrong && !piece->json) {
		code = 1;
		if (!c->wrong)
			tell_bad_piece(c, piece, look.wrong);
	} else if (look.escape.line) {
		code = 1;
		if (!c->wrong)
			tell_slash_escape(c, (struct hgt_place){look.escape.line + piece->line - 1, look.escape.column});
	} else if (!is_empty(look.root)) {
		note(c, &look);
		doc = c->wrong ? NULL : next_of_ours(c);
		if (!c->wrong && (!doc || !hgt_nodes_are_same(look.root, doc->root, &at))) {
			tell_other_document(c, piece, look.root, doc ? doc->root : NULL);
			code = 1;
		}
	}
out:
	hgt_buf_release(&look.lines);
	hgt_doc_set_release(&look.set);
	return code;
}

static int compare(struct comparison *c)
{
	struct hgt_yaml_piece piece;
	unsigned pieces = 0;
	int code = 0;

	hgt_yaml_split_init(&c->split, c->text, c->len);
	/* JSON by name, and JSON to kubectl: that has been read. */
	if (c->split.json && c->asked->named_json && !c->wrong)
		return 0;
	while (!code && hgt_yaml_split_next(&c->split, &piece)) {
		/* Many times more pieces than documents: the limits are told of what there really is. */
		if (++pieces > c->limits->documents)
			return 0;
		code = compare_piece(c, &piece);
	}
	if (!code)
		judge_end(c);
	return code < 0 ? code : 0;
}

static void tell_breaks(struct comparison *c, const struct hgt_problem *wrong, const struct hgt_parting *at)
{
	const struct hgt_node *node = at->kubectl ? at->kubectl : at->other;
	struct hgt_place where = wrong ? (struct hgt_place){wrong->line, wrong->column} : (struct hgt_place){node->line, node->column};
	struct hgt_buf *out = &c->out->message;

	hgt_buf_adds(out, "kubectl ends the line at an invisible character (U+0085, U+2028 or U+2029)");
	if (!wrong) {
		hgt_buf_adds(out, " and sees ");
		hgt_node_describe(out, at->kubectl);
		hgt_buf_adds(out, " here");
	}
	hgt_buf_addf(out, "; a YAML 1.2 parser reads the line on%s", wrong ? " and stops with an error" : "");
	tell(c, where, "remove the character");
}

/* Hold what was parsed against what YAML 1.2 would make of the text, in which fewer characters break a line. */
static int compare_breaks(struct comparison *c)
{
	struct hgt_parting at = {.masked = true};
	struct hgt_buf masked = HGT_BUF_INIT;
	const struct hgt_problem *wrong;
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	hgt_buf_add(&masked, c->text, c->len);
	code = hgt_buf_check(&masked, c->err);
	if (code < 0 || !hgt_mask_breaks(masked.data, masked.len))
		goto out;
	code = hgt_yaml_parse(masked.data, masked.len, c->limits, &set, c->err);
	if (code < 0)
		goto out;
	wrong = first_fatal(&set);
	for (size_t i = 0; !wrong && !c->out->found && (i < c->ours->n_docs || i < set.n_docs); i++) {
		const struct hgt_node *ours = i < c->ours->n_docs ? c->ours->docs[i].root : NULL;
		const struct hgt_node *other = i < set.n_docs ? set.docs[i].root : NULL;

		at.kubectl = ours;
		at.other = other;
		if ((ours || other) && (!ours || !other || !hgt_nodes_are_same(ours, other, &at)))
			tell_breaks(c, NULL, &at);
	}
	if (wrong)
		tell_breaks(c, wrong, &at);
out:
	hgt_buf_release(&masked);
	hgt_doc_set_release(&set);
	return code;
}

int hgt_readers_compare(const struct hgt_reader_text *text, const struct hgt_doc_set *set,
	const struct hgt_doc_limits *limits, struct hgt_reader_difference *out, struct hgt_error *err)
{
	struct comparison c = {.asked = text, .text = text->text, .len = text->len, .ours = set, .limits = limits, .err = err,
		.names = HGT_BUF_INIT, .out = out};
	struct hgt_place where;
	int code = 0;

	c.wrong = first_fatal(set);
	if (set->n_problems >= limits->problems)
		return 0;
	for (size_t i = 0; i < set->n_problems; i++)
		if (set->problems[i].kind != HGT_PROBLEM_SYNTAX && set->problems[i].kind != HGT_PROBLEM_DUPLICATE_KEY)
			return 0;
	if (c.wrong || text->thorough || !hgt_yaml_split_is_plain(c.text, c.len)) {
		code = compare(&c);
		if (!code && !out->found && !c.wrong && !text->named_json)
			code = compare_breaks(&c);
	} else if (!text->named_json) {
		where = hgt_find_slash_escape(c.text, c.len, set, set->n_docs);
		if (where.line)
			tell_slash_escape(&c, where);
	}
	if (!code && (out->message.failed || out->hint.failed || c.names.failed))
		code = hgt_error_nomem(err);
	hgt_buf_release(&c.names);
	return code;
}
