/* lib/journal: order, durability, what tampering is named, what failures leave behind. */
#include "journal/journal.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "headgate/protocol.h"
#include "journal/retention.h"
#include "base/timing.h"
#include "journal/retention.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define ZERO "0000000000000000000000000000000000000000"
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct hgt_journal *open_for(const char *path, enum hgt_journal_mode mode)
{
	struct hgt_journal *j = NULL;
	struct hgt_error err = {0};

	if (hgt_journal_open(path, mode, &j, &err) < 0)
		fail_msg("%s", err.message);
	return j;
}

static int append(struct hgt_journal *j, const char *ref, uint64_t *seq, struct hgt_error *err)
{
	struct hgt_buf data = HGT_BUF_INIT, subject = HGT_BUF_INIT;
	const struct hgt_ref_event event = {.repo = "infra", .ref = ref, .old_id = ZERO, .new_id = ID_A, .change = "create",
		.source = "hook"};
	int code;

	hgt_ref_event_write(&event, &data);
	hgt_buf_addf(&subject, "infra:%s", ref);
	code = data.failed || subject.failed ? HGT_ENOMEM : 0;
	if (code == 0)
		code = hgt_journal_append(j, "test", &(struct hgt_journal_entry){.type = "io.headgate.ref.updated.v1",
			.subject = subject.data, .repo = "infra", .ref = ref, .data = data.data, .data_len = data.len},
			1767323045678, seq, NULL, err);
	hgt_buf_release(&data);
	hgt_buf_release(&subject);
	return code;
}

/* A journal of n rows, the last of them about a ref whose name is no UTF-8. */
static void make_rows(const char *path, int n)
{
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	uint64_t seq = 0;

	for (int i = 0; i < n; i++) {
		assert_int_equal(hgt_journal_begin(j, NULL), 0);
		assert_int_equal(append(j, i == n - 1 ? "refs/heads/\xff" : "refs/heads/main", &seq, NULL), 0);
		assert_int_equal(seq, i + 1);
		assert_int_equal(hgt_journal_commit(j, NULL), 0);
	}
	hgt_journal_close(j);
}

static void exec(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static int count_row(void *ctx, const struct hgt_journal_row *row)
{
	uint64_t *last = ctx;

	assert_int_equal(row->seq, *last + 1);
	assert_int_equal(row->body_len, strlen(row->body));
	assert_string_equal(row->repo, "infra");
	*last = row->seq;
	return row->seq == 4 ? 1 : 0;
}

static int stop_row(void *ctx, const struct hgt_journal_row *row)
{
	(void)ctx, (void)row;
	return HGT_EPERM;
}

static int copy_body(void *ctx, const struct hgt_journal_row *row)
{
	hgt_buf_add(ctx, row->body, row->body_len);
	return 0;
}

static void appends_and_reads(void **state)
{
	char *path = unit_path(*state, "journal.db");
	uint64_t seq, rows, last = 0;
	struct hgt_journal *j, *reader;

	j = open_for(path, HGT_JOURNAL_WRITE);
	reader = open_for(path, HGT_JOURNAL_READ);
	assert_string_equal(hgt_journal_id(j), hgt_journal_id(reader));
	assert_int_equal(strlen(hgt_journal_id(j)), HGT_JOURNAL_ID_HEX);
	assert_int_equal(hgt_journal_head(reader, &seq, NULL), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(hgt_journal_tail(reader, &seq, NULL), 0);
	assert_int_equal(seq, 0);
	hgt_journal_close(j);
	make_rows(path, 6);
	assert_int_equal(hgt_journal_head(reader, &seq, NULL), 0);
	assert_int_equal(seq, 6);
	assert_int_equal(hgt_journal_tail(reader, &seq, NULL), 0);
	assert_int_equal(seq, 1);
	assert_int_equal(hgt_journal_read(reader, 0, 3, count_row, &last, NULL), 0);
	assert_int_equal(last, 3);
	assert_int_equal(hgt_journal_read(reader, 3, 100, count_row, &last, NULL), 0);
	assert_int_equal(last, 4);
	assert_int_equal(hgt_journal_read(reader, 4, SIZE_MAX, count_row, &last, NULL), 0);
	assert_int_equal(last, 6);
	assert_int_equal(hgt_journal_read(reader, UINT64_MAX, SIZE_MAX, count_row, &last, NULL), 0);
	assert_int_equal(hgt_journal_read(reader, 0, 100, stop_row, NULL, NULL), HGT_EPERM);
	assert_int_equal(hgt_journal_verify(path, &rows, NULL), 0);
	assert_int_equal(rows, 6);
	hgt_journal_close(reader);
	free(path);
}

static void marks_undo_alone(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	char id[HGT_JOURNAL_OID_TEXT];
	uint64_t seq, rows;

	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_journal_mark(j, NULL), 0);
	assert_int_equal(append(j, "refs/heads/one", &seq, NULL), 0);
	assert_int_equal(hgt_journal_keep(j, NULL), 0);
	assert_int_equal(hgt_journal_mark(j, NULL), 0);
	assert_int_equal(append(j, "refs/heads/two", &seq, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "infra", "refs/heads/two", ID_A, seq, NULL), 0);
	assert_int_equal(seq, 2);
	assert_int_equal(hgt_journal_undo(j, NULL), 0);
	assert_int_equal(hgt_journal_mark(j, NULL), 0);
	assert_int_equal(append(j, "refs/heads/three", &seq, NULL), 0);
	assert_int_equal(seq, 2);
	assert_int_equal(hgt_journal_keep(j, NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(append(j, "refs/heads/four", &seq, NULL), 0);
	hgt_journal_rollback(j);
	assert_int_equal(hgt_journal_get_ref(j, "infra", "refs/heads/two", id, NULL, NULL), 0);
	assert_string_equal(id, "");
	hgt_journal_close(j);
	assert_int_equal(hgt_journal_verify(path, &rows, NULL), 0);
	assert_int_equal(rows, 2);
	free(path);
}

static int collect_ref(void *ctx, const char *repo, const char *ref, const char *id, uint64_t seq)
{
	hgt_buf_addf(ctx, "%s %s %.2s %d\n", repo, ref, id, (int)seq);
	return 0;
}

static void refs(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_buf out = HGT_BUF_INIT;
	char id[HGT_JOURNAL_OID_TEXT];
	uint64_t seq;

	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "b", "refs/heads/x", ID_A, 1, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "a", "refs/heads/y", ID_A, 2, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "a", "refs/heads/Z", ID_A, 3, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "a", "refs/heads/y", ID_B, 4, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "a", "refs/heads/gone", ID_B, 5, NULL), 0);
	assert_int_equal(hgt_journal_set_ref(j, "a", "refs/heads/gone", ZERO, 6, NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(hgt_journal_refs(j, NULL, collect_ref, &out, NULL), 0);
	assert_string_equal(out.data, "a refs/heads/Z aa 3\na refs/heads/y bb 4\nb refs/heads/x aa 1\n");
	hgt_buf_reset(&out);
	assert_int_equal(hgt_journal_refs(j, "b", collect_ref, &out, NULL), 0);
	assert_string_equal(out.data, "b refs/heads/x aa 1\n");
	hgt_buf_reset(&out);
	assert_int_equal(hgt_journal_refs_after(j, "a", "refs/heads/Z", collect_ref, &out, NULL), 0);
	assert_string_equal(out.data, "a refs/heads/y bb 4\nb refs/heads/x aa 1\n");
	assert_int_equal(hgt_journal_get_ref(j, "a", "refs/heads/y", id, &seq, NULL), 0);
	assert_string_equal(id, ID_B);
	assert_int_equal(seq, 4);
	assert_int_equal(hgt_journal_get_ref(j, "a", "refs/heads/gone", id, &seq, NULL), 0);
	assert_string_equal(id, "");
	assert_int_equal(seq, 0);
	hgt_journal_close(j);
	hgt_buf_release(&out);
	free(path);
}

static void ref_times(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	int64_t time_ms, before_ms;
	bool more;

	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_journal_get_ref_time(j, "r", "main", &time_ms, &before_ms, NULL), 0);
	assert_int_equal(time_ms, 0);
	/* One ref is there, one has gone, one went long ago. */
	assert_int_equal(hgt_journal_set_ref(j, "r", "main", ID_A, 1, NULL), 0);
	assert_int_equal(hgt_journal_set_ref_time(j, "r", "main", 5, NULL), 0);
	assert_int_equal(hgt_journal_set_ref_time(j, "r", "main", 4, NULL), 0);
	assert_int_equal(hgt_journal_set_ref_time(j, "r", "gone", hgt_time_now_ms(), NULL), 0);
	assert_int_equal(hgt_journal_set_ref_time(j, "r", "old", 5, NULL), 0);
	assert_int_equal(hgt_journal_forget(j, hgt_time_now_ms() - 1000000, 10, &more, NULL), 0);
	assert_false(more);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(hgt_journal_get_ref_time(j, "r", "main", &time_ms, &before_ms, NULL), 0);
	assert_int_equal(time_ms, 4);
	assert_int_equal(before_ms, 5);
	assert_int_equal(hgt_journal_get_ref_time(j, "r", "gone", &time_ms, &before_ms, NULL), 0);
	assert_true(time_ms > 0);
	assert_int_equal(hgt_journal_get_ref_time(j, "r", "old", &time_ms, &before_ms, NULL), 0);
	assert_int_equal(time_ms, 0);
	hgt_journal_close(j);
	free(path);
}

static void unexplained_moves(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	char from[HGT_JOURNAL_OID_TEXT];
	uint64_t seq;

	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	for (uint64_t i = 1; i <= 20; i++)
		assert_int_equal(hgt_journal_add_unexplained(j, "r", "main", i == 1 || i == 18 ? ZERO : ID_A, ID_B, i, NULL), 0);
	assert_int_equal(hgt_journal_unexplained_from(j, "r", "main", 18, from, NULL), 0);
	assert_string_equal(from, ZERO);
	/* One that only began, or only ended so, stays. */
	assert_int_equal(hgt_journal_explain_end(j, "r", "main", ID_A, ID_A, &seq, NULL), 0);
	assert_int_equal(seq, 20);
	assert_int_equal(hgt_journal_explain_end(j, "r", "main", ZERO, ID_A, &seq, NULL), 0);	/* from nowhere is no end that tells */
	assert_int_equal(seq, 0);
	assert_int_equal(hgt_journal_explain_end(j, "r", "main", ID_B, ID_B, &seq, NULL), 0);
	assert_int_equal(seq, 20);
	assert_int_equal(hgt_journal_explain_end(j, "r", "main", ID_B, ID_A, &seq, NULL), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(hgt_journal_explain(j, "r", "main", ZERO, ID_B, &seq, NULL), 0);
	assert_int_equal(seq, 18);
	assert_int_equal(hgt_journal_unexplained_from(j, "r", "main", 18, from, NULL), 0);
	assert_string_equal(from, "");
	/* The first went the same way, but is too old to be kept. */
	assert_int_equal(hgt_journal_unexplained_from(j, "r", "main", 1, from, NULL), 0);
	assert_string_equal(from, "");
	assert_int_equal(hgt_journal_explain(j, "r", "main", ZERO, ID_B, &seq, NULL), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(hgt_journal_explain(j, "r", "main", ID_A, ID_B, &seq, NULL), 0);
	assert_int_equal(seq, 20);
	assert_int_equal(hgt_journal_explain(j, "r", "main", ID_A, ID_B, &seq, NULL), 0);
	assert_int_equal(seq, 19);
	assert_int_equal(hgt_journal_explain(j, "r", "other", ID_A, ID_B, &seq, NULL), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(hgt_journal_unexplained_from(j, "r", "other", 17, from, NULL), 0);
	assert_string_equal(from, "");
	hgt_journal_rollback(j);
	hgt_journal_close(j);
	free(path);
}

static int collect_agent(void *ctx, const struct hgt_agent_row *agent)
{
	hgt_buf_addf(ctx, "%s %s %s %s %d %s %s %d\n", agent->name, agent->kind, agent->allow, agent->token_hash,
		(int)agent->created_ms, agent->instance, agent->info, (int)agent->seen_ms);
	return 0;
}

static int collect_report(void *ctx, const char *agent, const char *target, const char *report, size_t len, int64_t time_ms)
{
	hgt_buf_addf(ctx, "%s/%s %.*s %d\n", agent, target, (int)len, report, (int)time_ms);
	return 0;
}

static void agents_and_pushes(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct hgt_agent_row web = {.name = "web1", .kind = "host", .allow = "[\"a/**\"]", .token_hash = "ff", .created_ms = 5,
		.instance = "", .info = "{}"};
	struct hgt_agent_row db = web;
	struct hgt_buf out = HGT_BUF_INIT;

	db.name = "db1";
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_journal_agent_put(j, &web, NULL), 0);
	assert_int_equal(hgt_journal_agent_put(j, &db, NULL), 0);
	web.seen_ms = 9;
	web.instance = "i";
	assert_int_equal(hgt_journal_agent_put(j, &web, NULL), 0);
	assert_int_equal(hgt_journal_report_put(j, "web1", "t", "{\"a\":1}", 7, 3, NULL), 0);
	assert_int_equal(hgt_journal_report_put(j, "web1", "t", "{}", 2, 4, NULL), 0);
	assert_int_equal(hgt_journal_report_put(j, "db1", "t", "{}", 2, 4, NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(hgt_journal_agents(j, collect_agent, &out, NULL), 0);
	assert_string_equal(out.data, "db1 host [\"a/**\"] ff 5  {} 0\nweb1 host [\"a/**\"] ff 5 i {} 9\n");
	hgt_buf_reset(&out);
	assert_int_equal(hgt_journal_reports(j, collect_report, &out, NULL), 0);
	assert_string_equal(out.data, "db1/t {} 4\nweb1/t {} 4\n");
	/* A target that is announced no more is told of no more. */
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	web.info = "{\"targets\":[{\"name\":\"u\"},{\"name\":\"t\"},{}]}";
	assert_int_equal(hgt_journal_agent_put(j, &web, NULL), 0);
	assert_int_equal(hgt_journal_report_put(j, "web1", "u", "{}", 2, 5, NULL), 0);
	web.info = "{\"targets\":[{\"name\":\"u\"}]}";
	assert_int_equal(hgt_journal_agent_put(j, &web, NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	hgt_buf_reset(&out);
	assert_int_equal(hgt_journal_reports(j, collect_report, &out, NULL), 0);
	assert_string_equal(out.data, "db1/t {} 4\nweb1/u {} 5\n");
	web.info = "nonsense";
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_journal_agent_put(j, &web, NULL), 0);
	assert_int_equal(hgt_journal_report_put(j, "web1", "t", "{}", 2, 4, NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_journal_agent_remove(j, "web1", NULL), 0);
	assert_int_equal(hgt_journal_agent_remove(j, "web1", NULL), HGT_ENOENT);
	assert_int_equal(hgt_journal_claim_push(j, "p1", NULL), 0);
	assert_int_equal(hgt_journal_claim_push(j, "p1", NULL), HGT_EEXIST);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	hgt_buf_reset(&out);
	assert_int_equal(hgt_journal_reports(j, collect_report, &out, NULL), 0);
	assert_string_equal(out.data, "db1/t {} 4\n");
	hgt_journal_close(j);
	hgt_buf_release(&out);
	free(path);
}

static void tampering_is_named(void **state)
{
	static const struct {
		const char *sql, *message;
		int rows;
	} cases[] = {
		{"UPDATE events SET body = replace(body, '\"hook\"', '\"hooK\"') WHERE seq = 3", "row 3: its hash", 2},
		{"UPDATE events SET body = 'nonsense' WHERE seq = 3", "row 3: its hash", 2},
		{"UPDATE events SET hash = zeroblob(32) WHERE seq = 2", "row 2: its hash", 1},
		{"UPDATE events SET hash = x'00' WHERE seq = 2", "row 2: its hash", 1},
		{"UPDATE events SET time_ms = time_ms + 1 WHERE seq = 4", "row 4: its time", 3},
		{"UPDATE events SET type = 'io.headgate.push.refused.v1' WHERE seq = 4", "row 4: its type", 3},
		{"UPDATE events SET subject = 'x' WHERE seq = 4", "row 4: its subject", 3},
		{"UPDATE events SET repo = '' WHERE seq = 1", "row 1: its repo", 0},
		{"UPDATE events SET ref = 'refs/heads/mainx' WHERE seq = 1", "row 1: its ref", 0},
		{"DELETE FROM events WHERE seq = 1", "row 1 is missing", 0},
		{"DELETE FROM events WHERE seq = 3", "row 3 is missing", 2},
		{"DELETE FROM events WHERE seq >= 4", "row 4 is missing", 3},
		{"UPDATE events SET seq = 9 WHERE seq = 5", "row 5 is missing", 4},
		{"UPDATE meta SET value = 'ffffffffffffffff' WHERE key = 'journal'", "row 1: its hash", 0},
		{"UPDATE meta SET value = 'zz' WHERE key = 'journal'", "the id of", 0},
		{"DELETE FROM meta WHERE key = 'journal'", "lost its journal", 0},
		{"DELETE FROM meta WHERE key = 'head'", "lost its head", 5},
		{"UPDATE meta SET value = replace(value, '5 ', '4 ') WHERE key = 'head'", "row 5 is not the one", 5},
		{"INSERT INTO events SELECT seq + 5, time_ms, type, subject, repo, ref, body, hash FROM events WHERE seq = 1",
			"row 6: its hash", 5},
		{"DROP TABLE events", "no such table", 0},
		{"PRAGMA application_id = 1", "is no journal", 0},
		{"PRAGMA user_version = 3", "has version 3", 0},
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_error err = {0};
		char name[16];
		uint64_t rows;
		char *path;

		snprintf(name, sizeof(name), "%zu.db", i);
		path = unit_path(*state, name);
		make_rows(path, 5);
		assert_int_equal(hgt_journal_verify(path, &rows, &err), 0);
		assert_int_equal(rows, 5);
		exec(path, cases[i].sql);
		assert_true(hgt_journal_verify(path, &rows, &err) < 0);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s: %s", cases[i].sql, err.message);
		assert_int_equal(rows, cases[i].rows);
		free(path);
	}
}

/* Whoever alters the last body and makes the chain fit again still has to make the row's columns fit. */
static void rewritten_bodies_are_named(void **state)
{
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{"\"subject\":\"infra", "\"subject\":\"other", "row 1: its subject"},
		{".1\"", ".2\"", "row 1: its id"},
		{"{\"specversion\"", "{{\"specversion\"", "row 1: its body is no JSON"},
		{"\"source\":\"hook\"", "\"source\":\"spool\"", NULL},
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf body = HGT_BUF_INIT, sql = HGT_BUF_INIT, forged = HGT_BUF_INIT;
		char *path = unit_path(*state, "journal.db"), hex[HGT_SHA256_HEX], *at;
		unsigned char hash[HGT_SHA256_SIZE];
		struct hgt_error err = {0};
		struct hgt_sha256 sha;
		struct hgt_journal *j;
		uint64_t rows;

		unlink(path);
		make_rows(path, 1);
		j = open_for(path, HGT_JOURNAL_READ);
		hgt_sha256(hgt_journal_id(j), HGT_JOURNAL_ID_HEX, hash);
		assert_int_equal(hgt_journal_read(j, 0, 1, copy_body, &body, NULL), 0);
		hgt_journal_close(j);
		at = strstr(body.data, cases[i].from);
		assert_non_null(at);
		hgt_buf_add(&forged, body.data, (size_t)(at - body.data));
		hgt_buf_adds(&forged, cases[i].to);
		hgt_buf_adds(&forged, at + strlen(cases[i].from));
		hgt_sha256_init(&sha);
		hgt_sha256_update(&sha, hash, sizeof(hash));
		hgt_sha256_update(&sha, forged.data, forged.len);
		hgt_sha256_final(&sha, hash);
		hgt_hex(hash, sizeof(hash), hex);
		hgt_buf_addf(&sql, "UPDATE events SET body = '%s', hash = x'%s'; UPDATE meta SET value = '1 %s' WHERE key = 'head'",
			forged.data, hex, hex);
		exec(path, sql.data);
		if (cases[i].message) {
			assert_int_equal(hgt_journal_verify(path, &rows, &err), HGT_ECORRUPT);
			if (!strstr(err.message, cases[i].message))
				fail_msg("%s: %s", cases[i].to, err.message);
			assert_int_equal(rows, 0);
		} else {
			/* A whole chain made anew holds: that is what keeping a copy of the head elsewhere is for. */
			assert_int_equal(hgt_journal_verify(path, &rows, &err), 0);
		}
		hgt_buf_release(&body);
		hgt_buf_release(&forged);
		hgt_buf_release(&sql);
		free(path);
	}
}

static void foreign_and_damaged_files(void **state)
{
	char *path = unit_path(*state, "journal.db"), *lock = unit_path(*state, "journal.db.lock");
	struct hgt_journal *j = NULL;
	struct hgt_error err = {0};
	struct hgt_buf text = HGT_BUF_INIT;
	uint64_t rows = 0;

	assert_int_equal(hgt_journal_open(path, HGT_JOURNAL_READ, &j, &err), HGT_ENOENT);
	assert_int_equal(hgt_write_file(path, "this is a letter, not a database; it goes on and on", 51, 0600, NULL), 0);
	assert_int_equal(hgt_journal_open(path, HGT_JOURNAL_WRITE, &j, &err), HGT_ECORRUPT);
	assert_non_null(strstr(err.message, "is no journal"));
	unlink(path);
	exec(path, "CREATE TABLE notes (text)");
	assert_int_equal(hgt_journal_open(path, HGT_JOURNAL_WRITE, &j, &err), HGT_ECORRUPT);
	unlink(path);
	make_rows(path, 300);
	/* Cut in the middle: sizes below whole pages, and pages that are gone. */
	assert_int_equal(hgt_read_file(path, 64 << 20, &text, NULL), 0);
	for (size_t len = text.len - 1; len > 0; len = len * 3 / 4) {
		assert_int_equal(truncate(path, (off_t)len), 0);
		if (hgt_journal_verify(path, &rows, &err) == 0)
			fail_msg("cut to %zu bytes, and nobody noticed", len);
		assert_true(err.message[0]);
	}
	hgt_buf_release(&text);
	free(lock);
	free(path);
}

static void one_writer(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE), *second = NULL;
	struct hgt_error err = {0};
	char pid[32];

	assert_int_equal(hgt_journal_open(path, HGT_JOURNAL_WRITE, &second, &err), HGT_ECONFLICT);
	assert_null(second);
	snprintf(pid, sizeof(pid), "(pid %ld)", (long)getpid());
	assert_non_null(strstr(err.message, pid));
	hgt_journal_close(j);
	hgt_journal_close(open_for(path, HGT_JOURNAL_WRITE));
	free(path);
}

/* What was removed or replaced takes no more: nothing is acknowledged that a restart would not find. */
static void a_journal_that_is_gone_takes_nothing(void **state)
{
	char *path = unit_path(*state, "journal.db");

	for (int replaced = 0; replaced < 2; replaced++) {
		struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
		struct hgt_error err = {0};

		assert_int_equal(hgt_journal_begin(j, NULL), 0);
		assert_int_equal(hgt_journal_set_ref(j, "r", "refs/heads/x", ID_A, 1, NULL), 0);
		assert_int_equal(hgt_journal_commit(j, NULL), 0);
		assert_int_equal(unlink(path), 0);
		if (replaced)
			assert_int_equal(hgt_write_file(path, "", 0, 0600, NULL), 0);
		assert_int_equal(hgt_journal_begin(j, NULL), 0);
		assert_int_equal(hgt_journal_set_ref(j, "r", "refs/heads/x", ID_B, 2, NULL), 0);
		assert_int_equal(hgt_journal_commit(j, &err), HGT_EIO);
		assert_non_null(strstr(err.message, "restart headgated"));
		hgt_journal_rollback(j);
		hgt_journal_close(j);
	}
	free(path);
}

/* A writer goes on only where the journal ended. */
static void writer_refuses_cut_journal(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = NULL;
	struct hgt_error err = {0};

	make_rows(path, 3);
	exec(path, "DELETE FROM events WHERE seq = 3");
	assert_int_equal(hgt_journal_open(path, HGT_JOURNAL_WRITE, &j, &err), HGT_ECORRUPT);
	assert_non_null(strstr(err.message, "audit verify"));
	free(path);
}

/* A child commits what it has told us of, then is killed with a batch open: the first is there, the second is not. */
static void killed_in_mid_batch(void **state)
{
	char *path = unit_path(*state, "journal.db");
	uint64_t seq = 0, rows = 0;

	for (int round = 0; round < 3; round++) {
		int told[2], status;
		char byte;
		pid_t pid;
		struct hgt_journal *j;

		assert_int_equal(pipe(told), 0);
		pid = fork();
		if (pid == 0) {
			j = open_for(path, HGT_JOURNAL_WRITE);
			if (hgt_journal_begin(j, NULL) < 0 || append(j, "refs/heads/kept", &seq, NULL) < 0 ||
				append(j, "refs/heads/kept", &seq, NULL) < 0 || hgt_journal_commit(j, NULL) < 0 ||
				hgt_journal_begin(j, NULL) < 0)
				_exit(1);
			for (int i = 0; i < 2000; i++)
				if (append(j, "refs/heads/lost", &seq, NULL) < 0)
					_exit(1);
			if (write(told[1], "x", 1) == 1)
				pause();
			_exit(1);
		}
		close(told[1]);
		assert_int_equal(read(told[0], &byte, 1), 1);
		close(told[0]);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		j = open_for(path, HGT_JOURNAL_WRITE);
		assert_int_equal(hgt_journal_head(j, &seq, NULL), 0);
		assert_int_equal(seq, 2 * (round + 1));
		hgt_journal_close(j);
		assert_int_equal(hgt_journal_verify(path, &rows, NULL), 0);
		assert_int_equal(rows, seq);
	}
	free(path);
}

/* A disk that takes no more (a limit on file size stands for it): the batch fails as a whole, and once there is room the next one
 * goes through. In a child, because the limit is the process's. */
static int full_disk_child(const char *path)
{
	struct hgt_journal *j = open_for(path, HGT_JOURNAL_WRITE);
	struct rlimit limit = {.rlim_cur = 64 * 1024, .rlim_max = RLIM_INFINITY};
	struct hgt_error err = {0};
	uint64_t seq = 0, head = 0;
	int code;

	signal(SIGXFSZ, SIG_IGN);
	if (hgt_journal_begin(j, NULL) < 0 || append(j, "refs/heads/a", &seq, NULL) < 0 || hgt_journal_commit(j, NULL) < 0)
		return 1;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 2;
	code = hgt_journal_begin(j, &err);
	for (int i = 0; i < 3000 && code == 0; i++)
		code = append(j, "refs/heads/b", &seq, &err);
	if (code == 0)
		code = hgt_journal_commit(j, &err);
	hgt_journal_rollback(j);
	if (code != HGT_EIO || !err.message[0])
		return 3;
	limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 4;
	if (hgt_journal_head(j, &head, NULL) < 0 || head != 1)
		return 5;
	if (hgt_journal_begin(j, NULL) < 0 || append(j, "refs/heads/c", &seq, NULL) < 0 || hgt_journal_commit(j, NULL) < 0)
		return 6;
	hgt_journal_close(j);
	return seq == 2 ? 0 : 7;
}

static void full_disk(void **state)
{
	char *path = unit_path(*state, "journal.db");
	uint64_t rows;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(full_disk_child(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(hgt_journal_verify(path, &rows, NULL), 0);
	assert_int_equal(rows, 2);
	free(path);
}

/* The oldest row goes, and an event says so. */
static int remove_first(struct hgt_journal *j, struct hgt_error *err)
{
	const struct hgt_retention limits = {.upto = UINT64_MAX, .needed = UINT64_MAX, .rows = 1, .ms = 1000};
	struct hgt_compaction gone;
	struct hgt_buf data = HGT_BUF_INIT;
	bool more;
	uint64_t seq;
	int code = hgt_journal_compact(j, &limits, 0, &gone, err);

	if (code < 0)
		return code;
	hgt_compaction_write(&gone, &data);
	code = hgt_buf_check(&data, err);
	if (code == 0)
		code = hgt_journal_append(j, "s", &(struct hgt_journal_entry){.type = HGT_EVENT_JOURNAL_COMPACTED, .repo = "", .ref = "",
			.data = data.data, .data_len = data.len}, 0, &seq, NULL, err);
	if (code == 0)
		code = hgt_journal_forget(j, 1, 10, &more, err);
	if (code == 0)
		code = hgt_journal_shrink(j, 0, 10, &more, err);
	hgt_buf_release(&data);
	return code;
}

/* One batch of everything; the code of the first thing that failed. */
static int everything(const char *path, struct hgt_error *err)
{
	struct hgt_agent_row agent = {.name = "a", .kind = "host", .allow = "[]", .token_hash = "f", .instance = "", .info = "{}"};
	struct hgt_journal *j = NULL;
	struct hgt_buf body = HGT_BUF_INIT;
	uint64_t seq;
	int code = hgt_journal_open(path, HGT_JOURNAL_WRITE, &j, err);

	if (code < 0)
		return code;
	code = hgt_journal_begin(j, err);
	if (code == 0)
		code = append(j, "refs/heads/a", &seq, err);
	if (code == 0)
		code = hgt_journal_set_ref(j, "infra", "refs/heads/a", ID_A, seq, err);
	if (code == 0)
		code = hgt_journal_append(j, "s", &(struct hgt_journal_entry){.type = "t", .repo = "", .ref = "", .data = "{}",
			.data_len = 2}, 0, &seq, &body, err);
	if (code == 0)
		code = hgt_journal_add_unexplained(j, "r", "refs/heads/a", ZERO, ID_A, seq, err);
	if (code == 0)
		code = hgt_journal_explain(j, "r", "refs/heads/a", ZERO, ID_A, &seq, err);
	if (code == 0)
		code = remove_first(j, err);
	if (code == 0)
		code = hgt_journal_agent_put(j, &agent, err);
	if (code == 0)
		code = hgt_journal_report_put(j, "a", "t", "{}", 2, 0, err);
	if (code == 0)
		code = hgt_journal_agent_remove(j, "a", err);
	if (code == 0)
		code = hgt_journal_commit(j, err);
	if (code < 0)
		hgt_journal_rollback(j);
	hgt_journal_close(j);
	hgt_buf_release(&body);
	if (code == 0)
		code = hgt_journal_verify(path, &seq, err);
	return code;
}

/* SQLite's own allocations, made to fail one after the other. */
static sqlite3_mem_methods real_memory;
static long sqlite_countdown;
static bool sqlite_failed;

static bool fails_now(void)
{
	if (sqlite_countdown <= 0 || --sqlite_countdown > 0)
		return false;
	sqlite_failed = true;
	return true;
}

static void *failing_malloc(int n)
{
	return fails_now() ? NULL : real_memory.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
	return fails_now() ? NULL : real_memory.xRealloc(p, n);
}

static void allocations_fail(void **state)
{
	bool armed = true;

	for (long n = 1; armed; n++) {
		struct hgt_error err = {0};
		char name[32], *path;
		int code;

		snprintf(name, sizeof(name), "own%ld.db", n);
		path = unit_path(*state, name);
		fail_alloc_at(n);
		code = everything(path, &err);
		armed = fail_alloc_off();
		assert_int_equal(code, armed ? HGT_ENOMEM : 0);
		free(path);
	}
	sqlite_failed = true;
	/* Sparse further on: SQLite makes hundreds in one batch, most of them alike. */
	for (long n = 1; sqlite_failed; n += 1 + n / 40) {
		struct hgt_error err = {0};
		char name[32], *path;
		uint64_t rows;
		int code;

		snprintf(name, sizeof(name), "sqlite%ld.db", n);
		path = unit_path(*state, name);
		sqlite_failed = false;
		sqlite_countdown = n;
		code = everything(path, &err);
		sqlite_countdown = 0;
		/* SQLite goes on without some of its memory (a cache, say). */
		if (code != 0 && !(sqlite_failed && err.message[0]))
			fail_msg("allocation %ld: %d %s", n, code, err.message);
		if (everything(path, &err) < 0 || hgt_journal_verify(path, &rows, &err) < 0)
			fail_msg("after allocation %ld: %s", n, err.message);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(appends_and_reads, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(marks_undo_alone, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(refs, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(ref_times, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(unexplained_moves, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(agents_and_pushes, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(tampering_is_named, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(rewritten_bodies_are_named, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(foreign_and_damaged_files, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(one_writer, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(a_journal_that_is_gone_takes_nothing, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(writer_refuses_cut_journal, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(killed_in_mid_batch, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(full_disk, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(allocations_fail, unit_folder_make, unit_folder_remove),
	};
	sqlite3_mem_methods failing;

	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
	failing = real_memory;
	failing.xMalloc = failing_malloc;
	failing.xRealloc = failing_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
