/*
 * The metaschemas of the five drafts. The files in metaschemas/ are those of json-schema.org as they are (AFL 3.0 or BSD), put
 * into the program by the assembler; object-meta.json, which schemas of custom resources leave out, is our own.
 */
#include "schema/metaschemas.h"

#include "base/error.h"

#define DRAFT_2019 "https://json-schema.org/draft/2019-09/"
#define DRAFT_2020 "https://json-schema.org/draft/2020-12/"

/* Every file: a name of its own, the file's, its URI. */
#define METASCHEMAS(FILE) \
	FILE(draft4, "draft4", "http://json-schema.org/draft-04/schema") \
	FILE(draft6, "draft6", "http://json-schema.org/draft-06/schema") \
	FILE(draft7, "draft7", "http://json-schema.org/draft-07/schema") \
	FILE(draft2019, "draft201909", DRAFT_2019 "schema") \
	FILE(draft2019_core, "draft201909-core", DRAFT_2019 "meta/core") \
	FILE(draft2019_applicator, "draft201909-applicator", DRAFT_2019 "meta/applicator") \
	FILE(draft2019_validation, "draft201909-validation", DRAFT_2019 "meta/validation") \
	FILE(draft2019_meta_data, "draft201909-meta-data", DRAFT_2019 "meta/meta-data") \
	FILE(draft2019_format, "draft201909-format", DRAFT_2019 "meta/format") \
	FILE(draft2019_content, "draft201909-content", DRAFT_2019 "meta/content") \
	FILE(draft2020, "draft202012", DRAFT_2020 "schema") \
	FILE(draft2020_core, "draft202012-core", DRAFT_2020 "meta/core") \
	FILE(draft2020_applicator, "draft202012-applicator", DRAFT_2020 "meta/applicator") \
	FILE(draft2020_unevaluated, "draft202012-unevaluated", DRAFT_2020 "meta/unevaluated") \
	FILE(draft2020_validation, "draft202012-validation", DRAFT_2020 "meta/validation") \
	FILE(draft2020_meta_data, "draft202012-meta-data", DRAFT_2020 "meta/meta-data") \
	FILE(draft2020_format_annotation, "draft202012-format-annotation", DRAFT_2020 "meta/format-annotation") \
	FILE(draft2020_format_assertion, "draft202012-format-assertion", DRAFT_2020 "meta/format-assertion") \
	FILE(draft2020_content, "draft202012-content", DRAFT_2020 "meta/content") \
	FILE(object_meta, "object-meta", "urn:headgate:object-meta")

#define INCLUDE_FILE(name, file, uri) \
	__asm__(".section .rodata\n" \
		"hgt_metaschema_" #name ":\n\t.incbin \"lib/schema/metaschemas/" file ".json\"\n" \
		"hgt_metaschema_" #name "_end:\n\t.byte 0\n\t.previous\n"); \
	extern const char hgt_metaschema_##name[], hgt_metaschema_##name##_end[];
METASCHEMAS(INCLUDE_FILE)

#define ROW(name, file, uri) {uri, hgt_metaschema_##name, hgt_metaschema_##name##_end},
static const struct hgt_metaschema metaschemas[] = {METASCHEMAS(ROW)};

const struct hgt_metaschema *hgt_metaschema_find(const char *uri)
{
	for (size_t i = 0; i < sizeof(metaschemas) / sizeof(metaschemas[0]); i++)
		if (strcmp(metaschemas[i].uri, uri) == 0)
			return &metaschemas[i];
	return NULL;
}
