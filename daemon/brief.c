/* Reports without what takes room. */
#include "daemon/brief.h"

#include <string.h>

#include "base/json_writer.h"

/* Where a string that begins at `at` ends. */
static size_t skip_string(const char *text, size_t len, size_t at)
{
	for (at++; at < len && text[at] != '"'; at++)
		at += text[at] == '\\';
	return at < len ? at + 1 : len;
}

static size_t skip_value(const char *text, size_t len, size_t at)
{
	size_t depth = 0;

	while (at < len) {
		const char c = text[at];

		if (c == '"') {
			at = skip_string(text, len, at);
		} else {
			if (!depth && (c == ',' || c == '}' || c == ']'))
				return at;
			depth += c == '{' || c == '[';
			depth -= c == '}' || c == ']';
			at++;
		}
		if (!depth && at < len && (text[at] == ',' || text[at] == '}' || text[at] == ']'))
			return at;
	}
	return at;
}

static bool is_key(const char *text, size_t len, const char *key)
{
	return len == strlen(key) + 2 && strncmp(text + 1, key, len - 2) == 0;
}

/* The member that begins at *at: its key with the quotes, then its value; *at is behind it. False at the end. */
struct member {
	size_t key, key_len, value, end;
};

static bool next_member(const char *text, size_t len, size_t *at, struct member *out)
{
	if (*at >= len || text[*at] != '"')
		return false;
	out->key = *at;
	out->value = skip_string(text, len, *at);
	out->key_len = out->value - out->key;
	out->value++;	/* the colon */
	if (out->value >= len)
		return false;
	out->end = skip_value(text, len, out->value);
	*at = out->end + 1;	/* the comma */
	return true;
}

static bool takes_room(const char *key, size_t len)
{
	return is_key(key, len, "diff") || is_key(key, len, "resources") || is_key(key, len, "ignored");
}

/* Where a string may be cut, at `most` bytes or soon behind: not within an escape or a character. */
static size_t find_cut(const char *text, size_t from, size_t end, size_t most)
{
	size_t at = from;

	while (at < end && at - from < most) {
		at += text[at] == '\\' ? (text[at + 1] == 'u' ? 6 : 2) : 1;
		while (at < end && ((unsigned char)text[at] & 0xc0) == 0x80)
			at++;
	}
	return at < end ? at : end;
}

static void cut(struct brief *brief, size_t from, size_t to)
{
	if (from >= to)
		return;
	brief->cuts[brief->n].from = (uint32_t)from;
	brief->cuts[brief->n].to = (uint32_t)to;
	brief->n++;
}

/* The first member is never one of them, so there is a comma before each. */
void brief_find(const char *report, size_t len, struct brief *out)
{
	struct member member;
	size_t at = 1;

	out->n = 0;
	while (out->n < BRIEF_CUTS && next_member(report, len, &at, &member)) {
		const char *key = report + member.key;

		if (member.key > 1 && takes_room(key, member.key_len))
			cut(out, member.key - 1, member.end);
		else if (is_key(key, member.key_len, "message") && report[member.value] == '"')
			cut(out, find_cut(report, member.value + 1, member.end - 1, BRIEF_MESSAGE), member.end - 1);
	}
}

static void add_pieces(const char *report, size_t len, const struct brief *brief, struct hgt_buf *out)
{
	size_t at = 0;

	for (unsigned i = 0; i < brief->n; i++) {
		hgt_buf_add(out, report + at, brief->cuts[i].from - at);
		at = brief->cuts[i].to;
	}
	hgt_buf_add(out, report + at, len - at);
}

void brief_write(const char *report, size_t len, const struct brief *brief, struct hgt_json *json)
{
	hgt_json_raw(json, "", 0);	/* the comma before it */
	add_pieces(report, len, brief, json->out);
}

void brief_event(const char *event, size_t len, struct hgt_buf *out)
{
	struct member member;
	struct brief brief;
	size_t at = 1;

	while (next_member(event, len, &at, &member)) {
		if (!is_key(event + member.key, member.key_len, "data"))
			continue;
		hgt_buf_add(out, event, member.value);
		brief_find(event + member.value, member.end - member.value, &brief);
		add_pieces(event + member.value, member.end - member.value, &brief, out);
		hgt_buf_add(out, event + member.end, len - member.end);
		return;
	}
	hgt_buf_add(out, event, len);
}
