/* A target of the files driver in a folder of its own. */
#include "tests/unit/files_rig.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/unit/craft_tar.h"
#include "tests/unit/unit.h"

int rig_set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	void *folder;

	umask(022);
	unit_folder_make(&folder);
	rig->folder = folder;
	rig->into = unit_path(rig->folder, "into");
	rig->manifest = unit_path(rig->folder, "files");
	rig->target = (struct hgt_agent_target){.name = "t", .driver = "files", .automatic = true, .self_heal = true, .prune = true};
	rig->target.files.into = rig->into;
	driver_result_init(&rig->result);
	*state = rig;
	return 0;
}

int rig_tear_down(void **state)
{
	struct rig *rig = *state;
	void *folder = rig->folder;

	driver_result_release(&rig->result);
	free(rig->into);
	free(rig->manifest);
	unit_folder_remove(&folder);
	free(rig);
	return 0;
}

void rig_after(struct rig *rig, const char *script)
{
	rig->argv[0] = (char *)(uintptr_t)"/bin/sh";
	rig->argv[1] = (char *)(uintptr_t)"-c";
	rig->argv[2] = (char *)(uintptr_t)script;
	rig->target.files.after.items = rig->argv;
	rig->target.files.after.n = 3;
}

int rig_archive(const struct entry *tree)
{
	struct hgt_buf tar = HGT_BUF_INIT, gz = HGT_BUF_INIT;
	int fd;

	for (; tree->type; tree++) {
		struct hgt_tar_header h;
		bool file = tree->type == 'x' || tree->type == '0';

		craft_header(&h, tree->type == 'x' ? '0' : tree->type, tree->name, file ? "" : tree->text, file ? strlen(tree->text) : 0);
		if (tree->type == 'x')
			memcpy(h.mode, "0000755", 8);
		craft_checksum(&h);
		craft_put_header(&tar, &h);
		if (file)
			craft_put_data(&tar, tree->text, strlen(tree->text));
	}
	craft_end(&tar);
	craft_gzip(tar.data, tar.len, &gz);
	fd = craft_file(gz.data, gz.len);
	hgt_buf_release(&tar);
	hgt_buf_release(&gz);
	return fd;
}

int rig_apply_due(struct rig *rig, const struct entry *tree, bool after_due)
{
	struct driver_order order = {.target = &rig->target, .folder = rig->folder, .stop_fd = -1, .archive = rig_archive(tree), .unfinished = after_due};
	int code;

	driver_result_release(&rig->result);
	driver_result_init(&rig->result);
	rig->err = (struct hgt_error){0};
	code = files_apply(&order, &rig->result, &rig->err);
	close(order.archive);
	return code;
}

void rig_apply(struct rig *rig, const struct entry *tree)
{
	if (rig_apply_due(rig, tree, false) < 0)
		fail_msg("%s", rig->err.message);
}

const char *rig_compare(struct rig *rig)
{
	struct driver_order order = {.target = &rig->target, .folder = rig->folder, .stop_fd = -1, .archive = -1};

	driver_result_release(&rig->result);
	driver_result_init(&rig->result);
	if (files_compare(&order, &rig->result, &rig->err) < 0)
		fail_msg("%s", rig->err.message);
	return rig->result.difference.data;
}

void rig_counts(const struct rig *rig, uint64_t added, uint64_t modified, uint64_t removed)
{
	assert_int_equal(rig->result.added, added);
	assert_int_equal(rig->result.modified, modified);
	assert_int_equal(rig->result.removed, removed);
	assert_int_equal(rig->result.differing, 0);
}

void rig_put(const struct rig *rig, const char *name, const char *text)
{
	char *path = unit_path(rig->into, name);

	assert_int_equal(hgt_write_file(path, text, strlen(text), 0644, NULL), 0);
	free(path);
}

/* What is at a name of the target: a file's text, "-> target", "folder", "" for nothing. */
void rig_is(const struct rig *rig, const char *name, const char *expected)
{
	char *path = unit_path(rig->into, name);
	struct hgt_buf text = HGT_BUF_INIT;
	char target[256] = "";
	struct stat st;

	if (lstat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode)) {
			hgt_buf_adds(&text, "folder");
		} else if (S_ISLNK(st.st_mode)) {
			assert_true(readlink(path, target, sizeof(target) - 1) > 0);
			hgt_buf_addf(&text, "-> %s", target);
		} else {
			assert_int_equal(hgt_read_file(path, 1000, &text, NULL), 0);
		}
	}
	if (strcmp(text.data, expected) != 0)
		fail_msg("%s is \"%s\", not \"%s\"", name, text.data, expected);
	hgt_buf_release(&text);
	free(path);
}

unsigned rig_mode(const struct rig *rig, const char *name)
{
	char *path = unit_path(rig->into, name);
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	free(path);
	return st.st_mode & 07777;
}

/* Nothing of a staging folder is left. */
void rig_is_tidy(const struct rig *rig)
{
	struct hgt_buf command = HGT_BUF_INIT;

	hgt_buf_addf(&command, "test -z \"$(find '%s' -name '.headgate-*')\"", rig->into);
	assert_int_equal(system(command.data), 0);
	hgt_buf_release(&command);
}
