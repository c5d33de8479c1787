/* What of a change of an object counts, and how it is shown. */
#include <stdlib.h>

#include "agent/kubectl_diff.h"
#include "base/utf8.h"
#include "doc/doc.h"

enum { CONTEXT = 3 };

enum side_line {
	LINE_IGNORED = 1,	/* a change of it does not count */
	LINE_CUT = 2,		/* shown up to `cut` alone */
	LINE_HIDDEN = 4,	/* the rest of a value that is cut */
};

struct side {
	unsigned char *flags;	/* of each line, from 1 on */
	uint32_t *cut;		/* the column from which on it is not shown */
	size_t n;
};

struct judge {
	const struct kubectl_change *change;
	struct kubectl_rules *rules;
	struct kubectl_verdict *out;
	struct side live, wanted;
	struct hgt_buf pointer;
};

static int side_init(struct side *side, size_t n, struct hgt_error *err)
{
	side->n = n;
	side->flags = calloc(n + 1, sizeof(*side->flags));
	side->cut = calloc(n + 1, sizeof(*side->cut));
	return side->flags && side->cut ? 0 : hgt_error_nomem(err);
}

static void side_release(struct side *side)
{
	free(side->flags);
	free(side->cut);
}

/* The last line that the node is on. The end of a block is told as the beginning of what follows. */
static uint32_t last_line(const struct hgt_node *node)
{
	uint32_t last = node->line;

	if (node->type == HGT_NODE_MAP) {
		for (size_t i = 0; i < node->v.map.n; i++) {
			uint32_t line = last_line(node->v.map.pairs[i].value);

			last = line > last ? line : last;
		}
	} else if (node->type == HGT_NODE_SEQ) {
		for (size_t i = 0; i < node->v.seq.n; i++) {
			uint32_t line = last_line(node->v.seq.items[i]);

			last = line > last ? line : last;
		}
	} else if (node->end_line > last) {
		last = node->end_column <= 1 ? node->end_line - 1 : node->end_line;
	}
	return last;
}

static void mark_ignored(struct side *side, uint32_t first, const struct hgt_node *node)
{
	uint32_t last = last_line(node);

	for (uint32_t line = first; line <= last && line <= side->n; line++)
		side->flags[line] |= LINE_IGNORED;
}

static bool is_equal(const struct hgt_node *a, const struct hgt_node *b)
{
	if (!a || !b || a->type != b->type)
		return false;
	if (a->type == HGT_NODE_SEQ) {
		if (a->v.seq.n != b->v.seq.n)
			return false;
		for (size_t i = 0; i < a->v.seq.n; i++)
			if (!is_equal(a->v.seq.items[i], b->v.seq.items[i]))
				return false;
		return true;
	}
	if (a->type == HGT_NODE_MAP) {
		if (a->v.map.n != b->v.map.n)
			return false;
		for (size_t i = 0; i < a->v.map.n; i++) {
			const struct hgt_node *key = a->v.map.pairs[i].key;
			const struct hgt_pair *other = hgt_node_find(b, key->text, key->len);

			if (!other || !is_equal(a->v.map.pairs[i].value, other->value))
				return false;
		}
		return true;
	}
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* A node on one side: where it begins, its key included; node NULL when it is not there. */
struct spot {
	const struct hgt_node *node;
	uint32_t line;
};

static struct spot spot_of(const struct hgt_pair *pair)
{
	return pair ? (struct spot){pair->value, pair->key->line} : (struct spot){NULL, 0};
}

static struct spot spot_at(const struct hgt_node *seq, size_t i)
{
	if (!seq || i >= seq->v.seq.n)
		return (struct spot){NULL, 0};
	return (struct spot){seq->v.seq.items[i], seq->v.seq.items[i]->line};
}

static bool holds(const struct hgt_node *node, enum hgt_node_type type)
{
	return node && node->type == type && (type == HGT_NODE_MAP ? node->v.map.n : node->v.seq.n) > 0;
}

static void walk(struct judge *j, struct spot live, struct spot wanted);

static void step(struct judge *j, const char *key, size_t len, struct spot live, struct spot wanted)
{
	size_t was = j->pointer.len;

	hgt_pointer_add(&j->pointer, key, len);
	walk(j, live, wanted);
	hgt_buf_truncate(&j->pointer, was);
}

static void walk_map(struct judge *j, const struct hgt_node *live, const struct hgt_node *wanted)
{
	for (size_t i = 0; live && i < live->v.map.n; i++) {
		const struct hgt_pair *pair = &live->v.map.pairs[i];

		step(j, pair->key->text, pair->key->len, spot_of(pair),
			spot_of(hgt_node_find(wanted, pair->key->text, pair->key->len)));
	}
	for (size_t i = 0; wanted && i < wanted->v.map.n; i++) {
		const struct hgt_pair *pair = &wanted->v.map.pairs[i];

		if (!hgt_node_find(live, pair->key->text, pair->key->len))
			step(j, pair->key->text, pair->key->len, (struct spot){NULL, 0}, spot_of(pair));
	}
}

static void walk_seq(struct judge *j, const struct hgt_node *live, const struct hgt_node *wanted)
{
	size_t n = live ? live->v.seq.n : 0;

	if (wanted && wanted->v.seq.n > n)
		n = wanted->v.seq.n;
	for (size_t i = 0; i < n; i++) {
		size_t was = j->pointer.len;

		hgt_pointer_add_index(&j->pointer, i);
		walk(j, spot_at(live, i), spot_at(wanted, i));
		hgt_buf_truncate(&j->pointer, was);
	}
}

/* A place where something may differ: where it is a rule's, all below it is; else it is looked at what is below it, on the side
 * where there is something too. */
static void walk(struct judge *j, struct spot live, struct spot wanted)
{
	const struct hgt_node *one = live.node ? live.node : wanted.node;
	bool both = live.node && wanted.node, noise = kubectl_rules_is_noise(j->pointer.data);
	int rule = noise ? -1 : kubectl_rules_ignores(j->rules, &j->change->object, j->pointer.data);

	if (noise || rule >= 0) {
		if (is_equal(live.node, wanted.node))
			return;
		if (rule >= 0)
			j->rules->hits[rule]++;
		if (live.node)
			mark_ignored(&j->live, live.line, live.node);
		if (wanted.node)
			mark_ignored(&j->wanted, wanted.line, wanted.node);
	} else if (one->type == HGT_NODE_MAP && (both ? live.node->type == wanted.node->type : holds(one, HGT_NODE_MAP))) {
		walk_map(j, live.node, wanted.node);
	} else if (one->type == HGT_NODE_SEQ && (both ? live.node->type == wanted.node->type : holds(one, HGT_NODE_SEQ))) {
		walk_seq(j, live.node, wanted.node);
	} else if (!is_equal(live.node, wanted.node)) {
		if (j->out->places++ == 0)
			hgt_buf_add(&j->out->first, j->pointer.data, j->pointer.len);
	}
}

/* All values of the node are not to be shown. */
static void hide(struct side *side, const struct hgt_node *node)
{
	uint32_t last = last_line(node);

	if (node->type == HGT_NODE_MAP) {
		for (size_t i = 0; i < node->v.map.n; i++)
			hide(side, node->v.map.pairs[i].value);
		return;
	}
	if (node->type == HGT_NODE_SEQ) {
		for (size_t i = 0; i < node->v.seq.n; i++)
			hide(side, node->v.seq.items[i]);
		return;
	}
	if (node->line <= side->n && (!(side->flags[node->line] & LINE_CUT) || node->column < side->cut[node->line])) {
		side->flags[node->line] |= LINE_CUT;
		side->cut[node->line] = node->column;
	}
	for (uint32_t line = node->line + 1; line <= last && line <= side->n; line++)
		side->flags[line] |= LINE_HIDDEN;
}

static void redact(struct judge *j, struct side *side, const struct hgt_node *node)
{
	size_t was = j->pointer.len;

	if (kubectl_rules_redacts(j->rules, &j->change->object, j->pointer.data)) {
		hide(side, node);
		return;
	}
	if (node->type == HGT_NODE_MAP)
		for (size_t i = 0; i < node->v.map.n; i++) {
			const struct hgt_pair *pair = &node->v.map.pairs[i];

			hgt_pointer_add(&j->pointer, pair->key->text, pair->key->len);
			redact(j, side, pair->value);
			hgt_buf_truncate(&j->pointer, was);
		}
	else if (node->type == HGT_NODE_SEQ)
		for (size_t i = 0; i < node->v.seq.n; i++) {
			hgt_pointer_add_index(&j->pointer, i);
			redact(j, side, node->v.seq.items[i]);
			hgt_buf_truncate(&j->pointer, was);
		}
}

/* The bytes before a column, which counts code points from 1. */
static size_t before_column(const char *text, size_t len, uint32_t column)
{
	size_t at = 0;

	for (uint32_t i = 1; i < column && at < len; i++) {
		uint32_t cp;
		size_t n = hgt_utf8_decode(text + at, len - at, &cp);

		at += n ? n : 1;
	}
	return at;
}

/* A line as it is to be shown. */
struct shown {
	char sign;		/* 0: not at all */
	bool near;		/* at a change */
	uint32_t cut;
	size_t live, wanted;	/* the lines of both sides before it */
};

static void look_at_lines(const struct judge *j, struct shown *shown)
{
	size_t live = 0, wanted = 0;

	for (size_t i = 0; i < j->change->n_lines; i++) {
		char sign = j->change->lines[i].sign;
		const struct side *side = sign == '+' ? &j->wanted : &j->live;
		size_t line = sign == '+' ? wanted + 1 : live + 1;
		unsigned char flags = side->flags[line];

		shown[i] = (struct shown){.sign = sign, .live = live, .wanted = wanted, .cut = flags & LINE_CUT ? side->cut[line] : 0};
		if (flags & LINE_HIDDEN || (sign != ' ' && flags & LINE_IGNORED))
			shown[i].sign = 0;
		live += sign != '+';
		wanted += sign != '-';
	}
	/* Changes reach as many lines back and ahead as there is context. */
	for (size_t i = 0, since = CONTEXT + 1, until = CONTEXT + 1; i < j->change->n_lines; i++) {
		size_t back = j->change->n_lines - 1 - i;

		since = shown[i].sign && shown[i].sign != ' ' ? 0 : since + (shown[i].sign != 0);
		until = shown[back].sign && shown[back].sign != ' ' ? 0 : until + (shown[back].sign != 0);
		shown[i].near |= since <= CONTEXT;
		shown[back].near |= until <= CONTEXT;
	}
}

static void write_hunk_header(const struct shown *shown, size_t from, size_t to, struct hgt_buf *out)
{
	size_t live = 0, wanted = 0;

	for (size_t i = from; i < to; i++) {
		live += shown[i].sign == ' ' || shown[i].sign == '-';
		wanted += shown[i].sign == ' ' || shown[i].sign == '+';
	}
	hgt_buf_addf(out, "@@ -%zu,%zu +%zu,%zu @@\n", shown[from].live + (live > 0), live, shown[from].wanted + (wanted > 0), wanted);
}

static void write_line(struct judge *j, const struct shown *shown, const struct kubectl_line *line)
{
	struct hgt_buf *out = &j->out->diff;
	size_t len = shown->cut ? before_column(line->text, line->len, shown->cut) : line->len;

	hgt_buf_addc(out, shown->sign);
	hgt_buf_add(out, line->text, len);
	if (shown->cut) {
		hgt_buf_adds(out, "(redacted)");
		j->out->redacted++;
	}
	hgt_buf_addc(out, '\n');
}

static int write_diff(struct judge *j, struct hgt_error *err)
{
	const struct kubectl_change *c = j->change;
	struct hgt_buf *out = &j->out->diff;
	struct shown *shown = calloc(c->n_lines + 1, sizeof(*shown));

	if (!shown)
		return hgt_error_nomem(err);
	look_at_lines(j, shown);
	hgt_buf_adds(out, "--- ");
	kubectl_object_write(&c->object, out);
	hgt_buf_adds(out, " (live)\n+++ ");
	kubectl_object_write(&c->object, out);
	hgt_buf_adds(out, " (wanted)\n");
	for (size_t i = 0, end = 0; i < c->n_lines; i++) {
		if (shown[i].near && i >= end) {
			for (end = i; end < c->n_lines && shown[end].near; end++)
				;
			write_hunk_header(shown, i, end, out);
		}
		if (shown[i].near && shown[i].sign)
			write_line(j, &shown[i], &c->lines[i]);
	}
	free(shown);
	return hgt_buf_check(out, err);
}

void kubectl_verdict_init(struct kubectl_verdict *v)
{
	*v = (struct kubectl_verdict){.first = HGT_BUF_INIT, .diff = HGT_BUF_INIT};
}

void kubectl_verdict_release(struct kubectl_verdict *v)
{
	hgt_buf_release(&v->first);
	hgt_buf_release(&v->diff);
}

int kubectl_diff_judge(const struct kubectl_change *change, struct kubectl_rules *rules, struct kubectl_verdict *out,
	struct hgt_error *err)
{
	struct judge j = {.change = change, .rules = rules, .out = out, .pointer = HGT_BUF_INIT};
	int code = side_init(&j.live, change->live_lines, err);

	hgt_buf_reset(&out->first);
	hgt_buf_reset(&out->diff);
	out->places = out->redacted = 0;
	if (code == 0)
		code = side_init(&j.wanted, change->wanted_lines, err);
	if (code < 0)
		goto out;
	/* What kubectl writes for an object that is not there is a line of its own at times. */
	if (!change->live)
		memset(j.live.flags, LINE_HIDDEN, j.live.n + 1);
	walk(&j, (struct spot){change->live, 1}, (struct spot){change->wanted, 1});
	hgt_buf_truncate(&j.pointer, 0);
	if (change->live)
		redact(&j, &j.live, change->live);
	if (change->wanted)
		redact(&j, &j.wanted, change->wanted);
	code = hgt_buf_check(&j.pointer, err);
	if (code == 0)
		code = hgt_buf_check(&out->first, err);
	if (code == 0 && out->places > 0)
		code = write_diff(&j, err);
out:
	side_release(&j.live);
	side_release(&j.wanted);
	hgt_buf_release(&j.pointer);
	return code;
}
