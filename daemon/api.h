/* The endpoints of the HTTP API: each takes the request and answers it. Who may ask has been settled in routes.c. */
#ifndef HEADGATE_DAEMON_API_H
#define HEADGATE_DAEMON_API_H

#include "daemon/request.h"

void api_health(struct request *request);
void api_ready(struct request *request);
void api_status(struct request *request);
void api_metrics(struct request *request);

void api_events(struct request *request);
void api_agent_events(struct request *request);

void api_rollout(struct request *request);

struct agent_view;
/* What of agents is shown, by the request's parameters and scope; false when it has been answered. */
bool api_agent_view(struct request *request, struct agent_view *out);
void api_agents(struct request *request);
void api_agent(struct request *request);
void api_agent_add(struct request *request);
void api_agent_remove(struct request *request);
void api_agent_rotate(struct request *request);
void api_agent_announce(struct request *request);
void api_agent_report(struct request *request);

void api_command(struct request *request);
void api_command_acknowledge(struct request *request);

void api_tokens(struct request *request);
void api_token_add(struct request *request);
void api_token_remove(struct request *request);
void api_token_rotate(struct request *request);

void api_archive(struct request *request);
void api_proof(struct request *request);

void api_webhooks(struct request *request);
void api_webhook_deliveries(struct request *request);
void api_webhook_replay(struct request *request);
void api_webhook_test(struct request *request);

void api_upstreams(struct request *request);
void api_upstream_word(struct request *request);
void api_mirror_promote(struct request *request);
void api_mirrors(struct request *request);
void api_mirror_refs(struct request *request);
void api_mirror_act(struct request *request);

void api_inbound(struct request *request);

void api_dashboard(struct request *request);
void api_dashboard_file(struct request *request);
void api_history(struct request *request);
void api_repositories(struct request *request);

#endif
