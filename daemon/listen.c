/* Listening sockets, unix and TCP. */
#include "daemon/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"

#define BACKLOG 65535	/* the kernel takes as many as its net.core.somaxconn: ten thousand agents may come at once */

/* What is at path is in the way: remove it when it is a socket that nobody answers on. */
static int clear_path(const char *path, const struct sockaddr_un *address, struct hgt_error *err)
{
	struct stat st;
	int fd, code = 0;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : hgt_error_set_errno(err, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return hgt_error_set(err, HGT_EEXIST, "%s: there is a file that is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return hgt_error_set_errno(err, "%s: socket", path);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		code = hgt_error_set(err, HGT_ECONFLICT, "%s: another process listens there", path);
	else if (errno != ECONNREFUSED)
		code = hgt_error_set_errno(err, "%s", path);
	else if (unlink(path) < 0)
		code = hgt_error_set_errno(err, "%s: cannot remove the stale socket", path);
	close(fd);
	return code;
}

int listen_unix(const char *path, mode_t mode, int *out, struct hgt_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	mode_t mask;
	int fd, bound, code;

	if (len >= sizeof(address.sun_path))
		return hgt_error_set(err, HGT_ELIMIT, "%s: a socket's path has at most %zu bytes", path,
			sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, len + 1);
	code = clear_path(path, &address, err);
	if (code < 0)
		return code;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return hgt_error_set_errno(err, "%s: socket", path);
	mask = umask(0777 & ~mode);
	bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (bound < 0) {
		code = hgt_error_set_errno(err, "%s: cannot bind", path);
		close(fd);
		return code;
	}
	if (listen(fd, BACKLOG) < 0) {
		code = hgt_error_set_errno(err, "%s: cannot listen", path);
		unlink(path);
		close(fd);
		return code;
	}
	*out = fd;
	return 0;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* "127.0.0.1:7420", "[::1]:7420"; false when it is neither. */
static bool parse_address(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t port;
	size_t n;

	if (!colon || hgt_parse_u64(colon + 1, 65535, &port) < 0)
		return false;
	n = (size_t)(colon - text);
	if (n >= sizeof(host))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	*out = (struct sockaddr_storage){0};
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		*len = sizeof(*in6);
		return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)port);
	*len = sizeof(*in);
	return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

static void format_address(const struct sockaddr_storage *address, struct hgt_buf *out)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		hgt_buf_addf(out, "%s:%u", inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)), ntohs(in->sin_port));
	} else {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)address;

		hgt_buf_addf(out, "[%s]:%u", inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text)), ntohs(in->sin6_port));
	}
}

int listen_tcp(const struct hgt_config_listen *wanted, int *out, struct hgt_buf *bound, struct hgt_error *err)
{
	struct sockaddr_storage address;
	int on = 1, fd, code;
	socklen_t len;

	if (!parse_address(wanted->address, &address, &len))
		return hgt_error_set(err, HGT_EPARSE, "listen %s: not a numeric address and port, like 127.0.0.1:7420 or [::1]:7420",
			wanted->address);
	if (!wanted->insecure && !wanted->tls.cert && !is_loopback(&address))
		return hgt_error_set(err, HGT_EPERM, "listen %s: plain HTTP would leave this machine; say tls, or listen on a loopback "
			"address behind a TLS proxy, or say `insecure: true`", wanted->address);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return hgt_error_set_errno(err, "listen %s: socket", wanted->address);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
		code = hgt_error_set_errno(err, "listen %s", wanted->address);
		close(fd);
		return code;
	}
	format_address(&address, bound);
	*out = fd;
	return 0;
}

int listen_describe(int fd, struct hgt_buf *out)
{
	struct sockaddr_storage address = {0};
	const struct sockaddr_un *un = (const struct sockaddr_un *)&address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -1;
	if (address.ss_family == AF_UNIX) {
		if (len <= offsetof(struct sockaddr_un, sun_path) || !un->sun_path[0])
			return -1;
		hgt_buf_addf(out, "%.*s", (int)(len - offsetof(struct sockaddr_un, sun_path)), un->sun_path);
		return AF_UNIX;
	}
	if (address.ss_family != AF_INET && address.ss_family != AF_INET6)
		return -1;
	format_address(&address, out);
	return AF_INET;
}

bool listen_peer_uid(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	*uid = peer.uid;
	return true;
}
