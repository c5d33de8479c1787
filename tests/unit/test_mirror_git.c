/* daemon/mirror_git: what git is given, what it says, and that no secret is in either. */
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "config/config.h"
#include "daemon/mirror.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/unit.h"

struct bench {
	char *folder;
	struct hgt_config *config;
	struct daemon daemon;
	struct turn turn;
	struct hgt_buf out, said;	/* lines of stdout; what was said at the end */
	struct child_end end;
	bool over;
};

static void sh(const struct bench *bench, const char *script)
{
	struct hgt_buf all = HGT_BUF_INIT;

	hgt_buf_addf(&all, "cd '%s' && { %s; } >/dev/null 2>&1", bench->folder, script);
	assert_int_equal(system(all.data), 0);
	hgt_buf_release(&all);
}

static void start(struct bench *bench, const char *url, const char *more)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};

	*bench = (struct bench){.folder = temp_folder_new(), .out = HGT_BUF_INIT, .said = HGT_BUF_INIT};
	hgt_buf_addf(&text, "repositories: {root: %s/git}\nstate: %s/state\nmirrors: [{name: m, direction: push, repos: [r], url: '%s'%s}]\n",
		bench->folder, bench->folder, url, more);
	if (hgt_config_parse(text.data, text.len, "t.yaml", &bench->config, &err) < 0)
		fail_msg("%s", err.message);
	sh(bench, "mkdir state git bin; git init -q --bare git/r.git; printf 'https://bob:secr3t@h.example\\n' >cred; chmod 600 cred");
	bench->daemon = (struct daemon){.base = event_base_new(), .config = bench->config};
	assert_non_null(bench->daemon.base);
	bench->turn = (struct turn){.daemon = &bench->daemon, .config = bench->config, .mirror = &bench->config->mirrors[0],
		.url = strdup(url), .path = unit_path(bench->folder, "git/r.git")};
	hgt_buf_release(&text);
}

static void finish(struct bench *bench)
{
	event_base_free(bench->daemon.base);
	hgt_config_free(bench->config);
	hgt_buf_release(&bench->out);
	hgt_buf_release(&bench->said);
	free(bench->turn.url);
	free(bench->turn.path);
	temp_folder_free(bench->folder);
}

static void on_line(void *ctx, int fd, const char *line, size_t len)
{
	struct bench *bench = ctx;

	if (fd != 1)
		return;
	hgt_buf_add(&bench->out, line, len);
	hgt_buf_addc(&bench->out, '\n');
}

static void on_ended(void *ctx, const struct child_end *end, const char *said)
{
	struct bench *bench = ctx;

	bench->over = true;
	bench->end = *end;
	hgt_buf_adds(&bench->said, said);
	event_base_loopbreak(bench->daemon.base);
}

static int run(struct bench *bench, const char *const *args, bool offline, struct hgt_error *err)
{
	struct mirror_git git = {.args = args, .offline = offline, .line = on_line, .ended = on_ended, .ctx = bench};
	struct mirror_run *run = NULL;
	int code = mirror_git_run(&bench->turn, &git, &run, err);

	bench->over = false;
	if (code == 0) {
		event_base_dispatch(bench->daemon.base);
		assert_true(bench->over);
	}
	return code;
}

/* A git that tells what it was given, on stdout, and says some words. */
static void pretend(struct bench *bench, const char *words, int status)
{
	struct hgt_buf script = HGT_BUF_INIT, path = HGT_BUF_INIT;
	char *file = unit_path(bench->folder, "bin/git");
	struct hgt_error err = {0};

	hgt_buf_addf(&script, "#!/bin/sh\nprintf 'arg %%s\\n' \"$@\"\nenv\npwd\ncat >&2 <<'END'\n%s\nEND\nexit %d\n", words, status);
	assert_int_equal(hgt_write_file(file, script.data, script.len, 0755, &err), 0);
	hgt_buf_addf(&path, "%s/bin:%s", bench->folder, getenv("PATH"));
	setenv("PATH", path.data, 1);
	hgt_buf_release(&script);
	hgt_buf_release(&path);
	free(file);
}

static bool has(const struct hgt_buf *text, const char *what)
{
	return strstr(text->data, what) != NULL;
}

static const char *const look[] = {"ls-remote", "mirror", "mirror:x", NULL};

static void gives_git_what_it_needs_and_no_more(void **state)
{
	char *path = strdup(getenv("PATH"));
	struct bench bench;
	struct hgt_error err = {0};

	(void)state;
	setenv("HEADGATE_TEST_SECRET", "x", 1);
	setenv("GIT_DIR", "/nowhere", 1);
	setenv("SSH_AUTH_SOCK", "/nowhere", 1);
	start(&bench, "https://h.example/r.git", ", silence: 7s");
	pretend(&bench, "fatal: no", 3);
	assert_int_equal(run(&bench, look, false, &err), 0);
	assert_int_equal(bench.end.status, 3);
	assert_true(has(&bench.out, "arg ls-remote\narg headgate-mirror\narg mirror:x\n"));
	assert_true(has(&bench.out, "=https://h.example/r.git\n"));
	assert_false(has(&bench.out, "arg https"));
	assert_true(has(&bench.out, "GIT_ALLOW_PROTOCOL=https\n"));
	assert_true(has(&bench.out, "GIT_TERMINAL_PROMPT=0\n"));
	assert_true(has(&bench.out, "=http.lowSpeedTime\n"));
	assert_true(has(&bench.out, "/git/r.git\n"));
	assert_false(has(&bench.out, "HEADGATE_TEST_SECRET") || has(&bench.out, "GIT_DIR=") || has(&bench.out, "SSH_AUTH_SOCK"));
	assert_string_equal(bench.said.data, "fatal: no\n");
	hgt_buf_reset(&bench.out);
	assert_int_equal(run(&bench, look, true, &err), 0);
	assert_false(has(&bench.out, "h.example") || has(&bench.out, "headgate-mirror"));
	finish(&bench);
	unsetenv("HEADGATE_TEST_SECRET");
	unsetenv("GIT_DIR");
	unsetenv("SSH_AUTH_SOCK");
	setenv("PATH", path, 1);
	free(path);
}

static void shows_no_secret(void **state)
{
	char *path = strdup(getenv("PATH"));
	struct hgt_buf more = HGT_BUF_INIT;
	char *folder = temp_folder_new();
	struct bench bench;
	struct hgt_error err = {0};

	(void)state;
	hgt_buf_addf(&more, ", credentials_file: %s/cred", folder);
	start(&bench, "https://h.example/r.git", more.data);
	assert_int_equal(run(&bench, look, false, &err), HGT_ENOENT);
	assert_non_null(strstr(err.message, "/cred"));
	hgt_buf_reset(&more);
	hgt_buf_addf(&more, "cp cred '%s/cred' && chmod 644 '%s/cred'", folder, folder);
	sh(&bench, more.data);
	assert_int_equal(run(&bench, look, false, &err), HGT_EPERM);
	hgt_buf_reset(&more);
	hgt_buf_addf(&more, "chmod 600 '%s/cred'", folder);
	sh(&bench, more.data);
	pretend(&bench, "remote: bob secr3t is wrong\x1b[31m\nremote: Ym9iOnNlY3IzdA==", 128);
	assert_int_equal(run(&bench, look, false, &err), 0);
	assert_false(has(&bench.out, "secr3t"));
	assert_true(has(&bench.out, "exec git credential-store --file='"));
	assert_string_equal(bench.said.data, "remote: bob [hidden] is wrong\\e[31m\nremote: [hidden]\n");
	mirror_git_judge(&bench.turn, &bench.end, bench.said.data, &err);
	assert_string_equal(err.message, "git: [hidden]");
	finish(&bench);
	temp_folder_free(folder);
	hgt_buf_release(&more);
	setenv("PATH", path, 1);
	free(path);
}

static void keeps_ssh_strict(void **state)
{
	char *path = strdup(getenv("PATH"));
	struct bench bench;
	struct hgt_error err = {0};
	struct hgt_buf socket = HGT_BUF_INIT;
	struct stat st;

	(void)state;
	start(&bench, "ssh://git@h.example:22/r.git", ", identity_file: \"/k/it's\", known_hosts_file: '/k/h 1%h'");
	pretend(&bench, "", 0);
	assert_int_equal(run(&bench, look, false, &err), 0);
	assert_true(has(&bench.out, "GIT_ALLOW_PROTOCOL=ssh\n"));
	assert_true(has(&bench.out, "-o BatchMode=yes -o StrictHostKeyChecking=yes"));
	assert_true(has(&bench.out, " -i '/k/it'\\''s'"));
	assert_true(has(&bench.out, "-o 'UserKnownHostsFile=\"/k/h 1%%h\"'"));
	assert_true(has(&bench.out, "-o ControlMaster=auto"));
	hgt_buf_addf(&socket, "%s/state/ssh", bench.folder);
	assert_int_equal(stat(socket.data, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	finish(&bench);
	hgt_buf_release(&socket);
	setenv("PATH", path, 1);
	free(path);
}

/* The path of the shared connection's socket, for that URL and key. */
static char *socket_of(const char *url, const char *more)
{
	struct bench bench;
	struct hgt_error err = {0};
	const char *at;
	char *name;

	start(&bench, url, more);
	pretend(&bench, "", 0);
	assert_int_equal(run(&bench, look, false, &err), 0);
	at = strstr(bench.out.data, "/state/ssh/");
	assert_non_null(at);
	name = strndup(at, strcspn(at, "'"));
	finish(&bench);
	return name;
}

/* Who takes another's connection would push to another host, or as somebody else. */
static void shares_connections_of_one_host_and_key_alone(void **state)
{
	static const struct {
		const char *url, *more;
		int as;		/* the first that shares it */
	} cases[] = {
		{"ssh://git@h/a.git", "", 0}, {"ssh://git@h/b/c.git", "", 0}, {"ssh://git@h:22/a.git", "", 2}, {"ssh://you@h/a.git", "", 3}, {"git@h:a", "", 0},
		{"git@h:b/c", "", 0}, {"ssh://git@h/a.git", ", identity_file: /k", 6}, {"ssh://git@h/a.git", ", known_hosts_file: /k", 7},
		{"git@[2001:db8::1]:a", "", 8}, {"git@[2001:db8::2]:a", "", 9}, {"git@[2001:db8::1]:b", "", 8}, {"ssh://git@[2001:db8::1]/a", "", 8}, {"ssh://git@[2001:db8::2]/b", "", 9},
		{"ssh://git@[2001:db8::1]:22/a", "", 13}, {"h:a", "", 14}, {"g:a", "", 15},
	};
	char *path = strdup(getenv("PATH")), *sockets[N_OF(cases)];

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		sockets[i] = socket_of(cases[i].url, cases[i].more);
		for (size_t j = 0; j <= i; j++)
			if (!strcmp(sockets[i], sockets[j]) != (cases[j].as == cases[i].as))
				fail_msg("%s and %s", cases[i].url, cases[j].url);
	}
	for (size_t i = 0; i < N_OF(cases); i++)
		free(sockets[i]);
	setenv("PATH", path, 1);
	free(path);
}

/* The other side's own words come over in whole lines; what it has is read from a file. */
static void speaks_to_a_real_repository(void **state)
{
	static const char *const args[] = {"ls-remote", "--refs", "mirror", NULL};
	static const char *const away[] = {"push", "--porcelain", "mirror", ":refs/heads/x", NULL};
	struct bench bench;
	struct hgt_buf url = HGT_BUF_INIT;
	char *folder = temp_folder_new();
	struct hgt_error err = {0};

	(void)state;
	hgt_buf_addf(&url, "%s/there.git", folder);
	start(&bench, url.data, "");
	assert_int_equal(run(&bench, args, false, &err), 0);
	mirror_git_judge(&bench.turn, &bench.end, bench.said.data, &err);
	assert_int_equal(err.code, HGT_ENOENT);
	assert_non_null(strstr(err.message, "there is no repository at /"));
	hgt_buf_reset(&url);
	hgt_buf_addf(&url, "git init -q --bare '%s/there.git'; cd '%s/there.git'; git -c user.name=a -c user.email=a@b commit-tree "
		"-m x $(git mktree </dev/null) >refs/heads/main", folder, folder);
	sh(&bench, url.data);
	/* A remote of the repository's own with a name that people give changes nothing. */
	sh(&bench, "git -C git/r.git remote add mirror /nowhere");
	assert_int_equal(run(&bench, args, false, &err), 0);
	assert_int_equal(bench.end.status, 0);
	assert_int_equal(bench.out.len, 40 + 1 + strlen("refs/heads/main\n"));
	hgt_buf_reset(&bench.out);
	assert_int_equal(run(&bench, away, false, &err), 0);
	assert_true(has(&bench.out, "-\t:refs/heads/x\t[deleted]"));
	assert_false(has(&bench.out, "/nowhere"));
	finish(&bench);
	temp_folder_free(folder);
	hgt_buf_release(&url);
}

static void judges(void **state)
{
	static const struct {
		const char *said, *words;
		struct child_end end;
		int code;
	} cases[] = {
		{"", "timeout, silence", {.timed_out = true, .status = 143}, HGT_ETIMEOUT},
		{"cannot run git: x\n", "install it", {.status = CHILD_NOT_FOUND}, HGT_ENOENT},
		{"", "killed by signal 9", {.status = 137}, HGT_EUNAVAILABLE},
		{"", "ended with status 1 and said nothing", {.status = 1}, HGT_EUNAVAILABLE},
		{"ssh: connect to host h port 22: Connection refused\n", "h.example:22 cannot be reached", {.status = 128}, HGT_EUNAVAILABLE},
		{"Host key verification failed.\n", "/k/hosts", {.status = 128}, HGT_EPERM},
		{"x: Permission denied (publickey).\n", "does not take the account's key", {.status = 128}, HGT_EPERM},
		{"fatal: something new.\n", "git: something new", {.status = 128}, HGT_EUNAVAILABLE},
	};
	struct bench bench;

	(void)state;
	start(&bench, "ssh://git@h.example:22/r.git", ", known_hosts_file: /k/hosts");
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_error err = {0};

		mirror_git_judge(&bench.turn, &cases[i].end, cases[i].said, &err);
		assert_int_equal(err.code, cases[i].code);
		if (!strstr(err.message, cases[i].words))
			fail_msg("%s: %s", cases[i].words, err.message);
	}
	finish(&bench);
}

/* What listens there hears that it is to end, as ssh's PROTOCOL.mux has it; a socket that nobody has is passed over. */
static void hangs_up(void **state)
{
	static const unsigned char words[] = {0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 8, 0x10, 0, 0, 5, 0, 0, 0, 0};
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	unsigned char got[64];
	struct bench bench;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), client;

	(void)state;
	start(&bench, "/x", "");
	mirror_git_hang_up(bench.config);
	sh(&bench, "mkdir state/ssh; echo x >state/ssh/aaaaaaaaaaaa");
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/state/ssh/0123456789ab", bench.folder);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 1), 0);
	mirror_git_hang_up(bench.config);
	client = accept(fd, NULL, NULL);
	assert_int_equal(read(client, got, sizeof(got)), sizeof(words));
	assert_memory_equal(got, words, sizeof(words));
	close(client);
	close(fd);
	finish(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_git_what_it_needs_and_no_more),
		cmocka_unit_test(shows_no_secret),
		cmocka_unit_test(keeps_ssh_strict),
		cmocka_unit_test(shares_connections_of_one_host_and_key_alone),
		cmocka_unit_test(speaks_to_a_real_repository),
		cmocka_unit_test(judges),
		cmocka_unit_test(hangs_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
