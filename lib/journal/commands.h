/*
 * Commands: what somebody has asked of an agent's target. Each is an event (HGT_EVENT_SYNC_REQUESTED), and a row here until the agent
 * has said that it has it: so retention may take the event before that, and nothing is lost.
 *
 * A command goes by the id of its event, "<journal>.<seq>", for good: a journal that goes on under an id of its own (lineage.h) still
 * tells those of before under the ids that they were given.
 */
#ifndef HEADGATE_JOURNAL_COMMANDS_H
#define HEADGATE_JOURNAL_COMMANDS_H

#include "journal/journal.h"

struct hgt_command_row {
	uint64_t seq;		/* of its event */
	const char *agent, *target;
	const char *body;	/* JSON: as the agent is told of it */
	size_t body_len;
};

/* Within the batch that appends its event. */
int hgt_journal_command_add(struct hgt_journal *journal, const struct hgt_command_row *command, struct hgt_error *err) HGT_MUST_CHECK;

/* Within a batch: the agent has the command of that id. 0 also when it had said so before; HGT_ENOENT when there never was such a
 * command of this agent, as far as the journal still tells. */
int hgt_journal_command_end(struct hgt_journal *journal, const char *agent, const struct hgt_cursor *id,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Within a batch: forget those of an agent that is removed. */
int hgt_journal_commands_forget(struct hgt_journal *journal, const char *agent, struct hgt_error *err) HGT_MUST_CHECK;

/* In order of seq. A negative return of cb stops and is passed on, a positive stops. */
typedef int (*hgt_journal_command_cb)(void *ctx, const struct hgt_command_row *command);
int hgt_journal_commands(struct hgt_journal *journal, hgt_journal_command_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether each is what its event says, where that is still held; HGT_ECORRUPT when not. */
int hgt_commands_verify(struct hgt_journal *journal, struct hgt_error *err) HGT_MUST_CHECK;

#endif
