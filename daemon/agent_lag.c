/* How far agents are behind the journal. */
#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/hub.h"
#include "daemon/registry.h"

static int take_time(void *ctx, const struct hgt_journal_row *row)
{
	struct agent *agent = ctx;

	/* Where older rows are no longer held, the oldest that is. */
	agent->next_ms = row->time_ms;
	return 0;
}

static void find_lag(struct agents *agents, struct agent *agent, int64_t now_ms, struct agent_lag *out)
{
	uint64_t head = hub_head(agents->daemon->hub), told = agent->stream ? hub_seen(agent->stream) : agent->told;

	*out = (struct agent_lag){.known = agent->stream || agent->told};
	if (!out->known || told >= head)
		return;
	out->events = head - told;
	if (agent->next_seq != told + 1) {
		agent->next_ms = 0;
		agent->next_seq = hgt_journal_read(agents->daemon->reader, told, 1, take_time, agent, NULL) < 0 ? 0 : told + 1;
	}
	if (agent->next_ms && now_ms > agent->next_ms)
		out->ms = now_ms - agent->next_ms;
}

void agents_each_lag(struct agents *agents, size_t most, void (*cb)(void *ctx, const struct agent *agent,
	const struct agent_lag *lag),
	void *ctx)
{
	int64_t now_ms = hgt_time_now_ms();
	struct agent_lag lag;

	for (size_t i = 0; i < agents->list.n && most > 0; i++) {
		struct agent *agent = agents->list.items[i].thing;

		if (agent->pending)
			continue;
		find_lag(agents, agent, now_ms, &lag);
		cb(ctx, agent, &lag);
		most--;
	}
}

void agents_stats(const struct agents *agents, struct agents_stats *out)
{
	const struct agent *agent;
	size_t pos = 0;

	*out = (struct agents_stats){.refused = agents->refused};
	while ((agent = agents_next(agents, &pos))) {
		out->registered++;
		out->connected += agent->stream != NULL;
	}
}
