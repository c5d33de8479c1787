/* The certificates of doors that speak TLS: read when a door opens, on a reload, and when their files are seen to have changed. */
#include <sys/stat.h>

#include "base/log.h"
#include "base/timing.h"
#include "daemon/address.h"
#include "daemon/agents.h"
#include "daemon/http_private.h"
#include "daemon/request.h"
#include "headgate/protocol.h"
#include "tls/load.h"
#include "tls/module.h"

#define LOOK_MS 60000	/* how often the files are looked at, when somebody comes; renewals are weeks apart */

enum { CERT, KEY, CLIENT_CA, FILES };

/* What stat tells of a file; all zero when it tells nothing. */
struct file_stamp {
	uint64_t device, inode, size, modified_ns, changed_ns;
};

struct certificate {
	struct tls_server *server;
	char *names[FILES];			/* NULL: there is none */
	struct file_stamp stamps[FILES];	/* as of when they were last read, or found not to be good */
	int64_t look_ms;			/* monotonic: not looked at before */
};

/* A client's certificate does not hold; its handshake fails. */
static void refused(void *ctx, int fd, const char *why)
{
	struct door *door = ctx;
	char host[REQUEST_REMOTE_MAX];

	address_text(fd, host);
	agents_refused(door->http->daemon->agents, &(struct refused){.remote = host}, why);
}

static uint64_t nanoseconds(const struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void take_stamps(char *const names[FILES], struct file_stamp out[FILES])
{
	struct stat st;

	memset(out, 0, FILES * sizeof(*out));
	for (int i = 0; i < FILES; i++)
		if (names[i] && stat(names[i], &st) == 0)
			out[i] = (struct file_stamp){st.st_dev, st.st_ino, (uint64_t)st.st_size, nanoseconds(st.st_mtim),
				nanoseconds(st.st_ctim)};
}

static void release_names(char *names[FILES])
{
	for (int i = 0; i < FILES; i++)
		free(names[i]);
}

static int copy_names(const struct hgt_config_listen *listen, char *names[FILES], struct hgt_error *err)
{
	const char *const from[FILES] = {listen->tls.cert, listen->tls.key, listen->tls.client_ca};

	for (int i = 0; i < FILES; i++) {
		names[i] = from[i] ? strdup(from[i]) : NULL;
		if (from[i] && !names[i])
			return hgt_error_nomem(err);
	}
	return 0;
}

/* Read the files of these names, which it takes, for those who come from then on. What was in force stays when they are not good.
 * */
static int put_in_force(struct door *door, char *names[FILES], struct hgt_error *err)
{
	const struct tls_server_files files = {names[CERT], names[KEY], names[CLIENT_CA]};
	struct certificate *certificate = door->certificate;
	const struct tls_module *tls = door->http->tls;
	struct file_stamp stamps[FILES];
	char why[TLS_WHY_MAX];
	bool good;

	/* Before they are read: what changes meanwhile is seen the next time. */
	take_stamps(names, stamps);
	if (certificate->server) {
		good = tls->server_reload(certificate->server, &files, why, sizeof(why));
	} else {
		certificate->server = tls->server_new(&files, refused, door, why, sizeof(why));
		good = certificate->server != NULL;
	}
	if (!good) {
		release_names(names);
		return hgt_error_set(err, HGT_EINVAL, "listen %s: %s", door->address, why);
	}
	release_names(certificate->names);
	memcpy(certificate->names, names, sizeof(certificate->names));
	memcpy(certificate->stamps, stamps, sizeof(stamps));
	certificate->look_ms = hgt_time_mono_ms() + LOOK_MS;
	return 0;
}

static int read_files(struct door *door, const struct hgt_config_listen *listen, struct hgt_error *err)
{
	char *names[FILES] = {0};
	int code = copy_names(listen, names, err);

	if (code == 0)
		return put_in_force(door, names, err);
	release_names(names);
	return code;
}

int certificate_open(struct door *door, const struct hgt_config_listen *listen, struct hgt_error *err)
{
	struct http *http = door->http;
	int code = http->tls ? 0 : tls_load(&http->tls, err);

	if (code < 0)
		return code;
	door->certificate = calloc(1, sizeof(*door->certificate));
	return door->certificate ? read_files(door, listen, err) : hgt_error_nomem(err);
}

int certificate_reload(struct door *door, const struct hgt_config_listen *listen, struct hgt_error *err)
{
	struct hgt_error own = {0};
	int code;

	if (!door->certificate != !listen->tls.cert)
		return hgt_error_set(err, HGT_EINVAL, "listen %s: whether it speaks TLS cannot change while the daemon runs; restart it",
			door->address);
	if (!door->certificate)
		return 0;
	code = read_files(door, listen, &own);
	if (code < 0)
		return hgt_error_set(err, code, "%s; the old certificate stays in force", own.message);
	hgt_log(HGT_LOG_INFO, "http", "the certificate was read again", HGT_S("address", door->address));
	return 0;
}

/* Their content is another, or they are gone. */
static void have_changed(struct door *door)
{
	struct certificate *certificate = door->certificate;
	const struct hgt_config_listen listen = {.tls = {.cert = certificate->names[CERT], .key = certificate->names[KEY],
		.client_ca = certificate->names[CLIENT_CA]}};
	struct hgt_error err = {0};

	if (certificate_reload(door, &listen, &err) < 0)
		hgt_log(HGT_LOG_WARNING, "http", "the files of a certificate have changed and are not good", HGT_S("error", err.message));
}

struct bufferevent *certificate_accept(struct door *door)
{
	struct certificate *certificate = door->certificate;
	struct file_stamp stamps[FILES];

	if (hgt_time_mono_ms() >= certificate->look_ms) {
		certificate->look_ms = hgt_time_mono_ms() + LOOK_MS;
		take_stamps(certificate->names, stamps);
		if (memcmp(stamps, certificate->stamps, sizeof(stamps)) != 0) {
			/* What is not good is not tried again before it changes again. */
			memcpy(certificate->stamps, stamps, sizeof(stamps));
			have_changed(door);
		}
	}
	return door->http->tls->accept(certificate->server, door->http->daemon->base);
}

void certificate_close(struct door *door)
{
	if (!door->certificate)
		return;
	if (door->http->tls)
		door->http->tls->server_free(door->certificate->server);
	release_names(door->certificate->names);
	free(door->certificate);
	door->certificate = NULL;
}
