/* What a manifest says of one repository, read from its folder as grok-manifest reads it. */
#ifndef HEADGATE_MIRROR_REPO_FACTS_H
#define HEADGATE_MIRROR_REPO_FACTS_H

#include "mirror/manifest.h"

/* Texts on the heap; NULL where there is none. */
struct hgt_repo_facts {
	char fingerprint[HGT_FINGERPRINT_HEX];	/* "": no refs */
	int64_t modified;	/* seconds since the epoch: the newest commit at a tip, 0 for none */
	char *head, *owner, *description, *forkgroup;
	char *reference;	/* the path below the root of the repository whose objects it borrows, a slash before it */
	bool store;		/* it is one of grokmirror's stores of objects, and for nobody to mirror */
};

/* root: as realpath gives it. What *out has is to be released, after a failure too. */
int hgt_repo_facts_read(struct hgt_repo *repo, const char *root, struct hgt_repo_facts *out, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_repo_facts_release(struct hgt_repo_facts *facts);

/* When what a manifest says besides the refs was last touched: differs when that may have changed. */
uint64_t hgt_repo_facts_stamp(const char *git_dir);

#endif
