/*
 * What kubectl diff prints, read: of each object that an apply would change, what it is and what it would be.
 *
 * kubectl writes both sides of every object as YAML into two folders and runs a program over these; told to run diff with more
 * lines of context than an object has, it gives each such object whole, from which both sides are put together again. Objects are
 * known by what is in them, not by the names of those files. Secrets' values are masked by kubectl; kubectl_diff_judge takes them
 * out itself all the same.
 */
#ifndef HEADGATE_AGENT_KUBECTL_DIFF_H
#define HEADGATE_AGENT_KUBECTL_DIFF_H

#include "agent/kubectl_rules.h"

/* For KUBECTL_EXTERNAL_DIFF; kubectl drops words with other bytes than letters, digits, '-' and '='. */
#define KUBECTL_DIFF_PROGRAM "diff -a -N -U9999999"

struct kubectl_line {
	char sign;		/* ' ', '-' (as it is), '+' (as it would be) */
	const char *text;	/* without its end; not terminated */
	size_t len;
};

struct kubectl_change {
	struct kubectl_object object;
	const struct hgt_node *live, *wanted;	/* live NULL: it is not there; wanted NULL: it would go */
	const struct kubectl_line *lines;
	size_t n_lines;
	size_t live_lines, wanted_lines;
};

/* What is passed lasts until the return. Negative, with err set, ends the reading. */
typedef int (*kubectl_change_cb)(void *ctx, const struct kubectl_change *change, struct hgt_error *err);

/* HGT_EPARSE: this is not what it was told to print. */
int kubectl_diff_parse(const char *text, size_t len, kubectl_change_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

struct kubectl_verdict {
	uint64_t places;	/* where live and wanted differ, ignored ones left out; 0: as it should be */
	struct hgt_buf first;	/* the pointer of the first of them */
	uint64_t redacted;	/* values that are not shown in `diff` */
	struct hgt_buf diff;	/* unified, with three lines of context; nothing where there are no places */
};

void kubectl_verdict_init(struct kubectl_verdict *verdict);
void kubectl_verdict_release(struct kubectl_verdict *verdict);

/* Look at a change with the rules, whose hits are counted. The verdict is overwritten. */
int kubectl_diff_judge(const struct kubectl_change *change, struct kubectl_rules *rules, struct kubectl_verdict *out,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
