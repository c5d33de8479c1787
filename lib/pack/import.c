/* The importer: what has been collected, and the image made of it. */
#include "pack/import.h"

#include "base/escape.h"
#include "pack/importer.h"

enum {
	ARENA_MAX = 1 << 30,
	SCHEMAS_MAX = 200 * 1000,
	KINDS_MAX = 100 * 1000,
	GROUP_MAX = 253,
	NAME_MAX = 63,
	/* Kinds times schemas: so much is looked at to find those that make no sense. */
	SEARCH_MAX = 50 * 1000 * 1000,
};

int hgt_importer_new(const struct hgt_import_options *options, struct hgt_importer **out, struct hgt_error *err)
{
	struct hgt_importer *importer = calloc(1, sizeof(*importer));

	if (!importer)
		return hgt_error_nomem(err);
	if (options)
		importer->options = *options;
	importer->arena.limit = ARENA_MAX;
	importer->source = "";
	*out = importer;
	return 0;
}

void hgt_importer_free(struct hgt_importer *importer)
{
	if (!importer)
		return;
	hgt_map_release(&importer->schemas);
	hgt_map_release(&importer->kinds);
	hgt_map_release(&importer->patches);
	hgt_map_release(&importer->patterns);
	hgt_arena_release(&importer->arena);
	free(importer);
}

void hgt_import_warn(struct hgt_importer *importer, const char *where, const struct hgt_node *node, const char *fmt, ...)
{
	struct hgt_buf place = HGT_BUF_INIT, message = HGT_BUF_INIT;
	va_list ap;

	if (!importer->options.warn)
		return;
	hgt_buf_adds(&place, where);
	if (node)
		hgt_buf_addf(&place, ":%u:%u", node->line, node->column);
	va_start(ap, fmt);
	hgt_buf_addvf(&message, fmt, ap);
	va_end(ap);
	importer->options.warn(importer->options.user, place.data, message.data);
	hgt_buf_release(&place);
	hgt_buf_release(&message);
}

int hgt_import_wrong(const char *where, const struct hgt_node *node, int code, struct hgt_error *err, const char *fmt, ...)
{
	struct hgt_buf message = HGT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addvf(&message, fmt, ap);
	va_end(ap);
	if (node)
		hgt_error_set(err, code, "%s:%u:%u: %s", where, node->line, node->column, message.data);
	else
		hgt_error_set(err, code, "%s: %s", where, message.data);
	hgt_buf_release(&message);
	return code;
}

char *hgt_import_text(struct hgt_importer *importer, const char *fmt, ...)
{
	struct hgt_buf text = HGT_BUF_INIT;
	char *copy = NULL;
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addvf(&text, fmt, ap);
	va_end(ap);
	if (!text.failed)
		copy = hgt_arena_strndup(&importer->arena, text.data, text.len);
	hgt_buf_release(&text);
	return copy;
}

const char *hgt_import_uri(struct hgt_importer *importer, const char *name, size_t len)
{
	struct hgt_buf uri = HGT_BUF_INIT;
	const char *copy = NULL;

	hgt_buf_adds(&uri, "k8s:");
	while (len) {
		const char *slash = memchr(name, '/', len);
		size_t part = slash ? (size_t)(slash - name) : len;

		hgt_escape_url(&uri, name, part);
		if (slash)
			hgt_buf_addc(&uri, '/');
		name += part + (slash != NULL);
		len -= part + (slash != NULL);
	}
	if (!uri.failed)
		copy = hgt_arena_strndup(&importer->arena, uri.data, uri.len);
	hgt_buf_release(&uri);
	return copy;
}

int hgt_import_add_schema(struct hgt_importer *importer, const char *uri, enum hgt_draft draft, const struct hgt_node *root,
	struct hgt_error *err)
{
	struct hgt_import_schema *schema;

	if (hgt_map_get(&importer->schemas, uri, strlen(uri)))
		return 0;
	if (importer->schemas.len == SCHEMAS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "there are more than %d schemas", SCHEMAS_MAX);
	schema = hgt_arena_alloc(&importer->arena, sizeof(*schema));
	if (!schema)
		return hgt_error_nomem(err);
	*schema = (struct hgt_import_schema){.uri = uri, .draft = draft, .root = root};
	return hgt_map_put(&importer->schemas, uri, strlen(uri), schema, NULL) < 0 ? hgt_error_nomem(err) : 0;
}

static bool is_part(const char *text, size_t max, const char *allowed)
{
	size_t len = strlen(text);

	return len <= max && strspn(text, allowed) == len;
}

const char *hgt_import_name(struct hgt_importer *importer, const char *where, const struct hgt_node *node, const char *group,
	const char *version, const char *kind, struct hgt_error *err)
{
#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
	const char *name;

	if (!group || !is_part(group, GROUP_MAX, LOWER ".-") || !version || !*version || !is_part(version, NAME_MAX, LOWER "-.") ||
		!kind || !*kind || !is_part(kind, NAME_MAX, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
		hgt_import_wrong(where, node, HGT_EPARSE, err, "the kind that this is for needs a group, a version and a name");
		return NULL;
	}
	name = hgt_import_text(importer, "%s%s%s/%s", group, *group ? "/" : "", version, kind);
	if (!name)
		hgt_error_nomem(err);
	return name;
#undef LOWER
}

int hgt_import_add_kind(struct hgt_importer *importer, const char *where, const char *name, const char *uri, uint32_t flags,
	struct hgt_error *err)
{
	struct hgt_import_kind *kind = hgt_map_get(&importer->kinds, name, strlen(name));

	if (importer->only_definitions)
		return 0;
	if (kind) {
		if (strcmp(kind->where, where) != 0 && !importer->doubles_expected)
			hgt_import_warn(importer, where, NULL, "%s is in %s already, that one counts", name, kind->where);
		return 0;
	}
	if (importer->kinds.len == KINDS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "there are more than %d kinds", KINDS_MAX);
	kind = hgt_arena_alloc(&importer->arena, sizeof(*kind));
	if (!kind)
		return hgt_error_nomem(err);
	*kind = (struct hgt_import_kind){.name = name, .uri = uri, .flags = flags};
	kind->where = hgt_arena_strndup(&importer->arena, where, strlen(where));
	if (!kind->where || hgt_map_put(&importer->kinds, name, strlen(name), kind, NULL) < 0)
		return hgt_error_nomem(err);
	return 0;
}

void hgt_importer_only_definitions(struct hgt_importer *importer, bool only)
{
	importer->only_definitions = only;
}

void hgt_importer_expect_doubles(struct hgt_importer *importer, bool expected)
{
	importer->doubles_expected = expected;
}

size_t hgt_importer_kinds(const struct hgt_importer *importer)
{
	return importer->kinds.len;
}

const char *hgt_importer_source(const struct hgt_importer *importer)
{
	return importer->source;
}

/* What has been collected, in an order of its own. */
struct sorted {
	struct hgt_import_schema **schemas;
	struct hgt_import_kind **kinds;
	size_t n_schemas, n_kinds;
};

static int order_schemas(const void *a, const void *b)
{
	return strcmp((*(struct hgt_import_schema *const *)a)->uri, (*(struct hgt_import_schema *const *)b)->uri);
}

static int order_kinds(const void *a, const void *b)
{
	return strcmp((*(struct hgt_import_kind *const *)a)->name, (*(struct hgt_import_kind *const *)b)->name);
}

static int sort(struct hgt_importer *importer, struct sorted *out, struct hgt_error *err)
{
	const struct hgt_map_entry *entry;
	size_t pos = 0;

	out->schemas = hgt_arena_array(&importer->arena, importer->schemas.len + 1, sizeof(struct hgt_import_schema *));
	out->kinds = hgt_arena_array(&importer->arena, importer->kinds.len + 1, sizeof(struct hgt_import_kind *));
	if (!out->schemas || !out->kinds)
		return hgt_error_nomem(err);
	while ((entry = hgt_map_next(&importer->schemas, &pos)))
		out->schemas[out->n_schemas++] = entry->value;
	pos = 0;
	while ((entry = hgt_map_next(&importer->kinds, &pos)))
		out->kinds[out->n_kinds++] = entry->value;
	qsort(out->schemas, out->n_schemas, sizeof(*out->schemas), order_schemas);
	qsort(out->kinds, out->n_kinds, sizeof(*out->kinds), order_kinds);
	return 0;
}

/* Compile one kind, or with NULL all that are not dropped. */
static int compile(const struct sorted *sorted, const struct hgt_import_kind *alone, struct hgt_buf *image, struct hgt_error *err)
{
	struct hgt_compiler *compiler;
	int code = hgt_compiler_new(HGT_DRAFT_7, &compiler, err);

	if (code)
		return code;
	for (size_t i = 0; i < sorted->n_schemas && code == 0; i++)
		code = hgt_compiler_add_as(compiler, sorted->schemas[i]->draft, sorted->schemas[i]->uri, sorted->schemas[i]->root, err);
	for (size_t i = 0; i < sorted->n_kinds && code == 0; i++) {
		const struct hgt_import_kind *kind = sorted->kinds[i];

		if (alone ? kind == alone : !kind->dropped)
			code = hgt_compiler_entry(compiler, kind->name, kind->uri, kind->flags, err);
	}
	if (code == 0)
		code = hgt_compiler_finish(compiler, image, err);
	hgt_compiler_free(compiler);
	return code;
}

/* Find the kinds that cannot be compiled, each by itself. */
static int drop_bad(struct hgt_importer *importer, const struct sorted *sorted, struct hgt_error *err)
{
	size_t left = 0;

	for (size_t i = 0; i < sorted->n_kinds; i++) {
		struct hgt_import_kind *kind = sorted->kinds[i];
		struct hgt_buf image = HGT_BUF_INIT;
		struct hgt_error why = {0};
		int code = compile(sorted, kind, &image, &why);

		hgt_buf_release(&image);
		if (code == HGT_ENOMEM)
			return hgt_error_nomem(err);
		kind->dropped = code != 0;
		left += code == 0;
		if (code == 0)
			continue;
		if (!left && i + 1 == sorted->n_kinds) {
			hgt_error_set(err, code, "%s", why.message);
			return code;
		}
		hgt_import_warn(importer, kind->where, NULL, "%s is left out: %s", kind->name, why.message);
	}
	return 0;
}

int hgt_importer_finish(struct hgt_importer *importer, struct hgt_buf *image, struct hgt_error *err)
{
	struct sorted sorted = {0};
	int code = sort(importer, &sorted, err);

	if (code == 0 && !sorted.n_kinds)
		return hgt_error_set(err, HGT_EPARSE, "there is no schema of a kind in it");
	if (code == 0)
		code = compile(&sorted, NULL, image, err);
	if (code == 0 || code == HGT_ENOMEM || sorted.n_schemas > SEARCH_MAX / sorted.n_kinds)
		return code;
	code = drop_bad(importer, &sorted, err);
	return code ? code : compile(&sorted, NULL, image, err);
}

int hgt_import_crd(const struct hgt_node *crd, struct hgt_buf *image, struct hgt_error *err)
{
	struct hgt_importer *importer = NULL;
	struct sorted sorted = {0};
	int code = hgt_importer_new(NULL, &importer, err);

	if (code)
		return code;
	code = hgt_import_crd_object(importer, "the CustomResourceDefinition", crd, err);
	if (code == 0 && !importer->kinds.len)
		code = hgt_error_set(err, HGT_ENOENT, "the CustomResourceDefinition serves no version");
	if (code == 0)
		code = sort(importer, &sorted, err);
	if (code == 0)
		code = compile(&sorted, NULL, image, err);
	hgt_importer_free(importer);
	return code;
}
