/*
 * Values that look like secrets, taken out of text before it leaves the host: in lines of the form name = value, name: value,
 * "name": "value" where the name has password, passwd, passphrase, secret, token, credential, private_key, api_key or access_key in it,
 * in any case, with - or _; the rest of an Authorization header; the user information of URLs; and what is between BEGIN ... PRIVATE
 * KEY and END. It is a net, not a proof: what must not be shown belongs into the options that say so.
 */
#ifndef HEADGATE_AGENT_REDACT_H
#define HEADGATE_AGENT_REDACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

#define REDACTED "[redacted "	/* then the number of the value and "]": equal values have equal numbers, so that a diff shows which changed */

struct redactor {
	bool in_key;		/* within a private key */
	uint64_t redacted;	/* values that were taken out */
	unsigned char (*seen)[HGT_SHA256_SIZE];	/* a digest of each value: its place is its number */
	size_t n_seen;
};

/* Append text[0..len), whole lines, without them. Marks of a diff (a space, + or - at the beginning of a line) may be there. Begin with a
 * zeroed redactor for each file; a second text is numbered on. */
void redact_lines(struct redactor *redactor, const char *text, size_t len, struct hgt_buf *out);
void redact_release(struct redactor *redactor);

#endif
