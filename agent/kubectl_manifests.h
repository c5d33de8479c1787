/*
 * The objects of a tree as they are applied: read, or built, by kubectl itself, so that no second reading of YAML comes between;
 * with the target's label and annotation; with a namespace where the kind has one; in the order in which they are needed. One
 * line of JSON each.
 *
 * What was applied is kept, by revision, in <state>/targets/<name>/rendered-<revision>, and is what the cluster is compared with:
 * a base that a kustomization fetches from elsewhere may have moved on. The first line tells how it was made:
 *
 *	{"v":1,"how":"<options that count>","tool":"v1.37.2","minor":37,"objects":12}
 */
#ifndef HEADGATE_AGENT_KUBECTL_MANIFESTS_H
#define HEADGATE_AGENT_KUBECTL_MANIFESTS_H

#include "agent/kubectl_kinds.h"
#include "agent/kubectl_run.h"

enum kubectl_sync { KUBECTL_SYNCED, KUBECTL_OUT_OF_SYNC, KUBECTL_NOT_THERE, KUBECTL_SYNC_UNKNOWN };

struct kubectl_manifest {
	struct kubectl_object object;
	bool first;			/* a namespace or a definition: others may need it */
	bool known;			/* the server has its kind, or the tree defines it; else its namespace may not be known */
	bool fares;			/* its health is more than being there */
	unsigned rank;			/* in which order it is applied */
	size_t at;			/* in which order it came */
	const char *json;		/* a line, its end included */
	size_t len;

	/* What a look has told. */
	enum kubectl_sync sync;
	int health;			/* enum kubectl_health */
	const char *message;		/* in the manifests' arena, or NULL */
};

struct kubectl_manifests {
	struct hgt_arena arena;
	struct kubectl_manifest **items;	/* in the order in which they are applied */
	struct kubectl_manifest **sorted;	/* the same by object; NULL before they are all there */
	size_t n, cap;
	size_t n_first;			/* of which so many are namespaces and definitions, in front */
	size_t n_known;			/* and all but those at the end are of kinds that are known */
};

#define KUBECTL_MANIFESTS_INIT {HGT_ARENA_INIT, NULL, NULL, 0, 0, 0, 0}

void kubectl_manifests_release(struct kubectl_manifests *m);

/* Make them from the order's checkout; kinds gets the definitions among them. HGT_EPARSE, HGT_EPERM, HGT_ELIMIT: the tree is to
 * blame. */
int kubectl_manifests_render(struct kubectl *k, struct kubectl_kinds *kinds, struct kubectl_manifests *out, struct hgt_error *err)
	HGT_MUST_CHECK;

/* Add what `kubectl label --local -o json` has printed: one object after the other. */
int kubectl_manifests_parse(struct kubectl *k, struct kubectl_kinds *kinds, const char *text, size_t len,
	struct kubectl_manifests *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Keep them for the order's revision; read them again: HGT_ENOENT when they are not there, or were made otherwise than they
 * would be now. */
int kubectl_manifests_save(struct kubectl *k, const struct kubectl_manifests *m, struct hgt_error *err) HGT_MUST_CHECK;
int kubectl_manifests_load(struct kubectl *k, struct kubectl_manifests *out, struct hgt_error *err) HGT_MUST_CHECK;

/* Remove all that are kept but for this revision ("" for none); all but the few that were asked for last. */
void kubectl_manifests_keep(const char *folder, const char *revision);
void kubectl_manifests_thin(const char *folder);

struct kubectl_manifest *kubectl_manifests_find(const struct kubectl_manifests *m, const struct kubectl_object *object);

/* The lines of items from..to, joined. */
int kubectl_manifests_join(const struct kubectl_manifests *m, size_t from, size_t to, struct hgt_buf *out, struct hgt_error *err)
	HGT_MUST_CHECK;

/* The objects of known kinds as a set, sorted. */
int kubectl_manifests_set(const struct kubectl_manifests *m, struct kubectl_set *out, struct hgt_error *err) HGT_MUST_CHECK;

#endif
