/* Which repositories there are below the configured root. */
#include "daemon/repos.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "git/repository_pool.h"
#include "install/make_repo.h"

/* Kept open while nobody looks at them: some 60 KiB each, and a few descriptors. More than compares are under way at once. */
#define REPOS_OPEN_MAX 12

struct entry {
	struct repo repo;
	char *trouble;	/* what repo.trouble points at */
	char text[];	/* name and path, each terminated */
};

struct entries {
	struct entry **items;
	size_t n, cap;
};

struct strings {
	char **items;
	size_t n, cap;
};

struct repos {
	struct entries entries;	/* in order of name */
	struct hgt_map paths;	/* path -> entry */
	struct hgt_repo_pool *pool;
};

struct repos_scan {
	const struct hgt_config *config;
	struct entries entries;
	struct strings folders;
	struct hgt_buf path;	/* of the folder that is being looked at */
};

static void entry_free(struct entry *entry)
{
	if (entry)
		free(entry->trouble);
	free(entry);
}

static void entries_release(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		entry_free(entries->items[i]);
	free(entries->items);
}

static int add_entry(struct entries *entries, struct entry *entry)
{
	if (entries->n == entries->cap) {
		size_t cap = entries->cap ? entries->cap * 2 : 16;
		struct entry **items = realloc(entries->items, cap * sizeof(*items));

		if (!items)
			return HGT_ENOMEM;
		entries->items = items;
		entries->cap = cap;
	}
	entries->items[entries->n++] = entry;
	return 0;
}

static int add_string(struct strings *strings, const char *s)
{
	char *copy = strdup(s);

	if (copy && strings->n == strings->cap) {
		size_t cap = strings->cap ? strings->cap * 2 : 16;
		char **items = realloc(strings->items, cap * sizeof(*items));

		if (!items) {
			free(copy);
			return HGT_ENOMEM;
		}
		strings->items = items;
		strings->cap = cap;
	}
	if (!copy)
		return HGT_ENOMEM;
	strings->items[strings->n++] = copy;
	return 0;
}

static bool is_folder(int parent, const char *name)
{
	struct stat st;

	return fstatat(parent, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static bool is_repository(int folder)
{
	struct stat st;

	/* In a very old repository HEAD is a symbolic link, which may lead nowhere yet. */
	return fstatat(folder, "HEAD", &st, AT_SYMLINK_NOFOLLOW) == 0 && is_folder(folder, "objects") && is_folder(folder, "refs");
}

/* The folder at scan->path is a repository: take it when the config includes it. */
static int take(struct repos_scan *scan, struct hgt_error *err)
{
	struct hgt_buf name = HGT_BUF_INIT;
	struct hgt_error why = {0};
	struct entry *entry = NULL;
	size_t name_size, path_size = scan->path.len + 1;
	int code = hgt_config_repo_name(scan->config, scan->path.data, &name, &why);

	if (code < 0) {
		/* Not included, or gone since it was listed. */
		code = code == HGT_ENOENT ? 0 : hgt_error_set(err, code, "%s", why.message);
		goto out;
	}
	name_size = name.len + 1;
	entry = calloc(1, sizeof(*entry) + name_size + path_size);
	if (!entry) {
		code = hgt_error_nomem(err);
		goto out;
	}
	entry->repo.name = memcpy(entry->text, name.data, name_size);
	entry->repo.path = memcpy(entry->text + name_size, scan->path.data, path_size);
	if (add_entry(&scan->entries, entry) < 0) {
		code = hgt_error_nomem(err);
		goto out;
	}
	entry = NULL;
out:
	entry_free(entry);
	hgt_buf_release(&name);
	return code;
}

static int look(struct repos_scan *scan, int folder, int depth, struct hgt_error *err);

/* Look into the folder `name` of the one at scan->path. */
static int look_below(struct repos_scan *scan, int parent, const char *name, int depth, struct hgt_error *err)
{
	size_t len = scan->path.len;
	int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int code = 0;

	if (folder < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			hgt_log(HGT_LOG_WARNING, "repos", "folder cannot be read", HGT_S("folder", scan->path.data),
				HGT_S("name", name), HGT_S("error", strerror(errno)));
		return 0;
	}
	hgt_buf_addf(&scan->path, "/%s", name);
	code = hgt_buf_check(&scan->path, err);
	if (code == 0)
		code = is_repository(folder) ? take(scan, err) : look(scan, folder, depth, err);
	hgt_buf_truncate(&scan->path, len);
	close(folder);
	return code;
}

/* Look through the folder at scan->path, which is no repository itself. */
static int look(struct repos_scan *scan, int folder, int depth, struct hgt_error *err)
{
	int again, code = 0;
	DIR *dir;

	/* A working tree: its repository is in .git, and its own folders are none of ours. */
	if (is_folder(folder, ".git"))
		return look_below(scan, folder, ".git", REPOS_DEPTH_MAX, err);
	if (add_string(&scan->folders, scan->path.data) < 0)
		return hgt_error_nomem(err);
	if (depth >= REPOS_DEPTH_MAX)
		return 0;
	again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = again < 0 ? NULL : fdopendir(again);
	if (!dir) {
		if (again >= 0)
			close(again);
		return hgt_error_set_errno(err, "cannot read folder %s", scan->path.data);
	}
	for (struct dirent *d; code == 0 && (d = readdir(dir));) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 && strncmp(d->d_name, HGT_MAKING, sizeof(HGT_MAKING) - 1) != 0 &&
			(d->d_type == DT_DIR || d->d_type == DT_UNKNOWN))
			code = look_below(scan, folder, d->d_name, depth + 1, err);
	}
	closedir(dir);
	return code;
}

static int by_name(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return strcmp((*x)->repo.name, (*y)->repo.name);
}

/* "x" and "x.git" in one folder have one name: the one without is taken, since its path comes first. */
static void drop_doubles(struct entries *entries)
{
	size_t kept = 0;

	for (size_t i = 0; i < entries->n; i++) {
		struct entry *entry = entries->items[i];

		if (kept > 0 && strcmp(entries->items[kept - 1]->repo.name, entry->repo.name) == 0) {
			struct entry **held = &entries->items[kept - 1];
			struct entry *drop = strcmp((*held)->repo.path, entry->repo.path) < 0 ? entry : *held;

			*held = drop == entry ? *held : entry;
			hgt_log(HGT_LOG_WARNING, "repos", "two repositories have one name", HGT_S("name", entry->repo.name),
				HGT_S("taken", (*held)->repo.path), HGT_S("left_out", drop->repo.path));
			entry_free(drop);
		} else {
			entries->items[kept++] = entry;
		}
	}
	entries->n = kept;
}

int repos_scan_new(const struct hgt_config *config, struct repos_scan **out, struct hgt_error *err)
{
	struct repos_scan *scan = calloc(1, sizeof(*scan));
	char *root = realpath(config->repositories.root, NULL);
	int folder = -1, code;

	if (!scan) {
		code = hgt_error_nomem(err);
		goto out;
	}
	hgt_buf_init(&scan->path);
	scan->config = config;
	folder = root ? open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (folder < 0) {
		code = hgt_error_set_errno(err, "repositories.root: cannot open %s", config->repositories.root);
		goto out;
	}
	hgt_buf_adds(&scan->path, strcmp(root, "/") == 0 ? "" : root);
	code = hgt_buf_check(&scan->path, err);
	if (code == 0)
		code = look(scan, folder, 0, err);
	if (code < 0)
		goto out;
	if (scan->entries.n > 0)
		qsort(scan->entries.items, scan->entries.n, sizeof(*scan->entries.items), by_name);
	drop_doubles(&scan->entries);
	*out = scan;
	scan = NULL;
out:
	if (folder >= 0)
		close(folder);
	free(root);
	repos_scan_free(scan);
	return code;
}

void repos_scan_free(struct repos_scan *scan)
{
	if (!scan)
		return;
	entries_release(&scan->entries);
	for (size_t i = 0; i < scan->folders.n; i++)
		free(scan->folders.items[i]);
	free(scan->folders.items);
	hgt_buf_release(&scan->path);
	free(scan);
}

const char *repos_scan_folder(const struct repos_scan *scan, size_t at)
{
	return at < scan->folders.n ? scan->folders.items[at] : NULL;
}

int repos_new(const struct hgt_config *config, struct repos **out, struct hgt_error *err)
{
	struct repos *repos = calloc(1, sizeof(*repos));
	struct repos_scan *scan = NULL;
	int code;

	if (!repos)
		return hgt_error_nomem(err);
	code = hgt_repo_pool_new(REPOS_OPEN_MAX, &repos->pool, err);
	if (code == 0)
		code = repos_scan_new(config, &scan, err);
	if (code == 0)
		code = repos_merge(repos, scan, NULL, NULL, NULL, err);
	if (code == 0) {
		*out = repos;
		repos = NULL;
	}
	repos_free(repos);
	return code;
}

void repos_free(struct repos *repos)
{
	if (!repos)
		return;
	hgt_map_release(&repos->paths);
	entries_release(&repos->entries);
	hgt_repo_pool_free(repos->pool);
	free(repos);
}

struct hgt_repo_pool *repos_pool(const struct repos *repos)
{
	return repos->pool;
}

static struct entry *find(const struct repos *repos, const char *name)
{
	size_t low = 0, high = repos->entries.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, repos->entries.items[middle]->repo.name);

		if (order == 0)
			return repos->entries.items[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct repo *repos_find(const struct repos *repos, const char *name)
{
	const struct entry *entry = find(repos, name);

	return entry ? &entry->repo : NULL;
}

const struct repo *repos_find_path(const struct repos *repos, const char *path)
{
	const struct entry *entry = hgt_map_get(&repos->paths, path, strlen(path));
	char *real;

	if (!entry) {
		real = realpath(path, NULL);
		entry = real ? hgt_map_get(&repos->paths, real, strlen(real)) : NULL;
		free(real);
	}
	return entry ? &entry->repo : NULL;
}

const struct repo *repos_next(const struct repos *repos, size_t *pos)
{
	return *pos < repos->entries.n ? &repos->entries.items[(*pos)++]->repo : NULL;
}

void repos_found(struct repos *repos, const char *name, size_t refs, const char *trouble)
{
	struct entry *entry = find(repos, name);

	if (!entry)
		return;
	if (!trouble) {
		if (entry->trouble)
			hgt_log(HGT_LOG_INFO, "repos", "repository can be read again", HGT_S("repo", name));
		free(entry->trouble);
		entry->trouble = NULL;
		entry->repo.refs = refs;
	} else if (!entry->trouble || strcmp(entry->trouble, trouble) != 0) {
		char *copy = strdup(trouble);

		hgt_log(HGT_LOG_WARNING, "repos", "repository cannot be served", HGT_S("repo", name), HGT_S("reason", trouble));
		/* Without memory for the new reason the old one, or a general one, has to do. */
		if (copy) {
			free(entry->trouble);
			entry->trouble = copy;
		}
	}
	entry->repo.trouble = trouble && !entry->trouble ? "cannot be read" : entry->trouble;
}

/*
 * Both lists are in order of name. A repository that is in both keeps its entry, so that pointers to it hold, unless it has moved to
 * another path: then it is gone and new.
 */
int repos_merge(struct repos *repos, struct repos_scan *scan, repos_change_cb added, repos_change_cb gone, void *ctx,
	struct hgt_error *err)
{
	struct entries old = repos->entries, *fresh = &scan->entries;
	struct hgt_map paths = HGT_MAP_INIT;
	size_t i = 0, k = 0;

	for (size_t n = 0; n < fresh->n; n++) {
		struct entry *entry = fresh->items[n], *held = find(repos, entry->repo.name);
		struct entry *stays = held && strcmp(held->repo.path, entry->repo.path) == 0 ? held : entry;

		if (hgt_map_put(&paths, stays->repo.path, strlen(stays->repo.path), stays, NULL) < 0) {
			hgt_map_release(&paths);
			repos_scan_free(scan);
			return hgt_error_nomem(err);
		}
	}
	repos->entries = *fresh;
	*fresh = (struct entries){0};
	hgt_map_release(&repos->paths);
	repos->paths = paths;
	/* From here on nothing fails. Old entries that stay are moved over; the others are told and freed. */
	for (; i < old.n || k < repos->entries.n;) {
		struct entry **mine = k < repos->entries.n ? &repos->entries.items[k] : NULL;
		int order = i == old.n ? 1 : !mine ? -1 : strcmp(old.items[i]->repo.name, (*mine)->repo.name);

		if (order == 0 && strcmp(old.items[i]->repo.path, (*mine)->repo.path) == 0) {
			entry_free(*mine);
			*mine = old.items[i++];
			k++;
		} else if (order <= 0) {
			if (gone)
				gone(ctx, &old.items[i]->repo);
			entry_free(old.items[i++]);
		} else {
			if (added)
				added(ctx, &(*mine)->repo);
			k++;
		}
	}
	free(old.items);
	repos_scan_free(scan);
	return 0;
}
