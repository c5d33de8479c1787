/* daemon/hub and daemon/stream: subscribers of a real journal, through the admin socket. */
#include "daemon/hub.h"

#include "base/io.h"
#include "base/timing.h"
#include "daemon/repos.h"
#include "daemon/store.h"
#include "daemon/subscriber.h"
#include "git/repository_pool.h"
#include "headgate/protocol.h"
#include "journal/retention.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/unit.h"

#define ID1 "1111111111111111111111111111111111111111"
#define ID2 "2222222222222222222222222222222222222222"
#define STREAM "Accept: text/event-stream\r\n"

static int start(void **state)
{
	*state = malloc(sizeof(struct rig));
	assert_non_null(*state);
	rig_start(*state, "");
	return 0;
}

static int stop(void **state)
{
	rig_stop(*state);
	free(*state);
	return 0;
}

static void publish(struct rig *rig, const char *repo, const char *ref, const char *path)
{
	const char *const paths[] = {path, NULL};

	rig_publish(rig, &(struct rig_move){repo, ref, ID1, ID2, paths, false});
}

/* "<journal>.<seq>", to be freed. */
static char *cursor_at(struct rig *rig, uint64_t seq)
{
	struct hgt_buf out = HGT_BUF_INIT;

	hgt_buf_addf(&out, "%s.%llu", hgt_journal_id(rig->daemon.reader), (unsigned long long)seq);
	return hgt_buf_take(&out);
}

static struct client get(struct rig *rig, const char *headers, const char *path, const char *cursor)
{
	struct hgt_buf url = HGT_BUF_INIT;
	struct client client;

	hgt_buf_addf(&url, "%s%s", path, cursor);
	client = client_get(rig, url.data, headers);
	hgt_buf_release(&url);
	return client;
}

static bool nobody_left(void *ctx)
{
	struct rig *rig = ctx;

	return hub_subscribers(rig->daemon.hub) == 0;
}

static struct subscriber *only_stream(struct rig *rig)
{
	struct hub *hub = rig->daemon.hub;

	assert_int_equal(hub_subscribers(hub), 1);
	for (size_t i = 0; i < BOOKMARK_SLOTS; i++)
		if (!LIST_EMPTY(&hub->slots[i]))
			return LIST_FIRST(&hub->slots[i]);
	fail_msg("there is no stream");
	return NULL;
}

static void test_snapshot_then_live(void **state)
{
	struct rig *rig = *state;
	struct client c;
	size_t snapshot, bookmark, live;

	publish(rig, "a", "refs/heads/main", "x");
	publish(rig, "b", "refs/heads/main", "x");
	c = client_get(rig, "/v1/events?repo=a", STREAM);
	bookmark = client_until(&c, "event: bookmark\ndata: {}\n\n");
	snapshot = client_until(&c, "event: snapshot\ndata: {\"repo\":\"a\",\"ref\":\"refs/heads/main\",\"new\":\"" ID2 "\"}");
	assert_true(snapshot < bookmark);
	assert_int_equal(client_count(&c, "event: snapshot"), 1);
	/* A snapshot has no id: who breaks off within it must not go on behind it. */
	assert_int_equal(client_count(&c, "id: "), 1);
	publish(rig, "b", "refs/heads/main", "y");
	publish(rig, "a", "refs/heads/main", "y");
	live = client_until(&c, "event: " HGT_EVENT_REF_UPDATED);
	assert_true(live > bookmark);
	client_not(&c, "\"repo\":\"b\"");
	client_close(&c);
	assert_true(rig_until(rig, nobody_left, rig));
}

static void test_filters(void **state)
{
	static const struct {
		const char *query;
		const char *repo, *ref, *path;
		bool told;
	} cases[] = {
		{"path=hosts/web", "a", "refs/heads/main", "hosts/web/nginx.conf", true},
		{"path=hosts/web", "a", "refs/heads/main", "hosts/web", true},
		{"path=hosts/web", "a", "refs/heads/main", "hosts/webb/x", false},
		{"path=hosts/web", "a", "refs/heads/main", "x/hosts/web", false},
		{"ref=refs/heads/*", "a", "refs/heads/topic", "x", true},
		{"ref=refs/heads/*", "a", "refs/tags/v1", "x", false},
		{"repo=team/*", "team/one", "refs/heads/main", "x", true},
		{"repo=team/*", "team/one/two", "refs/heads/main", "x", false},
		{"repo=team/**", "team/one/two", "refs/heads/main", "x", true},
		{"type=io.headgate.ref.*", "a", "refs/heads/main", "x", true},
		{"type=io.headgate.agent.*", "a", "refs/heads/main", "x", false},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf path = HGT_BUF_INIT;
		struct client c;

		hgt_buf_addf(&path, "/v1/events?%s", cases[i].query);
		c = client_get(rig, path.data, STREAM);
		client_until(&c, "event: bookmark");
		publish(rig, cases[i].repo, cases[i].ref, cases[i].path);
		if (cases[i].told)
			client_until(&c, "event: " HGT_EVENT_REF_UPDATED);
		else
			client_not(&c, "event: " HGT_EVENT_REF_UPDATED);
		client_close(&c);
		hgt_buf_release(&path);
	}
}

static void test_cursors(void **state)
{
	struct rig *rig = *state;
	char *at = cursor_at(rig, 2), *other = strdup("0123456789abcdef.2"), *ahead = cursor_at(rig, 99);
	const struct {
		const char *path, *cursor;
		size_t events;
		const char *first;	/* seq of the first */
		bool reset;
	} cases[] = {
		{"/v1/events?cursor=", at, 3, ".3\n", false},
		{"/v1/events?cursor=", "0", 5, ".1\n", false},
		{"/v1/events?last=", "2", 2, ".4\n", false},
		{"/v1/events?last=", "77", 5, ".1\n", false},
		{"/v1/events?cursor=", other, 0, NULL, true},
		{"/v1/events?cursor=", ahead, 0, NULL, true},
	};

	for (int i = 0; i < 5; i++)
		publish(rig, "a", "refs/heads/main", "x");
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct client c = get(rig, STREAM, cases[i].path, cases[i].cursor);

		if (cases[i].reset) {
			assert_true(client_until(&c, "event: reset\ndata: {\"reason\":\"") < client_until(&c, "event: snapshot"));
			client_until(&c, "event: bookmark");
		} else {
			client_until(&c, ".5\nevent: " HGT_EVENT_REF_UPDATED);
			client_until(&c, cases[i].first);
			assert_null(strstr(c.got.data, "event: snapshot"));
		}
		assert_int_equal(client_count(&c, "event: " HGT_EVENT_REF_UPDATED), cases[i].events);
		client_close(&c);
	}
	free(at);
	free(other);
	free(ahead);
}

static void test_last_event_id_wins(void **state)
{
	struct rig *rig = *state;
	char *at = cursor_at(rig, 4);
	struct hgt_buf headers = HGT_BUF_INIT;
	struct client c;

	for (int i = 0; i < 5; i++)
		publish(rig, "a", "refs/heads/main", "x");
	hgt_buf_addf(&headers, STREAM "Last-Event-ID: %s\r\n", at);
	c = client_get(rig, "/v1/events?cursor=0", headers.data);
	client_until(&c, ".5\nevent: ");
	assert_int_equal(client_count(&c, "event: "), 1);
	client_close(&c);
	hgt_buf_release(&headers);
	free(at);
}

static void test_pages(void **state)
{
	struct rig *rig = *state;
	char *at = cursor_at(rig, 2), *end = cursor_at(rig, 5);
	struct client c;
	struct hgt_buf text = HGT_BUF_INIT;

	for (int i = 0; i < 5; i++)
		publish(rig, "a", "refs/heads/main", "x");
	c = client_get(rig, "/v1/events?cursor=0&limit=2", "");
	hgt_buf_addf(&text, "\"cursor\":\"%s\",\"more\":true}", at);
	client_until(&c, text.data);
	assert_int_equal(client_count(&c, "\"specversion\""), 2);
	client_close(&c);

	c = get(rig, "", "/v1/events?cursor=", at);
	hgt_buf_reset(&text);
	hgt_buf_addf(&text, "\"cursor\":\"%s\",\"more\":false}", end);
	client_until(&c, text.data);
	assert_int_equal(client_count(&c, "\"specversion\""), 3);
	client_close(&c);

	c = client_get(rig, "/v1/events", "");
	client_until(&c, "{\"snapshot\":[{\"repo\":\"a\",\"ref\":\"refs/heads/main\",\"new\":\"" ID2 "\"}],\"events\":[],\"cursor\":");
	client_until(&c, text.data);
	client_close(&c);

	c = client_get(rig, "/v1/events?cursor=0123456789abcdef.1", "");
	client_until(&c, "HTTP/1.1 410 Gone");
	client_until(&c, "\"error\":\"cursor-gone\"");
	client_close(&c);
	hgt_buf_release(&text);
	free(at);
	free(end);
}

static void test_long_poll(void **state)
{
	struct rig *rig = *state;
	char *head = cursor_at(rig, 1);
	struct client c, idle;

	publish(rig, "a", "refs/heads/main", "x");
	c = get(rig, "", "/v1/events?wait=50&path=y&cursor=", head);
	client_not(&c, "HTTP");
	publish(rig, "a", "refs/heads/main", "x");
	client_not(&c, "HTTP");
	publish(rig, "a", "refs/heads/main", "y/z");
	client_until(&c, "\"path\":\"y/z\"");
	assert_int_equal(client_count(&c, "\"specversion\""), 1);
	/* The connection goes on, also with a request that was sent meanwhile. */
	client_send(&c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	client_until(&c, "ok\n");
	client_close(&c);

	/* One second passes without an event. */
	idle = client_get(rig, "/v1/events?wait=1&last=0", "");
	client_until(&idle, "{\"events\":[],\"cursor\":");
	client_close(&idle);

	/* A client that goes away while it waits is let go at once. */
	c = client_get(rig, "/v1/events?wait=50&last=0", "");
	client_not(&c, "HTTP");
	assert_int_equal(hub_subscribers(rig->daemon.hub), 1);
	client_close(&c);
	assert_true(rig_until(rig, nobody_left, rig));
	free(head);
}

static void test_pipelined_while_waiting(void **state)
{
	struct rig *rig = *state;
	struct client c = client_get(rig, "/v1/events?wait=50&last=0", "");

	client_not(&c, "HTTP");
	client_send(&c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	client_not(&c, "HTTP");
	publish(rig, "a", "refs/heads/main", "x");
	assert_true(client_until(&c, "\"specversion\"") < client_until(&c, "ok\n"));
	client_close(&c);
}

static void assert_in_order(const struct client *c, uint64_t first, uint64_t last)
{
	uint64_t expected = first;

	for (const char *at = c->got.data; (at = strstr(at, "\nid: ")); at += 5)
		assert_int_equal(strtoull(strchr(at, '.') + 1, NULL, 10), expected++);
	assert_int_equal(expected, last + 1);
}

/* Every event once and in order, though the reader slept while far more than the hub keeps went by. */
static void test_slow_reader(void **state)
{
	enum { ROUNDS = 6, EACH = 250, FAT = 3000 };
	struct rig *rig = *state;
	struct client c = client_get(rig, "/v1/events?last=0&path=x", STREAM);
	struct subscriber *s;

	client_until(&c, "text/event-stream");
	c.paused = true;
	for (int i = 0; i < ROUNDS; i++)
		rig_publish_many(rig, EACH, "x", FAT);
	s = only_stream(rig);
	assert_true(stream_socket_is_full(s->socket));
	assert_true(s->trailing);
	assert_true(s->seen < ROUNDS * EACH - ROWS_MAX);
	assert_true(rig->daemon.hub->rows.bytes <= ROWS_BYTES_MAX);
	c.paused = false;
	{
		char *last = cursor_at(rig, ROUNDS * EACH);
		struct hgt_buf text = HGT_BUF_INIT;

		hgt_buf_addf(&text, "id: %s\n", last);
		client_until(&c, text.data);
		hgt_buf_release(&text);
		free(last);
	}
	assert_in_order(&c, 1, ROUNDS * EACH);
	client_close(&c);
}

/* From the beginning of a journal that is longer than what is kept in memory, with live events coming in between. */
static void test_catching_up(void **state)
{
	struct rig *rig = *state;
	struct client quick, whole;
	size_t n;

	rig_publish_many(rig, 700, "x", 10);
	whole = client_get(rig, "/v1/events?cursor=0", STREAM);
	quick = client_get(rig, "/v1/events?path=rare", STREAM);
	client_until(&quick, "event: bookmark");
	publish(rig, "a", "refs/heads/main", "rare");
	client_until(&quick, "\"path\":\"rare\"");
	client_until(&whole, "\"path\":\"rare\"");
	n = client_count(&whole, "event: " HGT_EVENT_REF_UPDATED);
	assert_int_equal(n, 701);
	client_close(&quick);
	client_close(&whole);
}

static void test_bookmarks(void **state)
{
	struct rig *rig = *state;
	struct client c, late;
	char *at;
	struct hgt_buf text = HGT_BUF_INIT;

	rig->daemon.hub->bookmark_every_ms = 60;
	c = client_get(rig, "/v1/events?last=0&path=never", STREAM);
	client_until(&c, "event: bookmark");
	publish(rig, "a", "refs/heads/main", "x");
	at = cursor_at(rig, 1);
	hgt_buf_addf(&text, "id: %s\nevent: bookmark\ndata: {}\n\n", at);
	client_until(&c, text.data);
	assert_null(strstr(c.got.data, HGT_EVENT_REF_UPDATED));
	late = client_get(rig, "/v1/events?last=0", STREAM);
	client_until(&late, text.data);
	client_close(&late);
	client_close(&c);
	hgt_buf_release(&text);
	free(at);
}

static struct hub_stats stats_of(struct rig *rig)
{
	struct hub_stats stats;

	hub_stats(rig->daemon.hub, &stats);
	return stats;
}

/* However many there are, the one whose path has changed is woken, and nothing is written to any other. */
static void test_one_is_woken(void **state)
{
	enum { CROWD = 100 };
	struct rig *rig = *state;
	struct client crowd[CROWD];
	struct hub_stats before, after;

	for (int i = 0; i < CROWD; i++) {
		char path[80];

		snprintf(path, sizeof(path), "/v1/events?last=0&repo=a&ref=refs/heads/main&path=hosts/h%02d", i);
		crowd[i] = client_get(rig, path, STREAM);
		client_until(&crowd[i], "text/event-stream");
	}
	before = stats_of(rig);
	assert_int_equal(before.subscribers, CROWD);
	assert_int_equal(before.trailing, 0);
	assert_int_equal(before.groups, 1);
	assert_int_equal(before.paths, CROWD + 1);
	publish(rig, "a", "refs/heads/main", "hosts/h42/x/y");
	client_until(&crowd[42], HGT_EVENT_REF_UPDATED);
	publish(rig, "a", "refs/heads/main", "hosts/other");
	publish(rig, "b", "refs/heads/main", "hosts/h41/x");
	for (int i = 0; i < CROWD; i++)
		if (i != 42)
			client_not(&crowd[i], HGT_EVENT_REF_UPDATED);
	after = stats_of(rig);
	assert_int_equal(after.woken - before.woken, 1);
	assert_int_equal(after.told - before.told, 1);
	assert_int_equal(after.writes - before.writes - (after.bookmarks - before.bookmarks), 1);
	assert_int_equal(after.trailing, 0);
	for (int i = 0; i < CROWD; i++)
		client_close(&crowd[i]);
	assert_true(rig_until(rig, nobody_left, rig));
	after = stats_of(rig);
	assert_int_equal(after.groups, 0);
	assert_int_equal(after.paths, 0);
}

/* What is committed together goes out together; more than the hits of one turn hold is found again. */
static void test_bursts(void **state)
{
	struct rig *rig = *state;
	struct client c = client_get(rig, "/v1/events?last=0&path=x", STREAM);
	struct hub_stats before, after;

	client_until(&c, "text/event-stream");
	before = stats_of(rig);
	rig_publish_many(rig, 50, "x", 10);
	client_until_count(&c, HGT_EVENT_REF_UPDATED "\n", 50);
	after = stats_of(rig);
	assert_int_equal(after.told - before.told, 50);
	assert_true(after.writes - before.writes < 25);
	rig_publish_many(rig, 200, "x", 10);
	rig_publish_many(rig, 60, "not-x", 10);
	rig_publish_many(rig, 10, "x", 10);
	client_until_count(&c, HGT_EVENT_REF_UPDATED "\n", 260);
	client_not(&c, "not-x");
	client_close(&c);
}

enum { EVENTS = 600, GAP = EVENTS - 10 };

static int compact(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	const struct hgt_retention retention = {.upto = GAP, .needed = UINT64_MAX, .rows = 100000, .ms = 60000};

	(void)batch;
	return hgt_journal_compact(journal, &retention, hgt_time_now_ms(), job, err);
}

static void compacted(void *job, int code, const struct hgt_error *err)
{
	(void)job;
	(void)err;
	assert_int_equal(code, 0);
}

/* What a sleeping reader has not been told of yet is taken out of the journal: it is told so, and where everything is now. */
static void test_gap(void **state)
{
	struct rig *rig = *state;
	struct client c = client_get(rig, "/v1/events?last=0&repo=a", STREAM);
	struct hgt_compaction gone;
	struct hgt_error err = {0};

	client_until(&c, "text/event-stream");
	c.paused = true;
	for (int i = 0; i < 4; i++)
		rig_publish_many(rig, EVENTS / 4, "x", 3000);
	assert_true(stream_socket_is_full(only_stream(rig)->socket));
	assert_int_equal(store_submit(rig->daemon.store, compact, compacted, &gone, &err), 0);
	rig_settle(rig);
	assert_int_equal(gone.count, GAP);
	c.paused = false;
	client_until(&c, "event: reset\ndata: {\"reason\":\"the journal no longer holds what comes after the cursor\"}");
	client_until(&c, "event: snapshot\ndata: {\"repo\":\"a\",");
	client_until(&c, "event: bookmark");
	publish(rig, "a", "refs/heads/main", "after");
	client_until(&c, "\"path\":\"after\"");
	client_close(&c);
}

/* A bookmark that a socket does not take whole: what comes then is told once, and in order. */
static void test_bookmark_fills_the_socket(void **state)
{
	struct rig *rig = *state;
	struct client c;
	struct subscriber *s;

	publish(rig, "a", "refs/heads/main", "x");
	publish(rig, "a", "refs/heads/main", "x");
	c = client_get(rig, "/v1/events?cursor=0&type=io.headgate.ref.*", STREAM);
	client_until_count(&c, HGT_EVENT_REF_UPDATED "\n", 2);
	s = only_stream(rig);
	assert_false(s->trailing);
	c.paused = true;
	while (!stream_socket_is_full(s->socket))
		assert_int_equal(stream_bookmark_now(s), 0);
	assert_true(s->trailing);
	publish(rig, "a", "refs/heads/main", "x");
	c.paused = false;
	client_until_count(&c, HGT_EVENT_REF_UPDATED "\n", 3);
	publish(rig, "a", "refs/heads/main", "x");
	client_until_count(&c, HGT_EVENT_REF_UPDATED "\n", 4);
	client_not(&c, "event: reset");
	assert_int_equal(client_count(&c, HGT_EVENT_REF_UPDATED "\n"), 4);
	client_close(&c);
}

/* Bookmarks of many come in small sets. */
static void test_bookmarks_are_spread(void **state)
{
	enum { CROWD = 240, EVERY_MS = 600 };
	struct rig *rig = *state;
	struct hub *hub = rig->daemon.hub;
	struct client crowd[CROWD];
	size_t used = 0;

	hub->bookmark_every_ms = EVERY_MS;
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = client_get(rig, "/v1/events?last=0&path=never", STREAM);
		client_until(&crowd[i], "text/event-stream");
	}
	for (size_t i = 0; i < BOOKMARK_SLOTS; i++)
		used += !LIST_EMPTY(&hub->slots[i]);
	/* That as few as half of the slots are used by chance happens once in more times than anyone will run this. */
	assert_true(used > BOOKMARK_SLOTS / 2);
	for (int i = 0; i < CROWD; i++)
		client_until_count(&crowd[i], "event: bookmark", 2);
	for (int i = 0; i < CROWD; i++)
		client_close(&crowd[i]);
}

/* Where the list of paths was cut, the trees decide; where there are no trees to be seen, it is told. */
static void test_trees_decide(void **state)
{
	static const char *const no_paths[] = {NULL};
	struct rig *rig = *state;
	struct hgt_repo_pool_stats before, after;
	struct client touched, other;
	char *old_id, *new_id;

	free(rig_sh(rig, "git init -q --bare git/r.git; git init -q w; cd w; mkdir x y; echo 1 >x/f; echo 1 >y/f; git add .; "
		"git commit -qm one; echo 2 >x/f; git commit -qam two; git push -q ../git/r.git HEAD:refs/heads/main"));
	old_id = rig_sh(rig, "git -C w rev-parse HEAD~1");
	new_id = rig_sh(rig, "git -C w rev-parse HEAD");
	rig_restart(rig);
	touched = client_get(rig, "/v1/events?repo=r&path=x", STREAM);
	other = client_get(rig, "/v1/events?repo=r&path=y", STREAM);
	client_until(&touched, "event: bookmark");
	client_until(&other, "event: bookmark");
	rig_publish(rig, &(struct rig_move){"r", "refs/heads/main", old_id, new_id, no_paths, true});
	client_until(&touched, HGT_EVENT_REF_UPDATED);
	client_not(&other, HGT_EVENT_REF_UPDATED);
	/* It goes on after the answer. */
	publish(rig, "r", "refs/heads/main", "y/g");
	client_until(&other, "\"path\":\"y/g\"");
	/* Ids that are not there. */
	rig_publish(rig, &(struct rig_move){"r", "refs/heads/topic", ID1, "not an id", no_paths, true});
	client_until(&other, "refs/heads/topic");
	/* The repository stays open for who asks next. */
	hgt_repo_pool_stats(repos_pool(rig->daemon.repos), &before);
	rig_publish(rig, &(struct rig_move){"r", "refs/heads/back", new_id, old_id, no_paths, true});
	client_until(&touched, "refs/heads/back");
	hgt_repo_pool_stats(repos_pool(rig->daemon.repos), &after);
	assert_int_equal(after.opened, before.opened);
	assert_true(after.reused > before.reused);
	client_close(&touched);
	client_close(&other);
	free(old_id);
	free(new_id);
}

static void test_gone_while_trees_are_asked(void **state)
{
	static const char *const no_paths[] = {NULL};
	struct rig *rig = *state;
	struct client c;

	free(rig_sh(rig, "git init -q --bare git/r.git"));
	rig_restart(rig);
	c = client_get(rig, "/v1/events?repo=r&path=x", STREAM);
	client_until(&c, "event: bookmark");
	client_close(&c);
	rig_publish(rig, &(struct rig_move){"r", "refs/heads/main", ID1, ID2, no_paths, true});
	assert_true(rig_until(rig, nobody_left, rig));
}

/* A snapshot that is larger than what a socket may have waiting. */
static void test_long_snapshot(void **state)
{
	enum { REFS = 1500 };
	struct rig *rig = *state;
	static const char *const paths[] = {"x", NULL};
	struct client c;
	size_t at = 0;

	for (int i = 0; i < REFS; i++) {
		char ref[64];

		snprintf(ref, sizeof(ref), "refs/heads/a-branch-with-a-rather-long-name-%04d", i);
		rig_publish(rig, &(struct rig_move){"a", ref, ID1, ID2, paths, false});
	}
	c = client_get(rig, "/v1/events", STREAM);
	at = client_until(&c, "event: bookmark");
	assert_int_equal(client_count(&c, "event: snapshot"), REFS);
	assert_true(at > STREAM_TELL_MAX);
	publish(rig, "a", "refs/heads/main", "x");
	client_until(&c, HGT_EVENT_REF_UPDATED);
	client_close(&c);
}

static void test_too_many(void **state)
{
	struct rig rig;
	struct client a, b;

	(void)state;
	rig_start(&rig, "limits: {streams: 1}\n");
	a = client_get(&rig, "/v1/events?last=0", STREAM);
	client_until(&a, "200 OK");
	b = client_get(&rig, "/v1/events?last=0", STREAM);
	client_until(&b, "503 Service Unavailable");
	client_until(&b, "Retry-After: ");
	client_until(&b, "\"error\":\"too-many-streams\"");
	client_close(&a);
	client_close(&b);
	rig_stop(&rig);
}

/* Streams that are open when the daemon ends are ended properly. */
static void test_ends(void **state)
{
	struct rig *rig = *state;
	struct client c = client_get(rig, "/v1/events?last=0", STREAM);

	client_until(&c, "text/event-stream");
	hub_end_all(rig->daemon.hub);
	client_until(&c, "\r\n0\r\n\r\n");
	client_until_end(&c);
	client_close(&c);
}

static void test_bad_questions(void **state)
{
	static const struct {
		const char *path, *says;
	} cases[] = {
		{"/v1/events?cursor=nonsense", "cursor"},
		{"/v1/events?cursor=0&last=3", "exclude each other"},
		{"/v1/events?last=-1", "\\\"last\\\""},
		{"/v1/events?limit=0", "\\\"limit\\\""},
		{"/v1/events?limit=1001", "\\\"limit\\\""},
		{"/v1/events?wait=61", "\\\"wait\\\""},
		{"/v1/events?repo=[", "\\\"repo\\\""},
		{"/v1/events?path=a/../b", "\\\"path\\\""},
		{"/v1/events?path=/a", "\\\"path\\\""},
		{"/v1/events?paht=a", "unknown parameter \\\"paht\\\""},
		{"/v1/events?path=a&path=b", "given twice"},
		{"/v1/events?path=%zz", "hex digits"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct client c = client_get(rig, cases[i].path, "");

		client_until(&c, "HTTP/1.1 400 ");
		client_until(&c, "\"error\":\"bad-request\"");
		client_until(&c, cases[i].says);
		client_close(&c);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_snapshot_then_live),
		TEST(test_filters),
		TEST(test_cursors),
		TEST(test_last_event_id_wins),
		TEST(test_pages),
		TEST(test_long_poll),
		TEST(test_pipelined_while_waiting),
		TEST(test_slow_reader),
		TEST(test_catching_up),
		TEST(test_bookmarks),
		TEST(test_one_is_woken),
		TEST(test_bursts),
		TEST(test_gap),
		TEST(test_bookmark_fills_the_socket),
		TEST(test_bookmarks_are_spread),
		TEST(test_trees_decide),
		TEST(test_gone_while_trees_are_asked),
		TEST(test_long_snapshot),
		TEST(test_ends),
		TEST(test_bad_questions),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
