/*
 * Trouble for a program under test: a library for LD_PRELOAD that lets chosen calls fail, end short, or be the last ones.
 *
 *	FAULTS_OPS      which calls, of: write sync rename open truncate unlink (all six without it), send, read (at a place
 *	                of a file: pread)
 *	FAULTS_PATH     only those on a path that has one of these texts in it (comma between them), or at its end where the text ends
 *	                in $; that of a socket is socket:[N]
 *	FAULTS_AT       the Nth such call of the process, counted from 1 over all threads
 *	FAULTS_COUNT    so many of them in a row (1), 0 for all that follow
 *	FAULTS_WHILE    in place of AT and COUNT: all, as long as this file is there
 *	FAULTS_ACTION   ENOSPC, EIO, EINTR, EDQUOT, EROFS: the call fails so;
 *	                short: a write takes half (at least one byte), another call goes through;
 *	                kill: SIGKILL before the call; torn: half of a write goes through, then SIGKILL;
 *	                look: it goes through, and is told; hold: so too, but not before the file of FAULTS_WHILE has gone
 *	FAULTS_TOLD     a file that gets a line for each call that was met: its number, name and path
 *
 *	FAULTS_CLOCK    a file with a number of seconds, read at each look at the wall clock: so far is it off
 *	FAULTS_UPTIME   the same of the clocks that count from a start
 *	FAULTS_OVERFLOW as long as this file is there, whatever inotify has to tell is lost, and an overflow told in its place
 *
 *	FAULTS_SHADOW   a folder that gets what a power cut would leave: <inode>, the content of a file as it was synced last, and
 *	                name, a file that was removed and might be there again
 *
 * Loaded into tests only. What is mutable at file scope here belongs to the process that it is loaded into.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum op { OP_WRITE, OP_SYNC, OP_RENAME, OP_OPEN, OP_TRUNCATE, OP_UNLINK, OP_SEND, OP_READ };
enum action { PASS, FAIL, SHORT, TORN };

static const char *const op_names[] = {"write", "sync", "rename", "open", "truncate", "unlink", "send", "read"};

static struct {
	const char *ops, *path, *told, *during, *clock, *uptime, *overflow, *shadow;
	unsigned long at, count;
	int error;
	bool end_short, kill, look, hold;
} wanted;
static atomic_ulong met;
static pthread_mutex_t shadowing = PTHREAD_MUTEX_INITIALIZER;

/* The one that would have been called without us. */
#define REAL(name, ...) \
	static __typeof__(&name) real; \
	if (!real) \
		real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

__attribute__((constructor)) static void read_wishes(void)
{
	static const struct { const char *name; int error; } errors[] = {
		{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EINTR", EINTR}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
	};
	const char *action = getenv("FAULTS_ACTION");

	wanted.ops = getenv("FAULTS_OPS");
	wanted.path = getenv("FAULTS_PATH");
	wanted.told = getenv("FAULTS_TOLD");
	wanted.during = getenv("FAULTS_WHILE");
	wanted.clock = getenv("FAULTS_CLOCK");
	wanted.uptime = getenv("FAULTS_UPTIME");
	wanted.overflow = getenv("FAULTS_OVERFLOW");
	wanted.shadow = getenv("FAULTS_SHADOW");
	wanted.at = number("FAULTS_AT", 0);
	wanted.count = number("FAULTS_COUNT", 1);
	if (!action)
		return;
	wanted.kill = strcmp(action, "kill") == 0 || strcmp(action, "torn") == 0;
	wanted.end_short = strcmp(action, "short") == 0 || strcmp(action, "torn") == 0;
	wanted.hold = strcmp(action, "hold") == 0 && wanted.during;
	wanted.look = wanted.hold || strcmp(action, "look") == 0;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (strcmp(action, errors[i].name) == 0)
			wanted.error = errors[i].error;
}

static bool ends_in(const char *text, const char *end, size_t len)
{
	size_t all = strlen(text);

	return all >= len && memcmp(text + all - len, end, len) == 0;
}

static bool has_one_of(const char *text, const char *list)
{
	char part[PATH_MAX];

	while (*list) {
		size_t len = strcspn(list, ",");

		if (len > 0 && len < sizeof(part)) {
			memcpy(part, list, len);
			part[len] = '\0';
			if (part[len - 1] == '$' ? ends_in(text, part, len - 1) : strstr(text, part) != NULL)
				return true;
		}
		list += len + (list[len] == ',');
	}
	return false;
}

/* The path of an open descriptor, "" when it has none. */
static const char *path_of(int fd, char path[PATH_MAX])
{
	char link[40];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
	return path;
}

static bool is_during(void)
{
	return syscall(SYS_faccessat, AT_FDCWD, wanted.during, F_OK) == 0;
}

static void tell(unsigned long n, enum op op, const char *path)
{
	char line[PATH_MAX + 64];
	int len = snprintf(line, sizeof(line), "%lu %s %s\n", n, op_names[op], path);
	int fd = wanted.told ? (int)syscall(SYS_openat, AT_FDCWD, wanted.told, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	syscall(SYS_write, fd, line, len);
	syscall(SYS_close, fd);
}

static bool is_asked_for(enum op op, const char *path)
{
	if (!wanted.error && !wanted.kill && !wanted.end_short && !wanted.look)
		return false;
	if (wanted.ops ? !has_one_of(wanted.ops, op_names[op]) : op == OP_SEND || op == OP_READ)
		return false;
	return !wanted.path || has_one_of(path, wanted.path);
}

/* What is to become of this call; errno is set when it is to fail. */
static enum action judge(enum op op, const char *path)
{
	unsigned long n;
	int before = errno;

	if (!is_asked_for(op, path))
		return PASS;
	n = atomic_fetch_add(&met, 1) + 1;
	if (wanted.during ? !is_during() :
		n < wanted.at || !wanted.at || (wanted.count && n >= wanted.at + wanted.count)) {
		errno = before;
		return PASS;
	}
	tell(n, op, path);
	while (wanted.hold && is_during())
		usleep(1000);
	if (wanted.kill && !wanted.end_short)
		kill(getpid(), SIGKILL);
	errno = wanted.error ? wanted.error : before;
	return wanted.error ? FAIL : wanted.look ? PASS : wanted.kill ? TORN : SHORT;
}

static enum action judge_fd(enum op op, int fd)
{
	char path[PATH_MAX];
	struct stat st;

	if (op == OP_WRITE && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
		op = OP_SEND;
	return judge(op, path_of(fd, path));
}

/* How much of it is written. */
static size_t part(enum action action, size_t len)
{
	return action >= SHORT && len > 1 ? len / 2 : len;
}

static void die_if(enum action action)
{
	if (action == TORN)
		kill(getpid(), SIGKILL);
}

#define WRITE_LIKE(name, params, args, op, fd, size) \
	ssize_t name params \
	{ \
		REAL(name); \
		enum action action = judge_fd(op, fd); \
		ssize_t n; \
		if (action == FAIL) \
			return -1; \
		size = part(action, size); \
		n = real args; \
		die_if(action); \
		return n; \
	}

WRITE_LIKE(write, (int fd, const void *data, size_t len), (fd, data, len), OP_WRITE, fd, len)
WRITE_LIKE(pwrite, (int fd, const void *data, size_t len, off_t at), (fd, data, len, at), OP_WRITE, fd, len)
WRITE_LIKE(pwrite64, (int fd, const void *data, size_t len, off64_t at), (fd, data, len, at), OP_WRITE, fd, len)
WRITE_LIKE(send, (int fd, const void *data, size_t len, int flags), (fd, data, len, flags), OP_SEND, fd, len)

#define READ_LIKE(name, off) \
	ssize_t name(int fd, void *data, size_t size, off at) \
	{ \
		REAL(name); \
		return judge_fd(OP_READ, fd) == FAIL ? -1 : real(fd, data, size, at); \
	}

READ_LIKE(pread, off_t)
READ_LIKE(pread64, off64_t)

/* Half of several parts: half of the first, which is as short as a write may end. */
ssize_t writev(int fd, const struct iovec *parts, int n)
{
	REAL(writev);
	enum action action = judge_fd(OP_WRITE, fd);
	struct iovec half;
	ssize_t done;

	if (action == FAIL)
		return -1;
	if (action >= SHORT && n > 0) {
		half = (struct iovec){parts->iov_base, part(action, parts->iov_len)};
		done = real(fd, &half, 1);
	} else {
		done = real(fd, parts, n);
	}
	die_if(action);
	return done;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	REAL(sendmsg);
	enum action action = judge_fd(OP_SEND, fd);
	struct msghdr half = *message;
	struct iovec first;
	ssize_t done;

	if (action == FAIL)
		return -1;
	if (action >= SHORT && message->msg_iovlen > 0) {
		first = (struct iovec){message->msg_iov->iov_base, part(action, message->msg_iov->iov_len)};
		half.msg_iov = &first;
		half.msg_iovlen = 1;
	}
	done = real(fd, &half, flags);
	die_if(action);
	return done;
}

/* What a power cut leaves: see the top. */

static void copy_content(int from, int to)
{
	char data[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = (ssize_t)syscall(SYS_pread64, from, data, sizeof(data), at)) > 0 && syscall(SYS_write, to, data, n) == n)
		at += n;
}

/*
 * Closing a second descriptor of a file would drop the locks that SQLite holds on it, so its own is read; only one that cannot be read,
 * which is none of SQLite's, is opened once more.
 */
static void keep_content(int fd)
{
	char path[PATH_MAX], temp[PATH_MAX], again[40];
	struct stat st;
	int to, from = fd;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	snprintf(path, sizeof(path), "%s/%ju", wanted.shadow, (uintmax_t)st.st_ino);
	snprintf(temp, sizeof(temp), "%s/.%ju.%ld", wanted.shadow, (uintmax_t)st.st_ino, (long)syscall(SYS_gettid));
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
		from = (int)syscall(SYS_openat, AT_FDCWD, again, O_RDONLY | O_CLOEXEC, 0);
	}
	to = (int)syscall(SYS_openat, AT_FDCWD, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (from >= 0 && to >= 0)
		copy_content(from, to);
	if (from != fd)
		syscall(SYS_close, from);
	syscall(SYS_close, to);
	syscall(SYS_renameat2, AT_FDCWD, temp, AT_FDCWD, path, 0);
}

static int synced(int fd, int result)
{
	int before = errno;

	if (result == 0 && wanted.shadow) {
		pthread_mutex_lock(&shadowing);
		keep_content(fd);
		pthread_mutex_unlock(&shadowing);
	}
	errno = before;
	return result;
}

static void keep_removed(const char *path)
{
	const char *slash = strrchr(path, '/');
	char kept[PATH_MAX];
	struct stat st;
	int before = errno;

	if (wanted.shadow && stat(path, &st) == 0 && S_ISREG(st.st_mode) && (!wanted.path || has_one_of(path, wanted.path))) {
		snprintf(kept, sizeof(kept), "%s/%s", wanted.shadow, slash ? slash + 1 : path);
		if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, kept, 0) < 0) {
			/* One of that name is kept already. The inode's number may be another file's next. */
			snprintf(kept, sizeof(kept), "%s/%ju", wanted.shadow, (uintmax_t)st.st_ino);
			syscall(SYS_unlinkat, AT_FDCWD, kept, 0);
		}
	}
	errno = before;
}

int fsync(int fd)
{
	REAL(fsync);
	enum action action = judge_fd(OP_SYNC, fd);

	return action == FAIL ? -1 : synced(fd, real(fd));
}

int fdatasync(int fd)
{
	REAL(fdatasync);
	enum action action = judge_fd(OP_SYNC, fd);

	return action == FAIL ? -1 : synced(fd, real(fd));
}

int ftruncate(int fd, off_t len)
{
	REAL(ftruncate);

	return judge_fd(OP_TRUNCATE, fd) == FAIL ? -1 : real(fd, len);
}

int ftruncate64(int fd, off64_t len)
{
	REAL(ftruncate64);

	return judge_fd(OP_TRUNCATE, fd) == FAIL ? -1 : real(fd, len);
}

int rename(const char *from, const char *to)
{
	REAL(rename);

	return judge(OP_RENAME, to) == FAIL ? -1 : real(from, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	REAL(renameat2);

	return judge(OP_RENAME, to) == FAIL ? -1 : real(from_folder, from, to_folder, to, flags);
}

int unlink(const char *path)
{
	REAL(unlink);

	if (judge(OP_UNLINK, path) == FAIL)
		return -1;
	keep_removed(path);
	return real(path);
}

/* A mode is there only when a file may be made. */
#define OPEN_LIKE(name, params, args, path) \
	int name params \
	{ \
		REAL(name); \
		mode_t mode = 0; \
		va_list ap; \
		if (flags & (O_CREAT | O_TMPFILE)) { \
			va_start(ap, flags); \
			mode = va_arg(ap, mode_t); \
			va_end(ap); \
		} \
		return judge(OP_OPEN, path) == FAIL ? -1 : real args; \
	}

OPEN_LIKE(open, (const char *path, int flags, ...), (path, flags, mode), path)
OPEN_LIKE(open64, (const char *path, int flags, ...), (path, flags, mode), path)
OPEN_LIKE(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), path)
OPEN_LIKE(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), path)

/* What open is called when the compiler sees that there is no mode. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

/* The clock. */

static time_t is_off(const char *wish)
{
	char text[32] = "";
	int before = errno, fd;

	if (!wish)
		return 0;
	fd = (int)syscall(SYS_openat, AT_FDCWD, wish, O_RDONLY | O_CLOEXEC, 0);
	if (fd >= 0) {
		syscall(SYS_read, fd, text, sizeof(text) - 1);
		syscall(SYS_close, fd);
	}
	errno = before;
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	REAL(clock_gettime);
	int result = real(id, now);

	if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		now->tv_sec += is_off(wanted.clock);
	else if (result == 0 && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME))
		now->tv_sec += is_off(wanted.uptime);
	return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	REAL(gettimeofday);
	int result = real(now, zone);

	if (result == 0)
		now->tv_sec += is_off(wanted.clock);
	return result;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

/* inotify: what was to be told is read and thrown away. */

static ssize_t overflow(int fd, void *data, size_t size, ssize_t n)
{
	const struct inotify_event event = {.wd = -1, .mask = IN_Q_OVERFLOW};
	char path[PATH_MAX];

	if (n <= 0 || !wanted.overflow || size < sizeof(event) || !strstr(path_of(fd, path), "inotify") ||
		syscall(SYS_faccessat, AT_FDCWD, wanted.overflow, F_OK) < 0)
		return n;
	memcpy(data, &event, sizeof(event));
	return sizeof(event);
}

ssize_t read(int fd, void *data, size_t size)
{
	REAL(read);

	return overflow(fd, data, size, real(fd, data, size));
}

/* What read is called when the compiler knows the size of the buffer. */
ssize_t __read_chk(int fd, void *data, size_t size, size_t room);
ssize_t __read_chk(int fd, void *data, size_t size, size_t room)
{
	if (size > room)
		abort();
	return read(fd, data, size);
}
