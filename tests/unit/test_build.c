/* lib/archive/build: the same tree gives the same bytes, and what is written is what unpack makes again. */
#include "archive/build.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/unpack.h"
#include "base/io.h"
#include "fail_alloc.h"
#include "temp_folder.h"

static struct hgt_repo *repo;
static char *folder;

/* A repository, through git itself: what a tree may hold. `times` makes two commits of one tree differ. */
static const char script[] =
	"set -e; git init -q --bare \"$1\"; cd \"$1\"\n"
	"long=$(printf 'a-folder-name-of-some-length/%.0s' 1 2 3 4 5 6 7 8 9 10 11)\n"
	"for branch in one two; do\n"
	"  time=1500000000; [ $branch = one ] || time=1600000000\n"
	"  cat <<END\n"
	"commit refs/heads/$branch\n"
	"committer T <t@example.org> $time +0000\n"
	"data 1\n"
	"x\n"
	"M 100644 inline top.txt\ndata 4\ntop\n\n"
	"M 100755 inline app/run\ndata 3\n#!\n\n"
	"M 100644 inline app.d/f\ndata 2\nf\n\n"
	"M 100644 inline app/conf/a\ndata 2\na\n\n"
	"M 100644 inline app/conf/b\ndata 0\n\n"
	"M 120000 inline app/link\ndata 6\nconf/a\n"
	"M 160000 0123456789012345678901234567890123456789 app/module\n"
	"M 100644 inline ${long}leaf\ndata 1\nx\n"
	"M 100644 inline 01234567890123456789012345678901234567890123456789/"
	"0123456789012345678901234567890123456789012345678901234567890123456789\ndata 1\nx\n"
	"M 120000 inline long\ndata 120\n"
	"0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789\n"
	"\n"
	"END\n"
	"done | git fast-import --quiet\n";

static int set_up(void **state)
{
	struct hgt_buf path = HGT_BUF_INIT, command = HGT_BUF_INIT;
	struct hgt_error err = {0};

	(void)state;
	folder = temp_folder_new();
	hgt_buf_addf(&path, "%s/r.git", folder);
	hgt_buf_addf(&command, "%s/make.sh", folder);
	assert_int_equal(hgt_write_file(command.data, script, strlen(script), 0644, &err), 0);
	hgt_buf_reset(&command);
	hgt_buf_addf(&command, "/bin/sh %s/make.sh %s", folder, path.data);
	assert_int_equal(system(command.data), 0);
	assert_int_equal(hgt_repo_open(path.data, &repo, &err), 0);
	hgt_buf_release(&command);
	hgt_buf_release(&path);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hgt_repo_close(repo);
	temp_folder_free(folder);
	return 0;
}

/* The archive of a path of a branch, in an unlinked file at its beginning. */
static int build(const char *branch, const char *path, uint64_t limit, int *fd, struct hgt_archive_info *info, struct hgt_error *err)
{
	struct hgt_buf name = HGT_BUF_INIT;
	char commit[HGT_OID_HEX + 1];
	int code;

	assert_int_equal(hgt_repo_resolve(repo, branch, commit, err), 0);
	hgt_buf_addf(&name, "%s/archive", folder);
	*fd = open(name.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(*fd >= 0);
	unlink(name.data);
	hgt_buf_release(&name);
	code = hgt_archive_build(repo, commit, path, *fd, limit, info, err);
	lseek(*fd, 0, SEEK_SET);
	return code;
}

static void gives_the_same_bytes(void **state)
{
	struct hgt_buf bytes = HGT_BUF_INIT, again = HGT_BUF_INIT;
	unsigned char digest[HGT_SHA256_SIZE];
	struct hgt_archive_info one, two;
	struct hgt_error err = {0};
	int fd;

	(void)state;
	assert_int_equal(build("one", "", 0, &fd, &one, &err), 0);
	assert_int_equal(hgt_read_fd(fd, "archive", 1 << 20, &bytes, &err), 0);
	close(fd);
	assert_int_equal(build("two", "", 0, &fd, &two, &err), 0);
	assert_int_equal(hgt_read_fd(fd, "archive", 1 << 20, &again, &err), 0);
	close(fd);
	assert_int_equal(bytes.len, again.len);
	assert_memory_equal(bytes.data, again.data, bytes.len);
	assert_int_equal(one.bytes, bytes.len);
	hgt_sha256(bytes.data, bytes.len, digest);
	assert_memory_equal(one.digest, digest, sizeof(digest));
	assert_memory_equal(two.digest, digest, sizeof(digest));
	/* no time, no name, no system */
	assert_memory_equal(bytes.data, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	hgt_buf_release(&bytes);
	hgt_buf_release(&again);
}

static void is_what_unpack_makes(void **state)
{
	struct hgt_archive_info built;
	struct hgt_unpack_info made;
	struct hgt_error err = {0};
	struct hgt_buf top = HGT_BUF_INIT, name = HGT_BUF_INIT;
	char target[256] = "";
	struct stat st;
	int fd, dir;

	(void)state;
	hgt_buf_addf(&top, "%s/made", folder);
	assert_int_equal(mkdir(top.data, 0755), 0);
	dir = open(top.data, O_RDONLY | O_DIRECTORY);
	assert_int_equal(build("one", "", 0, &fd, &built, &err), 0);
	if (hgt_unpack(fd, dir, &hgt_unpack_default_limits, NULL, NULL, &made, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(made.files, 7);
	assert_int_equal(made.links, 2);
	assert_int_equal(made.folders, 4 + 11 + 1);
	assert_int_equal(fstatat(dir, "app/run", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(fstatat(dir, "top.txt", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(fstatat(dir, "app/module", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(readlinkat(dir, "app/link", target, sizeof(target) - 1), 6);
	assert_string_equal(target, "conf/a");
	assert_int_equal(readlinkat(dir, "long", target, sizeof(target) - 1), 120);
	for (int i = 0; i < 11; i++)
		hgt_buf_adds(&name, "a-folder-name-of-some-length/");
	hgt_buf_adds(&name, "leaf");
	assert_int_equal(fstatat(dir, name.data, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_size, 1);
	close(dir);
	close(fd);
	hgt_buf_release(&name);
	hgt_buf_release(&top);
}

/* Another reader's opinion: names in the order of the tree, folders first. */
static void is_what_tar_lists(void **state)
{
	struct hgt_buf command = HGT_BUF_INIT, listing = HGT_BUF_INIT;
	struct hgt_archive_info info;
	struct hgt_error err = {0};
	FILE *tar;
	int fd;

	(void)state;
	assert_int_equal(build("one", "app", 0, &fd, &info, &err), 0);
	hgt_buf_addf(&command, "tar -tz --quoting-style=literal -f /proc/%d/fd/%d", (int)getpid(), fd);
	tar = popen(command.data, "r");
	assert_non_null(tar);
	assert_int_equal(hgt_read_fd(fileno(tar), "tar", 1 << 16, &listing, &err), 0);
	assert_int_equal(pclose(tar), 0);
	/* tree order compares bytes, a folder as if its name ended in a slash */
	assert_string_equal(listing.data, "conf/\nconf/a\nconf/b\nlink\nmodule/\nrun\n");
	close(fd);
	hgt_buf_release(&listing);
	hgt_buf_release(&command);
}

static void refuses(void **state)
{
	static const struct {
		const char *path;
		uint64_t limit;
		int code;
	} cases[] = {
		{"nowhere", 0, HGT_ENOENT}, {"top.txt", 0, HGT_ENOENT}, {"app/link", 0, HGT_ENOENT}, {"app/module", 0, HGT_ENOENT},
		{"app", 4, HGT_ELIMIT}, {"app", 5, 0}, {"app/conf", 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hgt_archive_info info;
		struct hgt_error err = {0};
		int fd, code = build("one", cases[i].path, cases[i].limit, &fd, &info, &err);

		close(fd);
		if (code != cases[i].code)
			fail_msg("%s within %d: got %d \"%s\"", cases[i].path, (int)cases[i].limit, code, err.message);
	}
}

static void tells_of_a_full_disk(void **state)
{
	struct hgt_archive_info info;
	struct hgt_error err = {0};
	char commit[HGT_OID_HEX + 1];
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	assert_int_equal(hgt_repo_resolve(repo, "one", commit, &err), 0);
	assert_int_equal(hgt_archive_build(repo, commit, "", fd, 0, &info, &err), HGT_EIO);
	assert_non_null(strstr(err.message, "No space left"));
	close(fd);
}

static void survives_failing_allocations(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct hgt_archive_info info;
		struct hgt_error err = {0};
		char commit[HGT_OID_HEX + 1];
		int code, fd = open("/dev/null", O_WRONLY);

		assert_int_equal(hgt_repo_resolve(repo, "one", commit, &err), 0);
		fail_alloc_at(n);
		code = hgt_archive_build(repo, commit, "", fd, 0, &info, &err);
		close(fd);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		/* libgit2 does without some of its memory, and has its own word for missing the rest */
		assert_true(code <= 0);
		assert_int_equal(code < 0, err.message[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_same_bytes), cmocka_unit_test(is_what_unpack_makes),
		cmocka_unit_test(is_what_tar_lists), cmocka_unit_test(refuses), cmocka_unit_test(tells_of_a_full_disk),
		cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
