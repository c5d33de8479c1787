/* Schemas and documents of a few lines each, for the tests of lib/schema. */
#ifndef HEADGATE_TESTS_SCHEMA_RIG_H
#define HEADGATE_TESTS_SCHEMA_RIG_H

#include "schema/compile.h"
#include "schema/evaluate.h"

/* Compile the schema (YAML), known as "test:s", into an image with the entry "s". */
int schema_compile(const char *text, enum hgt_draft draft, struct hgt_buf *image, struct hgt_error *err);

/* Hold the document (YAML) against entry "s": "pointer keyword message" a line into *told (to be freed), or the error's message. */
int schema_judge(const struct hgt_buf *image, const struct hgt_evaluate_options *options, const char *document,
	char **told);

#endif
