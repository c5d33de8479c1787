/* The files driver: what a tree holds, what of it the target lacks, and that in the staging folder. */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_apply.h"
#include "agent/files_template.h"
#include "archive/unpack.h"
#include "base/glob.h"
#include "base/io.h"

static int make_staging(struct apply *a)
{
	char suffix[17];
	int code;

	hgt_random_hex(8, suffix);
	snprintf(a->staging_name, sizeof(a->staging_name), "%s%s", FILES_STAGING_PREFIX, suffix);
	code = files_make_folder_at(a->into, a->staging_name, &a->staging, a->err);
	return code == 0 ? files_make_folder_at(a->staging, "new", &a->fresh, a->err) : code;
}

static bool is_delta(const struct apply *a)
{
	return a->order->from && *a->order->from;
}

int files_check_name(const char *path, struct hgt_error *err)
{
	if (strncmp(path, FILES_STAGING_PREFIX, strlen(FILES_STAGING_PREFIX)) != 0)
		return 0;
	return hgt_error_set(err, HGT_EPERM, "the tree holds %s; names with %s at the top are the agent's own", path, FILES_STAGING_PREFIX);
}

static int take_entry(void *ctx, const struct hgt_unpack_entry *entry, struct hgt_error *err)
{
	static const enum manifest_kind kinds[] = {
		[HGT_UNPACK_FILE] = MANIFEST_FILE,
		[HGT_UNPACK_EXECUTABLE] = MANIFEST_EXECUTABLE,
		[HGT_UNPACK_LINK] = MANIFEST_LINK,
		[HGT_UNPACK_FOLDER] = MANIFEST_FOLDER_FOUND,
	};
	struct apply *a = ctx;

	int code = files_check_name(entry->path, err);

	if (code < 0)
		return code;
	if (entry->kind == HGT_UNPACK_REMOVED)
		return manifest_add(&a->removed, MANIFEST_STALE, entry->path, entry->len, entry->digest, NULL, err);
	return manifest_add(is_delta(a) ? &a->differing : &a->after, kinds[entry->kind], entry->path, entry->len, entry->digest, NULL, err);
}

static struct hgt_unpack_limits limits_of(const struct apply *a)
{
	struct hgt_unpack_limits limits = hgt_unpack_default_limits;
	size_t used = strlen(a->order->target->files.into) + STAGING_NAME_MAX + sizeof("/new/");

	/* Whatever is placed can be named by its whole path. */
	limits.path = used < PATH_MAX ? (unsigned)(PATH_MAX - used) : 0;
	return limits;
}

/* The archive is of the kind that was asked for: what is the same in both trees is not in one of differences. */
static int check_kind(struct apply *a, const struct hgt_unpack_info *info)
{
	if (!is_delta(a))
		return !*info->from ? 0 : hgt_error_set(a->err, HGT_EPARSE, "the archive tells only what differs from another tree, unasked");
	if (strcmp(info->from, a->order->from) != 0 || strcmp(info->to, a->order->tree) != 0)
		return hgt_error_set(a->err, HGT_EPARSE, "the archive tells the differences between other trees than was asked for");
	return 0;
}

/* What the tree holds. */
int apply_list(struct apply *a)
{
	struct hgt_unpack_limits limits = limits_of(a);
	struct hgt_unpack_info info;
	int code = 0;

	if (is_delta(a) && strcmp(a->before.tree, a->order->from) != 0)
		code = hgt_error_set(a->err, HGT_ECONFLICT, "the list of files is not of the tree %s", a->order->from);
	if (code == 0)
		code = hgt_unpack_list(a->order->archive, &limits, take_entry, a, &info, a->err);
	if (code == 0)
		code = check_kind(a, &info);
	if (code == 0 && is_delta(a))
		code = files_delta_merge(&a->before, &a->removed, &a->differing, &a->after, a->err);
	if (code == 0 && a->after.n > limits.entries)
		code = hgt_error_set(a->err, HGT_ELIMIT, "the tree has more than %llu entries", (unsigned long long)limits.entries);
	a->result->want_whole = code < 0 && is_delta(a);
	a->result->permanent = !is_delta(a) && (code == HGT_EPARSE || code == HGT_ELIMIT || code == HGT_EPERM);
	if (code == 0)
		manifest_sort(&a->after);
	if (code == 0 && a->order->tree)
		snprintf(a->after.tree, sizeof(a->after.tree), "%s", a->order->tree);
	return code;
}

bool files_is_template(const struct hgt_files_options *options, const struct manifest_entry *entry)
{
	const struct hgt_strings *templates = &options->templates;

	return (entry->kind == MANIFEST_FILE || entry->kind == MANIFEST_EXECUTABLE) &&
		hgt_glob_match_any(templates->items, templates->n, entry->path);
}

/* Whether the archive at hand has it; what is the same in both trees is not in one of differences. */
static bool is_in_archive(const struct apply *a, const struct manifest_entry *entry)
{
	return !is_delta(a) || manifest_find(&a->differing, entry->path, strlen(entry->path));
}

bool files_is_left_alone(const struct hgt_files_options *options, const struct manifest_entry *entry, const struct manifest_entry *before)
{
	return before && before->kind == entry->kind && memcmp(before->digest, entry->digest, HGT_SHA256_SIZE) == 0 &&
		files_ignore(options, entry->path) >= 0;
}

/* Whether the target lacks it; HGT_ENOENT and HGT_ECONFLICT are no failure, since there is no folder for it then. */
static int look_for(struct apply *a, struct hgt_beneath *into, struct manifest_entry *entry)
{
	const struct manifest_entry *before = manifest_find(&a->before, entry->path, strlen(entry->path));
	struct place place;
	int code = tree_look_beneath(into, entry->path, before, &place, a->err);

	entry->wanted = !(code == 0 && files_hold(&a->rules, &place, entry));
	if (!entry->wanted)
		tree_learn(entry, &place);
	else if (files_is_left_alone(a->rules.options, entry, before))
		entry->wanted = false;
	return code == HGT_ENOENT || code == HGT_ECONFLICT ? 0 : code;
}

/* Which of it the target lacks. */
int apply_find_wanted(struct apply *a)
{
	struct hgt_beneath into;
	int code = 0;

	hgt_beneath_init(&into, a->into);
	for (size_t i = 0; i < a->after.n && code == 0; i++) {
		struct manifest_entry *entry = a->after.items[i];

		if (manifest_is_folder(entry->kind))
			continue;
		/* What a template comes to is known when it has been unpacked. */
		if (files_is_template(a->rules.options, entry) && is_in_archive(a, entry))
			entry->wanted = true;
		else
			code = look_for(a, &into, entry);
		a->any_wanted |= entry->wanted;
		/* Somebody has changed what is the same in both trees. */
		if (code == 0 && entry->wanted && !is_in_archive(a, entry)) {
			code = hgt_error_set(a->err, HGT_ECONFLICT, "%s is not as it was placed", entry->path);
			a->result->want_whole = true;
		}
	}
	hgt_beneath_release(&into);
	return code;
}

/* The template in the staging folder, replaced by what it comes to. */
static int render(struct apply *a, int folder, const char *leaf, struct manifest_entry *entry)
{
	struct hgt_buf text = HGT_BUF_INIT, out = HGT_BUF_INIT;
	int fd = openat(folder, leaf, O_RDWR | O_NOFOLLOW | O_CLOEXEC), code;

	if (fd < 0)
		return hgt_error_set_errno(a->err, "cannot open the new %s", entry->path);
	code = hgt_read_fd(fd, entry->path, TEMPLATE_MAX, &text, a->err);
	if (code == 0)
		code = template_render(text.data, text.len, entry->path, a->order->target, &out, a->err);
	/* The same tree would fail again, until the config is another. */
	a->result->permanent = code == HGT_EPARSE || code == HGT_ELIMIT;
	if (code == 0 && (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 || hgt_write_all(fd, out.data, out.len) < 0))
		code = hgt_error_set_errno(a->err, "cannot write the new %s", entry->path);
	if (code == 0)
		hgt_sha256(out.data, out.len, entry->digest);
	close(fd);
	hgt_buf_release(&text);
	hgt_buf_release(&out);
	return code;
}

static int render_all(struct apply *a)
{
	struct hgt_beneath fresh, into;
	int code = 0;

	hgt_beneath_init(&fresh, a->fresh);
	hgt_beneath_init(&into, a->into);
	for (size_t i = 0; i < a->after.n && code == 0; i++) {
		struct manifest_entry *entry = a->after.items[i];
		const char *leaf;
		size_t len;
		int folder;

		if (!entry->wanted || !files_is_template(a->rules.options, entry))
			continue;
		leaf = files_leaf(entry->path, &len);
		code = hgt_beneath_open(&fresh, entry->path, len, NULL, NULL, &folder, a->err);
		if (code == 0)
			code = render(a, folder, leaf, entry);
		if (code == 0)
			code = look_for(a, &into, entry);
	}
	hgt_beneath_release(&fresh);
	hgt_beneath_release(&into);
	return code;
}

static bool is_wanted(void *ctx, const char *path, size_t len)
{
	const struct apply *a = ctx;
	const struct manifest_entry *entry = manifest_find(&a->after, path, len);

	return entry && entry->wanted;
}

/* What the target lacks, into the staging folder. */
int apply_stage(struct apply *a)
{
	struct hgt_unpack_limits limits = limits_of(a);
	struct hgt_unpack_info info;
	int code = make_staging(a);

	if (code < 0 || !a->any_wanted)
		return code;
	if (lseek(a->order->archive, 0, SEEK_SET) < 0)
		return hgt_error_set_errno(a->err, "cannot read the archive again");
	code = hgt_unpack(a->order->archive, a->fresh, &limits, is_wanted, a, &info, a->err);
	return code == 0 ? render_all(a) : code;
}
