/* Git as a child: where it runs, what it is given, what it says. */
#include <unistd.h>

#include "base/escape.h"
#include "daemon/mirror_ssh.h"
#include "mirror/words.h"
#include "webhook/signature.h"

/* The remote in git's config; that of a repository's own, which git adds to ours, must not have one of its name. */
#define REMOTE "headgate-mirror"

enum {
	LINE_MAX_BYTES = 64 * 1024,	/* of a line the rest is dropped */
	SAID_MAX = 16 * 1024,		/* of stderr the end is kept */
};

/* The lines of one of its outputs. */
struct voice {
	struct mirror_run *run;
	int fd;
	struct hgt_buf line;
	bool cut;
};

struct mirror_run {
	struct turn *turn;
	struct child *child;
	void (*line)(void *ctx, int fd, const char *line, size_t len);
	void (*ended)(void *ctx, const struct child_end *end, const char *said);
	void *ctx;
	struct voice voices[2];
	struct hgt_buf said;
	struct hgt_hidden hidden;
};

/* Texts of an environment, each a heap string. */
struct env {
	char **items;
	size_t n, room;
	unsigned configs;	/* settings of git's among them */
	bool failed;
};

static void env_take(struct env *env, char *text)
{
	if (env->n + 2 > env->room) {
		size_t room = env->room ? env->room * 2 : 32;
		char **items = reallocarray(env->items, room, sizeof(*items));

		if (!items) {
			free(text);
			env->failed = true;
			return;
		}
		env->items = items;
		env->room = room;
	}
	env->failed |= !text;
	env->items[env->n] = text;
	env->n += text ? 1 : 0;
	env->items[env->n] = NULL;
}

static void HGT_PRINTF(2, 3) env_add(struct env *env, const char *fmt, ...)
{
	struct hgt_buf text = HGT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addvf(&text, fmt, ap);
	va_end(ap);
	env_take(env, hgt_buf_take(&text));
}

static void env_release(struct env *env)
{
	for (size_t i = 0; i < env->n; i++)
		free(env->items[i]);
	free(env->items);
}

/* A setting that goes before those of all files, and is in no argument. */
static void env_config(struct env *env, const char *key, const char *value)
{
	env_add(env, "GIT_CONFIG_KEY_%u=%s", env->configs, key);
	env_add(env, "GIT_CONFIG_VALUE_%u=%s", env->configs, value);
	env->configs++;
}

static void env_config_number(struct env *env, const char *key, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	env_config(env, key, text);
}

/* Of our own environment: whose account this is, and how the network is reached. */
static void env_inherit(struct env *env)
{
	static const char *const names[] = {"HOME", "PATH", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL",
		"GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value)
			env_add(env, "%s=%s", names[i], value);
	}
}

static bool begins(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

enum scheme { SCHEME_FILE, SCHEME_SSH, SCHEME_HTTP, SCHEME_HTTPS };

static enum scheme scheme_of(const char *url)
{
	if (begins(url, "https://"))
		return SCHEME_HTTPS;
	if (begins(url, "http://"))
		return SCHEME_HTTP;
	return begins(url, "file://") || url[0] == '/' ? SCHEME_FILE : SCHEME_SSH;
}

/* The helper only reads: git would have it take credentials that were refused out of the administrator's file. */
static int write_helper(const struct hgt_config_mirror *mirror, struct hgt_buf *out, struct hgt_error *err)
{
	hgt_buf_adds(out, "!f() { test \"$1\" = get || exit 0; exec git credential-store --file=");
	mirror_add_quoted(out, mirror->credentials_file);
	hgt_buf_adds(out, " get; }; f");
	return hgt_buf_check(out, err);
}

/* How the other side is spoken to. */
static int env_remote(struct env *env, struct turn *turn, struct mirror_run *run, struct hgt_error *err)
{
	static const char *const protocols[] = {
		[SCHEME_FILE] = "file", [SCHEME_SSH] = "ssh", [SCHEME_HTTP] = "http", [SCHEME_HTTPS] = "https",
	};
	const struct hgt_config_mirror *mirror = turn->mirror;
	enum scheme scheme = scheme_of(turn->url);
	bool http = scheme == SCHEME_HTTP || scheme == SCHEME_HTTPS;
	struct hgt_secret secret = {0};
	struct hgt_buf text = HGT_BUF_INIT;
	int code = 0;

	env_add(env, "GIT_ALLOW_PROTOCOL=%s", protocols[scheme]);
	env_config(env, "remote." REMOTE ".url", turn->url);
	if (scheme == SCHEME_SSH) {
		code = mirror_ssh_command(turn, &text, err);
		if (code == 0)
			env_add(env, "GIT_SSH_COMMAND=%s", text.data);
		env_add(env, "GIT_SSH_VARIANT=ssh");
	}
	if (http) {
		env_config(env, "credential.helper", "");
		env_config(env, "http.followRedirects", "initial");
		env_config_number(env, "http.lowSpeedLimit", 1);
		env_config_number(env, "http.lowSpeedTime", mirror->silence);
		/* A push goes in one request that says its length, as far as memory is fine with that; servers without chunks exist. */
		env_config(env, "http.postBuffer", "4194304");
	}
	if (http && mirror->credentials_file) {
		code = hgt_secret_read(mirror->credentials_file, &secret, err);
		if (code == 0)
			code = hgt_hidden_read(&run->hidden, secret.data, secret.len, err);
		if (code == 0)
			code = write_helper(mirror, &text, err);
		if (code == 0)
			env_config(env, "credential.helper", text.data);
	}
	hgt_secret_release(&secret);
	hgt_buf_release(&text);
	return code;
}

/* No prompts, no hooks, no clean-up behind our back, words that can be read. */
static int make_env(struct env *env, struct turn *turn, const struct mirror_git *git, struct mirror_run *run, struct hgt_error *err)
{
	const char *folder = git->folder ? git->folder : turn->path;
	int code = 0;

	env_inherit(env);
	env_add(env, "LC_ALL=C");
	env_add(env, "GIT_TERMINAL_PROMPT=0");
	env_add(env, "GIT_ASKPASS=");
	env_add(env, "SSH_ASKPASS=");
	env_add(env, "GIT_OPTIONAL_LOCKS=0");
	env_add(env, "GIT_NO_REPLACE_OBJECTS=1");
	/* A repository around the one that is meant is none. */
	env_add(env, "GIT_CEILING_DIRECTORIES=%.*s", (int)(strrchr(folder, '/') - folder), folder);
	if (!git->cleans_up) {
		env_config(env, "gc.auto", "0");
		env_config(env, "maintenance.auto", "false");
	}
	env_config(env, "advice.objectNameWarning", "false");
	env_config(env, "advice.pushUpdateRejected", "false");
	if (!git->offline) {
		env_config(env, "core.hooksPath", "/dev/null");
		code = env_remote(env, turn, run, err);
	}
	env_add(env, "GIT_CONFIG_COUNT=%u", env->configs);
	return code < 0 || !env->failed ? code : hgt_error_nomem(err);
}

/* One line of it, as it may be told. */
static void hear(struct voice *voice)
{
	struct mirror_run *run = voice->run;
	struct hgt_buf plain = HGT_BUF_INIT;
	struct hgt_progress progress;

	hgt_words_hide(&run->hidden, voice->line.data, voice->line.len, &plain);
	if (plain.failed) {
		hgt_buf_release(&plain);
		return;
	}
	if (voice->fd == STDERR_FILENO && plain.len && !hgt_words_progress(plain.data, plain.len, &progress)) {
		hgt_escape_text(&run->said, plain.data, plain.len);
		hgt_buf_addc(&run->said, '\n');
		if (run->said.len > SAID_MAX)
			hgt_buf_consume(&run->said, run->said.len - SAID_MAX);
	}
	if (run->line)
		run->line(run->ctx, voice->fd, plain.data, plain.len);
	hgt_buf_release(&plain);
}

static void end_line(struct voice *voice)
{
	hear(voice);
	hgt_buf_reset(&voice->line);
	voice->cut = false;
}

static bool take(void *ctx, int fd, const char *data, size_t len)
{
	struct mirror_run *run = ctx;
	struct voice *voice = &run->voices[fd == STDERR_FILENO];

	for (size_t i = 0; i < len;) {
		size_t n = 0, room = LINE_MAX_BYTES - voice->line.len;

		while (i + n < len && data[i + n] != '\n' && data[i + n] != '\r')
			n++;
		hgt_buf_add(&voice->line, data + i, n < room ? n : room);
		i += n;
		if (i < len) {
			end_line(voice);
			i++;
		}
	}
	return !voice->line.failed;
}

static void run_release(struct mirror_run *run)
{
	for (int i = 0; i < 2; i++)
		hgt_buf_release(&run->voices[i].line);
	hgt_buf_release(&run->said);
	hgt_hidden_release(&run->hidden);
	free(run);
}

static void on_ended(void *ctx, const struct child_end *end)
{
	struct mirror_run *run = ctx;

	run->child = NULL;
	for (int i = 0; i < 2; i++)
		if (run->voices[i].line.len)
			end_line(&run->voices[i]);
	if (run->said.failed)
		hgt_buf_reset(&run->said);
	run->ended(run->ctx, end, run->said.data);
	run_release(run);
}

static size_t count(const char *const *texts)
{
	size_t n = 0;

	while (texts[n])
		n++;
	return n;
}

int mirror_git_run(struct turn *turn, const struct mirror_git *git, struct mirror_run **out, struct hgt_error *err)
{
	struct mirror_run *run = calloc(1, sizeof(*run));
	size_t n = count(git->args);
	const char **argv = calloc(n + 2, sizeof(*argv));
	struct env env = {0};
	struct child_order order = {.argv = argv, .folder = git->folder ? git->folder : turn->path, .input = git->input,
		.input_len = git->input_len, .take = take, .ended = on_ended, .ctx = run, .limit_ms = turn->mirror->timeout * 1000,
		.silence_ms = git->offline ? 0 : turn->mirror->silence * 1000};
	int code = run && argv ? 0 : hgt_error_nomem(err);

	if (code == 0) {
		argv[0] = "git";
		for (size_t i = 0; i < n; i++)
			argv[i + 1] = git->offline || strcmp(git->args[i], "mirror") != 0 ? git->args[i] : REMOTE;
		run->turn = turn;
		run->line = git->line;
		run->ended = git->ended;
		run->ctx = git->ctx;
		hgt_buf_init(&run->said);
		for (int i = 0; i < 2; i++) {
			run->voices[i] = (struct voice){.run = run, .fd = i + 1};
			hgt_buf_init(&run->voices[i].line);
		}
		code = make_env(&env, turn, git, run, err);
	}
	order.env = (const char *const *)env.items;
	if (code == 0)
		code = child_start(turn->daemon->base, &order, &run->child, err);
	if (code < 0 && run)
		run_release(run);
	else if (code == 0)
		*out = run;
	free(argv);
	env_release(&env);
	return code;
}

void mirror_git_stop(struct mirror_run *run)
{
	child_stop(run->child);
}

void mirror_git_free(struct mirror_run *run)
{
	if (!run)
		return;
	child_free(run->child);
	run_release(run);
}
