/* The listening sockets: handed over, opened, kept, passed on. */
#include "daemon/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "daemon/listen.h"

enum { FIRST_FD = 3, HANDED_MAX = 256 };	/* where sd_listen_fds(3) has the first, and the most that are taken */

/* What the program before says: its process id, which is ours, then for each socket " <descriptor>:<name>". */
#define PASSED "HEADGATE_SOCKETS"
#define OWN "+own"

struct held {
	const char *name;	/* SOCKETS_... */
	char *where;		/* path, or address and port */
	int fd;
	bool own;		/* ours to remove */
	bool used;
};

struct sockets {
	struct held *items;
	size_t n;
};

static void drop(struct sockets *sockets, size_t at)
{
	struct held *held = &sockets->items[at];

	if (held->fd >= 0)
		close(held->fd);
	free(held->where);
	memmove(held, held + 1, (sockets->n - at - 1) * sizeof(*held));
	sockets->n--;
}

void sockets_free(struct sockets *sockets)
{
	if (!sockets)
		return;
	while (sockets->n)
		drop(sockets, sockets->n - 1);
	free(sockets->items);
	free(sockets);
}

/* Take the descriptor, also on failure. */
static int add(struct sockets *sockets, const struct held *from, const char *where, struct hgt_error *err)
{
	struct held *items = reallocarray(sockets->items, sockets->n + 1, sizeof(*items));
	char *copy = strdup(where);

	if (items)
		sockets->items = items;
	if (!items || !copy) {
		free(copy);
		close(from->fd);
		return hgt_error_nomem(err);
	}
	items[sockets->n] = *from;
	items[sockets->n++].where = copy;
	return 0;
}

/* What has been handed over. */

static const char *known_name(const char *name, size_t len)
{
	static const char *const names[] = {SOCKETS_HOOK, SOCKETS_ADMIN, SOCKETS_TCP};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return names[i];
	return NULL;
}

static int take_one(struct sockets *sockets, int fd, const char *name, size_t len, bool passed, struct hgt_error *err)
{
	const bool own = passed && len > strlen(OWN) && memcmp(name + len - strlen(OWN), OWN, strlen(OWN)) == 0;
	struct held held = {.name = known_name(name, own ? len - strlen(OWN) : len), .fd = fd, .own = own};
	int listens = 0, flags = fcntl(fd, F_GETFL);
	struct hgt_buf where = HGT_BUF_INIT;
	socklen_t size = sizeof(listens);
	int code = 0;

	if (!held.name) {
		code = hgt_error_set(err, HGT_EINVAL, "a socket was handed over by the name \"%.*s\"; FileDescriptorName= is to be hook, admin "
			"or tcp", (int)len, name);
	} else if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens ||
		   listen_describe(fd, &where) != (strcmp(held.name, SOCKETS_TCP) == 0 ? AF_INET : AF_UNIX)) {
		code = hgt_error_set(err, HGT_EINVAL, "descriptor %d was handed over as the socket \"%s\", and is no such listening socket", fd,
			held.name);
	} else if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		code = hgt_error_set_errno(err, "the socket %s that was handed over", held.name);
	} else {
		code = hgt_buf_check(&where, err);
		if (code == 0)
			code = add(sockets, &held, where.data, err);
	}
	hgt_buf_release(&where);
	return code;
}

static int take_handed(struct sockets *sockets, struct hgt_error *err)
{
	const char *pid = getenv("LISTEN_PID"), *n_text = getenv("LISTEN_FDS"), *name = getenv("LISTEN_FDNAMES");
	uint64_t own, n;
	int code = 0;

	if (!pid || !n_text || hgt_parse_u64(pid, INT32_MAX, &own) < 0 || (pid_t)own != getpid())
		return 0;
	if (hgt_parse_u64(n_text, HANDED_MAX, &n) < 0)
		return hgt_error_set(err, HGT_EINVAL, "LISTEN_FDS is to be a number up to %d", HANDED_MAX);
	for (uint64_t i = 0; i < n && code == 0; i++) {
		size_t len = name ? strcspn(name, ":") : 0;

		code = take_one(sockets, FIRST_FD + (int)i, name ? name : "", len, false, err);
		if (name)
			name += len + (name[len] == ':');
	}
	return code;
}

static bool take_number(const char **text, int *out)
{
	char *end;
	long n = strtol(*text, &end, 10);

	if (end == *text || n < 0 || n > INT32_MAX)
		return false;
	*text = end;
	*out = (int)n;
	return true;
}

static int take_passed(struct sockets *sockets, struct hgt_error *err)
{
	const char *text = getenv(PASSED);
	int pid, fd, code = 0;

	if (!text || !take_number(&text, &pid) || pid != getpid())
		return 0;
	while (code == 0 && *text == ' ') {
		text++;
		if (!take_number(&text, &fd) || fd < FIRST_FD || *text++ != ':' || sockets->n >= HANDED_MAX)
			return hgt_error_set(err, HGT_EINVAL, "%s makes no sense; take it out of the environment", PASSED);
		code = take_one(sockets, fd, text, strcspn(text, " "), true, err);
		text += strcspn(text, " ");
	}
	return code;
}

static void forget_handed(void)
{
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	unsetenv(PASSED);
}

int sockets_new(struct sockets **out, struct hgt_error *err)
{
	struct sockets *sockets = calloc(1, sizeof(*sockets));
	int code = sockets ? take_handed(sockets, err) : hgt_error_nomem(err);

	if (code == 0)
		code = take_passed(sockets, err);
	forget_handed();
	if (code < 0) {
		sockets_free(sockets);
		return code;
	}
	*out = sockets;
	return 0;
}

/* Asking for one. */

static int give(struct held *held, int *fd, struct hgt_error *err)
{
	*fd = fcntl(held->fd, F_DUPFD_CLOEXEC, FIRST_FD);
	if (*fd < 0)
		return hgt_error_set_errno(err, "cannot use the socket %s", held->where);
	held->used = true;
	return 0;
}

/* One that was just opened is kept and given. */
static int keep(struct sockets *sockets, const char *name, const char *where, int *fd, struct hgt_error *err)
{
	const struct held held = {.name = name, .fd = *fd, .own = true};
	int code;

	if (!sockets)
		return 0;
	code = add(sockets, &held, where, err);
	if (code == 0)
		code = give(&sockets->items[sockets->n - 1], fd, err);
	return code;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

int sockets_unix(struct sockets *sockets, const char *name, const char *path, mode_t mode, int *fd, struct hgt_error *err)
{
	int code;

	for (size_t i = 0; sockets && i < sockets->n; i++) {
		struct held *held = &sockets->items[i];

		if (strcmp(held->name, name) != 0 || held->used)
			continue;
		if (!same_file(held->where, path))
			return hgt_error_set(err, HGT_EINVAL, "sockets.%s is %s in the config, and the socket that was handed over is at %s: make "
				"them one, in the config or in the socket unit", name, path, held->where);
		return give(held, fd, err);
	}
	code = listen_unix(path, mode, fd, err);
	return code < 0 ? code : keep(sockets, name, path, fd, err);
}

/* Whether a socket that is bound to `bound` is what an entry with that address means; port 0 stands for any. */
static bool fits(const char *bound, const char *address)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon + 1 - address) : 0;

	if (len && strcmp(colon, ":0") == 0)
		return strncmp(bound, address, len) == 0 && !strchr(bound + len, ':');
	return strcmp(bound, address) == 0;
}

int sockets_tcp(struct sockets *sockets, const struct hgt_config_listen *listen, int *fd, struct hgt_buf *bound, struct hgt_error *err)
{
	int code;

	for (size_t i = 0; sockets && i < sockets->n; i++) {
		struct held *held = &sockets->items[i];

		if (strcmp(held->name, SOCKETS_TCP) != 0 || held->used || !fits(held->where, listen->address))
			continue;
		hgt_buf_adds(bound, held->where);
		return give(held, fd, err);
	}
	code = listen_tcp(listen, fd, bound, err);
	return code < 0 ? code : keep(sockets, SOCKETS_TCP, bound->data, fd, err);
}

int sockets_settle(struct sockets *sockets, struct hgt_error *err)
{
	for (size_t i = 0; i < sockets->n;) {
		struct held *held = &sockets->items[i];

		if (held->used) {
			i++;
		} else if (held->own) {
			hgt_log(HGT_LOG_INFO, "sockets", "a socket that the config no longer names is closed", HGT_S("address", held->where));
			drop(sockets, i);
		} else {
			return hgt_error_set(err, HGT_EINVAL, "the socket %s was handed over, and the config has no use for it: add it to listen, or "
				"take it out of the socket unit", held->where);
		}
	}
	return 0;
}

/* Giving up. */

void sockets_remove(struct sockets *sockets, const char *name, const char *path)
{
	for (size_t i = 0; sockets && i < sockets->n; i++) {
		if (strcmp(sockets->items[i].name, name) != 0)
			continue;
		if (!sockets->items[i].own)
			return;
		drop(sockets, i);
		break;
	}
	unlink(path);
}

void sockets_drop_tcp(struct sockets *sockets, const char *bound)
{
	for (size_t i = 0; sockets && i < sockets->n; i++) {
		if (strcmp(sockets->items[i].name, SOCKETS_TCP) == 0 && strcmp(sockets->items[i].where, bound) == 0) {
			drop(sockets, i);
			return;
		}
	}
}

/* Passing on. */

static int set_passing(struct sockets *sockets, bool passing, struct hgt_error *err)
{
	for (size_t i = 0; i < sockets->n; i++)
		if (fcntl(sockets->items[i].fd, F_SETFD, passing ? 0 : FD_CLOEXEC) < 0)
			return hgt_error_set_errno(err, "cannot pass the socket %s on", sockets->items[i].where);
	return 0;
}

int sockets_pass(struct sockets *sockets, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	int code = set_passing(sockets, true, err);

	hgt_buf_addf(&text, "%" PRIdMAX, (intmax_t)getpid());
	for (size_t i = 0; i < sockets->n; i++)
		hgt_buf_addf(&text, " %d:%s%s", sockets->items[i].fd, sockets->items[i].name, sockets->items[i].own ? OWN : "");
	if (code == 0)
		code = hgt_buf_check(&text, err);
	if (code == 0 && setenv(PASSED, text.data, 1) < 0)
		code = hgt_error_nomem(err);
	hgt_buf_release(&text);
	return code;
}

void sockets_keep(struct sockets *sockets)
{
	struct hgt_error err = {0};

	forget_handed();
	if (set_passing(sockets, false, &err) < 0)
		hgt_log(HGT_LOG_WARNING, "sockets", err.message);
	for (size_t i = 0; i < sockets->n; i++)
		sockets->items[i].used = false;
}
