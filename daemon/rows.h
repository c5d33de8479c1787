/*
 * The recent rows of the journal, in memory: a ring bounded by count and bytes. A row is counted, so that whoever waits for a
 * worker's answer about it may keep it. What a path filter needs of it is parsed once, and its text as streams are sent it is
 * made once, when first asked for.
 */
#ifndef HEADGATE_DAEMON_ROWS_H
#define HEADGATE_DAEMON_ROWS_H

#include "event/event.h"
#include "journal/journal.h"

struct text;

#define ROWS_MAX 256
#define ROWS_BYTES_MAX (1024 * 1024)

struct row {
	unsigned refs;
	uint64_t seq;
	const char *type, *repo, *ref, *body;	/* in the row's own memory */
	size_t body_len;
	size_t cost;				/* bytes, with what may be made of it below */
	bool is_ref;				/* a ref.updated */
	struct hgt_ref_event *event;		/* when it has been asked for; NULL before */
	struct text *frame, *packed;		/* the same: as a server-sent event */
};

struct row *row_new(const struct hgt_journal_row *row);	/* NULL when memory runs out */
struct row *row_ref(struct row *row);
void row_unref(struct row *row);	/* NULL is fine */

/* Its ref event: repo, ref, ids, paths. NULL when memory runs out or the body is not what it should be. */
const struct hgt_ref_event *row_event(struct row *row);

/* It as a server-sent event, borrowed; NULL when memory runs out. journal: the journal's id. */
struct text *row_frame(struct row *row, const char *journal, bool packed);

struct rows {
	struct row *ring[ROWS_MAX];
	size_t start, n, bytes;
};

/* The newest, whose seq is to be one above the last one's; when it is not, what is there goes first. */
void rows_push(struct rows *rows, struct row *row);
struct row *rows_find(const struct rows *rows, uint64_t seq);	/* borrowed; NULL when it is not among them */
void rows_release(struct rows *rows);

#endif
