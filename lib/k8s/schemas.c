/* The schemas that objects are held against, and an evaluator for each image that has been used. */
#include "k8s/schemas.h"

#include "base/map.h"
#include "check/nearest.h"
#include "pack/choice.h"
#include "pack/import.h"

struct hgt_schemas {
	const struct hgt_catalog *chosen;	/* borrowed, or NULL */
	struct hgt_catalog *met;		/* of CustomResourceDefinitions on the way */
	struct hgt_map evaluators;		/* image (its address) -> evaluator */
	struct hgt_map unknown;			/* kinds that have been told */
	struct hgt_arena arena;			/* keys of both */
};

int hgt_schemas_new(const struct hgt_catalog *chosen, struct hgt_schemas **out, struct hgt_error *err)
{
	struct hgt_schemas *schemas = calloc(1, sizeof(*schemas));
	int code;

	if (!schemas)
		return hgt_error_nomem(err);
	schemas->chosen = chosen;
	code = hgt_catalog_new(&schemas->met, err);
	if (code < 0) {
		free(schemas);
		return code;
	}
	*out = schemas;
	return 0;
}

void hgt_schemas_free(struct hgt_schemas *schemas)
{
	const struct hgt_map_entry *entry;

	if (!schemas)
		return;
	for (size_t pos = 0; (entry = hgt_map_next(&schemas->evaluators, &pos));)
		hgt_evaluator_free(entry->value);
	hgt_map_release(&schemas->evaluators);
	hgt_map_release(&schemas->unknown);
	hgt_catalog_free(schemas->met);
	hgt_arena_release(&schemas->arena);
	free(schemas);
}

int hgt_schemas_find(const struct hgt_schemas *schemas, const char *api_version, const char *kind, struct hgt_catalog_hit *hit,
	struct hgt_error *err)
{
	int code = HGT_ENOENT;

	/* Most of the time nothing has been met. */
	if (!schemas->chosen || hgt_catalog_count(schemas->met))
		code = hgt_catalog_find(schemas->met, api_version, kind, hit, err);
	return code == HGT_ENOENT && schemas->chosen ? hgt_catalog_find(schemas->chosen, api_version, kind, hit, err) : code;
}

bool hgt_schemas_own_group(const struct hgt_schemas *schemas, const char *group, size_t len)
{
	struct hgt_catalog_pos pos = {0};
	struct hgt_catalog_kind known;

	while (schemas->chosen && hgt_catalog_next(schemas->chosen, &pos, &known))
		if (known.group_len == len && memcmp(known.name, group, len) == 0 &&
			strncmp(hgt_catalog_name(schemas->chosen, known.pack), HGT_KUBERNETES_PACK, sizeof(HGT_KUBERNETES_PACK) - 1) == 0)
			return true;
	return false;
}

static const char *nearest_of(const struct hgt_catalog *catalog, const char *api_version, const char *kind)
{
	size_t len = strlen(api_version);
	struct hgt_catalog_pos pos = {0};
	struct hgt_catalog_kind known;

	while (hgt_catalog_next(catalog, &pos, &known))
		if (known.api_version_len == len && memcmp(known.name, api_version, len) == 0 && hgt_is_near(kind, known.kind))
			return known.kind;
	return NULL;
}

const char *hgt_schemas_nearest(const struct hgt_schemas *schemas, const char *api_version, const char *kind)
{
	const char *nearest = nearest_of(schemas->met, api_version, kind);

	return nearest || !schemas->chosen ? nearest : nearest_of(schemas->chosen, api_version, kind);
}

int hgt_schemas_served(const struct hgt_schemas *schemas, const char *kind, size_t max, struct hgt_buf *out)
{
	int n = hgt_catalog_served(schemas->met, "", kind, max, out, NULL);

	return n == 0 && schemas->chosen ? hgt_catalog_served(schemas->chosen, "", kind, max, out, NULL) : n;
}

int hgt_schemas_add(struct hgt_schemas *schemas, const struct hgt_node *crd, struct hgt_error *err)
{
	struct hgt_buf image = HGT_BUF_INIT;
	int code = hgt_import_crd(crd, &image, err);

	if (code == 0)
		code = hgt_catalog_add_image(schemas->met, "a CustomResourceDefinition of the change", &image, err);
	hgt_buf_release(&image);
	return code;
}

int hgt_schemas_note_unknown(struct hgt_schemas *schemas, const char *api_version, const char *kind)
{
	struct hgt_buf name = HGT_BUF_INIT;
	char *key = NULL;
	int code = 0;

	hgt_buf_addf(&name, "%s/%s", api_version, kind);
	if (name.failed || !hgt_map_get(&schemas->unknown, name.data, name.len)) {
		key = name.failed ? NULL : hgt_arena_strndup(&schemas->arena, name.data, name.len);
		code = key ? hgt_map_put(&schemas->unknown, key, name.len, schemas, NULL) : HGT_ENOMEM;
	}
	hgt_buf_release(&name);
	return code < 0 ? code : key != NULL;
}

static int evaluator_of(struct hgt_schemas *schemas, const struct hgt_image *image, struct hgt_evaluator **out,
	struct hgt_error *err)
{
	const struct hgt_image **key;
	int code;

	*out = hgt_map_get(&schemas->evaluators, (const char *)&image, sizeof(image));
	if (*out)
		return 0;
	key = hgt_arena_alloc(&schemas->arena, sizeof(*key));
	if (!key)
		return hgt_error_nomem(err);
	*key = image;
	code = hgt_evaluator_new(image, &hgt_evaluate_default_options, out, err);
	if (code < 0)
		return code;
	if (hgt_map_put(&schemas->evaluators, (const char *)key, sizeof(*key), *out, NULL) == 0)
		return 0;
	hgt_evaluator_free(*out);
	return hgt_error_nomem(err);
}

int hgt_schemas_evaluate(struct hgt_schemas *schemas, const struct hgt_catalog_hit *hit, const struct hgt_node *object,
	hgt_schema_finding_cb tell, void *user, struct hgt_error *err)
{
	struct hgt_evaluator *evaluator;
	int code = evaluator_of(schemas, hit->image, &evaluator, err);

	return code < 0 ? code : hgt_evaluate(evaluator, hit->schema, object, tell, user, err);
}
