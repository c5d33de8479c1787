/* Whose turn it is. */
#include "mirror/turns.h"

#include <stdlib.h>
#include <string.h>

void hgt_turns_init(struct hgt_turns *turns, unsigned most, unsigned most_per_host)
{
	*turns = (struct hgt_turns){.most = most, .most_per_host = most_per_host, .first = UINT64_MAX / 2, .last = UINT64_MAX / 2};
	TAILQ_INIT(&turns->lanes);
}

void hgt_turns_release(struct hgt_turns *turns)
{
	hgt_map_release(&turns->hosts);
}

void hgt_turns_lane_init(struct hgt_turns_lane *lane)
{
	*lane = (struct hgt_turns_lane){0};
	TAILQ_INIT(&lane->rows);
}

static struct hgt_turns_host *take_host(struct hgt_turns *turns, const char *name)
{
	size_t len = strlen(name);
	struct hgt_turns_host *host = hgt_map_get(&turns->hosts, name, len);

	if (!host) {
		host = calloc(1, sizeof(*host) + len + 1);
		if (!host)
			return NULL;
		memcpy(host->name, name, len);
		if (hgt_map_put(&turns->hosts, host->name, len, host, NULL) < 0) {
			free(host);
			return NULL;
		}
	}
	host->refs++;
	return host;
}

static void give_host(struct hgt_turns *turns, struct hgt_turns_host *host)
{
	if (--host->refs)
		return;
	hgt_map_remove(&turns->hosts, host->name, strlen(host->name));
	free(host);
}

int hgt_turns_join(struct hgt_turns *turns, struct hgt_turns_lane *lane, struct hgt_turns_waiter *waiter, const char *host)
{
	struct hgt_turns_row *row;

	TAILQ_FOREACH(row, &lane->rows, entry)
		if (!strcmp(row->host->name, host))
			break;
	if (!row) {
		row = calloc(1, sizeof(*row));
		if (row)
			row->host = take_host(turns, host);
		if (!row || !row->host) {
			free(row);
			return HGT_ENOMEM;
		}
		TAILQ_INIT(&row->waiters);
		TAILQ_INSERT_HEAD(&lane->rows, row, entry);
	}
	row->users++;
	waiter->lane = lane;
	waiter->row = row;
	return 0;
}

void hgt_turns_leave(struct hgt_turns *turns, struct hgt_turns_waiter *waiter)
{
	struct hgt_turns_row *row = waiter->row;

	if (!row)
		return;
	hgt_turns_give_up(turns, waiter);
	hgt_turns_end(turns, waiter);
	waiter->row = NULL;
	if (--row->users)
		return;
	TAILQ_REMOVE(&waiter->lane->rows, row, entry);
	give_host(turns, row->host);
	free(row);
}

void hgt_turns_wait(struct hgt_turns *turns, struct hgt_turns_waiter *waiter, bool first)
{
	struct hgt_turns_lane *lane = waiter->lane;

	if (waiter->runs || (waiter->waits && !first))
		return;
	hgt_turns_give_up(turns, waiter);
	waiter->waits = true;
	waiter->ticket = first ? --turns->first : turns->last++;
	if (first)
		TAILQ_INSERT_HEAD(&waiter->row->waiters, waiter, entry);
	else
		TAILQ_INSERT_TAIL(&waiter->row->waiters, waiter, entry);
	turns->waiting++;
	lane->n_waiting++;
	if (lane->stands)
		return;
	lane->stands = true;
	TAILQ_INSERT_TAIL(&turns->lanes, lane, entry);
}

void hgt_turns_give_up(struct hgt_turns *turns, struct hgt_turns_waiter *waiter)
{
	struct hgt_turns_lane *lane = waiter->lane;

	if (!waiter->waits)
		return;
	waiter->waits = false;
	TAILQ_REMOVE(&waiter->row->waiters, waiter, entry);
	turns->waiting--;
	if (--lane->n_waiting)
		return;
	lane->stands = false;
	TAILQ_REMOVE(&turns->lanes, lane, entry);
}

static bool may_run(const struct hgt_turns *turns, const struct hgt_turns_host *host)
{
	return !*host->name || host->running < turns->most_per_host;
}

/* The first of the lane whose host has room. */
static struct hgt_turns_waiter *first_of(const struct hgt_turns *turns, const struct hgt_turns_lane *lane)
{
	struct hgt_turns_waiter *best = NULL;
	const struct hgt_turns_row *row;

	TAILQ_FOREACH(row, &lane->rows, entry) {
		struct hgt_turns_waiter *waiter = TAILQ_FIRST(&row->waiters);

		if (waiter && may_run(turns, row->host) && (!best || waiter->ticket < best->ticket))
			best = waiter;
	}
	return best;
}

struct hgt_turns_waiter *hgt_turns_next(struct hgt_turns *turns)
{
	struct hgt_turns_lane *lane;

	if (turns->running >= turns->most)
		return NULL;
	TAILQ_FOREACH(lane, &turns->lanes, entry) {
		struct hgt_turns_waiter *waiter = first_of(turns, lane);

		if (!waiter)
			continue;
		hgt_turns_give_up(turns, waiter);
		/* It has had its turn: the others come before it is asked again. */
		if (lane->stands) {
			TAILQ_REMOVE(&turns->lanes, lane, entry);
			TAILQ_INSERT_TAIL(&turns->lanes, lane, entry);
		}
		waiter->runs = true;
		waiter->row->host->running++;
		turns->running++;
		return waiter;
	}
	return NULL;
}

void hgt_turns_end(struct hgt_turns *turns, struct hgt_turns_waiter *waiter)
{
	if (!waiter->runs)
		return;
	waiter->runs = false;
	waiter->row->host->running--;
	turns->running--;
}
