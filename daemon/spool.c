/* What hooks left behind, taken in one file after the other. */
#include "daemon/spool.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/intake.h"
#include "headgate/protocol.h"

/* How long a file that could not be taken in waits for its next chance: first, and at most. */
enum { RETRY_SECONDS = 5, RETRY_SECONDS_MAX = 300 };

/* A file that is whole; the folder itself gone. */
#define FOLDER_EVENTS (IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

struct spool {
	struct daemon *daemon;
	char *folder;
	int inotify;
	struct event *seen, *retry;
	int retry_seconds;
	char **names;			/* found by the last look, in order of name, which is order of time */
	size_t n, at;
	bool busy;			/* names[at] is on its way */
	bool look_again;		/* a file appeared meanwhile */
	bool left_over;			/* one could not be taken in, or there may be others that nobody sees */
	bool unwatched;			/* said so */
	struct spool_stats left;	/* of those, files and oldest_ms; and what is counted */
	void (*emptied)(void *ctx);	/* until it has been called */
	void *ctx;
	/* of the file on its way */
	struct hgt_buf path;
	struct hook_line *line;
	int code;
	struct hgt_error err;
};

static void next_file(struct spool *spool);

static void forget_names(struct spool *spool)
{
	for (size_t i = 0; i < spool->n; i++)
		free(spool->names[i]);
	free(spool->names);
	spool->names = NULL;
	spool->n = spool->at = 0;
}

/* A hook writes under another name and renames when the file is whole. */
static bool is_whole(const char *name)
{
	size_t len = strlen(name), suffix = strlen(HGT_SPOOL_SUFFIX);

	return *name != '.' && len > suffix && strcmp(name + len - suffix, HGT_SPOOL_SUFFIX) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_names(struct spool *spool, struct hgt_error *err)
{
	DIR *dir = opendir(spool->folder);
	size_t cap = 0;
	int code = 0;

	forget_names(spool);
	if (!dir)
		return hgt_error_set_errno(err, "cannot read folder %s", spool->folder);
	for (struct dirent *d; code == 0 && (d = readdir(dir));) {
		char *name;

		if (!is_whole(d->d_name) || (d->d_type != DT_REG && d->d_type != DT_UNKNOWN))
			continue;
		if (spool->n == cap) {
			size_t more = cap ? cap * 2 : 16;
			char **names = realloc(spool->names, more * sizeof(*names));

			if (names) {
				spool->names = names;
				cap = more;
			}
		}
		name = spool->n < cap ? strdup(d->d_name) : NULL;
		if (name)
			spool->names[spool->n++] = name;
		else
			code = hgt_error_nomem(err);
	}
	closedir(dir);
	if (spool->n > 0)
		qsort(spool->names, spool->n, sizeof(*spool->names), by_name);
	return code;
}

/* Where inotify takes no more, or no more of its instances, the folder is looked at again and again. */
static void watch_folder(struct spool *spool)
{
	if (spool->inotify >= 0 && inotify_add_watch(spool->inotify, spool->folder, FOLDER_EVENTS) >= 0) {
		spool->unwatched = false;
		return;
	}
	if (!spool->unwatched)
		hgt_log(HGT_LOG_WARNING, "spool", "cannot be watched (fs.inotify.max_user_watches, max_user_instances); it is looked at every 5 minutes",
			HGT_S("folder", spool->folder), HGT_S("error", strerror(errno)));
	spool->unwatched = spool->left_over = true;
}

/* Look at what is there and begin with the first; whoever calls has seen that nothing is on its way. */
static void look(struct spool *spool)
{
	struct hgt_error err = {0};

	spool->look_again = spool->left_over = false;
	spool->left.files = 0;
	spool->left.oldest_ms = 0;
	/* Once more each time: the folder may be another than before, which a hook has made anew. */
	watch_folder(spool);
	if (list_names(spool, &err) < 0) {
		hgt_log(HGT_LOG_ERROR, "spool", "cannot be read", HGT_S("error", err.message));
		spool->left_over = true;
	}
	next_file(spool);
}

/* The round is over. */
static void rest(struct spool *spool)
{
	const struct timeval later = {.tv_sec = spool->retry_seconds};
	void (*emptied)(void *ctx) = spool->emptied;

	forget_names(spool);
	if (spool->look_again && !spool->daemon->stopping) {
		look(spool);
		return;
	}
	if (!spool->left_over) {
		spool->retry_seconds = RETRY_SECONDS;
	} else if (!spool->daemon->stopping) {
		if (event_add(spool->retry, &later) < 0)
			hgt_log(HGT_LOG_ERROR, "spool", "out of memory for another try");
		spool->retry_seconds = spool->retry_seconds * 2 < RETRY_SECONDS_MAX ? spool->retry_seconds * 2 : RETRY_SECONDS_MAX;
	}
	spool->emptied = NULL;
	if (emptied)
		emptied(spool->ctx);
}

/* When a file was written, by its name; 0 when that does not say. */
static int64_t written_ms(const char *name)
{
	char text[HGT_TIME_TEXT];
	int64_t ms;

	snprintf(text, sizeof(text), "%s", name);
	return hgt_time_parse(text, &ms, NULL) == 0 ? ms : 0;
}

/* names[at] stays where it is for now. */
static void leave(struct spool *spool)
{
	spool->left_over = true;
	if (spool->left.files++ == 0)
		spool->left.oldest_ms = written_ms(spool->names[spool->at]);
}

static void file_done(struct spool *spool)
{
	spool->busy = false;
	spool->at++;
	next_file(spool);
}

/* Out of the way, for somebody to look at. */
static void set_aside(struct spool *spool)
{
	const char *name = spool->names[spool->at];
	struct hgt_buf bad = HGT_BUF_INIT;

	hgt_buf_addf(&bad, "%s/bad", spool->folder);
	if (!bad.failed && mkdir(bad.data, 0750) < 0 && errno != EEXIST)
		hgt_log(HGT_LOG_ERROR, "spool", "cannot make folder", HGT_S("folder", bad.data), HGT_S("error", strerror(errno)));
	hgt_buf_addf(&bad, "/%s", name);
	if (bad.failed || rename(spool->path.data, bad.data) < 0)
		leave(spool);
	else
		spool->left.set_aside++;
	hgt_log(HGT_LOG_WARNING, "spool", spool->left_over ? "a file makes no sense, and cannot be moved to spool/bad" :
		"a file makes no sense, and was moved to spool/bad", HGT_S("file", name), HGT_S("error", spool->err.message));
	hgt_buf_release(&bad);
}

static void on_taken(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	struct spool *spool = ctx;
	const char *name = spool->names[spool->at];

	(void)seq;
	if (code < 0) {
		hgt_log(HGT_LOG_WARNING, "spool", "a push cannot be taken in yet", HGT_S("file", name), HGT_S("error", err->message));
		leave(spool);
	} else if (unlink(spool->path.data) < 0 && errno != ENOENT) {
		/* Its push id is journaled: the next look takes it as done. */
		hgt_log(HGT_LOG_ERROR, "spool", "cannot remove a file", HGT_S("file", name), HGT_S("error", strerror(errno)));
		leave(spool);
	} else {
		spool->left.taken++;
		hgt_log(HGT_LOG_INFO, "spool", "a push was taken in", HGT_S("file", name));
	}
	file_done(spool);
}

/* On a git worker. */
static void run_read(void *arg)
{
	struct spool *spool = arg;
	struct hgt_buf text = HGT_BUF_INIT;

	spool->code = hgt_read_file(spool->path.data, HGT_HOOK_LINE_MAX, &text, &spool->err);
	if (spool->code == 0)
		spool->code = hook_line_parse(text.data, text.len, &spool->line, &spool->err);
	if (spool->code == 0 && spool->line->wait) {
		spool->code = hgt_error_set(&spool->err, HGT_EPARSE, "nobody waits in a file");
		hook_line_free(spool->line);
		spool->line = NULL;
	}
	hgt_buf_release(&text);
}

static void on_read(void *arg)
{
	struct spool *spool = arg;
	struct hook_line *line = spool->line;

	spool->line = NULL;
	if (spool->code == 0) {
		intake_announce(spool->daemon->intake, line, "spool", on_taken, spool);
		return;
	}
	if (spool->code == HGT_ENOMEM || spool->code == HGT_EIO) {
		hgt_log(HGT_LOG_WARNING, "spool", "a file cannot be read now, and will be tried again", HGT_S("file", spool->names[spool->at]),
			HGT_S("error", spool->err.message));
		leave(spool);
	} else if (spool->code != HGT_ENOENT) {
		set_aside(spool);
	}
	file_done(spool);
}

static void next_file(struct spool *spool)
{
	struct hgt_error err = {0};
	int code;

	if (spool->at == spool->n || spool->daemon->stopping) {
		rest(spool);
		return;
	}
	hgt_buf_reset(&spool->path);
	hgt_buf_addf(&spool->path, "%s/%s", spool->folder, spool->names[spool->at]);
	code = hgt_buf_check(&spool->path, &err);
	if (code == 0)
		code = hgt_workers_submit(spool->daemon->git, run_read, on_read, spool, &err);
	if (code == 0) {
		spool->busy = true;
		return;
	}
	hgt_log(HGT_LOG_ERROR, "spool", "a file cannot be read", HGT_S("error", err.message));
	for (; spool->at < spool->n; spool->at++)
		leave(spool);
	rest(spool);
}

static void kick(struct spool *spool)
{
	if (spool->busy)
		spool->look_again = true;
	else if (!spool->daemon->stopping)
		look(spool);
}

static void on_seen(evutil_socket_t fd, short what, void *arg)
{
	struct spool *spool = arg;
	_Alignas(struct inotify_event) char events[4096];

	(void)what;
	while (read((int)fd, events, sizeof(events)) > 0)
		;
	kick(spool);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	kick(arg);
}

static int begin(struct spool *spool, struct hgt_error *err)
{
	struct hgt_buf folder = HGT_BUF_INIT;

	hgt_buf_addf(&folder, "%s/" HGT_SPOOL_FOLDER, spool->daemon->config->state);
	spool->folder = hgt_buf_take(&folder);
	spool->retry = evtimer_new(spool->daemon->base, on_retry, spool);
	if (!spool->folder || !spool->retry)
		return hgt_error_nomem(err);
	spool->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (spool->inotify < 0)
		return 0;
	spool->seen = event_new(spool->daemon->base, spool->inotify, EV_READ | EV_PERSIST, on_seen, spool);
	if (!spool->seen || event_add(spool->seen, NULL) < 0)
		return hgt_error_nomem(err);
	return 0;
}

int spool_new(struct daemon *daemon, void (*emptied)(void *ctx), void *ctx, struct spool **out, struct hgt_error *err)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	int code;

	if (!spool)
		return hgt_error_nomem(err);
	*spool = (struct spool){.daemon = daemon, .inotify = -1, .retry_seconds = RETRY_SECONDS, .emptied = emptied, .ctx = ctx,
		.path = HGT_BUF_INIT};
	code = begin(spool, err);
	if (code < 0) {
		spool_free(spool);
		return code;
	}
	*out = spool;
	look(spool);
	return 0;
}

void spool_free(struct spool *spool)
{
	if (!spool)
		return;
	forget_names(spool);
	if (spool->seen)
		event_free(spool->seen);
	if (spool->retry)
		event_free(spool->retry);
	if (spool->inotify >= 0)
		close(spool->inotify);
	hgt_buf_release(&spool->path);
	hook_line_free(spool->line);
	free(spool->folder);
	free(spool);
}

void spool_stats(const struct spool *spool, struct spool_stats *out)
{
	*out = spool->left;
	out->files += spool->n - spool->at;
	if (!out->oldest_ms && spool->at < spool->n)
		out->oldest_ms = written_ms(spool->names[spool->at]);
}
