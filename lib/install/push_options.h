/*
 * Whether a repository takes push options: `git push -o headgate.wait` needs them, and Git's default is not to offer them. GitLab, Gitea
 * and Forgejo offer them by themselves.
 */
#ifndef HEADGATE_INSTALL_PUSH_OPTIONS_H
#define HEADGATE_INSTALL_PUSH_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

#define HGT_PUSH_OPTIONS_KEY "receive.advertisePushOptions"

enum hgt_push_options {
	HGT_PUSH_OPTIONS_UNSET,	/* the repository's own config says nothing */
	HGT_PUSH_OPTIONS_ON,
	HGT_PUSH_OPTIONS_OFF,	/* it says no, and that is respected */
};

/* What the repository's own config says. Git is run, as the owner of the repository where we are root and that is another. */
int hgt_push_options_look(const char *git_dir, uid_t uid, gid_t gid, enum hgt_push_options *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Say yes there; or take back that it was said. */
int hgt_push_options_set(const char *git_dir, uid_t uid, gid_t gid, struct hgt_error *err) HGT_MUST_CHECK;
int hgt_push_options_unset(const char *git_dir, uid_t uid, gid_t gid, struct hgt_error *err) HGT_MUST_CHECK;

#endif
