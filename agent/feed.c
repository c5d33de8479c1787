/* The line to the daemon. */
#include "agent/feed.h"

#include <event2/event.h>
#include <unistd.h>

#include "agent/call.h"
#include "agent/pause.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "doc/doc.h"
#include "event/sse_reader.h"
#include "git/update.h"
#include "headgate/protocol.h"

#define ANSWER_SILENCE 30	/* seconds */
#define STREAM_SILENCE 45	/* three bookmarks */
#define REFUSED_MS 30000	/* until we ask again a daemon that does not want us */
/* A stream that has carried this much is dialled again from where it was: evhttp counts a body's bytes, and holds a chunk in
 * memory until it is whole, so this is the bound of that too. */
#define STREAM_MAX (16 * 1024 * 1024)
#define EVENT_MAX (8 * 1024 * 1024)	/* an event lists at most HGT_EVENT_PATHS_MAX paths */

enum feed_state { FEED_WAITING, FEED_ANNOUNCING, FEED_DIALLING, FEED_FOLLOWING };

struct feed {
	struct caller *caller;
	const struct hgt_agent_config *config;
	const char *instance;
	struct feed_listener listener;
	enum feed_state state;
	struct call *call;
	struct event *timer;
	struct hgt_sse_reader reader;
	struct pause pause;
	bool telling;			/* between begin and complete */
	struct hgt_buf cursor;		/* where to go on; "" when all has to be told anew */
};

static const char *state_name(enum feed_state state)
{
	static const char *const names[] = {"waiting", "announcing", "dialling", "following"};

	return names[state];
}

static void set_state(struct feed *feed, enum feed_state state)
{
	hgt_log(HGT_LOG_DEBUG, "feed", "state", HGT_S("from", state_name(feed->state)), HGT_S("to", state_name(state)));
	feed->state = state;
}

static void wait_ms(struct feed *feed, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	set_state(feed, FEED_WAITING);
	event_add(feed->timer, &tv);
}

/* A call is over: what went wrong is said, and when we try again. */
static void lost(struct feed *feed, int code, const struct hgt_error *err)
{
	bool refused = code == HGT_EPERM || code == HGT_ECONFLICT;
	int64_t ms = refused ? REFUSED_MS : pause_next(&feed->pause);
	enum feed_state state = feed->state;

	feed->call = NULL;
	hgt_sse_reader_restart(&feed->reader);
	/* What was told of in part is told again. */
	if (feed->telling)
		hgt_buf_reset(&feed->cursor);
	feed->telling = false;
	hgt_log(refused ? HGT_LOG_ERROR : HGT_LOG_WARNING, "feed", state == FEED_FOLLOWING ? "the stream has ended" :
		refused ? "the server refuses this agent" : "cannot reach the server", HGT_S("server", feed->config->server),
		HGT_S("reason", err->message), HGT_I("again_ms", ms));
	wait_ms(feed, ms);
	feed->listener.down(feed->listener.ctx, err);
}

static void tell_ref(struct feed *feed, const struct hgt_node *data)
{
	const char *repo = hgt_node_get_string(data, "repo");
	const char *ref = hgt_node_get_string(data, "ref");
	const char *id = hgt_node_get_string(data, "new");

	if (!repo || !ref || !id || !hgt_oid_is_valid(id))
		hgt_log(HGT_LOG_WARNING, "feed", "an event that cannot be understood is passed over");
	else
		feed->listener.ref(feed->listener.ctx, repo, ref, id);
}

static void tell_command(struct feed *feed, const struct hgt_node *data)
{
	const struct feed_command command = {
		.id = hgt_node_get_string(data, "id"),
		.target = hgt_node_get_string(data, "target"),
		.action = hgt_node_get_string(data, "action"),
		.revision = hgt_node_get_string(data, "revision"),
		.actor = hgt_node_get_string(data, "actor"),
		.time = hgt_node_get_string(data, "time"),
	};

	if (!command.id || !command.target || !command.action || !command.actor || !command.time ||
	    (command.revision && !hgt_oid_is_valid(command.revision)))
		hgt_log(HGT_LOG_WARNING, "feed", "a command that cannot be understood is passed over");
	else if (feed->listener.command)
		feed->listener.command(feed->listener.ctx, &command);
}

static void begin(struct feed *feed)
{
	if (feed->telling)
		return;
	feed->telling = true;
	feed->listener.begin(feed->listener.ctx);
}

static void take_event(struct feed *feed, const struct hgt_sse_event *event, const struct hgt_node *data)
{
	if (strcmp(event->type, HGT_STREAM_RESET) == 0) {
		hgt_log(HGT_LOG_INFO, "feed", "the server tells everything anew",
			HGT_S("reason", hgt_node_get_string(data, "reason")));
		feed->telling = false;
		begin(feed);
	} else if (strcmp(event->type, HGT_STREAM_SNAPSHOT) == 0) {
		begin(feed);
		tell_ref(feed, data);
	} else if (strcmp(event->type, HGT_STREAM_BOOKMARK) == 0) {
		if (feed->telling)
			feed->listener.complete(feed->listener.ctx);
		feed->telling = false;
		pause_reset(&feed->pause);
	} else if (strcmp(event->type, HGT_STREAM_COMMAND) == 0) {
		tell_command(feed, data);
	} else if (strcmp(event->type, HGT_EVENT_REF_UPDATED) == 0) {
		tell_ref(feed, hgt_node_get(data, "data"));
	}
}

static int on_event(void *ctx, const struct hgt_sse_event *event)
{
	struct feed *feed = ctx;
	struct hgt_doc_set set;

	hgt_doc_set_init(&set);
	if (hgt_json_parse_message(event->data, event->len, &set, NULL) < 0)
		hgt_log(HGT_LOG_WARNING, "feed", "an event that is no JSON is passed over", HGT_S("type", event->type));
	else
		take_event(feed, event, set.docs[0].root);
	hgt_doc_set_release(&set);
	/* What is told between begin and complete is no place to go on from. */
	if (!feed->telling) {
		hgt_buf_reset(&feed->cursor);
		hgt_buf_adds(&feed->cursor, event->id);
	}
	return feed->cursor.failed ? HGT_ENOMEM : 0;
}

static int on_stream_head(void *ctx, struct call *call, struct hgt_error *err)
{
	struct feed *feed = ctx;
	const char *type = call_header(call, "Content-Type");

	if (call_status(call) != 200 || !type || strncmp(type, "text/event-stream", strlen("text/event-stream")) != 0)
		return hgt_error_set(err, HGT_EPARSE, "the server answers with no event stream");
	set_state(feed, FEED_FOLLOWING);
	hgt_log(HGT_LOG_INFO, "feed", "following", HGT_S("server", feed->config->server), HGT_S("cursor", feed->cursor.data));
	feed->listener.up(feed->listener.ctx);
	/* Without a cursor everything is told first; where the agent's refs are none at all, that is a bookmark alone. */
	if (feed->cursor.len == 0)
		begin(feed);
	return 0;
}

static int on_stream_data(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct feed *feed = ctx;

	return hgt_sse_reader_feed(&feed->reader, data, len, on_event, feed, err);
}

static void on_stream_done(void *ctx, struct call *call, int code, const struct hgt_error *err)
{
	struct feed *feed = ctx;
	struct hgt_error closed = {.code = HGT_EUNAVAILABLE, .message = "the server has closed the stream"};

	(void)call;
	lost(feed, code, code < 0 ? err : &closed);
}

static void follow(struct feed *feed)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct call_spec spec = {.method = "GET", .accept = "text/event-stream", .silence = STREAM_SILENCE, .limit = STREAM_MAX,
		.head = on_stream_head, .data = on_stream_data, .done = on_stream_done, .ctx = feed};
	struct hgt_error err = {0};
	int code;

	hgt_buf_addf(&path, "/v1/agents/self/events?instance=%s", feed->instance);
	code = hgt_buf_check(&path, &err);
	spec.path = path.data;
	if (feed->cursor.len > 0) {
		spec.header = "Last-Event-ID";
		spec.value = feed->cursor.data;
	}
	set_state(feed, FEED_DIALLING);
	if (code == 0)
		code = call_start(feed->caller, &spec, &feed->call, &err);
	hgt_buf_release(&path);
	if (code < 0)
		lost(feed, code, &err);
}

static void on_announced(void *ctx, struct call *call, int code, const struct hgt_error *err)
{
	struct feed *feed = ctx;

	(void)call;
	feed->call = NULL;
	if (code < 0)
		lost(feed, code, err);
	else
		follow(feed);
}

static void write_announcement(const struct feed *feed, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "version", HGT_VERSION);
	hgt_json_key_string(&json, "host", host);
	hgt_json_key_string(&json, "instance", feed->instance);
	hgt_json_key(&json, "targets");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < feed->config->n_targets; i++) {
		const struct hgt_agent_target *target = &feed->config->targets[i];

		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "name", target->name);
		hgt_json_key_string(&json, "repo", target->repo);
		hgt_json_key_string(&json, "ref", target->ref);
		hgt_json_key_string(&json, "path", target->path);
		hgt_json_key_string(&json, "driver", target->driver);
		hgt_json_key_string(&json, "sync", target->automatic ? "auto" : "manual");
		hgt_json_key_uint(&json, "compare_every", target->compare_every);
		hgt_json_end_object(&json);
	}
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
}

/* Announced every time, not only at the start: the daemon may be another one by now, or its memory shorter than ours. */
static void dial(struct feed *feed)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct call_spec spec = {.method = "PUT", .path = "/v1/agents/self", .silence = ANSWER_SILENCE, .limit = HGT_BODY_MAX,
		.done = on_announced, .ctx = feed};
	struct hgt_error err = {0};
	int code;

	if (caller_read_token(feed->caller, feed->config->token_file, &err) < 0)
		hgt_log(HGT_LOG_WARNING, "feed", "the token cannot be read again", HGT_S("reason", err.message));
	set_state(feed, FEED_ANNOUNCING);
	write_announcement(feed, &body);
	code = hgt_buf_check(&body, &err);
	spec.body = body.data;
	spec.body_len = body.len;
	if (code == 0)
		code = call_start(feed->caller, &spec, &feed->call, &err);
	hgt_buf_release(&body);
	if (code < 0)
		lost(feed, code, &err);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	dial(ctx);
}

int feed_new(struct event_base *base, struct caller *caller, const struct hgt_agent_config *config, const char *instance,
	const struct feed_listener *listener, struct feed **out, struct hgt_error *err)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return hgt_error_nomem(err);
	feed->caller = caller;
	feed->config = config;
	feed->instance = instance;
	feed->listener = *listener;
	hgt_buf_init(&feed->cursor);
	hgt_sse_reader_init(&feed->reader, EVENT_MAX);
	pause_init(&feed->pause, 500, 30000);
	feed->timer = evtimer_new(base, on_timer, feed);
	if (!feed->timer) {
		feed_free(feed);
		return hgt_error_nomem(err);
	}
	wait_ms(feed, 0);
	*out = feed;
	return 0;
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	call_cancel(feed->call);
	if (feed->timer)
		event_free(feed->timer);
	hgt_sse_reader_release(&feed->reader);
	hgt_buf_release(&feed->cursor);
	free(feed);
}
