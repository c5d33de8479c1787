/*
 * What `headgate replay` tells: each push that would have been refused, then what it all comes to. It is written as it is found,
 * so that a long history takes no more memory than a short one.
 *
 *	struct replay_report report;
 *	replay_report_init(&report, json, limit);
 *	replay_report_begin(&report);
 *	for each push:
 *		replay_report_push(&report, &commit, &verdict, NULL, &err);
 *	replay_report_end(&report, "refs/heads/main", "config.yaml:12", &err);
 *	replay_report_release(&report);
 */
#ifndef HEADGATE_CLI_REPLAY_REPORT_H
#define HEADGATE_CLI_REPLAY_REPORT_H

#include "base/json_writer.h"
#include "cli/progress.h"
#include "gate/judge.h"
#include "git/history.h"

/* What one rule has come to, told apart by severity. */
struct replay_count {
	const char *rule;
	enum hgt_severity severity;
	size_t pushes, findings;
	size_t last;	/* the push that was counted last, from 1 */
};

struct replay_report {
	bool json, color;
	struct progress *progress;	/* to be hidden while lines are written; borrowed, NULL for none */
	size_t limit, told;	/* findings */
	struct hgt_buf out;
	struct hgt_json writer;
	struct hgt_arena arena;	/* of the rules' names */
	struct replay_count *counts;
	size_t n_counts, cap;
	size_t pushes, refused, warned, unjudged, files;
	size_t errors, warnings, found;	/* findings; infos are among the last */
	size_t uncounted;	/* findings that the engine did not keep: in no rule's count */
};

void replay_report_init(struct replay_report *report, bool json, size_t limit);
void replay_report_release(struct replay_report *report);

void replay_report_begin(struct replay_report *report);

/* One push. trouble: why the gate could not have judged it, which refuses it; else NULL. */
int replay_report_push(struct replay_report *report, const struct hgt_past_commit *commit, const struct hgt_verdict *verdict,
	const char *trouble, struct hgt_error *err) HGT_MUST_CHECK;

/* The sum. policy: where it is stated. */
int replay_report_end(struct replay_report *report, const char *ref, const char *policy, struct hgt_error *err) HGT_MUST_CHECK;

#endif
