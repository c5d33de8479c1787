/* One HTTP request at a time to one receiver, over libcurl on the loop. */
#include "daemon/webhook_send.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/timing.h"
#include "daemon/curl_loop.h"

struct webhook_sender {
	const struct webhook_curl *curl;
	struct hgt_range *allow;		/* what the config says, kept: a reload may take that away */
	size_t n_allow;
	bool allow_private;
	char *ca_file;
	uint32_t timeout;		/* seconds */
	struct curl_loop *loop;
	CURL *easy;			/* while a request runs */
	struct curl_slist *headers;
	struct hgt_webhook_message message;
	struct webhook_result result;
	size_t answered;		/* bytes of the answer so far */
	bool refused;			/* an address was refused: result.error tells */
	int64_t began_ms;
	char why[CURL_ERROR_SIZE];
	webhook_sent_cb sent;
	void *ctx;
};

static void end_request(struct webhook_sender *s)
{
	if (s->easy) {
		curl_loop_remove(s->loop, s->easy);
		s->curl->easy_cleanup(s->easy);
		s->easy = NULL;
	}
	s->curl->slist_free_all(s->headers);
	s->headers = NULL;
	hgt_webhook_message_release(&s->message);
}

/* libcurl's word on how it ended, as one for people. */
static void explain(struct webhook_sender *s, CURLcode code)
{
	if (code == CURLE_OK || s->result.error.len)
		return;
	if (code == CURLE_OPERATION_TIMEDOUT)
		hgt_buf_addf(&s->result.error, "no answer within %u s", s->timeout);
	else
		hgt_buf_adds(&s->result.error, s->why[0] ? s->why : s->curl->easy_strerror(code));
}

/* The callback may free the sender. */
static void finish(void *arg, CURL *easy, CURLcode code)
{
	struct webhook_sender *s = arg;
	struct webhook_result result;
	curl_off_t retry = 0;
	long status = 0;

	(void)easy;
	s->curl->easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	s->curl->easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &retry);
	/* An answer that was only too long is one. */
	if (code == CURLE_WRITE_ERROR && s->answered > WEBHOOK_ANSWER_READ_MAX)
		code = CURLE_OK;
	if (!s->refused || code == CURLE_OK)
		hgt_buf_reset(&s->result.error);
	explain(s, code);
	s->result.status = code == CURLE_OK ? (int)status : 0;
	s->result.retry_after_ms = retry > 0 && retry < INT32_MAX ? retry * 1000 : 0;
	s->result.took_ms = hgt_time_mono_ms() - s->began_ms;
	end_request(s);
	result = s->result;
	s->result = (struct webhook_result){.answer = HGT_BUF_INIT, .error = HGT_BUF_INIT};
	s->sent(s->ctx, &result);
	hgt_buf_release(&result.answer);
	hgt_buf_release(&result.error);
}

static void refuse_address(struct webhook_sender *s, const struct sockaddr *address, const char *what)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text, sizeof(text));
	else if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text, sizeof(text));
	s->refused = true;
	hgt_buf_reset(&s->result.error);
	hgt_buf_addf(&s->result.error,
		"%s is a %s address, and this webhook may not connect to it; allow_private or allow in the config lets it",
		text, what);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct webhook_sender *s = arg;
	enum hgt_address_kind kind;
	const char *what;

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	kind = hgt_address_kind(&address->addr, &what);
	if (kind != HGT_ADDRESS_PUBLIC && !(kind == HGT_ADDRESS_PRIVATE && s->allow_private) &&
	    !hgt_address_is_in(&address->addr, s->allow, s->n_allow)) {
		refuse_address(s, &address->addr, what);
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
}

static size_t take_answer(char *data, size_t size, size_t n, void *arg)
{
	struct webhook_sender *s = arg;
	size_t len = size * n, room = WEBHOOK_ANSWER_MAX - s->result.answer.len;

	hgt_buf_add(&s->result.answer, data, len < room ? len : room);
	s->answered += len;
	return s->answered > WEBHOOK_ANSWER_READ_MAX ? 0 : len;
}

int webhook_sender_new(struct event_base *base, const struct webhook_curl *curl, const struct hgt_config_webhook *config,
	struct webhook_sender **out, struct hgt_error *err)
{
	struct webhook_sender *s = calloc(1, sizeof(*s));

	if (!s)
		return hgt_error_nomem(err);
	s->curl = curl;
	s->allow_private = config->allow_private;
	s->timeout = config->timeout;
	s->n_allow = config->allow.n;
	s->allow = calloc(config->allow.n + 1, sizeof(*s->allow));
	s->ca_file = config->ca_file ? strdup(config->ca_file) : NULL;
	if (s->allow && config->allow.n)
		memcpy(s->allow, config->allow.items, config->allow.n * sizeof(*s->allow));
	s->message = (struct hgt_webhook_message)HGT_WEBHOOK_MESSAGE_INIT;
	s->result = (struct webhook_result){.answer = HGT_BUF_INIT, .error = HGT_BUF_INIT};
	/* A connection is kept for the next request to the same receiver, by this sender alone: another might not be allowed there. */
	if (!s->allow || (config->ca_file && !s->ca_file) || curl_loop_new(base, curl, 1, finish, s, &s->loop, err) < 0) {
		webhook_sender_free(s);
		return hgt_error_nomem(err);
	}
	*out = s;
	return 0;
}

void webhook_sender_free(struct webhook_sender *s)
{
	if (!s)
		return;
	if (s->loop)
		end_request(s);
	curl_loop_free(s->loop);
	hgt_buf_release(&s->result.answer);
	hgt_buf_release(&s->result.error);
	free(s->allow);
	free(s->ca_file);
	free(s);
}

static int add_header(struct webhook_sender *s, const char *line, struct hgt_error *err)
{
	struct curl_slist *longer = s->curl->slist_append(s->headers, line);

	if (!longer)
		return hgt_error_nomem(err);
	s->headers = longer;
	return 0;
}

static int add_headers(struct webhook_sender *s, struct hgt_error *err)
{
	/* libcurl would wait a second for a receiver's word before it sends a large body. */
	int code = add_header(s, "Expect:", err);

	for (char *line = s->message.headers.data, *end; code == 0 && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		code = add_header(s, line, err);
	}
	return code;
}

static bool set_options(struct webhook_sender *s)
{
	CURLcode (*set)(CURL *, CURLoption, ...) = s->curl->easy_setopt;
	CURL *easy = s->easy;
	bool good;

	good = set(easy, CURLOPT_URL, s->message.url.data) == CURLE_OK &&
		set(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		set(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		set(easy, CURLOPT_PROXY, "") == CURLE_OK &&
		set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
		set(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
		set(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
		set(easy, CURLOPT_TIMEOUT_MS, (long)s->timeout * 1000L) == CURLE_OK &&
		set(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)s->timeout * 1000L) == CURLE_OK &&
		/* A name that is still being looked up when the time is over is not waited for. */
		set(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
		set(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		set(easy, CURLOPT_HTTPHEADER, s->headers) == CURLE_OK &&
		set(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
		set(easy, CURLOPT_OPENSOCKETDATA, s) == CURLE_OK &&
		set(easy, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
		set(easy, CURLOPT_WRITEDATA, s) == CURLE_OK &&
		set(easy, CURLOPT_ERRORBUFFER, s->why) == CURLE_OK;
	if (good && s->ca_file)
		good = set(easy, CURLOPT_CAINFO, s->ca_file) == CURLE_OK && set(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
	if (good && !s->message.get)
		good = set(easy, CURLOPT_POSTFIELDS, s->message.body.data) == CURLE_OK &&
			set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->message.body.len) == CURLE_OK;
	return good;
}

int webhook_send(struct webhook_sender *s, struct hgt_webhook_message *message, webhook_sent_cb sent, void *ctx,
	struct hgt_error *err)
{
	int code = 0;

	end_request(s);
	s->message = *message;
	*message = (struct hgt_webhook_message)HGT_WEBHOOK_MESSAGE_INIT;
	hgt_buf_reset(&s->result.answer);
	hgt_buf_reset(&s->result.error);
	s->answered = 0;
	s->refused = false;
	s->why[0] = '\0';
	s->sent = sent;
	s->ctx = ctx;
	s->began_ms = hgt_time_mono_ms();
	s->easy = s->curl->easy_init();
	if (!s->easy)
		code = hgt_error_nomem(err);
	if (code == 0)
		code = add_headers(s, err);
	if (code == 0 && !set_options(s))
		code = hgt_error_set(err, HGT_EUNSUPPORTED, "this libcurl lacks what webhooks need");
	if (code == 0 && curl_loop_add(s->loop, s->easy, err) < 0) {
		code = HGT_ENOMEM;
		s->curl->easy_cleanup(s->easy);
		s->easy = NULL;
	}
	if (code < 0)
		end_request(s);
	return code;
}
