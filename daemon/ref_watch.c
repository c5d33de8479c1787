/* Watching the repositories for moves that no hook tells of. */
#include "daemon/ref_watch.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/folders.h"
#include "daemon/intake.h"
#include "daemon/manifest.h"
#include "daemon/mirrors.h"
#include "daemon/repos.h"
#include "git/repository_pool.h"

enum {
	SETTLE_MS = 300,	/* after the last change, for the hook of the same push to come first */
	SETTLE_MOST_MS = 3000,	/* after the first, so that a busy repository is compared too */
	BEAT_SECONDS = 300,	/* between compares of everything */
	REFS_DEPTH_MAX = 64,	/* folders below refs/ */
	UNUSED_MS = 60000,	/* after which a repository is closed, at the next beat */
};

/* What makes, moves, rewrites or removes a name. */
#define NAME_EVENTS (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_ONLYDIR | IN_DONT_FOLLOW)

/* A repository as it is watched. */
struct target {
	struct ref_watch *watch;
	char *name, *path;
	struct event *settle;	/* runs after something was seen, until the compare is asked for */
	uint64_t folder[2];	/* device and inode: by these it is known again under another name */
	bool blind;		/* a folder of it cannot be watched */
	int64_t touched_ms;	/* monotonic: when it was first seen since the last compare was asked for */
	struct mark *marks;	/* its folders */
	struct target *next_gone;
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
	bool folders_due;	/* which folders repositories are is not all noted */
	void (*compared)(void *ctx);	/* after the first compare of everything */
	void *ctx;
	const struct hgt_config *scan_config;	/* while scanning: a reference */
	bool full;		/* inotify takes no more, until the next beat */
	bool told_full;		/* said so */
	enum intake_why why;	/* of compare_all */
	size_t n_blind;		/* targets */
	uint64_t overflows;
	struct target *gone;	/* while a scan is merged: what may be found again under another name */
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

/* What inotify does not take is compared at the beat. Said once, until all can be watched again. */
static void cannot_watch(struct ref_watch *w, const char *path, struct target *target)
{
	bool full = errno == ENOSPC || errno == ENOMEM || errno == EMFILE || errno == EBADF;

	if (errno == ENOENT || errno == ENOTDIR)
		return;
	if (target && !target->blind) {
		target->blind = true;
		w->n_blind++;
	}
	if (!w->told_full || !full)
		hgt_log(HGT_LOG_WARNING, "ref_watch", full ?
			"inotify takes no more watches (fs.inotify.max_user_watches, max_user_instances); moves that no hook tells of are seen every 5 minutes" :
			"a folder cannot be watched; moves in it that no hook tells of are seen every 5 minutes",
			HGT_S("folder", path), HGT_S("error", strerror(errno)));
	w->full = w->full || full;
	w->told_full = w->told_full || full;
}

/* Watch one folder. */
static void mark_add(struct ref_watch *w, const char *path, struct target *target)
{
	struct mark **list = target ? &target->marks : &w->folders;
	struct mark *mark;
	int wd = -1;

	/* Once it is full, thousands of folders need not be refused one by one. */
	if (w->full)
		errno = ENOSPC;
	else
		wd = inotify_add_watch(w->inotify, path, NAME_EVENTS);
	if (wd < 0) {
		cannot_watch(w, path, target);
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

/* Whether it is the folder of Headgate's own refs, of which nobody is told. */
static bool is_own(const struct target *target, const char *path)
{
	size_t n = strlen(target->path);

	return strncmp(path, target->path, n) == 0 && strcmp(path + n, "/refs/headgate") == 0;
}

/* Watch a folder of refs and all below it. Watched first and read then, so that nothing slips between. */
static void mark_refs(struct ref_watch *w, struct hgt_buf *path, struct target *target, int depth)
{
	size_t len = path->len;
	DIR *dir;

	if (path->failed || depth > REFS_DEPTH_MAX || is_own(target, path->data))
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

static void find_folder(const char *path, uint64_t folder[2])
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	folder[0] = there ? st.st_dev : 0;
	folder[1] = there ? st.st_ino : 0;
}

static void mark_target(struct target *target)
{
	struct hgt_buf path = HGT_BUF_INIT;

	target->watch->n_blind -= target->blind;
	target->blind = false;
	find_folder(target->path, target->folder);
	mark_add(target->watch, target->path, target);
	hgt_buf_addf(&path, "%s/refs", target->path);
	mark_refs(target->watch, &path, target, 0);
	hgt_buf_release(&path);
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	struct target *target = arg;

	(void)fd, (void)what;
	intake_compare(target->watch->daemon->intake, target->name, target->path, INTAKE_SEEN);
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
	target->watch->n_blind -= target->blind;
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
	w->folders_due = true;
	target_add(w, repo);
	intake_compare(w->daemon->intake, repo->name, repo->path, INTAKE_START);
	if (w->daemon->mirrors)
		mirrors_repo_added(w->daemon->mirrors, repo);
}

/* Put aside until the scan is merged: it may be there under another name. */
static void on_gone(void *ctx, const struct repo *repo)
{
	struct ref_watch *w = ctx;
	struct target *target = hgt_map_remove(&w->targets, repo->name, strlen(repo->name));

	if (w->daemon->mirrors)
		mirrors_repo_gone(w->daemon->mirrors, repo);
	if (target) {
		marks_drop(w, &target->marks);
		target->next_gone = w->gone;
		w->gone = target;
	}
}

static int map_folders(const struct ref_watch *w, struct hgt_map *out)
{
	const struct hgt_map_entry *entry;
	size_t pos = 0;

	while ((entry = hgt_map_next(&w->targets, &pos))) {
		struct target *target = entry->value;

		if (target->folder[1] && hgt_map_put(out, (const char *)target->folder, sizeof(target->folder), target, NULL) < 0)
			return HGT_ENOMEM;
	}
	return 0;
}

/*
 * A repository that has another name now, being the very same folder, has no refs under the old one any more. Of any other what
 * the journal knows stays: a file system that is not mounted looks the same.
 */
static void forget_gone(struct ref_watch *w)
{
	struct hgt_map folders = HGT_MAP_INIT;

	if (w->gone && map_folders(w, &folders) < 0)
		hgt_log(HGT_LOG_ERROR, "ref_watch", "out of memory: repositories that were renamed are taken to be gone");
	while (w->gone) {
		struct target *gone = w->gone;
		const struct target *found = hgt_map_get(&folders, (const char *)gone->folder, sizeof(gone->folder));

		w->gone = gone->next_gone;
		if (found) {
			hgt_log(HGT_LOG_INFO, "ref_watch", "repository renamed", HGT_S("repo", gone->name), HGT_S("to", found->name));
			intake_retire(w->daemon->intake, gone->name, gone->path);
		} else {
			hgt_log(HGT_LOG_WARNING, "ref_watch", "repository gone, or left out by the config; its refs stay as they were last known",
				HGT_S("repo", gone->name));
		}
		target_free(gone);
	}
	hgt_map_release(&folders);
}

/* The folders above the repositories. Those of the last scan that are gone have been dropped by inotify. */
static void mark_folders(struct ref_watch *w, const struct repos_scan *scan)
{
	const char *folder;

	for (size_t i = 0; (folder = repos_scan_folder(scan, i)); i++)
		mark_add(w, *folder ? folder : "/", NULL);
}

static void begin_scan(struct ref_watch *w);

/* What was seen a moment ago, and is waited for, nobody has missed. */
static enum intake_why why_of(const struct ref_watch *w, const struct repo *repo)
{
	const struct target *target = target_get(w, repo->name);

	return target && event_pending(target->settle, EV_TIMEOUT, NULL) ? INTAKE_SEEN : w->why;
}

static void compare_everything(struct ref_watch *w)
{
	const struct repo *repo;
	size_t pos = 0;

	w->compare_all = false;
	/* The first time. What is renamed from then on is seen to be. */
	if (w->compared)
		w->folders_due = !folders_look(w->daemon, true);
	while ((repo = repos_next(w->daemon->repos, &pos)))
		intake_compare(w->daemon->intake, repo->name, repo->path, why_of(w, repo));
	if (w->compared)
		intake_when_compared(w->daemon->intake, w->compared, w->ctx);
	w->compared = NULL;
}

/* Those of which not everything could be watched get another chance at each beat. */
static void mark_blind(struct ref_watch *w)
{
	const struct hgt_map_entry *entry;
	size_t pos = 0;

	if (w->n_blind == 0)
		return;
	w->full = false;
	while (!w->full && (entry = hgt_map_next(&w->targets, &pos))) {
		struct target *target = entry->value;

		if (target->blind)
			mark_target(target);
	}
	if (w->n_blind == 0) {
		w->told_full = false;
		hgt_log(HGT_LOG_INFO, "ref_watch", "all repositories are watched again");
	}
}

/* Another repository may stand where one was, whose watches have gone with it. */
static void check_folder(struct target *target)
{
	uint64_t folder[2];

	find_folder(target->path, folder);
	if (memcmp(folder, target->folder, sizeof(folder)) == 0)
		return;
	hgt_log(HGT_LOG_INFO, "ref_watch", "repository replaced by another", HGT_S("repo", target->name));
	target->watch->folders_due = true;
	marks_drop(target->watch, &target->marks);
	mark_target(target);
	intake_compare(target->watch->daemon->intake, target->name, target->path, INTAKE_SEEN);
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
	while ((repo = repos_next(w->daemon->repos, &pos))) {
		struct target *target = target_get(w, repo->name);

		if (!target)
			target_add(w, repo);
		else
			check_folder(target);
	}
	forget_gone(w);
	manifest_listed(w->daemon->manifest);
	if (w->folders_due && !w->compared)
		w->folders_due = !folders_look(w->daemon, false);
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

static void compare_all(struct ref_watch *w, enum intake_why why)
{
	/* The first compare of everything tells what happened before, whatever else asks for one meanwhile. */
	if (!w->compare_all)
		w->why = why;
	w->compare_all = true;
	begin_scan(w);
}

void ref_watch_reload(struct ref_watch *w, bool moved)
{
	if (moved)
		marks_drop(w, &w->folders);
	ref_watch_rescan(w);
}

void ref_watch_all(struct ref_watch *w)
{
	compare_all(w, INTAKE_START);
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
		w->overflows++;
		compare_all(w, INTAKE_BEAT);
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

/* Without it, or with too few watches, the beat has to do. */
static int open_inotify(struct ref_watch *w)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0) {
		cannot_watch(w, w->daemon->config->repositories.root, NULL);
		return 0;
	}
	w->seen = event_new(w->daemon->base, fd, EV_READ | EV_PERSIST, on_seen, w);
	if (!w->seen || event_add(w->seen, NULL) < 0) {
		close(fd);
		return HGT_ENOMEM;
	}
	w->inotify = fd;
	return 0;
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct ref_watch *w = arg;

	(void)fd, (void)what;
	hgt_repo_pool_trim(repos_pool(w->daemon->repos), UNUSED_MS);
	if (w->inotify < 0)
		open_inotify(w);
	mark_blind(w);
	compare_all(w, INTAKE_BEAT);
}

static int begin(struct ref_watch *w, struct hgt_error *err)
{
	const struct timeval beat = {.tv_sec = BEAT_SECONDS};
	struct event_base *base = w->daemon->base;

	w->beat = event_new(base, -1, EV_PERSIST, on_beat, w);
	w->rescan = evtimer_new(base, on_rescan, w);
	if (!w->beat || !w->rescan || event_add(w->beat, &beat) < 0 || open_inotify(w) < 0)
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

void ref_watch_stats(const struct ref_watch *w, struct ref_watch_stats *out)
{
	struct intake_stats intake;

	intake_stats(w->daemon->intake, &intake);
	*out = (struct ref_watch_stats){.repositories = w->targets.len, .unwatched = w->n_blind, .watches = w->marks.len,
		.overflows = w->overflows, .saves = intake.saves};
}
