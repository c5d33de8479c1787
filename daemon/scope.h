/*
 * What of the repositories somebody may see: by repository, ref and path. Immutable and counted: a stream keeps the scope that it
 * began with.
 *
 * Each part that is not given sees everything of its kind. What names no repository at all (an agent that was added, say) is seen
 * by those alone whose scope has no part.
 */
#ifndef HEADGATE_DAEMON_SCOPE_H
#define HEADGATE_DAEMON_SCOPE_H

#include <stdbool.h>

#include "base/buf.h"
#include "config/config.h"
#include "event/event.h"

#define SCOPE_ITEMS_MAX 16	/* of each part but an agent's repositories */

struct hgt_json;
struct hgt_node;

struct scope {
	unsigned refs;		/* references */
	char *repos, *ref_names;	/* patterns of base/glob.h, joined; "" for all */
	char **paths;		/* prefixes in whole components; none: all */
	size_t n_paths;
	char *text;		/* {"repos":[..],"refs":[..],"paths":[..]} */
};

/* Of "refs" and "paths" of a JSON object, and of its "repos" when repos is NULL; else these are the repositories. Every member
 * may be missing. HGT_EPARSE, HGT_ELIMIT. */
int scope_parse(const struct hgt_node *object, const struct hgt_strings *repos, struct scope **out,
	struct hgt_error *err) HGT_MUST_CHECK;
struct scope *scope_ref(struct scope *scope);
void scope_unref(struct scope *scope);	/* NULL is fine */

/* Each takes NULL, which sees everything. */

bool scope_is_all(const struct scope *scope);

bool scope_has_repo(const struct scope *scope, const char *repo);
bool scope_has_ref(const struct scope *scope, const char *ref);

/* Whether of the repositories that it has, it has all refs and all folders. */
bool scope_has_every_ref(const struct scope *scope);

/* Whether a folder ("" is the root) lies wholly within. */
bool scope_has_path(const struct scope *scope, const char *path);

/* Whether something that lives by this repository, ref and folder is in it. */
bool scope_has_target(const struct scope *scope, const char *repo, const char *ref, const char *path);

/*
 * Narrow a filter to the scope: the wants that together are both, at most SCOPE_ITEMS_MAX, in an array whose texts live in `room`.
 * *n is 0 when nothing can be seen that way.
 */
int scope_narrow(const struct scope *scope, const struct hgt_filter *filter, struct hgt_arena *room, struct hgt_filter **out,
	size_t *n, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether an event as it is would tell of paths outside; then scope_narrow_event makes one that does not: the same without them. */
bool scope_cuts_events(const struct scope *scope);
int scope_narrow_event(const struct scope *scope, const char *body, size_t len, struct hgt_buf *out,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
