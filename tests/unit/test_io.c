/* lib/base/io: reading under a limit, replacing a file whole, folders, numbers. */
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static size_t entries(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t n = 0;

	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static void writes_and_reads(void **state)
{
	static const size_t sizes[] = {0, 1, 16383, 16384, 16385, 100000};
	char *path = unit_path(*state, "file");
	char *data = malloc(100000);

	assert_non_null(data);
	for (size_t i = 0; i < 100000; i++)
		data[i] = (char)(i * 7);
	for (size_t i = 0; i < N_OF(sizes); i++) {
		struct hgt_buf buf = HGT_BUF_INIT;

		hgt_buf_adds(&buf, "x");
		assert_int_equal(hgt_write_file(path, data, sizes[i], 0640, NULL), 0);
		assert_int_equal(hgt_read_file(path, sizes[i], &buf, NULL), 0);
		assert_int_equal(buf.len, sizes[i] + 1);
		assert_memory_equal(buf.data + 1, data, sizes[i]);
		hgt_buf_release(&buf);
	}
	assert_int_equal(entries(*state), 1);
	free(data);
	free(path);
}

/* Longer and shorter than what it was before that, and over what a crash has left of the one to be written over. */
static void rewrites_whole_files(void **state)
{
	static const size_t sizes[] = {5000, 20000, 1, 0, 4096, 3};
	char *path = unit_path(*state, "file"), *spare = unit_path(*state, "file.spare");
	char data[20000];
	struct stat st;

	for (size_t i = 0; i < N_OF(sizes); i++) {
		struct hgt_buf buf = HGT_BUF_INIT;

		memset(data, 'a' + (int)i, sizeof(data));
		if (i == 4)
			assert_int_equal(truncate(spare, 77), 0);
		assert_int_equal(hgt_rewrite_file(path, data, sizes[i], 0600, NULL), 0);
		assert_int_equal(hgt_read_file(path, sizeof(data), &buf, NULL), 0);
		assert_int_equal(buf.len, sizes[i]);
		assert_memory_equal(buf.data, data, sizes[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		hgt_buf_release(&buf);
	}
	assert_int_equal(entries(*state), 2);
	/* The spare is the one before; what stands in its place and is no file is not followed. */
	assert_int_equal(stat(spare, &st), 0);
	assert_int_equal(st.st_size, 4096);
	assert_int_equal(unlink(spare), 0);
	assert_int_equal(symlink(path, spare), 0);
	assert_true(hgt_rewrite_file(path, data, 9, 0600, NULL) < 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(unlink(spare), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(hgt_rewrite_file(path, data, 9, 0600, NULL) < 0);
	assert_int_equal(rmdir(path), 0);
	free(path);
	free(spare);
}

/* What fstat said need not be so any more when the file is read. */
static void reads_a_file_of_another_size_than_was_said(void **state)
{
	char *path = unit_path(*state, "file");
	static const size_t said[] = {0, 1, 39999, 40000, 40001, 100000};
	char data[40000];

	memset(data, 'd', sizeof(data));
	assert_int_equal(hgt_write_file(path, data, sizeof(data), 0600, NULL), 0);
	for (size_t i = 0; i < N_OF(said); i++) {
		struct hgt_buf buf = HGT_BUF_INIT;
		struct hgt_error err = {0};
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		hgt_buf_adds(&buf, "x");
		assert_true(fd >= 0);
		assert_int_equal(hgt_read_regular(fd, path, said[i], 100000, &buf, &err), 0);
		assert_int_equal(buf.len, sizeof(data) + 1);
		assert_memory_equal(buf.data + 1, data, sizeof(data));
		hgt_buf_truncate(&buf, 1);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(hgt_read_regular(fd, path, said[i], sizeof(data) - 1, &buf, &err), HGT_ELIMIT);
		assert_string_equal(buf.data, "x");
		close(fd);
		hgt_buf_release(&buf);
	}
	free(path);
}

static void file_has_the_mode_asked_for(void **state)
{
	char *path = unit_path(*state, "secret");
	struct stat st;

	assert_int_equal(hgt_write_file(path, "s", 1, 0600, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	free(path);
}

static void read_failures_leave_the_buffer(void **state)
{
	char *path = unit_path(*state, "file"), *missing = unit_path(*state, "missing");
	struct hgt_buf buf = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int fds[2];

	hgt_buf_adds(&buf, "before");
	assert_int_equal(hgt_write_file(path, "0123456789", 10, 0600, NULL), 0);
	assert_int_equal(hgt_read_file(path, 9, &buf, &err), HGT_ELIMIT);
	assert_non_null(strstr(err.message, path));
	assert_int_equal(hgt_read_file(missing, 9, &buf, &err), HGT_ENOENT);
	assert_non_null(strstr(err.message, missing));
	assert_int_equal(hgt_read_file(*state, 9, &buf, &err), HGT_EIO);	/* a folder */
	assert_int_equal(hgt_read_fd(-1, "nothing", 9, &buf, &err), HGT_EIO);
	assert_string_equal(err.message, "cannot read nothing: Bad file descriptor");

	/* a pipe has no size to look at first */
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(hgt_write_all(fds[1], "0123456789", 10), 0);
	close(fds[1]);
	assert_int_equal(hgt_read_fd(fds[0], "the pipe", 9, &buf, &err), HGT_ELIMIT);
	assert_string_equal(err.message, "the pipe is longer than 9 bytes");
	close(fds[0]);
	assert_string_equal(buf.data, "before");
	hgt_buf_release(&buf);
	free(path);
	free(missing);
}

static void write_failures_leave_the_file(void **state)
{
	char *path = unit_path(*state, "file"), *deep = unit_path(*state, "no/such/folder");
	char *folder = unit_path(*state, "folder");
	struct hgt_buf buf = HGT_BUF_INIT;
	struct hgt_error err = {0};

	assert_int_equal(hgt_write_file(deep, "x", 1, 0600, &err), HGT_ENOENT);
	assert_non_null(strstr(err.message, deep));

	/* the rename fails: the temporary file goes, the folder stays */
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_true(hgt_write_file(folder, "x", 1, 0600, &err) < 0);
	assert_int_equal(entries(*state), 1);

	assert_int_equal(hgt_write_file(path, "old", 3, 0600, NULL), 0);
	for (long n = 1;; n++) {
		int code;

		fail_alloc_at(n);
		code = hgt_write_file(path, "new", 3, 0600, &err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
		assert_int_equal(entries(*state), 2);
	}
	assert_int_equal(hgt_read_file(path, 10, &buf, NULL), 0);
	assert_string_equal(buf.data, "new");
	hgt_buf_release(&buf);
	free(path);
	free(deep);
	free(folder);
}

static void write_all_tells_what_failed(void **state)
{
	int full = open("/dev/full", O_WRONLY);

	(void)state;
	assert_int_equal(hgt_write_all(-1, "", 0), 0);
	assert_int_equal(hgt_write_all(-1, "x", 1), HGT_EIO);
	assert_int_equal(errno, EBADF);
	assert_int_equal(hgt_write_all(full, "x", 1), HGT_EIO);
	assert_int_equal(errno, ENOSPC);
	close(full);
}

static void makes_folders(void **state)
{
	static const char *const names[] = {"a", "a/b/c", "a/b/c/", "a//b///d", "a/b"};
	char *file = unit_path(*state, "file"), *below = unit_path(*state, "file/sub"), *link = unit_path(*state, "link");
	char *through = unit_path(*state, "link/x");
	struct hgt_error err = {0};
	struct stat st;

	for (size_t i = 0; i < N_OF(names); i++) {
		char *path = unit_path(*state, names[i]);

		assert_int_equal(hgt_make_folders(path, 0750, NULL), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_true(S_ISDIR(st.st_mode));
		assert_int_equal(st.st_mode & 07777, 0750);
		free(path);
	}
	assert_int_equal(hgt_make_folders("/", 0750, NULL), 0);
	assert_int_equal(symlink("a/b", link), 0);
	assert_int_equal(hgt_make_folders(through, 0750, NULL), 0);
	assert_int_equal(hgt_write_file(file, "", 0, 0600, NULL), 0);
	assert_int_equal(hgt_make_folders(file, 0750, &err), HGT_EEXIST);
	assert_non_null(strstr(err.message, file));
	assert_int_equal(hgt_make_folders(below, 0750, &err), HGT_ENOENT);
	free(file);
	free(below);
	free(link);
	free(through);
}

static void syncs_folders(void **state)
{
	char *missing = unit_path(*state, "missing");

	assert_int_equal(hgt_sync_folder(*state, NULL), 0);
	assert_int_equal(hgt_sync_folder(missing, NULL), HGT_ENOENT);
	free(missing);
}

static void hex_and_random(void **state)
{
	char hex[9], one[33], two[33];

	(void)state;
	hgt_hex("\x00\x0f\xa0\xff", 4, hex);
	assert_string_equal(hex, "000fa0ff");
	hgt_random_hex(16, one);
	hgt_random_hex(16, two);
	assert_int_equal(strlen(one), 32);
	assert_int_equal(strspn(one, "0123456789abcdef"), 32);
	assert_string_not_equal(one, two);
}

static void parses_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int code;
		uint64_t value;
	} cases[] = {
		{"0", 0, 0, 0}, {"1", 0, HGT_ELIMIT, 0}, {"00012", 99, 0, 12}, {"99", 99, 0, 99}, {"100", 99, HGT_ELIMIT, 0},
		{"5", 3, HGT_ELIMIT, 0}, {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, HGT_ELIMIT, 0}, {"99999999999999999999999", UINT64_MAX, HGT_ELIMIT, 0},
		{"", 9, HGT_EPARSE, 0}, {"-1", 9, HGT_EPARSE, 0}, {"+1", 9, HGT_EPARSE, 0}, {" 1", 9, HGT_EPARSE, 0},
		{"1 ", 9, HGT_EPARSE, 0}, {"0x1", 9, HGT_EPARSE, 0}, {"1.0", 9, HGT_EPARSE, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		uint64_t value = 42;

		assert_int_equal(hgt_parse_u64(cases[i].text, cases[i].max, &value), cases[i].code);
		assert_int_equal(value, cases[i].code ? 42 : cases[i].value);
	}
}

static void reading_survives_failing_allocations(void **state)
{
	char *path = unit_path(*state, "file");
	bool failed = true;

	assert_int_equal(hgt_write_file(path, "text", 4, 0600, NULL), 0);
	for (long n = 1; failed; n++) {
		struct hgt_buf buf = HGT_BUF_INIT;
		int code;

		fail_alloc_at(n);
		code = hgt_read_file(path, 100, &buf, NULL);
		failed = fail_alloc_off();
		assert_int_equal(code, failed ? HGT_ENOMEM : 0);
		assert_string_equal(buf.data, failed ? "" : "text");
		hgt_buf_release(&buf);
	}
	free(path);
}

#define in_folder(f) cmocka_unit_test_setup_teardown(f, unit_folder_make, unit_folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(writes_and_reads), in_folder(rewrites_whole_files), in_folder(reads_a_file_of_another_size_than_was_said), in_folder(file_has_the_mode_asked_for),
		in_folder(read_failures_leave_the_buffer), in_folder(write_failures_leave_the_file),
		cmocka_unit_test(write_all_tells_what_failed), in_folder(makes_folders), in_folder(syncs_folders),
		cmocka_unit_test(hex_and_random), cmocka_unit_test(parses_numbers),
		in_folder(reading_survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
