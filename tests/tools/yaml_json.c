/*
 * What lib/doc reads, in the form of tests/differential/main.go, to be compared with what kubectl reads.
 *
 *	yaml_json FRAMES >ANSWERS
 *
 * An answer is a line of four fields between tabs: the name, "ok" or the rules that the text is refused by, the documents, and what
 * was told first. A text without a line feed at its end gets one, as kubectl gives it one.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/utf8.h"
#include "doc/readers.h"
#include "doc/scalar.h"
#include "doc/tree.h"

static void write_text(struct hgt_buf *out, const char *s, size_t len)
{
	hgt_buf_addc(out, '"');
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = hgt_utf8_decode(s + i, len - i, &cp);

		if (!n)
			cp = 0xfffd;
		i += n ? n : 1;
		if (cp == '"' || cp == '\\')
			hgt_buf_addf(out, "\\%c", (char)cp);
		else if (cp >= 0x20 && cp < 0x7f)
			hgt_buf_addc(out, (char)cp);
		else if (cp >= 0x10000)
			hgt_buf_addf(out, "\\u%04x\\u%04x", 0xd800 + ((cp - 0x10000) >> 10), 0xdc00 + ((cp - 0x10000) & 0x3ff));
		else
			hgt_buf_addf(out, "\\u%04x", cp);
	}
	hgt_buf_addc(out, '"');
}

struct member {
	char *key;
	size_t len;
	const struct hgt_node *value;
};

static int by_key(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void write_node(struct hgt_buf *out, const struct hgt_node *node);

static void write_map(struct hgt_buf *out, const struct hgt_node *map)
{
	struct member *members = calloc(map->v.map.n + 1, sizeof(*members));
	size_t n = 0;

	for (size_t i = 0; members && i < map->v.map.n; i++) {
		char room[HGT_KEY_ROOM];
		size_t len;
		const char *key = hgt_key_text(map->v.map.pairs[i].key, room, &len);

		if (map->v.map.pairs[i].overridden)
			continue;
		members[n] = (struct member){.key = calloc(1, len + 1), .len = len, .value = map->v.map.pairs[i].value};
		if (members[n].key)
			memcpy(members[n].key, key, len);
		n++;
	}
	if (n)
		qsort(members, n, sizeof(*members), by_key);
	hgt_buf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i)
			hgt_buf_addc(out, ',');
		write_text(out, members[i].key, members[i].len);
		hgt_buf_addc(out, ':');
		write_node(out, members[i].value);
		free(members[i].key);
	}
	hgt_buf_addc(out, '}');
	free(members);
}

static void write_node(struct hgt_buf *out, const struct hgt_node *node)
{
	char number[HGT_KEY_ROOM];

	switch (node->type) {
	case HGT_NODE_NULL:
		hgt_buf_adds(out, "null");
		break;
	case HGT_NODE_BOOL:
		hgt_buf_adds(out, node->v.boolean ? "true" : "false");
		break;
	case HGT_NODE_INT:
		if (node->is_unsigned)
			hgt_buf_addf(out, "%" PRIu64, node->v.uinteger);
		else
			hgt_buf_addf(out, "%" PRId64, node->v.integer);
		break;
	case HGT_NODE_FLOAT:
		if (!isfinite(node->v.number)) {
			hgt_buf_adds(out, "null");
			break;
		}
		/* A whole number in 64 bits is an integer to Kubernetes, once it is written as Go writes it. */
		hgt_scalar_format_double(node->v.number, number);
		hgt_buf_adds(out, strcmp(number, "-0") == 0 ? "0" : number);
		break;
	case HGT_NODE_STRING:
		write_text(out, node->text, node->len);
		break;
	case HGT_NODE_SEQ:
		hgt_buf_addc(out, '[');
		for (size_t i = 0; i < node->v.seq.n; i++) {
			if (i)
				hgt_buf_addc(out, ',');
			write_node(out, node->v.seq.items[i]);
		}
		hgt_buf_addc(out, ']');
		break;
	case HGT_NODE_MAP:
		write_map(out, node);
		break;
	}
}

struct refusal {
	struct hgt_buf rules, message;
};

/* Each rule once, and the first message. */
static void refuse(struct refusal *r, const char *rule, const char *message)
{
	if (!strstr(r->rules.data, rule)) {
		hgt_buf_adds(&r->rules, r->rules.len ? "," : "");
		hgt_buf_adds(&r->rules, rule);
	}
	if (!r->message.len)
		hgt_buf_adds(&r->message, message);
}

static void refuse_value(void *ctx, const struct hgt_node *where, const char *pointer, const char *message, const char *hint)
{
	(void)where, (void)pointer, (void)hint;
	refuse(ctx, "yaml/two-readers", message);
}

static const char *rule_of(enum hgt_problem_kind kind, bool json)
{
	static const char *const rules[] = {
		[HGT_PROBLEM_DUPLICATE_KEY] = "yaml/duplicate-key", [HGT_PROBLEM_DEPTH] = "yaml/depth",
		[HGT_PROBLEM_ALIAS_BOMB] = "yaml/alias-bomb", [HGT_PROBLEM_LIMIT] = "yaml/limit",
	};

	return kind == HGT_PROBLEM_SYNTAX ? json ? "json/syntax" : "yaml/syntax" : rules[kind];
}

/* text has len bytes, and behind them the line feed that kubectl puts there. */
static int answer(const char *name, const char *text, size_t len, struct hgt_error *err)
{
	const char *dot = strrchr(name, '.');
	bool json = dot && strncmp(dot, ".json", 5) == 0;
	size_t whole = len && text[len - 1] != '\n' ? len + 1 : len;
	struct refusal r = {HGT_BUF_INIT, HGT_BUF_INIT};
	const struct hgt_reader_text asked = {.text = text, .len = len, .named_json = json};
	struct hgt_reader_difference difference;
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	hgt_reader_difference_init(&difference);
	code = (json ? hgt_json_parse : hgt_yaml_parse)(text, len, &hgt_doc_default_limits, &set, err);
	if (!code)
		code = hgt_readers_compare(&asked, &set, &hgt_doc_default_limits, &difference, err);
	if (code < 0)
		goto out;
	if (whole > len)
		code = (json ? hgt_json_parse : hgt_yaml_parse)(text, whole, &hgt_doc_default_limits, &set, err);
	if (code < 0)
		goto out;
	for (size_t i = 0; i < set.n_problems; i++)
		refuse(&r, rule_of(set.problems[i].kind, json), set.problems[i].message);
	if (difference.found)
		refuse(&r, "yaml/two-readers", difference.message.data);
	for (size_t i = 0; i < set.n_docs; i++)
		hgt_readers_judge_values(set.docs[i].root, refuse_value, &r);
	for (size_t i = 0, n = 0; i < set.n_docs; i++) {
		if (!set.docs[i].root || set.docs[i].root->type == HGT_NODE_NULL)
			continue;
		if (n++)
			hgt_buf_addc(&out, ',');
		write_node(&out, set.docs[i].root);
	}
	printf("%s\t%s\t[%s]\t%s\n", name, r.rules.len ? r.rules.data : "ok", out.data, r.message.data);
out:
	hgt_buf_release(&out);
	hgt_buf_release(&r.rules);
	hgt_buf_release(&r.message);
	hgt_reader_difference_release(&difference);
	hgt_doc_set_release(&set);
	return code;
}

/* One frame: "name length", the bytes, a newline. */
static int answer_frame(const char **at, const char *end, struct hgt_error *err)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	struct hgt_buf text = HGT_BUF_INIT;
	char name[256];
	size_t len;
	int code;

	if (!newline || sscanf(*at, "%255s %zu", name, &len) != 2 || len >= (size_t)(end - newline))
		return hgt_error_set(err, HGT_EPARSE, "no frame: %.40s", *at);
	hgt_buf_add(&text, newline + 1, len);
	hgt_buf_addc(&text, '\n');
	*at = newline + 1 + len + 1;
	code = hgt_buf_check(&text, err);
	if (!code)
		code = answer(name, text.data, len, err);
	hgt_buf_release(&text);
	return code;
}

int main(int argc, char **argv)
{
	struct hgt_error err = {0};
	struct hgt_buf in = HGT_BUF_INIT;
	const char *at, *end;
	int code;

	if (argc != 2) {
		fprintf(stderr, "usage: yaml_json FRAMES\n");
		return 2;
	}
	code = hgt_read_file(argv[1], 1 << 30, &in, &err);
	at = in.data;
	end = in.data + in.len;
	while (!code && at < end)
		code = answer_frame(&at, end, &err);
	hgt_buf_release(&in);
	if (code)
		fprintf(stderr, "yaml_json: %s\n", err.message);
	return code ? 1 : 0;
}
