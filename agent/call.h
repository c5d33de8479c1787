/*
 * Requests to the daemon: HTTP/1.1 with the agent's token, or over TLS its certificate, a connection each, everything bounded.
 *
 *	caller_new(base, config, &caller, &err);
 *	caller_read_token(caller, path, &err);
 *	call_start(caller, &spec, &call, &err);
 *	...the loop runs: spec.head once, spec.data as it comes, spec.done at the end, after which the call is gone
 *	caller_free(caller);
 */
#ifndef HEADGATE_AGENT_CALL_H
#define HEADGATE_AGENT_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct event_base;
struct caller;
struct call;
struct hgt_agent_config;

/* To the config's server. HGT_EPERM for a server of http off loopback, HGT_EINVAL for what is no URL or a certificate that
 * cannot be used, HGT_EUNSUPPORTED when TLS cannot be had. */
int caller_new(struct event_base *base, const struct hgt_agent_config *config, struct caller **out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* Ends the calls that are left, without a word. */
void caller_free(struct caller *caller);

/* Read the token (again: it may have been replaced). On an error the one that was there stays. Where the agent shows a
 * certificate, a file that is not there is no error: the certificate alone counts. */
int caller_read_token(struct caller *caller, const char *file, struct hgt_error *err) HGT_MUST_CHECK;

struct call_spec {
	const char *method;		/* "GET", "PUT", "POST" */
	const char *path;		/* with its query, escaped */
	const char *body;		/* JSON, or NULL; copied */
	size_t body_len;
	const char *accept;		/* or NULL */
	const char *header, *value;	/* one more, or NULL */
	int silence;			/* seconds without a byte after which the call has failed */
	uint64_t limit;			/* bytes of the answer */

	/* The head of an answer of status 200 or 304 is there; negative, with err set, ends the call. May be NULL. */
	int (*head)(void *ctx, struct call *call, struct hgt_error *err);

	/* Some of the body of an answer of status 200; NULL: nobody wants it. Negative ends the call. */
	int (*data)(void *ctx, const char *data, size_t len, struct hgt_error *err);

	/* The end. code 0: the whole answer has come and its status is 200 or 304; else err tells. Not called after call_cancel. */
	void (*done)(void *ctx, struct call *call, int code, const struct hgt_error *err);
	void *ctx;
};

int call_start(struct caller *caller, const struct call_spec *spec, struct call **out, struct hgt_error *err) HGT_MUST_CHECK;

/* End it without a word; NULL is fine. May be called from its own callbacks but `done`. */
void call_cancel(struct call *call);

/* Of the answer; 0 before there is one. */
int call_status(const struct call *call);

/* A header of the answer, or NULL; only within `head`. */
const char *call_header(const struct call *call, const char *name);

/* The code in the body of an answer of status 400 and above ("path-not-found"), "" when it has none; only within `done`. */
const char *call_problem(const struct call *call);

#endif
