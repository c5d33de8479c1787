/* The objects of a tree, as lines of JSON. */
#include "agent/kubectl_manifests.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/files_tree.h"
#include "agent/kubectl_health.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "doc/doc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEPT "rendered-"
#define RANK_UNKNOWN 10
#define KEPT_MAX (1UL << 30)

void kubectl_manifests_release(struct kubectl_manifests *m)
{
	free(m->items);
	free(m->sorted);
	hgt_arena_release(&m->arena);
	*m = (struct kubectl_manifests)KUBECTL_MANIFESTS_INIT;
}

/* What they come to need of each other, as kustomize and Helm have it too: what others refer to comes first, what has a say in
 * the making of others (and may not run yet) last. */
static unsigned rank_of(const struct kubectl_object *o)
{
	static const struct {
		const char *kind;
		unsigned rank;
	} ranks[] = {{"ResourceQuota", 2}, {"LimitRange", 2}, {"PriorityClass", 2}, {"StorageClass", 2}, {"ServiceAccount", 3},
		{"ClusterRole", 3}, {"Role", 3}, {"ClusterRoleBinding", 4}, {"RoleBinding", 4}, {"Secret", 5}, {"ConfigMap", 5},
		{"PersistentVolume", 5},
		{"PersistentVolumeClaim", 6}, {"Service", 6}, {"MutatingWebhookConfiguration", 9}, {"ValidatingWebhookConfiguration", 9},
		{"MutatingAdmissionPolicyBinding", 9}, {"ValidatingAdmissionPolicyBinding", 9}};

	if (kubectl_object_is_namespace(o))
		return 0;
	if (kubectl_object_is_crd(o))
		return 1;
	for (size_t i = 0; i < COUNT(ranks); i++)
		if (strcmp(ranks[i].kind, o->kind) == 0)
			return ranks[i].rank;
	return 7;
}

static int by_object(const void *a, const void *b)
{
	return kubectl_object_compare(&(*(struct kubectl_manifest *const *)a)->object, &(*(struct kubectl_manifest *const *)b)->object);
}

struct kubectl_manifest *kubectl_manifests_find(const struct kubectl_manifests *m, const struct kubectl_object *object)
{
	struct kubectl_manifest key = {.object = *object}, *at = &key;
	struct kubectl_manifest *const *found = m->n > 0 ? bsearch(&at, m->sorted, m->n, sizeof(*m->sorted), by_object) : NULL;

	return found ? *found : NULL;
}

static int by_rank(const void *a, const void *b)
{
	const struct kubectl_manifest *x = *(struct kubectl_manifest *const *)a, *y = *(struct kubectl_manifest *const *)b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* All are there: both orders. */
static int arrange(struct kubectl_manifests *m, struct hgt_error *err)
{
	int code = 0;

	if (m->n == 0)
		return 0;
	m->sorted = calloc(m->n, sizeof(*m->sorted));
	if (!m->sorted)
		return hgt_error_nomem(err);
	memcpy(m->sorted, m->items, m->n * sizeof(*m->sorted));
	qsort(m->items, m->n, sizeof(*m->items), by_rank);
	qsort(m->sorted, m->n, sizeof(*m->sorted), by_object);
	for (size_t i = 1; i < m->n && code == 0; i++)
		if (kubectl_object_compare(&m->sorted[i - 1]->object, &m->sorted[i]->object) == 0) {
			struct hgt_buf name = HGT_BUF_INIT;

			kubectl_object_write(&m->sorted[i]->object, &name);
			code = hgt_error_set(err, HGT_EPARSE, "%s is in the tree twice; which of them is to be?", name.data);
			hgt_buf_release(&name);
		}
	return code;
}

static int grow(struct kubectl_manifests *m, struct hgt_error *err)
{
	size_t cap = m->cap ? 2 * m->cap : 64;
	struct kubectl_manifest **items;

	if (m->n < m->cap)
		return 0;
	if (m->n >= KUBECTL_OBJECTS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "more than %d objects; split the target", KUBECTL_OBJECTS_MAX);
	items = reallocarray(m->items, cap, sizeof(struct kubectl_manifest *));
	if (!items)
		return hgt_error_nomem(err);
	m->items = items;
	m->cap = cap;
	return 0;
}

static const char *copy_of(struct kubectl_manifests *m, const char *text)
{
	return hgt_arena_strndup(&m->arena, text, strlen(text));
}

static int add(struct kubectl_manifests *m, const struct kubectl_object *o, bool known, const char *json, size_t len,
	struct hgt_error *err)
{
	struct kubectl_manifest *item;
	struct kubectl_object *copy;
	int code = grow(m, err);

	if (code < 0)
		return code;
	item = hgt_arena_alloc(&m->arena, sizeof(*item));
	if (!item)
		return hgt_error_nomem(err);
	*item = (struct kubectl_manifest){.first = kubectl_object_is_namespace(o) || kubectl_object_is_crd(o), .known = known,
		.fares = kubectl_health_matters(o), .rank = known ? rank_of(o) : RANK_UNKNOWN, .at = m->n,
		.json = hgt_arena_strndup(&m->arena, json, len), .len = len};
	copy = &item->object;
	*copy = (struct kubectl_object){copy_of(m, o->group), copy_of(m, o->version), copy_of(m, o->kind), copy_of(m, o->namespace),
		copy_of(m, o->name)};
	if (!copy->group || !copy->version || !copy->kind || !copy->namespace || !copy->name || !item->json)
		return hgt_error_nomem(err);
	m->items[m->n++] = item;
	m->n_first += item->first;
	m->n_known += known;
	return 0;
}

/* metadata.annotations with the source among them. */
static void write_annotations(const struct hgt_node *annotations, const char *source, struct hgt_json *json)
{
	hgt_json_key(json, "annotations");
	hgt_json_begin_object(json);
	for (size_t i = 0; annotations && annotations->type == HGT_NODE_MAP && i < annotations->v.map.n; i++) {
		const struct hgt_pair *pair = &annotations->v.map.pairs[i];

		if (strcmp(pair->key->text, KUBECTL_SOURCE) == 0)
			continue;
		hgt_json_key_len(json, pair->key->text, pair->key->len);
		hgt_node_write_json(pair->value, json);
	}
	hgt_json_key_string(json, KUBECTL_SOURCE, source);
	hgt_json_end_object(json);
}

static void write_metadata(const struct hgt_node *metadata, const char *namespace, const char *source, struct hgt_json *json)
{
	hgt_json_begin_object(json);
	for (size_t i = 0; i < metadata->v.map.n; i++) {
		const struct hgt_pair *pair = &metadata->v.map.pairs[i];

		if (strcmp(pair->key->text, "annotations") == 0 || strcmp(pair->key->text, "namespace") == 0)
			continue;
		hgt_json_key_len(json, pair->key->text, pair->key->len);
		hgt_node_write_json(pair->value, json);
	}
	if (*namespace)
		hgt_json_key_string(json, "namespace", namespace);
	write_annotations(hgt_node_get(metadata, "annotations"), source, json);
	hgt_json_end_object(json);
}

/* The object with our annotation and its namespace, on one line. */
static void write_manifest(const struct hgt_node *root, const char *namespace, const char *source, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	for (size_t i = 0; i < root->v.map.n; i++) {
		const struct hgt_pair *pair = &root->v.map.pairs[i];

		hgt_json_key_len(&json, pair->key->text, pair->key->len);
		if (strcmp(pair->key->text, "metadata") == 0)
			write_metadata(pair->value, namespace, source, &json);
		else
			hgt_node_write_json(pair->value, &json);
	}
	hgt_json_end_object(&json);
	hgt_buf_addc(out, '\n');
}

/* One object of kubectl's: after all definitions are known it is known too where it lives. */
static int add_object(struct kubectl *k, const struct kubectl_kinds *kinds, const struct hgt_node *root,
	struct kubectl_manifests *m, struct hgt_error *err)
{
	struct hgt_arena arena = HGT_ARENA_INIT;
	struct hgt_buf line = HGT_BUF_INIT;
	enum kubectl_place place = KUBECTL_UNKNOWN_KIND;
	struct kubectl_object o;
	int code = kubectl_object_read(root, &arena, &o, err);

	if (code == 0) {
		place = kubectl_kinds_find(kinds, &o);
		/* A namespace that a kind has no use for is one that the server leaves away. */
		if (place == KUBECTL_IN_CLUSTER)
			o.namespace = "";
		else if (place == KUBECTL_IN_NAMESPACE && !*o.namespace)
			o.namespace = k->options->namespace;
		write_manifest(root, o.namespace, k->source.data, &line);
		code = hgt_buf_check(&line, err);
	}
	if (code == 0)
		code = add(m, &o, place != KUBECTL_UNKNOWN_KIND, line.data, line.len, err);
	hgt_buf_release(&line);
	hgt_arena_release(&arena);
	return code;
}

/* Each object of the text, which kubectl has indented: it ends where a line is a brace alone. */
static int each_object(const char *text, size_t len, int (*cb)(void *ctx, const struct hgt_node *root, struct hgt_error *err),
	void *ctx, struct hgt_error *err)
{
	const char *end = text + len;
	struct hgt_doc_set set;
	int code = 0;

	hgt_doc_set_init(&set);
	while (code == 0 && text < end) {
		const char *close = *text == '}' ? text : memmem(text, (size_t)(end - text), "\n}", 2);
		const char *next;

		while (close && close + 2 < end && close[2] != '\n')
			close = memmem(close + 2, (size_t)(end - close - 2), "\n}", 2);
		if (!close)
			break;
		next = close + 2 < end ? close + 2 : end;
		code = hgt_json_parse_message(text, (size_t)(next - text), &set, err);
		if (code == 0)
			code = cb(ctx, set.docs[0].root, err);
		for (text = next; text < end && (*text == '\n' || *text == ' '); text++)
			;
	}
	hgt_doc_set_release(&set);
	if (code == 0 && text < end)
		code = hgt_error_set(err, HGT_EPARSE, "what kubectl made of the tree cannot be read: it ends within an object");
	return code;
}

struct rendering {
	struct kubectl *k;
	struct kubectl_kinds *kinds;
	struct kubectl_manifests *m;
};

static int on_definition(void *ctx, const struct hgt_node *root, struct hgt_error *err)
{
	struct rendering *r = ctx;
	const char *kind = hgt_node_get_string(root, "kind");

	return kind && strcmp(kind, "CustomResourceDefinition") == 0 ? kubectl_kinds_define(r->kinds, root, err) : 0;
}

static int on_object(void *ctx, const struct hgt_node *root, struct hgt_error *err)
{
	struct rendering *r = ctx;

	return add_object(r->k, r->kinds, root, r->m, err);
}

int kubectl_manifests_parse(struct kubectl *k, struct kubectl_kinds *kinds, const char *text, size_t len,
	struct kubectl_manifests *out, struct hgt_error *err)
{
	struct rendering r = {k, kinds, out};
	int code = each_object(text, len, on_definition, &r, err);

	if (code == 0)
		code = each_object(text, len, on_object, &r, err);
	return code == 0 ? arrange(out, err) : code;
}

int kubectl_manifests_join(const struct kubectl_manifests *m, size_t from, size_t to, struct hgt_buf *out, struct hgt_error *err)
{
	for (size_t i = from; i < to; i++)
		hgt_buf_add(out, m->items[i]->json, m->items[i]->len);
	return hgt_buf_check(out, err);
}

int kubectl_manifests_set(const struct kubectl_manifests *m, struct kubectl_set *out, struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; i < m->n_known && code == 0; i++)
		code = kubectl_set_add(out, &m->items[i]->object, NULL, err);
	kubectl_set_sort(out);
	return code;
}

/* What a rendering depends on beside the tree. */
static void write_how(const struct kubectl *k, struct hgt_buf *out)
{
	hgt_buf_addf(out, "%s %s %s %s %d", k->selector.data, k->source.data, k->options->namespace, k->options->command,
		(int)k->options->kustomize);
}

static void kept_path(const struct kubectl *k, struct hgt_buf *out)
{
	hgt_buf_addf(out, "%s/" KEPT "%s", k->order->folder, k->order->revision);
}

int kubectl_manifests_save(struct kubectl *k, const struct kubectl_manifests *m, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT, how = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);
	int code;

	write_how(k, &how);
	kept_path(k, &path);
	hgt_json_begin_object(&json);
	hgt_json_key_int(&json, "v", 1);
	hgt_json_key_string(&json, "how", how.data);
	hgt_json_key_string(&json, "tool", k->result->version.data);
	hgt_json_key_uint(&json, "minor", k->minor);
	hgt_json_key_uint(&json, "objects", m->n);
	hgt_json_end_object(&json);
	hgt_buf_addc(&text, '\n');
	text.failed |= how.failed;
	code = kubectl_manifests_join(m, 0, m->n, &text, err);
	if (code == 0)
		code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_write_file(path.data, text.data, text.len, 0600, err);
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	hgt_buf_release(&how);
	return code;
}

/* The first line; HGT_ENOENT when it is about another rendering. */
static int read_header(struct kubectl *k, const struct hgt_node *root, uint64_t *objects, struct hgt_error *err)
{
	struct hgt_buf how = HGT_BUF_INIT;
	const char *was = hgt_node_get_string(root, "how"), *tool = hgt_node_get_string(root, "tool");
	int64_t version = 0, minor = 0, n = -1;
	bool same;

	write_how(k, &how);
	same = !how.failed && was && strcmp(was, how.data) == 0 && tool && hgt_node_get_int(root, "v", &version) && version == 1 &&
		hgt_node_get_int(root, "minor", &minor) && hgt_node_get_int(root, "objects", &n) && n >= 0;
	hgt_buf_release(&how);
	if (!same)
		return hgt_error_set(err, HGT_ENOENT, "the kept objects were made otherwise");
	k->minor = (unsigned)minor;
	hgt_buf_reset(&k->result->version);
	hgt_buf_adds(&k->result->version, tool);
	*objects = (uint64_t)n;
	return 0;
}

static int load_lines(struct kubectl *k, const char *text, size_t len, struct kubectl_manifests *m, struct hgt_error *err)
{
	const char *end = text + len;
	uint64_t objects = 0;
	struct hgt_doc_set set;
	bool first = true;
	int code = 0;

	hgt_doc_set_init(&set);
	while (code == 0 && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline + 1 : end) - text);
		struct hgt_arena arena = HGT_ARENA_INIT;
		struct kubectl_object o;

		code = hgt_json_parse_message(text, n, &set, err);
		if (code == 0 && first)
			code = read_header(k, set.docs[0].root, &objects, err);
		else if (code == 0)
			code = kubectl_object_read(set.docs[0].root, &arena, &o, err);
		if (code == 0 && !first)
			code = add(m, &o, true, text, n, err);
		hgt_arena_release(&arena);
		first = false;
		text += n;
	}
	hgt_doc_set_release(&set);
	if (code == 0 && (first || objects != m->n))
		code = hgt_error_set(err, HGT_ENOENT, "the kept objects are not whole");
	return code == 0 ? arrange(m, err) : code;
}

int kubectl_manifests_load(struct kubectl *k, struct kubectl_manifests *out, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT, text = HGT_BUF_INIT;
	int code;

	kept_path(k, &path);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_read_file(path.data, KEPT_MAX, &text, err);
	if (code == 0)
		code = load_lines(k, text.data, text.len, out, err);
	/* When it was last asked for decides how long it is kept. */
	if (code == 0)
		(void)utimensat(AT_FDCWD, path.data, NULL, 0);
	/* Whatever is wrong with it, it is made again. */
	if (code < 0 && code != HGT_ENOMEM) {
		kubectl_manifests_release(out);
		code = HGT_ENOENT;
	}
	hgt_buf_release(&path);
	hgt_buf_release(&text);
	return code;
}

/* The kept ones, in the open folder. */
static bool list_kept(int fd, struct manifest *names)
{
	struct hgt_error err = {0};

	if (tree_names(fd, KEPT, names, &err) == 0)
		return true;
	hgt_log(HGT_LOG_WARNING, "kubectl", "old objects are not removed", HGT_S("reason", err.message));
	return false;
}

void kubectl_manifests_keep(const char *folder, const char *revision)
{
	struct manifest names = MANIFEST_INIT;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (list_kept(fd, &names))
		for (size_t i = 0; i < names.n; i++)
			if (strcmp(names.items[i]->path + strlen(KEPT), revision) != 0)
				unlinkat(fd, names.items[i]->path, 0);
	manifest_release(&names);
	close(fd);
}

/* Of those that are kept, the one that was asked for the longest ago; *n how many there are. */
static const char *find_oldest(int fd, const struct manifest *names, size_t *n)
{
	struct timespec oldest = {0};
	const char *found = NULL;

	*n = 0;
	for (size_t i = 0; i < names->n; i++) {
		struct stat st;

		if (fstatat(fd, names->items[i]->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		++*n;
		if (!found || st.st_mtim.tv_sec < oldest.tv_sec ||
			(st.st_mtim.tv_sec == oldest.tv_sec && st.st_mtim.tv_nsec < oldest.tv_nsec)) {
			oldest = st.st_mtim;
			found = names->items[i]->path;
		}
	}
	return found;
}

void kubectl_manifests_thin(const char *folder)
{
	enum { MOST = 3 };	/* what was applied, what is wanted, and one more */
	struct manifest names = MANIFEST_INIT;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *oldest;
	size_t n;

	if (fd < 0)
		return;
	if (list_kept(fd, &names))
		while ((oldest = find_oldest(fd, &names, &n)) && n > MOST)
			if (unlinkat(fd, oldest, 0) < 0)
				break;
	manifest_release(&names);
	close(fd);
}
