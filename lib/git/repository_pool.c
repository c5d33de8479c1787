/* Open repositories, kept for who needs them next. */
#include "git/repository_pool.h"

#include <git2/sys/repository.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/timing.h"
#include "git/repository_private.h"

#define OBJECTS_MS 60000	/* how long what is known of objects is believed */

/* A file or folder as it was. All zero: it was not there. */
struct stamp {
	uint64_t device, inode, size, owner;
	struct timespec modified, changed;
};

/* One that nobody uses, or (out of the list) one that somebody does. */
struct kept {
	struct kept *next;
	struct hgt_repo *repo;
	char *path;			/* as it was asked for */
	struct stamp folder, config, alternates;	/* when it was opened */
	struct stamp packs;		/* when its objects were last forgotten */
	int64_t objects_ms, used_ms;	/* monotonic */
};

struct hgt_repo_pool {
	pthread_mutex_t lock;
	struct kept *idle;		/* the last used first */
	struct kept *busy;
	size_t n_idle, most;
	uint64_t opened, reused;
};

int hgt_repo_pool_new(size_t most, struct hgt_repo_pool **out, struct hgt_error *err)
{
	struct hgt_repo_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return hgt_error_nomem(err);
	pthread_mutex_init(&pool->lock, NULL);
	pool->most = most;
	*out = pool;
	return 0;
}

static void kept_free(struct kept *kept)
{
	hgt_repo_close(kept->repo);
	free(kept->path);
	free(kept);
}

static void list_free(struct kept *list)
{
	while (list) {
		struct kept *next = list->next;

		kept_free(list);
		list = next;
	}
}

void hgt_repo_pool_free(struct hgt_repo_pool *pool)
{
	if (!pool)
		return;
	list_free(pool->idle);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* Of a repository's own folder the times say nothing: each lock file in it changes them. */
static void take_stamp(const char *path, const char *below, bool times, struct stamp *out)
{
	struct hgt_buf name = HGT_BUF_INIT;
	struct stat st;

	memset(out, 0, sizeof(*out));
	hgt_buf_addf(&name, "%s%s", path, below);
	if (!name.failed && stat(name.data, &st) == 0) {
		out->device = st.st_dev;
		out->inode = st.st_ino;
		out->owner = st.st_uid;
		if (times) {
			out->size = (uint64_t)st.st_size;
			out->modified = st.st_mtim;
			out->changed = st.st_ctim;
		}
	}
	hgt_buf_release(&name);
}

static bool is_stamp(const struct stamp *stamp, const char *path, const char *below, bool times)
{
	struct stamp now;

	take_stamp(path, below, times, &now);
	return memcmp(&now, stamp, sizeof(now)) == 0;
}

static void stamp_repository(struct kept *kept)
{
	take_stamp(kept->path, "", false, &kept->folder);
	take_stamp(kept->path, "/config", true, &kept->config);
	take_stamp(kept->path, "/objects/info/alternates", true, &kept->alternates);
}

/* Whether it is the repository that was opened. */
static bool is_same(const struct kept *kept)
{
	return is_stamp(&kept->folder, kept->path, "", false) && is_stamp(&kept->config, kept->path, "/config", true) &&
		is_stamp(&kept->alternates, kept->path, "/objects/info/alternates", true);
}

/* Forget what is known of its objects when that may be no more so. Stamped first: what comes meanwhile is seen the next time. */
static int renew_objects(struct kept *kept)
{
	int64_t now = hgt_time_mono_ms();

	if (now - kept->objects_ms < OBJECTS_MS && is_stamp(&kept->packs, kept->path, "/objects/pack", true))
		return 0;
	take_stamp(kept->path, "/objects/pack", true, &kept->packs);
	kept->objects_ms = now;
	git_odb_free(kept->repo->odb);
	kept->repo->odb = NULL;
	git_repository__cleanup(kept->repo->git);
	return git_repository_odb(&kept->repo->odb, kept->repo->git);
}

static struct kept *kept_open(const char *path, int *code, struct hgt_error *err)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	if (kept)
		kept->path = strdup(path);
	if (!kept || !kept->path) {
		free(kept);
		*code = hgt_error_nomem(err);
		return NULL;
	}
	stamp_repository(kept);
	take_stamp(path, "/objects/pack", true, &kept->packs);
	kept->objects_ms = hgt_time_mono_ms();
	*code = hgt_repo_open(path, &kept->repo, err);
	if (*code < 0) {
		kept_free(kept);
		return NULL;
	}
	return kept;
}

/* Out of the idle ones, for this caller alone. */
static struct kept *take_idle(struct hgt_repo_pool *pool, const char *path)
{
	struct kept **at, *kept;

	pthread_mutex_lock(&pool->lock);
	for (at = &pool->idle; *at && strcmp((*at)->path, path) != 0; at = &(*at)->next)
		;
	kept = *at;
	if (kept) {
		*at = kept->next;
		pool->n_idle--;
	}
	pthread_mutex_unlock(&pool->lock);
	return kept;
}

int hgt_repo_pool_get(struct hgt_repo_pool *pool, const char *path, struct hgt_repo **out, struct hgt_error *err)
{
	struct kept *kept = take_idle(pool, path);
	bool reused;
	int code = 0;

	if (kept && (!is_same(kept) || renew_objects(kept) < 0)) {
		kept_free(kept);
		kept = NULL;
	}
	reused = kept;
	if (!kept)
		kept = kept_open(path, &code, err);
	if (!kept)
		return code;
	pthread_mutex_lock(&pool->lock);
	kept->next = pool->busy;
	pool->busy = kept;
	pool->opened += !reused;
	pool->reused += reused;
	pthread_mutex_unlock(&pool->lock);
	*out = kept->repo;
	return 0;
}

/* The chain behind *from, cut off; to be freed without the lock. */
static struct kept *cut(struct hgt_repo_pool *pool, struct kept **from)
{
	struct kept *rest = *from;

	*from = NULL;
	for (struct kept *kept = rest; kept; kept = kept->next)
		pool->n_idle--;
	return rest;
}

void hgt_repo_pool_put(struct hgt_repo_pool *pool, struct hgt_repo *repo)
{
	struct kept **at, *kept, *rest = NULL;

	if (!repo)
		return;
	pthread_mutex_lock(&pool->lock);
	for (at = &pool->busy; (*at)->repo != repo; at = &(*at)->next)
		;
	kept = *at;
	*at = kept->next;
	kept->used_ms = hgt_time_mono_ms();
	kept->next = pool->idle;
	pool->idle = kept;
	pool->n_idle++;
	at = &pool->idle;
	for (size_t i = 0; i < pool->most && *at; i++)
		at = &(*at)->next;
	rest = cut(pool, at);
	pthread_mutex_unlock(&pool->lock);
	list_free(rest);
}

void hgt_repo_pool_trim(struct hgt_repo_pool *pool, int64_t unused_ms)
{
	int64_t now = hgt_time_mono_ms();
	struct kept **at, *rest;

	pthread_mutex_lock(&pool->lock);
	for (at = &pool->idle; *at && now - (*at)->used_ms < unused_ms; at = &(*at)->next)
		;
	rest = cut(pool, at);
	pthread_mutex_unlock(&pool->lock);
	list_free(rest);
}

void hgt_repo_pool_stats(struct hgt_repo_pool *pool, struct hgt_repo_pool_stats *out)
{
	pthread_mutex_lock(&pool->lock);
	*out = (struct hgt_repo_pool_stats){.opened = pool->opened, .reused = pool->reused, .kept = pool->n_idle};
	pthread_mutex_unlock(&pool->lock);
}
