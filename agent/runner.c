/* The agent: everything wired together, and its start and end. */
#include "agent/runner.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/call.h"
#include "agent/feed.h"
#include "agent/health.h"
#include "agent/target.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/workers.h"
#include "headgate/protocol.h"

#define STOP_SECONDS 5	/* that a report on its way gets */

static void on_up(void *ctx)
{
	struct runner *runner = ctx;

	runner->up = true;
	for (size_t i = 0; i < runner->config->n_targets; i++)
		target_drive(runner->targets[i]);
}

static void on_down(void *ctx, const struct hgt_error *err)
{
	struct runner *runner = ctx;

	(void)err;
	runner->up = false;
	/* Once is one try. */
	if (runner->once && !runner->stopping) {
		runner->exit_code = HGT_EXIT_TROUBLE;
		event_base_loopbreak(runner->base);
	}
}

static void on_begin(void *ctx)
{
	struct runner *runner = ctx;

	for (size_t i = 0; i < runner->config->n_targets; i++)
		target_begin(runner->targets[i]);
}

static void on_ref(void *ctx, const char *repo, const char *ref, const char *id)
{
	struct runner *runner = ctx;

	for (size_t i = 0; i < runner->config->n_targets; i++)
		target_ref(runner->targets[i], repo, ref, id);
}

static void on_complete(void *ctx)
{
	struct runner *runner = ctx;

	runner->told = true;
	for (size_t i = 0; i < runner->config->n_targets; i++)
		target_complete(runner->targets[i]);
	runner_settle(runner);
}

static void on_command(void *ctx, const struct feed_command *command)
{
	struct runner *runner = ctx;

	for (size_t i = 0; i < runner->config->n_targets; i++)
		if (strcmp(runner->config->targets[i].name, command->target) == 0) {
			target_command(runner->targets[i], command);
			return;
		}
	hgt_log(HGT_LOG_ERROR, "command", "a command for a target that this agent does not have", HGT_S("target", command->target),
		HGT_S("id", command->id));
}

static void on_workers(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	hgt_workers_dispatch(ctx);
}

/* Whoever waits for it to be readable does so from now on. */
static void make_readable(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		hgt_log(HGT_LOG_ERROR, "agent", "a command that runs cannot be told to end");
}

/* Those that run are not waited for any longer. */
static void end_applies(struct runner *runner)
{
	if (runner->ending)
		return;
	runner->ending = true;
	for (size_t i = 0; i < runner->config->n_targets; i++)
		if (target_is_applying(runner->targets[i]))
			hgt_log(HGT_LOG_WARNING, "agent", "an apply that runs is ended; it is begun anew at the next start",
				HGT_S("target", runner->config->targets[i].name));
	make_readable(runner->stop_applies);
}

static void on_apply_deadline(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	end_applies(ctx);
}

static void stop(struct runner *runner)
{
	static const struct timeval limit = {.tv_sec = STOP_SECONDS};
	const struct timeval apply_limit = {.tv_sec = runner->config->stop_within};

	runner->stopping = true;
	hgt_notify("STOPPING=1");
	feed_free(runner->feed);
	runner->feed = NULL;
	for (size_t i = 0; i < runner->config->n_targets; i++)
		target_stop(runner->targets[i]);
	make_readable(runner->stop_looks);
	event_add(runner->deadline, &limit);
	event_add(runner->apply_deadline, &apply_limit);
	runner_settle(runner);
}

static void on_signal(evutil_socket_t signal_number, short what, void *ctx)
{
	struct runner *runner = ctx;

	(void)what;
	hgt_log(HGT_LOG_INFO, "agent", "stopping", HGT_I("signal", signal_number));
	/* Who says so twice does not want to wait. */
	if (runner->stopping)
		end_applies(runner);
	else
		stop(runner);
}

/* A report that is not acknowledged by now is in the state, and goes out after the next start. */
static void on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	struct runner *runner = ctx;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < runner->config->n_targets; i++)
		target_abandon(runner->targets[i]);
	runner_settle(runner);
}

static bool all_settled(const struct runner *runner)
{
	for (size_t i = 0; i < runner->config->n_targets; i++)
		if (!target_is_settled(runner->targets[i]))
			return false;
	return true;
}

static bool all_heard(const struct runner *runner)
{
	for (size_t i = 0; i < runner->config->n_targets; i++)
		if (!target_is_heard(runner->targets[i]))
			return false;
	return true;
}

static bool all_synced(const struct runner *runner)
{
	for (size_t i = 0; i < runner->config->n_targets; i++)
		if (!target_is_synced(runner->targets[i]))
			return false;
	return true;
}

void runner_settle(struct runner *runner)
{
	bool busy = hgt_workers_pending(runner->workers) > 0 || hgt_workers_pending(runner->saver) > 0;

	if (runner->stopping) {
		for (size_t i = 0; i < runner->config->n_targets; i++)
			busy |= target_is_busy(runner->targets[i]);
		if (!busy)
			event_base_loopbreak(runner->base);
	} else if (runner->once && runner->told && !busy && all_settled(runner)) {
		runner->exit_code = !all_heard(runner) ? HGT_EXIT_TROUBLE : all_synced(runner) ? HGT_EXIT_OK : HGT_EXIT_NOT;
		event_base_loopbreak(runner->base);
	}
}

static int make_events(struct runner *runner, struct hgt_error *err)
{
	static const int numbers[] = {SIGTERM, SIGINT};
	bool failed;

	runner->workers_event = event_new(runner->base, hgt_workers_fd(runner->workers), EV_READ | EV_PERSIST, on_workers,
		runner->workers);
	runner->saver_event = event_new(runner->base, hgt_workers_fd(runner->saver), EV_READ | EV_PERSIST, on_workers, runner->saver);
	runner->deadline = evtimer_new(runner->base, on_deadline, runner);
	runner->apply_deadline = evtimer_new(runner->base, on_apply_deadline, runner);
	failed = !runner->workers_event || !runner->saver_event || !runner->deadline || !runner->apply_deadline ||
		event_add(runner->workers_event, NULL) < 0 || event_add(runner->saver_event, NULL) < 0;
	for (size_t i = 0; i < 2; i++) {
		runner->signals[i] = evsignal_new(runner->base, numbers[i], on_signal, runner);
		failed |= !runner->signals[i] || event_add(runner->signals[i], NULL) < 0;
	}
	return failed ? hgt_error_nomem(err) : 0;
}

static int make_stops(struct runner *runner, struct hgt_error *err)
{
	runner->stop_looks = eventfd(0, EFD_CLOEXEC);
	runner->stop_applies = eventfd(0, EFD_CLOEXEC);
	return runner->stop_looks < 0 || runner->stop_applies < 0 ? hgt_error_set_errno(err, "cannot make an eventfd") : 0;
}

static int make_targets(struct runner *runner, struct hgt_error *err)
{
	int code = 0;

	runner->targets = calloc(runner->config->n_targets, sizeof(struct target *));
	if (!runner->targets)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < runner->config->n_targets && code == 0; i++)
		code = target_new(runner, &runner->config->targets[i], &runner->targets[i], err);
	return code;
}

/* Who has the token is this agent to the server. */
static void look_at_token(const char *file)
{
	struct stat st;

	if (stat(file, &st) == 0 && st.st_mode & S_IROTH)
		hgt_log(HGT_LOG_WARNING, "agent", "everyone on this host can read the token; chmod o= the file", HGT_S("file", file));
}

int runner_new(const struct hgt_agent_config *config, bool once, struct runner **out, struct hgt_error *err)
{
	struct runner *runner = calloc(1, sizeof(*runner));
	int code;

	if (!runner)
		return hgt_error_nomem(err);
	runner->config = config;
	runner->once = once;
	runner->lock = runner->stop_looks = runner->stop_applies = -1;
	turns_init(&runner->turns, config->parallel);
	runner->base = event_base_new();
	code = runner->base ? caller_new(runner->base, config, &runner->caller, err) : hgt_error_nomem(err);
	if (code == 0)
		code = caller_read_token(runner->caller, config->token_file, err);
	if (code == 0)
		look_at_token(config->token_file);
	if (code == 0)
		code = state_open(config->state, &runner->lock, runner->instance, err);
	if (code == 0)
		code = hgt_workers_new(config->parallel, &runner->workers, err);
	if (code == 0)
		code = hgt_workers_new(1, &runner->saver, err);
	if (code == 0)
		code = make_stops(runner, err);
	if (code == 0)
		code = make_events(runner, err);
	if (code == 0)
		code = make_targets(runner, err);
	if (code == 0 && config->health_port && !once)
		code = health_new(runner, config->health_port, &runner->health, err);
	if (code < 0)
		runner_free(runner);
	else
		*out = runner;
	return code;
}

int runner_run(struct runner *runner)
{
	static const struct feed_listener to_us = {.up = on_up, .down = on_down, .begin = on_begin, .ref = on_ref, .complete = on_complete,
		.command = on_command};
	struct feed_listener listener = to_us;
	struct hgt_error err = {0};

	listener.ctx = runner;
	if (feed_new(runner->base, runner->caller, runner->config, runner->instance, &listener, &runner->feed, &err) < 0) {
		hgt_log(HGT_LOG_ERROR, "agent", err.message);
		return HGT_EXIT_TROUBLE;
	}
	hgt_log(HGT_LOG_INFO, "agent", "started", HGT_S("version", HGT_VERSION), HGT_S("server", runner->config->server),
		HGT_I("targets", runner->config->n_targets));
	/* The targets are driven by what the stream tells. */
	hgt_notify("READY=1");
	event_base_dispatch(runner->base);
	return runner->exit_code;
}

/* The end of a save may begin the next one, of what is the newest by then. */
static void finish_saving(struct runner *runner)
{
	while (hgt_workers_pending(runner->saver) > 0) {
		struct pollfd fd = {.fd = hgt_workers_fd(runner->saver), .events = POLLIN};

		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return;
		hgt_workers_dispatch(runner->saver);
	}
}

void runner_free(struct runner *runner)
{
	if (!runner)
		return;
	/* Whatever ends a job from here on takes no further step. */
	runner->stopping = true;
	feed_free(runner->feed);
	health_free(runner->health);
	/* What ends at one may have something saved at the other. */
	hgt_workers_free(runner->workers);
	runner->workers = NULL;
	finish_saving(runner);
	hgt_workers_free(runner->saver);
	runner->saver = NULL;
	for (size_t i = 0; runner->targets && i < runner->config->n_targets; i++)
		target_free(runner->targets[i]);
	free(runner->targets);
	caller_free(runner->caller);
	for (size_t i = 0; i < 2; i++)
		if (runner->signals[i])
			event_free(runner->signals[i]);
	if (runner->deadline)
		event_free(runner->deadline);
	if (runner->apply_deadline)
		event_free(runner->apply_deadline);
	if (runner->workers_event)
		event_free(runner->workers_event);
	if (runner->saver_event)
		event_free(runner->saver_event);
	if (runner->base)
		event_base_free(runner->base);
	if (runner->stop_looks >= 0)
		close(runner->stop_looks);
	if (runner->stop_applies >= 0)
		close(runner->stop_applies);
	if (runner->lock >= 0)
		close(runner->lock);
	free(runner);
}
