/* The compiler: what there is to compile, and the image put together. */
#include "schema/compile.h"

#include "base/escape.h"
#include "schema/compiler.h"
#include "schema/image.h"

int hgt_compile_wrong(struct hgt_compiler *c, const struct hgt_schema_resource *resource,
	const struct hgt_node *where, int code, const char *fmt, ...)
{
	struct hgt_buf message = HGT_BUF_INIT;
	va_list ap;

	if (resource)
		hgt_escape_str(&message, resource->document);
	if (where)
		hgt_buf_addf(&message, "%s%u:%u", resource ? ":" : "", where->line, where->column);
	hgt_buf_adds(&message, message.len ? ": " : "");
	va_start(ap, fmt);
	hgt_buf_addvf(&message, fmt, ap);
	va_end(ap);
	hgt_error_set(c->err, code, "%s", message.data);
	hgt_buf_release(&message);
	return code;
}

/* Room for one more in an array, which is given by its address. */
int hgt_compile_grow(struct hgt_compiler *c, void *array, size_t n, size_t *cap, size_t size)
{
	void *old, *grown;
	size_t more = *cap ? *cap * 2 : 64;

	if (n < *cap)
		return 0;
	memcpy(&old, array, sizeof(old));
	grown = reallocarray(old, more, size);
	if (!grown)
		return hgt_error_nomem(c->err);
	memcpy(array, &grown, sizeof(grown));
	*cap = more;
	return 0;
}

/* Give a resource its place in the image, and let the schemas that a dynamic reference may find in it be made. */
static int use_resource(struct hgt_compiler *c, struct hgt_schema_resource *resource)
{
	int code;

	if (resource->used)
		return 0;
	if (resource->dialect.unknown) {
		hgt_buf_reset(&c->scratch);
		hgt_escape_text(&c->scratch, resource->dialect.unknown->text, resource->dialect.unknown->len);
		return hgt_compile_wrong(c, resource, resource->dialect.unknown, HGT_EUNSUPPORTED, "unknown $schema: %s",
			c->scratch.data);
	}
	code = hgt_compile_grow(c, &c->used, c->n_used, &c->used_cap, sizeof(struct hgt_schema_resource *));
	if (code)
		return code;
	resource->used = true;
	resource->index = (uint32_t)c->n_used;
	c->used[c->n_used++] = resource;
	return 0;
}

int hgt_compile_slot(struct hgt_compiler *c, const struct hgt_node *node, struct hgt_schema_resource *resource,
	uint32_t parent, const char *step, const struct hgt_node *where, uint32_t *index)
{
	struct hgt_schema_slot *slot, probe = {.key = {.node = node, .resource = resource}};
	int code;

	if (node->type != HGT_NODE_MAP && node->type != HGT_NODE_BOOL)
		return hgt_compile_wrong(c, resource, where, HGT_EPARSE, "a schema has to be an object or a boolean");
	slot = hgt_map_get(&c->slots, (const char *)&probe.key, sizeof(probe.key));
	if (slot) {
		*index = slot->index;
		return 0;
	}
	/* The step may be in the scratch buffer: it is copied first. */
	slot = hgt_arena_alloc(&c->arena, sizeof(*slot));
	probe.step = hgt_arena_strndup(&c->arena, step, strlen(step));
	if (!slot || !probe.step)
		return hgt_error_nomem(c->err);
	code = use_resource(c, resource);
	if (!code)
		code = hgt_compile_grow(c, &c->list, c->n_list, &c->list_cap, sizeof(struct hgt_schema_slot *));
	if (code)
		return code;
	*slot = probe;
	slot->parent = parent;
	slot->index = (uint32_t)c->n_list;
	if (hgt_map_put(&c->slots, (const char *)&slot->key, sizeof(slot->key), slot, NULL) < 0)
		return hgt_error_nomem(c->err);
	c->list[c->n_list++] = slot;
	*index = slot->index;
	return 0;
}

int hgt_compiler_new(enum hgt_draft draft, struct hgt_compiler **out, struct hgt_error *err)
{
	struct hgt_compiler *c = calloc(1, sizeof(*c));

	if (!c)
		return hgt_error_nomem(err);
	c->dialect = hgt_compile_dialect(draft);
	hgt_buf_init(&c->data);
	hgt_buf_init(&c->scratch);
	*out = c;
	return 0;
}

void hgt_compiler_free(struct hgt_compiler *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_metaschemas; i++)
		hgt_doc_set_release(c->metaschemas[i]);
	hgt_map_release(&c->by_uri);
	hgt_map_release(&c->resources);
	hgt_map_release(&c->roots);
	hgt_map_release(&c->anchors);
	hgt_map_release(&c->slots);
	hgt_map_release(&c->strings);
	hgt_map_release(&c->patterns);
	free(c->list);
	free(c->used);
	free(c->entries);
	free(c->pattern_texts);
	hgt_buf_release(&c->data);
	hgt_buf_release(&c->scratch);
	hgt_arena_release(&c->arena);
	free(c);
}

int hgt_compiler_add(struct hgt_compiler *c, const char *uri, const struct hgt_node *root, struct hgt_error *err)
{
	return hgt_compiler_add_as(c, c->dialect.draft, uri, root, err);
}

int hgt_compiler_add_as(struct hgt_compiler *c, enum hgt_draft draft, const char *uri, const struct hgt_node *root,
	struct hgt_error *err)
{
	struct hgt_schema_document *document;
	size_t len = strcspn(uri, "#");

	if (hgt_map_get(&c->by_uri, uri, len))
		return hgt_error_set(err, HGT_EEXIST, "two documents are known as %s", uri);
	document = hgt_arena_alloc(&c->arena, sizeof(*document));
	if (!document)
		return hgt_error_nomem(err);
	document->uri = hgt_arena_strndup(&c->arena, uri, len);
	document->root = root;
	document->draft = draft;
	if (!document->uri || hgt_map_put(&c->by_uri, document->uri, len, document, NULL) < 0)
		return hgt_error_nomem(err);
	document->next = c->documents;
	c->documents = document;
	return 0;
}

int hgt_compiler_entry(struct hgt_compiler *c, const char *name, const char *uri, uint32_t flags, struct hgt_error *err)
{
	struct hgt_anchor_target target;
	struct hgt_schema_entry *entry;
	int code;

	c->err = err;
	code = hgt_compile_resolve(c, NULL, NULL, uri, strlen(uri), &target);
	if (!code)
		code = hgt_compile_grow(c, &c->entries, c->n_entries, &c->entries_cap, sizeof(*c->entries));
	if (code)
		return code;
	entry = &c->entries[c->n_entries];
	entry->flags = flags;
	entry->name = hgt_arena_strndup(&c->arena, name, strlen(name));
	if (!entry->name)
		return hgt_error_nomem(err);
	code = hgt_compile_slot(c, target.node, target.resource, 0, uri, target.node, &entry->schema);
	if (!code)
		c->n_entries++;
	return code;
}

static int order_entries(const void *a, const void *b)
{
	return strcmp(((const struct hgt_schema_entry *)a)->name, ((const struct hgt_schema_entry *)b)->name);
}

/* The schemas, and those that they lead to. */
static int compile_all(struct hgt_compiler *c)
{
	size_t resources = 0, schemas = 0;
	int code = 0;

	while (!code && (schemas < c->n_list || resources < c->n_used)) {
		if (schemas < c->n_list) {
			code = hgt_compile_schema(c, c->list[schemas++]);
			continue;
		}
		for (const struct hgt_anchor_target *a = c->used[resources++]->anchors; a && !code; a = a->next) {
			uint32_t index;

			hgt_buf_reset(&c->scratch);
			hgt_buf_addf(&c->scratch, "%s#%s", a->resource->uri, a->name);
			code = hgt_buf_check(&c->scratch, c->err);
			if (!code)
				code = hgt_compile_slot(c, a->node, a->resource, 0, c->scratch.data, a->node, &index);
		}
	}
	return code;
}

static void add_resource(struct hgt_compiler *c, const struct hgt_schema_resource *resource)
{
	uint32_t n = 0, at;

	hgt_compile_word(c, hgt_compile_string(c, resource->uri, strlen(resource->uri)));
	at = hgt_compile_here(c);
	hgt_compile_word(c, 0);
	for (const struct hgt_anchor_target *a = resource->anchors; a; a = a->next, n++) {
		struct hgt_schema_slot probe = {.key = {.node = a->node, .resource = a->resource}}, *slot;

		slot = hgt_map_get(&c->slots, (const char *)&probe.key, sizeof(probe.key));
		hgt_compile_word(c, hgt_compile_string(c, a->name, strlen(a->name)));
		hgt_compile_word(c, slot->index);
	}
	hgt_compile_set(c, at, n);
}

/* A table's number of rows and beginning, which is here, into the header. */
static void begin_table(struct hgt_compiler *c, uint32_t at, size_t n)
{
	hgt_compile_set(c, at, (uint32_t)n);
	hgt_compile_set(c, at + 4, hgt_compile_here(c));
}

static void add_tables(struct hgt_compiler *c, uint32_t *resources)
{
	for (size_t i = 0; i < c->n_used; i++) {
		/* The record begins behind its strings. */
		hgt_compile_string(c, c->used[i]->uri, strlen(c->used[i]->uri));
		for (const struct hgt_anchor_target *a = c->used[i]->anchors; a; a = a->next)
			hgt_compile_string(c, a->name, strlen(a->name));
		resources[i] = hgt_compile_here(c);
		add_resource(c, c->used[i]);
	}
	for (size_t i = 0; i < c->n_entries; i++)
		hgt_compile_string(c, c->entries[i].name, strlen(c->entries[i].name));
	begin_table(c, HGT_IMG_AT_SCHEMAS, c->n_list);
	for (size_t i = 0; i < c->n_list; i++)
		hgt_compile_word(c, c->list[i]->offset);
	begin_table(c, HGT_IMG_AT_RESOURCES, c->n_used);
	for (size_t i = 0; i < c->n_used; i++)
		hgt_compile_word(c, resources[i]);
	begin_table(c, HGT_IMG_AT_PATTERNS, c->n_patterns);
	for (size_t i = 0; i < c->n_patterns; i++)
		hgt_compile_word(c, c->pattern_texts[i]);
	begin_table(c, HGT_IMG_AT_ENTRIES, c->n_entries);
	for (size_t i = 0; i < c->n_entries; i++) {
		hgt_compile_word(c, hgt_compile_string(c, c->entries[i].name, strlen(c->entries[i].name)));
		hgt_compile_word(c, c->entries[i].schema);
		hgt_compile_word(c, c->entries[i].flags);
	}
	hgt_compile_set(c, HGT_IMG_AT_SIZE, hgt_compile_here(c));
}

int hgt_compiler_finish(struct hgt_compiler *c, struct hgt_buf *image, struct hgt_error *err)
{
	uint32_t *resources;
	int code;

	c->err = err;
	hgt_buf_add(&c->data, HGT_IMG_MAGIC, 8);
	hgt_compile_word(c, HGT_IMG_VERSION);
	while (!c->data.failed && c->data.len < HGT_IMG_HEADER)
		hgt_compile_word(c, 0);
	code = compile_all(c);
	if (code)
		return code;
	qsort(c->entries, c->n_entries, sizeof(*c->entries), order_entries);
	for (size_t i = 1; i < c->n_entries; i++)
		if (strcmp(c->entries[i - 1].name, c->entries[i].name) == 0)
			return hgt_error_set(err, HGT_EEXIST, "two schemas are to be named %s", c->entries[i].name);
	resources = calloc(c->n_used + 1, sizeof(*resources));
	if (!resources)
		return hgt_error_nomem(err);
	add_tables(c, resources);
	free(resources);
	code = hgt_buf_check(&c->data, err);
	if (code)
		return code;
	hgt_buf_release(image);
	*image = c->data;
	hgt_buf_init(&c->data);
	return 0;
}
