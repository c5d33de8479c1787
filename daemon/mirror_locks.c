/*
 * What a git leaves that was killed while it moved refs: their locks, which git never takes away by itself. So that nobody has to, what is
 * going to be moved is noted beforehand in <repository>/headgate/moving-<mirror>, and the note goes when the turn is over. A turn that
 * finds one takes away locks of the refs in it that are as old as it and that no git can still hold: ours live for a moment.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/mirror_pull.h"

enum {
	NOTE_MAX = 256 * 1024 * 1024,
	STALE_S = 60,		/* of a ref's lock */
	STALE_PACKED_S = 600,	/* of that of all packed refs: a gc may take long */
};

static int note_path(const struct pull *pull, struct hgt_buf *out, struct hgt_error *err)
{
	hgt_buf_addf(out, "%s/headgate/moving-%s", pull->path, pull->name);
	return hgt_buf_check(out, err);
}

/* What an earlier turn has noted stays noted, as of then. */
static int write_note(struct pull *pull, const char *path, struct hgt_error *err)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = pull->noted_since}};
	int code = hgt_write_file(path, pull->note.data, pull->note.len, 0644, err);

	if (code == 0 && pull->noted_since && utimensat(AT_FDCWD, path, times, 0) < 0)
		code = hgt_error_set_errno(err, "%s", path);
	pull->noted = pull->noted || code == 0;
	return code;
}

/* All that the plan moves and is not noted yet. */
static int add_moves(struct pull *pull, struct hgt_error *err)
{
	struct hgt_map there = HGT_MAP_INIT;
	struct hgt_buf more = HGT_BUF_INIT;
	int code = 0;

	for (const char *line = pull->note.data; code >= 0 && *line; line += strcspn(line, "\n") + 1)
		code = hgt_map_put(&there, line, strcspn(line, "\n"), pull, NULL);
	for (size_t i = 0; code >= 0 && i < pull->plan.n; i++) {
		const char *ref = pull->plan.items[i].ref;

		if (hgt_pull_moves(&pull->plan.items[i]) && !hgt_map_get(&there, ref, strlen(ref)))
			hgt_buf_addf(&more, "%s\n", ref);
	}
	hgt_map_release(&there);
	hgt_buf_add(&pull->note, more.data, more.len);
	code = code < 0 || more.failed ? hgt_error_nomem(err) : hgt_buf_check(&pull->note, err);
	hgt_buf_release(&more);
	return code;
}

int pull_note(struct pull *pull, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, folder = HGT_BUF_INIT;
	size_t before = pull->note.len;
	int code = note_path(pull, &path, err);

	hgt_buf_addf(&folder, "%s/headgate", pull->path);
	if (code == 0)
		code = add_moves(pull, err);
	if (code == 0)
		code = hgt_buf_check(&folder, err);
	if (code == 0 && pull->note.len > before)
		code = hgt_make_folders(folder.data, 0755, err);
	if (code == 0 && pull->note.len > before)
		code = write_note(pull, path.data, err);
	hgt_buf_release(&folder);
	hgt_buf_release(&path);
	return code;
}

void pull_unnote(struct pull *pull)
{
	struct hgt_buf path = HGT_BUF_INIT;

	if (pull->noted && note_path(pull, &path, NULL) == 0)
		unlink(path.data);
	pull->noted = false;
	hgt_buf_release(&path);
}

/* `since`: when what may have left it was begun. */
static void take_away(struct pull *pull, const char *name, time_t since, int stale_s)
{
	struct hgt_buf path = HGT_BUF_INIT;
	time_t now = (time_t)(hgt_time_now_ms() / 1000);
	struct stat st;

	hgt_buf_addf(&path, "%s/%s.lock", pull->path, name);
	if (path.failed || lstat(path.data, &st) < 0) {
		hgt_buf_release(&path);
		return;
	}
	if (!S_ISREG(st.st_mode) || st.st_mtime < since - 1 || now - st.st_mtime <= stale_s || unlink(path.data) < 0)
		pull->locks_left = true;
	else
		hgt_log(HGT_LOG_WARNING, "mirrors", "a lock is taken away that a git has left which was killed", HGT_S("mirror", pull->name),
			HGT_S("repo", pull->repo), HGT_S("lock", path.data));
	hgt_buf_release(&path);
}

/* Nobody but this mirror has anything to do in the folder of its incoming refs. */
static void clear_incoming(struct pull *pull)
{
	struct hgt_buf path = HGT_BUF_INIT;
	DIR *dir;

	hgt_buf_addf(&path, "%s/%s", pull->path, pull->incoming);
	dir = path.failed ? NULL : opendir(path.data);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		size_t len = strlen(d->d_name);

		if (len <= 5 || strcmp(d->d_name + len - 5, ".lock") != 0)
			continue;
		hgt_buf_reset(&path);
		hgt_buf_addf(&path, "%s%.*s", pull->incoming, (int)len - 5, d->d_name);
		if (!path.failed)
			take_away(pull, path.data, 0, STALE_S);
	}
	if (dir)
		closedir(dir);
	hgt_buf_release(&path);
}

int pull_clear_locks(struct pull *pull, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, ref = HGT_BUF_INIT;
	struct stat st;
	int code = note_path(pull, &path, err);

	clear_incoming(pull);
	pull->locks_left = false;
	if (code < 0 || stat(path.data, &st) < 0)
		goto out;
	code = hgt_read_file(path.data, NOTE_MAX, &pull->note, err);
	for (const char *line = pull->note.data; code == 0 && *line;) {
		size_t len = strcspn(line, "\n");

		hgt_buf_reset(&ref);
		hgt_buf_add(&ref, line, len);
		if (!ref.failed)
			take_away(pull, ref.data, st.st_mtime, STALE_S);
		line += len + (line[len] == '\n');
	}
	/* Git locks HEAD with the branch that it leads to. */
	if (code == 0) {
		take_away(pull, "HEAD", st.st_mtime, STALE_S);
		take_away(pull, "packed-refs", st.st_mtime, STALE_PACKED_S);
	}
	pull->noted = true;
	pull->noted_since = st.st_mtime;
out:
	hgt_buf_release(&ref);
	hgt_buf_release(&path);
	return code;
}
