/*
 * One HTTP request on its way to its answer.
 *
 * http.c makes it, routes.c finds who asks and gives it to its endpoint, which owns it from then on and answers once with one
 * of the request_reply functions, now or from a later callback. The answer frees it. A client may go away before: then `gone`
 * is called when it is set, and an answer only frees.
 */
#ifndef HEADGATE_DAEMON_REQUEST_H
#define HEADGATE_DAEMON_REQUEST_H

#include "daemon/daemon.h"
#include "daemon/query.h"
#include "daemon/roles.h"

struct agent;
struct connection;
struct evbuffer;
struct evhttp_request;
struct client_load;
struct hgt_doc_set;
struct peer;
struct scope;
struct tls_module;
struct token;

/* Room for an address as text, IPv6 with a scope included. */
#define REQUEST_REMOTE_MAX 64
#define REQUEST_WHO_MAX 80

struct request {
	struct daemon *daemon;
	struct evhttp_request *ev;	/* NULL when the client has gone */
	struct connection *connection;	/* http.c's; NULL when the client has gone */
	enum role role;			/* who asks; ROLE_NONE where anyone may */
	struct agent *agent;		/* a reference, of an agent that asks; else NULL */
	struct token *token;		/* the same of a token with a role; NULL through the admin socket */
	const struct scope *scope;	/* the agent's or token's; NULL: sees everything */
	struct client_load *load;	/* the agent's or token's, in which it counts; or NULL */
	struct peer *peer;		/* of its address, while it is being dispatched; NULL through the admin socket */
	const struct tls_module *tls;	/* of the door that it came by; NULL: plain HTTP */
	struct query query;
	char *name;			/* of /v1/agents/NAME and the like, decoded; or NULL */
	char remote[REQUEST_REMOTE_MAX];	/* the client's address, "" for a unix socket */
	unsigned route;			/* routes_describe's number; 0 when there is none */
	bool may_scrape;		/* it came where /metrics is for anyone */
	void (*gone)(void *ctx);	/* the owner's, told once; it frees the request with request_free */
	void *gone_ctx;
};

/* Add a header to the answer; a value that cannot be one is left out. */
void request_header(struct request *request, const char *key, const char *value);

/* A header of the request, or NULL. */
const char *request_get_header(const struct request *request, const char *key);

/* The body, contiguous; *len may be 0. Lives as long as the request. */
const char *request_body(const struct request *request, size_t *len);

/* Answers. body is left to the caller; a failed one becomes 503. JSON is compressed for those who take it (gzip.h). */
void request_reply_json(struct request *request, int status, const struct hgt_buf *body);
void request_reply_text(struct request *request, int status, const char *text);
void request_reply_bytes(struct request *request, int status, const char *type, const char *data, size_t len);
void request_reply_empty(struct request *request, int status);
void request_reply_buffer(struct request *request, int status, struct evbuffer *body);

/* {"error":name,"message":...}; the name NULL: the one that goes with the status. */
void request_reply_error(struct request *request, int status, const char *name, const char *fmt, ...) HGT_PRINTF(4, 5);

/* 429: one too many; `seconds` says when to come again. Journaled. */
void request_reply_too_many(struct request *request, const char *name, unsigned seconds, const char *fmt, ...) HGT_PRINTF(4, 5);

/* The same for a failure of ours or a finding about the input, by its code. */
void request_reply_failure(struct request *request, const struct hgt_error *err);
void request_reply_failure_as(struct request *request, const char *name, const struct hgt_error *err);

/* The reason phrase of a status, and the name of the error that goes with it (NULL for none). */
const char *request_reason(int status);
const char *request_error_name(int status);

/* For the owner of a request whose client has gone; otherwise an answer frees. */
void request_free(struct request *request);

/* "agent web1", "token ci", "the admin socket": who asks, for messages. */
const char *request_who(const struct request *request, char out[REQUEST_WHO_MAX]);

/* 403, journaled: what is asked for lies outside of what who asks may see or do. */
void request_refuse(struct request *request, const char *fmt, ...) HGT_PRINTF(2, 3);

/* http.c's: what it wants to know when a request is answered or freed. */
void connection_answered(struct connection *connection, struct request *request);

#endif
