/*
 * What the parts of mirror_links.h share; nobody else includes it.
 *
 *	mirror_links.c		the links there are; reload, drain, what is shown
 *	mirror_feed.c		the stream of events upstream
 *	mirror_peer.c		which of two leads: on disk, at the hooks' door, told to the other
 *	mirror_words.c		what the other says, and what it is told
 *	mirror_promote.c	what people ask for
 *	mirror_handover.c	a hand-over from the follower's side
 */
#ifndef HEADGATE_DAEMON_MIRROR_LINK_H
#define HEADGATE_DAEMON_MIRROR_LINK_H

#include <sys/queue.h>

#include "daemon/mirror_links.h"
#include "daemon/upstream.h"
#include "event/sse_reader.h"
#include "journal/peers.h"
#include "mirror/door.h"

struct event;
struct hgt_node;
struct survey;

enum feed_state {
	FEED_OFF,		/* we lead, or are not sure whom to follow */
	FEED_WAITING,		/* until it is time to dial (again) */
	FEED_DIALLING,
	FEED_FOLLOWING,
};

struct feed {
	enum feed_state state;
	struct event *timer, *save;
	struct upstream_call *call, *list;
	struct hgt_sse_reader reader;
	struct hgt_buf cursor, saved;	/* where we are; as it is on disk. "": nowhere, all is to be looked at */
	struct hgt_buf after;		/* GET /v1/repositories: behind this one */
	struct hgt_buf trouble;		/* why it does not follow; "" it does, or nothing is wrong */
	unsigned attempts;
	bool look_at_all;		/* once the stream is there */
	bool saving, save_soon;
};

/* A hand-over to us. */
struct handover {
	struct upstream_call *call;
	struct survey *ours;		/* one that runs, or the last */
	struct hgt_doc_set *answer;	/* the leader's, with what it has */
	const struct hgt_node *theirs;	/* in it */
	bool surveying;
	bool closed;			/* the leader has said so, in this attempt and this life */
	bool aborting;
	size_t repos, left;		/* to compare; that differ */
	int64_t began_ms, renewed_ms;	/* monotonic */
	unsigned attempts;
	char *actor;
};

struct link {
	TAILQ_ENTRY(link) entry;
	struct links *links;
	unsigned refs;
	char *name;
	const struct hgt_config *config;	/* a reference */
	const struct hgt_config_mirror *mirror;	/* in it */
	struct upstream *upstream;
	bool gone;
	struct feed feed;

	/* Peers. */
	bool is_peer;
	struct hgt_peer_row row;	/* as it is on disk */
	bool writing;
	struct hgt_peer other;		/* as it last said */
	bool met;			/* it has said something since we began, or changed */
	struct upstream_call *hello;
	struct event *step;		/* the next thing to do by ourselves */
	unsigned hellos;		/* that have failed in a row */
	struct event *patience;		/* a leader that is closed */
	struct survey *closed;		/* the same: what it has */
	bool surveying;
	struct hgt_buf busy;		/* what a hand-over waits for */
	struct hgt_buf trouble;		/* why the peer is not heard, or nobody leads */
	struct hgt_buf outcome;		/* why the last hand-over did not come about; "" it did, or there was none */
	struct handover handover;
	struct request *force;		/* promote --force that first looks whether the leader is there */
	char *force_actor;
};

struct links {
	struct daemon *daemon;
	const struct hgt_config *config;
	struct webhook_curl curl;
	bool loaded, draining;
	bool closing;			/* freed once the last job has ended */
	unsigned jobs;			/* of the store and of workers */
	TAILQ_HEAD(, link) list;
};

struct link *link_ref(struct link *link);
void link_unref(struct link *link);
void link_end_job(struct link *link);	/* gives the reference of the job back */
struct link *links_find(const struct links *links, const char *mirror);
void link_plan(struct event *timer, int64_t ms);
void link_write(const struct link *link, struct hgt_json *json);

/* mirror_feed.c */
int link_feed_new(struct link *link, struct hgt_error *err) HGT_MUST_CHECK;
void link_feed_release(struct link *link);
void link_feed_start(struct link *link);	/* dial at once, unless it is so already */
void link_feed_stop(struct link *link);
void link_feed_look_at_all(struct link *link);	/* every copy, and every repository there is upstream */

#define PEER_PATIENCE_MS 60000	/* that a leader is closed without a word from who asked */

/* mirror_peer.c */
int peer_new(struct link *link, struct hgt_error *err) HGT_MUST_CHECK;
void peer_start(struct link *link);
void peer_stop(struct link *link);
void peer_step(struct link *link);	/* look what is to be done next */
bool peer_may_pull(const struct link *link);	/* it follows, and the other leads in the same term */
void peer_let_pull(struct link *link);	/* tell the mirrors whether they may */
void peer_feed_lost(struct link *link);	/* the stream was cut: who leads is asked before it is dialled again */

/* Change what is on disk, and then what follows from it. `done` is called in any case. One at a time (link->writing). */
struct peer_change {
	struct hgt_peer next;
	bool forced;			/* a role came or went without the other's consent */
	const char *actor;		/* of a change of role */
	const struct survey *tips;	/* what both have, for a leader that cedes */
};
typedef void (*peer_done_cb)(struct link *link, void *ctx, int code, const struct hgt_error *err);
void peer_commit(struct link *link, const struct peer_change *change, peer_done_cb done, void *ctx);

/* The other side says that it is so. */
void peer_heard(struct link *link, const struct hgt_peer *other);
void peer_write(const struct hgt_peer *peer, struct hgt_json *json);
int peer_read(const struct hgt_node *node, struct hgt_peer *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Send a word, with what we are; the answer comes to `done`. */
int peer_send(struct link *link, enum hgt_peer_word word, const struct hgt_peer *self, bool digests,
	void (*done)(void *ctx, const struct upstream_answer *answer), struct upstream_call **call, struct hgt_error *err) HGT_MUST_CHECK;

/* The same of what we are now, in place of a hello that is under way; the answer counts as heard. */
int peer_tell(struct link *link, enum hgt_peer_word word, struct hgt_error *err) HGT_MUST_CHECK;

/* What is here, on a worker, once no push is under way; `done` ends the job (link_end_job). */
int peer_survey(struct link *link, bool tips, void (*done)(void *ctx, struct survey *survey), void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* mirror_words.c: the link that a body names, of a peer; NULL when the request has been answered. */
struct link *links_want_peer(struct links *links, struct request *request, const struct hgt_node *root);

/* mirror_promote.c: who asked for force has waited for the leader's word, which has come or (NULL) has not. */
void promote_force(struct link *link, const struct hgt_peer *other);

/* mirror_handover.c */
void handover_step(struct link *link);	/* in ASKING and GRANTING */
void handover_reset(struct link *link);	/* nothing of it runs any more */

#endif
