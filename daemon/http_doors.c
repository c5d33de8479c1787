/* Where requests come in: the admin socket and the addresses of `listen`, opened, left, read again. */
#include "daemon/http_private.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/sockets.h"
#include "daemon/http_errors.h"
#include "headgate/protocol.h"

#define MORE_CONNECTIONS 256	/* beyond limits.streams */
#define OTHER_DESCRIPTORS 64	/* what the rest of the daemon, and the admin socket, need at once */
#define EACH_DESCRIPTORS 2	/* a connection, and the archive that a slow client keeps open */
#define REAP_SECONDS 2		/* after a door has been left; longer than accept_failed waits */

static int open_door(struct door *door, int fd, struct hgt_error *err)
{
	struct event_base *base = door->http->daemon->base;

	door->ev = evhttp_new(base);
	door->arrived = event_new(base, -1, 0, http_connections_arrived, door);
	door->listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!door->listener)
		close(fd);
	if (!door->ev || !door->arrived || !door->listener || !evhttp_bind_listener(door->ev, door->listener)) {
		if (door->listener)
			evconnlistener_free(door->listener);
		door->listener = NULL;
		return hgt_error_nomem(err);
	}
	evconnlistener_set_error_cb(door->listener, http_accept_failed);
	evhttp_set_max_headers_size(door->ev, HEADERS_MAX);
	evhttp_set_max_body_size(door->ev, HGT_BODY_MAX);
	/* Every method that evhttp knows comes here, so that the answer is JSON. */
	evhttp_set_allowed_methods(door->ev, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
		EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
	/* Who sends a body that is too large is to read the answer, not a reset. */
	evhttp_set_flags(door->ev, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_default_content_type(door->ev, NULL);
	evhttp_set_bevcb(door->ev, http_connection_arrives, door);
	evhttp_set_gencb(door->ev, http_handle, door);
	return 0;
}

static int open_admin(struct http *http, struct door *door, struct hgt_error *err)
{
	const char *path = http->daemon->config->sockets.admin;
	int fd, code = sockets_unix(http->daemon->sockets, SOCKETS_ADMIN, path, 0600, &fd, err);

	if (code < 0)
		return code;
	door->admin = true;
	door->path = path;
	code = open_door(door, fd, err);
	if (code == 0)
		hgt_log(HGT_LOG_INFO, "http", "admin socket is open", HGT_S("path", path));
	return code;
}

static int open_tcp(const struct hgt_config_listen *listen, struct door *door, struct hgt_error *err)
{
	struct hgt_buf bound = HGT_BUF_INIT;
	int fd = -1, code;

	door->metrics = listen->metrics;
	door->address = strdup(listen->address);
	code = door->address ? 0 : hgt_error_nomem(err);
	if (code == 0 && listen->tls.cert)
		code = certificate_open(door, listen, err);
	if (code == 0)
		code = sockets_tcp(door->http->daemon->sockets, listen, &fd, &bound, err);
	if (code == 0)
		code = open_door(door, fd, err);
	door->bound = hgt_buf_take(&bound);
	if (code == 0 && !door->bound)
		code = hgt_error_nomem(err);
	if (code == 0)
		hgt_log(HGT_LOG_INFO, "http", "listening", HGT_S("address", door->bound), HGT_S("tls", door->certificate ? "yes" : "no"));
	return code;
}

int door_add(struct http *http, const struct hgt_config_listen *listen, struct hgt_error *err)
{
	struct door **doors = reallocarray(http->doors, http->n_doors + 1, sizeof(struct door *));
	struct door *door = doors ? calloc(1, sizeof(*door)) : NULL;

	if (doors)
		http->doors = doors;
	if (!door)
		return hgt_error_nomem(err);
	door->http = http;
	TAILQ_INIT(&door->arriving);
	http->doors[http->n_doors++] = door;
	return listen ? open_tcp(listen, door, err) : open_admin(http, door, err);
}

size_t http_find_most(const struct hgt_config *config)
{
	const size_t wanted = (size_t)config->limits.streams + MORE_CONNECTIONS;
	const size_t best = EACH_DESCRIPTORS * wanted + OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return wanted;
	if (limit.rlim_cur < best && limit.rlim_cur < limit.rlim_max) {
		const struct rlimit raised = {.rlim_max = limit.rlim_max,
			.rlim_cur = best < limit.rlim_max ? best : limit.rlim_max};

		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			limit = raised;
	}
	if (limit.rlim_cur >= wanted + OTHER_DESCRIPTORS)
		return wanted;
	hgt_log(HGT_LOG_WARNING, "http", "fewer descriptors than limits.streams asks for", HGT_I("descriptors", limit.rlim_cur));
	return limit.rlim_cur > 2 * OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS : OTHER_DESCRIPTORS / 2;
}

void door_close(struct door *door)
{
	const struct daemon *daemon = door->http->daemon;
	struct connection *c;

	door->listener = NULL;	/* evhttp_free frees it */
	if (door->ev)
		evhttp_free(door->ev);
	while ((c = TAILQ_FIRST(&door->arriving))) {
		bufferevent_decref(c->bev);
		http_connection_free(c);
	}
	if (door->arrived)
		event_free(door->arrived);
	certificate_close(door);
	if (door->path && !daemon->upgrading)
		sockets_remove(daemon->sockets, SOCKETS_ADMIN, door->path);
	free(door->address);
	free(door->bound);
	free(door);
}

/* Reload: doors come and go. */

static void forget_door(struct http *http, size_t at)
{
	struct door *door = http->doors[at];

	memmove(http->doors + at, http->doors + at + 1, (http->n_doors - at - 1) * sizeof(struct door *));
	http->n_doors--;
	door_close(door);
}

void doors_reap(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;

	(void)fd;
	(void)what;
	for (size_t i = http->n_doors; i-- > 0;)
		if (http->doors[i]->leaving && !http->doors[i]->n)
			forget_door(http, i);
}

/* Later: evhttp is in the middle of closing a connection, and http_accept_failed may yet want to enable the listener. */
void doors_plan_reap(struct http *http)
{
	const struct timeval later = {.tv_sec = REAP_SECONDS};

	if (!http->draining)
		evtimer_add(http->reap, &later);
}

/* Nobody comes in here any more; those who are in stay. */
static void leave_door(struct door *door)
{
	struct http *http = door->http;

	hgt_log(HGT_LOG_INFO, "http", "listening no longer", HGT_S("address", door->bound), HGT_I("connections", door->n));
	door->leaving = true;
	evconnlistener_disable(door->listener);
	/* The listener stays as long as its evhttp; the socket does not. */
	if (dup3(http->nothing, evconnlistener_get_fd(door->listener), O_CLOEXEC) < 0)
		hgt_log(HGT_LOG_WARNING, "http", "a socket cannot be closed", HGT_S("address", door->bound));
	sockets_drop_tcp(http->daemon->sockets, door->bound);
	doors_plan_reap(http);
}

/* Which of the first n_doors an entry means, of those that no other entry has taken; n_doors for none. */
static size_t find_door(const struct http *http, size_t n_doors, const struct hgt_config_listen *listen,
	const struct hgt_config_listen *const *taken)
{
	size_t at = 0;

	for (; at < n_doors; at++) {
		const struct door *door = http->doors[at];

		if (!door->admin && !door->leaving && !taken[at] && strcmp(door->address, listen->address) == 0)
			break;
	}
	return at;
}

/* The entries of a config whose doors are open: taken[n] is that of doors[n]. New doors are added for the others. */
static int open_missing(struct http *http, size_t before, const struct hgt_config *config, const struct hgt_config_listen **taken,
	struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; i < config->n_listen && code == 0; i++) {
		size_t at = find_door(http, before, &config->listen[i], taken);

		if (at == before) {
			code = door_add(http, &config->listen[i], err);
		} else {
			taken[at] = &config->listen[i];
			code = certificate_reload(http->doors[at], &config->listen[i], err);
		}
	}
	return code;
}

int http_reload(struct http *http, const struct hgt_config *config, struct hgt_error *err)
{
	const size_t before = http->n_doors;
	const struct hgt_config_listen **taken = calloc(before, sizeof(*taken));
	int code = taken ? open_missing(http, before, config, taken, err) : hgt_error_nomem(err);

	while (code < 0 && http->n_doors > before) {
		struct door *last = http->doors[http->n_doors - 1];

		if (last->bound)
			sockets_drop_tcp(http->daemon->sockets, last->bound);
		forget_door(http, http->n_doors - 1);
	}
	/* From here on nothing fails. */
	for (size_t i = 0; i < before && code == 0; i++) {
		struct door *door = http->doors[i];

		if (taken[i])
			door->metrics = taken[i]->metrics;
		else if (!door->admin && !door->leaving)
			leave_door(door);
	}
	if (code == 0)
		http->most = http_find_most(config);
	http_regulate(http);
	free(taken);
	return code;
}
