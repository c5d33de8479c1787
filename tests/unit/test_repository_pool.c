/* git/repository_pool: what is kept open shows what is on disk, as if it had just been opened. */
#include "git/repository_pool.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/io.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/unit.h"

static char *folder, *path;
static struct hgt_repo_pool *pool;

static char *sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *sh(const char *fmt, ...)
{
	struct hgt_buf script = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_error err = {0};
	FILE *pipe;
	va_list ap;

	hgt_buf_addf(&script, "set -e; cd %s; export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b "
		"GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; ", folder);
	va_start(ap, fmt);
	hgt_buf_addvf(&script, fmt, ap);
	va_end(ap);
	pipe = popen(script.data, "re");
	assert_non_null(pipe);
	assert_int_equal(hgt_read_fd(fileno(pipe), "script", 1 << 20, &out, &err), 0);
	if (pclose(pipe) != 0)
		fail_msg("%s", script.data);
	while (out.len && out.data[out.len - 1] == '\n')
		hgt_buf_truncate(&out, out.len - 1);
	hgt_buf_release(&script);
	return hgt_buf_take(&out);
}

static int set_up(void **state)
{
	struct hgt_error err = {0};

	(void)state;
	folder = temp_folder_new();
	path = unit_path(folder, "r.git");
	free(sh("git init -q -b main w; git init -q --bare r.git; cd w; echo 1 >f; git add .; git commit -qm 1; git push -q ../r.git main"));
	assert_int_equal(hgt_repo_pool_new(2, &pool, &err), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hgt_repo_pool_free(pool);
	free(path);
	temp_folder_free(folder);
	return 0;
}

static struct hgt_repo *get(const char *of)
{
	struct hgt_error err = {0};
	struct hgt_repo *repo = NULL;

	if (hgt_repo_pool_get(pool, of, &repo, &err) < 0)
		fail_msg("%s", err.message);
	return repo;
}

static bool has(const char *id)
{
	struct hgt_repo *repo = get(path);
	bool found = hgt_repo_has(repo, id);

	hgt_repo_pool_put(pool, repo);
	return found;
}

/* Where main is, by what is kept open. */
static void assert_main_is(const char *id)
{
	struct hgt_repo *repo = get(path);
	char tip[HGT_OID_HEX + 1], commit[HGT_OID_HEX + 1];
	struct hgt_error err = {0};

	if (hgt_repo_ref(repo, "refs/heads/main", tip, &err) < 0 || hgt_repo_commit(repo, tip, commit, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(tip, id);
	assert_string_equal(commit, id);
	hgt_repo_pool_put(pool, repo);
}

static void assert_opened(uint64_t n)
{
	struct hgt_repo_pool_stats stats;

	hgt_repo_pool_stats(pool, &stats);
	assert_int_equal(stats.opened, n);
}

/* Whatever way a push arrives, it is found, and nothing is opened anew for it. */
static void pushes_are_seen(void **state)
{
	(void)state;
	free(sh("git -C r.git config receive.unpackLimit 10; git -C r.git config gc.auto 0"));
	for (int i = 0; i < 30; i++) {
		char *id = sh("cd w; for i in $(seq %d); do echo %d-$i >f$i; done; git add .; "
			"git commit -qm %d; git push -q ../r.git main; git rev-parse HEAD", i % 3 == 2 ? 20 : 1, i, i);

		if (i % 5 == 4)
			free(sh("git -C r.git pack-refs --all"));
		if (i % 7 == 6)
			free(sh("git -C r.git repack -qad; git -C r.git prune-packed -q"));
		assert_main_is(id);
		free(id);
	}
	assert_opened(1);
}

static void a_quiet_repository_is_opened_once(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		char *id = sh("cd w; git commit -q --allow-empty -m %d; git push -q ../r.git main; git rev-parse HEAD", i);

		assert_main_is(id);
		free(id);
	}
	assert_opened(1);
}

static void what_is_pruned_is_gone(void **state)
{
	char *id = sh("cd w; git checkout -q --orphan other; echo x >only; git add .; git commit -qm other; git push -q ../r.git other; "
		"git -C ../r.git repack -qad; git rev-parse HEAD");

	(void)state;
	assert_true(has(id));
	free(sh("git -C r.git update-ref -d refs/heads/other; git -C r.git reflog expire --all --expire=now; git -C r.git repack -qad; "
		"git -C r.git prune --expire=now"));
	assert_false(has(id));
	assert_opened(1);
	free(id);
}

static void another_repository_is_opened(void **state)
{
	char *id, *borrowed;
	struct hgt_repo *repo;
	struct hgt_error err = {0};

	(void)state;
	assert_main_is(id = sh("git -C w rev-parse main"));
	free(id);
	/* another in its place */
	free(sh("rm -rf r.git; git init -q --bare r.git; cd w; git checkout -q --orphan new; git commit -q --allow-empty -m new; "
		"git push -q ../r.git new:main"));
	assert_main_is(id = sh("git -C w rev-parse new"));
	assert_opened(2);
	/* objects that it borrows from now on */
	borrowed = sh("git init -q --bare lender.git; cd w; git commit -q --allow-empty -m lent; git push -q ../lender.git new; git rev-parse HEAD");
	assert_false(has(borrowed));
	free(sh("echo $PWD/lender.git/objects >r.git/objects/info/alternates"));
	assert_true(has(borrowed));
	/* a form that cannot be read, then none, then as it was */
	free(sh("cp r.git/config c; git -C r.git config core.repositoryFormatVersion 1; git -C r.git config extensions.refStorage reftable"));
	assert_int_equal(hgt_repo_pool_get(pool, path, &repo, &err), HGT_EUNSUPPORTED);
	free(sh("mv r.git away.git"));
	assert_int_equal(hgt_repo_pool_get(pool, path, &repo, &err), HGT_ENOENT);
	free(sh("mv away.git r.git; cp c r.git/config"));
	assert_main_is(id);
	free(id);
	free(borrowed);
}

static void is_bounded(void **state)
{
	struct hgt_repo_pool_stats stats;
	struct hgt_repo *repos[5];

	(void)state;
	/* Each its own, of one repository too. */
	for (size_t i = 0; i < N_OF(repos); i++) {
		repos[i] = get(path);
		for (size_t k = 0; k < i; k++)
			assert_ptr_not_equal(repos[i], repos[k]);
	}
	for (size_t i = 0; i < N_OF(repos); i++)
		hgt_repo_pool_put(pool, repos[i]);
	hgt_repo_pool_put(pool, NULL);
	hgt_repo_pool_stats(pool, &stats);
	assert_int_equal(stats.opened, 5);
	assert_int_equal(stats.kept, 2);
	/* The last used stay. */
	free(sh("git init -q --bare s.git; git init -q --bare t.git"));
	{
		char *s = unit_path(folder, "s.git"), *t = unit_path(folder, "t.git");

		hgt_repo_pool_put(pool, get(s));
		hgt_repo_pool_put(pool, get(path));
		hgt_repo_pool_put(pool, get(t));
		assert_opened(7);
		hgt_repo_pool_put(pool, get(path));
		hgt_repo_pool_put(pool, get(t));
		assert_opened(7);
		hgt_repo_pool_put(pool, get(s));
		assert_opened(8);
		free(s);
		free(t);
	}
	hgt_repo_pool_trim(pool, 3600 * 1000);
	hgt_repo_pool_stats(pool, &stats);
	assert_int_equal(stats.kept, 2);
	hgt_repo_pool_trim(pool, 0);
	hgt_repo_pool_stats(pool, &stats);
	assert_int_equal(stats.kept, 0);
}

static atomic_bool over;
static atomic_uint looks, failures;

static void *look_all_the_time(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		char tip[HGT_OID_HEX + 1], commit[HGT_OID_HEX + 1];
		struct hgt_repo *repo = NULL;
		bool well = hgt_repo_pool_get(pool, path, &repo, NULL) == 0 && hgt_repo_ref(repo, "refs/heads/main", tip, NULL) == 0 &&
			hgt_repo_commit(repo, tip, commit, NULL) == 0;

		hgt_repo_pool_put(pool, repo);
		atomic_fetch_add(&looks, 1);
		atomic_fetch_add(&failures, !well);
	}
	return NULL;
}

/* What a ref points at is found by every thread, whatever Git does to its packs meanwhile. */
static void threads_look_while_it_changes(void **state)
{
	pthread_t threads[4];
	char *id;

	(void)state;
	atomic_store(&over, false);
	for (size_t i = 0; i < N_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_all_the_time, NULL), 0);
	for (int i = 0; i < 12; i++) {
		free(sh("cd w; git commit -q --allow-empty -m %d; git push -q ../r.git main", i));
		free(sh(i % 3 == 0 ? "git -C r.git repack -qad" : i % 3 == 1 ? "git -C r.git pack-refs --all" : "git -C r.git gc -q --prune=now"));
	}
	id = sh("git -C w rev-parse main");
	assert_main_is(id);
	free(id);
	atomic_store(&over, true);
	for (size_t i = 0; i < N_OF(threads); i++)
		pthread_join(threads[i], NULL);
	assert_true(atomic_load(&looks) > 0);
	assert_int_equal(atomic_load(&failures), 0);
}

/* Its own: libgit2 1.5 does not survive each of its. What could not be stamped is opened anew. */
static void allocations_fail(void **state)
{
	(void)state;
	for (long n = 1; n <= 4; n++) {
		struct hgt_error err = {0};
		struct hgt_repo *repo = NULL;
		int code;

		hgt_repo_pool_trim(pool, 0);
		fail_alloc_at(n);
		code = hgt_repo_pool_get(pool, path, &repo, &err);
		assert_true(fail_alloc_off());
		if (n == 1)
			assert_int_equal(code, HGT_ENOMEM);
		assert_true(code < 0 ? *err.message && !repo : repo != NULL);
		hgt_repo_pool_put(pool, repo);
		hgt_repo_pool_put(pool, get(path));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pushes_are_seen), TEST(a_quiet_repository_is_opened_once), TEST(what_is_pruned_is_gone), TEST(another_repository_is_opened),
		TEST(is_bounded), TEST(threads_look_while_it_changes), TEST(allocations_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
