/*
 * Reports without what takes room: the diff, the resources, the ignore rules, the rest of a long message. What lists of many targets
 * show, of which one is then looked at whole. A report is looked through once, when it comes; what lies where in it is kept beside it.
 *
 * The texts are those that the daemon has written itself: JSON without white space.
 */
#ifndef HEADGATE_DAEMON_BRIEF_H
#define HEADGATE_DAEMON_BRIEF_H

#include <stdint.h>

#include "base/buf.h"

#define BRIEF_CUTS 4
#define BRIEF_MESSAGE 1000	/* bytes of a message; the rest is left out too */

struct hgt_json;

/* What is left out, in order: members, each with the comma before it, and the end of the message. */
struct brief {
	unsigned n;
	struct {
		uint32_t from, to;
	} cuts[BRIEF_CUTS];
};

void brief_find(const char *report, size_t len, struct brief *out);

/* The report without it, as a value. */
void brief_write(const char *report, size_t len, const struct brief *brief, struct hgt_json *json);

/* The text of an event that tells of a report, without it too. */
void brief_event(const char *event, size_t len, struct hgt_buf *out);

#endif
