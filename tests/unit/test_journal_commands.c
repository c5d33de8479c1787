/* lib/journal/commands: kept until they are acknowledged, whatever retention, a backup or a restart does meanwhile. */
#include "journal/commands.h"

#include <sqlite3.h>

#include "base/timing.h"
#include "headgate/protocol.h"
#include "journal/backup.h"
#include "journal/lineage.h"
#include "journal/retention.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void well(int code, const struct hgt_error *err)
{
	if (code < 0)
		fail_msg("%d: %s", code, err->message);
}

static struct hgt_journal *open_for(const char *path, enum hgt_journal_mode mode)
{
	struct hgt_journal *j = NULL;
	struct hgt_error err = {0};

	well(hgt_journal_open(path, mode, &j, &err), &err);
	return j;
}

/* The event and the row of a command; its seq. */
static int ask(struct hgt_journal *j, const char *agent, const char *target, uint64_t *seq, struct hgt_error *err)
{
	struct hgt_buf subject = HGT_BUF_INIT, data = HGT_BUF_INIT, body = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&subject, "%s/%s", agent, target);
	hgt_buf_addf(&data, "{\"agent\":\"%s\",\"target\":\"%s\",\"action\":\"sync\",\"revision\":null,\"actor\":\"alice\"}", agent, target);
	code = subject.failed || data.failed ? hgt_error_nomem(err) : 0;
	if (code == 0)
		code = hgt_journal_append(j, "test", &(struct hgt_journal_entry){.type = HGT_EVENT_SYNC_REQUESTED, .subject = subject.data, .repo = "",
			.ref = "", .data = data.data, .data_len = data.len}, hgt_time_now_ms(), seq, NULL, err);
	if (code == 0) {
		hgt_buf_addf(&body, "{\"id\":\"%s.%llu\",\"target\":\"%s\",\"action\":\"sync\",\"revision\":null,\"actor\":\"alice\"}",
			hgt_journal_id(j), (unsigned long long)*seq, target);
		code = hgt_buf_check(&body, err);
	}
	if (code == 0)
		code = hgt_journal_command_add(j, &(struct hgt_command_row){.seq = *seq, .agent = agent, .target = target, .body = body.data,
			.body_len = body.len}, err);
	hgt_buf_release(&subject);
	hgt_buf_release(&data);
	hgt_buf_release(&body);
	return code;
}

static uint64_t asked(struct hgt_journal *j, const char *agent, const char *target)
{
	struct hgt_error err = {0};
	uint64_t seq = 0;

	well(hgt_journal_begin(j, &err), &err);
	well(ask(j, agent, target, &seq, &err), &err);
	well(hgt_journal_commit(j, &err), &err);
	return seq;
}

static int end(struct hgt_journal *j, const char *agent, const char *journal, uint64_t seq)
{
	struct hgt_cursor id = {.seq = seq};
	struct hgt_error err = {0};
	int code;

	snprintf(id.journal, sizeof(id.journal), "%s", journal);
	well(hgt_journal_begin(j, &err), &err);
	code = hgt_journal_command_end(j, agent, &id, &err);
	well(hgt_journal_commit(j, &err), &err);
	return code;
}

static int list_one(void *ctx, const struct hgt_command_row *command)
{
	struct hgt_buf *out = ctx;

	assert_int_equal(strlen(command->body), command->body_len);
	hgt_buf_addf(out, "%s%llu %s/%s", out->len ? ", " : "", (unsigned long long)command->seq, command->agent, command->target);
	return 0;
}

static void holds(struct hgt_journal *j, const char *expected)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err = {0};

	hgt_buf_adds(&text, "");
	well(hgt_journal_commands(j, list_one, &text, &err), &err);
	assert_string_equal(text.data, expected);
	hgt_buf_release(&text);
}

static void exec(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void compacted(struct hgt_journal *j, uint64_t upto)
{
	const struct hgt_retention limits = {.upto = upto, .needed = UINT64_MAX, .rows = 1000, .ms = 60000};
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_compaction gone = {0};
	struct hgt_error err = {0};
	uint64_t seq;

	well(hgt_journal_begin(j, &err), &err);
	well(hgt_journal_compact(j, &limits, hgt_time_now_ms(), &gone, &err), &err);
	assert_int_equal(gone.seq, upto);
	hgt_compaction_write(&gone, &data);
	well(hgt_journal_append(j, "test", &(struct hgt_journal_entry){.type = HGT_EVENT_JOURNAL_COMPACTED, .repo = "", .ref = "",
		.data = data.data, .data_len = data.len}, hgt_time_now_ms(), &seq, NULL, &err), &err);
	well(hgt_journal_commit(j, &err), &err);
	hgt_buf_release(&data);
}

static void verified(const char *path)
{
	struct hgt_error err = {0};
	uint64_t rows;

	well(hgt_journal_verify(path, &rows, &err), &err);
}

static void until_acknowledged(void **state)
{
	char *path = unit_path(*state, "journal.db"), id[HGT_JOURNAL_ID_HEX + 1];
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	uint64_t one = asked(j, "web1", "web"), two = asked(j, "web1", "db"), other = asked(j, "web10", "web");

	snprintf(id, sizeof(id), "%s", hgt_journal_id(j));
	holds(j, "1 web1/web, 2 web1/db, 3 web10/web");
	hgt_journal_close(j);
	verified(path);
	j = open_for(path, HGT_JOURNAL_WRITE);
	holds(j, "1 web1/web, 2 web1/db, 3 web10/web");
	/* Nobody's, another's, of another journal. */
	assert_int_equal(end(j, "web1", id, other), HGT_ENOENT);
	assert_int_equal(end(j, "web", id, one), HGT_ENOENT);
	assert_int_equal(end(j, "web1", id, 0), HGT_ENOENT);
	assert_int_equal(end(j, "web1", id, 4), HGT_ENOENT);
	assert_int_equal(end(j, "web1", id, UINT64_MAX), HGT_ENOENT);
	assert_int_equal(end(j, "web1", "0123456789abcdef", one), HGT_ENOENT);
	holds(j, "1 web1/web, 2 web1/db, 3 web10/web");
	/* Once, and as often as it likes. */
	assert_int_equal(end(j, "web1", id, one), 0);
	holds(j, "2 web1/db, 3 web10/web");
	assert_int_equal(end(j, "web1", id, one), 0);
	assert_int_equal(end(j, "web1", id, two), 0);
	holds(j, "3 web10/web");
	hgt_journal_close(j);
	verified(path);
	free(path);
}

static void past_retention(void **state)
{
	char *path = unit_path(*state, "journal.db"), id[HGT_JOURNAL_ID_HEX + 1];
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	uint64_t one = asked(j, "web1", "web"), two = asked(j, "web1", "db");

	snprintf(id, sizeof(id), "%s", hgt_journal_id(j));
	asked(j, "web2", "web");
	compacted(j, 2);
	holds(j, "1 web1/web, 2 web1/db, 3 web2/web");
	hgt_journal_close(j);
	verified(path);
	j = open_for(path, HGT_JOURNAL_WRITE);
	assert_int_equal(end(j, "web1", id, two), 0);
	holds(j, "1 web1/web, 3 web2/web");
	/* That it was one, nothing tells any more. */
	assert_int_equal(end(j, "web1", id, two), 0);
	assert_int_equal(end(j, "web1", id, one), 0);
	hgt_journal_close(j);
	verified(path);
	free(path);
}

/* The ids of commands outlive that of the journal. */
static void past_a_restore(void **state)
{
	char *path = unit_path(*state, "journal.db"), *copy = unit_path(*state, "copy.db"), id[HGT_JOURNAL_ID_HEX + 1];
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_backup backup;
	struct hgt_error err = {0};
	uint64_t one = asked(j, "web1", "web"), lost, seq;
	bool is_copy;

	snprintf(id, sizeof(id), "%s", hgt_journal_id(j));
	well(hgt_journal_backup(path, copy, &backup, &err), &err);
	/* One that the copy does not know, at a seq that will be another's. */
	lost = asked(j, "web1", "db");
	hgt_journal_close(j);
	j = open_for(copy, HGT_JOURNAL_WRITE);
	well(hgt_journal_begin(j, &err), &err);
	well(hgt_journal_take_over(j, &is_copy, &data, &err), &err);
	assert_true(is_copy);
	well(hgt_journal_append(j, "test", &(struct hgt_journal_entry){.type = HGT_EVENT_JOURNAL_RESTORED, .repo = "", .ref = "",
		.data = data.data, .data_len = data.len}, hgt_time_now_ms(), &seq, NULL, &err), &err);
	well(hgt_journal_commit(j, &err), &err);
	assert_int_equal(seq, lost);
	seq = asked(j, "web1", "new");
	holds(j, "1 web1/web, 3 web1/new");
	assert_string_not_equal(hgt_journal_id(j), id);
	assert_int_equal(end(j, "web1", hgt_journal_id(j), one), HGT_ENOENT);
	assert_int_equal(end(j, "web1", id, seq), HGT_ENOENT);
	assert_int_equal(end(j, "web1", id, lost), HGT_ENOENT);
	assert_int_equal(end(j, "web1", id, one), 0);
	assert_int_equal(end(j, "web1", hgt_journal_id(j), seq), 0);
	holds(j, "");
	hgt_journal_close(j);
	verified(copy);
	hgt_buf_release(&data);
	free(path);
	free(copy);
}

static void go_with_the_agent(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_error err = {0};

	asked(j, "web1", "web");
	asked(j, "web2", "web");
	well(hgt_journal_begin(j, &err), &err);
	well(hgt_journal_commands_forget(j, "web1", &err), &err);
	well(hgt_journal_commands_forget(j, "web3", &err), &err);
	well(hgt_journal_commit(j, &err), &err);
	holds(j, "2 web2/web");
	hgt_journal_close(j);
	free(path);
}

static void tampering_is_named(void **state)
{
	static const char *const harm[] = {
		"UPDATE commands SET agent = 'web2'",
		"UPDATE commands SET target = 'db'",
		"UPDATE commands SET body = 'x'",
		"UPDATE commands SET body = json_set(body, '$.id', 'x')",
		"UPDATE commands SET body = json_set(body, '$.target', 'db')",
		"UPDATE commands SET body = json_set(body, '$.action', 'resume')",
		"UPDATE commands SET body = json_set(body, '$.revision', 'x')",
		"UPDATE commands SET body = json_set(body, '$.actor', 'bob')",
		"UPDATE commands SET seq = 2",
		"INSERT INTO commands VALUES (7, 'web1', 'web', '{}')",
	};
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_error err = {0};
	uint64_t rows;

	asked(j, "web1", "web");
	hgt_journal_close(j);
	exec(path, "CREATE TABLE kept AS SELECT * FROM commands");
	for (size_t i = 0; i < N_OF(harm); i++) {
		verified(path);
		exec(path, harm[i]);
		if (hgt_journal_verify(path, &rows, &err) != HGT_ECORRUPT || !strstr(err.message, "is not what its event says"))
			fail_msg("%s: %s", harm[i], err.message);
		exec(path, "DELETE FROM commands; INSERT INTO commands SELECT * FROM kept");
	}
	/* Of a version that had no commands. */
	exec(path, "DROP TABLE commands");
	verified(path);
	free(path);
}

static void without_memory(void **state)
{
	char *path = unit_path(*state, "journal.db"), id[HGT_JOURNAL_ID_HEX + 1];
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_cursor cursor = {0};
	struct hgt_error err = {0};
	bool failed = true;

	snprintf(id, sizeof(id), "%s", hgt_journal_id(j));
	for (long n = 1; failed; n++) {
		int code;

		well(hgt_journal_begin(j, &err), &err);
		fail_alloc_at(n);
		code = ask(j, "web1", "web", &cursor.seq, NULL);
		memcpy(cursor.journal, id, sizeof(id));
		if (code == 0)
			code = hgt_journal_command_end(j, "web1", &cursor, NULL);
		failed = fail_alloc_off();
		assert_true(code == 0 || (failed && code == HGT_ENOMEM));
		hgt_journal_rollback(j);
	}
	holds(j, "");
	hgt_journal_close(j);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(until_acknowledged, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(past_retention, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(past_a_restore, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(go_with_the_agent, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(tampering_is_named, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(without_memory, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
