/*
 * The Headgates that mirrors have upstream: their events followed, and where two are peers, which one leads (docs/design.md, "Peers").
 */
#ifndef HEADGATE_DAEMON_MIRROR_LINKS_H
#define HEADGATE_DAEMON_MIRROR_LINKS_H

#include "daemon/daemon.h"

struct hgt_json;
struct links;
struct request;

/* After the mirrors. Nothing is dialled before the loop runs. */
int links_new(struct daemon *daemon, struct links **out, struct hgt_error *err) HGT_MUST_CHECK;
void links_free(struct links *links);

/* Another config: on failure everything is as it was. After the mirrors. While both configs live. */
int links_reload(struct links *links, const struct hgt_config *config, struct hgt_error *err) HGT_MUST_CHECK;

/* Begin nothing new. 1 when nothing is left to wait for. */
int links_drain(struct links *links);

/* The endpoints. Each answers the request, now or later. */
void links_show(struct links *links, struct request *request, const char *mirror);
void links_word(struct links *links, struct request *request);
void links_promote(struct links *links, struct request *request);

#endif
