/* The admin socket's HTTP API, over libcurl. */
#include "cli/remote/client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>

#include "headgate/protocol.h"

enum {
	ANSWER_MAX = 256 * 1024 * 1024,	/* bytes of one answer */
	CONNECT_MS = 5000,
	ANSWER_SECONDS = 60,
	SILENCE_SECONDS = 45,	/* three bookmarks of a stream have not come */
};

struct client {
	CURL *curl;
	char *socket;
	const volatile sig_atomic_t *stop;	/* of calls; or NULL */
};

/* One request under way. */
struct transfer {
	struct hgt_buf *text;	/* of the answer; of an error's answer when it is a stream */
	struct hgt_sse_reader *reader;	/* NULL for a plain request */
	hgt_sse_cb cb;
	void *ctx;
	CURL *curl;
	const volatile sig_atomic_t *stop;
	int code;	/* why we broke it off */
	struct hgt_error *err;
};

int client_open(const char *socket_path, struct client **out, struct hgt_error *err)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return hgt_error_nomem(err);
	client->socket = strdup(socket_path);
	client->curl = client->socket ? curl_easy_init() : NULL;
	if (!client->curl) {
		client_close(client);
		return hgt_error_nomem(err);
	}
	*out = client;
	return 0;
}

void client_heed(struct client *client, const volatile sig_atomic_t *stop)
{
	client->stop = stop;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	free(client->socket);
	free(client);
}

void client_answer_init(struct client_answer *answer)
{
	hgt_buf_init(&answer->text);
	hgt_doc_set_init(&answer->set);
	answer->root = NULL;
}

void client_answer_release(struct client_answer *answer)
{
	hgt_buf_release(&answer->text);
	hgt_doc_set_release(&answer->set);
	answer->root = NULL;
}

static size_t take_bytes(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (t->reader && status == 200) {
		t->code = hgt_sse_reader_feed(t->reader, bytes, len, t->cb, t->ctx, t->err);
	} else if (len > ANSWER_MAX - t->text->len) {
		t->code = hgt_error_set(t->err, HGT_ELIMIT, "the daemon's answer is longer than %d bytes",
			ANSWER_MAX);
	} else {
		hgt_buf_add(t->text, bytes, len);
		t->code = hgt_buf_check(t->text, t->err);
	}
	return t->code < 0 ? 0 : len;
}

/* curl asks about once a second, and after each signal, whether to go on. */
static int look_at_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct transfer *t = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return *t->stop != 0;
}

static void look_for_stop(const struct client *client, struct transfer *t)
{
	curl_easy_setopt(client->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(client->curl, CURLOPT_XFERINFOFUNCTION, look_at_stop);
	curl_easy_setopt(client->curl, CURLOPT_XFERINFODATA, t);
}

static int unavailable(const struct client *client, CURLcode result, struct hgt_error *err)
{
	char reason[128];
	long os = 0;

	curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &os);
	snprintf(reason, sizeof(reason), "%s",
		result == CURLE_COULDNT_CONNECT && os ? strerror((int)os) : curl_easy_strerror(result));
	reason[0] = (char)tolower((unsigned char)reason[0]);
	return hgt_error_set(err, HGT_EUNAVAILABLE, "the daemon does not answer on %s: %s; %s", client->socket,
		reason, os == EACCES ? "only its own user and root may ask it" : "is headgated running?");
}

/* {"error":..,"message":..} of a status from 400 up, as an error. */
static int refused(long status, const struct hgt_buf *text, struct hgt_error *err)
{
	int code = status == 404 ? HGT_ENOENT : status == 409 ? HGT_ECONFLICT :
		status == 503 ? HGT_EUNAVAILABLE : HGT_EINVAL;
	struct hgt_doc_set set;
	const char *message = NULL;

	hgt_doc_set_init(&set);
	if (text->len && hgt_json_parse_message(text->data, text->len, &set, NULL) == 0)
		message = hgt_node_get_string(set.docs[0].root, "message");
	if (message)
		code = hgt_error_set(err, code, "%s", message);
	else
		code = hgt_error_set(err, code, "the daemon answered with status %ld", status);
	hgt_doc_set_release(&set);
	return code;
}

static int perform(struct client *client, const char *path, struct transfer *t, struct hgt_error *err)
{
	struct hgt_buf url = HGT_BUF_INIT;
	long status = 0;
	CURLcode result;
	int code;

	hgt_buf_addf(&url, "http://headgate%s", path);
	code = hgt_buf_check(&url, err);
	if (code < 0)
		goto out;
	t->curl = client->curl;
	t->err = err;
	curl_easy_setopt(client->curl, CURLOPT_URL, url.data);
	curl_easy_setopt(client->curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	curl_easy_setopt(client->curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(client->curl, CURLOPT_USERAGENT, "headgate/" HGT_VERSION);
	curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, t);
	result = curl_easy_perform(client->curl);
	if (t->code < 0) {
		code = t->code;
		goto out;
	}
	if (result == CURLE_ABORTED_BY_CALLBACK)
		goto out;
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (result != CURLE_OK)
		code = unavailable(client, result, err);
	else if (status >= 300)
		code = refused(status, t->text, err);
out:
	hgt_buf_release(&url);
	return code;
}

int client_call(struct client *client, const char *method, const char *path, const char *body,
	struct client_answer *answer, struct hgt_error *err)
{
	struct transfer t = {.text = &answer->text, .stop = client->stop};
	struct curl_slist *headers = NULL;
	int code;

	hgt_buf_reset(&answer->text);
	hgt_doc_set_release(&answer->set);
	answer->root = NULL;
	curl_easy_reset(client->curl);
	curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, (long)ANSWER_SECONDS);
	curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
	if (client->stop)
		look_for_stop(client, &t);
	if (body) {
		headers = curl_slist_append(NULL, "Content-Type: application/json");
		if (!headers)
			return hgt_error_nomem(err);
		curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
	}
	code = perform(client, path, &t, err);
	curl_slist_free_all(headers);
	if (code < 0 || !answer->text.len || (client->stop && *client->stop))
		return code;
	code = hgt_json_parse_message(answer->text.data, answer->text.len, &answer->set, err);
	if (code < 0) {
		hgt_error_prefix(err, "the daemon's answer cannot be read");
		return code;
	}
	answer->root = answer->set.docs[0].root;
	return 0;
}

int client_stream(struct client *client, const char *path, struct hgt_sse_reader *reader, hgt_sse_cb cb, void *ctx,
	const volatile sig_atomic_t *stop, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct transfer t = {.text = &text, .reader = reader, .cb = cb, .ctx = ctx, .stop = stop};
	struct curl_slist *headers = curl_slist_append(NULL, "Accept: text/event-stream");
	int code;

	if (!headers)
		return hgt_error_nomem(err);
	curl_easy_reset(client->curl);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_SECONDS);
	look_for_stop(client, &t);
	hgt_sse_reader_restart(reader);
	code = perform(client, path, &t, err);
	if (code == 0 && !*stop)
		code = hgt_error_set(err, HGT_EUNAVAILABLE, "the daemon ended the stream");
	curl_slist_free_all(headers);
	hgt_buf_release(&text);
	return code;
}
