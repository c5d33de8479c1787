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

/* "1.4 MB" */
void schema_add_size(struct hgt_buf *out, size_t bytes);

#endif
