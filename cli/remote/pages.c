/* The journal's events, page by page. */
#include "cli/remote/pages.h"

#include <inttypes.h>

#include "cli/remote/remote.h"
#include "event/event.h"

enum {
	STRETCH_FACTOR = 16,	/* each stretch is so much longer than the one before: at most this much is read in vain */
	PAGE = 100,		/* events of 1000 paths each stay well below the reader's limit on nodes */
};

void pages_add_filter(struct hgt_buf *path, const struct pages_filter *filter)
{
	struct hgt_buf type = HGT_BUF_INIT;

	remote_add_query(path, "repo", filter->repo);
	remote_add_query(path, "ref", filter->ref);
	remote_add_query(path, "path", filter->path);
	if (filter->type && strncmp(filter->type, HGT_EVENT_PREFIX, strlen(HGT_EVENT_PREFIX)) != 0) {
		hgt_buf_addf(&type, HGT_EVENT_PREFIX "%s.v1", filter->type);
		if (type.failed)
			path->failed = true;
		remote_add_query(path, "type", type.data);
	} else {
		remote_add_query(path, "type", filter->type);
	}
	hgt_buf_release(&type);
}

/* One page, and where it ended. */
static int read_page(struct client *client, const char *path, pages_cb cb, void *ctx, struct hgt_buf *end, bool *more,
	struct hgt_error *err)
{
	struct client_answer answer;
	const struct hgt_node *events;
	const char *cursor;
	int code;

	client_answer_init(&answer);
	code = client_call(client, "GET", path, NULL, &answer, err);
	if (code < 0)
		goto out;
	events = hgt_node_get(answer.root, "events");
	cursor = hgt_node_get_string(answer.root, "cursor");
	if (!events || events->type != HGT_NODE_SEQ || !cursor) {
		code = hgt_error_set(err, HGT_EPARSE, "the daemon's answer is no page of events");
		goto out;
	}
	for (size_t i = 0; i < events->v.seq.n && code == 0; i++)
		code = cb(ctx, events->v.seq.items[i]);
	*more = false;
	hgt_node_get_bool(answer.root, "more", more);
	hgt_buf_reset(end);
	hgt_buf_adds(end, cursor);
	if (code == 0)
		code = hgt_buf_check(end, err);
out:
	client_answer_release(&answer);
	return code;
}

/* All pages, the first asked for by key=value. */
static int read_pages(struct client *client, const struct pages_filter *filter, const char *key,
	const char *value, pages_cb cb, void *ctx, struct hgt_buf *end, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	bool more = true;
	int code = 0;

	while (more && code == 0) {
		hgt_buf_reset(&path);
		hgt_buf_addf(&path, "/v1/events?limit=%d", PAGE);
		remote_add_query(&path, key, value);
		pages_add_filter(&path, filter);
		code = hgt_buf_check(&path, err);
		if (code == 0)
			code = read_page(client, path.data, cb, ctx, end, &more, err);
		key = "cursor";
		value = end->data;
	}
	hgt_buf_release(&path);
	return code;
}

int pages_since(struct client *client, const struct pages_filter *filter, const char *since, pages_cb cb, void *ctx,
	struct hgt_buf *end, struct hgt_error *err)
{
	return read_pages(client, filter, "cursor", since, cb, ctx, end, err);
}

/* One page from the newest down; *before: where the next one begins, "" when there is none. */
static int read_page_back(struct client *client, const struct pages_back *back, const char *path, struct hgt_buf *before,
	struct hgt_error *err)
{
	struct client_answer answer;
	const struct hgt_node *events;
	int code;

	client_answer_init(&answer);
	code = client_call(client, "GET", path, NULL, &answer, err);
	events = code == 0 ? hgt_node_get(answer.root, "events") : NULL;
	if (code == 0 && (!events || events->type != HGT_NODE_SEQ))
		code = hgt_error_set(err, HGT_EPARSE, "the daemon's answer is no page of events");
	for (size_t i = 0; code == 0 && i < events->v.seq.n; i++)
		code = back->cb(back->ctx, events->v.seq.items[i]);
	hgt_buf_reset(before);
	if (code == 0 && hgt_node_get_string(answer.root, "before"))
		hgt_buf_adds(before, hgt_node_get_string(answer.root, "before"));
	client_answer_release(&answer);
	return code == 0 ? hgt_buf_check(before, err) : code;
}

int pages_back(struct client *client, const struct pages_back *back, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, before = HGT_BUF_INIT;
	struct hgt_cursor next = {.seq = UINT64_MAX};
	int code;

	do {
		hgt_buf_reset(&path);
		hgt_buf_addf(&path, "/v1/history?limit=%d", PAGE);
		remote_add_query(&path, "type", back->type);
		remote_add_query(&path, "agent", back->agent);
		remote_add_query(&path, "target", back->target);
		remote_add_query(&path, "repo", back->repo);
		remote_add_query(&path, "before", before.len ? before.data : NULL);
		code = hgt_buf_check(&path, err);
		if (code == 0)
			code = read_page_back(client, back, path.data, &before, err);
		if (code == 0 && before.len)
			code = hgt_cursor_parse(before.data, &next, err);
	} while (code == 0 && before.len && back->goes_on(back->ctx, next.seq));
	hgt_buf_release(&path);
	hgt_buf_release(&before);
	return code;
}

int pages_last(struct client *client, const struct pages_filter *filter, uint64_t first_stretch,
	const struct pages_collector *collector, struct hgt_buf *end, struct hgt_error *err)
{
	uint64_t stretch = first_stretch ? first_stretch : 1;

	for (;;) {
		struct hgt_cursor head;
		char number[24];
		int code;

		snprintf(number, sizeof(number), "%" PRIu64, stretch);
		collector->begin(collector->ctx);
		code = read_pages(client, filter, "last", number, collector->cb, collector->ctx, end, err);
		if (code == 0)
			code = hgt_cursor_parse(end->data, &head, err);
		if (code < 0)
			return code;
		if (collector->enough(collector->ctx) || stretch >= head.seq)
			return 0;
		stretch *= STRETCH_FACTOR;
		if (stretch > UINT32_MAX)
			stretch = UINT32_MAX;
	}
}
