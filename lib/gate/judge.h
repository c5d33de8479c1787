/*
 * The policy of a ref applied to a move of it: what the gate asks of every update of a push, and `headgate replay` of each
 * past one.
 *
 *	struct hgt_judge *judge;
 *	struct hgt_verdict verdict = HGT_VERDICT_INIT;
 *	hgt_judge_new(repo, config, "infra/prod", "alice", &judge, &err);
 *	if (hgt_judge_update(judge, &update, hgt_time_mono_ms(), &verdict, &err) == 0 && verdict.engine)
 *		...hgt_engine_findings(verdict.engine)...
 *	hgt_verdict_release(&verdict);
 *	hgt_judge_free(judge);
 *
 * Cost follows the change, not the repository.
 */
#ifndef HEADGATE_GATE_JUDGE_H
#define HEADGATE_GATE_JUDGE_H

#include "config/config.h"
#include "git/repository.h"

struct hgt_judge;

/*
 * A judge of the moves in one repository, which the config calls `name`. All four are borrowed until hgt_judge_free. actor: who
 * moves the refs; NULL judges history: what the moves brought, not how a ref moved or by whom, and writes nothing.
 */
int hgt_judge_new(struct hgt_repo *repo, const struct hgt_config *config, const char *name, const char *actor,
	struct hgt_judge **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_judge_free(struct hgt_judge *judge);

/* The ref that HEAD leads to, born or not; NULL when HEAD is detached. */
const char *hgt_judge_default_branch(const struct hgt_judge *judge);

/* Take another ref for the default branch, where HEAD is not to be asked: in a clone it is what is checked out. */
int hgt_judge_set_default_branch(struct hgt_judge *judge, const char *ref, struct hgt_error *err) HGT_MUST_CHECK;

struct hgt_verdict {
	struct hgt_buf ref;	/* the one that moves: what a symbolic ref leads to */
	struct hgt_engine *engine;	/* finished, with its findings; NULL when no policy holds for the ref */
	size_t files;		/* changed files that were judged; findings about the move itself are none */
};

#define HGT_VERDICT_INIT {HGT_BUF_INIT, NULL, 0}
void hgt_verdict_release(struct hgt_verdict *verdict);

/*
 * Judge one update into an empty verdict. began_ms: hgt_time_mono_ms() when the push began; the policy's seconds count from there.
 * 0 when it could be judged, whatever was found; else the verdict is to be released all the same.
 *
 * What the change is told from is what the ref held before; for a new one the tip of the default branch, if the same policy judges
 * that, else nothing. What a refused move brings is not looked into.
 */
int hgt_judge_update(struct hgt_judge *judge, const struct hgt_update *update, int64_t began_ms, struct hgt_verdict *verdict,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
