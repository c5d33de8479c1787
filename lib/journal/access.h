/*
 * Who may do what, beside the events: tokens of people and programs, what agents may see beyond their repositories, and secrets
 * that were replaced and still hold for a while. Only hashes of secrets are kept. Writing is done within a batch (journal.h).
 */
#ifndef HEADGATE_JOURNAL_ACCESS_H
#define HEADGATE_JOURNAL_ACCESS_H

#include "journal/journal.h"

struct hgt_token_row {
	const char *name;
	const char *role;	/* "viewer", "operator", "admin" */
	const char *scope;	/* JSON: {"repos":[..],"refs":[..],"paths":[..]} */
	const char *token_hash;	/* SHA-256 of the token, hex */
	int64_t created_ms;
};

/* Adds it, or replaces the one of that name. */
int hgt_journal_token_put(struct hgt_journal *journal, const struct hgt_token_row *token, struct hgt_error *err) HGT_MUST_CHECK;

/* With the secret that it replaced. HGT_ENOENT. */
int hgt_journal_token_remove(struct hgt_journal *journal, const char *name, struct hgt_error *err) HGT_MUST_CHECK;
typedef int (*hgt_journal_token_cb)(void *ctx, const struct hgt_token_row *token);
/* In order of name. A negative return of cb stops and is passed on, a positive stops. */
int hgt_journal_tokens(struct hgt_journal *journal, hgt_journal_token_cb cb, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* Of an agent: the scope beside its repositories, {"refs":[..],"paths":[..]}, and the name in its certificate ("": it has a token).
 * Agents without a row have neither. */
int hgt_journal_agent_access_put(struct hgt_journal *journal, const char *agent, const char *scope, const char *certificate,
	struct hgt_error *err) HGT_MUST_CHECK;
typedef int (*hgt_journal_agent_access_cb)(void *ctx, const char *agent, const char *scope, const char *certificate);
int hgt_journal_agent_accesses(struct hgt_journal *journal, hgt_journal_agent_access_cb cb, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* What an agent announced last, and nothing else of its row. */
int hgt_journal_agent_announce(struct hgt_journal *journal, const char *agent, const char *instance, const char *info,
	int64_t seen_ms, struct hgt_error *err) HGT_MUST_CHECK;

/* Whose secret. */
enum hgt_secret_owner { HGT_SECRET_AGENT, HGT_SECRET_TOKEN };

/* Put a new secret in the place of `old_hash`, which holds until `until_ms` (wall clock); the one before that no longer does. */
int hgt_journal_secret_rotate(struct hgt_journal *journal, enum hgt_secret_owner owner, const char *name, const char *new_hash,
	const char *old_hash, int64_t until_ms, struct hgt_error *err) HGT_MUST_CHECK;

/* Forget what an agent that is removed has beside its row. */
int hgt_journal_agent_access_remove(struct hgt_journal *journal, const char *agent, struct hgt_error *err) HGT_MUST_CHECK;

/* Replaced secrets. */
typedef int (*hgt_journal_old_secret_cb)(void *ctx, enum hgt_secret_owner owner, const char *name, const char *hash,
	int64_t until_ms);
int hgt_journal_old_secrets(struct hgt_journal *journal, hgt_journal_old_secret_cb cb, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
