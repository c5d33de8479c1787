/*
 * The addresses of a host by name: asked for on a thread of its own, because a resolver blocks. They are kept until none of them
 * answers.
 */
#ifndef HEADGATE_AGENT_RESOLVE_H
#define HEADGATE_AGENT_RESOLVE_H

#include "base/error.h"

struct event_base;
struct resolver;

/* done is called on the loop for each question: 0, and there is an address; else err tells. */
int resolver_new(struct event_base *base, const char *host, void (*done)(void *ctx, int code, const struct hgt_error *err),
	void *ctx, struct resolver **out, struct hgt_error *err) HGT_MUST_CHECK;

/* Waits for the question that is under way. NULL is fine. */
void resolver_free(struct resolver *resolver);

/* The address to try, as text; NULL when it has to be asked for. */
const char *resolver_address(const struct resolver *resolver);

/* It does not answer: the next one, if there is any. */
void resolver_next(struct resolver *resolver);

/* Ask, unless that is under way. */
int resolver_ask(struct resolver *resolver, struct hgt_error *err) HGT_MUST_CHECK;

#endif
