/* The writer of streams. */
#include "daemon/stream_socket.h"

#include <event2/event.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/timing.h"
#include "daemon/text.h"

#define BATCH 128	/* sockets looked at before the loop goes on */

/*
 * A socket is open (its owner writes), full (a rest waits; on the list `stuck`), or finishing (no owner any more; it closes
 * when the rest is out).
 */
struct stream_socket {
	struct wire wire;
	struct stream_sockets *all;
	void *owner;			/* NULL: finishing */
	struct text *rest;		/* when full */
	size_t offset;			/* into rest, what is out */
	TAILQ_ENTRY(stream_socket) entry;	/* of all->stuck, while it is full */
	int64_t deadline_ms;
	uint32_t crc, plain;		/* of a packed stream: the checksum and the number of the bytes it was sent, before they were packed */
	struct stream_form form;
	bool full;
	bool begun;			/* something has been written: the end of the answer makes sense */
	bool ended;			/* the end is what is left, or is out */
};

TAILQ_HEAD(socket_list, stream_socket);

struct stream_sockets {
	const struct stream_socket_callbacks *callbacks;
	int epoll;
	struct event *ready;
	struct event *timer;
	struct socket_list stuck;	/* in order of deadline */
	unsigned stuck_ms;
	size_t n;
	struct epoll_event batch[BATCH];
	int n_batch;			/* those that are being gone through */
};

static void on_ready(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);

int stream_sockets_new(struct event_base *base, const struct stream_socket_callbacks *callbacks, unsigned stuck_ms,
	struct stream_sockets **out, struct hgt_error *err)
{
	struct stream_sockets *all = calloc(1, sizeof(*all));

	if (!all)
		return hgt_error_nomem(err);
	all->callbacks = callbacks;
	all->stuck_ms = stuck_ms;
	TAILQ_INIT(&all->stuck);
	all->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (all->epoll < 0) {
		free(all);
		return hgt_error_set_errno(err, "cannot watch sockets");
	}
	all->ready = event_new(base, all->epoll, EV_READ | EV_PERSIST, on_ready, all);
	all->timer = evtimer_new(base, on_timer, all);
	if (!all->ready || !all->timer || event_add(all->ready, NULL) < 0) {
		stream_sockets_free(all);
		return hgt_error_nomem(err);
	}
	*out = all;
	return 0;
}

void stream_sockets_close_finishing(struct stream_sockets *all)
{
	struct stream_socket *socket, *next;

	for (socket = TAILQ_FIRST(&all->stuck); socket; socket = next) {
		next = TAILQ_NEXT(socket, entry);
		if (!socket->owner)
			stream_socket_drop(socket);
	}
}

void stream_sockets_free(struct stream_sockets *all)
{
	if (!all)
		return;
	stream_sockets_close_finishing(all);
	if (all->ready)
		event_free(all->ready);
	if (all->timer)
		event_free(all->timer);
	close(all->epoll);
	free(all);
}

size_t stream_sockets_open(const struct stream_sockets *all)
{
	return all->n;
}

/* Wait for the peer's end, for what has to be read, and for events. */
static int watch(struct stream_socket *socket, int how, uint32_t events)
{
	struct epoll_event event = {
		.events = EPOLLRDHUP | (socket->wire.ops->read ? EPOLLIN : 0) | events, .data = {.ptr = socket},
	};

	return epoll_ctl(socket->all->epoll, how, socket->wire.fd, &event);
}

int stream_socket_new(struct stream_sockets *all, const struct wire *wire, void *owner, struct stream_form form,
	struct stream_socket **out, struct hgt_error *err)
{
	struct stream_socket *socket = calloc(1, sizeof(*socket));

	if (!socket)
		return hgt_error_nomem(err);
	socket->wire = *wire;
	socket->all = all;
	if (watch(socket, EPOLL_CTL_ADD, 0) < 0) {
		free(socket);
		return hgt_error_set_errno(err, "cannot watch a socket");
	}
	socket->owner = owner;
	socket->form = form;
	all->n++;
	*out = socket;
	return 0;
}

bool stream_socket_is_full(const struct stream_socket *socket)
{
	return socket->full;
}

struct stream_form stream_socket_form(const struct stream_socket *socket)
{
	return socket->form;
}

static void plan_timer(struct stream_sockets *all)
{
	const struct stream_socket *first = TAILQ_FIRST(&all->stuck);
	int64_t in_ms;
	struct timeval tv;

	if (!first || evtimer_pending(all->timer, NULL))
		return;
	in_ms = first->deadline_ms - hgt_time_mono_ms();
	if (in_ms < 100)
		in_ms = 100;
	tv = (struct timeval){.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};
	evtimer_add(all->timer, &tv);
}

/* It waits, from now on or anew: something has gone out. */
static void wait_on(struct stream_socket *socket)
{
	struct stream_sockets *all = socket->all;

	if (socket->full)
		TAILQ_REMOVE(&all->stuck, socket, entry);
	socket->full = true;
	socket->deadline_ms = hgt_time_mono_ms() + all->stuck_ms;
	TAILQ_INSERT_TAIL(&all->stuck, socket, entry);
	plan_timer(all);
}

static struct iovec piece_of(const struct stream_socket *socket, struct text *text)
{
	if (socket->form.chunked)
		return (struct iovec){.iov_base = text->data, .iov_len = text->len};
	return (struct iovec){.iov_base = text->data + text->head, .iov_len = text->len - text->head - text->tail};
}

/* These are on their way. */
static void count_sums(struct stream_socket *socket, struct text *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		socket->crc = text_join(socket->crc, texts[i]);
		socket->plain += texts[i]->plain;
	}
}

int stream_socket_write(struct stream_socket *socket, struct text *const *texts, size_t n)
{
	struct iovec pieces[STREAM_TEXTS_MAX];
	ssize_t taken;
	size_t i;

	if (!n || n > STREAM_TEXTS_MAX)
		return 0;
	pieces[0] = piece_of(socket, texts[0]);
	for (i = 1; i < n; i++)
		pieces[i] = piece_of(socket, texts[i]);
	taken = socket->wire.ops->write(&socket->wire, pieces, (int)n);
	if (taken < 0)
		return -1;
	socket->begun = true;
	for (i = 0; i < n && (size_t)taken >= pieces[i].iov_len; i++)
		taken -= (ssize_t)pieces[i].iov_len;
	if (i < n) {
		/* The first that is not whole, begun or not. */
		if (watch(socket, EPOLL_CTL_MOD, socket->wire.ops->wants(&socket->wire)) < 0)
			return -1;
		socket->rest = text_ref(texts[i++]);
		socket->offset = (size_t)taken;
		wait_on(socket);
	}
	if (socket->form.packed)
		count_sums(socket, texts, i);
	return (int)i;
}

static void let_go(struct stream_socket *socket)
{
	void *owner = socket->owner;

	socket->owner = NULL;
	if (owner)
		socket->all->callbacks->gone(owner);
	stream_socket_drop(socket);
}

/* The rest is out. */
static void drained(struct stream_socket *socket)
{
	struct stream_sockets *all = socket->all;

	TAILQ_REMOVE(&all->stuck, socket, entry);
	socket->full = false;
	text_unref(socket->rest);
	socket->rest = NULL;
	if (!socket->owner)
		stream_socket_finish(socket);
	else if (watch(socket, EPOLL_CTL_MOD, 0) < 0)
		let_go(socket);
	else
		all->callbacks->drained(socket->owner);
}

static void write_rest(struct stream_socket *socket)
{
	struct iovec piece = piece_of(socket, socket->rest);
	ssize_t taken;

	piece.iov_base = (char *)piece.iov_base + socket->offset;
	piece.iov_len -= socket->offset;
	taken = socket->wire.ops->write(&socket->wire, &piece, 1);
	if (taken < 0) {
		let_go(socket);
	} else if ((size_t)taken == piece.iov_len) {
		drained(socket);
	} else {
		socket->offset += (size_t)taken;
		if (taken)
			wait_on(socket);
	}
}

static bool reads_well(struct stream_socket *socket)
{
	const struct wire_ops *ops = socket->wire.ops;

	return !ops->read || ops->read(&socket->wire) >= 0;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct stream_sockets *all = arg;

	(void)what;
	all->n_batch = epoll_wait(fd, all->batch, BATCH, 0);
	for (int i = 0; i < all->n_batch; i++) {
		struct stream_socket *socket = all->batch[i].data.ptr;
		uint32_t events = all->batch[i].events;

		if (!socket)
			continue;	/* it went while another one was looked at */
		all->batch[i].data.ptr = NULL;
		if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP) || (events & EPOLLIN && !reads_well(socket)))
			let_go(socket);
		else if (socket->full)
			write_rest(socket);
	}
	all->n_batch = 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct stream_sockets *all = arg;
	int64_t now = hgt_time_mono_ms();
	struct stream_socket *first;

	(void)fd;
	(void)what;
	while ((first = TAILQ_FIRST(&all->stuck)) && first->deadline_ms <= now)
		let_go(first);
	plan_timer(all);
}

void stream_socket_drop(struct stream_socket *socket)
{
	struct stream_sockets *all = socket->all;

	for (int i = 0; i < all->n_batch; i++)
		if (all->batch[i].data.ptr == socket)
			all->batch[i].data.ptr = NULL;
	if (socket->full)
		TAILQ_REMOVE(&all->stuck, socket, entry);
	text_unref(socket->rest);
	/* Another descriptor may stand for the same socket for a moment more. */
	epoll_ctl(all->epoll, EPOLL_CTL_DEL, socket->wire.fd, NULL);
	all->n--;
	wire_close(&socket->wire);
	free(socket);
}

void stream_socket_finish(struct stream_socket *socket)
{
	const struct stream_form form = socket->form;
	struct text *end;
	int code = 0;

	socket->owner = NULL;
	if (socket->full)
		return;	/* it comes here again */
	if (socket->ended || !socket->begun || (!form.chunked && !form.packed)) {
		stream_socket_drop(socket);
		return;
	}
	socket->ended = true;
	end = text_new_end(form.chunked, form.packed, socket->crc, socket->plain);
	if (end)
		code = stream_socket_write(socket, &end, 1);
	text_unref(end);
	if (!end || code < 0 || !socket->full)
		stream_socket_drop(socket);
}
