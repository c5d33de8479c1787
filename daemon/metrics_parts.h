/*
 * The parts of GET /metrics: a function each, which writes whole families. A new module adds its families to the part where a
 * reader looks for them, or a part of its own: declared here, written in a metrics_*.c, named in the table of metrics.c.
 * contrib/grafana and contrib/prometheus ask for the families by name; tests/operate/check compares.
 *
 * Labels have values out of closed sets (routes, rules, types of events), or names that an administrator gave (agents), and of
 * those at most METRICS_AGENTS_MAX.
 */
#ifndef HEADGATE_DAEMON_METRICS_PARTS_H
#define HEADGATE_DAEMON_METRICS_PARTS_H

#include "base/metrics_text.h"
#include "daemon/daemon.h"

#define METRICS_AGENTS_MAX 2000	/* told one by one, in order of name */

/* One family without labels, or with one pair of them. */
void metrics_gauge(struct hgt_metrics *m, const char *name, const char *help, uint64_t value);
void metrics_counter(struct hgt_metrics *m, const char *name, const char *help, uint64_t value);

/* metrics_modules.c */
void metrics_journal(const struct daemon *daemon, struct hgt_metrics *m);
void metrics_intake(const struct daemon *daemon, struct hgt_metrics *m);
void metrics_streams(const struct daemon *daemon, struct hgt_metrics *m);
void metrics_archives(const struct daemon *daemon, struct hgt_metrics *m);
void metrics_webhooks(const struct daemon *daemon, struct hgt_metrics *m);
void metrics_doors(const struct daemon *daemon, struct hgt_metrics *m);

/* metrics_agents.c */
void metrics_agents(const struct daemon *daemon, struct hgt_metrics *m);

/* metrics_mirrors.c */
void metrics_mirrors(const struct daemon *daemon, struct hgt_metrics *m);
void metrics_manifest(const struct daemon *daemon, struct hgt_metrics *m);	/* of the one that is published */

/* metrics_process.c */
void metrics_process(const struct daemon *daemon, struct hgt_metrics *m);

#endif
