/*
 * The gate: every update of a push judged, each by the policy of its ref.
 *
 *	struct gate gate;
 *	gate_init(&gate, hook);
 *	code = gate_judge(&gate, repo, &err);
 *	if (code == 0)
 *		...gate.text, and whether gate.refused > 0...
 *	gate_release(&gate);
 */
#ifndef HEADGATE_HOOKS_GATE_H
#define HEADGATE_HOOKS_GATE_H

#include "check/finding.h"
#include "git/repository.h"
#include "hooks/hook.h"

struct gate {
	struct hook *hook;		/* borrowed; its way_out follows the steps */
	struct hgt_buf text;		/* for the pusher: nothing, the warnings, or why it is refused */
	struct hgt_findings findings;	/* of all refs, for the daemon */
	size_t refused;			/* refs */
	bool shut;			/* the repository takes no pushes here */
};

void gate_init(struct gate *gate, struct hook *hook);
void gate_release(struct gate *gate);

/* 0 when the push could be judged; what is wrong with it is in findings and text. */
int gate_judge(struct gate *gate, struct hgt_repo *repo, struct hgt_error *err) HGT_MUST_CHECK;

#endif
