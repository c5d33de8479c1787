/* Running a command for a target: no shell, its own process group, a time limit, the end of what it said. */
#ifndef HEADGATE_AGENT_JOB_H
#define HEADGATE_AGENT_JOB_H

#include <stdbool.h>

#include "base/buf.h"

#define JOB_OUTPUT_MAX (16 * 1024)

/* Exit statuses of what is no program, as a shell tells them. */
#define JOB_NOT_RUN 126
#define JOB_NOT_FOUND 127

struct job_result {
	int exit_status;	/* as a shell tells it: 128 + n for signal n */
	bool timed_out;		/* the group was killed */
	bool cut;		/* of what it said only the last JOB_OUTPUT_MAX bytes are kept */
	struct hgt_buf output;	/* stdout and stderr, as they came */
};

/*
 * Run argv (NULL at its end; looked up in PATH) with stdin from /dev/null and wait for it, at most limit_ms. What it leaves running in
 * the background after its own end is left alone. Blocks. 0 however it ended; negative when this machine could not even try.
 */
int job_run(char *const *argv, int limit_ms, struct job_result *result, struct hgt_error *err) HGT_MUST_CHECK;

#endif
