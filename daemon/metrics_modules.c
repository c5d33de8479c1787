/* Numbers of the daemon's modules, in the order of an event's way through them. */
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/archives.h"
#include "daemon/guard.h"
#include "daemon/hook_socket.h"
#include "daemon/http.h"
#include "daemon/hub.h"
#include "daemon/intake.h"
#include "daemon/metrics_parts.h"
#include "daemon/ref_watch.h"
#include "daemon/repos.h"
#include "daemon/retention.h"
#include "daemon/rollout.h"
#include "daemon/spool.h"
#include "daemon/store.h"
#include "git/repository_pool.h"

static void write_log(struct hgt_metrics *m, const struct log_move_stats *log)
{
	metrics_gauge(m, "headgate_journal_log_pages", "Pages of the write-ahead log after the last commit.", log->pages);
	metrics_gauge(m, "headgate_journal_log_pages_held", "Pages of the write-ahead log that a reader keeps from the database.", log->held);
	metrics_counter(m, "headgate_journal_checkpoints_total",
		"Times since the start that the write-ahead log was moved into the database.", log->moves);
	metrics_counter(m, "headgate_journal_checkpoint_failures_total",
		"Times since the start that the write-ahead log could not be moved into the database.", log->failed);
	hgt_metrics_family(m, "headgate_journal_checkpoint_longest_seconds", HGT_METRIC_GAUGE, "The longest move since the start.");
	hgt_metrics_micro(m, HGT_NO_LABELS, (int64_t)log->longest_us);
	metrics_counter(m, "headgate_journal_checkpoint_waits_total",
		"Times since the start that the writer paused because the write-ahead log was long.", log->waits);
}

static void write_store(const struct daemon *daemon, struct hgt_metrics *m)
{
	uint64_t bounds[STORE_BOUNDS];
	struct store_stats store;

	store_stats(daemon->store, &store);
	for (size_t i = 0; i < STORE_BOUNDS; i++)
		bounds[i] = store_bounds_us[i];
	metrics_gauge(m, "headgate_journal_writable", "Whether the last commit went well.", !store.trouble);
	hgt_metrics_family(m, "headgate_journal_commit_seconds", HGT_METRIC_HISTOGRAM,
		"Commits to the journal since the start, by how long writing and syncing took: a commit is one fsync.");
	hgt_metrics_histogram_us(m, HGT_NO_LABELS, bounds, store.commit_classes, STORE_BOUNDS, store.commit_us);
	hgt_metrics_family(m, "headgate_journal_commit_longest_seconds", HGT_METRIC_GAUGE, "The longest commit since the start.");
	hgt_metrics_micro(m, HGT_NO_LABELS, (int64_t)store.longest_commit_us);
	hgt_metrics_family(m, "headgate_journal_commits_total", HGT_METRIC_COUNTER, "Commits to the journal since the start, "
		"by result.");
	hgt_metrics_uint(m, HGT_LABELS("result", "ok"), store.commits);
	hgt_metrics_uint(m, HGT_LABELS("result", "failed"), store.failed_commits);
	hgt_metrics_family(m, "headgate_journal_jobs_total", HGT_METRIC_COUNTER,
		"Jobs of the writer since the start, by result; a commit takes in all that wait.");
	hgt_metrics_uint(m, HGT_LABELS("result", "ok"), store.jobs - store.failed_jobs);
	hgt_metrics_uint(m, HGT_LABELS("result", "failed"), store.failed_jobs);
	metrics_gauge(m, "headgate_journal_queue_jobs", "Jobs that wait for the writer.", store.queued);
	hgt_metrics_family(m, "headgate_journal_queue_oldest_seconds", HGT_METRIC_GAUGE, "How long the first of them has "
		"waited; 0 for none.");
	hgt_metrics_milli(m, HGT_NO_LABELS, store.oldest_ms);
	write_log(m, &store.log);
}

static void write_retention(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct retention_stats retention;

	if (!daemon->retention)
		return;
	retention_stats(daemon->retention, &retention);
	metrics_gauge(m, "headgate_journal_tail", "The number of the oldest event that is held; 0 before that was looked at.",
		retention.first);
	metrics_counter(m, "headgate_journal_removed_events_total", "Events that retention has let go since the start.",
		retention.removed);
	metrics_counter(m, "headgate_journal_retention_failures_total", "Steps of retention that failed since the start.",
		retention.failed);
	metrics_gauge(m, "headgate_journal_retention_held", "Whether somebody who still needs old events keeps them from going.",
		retention.held);
}

void metrics_journal(const struct daemon *daemon, struct hgt_metrics *m)
{
	metrics_gauge(m, "headgate_ready", "Whether everything has been compared since the start.", daemon->ready);
	metrics_gauge(m, "headgate_journal_head", "The number of the journal's last event.", hub_head(daemon->hub));
	write_store(daemon, m);
	write_retention(daemon, m);
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
	hgt_metrics_family(m, "headgate_hook_failures_total", HGT_METRIC_COUNTER, "Hooks that were let go since the start, by "
		"why.");
	hgt_metrics_uint(m, HGT_LABELS("reason", "not-allowed"), hooks.turned_away);
	hgt_metrics_uint(m, HGT_LABELS("reason", "late"), hooks.late);
	hgt_metrics_uint(m, HGT_LABELS("reason", "not-reading"), hooks.unread);
}

static void write_waits(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct rollouts_stats waits;

	if (!daemon->rollouts)
		return;
	rollouts_stats(daemon->rollouts, &waits);
	metrics_gauge(m, "headgate_waits", "Pushes and requests that wait for what becomes of a change.", waits.open);
	hgt_metrics_family(m, "headgate_waits_total", HGT_METRIC_COUNTER, "Those that have begun to wait since the start, and those for which "
		"there was no room.");
	hgt_metrics_uint(m, HGT_LABELS("result", "opened"), waits.opened);
	hgt_metrics_uint(m, HGT_LABELS("result", "refused"), waits.refused);
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
	hgt_metrics_family(m, "headgate_spool_taken_total", HGT_METRIC_COUNTER, "Files of the spool since the start, by what "
		"became of them.");
	hgt_metrics_uint(m, HGT_LABELS("result", "taken"), spool.taken);
	hgt_metrics_uint(m, HGT_LABELS("result", "set-aside"), spool.set_aside);
}

static void write_watch(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct hgt_repo_pool_stats pool;
	struct ref_watch_stats watch;

	hgt_repo_pool_stats(repos_pool(daemon->repos), &pool);
	hgt_metrics_family(m, "headgate_repository_uses_total", HGT_METRIC_COUNTER,
		"Times since the start that a repository was looked into, by whether it had to be opened.");
	hgt_metrics_uint(m, HGT_LABELS("how", "opened"), pool.opened);
	hgt_metrics_uint(m, HGT_LABELS("how", "kept"), pool.reused);
	if (!daemon->ref_watch)
		return;
	ref_watch_stats(daemon->ref_watch, &watch);
	metrics_gauge(m, "headgate_watch_repositories", "Repositories that are watched for moves that no hook tells of.",
		watch.repositories);
	metrics_gauge(m, "headgate_watch_unwatched_repositories",
		"Of them, those that inotify takes not all folders of (fs.inotify.max_user_watches): only the slow beat sees "
		"what moves there.",
		watch.unwatched);
	metrics_gauge(m, "headgate_watch_inotify_watches", "Folders that inotify watches.", watch.watches);
	metrics_counter(m, "headgate_watch_overflows_total", "Times since the start that inotify has lost events.",
		watch.overflows);
	metrics_counter(m, "headgate_watch_saves_total",
		"Moves since the start that only a compare at the slow beat, or after lost events, has found.", watch.saves);
}

void metrics_intake(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct intake_stats intake;

	write_hooks(daemon, m);
	write_waits(daemon, m);
	write_spool(daemon, m);
	write_repositories(daemon, m);
	write_watch(daemon, m);
	if (!daemon->intake)
		return;
	intake_stats(daemon->intake, &intake);
	hgt_metrics_family(m, "headgate_announcements_total", HGT_METRIC_COUNTER,
		"Pushes that hooks told of since the start, through the socket or the spool: received, refused by the gate; "
		"foreign: of those, of "
		"repositories that the config leaves out.");
	hgt_metrics_uint(m, HGT_LABELS("kind", "received"), intake.received);
	hgt_metrics_uint(m, HGT_LABELS("kind", "refused"), intake.refused);
	hgt_metrics_uint(m, HGT_LABELS("kind", "foreign"), intake.foreign);
	metrics_gauge(m, "headgate_intake_waiting", "Announcements that wait for another one of the same repository.",
		intake.waiting);
	metrics_gauge(m, "headgate_compares_waiting", "Repositories that are to be compared with the journal.",
		intake.compares_waiting);
	hgt_metrics_family(m, "headgate_compares_total", HGT_METRIC_COUNTER, "Compares of a repository with the journal since "
		"the start.");
	hgt_metrics_uint(m, HGT_LABELS("result", "ok"), intake.compares - intake.compares_failed);
	hgt_metrics_uint(m, HGT_LABELS("result", "failed"), intake.compares_failed);
}

void metrics_streams(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct hub_stats hub;

	hub_stats(daemon->hub, &hub);
	metrics_gauge(m, "headgate_streams", "Event streams and waiting pages that are open.", hub.subscribers);
	metrics_gauge(m, "headgate_streams_limit", "The most that may be open: limits.streams.", daemon->config->limits.streams);
	metrics_gauge(m, "headgate_streams_trailing", "Of the streams, those whose sockets are full or that catch up from the "
		"journal.",
		hub.trailing);
	metrics_counter(m, "headgate_stream_wakeups_total", "Times since the start that an event was for a stream, as the "
		"index found.",
		hub.woken);
	metrics_counter(m, "headgate_stream_events_total", "Events written to streams since the start.", hub.told);
	metrics_counter(m, "headgate_stream_bookmarks_total", "Bookmarks written to streams since the start.", hub.bookmarks);
	metrics_counter(m, "headgate_stream_full_total", "Times since the start that a stream's socket took only a "
		"part.", hub.full);
	metrics_counter(m, "headgate_stream_journal_reads_total",
		"Reads of the journal since the start for streams that were behind the recent events.", hub.slices);
	metrics_counter(m, "headgate_stream_tree_questions_total",
		"Streams since the start whose trees were asked whether an event with a cut list of paths is for them.", hub.asked);
}

void metrics_archives(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct archives_stats archives;

	archives_stats(daemon->archives, &archives);
	metrics_gauge(m, "headgate_archive_cache_bytes", "Bytes of archives on disk.", archives.bytes);
	metrics_gauge(m, "headgate_archive_cache_limit_bytes", "The most that they may take: limits.archive_cache.",
		archives.limit);
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

static void write_guard(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct guard_stats guard;

	if (!daemon->guard)
		return;
	guard_stats(daemon->guard, &guard);
	metrics_gauge(m, "headgate_guard_addresses", "Addresses of clients that are remembered.", guard.peers);
	metrics_gauge(m, "headgate_guard_locked_addresses", "Of them, those that are locked out for guessing tokens.",
		guard.locked);
	metrics_counter(m, "headgate_guard_lockouts_total", "Addresses locked out since the start.", guard.lockouts);
	metrics_counter(m, "headgate_guard_wrong_tokens_total", "Different wrong tokens since the start.", guard.wrong_tokens);
	hgt_metrics_family(m, "headgate_guard_refused_total", HGT_METRIC_COUNTER,
		"What was refused since the start because an address, agent or token had too much of it.");
	hgt_metrics_uint(m, HGT_LABELS("what", "connection"), guard.connections_refused);
	hgt_metrics_uint(m, HGT_LABELS("what", "request"), guard.requests_refused);
}

void metrics_doors(const struct daemon *daemon, struct hgt_metrics *m)
{
	struct http_stats http;

	write_guard(daemon, m);
	http_stats(daemon->http, &http);
	hgt_metrics_family(m, "headgate_http_connections", HGT_METRIC_GAUGE, "HTTP connections that are open, by door.");
	hgt_metrics_uint(m, HGT_LABELS("door", "admin"), http.admin);
	hgt_metrics_uint(m, HGT_LABELS("door", "tcp"), http.tcp);
	metrics_gauge(m, "headgate_http_connections_limit", "The most of each kind of door before accepting pauses.", http.most);
	metrics_counter(m, "headgate_http_connections_total", "HTTP connections accepted since the start.", http.accepted);
	metrics_counter(m, "headgate_http_late_handshakes_total", "TLS handshakes since the start that took too long and were ended.",
		http.late_handshakes);
}
