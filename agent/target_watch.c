/*
 * A target that tells by itself when something about it changes: a word of the kernel (inotify(7)) brings the next look forward. What the
 * word says is not read but for whether folders are others now; the look tells the rest.
 *
 * Nobody listens while a driver works at the target, and before each look, also the last one of an apply, what has come is thrown away:
 * so what the agent does itself wakes nobody, and what somebody else does meanwhile is seen by the look or heard after it.
 */
#include <errno.h>
#include <event2/event.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/target_private.h"
#include "base/log.h"
#include "base/timing.h"

#define FIRST_MS 200		/* whoever changes one file often changes another */
#define QUIET 4			/* so many times the pause without a change: it is as if there had been none */
#define ROUNDS 3		/* a folder that comes while they are watched is watched too, but not for ever */

static void turn_off(struct target *t, const char *reason)
{
	struct watch *w = &t->watch;

	if (w->event)
		event_free(w->event);
	w->event = NULL;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->off = true;
	if (!w->said)
		hgt_log(HGT_LOG_WARNING, "target", "changes by hand are seen only when it is time to compare", HGT_S("target", t->config->name),
			HGT_I("seconds", t->config->compare_every), HGT_S("reason", reason));
	w->said = true;
}

void target_watch_init(struct target *t)
{
	t->watch.fd = -1;
	t->watch.off = !t->driver->watch || !t->config->compare_every || t->runner->once;
	t->watch.never = t->watch.off;
	pause_init(&t->watch.pause, FIRST_MS, 1000 * (int64_t)t->config->compare_every);
}

void target_watch_release(struct target *t)
{
	if (t->watch.event)
		event_free(t->watch.event);
	if (t->watch.fd >= 0)
		close(t->watch.fd);
}

/* The next look comes soon. */
static void bring_forward(struct target *t)
{
	int64_t now = hgt_time_mono_ms(), at;

	t->watch.heard = true;
	if (now >= t->watch.quiet_at)
		pause_reset(&t->watch.pause);
	at = now + pause_next(&t->watch.pause);
	t->watch.quiet_at = now + QUIET * t->watch.pause.next_ms;
	if (at < t->compare_at)
		t->compare_at = at;
}

static void on_change(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	bring_forward(ctx);
	target_drive(ctx);
}

/* The kernel has one word for both limits. */
static const char *why_not_opened(int error)
{
	return error == EMFILE ? "no inotify instances are left for this user (raise fs.inotify.max_user_instances), or no descriptors for this process" :
		strerror(error);
}

static int open_watch(struct target *t)
{
	struct watch *w = &t->watch;

	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0)
		return -1;
	w->stale = true;
	w->event = event_new(t->runner->base, w->fd, EV_READ, on_change, t);
	return w->event ? 0 : -1;
}

/* What has come is taken out: whether some of it is about folders, and about names that do not begin with `own` (NULL: none do). */
struct heard {
	bool folders, others;
};

static struct heard drain(int fd, const char *own)
{
	_Alignas(struct inotify_event) char chunk[4096];
	struct heard heard = {0};
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		for (const char *p = chunk; p < chunk + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(const void *)p;

			p += sizeof(*e) + e->len;
			if (own && e->len > 0 && strncmp(e->name, own, strlen(own)) == 0)
				continue;
			heard.others = true;
			heard.folders |= (e->mask & (IN_ISDIR | IN_IGNORED | IN_Q_OVERFLOW | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
		}
	return heard;
}

int target_watch_begin(struct target *t, bool apply, bool *stale)
{
	struct watch *w = &t->watch;

	/* Another try, since it may have fewer folders now. */
	if (apply && !w->never)
		w->off = false;
	if (w->off)
		return -1;
	if (w->fd < 0 && open_watch(t) < 0)
		turn_off(t, why_not_opened(errno));
	if (w->fd < 0)
		return -1;
	event_del(w->event);
	*stale = w->stale || apply;
	return w->fd;
}

void target_watch_end(struct target *t, bool apply, int code, const struct hgt_error *err)
{
	struct watch *w = &t->watch;
	struct heard heard = {0};

	if (w->fd < 0)
		return;
	/* What it has cleared away after its last look is nobody's change. */
	if (apply && code == 0)
		heard = drain(w->fd, t->driver->own_names);
	w->stale = code < 0 || heard.folders;
	if (heard.others)
		bring_forward(t);
	/* A folder that is not there is told by the look; it is watched once it is. */
	if (code < 0 && code != HGT_ENOENT)
		turn_off(t, err->message);
	else if (code == 0 && event_add(w->event, NULL) < 0)
		turn_off(t, "out of memory");
}

void target_watch_resume(struct target *t)
{
	if (t->watch.fd >= 0 && event_add(t->watch.event, NULL) < 0)
		turn_off(t, "out of memory");
}

void target_watch_found(struct target *t)
{
	pause_reset(&t->watch.pause);
}

int target_watch_renew(const struct driver *driver, const struct driver_order *order, int fd, bool stale, struct hgt_error *err)
{
	int code = 0;

	stale |= drain(fd, NULL).folders;
	for (int i = 0; i < ROUNDS && stale && code == 0; i++) {
		code = driver->watch(order, fd, err);
		stale = drain(fd, NULL).folders;
	}
	return code;
}
