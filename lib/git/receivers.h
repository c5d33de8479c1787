/* Pushes under way on this machine: the processes that take them in, as /proc shows them. */
#ifndef HEADGATE_GIT_RECEIVERS_H
#define HEADGATE_GIT_RECEIVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* folder: the repository's .git folder, in which git receive-pack runs; "" where that cannot be read, for it is another user's. A return
 * other than 0 stops, and is passed on when it is negative. */
typedef int (*hgt_receiver_cb)(void *ctx, pid_t pid, const char *folder);

/*
 * Each process that runs git receive-pack. One that begins later is not missed by who has shut the door before: its pre-receive hook
 * comes after that. One that is told here may be about to move a ref, whatever hooks said: only its end tells.
 */
int hgt_receivers(hgt_receiver_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether a command line (arguments with a NUL behind each) is that of git receive-pack. */
bool hgt_receiver_is(const char *cmdline, size_t len);

#endif
