/*
 * How far a verb has come, on standard error when that is a terminal, and nowhere else:
 *
 *	struct progress progress;
 *	progress_begin(&progress, "commits", n);
 *	for (i = 0; i < n; i++) {
 *		...
 *		progress_hide(&progress);	(before anything else is written to the terminal)
 *		...
 *		progress_step(&progress, i + 1);
 *	}
 *	progress_end(&progress);
 */
#ifndef HEADGATE_CLI_PROGRESS_H
#define HEADGATE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct progress {
	const char *noun;	/* what is counted, in the plural; borrowed */
	uint64_t total;
	int64_t began_ms, drawn_ms;
	bool terminal;	/* there is somebody to see it */
	bool shown;	/* it stands on the screen now */
};

void progress_begin(struct progress *progress, const char *noun, uint64_t total);

/* So many are done. It is drawn when the last time was a while ago; at first not at all, so that what is quick shows nothing. */
void progress_step(struct progress *progress, uint64_t done);

/* Take it from the screen until the next step. */
void progress_hide(struct progress *progress);
void progress_end(struct progress *progress);

/* The line for a screen of `columns`: a bar, how many of how many, how fast, and how long it may take yet. */
void progress_line(const struct progress *progress, uint64_t done, int64_t elapsed_ms, unsigned columns, struct hgt_buf *out);

#endif
