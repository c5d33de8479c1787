/* The registry, for its own sources: agents.c (what is in memory), agent_changes.c (what changes it), commands.c and command_order.c (what is
 * asked of agents). */
#ifndef HEADGATE_DAEMON_REGISTRY_H
#define HEADGATE_DAEMON_REGISTRY_H

#include "base/map.h"
#include "daemon/agents.h"
#include "daemon/name_list.h"
#include "daemon/refusals.h"

struct agents {
	struct daemon *daemon;
	struct name_list list;	/* pending ones too */
	struct hgt_map by_token;	/* hash of a secret -> agent */
	struct hgt_map by_certificate;	/* name in a certificate -> agent */
	struct refusals refusals;
	struct event *left_out;		/* tells of refusals that were counted */
	uint64_t refused;		/* requests and streams turned away, told or not */
};

/* By name, pending ones too; or NULL. */
struct agent *agents_find(const struct agents *agents, const char *name);

/* Take the caller's reference into the list, known by this hash of its secret ("": by its certificate alone). HGT_ECONFLICT:
 * the name is taken. */
int agents_list(struct agents *agents, struct agent *agent, const char *hash, struct hgt_error *err) HGT_MUST_CHECK;

/* Out of the list, and its reference with it. */
void agents_unlist(struct agents *agents, struct agent *agent);

/* refusal_events.c */
void agents_tell_left_out(int fd, short what, void *agents);

#endif
