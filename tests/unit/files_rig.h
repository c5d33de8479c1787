/* A target of the files driver in a folder of its own, archives crafted for it, and what is to be seen there. */
#ifndef HEADGATE_TESTS_UNIT_FILES_RIG_H
#define HEADGATE_TESTS_UNIT_FILES_RIG_H

#include "agent/files_driver.h"

struct entry {
	char type;	/* 0 ends a tree; 'x' is an executable file */
	const char *name, *text;	/* text: contents, or a link's target */
};

struct rig {
	char *folder, *into, *manifest;
	struct hgt_agent_target target;
	char *argv[4];
	struct driver_result result;
	struct hgt_error err;
};

/* cmocka's. */
int rig_set_up(void **state);
int rig_tear_down(void **state);
void rig_after(struct rig *rig, const char *script);
int rig_archive(const struct entry *tree);
int rig_apply_due(struct rig *rig, const struct entry *tree, bool after_due);
void rig_apply(struct rig *rig, const struct entry *tree);
const char *rig_compare(struct rig *rig);
void rig_counts(const struct rig *rig, uint64_t added, uint64_t modified, uint64_t removed);
void rig_put(const struct rig *rig, const char *name, const char *text);
void rig_is(const struct rig *rig, const char *name, const char *expected);
unsigned rig_mode(const struct rig *rig, const char *name);
void rig_is_tidy(const struct rig *rig);

#endif
