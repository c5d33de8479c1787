/* Installing into one repository, and back. */
#include "install/install_repo.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "install/hook_link.h"
#include "install/push_options.h"
#include "config/config.h"
#include "git/repository.h"
#include "gate/tree.h"
#include "headgate/protocol.h"

enum { MADE_MAX = 1024 * 1024 };

const char *const hgt_install_hook_names[HGT_INSTALL_HOOKS] = {"pre-receive", "post-receive"};

const char *hgt_install_change_name(enum hgt_install_change change)
{
	static const char *const names[HGT_INSTALL_CHANGE_COUNT] = {
		[HGT_INSTALL_NOTHING] = "unchanged",
		[HGT_INSTALL_INSTALLED] = "installed",
		[HGT_INSTALL_UPDATED] = "updated",
		[HGT_INSTALL_REMOVED] = "removed",
		[HGT_INSTALL_RESTORED] = "restored",
	};

	return names[change];
}

void hgt_install_report_init(struct hgt_install_report *report, const char *repo)
{
	*report = (struct hgt_install_report){.repo = repo};
	for (size_t i = 0; i < HGT_INSTALL_HOOKS; i++)
		hgt_buf_init(&report->hooks[i].path);
}

void hgt_install_report_release(struct hgt_install_report *report)
{
	for (size_t i = 0; i < HGT_INSTALL_HOOKS; i++)
		hgt_buf_release(&report->hooks[i].path);
}

/* One repository being worked on. */
struct site {
	struct hgt_buf git_dir;
	struct hgt_buf hooks;	/* the folder Git runs hooks from */
	struct hgt_buf own;	/* git_dir/headgate */
	struct hgt_buf config;	/* own/config */
	struct hgt_buf made;	/* the text of own/made */
	struct hgt_link_owner owner;
};

static void site_release(struct site *site)
{
	hgt_buf_release(&site->git_dir);
	hgt_buf_release(&site->hooks);
	hgt_buf_release(&site->own);
	hgt_buf_release(&site->config);
	hgt_buf_release(&site->made);
}

/* The .git folder of a repository that cannot be read any more (it has been turned into another format): to
 * be able to leave it. */
static int find_unreadable(const char *path, struct hgt_buf *out, struct hgt_error *err)
{
	char *real = realpath(path, NULL);
	struct stat st;
	size_t len;

	if (!real)
		return hgt_error_set_errno(err, "cannot open repository %s", path);
	hgt_buf_adds(out, real);
	free(real);
	len = out->len;
	hgt_buf_adds(out, "/.git");
	if (!out->failed && (stat(out->data, &st) < 0 || !S_ISDIR(st.st_mode)))
		hgt_buf_truncate(out, len);
	return hgt_buf_check(out, err);
}

static int find_git_dir(const char *path, bool leaving, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_repo *repo = NULL;
	struct hgt_error why;
	int code = hgt_repo_open_any_owner(path, &repo, &why);

	if (code == 0) {
		hgt_buf_adds(out, hgt_repo_path(repo));
		code = hgt_buf_check(out, err);
	} else if (code == HGT_EUNSUPPORTED && leaving) {
		code = find_unreadable(path, out, err);
	} else {
		code = hgt_error_set(err, code, "%s", why.message);
	}
	hgt_repo_close(repo);
	return code;
}

static int site_open(struct site *site, const char *path, bool leaving, struct hgt_error *err)
{
	struct hgt_buf made = HGT_BUF_INIT;
	struct hgt_error why;
	struct stat st;
	int code;

	*site = (struct site){HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT, {0}};
	code = find_git_dir(path, leaving, &site->git_dir, err);
	if (code < 0)
		goto out;
	code = hgt_git_hooks_folder(site->git_dir.data, &site->hooks, err);
	if (code < 0)
		goto out;
	if (stat(site->git_dir.data, &st) < 0) {
		code = hgt_error_set_errno(err, "cannot look at %s", site->git_dir.data);
		goto out;
	}
	site->owner = (struct hgt_link_owner){st.st_uid, st.st_gid, geteuid() == 0 && st.st_uid != 0};
	hgt_buf_addf(&site->own, "%s/headgate", site->git_dir.data);
	hgt_buf_addf(&site->config, "%s/%s", site->git_dir.data, HGT_REPO_CONFIG);
	hgt_buf_addf(&made, "%s/made", site->own.data);
	if (site->own.failed || site->config.failed || made.failed) {
		code = hgt_error_nomem(err);
		goto out;
	}
	/* We never make it a link; whoever owns the repository could have root write anywhere by one. */
	if (lstat(site->own.data, &st) == 0 && !S_ISDIR(st.st_mode)) {
		code = hgt_error_set(err, HGT_EEXIST, "%s is no folder; move it away", site->own.data);
		goto out;
	}
	code = hgt_read_file(made.data, MADE_MAX, &site->made, &why);
	code = code == HGT_ENOENT ? 0 : code < 0 ? hgt_error_set(err, code, "%s", why.message) : 0;
out:
	hgt_buf_release(&made);
	return code;
}

static enum hgt_layout choose_layout(const struct site *site, const struct hgt_install_plan *plan)
{
	return plan->layout < 0 ? hgt_layout_detect(site->git_dir.data, site->hooks.data) : (enum hgt_layout)plan->layout;
}

/* Whether `folder` is a line of what we made. */
static bool is_made(const struct site *site, const char *folder)
{
	size_t len = strlen(folder);

	for (const char *line = site->made.data; *line;) {
		size_t n = strcspn(line, "\n");

		if (n == len && memcmp(line, folder, len) == 0)
			return true;
		line += n + (line[n] == '\n');
	}
	return false;
}

/* Make the folder and those above it that are missing, and remember which. */
static int make_folder(struct site *site, const char *folder, struct hgt_error *err)
{
	struct hgt_buf above = HGT_BUF_INIT;
	const char *slash = strrchr(folder, '/');
	struct stat st;
	int code = 0;

	if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (slash && slash > folder) {
		hgt_buf_add(&above, folder, (size_t)(slash - folder));
		code = hgt_buf_check(&above, err);
		if (code == 0)
			code = make_folder(site, above.data, err);
	}
	hgt_buf_release(&above);
	if (code < 0)
		return code;
	if (mkdir(folder, 0755) < 0)
		return hgt_error_set_errno(err, "cannot make folder %s", folder);
	if (site->owner.change && lchown(folder, site->owner.uid, site->owner.gid) < 0)
		return hgt_error_set_errno(err, "cannot give %s to the repository's owner", folder);
	if (!is_made(site, folder) && strcmp(folder, site->own.data) != 0)
		hgt_buf_addf(&site->made, "%s\n", folder);
	return hgt_buf_check(&site->made, err);
}

static int make_folder_of(struct site *site, const char *path, struct hgt_error *err)
{
	struct hgt_buf folder = HGT_BUF_INIT;
	int code;

	hgt_buf_add(&folder, path, (size_t)(strrchr(path, '/') - path));
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = make_folder(site, folder.data, err);
	hgt_buf_release(&folder);
	return code;
}

/* Put what we made on record; called before anything is linked, when there is something new. */
static int write_made(struct site *site, size_t old_len, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	if (site->made.len == old_len)
		return 0;
	code = make_folder(site, site->own.data, err);
	if (code < 0)
		return code;
	hgt_buf_addf(&path, "%s/made", site->own.data);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_write_file(path.data, site->made.data, site->made.len, 0644, err);
	if (code == 0 && site->owner.change && lchown(path.data, site->owner.uid, site->owner.gid) < 0)
		code = hgt_error_set_errno(err, "cannot give %s to the repository's owner", path.data);
	hgt_buf_release(&path);
	return code;
}

/* What is to be done with one link. */
struct step {
	struct hgt_buf path, target, keep;
	enum hgt_link_state state;
	bool kept;	/* something has the name `keep` */
};

static void step_init(struct step *step)
{
	*step = (struct step){HGT_BUF_INIT, HGT_BUF_INIT, HGT_BUF_INIT, HGT_LINK_ABSENT, false};
}

static void step_release(struct step *step)
{
	hgt_buf_release(&step->path);
	hgt_buf_release(&step->target);
	hgt_buf_release(&step->keep);
}

/* Where the link of a hook goes, what it leads to, and what is there now. */
static int look_at_hook(const struct site *site, enum hgt_layout layout, const char *programs, const char *hook,
	struct step *step, struct hgt_error *err)
{
	int code;

	hgt_layout_hook_path(layout, site->git_dir.data, site->hooks.data, hook, &step->path);
	hgt_buf_addf(&step->keep, "%s%s", step->path.data, HGT_CHAINED_SUFFIX);
	hgt_buf_addf(&step->target, "%s/headgate-%s", programs, hook);
	if (step->path.failed || step->keep.failed || step->target.failed)
		return hgt_error_nomem(err);
	code = hgt_hook_link_look(step->path.data, step->target.data, false, &step->state, err);
	if (code == 0)
		code = hgt_hook_link_exists(step->keep.data, &step->kept, err);
	return code;
}

/* Whether the link can be put there. */
static int check_step(enum hgt_layout layout, const struct step *step, struct hgt_error *err)
{
	if (step->state != HGT_LINK_FOREIGN && step->state != HGT_LINK_FOLDER)
		return 0;
	if (layout == HGT_LAYOUT_PLAIN && step->state == HGT_LINK_FOREIGN)
		return hgt_hook_link_may_keep(step->path.data, step->keep.data, err);
	return hgt_error_set(err, HGT_EEXIST, "%s is not Headgate's; move it away", step->path.data);
}

static int do_step(struct site *site, const struct step *step, enum hgt_install_change *change, struct hgt_error *err)
{
	const char *keep = step->state == HGT_LINK_FOREIGN ? step->keep.data : NULL;
	int code;

	if (step->state == HGT_LINK_OURS)
		return 0;
	code = hgt_hook_link_put(step->path.data, step->target.data, keep, &site->owner, err);
	if (code == 0)
		*change = step->state == HGT_LINK_ELSEWHERE ? HGT_INSTALL_UPDATED : HGT_INSTALL_INSTALLED;
	return code;
}

/* The link to the config: any link there is ours, a file is the administrator's own. */
static int look_at_config(const struct site *site, const char *config, struct step *step, struct hgt_error *err)
{
	int code;

	hgt_buf_adds(&step->path, site->config.data);
	hgt_buf_adds(&step->target, config);
	if (step->path.failed || step->target.failed)
		return hgt_error_nomem(err);
	code = hgt_hook_link_look(step->path.data, step->target.data, true, &step->state, err);
	if (code == 0 && (step->state == HGT_LINK_FOREIGN || step->state == HGT_LINK_FOLDER))
		code = hgt_error_set(err, HGT_EEXIST, "%s is no link to a config; move it away", step->path.data);
	return code;
}

/* Whether the config takes the repository in. One that is not below its root would have every push refused:
 * that is an error. */
static int check_served(const struct site *site, const struct hgt_config *config, bool *not_served,
	struct hgt_error *err)
{
	struct hgt_buf name = HGT_BUF_INIT;
	int code = hgt_config_repo_name(config, site->git_dir.data, &name, err);

	hgt_buf_release(&name);
	if (code < 0 && code != HGT_ENOENT)
		return code;
	*not_served = code == HGT_ENOENT;
	return 0;
}

/* Have Git offer push options, where nobody has said otherwise; on record before it is set. That it cannot be done is told, and
 * no more. */
static int offer_push_options(struct site *site, struct hgt_install_report *report, struct hgt_error *err)
{
	const char *folder = site->git_dir.data;
	struct hgt_error *trouble = &report->push_options_trouble;
	enum hgt_push_options now;
	size_t made = site->made.len;
	int code;

	if (report->layout != HGT_LAYOUT_PLAIN)
		return 0;
	if (hgt_push_options_look(folder, site->owner.uid, site->owner.gid, &now, trouble) < 0 || now == HGT_PUSH_OPTIONS_ON)
		return 0;
	report->push_options_off = now == HGT_PUSH_OPTIONS_OFF;
	if (report->push_options_off)
		return 0;
	if (!is_made(site, HGT_PUSH_OPTIONS_KEY))
		hgt_buf_addf(&site->made, "%s\n", HGT_PUSH_OPTIONS_KEY);
	code = hgt_buf_check(&site->made, err);
	if (code == 0)
		code = write_made(site, made, err);
	if (code == 0 && hgt_push_options_set(folder, site->owner.uid, site->owner.gid, trouble) == 0)
		report->push_options = HGT_INSTALL_INSTALLED;
	return code;
}

/* What we have set, unless somebody has said no since. */
static int take_push_options(const struct site *site, struct hgt_install_report *report, struct hgt_error *err)
{
	const char *folder = site->git_dir.data;
	enum hgt_push_options now;
	int code;

	if (!is_made(site, HGT_PUSH_OPTIONS_KEY))
		return 0;
	code = hgt_push_options_look(folder, site->owner.uid, site->owner.gid, &now, err);
	if (code < 0 || now != HGT_PUSH_OPTIONS_ON)
		return code;
	code = hgt_push_options_unset(folder, site->owner.uid, site->owner.gid, err);
	if (code == 0)
		report->push_options = HGT_INSTALL_REMOVED;
	return code;
}

int hgt_install_repo(const char *path, const struct hgt_install_plan *plan, struct hgt_install_report *report,
	struct hgt_error *err)
{
	struct step steps[HGT_INSTALL_HOOKS + 1];
	const size_t n = HGT_INSTALL_HOOKS + (plan->config != NULL);
	struct site site;
	size_t made;
	int code, recorded;

	for (size_t i = 0; i <= HGT_INSTALL_HOOKS; i++)
		step_init(&steps[i]);
	code = site_open(&site, path, false, err);
	if (code < 0)
		goto out;
	report->layout = choose_layout(&site, plan);
	for (size_t i = 0; i < HGT_INSTALL_HOOKS && code == 0; i++) {
		code = look_at_hook(&site, report->layout, plan->programs, hgt_install_hook_names[i], &steps[i], err);
		if (code == 0)
			code = check_step(report->layout, &steps[i], err);
	}
	if (code == 0 && plan->config)
		code = check_served(&site, plan->config, &report->not_served, err);
	if (code == 0 && plan->config)
		code = look_at_config(&site, plan->config_path, &steps[HGT_INSTALL_HOOKS], err);

	/* From here on things change. The config comes first: hooks never run without the one that was asked for. */
	made = site.made.len;
	for (size_t i = 0; i < n && code == 0; i++)
		code = make_folder_of(&site, steps[i].path.data, err);
	recorded = write_made(&site, made, code == 0 ? err : NULL);
	if (code == 0)
		code = recorded;
	if (code == 0 && plan->config)
		code = do_step(&site, &steps[HGT_INSTALL_HOOKS], &report->config, err);
	for (size_t i = 0; i < HGT_INSTALL_HOOKS && code == 0; i++) {
		code = do_step(&site, &steps[i], &report->hooks[i].change, err);
		report->hooks[i].chained = report->layout == HGT_LAYOUT_PLAIN &&
			(steps[i].kept || steps[i].state == HGT_LINK_FOREIGN);
		hgt_buf_adds(&report->hooks[i].path, steps[i].path.data);
	}
	if (code == 0)
		code = offer_push_options(&site, report, err);
out:
	for (size_t i = 0; i <= HGT_INSTALL_HOOKS; i++)
		step_release(&steps[i]);
	site_release(&site);
	return code;
}

/* Remove the folders above path that we made, as far as they are empty. */
static void remove_made(const struct site *site, const char *path)
{
	struct hgt_buf folder = HGT_BUF_INIT;
	const char *slash;

	hgt_buf_adds(&folder, path);
	while (!folder.failed && (slash = strrchr(folder.data, '/')) && slash > folder.data) {
		hgt_buf_truncate(&folder, (size_t)(slash - folder.data));
		if (!is_made(site, folder.data) || rmdir(folder.data) < 0)
			break;
	}
	hgt_buf_release(&folder);
}

/* Take one hook's link away if it is ours; a hook that was kept comes back, also where our link is gone already. */
static int remove_hook(const struct site *site, enum hgt_layout layout, const char *hook, enum hgt_install_change *change,
	struct hgt_buf *where, struct hgt_error *err)
{
	struct step step;
	bool ours;
	int code;

	step_init(&step);
	code = look_at_hook(site, layout, "", hook, &step, err);
	if (code < 0)
		goto out;
	ours = step.state == HGT_LINK_OURS || step.state == HGT_LINK_ELSEWHERE;
	if (layout != HGT_LAYOUT_PLAIN)
		step.kept = false;
	if (ours || (step.state == HGT_LINK_ABSENT && step.kept)) {
		code = hgt_hook_link_take(step.path.data, step.kept ? step.keep.data : NULL, err);
		if (code < 0)
			goto out;
		*change = step.kept ? HGT_INSTALL_RESTORED : HGT_INSTALL_REMOVED;
		hgt_buf_reset(where);
		hgt_buf_adds(where, step.path.data);
		remove_made(site, step.path.data);
	}
out:
	step_release(&step);
	return code;
}

/* Our own folder in the repository: the config link, what is recorded, and the folder when nothing else is in it. */
static int remove_own(const struct site *site, enum hgt_install_change *change, struct hgt_error *err)
{
	static const char *const files[] = {"made", HGT_TREE_DEFINITIONS};
	struct hgt_buf path = HGT_BUF_INIT;
	struct stat st;
	int code = 0;

	if (lstat(site->config.data, &st) == 0 && S_ISLNK(st.st_mode)) {
		code = hgt_hook_link_take(site->config.data, NULL, err);
		if (code < 0)
			return code;
		*change = HGT_INSTALL_REMOVED;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && code == 0; i++) {
		hgt_buf_reset(&path);
		hgt_buf_addf(&path, "%s/%s", site->own.data, files[i]);
		if (path.failed)
			code = hgt_error_nomem(err);
		else if (unlink(path.data) < 0 && errno != ENOENT && errno != ENOTDIR)
			code = hgt_error_set_errno(err, "cannot remove %s", path.data);
	}
	hgt_buf_release(&path);
	if (code == 0 && rmdir(site->own.data) < 0 && errno != ENOENT && errno != ENOTDIR && errno != ENOTEMPTY &&
		errno != EEXIST)
		code = hgt_error_set_errno(err, "cannot remove %s", site->own.data);
	return code;
}

int hgt_install_remove(const char *path, const struct hgt_install_plan *plan, struct hgt_install_report *report,
	struct hgt_error *err)
{
	struct site site;
	int code = site_open(&site, path, true, err);

	if (code < 0)
		goto out;
	report->layout = choose_layout(&site, plan);
	for (size_t i = 0; i < HGT_INSTALL_HOOKS && code == 0; i++) {
		hgt_layout_hook_path(report->layout, site.git_dir.data, site.hooks.data, hgt_install_hook_names[i],
			&report->hooks[i].path);
		for (int layout = 0; layout < HGT_LAYOUT_COUNT && code == 0; layout++)
			if (plan->layout < 0 || plan->layout == layout)
				code = remove_hook(&site, (enum hgt_layout)layout, hgt_install_hook_names[i],
					&report->hooks[i].change, &report->hooks[i].path, err);
	}
	if (code == 0)
		code = take_push_options(&site, report, err);
	if (code == 0)
		code = remove_own(&site, &report->config, err);
out:
	site_release(&site);
	return code;
}
