/* A target's state on its way to the disk. */
#include "agent/target_private.h"
#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"

#define AGAIN_MS 10000

struct writing {
	struct target *target;
	struct hgt_buf text;
	int code;
	struct hgt_error err;
};

static void writing_free(struct writing *w)
{
	hgt_buf_release(&w->text);
	free(w);
}

static void run(void *job)
{
	struct writing *w = job;

	w->code = hgt_rewrite_file(w->target->state_file.data, w->text.data, w->text.len, 0600, &w->err);
}

static void fail(struct target *t, const char *reason)
{
	hgt_log(HGT_LOG_ERROR, "target", "the state cannot be saved", HGT_S("target", t->config->name), HGT_S("reason", reason));
	t->save.failed = t->save.at_work;
	t->save.again_at = hgt_time_mono_ms() + AGAIN_MS;
}

static void begin(struct target *t);

static void done(void *job)
{
	struct writing *w = job;
	struct target *t = w->target;

	t->save.running = false;
	if (w->code < 0) {
		fail(t, w->err.message);
	} else {
		t->save.written = t->save.at_work;
		t->save.again_at = 0;
	}
	writing_free(w);
	if (t->save.asked > t->save.at_work)
		begin(t);
	target_drive(t);
	runner_settle(t->runner);
}

static void begin(struct target *t)
{
	struct writing *w = calloc(1, sizeof(*w));

	t->save.at_work = t->save.asked;
	if (w) {
		w->target = t;
		hgt_buf_init(&w->text);
		state_write(&t->saved, t->place.data, t->config->repo, &w->text);
		if (!w->text.failed && hgt_workers_submit(t->runner->saver, run, done, w, NULL) == 0) {
			t->save.running = true;
			return;
		}
		writing_free(w);
	}
	fail(t, "out of memory");
}

void target_save(struct target *t)
{
	t->save.asked++;
	if (!t->save.running)
		begin(t);
}
