/*
 * The agents: registry, tokens, who is connected, their last reports. Kept in the journal's database, held in memory here.
 *
 * What changes the registry goes through the store; memory follows once it is on disk, and then `done` is called.
 */
#ifndef HEADGATE_DAEMON_AGENTS_H
#define HEADGATE_DAEMON_AGENTS_H

#include "daemon/daemon.h"
#include "daemon/secret.h"
#include "headgate/protocol.h"

struct agent;
struct agent_view;
struct agents;
struct agent_spec;
struct announcement;
struct hgt_json;
struct report;
struct scope;
struct subscriber;

#define AGENT_TOKEN_MAX SECRET_MAX

/* Loads the registry from daemon->reader. Free after the store, whose jobs point here. */
int agents_new(struct daemon *daemon, struct agents **out, struct hgt_error *err) HGT_MUST_CHECK;
void agents_free(struct agents *agents);

/* The agent whose token this is, borrowed; NULL when it is nobody's. */
struct agent *agents_authenticate(struct agents *agents, const char *token);

/* The agent that is known by that name in a certificate; NULL when none is. */
struct agent *agents_find_certificate(struct agents *agents, const char *name);

/* In order of name: start with *pos = 0; NULL at the end. Those that are not on disk yet are left out. */
const struct agent *agents_next(const struct agents *agents, size_t *pos);

/* The array of the agents, as GET /v1/agents shows it. */
void agents_write(const struct agents *agents, const struct agent_view *view, struct hgt_json *json);

/* One of them; false, with nothing written, when there is none of that name to be seen. */
bool agents_write_one(const struct agents *agents, const char *name, const struct agent_view *view, struct hgt_json *json);

/* code 0: on disk, as event seq (0 for an announcement, which is none). err belongs to a negative code. */
typedef void (*agents_done_cb)(void *ctx, int code, uint64_t seq, const struct hgt_error *err);

/* Each of these calls done later, or fails at once and never calls it. */

/* HGT_ECONFLICT when the name is taken, or its certificate's. token gets the secret, which is nowhere else; "" for an agent
 * that is known by its certificate. */
int agents_add(struct agents *agents, const struct agent_spec *spec, char token[AGENT_TOKEN_MAX], agents_done_cb done, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* HGT_ENOENT. Its stream ends when it is on disk. */
int agents_remove(struct agents *agents, const char *name, agents_done_cb done, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* Another token in the place of the agent's, which holds for `overlap_seconds` more. HGT_ENOENT; HGT_ECONFLICT: it has none. */
int agents_rotate(struct agents *agents, const char *name, uint64_t overlap_seconds, char token[AGENT_TOKEN_MAX],
	agents_done_cb done, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* HGT_EPERM: a target outside allow; HGT_ECONFLICT: another instance's stream is open. An open stream of other targets ends. */
int agents_announce(struct agents *agents, struct agent *agent, const struct announcement *announcement, agents_done_cb done,
	void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* HGT_ENOENT: no target of that name was announced. */
int agents_report(struct agents *agents, struct agent *agent, const struct report *report, agents_done_cb done, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether this instance may open its stream now: HGT_ECONFLICT when another one's is open, or when it has not announced itself. */
int agents_may_stream(const struct agent *agent, const char *instance, struct hgt_error *err) HGT_MUST_CHECK;

/* The agent's stream is open; one that was before is ended. */
void agents_stream_opened(struct agent *agent, struct subscriber *stream, const char *remote);
void agents_stream_closed(struct agent *agent, const struct subscriber *stream);

/* Who was turned away; what is not known is NULL. */
struct refused {
	const char *agent, *token;	/* names */
	const char *remote;		/* the address */
};

/* Journal that somebody was turned away: at most once a minute of each address, with the number of those left out since. */
void agents_refused(struct agents *agents, const struct refused *who, const char *reason);

/* Numbers: of now, and since the start. */
struct agents_stats {
	uint64_t registered, connected;
	uint64_t refused;	/* requests and streams turned away: tokens that are wrong or revoked, second instances */
};
void agents_stats(const struct agents *agents, struct agents_stats *out);

/*
 * How far an agent is behind the journal: events that its stream has not been told of, and the age of the oldest of them. Events
 * that are not for it do not count while it is connected; once it is gone nobody looks, and all do. known: false for one that has
 * not been connected since the daemon began.
 */
struct agent_lag {
	bool known;
	uint64_t events;
	int64_t ms;
};

/* Of the first `most` agents in order of name. */
void agents_each_lag(struct agents *agents, size_t most, void (*cb)(void *ctx, const struct agent *agent,
	const struct agent_lag *lag), void *ctx);

#endif
