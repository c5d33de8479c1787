/*
 * Pushes as a server's Git and its post-receive hook make them, of commits that are in the repository already.
 *
 *	push_move_ref(repository, commit);
 *	fd = push_connect(hook_socket);
 *	push_announcement(repository, old, commit, &line);	(then write the line; what is read is the answer)
 *
 * Whatever goes wrong ends the program with a message.
 */
#ifndef HEADGATE_TESTS_PUSH_H
#define HEADGATE_TESTS_PUSH_H

#include "base/buf.h"

int push_connect(const char *hook_socket);

/* refs/heads/main of the .git folder. */
void push_move_ref(const char *repository, const char *commit);

void push_announcement(const char *repository, const char *old, const char *new, struct hgt_buf *line);

#endif
