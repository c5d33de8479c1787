/* daemon/rollout, hook_wait, api_rollout: who waits, over real repositories, agents and reports. */
#include "daemon/rollout.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/hook_socket.h"
#include "daemon/messages.h"
#include "daemon/report.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define Z "0000000000000000000000000000000000000000"
#define MAIN "refs/heads/main"

/* Commits of the repository "infra": one touches web, two db, three web; side is beside two. */
static struct rig rig;
static char *one, *two, *three, *side;

static char *rev(const char *name)
{
	char script[128];

	snprintf(script, sizeof(script), "git -C git/infra.git rev-parse %s", name);
	return rig_sh(&rig, script);
}

static void git(const char *script)
{
	free(rig_sh(&rig, script));
}

static int start(void **state)
{
	(void)state;
	rig_start(&rig, "limits: {waits: 3, wait: 100s}\n");
	git("git init -q -b main work; cd work; mkdir web db; echo 1 >web/a; git add .; git commit -q -m one; git tag one;"
		"echo 1 >db/a; git add .; git commit -q -m two; git tag two; echo 3 >web/a; git add .; git commit -q -m three; git tag three;"
		"git checkout -q -b side two; echo s >web/a; git commit -q -a -m side; git tag -a -m side side-tag;"
		"git clone -q --bare . ../git/infra.git; cd ../git/infra.git; git symbolic-ref HEAD refs/heads/main; git update-ref refs/heads/main two;"
		"git update-ref refs/heads/second two");
	one = rev("one");
	two = rev("two");
	three = rev("three");
	side = rev("side");
	rig_restart(&rig);
	assert_int_equal(hook_socket_new(&rig.daemon, &rig.daemon.hook_socket, NULL), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	hook_socket_free(rig.daemon.hook_socket);
	rig.daemon.hook_socket = NULL;
	rig_stop(&rig);
	free(one);
	free(two);
	free(three);
	free(side);
	return 0;
}

static void done(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	(void)ctx, (void)seq;
	if (code < 0)
		fail_msg("%s", err->message);
}

/* An agent that has announced targets web and db of infra's main, and one of another branch. */
static struct agent *add_agent(const char *name, const char *sync)
{
	char *allow[] = {(char *)"**"};
	const struct agent_spec spec = {.name = name, .kind = "host", .allow = {allow, 1}};
	struct announced_target targets[] = {
		{.name = "web", .repo = "infra", .ref = MAIN, .path = "web", .driver = "files", .sync = sync},
		{.name = "db", .repo = "infra", .ref = MAIN, .path = "db", .driver = "files", .sync = sync},
		{.name = "side", .repo = "infra", .ref = "refs/heads/side", .path = "", .driver = "files", .sync = sync},
		{.name = "other", .repo = "none", .ref = MAIN, .path = "", .driver = "files", .sync = sync},
	};
	const struct announcement said = {.version = "1", .host = "h", .instance = "i", .targets = targets, .n_targets = N_OF(targets)};
	struct agent *agent;
	char token[AGENT_TOKEN_MAX];

	assert_int_equal(agents_add(rig.daemon.agents, &spec, token, done, NULL, NULL), 0);
	rig_settle(&rig);
	agent = agents_authenticate(rig.daemon.agents, token);
	assert_non_null(agent);
	assert_int_equal(agents_announce(rig.daemon.agents, agent, &said, done, NULL, NULL), 0);
	rig_settle(&rig);
	return agent;
}

static void report(struct agent *agent, const char *target, const char *sync, const char *operation, const char *id)
{
	const struct report said = {.target = target, .sync = sync, .health = "Healthy", .operation = operation, .desired = id,
		.applied = strcmp(sync, "Synced") == 0 ? id : NULL, .message = operation};

	assert_int_equal(agents_report(rig.daemon.agents, agent, &said, done, NULL, NULL), 0);
	rig_settle(&rig);
}

/* Who waits: what was told last. */
struct waiter {
	struct rollout *rollout;
	unsigned told;
	enum hgt_rollout_end end;
	char text[512];		/* "agent/target state;..." */
};

static void moved(void *ctx)
{
	struct waiter *w = ctx;
	struct rollout_target target;
	size_t pos = 0, len = 0;

	w->told++;
	w->end = rollout_end(w->rollout);
	w->text[0] = '\0';
	while (rollout_next(w->rollout, &pos, &target))
		len += (size_t)snprintf(w->text + len, sizeof(w->text) - len, "%s/%s %s;", target.agent, target.target,
			hgt_rollout_state_name(target.state));
}

static bool has_been_told(void *ctx)
{
	const struct waiter *w = ctx;

	return w->told > 0;
}

/* Wait for the next movement; it must be this. */
static void expect(struct waiter *w, const char *text, enum hgt_rollout_end end)
{
	assert_true(rig_until(&rig, has_been_told, w));
	if (strcmp(w->text, text) != 0 || w->end != end)
		fail_msg("told: %s (%d)", w->text, (int)w->end);
	w->told = 0;
}

static void open_push(struct waiter *w, const char *ref, const char *old_id, const char *new_id, int64_t ms)
{
	const struct rollout_move move = {.ref = ref, .old_id = old_id, .new_id = new_id};
	const struct rollout_spec spec = {.repo = "infra", .moves = &move, .n_moves = 1, .wait_ms = ms, .moved = moved, .ctx = w};
	struct hgt_error err = {0};

	*w = (struct waiter){0};
	if (rollout_open(rig.daemon.rollouts, &spec, &w->rollout, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(w->told, 0);
}

static void close_it(struct waiter *w)
{
	rollout_close(w->rollout);
	w->rollout = NULL;
	rig_settle(&rig);
}

static void exactly_whom_the_push_is_for(void **state)
{
	struct waiter w;

	(void)state;
	add_agent("a", "auto");
	open_push(&w, MAIN, one, two, 60000);
	expect(&w, "a/db away;", HGT_ROLLOUT_GOES_ON);
	close_it(&w);
	/* A new ref concerns all that is in it; a folder that is not there is no change. */
	open_push(&w, MAIN, Z, one, 60000);
	expect(&w, "a/web away;", HGT_ROLLOUT_GOES_ON);
	close_it(&w);
	open_push(&w, MAIN, Z, two, 60000);
	expect(&w, "a/web away;a/db away;", HGT_ROLLOUT_GOES_ON);
	close_it(&w);
	/* Nothing, a ref that nobody follows, one that is deleted, an id that is none. */
	open_push(&w, MAIN, two, two, 60000);
	expect(&w, "", HGT_ROLLOUT_NOBODY);
	close_it(&w);
	open_push(&w, "refs/heads/second", Z, two, 60000);
	expect(&w, "", HGT_ROLLOUT_NOBODY);
	close_it(&w);
	open_push(&w, MAIN, two, Z, 60000);
	expect(&w, "", HGT_ROLLOUT_NOBODY);
	close_it(&w);
	open_push(&w, MAIN, two, "3333333333333333333333333333333333333333", 60000);
	expect(&w, "", HGT_ROLLOUT_NOBODY);
	close_it(&w);
}

static void reports_are_followed_to_the_end(void **state)
{
	struct agent *a = add_agent("a", "auto");
	struct waiter w;

	(void)state;
	report(a, "web", "Synced", "Succeeded", one);
	report(a, "db", "Synced", "Succeeded", one);
	open_push(&w, MAIN, Z, two, 60000);
	expect(&w, "a/web away;a/db away;", HGT_ROLLOUT_GOES_ON);
	/* What a repository does not have, it does not contain. */
	report(a, "web", "Synced", "Succeeded", "3333333333333333333333333333333333333333");
	/* The same message again is no movement; a newer revision that contains it is as good. */
	git("git -C git/infra.git update-ref refs/heads/main three");
	report(a, "web", "Synced", "Succeeded", three);
	expect(&w, "a/web synced;a/db away;", HGT_ROLLOUT_GOES_ON);
	report(a, "db", "OutOfSync", "Failed", two);
	expect(&w, "a/web synced;a/db failed;", HGT_ROLLOUT_HAS_FAILED);
	close_it(&w);
	report(a, "db", "Synced", "Succeeded", two);
	open_push(&w, MAIN, Z, two, 60000);
	expect(&w, "a/web synced;a/db synced;", HGT_ROLLOUT_CONVERGED);
	close_it(&w);
	/* A revision that is beside it is not. */
	report(a, "web", "Synced", "Succeeded", side);
	open_push(&w, MAIN, two, three, 60000);
	expect(&w, "a/web away;", HGT_ROLLOUT_GOES_ON);
	close_it(&w);
}

static void a_ref_that_goes_another_way(void **state)
{
	static const char *const paths[] = {"web/a", NULL};
	struct waiter w;

	(void)state;
	add_agent("a", "auto");
	git("git -C git/infra.git update-ref refs/heads/main three");
	open_push(&w, MAIN, two, three, 60000);
	expect(&w, "a/web away;", HGT_ROLLOUT_GOES_ON);
	git("git -C git/infra.git update-ref refs/heads/main side-tag^0");
	rig_publish(&rig, &(struct rig_move){.repo = "infra", .ref = MAIN, .old_id = three, .new_id = side, .paths = paths});
	expect(&w, "a/web overtaken;", HGT_ROLLOUT_HAS_STOPPED);
	close_it(&w);
	/* An agent that is removed, and one that comes, while somebody waits. */
	open_push(&w, MAIN, two, side, 60000);
	expect(&w, "a/web away;", HGT_ROLLOUT_GOES_ON);
	add_agent("b", "manual");
	expect(&w, "a/web away;b/web away;", HGT_ROLLOUT_GOES_ON);
	assert_int_equal(agents_remove(rig.daemon.agents, "a", done, NULL, NULL), 0);
	rig_settle(&rig);
	expect(&w, "a/web overtaken;b/web away;", HGT_ROLLOUT_GOES_ON);
	close_it(&w);
}

static void the_time_is_up(void **state)
{
	struct waiter w;

	(void)state;
	add_agent("a", "auto");
	open_push(&w, MAIN, one, two, 50);
	expect(&w, "a/db away;", HGT_ROLLOUT_GOES_ON);
	expect(&w, "a/db away;", HGT_ROLLOUT_TIMEOUT);
	close_it(&w);
}

static void there_is_no_room_for_more(void **state)
{
	const struct rollout_move move = {.ref = MAIN, .old_id = one, .new_id = two};
	struct rollout_spec spec = {.repo = "infra", .moves = &move, .n_moves = 1, .wait_ms = 60000, .moved = moved};
	struct waiter w[3], more = {0};
	struct rollouts_stats stats;
	struct hgt_error err;

	(void)state;
	add_agent("a", "auto");
	for (size_t i = 0; i < N_OF(w); i++)
		open_push(&w[i], MAIN, one, two, 60000);
	assert_int_equal(rollout_open(rig.daemon.rollouts, &spec, &more.rollout, &err), HGT_EUNAVAILABLE);
	assert_non_null(strstr(err.message, "3 wait already, and limits.waits allows no more"));
	/* One that goes while a worker looks for it. */
	close_it(&w[0]);
	open_push(&w[0], MAIN, one, two, 60000);
	spec.repo = "nowhere";
	assert_int_equal(rollout_open(rig.daemon.rollouts, &spec, &more.rollout, &err), HGT_ENOENT);
	rollouts_stats(rig.daemon.rollouts, &stats);
	assert_int_equal(stats.open, 3);
	assert_int_equal(stats.opened, 4);
	assert_int_equal(stats.refused, 1);
	/* The daemon stops: all are told, and none begins any more. */
	for (size_t i = 0; i < N_OF(w); i++)
		expect(&w[i], "a/db away;", HGT_ROLLOUT_GOES_ON);
	rollouts_stop(rig.daemon.rollouts);
	for (size_t i = 0; i < N_OF(w); i++) {
		expect(&w[i], "a/db away;", HGT_ROLLOUT_LEFT);
		close_it(&w[i]);
	}
	spec.repo = "infra";
	assert_int_equal(rollout_open(rig.daemon.rollouts, &spec, &more.rollout, &err), HGT_EUNAVAILABLE);
	assert_non_null(strstr(err.message, "shutting down"));
}

static void memory_runs_out(void **state)
{
	const struct rollout_move move = {.ref = MAIN, .old_id = one, .new_id = two};
	bool all = false;

	(void)state;
	add_agent("a", "auto");
	for (long n = 1; !all; n++) {
		struct waiter w = {0};
		const struct rollout_spec spec = {.repo = "infra", .moves = &move, .n_moves = 1, .wait_ms = 60000, .moved = moved, .ctx = &w};
		int code;

		fail_alloc_at(n);
		code = rollout_open(rig.daemon.rollouts, &spec, &w.rollout, NULL);
		/* From here on a worker is at work as well, in a libgit2 that does not survive it. */
		all = !fail_alloc_off();
		if (code == 0)
			expect(&w, "a/db away;", HGT_ROLLOUT_GOES_ON);
		else
			assert_int_equal(code, HGT_ENOMEM);
		assert_true(all == (code == 0));
		close_it(&w);
	}
}

/* The hook socket. */

static struct client hook(const char *type, const char *more)
{
	struct client client = {.rig = &rig, .got = HGT_BUF_INIT};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct hgt_buf line = HGT_BUF_INIT;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", rig.config->sockets.hook);
	client.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(client.fd >= 0);
	assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	fcntl(client.fd, F_SETFL, O_NONBLOCK);
	hgt_buf_addf(&line, "{\"v\":1,\"type\":\"%s\",\"repo\":\"%s/git/infra.git\",\"push\":\"%032d\",\"actor\":{\"name\":\"a\"},%s"
		"\"updates\":[{\"old\":\"%s\",\"new\":\"%s\",\"ref\":\"" MAIN "\"}]}\n", type, rig.folder, 7, more, one, two);
	client_send(&client, line.data);
	hgt_buf_release(&line);
	return client;
}

static uint64_t waits(void)
{
	struct rollouts_stats stats;

	rollouts_stats(rig.daemon.rollouts, &stats);
	return stats.open;
}

static bool nobody_waits(void *ctx)
{
	(void)ctx;
	return waits() == 0;
}

static void a_hook_is_told(void **state)
{
	struct agent *a = add_agent("a", "auto");
	struct hook_socket_stats stats;
	struct client client = hook("wait", "\"seconds\":60,");

	(void)state;
	client_until(&client, "{\"ok\":true,\"repo\":\"infra\",\"moves\":[{\"ref\":\"refs/heads/main\",\"revision\":\"");
	client_until(&client, "\"count\":1,\"width\":4,\"seconds\":60}\n{\"agent\":\"a\",\"target\":\"db\",\"ref\":\"refs/heads/main\",\"state\":\"away\",");
	/* It is no hook any more that keeps others out. */
	hook_socket_stats(rig.daemon.hook_socket, &stats);
	assert_int_equal(stats.connections, 0);
	assert_int_equal(hook_socket_drain(rig.daemon.hook_socket), 0);
	report(a, "db", "Synced", "Succeeded", two);
	client_until(&client, "\"state\":\"synced\",\"message\":\"Succeeded\"}\n{\"end\":\"converged\",\"error\":null}\n");
	client_until_end(&client);
	assert_int_equal(waits(), 0);
	assert_int_equal(hook_socket_drain(rig.daemon.hook_socket), 1);
	client_close(&client);
}

static void a_hook_that_hangs_up_is_forgotten(void **state)
{
	struct client client;

	(void)state;
	add_agent("a", "auto");
	client = hook("wait", "\"seconds\":60,");
	client_until(&client, "\"state\":\"away\"");
	assert_int_equal(waits(), 1);
	client_close(&client);
	assert_true(rig_until(&rig, nobody_waits, NULL));
	/* And one that does so before it has been told anything. */
	client = hook("wait", "\"seconds\":60,");
	client_close(&client);
	rig_settle(&rig);
	assert_true(rig_until(&rig, nobody_waits, NULL));
}

static void a_hook_is_refused(void **state)
{
	static const char *const seconds[] = {"", "\"seconds\":0,", "\"seconds\":-5,", "\"seconds\":\"x\",", "\"seconds\":null,"};

	(void)state;
	for (size_t i = 0; i < N_OF(seconds); i++) {
		struct client client = hook("wait", seconds[i]);

		client_until(&client, "{\"ok\":false,\"error\":\"the announcement's seconds to wait are no number above 0\"}\n");
		client_until_end(&client);
		client_close(&client);
	}
	/* Longer than may be is cut. */
	{
		struct client client;

		add_agent("a", "auto");
		client = hook("wait", "\"seconds\":1000000000000,");
		client_until(&client, "\"seconds\":100}");
		rollouts_stop(rig.daemon.rollouts);
		client_until(&client, "{\"end\":\"left\",\"error\":null}\n");
		client_close(&client);
		client = hook("wait", "\"seconds\":5,");
		client_until(&client, "{\"ok\":false,\"error\":\"the daemon is shutting down\"}\n");
		client_close(&client);
	}
}

/* The API. */

static struct client ask(const char *fmt, const char *id, const char *seen)
{
	char path[512];

	snprintf(path, sizeof(path), "/v1/rollout?repo=infra&rev=%s%s%s", id, fmt, seen);
	return client_get(&rig, path, "");
}

static void a_request_is_answered(void **state)
{
	struct agent *a = add_agent("a", "auto");
	struct client client;
	char seen[17];
	size_t at;

	(void)state;
	report(a, "web", "Synced", "Succeeded", one);
	/* No old commit: all that follow a ref with it. web has the same content at one and two, db has not. */
	client = ask("", "two", "");
	at = client_until(&client, "\"seen\":\"");
	client_until(&client, "\"count\":3,\"width\":13,\"state\":null,\"targets\":[{\"agent\":\"a\",\"target\":\"web\",\"ref\":\"refs/heads/main\",\"state\":\"synced\"");
	client_until(&client, "\"target\":\"side\",\"ref\":\"refs/heads/side\",\"state\":\"away\"");
	memcpy(seen, client.got.data + at + 8, 16);
	seen[16] = '\0';
	client_close(&client);
	client = ask("&ref=refs/heads/main", "two", "");
	client_until(&client, "\"count\":2,");
	client_close(&client);
	/* The same, until it would be another. */
	client = ask("&wait=60&seen=", "two", seen);
	client_not(&client, "HTTP/1.1 200");
	report(a, "db", "OutOfSync", "Running", two);
	report(a, "db", "Synced", "Succeeded", two);
	client_until(&client, "\"target\":\"db\",\"ref\":\"refs/heads/main\",\"state\":\"synced\"");
	client_close(&client);
	/* A client that goes. */
	client = ask("&ref=refs/heads/side&wait=60&seen=", two, "0123456789abcdef");
	client_until(&client, "\"state\":\"away\"");
	client_close(&client);
	client = ask("&wait=60&seen=", "side", seen);
	client_close(&client);
	assert_true(rig_until(&rig, nobody_waits, NULL));
	/* A revision of no ref that is followed, one in none of them, and what is none. */
	client = ask("&ref=refs/heads/second", "two", "");
	client_until(&client, "\"state\":\"nobody\",\"targets\":[]");
	client_close(&client);
	client = ask("", "3333333333333333333333333333333333333333", "");
	client_until(&client, "404");
	client_until(&client, "revision-not-found");
	client_close(&client);
	client = ask("", "main~1", "");
	client_until(&client, "400");
	client_close(&client);
	client = ask("&wait=61", "main", "");
	client_until(&client, "400");
	client_close(&client);
	client = ask("&seen=xyz", "main", "");
	client_until(&client, "400");
	client_close(&client);
	client = ask("&ref=main", "main", "");
	client_until(&client, "400");
	client_close(&client);
	client = client_get(&rig, "/v1/rollout?repo=nowhere&rev=main", "");
	client_until(&client, "repository-not-found");
	client_close(&client);
	client = client_get(&rig, "/v1/rollout?repo=infra", "");
	client_until(&client, "400");
	client_close(&client);
	/* One that waits is answered when the daemon stops. */
	client = ask("&ref=refs/heads/main&wait=60&seen=", "one", "0123456789abcdef");
	client_until(&client, "\"state\":\"converged\"");
	client_close(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(exactly_whom_the_push_is_for, start, stop),
		cmocka_unit_test_setup_teardown(reports_are_followed_to_the_end, start, stop),
		cmocka_unit_test_setup_teardown(a_ref_that_goes_another_way, start, stop),
		cmocka_unit_test_setup_teardown(the_time_is_up, start, stop),
		cmocka_unit_test_setup_teardown(there_is_no_room_for_more, start, stop),
		cmocka_unit_test_setup_teardown(memory_runs_out, start, stop),
		cmocka_unit_test_setup_teardown(a_hook_is_told, start, stop),
		cmocka_unit_test_setup_teardown(a_hook_that_hangs_up_is_forgotten, start, stop),
		cmocka_unit_test_setup_teardown(a_hook_is_refused, start, stop),
		cmocka_unit_test_setup_teardown(a_request_is_answered, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
