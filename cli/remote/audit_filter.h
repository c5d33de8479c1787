/* What of the audit trail is asked for. */
#ifndef HEADGATE_CLI_REMOTE_AUDIT_FILTER_H
#define HEADGATE_CLI_REMOTE_AUDIT_FILTER_H

#include "event/event.h"

struct hgt_node;

/* A place in the journal, or a time. */
struct audit_when {
	const char *text;	/* as it was given; NULL: it was not */
	bool is_place;
	uint64_t seq;		/* of a place */
	int64_t ms;		/* of a time */
};

/* A cursor, an RFC 3339 time, a day (its beginning, in local time), or an age: 90m, 12h, 7d. */
int audit_when_parse(const char *text, int64_t now_ms, struct audit_when *out, struct hgt_error *err) HGT_MUST_CHECK;

/* NULL asks for everything. */
struct audit_filter {
	const char *repo, *ref, *actor, *agent;	/* globs */
	const char *path;	/* at or below it */
	const char *type;	/* a glob over types as people write them, or whole */
	struct audit_when since, until;
};

/* Whether the type is asked for by name. */
bool audit_filter_names(const struct audit_filter *filter, const char *type);

/* Whether an event of that time and seq is neither before `since` nor after `until`. */
bool audit_filter_in_time(const struct audit_filter *filter, int64_t time_ms, uint64_t seq);

/* Whether a list of objects with "path" has one at or below filter->path; true when no path is asked for. */
bool audit_filter_has_path(const struct audit_filter *filter, const struct hgt_node *list);

#endif
