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

/* Tell when a text is nothing but blanks. */
bool hgt_check_blank(struct hgt_subject *subject, const char *rule, const struct hgt_field *text);

/* What an expression may name. */
struct hgt_scope {
	const struct hgt_seen *variables;	/* behind "variables."; NULL when that is not to be judged */
	const struct hgt_field *fields;		/* behind "self.": `properties` of a schema; NULL the same */
	bool is_object;				/* self has apiVersion, kind and metadata too */
};

/* expression.c: the same, and when it is no expression or names what is not there (k8s/expression). scope may be NULL. */
void hgt_check_expression(struct hgt_subject *subject, const char *rule, const struct hgt_field *expression,
	const struct hgt_scope *scope);

#endif
