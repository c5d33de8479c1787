/*
 * What a tool says, line by line. Memory has a bound whatever it says: a line that is longer than it may be is left out and counted.
 *
 *	struct lines lines = {.max = 64 * 1024, .take = look, .ctx = &state};
 *	job.take = lines_take, job.ctx = &lines;	(job.h)
 *	...
 *	code = lines_end(&lines, &err);			(a last line that has no end)
 *	lines_release(&lines);
 */
#ifndef HEADGATE_AGENT_LINES_H
#define HEADGATE_AGENT_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct lines {
	size_t max;		/* of one line, bytes */
	/* A line without its end, terminated; negative, with err set, ends it all. */
	int (*take)(void *ctx, const char *line, size_t len, struct hgt_error *err);
	void *ctx;

	uint64_t left_out;	/* lines that were too long */
	bool skipping;
	struct hgt_buf rest;	/* of a line whose end has not come */
};

/* `ctx` is the struct lines: fits struct job's `take`. */
int lines_take(void *ctx, const char *data, size_t len, struct hgt_error *err);
int lines_end(struct lines *lines, struct hgt_error *err) HGT_MUST_CHECK;
void lines_release(struct lines *lines);

#endif
