/* Whose the files of a target are and what may be done with them, by the options owner, group, mode, folder_mode and rules. */
#ifndef HEADGATE_AGENT_FILES_RULES_H
#define HEADGATE_AGENT_FILES_RULES_H

#include <stdbool.h>
#include <sys/types.h>

#include "agent/files_tree.h"
#include "config/config.h"

struct perms {
	bool has_owner, has_group, has_mode;
	uid_t owner;
	gid_t group;
	mode_t mode;
};

struct files_rules {
	const struct hgt_files_options *options;
	struct perms all, folders;
	struct perms *rules;	/* options->n_rules */
};

/* Looks up the names. HGT_ENOENT: there is no such user or group. Released by files_rules_release in any case. */
int files_rules_init(struct files_rules *rules, const struct hgt_files_options *options, struct hgt_error *err) HGT_MUST_CHECK;
void files_rules_release(struct files_rules *rules);

/* What an entry is to have. */
void files_rules_find(const struct files_rules *rules, const struct manifest_entry *entry, struct perms *out);

/* Whether the place has it; links and folders that were there before us always do. */
bool files_rules_hold(const struct files_rules *rules, const struct manifest_entry *entry, const struct place *place);

/* Set on the open file or folder what is said. HGT_EPERM: only root may give files away. */
int files_perms_set(const struct perms *perms, int fd, const char *path, struct hgt_error *err) HGT_MUST_CHECK;

#endif
