/* JSON text (RFC 8259, nothing more) into the tree. */
#include <math.h>

#include "base/escape.h"
#include "base/utf8.h"
#include "doc/scalar.h"
#include "doc/tree.h"

struct json {
	struct hgt_tree tree;
	const char *text;
	size_t len, pos;
	/* Where `counted` is: places are asked for in the order of the text, so that each byte is counted once. */
	size_t counted;
	struct hgt_place place;
};

static struct hgt_place place_of(struct json *j, size_t offset)
{
	for (; j->counted < offset; j->counted++) {
		unsigned char c = (unsigned char)j->text[j->counted];

		if (c == '\n') {
			j->place.line++;
			j->place.column = 1;
		} else if ((c & 0xc0) != 0x80) {
			j->place.column++;
		}
	}
	return j->place;
}

/* Tell that the text is wrong at offset; the message is in the tree already. */
static int tell(struct json *j, size_t offset)
{
	return hgt_tree_tell(&j->tree, HGT_PROBLEM_SYNTAX, place_of(j, offset), 0);
}

static int wrong(struct json *j, size_t offset, const char *message, const char *hint)
{
	hgt_buf_adds(&j->tree.message, message);
	if (hint)
		hgt_buf_adds(&j->tree.hint, hint);
	return tell(j, offset);
}

static void skip_space(struct json *j)
{
	while (j->pos < j->len && (j->text[j->pos] == ' ' || j->text[j->pos] == '\n' || j->text[j->pos] == '\t' ||
		j->text[j->pos] == '\r'))
		j->pos++;
}

/* The character at pos is not what had to come. */
static int unexpected(struct json *j, const char *wanted)
{
	char c;

	if (j->pos >= j->len) {
		hgt_buf_addf(&j->tree.message, "the text ends where %s has to come", wanted);
		return tell(j, j->pos);
	}
	c = j->text[j->pos];
	hgt_buf_addf(&j->tree.message, "%s has to come here, not ", wanted);
	if (c == '"') {
		hgt_buf_adds(&j->tree.message, "a string");
	} else {
		uint32_t cp;
		size_t n = hgt_utf8_decode(j->text + j->pos, j->len - j->pos, &cp);

		hgt_buf_addc(&j->tree.message, '\'');
		hgt_escape_text(&j->tree.message, j->text + j->pos, n);
		hgt_buf_addc(&j->tree.message, '\'');
	}
	if (c == '\'')
		hgt_buf_adds(&j->tree.hint, "JSON strings are in double quotes");
	else if (c == '/' || c == '#')
		hgt_buf_adds(&j->tree.hint, "JSON has no comments");
	return tell(j, j->pos);
}

static int hex4(struct json *j, size_t offset, uint32_t *out)
{
	uint32_t value = 0;

	for (size_t i = offset; i < offset + 4; i++) {
		char c = i < j->len ? j->text[i] : '\0';

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return wrong(j, offset - 2, "four hexadecimal digits have to follow \\u", NULL);
	}
	*out = value;
	return 0;
}

/* \uXXXX at pos, a surrogate pair as a whole. */
static int read_unicode(struct json *j, char **out)
{
	size_t start = j->pos;
	uint32_t high, low;
	int code = hex4(j, start + 2, &high);

	if (code)
		return code;
	j->pos += 6;
	if (high >= 0xd800 && high <= 0xdbff && j->len - j->pos >= 2 && memcmp(j->text + j->pos, "\\u", 2) == 0) {
		code = hex4(j, j->pos + 2, &low);
		if (code)
			return code;
		if (low >= 0xdc00 && low <= 0xdfff) {
			j->pos += 6;
			high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	if (high >= 0xd800 && high <= 0xdfff)
		return wrong(j, start, "half of a surrogate pair stands alone",
			"write the character itself, or both halves: \\ud83d\\ude00");
	*out += hgt_utf8_encode(high, *out);
	return 0;
}

static int read_escape(struct json *j, char **out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char c = j->pos + 1 < j->len ? j->text[j->pos + 1] : '\0';
	const char *p = c ? strchr(names, c) : NULL;

	if (c == 'u')
		return read_unicode(j, out);
	if (!p)
		return wrong(j, j->pos, "a backslash does not go with this character",
			"a backslash itself is written as two");
	*(*out)++ = values[p - names];
	j->pos += 2;
	return 0;
}

/* Where the string that begins at pos ends (its closing quote). */
static int find_end(struct json *j, size_t *end, bool *escapes)
{
	*escapes = false;
	for (size_t i = j->pos + 1; i < j->len; i++) {
		unsigned char c = (unsigned char)j->text[i];

		if (c == '"') {
			*end = i;
			return 0;
		}
		if (c == '\\') {
			*escapes = true;
			i++;
		} else if (c == '\n' || c == '\r') {
			return wrong(j, j->pos, "the string that begins here is not closed on its line",
				"a line break within a string is written \\n");
		} else if (c < 0x20) {
			hgt_buf_addf(&j->tree.message, "control character \\u%04x within a string", c);
			hgt_buf_adds(&j->tree.hint, "write it as an escape");
			return tell(j, i);
		}
	}
	return wrong(j, j->pos, "the string that begins here is never closed", NULL);
}

static int read_string(struct json *j, struct hgt_node **out)
{
	struct hgt_place start = place_of(j, j->pos), stop;
	struct hgt_node *node;
	char *text, *end;
	size_t close = 0;
	bool escapes;
	int code = find_end(j, &close, &escapes);

	if (!code)
		code = hgt_tree_node(&j->tree, HGT_NODE_STRING, start, &node);
	if (!code)
		code = hgt_tree_string(&j->tree, escapes ? NULL : j->text + j->pos + 1, close - j->pos - 1, &text);
	if (code)
		return code;
	end = text + (close - j->pos - 1);
	j->pos++;
	if (escapes) {
		end = text;
		while (j->pos < close) {
			if (j->text[j->pos] != '\\') {
				*end++ = j->text[j->pos++];
				continue;
			}
			code = read_escape(j, &end);
			if (code)
				return code;
		}
		*end = '\0';
	}
	j->pos = close + 1;
	stop = place_of(j, j->pos);
	node->quoted = true;
	node->text = text;
	node->len = (size_t)(end - text);
	node->end_line = stop.line;
	node->end_column = stop.column;
	*out = node;
	return 0;
}

/* The integer of a text without fraction and exponent; false when it takes more than 64 bits. */
static bool set_integer(struct hgt_node *node, const char *s)
{
	bool negative = *s == '-';
	uint64_t value;

	return hgt_scalar_parse_digits(s + negative, 10, &value) && hgt_scalar_set_integer(node, negative, value);
}

static size_t digits_at(const struct json *j, size_t pos)
{
	size_t n = 0;

	while (pos + n < j->len && j->text[pos + n] >= '0' && j->text[pos + n] <= '9')
		n++;
	return n;
}

/* The number's length at pos, or 0; *whole when it has neither fraction nor exponent. */
static size_t measure_number(const struct json *j, bool *whole)
{
	size_t at = j->pos, n;

	at += j->text[at] == '-';
	n = digits_at(j, at);
	if (!n || (n > 1 && j->text[at] == '0'))
		return 0;
	at += n;
	*whole = true;
	if (at < j->len && j->text[at] == '.') {
		n = digits_at(j, at + 1);
		if (!n)
			return 0;
		at += 1 + n;
		*whole = false;
	}
	if (at < j->len && (j->text[at] | 0x20) == 'e') {
		at++;
		if (at < j->len && (j->text[at] == '+' || j->text[at] == '-'))
			at++;
		n = digits_at(j, at);
		if (!n)
			return 0;
		at += n;
		*whole = false;
	}
	return at - j->pos;
}

static int read_number(struct json *j)
{
	struct hgt_place start = place_of(j, j->pos), stop;
	struct hgt_node *node;
	bool whole;
	size_t len = measure_number(j, &whole);
	char *text;
	int code;

	if (!len)
		return wrong(j, j->pos, "this is no number",
			"a number is digits without a leading zero or plus, with a digit on both sides of the point");
	code = hgt_tree_node(&j->tree, HGT_NODE_FLOAT, start, &node);
	if (!code)
		code = hgt_tree_string(&j->tree, j->text + j->pos, len, &text);
	if (code)
		return code;
	if (!whole || !set_integer(node, text)) {
		node->v.number = strtod(text, NULL);
		/* JSON all the same: this does not lose the document. */
		if (!isfinite(node->v.number))
			code = wrong(j, j->pos, "the number is too large for a double", NULL);
		if (code < 0 || code == HGT_TREE_ENOUGH)
			return code;
	}
	j->pos += len;
	stop = place_of(j, j->pos);
	node->text = text;
	node->len = len;
	node->end_line = stop.line;
	node->end_column = stop.column;
	return hgt_tree_add(&j->tree, node);
}

static int read_word(struct json *j)
{
	static const struct {
		const char *word;
		enum hgt_node_type type;
		bool value;
	} words[] = {
		{"true", HGT_NODE_BOOL, true}, {"false", HGT_NODE_BOOL, false}, {"null", HGT_NODE_NULL, false},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);
		struct hgt_node *node;
		int code;

		if (j->len - j->pos < len || memcmp(j->text + j->pos, words[i].word, len) != 0)
			continue;
		code = hgt_tree_node(&j->tree, words[i].type, place_of(j, j->pos), &node);
		if (code)
			return code;
		if (node->type == HGT_NODE_BOOL)
			node->v.boolean = words[i].value;
		node->text = words[i].word;
		node->len = len;
		node->end_column = node->column + (uint32_t)len;
		j->pos += len;
		return hgt_tree_add(&j->tree, node);
	}
	return unexpected(j, "a value");
}

/* A value, or the beginning of a collection. */
static int read_value(struct json *j)
{
	struct hgt_node *node;
	char c = j->pos < j->len ? j->text[j->pos] : '\0';
	int code;

	if (c == '{' || c == '[') {
		code = hgt_tree_open(&j->tree, c == '{' ? HGT_NODE_MAP : HGT_NODE_SEQ, place_of(j, j->pos), NULL);
		j->pos++;
		return code;
	}
	if (c == '"') {
		code = read_string(j, &node);
		return code ? code : hgt_tree_add(&j->tree, node);
	}
	if (c == '-' || (c >= '0' && c <= '9'))
		return read_number(j);
	if (j->pos >= j->len)
		return unexpected(j, "a value");
	return read_word(j);
}

static int read_key(struct json *j)
{
	struct hgt_node *key;
	int code;

	if (j->pos >= j->len || j->text[j->pos] != '"')
		return unexpected(j, "a key in double quotes");
	code = read_string(j, &key);
	if (!code)
		code = hgt_tree_add(&j->tree, key);
	if (code)
		return code;
	skip_space(j);
	if (j->pos >= j->len || j->text[j->pos] != ':')
		return unexpected(j, "':'");
	j->pos++;
	return 0;
}

/* The next step within the collection on top: its end, or one more child. */
static int read_child(struct json *j)
{
	struct hgt_frame *top = hgt_tree_top(&j->tree);
	bool map = top->node->type == HGT_NODE_MAP;
	bool first = j->tree.n_pending == top->first;
	char c;
	int code = 0;

	skip_space(j);
	c = j->pos < j->len ? j->text[j->pos] : '\0';
	if (c == (map ? '}' : ']')) {
		j->pos++;
		return hgt_tree_close(&j->tree, place_of(j, j->pos));
	}
	if (!first) {
		if (c != ',')
			return unexpected(j, map ? "',' or '}'" : "',' or ']'");
		j->pos++;
		skip_space(j);
		if (j->pos < j->len && (j->text[j->pos] == '}' || j->text[j->pos] == ']'))
			return wrong(j, j->pos, "a value has to come after ','", "remove the comma before the closing bracket");
	}
	if (map)
		code = read_key(j);
	if (code)
		return code;
	skip_space(j);
	return read_value(j);
}

static int read_text(struct json *j)
{
	size_t bad, end;
	int code;

	if (j->len > j->tree.limits->bytes) {
		hgt_buf_addf(&j->tree.message, "the text has %zu bytes, the limit is %zu", j->len, j->tree.limits->bytes);
		return hgt_tree_tell(&j->tree, HGT_PROBLEM_LIMIT, j->place, 0);
	}
	bad = hgt_utf8_check(j->text, j->len);
	if (bad < j->len)
		return wrong(j, bad, "the text is not valid UTF-8 here", "save it as UTF-8");
	if (j->len >= 3 && memcmp(j->text, "\xef\xbb\xbf", 3) == 0)
		return wrong(j, 0, "the text begins with a byte order mark", "save it as UTF-8 without one");
	skip_space(j);
	code = hgt_tree_begin(&j->tree, place_of(j, j->pos), j->pos);
	if (!code)
		code = read_value(j);
	while (!code && j->tree.n_frames)
		code = read_child(j);
	if (code)
		return code;
	end = j->pos;
	skip_space(j);
	if (j->pos < j->len)
		return unexpected(j, "the end of the text");
	return hgt_tree_end(&j->tree, end);
}

int hgt_json_parse(const char *text, size_t len, const struct hgt_doc_limits *limits, struct hgt_doc_set *set,
	struct hgt_error *err)
{
	struct json j = {.text = text, .len = len, .place = {1, 1}};

	hgt_tree_init(&j.tree, set, limits, err);
	return hgt_tree_finish(&j.tree, read_text(&j));
}

int hgt_json_parse_message(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct hgt_doc_limits limits = hgt_doc_default_limits;
	int code;

	/* Its length has been bounded by whoever read it. */
	limits.bytes = SIZE_MAX;
	code = hgt_json_parse(text, len, &limits, set, err);
	if (code < 0)
		return code;
	if (!set->n_problems)
		return 0;
	code = hgt_error_set(err, HGT_EPARSE, "line %u, column %u: %s", set->problems[0].line, set->problems[0].column,
		set->problems[0].message);
	hgt_doc_set_release(set);
	return code;
}
