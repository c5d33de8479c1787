/* A small pool of threads for what must not block an event loop. */
#include "base/workers.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/thread.h"

struct item {
	struct item *next;
	hgt_workers_cb run;
	hgt_workers_cb done;
	void *job;
};

struct queue {
	struct item *head;
	struct item **tail;
};

struct hgt_workers {
	pthread_mutex_t lock;	/* guards what follows up to stopping */
	pthread_cond_t wake;
	struct queue todo;
	struct queue ended;
	unsigned waiting;	/* items in todo */
	unsigned idle;		/* threads that wait for one */
	bool stopping;
	int fd;
	unsigned pending;	/* this and what follows: the dispatching thread's own */
	unsigned threads, most;
	pthread_t ids[];
};

static void queue_add(struct queue *q, struct item *item)
{
	item->next = NULL;
	*q->tail = item;
	q->tail = &item->next;
}

static struct item *queue_take(struct queue *q)
{
	struct item *item = q->head;

	if (item) {
		q->head = item->next;
		if (!q->head)
			q->tail = &q->head;
	}
	return item;
}

static void *work(void *arg)
{
	struct hgt_workers *w = arg;
	const uint64_t one = 1;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct item *item = queue_take(&w->todo);

		if (item) {
			w->waiting--;
			pthread_mutex_unlock(&w->lock);
			item->run(item->job);
			pthread_mutex_lock(&w->lock);
			queue_add(&w->ended, item);
			/* An eventfd takes 2^64-2 wake-ups before it would block. */
			if (write(w->fd, &one, sizeof(one)) < 0)
				continue;
		} else if (w->stopping) {
			break;
		} else {
			w->idle++;
			pthread_cond_wait(&w->wake, &w->lock);
			w->idle--;
		}
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int hgt_workers_new(unsigned threads, struct hgt_workers **out, struct hgt_error *err)
{
	struct hgt_workers *w = calloc(1, sizeof(*w) + threads * sizeof(pthread_t));

	if (!w)
		return hgt_error_nomem(err);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->fd < 0) {
		free(w);
		return hgt_error_set_errno(err, "cannot make an eventfd");
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->todo.tail = &w->todo.head;
	w->ended.tail = &w->ended.head;
	w->most = threads;
	*out = w;
	return 0;
}

/* 0, or the number of an error. */
static int start_thread(struct hgt_workers *w)
{
	int failed = hgt_thread_start(&w->ids[w->threads], 1024 * 1024, work, w);

	if (!failed)
		w->threads++;
	return failed;
}

void hgt_workers_free(struct hgt_workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->threads; i++)
		pthread_join(w->ids[i], NULL);
	hgt_workers_dispatch(w);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	close(w->fd);
	free(w);
}

int hgt_workers_fd(const struct hgt_workers *w)
{
	return w->fd;
}

int hgt_workers_submit(struct hgt_workers *w, hgt_workers_cb run, hgt_workers_cb done, void *job, struct hgt_error *err)
{
	struct item *item = malloc(sizeof(*item));
	bool too_few;
	int failed = 0;

	if (!item)
		return hgt_error_nomem(err);
	item->run = run;
	item->done = done;
	item->job = job;
	pthread_mutex_lock(&w->lock);
	too_few = w->waiting >= w->idle && w->threads < w->most;
	pthread_mutex_unlock(&w->lock);
	/* Where one is there already the job only waits longer. */
	if (too_few)
		failed = start_thread(w);
	if (failed && w->threads == 0) {
		free(item);
		return hgt_error_set(err, HGT_ENOMEM, "cannot start a worker thread: %s", strerror(failed));
	}
	pthread_mutex_lock(&w->lock);
	queue_add(&w->todo, item);
	w->waiting++;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	w->pending++;
	return 0;
}

void hgt_workers_dispatch(struct hgt_workers *w)
{
	uint64_t count;

	if (read(w->fd, &count, sizeof(count)) < 0)
		count = 0;
	for (;;) {
		struct item *item;

		pthread_mutex_lock(&w->lock);
		item = queue_take(&w->ended);
		pthread_mutex_unlock(&w->lock);
		if (!item)
			return;
		w->pending--;
		if (item->done)
			item->done(item->job);
		free(item);
	}
}

unsigned hgt_workers_pending(const struct hgt_workers *w)
{
	return w ? w->pending : 0;
}
