/* What webhooks, admission policies and conversions of custom resources have in common. */
#ifndef HEADGATE_K8S_ADMISSION_H
#define HEADGATE_K8S_ADMISSION_H

#include "k8s/parts.h"

/* webhook.c: how a webhook is reached, and which versions of the review it speaks. */
void hgt_check_client_config(struct hgt_subject *subject, const char *rule, const struct hgt_field *config);
void hgt_check_review_versions(struct hgt_subject *subject, const char *rule, const struct hgt_field *versions);

/* What a rule matches: operations, groups, versions, resources. */
void hgt_check_match_rule(struct hgt_subject *subject, const char *rule, const struct hgt_field *match);

void hgt_check_match_conditions(struct hgt_subject *subject, const char *rule, const struct hgt_field *conditions);

/* Tell when the text of an expression is blank or, where it is not required by its type, missing. */
void hgt_check_expression(struct hgt_subject *subject, const char *rule, const struct hgt_field *expression);

#endif
