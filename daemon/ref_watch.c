/* Watching the repositories for moves that no hook tells of. */
#include "daemon/ref_watch.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/intake.h"
#include "daemon/repos.h"

enum {
	SETTLE_MS = 300,	/* after the last change, for the hook of the same push to come first */
	SETTLE_MOST_MS = 3000,	/* after the first, so that a busy repository is compared too */
	BEAT_SECONDS = 300,	/* between compares of everything */
	REFS_DEPTH_MAX = 64,	/* folders below refs/ */
};

/* What makes, moves, rewrites or removes a name. */
#define NAME_EVENTS (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_ONLYDIR | IN_DONT_FOLLOW)

/* A repository as it is watched. */
struct target {
	struct ref_watch *watch;
	char *name, *path;
	struct event *settle;	/* runs after something was seen, until the compare is asked for */
	int64_t touched_ms;	/* monotonic: when it was first seen since the last compare was asked for */
	struct mark *marks;	/* its folders */
};

/* One inotify watch. */
struct mark {
	int wd;
	char *path;
	struct target *target;	/* NULL: a folder where repositories may appear */
	struct mark *next, **self;	/* of the same target, or of the folders */
};

struct ref_watch {
	struct daemon *daemon;
	int inotify;
	struct event *seen, *beat, *rescan;
	struct hgt_map marks;	/* wd -> mark */
	struct hgt_map targets;	/* name -> target */
	struct mark *folders;
	bool scanning;		/* a worker looks for repositories */
	bool scan_again;	/* asked for meanwhile */
	bool compare_all;	/* once the scan is merged */
	void (*compared)(void *ctx);	/* after the first compare of everything */
	void *ctx;
	bool full;		/* inotify takes no more: said once */
	const struct hgt_config *scan_config;	/* while scanning: a reference */
	struct repos_scan *scan;
	int scan_code;
	struct hgt_error scan_err;
};

static void mark_free(struct ref_watch *w, struct mark *mark)
{
	hgt_map_remove(&w->marks, (const char *)&mark->wd, sizeof(mark->wd));
	*mark->self = mark->next;
	if (mark->next)
		mark->next->self = mark->self;
	free(mark->path);
	free(mark);
}

static void marks_drop(struct ref_watch *w, struct mark **list)
{
	while (*list) {
		inotify_rm_watch(w->inotify, (*list)->wd);
		mark_free(w, *list);
	}
}

static void cannot_watch(struct ref_watch *w, const char *path)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return;
	if (!w->full)
		hgt_log(HGT_LOG_WARNING, "ref_watch", errno == ENOSPC ?
			"inotify takes no more watches (fs.inotify.max_user_watches); moves that no hook tells of are seen every 5 minutes" :
			"a folder cannot be watched; moves in it that no hook tells of are seen every 5 minutes",
			HGT_S("folder", path), HGT_S("error", strerror(errno)));
	w->full = w->full || errno == ENOSPC;
}

/* Watch one folder. */
static void mark_add(struct ref_watch *w, const char *path, struct target *target)
{
	int wd = inotify_add_watch(w->inotify, path, NAME_EVENTS);
	struct mark *mark;
	struct mark **list = target ? &target->marks : &w->folders;

	if (wd < 0) {
		cannot_watch(w, path);
		return;
	}
	mark = hgt_map_get(&w->marks, (const char *)&wd, sizeof(wd));
	if (mark && mark->target == target && strcmp(mark->path, path) == 0)
		return;
	if (mark)
		mark_free(w, mark);	/* renamed, or a folder that has become a repository */
	mark = calloc(1, sizeof(*mark));
	if (mark)
		mark->path = strdup(path);
	if (!mark || !mark->path)
		goto failed;
	mark->wd = wd;
	mark->target = target;
	if (hgt_map_put(&w->marks, (const char *)&mark->wd, sizeof(mark->wd), mark, NULL) < 0)
		goto failed;
	mark->next = *list;
	mark->self = list;
	if (mark->next)
		mark->next->self = &mark->next;
	*list = mark;
	return;
failed:
	if (mark)
		free(mark->path);
	free(mark);
	inotify_rm_watch(w->inotify, wd);
	hgt_log(HGT_LOG_ERROR, "ref_watch", "out of memory for a watch", HGT_S("folder", path));
}

/* Watch a folder of refs and all below it. Watched first and read then, so that nothing slips between. */
static void mark_refs(struct ref_watch *w, struct hgt_buf *path, struct target *target, int depth)
{
	size_t len = path->len;
	DIR *dir;

	if (path->failed || depth > REFS_DEPTH_MAX)
		return;
	mark_add(w, path->data, target);
	dir = opendir(path->data);
	if (!dir)
		return;
	for (struct dirent *d; (d = readdir(dir));) {
		if (d->d_name[0] == '.' || (d->d_type != DT_DIR && d->d_type != DT_UNKNOWN))
			continue;
		hgt_buf_addf(path, "/%s", d->d_name);
		mark_refs(w, path, target, depth + 1);
		hgt_buf_truncate(path, len);
	}
	closedir(dir);
}

static void mark_target(struct target *target)
{
	struct hgt_buf path = HGT_BUF_INIT;

	mark_add(target->watch, target->path, target);
	hgt_buf_addf(&path, "%s/refs", target->path);
	mark_refs(target->watch, &path, target, 0);
	hgt_buf_release(&path);
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	struct target *target = arg;

	(void)fd, (void)what;
	intake_compare(target->watch->daemon->intake, target->name, target->path);
}

/* Something moved. A push of many refs moves them one by one, and its hook speaks after the last. */
static void touch(struct target *target)
{
	int64_t now = hgt_time_mono_ms(), left;
	struct timeval wait = {0};

	if (!event_pending(target->settle, EV_TIMEOUT, NULL))
		target->touched_ms = now;
	left = target->touched_ms + SETTLE_MOST_MS - now;
	wait.tv_usec = 1000 * (left < 0 ? 0 : left < SETTLE_MS ? left : SETTLE_MS);
	if (event_add(target->settle, &wait) < 0)
		hgt_log(HGT_LOG_ERROR, "ref_watch", "out of memory for a timer", HGT_S("repo", target->name));
}

static void target_free(struct target *target)
{
	marks_drop(target->watch, &target->marks);
	if (target->settle)
		event_free(target->settle);
	free(target->name);
	free(target->path);
	free(target);
}

static void target_add(struct ref_watch *w, const struct repo *repo)
{
	struct target *target = calloc(1, sizeof(*target));

	if (target) {
		target->watch = w;
		target->name = strdup(repo->name);
		target->path = strdup(repo->path);
		target->settle = evtimer_new(w->daemon->base, on_settled, target);
	}
	if (!target || !target->name || !target->path || !target->settle ||
		hgt_map_put(&w->targets, target->name, strlen(target->name), target, NULL) < 0) {
		hgt_log(HGT_LOG_ERROR, "ref_watch", "out of memory for a repository", HGT_S("repo", repo->name));
		if (target)
			target_free(target);
		return;
	}
	mark_target(target);
}

static struct target *target_get(const struct ref_watch *w, const char *name)
{
	return hgt_map_get(&w->targets, name, strlen(name));
}

static void on_added(void *ctx, const struct repo *repo)
{
	struct ref_watch *w = ctx;

	hgt_log(HGT_LOG_INFO, "ref_watch", "repository found", HGT_S("repo", repo->name));
	target_add(w, repo);
	intake_compare(w->daemon->intake, repo->name, repo->path);
}

/* What the journal knows of it stays: a file system that is not mounted looks the same. */
static void on_gone(void *ctx, const struct repo *repo)
{
	struct ref_watch *w = ctx;
	struct target *target = hgt_map_remove(&w->targets, repo->name, strlen(repo->name));

	hgt_log(HGT_LOG_WARNING, "ref_watch", "repository gone, or left out by the config; its refs stay as they were last known", HGT_S("repo", repo->name));
	if (target)
		target_free(target);
}

/* The folders above the repositories. Those of the last scan that are gone have been dropped by inotify. */
static void mark_folders(struct ref_watch *w, const struct repos_scan *scan)
{
	const char *folder;

	for (size_t i = 0; (folder = repos_scan_folder(scan, i)); i++)
		mark_add(w, *folder ? folder : "/", NULL);
}

static void begin_scan(struct ref_watch *w);

static void compare_everything(struct ref_watch *w)
{
	const struct repo *repo;
	size_t pos = 0;

	w->compare_all = false;
	while ((repo = repos_next(w->daemon->repos, &pos)))
		intake_compare(w->daemon->intake, repo->name, repo->path);
	if (w->compared)
		intake_when_compared(w->daemon->intake, w->compared, w->ctx);
	w->compared = NULL;
}

static void merge_scan(struct ref_watch *w)
{
	struct repos_scan *scan = w->scan;
	const struct repo *repo;
	struct hgt_error err = {0};
	size_t pos = 0;

	w->scan = NULL;
	mark_folders(w, scan);
	if (repos_merge(w->daemon->repos, scan, on_added, on_gone, w, &err) < 0) {
		hgt_log(HGT_LOG_ERROR, "ref_watch", "repositories cannot be listed", HGT_S("error", err.message));
		return;
	}
	while ((repo = repos_next(w->daemon->repos, &pos)))
		if (!target_get(w, repo->name))
			target_add(w, repo);
}

static void on_scanned(void *arg)
{
	struct ref_watch *w = arg;

	w->scanning = false;
	hgt_config_unref(w->scan_config);
	w->scan_config = NULL;
	if (w->scan_code == 0)
		merge_scan(w);
	else
		hgt_log(HGT_LOG_ERROR, "ref_watch", "repositories cannot be looked for", HGT_S("error", w->scan_err.message));
	if (w->compare_all)
		compare_everything(w);
	if (w->scan_again && !w->daemon->stopping)
		begin_scan(w);
}

/* On a git worker. */
static void run_scan(void *arg)
{
	struct ref_watch *w = arg;

	w->scan_code = repos_scan_new(w->scan_config, &w->scan, &w->scan_err);
}

static void begin_scan(struct ref_watch *w)
{
	struct hgt_error err = {0};

	if (w->scanning) {
		w->scan_again = true;
		return;
	}
	w->scan_again = false;
	w->scan_config = hgt_config_ref(w->daemon->config);
	w->scanning = true;
	if (hgt_workers_submit(w->daemon->git, run_scan, on_scanned, w, &err) == 0)
		return;
	hgt_log(HGT_LOG_ERROR, "ref_watch", "repositories cannot be looked for", HGT_S("error", err.message));
	w->scanning = false;
	hgt_config_unref(w->scan_config);
	w->scan_config = NULL;
}

void ref_watch_all(struct ref_watch *w)
{
	w->compare_all = true;
	begin_scan(w);
}

void ref_watch_reload(struct ref_watch *w, bool moved)
{
	if (moved)
		marks_drop(w, &w->folders);
	ref_watch_rescan(w);
}

void ref_watch_rescan(struct ref_watch *w)
{
	const struct timeval wait = {.tv_usec = SETTLE_MS * 1000};

	if (!event_pending(w->rescan, EV_TIMEOUT, NULL) && event_add(w->rescan, &wait) < 0)
		hgt_log(HGT_LOG_ERROR, "ref_watch", "out of memory for a timer");
}

static void on_rescan(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	begin_scan(arg);
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	ref_watch_all(arg);
}

static bool ends_in(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && strcmp(s + len - n, suffix) == 0;
}

/* A name in a repository's own folder: most are none of ours. */
static void seen_in_repository(struct ref_watch *w, struct target *target, const char *name, bool folder)
{
	if (folder && strcmp(name, "refs") == 0)
		mark_target(target);
	else if (strcmp(name, "HEAD") == 0)
		ref_watch_rescan(w);	/* it may be the last of a repository that is being removed */
	else if (strcmp(name, "packed-refs") != 0)
		return;
	touch(target);
}

static void seen_in_refs(struct mark *mark, const char *name, uint32_t mask)
{
	struct target *target = mark->target;
	struct hgt_buf path = HGT_BUF_INIT;

	if (mask & IN_ISDIR && mask & (IN_CREATE | IN_MOVED_TO)) {
		hgt_buf_addf(&path, "%s/%s", mark->path, name);
		mark_refs(target->watch, &path, target, 0);
		hgt_buf_release(&path);
	}
	if (!ends_in(name, ".lock"))
		touch(target);
}

static void on_inotify(struct ref_watch *w, const struct inotify_event *event)
{
	struct mark *mark = hgt_map_get(&w->marks, (const char *)&event->wd, sizeof(event->wd));
	const char *name = event->len ? event->name : "";

	if (event->mask & IN_Q_OVERFLOW) {
		hgt_log(HGT_LOG_WARNING, "ref_watch", "inotify has lost events; everything is compared");
		ref_watch_all(w);
		return;
	}
	if (!mark)
		return;
	if (event->mask & IN_IGNORED)
		mark_free(w, mark);
	else if (!mark->target && (event->mask & IN_ISDIR || strcmp(name, "HEAD") == 0))
		ref_watch_rescan(w);
	else if (mark->target && strcmp(mark->path, mark->target->path) == 0)
		seen_in_repository(w, mark->target, name, event->mask & IN_ISDIR);
	else if (mark->target)
		seen_in_refs(mark, name, event->mask);
}

static void on_seen(evutil_socket_t fd, short what, void *arg)
{
	_Alignas(struct inotify_event) char events[16 * 1024];
	struct ref_watch *w = arg;
	ssize_t n = read((int)fd, events, sizeof(events));

	(void)what;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const struct inotify_event *)(events + at);

		at += (ssize_t)(sizeof(*event) + event->len);
		if (!w->daemon->stopping)
			on_inotify(w, event);
	}
}

static int begin(struct ref_watch *w, struct hgt_error *err)
{
	const struct timeval beat = {.tv_sec = BEAT_SECONDS};
	struct event_base *base = w->daemon->base;

	w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->inotify < 0)
		return hgt_error_set_errno(err, "cannot watch repositories: inotify");
	w->seen = event_new(base, w->inotify, EV_READ | EV_PERSIST, on_seen, w);
	w->beat = event_new(base, -1, EV_PERSIST, on_beat, w);
	w->rescan = evtimer_new(base, on_rescan, w);
	if (!w->seen || !w->beat || !w->rescan || event_add(w->seen, NULL) < 0 || event_add(w->beat, &beat) < 0)
		return hgt_error_nomem(err);
	return 0;
}

int ref_watch_new(struct daemon *daemon, void (*compared)(void *ctx), void *ctx, struct ref_watch **out, struct hgt_error *err)
{
	struct ref_watch *w = calloc(1, sizeof(*w));
	int code;

	if (!w)
		return hgt_error_nomem(err);
	w->daemon = daemon;
	w->inotify = -1;
	w->compared = compared;
	w->ctx = ctx;
	code = begin(w, err);
	if (code == 0) {
		*out = w;
		w = NULL;
	}
	ref_watch_free(w);
	return code;
}

void ref_watch_free(struct ref_watch *w)
{
	const struct hgt_map_entry *entry;
	size_t pos = 0;

	if (!w)
		return;
	while ((entry = hgt_map_next(&w->targets, &pos)))
		target_free(entry->value);
	hgt_map_release(&w->targets);
	marks_drop(w, &w->folders);
	hgt_map_release(&w->marks);
	repos_scan_free(w->scan);
	hgt_config_unref(w->scan_config);
	if (w->rescan)
		event_free(w->rescan);
	if (w->beat)
		event_free(w->beat);
	if (w->seen)
		event_free(w->seen);
	if (w->inotify >= 0)
		close(w->inotify);
	free(w);
}
