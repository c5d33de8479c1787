/* The manifest that is published: when it is written. What is in it: manifest_job.c. */
#include "daemon/manifest.h"

#include <event2/event.h>

#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/manifest_job.h"
#include "daemon/repos.h"

enum {
	SETTLE_MS = 100,	/* after the first that moves, for others that move with it */
	APART_MS = 1000,	/* between two: whoever looks by a time of whole seconds must see each */
	BEAT_MS = 300 * 1000,	/* between two looks at what nothing tells of */
};

struct manifest {
	struct daemon *daemon;
	struct event *timer;
	struct hgt_map moved;		/* names, each its own key, since the last job began */
	struct manifest_known known;	/* the job's while one runs */
	struct manifest_job *job;
	bool again;			/* there is cause for another */
	bool failing;			/* it has been told */
	int64_t not_before;		/* monotonic ms */
	struct manifest_stats stats;
};

static void set_timer(struct manifest *m, int64_t in_ms)
{
	struct timeval wait = {.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};

	if (event_add(m->timer, &wait) < 0)
		hgt_log(HGT_LOG_ERROR, "manifest", "out of memory for a timer");
}

/* There is something to write. */
static void want(struct manifest *m)
{
	int64_t left = m->not_before - hgt_time_mono_ms();

	if (m->job || m->again || !m->daemon->config->manifest.file) {
		m->again = m->job != NULL || m->again;
		return;
	}
	m->again = true;
	set_timer(m, left > SETTLE_MS ? left : SETTLE_MS);
}

static void forget_moved(struct hgt_map *moved)
{
	const struct hgt_map_entry *entry;
	size_t pos = 0;

	while ((entry = hgt_map_next(moved, &pos)))
		free(entry->value);
	hgt_map_release(moved);
	*moved = (struct hgt_map)HGT_MAP_INIT;
}

void manifest_moved(struct manifest *m, const char *repo)
{
	char *name;

	if (!m || !m->daemon->config->manifest.file)
		return;
	if (!hgt_map_get(&m->moved, repo, strlen(repo))) {
		name = strdup(repo);
		if (!name || hgt_map_put(&m->moved, name, strlen(name), name, NULL) < 0) {
			free(name);
			/* Then all are looked at. */
			m->known.forget = true;
		}
	}
	want(m);
}

void manifest_listed(struct manifest *m)
{
	if (!m)
		return;
	m->stats.published = m->daemon->config->manifest.file != NULL;
	want(m);
}

static void on_done(void *arg)
{
	struct manifest_job *job = arg;
	struct manifest *m = job->ctx;
	bool again = m->again;

	m->job = NULL;
	m->again = false;
	job->known.forget = job->known.forget || m->known.forget;
	m->known = job->known;
	m->not_before = hgt_time_mono_ms() + APART_MS;
	if (job->code < 0) {
		m->stats.failed++;
		if (!m->failing)
			hgt_log(HGT_LOG_ERROR, "manifest",
				"the manifest cannot be written; it is tried again when something moves, and every 5 minutes", HGT_S("file", job->config->manifest.file), HGT_S("error", job->err.message));
		m->failing = true;
	} else {
		if (m->failing)
			hgt_log(HGT_LOG_INFO, "manifest", "the manifest can be written again", HGT_S("file", job->config->manifest.file));
		m->failing = false;
		m->stats.repositories = job->entries;
		m->stats.written += job->written;
		if (job->written)
			m->stats.written_ms = hgt_time_now_ms();
	}
	manifest_job_free(job);
	if (again)
		want(m);
	else if (!m->daemon->stopping)
		set_timer(m, BEAT_MS);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct manifest *m = arg;
	struct hgt_error err = {0};
	struct manifest_job *job = NULL;
	int code;

	(void)fd, (void)what;
	m->again = false;
	if (m->daemon->stopping || m->job || !m->daemon->config->manifest.file)
		return;
	code = manifest_job_new(m->daemon, &m->moved, &job, &err);
	if (code == 0) {
		job->ctx = m;
		job->known = m->known;
		code = hgt_workers_submit(m->daemon->archivers, manifest_job_run, on_done, job, &err);
	}
	if (code < 0) {
		hgt_log(HGT_LOG_ERROR, "manifest", "the manifest cannot be written", HGT_S("error", err.message));
		m->stats.failed++;
		if (job)
			job->known = (struct manifest_known){0};
		manifest_job_free(job);
		m->known.forget = true;
		set_timer(m, BEAT_MS);
		return;
	}
	m->known = (struct manifest_known){0};
	m->job = job;
}

int manifest_new(struct daemon *daemon, struct manifest **out, struct hgt_error *err)
{
	struct manifest *m = calloc(1, sizeof(*m));

	if (!m)
		return hgt_error_nomem(err);
	m->daemon = daemon;
	m->timer = evtimer_new(daemon->base, on_time, m);
	if (!m->timer) {
		manifest_free(m);
		return hgt_error_nomem(err);
	}
	manifest_listed(m);
	*out = m;
	return 0;
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	if (m->timer)
		event_free(m->timer);
	forget_moved(&m->moved);
	manifest_known_release(&m->known);
	free(m);
}

void manifest_stats(const struct manifest *m, struct manifest_stats *out)
{
	*out = m ? m->stats : (struct manifest_stats){0};
}
