/* One receiver: which event it is told next, when, and what becomes of it. */
#include <event2/event.h>

#include "base/escape.h"
#include "base/glob.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/request.h"
#include "daemon/webhook.h"
#include "headgate/protocol.h"
#include "webhook/backoff.h"

#define SLICE_ROWS 64	/* read from the journal at once */

void load_free(struct load *load)
{
	if (!load)
		return;
	free(load->type);
	free(load->repo);
	free(load->ref);
	hgt_buf_release(&load->body);
	free(load);
}

static struct load *load_new(struct receiver *receiver, enum load_kind kind, uint64_t seq, const char *type, const char *repo,
	const char *ref)
{
	struct load *load = calloc(1, sizeof(*load));

	if (!load)
		return NULL;
	hgt_buf_init(&load->body);
	load->kind = kind;
	load->seq = seq;
	load->type = strdup(type);
	load->repo = strdup(repo);
	load->ref = strdup(ref);
	hgt_delivery_id(hgt_journal_id(receiver->webhooks->daemon->reader), seq, receiver->name, load->delivery);
	if (load->type && load->repo && load->ref)
		return load;
	load_free(load);
	return NULL;
}

static void step_in(struct receiver *receiver, int64_t ms)
{
	const struct timeval in = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	evtimer_add(receiver->step, &in);
}

void receiver_step_soon(struct receiver *receiver)
{
	if (!receiver->gone)
		step_in(receiver, 0);
}

/* Whether an event of this type is told, by its short name. */
static bool wants_type(const struct hgt_strings *events, const char *type)
{
	static const char prefix[] = HGT_EVENT_PREFIX;
	char name[128];
	size_t len;

	if (strncmp(type, prefix, sizeof(prefix) - 1) == 0)
		type += sizeof(prefix) - 1;
	len = strlen(type);
	if (len > 3 && type[len - 3] == '.' && type[len - 2] == 'v')
		len -= 3;
	if (len >= sizeof(name))
		return false;
	memcpy(name, type, len);
	name[len] = '\0';
	return hgt_glob_match_any(events->items, events->n, name);
}

static bool wants(const struct receiver *receiver, const struct hgt_journal_row *row)
{
	const struct hgt_config_webhook *config = receiver->config;

	return wants_type(&config->events, row->type) && hgt_glob_match_any(config->repos.items, config->repos.n, row->repo) &&
		hgt_glob_match_any(config->refs.items, config->refs.n, row->ref);
}

struct search {
	struct receiver *receiver;
	struct load *found;
	enum load_kind kind;
	size_t n;		/* rows looked at */
	bool failed;
};

static int look_at_row(void *ctx, const struct hgt_journal_row *row)
{
	struct search *search = ctx;
	struct receiver *receiver = search->receiver;

	search->n++;
	if (search->kind == LOAD_EVENT && !wants(receiver, row)) {
		receiver->cursor = row->seq;
		return 0;
	}
	search->found = load_new(receiver, search->kind, row->seq, row->type, row->repo, row->ref);
	if (search->found) {
		hgt_buf_add(&search->found->body, row->body, row->body_len);
		search->found->time_ms = row->time_ms;
	}
	search->failed = !search->found || search->found->body.failed;
	return 1;
}

/* Read on, an event or a slice. Negative when the journal cannot be read, or memory runs out. */
static int read_rows(struct search *search, uint64_t after, size_t most)
{
	struct hgt_error err = {0};
	int code = hgt_journal_read(search->receiver->webhooks->daemon->reader, after, most, look_at_row, search, &err);

	if (code == 0 && search->failed)
		code = hgt_error_nomem(&err);
	if (code == 0)
		return 0;
	load_free(search->found);
	search->found = NULL;
	hgt_log(HGT_LOG_WARNING, "webhooks", "cannot read the next event", HGT_S("webhook", search->receiver->name),
		HGT_S("error", err.message));
	return code;
}

static int resume(void *ctx, const struct hgt_delivery_row *row)
{
	struct load *load = ctx;

	if (row->seq != load->seq)
		return 0;
	load->attempts = row->attempts;
	load->first_ms = row->first_ms;
	load->next_ms = row->next_ms;
	return 0;
}

/* A wall clock that was set back since must not make it wait longer than any wait is. */
static void set_due(struct receiver *receiver, struct load *load)
{
	int64_t wait = load->next_ms ? load->next_ms - hgt_time_now_ms() : 0, most = (int64_t)receiver->config->retry_most * 1000;

	if (most < HGT_RETRY_AFTER_MOST_MS)
		most = HGT_RETRY_AFTER_MOST_MS;
	if (wait > most)
		wait = most;
	load->due_ms = wait > 0 ? hgt_time_mono_ms() + wait : 0;
}

/* The next event after the cursor; 1 when there may be more to look through. */
static int find_head(struct receiver *receiver)
{
	struct daemon *daemon = receiver->webhooks->daemon;
	struct search search = {.receiver = receiver, .kind = LOAD_EVENT};
	uint64_t before = receiver->cursor;

	if (read_rows(&search, receiver->cursor, SLICE_ROWS) < 0) {
		step_in(receiver, 1000);
		return 0;
	}
	receiver->head = search.found;
	if (receiver->head) {
		if (hgt_delivery_first(daemon->reader, receiver->name, HGT_DELIVERY_WAITING, resume, receiver->head, NULL) == 0)
			set_due(receiver, receiver->head);
	} else if (receiver->cursor != before) {
		webhooks_save(receiver->webhooks, false);
	}
	return !receiver->head && search.n == SLICE_ROWS;
}

static int copy_row(void *ctx, const struct hgt_delivery_row *row)
{
	struct search *search = ctx;

	search->found = load_new(search->receiver, LOAD_REPLAY, row->seq, row->type, row->repo, row->ref);
	search->failed = !search->found;
	if (search->found) {
		search->found->attempts = row->attempts;
		search->found->first_ms = row->first_ms;
	}
	return 1;
}

/* The queued delivery of the lowest seq; NULL when there is none. One whose event the journal holds no more is parked again. */
static struct load *find_replay(struct receiver *receiver)
{
	struct search row = {.receiver = receiver}, event = {.receiver = receiver, .kind = LOAD_REPLAY};

	if (hgt_delivery_first(receiver->webhooks->daemon->reader, receiver->name, HGT_DELIVERY_QUEUED, copy_row, &row, NULL) < 0 ||
	    row.failed)
		return NULL;
	receiver->replays = row.found != NULL;
	if (!row.found)
		return NULL;
	if (read_rows(&event, row.found->seq - 1, 1) < 0) {
		load_free(row.found);
		return NULL;
	}
	if (!event.found || event.found->seq != row.found->seq) {
		load_free(event.found);
		row.found->tried_ms = hgt_time_now_ms();
		receiver->replay_saving = true;
		webhooks_record(receiver, row.found, HGT_DELIVERY_PARKED, 0, "", "the journal does not hold the event any more");
		load_free(row.found);
		webhooks_save_now(receiver->webhooks);
		return NULL;
	}
	event.found->attempts = row.found->attempts;
	event.found->first_ms = row.found->first_ms;
	load_free(row.found);
	return event.found;
}

static struct load *make_test(struct receiver *receiver)
{
	struct load *load = load_new(receiver, LOAD_TEST, 0, HGT_EVENT_WEBHOOK_TESTED, "", "");
	char random[33];

	if (!load)
		return NULL;
	/* Each test is a delivery of its own. */
	hgt_random_hex(16, random);
	hgt_delivery_id(random, 0, receiver->name, load->delivery);
	return load;
}

/* Which is next; NULL when there is nothing, or not yet. */
static struct load *choose(struct receiver *receiver)
{
	struct load *load = NULL;

	if (receiver->test_wanted) {
		receiver->test_wanted = false;
		load = make_test(receiver);
		if (!load && receiver->test) {
			receiver->test->gone = NULL;
			request_reply_error(receiver->test, 503, NULL, "out of memory");
			receiver->test = NULL;
		}
	}
	if (!load && receiver->replays && !receiver->replay_saving)
		load = find_replay(receiver);
	if (load)
		return load;
	if (!receiver->head && find_head(receiver))
		receiver_step_soon(receiver);
	if (!receiver->head)
		return NULL;
	if (receiver->head->due_ms > hgt_time_mono_ms()) {
		step_in(receiver, receiver->head->due_ms - hgt_time_mono_ms());
		return NULL;
	}
	return receiver->head;
}

static int renew_sender(struct receiver *receiver, struct hgt_error *err)
{
	struct webhooks *w = receiver->webhooks;
	struct webhook_sender *sender;
	int code;

	if (receiver->sender && !receiver->stale)
		return 0;
	code = webhook_sender_new(w->daemon->base, &w->curl, receiver->config, &sender, err);
	if (code < 0)
		return code;
	webhook_sender_free(receiver->sender);
	receiver->sender = sender;
	receiver->stale = false;
	return 0;
}

void receiver_on_step(int fd, short what, void *arg)
{
	struct receiver *receiver = arg;
	struct hgt_error err = {0};

	(void)fd, (void)what;
	if (receiver->gone || receiver->webhooks->draining || receiver->state != RECEIVER_IDLE)
		return;
	if (renew_sender(receiver, &err) < 0) {
		hgt_log(HGT_LOG_WARNING, "webhooks", "cannot send", HGT_S("webhook", receiver->name), HGT_S("error", err.message));
		step_in(receiver, 1000);
		return;
	}
	receiver->active = choose(receiver);
	if (!receiver->active)
		return;
	receiver->rewound = false;
	receiver->active->tried_ms = hgt_time_now_ms();
	if (!receiver->active->first_ms)
		receiver->active->first_ms = receiver->active->tried_ms;
	receiver->active->attempts++;
	receiver_prepare(receiver);
}

/* How it went. */

struct outcome {
	bool taken;
	bool hopeless;		/* another attempt would go the same way */
	int status;
	int64_t retry_after_ms, took_ms;
	const char *answer, *error;	/* made safe */
};

static void reply_test(struct receiver *receiver, const struct outcome *outcome)
{
	struct request *request = receiver->test;
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	receiver->test = NULL;
	if (!request)
		return;
	request->gone = NULL;
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "webhook", receiver->name);
	hgt_json_key_string(&json, "delivery", receiver->active->delivery);
	hgt_json_key_bool(&json, "taken", outcome->taken);
	hgt_json_key_int(&json, "status", outcome->status);
	hgt_json_key_int(&json, "milliseconds", outcome->took_ms);
	hgt_json_key_string(&json, "answer", outcome->answer);
	hgt_json_key_string(&json, "error", outcome->error);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, 200, &body);
	hgt_buf_release(&body);
}

/* Until when it is tried: from when it was journaled, or we began to look, whichever is later. */
static int64_t deadline(const struct receiver *receiver, const struct load *load)
{
	int64_t from = load->time_ms > receiver->webhooks->started_ms ? load->time_ms : receiver->webhooks->started_ms;

	/* One that was tried before the last start has its time from then. */
	if (load->first_ms < from && load->attempts > 1)
		from = load->first_ms;
	return from + (int64_t)receiver->config->retry_for * 1000;
}

/* The head is through with: the cursor goes over it. */
static void settle_head(struct receiver *receiver)
{
	if (!receiver->rewound)
		receiver->cursor = receiver->head->seq;
	load_free(receiver->head);
	receiver->head = NULL;
}

static void give_up(struct receiver *receiver, const struct load *load, const struct outcome *outcome)
{
	receiver->given_up++;
	webhooks_record(receiver, load, HGT_DELIVERY_PARKED, outcome->status, outcome->answer, outcome->error);
	hgt_log(HGT_LOG_WARNING, "webhooks", "a delivery is parked", HGT_S("webhook", receiver->name), HGT_S("delivery", load->delivery),
		HGT_S("event", load->type), HGT_I("seq", load->seq), HGT_I("attempts", load->attempts), HGT_S("error", outcome->error));
}

static void end_head(struct receiver *receiver, const struct outcome *outcome)
{
	struct load *load = receiver->head;
	int64_t now = hgt_time_now_ms(), wait;
	uint64_t dice;

	if (outcome->taken) {
		webhooks_record(receiver, load, HGT_DELIVERY_DELIVERED, outcome->status, outcome->answer, "");
		settle_head(receiver);
		return;
	}
	hgt_random_bytes(&dice, sizeof(dice));
	wait = hgt_backoff_ms(&(struct hgt_backoff){receiver->config->retry_first * 1000, receiver->config->retry_most * 1000},
		load->attempts, dice, outcome->retry_after_ms);
	if (outcome->hopeless || receiver->rewound || hgt_backoff_is_over(now, wait, deadline(receiver, load))) {
		if (!receiver->rewound)
			give_up(receiver, load, outcome);
		settle_head(receiver);
		return;
	}
	load->next_ms = now + wait;
	load->due_ms = hgt_time_mono_ms() + wait;
	webhooks_record(receiver, load, HGT_DELIVERY_WAITING, outcome->status, outcome->answer, outcome->error);
	if (load->attempts == 1)
		hgt_log(HGT_LOG_WARNING, "webhooks", "a delivery failed and is tried again", HGT_S("webhook", receiver->name),
			HGT_S("delivery", load->delivery), HGT_I("seq", load->seq), HGT_S("error", outcome->error));
}

/* A person asked for it: it is tried once, and that person sees what came of it. */
static void end_replay(struct receiver *receiver, const struct outcome *outcome)
{
	receiver->replay_saving = true;
	if (outcome->taken)
		webhooks_record(receiver, receiver->active, HGT_DELIVERY_DELIVERED, outcome->status, outcome->answer, "");
	else
		give_up(receiver, receiver->active, outcome);
	webhooks_save_now(receiver->webhooks);
}

static void end_active(struct receiver *receiver, const struct outcome *outcome)
{
	struct load *load = receiver->active;
	const enum load_kind kind = load->kind;

	if (kind != LOAD_TEST) {
		receiver->delivered += outcome->taken;
		receiver->failed += !outcome->taken;
		receiver->last_status = outcome->status;
		receiver->last_ms = load->tried_ms;
		hgt_buf_reset(&receiver->last_error);
		hgt_buf_adds(&receiver->last_error, outcome->error);
	}
	if (kind == LOAD_TEST)
		reply_test(receiver, outcome);
	else if (kind == LOAD_REPLAY)
		end_replay(receiver, outcome);
	else
		end_head(receiver, outcome);
	if (kind != LOAD_EVENT)
		load_free(load);
	receiver->active = NULL;
	receiver->state = RECEIVER_IDLE;
	receiver_step_soon(receiver);
}

static void judge(const struct webhook_result *result, struct outcome *outcome, struct hgt_buf *error)
{
	int status = result->status;

	outcome->status = status;
	outcome->taken = status >= 200 && status <= 299;
	outcome->retry_after_ms = result->retry_after_ms;
	outcome->took_ms = result->took_ms;
	/* The answer that this very event does not change with time, or that nothing will be taken here any more. */
	outcome->hopeless = status == 410 || status == 413 || status == 414;
	if (status >= 300 && status <= 399)
		hgt_buf_addf(error, "answered %d: redirects are not followed; the config's url is to be the final one", status);
	else if (status && !outcome->taken)
		hgt_buf_addf(error, "answered %d", status);
	else if (!status)
		hgt_escape_text(error, result->error.data, result->error.len);
}

static void sent(void *ctx, const struct webhook_result *result)
{
	struct receiver *receiver = ctx;
	struct hgt_buf answer = HGT_BUF_INIT, error = HGT_BUF_INIT;
	struct outcome outcome = {0};

	judge(result, &outcome, &error);
	/* What a receiver says is shown to people: one line, no control bytes. */
	hgt_escape_text(&answer, result->answer.data, result->answer.len);
	outcome.answer = answer.data;
	outcome.error = error.data;
	end_active(receiver, &outcome);
	hgt_buf_release(&answer);
	hgt_buf_release(&error);
}

void receiver_failed(struct receiver *receiver, const char *why)
{
	end_active(receiver, &(struct outcome){.answer = "", .error = why});
}

void receiver_send(struct receiver *receiver, struct hgt_webhook_message *message)
{
	struct hgt_error err = {0};

	receiver->state = RECEIVER_SENDING;
	if (webhook_send(receiver->sender, message, sent, receiver, &err) < 0)
		receiver_failed(receiver, err.message);
}

void receiver_abandon(struct receiver *receiver)
{
	struct load *load = receiver->active;

	if (!load)
		return;
	webhook_sender_free(receiver->sender);
	receiver->sender = NULL;
	receiver->active = NULL;
	receiver->state = RECEIVER_IDLE;
	load->attempts--;
	if (load->kind == LOAD_TEST && receiver->test) {
		receiver->test->gone = NULL;
		request_reply_error(receiver->test, 503, NULL, "the test was broken off; try again");
	}
	if (load->kind == LOAD_TEST)
		receiver->test = NULL;
	if (load->kind != LOAD_EVENT)
		load_free(load);
}

int receiver_start(struct receiver *receiver, struct hgt_error *err)
{
	uint64_t queued = 0;
	int code = hgt_deliveries_count(receiver->webhooks->daemon->reader, receiver->name, HGT_DELIVERY_QUEUED, &queued, err);

	receiver->replays = queued > 0;
	if (code == 0)
		receiver_step_soon(receiver);
	return code;
}
