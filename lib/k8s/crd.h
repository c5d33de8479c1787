/* Between the files of CustomResourceDefinition: a schema of a version, judged. */
#ifndef HEADGATE_K8S_CRD_H
#define HEADGATE_K8S_CRD_H

#include "k8s/parts.h"

#define CRD_RULE "k8s/crd"

/* crd_schema.c: what any schema in it may have, however deep; `schema` is the root. */
void crd_check_schema(struct hgt_subject *subject, const struct hgt_field *schema);

/* crd_structural.c: that the root is structural: each field has a type, once. */
void crd_check_structural(struct hgt_subject *subject, const struct hgt_field *schema);

#endif
