/*
 * Starting a program: no shell, its own process group, every signal at its default, and of our descriptors none but the three standard
 * ones. Whoever starts it hears it and waits for it.
 */
#ifndef HEADGATE_BASE_SPAWN_H
#define HEADGATE_BASE_SPAWN_H

#include <sys/types.h>

#include "base/error.h"

struct hgt_spawn {
	const char *const *argv;	/* NULL at its end; argv[0] is looked up in PATH */
	const char *folder;		/* where it runs; NULL: where we do */
	const char *const *env;		/* all of it: "NAME=value", NULL at its end */
	int in, out, said;		/* its stdin, stdout, stderr; they stay the caller's */
};

/* 0, or an errno: ENOENT, EACCES and the like are the program's fault, ENOMEM and EAGAIN this machine's. */
int hgt_spawn(const struct hgt_spawn *what, pid_t *pid) HGT_MUST_CHECK;

/* What a program is to read, as a file of its own, so that nobody has to write while it reads; NULL: nothing. -1 with errno set. */
int hgt_spawn_input(const char *input, size_t len) HGT_MUST_CHECK;

#endif
