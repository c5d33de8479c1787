/*
 * Inside lib/k8s: an object as it was and as it is, and what a kind says of the change. A kind with something to say is a row of
 * the table in transition_kinds.c: the fields that the API server never lets change, and a function for what takes more than
 * that.
 *
 * Compared is what the manifests say, not what a cluster holds: a field that the new one does not name keeps its default or, for
 * some, its value. Only what the server would refuse whatever the cluster holds is told.
 */
#ifndef HEADGATE_K8S_TRANSITION_H
#define HEADGATE_K8S_TRANSITION_H

#include "k8s/k8s.h"

struct hgt_transition_kind;

struct hgt_transition {
	struct hgt_subject *subject;	/* the object as it is; its findings are held */
	const struct hgt_node *before;	/* as it was */
	const char *before_path;	/* where */
	const struct hgt_transition_kind *kind;
	size_t *work;			/* keys compared so far, in all of the push */
};

/* What the removal of an object takes with it. */
enum hgt_removal { HGT_REMOVAL_FREE, HGT_REMOVAL_NAMESPACE, HGT_REMOVAL_CRD };

struct hgt_transition_kind {
	const char *group, *kind;
	const char *fields[5];		/* paths like "spec.selector" */
	void (*check)(struct hgt_transition *transition);
	const char *hint;		/* the way out when one of the fields has changed */
	bool secret;			/* values are not to be shown */
	enum hgt_removal removal;
};

/* The row of an object's kind, or NULL; whether any row has this kind. */
const struct hgt_transition_kind *hgt_transition_kind_of(const struct hgt_gvk *gvk);
bool hgt_transition_kind_named(const char *kind, size_t len);

/* Compare all that the kind has to say. */
void hgt_transition_check(struct hgt_transition *transition);

/* The value at a path of names with dots between, or NULL. */
const struct hgt_node *hgt_transition_at(const struct hgt_node *object, const char *path);

/* transition_equal.c: the field cannot change: tell transition/immutable where it first has. No change are nothing and empty, a
 * field and its default, 1 and "1", 1Gi and 1024Mi. hint NULL: that of the kind. */
void hgt_transition_fixed(struct hgt_transition *transition, const struct hgt_node *before, const struct hgt_field *now,
	const char *hint);

/* Take so many looks at keys out of what one push may cost; false when that is spent: what is not compared is taken for the same
 * then. */
bool hgt_transition_spend(struct hgt_transition *transition, size_t keys);

/* Whether the image of a container is pulled as before, when the two say so: without it that depends on the image. */
bool hgt_transition_same_pull_policy(const struct hgt_node *before, const struct hgt_node *now);

/* Tell a finding of its own, with the place where the object was when that is another. */
void hgt_transition_tell(struct hgt_transition *transition, const char *rule, const struct hgt_field *field, const char *hint,
	const char *fmt, ...) HGT_PRINTF(5, 6);

/* transition_use.c: what is gone and may be used. */
struct hgt_gone {
	const char *group;		/* the API group that a CRD defines; NULL for a namespace */
	const char *name;		/* the namespace's, or the kind that the CRD defines */
	const char *path;		/* where it was */
	uint32_t line;
	bool stays;			/* another file states it */
	size_t users;			/* files that use it */
	struct hgt_findings first;	/* one: the first place that uses it */
};

/* Walk the tree of the options for the users of what is gone, and tell of them. */
int hgt_transition_find_users(struct hgt_gone *gone, size_t n, struct hgt_engine *engine, const struct hgt_engine_options *options,
	const struct hgt_doc_limits *limits, struct hgt_error *err) HGT_MUST_CHECK;

#endif
