/* The parts of the agent's config: the options of each driver, one table a file, and windows. */
#ifndef HEADGATE_CONFIG_AGENT_PRIVATE_H
#define HEADGATE_CONFIG_AGENT_PRIVATE_H

#include "config/table.h"

/* Each is read into the whole struct hgt_agent_target. */
extern const struct section files_section, kubectl_section, ansible_section, terraform_section, exec_section;

/* A folder of the repository: relative, no empty, "." or ".." component; "" is all of it. `field` is a const char *. */
int parse_repo_path(struct reader *r, const struct hgt_node *node, void *field) HGT_MUST_CHECK;

/* A file of the target's tree, or an absolute path: a const char *, a struct hgt_strings. */
int parse_tree_file(struct reader *r, const struct hgt_node *node, void *field) HGT_MUST_CHECK;
int parse_tree_files(struct reader *r, const struct hgt_node *node, void *field) HGT_MUST_CHECK;
bool is_tree_file(const char *name);

/* A struct hgt_window. */
extern const struct section window_section;

#endif
