/*
 * What Headgate's programs agree on: exit codes, default paths, socket messages, event types, HTTP names and limits.
 * The shapes are told in docs/design.md ("On the wire"); this header holds their constants.
 */
#ifndef HEADGATE_PROTOCOL_H
#define HEADGATE_PROTOCOL_H

/* Exit codes of `headgate`; the hooks use 0 (accepted) and 1 (refused, or in trouble: a gate fails closed). */
enum hgt_exit {
	HGT_EXIT_OK = 0,
	HGT_EXIT_NOT = 1,	/* the thing asked about is not so: findings of severity error, OutOfSync, audit broken */
	HGT_EXIT_TROUBLE = 2,	/* could not tell: usage, config, I/O */
};

/* Where the config is when neither -c nor HEADGATE_CONFIG names it. A hook looks, in this order, at HEADGATE_CONFIG,
 * at HGT_REPO_CONFIG below its repository (a symbolic link made by `headgate install -c`), and here. */
#define HGT_CONFIG_ENV "HEADGATE_CONFIG"
#define HGT_CONFIG_PATH HGT_SYSCONFDIR "/headgate/headgate.yaml"
#define HGT_AGENT_CONFIG_PATH HGT_SYSCONFDIR "/headgate/agent.yaml"
#define HGT_REPO_CONFIG "headgate/config"
/* A hook that was there before ours stays in its folder under this suffix, and is run after ours. */
#define HGT_CHAINED_SUFFIX ".before-headgate"

/* Hook socket: one JSON line in, JSON lines out. */
#define HGT_HOOK_VERSION 1
#define HGT_HOOK_LINE_MAX (16 * 1024 * 1024)	/* bytes of one line, its newline included */
#define HGT_HOOK_UPDATES_MAX 100000		/* updates of one push */

/* Spool: the line that could not be handed over, one file a push, in <state>/spool. */
#define HGT_SPOOL_FOLDER "spool"
#define HGT_SPOOL_SUFFIX ".json"

/* Event types (CloudEvents `type`). */
#define HGT_EVENT_PREFIX "io.headgate."
#define HGT_EVENT_REF_UPDATED "io.headgate.ref.updated.v1"
#define HGT_EVENT_PUSH_REFUSED "io.headgate.push.refused.v1"
#define HGT_EVENT_PUSH_ATTRIBUTED "io.headgate.push.attributed.v1"
#define HGT_EVENT_PUSH_SUPERSEDED "io.headgate.push.superseded.v1"
#define HGT_EVENT_AGENT_ADDED "io.headgate.agent.added.v1"
#define HGT_EVENT_AGENT_REMOVED "io.headgate.agent.removed.v1"
#define HGT_EVENT_AGENT_ROTATED "io.headgate.agent.rotated.v1"
#define HGT_EVENT_AGENT_REFUSED "io.headgate.agent.refused.v1"
#define HGT_EVENT_AGENT_REPORTED "io.headgate.agent.reported.v1"
#define HGT_EVENT_SYNC_REQUESTED "io.headgate.sync.requested.v1"
#define HGT_EVENT_TOKEN_ADDED "io.headgate.token.added.v1"
#define HGT_EVENT_TOKEN_REMOVED "io.headgate.token.removed.v1"
#define HGT_EVENT_TOKEN_ROTATED "io.headgate.token.rotated.v1"
#define HGT_EVENT_JOURNAL_COMPACTED "io.headgate.journal.compacted.v1"
#define HGT_EVENT_JOURNAL_RESTORED "io.headgate.journal.restored.v1"
#define HGT_EVENT_UPSTREAM_PUSHED "io.headgate.upstream.pushed.v1"
#define HGT_EVENT_MIRROR_UPDATED "io.headgate.mirror.updated.v1"
#define HGT_EVENT_MIRROR_DIVERGED "io.headgate.mirror.diverged.v1"
#define HGT_EVENT_MIRROR_LATE "io.headgate.mirror.late.v1"
#define HGT_EVENT_MIRROR_CAUGHT_UP "io.headgate.mirror.caught_up.v1"
#define HGT_EVENT_MIRROR_PROMOTED "io.headgate.mirror.promoted.v1"
#define HGT_EVENT_MIRROR_ACTED "io.headgate.mirror.acted.v1"
#define HGT_EVENT_WEBHOOK_TESTED "io.headgate.webhook.tested.v1"	/* only ever sent, not journaled */

/* Stream event names that are not event types. */
#define HGT_STREAM_SNAPSHOT "snapshot"
#define HGT_STREAM_RESET "reset"
#define HGT_STREAM_BOOKMARK "bookmark"
#define HGT_STREAM_COMMAND "command"	/* on an agent's stream */

/* HTTP. */
#define HGT_TOKEN_PREFIX "hga_"		/* of an agent's token; then 43 characters of base64url: 256 bits */
#define HGT_ROLE_TOKEN_PREFIX "hgr_"	/* of a token with a role; the same */
#define HGT_HEADER_REVISION "Headgate-Revision"	/* of an archive: the commit it was made from */
#define HGT_HEADER_FROM "Headgate-From"	/* of an archive: the tree that it tells the differences to; "none": it is whole */
#define HGT_BODY_MAX (1024 * 1024)	/* bytes of a request body */

/* The most paths an event lists; a change of more has paths_truncated. */
#define HGT_EVENT_PATHS_MAX 1000

/* Names of agents and targets: 1 to 63 of a-z 0-9 - . _, first and last alphanumeric. */
#define HGT_NAME_MAX 63

#endif
