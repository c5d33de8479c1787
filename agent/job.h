/* Running a command for a target: no shell, its own process group, a time limit, the end of what it said. */
#ifndef HEADGATE_AGENT_JOB_H
#define HEADGATE_AGENT_JOB_H

#include <stdbool.h>

#include "base/buf.h"

#define JOB_OUTPUT_MAX (16 * 1024)

/* Exit statuses of what is no program, as a shell tells them. */
#define JOB_NOT_RUN 126
#define JOB_NOT_FOUND 127

struct job {
	char *const *argv;	/* NULL at its end; argv[0] is looked up in PATH */
	const char *folder;	/* where it runs; NULL: where the agent does */
	char *const *env;	/* "NAME=value" beside and over the agent's own, NULL at its end; NULL for none */
	const char *input;	/* stdin; NULL: nothing */
	size_t input_len;
	int limit_ms;
	int stop_fd;		/* when it becomes readable the command is ended; -1 for none */
	int stop_signal;	/* 0: SIGKILL, at the limit and at a stop; else this to the group, and SIGKILL after grace_ms */
	int grace_ms;

	/* What it says on stdout, as it comes; negative, with err set, kills the group and is what job_run returns. NULL: stdout is kept
	 * with stderr in the result's output. */
	int (*take)(void *ctx, const char *data, size_t len, struct hgt_error *err);
	void *ctx;
};

struct job_result {
	int exit_status;	/* as a shell tells it: 128 + n for signal n */
	bool timed_out;		/* the limit was over */
	bool stopped;		/* stop_fd had become readable */
	bool cut;		/* of what it said only the last JOB_OUTPUT_MAX bytes are kept */
	struct hgt_buf output;	/* stderr, and stdout without `take`, as they came */
};

/*
 * Run it and wait for its end. What it leaves running in the background after its own end is left alone. Blocks. 0 however it ended;
 * negative when this machine could not even try, or `take` said so.
 */
int job_run(const struct job *job, struct job_result *result, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * 0 when it ran and ended with status 0; else a sentence with its name, and in `result` what it said: not found, could not be run, took
 * too long, was stopped, killed, ended with a status.
 */
int job_judge(const struct job *job, const struct job_result *result, struct hgt_error *err) HGT_MUST_CHECK;

#endif
