/* What a set of documents says, as text to compare with. */
#ifndef HEADGATE_TESTS_DOC_TEXT_H
#define HEADGATE_TESTS_DOC_TEXT_H

#include "doc/doc.h"

/* Each document as a line of JSON ("-" for an empty one), then each problem as "line:column kind pointer: message". To be freed;
 * never NULL. */
char *doc_text(const struct hgt_doc_set *set);

/* Parse with the default limits (asserting success) and tell. */
char *doc_text_of_yaml(const char *text, size_t len);
char *doc_text_of_json(const char *text, size_t len);

#endif
