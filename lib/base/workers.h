/*
 * A small pool of threads for what must not block an event loop.
 *
 *	struct hgt_workers *w;
 *	hgt_workers_new(2, &w, &err);
 *	(watch hgt_workers_fd(w) for reading; when it is readable call hgt_workers_dispatch(w))
 *	hgt_workers_submit(w, walk, walked, job, &err);
 *	hgt_workers_free(w);
 *
 * `run` is called on a worker with the job; when it has returned, `done` is called with it from hgt_workers_dispatch, on
 * the thread that dispatches. Jobs start in the order of submission; with one thread they also end in it.
 *
 * A thread is started when a job finds none that is idle, up to their number, and stays: a pool that is not used costs nothing.
 */
#ifndef HEADGATE_BASE_WORKERS_H
#define HEADGATE_BASE_WORKERS_H

#include "base/error.h"

struct hgt_workers;
typedef void (*hgt_workers_cb)(void *job);

int hgt_workers_new(unsigned threads, struct hgt_workers **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Ends the threads after what has been submitted has run, then calls the remaining `done`s. NULL is fine. */
void hgt_workers_free(struct hgt_workers *workers);

/* An eventfd that is readable when a job has ended; owned by the pool. */
int hgt_workers_fd(const struct hgt_workers *workers);

/* The job stays the caller's; `done` may free it. On HGT_ENOMEM (no memory, or not one thread can be had) nothing was submitted. */
int hgt_workers_submit(struct hgt_workers *workers, hgt_workers_cb run, hgt_workers_cb done, void *job,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Call `done` for what has ended; never blocks. */
void hgt_workers_dispatch(struct hgt_workers *workers);

/* Jobs submitted whose `done` has not been called yet; of NULL none. */
unsigned hgt_workers_pending(const struct hgt_workers *workers);

#endif
