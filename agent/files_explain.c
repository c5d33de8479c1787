/*
 * The files driver: what differs, line by line. The tree's files that differ are unpacked beside the state, what the target has is
 * copied there (so that nothing of it is opened by name once it has been looked at), and diff(1) tells: "-" is the target, "+" the tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_private.h"
#include "agent/files_template.h"
#include "agent/job.h"
#include "agent/redact.h"
#include "archive/unpack.h"
#include "base/glob.h"
#include "base/io.h"
#include "base/log.h"

#define FOLDER "explain"
#define FILES_MAX 50			/* that a diff shows */
#define FILE_MAX (256 * 1024)		/* bytes of each */
#define DIFF_LIMIT_MS 10000

struct explain {
	const struct driver_order *order;
	struct driver_result *result;
	struct hgt_error *err;
	struct hgt_map shown;		/* paths -> the resource */
	struct hgt_buf folder;
	int fd, into, fresh;
	bool removed;			/* what is Extra goes, and is shown */
};

static bool is_shown(void *ctx, const char *path, size_t len)
{
	const struct explain *e = ctx;

	return hgt_map_get(&e->shown, path, len);
}

/* Which of what differs is text that the tree has, or had: what is missing on the target, too. */
static int choose(struct explain *e)
{
	for (size_t i = 0; i < e->result->n_resources; i++) {
		struct driver_resource *r = &e->result->resources[i];

		if (strcmp(r->sync, "Extra") == 0 && !e->removed)
			continue;
		if (e->shown.len == FILES_MAX) {
			e->result->diff_cut = true;
			return 0;
		}
		if (hgt_map_put(&e->shown, r->name, strlen(r->name), r, NULL) < 0)
			return hgt_error_nomem(e->err);
	}
	return 0;
}

static int write_at(int folder, const char *name, const struct hgt_buf *text, struct hgt_error *err)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600), code = 0;

	if (fd < 0)
		return hgt_error_set_errno(err, "cannot write %s", name);
	if (hgt_write_all(fd, text->data, text->len) < 0)
		code = hgt_error_set_errno(err, "cannot write %s", name);
	close(fd);
	return code;
}

/* Without secrets; numbered alike on both sides, so that the diff shows which have changed. */
static int write_clean(struct explain *e, struct redactor *redactor, const char *name, const struct hgt_buf *text)
{
	struct hgt_buf clean = HGT_BUF_INIT;
	int code;

	redactor->in_key = false;
	redact_lines(redactor, text->data, text->len, &clean);
	code = hgt_buf_check(&clean, e->err);
	if (code == 0)
		code = write_at(e->fd, name, &clean, e->err);
	hgt_buf_release(&clean);
	return code;
}

/* The file below the folder, or nothing where there is none. HGT_ELIMIT when it is too large, HGT_ECONFLICT when it is no file. */
static int read_beneath(int top, const char *path, struct hgt_buf *text, struct hgt_error *err)
{
	struct hgt_beneath beneath;
	size_t len;
	const char *leaf = files_leaf(path, &len);
	int folder, fd = -1, code;
	struct stat st;

	hgt_beneath_init(&beneath, top);
	code = hgt_beneath_open(&beneath, path, len, NULL, NULL, &folder, err);
	if (code == 0) {
		fd = openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd < 0 && (errno == ELOOP || errno == ENXIO))
			code = HGT_ECONFLICT;	/* a link, a socket */
		else if (fd < 0)
			code = hgt_error_set_errno(err, "cannot open %s", path);
		else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			code = HGT_ECONFLICT;
	}
	if (code == 0)
		code = hgt_read_fd(fd, path, FILE_MAX, text, err);
	if (fd >= 0)
		close(fd);
	hgt_beneath_release(&beneath);
	return code == HGT_ENOENT ? 0 : code;
}

static int add_note(struct explain *e, const char *path, const char *what)
{
	struct hgt_buf note = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&note, "--- target/%s\n+++ git/%s\n(%s)\n", path, path, what);
	code = hgt_buf_check(&note, e->err);
	if (code == 0)
		driver_add_diff(e->result, note.data, note.len);
	hgt_buf_release(&note);
	return code;
}

static int take_diff(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct hgt_buf *out = ctx;

	if (out->len < DRIVER_DIFF_MAX)
		hgt_buf_add(out, data, len);
	return hgt_buf_check(out, err);
}

/* "target" and "git" in the folder are the two. */
static int run_diff(struct explain *e, const char *path)
{
	struct hgt_buf was = HGT_BUF_INIT, is = HGT_BUF_INIT, diff = HGT_BUF_INIT;
	struct job_result said = {.output = HGT_BUF_INIT};
	int code;

	hgt_buf_addf(&was, "target/%s", path);
	hgt_buf_addf(&is, "git/%s", path);
	code = was.failed || is.failed ? hgt_error_nomem(e->err) : 0;
	if (code == 0) {
		char *argv[] = {(char *)(uintptr_t)"diff", (char *)(uintptr_t)"-u", (char *)(uintptr_t)"--label", was.data,
			(char *)(uintptr_t)"--label", is.data, (char *)(uintptr_t)"target", (char *)(uintptr_t)"git", NULL};
		struct job job = {.argv = argv, .folder = e->folder.data, .limit_ms = DIFF_LIMIT_MS, .stop_fd = e->order->stop_fd, .take = take_diff,
			.ctx = &diff};

		code = job_run(&job, &said, e->err);
		/* 1: they differ. */
		if (code == 0 && said.exit_status != 1)
			code = job_judge(&job, &said, e->err);
	}
	if (code == 0) {
		driver_add_diff(e->result, diff.data, diff.len);
		for (const char *p = diff.data; (p = strstr(p, REDACTED)); p++)
			e->result->redacted++;
	}
	hgt_buf_release(&was);
	hgt_buf_release(&is);
	hgt_buf_release(&diff);
	hgt_buf_release(&said.output);
	return code;
}

static bool is_in(const struct hgt_strings *globs, const char *path)
{
	return hgt_glob_match_any(globs->items, globs->n, path);
}

/* What the tree has there, as it would be placed. */
static int read_wanted(struct explain *e, const char *path, struct hgt_buf *out)
{
	const struct hgt_agent_target *target = e->order->target;
	struct hgt_buf text = HGT_BUF_INIT;
	int code;

	if (!is_in(&target->files.templates, path))
		return read_beneath(e->fresh, path, out, e->err);
	code = read_beneath(e->fresh, path, &text, e->err);
	if (code == 0)
		code = template_render(text.data, text.len, path, target, out, e->err);
	hgt_buf_release(&text);
	return code;
}

static int explain_one(struct explain *e, const char *path)
{
	struct hgt_buf wanted = HGT_BUF_INIT, found = HGT_BUF_INIT;
	int code;

	if (is_in(&e->order->target->files.secret, path)) {
		e->result->redacted++;
		return add_note(e, path, "secret: not shown");
	}
	code = read_wanted(e, path, &wanted);
	if (code == 0 && e->into >= 0)
		code = read_beneath(e->into, path, &found, e->err);
	if (code == HGT_ELIMIT)
		code = add_note(e, path, "too large to be shown");
	else if (code == HGT_ECONFLICT)
		code = add_note(e, path, "no file, or not one on both sides");
	else if (code == 0 && wanted.len == found.len && memcmp(wanted.data, found.data, wanted.len) == 0)
		code = add_note(e, path, "the same text; owner, group or mode differ, or it is missing and empty");
	else if (code == 0) {
		struct redactor redactor = {0};

		code = write_clean(e, &redactor, "target", &found);
		if (code == 0)
			code = write_clean(e, &redactor, "git", &wanted);
		redact_release(&redactor);
		if (code == 0)
			code = run_diff(e, path);
	}
	hgt_buf_release(&wanted);
	hgt_buf_release(&found);
	return code;
}

/* The tree's files, out of the archive. */
static int unpack_shown(struct explain *e)
{
	struct hgt_unpack_info info;

	if (mkdirat(e->fd, "tree", 0700) < 0)
		return hgt_error_set_errno(e->err, "cannot make a folder for a tree");
	e->fresh = openat(e->fd, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (e->fresh < 0)
		return hgt_error_set_errno(e->err, "cannot open the folder for a tree");
	return hgt_unpack(e->order->archive, e->fresh, &hgt_unpack_default_limits, is_shown, e, &info, e->err);
}

static int explain_all(struct explain *e)
{
	int code = e->fresh < 0 ? unpack_shown(e) : 0;

	for (size_t i = 0; i < e->result->n_resources && code == 0; i++)
		if (hgt_map_get(&e->shown, e->result->resources[i].name, strlen(e->result->resources[i].name)))
			code = explain_one(e, e->result->resources[i].name);
	return code;
}

/* A folder of our own in the state, empty. */
static int open_folder(struct explain *e, int *state)
{
	int code = 0;

	hgt_buf_addf(&e->folder, "%s/" FOLDER, e->order->folder);
	*state = open(e->order->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*state < 0)
		return hgt_error_set_errno(e->err, "cannot open %s", e->order->folder);
	code = hgt_buf_check(&e->folder, e->err);
	if (code == 0)
		code = tree_remove(*state, FOLDER, e->err);
	if (code == 0 && mkdirat(*state, FOLDER, 0700) < 0)
		code = hgt_error_set_errno(e->err, "cannot make %s", e->folder.data);
	if (code == 0) {
		e->fd = openat(*state, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (e->fd < 0)
			code = hgt_error_set_errno(e->err, "cannot open %s", e->folder.data);
	}
	return code;
}

void files_show(const struct driver_order *order, int into, int fresh, bool removed, struct driver_result *result)
{
	struct hgt_error err = {0}, left = {0};
	struct explain e = {.order = order, .result = result, .err = &err, .shown = HGT_MAP_INIT, .folder = HGT_BUF_INIT, .fd = -1, .into = into,
		.fresh = fresh, .removed = removed};
	int state = -1, code = choose(&e);

	if (code == 0)
		code = open_folder(&e, &state);
	if (code == 0)
		code = explain_all(&e);
	if (code < 0) {
		hgt_log(HGT_LOG_WARNING, "files", "what differs cannot be shown line by line", HGT_S("target", order->target->name),
			HGT_S("reason", err.message));
		result->diff_cut = true;
	}
	/* What is left is removed by the next one. */
	if (state >= 0 && tree_remove(state, FOLDER, &left) < 0)
		hgt_log(HGT_LOG_WARNING, "files", "a folder cannot be removed", HGT_S("reason", left.message));
	if (e.fresh >= 0 && e.fresh != fresh)
		close(e.fresh);
	if (e.fd >= 0)
		close(e.fd);
	if (state >= 0)
		close(state);
	hgt_map_release(&e.shown);
	hgt_buf_release(&e.folder);
}

int files_explain(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	struct hgt_error gone = {0};
	int into = -1, code = files_compare(order, result, err);

	/* One that is missing altogether has no lines to show. */
	if (code == 0 && result->differing > 0 && files_open_into(order, false, &into, &gone) == 0) {
		files_show(order, into, -1, false, result);
		close(into);
	}
	return code;
}
