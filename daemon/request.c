/* Answers to HTTP requests. */
#include "daemon/request.h"

#include <event2/buffer.h>
#include <event2/http.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/workers.h"
#include "daemon/agent.h"
#include "daemon/agents.h"
#include "daemon/guard.h"
#include "daemon/tokens.h"
#include "daemon/gzip.h"
#include "daemon/metrics.h"
#include "daemon/routes.h"

static const struct status {
	int status;
	const char *reason, *name;	/* name: the error code that goes with it */
} statuses[] = {
	{200, "OK", NULL},
	{201, "Created", NULL},
	{204, "No Content", NULL},
	{206, "Partial Content", NULL},
	{304, "Not Modified", NULL},
	{400, "Bad Request", "bad-request"},
	{401, "Unauthorized", "unauthorized"},
	{403, "Forbidden", "forbidden"},
	{404, "Not Found", "not-found"},
	{405, "Method Not Allowed", "method-not-allowed"},
	{409, "Conflict", "conflict"},
	{410, "Gone", "gone"},
	{412, "Precondition Failed", "precondition-failed"},
	{413, "Content Too Large", "content-too-large"},
	{416, "Range Not Satisfiable", "range-not-satisfiable"},
	{429, "Too Many Requests", "too-many-requests"},
	{500, "Internal Server Error", "internal"},
	{501, "Not Implemented", "not-implemented"},
	{503, "Service Unavailable", "unavailable"},
};

static const struct status *find_status(int status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return find_status(500);
}

const char *request_reason(int status)
{
	return find_status(status)->reason;
}

const char *request_error_name(int status)
{
	return find_status(status)->name;
}

void request_header(struct request *request, const char *key, const char *value)
{
	if (request->ev)
		evhttp_add_header(evhttp_request_get_output_headers(request->ev), key, value);
}

const char *request_get_header(const struct request *request, const char *key)
{
	return evhttp_find_header(evhttp_request_get_input_headers(request->ev), key);
}

const char *request_body(const struct request *request, size_t *len)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request->ev);
	const char *text;

	*len = evbuffer_get_length(input);
	text = *len ? (const char *)evbuffer_pullup(input, -1) : "";
	if (!text)
		*len = 0;
	return text ? text : "";
}

void request_free(struct request *request)
{
	if (!request)
		return;
	if (request->connection)
		connection_answered(request->connection, request);
	if (request->load)
		request->load->open--;
	agent_unref(request->agent);
	token_unref(request->token);
	query_release(&request->query);
	free(request->name);
	free(request);
}

/* What became of a request, for those who count and those who read. */
static void tell(const struct request *request, int status)
{
	const char *method, *route;

	metrics_answer(request->daemon->metrics, request->route, status);
	routes_describe(request->route, &method, &route);
	hgt_log(HGT_LOG_DEBUG, "http", "answered", HGT_S("method", method), HGT_S("route", route), HGT_I("status", status),
		HGT_S("remote", request->remote), HGT_S("agent", request->agent ? request->agent->name : ""));
}

void request_reply_buffer(struct request *request, int status, struct evbuffer *body)
{
	struct evhttp_request *ev = request->ev;

	/* evhttp would send it in answer to a HEAD too. */
	if (ev && evhttp_request_get_command(ev) == EVHTTP_REQ_HEAD)
		body = NULL;
	tell(request, status);
	request_free(request);
	if (ev)
		evhttp_send_reply(ev, status, request_reason(status), body);
}

void request_reply_empty(struct request *request, int status)
{
	request_reply_buffer(request, status, NULL);
}

void request_reply_bytes(struct request *request, int status, const char *type, const char *data, size_t len)
{
	struct evbuffer *body = evbuffer_new();

	request_header(request, "Content-Type", type);
	if (!body || evbuffer_add(body, data, len) < 0)
		request_reply_empty(request, 503);
	else
		request_reply_buffer(request, status, body);
	if (body)
		evbuffer_free(body);
}

/* An answer that a worker compresses. */
struct squeezing {
	struct request *request;	/* NULL when the client has gone */
	int status;
	struct hgt_buf in, out;
};

static void squeezing_free(struct squeezing *job)
{
	hgt_buf_release(&job->in);
	hgt_buf_release(&job->out);
	free(job);
}

static void squeeze(void *arg)
{
	struct squeezing *job = arg;
	struct hgt_error err = {0};

	if (gzip_bytes(job->in.data, job->in.len, &job->out, &err) < 0)
		hgt_buf_reset(&job->out);
}

static void reply_squeezed(struct request *request, int status, const struct hgt_buf *in, const struct hgt_buf *out)
{
	/* What could not be compressed goes as it is. */
	if (out->len)
		request_header(request, "Content-Encoding", "gzip");
	request_reply_bytes(request, status, "application/json", out->len ? out->data : in->data, out->len ? out->len : in->len);
}

static void squeezed(void *arg)
{
	struct squeezing *job = arg;

	if (job->request)
		reply_squeezed(job->request, job->status, &job->in, &job->out);
	squeezing_free(job);
}

static void squeezing_gone(void *ctx)
{
	struct squeezing *job = ctx;

	request_free(job->request);
	job->request = NULL;
}

/* Have a worker compress it; false when that cannot be had. */
static bool squeeze_elsewhere(struct request *request, int status, const struct hgt_buf *body)
{
	struct squeezing *job = request->daemon->stopping ? NULL : calloc(1, sizeof(*job));
	struct hgt_error err = {0};

	if (!job)
		return false;
	*job = (struct squeezing){.request = request, .status = status, .in = HGT_BUF_INIT, .out = HGT_BUF_INIT};
	hgt_buf_add(&job->in, body->data, body->len);
	if (job->in.failed || hgt_workers_submit(request->daemon->archivers, squeeze, squeezed, job, &err) < 0) {
		squeezing_free(job);
		return false;
	}
	request->gone = squeezing_gone;
	request->gone_ctx = job;
	return true;
}

/* JSON, compressed where that is worth it and the client takes it. */
static void reply_json(struct request *request, int status, const struct hgt_buf *body)
{
	struct squeezing now = {.in = *body, .out = HGT_BUF_INIT};

	if (request->ev && body->len >= GZIP_MIN) {
		request_header(request, "Vary", "Accept-Encoding");
		if (gzip_is_accepted(request_get_header(request, "Accept-Encoding"))) {
			if (body->len > GZIP_AT_ONCE_MAX && squeeze_elsewhere(request, status, body))
				return;
			squeeze(&now);
		}
	}
	reply_squeezed(request, status, body, &now.out);
	hgt_buf_release(&now.out);
}

void request_reply_text(struct request *request, int status, const char *text)
{
	request_reply_bytes(request, status, "text/plain; charset=utf-8", text, strlen(text));
}

void request_reply_json(struct request *request, int status, const struct hgt_buf *body)
{
	if (body->failed)
		request_reply_empty(request, 503);
	else
		reply_json(request, status, body);
}

void request_reply_error(struct request *request, int status, const char *name, const char *fmt, ...)
{
	struct hgt_buf body = HGT_BUF_INIT, message = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addvf(&message, fmt, ap);
	va_end(ap);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "error", name ? name : find_status(status)->name);
	hgt_json_key_string(&json, "message", message.data);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, status, &body);
	hgt_buf_release(&message);
	hgt_buf_release(&body);
}

void request_reply_failure(struct request *request, const struct hgt_error *err)
{
	request_reply_failure_as(request, NULL, err);
}

void request_reply_failure_as(struct request *request, const char *name, const struct hgt_error *err)
{
	int status = 503;

	switch (err->code) {
	case HGT_EINVAL:
	case HGT_EPARSE:
	case HGT_EUNSUPPORTED:
		status = 400;
		break;
	case HGT_EPERM:
		status = 403;
		break;
	case HGT_ENOENT:
		status = 404;
		break;
	case HGT_EEXIST:
	case HGT_ECONFLICT:
		status = 409;
		break;
	case HGT_ELIMIT:
		status = 413;
		break;
	}
	request_reply_error(request, status, name, "%s", err->message);
}

const char *request_who(const struct request *request, char out[REQUEST_WHO_MAX])
{
	if (request->agent)
		snprintf(out, REQUEST_WHO_MAX, "agent %s", request->agent->name);
	else if (request->token)
		snprintf(out, REQUEST_WHO_MAX, "token %s", request->token->name);
	else
		snprintf(out, REQUEST_WHO_MAX, "the admin socket");
	return out;
}

/* Journal that the request was turned away. */
static void tell_refusal(const struct request *request, const char *reason)
{
	const struct refused refused = {.agent = request->agent ? request->agent->name : NULL,
		.token = request->token ? request->token->name : NULL, .remote = request->remote};

	agents_refused(request->daemon->agents, &refused, reason);
}

void request_refuse(struct request *request, const char *fmt, ...)
{
	struct hgt_buf message = HGT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addvf(&message, fmt, ap);
	va_end(ap);
	tell_refusal(request, message.data);
	request_reply_error(request, 403, NULL, "%s", message.data);
	hgt_buf_release(&message);
}

void request_reply_too_many(struct request *request, const char *name, unsigned seconds, const char *fmt, ...)
{
	struct hgt_buf message = HGT_BUF_INIT;
	char retry[16];
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addvf(&message, fmt, ap);
	va_end(ap);
	tell_refusal(request, message.data);
	snprintf(retry, sizeof(retry), "%u", seconds);
	request_header(request, "Retry-After", retry);
	request_reply_error(request, 429, name, "%s", message.data);
	hgt_buf_release(&message);
}
