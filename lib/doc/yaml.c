/*
 * YAML text, stretch by stretch.
 *
 * libyaml stops for good at its first complaint, so a new parser goes on at the next line of "---". libyaml never sees bytes that it
 * would refuse in its reader (invalid UTF-8, control characters): a scan ahead finds them, and the stretch ends before the
 * document that has them.
 */
#include "base/utf8.h"
#include "doc/yaml_memory.h"
#include "doc/yaml_reader.h"

/* Whether a document begins at offset: a line of "---", alone or followed by space. Whatever stands before it, libyaml sees it too. */
static bool is_marker(const struct hgt_yaml_reader *r, size_t offset)
{
	if ((offset && r->text[offset - 1] != '\n') || r->len - offset < 3 || memcmp(r->text + offset, "---", 3) != 0)
		return false;
	return r->len - offset == 3 || strchr(" \t\r\n", r->text[offset + 3]);
}

/* The next marker at or after `from`; the text's end when there is none. */
static size_t next_document(const struct hgt_yaml_reader *r, size_t from)
{
	while (from < r->len && !is_marker(r, from)) {
		const char *newline = memchr(r->text + from, '\n', r->len - from);

		from = newline ? (size_t)(newline - r->text) + 1 : r->len;
	}
	return from;
}

static uint32_t count_lines(const char *text, size_t len)
{
	uint32_t n = 0;
	const char *p = text;

	while ((p = memchr(p, '\n', len - (size_t)(p - text)))) {
		n++;
		p++;
	}
	return n;
}

/*
 * Give the parser the stretch as the buffer that its own reader would fill. That reader decodes, checks and moves every character,
 * a tenth of all that a check takes, and find_bad_byte has looked at them already. The copy ends in NULs, as its buffer does at
 * the end of its input; more than the four that its scanner may look ahead. It asks the reader for more when `unread` is
 * less than what it wants to look at: never, and at the end of its input that reader adds nothing.
 */
static unsigned char *lend_text(const struct hgt_yaml_reader *r, yaml_parser_t *parser)
{
	enum { AHEAD = 16 };
	size_t len = r->now.end - r->now.start;
	unsigned char *text = malloc(len + AHEAD);

	if (!text)
		return NULL;
	memcpy(text, r->text + r->now.start, len);
	memset(text + len, 0, AHEAD);
	parser->buffer.start = parser->buffer.pointer = text;
	parser->buffer.last = text + len;
	parser->buffer.end = text + len + AHEAD;
	parser->unread = SIZE_MAX / 2;
	parser->eof = 1;
	return text;
}

/* Read the stretch. On HGT_TREE_REFUSED *at is where the trouble was seen. */
static int read_stretch(struct hgt_yaml_reader *r, size_t *at)
{
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned char *lent, *own;
	bool more = true;
	int code = 0;

	if (!yaml_parser_initialize(&parser))
		return hgt_error_nomem(r->tree.err);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)"", 0);
	own = parser.buffer.start;
	lent = lend_text(r, &parser);
	if (!lent)
		code = hgt_error_nomem(r->tree.err);
	while (more && !code) {
		if (!yaml_parser_parse(&parser, &event)) {
			code = hgt_yaml_complain(r, &parser, at);
			break;
		}
		more = event.type != YAML_STREAM_END_EVENT;
		*at = r->now.doc;
		code = hgt_yaml_take(r, &event);
		yaml_event_delete(&event);
	}
	parser.buffer.start = own;
	yaml_parser_delete(&parser);
	free(lent);
	hgt_tree_abandon(&r->tree);
	return code;
}

/* Whether libyaml's reader takes the code point. */
static bool is_printable(uint32_t cp)
{
	return cp == '\t' || cp == '\n' || cp == '\r' || (cp >= 0x20 && cp <= 0x7e) || cp == 0x85 ||
		(cp >= 0xa0 && cp <= 0xfffd) || cp >= 0x10000;
}

/* Whether a line break may end in this byte: LF, CR, or the last one of U+0085, U+2028, U+2029. */
static bool breaks_line(char c)
{
	return c == '\n' || c == '\r' || c == '\x85' || c == '\xa8' || c == '\xa9';
}

enum { BLOCK = 32 };

/* Whether all of the block is printable ASCII and line feeds; the compiler makes vector code of it. */
static bool is_plain_block(const char *s)
{
	unsigned char odd = 0;

	for (size_t i = 0; i < BLOCK; i++) {
		unsigned char c = (unsigned char)s[i];

		odd |= ((unsigned char)(c - 0x20) > 0x7e - 0x20) & (c != '\n');
	}
	return !odd;
}

/* Look at the character at i, and give its length; 0 for one that cannot be in YAML text. */
static size_t look_at(struct hgt_yaml_reader *r, size_t i, bool first)
{
	uint32_t cp;
	size_t n = hgt_utf8_decode(r->text + i, r->len - i, &cp);

	if (!n || !is_printable(cp))
		return 0;
	/* A byte order mark that begins a line is dropped by libyaml, and a part of the key for go-yaml. */
	if (cp == 0xfeff && (first || breaks_line(r->text[i - 1])))
		return 0;
	if (cp >= 0x80)
		r->ascii = false;
	if (cp == 0x85 || cp == 0x2028 || cp == 0x2029 || (cp == '\r' && (i + 1 == r->len || r->text[i + 1] != '\n')))
		r->odd_breaks = true;
	return n;
}

/* The first byte from `from` on that cannot be in YAML text, the text's end when all can. */
static size_t find_bad_byte(struct hgt_yaml_reader *r, size_t from)
{
	size_t i = from;

	while (i < r->len) {
		size_t end = r->len - i < BLOCK ? r->len : i + BLOCK;

		if (end - i == BLOCK && is_plain_block(r->text + i))
			i = end;
		while (i < end) {
			size_t n = look_at(r, i, i == from);

			if (!n)
				return i;
			i += n;
		}
	}
	return r->len;
}

static struct hgt_place count_place(const struct hgt_yaml_reader *r, size_t offset)
{
	struct hgt_place place = {1 + count_lines(r->text, offset), 1};
	const char *line = memrchr(r->text, '\n', offset);

	for (const char *p = line ? line + 1 : r->text + r->start; p < r->text + offset; p++)
		if (((unsigned char)*p & 0xc0) != 0x80)
			place.column++;
	return place;
}

static int tell_bad_byte(struct hgt_yaml_reader *r, size_t offset)
{
	struct hgt_tree *tree = &r->tree;
	unsigned char c = (unsigned char)r->text[offset];
	uint32_t cp;

	if (r->len >= 2 && (memcmp(r->text, "\xff\xfe", 2) == 0 || memcmp(r->text, "\xfe\xff", 2) == 0)) {
		hgt_buf_adds(&tree->message, "the text is UTF-16, not UTF-8");
		hgt_buf_adds(&tree->hint, "save it as UTF-8");
	} else if (!c) {
		hgt_buf_adds(&tree->message, "a NUL byte: this is no text");
		hgt_buf_adds(&tree->hint, "is it a binary file, or UTF-16? YAML is read as UTF-8");
	} else if (!hgt_utf8_decode(r->text + offset, r->len - offset, &cp)) {
		hgt_buf_addf(&tree->message, "the byte 0x%02x is not valid UTF-8 here", c);
		hgt_buf_adds(&tree->hint, "save the file as UTF-8");
	} else if (cp == 0xfeff) {
		hgt_buf_adds(&tree->message, "an invisible byte order mark (U+FEFF) begins the line; kubectl takes it for text, "
			"a YAML parser skips it");
		hgt_buf_adds(&tree->hint, "remove it");
	} else {
		hgt_buf_addf(&tree->message, "the control character U+%04X is not allowed", cp);
		hgt_buf_adds(&tree->hint, "remove it, or write it as an escape within double quotes");
	}
	return hgt_tree_tell(tree, HGT_PROBLEM_SYNTAX, count_place(r, offset), 0);
}

/* The beginning of the document that offset lies in, not before `from`. */
static size_t document_of(const struct hgt_yaml_reader *r, size_t from, size_t offset)
{
	for (size_t i = offset; i > from; i--)
		if (is_marker(r, i))
			return i;
	return from;
}

/* Read what libyaml can read from pos on, up to `end`. On HGT_TREE_REFUSED *next is where to go on. */
static int read_from(struct hgt_yaml_reader *r, size_t pos, size_t end, uint32_t line, size_t *next)
{
	const char *newline;
	size_t at, from;
	int code;

	r->now = (struct hgt_yaml_stretch){.start = pos, .end = end, .line = line, .doc = pos, .begun = pos,
		.open_end = r->text[end - 1] != '\n', .cursor = {0, pos, {line, 1}}};
	code = read_stretch(r, &at);
	if (code != HGT_TREE_REFUSED)
		return code;
	/* The line of the trouble may itself begin the next document, when the one in hand is not closed. */
	newline = memrchr(r->text, '\n', at);
	from = newline ? (size_t)(newline - r->text) + 1 : 0;
	*next = next_document(r, from > r->now.begun ? from : r->now.begun + 1);
	return code;
}

static int read_text(struct hgt_yaml_reader *r)
{
	size_t pos = r->start, bad = 0;
	uint32_t line = 1;

	if (r->len > r->tree.limits->bytes) {
		hgt_buf_addf(&r->tree.message, "the text has %zu bytes, the limit is %zu", r->len, r->tree.limits->bytes);
		return hgt_tree_tell(&r->tree, HGT_PROBLEM_LIMIT, (struct hgt_place){1, 1}, 0);
	}
	while (pos < r->len) {
		size_t end, next;
		int code = 0;

		if (pos == r->start || bad < pos)
			bad = find_bad_byte(r, pos);
		next = end = bad < r->len ? document_of(r, pos, bad) : r->len;
		if (pos < end)
			code = read_from(r, pos, end, line, &next);
		if (!code && bad < r->len) {
			code = tell_bad_byte(r, bad);
			next = next_document(r, bad);
		}
		if (code < 0 || code == HGT_TREE_ENOUGH)
			return code;
		if (next < r->len)
			line += count_lines(r->text + pos, next - pos);
		pos = next;
	}
	return 0;
}

int hgt_yaml_parse(const char *text, size_t len, const struct hgt_doc_limits *limits, struct hgt_doc_set *set,
	struct hgt_error *err)
{
	struct hgt_yaml_reader r = {.text = text, .len = len, .ascii = true};
	struct hgt_yaml_memory memory;
	int code;

	/* A byte order mark at the very beginning is not part of the text. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.start = 3;
	hgt_tree_init(&r.tree, set, limits, err);
	hgt_yaml_memory_begin(&memory);
	code = read_text(&r);
	hgt_yaml_memory_end(&memory);
	return hgt_tree_finish(&r.tree, code);
}
