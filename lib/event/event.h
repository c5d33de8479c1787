/*
 * Events: CloudEvents 1.0 in JSON (docs/design.md, "Event"), their cursors and the filters that subscribers state.
 */
#ifndef HEADGATE_EVENT_EVENT_H
#define HEADGATE_EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define HGT_JOURNAL_ID_HEX 16	/* a journal's id: 16 hex digits, made when it is made */

/* A place in a journal: "<journal>.<seq>". Everything up to and including seq has been seen. */
struct hgt_cursor {
	char journal[HGT_JOURNAL_ID_HEX + 1];
	uint64_t seq;
};

/* Parse "<journal>.<seq>"; HGT_EPARSE. "0" alone is the beginning of whatever journal there is: journal is "". */
int hgt_cursor_parse(const char *text, struct hgt_cursor *out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_cursor_format(const struct hgt_cursor *cursor, struct hgt_buf *out);

struct hgt_event_path {
	const char *path;
	char status;	/* A M D T */
};

/* A ref that moved: data of io.headgate.ref.updated.v1. */
struct hgt_ref_event {
	const char *repo, *ref, *old_id, *new_id;
	const char *change;	/* "create", "update", "delete" */
	bool forced;
	const char *actor;	/* NULL when nobody told */
	const char *push;	/* id of the push, or NULL */
	const char *source;	/* "hook", "spool", "watch" */
	const struct hgt_event_path *paths;
	size_t n_paths;
	bool paths_truncated;
};

/* Write the `data` object of a ref event. */
void hgt_ref_event_write(const struct hgt_ref_event *event, struct hgt_buf *out);

/* Write the envelope around data (JSON text). subject may be NULL. time_ms: wall clock. */
void hgt_event_write(const char *journal, uint64_t seq, const char *site, const char *type, const char *subject,
	int64_t time_ms, const char *data, size_t data_len, struct hgt_buf *out);

/* The same for an event of no journal, whose id is its own. */
void hgt_event_write_id(const char *id, const char *site, const char *type, const char *subject, int64_t time_ms, const char *data,
	size_t data_len, struct hgt_buf *out);

/* What a subscriber asked for. Empty strings ask for everything. */
struct hgt_filter {
	const char *repo;	/* glob over repository names */
	const char *ref;	/* glob over full ref names */
	const char *path;	/* prefix in whole components: "hosts/web" takes hosts/web and hosts/web/..., not hosts/webb */
	const char *type;	/* glob over types with '.' as any other byte; "" takes all */
};

enum hgt_match { HGT_MATCH_NO, HGT_MATCH_YES, HGT_MATCH_ASK /* the path list was cut: the trees must decide */ };

enum hgt_match hgt_filter_match_ref(const struct hgt_filter *filter, const struct hgt_ref_event *event);

/* Whether path lies at or below prefix ("" takes all). */
bool hgt_path_below(const char *path, const char *prefix);

/* One server-sent event (HTML standard, section 9.2.6): id and event (NULL leaves the line out), data, and the blank line.
 * data has no line feed. */
void hgt_sse_write(struct hgt_buf *out, const char *id, const char *event, const char *data, size_t data_len);

#endif
