/* Work in two halves, the first of which runs ahead. */
#include "base/ahead.h"

#include <sched.h>
#include <stdbool.h>

#include "base/thread.h"

enum { HELPERS_MAX = 3 };

/* Items are numbered as they come; the i-th is items[i % n]. Up to `finished` they are done with, up to `claimed` somebody prepares
 * them or has, up to `submitted` they wait for that. */
struct hgt_ahead {
	struct hgt_ahead_plan plan;
	pthread_mutex_t lock;		/* guards all below but `finished` and `started`, which are the caller's alone */
	pthread_cond_t work, done;
	size_t submitted, claimed, finished;
	bool stopping;
	unsigned started;
	bool *prepared;			/* of items */
	pthread_t threads[HELPERS_MAX];
};

unsigned hgt_ahead_helpers(void)
{
	cpu_set_t cpus;
	int n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;

	return n > HELPERS_MAX ? HELPERS_MAX : n > 1 ? (unsigned)n - 1 : 0;
}

int hgt_ahead_new(const struct hgt_ahead_plan *plan, struct hgt_ahead **out, struct hgt_error *err)
{
	struct hgt_ahead *a = calloc(1, sizeof(*a));
	bool *prepared = calloc(plan->n, sizeof(*prepared));

	if (!a || !prepared) {
		free(a);
		free(prepared);
		return hgt_error_nomem(err);
	}
	a->plan = *plan;
	if (a->plan.threads > HELPERS_MAX)
		a->plan.threads = HELPERS_MAX;
	a->prepared = prepared;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->work, NULL);
	pthread_cond_init(&a->done, NULL);
	*out = a;
	return 0;
}

void hgt_ahead_free(struct hgt_ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stopping = true;
	pthread_cond_broadcast(&a->work);
	pthread_mutex_unlock(&a->lock);
	for (unsigned i = 0; i < a->started; i++)
		pthread_join(a->threads[i], NULL);
	pthread_cond_destroy(&a->done);
	pthread_cond_destroy(&a->work);
	pthread_mutex_destroy(&a->lock);
	free(a->prepared);
	free(a);
}

static void *item_at(const struct hgt_ahead *a, size_t i)
{
	return (char *)a->plan.items + i % a->plan.n * a->plan.size;
}

/* Prepare the first item that waits. Called and left with the lock held. */
static void prepare_next(struct hgt_ahead *a)
{
	size_t i = a->claimed++;

	pthread_mutex_unlock(&a->lock);
	a->plan.prepare(item_at(a, i));
	pthread_mutex_lock(&a->lock);
	a->prepared[i % a->plan.n] = true;
	pthread_cond_signal(&a->done);
}

static void *help(void *arg)
{
	struct hgt_ahead *a = arg;

	pthread_mutex_lock(&a->lock);
	while (!a->stopping) {
		if (a->claimed < a->submitted)
			prepare_next(a);
		else
			pthread_cond_wait(&a->work, &a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* One more thread; without it the caller has more to do. */
static void start_helper(struct hgt_ahead *a)
{
	if (hgt_thread_start(&a->threads[a->started], 1024 * 1024, help, a) == 0)
		a->started++;
	else
		a->plan.threads = a->started;
}

static int finish_oldest(struct hgt_ahead *a, struct hgt_error *err)
{
	size_t i = a->finished++;
	bool *prepared = &a->prepared[i % a->plan.n];

	pthread_mutex_lock(&a->lock);
	while (!*prepared) {
		if (a->claimed < a->submitted)
			prepare_next(a);
		else
			pthread_cond_wait(&a->done, &a->lock);
	}
	*prepared = false;
	pthread_mutex_unlock(&a->lock);
	return a->plan.finish(a->plan.ctx, item_at(a, i), err);
}

int hgt_ahead_room(struct hgt_ahead *a, void **item, struct hgt_error *err)
{
	int code = a->submitted - a->finished == a->plan.n ? finish_oldest(a, err) : 0;

	*item = item_at(a, a->submitted);
	return code;
}

void hgt_ahead_submit(struct hgt_ahead *a)
{
	bool many;

	pthread_mutex_lock(&a->lock);
	a->submitted++;
	/* Somebody who sleeps is not woken for each item: that costs more than to wait for some. */
	many = a->submitted - a->claimed > a->plan.n / 2;
	if (many)
		pthread_cond_signal(&a->work);
	pthread_mutex_unlock(&a->lock);
	if (many && a->started < a->plan.threads)
		start_helper(a);
}

int hgt_ahead_finish(struct hgt_ahead *a, struct hgt_error *err)
{
	int code = 0;

	while (code == 0 && a->finished < a->submitted)
		code = finish_oldest(a, err);
	return code;
}
