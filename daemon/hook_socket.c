/* The socket on which hooks announce pushes. */
#include "daemon/hook_socket.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/hook_wait.h"
#include "daemon/intake.h"
#include "daemon/sockets.h"
#include "headgate/protocol.h"

enum {
	CONNECTIONS_MAX = 256,		/* then accepting waits until one is over */
	LINE_SECONDS = 5,		/* for the whole line, and for reading the answer */
	ACCEPT_AGAIN_SECONDS = 1,	/* when descriptors have run out */
	SMALL_LINE = 64 * 1024,		/* a longer one is parsed by a worker */
	GROUPS_MAX = 256,		/* of a peer, looked at */
};

/*
 * One hook.
 *
 *	READING --line--> TAKING --events on disk--> ANSWERING --written--> (freed)
 *	   |                 |                           |
 *	   +---hung up, too late, too long---------------+--> (freed; from TAKING once the intake is done)
 *
 * A line that waits for agents takes its hook from TAKING to hook_wait.h.
 */
enum state { READING, TAKING, ANSWERING };

struct connection {
	struct connection *next, **self;
	struct hook_socket *socket;
	struct bufferevent *bev;	/* NULL once the hook has hung up while we were TAKING */
	struct event *deadline;		/* while READING or ANSWERING */
	enum state state;
	int64_t began_ms;		/* monotonic */
	size_t searched;		/* bytes without a newline so far */
	struct hgt_buf text;		/* the line */
	struct hook_line *line;		/* parsed */
	int code;			/* of parsing */
	struct hgt_error err;
};

struct hook_socket {
	struct daemon *daemon;
	struct evconnlistener *listener;
	struct connection *connections;
	size_t n;
	bool paused, draining;
	struct event *resume;		/* accepting, after an error */
	gid_t group;			/* of the socket file: its members may speak */
	struct hook_socket_stats stats;	/* what is counted of them */
	struct hook_waits waits;	/* hooks that wait for agents; they count as connections no more */
};

static void accept_again(struct hook_socket *socket)
{
	if (socket->paused && !socket->draining && socket->n < CONNECTIONS_MAX) {
		socket->paused = false;
		evconnlistener_enable(socket->listener);
	}
}

static void pause_accepting(struct hook_socket *socket)
{
	socket->paused = true;
	evconnlistener_disable(socket->listener);
}

static void connection_free(struct connection *c)
{
	struct hook_socket *socket = c->socket;

	*c->self = c->next;
	if (c->next)
		c->next->self = c->self;
	socket->n--;
	if (c->bev)
		bufferevent_free(c->bev);
	if (c->deadline)
		event_free(c->deadline);
	hgt_buf_release(&c->text);
	hook_line_free(c->line);
	free(c);
	accept_again(socket);
}

static int set_deadline(struct connection *c)
{
	const struct timeval patience = {.tv_sec = LINE_SECONDS};

	return event_add(c->deadline, &patience);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd, (void)what;
	if (c->state == READING)
		c->socket->stats.late++;
	else
		c->socket->stats.unread++;
	hgt_log(HGT_LOG_WARNING, "hook_socket", c->state == READING ? "a hook did not end its line in time" :
		"a hook did not read its answer in time");
	connection_free(c);
}

/* The hook's answer; the connection is over once it is written. */
static void answer(struct connection *c, int code, uint64_t seq, const struct hgt_error *err)
{
	struct hgt_cursor cursor = {.seq = seq};
	struct hgt_buf out = HGT_BUF_INIT, text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);

	if (!c->bev) {
		connection_free(c);
		return;
	}
	memcpy(cursor.journal, hgt_journal_id(c->socket->daemon->reader), sizeof(cursor.journal));
	hgt_json_begin_object(&json);
	hgt_json_key_bool(&json, "ok", code == 0);
	if (code == 0) {
		hgt_cursor_format(&cursor, &text);
		hgt_json_key_string(&json, "cursor", text.data);
	} else {
		hgt_json_key_string(&json, "error", err->message);
	}
	hgt_json_end_object(&json);
	hgt_buf_addc(&out, '\n');
	c->state = ANSWERING;
	bufferevent_disable(c->bev, EV_READ);
	/* A hook that gets no answer spools its line, which is then found to be taken in already. */
	if (out.failed || text.failed || set_deadline(c) < 0 || bufferevent_write(c->bev, out.data, out.len) < 0)
		connection_free(c);
	hgt_buf_release(&out);
	hgt_buf_release(&text);
}

static void on_taken(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	answer(ctx, code, seq, err);
}

/* On the loop, or on a git worker. */
static void run_parse(void *arg)
{
	struct connection *c = arg;

	c->code = hook_line_parse(c->text.data, c->text.len, &c->line, &c->err);
}

static void on_parsed(void *arg)
{
	struct connection *c = arg;
	struct hook_line *line = c->line;

	hgt_buf_release(&c->text);
	if (c->code < 0) {
		hgt_log(HGT_LOG_WARNING, "hook_socket", "an announcement makes no sense", HGT_S("error", c->err.message));
		answer(c, c->code, 0, &c->err);
		return;
	}
	if (line->wait) {
		if (c->bev)
			hook_wait_begin(&c->socket->waits, c->bev, line);
		c->bev = NULL;
		connection_free(c);
		return;
	}
	c->line = NULL;
	intake_announce(c->socket->daemon->intake, line, "hook", on_taken, c);
}

static void take_line(struct connection *c, size_t len)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	char *room = hgt_buf_reserve(&c->text, len);
	struct hgt_error err = {0};
	int code = room ? 0 : hgt_error_nomem(&err);

	event_del(c->deadline);
	c->state = TAKING;
	if (code == 0) {
		hgt_buf_grown(&c->text, (size_t)evbuffer_remove(in, room, len));
		if (len <= SMALL_LINE) {
			run_parse(c);
			on_parsed(c);
			return;
		}
		code = hgt_workers_submit(c->socket->daemon->git, run_parse, on_parsed, c, &err);
	}
	if (code < 0)
		answer(c, code, 0, &err);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct connection *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct evbuffer_ptr from, newline;
	size_t len = evbuffer_get_length(in);

	if (c->state != READING) {
		/* More than a line: nobody asked for it. */
		evbuffer_drain(in, len);
		return;
	}
	if (evbuffer_ptr_set(in, &from, c->searched, EVBUFFER_PTR_SET) < 0)
		return;
	newline = evbuffer_search(in, "\n", 1, &from);
	c->searched = len;
	if (newline.pos >= 0) {
		take_line(c, (size_t)newline.pos);
	} else if (len >= HGT_HOOK_LINE_MAX) {
		hgt_error_set(&c->err, HGT_ELIMIT, "the announcement is longer than %d bytes", HGT_HOOK_LINE_MAX);
		answer(c, HGT_ELIMIT, 0, &c->err);
	}
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct connection *c = arg;

	(void)bev;
	if (c->state == ANSWERING)
		connection_free(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct connection *c = arg;

	if (c->state == READING && what & BEV_EVENT_EOF && !(what & BEV_EVENT_ERROR) &&
		evbuffer_get_length(bufferevent_get_input(bev)) > 0)
		hgt_log(HGT_LOG_WARNING, "hook_socket", "a hook hung up in the middle of its line");
	if (c->state != TAKING) {
		connection_free(c);
	} else if (!(what & BEV_EVENT_EOF)) {
		bufferevent_free(c->bev);
		c->bev = NULL;
	} else {
		/* It may have closed only its sending side. */
		bufferevent_disable(bev, EV_READ);
	}
}

/* Our own user, root, and the members of the socket's group. */
static bool may_speak(struct hook_socket *socket, int fd)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid() || peer.gid == socket->group)
		return true;
	len = sizeof(groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(*groups); i++)
		if (groups[i] == socket->group)
			return true;
	return false;
}

static struct connection *connection_new(struct hook_socket *socket, evutil_socket_t fd)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->deadline = evtimer_new(socket->daemon->base, on_deadline, c);
	if (c->deadline)
		c->bev = bufferevent_socket_new(socket->daemon->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev) {
		if (c->deadline)
			event_free(c->deadline);
		free(c);
		return NULL;
	}
	hgt_buf_init(&c->text);
	c->socket = socket;
	c->next = socket->connections;
	c->self = &socket->connections;
	if (c->next)
		c->next->self = &c->next;
	socket->connections = c;
	socket->n++;
	socket->stats.accepted++;
	c->began_ms = hgt_time_mono_ms();
	return c;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *arg)
{
	struct hook_socket *socket = arg;
	struct connection *c;

	(void)listener, (void)address, (void)len;
	if (!may_speak(socket, (int)fd)) {
		socket->stats.turned_away++;
		hgt_log(HGT_LOG_WARNING, "hook_socket", "a peer that is neither of our user nor of the socket's group was turned away");
		close((int)fd);
		return;
	}
	c = connection_new(socket, fd);
	if (!c) {
		hgt_log(HGT_LOG_ERROR, "hook_socket", "out of memory for a connection");
		close((int)fd);
		return;
	}
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	if (bufferevent_enable(c->bev, EV_READ) < 0 || set_deadline(c) < 0)
		connection_free(c);
	else if (socket->n >= CONNECTIONS_MAX)
		pause_accepting(socket);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	accept_again(arg);
}

/* Descriptors have run out, as a rule. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	const struct timeval later = {.tv_sec = ACCEPT_AGAIN_SECONDS};
	struct hook_socket *socket = arg;
	int error = EVUTIL_SOCKET_ERROR();

	(void)listener;
	hgt_log(HGT_LOG_ERROR, "hook_socket", "cannot accept", HGT_S("error", strerror(error)));
	if (event_add(socket->resume, &later) == 0)
		pause_accepting(socket);
}

int hook_socket_new(struct daemon *daemon, struct hook_socket **out, struct hgt_error *err)
{
	const char *path = daemon->config->sockets.hook;
	struct hook_socket *socket = calloc(1, sizeof(*socket));
	struct stat st;
	int fd, code;

	if (!socket)
		return hgt_error_nomem(err);
	socket->daemon = daemon;
	hook_waits_init(&socket->waits, daemon);
	socket->resume = evtimer_new(daemon->base, on_resume, socket);
	code = socket->resume ? sockets_unix(daemon->sockets, SOCKETS_HOOK, path, 0660, &fd, err) : hgt_error_nomem(err);
	if (code < 0)
		goto out;
	if (stat(path, &st) < 0) {
		code = hgt_error_set_errno(err, "%s", path);
		close(fd);
		goto out;
	}
	socket->group = st.st_gid;
	socket->listener = evconnlistener_new(daemon->base, on_accept, socket, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!socket->listener) {
		code = hgt_error_nomem(err);
		close(fd);
		goto out;
	}
	evconnlistener_set_error_cb(socket->listener, on_accept_error);
	*out = socket;
	socket = NULL;
out:
	hook_socket_free(socket);
	return code;
}

void hook_socket_stats(const struct hook_socket *socket, struct hook_socket_stats *out)
{
	int64_t now = hgt_time_mono_ms();

	*out = socket->stats;
	out->connections = socket->n;
	for (const struct connection *c = socket->connections; c; c = c->next)
		if (now - c->began_ms > out->oldest_ms)
			out->oldest_ms = now - c->began_ms;
}

int hook_socket_drain(struct hook_socket *socket)
{
	if (!socket->draining) {
		socket->draining = true;
		pause_accepting(socket);
		if (!socket->daemon->upgrading)
			sockets_remove(socket->daemon->sockets, SOCKETS_HOOK, socket->daemon->config->sockets.hook);
	}
	return socket->n == 0 && hook_waits_none(&socket->waits);
}

void hook_socket_free(struct hook_socket *socket)
{
	if (!socket)
		return;
	while (socket->connections)
		connection_free(socket->connections);
	hook_waits_release(&socket->waits);
	if (socket->listener) {
		hook_socket_drain(socket);
		evconnlistener_free(socket->listener);
	}
	if (socket->resume)
		event_free(socket->resume);
	free(socket);
}
