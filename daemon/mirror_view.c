/* How mirrors are: their numbers, and copies one by one. */
#include "base/timing.h"
#include "daemon/mirror_manifest.h"
#include "daemon/mirror_parts.h"
#include "mirror/remote.h"

/* Of two peers the one that leads is what the other is to be in step with, whatever it was when it followed. */
static bool copy_leads(const struct copy *copy)
{
	const struct mirror *mirror = copy->mirror;

	return mirror->config && mirror->config->peer != HGT_MIRROR_ALONE && mirror->leads;
}

static void add_stats(const struct mirror *mirror, int64_t now, struct mirrors_stats *out)
{
	int64_t unread = mirror_manifest_unread_ms(mirror);

	out->mirrors++;
	out->follows = out->follows || mirror->manifest;
	out->unread_ms = unread > out->unread_ms ? unread : out->unread_ms;
	out->copies += mirror->n_copies;
	out->turns += mirror->turns;
	out->failed += mirror->failed;
	out->bytes += mirror->bytes;
	for (size_t i = 0; i < mirror->n_copies; i++) {
		const struct copy *copy = mirror->copies[i];
		int64_t since = copy_leads(copy) ? 0 : copy->row.since_ms;

		out->by_state[copy_leads(copy) ? HGT_COPY_IN_STEP : copy->row.state]++;
		out->paused += copy->row.paused || mirror->paused;
		out->running += copy->turn != NULL;
		out->waiting += copy->waiter.waits;
		/* At least a millisecond, for it is behind; a clock that was set back must not hide it. */
		if (since && out->oldest_ms < now - since)
			out->oldest_ms = now - since;
		if (since && out->oldest_ms < 1)
			out->oldest_ms = 1;
	}
}

void mirrors_stats(const struct mirrors *m, struct mirrors_stats *out)
{
	const struct mirror *mirror;
	int64_t now = hgt_time_now_ms();

	*out = (struct mirrors_stats){0};
	TAILQ_FOREACH(mirror, &m->list, entry)
		add_stats(mirror, now, out);
}

const char *mirrors_next(const struct mirrors *m, size_t *pos, struct mirrors_stats *out)
{
	const struct mirror *mirror = TAILQ_FIRST(&m->list);

	for (size_t i = 0; mirror && i < *pos; i++)
		mirror = TAILQ_NEXT(mirror, entry);
	if (!mirror)
		return NULL;
	++*pos;
	*out = (struct mirrors_stats){0};
	add_stats(mirror, hgt_time_now_ms(), out);
	return mirror->name;
}

bool mirrors_has(const struct mirrors *m, const char *name)
{
	return mirrors_find(m, name) != NULL;
}

static int view(const struct copy *copy, copy_view_cb cb, void *ctx)
{
	const struct turn *turn = copy->turn;
	struct hgt_copy_row row = copy->row;
	struct hgt_buf url = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct copy_view out = {.mirror = copy->mirror->name, .repo = copy->repo, .direction = copy->mirror->config->direction, .row = &row,
		.running = turn || copy->ending, .waiting = copy->waiter.waits,
		.phase = turn && turn->phase ? turn->phase : copy->ending ? "noting" : ""};
	int code;

	row.paused |= copy->mirror->paused;
	if (copy_leads(copy)) {
		row.state = HGT_COPY_IN_STEP;
		row.error = "";
		row.since_ms = row.next_ms = 0;
	}
	out.url = hgt_remote_url(copy->mirror->url, copy->repo, &url, &err) == 0 && !url.failed ? url.data : copy->mirror->url;
	if (turn) {
		out.percent = turn->percent;
		out.objects = turn->objects;
		out.objects_total = turn->objects_total;
		out.phase_bytes = turn->phase_bytes;
	}
	code = cb(ctx, &out);
	hgt_buf_release(&url);
	return code;
}

void mirrors_walk(const struct mirrors *m, const char *name, const char *after_mirror, const char *after_repo, copy_view_cb cb, void *ctx)
{
	const struct mirror *mirror;

	TAILQ_FOREACH(mirror, &m->list, entry) {
		int order = strcmp(mirror->name, after_mirror);
		size_t i = order == 0 ? mirror_place_of(mirror, after_repo) : 0;

		if (order < 0 || (name && strcmp(mirror->name, name) != 0))
			continue;
		if (order == 0 && i < mirror->n_copies && !strcmp(mirror->copies[i]->repo, after_repo))
			i++;
		for (; i < mirror->n_copies; i++)
			if (view(mirror->copies[i], cb, ctx))
				return;
	}
}
