/* contrib/schemas: what constraints name is there in some version, with keywords that are known, and the packs are built from it. */
#include <dirent.h>

#include "base/io.h"
#include "base/map.h"
#include "doc/doc.h"
#include "pack/catalog.h"
#include "pack/place.h"
#include "tests/unit/unit.h"

#define FOLDER "contrib/schemas"

struct texts {
	struct hgt_doc_set sets[32];
	char *paths[32];
	size_t n;
};

static int is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".yaml") == 0;
}

static void read_folder(const char *folder, struct texts *texts)
{
	static const struct hgt_doc_limits limits = {
		.bytes = 16 << 20, .depth = 100, .documents = 10, .nodes = 1000 * 1000, .problems = 1, .memory = 512 << 20,
	};
	struct dirent **entries;
	int n = scandir(folder, &entries, is_yaml, alphasort);

	assert_true(n > 0 && n <= (int)N_OF(texts->sets));
	for (int i = 0; i < n; i++) {
		struct hgt_buf text = HGT_BUF_INIT;
		struct hgt_doc_set *set = &texts->sets[texts->n];
		char *path = unit_path(folder, entries[i]->d_name);

		assert_int_equal(hgt_read_file(path, limits.bytes, &text, NULL), 0);
		hgt_doc_set_init(set);
		assert_int_equal(hgt_yaml_parse(text.data, text.len, &limits, set, NULL), 0);
		if (set->n_problems || set->n_docs != 1)
			fail_msg("%s: %s", path, set->n_problems ? set->problems[0].message : "is not one document");
		hgt_buf_release(&text);
		texts->paths[texts->n++] = path;
		free(entries[i]);
	}
	free(entries);
}

static void release(struct texts *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		hgt_doc_set_release(&texts->sets[i]);
		free(texts->paths[i]);
	}
}

static const struct hgt_node *definition(const struct texts *facts, size_t i, const char *name)
{
	return hgt_node_get(hgt_node_get(facts->sets[i].docs[0].root, "definitions"), name);
}

static bool has_field(const struct texts *facts, const char *name, const char *field)
{
	for (size_t i = 0; i < facts->n; i++) {
		const struct hgt_node *schema = definition(facts, i, name);

		if (schema && (!field || hgt_node_get(hgt_node_get(schema, "properties"), field)))
			return true;
	}
	return false;
}

/* Keywords of a schema; what is below `properties` are names. */
static void check_keywords(const char *path, const struct hgt_node *schema)
{
	static const char *const known[] = {
		"$ref", "additionalProperties", "allOf", "anyOf", "default", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "items",
		"maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "multipleOf", "not",
		"nullable", "oneOf", "pattern", "properties", "required", "type", "uniqueItems", "x-headgate-one-of",
		"x-headgate-unique-keys", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type",
		"x-kubernetes-preserve-unknown-fields",
	};

	if (schema->type != HGT_NODE_MAP)
		return;
	for (size_t i = 0; i < schema->v.map.n; i++) {
		const struct hgt_pair *pair = &schema->v.map.pairs[i];
		bool is_known = false;

		for (size_t k = 0; k < N_OF(known); k++)
			is_known |= strcmp(known[k], pair->key->text) == 0;
		if (!is_known)
			fail_msg("%s:%u:%u: unknown keyword %s", path, pair->key->line, pair->key->column, pair->key->text);
		if (strcmp(pair->key->text, "items") == 0 || strcmp(pair->key->text, "additionalProperties") == 0)
			check_keywords(path, pair->value);
		for (size_t k = 0; strcmp(pair->key->text, "properties") == 0 && k < pair->value->v.map.n; k++)
			check_keywords(path, pair->value->v.map.pairs[k].value);
	}
}

static void check_definition(const struct texts *facts, const char *path, const struct hgt_pair *pair)
{
	const struct hgt_node *fields = hgt_node_get(pair->value, "properties");
	const struct hgt_node *unions = hgt_node_get(hgt_node_get(pair->value, "x-headgate-one-of"), "fields");
	const char *name = pair->key->text;

	if (!has_field(facts, name, NULL))
		fail_msg("%s:%u: no version has the definition %s", path, pair->key->line, name);
	check_keywords(path, pair->value);
	for (size_t i = 0; fields && i < fields->v.map.n; i++)
		if (!has_field(facts, name, fields->v.map.pairs[i].key->text))
			fail_msg("%s:%u: no version has the field %s of %s", path, fields->v.map.pairs[i].key->line,
				fields->v.map.pairs[i].key->text, name);
	for (size_t i = 0; unions && i < unions->v.seq.n; i++)
		if (!has_field(facts, name, unions->v.seq.items[i]->text))
			fail_msg("%s:%u: no version has the field %s of %s", path, unions->line, unions->v.seq.items[i]->text, name);
}

static void test_names(void **state)
{
	static struct texts facts, constraints;
	size_t n = 0;

	(void)state;
	read_folder(FOLDER, &facts);
	read_folder(FOLDER "/constraints", &constraints);
	for (size_t i = 0; i < constraints.n; i++) {
		const struct hgt_node *definitions = hgt_node_get(constraints.sets[i].docs[0].root, "definitions");

		assert_non_null(definitions);
		for (size_t k = 0; k < definitions->v.map.n; k++, n++)
			check_definition(&facts, constraints.paths[i], &definitions->v.map.pairs[k]);
	}
	assert_true(n > 0);
	release(&facts);
	release(&constraints);
}

/* Each version's pack holds what its facts say are kinds, with their scopes. */
static void test_packs(void **state)
{
	static struct texts facts;
	struct hgt_buf path = HGT_BUF_INIT;

	(void)state;
	read_folder(FOLDER, &facts);
	for (size_t i = 0; i < facts.n; i++) {
		const struct hgt_node *definitions = hgt_node_get(facts.sets[i].docs[0].root, "definitions");
		char *name = strrchr(facts.paths[i], '/') + 1;
		struct hgt_pack *pack;
		uint32_t kinds = 0;

		*strrchr(name, '.') = '\0';
		assert_int_equal(hgt_pack_locate(name, &path, NULL), 0);
		assert_int_equal(hgt_pack_open(path.data, &pack, NULL), 0);
		assert_string_equal(pack->name, name);
		assert_int_equal(hgt_pack_verify(pack, NULL), 0);
		for (size_t k = 0; k < definitions->v.map.n; k++)
			kinds += hgt_node_get(definitions->v.map.pairs[k].value, "x-headgate-scope") != NULL;
		assert_int_equal(pack->image.n_entries, kinds);
		hgt_pack_close(pack);
	}
	hgt_buf_release(&path);
	release(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_packs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
