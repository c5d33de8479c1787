/*
 * Looking at a cluster: what an apply of the manifests would change, how they fare, and what is there of the inventory that
 * should be gone.
 */
#ifndef HEADGATE_AGENT_KUBECTL_LOOK_H
#define HEADGATE_AGENT_KUBECTL_LOOK_H

#include "agent/kubectl_manifests.h"

/* An object as the server has it, of which only this is kept. */
struct kubectl_live {
	struct kubectl_object object;
	const char *uid;
	bool marked;		/* it carries the target's label */
	bool sourced;		/* and the annotation that says by what the target lives */
	bool owned;		/* by another object, whose controller made it */
	bool kept;		/* its annotation says that it is never pruned */
	bool deleted;		/* it is about to go */
	int health;		/* enum kubectl_health */
	const char *message;
};

struct kubectl_lives {
	struct hgt_arena arena;
	struct kubectl_live *items;
	size_t n, cap;
};

#define KUBECTL_LIVES_INIT {HGT_ARENA_INIT, NULL, 0, 0}

void kubectl_lives_release(struct kubectl_lives *lives);

/* Add what `kubectl get -o json` has printed: nothing, an object or a list. */
int kubectl_lives_parse(struct kubectl *k, const char *text, size_t len, struct kubectl_lives *out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* The live objects of a set, by name. Kinds that the server does not have are passed over: nothing of them is there. Sorted. */
int kubectl_get(struct kubectl *k, const struct kubectl_set *set, struct kubectl_lives *out, struct hgt_error *err) HGT_MUST_CHECK;

const struct kubectl_live *kubectl_lives_find(const struct kubectl_lives *lives, const struct kubectl_object *object);

/* All objects of any kind that carry the target's label and annotation, and are nobody's. */
int kubectl_discover(struct kubectl *k, struct kubectl_set *out, struct hgt_error *err) HGT_MUST_CHECK;

/*
 * Set `sync` of all manifests; the result gets diff, redacted and ignored. 0 also when some could not be told
 * (KUBECTL_SYNC_UNKNOWN); negative when nothing can be told at all.
 */
int kubectl_look_at_sync(struct kubectl *k, struct kubectl_manifests *m, struct hgt_error *err) HGT_MUST_CHECK;

/* Set `health` of all manifests, whose sync is known. As above. */
int kubectl_look_at_health(struct kubectl *k, struct kubectl_manifests *m, struct hgt_error *err) HGT_MUST_CHECK;

#endif
