/* The daemon's rooms on a loop of the test's own. */
#include "tests/unit/daemon_rig.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/agents.h"
#include "daemon/archives.h"
#include "daemon/errand.h"
#include "daemon/guard.h"
#include "daemon/http.h"
#include "daemon/hub.h"
#include "daemon/metrics.h"
#include "daemon/repos.h"
#include "daemon/rollout.h"
#include "daemon/store.h"
#include "daemon/tokens.h"
#include "headgate/protocol.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/unit.h"

#define DEADLINE_MS 20000

static void ok(int code, const struct hgt_error *err)
{
	if (code < 0)
		fail_msg("%s", err->message);
}

static void dispatch(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	hgt_workers_dispatch(arg);
}

static void build(struct rig *rig)
{
	struct daemon *d = &rig->daemon;
	struct hgt_error err = {0};
	char *path = unit_path(d->config->state, HGT_JOURNAL_FILE);

	d->base = event_base_new();
	assert_non_null(d->base);
	ok(metrics_new(&d->metrics, &err), &err);
	ok(store_new(d, &d->store, &err), &err);
	ok(hgt_journal_open(path, HGT_JOURNAL_READ, &d->reader, &err), &err);
	free(path);
	ok(hgt_workers_new(2, &d->git, &err), &err);
	rig->git_done = event_new(d->base, hgt_workers_fd(d->git), EV_READ | EV_PERSIST, dispatch, d->git);
	assert_non_null(rig->git_done);
	event_add(rig->git_done, NULL);
	ok(hgt_workers_new(2, &d->archivers, &err), &err);
	rig->archive_done = event_new(d->base, hgt_workers_fd(d->archivers), EV_READ | EV_PERSIST, dispatch, d->archivers);
	assert_non_null(rig->archive_done);
	event_add(rig->archive_done, NULL);
	ok(repos_new(d->config, &d->repos, &err), &err);
	ok(hub_new(d, &d->hub, &err), &err);
	ok(agents_new(d, &d->agents, &err), &err);
	ok(rollouts_new(d, &d->rollouts, &err), &err);
	ok(tokens_new(d, &d->tokens, &err), &err);
	ok(archives_new(d, &d->archives, &err), &err);
	ok(errands_new(&d->errands, &err), &err);
	ok(guard_new(&d->config, &d->guard, &err), &err);
	ok(http_new(d, &d->http, &err), &err);
	d->ready = true;
}

static void tear_down(struct rig *rig)
{
	struct daemon *d = &rig->daemon;

	rig_settle(rig);
	http_free(d->http);
	guard_free(d->guard);
	hgt_workers_free(d->git);
	hgt_workers_free(d->archivers);
	archives_free(d->archives);
	errands_free(d->errands);
	tokens_free(d->tokens);
	rollouts_free(d->rollouts);
	d->rollouts = NULL;
	agents_free(d->agents);
	hub_free(d->hub);
	d->hub = NULL;
	repos_free(d->repos);
	store_free(d->store);
	hgt_journal_close(d->reader);
	metrics_free(d->metrics);
	event_free(rig->git_done);
	event_free(rig->archive_done);
	event_base_free(d->base);
	rig->daemon = (struct daemon){.config = rig->config};
}

void rig_start(struct rig *rig, const char *more)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};

	signal(SIGPIPE, SIG_IGN);
	hgt_log_setup(HGT_LOG_ERROR, HGT_LOG_LOGFMT);
	*rig = (struct rig){.folder = temp_folder_new()};
	free(rig_sh(rig, "mkdir git state"));
	hgt_buf_addf(&text, "site: test\nstate: %s/state\nrepositories: {root: %s/git}\n", rig->folder, rig->folder);
	hgt_buf_addf(&text, "sockets: {hook: %s/hook.sock, admin: %s/admin.sock}\nlisten: []\n%s", rig->folder, rig->folder, more);
	ok(hgt_config_parse(text.data, text.len, "test.yaml", &rig->config, &err), &err);
	hgt_buf_release(&text);
	rig->daemon = (struct daemon){.config = rig->config};
	build(rig);
}

void rig_restart(struct rig *rig)
{
	tear_down(rig);
	build(rig);
}

void rig_stop(struct rig *rig)
{
	tear_down(rig);
	hgt_config_free(rig->config);
	temp_folder_free(rig->folder);
}

void rig_turn(struct rig *rig)
{
	const struct timeval most = {.tv_usec = 2000};

	event_base_loopexit(rig->daemon.base, &most);
	event_base_loop(rig->daemon.base, EVLOOP_ONCE);
}

bool rig_until(struct rig *rig, bool (*done)(void *ctx), void *ctx)
{
	int64_t deadline = hgt_time_mono_ms() + DEADLINE_MS;

	while (!done(ctx)) {
		if (hgt_time_mono_ms() > deadline)
			return false;
		rig_turn(rig);
	}
	return true;
}

static bool is_settled(void *ctx)
{
	struct rig *rig = ctx;

	return !store_pending(rig->daemon.store) && !hgt_workers_pending(rig->daemon.git) &&
		!hgt_workers_pending(rig->daemon.archivers);
}

void rig_settle(struct rig *rig)
{
	assert_true(rig_until(rig, is_settled, rig));
}

char *rig_sh(struct rig *rig, const char *script)
{
	struct hgt_buf command = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_error err = {0};
	FILE *pipe;

	hgt_buf_addf(&command, "set -e; cd %s; export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b "
		"GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_CONFIG_GLOBAL=/dev/null; %s", rig->folder, script);
	pipe = popen(command.data, "re");
	assert_non_null(pipe);
	ok(hgt_read_fd(fileno(pipe), "script", 1024 * 1024, &out, &err), &err);
	assert_int_equal(pclose(pipe), 0);
	hgt_buf_release(&command);
	if (out.len && out.data[out.len - 1] == '\n')
		hgt_buf_truncate(&out, out.len - 1);
	return hgt_buf_take(&out);
}

/* Events by the store. */

struct entry {
	const char *repo, *ref, *new_id;
	struct hgt_buf subject, data;
	bool done;
};

static int run_entry(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct entry *e = job;
	const struct hgt_journal_entry entry = {
		.type = HGT_EVENT_REF_UPDATED, .subject = e->subject.data, .repo = e->repo, .ref = e->ref,
		.data = e->data.data, .data_len = e->data.len,
	};
	uint64_t seq = 0;
	int code = store_append(batch, &entry, &seq, err);

	return code < 0 ? code : hgt_journal_set_ref(journal, e->repo, e->ref, e->new_id, seq, err);
}

static void entry_done(void *job, int code, const struct hgt_error *err)
{
	struct entry *e = job;

	ok(code, err);
	e->done = true;
}

static struct entry *submit(struct rig *rig, const struct rig_move *move, const char *actor)
{
	struct hgt_event_path paths[16];
	struct hgt_ref_event event = {
		.repo = move->repo, .ref = move->ref, .old_id = move->old_id, .new_id = move->new_id, .change = "update",
		.actor = actor, .source = "hook", .paths = paths, .paths_truncated = move->truncated,
	};
	struct entry *e = calloc(1, sizeof(*e));
	struct hgt_error err = {0};

	assert_non_null(e);
	hgt_buf_init(&e->subject);
	hgt_buf_init(&e->data);
	e->repo = move->repo;
	e->ref = move->ref;
	e->new_id = move->new_id;
	for (; move->paths[event.n_paths]; event.n_paths++)
		paths[event.n_paths] = (struct hgt_event_path){.path = move->paths[event.n_paths], .status = 'M'};
	hgt_buf_addf(&e->subject, "%s:%s", e->repo, e->ref);
	hgt_ref_event_write(&event, &e->data);
	ok(store_submit(rig->daemon.store, run_entry, entry_done, e, &err), &err);
	return e;
}

static void entry_free(struct entry *e)
{
	assert_true(e->done);
	hgt_buf_release(&e->subject);
	hgt_buf_release(&e->data);
	free(e);
}

void rig_publish(struct rig *rig, const struct rig_move *move)
{
	struct entry *e = submit(rig, move, "alice");

	rig_settle(rig);
	entry_free(e);
}

void rig_publish_many(struct rig *rig, size_t n, const char *path, size_t fat)
{
	const char *const paths[] = {path, NULL};
	const struct rig_move move = {
		.repo = "a", .ref = "refs/heads/main", .old_id = "1111111111111111111111111111111111111111",
		.new_id = "2222222222222222222222222222222222222222", .paths = paths,
	};
	struct entry **entries = calloc(n, sizeof(*entries));
	char *actor = malloc(fat + 1);

	assert_non_null(entries);
	assert_non_null(actor);
	memset(actor, 'x', fat);
	actor[fat] = '\0';
	for (size_t i = 0; i < n; i++)
		entries[i] = submit(rig, &move, actor);
	rig_settle(rig);
	for (size_t i = 0; i < n; i++)
		entry_free(entries[i]);
	free(entries);
	free(actor);
}

/* Clients. */

struct client client_open(struct rig *rig)
{
	struct client client = {.rig = rig, .got = HGT_BUF_INIT};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", rig->config->sockets.admin);
	client.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(client.fd >= 0);
	assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	fcntl(client.fd, F_SETFL, O_NONBLOCK);
	return client;
}

void client_read(struct client *client)
{
	while (!client->paused && !client->ended) {
		char *room = hgt_buf_reserve(&client->got, 65536);
		ssize_t n;

		assert_non_null(room);
		n = read(client->fd, room, 65536);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			client->ended = true;
		else
			hgt_buf_grown(&client->got, (size_t)n);
	}
}

void client_send(struct client *client, const char *text)
{
	size_t len = strlen(text), sent = 0;
	int64_t deadline = hgt_time_mono_ms() + DEADLINE_MS;

	while (sent < len) {
		ssize_t n = send(client->fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN && hgt_time_mono_ms() < deadline) {
			rig_turn(client->rig);
			continue;
		}
		assert_true(n > 0);
		sent += (size_t)n;
	}
}

struct client client_request_failing(struct rig *rig, const char *method, const char *path, const char *headers, const char *body, long n)
{
	struct client client = client_open(rig);
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_buf_addf(&text, "%s %s HTTP/1.1\r\nHost: headgate\r\n%s", method, path, headers);
	if (body)
		hgt_buf_addf(&text, "Content-Length: %zu\r\n", strlen(body));
	hgt_buf_adds(&text, "\r\n");
	hgt_buf_adds(&text, body ? body : "");
	assert_false(text.failed);
	assert_non_null(hgt_buf_reserve(&client.got, 256 * 1024));
	if (n)
		fail_alloc_at(n);
	client_send(&client, text.data);
	hgt_buf_release(&text);
	return client;
}

struct client client_request(struct rig *rig, const char *method, const char *path, const char *headers, const char *body)
{
	return client_request_failing(rig, method, path, headers, body, 0);
}

struct client client_get(struct rig *rig, const char *path, const char *headers)
{
	return client_request(rig, "GET", path, headers, NULL);
}

void client_close(struct client *client)
{
	close(client->fd);
	hgt_buf_release(&client->got);
}

size_t client_until_count(struct client *client, const char *text, size_t n)
{
	int64_t deadline = hgt_time_mono_ms() + DEADLINE_MS;

	for (client_read(client); client_count(client, text) < n; client_read(client)) {
		if (hgt_time_mono_ms() > deadline || client->ended)
			fail_msg("waited in vain for \"%s\"; the client got: %s", text, client->got.data);
		rig_turn(client->rig);
	}
	return (size_t)(strstr(client->got.data, text) - client->got.data);
}

size_t client_until(struct client *client, const char *text)
{
	return client_until_count(client, text, 1);
}

void client_until_end(struct client *client)
{
	int64_t deadline = hgt_time_mono_ms() + DEADLINE_MS;

	for (client_read(client); !client->ended; client_read(client)) {
		if (hgt_time_mono_ms() > deadline)
			fail_msg("the connection was not closed; the client got: %s", client->got.data);
		rig_turn(client->rig);
	}
}

void client_not(struct client *client, const char *text)
{
	for (int i = 0; i < 5; i++) {
		rig_turn(client->rig);
		client_read(client);
	}
	if (strstr(client->got.data, text))
		fail_msg("\"%s\" is there; the client got: %s", text, client->got.data);
}

size_t client_count(const struct client *client, const char *text)
{
	size_t n = 0;

	for (const char *at = client->got.data; (at = strstr(at, text)); at += strlen(text))
		n++;
	return n;
}
