/*
 * Tokens of people and programs: each has a role, and a scope that it is held to. Kept in the journal's database, held in memory
 * here.
 *
 *	viewer		reads
 *	operator	reads, and moves targets
 *	admin		all that the admin socket may; sees everything
 *
 * What changes them goes through the store; memory follows once it is on disk, and then `done` is called.
 */
#ifndef HEADGATE_DAEMON_TOKENS_H
#define HEADGATE_DAEMON_TOKENS_H

#include <sys/queue.h>

#include "daemon/agents.h"
#include "daemon/guard.h"
#include "daemon/roles.h"

struct event;
struct hgt_json;
struct scope;
struct subscriber;
struct token;
struct token_spec;
struct tokens;

/* A stream that a token has open; within it, and out of the list, on the loop alone. */
struct token_stream {
	LIST_ENTRY(token_stream) entry;
	struct token *token;		/* a reference */
	struct subscriber *subscriber;
	unsigned generation;		/* of the secret that it was opened with */
};

/* Others read it; tokens.c alone changes it. Counted: a request keeps its token while it is removed. */
struct token {
	unsigned refs;
	bool pending;		/* its row is not on disk yet: it cannot log in */
	bool removed;
	char name[HGT_NAME_MAX + 1];
	enum role role;
	struct scope *scope;
	struct secret secret;
	struct client_load load;	/* what it has open and asks for */
	int64_t created_ms;
	int64_t seen_ms;	/* since the daemon's start; 0 never */
	LIST_HEAD(, token_stream) streams;
	struct event *old_ends;	/* when the replaced secret no longer holds; NULL: there is none */
};

/* Loads them from daemon->reader. Free after the store, whose jobs point here. */
int tokens_new(struct daemon *daemon, struct tokens **out, struct hgt_error *err) HGT_MUST_CHECK;
void tokens_free(struct tokens *tokens);

struct token *token_ref(struct token *token);
void token_unref(struct token *token);	/* NULL is fine */

/* The token, borrowed; NULL when it is nobody's. */
struct token *tokens_authenticate(struct tokens *tokens, const char *text);

/* The array of all tokens, as GET /v1/tokens shows it. */
void tokens_write(const struct tokens *tokens, struct hgt_json *json);

/* Each of these calls done later, or fails at once and never calls it. */

/* HGT_ECONFLICT when the name is taken; HGT_EINVAL for an admin with a scope. text gets the secret, which is nowhere else. */
int tokens_add(struct tokens *tokens, const struct token_spec *spec, char text[SECRET_MAX], agents_done_cb done, void *ctx,
	struct hgt_error *err) HGT_MUST_CHECK;

/* HGT_ENOENT. Its streams end when it is on disk. */
int tokens_remove(struct tokens *tokens, const char *name, agents_done_cb done, void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* Another secret in the place of this one, which holds for `overlap_seconds` more, and then its streams end. HGT_ENOENT. */
int tokens_rotate(struct tokens *tokens, const char *name, uint64_t overlap_seconds, char text[SECRET_MAX], agents_done_cb done,
	void *ctx, struct hgt_error *err) HGT_MUST_CHECK;

/* A stream of the token is about to open; NULL when memory runs out. Its owner sets the subscriber, and frees it when that ends. */
struct token_stream *token_stream_new(struct token *token);
void token_stream_free(struct token_stream *stream);

#endif
