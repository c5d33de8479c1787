/* Who knocks too often. */
#include "daemon/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/map.h"
#include "base/timing.h"
#include "config/config.h"

#define BURST 10		/* seconds' worth of requests that may come at once */
#define TOKENS_REMEMBERED 8	/* wrong ones, whose repetition is no guess */

struct address {
	unsigned char bytes[16];
};

struct peer {
	struct address address;		/* the key */
	TAILQ_ENTRY(peer) entry;	/* guard->quiet, while no connection is open */
	unsigned connections;
	bool loopback;
	int64_t credit, credit_ms;	/* as in struct client_load */
	uint64_t wrong[TOKENS_REMEMBERED];	/* the last ones; 0 for none */
	unsigned next_wrong;		/* where the next one goes */
	unsigned guesses;		/* within the window that began at window_ms */
	unsigned lockouts;		/* in a row */
	int64_t window_ms, locked_until_ms;
};

TAILQ_HEAD(peer_list, peer);

struct guard {
	const struct hgt_config *const *config;
	struct hgt_map peers;
	struct peer_list quiet;		/* who was quiet longest first */
	size_t n_quiet;
	struct guard_stats stats;
};

int guard_new(const struct hgt_config *const *config, struct guard **out, struct hgt_error *err)
{
	struct guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return hgt_error_nomem(err);
	guard->config = config;
	TAILQ_INIT(&guard->quiet);
	*out = guard;
	return 0;
}

void guard_free(struct guard *guard)
{
	struct peer *peer;

	if (!guard)
		return;
	while ((peer = TAILQ_FIRST(&guard->quiet))) {
		TAILQ_REMOVE(&guard->quiet, peer, entry);
		free(peer);
	}
	hgt_map_release(&guard->peers);
	free(guard);
}

/* Addresses. */

/* All of IPv4, in its IPv6 form; the first 64 bits of IPv6. */
static bool read_address(const struct sockaddr *from, struct address *out, bool *loopback)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;

	*out = (struct address){{0}};
	if (from->sa_family == AF_INET) {
		out->bytes[10] = out->bytes[11] = 0xff;
		memcpy(out->bytes + 12, &four->sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		*loopback = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
		memcpy(out->bytes, &six->sin6_addr, IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) || *loopback ? 16 : 8);
	} else {
		return false;
	}
	if (!memcmp(out->bytes + 10, "\xff\xff", 2))
		*loopback = out->bytes[12] == 127;
	return true;
}

/* "192.0.2.1", "2001:db8::1", with a port or in brackets too, as proxies write it. */
static bool parse_address(const char *text, struct sockaddr_storage *out)
{
	char host[INET6_ADDRSTRLEN + 1];
	bool bracket = *text == '[';
	const char *colon = strchr(text, ':');
	size_t len = bracket ? strcspn(text + 1, "]") : colon && !strchr(colon + 1, ':') ? (size_t)(colon - text) : strlen(text);

	if (len >= sizeof(host))
		return false;
	memcpy(host, text + bracket, len);
	host[len] = '\0';
	*out = (struct sockaddr_storage){0};
	out->ss_family = AF_INET;
	if (inet_pton(AF_INET, host, &((struct sockaddr_in *)out)->sin_addr) == 1)
		return true;
	out->ss_family = AF_INET6;
	return inet_pton(AF_INET6, host, &((struct sockaddr_in6 *)out)->sin6_addr) == 1;
}

static void drop_quietest(struct guard *guard)
{
	struct peer *peer = TAILQ_FIRST(&guard->quiet);

	TAILQ_REMOVE(&guard->quiet, peer, entry);
	guard->n_quiet--;
	hgt_map_remove(&guard->peers, (const char *)&peer->address, sizeof(peer->address));
	free(peer);
}

struct peer *guard_peer(struct guard *guard, const struct sockaddr *from)
{
	struct address address;
	bool loopback = false;
	struct peer *peer;

	if (!read_address(from, &address, &loopback))
		return NULL;
	peer = hgt_map_get(&guard->peers, (const char *)&address, sizeof(address));
	if (!peer) {
		if (guard->n_quiet >= GUARD_PEERS_MAX)
			drop_quietest(guard);
		peer = calloc(1, sizeof(*peer));
		if (!peer)
			return NULL;
		peer->address = address;
		peer->loopback = loopback;
		if (hgt_map_put(&guard->peers, (const char *)&peer->address, sizeof(peer->address), peer, NULL) < 0) {
			free(peer);
			return NULL;
		}
	} else if (!peer->connections) {
		TAILQ_REMOVE(&guard->quiet, peer, entry);
		guard->n_quiet--;
	}
	if (!peer->connections) {
		TAILQ_INSERT_TAIL(&guard->quiet, peer, entry);
		guard->n_quiet++;
	}
	return peer;
}

struct peer *guard_peer_text(struct guard *guard, const char *address)
{
	struct sockaddr_storage parsed;

	return parse_address(address, &parsed) ? guard_peer(guard, (const struct sockaddr *)&parsed) : NULL;
}

bool guard_is_proxy(const struct guard *guard, const struct sockaddr *from)
{
	const struct hgt_strings *proxies = &(*guard->config)->proxies;
	struct sockaddr_storage parsed;
	char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN];

	if (!proxies->n || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
		return false;
	inet_ntop(from->sa_family, from->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)from)->sin_addr :
		(const void *)&((const struct sockaddr_in6 *)from)->sin6_addr, host, sizeof(host));
	for (size_t i = 0; i < proxies->n; i++) {
		if (!parse_address(proxies->items[i], &parsed))
			continue;
		inet_ntop(parsed.ss_family, parsed.ss_family == AF_INET ? (const void *)&((struct sockaddr_in *)&parsed)->sin_addr :
			(const void *)&((struct sockaddr_in6 *)&parsed)->sin6_addr, text, sizeof(text));
		if (!strcmp(host, text))
			return true;
	}
	return false;
}

/* Connections. */

bool guard_connect(struct guard *guard, struct peer *peer)
{
	unsigned most = (*guard->config)->limits.address_connections;

	if (!peer)
		return true;
	if (most && !peer->loopback && peer->connections >= most) {
		guard->stats.connections_refused++;
		return false;
	}
	if (!peer->connections++) {
		TAILQ_REMOVE(&guard->quiet, peer, entry);
		guard->n_quiet--;
	}
	return true;
}

void guard_disconnect(struct guard *guard, struct peer *peer)
{
	if (!peer || --peer->connections)
		return;
	TAILQ_INSERT_TAIL(&guard->quiet, peer, entry);
	guard->n_quiet++;
	if (guard->n_quiet > GUARD_PEERS_MAX)
		drop_quietest(guard);
}

/* Requests. */

/* Take one off what has been saved up at so many a second; 0: there is no limit. */
static bool spend(int64_t *credit, int64_t *credit_ms, unsigned per_second, int64_t now_ms)
{
	const int64_t most = (int64_t)per_second * BURST * 1000;
	int64_t saved = *credit_ms ? *credit + (now_ms - *credit_ms) * per_second : most;

	if (!per_second)
		return true;
	*credit = saved < most ? saved : most;
	*credit_ms = now_ms;
	if (*credit < 1000)
		return false;
	*credit -= 1000;
	return true;
}

bool guard_spend(struct guard *guard, struct peer *peer, int64_t now_ms)
{
	if (!peer || spend(&peer->credit, &peer->credit_ms, (*guard->config)->limits.address_requests, now_ms))
		return true;
	guard->stats.requests_refused++;
	return false;
}

bool guard_ask(const struct guard *guard, struct client_load *load, int64_t now_ms)
{
	const struct hgt_config *config = *guard->config;

	if (config->limits.client_open && load->open >= config->limits.client_open)
		return false;
	return spend(&load->credit, &load->credit_ms, config->limits.client_requests, now_ms);
}

/* Guesses. */

static bool is_known(struct peer *peer, uint64_t token)
{
	for (unsigned i = 0; i < TOKENS_REMEMBERED; i++)
		if (peer->wrong[i] == token)
			return true;
	peer->wrong[peer->next_wrong] = token;
	peer->next_wrong = (peer->next_wrong + 1) % TOKENS_REMEMBERED;
	return false;
}

static int64_t lockout_ms(const struct hgt_config *config, unsigned lockouts)
{
	int64_t ms = (int64_t)config->limits.lockout * 1000, most = (int64_t)config->limits.lockout_most * 1000;

	for (unsigned i = 1; i < lockouts && ms < most; i++)
		ms *= 2;
	return ms < most ? ms : most;
}

bool guard_wrong_token(struct guard *guard, struct peer *peer, uint64_t token, int64_t now_ms)
{
	const struct hgt_config *config = *guard->config;

	guard->stats.wrong_tokens++;
	if (!peer || !config->limits.wrong_tokens || is_known(peer, token | 1))
		return false;
	if (now_ms - peer->window_ms >= (int64_t)config->limits.wrong_window * 1000 || !peer->guesses) {
		peer->window_ms = now_ms;
		peer->guesses = 0;
	}
	if (++peer->guesses < config->limits.wrong_tokens)
		return false;
	peer->guesses = 0;
	/* Whoever has kept quiet long enough since the last one begins anew. */
	if (peer->lockouts && now_ms - peer->locked_until_ms >= (int64_t)config->limits.lockout_most * 1000)
		peer->lockouts = 0;
	peer->locked_until_ms = now_ms + lockout_ms(config, ++peer->lockouts);
	guard->stats.lockouts++;
	return true;
}

unsigned guard_locked(const struct peer *peer, int64_t now_ms)
{
	if (!peer || peer->locked_until_ms <= now_ms)
		return 0;
	return (unsigned)((peer->locked_until_ms - now_ms + 999) / 1000);
}

void guard_stats(const struct guard *guard, struct guard_stats *out)
{
	const struct hgt_map_entry *entry;
	int64_t now = hgt_time_mono_ms();
	size_t pos = 0;

	*out = guard->stats;
	out->peers = guard->peers.len;
	while ((entry = hgt_map_next(&guard->peers, &pos)))
		out->locked += guard_locked(entry->value, now) > 0;
}
