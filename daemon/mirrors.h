/*
 * Mirrors: repositories that are kept in step with others, here or elsewhere (docs/design.md, "Mirrors"). An entry of the config is a
 * mirror; one repository of it is a copy. What has moved, what upstream has told and the clock make a copy wanted; wanted copies take
 * turns, a few at once, fair between mirrors and hosts; what a turn has come to is in the journal before it is told.
 */
#ifndef HEADGATE_DAEMON_MIRRORS_H
#define HEADGATE_DAEMON_MIRRORS_H

#include "daemon/daemon.h"
#include "journal/mirrors.h"

struct hgt_json;
struct mirrors;
struct repo;
struct request;

/* Nothing runs before the loop does, nor before the daemon is ready: what has moved while it was away is found first. */
int mirrors_new(struct daemon *daemon, struct mirrors **out, struct hgt_error *err) HGT_MUST_CHECK;
void mirrors_free(struct mirrors *mirrors);

/* Another config: on failure everything is as it was. What is known of mirrors that are gone is forgotten. While both configs live. */
int mirrors_reload(struct mirrors *mirrors, const struct hgt_config *config, struct hgt_error *err) HGT_MUST_CHECK;

/* The daemon is ready. */
void mirrors_begin(struct mirrors *mirrors);

/* A row has been committed (ref.updated: push mirrors; upstream.pushed: pull mirrors). Borrowed for the call. */
void mirrors_published(struct mirrors *mirrors, const struct hgt_journal_row *row);

/* Repositories come and go. */
void mirrors_repo_added(struct mirrors *mirrors, const struct repo *repo);
void mirrors_repo_gone(struct mirrors *mirrors, const struct repo *repo);

/* Upstream has told that a repository of a pull mirror has moved, by whatever way: its copy is wanted at once. */
void mirrors_upstream_moved(struct mirrors *mirrors, const char *mirror, const char *repo);

/* Of two peers: whether the mirror may follow the other one, or leads, and then is what the other one is to be in step with. Until one of
 * them is said it waits. */
void mirrors_let_pull(struct mirrors *mirrors, const char *mirror, bool may, bool leads);

/* Begin nothing new; end what runs. 1 when nothing is left to wait for. */
int mirrors_drain(struct mirrors *mirrors);

struct mirrors_stats {
	uint64_t mirrors, copies;
	uint64_t by_state[HGT_COPY_STOPPED + 1];	/* copies by enum hgt_copy_state */
	uint64_t paused, running, waiting;
	uint64_t turns, failed;		/* that have ended, since the start */
	uint64_t bytes;
	bool follows;			/* a manifest of upstream's (one mirror) */
	int64_t unread_ms;		/* how long ago it was read well, or begun with; 0 none */
	int64_t oldest_ms;		/* how long the copy that is farthest behind has been so; 0: none is */
};
void mirrors_stats(const struct mirrors *mirrors, struct mirrors_stats *out);

/* The same of one mirror: start with *pos = 0; NULL at the end. */
const char *mirrors_next(const struct mirrors *mirrors, size_t *pos, struct mirrors_stats *out);

/* For the API: docs/design.md, "HTTP API". `repo` NULL: all of the mirror's. Each answers the request, now or later. */
enum mirror_action {
	MIRROR_SYNC,		/* a turn now, whatever the clock and the back-off say */
	MIRROR_ACCEPT,		/* the same, and what was diverged or held is decided: push overwrites exactly what was seen there, pull follows
				 * upstream and keeps what was here under refs/headgate/kept/ */
	MIRROR_VERIFY,		/* a turn that asks the other side for all its refs */
	MIRROR_PAUSE,
	MIRROR_RESUME,
};
void mirrors_act(struct mirrors *mirrors, struct request *request, const char *mirror, const char *repo, enum mirror_action action,
	const char *actor);

/* A copy as it is now, for who shows it. */
struct copy_view {
	const char *mirror, *repo;
	enum hgt_mirror_direction direction;
	const char *url;		/* of this repository; no credentials in it */
	const struct hgt_copy_row *row;
	bool running, waiting;		/* has its turn, until what it has come to is on disk; waits for it */
	const char *phase;		/* of a turn that runs: "listing", "receiving", "judging", "sending"..., "noting", else "" */
	unsigned percent;		/* of the phase, as far as git tells; 0 */
	uint64_t objects, objects_total, phase_bytes;
};
/* Walk the copies of a mirror (NULL: of all) in order of mirror and repo, from behind (`after_mirror`, `after_repo`) on ("" both: all).
 * A return of cb other than 0 stops. */
typedef int (*copy_view_cb)(void *ctx, const struct copy_view *view);
void mirrors_walk(const struct mirrors *mirrors, const char *mirror, const char *after_mirror, const char *after_repo, copy_view_cb cb,
	void *ctx);
bool mirrors_has(const struct mirrors *mirrors, const char *mirror);

#endif
