/* daemon/tokens and daemon/secret: roles, rotation, what is found after a restart. */
#include "daemon/tokens.h"

#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/hub.h"
#include "daemon/messages.h"
#include "daemon/scope.h"
#include "doc/doc.h"
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
};

static void tell(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	struct outcome *outcome = ctx;

	(void)seq;
	(void)err;
	outcome->told = true;
	outcome->code = code;
}

static int settle(struct rig *rig, int code, const struct outcome *outcome)
{
	if (code < 0)
		return code;
	rig_settle(rig);
	assert_true(outcome->told);
	return outcome->code;
}

static int add(struct rig *rig, const char *json, char text[SECRET_MAX])
{
	struct outcome outcome = {0};
	struct token_spec spec;
	struct hgt_doc_set set;
	struct hgt_error err = {0};
	int code;

	hgt_doc_set_init(&set);
	code = message_token_spec(json, strlen(json), &set, &spec, &err);
	if (code == 0)
		code = tokens_add(rig->daemon.tokens, &spec, text, tell, &outcome, &err);
	if (code == 0)
		assert_null(tokens_authenticate(rig->daemon.tokens, text));	/* not before it is on disk */
	code = settle(rig, code, &outcome);
	hgt_doc_set_release(&set);
	return code;
}

static int rotate(struct rig *rig, const char *name, uint64_t overlap, char text[SECRET_MAX])
{
	struct outcome outcome = {0};
	int code = tokens_rotate(rig->daemon.tokens, name, overlap, text, tell, &outcome, NULL);

	return settle(rig, code, &outcome);
}

static void test_roles(void **state)
{
	struct rig *rig = *state;
	char one[SECRET_MAX], two[SECRET_MAX], other[SECRET_MAX];
	const struct token *token;

	assert_int_equal(add(rig, "{\"name\":\"one\",\"role\":\"viewer\",\"repos\":[\"a\"]}", one), 0);
	assert_int_equal(add(rig, "{\"name\":\"two\",\"role\":\"admin\"}", two), 0);
	assert_int_equal(add(rig, "{\"name\":\"two\",\"role\":\"admin\"}", other), HGT_ECONFLICT);
	assert_int_equal(add(rig, "{\"name\":\"three\",\"role\":\"admin\",\"paths\":[\"x\"]}", other), HGT_EINVAL);
	assert_int_equal(add(rig, "{\"name\":\"three\",\"role\":\"root\"}", other), HGT_EPARSE);
	assert_int_equal(add(rig, "{\"name\":\"three\"}", other), HGT_EPARSE);
	assert_int_equal(add(rig, "{\"name\":\"A\",\"role\":\"viewer\"}", other), HGT_EPARSE);
	assert_int_equal(strncmp(one, HGT_ROLE_TOKEN_PREFIX, strlen(HGT_ROLE_TOKEN_PREFIX)), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		token = tokens_authenticate(rig->daemon.tokens, one);
		assert_non_null(token);
		assert_int_equal(token->role, ROLE_VIEWER);
		assert_true(scope_has_repo(token->scope, "a"));
		assert_false(scope_has_repo(token->scope, "b"));
		token = tokens_authenticate(rig->daemon.tokens, two);
		assert_int_equal(token->role, ROLE_ADMIN);
		assert_true(scope_is_all(token->scope));
		/* Neither is the other's kind. */
		assert_null(agents_authenticate(rig->daemon.agents, one));
		one[SECRET_MAX - 2] ^= 1;
		assert_null(tokens_authenticate(rig->daemon.tokens, one));
		one[SECRET_MAX - 2] ^= 1;
		assert_null(tokens_authenticate(rig->daemon.tokens, ""));
		rig_restart(rig);
	}
}

static void test_removed(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome = {0};
	char text[SECRET_MAX];

	assert_int_equal(add(rig, "{\"name\":\"one\",\"role\":\"viewer\"}", text), 0);
	assert_int_equal(tokens_remove(rig->daemon.tokens, "two", tell, &outcome, NULL), HGT_ENOENT);
	assert_int_equal(tokens_remove(rig->daemon.tokens, "one", tell, &outcome, NULL), 0);
	/* From the moment that it is asked for. */
	assert_null(tokens_authenticate(rig->daemon.tokens, text));
	rig_settle(rig);
	assert_int_equal(outcome.code, 0);
	assert_int_equal(rotate(rig, "one", 10, text), HGT_ENOENT);
	rig_restart(rig);
	assert_null(tokens_authenticate(rig->daemon.tokens, text));
	assert_int_equal(add(rig, "{\"name\":\"one\",\"role\":\"operator\"}", text), 0);
}

static void test_rotated(void **state)
{
	struct rig *rig = *state;
	char first[SECRET_MAX], second[SECRET_MAX], third[SECRET_MAX];

	assert_int_equal(add(rig, "{\"name\":\"one\",\"role\":\"viewer\"}", first), 0);
	assert_int_equal(rotate(rig, "one", 3600, second), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_non_null(tokens_authenticate(rig->daemon.tokens, first));
		assert_non_null(tokens_authenticate(rig->daemon.tokens, second));
		rig_restart(rig);
	}
	/* The one before the last goes at once, and without overlap the last does too. */
	assert_int_equal(rotate(rig, "one", 0, third), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_null(tokens_authenticate(rig->daemon.tokens, first));
		assert_null(tokens_authenticate(rig->daemon.tokens, second));
		assert_non_null(tokens_authenticate(rig->daemon.tokens, third));
		rig_restart(rig);
	}
}

/* While one is on its way to the disk neither counts, and another is refused. */
static void test_rotation_under_way(void **state)
{
	struct rig *rig = *state;
	struct outcome outcome = {0};
	char first[SECRET_MAX], second[SECRET_MAX], third[SECRET_MAX];

	assert_int_equal(add(rig, "{\"name\":\"one\",\"role\":\"viewer\"}", first), 0);
	assert_int_equal(tokens_rotate(rig->daemon.tokens, "one", 0, second, tell, &outcome, NULL), 0);
	assert_non_null(tokens_authenticate(rig->daemon.tokens, first));
	assert_null(tokens_authenticate(rig->daemon.tokens, second));
	assert_int_equal(tokens_rotate(rig->daemon.tokens, "one", 0, third, tell, &outcome, NULL), HGT_ECONFLICT);
	rig_settle(rig);
	assert_null(tokens_authenticate(rig->daemon.tokens, first));
	assert_non_null(tokens_authenticate(rig->daemon.tokens, second));
}

/* A stream knows which secret opened it; tests/e2e/doors.bats has it end with that. */
static void test_streams(void **state)
{
	struct rig *rig = *state;
	char first[SECRET_MAX], second[SECRET_MAX];
	struct token_stream *stream;
	struct token *token;

	assert_int_equal(add(rig, "{\"name\":\"one\",\"role\":\"viewer\"}", first), 0);
	token = token_ref(tokens_authenticate(rig->daemon.tokens, first));
	stream = token_stream_new(token);
	assert_non_null(stream);
	assert_int_equal(stream->generation, 0);
	assert_int_equal(rotate(rig, "one", 3600, second), 0);
	assert_int_equal(token->secret.generation, 1);
	token_stream_free(stream);
	token_unref(token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_roles), TEST(test_removed), TEST(test_rotated), TEST(test_rotation_under_way), TEST(test_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
