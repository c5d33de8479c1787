/* Who pushed: one row a server, in the order in which they are recognised. */
#include "git/actor.h"

#include <pwd.h>
#include <unistd.h>

#include "base/io.h"

enum { VALUE_MAX = 256, OPTIONS_MAX = 100 };

/*
 * A row holds when one of its `signs` is set. Each member names the variables that may fill it, the first that is set wins. A
 * repository told in two variables is joined with a slash.
 */
struct server {
	const char *server;
	const char *signs[3];
	const char *name[3];
	const char *id;
	const char *repo[2];
	const char *remote;
	const char *protocol;	/* a variable */
	const char *fixed;	/* or the protocol itself */
};

static const struct server servers[] = {
	{"gitlab", {"GL_ID", "GL_USERNAME", "GL_PROTOCOL"}, {"GL_USERNAME", "GL_ID"}, "GL_ID", {"GL_PROJECT_PATH"}, NULL,
		"GL_PROTOCOL", NULL},
	{"gitolite", {"GL_USER", "GL_REPO"}, {"GL_USER"}, NULL, {"GL_REPO"}, "SSH_CONNECTION", NULL, NULL},
	{"gitea", {"GITEA_PUSHER_NAME", "GITEA_PUSHER_ID", "GITEA_REPO_NAME"}, {"GITEA_PUSHER_NAME"}, "GITEA_PUSHER_ID",
		{"GITEA_REPO_USER_NAME", "GITEA_REPO_NAME"}, "SSH_CONNECTION", NULL, NULL},
	{"github", {"GITHUB_USER_LOGIN", "GITHUB_REPO_NAME"}, {"GITHUB_USER_LOGIN"}, NULL, {"GITHUB_REPO_NAME"},
		"GITHUB_USER_IP", "GITHUB_VIA", NULL},
	{"bitbucket", {"BB_USER_NAME", "BB_REPO_SLUG"}, {"BB_USER_NAME"}, NULL, {"BB_PROJECT_KEY", "BB_REPO_SLUG"}, NULL,
		NULL, NULL},
	{"http", {"GATEWAY_INTERFACE", "REMOTE_ADDR"}, {"REMOTE_USER"}, NULL, {NULL}, "REMOTE_ADDR", NULL, "http"},
	/* Behind one account for all, a forced command says who is who in REMOTE_USER; sshd takes none from the client. */
	{"ssh", {"SSH_CONNECTION"}, {"REMOTE_USER", "USER", "LOGNAME"}, NULL, {NULL}, "SSH_CONNECTION", NULL, "ssh"},
	{"local", {NULL}, {"USER", "LOGNAME"}, NULL, {NULL}, NULL, NULL, NULL},
};
enum { LOCAL = sizeof(servers) / sizeof(servers[0]) - 1 };

/* The value of a variable; NULL when it is unset or empty. */
static const char *value_of(char *const *env, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	for (; name && *env; env++) {
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return (*env)[len + 1] ? *env + len + 1 : NULL;
	}
	return NULL;
}

static const struct server *recognise(char *const *env)
{
	for (size_t i = 0; i < LOCAL; i++) {
		for (size_t s = 0; s < 3; s++) {
			if (value_of(env, servers[i].signs[s]))
				return &servers[i];
		}
	}
	return &servers[LOCAL];
}

/* Copy s up to `end` bytes, at most VALUE_MAX of them; NULL stays NULL. */
static const char *keep(struct hgt_arena *arena, const char *s, size_t end, bool *failed)
{
	char *copy;

	if (!s || end == 0)
		return NULL;
	copy = hgt_arena_strndup(arena, s, end < VALUE_MAX ? end : VALUE_MAX);
	*failed |= !copy;
	return copy;
}

static const char *keep_all(struct hgt_arena *arena, const char *s, bool *failed)
{
	return keep(arena, s, s ? strlen(s) : 0, failed);
}

static const char *keep_repo(struct hgt_arena *arena, char *const *env, const struct server *server, bool *failed)
{
	const char *first = value_of(env, server->repo[0]);
	const char *second = value_of(env, server->repo[1]);
	char joined[2 * VALUE_MAX + 2];

	if (!first || !second)
		return keep_all(arena, first ? first : second, failed);
	snprintf(joined, sizeof(joined), "%.*s/%.*s", VALUE_MAX, first, VALUE_MAX, second);
	return keep_all(arena, joined, failed);
}

int hgt_actor_from_env(char *const *env, struct hgt_arena *arena, struct hgt_actor *out, struct hgt_error *err)
{
	const struct server *server = recognise(env);
	const char *name = NULL, *remote, *protocol;
	struct hgt_actor actor = {.server = server->server};
	bool failed = false;
	char uid[24];

	for (size_t i = 0; i < 3 && !name; i++)
		name = value_of(env, server->name[i]);
	if (!name && server == &servers[LOCAL]) {
		const struct passwd *user = getpwuid(getuid());

		snprintf(uid, sizeof(uid), "%lu", (unsigned long)getuid());
		name = user ? user->pw_name : uid;
	}
	remote = value_of(env, server->remote);
	protocol = value_of(env, server->protocol);
	actor.name = keep_all(arena, name ? name : "unknown", &failed);
	actor.id = keep_all(arena, value_of(env, server->id), &failed);
	actor.repo = keep_repo(arena, env, server, &failed);
	/* SSH_CONNECTION is "<client> <port> <server> <port>": the address is its first word; others have one word. */
	actor.remote = keep(arena, remote, remote ? strcspn(remote, " ") : 0, &failed);
	actor.protocol = keep_all(arena, protocol ? protocol : server->fixed, &failed);
	if (failed)
		return hgt_error_nomem(err);
	*out = actor;
	return 0;
}

int hgt_push_options_from_env(char *const *env, struct hgt_arena *arena, const char ***options, size_t *n,
	struct hgt_error *err)
{
	const char *count_text = value_of(env, "GIT_PUSH_OPTION_COUNT");
	uint64_t count = 0;
	const char **list;

	if (count_text && hgt_parse_u64(count_text, UINT64_MAX, &count) < 0)
		return hgt_error_set(err, HGT_EPARSE, "GIT_PUSH_OPTION_COUNT is not a number: %.40s", count_text);
	if (count > OPTIONS_MAX)
		count = OPTIONS_MAX;
	list = hgt_arena_array(arena, count, sizeof(*list));
	if (!list)
		return hgt_error_nomem(err);
	for (uint64_t i = 0; i < count; i++) {
		char name[48];
		const char *value;

		snprintf(name, sizeof(name), "GIT_PUSH_OPTION_%llu", (unsigned long long)i);
		value = value_of(env, name);
		list[i] = hgt_arena_strndup(arena, value ? value : "", value ? strlen(value) : 0);
		if (!list[i])
			return hgt_error_nomem(err);
	}
	*options = list;
	*n = count;
	return 0;
}
