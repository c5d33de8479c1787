/* Numbers of the daemon's modules, in the order of an event's way through them. */
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/archives.h"
#include "daemon/hook_socket.h"
#include "daemon/http.h"
#include "daemon/hub.h"
#include "daemon/intake.h"
#include "daemon/metrics_parts.h"
#include "daemon/repos.h"
#include "daemon/spool.h"
#include "daemon/store.h"

void metrics_journal(const struct daemon *daemon, struct hgt_metrics *m)
{
	metrics_gauge(m, "headgate_ready", "Whether everything has been compared since the start.", daemon->ready);
	metrics_gauge(m, "headgate_journal_head", "The number of the journal's last event.", hub_head(daemon->hub));
	metrics_gauge(m, "headgate_journal_writable", "Whether the last commit went well.", !store_trouble(daemon->store));
	metrics_gauge(m, "headgate_journal_queue_jobs", "Jobs that the writer has not committed yet.", store_pending(daemon->store));
	hgt_metrics_family(m, "headgate_worker_jobs", HGT_METRIC_GAUGE, "Jobs that a pool of threads has or has waiting.");
	hgt_metrics_uint(m, HGT_LABELS("pool", "git"), hgt_workers_pending(daemon->git));
	hgt_metrics_uint(m, HGT_LABELS("pool", "archive"), hgt_workers_pending(daemon->archivers));
}

static void write_repositories(const struct daemon *daemon, struct hgt_metrics *m)
{
	uint64_t served = 0, trouble = 0, refs = 0;
	const struct repo *repo;
	size_t pos = 0;

	while ((repo = repos_next(daemon->repos, &pos))) {
		served += !repo->trouble;
		trouble += repo->trouble != NULL;
		refs += repo->refs;
	}
	hgt_metrics_family(m, "headgate_repositories", HGT_METRIC_GAUGE, "Repositories, by whether they can be served.");
	hgt_metrics_uint(m, HGT_LABELS("state", "served"), served);
	hgt_metrics_uint(m, HGT_LABELS("state", "trouble"), trouble);
	metrics_gauge(m, "headgate_refs", "Refs of all repositories, as last compared.", refs);
}

static void write_hooks(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct hook_socket_stats hooks;

	if (!daemon->hook_socket)
		return;
	hook_socket_stats(daemon->hook_socket, &hooks);
	metrics_gauge(m, "headgate_hook_connections", "Hooks that are connected.", hooks.connections);
	hgt_metrics_family(m, "headgate_hook_oldest_seconds", HGT_METRIC_GAUGE, "How long the longest of them has been.");
	hgt_metrics_milli(m, HGT_NO_LABELS, hooks.oldest_ms);
	metrics_counter(m, "headgate_hook_connections_total", "Hooks that have connected since the start.", hooks.accepted);
	hgt_metrics_family(m, "headgate_hook_failures_total", HGT_METRIC_COUNTER, "Hooks that were let go since the start, by why.");
	hgt_metrics_uint(m, HGT_LABELS("reason", "not-allowed"), hooks.turned_away);
	hgt_metrics_uint(m, HGT_LABELS("reason", "late"), hooks.late);
	hgt_metrics_uint(m, HGT_LABELS("reason", "not-reading"), hooks.unread);
}

static void write_spool(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct spool_stats spool;
	int64_t now_ms = hgt_time_now_ms();

	if (!daemon->spool)
		return;
	spool_stats(daemon->spool, &spool);
	metrics_gauge(m, "headgate_spool_files", "Pushes in the spool that wait to be taken in.", spool.files);
	hgt_metrics_family(m, "headgate_spool_oldest_seconds", HGT_METRIC_GAUGE, "The age of the oldest of them; 0 for none.");
	hgt_metrics_milli(m, HGT_NO_LABELS, spool.oldest_ms && now_ms > spool.oldest_ms ? now_ms - spool.oldest_ms : 0);
	hgt_metrics_family(m, "headgate_spool_taken_total", HGT_METRIC_COUNTER, "Files of the spool since the start, by what became of them.");
	hgt_metrics_uint(m, HGT_LABELS("result", "taken"), spool.taken);
	hgt_metrics_uint(m, HGT_LABELS("result", "set-aside"), spool.set_aside);
}

void metrics_intake(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct intake_stats intake;

	write_hooks(daemon, m);
	write_spool(daemon, m);
	write_repositories(daemon, m);
	if (!daemon->intake)
		return;
	intake_stats(daemon->intake, &intake);
	hgt_metrics_family(m, "headgate_announcements_total", HGT_METRIC_COUNTER,
		"Pushes that hooks told of since the start, through the socket or the spool: received, refused by the gate; foreign: of those, of "
		"repositories that the config leaves out.");
	hgt_metrics_uint(m, HGT_LABELS("kind", "received"), intake.received);
	hgt_metrics_uint(m, HGT_LABELS("kind", "refused"), intake.refused);
	hgt_metrics_uint(m, HGT_LABELS("kind", "foreign"), intake.foreign);
	metrics_gauge(m, "headgate_intake_waiting", "Announcements that wait for another one of the same repository.", intake.waiting);
	metrics_gauge(m, "headgate_compares_waiting", "Repositories that are to be compared with the journal.", intake.compares_waiting);
	hgt_metrics_family(m, "headgate_compares_total", HGT_METRIC_COUNTER, "Compares of a repository with the journal since the start.");
	hgt_metrics_uint(m, HGT_LABELS("result", "ok"), intake.compares - intake.compares_failed);
	hgt_metrics_uint(m, HGT_LABELS("result", "failed"), intake.compares_failed);
}

void metrics_streams(const struct daemon *daemon, struct hgt_metrics *m)
{
	metrics_gauge(m, "headgate_streams", "Event streams and waiting pages that are open.", hub_subscribers(daemon->hub));
	metrics_gauge(m, "headgate_streams_limit", "The most that may be open: limits.streams.", daemon->config->limits.streams);
}

void metrics_archives(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct archives_stats archives;

	archives_stats(daemon->archives, &archives);
	metrics_gauge(m, "headgate_archive_cache_bytes", "Bytes of archives on disk.", archives.bytes);
	metrics_gauge(m, "headgate_archive_cache_limit_bytes", "The most that they may take: limits.archive_cache.", archives.limit);
	metrics_gauge(m, "headgate_archive_cache_files", "Archives on disk.", archives.files);
	metrics_gauge(m, "headgate_archives_building", "Archives that are being built or wait for it.", archives.building);
	hgt_metrics_family(m, "headgate_archives_built_total", HGT_METRIC_COUNTER, "Archives built since the start, by result.");
	hgt_metrics_uint(m, HGT_LABELS("result", "ok"), archives.built);
	hgt_metrics_uint(m, HGT_LABELS("result", "failed"), archives.build_failures);
	hgt_metrics_family(m, "headgate_archive_hits_total", HGT_METRIC_COUNTER,
		"Requests for archives since the start that needed no build: cache: served from disk; client: the client had it.");
	hgt_metrics_uint(m, HGT_LABELS("from", "cache"), archives.from_cache);
	hgt_metrics_uint(m, HGT_LABELS("from", "client"), archives.unchanged);
}

void metrics_doors(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct http_stats http;

	http_stats(daemon->http, &http);
	hgt_metrics_family(m, "headgate_http_connections", HGT_METRIC_GAUGE, "HTTP connections that are open, by door.");
	hgt_metrics_uint(m, HGT_LABELS("door", "admin"), http.admin);
	hgt_metrics_uint(m, HGT_LABELS("door", "tcp"), http.tcp);
	metrics_gauge(m, "headgate_http_connections_limit", "The most of each kind of door before accepting pauses.", http.most);
	metrics_counter(m, "headgate_http_connections_total", "HTTP connections accepted since the start.", http.accepted);
}
