/* Numbers of the mirrors, one by one: the config names them. Copies are counted, since there may be thousands. */
#include "daemon/manifest.h"
#include "daemon/metrics_parts.h"
#include "daemon/mirrors.h"

static uint64_t get_paused(const struct mirrors_stats *stats)
{
	return stats->paused;
}

static uint64_t get_running(const struct mirrors_stats *stats)
{
	return stats->running;
}

static uint64_t get_waiting(const struct mirrors_stats *stats)
{
	return stats->waiting;
}

static uint64_t get_bytes(const struct mirrors_stats *stats)
{
	return stats->bytes;
}

static void write_each(const struct mirrors *mirrors, struct hgt_metrics *m, const char *name, enum hgt_metric_type type,
	const char *help, uint64_t (*get)(const struct mirrors_stats *stats))
{
	struct mirrors_stats stats;
	const char *mirror;
	size_t pos = 0;

	hgt_metrics_family(m, name, type, help);
	while ((mirror = mirrors_next(mirrors, &pos, &stats)))
		hgt_metrics_uint(m, HGT_LABELS("mirror", mirror), get(&stats));
}

static void write_states(const struct mirrors *mirrors, struct hgt_metrics *m)
{
	struct mirrors_stats stats;
	const char *mirror;
	size_t pos = 0;

	hgt_metrics_family(m, "headgate_mirror_copies", HGT_METRIC_GAUGE,
		"Repositories of the mirror by state: new: never looked at; in-step; behind: something waits or moves; failing: will be tried "
		"again; stopped: waits for a person.");
	while ((mirror = mirrors_next(mirrors, &pos, &stats)))
		for (int i = 0; i <= HGT_COPY_STOPPED; i++)
			hgt_metrics_uint(m, HGT_LABELS("mirror", mirror, "state", hgt_copy_state_name((enum hgt_copy_state)i)),
				stats.by_state[i]);
}

static void write_turns(const struct mirrors *mirrors, struct hgt_metrics *m)
{
	struct mirrors_stats stats;
	const char *mirror;
	size_t pos = 0;

	hgt_metrics_family(m, "headgate_mirror_turns_total", HGT_METRIC_COUNTER,
		"Goes at bringing a repository of the mirror in step that have ended since the start, by whether they did.");
	while ((mirror = mirrors_next(mirrors, &pos, &stats))) {
		hgt_metrics_uint(m, HGT_LABELS("mirror", mirror, "result", "ok"), stats.turns - stats.failed);
		hgt_metrics_uint(m, HGT_LABELS("mirror", mirror, "result", "failed"), stats.failed);
	}
}

static void write_manifests(const struct mirrors *mirrors, struct hgt_metrics *m)
{
	struct mirrors_stats stats;
	const char *mirror;
	size_t pos = 0;

	hgt_metrics_family(m, "headgate_mirror_manifest_age_seconds", HGT_METRIC_GAUGE,
		"How long ago the manifest of the mirror's upstream was last read well; of mirrors that follow one.");
	while ((mirror = mirrors_next(mirrors, &pos, &stats)))
		if (stats.follows)
			hgt_metrics_milli(m, HGT_LABELS("mirror", mirror), stats.unread_ms);
}

void metrics_manifest(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct manifest_stats stats;

	manifest_stats(daemon->manifest, &stats);
	if (!stats.published)
		return;
	metrics_gauge(m, "headgate_manifest_repositories", "Repositories in the manifest that is published.", stats.repositories);
	metrics_counter(m, "headgate_manifest_written_total", "Times that it was written since the start, since it said something new.",
		stats.written);
	metrics_counter(m, "headgate_manifest_failures_total", "Times since the start that it could not be.", stats.failed);
}

void metrics_mirrors(const struct daemon *daemon, struct hgt_metrics *m)
{
	const struct mirrors *mirrors = daemon->mirrors;
	struct mirrors_stats stats;
	const char *mirror;
	size_t pos = 0;

	if (!mirrors)
		return;
	mirrors_stats(mirrors, &stats);
	metrics_gauge(m, "headgate_mirrors", "Mirrors in the config.", stats.mirrors);
	write_states(mirrors, m);
	write_each(mirrors, m, "headgate_mirror_paused", HGT_METRIC_GAUGE, "Repositories of the mirror that an operator has paused.",
		get_paused);
	write_each(mirrors, m, "headgate_mirror_running", HGT_METRIC_GAUGE, "Repositories of the mirror that have their turn now.",
		get_running);
	write_each(mirrors, m, "headgate_mirror_waiting", HGT_METRIC_GAUGE, "Repositories of the mirror that wait for their turn.",
		get_waiting);
	write_turns(mirrors, m);
	write_manifests(mirrors, m);
	write_each(mirrors, m, "headgate_mirror_bytes_total", HGT_METRIC_COUNTER, "Bytes of objects that the mirror has moved since the "
		"start, as git tells.",
		get_bytes);
	hgt_metrics_family(m, "headgate_mirror_lag_seconds", HGT_METRIC_GAUGE, "How long the repository of the mirror that is farthest "
		"behind has been so; 0 when none is.");
	pos = 0;
	while ((mirror = mirrors_next(mirrors, &pos, &stats)))
		hgt_metrics_milli(m, HGT_LABELS("mirror", mirror), stats.oldest_ms);
}
