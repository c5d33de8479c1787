/*
 * The manifest that is published (config: manifest): which repositories there are here and what has moved, as grokmirror has it. It is
 * written when something has moved, at most once a second, whole or not at all, and only when it says something else than before. Once
 * in five minutes it is looked at whether HEAD, description, owner or what objects are borrowed has changed, of which nothing tells.
 *
 * Repositories are read by the workers that make archives: no push waits for them.
 */
#ifndef HEADGATE_DAEMON_MANIFEST_H
#define HEADGATE_DAEMON_MANIFEST_H

#include "daemon/daemon.h"

struct manifest;

/* Nothing is written before the loop runs. NULL stands for it everywhere else: nothing is done. */
int manifest_new(struct daemon *daemon, struct manifest **out, struct hgt_error *err) HGT_MUST_CHECK;

/* No job of it runs any more (manifest_drain, or the workers have ended). */
void manifest_free(struct manifest *manifest);

/* A ref of the repository has moved. */
void manifest_moved(struct manifest *manifest, const char *repo);

/* Repositories have come or gone, or another config is in force. */
void manifest_listed(struct manifest *manifest);

struct manifest_stats {
	bool published;		/* the config says so */
	uint64_t written, failed;	/* since the start */
	uint64_t repositories;	/* in the last one */
	int64_t written_ms;	/* wall clock: the last time; 0 not since the start */
};
void manifest_stats(const struct manifest *manifest, struct manifest_stats *out);

#endif
