/*
 * Who pushed, to which repository, through which server: read from the environment that the server gives its hooks.
 * Sources: FACTS in docs/design.md, "Who pushed".
 */
#ifndef HEADGATE_GIT_ACTOR_H
#define HEADGATE_GIT_ACTOR_H

#include "base/arena.h"

struct hgt_actor {
	const char *name;	/* login name, never NULL; "unknown" when nothing tells */
	const char *id;		/* the server's own id ("user-7", "key-3"), or NULL */
	const char *server;	/* "gitlab", "gitea", "github", "bitbucket", "gitolite", "http", "ssh", "local" */
	const char *repo;	/* the server's name of the repository ("group/project"), or NULL */
	const char *remote;	/* the client's address, or NULL */
	const char *protocol;	/* "ssh", "http", "web"..., or NULL */
};

/* environ-like array in, strings copied into arena. Values longer than 256 bytes are cut; control bytes are left for the
 * writers to escape. 0 or HGT_ENOMEM. */
int hgt_actor_from_env(char *const *env, struct hgt_arena *arena, struct hgt_actor *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The push options (GIT_PUSH_OPTION_COUNT...), at most 100; *options in arena. 0, HGT_ENOMEM, HGT_EPARSE. */
int hgt_push_options_from_env(char *const *env, struct hgt_arena *arena, const char ***options, size_t *n,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
