/* transition/still-used: what other files still use of what is gone. */
#include "base/escape.h"
#include "k8s/transition.h"

struct search {
	struct hgt_gone *gone;
	size_t n;
	struct hgt_engine *engine;
	const struct hgt_doc_limits *limits;
	size_t blob_limit;
	struct hgt_buf text;	/* of the file in hand */
	struct hgt_error *err;
};

/* One file of the tree, and what of the gone its text has the words for. */
struct look {
	struct search *search;
	const struct hgt_tree_file *file;
	struct hgt_source source;
};

static bool has_word(const struct hgt_buf *text, const char *word)
{
	return memmem(text->data, text->len, word, strlen(word));
}

/* Whether the text may speak of it at all. */
static bool may_concern(const struct hgt_buf *text, const struct hgt_gone *gone)
{
	return has_word(text, gone->name) && (!gone->group || has_word(text, gone->group));
}

static bool is_string(const struct hgt_node *node, const char *text)
{
	return node && node->type == HGT_NODE_STRING && strcmp(node->text, text) == 0;
}

/* Whether the object is what is gone, stated elsewhere. */
static bool states(const struct hgt_node *object, const struct hgt_gvk *gvk, const struct hgt_gone *gone)
{
	const struct hgt_node *spec = hgt_node_get(object, "spec");

	if (gone->group)
		return hgt_k8s_group_is(gvk, "apiextensions.k8s.io") && is_string(hgt_node_get(spec, "group"), gone->group) &&
			is_string(hgt_transition_at(spec, "names.kind"), gone->name);
	return ((strcmp(gvk->kind, "Namespace") == 0 && !gvk->group_len) ||
		(strcmp(gvk->kind, "Project") == 0 && hgt_k8s_group_is(gvk, "project.openshift.io"))) &&
		is_string(hgt_transition_at(object, "metadata.name"), gone->name);
}

/* Where the object uses it, *pointer too; NULL when it does not. */
static const struct hgt_node *use_of(const struct hgt_node *object, const struct hgt_gvk *gvk, const struct hgt_gone *gone,
	const char **pointer)
{
	const struct hgt_node *namespace = hgt_transition_at(object, "metadata.namespace");

	*pointer = gone->group ? "/kind" : "/metadata/namespace";
	if (gone->group)
		return hgt_k8s_group_is(gvk, gone->group) && strcmp(gvk->kind, gone->name) == 0 ? hgt_node_get(object, "kind") : NULL;
	return is_string(namespace, gone->name) ? namespace : NULL;
}

/* The first place is kept; what is told of it is put into words when all are known. */
static void note_use(struct look *look, struct hgt_gone *gone, const struct hgt_node *node, const char *above, const char *pointer)
{
	struct hgt_span span = hgt_span_of(node);
	struct hgt_buf full = HGT_BUF_INIT;
	struct hgt_finding finding = {.severity = HGT_SEVERITY_ERROR, .rule = "transition/still-used", .path = look->file->path,
		.line = span.line, .column = span.column, .end_column = span.end_column, .message = "still used"};

	if (gone->first.n)
		return;
	hgt_buf_adds(&full, above);
	hgt_buf_adds(&full, pointer);
	finding.pointer = full.data;
	hgt_source_excerpt(&look->source, &finding);
	if (full.failed || hgt_findings_add(&gone->first, &finding, NULL) < 0)
		hgt_engine_fail(look->search->engine);
	hgt_buf_release(&full);
}

/* One object. used[i]: this file uses the i-th. */
static void look_at(struct look *look, const struct hgt_node *object, const char *above, bool *used)
{
	struct hgt_gvk gvk;

	if (!hgt_k8s_gvk(object, &gvk) || hgt_engine_out_of_time(look->search->engine, look->file->path))
		return;
	for (size_t i = 0; i < look->search->n; i++) {
		struct hgt_gone *gone = &look->search->gone[i];
		const char *pointer;
		const struct hgt_node *use;

		if (states(object, &gvk, gone)) {
			gone->stays = true;
			continue;
		}
		use = hgt_k8s_is_set_apart(look->file->path) ? NULL : use_of(object, &gvk, gone, &pointer);
		if (use) {
			note_use(look, gone, use, above, pointer);
			used[i] = true;
		}
	}
}

/* A kustomization puts its objects into a namespace. */
static void look_at_kustomization(struct look *look, const struct hgt_node *root, bool *used)
{
	const struct hgt_node *namespace = hgt_node_get(root, "namespace");

	for (size_t i = 0; namespace && i < look->search->n; i++) {
		struct hgt_gone *gone = &look->search->gone[i];

		if (gone->group || !is_string(namespace, gone->name))
			continue;
		note_use(look, gone, namespace, "", "/namespace");
		used[i] = true;
	}
}

static void look_at_document(struct look *look, const struct hgt_doc *doc, enum hgt_class cls, bool *used)
{
	bool forced = look->file->cls != HGT_CLASS_AUTO;
	const struct hgt_node *items;
	const char *key;

	cls = hgt_class_of_document(look->file->path, look->source.data, doc, cls, forced);
	if (cls == HGT_CLASS_KUSTOMIZATION)
		look_at_kustomization(look, doc->root, used);
	if (!hgt_class_holds_objects(cls))
		return;
	look_at(look, doc->root, "", used);
	items = hgt_k8s_items(doc->root, &key);
	for (size_t i = 0; items && i < items->v.seq.n; i++) {
		struct hgt_buf above = HGT_BUF_INIT;

		hgt_pointer_add(&above, key, strlen(key));
		hgt_pointer_add_index(&above, i);
		look_at(look, items->v.seq.items[i], above.data, used);
		hgt_buf_release(&above);
	}
}

/* A template may state anything; one that has the words is taken to. */
static void look_at_template(struct search *search)
{
	for (size_t i = 0; i < search->n; i++)
		if (may_concern(&search->text, &search->gone[i]) &&
			has_word(&search->text, search->gone[i].group ? "CustomResourceDefinition" : "Namespace"))
			search->gone[i].stays = true;
}

static int look_into(struct look *look, enum hgt_class cls)
{
	struct search *search = look->search;
	const struct hgt_buf *text = &search->text;
	bool *used = calloc(search->n, sizeof(*used));
	struct hgt_doc_set set;
	int code = HGT_ENOMEM;

	hgt_doc_set_init(&set);
	hgt_source_init(&look->source, text->data, text->len);
	if (used)
		code = (hgt_class_reads_json(look->file->path, cls) ? hgt_json_parse : hgt_yaml_parse)(text->data, text->len,
			search->limits, &set, search->err);
	else
		hgt_error_nomem(search->err);
	for (size_t i = 0; code == 0 && i < set.n_docs; i++)
		if (set.docs[i].root)
			look_at_document(look, &set.docs[i], cls, used);
	for (size_t i = 0; code == 0 && i < search->n; i++)
		search->gone[i].users += used[i];
	hgt_doc_set_release(&set);
	free(used);
	return code;
}

static int look_at_file(void *ctx, const struct hgt_tree_file *file)
{
	struct search *search = ctx;
	struct look look = {.search = search, .file = file};
	enum hgt_class cls = hgt_class_agreed(file->path, file->cls);
	bool may = false, all_stay = true;
	int code;

	for (size_t i = 0; i < search->n; i++)
		all_stay &= search->gone[i].stays;
	if (all_stay || hgt_engine_out_of_time(search->engine, file->path))
		return 1;
	if (cls == HGT_CLASS_OTHER || file->size > search->blob_limit)
		return 0;
	code = file->load(file, &search->text, search->err);
	for (size_t i = 0; i < search->n && code == 0 && !may && !hgt_engine_out_of_time(search->engine, file->path); i++)
		may = !search->gone[i].stays && may_concern(&search->text, &search->gone[i]);
	if (code < 0 || !may || memchr(search->text.data, 0, search->text.len))
		return code;
	if (file->cls == HGT_CLASS_AUTO || file->cls == HGT_CLASS_KUBERNETES)
		cls = hgt_class_of_text(file->path, search->text.data, search->text.len, cls, file->cls != HGT_CLASS_AUTO);
	if (cls == HGT_CLASS_HELM_TEMPLATE)
		look_at_template(search);
	return hgt_class_is_parsed(cls) ? look_into(&look, cls) : 0;
}

static void tell_use(struct hgt_engine *engine, const struct hgt_gone *gone)
{
	struct hgt_finding finding = gone->first.items[0];
	struct hgt_buf message = HGT_BUF_INIT;

	hgt_buf_addf(&message, "%s %s is removed by this change (it was in ", gone->group ? "the definition of" : "namespace",
		hgt_quote(gone->name));
	hgt_escape_str(&message, gone->path);
	hgt_buf_addf(&message, ", line %u) and is still used here", gone->line);
	if (gone->users > 1)
		hgt_buf_addf(&message, " and in %zu more file%s", gone->users - 1, gone->users == 2 ? "" : "s");
	finding.message = message.data;
	finding.hint = gone->group ? "remove the objects of the kind in the same push, or keep the CustomResourceDefinition" :
		"remove what uses it in the same push, or keep the Namespace";
	if (message.failed)
		hgt_engine_fail(engine);
	else
		hgt_engine_tell(engine, &finding);
	hgt_buf_release(&message);
}

int hgt_transition_find_users(struct hgt_gone *gone, size_t n, struct hgt_engine *engine, const struct hgt_engine_options *options,
	const struct hgt_doc_limits *limits, struct hgt_error *err)
{
	struct search search = {.gone = gone, .n = n, .engine = engine, .limits = limits, .blob_limit = options->blob_limit,
		.text = HGT_BUF_INIT, .err = err};
	int code = options->tree(options->tree_ctx, look_at_file, &search, err);

	/* What has not been looked at to the end is not told: that the time was up is. */
	for (size_t i = 0; i < n && code == 0 && !hgt_engine_out_of_time(engine, gone[i].path); i++)
		if (!gone[i].stays && gone[i].first.n)
			tell_use(engine, &gone[i]);
	hgt_buf_release(&search.text);
	return code;
}
