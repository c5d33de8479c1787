/* A command that an agent has not acknowledged, and an agent's list of them. commands.h changes it. */
#ifndef HEADGATE_DAEMON_COMMAND_H
#define HEADGATE_DAEMON_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "headgate/protocol.h"

struct command {
	uint64_t seq;		/* of its event; COMMAND_UNWRITTEN until that is on disk */
	char *body;		/* JSON, as the agent is told of it; NULL until then */
	size_t body_len;
	char target[HGT_NAME_MAX + 1];
};

#define COMMAND_UNWRITTEN UINT64_MAX

/* In order of seq: those that are not on disk come last, in the order in which they will be. */
struct command_list {
	struct command **items;
	size_t n, cap;
};

/* A new one at the end; NULL when memory runs out. */
struct command *command_list_add(struct command_list *list, const char *target);

/* Out of the list, and freed. */
void command_list_drop(struct command_list *list, struct command *command);
void command_list_release(struct command_list *list);

/* The one with the lowest seq above `after` that is on disk, or NULL. */
struct command *command_list_after(const struct command_list *list, uint64_t after);

/* How many are on disk. */
size_t command_list_written(const struct command_list *list);

/* How many of a target there are, on disk or not. */
size_t command_list_count(const struct command_list *list, const char *target);

#endif
