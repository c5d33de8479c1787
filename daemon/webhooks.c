/* Webhooks: the receivers there are, and what may be asked of them. */
#include "daemon/webhooks.h"

#include <event2/event.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/hub.h"
#include "daemon/request.h"
#include "daemon/retention.h"
#include "daemon/store.h"
#include "daemon/webhook.h"

#define DRAIN_MS 2000	/* for what is on its way when the daemon stops */

struct receiver *receiver_ref(struct receiver *receiver)
{
	receiver->refs++;
	return receiver;
}

void receiver_unref(struct receiver *receiver)
{
	if (!receiver || --receiver->refs)
		return;
	webhook_sender_free(receiver->sender);
	if (receiver->step)
		event_free(receiver->step);
	load_free(receiver->head);
	hgt_secret_release(&receiver->secret);
	hgt_buf_release(&receiver->last_error);
	free(receiver->name);
	free(receiver);
}

/* Of no config any more, or of no daemon: what runs is broken off. */
static void receiver_end(struct receiver *receiver)
{
	TAILQ_REMOVE(&receiver->webhooks->receivers, receiver, entry);
	receiver_abandon(receiver);
	receiver->gone = true;
	receiver->config = NULL;
	if (receiver->test) {
		receiver->test->gone = NULL;
		request_reply_error(receiver->test, 404, NULL, "this webhook has been removed");
		receiver->test = NULL;
	}
	evtimer_del(receiver->step);
	receiver_unref(receiver);
}

static struct receiver *find(const struct webhooks *w, const char *name)
{
	struct receiver *receiver;

	TAILQ_FOREACH(receiver, &w->receivers, entry)
		if (!strcmp(receiver->name, name))
			return receiver;
	return NULL;
}

static int receiver_new(struct webhooks *w, const char *name, struct receiver **out, struct hgt_error *err)
{
	struct receiver *receiver = calloc(1, sizeof(*receiver));

	if (!receiver)
		return hgt_error_nomem(err);
	receiver->refs = 1;
	receiver->webhooks = w;
	hgt_buf_init(&receiver->last_error);
	receiver->name = strdup(name);
	receiver->step = evtimer_new(w->daemon->base, receiver_on_step, receiver);
	if (!receiver->name || !receiver->step) {
		receiver_unref(receiver);
		return hgt_error_nomem(err);
	}
	*out = receiver;
	return 0;
}

/* A secret that is sent as it is has to fit into a header or a URL. */
static int check_secret(const struct hgt_config_webhook *config, const struct hgt_secret *secret, struct hgt_error *err)
{
	if (config->format != HGT_WEBHOOK_GITLAB && config->format != HGT_WEBHOOK_JENKINS)
		return 0;
	for (size_t i = 0; i < secret->len; i++)
		if (secret->data[i] <= ' ' || (unsigned char)secret->data[i] >= 0x7f)
			return hgt_error_set(err, HGT_EINVAL, "%s: the format %s takes a secret of printable ASCII without spaces", config->secret_file,
				hgt_webhook_format_name(config->format));
	return 0;
}

/* What a config needs besides: read before anything changes. */
struct plan {
	struct hgt_secret *secrets;	/* one a webhook */
	struct receiver **receivers;	/* those that are there, or new ones */
	size_t n;
};

static void plan_release(struct webhooks *w, struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		hgt_secret_release(&plan->secrets[i]);
		if (plan->receivers[i] && !find(w, plan->receivers[i]->name))
			receiver_unref(plan->receivers[i]);
	}
	free(plan->secrets);
	free(plan->receivers);
}

static int make_plan(struct webhooks *w, const struct hgt_config *config, struct plan *plan, struct hgt_error *err)
{
	int code = 0;

	plan->secrets = calloc(config->n_webhooks + 1, sizeof(*plan->secrets));
	plan->receivers = calloc(config->n_webhooks + 1, sizeof(struct receiver *));
	if (!plan->secrets || !plan->receivers)
		return hgt_error_nomem(err);
	plan->n = config->n_webhooks;
	for (size_t i = 0; i < config->n_webhooks && code == 0; i++) {
		const struct hgt_config_webhook *hook = &config->webhooks[i];

		if (hook->secret_file)
			code = hgt_secret_read(hook->secret_file, &plan->secrets[i], err);
		if (code == 0 && hook->secret_file)
			code = check_secret(hook, &plan->secrets[i], err);
		if (code < 0)
			hgt_error_prefix(err, "webhook %s", hook->name);
		if (code == 0)
			plan->receivers[i] = find(w, hook->name);
		if (code == 0 && !plan->receivers[i])
			code = receiver_new(w, hook->name, &plan->receivers[i], err);
	}
	if (code == 0 && config->n_webhooks && !w->loaded) {
		code = webhook_curl_load(&w->curl, err);
		w->loaded = code == 0;
	}
	return code;
}

static void carry_out(struct webhooks *w, const struct hgt_config *config, struct plan *plan)
{
	struct receiver *receiver = TAILQ_FIRST(&w->receivers), *next;

	for (; receiver; receiver = next) {
		bool stays = false;

		next = TAILQ_NEXT(receiver, entry);
		for (size_t i = 0; i < plan->n && !stays; i++)
			stays = plan->receivers[i] == receiver;
		if (stays)
			continue;
		hgt_log(HGT_LOG_INFO, "webhooks", "removed", HGT_S("webhook", receiver->name));
		webhooks_forget(w, receiver->name);
		receiver_end(receiver);
	}
	for (size_t i = 0; i < plan->n; i++) {
		bool is_new = !find(w, plan->receivers[i]->name);

		receiver = plan->receivers[i];
		receiver->config = &config->webhooks[i];
		receiver->stale = true;
		hgt_secret_release(&receiver->secret);
		receiver->secret = plan->secrets[i];
		plan->secrets[i] = (struct hgt_secret){0};
		/* What was found under the old config may be none of its business now. */
		if (receiver->state == RECEIVER_IDLE) {
			load_free(receiver->head);
			receiver->head = NULL;
		}
		if (is_new) {
			TAILQ_INSERT_TAIL(&w->receivers, receiver, entry);
			receiver->cursor = hub_head(w->daemon->hub);
		}
		receiver_step_soon(receiver);
	}
	w->config = config;
	if (plan->n)
		webhooks_save(w, true);
}

int webhooks_reload(struct webhooks *w, const struct hgt_config *config, struct hgt_error *err)
{
	struct plan plan = {0};
	int code = make_plan(w, config, &plan, err);

	if (code == 0)
		carry_out(w, config, &plan);
	plan_release(w, &plan);
	return code;
}

static void on_save(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	webhooks_save_now(arg);
}

static int take_cursor(void *ctx, const char *name, uint64_t seq)
{
	struct webhooks *w = ctx;
	struct receiver *receiver = find(w, name);
	uint64_t head = hub_head(w->daemon->hub);

	if (!receiver) {
		webhooks_forget(w, name);
		return 0;
	}
	receiver->cursor = receiver->saved = seq > head ? head : seq;
	receiver->has_saved = true;
	return 0;
}

static uint64_t ask_needed(void *ctx)
{
	return webhooks_needed(ctx);
}

int webhooks_new(struct daemon *daemon, struct webhooks **out, struct hgt_error *err)
{
	struct webhooks *w = calloc(1, sizeof(*w));
	struct receiver *receiver;
	int code;

	if (!w)
		return hgt_error_nomem(err);
	w->daemon = daemon;
	TAILQ_INIT(&w->receivers);
	w->last_record = &w->records;
	w->started_ms = hgt_time_now_ms();
	w->save = evtimer_new(daemon->base, on_save, w);
	code = w->save ? webhooks_reload(w, daemon->config, err) : hgt_error_nomem(err);
	if (code == 0)
		code = hgt_webhook_cursors(daemon->reader, take_cursor, w, err);
	TAILQ_FOREACH(receiver, &w->receivers, entry)
		if (code == 0)
			code = receiver_start(receiver, err);
	if (code == 0 && daemon->retention)
		code = retention_hold(daemon->retention, "webhooks", ask_needed, w, err);
	if (code < 0) {
		webhooks_free(w);
		return code;
	}
	*out = w;
	return 0;
}

void webhooks_free(struct webhooks *w)
{
	if (!w)
		return;
	while (!TAILQ_EMPTY(&w->receivers))
		receiver_end(TAILQ_FIRST(&w->receivers));
	while (w->records) {
		struct record *record = w->records;

		w->records = record->next;
		record_free(record);
	}
	if (w->save)
		event_free(w->save);
	free(w);
}

void webhooks_wake(struct webhooks *w)
{
	struct receiver *receiver;

	TAILQ_FOREACH(receiver, &w->receivers, entry)
		if (receiver->state == RECEIVER_IDLE && !receiver->head)
			receiver_step_soon(receiver);
}

int webhooks_drain(struct webhooks *w)
{
	struct receiver *receiver;
	bool busy = false, late;

	if (!w->draining)
		w->drain_ms = hgt_time_mono_ms();
	w->draining = true;
	late = hgt_time_mono_ms() - w->drain_ms > DRAIN_MS;
	TAILQ_FOREACH(receiver, &w->receivers, entry) {
		if (late && receiver->state == RECEIVER_SENDING)
			receiver_abandon(receiver);
		/* A test that has not begun does not begin any more. */
		if (receiver->test_wanted && receiver->test) {
			receiver->test->gone = NULL;
			request_reply_error(receiver->test, 503, NULL, "the daemon is shutting down");
		}
		if (receiver->test_wanted)
			receiver->test = NULL;
		receiver->test_wanted = false;
		busy |= receiver->state != RECEIVER_IDLE;
	}
	if (!busy && !w->saving)
		webhooks_save_now(w);
	return !busy && !w->saving;
}

uint64_t webhooks_needed(const struct webhooks *w)
{
	uint64_t needed = UINT64_MAX;
	const struct receiver *receiver;

	TAILQ_FOREACH(receiver, &w->receivers, entry) {
		uint64_t at = receiver->has_saved && receiver->saved < receiver->cursor ? receiver->saved : receiver->cursor;

		if (at + 1 < needed)
			needed = at + 1;
	}
	return needed;
}

/* What they say of themselves. */

static void stats_of(const struct receiver *receiver, struct webhooks_stats *out)
{
	struct daemon *daemon = receiver->webhooks->daemon;
	uint64_t head = hub_head(daemon->hub);

	*out = (struct webhooks_stats){.receivers = 1, .delivered = receiver->delivered, .failed = receiver->failed,
		.parked = receiver->given_up,
		.behind = head > receiver->cursor ? head - receiver->cursor : 0};
	if (hgt_deliveries_count(daemon->reader, receiver->name, HGT_DELIVERY_PARKED, &out->parked_now, NULL) < 0)
		out->parked_now = 0;
	if (receiver->head && receiver->head->first_ms)
		out->oldest_ms = hgt_time_now_ms() - receiver->head->first_ms;
	if (out->oldest_ms < 0)
		out->oldest_ms = 0;
}

const char *webhooks_next(const struct webhooks *w, size_t *pos, struct webhooks_stats *out)
{
	const struct receiver *receiver;
	size_t at = 0;

	TAILQ_FOREACH(receiver, &w->receivers, entry) {
		if (at++ < *pos)
			continue;
		++*pos;
		stats_of(receiver, out);
		return receiver->name;
	}
	return NULL;
}

void webhooks_stats(const struct webhooks *w, struct webhooks_stats *out)
{
	struct webhooks_stats one;
	size_t pos = 0;

	*out = (struct webhooks_stats){0};
	while (webhooks_next(w, &pos, &one)) {
		out->receivers++;
		out->delivered += one.delivered;
		out->failed += one.failed;
		out->parked += one.parked;
		out->parked_now += one.parked_now;
		out->behind = one.behind > out->behind ? one.behind : out->behind;
		out->oldest_ms = one.oldest_ms > out->oldest_ms ? one.oldest_ms : out->oldest_ms;
	}
}

static void write_time(struct hgt_json *json, const char *key, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	if (ms)
		hgt_time_format(ms, text);
	hgt_json_key_string(json, key, ms ? text : NULL);
}

static void write_list(struct hgt_json *json, const char *key, const struct hgt_strings *list)
{
	hgt_json_key(json, key);
	hgt_json_begin_array(json);
	for (size_t i = 0; i < list->n; i++)
		hgt_json_string(json, list->items[i]);
	hgt_json_end_array(json);
}

static const char *state_of(const struct receiver *receiver)
{
	if (receiver->state != RECEIVER_IDLE)
		return "sending";
	return receiver->head && receiver->head->attempts ? "retrying" : "idle";
}

static void write_target(const struct receiver *receiver, struct hgt_json *json)
{
	struct webhooks_stats stats;
	struct hgt_buf cursor = HGT_BUF_INIT;
	struct hgt_cursor at = {.seq = receiver->cursor};

	stats_of(receiver, &stats);
	snprintf(at.journal, sizeof(at.journal), "%s", hgt_journal_id(receiver->webhooks->daemon->reader));
	hgt_cursor_format(&at, &cursor);
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", receiver->name);
	hgt_json_key_string(json, "format", hgt_webhook_format_name(receiver->config->format));
	hgt_json_key_string(json, "url", receiver->config->url);
	write_list(json, "repos", &receiver->config->repos);
	write_list(json, "refs", &receiver->config->refs);
	write_list(json, "events", &receiver->config->events);
	hgt_json_key_bool(json, "signed", receiver->secret.data != NULL);
	hgt_json_key_string(json, "state", state_of(receiver));
	hgt_json_key_string(json, "cursor", cursor.data);
	hgt_json_key_uint(json, "behind", stats.behind);
	hgt_json_key_uint(json, "parked", stats.parked_now);
	hgt_json_key_uint(json, "delivered", stats.delivered);
	hgt_json_key_uint(json, "failed", stats.failed);
	hgt_json_key_uint(json, "attempts", receiver->head ? receiver->head->attempts : 0);
	write_time(json, "next", receiver->head ? receiver->head->next_ms : 0);
	write_time(json, "last", receiver->last_ms);
	hgt_json_key_int(json, "status", receiver->last_status);
	hgt_json_key_string(json, "error", receiver->last_error.len ? receiver->last_error.data : NULL);
	hgt_json_end_object(json);
	json->out->failed |= cursor.failed;
	hgt_buf_release(&cursor);
}

void webhooks_write(struct webhooks *w, struct hgt_json *json)
{
	const struct receiver *receiver;

	hgt_json_begin_array(json);
	TAILQ_FOREACH(receiver, &w->receivers, entry)
		write_target(receiver, json);
	hgt_json_end_array(json);
}

bool webhooks_has(const struct webhooks *w, const char *name)
{
	return find(w, name) != NULL;
}

/* What people ask of them. */

static struct receiver *want(struct webhooks *w, struct request *request, const char *name)
{
	struct receiver *receiver = find(w, name);

	if (!receiver)
		request_reply_error(request, 404, NULL, "there is no webhook named \"%s\" in the config", name);
	return receiver;
}

/* A change that waits for the disk. */
struct change {
	struct request *request;
	struct receiver *receiver;	/* a reference */
	char *delivery;
	uint64_t seq, queued;
	bool rewinds;
};

static void change_free(struct change *change)
{
	receiver_unref(change->receiver);
	free(change->delivery);
	free(change);
}

static int run_change(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct change *change = job;

	(void)batch;
	if (change->rewinds)
		return hgt_webhook_cursor_put(journal, change->receiver->name, change->seq, err);
	return hgt_deliveries_queue(journal, change->receiver->name, change->delivery, &change->queued, err);
}

static void set_cursor(struct receiver *receiver, uint64_t seq)
{
	receiver->cursor = receiver->saved = seq;
	if (receiver->active && receiver->active == receiver->head) {
		receiver->rewound = true;
	} else {
		load_free(receiver->head);
		receiver->head = NULL;
	}
}

static void changed(void *job, int code, const struct hgt_error *err)
{
	struct change *change = job;
	struct receiver *receiver = change->receiver;
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	if (code < 0) {
		request_reply_failure(change->request, err);
		change_free(change);
		return;
	}
	if (change->rewinds)
		set_cursor(receiver, change->seq);
	else
		receiver->replays = true;
	receiver_step_soon(receiver);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "webhook", receiver->name);
	hgt_json_key_uint(&json, "queued", change->rewinds ? hub_head(receiver->webhooks->daemon->hub) - change->seq : change->queued);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(change->request, 200, &body);
	hgt_buf_release(&body);
	change_free(change);
}

static void submit_change(struct receiver *receiver, struct request *request, const struct change *what)
{
	struct change *change = calloc(1, sizeof(*change));
	struct hgt_error err = {0};

	/* What has just ended is on disk first, and can be named. */
	webhooks_save_now(receiver->webhooks);
	if (!change) {
		hgt_error_nomem(&err);
		request_reply_failure(request, &err);
		return;
	}
	*change = *what;
	change->request = request;
	change->receiver = receiver_ref(receiver);
	change->delivery = what->delivery ? strdup(what->delivery) : NULL;
	if (what->delivery && !change->delivery)
		hgt_error_nomem(&err);
	else if (store_submit(receiver->webhooks->daemon->store, run_change, changed, change, &err) == 0)
		return;
	request_reply_failure(request, &err);
	change_free(change);
}

void webhooks_replay(struct webhooks *w, struct request *request, const char *name, const char *delivery)
{
	struct receiver *receiver = want(w, request, name);

	if (receiver)
		submit_change(receiver, request, &(struct change){.delivery = (char *)delivery});
}

void webhooks_rewind(struct webhooks *w, struct request *request, const char *name, const struct hgt_cursor *after)
{
	struct receiver *receiver = want(w, request, name);
	uint64_t head = hub_head(w->daemon->hub), tail = 0;
	struct hgt_error err = {0};

	if (!receiver)
		return;
	if (hgt_journal_tail(w->daemon->reader, &tail, &err) < 0)
		request_reply_failure(request, &err);
	else if ((after->journal[0] && strcmp(after->journal, hgt_journal_id(w->daemon->reader)) != 0) || after->seq > head)
		request_reply_error(request, 400, NULL, "this cursor is not of this journal");
	else if (after->journal[0] && after->seq + 1 < tail)
		request_reply_error(request, 410, "cursor-gone", "the journal does not go back as far as this cursor");
	else
		submit_change(receiver, request, &(struct change){.rewinds = true, .seq = tail && after->seq + 1 < tail ? tail - 1 : after->seq});
}

static void tester_gone(void *ctx)
{
	struct receiver *receiver = ctx;
	struct request *request = receiver->test;

	receiver->test = NULL;
	request_free(request);
}

void webhooks_test(struct webhooks *w, struct request *request, const char *name)
{
	struct receiver *receiver = want(w, request, name);

	if (!receiver)
		return;
	if (receiver->test || receiver->test_wanted) {
		request_reply_error(request, 409, NULL, "a test of this webhook is running");
		return;
	}
	receiver->test = request;
	receiver->test_wanted = true;
	request->gone = tester_gone;
	request->gone_ctx = receiver;
	receiver_step_soon(receiver);
}
