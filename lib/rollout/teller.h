/*
 * A rollout told in lines, as its targets move: behind git's `remote: ` for a pusher, on a terminal for `headgate wait`. No colour, no
 * cursor movement, whole lines.
 *
 *	hgt_rollout_teller_new(hgt_time_mono_ms(), &teller, &err);
 *	hgt_rollout_tell_begin(teller, node, &out);		(once)
 *	hgt_rollout_tell_target(teller, node, now_ms, &out, &err);	(each time one has moved; the same again says nothing)
 *	hgt_rollout_tell_end(teller, end, now_ms, &out);
 *
 * The nodes are what the hook socket's lines and GET /v1/rollout have in common (docs/design.md, "Rollout").
 */
#ifndef HEADGATE_ROLLOUT_TELLER_H
#define HEADGATE_ROLLOUT_TELLER_H

#include "rollout/rollout.h"

struct hgt_rollout_teller;

/* began_ms: monotonic; from when on times are told. */
int hgt_rollout_teller_new(int64_t began_ms, struct hgt_rollout_teller **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_rollout_teller_free(struct hgt_rollout_teller *teller);

/* {"moves":[{"ref","revision"}],"count":n,"width":columns}: what is waited for, by whom, for how many seconds. Nothing when no target
 * takes it. */
void hgt_rollout_tell_begin(struct hgt_rollout_teller *teller, const struct hgt_node *node, uint64_t seconds, struct hgt_buf *out);

/* {"agent","target","ref","state","message"}. HGT_EPARSE when it is none. */
int hgt_rollout_tell_target(struct hgt_rollout_teller *teller, const struct hgt_node *node, int64_t now_ms, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* A line for when nothing has moved for long: who is waited for. */
void hgt_rollout_tell_still(const struct hgt_rollout_teller *teller, int64_t now_ms, struct hgt_buf *out);

/* The summary: how many have it, and who does not. */
void hgt_rollout_tell_end(const struct hgt_rollout_teller *teller, enum hgt_rollout_end end, int64_t now_ms, struct hgt_buf *out);

#endif
