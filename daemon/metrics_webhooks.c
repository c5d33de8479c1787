/* Numbers of the webhooks, one by one: the config names them, so there are few. */
#include "daemon/inbound.h"
#include "daemon/metrics_parts.h"
#include "daemon/webhooks.h"

static uint64_t get_behind(const struct webhooks_stats *stats)
{
	return stats->behind;
}

static uint64_t get_parked_now(const struct webhooks_stats *stats)
{
	return stats->parked_now;
}

static uint64_t get_parked(const struct webhooks_stats *stats)
{
	return stats->parked;
}

static void write_each(const struct webhooks *webhooks, struct hgt_metrics *m, const char *name, enum hgt_metric_type type, const char *help,
	uint64_t (*get)(const struct webhooks_stats *stats))
{
	struct webhooks_stats stats;
	const char *webhook;
	size_t pos = 0;

	hgt_metrics_family(m, name, type, help);
	while ((webhook = webhooks_next(webhooks, &pos, &stats)))
		hgt_metrics_uint(m, HGT_LABELS("webhook", webhook), get(&stats));
}

static void write_inbound(const struct inbound *inbound, struct hgt_metrics *m)
{
	struct inbound_stats stats;

	inbound_stats(inbound, &stats);
	hgt_metrics_family(m, "headgate_inbound_total", HGT_METRIC_COUNTER,
		"Webhooks of forges received since the start: taken: journaled; repeated: seen before; ignored: of something else than a push; refused.");
	hgt_metrics_uint(m, HGT_LABELS("result", "taken"), stats.taken);
	hgt_metrics_uint(m, HGT_LABELS("result", "repeated"), stats.repeated);
	hgt_metrics_uint(m, HGT_LABELS("result", "ignored"), stats.ignored);
	hgt_metrics_uint(m, HGT_LABELS("result", "refused"), stats.refused);
}

void metrics_webhooks(const struct daemon *daemon, struct hgt_metrics *m)
{
	const struct webhooks *webhooks = daemon->webhooks;
	struct webhooks_stats stats;
	const char *name;
	size_t pos = 0;

	if (daemon->inbound)
		write_inbound(daemon->inbound, m);
	if (!webhooks)
		return;
	webhooks_stats(webhooks, &stats);
	metrics_gauge(m, "headgate_webhooks", "Webhooks in the config.", stats.receivers);
	hgt_metrics_family(m, "headgate_webhook_attempts_total", HGT_METRIC_COUNTER,
		"Attempts to deliver an event since the start, by whether the receiver took it.");
	while ((name = webhooks_next(webhooks, &pos, &stats))) {
		hgt_metrics_uint(m, HGT_LABELS("webhook", name, "result", "ok"), stats.delivered);
		hgt_metrics_uint(m, HGT_LABELS("webhook", name, "result", "failed"), stats.failed);
	}
	write_each(webhooks, m, "headgate_webhook_parked_total", HGT_METRIC_COUNTER, "Events given up since the start.", get_parked);
	write_each(webhooks, m, "headgate_webhook_parked", HGT_METRIC_GAUGE, "Events that are parked: given up, and kept to be replayed.",
		get_parked_now);
	write_each(webhooks, m, "headgate_webhook_lag_events", HGT_METRIC_GAUGE, "Events between the webhook's cursor and the journal's last.",
		get_behind);
	hgt_metrics_family(m, "headgate_webhook_oldest_seconds", HGT_METRIC_GAUGE, "How long the webhook has been trying one event; 0 for none.");
	pos = 0;
	while ((name = webhooks_next(webhooks, &pos, &stats)))
		hgt_metrics_milli(m, HGT_LABELS("webhook", name), stats.oldest_ms);
}
