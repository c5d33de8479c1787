/* The files driver: making a target hold a tree. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_apply.h"
#include "agent/files_tree.h"
#include "agent/job.h"
#include "base/io.h"
#include "base/log.h"

#define AFTER_LIMIT_MS (60 * 1000)

/* What an apply that did not live left behind. */
static int remove_leftovers(struct apply *a)
{
	struct manifest names = MANIFEST_INIT;
	int code = tree_names(a->into, FILES_STAGING_PREFIX, &names, a->err);

	for (size_t i = 0; i < names.n && code == 0; i++)
		code = tree_remove(a->into, names.items[i]->path, a->err);
	manifest_release(&names);
	return code;
}

static int copy_entry(struct manifest *to, const struct manifest_entry *entry, enum manifest_kind kind, struct hgt_error *err)
{
	return manifest_add(to, kind, entry->path, strlen(entry->path), entry->digest, &entry->stamp, err);
}

/* A file or link that may be ours, where the tree has other content: whose it is has to be settled before that takes its place. */
static bool is_unsettled(const struct manifest_entry *before, const struct manifest_entry *wanted)
{
	return before->kind == MANIFEST_STALE && !manifest_is_folder(wanted->kind) &&
		memcmp(before->digest, wanted->digest, HGT_SHA256_SIZE) != 0;
}

/* Whether the list on disk tells of all that already: nothing is added. Should this be the end of us, what is changed by then looks changed by
 * hand, and is put right. */
static bool is_planned_for(const struct apply *a)
{
	for (size_t i = 0; i < a->after.n; i++) {
		const struct manifest_entry *wanted = a->after.items[i];
		const struct manifest_entry *before = manifest_find(&a->before, wanted->path, strlen(wanted->path));

		if (!before || is_unsettled(before, wanted))
			return false;
	}
	return true;
}

/* One of the list as it was. What may be ours and is there as we would have placed it is ours, whatever it holds from here on; what is
 * not there may come to be ours by what the tree has. */
static int plan_before(struct apply *a, struct manifest *both, const struct manifest_entry *entry)
{
	const struct manifest_entry *wanted = manifest_find(&a->after, entry->path, strlen(entry->path));
	struct place place;
	int code;

	if (!wanted || !is_unsettled(entry, wanted))
		return copy_entry(both, entry, entry->kind, a->err);
	code = tree_look_beneath(&a->changes.target, entry->path, entry, &place, a->err);
	if (code == 0 && tree_holds(&place, entry))
		return copy_entry(both, entry, place.kind == PLACE_LINK ? MANIFEST_LINK : MANIFEST_FILE, a->err);
	return code < 0 && code != HGT_ENOENT && code != HGT_ECONFLICT ? code : copy_entry(both, wanted, MANIFEST_STALE, a->err);
}

/* Before the first change: let the list on disk tell of all that may be ours from here on. */
static int plan(struct apply *a)
{
	struct manifest both = MANIFEST_INIT;
	int code = 0;

	if (a->planned || is_planned_for(a)) {
		a->planned = true;
		return 0;
	}
	for (size_t i = 0; i < a->before.n && code == 0; i++)
		code = plan_before(a, &both, a->before.items[i]);
	for (size_t i = 0; i < a->after.n && code == 0; i++) {
		const struct manifest_entry *entry = a->after.items[i];

		if (!manifest_find(&both, entry->path, strlen(entry->path)))
			code = copy_entry(&both, entry, manifest_stale(entry->kind), a->err);
	}
	if (code == 0)
		code = manifest_save(&both, a->list.data, a->err);
	manifest_release(&both);
	a->planned = code == 0;
	return code;
}

bool files_is_in_the_way(const struct manifest *tree, const struct manifest_entry *entry)
{
	const struct manifest_entry *wanted = manifest_find(tree, entry->path, strlen(entry->path));

	if (wanted)
		return manifest_is_folder(wanted->kind) != manifest_is_folder(entry->kind);
	for (const char *slash = entry->path; (slash = strchr(slash, '/')); slash++) {
		wanted = manifest_find(tree, entry->path, (size_t)(slash - entry->path));
		if (wanted && !manifest_is_folder(wanted->kind))
			return true;
	}
	return false;
}

int files_find_ours(struct hgt_beneath *target, const struct manifest_entry *entry, struct place *place, struct hgt_error *err)
{
	int code;

	if (entry->kind == MANIFEST_FOLDER_FOUND)
		return 0;
	code = tree_look_beneath(target, entry->path, entry, place, err);
	if (code == HGT_ENOENT || code == HGT_ECONFLICT)
		return 0;
	if (code < 0 || place->kind == PLACE_NOTHING || place->kind == PLACE_OTHER ||
		(place->kind == PLACE_FOLDER) != manifest_is_folder(entry->kind))
		return code;
	return entry->kind != MANIFEST_STALE || tree_holds(place, entry);
}

/* Take away what we placed; what others have put in its stead stays. */
static int prune_entry(struct apply *a, const struct manifest_entry *entry)
{
	struct place place;
	int code = files_find_ours(&a->changes.target, entry, &place, a->err);

	if (code <= 0)
		return code;
	code = plan(a);
	if (code < 0)
		return code;
	if (place.kind == PLACE_FOLDER) {
		code = changes_remove_folder(&a->changes, entry->path, place.mode, a->err);
		return code > 0 ? 0 : code;
	}
	code = changes_take(&a->changes, entry->path, a->err);
	a->result->removed += code == 0;
	return code;
}

/* Children come before their folder when the list is walked from its end. */
static int clear_the_way(struct apply *a)
{
	int code = 0;

	for (size_t i = a->before.n; i-- > 0 && code == 0;)
		if (files_is_in_the_way(&a->after, a->before.items[i]))
			code = prune_entry(a, a->before.items[i]);
	return code;
}

/* What is gone from the tree goes, or without `prune` is remembered. */
static int prune(struct apply *a)
{
	int code = 0;

	for (size_t i = a->before.n; i-- > 0 && code == 0;) {
		const struct manifest_entry *entry = a->before.items[i];

		if (manifest_find(&a->after, entry->path, strlen(entry->path)) || files_is_in_the_way(&a->after, entry))
			continue;
		if (a->order->target->prune)
			code = prune_entry(a, entry);
		else if (entry->kind != MANIFEST_FOLDER_FOUND)
			code = copy_entry(&a->after, entry, manifest_stale(entry->kind), a->err);
	}
	return code;
}

/* Give the new file the owner and permissions of the one it replaces; Git only knows whether it is executable. */
static int take_over(int fd, const struct place *old, enum manifest_kind kind, const char *path, struct hgt_error *err)
{
	mode_t mode = old->mode & 0777;
	struct stat st;

	mode = kind == MANIFEST_EXECUTABLE ? mode | (mode & 0444) >> 2 : mode & ~(mode_t)0111;
	if (fstat(fd, &st) < 0)
		return hgt_error_set_errno(err, "cannot look at the new %s", path);
	/* Only root may give files away; for anybody else the owner cannot be kept. */
	if ((st.st_uid != old->uid || st.st_gid != old->gid) && fchown(fd, old->uid, old->gid) < 0 && errno != EPERM)
		return hgt_error_set_errno(err, "cannot set the owner of %s", path);
	if (fchmod(fd, mode) < 0)
		return hgt_error_set_errno(err, "cannot set the mode of %s", path);
	return 0;
}

/* The new file on disk, with what it keeps of the old one, before it takes its place. */
static int finish_file(struct apply *a, const struct manifest_entry *entry, const struct place *old)
{
	struct perms perms;
	size_t len;
	const char *leaf = files_leaf(entry->path, &len);
	int folder, fd, code = hgt_beneath_open(&a->changes.source, entry->path, len, NULL, NULL, &folder, a->err);

	if (code < 0 || entry->kind == MANIFEST_LINK)
		return code;
	fd = openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return hgt_error_set_errno(a->err, "cannot open the new %s", entry->path);
	if (old->kind == PLACE_FILE)
		code = take_over(fd, old, entry->kind, entry->path, a->err);
	files_rules_find(&a->rules, entry, &perms);
	if (code == 0)
		code = files_perms_set(&perms, fd, entry->path, a->err);
	if (code == 0 && fsync(fd) < 0)
		code = hgt_error_set_errno(a->err, "cannot sync the new %s", entry->path);
	close(fd);
	return code;
}

/* One that we have made, now or before. */
static int set_folder_perms(struct apply *a, const struct manifest_entry *entry, int fd)
{
	struct perms perms;
	struct place place = {.kind = PLACE_FOLDER};
	struct stat st;
	int code;

	if (fstat(fd, &st) < 0)
		return hgt_error_set_errno(a->err, "cannot look at folder %s", entry->path);
	place.mode = st.st_mode & 07777;
	place.uid = st.st_uid;
	place.gid = st.st_gid;
	if (files_rules_hold(&a->rules, entry, &place))
		return 0;
	code = plan(a);
	files_rules_find(&a->rules, entry, &perms);
	return code == 0 ? changes_folder_perms(&a->changes, entry->path, fd, &place, &perms, a->err) : code;
}

/* A folder of the tree: `made` whether we make it, or have made it before. */
static int place_folder(struct apply *a, struct manifest_entry *entry)
{
	const struct manifest_entry *before = manifest_find(&a->before, entry->path, strlen(entry->path));
	size_t notes = a->changes.n;
	bool there;
	int fd, code = hgt_beneath_open(&a->changes.target, entry->path, strlen(entry->path), NULL, NULL, &fd, a->err);

	there = code == 0;
	if (code < 0 && code != HGT_ENOENT)
		return code;
	if (!there) {
		code = plan(a);
		if (code == 0)
			code = changes_open_folder(&a->changes, entry->path, strlen(entry->path), &fd, a->err);
	}
	if (a->changes.n > notes || (before && before->kind == MANIFEST_FOLDER))
		entry->kind = MANIFEST_FOLDER;
	return code < 0 ? code : set_folder_perms(a, entry, fd);
}

static int place_file(struct apply *a, const struct manifest_entry *entry)
{
	struct place place;
	int code;

	/* Should somebody change it from here on, the look at the outcome finds that. */
	if (!entry->wanted)
		return 0;
	code = tree_look_beneath(&a->changes.target, entry->path, NULL, &place, a->err);
	if (code < 0 || files_hold(&a->rules, &place, entry))
		return code;
	if (place.kind == PLACE_FOLDER)
		return hgt_error_set(a->err, HGT_ECONFLICT, "%s is a folder where a file should be, and holds what is not of the tree",
			entry->path);
	code = finish_file(a, entry, &place);
	if (code == 0)
		code = plan(a);
	if (code == 0)
		code = changes_place(&a->changes, entry->path, place.kind != PLACE_NOTHING, a->err);
	if (code == 0 && place.kind == PLACE_NOTHING)
		a->result->added++;
	else if (code == 0)
		a->result->modified++;
	return code;
}

static int place_all(struct apply *a)
{
	int code = 0;

	/* In order of paths, so a folder comes before what is in it. */
	for (size_t i = 0; i < a->after.n && code == 0; i++) {
		struct manifest_entry *entry = a->after.items[i];

		code = manifest_is_folder(entry->kind) ? place_folder(a, entry) : place_file(a, entry);
	}
	return code;
}

static int run_after(struct apply *a)
{
	const struct hgt_strings *after = &a->order->target->files.after;
	struct job_result said = {.output = HGT_BUF_INIT};
	struct job job = {.limit_ms = AFTER_LIMIT_MS, .stop_fd = a->order->stop_fd};
	char **argv;
	int code;

	if (after->n == 0 || (a->changes.n == 0 && !a->order->unfinished))
		return 0;
	argv = calloc(after->n + 1, sizeof(*argv));
	if (!argv)
		return hgt_error_nomem(a->err);
	memcpy(argv, after->items, after->n * sizeof(*argv));
	job.argv = argv;
	code = job_run(&job, &said, a->err);
	a->result->ran = code == 0;
	a->result->exit_status = said.exit_status;
	if (code == 0)
		code = job_judge(&job, &said, a->err);
	if (code < 0 && a->result->ran) {
		/* What refuses these files will refuse them again; a command that is not there may come. */
		a->result->permanent = code == HGT_ECONFLICT || code == HGT_ETIMEOUT;
		a->result->output = said.output;
		a->result->output_cut = said.cut;
		hgt_buf_init(&said.output);
	}
	free(argv);
	hgt_buf_release(&said.output);
	return code;
}

static int put_back(struct apply *a)
{
	struct hgt_error err = {0};
	int code = changes_undo(&a->changes, &err);

	if (code == 0 && a->planned)
		code = manifest_save(&a->before, a->list.data, &err);
	a->result->restored = code == 0;
	if (code < 0)
		hgt_error_prefix(a->err, "%s, and the old files could not be put back", err.message);
	a->result->added = a->result->modified = a->result->removed = 0;
	return code;
}

static int change(struct apply *a)
{
	int code = clear_the_way(a);

	if (code == 0)
		code = place_all(a);
	if (code == 0)
		code = prune(a);
	if (code == 0)
		code = changes_sync(&a->changes, a->err);
	if (code == 0)
		code = run_after(a);
	if (code == 0)
		code = manifest_save(&a->after, a->list.data, a->err);
	return code;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

int files_apply(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	struct apply a = {.order = order, .result = result, .err = err, .into = -1, .staging = -1, .fresh = -1,
		.list = HGT_BUF_INIT, .before = MANIFEST_INIT, .after = MANIFEST_INIT, .differing = MANIFEST_INIT, .removed = MANIFEST_INIT};
	int code = files_list_path(order, &a.list, err);

	if (code == 0)
		code = files_rules_init(&a.rules, &order->target->files, err);
	if (code == 0)
		code = files_open_into(order, true, &a.into, err);
	if (code == 0)
		code = remove_leftovers(&a);
	if (code == 0)
		code = manifest_load(&a.before, a.list.data, err);
	if (code == 0)
		code = apply_list(&a);
	if (code == 0)
		code = apply_find_wanted(&a);
	if (code == 0)
		code = apply_stage(&a);
	if (code == 0) {
		changes_init(&a.changes, a.into, a.staging, a.fresh);
		code = change(&a);
		if (code < 0)
			put_back(&a);
		changes_release(&a.changes);
	}
	if (code == 0 && order->before_look)
		order->before_look(order->ctx);
	if (code == 0)
		code = files_compare_with(a.into, &a.rules, &a.after, false, a.list.data, result, err);
	/* What is left over goes with the next apply; it is no reason to call the outcome a failure, nor to wait for the disk. */
	if (a.staging >= 0 && tree_remove(a.into, a.staging_name, NULL) < 0)
		hgt_log(HGT_LOG_WARNING, "files", "a staging folder is left over until the next apply", HGT_S("folder", a.staging_name));
	close_if_open(a.fresh);
	close_if_open(a.staging);
	close_if_open(a.into);
	files_rules_release(&a.rules);
	hgt_buf_release(&a.list);
	manifest_release(&a.before);
	manifest_release(&a.after);
	manifest_release(&a.differing);
	manifest_release(&a.removed);
	return code;
}

static void place(const struct hgt_agent_target *target, struct hgt_buf *out)
{
	hgt_buf_adds(out, target->files.into);
}

/* The files where it was stay there. */
static void forget(const struct driver_order *order)
{
	struct hgt_buf list = HGT_BUF_INIT;
	struct hgt_error err = {0};

	if (files_list_path(order, &list, &err) == 0)
		unlink(list.data);
	hgt_buf_release(&list);
	files_forget_where(order);
}

/* The list is replaced before the revision is noted: by one without a tree when an apply begins, and by the tree's when it ends. */
static bool is_of(const struct driver_order *order)
{
	struct hgt_buf list = HGT_BUF_INIT;
	struct manifest manifest = MANIFEST_INIT;
	struct hgt_error err = {0};
	bool is = files_list_path(order, &list, &err) == 0 && manifest_load(&manifest, list.data, &err) == 0 && strcmp(manifest.tree, order->tree) == 0;

	manifest_release(&manifest);
	hgt_buf_release(&list);
	return is;
}

const struct driver files_driver = {.name = "files", .takes_differences = true, .place = place, .forget = forget, .is_of = is_of,
	.watch = files_watch, .own_names = FILES_STAGING_PREFIX, .compare = files_compare, .explain = files_explain, .preview = files_preview,
	.apply = files_apply};
