/* The agent: everything wired together, and its start and end. */
#include "agent/agent.h"

#include <event2/event.h>
#include <signal.h>
#include <unistd.h>

#include "agent/call.h"
#include "agent/feed.h"
#include "agent/target.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/workers.h"
#include "headgate/protocol.h"

#define STOP_SECONDS 5	/* that a report on its way gets; a running `after` has a limit of its own */

static void on_up(void *ctx)
{
	struct agent *agent = ctx;

	agent->up = true;
	for (size_t i = 0; i < agent->config->n_targets; i++)
		target_drive(agent->targets[i]);
}

static void on_down(void *ctx, const struct hgt_error *err)
{
	struct agent *agent = ctx;

	(void)err;
	agent->up = false;
	/* Once is one try. */
	if (agent->once && !agent->stopping) {
		agent->exit_code = HGT_EXIT_TROUBLE;
		event_base_loopbreak(agent->base);
	}
}

static void on_begin(void *ctx)
{
	struct agent *agent = ctx;

	for (size_t i = 0; i < agent->config->n_targets; i++)
		target_begin(agent->targets[i]);
}

static void on_ref(void *ctx, const char *repo, const char *ref, const char *id)
{
	struct agent *agent = ctx;

	for (size_t i = 0; i < agent->config->n_targets; i++)
		target_ref(agent->targets[i], repo, ref, id);
}

static void on_complete(void *ctx)
{
	struct agent *agent = ctx;

	agent->told = true;
	for (size_t i = 0; i < agent->config->n_targets; i++)
		target_complete(agent->targets[i]);
	agent_settle(agent);
}

static void on_workers(evutil_socket_t fd, short what, void *ctx)
{
	struct agent *agent = ctx;

	(void)fd;
	(void)what;
	hgt_workers_dispatch(agent->workers);
}

static void stop(struct agent *agent)
{
	static const struct timeval limit = {.tv_sec = STOP_SECONDS};

	if (agent->stopping)
		return;
	agent->stopping = true;
	hgt_notify("STOPPING=1");
	feed_free(agent->feed);
	agent->feed = NULL;
	for (size_t i = 0; i < agent->config->n_targets; i++)
		target_stop(agent->targets[i]);
	event_add(agent->deadline, &limit);
	agent_settle(agent);
}

static void on_signal(evutil_socket_t signal_number, short what, void *ctx)
{
	(void)what;
	hgt_log(HGT_LOG_INFO, "agent", "stopping", HGT_I("signal", signal_number));
	stop(ctx);
}

/* A report that is not acknowledged by now is in the state, and goes out after the next start. */
static void on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	struct agent *agent = ctx;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < agent->config->n_targets; i++)
		target_abandon(agent->targets[i]);
	agent_settle(agent);
}

static bool all_settled(const struct agent *agent)
{
	for (size_t i = 0; i < agent->config->n_targets; i++)
		if (!target_is_settled(agent->targets[i]))
			return false;
	return true;
}

static bool all_synced(const struct agent *agent)
{
	for (size_t i = 0; i < agent->config->n_targets; i++)
		if (!target_is_synced(agent->targets[i]))
			return false;
	return true;
}

void agent_settle(struct agent *agent)
{
	bool busy = hgt_workers_pending(agent->workers) > 0;

	if (agent->stopping) {
		for (size_t i = 0; i < agent->config->n_targets; i++)
			busy |= target_is_busy(agent->targets[i]);
		if (!busy)
			event_base_loopbreak(agent->base);
	} else if (agent->once && agent->told && !busy && all_settled(agent)) {
		agent->exit_code = all_synced(agent) ? HGT_EXIT_OK : HGT_EXIT_NOT;
		event_base_loopbreak(agent->base);
	}
}

static int make_events(struct agent *agent, struct hgt_error *err)
{
	static const int numbers[] = {SIGTERM, SIGINT};
	bool failed;

	agent->workers_event = event_new(agent->base, hgt_workers_fd(agent->workers), EV_READ | EV_PERSIST, on_workers, agent);
	agent->deadline = evtimer_new(agent->base, on_deadline, agent);
	failed = !agent->workers_event || !agent->deadline || event_add(agent->workers_event, NULL) < 0;
	for (size_t i = 0; i < 2; i++) {
		agent->signals[i] = evsignal_new(agent->base, numbers[i], on_signal, agent);
		failed |= !agent->signals[i] || event_add(agent->signals[i], NULL) < 0;
	}
	return failed ? hgt_error_nomem(err) : 0;
}

static int make_targets(struct agent *agent, struct hgt_error *err)
{
	int code = 0;

	agent->targets = calloc(agent->config->n_targets, sizeof(struct target *));
	if (!agent->targets)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < agent->config->n_targets && code == 0; i++)
		code = target_new(agent, &agent->config->targets[i], &agent->targets[i], err);
	return code;
}

int agent_new(const struct hgt_agent_config *config, bool once, struct agent **out, struct hgt_error *err)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int code;

	if (!agent)
		return hgt_error_nomem(err);
	agent->config = config;
	agent->once = once;
	agent->lock = -1;
	agent->base = event_base_new();
	code = agent->base ? caller_new(agent->base, config->server, &agent->caller, err) : hgt_error_nomem(err);
	if (code == 0)
		code = caller_read_token(agent->caller, config->token_file, err);
	if (code == 0)
		code = state_open(config->state, &agent->lock, agent->instance, err);
	if (code == 0)
		code = hgt_workers_new(1, &agent->workers, err);
	if (code == 0)
		code = make_events(agent, err);
	if (code == 0)
		code = make_targets(agent, err);
	if (code < 0)
		agent_free(agent);
	else
		*out = agent;
	return code;
}

int agent_run(struct agent *agent)
{
	static const struct feed_listener to_us = {.up = on_up, .down = on_down, .begin = on_begin, .ref = on_ref, .complete = on_complete};
	struct feed_listener listener = to_us;
	struct hgt_error err = {0};

	listener.ctx = agent;
	if (feed_new(agent->base, agent->caller, agent->config, agent->instance, &listener, &agent->feed, &err) < 0) {
		hgt_log(HGT_LOG_ERROR, "agent", err.message);
		return HGT_EXIT_TROUBLE;
	}
	hgt_log(HGT_LOG_INFO, "agent", "started", HGT_S("version", HGT_VERSION), HGT_S("server", agent->config->server),
		HGT_I("targets", agent->config->n_targets));
	/* The targets are driven by what the stream tells. */
	hgt_notify("READY=1");
	event_base_dispatch(agent->base);
	return agent->exit_code;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	/* Whatever ends a job from here on takes no further step. */
	agent->stopping = true;
	feed_free(agent->feed);
	hgt_workers_free(agent->workers);
	for (size_t i = 0; agent->targets && i < agent->config->n_targets; i++)
		target_free(agent->targets[i]);
	free(agent->targets);
	caller_free(agent->caller);
	for (size_t i = 0; i < 2; i++)
		if (agent->signals[i])
			event_free(agent->signals[i]);
	if (agent->deadline)
		event_free(agent->deadline);
	if (agent->workers_event)
		event_free(agent->workers_event);
	if (agent->base)
		event_base_free(agent->base);
	if (agent->lock >= 0)
		close(agent->lock);
	free(agent);
}
