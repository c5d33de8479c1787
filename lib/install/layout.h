/* Where each kind of Git server looks for a repository's hooks. */
#ifndef HEADGATE_INSTALL_LAYOUT_H
#define HEADGATE_INSTALL_LAYOUT_H

#include <stdbool.h>

#include "base/buf.h"

enum hgt_layout {
	HGT_LAYOUT_PLAIN,	/* <hooks>/<hook>: one program a hook; one that was there is kept beside it and run after ours */
	HGT_LAYOUT_GITLAB,	/* <repository>/custom_hooks/<hook>.d/headgate: GitLab runs all of the folder */
	HGT_LAYOUT_GITEA,	/* <hooks>/<hook>.d/headgate: the delegate that Gitea or Forgejo wrote runs all of the folder */
	HGT_LAYOUT_COUNT
};

/* "plain", "gitlab", "gitea". */
const char *hgt_layout_name(enum hgt_layout layout);
int hgt_layout_parse(const char *name);	/* or -1 */

/* Whose hooks these are, judged by what is there. git_dir: the .git folder; hooks: the folder Git runs hooks from. */
enum hgt_layout hgt_layout_detect(const char *git_dir, const char *hooks);

/* Add the path of our link for `hook` ("pre-receive"). */
void hgt_layout_hook_path(enum hgt_layout layout, const char *git_dir, const char *hooks, const char *hook,
	struct hgt_buf *out);

#endif
