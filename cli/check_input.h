/* Where `headgate check` gets its files: paths and folders, standard input, a revision. */
#ifndef HEADGATE_CLI_CHECK_INPUT_H
#define HEADGATE_CLI_CHECK_INPUT_H

#include "check/engine.h"
#include "base/buf.h"
#include "git/update.h"

/* The largest file that is read. */
#define CHECK_BLOB_MAX (10 * 1024 * 1024)

struct hgt_ahead;
struct hgt_repo;

struct check_input {
	struct hgt_engine *engine;	/* borrowed */
	enum hgt_class cls;
	unsigned helpers;	/* threads that read ahead of files on disk: hgt_ahead_helpers() */
	struct hgt_ahead *ahead;	/* those that are on their way */
	struct hgt_buf text;	/* of the file of a revision in hand */
	struct hgt_repo *repo;	/* of the revision, or NULL; to be closed by whoever owns this */
	char commit[HGT_OID_HEX + 1];
	bool trouble;		/* something could not be read, and was complained of */
};

/* These give 0 or HGT_ENOMEM. */

/* n paths, the current folder when there are none: files, and folders with all below them in sorted order, but no .git and no symbolic
 * links. "-" is standard input, called stdin_name. */
int check_paths(struct check_input *input, char *const *paths, int n, const char *stdin_name, struct hgt_error *err) HGT_MUST_CHECK;

/* The files of a revision at or below each of n paths from its root; all when n is 0. repo: NULL for the one
 * around the current folder. against: an older revision, of which only what has changed since is checked, and compared with what it
 * was; or NULL. */
int check_revision(struct check_input *input, const char *repo, const char *rev, const char *against, char *const *paths, int n,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The engine's `read`: a file of the revision, else of the disk. */
int check_read(void *input, const char *path, size_t limit, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The engine's `tree`, with the input as its ctx: all of the revision, whatever the paths; nothing where there is none. */
int check_revision_tree(void *input, hgt_tree_file_cb each, void *each_ctx, struct hgt_error *err) HGT_MUST_CHECK;

#endif
