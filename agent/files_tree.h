/* Looking at and removing what is in a folder, link by link and never through one. */
#ifndef HEADGATE_AGENT_FILES_TREE_H
#define HEADGATE_AGENT_FILES_TREE_H

#include <sys/types.h>

#include "agent/manifest.h"
#include "archive/beneath.h"

enum place_kind { PLACE_NOTHING, PLACE_FILE, PLACE_LINK, PLACE_FOLDER, PLACE_OTHER /* device, socket, FIFO */ };

struct place {
	enum place_kind kind;
	mode_t mode;	/* permission bits */
	uid_t uid;
	gid_t gid;
	unsigned char digest[HGT_SHA256_SIZE];	/* of a file's content or a link's target; else zero */
	struct manifest_stamp stamp;		/* of a file whose content any later change will tell from this by its stamp; else zero */
};

/*
 * What stands at `name` in the open folder; `path` stands for it in messages. Nothing there is no error. A file is read, unless it has
 * the stamp of `known` (may be NULL), which then tells its content.
 */
int tree_look(int folder, const char *name, const char *path, const struct manifest_entry *known, struct place *place,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether the place holds what the entry says; for a stale one: whether its content does. */
bool tree_holds(const struct place *place, const struct manifest_entry *entry);

/* The same by path below a folder. A folder on the way that is missing, or no folder, is HGT_ENOENT or HGT_ECONFLICT. */
int tree_look_beneath(struct hgt_beneath *beneath, const char *path, const struct manifest_entry *known, struct place *place,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Note in the entry that it is what the place holds: true when that is news. */
bool tree_learn(struct manifest_entry *entry, const struct place *place);

/* Add the names in the folder that begin with `prefix` (as stale entries: only their paths count). */
int tree_names(int folder, const char *prefix, struct manifest *names, struct hgt_error *err) HGT_MUST_CHECK;

/* Remove what is at `name`, folders with all that is in them. */
int tree_remove(int folder, const char *name, struct hgt_error *err) HGT_MUST_CHECK;

#endif
