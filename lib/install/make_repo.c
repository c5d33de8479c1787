/* A new bare repository below repositories.root, with Headgate's hooks in it. */
#include "install/make_repo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/io.h"
#include "config/config.h"
#include "git/repository_make.h"
#include "install/folder_tree.h"
#include "install/install_repo.h"
#include "mirror/manifest.h"

enum { LEFT_SECONDS = 3600 /* after which what was begun and not ended is nobody's any more */ };

#define NEW HGT_MAKING "new."

/* One that is being made. */
struct site {
	const struct hgt_new_repo *order;
	struct hgt_buf folder;		/* the one it will lie in */
	struct hgt_buf temp;		/* its name there while it is made */
	struct hgt_buf path;		/* folder/temp */
	int fd;				/* of folder */
	struct stat owner;		/* of the root: whose what is made becomes, when we are root */
};

static bool is_folder(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* As the daemon sees repositories (daemon/repos.c): one in another would not be seen. */
static bool is_repository(int at)
{
	struct stat st;

	return is_folder(at, ".git") ||
		(fstatat(at, "HEAD", &st, AT_SYMLINK_NOFOLLOW) == 0 && is_folder(at, "objects") && is_folder(at, "refs"));
}

/* The folder `name` of the one at site->fd, which it takes the place of; made when it is missing. */
static int enter(struct site *site, const char *name, struct hgt_error *err)
{
	bool made = mkdirat(site->fd, name, 0777) == 0;
	int next;

	if (!made && errno != EEXIST)
		return hgt_error_set_errno(err, "cannot make folder %s/%s", site->folder.data, name);
	next = openat(site->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	hgt_buf_addf(&site->folder, "/%s", name);
	if (next < 0 && (errno == ENOTDIR || errno == ELOOP))
		return hgt_error_set(err, HGT_ECONFLICT, "%s is no folder", site->folder.data);
	if (next < 0)
		return hgt_error_set_errno(err, "cannot open folder %s", site->folder.data);
	close(site->fd);
	site->fd = next;
	if (is_repository(next))
		return hgt_error_set(err, HGT_ECONFLICT, "%s is a repository, and no other may lie in it", site->folder.data);
	if (made && geteuid() == 0 && fchown(next, site->owner.st_uid, site->owner.st_gid) < 0)
		return hgt_error_set_errno(err, "cannot give %s to the owner of repositories.root", site->folder.data);
	return hgt_buf_check(&site->folder, err);
}

/* Go to the folder that it will lie in. */
static int go_there(struct site *site, struct hgt_error *err)
{
	const char *root = site->order->config->repositories.root, *name = site->order->name;
	char *real = realpath(root, NULL);
	int code = 0;

	if (real) {
		hgt_buf_adds(&site->folder, strcmp(real, "/") == 0 ? "" : real);
		site->fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (!real || site->fd < 0 || fstat(site->fd, &site->owner) < 0)
		code = hgt_error_set_errno(err, "repositories.root: cannot open %s", root);
	free(real);
	while (code == 0 && strchr(name, '/')) {
		struct hgt_buf part = HGT_BUF_INIT;

		hgt_buf_add(&part, name, strcspn(name, "/"));
		name += part.len + 1;
		code = hgt_buf_check(&part, err);
		if (code == 0)
			code = enter(site, part.data, err);
		hgt_buf_release(&part);
	}
	return code;
}

/* What a daemon that was killed has left half made. */
static void sweep(const struct site *site)
{
	int again = openat(site->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);

	if (!dir) {
		if (again >= 0)
			close(again);
		return;
	}
	for (struct dirent *d; (d = readdir(dir));) {
		struct stat st;

		if (strncmp(d->d_name, NEW, sizeof(NEW) - 1) != 0 || fstatat(site->fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			st.st_mtime > time(NULL) - LEFT_SECONDS)
			continue;
		if (hgt_tree_remove(site->fd, d->d_name, NULL) < 0)
			break;
	}
	closedir(dir);
}

/* Replace a small file of the repository. */
static int put(const struct site *site, const char *name, const char *text, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, line = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&path, "%s/%s", site->path.data, name);
	hgt_buf_addf(&line, "%s\n", text);
	code = path.failed || line.failed ? hgt_error_nomem(err) : hgt_write_file(path.data, line.data, line.len, 0644, err);
	hgt_buf_release(&path);
	hgt_buf_release(&line);
	return code;
}

static int borrow(const struct site *site, struct hgt_error *err)
{
	struct hgt_buf objects = HGT_BUF_INIT;
	int code;

	if (!site->order->borrow)
		return 0;
	/* A line of its own is all that the format has. */
	if (strchr(site->order->borrow, '\n'))
		return hgt_error_set(err, HGT_EINVAL, "a repository whose path has a line end in it cannot lend its objects");
	hgt_buf_addf(&objects, "%s/objects", site->order->borrow);
	code = hgt_buf_check(&objects, err);
	if (code == 0 && access(objects.data, R_OK | X_OK) < 0)
		code = hgt_error_set_errno(err, "cannot borrow the objects in %s", objects.data);
	if (code == 0)
		code = hgt_repository_lend(site->order->borrow, err);
	if (code == 0)
		code = put(site, "objects/info/alternates", objects.data, err);
	hgt_buf_release(&objects);
	return code;
}

static int install(const struct site *site, struct hgt_error *err)
{
	const struct hgt_config *config = site->order->config;
	struct hgt_install_plan plan = {.layout = HGT_LAYOUT_PLAIN, .programs = site->order->programs, .config = config};
	struct hgt_install_report report;
	struct hgt_buf config_path = HGT_BUF_INIT;
	int code = 0;

	if (*config->path != '/') {
		char *here = getcwd(NULL, 0);

		code = here ? 0 : hgt_error_set_errno(err, "cannot tell the current folder");
		hgt_buf_addf(&config_path, "%s/", here ? here : "");
		free(here);
	}
	hgt_buf_adds(&config_path, config->path);
	plan.config_path = config_path.data;
	hgt_install_report_init(&report, site->path.data);
	if (code == 0)
		code = hgt_buf_check(&config_path, err);
	if (code == 0)
		code = hgt_install_repo(site->path.data, &plan, &report, err);
	if (code == 0 && report.push_options_trouble.code < 0)
		code = hgt_error_set(err, report.push_options_trouble.code, "%s", report.push_options_trouble.message);
	hgt_install_report_release(&report);
	hgt_buf_release(&config_path);
	return code;
}

static int fill(const struct site *site, struct hgt_error *err)
{
	const struct hgt_new_repo *order = site->order;
	const char *head = order->head && strncmp(order->head, "ref: ", 5) == 0 ? order->head + 5 : NULL;
	const struct hgt_repository_settings settings = {.head = head, .owner = order->owner, .private_refs = true};
	int code = hgt_repository_make(site->path.data, &settings, err);

	if (code == 0 && order->description)
		code = put(site, "description", order->description, err);
	if (code == 0)
		code = borrow(site, err);
	if (code == 0 && geteuid() == 0)
		code = hgt_tree_own(site->fd, site->temp.data, site->owner.st_uid, site->owner.st_gid, err);
	if (code == 0)
		code = install(site, err);
	return code == 0 ? hgt_tree_sync(site->fd, site->temp.data, err) : code;
}

/* It is whole: its name. */
static int settle(const struct site *site, const char *last, struct hgt_buf *path, struct hgt_error *err)
{
	struct hgt_buf final = HGT_BUF_INIT, bare = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&final, "%s.git", last);
	hgt_buf_addf(&bare, "%s", last);
	code = final.failed || bare.failed ? hgt_error_nomem(err) : 0;
	/* "x" and "x.git" have one name. */
	if (code == 0 && faccessat(site->fd, bare.data, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		int fd = openat(site->fd, bare.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && is_repository(fd))
			code = hgt_error_set(err, HGT_EEXIST, "%s/%s is there already", site->folder.data, bare.data);
		if (fd >= 0)
			close(fd);
	}
	if (code == 0 && renameat2(site->fd, site->temp.data, site->fd, final.data, RENAME_NOREPLACE) < 0)
		code = hgt_error_set_errno(err, "cannot make %s/%s", site->folder.data, final.data);
	if (code == 0) {
		(void)!fsync(site->fd);
		hgt_buf_addf(path, "%s/%s", site->folder.data, final.data);
		code = hgt_buf_check(path, err);
	}
	hgt_buf_release(&final);
	hgt_buf_release(&bare);
	return code;
}

static int check_name(const struct hgt_new_repo *order, struct hgt_error *err)
{
	const struct hgt_strings *in = &order->config->repositories.include, *out = &order->config->repositories.exclude;
	struct hgt_buf name = HGT_BUF_INIT;
	int code = hgt_manifest_name(order->name, &name, err);

	if (code == 0 && strcmp(name.data, order->name) != 0)
		code = hgt_error_set(err, HGT_EINVAL, "a repository's name has no slash before it and no .git behind it");
	hgt_buf_release(&name);
	if (code == 0 && (!hgt_glob_match_any(in->items, in->n, order->name) || hgt_glob_match_any(out->items, out->n, order->name)))
		code = hgt_error_set(err, HGT_ENOENT, "the config leaves repositories of this name out (repositories.include, exclude)");
	return code;
}

int hgt_make_repo(const struct hgt_new_repo *order, struct hgt_buf *path, struct hgt_error *err)
{
	struct site site = {order, HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT, -1, {0}};
	const char *slash = strrchr(order->name, '/');
	char suffix[17];
	int code = check_name(order, err);

	if (code == 0)
		code = go_there(&site, err);
	if (code < 0)
		goto out;
	sweep(&site);
	hgt_random_hex(8, suffix);
	hgt_buf_addf(&site.temp, NEW "%s", suffix);
	hgt_buf_addf(&site.path, "%s/%s", site.folder.data, site.temp.data);
	code = site.temp.failed || site.path.failed ? hgt_error_nomem(err) : fill(&site, err);
	if (code == 0)
		code = settle(&site, slash ? slash + 1 : order->name, path, err);
	if (code < 0 && hgt_tree_remove(site.fd, site.temp.data, NULL) < 0)
		hgt_error_prefix(err, "%s is left behind", site.path.data);
out:
	if (site.fd >= 0)
		close(site.fd);
	hgt_buf_release(&site.folder);
	hgt_buf_release(&site.temp);
	hgt_buf_release(&site.path);
	return code;
}
