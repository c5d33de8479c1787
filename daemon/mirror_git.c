/* Git as a child: where it runs, what it is given, what it says. */
#include <errno.h>
#include <poll.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/escape.h"
#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/mirror.h"
#include "mirror/remote.h"
#include "mirror/words.h"
#include "webhook/signature.h"

/* The remote in git's config; that of a repository's own, which git adds to ours, must not have one of its name. */
#define REMOTE "headgate-mirror"
#define SSH_FOLDER "ssh"	/* in the state: sockets of shared connections */

enum {
	LINE_MAX_BYTES = 64 * 1024,	/* of a line the rest is dropped */
	SAID_MAX = 16 * 1024,		/* of stderr the end is kept */
	SOCKET_ID = 12,			/* hex digits */
	SOCKET_MAX = 107 - 17,		/* a path of a socket, less what ssh adds while it makes one */
	CONNECT_S = 20, ALIVE_S = 5,	/* of ssh; it gives up after three that are not answered */
	PERSIST_S = 60,			/* how long a shared connection stays when nobody uses it */
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
	static const char *const names[] = {"HOME", "PATH", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
		"GIT_CONFIG_NOSYSTEM", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value)
			env_add(env, "%s=%s", names[i], value);
	}
}

/* In single quotes, for the shell that git gives it to. */
static void add_quoted(struct hgt_buf *out, const char *text)
{
	hgt_buf_addc(out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			hgt_buf_adds(out, "'\\''");
		else
			hgt_buf_addc(out, *text);
	hgt_buf_addc(out, '\'');
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

/* Who is spoken to, as what decides whether two may share a connection: all of the URL but its path, and our key, and their keys. */
static void add_connection(struct hgt_buf *out, const char *url, const struct hgt_config_mirror *mirror)
{
	const char *host = begins(url, "ssh://") ? url + 6 : url;

	hgt_buf_add(out, host, begins(url, "ssh://") ? strcspn(host, "/") : host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":"));
	hgt_buf_addf(out, "\n%s\n%s\n", mirror->identity_file ? mirror->identity_file : "", mirror->known_hosts_file ? mirror->known_hosts_file : "");
}

/* Where the shared connection has its socket, appended; nothing where no path can be had that a socket may have. */
static int control_path(const struct turn *turn, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_buf who = HGT_BUF_INIT, folder = HGT_BUF_INIT;
	unsigned char digest[HGT_SHA256_SIZE];
	char hex[HGT_SHA256_HEX];
	int code;

	add_connection(&who, turn->url, turn->mirror);
	hgt_buf_addf(&folder, "%s/" SSH_FOLDER, turn->config->state);
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = hgt_buf_check(&who, err);
	if (code == 0 && folder.len + 1 + SOCKET_ID <= SOCKET_MAX) {
		hgt_sha256(who.data, who.len, digest);
		hgt_hex(digest, sizeof(digest), hex);
		if (mkdir(folder.data, 0700) < 0 && errno != EEXIST)
			code = hgt_error_set_errno(err, "cannot make folder %s", folder.data);
		else
			hgt_buf_addf(out, "%s/%.*s", folder.data, SOCKET_ID, hex);
	}
	hgt_buf_release(&folder);
	hgt_buf_release(&who);
	return code;
}

/* ssh asks nobody, believes no host that it does not know, forwards nothing, and notices when the other side is gone. */
static int write_ssh(const struct turn *turn, struct hgt_buf *out, struct hgt_error *err)
{
	const struct hgt_config_mirror *mirror = turn->mirror;
	struct hgt_buf path = HGT_BUF_INIT, option = HGT_BUF_INIT;
	int code = control_path(turn, &path, err);

	hgt_buf_addf(out, "ssh -T -x -a -o BatchMode=yes -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o ConnectTimeout=%d"
		" -o ServerAliveInterval=%d -o ServerAliveCountMax=3 -o ClearAllForwardings=yes -o PermitLocalCommand=no -o RequestTTY=no",
		CONNECT_S, ALIVE_S);
	if (mirror->identity_file) {
		hgt_buf_adds(out, " -o IdentitiesOnly=yes -o IdentityAgent=none -i ");
		add_quoted(out, mirror->identity_file);
	}
	if (mirror->known_hosts_file) {
		/* ssh takes several files, with spaces between them, and escapes begin with a percent sign. */
		hgt_buf_addf(&option, "UserKnownHostsFile=\"");
		for (const char *p = mirror->known_hosts_file; *p; p++)
			hgt_buf_addf(&option, *p == '%' ? "%%%%" : "%c", *p);
		hgt_buf_addc(&option, '"');
		hgt_buf_adds(out, " -o GlobalKnownHostsFile=/dev/null -o ");
		if (!option.failed)
			add_quoted(out, option.data);
	}
	if (path.len) {
		hgt_buf_addf(out, " -o ControlMaster=auto -o ControlPersist=%d -S ", PERSIST_S);
		add_quoted(out, path.data);
	} else {
		hgt_buf_adds(out, " -S none");
	}
	if (code == 0)
		code = hgt_buf_check(&option, err);
	if (code == 0)
		code = hgt_buf_check(out, err);
	hgt_buf_release(&option);
	hgt_buf_release(&path);
	return code;
}

/* The helper only reads: git would have it take credentials that were refused out of the administrator's file. */
static int write_helper(const struct hgt_config_mirror *mirror, struct hgt_buf *out, struct hgt_error *err)
{
	hgt_buf_adds(out, "!f() { test \"$1\" = get || exit 0; exec git credential-store --file=");
	add_quoted(out, mirror->credentials_file);
	hgt_buf_adds(out, " get; }; f");
	return hgt_buf_check(out, err);
}

/* How the other side is spoken to. */
static int env_remote(struct env *env, struct turn *turn, struct mirror_run *run, struct hgt_error *err)
{
	static const char *const protocols[] = {[SCHEME_FILE] = "file", [SCHEME_SSH] = "ssh", [SCHEME_HTTP] = "http", [SCHEME_HTTPS] = "https"};
	const struct hgt_config_mirror *mirror = turn->mirror;
	enum scheme scheme = scheme_of(turn->url);
	bool http = scheme == SCHEME_HTTP || scheme == SCHEME_HTTPS;
	struct hgt_secret secret = {0};
	struct hgt_buf text = HGT_BUF_INIT;
	int code = 0;

	env_add(env, "GIT_ALLOW_PROTOCOL=%s", protocols[scheme]);
	env_config(env, "remote." REMOTE ".url", turn->url);
	if (scheme == SCHEME_SSH) {
		code = write_ssh(turn, &text, err);
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

static int judge_cause(const struct turn *turn, enum hgt_cause cause, const char *host, struct hgt_error *err)
{
	const struct hgt_config_mirror *mirror = turn->mirror;
	const char *known = mirror->known_hosts_file ? mirror->known_hosts_file : "the account's known_hosts";
	const char *key = mirror->identity_file ? mirror->identity_file : "the account's key";
	const char *url = turn->url;

	switch (cause) {
	case HGT_CAUSE_HOST_KEY_CHANGED:
		return hgt_error_set(err, HGT_EPERM, "%s shows another host key than the one that is known; if it was changed on purpose, put the new "
			"one into %s", host, known);
	case HGT_CAUSE_HOST_KEY_UNKNOWN:
		return hgt_error_set(err, HGT_EPERM, "the host key of %s is not known; put it into %s, once it is certain that it is the right one (ssh-keyscan)",
			host, known);
	case HGT_CAUSE_KEY_FILE:
		return hgt_error_set(err, HGT_EPERM, "ssh does not use %s; it has to be there, a private key without a passphrase, and readable by its owner "
			"alone (chmod 0600)", key);
	case HGT_CAUSE_KEY_REFUSED:
		return hgt_error_set(err, HGT_EPERM, "%s does not take %s; let it in there (authorized_keys, or a deploy key that may write)", host, key);
	case HGT_CAUSE_CREDENTIALS:
		return mirror->credentials_file ?
			hgt_error_set(err, HGT_EPERM, "%s does not take the credentials in %s; put others there", host, mirror->credentials_file) :
			hgt_error_set(err, HGT_EPERM, "%s asks for credentials; name a file that has them as credentials_file", host);
	case HGT_CAUSE_FORBIDDEN:
		return hgt_error_set(err, HGT_EPERM, "%s forbids this to whom it knows us as; give that user the right there", host);
	case HGT_CAUSE_CERTIFICATE:
		return hgt_error_set(err, HGT_EPERM, "the certificate of %s does not hold; have its authority installed here, or mend it there", host);
	case HGT_CAUSE_NAME:
		return hgt_error_set(err, HGT_EUNAVAILABLE, "the name %s is not found", host);
	case HGT_CAUSE_AWAY:
		return hgt_error_set(err, HGT_EUNAVAILABLE, "%s cannot be reached", host);
	case HGT_CAUSE_NOT_FOUND:
		return hgt_error_set(err, HGT_ENOENT, "there is no repository at %s, or we may not see it; make it there (git init --bare)", url);
	case HGT_CAUSE_OBJECT_FORMAT:
		return hgt_error_set(err, HGT_EUNSUPPORTED, "the repository at %s has SHA-256 objects; make one of SHA-1 there", url);
	case HGT_CAUSE_DISK_THERE:
		return hgt_error_set(err, HGT_EIO, "the disk of %s is full", *host ? host : url);
	case HGT_CAUSE_DISK_HERE:
		return hgt_error_set(err, HGT_EIO, "a disk is full, here or at %s", url);
	case HGT_CAUSE_READ_ONLY:
		return hgt_error_set(err, HGT_EIO, "a file system is mounted read-only, here or at %s", url);
	case HGT_CAUSE_CORRUPT_HERE:
		return hgt_error_set(err, HGT_ECORRUPT, "an object of a repository cannot be read; git fsck says which");
	case HGT_CAUSE_CORRUPT_THERE:
		return hgt_error_set(err, HGT_EIO, "the repository at %s could not take in what it was sent; it has no disk, memory or right left, or an "
			"object there is damaged (git fsck)", url);
	case HGT_CAUSE_OWNER_HERE:
		return hgt_error_set(err, HGT_EPERM, "git does not trust a repository of another user's; name it as safe.directory in the account's git config");
	case HGT_CAUSE_OWNER_THERE:
		return hgt_error_set(err, HGT_EPERM, "git at %s does not trust the repository, which is another user's; name it as safe.directory there", url);
	case HGT_CAUSE_AMBIGUOUS_NAME:
		return hgt_error_set(err, HGT_ECONFLICT, "the repository at %s has refs below refs/heads/refs/ or refs/tags/refs/, which git takes for others; "
			"rename them there", url);
	case HGT_CAUSE_OTHER:
		break;
	}
	return 0;
}

static void judge_exit(const struct turn *turn, const struct child_end *end, const char *said, struct hgt_error *err)
{
	struct hgt_buf host = HGT_BUF_INIT, gist = HGT_BUF_INIT;
	int code = hgt_remote_host(turn->url, &host, NULL);

	hgt_words_gist(said, &gist);
	if (code == 0)
		code = judge_cause(turn, hgt_words_cause(said), host.len ? host.data : turn->url, err);
	if (code == 0 && gist.len && !gist.failed)
		hgt_error_set(err, HGT_EUNAVAILABLE, "git: %s", gist.data);
	else if (code == 0)
		hgt_error_set(err, HGT_EUNAVAILABLE, "git ended with status %d and said nothing", end->status);
	hgt_buf_release(&host);
	hgt_buf_release(&gist);
}

void mirror_git_judge(const struct turn *turn, const struct child_end *end, const char *said, struct hgt_error *err)
{
	if (end->timed_out)
		hgt_error_set(err, HGT_ETIMEOUT, "git was ended: it took longer than %us, or nothing moved for %us (timeout, silence)", turn->mirror->timeout,
			turn->mirror->silence);
	else if (end->stopped)
		hgt_error_set(err, HGT_EUNAVAILABLE, "git was ended, since nothing more is to be begun");
	else if (end->status == CHILD_NOT_FOUND)
		hgt_error_set(err, HGT_ENOENT, "git is not there: install it");
	else if (end->status > 128 && end->status <= 128 + 64 && !*said)
		hgt_error_set(err, HGT_EUNAVAILABLE, "git was killed by signal %d", end->status - 128);
	else
		judge_exit(turn, end, said, err);
}

/* One word of ssh's PROTOCOL.mux: its length, then numbers, all in network order. */
static void add_word(struct hgt_buf *out, uint32_t n)
{
	const char bytes[] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};

	hgt_buf_add(out, bytes, sizeof(bytes));
}

/* Ask the shared connection that listens there to end; it gets a moment to hear it. */
static void end_connection(const char *path)
{
	enum { HELLO = 1, VERSION = 4, TERMINATE = 0x10000005, PATIENCE_MS = 200 };
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct hgt_buf words = HGT_BUF_INIT;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	add_word(&words, 8);
	add_word(&words, HELLO);
	add_word(&words, VERSION);
	add_word(&words, 8);
	add_word(&words, TERMINATE);
	add_word(&words, 0);
	if (fd >= 0 && !words.failed && strlen(path) < sizeof(to.sun_path)) {
		memcpy(to.sun_path, path, strlen(path) + 1);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && hgt_write_all(fd, words.data, words.len) == 0) {
			int64_t until = hgt_time_mono_ms() + PATIENCE_MS;
			struct pollfd waits = {.fd = fd, .events = POLLIN};
			char answer[256];

			/* Its hello, its consent, its end. */
			while (hgt_time_mono_ms() < until && poll(&waits, 1, (int)(until - hgt_time_mono_ms())) > 0)
				if (read(fd, answer, sizeof(answer)) <= 0)
					break;
		}
	}
	if (fd >= 0)
		close(fd);
	hgt_buf_release(&words);
}

void mirror_git_hang_up(const struct hgt_config *config)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct dirent *entry;
	DIR *folder;
	size_t len;

	hgt_buf_addf(&path, "%s/" SSH_FOLDER, config->state);
	folder = path.failed ? NULL : opendir(path.data);
	hgt_buf_addc(&path, '/');
	len = path.len;
	while (folder && (entry = readdir(folder))) {
		if (strlen(entry->d_name) != SOCKET_ID)
			continue;
		hgt_buf_truncate(&path, len);
		hgt_buf_adds(&path, entry->d_name);
		if (!path.failed)
			end_connection(path.data);
	}
	if (folder)
		closedir(folder);
	hgt_buf_release(&path);
}
