/* What the hooks tell the daemon, over its socket or through the spool. */
#include "hooks/announce.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "check/report.h"
#include "doc/doc.h"
#include "headgate/protocol.h"

enum { ANSWER_MAX = 64 * 1024, FINDINGS_MAX = 50 };

static void write_actor(struct hgt_json *json, const struct hgt_actor *actor)
{
	hgt_json_key(json, "actor");
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", actor->name);
	hgt_json_key_string(json, "id", actor->id);
	hgt_json_key_string(json, "server", actor->server);
	hgt_json_key_string(json, "repo", actor->repo);
	hgt_json_key_string(json, "remote", actor->remote);
	hgt_json_key_string(json, "protocol", actor->protocol);
	hgt_json_end_object(json);
}

static void write_updates(struct hgt_json *json, const struct hgt_updates *updates)
{
	hgt_json_key(json, "updates");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < updates->n; i++) {
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "old", updates->items[i].old_id);
		hgt_json_key_string(json, "new", updates->items[i].new_id);
		hgt_json_key_string(json, "ref", updates->items[i].ref);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
}

/* All that the two lines share. */
static void begin(struct hgt_json *json, const struct hook *hook, const char *type)
{
	char time[HGT_TIME_TEXT];

	hgt_time_format(hgt_time_now_ms(), time);
	hgt_json_begin_object(json);
	hgt_json_key_int(json, "v", HGT_HOOK_VERSION);
	hgt_json_key_string(json, "type", type);
	hgt_json_key_string(json, "repo", hook->repo_path);
	hgt_json_key_string(json, "push", hook->push);
	write_actor(json, &hook->actor);
	hgt_json_key_string(json, "time", time);
	write_updates(json, &hook->updates);
}

static int end(struct hgt_json *json, struct hgt_error *err)
{
	hgt_json_end_object(json);
	hgt_buf_addc(json->out, '\n');
	if (json->out->len > HGT_HOOK_LINE_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the push moves too many refs to be announced at once");
	return hgt_buf_check(json->out, err);
}

int announce_received(const struct hook *hook, struct hgt_buf *line, struct hgt_error *err)
{
	struct hgt_json json = HGT_JSON_INIT(line);

	begin(&json, hook, "received");
	hgt_json_key(&json, "options");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < hook->n_options; i++)
		hgt_json_string(&json, hook->options[i]);
	hgt_json_end_array(&json);
	return end(&json, err);
}

int announce_refused(const struct hook *hook, const struct hgt_findings *findings, struct hgt_buf *line,
	struct hgt_error *err)
{
	struct hgt_json json = HGT_JSON_INIT(line);

	begin(&json, hook, "refused");
	hgt_json_key_uint(&json, "errors", findings->errors);
	hgt_json_key_uint(&json, "warnings", findings->warnings);
	hgt_json_key(&json, "findings");
	hgt_report_findings_json(findings, FINDINGS_MAX, &json);
	return end(&json, err);
}

int announce_wait(const struct hook *hook, uint32_t seconds, struct hgt_buf *line, struct hgt_error *err)
{
	struct hgt_json json = HGT_JSON_INIT(line);

	begin(&json, hook, "wait");
	hgt_json_key_uint(&json, "seconds", seconds);
	return end(&json, err);
}

/* Wait until fd is ready for `events`, or the time is over. */
static int wait_ready(int fd, short events, int64_t deadline_ms, struct hgt_error *err)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left = deadline_ms - hgt_time_mono_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return 0;
		if (n == 0)
			return hgt_error_set(err, HGT_ETIMEOUT, "the daemon does not answer");
		if (errno != EINTR)
			return hgt_error_set_errno(err, "cannot wait for the daemon");
	}
}

static int send_line(int fd, const struct hgt_buf *line, int64_t deadline_ms, struct hgt_error *err)
{
	size_t sent = 0;

	while (sent < line->len) {
		ssize_t n = send(fd, line->data + sent, line->len - sent, MSG_NOSIGNAL);

		if (n >= 0) {
			sent += (size_t)n;
		} else if (errno == EAGAIN) {
			int code = wait_ready(fd, POLLOUT, deadline_ms, err);

			if (code < 0)
				return code;
		} else if (errno != EINTR) {
			return hgt_error_set_errno(err, "cannot write to the daemon's socket");
		}
	}
	return 0;
}

static int receive_answer(int fd, struct hgt_buf *answer, int64_t deadline_ms, struct hgt_error *err)
{
	while (!memchr(answer->data, '\n', answer->len)) {
		char *room = hgt_buf_reserve(answer, 512);
		ssize_t n = room ? recv(fd, room, 512, 0) : 0;

		if (!room)
			return hgt_error_nomem(err);
		if (n > 0) {
			hgt_buf_grown(answer, (size_t)n);
			if (answer->len > ANSWER_MAX)
				return hgt_error_set(err, HGT_ELIMIT, "the daemon's answer does not end");
		} else if (n == 0) {
			return hgt_error_set(err, HGT_EUNAVAILABLE, "the daemon hung up");
		} else if (errno == EAGAIN) {
			int code = wait_ready(fd, POLLIN, deadline_ms, err);

			if (code < 0)
				return code;
		} else if (errno != EINTR) {
			return hgt_error_set_errno(err, "cannot read the daemon's answer");
		}
	}
	return 0;
}

static int judge_answer(const struct hgt_buf *answer, struct hgt_error *err)
{
	const char *newline = memchr(answer->data, '\n', answer->len);
	struct hgt_doc_set set;
	bool ok = false;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(answer->data, (size_t)(newline - answer->data), &set, err);
	if (code == 0 && !(hgt_node_get_bool(set.docs[0].root, "ok", &ok) && ok)) {
		const char *why = hgt_node_get_string(set.docs[0].root, "error");

		code = hgt_error_set(err, HGT_EUNAVAILABLE, "the daemon: %s", why ? why : "no reason given");
	}
	hgt_doc_set_release(&set);
	return code;
}

int announce_begin(const char *socket_path, const struct hgt_buf *line, int patience_ms, int *out, struct hgt_error *err)
{
	int64_t deadline_ms = hgt_time_mono_ms() + patience_ms;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, code;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return hgt_error_set(err, HGT_EINVAL, "the socket's path is longer than %zu bytes: %s",
			sizeof(address.sun_path) - 1, socket_path);
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return hgt_error_set_errno(err, "cannot make a socket");
	/* EAGAIN: its queue of connections is full. A daemon that is so far behind is as good as away. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		code = hgt_error_set_errno(err, "cannot connect to %s", socket_path);
	else
		code = send_line(fd, line, deadline_ms, err);
	if (code < 0)
		close(fd);
	else
		*out = fd;
	return code;
}

int announce_send(const char *socket_path, const struct hgt_buf *line, int patience_ms, struct hgt_error *err)
{
	int64_t deadline_ms = hgt_time_mono_ms() + patience_ms;
	struct hgt_buf answer = HGT_BUF_INIT;
	int fd = -1;
	int code = announce_begin(socket_path, line, patience_ms, &fd, err);

	if (code < 0)
		return code;
	code = receive_answer(fd, &answer, deadline_ms, err);
	if (code == 0)
		code = judge_answer(&answer, err);
	hgt_buf_release(&answer);
	close(fd);
	return code;
}

int announce_spool(const struct hook *hook, const struct hgt_buf *line, struct hgt_error *err)
{
	struct hgt_buf folder = HGT_BUF_INIT, file = HGT_BUF_INIT;
	mode_t mask = umask(0007);	/* the daemon may be another user of the same group */
	char time[HGT_TIME_TEXT];
	int code;

	hgt_time_format(hgt_time_now_ms(), time);
	hgt_buf_addf(&folder, "%s/%s", hook->config->state, HGT_SPOOL_FOLDER);
	hgt_buf_addf(&file, "%s/%s-%s%s", folder.data, time, hook->push, HGT_SPOOL_SUFFIX);
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = hgt_buf_check(&file, err);
	if (code == 0)
		code = hgt_make_folders(folder.data, 0770, err);
	if (code == 0)
		code = hgt_write_file(file.data, line->data, line->len, 0660, err);
	umask(mask);
	hgt_buf_release(&file);
	hgt_buf_release(&folder);
	return code;
}
