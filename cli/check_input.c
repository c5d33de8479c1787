/* Paths, folders and standard input as `headgate check` reads them. */
#include "cli/check_input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/terminal.h"

static void trouble(struct check_input *input, const char *path, const char *message)
{
	terminal_complain(path, message);
	input->trouble = true;
}

/* Judge what was read into the input's text; code is what reading gave, `why` its error. */
static int check_text(struct check_input *input, const char *path, int code, const struct hgt_error *why, struct hgt_error *err)
{
	if (code == HGT_ELIMIT) {
		code = hgt_engine_too_large(input->engine, path, UINT64_MAX, err);
		return code < 0 ? code : 0;
	}
	if (code == HGT_ENOMEM)
		return hgt_error_nomem(err);
	if (code < 0) {
		trouble(input, path, why->message);
		return 0;
	}
	return hgt_engine_file(input->engine, path, input->text.data, input->text.len, input->cls, err);
}

/* Open without waiting for whoever is at the other end of a FIFO, and look before reading. */
static int check_file(struct check_input *input, const char *path, int flags, struct hgt_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
	struct hgt_error why;
	struct stat st;
	int code = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		trouble(input, path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		trouble(input, path, "not a file or folder");
	} else {
		code = hgt_engine_too_large(input->engine, path, (uint64_t)st.st_size, err);
		if (code == 0) {
			hgt_buf_reset(&input->text);
			code = hgt_read_regular(fd, "it", (size_t)st.st_size, CHECK_BLOB_MAX, &input->text, &why);
			code = check_text(input, path, code, &why, err);
		}
	}
	if (fd >= 0)
		close(fd);
	return code < 0 ? code : 0;
}

/* Whether a path that was asked for by name is looked at; told when not, because somebody expects it to be. */
static bool is_read(const char *path)
{
	if (hgt_class_of_path(path) != HGT_CLASS_OTHER)
		return true;
	terminal_complain(path, "not checked: its name is not that of YAML or JSON");
	return false;
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
		if (lstat(path->data, &st) < 0) {
			trouble(input, path->data, strerror(errno));
			return 0;
		}
		type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_LNK;
	}
	if (type == DT_DIR)
		return check_folder(input, path, err);
	if (type != DT_REG || hgt_class_of_path(path->data) == HGT_CLASS_OTHER)
		return 0;
	return check_file(input, path->data, O_NOFOLLOW, err);
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
		trouble(input, len ? path->data : ".", strerror(errno));
		return 0;
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

int check_path(struct check_input *input, const char *path, struct hgt_error *err)
{
	struct hgt_buf folder = HGT_BUF_INIT;
	struct stat st;
	int code;

	if (stat(path, &st) < 0) {
		trouble(input, path, strerror(errno));
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return is_read(path) ? check_file(input, path, 0, err) : 0;
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

int check_stdin(struct check_input *input, const char *name, struct hgt_error *err)
{
	struct hgt_error why;
	int code;

	if (!is_read(name))
		return 0;
	hgt_buf_reset(&input->text);
	code = hgt_read_fd(STDIN_FILENO, "it", CHECK_BLOB_MAX, &input->text, &why);
	return check_text(input, name, code, &why, err);
}
