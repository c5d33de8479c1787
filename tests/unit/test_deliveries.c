/* lib/journal/deliveries: cursors, history, what is queued again, what came in before. */
#include "journal/deliveries.h"

#include "tests/unit/unit.h"

struct seen {
	size_t n;
	char text[512];
};

static int note_cursor(void *ctx, const char *target, uint64_t seq)
{
	struct seen *seen = ctx;
	size_t len = strlen(seen->text);

	seen->n++;
	snprintf(seen->text + len, sizeof(seen->text) - len, "%s:%d ", target, (int)seq);
	return 0;
}

static int note_row(void *ctx, const struct hgt_delivery_row *row)
{
	struct seen *seen = ctx;
	size_t len = strlen(seen->text);

	seen->n++;
	snprintf(seen->text + len, sizeof(seen->text) - len, "%d%c ", (int)row->seq, hgt_delivery_state_name(row->state)[0]);
	assert_string_equal(row->answer, "an answer");
	assert_int_equal(row->attempts, 3);
	return 0;
}

static struct hgt_journal *open_journal(const char *folder)
{
	char *path = unit_path(folder, "journal.db");
	struct hgt_journal *journal;

	assert_int_equal(hgt_journal_open(path, HGT_JOURNAL_WRITE, &journal, NULL), 0);
	free(path);
	return journal;
}

static void put(struct hgt_journal *journal, const char *target, uint64_t seq, enum hgt_delivery_state state)
{
	char delivery[32];
	const struct hgt_delivery_row row = {.target = target, .seq = seq, .delivery = delivery, .type = "t", .repo = "r", .ref = "f",
		.state = state,
		.attempts = 3, .first_ms = 1, .tried_ms = (int64_t)seq, .status = 200, .answer = "an answer", .error = ""};

	snprintf(delivery, sizeof(delivery), "%s-%d", target, (int)seq);
	assert_int_equal(hgt_delivery_put(journal, &row, NULL), 0);
}

static void rows_are(struct hgt_journal *journal, const char *target, int state, const char *want)
{
	struct seen seen = {0};

	assert_int_equal(hgt_deliveries(journal, target, state, 100, note_row, &seen, NULL), 0);
	assert_string_equal(seen.text, want);
}

static void cursors(void **state)
{
	struct hgt_journal *journal = open_journal(*state);
	struct seen seen = {0};

	put(journal, "b", 7, HGT_DELIVERY_WAITING);
	put(journal, "b", 9, HGT_DELIVERY_WAITING);
	put(journal, "b", 6, HGT_DELIVERY_PARKED);
	assert_int_equal(hgt_webhook_cursor_put(journal, "b", 7, NULL), 0);
	assert_int_equal(hgt_webhook_cursor_put(journal, "a", 1, NULL), 0);
	assert_int_equal(hgt_webhook_cursor_put(journal, "a", 5, NULL), 0);
	assert_int_equal(hgt_webhook_cursors(journal, note_cursor, &seen, NULL), 0);
	assert_string_equal(seen.text, "a:5 b:7 ");
	rows_are(journal, "b", -1, "9w 6p ");	/* what is settled does not wait */
	assert_int_equal(hgt_webhook_forget(journal, "b", NULL), 0);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(hgt_webhook_cursors(journal, note_cursor, &seen, NULL), 0);
	assert_string_equal(seen.text, "a:5 ");
	rows_are(journal, NULL, -1, "");
	hgt_journal_close(journal);
}

static void history_is_bounded(void **state)
{
	struct hgt_journal *journal = open_journal(*state);
	uint64_t dropped, n;

	for (uint64_t seq = 1; seq <= 10; seq++)
		put(journal, "a", seq, seq % 2 ? HGT_DELIVERY_DELIVERED : HGT_DELIVERY_PARKED);
	put(journal, "b", 1, HGT_DELIVERY_DELIVERED);
	put(journal, "a", 11, HGT_DELIVERY_WAITING);
	assert_int_equal(hgt_deliveries_trim(journal, "a", 5, &dropped, NULL), 0);
	assert_int_equal(dropped, 0);
	assert_int_equal(hgt_deliveries_trim(journal, "a", 2, &dropped, NULL), 0);
	assert_int_equal(dropped, 3);
	rows_are(journal, "a", -1, "11w 10p 9d 8p 7d ");
	rows_are(journal, "a", HGT_DELIVERY_PARKED, "10p 8p ");
	assert_int_equal(hgt_deliveries_count(journal, "a", HGT_DELIVERY_PARKED, &n, NULL), 0);
	assert_int_equal(n, 2);
	rows_are(journal, "b", -1, "1d ");
	hgt_journal_close(journal);
}

static void queues(void **state)
{
	struct hgt_journal *journal = open_journal(*state);
	struct seen seen = {0};
	uint64_t n = 0;

	put(journal, "a", 1, HGT_DELIVERY_PARKED);
	put(journal, "a", 2, HGT_DELIVERY_DELIVERED);
	put(journal, "a", 3, HGT_DELIVERY_PARKED);
	put(journal, "a", 4, HGT_DELIVERY_WAITING);
	put(journal, "b", 1, HGT_DELIVERY_PARKED);
	assert_int_equal(hgt_deliveries_queue(journal, "a", "a-2", &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(hgt_deliveries_queue(journal, "a", "b-1", &n, NULL), HGT_ENOENT);
	assert_int_equal(hgt_deliveries_queue(journal, "a", "a-4", &n, NULL), HGT_ENOENT);	/* it is on its way */
	assert_int_equal(hgt_deliveries_queue(journal, "a", NULL, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(hgt_deliveries_queue(journal, "a", NULL, &n, NULL), HGT_ENOENT);
	rows_are(journal, NULL, -1, "4w 3q 2q 1q 1p ");
	assert_int_equal(hgt_delivery_first(journal, "a", HGT_DELIVERY_QUEUED, note_row, &seen, NULL), 0);
	assert_string_equal(seen.text, "1q ");
	assert_int_equal(hgt_delivery_state_parse("queued"), HGT_DELIVERY_QUEUED);
	assert_int_equal(hgt_delivery_state_parse("lost"), -1);
	hgt_journal_close(journal);
}

static void arrivals_once(void **state)
{
	struct hgt_journal *journal = open_journal(*state);

	assert_int_equal(hgt_inbound_claim(journal, "a", "k", 1000, 500, NULL), 0);
	assert_int_equal(hgt_inbound_claim(journal, "a", "k", 1500, 500, NULL), HGT_EEXIST);
	assert_int_equal(hgt_inbound_claim(journal, "b", "k", 1500, 500, NULL), 0);
	assert_int_equal(hgt_inbound_claim(journal, "a", "l", 1500, 500, NULL), 0);
	assert_int_equal(hgt_inbound_claim(journal, "a", "k", 1501, 500, NULL), 0);	/* the window is over */
	hgt_journal_close(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cursors, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(history_is_bounded, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(queues, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(arrivals_once, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
