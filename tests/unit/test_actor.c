/* lib/git/actor: each server's way of saying who pushes, and push options. */
#include "git/actor.h"

#include <unistd.h>
#include <pwd.h>


#include "base/buf.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void same(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void knows_each_server(void **state)
{
	static const struct {
		const char *env[10];
		struct hgt_actor want;	/* name, id, server, repo, remote, protocol */
	} cases[] = {
		{{"GL_ID=user-7", "GL_USERNAME=alice", "GL_PROJECT_PATH=ops/prod", "GL_PROTOCOL=ssh", "USER=git"},
			{"alice", "user-7", "gitlab", "ops/prod", NULL, "ssh"}},
		{{"GL_ID=key-3", "GL_PROTOCOL=http", "REMOTE_USER=mallory"}, {"key-3", "key-3", "gitlab", NULL, NULL, "http"}},
		{{"GL_USER=bob", "GL_REPO=infra/prod", "GL_TID=99", "SSH_CONNECTION=192.0.2.7 5000 192.0.2.1 22", "USER=git"},
			{"bob", NULL, "gitolite", "infra/prod", "192.0.2.7", NULL}},
		{{"GITEA_PUSHER_NAME=carol", "GITEA_PUSHER_ID=12", "GITEA_REPO_USER_NAME=ops", "GITEA_REPO_NAME=prod", "USER=git"},
			{"carol", "12", "gitea", "ops/prod", NULL, NULL}},
		{{"GITHUB_USER_LOGIN=dave", "GITHUB_USER_IP=2001:db8::1", "GITHUB_REPO_NAME=ops/prod", "GITHUB_VIA=git push"},
			{"dave", NULL, "github", "ops/prod", "2001:db8::1", "git push"}},
		{{"BB_USER_NAME=erin", "BB_PROJECT_KEY=OPS", "BB_REPO_SLUG=prod"}, {"erin", NULL, "bitbucket", "OPS/prod", NULL, NULL}},
		{{"GATEWAY_INTERFACE=CGI/1.1", "REMOTE_USER=frank", "REMOTE_ADDR=198.51.100.4", "USER=www-data"},
			{"frank", NULL, "http", NULL, "198.51.100.4", "http"}},
		{{"REMOTE_ADDR=198.51.100.4", "USER=www-data"}, {"unknown", NULL, "http", NULL, "198.51.100.4", "http"}},
		{{"SSH_CONNECTION=2001:db8::7 5000 2001:db8::1 22", "USER=git"}, {"git", NULL, "ssh", NULL, "2001:db8::7", "ssh"}},
		{{"SSH_CONNECTION=192.0.2.7 1 192.0.2.1 22", "USER=git", "REMOTE_USER=alice"},
			{"alice", NULL, "ssh", NULL, "192.0.2.7", "ssh"}},
		{{"SSH_CONNECTION=192.0.2.7", "LOGNAME=gina"}, {"gina", NULL, "ssh", NULL, "192.0.2.7", "ssh"}},
		{{"SSH_CONNECTION=192.0.2.7 5000 192.0.2.1 22"}, {"unknown", NULL, "ssh", NULL, "192.0.2.7", "ssh"}},
		{{"USER=heidi", "LOGNAME=other"}, {"heidi", NULL, "local", NULL, NULL, NULL}},
		{{"USER=", "LOGNAME=ivan"}, {"ivan", NULL, "local", NULL, NULL, NULL}},
		/* set but empty is unset; a name that only begins alike is another */
		{{"GL_ID=", "GL_IDX=1", "GL_USERNAMES=x", "USER=judy"}, {"judy", NULL, "local", NULL, NULL, NULL}},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_arena arena = HGT_ARENA_INIT;
		struct hgt_actor actor;

		assert_int_equal(hgt_actor_from_env((char *const *)cases[i].env, &arena, &actor, NULL), 0);
		same(actor.name, cases[i].want.name);
		same(actor.id, cases[i].want.id);
		same(actor.server, cases[i].want.server);
		same(actor.repo, cases[i].want.repo);
		same(actor.remote, cases[i].want.remote);
		same(actor.protocol, cases[i].want.protocol);
		hgt_arena_release(&arena);
	}
}

static void falls_back_to_the_account(void **state)
{
	static const char *const env[] = {"PATH=/bin", NULL};
	struct hgt_arena arena = HGT_ARENA_INIT;
	struct hgt_actor actor;
	const struct passwd *user = getpwuid(getuid());
	char uid[24];

	(void)state;
	snprintf(uid, sizeof(uid), "%lu", (unsigned long)getuid());
	assert_int_equal(hgt_actor_from_env((char *const *)env, &arena, &actor, NULL), 0);
	assert_string_equal(actor.name, user ? user->pw_name : uid);
	hgt_arena_release(&arena);
}

static void cuts_long_values(void **state)
{
	char user[600] = "USER=", owner[600] = "GITEA_REPO_USER_NAME=", name[600] = "GITEA_REPO_NAME=";
	char *const local[] = {user, NULL};
	char *const gitea[] = {owner, name, NULL};
	struct hgt_arena arena = HGT_ARENA_INIT;
	struct hgt_actor actor;

	(void)state;
	memset(user + strlen(user), 'u', 500);
	memset(owner + strlen(owner), 'o', 500);
	memset(name + strlen(name), 'n', 500);
	assert_int_equal(hgt_actor_from_env(local, &arena, &actor, NULL), 0);
	assert_int_equal(strlen(actor.name), 256);
	assert_int_equal(hgt_actor_from_env(gitea, &arena, &actor, NULL), 0);
	assert_int_equal(strlen(actor.repo), 256);
	hgt_arena_release(&arena);
}

static void reads_push_options(void **state)
{
	static const struct {
		const char *env[6];
		int code;
		size_t n;
		const char *first, *last;
	} cases[] = {
		{{"PATH=/bin"}, 0, 0, NULL, NULL},
		{{"GIT_PUSH_OPTION_COUNT=0", "GIT_PUSH_OPTION_0=stale"}, 0, 0, NULL, NULL},
		{{"GIT_PUSH_OPTION_COUNT=2", "GIT_PUSH_OPTION_0=ci.skip", "GIT_PUSH_OPTION_1=a=b"}, 0, 2, "ci.skip", "a=b"},
		{{"GIT_PUSH_OPTION_COUNT=2", "GIT_PUSH_OPTION_1=x"}, 0, 2, "", "x"},
		{{"GIT_PUSH_OPTION_COUNT=1000000"}, 0, 100, "", ""},
		{{"GIT_PUSH_OPTION_COUNT=-1"}, HGT_EPARSE, 0, NULL, NULL},
		{{"GIT_PUSH_OPTION_COUNT=two"}, HGT_EPARSE, 0, NULL, NULL},
		{{"GIT_PUSH_OPTION_COUNT=99999999999999999999999"}, HGT_EPARSE, 0, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_arena arena = HGT_ARENA_INIT;
		const char **options = NULL;
		size_t n = 0;

		assert_int_equal(hgt_push_options_from_env((char *const *)cases[i].env, &arena, &options, &n, NULL), cases[i].code);
		assert_int_equal(n, cases[i].n);
		if (n) {
			assert_string_equal(options[0], cases[i].first);
			assert_string_equal(options[n - 1], cases[i].last);
		}
		hgt_arena_release(&arena);
	}
}

static void survives_want_of_memory(void **state)
{
	static const char *const env[] = {"GL_ID=user-7", "GL_USERNAME=alice", "GL_PROJECT_PATH=a/b", "GIT_PUSH_OPTION_COUNT=1",
		"GIT_PUSH_OPTION_0=x", NULL};

	(void)state;
	for (long n = 1;; n++) {
		struct hgt_arena arena = HGT_ARENA_INIT;
		struct hgt_actor actor = {0};
		const char **options;
		size_t count;
		int code;

		fail_alloc_at(n);
		code = hgt_actor_from_env((char *const *)env, &arena, &actor, NULL);
		if (code == 0)
			code = hgt_push_options_from_env((char *const *)env, &arena, &options, &count, NULL);
		hgt_arena_release(&arena);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_each_server), cmocka_unit_test(falls_back_to_the_account), cmocka_unit_test(cuts_long_values),
		cmocka_unit_test(reads_push_options), cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
