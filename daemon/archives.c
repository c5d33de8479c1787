/* Archives: resolved and built by workers, once for all who wait, and served from the cache. */
#include "daemon/archives.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/map.h"
#include "base/workers.h"
#include "daemon/archive_answer.h"
#include "daemon/archive_cache.h"
#include "daemon/repos.h"
#include "daemon/request.h"
#include "daemon/revision.h"
#include "daemon/scope.h"
#include "git/repository.h"
#include "git/repository_pool.h"
#include "headgate/protocol.h"

/* How many commits back a client that may not see all of a repository is believed to have had a tree. */
#define PAST_MAX 512

/* A request that waits, first for its tree id, then for the build. */
struct want {
	TAILQ_ENTRY(want) entry;
	struct archives *archives;
	struct request *request;
	char *repo_path, *rev, *path;
	char *refs;		/* patterns: the commit is to be reachable from a ref that fits; "" for any commit */
	char from[HGT_OID_HEX_SHA256 + 1];	/* the tree that the client has; "" when it does not say */
	bool scoped;		/* it may not see all of the repository */
	bool delta;		/* what differs from that is what it gets */
	char tree[HGT_OID_HEX_SHA256 + 1];
	char name[ARCHIVE_NAME_MAX];	/* of the archive in the cache */
	const char *missing;	/* the name of the error when something is not there */
	int code;
	struct hgt_error err;
};

TAILQ_HEAD(want_list, want);

/* An archive that a worker builds, and all who wait for it. The first want says from where. */
struct build {
	struct archives *archives;
	struct want_list wants;
	const struct want *source;
	char name[ARCHIVE_NAME_MAX];
	uint64_t limit;
	struct hgt_archive_info info;
	int code;
	struct hgt_error err;
};

struct archives {
	struct daemon *daemon;
	struct archive_cache cache;
	struct hgt_map building;	/* name -> struct build */
	struct archives_stats stats;	/* what is counted of them */
};

/* Answers. */

static void want_free(struct want *want)
{
	free(want->repo_path);
	free(want->rev);
	free(want->path);
	free(want->refs);
	free(want);
}

/* Answer a want that failed, and free it. */
static void answer_failure(struct want *want, int code, const struct hgt_error *err)
{
	if (code == HGT_ENOENT)
		request_reply_error(want->request, 404, want->missing ? want->missing : "path-not-found", "%s", err->message);
	else if (code == HGT_ELIMIT)
		request_reply_error(want->request, 413, "archive-too-large", "%s", err->message);
	else
		request_reply_error(want->request, 503, NULL, "%s", err->message);
	want_free(want);
}

/* As it was resolved, to be answered; lives as long as the want. */
static struct archive_subject subject_of(const struct want *want)
{
	return (struct archive_subject){.name = want->name, .revision = want->rev,
		.from = !*want->from ? NULL : want->delta ? want->from : "none"};
}

/* Whether the client is told that it has it, or that it is not what it thinks; then the want is freed. */
static bool answer_condition(struct want *want)
{
	const struct archive_subject subject = subject_of(want);

	int status = archive_answer_condition(want->request, &subject);

	if (!status)
		return false;
	want->archives->stats.unchanged += status == 304;
	want_free(want);
	return true;
}

/* Serve from the file, and free the want. False, with nothing done, when the file is not what it was. */
static bool answer_file(struct want *want, struct archive *archive)
{
	const struct archive_subject subject = subject_of(want);

	if (!archive_answer(want->request, &want->archives->cache, archive, &subject))
		return false;
	want_free(want);
	return true;
}

/* Building. */

/* On an archiver: the archive in a temporary file, then into its place. Whoever waits need not wait for the disk: `last` is for that. */
static int make_archive(struct build *build, struct hgt_error *err)
{
	const struct archives *archives = build->archives;
	struct hgt_repo_pool *pool = repos_pool(archives->daemon->repos);
	struct hgt_buf temporary = HGT_BUF_INIT, path = HGT_BUF_INIT;
	char unique[17];
	struct hgt_repo *repo = NULL;
	int fd = -1, code;

	hgt_random_hex(8, unique);
	hgt_buf_addf(&temporary, "%s/%s", archives->cache.temporary, unique);
	if ((code = hgt_buf_check(&temporary, err)) < 0 || (code = hgt_repo_pool_get(pool, build->source->repo_path, &repo, err)) < 0)
		goto out;
	fd = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		code = hgt_error_set_errno(err, "%s", temporary.data);
		goto out;
	}
	code = build->source->delta ?
		hgt_archive_build_delta(repo, build->source->from, build->source->tree, fd, build->limit, &build->info, err) :
		hgt_archive_build(repo, build->source->rev, build->source->path, fd, build->limit, &build->info, err);
	if (code < 0)
		goto out;
	archive_path(&archives->cache, build->name, ARCHIVE_SUFFIX, &path);
	code = hgt_buf_check(&path, err);
	if (code == 0 && rename(temporary.data, path.data) < 0)
		code = hgt_error_set_errno(err, "%s", path.data);
out:
	if (code < 0 && fd >= 0)
		unlink(temporary.data);
	if (fd >= 0)
		close(fd);
	hgt_repo_pool_put(pool, repo);
	hgt_buf_release(&temporary);
	hgt_buf_release(&path);
	return code;
}

static void run_build(void *job)
{
	struct build *build = job;

	build->code = make_archive(build, &build->err);
}

/* An archive that is in its place and is to outlast the machine. */
struct lasting {
	struct archives *archives;
	char name[ARCHIVE_NAME_MAX];
	struct hgt_archive_info info;
	int code;
	struct hgt_error err;
};

/* Synced, and only then its digest beside it: at a start one without the other goes. */
static int make_lasting(const struct lasting *l, struct hgt_error *err)
{
	const struct archive_cache *cache = &l->archives->cache;
	struct hgt_buf archive = HGT_BUF_INIT, digest = HGT_BUF_INIT, line = HGT_BUF_INIT;
	char hex[HGT_SHA256_HEX];
	int fd = -1, code;

	hgt_hex(l->info.digest, sizeof(l->info.digest), hex);
	hgt_buf_addf(&line, "%s  %s%s\n", hex, l->name, ARCHIVE_SUFFIX);
	archive_path(cache, l->name, ARCHIVE_SUFFIX, &archive);
	archive_path(cache, l->name, DIGEST_SUFFIX, &digest);
	if ((code = hgt_buf_check(&line, err)) < 0 || (code = hgt_buf_check(&archive, err)) < 0 || (code = hgt_buf_check(&digest, err)) < 0)
		goto out;
	fd = open(archive.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		goto out;	/* it has had to go again */
	if (fd < 0 || fsync(fd) < 0)
		code = hgt_error_set_errno(err, "%s", archive.data);
	else
		code = hgt_write_file(digest.data, line.data, line.len, 0600, err);
	if (code == 0 && access(archive.data, F_OK) < 0)
		unlink(digest.data);
out:
	if (fd >= 0)
		close(fd);
	hgt_buf_release(&archive);
	hgt_buf_release(&digest);
	hgt_buf_release(&line);
	return code;
}

static void run_lasting(void *job)
{
	struct lasting *l = job;

	l->code = make_lasting(l, &l->err);
}

static void lasts(void *job)
{
	struct lasting *l = job;

	if (l->code < 0)
		hgt_log(HGT_LOG_WARNING, "archives", "an archive will be built again after the next start", HGT_S("archive", l->name),
			HGT_S("reason", l->err.message));
	free(l);
}

/* For want of memory it is built again after the next start. */
static void last(struct archives *archives, const struct build *build)
{
	struct lasting *l = calloc(1, sizeof(*l));

	if (!l)
		return;
	l->archives = archives;
	memcpy(l->name, build->name, sizeof(l->name));
	l->info = build->info;
	if (hgt_workers_submit(archives->daemon->archivers, run_lasting, lasts, l, &l->err) < 0)
		free(l);
}

static void serve(struct want *want);

/* The differences could not be told (a part of the old tree has been pruned, say): all who wait get the whole, or the reason why
 * not. */
static void serve_whole(struct build *build)
{
	struct want *want;

	while ((want = TAILQ_FIRST(&build->wants))) {
		TAILQ_REMOVE(&build->wants, want, entry);
		want->delta = false;
		memcpy(want->name, want->tree, sizeof(want->tree));
		serve(want);
	}
	free(build);
}

static void build_done(void *job)
{
	struct build *build = job;
	struct archives *archives = build->archives;
	struct want *want;

	hgt_map_remove(&archives->building, build->name, strlen(build->name));
	if (build->code == 0)
		build->code = archive_keep(&archives->cache, build->name, &build->info, &build->err);
	if (build->code < 0)
		hgt_log(HGT_LOG_WARNING, "archives", build->err.message, HGT_S("archive", build->name));
	archives->stats.built += build->code == 0;
	archives->stats.build_failures += build->code < 0;
	if (build->code < 0 && build->source->delta) {
		serve_whole(build);
		return;
	}
	while ((want = TAILQ_FIRST(&build->wants))) {
		struct archive *archive = archive_find(&archives->cache, build->name);

		TAILQ_REMOVE(&build->wants, want, entry);
		if (build->code < 0 || !archive) {
			answer_failure(want, build->code, &build->err);
		} else if (!answer_file(want, archive)) {
			hgt_error_set(&build->err, HGT_EIO, "the archive cannot be read back");
			answer_failure(want, HGT_EIO, &build->err);
		}
	}
	if (build->code == 0)
		last(archives, build);
	free(build);
}

/* Wait for a build of what is wanted; begin one when there is none. */
static void build_for(struct archives *archives, struct want *want)
{
	struct build *build = hgt_map_get(&archives->building, want->name, strlen(want->name));
	int code;

	if (build) {
		TAILQ_INSERT_TAIL(&build->wants, want, entry);
		return;
	}
	build = calloc(1, sizeof(*build));
	if (!build) {
		answer_failure(want, hgt_error_nomem(&want->err), &want->err);
		return;
	}
	build->archives = archives;
	build->source = want;
	build->limit = archives->daemon->config->limits.archive_cache;
	TAILQ_INIT(&build->wants);
	memcpy(build->name, want->name, sizeof(build->name));
	code = hgt_map_put(&archives->building, build->name, strlen(build->name), build, NULL);
	if (code < 0) {
		hgt_error_nomem(&want->err);
	} else {
		code = hgt_workers_submit(archives->daemon->archivers, run_build, build_done, build, &want->err);
		if (code < 0)
			hgt_map_remove(&archives->building, build->name, strlen(build->name));
	}
	if (code < 0) {
		free(build);
		answer_failure(want, code, &want->err);
		return;
	}
	TAILQ_INSERT_TAIL(&build->wants, want, entry);
}

/* From the cache, or from a build. */
static void serve(struct want *want)
{
	struct archives *archives = want->archives;
	struct archive *archive;

	if (!want->request->ev) {	/* the client has gone */
		request_free(want->request);
		want_free(want);
		return;
	}
	if (answer_condition(want))
		return;
	archive = archive_find(&archives->cache, want->name);
	if (archive && answer_file(want, archive)) {
		archives->stats.from_cache++;
		return;
	}
	if (archive)
		archive_drop(&archives->cache, archive);	/* somebody has changed the file */
	build_for(archives, want);
}

/* Resolving. */

/*
 * Whether `from` may be told of: a client that may not see all of the repository has had only what the path was before. For any
 * other tree it would learn whether the repository has it, and thereby whether it has guessed the content of a folder, and the
 * names in it. So of that one nothing is asked but ids, however it comes out.
 */
static bool has_had(const struct want *want, struct hgt_repo *repo)
{
	bool was = false;

	if (!want->scoped)
		return true;
	return hgt_repo_path_was(repo, want->rev, want->path, want->from, PAST_MAX, &was, NULL) == 0 && was;
}

/* Whole, unless both ends are trees that the repository has, and differ. */
static void name_archive(struct want *want, struct hgt_repo *repo)
{
	want->delta = *want->from && strcmp(want->from, want->tree) != 0 && has_had(want, repo) &&
		hgt_repo_is_tree(repo, want->from) && hgt_repo_is_tree(repo, want->tree);
	snprintf(want->name, sizeof(want->name), "%s%s%s", want->tree, want->delta ? "-" : "", want->delta ? want->from : "");
}

/* On an archiver: the tree id. */
static void resolve(void *job)
{
	struct hgt_repo *repo = NULL;
	struct want *want = job;
	struct hgt_repo_pool *pool = repos_pool(want->archives->daemon->repos);

	want->code = hgt_repo_pool_get(pool, want->repo_path, &repo, &want->err);
	if (want->code < 0) {
		want->missing = "repository-not-found";
		return;
	}
	want->code = revision_check(repo, want->rev, want->refs, &want->err);
	if (want->code < 0)
		want->missing = "revision-not-found";
	else
		want->code = hgt_repo_path_id(repo, want->rev, want->path, want->tree, &want->err);
	if (want->code == 0)
		name_archive(want, repo);
	hgt_repo_pool_put(pool, repo);
}

static void resolved(void *job)
{
	struct want *want = job;

	if (want->code < 0 && want->request->ev)
		answer_failure(want, want->code, &want->err);
	else
		serve(want);
}

void archives_serve(struct archives *archives, struct request *request, const char *repo_path, const struct archive_request *asked)
{
	struct want *want = calloc(1, sizeof(*want));
	struct hgt_error err = {0};

	if (want) {
		want->archives = archives;
		want->request = request;
		want->repo_path = strdup(repo_path);
		want->rev = strdup(asked->rev);
		want->path = strdup(asked->path);
		want->refs = strdup(request->scope ? request->scope->ref_names : "");
		want->scoped = !scope_has_every_ref(request->scope);
		snprintf(want->from, sizeof(want->from), "%s", asked->from ? asked->from : "");
	}
	if (want && want->repo_path && want->rev && want->path && want->refs &&
	    hgt_workers_submit(archives->daemon->archivers, resolve, resolved, want, &err) == 0)
		return;
	if (want)
		want_free(want);
	request_reply_error(request, 503, NULL, "out of memory");
}

int archives_new(struct daemon *daemon, struct archives **out, struct hgt_error *err)
{
	struct archives *archives = calloc(1, sizeof(*archives));
	int code;

	if (!archives)
		return hgt_error_nomem(err);
	archives->daemon = daemon;
	code = archive_cache_init(&archives->cache, daemon->config->state, daemon->config->limits.archive_cache, err);
	if (code < 0) {
		archives_free(archives);
		return code;
	}
	*out = archives;
	return 0;
}

void archives_free(struct archives *archives)
{
	if (!archives)
		return;
	archive_cache_release(&archives->cache);
	hgt_map_release(&archives->building);
	free(archives);
}

void archives_stats(const struct archives *archives, struct archives_stats *out)
{
	const struct archive *archive;

	*out = archives->stats;
	TAILQ_FOREACH(archive, &archives->cache.used, entry)
		out->files++;
	out->bytes = archives->cache.bytes;
	out->limit = archives->cache.limit;
	out->building = archives->building.len;
}

void archives_reload(struct archives *archives, const struct hgt_config *config)
{
	archive_cache_limit(&archives->cache, config->limits.archive_cache);
}
