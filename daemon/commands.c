/* Commands in memory: told, acknowledged, shown. command_order.c has how they are asked for. */
#include "daemon/commands.h"

#include "base/json_writer.h"
#include "base/log.h"
#include "daemon/agent.h"
#include "daemon/registry.h"
#include "daemon/store.h"
#include "journal/commands.h"

bool commands_notice(void *ctx, uint64_t after, struct hub_notice *out)
{
	const struct agent *agent = ctx;
	const struct command *command = command_list_after(&agent->commands, after);

	if (!command)
		return false;
	*out = (struct hub_notice){.number = command->seq, .name = HGT_STREAM_COMMAND, .data = command->body, .len = command->body_len};
	return true;
}

void commands_write(const struct agent *agent, const char *target, struct hgt_json *json)
{
	hgt_json_begin_array(json);
	for (size_t i = 0; i < agent->commands.n; i++) {
		const struct command *command = agent->commands.items[i];

		if (command->body && strcmp(command->target, target) == 0)
			hgt_json_raw(json, command->body, command->body_len);
	}
	hgt_json_end_array(json);
}

void commands_stats(const struct agents *agents, struct commands_stats *out)
{
	*out = (struct commands_stats){0};
	for (size_t i = 0; i < agents->list.n; i++) {
		const struct agent *agent = agents->list.items[i].thing;

		out->pending += command_list_written(&agent->commands);
	}
}

/* Loading. */

struct loading {
	struct agents *agents;
	struct hgt_error *err;
};

static int load(void *ctx, const struct hgt_command_row *row)
{
	struct loading *loading = ctx;
	struct agent *agent = agents_find(loading->agents, row->agent);
	struct command *command;

	if (!agent)
		return 0;
	command = command_list_add(&agent->commands, row->target);
	if (!command)
		return hgt_error_nomem(loading->err);
	command->seq = row->seq;
	command->body = strndup(row->body, row->body_len);
	command->body_len = row->body_len;
	return command->body ? 0 : hgt_error_nomem(loading->err);
}

int commands_load(struct agents *agents, struct hgt_error *err)
{
	struct loading loading = {.agents = agents, .err = err};

	return hgt_journal_commands(agents->daemon->reader, load, &loading, err);
}

/* Acknowledging. */

struct receipt {
	struct agent *agent;	/* a reference */
	struct hgt_cursor id;
	agents_done_cb done;
	void *ctx;
};

/* On the writer thread. */
static int run_receipt(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	const struct receipt *receipt = job;

	(void)batch;
	return hgt_journal_command_end(journal, receipt->agent->name, &receipt->id, err);
}

static void receipt_done(void *job, int code, const struct hgt_error *err)
{
	struct receipt *receipt = job;
	struct agent *agent = receipt->agent;
	struct command *command = command_list_after(&agent->commands, receipt->id.seq - 1);

	if (code == 0 && command && command->seq == receipt->id.seq) {
		hgt_log(HGT_LOG_INFO, "commands", "the agent has the command", HGT_S("agent", agent->name), HGT_S("target", command->target),
			HGT_I("command", command->seq));
		command_list_drop(&agent->commands, command);
	}
	receipt->done(receipt->ctx, code, 0, err);
	agent_unref(agent);
	free(receipt);
}

int commands_acknowledge(struct agents *agents, struct agent *agent, const struct hgt_cursor *id, agents_done_cb done, void *ctx,
	struct hgt_error *err)
{
	struct receipt *receipt = calloc(1, sizeof(*receipt));
	int code;

	if (!receipt)
		return hgt_error_nomem(err);
	*receipt = (struct receipt){.agent = agent_ref(agent), .id = *id, .done = done, .ctx = ctx};
	code = store_submit(agents->daemon->store, run_receipt, receipt_done, receipt, err);
	if (code < 0) {
		agent_unref(agent);
		free(receipt);
	}
	return code;
}
