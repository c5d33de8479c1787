/*
 * The daemon as one object: who owns what. Built by main, torn down in reverse.
 *
 * Threads: the loop (everything below unless said otherwise), the store's one writer thread, the git workers and the archivers. Only jobs
 * cross over. Nothing on the loop opens a repository, compresses, or waits for a disk that is not in the page cache.
 */
#ifndef HEADGATE_DAEMON_DAEMON_H
#define HEADGATE_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "journal/journal.h"

struct event_base;
struct hgt_service_options;
struct hgt_workers;

struct daemon {
	const struct hgt_config *config;
	struct event_base *base;
	struct hgt_workers *git;	/* two threads: diffs, walks */
	struct hgt_workers *archivers;	/* two threads of their own, so that no hook waits for what agents fetch */
	struct hgt_journal *reader;	/* the loop's own connection */
	struct store *store;		/* store.h: the writer thread */
	struct repos *repos;		/* repos.h: which repositories there are */
	struct intake *intake;		/* intake.h: announced and seen moves -> events, each once */
	struct hook_socket *hook_socket;	/* hook_socket.h */
	struct spool *spool;		/* spool.h */
	struct ref_watch *ref_watch;	/* ref_watch.h */
	struct retention *retention;	/* retention.h: how long the journal keeps events */
	struct hub *hub;		/* hub.h: subscribers */
	struct agents *agents;		/* agents.h: registry, tokens, presence, last reports */
	struct rollouts *rollouts;	/* rollout.h: who waits for what becomes of a change; NULL in tests */
	struct tokens *tokens;		/* tokens.h: of people and programs */
	struct archives *archives;	/* archives.h: archive cache */
	struct errands *errands;	/* errand.h: answers that workers write */
	struct guard *guard;		/* guard.h: who knocks too often */
	struct webhooks *webhooks;	/* webhooks.h: targets that are told by HTTP */
	struct manifest *manifest;	/* manifest.h: which repositories there are, for mirrors; NULL in tests */
	struct mirrors *mirrors;	/* mirrors.h: copies of repositories, kept in step; NULL in tests */
	struct links *links;		/* mirror_links.h: the Headgates that mirrors have upstream */
	struct sockets *sockets;	/* sockets.h: listening ones; NULL in tests */
	struct inbound *inbound;	/* inbound.h: webhooks that forges send */
	struct http *http;		/* http.h: admin socket and TCP listeners */
	struct metrics *metrics;	/* metrics.h: what is counted */
	int64_t started_ms;		/* wall clock */
	bool ready;			/* the start-up compare is done */
	bool stopping;			/* nothing new is begun; what runs is waited for */
	bool upgrading;			/* the same, and the next program takes the sockets: they stay open */
};

/* How it was called: what a reload and an upgrade go by. */
struct daemon_how {
	char **argv;
	const struct hgt_service_options *options;
};

/* Build everything from the config, serve until a signal ends it, tear down. 0, or negative with err set. 1: threads still run,
 * and nothing may be freed; all that is left to do is _exit. */
int daemon_run(const struct hgt_config *config, const struct daemon_how *how, struct hgt_error *err) HGT_MUST_CHECK;

#endif
