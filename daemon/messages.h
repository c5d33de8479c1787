/*
 * What clients of the HTTP API send as JSON, read and checked field by field. A result's strings live in the document set that the
 * caller gives (initialised) and releases. Unknown fields are ignored, so that a newer client may speak to an older daemon. A
 * failure is HGT_EPARSE or HGT_ELIMIT with a message that names the field.
 */
#ifndef HEADGATE_DAEMON_MESSAGES_H
#define HEADGATE_DAEMON_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "doc/doc.h"
#include "event/event.h"

/* POST /v1/agents */
struct agent_spec {
	const char *name;
	const char *kind;		/* "cluster", "host" */
	struct hgt_strings allow;	/* globs over repository names */
	const char *certificate;	/* the name in its certificate, or NULL: it is given a token */
	const struct hgt_node *body;	/* the whole, for scope_parse */
};
int message_agent_spec(const char *text, size_t len, struct hgt_doc_set *set, struct agent_spec *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* POST /v1/tokens */
struct token_spec {
	const char *name;
	const char *role;
	const struct hgt_node *body;	/* the whole, for scope_parse */
};
int message_token_spec(const char *text, size_t len, struct hgt_doc_set *set, struct token_spec *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* POST /v1/agents/NAME/rotate, /v1/tokens/NAME/rotate: for how many seconds the old token holds; the body may be missing. */
int message_rotation(const char *text, size_t len, uint64_t *overlap_seconds, struct hgt_error *err) HGT_MUST_CHECK;

/* POST /v1/agents/NAME/commands */
struct command_spec {
	const char *target;	/* NULL: all that the agent has */
	const char *action;	/* "sync", "suspend", "resume" */
	const char *revision;	/* of a sync: a commit's id, or a name for one as Git knows it; NULL: where the ref is */
	const char *actor;	/* who asks, by his own account; or NULL */
};
/* HGT_ECONFLICT: a revision with another action. */
int message_command(const char *text, size_t len, struct hgt_doc_set *set, struct command_spec *out, struct hgt_error *err) HGT_MUST_CHECK;

/* POST /v1/agents/self/commands */
int message_acknowledgement(const char *text, size_t len, struct hgt_cursor *id, struct hgt_error *err) HGT_MUST_CHECK;

/* PUT /v1/agents/self */
#define MESSAGE_TARGETS_MAX 256

struct announced_target {
	const char *name, *repo, *ref, *path, *driver, *sync;
	int64_t compare_every;	/* seconds; 0: never, or it does not say */
};

struct announcement {
	const char *version, *host, *instance;
	struct announced_target *targets;
	size_t n_targets;
};
int message_announcement(const char *text, size_t len, struct hgt_doc_set *set, struct announcement *out,
	struct hgt_error *err) HGT_MUST_CHECK;
/* The same in JSON, without `instance`: what the registry keeps, and reads again with `instance` optional. */
void message_announcement_write(const struct announcement *announcement, struct hgt_buf *out);
int message_announcement_stored(const char *text, size_t len, struct hgt_doc_set *set, struct announcement *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Whether path is "" or whole components joined by single slashes, none of them "." or "..". */
bool message_path_is_valid(const char *path);

/* Whether ref is a full ref name as git-check-ref-format(1) would have it, in the main. */
bool message_ref_is_valid(const char *ref);

#endif
