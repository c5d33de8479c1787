/*
 * Git objects as bytes, for whoever has no repository to ask: ids, commits, trees (gitformat-pack(5) leaves it to "git hash-object" and
 * the object model of gitcore-tutorial(7): "<type> SP <size> NUL <content>" is what an id is the SHA-1 of).
 *
 *	hgt_object_id("commit", raw, len, id);				equal to the wanted one? then the bytes are those of the commit
 *	hgt_commit_parse(raw, len, &commit, &err);			commit.tree is the id of its root
 *	hgt_tree_find(tree_raw, len, "hosts", 5, &mode, id, &err);	and so on down a path
 *
 * An id is SHA-1. Whoever can make two objects of one id has made both of them; nobody can make a second one of an object that
 * another has made.
 */
#ifndef HEADGATE_OBJECT_OBJECT_H
#define HEADGATE_OBJECT_OBJECT_H

#include <nettle/sha1.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "git/update.h"

#define HGT_OBJECT_ID_SIZE 20	/* bytes of an id */

/* Git's modes of what a tree holds. */
enum hgt_object_mode {
	HGT_MODE_FILE = 0100644,
	HGT_MODE_EXECUTABLE = 0100755,
	HGT_MODE_LINK = 0120000,
	HGT_MODE_TREE = 040000,
	HGT_MODE_SUBMODULE = 0160000,
};

/* What a tree holds that is the commit of another repository; an archive has an empty folder there. */
struct hgt_submodule {
	const char *path;	/* relative, clean */
	unsigned char id[HGT_OBJECT_ID_SIZE];
};

/* The id of an object whose content comes in pieces. */
struct hgt_object_hash {
	struct sha1_ctx ctx;
};
void hgt_object_hash_init(struct hgt_object_hash *hash, const char *type, uint64_t size);
void hgt_object_hash_update(struct hgt_object_hash *hash, const void *data, size_t len);
void hgt_object_hash_final(struct hgt_object_hash *hash, unsigned char id[HGT_OBJECT_ID_SIZE]);

/* In hexadecimal, of all of it. */
void hgt_object_id(const char *type, const void *data, size_t len, char id[HGT_OID_HEX + 1]);

/* What a raw commit says. Everything is borrowed from, or copied out of, the bytes that were parsed. */
struct hgt_raw_commit {
	char tree[HGT_OID_HEX + 1];
	struct hgt_buf payload;		/* what was signed: the commit without its signature */
	struct hgt_buf signature;	/* armoured; "" when there is none */
};

/* HGT_EPARSE: no commit, or one with two signatures, which readers could tell apart differently. *out is to be released in any case. */
int hgt_commit_parse(const char *data, size_t len, struct hgt_raw_commit *out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_raw_commit_release(struct hgt_raw_commit *commit);

/* The entry `name` of a raw tree. HGT_ENOENT when it is not there; HGT_EPARSE when this is no tree. */
int hgt_tree_find(const char *data, size_t len, const char *name, size_t name_len, unsigned *mode, char id[HGT_OID_HEX + 1],
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
