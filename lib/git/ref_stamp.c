/* What a repository's refs look like from outside. */
#include "git/ref_stamp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/timing.h"

enum { RACY_MS = 2000, DEPTH_MAX = 64 };

struct look {
	struct hgt_sha256 sha;
	int64_t now_ms;
	bool proves_nothing;
};

static int64_t milliseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void add(struct look *l, const char *name, const struct stat *st)
{
	const uint64_t facts[] = {st->st_dev, st->st_ino, st->st_mode, (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
		(uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec};

	/* Times to come say that some clock was wrong. */
	if (milliseconds(st->st_ctim) + RACY_MS > l->now_ms)
		l->proves_nothing = true;
	hgt_sha256_update(&l->sha, name, strlen(name) + 1);
	hgt_sha256_update(&l->sha, facts, sizeof(facts));
}

/* A file that need not be there. */
static void add_file(struct look *l, int folder, const char *name)
{
	struct stat st;

	if (fstatat(folder, name, &st, 0) == 0)
		add(l, name, &st);
	else if (errno != ENOENT)
		l->proves_nothing = true;
}

/* A folder and all that is in it; takes fd. The order is the folder's own: it stays while the folder does. */
static void add_folder(struct look *l, int fd, const char *name, int depth)
{
	DIR *dir = fd >= 0 && depth <= DEPTH_MAX ? fdopendir(fd) : NULL;
	struct stat st;

	if (!dir || fstat(fd, &st) < 0) {
		l->proves_nothing = true;
		if (dir)
			closedir(dir);
		else if (fd >= 0)
			close(fd);
		return;
	}
	add(l, name, &st);
	for (struct dirent *d; !l->proves_nothing && (d = readdir(dir));) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			l->proves_nothing = true;
		/* Headgate's own refs are told to nobody. */
		else if (depth == 0 && strcmp(d->d_name, "headgate") == 0)
			continue;
		/* What a link leads to may change without it. */
		else if (S_ISDIR(st.st_mode))
			add_folder(l, openat(fd, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), d->d_name, depth + 1);
		else if (S_ISREG(st.st_mode))
			add(l, d->d_name, &st);
		else
			l->proves_nothing = true;
	}
	/* An empty name ends it. */
	hgt_sha256_update(&l->sha, "", 1);
	closedir(dir);
}

void hgt_ref_stamp(const char *path, char out[HGT_REF_STAMP_TEXT])
{
	unsigned char digest[HGT_SHA256_SIZE];
	struct look l = {.now_ms = hgt_time_now_ms()};
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	out[0] = '\0';
	if (folder < 0)
		return;
	hgt_sha256_init(&l.sha);
	add_file(&l, folder, "config");
	add_file(&l, folder, "packed-refs");
	add_folder(&l, openat(folder, "refs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), "refs", 0);
	close(folder);
	hgt_sha256_final(&l.sha, digest);
	if (!l.proves_nothing)
		hgt_hex(digest, (HGT_REF_STAMP_TEXT - 1) / 2, out);
}
