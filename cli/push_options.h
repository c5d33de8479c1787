/*
 * Whether a repository takes push options: `git push -o headgate.wait` needs them, and Git's default is not to offer them. GitLab, Gitea
 * and Forgejo offer them by themselves.
 */
#ifndef HEADGATE_CLI_PUSH_OPTIONS_H
#define HEADGATE_CLI_PUSH_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

#define PUSH_OPTIONS_KEY "receive.advertisePushOptions"

enum push_options {
	PUSH_OPTIONS_UNSET,	/* the repository's own config says nothing */
	PUSH_OPTIONS_ON,
	PUSH_OPTIONS_OFF,	/* it says no, and that is respected */
};

/* What the repository's own config says. Git is run, as the owner of the repository where we are root and that is another. */
int push_options_look(const char *git_dir, uid_t uid, gid_t gid, enum push_options *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Say yes there; or take back that it was said. */
int push_options_set(const char *git_dir, uid_t uid, gid_t gid, struct hgt_error *err) HGT_MUST_CHECK;
int push_options_unset(const char *git_dir, uid_t uid, gid_t gid, struct hgt_error *err) HGT_MUST_CHECK;

#endif
