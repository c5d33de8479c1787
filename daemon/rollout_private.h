/* What the parts of a rollout share: rollout.c looks at the agents, rollout_questions.c asks the repository. */
#ifndef HEADGATE_DAEMON_ROLLOUT_PRIVATE_H
#define HEADGATE_DAEMON_ROLLOUT_PRIVATE_H

#include <sys/queue.h>

#include "base/arena.h"
#include "base/map.h"
#include "daemon/rollout.h"

/* A ref, and the revision that is waited for on it. */
struct rollout_ref {
	const char *ref;
	const char *old_id;	/* NULL: whatever the folder */
	const char *new_id;
	char commit[HGT_OID_HEX_SHA256 + 1];	/* of new_id; "" when it is none */
	bool commit_known;
	char tip[HGT_OID_HEX_SHA256 + 1];	/* "" when the ref is gone */
	bool tip_known, contained;	/* the latter: in the tip */
};

enum question_kind {
	DIFFERS,	/* does a folder between old_id and the commit? */
	CONTAINS,	/* is the commit in the one of that id? */
	SAME,		/* is a folder the same in the one of that id? */
};

struct answer {
	enum question_kind kind;
	struct rollout_ref *on;
	const char *path, *id;
	bool known, yes;
	struct answer *next;	/* of those that are to be asked, or are */
};

struct entry {
	char *agent, *target, *path;
	struct rollout_ref *on;
	unsigned look;		/* the last one that has found it */
	bool concerned;
	enum hgt_rollout_state state;
	struct hgt_buf message;
	uint64_t changed;
	bool has_report;
	uint64_t report_seq;
	struct hgt_rollout_report report;
};

struct rollout {
	TAILQ_ENTRY(rollout) entry;
	struct rollouts *all;
	struct rollout_spec spec;	/* its texts are in the arena */
	struct scope *scope;		/* a reference */
	char *repo_path;
	int64_t deadline_ms;		/* monotonic */
	struct event *look_soon;
	int64_t soon_ms;		/* how soon one may follow the last */
	bool closed;			/* freed once the worker is done */

	struct hgt_arena arena;
	struct rollout_ref *refs;
	size_t n_refs;
	char revision[HGT_OID_HEX_SHA256 + 1];	/* of spec.revision; "" before it is known */
	struct entry **entries;
	size_t n, cap;
	struct hgt_map by_name;		/* "agent/target" -> entry */
	unsigned looks;
	uint64_t version;
	enum hgt_rollout_end end;

	/* Questions. While `asking` a worker has `asked`, the refs (but their names), `revision`, job_code and job_err. */
	struct hgt_map answers;
	struct answer *wanted, *asked;
	bool asking;
	bool tips_moved;		/* since the worker was asked */
	int job_code, code;		/* why nothing can be told */
	struct hgt_error job_err, err;
};

TAILQ_HEAD(rollout_list, rollout);

struct rollouts {
	struct daemon *daemon;
	struct rollout_list list;
	struct rollouts_stats stats;
	bool stopping;
};

/* The answer to a question, which is asked with the next rollout_ask when it is not known; NULL when memory runs out. */
struct answer *rollout_answer(struct rollout *rollout, enum question_kind kind, struct rollout_ref *on, const char *path,
	const char *id);

/* Have a worker answer what has been asked, and look where the refs are when that is not known; then rollout_answered. false: there is
 * nothing to ask. */
bool rollout_ask(struct rollout *rollout);
void rollout_answered(struct rollout *rollout);

/* Free what a rollout holds. */
void rollout_free(struct rollout *rollout);

#endif
