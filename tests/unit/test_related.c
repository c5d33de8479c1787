/* lib/git/related: what two histories have in common, what contains what, what clients see. */
#include "git/related.h"

#include "tests/unit/unit.h"

static char commits[6][HGT_OID_HEX + 1];	/* a <- b, a <- c; another root x <- y; a tag of b */
static const char *folder_of_all;

static void git(const char *words, char *out)
{
	char command[1024];
	FILE *pipe;

	snprintf(command, sizeof(command), "cd '%s' && GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a "
		"GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a git %s", folder_of_all, words);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	if (out)
		assert_non_null(fgets(out, HGT_OID_HEX + 1, pipe));
	while (fgetc(pipe) != EOF)
		continue;
	assert_int_equal(pclose(pipe), 0);
}

static void commit(const char *words, size_t i)
{
	char command[512];

	snprintf(command, sizeof(command), "commit-tree %s 4b825dc642cb6eb9a060e54bf8d69288fbee4904 </dev/null", words);
	git(command, commits[i]);
}

static int set_up(void **state)
{
	char words[256];

	if (unit_folder_make(state) != 0)
		return -1;
	folder_of_all = *state;
	git("init -q --bare .", NULL);
	git("hash-object -t tree -w --stdin </dev/null", NULL);
	commit("-m a", 0);
	snprintf(words, sizeof(words), "-p %s -m b", commits[0]);
	commit(words, 1);
	snprintf(words, sizeof(words), "-p %s -m c", commits[0]);
	commit(words, 2);
	commit("-m x", 3);
	snprintf(words, sizeof(words), "-p %s -m y", commits[3]);
	commit(words, 4);
	snprintf(words, sizeof(words), "tag -a -m t t %s", commits[1]);
	git(words, NULL);
	git("rev-parse t", commits[5]);
	return 0;
}

#define NOTHING "1111111111111111111111111111111111111111"

static void related(void **state)
{
	static const struct {
		int a[2], b[2];	/* -1: none */
		int expected;
	} cases[] = {
		{{1, -1}, {2, -1}, 1}, {{0, -1}, {2, -1}, 1}, {{1, -1}, {1, -1}, 1}, {{3, -1}, {4, -1}, 1}, {{5, -1}, {2, -1}, 1},
		{{1, -1}, {4, -1}, 0}, {{1, 2}, {3, 4}, 0}, {{1, 3}, {4, -1}, 1}, {{4, -1}, {1, 3}, 1}, {{4, -1}, {1, 2}, 0},
		{{-1, -1}, {1, -1}, 0}, {{1, -1}, {-1, -1}, 0},
	};
	struct hgt_repo *repo = NULL;
	struct hgt_error err;

	assert_int_equal(hgt_repo_open(*state, &repo, &err), 0);
	for (size_t i = 0; i < N_OF(cases); i++) {
		const char *a[2], *b[2];
		size_t n_a = 0, n_b = 0;

		for (int k = 0; k < 2; k++) {
			if (cases[i].a[k] >= 0)
				a[n_a++] = commits[cases[i].a[k]];
			if (cases[i].b[k] >= 0)
				b[n_b++] = commits[cases[i].b[k]];
		}
		if (hgt_repo_related(repo, a, n_a, b, n_b, &err) != cases[i].expected)
			fail_msg("case %zu", i);
	}
	/* What is not there has nothing in common with anything. */
	assert_int_equal(hgt_repo_related(repo, (const char *const[]){NOTHING}, 1, (const char *const[]){commits[0]}, 1, &err), 0);
	hgt_repo_close(repo);
}

static void contains(void **state)
{
	struct hgt_repo *repo = NULL;
	struct hgt_error err;

	assert_int_equal(hgt_repo_open(*state, &repo, &err), 0);
	assert_int_equal(hgt_repo_contains(repo, commits[1], commits[0], &err), 1);
	assert_int_equal(hgt_repo_contains(repo, commits[0], commits[1], &err), 0);
	assert_int_equal(hgt_repo_contains(repo, commits[1], commits[2], &err), 0);
	assert_int_equal(hgt_repo_contains(repo, commits[1], commits[1], &err), 1);
	/* A tag is an object of its own, which no commit has. */
	assert_int_equal(hgt_repo_contains(repo, commits[5], commits[1], &err), 0);
	assert_int_equal(hgt_repo_contains(repo, commits[1], commits[5], &err), 0);
	assert_int_equal(hgt_repo_contains(repo, commits[5], commits[5], &err), 1);
	assert_int_equal(hgt_repo_contains(repo, NOTHING, commits[0], &err), 0);
	assert_int_equal(hgt_repo_contains(repo, commits[0], NOTHING, &err), 0);
	hgt_repo_close(repo);
}

static int hides(const char *path)
{
	struct hgt_repo *repo = NULL;
	struct hgt_error err;
	int found;

	assert_int_equal(hgt_repo_open(path, &repo, &err), 0);
	found = hgt_repo_hides(repo, "refs/headgate", &err);
	hgt_repo_close(repo);
	return found;
}

static void hidden(void **state)
{
	assert_int_equal(hides(*state), 0);
	git("config --add transfer.hideRefs refs/pull", NULL);
	assert_int_equal(hides(*state), 0);
	git("config --add transfer.hideRefs refs/headgate", NULL);
	assert_int_equal(hides(*state), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(related), cmocka_unit_test(contains), cmocka_unit_test(hidden)};

	return cmocka_run_group_tests(tests, set_up, unit_folder_remove);
}
