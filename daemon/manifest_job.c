/* One writing of the manifest that is published: repositories are read, the file is replaced when it would say something else. */
#include "daemon/manifest_job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/repos.h"
#include "git/repository_pool.h"
#include "mirror/repo_facts.h"

struct known_repo {
	char *name, *path;
	uint64_t stamp;			/* hgt_repo_facts_stamp */
	struct hgt_repo_facts says;
	bool read;			/* says is what it said when it was last looked at */
	bool failed;			/* it could not be read, when it had that stamp */
	bool listed;			/* it is there now */
	char **links;			/* paths below the root that lead to it, in order */
	size_t n_links;
};

static void drop_links(struct known_repo *repo)
{
	for (size_t i = 0; i < repo->n_links; i++)
		free(repo->links[i]);
	free(repo->links);
	repo->links = NULL;
	repo->n_links = 0;
}

static void known_repo_free(struct known_repo *repo)
{
	if (!repo)
		return;
	drop_links(repo);
	hgt_repo_facts_release(&repo->says);
	free(repo->name);
	free(repo->path);
	free(repo);
}

void manifest_known_release(struct manifest_known *known)
{
	const struct hgt_map_entry *entry;
	size_t pos = 0;

	while ((entry = hgt_map_next(&known->repos, &pos)))
		known_repo_free(entry->value);
	hgt_map_release(&known->repos);
	*known = (struct manifest_known){0};
}

static int add_place(struct manifest_job *job, const struct repo *repo, struct hgt_error *err)
{
	struct manifest_place *place = &job->places[job->n_places++];

	place->name = strdup(repo->name);
	place->path = strdup(repo->path);
	return place->name && place->path ? 0 : hgt_error_nomem(err);
}

int manifest_job_new(struct daemon *daemon, struct hgt_map *moved, struct manifest_job **out, struct hgt_error *err)
{
	const struct hgt_config *config = daemon->config;
	struct manifest_job *job = calloc(1, sizeof(*job));
	const struct repo *repo;
	size_t pos = 0, n = 0;
	int code = 0;

	if (!job)
		return hgt_error_nomem(err);
	while (repos_next(daemon->repos, &pos))
		n++;
	job->config = hgt_config_ref(config);
	job->pool = repos_pool(daemon->repos);
	job->places = calloc(n + 1, sizeof(*job->places));
	if (!job->places)
		code = hgt_error_nomem(err);
	for (pos = 0; code == 0 && (repo = repos_next(daemon->repos, &pos));)
		if (hgt_glob_match_any(config->manifest.repos.items, config->manifest.repos.n, repo->name))
			code = add_place(job, repo, err);
	if (code < 0) {
		manifest_job_free(job);
		return code;
	}
	job->moved = *moved;
	*moved = (struct hgt_map)HGT_MAP_INIT;
	*out = job;
	return 0;
}

void manifest_job_free(struct manifest_job *job)
{
	const struct hgt_map_entry *entry;
	size_t pos = 0;

	if (!job)
		return;
	for (size_t i = 0; i < job->n_places; i++) {
		free(job->places[i].name);
		free(job->places[i].path);
	}
	free(job->places);
	while ((entry = hgt_map_next(&job->moved, &pos)))
		free(entry->value);
	hgt_map_release(&job->moved);
	hgt_config_unref(job->config);
	free(job);
}

static struct known_repo *know(struct manifest_job *job, const struct manifest_place *place)
{
	struct known_repo *repo = hgt_map_get(&job->known.repos, place->name, strlen(place->name));

	if (repo && strcmp(repo->path, place->path) == 0)
		return repo;
	if (repo)
		known_repo_free(hgt_map_remove(&job->known.repos, place->name, strlen(place->name)));
	repo = calloc(1, sizeof(*repo));
	if (repo) {
		repo->name = strdup(place->name);
		repo->path = strdup(place->path);
	}
	if (!repo || !repo->name || !repo->path || hgt_map_put(&job->known.repos, repo->name, strlen(repo->name), repo, NULL) < 0) {
		known_repo_free(repo);
		return NULL;
	}
	return repo;
}

/* Look at it again. One that cannot be read keeps what was last known of it. */
static int describe(struct manifest_job *job, struct known_repo *repo, const char *root, uint64_t stamp)
{
	struct hgt_repo_facts says = {0};
	struct hgt_repo *open = NULL;
	struct hgt_error err = {0};
	int code = hgt_repo_pool_get(job->pool, repo->path, &open, &err);

	if (code == 0)
		code = hgt_repo_facts_read(open, root, &says, &err);
	hgt_repo_pool_put(job->pool, open);
	if (code < 0) {
		hgt_repo_facts_release(&says);
		if (code == HGT_ENOMEM)
			return hgt_error_nomem(&job->err);
		repo->failed = true;
		repo->stamp = stamp;
		hgt_log(HGT_LOG_DEBUG, "manifest", "repository cannot be read", HGT_S("repo", repo->name), HGT_S("error", err.message));
		return 0;
	}
	/* Tags alone have no such time. */
	if (!says.modified)
		says.modified = repo->read ? repo->says.modified : hgt_time_now_ms() / 1000;
	hgt_repo_facts_release(&repo->says);
	repo->says = says;
	repo->stamp = stamp;
	repo->read = true;
	repo->failed = false;
	return 0;
}

static int look_at_all(struct manifest_job *job, const char *root)
{
	for (size_t i = 0; i < job->n_places; i++) {
		const struct manifest_place *place = &job->places[i];
		struct known_repo *repo = know(job, place);
		uint64_t stamp = hgt_repo_facts_stamp(place->path);

		if (!repo)
			return hgt_error_nomem(&job->err);
		repo->listed = true;
		drop_links(repo);
		if (!(repo->read || repo->failed) || repo->stamp != stamp || job->known.forget || hgt_map_get(&job->moved, repo->name, strlen(repo->name)))
			if (describe(job, repo, root, stamp) < 0)
				return HGT_ENOMEM;
	}
	job->known.forget = false;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct known_repo *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

/* Those that are listed, in order of path; what is known of the others is forgotten. */
static int gather(struct manifest_job *job, struct known_repo ***out, size_t *n)
{
	struct known_repo **items = calloc(job->known.repos.len + 1, sizeof(*items));
	struct hgt_map kept = HGT_MAP_INIT;
	const struct hgt_map_entry *entry;
	size_t pos = 0;
	int code = items ? 0 : HGT_ENOMEM;

	*n = 0;
	while (code == 0 && (entry = hgt_map_next(&job->known.repos, &pos))) {
		struct known_repo *repo = entry->value;

		if (repo->listed) {
			items[(*n)++] = repo;
			code = hgt_map_put(&kept, repo->name, strlen(repo->name), repo, NULL);
		}
	}
	if (code < 0) {
		hgt_map_release(&kept);
		free(items);
		return hgt_error_nomem(&job->err);
	}
	for (pos = 0; (entry = hgt_map_next(&job->known.repos, &pos));)
		if (!((struct known_repo *)entry->value)->listed)
			known_repo_free(entry->value);
		else
			((struct known_repo *)entry->value)->listed = false;
	hgt_map_release(&job->known.repos);
	job->known.repos = kept;
	if (*n > 1)
		qsort(items, *n, sizeof(*items), by_name);
	*out = items;
	return 0;
}

static int add_link(struct known_repo *repo, const char *path)
{
	char **links = realloc(repo->links, (repo->n_links + 1) * sizeof(*links));

	if (!links)
		return HGT_ENOMEM;
	repo->links = links;
	links[repo->n_links] = strdup(path);
	if (!links[repo->n_links])
		return HGT_ENOMEM;
	repo->n_links++;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Symbolic links in one folder that lead to repositories: other names of theirs. */
static int find_links(const char *folder, size_t root_len, const struct hgt_map *paths)
{
	DIR *dir = opendir(folder);
	int code = 0;

	if (!dir)
		return 0;
	for (struct dirent *d; code == 0 && (d = readdir(dir));) {
		struct hgt_buf path = HGT_BUF_INIT;
		struct known_repo *repo = NULL;
		char *real = NULL;

		if (d->d_type != DT_LNK)
			continue;
		hgt_buf_addf(&path, "%s/%s", folder, d->d_name);
		real = path.failed ? NULL : realpath(path.data, NULL);
		repo = real ? hgt_map_get(paths, real, strlen(real)) : NULL;
		if (repo)
			code = add_link(repo, path.data + root_len);
		free(real);
		hgt_buf_release(&path);
	}
	closedir(dir);
	return code;
}

/* In the folders that repositories lie in. They come in order of path, which leaves few twice. */
static int find_all_links(struct known_repo **repos, size_t n, size_t root_len, struct hgt_error *err)
{
	struct hgt_map paths = HGT_MAP_INIT, seen = HGT_MAP_INIT;
	int code = 0;

	for (size_t i = 0; code == 0 && i < n; i++)
		code = hgt_map_put(&paths, repos[i]->path, strlen(repos[i]->path), repos[i], NULL);
	for (size_t i = 0; code >= 0 && i < n; i++) {
		size_t len = (size_t)(strrchr(repos[i]->path, '/') - repos[i]->path);
		char *folder;

		if (hgt_map_get(&seen, repos[i]->path, len))
			continue;
		code = hgt_map_put(&seen, repos[i]->path, len, repos[i], NULL);
		folder = code < 0 ? NULL : strndup(repos[i]->path, len);
		if (folder)
			code = find_links(folder, root_len, &paths);
		else
			code = HGT_ENOMEM;
		free(folder);
	}
	for (size_t i = 0; i < n; i++)
		if (repos[i]->n_links > 1)
			qsort(repos[i]->links, repos[i]->n_links, sizeof(*repos[i]->links), by_text);
	hgt_map_release(&paths);
	hgt_map_release(&seen);
	return code < 0 ? hgt_error_nomem(err) : 0;
}

/* Whether it has a place in the manifest: refs, no working tree around it, and the mark that is asked for. */
static bool is_for_mirrors(const struct manifest_job *job, const struct known_repo *repo)
{
	struct hgt_buf mark = HGT_BUF_INIT;
	bool is = repo->read && repo->says.fingerprint[0] && !repo->says.store && strcmp(strrchr(repo->path, '/'), "/.git") != 0;

	if (is && job->config->manifest.export_ok) {
		hgt_buf_addf(&mark, "%s/git-daemon-export-ok", repo->path);
		is = !mark.failed && access(mark.data, F_OK) == 0;
	}
	hgt_buf_release(&mark);
	return is;
}

static int render(struct manifest_job *job, struct known_repo **repos, size_t n, size_t root_len, struct hgt_buf *out)
{
	const char *file = job->config->manifest.file;
	struct hgt_manifest_entry *entries = calloc(n + 1, sizeof(*entries));
	struct hgt_buf json = HGT_BUF_INIT;
	size_t len = strlen(file);
	int code;

	if (!entries)
		return hgt_error_nomem(&job->err);
	job->entries = 0;
	for (size_t i = 0; i < n; i++) {
		const struct hgt_repo_facts *says = &repos[i]->says;
		struct hgt_manifest_entry *entry = &entries[job->entries];

		if (!is_for_mirrors(job, repos[i]))
			continue;
		*entry = (struct hgt_manifest_entry){.path = repos[i]->path + root_len, .repo = repos[i]->name, .modified = says->modified,
			.head = says->head, .owner = says->owner, .description = says->description, .forkgroup = says->forkgroup,
			.reference = says->reference, .symlinks = (const char *const *)repos[i]->links, .n_symlinks = repos[i]->n_links};
		memcpy(entry->fingerprint, says->fingerprint, sizeof(entry->fingerprint));
		job->entries++;
	}
	hgt_manifest_write(entries, job->entries, &json);
	code = hgt_buf_check(&json, &job->err);
	if (code == 0 && len > 3 && strcmp(file + len - 3, ".gz") == 0) {
		code = hgt_manifest_compress(json.data, json.len, out, &job->err);
	} else if (code == 0) {
		hgt_buf_add(out, json.data, json.len);
		code = hgt_buf_check(out, &job->err);
	}
	hgt_buf_release(&json);
	free(entries);
	return code;
}

/* In place of what is there, by a time that differs from that of what is there: mirrors ask by time, in whole seconds. */
static int replace(const char *file, const struct hgt_buf *text, struct hgt_error *err)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	struct hgt_buf temp = HGT_BUF_INIT;
	struct stat st;
	int code;

	hgt_buf_addf(&temp, "%s.new", file);
	code = hgt_buf_check(&temp, err);
	if (code == 0)
		code = hgt_write_file(temp.data, text->data, text->len, 0644, err);
	if (code < 0)
		goto out;
	if (stat(file, &st) == 0 && st.st_mtim.tv_sec >= hgt_time_now_ms() / 1000)
		times[1] = (struct timespec){.tv_sec = st.st_mtim.tv_sec + 1};
	if (utimensat(AT_FDCWD, temp.data, times, 0) < 0 || chmod(temp.data, 0644) < 0 || rename(temp.data, file) < 0)
		code = hgt_error_set_errno(err, "cannot replace %s", file);
	if (code < 0)
		unlink(temp.data);
out:
	hgt_buf_release(&temp);
	return code;
}

static int write_out(struct manifest_job *job, const struct hgt_buf *text)
{
	const char *file = job->config->manifest.file;
	struct hgt_buf there = HGT_BUF_INIT;
	unsigned char digest[HGT_SHA256_SIZE];
	struct hgt_sha256 sha;
	bool same;
	int code = 0;

	hgt_sha256_init(&sha);
	hgt_sha256_update(&sha, file, strlen(file) + 1);
	hgt_sha256_update(&sha, text->data, text->len);
	hgt_sha256_final(&sha, digest);
	same = job->known.wrote && memcmp(digest, job->known.digest, sizeof(digest)) == 0 && access(file, F_OK) == 0;
	if (!same)
		same = hgt_read_file(file, text->len + 1, &there, NULL) == 0 && there.len == text->len &&
			memcmp(there.data, text->data, there.len) == 0;
	if (!same) {
		code = replace(file, text, &job->err);
		job->written = code == 0;
	}
	job->known.wrote = code == 0;
	memcpy(job->known.digest, digest, sizeof(digest));
	hgt_buf_release(&there);
	return code;
}

void manifest_job_run(void *arg)
{
	struct manifest_job *job = arg;
	char *root = realpath(job->config->repositories.root, NULL);
	size_t root_len = root && strcmp(root, "/") != 0 ? strlen(root) : 0, n = 0;
	struct known_repo **repos = NULL;
	struct hgt_buf text = HGT_BUF_INIT;

	job->code = root ? 0 : hgt_error_set_errno(&job->err, "repositories.root: %s", job->config->repositories.root);
	if (job->code == 0)
		job->code = look_at_all(job, root);
	if (job->code == 0)
		job->code = gather(job, &repos, &n);
	if (job->code == 0)
		job->code = find_all_links(repos, n, root_len, &job->err);
	if (job->code == 0)
		job->code = render(job, repos, n, root_len, &text);
	if (job->code == 0)
		job->code = write_out(job, &text);
	/* What has moved was not all looked at. */
	if (job->code < 0)
		job->known.forget = true;
	hgt_buf_release(&text);
	free(repos);
	free(root);
}
