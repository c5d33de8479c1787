/* lib/mirror/manifest and fingerprint: grokmirror's manifest read, distrusted and written; fingerprints as git show-ref gives them. */
#include "mirror/manifest.h"

#include <unistd.h>

#include "base/io.h"
#include "git/repository.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define FP "0123456789abcdef0123456789abcdef01234567"
#define LIMIT (1024 * 1024)

static int read_text(const char *text, struct hgt_manifest *out, struct hgt_error *err)
{
	return hgt_manifest_read(text, strlen(text), LIMIT, out, err);
}

static void reads_an_entry(void **state)
{
	static const char text[] = "{\"/pub/linux.git\": {\"modified\": 1600000000, \"fingerprint\": \"0123456789ABCDEF0123456789abcdef01234567\","
		"\"head\": \"ref: refs/heads/master\", \"owner\": \"L T\", \"description\": \"caf\\u00e9\", \"forkgroup\": \"g-1\","
		"\"reference\": \"/pub/base.git\", \"symlinks\": [\"/linux.git\", \"/../etc\", 7], \"new\": {\"a\": [1]}},"
		"\"old.git\": {\"fingerprint\": null, \"reference\": null, \"head\": \"" FP "\"}}";
	struct hgt_manifest m;
	const struct hgt_manifest_entry *e;

	(void)state;
	assert_int_equal(read_text(text, &m, NULL), 0);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.refused, 0);
	e = hgt_manifest_find(&m, "pub/linux");
	assert_non_null(e);
	assert_string_equal(e->path, "/pub/linux.git");
	assert_string_equal(e->fingerprint, FP);
	assert_int_equal(e->modified, 1600000000);
	assert_string_equal(e->head, "ref: refs/heads/master");
	assert_string_equal(e->owner, "L T");
	assert_string_equal(e->description, "caf\xc3\xa9");
	assert_string_equal(e->forkgroup, "g-1");
	assert_string_equal(e->reference, "/pub/base.git");
	assert_int_equal(e->n_symlinks, 1);
	assert_string_equal(e->symlinks[0], "/linux.git");
	e = hgt_manifest_find(&m, "old");
	assert_non_null(e);
	assert_string_equal(e->path, "/old.git");
	assert_string_equal(e->fingerprint, "");
	assert_string_equal(e->head, FP);
	assert_null(e->reference);
	assert_null(hgt_manifest_find(&m, "pub/linux.git"));
	assert_null(hgt_manifest_find(&m, ""));
	hgt_manifest_release(&m);
}

static void leaves_out_what_leads_elsewhere(void **state)
{
	static const char *const evil[] = {"/../x", "/a/../b", "/..", "..", "", "/", "//a", "/a//b", "/a/", "/./a", "/a/.", "/-oProxy", "-x",
		"/a.git/b", "/a.git/b.git", "/.git", "/a/.git", "/.git/a", "/a\\nb", "/a\\\\b", "/a\\u0000b", "/a\\u007fb", "/.headgate-new.x",
		"/a/.headgate-x.git", "..git", "/...git", "/a/..git", "/.git.git", "/a/.git.git", ".git/", "/a.git/", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"};

	(void)state;
	for (size_t i = 0; i < N_OF(evil); i++) {
		struct hgt_buf text = HGT_BUF_INIT;
		struct hgt_manifest m;

		hgt_buf_addf(&text, "{\"%s\": {}, \"/good.git\": {}}", evil[i]);
		assert_int_equal(read_text(text.data, &m, NULL), 0);
		if (m.n != 1 || m.refused != 1 || !m.refused_why)
			fail_msg("taken: %s", evil[i]);
		assert_string_equal(m.entries[0].repo, "good");
		hgt_manifest_release(&m);
		hgt_buf_release(&text);
	}
}

static void keeps_odd_names(void **state)
{
	static const char *const good[][2] = {{"/.github.git", ".github"}, {"/a/-b.git", "a/-b"}, {"/a b.git", "a b"}, {"/git.git", "git"},
		{"/x.git.git", "x.git"}, {"/...", "..."}, {"/a.gitx/b", "a.gitx/b"}, {"/caf\xc3\xa9", "caf\xc3\xa9"}};

	(void)state;
	for (size_t i = 0; i < N_OF(good); i++) {
		struct hgt_buf name = HGT_BUF_INIT;

		assert_int_equal(hgt_manifest_name(good[i][0], &name, NULL), 0);
		assert_string_equal(name.data, good[i][1]);
		hgt_buf_release(&name);
	}
}

static void drops_bad_values(void **state)
{
	static const char text[] = "{\"/a.git\": {\"modified\": -5, \"fingerprint\": \"zz\", \"head\": \"ref: refs/heads/../../x\","
		"\"description\": 7, \"reference\": \"/../../etc\", \"symlinks\": \"x\"}, \"/b.git\": 3, \"/c\": {}, \"/c.git\": {}}";
	struct hgt_manifest m;

	(void)state;
	assert_int_equal(read_text(text, &m, NULL), 0);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.refused, 2);
	assert_string_equal(m.entries[0].repo, "a");
	assert_int_equal(m.entries[0].modified, 0);
	assert_string_equal(m.entries[0].fingerprint, "");
	assert_null(m.entries[0].head);
	assert_null(m.entries[0].description);
	assert_null(m.entries[0].reference);
	assert_int_equal(m.entries[0].n_symlinks, 0);
	assert_string_equal(m.entries[1].path, "/c");
	hgt_manifest_release(&m);
}

static void judges_heads(void **state)
{
	static const char *const good[] = {"ref: refs/heads/main", "ref: refs/heads/a/b", FP};
	static const char *const bad[] = {"", "main", "ref: HEAD", "ref: refs/tags/x", "ref: refs/heads/", "ref: refs/heads/a..b",
		"ref: refs/heads/.a", "ref: refs/heads/a.lock", "ref: refs/heads/a b", "ref: refs/heads/a\nx", "ref: refs/heads/a/", "ref: refs/heads/a//b",
		"ref: refs/heads/@{u}", "0123", "ref: refs/heads/a*"};

	(void)state;
	for (size_t i = 0; i < N_OF(good); i++)
		assert_true(hgt_manifest_head_is_valid(good[i]));
	for (size_t i = 0; i < N_OF(bad); i++)
		if (hgt_manifest_head_is_valid(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void refuses_what_is_no_manifest(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {
		{"", HGT_EPARSE}, {"[]", HGT_EPARSE}, {"null", HGT_EPARSE}, {"{\"/a\": {}", HGT_EPARSE}, {"<html>", HGT_EPARSE},
		{"{\"/a\": {}, \"/a\": {}}", HGT_EPARSE}, {"{\"/a\": {\"head\": 1, \"head\": 2}}", HGT_EPARSE}, {"{\"/a\": {}} x", HGT_EPARSE},
		{"{\"\xff\": {}}", HGT_EPARSE}, {"{\"a\":[[[[[[[[[[[[]]]]]]]]]]]]}", HGT_EPARSE}, {"\x1f\x8b", HGT_EPARSE}, {"\x1f\x8b\x08zzzzzzzz", HGT_EPARSE},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_error err = {0};
		struct hgt_manifest m;
		int code = read_text(cases[i].text, &m, &err);

		if (code != cases[i].code || !err.message[0])
			fail_msg("%s: %d %s", cases[i].text, code, err.message);
	}
}

static void bounds_what_it_reads(void **state)
{
	static char zeros[4 * LIMIT];
	struct hgt_buf packed = HGT_BUF_INIT;
	struct hgt_manifest m;
	size_t len;

	(void)state;
	memset(zeros, ' ', sizeof(zeros));
	assert_int_equal(hgt_manifest_read(zeros, sizeof(zeros), LIMIT, &m, NULL), HGT_ELIMIT);
	assert_int_equal(hgt_manifest_compress(zeros, sizeof(zeros), &packed, NULL), 0);
	assert_true(packed.len < 16 * 1024);
	assert_int_equal(hgt_manifest_read(packed.data, packed.len, LIMIT, &m, NULL), HGT_ELIMIT);
	hgt_buf_reset(&packed);
	assert_int_equal(hgt_manifest_compress("{\"/a\":{}}", 9, &packed, NULL), 0);
	assert_int_equal(hgt_manifest_read(packed.data, packed.len, LIMIT, &m, NULL), 0);
	hgt_manifest_release(&m);
	len = packed.len;
	for (size_t cut = 2; cut < len; cut++)
		assert_int_equal(hgt_manifest_read(packed.data, cut, LIMIT, &m, NULL), HGT_EPARSE);
	hgt_buf_addc(&packed, 'x');
	assert_int_equal(hgt_manifest_read(packed.data, packed.len, LIMIT, &m, NULL), HGT_EPARSE);
	hgt_buf_release(&packed);
}

static void reads_what_it_writes(void **state)
{
	const char *links[] = {"/l.git"};
	const struct hgt_manifest_entry entries[] = {
		{.path = "/a\"b.git", .repo = "a\"b", .fingerprint = FP, .modified = 5, .head = "ref: refs/heads/main", .owner = "o",
			.description = "two\nlines", .forkgroup = "f", .reference = "/c.git", .symlinks = links, .n_symlinks = 1},
		{.path = "/c.git", .repo = "c"},
	};
	struct hgt_buf json = HGT_BUF_INIT;
	struct hgt_manifest m;

	(void)state;
	hgt_manifest_write(entries, N_OF(entries), &json);
	assert_string_equal(json.data, "{\"/a\\\"b.git\":{\"modified\":5,\"fingerprint\":\"" FP "\",\"head\":\"ref: refs/heads/main\",\"owner\":\"o\","
		"\"description\":\"two\\nlines\",\"forkgroup\":\"f\",\"reference\":\"/c.git\",\"symlinks\":[\"/l.git\"]},"
		"\"/c.git\":{\"modified\":0,\"fingerprint\":null,\"head\":null,\"reference\":null}}");
	assert_int_equal(read_text(json.data, &m, NULL), 0);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.entries[0].description, "two\nlines");
	hgt_manifest_release(&m);
	hgt_buf_release(&json);
}

static void survives_want_of_memory(void **state)
{
	static const char text[] = "{\"/a.git\": {\"fingerprint\": \"" FP "\", \"owner\": \"o\", \"symlinks\": [\"/x\"], \"reference\": \"/b\"}, \"/..\": {}}";

	(void)state;
	for (long n = 1;; n++) {
		struct hgt_manifest m;
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = read_text(text, &m, &err);
		if (code == 0)
			hgt_manifest_release(&m);
		if (!fail_alloc_off())
			break;
		/* Words of why an entry is left out may fall away without harm. */
		assert_true(code == HGT_ENOMEM || code == 0);
	}
}

static void run(const char *script)
{
	if (system(script) != 0)
		fail_msg("failed: %s", script);
}

static void check_fingerprint(const char *path, int64_t modified)
{
	char script[300], want[HGT_FINGERPRINT_HEX + 1] = "", got[HGT_FINGERPRINT_HEX];
	struct hgt_repo *repo = NULL;
	int64_t when = 0;
	FILE *pipe;

	snprintf(script, sizeof(script), "git -C %s show-ref | grep -v ' refs/headgate/' | sha1sum | cut -c 1-40", path);
	pipe = popen(script, "re");
	assert_non_null(pipe);
	assert_int_equal(fread(want, 1, HGT_FINGERPRINT_HEX - 1, pipe), HGT_FINGERPRINT_HEX - 1);
	pclose(pipe);
	assert_int_equal(hgt_repo_open_any_owner(path, &repo, NULL), 0);
	assert_int_equal(hgt_fingerprint(repo, got, &when, NULL), 0);
	assert_string_equal(got, want);
	assert_int_equal(when, modified);
	assert_int_equal(hgt_fingerprint(repo, got, NULL, NULL), 0);
	assert_string_equal(got, want);
	hgt_repo_close(repo);
}

static void fingerprints_as_git_lists_refs(void **state)
{
	struct hgt_repo *repo = NULL;
	char got[HGT_FINGERPRINT_HEX];
	int64_t when = 1;

	assert_int_equal(chdir(*state), 0);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	run("git init -q --bare -b main a.git");
	assert_int_equal(hgt_repo_open_any_owner("a.git", &repo, NULL), 0);
	assert_int_equal(hgt_fingerprint(repo, got, &when, NULL), 0);
	assert_string_equal(got, "");
	assert_int_equal(when, 0);
	hgt_repo_close(repo);
	run("export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org; cd a.git && "
		"t=$(git mktree </dev/null) && old=$(GIT_COMMITTER_DATE='1700000000 +0000' git commit-tree -m old $t) && "
		"new=$(GIT_COMMITTER_DATE='1700000500 +0200' git commit-tree -m new -p $old $t) && "
		"git update-ref refs/heads/main $old && git update-ref refs/heads/a/b $new && git update-ref refs/heads/a-b $old && "
		"GIT_COMMITTER_DATE='1800000000 +0000' git tag -a -m t v1 $old && git update-ref refs/headgate/kept/x $old");
	check_fingerprint("a.git", 1700000500);
	run("cd a.git && git pack-refs --all && git update-ref refs/heads/zz refs/heads/main && git update-ref -d refs/heads/a-b && "
		"git symbolic-ref refs/heads/alias refs/heads/main && git symbolic-ref refs/heads/dangling refs/heads/nowhere");
	check_fingerprint("a.git", 1700000500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_an_entry), cmocka_unit_test(leaves_out_what_leads_elsewhere), cmocka_unit_test(keeps_odd_names),
		cmocka_unit_test(drops_bad_values), cmocka_unit_test(judges_heads), cmocka_unit_test(refuses_what_is_no_manifest),
		cmocka_unit_test(bounds_what_it_reads), cmocka_unit_test(reads_what_it_writes), cmocka_unit_test(survives_want_of_memory),
		cmocka_unit_test_setup_teardown(fingerprints_as_git_lists_refs, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
