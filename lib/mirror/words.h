/* What git and ssh say as they push and fetch: how far they are, what has become of each ref, why they failed. Pure functions. */
#ifndef HEADGATE_MIRROR_WORDS_H
#define HEADGATE_MIRROR_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* A line of git's progress ("Writing objects:  50% (5/10), 1.20 MiB | 3.00 MiB/s"), also where the other side says it. */
struct hgt_progress {
	const char *phase;	/* "enumerating", "counting", "compressing", "sending", "receiving", "resolving", "unpacking", "checking" */
	unsigned percent;
	uint64_t objects, total;	/* total 0: not known yet */
	uint64_t bytes;		/* of the transfer, 0 where the line has none */
};
bool hgt_words_progress(const char *line, size_t len, struct hgt_progress *out);

/* What `git push --porcelain` says of a ref. */
enum hgt_pushed {
	HGT_PUSHED_DONE,	/* it moved: made, forwarded, forced, deleted */
	HGT_PUSHED_SAME,	/* it was there already */
	HGT_PUSHED_OVERTAKEN,	/* the other side has something else than was thought, or had when it was to move */
	HGT_PUSHED_REFUSED,	/* by the other side, for this ref */
	HGT_PUSHED_REFUSED_ALL,	/* by the other side's pre-receive hook, which takes all refs of a push or none */
	HGT_PUSHED_LOST,	/* sent, and what became of it is not known, or the other side could not take it in */
};
struct hgt_push_line {
	enum hgt_pushed what;
	const char *ref, *why;	/* within the line; why: the words in the last parentheses, len 0 for none */
	size_t ref_len, why_len;
};
/* False for a line that is none of a ref. */
bool hgt_words_pushed(const char *line, size_t len, struct hgt_push_line *out);

/* Why it failed, by the words of git, ssh and curl in the C locale. */
enum hgt_cause {
	HGT_CAUSE_OTHER,
	HGT_CAUSE_HOST_KEY_CHANGED, HGT_CAUSE_HOST_KEY_UNKNOWN,
	HGT_CAUSE_KEY_FILE,	/* ssh will not use our key: its file's mode, its format */
	HGT_CAUSE_KEY_REFUSED,	/* the other side does not take our key */
	HGT_CAUSE_CREDENTIALS, HGT_CAUSE_FORBIDDEN,
	HGT_CAUSE_CERTIFICATE,	/* of https */
	HGT_CAUSE_NAME, HGT_CAUSE_AWAY, HGT_CAUSE_NOT_FOUND, HGT_CAUSE_OBJECT_FORMAT,
	HGT_CAUSE_DISK_THERE, HGT_CAUSE_DISK_HERE, HGT_CAUSE_READ_ONLY,
	HGT_CAUSE_CORRUPT_HERE, HGT_CAUSE_CORRUPT_THERE, HGT_CAUSE_OWNER_HERE, HGT_CAUSE_OWNER_THERE,
	HGT_CAUSE_AMBIGUOUS_NAME,
};
/* said: lines of stderr. */
enum hgt_cause hgt_words_cause(const char *said);

/* The line that says most: the first of git's "fatal:" or "error:" or of the other side's that is no mere consequence, without
 * those words; else the last. Appended; nothing when nothing was said. */
void hgt_words_gist(const char *said, struct hgt_buf *out);

/* What must not be told: passwords and tokens of a credentials file, as they stand there, decoded, and as HTTP's basic
 * authentication has them. Wiped when released. */
struct hgt_hidden {
	struct hgt_buf *items;
	size_t n;
};
#define HGT_HIDDEN_INIT {NULL, 0}
int hgt_hidden_read(struct hgt_hidden *hidden, const char *text, size_t len, struct hgt_error *err) HGT_MUST_CHECK;
void hgt_hidden_release(struct hgt_hidden *hidden);

/* Append the text without them, and without what stands before the @ of a URL's host when a colon is in it. */
void hgt_words_hide(const struct hgt_hidden *hidden, const char *text, size_t len, struct hgt_buf *out);

#endif
