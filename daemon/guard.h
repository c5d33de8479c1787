/*
 * Who knocks too often: addresses, with their open connections, what they ask without a good token, and the tokens that they
 * guessed wrong. An address of IPv6 stands for its /64, for that is what one customer has. The table is bounded; who was quiet
 * longest goes first.
 *
 * Guessing is different wrong tokens: an agent that was removed and comes again and again with the one it had is not locked out,
 * and nor are those that share its address. Past limits.wrong_tokens within limits.wrong_window the address is locked out for
 * limits.lockout, twice as long each time after that, at most limits.lockout_most. Until then no token of it is looked at.
 *
 * Times are monotonic milliseconds. All on the loop.
 */
#ifndef HEADGATE_DAEMON_GUARD_H
#define HEADGATE_DAEMON_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define GUARD_PEERS_MAX 8192	/* addresses without an open connection that are remembered */

struct guard;
struct hgt_config;
struct peer;
struct sockaddr;

/* config: a pointer to the one in force, wherever that moves. */
int guard_new(const struct hgt_config *const *config, struct guard **out, struct hgt_error *err) HGT_MUST_CHECK;
void guard_free(struct guard *guard);	/* when no connection is left; NULL is fine */

/* The peer of an address, made when it is new; valid until the next call, longer while one of its connections is open. NULL
 * when memory runs out or it is no address of IP; every function takes that, and lets it pass. */
struct peer *guard_peer(struct guard *guard, const struct sockaddr *address);

/* The same of an address as text. */
struct peer *guard_peer_text(struct guard *guard, const char *address);

/* Whether requests that come from there bring the address they are for in X-Forwarded-For: it is one of the config's proxies. */
bool guard_is_proxy(const struct guard *guard, const struct sockaddr *address);

/* A connection more; false, and it is not counted, when there are too many. */
bool guard_connect(struct guard *guard, struct peer *peer);
void guard_disconnect(struct guard *guard, struct peer *peer);

/* A request without a good token; false when it is one too many for now. */
bool guard_spend(struct guard *guard, struct peer *peer, int64_t now_ms);

/* A token that is nobody's, by any digest of it. True when the peer is locked out by that. */
bool guard_wrong_token(struct guard *guard, struct peer *peer, uint64_t token, int64_t now_ms);

/* For how many seconds the peer is locked out yet; 0 when it is not. */
unsigned guard_locked(const struct peer *peer, int64_t now_ms);

/* What one client (an agent, a token) has open and asks for. */
struct client_load {
	unsigned open;		/* requests that wait for their answers, and streams */
	int64_t credit;		/* thousandths of requests, as of credit_ms */
	int64_t credit_ms;	/* 0: it has asked for nothing yet */
};

/* A request more of it; false when it is one too many for now. */
bool guard_ask(const struct guard *guard, struct client_load *load, int64_t now_ms);

struct guard_stats {
	uint64_t peers, locked;		/* now */
	uint64_t lockouts, wrong_tokens, connections_refused, requests_refused;	/* since the start */
};
void guard_stats(const struct guard *guard, struct guard_stats *out);

#endif
