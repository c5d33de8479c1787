/* What the parts of headgate mirror share: the answers of the daemon, page by page, and the wait for what was asked for. */
#ifndef HEADGATE_CLI_REMOTE_MIRROR_H
#define HEADGATE_CLI_REMOTE_MIRROR_H

#include "cli/remote/client.h"
#include "cli/remote/mirror_view.h"

/* Pages of one list, all of them kept, so that their nodes can be looked at together. */
struct mirror_pages {
	struct client_answer **answers;
	size_t n;
	struct mirror_list list;
};

/* What is wanted of GET /v1/mirrors; NULL: whatever. */
struct mirror_want {
	const char *mirror, *repo;	/* whole names */
	const char *states;
};

/* Add to what is there. At most `most` items, 0: all; one page more than that may be read. */
int mirror_pages_copies(struct client *client, const struct mirror_want *want, size_t most, struct mirror_pages *pages,
	struct hgt_error *err) HGT_MUST_CHECK;
int mirror_pages_refs(struct client *client, const char *mirror, const char *repo, bool all, struct mirror_pages *pages,
	struct hgt_error *err) HGT_MUST_CHECK;
void mirror_pages_release(struct mirror_pages *pages);

/* "mirrors" of the first answer; NULL before there is one. */
const struct hgt_node *mirror_pages_mirrors(const struct mirror_pages *pages);

/* The list as JSON, under its key. */
void mirror_pages_write(const struct mirror_pages *pages, const char *key, struct hgt_json *json);

/*
 * Waiting for the turns that a request leads to: mirror_wait_begin before it, mirror_wait_run after it. A turn that was under way
 * may not have seen what was asked for; the daemon lets another follow, and until that has ended the copy waits or moves.
 */
struct mirror_wait;
int mirror_wait_begin(struct client *client, const struct mirror_want *want, struct mirror_wait **out,
	struct hgt_error *err) HGT_MUST_CHECK;
void mirror_wait_free(struct mirror_wait *wait);

/* Until each of the copies has had its turn, or for `seconds`. Tells of each on stdout, a line when it has ended, unless `silent`; on
 * a terminal there is a bar meanwhile. *last (to be released) is how they are then; *well: all are in step, and none is still on its
 * way. */
int mirror_wait_run(struct client *client, struct mirror_wait *wait, unsigned seconds, bool silent, struct mirror_pages *last,
	bool *well, struct hgt_error *err) HGT_MUST_CHECK;

#endif
