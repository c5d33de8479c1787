/* The journal's events, page by page. */
#ifndef HEADGATE_CLI_REMOTE_PAGES_H
#define HEADGATE_CLI_REMOTE_PAGES_H

#include "cli/remote/client.h"

/* Which events: NULL asks for all. */
struct pages_filter {
	const char *repo, *ref, *path;
	const char *type;	/* as people write it: "ref.updated", "push.*", or whole */
};

/* Add the filter to a path's query. */
void pages_add_filter(struct hgt_buf *path, const struct pages_filter *filter);

/* A negative return stops and is passed on. */
typedef int (*pages_cb)(void *ctx, const struct hgt_node *event);

/* Each event after the cursor `since`, up to the head; *end gets the cursor there. HGT_EINVAL when the cursor
 * is not of this journal. */
int pages_since(struct client *client, const struct pages_filter *filter, const char *since, pages_cb cb, void *ctx,
	struct hgt_buf *end, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Events from the newest down, reports without what takes room (GET /v1/history); NULL asks for all. After each page `goes_on` is asked, with
 * the seq before which the next one is, whether there is to be one.
 */
struct pages_back {
	const char *type;	/* whole */
	const char *agent, *target, *repo;
	pages_cb cb;
	bool (*goes_on)(void *ctx, uint64_t before);
	void *ctx;
};
int pages_back(struct client *client, const struct pages_back *back, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * The journal's last events, from ever further back: `begin` is called, then cb with each event of the
 * stretch; while `enough` says no and the journal goes further back, the same again with a longer stretch.
 */
struct pages_collector {
	void (*begin)(void *ctx);
	pages_cb cb;
	bool (*enough)(void *ctx);
	void *ctx;
};
int pages_last(struct client *client, const struct pages_filter *filter, uint64_t first_stretch,
	const struct pages_collector *collector, struct hgt_buf *end, struct hgt_error *err) HGT_MUST_CHECK;

#endif
