/* The daemon as one object: built, run until a signal ends it, torn down. */
#include "daemon/daemon.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/agents.h"
#include "daemon/archives.h"
#include "daemon/errand.h"
#include "daemon/guard.h"
#include "daemon/hook_socket.h"
#include "daemon/http.h"
#include "daemon/hub.h"
#include "daemon/inbound.h"
#include "daemon/intake.h"
#include "daemon/manifest.h"
#include "daemon/metrics.h"
#include "daemon/mirror_links.h"
#include "daemon/mirrors.h"
#include "daemon/ref_watch.h"
#include "daemon/reload.h"
#include "daemon/repos.h"
#include "daemon/retention.h"
#include "daemon/rollout.h"
#include "daemon/sockets.h"
#include "daemon/spool.h"
#include "daemon/store.h"
#include "daemon/tokens.h"
#include "daemon/upgrade.h"
#include "daemon/webhooks.h"
#include "headgate/protocol.h"

/* How long what runs is waited for when the daemon is told to stop, and how often it is looked at meanwhile. */
enum { STOP_MS = 5000, HOOKS_MS = 1000 /* of these, for hooks alone */, STOP_LOOK_MS = 10 };

/* Of the daemon as a process: what only this file knows. */
struct process {
	struct daemon daemon;
	const struct daemon_how *how;
	struct event *term, *interrupt, *hangup, *user2, *git_done, *archive_done;
	struct upgrade *upgrade;
	struct event *stop_look;	/* while stopping */
	int64_t stop_by;		/* monotonic ms */
	bool abandoned;			/* something still ran when the time was up */
};

/* Hooks have little patience and are answered fast: they are taken in until all others are done, or it is late. */
static bool quiet(struct process *p)
{
	struct daemon *d = &p->daemon;
	bool requests = http_drain(d->http) == 1, webhooks = webhooks_drain(d->webhooks) == 1;
	bool mirrors = mirrors_drain(d->mirrors) == 1 && links_drain(d->links) == 1;
	bool others = requests && webhooks && mirrors && hgt_workers_pending(d->archivers) == 0;

	if (!others && hgt_time_mono_ms() < p->stop_by - HOOKS_MS)
		return false;
	return hook_socket_drain(d->hook_socket) == 1 && others && hgt_workers_pending(d->git) == 0 && store_pending(d->store) == 0;
}

static void on_stop_look(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;
	const struct timeval soon = {.tv_usec = STOP_LOOK_MS * 1000};

	(void)fd, (void)what;
	if (!quiet(p)) {
		if (hgt_time_mono_ms() < p->stop_by && event_add(p->stop_look, &soon) == 0)
			return;
		p->abandoned = true;
	}
	event_base_loopbreak(p->daemon.base);
}

static void begin_stop(struct process *p)
{
	p->daemon.stopping = true;
	p->stop_by = hgt_time_mono_ms() + STOP_MS;
	rollouts_stop(p->daemon.rollouts);
	on_stop_look(-1, 0, p);
}

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
	struct process *p = arg;

	(void)what;
	if (p->daemon.stopping) {
		p->abandoned = true;
		p->daemon.upgrading = false;
		event_base_loopbreak(p->daemon.base);
		return;
	}
	hgt_log(HGT_LOG_INFO, "daemon", "stopping", HGT_S("signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"));
	hgt_notify("STOPPING=1");
	begin_stop(p);
}

static void on_hangup(evutil_socket_t signal, short what, void *arg)
{
	struct process *p = arg;

	(void)signal, (void)what;
	reload(&p->daemon, p->how->options);
}

static void on_upgrade(evutil_socket_t signal, short what, void *arg)
{
	struct process *p = arg;

	(void)signal, (void)what;
	upgrade_ask(p->upgrade);
}

/* The program on disk is to take over: as for a stop, but the sockets stay open. */
static void on_agreed(void *arg)
{
	struct process *p = arg;
	char state[64];

	hgt_log(HGT_LOG_INFO, "daemon", "the program on disk takes over");
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, hgt_time_mono_us());
	hgt_notify(state);
	p->daemon.upgrading = true;
	begin_stop(p);
}

static void on_job_done(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	hgt_workers_dispatch(arg);
}

static void block_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(how, &set, NULL);
}

static int watch_signals(struct process *p, struct hgt_error *err)
{
	struct event_base *base = p->daemon.base;

	/* A peer that is gone shows in write(); so does a file that has reached its limit. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	p->term = evsignal_new(base, SIGTERM, on_stop, p);
	p->interrupt = evsignal_new(base, SIGINT, on_stop, p);
	p->hangup = evsignal_new(base, SIGHUP, on_hangup, p);
	p->user2 = evsignal_new(base, SIGUSR2, on_upgrade, p);
	p->stop_look = evtimer_new(base, on_stop_look, p);
	if (!p->term || !p->interrupt || !p->hangup || !p->user2 || !p->stop_look || event_add(p->term, NULL) < 0 ||
		event_add(p->interrupt, NULL) < 0 || event_add(p->hangup, NULL) < 0 || event_add(p->user2, NULL) < 0)
		return hgt_error_nomem(err);
	/* Blocked while one program became the next. */
	block_signals(SIG_UNBLOCK);
	return upgrade_new(&p->daemon, p->how->argv, on_agreed, p, &p->upgrade, err);
}

static int make_folder(const char *state, const char *name, mode_t mode, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&path, "%s/%s", state, name);
	code = hgt_buf_check(&path, err);
	if (code == 0 && mkdir(path.data, mode) < 0 && errno != EEXIST)
		code = hgt_error_set_errno(err, "cannot make folder %s", path.data);
	/* Whatever the umask: hooks that share the group write here. */
	else if (code == 0 && chmod(path.data, mode) < 0 && errno != EPERM)
		code = hgt_error_set_errno(err, "cannot set the mode of folder %s", path.data);
	hgt_buf_release(&path);
	return code;
}

static int open_state(struct daemon *d, struct hgt_error *err)
{
	const char *state = d->config->state;
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	umask(0027);
	code = hgt_make_folders(state, 0750, err);
	if (code == 0 && access(state, W_OK | X_OK) < 0)
		code = hgt_error_set_errno(err, "state: cannot write in %s", state);
	if (code == 0)
		code = make_folder(state, HGT_SPOOL_FOLDER, 0770, err);
	if (code == 0)
		code = store_new(d, &d->store, err);
	hgt_buf_addf(&path, "%s/" HGT_JOURNAL_FILE, state);
	if (code == 0)
		code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_journal_open(path.data, HGT_JOURNAL_READ, &d->reader, err);
	hgt_buf_release(&path);
	return code;
}

static int start_workers(struct event_base *base, struct hgt_workers **out, struct event **done, struct hgt_error *err)
{
	int code = hgt_workers_new(2, out, err);

	if (code < 0)
		return code;
	*done = event_new(base, hgt_workers_fd(*out), EV_READ | EV_PERSIST, on_job_done, *out);
	if (!*done || event_add(*done, NULL) < 0)
		return hgt_error_nomem(err);
	return 0;
}

static size_t count_repositories(const struct daemon *d)
{
	size_t n = 0, pos = 0;

	while (repos_next(d->repos, &pos))
		n++;
	return n;
}

static void on_compared(void *arg)
{
	struct daemon *d = arg;

	d->ready = true;
	hgt_log(HGT_LOG_INFO, "daemon", "ready", HGT_S("site", d->config->site), HGT_S("hook", d->config->sockets.hook),
		HGT_S("admin", d->config->sockets.admin), HGT_I("repositories", count_repositories(d)));
	hgt_notify("READY=1");
	/* What the start took is not needed again soon. */
	malloc_trim(0);
	mirrors_begin(d->mirrors);
}

/* What was left behind while the daemon was away comes before the compare, which knows of no pusher. */
static void on_spool_emptied(void *arg)
{
	struct daemon *d = arg;

	if (!d->stopping)
		ref_watch_all(d->ref_watch);
}

/* What a target of webhooks has not been told yet stays in the journal. */
static uint64_t needed_by_webhooks(void *ctx)
{
	const struct daemon *d = ctx;

	return d->webhooks ? webhooks_needed(d->webhooks) : UINT64_MAX;
}

static int build(struct process *p, struct hgt_error *err)
{
	struct daemon *d = &p->daemon;
	int code;

	d->base = event_base_new();
	if (!d->base)
		return hgt_error_nomem(err);
	code = watch_signals(p, err);
	if (code == 0)
		code = metrics_new(&d->metrics, err);
	if (code == 0)
		code = open_state(d, err);
	if (code == 0)
		code = start_workers(d->base, &d->git, &p->git_done, err);
	if (code == 0)
		code = start_workers(d->base, &d->archivers, &p->archive_done, err);
	if (code == 0)
		code = repos_new(d->config, &d->repos, err);
	if (code == 0)
		code = intake_new(d, &d->intake, err);
	if (code == 0)
		code = hub_new(d, &d->hub, err);
	if (code == 0)
		code = retention_new(d, &d->retention, err);
	if (code == 0)
		code = agents_new(d, &d->agents, err);
	if (code == 0)
		code = rollouts_new(d, &d->rollouts, err);
	if (code == 0)
		code = tokens_new(d, &d->tokens, err);
	if (code == 0)
		code = archives_new(d, &d->archives, err);
	if (code == 0)
		code = errands_new(&d->errands, err);
	if (code == 0)
		code = guard_new(&d->config, &d->guard, err);
	if (code == 0)
		code = webhooks_new(d, &d->webhooks, err);
	if (code == 0)
		code = retention_hold(d->retention, "webhooks", needed_by_webhooks, d, err);
	if (code == 0)
		code = mirrors_new(d, &d->mirrors, err);
	if (code == 0)
		code = links_new(d, &d->links, err);
	if (code == 0)
		code = inbound_new(d, &d->inbound, err);
	if (code == 0)
		code = http_new(d, &d->http, err);
	if (code == 0)
		code = ref_watch_new(d, on_compared, d, &d->ref_watch, err);
	if (code == 0)
		code = manifest_new(d, &d->manifest, err);
	if (code == 0)
		code = hook_socket_new(d, &d->hook_socket, err);
	if (code == 0)
		code = sockets_settle(d->sockets, err);
	if (code == 0)
		code = spool_new(d, on_spool_emptied, d, &d->spool, err);
	return code;
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

/* In reverse. Nothing runs any more when it is called after a clean stop, or nothing has begun after a failed start. */
static void tear_down(struct process *p)
{
	struct daemon *d = &p->daemon;

	hgt_workers_free(d->git);
	hgt_workers_free(d->archivers);
	spool_free(d->spool);
	hook_socket_free(d->hook_socket);
	ref_watch_free(d->ref_watch);
	manifest_free(d->manifest);
	d->manifest = NULL;
	http_free(d->http);
	guard_free(d->guard);
	inbound_free(d->inbound);
	links_free(d->links);
	mirrors_free(d->mirrors);
	d->mirrors = NULL;
	webhooks_free(d->webhooks);
	d->webhooks = NULL;
	archives_free(d->archives);
	errands_free(d->errands);
	tokens_free(d->tokens);
	rollouts_free(d->rollouts);
	d->rollouts = NULL;
	agents_free(d->agents);
	hub_free(d->hub);
	d->hub = NULL;
	intake_free(d->intake);
	repos_free(d->repos);
	/* The writer last: whoever closes last puts the whole journal into one file. */
	hgt_journal_close(d->reader);
	store_free(d->store);
	retention_free(d->retention);
	metrics_free(d->metrics);
	free_event(p->archive_done);
	free_event(p->git_done);
	upgrade_free(p->upgrade);
	free_event(p->stop_look);
	free_event(p->user2);
	free_event(p->hangup);
	free_event(p->interrupt);
	free_event(p->term);
	if (d->base)
		event_base_free(d->base);
}

/* Build, serve, tear down. 0, 1 as daemon_run, or negative. *config is the one in force at the end; *upgrade: the next program is to be. */
static int run(const struct hgt_config **config, const struct daemon_how *how, struct sockets *sockets, bool *upgrade,
	struct hgt_error *err)
{
	struct process p = {.how = how, .daemon = {.config = *config, .sockets = sockets, .started_ms = hgt_time_now_ms()}};
	int code = build(&p, err);

	if (code == 0)
		event_base_dispatch(p.daemon.base);
	*upgrade = p.daemon.upgrading;
	if (*upgrade)
		block_signals(SIG_BLOCK);
	*config = p.daemon.config;
	if (p.abandoned) {
		/* Threads still hold what would be freed. What was acknowledged is on disk. */
		hgt_log(HGT_LOG_WARNING, "daemon", "stopped without waiting for what still ran");
		return 1;
	}
	tear_down(&p);
	if (code == 0 && !*upgrade)
		hgt_log(HGT_LOG_INFO, "daemon", "stopped");
	return code;
}

int daemon_run(const struct hgt_config *config, const struct daemon_how *how, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct sockets *sockets = NULL;
	bool upgrade = false;
	int code = sockets_new(&sockets, err);

	hgt_config_ref(config);
	if (code == 0)
		code = upgrade_path(&path, err);
	while (code == 0) {
		code = run(&config, how, sockets, &upgrade, err);
		if (code < 0 || !upgrade)
			break;
		if (upgrade_exec(path.data, how->argv, sockets, err) < 0)
			hgt_log(HGT_LOG_ERROR, "daemon", "the program on disk cannot be run; this one goes on", HGT_S("error", err->message));
		/* With threads that still run there is no way back; the service manager begins anew. */
		if (code == 1)
			code = hgt_error_set(err, HGT_EUNAVAILABLE, "cannot go on after an upgrade that failed");
	}
	hgt_buf_release(&path);
	if (code == 1)
		return code;
	sockets_free(sockets);
	hgt_config_unref(config);
	return code;
}
