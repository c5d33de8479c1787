/* Tokens of people and programs, with their roles and scopes. */
#include "daemon/tokens.h"

#include <event2/event.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/map.h"
#include "base/timing.h"
#include "daemon/change.h"
#include "daemon/hub.h"
#include "daemon/messages.h"
#include "daemon/name_list.h"
#include "daemon/scope.h"
#include "doc/doc.h"
#include "journal/access.h"

#define TOKENS_MAX 10000

struct tokens {
	struct daemon *daemon;
	struct name_list list;	/* pending ones too */
	struct hgt_map by_secret;	/* hash -> token */
};

const char *role_name(enum role role)
{
	switch (role) {
	case ROLE_AGENT:
		return "agent";
	case ROLE_VIEWER:
		return "viewer";
	case ROLE_OPERATOR:
		return "operator";
	case ROLE_ADMIN:
		return "admin";
	case ROLE_NONE:
	case ROLE_SCRAPER:
		break;
	}
	return "none";
}

enum role role_parse(const char *name)
{
	static const enum role roles[] = {ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN};

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(role_name(roles[i]), name) == 0)
			return roles[i];
	return ROLE_NONE;
}

struct token *token_ref(struct token *token)
{
	token->refs++;
	return token;
}

void token_unref(struct token *token)
{
	if (!token || --token->refs)
		return;
	if (token->old_ends)
		event_free(token->old_ends);
	secret_release(&token->secret, NULL);
	scope_unref(token->scope);
	free(token);
}

/* The list. */

static struct token *find(const struct tokens *tokens, const char *name)
{
	struct token *token = name_list_find(&tokens->list, name);

	return token && !token->pending && !token->removed ? token : NULL;
}

/* Takes the caller's reference. */
static int list_token(struct tokens *tokens, struct token *token, const char *hash, struct hgt_error *err)
{
	if (name_list_find(&tokens->list, token->name))
		return hgt_error_set(err, HGT_ECONFLICT, "there is a token %s already", token->name);
	if (tokens->list.n == TOKENS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "there are %d tokens, which is the most; remove some", TOKENS_MAX);
	if (!name_list_reserve(&tokens->list) || !secret_put(&token->secret, hash, token, &tokens->by_secret))
		return hgt_error_nomem(err);
	name_list_put(&tokens->list, token->name, token);
	return 0;
}

static void unlist_token(struct tokens *tokens, struct token *token)
{
	secret_release(&token->secret, &tokens->by_secret);
	name_list_remove(&tokens->list, token->name);
	token_unref(token);
}

struct token *tokens_authenticate(struct tokens *tokens, const char *text)
{
	char hash[HGT_SHA256_HEX];
	struct token *token;
	int64_t now = hgt_time_now_ms();

	if (!secret_hash(HGT_ROLE_TOKEN_PREFIX, text, hash))
		return NULL;
	token = hgt_map_get(&tokens->by_secret, hash, HGT_SHA256_HEX - 1);
	if (!token || token->pending || token->removed || !secret_fits(&token->secret, hash, now))
		return NULL;
	token->seen_ms = now;
	return token;
}

static void write_time(struct hgt_json *json, const char *key, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	hgt_time_format(ms, text);
	hgt_json_key_string(json, key, ms ? text : NULL);
}

void tokens_write(const struct tokens *tokens, struct hgt_json *json)
{
	int64_t now = hgt_time_now_ms();

	hgt_json_begin_array(json);
	for (size_t i = 0; i < tokens->list.n; i++) {
		const struct token *token = tokens->list.items[i].thing;

		if (token->pending)
			continue;
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "name", token->name);
		hgt_json_key_string(json, "role", role_name(token->role));
		hgt_json_key(json, "scope");
		hgt_json_raw(json, token->scope->text, strlen(token->scope->text));
		write_time(json, "created", token->created_ms);
		write_time(json, "seen", token->seen_ms);
		write_time(json, "old_until", token->secret.old && now < token->secret.old_until_ms ? token->secret.old_until_ms : 0);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
}

/* Streams. */

struct token_stream *token_stream_new(struct token *token)
{
	struct token_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->token = token_ref(token);
	stream->generation = token->secret.generation;
	token->load.open++;
	LIST_INSERT_HEAD(&token->streams, stream, entry);
	return stream;
}

void token_stream_free(struct token_stream *stream)
{
	LIST_REMOVE(stream, entry);
	stream->token->load.open--;
	token_unref(stream->token);
	free(stream);
}

/* End those that were opened before the secret was last replaced, or all. */
static void end_streams(struct token *token, bool all)
{
	struct token_stream *stream, *next;

	token_ref(token);
	for (stream = LIST_FIRST(&token->streams); stream; stream = next) {
		next = LIST_NEXT(stream, entry);
		if (stream->subscriber && (all || stream->generation != token->secret.generation))
			hub_end(stream->subscriber);	/* frees it */
	}
	token_unref(token);
}

/* Changes. */

static struct change *begin(struct tokens *tokens, struct token *token, agents_done_cb done, void *ctx)
{
	struct change *change = change_new(tokens->daemon, done, ctx);

	if (change)
		change->token = token_ref(token);
	return change;
}

static void describe(struct change *change, const char *type)
{
	struct hgt_json json = HGT_JSON_INIT(&change->data);
	const struct token *token = change->token;

	change->type = type;
	hgt_buf_adds(&change->subject, token->name);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "token", token->name);
	hgt_json_key_string(&json, "role", role_name(token->role));
	hgt_json_key(&json, "scope");
	hgt_json_raw(&json, token->scope->text, strlen(token->scope->text));
	hgt_json_end_object(&json);
}

static int write_added(struct hgt_journal *journal, const struct change *change, struct hgt_error *err)
{
	const struct token *token = change->token;
	const struct hgt_token_row row = {
		.name = token->name,
		.role = role_name(token->role),
		.scope = token->scope->text,
		.token_hash = change->hash,
		.created_ms = token->created_ms,
	};

	return hgt_journal_token_put(journal, &row, err);
}

static void added(struct change *change)
{
	change->token->pending = false;
	hgt_log(HGT_LOG_INFO, "tokens", "token added", HGT_S("token", change->token->name), HGT_S("role", role_name(change->token->role)));
}

static void not_added(struct change *change)
{
	unlist_token(change->daemon->tokens, change->token);
}

static struct token *token_new(const char *name, enum role role, struct scope *scope)
{
	struct token *token = calloc(1, sizeof(*token));

	if (!token) {
		scope_unref(scope);
		return NULL;
	}
	token->refs = 1;
	snprintf(token->name, sizeof(token->name), "%s", name);
	token->role = role;
	token->scope = scope;
	LIST_INIT(&token->streams);
	return token;
}

static int make_token(const struct token_spec *spec, struct token **out, struct hgt_error *err)
{
	enum role role = role_parse(spec->role);
	struct scope *scope;
	int code = scope_parse(spec->body, NULL, &scope, err);

	if (code < 0)
		return code;
	if (role == ROLE_ADMIN && !scope_is_all(scope)) {
		scope_unref(scope);
		return hgt_error_set(err, HGT_EINVAL, "an admin sees everything, for it may give itself any token; leave out the scope, or "
			"make it an operator");
	}
	*out = token_new(spec->name, role, scope);
	if (!*out)
		return hgt_error_nomem(err);
	(*out)->pending = true;
	(*out)->created_ms = hgt_time_now_ms();
	return 0;
}

int tokens_add(struct tokens *tokens, const struct token_spec *spec, char text[SECRET_MAX], agents_done_cb done, void *ctx,
	struct hgt_error *err)
{
	char hash[HGT_SHA256_HEX];
	struct change *change;
	struct token *token;
	int code = make_token(spec, &token, err);

	if (code < 0)
		return code;
	code = secret_make(HGT_ROLE_TOKEN_PREFIX, text, hash) ? list_token(tokens, token, hash, err) : hgt_error_nomem(err);
	if (code < 0) {
		token_unref(token);
		return code;
	}
	change = begin(tokens, token, done, ctx);
	if (change)
		change->hash = strdup(hash);
	if (!change || !change->hash) {
		if (change)
			change_free(change);
		unlist_token(tokens, token);
		return hgt_error_nomem(err);
	}
	change->write = write_added;
	change->commit = added;
	change->fail = not_added;
	describe(change, HGT_EVENT_TOKEN_ADDED);
	return change_submit(change, err);
}

static int write_removed(struct hgt_journal *journal, const struct change *change, struct hgt_error *err)
{
	return hgt_journal_token_remove(journal, change->token->name, err);
}

static void removed(struct change *change)
{
	hgt_log(HGT_LOG_INFO, "tokens", "token removed", HGT_S("token", change->token->name));
	end_streams(change->token, true);
	unlist_token(change->daemon->tokens, change->token);
}

static void not_removed(struct change *change)
{
	change->token->removed = false;
}

int tokens_remove(struct tokens *tokens, const char *name, agents_done_cb done, void *ctx, struct hgt_error *err)
{
	struct token *token = find(tokens, name);
	struct change *change;

	if (!token)
		return hgt_error_set(err, HGT_ENOENT, "there is no token %s", name);
	change = begin(tokens, token, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	token->removed = true;
	change->write = write_removed;
	change->commit = removed;
	change->fail = not_removed;
	describe(change, HGT_EVENT_TOKEN_REMOVED);
	return change_submit(change, err);
}

static int write_rotated(struct hgt_journal *journal, const struct change *change, struct hgt_error *err)
{
	return hgt_journal_secret_rotate(journal, HGT_SECRET_TOKEN, change->token->name, change->hash, change->old_hash,
		change->until_ms, err);
}

static void old_ended(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	end_streams(arg, false);
}

static void rotated(struct change *change)
{
	struct token *token = change->token;

	secret_turn(&token->secret, change->until_ms, &change->daemon->tokens->by_secret);
	hgt_log(HGT_LOG_INFO, "tokens", "token has another secret", HGT_S("token", token->name));
	if (!secret_plan_end(&token->secret, change->daemon->base, old_ended, token, &token->old_ends))
		end_streams(token, false);
}

static void not_rotated(struct change *change)
{
	secret_drop_next(&change->token->secret, &change->daemon->tokens->by_secret);
}

int tokens_rotate(struct tokens *tokens, const char *name, uint64_t overlap_seconds, char text[SECRET_MAX], agents_done_cb done,
	void *ctx, struct hgt_error *err)
{
	struct token *token = find(tokens, name);
	struct change *change;

	if (!token)
		return hgt_error_set(err, HGT_ENOENT, "there is no token %s", name);
	if (token->secret.next)
		return hgt_error_set(err, HGT_ECONFLICT, "token %s is being replaced already", name);
	change = begin(tokens, token, done, ctx);
	if (!change)
		return hgt_error_nomem(err);
	if (!change_next_secret(change, &token->secret, token, &tokens->by_secret, HGT_ROLE_TOKEN_PREFIX, overlap_seconds, text)) {
		change_free(change);
		return hgt_error_nomem(err);
	}
	change->write = write_rotated;
	change->commit = rotated;
	change->fail = not_rotated;
	describe(change, HGT_EVENT_TOKEN_ROTATED);
	return change_submit(change, err);
}

/* Loading. */

struct loading {
	struct tokens *tokens;
	struct hgt_error *err;
};

static int load_token(void *ctx, const struct hgt_token_row *row)
{
	struct loading *loading = ctx;
	enum role role = role_parse(row->role);
	struct scope *scope = NULL;
	struct token *token = NULL;
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = role == ROLE_NONE ? hgt_error_set(loading->err, HGT_ECORRUPT, "%s is no role", row->role) :
		hgt_json_parse_message(row->scope, strlen(row->scope), &set, loading->err);
	if (code == 0)
		code = scope_parse(set.docs[0].root, NULL, &scope, loading->err);
	if (code == 0) {
		token = token_new(row->name, role, scope);
		code = token ? list_token(loading->tokens, token, row->token_hash, loading->err) : hgt_error_nomem(loading->err);
	}
	if (code == 0)
		token->created_ms = row->created_ms;
	else
		token_unref(token);
	if (code < 0)
		hgt_error_prefix(loading->err, "token %s in the journal", row->name);
	hgt_doc_set_release(&set);
	return code;
}

static int load_old_secret(void *ctx, enum hgt_secret_owner owner, const char *name, const char *hash, int64_t until_ms)
{
	struct loading *loading = ctx;
	struct token *token = owner == HGT_SECRET_TOKEN ? find(loading->tokens, name) : NULL;

	if (!token || until_ms <= hgt_time_now_ms())
		return 0;
	return secret_put_old(&token->secret, hash, until_ms, token, &loading->tokens->by_secret) ? 0 : hgt_error_nomem(loading->err);
}

int tokens_new(struct daemon *daemon, struct tokens **out, struct hgt_error *err)
{
	struct tokens *tokens = calloc(1, sizeof(*tokens));
	struct loading loading = {.tokens = tokens, .err = err};
	int code;

	if (!tokens)
		return hgt_error_nomem(err);
	tokens->daemon = daemon;
	code = hgt_journal_tokens(daemon->reader, load_token, &loading, err);
	if (code == 0)
		code = hgt_journal_old_secrets(daemon->reader, load_old_secret, &loading, err);
	if (code < 0) {
		tokens_free(tokens);
		return code;
	}
	*out = tokens;
	return 0;
}

void tokens_free(struct tokens *tokens)
{
	if (!tokens)
		return;
	for (size_t i = 0; i < tokens->list.n; i++)
		token_unref(tokens->list.items[i].thing);
	name_list_release(&tokens->list);
	hgt_map_release(&tokens->by_secret);
	free(tokens);
}
