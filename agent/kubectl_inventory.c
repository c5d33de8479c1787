/* The inventory of a target of the kubectl driver. */
#include "agent/kubectl_inventory.h"

#include <unistd.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "doc/doc.h"

#define FILE_MAX (32 << 20)

static const struct hgt_doc_limits limits = {.bytes = FILE_MAX, .depth = 8, .documents = 1, .nodes = 12 * KUBECTL_OBJECTS_MAX,
	.problems = 1, .memory = 256 << 20};

static void path_of(const char *folder, struct hgt_buf *out)
{
	hgt_buf_addf(out, "%s/inventory", folder);
}

static int corrupt(const char *path, struct hgt_error *err)
{
	return hgt_error_set(err, HGT_ECORRUPT, "%s is no inventory of this version", path);
}

static int read_object(struct kubectl_set *set, const struct hgt_node *node, const char *path, struct hgt_error *err)
{
	struct kubectl_object o = {.kind = hgt_node_get_string(node, "kind"), .namespace = hgt_node_get_string(node, "namespace"),
		.name = hgt_node_get_string(node, "name")};
	const char *version = hgt_node_get_string(node, "apiVersion");
	int code;

	if (!version || !o.kind || !o.namespace || !o.name || !*o.kind || !*o.name)
		return corrupt(path, err);
	code = kubectl_object_split(version, &set->arena, &o, err);
	if (code == HGT_EPARSE)
		return corrupt(path, err);
	return code < 0 ? code : kubectl_set_add(set, &o, NULL, err);
}

int kubectl_inventory_load(struct kubectl_set *set, const char *folder, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	const struct hgt_node *objects;
	struct hgt_doc_set docs;
	int64_t version;
	int code;

	hgt_doc_set_init(&docs);
	path_of(folder, &path);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_read_file(path.data, FILE_MAX, &text, err);
	if (code == 0)
		code = hgt_json_parse(text.data, text.len, &limits, &docs, err);
	if (code < 0)
		goto out;
	objects = docs.n_docs == 1 && !docs.n_problems ? hgt_node_get(docs.docs[0].root, "objects") : NULL;
	if (!objects || objects->type != HGT_NODE_SEQ || !hgt_node_get_int(docs.docs[0].root, "v", &version) || version != 1)
		code = corrupt(path.data, err);
	for (size_t i = 0; code == 0 && i < objects->v.seq.n; i++)
		code = read_object(set, objects->v.seq.items[i], path.data, err);
	kubectl_set_sort(set);
out:
	hgt_doc_set_release(&docs);
	hgt_buf_release(&text);
	hgt_buf_release(&path);
	return code;
}

int kubectl_inventory_save(const struct kubectl_set *set, const char *folder, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);
	int code;

	path_of(folder, &path);
	hgt_json_begin_object(&json);
	hgt_json_key_int(&json, "v", 1);
	hgt_json_key(&json, "objects");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < set->n; i++) {
		const struct kubectl_object *o = set->items[i];
		struct hgt_buf version = HGT_BUF_INIT;

		hgt_buf_addf(&version, "%s%s%s", o->group, *o->group ? "/" : "", o->version);
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "apiVersion", version.data);
		hgt_json_key_string(&json, "kind", o->kind);
		hgt_json_key_string(&json, "namespace", o->namespace);
		hgt_json_key_string(&json, "name", o->name);
		hgt_json_end_object(&json);
		text.failed |= version.failed;
		hgt_buf_release(&version);
	}
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&text, '\n');
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_buf_check(&text, err);
	if (code == 0)
		code = hgt_write_file(path.data, text.data, text.len, 0600, err);
	hgt_buf_release(&text);
	hgt_buf_release(&path);
	return code;
}

void kubectl_inventory_remove(const char *folder)
{
	struct hgt_buf path = HGT_BUF_INIT;

	path_of(folder, &path);
	if (!path.failed)
		unlink(path.data);
	hgt_buf_release(&path);
}

int kubectl_set_join(struct kubectl_set *into, const struct kubectl_set *from, struct hgt_error *err)
{
	struct kubectl_set all = KUBECTL_SET_INIT;
	int code = 0;

	for (size_t i = 0; i < into->n && code == 0; i++)
		code = kubectl_set_add(&all, into->items[i], NULL, err);
	for (size_t i = 0; i < from->n && code == 0; i++)
		if (!kubectl_set_find(into, from->items[i]))
			code = kubectl_set_add(&all, from->items[i], NULL, err);
	if (code < 0) {
		kubectl_set_release(&all);
		return code;
	}
	kubectl_set_sort(&all);
	kubectl_set_release(into);
	*into = all;
	return 0;
}
