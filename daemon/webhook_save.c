/* What becomes of deliveries, on its way to disk: gathered, so that a busy receiver costs no fsync a delivery. */
#include <event2/event.h>

#include "base/log.h"
#include "base/timing.h"
#include "daemon/store.h"
#include "daemon/webhook.h"

#define SOON_MS 200		/* after a delivery: what is sent again when we are killed in between */
#define LATE_MS 30000		/* after events that were none of a receiver's business: what is only read again */
#define AGAIN_MS 5000		/* after a write that failed */
#define RECORDS_MAX 2000	/* while the journal cannot be written; then the oldest history goes, the cursors stay */

struct cursor_put {
	struct receiver *receiver;	/* a reference */
	uint64_t seq;
};

/* A save on the writer thread. */
struct save {
	struct webhooks *webhooks;
	struct record *records;
	struct cursor_put *cursors;
	size_t n_cursors;
	struct trimmed {
		char *receiver;
		unsigned keep;
		uint64_t dropped;
	} *trims;
	size_t n_trims;
};

void record_free(struct record *record)
{
	if (!record)
		return;
	receiver_unref(record->receiver);
	free((char *)record->row.target);
	free((char *)record->row.delivery);
	free((char *)record->row.type);
	free((char *)record->row.repo);
	free((char *)record->row.ref);
	free((char *)record->row.answer);
	free((char *)record->row.error);
	free(record);
}

static void save_free(struct save *save)
{
	while (save->records) {
		struct record *record = save->records;

		save->records = record->next;
		record_free(record);
	}
	for (size_t i = 0; i < save->n_cursors; i++)
		receiver_unref(save->cursors[i].receiver);
	for (size_t i = 0; i < save->n_trims; i++)
		free(save->trims[i].receiver);
	free(save->cursors);
	free(save->trims);
	free(save);
}

static int run_save(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct save *save = job;
	int code = 0;

	(void)batch;
	for (struct record *record = save->records; record && code == 0; record = record->next)
		code = hgt_delivery_put(journal, &record->row, err);
	for (size_t i = 0; i < save->n_cursors && code == 0; i++)
		code = hgt_webhook_cursor_put(journal, save->cursors[i].receiver->name, save->cursors[i].seq, err);
	for (size_t i = 0; i < save->n_trims && code == 0; i++)
		code = hgt_deliveries_trim(journal, save->trims[i].receiver, save->trims[i].keep, &save->trims[i].dropped, err);
	return code;
}

static void plan(struct webhooks *w, int ms)
{
	const struct timeval in = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	evtimer_add(w->save, &in);
}

/* What could not be written goes back to the front. */
static void put_back(struct webhooks *w, struct save *save)
{
	struct record **end = &save->records;
	size_t n = 0;

	for (; *end; end = &(*end)->next)
		n++;
	if (!n)
		return;
	*end = w->records;
	if (!w->records)
		w->last_record = end;
	w->records = save->records;
	save->records = NULL;
	w->n_records += n;
}

static void saved(void *job, int code, const struct hgt_error *err)
{
	struct save *save = job;
	struct webhooks *w = save->webhooks;

	w->saving = false;
	if (code < 0) {
		hgt_log(HGT_LOG_WARNING, "webhooks", "cannot write where the webhooks stand", HGT_S("error", err->message));
		put_back(w, save);
		if (!w->draining)
			plan(w, AGAIN_MS);
		save_free(save);
		return;
	}
	for (size_t i = 0; i < save->n_cursors; i++) {
		save->cursors[i].receiver->saved = save->cursors[i].seq;
		save->cursors[i].receiver->has_saved = true;
	}
	for (struct record *record = save->records; record; record = record->next) {
		if (!record->is_replay || record->receiver->gone)
			continue;
		record->receiver->replay_saving = false;
		receiver_step_soon(record->receiver);
	}
	for (size_t i = 0; i < save->n_trims; i++)
		if (save->trims[i].dropped)
			hgt_log(HGT_LOG_WARNING, "webhooks", "parked deliveries are forgotten; the config's keep says how many are kept",
				HGT_S("webhook", save->trims[i].receiver), HGT_I("forgotten", save->trims[i].dropped));
	save_free(save);
	if (w->records)
		webhooks_save(w, true);
}

static bool collect(struct webhooks *w, struct save *save)
{
	struct receiver *receiver;
	size_t n = 0;

	TAILQ_FOREACH(receiver, &w->receivers, entry)
		n++;
	save->cursors = calloc(n + 1, sizeof(*save->cursors));
	save->trims = calloc(n + 1, sizeof(*save->trims));
	if (!save->cursors || !save->trims)
		return false;
	TAILQ_FOREACH(receiver, &w->receivers, entry) {
		bool settled = false;

		if (!receiver->has_saved || receiver->saved != receiver->cursor)
			save->cursors[save->n_cursors++] = (struct cursor_put){receiver_ref(receiver), receiver->cursor};
		for (struct record *record = w->records; record && !settled; record = record->next)
			settled = record->receiver == receiver && record->row.state != HGT_DELIVERY_WAITING;
		if (!settled)
			continue;
		save->trims[save->n_trims].receiver = strdup(receiver->name);
		if (!save->trims[save->n_trims].receiver)
			return false;
		save->trims[save->n_trims++].keep = receiver->config->keep;
	}
	return true;
}

void webhooks_save_now(struct webhooks *w)
{
	struct save *save;
	struct hgt_error err = {0};

	evtimer_del(w->save);
	w->soon = false;
	if (w->saving)
		return;	/* goes on when that is through */
	save = calloc(1, sizeof(*save));
	if (!save || !collect(w, save)) {
		if (save)
			save_free(save);
		plan(w, AGAIN_MS);
		return;
	}
	if (!w->records && !save->n_cursors) {
		save_free(save);
		return;
	}
	save->webhooks = w;
	save->records = w->records;
	w->records = NULL;
	w->last_record = &w->records;
	w->n_records = 0;
	w->saving = true;
	if (store_submit(w->daemon->store, run_save, saved, save, &err) < 0) {
		w->saving = false;
		put_back(w, save);
		save_free(save);
		plan(w, AGAIN_MS);
	}
}

void webhooks_save(struct webhooks *w, bool soon)
{
	if (w->saving)
		return;
	if (soon && !w->soon)
		plan(w, SOON_MS);
	else if (!soon && !evtimer_pending(w->save, NULL))
		plan(w, LATE_MS);
	w->soon |= soon;
}

static bool copy(const char **out, const char *s)
{
	*out = strdup(s ? s : "");
	return *out != NULL;
}

void webhooks_record(struct receiver *receiver, const struct load *load, enum hgt_delivery_state state, int status,
	const char *answer, const char *error)
{
	struct webhooks *w = receiver->webhooks;
	struct record *record = calloc(1, sizeof(*record));

	if (record) {
		struct hgt_delivery_row *row = &record->row;

		*row = (struct hgt_delivery_row){.seq = load->seq, .state = state, .attempts = load->attempts, .first_ms = load->first_ms,
			.tried_ms = load->tried_ms, .next_ms = load->next_ms, .status = status};
		record->receiver = receiver_ref(receiver);
		record->is_replay = load->kind == LOAD_REPLAY;
		if (!copy(&row->target, receiver->name) || !copy(&row->delivery, load->delivery) || !copy(&row->type, load->type) ||
		    !copy(&row->repo, load->repo) || !copy(&row->ref, load->ref) || !copy(&row->answer, answer) || !copy(&row->error, error)) {
			record_free(record);
			record = NULL;
		}
	}
	if (!record) {
		hgt_log(HGT_LOG_WARNING, "webhooks", "out of memory: a delivery is missing in the history", HGT_S("webhook", receiver->name));
	} else {
		*w->last_record = record;
		w->last_record = &record->next;
		w->n_records++;
	}
	while (w->n_records > RECORDS_MAX) {
		struct record *first = w->records;

		w->records = first->next;
		w->n_records--;
		record_free(first);
	}
	webhooks_save(w, true);
}

static int run_forget(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	(void)batch;
	return hgt_webhook_forget(journal, job, err);
}

static void forgotten(void *job, int code, const struct hgt_error *err)
{
	if (code < 0)
		hgt_log(HGT_LOG_WARNING, "webhooks", "cannot forget a webhook that is in the config no more", HGT_S("webhook", job),
			HGT_S("error", err->message));
	free(job);
}

void webhooks_forget(struct webhooks *w, const char *name)
{
	struct hgt_error err = {0};
	char *copied = strdup(name);

	if (!copied || store_submit(w->daemon->store, run_forget, forgotten, copied, &err) < 0)
		free(copied);
}
