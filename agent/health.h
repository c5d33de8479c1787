/*
 * What of the agent can be asked on its host: an HTTP port on loopback, where the config names one. Nothing is taken there but
 *
 *	GET /healthz	200 "ok": the loop runs
 *	GET /readyz	200 "ok" when the line to the server is open and it has told where every ref is; else 503 and which
 *	GET /metrics	the targets' states and the line, as Prometheus reads them
 */
#ifndef HEADGATE_AGENT_HEALTH_H
#define HEADGATE_AGENT_HEALTH_H

#include "base/error.h"

struct health;
struct runner;

/* On 127.0.0.1:port. HGT_EIO and others when the port cannot be had. */
int health_new(struct runner *runner, unsigned port, struct health **out, struct hgt_error *err) HGT_MUST_CHECK;

/* NULL is fine. */
void health_free(struct health *health);

#endif
