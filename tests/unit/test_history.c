/* lib/git/history: which commits there are on the way back, and what each says of itself. */
#include "git/history.h"

#include <unistd.h>

#include "tests/unit/unit.h"

static void sh(const char *script)
{
	if (system(script) != 0)
		fail_msg("script failed: %s", script);
}

/* main: a - b - merge - c, where the merge's second parent is s2 (s1 - s2, from a); side: s1 - s2 - s3. */
static int make_repositories(void **state)
{
	if (unit_folder_make(state) < 0 || chdir(*state) < 0)
		return -1;
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("HOME", *state, 1);
	setenv("GIT_AUTHOR_NAME", "\xc3\x84nn", 1);
	setenv("GIT_AUTHOR_EMAIL", "a@example.org", 1);
	setenv("GIT_COMMITTER_NAME", "C", 1);
	setenv("GIT_COMMITTER_EMAIL", "c@example.org", 1);
	setenv("GIT_AUTHOR_DATE", "1600000000 +0200", 1);
	setenv("GIT_COMMITTER_DATE", "1700000000 +0100", 1);
	sh("git init -q -b main a && cd a && git commit -q --allow-empty -m a && git tag -a -m t tagged && git checkout -q -b side &&"
	   " git commit -q --allow-empty -m s1 && git commit -q --allow-empty -m s2 && git checkout -q main &&"
	   " git commit -q --allow-empty -m b && git merge -q --no-ff -m merge side && "
	   "git commit -q --allow-empty -m 'c of\ntwo lines\n\nmore' &&"
	   " git checkout -q side && git commit -q --allow-empty -m s3");
	sh("git clone -q --bare --depth 3 -b main \"file://$PWD/a\" shallow");
	sh("git clone -q --bare --depth 1 -b main \"file://$PWD/a\" shallowest");
	return 0;
}

static int remove_repositories(void **state)
{
	return chdir("/") < 0 ? -1 : unit_folder_remove(state);
}

static struct hgt_repo *open_repo(const char *path)
{
	struct hgt_repo *repo;
	struct hgt_error err = {0};

	if (hgt_repo_open(path, &repo, &err) < 0)
		fail_msg("%s", err.message);
	return repo;
}

/* The subjects from tip to base, the oldest first. */
static void subjects(struct hgt_repo *repo, const char *tip, const char *base, struct hgt_buf *out)
{
	char tip_id[HGT_OID_HEX + 1], base_id[HGT_OID_HEX + 1];
	struct hgt_past_commit commit;
	struct hgt_history *history;
	struct hgt_error err = {0};

	assert_int_equal(hgt_repo_resolve(repo, tip, tip_id, NULL), 0);
	if (base)
		assert_int_equal(hgt_repo_resolve(repo, base, base_id, NULL), 0);
	if (hgt_history_new(repo, tip_id, base ? base_id : NULL, &history, &err) < 0)
		fail_msg("%s..%s: %s", base, tip, err.message);
	for (size_t i = 0; i < hgt_history_count(history); i++) {
		assert_int_equal(hgt_history_get(history, i, &commit, NULL), 0);
		hgt_buf_addf(out, "%s%s", i ? " " : "", commit.subject);
	}
	hgt_buf_adds(out, hgt_history_is_shallow(history) ? " (shallow)" : "");
	hgt_history_free(history);
}

static void walks_first_parents(void **state)
{
	static const struct {
		const char *tip, *base, *want;
	} cases[] = {
		{"main", NULL, "a b merge c of two lines"},
		{"side", NULL, "a s1 s2 s3"},
		{"main~1", NULL, "a b merge"},
		{"tagged", NULL, "a"},
		{"main", "main~1", "c of two lines"},
		{"main", "tagged", "b merge c of two lines"},
		{"main", "main", ""},
		{"main~1", "main", ""},		/* all of it is reachable from what is newer */
		{"main", "side", "b merge c of two lines"},	/* they part at a */
		{"main", "side~1", "b merge c of two lines"},
		{"side", "main", "s3"},		/* s2 came with the merge */
		{"side", "main~2", "s1 s2 s3"},
	};
	struct hgt_repo *repo = open_repo("a");

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		subjects(repo, cases[i].tip, cases[i].base, &out);
		assert_string_equal(out.data, cases[i].want);
		hgt_buf_release(&out);
	}
	assert_false(hgt_repo_is_bare(repo));
	hgt_repo_close(repo);
}

static void tells_of_a_commit(void **state)
{
	struct hgt_repo *repo = open_repo("a");
	char tip[HGT_OID_HEX + 1], merge[HGT_OID_HEX + 1];
	struct hgt_past_commit commit;
	struct hgt_history *history;

	(void)state;
	assert_int_equal(hgt_repo_resolve(repo, "main", tip, NULL), 0);
	assert_int_equal(hgt_repo_resolve(repo, "main~1", merge, NULL), 0);
	assert_int_equal(hgt_history_new(repo, tip, NULL, &history, NULL), 0);
	assert_int_equal(hgt_history_get(history, 3, &commit, NULL), 0);
	assert_string_equal(commit.id, tip);
	assert_string_equal(commit.parent, merge);
	assert_string_equal(commit.author, "\xc3\x84nn");
	assert_string_equal(commit.email, "a@example.org");
	assert_int_equal(commit.time, 1700000000);
	assert_int_equal(hgt_history_get(history, 0, &commit, NULL), 0);
	assert_true(hgt_oid_is_zero(commit.parent));
	hgt_history_free(history);
	hgt_repo_close(repo);
}

/* A shallow clone ends at a commit whose parent is not there: that one cannot be told from anything. */
static void ends_where_a_shallow_clone_does(void **state)
{
	static const struct {
		const char *repo, *want;
	} cases[] = {{"shallow", "merge c of two lines (shallow)"}, {"shallowest", " (shallow)"}};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_repo *repo = open_repo(cases[i].repo);
		struct hgt_buf out = HGT_BUF_INIT;

		subjects(repo, "main", NULL, &out);
		assert_string_equal(out.data, cases[i].want);
		assert_true(hgt_repo_is_bare(repo));
		hgt_buf_release(&out);
		hgt_repo_close(repo);
	}
}

static void fails_where_an_object_is_missing(void **state)
{
	struct hgt_repo *repo = open_repo("a");
	char tip[HGT_OID_HEX + 1];
	struct hgt_history *history;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(hgt_repo_resolve(repo, "main", tip, NULL), 0);
	assert_int_equal(hgt_history_new(repo, "0123456789012345678901234567890123456789", NULL, &history, &err), HGT_ENOENT);
	assert_int_equal(hgt_history_new(repo, tip, "0123456789012345678901234567890123456789", &history, &err), HGT_ENOENT);
	hgt_repo_close(repo);
	/* A commit in the middle is gone, and the clone is not a shallow one. */
	sh("cp -r a broken && cd broken && id=`git rev-parse main~2` && rm -f .git/objects/`echo $id | cut -c1-2`/`echo $id | cut -c3-`");
	repo = open_repo("broken");
	assert_int_equal(hgt_history_new(repo, tip, NULL, &history, &err), HGT_ENOENT);
	assert_non_null(strstr(err.message, "cannot read commit"));
	hgt_repo_close(repo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_first_parents), cmocka_unit_test(tells_of_a_commit),
		cmocka_unit_test(ends_where_a_shallow_clone_does), cmocka_unit_test(fails_where_an_object_is_missing),
	};

	return cmocka_run_group_tests(tests, make_repositories, remove_repositories);
}
