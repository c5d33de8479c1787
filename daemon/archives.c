/* Archives: resolved and built by workers, once for all who wait, and served from the cache. */
#include "daemon/archives.h"

#include <event2/buffer.h>
#include <fcntl.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/log.h"
#include "base/map.h"
#include "base/workers.h"
#include "daemon/archive_cache.h"
#include "daemon/request.h"
#include "git/repository.h"
#include "headgate/protocol.h"

/* A request that waits, first for its tree id, then for the build. */
struct want {
	TAILQ_ENTRY(want) entry;
	struct archives *archives;
	struct request *request;
	char *repo_path, *rev, *path;
	char tree[HGT_OID_HEX_SHA256 + 1];
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
	char tree[HGT_OID_HEX_SHA256 + 1];
	uint64_t limit;
	struct hgt_archive_info info;
	int code;
	struct hgt_error err;
};

struct archives {
	struct daemon *daemon;
	struct archive_cache cache;
	struct hgt_map building;	/* tree -> struct build */
	struct archives_stats stats;	/* what is counted of them */
};

/* Answers. */

static void want_free(struct want *want)
{
	free(want->repo_path);
	free(want->rev);
	free(want->path);
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

static void add_headers(const struct want *want)
{
	struct hgt_buf etag = HGT_BUF_INIT;

	hgt_buf_addf(&etag, "\"%s\"", want->tree);
	if (!etag.failed)
		request_header(want->request, "ETag", etag.data);
	request_header(want->request, HGT_HEADER_REVISION, want->rev);
	hgt_buf_release(&etag);
}

/* RFC 9110 section 13.1.2: a list of entity tags, perhaps weak ones, or a star. */
static bool has_it(const struct want *want)
{
	const char *value = request_get_header(want->request, "If-None-Match");
	struct hgt_buf etag = HGT_BUF_INIT;
	bool found;

	if (!value)
		return false;
	hgt_buf_addf(&etag, "\"%s\"", want->tree);
	found = !strcmp(value, "*") || (!etag.failed && strstr(value, etag.data));
	hgt_buf_release(&etag);
	return found;
}

/* Serve from the file, and free the want. False, with nothing done, when the file is not what it was. */
static bool answer_file(struct want *want, struct archive *archive)
{
	struct archives *archives = want->archives;
	struct evbuffer *body = evbuffer_new();
	struct hgt_buf text = HGT_BUF_INIT;
	struct stat st;
	int fd = -1;

	archive_path(&archives->cache, archive->tree, ARCHIVE_SUFFIX, &text);
	if (!text.failed)
		fd = open(text.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	/* With the flag it goes out by sendfile, else through a mapping. */
	if (fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size != archive->info.bytes || !body ||
	    evbuffer_set_flags(body, EVBUFFER_FLAG_DRAINS_TO_FD) < 0 || evbuffer_add_file(body, fd, 0, st.st_size) < 0) {
		if (fd >= 0)
			close(fd);
		if (body)
			evbuffer_free(body);
		hgt_buf_release(&text);
		return false;
	}
	archive_touch(&archives->cache, archive);
	add_headers(want);
	hgt_buf_reset(&text);
	hgt_digest_field(&text, archive->info.digest);
	if (!text.failed)
		request_header(want->request, "Repr-Digest", text.data);
	request_header(want->request, "Content-Type", "application/gzip");
	request_reply_buffer(want->request, 200, body);
	evbuffer_free(body);
	hgt_buf_release(&text);
	want_free(want);
	return true;
}

/* Building. */

/* On an archiver: the archive in a temporary file, its digest beside its place, then into its place. */
static int make_archive(struct build *build, struct hgt_error *err)
{
	const struct archives *archives = build->archives;
	struct hgt_buf temporary = HGT_BUF_INIT, path = HGT_BUF_INIT, line = HGT_BUF_INIT;
	char unique[17], hex[HGT_SHA256_HEX];
	struct hgt_repo *repo = NULL;
	int fd = -1, code;

	hgt_random_hex(8, unique);
	hgt_buf_addf(&temporary, "%s/%s", archives->cache.temporary, unique);
	if ((code = hgt_buf_check(&temporary, err)) < 0 || (code = hgt_repo_open(build->source->repo_path, &repo, err)) < 0)
		goto out;
	fd = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		code = hgt_error_set_errno(err, "%s", temporary.data);
		goto out;
	}
	code = hgt_archive_build(repo, build->source->rev, build->source->path, fd, build->limit, &build->info, err);
	if (code < 0)
		goto out;
	if (fsync(fd) < 0) {
		code = hgt_error_set_errno(err, "%s", temporary.data);
		goto out;
	}
	hgt_hex(build->info.digest, sizeof(build->info.digest), hex);
	hgt_buf_addf(&line, "%s  %s%s\n", hex, build->tree, ARCHIVE_SUFFIX);
	archive_path(&archives->cache, build->tree, DIGEST_SUFFIX, &path);
	if ((code = hgt_buf_check(&line, err)) < 0 || (code = hgt_buf_check(&path, err)) < 0 ||
	    (code = hgt_write_file(path.data, line.data, line.len, 0600, err)) < 0)
		goto out;
	archive_path(&archives->cache, build->tree, ARCHIVE_SUFFIX, &path);
	code = hgt_buf_check(&path, err);
	if (code == 0 && rename(temporary.data, path.data) < 0)
		code = hgt_error_set_errno(err, "%s", path.data);
out:
	if (code < 0 && fd >= 0)
		unlink(temporary.data);
	if (fd >= 0)
		close(fd);
	hgt_repo_close(repo);
	hgt_buf_release(&temporary);
	hgt_buf_release(&path);
	hgt_buf_release(&line);
	return code;
}

static void run_build(void *job)
{
	struct build *build = job;

	build->code = make_archive(build, &build->err);
}

static void build_done(void *job)
{
	struct build *build = job;
	struct archives *archives = build->archives;
	struct want *want;

	hgt_map_remove(&archives->building, build->tree, strlen(build->tree));
	if (build->code == 0)
		build->code = archive_keep(&archives->cache, build->tree, &build->info, &build->err);
	if (build->code < 0)
		hgt_log(HGT_LOG_WARNING, "archives", build->err.message, HGT_S("tree", build->tree));
	archives->stats.built += build->code == 0;
	archives->stats.build_failures += build->code < 0;
	while ((want = TAILQ_FIRST(&build->wants))) {
		struct archive *archive = archive_find(&archives->cache, build->tree);

		TAILQ_REMOVE(&build->wants, want, entry);
		if (build->code < 0 || !archive) {
			answer_failure(want, build->code, &build->err);
		} else if (!answer_file(want, archive)) {
			hgt_error_set(&build->err, HGT_EIO, "the archive cannot be read back");
			answer_failure(want, HGT_EIO, &build->err);
		}
	}
	free(build);
}

/* Wait for a build of the want's tree; begin one when there is none. */
static void build_for(struct archives *archives, struct want *want)
{
	struct build *build = hgt_map_get(&archives->building, want->tree, strlen(want->tree));
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
	snprintf(build->tree, sizeof(build->tree), "%s", want->tree);
	code = hgt_map_put(&archives->building, build->tree, strlen(build->tree), build, NULL);
	if (code < 0) {
		hgt_error_nomem(&want->err);
	} else {
		code = hgt_workers_submit(archives->daemon->archivers, run_build, build_done, build, &want->err);
		if (code < 0)
			hgt_map_remove(&archives->building, build->tree, strlen(build->tree));
	}
	if (code < 0) {
		free(build);
		answer_failure(want, code, &want->err);
		return;
	}
	TAILQ_INSERT_TAIL(&build->wants, want, entry);
}

/* Resolving. */

/* On an archiver: the tree id. */
static void resolve(void *job)
{
	char commit[HGT_OID_HEX_SHA256 + 1];
	struct hgt_repo *repo = NULL;
	struct want *want = job;

	want->code = hgt_repo_open(want->repo_path, &repo, &want->err);
	if (want->code < 0) {
		want->missing = "repository-not-found";
		return;
	}
	want->code = hgt_repo_commit(repo, want->rev, commit, &want->err);
	if (want->code == 0 && strcmp(commit, want->rev) != 0)
		want->code = hgt_error_set(&want->err, HGT_ENOENT, "%s is no commit", want->rev);
	if (want->code < 0)
		want->missing = "revision-not-found";
	else
		want->code = hgt_repo_path_id(repo, commit, want->path, want->tree, &want->err);
	hgt_repo_close(repo);
}

static void resolved(void *job)
{
	struct want *want = job;
	struct archives *archives = want->archives;
	struct archive *archive;

	if (!want->request->ev) {	/* the client has gone */
		request_free(want->request);
		want_free(want);
		return;
	}
	if (want->code < 0) {
		answer_failure(want, want->code, &want->err);
		return;
	}
	if (has_it(want)) {
		archives->stats.unchanged++;
		add_headers(want);
		request_reply_empty(want->request, 304);
		want_free(want);
		return;
	}
	archive = archive_find(&archives->cache, want->tree);
	if (archive && answer_file(want, archive)) {
		archives->stats.from_cache++;
		return;
	}
	if (archive)
		archive_drop(&archives->cache, archive);	/* somebody has changed the file */
	build_for(archives, want);
}

void archives_serve(struct archives *archives, struct request *request, const char *repo_path, const char *rev, const char *path)
{
	struct want *want = calloc(1, sizeof(*want));
	struct hgt_error err = {0};

	if (want) {
		want->archives = archives;
		want->request = request;
		want->repo_path = strdup(repo_path);
		want->rev = strdup(rev);
		want->path = strdup(path);
	}
	if (want && want->repo_path && want->rev && want->path &&
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
