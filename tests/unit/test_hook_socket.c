/* daemon/hook_socket: hooks that behave, and all the others. */
#include "daemon/hook_socket.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/timing.h"
#include "headgate/protocol.h"
#include "tests/unit/small_daemon.h"
#include "tests/unit/unit.h"

#define Z "0000000000000000000000000000000000000000"

static struct small_daemon small;
static char *tip;
static unsigned pushes;

static int start(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	small_daemon_start(&small);
	free(small_daemon_sh(&small, "git init -q -b main work && cd work && git commit -q --allow-empty -m 1 &&"
		" git clone -q --bare . ../git/r.git"));
	tip = small_daemon_sh(&small, "git -C work rev-parse HEAD");
	small_daemon_restart(&small);
	assert_int_equal(hook_socket_new(&small.daemon, &small.daemon.hook_socket, NULL), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	hook_socket_free(small.daemon.hook_socket);
	small_daemon_stop(&small);
	free(tip);
	return 0;
}

/* A hook, on the same loop. */
struct client {
	struct bufferevent *bev;
	struct hgt_buf answer;
	bool closed;
};

static void on_read(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;
	char text[512];
	size_t n;

	while ((n = bufferevent_read(bev, text, sizeof(text))) > 0)
		hgt_buf_add(&client->answer, text, n);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *client = arg;

	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		client->closed = true;
}

static void connect_client(struct client *client)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*client = (struct client){.answer = HGT_BUF_INIT};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/hook.sock", small.folder);
	client->bev = bufferevent_socket_new(small.daemon.base, -1, BEV_OPT_CLOSE_ON_FREE);
	assert_non_null(client->bev);
	bufferevent_setcb(client->bev, on_read, NULL, on_event, client);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
	assert_int_equal(bufferevent_socket_connect(client->bev, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void say(struct client *client, const char *text, size_t len)
{
	assert_int_equal(bufferevent_write(client->bev, text, len), 0);
}

static void end_client(struct client *client)
{
	bufferevent_free(client->bev);
	hgt_buf_release(&client->answer);
}

/* An announcement with `padding` bytes of options. */
static void line(struct hgt_buf *out, size_t padding)
{
	hgt_buf_addf(out, "{\"v\":1,\"type\":\"received\",\"repo\":\"%s/git/r.git\",\"push\":\"%032x\",\"actor\":{\"name\":\"a\"},"
		"\"options\":[\"", small.folder, ++pushes);
	for (size_t i = 0; i < padding; i++)
		hgt_buf_addc(out, 'x');
	hgt_buf_addf(out, "\"],\"updates\":[{\"old\":\"" Z "\",\"new\":\"%s\",\"ref\":\"refs/heads/main\"}]}\n", tip);
}

static void expect_answer(struct client *client, const char *want)
{
	small_daemon_run(&small, &client->closed);
	if (!strstr(client->answer.data, want) || client->answer.len == 0 || client->answer.data[client->answer.len - 1] != '\n' ||
		memchr(client->answer.data, '\n', client->answer.len) != client->answer.data + client->answer.len - 1)
		fail_msg("answer: %s", client->answer.data);
}

static void answers_once_it_is_journaled(void **state)
{
	static const size_t paddings[] = {0, 100, 64 * 1024, 4 << 20};
	uint64_t head;

	(void)state;
	for (size_t i = 0; i < N_OF(paddings); i++) {
		struct hgt_buf text = HGT_BUF_INIT;
		struct client client;
		char want[64];

		line(&text, paddings[i]);
		/* What comes after the line is nobody's business. */
		hgt_buf_adds(&text, "{}\n{}\n");
		connect_client(&client);
		say(&client, text.data, text.len);
		expect_answer(&client, "{\"ok\":true,\"cursor\":\"");
		assert_int_equal(hgt_journal_head(small.daemon.reader, &head, NULL), 0);
		snprintf(want, sizeof(want), "%s.%llu\"}", hgt_journal_id(small.daemon.reader), (unsigned long long)head);
		assert_non_null(strstr(client.answer.data, want));
		end_client(&client);
		hgt_buf_release(&text);
	}
}

static void nonsense_is_told(void **state)
{
	static const char *const lines[] = {"\n", "GET / HTTP/1.1\r\n", "{}\n", "\0\0\n", "{\"v\":2}\n"};

	(void)state;
	for (size_t i = 0; i < N_OF(lines); i++) {
		struct client client;

		connect_client(&client);
		say(&client, lines[i], lines[i][0] ? strlen(lines[i]) : 3);
		expect_answer(&client, "{\"ok\":false,\"error\":\"");
		end_client(&client);
	}
}

static void serves(void)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct client client;

	line(&text, 0);
	connect_client(&client);
	say(&client, text.data, text.len);
	expect_answer(&client, "\"ok\":true");
	end_client(&client);
	hgt_buf_release(&text);
}

static void endless_lines_are_cut(void **state)
{
	static char chunk[1 << 20];
	struct client client;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	connect_client(&client);
	for (int i = 0; i < 17; i++)
		say(&client, chunk, sizeof(chunk));
	small_daemon_run(&small, &client.closed);
	end_client(&client);
	serves();
}

static void on_dribble(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	say(arg, " ", 1);
}

/* One that says nothing, one that dribbles, one that hung up in the middle: others do not wait for them. */
static void half_lines_end(void **state)
{
	const struct timeval often = {.tv_usec = 200 * 1000};
	struct client silent, dribbling, gone;
	int64_t began = hgt_time_mono_ms();
	struct event *drop;

	(void)state;
	connect_client(&silent);
	connect_client(&dribbling);
	connect_client(&gone);
	say(&gone, "{\"v\":1", 6);
	end_client(&gone);
	serves();
	drop = event_new(small.daemon.base, -1, EV_PERSIST, on_dribble, &dribbling);
	assert_non_null(drop);
	assert_int_equal(event_add(drop, &often), 0);
	small_daemon_run(&small, &dribbling.closed);
	event_free(drop);
	small_daemon_run(&small, &silent.closed);
	assert_true(hgt_time_mono_ms() - began >= 4000);
	assert_int_equal(silent.answer.len, 0);
	end_client(&silent);
	end_client(&dribbling);
	serves();
}

/* A hook that does not wait for its answer has announced all the same. */
static void who_hangs_up_has_announced(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint64_t before, head;
	int64_t began = hgt_time_mono_ms();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(hgt_journal_head(small.daemon.reader, &before, NULL), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/hook.sock", small.folder);
	line(&text, 0);
	assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	assert_int_equal(write(fd, text.data, text.len), text.len);
	close(fd);
	for (head = before; head == before && hgt_time_mono_ms() - began < 10000;) {
		assert_int_equal(event_base_loop(small.daemon.base, EVLOOP_ONCE), 0);
		assert_int_equal(hgt_journal_head(small.daemon.reader, &head, NULL), 0);
	}
	assert_true(head > before);
	hgt_buf_release(&text);
	serves();
}

static void a_crowd_is_answered(void **state)
{
	enum { CROWD = 400 };
	static struct client clients[CROWD];

	(void)state;
	for (int i = 0; i < CROWD; i++) {
		struct hgt_buf text = HGT_BUF_INIT;

		line(&text, 0);
		connect_client(&clients[i]);
		say(&clients[i], text.data, text.len);
		hgt_buf_release(&text);
	}
	for (int i = 0; i < CROWD; i++) {
		expect_answer(&clients[i], "\"ok\":true");
		end_client(&clients[i]);
	}
}

static void stale_sockets_are_replaced(void **state)
{
	struct hook_socket *second = NULL;
	struct hgt_error err = {0};
	struct client waiting;
	struct hgt_buf text = HGT_BUF_INIT;

	(void)state;
	assert_int_equal(hook_socket_new(&small.daemon, &second, &err), HGT_ECONFLICT);
	assert_non_null(strstr(err.message, "hook.sock"));
	serves();
	/* Draining lets the one that is there have its answer, and takes nobody new. */
	connect_client(&waiting);
	line(&text, 0);
	say(&waiting, text.data, text.len - 1);
	serves();
	assert_int_equal(hook_socket_drain(small.daemon.hook_socket), 0);
	say(&waiting, "\n", 1);
	expect_answer(&waiting, "\"ok\":true");
	end_client(&waiting);
	assert_int_equal(hook_socket_drain(small.daemon.hook_socket), 1);
	hook_socket_free(small.daemon.hook_socket);
	/* Left behind by one that was killed. */
	free(small_daemon_sh(&small, "test ! -e hook.sock"));
	{
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		snprintf(address.sun_path, sizeof(address.sun_path), "%s/hook.sock", small.folder);
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		close(fd);
	}
	assert_int_equal(hook_socket_new(&small.daemon, &small.daemon.hook_socket, NULL), 0);
	free(small_daemon_sh(&small, "test `stat -c %%a hook.sock` = 660"));
	serves();
	hgt_buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_once_it_is_journaled), cmocka_unit_test(nonsense_is_told),
		cmocka_unit_test(endless_lines_are_cut), cmocka_unit_test(half_lines_end), cmocka_unit_test(who_hangs_up_has_announced),
		cmocka_unit_test(a_crowd_is_answered), cmocka_unit_test(stale_sockets_are_replaced),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
