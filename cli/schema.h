/* The verbs of `headgate schema`. Each gets its own arguments (argv[0] is its name) and returns the exit status. */
#ifndef HEADGATE_CLI_SCHEMA_H
#define HEADGATE_CLI_SCHEMA_H

#include <stdbool.h>

#include "pack/import.h"

int schema_import_main(int argc, char **argv);
int schema_list_main(int argc, char **argv);
int schema_show_main(int argc, char **argv);
int schema_verify_main(int argc, char **argv);

/* Ask a cluster through kubectl for its CustomResourceDefinitions and its OpenAPI v3, and add them. context may be NULL. */
int schema_add_cluster(struct hgt_importer *importer, const char *context, struct hgt_error *err) HGT_MUST_CHECK;

/* The packs of the names, or with none all that are found, of Kubernetes' own the newest. *out is to be freed even after a failure. */
int schema_gather(char *const *packs, size_t n, struct hgt_catalog **out, struct hgt_error *err) HGT_MUST_CHECK;

/* The entry that a KIND means: named in full, or the best version of the first group that has it; case does not count. */
bool schema_find_kind(const struct hgt_catalog *catalog, const char *text, size_t len, struct hgt_catalog_kind *best);

/* The length of the KIND at the beginning of KIND.FIELD..., where dots of a group belong to it. */
size_t schema_kind_length(const char *text);

/* "1.4 MB" */
void schema_add_size(struct hgt_buf *out, size_t bytes);

#endif
