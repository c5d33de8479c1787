/* Hooks that wait for what becomes of their push. */
#include "daemon/hook_wait.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "daemon/hook_line.h"
#include "daemon/repos.h"
#include "daemon/rollout.h"

enum {
	READ_SECONDS = 5,		/* for the last line, once it is written */
	BEHIND_MAX = 256 * 1024,	/* bytes that a hook has not read yet; then it is told more once it has */
};

/*
 *	TELLING --the rollout has ended, or none could be opened--> ENDING --all is written--> (freed)
 *	   +---the hook hangs up--> (freed)                             +---in vain--> (freed)
 */
enum state { TELLING, ENDING };

struct hook_wait {
	LIST_ENTRY(hook_wait) entry;
	struct hook_waits *waits;
	struct bufferevent *bev;
	struct event *deadline;		/* while ENDING */
	struct rollout *rollout;	/* while TELLING */
	enum state state;
	int64_t seconds;
	uint64_t told;			/* the rollout's version that the hook knows; 0: not even who is concerned */
};

static void wait_free(struct hook_wait *w)
{
	LIST_REMOVE(w, entry);
	rollout_close(w->rollout);
	bufferevent_free(w->bev);
	if (w->deadline)
		event_free(w->deadline);
	free(w);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	wait_free(arg);
}

/* Write a line that ends it; w may be gone afterwards. */
static void end(struct hook_wait *w, struct hgt_buf *out)
{
	const struct timeval patience = {.tv_sec = READ_SECONDS};

	rollout_close(w->rollout);
	w->rollout = NULL;
	w->state = ENDING;
	hgt_buf_addc(out, '\n');
	if (out->failed || event_add(w->deadline, &patience) < 0 || bufferevent_write(w->bev, out->data, out->len) < 0)
		wait_free(w);
}

static void refuse(struct hook_wait *w, const char *message)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);

	hgt_json_begin_object(&json);
	hgt_json_key_bool(&json, "ok", false);
	hgt_json_key_string(&json, "error", message);
	hgt_json_end_object(&json);
	end(w, &out);
	hgt_buf_release(&out);
}

static void write_begin(const struct hook_wait *w, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_bool(&json, "ok", true);
	rollout_write_head(w->rollout, &json);
	hgt_json_key_int(&json, "seconds", w->seconds);
	hgt_json_end_object(&json);
	hgt_buf_addc(out, '\n');
}

/* Every target that has moved since the hook was told. */
static void write_targets(struct hook_wait *w, struct hgt_buf *out)
{
	struct rollout_target target;
	size_t pos = 0;

	while (rollout_next(w->rollout, &pos, &target)) {
		struct hgt_json json = HGT_JSON_INIT(out);

		if (target.changed <= w->told)
			continue;
		rollout_write_target(&target, &json);
		hgt_buf_addc(out, '\n');
	}
	w->told = rollout_version(w->rollout);
}

static void write_end(const struct hook_wait *w, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	const struct hgt_error *err;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "end", hgt_rollout_end_name(rollout_end(w->rollout)));
	hgt_json_key_string(&json, "error", rollout_trouble(w->rollout, &err) < 0 ? err->message : NULL);
	hgt_json_end_object(&json);
}

static void tell(void *ctx)
{
	struct hook_wait *w = ctx;
	const bool ended = rollout_end(w->rollout) != HGT_ROLLOUT_GOES_ON;
	struct hgt_buf out = HGT_BUF_INIT;

	if (!ended && evbuffer_get_length(bufferevent_get_output(w->bev)) > BEHIND_MAX)
		return;
	if (!w->told)
		write_begin(w, &out);
	write_targets(w, &out);
	if (ended) {
		write_end(w, &out);
		end(w, &out);
	} else if (out.failed || bufferevent_write(w->bev, out.data, out.len) < 0) {
		wait_free(w);
	}
	hgt_buf_release(&out);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct hook_wait *w = arg;

	(void)bev;
	if (w->state == ENDING)
		wait_free(w);
	else if (rollout_version(w->rollout) > w->told)
		tell(w);
}

/* Nothing more is wanted of it. */
static void on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);

	(void)arg;
	evbuffer_drain(in, evbuffer_get_length(in));
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev, (void)what;
	wait_free(arg);
}

static int open_rollout(struct hook_wait *w, const struct hook_line *line, struct hgt_error *err)
{
	struct daemon *daemon = w->waits->daemon;
	const struct repo *repo = repos_find_path(daemon->repos, line->repo);
	struct rollout_spec spec = {.n_moves = line->n_updates, .moved = tell, .ctx = w};
	struct rollout_move *moves;
	int code;

	if (!repo || !daemon->rollouts)
		return hgt_error_set(err, HGT_ENOENT, "%s is no repository that the daemon serves", line->repo);
	moves = calloc(line->n_updates, sizeof(*moves));
	if (!moves)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < line->n_updates; i++)
		moves[i] = (struct rollout_move){.ref = line->updates[i].ref, .old_id = line->updates[i].old_id,
			.new_id = line->updates[i].new_id};
	if (w->seconds > (int64_t)daemon->config->limits.wait)
		w->seconds = daemon->config->limits.wait;
	spec.repo = repo->name;
	spec.moves = moves;
	spec.wait_ms = w->seconds * 1000;
	code = rollout_open(daemon->rollouts, &spec, &w->rollout, err);
	free(moves);
	return code;
}

void hook_wait_begin(struct hook_waits *waits, struct bufferevent *bev, const struct hook_line *line)
{
	struct hook_wait *w = calloc(1, sizeof(*w));
	struct hgt_error err = {0};

	if (w)
		w->deadline = evtimer_new(waits->daemon->base, on_deadline, w);
	if (!w || !w->deadline) {
		hgt_log(HGT_LOG_ERROR, "hook_wait", "out of memory: a hook does not wait");
		free(w);
		bufferevent_free(bev);
		return;
	}
	w->waits = waits;
	w->bev = bev;
	w->seconds = line->seconds;
	LIST_INSERT_HEAD(&waits->list, w, entry);
	bufferevent_setcb(bev, on_read, on_written, on_event, w);
	if (bufferevent_enable(bev, EV_READ | EV_WRITE) < 0)
		wait_free(w);
	else if (open_rollout(w, line, &err) < 0)
		refuse(w, err.message);
}

void hook_waits_init(struct hook_waits *waits, struct daemon *daemon)
{
	waits->daemon = daemon;
	LIST_INIT(&waits->list);
}

bool hook_waits_none(const struct hook_waits *waits)
{
	return LIST_EMPTY(&waits->list);
}

void hook_waits_release(struct hook_waits *waits)
{
	while (!LIST_EMPTY(&waits->list))
		wait_free(LIST_FIRST(&waits->list));
}
