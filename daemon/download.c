/* One small file fetched over HTTP, when it is another than last time. */
#include "daemon/download.h"

#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/escape.h"
#include "daemon/curl_loop.h"

enum { VALIDATOR_MAX = 256 /* of an ETag or a Last-Modified that is kept */ };

struct download {
	const struct webhook_curl *curl;
	struct curl_loop *loop;
	CURL *easy;
	struct curl_slist *headers;
	struct download_result result;
	size_t limit;
	uint32_t timeout;
	bool too_large;
	char why[CURL_ERROR_SIZE];
	download_ended_cb ended;
	void *ctx;
};

void download_version_release(struct download_version *version)
{
	hgt_buf_release(&version->etag);
	hgt_buf_release(&version->modified);
}

static void result_release(struct download_result *result)
{
	hgt_buf_release(&result->body);
	download_version_release(&result->version);
}

static void judge(struct download *d, CURLcode code)
{
	struct download_result *result = &d->result;
	struct hgt_buf why = HGT_BUF_INIT;
	long status = 0;

	d->curl->easy_getinfo(d->easy, CURLINFO_RESPONSE_CODE, &status);
	if (d->too_large) {
		result->code = hgt_error_set(&result->err, HGT_ELIMIT, "it has more than %zu bytes (limits.manifest)", d->limit);
	} else if (code == CURLE_OPERATION_TIMEDOUT) {
		result->code = hgt_error_set(&result->err, HGT_ETIMEOUT, "no whole answer within %" PRIu32 " s", d->timeout);
	} else if (code != CURLE_OK) {
		hgt_escape_str(&why, d->why[0] ? d->why : d->curl->easy_strerror(code));
		result->code = hgt_error_set(&result->err, HGT_EUNAVAILABLE, "%s", why.data);
	} else if (status == 304) {
		result->unchanged = true;
	} else if (status != 200) {
		result->code = hgt_error_set(&result->err, status == 404 ? HGT_ENOENT : HGT_EUNAVAILABLE,
			"the server answers with status %ld", status);
	} else {
		result->code = hgt_buf_check(&result->body, &result->err);
	}
	if (result->code < 0 || result->unchanged)
		hgt_buf_reset(&result->body);
	hgt_buf_release(&why);
}

static void finish(void *ctx, CURL *easy, CURLcode code)
{
	struct download *d = ctx;
	struct download_result result;

	(void)easy;
	judge(d, code);
	result = d->result;
	d->result = (struct download_result){.body = HGT_BUF_INIT, .version = DOWNLOAD_VERSION_INIT};
	d->ended(d->ctx, &result);
	result_release(&result);
}

static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
	struct download *d = arg;
	size_t len = size * n;

	d->too_large = len > d->limit - d->result.body.len;
	if (!d->too_large)
		hgt_buf_add(&d->result.body, data, len);
	return d->too_large || d->result.body.failed ? 0 : len;
}

/* "Name: value\r\n": the value, without white space around it. */
static void take_header(const char *line, size_t len, const char *name, struct hgt_buf *out)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0)
		return;
	for (line += n, len -= n; len && strchr(" \t", *line); line++)
		len--;
	while (len && strchr(" \t\r\n", line[len - 1]))
		len--;
	hgt_buf_reset(out);
	if (len <= VALIDATOR_MAX && !memchr(line, '\0', len))
		hgt_buf_add(out, line, len);
}

static size_t take_headers(char *data, size_t size, size_t n, void *arg)
{
	struct download *d = arg;

	take_header(data, size * n, "ETag:", &d->result.version.etag);
	take_header(data, size * n, "Last-Modified:", &d->result.version.modified);
	return size * n;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)arg;
	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
}

static int add_header(struct download *d, const char *name, const struct hgt_buf *value, struct hgt_error *err)
{
	struct hgt_buf line = HGT_BUF_INIT;
	struct curl_slist *longer = NULL;

	if (!value->len)
		return 0;
	hgt_buf_addf(&line, "%s: %s", name, value->data);
	if (!line.failed)
		longer = d->curl->slist_append(d->headers, line.data);
	hgt_buf_release(&line);
	if (!longer)
		return hgt_error_nomem(err);
	d->headers = longer;
	return 0;
}

static bool set_options(struct download *d, const char *url)
{
	CURLcode (*set)(CURL *, CURLoption, ...) = d->curl->easy_setopt;
	CURL *easy = d->easy;

	return set(easy, CURLOPT_URL, url) == CURLE_OK &&
		set(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		set(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		set(easy, CURLOPT_PROXY, "") == CURLE_OK &&
		set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
		set(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
		set(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
		set(easy, CURLOPT_USERAGENT, "headgate/" HGT_VERSION) == CURLE_OK &&
		set(easy, CURLOPT_TIMEOUT_MS, (long)d->timeout * 1000L) == CURLE_OK &&
		set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)d->timeout * 1000L) == CURLE_OK &&
		/* A name that is still being looked up when the time is over is not waited for. */
		set(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
		set(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		set(easy, CURLOPT_HTTPHEADER, d->headers) == CURLE_OK &&
		set(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
		set(easy, CURLOPT_OPENSOCKETDATA, d) == CURLE_OK &&
		set(easy, CURLOPT_HEADERFUNCTION, take_headers) == CURLE_OK &&
		set(easy, CURLOPT_HEADERDATA, d) == CURLE_OK &&
		set(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
		set(easy, CURLOPT_WRITEDATA, d) == CURLE_OK &&
		set(easy, CURLOPT_ERRORBUFFER, d->why) == CURLE_OK;
}

int download_begin(struct event_base *base, const struct webhook_curl *curl, const char *url, const struct download_version *version,
	size_t limit, uint32_t timeout, download_ended_cb ended, void *ctx, struct download **out, struct hgt_error *err)
{
	struct download *d = calloc(1, sizeof(*d));
	int code;

	if (!d)
		return hgt_error_nomem(err);
	d->curl = curl;
	d->limit = limit;
	d->timeout = timeout;
	d->ended = ended;
	d->ctx = ctx;
	d->result = (struct download_result){.body = HGT_BUF_INIT, .version = DOWNLOAD_VERSION_INIT};
	code = curl_loop_new(base, curl, 1, finish, d, &d->loop, err);
	if (code == 0)
		code = add_header(d, "If-None-Match", &version->etag, err);
	if (code == 0)
		code = add_header(d, "If-Modified-Since", &version->modified, err);
	if (code == 0 && !(d->easy = curl->easy_init()))
		code = hgt_error_nomem(err);
	if (code == 0 && !set_options(d, url))
		code = hgt_error_set(err, HGT_EUNSUPPORTED, "this libcurl lacks what fetching a file needs");
	if (code == 0 && (code = curl_loop_add(d->loop, d->easy, err)) < 0) {
		curl->easy_cleanup(d->easy);
		d->easy = NULL;
	}
	if (code < 0) {
		download_free(d);
		return code;
	}
	*out = d;
	return 0;
}

void download_free(struct download *d)
{
	if (!d)
		return;
	if (d->easy) {
		if (d->loop)
			curl_loop_remove(d->loop, d->easy);
		d->curl->easy_cleanup(d->easy);
	}
	curl_loop_free(d->loop);
	d->curl->slist_free_all(d->headers);
	result_release(&d->result);
	free(d);
}
