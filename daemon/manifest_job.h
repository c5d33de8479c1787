/* One writing of the manifest that is published: what manifest.c hands to a worker. Nobody else includes it. */
#ifndef HEADGATE_DAEMON_MANIFEST_JOB_H
#define HEADGATE_DAEMON_MANIFEST_JOB_H

#include "base/digest.h"
#include "base/map.h"
#include "daemon/daemon.h"

struct hgt_repo_pool;

/* What is known of repositories, from one job to the next. */
struct manifest_known {
	struct hgt_map repos;	/* name -> struct known_repo of manifest_job.c, whose key it holds */
	bool forget;		/* look at all of them */
	bool wrote;		/* the digest is of the file's name and of what it has */
	unsigned char digest[HGT_SHA256_SIZE];
};
void manifest_known_release(struct manifest_known *known);

struct manifest_place {
	char *name, *path;
};

struct manifest_job {
	void *ctx;			/* whose it is */
	const struct hgt_config *config;	/* a reference */
	struct hgt_repo_pool *pool;
	struct manifest_place *places;	/* the repositories that there are */
	size_t n_places;
	struct hgt_map moved;		/* names: look at these again */
	struct manifest_known known;
	/* what came of it */
	bool written;
	size_t entries;
	int code;
	struct hgt_error err;
};

/* On the loop. What has moved is taken over (emptied). */
int manifest_job_new(struct daemon *daemon, struct hgt_map *moved, struct manifest_job **out, struct hgt_error *err) HGT_MUST_CHECK;
void manifest_job_run(void *job);	/* on a worker */
void manifest_job_free(struct manifest_job *job);	/* on the loop; known is nobody's any more. NULL is fine */

#endif
