/* What the journal's database keeps of upstreams and peers. */
#include "journal/peers.h"

#include <sqlite3.h>

#include "tests/unit/journal_rig.h"
#include "tests/unit/unit.h"

static void keeps_cursors_of_one_server(void **state)
{
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_buf cursor = HGT_BUF_INIT;

	assert_int_equal(hgt_feed_get(j, "site", "https://a", &cursor, NULL), 0);
	assert_int_equal(cursor.len, 0);
	assert_int_equal(hgt_feed_put(j, "site", "https://a", "0123456789abcdef.7", NULL), 0);
	assert_int_equal(hgt_feed_get(j, "site", "https://b", &cursor, NULL), 0);
	assert_int_equal(cursor.len, 0);
	assert_int_equal(hgt_feed_get(j, "site", "https://a", &cursor, NULL), 0);
	assert_string_equal(cursor.data, "0123456789abcdef.7");
	hgt_buf_release(&cursor);
	hgt_journal_close(j);
	free(path);
}

static void keeps_peers(void **state)
{
	const struct hgt_peer_row put = {{.role = HGT_PEER_FOLLOWER, .phase = HGT_PEER_GRANTING, .term = 7, .attempt = 1795666444363, .ceded = 5,
		.heard = 9}, 11, 12};
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_peer_row got = {.since_ms = 0};

	assert_int_equal(hgt_peer_get(j, "site", &got, NULL), 0);
	assert_int_equal(hgt_peer_put(j, "site", &put, NULL), 0);
	assert_int_equal(hgt_peer_get(j, "site", &got, NULL), 1);
	assert_true(hgt_peer_is_same(&put.peer, &got.peer));
	assert_int_equal(got.since_ms, 11);
	assert_int_equal(got.met_ms, 12);
	assert_int_equal(hgt_peer_met(j, "site", 13, NULL), 0);
	assert_int_equal(hgt_peer_get(j, "site", &got, NULL), 1);
	assert_int_equal(got.met_ms, 13);
	hgt_journal_close(j);
	free(path);
}

/* What cannot be is no reason to lead. */
static void refuses_what_cannot_be(void **state)
{
	static const char *const changes[] = {"role = 'leader'", "role = 'king'", "phase = 'gone'", "term = 0", "heard = 1"};
	const struct hgt_peer_row put = {{.role = HGT_PEER_FOLLOWER, .phase = HGT_PEER_FOLLOWING, .term = 2, .heard = 2}, 1, 1};
	char *path = unit_path(*state, "journal.db"), sql[128];

	for (size_t i = 0; i < N_OF(changes); i++) {
		struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
		struct hgt_peer_row got = {.since_ms = 0};
		sqlite3 *db;

		assert_int_equal(hgt_peer_put(j, "site", &put, NULL), 0);
		hgt_journal_close(j);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		snprintf(sql, sizeof(sql), "UPDATE mirror_peers SET %s", changes[i]);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		j = journal_open(path, HGT_JOURNAL_WRITE);
		assert_int_equal(hgt_peer_get(j, "site", &got, NULL), HGT_ECORRUPT);
		hgt_journal_close(j);
	}
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_cursors_of_one_server, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(keeps_peers, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(refuses_what_cannot_be, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
