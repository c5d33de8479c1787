/*
 * The inventory: what the cluster holds because of a target. Only what is in it is ever pruned, and it is on disk before the
 * first object is applied, as the union of what was and what will be, so that a crash leaves nothing behind that nobody knows of.
 *
 *	<state>/targets/<name>/inventory: {"v":1,"objects":[{"apiVersion":"apps/v1","kind":"Deployment","namespace":"shop","name":"web"}]}
 */
#ifndef HEADGATE_AGENT_KUBECTL_INVENTORY_H
#define HEADGATE_AGENT_KUBECTL_INVENTORY_H

#include "agent/kubectl_object.h"

/* Read it, sorted. HGT_ENOENT: there is none; HGT_ECORRUPT: it cannot be understood. */
int kubectl_inventory_load(struct kubectl_set *set, const char *folder, struct hgt_error *err) HGT_MUST_CHECK;
int kubectl_inventory_save(const struct kubectl_set *set, const char *folder, struct hgt_error *err) HGT_MUST_CHECK;
void kubectl_inventory_remove(const char *folder);

/* Add to `into`, which is sorted again, what `from` has and it has not. */
int kubectl_set_join(struct kubectl_set *into, const struct kubectl_set *from, struct hgt_error *err) HGT_MUST_CHECK;

#endif
