/* Looking at, listing and removing what is in a folder. */
#include "agent/files_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINK_TARGET_MAX 4096

static int digest_file(int folder, const char *name, const char *path, struct place *place, struct hgt_error *err)
{
	unsigned char chunk[32 * 1024];
	struct hgt_sha256 sha;
	ssize_t n;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return hgt_error_set_errno(err, "cannot open %s", path);
	hgt_sha256_init(&sha);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			hgt_sha256_update(&sha, chunk, (size_t)n);
	if (n < 0) {
		close(fd);
		return hgt_error_set_errno(err, "cannot read %s", path);
	}
	hgt_sha256_final(&sha, place->digest);
	close(fd);
	return 0;
}

static int digest_link(int folder, const char *name, const char *path, struct place *place, struct hgt_error *err)
{
	char target[LINK_TARGET_MAX];
	ssize_t n = readlinkat(folder, name, target, sizeof(target));

	if (n < 0)
		return hgt_error_set_errno(err, "cannot read link %s", path);
	hgt_sha256(target, (size_t)n, place->digest);
	return 0;
}

int tree_look(int folder, const char *name, const char *path, struct place *place, struct hgt_error *err)
{
	struct stat st;

	memset(place, 0, sizeof(*place));
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : hgt_error_set_errno(err, "cannot look at %s", path);
	place->mode = st.st_mode & 07777;
	place->uid = st.st_uid;
	place->gid = st.st_gid;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		place->kind = PLACE_FILE;
		return digest_file(folder, name, path, place, err);
	case S_IFLNK:
		place->kind = PLACE_LINK;
		return digest_link(folder, name, path, place, err);
	case S_IFDIR:
		place->kind = PLACE_FOLDER;
		return 0;
	default:
		place->kind = PLACE_OTHER;
		return 0;
	}
}

bool tree_holds(const struct place *place, const struct manifest_entry *entry)
{
	bool same = memcmp(place->digest, entry->digest, HGT_SHA256_SIZE) == 0;

	switch (entry->kind) {
	case MANIFEST_FILE:
		return place->kind == PLACE_FILE && same && !(place->mode & 0111);
	case MANIFEST_EXECUTABLE:
		return place->kind == PLACE_FILE && same && (place->mode & 0111);
	case MANIFEST_LINK:
		return place->kind == PLACE_LINK && same;
	case MANIFEST_FOLDER:
	case MANIFEST_FOLDER_FOUND:
	case MANIFEST_FOLDER_STALE:
		return place->kind == PLACE_FOLDER;
	case MANIFEST_STALE:
		return (place->kind == PLACE_FILE || place->kind == PLACE_LINK) && same;
	}
	return false;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The folder as a stream, its descriptor left to the caller. */
static DIR *read_folder(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static int list_below(int folder, struct hgt_buf *path, struct manifest *m, struct hgt_error *err);

static int list_entry(int folder, const char *name, struct hgt_buf *path, struct manifest *m, struct hgt_error *err)
{
	static const enum manifest_kind kinds[] = {
		[PLACE_FILE] = MANIFEST_FILE,
		[PLACE_LINK] = MANIFEST_LINK,
		[PLACE_FOLDER] = MANIFEST_FOLDER_FOUND,
	};
	enum manifest_kind kind;
	struct place place;
	int fd, code = tree_look(folder, name, path->data, &place, err);

	if (code < 0)
		return code;
	if (place.kind == PLACE_NOTHING || place.kind == PLACE_OTHER)
		return hgt_error_set(err, HGT_ECONFLICT, "%s is no file, folder or link", path->data);
	kind = kinds[place.kind];
	if (kind == MANIFEST_FILE && (place.mode & 0111))
		kind = MANIFEST_EXECUTABLE;
	code = manifest_add(m, kind, path->data, path->len, place.digest, err);
	if (code < 0 || place.kind != PLACE_FOLDER)
		return code;
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return hgt_error_set_errno(err, "cannot open folder %s", path->data);
	code = list_below(fd, path, m, err);
	close(fd);
	return code;
}

static int list_below(int folder, struct hgt_buf *path, struct manifest *m, struct hgt_error *err)
{
	DIR *dir = read_folder(folder);
	size_t len = path->len;
	struct dirent *d;
	int code = 0;

	if (!dir)
		return hgt_error_set_errno(err, "cannot read folder %s", path->data);
	while (code == 0 && (errno = 0, d = readdir(dir))) {
		if (is_dots(d->d_name))
			continue;
		if (len > 0)
			hgt_buf_addc(path, '/');
		hgt_buf_adds(path, d->d_name);
		code = hgt_buf_check(path, err);
		if (code == 0)
			code = list_entry(folder, d->d_name, path, m, err);
		hgt_buf_truncate(path, len);
	}
	if (code == 0 && errno)
		code = hgt_error_set_errno(err, "cannot read folder %s", path->data);
	closedir(dir);
	return code;
}

int tree_list(int folder, struct manifest *m, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code = list_below(folder, &path, m, err);

	hgt_buf_release(&path);
	if (code == 0)
		manifest_sort(m);
	return code;
}

int tree_names(int folder, const char *prefix, struct manifest *names, struct hgt_error *err)
{
	static const unsigned char no_digest[HGT_SHA256_SIZE];
	DIR *dir = read_folder(folder);
	struct dirent *d;
	int code = 0;

	if (!dir)
		return hgt_error_set_errno(err, "cannot read a folder");
	while (code == 0 && (d = readdir(dir)))
		if (strncmp(d->d_name, prefix, strlen(prefix)) == 0)
			code = manifest_add(names, MANIFEST_STALE, d->d_name, strlen(d->d_name), no_digest, err);
	closedir(dir);
	return code;
}

/* A stream may skip entries when others are removed meanwhile, so the folder is read anew until it gives nothing. */
static int empty_folder(int folder, struct hgt_error *err)
{
	bool again = true;
	int code = 0;

	while (again && code == 0) {
		DIR *dir = read_folder(folder);
		struct dirent *d;

		if (!dir)
			return hgt_error_set_errno(err, "cannot read a folder");
		again = false;
		while (code == 0 && (d = readdir(dir))) {
			if (is_dots(d->d_name))
				continue;
			code = tree_remove(folder, d->d_name, err);
			again = true;
		}
		closedir(dir);
	}
	return code;
}

int tree_remove(int folder, const char *name, struct hgt_error *err)
{
	int fd, code;

	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return hgt_error_set_errno(err, "cannot remove %s", name);
	code = empty_folder(fd, err);
	close(fd);
	if (code == 0 && unlinkat(folder, name, AT_REMOVEDIR) < 0)
		code = hgt_error_set_errno(err, "cannot remove folder %s", name);
	return code;
}
