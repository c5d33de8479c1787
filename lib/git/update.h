/*
 * One line of a hook's stdin: a ref that is to move, or has moved. Format: githooks(5), pre-receive and post-receive.
 */
#ifndef HEADGATE_GIT_UPDATE_H
#define HEADGATE_GIT_UPDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

#define HGT_OID_HEX 40		/* SHA-1 */
#define HGT_OID_HEX_SHA256 64

enum hgt_change { HGT_CHANGE_CREATE, HGT_CHANGE_UPDATE, HGT_CHANGE_DELETE };

struct hgt_update {
	const char *old_id;	/* 40 (or 64) lower-case hex digits, all zero for none */
	const char *new_id;
	const char *ref;	/* full name; raw bytes, no control bytes, at most 4096 */
};

struct hgt_updates {
	struct hgt_update *items;
	size_t n;
};

enum hgt_change hgt_update_change(const struct hgt_update *update);
const char *hgt_change_name(enum hgt_change change);	/* "create", "update", "delete" */
bool hgt_oid_is_zero(const char *hex);
/* Whether a ref is Headgate's own: no client sees or moves it, nobody is told of it, it is in no mirror (docs/design.md, "Mirrors"). */
#define HGT_OWN_REFS "refs/headgate/"
bool hgt_ref_is_own(const char *ref);

bool hgt_oid_is_valid(const char *hex);	/* 40 or 64 lower-case hex digits */

/* Parse a hook's whole stdin into arena; text may be empty. HGT_EPARSE names the line; HGT_ELIMIT past HGT_HOOK_UPDATES_MAX lines;
 * HGT_EUNSUPPORTED for SHA-256 ids. */
int hgt_updates_parse(const char *text, size_t len, struct hgt_arena *arena, struct hgt_updates *out,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
