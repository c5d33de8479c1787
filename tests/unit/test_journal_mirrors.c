/* What the journal's database keeps of mirrors. */
#include "journal/mirrors.h"
#include "tests/unit/journal_rig.h"
#include "tests/unit/unit.h"

static int copies_into(void *ctx, const struct hgt_copy_row *row)
{
	hgt_buf_addf(ctx, "%s/%s %s %u %d %s;", row->mirror, row->repo, hgt_copy_state_name(row->state), row->attempts, row->paused, row->error);
	return 0;
}

static int refs_into(void *ctx, const struct hgt_copy_ref_row *row)
{
	hgt_buf_addf(ctx, "%s %s %s %s;", row->ref, hgt_copy_ref_state_name(row->state), row->id, row->note);
	return 0;
}

static int moved_into(void *ctx, const char *repo, uint64_t seq)
{
	hgt_buf_addf(ctx, "%s %u;", repo, (unsigned)seq);
	return 0;
}

static void check_buf(struct hgt_buf *out, const char *expected)
{
	assert_string_equal(out->len ? out->data : "", expected);
	hgt_buf_release(out);
	hgt_buf_init(out);
}

static void keeps_copies_and_refs(void **state)
{
	struct hgt_copy_row copy = {.mirror = "backup", .repo = "b", .state = HGT_COPY_FAILING, .attempts = 3, .error = "away"};
	struct hgt_copy_ref_row ref = {.mirror = "backup", .repo = "b", .ref = "refs/heads/main", .id = "11", .theirs = "22", .ours = "11",
		.state = HGT_COPY_REF_DIVERGED, .note = "theirs"};
	struct hgt_buf out = HGT_BUF_INIT;
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	uint64_t n = 0, out_of_step = 0;

	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_copy_put(j, &copy, NULL), 0);
	assert_int_equal(hgt_copy_ref_put(j, &ref, NULL), 0);
	ref.ref = "refs/tags/v1";
	ref.state = HGT_COPY_REF_IN_STEP;
	ref.note = "";
	assert_int_equal(hgt_copy_ref_put(j, &ref, NULL), 0);
	copy.repo = "a";
	copy.state = HGT_COPY_IN_STEP;
	copy.paused = true;
	copy.error = "";
	assert_int_equal(hgt_copy_put(j, &copy, NULL), 0);
	copy.mirror = "other";
	assert_int_equal(hgt_copy_put(j, &copy, NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);

	assert_int_equal(hgt_copies(j, NULL, copies_into, &out, NULL), 0);
	check_buf(&out, "backup/a in-step 3 1 ;backup/b failing 3 0 away;other/a in-step 3 1 ;");
	assert_int_equal(hgt_copies(j, "other", copies_into, &out, NULL), 0);
	check_buf(&out, "other/a in-step 3 1 ;");
	assert_int_equal(hgt_copy_refs(j, "backup", "b", "", false, 10, refs_into, &out, NULL), 0);
	check_buf(&out, "refs/heads/main diverged 11 theirs;refs/tags/v1 in-step 11 ;");
	assert_int_equal(hgt_copy_refs(j, "backup", "b", "", true, 10, refs_into, &out, NULL), 0);
	check_buf(&out, "refs/heads/main diverged 11 theirs;");
	assert_int_equal(hgt_copy_refs(j, "backup", "b", "refs/heads/main", false, 10, refs_into, &out, NULL), 0);
	check_buf(&out, "refs/tags/v1 in-step 11 ;");
	assert_int_equal(hgt_copy_refs_count(j, "backup", "b", &n, &out_of_step, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(out_of_step, 1);

	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_copy_ref_forget(j, "backup", "b", "refs/tags/v1", NULL), 0);
	assert_int_equal(hgt_copy_forget(j, "backup", "a", NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(hgt_copies(j, "backup", copies_into, &out, NULL), 0);
	check_buf(&out, "backup/b failing 3 0 away;");
	assert_int_equal(hgt_copy_refs(j, "backup", "b", "", false, 10, refs_into, &out, NULL), 0);
	check_buf(&out, "refs/heads/main diverged 11 theirs;");
	assert_int_equal(hgt_copy_forget(j, "backup", NULL, NULL), 0);
	assert_int_equal(hgt_copies(j, NULL, copies_into, &out, NULL), 0);
	check_buf(&out, "other/a in-step 3 1 ;");
	assert_int_equal(hgt_copy_refs(j, "backup", "b", "", false, 10, refs_into, &out, NULL), 0);
	check_buf(&out, "");
	hgt_journal_close(j);
	free(path);
}

static int mirrors_into(void *ctx, const struct hgt_mirror_row *row)
{
	hgt_buf_addf(ctx, "%s %s %s %d;", row->mirror, row->direction, row->url, row->paused);
	return 0;
}

static void keeps_mirrors_and_up_to_where_all_is_settled(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	struct hgt_copy_row copy = {.mirror = "b", .repo = "infra", .state = HGT_COPY_IN_STEP, .error = ""};
	struct hgt_mirror_row mirror = {"b", "push", "/srv/{repo}", false};
	uint64_t seq = 7;
	bool found = true;

	assert_int_equal(hgt_mirrors_get_settled(j, &seq, NULL), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_mirror_put(j, &mirror, NULL), 0);
	mirror.paused = true;
	assert_int_equal(hgt_mirror_put(j, &mirror, NULL), 0);
	mirror.mirror = "a";
	assert_int_equal(hgt_mirror_put(j, &mirror, NULL), 0);
	assert_int_equal(hgt_copy_put(j, &copy, NULL), 0);
	assert_int_equal(hgt_mirrors_set_settled(j, 4, NULL), 0);
	assert_int_equal(hgt_mirrors_set_settled(j, 5, NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(hgt_mirrors(j, mirrors_into, &out, NULL), 0);
	check_buf(&out, "a push /srv/{repo} 1;b push /srv/{repo} 1;");
	assert_int_equal(hgt_mirrors_get_settled(j, &seq, NULL), 0);
	assert_int_equal(seq, 5);
	assert_int_equal(hgt_copy_get(j, "b", "other", &found, copies_into, &out, NULL), 0);
	assert_false(found);
	assert_int_equal(hgt_copy_get(j, "b", "infra", &found, copies_into, &out, NULL), 0);
	assert_true(found);
	check_buf(&out, "b/infra in-step 0 0 ;");

	/* A journal under another id is another one: what was settled in the first says nothing of it. */
	journal_exec(path, "UPDATE mirrors_settled SET journal = '0123456789abcdef'");
	assert_int_equal(hgt_mirrors_get_settled(j, &seq, NULL), 0);
	assert_int_equal(seq, 0);
	assert_int_equal(hgt_journal_begin(j, NULL), 0);
	assert_int_equal(hgt_mirrors_set_settled(j, 9, NULL), 0);
	assert_int_equal(hgt_mirror_forget(j, "b", NULL), 0);
	assert_int_equal(hgt_journal_commit(j, NULL), 0);
	assert_int_equal(journal_number(path, "SELECT count(*) FROM mirrors_settled"), 1);
	assert_int_equal(journal_number(path, "SELECT count(*) FROM mirror_copies"), 0);
	assert_int_equal(hgt_mirrors(j, mirrors_into, &out, NULL), 0);
	check_buf(&out, "a push /srv/{repo} 1;");
	hgt_journal_close(j);
	free(path);
}

static void tells_what_has_moved(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	char *path = unit_path(*state, "journal.db");
	struct hgt_journal *j = journal_open(path, HGT_JOURNAL_WRITE);
	uint64_t head;

	journal_rows(j, 3, NULL, 0);
	head = (uint64_t)journal_number(path, "SELECT max(seq) FROM events");
	assert_int_equal(hgt_repos_moved(j, head - 1, moved_into, &out, NULL), 0);
	assert_true(out.len > 0 && strncmp(out.data, "infra ", 6) == 0 && strtoull(out.data + 6, NULL, 10) == head);
	hgt_buf_release(&out);
	assert_int_equal(hgt_repos_moved(j, head, moved_into, &out, NULL), 0);
	check_buf(&out, "");
	hgt_journal_close(j);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_copies_and_refs, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(keeps_mirrors_and_up_to_where_all_is_settled, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(tells_what_has_moved, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
