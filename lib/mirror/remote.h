/* The other side of a mirror: its URL, and what git and ssh say of it. Pure functions. */
#ifndef HEADGATE_MIRROR_REMOTE_H
#define HEADGATE_MIRROR_REMOTE_H

#include "base/buf.h"

/* `url` with the repository's name in place of {repo}, appended; in URLs with a scheme the name is percent-encoded but for its slashes. */
int hgt_remote_url(const char *url, const char *repo, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* The host, in lower case, with the port where there is one; nothing for a path or file://. Appended. */
int hgt_remote_host(const char *url, struct hgt_buf *out, struct hgt_error *err) HGT_MUST_CHECK;

/* A tip that either side has. */
struct hgt_tip {
	char *ref;
	char id[41];
};

/* Tips in order of ref (bytes). */
struct hgt_tips {
	struct hgt_tip *items;
	size_t n, room;
};
#define HGT_TIPS_INIT {NULL, 0, 0}

int hgt_tips_add(struct hgt_tips *tips, const char *ref, const char *id, struct hgt_error *err) HGT_MUST_CHECK;	/* in any order; then sort */
void hgt_tips_sort(struct hgt_tips *tips);
const char *hgt_tips_find(const struct hgt_tips *tips, const char *ref);	/* the id; NULL */
void hgt_tips_release(struct hgt_tips *tips);

/*
 * A line of `git ls-remote` (git-ls-remote(1), OUTPUT): "<id>\t<ref>". Peeled tags (^{}) and HEAD are passed over; HGT_EPARSE for what is
 * no such line, HGT_EUNSUPPORTED for SHA-256 ids, HGT_ELIMIT past a million. A ref's name is checked as git check-ref-format has it.
 */
int hgt_tips_take(struct hgt_tips *tips, const char *line, size_t len, struct hgt_error *err) HGT_MUST_CHECK;

#endif
