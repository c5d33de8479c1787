/* One copy: what makes it wanted, and when; alerts. */
#include "base/log.h"
#include "base/timing.h"
#include "daemon/mirror_manifest.h"
#include "daemon/mirror_parts.h"
#include "headgate/protocol.h"
#include "mirror/remote.h"

#define START_SPREAD_MS 30000	/* over which looks that were due while the daemon was away are spread */
#define VERIFY_SPREAD_MS (3600 * 1000)
#define AGAIN_MS 60000		/* after an alert that could not be written */

static char no_error[] = "";

/* Memory. */

struct copy *copy_ref(struct copy *copy)
{
	copy->refs++;
	return copy;
}

void copy_set_error(struct copy *copy, const char *text)
{
	char *own = *text ? strdup(text) : no_error;

	if (copy->row.error != no_error)
		free((char *)copy->row.error);
	copy->row.error = own ? own : no_error;
}

void copy_set_state(struct copy *copy, enum hgt_copy_state state)
{
	struct mirror *mirror = copy->mirror;

	if (!copy->gone)
		mirror->n_failing += (state == HGT_COPY_FAILING) - (copy->row.state == HGT_COPY_FAILING);
	copy->row.state = state;
}

void copy_unref(struct copy *copy)
{
	struct mirror *mirror;

	if (!copy || --copy->refs)
		return;
	mirror = copy->mirror;
	hgt_turns_leave(&mirror->mirrors->turns, &copy->waiter);
	hgt_heap_remove(&mirror->mirrors->due, &copy->due);
	copy_unlist(copy);
	copy_unref(copy->held);
	copy_set_error(copy, "");
	free(copy->repo);
	free(copy);
	mirror_unref(mirror);
}

int copy_new(struct mirror *mirror, const char *repo, struct copy **out, struct hgt_error *err)
{
	struct copy *copy = calloc(1, sizeof(*copy));
	struct hgt_buf url = HGT_BUF_INIT, host = HGT_BUF_INIT;
	int code;

	if (!copy)
		return hgt_error_nomem(err);
	copy->refs = 1;
	copy->mirror = mirror;
	mirror->refs++;
	copy->repo = strdup(repo);
	copy->row = (struct hgt_copy_row){.mirror = mirror->name, .repo = copy->repo, .error = no_error};
	code = hgt_remote_url(mirror->url, repo, &url, err);
	if (code == 0)
		code = hgt_remote_host(url.data, &host, err);
	if (code == 0 && (!copy->repo || hgt_turns_join(&mirror->mirrors->turns, &mirror->lane, &copy->waiter, host.data) < 0 ||
		hgt_heap_put(&mirror->mirrors->due, &copy->due, INT64_MAX) < 0))
		code = hgt_error_nomem(err);
	hgt_buf_release(&url);
	hgt_buf_release(&host);
	if (code == 0)
		*out = copy;
	else
		copy_unref(copy);
	return code;
}

int copy_take_row(struct copy *copy, const struct hgt_copy_row *row, struct hgt_error *err)
{
	const char *mirror = copy->row.mirror, *repo = copy->row.repo;
	char *error = *row->error ? strdup(row->error) : no_error;

	if (!error)
		return hgt_error_nomem(err);
	copy_set_error(copy, "");
	copy_set_state(copy, row->state);
	copy->row = *row;
	copy->row.mirror = mirror;
	copy->row.repo = repo;
	copy->row.error = error;
	copy->known_behind = row->state != HGT_COPY_IN_STEP;
	return 0;
}

/* The list of those whose moves the disk may not know. */

void copy_unlist(struct copy *copy)
{
	if (!copy->unsettled)
		return;
	TAILQ_REMOVE(&copy->mirror->mirrors->unsettled, copy, entry);
	copy->unsettled = 0;
}

static void list(struct copy *copy, uint64_t seq)
{
	struct copy_list *all = &copy->mirror->mirrors->unsettled;
	struct copy *before = TAILQ_LAST(all, copy_list);

	copy->unsettled = seq;
	while (before && before->unsettled > seq)
		before = TAILQ_PREV(before, copy_list, entry);
	if (before)
		TAILQ_INSERT_AFTER(all, before, copy, entry);
	else
		TAILQ_INSERT_HEAD(all, copy, entry);
}

/* Times. */

/* From half-open [0, most]. */
static int64_t by_chance(int64_t most)
{
	return most > 0 ? (int64_t)(mirrors_dice() % ((uint64_t)most + 1)) : 0;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

bool copy_is_paused(const struct copy *copy)
{
	const struct mirror *mirror = copy->mirror;

	return copy->row.paused || mirror->paused || (mirror->config && mirror->config->peer != HGT_MIRROR_ALONE && !mirror->may_pull);
}

/* How long until it is late. A wall clock that was set back makes nobody wait longer than once the whole time. */
static int64_t alert_wait(const struct copy *copy, int64_t now_ms)
{
	int64_t whole = (int64_t)copy->mirror->config->alert_after * 1000;

	return clamp(copy->row.since_ms + whole - now_ms, 0, whole);
}

void copy_set_since(struct copy *copy, int64_t now_ms)
{
	if (copy->row.since_ms)
		return;
	copy->row.since_ms = now_ms;
	copy->alert_ms = hgt_time_mono_ms() + alert_wait(copy, now_ms);
}

/* The next looks that nobody asks for, from now on. */
void copy_set_looks(struct copy *copy, bool verified)
{
	const struct hgt_config_mirror *config = copy->mirror->config;
	int64_t every = (int64_t)config->every * 1000, verify = (int64_t)config->verify_every * 1000, now = hgt_time_mono_ms();

	copy->look_ms = 0;
	if (config->direction == HGT_MIRROR_PULL && every && !mirror_manifest_leads(copy->mirror))
		copy->look_ms = now + every + by_chance(every / 10);
	if (!verify)
		copy->verify_ms = 0;
	else if (verified || !copy->verify_ms)
		copy->verify_ms = now + verify + by_chance(verify / 10);
}

/* When something is to be done that nobody else will cause. */
static int64_t next_due(const struct copy *copy)
{
	int64_t next = INT64_MAX;

	if (copy->gone || copy->mirror->mirrors->draining || copy_is_paused(copy))
		return next;
	if (copy->row.since_ms && !copy->row.alerted)
		next = copy->alert_ms;
	if (copy->turn || copy->ending || copy->held || !copy->mirror->known || mirror_manifest_awaited(copy->mirror))
		return next;
	if (copy->wanted && !copy->waiter.waits && copy->due_ms < next)
		next = copy->due_ms;
	if (!copy->wanted && copy->look_ms && copy->look_ms < next)
		next = copy->look_ms;
	if (!copy->wanted && copy->verify_ms && copy->verify_ms < next)
		next = copy->verify_ms;
	return next;
}

void copy_step(struct copy *copy)
{
	struct mirrors *m = copy->mirror->mirrors;
	bool stands = !copy->gone && !m->draining && !copy->turn && !copy->ending && !copy->held && !copy_is_paused(copy) &&
		copy->mirror->known && !mirror_manifest_awaited(copy->mirror);

	/* What nobody has looked at is behind from when it may be. */
	if (stands && copy->row.state == HGT_COPY_NEW)
		copy_set_since(copy, hgt_time_now_ms());
	if (stands && copy->wanted && (copy->urgent || copy->due_ms <= hgt_time_mono_ms())) {
		hgt_turns_wait(&m->turns, &copy->waiter, copy->urgent);
		mirrors_pump_soon(m);
	} else if (!stands) {
		hgt_turns_give_up(&m->turns, &copy->waiter);
	}
	/* It has been in the heap since it was made, so there is room. */
	if (copy->due.place && hgt_heap_put(&m->due, &copy->due, next_due(copy)) == 0)
		mirrors_set_clock(m);
}

/* What makes it wanted. */

static void save_row(struct copy *copy)
{
	struct save *save = save_new(copy->mirror->mirrors);
	struct hgt_error err = {0};

	if (save && save_copy(save, copy, &err) == 0)
		save_submit(save, NULL, NULL);
	else
		save_free(save);
}

void copy_moved(struct copy *copy, uint64_t seq)
{
	if (copy->gone)
		return;
	if (seq && copy->mirror->direction == HGT_MIRROR_PUSH && !copy->known_behind && !copy->unsettled)
		list(copy, seq);
	if ((copy->turn || copy->ending) && !copy->later)
		copy->later = seq ? seq : 1;
	if (copy->row.state == HGT_COPY_IN_STEP)
		copy_set_state(copy, HGT_COPY_BEHIND);
	copy_set_since(copy, hgt_time_now_ms());
	copy->wanted = true;
	/* It may stay so for long, and the others are not to wait for it. */
	if (copy->unsettled && copy_is_paused(copy) && !copy->writing)
		save_row(copy);
	copy_step(copy);
}

void copy_want(struct copy *copy)
{
	copy_moved(copy, 0);
}

void copy_look(struct copy *copy, bool urgent)
{
	if (copy->gone)
		return;
	copy->wanted = true;
	if (urgent) {
		copy->urgent = true;
		copy->due_ms = 0;
	}
	copy_step(copy);
}

void copy_start(struct copy *copy)
{
	int64_t now = hgt_time_mono_ms(), wall = hgt_time_now_ms();
	const struct hgt_config_mirror *config = copy->mirror->config;
	const struct hgt_copy_row *row = &copy->row;

	copy_set_looks(copy, false);
	if (row->since_ms)
		copy->alert_ms = now + alert_wait(copy, wall);
	/* How what was on its way has ended is not known, so it is asked. */
	if (row->state != HGT_COPY_IN_STEP)
		copy->wanted = copy->verify = true;
	if (row->state == HGT_COPY_FAILING)
		copy->due_ms = now + clamp(row->next_ms - wall, 0, (int64_t)config->retry_most * 1000);
	/* Looks that came due while nobody was there come soon, and not all at once. */
	if (config->direction == HGT_MIRROR_PULL && !mirror_manifest_leads(copy->mirror))
		copy->look_ms = now + by_chance(config->every ? clamp((int64_t)config->every * 1000, 0, START_SPREAD_MS) : START_SPREAD_MS);
	if (copy->verify_ms) {
		int64_t whole = (int64_t)config->verify_every * 1000, left = clamp(row->verified_ms + whole - wall, 0, whole);

		copy->verify_ms = now + left + by_chance(clamp(whole / 10, 0, VERIFY_SPREAD_MS));
	}
	copy_step(copy);
}

/* Its moves are on disk as something to be done before they are known no more. */
void copy_end(struct copy *copy)
{
	if (copy->unsettled && !copy->mirror->gone)
		save_row(copy);
	copy->mirror->n_failing -= copy->row.state == HGT_COPY_FAILING;
	copy->gone = true;
	copy->wanted = false;
	copy_unlist(copy);
	copy_step(copy);
	if (copy->turn)
		turn_stop(copy->turn);
}

void copy_replan(struct copy *copy)
{
	copy_set_looks(copy, true);
	if (copy->row.since_ms)
		copy->alert_ms = hgt_time_mono_ms() + alert_wait(copy, hgt_time_now_ms());
	copy_step(copy);
}

/* Its time has come. */

static void on_late_told(void *ctx, int code, const struct hgt_error *err)
{
	struct copy *copy = ctx;

	(void)err;
	if (code < 0) {
		copy->row.alerted = false;
		copy->alert_ms = hgt_time_mono_ms() + AGAIN_MS;
		copy_step(copy);
	}
	copy_unref(copy);
}

static void tell_late(struct copy *copy)
{
	struct save *save = save_new(copy->mirror->mirrors);
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_error err = {0};

	copy->row.alerted = true;
	mirror_write_late(copy, &data);
	copy_ref(copy);
	if (save && save_event(save, HGT_EVENT_MIRROR_LATE, copy->mirror->name, copy->repo, &data, &err) == 0 &&
		save_copy(save, copy, &err) == 0) {
		hgt_log(HGT_LOG_WARNING, "mirrors", "a copy is late", HGT_S("mirror", copy->mirror->name), HGT_S("repo", copy->repo),
			HGT_I("seconds", (hgt_time_now_ms() - copy->row.since_ms) / 1000), HGT_S("error", copy->row.error));
		save_submit(save, on_late_told, copy);
	} else {
		save_free(save);
		on_late_told(copy, HGT_ENOMEM, &err);
	}
	hgt_buf_release(&data);
}

void copy_due(struct copy *copy)
{
	int64_t now = hgt_time_mono_ms();

	if (copy->row.since_ms && !copy->row.alerted && copy->alert_ms <= now && !copy_is_paused(copy))
		tell_late(copy);
	if (!copy->turn && !copy->ending && !copy->wanted) {
		if (copy->verify_ms && copy->verify_ms <= now) {
			copy->routine = !copy->verify;
			copy->wanted = copy->verify = true;
		}
		if (copy->look_ms && copy->look_ms <= now)
			copy->wanted = true;
	}
	copy_step(copy);
}

/* Its row is on disk. Where it has been written again since, the one that comes last counts. */
void copy_saved(struct copy *copy, const struct hgt_copy_row *row)
{
	bool is_last = copy->writing == 1;

	if (copy->gone)
		return;
	if (row->state != HGT_COPY_IN_STEP) {
		if (!is_last)
			return;
		copy->known_behind = true;
		copy_unlist(copy);
		return;
	}
	if (copy->unsettled && copy->unsettled <= row->seq) {
		copy_unlist(copy);
		if (copy->later)
			list(copy, copy->later);
	}
}
