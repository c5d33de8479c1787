/* An agent's list of commands. */
#include "daemon/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct command *command_list_add(struct command_list *list, const char *target)
{
	struct command *command;

	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 4;
		struct command **items = reallocarray(list->items, cap, sizeof(struct command *));

		if (!items)
			return NULL;
		list->items = items;
		list->cap = cap;
	}
	command = calloc(1, sizeof(*command));
	if (!command)
		return NULL;
	command->seq = COMMAND_UNWRITTEN;
	snprintf(command->target, sizeof(command->target), "%s", target);
	list->items[list->n++] = command;
	return command;
}

static void command_free(struct command *command)
{
	free(command->body);
	free(command);
}

void command_list_drop(struct command_list *list, struct command *command)
{
	size_t i = 0;

	while (i < list->n && list->items[i] != command)
		i++;
	if (i == list->n)
		return;
	list->n--;
	memmove(list->items + i, list->items + i + 1, (list->n - i) * sizeof(*list->items));
	command_free(command);
	if (!list->n)
		command_list_release(list);
}

void command_list_release(struct command_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		command_free(list->items[i]);
	free(list->items);
	*list = (struct command_list){0};
}

struct command *command_list_after(const struct command_list *list, uint64_t after)
{
	size_t low = 0, high = list->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (list->items[mid]->seq <= after)
			low = mid + 1;
		else
			high = mid;
	}
	return low < list->n && list->items[low]->seq != COMMAND_UNWRITTEN ? list->items[low] : NULL;
}

size_t command_list_written(const struct command_list *list)
{
	size_t n = list->n;

	while (n && list->items[n - 1]->seq == COMMAND_UNWRITTEN)
		n--;
	return n;
}

size_t command_list_count(const struct command_list *list, const char *target)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += strcmp(list->items[i]->target, target) == 0;
	return n;
}
