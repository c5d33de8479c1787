/*
 * Mirrors in the journal's database: how far each repository of each mirror has come, and what is known of each of its refs.
 *
 * A mirror is an entry of the config; a copy is one repository of it. Rows are written in the batches of the store, with the events
 * that tell of them.
 */
#ifndef HEADGATE_JOURNAL_MIRRORS_H
#define HEADGATE_JOURNAL_MIRRORS_H

#include "journal/journal.h"

enum hgt_copy_state {
	HGT_COPY_NEW,		/* never looked at */
	HGT_COPY_IN_STEP,
	HGT_COPY_BEHIND,	/* something waits for its turn, or moves */
	HGT_COPY_FAILING,	/* will be tried again */
	HGT_COPY_STOPPED,	/* waits for a person: `error` says why. What is not concerned has moved all the same */
};

/* "new", "in-step", "behind", "failing", "stopped"; parse: -1 for another word. */
const char *hgt_copy_state_name(enum hgt_copy_state state);
int hgt_copy_state_parse(const char *name);

/* Strings of rows that are read live until the callback returns. Times are of the wall clock; 0: never. */
struct hgt_copy_row {
	const char *mirror, *repo;
	enum hgt_copy_state state;
	uint64_t seq;		/* push: the other side has what the journal told up to here. pull: of the last event of ours about it */
	bool paused;
	bool alerted;		/* that it is behind has been told as an event */
	unsigned attempts;	/* that have failed, since the last good one */
	int64_t since_ms;	/* behind since; 0: it is not */
	int64_t tried_ms, ok_ms, verified_ms;	/* the last turn; the last good one; the last that asked the other side for all its refs */
	int64_t next_ms;	/* failing: the next attempt */
	uint64_t bytes;		/* that have moved, altogether, as git tells */
	const char *error;	/* why it is failing or stopped, "" when it is not; no credentials in it */
};

enum hgt_copy_ref_state {
	HGT_COPY_REF_IN_STEP,
	HGT_COPY_REF_BEHIND,
	HGT_COPY_REF_DIVERGED,	/* either side has what the other lacks, and it will not be overwritten */
	HGT_COPY_REF_HELD,	/* by on_force, on_delete or the guard: waits for a person */
	HGT_COPY_REF_REFUSED,	/* by the gate here, or by the other side */
};

/* "in-step", "behind", "diverged", "held", "refused". */
const char *hgt_copy_ref_state_name(enum hgt_copy_ref_state state);
int hgt_copy_ref_state_parse(const char *name);

struct hgt_copy_ref_row {
	const char *mirror, *repo, *ref;
	enum hgt_copy_ref_state state;
	const char *id;		/* what both sides last were known to have; "": they never had it both */
	const char *theirs;	/* what the other side was last seen to have; "": it had none */
	const char *ours;	/* what we had then */
	int64_t since_ms;	/* not in step since; 0: it is */
	const char *note;	/* why, "" when it is in step */
};

typedef int (*hgt_copy_cb)(void *ctx, const struct hgt_copy_row *row);
typedef int (*hgt_copy_ref_cb)(void *ctx, const struct hgt_copy_ref_row *row);

/* A mirror as it was when what is known of its copies was found out: of another direction or URL that says nothing. */
struct hgt_mirror_row {
	const char *mirror;
	const char *direction;	/* "push", "pull" */
	const char *url;	/* as in the config */
	bool paused;		/* all of it, copies that come later as well */
};
typedef int (*hgt_mirror_cb)(void *ctx, const struct hgt_mirror_row *row);

/* Add it, or replace the one of that name. In order of name; returns of cb as of hgt_journal_read. */
int hgt_mirror_put(struct hgt_journal *journal, const struct hgt_mirror_row *row, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_mirrors(struct hgt_journal *journal, hgt_mirror_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* The mirror, its copies and their refs. */
int hgt_mirror_forget(struct hgt_journal *journal, const char *mirror, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Up to where all that moved is in the rows of the copies: what came behind it has to be looked up (hgt_repos_moved) by who begins. 0
 * when that was never noted, or of the journal under another id: a copy of it may have been put in place since.
 */
int hgt_mirrors_set_settled(struct hgt_journal *journal, uint64_t seq, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_mirrors_get_settled(struct hgt_journal *journal, uint64_t *seq, struct hgt_error *err) HGT_MUST_CHECK;

/* Add it, or replace the one of that mirror and repository (and ref). */
int hgt_copy_put(struct hgt_journal *journal, const struct hgt_copy_row *row, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_copy_ref_put(struct hgt_journal *journal, const struct hgt_copy_ref_row *row, struct hgt_error *err) HGT_MUST_CHECK;

/* Neither side has it any more. */
int hgt_copy_ref_forget(struct hgt_journal *journal, const char *mirror, const char *repo, const char *ref,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The copy and its refs; repo NULL: all of the mirror. */
int hgt_copy_forget(struct hgt_journal *journal, const char *mirror, const char *repo, struct hgt_error *err) HGT_MUST_CHECK;

/* In order of mirror, repo; mirror NULL: of all. Returns of cb as of hgt_journal_read. */
int hgt_copies(struct hgt_journal *journal, const char *mirror, hgt_copy_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* The same of one; *found says whether there is one. */
int hgt_copy_get(struct hgt_journal *journal, const char *mirror, const char *repo, bool *found, hgt_copy_cb cb, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The refs of one copy in order of name, those behind `after` ("" for all), at most `most`; only those that are not in step, if asked. */
int hgt_copy_refs(struct hgt_journal *journal, const char *mirror, const char *repo, const char *after, bool out_of_step, size_t most,
	hgt_copy_ref_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* How many refs of the copy are known, and how many of them are not in step. */
int hgt_copy_refs_count(struct hgt_journal *journal, const char *mirror, const char *repo, uint64_t *n, uint64_t *out_of_step,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Each repository that has ref.updated behind `after`, with the seq of the last, in order of name. Cost follows the events behind `after`. */
typedef int (*hgt_repo_moved_cb)(void *ctx, const char *repo, uint64_t seq);
int hgt_repos_moved(struct hgt_journal *journal, uint64_t after, hgt_repo_moved_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

#endif
