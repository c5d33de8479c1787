/* Numbers of the agents. */
#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/commands.h"
#include "daemon/metrics_parts.h"

/* The states of a target, as its last report says. */
enum { SYNCED, OUT_OF_SYNC, UNKNOWN, UNREPORTED, STATES };

static const char *const states[STATES] = {"Synced", "OutOfSync", "Unknown", "unreported"};

/* Reports are kept as the daemon writes them, where "sync" comes before any text of the agent's own but its name. */
static int state_of(const struct agent_target *target)
{
	static const char key[] = "\"sync\":\"";
	const char *value = target->report ? strstr(target->report, key) : NULL;

	if (!target->report)
		return UNREPORTED;
	for (int i = 0; value && i < UNREPORTED; i++) {
		size_t len = strlen(states[i]);

		if (strncmp(value + strlen(key), states[i], len) == 0 && value[strlen(key) + len] == '"')
			return i;
	}
	return UNKNOWN;
}

/* The families go out one after the other, so the agents are gone through once for each. */
struct telling {
	struct hgt_metrics *m;
	uint32_t stale_after;
	void (*tell)(const struct telling *telling, const struct agent *agent, const struct agent_lag *lag);
};

static void tell_connected(const struct telling *telling, const struct agent *agent, const struct agent_lag *lag)
{
	(void)lag;
	hgt_metrics_uint(telling->m, HGT_LABELS("agent", agent->name), agent->stream != NULL);
}

static void tell_events(const struct telling *telling, const struct agent *agent, const struct agent_lag *lag)
{
	if (lag->known)
		hgt_metrics_uint(telling->m, HGT_LABELS("agent", agent->name), lag->events);
}

static void tell_seconds(const struct telling *telling, const struct agent *agent, const struct agent_lag *lag)
{
	if (lag->known)
		hgt_metrics_milli(telling->m, HGT_LABELS("agent", agent->name), lag->ms);
}

static void tell_seen(const struct telling *telling, const struct agent *agent, const struct agent_lag *lag)
{
	(void)lag;
	if (agent->seen_ms)
		hgt_metrics_milli(telling->m, HGT_LABELS("agent", agent->name), agent->seen_ms);
}

static void tell_targets(const struct telling *telling, const struct agent *agent, const struct agent_lag *lag)
{
	const int64_t now = hgt_time_now_ms();
	uint64_t n[STATES] = {0};

	(void)lag;
	for (size_t i = 0; i < agent->n_targets; i++) {
		const struct agent_target *target = &agent->targets[i];

		n[agent_target_is_stale(agent, target, telling->stale_after, now) ? UNKNOWN : state_of(target)]++;
	}
	for (int i = 0; i < STATES; i++)
		if (n[i])
			hgt_metrics_uint(telling->m, HGT_LABELS("agent", agent->name, "sync", states[i]), n[i]);
}

static void tell_commands(const struct telling *telling, const struct agent *agent, const struct agent_lag *lag)
{
	(void)lag;
	hgt_metrics_uint(telling->m, HGT_LABELS("agent", agent->name), command_list_written(&agent->commands));
}

static void tell_one(void *ctx, const struct agent *agent, const struct agent_lag *lag)
{
	struct telling *telling = ctx;

	telling->tell(telling, agent, lag);
}

static void write_each(const struct daemon *daemon, struct hgt_metrics *m)
{
	static const struct {
		const char *name, *help;
		void (*tell)(const struct telling *telling, const struct agent *agent, const struct agent_lag *lag);
	} families[] = {
		{"headgate_agent_connected", "Whether the agent's stream is open.", tell_connected},
		{"headgate_agent_lag_events", "Events journaled that the agent's stream has not been told of; of an agent "
			"that is gone, all "
			"since. Nothing before it has connected once.", tell_events},
		{"headgate_agent_lag_seconds", "The age of the oldest of these events.", tell_seconds},
		{"headgate_agent_last_seen_timestamp_seconds", "When the agent was last heard of, in seconds since "
			"1970.", tell_seen},
		{"headgate_agent_targets", "Targets of the agent, by what it last reported of them; Unknown "
			"too where that is stale.", tell_targets},
		{"headgate_agent_commands_pending", "Commands (sync, suspend, resume) that the agent has not acknowledged.", tell_commands},
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		struct telling telling = {.m = m, .stale_after = daemon->config->stale_after, .tell = families[i].tell};

		hgt_metrics_family(m, families[i].name, HGT_METRIC_GAUGE, families[i].help);
		agents_each_lag(daemon->agents, METRICS_AGENTS_MAX, tell_one, &telling);
	}
}

void metrics_agents(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct commands_stats commands;
	struct agents_stats stats;

	commands_stats(daemon->agents, &commands);
	agents_stats(daemon->agents, &stats);
	hgt_metrics_family(m, "headgate_agents", HGT_METRIC_GAUGE, "Agents that are registered, by whether their streams are "
		"open.");
	hgt_metrics_uint(m, HGT_LABELS("state", "connected"), stats.connected);
	hgt_metrics_uint(m, HGT_LABELS("state", "disconnected"), stats.registered - stats.connected);
	metrics_gauge(m, "headgate_agents_untold", "Agents beyond those that are told one by one.",
		stats.registered > METRICS_AGENTS_MAX ? stats.registered - METRICS_AGENTS_MAX : 0);
	metrics_counter(m, "headgate_agents_refused_total",
		"Requests and streams turned away since the start: tokens that are wrong or revoked, second instances of one "
		"agent.", stats.refused);
	metrics_gauge(m, "headgate_commands_pending", "Commands that agents have not acknowledged, of all agents together.", commands.pending);
	write_each(daemon, m);
}
