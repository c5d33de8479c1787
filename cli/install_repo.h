/*
 * Installing into one repository, and back.
 *
 * What we make in <repo>/headgate: `config`, a link to the config that its hooks read, and `made`, the
 * folders that were not there before, one path a line, so that uninstalling removes those and no others; the name of a setting
 * in it is one that we have set in the repository's config.
 */
#ifndef HEADGATE_CLI_INSTALL_REPO_H
#define HEADGATE_CLI_INSTALL_REPO_H

#include <stdbool.h>

#include "base/buf.h"
#include "cli/layout.h"

struct hgt_config;

enum { INSTALL_HOOKS = 2 };
extern const char *const install_hook_names[INSTALL_HOOKS];	/* "pre-receive", "post-receive" */

enum install_change {
	INSTALL_NOTHING,	/* it was so already */
	INSTALL_INSTALLED,
	INSTALL_UPDATED,	/* led to another place before */
	INSTALL_REMOVED,
	INSTALL_RESTORED,	/* removed, and what was there before ours is back */
	INSTALL_CHANGE_COUNT
};

/* "unchanged", "installed", "updated", "removed", "restored". */
const char *install_change_name(enum install_change change);

struct install_plan {
	int layout;		/* enum layout, or -1: judge by what is there */
	const char *programs;	/* folder of the hook programs, absolute; not needed to remove */
	const struct hgt_config *config;	/* or NULL: leave the repository's link alone */
	const char *config_path;	/* its absolute path */
};

struct install_report {
	const char *repo;	/* as it was given */
	enum layout layout;
	struct {
		struct hgt_buf path;
		enum install_change change;
		bool chained;	/* a hook from before is kept beside it */
	} hooks[INSTALL_HOOKS];
	enum install_change config;
	enum install_change push_options;	/* whether the server offers them */
	bool push_options_off;	/* the repository's config says that it does not */
	struct hgt_error push_options_trouble;	/* code 0: none. The hooks are there all the same */
	bool not_served;	/* the config leaves this repository out: its pushes pass unchecked */
};

void install_report_init(struct install_report *report, const char *repo);
void install_report_release(struct install_report *report);

/* All is looked at before anything is changed. Messages name the path; the caller puts the repository before them. */
int install_repo(const char *path, const struct install_plan *plan, struct install_report *report,
	struct hgt_error *err) HGT_MUST_CHECK;

/* With no layout given, takes our links out of every layout's places. */
int install_repo_remove(const char *path, const struct install_plan *plan, struct install_report *report,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
