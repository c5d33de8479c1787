/* What of the agent can be asked on its host. */
#include "agent/health.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>

#include "agent/runner.h"
#include "agent/target.h"
#include "base/metrics_text.h"

#define REQUEST_MAX 4096	/* bytes of headers, and of a body */
#define REQUEST_SECONDS 10

struct health {
	struct runner *runner;
	struct evhttp *http;
};

static void reply(struct evhttp_request *request, int status, const char *type, const char *text, size_t len)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *body = evbuffer_new();

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Connection", "close");
	if (body && evbuffer_add(body, text, len) == 0)
		evhttp_send_reply(request, status, status == 200 ? "OK" : status == 404 ? "Not Found" : "Service Unavailable", body);
	else
		evhttp_send_error(request, 503, NULL);
	if (body)
		evbuffer_free(body);
}

static void reply_text(struct evhttp_request *request, int status, const char *text)
{
	reply(request, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void on_health(struct evhttp_request *request, void *ctx)
{
	(void)ctx;
	reply_text(request, 200, "ok\n");
}

static void on_ready(struct evhttp_request *request, void *ctx)
{
	const struct runner *runner = ((struct health *)ctx)->runner;

	if (runner->stopping)
		reply_text(request, 503, "the agent stops\n");
	else if (!runner->up)
		reply_text(request, 503, "the line to the server is not open\n");
	else if (!runner->told)
		reply_text(request, 503, "the server has not told yet where every ref is\n");
	else
		reply_text(request, 200, "ok\n");
}

static void on_metrics(struct evhttp_request *request, void *ctx)
{
	const struct runner *runner = ((struct health *)ctx)->runner;
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_metrics m = HGT_METRICS_INIT(&text);

	hgt_metrics_family(&m, "headgate_agent_up", HGT_METRIC_GAUGE, "Whether the line to the server is open.");
	hgt_metrics_uint(&m, HGT_NO_LABELS, runner->up);
	hgt_metrics_family(&m, "headgate_agent_target_synced", HGT_METRIC_GAUGE,
		"Whether the last look found the target as its ref has it.");
	for (size_t i = 0; i < runner->config->n_targets; i++)
		hgt_metrics_uint(&m, HGT_LABELS("target", runner->config->targets[i].name), target_is_synced(runner->targets[i]));
	hgt_metrics_family(&m, "headgate_agent_target_busy", HGT_METRIC_GAUGE,
		"Whether something is being fetched, compared, applied or reported for the target.");
	for (size_t i = 0; i < runner->config->n_targets; i++)
		hgt_metrics_uint(&m, HGT_LABELS("target", runner->config->targets[i].name), target_is_busy(runner->targets[i]));
	if (text.failed)
		reply_text(request, 503, "out of memory\n");
	else
		reply(request, 200, HGT_METRICS_TYPE, text.data, text.len);
	hgt_buf_release(&text);
}

static void on_other(struct evhttp_request *request, void *ctx)
{
	(void)ctx;
	reply_text(request, 404, "there are /healthz, /readyz and /metrics\n");
}

int health_new(struct runner *runner, unsigned port, struct health **out, struct hgt_error *err)
{
	struct health *health = calloc(1, sizeof(*health));
	int code = 0;

	if (!health)
		return hgt_error_nomem(err);
	health->runner = runner;
	health->http = evhttp_new(runner->base);
	if (!health->http) {
		free(health);
		return hgt_error_nomem(err);
	}
	evhttp_set_allowed_methods(health->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(health->http, REQUEST_MAX);
	evhttp_set_max_body_size(health->http, REQUEST_MAX);
	evhttp_set_timeout(health->http, REQUEST_SECONDS);
	evhttp_set_gencb(health->http, on_other, health);
	if (evhttp_set_cb(health->http, "/healthz", on_health, health) < 0 || evhttp_set_cb(health->http, "/readyz", on_ready, health) < 0 ||
	    evhttp_set_cb(health->http, "/metrics", on_metrics, health) < 0)
		code = hgt_error_nomem(err);
	else if (evhttp_bind_socket(health->http, "127.0.0.1", (ev_uint16_t)port) < 0)
		code = hgt_error_set_errno(err, "health: cannot listen on 127.0.0.1:%u", port);
	if (code < 0)
		health_free(health);
	else
		*out = health;
	return code;
}

void health_free(struct health *health)
{
	if (!health)
		return;
	evhttp_free(health->http);
	free(health);
}
