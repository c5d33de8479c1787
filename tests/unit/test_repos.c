/* daemon/repos: which folders are repositories, what they are called, what a second look tells. */
#include "daemon/repos.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/small_daemon.h"
#include "tests/unit/unit.h"

static struct small_daemon small;

static int start(void **state)
{
	(void)state;
	small_daemon_start(&small);
	free(small_daemon_sh(&small, "cd git && git init -q --bare b.git && git init -q --bare team/a.git && git init -q team/tree &&"
		" mkdir -p team/tree/sub && git init -q --bare team/tree/sub/hidden.git && git init -q --bare scratch/out.git &&"
		" mkdir -p plain/objects plain/refs nohead.git/objects && ln -s b.git link.git && ln -s .. loop &&"
		" git init -q --bare b && git init -q --bare b.git/inside.git && mkdir -p `seq -s / 17` && git init -q --bare"
		" `seq -s / 14`/deep.git && git init -q --bare `seq -s / 17`/deeper.git"));
	small_daemon_restart(&small);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	small_daemon_stop(&small);
	return 0;
}

static void list(struct hgt_buf *out)
{
	const struct repo *repo;
	size_t pos = 0;

	while ((repo = repos_next(small.daemon.repos, &pos)))
		hgt_buf_addf(out, "%s%s", out->len ? " " : "", repo->name);
}

static void finds_them(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT, path = HGT_BUF_INIT;
	const struct repo *repo;

	(void)state;
	list(&out);
	assert_string_equal(out.data, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/deep b team/a team/tree");
	hgt_buf_addf(&path, "%s/git/b", small.folder);
	repo = repos_find(small.daemon.repos, "b");
	assert_non_null(repo);
	/* "b" and "b.git" have one name: the path that sorts first is taken. */
	assert_string_equal(repo->path, path.data);
	assert_null(repo->trouble);
	assert_ptr_equal(repos_find_path(small.daemon.repos, path.data), repo);
	hgt_buf_addf(&path, "/../b/.");
	assert_ptr_equal(repos_find_path(small.daemon.repos, path.data), repo);
	assert_null(repos_find(small.daemon.repos, "b.git"));
	assert_null(repos_find(small.daemon.repos, ""));
	assert_null(repos_find_path(small.daemon.repos, "/nowhere"));
	hgt_buf_reset(&path);
	hgt_buf_addf(&path, "%s/git/team/tree/.git", small.folder);
	assert_string_equal(repos_find(small.daemon.repos, "team/tree")->path, path.data);
	hgt_buf_release(&path);
	hgt_buf_release(&out);
}

static void keeps_troubles(void **state)
{
	const struct repo *repo = repos_find(small.daemon.repos, "b");

	(void)state;
	repos_found(small.daemon.repos, "b", 3, NULL);
	assert_int_equal(repo->refs, 3);
	repos_found(small.daemon.repos, "b", 0, "SHA-256");
	assert_string_equal(repo->trouble, "SHA-256");
	assert_int_equal(repo->refs, 3);
	repos_found(small.daemon.repos, "b", 0, "unreadable");
	assert_string_equal(repo->trouble, "unreadable");
	repos_found(small.daemon.repos, "b", 4, NULL);
	assert_null(repo->trouble);
	repos_found(small.daemon.repos, "none", 4, NULL);
}

struct changes {
	struct hgt_buf added, gone;
};

static void on_added(void *ctx, const struct repo *repo)
{
	hgt_buf_addf(&((struct changes *)ctx)->added, "%s ", repo->name);
}

static void on_gone(void *ctx, const struct repo *repo)
{
	hgt_buf_addf(&((struct changes *)ctx)->gone, "%s ", repo->name);
}

static void look_again(struct changes *changes)
{
	struct repos_scan *scan = NULL;

	hgt_buf_reset(&changes->added);
	hgt_buf_reset(&changes->gone);
	assert_int_equal(repos_scan_new(small.config, &scan, NULL), 0);
	assert_int_equal(repos_merge(small.daemon.repos, scan, on_added, on_gone, changes, NULL), 0);
}

static void looks_again(void **state)
{
	const struct repo *kept = repos_find(small.daemon.repos, "team/a");
	struct changes changes = {HGT_BUF_INIT, HGT_BUF_INIT};
	struct repos_scan *scan = NULL;
	struct hgt_buf folders = HGT_BUF_INIT;
	const char *folder;

	(void)state;
	repos_found(small.daemon.repos, "team/a", 7, NULL);
	look_again(&changes);
	assert_string_equal(changes.added.data, "");
	assert_string_equal(changes.gone.data, "");
	free(small_daemon_sh(&small, "rm -r git/b git/1 && git init -q --bare git/0.git && git init -q --bare git/z/z.git"));
	look_again(&changes);
	/* b is another repository now, at another path. */
	assert_string_equal(changes.added.data, "0 b z/z ");
	assert_string_equal(changes.gone.data, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/deep b ");
	assert_ptr_equal(repos_find(small.daemon.repos, "team/a"), kept);
	assert_int_equal(kept->refs, 7);
	assert_ptr_equal(repos_find_path(small.daemon.repos, kept->path), kept);
	assert_int_equal(repos_scan_new(small.config, &scan, NULL), 0);
	for (size_t i = 0; (folder = repos_scan_folder(scan, i)); i++)
		if (!strstr(folder, "scratch") && !strstr(folder, "plain") && !strstr(folder, "nohead"))
			hgt_buf_addf(&folders, "%s ", folder + strlen(small.folder));
	assert_true(strstr(folders.data, "/git ") && strstr(folders.data, "/git/team ") && strstr(folders.data, "/git/z "));
	assert_null(strstr(folders.data, "tree"));
	repos_scan_free(scan);
	hgt_buf_release(&folders);
	hgt_buf_release(&changes.added);
	hgt_buf_release(&changes.gone);
}

static void roots_that_cannot_be_read(void **state)
{
	struct hgt_config config = {.repositories.root = "/nowhere/at/all"};
	struct repos *repos = NULL;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(repos_new(&config, &repos, &err), HGT_ENOENT);
	assert_non_null(strstr(err.message, "/nowhere/at/all"));
	assert_null(repos);
}

static void allocations_fail(void **state)
{
	bool armed = true;

	(void)state;
	for (long n = 1; armed; n++) {
		struct repos *repos = NULL;
		int code;

		fail_alloc_at(n);
		code = repos_new(small.config, &repos, NULL);
		armed = fail_alloc_off();
		assert_int_equal(code, armed ? HGT_ENOMEM : 0);
		repos_free(repos);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_them), cmocka_unit_test(keeps_troubles), cmocka_unit_test(looks_again),
		cmocka_unit_test(roots_that_cannot_be_read), cmocka_unit_test(allocations_fail),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
