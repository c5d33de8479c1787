/* daemon/agents: the registry over a real store and journal. */
#include "daemon/agents.h"

#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/hub.h"
#include "daemon/messages.h"
#include "daemon/report.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/unit.h"

static int start(void **state)
{
	*state = malloc(sizeof(struct rig));
	assert_non_null(*state);
	rig_start(*state, "");
	return 0;
}

static int stop(void **state)
{
	rig_stop(*state);
	free(*state);
	return 0;
}

struct outcome {
	bool told;
	int code;
	uint64_t seq;
	char message[256];
};

static void tell(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	struct outcome *outcome = ctx;

	outcome->told = true;
	outcome->code = code;
	outcome->seq = seq;
	if (code < 0)
		snprintf(outcome->message, sizeof(outcome->message), "%.255s", err->message);
}

static int add(struct rig *rig, const char *name, char token[AGENT_TOKEN_MAX])
{
	char *allow[] = {(char *)"infra/**"};
	const struct agent_spec spec = {.name = name, .kind = "host", .allow = {allow, 1}};
	struct outcome outcome = {0};
	struct hgt_error err = {0};
	int code = agents_add(rig->daemon.agents, &spec, token, tell, &outcome, &err);

	if (code < 0)
		return code;
	/* Not before it is on disk. */
	assert_null(agents_authenticate(rig->daemon.agents, token));
	rig_settle(rig);
	assert_true(outcome.told);
	return outcome.code;
}

static int announce(struct rig *rig, struct agent *agent, const char *instance, const char *repo, struct hgt_error *err)
{
	struct announced_target target = {.name = "web", .repo = repo, .ref = "refs/heads/main", .path = "", .driver = "files", .sync = "auto"};
	const struct announcement said = {.version = "1", .host = "h", .instance = instance, .targets = &target, .n_targets = 1};
	struct outcome outcome = {0};
	int code = agents_announce(rig->daemon.agents, agent, &said, tell, &outcome, err);

	if (code < 0)
		return code;
	rig_settle(rig);
	assert_true(outcome.told);
	return outcome.code;
}

static int report(struct rig *rig, struct agent *agent, const char *target, uint64_t *seq)
{
	const struct report said = {.target = target, .sync = "Synced", .health = "Healthy", .operation = "Succeeded"};
	struct outcome outcome = {0};
	int code = agents_report(rig->daemon.agents, agent, &said, tell, &outcome, NULL);

	if (code < 0)
		return code;
	rig_settle(rig);
	*seq = outcome.seq;
	return outcome.code;
}

static void test_tokens(void **state)
{
	struct rig *rig = *state;
	struct agents *agents;
	char one[AGENT_TOKEN_MAX], two[AGENT_TOKEN_MAX], other[AGENT_TOKEN_MAX];

	assert_int_equal(add(rig, "one", one), 0);
	assert_int_equal(add(rig, "two", two), 0);
	assert_int_equal(add(rig, "one", other), HGT_ECONFLICT);
	assert_int_equal(strlen(one), 47);
	assert_memory_equal(one, "hga_", 4);
	assert_string_not_equal(one, two);
	agents = rig->daemon.agents;
	assert_string_equal(agents_authenticate(agents, one)->name, "one");
	assert_string_equal(agents_authenticate(agents, two)->name, "two");
	assert_null(agents_authenticate(agents, ""));
	assert_null(agents_authenticate(agents, "hga_"));
	assert_null(agents_authenticate(agents, one + 1));
	assert_null(agents_authenticate(agents, other));
	one[10] ^= 1;
	assert_null(agents_authenticate(agents, one));
	one[10] ^= 1;
	/* The token is nowhere on disk. */
	{
		char *script = malloc(200);
		char *found;

		assert_non_null(script);
		snprintf(script, 200, "grep -rlF -e '%s' state || true", one + 4);
		found = rig_sh(rig, script);
		assert_string_equal(found, "");
		free(found);
		free(script);
	}
	rig_restart(rig);
	assert_string_equal(agents_authenticate(rig->daemon.agents, one)->name, "one");
}

static void test_removed(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome = {0}, again = {0};
	char token[AGENT_TOKEN_MAX];
	struct agent *kept;
	size_t pos = 0;

	assert_int_equal(add(rig, "one", token), 0);
	kept = agent_ref(agents_authenticate(rig->daemon.agents, token));
	assert_int_equal(agents_remove(rig->daemon.agents, "two", tell, &again, NULL), HGT_ENOENT);
	assert_int_equal(agents_remove(rig->daemon.agents, "one", tell, &outcome, NULL), 0);
	/* At once, whatever the disk does. */
	assert_null(agents_authenticate(rig->daemon.agents, token));
	assert_int_equal(agents_remove(rig->daemon.agents, "one", tell, &again, NULL), HGT_ENOENT);
	rig_settle(rig);
	assert_true(outcome.told);
	assert_false(again.told);
	assert_int_equal(outcome.code, 0);
	assert_null(agents_next(rig->daemon.agents, &pos));
	assert_string_equal(kept->name, "one");
	agent_unref(kept);
	/* The name is free again, and the old token is not the new agent's. */
	{
		char new_token[AGENT_TOKEN_MAX];

		assert_int_equal(add(rig, "one", new_token), 0);
		assert_null(agents_authenticate(rig->daemon.agents, token));
	}
}

static void test_order(void **state)
{
	static const char *const names[] = {"m", "z", "a", "b", "y", "c", "x"};
	static const char *const sorted[] = {"a", "b", "c", "m", "x", "y", "z"};
	struct rig *rig = *state;
	char token[AGENT_TOKEN_MAX];
	size_t pos = 0;

	for (size_t i = 0; i < N_OF(names); i++)
		assert_int_equal(add(rig, names[i], token), 0);
	for (size_t i = 0; i < N_OF(sorted); i++)
		assert_string_equal(agents_next(rig->daemon.agents, &pos)->name, sorted[i]);
	assert_null(agents_next(rig->daemon.agents, &pos));
}

static void test_announced(void **state)
{
	struct rig *rig = *state;
	struct hgt_error err = {0};
	char token[AGENT_TOKEN_MAX];
	struct agent *agent;
	uint64_t seq = 0;

	assert_int_equal(add(rig, "one", token), 0);
	agent = agents_authenticate(rig->daemon.agents, token);
	assert_int_equal(report(rig, agent, "web", &seq), HGT_ENOENT);
	assert_int_equal(announce(rig, agent, "i1", "secret/prod", &err), HGT_EPERM);
	assert_non_null(strstr(err.message, "target web"));
	assert_int_equal(announce(rig, agent, "i1", "infra/prod", &err), 0);
	assert_int_equal(agent->n_targets, 1);
	assert_int_equal(report(rig, agent, "web", &seq), 0);
	assert_int_equal(seq, hub_head(rig->daemon.hub));
	assert_non_null(strstr(agent->targets[0].report, "\"sync\":\"Synced\""));
	/* It stays when the same target is announced again, and over a restart. */
	assert_int_equal(announce(rig, agent, "i2", "infra/prod", &err), 0);
	assert_non_null(agent->targets[0].report);
	rig_restart(rig);
	agent = agents_authenticate(rig->daemon.agents, token);
	assert_string_equal(agent->instance, "i2");
	assert_string_equal(agent->host, "h");
	assert_int_equal(agent->n_targets, 1);
	assert_non_null(strstr(agent->targets[0].report, "\"sync\":\"Synced\""));
	assert_true(agent->targets[0].reported_ms > 0);
	assert_true(agent_may_see(agent, "infra/a/b"));
	assert_false(agent_may_see(agent, "infra"));
}

/* What was reported is too old to go by when the agent has been away for long: three comparisons of the target, or what the config says. */
static void test_stale(void **state)
{
	struct agent agent = {.seen_ms = 1000000};
	struct agent_target target = {.compare_every = 60};
	char report[] = "{}";

	(void)state;
	assert_false(agent_target_is_stale(&agent, &target, 120, INT64_MAX / 2));	/* of nothing that could be */
	target.report = report;
	assert_false(agent_target_is_stale(&agent, &target, 120, agent.seen_ms + 180000));
	assert_true(agent_target_is_stale(&agent, &target, 120, agent.seen_ms + 180001));
	assert_false(agent_target_is_stale(&agent, &target, 300, agent.seen_ms + 300000));
	assert_true(agent_target_is_stale(&agent, &target, 300, agent.seen_ms + 300001));
	target.compare_every = 0;
	assert_true(agent_target_is_stale(&agent, &target, 120, agent.seen_ms + 120001));
	agent.stream = (struct subscriber *)&agent;
	assert_false(agent_target_is_stale(&agent, &target, 120, agent.seen_ms + 120001));
}

/* No agent fills the disk with reports; what it may save up comes back with time, up to a bound. */
static void test_allowance(void **state)
{
	struct rig *rig = *state;
	const struct report said = {.target = "web", .sync = "Synced", .health = "Healthy", .operation = "Succeeded"};
	struct hgt_error err = {0};
	char token[AGENT_TOKEN_MAX];
	struct agent *agent;
	uint64_t seq = 0;
	int64_t now;

	assert_int_equal(add(rig, "one", token), 0);
	agent = agents_authenticate(rig->daemon.agents, token);
	assert_int_equal(announce(rig, agent, "i1", "infra/prod", &err), 0);
	now = agent->allowance_ms;
	for (int i = 0; i < 60; i++)
		assert_true(agent_spend(agent, 64 * 1024, now));
	while (agent_spend(agent, 64 * 1024, now))
		;
	assert_false(agent_spend(agent, 64 * 1024, now + 100));
	assert_true(agent_spend(agent, 64 * 1024, now + 60 * 1000));
	now += 365 * 86400 * INT64_C(1000);
	for (int i = 0; i < 60; i++)
		assert_true(agent_spend(agent, 64 * 1024, now));
	for (int i = 0; i < 10; i++)
		(void)agent_spend(agent, 64 * 1024, now);
	assert_false(agent_spend(agent, 64 * 1024, now));
	/* Told as such, and over once there is something to spend. */
	agent->allowance = 0;
	agent->allowance_ms = hgt_time_mono_ms() + 3600 * 1000;
	assert_int_equal(agents_report(rig->daemon.agents, agent, &said, NULL, NULL, &err), HGT_EUNAVAILABLE);
	agent->allowance = 1024 * 1024;
	agent->allowance_ms = hgt_time_mono_ms();
	assert_int_equal(report(rig, agent, "web", &seq), 0);
}

static void test_one_instance(void **state)
{
	struct rig *rig = *state;
	/* Never looked into: the registry only compares it. */
	struct subscriber *stream = (struct subscriber *)rig;
	struct hgt_error err = {0};
	char token[AGENT_TOKEN_MAX];
	struct agent *agent;

	assert_int_equal(add(rig, "one", token), 0);
	agent = agents_authenticate(rig->daemon.agents, token);
	assert_int_equal(agents_may_stream(agent, "i1", &err), HGT_EINVAL);
	assert_int_equal(announce(rig, agent, "i1", "infra/prod", &err), 0);
	assert_int_equal(agents_may_stream(agent, "i1", &err), 0);
	agents_stream_opened(agent, stream, "192.0.2.7");
	assert_int_equal(announce(rig, agent, "i2", "infra/prod", &err), HGT_ECONFLICT);
	assert_non_null(strstr(err.message, "192.0.2.7"));
	assert_int_equal(agents_may_stream(agent, "i2", &err), HGT_ECONFLICT);
	assert_int_equal(announce(rig, agent, "i1", "infra/prod", &err), 0);
	agents_stream_closed(agent, stream);
	assert_null(agent->stream);
	assert_int_equal(announce(rig, agent, "i2", "infra/prod", &err), 0);
	assert_int_equal(agents_may_stream(agent, "i1", &err), HGT_EINVAL);
}

static void test_refused_once(void **state)
{
	struct rig *rig = *state;
	uint64_t before = hub_head(rig->daemon.hub);

	for (int i = 0; i < 5; i++)
		agents_refused(rig->daemon.agents, &(struct refused){.remote = "192.0.2.9"}, "a wrong token");
	agents_refused(rig->daemon.agents, &(struct refused){.agent = "one", .remote = "192.0.2.10"}, "a second instance");
	rig_settle(rig);
	assert_int_equal(hub_head(rig->daemon.hub), before + 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tokens), TEST(test_removed), TEST(test_order), TEST(test_announced), TEST(test_stale), TEST(test_allowance), TEST(test_one_instance),
		TEST(test_refused_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
