/* A target's work that blocks: applying and comparing, on a worker. */
#include <malloc.h>

#include "agent/checkout.h"
#include "agent/target_private.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"

/* One tree, as an order has it. */
struct tree {
	char id[HGT_OID_HEX_SHA256 + 1], revision[HGT_OID_HEX_SHA256 + 1];
	struct hgt_buf folder;	/* of its checkout */
};

struct work {
	struct target *target;
	struct driver_order order;
	struct driver_result result;
	int code;
	struct hgt_error err;
	struct tree tree;	/* of the order */
	char from[HGT_OID_HEX_SHA256 + 1];
	char kept[HGT_OID_HEX_SHA256 + 1];	/* the tree that was applied */

	bool explain;		/* a comparison that shows how: the order has the archive of what was applied */
	bool watch_renewed;
	int watch_fd;		/* -1: the target is not watched */
	bool watch_stale;
	int watch_code;
	struct hgt_error watch_err;

	/* A comparison with what is wanted beside the one with what was applied; its tree has an id where there is one. */
	struct tree wanted;
	struct driver_result ahead;
	int ahead_code;
	struct hgt_error ahead_err;
};

static struct work *work_new(struct target *t, int stop_fd, bool apply)
{
	struct work *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->target = t;
	w->order = (struct driver_order){.target = t->config, .config = t->runner->config, .folder = t->folder.data, .archive = -1,
		.stop_fd = stop_fd, .leave_fd = t->runner->stop_looks, .tree = w->tree.id, .revision = w->tree.revision, .from = w->from};
	w->watch_fd = target_watch_begin(t, apply, &w->watch_stale);
	memcpy(w->kept, t->saved.tree, sizeof(w->kept));
	driver_result_init(&w->result);
	driver_result_init(&w->ahead);
	hgt_buf_init(&w->tree.folder);
	hgt_buf_init(&w->wanted.folder);
	return w;
}

static void work_free(struct work *w)
{
	if (!w)
		return;
	driver_result_release(&w->result);
	driver_result_release(&w->ahead);
	hgt_buf_release(&w->tree.folder);
	hgt_buf_release(&w->wanted.folder);
	free(w);
	/* Lists of files come and go with the work; between them the agent is to be small. */
	malloc_trim(0);
}

static void set_tree(struct tree *tree, const char *id, const char *revision)
{
	snprintf(tree->id, sizeof(tree->id), "%s", id);
	snprintf(tree->revision, sizeof(tree->revision), "%s", revision);
}

int64_t target_next_compare(const struct target *t)
{
	return t->config->compare_every ? hgt_time_mono_ms() + (int64_t)t->config->compare_every * 1000 : INT64_MAX;
}

/* Where the driver works from a folder: which one. */
static int find_checkout(struct driver_order *order, struct tree *tree, struct hgt_error *err)
{
	checkout_path(order->folder, tree->id, &tree->folder);
	order->checkout = tree->folder.data;
	return hgt_buf_check(&tree->folder, err);
}

static int compare_with_checkout(const struct work *w, struct tree *tree,
	int (*compare)(const struct driver_order *order, struct driver_result *result, struct hgt_error *err),
	struct driver_result *result, struct hgt_error *err)
{
	struct driver_order order = w->order;
	int code;

	order.tree = tree->id;
	order.revision = tree->revision;
	code = find_checkout(&order, tree, err);
	if (code == 0 && !checkout_is_there(order.folder, tree->id))
		code = hgt_error_set(err, HGT_ENOENT, "the agent's copy of the tree is gone; the next sync fetches it again");
	return code == 0 ? compare(&order, result, err) : code;
}

static int compare_with_applied(struct work *w)
{
	const struct driver *driver = w->target->driver;

	if (driver->from_checkout)
		return compare_with_checkout(w, &w->tree, driver->compare, &w->result, &w->err);
	return driver->compare(&w->order, &w->result, &w->err);
}

static int compare_with_wanted(struct work *w)
{
	const struct driver *driver = w->target->driver;

	return compare_with_checkout(w, &w->wanted, driver->preview ? driver->preview : driver->compare, &w->ahead, &w->ahead_err);
}

/* The folders that are of use from here on: what was applied, where the driver works from it, and what is held. */
static void keep_checkouts(const struct work *w, const char *applied, const char *held)
{
	checkout_keep(w->order.folder, w->target->driver->from_checkout ? applied : "", held);
}

static void renew_watch(struct work *w)
{
	if (w->watch_fd >= 0)
		w->watch_code = target_watch_renew(w->target->driver, &w->order, w->watch_fd, w->watch_stale, &w->watch_err);
}

static void run_compare(void *job)
{
	struct work *w = job;

	renew_watch(w);
	if (w->order.archive >= 0)
		w->ahead_code = target_verify_archive(&w->target->fetch, &w->ahead_err);
	if (w->order.archive >= 0 && w->ahead_code == 0)
		w->ahead_code = checkout_make(w->order.folder, w->wanted.id, w->order.archive, &w->ahead_err);
	if (*w->tree.revision)
		w->code = compare_with_applied(w);
	if (*w->wanted.id && w->ahead_code == 0)
		w->ahead_code = compare_with_wanted(w);
	if (w->order.archive >= 0)
		keep_checkouts(w, w->kept, w->wanted.id);
}

static void run_explain(void *job)
{
	struct work *w = job;

	renew_watch(w);
	w->code = w->target->driver->explain(&w->order, &w->result, &w->err);
}

static void compared(void *job)
{
	struct work *w = job;
	struct target *t = w->target;
	bool ahead = *w->wanted.id && strcmp(w->wanted.revision, t->held) == 0;
	struct look look = {.code = w->code, .trouble = w->err.message, .result = *w->tree.revision ? &w->result : NULL,
		.ahead = ahead ? &w->ahead : NULL, .ahead_trouble = ahead && w->ahead_code < 0 ? w->ahead_err.message : NULL};

	target_set_state(t, TARGET_IDLE);
	turn_give(&t->runner->turns, &t->turn);
	target_watch_end(t, false, w->watch_code, &w->watch_err);
	t->compare_at = t->again ? 0 : target_next_compare(t);
	if (w->code == 0 && w->result.differing > 0)
		target_watch_found(t);
	if (w->code == 0 && w->explain)
		target_explain_keep(t, &w->result);
	/* What was ended because the agent stops tells nothing. What a sync would change shows the drift, too. */
	if (w->code == 0 && !w->explain && !ahead && w->result.differing > 0 && t->driver->explain && target_is_puzzled(t, &w->result))
		t->drifted = true;
	else if (!t->runner->stopping)
		target_tell_look(t, &look);
	target_fetch_release(t);
	work_free(w);
	target_drive(t);
	runner_settle(t->runner);
}

static void compare(struct target *t, int archive, bool explain)
{
	struct work *w = work_new(t, t->runner->stop_looks, false);

	t->again = false;
	target_set_state(t, TARGET_COMPARING);
	if (w) {
		set_tree(&w->tree, t->saved.tree, t->saved.applied);
		if (!explain)
			set_tree(&w->wanted, t->held_tree, t->held);
		w->order.archive = archive;
		w->explain = explain;
	}
	if (!w || hgt_workers_submit(t->runner->workers, explain ? run_explain : run_compare, compared, w, NULL) < 0) {
		const struct look look = {.code = HGT_ENOMEM, .trouble = "out of memory: not compared"};

		hgt_log(HGT_LOG_ERROR, "target", look.trouble, HGT_S("target", t->config->name));
		work_free(w);
		target_watch_resume(t);
		target_set_state(t, TARGET_IDLE);
		turn_give(&t->runner->turns, &t->turn);
		target_fetch_release(t);
		t->compare_at = target_next_compare(t);
		target_tell_look(t, &look);
	}
}

void target_compare(struct target *t)
{
	compare(t, -1, false);
}

void target_preview(struct target *t)
{
	snprintf(t->held, sizeof(t->held), "%s", t->fetch.revision);
	snprintf(t->held_tree, sizeof(t->held_tree), "%s", t->fetch.tree);
	t->failed = false;
	compare(t, t->fetch.file, false);
}

void target_explain(struct target *t)
{
	t->watch.heard = false;
	compare(t, t->fetch.file, true);
}

/* What the apply has done itself wakes nobody; whatever somebody else does from here on is seen by its last look, or told. */
static void before_look(void *ctx)
{
	struct work *w = ctx;

	renew_watch(w);
	w->watch_renewed = true;
}

static void run_apply(void *job)
{
	struct work *w = job;

	if (w->target->driver->from_checkout)
		w->code = find_checkout(&w->order, &w->tree, &w->err);
	if (w->code == 0)
		w->code = target_verify_archive(&w->target->fetch, &w->err);
	if (w->code == 0 && w->order.checkout) {
		w->code = checkout_make(w->order.folder, w->tree.id, w->order.archive, &w->err);
		w->result.permanent = w->code == HGT_EPARSE || w->code == HGT_ELIMIT || w->code == HGT_EPERM;
	}
	if (w->code == 0)
		w->code = w->target->driver->apply(&w->order, &w->result, &w->err);
	/* It has not come so far. */
	if (!w->watch_renewed)
		renew_watch(w);
	/* The one that was applied before is compared with until another is. */
	if (w->order.checkout)
		checkout_keep(w->order.folder, w->tree.id, w->code == 0 ? w->tree.id : w->kept);
	else if (w->code == 0)
		checkout_keep(w->order.folder, "", "");
}

static void succeeded(struct target *t, const struct work *w)
{
	const struct look look = {.result = &w->result};

	memcpy(t->saved.applied, t->fetch.revision, sizeof(t->saved.applied));
	memcpy(t->saved.tree, t->fetch.tree, sizeof(t->saved.tree));
	target_recipe(t, t->saved.recipe);
	t->saved.unfinished = false;
	t->failed = false;
	t->whole = false;
	t->settled[0] = t->held[0] = t->held_tree[0] = '\0';
	target_done(t, &w->result);
	target_answer(t, true);
	/* An `after` that changes what was placed would have us run in a circle: healing waits longer each time. */
	if (w->result.differing > 0) {
		target_postpone(t);
	} else {
		pause_reset(&t->pause);
		t->retry_at = 0;
		t->backing_off = false;
	}
	if (*t->fetch.request && target_is_pending(t))
		target_tell_overtaken(t, &w->result);
	target_tell_look(t, &look);
	target_save(t);
}

static void failed(struct target *t, const struct work *w)
{
	if (w->result.restored)
		t->saved.unfinished = w->order.unfinished;
	/* What was ended because the agent stops is not over. */
	if (!t->runner->ending)
		target_answer(t, false);
	if (w->result.permanent)
		target_give_up(t, t->fetch.revision);
	else
		target_postpone(t);
	t->in_vain = true;
	target_tell_failure(t, "OutOfSync", "Degraded", w->err.message, &w->result);
}

static void applied(void *job)
{
	struct work *w = job;
	struct target *t = w->target;

	target_set_state(t, TARGET_IDLE);
	turn_give(&t->runner->turns, &t->turn);
	t->compare_at = t->again ? 0 : target_next_compare(t);
	target_watch_end(t, true, w->watch_code, &w->watch_err);
	if (w->code == 0) {
		succeeded(t, w);
	} else if (w->result.want_whole) {
		/* Nothing has been touched; the target is still due, and is fetched at once. */
		hgt_log(HGT_LOG_INFO, "target", "the differences do not fit; fetching the whole", HGT_S("target", t->config->name),
			HGT_S("reason", w->err.message));
		t->whole = true;
		t->saved.unfinished = w->order.unfinished;
		target_save(t);
	} else {
		failed(t, w);
	}
	target_fetch_release(t);
	work_free(w);
	target_drive(t);
	runner_settle(t->runner);
}

/* Nothing was begun. */
static void not_begun(struct target *t, struct work *w, const char *why)
{
	t->work = NULL;
	t->saved.unfinished = t->was_unfinished;
	work_free(w);
	target_watch_resume(t);
	target_set_state(t, TARGET_IDLE);
	turn_give(&t->runner->turns, &t->turn);
	target_answer(t, false);
	target_postpone(t);
	t->in_vain = true;
	target_tell_failure(t, "OutOfSync", "Degraded", why, NULL);
	target_fetch_release(t);
}

void target_apply_begin(struct target *t)
{
	struct work *w = t->work;

	if (t->save.written < t->mark) {
		not_begun(t, w, "the agent's state cannot be saved, so nothing was begun; make room in its folder");
		return;
	}
	t->work = NULL;
	if (hgt_workers_submit(t->runner->workers, run_apply, applied, w, NULL) < 0)
		not_begun(t, w, "out of memory, so nothing was begun");
}

void target_apply_forget(struct target *t)
{
	work_free(t->work);
	t->work = NULL;
}

void target_apply(struct target *t)
{
	struct work *w = work_new(t, t->runner->stop_applies, true);
	bool after = t->config->files.after.n > 0;

	target_set_state(t, TARGET_APPLYING);
	t->was_unfinished = t->saved.unfinished;
	t->again = t->puzzled = false;
	target_explain_forget(t);
	if (!w) {
		not_begun(t, w, "out of memory, so nothing was begun");
		return;
	}
	w->order.archive = t->fetch.file;
	w->order.unfinished = t->saved.unfinished;
	w->order.before_look = before_look;
	w->order.ctx = w;
	set_tree(&w->tree, t->fetch.tree, t->fetch.revision);
	memcpy(w->from, t->fetch.from, sizeof(w->from));
	/* On disk before the first thing moves: whoever starts after a crash knows that the end has not been heard. */
	t->saved.unfinished |= t->driver->from_checkout || after;
	target_tell_running(t);
	t->work = w;
	t->mark = 0;
	if (t->driver->from_checkout || after) {
		target_save(t);
		t->mark = t->save.asked;
	} else {
		target_apply_begin(t);
	}
}
