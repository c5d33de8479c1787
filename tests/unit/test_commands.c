/* daemon/commands: asked for, on disk, told, acknowledged, over a real store, journal and repository. */
#include "daemon/commands.h"

#include "base/json_writer.h"
#include "daemon/agent.h"
#include "daemon/messages.h"
#include "daemon/scope.h"
#include "daemon/subscriber.h"
#include "headgate/protocol.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define STREAM "Accept: text/event-stream\r\n"

struct heard {
	bool told;
	int code;
	char name[64], message[256];
	char commands[8192];
};

static void hear(void *ctx, const struct command_outcome *outcome)
{
	struct heard *heard = ctx;

	assert_false(heard->told);
	heard->told = true;
	heard->code = outcome->code;
	snprintf(heard->name, sizeof(heard->name), "%s", outcome->name ? outcome->name : "");
	if (outcome->code < 0)
		snprintf(heard->message, sizeof(heard->message), "%.255s", outcome->err->message);
	else
		snprintf(heard->commands, sizeof(heard->commands), "%s", outcome->commands->data);
}

static void added(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	(void)seq;
	if (code < 0)
		fail_msg("%s", err->message);
	*(bool *)ctx = true;
}

static struct agent *agent_of(struct rig *rig)
{
	size_t pos = 0;

	return (struct agent *)agents_next(rig->daemon.agents, &pos);
}

static void announce(struct rig *rig, struct announced_target *targets, size_t n)
{
	const struct announcement said = {.version = "1", .host = "h", .instance = "i", .targets = targets, .n_targets = n};
	struct hgt_error err = {0};
	bool done = false;

	assert_int_equal(agents_announce(rig->daemon.agents, agent_of(rig), &said, added, &done, &err), 0);
	rig_settle(rig);
	assert_true(done);
}

/* A repository "infra/prod" with three commits on main and one beside it, and an agent with two targets of it. */
static int start(void **state)
{
	struct announced_target targets[] = {
		{.name = "web", .repo = "infra/prod", .ref = "refs/heads/main", .path = "web", .driver = "files", .sync = "auto"},
		{.name = "db", .repo = "infra/prod", .ref = "refs/heads/main", .path = "db", .driver = "files", .sync = "auto"},
	};
	char *allow[] = {(char *)"infra/**"};
	const struct agent_spec spec = {.name = "web1", .kind = "host", .allow = {allow, 1}};
	struct rig *rig = malloc(sizeof(*rig));
	char token[AGENT_TOKEN_MAX];
	struct hgt_error err = {0};
	bool done = false;

	assert_non_null(rig);
	rig_start(rig, "");
	free(rig_sh(rig, "git init -q --bare git/infra/prod.git && cd git/infra/prod.git && tree=$(git mktree </dev/null) && commit() {\n"
		"git -c user.name=a -c user.email=a@b commit-tree $tree -m \"$@\"; }\n"
		"a=$(commit a) b=$(commit b -p $a) c=$(commit c -p $b) d=$(commit d -p $a)\n"
		"git update-ref refs/heads/main $c && git update-ref refs/heads/side $d && git update-ref refs/tags/v1 $a"));
	rig_restart(rig);	/* it finds the repository */
	assert_int_equal(agents_add(rig->daemon.agents, &spec, token, added, &done, &err), 0);
	rig_settle(rig);
	assert_true(done);
	announce(rig, targets, N_OF(targets));
	*state = rig;
	return 0;
}

static int stop(void **state)
{
	rig_stop(*state);
	free(*state);
	return 0;
}

static struct heard ask_in(struct rig *rig, const char *agent, const struct scope *scope, const char *target, const char *action,
	const char *revision)
{
	const struct command_spec spec = {.target = target, .action = action, .revision = revision};
	struct heard heard = {0};

	commands_request(rig->daemon.agents, agent, scope, &spec, "alice", hear, &heard);
	rig_settle(rig);
	assert_true(heard.told);
	return heard;
}

static struct heard ask(struct rig *rig, const char *target, const char *action, const char *revision)
{
	return ask_in(rig, "web1", NULL, target, action, revision);
}

/* "web sync, db sync": what is pending, as the agent is told of it. */
static void pending(struct rig *rig, const char *expected)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hub_notice notice = {0};

	hgt_buf_adds(&text, "");
	while (commands_notice(agent_of(rig), notice.number, &notice)) {
		struct hgt_doc_set set;

		hgt_doc_set_init(&set);
		assert_int_equal(hgt_json_parse_message(notice.data, notice.len, &set, NULL), 0);
		hgt_buf_addf(&text, "%s%s %s", text.len ? ", " : "", hgt_node_get_string(set.docs[0].root, "target"),
			hgt_node_get_string(set.docs[0].root, "action"));
		hgt_doc_set_release(&set);
	}
	assert_string_equal(text.data, expected);
	hgt_buf_release(&text);
}

static int acknowledge(struct rig *rig, uint64_t seq)
{
	struct hgt_cursor id = {.seq = seq};
	struct hgt_error err = {0};
	bool done = false;

	snprintf(id.journal, sizeof(id.journal), "%s", hgt_journal_id(rig->daemon.reader));
	assert_int_equal(commands_acknowledge(rig->daemon.agents, agent_of(rig), &id, added, &done, &err), 0);
	rig_settle(rig);
	return done ? 0 : -1;
}

static void asked_and_acknowledged(void **state)
{
	struct rig *rig = *state;
	struct hub_notice notice;
	struct heard heard = ask(rig, "web", "sync", NULL);
	struct commands_stats stats;
	uint64_t first;

	assert_int_equal(heard.code, 0);
	assert_non_null(strstr(heard.commands, "\"target\":\"web\",\"action\":\"sync\",\"revision\":null,\"actor\":\"alice\",\"time\":\""));
	assert_int_equal(ask(rig, NULL, "suspend", NULL).code, 0);
	assert_int_equal(ask(rig, "web", "sync", NULL).code, 0);
	/* Never taken together. */
	pending(rig, "web sync, web suspend, db suspend, web sync");
	rig_restart(rig);
	pending(rig, "web sync, web suspend, db suspend, web sync");
	commands_stats(rig->daemon.agents, &stats);
	assert_int_equal(stats.pending, 4);
	assert_true(commands_notice(agent_of(rig), 0, &notice));
	first = notice.number;
	assert_int_equal(acknowledge(rig, first + 1), 0);
	pending(rig, "web sync, db suspend, web sync");
	assert_int_equal(acknowledge(rig, first), 0);
	assert_int_equal(acknowledge(rig, first), 0);
	pending(rig, "db suspend, web sync");
	rig_restart(rig);
	pending(rig, "db suspend, web sync");
}

static void what_is_not_there(void **state)
{
	struct rig *rig = *state;
	struct heard heard = ask_in(rig, "web2", NULL, "web", "sync", NULL);

	assert_int_equal(heard.code, HGT_ENOENT);
	assert_string_equal(heard.message, "there is no agent web2");
	heard = ask(rig, "mail", "sync", NULL);
	assert_int_equal(heard.code, HGT_ENOENT);
	assert_string_equal(heard.name, "target-not-found");
	assert_string_equal(heard.message, "agent web1 has announced no target mail");
	announce(rig, NULL, 0);
	assert_string_equal(ask(rig, NULL, "sync", NULL).message, "agent web1 has announced no target");
	pending(rig, "");
}

static struct scope *scope_of(const char *text)
{
	struct scope *scope = NULL;
	struct hgt_doc_set set;

	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(text, strlen(text), &set, NULL), 0);
	assert_int_equal(scope_parse(set.docs[0].root, NULL, &scope, NULL), 0);
	hgt_doc_set_release(&set);
	return scope;
}

/* What lies outside is answered as what is not there, and is not reached by asking for all. */
static void within_a_scope(void **state)
{
	struct rig *rig = *state;
	struct scope *web = scope_of("{\"paths\":[\"web\"]}"), *none = scope_of("{\"repos\":[\"other\"]}");
	struct heard heard = ask_in(rig, "web1", web, "db", "sync", NULL);

	assert_string_equal(heard.message, "agent web1 has announced no target db");
	assert_int_equal(ask_in(rig, "web1", web, NULL, "sync", NULL).code, 0);
	pending(rig, "web sync");
	heard = ask_in(rig, "web1", none, NULL, "sync", NULL);
	assert_string_equal(heard.message, "there is no agent web1");
	heard = ask_in(rig, "web1", none, "web", "sync", NULL);
	assert_string_equal(heard.message, "there is no agent web1");
	pending(rig, "web sync");
	scope_unref(web);
	scope_unref(none);
}

static void revisions(void **state)
{
	static const char *const good[][2] = {{"main", "main"}, {"refs/heads/main", "main"}, {"main~1", "main~1"}, {"v1", "main~2"}, {"main^^", "main~2"}};
	static const char *const bad[] = {"side", "v2", "main~3", "0123456789012345678901234567890123456789", "main^2", "HEAD~9"};
	struct rig *rig = *state;
	struct heard heard;
	char *id;

	for (size_t i = 0; i < N_OF(good); i++) {
		char script[128];

		snprintf(script, sizeof(script), "git -C git/infra/prod.git rev-parse %s", good[i][1]);
		id = rig_sh(rig, script);
		heard = ask(rig, NULL, "sync", good[i][0]);
		assert_int_equal(heard.code, 0);
		/* Of both targets. */
		assert_non_null(strstr(heard.commands, id));
		assert_non_null(strstr(strstr(heard.commands, id) + 1, id));
		/* An id is a name for itself, and so is its beginning. */
		assert_int_equal(ask(rig, "web", "sync", id).code, 0);
		id[10] = '\0';
		assert_int_equal(ask(rig, "web", "sync", id).code, 0);
		free(id);
	}
	for (size_t i = 0; i < N_OF(bad); i++) {
		char expected[160];

		heard = ask(rig, "db", "sync", bad[i]);
		snprintf(expected, sizeof(expected), "target db: %s names no commit in the history of refs/heads/main", bad[i]);
		if (heard.code != HGT_ENOENT)
			fail_msg("%s: %d %s", bad[i], heard.code, heard.commands);
		assert_string_equal(heard.name, "revision-not-found");
		assert_string_equal(heard.message, expected);
	}
	/* Where a branch was once is not where it has been. */
	free(rig_sh(rig, "git -C git/infra/prod.git update-ref refs/heads/main refs/heads/side"));
	assert_int_equal(ask(rig, "db", "sync", "main~1").code, 0);
	assert_int_equal(ask(rig, "db", "sync", "v1").code, 0);
	free(rig_sh(rig, "git -C git/infra/prod.git update-ref -d refs/heads/main"));
	assert_int_equal(ask(rig, "db", "sync", "v1").code, HGT_ENOENT);
}

/* A target takes so many and no more; none of an order that does not fit is taken. */
static void a_bound(void **state)
{
	struct rig *rig = *state;
	struct hub_notice notice;
	struct commands_stats stats;
	struct heard heard;

	for (int i = 0; i < COMMANDS_MAX; i++)
		assert_int_equal(ask(rig, "web", "sync", NULL).code, 0);
	heard = ask(rig, "web", "sync", NULL);
	assert_int_equal(heard.code, HGT_ECONFLICT);
	assert_string_equal(heard.name, "too-many-commands");
	assert_int_equal(ask(rig, NULL, "sync", NULL).code, HGT_ECONFLICT);
	commands_stats(rig->daemon.agents, &stats);
	assert_int_equal(stats.pending, COMMANDS_MAX);
	assert_int_equal(agent_of(rig)->commands.n, COMMANDS_MAX);
	assert_true(commands_notice(agent_of(rig), 0, &notice));
	assert_int_equal(acknowledge(rig, notice.number), 0);
	assert_int_equal(ask(rig, NULL, "sync", NULL).code, 0);
}

/* Those on their way to the disk count. */
static void a_bound_on_those_that_are_on_their_way(void **state)
{
	const struct command_spec spec = {.target = "web", .action = "sync"};
	struct heard heard[COMMANDS_MAX + 8] = {{.told = false}};
	struct rig *rig = *state;
	size_t well = 0;

	for (size_t i = 0; i < N_OF(heard); i++)
		commands_request(rig->daemon.agents, "web1", NULL, &spec, "alice", hear, &heard[i]);
	rig_settle(rig);
	for (size_t i = 0; i < N_OF(heard); i++) {
		assert_true(heard[i].told);
		well += heard[i].code == 0;
		assert_true(heard[i].code == 0 || !strcmp(heard[i].name, "too-many-commands"));
	}
	assert_int_equal(well, COMMANDS_MAX);
}

/* The agent is removed, or its targets are others, while a revision is being looked up. */
static void while_it_is_looked_up(void **state)
{
	struct announced_target other = {.name = "web", .repo = "infra/prod", .ref = "refs/heads/side", .path = "web", .driver = "files", .sync = "auto"};
	const struct command_spec spec = {.target = "web", .action = "sync", .revision = "main"};
	struct rig *rig = *state;
	struct heard heard = {0}, gone = {0};
	struct hgt_error err = {0};
	bool done = false;

	commands_request(rig->daemon.agents, "web1", NULL, &spec, "alice", hear, &heard);
	/* Nothing has come back from the worker yet: that is the loop's to take. */
	{
		bool changed;

		assert_int_equal(agent_set_info(agent_of(rig), "i", "{\"targets\":[{\"name\":\"web\",\"repo\":\"infra/prod\",\"ref\":"
			"\"refs/heads/side\",\"path\":\"web\",\"driver\":\"files\",\"sync\":\"auto\"}]}", &changed, &err), 0);
	}
	rig_settle(rig);
	assert_true(heard.told);
	assert_int_equal(heard.code, HGT_ECONFLICT);
	assert_string_equal(heard.message, "agent web1 has announced target web anew meanwhile; ask again");
	announce(rig, &other, 1);
	commands_request(rig->daemon.agents, "web1", NULL, &(struct command_spec){.action = "sync", .revision = "side"}, "alice", hear, &gone);
	assert_int_equal(agents_remove(rig->daemon.agents, "web1", added, &done, &err), 0);
	rig_settle(rig);
	assert_true(gone.told && done);
	assert_int_equal(gone.code, HGT_ENOENT);
	assert_null(agent_of(rig));
}

/* With the agent its commands go, those of another of the same name are its own. */
static void removal(void **state)
{
	char *allow[] = {(char *)"infra/**"};
	const struct agent_spec spec = {.name = "web1", .kind = "host", .allow = {allow, 1}};
	struct rig *rig = *state;
	char token[AGENT_TOKEN_MAX];
	struct hgt_error err = {0};
	bool done = false;

	assert_int_equal(ask(rig, NULL, "sync", NULL).code, 0);
	assert_int_equal(agents_remove(rig->daemon.agents, "web1", added, &done, &err), 0);
	rig_settle(rig);
	assert_true(done);
	assert_int_equal(agents_add(rig->daemon.agents, &spec, token, added, &done, &err), 0);
	rig_settle(rig);
	pending(rig, "");
	rig_restart(rig);
	pending(rig, "");
}

static struct subscriber *only_stream(struct rig *rig)
{
	struct hub *hub = rig->daemon.hub;

	for (size_t i = 0; i < BOOKMARK_SLOTS; i++)
		if (!LIST_EMPTY(&hub->slots[i]))
			return LIST_FIRST(&hub->slots[i]);
	fail_msg("there is no stream");
	return NULL;
}

/* Each command is told once and in order, and no event is lost over it, whether the stream is current, asleep or behind. */
static void told_beside_events(void **state)
{
	struct rig *rig = *state;
	struct client c = client_get(rig, "/v1/events?last=0&repo=a", STREAM);
	struct subscriber *s;
	size_t n = 0, at = 0;

	client_until(&c, "text/event-stream");
	s = only_stream(rig);
	s->notice = commands_notice;
	s->ctx = agent_of(rig);
	agent_of(rig)->stream = s;
	for (int round = 0; round < 12; round++) {
		c.paused = round % 3 == 1;
		rig_publish_many(rig, round % 2 ? 150 : 1, "x", 3000);
		assert_int_equal(ask(rig, NULL, round % 2 ? "sync" : "suspend", NULL).code, 0);
		rig_publish_many(rig, 1, "x", 10);
	}
	c.paused = false;
	client_until_count(&c, "event: " HGT_STREAM_COMMAND "\n", 24);
	client_until_count(&c, "event: " HGT_EVENT_REF_UPDATED "\n", 6 * 151 + 12);
	client_not(&c, "event: reset");
	assert_int_equal(client_count(&c, "event: " HGT_STREAM_COMMAND "\n"), 24);
	assert_int_equal(client_count(&c, "event: " HGT_EVENT_REF_UPDATED "\n"), 6 * 151 + 12);
	for (struct hub_notice notice = {0}; commands_notice(agent_of(rig), notice.number, &notice); n++) {
		const char *found = memmem(c.got.data + at, c.got.len - at, notice.data, notice.len);

		assert_non_null(found);
		at = (size_t)(found - c.got.data) + notice.len;
	}
	assert_int_equal(n, 24);
	agent_of(rig)->stream = NULL;
	client_close(&c);
}

static void without_memory(void **state)
{
	/* libgit2 does not bear to be without memory when it looks up a revision. */
	const struct command_spec spec = {.action = "sync"};
	struct rig *rig = *state;
	bool failed = true;

	for (long n = 1; failed; n++) {
		struct hub_notice notice = {0};
		struct heard heard = {0};

		fail_alloc_at(n);
		commands_request(rig->daemon.agents, "web1", NULL, &spec, "alice", hear, &heard);
		rig_settle(rig);
		failed = fail_alloc_off();
		assert_true(heard.told);
		assert_true(heard.code == 0 || failed);
		/* What is in memory is on disk, and of each order all or nothing. */
		rig_restart(rig);
		assert_true(agent_of(rig)->commands.n == (heard.code == 0 ? 2 : 0));
		while (commands_notice(agent_of(rig), 0, &notice))
			assert_int_equal(acknowledge(rig, notice.number), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asked_and_acknowledged, start, stop),
		cmocka_unit_test_setup_teardown(what_is_not_there, start, stop),
		cmocka_unit_test_setup_teardown(within_a_scope, start, stop),
		cmocka_unit_test_setup_teardown(revisions, start, stop),
		cmocka_unit_test_setup_teardown(a_bound, start, stop),
		cmocka_unit_test_setup_teardown(a_bound_on_those_that_are_on_their_way, start, stop),
		cmocka_unit_test_setup_teardown(while_it_is_looked_up, start, stop),
		cmocka_unit_test_setup_teardown(removal, start, stop),
		cmocka_unit_test_setup_teardown(told_beside_events, start, stop),
		cmocka_unit_test_setup_teardown(without_memory, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
