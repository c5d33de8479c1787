/* Answers of evhttp's own, made ours. */
#include "daemon/http_errors.h"

#include <event2/buffer.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_writer.h"
#include "daemon/request.h"

static const char *message_of(int status)
{
	switch (status) {
	case 413:
		return "the body, or the headers, are longer than this daemon takes";
	case 501:
		return "this method is not known here";
	}
	return "this is no HTTP request that can be read, or its headers are longer than 32 KiB";
}

static void write_answer(int status, struct hgt_buf *out)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "error", request_error_name(status));
	hgt_json_key_string(&json, "message", message_of(status));
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	hgt_buf_addf(out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
		request_reason(status), body.len, body.data);
	out->failed |= body.failed;
	hgt_buf_release(&body);
}

/* A socket's output is frozen at its front while nothing is being written. */
static bool drain(struct evbuffer *output)
{
	size_t len = evbuffer_get_length(output);
	bool done = evbuffer_drain(output, len) == 0;

	if (!done && evbuffer_unfreeze(output, 1) == 0) {
		done = evbuffer_drain(output, len) == 0;
		evbuffer_freeze(output, 1);
	}
	return done;
}

bool http_errors_replace(struct evbuffer *output)
{
	static const char start[] = "HTTP/1.1 ";
	char head[sizeof(start) + 3] = "";
	struct hgt_buf answer = HGT_BUF_INIT;
	int status;
	bool replaced;

	if (evbuffer_copyout(output, head, sizeof(head) - 1) < (ev_ssize_t)(sizeof(head) - 1) || strncmp(head, "HTTP/1.", 7) != 0)
		return false;
	status = (head[9] - '0') * 100 + (head[10] - '0') * 10 + (head[11] - '0');
	if (status < 400 || status > 599)
		return false;
	write_answer(status, &answer);
	replaced = !answer.failed && drain(output) && evbuffer_add(output, answer.data, answer.len) == 0;
	hgt_buf_release(&answer);
	return replaced;
}
