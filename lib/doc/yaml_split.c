/* The documents that kubectl cuts a text into. */
#include "doc/yaml_split.h"

#include <string.h>

#include "base/utf8.h"

static const char bom[] = "\xef\xbb\xbf";

/* So far kubectl looks for the '{' that makes a text JSON. */
enum { JSON_LOOK = 4096 };

/* What Go calls a space (unicode.IsSpace). */
static bool is_space(uint32_t cp)
{
	return (cp >= '\t' && cp <= '\r') || cp == ' ' || cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
		cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

/* Past the spaces from pos on. */
static size_t skip_spaces(const char *text, size_t len, size_t pos)
{
	uint32_t cp;
	size_t n;

	while (pos < len && (n = hgt_utf8_decode(text + pos, len - pos, &cp)) && is_space(cp))
		pos += n;
	return pos;
}

/* Past the line that begins at pos, its newline included. */
static size_t next_line(const char *text, size_t len, size_t pos)
{
	const char *newline = memchr(text + pos, '\n', len - pos);

	return newline ? (size_t)(newline - text) + 1 : len;
}

static bool begins(const char *text, size_t len, size_t pos, const char *with)
{
	size_t n = strlen(with);

	return len - pos >= n && memcmp(text + pos, with, n) == 0;
}

void hgt_yaml_split_init(struct hgt_yaml_split *split, const char *text, size_t len)
{
	size_t look = len < JSON_LOOK ? len : JSON_LOOK;
	size_t first = skip_spaces(text, look, 0);

	*split = (struct hgt_yaml_split){.text = text, .len = len, .line = 1, .json = first < look && text[first] == '{'};
}

static void go_to(struct hgt_yaml_split *split, size_t pos)
{
	const char *p = split->text + split->pos, *end = split->text + pos;

	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		split->line++;
		p++;
	}
	split->pos = pos;
}

/* Where the JSON string that begins at pos ends. */
static size_t string_end(const char *text, size_t len, size_t pos)
{
	for (pos++; pos < len && text[pos] != '"'; pos++)
		if (text[pos] == '\\')
			pos++;
	return pos < len ? pos + 1 : len;
}

static size_t skip_digits(const char *text, size_t len, size_t pos)
{
	while (pos < len && text[pos] >= '0' && text[pos] <= '9')
		pos++;
	return pos;
}

/* Where the JSON number that begins at pos ends; pos when there is none. What follows is no concern of its: 01 is two numbers. */
static size_t number_end(const char *text, size_t len, size_t pos)
{
	size_t at = pos + (pos < len && text[pos] == '-'), end;

	end = at < len && text[at] == '0' ? at + 1 : skip_digits(text, len, at);
	if (end == at)
		return pos;
	if (end < len && text[end] == '.' && skip_digits(text, len, end + 1) > end + 1)
		end = skip_digits(text, len, end + 1);
	if (end < len && (text[end] == 'e' || text[end] == 'E')) {
		at = end + 1 + (end + 1 < len && (text[end + 1] == '+' || text[end + 1] == '-'));
		if (skip_digits(text, len, at) > at)
			end = skip_digits(text, len, at);
	}
	return end;
}

/* Where the word or number that begins at pos ends; one byte on when it is neither. */
static size_t scalar_end(const char *text, size_t len, size_t pos)
{
	static const char *const words[] = {"null", "true", "false"};
	size_t end = number_end(text, len, pos);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && end == pos; i++)
		if (begins(text, len, pos, words[i]))
			end = pos + strlen(words[i]);
	return end > pos ? end : pos + 1;
}

/* Where the JSON value that begins at pos ends, if it is one. */
static size_t value_end(const char *text, size_t len, size_t pos)
{
	size_t depth = 0;

	if (text[pos] == '"')
		return string_end(text, len, pos);
	if (text[pos] != '{' && text[pos] != '[')
		return scalar_end(text, len, pos);
	while (pos < len) {
		char c = text[pos];

		if (c == '"') {
			pos = string_end(text, len, pos);
			continue;
		}
		pos++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && !--depth)
			break;
	}
	return pos;
}

static bool next_value(struct hgt_yaml_split *split, struct hgt_yaml_piece *piece)
{
	size_t pos = split->pos;

	while (pos < split->len && strchr(" \t\r\n", split->text[pos]) && split->text[pos])
		pos++;
	if (pos == split->len) {
		split->pos = pos;
		return false;
	}
	piece->json = true;
	piece->start = split->pos;
	piece->line = split->line;
	go_to(split, pos);
	piece->end = value_end(split->text, split->len, pos);
	go_to(split, piece->end);
	split->values++;
	return true;
}

void hgt_yaml_split_no_json(struct hgt_yaml_split *split, const struct hgt_yaml_piece *piece)
{
	const char *text = split->text;
	size_t pos = piece->start;
	uint32_t cp = 0;
	size_t n;

	split->pos = piece->start;
	split->line = piece->line;
	split->json = false;
	split->values--;
	/* Two values make it JSON for good. */
	split->stopped = split->values > 1;
	if (split->stopped) {
		go_to(split, skip_spaces(text, split->len, pos));
		return;
	}
	/* Blanks are eaten up to the first newline, by fours: with less than that left kubectl gives up. */
	while (cp != '\n') {
		n = hgt_utf8_decode(text + pos, split->len - pos, &cp);
		if (split->len - pos < 4 || !n || cp == 0xfffd) {
			split->stopped = true;
			go_to(split, skip_spaces(text, split->len, pos));
			return;
		}
		if (!is_space(cp))
			break;
		pos += n;
	}
	go_to(split, pos);
}

/* A line that begins with "---": nothing but blanks or a comment may follow. */
static bool is_good_separator(const struct hgt_yaml_split *split, size_t pos, size_t end)
{
	size_t after = skip_spaces(split->text, end, pos + 3);

	return after == end || split->text[after] == '#';
}

static bool next_document(struct hgt_yaml_split *split, struct hgt_yaml_piece *piece)
{
	size_t pos = split->pos, start = pos;

	while (pos < split->len) {
		size_t end = next_line(split->text, split->len, pos);

		if (begins(split->text, split->len, pos, "---")) {
			if (!is_good_separator(split, pos, end)) {
				go_to(split, pos);
				split->stopped = split->bad_separator = true;
				return false;
			}
			if (pos > start) {
				*piece = (struct hgt_yaml_piece){.start = start, .end = pos, .line = split->line};
				go_to(split, end);
				return true;
			}
		}
		pos = end;
	}
	*piece = (struct hgt_yaml_piece){.start = start, .end = pos, .line = split->line};
	go_to(split, pos);
	return pos > start;
}

bool hgt_yaml_split_next(struct hgt_yaml_split *split, struct hgt_yaml_piece *piece)
{
	if (split->stopped)
		return false;
	return split->json ? next_value(split, piece) : next_document(split, piece);
}

/* A separator that nobody reads otherwise: "---", maybe blanks and then a comment. */
static bool is_plain_separator(const char *line, size_t len)
{
	size_t i = 3;

	while (i < len && (line[i] == ' ' || line[i] == '\t'))
		i++;
	return i == len || (line[i] == '#' && i > 3) || line[i] == '\n' || (line[i] == '\r' && i + 1 < len && line[i + 1] == '\n');
}

/* Whether what begins at p is a line break for YAML 1.1 and not for kubectl, or a byte order mark. */
static bool is_odd(const char *p, size_t len)
{
	switch (*p) {
	case '\r':
		return len == 1 || p[1] != '\n';
	case '\xc2':
		return len >= 2 && p[1] == '\x85';
	case '\xe2':
		return len >= 3 && p[1] == '\x80' && (p[2] == '\xa8' || p[2] == '\xa9');
	default:
		return len >= 3 && memcmp(p, bom, 3) == 0;
	}
}

/* Four times through the text for one byte each is far faster than once for four. */
static bool has_odd_character(const char *text, size_t len)
{
	static const char first[] = {'\r', '\xc2', '\xe2', '\xef'};
	const char *end = text + len;

	for (size_t i = 0; i < sizeof(first); i++)
		for (const char *p = text; (p = memchr(p, first[i], (size_t)(end - p))); p++)
			if (is_odd(p, (size_t)(end - p)))
				return true;
	return false;
}

bool hgt_yaml_split_is_plain(const char *text, size_t len)
{
	size_t pos = 0;

	if (len >= 3 && memcmp(text, bom, 3) == 0) {
		text += 3;
		len -= 3;
	} else {
		pos = skip_spaces(text, len, 0);
		/* JSON, which may be indented by a tab where YAML may not. */
		if (pos < len && (text[pos] == '{' || memchr(text, '\t', pos)))
			return false;
		pos = 0;
	}
	while (pos < len) {
		char c = text[pos];

		if (c == '%' || (c == '.' && begins(text, len, pos, "...")))
			return false;
		if (c == '-' && begins(text, len, pos, "---") && !is_plain_separator(text + pos, len - pos))
			return false;
		pos = next_line(text, len, pos);
	}
	return !has_odd_character(text, len);
}
