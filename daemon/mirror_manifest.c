/* The manifest of a pull mirror's upstream: when it is read, and what follows from it. */
#include "daemon/mirror_manifest.h"

#include <event2/event.h>

#include "base/glob.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/download.h"
#include "daemon/mirror_manifest_load.h"
#include "daemon/mirror_parts.h"
#include "daemon/repos.h"
#include "webhook/backoff.h"

enum {
	GRACE_MS = 60 * 1000,	/* beyond two times `every`, for which it may be unreadable before the clock counts again */
	TIMEOUT = 60,		/* seconds that fetching it may take */
	DOUBTS_MAX = 3,		/* looks at a copy that a turn has left with another fingerprint than upstream's */
};

struct mirror_manifest {
	struct mirror *mirror;
	char *url;
	const char *file;		/* in url; NULL: it is fetched */
	struct webhook_curl *curl;
	struct event *timer;
	struct download *download;
	struct manifest_load *load;
	struct download_version version, coming;	/* of what is read; of what is being read */
	struct manifest_stamp stamp;
	struct hgt_manifest manifest;
	bool has;			/* manifest is one */
	bool again;			/* asked for while it is read */
	bool unsettled;			/* copies are to be judged again, though it may say the same */
	bool leading, awaited;		/* as the copies have been told last */
	unsigned failed;		/* times, since the last good one */
	int64_t good_ms;		/* monotonic: the last good one, or when it was begun with */
	size_t refused;			/* entries of the one before: told once */
};

static void release(struct mirror_manifest *m)
{
	if (m->timer)
		event_free(m->timer);
	download_free(m->download);
	download_version_release(&m->version);
	download_version_release(&m->coming);
	hgt_manifest_release(&m->manifest);
	free(m->curl);
	free(m->url);
	free(m);
}

static void set_timer(struct mirror_manifest *m, int64_t in_ms)
{
	struct timeval wait = {.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};

	if (evtimer_add(m->timer, &wait) < 0)
		hgt_log(HGT_LOG_ERROR, "mirrors", "no timer: the manifest is not looked at", HGT_S("mirror", m->mirror->name));
}

/* Some who ask more often than others would ask together. */
static void wait_for_next(struct mirror_manifest *m)
{
	const struct hgt_config_mirror *config = m->mirror->config;
	const struct hgt_backoff backoff = {config->retry_first * 1000, config->retry_most * 1000};
	int64_t every = (int64_t)config->every * 1000, wait = every + (int64_t)(every ? mirrors_dice() % (uint64_t)(every / 10 + 1) : 0);

	if (m->mirror->mirrors->draining)
		return;
	if (m->failed) {
		int64_t retry = hgt_backoff_ms(&backoff, m->failed, mirrors_dice(), 0);

		wait = every && every < retry ? every : retry;
	}
	if (m->again || every || m->failed)
		set_timer(m, m->again ? 0 : wait);
	m->again = false;
}

bool mirror_manifest_leads(const struct mirror *mirror)
{
	const struct mirror_manifest *m = mirror->manifest;

	return m && (!m->failed || hgt_time_mono_ms() - m->good_ms < 2 * (int64_t)mirror->config->every * 1000 + GRACE_MS);
}

int64_t mirror_manifest_unread_ms(const struct mirror *mirror)
{
	return mirror->manifest ? hgt_time_mono_ms() - mirror->manifest->good_ms : 0;
}

bool mirror_manifest_awaited(const struct mirror *mirror)
{
	const struct mirror_manifest *m = mirror->manifest;

	return m && !m->has && !m->failed;
}

/* When who leads has changed, each copy is told. */
static void judge_lead(struct mirror_manifest *m)
{
	struct mirror *mirror = m->mirror;
	bool led = m->leading, leads = mirror_manifest_leads(mirror);

	if (leads == led && !m->awaited)
		return;
	m->leading = leads;
	m->awaited = false;
	if (led && !leads)
		hgt_log(HGT_LOG_WARNING, "mirrors", "the manifest could not be read for long: each repository is looked at by the clock",
			HGT_S("mirror", mirror->name));
	for (size_t i = 0; i < mirror->n_copies; i++)
		copy_replan(mirror->copies[i]);
}

static void note_failure(struct mirror_manifest *m, const struct hgt_error *err)
{
	if (!m->failed++)
		hgt_log(HGT_LOG_WARNING, "mirrors", "the manifest of upstream cannot be read; it is tried again",
			HGT_S("mirror", m->mirror->name), HGT_S("manifest", m->url), HGT_S("error", err->message));
	judge_lead(m);
	wait_for_next(m);
}

static void note_success(struct mirror_manifest *m)
{
	if (m->failed)
		hgt_log(HGT_LOG_INFO, "mirrors", "the manifest of upstream can be read again", HGT_S("mirror", m->mirror->name));
	m->failed = 0;
	m->good_ms = hgt_time_mono_ms();
	judge_lead(m);
	wait_for_next(m);
}

/* What follows from it. */

/* Whether it is one of the mirror's, by name. */
static bool is_wanted(const struct mirror *mirror, const char *repo)
{
	const struct hgt_config *config = mirror->mirrors->config;
	const struct hgt_strings *in = &config->repositories.include, *out = &config->repositories.exclude;

	return hgt_glob_match_any(mirror->config->repos.items, mirror->config->repos.n, repo) && hgt_glob_match_any(in->items, in->n, repo) &&
		!hgt_glob_match_any(out->items, out->n, repo);
}

/* Whether all refs are mirrored: then what is here comes to have upstream's fingerprint. */
static bool has_all_refs(const struct mirror *mirror)
{
	const struct hgt_strings *refs = &mirror->config->refs;

	for (size_t i = 0; i < refs->n; i++)
		if (strcmp(refs->items[i], "**") == 0 || strcmp(refs->items[i], "refs/**") == 0)
			return true;
	return false;
}

/* The last turn was not in vain, and yet what is here differs: it may have asked a server that is behind the one that has the
 * manifest. */
static bool is_doubtful(const struct copy *copy)
{
	return has_all_refs(copy->mirror) && copy->row.state == HGT_COPY_IN_STEP && copy->doubts < DOUBTS_MAX;
}

/* print: of what is here, or NULL. */
static void judge_copy(struct mirror_manifest *m, struct copy *copy, const struct hgt_manifest_entry *entry, const char *print)
{
	if (entry->fingerprint[0] && print && strcmp(entry->fingerprint, print) == 0) {
		memcpy(copy->print, entry->fingerprint, sizeof(copy->print));
		copy->doubts = 0;
	} else if (!entry->fingerprint[0] || strcmp(copy->print, entry->fingerprint) != 0) {
		/* Where fewer refs are mirrored than there are, what is here never has upstream's fingerprint; then that of the last good turn
		 * counts, and before there was one it is not known whether anything has moved. */
		if (copy->print[0])
			copy_want(copy);
		else
			copy_look(copy, false);
		copy->doubts = 0;
		/* One that fails is tried again without this. */
		m->unsettled = m->unsettled || copy->row.state != HGT_COPY_FAILING;
	} else if (is_doubtful(copy)) {
		copy->doubts++;
		copy_look(copy, false);
		m->unsettled = true;
	}
}

static void take_entry(struct mirror_manifest *m, const struct hgt_manifest_entry *entry, const struct manifest_load *load,
	size_t *not_here)
{
	struct mirror *mirror = m->mirror;
	struct copy *copy = mirror_find_copy(mirror, entry->repo);
	struct hgt_error err = {0};

	if (copy && copy->unlisted) {
		copy->unlisted = false;
		copy_look(copy, false);
	} else if (copy && load) {
		judge_copy(m, copy, entry, manifest_load_print(load, entry->repo));
	} else if (!copy && !mirror->config->create && !repos_find(mirror->mirrors->daemon->repos, entry->repo)) {
		++*not_here;
	} else if (!copy && mirror_add_copy(mirror, entry->repo, &copy, &err) < 0) {
		hgt_log(HGT_LOG_ERROR, "mirrors", "a repository of the manifest is left out until it is read again",
			HGT_S("mirror", mirror->name), HGT_S("repo", entry->repo), HGT_S("error", err.message));
	}
}

/* load NULL: it says what it said before; only what is missing here is seen to. */
static void apply(struct mirror_manifest *m, const struct manifest_load *load)
{
	struct mirror *mirror = m->mirror;
	size_t not_here = 0, gone = 0;

	m->unsettled = m->unsettled && !load;
	for (size_t i = 0; i < m->manifest.n; i++)
		if (is_wanted(mirror, m->manifest.entries[i].repo))
			take_entry(m, &m->manifest.entries[i], load, &not_here);
	for (size_t i = 0; i < mirror->n_copies; i++) {
		struct copy *copy = mirror->copies[i];

		if (hgt_manifest_find(&m->manifest, copy->repo))
			continue;
		gone++;
		if (copy->unlisted && copy->row.state == HGT_COPY_STOPPED)
			continue;
		copy->unlisted = true;
		copy_look(copy, false);
	}
	if (load)
		hgt_log(HGT_LOG_INFO, "mirrors", "the manifest of upstream is read", HGT_S("mirror", mirror->name),
			HGT_I("repositories", m->manifest.n), HGT_I("copies", mirror->n_copies), HGT_I("not_here", not_here), HGT_I("gone_there", gone));
	if (load && m->manifest.refused && m->manifest.refused != m->refused)
		hgt_log(HGT_LOG_WARNING, "mirrors", "the manifest has repositories that are left out", HGT_S("mirror", mirror->name),
			HGT_I("repositories", m->manifest.refused), HGT_S("first", m->manifest.refused_why));
	m->refused = m->manifest.refused;
}

/* Reading. */

static void on_read(void *arg)
{
	struct manifest_load *load = arg;
	struct mirror_manifest *m = load->whose;

	if (!m) {
		manifest_load_free(load);
		return;
	}
	m->load = NULL;
	if (load->code < 0) {
		struct hgt_error err = load->err;

		manifest_load_free(load);
		note_failure(m, &err);
		return;
	}
	m->stamp = load->stamp;
	if (!load->unchanged) {
		hgt_manifest_release(&m->manifest);
		m->manifest = load->manifest;
		load->manifest = (struct hgt_manifest){0};
		m->has = true;
		download_version_release(&m->version);
		m->version = m->coming;
		m->coming = (struct download_version)DOWNLOAD_VERSION_INIT;
	}
	apply(m, load->unchanged ? NULL : load);
	manifest_load_free(load);
	note_success(m);
}

/* body: NULL for a file. Emptied. */
static void read_it(struct mirror_manifest *m, struct hgt_buf *body)
{
	struct hgt_error err = {0};
	struct manifest_load *load = NULL;
	const struct manifest_stamp none = {0};
	int code = manifest_load_new(m->mirror, m->file, m->unsettled ? &none : &m->stamp, &load, &err);

	if (code == 0) {
		load->whose = m;
		if (body) {
			load->body = *body;
			hgt_buf_init(body);
		}
		code = hgt_workers_submit(m->mirror->mirrors->daemon->archivers, manifest_load_run, on_read, load, &err);
	}
	if (code == 0) {
		m->load = load;
		return;
	}
	manifest_load_free(load);
	note_failure(m, &err);
}

static void on_fetched(void *ctx, struct download_result *result)
{
	struct mirror_manifest *m = ctx;

	download_free(m->download);
	m->download = NULL;
	if (result->code < 0) {
		note_failure(m, &result->err);
	} else if (result->unchanged) {
		apply(m, NULL);
		note_success(m);
	} else {
		download_version_release(&m->coming);
		m->coming = result->version;
		result->version = (struct download_version)DOWNLOAD_VERSION_INIT;
		read_it(m, &result->body);
	}
}

static int fetch(struct mirror_manifest *m, struct hgt_error *err)
{
	static const struct download_version none = DOWNLOAD_VERSION_INIT;
	struct mirrors *mirrors = m->mirror->mirrors;
	int code = 0;

	if (!m->curl) {
		m->curl = calloc(1, sizeof(*m->curl));
		code = m->curl ? webhook_curl_load(m->curl, err) : hgt_error_nomem(err);
		if (code < 0) {
			free(m->curl);
			m->curl = NULL;
			return code;
		}
	}
	return download_begin(mirrors->daemon->base, m->curl, m->url, m->has && !m->unsettled ? &m->version : &none,
		mirrors->config->limits.manifest, TIMEOUT, on_fetched, m, &m->download, err);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct mirror_manifest *m = arg;
	struct hgt_error err = {0};

	(void)fd, (void)what;
	if (m->mirror->mirrors->draining)
		return;
	if (m->load || m->download)
		m->again = true;
	else if (m->mirror->paused)
		wait_for_next(m);
	else if (m->file)
		read_it(m, NULL);
	else if (fetch(m, &err) < 0)
		note_failure(m, &err);
}

/* Beginning and ending. */

static struct mirror_manifest *begin(struct mirror *mirror)
{
	struct mirror_manifest *m = calloc(1, sizeof(*m));
	const char *url = mirror->config->manifest;

	if (!m)
		return NULL;
	m->mirror = mirror;
	m->version = m->coming = (struct download_version)DOWNLOAD_VERSION_INIT;
	m->leading = m->awaited = true;
	m->good_ms = hgt_time_mono_ms();
	m->url = strdup(url);
	m->timer = evtimer_new(mirror->mirrors->daemon->base, on_time, m);
	if (!m->url || !m->timer) {
		release(m);
		return NULL;
	}
	m->file = *m->url == '/' ? m->url : strncmp(m->url, "file://", 7) == 0 ? m->url + 7 : NULL;
	return m;
}

void mirror_manifest_end(struct mirror *mirror)
{
	struct mirror_manifest *m = mirror->manifest;

	mirror->manifest = NULL;
	if (!m)
		return;
	/* What a worker still reads is dropped when it has. */
	if (m->load)
		m->load->whose = NULL;
	release(m);
}

void mirror_manifest_follow(struct mirror *mirror)
{
	const char *url = mirror->config->manifest;

	if (mirror->manifest && (!url || strcmp(url, mirror->manifest->url) != 0))
		mirror_manifest_end(mirror);
	if (url && !mirror->manifest) {
		mirror->manifest = begin(mirror);
		if (!mirror->manifest)
			hgt_log(HGT_LOG_ERROR, "mirrors", "out of memory: the manifest is not followed until the config is loaded again",
				HGT_S("mirror", mirror->name));
	}
	if (!url)
		for (size_t i = 0; i < mirror->n_copies; i++)
			mirror->copies[i]->unlisted = false;
	mirror_manifest_look(mirror);
}

void mirror_manifest_look(struct mirror *mirror)
{
	struct mirror_manifest *m = mirror->manifest;

	if (m && (m->load || m->download))
		m->again = true;
	else if (m && !mirror->mirrors->draining)
		set_timer(m, 0);
}

void mirror_manifest_drain(struct mirror *mirror)
{
	struct mirror_manifest *m = mirror->manifest;

	if (!m)
		return;
	evtimer_del(m->timer);
	download_free(m->download);
	m->download = NULL;
}

const struct hgt_manifest_entry *mirror_manifest_entry(const struct mirror *mirror, const char *repo)
{
	const struct mirror_manifest *m = mirror->manifest;

	return m && m->has ? hgt_manifest_find(&m->manifest, repo) : NULL;
}
