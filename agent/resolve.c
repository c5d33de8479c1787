/* The addresses of a host by name. */
#include "agent/resolve.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/workers.h"

#define ADDRESSES_MAX 8

struct resolver {
	struct hgt_workers *workers;
	struct event *answered;
	char *host;
	void (*done)(void *ctx, int code, const struct hgt_error *err);
	void *ctx;
	bool asking, closing;
	/* The worker's while it is asking, the loop's else. */
	char addresses[ADDRESSES_MAX][INET6_ADDRSTRLEN];
	size_t n, at;
	int code;
	struct hgt_error err;
};

/* On the worker. */
static void ask(void *job)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct resolver *r = job;
	struct addrinfo *found = NULL;
	int failure = getaddrinfo(r->host, NULL, &hints, &found);

	r->n = r->at = 0;
	for (const struct addrinfo *each = found; !failure && each && r->n < ADDRESSES_MAX; each = each->ai_next)
		if (getnameinfo(each->ai_addr, each->ai_addrlen, r->addresses[r->n], sizeof(r->addresses[0]), NULL, 0, NI_NUMERICHOST) == 0)
			r->n++;
	if (found)
		freeaddrinfo(found);
	r->code = r->n ? 0 : hgt_error_set(&r->err, HGT_EUNAVAILABLE, "cannot find the address of %s%s%s", r->host, failure ? ": " : "",
		failure ? gai_strerror(failure) : "");
}

static void asked(void *job)
{
	struct resolver *r = job;

	r->asking = false;
	if (!r->closing)
		r->done(r->ctx, r->code, &r->err);
}

static void on_answer(evutil_socket_t fd, short what, void *workers)
{
	(void)fd;
	(void)what;
	hgt_workers_dispatch(workers);
}

int resolver_new(struct event_base *base, const char *host, void (*done)(void *ctx, int code, const struct hgt_error *err),
	void *ctx, struct resolver **out, struct hgt_error *err)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return hgt_error_nomem(err);
	r->done = done;
	r->ctx = ctx;
	r->host = strdup(host);
	code = r->host ? hgt_workers_new(1, &r->workers, err) : hgt_error_nomem(err);
	if (code == 0) {
		r->answered = event_new(base, hgt_workers_fd(r->workers), EV_READ | EV_PERSIST, on_answer, r->workers);
		if (!r->answered || event_add(r->answered, NULL) < 0)
			code = hgt_error_nomem(err);
	}
	if (code < 0) {
		resolver_free(r);
		return code;
	}
	*out = r;
	return 0;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	r->closing = true;
	if (r->answered)
		event_free(r->answered);
	hgt_workers_free(r->workers);
	free(r->host);
	free(r);
}

const char *resolver_address(const struct resolver *r)
{
	return !r->asking && r->at < r->n ? r->addresses[r->at] : NULL;
}

void resolver_next(struct resolver *r)
{
	if (!r->asking && r->at < r->n)
		r->at++;
}

int resolver_ask(struct resolver *r, struct hgt_error *err)
{
	int code = r->asking ? 0 : hgt_workers_submit(r->workers, ask, asked, r, err);

	r->asking |= code == 0;
	return code;
}
