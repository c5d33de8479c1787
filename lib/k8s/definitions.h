/*
 * CustomResourceDefinitions that are met on the way: their kinds become known to the engine's schemas. A file that has an object of a
 * kind that nobody knows yet is put off until all files have been met, and the rest of the tree if need be.
 */
#ifndef HEADGATE_K8S_DEFINITIONS_H
#define HEADGATE_K8S_DEFINITIONS_H

#include "check/check.h"
#include "k8s/schemas.h"

/* Whether a text may hold a CustomResourceDefinition: quickly, before it is parsed. */
bool hgt_definitions_concern(const char *text, size_t len);

/* Take the definition, if the object is one; what makes no sense in it is told. */
void hgt_definitions_meet(struct hgt_subject *subject);

/* Whether the object, or an item of it when it is a list of objects, is of a kind that nobody knows: 1, 0, or HGT_E*. */
int hgt_definitions_lack(const struct hgt_schemas *schemas, const struct hgt_node *object, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Take the definitions of a file of the tree that is not part of the change, in silence, where they are of kinds that nobody knows.
 * 0, or HGT_E*: not for what is wrong with the file.
 */
int hgt_definitions_read(struct hgt_schemas *schemas, const char *path, const char *data, size_t len,
	const struct hgt_doc_limits *limits, struct hgt_error *err) HGT_MUST_CHECK;

#endif
