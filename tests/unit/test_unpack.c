/* lib/archive/unpack: what is made, and everything that is refused. */
#include "archive/unpack.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/io.h"
#include "craft_tar.h"
#include "fail_alloc.h"
#include "temp_folder.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct place {
	char *parent;	/* holds the folder and, beside it, what must stay as it is */
	int dir_fd;
};

static void place_new(struct place *p)
{
	struct hgt_buf path = HGT_BUF_INIT;

	p->parent = temp_folder_new();
	hgt_buf_addf(&path, "%s/top", p->parent);
	assert_int_equal(mkdir(path.data, 0755), 0);
	p->dir_fd = open(path.data, O_RDONLY | O_DIRECTORY);
	assert_true(p->dir_fd >= 0);
	hgt_buf_release(&path);
}

static void place_free(struct place *p)
{
	close(p->dir_fd);
	temp_folder_free(p->parent);
}

static int unpack_gzip(const struct hgt_buf *gz, const struct place *p, const struct hgt_unpack_limits *limits,
	struct hgt_unpack_info *info, struct hgt_error *err)
{
	int fd = craft_file(gz->data, gz->len);
	int code = hgt_unpack(fd, p->dir_fd, limits, NULL, NULL, info, err);

	close(fd);
	return code;
}

/* Unpack the tar into a folder of its own and forget it; the tar is released. */
static bool wants_nothing(void *ctx, const char *path, size_t len)
{
	(void)ctx;
	assert_int_equal(strlen(path), len);
	return false;
}

static int note_entry(void *ctx, const struct hgt_unpack_entry *entry, struct hgt_error *err)
{
	struct hgt_buf *told = ctx;
	char hex[HGT_SHA256_HEX];

	(void)err;
	assert_int_equal(strlen(entry->path), entry->len);
	hgt_hex(entry->digest, HGT_SHA256_SIZE, hex);
	hgt_buf_addf(told, "%c %s %.8s\n", "fxld"[entry->kind], entry->path, hex);
	return 0;
}

/* What is only listed, or not wanted, is read as strictly as what is made: the same answer, the same words, and nothing is made. */
static void read_without_making(const struct hgt_buf *gz, const struct hgt_unpack_limits *limits, int code,
	const struct hgt_unpack_info *info, const struct hgt_error *err)
{
	for (int listed = 0; listed < 2; listed++) {
		int fd = craft_file(gz->data, gz->len), got;
		struct hgt_unpack_info own_info = {0};
		struct hgt_buf told = HGT_BUF_INIT;
		struct hgt_error own = {0};
		struct place p;

		place_new(&p);
		got = listed ? hgt_unpack_list(fd, limits, note_entry, &told, &own_info, &own) :
			hgt_unpack(fd, p.dir_fd, limits, wants_nothing, NULL, &own_info, &own);
		if (got != code || (code < 0 && strcmp(own.message, err->message) != 0))
			fail_msg("made: %d \"%s\", %s: %d \"%s\"", code, err->message, listed ? "listed" : "not wanted", got, own.message);
		if (code == 0)
			assert_memory_equal(&own_info, info, sizeof(own_info));
		/* an empty folder can be removed */
		assert_int_equal(unlinkat(p.dir_fd, "../top", AT_REMOVEDIR), 0);
		hgt_buf_release(&told);
		close(fd);
		place_free(&p);
	}
}

static int unpack_tar(struct hgt_buf *tar, const struct hgt_unpack_limits *limits, struct hgt_error *err)
{
	struct hgt_buf gz = HGT_BUF_INIT;
	struct hgt_unpack_info info;
	struct place p;
	struct stat st;
	struct hgt_buf outside = HGT_BUF_INIT;
	int code;

	place_new(&p);
	craft_gzip(tar->data, tar->len, &gz);
	code = unpack_gzip(&gz, &p, limits, &info, err);
	hgt_buf_addf(&outside, "%s/outside", p.parent);
	assert_int_equal(lstat(outside.data, &st), -1);
	read_without_making(&gz, limits, code, &info, err);
	hgt_buf_release(&outside);
	hgt_buf_release(&gz);
	hgt_buf_release(tar);
	place_free(&p);
	return code;
}

static void makes_files_folders_and_links(void **state)
{
	struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT, text = HGT_BUF_INIT;
	struct hgt_unpack_info info;
	struct hgt_error err = {0};
	struct hgt_tar_header h;
	char target[64] = "";
	struct place p;
	struct stat st;
	int fd;

	(void)state;
	place_new(&p);
	craft_entry(&tar, 'g', "pax_global_header", "", "52 comment=0123456789012345678901234567890123456789\n");
	craft_entry(&tar, '5', "./", "", "");
	craft_entry(&tar, '5', "a/", "", "");
	craft_entry(&tar, '0', "a/one", "", "first\n");
	craft_header(&h, '0', "run", "", 3);
	memcpy(h.mode, "0000755", 8);
	craft_checksum(&h);
	craft_put_header(&tar, &h);
	craft_put_data(&tar, "#!\n", 3);
	craft_entry(&tar, '\0', "implied/./deep//file", "", "");
	craft_entry(&tar, '2', "a/up", "../run", "");
	craft_entry(&tar, '2', "dangling", "no/where", "");
	craft_end(&tar);
	craft_gzip(tar.data, tar.len, &gz);
	assert_int_equal(unpack_gzip(&gz, &p, &hgt_unpack_default_limits, &info, &err), 0);
	assert_int_equal(info.files, 3);
	assert_int_equal(info.folders, 3);
	assert_int_equal(info.links, 2);
	assert_int_equal(info.bytes, 9);

	fd = openat(p.dir_fd, "a/one", O_RDONLY);
	assert_int_equal(hgt_read_fd(fd, "a/one", 100, &text, &err), 0);
	assert_string_equal(text.data, "first\n");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	close(fd);
	assert_int_equal(fstatat(p.dir_fd, "run", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(fstatat(p.dir_fd, "implied/deep/file", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(readlinkat(p.dir_fd, "a/up", target, sizeof(target) - 1), 6);
	assert_string_equal(target, "../run");
	hgt_buf_release(&text);
	hgt_buf_release(&gz);
	hgt_buf_release(&tar);
	place_free(&p);
}

static bool wants_some(void *ctx, const char *path, size_t len)
{
	(void)ctx;
	return (len == 9 && memcmp(path, "a/b/c/two", 9) == 0) || (len == 3 && memcmp(path, "big", 3) == 0) ||
		(len == 5 && memcmp(path, "l/ink", 5) == 0);
}

/* Entries are told each once, folders first, with their digests; what is wanted is made, with its folders and nothing else. */
static void makes_what_is_wanted(void **state)
{
	static const char expected[] = "d a 00000000\n" "f a/one 7692c3ad\n" "d a/b 00000000\n" "d a/b/c 00000000\n"
		"f a/b/c/two 3fc4ccfe\n" "f big 00000000\n" "d l 00000000\n" "l l/ink 761ded3d\n" "d empty 00000000\n";
	struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT, told = HGT_BUF_INIT, big = HGT_BUF_INIT, text = HGT_BUF_INIT;
	struct hgt_unpack_info info, listed;
	struct hgt_error err = {0};
	unsigned char digest[HGT_SHA256_SIZE];
	char hex[HGT_SHA256_HEX], *line;
	struct place p;
	struct stat st;
	int fd;

	(void)state;
	place_new(&p);
	/* much more than is held at a time, and no whole number of blocks */
	for (int i = 0; i < 300000; i++)
		hgt_buf_addf(&big, "%d\n", i);
	craft_entry(&tar, '5', "a/", "", "");
	craft_entry(&tar, '0', "a/one", "", "one");
	craft_entry(&tar, '0', "a/b/./c//two", "", "two");
	craft_entry(&tar, '0', "big", "", big.data);
	craft_entry(&tar, '2', "l/ink", "../a/one", "");
	craft_entry(&tar, '5', "empty", "", "");
	craft_end(&tar);
	craft_gzip(tar.data, tar.len, &gz);

	fd = craft_file(gz.data, gz.len);
	assert_int_equal(hgt_unpack_list(fd, &hgt_unpack_default_limits, note_entry, &told, &listed, &err), 0);
	hgt_sha256(big.data, big.len, digest);
	hgt_hex(digest, HGT_SHA256_SIZE, hex);
	line = strstr(told.data, "f big ");
	assert_non_null(line);
	assert_memory_equal(line + 6, hex, 8);
	memcpy(line + 6, "00000000", 8);
	assert_string_equal(told.data, expected);

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(hgt_unpack(fd, p.dir_fd, &hgt_unpack_default_limits, wants_some, NULL, &info, &err), 0);
	close(fd);
	assert_memory_equal(&info, &listed, sizeof(info));
	fd = openat(p.dir_fd, "big", O_RDONLY);
	assert_int_equal(hgt_read_fd(fd, "big", 1 << 24, &text, &err), 0);
	assert_int_equal(text.len, big.len);
	assert_memory_equal(text.data, big.data, big.len);
	close(fd);
	assert_int_equal(fstatat(p.dir_fd, "a/b/c/two", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(p.dir_fd, "l/ink", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(p.dir_fd, "a/one", &st, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(fstatat(p.dir_fd, "empty", &st, AT_SYMLINK_NOFOLLOW), -1);
	hgt_buf_release(&text);
	hgt_buf_release(&big);
	hgt_buf_release(&told);
	hgt_buf_release(&gz);
	hgt_buf_release(&tar);
	place_free(&p);
}

static int note_nothing(void *ctx, const struct hgt_unpack_entry *entry, struct hgt_error *err)
{
	(void)ctx;
	(void)entry;
	(void)err;
	return 0;
}

static int stops(void *ctx, const struct hgt_unpack_entry *entry, struct hgt_error *err)
{
	(void)ctx;
	return hgt_error_set(err, HGT_ECONFLICT, "enough of %s", entry->path);
}

static void stops_when_told(void **state)
{
	struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT;
	struct hgt_unpack_info info;
	struct hgt_error err = {0};
	int fd;

	(void)state;
	craft_entry(&tar, '0', "a/one", "", "one");
	craft_end(&tar);
	craft_gzip(tar.data, tar.len, &gz);
	fd = craft_file(gz.data, gz.len);
	assert_int_equal(hgt_unpack_list(fd, &hgt_unpack_default_limits, stops, NULL, &info, &err), HGT_ECONFLICT);
	assert_string_equal(err.message, "enough of a");
	close(fd);
	hgt_buf_release(&gz);
	hgt_buf_release(&tar);
}

/* Names are held in memory while an archive is read, so there is a bound on all of them together. */
static void bounds_its_names(void **state)
{
	struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT, record = HGT_BUF_INIT;
	struct hgt_unpack_limits limits = {.bytes = 1, .entries = UINT64_MAX, .path = UINT32_MAX, .depth = 4};
	struct hgt_unpack_info info;
	struct hgt_error err = {0};
	int fd;

	(void)state;
	for (int i = 0; i < 1120; i++) {
		hgt_buf_reset(&record);
		hgt_buf_addf(&record, "60013 path=%04d", i);
		for (int j = 0; j < 59997; j += 9)
			hgt_buf_adds(&record, "name-name");
		hgt_buf_truncate(&record, 60012);
		hgt_buf_addc(&record, '\n');
		craft_entry(&tar, 'x', "pax", "", record.data);
		craft_entry(&tar, '0', "f", "", "");
	}
	craft_end(&tar);
	craft_gzip(tar.data, tar.len, &gz);
	hgt_buf_release(&tar);
	fd = craft_file(gz.data, gz.len);
	assert_int_equal(hgt_unpack_list(fd, &limits, note_nothing, NULL, &info, &err), HGT_ELIMIT);
	assert_non_null(strstr(err.message, "names of more than"));
	close(fd);
	hgt_buf_release(&record);
	hgt_buf_release(&gz);
}

static void takes_long_names(void **state)
{
	struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT, name = HGT_BUF_INIT, record = HGT_BUF_INIT;
	struct hgt_unpack_info info;
	struct hgt_error err = {0};
	struct place p;
	struct stat st;

	(void)state;
	place_new(&p);
	for (int i = 0; i < 30; i++)
		hgt_buf_adds(&name, "a-folder-of-some-length/");
	hgt_buf_adds(&name, "leaf");
	hgt_buf_addf(&record, "%zu path=%s\n", name.len + strlen("724 path=\n"), name.data);
	assert_int_equal(name.len + strlen("724 path=\n"), record.len);
	craft_entry(&tar, 'x', "pax_header", "", record.data);
	craft_entry(&tar, '0', "ignored", "", "x");
	/* What a record says holds for one entry. */
	craft_entry(&tar, '0', "plain", "", "y");
	craft_entry(&tar, 'x', "pax_header", "", "9 size=2\n");
	craft_entry(&tar, '0', "sized", "", "zz");
	craft_end(&tar);
	craft_gzip(tar.data, tar.len, &gz);
	assert_int_equal(unpack_gzip(&gz, &p, &hgt_unpack_default_limits, &info, &err), 0);
	assert_int_equal(fstatat(p.dir_fd, name.data, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(p.dir_fd, "plain", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(p.dir_fd, "ignored", &st, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(info.files, 3);
	hgt_buf_release(&record);
	hgt_buf_release(&name);
	hgt_buf_release(&gz);
	hgt_buf_release(&tar);
	place_free(&p);
}

static void refuses_hostile_entries(void **state)
{
	static const struct {
		int code;
		const char *says;
		struct {
			char type;
			const char *name, *target, *data;
		} entries[3];
	} cases[] = {
		{HGT_EPERM, "\"..\" component", {{'0', "../outside", "", "x"}}},
		{HGT_EPERM, "\"..\" component", {{'0', "a/../../outside", "", "x"}}},
		{HGT_EPERM, "\"..\" component", {{'5', "a/..", "", ""}}},
		{HGT_EPERM, "absolute", {{'0', "/tmp/outside", "", "x"}}},
		{HGT_EPERM, "absolute", {{'5', "/", "", ""}}},
		{HGT_EPERM, "link to an absolute path", {{'2', "l", "/etc", ""}}},
		{HGT_EPERM, "leads out", {{'2', "l", "..", ""}}},
		{HGT_EPERM, "leads out", {{'2', "l", "../outside", ""}}},
		{HGT_EPERM, "leads out", {{'2', "a/b/l", "./../..//../outside", ""}}},
		{HGT_EPERM, "behind a name", {{'2', "l", "a/../../outside", ""}}},
		{HGT_EPERM, "behind a name", {{'2', "a/b/up", "../..", ""}, {'2', "l", "a/b/up/..", ""}}},
		{HGT_EPERM, "through a link", {{'2', "l", "a", ""}, {'0', "l/x", "", "x"}}},
		{HGT_EPERM, "through a link", {{'5', "a", "", ""}, {'2', "l", "a", ""}, {'5', "l/x", "", ""}}},
		{HGT_EPERM, "through a link", {{'0', "f", "", "x"}, {'0', "f/x", "", "x"}}},
		{HGT_EPERM, "given twice", {{'0', "f", "", "x"}, {'0', "f", "", "y"}}},
		{HGT_EPERM, "given twice", {{'0', "f", "", "x"}, {'0', "./f", "", "y"}}},
		{HGT_EPERM, "given twice", {{'2', "l", "f", ""}, {'0', "l", "", "y"}}},
		{HGT_EPERM, "given twice", {{'0', "f", "", "x"}, {'2', "f", "g", ""}}},
		{HGT_EPERM, "given twice", {{'5', "d/", "", ""}, {'5', "d", "", ""}}},
		{HGT_EPERM, "given twice", {{'5', "d/", "", ""}, {'0', "d", "", "x"}}},
		{HGT_EPERM, "hard link", {{'0', "f", "", "x"}, {'1', "h", "f", ""}}},
		{HGT_EPERM, "hard link", {{'1', "h", "/etc/passwd", ""}}},
		{HGT_EPERM, "no file, folder", {{'3', "dev", "", ""}}},
		{HGT_EPERM, "no file, folder", {{'4', "dev", "", ""}}},
		{HGT_EPERM, "no file, folder", {{'6', "fifo", "", ""}}},
		{HGT_EPERM, "no file, folder", {{'L', "long", "", "name"}}},
		{HGT_EPERM, "sparse", {{'x', "pax", "", "22 GNU.sparse.major=1\n"}}},
		{HGT_EPERM, "\"..\" component", {{'x', "pax", "", "19 path=../outside\n"}, {'0', "f", "", "x"}}},
		{HGT_EPERM, "leads out", {{'x', "pax", "", "23 linkpath=../outside\n"}, {'2', "l", "f", ""}}},
		{HGT_EPARSE, "no name", {{'0', "", "", "x"}}},
		{HGT_EPARSE, "name of a folder", {{'0', "f/", "", "x"}}},
		{HGT_EPARSE, "name of a folder", {{'2', ".", "f", ""}}},
		{HGT_EPARSE, "has contents", {{'5', "d", "", "x"}}},
		{HGT_EPARSE, "has contents", {{'2', "l", "f", "x"}}},
		{HGT_EPARSE, "no target", {{'2', "l", "", ""}}},
		{HGT_EPARSE, "two pax headers", {{'x', "pax", "", "9 path=f\n"}, {'x', "pax", "", "9 path=g\n"}}},
		{HGT_EPARSE, "without its entry", {{'x', "pax", "", "9 path=f\n"}}},
		{HGT_EPARSE, "wrong length", {{'x', "pax", "", "8 path=f\n"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "wrong length", {{'x', "pax", "", "99 path=f\n"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "wrong length", {{'x', "pax", "", "99999999999999999999 path=f\n"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "wrong length", {{'x', "pax", "", "path=f\n"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "wrong length", {{'x', "pax", "", "7"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "wrong length", {{'x', "pax", "", "3 \n"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "no value", {{'x', "pax", "", "7 path\n"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "empty", {{'x', "pax", "", "8 path=\n"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "no number", {{'x', "pax", "", "11 size=-1\n"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "no number", {{'x', "pax", "", "29 size=99999999999999999999\n"}, {'0', "f", "", "x"}}},
		{HGT_EPARSE, "no number", {{'x', "pax", "", "28 size=9223372036854775808\n"}, {'0', "f", "", "x"}}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hgt_buf tar = HGT_BUF_INIT;
		struct hgt_error err = {0};
		int code;

		for (size_t j = 0; j < 3 && cases[i].entries[j].name; j++)
			craft_entry(&tar, cases[i].entries[j].type, cases[i].entries[j].name, cases[i].entries[j].target,
				cases[i].entries[j].data);
		craft_end(&tar);
		code = unpack_tar(&tar, &hgt_unpack_default_limits, &err);
		if (code != cases[i].code || !strstr(err.message, cases[i].says))
			fail_msg("case %zu: got %d \"%s\", wanted %d \"%s\"", i, code, err.message, cases[i].code,
				cases[i].says);
	}
}

static void refuses_hostile_headers(void **state)
{
	static const struct {
		const char *what;
		size_t at, len;
		const char *bytes;
		bool sum;	/* put the checksum right again */
		int code;
	} cases[] = {
		{"a bad checksum", 0, 1, "F", false, HGT_EPARSE},
		{"no checksum", offsetof(struct hgt_tar_header, checksum), 8, "\0\0\0\0\0\0\0\0", false, HGT_EPARSE},
		{"a negative size", offsetof(struct hgt_tar_header, size), 12, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", true,
			HGT_EPARSE},
		{"a size with a sign", offsetof(struct hgt_tar_header, size), 12, "-0000000001\0", true, HGT_EPARSE},
		{"a size beyond 64 bits", offsetof(struct hgt_tar_header, size), 12, "\x80\1\0\0\0\0\0\0\0\0\0\0", true, HGT_EPARSE},
		{"a size of 2^63-1", offsetof(struct hgt_tar_header, size), 12, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", true,
			HGT_EPARSE},
		{"a huge base-256 size", offsetof(struct hgt_tar_header, size), 12, "\x80\0\0\0\0\x0f\0\0\0\0\0\0", true, HGT_ELIMIT},
		{"a huge octal size", offsetof(struct hgt_tar_header, size), 12, "77777777777\0", true, HGT_ELIMIT},
		{"an empty size", offsetof(struct hgt_tar_header, size), 12, "\0\0\0\0\0\0\0\0\0\0\0\0", true, HGT_EPARSE},
		{"a size that is no octal", offsetof(struct hgt_tar_header, size), 12, "00000000009\0", true, HGT_EPARSE},
		{"a mode that is no number", offsetof(struct hgt_tar_header, mode), 8, "rw-r--r-", true, HGT_EPARSE},
		{"no magic", offsetof(struct hgt_tar_header, magic), 6, "\0\0\0\0\0\0", true, HGT_EPARSE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hgt_buf tar = HGT_BUF_INIT;
		struct hgt_error err = {0};
		struct hgt_tar_header h;
		int code;

		craft_header(&h, '0', "f", "", 1);
		memcpy((char *)&h + cases[i].at, cases[i].bytes, cases[i].len);
		if (cases[i].sum)
			craft_checksum(&h);
		craft_put_header(&tar, &h);
		craft_put_data(&tar, "x", 1);
		craft_end(&tar);
		code = unpack_tar(&tar, &hgt_unpack_default_limits, &err);
		/* A size that does not fit the limit or the number: either way refused before a byte is written. */
		if (code != cases[i].code && !(strstr(cases[i].what, "2^63") && code == HGT_ELIMIT))
			fail_msg("%s: got %d \"%s\"", cases[i].what, code, err.message);
	}
}

static void keeps_its_limits(void **state)
{
	static const struct {
		struct hgt_unpack_limits limits;
		const char *says;
	} cases[] = {
		{{.bytes = 5, .entries = 10, .path = 100, .depth = 30}, "more than 5 bytes"},
		{{.bytes = 100, .entries = 2, .path = 100, .depth = 30}, "more than 2 entries"},
		{{.bytes = 100, .entries = 10, .path = 4, .depth = 30}, "more than 4 bytes"},
		{{.bytes = 100, .entries = 10, .path = 100, .depth = 1}, "more than 1 deep"},
	};
	struct hgt_error err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hgt_buf tar = HGT_BUF_INIT;

		craft_entry(&tar, '0', "a", "", "123");
		craft_entry(&tar, '0', "b/c", "", "123");
		craft_entry(&tar, '0', "b/long", "", "");
		craft_end(&tar);
		assert_int_equal(unpack_tar(&tar, &cases[i].limits, &err), HGT_ELIMIT);
		assert_non_null(strstr(err.message, cases[i].says));
	}
}

/* Folders that no entry names count too: a few bytes of name must not make thousands of them. */
static void counts_implied_folders(void **state)
{
	static const struct hgt_unpack_limits limits = {.bytes = 100, .entries = 20, .path = 4096, .depth = 30};
	struct hgt_buf tar = HGT_BUF_INIT;
	struct hgt_error err = {0};

	(void)state;
	craft_entry(&tar, '0', "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z", "", "");
	craft_end(&tar);
	assert_int_equal(unpack_tar(&tar, &limits, &err), HGT_ELIMIT);
}

static void refuses_a_bomb_behind_the_end(void **state)
{
	struct hgt_buf tar = HGT_BUF_INIT;
	struct hgt_error err = {0};
	char *room;

	(void)state;
	craft_end(&tar);
	room = hgt_buf_reserve(&tar, 4 << 20);
	assert_non_null(room);
	memset(room, 0, 4 << 20);
	hgt_buf_grown(&tar, 4 << 20);
	assert_int_equal(unpack_tar(&tar, &hgt_unpack_default_limits, &err), HGT_ELIMIT);
}

static void refuses_what_is_no_archive(void **state)
{
	struct hgt_buf tar = HGT_BUF_INIT, whole = HGT_BUF_INIT, gz = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct hgt_unpack_info info;
	struct place p;

	(void)state;
	place_new(&p);
	/* nothing, text */
	assert_int_equal(unpack_gzip(&gz, &p, &hgt_unpack_default_limits, &info, &err), HGT_EPARSE);
	hgt_buf_adds(&gz, "<html>not found</html>");
	assert_int_equal(unpack_gzip(&gz, &p, &hgt_unpack_default_limits, &info, &err), HGT_EPARSE);
	/* gzip of nothing, of half a header, of a tar without its end, of a tar with one zero block, with something behind */
	hgt_buf_reset(&gz);
	craft_gzip("", 0, &gz);
	assert_int_equal(unpack_gzip(&gz, &p, &hgt_unpack_default_limits, &info, &err), HGT_EPARSE);
	hgt_buf_reset(&gz);
	craft_entry(&tar, '0', "f", "", "x");
	craft_gzip(tar.data, 100, &gz);
	assert_int_equal(unpack_gzip(&gz, &p, &hgt_unpack_default_limits, &info, &err), HGT_EPARSE);
	craft_end(&tar);
	for (size_t blocks = 2; blocks < 4; blocks++) {
		struct hgt_buf cut = HGT_BUF_INIT;

		hgt_buf_add(&cut, tar.data, blocks * HGT_TAR_BLOCK);
		assert_int_equal(unpack_tar(&cut, &hgt_unpack_default_limits, &err), HGT_EPARSE);
		assert_non_null(strstr(err.message, "cut short"));
	}
	hgt_buf_adds(&tar, "more");
	assert_int_equal(unpack_tar(&tar, &hgt_unpack_default_limits, &err), HGT_EPARSE);
	assert_non_null(strstr(err.message, "behind its end"));
	/* every cut of the gzip stream, and a byte behind it */
	craft_end(&tar);
	craft_gzip(tar.data, tar.len, &whole);
	for (size_t n = 0; n < whole.len; n++) {
		hgt_buf_reset(&gz);
		hgt_buf_add(&gz, whole.data, n);
		assert_int_equal(unpack_gzip(&gz, &p, &hgt_unpack_default_limits, &info, &err), HGT_EPARSE);
	}
	assert_int_equal(unpack_gzip(&whole, &p, &hgt_unpack_default_limits, &info, &err), 0);
	hgt_buf_addc(&whole, 'x');
	assert_int_equal(unpack_gzip(&whole, &p, &hgt_unpack_default_limits, &info, &err), HGT_EPARSE);
	assert_non_null(strstr(err.message, "behind the archive's gzip stream"));
	/* a wrong CRC */
	hgt_buf_truncate(&whole, whole.len - 1);
	whole.data[whole.len - 6] ^= 1;
	assert_int_equal(unpack_gzip(&whole, &p, &hgt_unpack_default_limits, &info, &err), HGT_EPARSE);
	hgt_buf_release(&whole);
	hgt_buf_release(&tar);
	hgt_buf_release(&gz);
	place_free(&p);
}

/* What lies in the folder already is never written through or over. */
static void goes_through_no_link_that_is_there(void **state)
{
	struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT;
	struct hgt_unpack_info info;
	struct hgt_error err = {0};
	struct place p;

	(void)state;
	place_new(&p);
	assert_int_equal(symlinkat("..", p.dir_fd, "l"), 0);
	craft_entry(&tar, '0', "l/outside", "", "x");
	craft_end(&tar);
	craft_gzip(tar.data, tar.len, &gz);
	assert_int_equal(unpack_gzip(&gz, &p, &hgt_unpack_default_limits, &info, &err), HGT_EPERM);
	hgt_buf_release(&gz);
	hgt_buf_release(&tar);
	place_free(&p);
}

static void fail_allocations(bool listed)
{
	struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT;
	long n = 1;

	craft_entry(&tar, 'x', "pax", "", "14 path=a/lon\n");
	craft_entry(&tar, '0', "x", "", "x");
	craft_entry(&tar, '2', "a/l", "lon", "");
	craft_end(&tar);
	craft_gzip(tar.data, tar.len, &gz);
	for (;; n++) {
		struct hgt_unpack_info info;
		struct hgt_error err = {0};
		struct place p;
		int code, fd = craft_file(gz.data, gz.len);

		place_new(&p);
		fail_alloc_at(n);
		code = listed ? hgt_unpack_list(fd, &hgt_unpack_default_limits, note_nothing, NULL, &info, &err) :
			hgt_unpack(fd, p.dir_fd, &hgt_unpack_default_limits, NULL, NULL, &info, &err);
		close(fd);
		place_free(&p);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
	assert_true(n > 3);
	hgt_buf_release(&gz);
	hgt_buf_release(&tar);
}

static void survives_failing_allocations(void **state)
{
	(void)state;
	fail_allocations(false);
	fail_allocations(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_files_folders_and_links), cmocka_unit_test(makes_what_is_wanted),
		cmocka_unit_test(stops_when_told), cmocka_unit_test(bounds_its_names), cmocka_unit_test(takes_long_names),
		cmocka_unit_test(refuses_hostile_entries), cmocka_unit_test(refuses_hostile_headers),
		cmocka_unit_test(keeps_its_limits), cmocka_unit_test(counts_implied_folders),
		cmocka_unit_test(refuses_a_bomb_behind_the_end), cmocka_unit_test(refuses_what_is_no_archive),
		cmocka_unit_test(goes_through_no_link_that_is_there), cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
