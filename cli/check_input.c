/* Paths, folders and standard input as `headgate check` reads them. */
#include "cli/check_input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/ahead.h"
#include "cli/check_file.h"

/* How many files are on their way at most. */
enum { AHEAD = 8 };

/* Send a file on its way, or with a code a complaint about it, which is told in its turn too. */
static int send(struct check_input *input, const char *path, enum check_source source, int code, const char *message,
	struct hgt_error *err)
{
	struct check_file *file;
	void *room;
	int result = hgt_ahead_room(input->ahead, &room, err);

	if (result < 0)
		return result;
	file = room;
	hgt_buf_reset(&file->path);
	hgt_buf_adds(&file->path, path);
	file->source = source;
	file->code = code;
	if (code < 0)
		hgt_error_set(&file->why, code, "%s", message);
	result = hgt_buf_check(&file->path, err);
	if (result == 0)
		hgt_ahead_submit(input->ahead);
	return result;
}

static int complain(struct check_input *input, const char *path, const char *message, struct hgt_error *err)
{
	return send(input, path, CHECK_NAMED, HGT_EIO, message, err);
}

static int is_wanted(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && strcmp(entry->d_name, ".git") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int check_folder(struct check_input *input, struct hgt_buf *path, struct hgt_error *err);

/* One entry of a folder; links and special files are passed over. */
static int check_entry(struct check_input *input, struct hgt_buf *path, unsigned char type, struct hgt_error *err)
{
	struct stat st;

	if (type == DT_UNKNOWN) {
		if (lstat(path->data, &st) < 0)
			return complain(input, path->data, strerror(errno), err);
		type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_LNK;
	}
	if (type == DT_DIR)
		return check_folder(input, path, err);
	if (type != DT_REG || hgt_class_of_path(path->data) == HGT_CLASS_OTHER)
		return 0;
	return send(input, path->data, CHECK_FOUND, 0, NULL, err);
}

/* All below the folder at path, which may be "" for the current one; path is as it was afterwards. */
static int check_folder(struct check_input *input, struct hgt_buf *path, struct hgt_error *err)
{
	struct dirent **entries = NULL;
	size_t len = path->len;
	int n = scandir(len ? path->data : ".", &entries, is_wanted, by_bytes);
	int code = 0;

	if (n < 0) {
		if (errno == ENOMEM)
			return hgt_error_nomem(err);
		return complain(input, len ? path->data : ".", strerror(errno), err);
	}
	for (int i = 0; i < n; i++) {
		if (code == 0) {
			if (len && path->data[len - 1] != '/')
				hgt_buf_addc(path, '/');
			hgt_buf_adds(path, entries[i]->d_name);
			code = hgt_buf_check(path, err);
		}
		if (code == 0)
			code = check_entry(input, path, entries[i]->d_type, err);
		hgt_buf_truncate(path, len);
		free(entries[i]);
	}
	free(entries);
	return code;
}

/* Of a path that was asked for by name and is not looked at somebody expects it to be. */
static int check_named(struct check_input *input, const char *path, enum check_source source, struct hgt_error *err)
{
	if (hgt_class_of_path(path) == HGT_CLASS_OTHER)
		return send(input, path, CHECK_NAMED, HGT_EUNSUPPORTED, "not checked: its name is not that of YAML or JSON", err);
	return send(input, path, source, 0, NULL, err);
}

static int check_path(struct check_input *input, const char *path, struct hgt_error *err)
{
	struct hgt_buf folder = HGT_BUF_INIT;
	struct stat st;
	int code;

	if (stat(path, &st) < 0)
		return complain(input, path, strerror(errno), err);
	if (!S_ISDIR(st.st_mode))
		return check_named(input, path, CHECK_NAMED, err);
	/* Paths are shown as git shows them. */
	while (path[0] == '.' && path[1] == '/')
		path += 1 + strspn(path + 1, "/");
	if (strcmp(path, ".") != 0)
		hgt_buf_adds(&folder, path);
	while (folder.len > 1 && folder.data[folder.len - 1] == '/')
		hgt_buf_truncate(&folder, folder.len - 1);
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = check_folder(input, &folder, err);
	hgt_buf_release(&folder);
	return code;
}

static int check_all(struct check_input *input, char *const *paths, int n, const char *stdin_name, struct hgt_error *err)
{
	int code = n ? 0 : check_path(input, ".", err);

	for (int i = 0; i < n && code == 0; i++)
		code = strcmp(paths[i], "-") == 0 ? check_named(input, stdin_name, CHECK_STDIN, err) : check_path(input, paths[i], err);
	return code < 0 ? code : hgt_ahead_finish(input->ahead, err);
}

int check_paths(struct check_input *input, char *const *paths, int n, const char *stdin_name, struct hgt_error *err)
{
	struct check_file *files = calloc(AHEAD, sizeof(*files));
	const struct hgt_ahead_plan plan = {.items = files, .n = AHEAD, .size = sizeof(*files), .threads = input->helpers,
		.prepare = check_file_prepare, .finish = check_file_finish, .ctx = input};
	int code = files ? hgt_ahead_new(&plan, &input->ahead, err) : hgt_error_nomem(err);

	for (size_t i = 0; files && i < AHEAD; i++)
		check_file_init(&files[i], input);
	if (code == 0)
		code = check_all(input, paths, n, stdin_name, err);
	hgt_ahead_free(input->ahead);
	input->ahead = NULL;
	for (size_t i = 0; files && i < AHEAD; i++)
		check_file_release(&files[i]);
	free(files);
	return code;
}
