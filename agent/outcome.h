/* What became of a target, and the report that tells it (docs/design.md, "Report"). */
#ifndef HEADGATE_AGENT_OUTCOME_H
#define HEADGATE_AGENT_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/driver.h"

#define OUTCOME_REPORT_MAX (60 * 1024)	/* the daemon takes 64 KiB */
#define OUTCOME_DIFF_MAX (24 * 1024)
#define OUTCOME_RESOURCES_MAX 200

struct outcome {
	const char *sync, *health, *operation, *cause;	/* words of the report; cause may be NULL */
	const char *desired, *applied, *observed;	/* revisions; NULL or "" for none */
	const char *message;
	const char *output;		/* the end of what `after` said, or NULL; becomes part of the message */
	size_t output_len;
	bool has_exit_status;
	int exit_status;
	int64_t started_ms, finished_ms;	/* wall clock; finished 0: not yet */
	uint64_t added, modified, removed;
	bool truncated;
	const char *tool;		/* the driver's name */
	const struct driver_result *look;	/* what a look has told beyond that, or NULL: diff, coverage, resources, ... */
	const char *request;		/* the id of the command that led to this, or NULL */
	bool suspended;
	const char *pinned;		/* the revision that was asked for and holds until the ref moves; NULL or "" for none */
	int64_t next_ms;		/* when the target will act by itself, wall clock; 0: it will not */
};

/* Write the report of a target, its text cut where it would be too long. Without times it is what two reports have in common that
 * tell the same. */
void outcome_write(const struct outcome *outcome, const char *target, bool times, struct hgt_buf *out);

#endif
