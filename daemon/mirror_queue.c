/* Turns begin, in the order that mirror/turns.h has for them; the clock. */
#include <event2/event.h>
#include <event2/util.h>

#include "base/log.h"
#include "base/timing.h"
#include "daemon/hub.h"
#include "daemon/mirror_manifest.h"
#include "daemon/mirror_parts.h"
#include "daemon/repos.h"
#include "mirror/remote.h"

#define COPY_OF(pointer, member) ((struct copy *)((char *)(pointer) - offsetof(struct copy, member)))

uint64_t mirrors_dice(void)
{
	uint64_t dice;

	evutil_secure_rng_get_bytes(&dice, sizeof(dice));
	return dice;
}

void turn_free(struct turn *turn)
{
	turn_refs_free(turn->turn_refs);
	hgt_config_unref(turn->config);
	free(turn->url);
	free(turn->path);
	copy_unref(turn->copy);
	free(turn);
}

static const struct hgt_config_mirror *find_config(const struct hgt_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_mirrors; i++)
		if (!strcmp(config->mirrors[i].name, name))
			return &config->mirrors[i];
	return NULL;
}

static int turn_new(struct copy *copy, struct turn **out, struct hgt_error *err)
{
	struct mirrors *m = copy->mirror->mirrors;
	const struct repo *repo = repos_find(m->daemon->repos, copy->repo);
	struct turn *turn = calloc(1, sizeof(*turn));
	const struct hgt_manifest_entry *entry;
	struct hgt_buf url = HGT_BUF_INIT;
	int code;

	if (!turn)
		return hgt_error_nomem(err);
	turn->copy = copy_ref(copy);
	turn->daemon = m->daemon;
	turn->config = hgt_config_ref(m->config);
	turn->mirror = find_config(m->config, copy->mirror->name);
	turn->last_ref = &turn->turn_refs;
	turn->phase = "";
	turn->verify = copy->verify;
	turn->routine = copy->routine;
	entry = mirror_manifest_entry(copy->mirror, copy->repo);
	if (entry)
		memcpy(turn->print, entry->fingerprint, sizeof(turn->print));
	turn->accept = copy->accept;
	turn->seq = hub_head(m->daemon->hub);
	turn->began_ms = hgt_time_mono_ms();
	code = hgt_remote_url(copy->mirror->url, copy->repo, &url, err);
	if (code == 0)
		code = hgt_buf_check(&url, err);
	if (code == 0) {
		turn->url = hgt_buf_take(&url);
		turn->path = repo ? strdup(repo->path) : NULL;
		if (!turn->url || (repo && !turn->path))
			code = hgt_error_nomem(err);
	}
	hgt_buf_release(&url);
	if (code == 0)
		*out = turn;
	else
		turn_free(turn);
	return code;
}

static void begin_turn(struct copy *copy)
{
	struct mirrors *m = copy->mirror->mirrors;
	struct hgt_error err = {0};
	struct turn *turn = NULL;

	copy->wanted = copy->urgent = false;
	if (turn_new(copy, &turn, &err) < 0) {
		hgt_turns_end(&m->turns, &copy->waiter);
		copy_failed(copy, &err);
		return;
	}
	copy->verify = copy->routine = copy->accept = false;
	copy->later = 0;
	copy->turn = turn;
	TAILQ_INSERT_TAIL(&m->running, turn, entry);
	if (copy->unlisted)
		turn_not_listed(turn);
	else if (copy->mirror->way->begin(turn, &err) == 0)
		copy_step(copy);
	else
		turn_not_begun(turn, &err);
}

void turn_stop(struct turn *turn)
{
	if (turn->stopping)
		return;
	turn->stopping = true;
	turn->copy->mirror->way->stop(turn);
}

void mirrors_on_pump(int fd, short what, void *arg)
{
	struct mirrors *m = arg;
	struct hgt_turns_waiter *waiter;

	(void)fd, (void)what;
	while (!m->draining && (waiter = hgt_turns_next(&m->turns)))
		begin_turn(COPY_OF(waiter, waiter));
}

void mirrors_pump_soon(struct mirrors *m)
{
	const struct timeval now = {0};

	if (m->draining || !m->daemon->ready || !m->turns.waiting || evtimer_pending(m->pump, NULL))
		return;
	if (evtimer_add(m->pump, &now) < 0)
		hgt_log(HGT_LOG_ERROR, "mirrors", "no timer: mirrors wait until there is one");
}

/* One timer, for whichever copy comes first; none where there is nothing to be done. */
void mirrors_set_clock(struct mirrors *m)
{
	const struct hgt_heap_item *first = hgt_heap_first(&m->due);
	int64_t due = first && !m->draining ? first->key : INT64_MAX, wait = due - hgt_time_mono_ms();
	struct timeval in;

	if (due == m->clock_ms)
		return;
	m->clock_ms = due;
	if (due == INT64_MAX) {
		evtimer_del(m->clock);
		return;
	}
	wait = wait < 0 ? 0 : wait;
	in = (struct timeval){.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
	if (evtimer_add(m->clock, &in) < 0)
		hgt_log(HGT_LOG_ERROR, "mirrors", "no timer: mirrors wait until there is one");
}

void mirrors_on_clock(int fd, short what, void *arg)
{
	struct mirrors *m = arg;
	struct hgt_heap_item *first;
	int64_t now = hgt_time_mono_ms();

	(void)fd, (void)what;
	m->clock_ms = INT64_MAX;
	while ((first = hgt_heap_first(&m->due)) && first->key <= now) {
		/* What it does next it will say; should it say nothing, it is not asked over and over. */
		if (hgt_heap_put(&m->due, first, INT64_MAX) == 0)
			copy_due(COPY_OF(first, due));
	}
	mirrors_set_clock(m);
}
