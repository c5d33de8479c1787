/*
 * An answer that a worker writes, because it reads more of the journal or of repositories than the loop has time for. One at a time,
 * in the order in which they were asked for: the workers are those that make archives, and agents are not to wait for who looks at
 * the past.
 *
 * The job of an endpoint begins with a struct errand. `write` runs on a worker, with a connection to the journal of its own, and
 * touches nothing that is the loop's; `release` frees the job, on the loop, whatever has become of it.
 */
#ifndef HEADGATE_DAEMON_ERRAND_H
#define HEADGATE_DAEMON_ERRAND_H

#include <sys/queue.h>

#include "base/buf.h"
#include "base/json_writer.h"
#include "daemon/request.h"
#include "journal/journal.h"

struct errand {
	TAILQ_ENTRY(errand) entry;	/* while it waits */
	struct daemon *daemon;
	struct request *request;	/* NULL when the client has gone */
	int (*write)(struct errand *errand, struct hgt_journal *journal, struct hgt_json *json, struct hgt_error *err);
	void (*release)(struct errand *errand);
	char *journal_path;
	struct hgt_buf body;
	struct hgt_error err;
	int code;
};

/* Send it; the request is answered, now or later, in any case. NULL is memory that has run out. */
void errand_send(struct errand *errand, struct request *request);

/* All of them: those that wait, and whether one runs. */
struct errands;
int errands_new(struct errands **out, struct hgt_error *err) HGT_MUST_CHECK;
void errands_free(struct errands *errands);

#endif
