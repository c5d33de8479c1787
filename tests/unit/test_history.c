/* lib/journal/history: from the newest down, by patterns, within a bound of rows. */
#include "journal/history.h"

#include "base/io.h"
#include "tests/unit/unit.h"

static struct hgt_journal *open_for(const char *folder, enum hgt_journal_mode mode)
{
	char *path = unit_path(folder, HGT_JOURNAL_FILE);
	struct hgt_journal *j = NULL;
	struct hgt_error err = {0};

	if (hgt_journal_open(path, mode, &j, &err) < 0)
		fail_msg("%s", err.message);
	free(path);
	return j;
}

static void append(struct hgt_journal *j, const char *type, const char *subject, const char *repo, const char *ref)
{
	uint64_t seq;

	assert_int_equal(hgt_journal_append(j, "test", &(struct hgt_journal_entry){.type = type, .subject = subject, .repo = repo,
		.ref = ref, .data = "{}", .data_len = 2}, 1767323045678, &seq, NULL, NULL), 0);
}

/* Ten rows: 1 3 5 7 9 are moves of infra, 2 6 10 reports of web1/a, 4 8 of web12/a. */
static struct hgt_journal *make(const char *folder)
{
	struct hgt_journal *j = open_for(folder, HGT_JOURNAL_WRITE);

	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	for (int i = 1; i <= 10; i++) {
		if (i % 2)
			append(j, "ref.updated", "infra:main", "infra", i == 9 ? "refs/heads/next" : "refs/heads/main");
		else
			append(j, "agent.reported", i % 4 ? "web1/a" : "web12/a", "", "");
	}
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	hgt_journal_close(j);
	return open_for(folder, HGT_JOURNAL_READ);
}

struct told {
	char text[64];
	int most, n;
};

static int tell(void *ctx, const struct hgt_journal_row *row)
{
	struct told *told = ctx;
	size_t len = strlen(told->text);

	assert_int_equal(row->body_len, strlen(row->body));
	snprintf(told->text + len, sizeof(told->text) - len, "%s%d", len ? " " : "", (int)row->seq);
	return ++told->n == told->most;
}

static void looks_back(void **state)
{
	static const struct {
		struct hgt_history history;
		int most;
		const char *told;
		uint64_t next;
	} cases[] = {
		{{.type = "", .subject = "", .repo = "", .ref = "", .look = 100}, 100, "10 9 8 7 6 5 4 3 2 1", 0},
		{{.type = "", .subject = "", .repo = "", .ref = "", .look = 100}, 3, "10 9 8", 8},
		{{.before = 8, .type = "", .subject = "", .repo = "", .ref = "", .look = 100}, 3, "7 6 5", 5},
		{{.before = 3, .type = "", .subject = "", .repo = "", .ref = "", .look = 100}, 2, "2 1", 0},
		{{.before = 1, .type = "", .subject = "", .repo = "", .ref = "", .look = 100}, 2, "", 0},
		{{.before = UINT64_MAX, .type = "", .subject = "", .repo = "", .ref = "", .look = 100}, 1, "10", 10},
		/* An agent's name is no prefix of another's. */
		{{.type = "", .subject = "web1/a", .repo = "", .ref = "", .look = 100}, 100, "10 6 2", 0},
		{{.type = "", .subject = "web1/*", .repo = "", .ref = "", .look = 100}, 100, "10 6 2", 0},
		{{.type = "ref.*", .subject = "", .repo = "in*", .ref = "refs/heads/main", .look = 100}, 100, "7 5 3 1", 0},
		{{.type = "", .subject = "", .repo = "other", .ref = "", .look = 100}, 100, "", 0},
		/* What is rare is not looked for without an end. */
		{{.type = "", .subject = "", .repo = "", .ref = "refs/heads/next", .look = 1}, 100, "", 10},
		{{.before = 10, .type = "", .subject = "", .repo = "", .ref = "refs/heads/next", .look = 4}, 100, "9", 6},
	};
	struct hgt_journal *j = make(*state);

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct told told = {.most = cases[i].most};
		uint64_t next = 99;

		assert_int_equal(hgt_journal_history(j, &cases[i].history, tell, &told, &next, NULL), 0);
		assert_string_equal(told.text, cases[i].told);
		assert_int_equal(next, cases[i].next);
	}
	hgt_journal_close(j);
}

static int fail_row(void *ctx, const struct hgt_journal_row *row)
{
	(void)ctx;
	(void)row;
	return HGT_EIO;
}

static void failures_are_passed_on(void **state)
{
	const struct hgt_history all = {.type = "", .subject = "", .repo = "", .ref = "", .look = 100};
	struct hgt_journal *j = make(*state);
	uint64_t next = 7;

	assert_int_equal(hgt_journal_history(j, &all, fail_row, NULL, &next, NULL), HGT_EIO);
	assert_int_equal(next, 7);
	hgt_journal_close(j);
}

static void nothing_yet(void **state)
{
	const struct hgt_history all = {.type = "", .subject = "", .repo = "", .ref = "", .look = 100};
	struct hgt_journal *j = open_for(*state, HGT_JOURNAL_WRITE);
	struct told told = {.most = 1};
	uint64_t next = 7;

	assert_int_equal(hgt_journal_history(j, &all, tell, &told, &next, NULL), 0);
	assert_int_equal(next, 0);
	assert_string_equal(told.text, "");
	hgt_journal_close(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(looks_back, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(failures_are_passed_on, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(nothing_yet, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
