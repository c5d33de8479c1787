/* The events of the Headgate upstream: what moves there is brought here at once. */
#include <event2/event.h>
#include <inttypes.h>

#include "base/escape.h"
#include "base/glob.h"
#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/mirror_link.h"
#include "daemon/mirrors.h"
#include "daemon/store.h"
#include "doc/doc.h"
#include "headgate/protocol.h"
#include "webhook/backoff.h"

enum {
	EVENT_MAX = 8 * 1024 * 1024,
	AGAIN_FIRST_MS = 500, AGAIN_MOST_MS = 30000,
	REFUSED_MS = 30000,		/* until one is asked again who does not want us */
	SAVE_MS = 2000,			/* after something has moved */
	SAVE_QUIET_MS = 60000,		/* after bookmarks alone */
	LIST_PAGE = 100,
};

static void dial(struct link *link);

/* Where we are. */

struct save {
	struct link *link;
	char *server, *cursor;
	int64_t met_ms;		/* of a peer that has all; 0: it cannot be said */
};

static void save_free(struct save *save)
{
	free(save->server);
	free(save->cursor);
	free(save);
}

static int run_save(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct save *save = job;
	int code = hgt_feed_put(journal, save->link->name, save->server, save->cursor, err);

	(void)batch;
	if (code == 0 && save->met_ms)
		code = hgt_peer_met(journal, save->link->name, save->met_ms, err);
	return code;
}

static void saved(void *job, int code, const struct hgt_error *err)
{
	struct save *save = job;
	struct link *link = save->link;

	link->feed.saving = false;
	if (code < 0) {
		hgt_log(HGT_LOG_WARNING, "mirrors", "cannot write how far the events upstream have been followed", HGT_S("mirror", link->name),
			HGT_S("error", err->message));
	} else {
		hgt_buf_reset(&link->feed.saved);
		hgt_buf_adds(&link->feed.saved, save->cursor);
		if (save->met_ms)
			link->row.met_ms = save->met_ms;
	}
	save_free(save);
	link_end_job(link);
}

struct at_rest {
	bool yes, all_in_step;
};

static int look_at_rest(void *ctx, const struct copy_view *view)
{
	struct at_rest *rest = ctx;

	/* One that has failed, or was stopped, is known on disk to be so. */
	rest->yes &= !view->running && !view->waiting && view->row->state != HGT_COPY_BEHIND && view->row->state != HGT_COPY_NEW;
	rest->all_in_step &= view->row->state == HGT_COPY_IN_STEP;
	return !rest->yes;
}

static void plan_save(struct link *link, bool soon)
{
	struct feed *feed = &link->feed;

	if (feed->saving || (evtimer_pending(feed->save, NULL) && (!soon || feed->save_soon)))
		return;
	feed->save_soon = soon;
	link_plan(feed->save, soon ? SAVE_MS : SAVE_QUIET_MS);
}

/* A cursor is on disk once all that came before it has been dealt with, or is on disk as something to be done. */
static void on_save(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	struct feed *feed = &link->feed;
	struct at_rest rest = {true, true};
	struct hgt_error err = {0};
	struct save *save;

	(void)fd, (void)what;
	feed->save_soon = false;
	if (link->links->draining || feed->saving || !feed->cursor.len || feed->look_at_all)
		return;
	if (link->is_peer)
		peer_let_pull(link);
	mirrors_walk(link->links->daemon->mirrors, link->name, "", "", look_at_rest, &rest);
	if (!rest.yes) {
		plan_save(link, true);
		return;
	}
	save = calloc(1, sizeof(*save));
	if (save) {
		save->server = strdup(link->mirror->upstream.server);
		save->cursor = strdup(feed->cursor.data);
	}
	if (!save || !save->server || !save->cursor) {
		if (save)
			save_free(save);
		plan_save(link, true);
		return;
	}
	save->met_ms = link->is_peer && rest.all_in_step ? hgt_time_now_ms() : 0;
	save->link = link_ref(link);
	if (store_submit(link->links->daemon->store, run_save, saved, save, &err) < 0) {
		save_free(save);
		link_unref(link);
		plan_save(link, true);
		return;
	}
	feed->saving = true;
	link->links->jobs++;
}

/* What is told. */

/* The name here of a repository there, when the mirror has it. */
static const char *name_here(const struct link *link, const char *there)
{
	const struct hgt_config_mirror *mirror = link->mirror;

	if (mirror->upstream.repo)
		return strcmp(mirror->upstream.repo, there) == 0 ? mirror->repos.items[0] : NULL;
	return hgt_glob_match_any(mirror->repos.items, mirror->repos.n, there) ? there : NULL;
}

static void take_move(struct link *link, const struct hgt_node *data)
{
	const char *repo = hgt_node_get_string(data, "repo"), *ref = hgt_node_get_string(data, "ref");
	const struct hgt_config_mirror *mirror = link->mirror;
	const char *here = repo && ref ? name_here(link, repo) : NULL;

	if (!repo || !ref)
		hgt_log(HGT_LOG_WARNING, "mirrors", "an event of the upstream that cannot be understood is passed over", HGT_S("mirror", link->name));
	else if (here && hgt_glob_match_any(mirror->refs.items, mirror->refs.n, ref))
		mirrors_upstream_moved(link->links->daemon->mirrors, link->name, here);
}

static void lost(struct link *link, const struct hgt_error *err, bool refused)
{
	const struct hgt_backoff backoff = {AGAIN_FIRST_MS, AGAIN_MOST_MS};
	struct feed *feed = &link->feed;
	uint64_t dice;
	int64_t ms;

	feed->call = NULL;
	hgt_sse_reader_restart(&feed->reader);
	hgt_random_bytes(&dice, sizeof(dice));
	ms = refused ? REFUSED_MS : hgt_backoff_ms(&backoff, ++feed->attempts, dice, 0);
	if (!feed->trouble.len || strcmp(feed->trouble.data, err->message) != 0)
		hgt_log(HGT_LOG_WARNING, "mirrors", "the events of the upstream are not followed", HGT_S("mirror", link->name),
			HGT_S("reason", err->message), HGT_I("again_ms", ms));
	hgt_buf_reset(&feed->trouble);
	hgt_buf_adds(&feed->trouble, err->message);
	feed->state = FEED_WAITING;
	if (link->is_peer)
		peer_feed_lost(link);
	else
		link_plan(feed->timer, ms);
}

static void list_repositories(struct link *link);

static void took_list(struct link *link, const struct hgt_node *root)
{
	const struct hgt_node *list = hgt_node_get(root, "repositories");
	const char *after = hgt_node_get_string(root, "after");

	for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n; i++) {
		const char *there = hgt_node_get_string(list->v.seq.items[i], "name");
		const char *here = there ? name_here(link, there) : NULL;

		if (here)
			mirrors_upstream_moved(link->links->daemon->mirrors, link->name, here);
	}
	hgt_buf_reset(&link->feed.after);
	if (!after) {
		link->feed.look_at_all = false;
		plan_save(link, true);
		return;
	}
	hgt_buf_adds(&link->feed.after, after);
	list_repositories(link);
}

static void on_listed(void *ctx, const struct upstream_answer *answer)
{
	struct link *link = ctx;
	struct hgt_doc_set set;
	struct hgt_error err = {0};

	link->feed.list = NULL;
	hgt_doc_set_init(&set);
	if (answer->status != 200)
		err = *answer->err;
	else if (hgt_json_parse_message(answer->body->data, answer->body->len, &set, &err) == 0)
		took_list(link, set.docs[0].root);
	hgt_doc_set_release(&set);
	if (err.code) {
		/* It is asked for again with the next line. */
		upstream_cancel(link->feed.call);
		lost(link, &err, err.code == HGT_EPERM);
	}
}

/* Which repositories there are is asked of who knows, a page at a time. */
static void list_repositories(struct link *link)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int code;

	hgt_buf_addf(&path, "/v1/repositories?limit=%d", LIST_PAGE);
	if (link->feed.after.len) {
		hgt_buf_adds(&path, "&after=");
		hgt_escape_url(&path, link->feed.after.data, link->feed.after.len);
	}
	code = hgt_buf_check(&path, &err);
	if (code == 0)
		code = upstream_call(link->upstream, &(struct upstream_spec){.path = path.data, .done = on_listed, .ctx = link}, &link->feed.list, &err);
	hgt_buf_release(&path);
	if (code < 0) {
		upstream_cancel(link->feed.call);
		lost(link, &err, false);
	}
}

struct names {
	char **items;
	size_t n, room;
	bool failed;
};

static int add_name(void *ctx, const struct copy_view *view)
{
	struct names *names = ctx;

	if (names->n == names->room) {
		size_t room = names->room ? names->room * 2 : 64;
		char **longer = reallocarray(names->items, room, sizeof(*longer));

		if (!longer) {
			names->failed = true;
			return 1;
		}
		names->items = longer;
		names->room = room;
	}
	names->items[names->n] = strdup(view->repo);
	names->failed |= !names->items[names->n++];
	return names->failed;
}

void link_feed_look_at_all(struct link *link)
{
	struct mirrors *mirrors = link->links->daemon->mirrors;
	struct names names = {0};

	/* Those that are gone upstream are not in the list. */
	mirrors_walk(mirrors, link->name, "", "", add_name, &names);
	for (size_t i = 0; i < names.n; i++) {
		if (names.items[i])
			mirrors_upstream_moved(mirrors, link->name, names.items[i]);
		free(names.items[i]);
	}
	free(names.items);
	if (names.failed)
		hgt_log(HGT_LOG_WARNING, "mirrors", "out of memory: some copies wait for the clock", HGT_S("mirror", link->name));
	hgt_buf_reset(&link->feed.after);
	if (!link->feed.list)
		list_repositories(link);
}

static void following(struct link *link)
{
	struct feed *feed = &link->feed;

	if (feed->state == FEED_FOLLOWING)
		return;
	feed->state = FEED_FOLLOWING;
	feed->attempts = 0;
	hgt_buf_reset(&feed->trouble);
	hgt_log(HGT_LOG_INFO, "mirrors", "following the events of the upstream", HGT_S("mirror", link->name),
		HGT_S("server", link->mirror->upstream.server), HGT_S("cursor", feed->cursor.data));
	/* From outside of libcurl, which is in the middle of something. */
	if (feed->look_at_all)
		link_plan(feed->timer, 0);
}

static int take_event(struct link *link, const struct hgt_sse_event *event, struct hgt_error *err)
{
	struct feed *feed = &link->feed;
	struct hgt_doc_set set;

	if (strcmp(event->type, HGT_STREAM_RESET) == 0) {
		hgt_log(HGT_LOG_INFO, "mirrors", "the upstream does not know where we were; all copies are looked at", HGT_S("mirror", link->name));
		feed->look_at_all = true;
		hgt_buf_reset(&feed->cursor);
		/* Not to be told of each ref: what there is is looked at where it is. */
		return hgt_error_set(err, HGT_ECONFLICT, "the upstream's journal does not go back to where we were");
	}
	if (strcmp(event->type, HGT_STREAM_SNAPSHOT) == 0)
		return 0;
	following(link);
	if (strcmp(event->type, HGT_EVENT_REF_UPDATED) == 0) {
		hgt_doc_set_init(&set);
		if (hgt_json_parse_message(event->data, event->len, &set, NULL) == 0)
			take_move(link, hgt_node_get(set.docs[0].root, "data"));
		hgt_doc_set_release(&set);
	}
	hgt_buf_reset(&feed->cursor);
	hgt_buf_adds(&feed->cursor, event->id);
	plan_save(link, strcmp(event->type, HGT_EVENT_REF_UPDATED) == 0);
	return hgt_buf_check(&feed->cursor, err);
}

struct reading {
	struct link *link;
	struct hgt_error *err;
};

static int on_event(void *ctx, const struct hgt_sse_event *event)
{
	struct reading *reading = ctx;

	return take_event(reading->link, event, reading->err);
}

static int on_data(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct link *link = ctx;
	struct reading reading = {link, err};

	return hgt_sse_reader_feed(&link->feed.reader, data, len, on_event, &reading, err);
}

static void on_done(void *ctx, const struct upstream_answer *answer)
{
	struct link *link = ctx;
	struct hgt_error closed = {.code = HGT_EUNAVAILABLE, .message = "the upstream has closed the stream"};
	const struct hgt_error *err = answer->status == 200 ? &closed : answer->err;

	upstream_cancel(link->feed.list);
	link->feed.list = NULL;
	lost(link, err, err->code == HGT_EPERM);
}

/* One pattern can be asked for; of several each event is looked at here. */
static void add_repo(const struct link *link, struct hgt_buf *path)
{
	const struct hgt_config_mirror *mirror = link->mirror;
	const char *repo = mirror->upstream.repo ? mirror->upstream.repo : mirror->repos.n == 1 ? mirror->repos.items[0] : NULL;

	if (!repo || strcmp(repo, "**") == 0)
		return;
	hgt_buf_adds(path, "&repo=");
	hgt_escape_url(path, repo, strlen(repo));
}

static void dial(struct link *link)
{
	struct feed *feed = &link->feed;
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int code;

	if (link->links->draining)
		return;
	hgt_buf_adds(&path, "/v1/events?type=" HGT_EVENT_REF_UPDATED);
	add_repo(link, &path);
	if (!feed->cursor.len) {
		feed->look_at_all = true;
		hgt_buf_adds(&path, "&last=0");
	}
	hgt_sse_reader_restart(&feed->reader);
	feed->state = FEED_DIALLING;
	code = hgt_buf_check(&path, &err);
	if (code == 0)
		code = upstream_call(link->upstream, &(struct upstream_spec){.path = path.data, .stream = true,
			.last_id = feed->cursor.len ? feed->cursor.data : NULL, .data = on_data, .done = on_done, .ctx = link}, &feed->call, &err);
	hgt_buf_release(&path);
	if (code < 0)
		lost(link, &err, false);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	(void)fd, (void)what;
	if (link->feed.state == FEED_FOLLOWING && link->feed.look_at_all)
		link_feed_look_at_all(link);
	else if (link->feed.state == FEED_WAITING)
		dial(link);
}

int link_feed_new(struct link *link, struct hgt_error *err)
{
	struct feed *feed = &link->feed;
	struct event_base *base = link->links->daemon->base;

	hgt_sse_reader_init(&feed->reader, EVENT_MAX);
	hgt_buf_init(&feed->cursor);
	hgt_buf_init(&feed->saved);
	hgt_buf_init(&feed->after);
	hgt_buf_init(&feed->trouble);
	feed->timer = evtimer_new(base, on_timer, link);
	feed->save = evtimer_new(base, on_save, link);
	if (!feed->timer || !feed->save)
		return hgt_error_nomem(err);
	if (hgt_feed_get(link->links->daemon->reader, link->name, link->mirror->upstream.server, &feed->cursor, err) < 0)
		return err->code;
	hgt_buf_adds(&feed->saved, feed->cursor.data);
	return 0;
}

void link_feed_start(struct link *link)
{
	if (link->feed.state == FEED_DIALLING || link->feed.state == FEED_FOLLOWING)
		return;
	link->feed.state = FEED_WAITING;
	link_plan(link->feed.timer, 0);
}

void link_feed_stop(struct link *link)
{
	struct feed *feed = &link->feed;

	upstream_cancel(feed->call);
	upstream_cancel(feed->list);
	feed->call = feed->list = NULL;
	if (feed->timer)
		evtimer_del(feed->timer);
	if (feed->save)
		evtimer_del(feed->save);
	feed->save_soon = false;
	feed->state = FEED_OFF;
}

void link_feed_release(struct link *link)
{
	struct feed *feed = &link->feed;

	if (feed->timer)
		event_free(feed->timer);
	if (feed->save)
		event_free(feed->save);
	hgt_sse_reader_release(&feed->reader);
	hgt_buf_release(&feed->cursor);
	hgt_buf_release(&feed->saved);
	hgt_buf_release(&feed->after);
	hgt_buf_release(&feed->trouble);
}
