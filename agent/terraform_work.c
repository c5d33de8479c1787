/* The driver terraform: its folders, and where the state is. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/terraform_private.h"
#include "agent/tool.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "doc/doc.h"

#define LOCK_SIZE_MAX (4 * 1024 * 1024)
#define SOURCE_SIZE_MAX (10 * 1024 * 1024)
#define RECORD_SIZE_MAX (4 * 1024 * 1024)

void terraform_place_init(struct terraform_place *place)
{
	struct hgt_buf *bufs[] = {&place->base, &place->work, &place->module, &place->data, &place->plugins, &place->lock, &place->ready,
		&place->plan};

	place->locked = false;
	for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
		hgt_buf_init(bufs[i]);
}

void terraform_place_release(struct terraform_place *place)
{
	struct hgt_buf *bufs[] = {&place->base, &place->work, &place->module, &place->data, &place->plugins, &place->lock, &place->ready,
		&place->plan};

	for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
		hgt_buf_release(bufs[i]);
}

/* Links in `to` to all that is in `from`, but for one name. */
static int link_all(const char *from, const char *to, const char *except, size_t except_len, struct hgt_error *err)
{
	DIR *folder = opendir(from);
	struct dirent *entry;
	int code = 0;

	if (!folder)
		return errno == ENOENT || errno == ENOTDIR ? HGT_ENOENT : hgt_error_set_errno(err, "cannot read folder %s", from);
	while (code == 0 && (entry = readdir(folder))) {
		struct hgt_buf source = HGT_BUF_INIT, link = HGT_BUF_INIT;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			(strlen(entry->d_name) == except_len && memcmp(entry->d_name, except, except_len) == 0))
			continue;
		hgt_buf_addf(&source, "%s/%s", from, entry->d_name);
		hgt_buf_addf(&link, "%s/%s", to, entry->d_name);
		if (source.failed || link.failed)
			code = hgt_error_nomem(err);
		else if (symlink(source.data, link.data) < 0)
			code = hgt_error_set_errno(err, "cannot make a link in %s", to);
		hgt_buf_release(&source);
		hgt_buf_release(&link);
	}
	closedir(folder);
	return code;
}

/*
 * The working folder: real folders on the way to the root module, links beside them and in it, so that ../../modules leads where it leads
 * in the tree, and files can be laid beside the module's own.
 */
static int make_work(const struct driver_order *order, struct terraform_place *place, struct hgt_error *err)
{
	const char *rest = order->target->terraform.folder;
	struct hgt_buf from = HGT_BUF_INIT;
	int code = 0;

	tool_remove(place->work.data);
	hgt_buf_adds(&from, order->checkout);
	hgt_buf_adds(&place->module, place->work.data);
	while (code == 0) {
		size_t n = strcspn(rest, "/");

		if (mkdir(place->module.data, 0700) < 0)
			code = hgt_error_set_errno(err, "cannot make folder %s", place->module.data);
		if (code == 0)
			code = link_all(from.data, place->module.data, rest, n, err);
		if (code == HGT_ENOENT)
			hgt_error_set(err, code, "there is no folder %s in the tree; the target's options name it", order->target->terraform.folder);
		if (code < 0 || !n)
			break;
		hgt_buf_addf(&from, "/%.*s", (int)n, rest);
		hgt_buf_addf(&place->module, "/%.*s", (int)n, rest);
		rest += n + (rest[n] == '/');
		if (from.failed || place->module.failed)
			code = hgt_error_nomem(err);
	}
	hgt_buf_release(&from);
	return code;
}

static int copy_file(const char *from, const char *to, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	int code = hgt_read_file(from, LOCK_SIZE_MAX, &text, err);

	if (code == 0)
		code = hgt_write_file(to, text.data, text.len, 0600, err);
	hgt_buf_release(&text);
	return code;
}

/* A path of a file of the root module; whether it is there. */
static bool in_module(const struct terraform_place *place, const char *name, struct hgt_buf *path)
{
	struct stat st;

	hgt_buf_addf(path, "%s/%s", place->module.data, name);
	return !path->failed && lstat(path->data, &st) == 0;
}

/* Where the tree does not say which providers, those of before. */
static int place_lock(struct terraform_place *place, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code = 0;

	place->locked = in_module(place, TERRAFORM_LOCK, &path);
	if (path.failed)
		code = hgt_error_nomem(err);
	else if (!place->locked && access(place->lock.data, F_OK) == 0)
		code = copy_file(place->lock.data, path.data, err);
	hgt_buf_release(&path);
	return code;
}

int terraform_keep_lock(const struct terraform_place *place, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code = 0;

	if (!place->locked && in_module(place, TERRAFORM_LOCK, &path))
		code = copy_file(path.data, place->lock.data, err);
	hgt_buf_release(&path);
	return code;
}

/* Whether a source has a block `backend "..."` or `cloud {`, or in JSON such a member: also one in a comment, which is refused in vain. */
static bool has_backend(const char *text, size_t len)
{
	static const char *const words[] = {"backend", "cloud"};

	for (size_t w = 0; w < 2; w++) {
		const char *at = text, *end = text + len;
		size_t n = strlen(words[w]);

		while ((at = memmem(at, (size_t)(end - at), words[w], n))) {
			bool begins = at == text || strchr(" \t\n{\"", at[-1]);
			const char *next = at + n;

			if (next < end && *next == '"')
				next++;
			while (next < end && (*next == ' ' || *next == '\t'))
				next++;
			if (begins && next < end && (*next == '"' || *next == '{' || *next == ':'))
				return true;
			at += n;
		}
	}
	return false;
}

static bool is_source(const char *name)
{
	static const char *const endings[] = {".tf", ".tf.json", ".tofu", ".tofu.json"};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
		if (len > strlen(endings[i]) && strcmp(name + len - strlen(endings[i]), endings[i]) == 0)
			return true;
	return false;
}

/* The option state_file is for configurations that have no backend; one that is there is left alone. */
static int refuse_backend(const struct terraform_place *place, struct hgt_error *err)
{
	DIR *folder = opendir(place->module.data);
	struct dirent *entry;
	int code = 0;

	if (!folder)
		return hgt_error_set_errno(err, "cannot read folder %s", place->module.data);
	while (code == 0 && (entry = readdir(folder))) {
		struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;

		if (strcmp(entry->d_name, TERRAFORM_OVERRIDE) == 0)
			code = hgt_error_set(err, HGT_ECONFLICT, "the tree has a file " TERRAFORM_OVERRIDE ", a name that the driver uses itself");
		if (code == 0 && is_source(entry->d_name) && in_module(place, entry->d_name, &path))
			code = hgt_read_file(path.data, SOURCE_SIZE_MAX, &text, err);
		if (code == 0 && has_backend(text.data, text.len))
			code = hgt_error_set(err, HGT_ECONFLICT, "%s has a backend, so the state is there: take `state_file` out of the target's options",
				entry->d_name);
		hgt_buf_release(&path);
		hgt_buf_release(&text);
	}
	closedir(folder);
	return code;
}

/* The state's place, said by a file beside the module's own. */
static int place_override(const struct terraform_place *place, const char *state_file, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT, folder = HGT_BUF_INIT, workspaces = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);
	static const char *const way[] = {"terraform", "backend", "local"};
	int code;

	hgt_buf_addf(&path, "%s/" TERRAFORM_OVERRIDE, place->module.data);
	hgt_buf_addf(&workspaces, "%s.d", state_file);
	hgt_buf_add(&folder, state_file, (size_t)(strrchr(state_file, '/') - state_file));
	hgt_json_begin_object(&json);
	for (size_t i = 0; i < 3; i++) {
		hgt_json_key(&json, way[i]);
		hgt_json_begin_object(&json);
	}
	hgt_json_key_string(&json, "path", state_file);
	hgt_json_key_string(&json, "workspace_dir", workspaces.data);
	for (size_t i = 0; i < 4; i++)
		hgt_json_end_object(&json);
	code = path.failed || text.failed || folder.failed || workspaces.failed ? hgt_error_nomem(err) : 0;
	/* It holds secrets, and the tool lets everybody read what it makes. */
	if (code == 0 && folder.len > 0)
		code = hgt_make_folders(folder.data, 0700, err);
	if (code == 0)
		code = hgt_write_file(path.data, text.data, text.len, 0600, err);
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	hgt_buf_release(&folder);
	hgt_buf_release(&workspaces);
	return code;
}

int terraform_make_place(const struct driver_order *order, struct terraform_place *place, struct hgt_error *err)
{
	const char *state_file = order->target->terraform.state_file;
	int code = tool_folder(order, "terraform", &place->base, err);

	if (code == 0)
		code = tool_folder(order, "terraform/data", &place->data, err);
	if (code == 0)
		code = tool_folder(order, "terraform/plugins", &place->plugins, err);
	hgt_buf_addf(&place->work, "%s/work", place->base.data);
	hgt_buf_addf(&place->lock, "%s/lock.hcl", place->base.data);
	hgt_buf_addf(&place->ready, "%s/ready", place->base.data);
	hgt_buf_addf(&place->plan, "%s/plan", place->base.data);
	if (place->work.failed || place->lock.failed || place->ready.failed || place->plan.failed)
		code = hgt_error_nomem(err);
	if (code == 0)
		code = make_work(order, place, err);
	if (code == 0)
		code = place_lock(place, err);
	if (code == 0 && state_file)
		code = refuse_backend(place, err);
	if (code == 0 && state_file)
		code = place_override(place, state_file, err);
	return code;
}

int terraform_check_backend(const struct driver_order *order, const struct terraform_place *place, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	const struct hgt_node *backend = NULL;
	const char *type, *where;
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	hgt_buf_addf(&path, "%s/terraform.tfstate", place->data.data);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_read_file(path.data, RECORD_SIZE_MAX, &text, err);
	if (code == 0)
		code = hgt_json_parse_message(text.data, text.len, &set, err);
	/* Without a record there is no backend. */
	if (code == 0 || code == HGT_ENOENT) {
		backend = code == 0 ? hgt_node_get(set.docs[0].root, "backend") : NULL;
		type = hgt_node_get_string(backend, "type");
		where = hgt_node_get_string(hgt_node_get(backend, "config"), "path");
		code = type && strcmp(type, "local") != 0 ? 0 : where && where[0] == '/' ? 0 : HGT_EUNSUPPORTED;
	}
	if (code == HGT_EUNSUPPORTED)
		hgt_error_set(err, code, "the state would be in a file of the configuration's own folder, which each revision replaces: give it a "
			"backend, or say `state_file: /var/lib/.../%s.tfstate` in the target's options", order->target->name);
	hgt_doc_set_release(&set);
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	return code;
}
