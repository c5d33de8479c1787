/* A push that waits: the daemon's lines, told to the pusher. */
#include "hooks/wait.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "doc/doc.h"
#include "hooks/announce.h"
#include "rollout/teller.h"

enum {
	LINE_MAX_BYTES = 1024 * 1024,
	ANSWER_MS = 2000,	/* to hand the question over */
	GRACE_MS = 5000,	/* beyond the time that was asked for, for the daemon to say that it is over */
	STILL_FIRST_MS = 5000,	/* after so long without a line there is one; twice as long each time, up to: */
	STILL_MOST_MS = 40000,
	UNREAD_MS = 5000,	/* what has been said and nobody reads for so long is not read any more */
};

int wait_wanted(const struct hook *hook, uint32_t *seconds, bool *wanted, struct hgt_error *err)
{
	const size_t len = strlen(WAIT_OPTION);
	const uint32_t most = hook->config->limits.wait;
	uint64_t number = WAIT_DEFAULT_SECONDS;

	*wanted = false;
	for (size_t i = 0; i < hook->n_options; i++) {
		const char *option = hook->options[i];

		if (strncmp(option, WAIT_OPTION, len) != 0 || (option[len] && option[len] != '='))
			continue;
		number = WAIT_DEFAULT_SECONDS;
		if (option[len] && (hgt_parse_u64(option + len + 1, UINT32_MAX, &number) < 0 || !number))
			return hgt_error_set(err, HGT_EINVAL, "push option %s is to be %s=SECONDS", option, WAIT_OPTION);
		*wanted = true;
	}
	*seconds = number < most ? (uint32_t)number : most;
	return 0;
}

/* What is known while lines come. */
struct wait {
	struct hgt_rollout_teller *teller;
	uint32_t seconds;
	bool begun, ended;
	int64_t still_at, still_ms;	/* when there is a line though nothing moves, and how long after the last one */
	int64_t unread_since;		/* 0: all that was said has been read, as far as can be told */
	struct hgt_buf in, out;
};

static int take_begin(struct wait *w, const struct hgt_node *root, struct hgt_error *err)
{
	const char *why = hgt_node_get_string(root, "error");
	bool ok = false;

	if (!hgt_node_get_bool(root, "ok", &ok) || !ok)
		return hgt_error_set(err, HGT_EUNAVAILABLE, "the daemon: %s", why ? why : "no reason given");
	w->begun = true;
	hgt_rollout_tell_begin(w->teller, root, w->seconds, &w->out);
	return 0;
}

static int take_line(struct wait *w, const char *line, size_t len, struct hgt_error *err)
{
	struct hgt_doc_set set;
	const struct hgt_node *root;
	const char *end, *why;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(line, len, &set, err);
	if (code < 0)
		goto out;
	root = set.docs[0].root;
	end = hgt_node_get_string(root, "end");
	why = hgt_node_get_string(root, "error");
	if (!w->begun) {
		code = take_begin(w, root, err);
	} else if (end) {
		w->ended = true;
		hgt_rollout_tell_end(w->teller, hgt_rollout_end_parse(end), hgt_time_mono_ms(), &w->out);
		if (why)
			code = hgt_error_set(err, HGT_EUNAVAILABLE, "the daemon: %s", why);
	} else {
		code = hgt_rollout_tell_target(w->teller, root, hgt_time_mono_ms(), &w->out, err);
	}
out:
	hgt_doc_set_release(&set);
	return code;
}

static int take_lines(struct wait *w, struct hgt_error *err)
{
	int code = 0;

	while (code == 0 && !w->ended) {
		const char *newline = memchr(w->in.data, '\n', w->in.len);

		if (!newline)
			break;
		code = take_line(w, w->in.data, (size_t)(newline - w->in.data), err);
		hgt_buf_consume(&w->in, (size_t)(newline - w->in.data) + 1);
	}
	if (code == 0 && w->in.len > LINE_MAX_BYTES)
		code = hgt_error_set(err, HGT_ELIMIT, "the daemon's line does not end");
	return code;
}

/* Write to stderr without being held by it: a pipe that is full, and stays so, is read by nobody. */
static bool write_out(const char *data, size_t len)
{
	while (len) {
		struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
		const size_t piece = len < PIPE_BUF ? len : PIPE_BUF;
		int n = poll(&p, 1, UNREAD_MS);

		if (n < 0 && errno == EINTR)
			continue;
		/* Then a piece of that size goes in at once. */
		if (n <= 0 || !(p.revents & POLLOUT) || hgt_write_all(STDERR_FILENO, data, piece) < 0)
			return false;
		data += piece;
		len -= piece;
	}
	return true;
}

/* What there is to say; false when nobody listens any more. */
static bool say(struct wait *w)
{
	bool heard = write_out(w->out.data, w->out.len);

	if (w->out.len)
		w->still_at = hgt_time_mono_ms() + w->still_ms;
	hgt_buf_reset(&w->out);
	return heard;
}

/*
 * Whether the pusher has gone. git keeps the line alive while we are silent; when that fails, the thread of receive-pack that passes our
 * words on ends, but leaves our stderr open. Then what we say stays in the pipe, which tells.
 */
static bool is_unread(struct wait *w)
{
	int64_t now = hgt_time_mono_ms();
	struct stat st;
	int bytes = 0;

	if (fstat(STDERR_FILENO, &st) < 0 || !S_ISFIFO(st.st_mode) || ioctl(STDERR_FILENO, FIONREAD, &bytes) < 0 || bytes == 0) {
		w->unread_since = 0;
		return false;
	}
	if (!w->unread_since)
		w->unread_since = now;
	return now - w->unread_since >= UNREAD_MS;
}

/* Say that it goes on, where nothing has moved for a while. */
static void say_still(struct wait *w)
{
	int64_t now = hgt_time_mono_ms();

	if (!w->begun || now < w->still_at)
		return;
	w->still_ms = w->still_ms * 2 < STILL_MOST_MS ? w->still_ms * 2 : STILL_MOST_MS;
	hgt_rollout_tell_still(w->teller, now, &w->out);
}

/* Until something has to be looked at though nothing comes. */
static int pause_ms(const struct wait *w, int64_t until)
{
	int64_t now = hgt_time_mono_ms(), at = until;

	if (w->begun && w->still_at < at)
		at = w->still_at;
	if (w->unread_since && w->unread_since + UNREAD_MS < at)
		at = w->unread_since + UNREAD_MS;
	return at <= now ? 0 : at - now < INT32_MAX ? (int)(at - now) : INT32_MAX;
}

/* Read what has come: 1, 0 at the end of the daemon's side, or negative. */
static int receive(int fd, struct hgt_buf *in, struct hgt_error *err)
{
	char *room = hgt_buf_reserve(in, 4096);
	ssize_t n = room ? recv(fd, room, 4096, 0) : 0;

	if (!room)
		return hgt_error_nomem(err);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n < 0)
		return hgt_error_set_errno(err, "cannot read the daemon's answer");
	hgt_buf_grown(in, (size_t)n);
	return n > 0;
}

/* Take what comes within the pause: 1, 0 at the end of the daemon's side or when nobody listens, or negative. */
static int take(struct wait *w, int fd, int64_t until, struct hgt_error *err)
{
	struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = STDERR_FILENO}};
	int code = 1, n = poll(p, 2, pause_ms(w, until));

	if (n < 0 && errno != EINTR)
		return hgt_error_set_errno(err, "cannot wait for the daemon");
	if (n > 0 && p[1].revents & (POLLERR | POLLHUP | POLLNVAL))
		return 0;
	if (n > 0)
		code = receive(fd, &w->in, err);
	if (code > 0 && n > 0 && take_lines(w, err) < 0)
		code = err->code;
	return code;
}

/* The daemon ends it in time; `until` is for one that does not. */
static int follow(struct wait *w, int fd, struct hgt_error *err)
{
	int64_t until = hgt_time_mono_ms() + (int64_t)w->seconds * 1000 + GRACE_MS;
	int code = 1;

	while (code > 0 && !w->ended && hgt_time_mono_ms() < until) {
		code = take(w, fd, until, err);
		say_still(w);
		if (!say(w) || is_unread(w))
			return 0;
	}
	if (code < 0)
		return code;
	if (!w->ended && w->begun)
		hgt_rollout_tell_end(w->teller, HGT_ROLLOUT_LEFT, hgt_time_mono_ms(), &w->out);
	say(w);
	return w->begun ? 0 : hgt_error_set(err, HGT_EUNAVAILABLE, "the daemon does not answer");
}

int wait_tell(const struct hook *hook, uint32_t seconds, struct hgt_error *err)
{
	struct wait w = {.seconds = seconds, .still_ms = STILL_FIRST_MS, .in = HGT_BUF_INIT, .out = HGT_BUF_INIT};
	struct hgt_buf line = HGT_BUF_INIT;
	int fd = -1;
	int code = hgt_rollout_teller_new(hgt_time_mono_ms(), &w.teller, err);

	if (code == 0)
		code = announce_wait(hook, seconds, &line, err);
	if (code == 0)
		code = announce_begin(hook->config->sockets.hook, &line, ANSWER_MS, &fd, err);
	if (code == 0)
		code = follow(&w, fd, err);
	if (fd >= 0)
		close(fd);
	hgt_rollout_teller_free(w.teller);
	hgt_buf_release(&line);
	hgt_buf_release(&w.in);
	hgt_buf_release(&w.out);
	return code;
}
