/*
 * The journal: every event, in one total order, on disk before anyone sees it, each row bound to the one before by a hash.
 * SQLite (WAL, synchronous=FULL) in <state>/journal.db. Beside the events it keeps what they add up to: the last known value of
 * every ref, the agents and their targets' last reports.
 *
 *	struct hgt_journal *journal;
 *	hgt_journal_open(path, HGT_JOURNAL_WRITE, &journal, &err);
 *	hgt_journal_begin(journal, &err);
 *	hgt_journal_append(journal, site, &entry, now, &seq, NULL, &err);
 *	hgt_journal_set_ref(journal, repo, ref, id, seq, &err);
 *	hgt_journal_commit(journal, &err);	(on disk when it returns 0)
 *	hgt_journal_close(journal);
 *
 * Threads: one connection (struct hgt_journal) belongs to one thread at a time. The daemon opens one for writing, which its
 * writer thread alone uses, and one for reading, which the loop uses. A callback must not call the journal that called it.
 *
 * hash(n) = SHA-256(hash(n-1) || body(n)), hash(0) = SHA-256(journal id). body is the event's whole JSON text. Where the oldest
 * rows are gone (retention.h) the chain is held from the last of them on; where a backup was put in place (lineage.h) the id
 * changes and the chain goes on.
 *
 * Ids of refs are hex strings; the all-zero id stands for "not there".
 */
#ifndef HEADGATE_JOURNAL_JOURNAL_H
#define HEADGATE_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "event/event.h"

#define HGT_JOURNAL_FILE "journal.db"	/* in the state folder */
#define HGT_JOURNAL_OID_TEXT 65		/* room for an object id and its terminator */

struct hgt_journal;

enum hgt_journal_mode {
	HGT_JOURNAL_WRITE,	/* makes it when missing; one writer at a time: HGT_ECONFLICT when another process writes */
	HGT_JOURNAL_READ,
};

/* path: the database file. HGT_ECORRUPT when it is no journal; HGT_EUNSUPPORTED when a newer version made it. */
int hgt_journal_open(const char *path, enum hgt_journal_mode mode, struct hgt_journal **out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_journal_close(struct hgt_journal *journal);

const char *hgt_journal_id(const struct hgt_journal *journal);	/* HGT_JOURNAL_ID_HEX digits */

/* The highest seq on disk, 0 when there is none; the lowest still held. */
int hgt_journal_head(struct hgt_journal *journal, uint64_t *seq, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_tail(struct hgt_journal *journal, uint64_t *seq, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Writing: begin, any number of appends and state changes, commit. After a failure of any of them call rollback: nothing of
 * the batch is there. commit returns when the batch is on disk: in a log beside the database (SQLite's WAL), which nobody moves into
 * it but a mover (journal/log_mover.h), and the last connection that is closed.
 */
int hgt_journal_begin(struct hgt_journal *journal, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_commit(struct hgt_journal *journal, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_journal_rollback(struct hgt_journal *journal);

/*
 * A part of a batch that can be undone alone: mark, the part's changes, then keep or undo. Marks do not nest. undo fails when the
 * failure before it took the whole batch along (a full disk, say): then only rollback is left.
 */
int hgt_journal_mark(struct hgt_journal *journal, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_keep(struct hgt_journal *journal, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_undo(struct hgt_journal *journal, struct hgt_error *err) HGT_MUST_CHECK;

/* One event to be appended. */
struct hgt_journal_entry {
	const char *type;
	const char *subject;	/* or NULL */
	const char *repo, *ref;	/* for look-ups: as in data, or "" */
	const char *data;	/* JSON text */
	size_t data_len;
};

/* Append; *seq gets its place and, when body is not NULL, body the whole event's text. time_ms: wall clock. */
int hgt_journal_append(struct hgt_journal *journal, const char *site, const struct hgt_journal_entry *entry, int64_t time_ms,
	uint64_t *seq, struct hgt_buf *body, struct hgt_error *err) HGT_MUST_CHECK;

/* A row, as it was read. Strings live until the callback returns. */
struct hgt_journal_row {
	uint64_t seq;
	int64_t time_ms;
	const char *type, *subject, *repo, *ref;	/* subject "" for none */
	const char *body;
	size_t body_len;
};

typedef int (*hgt_journal_row_cb)(void *ctx, const struct hgt_journal_row *row);

/* The rows after `after`, in order, at most `most`. A negative return of cb stops and is passed on, a positive stops. */
int hgt_journal_read(struct hgt_journal *journal, uint64_t after, size_t most, hgt_journal_row_cb cb, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Last known values of refs, and the event each follows from. Setting an all-zero id forgets the ref. */
int hgt_journal_set_ref(struct hgt_journal *journal, const char *repo, const char *ref, const char *id, uint64_t seq,
	struct hgt_error *err) HGT_MUST_CHECK;

/* id gets the last known value and *seq (may be NULL) its event; "" and 0 when the ref is not there. */
int hgt_journal_get_ref(struct hgt_journal *journal, const char *repo, const char *ref, char id[HGT_JOURNAL_OID_TEXT], uint64_t *seq,
	struct hgt_error *err) HGT_MUST_CHECK;
typedef int (*hgt_journal_ref_cb)(void *ctx, const char *repo, const char *ref, const char *id, uint64_t seq);
/* repo NULL: of all repositories. In order of repo, ref (by bytes). A negative return of cb stops and is passed on, a positive
 * stops. */
int hgt_journal_refs(struct hgt_journal *journal, const char *repo, hgt_journal_ref_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* The same of all repositories, from behind (repo, ref) on: for who cannot take all of them at once. */
int hgt_journal_refs_after(struct hgt_journal *journal, const char *repo, const char *ref, hgt_journal_ref_cb cb, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/*
 * As of when a ref's last known value was told: by its push's hook, or by a look at the repository. Kept beyond the ref, so that a late
 * word of what was before is known as such. *before_ms is the same of the value before that. 0: not known.
 */
int hgt_journal_set_ref_time(struct hgt_journal *journal, const char *repo, const char *ref, int64_t time_ms,
	struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_get_ref_time(struct hgt_journal *journal, const char *repo, const char *ref, int64_t *time_ms, int64_t *before_ms,
	struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Moves that were seen and that no push has explained yet: what a hook's late word is matched with. The last few of each ref
 * are kept. explain finds the latest that went exactly this way and takes it out; *seq is 0 when there is none.
 */
int hgt_journal_add_unexplained(struct hgt_journal *journal, const char *repo, const char *ref, const char *old_id,
	const char *new_id, uint64_t seq, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_explain(struct hgt_journal *journal, const char *repo, const char *ref, const char *old_id, const char *new_id,
	uint64_t *seq, struct hgt_error *err) HGT_MUST_CHECK;

/* The same for a move that is only the beginning or the end of one that was seen, which stays. */
int hgt_journal_explain_end(struct hgt_journal *journal, const char *repo, const char *ref, const char *old_id, const char *new_id,
	uint64_t *seq, struct hgt_error *err) HGT_MUST_CHECK;

/* old_id gets where the event `seq` says that this ref came from; "" when it says no such thing, or a push has explained it. */
int hgt_journal_unexplained_from(struct hgt_journal *journal, const char *repo, const char *ref, uint64_t seq,
	char old_id[HGT_JOURNAL_OID_TEXT], struct hgt_error *err) HGT_MUST_CHECK;

/* Pushes that have been taken in, so that a spool file or a retry is taken once. HGT_EEXIST when it was there. */
int hgt_journal_claim_push(struct hgt_journal *journal, const char *push, struct hgt_error *err) HGT_MUST_CHECK;

/* Agents. */
struct hgt_agent_row {
	const char *name;
	const char *kind;	/* "cluster", "host" */
	const char *allow;	/* JSON array of globs */
	const char *token_hash;	/* SHA-256 of the token, hex */
	int64_t created_ms;
	const char *instance;	/* id of the process that last announced itself, or "" */
	const char *info;	/* JSON: what it announced last (version, host, targets), or "{}" */
	int64_t seen_ms;	/* 0 never */
};
/* Adds it, or replaces the one of that name. Reports of targets that it does not announce any more (info) go. */
int hgt_journal_agent_put(struct hgt_journal *journal, const struct hgt_agent_row *agent, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_journal_agent_remove(struct hgt_journal *journal, const char *name, struct hgt_error *err) HGT_MUST_CHECK;	/* HGT_ENOENT */
typedef int (*hgt_journal_agent_cb)(void *ctx, const struct hgt_agent_row *agent);
/* In order of name. Returns of cb as above. */
int hgt_journal_agents(struct hgt_journal *journal, hgt_journal_agent_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* The last report of an agent's target: JSON text. Removed with the agent. */
int hgt_journal_report_put(struct hgt_journal *journal, const char *agent, const char *target, const char *report, size_t len,
	int64_t time_ms, struct hgt_error *err) HGT_MUST_CHECK;
typedef int (*hgt_journal_report_cb)(void *ctx, const char *agent, const char *target, const char *report, size_t len,
	int64_t time_ms);
/* In order of agent, target. Returns of cb as above. */
int hgt_journal_reports(struct hgt_journal *journal, hgt_journal_report_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Verify a journal that may be in use. From its checkpoint on, or from its beginning when nothing was removed: that every row's
 * hash follows, that no seq is missing, that each body says its own id and what the row's columns say, that the last row is the
 * one the journal ended with, that an event says of the checkpoint what it is and of each change of the id where it goes on
 * from, that each known ref is where its event moved it, that each command is what its event says, and that SQLite finds every
 * table and index in order. HGT_ECORRUPT with a message that names the first bad row; *rows gets the number that held, in that case too.
 */
int hgt_journal_verify(const char *path, uint64_t *rows, struct hgt_error *err) HGT_MUST_CHECK;

#endif
