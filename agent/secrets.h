/*
 * What must not leave this host, taken out of texts: values that are known to be secret, and what looks like one.
 *
 *	struct secrets secrets = SECRETS_INIT;
 *	secrets_add(&secrets, value, len);
 *	secrets_hide(&secrets, diff, diff_len, &out, &count);
 *	secrets_release(&secrets);
 */
#ifndef HEADGATE_AGENT_SECRETS_H
#define HEADGATE_AGENT_SECRETS_H

#include <stdint.h>

#include "agent/redact.h"
#include "base/buf.h"

#define SECRETS_HIDDEN "[redacted]"	/* what stands in place of a value that is known */
#define SECRETS_MAX 4096

struct secrets {
	struct hgt_buf *items;	/* texts, the longest first once they are used */
	size_t n;
	bool sorted, failed;	/* failed: some are missing, so nothing may be told */
	struct redactor names;	/* of what looks like one by its name: numbered through all texts */
};

#define SECRETS_INIT {.sorted = true}

/* A value; of several lines each as well. One of less than three bytes is not told from ordinary text and left alone. */
void secrets_add(struct secrets *secrets, const char *value, size_t len);
void secrets_release(struct secrets *secrets);

/*
 * Append the text without the values of `secrets` (NULL for none; also where they stand in it as JSON has them), and without what looks
 * like one (redact.h). *count grows by what was taken out. Lines stay lines, so that a diff stays one.
 */
int secrets_hide(struct secrets *secrets, const char *text, size_t len, struct hgt_buf *out, uint64_t *count,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The same in place. */
int secrets_hide_in(struct secrets *secrets, struct hgt_buf *text, uint64_t *count, struct hgt_error *err) HGT_MUST_CHECK;

#endif
