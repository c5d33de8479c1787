/* libyaml's complaints as sentences that help: what people really do wrong, and where. */
#include "doc/yaml_problem.h"

#include "base/escape.h"
#include "base/utf8.h"

/* libyaml does not look further for the ':' after a key; so the YAML specification wants it. */
enum { KEY_MAX = 1024 };

/* A line of the text, without its indentation and end. */
struct line {
	const char *text;
	size_t len;
	size_t indent;
};

static struct line line_at(const struct hgt_yaml_complaint *c, size_t offset)
{
	const char *start = memrchr(c->text, '\n', offset);
	const char *end = memchr(c->text + offset, '\n', c->len - offset);
	struct line line;

	start = start ? start + 1 : c->text;
	end = end ? end : c->text + c->len;
	line.text = start;
	while (line.text < end && *line.text == ' ')
		line.text++;
	while (end > line.text && (end[-1] == ' ' || end[-1] == '\r'))
		end--;
	line.indent = (size_t)(line.text - start);
	line.len = (size_t)(end - line.text);
	return line;
}

/* The last line before offset's that is more than space; empty when there is none. */
static struct line line_before(const struct hgt_yaml_complaint *c, size_t offset, uint32_t *lines_up)
{
	struct line line = {.text = c->text};

	*lines_up = 0;
	while (!line.len) {
		const char *newline = memrchr(c->text, '\n', offset);

		if (!newline)
			break;
		offset = (size_t)(newline - c->text);
		line = line_at(c, offset);
		++*lines_up;
	}
	return line;
}

static bool begins(struct line line, const char *with)
{
	return line.len >= strlen(with) && memcmp(line.text, with, strlen(with)) == 0;
}

static bool has(struct line line, const char *what)
{
	return memmem(line.text, line.len, what, strlen(what)) != NULL;
}

static bool is_conflict(struct line line)
{
	return line.indent == 0 && (begins(line, "<<<<<<< ") || begins(line, ">>>>>>> ") || begins(line, "||||||| ") ||
		(line.len == 7 && begins(line, "=======")));
}

/* A ':' within a word, as in "image:nginx", and no proper one. */
static bool lacks_space(struct line line)
{
	const char *colon = memchr(line.text, ':', line.len);

	return colon && colon > line.text && (size_t)(colon - line.text) + 1 < line.len && colon[1] != '/' &&
		!has(line, ": ") && !memchr(line.text, ' ', (size_t)(colon - line.text));
}

/* The last byte before offset on its line that is no space; NUL when there is none. */
static char char_before(const struct hgt_yaml_complaint *c, size_t offset)
{
	while (offset > 0 && c->text[offset - 1] == ' ')
		offset--;
	return offset > 0 && c->text[offset - 1] != '\n' ? c->text[offset - 1] : '\0';
}

static char char_at(const struct hgt_yaml_complaint *c, size_t offset)
{
	return offset < c->len ? c->text[offset] : '\0';
}

/* Whether nothing more comes: the end of the text, or of the document. */
static bool at_end(const struct hgt_yaml_complaint *c)
{
	size_t i = c->at;

	while (i < c->len && (c->text[i] == ' ' || c->text[i] == '\n' || c->text[i] == '\r'))
		i++;
	return i >= c->len || (begins(line_at(c, i), "---") && line_at(c, i).indent == 0);
}

static struct hgt_place start_of(struct line line, struct hgt_place on)
{
	return (struct hgt_place){on.line, (uint32_t)line.indent + 1};
}

static void say(struct hgt_tree *tree, const char *message, const char *hint)
{
	hgt_buf_adds(&tree->message, message);
	hgt_buf_adds(&tree->hint, hint);
}

static struct hgt_place say_conflict(struct hgt_tree *tree, struct hgt_place where)
{
	say(tree, "a merge conflict marker is left in the file", "resolve the conflict and remove the marker lines");
	return (struct hgt_place){where.line, 1};
}

static struct hgt_place say_no_space(struct hgt_tree *tree, struct line line, struct hgt_place where)
{
	hgt_tree_quote(&tree->message, line.text, line.len);
	hgt_buf_adds(&tree->message, " is a string, not a key with a value");
	hgt_buf_adds(&tree->hint, "write a space after the ':'");
	return start_of(line, where);
}

/* "mapping values are not allowed in this context": a ':' where no key can be. */
static struct hgt_place explain_colon(struct hgt_tree *tree, const struct hgt_yaml_complaint *c)
{
	struct line line = line_at(c, c->at), before;
	size_t column = (size_t)(c->text + c->at - line.text);
	uint32_t up;

	if (line.indent == 0 && begins(line, "---")) {
		say(tree, "a map cannot begin on the line of \"---\"", "put it on the next line");
		return c->where;
	}
	/* An earlier ': ' on the line: `command: echo a: b`. */
	if (memmem(line.text, column, ": ", 2)) {
		say(tree, "a second ': ' on one line makes no sense here", "put the value in quotes when the ':' is part of it");
		return c->where;
	}
	if (column > KEY_MAX) {
		say(tree, "a key cannot be this long", "YAML takes keys of up to 1024 characters");
		return start_of(line, c->where);
	}
	/* Otherwise the line goes on with the string that began above. */
	before = line_before(c, c->at, &up);
	if (is_conflict(before))
		return say_conflict(tree, (struct hgt_place){c->where.line - up, 1});
	if (lacks_space(before))
		return say_no_space(tree, before, (struct hgt_place){c->where.line - up, 1});
	if (!before.len) {
		say(tree, "a ':' cannot stand here", "put the text in quotes when the ':' is part of it");
		return c->where;
	}
	hgt_buf_addf(&tree->message, "this key is indented as a part of the value on line %u", c->where.line - up);
	hgt_buf_adds(&tree->hint, "give keys of one map the same indentation");
	return start_of(line, c->where);
}

/* "could not find expected ':'": a line that is no "key: value"; the context is where it begins. */
static struct hgt_place explain_lone_word(struct hgt_tree *tree, const struct hgt_yaml_complaint *c)
{
	struct line line = line_at(c, c->context_at);
	size_t rest = (size_t)(line.text + line.len - (c->text + c->context_at));

	if (is_conflict(line))
		return say_conflict(tree, c->context_where);
	if (lacks_space(line))
		return say_no_space(tree, line, c->context_where);
	hgt_tree_quote(&tree->message, c->text + c->context_at, rest);
	if (line.len > 1 && line.text[0] == '-' && line.text[1] != ' ') {
		hgt_buf_adds(&tree->message, " is no item of a list");
		hgt_buf_adds(&tree->hint, "write a space after the '-'");
	} else {
		hgt_buf_adds(&tree->message, " is not followed by ':'");
		hgt_buf_adds(&tree->hint, "write \"key: value\", or indent the line deeper when it goes on with the value above");
	}
	return c->context_where;
}

/* "found character that cannot start any token". */
static struct hgt_place explain_character(struct hgt_tree *tree, const struct hgt_yaml_complaint *c)
{
	if (char_at(c, c->at) == '\t') {
		say(tree, "a tab cannot indent YAML", "indent with spaces");
		return c->where;
	}
	hgt_buf_addf(&tree->message, "a value cannot begin with '%c'", char_at(c, c->at));
	hgt_buf_adds(&tree->hint, "put the value in quotes");
	return c->where;
}

/* "did not find expected key" in a block map, "did not find expected '-' indicator" in a block list. */
static struct hgt_place explain_indentation(struct hgt_tree *tree, const struct hgt_yaml_complaint *c)
{
	struct line line = line_at(c, c->at);
	bool list = strstr(c->problem, "'-'");
	char last = char_before(c, c->at), now = char_at(c, c->at);

	if (is_conflict(line))
		return say_conflict(tree, c->where);
	if (last == '"' || last == '\'') {
		say(tree, "there is text after the closing quote", last == '"'
			? "write a quote within double quotes as \\\", or close the quote that was left open above"
			: "write a quote within single quotes twice, or close the quote that was left open above");
		return c->where;
	}
	if (last == ']' || last == '}') {
		hgt_buf_addf(&tree->message, "there is text after the closing '%c'", last);
		hgt_buf_adds(&tree->hint, "put the whole value in quotes when it is a string");
		return c->where;
	}
	if (now == ']' || now == '}') {
		hgt_buf_addf(&tree->message, "this '%c' closes nothing", now);
		return c->where;
	}
	if (list) {
		hgt_buf_addf(&tree->message, "this line belongs neither to the list of line %u nor to the item above",
			c->context_where.line);
		hgt_buf_addf(&tree->hint, "begin the line with '-' in column %u, or indent it like the rest of the item",
			c->context_where.column);
	} else if (now == '-' && char_at(c, c->at + 1) == ' ') {
		hgt_buf_addf(&tree->message, "a list item where a key of the map of line %u has to come", c->context_where.line);
		hgt_buf_adds(&tree->hint, "a key that has a list has nothing else on its line");
	} else {
		hgt_buf_addf(&tree->message, "the indentation fits no map: the one of line %u begins in column %u",
			c->context_where.line, c->context_where.column);
		hgt_buf_adds(&tree->hint, "give keys of one map the same indentation");
	}
	return c->where;
}

/* "did not find expected ',' or ']'", or '}'. */
static struct hgt_place explain_flow(struct hgt_tree *tree, const struct hgt_yaml_complaint *c)
{
	char open = strstr(c->problem, "']'") ? '[' : '{';
	char now = char_at(c, c->at);

	if (at_end(c) || (now == ':' && c->where.line > c->context_where.line)) {
		hgt_buf_addf(&tree->message, "the '%c' that begins here is not closed", open);
		hgt_buf_addf(&tree->hint, "add the '%c'", open == '[' ? ']' : '}');
		return c->context_where;
	}
	if (now == ']' || now == '}')
		hgt_buf_addf(&tree->message, "'%c' cannot close the '%c'", now, open);
	else
		hgt_buf_addf(&tree->message, "a ',' is missing here, or the '%c' is not closed", open);
	hgt_buf_addf(&tree->hint, "the '%c' stands on line %u, column %u", open, c->context_where.line,
		c->context_where.column);
	return c->where;
}

/* "did not find expected node content". */
static struct hgt_place explain_no_value(struct hgt_tree *tree, const struct hgt_yaml_complaint *c)
{
	const struct hgt_frame *top = hgt_tree_top(tree);
	uint32_t cp;

	if (top && at_end(c)) {
		say(tree, "the bracket that begins here is not closed", "");
		return (struct hgt_place){top->node->line, top->node->column};
	}
	hgt_buf_adds(&tree->message, "a value cannot begin with '");
	hgt_escape_text(&tree->message, c->text + c->at, hgt_utf8_decode(c->text + c->at, c->len - c->at, &cp));
	hgt_buf_adds(&tree->message, "'");
	hgt_buf_adds(&tree->hint, "put the value in quotes when it is a string");
	return c->where;
}

/* "found unexpected end of stream", "found unexpected document indicator" within quotes. */
static struct hgt_place explain_quote(struct hgt_tree *tree, const struct hgt_yaml_complaint *c)
{
	say(tree, "the quote that begins here is never closed", "");
	hgt_buf_addf(&tree->hint, "add the closing %c", char_at(c, c->context_at));
	return c->context_where;
}

static struct hgt_place explain_list_start(struct hgt_tree *tree, const struct hgt_yaml_complaint *c)
{
	if (char_before(c, c->at) == ':')
		say(tree, "a list cannot begin on the line of its key",
			"put it on the next line, or the value in quotes when it is a string");
	else
		say(tree, "a list item cannot stand here", "indent it like the other items of its list");
	return c->where;
}

typedef struct hgt_place explain_fn(struct hgt_tree *tree, const struct hgt_yaml_complaint *c);

static const struct {
	const char *problem;
	explain_fn *explain;	/* or: */
	const char *message, *hint;
} advice[] = {
	{"mapping values are not allowed in this context", explain_colon, NULL, NULL},
	{"could not find expected ':'", explain_lone_word, NULL, NULL},
	{"found character that cannot start any token", explain_character, NULL, NULL},
	{"did not find expected key", explain_indentation, NULL, NULL},
	{"did not find expected '-' indicator", explain_indentation, NULL, NULL},
	{"did not find expected ',' or ']'", explain_flow, NULL, NULL},
	{"did not find expected ',' or '}'", explain_flow, NULL, NULL},
	{"did not find expected node content", explain_no_value, NULL, NULL},
	{"found unexpected end of stream", explain_quote, NULL, NULL},
	{"found unexpected document indicator", explain_quote, NULL, NULL},
	{"block sequence entries are not allowed in this context", explain_list_start, NULL, NULL},
	{"mapping keys are not allowed in this context", NULL, "a '? ' cannot stand here",
		"put the value in quotes when it is a string"},
	{"found a tab character that violates indentation", NULL, "a tab cannot indent YAML", "indent with spaces"},
	{"found a tab character where an indentation space is expected", NULL, "a tab cannot indent YAML", "indent with spaces"},
	{"found unknown escape character", NULL, "a backslash does not go with this character",
		"within double quotes a backslash itself is written as two; or use single quotes"},
	{"did not find expected hexdecimal number", NULL, "this escape is not followed by enough hexadecimal digits",
		"\\x takes 2, \\u 4, \\U 8; or use single quotes"},
	{"found invalid Unicode character escape code", NULL, "this escape is no Unicode character",
		"write characters beyond U+FFFF as \\U and 8 digits"},
	{"found unexpected ':'", NULL, "within brackets a ':' cannot be followed by this", "write a space after the ':'"},
	{"found undefined tag handle", NULL, "the tag's prefix is not declared", "put the value in quotes when it is a string"},
	{"did not find expected <document start>", NULL, "the document ends before this line",
		"begin the next one with a line \"---\""},
	{"found an indentation indicator equal to 0", NULL, "the number after '|' or '>' is 1 to 9", NULL},
	{"did not find expected comment or line break", NULL, "nothing but a comment can stand here",
		"the text after '|' or '>' begins on the next line"},
	{"found incompatible YAML document", NULL, "this version of YAML is not known", "leave the %YAML line out"},
	{"found unknown directive name", NULL, "a line that begins with '%' is a directive, and this one is not known",
		"put the line in quotes when it is a string"},
	{"found duplicate %YAML directive", NULL, "the document has %YAML twice", "remove one of the two"},
	{"found duplicate %TAG directive", NULL, "the document declares this tag prefix twice", "remove one of the two"},
	{"did not find expected alphabetic or numeric character", NULL,
		"'&' begins an anchor and '*' an alias: a name of letters, digits, '-' and '_' has to follow",
		"put the value in quotes when it is a string"},
};

/* What is rare enough for libyaml's own words, in one sentence. */
static struct hgt_place explain_plainly(struct hgt_tree *tree, const struct hgt_yaml_complaint *c)
{
	if (c->context)
		hgt_buf_addf(&tree->message, "%s, libyaml ", c->context);
	hgt_buf_adds(&tree->message, c->problem);
	return c->where;
}

void hgt_yaml_hint_template(struct hgt_tree *tree, const char *text, size_t len, size_t offset)
{
	struct hgt_yaml_complaint c = {.text = text, .len = len};
	struct line line = line_at(&c, offset < len ? offset : len);

	if (!has(line, "{{") && !has(line, "{%"))
		return;
	hgt_buf_reset(&tree->hint);
	hgt_buf_adds(&tree->hint, "this looks like a template: it is YAML only after rendering; a value that begins with "
		"\"{{\" needs quotes");
}

struct hgt_place hgt_yaml_explain(struct hgt_tree *tree, const struct hgt_yaml_complaint *complaint)
{
	struct hgt_place where = complaint->where;
	size_t i, n = sizeof(advice) / sizeof(advice[0]);

	for (i = 0; i < n; i++)
		if (strcmp(advice[i].problem, complaint->problem) == 0)
			break;
	if (i == n) {
		where = explain_plainly(tree, complaint);
	} else if (advice[i].explain) {
		where = advice[i].explain(tree, complaint);
	} else {
		hgt_buf_adds(&tree->message, advice[i].message);
		hgt_buf_adds(&tree->hint, advice[i].hint ? advice[i].hint : "");
	}
	hgt_yaml_hint_template(tree, complaint->text, complaint->len,
		where.line == complaint->where.line ? complaint->at : complaint->context_at);
	return where;
}
