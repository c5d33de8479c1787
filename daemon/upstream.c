/* Requests to the Headgate upstream of a mirror. */
#include "daemon/upstream.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/curl_loop.h"
#include "doc/doc.h"
#include "webhook/signature.h"

enum {
	CONNECT_MS = 15000,
	WHOLE_MS = 120000,		/* of a request that is no stream */
	SILENCE_S = 45,			/* three bookmarks */
	ANSWER_MAX = 32 * 1024 * 1024,
	PROBLEM_MAX = 64 * 1024,
};

struct upstream {
	struct event_base *base;
	const struct webhook_curl *curl;
	struct curl_loop *loop;
	char *server, *token_file, *ca_file;
	struct upstream_call *calls;
};

struct upstream_call {
	struct upstream_call *next, **link;
	struct upstream *upstream;
	struct upstream_spec spec;	/* its strings are not kept */
	CURL *easy;
	struct curl_slist *headers;
	struct event *silence;		/* of a stream */
	struct hgt_buf body, url, post;
	struct hgt_error err;		/* of our own, which comes first */
	int status;
	char why[CURL_ERROR_SIZE];
};

/* Nobody knows it any more, and it does nothing. */
static void detach(struct upstream_call *call)
{
	const struct webhook_curl *curl = call->upstream->curl;

	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	if (call->easy) {
		curl_loop_remove(call->upstream->loop, call->easy);
		curl->easy_cleanup(call->easy);
	}
	/* The token is in there. */
	for (struct curl_slist *header = call->headers; header; header = header->next)
		explicit_bzero(header->data, strlen(header->data));
	curl->slist_free_all(call->headers);
	if (call->silence)
		event_free(call->silence);
}

static void release(struct upstream_call *call)
{
	hgt_buf_release(&call->body);
	hgt_buf_release(&call->url);
	hgt_buf_release(&call->post);
	free(call);
}

void upstream_cancel(struct upstream_call *call)
{
	if (!call)
		return;
	detach(call);
	release(call);
}

/* {"error":...,"message":"<sentence>"}, or whatever there is, becomes the error. */
static void tell_problem(struct upstream_call *call)
{
	struct hgt_doc_set set;
	const char *message = NULL;
	int status = call->status;

	hgt_doc_set_init(&set);
	if (hgt_json_parse_message(call->body.data, call->body.len, &set, NULL) == 0)
		message = hgt_node_get_string(set.docs[0].root, "message");
	hgt_error_set(&call->err, status == 401 || status == 403 ? HGT_EPERM : status == 404 ? HGT_ENOENT : status == 409 || status == 410 ?
		HGT_ECONFLICT : HGT_EUNAVAILABLE, "%s answers %d%s%s", call->upstream->server, status, message ? ": " : "", message ? message : "");
	hgt_doc_set_release(&set);
}

/* `done` may begin another call, or free the upstream. */
static void finish(struct upstream_call *call)
{
	struct upstream_answer answer;

	if (call->err.code)
		call->status = 0;
	else if (call->status < 200 || call->status > 299)
		tell_problem(call);
	answer = (struct upstream_answer){call->status, &call->body, &call->err};
	detach(call);
	call->spec.done(call->spec.ctx, &answer);
	release(call);
}

static void on_ended(void *ctx, CURL *easy, CURLcode code)
{
	struct upstream *upstream = ctx;
	struct upstream_call *call;
	char *private = NULL;
	long status = 0;

	upstream->curl->easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	call = (struct upstream_call *)(void *)private;
	upstream->curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	call->status = (int)status;
	if (code != CURLE_OK && !call->err.code)
		hgt_error_set(&call->err, HGT_EUNAVAILABLE, "%s: %s", upstream->server, code == CURLE_OPERATION_TIMEDOUT ? "no answer in time" :
			call->why[0] ? call->why : upstream->curl->easy_strerror(code));
	finish(call);
}

static void on_silence(evutil_socket_t fd, short what, void *arg)
{
	struct upstream_call *call = arg;

	(void)fd, (void)what;
	hgt_error_set(&call->err, HGT_ETIMEOUT, "%s has said nothing for %d seconds", call->upstream->server, SILENCE_S);
	finish(call);
}

/* 0 ends the call: libcurl tells of it later, outside of this. */
static size_t take(char *data, size_t size, size_t n, void *arg)
{
	static const struct timeval silence = {.tv_sec = SILENCE_S};
	struct upstream_call *call = arg;
	const size_t len = size * n;
	long status = 0;

	call->upstream->curl->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (call->silence)
		evtimer_add(call->silence, &silence);
	if (status == 200 && call->spec.data)
		return call->spec.data(call->spec.ctx, data, len, &call->err) < 0 ? 0 : len;
	if (call->body.len + len > (status == 200 ? ANSWER_MAX : PROBLEM_MAX)) {
		if (status != 200)
			return len;
		hgt_error_set(&call->err, HGT_ELIMIT, "%s answers with more than %d bytes", call->upstream->server, ANSWER_MAX);
		return 0;
	}
	hgt_buf_add(&call->body, data, len);
	if (call->body.failed)
		hgt_error_nomem(&call->err);
	return call->body.failed ? 0 : len;
}

static bool add_header(struct upstream_call *call, const char *name, const char *value)
{
	struct hgt_buf line = HGT_BUF_INIT;
	struct curl_slist *longer = NULL;

	hgt_buf_addf(&line, "%s: %s", name, value);
	if (!line.failed)
		longer = call->upstream->curl->slist_append(call->headers, line.data);
	explicit_bzero(line.data, line.len);
	hgt_buf_release(&line);
	if (longer)
		call->headers = longer;
	return longer;
}

static int add_headers(struct upstream_call *call, const struct upstream_spec *spec, struct hgt_error *err)
{
	struct hgt_secret token = {0};
	struct hgt_buf bearer = HGT_BUF_INIT;
	int code = hgt_secret_read(call->upstream->token_file, &token, err);
	bool good;

	/* It goes into a header: only what can be a token (RFC 6750, section 2.1). */
	if (code == 0 && strspn(token.data, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=") != token.len)
		code = hgt_error_set(err, HGT_EPARSE, "%s holds no token", call->upstream->token_file);
	if (code < 0) {
		hgt_secret_release(&token);
		return code;
	}
	hgt_buf_addf(&bearer, "Bearer %s", token.data);
	good = !bearer.failed && add_header(call, "Authorization", bearer.data) && add_header(call, "User-Agent", "headgated/" HGT_VERSION) &&
		add_header(call, "Expect", "") && (!spec->stream || add_header(call, "Accept", "text/event-stream")) &&
		(!spec->last_id || add_header(call, "Last-Event-ID", spec->last_id)) &&
		(!spec->body || add_header(call, "Content-Type", "application/json"));
	explicit_bzero(bearer.data, bearer.len);
	hgt_buf_release(&bearer);
	hgt_secret_release(&token);
	return good ? 0 : hgt_error_nomem(err);
}

static bool set_options(struct upstream_call *call)
{
	CURLcode (*set)(CURL *, CURLoption, ...) = call->upstream->curl->easy_setopt;
	CURL *easy = call->easy;
	bool good;

	good = set(easy, CURLOPT_URL, call->url.data) == CURLE_OK && set(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		set(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK && set(easy, CURLOPT_PROXY, "") == CURLE_OK &&
		set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
		set(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK && set(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
		set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
		set(easy, CURLOPT_TIMEOUT_MS, call->spec.stream ? 0L : (long)WHOLE_MS) == CURLE_OK &&
		set(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK && set(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		set(easy, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK && set(easy, CURLOPT_PRIVATE, call) == CURLE_OK &&
		set(easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK && set(easy, CURLOPT_WRITEDATA, call) == CURLE_OK &&
		set(easy, CURLOPT_ERRORBUFFER, call->why) == CURLE_OK;
	if (good && call->upstream->ca_file)
		good = set(easy, CURLOPT_CAINFO, call->upstream->ca_file) == CURLE_OK && set(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
	if (good && call->spec.body)
		good = set(easy, CURLOPT_POSTFIELDS, call->post.data) == CURLE_OK &&
			set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->post.len) == CURLE_OK;
	return good;
}

/* A stream on which not even a bookmark comes is cut. */
static bool watch_silence(struct upstream_call *call)
{
	static const struct timeval silence = {.tv_sec = SILENCE_S};

	call->silence = evtimer_new(call->upstream->base, on_silence, call);
	return call->silence && evtimer_add(call->silence, &silence) == 0;
}

int upstream_call(struct upstream *upstream, const struct upstream_spec *spec, struct upstream_call **out, struct hgt_error *err)
{
	struct upstream_call *call = calloc(1, sizeof(*call));
	int code;

	if (!call)
		return hgt_error_nomem(err);
	call->upstream = upstream;
	call->spec = *spec;
	hgt_buf_init(&call->body);
	hgt_buf_init(&call->url);
	hgt_buf_init(&call->post);
	call->next = upstream->calls;
	call->link = &upstream->calls;
	if (call->next)
		call->next->link = &call->next;
	upstream->calls = call;
	hgt_buf_addf(&call->url, "%s%s", upstream->server, spec->path);
	hgt_buf_adds(&call->post, spec->body ? spec->body : "");
	call->easy = upstream->curl->easy_init();
	code = call->easy && !call->url.failed && !call->post.failed ? add_headers(call, spec, err) : hgt_error_nomem(err);
	if (code == 0 && !set_options(call))
		code = hgt_error_set(err, HGT_EUNSUPPORTED, "this libcurl lacks what an upstream needs");
	if (code == 0 && spec->stream && !watch_silence(call))
		code = hgt_error_nomem(err);
	if (code == 0)
		code = curl_loop_add(upstream->loop, call->easy, err);
	if (code < 0)
		upstream_cancel(call);
	else
		*out = call;
	return code;
}

int upstream_new(struct event_base *base, const struct webhook_curl *curl, const struct hgt_config_mirror *config, struct upstream **out,
	struct hgt_error *err)
{
	struct upstream *upstream = calloc(1, sizeof(*upstream));
	size_t len = strlen(config->upstream.server);

	if (!upstream)
		return hgt_error_nomem(err);
	while (len && config->upstream.server[len - 1] == '/')
		len--;
	upstream->base = base;
	upstream->curl = curl;
	upstream->server = strndup(config->upstream.server, len);
	upstream->token_file = strdup(config->upstream.token_file);
	upstream->ca_file = config->upstream.ca_file ? strdup(config->upstream.ca_file) : NULL;
	/* The stream, and what is asked beside it. */
	if (!upstream->server || !upstream->token_file || (config->upstream.ca_file && !upstream->ca_file) ||
	    curl_loop_new(base, curl, 2, on_ended, upstream, &upstream->loop, err) < 0) {
		upstream_free(upstream);
		return hgt_error_nomem(err);
	}
	*out = upstream;
	return 0;
}

void upstream_free(struct upstream *upstream)
{
	if (!upstream)
		return;
	while (upstream->calls)
		upstream_cancel(upstream->calls);
	curl_loop_free(upstream->loop);
	free(upstream->server);
	free(upstream->token_file);
	free(upstream->ca_file);
	free(upstream);
}
