/* Files, descriptors and random bytes. */
#include "base/io.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int too_long(const char *name, size_t limit, struct hgt_error *err)
{
	return hgt_error_set(err, HGT_ELIMIT, "%s is longer than %zu bytes", name, limit);
}

/* One read of at most `most` bytes: how many there were, or HGT_E*. */
static int64_t read_once(int fd, const char *name, size_t most, struct hgt_buf *buf, struct hgt_error *err)
{
	char *p = hgt_buf_reserve(buf, most);
	ssize_t n;

	if (!p)
		return hgt_error_nomem(err);
	do
		n = read(fd, p, most);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return hgt_error_set_errno(err, "cannot read %s", name);
	hgt_buf_grown(buf, (size_t)n);
	return n;
}

/* Read to the end what is not in the buffer yet, from `start` on. */
static int read_rest(int fd, const char *name, size_t start, size_t limit, struct hgt_buf *buf, struct hgt_error *err)
{
	int64_t n;

	do
		n = read_once(fd, name, 16384, buf, err);
	while (n > 0 && buf->len - start <= limit);
	return n < 0 ? (int)n : n > 0 ? too_long(name, limit, err) : 0;
}

int hgt_read_fd(int fd, const char *name, size_t limit, struct hgt_buf *buf, struct hgt_error *err)
{
	size_t start = buf->len;
	int code = read_rest(fd, name, start, limit, buf, err);

	if (code < 0)
		hgt_buf_truncate(buf, start);
	return code;
}

int hgt_read_regular(int fd, const char *name, size_t size, size_t limit, struct hgt_buf *buf, struct hgt_error *err)
{
	size_t start = buf->len;
	int64_t n;
	int code = 0;

	if (size > limit)
		return too_long(name, limit, err);
	/* A byte more than there should be shows that there is no more. */
	n = read_once(fd, name, size + 1, buf, err);
	if (n < 0)
		return (int)n;
	if ((size_t)n != size)
		code = (size_t)n > limit ? too_long(name, limit, err) : read_rest(fd, name, start, limit, buf, err);
	if (code < 0)
		hgt_buf_truncate(buf, start);
	return code;
}

int hgt_read_file(const char *path, size_t limit, struct hgt_buf *buf, struct hgt_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int code;

	if (fd < 0)
		return hgt_error_set_errno(err, "cannot open %s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		code = hgt_read_regular(fd, path, (size_t)st.st_size, limit, buf, err);
	else
		code = hgt_read_fd(fd, path, limit, buf, err);
	close(fd);
	return code;
}

int hgt_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hgt_code_from_errno(errno);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int hgt_fill_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		/* The lowest free number is taken: those below are open. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return HGT_EIO;
	}
	return 0;
}

int hgt_sync_folder(const char *path, struct hgt_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = 0;

	if (fd < 0)
		return hgt_error_set_errno(err, "cannot open folder %s", path);
	if (fsync(fd) < 0)
		code = hgt_error_set_errno(err, "cannot sync folder %s", path);
	close(fd);
	return code;
}

static int sync_parent(const char *path, struct hgt_error *err)
{
	struct hgt_buf folder = HGT_BUF_INIT;
	const char *slash = strrchr(path, '/');
	int code;

	if (slash)
		hgt_buf_add(&folder, path, slash == path ? 1 : (size_t)(slash - path));
	else
		hgt_buf_adds(&folder, ".");
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = hgt_sync_folder(folder.data, err);
	hgt_buf_release(&folder);
	return code;
}

/* All that the file is to hold, on the disk. */
static int write_and_close(int fd, const char *path, const void *data, size_t len, struct hgt_error *err)
{
	int code = hgt_write_all(fd, data, len);

	if (code == 0 && (ftruncate(fd, (off_t)len) < 0 || fsync(fd) < 0))
		code = hgt_code_from_errno(errno);
	if (code < 0)
		code = hgt_error_set_errno(err, "cannot write %s", path);
	if (close(fd) < 0 && code == 0)
		code = hgt_error_set_errno(err, "cannot write %s", path);
	return code;
}

int hgt_write_file(const char *path, const void *data, size_t len, mode_t mode, struct hgt_error *err)
{
	struct hgt_buf temp = HGT_BUF_INIT;
	char suffix[17];
	int code, fd = -1;

	hgt_random_hex(8, suffix);
	hgt_buf_addf(&temp, "%s.%s.tmp", path, suffix);
	code = hgt_buf_check(&temp, err);
	if (code < 0)
		goto out;
	fd = open(temp.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0) {
		code = hgt_error_set_errno(err, "cannot create %s", temp.data);
		goto out;
	}
	code = write_and_close(fd, temp.data, data, len, err);
	if (code == 0 && rename(temp.data, path) < 0)
		code = hgt_error_set_errno(err, "cannot rename %s to %s", temp.data, path);
	if (code == 0)
		code = sync_parent(path, err);
	else
		unlink(temp.data);
out:
	hgt_buf_release(&temp);
	return code;
}

/* Not everywhere two names can be exchanged, and the first time there is only one; what is no file is not to become the spare. */
static int exchange(const char *from, const char *to)
{
	struct stat st;

	if (lstat(to, &st) == 0 && S_ISREG(st.st_mode) && renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
		return 0;
	return rename(from, to);
}

int hgt_rewrite_file(const char *path, const void *data, size_t len, mode_t mode, struct hgt_error *err)
{
	struct hgt_buf spare = HGT_BUF_INIT;
	int code, fd;

	hgt_buf_addf(&spare, "%s.spare", path);
	code = hgt_buf_check(&spare, err);
	if (code < 0)
		goto out;
	fd = open(spare.data, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0) {
		code = hgt_error_set_errno(err, "cannot create %s", spare.data);
		goto out;
	}
	code = write_and_close(fd, spare.data, data, len, err);
	if (code == 0 && exchange(spare.data, path) < 0)
		code = hgt_error_set_errno(err, "cannot rename %s to %s", spare.data, path);
	if (code == 0)
		code = sync_parent(path, err);
out:
	hgt_buf_release(&spare);
	return code;
}

int hgt_make_folders(const char *path, mode_t mode, struct hgt_error *err)
{
	struct hgt_buf part = HGT_BUF_INIT;
	const char *p = path;
	struct stat st;
	int code = 0;

	while (*p && code == 0) {
		size_t n = strspn(p, "/");

		n += strcspn(p + n, "/");
		hgt_buf_add(&part, p, n);
		p += n;
		code = hgt_buf_check(&part, err);
		if (code == 0 && strspn(part.data, "/") < part.len && mkdir(part.data, mode) < 0 && errno != EEXIST)
			code = hgt_error_set_errno(err, "cannot make folder %s", part.data);
	}
	if (code == 0 && part.len && (stat(part.data, &st) < 0 || !S_ISDIR(st.st_mode)))
		code = hgt_error_set(err, HGT_EEXIST, "cannot make folder %s: something else is there", part.data);
	hgt_buf_release(&part);
	return code;
}

void hgt_random_bytes(void *out, size_t len)
{
	char *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0) {
			assert(errno == EINTR);
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
}

void hgt_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
}

bool hgt_unhex(const char *hex, void *out, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char *p = out;

	for (size_t i = 0; i < 2 * len; i++) {
		const char *digit = hex[i] ? strchr(digits, hex[i]) : NULL;

		if (!digit)
			return false;
		p[i / 2] = (unsigned char)((i % 2 ? p[i / 2] << 4 : 0) | (digit - digits));
	}
	return true;
}

void hgt_random_hex(size_t n, char *out)
{
	unsigned char bytes[64];

	assert(n <= sizeof(bytes));
	hgt_random_bytes(bytes, n);
	hgt_hex(bytes, n, out);
}

int hgt_parse_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (!*s)
		return HGT_EPARSE;
	for (; *s; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (*s < '0' || *s > '9')
			return HGT_EPARSE;
		if (value > (max - digit) / 10 || digit > max)
			return HGT_ELIMIT;
		value = value * 10 + digit;
	}
	*out = value;
	return 0;
}
