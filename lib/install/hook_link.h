/*
 * One symbolic link of ours in a repository: a hook, or the config. A link is ours when the last part of what
 * it points at is the name asked for, whichever folder that is in: so the link of an older build is
 * recognised, and a dangling one too.
 */
#ifndef HEADGATE_INSTALL_HOOK_LINK_H
#define HEADGATE_INSTALL_HOOK_LINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

enum hgt_link_state {
	HGT_LINK_ABSENT,
	HGT_LINK_OURS,	/* points where it should */
	HGT_LINK_ELSEWHERE,	/* ours, but to another place */
	HGT_LINK_FOREIGN,	/* something that is not ours */
	HGT_LINK_FOLDER,	/* a folder has the name */
};

/* Who owns what we make: the repository's owner, when it is root who installs. */
struct hgt_link_owner {
	uid_t uid;
	gid_t gid;
	bool change;	/* we may and must hand it over */
};

/* What is at path, where a link to `target` is wanted; any link is ours when `any` is said. */
int hgt_hook_link_look(const char *path, const char *target, bool any, enum hgt_link_state *state,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether there is anything at path, a dangling link included. */
int hgt_hook_link_exists(const char *path, bool *exists, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether what is at path can be kept under the name `keep`: HGT_EEXIST when something else has that name. */
int hgt_hook_link_may_keep(const char *path, const char *keep, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Put a link to target at path, in one step, over whatever is there. When `keep` is not NULL, what is there
 * gets that name first: there is no moment without a hook. HGT_EEXIST when something has the name `keep`
 * already; then nothing has changed.
 */
int hgt_hook_link_put(const char *path, const char *target, const char *keep, const struct hgt_link_owner *owner,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Take the link away; where `kept` is not NULL, what has that name takes its place. */
int hgt_hook_link_take(const char *path, const char *kept, struct hgt_error *err) HGT_MUST_CHECK;

#endif
