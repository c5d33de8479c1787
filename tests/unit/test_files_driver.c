/* agent/files_driver: a target becomes what the archive holds, or stays as it was. */
#include "agent/files_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/manifest.h"
#include "base/io.h"
#include "tests/unit/craft_tar.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/files_rig.h"
#include "tests/unit/unit.h"

/* A file system that cannot exchange two names, as NFS: renameat2 of the library is replaced for this program. */
static bool no_exchange;

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (no_exchange) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

/* The time of day, turned forward: files are as old as they look before a stamp of theirs is believed. */
static time_t clock_ahead;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int code = (int)syscall(SYS_clock_gettime, id, ts);

	if (code == 0 && id == CLOCK_REALTIME)
		ts->tv_sec += clock_ahead;
	return code;
}

static int tear_down(void **state)
{
	no_exchange = false;
	clock_ahead = 0;
	return rig_tear_down(state);
}

static const struct entry first[] = {
	{'5', "conf/", ""}, {'0', "conf/a", "a1"}, {'0', "conf/b", "b1"}, {'x', "run", "#!"}, {'2', "link", "conf/a"},
	{'5', "empty/", ""}, {0},
};
static const struct entry second[] = {
	{'5', "conf/", ""}, {'0', "conf/a", "a2"}, {'0', "run", "#!"}, {'2', "link", "run"}, {'5', "new/", ""},
	{'5', "new/deep/", ""}, {'0', "new/deep/c", "c"}, {0},
};
static const struct entry nothing[] = {{0}};

static void places_changes_and_prunes(void **state)
{
	struct rig *rig = *state;

	rig_apply(rig, first);
	rig_counts(rig, 4, 0, 0);
	rig_is(rig, "conf/a", "a1");
	rig_is(rig, "link", "-> conf/a");
	rig_is(rig, "empty", "folder");
	assert_int_equal(rig_mode(rig, "run"), 0755);
	assert_int_equal(rig_mode(rig, "conf/a"), 0644);
	rig_is_tidy(rig);

	rig_apply(rig, first);
	rig_counts(rig, 0, 0, 0);

	rig_apply(rig, second);
	rig_counts(rig, 1, 3, 1);
	rig_is(rig, "conf/a", "a2");
	rig_is(rig, "conf/b", "");
	rig_is(rig, "empty", "");
	rig_is(rig, "link", "-> run");
	rig_is(rig, "new/deep/c", "c");
	assert_int_equal(rig_mode(rig, "run"), 0644);
	rig_is_tidy(rig);

	rig_apply(rig, nothing);
	rig_counts(rig, 0, 0, 4);
	rig_is(rig, "conf", "");
	rig_is(rig, "new", "");
	assert_string_equal(rig_compare(rig), "");
}

static void works_without_exchange(void **state)
{
	no_exchange = true;
	places_changes_and_prunes(state);
}

static void leaves_what_is_of_others(void **state)
{
	struct rig *rig = *state;

	rig_apply(rig, first);
	rig_put(rig, "conf/theirs", "theirs");
	rig_put(rig, "top", "theirs");
	rig_apply(rig, nothing);
	rig_is(rig, "conf/theirs", "theirs");
	rig_is(rig, "top", "theirs");
	rig_is(rig, "conf/a", "");
	/* what the tree has is taken over, with the permissions and the owner that it had */
	rig_put(rig, "conf/a", "was there");
	assert_int_equal(chmod(rig->into, 0700), 0);
	{
		char *path = unit_path(rig->into, "conf/a");

		assert_int_equal(chmod(path, 0640), 0);
		if (geteuid() == 0)
			assert_int_equal(chown(path, 12, 34), 0);
		rig_apply(rig, first);
		rig_counts(rig, 3, 1, 0);
		assert_int_equal(rig_mode(rig, "conf/a"), 0640);
		if (geteuid() == 0) {
			struct stat st;

			assert_int_equal(stat(path, &st), 0);
			assert_int_equal(st.st_uid, 12);
			assert_int_equal(st.st_gid, 34);
		}
		free(path);
	}
	/* a folder that was there is not removed, though it is empty then */
	rig_apply(rig, nothing);
	rig_is(rig, "conf", "folder");
}

static void keeps_what_is_gone_without_prune(void **state)
{
	struct rig *rig = *state;

	rig_apply(rig, first);
	rig->target.prune = false;
	rig_apply(rig, nothing);
	rig_counts(rig, 0, 0, 0);
	rig_is(rig, "conf/a", "a1");
	rig_put(rig, "conf/b", "changed since");
	assert_string_equal(rig_compare(rig), "");
	/* and knows of it when pruning is wanted again; what was changed meanwhile is somebody's */
	rig->target.prune = true;
	rig_apply(rig, nothing);
	rig_counts(rig, 0, 0, 3);
	rig_is(rig, "conf/a", "");
	rig_is(rig, "conf/b", "changed since");
}

static void changes_types(void **state)
{
	static const struct entry files[] = {{'0', "a", "file"}, {'5', "b/", ""}, {'0', "b/c", "c"}, {'2', "l", "a"}, {0}};
	static const struct entry folders[] = {{'5', "a/", ""}, {'0', "a/x", "x"}, {'0', "b", "file"}, {'5', "l/", ""}, {'0', "l/y", "y"}, {0}};
	struct rig *rig = *state;

	rig_apply(rig, files);
	rig_apply(rig, folders);
	rig_is(rig, "a/x", "x");
	rig_is(rig, "b", "file");
	rig_is(rig, "l/y", "y");
	rig_apply(rig, files);
	rig_is(rig, "a", "file");
	rig_is(rig, "b/c", "c");
	rig_is(rig, "l", "-> a");
	/* not when somebody has put something into the folder */
	rig_put(rig, "b/theirs", "theirs");
	assert_int_equal(rig_apply_due(rig, folders, false), HGT_ECONFLICT);
	assert_non_null(strstr(rig->err.message, "b is a folder"));
	assert_true(rig->result.restored);
	rig_is(rig, "a", "file");
	rig_is(rig, "b/c", "c");
	rig_is(rig, "l", "-> a");
	assert_string_equal(rig_compare(rig), "");
	rig_is_tidy(rig);
}

static void follows_no_link(void **state)
{
	struct rig *rig = *state;
	char *outside = unit_path(rig->folder, "outside");
	char *path = unit_path(rig->into, "conf");
	char *file = unit_path(outside, "a");

	rig_apply(rig, nothing);
	assert_int_equal(mkdir(outside, 0755), 0);
	assert_int_equal(symlink(outside, path), 0);
	assert_int_equal(rig_apply_due(rig, first, false), HGT_ECONFLICT);
	assert_non_null(strstr(rig->err.message, "conf is a link"));
	assert_true(rig->result.restored);
	assert_int_equal(access(file, F_OK), -1);
	rig_is(rig, "run", "");
	/* a file's own link is replaced, not followed */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(hgt_write_file(file, "outside", 7, 0644, NULL), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	free(path);
	path = unit_path(rig->into, "conf/a");
	assert_int_equal(symlink(file, path), 0);
	rig_apply(rig, first);
	rig_is(rig, "conf/a", "a1");
	{
		struct hgt_buf text = HGT_BUF_INIT;

		assert_int_equal(hgt_read_file(file, 100, &text, NULL), 0);
		assert_string_equal(text.data, "outside");
		hgt_buf_release(&text);
	}
	free(file);
	free(path);
	free(outside);
}

static void may_be_reached_through_a_link(void **state)
{
	struct rig *rig = *state;
	char *real = unit_path(rig->folder, "real");

	assert_int_equal(mkdir(real, 0755), 0);
	assert_int_equal(symlink("real", rig->into), 0);
	rig_apply(rig, first);
	rig_is(rig, "conf/a", "a1");
	free(real);
}

static void puts_back_what_after_refuses(void **state)
{
	struct rig *rig = *state;

	rig_apply(rig, first);
	rig_put(rig, "new", "theirs");
	assert_int_equal(unlink(rig->manifest), 0);	/* as if all were somebody else's */
	rig_apply(rig, first);
	for (int round = 0; round < 2; round++) {
		static const struct entry third[] = {
			{'0', "conf/a", "a3"}, {'0', "new", "ours"}, {'5', "made/", ""}, {'0', "made/x", "x"}, {'2', "run", "conf/a"}, {0},
		};
		char script[256];

		no_exchange = round == 1;
		snprintf(script, sizeof(script), "echo checking; cat %s/conf/a; exit 3", rig->into);
		rig_after(rig, script);
		assert_int_equal(rig_apply_due(rig, third, false), HGT_ECONFLICT);
		assert_true(rig->result.restored);
		assert_true(rig->result.permanent);
		assert_true(rig->result.ran);
		assert_int_equal(rig->result.exit_status, 3);
		assert_string_equal(rig->result.output.data, "checking\na3");
		assert_non_null(strstr(rig->err.message, "status 3"));
		rig_is(rig, "conf/a", "a1");
		rig_is(rig, "conf/b", "b1");
		rig_is(rig, "new", "theirs");
		rig_is(rig, "made", "");
		rig_is(rig, "run", "#!");
		rig_is(rig, "empty", "folder");
		assert_int_equal(rig_mode(rig, "run"), 0755);
		assert_string_equal(rig_compare(rig), "");
		rig_is_tidy(rig);
	}
}

static void runs_after_when_it_is_owed(void **state)
{
	struct rig *rig = *state;

	rig_apply(rig, first);
	rig_after(rig, "exit 0");
	assert_int_equal(rig_apply_due(rig, first, false), 0);
	assert_false(rig->result.ran);
	assert_int_equal(rig_apply_due(rig, first, true), 0);
	assert_true(rig->result.ran);
	rig->argv[0] = (char *)(uintptr_t)"/no/such/command";
	assert_int_equal(rig_apply_due(rig, second, false), HGT_ENOENT);
	assert_int_equal(rig->result.exit_status, 127);
	assert_true(rig->result.restored);
	assert_false(rig->result.permanent);
	rig_is(rig, "conf/a", "a1");
}

static void tells_what_after_has_changed(void **state)
{
	struct rig *rig = *state;
	char script[256];

	snprintf(script, sizeof(script), "echo more >>%s/conf/a", rig->into);
	rig_after(rig, script);
	rig_apply_due(rig, first, false);
	assert_int_equal(rig->result.differing, 1);
	assert_string_equal(rig->result.difference.data, "conf/a has other contents");
}

static void compares(void **state)
{
	static const struct {
		const char *command, *says;
	} cases[] = {
		{"true", ""},
		{"touch theirs conf/theirs", ""},
		{"chmod 600 conf/b", ""},
		{"chmod +x conf/b", "conf/b is executable"},
		{"chmod -x conf/b run", "run is not executable"},
		{"chmod +x run; rm conf/a", "conf/a is missing"},
		{"mkdir conf/a", "conf/a is no file"},
		{"rmdir conf/a; ln -s b conf/a", "conf/a is no file"},
		{"rm conf/a; mkfifo conf/a", "conf/a is no file"},
		{"rm conf/a; printf a1 >conf/a", ""},
		{"printf x >conf/a", "conf/a has other contents"},
		{"printf a1 >conf/a; ln -sf b link", "link leads elsewhere"},
		{"rm link; touch link", "link is no link"},
		{"rm link; ln -s conf/a link; rmdir empty", "empty is missing"},
		{"ln -s conf empty", "empty is no folder"},
		{"rm empty; mkdir empty; mv conf elsewhere; ln -s elsewhere conf", "conf is no folder, and 2 more"},
		{"rm conf; mv elsewhere conf", ""},
	};
	struct rig *rig = *state;
	const char *says;
	char *nowhere;

	rig_apply(rig, first);
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf command = HGT_BUF_INIT;

		hgt_buf_addf(&command, "cd '%s' && { %s; }", rig->into, cases[i].command);
		assert_int_equal(system(command.data), 0);
		says = rig_compare(rig);
		if (strcmp(says, cases[i].says) != 0)
			fail_msg("after %s: \"%s\"", cases[i].command, says);
		hgt_buf_release(&command);
	}
	nowhere = unit_path(rig->folder, "nowhere");
	assert_int_equal(rename(rig->into, nowhere), 0);
	assert_non_null(strstr(rig_compare(rig), "into is missing"));
	assert_int_equal(rename(nowhere, rig->into), 0);
	free(nowhere);
}

#define MANY 300

/* One line a file: inode and ctime of all that is placed. */
static void identities(const struct rig *rig, struct hgt_buf *out)
{
	for (int i = 0; i < MANY; i++) {
		char name[32], *path;
		struct stat st;

		snprintf(name, sizeof(name), "d%d/f%d", i % 7, i);
		path = unit_path(rig->into, name);
		assert_int_equal(lstat(path, &st), 0);
		hgt_buf_addf(out, "%ju %jd.%09ld\n", (uintmax_t)st.st_ino, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
		free(path);
	}
}

static int differing_lines(const char *a, const char *b)
{
	int n = 0;

	while (*a && *b) {
		size_t la = strcspn(a, "\n"), lb = strcspn(b, "\n");

		n += la != lb || memcmp(a, b, la) != 0;
		a += la + 1;
		b += lb + 1;
	}
	assert_true(*a == *b);
	return n;
}

/* The cost on the disk follows the change: nothing else is staged, and nothing else is touched. */
static void writes_what_differs(void **state)
{
	static char names[MANY][32];
	static struct entry tree[MANY + 1];
	struct hgt_buf before = HGT_BUF_INIT, since = HGT_BUF_INIT;
	struct rig *rig = *state;
	char script[256];

	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "d%d/f%d", i % 7, i);
		tree[i] = (struct entry){'0', names[i], names[i]};
	}
	for (int aged = 0; aged < 2; aged++) {
		rig->target.files.after.n = 0;
		tree[100].text = "as it was";
		rig_apply(rig, tree);
		clock_ahead = aged * 3600;
		assert_string_equal(rig_compare(rig), "");
		hgt_buf_reset(&before);
		identities(rig, &before);
		tree[100].text = "changed";
		/* the staging folder holds the file that was exchanged for the new one, and no other */
		snprintf(script, sizeof(script), "cd %s && find .headgate-*/ ! -type d", rig->into);
		hgt_buf_reset(&since);
		hgt_buf_adds(&since, script);
		hgt_buf_addf(&since, " | grep -c . | grep -qx 1 && test -f .headgate-*/new/%s", names[100]);
		rig_after(rig, since.data);
		rig_apply(rig, tree);
		rig_counts(rig, 0, 1, 0);
		assert_true(rig->result.ran);
		hgt_buf_reset(&since);
		identities(rig, &since);
		assert_int_equal(differing_lines(before.data, since.data), 1);
		rig_is(rig, names[100], "changed");
	}
	hgt_buf_release(&before);
	hgt_buf_release(&since);
}

static void write_in_place(const char *path, const char *text, const struct timespec *mtime)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, *mtime};
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(hgt_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

/* Whether the list knows a stamp of the file. */
static bool is_known(const struct rig *rig, const char *name)
{
	struct manifest m = MANIFEST_INIT;
	const struct manifest_entry *entry;
	bool known;

	assert_int_equal(manifest_load(&m, rig->manifest, NULL), 0);
	entry = manifest_find(&m, name, strlen(name));
	assert_non_null(entry);
	known = manifest_stamp_is_known(&entry->stamp);
	manifest_release(&m);
	return known;
}

/* Have the list claim another content of the file: who reads the file sees the difference, who believes the stamp does not. */
static void belie(const struct rig *rig, const char *name)
{
	struct manifest m = MANIFEST_INIT;
	struct manifest_entry *entry;

	assert_int_equal(manifest_load(&m, rig->manifest, NULL), 0);
	entry = manifest_find(&m, name, strlen(name));
	assert_non_null(entry);
	entry->digest[0] ^= 1;
	assert_int_equal(manifest_save(&m, rig->manifest, NULL), 0);
	manifest_release(&m);
}

static void knows_unchanged_files_again(void **state)
{
	static const char says[] = "conf/a has other contents";
	struct rig *rig = *state;
	char *path = unit_path(rig->into, "conf/a"), *other = unit_path(rig->into, "other");
	struct stat st, now;

	/* a file that has just changed may change again and not show it: it is read each time */
	rig_apply(rig, first);
	assert_string_equal(rig_compare(rig), "");
	assert_false(is_known(rig, "conf/a"));
	belie(rig, "conf/a");
	assert_string_equal(rig_compare(rig), says);
	belie(rig, "conf/a");
	/* so is one of the future */
	clock_ahead = -3600;
	assert_string_equal(rig_compare(rig), "");
	assert_false(is_known(rig, "conf/a"));
	/* later it is read once */
	clock_ahead = 3600;
	assert_string_equal(rig_compare(rig), "");
	assert_true(is_known(rig, "conf/a"));
	belie(rig, "conf/a");
	assert_string_equal(rig_compare(rig), "");
	belie(rig, "conf/a");

	/* the same size and the same mtime, but not the same ctime; the clock of files may not have moved on at once */
	assert_int_equal(stat(path, &st), 0);
	do {
		write_in_place(path, "A1", &st.st_mtim);
		assert_int_equal(stat(path, &now), 0);
	} while (now.st_ctim.tv_sec == st.st_ctim.tv_sec && now.st_ctim.tv_nsec == st.st_ctim.tv_nsec);
	assert_int_equal(now.st_mtim.tv_nsec, st.st_mtim.tv_nsec);
	assert_int_equal(now.st_size, st.st_size);
	assert_int_equal(now.st_ino, st.st_ino);
	assert_string_equal(rig_compare(rig), says);
	assert_string_equal(rig_compare(rig), says);
	rig_apply(rig, first);
	rig_counts(rig, 0, 1, 0);
	rig_is(rig, "conf/a", "a1");

	/* another file in its place, as old as it was */
	assert_string_equal(rig_compare(rig), "");
	assert_true(is_known(rig, "conf/a"));
	assert_int_equal(stat(path, &st), 0);
	rig_put(rig, "other", "A1");
	write_in_place(other, "A1", &st.st_mtim);
	assert_int_equal(rename(other, path), 0);
	assert_string_equal(rig_compare(rig), says);
	rig_apply(rig, first);
	rig_is(rig, "conf/a", "a1");
	free(path);
	free(other);
}

/* What is known of the old content must not be taken for the new, whether or not it is put back. */
static void knows_nothing_of_what_is_new(void **state)
{
	struct rig *rig = *state;

	rig_apply(rig, first);
	clock_ahead = 3600;
	assert_string_equal(rig_compare(rig), "");
	rig_after(rig, "exit 1");
	assert_int_equal(rig_apply_due(rig, second, false), HGT_ECONFLICT);
	rig_is(rig, "conf/a", "a1");
	belie(rig, "conf/a");
	assert_string_equal(rig_compare(rig), "conf/a has other contents");
	belie(rig, "conf/a");
	assert_string_equal(rig_compare(rig), "");
	rig->target.files.after.n = 0;
	clock_ahead = 0;
	rig_apply(rig, second);
	rig_is(rig, "conf/a", "a2");
	assert_false(is_known(rig, "conf/a"));
}

/* An apply that died in the middle: a staging folder lies about, some files are new, and the list is the union. */
static void converges_after_a_crash(void **state)
{
	struct rig *rig = *state;
	struct manifest both = MANIFEST_INIT, before = MANIFEST_INIT;
	unsigned char digest[HGT_SHA256_SIZE];
	char *path;

	rig_apply(rig, first);
	assert_int_equal(manifest_load(&before, rig->manifest, NULL), 0);
	for (size_t i = 0; i < before.n; i++)
		assert_int_equal(manifest_add(&both, before.items[i]->kind, before.items[i]->path, strlen(before.items[i]->path),
			before.items[i]->digest, NULL, NULL), 0);
	hgt_sha256("c", 1, digest);
	assert_int_equal(manifest_add(&both, MANIFEST_STALE, "new/deep/c", 10, digest, NULL, NULL), 0);
	assert_int_equal(manifest_add(&both, MANIFEST_STALE, "other", 5, digest, NULL, NULL), 0);
	assert_int_equal(manifest_add(&both, MANIFEST_FOLDER_STALE, "new", 3, digest, NULL, NULL), 0);
	assert_int_equal(manifest_add(&both, MANIFEST_FOLDER_STALE, "new/deep", 8, digest, NULL, NULL), 0);
	assert_int_equal(manifest_save(&both, rig->manifest, NULL), 0);
	path = unit_path(rig->into, "new/deep");
	assert_int_equal(hgt_make_folders(path, 0755, NULL), 0);
	free(path);
	rig_put(rig, "new/deep/c", "c");
	rig_put(rig, "other", "theirs");
	path = unit_path(rig->into, ".headgate-0123456789abcdef/new/conf");
	assert_int_equal(hgt_make_folders(path, 0700, NULL), 0);
	free(path);
	rig_put(rig, ".headgate-0123456789abcdef/new/conf/a", "a2");

	/* the first tree is as it was, and yet the target is not as it says; unless what is gone from the tree may stay */
	assert_string_equal(rig_compare(rig), "new/deep/c is left of an apply that did not come to its end");
	rig->target.prune = false;
	assert_string_equal(rig_compare(rig), "");
	rig->target.prune = true;

	/* the tree has moved on to nothing meanwhile: all that the dead apply placed goes, what it only meant to place stays */
	rig_apply(rig, nothing);
	rig_is(rig, "new", "");
	rig_is(rig, "conf", "");
	rig_is(rig, "other", "theirs");
	rig_is_tidy(rig);
	manifest_release(&both);
	manifest_release(&before);
}

/* Where nothing is added, the list is written at the end alone: what a dead apply has placed by then looks changed by hand. */
static void goes_on_with_what_was_changed(void **state)
{
	static const struct entry before[] = {{'0', "a", "1"}, {'0', "b", "1"}, {'0', "c", "1"}, {0}};
	static const struct entry after[] = {{'0', "a", "2"}, {'0', "b", "2"}, {0}};
	struct rig *rig = *state;
	char *path;

	rig_apply(rig, before);
	rig_put(rig, "a", "2");
	path = unit_path(rig->into, "c");
	assert_int_equal(unlink(path), 0);
	free(path);
	rig_apply(rig, after);
	rig_is(rig, "a", "2");
	rig_is(rig, "b", "2");
	rig_is(rig, "c", "");
	assert_string_equal(rig_compare(rig), "");

	/* Or the tree that it was on its way to has gone: what it had placed of it goes as well. */
	rig_put(rig, "a", "3");
	rig_apply(rig, nothing);
	rig_is(rig, "a", "");
	rig_is_tidy(rig);
}

static void refuses(void **state)
{
	static const struct {
		struct entry tree[3];
		int code;
	} cases[] = {
		{{{'0', "ok", "x"}, {'0', "../outside", "x"}}, HGT_EPERM},
		{{{'0', "ok", "x"}, {'2', "l", "/etc"}}, HGT_EPERM},
		{{{'0', ".headgate-mine/x", "x"}}, HGT_EPERM},
		{{{'0', "ok", "x"}, {'0', "ok", "y"}}, HGT_EPERM},
	};
	struct rig *rig = *state;

	rig_apply(rig, first);
	for (size_t i = 0; i < N_OF(cases); i++) {
		assert_int_equal(rig_apply_due(rig, cases[i].tree, false), cases[i].code);
		assert_true(rig->result.permanent);
		rig_is(rig, "ok", "");
		assert_string_equal(rig_compare(rig), "");
		rig_is_tidy(rig);
	}
}

static void survives_failing_allocations(void **state)
{
	struct rig *rig = *state;

	rig_apply(rig, first);
	for (long n = 1;; n++) {
		struct driver_order order = {.target = &rig->target, .folder = rig->folder, .stop_fd = -1, .archive = rig_archive(second)};
		int code;

		driver_result_release(&rig->result);
		driver_result_init(&rig->result);
		fail_alloc_at(n);
		code = files_apply(&order, &rig->result, &rig->err);
		close(order.archive);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		/* it fails whole, or the missing memory was not missed, or only the look at the outcome failed */
		rig_is(rig, "conf/a", code < 0 && (rig->result.restored || rig->result.added == 0) ? "a1" : "a2");
		assert_string_equal(rig_compare(rig), "");
		rig_apply(rig, first);
	}
	rig_is(rig, "conf/a", "a2");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, tear_down)

/* An apply that is killed once all is in place, and nothing has been noted of it. */
static void apply_and_die(struct rig *rig, const struct entry *tree)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		rig_after(rig, "kill -9 $PPID");
		_exit(rig_apply_due(rig, tree, false) == 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* Two of them, and what they placed at one path is not the same: it goes when the tree has it no more. */
static void nothing_stays_of_applies_that_died(void **state)
{
	static const struct entry one[] = {{'0', "a", "1"}, {'0', "b", "1"}, {'2', "l", "a"}, {0}};
	static const struct entry two[] = {{'0', "a", "2"}, {'0', "b", "1"}, {'2', "l", "b"}, {'0', "c", "2"}, {0}};
	static const struct entry three[] = {{'0', "b", "3"}, {0}};
	struct rig *rig = *state;

	apply_and_die(rig, one);
	apply_and_die(rig, two);
	rig_is(rig, "a", "2");
	rig_apply(rig, three);
	rig_is(rig, "a", "");
	rig_is(rig, "l", "");
	rig_is(rig, "c", "");
	rig_is(rig, "b", "3");
	/* Somebody else's file at a path that was planned is not ours. */
	rig_apply(rig, nothing);
	apply_and_die(rig, one);
	rig_put(rig, "a", "theirs");
	rig_apply(rig, three);
	rig_is(rig, "a", "theirs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_stays_of_applies_that_died, rig_set_up, tear_down),
		TEST(places_changes_and_prunes), TEST(works_without_exchange), TEST(leaves_what_is_of_others),
		TEST(keeps_what_is_gone_without_prune), TEST(changes_types), TEST(follows_no_link), TEST(may_be_reached_through_a_link),
		TEST(puts_back_what_after_refuses), TEST(runs_after_when_it_is_owed), TEST(tells_what_after_has_changed), TEST(compares),
		TEST(writes_what_differs), TEST(knows_unchanged_files_again), TEST(knows_nothing_of_what_is_new),
		TEST(converges_after_a_crash), TEST(goes_on_with_what_was_changed), TEST(refuses), TEST(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
