/* The answers to who asks for an archive: its headers, whole or in part, or that nothing needs to be sent. */
#ifndef HEADGATE_DAEMON_ARCHIVE_ANSWER_H
#define HEADGATE_DAEMON_ARCHIVE_ANSWER_H

#include "daemon/archive_cache.h"
#include "daemon/request.h"

/* What was asked for, as it was resolved. */
struct archive_subject {
	const char *name;	/* in the cache; the entity tag is made of it */
	const char *revision;	/* the commit */
	const char *from;	/* the tree that the archive tells the differences to, "none" for a whole one; NULL when nobody asked */
};

/* Answer at once when If-Match or If-None-Match decides, and take the request: the status; else 0. What is asked for need not be built yet. */
int archive_answer_condition(struct request *request, const struct archive_subject *subject);

/* Answer from the file, and take the request. False, with nothing done, when the file is not what it was. */
bool archive_answer(struct request *request, struct archive_cache *cache, struct archive *archive, const struct archive_subject *subject);

#endif
