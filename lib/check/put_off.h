/*
 * Inside lib/check: files that cannot be judged before the others are known, kept with all that is needed to judge them later.
 */
#ifndef HEADGATE_CHECK_PUT_OFF_H
#define HEADGATE_CHECK_PUT_OFF_H

#include "check/kustomize.h"

/* Of all files put off together; what comes after is judged at once. */
#define HGT_PUT_OFF_MAX (64 * 1024 * 1024)

struct hgt_put_off {
	struct hgt_put_off *next;
	const char *path;
	const char *data;
	size_t len;
	enum hgt_class cls;	/* as its text says */
	bool forced, strict;
	enum hgt_kustomize_role role;
	size_t file;		/* its number in the run */
};

/* In the order in which they came. */
struct hgt_put_off_list {
	struct hgt_put_off *first, **end;
	size_t bytes;
};

void hgt_put_off_init(struct hgt_put_off_list *list);
void hgt_put_off_release(struct hgt_put_off_list *list);

/* Keep a copy of *file. 1 when it is kept, 0 when there is no room for it, HGT_ENOMEM. */
int hgt_put_off_add(struct hgt_put_off_list *list, const struct hgt_put_off *file, struct hgt_error *err) HGT_MUST_CHECK;

#endif
