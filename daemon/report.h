/* What an agent reports of a target (docs/design.md, "Report"), read and written. */
#ifndef HEADGATE_DAEMON_REPORT_H
#define HEADGATE_DAEMON_REPORT_H

#include "daemon/fields.h"
#include "base/buf.h"

#define REPORT_MAX (64 * 1024)
#define REPORT_DIFF_MAX (24 * 1024)
#define REPORT_RESOURCES_MAX 200
#define REPORT_IGNORED_MAX 32

struct report {
	const char *target, *sync, *health, *operation;
	const char *desired, *applied, *observed;	/* or NULL */
	const char *cause, *message, *tool, *version;	/* or NULL */
	bool has_exit_status;
	int64_t exit_status;
	const char *started, *finished;			/* or NULL */
	int64_t added, modified, removed;
	bool has_coverage;
	int64_t checked, unchecked;
	const char *diff;				/* or NULL */
	int64_t redacted;
	const struct hgt_node *ignored, *resources;	/* checked arrays, or NULL */
	int64_t resources_total;
	const char *request, *next;			/* or NULL */
	bool suspended;
	const char *pinned;				/* or NULL */
	bool truncated;
};

/* The body of POST /v1/agents/self/reports; strings live in `set`, which the caller has initialised and releases. HGT_EPARSE or
 * HGT_ELIMIT with a message that names the field. */
int report_parse(const char *text, size_t len, struct hgt_doc_set *set, struct report *out, struct hgt_error *err) HGT_MUST_CHECK;

/* As JSON; with the agent's name in it when that is not NULL (the event's data). */
void report_write(const struct report *report, const char *agent, struct hgt_buf *out);

#endif
