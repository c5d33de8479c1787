/* What webhooks, admission policies and conversions of custom resources have in common. */
#ifndef HEADGATE_K8S_ADMISSION_H
#define HEADGATE_K8S_ADMISSION_H

#include "k8s/parts.h"

/* webhook.c: how a webhook is reached, and which versions of the review it speaks. */
void hgt_check_client_config(struct hgt_subject *subject, const char *rule, const struct hgt_field *config);
void hgt_check_review_versions(struct hgt_subject *subject, const char *rule, const struct hgt_field *versions);

/* What a rule matches: operations, groups, versions, resources. */
void hgt_check_match_rule(struct hgt_subject *subject, const char *rule, const struct hgt_field *match);

/* Tell when a text is nothing but blanks. */
bool hgt_check_blank(struct hgt_subject *subject, const char *rule, const struct hgt_field *text);

/* What an expression may name, by where it stands. */
struct hgt_scope {
	enum { HGT_AT_WEBHOOK, HGT_AT_POLICY, HGT_AT_MUTATION, HGT_AT_DEFINITION, HGT_AT_DEVICE } at;
	bool has_params;			/* of a policy: there is a paramKind */
	const struct hgt_seen *variables;	/* behind "variables."; NULL when that is not to be judged */
	const struct hgt_field *fields;		/* behind "self.": `properties` of a schema; NULL the same */
	struct hgt_map index;			/* of its members */
	bool is_object;				/* self has apiVersion, kind and metadata too */
};

/* What it has to come to. */
enum hgt_wanted { HGT_WANT_ANY, HGT_WANT_BOOL, HGT_WANT_TEXT, HGT_WANT_TEXT_OR_NULL };

/* expression.c: the same, and when it is no expression, names what is not there or comes to something else (k8s/expression). */
void hgt_check_expression(struct hgt_subject *subject, const char *rule, const struct hgt_field *expression,
	const struct hgt_scope *scope, enum hgt_wanted wanted);

void hgt_check_match_conditions(struct hgt_subject *subject, const char *rule, const struct hgt_field *conditions,
	const struct hgt_scope *scope);

#endif
