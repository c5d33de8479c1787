/*
 * A new bare repository below repositories.root, with Headgate's hooks in it. It is made beside its place, under a name that nobody takes
 * for a repository's, and gets its name when it is whole: what is there, or what somebody else makes meanwhile, is never touched.
 */
#ifndef HEADGATE_INSTALL_MAKE_REPO_H
#define HEADGATE_INSTALL_MAKE_REPO_H

#include "base/buf.h"

struct hgt_config;

/* How the names of what is still being made begin: no repository. */
#define HGT_MAKING ".headgate-"

struct hgt_new_repo {
	const char *name;		/* below the root, without .git; checked as hgt_manifest_name does */
	const char *head;		/* the text of HEAD ("ref: refs/heads/main"); NULL, or an id: as Git's config has it */
	const char *description, *owner;	/* or NULL */
	const char *borrow;		/* the .git folder of a repository whose objects it borrows (alternates), and which takes none away
					 * from then on; or NULL */
	const char *programs;		/* install/programs.h */
	const struct hgt_config *config;	/* whose root it is, and which its hooks read */
};

/* Its .git folder's path, appended. HGT_EEXIST: something is there. HGT_ECONFLICT: a link, a file or another repository stands in the way
 * to it. HGT_ENOENT: the config leaves a repository of this name out. */
int hgt_make_repo(const struct hgt_new_repo *order, struct hgt_buf *path, struct hgt_error *err) HGT_MUST_CHECK;

#endif
