/* libcurl's multi interface on the loop. */
#include "daemon/curl_loop.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

/* A socket of libcurl's that is watched. */
struct watch {
	struct event *event;
};

struct curl_loop {
	struct event_base *base;
	const struct webhook_curl *curl;
	CURLM *multi;
	struct event *timer;
	curl_loop_cb ended;
	void *ctx;
};

static void watch_free(struct watch *watch)
{
	if (watch->event)
		event_free(watch->event);
	free(watch);
}

/* Let libcurl act, then tell of one that has ended: the callback may free the loop. More are told at the next turn. */
static void act(struct curl_loop *loop, curl_socket_t fd, int what)
{
	static const struct timeval now = {0};
	CURLMsg *message;
	int n;

	loop->curl->multi_socket_action(loop->multi, fd, what, &n);
	while ((message = loop->curl->multi_info_read(loop->multi, &n))) {
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		if (n > 0)
			evtimer_add(loop->timer, &now);
		loop->ended(loop->ctx, easy, code);
		return;
	}
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	act(arg, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct curl_loop *loop = arg;
	struct watch *watch = socket_arg;
	short events = EV_PERSIST;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch) {
			loop->curl->multi_assign(loop->multi, fd, NULL);
			watch_free(watch);
		}
		return 0;
	}
	if (!watch) {
		watch = calloc(1, sizeof(*watch));
		if (!watch)
			return -1;
		loop->curl->multi_assign(loop->multi, fd, watch);
	}
	if (watch->event)
		event_free(watch->event);
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	watch->event = event_new(loop->base, fd, events, on_socket, loop);
	return watch->event && event_add(watch->event, NULL) == 0 ? 0 : -1;
}

static int plan_timer(CURLM *multi, long ms, void *arg)
{
	struct curl_loop *loop = arg;
	const struct timeval in = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		evtimer_del(loop->timer);
	else
		evtimer_add(loop->timer, &in);
	return 0;
}

int curl_loop_new(struct event_base *base, const struct webhook_curl *curl, long connections, curl_loop_cb ended, void *ctx,
	struct curl_loop **out, struct hgt_error *err)
{
	struct curl_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return hgt_error_nomem(err);
	loop->base = base;
	loop->curl = curl;
	loop->ended = ended;
	loop->ctx = ctx;
	loop->multi = curl->multi_init();
	loop->timer = evtimer_new(base, on_timer, loop);
	if (!loop->multi || !loop->timer || curl->multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
	    curl->multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop) != CURLM_OK ||
	    curl->multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, plan_timer) != CURLM_OK ||
	    curl->multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop) != CURLM_OK ||
	    curl->multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, connections) != CURLM_OK) {
		curl_loop_free(loop);
		return hgt_error_nomem(err);
	}
	*out = loop;
	return 0;
}

void curl_loop_free(struct curl_loop *loop)
{
	if (!loop)
		return;
	if (loop->multi)
		loop->curl->multi_cleanup(loop->multi);
	if (loop->timer)
		event_free(loop->timer);
	free(loop);
}

int curl_loop_add(struct curl_loop *loop, CURL *easy, struct hgt_error *err)
{
	return loop->curl->multi_add_handle(loop->multi, easy) == CURLM_OK ? 0 : hgt_error_nomem(err);
}

void curl_loop_remove(struct curl_loop *loop, CURL *easy)
{
	loop->curl->multi_remove_handle(loop->multi, easy);
}
