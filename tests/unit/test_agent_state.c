/* agent/state, agent/outcome, agent/pause: what is kept, what is told, and how long is waited. */
#include "agent/state.h"

#include <unistd.h>

#include "agent/outcome.h"
#include "agent/pause.h"
#include "base/io.h"
#include "doc/doc.h"
#include "tests/unit/unit.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define TREE "fedcba9876543210fedcba9876543210fedcba98"

static void has_one_instance(void **state)
{
	char *folder = unit_path(*state, "a/b"), *file = unit_path(*state, "a/b/instance");
	char first[STATE_INSTANCE_HEX + 1], again[STATE_INSTANCE_HEX + 1];
	struct hgt_error err = {0};
	int lock, second;

	assert_int_equal(state_open(folder, &lock, first, &err), 0);
	assert_int_equal(strlen(first), STATE_INSTANCE_HEX);
	assert_int_equal(state_open(folder, &second, again, &err), HGT_ECONFLICT);
	assert_non_null(strstr(err.message, folder));
	close(lock);
	assert_int_equal(state_open(folder, &lock, again, &err), 0);
	assert_string_equal(again, first);
	close(lock);
	/* what was cut is made anew */
	assert_int_equal(hgt_write_file(file, first, 7, 0600, NULL), 0);
	assert_int_equal(state_open(folder, &lock, again, &err), 0);
	assert_string_not_equal(again, first);
	close(lock);
	free(file);
	free(folder);
}

static void store(const struct state *s, const char *file)
{
	struct hgt_buf text = HGT_BUF_INIT;

	state_write(s, "/into", "infra", &text);
	assert_int_equal(hgt_write_file(file, text.data, text.len, 0600, NULL), 0);
	hgt_buf_release(&text);
}

static void keeps_what_it_knows(void **state)
{
	char *file = unit_path(*state, "state.json");
	struct state s, again;
	struct hgt_error err = {0};

	state_init(&s);
	state_init(&again);
	assert_int_equal(state_load(&s, file, "/into", "infra", &err), 0);
	assert_string_equal(s.applied, "");
	memcpy(s.applied, COMMIT, sizeof(COMMIT));
	memcpy(s.tree, TREE, sizeof(TREE));
	s.unfinished = true;
	assert_int_equal(state_add_report(&s, strdup("{\"target\":\"a\\n\"}"), &err), 0);
	assert_int_equal(state_add_report(&s, strdup("{\"target\":\"b\"}"), &err), 0);
	store(&s, file);

	assert_int_equal(state_load(&again, file, "/into", "infra", &err), 0);
	assert_string_equal(again.applied, COMMIT);
	assert_string_equal(again.tree, TREE);
	assert_true(again.unfinished);
	assert_false(again.moved);
	assert_int_equal(again.reports.n, 2);
	assert_string_equal(again.reports.items[0], "{\"target\":\"a\\n\"}");
	state_drop_report(&again);
	assert_string_equal(again.reports.items[0], "{\"target\":\"b\"}");
	state_release(&again);

	/* another repository: the revision means nothing, the content may still be right; another folder: nothing holds */
	assert_int_equal(state_load(&again, file, "/into", "other", &err), 0);
	assert_string_equal(again.applied, "");
	assert_string_equal(again.tree, TREE);
	state_release(&again);
	assert_int_equal(state_load(&again, file, "/elsewhere", "infra", &err), 0);
	assert_string_equal(again.tree, "");
	assert_true(again.moved);
	state_release(&again);
	state_release(&s);
	free(file);
}

static void refuses_what_is_damaged(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{}", "{\"v\":2,\"into\":\"/into\",\"repo\":\"infra\",\"after_due\":false}",
		"{\"v\":1,\"into\":\"/into\",\"repo\":\"infra\"}",
	};
	char *file = unit_path(*state, "state.json");

	for (size_t i = 0; i < N_OF(texts); i++) {
		struct hgt_error err = {0};
		struct state s;

		state_init(&s);
		assert_int_equal(hgt_write_file(file, texts[i], strlen(texts[i]), 0600, NULL), 0);
		assert_int_equal(state_load(&s, file, "/into", "infra", &err), HGT_ECORRUPT);
		assert_non_null(strstr(err.message, "is damaged"));
		state_release(&s);
	}
	free(file);
}

static void bounds_its_reports(void **state)
{
	struct state s;

	(void)state;
	state_init(&s);
	for (int i = 0; i < STATE_REPORTS_MAX + 10; i++) {
		char text[32];

		snprintf(text, sizeof(text), "{\"n\":%d}", i);
		assert_int_equal(state_add_report(&s, strdup(text), NULL), 0);
	}
	assert_int_equal(s.reports.n, STATE_REPORTS_MAX);
	/* the first may be on its way */
	assert_string_equal(s.reports.items[0], "{\"n\":0}");
	assert_string_equal(s.reports.items[1], "{\"n\":11}");
	assert_string_equal(s.reports.items[STATE_REPORTS_MAX - 1], "{\"n\":41}");
	state_release(&s);
}

static const struct outcome plain = {.sync = "Synced", .health = "Healthy", .operation = "Succeeded", .desired = COMMIT, .applied = COMMIT,
	.observed = COMMIT, .tool = "files", .message = "done", .started_ms = 1000, .finished_ms = 2000, .added = 1, .modified = 2, .removed = 3};

static void tells(void **state)
{
	struct outcome failed = {.sync = "OutOfSync", .health = "Degraded", .operation = "Failed", .cause = "pending", .desired = COMMIT,
		.applied = "", .pinned = COMMIT, .tool = "files", .message = "no", .output = "said", .output_len = 4, .has_exit_status = true, .exit_status = 3,
		.started_ms = 1000};
	struct hgt_buf text = HGT_BUF_INIT;

	(void)state;
	outcome_write(&plain, "web", true, &text);
	assert_string_equal(text.data, "{\"target\":\"web\",\"sync\":\"Synced\",\"health\":\"Healthy\",\"operation\":\"Succeeded\","
		"\"desired\":\"" COMMIT "\",\"applied\":\"" COMMIT "\",\"observed\":\"" COMMIT "\",\"cause\":null,\"message\":\"done\","
		"\"tool\":\"files\",\"version\":\"" HGT_VERSION "\",\"exit_status\":null,\"started\":\"1970-01-01T00:00:01.000Z\","
		"\"finished\":\"1970-01-01T00:00:02.000Z\",\"changes\":{\"added\":1,\"modified\":2,\"removed\":3},\"request\":null,\"suspended\":false,\"pinned\":null,\"next\":null,"
		"\"truncated\":false}");
	hgt_buf_reset(&text);
	outcome_write(&failed, "web", true, &text);
	assert_string_equal(text.data, "{\"target\":\"web\",\"sync\":\"OutOfSync\",\"health\":\"Degraded\",\"operation\":\"Failed\","
		"\"desired\":\"" COMMIT "\",\"applied\":null,\"observed\":null,\"cause\":\"pending\",\"message\":\"no\\nsaid\","
		"\"tool\":\"files\",\"version\":\"" HGT_VERSION "\",\"exit_status\":3,\"started\":\"1970-01-01T00:00:01.000Z\","
		"\"finished\":null,\"changes\":{\"added\":0,\"modified\":0,\"removed\":0},\"request\":null,"
		"\"suspended\":false,\"pinned\":\"" COMMIT "\",\"next\":null,\"truncated\":false}");
	hgt_buf_release(&text);
}

static void is_the_same_at_another_time(void **state)
{
	struct outcome later = plain;
	struct hgt_buf a = HGT_BUF_INIT, b = HGT_BUF_INIT;

	(void)state;
	later.started_ms = later.finished_ms = 5000;
	outcome_write(&plain, "web", false, &a);
	outcome_write(&later, "web", false, &b);
	assert_string_equal(a.data, b.data);
	hgt_buf_release(&a);
	hgt_buf_release(&b);
}

static void is_never_too_long(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct outcome o = plain;
	struct hgt_doc_set set;
	static char output[16 * 1024];
	bool truncated;

	(void)state;
	memset(output, 1, sizeof(output));
	output[sizeof(output) - 1] = 'z';
	o.output = output;
	o.output_len = sizeof(output);
	outcome_write(&o, "web", true, &text);
	assert_true(text.len <= OUTCOME_REPORT_MAX);
	assert_non_null(strstr(text.data, "\\u0001z\""));
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(text.data, text.len, &set, NULL), 0);
	assert_true(hgt_node_get_bool(set.docs[0].root, "truncated", &truncated));
	assert_true(truncated);
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
}

static void waits_longer_each_time(void **state)
{
	struct pause pause;

	(void)state;
	pause_init(&pause, 500, 30000);
	for (int64_t due = 500;; due *= 2) {
		int64_t top = due < 30000 ? due : 30000, ms = pause_next(&pause);

		assert_true(ms >= top / 2 && ms <= top);
		if (due > 100000)
			break;
	}
	pause_reset(&pause);
	assert_true(pause_next(&pause) <= 500);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_make, unit_folder_remove)

/* What was asked of a target is there after a restart, wherever the target is by then; what is damaged is told. */
static void keeps_what_was_asked(void **state)
{
	char *file = unit_path(*state, "state.json");
	struct state_command *command;
	struct state s, again;
	struct hgt_error err = {0};

	state_init(&s);
	state_init(&again);
	s.suspended = true;
	memcpy(s.pin, COMMIT, sizeof(COMMIT));
	memcpy(s.pin_ref, TREE, sizeof(TREE));
	assert_int_equal(state_add_command(&s, "j.1", &command, &err), 0);
	command->acknowledged = true;
	assert_int_equal(state_add_command(&s, "j.2", &command, &err), 0);
	assert_int_equal(state_add_request(&s, "j.1", "", &err), 0);
	assert_int_equal(state_add_request(&s, "j.2", COMMIT, &err), 0);
	store(&s, file);

	assert_int_equal(state_load(&again, file, "/into", "infra", &err), 0);
	assert_true(again.suspended);
	assert_string_equal(again.pin, COMMIT);
	assert_string_equal(again.pin_ref, TREE);
	assert_true(state_find_command(&again, "j.1")->acknowledged);
	assert_false(state_find_command(&again, "j.2")->acknowledged);
	assert_null(state_find_command(&again, "j.3"));
	assert_int_equal(again.n_requests, 2);
	assert_string_equal(again.requests[0].revision, "");
	state_end_request(&again);
	assert_string_equal(again.requests[0].id, "j.2");
	assert_string_equal(again.requests[0].revision, COMMIT);
	state_end_request(&again);
	state_release(&again);

	assert_int_equal(state_load(&again, file, "/elsewhere", "infra", &err), 0);
	assert_true(again.moved);
	assert_true(again.suspended);
	assert_int_equal(again.n_requests, 2);
	assert_string_equal(again.pin, "");
	state_release(&again);
	assert_int_equal(hgt_write_file(file, "{\"v\":1,\"into\":\"/into\",\"repo\":\"infra\",\"suspended\":1}", 52, 0600, NULL), 0);
	assert_int_equal(state_load(&again, file, "/into", "infra", &err), HGT_ECORRUPT);
	state_release(&again);
	state_release(&s);
	free(file);
}

/* The daemon tells again what was not acknowledged; those are never forgotten, the others are. */
static void remembers_commands_that_may_come_again(void **state)
{
	struct state_command *command;
	struct state s;
	struct hgt_error err = {0};
	char id[32], longest[STATE_COMMAND_ID_MAX + 2];

	(void)state;
	state_init(&s);
	for (int i = 0; i < 3 * STATE_COMMANDS_MAX; i++) {
		snprintf(id, sizeof(id), "j.%d", i);
		assert_int_equal(state_add_command(&s, id, &command, &err), 0);
		command->acknowledged = i != 7;
		assert_true(s.n_commands <= STATE_COMMANDS_MAX);
	}
	assert_non_null(state_find_command(&s, "j.7"));
	assert_null(state_find_command(&s, "j.8"));
	for (size_t i = 0; i < s.n_commands; i++)
		s.commands[i].acknowledged = false;
	assert_int_equal(state_add_command(&s, "j.x", &command, &err), HGT_ELIMIT);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(state_add_command(&s, longest, &command, &err), HGT_ELIMIT);
	for (int i = 0; i < STATE_REQUESTS_MAX; i++)
		assert_int_equal(state_add_request(&s, "j.1", "", &err), 0);
	assert_int_equal(state_add_request(&s, "j.1", "", &err), HGT_ELIMIT);
	state_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(has_one_instance), IN_FOLDER(keeps_what_it_knows), IN_FOLDER(refuses_what_is_damaged),
		IN_FOLDER(keeps_what_was_asked), cmocka_unit_test(remembers_commands_that_may_come_again),
		cmocka_unit_test(bounds_its_reports), cmocka_unit_test(tells), cmocka_unit_test(is_the_same_at_another_time),
		cmocka_unit_test(is_never_too_long), cmocka_unit_test(waits_longer_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
