/*
 * A finding: one thing that a check has to say about one place, and the list that collects them.
 */
#ifndef HEADGATE_CHECK_FINDING_H
#define HEADGATE_CHECK_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum hgt_severity { HGT_SEVERITY_OFF, HGT_SEVERITY_INFO, HGT_SEVERITY_WARNING, HGT_SEVERITY_ERROR };

/* "off", "info", "warning", "error". */
const char *hgt_severity_name(enum hgt_severity severity);
int hgt_severity_parse(const char *name);	/* or -1 */

struct hgt_finding {
	enum hgt_severity severity;
	const char *rule;	/* stable id, e.g. "yaml/duplicate-key" */
	const char *path;	/* as Git has it, raw bytes */
	uint32_t line, column;	/* from 1; 0: the finding is about the file or the ref as a whole */
	uint32_t end_column;	/* on the same line, exclusive; 0: one character */
	const char *pointer;	/* JSON pointer, or "" */
	const char *message;	/* one sentence, no full stop; outside text in it escaped */
	const char *hint;	/* what to do, or NULL */
	const char *excerpt;	/* the source line, raw, without its newline; or NULL */
	size_t excerpt_len;
	uint32_t excerpt_column;	/* the column of the excerpt's first character when a long line was cut; 0 and 1: whole */
	bool excerpt_cut;	/* the line goes on after the excerpt */
};

/* All strings of the list's findings live in its arena. */
struct hgt_findings {
	struct hgt_arena arena;
	struct hgt_finding *items;	/* a heap array */
	size_t n, cap;
	size_t limit;		/* the most kept; the rest are counted only. Errors push out warnings, warnings infos */
	size_t errors, warnings, infos;	/* all that were added, kept or not */
	bool cut;		/* some were not kept */
	size_t searched[HGT_SEVERITY_ERROR + 1];	/* from the end, where none of a severity is left; once it is full */
};

void hgt_findings_init(struct hgt_findings *list, size_t limit);
void hgt_findings_release(struct hgt_findings *list);

/* Add a copy of *finding and its strings. severity OFF is dropped. 0 or HGT_ENOMEM. */
int hgt_findings_add(struct hgt_findings *list, const struct hgt_finding *finding, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether a finding of that severity would be kept, not merely counted. */
bool hgt_findings_keeps(struct hgt_findings *list, enum hgt_severity severity);

/* By path, line, column, rule; drops exact repetitions. */
void hgt_findings_sort(struct hgt_findings *list);

#endif
