/*
 * A daemon that lies: answers an agent with what a folder's files say, so that tests can send it what headgated never would.
 *
 *	false_daemon FOLDER
 *
 * Prints the port that the kernel chose. Takes every token. FOLDER holds, read anew for each request:
 *
 *	stream		the bytes of the event stream, after which it stays open
 *	report.status	of the answer to a report; 200 when it is missing
 *	proof			what GET /v1/proof answers; 404 when it is missing
 *	archive.status, archive.headers, archive	what GET /v1/archive answers; status 200 and no headers when they are missing
 *
 * and gets `reports`, the reports as they come, one a line.
 */
#include <arpa/inet.h>
#include <err.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>

#include "base/io.h"

enum { FILE_MAX = 64 * 1024 * 1024 };

static const char *folder;

/* A file of the folder; empty when it is not there. */
static void read_file(const char *name, struct hgt_buf *out)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error error;

	hgt_buf_addf(&path, "%s/%s", folder, name);
	if (hgt_read_file(path.data, FILE_MAX, out, &error) < 0 && error.code != HGT_ENOENT)
		errx(1, "%s", error.message);
	hgt_buf_release(&path);
}

static void send_file(struct evhttp_request *request, const char *name, void (*send)(struct evhttp_request *, struct evbuffer *))
{
	struct evbuffer *body = evbuffer_new();
	struct hgt_buf text = HGT_BUF_INIT;

	read_file(name, &text);
	evbuffer_add(body, text.data, text.len);
	send(request, body);
	evbuffer_free(body);
	hgt_buf_release(&text);
}

static void on_stream(struct evhttp_request *request, void *ctx)
{
	(void)ctx;
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/event-stream");
	evhttp_send_reply_start(request, 200, "OK");
	send_file(request, "stream", evhttp_send_reply_chunk);
}

/* The number in a file. */
static int read_status(const char *name)
{
	struct hgt_buf text = HGT_BUF_INIT;
	int status;

	read_file(name, &text);
	status = text.len ? (int)strtol(text.data, NULL, 10) : 200;
	hgt_buf_release(&text);
	return status;
}

static int archive_status;

static void send_archive(struct evhttp_request *request, struct evbuffer *body)
{
	evhttp_send_reply(request, archive_status, "So", body);
}

static void on_archive(struct evhttp_request *request, void *ctx)
{
	struct hgt_buf headers = HGT_BUF_INIT;
	char *line, *rest;

	(void)ctx;
	read_file("archive.headers", &headers);
	archive_status = read_status("archive.status");
	for (rest = headers.data; (line = strsep(&rest, "\n"));) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		evhttp_add_header(evhttp_request_get_output_headers(request), line, colon + 1 + strspn(colon + 1, " "));
	}
	send_file(request, "archive", send_archive);
	hgt_buf_release(&headers);
}

static void send_proof(struct evhttp_request *request, struct evbuffer *body)
{
	evhttp_send_reply(request, evbuffer_get_length(body) ? 200 : 404, "So", body);
}

static void on_proof(struct evhttp_request *request, void *ctx)
{
	(void)ctx;
	send_file(request, "proof", send_proof);
}

static void on_report(struct evhttp_request *request, void *ctx)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(request);
	struct hgt_buf path = HGT_BUF_INIT;
	FILE *file;

	(void)ctx;
	hgt_buf_addf(&path, "%s/reports", folder);
	file = fopen(path.data, "a");
	if (!file)
		err(1, "%s", path.data);
	fwrite(evbuffer_pullup(in, -1), 1, evbuffer_get_length(in), file);
	fputc('\n', file);
	fclose(file);
	hgt_buf_release(&path);
	evhttp_send_reply(request, read_status("report.status"), "So", NULL);
}

static void on_announce(struct evhttp_request *request, void *ctx)
{
	(void)ctx;
	evhttp_send_reply(request, 200, "OK", NULL);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	struct evhttp_bound_socket *socket;

	if (argc != 2)
		errx(2, "usage: false_daemon FOLDER");
	folder = argv[1];
	signal(SIGPIPE, SIG_IGN);
	socket = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	if (!socket || getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&address, &len) < 0)
		err(1, "cannot listen");
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_PUT | EVHTTP_REQ_POST);
	evhttp_set_cb(http, "/v1/agents/self", on_announce, NULL);
	evhttp_set_cb(http, "/v1/agents/self/events", on_stream, NULL);
	evhttp_set_cb(http, "/v1/agents/self/reports", on_report, NULL);
	evhttp_set_cb(http, "/v1/archive", on_archive, NULL);
	evhttp_set_cb(http, "/v1/proof", on_proof, NULL);
	printf("%d\n", ntohs(((struct sockaddr_in *)&address)->sin_port));
	fflush(stdout);
	return event_base_dispatch(base) < 0;
}
