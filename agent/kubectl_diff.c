/* kubectl diff's output, read object by object. */
#include "agent/kubectl_diff.h"

#include <stdlib.h>

#include "doc/doc.h"

struct reader {
	const char *at, *end;
	struct kubectl_line *lines;
	size_t n, cap;
	struct hgt_buf live, wanted;		/* the texts of both sides */
	struct hgt_doc_set live_set, wanted_set;
	struct hgt_arena arena;
	size_t wants[2];			/* lines of the hunk that are still to come, of either side */
};

/* The next line, without its end; false when there is none. */
static bool next_line(struct reader *r, const char **line, size_t *len)
{
	const char *newline;

	if (r->at >= r->end)
		return false;
	newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
	*line = r->at;
	*len = (size_t)((newline ? newline : r->end) - r->at);
	r->at = newline ? newline + 1 : r->end;
	return true;
}

static bool begins(const char *line, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(line, with, n) == 0;
}

/* "12" or "12,34" of a hunk's header: where it begins and how many lines it has. */
static const char *read_range(const char *p, const char *end, size_t *start, size_t *count)
{
	size_t *const fields[] = {start, count};

	*count = 1;
	for (size_t i = 0; i < 2; i++) {
		size_t value = 0;

		if (p >= end || *p < '0' || *p > '9')
			return NULL;
		for (; p < end && *p >= '0' && *p <= '9'; p++) {
			if (value > 100000000)
				return NULL;
			value = 10 * value + (size_t)(*p - '0');
		}
		*fields[i] = value;
		if (i == 1 || p >= end || *p != ',')
			break;
		p++;
	}
	return p;
}

/* "@@ -1,41 +1,41 @@": from the first line on, since it is to hold all of both. */
static bool read_hunk_header(struct reader *r, const char *line, size_t len)
{
	const char *end = line + len, *p = line + 4;
	size_t start[2];

	if (!begins(line, len, "@@ -"))
		return false;
	p = read_range(p, end, &start[0], &r->wants[0]);
	if (!p || end - p < 2 || p[0] != ' ' || p[1] != '+')
		return false;
	p = read_range(p + 2, end, &start[1], &r->wants[1]);
	if (!p || !begins(p, (size_t)(end - p), " @@"))
		return false;
	for (size_t i = 0; i < 2; i++)
		if (start[i] != (r->wants[i] ? 1 : 0))
			return false;
	return true;
}

static int add_line(struct reader *r, char sign, const char *text, size_t len, struct hgt_error *err)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 256;
		struct kubectl_line *lines = reallocarray(r->lines, cap, sizeof(*lines));

		if (!lines)
			return hgt_error_nomem(err);
		r->lines = lines;
		r->cap = cap;
	}
	r->lines[r->n++] = (struct kubectl_line){sign, text, len};
	if (sign != '+') {
		hgt_buf_add(&r->live, text, len);
		hgt_buf_addc(&r->live, '\n');
	}
	if (sign != '-') {
		hgt_buf_add(&r->wanted, text, len);
		hgt_buf_addc(&r->wanted, '\n');
	}
	return 0;
}

static int not_a_diff(struct hgt_error *err, const char *what)
{
	return hgt_error_set(err, HGT_EPARSE, "the output of kubectl diff cannot be read: %s", what);
}

/* The lines of the hunk, as many as its header has told. */
static int read_hunk(struct reader *r, struct hgt_error *err)
{
	const char *line;
	size_t len;

	while (r->wants[0] + r->wants[1] > 0) {
		char sign;
		int code;

		if (!next_line(r, &line, &len))
			return not_a_diff(err, "it ends within an object");
		/* Some diffs leave the blank of an empty line away. */
		sign = len ? *line : ' ';
		if (sign == '\\')
			continue;
		if ((sign != ' ' && sign != '-' && sign != '+') || (sign != '+' && !r->wants[0]) || (sign != '-' && !r->wants[1]))
			return not_a_diff(err, "a line that is neither kept, taken away nor added");
		r->wants[0] -= sign != '+';
		r->wants[1] -= sign != '-';
		code = add_line(r, sign, len ? line + 1 : line, len ? len - 1 : 0, err);
		if (code < 0)
			return code;
	}
	return 0;
}

/* The object that the text of a side is; *out NULL for none. */
static int parse_side(const struct hgt_buf *text, struct hgt_doc_set *set, const struct hgt_node **out, struct hgt_error *err)
{
	int code = hgt_buf_check(text, err);

	*out = NULL;
	if (code == 0)
		code = hgt_yaml_parse(text->data, text->len, &hgt_doc_default_limits, set, err);
	if (code < 0)
		return code;
	if (set->n_problems)
		return not_a_diff(err, set->problems[0].message);
	if (set->n_docs > 1)
		return not_a_diff(err, "two documents where there is to be one object");
	if (set->n_docs == 1 && set->docs[0].root && set->docs[0].root->type == HGT_NODE_MAP)
		*out = set->docs[0].root;
	return 0;
}

static int tell(struct reader *r, kubectl_change_cb cb, void *ctx, struct hgt_error *err)
{
	struct kubectl_change change = {.lines = r->lines, .n_lines = r->n};
	int code = parse_side(&r->live, &r->live_set, &change.live, err);

	if (code == 0)
		code = parse_side(&r->wanted, &r->wanted_set, &change.wanted, err);
	if (code == 0 && !change.live && !change.wanted)
		return not_a_diff(err, "an object that is on neither side");
	if (code == 0)
		code = kubectl_object_read(change.wanted ? change.wanted : change.live, &r->arena, &change.object, err);
	if (code < 0)
		return code;
	for (size_t i = 0; i < r->n; i++) {
		change.live_lines += r->lines[i].sign != '+';
		change.wanted_lines += r->lines[i].sign != '-';
	}
	return cb(ctx, &change, err);
}

static void reader_reset(struct reader *r)
{
	r->n = 0;
	hgt_buf_reset(&r->live);
	hgt_buf_reset(&r->wanted);
	hgt_arena_reset(&r->arena);
}

static void reader_release(struct reader *r)
{
	free(r->lines);
	hgt_buf_release(&r->live);
	hgt_buf_release(&r->wanted);
	hgt_doc_set_release(&r->live_set);
	hgt_doc_set_release(&r->wanted_set);
	hgt_arena_release(&r->arena);
}

/* "--- file", "+++ file" and the hunk. */
static int read_file(struct reader *r, struct hgt_error *err)
{
	const char *line;
	size_t len;

	if (!next_line(r, &line, &len) || !begins(line, len, "+++ "))
		return not_a_diff(err, "a file without its other side");
	if (!next_line(r, &line, &len) || !read_hunk_header(r, line, len))
		return not_a_diff(err, "an object that is not told as a whole");
	return read_hunk(r, err);
}

int kubectl_diff_parse(const char *text, size_t len, kubectl_change_cb cb, void *ctx, struct hgt_error *err)
{
	struct reader r = {.at = text, .end = text + len, .live = HGT_BUF_INIT, .wanted = HGT_BUF_INIT};
	const char *line;
	int code = 0;

	hgt_doc_set_init(&r.live_set);
	hgt_doc_set_init(&r.wanted_set);
	while (code == 0 && next_line(&r, &line, &len)) {
		if (begins(line, len, "diff ") || begins(line, len, "\\ ") || len == 0)
			continue;
		if (!begins(line, len, "--- ")) {
			code = not_a_diff(err, "a line that belongs to no object");
			break;
		}
		reader_reset(&r);
		code = read_file(&r, err);
		if (code == 0)
			code = tell(&r, cb, ctx, err);
	}
	reader_release(&r);
	return code;
}
