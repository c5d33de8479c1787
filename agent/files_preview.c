/*
 * The files driver: what a sync would change, while the target is not to be touched. The wanted tree is there as a folder in the agent's
 * state; what it holds is held against the target as an apply would, and nothing is noted.
 */
#include <fcntl.h>
#include <unistd.h>

#include "agent/files_private.h"
#include "agent/files_template.h"
#include "agent/files_tree.h"
#include "base/io.h"

struct preview {
	const struct driver_order *order;
	const struct hgt_files_options *options;
	struct driver_result *result;
	struct hgt_error *err;
	int into, fresh;		/* the target, -1 when it is missing; the wanted tree */
	struct hgt_beneath target, tree;
	struct files_rules rules;
	struct manifest before;		/* what we had placed */
	struct manifest wanted;		/* what the tree holds */
	uint64_t *hits;			/* of each ignore rule */
};

/* What the tree holds. */

static int add_entry(struct preview *p, int folder, const char *name, const char *path, size_t len)
{
	enum manifest_kind kind = MANIFEST_FOLDER_FOUND;
	struct place place;
	int code = files_check_name(path, p->err);

	if (code == 0)
		code = tree_look(folder, name, path, NULL, &place, p->err);
	if (code < 0)
		return code;
	if (place.kind == PLACE_NOTHING || place.kind == PLACE_OTHER)
		return hgt_error_set(p->err, HGT_ECORRUPT, "%s in the agent's copy of the tree is no file", path);
	if (place.kind == PLACE_FILE)
		kind = place.mode & 0111 ? MANIFEST_EXECUTABLE : MANIFEST_FILE;
	else if (place.kind == PLACE_LINK)
		kind = MANIFEST_LINK;
	return manifest_add(&p->wanted, kind, path, len, place.digest, NULL, p->err);
}

/* The names in one folder of the tree; "" is the tree itself. */
static int list_folder(struct preview *p, const char *folder)
{
	struct manifest names = MANIFEST_INIT;
	struct hgt_buf path = HGT_BUF_INIT;
	int fd, code = hgt_beneath_open(&p->tree, folder, strlen(folder), NULL, NULL, &fd, p->err);

	if (code == 0)
		code = tree_names(fd, "", &names, p->err);
	for (size_t i = 0; i < names.n && code == 0; i++) {
		const char *name = names.items[i]->path;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		hgt_buf_reset(&path);
		hgt_buf_addf(&path, "%s%s%s", folder, *folder ? "/" : "", name);
		code = hgt_buf_check(&path, p->err);
		if (code == 0)
			code = add_entry(p, fd, name, path.data, path.len);
	}
	hgt_buf_release(&path);
	manifest_release(&names);
	return code;
}

static int render(struct preview *p, struct manifest_entry *entry)
{
	struct hgt_buf text = HGT_BUF_INIT, out = HGT_BUF_INIT;
	size_t len;
	const char *leaf = files_leaf(entry->path, &len);
	int folder, fd = -1, code = hgt_beneath_open(&p->tree, entry->path, len, NULL, NULL, &folder, p->err);

	if (code == 0) {
		fd = openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		code = fd < 0 ? hgt_error_set_errno(p->err, "cannot open the new %s", entry->path) : 0;
	}
	if (code == 0)
		code = hgt_read_fd(fd, entry->path, TEMPLATE_MAX, &text, p->err);
	if (code == 0)
		code = template_render(text.data, text.len, entry->path, p->order->target, &out, p->err);
	if (code == 0)
		hgt_sha256(out.data, out.len, entry->digest);
	if (fd >= 0)
		close(fd);
	hgt_buf_release(&text);
	hgt_buf_release(&out);
	return code;
}

/* The list grows while it is walked, by what is in each folder. */
static int list_tree(struct preview *p)
{
	int code = list_folder(p, "");

	for (size_t i = 0; i < p->wanted.n && code == 0; i++) {
		struct manifest_entry *entry = p->wanted.items[i];

		if (manifest_is_folder(entry->kind))
			code = list_folder(p, entry->path);
		else if (files_is_template(p->options, entry))
			code = render(p, entry);
	}
	if (code == 0)
		manifest_sort(&p->wanted);
	return code;
}

/* How the target differs from it. */

static int differs(struct preview *p, const char *path, const char *sync, const char *how)
{
	driver_differs(p->result, path, how);
	return driver_add_resource(p->result, path, sync, NULL, how, p->err);
}

static int look(struct preview *p, struct manifest_entry *entry, const struct manifest_entry *before, struct place *place)
{
	int code = p->into >= 0 ? tree_look_beneath(&p->target, entry->path, before, place, p->err) : HGT_ENOENT;

	if (code == HGT_ENOENT || code == HGT_ECONFLICT) {
		place->kind = PLACE_NOTHING;
		return 0;
	}
	return code;
}

/* Files and links; folders that are there. A folder that is missing is made for what is in it, which is told. */
static int compare_entry(struct preview *p, struct manifest_entry *entry)
{
	const struct manifest_entry *before = manifest_find(&p->before, entry->path, strlen(entry->path));
	struct place place;
	int code = look(p, entry, before, &place);

	if (code < 0)
		return code;
	if (place.kind == PLACE_NOTHING) {
		if (manifest_is_folder(entry->kind))
			return 0;
		p->result->added++;
		return differs(p, entry->path, "Missing", "is missing");
	}
	p->result->checked++;
	if (before && before->kind == MANIFEST_FOLDER && manifest_is_folder(entry->kind))
		entry->kind = MANIFEST_FOLDER;
	if (files_hold(&p->rules, &place, entry))
		return 0;
	if (files_is_left_alone(p->options, entry, before)) {
		p->hits[files_ignore(p->options, entry->path)]++;
		return 0;
	}
	p->result->modified += !manifest_is_folder(entry->kind);
	return differs(p, entry->path, "OutOfSync", files_what_differs(&place, entry));
}

/* What would be taken away. An entry whose path the tree has for something else is told as what differs there. */
static int compare_gone(struct preview *p, const struct manifest_entry *entry)
{
	struct place place;
	int code;

	if (manifest_is_folder(entry->kind) || manifest_find(&p->wanted, entry->path, strlen(entry->path)) ||
		(!p->order->target->prune && !files_is_in_the_way(&p->wanted, entry)))
		return 0;
	code = files_find_ours(&p->target, entry, &place, p->err);
	if (code <= 0)
		return code;
	p->result->removed++;
	return differs(p, entry->path, "Extra", "is not of the tree any more");
}

/* A folder with nothing in it, as a submodule is: news when there is no other. */
static int compare_folders(struct preview *p)
{
	int code = 0;

	for (size_t i = 0; i < p->wanted.n && code == 0; i++) {
		struct manifest_entry *entry = p->wanted.items[i];
		struct place place;

		if (!manifest_is_folder(entry->kind))
			continue;
		code = look(p, entry, NULL, &place);
		if (code == 0 && place.kind == PLACE_NOTHING)
			code = differs(p, entry->path, "Missing", "is missing");
	}
	return code;
}

static int compare_all(struct preview *p)
{
	const struct hgt_strings *ignore = &p->options->ignore;
	int code = 0;

	for (size_t i = 0; i < p->wanted.n && code == 0; i++)
		code = compare_entry(p, p->wanted.items[i]);
	for (size_t i = 0; i < p->before.n && code == 0 && p->into >= 0; i++)
		code = compare_gone(p, p->before.items[i]);
	if (code == 0 && p->result->differing == 0)
		code = compare_folders(p);
	for (size_t i = 0; i < ignore->n && code == 0; i++)
		code = driver_add_ignored(p->result, ignore->items[i], p->hits[i], p->err);
	p->result->has_coverage = true;
	return code == 0 ? driver_difference_end(p->result, p->err) : code;
}

static int open_both(struct preview *p)
{
	struct hgt_buf list = HGT_BUF_INIT;
	int code = files_list_path(p->order, &list, p->err);

	if (code == 0)
		code = manifest_load(&p->before, list.data, p->err);
	hgt_buf_release(&list);
	if (code == 0)
		code = files_open_into(p->order, false, &p->into, p->err);
	/* Not there yet: all of it would come. */
	if (code == HGT_ENOENT)
		code = 0;
	if (code == 0) {
		p->fresh = open(p->order->checkout, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		code = p->fresh < 0 ? hgt_error_set_errno(p->err, "cannot open the agent's copy of the tree") : 0;
	}
	return code;
}

int files_preview(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	struct preview p = {.order = order, .options = &order->target->files, .result = result, .err = err, .into = -1, .fresh = -1,
		.before = MANIFEST_INIT, .wanted = MANIFEST_INIT};
	int code = files_rules_init(&p.rules, p.options, err);

	p.hits = calloc(p.options->ignore.n + 1, sizeof(*p.hits));
	if (code == 0 && !p.hits)
		code = hgt_error_nomem(err);
	if (code == 0)
		code = open_both(&p);
	hgt_beneath_init(&p.target, p.into);
	hgt_beneath_init(&p.tree, p.fresh);
	if (code == 0)
		code = list_tree(&p);
	if (code == 0)
		code = compare_all(&p);
	hgt_beneath_release(&p.target);
	hgt_beneath_release(&p.tree);
	if (code == 0 && result->differing > 0)
		files_show(order, p.into, p.fresh, true, result);
	if (p.into >= 0)
		close(p.into);
	if (p.fresh >= 0)
		close(p.fresh);
	free(p.hits);
	files_rules_release(&p.rules);
	manifest_release(&p.before);
	manifest_release(&p.wanted);
	return code;
}
