/*
 * Installing into one repository, and back.
 *
 * What we make in <repo>/headgate: `config`, a link to the config that its hooks read, and `made`, the
 * folders that were not there before, one path a line, so that uninstalling removes those and no others; the name of a setting
 * in it is one that we have set in the repository's config.
 */
#ifndef HEADGATE_INSTALL_INSTALL_REPO_H
#define HEADGATE_INSTALL_INSTALL_REPO_H

#include <stdbool.h>

#include "base/buf.h"
#include "install/layout.h"

struct hgt_config;

enum { HGT_INSTALL_HOOKS = 2 };
extern const char *const hgt_install_hook_names[HGT_INSTALL_HOOKS];	/* "pre-receive", "post-receive" */

enum hgt_install_change {
	HGT_INSTALL_NOTHING,	/* it was so already */
	HGT_INSTALL_INSTALLED,
	HGT_INSTALL_UPDATED,	/* led to another place before */
	HGT_INSTALL_REMOVED,
	HGT_INSTALL_RESTORED,	/* removed, and what was there before ours is back */
	HGT_INSTALL_CHANGE_COUNT
};

/* "unchanged", "installed", "updated", "removed", "restored". */
const char *hgt_install_change_name(enum hgt_install_change change);

struct hgt_install_plan {
	int layout;		/* enum hgt_layout, or -1: judge by what is there */
	const char *programs;	/* folder of the hook programs, absolute; not needed to remove */
	const struct hgt_config *config;	/* or NULL: leave the repository's link alone */
	const char *config_path;	/* its absolute path */
};

struct hgt_install_report {
	const char *repo;	/* as it was given */
	enum hgt_layout layout;
	struct {
		struct hgt_buf path;
		enum hgt_install_change change;
		bool chained;	/* a hook from before is kept beside it */
	} hooks[HGT_INSTALL_HOOKS];
	enum hgt_install_change config;
	enum hgt_install_change push_options;	/* whether the server offers them */
	bool push_options_off;	/* the repository's config says that it does not */
	struct hgt_error push_options_trouble;	/* code 0: none. The hooks are there all the same */
	bool not_served;	/* the config leaves this repository out: its pushes pass unchecked */
};

void hgt_install_report_init(struct hgt_install_report *report, const char *repo);
void hgt_install_report_release(struct hgt_install_report *report);

/* All is looked at before anything is changed. Messages name the path; the caller puts the repository before them. */
int hgt_install_repo(const char *path, const struct hgt_install_plan *plan, struct hgt_install_report *report,
	struct hgt_error *err) HGT_MUST_CHECK;

/* With no layout given, takes our links out of every layout's places. */
int hgt_install_remove(const char *path, const struct hgt_install_plan *plan, struct hgt_install_report *report,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
