/*
 * The manifest of a fleet of repositories, as grokmirror has it (manifest.js.gz, since grokmirror 1.0): which repositories a server has,
 * each with a fingerprint of its refs, so that whoever mirrors them looks at those alone that have moved.
 *
 *	{"/pub/scm/linux.git": {"modified": 1600000000, "fingerprint": "<sha-1 of the output of git show-ref>", "head": "ref: refs/heads/main",
 *	  "owner": "...", "description": "...", "forkgroup": "...", "reference": "/pub/scm/torvalds/linux.git" or null, "symlinks": ["/..."]}}
 *
 *	struct hgt_manifest manifest;
 *	if (hgt_manifest_read(bytes, len, limit, &manifest, &err) == 0)
 *		entry = hgt_manifest_find(&manifest, "pub/scm/linux");
 *	hgt_manifest_release(&manifest);
 */
#ifndef HEADGATE_MIRROR_MANIFEST_H
#define HEADGATE_MIRROR_MANIFEST_H

#include "base/arena.h"
#include "base/buf.h"

struct hgt_repo;

#define HGT_FINGERPRINT_HEX 41	/* with its terminator */


struct hgt_manifest_entry {
	const char *path;	/* as the manifest has it, with a slash before it: "/pub/scm/linux.git" */
	const char *repo;	/* the name of it here: "pub/scm/linux" */
	char fingerprint[HGT_FINGERPRINT_HEX];	/* lower-case hex; "" when there is none */
	int64_t modified;	/* seconds since the epoch; 0 unknown */
	const char *head;	/* the text of HEAD: "ref: refs/heads/main", or an id; or NULL, like those that follow */
	const char *owner, *description, *forkgroup;
	const char *reference;	/* a path as `path` is, whose objects it borrows */
	const char *const *symlinks;	/* paths under which it is found too */
	size_t n_symlinks;
};

struct hgt_manifest {
	struct hgt_arena arena;
	struct hgt_manifest_entry *entries;	/* in order of repo, which is there once */
	size_t n;
	size_t refused;		/* entries that are left out: their names would lead elsewhere, or two have one name */
	const char *refused_why;	/* of the first, escaped; or NULL */
};

/* Read one, compressed or not; `limit` is of what it holds, in bytes. HGT_EPARSE: it is no manifest, or readers could see two in it
 * (a key that is there twice). HGT_ELIMIT: it holds more. What one entry has that makes no sense is left out. */
int hgt_manifest_read(const void *data, size_t len, size_t limit, struct hgt_manifest *out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_manifest_release(struct hgt_manifest *manifest);
const struct hgt_manifest_entry *hgt_manifest_find(const struct hgt_manifest *manifest, const char *repo);	/* or NULL */

/* The name here of what a manifest calls `path`: without the slash before it and .git behind it; appended. HGT_EINVAL: it is none that
 * may be made below a root (empty, "..", a folder in a repository, control bytes, too long). */
int hgt_manifest_name(const char *path, struct hgt_buf *repo, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether text is one that HEAD may have: a symbolic ref to a branch, or an id. */
bool hgt_manifest_head_is_valid(const char *text);

/* Write it, appended: as JSON; compressed, the same bytes for the same entries. */
void hgt_manifest_write(const struct hgt_manifest_entry *entries, size_t n, struct hgt_buf *out);
int hgt_manifest_compress(const char *json, size_t len, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The fingerprint of a repository's refs, without Headgate's own; "" when there are none. *modified is the newest time that a commit at the
 * tip of one of them has, 0 for none (NULL: not asked for, and cheaper). */
int hgt_fingerprint(struct hgt_repo *repo, char out[HGT_FINGERPRINT_HEX], int64_t *modified, struct hgt_error *err) HGT_MUST_CHECK;

#endif
