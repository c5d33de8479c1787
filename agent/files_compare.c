/* The files driver: how a target differs from the list of files. */
#include <fcntl.h>
#include <unistd.h>

#include "agent/files_driver.h"
#include "agent/files_private.h"
#include "agent/files_tree.h"
#include "base/glob.h"
#include "base/log.h"

int files_list_path(const struct driver_order *order, struct hgt_buf *path, struct hgt_error *err)
{
	hgt_buf_addf(path, "%s/" FILES_LIST, order->folder);
	return hgt_buf_check(path, err);
}

const char *files_leaf(const char *path, size_t *folder_len)
{
	const char *slash = strrchr(path, '/');

	*folder_len = slash ? (size_t)(slash - path) : 0;
	return slash ? slash + 1 : path;
}

bool files_hold(const struct files_rules *rules, const struct place *place, const struct manifest_entry *entry)
{
	return tree_holds(place, entry) && files_rules_hold(rules, entry, place);
}

int files_ignore(const struct hgt_files_options *options, const char *path)
{
	for (size_t i = 0; i < options->ignore.n; i++)
		if (hgt_glob_match(options->ignore.items[i], path))
			return (int)i;
	return -1;
}

/* A look at the whole target. */
struct look {
	const struct files_rules *rules;
	struct driver_result *result;
	struct hgt_beneath beneath;
	uint64_t *hits;		/* of each ignore rule */
	bool pruned;		/* what is stale is not to be there */
};

static int differs(struct look *l, const char *path, const char *sync, const char *how, struct hgt_error *err)
{
	int rule = files_ignore(l->rules->options, path);

	if (rule >= 0) {
		l->hits[rule]++;
		return 0;
	}
	driver_differs(l->result, path, how);
	return driver_add_resource(l->result, path, sync, NULL, how, err);
}

const char *files_what_differs(const struct place *place, const struct manifest_entry *entry)
{
	bool folder = manifest_is_folder(entry->kind);

	if (place->kind != (folder ? PLACE_FOLDER : entry->kind == MANIFEST_LINK ? PLACE_LINK : PLACE_FILE))
		return folder ? "is no folder" : entry->kind == MANIFEST_LINK ? "is no link" : "is no file";
	if (memcmp(place->digest, entry->digest, HGT_SHA256_SIZE) != 0)
		return entry->kind == MANIFEST_LINK ? "leads elsewhere" : "has other contents";
	if (tree_holds(place, entry))
		return "has another owner, group or mode";
	return entry->kind == MANIFEST_EXECUTABLE ? "is not executable" : "is executable";
}

/* 1 when something was learned of the entry. */
static int compare_entry(struct look *l, struct manifest_entry *entry, struct hgt_error *err)
{
	struct place place;
	int code = tree_look_beneath(&l->beneath, entry->path, entry, &place, err);

	if (code == HGT_ENOENT || code == HGT_ECONFLICT || (code == 0 && place.kind == PLACE_NOTHING))
		return differs(l, entry->path, "Missing", "is missing", err);
	if (code < 0)
		return code;
	l->result->checked++;
	if (files_hold(l->rules, &place, entry))
		return tree_learn(entry, &place);
	return differs(l, entry->path, "OutOfSync", files_what_differs(&place, entry), err);
}

/* Something that we may have placed and that the tree does not have. */
static int compare_stale(struct look *l, const struct manifest_entry *entry, struct hgt_error *err)
{
	struct place place;
	int code;

	if (!l->pruned || manifest_is_folder(entry->kind))
		return 0;
	code = tree_look_beneath(&l->beneath, entry->path, entry, &place, err);
	if (code == HGT_ENOENT || code == HGT_ECONFLICT)
		return 0;
	if (code < 0 || !tree_holds(&place, entry))
		return code;
	return differs(l, entry->path, "Extra", "is left of an apply that did not come to its end", err);
}

static int tell_extra(void *ctx, const char *path, struct hgt_error *err)
{
	return differs(ctx, path, "Extra", "is not of the tree", err);
}

static int tell_ignored(const struct look *l, struct hgt_error *err)
{
	const struct hgt_strings *ignore = &l->rules->options->ignore;
	int code = 0;

	for (size_t i = 0; i < ignore->n && code == 0; i++)
		code = driver_add_ignored(l->result, ignore->items[i], l->hits[i], err);
	return code;
}

static int look_at_all(struct look *l, int into, struct manifest *manifest, bool *learned, struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; i < manifest->n && code >= 0; i++) {
		struct manifest_entry *entry = manifest->items[i];

		if (entry->kind == manifest_stale(entry->kind))
			code = compare_stale(l, entry, err);
		else
			code = compare_entry(l, entry, err);
		*learned |= code > 0;
	}
	if (code >= 0 && l->rules->options->report_extra)
		code = files_extra(into, manifest, tell_extra, l, err);
	l->result->has_coverage = true;
	return code < 0 ? code : tell_ignored(l, err);
}

int files_compare_with(int into, const struct files_rules *rules, struct manifest *manifest, bool pruned, const char *file,
	struct driver_result *result, struct hgt_error *err)
{
	struct look look = {.rules = rules, .result = result, .pruned = pruned,
		.hits = calloc(rules->options->ignore.n + 1, sizeof(uint64_t))};
	struct hgt_error unsaved = {0};
	bool learned = false;
	int code;

	if (!look.hits)
		return hgt_error_nomem(err);
	hgt_beneath_init(&look.beneath, into);
	code = look_at_all(&look, into, manifest, &learned, err);
	hgt_beneath_release(&look.beneath);
	free(look.hits);
	if (code < 0)
		return code;
	/* The target is as it is: what cannot be noted is found out again the next time. */
	if (learned && manifest_save(manifest, file, &unsaved) < 0)
		hgt_log(HGT_LOG_WARNING, "files", "the list of files cannot be saved", HGT_S("reason", unsaved.message));
	return driver_difference_end(result, err);
}

int files_compare(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	const char *into = order->target->files.into;
	struct manifest manifest = MANIFEST_INIT;
	struct hgt_buf list = HGT_BUF_INIT;
	struct files_rules rules = {0};
	int fd = -1, code = files_list_path(order, &list, err);

	if (code == 0)
		code = files_rules_init(&rules, &order->target->files, err);
	if (code == 0)
		code = manifest_load(&manifest, list.data, err);
	if (code < 0)
		goto out;
	code = files_open_into(order, false, &fd, err);
	if (code == 0) {
		code = files_compare_with(fd, &rules, &manifest, order->target->prune, list.data, result, err);
	} else if (code == HGT_ENOENT) {
		driver_differs(result, into, "is missing");
		code = driver_difference_end(result, err);
	}
out:
	if (fd >= 0)
		close(fd);
	files_rules_release(&rules);
	manifest_release(&manifest);
	hgt_buf_release(&list);
	return code;
}
