/*
 * Numbers as Prometheus reads them: text format 0.0.4.
 *
 *	struct hgt_metrics m = HGT_METRICS_INIT(&buf);
 *	hgt_metrics_family(&m, "headgate_events_total", HGT_METRIC_COUNTER, "Events journaled since the start, by type.");
 *	hgt_metrics_uint(&m, HGT_LABELS("type", "ref.updated"), 12);
 *
 * writes
 *
 *	# HELP headgate_events_total Events journaled since the start, by type.
 *	# TYPE headgate_events_total counter
 *	headgate_events_total{type="ref.updated"} 12
 *
 * Values of labels may be any text: they are escaped, and bytes that are no UTF-8 become U+FFFD. Names and help are the
 * program's own. A failure is the buffer's.
 */
#ifndef HEADGATE_BASE_METRICS_TEXT_H
#define HEADGATE_BASE_METRICS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define HGT_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum hgt_metric_type { HGT_METRIC_COUNTER, HGT_METRIC_GAUGE, HGT_METRIC_HISTOGRAM };

struct hgt_metrics {
	struct hgt_buf *out;
	const char *name;	/* of the family whose samples follow */
};
#define HGT_METRICS_INIT(buf) {(buf), ""}

/* Names and values of labels in turn, ending with NULL. */
#define HGT_LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define HGT_NO_LABELS ((const char *const[]){NULL})

/* Begin a family; all its samples follow before the next one begins. name and help live until then. */
void hgt_metrics_family(struct hgt_metrics *m, const char *name, enum hgt_metric_type type, const char *help);

void hgt_metrics_uint(struct hgt_metrics *m, const char *const *labels, uint64_t value);

/* value in thousandths, millionths: what whole numbers of milliseconds or microseconds are in seconds. */
void hgt_metrics_milli(struct hgt_metrics *m, const char *const *labels, int64_t value);
void hgt_metrics_micro(struct hgt_metrics *m, const char *const *labels, int64_t value);

/* A histogram of times in microseconds, told in seconds: counts[i] is how many were at most bounds_us[i] and more than the bound
 * before,
 * counts[n] how many were more than all. */
void hgt_metrics_histogram_us(struct hgt_metrics *m, const char *const *labels, const uint64_t *bounds_us, const uint64_t *counts,
	size_t n, uint64_t sum_us);

#endif
