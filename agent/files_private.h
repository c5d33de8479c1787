/* What the parts of the files driver share. */
#ifndef HEADGATE_AGENT_FILES_PRIVATE_H
#define HEADGATE_AGENT_FILES_PRIVATE_H

#include "agent/files_driver.h"
#include "agent/files_rules.h"
#include "agent/manifest.h"
#include "archive/beneath.h"

/*
 * Open the target's folder; with `make` it is made where it is missing, and noted where it is. HGT_ECONFLICT: its path leads elsewhere than
 * when it was noted, or into what another target has, or around that.
 */
int files_open_into(const struct driver_order *order, bool make, int *fd, struct hgt_error *err) HGT_MUST_CHECK;
void files_forget_where(const struct driver_order *order);

/* The last component of a path, and the length of what is before its slash. */
const char *files_leaf(const char *path, size_t *folder_len);

/* Where the list of files is. */
int files_list_path(const struct driver_order *order, struct hgt_buf *path, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Compare the open folder with the manifest; fills what a look tells in the result. Stamps that it learns are saved in `file`. With `pruned`
 * nothing of what is stale is to be there: it is what an apply that was not finished has left.
 */
int files_compare_with(int into, const struct files_rules *rules, struct manifest *manifest, bool pruned, const char *file,
	struct driver_result *result, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether the target holds what the entry says, as it is to have it. */
bool files_hold(const struct files_rules *rules, const struct place *place, const struct manifest_entry *entry);

/* Else how not, in words that follow its name. */
const char *files_what_differs(const struct place *place, const struct manifest_entry *entry);

/* Which ignore rule lets this path differ, or -1; ignored paths are put in place once and then left alone. */
int files_ignore(const struct hgt_files_options *options, const char *path);

/* What may differ and has been placed (`before`, or NULL) stays as it is, until the tree has something else there. */
bool files_is_left_alone(const struct hgt_files_options *options, const struct manifest_entry *entry, const struct manifest_entry *before);

/* A file in which words are put in before it is placed. */
bool files_is_template(const struct hgt_files_options *options, const struct manifest_entry *entry);

/* A path that no tree may have: HGT_EPERM. */
int files_check_name(const char *path, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether the tree wants something at the entry's path, or on the way to it, that cannot be while the entry is there. */
bool files_is_in_the_way(const struct manifest *tree, const struct manifest_entry *entry);

/* 1: what stands at the path of the entry, which the tree does not have any more, is what we placed, and goes with it; 0: it is not. */
int files_find_ours(struct hgt_beneath *target, const struct manifest_entry *entry, struct place *place, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Tell in the result's diff, line by line, how its resources differ from the tree's files, which are in the folder `fresh`, or (-1) in
 * order->archive. `into`: the target, -1 when it is missing. With `removed` what is Extra is shown as what goes. That it cannot be shown is no
 * reason not to tell what differs: the diff is marked as cut then.
 */
void files_show(const struct driver_order *order, int into, int fresh, bool removed, struct driver_result *result);

/* Tell of each name in the manifest's folders that is not in it; the staging folders are not told. */
typedef int (*files_extra_cb)(void *ctx, const char *path, struct hgt_error *err);
int files_extra(int into, const struct manifest *manifest, files_extra_cb extra, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * What the tree holds that comes of the one in `before` (stale entries do not count) by taking away the paths in `removed` (a submodule's
 * with a slash at its end) and putting in what is in `fresh`, into the empty `after`, sorted. HGT_ECONFLICT when the differences are not
 * to what is in `before`.
 */
int files_delta_merge(const struct manifest *before, const struct manifest *removed, const struct manifest *fresh, struct manifest *after,
	struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Changing a target so that it can be taken back: every step is noted before the next, with what it replaced kept in the staging
 * folder.
 */
enum change_kind {
	CHANGE_ADDED,		/* a file or link where nothing was */
	CHANGE_EXCHANGED,	/* what was there is now in the tree of the staging folder, under the same path */
	CHANGE_REPLACED,	/* what was there is in the staging folder's `old` by its number, linked before the rename */
	CHANGE_TAKEN,		/* likewise, and nothing is there now */
	CHANGE_FOLDER_MADE,
	CHANGE_FOLDER_REMOVED,	/* it was empty */
	CHANGE_FOLDER_PERMS,	/* it has other owners or another mode now */
};

struct change {
	enum change_kind kind;
	const char *path;	/* borrowed from a manifest, or in the arena */
	unsigned mode;		/* of a removed folder, or one with other perms now */
	uid_t uid;		/* of the latter */
	gid_t gid;
};

struct changes {
	int into, staging, fresh;	/* the target, the staging folder and in it the unpacked tree; borrowed */
	int old;		/* in the staging folder, of what was replaced or taken: made with the first of that, else -1 */
	struct hgt_beneath target, source;	/* folders below `into` and `fresh` */
	struct hgt_arena arena;
	struct change *items;	/* number i is the name in `old` of what change i replaced */
	size_t n, cap;
};

void changes_init(struct changes *changes, int into, int staging, int fresh);
void changes_release(struct changes *changes);

/* Make the folder `name` of a staging folder, or the staging folder itself in the target. */
int files_make_folder_at(int at, const char *name, int *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Put fresh's file or link `path` in its place, where nothing is or something that is no folder. */
int changes_place(struct changes *changes, const char *path, bool occupied, struct hgt_error *err) HGT_MUST_CHECK;

/* Take away the file or link. */
int changes_take(struct changes *changes, const char *path, struct hgt_error *err) HGT_MUST_CHECK;

/* Remove the folder if it is empty: 1, and 0 when it is not. */
int changes_remove_folder(struct changes *changes, const char *path, unsigned mode, struct hgt_error *err) HGT_MUST_CHECK;

/* Give the folder, which is open and as `was` tells, these perms. */
int changes_folder_perms(struct changes *changes, const char *path, int fd, const struct place *was, const struct perms *perms,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Open the folder path[0..len), making what is missing. */
int changes_open_folder(struct changes *changes, const char *path, size_t len, int *fd, struct hgt_error *err) HGT_MUST_CHECK;

/* Make the changes last: sync the folders that were touched. */
int changes_sync(struct changes *changes, struct hgt_error *err) HGT_MUST_CHECK;

/* Take everything back, the last change first. Goes on past a failure and tells the first one. */
int changes_undo(struct changes *changes, struct hgt_error *err) HGT_MUST_CHECK;

#endif
