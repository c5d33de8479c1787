/* The archives on disk, and which of them go when there are too many. */
#include "daemon/archive_cache.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

void archive_path(const struct archive_cache *cache, const char *name, const char *suffix, struct hgt_buf *out)
{
	hgt_buf_reset(out);
	hgt_buf_addf(out, "%s/%s%s", cache->folder, name, suffix);
}

static void forget(struct archive_cache *cache, struct archive *archive)
{
	hgt_map_remove(&cache->by_name, archive->name, strlen(archive->name));
	TAILQ_REMOVE(&cache->used, archive, entry);
	cache->bytes -= archive->info.bytes;
	free(archive);
}

void archive_drop(struct archive_cache *cache, struct archive *archive)
{
	struct hgt_buf path = HGT_BUF_INIT;

	archive_path(cache, archive->name, ARCHIVE_SUFFIX, &path);
	if (!path.failed)
		unlink(path.data);
	archive_path(cache, archive->name, DIGEST_SUFFIX, &path);
	if (!path.failed)
		unlink(path.data);
	hgt_buf_release(&path);
	forget(cache, archive);
}

int archive_keep(struct archive_cache *cache, const char *name, const struct hgt_archive_info *info, struct hgt_error *err)
{
	struct archive *archive = calloc(1, sizeof(*archive));

	if (!archive)
		return hgt_error_nomem(err);
	snprintf(archive->name, sizeof(archive->name), "%s", name);
	archive->info = *info;
	if (hgt_map_put(&cache->by_name, archive->name, strlen(archive->name), archive, NULL) < 0) {
		free(archive);
		return hgt_error_nomem(err);
	}
	TAILQ_INSERT_TAIL(&cache->used, archive, entry);
	cache->bytes += info->bytes;
	while (cache->bytes > cache->limit && TAILQ_FIRST(&cache->used) != archive)
		archive_drop(cache, TAILQ_FIRST(&cache->used));
	return 0;
}

void archive_cache_limit(struct archive_cache *cache, uint64_t limit)
{
	cache->limit = limit;
	while (cache->bytes > cache->limit)
		archive_drop(cache, TAILQ_FIRST(&cache->used));
}

/* Start: the index is read from the folder. */

/* Whether it can be the name of an archive: one id, or two with a dash between them. */
static bool is_name(const char *name)
{
	char id[HGT_OID_HEX + 1] = "";
	size_t len = strlen(name);

	if (len != HGT_OID_HEX && (len != 2 * HGT_OID_HEX + 1 || name[HGT_OID_HEX] != '-' || !hgt_oid_is_valid(name + HGT_OID_HEX + 1)))
		return false;
	memcpy(id, name, HGT_OID_HEX);
	return hgt_oid_is_valid(id);
}

/* Take name's archive into found when its digest is there and all is in order; false when the file is to go. */
static bool load_archive(const struct archive_cache *cache, const char *name, struct archive *found)
{
	struct hgt_buf path = HGT_BUF_INIT, line = HGT_BUF_INIT;
	unsigned char *digest = found->info.digest;
	size_t len = strlen(name), suffix = strlen(ARCHIVE_SUFFIX);
	struct stat st;
	bool good = false;

	*found = (struct archive){0};
	if (len <= suffix || len - suffix >= sizeof(found->name) || strcmp(name + len - suffix, ARCHIVE_SUFFIX) != 0)
		return false;
	memcpy(found->name, name, len - suffix);
	if (!is_name(found->name))
		return false;
	archive_path(cache, found->name, ARCHIVE_SUFFIX, &path);
	if (path.failed || lstat(path.data, &st) < 0 || !S_ISREG(st.st_mode))
		goto out;
	found->info.bytes = (uint64_t)st.st_size;
	found->made = (int64_t)st.st_mtim.tv_sec;
	archive_path(cache, found->name, DIGEST_SUFFIX, &path);
	if (path.failed || hgt_read_file(path.data, 256, &line, NULL) < 0 || line.len < HGT_SHA256_HEX ||
	    line.data[HGT_SHA256_HEX - 1] != ' ')
		goto out;
	for (size_t i = 0; i < HGT_SHA256_SIZE; i++)
		if (sscanf(line.data + 2 * i, "%2hhx", &digest[i]) != 1)
			goto out;
	good = true;
out:
	hgt_buf_release(&path);
	hgt_buf_release(&line);
	return good;
}

static int by_age(const void *a, const void *b)
{
	const struct archive *x = a, *y = b;

	return x->made < y->made ? -1 : x->made > y->made;
}

/* Every archive that is whole into *out (to be freed); all other files but sidecars are removed. */
static int list_folder(const struct archive_cache *cache, DIR *dir, struct archive **out, size_t *n, struct hgt_error *err)
{
	struct dirent *item;
	size_t cap = 0;

	while ((item = readdir(dir))) {
		if (item->d_name[0] == '.' || !strcmp(item->d_name, "tmp") || strstr(item->d_name, DIGEST_SUFFIX))
			continue;
		if (*n == cap) {
			struct archive *more = reallocarray(*out, cap ? cap * 2 : 16, sizeof(struct archive));

			if (!more)
				return hgt_error_nomem(err);
			*out = more;
			cap = cap ? cap * 2 : 16;
		}
		if (load_archive(cache, item->d_name, &(*out)[*n]))
			(*n)++;
		else
			unlinkat(dirfd(dir), item->d_name, 0);
	}
	return 0;
}

/* Sidecars whose archive is not there. */
static void remove_orphans(const struct archive_cache *cache, DIR *dir)
{
	struct dirent *item;

	rewinddir(dir);
	while ((item = readdir(dir))) {
		const char *suffix = strstr(item->d_name, DIGEST_SUFFIX);

		if (suffix && !hgt_map_get(&cache->by_name, item->d_name, (size_t)(suffix - item->d_name)))
			unlinkat(dirfd(dir), item->d_name, 0);
	}
}

static int load_index(struct archive_cache *cache, struct hgt_error *err)
{
	DIR *dir = opendir(cache->folder);
	struct archive *found = NULL;
	size_t n = 0;
	int code;

	if (!dir)
		return hgt_error_set_errno(err, "%s", cache->folder);
	code = list_folder(cache, dir, &found, &n, err);
	if (code == 0 && n)
		qsort(found, n, sizeof(*found), by_age);
	for (size_t i = 0; code == 0 && i < n; i++)
		code = archive_keep(cache, found[i].name, &found[i].info, err);
	if (code == 0)
		remove_orphans(cache, dir);
	free(found);
	closedir(dir);
	return code;
}

/* What a crash left half-built. */
static int clear_temporary(const struct archive_cache *cache, struct hgt_error *err)
{
	DIR *dir = opendir(cache->temporary);
	struct dirent *item;

	if (!dir)
		return hgt_error_set_errno(err, "%s", cache->temporary);
	while ((item = readdir(dir)))
		if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
			unlinkat(dirfd(dir), item->d_name, 0);
	closedir(dir);
	return 0;
}

int archive_cache_init(struct archive_cache *cache, const char *state, uint64_t limit, struct hgt_error *err)
{
	int code;

	*cache = (struct archive_cache){.limit = limit};
	TAILQ_INIT(&cache->used);
	if (asprintf(&cache->folder, "%s/archives", state) < 0)
		cache->folder = NULL;
	if (asprintf(&cache->temporary, "%s/archives/tmp", state) < 0)
		cache->temporary = NULL;
	if (!cache->folder || !cache->temporary)
		return hgt_error_nomem(err);
	code = hgt_make_folders(cache->temporary, 0700, err);
	if (code == 0)
		code = clear_temporary(cache, err);
	return code < 0 ? code : load_index(cache, err);
}

struct archive *archive_find(const struct archive_cache *cache, const char *name)
{
	return hgt_map_get(&cache->by_name, name, strlen(name));
}

void archive_touch(struct archive_cache *cache, struct archive *archive)
{
	TAILQ_REMOVE(&cache->used, archive, entry);
	TAILQ_INSERT_TAIL(&cache->used, archive, entry);
}

void archive_cache_release(struct archive_cache *cache)
{
	while (!TAILQ_EMPTY(&cache->used))
		forget(cache, TAILQ_FIRST(&cache->used));
	hgt_map_release(&cache->by_name);
	free(cache->folder);
	free(cache->temporary);
}
