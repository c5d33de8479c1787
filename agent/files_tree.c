/* Looking at and removing what is in a folder. */
#include "agent/files_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_private.h"
#include "base/timing.h"

#define LINK_TARGET_MAX 4096

/*
 * A stamp tells a later change only if the clock of the file system has moved on before the file is read: by this much it has, were it
 * as coarse as FAT's and somewhat behind ours. What is written through a mapping may show in the ctime only from the kernel's next
 * writing to disk on, which is half a minute as a rule.
 */
#define RACY_NS (60 * 1000000000ULL)

static uint64_t nanoseconds(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct manifest_stamp stamp_of(const struct stat *st)
{
	return (struct manifest_stamp){st->st_dev, st->st_ino, (uint64_t)st->st_size, nanoseconds(st->st_mtim), nanoseconds(st->st_ctim)};
}

/* To be asked before the file is read; a time in the future is no better. */
static bool is_racy(const struct stat *st)
{
	return nanoseconds(st->st_ctim) + RACY_NS > (uint64_t)hgt_time_now_ms() * 1000000;
}

static int digest_file(int folder, const char *name, const char *path, struct place *place, struct hgt_error *err)
{
	unsigned char chunk[32 * 1024];
	struct hgt_sha256 sha;
	struct stat st;
	ssize_t n;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return hgt_error_set_errno(err, "cannot open %s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !is_racy(&st))
		place->stamp = stamp_of(&st);
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

int tree_look(int folder, const char *name, const char *path, const struct manifest_entry *known, struct place *place,
	struct hgt_error *err)
{
	struct manifest_stamp stamp;
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
		stamp = stamp_of(&st);
		if (!known || !manifest_stamp_is_equal(&known->stamp, &stamp))
			return digest_file(folder, name, path, place, err);
		place->stamp = stamp;
		memcpy(place->digest, known->digest, HGT_SHA256_SIZE);
		return 0;
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

int tree_look_beneath(struct hgt_beneath *beneath, const char *path, const struct manifest_entry *known, struct place *place,
	struct hgt_error *err)
{
	size_t len;
	const char *leaf = files_leaf(path, &len);
	int fd, code = hgt_beneath_open(beneath, path, len, NULL, NULL, &fd, err);

	return code == 0 ? tree_look(fd, leaf, path, known, place, err) : code;
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

bool tree_learn(struct manifest_entry *entry, const struct place *place)
{
	if (place->kind != PLACE_FILE || !manifest_stamp_is_known(&place->stamp) ||
		manifest_stamp_is_equal(&entry->stamp, &place->stamp))
		return false;
	entry->stamp = place->stamp;
	return true;
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
			code = manifest_add(names, MANIFEST_STALE, d->d_name, strlen(d->d_name), no_digest, NULL, err);
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
