/* A new, empty, bare repository. */
#ifndef HEADGATE_GIT_REPOSITORY_MAKE_H
#define HEADGATE_GIT_REPOSITORY_MAKE_H

#include <stdbool.h>

#include "base/error.h"

struct hgt_repository_settings {
	const char *head;	/* the full name of the branch that HEAD leads to; NULL: as init.defaultBranch has it */
	const char *owner;	/* gitweb.owner; or NULL */
	bool private_refs;	/* offer nobody refs/headgate/ (transfer.hideRefs) */
};

/* Make it at path, where nothing is. Modes are less the umask. What a failure leaves there is the caller's to remove. */
int hgt_repository_make(const char *path, const struct hgt_repository_settings *settings, struct hgt_error *err) HGT_MUST_CHECK;

/* Another repository is going to borrow the objects of the one whose .git folder this is: from now on `git gc` takes none away
 * (gc.pruneExpire never, in its own config). */
int hgt_repository_lend(const char *path, struct hgt_error *err) HGT_MUST_CHECK;

#endif
