/*
 * The hub: who is told of which event. A subscriber is a cursor and a filter; it takes what it can and is fed again when its socket
 * has drained, from the hub's recent rows or from the journal.
 */
#ifndef HEADGATE_DAEMON_HUB_H
#define HEADGATE_DAEMON_HUB_H

#include "daemon/daemon.h"

struct hub;

int hub_new(struct daemon *daemon, struct hub **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Ends all streams. */
void hub_free(struct hub *hub);

/* A committed row, in order of seq. The row is borrowed for the call. */
void hub_publish(struct hub *hub, const struct hgt_journal_row *row);

/* The seq of the last row published (at start: the journal's head). */
uint64_t hub_head(const struct hub *hub);

#endif
