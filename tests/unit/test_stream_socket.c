/* daemon/stream_socket: the writer of streams, over sockets that take as much as a test allows. */
#include "daemon/stream_socket.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/timing.h"
#include "daemon/text.h"
#include "tests/unit/unit.h"

enum { DEADLINE_MS = 20000 };

struct rig {
	struct event_base *base;
	struct stream_sockets *all;
	struct stream_socket *socket;
	int peer;
	size_t allowance;	/* bytes that the line takes before it is full */
	bool reads;		/* the line has to read, */
	size_t read;		/* and so much it has */
	unsigned drained, gone, left;
	struct hgt_buf got;
	struct rig *drops;	/* dropped when this one is gone */
};

static void on_drained(void *owner)
{
	((struct rig *)owner)->drained++;
}

static void on_gone(void *owner)
{
	struct rig *rig = owner;

	rig->gone++;
	rig->socket = NULL;
	if (rig->drops && rig->drops->socket) {
		stream_socket_drop(rig->drops->socket);
		rig->drops->socket = NULL;
	}
}

static void on_left(void *ctx)
{
	((struct rig *)ctx)->left++;
}

static ssize_t some_write(struct wire *wire, const struct iovec *pieces, int n)
{
	struct rig *rig = wire->left_ctx;
	ssize_t taken = 0;

	for (int i = 0; i < n; i++) {
		size_t len = pieces[i].iov_len < rig->allowance ? pieces[i].iov_len : rig->allowance;

		if (len && write(wire->fd, pieces[i].iov_base, len) != (ssize_t)len)
			return -1;
		taken += (ssize_t)len;
		rig->allowance -= len;
	}
	return taken;
}

static uint32_t some_wants(const struct wire *wire)
{
	(void)wire;
	return EPOLLOUT;
}

static int some_read(struct wire *wire)
{
	struct rig *rig = wire->left_ctx;
	char said[16];
	ssize_t n = read(wire->fd, said, sizeof(said));

	rig->read += n > 0 ? (size_t)n : 0;
	/* A line can be over before its socket is. */
	return n > 0 && memchr(said, '!', (size_t)n) ? -1 : 0;
}

static void some_close(struct wire *wire)
{
	close(wire->fd);
}

static const struct stream_socket_callbacks callbacks = {on_drained, on_gone};

static void open_socket(struct rig *rig, struct stream_form form, bool plain)
{
	static const struct wire_ops reading = {.write = some_write, .wants = some_wants, .read = some_read, .close = some_close};
	static const struct wire_ops some = {.write = some_write, .wants = some_wants, .close = some_close};
	struct hgt_error err = {0};
	struct wire wire;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	wire_plain(&wire, pair[0]);
	if (!plain)
		wire.ops = rig->reads ? &reading : &some;
	wire.left = on_left;
	wire.left_ctx = rig;
	rig->peer = pair[1];
	rig->allowance = SIZE_MAX;
	hgt_buf_init(&rig->got);
	assert_int_equal(stream_socket_new(rig->all, &wire, rig, form, &rig->socket, &err), 0);
}

static void start_with(struct rig *rig, struct stream_form form, bool plain, unsigned stuck_ms)
{
	struct hgt_error err = {0};

	*rig = (struct rig){.base = event_base_new()};
	assert_non_null(rig->base);
	assert_int_equal(stream_sockets_new(rig->base, &callbacks, stuck_ms, &rig->all, &err), 0);
	open_socket(rig, form, plain);
}

static void start(struct rig *rig, bool chunked, bool plain)
{
	start_with(rig, (struct stream_form){.chunked = chunked}, plain, STREAM_STUCK_MS);
}

static void stop(struct rig *rig)
{
	if (rig->socket)
		stream_socket_drop(rig->socket);
	assert_int_equal(stream_sockets_open(rig->all), 0);
	assert_int_equal(rig->left, 1);
	stream_sockets_free(rig->all);
	event_base_free(rig->base);
	if (rig->peer >= 0)
		close(rig->peer);
	hgt_buf_release(&rig->got);
}

/* Take what has come; false at the end. */
static bool take(struct rig *rig)
{
	for (;;) {
		char *room = hgt_buf_reserve(&rig->got, 65536);
		ssize_t n = read(rig->peer, room, 65536);

		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		hgt_buf_grown(&rig->got, (size_t)n);
	}
}

static void turn(struct rig *rig)
{
	const struct timeval most = {.tv_usec = 2000};

	event_base_loopexit(rig->base, &most);
	event_base_loop(rig->base, EVLOOP_ONCE);
}

static void turn_until(struct rig *rig, const unsigned *counter)
{
	int64_t deadline = hgt_time_mono_ms() + DEADLINE_MS;

	while (!*counter) {
		assert_true(hgt_time_mono_ms() < deadline);
		turn(rig);
	}
}

static struct text *text_of(const char *bytes)
{
	struct text *text = text_new(bytes, strlen(bytes));

	assert_non_null(text);
	return text;
}

static void test_chunks_and_plain(void **state)
{
	struct text *texts[2] = {text_of("one"), text_of("two and more than nine")};

	(void)state;
	for (int chunked = 0; chunked < 2; chunked++) {
		struct rig rig;

		start(&rig, chunked, true);
		assert_int_equal(stream_socket_write(rig.socket, texts, 2), 2);
		assert_false(stream_socket_is_full(rig.socket));
		stream_socket_finish(rig.socket);
		rig.socket = NULL;
		assert_false(take(&rig));
		assert_string_equal(rig.got.data, chunked ? "3\r\none\r\n16\r\ntwo and more than nine\r\n0\r\n\r\n" :
			"onetwo and more than nine");
		stop(&rig);
	}
	/* Nobody holds them any more. */
	assert_int_equal(texts[0]->refs, 1);
	assert_int_equal(texts[1]->refs, 1);
	text_unref(texts[0]);
	text_unref(texts[1]);
}

/* Wherever a socket stops taking, what comes out in the end is every byte once. */
static void test_any_part(void **state)
{
	static const char whole[] = "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n";
	struct text *texts[3] = {text_of("one"), text_of("two"), text_of("three")};

	(void)state;
	for (size_t part = 0; part < strlen(whole); part++) {
		struct rig rig;
		int n;

		start(&rig, true, false);
		rig.allowance = part;
		n = stream_socket_write(rig.socket, texts, 3);
		assert_int_equal(n, part < 8 ? 1 : part < 16 ? 2 : 3);
		assert_true(stream_socket_is_full(rig.socket));
		/* One byte each time the loop comes by. */
		for (unsigned i = 0; !rig.drained; i++) {
			assert_true(i < 1000);
			rig.allowance = 1;
			turn(&rig);
		}
		assert_false(stream_socket_is_full(rig.socket));
		rig.allowance = SIZE_MAX;
		if (n < 3)
			assert_int_equal(stream_socket_write(rig.socket, texts + n, 3 - (size_t)n), 3 - n);
		assert_true(take(&rig));
		assert_string_equal(rig.got.data, whole);
		stop(&rig);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(texts[i]->refs, 1);
		text_unref(texts[i]);
	}
}

static void test_finish_with_a_rest(void **state)
{
	struct text *text = text_of("hello");
	struct rig rig;

	(void)state;
	start(&rig, true, false);
	rig.allowance = 4;
	assert_int_equal(stream_socket_write(rig.socket, &text, 1), 1);
	text_unref(text);	/* the socket keeps its own */
	stream_socket_finish(rig.socket);
	rig.socket = NULL;
	turn(&rig);
	assert_int_equal(rig.left, 0);
	rig.allowance = 9;	/* the rest, and a part of the end */
	turn(&rig);
	assert_int_equal(rig.left, 0);
	rig.allowance = SIZE_MAX;
	turn_until(&rig, &rig.left);
	assert_false(take(&rig));
	assert_string_equal(rig.got.data, "5\r\nhello\r\n0\r\n\r\n");
	assert_int_equal(rig.drained, 0);
	assert_int_equal(rig.gone, 0);
	stop(&rig);
}

static void test_nothing_was_said(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, true, true);
	stream_socket_finish(rig.socket);
	rig.socket = NULL;
	assert_false(take(&rig));
	assert_int_equal(rig.got.len, 0);
	stop(&rig);
}

/* The peer has ended, or only its sending half; or it says something that nobody asked for. */
static void test_gone(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		struct rig rig;

		start(&rig, true, true);
		assert_int_equal(write(rig.peer, "x", 1), 1);
		for (int i = 0; i < 5; i++)
			turn(&rig);
		assert_int_equal(rig.gone, 0);
		if (how == 0) {
			close(rig.peer);
			rig.peer = -1;
		} else if (how == 1) {
			shutdown(rig.peer, SHUT_WR);
		} else {
			struct text *text = text_of("x");

			/* The other way round: writing shows it first. */
			close(rig.peer);
			rig.peer = -1;
			assert_true(stream_socket_write(rig.socket, &text, 1) < 0);
			text_unref(text);
		}
		turn_until(&rig, &rig.gone);
		assert_null(rig.socket);
		stop(&rig);
	}
}

/* A line that has to read, as TLS has, reads what its peer says and throws it away, until that says that it is over. */
static void test_line_that_reads(void **state)
{
	struct text *text = text_of("hello");
	struct rig rig;

	(void)state;
	start(&rig, true, true);
	stream_socket_drop(rig.socket);
	close(rig.peer);
	hgt_buf_release(&rig.got);
	rig.left = 0;
	rig.reads = true;
	open_socket(&rig, (struct stream_form){.chunked = true}, false);
	assert_int_equal(write(rig.peer, "more than one read takes", 24), 24);
	for (int i = 0; i < 100 && rig.read < 24; i++)
		turn(&rig);
	assert_int_equal(rig.read, 24);
	/* It reads while a rest waits, too. */
	rig.allowance = 3;
	assert_int_equal(stream_socket_write(rig.socket, &text, 1), 1);
	assert_int_equal(write(rig.peer, "x", 1), 1);
	for (int i = 0; i < 100 && rig.read < 25; i++)
		turn(&rig);
	assert_int_equal(rig.read, 25);
	rig.allowance = SIZE_MAX;
	turn_until(&rig, &rig.drained);
	assert_int_equal(write(rig.peer, "!", 1), 1);
	turn_until(&rig, &rig.gone);
	assert_true(rig.peer >= 0);
	text_unref(text);
	stop(&rig);
}

/* While a rest waits. */
static void test_gone_when_full(void **state)
{
	struct text *text = text_of("hello");
	struct rig rig;

	(void)state;
	start(&rig, true, false);
	rig.allowance = 2;
	assert_int_equal(stream_socket_write(rig.socket, &text, 1), 1);
	assert_int_equal(text->refs, 2);
	close(rig.peer);
	rig.peer = -1;
	turn_until(&rig, &rig.gone);
	assert_int_equal(text->refs, 1);
	text_unref(text);
	stop(&rig);
}

/* The content of an answer in chunks, its last one included. */
static void join_chunks(const struct hgt_buf *got, struct hgt_buf *out)
{
	const char *at = got->data, *end = got->data + got->len;

	for (;;) {
		size_t len = strtoul(at, NULL, 16);

		at = strstr(at, "\r\n");
		assert_non_null(at);
		at += 2;
		assert_true(len <= (size_t)(end - at) - 2);
		hgt_buf_add(out, at, len);
		at += len;
		assert_memory_equal(at, "\r\n", 2);
		at += 2;
		if (!len)
			break;
	}
	assert_ptr_equal(at, end);
}

static void assert_unpacks_to(const struct hgt_buf *packed, const char *text, size_t len)
{
	char *out = malloc(len + 1);
	z_stream z = {
		.next_in = (Bytef *)packed->data, .avail_in = (uInt)packed->len, .next_out = (Bytef *)out, .avail_out = (uInt)len + 1,
	};

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	/* That it ends well says that length and checksum are right. */
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(z.total_out, len);
	assert_memory_equal(out, text, len);
	inflateEnd(&z);
	free(out);
}

/* Two clients are sent the same packed texts from different places on, in parts; each gets one whole gzip stream. */
static void test_packed(void **state)
{
	enum { TEXTS = 40 };
	struct hgt_buf head = HGT_BUF_INIT, hello = HGT_BUF_INIT, whole = HGT_BUF_INIT;
	struct text *texts[TEXTS];
	unsigned seed = 3;

	(void)state;
	hgt_buf_adds(&hello, "data: hello\n\n");
	for (size_t i = 0; i < TEXTS; i++) {
		struct hgt_buf text = HGT_BUF_INIT;

		for (int k = rand_r(&seed) % (i % 10 ? 100 : 9000); k >= 0; k--)
			hgt_buf_addf(&text, "data: %d\n", rand_r(&seed) % 50);
		hgt_buf_add(&whole, text.data, text.len);
		texts[i] = text_new_packed(text.data, text.len);
		assert_non_null(texts[i]);
		hgt_buf_release(&text);
	}
	for (int how = 0; how < 4; how++) {
		const struct stream_form form = {.chunked = how & 1, .packed = true};
		size_t first = how & 2 ? 7 : 0, skipped = 0;
		struct hgt_buf expected = HGT_BUF_INIT, content = HGT_BUF_INIT;
		struct text *own;
		struct rig rig;

		for (size_t i = 0; i < first; i++)
			skipped += texts[i]->plain;
		start_with(&rig, form, false, STREAM_STUCK_MS);
		hgt_buf_reset(&head);
		hgt_buf_adds(&head, "HEAD");
		if (first) {
			hgt_buf_add(&expected, hello.data, hello.len);
			own = text_new_own(&head, &hello, form.chunked, true);
		} else {
			own = text_new_own(&head, &expected, form.chunked, true);
		}
		assert_non_null(own);
		assert_int_equal(stream_socket_write(rig.socket, &own, 1), 1);
		text_unref(own);
		hgt_buf_add(&expected, whole.data + skipped, whole.len - skipped);
		for (size_t at = first; at < TEXTS;) {
			size_t n = TEXTS - at < 5 ? TEXTS - at : 5;

			if (stream_socket_is_full(rig.socket)) {
				rig.allowance = 700;
				assert_true(take(&rig));
				turn(&rig);
				continue;
			}
			rig.allowance = (size_t)rand_r(&seed) % 3000;
			at += (size_t)stream_socket_write(rig.socket, texts + at, n);
		}
		rig.allowance = SIZE_MAX;
		stream_socket_finish(rig.socket);
		rig.socket = NULL;
		while (take(&rig))
			turn(&rig);
		assert_memory_equal(rig.got.data, "HEAD", 4);
		hgt_buf_consume(&rig.got, 4);
		if (form.chunked)
			join_chunks(&rig.got, &content);
		else
			hgt_buf_add(&content, rig.got.data, rig.got.len);
		assert_unpacks_to(&content, expected.data, expected.len);
		hgt_buf_release(&expected);
		hgt_buf_release(&content);
		stop(&rig);
	}
	for (size_t i = 0; i < TEXTS; i++) {
		assert_int_equal(texts[i]->refs, 1);
		text_unref(texts[i]);
	}
	hgt_buf_release(&head);
	hgt_buf_release(&hello);
	hgt_buf_release(&whole);
}

/* Who takes nothing for too long is let go; a byte now and then is something. */
static void test_stuck(void **state)
{
	enum { STUCK_MS = 400 };
	struct text *text = text_of("a text of some bytes");
	struct rig rig;
	int64_t until;

	(void)state;
	start_with(&rig, (struct stream_form){.chunked = true}, false, STUCK_MS);
	rig.allowance = 2;
	assert_int_equal(stream_socket_write(rig.socket, &text, 1), 1);
	until = hgt_time_mono_ms() + 2 * STUCK_MS;
	for (int64_t next = 0, now; (now = hgt_time_mono_ms()) < until; turn(&rig)) {
		if (now < next)
			continue;
		next = now + STUCK_MS / 4;
		rig.allowance = 1;
	}
	assert_int_equal(rig.gone, 0);
	assert_int_equal(rig.drained, 0);
	rig.allowance = 0;
	turn_until(&rig, &rig.gone);
	assert_int_equal(text->refs, 1);
	text_unref(text);
	stop(&rig);
}

/* Two lines end in the same turn, and the end of the first takes the second along. */
static void test_dropped_by_another(void **state)
{
	struct rig a, b;

	(void)state;
	start(&a, true, true);
	b = (struct rig){.base = a.base, .all = a.all};
	open_socket(&b, (struct stream_form){.chunked = true}, true);
	a.drops = &b;
	b.drops = &a;
	close(a.peer);
	close(b.peer);
	a.peer = b.peer = -1;
	for (int i = 0; i < 5; i++)
		turn(&a);
	assert_int_equal(a.gone + b.gone, 1);
	assert_int_equal(a.left + b.left, 2);
	hgt_buf_release(&b.got);
	stop(&a);
}

/* Against a real socket that is full, read slowly. */
static void test_slow_peer(void **state)
{
	enum { TEXTS = 400, SIZE = 5000 };
	struct rig rig;
	struct text *texts[STREAM_TEXTS_MAX];
	char bytes[SIZE];
	size_t told = 0;

	(void)state;
	start(&rig, false, true);
	while (told < TEXTS || stream_socket_is_full(rig.socket)) {
		size_t n = 0;
		int taken;

		if (stream_socket_is_full(rig.socket)) {
			assert_true(take(&rig));
			turn(&rig);
			continue;
		}
		for (; n < 20 && told + n < TEXTS; n++) {
			memset(bytes, 'a' + (int)((told + n) % 26), SIZE);
			texts[n] = text_new(bytes, SIZE);
			assert_non_null(texts[n]);
		}
		taken = stream_socket_write(rig.socket, texts, n);
		assert_true(taken > 0);
		told += (size_t)taken;
		while (n)
			text_unref(texts[--n]);
	}
	assert_true(take(&rig));
	assert_true(rig.drained > 0);
	assert_int_equal(rig.got.len, TEXTS * SIZE);
	for (size_t i = 0; i < rig.got.len; i++)
		if (rig.got.data[i] != 'a' + (int)(i / SIZE % 26))
			fail_msg("byte %zu is %c", i, rig.got.data[i]);
	stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks_and_plain),
		cmocka_unit_test(test_any_part),
		cmocka_unit_test(test_finish_with_a_rest),
		cmocka_unit_test(test_nothing_was_said),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_line_that_reads),
		cmocka_unit_test(test_gone_when_full),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_dropped_by_another),
		cmocka_unit_test(test_slow_peer),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
