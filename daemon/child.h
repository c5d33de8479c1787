/*
 * A program that runs beside the loop: no shell, its own process group, its words in pieces as they come, an end when its time is up.
 * Nothing here blocks.
 */
#ifndef HEADGATE_DAEMON_CHILD_H
#define HEADGATE_DAEMON_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct child;
struct event_base;

/* Exit statuses of what is no program, as a shell tells them. */
#define CHILD_NOT_RUN 126
#define CHILD_NOT_FOUND 127

struct child_end {
	int status;		/* as a shell tells it: 128 + n for signal n */
	bool timed_out;		/* its time, or its silence, was over */
	bool stopped;		/* child_stop, or `take` did not want more */
};

struct child_order {
	const char *const *argv;	/* NULL at its end; argv[0] is looked up in PATH */
	const char *folder;		/* where it runs; NULL: where the daemon does */
	const char *const *env;		/* all of it: "NAME=value", NULL at its end */
	const char *input;		/* stdin; NULL: nothing. Borrowed until the end */
	size_t input_len;
	uint32_t limit_ms;		/* 0: none */
	uint32_t silence_ms;		/* without a byte of either output; 0: none */
	/* Both outputs, as they come, never NULL; false: end it. fd is 1 or 2. */
	bool (*take)(void *ctx, int fd, const char *data, size_t len);
	/* It has ended and both pipes are closed; the child is gone when this returns. Never called before child_start has returned. */
	void (*ended)(void *ctx, const struct child_end *end);
	void *ctx;
};

/* Strings are copied, but for input. On failure nothing runs and `ended` is not called. */
int child_start(struct event_base *base, const struct child_order *order, struct child **out, struct hgt_error *err) HGT_MUST_CHECK;

/* SIGTERM to its group, SIGKILL two seconds later; `ended` is called when it is over. Again: changes nothing. */
void child_stop(struct child *child);

/* Kill the group at once and forget it: `ended` is not called. NULL is fine. */
void child_free(struct child *child);

#endif
