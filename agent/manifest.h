/*
 * What a target holds because of us: one entry a path, kept in `files` of the target's state folder. It has a format of its own
 * and is not in state.json because paths are bytes, which JSON cannot carry.
 *
 *	headgate-files 1 LF
 *	tree SP <id> NUL			where it is so: the list is what this tree holds, and entries that are stale
 *	<kind> SP <sha-256, hex> SP <stamp> SP <path> NUL	an entry
 *	end SP <number of entries> NUL
 *
 * A stamp is device, inode, size, mtime and ctime in hexadecimal with dots between them, or "-".
 *
 * The file is replaced by rename, and before a target is touched it is replaced by the union of what was and what will be:
 * whenever the agent dies, nothing that it placed is unknown to it.
 */
#ifndef HEADGATE_AGENT_MANIFEST_H
#define HEADGATE_AGENT_MANIFEST_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/map.h"
#include "git/update.h"

enum manifest_kind {
	MANIFEST_FILE = 'f',
	MANIFEST_EXECUTABLE = 'x',
	MANIFEST_LINK = 'l',		/* digest: of its target */
	MANIFEST_FOLDER = 'd',		/* one that we made */
	MANIFEST_FOLDER_FOUND = 'D',	/* of the tree, but there before us: never removed */
	/* A file or link that may be ours: planned when the agent died, or gone from the tree and not pruned. Not compared;
	 * removed when it is no more in the tree and its content is still this. */
	MANIFEST_STALE = 's',
	MANIFEST_FOLDER_STALE = 'e',	/* likewise; removed when it is empty */
};

bool manifest_is_folder(enum manifest_kind kind);

/* The kind that an entry has while it may be ours. */
enum manifest_kind manifest_stale(enum manifest_kind kind);

/*
 * By what a file is known again without being read, as in Git's index. Whoever changes a file can put its mtime back, but not its
 * ctime, save by turning the clock. All zero: nothing is known.
 */
struct manifest_stamp {
	uint64_t device, inode, size, mtime, ctime;	/* times in nanoseconds */
};

struct manifest_entry {
	const char *path;	/* relative, clean; in the manifest's arena */
	enum manifest_kind kind;
	unsigned char digest[HGT_SHA256_SIZE];	/* of a file's content; zero for folders */
	struct manifest_stamp stamp;		/* a file with this stamp has that content; whether one stands there is another matter */
	bool wanted;				/* not saved: an apply has seen that the target does not hold it */
};

struct manifest {
	struct hgt_arena arena;
	struct manifest_entry **items;	/* the entries are in the arena: the map points to them */
	size_t n, cap;
	struct hgt_map by_path;
	char tree[HGT_OID_HEX_SHA256 + 1];	/* whose content it lists; "" for none */
};

#define MANIFEST_INIT {.arena = HGT_ARENA_INIT, .by_path = HGT_MAP_INIT}

void manifest_release(struct manifest *manifest);

/* HGT_ECORRUPT when the path is there already. `stamp`: NULL for none. */
int manifest_add(struct manifest *manifest, enum manifest_kind kind, const char *path, size_t len,
	const unsigned char digest[HGT_SHA256_SIZE], const struct manifest_stamp *stamp, struct hgt_error *err) HGT_MUST_CHECK;

bool manifest_stamp_is_known(const struct manifest_stamp *stamp);
bool manifest_stamp_is_equal(const struct manifest_stamp *a, const struct manifest_stamp *b);

/* NULL when it is not there. */
struct manifest_entry *manifest_find(const struct manifest *manifest, const char *path, size_t len);

/* In the order of paths, so that a folder comes before what is in it. */
void manifest_sort(struct manifest *manifest);

/* Read `file` into an empty manifest and sort it; none there is an empty one. HGT_ECORRUPT when it is not what we wrote. */
int manifest_load(struct manifest *manifest, const char *file, struct hgt_error *err) HGT_MUST_CHECK;
int manifest_save(const struct manifest *manifest, const char *file, struct hgt_error *err) HGT_MUST_CHECK;

#endif
