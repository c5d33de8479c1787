/*
 * What the parts of the mirrors share; nobody else includes it.
 *
 *	mirrors.c	the mirrors and copies there are; reload, drain
 *	mirror_load.c	what the disk knows of them, and which it knows
 *	mirror_queue.c	turns begin, as mirror/turns.h has their order; the clock
 *	mirror_copy.c	one copy: what makes it wanted, and when; alerts
 *	mirror_outcome.c	what a turn leaves: state, back-off, what is told
 *	mirror_view.c	how mirrors and copies are, in numbers and one by one
 *	mirror_save.c	what is written down, and up to where all is
 *	mirror_events.c	what is told of it as events
 *	mirror_act.c	what people ask for
 *	mirror_git.c	git as a child: its environment, credentials; its words without secrets
 *	mirror_ssh.c	how git calls ssh; connections that are shared
 *	mirror_judge.c	why git failed
 *	mirror_push.c, mirror_pull.c	the two ways: what a turn is
 *	mirror_publish.c	pull: from incoming refs to published ones, the gate included
 */
#ifndef HEADGATE_DAEMON_MIRROR_H
#define HEADGATE_DAEMON_MIRROR_H

#include <sys/queue.h>

#include "base/buf.h"
#include "base/heap.h"
#include "daemon/child.h"
#include "daemon/mirrors.h"
#include "mirror/turns.h"

struct event;
struct turn;

/* How a turn goes: one for each direction. Everything is called on the loop. */
struct way {
	const char *name;	/* "push", "pull" */
	/* Begin. Later, and never before this has returned, the way calls turn_ended once. On failure it does not. */
	int (*begin)(struct turn *turn, struct hgt_error *err) HGT_MUST_CHECK;
	/* The daemon stops, or somebody has paused it: end soon, by turn_ended. What has been done counts. */
	void (*stop)(struct turn *turn);
	/* Free what turn->own is; nothing of it runs any more. */
	void (*release)(struct turn *turn);
};
extern const struct way mirror_push, mirror_pull;

struct mirror {
	TAILQ_ENTRY(mirror) entry;	/* in order of name */
	struct mirrors *mirrors;
	unsigned refs;
	char *name;
	enum hgt_mirror_direction direction;
	const struct way *way;
	const struct hgt_config_mirror *config;	/* of mirrors->config; NULL once it is gone */
	char *url;			/* what is known of the other side is of this one */
	struct copy **copies;		/* in order of repository */
	size_t n_copies, copies_room;
	struct hgt_turns_lane lane;
	size_t n_failing;		/* copies that are */
	unsigned told_failing;		/* of them, those whose failure was logged since there last were none */
	bool paused;			/* all of it */
	bool lfs_missed;		/* that there is no git-lfs has been told */
	bool may_pull, leads;		/* of two peers: it follows, and knows whom; it leads (mirrors_let_pull) */
	bool known;			/* what the disk has under the name is of this place: no copy has a turn before it is */
	bool noting;
	bool gone;			/* of no config any more: whatever ends is dropped */
	struct mirror_manifest *manifest;	/* mirror_manifest.h: of upstream; NULL: none */
	uint64_t turns, failed, bytes;	/* since the start */
};

struct copy {
	TAILQ_ENTRY(copy) entry;	/* of those whose moves the disk may not know, by `unsettled` */
	struct hgt_turns_waiter waiter;
	struct hgt_heap_item due;	/* when something is to be done about it that no one else will cause */
	unsigned refs;
	struct mirror *mirror;
	char *repo;
	struct hgt_copy_row row;	/* as it is now; its strings are the copy's own */
	struct turn *turn;		/* while it has one */
	struct copy *held;		/* a reference to one of the same name that is gone and still has its turn: it ends first */
	unsigned writing;		/* its rows are on their way to disk, so many times */
	bool wanted : 1;		/* there is something to do, and it waits for its turn or its time */
	bool urgent : 1;		/* somebody waits for it: before the others of its mirror */
	bool verify : 1;		/* the next turn asks the other side for everything */
	bool routine : 1;		/* the same, and only because of the clock: what was refused is not judged again */
	bool accept : 1;		/* the next turn may settle what is diverged or held */
	bool known_behind : 1;		/* the disk has it as something to be done at a start */
	bool gone : 1;
	bool unlisted : 1;		/* upstream's manifest has it no more: nothing is done until it does */
	bool ending : 1;		/* what its turn has come to is on its way to disk */
	/* Monotonic: no attempt before; a look by the clock, and one for everything (0: none); told as late. */
	int64_t due_ms, look_ms, verify_ms, alert_ms;
	uint64_t unsettled;		/* the first event about it that the disk may not know; 0: none */
	unsigned doubts;		/* looks at it because a turn has left it with another fingerprint than upstream's */
	char print[41];			/* pull: upstream's fingerprint in the manifest at the last turn that was not in vain; "" none */
	uint64_t later;			/* the first event since its turn began; 0: none */
};

enum turn_end {
	TURN_DONE,	/* all that could be moved is, and nothing waits for a person */
	TURN_STOPPED,	/* the same, but something waits for a person: err says what */
	TURN_FAILED,	/* to be tried again: err says why, without secrets */
	TURN_BROKEN_OFF,	/* by stop: nothing is known to be wrong */
};

/* A ref as a turn leaves it: what goes into the journal. Strings are the turn's own (turn_ref copies). */
struct turn_ref {
	struct turn_ref *next;
	struct hgt_copy_ref_row row;
	bool forget;			/* neither side has it any more */
	bool moved;			/* this turn has moved it, from `before` to row.id ("" deleted): told by mirror.updated */
	bool forced;
	char *before;
};

struct turn {
	TAILQ_ENTRY(turn) entry;
	struct copy *copy;		/* a reference */
	struct daemon *daemon;
	const struct hgt_config *config;	/* a reference: that of the beginning */
	const struct hgt_config_mirror *mirror;	/* in it */
	char *url;			/* of this repository */
	char *path;			/* of the .git folder here; NULL: there is none yet (pull, create) */
	bool verify, routine, accept;	/* as copy's */
	bool stopping;			/* way->stop has been called */
	char print[41];			/* upstream's fingerprint as its manifest had it at the beginning; "" none */
	uint64_t seq;			/* the journal's head at the beginning: what push will have dealt with */
	int64_t began_ms;		/* monotonic */
	void *own;			/* the way's */

	/* What the way says as it goes, for who looks: mirrors_walk. */
	const char *phase;
	unsigned percent;
	uint64_t objects, objects_total, phase_bytes;

	/* What it leaves. */
	struct turn_ref *turn_refs, **last_ref;
	bool verified;			/* the other side was asked for all its refs, and what is left here is what it said */
	uint64_t bytes;			/* that moved */
};

/* mirror_outcome.c. The strings are copied; HGT_ENOMEM. */
struct turn_ref *turn_ref(struct turn *turn, const struct hgt_copy_ref_row *row, struct hgt_error *err) HGT_MUST_CHECK;
int turn_ref_moved(struct turn_ref *ref, const char *before, bool forced, struct hgt_error *err) HGT_MUST_CHECK;
/* Takes the turn. err may be NULL for TURN_DONE and TURN_BROKEN_OFF. */
void turn_ended(struct turn *turn, enum turn_end end, const struct hgt_error *err);

/* mirror_copy.c. The copy has something to do as of now: it is behind. */
void copy_want(struct copy *copy);
/* Whether there is something to do is to be seen; urgent: somebody waits for it, whatever the back-off says. */
void copy_look(struct copy *copy, bool urgent);
struct copy *copy_ref(struct copy *copy);
void copy_unref(struct copy *copy);

/* mirrors.c: the copy of that repository, made if there is none: whether the repository is here or not (pull). */
int mirror_add_copy(struct mirror *mirror, const char *repo, struct copy **out, struct hgt_error *err) HGT_MUST_CHECK;
struct copy *mirror_find_copy(const struct mirror *mirror, const char *repo);
struct mirror *mirrors_find(const struct mirrors *mirrors, const char *name);
/* A copy that nothing in the config or on disk stands for any more; what is known of it stays on disk. */
void mirror_drop_copy(struct copy *copy);

/* mirror_git.c: git, in the repository of the turn (or in `folder`), its environment made from nothing: the account's HOME and PATH, no
 * prompts, no config of other users' repositories, credentials by file, ssh in batch mode with strict host keys, no protocol but the
 * URL's. The URL stands in no argument: it is handed over in the environment as the remote "mirror" (GIT_CONFIG_COUNT). */
struct mirror_git {
	const char *const *args;	/* after "git", NULL at its end; "mirror" as an argument of its own names the remote */
	const char *folder;		/* NULL: turn->path */
	const char *input;
	size_t input_len;
	bool offline;			/* it speaks to nobody: no credentials, no remote */
	bool cleans_up;			/* it may run git gc where the repository's config has it so; else none does */
	void (*line)(void *ctx, int fd, const char *line, size_t len);	/* each whole line of its outputs (\n or \r ends one), or NULL */
	/* said: the end of stderr, secrets taken out, each line escaped, without lines of progress */
	void (*ended)(void *ctx, const struct child_end *end, const char *said);
	void *ctx;
};
struct mirror_run;
/* `line` and `ended` come later, `line` without secrets and not escaped. Once `ended` has been called the run is gone when it returns. */
int mirror_git_run(struct turn *turn, const struct mirror_git *git, struct mirror_run **out, struct hgt_error *err) HGT_MUST_CHECK;
void mirror_git_stop(struct mirror_run *run);
void mirror_git_free(struct mirror_run *run);	/* kill and forget; NULL is fine */

/* Why a run of git failed, as one sentence that says the way out where it is known: host key, authentication, not found, away, disk. */
void mirror_git_judge(const struct turn *turn, const struct child_end *end, const char *said, struct hgt_error *err);

/* When the daemon ends, and no git runs any more: ssh connections that are kept open for the next run are ended. */
void mirror_git_hang_up(const struct hgt_config *config);

#endif
