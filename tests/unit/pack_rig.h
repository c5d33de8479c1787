/* Schemas imported out of texts and held against documents, for the tests of lib/pack. */
#ifndef HEADGATE_TESTS_PACK_RIG_H
#define HEADGATE_TESTS_PACK_RIG_H

#include "pack/import.h"

/* What was warned of, "where: message\n" each. */
void pack_rig_warn(void *user, const char *where, const char *message);

/* Import each of n texts, which come as where and text, into an image. */
int pack_rig_import(const struct hgt_import_options *options, const char *const texts[][2], size_t n, struct hgt_buf *image,
	struct hgt_error *err);

/* The image's entries, "name flags\n" each, to be freed. */
char *pack_rig_entries(const struct hgt_buf *image);

/* Hold a document (YAML) against an entry: "pointer keyword\n" each, to be freed; or what went wrong. */
char *pack_rig_judge(const struct hgt_buf *image, const char *entry, const char *document);

#endif
