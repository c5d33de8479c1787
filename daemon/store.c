/* The writer: one thread that owns the writing connection of the journal and commits jobs in groups. */
#include "daemon/store.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "base/timing.h"
#include "daemon/hub.h"
#include "daemon/manifest.h"
#include "daemon/metrics.h"
#include "daemon/rollout.h"
#include "daemon/mirrors.h"
#include "daemon/retention.h"
#include "daemon/webhooks.h"
#include "headgate/protocol.h"
#include "journal/lineage.h"

/* Jobs in one transaction: a bound on how long the first of a crowd waits for the rest. */
#define GROUP_MAX 256

const uint32_t store_bounds_us[STORE_BOUNDS] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000};

/* An event of a job, kept until the loop has published it. */
struct published {
	struct published *next;
	struct hgt_journal_row row;	/* strings: below and in body */
	struct hgt_buf body;
	char strings[];			/* type, subject, repo, ref, each terminated */
};

/* A job: handed to the thread in `todo`, handed back in `ended` with its result and its events in order. */
struct item {
	struct item *next;
	store_run_cb run;
	store_done_cb done;
	void *job;
	const struct hgt_config *config;	/* in force when it was submitted: a reference, given and taken on the loop */
	int64_t since_us;		/* submitted, monotonic */
	int code;
	struct hgt_error err;
	bool unwritten;			/* its group could not be committed */
	struct published *events;
	struct published **last_event;
};

/* What a job's `run` appends through. */
struct store_batch {
	struct store *store;
	struct item *item;
};

struct queue {
	struct item *head, **last;
};

struct store {
	struct daemon *daemon;
	struct hgt_journal *journal;	/* the thread's alone while it runs */
	struct log_move *log;
	struct event *wake;
	int fd;				/* an eventfd: something has ended */
	size_t pending;			/* the loop's own */
	struct hgt_error trouble;	/* the loop's own: of the last commit; code 0 when it went well */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t work;
	struct queue todo, ended;
	size_t queued;			/* in todo */
	struct store_stats stats;
	bool stopping;
};

static void free_events(struct item *item)
{
	while (item->events) {
		struct published *event = item->events;

		item->events = event->next;
		hgt_buf_release(&event->body);
		free(event);
	}
	item->last_event = &item->events;
}

/* Put a chain of items at the end. */
static void queue_add(struct queue *queue, struct item *first)
{
	*queue->last = first;
	while (*queue->last)
		queue->last = &(*queue->last)->next;
}

/* Cut at most n items off the front. */
static struct item *queue_take(struct queue *queue, size_t n)
{
	struct item *first = queue->head, **end = &queue->head;

	while (*end && n-- > 0)
		end = &(*end)->next;
	if (end == &queue->head)
		return NULL;
	queue->head = *end;
	if (!queue->head)
		queue->last = &queue->head;
	*end = NULL;
	return first;
}

static char *keep(char **at, const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = memcpy(*at, s, size);

	*at += size;
	return copy;
}

static struct published *published_new(const struct hgt_journal_entry *entry)
{
	const char *subject = entry->subject ? entry->subject : "";
	size_t size = strlen(entry->type) + strlen(subject) + strlen(entry->repo) + strlen(entry->ref) + 4;
	struct published *event = malloc(sizeof(*event) + size);
	char *at;

	if (!event)
		return NULL;
	event->next = NULL;
	hgt_buf_init(&event->body);
	at = event->strings;
	event->row = (struct hgt_journal_row){.time_ms = hgt_time_now_ms()};
	event->row.type = keep(&at, entry->type);
	event->row.subject = keep(&at, subject);
	event->row.repo = keep(&at, entry->repo);
	event->row.ref = keep(&at, entry->ref);
	return event;
}

int store_append(struct store_batch *batch, const struct hgt_journal_entry *entry, uint64_t *seq, struct hgt_error *err)
{
	struct store *store = batch->store;
	struct published *event = published_new(entry);
	int code;

	if (!event)
		return hgt_error_nomem(err);
	code = hgt_journal_append(store->journal, batch->item->config->site, entry, event->row.time_ms, &event->row.seq,
		&event->body, err);
	if (code < 0) {
		hgt_buf_release(&event->body);
		free(event);
		return code;
	}
	event->row.body = event->body.data;
	event->row.body_len = event->body.len;
	*batch->item->last_event = event;
	batch->item->last_event = &event->next;
	if (seq)
		*seq = event->row.seq;
	return 0;
}

/* One job: what it did is kept, or undone alone. Negative when the failure took the whole transaction along. */
static int run_item(struct store *store, struct item *item, struct hgt_error *err)
{
	struct store_batch batch = {.store = store, .item = item};
	int code = hgt_journal_mark(store->journal, err);

	if (code < 0)
		return code;
	item->code = item->run(store->journal, &batch, item->job, &item->err);
	if (item->code == 0)
		return hgt_journal_keep(store->journal, err);
	free_events(item);
	if (hgt_journal_undo(store->journal, NULL) == 0)
		return 0;
	*err = item->err;
	return item->code;
}

/* What a group came to, for store_stats. */
struct tally {
	uint64_t jobs, failed, events;
	uint64_t commit_us, longest_job_us;
	bool committed;
};

/* Run the jobs, in one transaction that is left open; negative when it has to be rolled back. */
static int run_items(struct store *store, struct item *group, struct tally *tally, struct hgt_error *err)
{
	int code = hgt_journal_begin(store->journal, err);

	for (struct item *item = group; item && code == 0; item = item->next) {
		int64_t began = hgt_time_mono_us(), took;

		code = run_item(store, item, err);
		took = hgt_time_mono_us() - began;
		if (took > (int64_t)tally->longest_job_us)
			tally->longest_job_us = (uint64_t)took;
	}
	return code;
}

static void count_items(const struct item *group, struct tally *tally)
{
	for (const struct item *item = group; item; item = item->next) {
		tally->jobs++;
		tally->failed += item->code < 0;
		for (const struct published *event = item->events; event; event = event->next)
			tally->events++;
	}
}

static void run_group(struct store *store, struct item *group, struct tally *tally)
{
	struct hgt_error err = {0};
	int code = run_items(store, group, tally, &err);
	int64_t began = hgt_time_mono_us();

	if (code == 0)
		code = hgt_journal_commit(store->journal, &err);
	tally->commit_us = (uint64_t)(hgt_time_mono_us() - began);
	tally->committed = code == 0;
	if (code < 0) {
		hgt_journal_rollback(store->journal);
		for (struct item *item = group; item; item = item->next) {
			free_events(item);
			item->unwritten = true;
			/* What it failed by may have been what another one of them did. */
			item->code = code;
			item->err = err;
		}
	}
	count_items(group, tally);
}

/* With the lock. */
static void add_tally(struct store_stats *stats, const struct tally *tally)
{
	size_t class = 0;

	stats->jobs += tally->jobs;
	stats->failed_jobs += tally->failed;
	stats->events += tally->events;
	if (tally->longest_job_us > stats->longest_job_us)
		stats->longest_job_us = tally->longest_job_us;
	if (!tally->committed) {
		stats->failed_commits++;
		return;
	}
	while (class < STORE_BOUNDS && tally->commit_us > store_bounds_us[class])
		class++;
	stats->commit_classes[class]++;
	stats->commits++;
	stats->commit_us += tally->commit_us;
	if (tally->commit_us > stats->longest_commit_us)
		stats->longest_commit_us = tally->commit_us;
}

/* After a group has been handed back. */
static void tell_log(struct store *store)
{
	struct hgt_journal_log log;

	hgt_journal_get_log(store->journal, &log);
	log_move_tell(store->log, &log);
}

/* With the lock. */
static struct item *take_group(struct store *store)
{
	struct item *group = queue_take(&store->todo, GROUP_MAX);

	for (const struct item *item = group; item; item = item->next)
		store->queued--;
	return group;
}

static void *write_jobs(void *arg)
{
	struct store *store = arg;
	const uint64_t one = 1;

	pthread_mutex_lock(&store->lock);
	for (;;) {
		struct item *group = take_group(store);

		if (group) {
			struct tally tally = {0};

			pthread_mutex_unlock(&store->lock);
			run_group(store, group, &tally);
			pthread_mutex_lock(&store->lock);
			add_tally(&store->stats, &tally);
			queue_add(&store->ended, group);
			pthread_mutex_unlock(&store->lock);
			/* An eventfd takes 2^64-2 wake-ups before it would block. */
			if (write(store->fd, &one, sizeof(one)) < 0)
				hgt_log(HGT_LOG_ERROR, "journal", "cannot wake the loop");
			tell_log(store);
			pthread_mutex_lock(&store->lock);
		} else if (store->stopping) {
			break;
		} else {
			pthread_cond_wait(&store->work, &store->lock);
		}
	}
	pthread_mutex_unlock(&store->lock);
	return NULL;
}

/* Said once when it begins and once when it is over, however many jobs it meets. */
static void note_trouble(struct store *store, const struct item *item)
{
	const bool before = store->trouble.code < 0;

	if (item->unwritten) {
		if (!before || strcmp(store->trouble.message, item->err.message) != 0)
			hgt_log(HGT_LOG_ERROR, "store", "the journal cannot be written; pushes are spooled", HGT_S("error", item->err.message));
		store->trouble = item->err;
	} else if (item->code == 0) {
		if (before)
			hgt_log(HGT_LOG_INFO, "store", "the journal can be written again");
		store->trouble.code = 0;
	}
}

/* On the loop: publish what is on disk, then tell whose jobs they were. */
static void hand_over(struct store *store)
{
	struct item *ended, *next;
	uint64_t head = 0;

	pthread_mutex_lock(&store->lock);
	ended = queue_take(&store->ended, SIZE_MAX);
	pthread_mutex_unlock(&store->lock);
	for (struct item *item = ended; item; item = item->next)
		for (struct published *event = item->events; event; event = event->next) {
			head = event->row.seq;
			metrics_event(store->daemon->metrics, &event->row);
			if (store->daemon->hub)
				hub_publish(store->daemon->hub, &event->row);
			rollouts_published(store->daemon->rollouts, &event->row);
			if (event->row.repo && strcmp(event->row.type, HGT_EVENT_REF_UPDATED) == 0)
				manifest_moved(store->daemon->manifest, event->row.repo);
			if (store->daemon->mirrors)
				mirrors_published(store->daemon->mirrors, &event->row);
		}
	if (head && store->daemon->webhooks)
		webhooks_wake(store->daemon->webhooks);
	for (; ended; ended = next) {
		next = ended->next;
		free_events(ended);
		store->pending--;
		note_trouble(store, ended);
		if (ended->done)
			ended->done(ended->job, ended->code, &ended->err);
		hgt_config_unref(ended->config);
		free(ended);
	}
	if (head && store->daemon->retention)
		retention_grown(store->daemon->retention, head);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	if (read((int)fd, &count, sizeof(count)) == sizeof(count))
		hand_over(arg);
}

static int start_thread(struct store *store, struct hgt_error *err)
{
	int failed = hgt_thread_start(&store->thread, 512 * 1024, write_jobs, store);

	if (failed)
		return hgt_error_set(err, HGT_ENOMEM, "cannot start the writer thread: %s", strerror(failed));
	store->running = true;
	return 0;
}

/* Before anything is appended: a backup that was put in place goes on under an id of its own. */
static int take_over(struct store *store, struct hgt_error *err)
{
	struct hgt_buf data = HGT_BUF_INIT;
	bool is_copy = false;
	uint64_t seq;
	int code = hgt_journal_begin(store->journal, err);

	if (code < 0)
		return code;
	code = hgt_journal_take_over(store->journal, &is_copy, &data, err);
	if (code == 0 && is_copy)
		code = hgt_journal_append(store->journal, store->daemon->config->site, &(struct hgt_journal_entry){.type = HGT_EVENT_JOURNAL_RESTORED,
			.repo = "", .ref = "", .data = data.data, .data_len = data.len}, hgt_time_now_ms(), &seq, NULL, err);
	if (code == 0 && is_copy)
		code = hgt_journal_commit(store->journal, err);
	else
		hgt_journal_rollback(store->journal);
	if (code == 0 && is_copy)
		hgt_log(HGT_LOG_WARNING, "journal", "this is a backup that was put in place: it goes on under a new id",
			HGT_S("journal", hgt_journal_id(store->journal)), HGT_I("after", seq - 1));
	hgt_buf_release(&data);
	return code;
}

int store_new(struct daemon *daemon, struct store **out, struct hgt_error *err)
{
	struct store *store = calloc(1, sizeof(*store));
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	if (!store)
		return hgt_error_nomem(err);
	store->daemon = daemon;
	store->fd = -1;
	store->todo.last = &store->todo.head;
	store->ended.last = &store->ended.head;
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->work, NULL);
	store->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (store->fd < 0) {
		code = hgt_error_set_errno(err, "cannot make an eventfd");
		goto out;
	}
	hgt_buf_addf(&path, "%s/" HGT_JOURNAL_FILE, daemon->config->state);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_journal_open(path.data, HGT_JOURNAL_WRITE, &store->journal, err);
	if (code == 0)
		code = take_over(store, err);
	if (code == 0)
		code = log_move_new(path.data, &store->log, err);
	if (code < 0)
		goto out;
	store->wake = event_new(daemon->base, store->fd, EV_READ | EV_PERSIST, on_wake, store);
	if (!store->wake || event_add(store->wake, NULL) < 0) {
		code = hgt_error_nomem(err);
		goto out;
	}
	code = start_thread(store, err);
	if (code == 0) {
		*out = store;
		store = NULL;
	}
out:
	hgt_buf_release(&path);
	store_free(store);
	return code;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	if (store->running) {
		pthread_mutex_lock(&store->lock);
		store->stopping = true;
		pthread_cond_signal(&store->work);
		pthread_mutex_unlock(&store->lock);
		pthread_join(store->thread, NULL);
		hand_over(store);
	}
	if (store->wake)
		event_free(store->wake);
	log_move_free(store->log);
	hgt_journal_close(store->journal);
	if (store->fd >= 0)
		close(store->fd);
	pthread_cond_destroy(&store->work);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

const char *store_trouble(const struct store *store)
{
	return store->trouble.code < 0 ? store->trouble.message : NULL;
}

int store_submit(struct store *store, store_run_cb run, store_done_cb done, void *job, struct hgt_error *err)
{
	struct item *item = calloc(1, sizeof(*item));
	bool stopping;

	if (!item)
		return hgt_error_nomem(err);
	item->run = run;
	item->done = done;
	item->job = job;
	item->config = hgt_config_ref(store->daemon->config);
	item->since_us = hgt_time_mono_us();
	item->last_event = &item->events;
	pthread_mutex_lock(&store->lock);
	stopping = store->stopping;
	if (!stopping) {
		queue_add(&store->todo, item);
		store->queued++;
		pthread_cond_signal(&store->work);
	}
	pthread_mutex_unlock(&store->lock);
	if (stopping) {
		hgt_config_unref(item->config);
		free(item);
		return hgt_error_set(err, HGT_EUNAVAILABLE, "the daemon is stopping");
	}
	store->pending++;
	return 0;
}

void store_stats(struct store *store, struct store_stats *out)
{
	int64_t now = hgt_time_mono_us();

	pthread_mutex_lock(&store->lock);
	*out = store->stats;
	out->queued = store->queued;
	out->oldest_ms = store->todo.head ? (now - store->todo.head->since_us) / 1000 : 0;
	pthread_mutex_unlock(&store->lock);
	log_move_stats(store->log, &out->log);
	out->trouble = store_trouble(store);
}

size_t store_pending(const struct store *store)
{
	return store->pending;
}
