/*
 * The daemon's numbers, as GET /metrics tells them (docs/design.md, "Metrics").
 *
 * What a module knows of itself it tells by a getter of its own, `x_stats`; metrics_parts.h says where it is put into words.
 * What belongs to no module is counted here: all events by what is on disk, answers by route, reloads.
 */
#ifndef HEADGATE_DAEMON_METRICS_H
#define HEADGATE_DAEMON_METRICS_H

#include "daemon/daemon.h"

struct metrics;

int metrics_new(struct metrics **out, struct hgt_error *err) HGT_MUST_CHECK;
void metrics_free(struct metrics *metrics);

/* Each of these does nothing when metrics is NULL. */

/* A row has been committed. */
void metrics_event(struct metrics *metrics, const struct hgt_journal_row *row);

/* A request was answered with this status; a stream when it began. route: routes_describe's number, 0 when there is none. */
void metrics_answer(struct metrics *metrics, unsigned route, int status);

/* The config was loaded again and is in force (well), or the one before it stays. */
void metrics_reload(struct metrics *metrics, bool well);

/* All of it, in the text format of Prometheus. */
void metrics_write(const struct daemon *daemon, struct hgt_buf *out);

#endif
