/* A target's work that blocks: applying, comparing and saving, on the worker. */
#include <inttypes.h>
#include <malloc.h>

#include "agent/checkout.h"
#include "agent/target_private.h"
#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"

struct work {
	struct target *target;
	struct driver_order order;
	struct driver_result result;
	int code;
	struct hgt_error err;
	struct hgt_buf text;	/* of a save; path of a checkout */
	char tree[HGT_OID_HEX_SHA256 + 1], revision[HGT_OID_HEX_SHA256 + 1], from[HGT_OID_HEX_SHA256 + 1];	/* the order's */
	char kept[HGT_OID_HEX_SHA256 + 1];	/* the tree that was applied */
};

static struct work *work_new(struct target *t)
{
	struct work *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->target = t;
	w->order = (struct driver_order){.target = t->config, .config = t->runner->config, .folder = t->folder.data, .archive = -1, .stop_fd = -1,
		.tree = w->tree, .revision = w->revision, .from = w->from};
	memcpy(w->kept, t->saved.tree, sizeof(w->kept));
	driver_result_init(&w->result);
	hgt_buf_init(&w->text);
	return w;
}

static void work_free(struct work *w)
{
	driver_result_release(&w->result);
	hgt_buf_release(&w->text);
	free(w);
	/* Lists of files come and go with the work; between them the agent is to be small. */
	malloc_trim(0);
}

static int64_t next_compare(const struct target *t)
{
	return t->config->compare_every ? hgt_time_mono_ms() + (int64_t)t->config->compare_every * 1000 : INT64_MAX;
}

/* What a look at the target has told; the operation is the last one. */
static void tell_compared(struct target *t, const struct work *w)
{
	struct outcome o = t->last;

	t->drifted = w->code == 0 && w->result.differing > 0;
	t->synced = w->code == 0 && !t->drifted && t->told && strcmp(t->desired, t->saved.applied) == 0;
	if (t->synced)
		t->failed = false;
	o.desired = t->desired;
	o.applied = t->saved.applied;
	o.look = &w->result;
	if (w->code < 0) {
		o.sync = "Unknown";
		o.health = "Unknown";
		o.message = w->err.message;
	} else if (t->drifted) {
		o.sync = "OutOfSync";
		o.health = w->result.health ? w->result.health : "Degraded";
		o.cause = "drift";
		o.message = w->result.difference.data;
	} else if (t->synced) {
		o.sync = "Synced";
		o.health = w->result.health ? w->result.health : "Healthy";
		o.observed = t->saved.applied;
	}
	/* While another revision is due, or its failure has been told, only trouble is news. */
	if (o.sync && t->told && *t->desired && !(t->failed && w->code == 0))
		target_tell(t, &o);
}

/* Where the driver works from a folder: which one. */
static int find_checkout(struct work *w)
{
	if (!w->target->driver->from_checkout)
		return 0;
	checkout_path(w->order.folder, w->tree, &w->text);
	w->order.checkout = w->text.data;
	return hgt_buf_check(&w->text, &w->err);
}

static void run_compare(void *job)
{
	struct work *w = job;
	const struct driver *driver = w->target->driver;

	w->code = find_checkout(w);
	if (w->code == 0 && driver->from_checkout && !checkout_is_there(w->order.folder, w->tree))
		w->code = hgt_error_set(&w->err, HGT_ENOENT, "the agent's copy of the tree is gone; it is fetched again");
	if (w->code == 0)
		w->code = driver->compare(&w->order, &w->result, &w->err);
}

static void compared(void *job)
{
	struct work *w = job;
	struct target *t = w->target;

	target_set_state(t, TARGET_IDLE);
	t->compare_at = next_compare(t);
	tell_compared(t, w);
	work_free(w);
	target_drive(t);
	runner_settle(t->runner);
}

void target_compare(struct target *t)
{
	struct work *w = work_new(t);

	target_set_state(t, TARGET_COMPARING);
	if (w) {
		memcpy(w->tree, t->saved.tree, sizeof(w->tree));
		memcpy(w->revision, t->saved.applied, sizeof(w->revision));
	}
	if (!w || hgt_workers_submit(t->runner->workers, run_compare, compared, w, NULL) < 0) {
		hgt_log(HGT_LOG_ERROR, "target", "out of memory: not compared", HGT_S("target", t->config->name));
		if (w)
			work_free(w);
		target_set_state(t, TARGET_IDLE);
		t->compare_at = next_compare(t);
	}
}

static void tell_applied(struct target *t, const struct work *w)
{
	hgt_buf_reset(&t->last_message);
	hgt_buf_addf(&t->last_message, "%" PRIu64 " added, %" PRIu64 " modified, %" PRIu64 " removed", w->result.added, w->result.modified,
		w->result.removed);
	t->last = (struct outcome){.operation = "Succeeded", .message = t->last_message.data, .started_ms = t->started_ms,
		.finished_ms = hgt_time_now_ms(), .added = w->result.added, .modified = w->result.modified, .removed = w->result.removed,
		.has_exit_status = w->result.ran, .exit_status = w->result.exit_status};
	tell_compared(t, w);
}

static void tell_failed(struct target *t, const struct work *w)
{
	struct outcome o = {.sync = "OutOfSync", .health = "Degraded", .operation = "Failed",
		.cause = t->drifted ? "drift" : "pending", .desired = t->fetch.revision, .applied = t->saved.applied,
		.look = &w->result, .message = w->err.message, .output = w->result.output.data, .output_len = w->result.output.len,
		.has_exit_status = w->result.ran, .exit_status = w->result.exit_status, .started_ms = t->started_ms,
		.finished_ms = hgt_time_now_ms(), .truncated = w->result.output_cut};

	t->failed = true;
	t->synced = false;
	target_tell(t, &o);
}

static void run_apply(void *job)
{
	struct work *w = job;

	w->code = find_checkout(w);
	if (w->code == 0)
		w->code = target_verify_archive(&w->target->fetch, &w->err);
	if (w->code == 0 && w->order.checkout) {
		w->code = checkout_make(w->order.folder, w->tree, w->order.archive, &w->err);
		w->result.permanent = w->code == HGT_EPARSE || w->code == HGT_ELIMIT || w->code == HGT_EPERM;
	}
	if (w->code == 0)
		w->code = w->target->driver->apply(&w->order, &w->result, &w->err);
	/* The one that was applied before is compared with until another is. */
	if (w->order.checkout)
		checkout_keep(w->order.folder, w->tree, w->code == 0 ? w->tree : w->kept);
}

static void applied(void *job)
{
	struct work *w = job;
	struct target *t = w->target;

	target_set_state(t, TARGET_IDLE);
	t->compare_at = next_compare(t);
	if (w->code == 0) {
		memcpy(t->saved.applied, t->fetch.revision, sizeof(t->saved.applied));
		memcpy(t->saved.tree, t->fetch.tree, sizeof(t->saved.tree));
		target_recipe(t, t->saved.recipe);
		t->saved.unfinished = false;
		t->failed = false;
		t->whole = false;
		t->settled[0] = '\0';
		target_save(t);
		tell_applied(t, w);
		/* An `after` that changes what was placed would have us run in a circle: healing waits longer each time. */
		if (t->drifted)
			target_postpone(t);
		else
			pause_reset(&t->pause);
	} else if (w->result.want_whole) {
		/* Nothing has been touched; the target is still due, and is fetched at once. */
		hgt_log(HGT_LOG_INFO, "target", "the differences do not fit; fetching the whole", HGT_S("target", t->config->name),
			HGT_S("reason", w->err.message));
		t->whole = true;
		t->saved.unfinished = w->order.unfinished;
		target_save(t);
	} else {
		tell_failed(t, w);
		if (w->result.restored)
			t->saved.unfinished = w->order.unfinished;
		if (w->result.permanent)
			target_give_up(t, t->fetch.revision);
		else
			target_postpone(t);
		target_save(t);
	}
	target_fetch_release(t);
	work_free(w);
	target_drive(t);
	runner_settle(t->runner);
}

void target_apply(struct target *t)
{
	struct outcome o = {.sync = "OutOfSync", .health = "Progressing", .operation = "Running", .cause = t->drifted ? "drift" : "pending",
		.desired = t->fetch.revision, .applied = t->saved.applied, .message = "applying", .started_ms = t->started_ms};
	struct work *w = work_new(t);

	t->synced = false;
	target_set_state(t, TARGET_APPLYING);
	target_tell(t, &o);
	if (!w)
		goto fail;
	w->order.archive = t->fetch.file;
	memcpy(w->tree, t->fetch.tree, sizeof(w->tree));
	memcpy(w->from, t->fetch.from, sizeof(w->from));
	memcpy(w->revision, t->fetch.revision, sizeof(w->revision));
	w->order.unfinished = t->saved.unfinished;
	/* On disk before the first thing moves: whoever starts after a crash knows that the end has not been heard. */
	if (t->driver->from_checkout || t->config->files.after.n > 0) {
		t->saved.unfinished = true;
		target_save(t);
	}
	if (hgt_workers_submit(t->runner->workers, run_apply, applied, w, NULL) == 0)
		return;
	work_free(w);
fail:
	hgt_log(HGT_LOG_ERROR, "target", "out of memory: not applied", HGT_S("target", t->config->name));
	target_set_state(t, TARGET_IDLE);
	target_fetch_release(t);
	target_postpone(t);
	target_drive(t);
}

static void run_save(void *job)
{
	struct work *w = job;

	w->code = hgt_write_file(w->target->state_file.data, w->text.data, w->text.len, 0600, &w->err);
}

static void saved(void *job)
{
	struct work *w = job;
	struct target *t = w->target;

	t->saving--;
	if (w->code < 0)
		hgt_log(HGT_LOG_ERROR, "target", "the state cannot be saved", HGT_S("target", t->config->name),
			HGT_S("reason", w->err.message));
	work_free(w);
	runner_settle(t->runner);
}

void target_save(struct target *t)
{
	struct work *w = work_new(t);

	if (w)
		state_write(&t->saved, t->place.data, t->config->repo, &w->text);
	if (w && !w->text.failed && hgt_workers_submit(t->runner->workers, run_save, saved, w, NULL) == 0) {
		t->saving++;
		return;
	}
	hgt_log(HGT_LOG_ERROR, "target", "out of memory: the state is not saved", HGT_S("target", t->config->name));
	if (w)
		work_free(w);
}
