/* What a source is, seen by its content; texts, files and folders of them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "pack/importer.h"

enum {
	FILE_MAX = 64 * 1024 * 1024,
	FILES_MAX = 200 * 1000,
	FOLDERS_DEEP = 32,
	ITEMS_DEEP = 2,		/* a List in a List */
};

#define ALL_MAX ((size_t)4 << 30)	/* bytes of all files */

static const struct hgt_doc_limits limits = {
	.bytes = FILE_MAX, .depth = 128, .documents = 10000, .nodes = 8 * 1000 * 1000, .problems = 1, .memory = (size_t)2 << 30,
};

static bool is_map(const struct hgt_node *node)
{
	return node && node->type == HGT_NODE_MAP;
}

/* Some definition says which kind it is. */
static bool has_kinds(const struct hgt_node *definitions)
{
	for (size_t i = 0; i < definitions->v.map.n; i++)
		if (hgt_node_get(definitions->v.map.pairs[i].value, "x-kubernetes-group-version-kind"))
			return true;
	return false;
}

static int add_items(struct hgt_importer *importer, const char *where, const struct hgt_node *items, unsigned depth,
	struct hgt_error *err);

static int add_object(struct hgt_importer *importer, const char *where, const struct hgt_node *root, unsigned depth,
	struct hgt_error *err)
{
	const struct hgt_node *definitions, *items = hgt_node_get(root, "items");
	const char *kind = hgt_node_get_string(root, "kind");
	int code;

	if (!is_map(root))
		return 0;
	if (hgt_import_is_crd(root)) {
		code = hgt_import_crd_object(importer, where, root, err);
		return code ? code : 1;
	}
	if (kind && items && items->type == HGT_NODE_SEQ)
		return depth < ITEMS_DEEP ? add_items(importer, where, items, depth + 1, err) : 0;
	definitions = hgt_node_get(hgt_node_get(root, "components"), "schemas");
	if (hgt_node_get(root, "openapi") && is_map(definitions)) {
		code = hgt_import_openapi(importer, where, root, definitions, "#/components/schemas/", err);
		return code ? code : 1;
	}
	definitions = hgt_node_get(root, "definitions");
	if (is_map(definitions) && (hgt_node_get(root, "swagger") || has_kinds(definitions))) {
		code = hgt_import_openapi(importer, where, root, definitions, "#/definitions/", err);
		return code ? code : 1;
	}
	return hgt_import_json_schema(importer, where, root, err);
}

static int add_items(struct hgt_importer *importer, const char *where, const struct hgt_node *items, unsigned depth,
	struct hgt_error *err)
{
	int any = 0;

	for (size_t i = 0; i < items->v.seq.n; i++) {
		int code = add_object(importer, where, items->v.seq.items[i], depth, err);

		if (code < 0)
			return code;
		any |= code;
	}
	return any;
}

int hgt_importer_add(struct hgt_importer *importer, const char *where, const struct hgt_node *root, struct hgt_error *err)
{
	return add_object(importer, where, root, 0, err);
}

static bool ends(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* JSON is read as such, for YAML knows numbers that it does not. */
static int parse(const char *where, const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	size_t blank = 0;
	bool json;
	int code;

	while (blank < len && strchr(" \t\r\n", text[blank]) && text[blank])
		blank++;
	json = ends(where, ".json") || (blank < len && text[blank] == '{');
	code = json ? hgt_json_parse(text, len, &limits, set, err) : hgt_yaml_parse(text, len, &limits, set, err);
	/* A brace may begin YAML too. */
	if (code == 0 && json && set->n_problems && !ends(where, ".json"))
		code = hgt_yaml_parse(text, len, &limits, set, err);
	if (code)
		return code;
	for (size_t i = 0; i < set->n_problems; i++) {
		const struct hgt_problem *problem = &set->problems[i];

		/* Of two equal keys the last counts, as for who made the file. */
		if (problem->kind != HGT_PROBLEM_DUPLICATE_KEY)
			return hgt_error_set(err, HGT_EPARSE, "%s:%u:%u: %s", where, problem->line, problem->column, problem->message);
	}
	return 0;
}

int hgt_importer_add_text(struct hgt_importer *importer, const char *where, const char *text, size_t len, struct hgt_error *err)
{
	struct hgt_doc_set set;
	int code, any = 0;

	hgt_doc_set_init(&set);
	code = parse(where, text, len, &set, err);
	for (size_t i = 0; i < set.n_docs && code >= 0; i++) {
		if (!set.docs[i].root)
			continue;
		code = hgt_importer_add(importer, where, set.docs[i].root, err);
		any |= code > 0;
	}
	hgt_doc_set_release(&set);
	return code < 0 ? code : any;
}

/* What a file has, which must be a regular one; nobody is waited for. */
static int read_file(struct hgt_importer *importer, const char *path, int flags, struct hgt_buf *text, struct hgt_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags), code;
	struct stat st;

	if (fd < 0)
		return hgt_error_set_errno(err, "cannot open %s", path);
	if (fstat(fd, &st) < 0)
		code = hgt_error_set_errno(err, "cannot look at %s", path);
	else if (!S_ISREG(st.st_mode))
		code = hgt_error_set(err, HGT_EINVAL, "%s is no file or folder", path);
	else if (importer->files++ == FILES_MAX)
		code = hgt_error_set(err, HGT_ELIMIT, "there are more than %d files", FILES_MAX);
	else
		code = hgt_read_fd(fd, path, FILE_MAX, text, err);
	close(fd);
	importer->bytes += text->len;
	if (code == 0 && importer->bytes > ALL_MAX)
		code = hgt_error_set(err, HGT_ELIMIT, "the files have more than %zu bytes", ALL_MAX);
	return code;
}

static int add_file(struct hgt_importer *importer, const char *path, int flags, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	int code = read_file(importer, path, flags, &text, err);

	if (code == 0)
		code = hgt_importer_add_text(importer, path, text.data, text.len, err);
	hgt_buf_release(&text);
	return code;
}

/* What has the suffix of YAML or JSON; those of kubernetes-json-schema that hold no kind by themselves do not count. */
static int is_wanted(const struct dirent *entry)
{
	return *entry->d_name != '.' && *entry->d_name != '_' && strcmp(entry->d_name, "all.json") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

typedef int (*file_cb)(struct hgt_importer *importer, const char *path, struct hgt_error *err);

static int walk(struct hgt_importer *importer, struct hgt_buf *path, unsigned depth, file_cb call, struct hgt_error *err);

/* Links and special files are passed over. */
static int walk_entry(struct hgt_importer *importer, struct hgt_buf *path, unsigned depth, file_cb call, struct hgt_error *err)
{
	struct stat st;

	if (lstat(path->data, &st) < 0)
		return hgt_error_set_errno(err, "cannot look at %s", path->data);
	if (S_ISDIR(st.st_mode))
		return walk(importer, path, depth + 1, call, err);
	if (!S_ISREG(st.st_mode) || !(ends(path->data, ".json") || ends(path->data, ".yaml") || ends(path->data, ".yml")))
		return 0;
	return call(importer, path->data, err);
}

static int walk(struct hgt_importer *importer, struct hgt_buf *path, unsigned depth, file_cb call, struct hgt_error *err)
{
	struct dirent **entries = NULL;
	size_t len = path->len;
	int n, code = 0, any = 0;

	if (depth > FOLDERS_DEEP)
		return hgt_error_set(err, HGT_ELIMIT, "folders nest more than %d deep", FOLDERS_DEEP);
	n = scandir(path->data, &entries, is_wanted, by_bytes);
	if (n < 0)
		return hgt_error_set_errno(err, "cannot read folder %s", path->data);
	for (int i = 0; i < n; i++) {
		if (code >= 0) {
			hgt_buf_addf(path, "%s%s", len && path->data[len - 1] == '/' ? "" : "/", entries[i]->d_name);
			code = hgt_buf_check(path, err);
		}
		if (code == 0) {
			code = walk_entry(importer, path, depth, call, err);
			any |= code > 0;
			code = code > 0 ? 0 : code;
		}
		hgt_buf_truncate(path, len);
		free(entries[i]);
	}
	free(entries);
	return code < 0 ? code : any;
}

/* One file of a folder: what is wrong with it is told, and the others count. */
static int add_one_of_many(struct hgt_importer *importer, const char *path, struct hgt_error *err)
{
	struct hgt_error why;
	int code = add_file(importer, path, O_NOFOLLOW, &why);

	if (code >= 0)
		return code;
	if (code == HGT_ENOMEM || code == HGT_ELIMIT) {
		hgt_error_set(err, code, "%s", why.message);
		return code;
	}
	hgt_import_warn(importer, path, NULL, "left out: %s", why.message);
	return 0;
}

int hgt_importer_add_path(struct hgt_importer *importer, const char *path, struct hgt_error *err)
{
	struct hgt_buf folder = HGT_BUF_INIT;
	struct stat st;
	int code;

	if (stat(path, &st) < 0)
		return hgt_error_set_errno(err, "cannot look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return add_file(importer, path, 0, err);
	hgt_buf_adds(&folder, path);
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = walk(importer, &folder, 0, add_one_of_many, err);
	hgt_buf_release(&folder);
	return code;
}

static int constrain_file(struct hgt_importer *importer, const char *path, struct hgt_error *err)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = read_file(importer, path, O_NOFOLLOW, &text, err);
	if (code == 0)
		code = parse(path, text.data, text.len, &set, err);
	if (code == 0 && set.n_problems)
		code = hgt_error_set(err, HGT_EPARSE, "%s:%u:%u: %s", path, set.problems[0].line, set.problems[0].column,
			set.problems[0].message);
	for (size_t i = 0; i < set.n_docs && code == 0; i++)
		if (set.docs[i].root)
			code = hgt_importer_constrain(importer, path, set.docs[i].root, err);
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
	return code;
}

int hgt_importer_constrain_folder(struct hgt_importer *importer, const char *folder, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	hgt_buf_adds(&path, folder);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = walk(importer, &path, 0, constrain_file, err);
	hgt_buf_release(&path);
	return code < 0 ? code : 0;
}
